//! What is registered as an entry point and run by the program itself as well: functions that a platform runs by reference.

use crate::link::Program;
use crate::link::arguments::Given;
use crate::link::values::{FrameId, How, Site, Value};
use crate::rules::catalogue::Kind;

impl<'m> Program<'m> {
    /// The handler of something registered that a call is given to run: `ctx.runAction(internal.llm.summarize, { text })`.
    pub(super) fn run_registered(&self, site: Site, frames: &mut Vec<FrameId>) {
        for path in self.callee_paths(site).iter() {
            let facts = [Kind::Runs, Kind::Spawn].into_iter().flat_map(|kind| self.facts_of(path, kind));
            for handler in facts.filter_map(|(_, fact)| fact.handler.as_deref()) {
                let Given::Present { expression, frame } = self.argument_of(site, handler) else { continue };
                let how = if self.hands_over(site) { How::Call(site) } else { How::Framework };
                for value in self.values(expression, frame).iter() {
                    let Some(made) = value.sites().last().filter(|made| self.is_registration(made.call)) else {
                        continue;
                    };
                    for handler in self.registered_handlers(*made) {
                        if let Value::Function { unit, closure, receiver } = handler {
                            frames.extend(self.enter(unit, closure, receiver, how));
                        }
                    }
                }
            }
        }
    }

    /// What a call registers as the handler of an entry point.
    fn registered_handlers(&self, made: Site) -> Vec<Value<'m>> {
        let paths = self.callee_paths(made);
        let routes = paths.iter().flat_map(|path| self.facts_of(path, Kind::Route));
        let given = routes.filter_map(|(_, fact)| match self.argument_of(made, fact.handler.as_deref()?) {
            Given::Present { expression, frame } => Some(self.values(expression, frame).to_vec()),
            _ => None,
        });
        given.flatten().collect()
    }
}
