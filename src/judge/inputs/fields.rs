//! Checks of single fields that stand in front of a handler and tell later what they found:
//! `app.post("/ask", body("text").isLength({ max: 2_000 }), (req, res) => { if (!validationResult(req).isEmpty()) ... })`.

use crate::link::arguments::{Amount, Given};
use crate::link::entries::Link;
use crate::link::flow::Gate;
use crate::link::reach::Trail;
use crate::link::{Site, Value};
use crate::model::ExpressionKind;
use crate::rules::catalogue::Kind;

use super::measures::{Extent, Measure};
use super::{Inputs, Origin};

impl<'m> Inputs<'_, '_, 'm> {
    /// What the checks in front of a handler measure, where a request is refused by what they found.
    pub(super) fn checked_fields(&self, chain: &[Link<'m>], trails: &[Trail]) -> Vec<Measure<'m>> {
        let made = chain.iter().filter_map(|link| match &link.value {
            Value::Library { sites, .. } => Some(sites),
            _ => None,
        });
        let fields: Vec<Measure<'m>> =
            made.flat_map(|sites| sites.iter()).flat_map(|site| self.limited_fields(*site)).collect();
        if fields.is_empty() || !self.is_heeded(chain, trails) {
            return Vec::new();
        }
        fields
    }

    /// The fields that one step of a check limits.
    fn limited_fields(&self, site: Site) -> Vec<Measure<'m>> {
        let program = self.case.program;
        let mut found = Vec::new();
        for path in program.callee_paths(site).iter() {
            for (_, fact) in program.facts_of(path, Kind::TextLimit) {
                let Some(named) = fact.path.as_deref() else { continue };
                let is_given = |limit: &String| match program.argument_of(site, limit) {
                    Given::Present { expression, frame } => program.amount(expression, frame, None, &[]) != Amount::Off,
                    _ => false,
                };
                if fact.limit.as_ref().is_none_or(is_given) {
                    let names = self.field_names(program.argument_of(site, named));
                    found.extend(names.iter().map(|name| of_field(name)));
                }
            }
        }
        found
    }

    /// The names that stand in an argument: one, or a list of them.
    fn field_names(&self, given: Given<'m>) -> Vec<String> {
        let Given::Present { expression, frame } = given else { return Vec::new() };
        let program = self.case.program;
        match &expression.kind {
            ExpressionKind::List(items) => items.iter().filter_map(|item| program.text(item, frame)).collect(),
            _ => program.text(expression, frame).into_iter().collect(),
        }
    }

    /// Whether requests are refused by what the checks found: by what stands in front, or on every way to the call.
    fn is_heeded(&self, chain: &[Link<'m>], trails: &[Trail]) -> bool {
        let guards = &self.case.guards;
        let program = self.case.program;
        let in_front = chain.iter().any(|link| {
            crate::link::entries::frame_of(program, &link.value).is_some_and(|frame| {
                let ways = guards.refusals_in(frame, link.role);
                !ways.is_empty() && ways.iter().all(|(gates, sites)| self.asks_what_was_found(gates, sites))
            })
        });
        let on_the_way = |trail: &Trail| self.asks_what_was_found(&guards.refusals(trail), &guards.before_all(trail));
        in_front || !trails.is_empty() && trails.iter().all(on_the_way)
    }

    /// Whether a gate is about what was found in front, or a call raises it.
    fn asks_what_was_found(&self, gates: &[Gate<'m>], sites: &[Site]) -> bool {
        let program = self.case.program;
        let tells = |site: &Site, how: &str| {
            program.callee_paths(*site).iter().any(|path| {
                program.facts_of(path, Kind::Validator).iter().any(|(_, fact)| fact.how.as_deref() == Some(how))
            })
        };
        gates.iter().any(|gate| {
            let slice = program.slice(gate.test, gate.frame);
            slice.sites.iter().any(|site| tells(site, "result"))
        }) || sites.iter().any(|site| tells(site, "raises"))
    }
}

/// `text`, `turn.text`, `turns.*.text`: the items of a list are measured one by one.
fn of_field<'m>(name: &str) -> Measure<'m> {
    let mut parts = name.split('.').filter(|part| *part != "**");
    let path: Vec<String> = parts.by_ref().take_while(|part| *part != "*").map(str::to_owned).collect();
    let extent = if name.contains('*') { Extent::Each } else { Extent::Own };
    let name = path.last().cloned().unwrap_or_default();
    Measure::Length { name, path, origin: Origin::Request, part: None, extent }
}
