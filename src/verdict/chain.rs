//! What stands at one line of the audited tree, and the ways that lead through it: what `explain PATH:LINE` says.

use super::{Evidence, Item, Location, Text, Verdict};

/// The answer to "what is there?".
#[derive(Clone, Debug, PartialEq)]
pub enum Explained {
    /// The file is no part of the audit.
    NotAudited {
        path: String,
        /// Why, and what to do about it.
        why: Text,
    },
    /// Nothing stands at the line that an item asks about.
    Nothing {
        path: String,
        line: u32,
        /// What stands nearest in the same file, in the order of its lines.
        nearest: Vec<Thing>,
    },
    Thing(Box<Account>),
}

/// An entry point, a call, a guard or a function, by what it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Thing {
    pub location: Location,
    pub what: Text,
}

/// Everything that is known of one thing.
#[derive(Clone, Debug, PartialEq)]
pub struct Account {
    pub thing: Thing,
    /// What else stands at the line.
    pub beside: Vec<Thing>,
    /// What to know of it before its ways.
    pub remarks: Vec<Text>,
    pub chains: Vec<Chain>,
    /// How many more ways there are than `chains` shows, as a sentence.
    pub more: Option<Text>,
    /// What the items say that ask about it.
    pub stands: Vec<Stand>,
}

/// One way: entry point → … → guard → call.
#[derive(Clone, Debug, PartialEq)]
pub struct Chain {
    pub title: Text,
    pub steps: Vec<Step>,
}

/// One place on a way.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    pub location: Location,
    pub what: Text,
    /// The items that it guards.
    pub guards: Vec<Item>,
    /// Whether it is what was asked about.
    pub is_asked: bool,
    /// The line of source at the place; filled in where the text is known.
    pub code: String,
}

/// How one item stands at one place.
#[derive(Clone, Debug, PartialEq)]
pub struct Stand {
    pub item: Item,
    pub verdict: Verdict,
    /// Why, in sentences; where a guard stands, or what is missing for whom.
    pub because: Vec<Evidence>,
    /// What was looked at in vain.
    pub searched: Option<Text>,
}

impl Account {
    /// All sentences, for whoever has to keep something out of them.
    pub fn texts_mut(&mut self) -> impl Iterator<Item = &mut Text> {
        let things = std::iter::once(&mut self.thing).chain(&mut self.beside).map(|thing| &mut thing.what);
        let chains = self.chains.iter_mut().flat_map(|chain| {
            std::iter::once(&mut chain.title).chain(chain.steps.iter_mut().map(|step| &mut step.what))
        });
        let stands = self.stands.iter_mut().flat_map(|stand| {
            stand.because.iter_mut().map(|evidence| &mut evidence.message).chain(&mut stand.searched)
        });
        things.chain(&mut self.remarks).chain(chains).chain(&mut self.more).chain(stands)
    }
}
