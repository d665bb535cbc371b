//! Commands that a program defines for its store: scripts that are then called by a name of their own, like
//! `redis.defineCommand("hit", { lua })` and `redis.hit(key)`.

use std::rc::Rc;

use rustc_hash::FxHashMap;

use crate::model::ExpressionKind;
use crate::rules::catalogue::{Fact, Kind};

use super::Program;
use super::arguments::Given;
use super::values::Site;

/// How the catalogue calls an operation that defines a command: its name is the first argument, its text at `value`.
pub const DEFINE: &str = "define";

impl<'m> Program<'m> {
    /// The call that defines the command that a call runs.
    pub fn definition(&self, site: Site) -> Option<Site> {
        let ExpressionKind::Member { name, .. } = &self.units.calls[site.call].call.callee.kind else { return None };
        let defining = self.defined().get(name.as_str())?;
        let client = |site: Site, name: &str| -> Vec<String> {
            let paths = self.callee_paths(site);
            let ends = paths.iter().filter_map(|path| path.strip_suffix(name)?.strip_suffix('.'));
            ends.map(str::to_owned).collect()
        };
        let used = client(site, name);
        let is_of_client = |each: &&Site| {
            let ExpressionKind::Member { name, .. } = &self.units.calls[each.call].call.callee.kind else {
                return false;
            };
            client(**each, name).iter().any(|own| used.contains(own))
        };
        defining.iter().find(is_of_client).copied()
    }

    fn defined(&self) -> &FxHashMap<String, Vec<Site>> {
        self.defined.get_or_init(|| {
            let facts = self.catalogue.of_kind(Kind::Store).map(|(_, fact)| fact).filter(|fact| defines(fact));
            let methods: Vec<&str> =
                facts.flat_map(|fact| &fact.names).filter_map(|name| name.rsplit('.').next()).collect();
            let mut defined: FxHashMap<String, Vec<Site>> = FxHashMap::default();
            for (call, info) in self.units.calls.iter().enumerate() {
                let ExpressionKind::Member { name, .. } = &info.call.callee.kind else { continue };
                let site = Site { call, frame: self.open_frame(info.unit) };
                let is_known = |path: &Rc<str>| self.facts_of(path, Kind::Store).iter().any(|(_, fact)| defines(fact));
                if methods.contains(&name.as_str())
                    && self.callee_paths(site).iter().any(is_known)
                    && let Given::Present { expression, frame } = self.argument(site, "#0")
                    && let Some(command) = self.text(expression, frame)
                {
                    defined.entry(command).or_default().push(site);
                }
            }
            defined
        })
    }
}

fn defines(fact: &Fact) -> bool {
    fact.does.as_deref() == Some(DEFINE)
}
