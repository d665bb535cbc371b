//! Objects of checked classes that are made of variables: `Config(api_key=os.getenv("KEY"))` raises where the field must
//! be a text and nothing is given.

use crate::judge::case::Case;
use crate::judge::conditions::environment::names::Variables;
use crate::link::units::ClassId;
use crate::link::{Program, Site, Value};
use crate::model::{Argument, Expression, ExpressionKind};
use crate::rules::catalogue::Kind;

use super::{Checks, when};

impl Checks {
    /// What is given to the fields of classes whose library holds them against their types when an object is made.
    pub(super) fn by_models<'m>(&mut self, case: &Case<'_, 'm>, variables: &Variables<'_, 'm>) {
        let program = case.program;
        let checked: Vec<bool> = (0..program.units.classes.len()).map(|class| is_checked(program, class)).collect();
        if !checked.contains(&true) {
            return;
        }
        for (call, info) in program.units.calls.iter().enumerate() {
            let site = Site { call, frame: program.open_frame(info.unit) };
            let made = case.callees(site).iter().find_map(|value| match value {
                Value::Class(class) if checked.get(*class) == Some(&true) => Some(*class),
                _ => None,
            });
            let Some(class) = made else { continue };
            for argument in info.call.arguments.iter().filter(|argument| must_be_given(program, class, argument)) {
                for named in variables.held(&argument.value, site.frame) {
                    let (when, roots) = when(case, info.unit, Some(info.node), &named.via);
                    self.add(&named.name, when, &roots, (info.module, argument.value.span));
                }
            }
        }
    }
}

/// Whether a class derives from one whose objects are held against their types when they are made.
fn is_checked(program: &Program<'_>, class: ClassId) -> bool {
    program.line_of(class).into_iter().any(|class| {
        let info = &program.units.classes[class];
        let frame = program.open_frame(info.unit);
        let holds = |value: &Value<'_>| {
            let facts = value.path().map(|path| program.facts_of(path, Kind::Guard)).unwrap_or_default();
            facts.iter().any(|(_, fact)| fact.protects.as_deref() == Some("E1"))
        };
        info.class.bases.iter().any(|base| program.values(base, frame).iter().any(holds))
    })
}

/// Whether nothing will not do for the field that an argument is given to: it is declared as a text or a number.
fn must_be_given(program: &Program<'_>, class: ClassId, argument: &Argument) -> bool {
    let Some(name) = argument.name.as_deref() else { return false };
    let is_plain = |annotation: &Expression| {
        matches!(&annotation.kind, ExpressionKind::Name(name) | ExpressionKind::Member { name, .. }
            if !matches!(name.as_str(), "Any" | "Optional" | "object" | "None"))
    };
    let fields = program.line_of(class).into_iter().filter_map(|class| program.units.classes[class].fields.get(name));
    let mut declared = fields.flatten().filter_map(|(_, assignment)| assignment.annotation.as_ref());
    declared.next().is_some_and(is_plain)
}
