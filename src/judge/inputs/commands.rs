//! What stands behind the command that started the program: its arguments as they are, and what a parser makes of them.

use std::collections::BTreeSet;

use crate::link::Site;
use crate::model::{Argument, ExpressionKind, Literal};
use crate::rules::catalogue::{Fact, Kind};
use crate::rules::checked::{expand, plain};

use super::super::behaviour::is_of_command;
use super::Inputs;

/// The key by which a part is named where that is not its own name.
const NAME: &str = "dest";

impl<'m> Inputs<'_, '_, 'm> {
    /// The fact by which a name is what stands behind a command, or what a parser makes of that.
    pub(super) fn command(&self, path: &str) -> Option<&'m Fact> {
        self.program().facts_of(path, Kind::Request).into_iter().map(|(_, fact)| fact).find(|fact| is_of_command(fact))
    }

    /// Whether a part is declared to be no free text: `add_argument("--shape", choices=["round", "square"])`.
    pub(super) fn is_declared_otherwise(&self, fact: &Fact, part: Option<&str>) -> bool {
        let program = self.program();
        let Some(part) = part.filter(|_| !fact.keys.is_empty()) else { return false };
        let declares = |site: &&Site| {
            let arguments = &program.units.calls[site.call].call.arguments;
            arguments.iter().any(|argument| names(argument, part))
        };
        let is_other = |site: &Site| fact.unless.iter().any(|unless| program.meets(unless, *site) == Some(true));
        self.declared_parts().iter().filter(declares).any(is_other)
    }

    /// The calls that declare a part of what stands behind a command.
    fn declared_parts(&self) -> &[Site] {
        self.declared_parts.get_or_init(|| {
            let program = self.program();
            let facts = program.catalogue.of_kind(Kind::Request).map(|(_, fact)| fact);
            let keys = facts.filter(|fact| is_of_command(fact)).flat_map(|fact| &fact.keys);
            let keys: Vec<String> = keys.flat_map(|key| expand(key)).collect();
            let own: Vec<&str> = keys.iter().filter_map(|key| key.rsplit('.').next()).collect();
            let calls = own.iter().flat_map(|name| program.calls_of_method(name)).copied().collect::<BTreeSet<_>>();
            let site = |call| Site { call, frame: program.open_frame(program.units.calls[call].unit) };
            let is_named = |site: &Site| program.callee_paths(*site).iter().any(|path| keys.contains(&plain(path)));
            calls.into_iter().map(site).filter(is_named).collect()
        })
    }
}

/// Whether an argument of a declaration is the name of a part: `"--number-of-days"` of `number_of_days`.
fn names(argument: &Argument, part: &str) -> bool {
    let is_name = argument.name.as_deref().is_none_or(|name| name == NAME);
    let ExpressionKind::Literal(Literal::Text(text)) = &argument.value.kind else { return false };
    is_name && text.trim_start_matches('-').replace('-', "_") == part
}
