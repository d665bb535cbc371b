//! What becomes of a failure that comes as a result: on the result's own chain, in a test of it, or as nothing.

mod handed;

use crate::link::reach::Trail;
use crate::link::units::{NodeId, NodeKind};
use crate::link::{FrameId, Site, Value};
use crate::model::{Block, Expression, ExpressionKind, Function, Literal, Span, StatementKind, Try};
use crate::source::order::InOrder;

use super::blocks::{Blocks, does_nothing};
use super::handlers::{EVERYTHING, names_in};
use super::shown::Shown;
use super::surfaces::Surface;
use super::{Fate, first_llm, is_same_model};
use crate::judge::calls::External;
use crate::judge::case::Case;
use crate::judge::retrying::{last_name, walk, walk_statement};

/// `.catch(error => ...)`, `.unwrap_or(...)`, `.or_else(...)` on the call's own chain, innermost first.
pub(super) fn of_chain(case: &Case<'_, '_>, step: Site) -> Option<Fate> {
    let program = case.program;
    let info = &program.units.calls[step.call];
    let mut chained: Vec<_> = program.units.units[info.unit]
        .calls
        .iter()
        .map(|call| (*call, program.units.calls[*call].call))
        .filter(|(_, other)| other.span.start == info.call.span.start && other.span.end > info.call.span.end)
        .collect();
    chained.order_by_key(|(_, other)| other.span.end);
    let mut so_far = None;
    for (call, other) in chained {
        let ExpressionKind::Member { name, .. } = &other.callee.kind else { continue };
        let site = Site { call, frame: step.frame };
        let fate = match name.as_str() {
            "catch" => of_callback(case, site, 0),
            "then" if other.arguments.len() > 1 => of_callback(case, site, 1),
            "unwrap_or_else" | "or_else" | "map_or_else" => of_callback(case, site, 0),
            "unwrap_or" | "or" | "map_or" => {
                other.arguments.first().map(|argument| of_value(case, &argument.value, step.frame, Vec::new()))
            }
            "unwrap_or_default" | "ok" => Some(Fate::Nothing),
            "unwrap" | "expect" => Some(Fate::Rethrown),
            _ => None,
        };
        match fate {
            // `.ok().unwrap_or(...)`
            Some(fate) if fate.goes_on() || fate == Fate::Nothing => so_far = Some(fate),
            Some(fate) => return Some(fate),
            None => {}
        }
    }
    so_far
}

/// A test of a result that may be the error itself: `isinstance(answer, Exception)` of what
/// `gather(.., return_exceptions=True)` gives.
pub(super) fn of_kept(case: &Case<'_, '_>, step: Site) -> Option<Fate> {
    let program = case.program;
    if !program.keeps_errors(step) {
        return None;
    }
    let info = &program.units.calls[step.call];
    program.units.units[info.unit].nodes.iter().find_map(|id| {
        let node = &program.units.nodes[*id];
        let NodeKind::If { test, then, otherwise, .. } = node.kind else { return None };
        let (error_when, tested) = error_tested(test)?;
        let block: &Block = if error_when { then } else { otherwise };
        (node.span.start >= info.call.span.end)
            .then(|| Blocks::new(case, step.frame, names_in(tested)).fate(block, node.span))
    })
}

/// Whether a test holds for an error, and what is tested: `isinstance(answer, Exception)`, `answer instanceof Error`.
fn error_tested(test: &Expression) -> Option<(bool, &Expression)> {
    match &test.kind {
        ExpressionKind::Operator { operator, operands } if operator == "not" => {
            operands.first().and_then(error_tested).map(|(holds, tested)| (!holds, tested))
        }
        ExpressionKind::Call(call) => match (&call.callee.kind, call.arguments.as_slice()) {
            (ExpressionKind::Name(name), [tested, class]) if name == "isinstance" => {
                is_any_error(&class.value).then_some((true, &tested.value))
            }
            _ => None,
        },
        ExpressionKind::Operator { operator, operands } => match (operator.as_str(), operands.as_slice()) {
            ("instanceof", [tested, class]) if is_any_error(class) => Some((true, tested)),
            // `answer.status === "rejected"`
            ("==" | "!=", [Expression { kind: ExpressionKind::Member { object, name }, .. }, told])
                if name == "status" =>
            {
                let ExpressionKind::Literal(Literal::Text(told)) = &told.kind else { return None };
                let is_rejected = told == "rejected";
                (is_rejected || told == "fulfilled").then_some((is_rejected == (operator == "=="), object.as_ref()))
            }
            _ => None,
        },
        _ => None,
    }
}

fn is_any_error(class: &Expression) -> bool {
    last_name(class).is_some_and(|name| EVERYTHING.contains(&name))
}

/// What a function given to a chain makes of the error that it gets.
pub(super) fn of_callback(case: &Case<'_, '_>, site: Site, index: usize) -> Option<Fate> {
    let program = case.program;
    let call = program.units.calls[site.call].call;
    let argument = call.arguments.get(index)?;
    let values = program.values(&argument.value, site.frame);
    for value in values.iter() {
        if let Value::Function { .. } = value {
            let frame = crate::link::entries::frame_of(program, value)?;
            let function = program.units.units[program.unit_of_frame(frame)].function?;
            return Some(of_function(case, function, frame));
        }
    }
    // `.catch(console.error)` goes on with nothing, `.catch(next)` hands the error on.
    let logs = values
        .iter()
        .any(|value| value.path().is_some_and(|path| program.is_a(path, crate::rules::catalogue::Kind::Log)));
    Some(if logs { Fate::Nothing } else { Fate::Rethrown })
}

fn of_function<'m>(case: &Case<'_, 'm>, function: &'m Function, frame: FrameId) -> Fate {
    let names = function.parameters.iter().flat_map(|parameter| names_in(&parameter.target)).collect();
    Blocks::new(case, frame, names).of_body(&function.body)
}

/// What a value that stands in for the result is for the caller.
fn of_value<'m>(case: &Case<'_, 'm>, value: &'m Expression, frame: FrameId, errors: Vec<String>) -> Fate {
    let mut shown = Shown::new(case, frame, errors);
    if let Some(fate) = shown.handed_on(value).or_else(|| shown.fate(value)) {
        return fate;
    }
    match &value.kind {
        ExpressionKind::Literal(Literal::Null | Literal::Boolean(false)) => Fate::Nothing,
        ExpressionKind::Literal(Literal::Text(text)) if text.is_empty() => Fate::Nothing,
        ExpressionKind::Name(name) if name == "None" => Fate::Nothing,
        _ if does_nothing(value) => Fate::Nothing,
        ExpressionKind::Call(call) => match &call.callee.kind {
            ExpressionKind::Member { name, .. } if name == "new" && call.arguments.is_empty() => Fate::Nothing,
            _ => Fate::Answered,
        },
        _ => Fate::Answered,
    }
}

/// Whether a step hands a function to a chain whose beginning leads to another LLM call: `ask().catch(() => askOther())`.
pub(super) fn answers_rejection(case: &Case<'_, '_>, step: Site) -> bool {
    let ExpressionKind::Member { object, name } = &case.program.units.calls[step.call].call.callee.kind else {
        return false;
    };
    matches!(name.as_str(), "catch" | "or_else" | "unwrap_or_else") && first_llm(case, object, step.frame).is_some()
}

/// A test of the result's variant: `Ok(reply) => ...`, `Err(error) => ...`, `if let Ok(reply) = ...`.
pub(super) fn of_tests(case: &Case<'_, '_>, step: Site) -> Option<Fate> {
    let program = case.program;
    let info = &program.units.calls[step.call];
    let unit = &program.units.units[info.unit];
    let name = bound_name(case, step);
    for id in &unit.nodes {
        let node = &program.units.nodes[*id];
        let NodeKind::If { test, then, otherwise, .. } = node.kind else { continue };
        let Some(tested) = variant_test(test, info.call.span, name.as_deref()) else { continue };
        let block: &Block = if tested.error_when { then } else { otherwise };
        let mut errors = tested.error;
        if tested.error_when && is_tried_again(case, *id, test, then) {
            return Some(of_last_round(case, step, otherwise, node.span));
        }
        // The arm of the error has a pattern of its own: `Ok(reply) => ..., Err(error) => ...`.
        if let (false, Some(StatementKind::If { test, .. })) =
            (tested.error_when, block.first().map(|first| &first.kind))
        {
            errors.extend(variant_test(test, info.call.span, name.as_deref()).into_iter().flat_map(|arm| arm.error));
        }
        return Some(Blocks::new(case, step.frame, errors).fate(block, node.span));
    }
    of_conditional(case, step, name.as_deref())
}

/// Whether an arm for errors only goes on to the next round of a loop, under a further test: `Err(error) if attempt < 4 =>
/// sleep(wait).await`. The failure of the last round takes another arm.
fn is_tried_again(case: &Case<'_, '_>, node: NodeId, test: &Expression, arm: &Block) -> bool {
    let is_guarded = matches!(&test.kind, ExpressionKind::Operator { operator, .. } if operator == "and");
    let mut around = case.program.units.ancestors(node);
    is_guarded && !crate::link::flow::leaves(arm) && around.any(|(_, node)| matches!(node.kind, NodeKind::Loop(_)))
}

/// What the arms for the last round make of its failure: one that gives the result back hands it on, `outcome => return
/// outcome`.
fn of_last_round<'m>(case: &Case<'_, 'm>, step: Site, arms: &'m Block, place: Span) -> Fate {
    let is_handed_on = arms.iter().any(|statement| match &statement.kind {
        StatementKind::Return(Some(value)) => matches!(value.kind, ExpressionKind::Name(_)),
        _ => false,
    });
    if is_handed_on { Fate::Rethrown } else { Blocks::new(case, step.frame, Vec::new()).fate(arms, place) }
}

/// Whether a step only runs where another LLM call before it has failed: `if let Ok(reply) = ask(FIRST).await { return
/// reply }`, then this one; or `try: return ask(FIRST)` with a handler that goes on.
pub(super) fn follows_failure(case: &Case<'_, '_>, external: &External, trail: &Trail, step: Site) -> bool {
    let program = case.program;
    let info = &program.units.calls[step.call];
    let second = (external, trail.last().copied());
    program.units.units[info.unit].nodes.iter().any(|id| {
        if let NodeKind::Try(each) = program.units.nodes[*id].kind {
            return comes_behind(case, step, *id, each)
                && super::handlers::primary_of(case, each, step.frame)
                    .is_some_and(|primary| !is_same_model(case, primary, second));
        }
        let NodeKind::If { test, then, statement, .. } = program.units.nodes[*id].kind else { return false };
        let ExpressionKind::Operator { operator, operands } = &test.kind else { return false };
        let (Some(subject), Some(pattern)) = (operands.first(), operands.get(1)) else { return false };
        let succeeded = operator == "=="
            && matches!(&pattern.kind, ExpressionKind::Call(variant) if last_name(&variant.callee) == Some("Ok"));
        succeeded
            && statement.span.end <= info.call.span.start
            && crate::link::flow::leaves(then)
            && first_llm(case, subject, step.frame).is_some_and(|primary| !is_same_model(case, primary, second))
    })
}

/// Whether a step stands behind a `try` that is left when nothing fails in it.
fn comes_behind(case: &Case<'_, '_>, step: Site, tried: NodeId, each: &Try) -> bool {
    let units = &case.program.units;
    let info = &units.calls[step.call];
    let node = &units.nodes[tried];
    let is_around = |parent: NodeId| units.ancestors(info.node).any(|(id, _)| id == parent);
    let returns = |block: &Block| matches!(block.last().map(|last| &last.kind), Some(StatementKind::Return(_)));
    let raises = |block: &Block| matches!(block.last().map(|last| &last.kind), Some(StatementKind::Raise(_)));
    node.span.end <= info.call.span.start
        && node.parent.is_none_or(is_around)
        && returns(&each.body)
        && each.handlers.iter().any(|handler| !returns(&handler.body) && !raises(&handler.body))
}

/// `match` as a value: `let reply = match ask().await { Ok(reply) => reply, Err(_) => DEFAULT }`.
fn of_conditional(case: &Case<'_, '_>, step: Site, name: Option<&str>) -> Option<Fate> {
    let program = case.program;
    let info = &program.units.calls[step.call];
    let statement = program.units.ancestors(info.node).find_map(|(_, node)| match node.kind {
        NodeKind::Plain(statement) => Some(statement),
        _ => None,
    })?;
    let mut found = None;
    walk_statement(statement, &mut |each| {
        if let ExpressionKind::Conditional { test, then, otherwise } = &each.kind
            && found.is_none()
            && let Some(tested) = variant_test(test, info.call.span, name)
        {
            let mut value: &Expression = if tested.error_when { then } else { otherwise };
            let mut errors = tested.error;
            // The other arm tests for the error's own pattern.
            if let ExpressionKind::Conditional { test, then, .. } = &value.kind {
                errors.extend(pattern_of(test).map(names_in).unwrap_or_default());
                value = then;
            }
            found = Some(of_value(case, value, step.frame, errors));
        }
    });
    found
}

/// A test of a result's variant.
struct Tested {
    /// Whether it holds when the call has failed.
    error_when: bool,
    /// The names that the pattern binds to the error.
    error: Vec<String>,
}

/// Whether a test asks for the variant of what a call at a place returned.
fn variant_test(test: &Expression, call: Span, name: Option<&str>) -> Option<Tested> {
    match &test.kind {
        ExpressionKind::Operator { operator, operands } => match (operator.as_str(), operands.as_slice()) {
            ("not", [inner]) => {
                let tested = variant_test(inner, call, name)?;
                Some(Tested { error_when: !tested.error_when, error: Vec::new() })
            }
            ("and", [first, ..]) => variant_test(first, call, name),
            ("==", [subject, pattern])
                if subject.span.contains(call) || name.is_some() && last_name(subject) == name =>
            {
                let ExpressionKind::Call(variant) = &pattern.kind else { return None };
                match last_name(&variant.callee)? {
                    "Ok" | "Some" => Some(Tested { error_when: false, error: Vec::new() }),
                    "Err" => Some(Tested {
                        error_when: true,
                        error: variant.arguments.iter().flat_map(|argument| names_in(&argument.value)).collect(),
                    }),
                    _ => None,
                }
            }
            _ => None,
        },
        _ => None,
    }
}

fn pattern_of(test: &Expression) -> Option<&Expression> {
    match &test.kind {
        ExpressionKind::Operator { operator, operands } if operator == "==" => operands.get(1),
        _ => None,
    }
}

/// What a caller makes of a function that returns nothing when the model fails: a default in its place, a branch.
pub(super) fn of_nothing(case: &Case<'_, '_>, step: Site) -> Option<Fate> {
    let info = &case.program.units.calls[step.call];
    of_nothing_in(case, step.frame, info.node, info.call.span)
}

/// The same where what gives nothing is waited for at another place than that of the call.
pub(super) fn of_nothing_at(case: &Case<'_, '_>, surface: &Surface<'_>) -> Option<Fate> {
    of_nothing_in(case, surface.frame, surface.node, surface.span)
}

fn of_nothing_in(case: &Case<'_, '_>, frame: FrameId, at: NodeId, given: Span) -> Option<Fate> {
    let name = name_bound_at(case, at);
    of_nothing_known(case, frame, given, name.as_deref())
        .or_else(|| handed::of_nothing(case, frame, given, name.as_deref()))
}

/// What a function makes of nothing that a place gives, or that goes by a name.
fn of_nothing_known(case: &Case<'_, '_>, frame: FrameId, given: Span, name: Option<&str>) -> Option<Fate> {
    let program = case.program;
    for id in &program.units.units[program.unit_of_frame(frame)].nodes {
        let node = &program.units.nodes[*id];
        match node.kind {
            NodeKind::Plain(statement) => {
                let mut defaulted = false;
                walk_statement(statement, &mut |each| defaulted |= is_defaulted(each, given, name));
                if defaulted {
                    return Some(Fate::Answered);
                }
            }
            NodeKind::If { test, then, otherwise, .. } => {
                let mut defaulted = false;
                walk(test, &mut |each| defaulted |= is_defaulted(each, given, name));
                let Some(nothing_when) = nothing_test(test, given, name) else { continue };
                if defaulted {
                    return Some(Fate::Answered);
                }
                let block: &Block = if nothing_when { then } else { otherwise };
                let arm = arm_of_nothing(block, given, name).unwrap_or(block);
                return Some(Blocks::new(case, frame, Vec::new()).fate(arm, node.span));
            }
            _ => {}
        }
    }
    None
}

/// The arm that is left for nothing where another one is not taken: `None => SORRY` behind `Some(reply) => reply`.
fn arm_of_nothing<'m>(block: &'m Block, given: Span, name: Option<&str>) -> Option<&'m Block> {
    match block.as_slice() {
        [only] => match &only.kind {
            StatementKind::If { test, then, .. } if nothing_test(test, given, name) == Some(true) => Some(then),
            _ => None,
        },
        _ => None,
    }
}

/// The name that the result of a call is bound to.
pub(super) fn bound_name(case: &Case<'_, '_>, step: Site) -> Option<String> {
    name_bound_at(case, case.program.units.calls[step.call].node)
}

fn name_bound_at(case: &Case<'_, '_>, node: NodeId) -> Option<String> {
    case.program.units.ancestors(node).find_map(|(_, node)| {
        let NodeKind::Plain(statement) = node.kind else { return None };
        match &statement.kind {
            StatementKind::Assign(assignment) => last_name(&assignment.target).map(str::to_owned),
            _ => None,
        }
    })
}

fn is_it(expression: &Expression, call: Span, name: Option<&str>) -> bool {
    if expression.span == call {
        return true;
    }
    match &expression.kind {
        ExpressionKind::Call(each) => {
            // `ask().await.ok()`: an error becomes nothing.
            let turned = matches!(&each.callee.kind, ExpressionKind::Member { object, name: method } if method == "ok" && is_it(object, call, name));
            each.span == call || turned
        }
        ExpressionKind::Await(inner) => is_it(inner, call, name),
        _ => name.is_some() && last_name(expression) == name,
    }
}

/// What a part is taken of: `reply` of `reply?.choices[0].text`.
fn held(expression: &Expression) -> &Expression {
    let mut whole = expression;
    while let ExpressionKind::Member { object, .. } | ExpressionKind::Index { object, .. } = &whole.kind {
        whole = object;
    }
    whole
}

/// `ask() or DEFAULT`, `reply ?? DEFAULT`, `reply?.text ?? DEFAULT`, `reply ? reply : DEFAULT`
fn is_defaulted(expression: &Expression, call: Span, name: Option<&str>) -> bool {
    match &expression.kind {
        ExpressionKind::Operator { operator, operands } => {
            matches!(operator.as_str(), "or" | "??")
                && operands.first().is_some_and(|first| is_it(held(first), call, name) || is_it(first, call, name))
        }
        ExpressionKind::Conditional { test, .. } => nothing_test(test, call, name).is_some(),
        ExpressionKind::Assign(assignment) => {
            matches!(assignment.operator.as_deref(), Some("or" | "??" | "||")) && is_it(&assignment.target, call, name)
        }
        // `ask().await.unwrap_or(...)`
        ExpressionKind::Call(each) => match &each.callee.kind {
            ExpressionKind::Member { object, name: method } => {
                method.starts_with("unwrap_or") && !each.arguments.is_empty() && is_it(object, call, name)
            }
            _ => false,
        },
        _ => false,
    }
}

/// Whether a test asks if there is nothing: whether it holds when there is not.
fn nothing_test(test: &Expression, call: Span, name: Option<&str>) -> Option<bool> {
    let is_null = |expression: &Expression| matches!(expression.kind, ExpressionKind::Literal(Literal::Null));
    match &test.kind {
        ExpressionKind::Operator { operator, operands } => match (operator.as_str(), operands.as_slice()) {
            ("not", [inner]) => nothing_test(inner, call, name).map(|holds| !holds),
            ("is" | "==", [first, second]) if is_it(first, call, name) && is_null(second) => Some(true),
            ("is not" | "!=", [first, second]) if is_it(first, call, name) && is_null(second) => Some(false),
            ("==", [first, pattern]) if is_it(first, call, name) => match &pattern.kind {
                ExpressionKind::Call(variant) => match last_name(&variant.callee)? {
                    "Some" => Some(false),
                    _ => None,
                },
                ExpressionKind::Name(none) if none == "None" => Some(true),
                _ => None,
            },
            _ => None,
        },
        _ if is_it(test, call, name) => Some(false),
        _ => None,
    }
}
