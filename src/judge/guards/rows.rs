//! Refusals of what is known already: a row that exists, a key that was taken.

use crate::judge::behaviour::Operation;
use crate::link::flow::{Gate, Slice, leaves, walk_block};
use crate::link::units::NodeKind;
use crate::link::{FrameId, Program, Site, Value};
use crate::model::{Expression, ExpressionKind, Handler, Literal};
use crate::rules::catalogue::{Fact, Kind};
use crate::rules::checked::FactId;

use super::refusals::answer_of;
use super::{Guards, Protection};

impl<'p, 'm> Guards<'p, 'm> {
    /// A row that is stored before the work, in a block that leaves when a unique row was there already.
    pub(super) fn refuses_known_rows(&self, site: Site) -> Option<Protection> {
        let program = self.program;
        let writes = self.behaviour.operation(site).is_some_and(Operation::writes);
        let info = &program.units.calls[site.call];
        let refuses = program.units.ancestors(info.node).any(|(_, node)| match node.kind {
            NodeKind::TryBody(tried) => tried
                .handlers
                .iter()
                .any(|handler| leaves(&handler.body) && !self.conflicts(handler, site.frame).is_empty()),
            _ => false,
        });
        (writes && refuses).then(|| Protection {
            module: info.module,
            span: info.call.span,
            name: Program::written(&info.call.callee),
        })
    }

    /// A test of a function that answers whether a unique row was there already: `if seen_before(id): return`.
    pub(super) fn tells_known_rows(&self, gate: &Gate<'m>, slice: &Slice<'m>) -> Option<Protection> {
        let program = self.program;
        let (mut test, mut refuses_when) = (gate.test, gate.refuses_when);
        let asked = loop {
            match &test.kind {
                ExpressionKind::Operator { operator, operands } if operator == "not" => {
                    (test, refuses_when) = (operands.first()?, !refuses_when);
                }
                ExpressionKind::Await(inner) => test = inner,
                _ => break test,
            }
        };
        // `fresh = claim(id)` is asked about by its name.
        let sites: Vec<Site> = match &asked.kind {
            ExpressionKind::Call(call) => vec![Site { call: program.units.call_id(call)?, frame: gate.frame }],
            ExpressionKind::Name(_) => slice.sites.iter().copied().filter(|site| site.frame == gate.frame).collect(),
            _ => return None,
        };
        sites.into_iter().flat_map(|site| program.runs(site).to_vec()).find_map(|frame| {
            let unit = program.unit_of_frame(frame);
            program.units.units[unit].calls.iter().find_map(|call| {
                let found = self.refuses_known_rows(Site { call: *call, frame })?;
                let answers =
                    program.units.ancestors(program.units.calls[*call].node).any(|(_, node)| match node.kind {
                        NodeKind::TryBody(tried) => {
                            tried.handlers.iter().any(|handler| answer_of(handler) == Some(refuses_when))
                        }
                        _ => false,
                    });
                answers.then_some(found)
            })
        })
    }

    /// What makes a handler one of rows that are there already: the class that it catches (`except IntegrityError`), or
    /// the code that it asks for (`if (error.code === "P2002")`).
    pub fn conflicts(&self, handler: &'m Handler, frame: FrameId) -> Vec<FactId> {
        let mut found = Vec::new();
        let mut classes: Vec<&'m Expression> = handler.catches.iter().collect();
        while let Some(class) = classes.pop() {
            match &class.kind {
                ExpressionKind::List(items) | ExpressionKind::Operator { operands: items, .. } => classes.extend(items),
                _ => {
                    let values = self.program.values(class, frame);
                    let facts = values
                        .iter()
                        .filter_map(Value::path)
                        .flat_map(|path| self.program.facts_of(path, Kind::Conflict).into_iter().map(|(id, _)| id));
                    found.extend(facts);
                }
            }
        }
        let has_code = |fact: &Fact, code: &str| fact.names.iter().any(|name| name == code);
        let facts: Vec<(FactId, &Fact)> = self.program.catalogue.of_kind(Kind::Conflict).collect();
        walk_block(&handler.body, &mut |expression| {
            let code = match &expression.kind {
                ExpressionKind::Literal(Literal::Text(text)) => text.clone(),
                ExpressionKind::Literal(Literal::Number(number)) => number.to_string(),
                _ => return,
            };
            found.extend(facts.iter().filter(|(_, fact)| has_code(fact, &code)).map(|(id, _)| *id));
        });
        found
    }
}
