//! Statements and blocks.

use super::literals;
use super::syntax::{Children, Field, Kind, Node};
use super::{Arm, CHAIN, Lowering, chain, expression, operator, statement, unknown};
use crate::lower::unpacked;
use crate::model::{
    Assignment, Block, Expression, ExpressionKind, Handler, Literal, Loop, LoopKind, Span, StatementKind, Try,
};

impl Lowering {
    /// A module's or function's body: its leading directives, and the statements after them.
    pub(super) fn body(&mut self, node: Node<'_>) -> (Vec<String>, Block) {
        let directive = |child: Node<'_>| {
            let only = (child.kind() == Kind::ExpressionStatement).then(|| child.first()).flatten()?;
            (only.kind() == Kind::StringLiteral).then(|| literals::string(only))
        };
        let directives: Vec<String> = node.children().map_while(directive).collect();
        let mut block = Block::new();
        for child in node.children().skip(directives.len()) {
            self.part(child, &mut block);
        }
        (directives, block)
    }

    pub(super) fn block(&mut self, node: Node<'_>) -> Block {
        self.statements(node.children())
    }

    fn statements(&mut self, nodes: Children<'_>) -> Block {
        let mut block = Block::new();
        for child in nodes {
            self.part(child, &mut block);
        }
        block
    }

    /// A part of a block: a statement, or what can be read of a broken part.
    pub(super) fn part(&mut self, node: Node<'_>, out: &mut Block) {
        match node.kind() {
            Kind::Error => {
                self.deeper(node.span(), |lowering| {
                    for child in
                        node.children().filter(|child| child.kind().is_salvageable() || child.kind() == Kind::Error)
                    {
                        lowering.part(child, out);
                    }
                });
            }
            kind if kind.is_token() => {}
            _ => self.statement(node, out),
        }
    }

    /// The body of an `if`, a loop or a label: a block's statements, or the one statement.
    pub(super) fn branch(&mut self, node: Option<Node<'_>>) -> Block {
        let Some(node) = node else { return Block::new() };
        if node.kind() == Kind::StatementBlock {
            return self.block(node);
        }
        let mut block = Block::new();
        self.part(node, &mut block);
        block
    }

    fn statement(&mut self, node: Node<'_>, out: &mut Block) {
        let span = node.span();
        if self.deeper(span, |lowering| lowering.statement_of(node, out)).is_none() {
            out.push(statement(span, StatementKind::Expression(unknown(span))));
        }
    }

    fn statement_of(&mut self, node: Node<'_>, out: &mut Block) {
        let span = node.span();
        let kind = match node.kind() {
            Kind::ExpressionStatement => {
                return node.first().into_iter().for_each(|inner| self.expression_statement(span, inner, out));
            }
            Kind::LexicalDeclaration | Kind::VariableDeclaration => return self.declaration(node, out),
            Kind::VariableDeclarator => return self.declarator(span, node, out),
            Kind::ImportStatement | Kind::ImportAlias => return self.import(node, out),
            Kind::ExportStatement => return self.export(node, out),
            Kind::IfStatement => return self.if_statement(node, out),
            Kind::SwitchStatement => return self.switch(node, out),
            Kind::EnumDeclaration => return self.enumeration(node, out),
            Kind::TypeAlias => return self.type_alias(node, out),
            Kind::LabeledStatement => {
                return out.extend(node.field(Field::Body).map(|body| self.labelled(body)).unwrap_or_default());
            }
            Kind::FunctionDeclaration | Kind::GeneratorFunctionDeclaration | Kind::MethodDefinition => {
                StatementKind::Function(Box::new(self.function(node, Vec::new())))
            }
            Kind::ClassDeclaration | Kind::AbstractClassDeclaration | Kind::Class => {
                StatementKind::Class(Box::new(self.class(node, None, Vec::new())))
            }
            Kind::InterfaceDeclaration => StatementKind::Class(Box::new(self.interface(node))),
            Kind::InternalModule | Kind::Module => StatementKind::Block(self.namespace(node)),
            Kind::StatementBlock => StatementKind::Block(self.block(node)),
            Kind::ForStatement | Kind::ForInStatement | Kind::WhileStatement | Kind::DoStatement => {
                StatementKind::Loop(Box::new(self.iteration(node)))
            }
            Kind::TryStatement => StatementKind::Try(Box::new(self.try_statement(node))),
            Kind::ReturnStatement => StatementKind::Return(node.first().map(|value| self.expression(value))),
            Kind::ThrowStatement => StatementKind::Raise(node.first().map(|value| self.expression(value))),
            Kind::BreakStatement => StatementKind::Break,
            Kind::ContinueStatement => StatementKind::Continue,
            Kind::WithStatement => StatementKind::Block(self.with_statement(node)),
            Kind::PublicField => return self.field(node, out),
            Kind::ClassStaticBlock => StatementKind::Block(self.branch(node.field(Field::Body))),
            _ => return self.expression_statement(span, node, out),
        };
        out.push(statement(span, kind));
    }

    /// An expression as a statement of its own: assignments and sequences become statements.
    pub(super) fn expression_statement(&mut self, span: Span, node: Node<'_>, out: &mut Block) {
        let node = super::expressions::transparent(node);
        let kind = match node.kind() {
            Kind::SequenceExpression => {
                return node.parts().for_each(|part| self.expression_statement(part.span(), part, out));
            }
            Kind::AssignmentExpression => {
                let (Some(target), value) = (node.field(Field::Left), node.field(Field::Right)) else { return };
                return self.assign(Binding { span, target, annotation: None, value, declares: false }, out);
            }
            Kind::InternalModule | Kind::Module => StatementKind::Block(self.namespace(node)),
            // Broken text around a declaration makes expressions of declarations.
            Kind::Class => StatementKind::Class(Box::new(self.class(node, None, Vec::new()))),
            Kind::FunctionExpression | Kind::GeneratorFunction if node.field(Field::Name).is_some() => {
                StatementKind::Function(Box::new(self.function(node, Vec::new())))
            }
            Kind::AugmentedAssignment | Kind::UpdateExpression => {
                StatementKind::Assign(Box::new(self.compound_assignment(node)))
            }
            _ => match self.bare_require(node) {
                Some(import) => StatementKind::Import(import),
                None => StatementKind::Expression(self.expression(node)),
            },
        };
        out.push(statement(span, kind));
    }

    fn declaration(&mut self, node: Node<'_>, out: &mut Block) {
        let mut declarators = node.parts().filter(|part| part.kind() == Kind::VariableDeclarator).peekable();
        let mut is_first = true;
        while let Some(declarator) = declarators.next() {
            let is_only = is_first && declarators.peek().is_none();
            let span = if is_only { node.span() } else { declarator.span() };
            self.declarator(span, declarator, out);
            is_first = false;
        }
    }

    fn declarator(&mut self, span: Span, node: Node<'_>, out: &mut Block) {
        let Some(target) = node.field(Field::Name) else { return };
        let value = node.field(Field::Value);
        if self.require_declaration(span, target, value, out) {
            return;
        }
        let annotation = node.field(Field::Type);
        self.assign(Binding { span, target, annotation, value, declares: true }, out);
    }

    /// An assignment or declaration; exports among the targets of a chain `a = exports.b = v` become exports.
    fn assign(&mut self, binding: Binding<'_>, out: &mut Block) {
        let Binding { span, target, value, declares, .. } = binding;
        if self.assign_export(&binding, out) {
            return;
        }
        if let Some(class) = value.map(super::expressions::transparent)
            && class.kind() == Kind::Class
            && target.kind() == Kind::Identifier
        {
            let class = self.class(class, Some(target), Vec::new());
            return out.push(statement(span, StatementKind::Class(Box::new(class))));
        }
        let annotation = binding.annotation.and_then(|annotation| self.annotation(annotation));
        let annotation = annotation.or_else(|| self.asserted(value?));
        let target = self.pattern(target);
        let value = value.map(|value| self.expression(value));
        let assignment = Assignment { target, annotation, value, operator: None, declares };
        unpacked::push(statement(span, StatementKind::Assign(Box::new(assignment))), out);
    }

    /// `a += b`, `a ??= b`, `a++`.
    pub(super) fn compound_assignment(&mut self, node: Node<'_>) -> Assignment {
        let written = node.field(Field::Operator).map(Node::text).unwrap_or_default();
        let (target, value, sign) = match node.kind() {
            Kind::UpdateExpression => {
                let one = expression(node.span(), ExpressionKind::Literal(Literal::Number(1.0)));
                (node.field(Field::Argument), Some(one), written.get(..1).unwrap_or_default())
            }
            _ => {
                let value = node.field(Field::Right).map(|value| self.expression(value));
                (node.field(Field::Left), value, written.strip_suffix('=').unwrap_or(written))
            }
        };
        let target = target.map_or_else(|| unknown(node.span()), |target| self.pattern(target));
        let operator = Some(super::expressions::spelling(sign).to_owned());
        Assignment { target, annotation: None, value, operator, declares: false }
    }

    fn labelled(&mut self, body: Node<'_>) -> Block {
        let mut block = Block::new();
        self.part(body, &mut block);
        block
    }

    /// `if` with all its `else if`, without recursion along the chain.
    fn if_statement(&mut self, node: Node<'_>, out: &mut Block) {
        let mut arms = Vec::new();
        let mut levels = 0;
        let mut current = node;
        let otherwise = loop {
            if (1..CHAIN).contains(&arms.len()) && self.budget.enter(current.span()) {
                levels += 1;
            }
            let test = self.test(current);
            let then = self.branch(current.field(Field::Consequence));
            arms.push(Arm { span: current.span(), test, then });
            match current.field(Field::Alternative).and_then(Node::first) {
                Some(next) if next.kind() == Kind::IfStatement => current = next,
                last => break self.branch(last),
            }
        };
        (0..levels).for_each(|_| self.budget.leave());
        out.extend(chain(arms, otherwise));
    }

    fn test(&mut self, node: Node<'_>) -> Expression {
        match node.field(Field::Condition) {
            Some(test) => self.expression(test),
            None => unknown(node.span()),
        }
    }

    /// `switch` as a chain of tests. A case without a body shares the next one's; a body that falls through into the
    /// next ends where it is written.
    fn switch(&mut self, node: Node<'_>, out: &mut Block) {
        let subject = node.field(Field::Value).map_or_else(|| unknown(node.span()), |value| self.expression(value));
        let Some(body) = node.field(Field::Body) else {
            return out.push(statement(node.span(), StatementKind::Expression(subject)));
        };
        let mut subject = Subject { is_plain: is_plain(&subject), value: Some(subject) };
        let mut arms: Vec<Arm> = Vec::new();
        let mut otherwise = Block::new();
        let mut waiting: Vec<Expression> = Vec::new();
        let mut levels = 0;
        for case in body.parts() {
            let span = case.span();
            let is_default = case.kind() == Kind::SwitchDefault;
            if (1..CHAIN).contains(&arms.len()) && levels < arms.len() && self.budget.enter(span) {
                levels += 1;
            }
            if let Some(value) = case.field(Field::Value) {
                let pattern = self.expression(value);
                waiting.push(subject.matches(value.span(), pattern));
            }
            let is_empty = !case.children().any(|child| child.is_field(Field::Body) || child.kind() == Kind::Error);
            if is_empty && !is_default {
                continue;
            }
            let then = self.case_body(case);
            match is_default {
                true => {
                    waiting.clear();
                    otherwise = then;
                }
                false => arms.push(Arm { span, test: either(span, std::mem::take(&mut waiting)), then }),
            }
        }
        (0..levels).for_each(|_| self.budget.leave());
        if !waiting.is_empty() {
            arms.push(Arm { span: node.span(), test: either(node.span(), waiting), then: Block::new() });
        }
        if let Some(subject) = subject.value.filter(|_| arms.is_empty()) {
            out.push(statement(subject.span, StatementKind::Expression(subject)));
        }
        out.extend(chain(arms, otherwise));
    }

    /// The statements of a case without braces around all of them and without the `break` at the end.
    fn case_body(&mut self, case: Node<'_>) -> Block {
        let mut block = Block::new();
        for child in case.children() {
            match child.kind() {
                Kind::StatementBlock => block.extend(self.block(child)),
                _ if child.is_field(Field::Body) || child.kind() == Kind::Error => self.part(child, &mut block),
                _ => {}
            }
        }
        block.pop_if(|last| last.kind == StatementKind::Break);
        block
    }

    fn iteration(&mut self, node: Node<'_>) -> Loop {
        let body = self.branch(node.field(Field::Body));
        let mut iteration =
            Loop { kind: LoopKind::While, target: None, over: None, setup: Block::new(), step: Block::new(), body };
        match node.kind() {
            Kind::ForInStatement => {
                iteration.kind = LoopKind::Each;
                iteration.target = node.field(Field::Left).map(|target| self.pattern(target));
                iteration.over = node.field(Field::Right).map(|over| self.expression(over));
            }
            Kind::ForStatement => {
                iteration.setup = self.branch(node.field(Field::Initializer));
                iteration.step = self.branch(node.field(Field::Increment));
                iteration.over = node.field(Field::Condition).and_then(|test| self.limit(test));
            }
            _ => iteration.over = node.field(Field::Condition).and_then(|test| self.limit(test)),
        }
        iteration
    }

    /// The test of a loop; none where it always holds.
    fn limit(&mut self, node: Node<'_>) -> Option<Expression> {
        let node = match node.kind() {
            Kind::ExpressionStatement => node.first()?,
            _ => node,
        };
        let test = self.expression(node);
        let is_endless = match &test.kind {
            ExpressionKind::Literal(Literal::Boolean(value)) => *value,
            ExpressionKind::Literal(Literal::Number(value)) => *value != 0.0,
            _ => false,
        };
        (!is_endless).then_some(test)
    }

    fn try_statement(&mut self, node: Node<'_>) -> Try {
        let body = self.branch(node.field(Field::Body));
        let handlers = node.field(Field::Handler).map(|clause| Handler {
            span: clause.span(),
            catches: None,
            binds: clause.field(Field::Parameter).map(|binds| self.pattern(binds)),
            body: self.branch(clause.field(Field::Body)),
        });
        let handlers = handlers.into_iter().collect();
        let finally = node.field(Field::Finalizer).and_then(|clause| clause.field(Field::Body));
        Try { body, handlers, otherwise: Block::new(), finally: self.branch(finally) }
    }

    /// JavaScript's old `with (o) { ... }`.
    fn with_statement(&mut self, node: Node<'_>) -> Block {
        let mut block = Block::new();
        if let Some(object) = node.field(Field::Object) {
            self.expression_statement(object.span(), object, &mut block);
        }
        block.extend(self.branch(node.field(Field::Body)));
        block
    }

    fn namespace(&mut self, node: Node<'_>) -> Block {
        self.namespaces += 1;
        let block = self.branch(node.field(Field::Body));
        self.namespaces -= 1;
        block
    }
}

/// One assignment as written.
pub(super) struct Binding<'t> {
    pub(super) span: Span,
    pub(super) target: Node<'t>,
    pub(super) annotation: Option<Node<'t>>,
    pub(super) value: Option<Node<'t>>,
    pub(super) declares: bool,
}

/// What a `switch` compares: repeated in every test when that repeats no work, otherwise only in the first.
struct Subject {
    value: Option<Expression>,
    is_plain: bool,
}

impl Subject {
    fn matches(&mut self, span: Span, pattern: Expression) -> Expression {
        let subject = if self.is_plain { self.value.clone() } else { self.value.take() };
        match subject {
            Some(Expression { kind: ExpressionKind::Literal(Literal::Boolean(true)), .. }) => pattern,
            subject => operator(span, "==", vec![subject.unwrap_or_else(|| unknown(span)), pattern]),
        }
    }
}

/// Whether repeating an expression repeats no calls and is cheap.
fn is_plain(value: &Expression) -> bool {
    let mut current = value;
    for _ in 0..8 {
        match &current.kind {
            ExpressionKind::Name(_) | ExpressionKind::Literal(_) => return true,
            ExpressionKind::Member { object, .. } => current = object,
            ExpressionKind::Operator { operands, .. } => match operands.as_slice() {
                [only] => current = only,
                _ => return false,
            },
            _ => return false,
        }
    }
    false
}

fn either(span: Span, mut tests: Vec<Expression>) -> Expression {
    match tests.pop_if(|_| true) {
        Some(only) if tests.is_empty() => only,
        Some(last) => {
            tests.push(last);
            operator(span, "or", tests)
        }
        None => unknown(span),
    }
}
