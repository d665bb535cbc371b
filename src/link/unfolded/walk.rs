//! Every expression of a module, from the outside inwards, to be changed.

use crate::model::*;

type Change<'c> = dyn FnMut(&mut Expression) + 'c;

/// Every expression of a block, from the outside inwards.
pub fn block(block: &mut Block, change: &mut (dyn FnMut(&mut Expression) + '_)) {
    for each in block {
        statement(each, change);
    }
}

fn statement(statement: &mut Statement, change: &mut Change<'_>) {
    use StatementKind as S;
    match &mut statement.kind {
        S::Expression(value) => expression(value, change),
        S::Assign(assignment) => assigned(assignment, change),
        S::If { test, then, otherwise } => {
            expression(test, change);
            block(then, change);
            block(otherwise, change);
        }
        S::Loop(each) => {
            each.target.iter_mut().chain(&mut each.over).for_each(|part| expression(part, change));
            block(&mut each.setup, change);
            block(&mut each.step, change);
            block(&mut each.body, change);
        }
        S::Try(each) => {
            block(&mut each.body, change);
            for handler in &mut each.handlers {
                handler.catches.iter_mut().for_each(|part| expression(part, change));
                block(&mut handler.body, change);
            }
            block(&mut each.otherwise, change);
            block(&mut each.finally, change);
        }
        S::With { items, body } => {
            items.iter_mut().for_each(|item| expression(&mut item.context, change));
            block(body, change);
        }
        S::Return(value) | S::Raise(value) => value.iter_mut().for_each(|value| expression(value, change)),
        S::Function(each) => function(each, change),
        S::Class(class) => {
            class.bases.iter_mut().chain(&mut class.decorators).for_each(|part| expression(part, change));
            class.keywords.iter_mut().for_each(|entry| expression(&mut entry.value, change));
            block(&mut class.body, change);
        }
        S::Export(export) => export.value.iter_mut().for_each(|value| expression(value, change)),
        S::Block(inner) => block(inner, change),
        S::Break | S::Continue | S::Import(_) => {}
    }
}

fn assigned(assignment: &mut Assignment, change: &mut Change<'_>) {
    expression(&mut assignment.target, change);
    assignment.value.iter_mut().for_each(|value| expression(value, change));
}

fn function(function: &mut Function, change: &mut Change<'_>) {
    function.decorators.iter_mut().for_each(|part| expression(part, change));
    for parameter in &mut function.parameters {
        parameter.annotation.iter_mut().chain(&mut parameter.default).for_each(|part| expression(part, change));
    }
    block(&mut function.body, change);
}

fn expression(each: &mut Expression, change: &mut Change<'_>) {
    use ExpressionKind as E;
    change(each);
    match &mut each.kind {
        E::Name(_) | E::Literal(_) | E::Unknown => {}
        E::Member { object, .. } => expression(object, change),
        E::Index { object, index } => {
            expression(object, change);
            expression(index, change);
        }
        E::Slice { object, start, stop } => {
            expression(object, change);
            start.iter_mut().chain(stop).for_each(|part| expression(part, change));
        }
        E::Call(call) => {
            expression(&mut call.callee, change);
            call.arguments.iter_mut().for_each(|argument| expression(&mut argument.value, change));
        }
        E::Template(parts) | E::List(parts) | E::Operator { operands: parts, .. } => {
            parts.iter_mut().for_each(|part| expression(part, change));
        }
        E::Object(entries) => entries.iter_mut().for_each(|entry| expression(&mut entry.value, change)),
        E::Conditional { test, then, otherwise } => {
            [test, then, otherwise].into_iter().for_each(|part| expression(part, change));
        }
        E::Function(inner) => function(inner, change),
        E::Await(inner) | E::Spread(inner) => expression(inner, change),
        E::Yield(inner) => inner.iter_mut().for_each(|inner| expression(inner, change)),
        E::Assign(assignment) => assigned(assignment, change),
        E::Comprehension { element, clauses } => {
            expression(element, change);
            for clause in clauses {
                expression(&mut clause.over, change);
                clause.tests.iter_mut().for_each(|test| expression(test, change));
            }
        }
        E::Block(inner) => block(inner, change),
    }
}
