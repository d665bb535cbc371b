//! Cool-downs: one request per caller until a key of the caller is gone by itself.

use crate::link::flow::{Gate, Slice};
use crate::link::{FrameId, Site};
use crate::model::Expression;

use super::operations::{Operation, has_flag};
use super::subjects;
use super::{Behaviour, depends_on_caller, fresh, repeats, scripts};

impl<'m> Behaviour<'_, 'm> {
    /// Whether a test asks for a key of the caller that is there for a time: one that is claimed
    /// (`set("cooldown:" + user, 1, nx=True, ex=5)`), or one that a collection forgets by itself (`user in TTLCache(ttl=5)`).
    pub(super) fn cools_down(&self, gate: &Gate<'m>, slice: &Slice<'m>) -> bool {
        let program = self.program;
        let is_claimed = slice.sites.iter().any(|site| {
            self.operation(*site) == Some(Operation::Claim)
                && self.ends_with_time(*site)
                && scripts::key_of(program, *site).is_some_and(|key| self.is_caller(key, site.frame))
                && !self.is_given_back(*site)
        });
        let is_forgotten = |holder: (&'m Expression, FrameId)| {
            program.slice(holder.0, holder.1).sites.iter().any(|site| self.ends_with_time(*site))
        };
        is_claimed
            || repeats::refuses_when_found(self.program, gate)
                && repeats::look_ups(program, slice).iter().any(|look_up| {
                    self.is_caller(look_up.key.0, look_up.key.1)
                        && look_up.holder.is_some_and(is_forgotten)
                        && self.writes().iter().any(|write| subjects::are_related(&look_up.subjects, &write.subjects))
                })
    }

    /// Whether a key is made of who asks, and not of what is asked.
    fn is_caller(&self, key: &'m Expression, frame: FrameId) -> bool {
        let program = self.program;
        depends_on_caller(program, key, frame)
            && !repeats::is_of_the_request(program, (key, frame))
            && !fresh::is_fresh(program, (key, frame))
            && !repeats::names_a_thing_only(program, (key, frame))
    }

    /// Whether an operation says how long what it stores is kept.
    pub(super) fn ends_with_time(&self, site: Site) -> bool {
        ["EX", "PX"].iter().any(|flag| has_flag(self.program, site, flag))
            || ["ex", "px", "EX", "PX", "ttl"]
                .iter()
                .any(|key| matches!(self.program.argument(site, key), crate::link::arguments::Given::Present { .. }))
    }

    /// One that the work itself gives back bounds only how many run at once.
    fn is_given_back(&self, site: Site) -> bool {
        let program = self.program;
        let claimed = subjects::of_operation(program, site);
        (0..program.units.calls.len()).any(|call| {
            let other = Site { call, frame: program.open_frame(program.units.calls[call].unit) };
            self.operation(other) == Some(Operation::Delete)
                && subjects::are_related(&claimed, &subjects::of_operation(program, other))
        })
    }
}
