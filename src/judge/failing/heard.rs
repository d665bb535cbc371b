//! Who hears what a function of the program sends: those who asked, or only the operators, by a log, a tracker or a
//! channel of theirs.

use crate::judge::case::Case;
use crate::judge::retrying::last_name;
use crate::link::Site;

use super::is_log;

/// Functions within functions that are looked into.
const DEPTH: usize = 5;
/// Calls that are looked at.
const CALLS: usize = 200;
/// How the names of functions begin that hand something to somebody.
const HANDS_OUT: [&str; 15] = [
    "send",
    "reply",
    "emit",
    "write",
    "respond",
    "answer",
    "publish",
    "put",
    "push",
    "post",
    "broadcast",
    "enqueue",
    "say",
    "json",
    "render",
];

/// Those who hear something. Of several the greatest counts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Heard {
    Nobody,
    Operators,
    Others,
}

/// Whether what a call of a function of the program sends is heard by the operators and by nobody else.
pub(super) fn tells_only_operators(case: &Case<'_, '_>, site: Site) -> bool {
    heard_by(case, site, 0, &mut 0) == Heard::Operators
}

fn heard_by(case: &Case<'_, '_>, site: Site, depth: usize, calls: &mut usize) -> Heard {
    let program = case.program;
    *calls += 1;
    if depth > 0 && is_log(case, site) {
        return Heard::Operators;
    }
    let frames = program.runs(site);
    if frames.is_empty() {
        let name = last_name(&program.units.calls[site.call].call.callee).unwrap_or("");
        let hands_out = HANDS_OUT.iter().any(|word| name.starts_with(word));
        return if hands_out { Heard::Others } else { Heard::Nobody };
    }
    if depth >= DEPTH || *calls > CALLS {
        return Heard::Others;
    }
    let mut heard = Heard::Nobody;
    for frame in frames.iter().copied() {
        let unit = &program.units.units[program.unit_of_frame(frame)];
        if !unit.yields.is_empty() {
            return Heard::Others;
        }
        for call in &unit.calls {
            heard = heard.max(heard_by(case, Site { call: *call, frame }, depth + 1, calls));
            if heard == Heard::Others {
                return heard;
            }
        }
    }
    heard
}
