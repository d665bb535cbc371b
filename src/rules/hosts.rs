//! The addresses that facts are about.

use regex::RegexSet;

use super::catalogue::Fact;
use super::checked::FactId;

/// The addresses of all facts of one kind, compiled.
#[derive(Debug, Default)]
pub struct Hosts {
    patterns: RegexSet,
    facts: Vec<FactId>,
}

impl Hosts {
    /// Those of the facts given.
    pub fn of<'c>(facts: impl Iterator<Item = (FactId, &'c Fact)>) -> Hosts {
        let (sources, facts): (Vec<&String>, Vec<FactId>) =
            facts.flat_map(|(id, fact)| fact.hosts.iter().map(move |host| (host, id))).unzip();
        Hosts { patterns: RegexSet::new(sources).unwrap_or_default(), facts }
    }

    /// The first fact that is about an address.
    pub fn find(&self, address: &str) -> Option<FactId> {
        self.patterns.matches(address).iter().next().and_then(|index| self.facts.get(index)).copied()
    }
}
