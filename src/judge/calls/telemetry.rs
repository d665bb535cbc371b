//! What a program tells its makers of itself: a request that nobody waits for, of something that is called so.

use crate::judge::guards::is_dropped;
use crate::link::Program;
use crate::link::units::{CallId, NodeKind};
use crate::model::{Language, StatementKind};
use crate::rules::catalogue::{Calls, Kind};

use super::External;

/// Words in the names and addresses of what counts how a program is used.
const WORDS: [&str; 2] = ["telemetry", "analytics"];

/// Leaves out what telemetry sends: whatever becomes of it, nobody waits for it.
pub(super) fn leave_out(program: &Program<'_>, all: &mut Vec<External>) {
    all.retain(|each| {
        let is_request = each.kind == Calls::External && program.catalogue.fact(each.fact).is == Kind::Http;
        !(is_request && is_named_so(program, each) && is_left_alone(program, each.call))
    });
}

/// Whether nothing waits for what a call answers: it is a statement of its own, where that waits for nothing.
fn is_left_alone(program: &Program<'_>, call: CallId) -> bool {
    let info = &program.units.calls[call];
    if program.modules[info.module].language != Language::TypeScript {
        return false;
    }
    let NodeKind::Plain(statement) = program.units.nodes[info.node].kind else { return false };
    matches!(&statement.kind, StatementKind::Expression(value) if is_dropped(value, info.call))
}

/// Whether the address, the file, or the function or class around a request is called so.
fn is_named_so(program: &Program<'_>, request: &External) -> bool {
    let info = &program.units.calls[request.call];
    let around = std::iter::successors(Some(info.unit), |unit| program.units.units[*unit].parent);
    let names = around.map(|unit| program.units.units[unit].name());
    let classes = program.units.classes.iter();
    let of_class = classes
        .filter(|class| class.module == info.module && class.class.span.contains(info.call.span))
        .map(|class| class.class.name.as_str());
    // A folder holds more than that.
    let path = program.modules[info.module].path.as_str();
    let file = path.rsplit('/').next().unwrap_or(path);
    names.chain(of_class).chain([request.api.as_str(), file]).any(|name| {
        let name = name.to_ascii_lowercase();
        WORDS.iter().any(|word| name.contains(word))
    })
}
