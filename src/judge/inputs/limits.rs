//! Whether what flows into a model is limited on the way: by a schema or a cut, or because what is too long is refused.

use std::rc::Rc;

use crate::link::arguments::Given;
use crate::link::entries::{Entry, Link, frame_of};
use crate::link::{Site, Value};
use crate::model::{Argument, Expression, ExpressionKind};
use crate::rules::catalogue::Kind;

use super::super::calls::External;
use super::super::guards::{Fork, Way};
use super::measures::{self, Measure};
use super::schemas::{Ask, Limit};
use super::{Inputs, Leaf, LeafKind, Origin};

/// Methods of a request that give a part of it.
const PARTS: [&str; 7] = ["json", "text", "query", "queries", "param", "parseBody", "formData"];
/// Those among them that give what a form sends.
const FORMS: [&str; 2] = ["parseBody", "formData"];

impl<'m> Inputs<'_, '_, 'm> {
    /// The sources from which a text of any length reaches a call from an entry point.
    pub fn unlimited(&self, entry: Option<usize>, external: &External, site: Site) -> Vec<Leaf<'m>> {
        // What a queue's consumer is given comes from those who hand it over, and is asked for there.
        let producers = |consumer: Option<usize>| {
            let consumer = consumer.and_then(|index| self.case.entries.entries.get(index));
            consumer.map(|consumer| self.case.producers(consumer)).unwrap_or_default()
        };
        if !producers(entry).is_empty() {
            return Vec::new();
        }
        // So it is where somebody else only runs the consumer.
        let is_handed_by_others = |sender: Option<usize>| {
            let known = producers(sender);
            sender != entry && !known.is_empty() && entry.is_some_and(|entry| !known.contains(&entry))
        };
        let mut leaves = match entry {
            Some(_) => self.leaves(external, site).to_vec(),
            None => self.handed_in(external),
        };
        // What is measured is then told by the same parameters.
        let before = self.is_library.replace(entry.is_none());
        // What whoever starts a server writes behind its command is not the text of those who ask it.
        let own = entry.and_then(|index| self.case.entries.entries.get(index));
        let is_command = own.is_some_and(|entry| entry.kind == "cli");
        leaves.retain(|leaf| is_command || leaf.origin != Origin::Command);
        leaves.retain(|leaf| {
            let sender = self.sender(leaf, entry);
            let is_text = matches!(leaf.kind, LeafKind::User | LeafKind::Messages);
            is_text
                && !self.holds(&leaf.text, sender)
                && !is_handed_by_others(sender)
                && !self.is_refused_by(sender, entry, external, site, leaf)
        });
        self.is_library.set(before);
        leaves
    }

    /// Whether the entry point that takes a text refuses it on its own ways to the call: what one keeps is sent by another.
    fn is_refused_by(
        &self,
        sender: Option<usize>,
        entry: Option<usize>,
        external: &External,
        site: Site,
        leaf: &Leaf<'m>,
    ) -> bool {
        let own = external.reached.iter().find(|(index, _)| sender != entry && Some(*index) == sender);
        match own {
            Some((_, sites)) => sites.iter().all(|site| self.is_refused(sender, *site, leaf, Ask::Text)),
            None => self.is_refused(sender, site, leaf, Ask::Text),
        }
    }

    /// The entry point that takes a text: what is kept by one may be sent by another.
    pub fn sender(&self, leaf: &Leaf<'m>, entry: Option<usize>) -> Option<usize> {
        let Origin::Parameter(unit, _) = leaf.origin else { return entry };
        let entries = &self.case.entries.entries;
        let takes = |index: &usize| {
            entries.get(*index).is_some_and(|entry| self.program().unit_of_frame(entry.handler) == unit)
        };
        entry.filter(takes).or_else(|| (0..entries.len()).find(takes)).or(entry)
    }

    /// The function that is given a text, for people.
    pub fn taken_by(&self, leaf: &Leaf<'m>) -> String {
        match leaf.origin {
            Origin::Parameter(unit, _) => self.program().units.units[unit].name().to_owned(),
            _ => leaf.name.clone(),
        }
    }

    /// Whether the number of a source's messages is bounded when it reaches a call.
    pub fn is_bounded_conversation(&self, entry: Option<usize>, site: Site, leaf: &Leaf<'m>) -> bool {
        self.holds(&leaf.count, entry) || self.is_cut_by_given(site) || self.is_refused(entry, site, leaf, Ask::Count)
    }

    /// Whether a limit holds for requests to an entry point: what is only declared must be used.
    fn holds(&self, limit: &Limit, entry: Option<usize>) -> bool {
        let Some(entry) = entry else { return limit.is_some() };
        match limit {
            Limit::None => false,
            Limit::Held => true,
            Limit::Declared(by) => match by.strip_prefix('.') {
                Some(method) => self.calls_method(entry, method) || self.takes_validated(entry),
                None => self.is_validated(entry),
            },
        }
    }

    /// Whether a method of this name is called on the way, where its errors stop the request.
    fn calls_method(&self, entry: usize, method: &str) -> bool {
        let program = self.program();
        let Some(entry) = self.case.entries.entries.get(entry) else { return false };
        let links = entry.chains.iter().flatten().filter_map(|link| frame_of(program, &link.value));
        links.chain([entry.handler]).any(|frame| {
            self.case.guards.reach(frame).sites(program).any(|site| {
                let call = program.units.calls[site.call].call;
                matches!(&call.callee.kind, ExpressionKind::Member { name, .. } if name == method)
                    && self.stops_on_error(site)
            })
        })
    }

    /// `value.validate()?`, `if let Err(error) = value.validate() { return ... }`.
    fn stops_on_error(&self, site: Site) -> bool {
        let program = self.program();
        program.hands_errors_on(site.call) || {
            let unit = program.units.calls[site.call].unit;
            let gates = program.exits(unit, site.frame);
            gates
                .iter()
                .any(|gate| program.slice(gate.test, gate.frame).sites.iter().any(|each| each.call == site.call))
        }
    }

    /// Whether something in front of the handler validates what it is given.
    fn is_validated(&self, entry: usize) -> bool {
        let program = self.program();
        let Some(entry) = self.case.entries.entries.get(entry) else { return false };
        if self.validates_parameters(entry) {
            return true;
        }
        !entry.chains.is_empty()
            && entry.chains.iter().all(|chain| {
                chain.iter().any(|link| {
                    link.value.path().is_some_and(|path| program.is_a(path.trim_end_matches("()"), Kind::Validator))
                })
            })
    }

    /// `Valid(Json(question)): Valid<Json<Question>>`: what fills a parameter of the handler holds it against its rules.
    fn takes_validated(&self, entry: usize) -> bool {
        let program = self.program();
        let Some(entry) = self.case.entries.entries.get(entry) else { return false };
        let unit = program.unit_of_frame(entry.handler);
        let function = program.units.units[unit].function;
        let frame = program.module_frame(program.module_of(unit));
        let is_validator = |declared: &'m Expression| {
            let named = match &declared.kind {
                ExpressionKind::Index { object, .. } => object,
                _ => declared,
            };
            let values = program.values(named, frame);
            values.iter().filter_map(Value::path).any(|path| program.is_a(path, Kind::Validator))
        };
        function
            .into_iter()
            .flat_map(|each| &each.parameters)
            .filter_map(|each| each.annotation.as_ref())
            .any(is_validator)
    }

    /// `@Body(new ValidationPipe()) body: Question`: a parameter of the handler says itself that it is validated.
    fn validates_parameters(&self, entry: &Entry<'m>) -> bool {
        let program = self.program();
        let unit = program.unit_of_frame(entry.handler);
        let function = program.units.units[unit].function;
        let decorators = function.into_iter().flat_map(|each| &each.parameters).flat_map(|each| &each.decorators);
        let frame = program.module_frame(program.module_of(unit));
        let is_validator = |argument: &'m Argument| {
            let values = program.values(&argument.value, frame);
            let mut paths = values.iter().filter_map(Value::path);
            paths.any(|path| program.is_a(path.trim_end_matches("()"), Kind::Validator))
        };
        decorators.into_iter().any(
            |decorator| matches!(&decorator.kind, ExpressionKind::Call(call) if call.arguments.iter().any(is_validator)),
        )
    }

    /// Whether a source is measured and refused on the way to a call, or taken only when it is short.
    fn is_refused(&self, entry: Option<usize>, site: Site, leaf: &Leaf<'m>, ask: Ask) -> bool {
        let program = self.program();
        let mut own = Vec::new();
        for (test, frame) in &leaf.gates {
            if !measures::asks_whether_any(program, test, *frame) {
                self.measured_by(test, *frame, &mut own);
            }
        }
        if own.iter().any(|measure| measure.bounds(program, leaf, ask)) {
            return true;
        }
        let measured = match entry {
            Some(entry) => self.measured_on_the_way(entry, site),
            None => {
                let mut found = Vec::new();
                self.measured_by_all(&self.case.guards.refusals(&vec![site]), &mut found);
                Rc::new(found)
            }
        };
        measured.iter().any(|measure| measure.bounds(program, leaf, ask))
    }

    fn measured_on_the_way(&self, index: usize, site: Site) -> Rc<Vec<Measure<'m>>> {
        if let Some(found) = self.measured.borrow().get(&(index, site)) {
            return found.clone();
        }
        // What is measured on the way may itself be asked for on the way.
        self.measured.borrow_mut().insert((index, site), Rc::default());
        let guards = &self.case.guards;
        // What is refused for one method only counts for its routes.
        guards.look_at(&self.case.entries.entries[index]);
        let mut found = Vec::new();
        if guards.for_all(self.case, "T1-input").is_some() {
            found.push(Measure::Everything);
        }
        let entry = &self.case.entries.entries[index];
        let trails = self.case.reaches[index].trails(site);
        let chains = entry.chains.iter().map(|chain| {
            let mut measured = Vec::new();
            for link in chain {
                self.measured_by_link(link, entry, &mut measured);
            }
            measured.extend(self.checked_fields(chain, &trails));
            measured
        });
        found.extend(measures::common(chains.collect()));
        let ways = trails.iter().map(|trail| {
            let mut measured = Vec::new();
            self.measured_by_all(&guards.refusals(trail), &mut measured);
            let forks = trail.iter().flat_map(|step| guards.forks(*step));
            measured.extend(forks.flat_map(|fork| self.measured_on_both_sides(&fork)));
            for checked in guards.before_all(trail).into_iter().filter(|site| self.refuses(*site)) {
                self.checked_by(checked, &mut measured);
            }
            measured
        });
        found.extend(measures::common(ways.collect()));
        let found = Rc::new(found);
        self.measured.borrow_mut().insert((index, site), found.clone());
        found
    }

    /// What is measured on both sides of a test, as far as they come to the call.
    fn measured_on_both_sides(&self, fork: &Fork<'m>) -> Vec<Measure<'m>> {
        let sides = fork.sides.iter().filter(|side| !side.leaves).map(|side| {
            let mut measured = Vec::new();
            self.measured_by_all(&side.gates, &mut measured);
            measured
        });
        measures::common(sides.collect())
    }

    /// Whether a check stops its caller by itself. One that tells what it found (`safeParse`) refuses nothing: that a
    /// test does, which is measured as such.
    fn refuses(&self, site: Site) -> bool {
        let program = self.program();
        let call = program.units.calls[site.call].call;
        let (ExpressionKind::Member { name, .. } | ExpressionKind::Name(name)) = &call.callee.kind else { return true };
        let is_told_to = || call.arguments.iter().any(|argument| argument.name.as_deref() == Some("raise_exception"));
        let tells = program.callee_paths(site).iter().any(|path| {
            let facts = program.facts_of(path, Kind::EnvironmentSchema);
            let answers = program.facts_of(path, Kind::Validator);
            facts.iter().any(|(_, fact)| fact.how.as_deref() == Some("result"))
                || answers.iter().any(|(_, fact)| fact.how.as_deref() == Some("tells"))
        });
        !tells && !name.starts_with("safeParse") && (name != "is_valid" || is_told_to())
    }

    /// What stands in front of a handler measures.
    fn measured_by_link(&self, link: &Link<'m>, entry: &Entry<'m>, measured: &mut Vec<Measure<'m>>) {
        let program = self.program();
        let guards = &self.case.guards;
        if let Value::Library { path, sites } = &link.value {
            let made = sites.last().copied();
            if !guards.facts(path, made, "T1-input").is_empty() {
                measures::add(measured, Measure::Everything);
            }
            // A schema that is put in front of the handler.
            for (_, fact) in program.facts_of(path.trim_end_matches("()"), Kind::Validator) {
                let part = fact.path.as_deref().zip(made).map(|(at, made)| program.argument(made, at));
                if let Some(Given::Present { expression, frame }) = part
                    && program.text(expression, frame).is_some_and(|part| self.reads_others_only(entry, &part))
                {
                    continue;
                }
                let given = fact.value.as_deref().zip(made).map(|(at, made)| program.arguments_of(made, at));
                for (expression, frame, _) in given.unwrap_or_default() {
                    for schema in program.values(expression, frame).iter().cloned() {
                        if fact.how.as_deref() == Some("by-name") {
                            self.held_by_name(entry, &schema, measured);
                            continue;
                        }
                        let (path, origin) = (fact.keys.to_vec(), Origin::Request);
                        measures::add(measured, Measure::Schema { path, origin, part: None, schema, key: None });
                    }
                }
            }
            return;
        }
        let Some(frame) = frame_of(program, &link.value) else { return };
        for measure in self.measured_on_all(&guards.refusals_in(frame, link.role)).iter() {
            measures::add(measured, measure.clone());
        }
    }

    /// The parameters of a handler, each of which is given the field of a schema that goes by its name.
    fn held_by_name(&self, entry: &Entry<'m>, schema: &Value<'m>, measured: &mut Vec<Measure<'m>>) {
        let unit = self.program().unit_of_frame(entry.handler);
        let function = self.program().units.units[unit].function;
        for (index, parameter) in function.into_iter().flat_map(|each| &each.parameters).enumerate() {
            if let ExpressionKind::Name(name) = &parameter.target.kind {
                let origin = Origin::Parameter(unit, index);
                let (schema, key) = (schema.clone(), Some(name.clone()));
                measures::add(measured, Measure::Schema { path: Vec::new(), origin, part: None, schema, key });
            }
        }
    }

    /// Whether a handler takes parts of the request, but not this one: `zValidator("query", ..)` in front of what asks for
    /// `request.json()` checks something else.
    fn reads_others_only(&self, entry: &Entry<'m>, part: &str) -> bool {
        let program = self.program();
        let (mut reads_it, mut reads_other) = (false, false);
        for site in self.case.guards.reach(entry.handler).sites(program) {
            let call = program.units.calls[site.call].call;
            let ExpressionKind::Member { object, name } = &call.callee.kind else { continue };
            let is_of_request = || {
                let values = program.values(object, site.frame);
                values.iter().filter_map(Value::path).any(|path| self.is_request(path))
            };
            let given = call.arguments.first().and_then(|given| program.text(&given.value, site.frame));
            if name == part || given.as_deref() == Some(part) {
                reads_it = true;
            } else if PARTS.contains(&name.as_str()) && is_of_request() {
                // What is sent by a form is read by names of its own.
                reads_it |= part == "form" && FORMS.contains(&name.as_str());
                reads_other = true;
            }
        }
        reads_other && !reads_it
    }

    /// What is measured on all of the ways through what stands in front, remembered: the same stands in front of many.
    fn measured_on_all(&self, ways: &Rc<[Way<'m>]>) -> Rc<[Measure<'m>]> {
        // What was found of the ways is kept as long as the guards are: its place stands for it.
        let key = (ways.as_ptr() as usize, self.is_library.get());
        if let Some(found) = self.in_front.borrow().get(&key) {
            return found.clone();
        }
        let each = ways.iter().map(|(gates, sites)| {
            let mut found = Vec::new();
            self.measured_by_all(gates, &mut found);
            for site in sites.iter().copied().filter(|site| self.refuses(*site)) {
                self.checked_by(site, &mut found);
            }
            found
        });
        let found: Rc<[Measure<'m>]> = measures::common(each.collect()).into();
        self.in_front.borrow_mut().insert(key, found.clone());
        found
    }
}
