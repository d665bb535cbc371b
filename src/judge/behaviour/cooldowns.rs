//! Cool-downs: one request per caller until a key of the caller is gone by itself.

use crate::link::Site;
use crate::link::flow::Slice;

use super::operations::{Operation, has_flag};
use super::subjects;
use super::{Behaviour, depends_on_caller, fresh, repeats};

impl<'m> Behaviour<'_, 'm> {
    /// Whether a test asks for a claim under the caller that ends with time: `set("cooldown:" + user, 1, nx=True, ex=5)`.
    /// One that the work itself gives back bounds only how many run at once.
    pub(super) fn cools_down(&self, slice: &Slice<'m>) -> bool {
        let program = self.program;
        slice.sites.iter().any(|site| {
            let Some(key) = program.units.calls[site.call].call.arguments.first() else { return false };
            self.operation(*site) == Some(Operation::Claim)
                && self.ends_with_time(*site)
                && depends_on_caller(program, &key.value, site.frame)
                && !repeats::is_of_the_request(program, (&key.value, site.frame))
                && !fresh::is_fresh(program, (&key.value, site.frame))
                && !self.is_given_back(*site)
        })
    }

    /// Whether an operation says how long what it stores is kept.
    pub(super) fn ends_with_time(&self, site: Site) -> bool {
        ["EX", "PX"].iter().any(|flag| has_flag(self.program, site, flag))
            || ["ex", "px", "EX", "PX", "ttl"]
                .iter()
                .any(|key| matches!(self.program.argument(site, key), crate::link::arguments::Given::Present { .. }))
    }

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
