//! The runtimes of a platform in which parts of a program run: what is set up when one of them starts is not there in
//! another one.

use std::collections::BTreeSet;

use crate::model::{Expression, ExpressionKind, Language, Literal};
use crate::rules::catalogue::{Fact, Kind};

use super::Program;
use super::entries::runtime_of_file;
use super::units::ModuleId;
use super::values::{FrameId, How, Site, Value};

/// Modules that import each other, and tests within each other, that are gone through.
const DEPTH: usize = 8;
/// Calls within each other that are gone through to what starts them.
const CALLS: usize = 40;

impl<'m> Program<'m> {
    /// The one runtime in which a call that runs at the start is reached: told by the tests in front of it and of what
    /// calls it, or by the file in which all of that begins. None: all of them, or that is not known.
    pub fn runtime_of_start(&self, site: Site) -> Option<&'m str> {
        let mut at = site;
        for _ in 0..CALLS {
            if let Some(told) = self.runtime_at(at) {
                return Some(told);
            }
            let How::Call(caller) = self.frame(at.frame).how else {
                return self.runtime_of_module(self.module_of(self.unit_of_frame(at.frame)), 0);
            };
            at = caller;
        }
        None
    }

    /// Whether the entry points of a module are served in a runtime, as far as that is known.
    pub fn is_served_in(&self, module: ModuleId, runtime: &str) -> bool {
        let Some(fact) = self.runtime_facts().next() else { return true };
        let chosen = match self.runtime_chosen(module, fact) {
            Some(own) => vec![own],
            None => self.runtimes_of_importers(module, fact),
        };
        // A name may have a word in front: `experimental-edge`.
        let is_it =
            |name: &str| name == runtime || name.strip_suffix(runtime).is_some_and(|before| before.ends_with('-'));
        match chosen.is_empty() {
            true => fact.value.as_deref().is_some_and(is_it),
            false => chosen.iter().any(|chosen| chosen.is_none_or(is_it)),
        }
    }

    /// Whether a file chooses another runtime than the one in which all others are served.
    pub(super) fn another_runtime_is_chosen(&self, fact: &Fact) -> bool {
        let mut modules = 0..self.modules.len();
        modules.any(|module| self.runtime_chosen(module, fact).is_some_and(|chosen| chosen != fact.value.as_deref()))
    }

    /// What is asked for the runtime, with the fact that says so, and the one that is named: `process.env.NEXT_RUNTIME === "edge"`.
    pub(super) fn runtime_compared(
        &self,
        left: &'m Expression,
        right: &'m Expression,
        frame: FrameId,
    ) -> Option<(&'m Fact, &'m str)> {
        let (told, named) = match (&left.kind, &right.kind) {
            (_, ExpressionKind::Literal(Literal::Text(text))) => (left, text.as_str()),
            (ExpressionKind::Literal(Literal::Text(text)), _) => (right, text.as_str()),
            _ => return None,
        };
        let values = self.values(told, frame);
        let facts = values.iter().filter_map(Value::path).flat_map(|path| self.facts_of(path, Kind::Deployed));
        let fact = facts.map(|(_, fact)| fact).find(|fact| !fact.exports.is_empty())?;
        Some((fact, named))
    }

    fn runtime_facts(&self) -> impl Iterator<Item = &'m Fact> {
        self.catalogue.of_kind(Kind::Deployed).map(|(_, fact)| fact).filter(|fact| !fact.exports.is_empty())
    }

    /// The runtime that a module chooses for what it serves; `Some(None)` where what it chooses cannot be seen.
    fn runtime_chosen(&self, module: ModuleId, fact: &Fact) -> Option<Option<&'m str>> {
        fact.exports.iter().find_map(|way| {
            let name = way.split('.').next().unwrap_or(way);
            if self.modules[module].language != Language::TypeScript
                || !self.units.exports[module].iter().any(|export| export.name == name)
            {
                return None;
            }
            let values = self.exported_under(module, way);
            let text = values.iter().find_map(|value| match value {
                Value::Data { expression, .. } => match &expression.0.kind {
                    ExpressionKind::Literal(Literal::Text(text)) => Some(text.as_str()),
                    _ => None,
                },
                _ => None,
            });
            // `export const config = { api: .. }` chooses nothing.
            (text.is_some() || !way.contains('.')).then_some(text)
        })
    }

    /// The runtimes that modules choose which load a module, themselves or by what they import.
    fn runtimes_of_importers(&self, module: ModuleId, fact: &Fact) -> Vec<Option<&'m str>> {
        let mut seen = BTreeSet::from([module]);
        let mut open = vec![module];
        let mut chosen = Vec::new();
        while let Some(at) = open.pop() {
            for importer in self.importers_of(at) {
                if !seen.insert(importer) {
                    continue;
                }
                match self.runtime_chosen(importer, fact) {
                    Some(runtime) => chosen.push(runtime),
                    None => open.push(importer),
                }
            }
        }
        chosen
    }

    fn importers_of(&self, module: ModuleId) -> impl Iterator<Item = ModuleId> {
        let imports = self.imports().iter().enumerate();
        imports.filter(move |(_, imported)| imported.contains(&module)).map(|(importer, _)| importer)
    }

    /// The one runtime in which a module is loaded: the file is one of that, or all that loads it is.
    fn runtime_of_module(&self, module: ModuleId, depth: usize) -> Option<&'m str> {
        if depth > DEPTH {
            return None;
        }
        let loaded_late = self.units.calls.iter().enumerate().filter_map(|(call, info)| {
            let site = Site { call, frame: self.open_frame(info.unit) };
            (self.required(info.call, site.frame) == Some(Value::Module(module))).then_some((info.module, site))
        });
        let late: Vec<(ModuleId, Site)> = loaded_late.collect();
        let by_late =
            late.iter().map(|(home, site)| self.runtime_at(*site).or_else(|| self.runtime_of_module(*home, depth + 1)));
        let at_once = self.importers_of(module).filter(|home| !late.iter().any(|(other, _)| other == home));
        let by_others = at_once.map(|home| self.runtime_of_module(home, depth + 1));
        let all: Vec<Option<&'m str>> = by_late.chain(by_others).collect();
        match all.first() {
            Some(first) if all.iter().all(|each| each == first) => first.or_else(|| runtime_of_file(self, module)),
            Some(_) => None,
            None => runtime_of_file(self, module),
        }
    }

    /// The runtime that the tests around and in front of a call name.
    fn runtime_at(&self, site: Site) -> Option<&'m str> {
        let gates = self.gates(site);
        let mut holding = gates.iter().filter(|gate| gate.under.is_none());
        holding.find_map(|gate| self.runtime_where(gate.test, gate.frame, !gate.refuses_when, 0))
    }

    /// The runtime in which a test holds, or fails.
    fn runtime_where(&self, test: &'m Expression, frame: FrameId, holds: bool, depth: usize) -> Option<&'m str> {
        let ExpressionKind::Operator { operator, operands } = &test.kind else { return None };
        let within =
            |inner, holds| if depth < DEPTH { self.runtime_where(inner, frame, holds, depth + 1) } else { None };
        match (operator.as_str(), operands.as_slice()) {
            ("not", [inner]) => within(inner, !holds),
            ("and", parts) if holds => parts.iter().find_map(|part| within(part, true)),
            ("or", parts) if !holds => parts.iter().find_map(|part| within(part, false)),
            ("==" | "!=", [left, right]) => {
                let (fact, named) = self.runtime_compared(left, right, frame)?;
                let served = fact.value.as_deref()?;
                match (operator == "==") == holds {
                    true => Some(named),
                    // Of the two that there are it is the one in which all others are served.
                    false => (named != served).then_some(served),
                }
            }
            _ => None,
        }
    }
}
