//! What is put around an application by assigning it to a member: `app.wsgi_app = RequestLog(app.wsgi_app)`.

use rustc_hash::FxHashSet;

use crate::link::Program;
use crate::link::values::Value;
use crate::rules::catalogue::{Fact, Kind};
use crate::source::order::InOrder;

use super::{Entries, Order, Registered};

/// The role of members to which middleware is assigned.
const ASSIGNED: &str = "assigned";

/// Whether a fact is about a member to which middleware is assigned, not about one that is called.
pub fn is_assigned(fact: &Fact) -> bool {
    fact.role.as_deref() == Some(ASSIGNED)
}

impl<'m> Entries<'m> {
    /// Middleware that is assigned to a member of a router.
    pub(super) fn assigned(&mut self, program: &Program<'m>) {
        let facts = program.catalogue.of_kind(Kind::Middleware).map(|(_, fact)| fact).filter(|fact| is_assigned(fact));
        let members: FxHashSet<&str> =
            facts.flat_map(|fact| &fact.names).filter_map(|name| name.rsplit('.').next()).collect();
        let assigned = program.units.member_assignments.iter().filter(|((_, member), _)| members.contains(member));
        let mut assigned: Vec<_> = assigned.collect();
        assigned.order_by_key(|(names, _)| **names);
        for ((_, member), each) in
            assigned.into_iter().flat_map(|(names, all)| all.iter().map(move |each| (names, each)))
        {
            let frame = program.open_frame(each.unit);
            for value in program.values(each.object, frame).iter() {
                let Value::Library { path, sites } = value else { continue };
                let facts = program.facts_of(&format!("{path}.{member}"), Kind::Middleware);
                if !facts.iter().any(|(_, fact)| is_assigned(fact)) {
                    continue;
                }
                let mut links = Vec::new();
                self.function_links(program, each.value, frame, program.module_of(each.unit), &mut links);
                let (path, order) = (String::new(), Order::All);
                let what = Registered::Middleware { path, links, order, member: None, is_exact: false };
                self.register(sites.first(), None, what);
            }
        }
    }
}
