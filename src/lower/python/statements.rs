//! Statements other than definitions and branches.

use tree_sitter::Node;

use super::{Lowering, fielded_parts, has_token, parts};
use crate::lower::unpacked;
use crate::model::{
    Argument, Assignment, Block, Call, Expression, ExpressionKind, Handler, Import, Literal, Loop, LoopKind, Span,
    Statement, StatementKind, Try, WithItem,
};

/// `with suppress(KeyError): ..` is a block whose exceptions of that class are caught and passed over.
fn suppressed(items: &[WithItem]) -> Option<Handler> {
    let [WithItem { context, binds: None }] = items else { return None };
    let ExpressionKind::Call(call) = &context.kind else { return None };
    let (ExpressionKind::Name(name) | ExpressionKind::Member { name, .. }) = &call.callee.kind else { return None };
    if name != "suppress" || call.arguments.iter().any(|argument| argument.name.is_some()) {
        return None;
    }
    let mut classes: Vec<Expression> = call.arguments.iter().map(|argument| argument.value.clone()).collect();
    let catches = match classes.len() {
        0 => return None,
        1 => classes.pop()?,
        _ => Expression { span: context.span, kind: ExpressionKind::List(classes) },
    };
    Some(Handler { span: context.span, catches: Some(catches), binds: None, body: Block::new() })
}

/// Whether a node of this kind is lowered by [`Lowering::statement`].
pub(super) fn is_statement(kind: &str) -> bool {
    kind.ends_with("_statement") || kind.ends_with("_definition") || kind == "block"
}

impl Lowering<'_> {
    /// Lowers one statement into as many as the model needs (`import a, b` are two, `pass` is none).
    pub(super) fn statement(&mut self, node: Node<'_>, into: &mut Block) {
        if node.is_error() {
            return self.recover(node, into);
        }
        if !node.is_named() || matches!(node.kind(), "comment" | "line_continuation" | "pass_statement") {
            return;
        }
        let span = self.span(node);
        if !self.enter(span) {
            return;
        }
        match node.kind() {
            "expression_statement" => self.expression_statement(node, into),
            "if_statement" => self.if_statement(node, into),
            "match_statement" => self.match_statement(node, into),
            "for_statement" | "while_statement" => self.loop_statement(node, into),
            "import_statement" | "import_from_statement" | "future_import_statement" => self.import(node, into),
            "block" => into.append(&mut self.block(node)),
            _ => {
                if let Some(kind) = self.statement_kind(node) {
                    into.push(Statement { span, kind });
                }
            }
        }
        self.leave();
    }

    fn statement_kind(&mut self, node: Node<'_>) -> Option<StatementKind> {
        Some(match node.kind() {
            "return_statement" => StatementKind::Return(parts(node).first().map(|value| self.expression(*value))),
            "raise_statement" => StatementKind::Raise(self.raised(node)),
            "break_statement" => StatementKind::Break,
            "continue_statement" => StatementKind::Continue,
            "try_statement" => StatementKind::Try(Box::new(self.try_statement(node))),
            "with_statement" => self.with_statement(node),
            "function_definition" | "class_definition" | "decorated_definition" => return self.definition(node),
            "assert_statement" => self.assert_statement(node),
            "print_statement" => StatementKind::Expression(self.print_statement(node)),
            "exec_statement" => {
                let values = parts(node).into_iter().map(|value| self.expression(value)).collect();
                StatementKind::Expression(call_of("exec", values, self.span(node)))
            }
            "type_alias_statement" => self.type_alias(node)?,
            "delete_statement" => return self.delete_statement(node),
            "global_statement" | "nonlocal_statement" => {
                let names: Vec<String> = parts(node).iter().map(|name| self.text_of(*name).to_owned()).collect();
                self.outer.last_mut()?.extend(names);
                return None;
            }
            _ => return None,
        })
    }

    /// Lowers an expression that stands as a statement, assignments included.
    pub(super) fn expression_statement(&mut self, node: Node<'_>, into: &mut Block) {
        let span = self.span(node);
        let is_wrapped = node.kind() == "expression_statement";
        let inner = if is_wrapped { parts(node) } else { vec![node] };
        let kind = match inner.as_slice() {
            [] => return,
            [single] if matches!(single.kind(), "assignment" | "augmented_assignment") => {
                StatementKind::Assign(Box::new(self.assignment(*single)))
            }
            [single] if !is_wrapped || !has_token(node, ",") => StatementKind::Expression(self.expression(*single)),
            several => {
                let items = several.iter().map(|item| self.expression(*item)).collect();
                StatementKind::Expression(Expression { span, kind: ExpressionKind::List(items) })
            }
        };
        unpacked::push(Statement { span, kind }, into);
    }

    /// `a = b`, `a: T = b`, `a += b`; of a chain `a = b = c` the value is the rest of the chain.
    pub(super) fn assignment(&mut self, node: Node<'_>) -> Assignment {
        let target = self.field(node, "left").unwrap_or_else(|| super::unknown(self.span(node)));
        let annotation = node.child_by_field_name("type").map(|annotation| self.annotation(annotation));
        let operator = node.child_by_field_name("operator").map(|token| token.kind().trim_end_matches('=').to_owned());
        Assignment { target, annotation, value: self.field(node, "right"), operator, declares: false }
    }

    /// The exception itself, without what it is raised from; of Python 2's `raise E, "text"` the type.
    fn raised(&mut self, node: Node<'_>) -> Option<Expression> {
        let parts = fielded_parts(node);
        let (_, raised) = parts.into_iter().find(|(field, _)| *field != Some("cause"))?;
        let raised = if raised.kind() == "expression_list" { parts_first(raised)? } else { raised };
        Some(self.expression(raised))
    }

    /// `assert t, m` as `if not t: raise AssertionError(m)`.
    fn assert_statement(&mut self, node: Node<'_>) -> StatementKind {
        let span = self.span(node);
        let mut values = parts(node).into_iter().map(|value| self.expression(value)).collect::<Vec<_>>().into_iter();
        let test = values.next().unwrap_or_else(|| super::unknown(span));
        let negated = ExpressionKind::Operator { operator: "not".to_owned(), operands: vec![test] };
        let raised = StatementKind::Raise(Some(call_of("AssertionError", values.collect(), span)));
        StatementKind::If {
            test: Expression { span, kind: negated },
            then: vec![Statement { span, kind: raised }],
            otherwise: Block::new(),
        }
    }

    /// Python 2's `print a, b` and `print >>file, a` as calls.
    fn print_statement(&mut self, node: Node<'_>) -> Expression {
        let span = self.span(node);
        let mut arguments = Vec::new();
        for part in parts(node) {
            if part.kind() == "chevron" {
                if let Some(file) = parts_first(part) {
                    arguments.push(Argument { name: Some("file".to_owned()), value: self.expression(file) });
                }
            } else {
                arguments.push(Argument { name: None, value: self.expression(part) });
            }
        }
        let callee = Expression { span, kind: ExpressionKind::Name("print".to_owned()) };
        Expression { span, kind: ExpressionKind::Call(Box::new(Call { span, callee, arguments, is_new: false })) }
    }

    /// `type X[T] = ...` as an assignment to `X`.
    fn type_alias(&mut self, node: Node<'_>) -> Option<StatementKind> {
        let mut target = self.field(node, "left")?;
        if let ExpressionKind::Index { object, .. } = target.kind {
            target = *object;
        }
        let value = self.field(node, "right");
        let assignment = Assignment { target, annotation: None, value, operator: None, declares: false };
        Some(StatementKind::Assign(Box::new(assignment)))
    }

    /// `del history[:-20]` changes its object and becomes a call of `del`; unbinding names changes nothing.
    fn delete_statement(&mut self, node: Node<'_>) -> Option<StatementKind> {
        let deleted = parts(node);
        let deleted = match deleted.as_slice() {
            [list] if list.kind() == "expression_list" => parts(*list),
            _ => deleted,
        };
        let values: Vec<_> =
            deleted.into_iter().filter(|part| part.kind() != "identifier").map(|part| self.expression(part)).collect();
        (!values.is_empty()).then(|| StatementKind::Expression(call_of("del", values, self.span(node))))
    }

    /// Loops; their `else` runs after them and becomes a block behind the loop.
    fn loop_statement(&mut self, node: Node<'_>, into: &mut Block) {
        let is_each = node.kind() == "for_statement";
        let over = if is_each { self.field(node, "right") } else { self.field(node, "condition") };
        let lowered = Loop {
            kind: if is_each { LoopKind::Each } else { LoopKind::While },
            target: self.field(node, "left"),
            over: over.filter(|over| is_each || !is_always_true(over)),
            setup: Block::new(),
            step: Block::new(),
            body: self.field_block(node, "body"),
        };
        into.push(Statement { span: self.span(node), kind: StatementKind::Loop(Box::new(lowered)) });
        if let Some(after) = node.child_by_field_name("alternative") {
            let body = self.field_block(after, "body");
            into.push(Statement { span: self.span(after), kind: StatementKind::Block(body) });
        }
    }

    fn try_statement(&mut self, node: Node<'_>) -> Try {
        let mut lowered = Try {
            body: self.field_block(node, "body"),
            handlers: Vec::new(),
            otherwise: Block::new(),
            finally: Block::new(),
        };
        for part in parts(node) {
            match part.kind() {
                "except_clause" | "except_group_clause" => lowered.handlers.push(self.handler(part)),
                "else_clause" => lowered.otherwise = self.field_block(part, "body"),
                "finally_clause" => lowered.finally = self.inner_block(part),
                _ => {}
            }
        }
        lowered
    }

    fn handler(&mut self, node: Node<'_>) -> Handler {
        let mut values = Vec::new();
        let mut bound = None;
        for (field, part) in fielded_parts(node) {
            match (field, part.kind()) {
                (_, "block") => {}
                (Some("alias"), _) => bound = Some(part),
                (_, "as_pattern") => {
                    values.extend(parts_first(part));
                    bound = part.child_by_field_name("alias");
                }
                _ => values.push(part),
            }
        }
        // Python 2's `except E, e:` binds where Python 3.14's `except A, B:` lists; a small letter tells a variable.
        if let [_, second] = values.as_slice()
            && second.kind() == "identifier"
            && self.text_of(*second).starts_with(char::is_lowercase)
        {
            bound = values.pop();
        }
        Handler {
            span: self.span(node),
            catches: self.one_or_list(&values),
            binds: bound.map(|bound| self.expression(bound)),
            body: self.inner_block(node),
        }
    }

    fn with_statement(&mut self, node: Node<'_>) -> StatementKind {
        let mut items = Vec::new();
        let clauses = parts(node).into_iter().filter(|part| part.kind() == "with_clause");
        for item in clauses.flat_map(parts) {
            let Some(value) = item.child_by_field_name("value") else { continue };
            // `with (a as b, c as d):` may come as a tuple.
            let inner = parts(value);
            let is_group = matches!(value.kind(), "tuple" | "parenthesized_expression")
                && inner.iter().any(|part| part.kind() == "as_pattern");
            let group = if is_group { inner } else { vec![value] };
            items.extend(group.into_iter().filter_map(|context| self.with_item(context)));
        }
        let body = self.field_block(node, "body");
        match suppressed(&items) {
            Some(handler) => {
                let (handlers, otherwise, finally) = (vec![handler], Block::new(), Block::new());
                StatementKind::Try(Box::new(Try { body, handlers, otherwise, finally }))
            }
            None => StatementKind::With { items, body },
        }
    }

    fn with_item(&mut self, node: Node<'_>) -> Option<WithItem> {
        if node.kind() != "as_pattern" {
            return Some(WithItem { context: self.expression(node), binds: None });
        }
        let context = self.expression(parts_first(node)?);
        Some(WithItem { context, binds: self.field(node, "alias") })
    }

    fn import(&mut self, node: Node<'_>, into: &mut Block) {
        let source = match node.kind() {
            "future_import_statement" => Some("__future__".to_owned()),
            "import_from_statement" => node.child_by_field_name("module_name").map(|module| self.compact(module)),
            _ => None,
        };
        for (field, part) in fielded_parts(node) {
            let (name, alias) = match part.kind() {
                "wildcard_import" => ("*".to_owned(), Some(String::new())),
                "aliased_import" => {
                    let name = part.child_by_field_name("name").map(|name| self.compact(name));
                    (name.unwrap_or_default(), part.child_by_field_name("alias").map(|alias| self.compact(alias)))
                }
                "dotted_name" if field == Some("name") => (self.compact(part), None),
                _ => continue,
            };
            let import = match &source {
                Some(source) => self.binding(source.clone(), Some(name.clone()), alias.unwrap_or(name)),
                None => {
                    let first = name.split('.').next().unwrap_or_default().to_owned();
                    match name.rsplit_once('.') {
                        // `import redis.asyncio as redis` binds the module within, as `from redis import asyncio as redis`.
                        Some((source, last)) if alias.as_ref() == Some(&first) => {
                            self.binding(source.to_owned(), Some(last.to_owned()), first)
                        }
                        _ => self.binding(name, None, alias.unwrap_or(first)),
                    }
                }
            };
            into.push(Statement { span: self.span(part), kind: StatementKind::Import(import) });
        }
    }

    fn binding(&self, source: String, name: Option<String>, local: String) -> Import {
        Import { source, name, local, is_require: false, is_type_only: self.is_type_only, is_exported: false }
    }

    /// A dotted name without the blanks and line breaks that may stand in it.
    fn compact(&self, node: Node<'_>) -> String {
        self.text_of(node).chars().filter(|character| !character.is_whitespace() && *character != '\\').collect()
    }

    /// The expression in a field.
    pub(super) fn field(&mut self, node: Node<'_>, name: &str) -> Option<Expression> {
        node.child_by_field_name(name).map(|child| self.expression(child))
    }

    /// The block in a field; empty where there is none.
    pub(super) fn field_block(&mut self, node: Node<'_>, name: &str) -> Block {
        node.child_by_field_name(name).map(|block| self.block(block)).unwrap_or_default()
    }

    /// The first block among the children, of clauses that give it no field.
    pub(super) fn inner_block(&mut self, node: Node<'_>) -> Block {
        let found = parts(node).into_iter().find(|part| part.kind() == "block");
        found.map(|block| self.block(block)).unwrap_or_default()
    }

    /// Nothing, the one expression, or a list of them.
    pub(super) fn one_or_list(&mut self, nodes: &[Node<'_>]) -> Option<Expression> {
        match nodes {
            [] => None,
            [single] => Some(self.expression(*single)),
            [first, .., last] => {
                let span = Span { start: self.span(*first).start, end: self.span(*last).end };
                let items = nodes.iter().map(|node| self.expression(*node)).collect();
                Some(Expression { span, kind: ExpressionKind::List(items) })
            }
        }
    }
}

fn parts_first(node: Node<'_>) -> Option<Node<'_>> {
    parts(node).into_iter().next()
}

/// A call that the program did not write as one.
fn call_of(name: &str, values: Vec<Expression>, span: Span) -> Expression {
    let callee = Expression { span, kind: ExpressionKind::Name(name.to_owned()) };
    let arguments = values.into_iter().map(|value| Argument { name: None, value }).collect();
    Expression { span, kind: ExpressionKind::Call(Box::new(Call { span, callee, arguments, is_new: false })) }
}

/// `True` or a number other than zero, as in `while 1:`.
fn is_always_true(test: &Expression) -> bool {
    match &test.kind {
        ExpressionKind::Literal(Literal::Boolean(value)) => *value,
        ExpressionKind::Literal(Literal::Number(value)) => *value != 0.0,
        _ => false,
    }
}
