//! Middleware that sees entry points of one kind only: what is around HTTP requests lets websockets pass untouched.

use crate::link::Program;
use crate::link::values::FrameId;
use crate::link::values::Value;
use crate::model::Expression;
use crate::rules::catalogue::{Fact, Kind};

use super::{Entries, Link};

/// The role of facts that tell what kind of entry points something sees.
pub(super) const KIND: &str = "kind";
/// Connections that stay open, and are asked for by no request like the others.
const WEBSOCKET: &str = "websocket";

impl<'m> Entries<'m> {
    /// Notes which kind of entry points a registration puts something in front of, where that is told: by the fact itself,
    /// or by a class that it is given.
    pub(super) fn note_kind(
        &mut self,
        program: &Program<'m>,
        fact: &'m Fact,
        given: impl Iterator<Item = (&'m Expression, FrameId)>,
        links: &[Link<'m>],
    ) {
        let by_class = |(given, frame): (&'m Expression, FrameId)| {
            program.values(given, frame).iter().find_map(|value| kind_seen_by(program, value))
        };
        let kind = fact.entry.as_deref().or_else(|| given.filter_map(by_class).next());
        if let Some(kind) = kind.filter(|_| fact.is == Kind::Middleware) {
            self.of_kind.extend(links.iter().map(|link| ((link.module, link.span), kind)));
        }
    }

    /// Whether what stands in front sees entry points of a kind.
    pub(super) fn sees(&self, program: &Program<'m>, link: &Link<'m>, kind: &str) -> bool {
        let seen = self.of_kind.get(&(link.module, link.span)).copied();
        let seen = seen.or_else(|| kind_seen_by(program, &link.value));
        seen.is_none_or(|seen| (seen == WEBSOCKET) == (kind == WEBSOCKET))
    }
}

/// The kind of entry points that something of a library sees, or a class that derives from it.
fn kind_seen_by<'m>(program: &Program<'m>, value: &Value<'m>) -> Option<&'m str> {
    let of_name = |path: &str| {
        let facts = program.facts_of(path.trim_end_matches("()"), Kind::Middleware);
        let told = facts.into_iter().find(|(_, fact)| fact.role.as_deref() == Some(KIND));
        told.and_then(|(_, fact)| fact.entry.as_deref())
    };
    match value {
        Value::Library { path, .. } => of_name(path),
        Value::Class(class) | Value::Instance { class, .. } => program.line_of(*class).into_iter().find_map(|class| {
            let info = &program.units.classes[class];
            let home = program.open_frame(info.unit);
            let bases = info.class.bases.iter().flat_map(|base| program.values(base, home).to_vec());
            bases.filter_map(|base| of_name(base.path()?)).next()
        }),
        _ => None,
    }
}
