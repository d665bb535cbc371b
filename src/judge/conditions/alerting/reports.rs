//! Trackers that see what nobody has answered: where a framework answers all that its handlers raise, an error has to be
//! reported to them.

use crate::judge::case::Case;
use crate::link::Site;
use crate::link::units::{ModuleId, NodeKind};
use crate::model::StatementKind;
use crate::rules::catalogue::{Fact, Kind};

/// Whether an application that runs together with a module answers itself what its handlers raise.
pub(super) fn answers_itself(case: &Case<'_, '_>, module: ModuleId) -> bool {
    let program = case.program;
    let answers = |path: &str| {
        program.facts_of(path, Kind::Router).iter().any(|(_, fact)| fact.role.as_deref() == Some("answers"))
    };
    program.units.calls.iter().enumerate().any(|(call, info)| {
        let site = Site { call, frame: program.open_frame(info.unit) };
        program.callee_paths(site).iter().any(|path| answers(path)) && case.processes().shared(module, info.module)
    })
}

/// Whether the program reports errors to a tracker somewhere: by a call or a decorator of its library, or by something
/// of it that is imported to be registered.
pub(super) fn is_reported(case: &Case<'_, '_>, tracker: &str) -> bool {
    let program = case.program;
    let library = program.facts_of(tracker, Kind::Guard).first().map(|(id, _)| program.catalogue.library_of(*id));
    let reports = |path: &str| {
        program.facts_of(path, Kind::Notify).iter().any(|(id, fact)| {
            is_report(fact) && library.is_some_and(|library| std::ptr::eq(library, program.catalogue.library_of(*id)))
        })
    };
    let is_called = program.units.calls.iter().enumerate().any(|(call, info)| {
        let site = Site { call, frame: program.open_frame(info.unit) };
        program.callee_paths(site).iter().any(|path| reports(path))
    });
    is_called || imported_names(case).any(|name| reports(&name))
}

/// Whether a fact is about a report to a tracker, which reaches nobody where that is not initialised.
pub(super) fn is_report(fact: &Fact) -> bool {
    fact.role.as_deref() == Some("report")
}

/// The canonical names of what is imported, one by one.
fn imported_names<'c>(case: &'c Case<'_, '_>) -> impl Iterator<Item = String> + 'c {
    let program = case.program;
    program.units.nodes.iter().filter_map(move |node| {
        let NodeKind::Plain(statement) = node.kind else { return None };
        let StatementKind::Import(import) = &statement.kind else { return None };
        let name = import.name.as_ref().filter(|_| !import.is_type_only)?;
        let language = program.modules[program.module_of(node.unit)].language;
        Some(format!("{}.{name}", program.catalogue.canonical(language, &import.source)))
    })
}
