//! Values that a store keeps from turn to turn: whether they grow, and whether they are cut.

use crate::link::{FrameId, How, Site};
use crate::model::{Expression, ExpressionKind};

use super::super::behaviour::subjects;
use super::super::behaviour::writes::Change;
use super::same::Alias;
use super::trace::{State, Trace};
use super::{Inputs, Origin, kept, words};

impl<'m> Inputs<'_, '_, 'm> {
    /// Whether what is stored was read there before and is more now: `[...history, turn]`, `history + [turn]`,
    /// `{"$push": ...}`.
    pub(super) fn is_stored_longer(&self, site: Site) -> bool {
        let read = subjects::of_operation(self.program(), site);
        self.case.guards.behaviour.writes().iter().any(|write| {
            write.site.is_some()
                && subjects::are_related(&read, &write.subjects)
                && write.values.iter().any(|(value, frame)| self.is_longer(value, *frame, site, 0))
        })
    }

    /// Whether a value is what a call has read with something added; for a parameter, what its callers give.
    fn is_longer(&self, value: &'m Expression, frame: FrameId, read: Site, depth: usize) -> bool {
        let program = self.program();
        let slice = program.slice(value, frame);
        let has_read = |part: &'m Expression, frame: FrameId| {
            program.slice(part, frame).sites.iter().any(|site| site.call == read.call)
        };
        let grown = slice.parts.iter().any(|(part, frame)| match &part.kind {
            ExpressionKind::List(items) => {
                items.len() > 1
                    && items.iter().any(|item| match &item.kind {
                        ExpressionKind::Spread(inner) => has_read(inner, *frame),
                        _ => false,
                    })
            }
            ExpressionKind::Operator { operator, operands } => {
                operator == "+"
                    && operands.iter().any(|operand| matches!(operand.kind, ExpressionKind::List(_)))
                    && operands.iter().any(|operand| has_read(operand, *frame))
            }
            ExpressionKind::Object(entries) => entries.iter().any(words::is_put_behind),
            _ => false,
        });
        grown
            || depth < 3
                && slice.parameters.iter().take(8).any(|(unit, index, frame)| {
                    let function = program.units.units[*unit].function;
                    program.frame(*frame).how == How::Open
                        && program.callers_of(*unit).iter().take(6).any(|site| {
                            function
                                .and_then(|function| program.passed_from(function, *index, *site))
                                .is_some_and(|(given, frame)| self.is_longer(given, frame, read, depth + 1))
                        })
                })
    }

    /// Whether what goes by one of these names is added to after it was loaded.
    pub(super) fn grows(&self, names: &[Alias<'m>], site: Site) -> bool {
        let program = self.program();
        let module = program.units.calls[site.call].module;
        names.iter().any(|name| {
            program.units.calls.iter().any(|info| match &info.call.callee.kind {
                ExpressionKind::Member { object, name: method } => {
                    info.module == module && words::adds(method) && words::mentions(object, name.name)
                }
                _ => false,
            })
        })
    }

    /// Whether what is stored under the same key is cut when it is stored, or afterwards.
    pub(super) fn is_stored_cut(&self, site: Site) -> bool {
        if let Some(known) = self.stored_cut.borrow().get(&site.call) {
            return *known;
        }
        let is_cut = self.finds_stored_cut(site);
        // While a stored value is being looked at, no other is: that answer is none.
        if !self.looks_at_stored.get() {
            self.stored_cut.borrow_mut().insert(site.call, is_cut);
        }
        is_cut
    }

    fn finds_stored_cut(&self, site: Site) -> bool {
        let program = self.program();
        let read = subjects::of_operation(program, site);
        let behaviour = &self.case.guards.behaviour;
        let written = behaviour.writes().iter().any(|write| {
            write.change == Change::Set
                && subjects::are_related(&read, &write.subjects)
                && write.values.iter().any(|(value, frame)| self.is_cut_list(value, *frame))
        });
        written
            || program.units.calls.iter().enumerate().any(|(call, info)| {
                let ExpressionKind::Member { name, .. } = &info.call.callee.kind else { return false };
                let name = name.to_ascii_lowercase();
                let trims = matches!(name.as_str(), "ltrim" | "xtrim" | "zremrangebyrank");
                trims && {
                    let site = Site { call, frame: program.open_frame(info.unit) };
                    behaviour.operation(site).is_some()
                        && subjects::are_related(&read, &subjects::of_operation(program, site))
                }
            })
    }

    /// Whether a value is a list that was cut as a whole: `json.dumps(turns[-20:])`.
    fn is_cut_list(&self, value: &'m Expression, frame: FrameId) -> bool {
        if self.looks_at_stored.replace(true) {
            return false;
        }
        let mut trace = Trace::new(self);
        trace.follow(value, frame, State::default());
        self.looks_at_stored.set(false);
        trace.out.iter().any(|leaf| leaf.origin == Origin::Store && leaf.count.is_some())
            || kept::is_cut_whole(self.program(), value, frame, 0)
    }
}
