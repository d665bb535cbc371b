//! Schemas within schemas: validators that look into a field only where it says so.

use crate::link::units::ClassId;
use crate::link::{Site, Value};
use crate::model::{Assignment, Expression};
use crate::rules::catalogue::{Fact, Kind};

use super::{Limit, NESTED, Schemas, TYPED};

impl<'m> Schemas<'_, 'm> {
    /// What the class of a field declares, where the field is looked into: `@ValidateNested() @Type(() => Note)`,
    /// `#[validate(nested)]`.
    pub(super) fn looked_into(&self, within: Limit, class: ClassId, field: &str, assignment: &'m Assignment) -> Limit {
        let Limit::Declared(by) = &within else { return within };
        let program = self.program;
        let is_asked = |role: &str| {
            program.catalogue.of_kind(Kind::TextLimit).any(|(id, fact)| {
                is_of(fact, role, by) && fact.names.first().is_none_or(|name| program.version_fits(id, name))
            })
        };
        let markers: Vec<&'m Expression> =
            assignment.value.iter().chain(self.decorations(class, field)).flat_map(parts).collect();
        let home = program.open_frame(program.units.classes[class].unit);
        let says = |role: &str| {
            let values = markers.iter().flat_map(|marker| program.values(marker, home).to_vec());
            values.into_iter().any(|value| self.marks(&value, role, by))
        };
        if [NESTED, TYPED].iter().all(|role| !is_asked(role) || says(role)) { within } else { Limit::None }
    }

    /// Whether what stands at a field is a marker of a role.
    fn marks(&self, marker: &Value<'m>, role: &str, by: &str) -> bool {
        let program = self.program;
        let Value::Library { path, sites } = marker else { return false };
        let Some(site) = sites.last().copied() else { return self.is_marker(path, None, role, by) };
        program.callee_paths(site).iter().any(|path| self.is_marker(path, Some(site), role, by))
    }

    fn is_marker(&self, path: &str, site: Option<Site>, role: &str, by: &str) -> bool {
        let program = self.program;
        program.facts_of(path, Kind::TextLimit).iter().any(|(_, fact)| {
            is_of(fact, role, by) && site.map_or(fact.needs.is_empty(), |site| program.applies(fact, site))
        })
    }
}

/// Whether a fact is about a marker of a role, for what is declared in this way.
fn is_of(fact: &Fact, role: &str, by: &str) -> bool {
    fact.role.as_deref() == Some(role) && fact.by.as_deref().or(fact.how.as_deref()) == Some(by)
}

/// Several attributes of one field.
fn parts(marker: &Expression) -> Vec<&Expression> {
    match &marker.kind {
        crate::model::ExpressionKind::List(parts) => parts.iter().collect(),
        _ => vec![marker],
    }
}
