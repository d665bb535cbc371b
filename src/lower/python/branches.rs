//! `if` and `match`, both as chains of `If`.

use tree_sitter::Node;

use super::{Lowering, fielded_parts, patterns};
use crate::lower::budget::DEPTH;
use crate::model::{Assignment, Block, Expression, ExpressionKind, Span, Statement, StatementKind};

/// Branches nest in each other's `otherwise` up to here; longer chains go on as neighbours in the last `otherwise`, so
/// that the model of a chain of any length stays shallow.
const NESTED_BRANCHES: usize = 40;

/// The branches of one `if` or `match`, gathered in order.
#[derive(Default)]
struct Chain {
    nested: Vec<(Span, Expression, Block)>,
    /// Branches beyond the nesting limit.
    beyond: Block,
    /// Levels of the budget that the nested branches hold.
    entered: usize,
}

impl Chain {
    fn add(&mut self, lowering: &mut Lowering<'_>, span: Span, test: Expression, then: Block) {
        let has_room = self.nested.len() < NESTED_BRANCHES && lowering.depth < DEPTH / 2;
        let is_first = self.nested.is_empty();
        if self.beyond.is_empty() && (is_first || (has_room && lowering.enter(span))) {
            self.entered += usize::from(!is_first);
            self.nested.push((span, test, then));
        } else {
            let kind = StatementKind::If { test, then, otherwise: Block::new() };
            self.beyond.push(Statement { span, kind });
        }
    }

    /// The statements that the chain comes to: one `If`, or only the default.
    fn finish(self, lowering: &mut Lowering<'_>, default: Block) -> Block {
        for _ in 0..self.entered {
            lowering.leave();
        }
        let mut rest = self.beyond;
        match rest.last_mut() {
            Some(Statement { kind: StatementKind::If { otherwise, .. }, .. }) => *otherwise = default,
            _ => rest = default,
        }
        for (span, test, then) in self.nested.into_iter().rev() {
            // What a branch leaves to the next ones is a part of it.
            let end = rest.iter().map(|part| part.span.end).fold(span.end, u32::max);
            let span = Span { end, ..span };
            rest = vec![Statement { span, kind: StatementKind::If { test, then, otherwise: rest } }];
        }
        rest
    }
}

impl Lowering<'_> {
    pub(super) fn if_statement(&mut self, node: Node<'_>, into: &mut Block) {
        let mut chain = Chain::default();
        let mut default = Block::new();
        self.branch(node, &mut chain);
        for (field, part) in fielded_parts(node) {
            match part.kind() {
                _ if field != Some("alternative") => {}
                "elif_clause" => self.branch(part, &mut chain),
                _ => default = self.field_block(part, "body"),
            }
        }
        into.append(&mut chain.finish(self, default));
    }

    fn branch(&mut self, node: Node<'_>, chain: &mut Chain) {
        let span = self.span(node);
        let test = self.field(node, "condition").unwrap_or_else(|| super::unknown(span));
        let was_type_only = self.is_type_only;
        self.is_type_only |= is_type_checking(&test);
        let then = self.field_block(node, "consequence");
        self.is_type_only = was_type_only;
        chain.add(self, span, test, then);
    }

    /// Each case tests the subject against its pattern; a case that takes everything is the default.
    pub(super) fn match_statement(&mut self, node: Node<'_>, into: &mut Block) {
        let subjects: Vec<_> = fielded_parts(node)
            .into_iter()
            .filter(|(field, _)| *field == Some("subject"))
            .map(|(_, part)| part)
            .collect();
        let Some(subject) = self.one_or_list(&subjects) else { return };
        let mut chain = Chain::default();
        let mut default = Block::new();
        let cases = node.child_by_field_name("body").map(super::parts).unwrap_or_default();
        for case in cases.into_iter().filter(|part| part.kind() == "case_clause") {
            let (test, then) = self.case(case, &subject);
            match test {
                Some(test) => chain.add(self, self.span(case), test, then),
                None => {
                    default = then;
                    break;
                }
            }
        }
        into.append(&mut chain.finish(self, default));
    }

    /// The test of a case (none: it takes everything) and what runs, beginning with the name that the pattern binds.
    fn case(&mut self, node: Node<'_>, subject: &Expression) -> (Option<Expression>, Block) {
        let span = self.span(node);
        let is_pattern = |part: &Node<'_>| part.kind() == "case_pattern";
        let patterns: Vec<_> = super::parts(node).into_iter().filter(is_pattern).collect();
        let guard = node.child_by_field_name("guard").and_then(|guard| super::parts(guard).into_iter().next());
        let guard = guard.map(|guard| self.expression(guard));
        let (pattern, bound) = match patterns.as_slice() {
            [single] => self.whole_pattern(*single),
            several => (self.one_or_list(several), None),
        };
        let captures = pattern.as_ref().filter(|pattern| patterns::captures(pattern)).map(patterns::again);
        let matched = pattern.map(|pattern| Expression {
            span: pattern.span,
            kind: operator("==", vec![patterns::again(subject), pattern]),
        });
        let test = match (matched, guard) {
            (Some(matched), Some(guard)) => Some(Expression { span, kind: operator("and", vec![matched, guard]) }),
            (matched, guard) => matched.or(guard),
        };
        let mut body = self.field_block(node, "consequence");
        // Nobody reads the parts that a pattern names in front of a case that does nothing.
        let captures = captures.filter(|_| !body.is_empty());
        let mut then: Block = bound.into_iter().chain(captures).map(|target| captured(target, subject)).collect();
        then.append(&mut body);
        (test, then)
    }
}

/// What a pattern names, as an assignment.
fn captured(target: Expression, subject: &Expression) -> Statement {
    let (span, value) = (target.span, Some(patterns::again(subject)));
    let assignment = Assignment { target, annotation: None, value, operator: None, declares: false };
    Statement { span, kind: StatementKind::Assign(Box::new(assignment)) }
}

pub(super) fn operator(operator: &str, operands: Vec<Expression>) -> ExpressionKind {
    ExpressionKind::Operator { operator: operator.to_owned(), operands }
}

/// `TYPE_CHECKING` or `typing.TYPE_CHECKING`.
fn is_type_checking(test: &Expression) -> bool {
    match &test.kind {
        ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } => name == "TYPE_CHECKING",
        _ => false,
    }
}
