//! Who hears what a call is given: those who asked, or only the operators, by a log, a tracker or a channel of theirs, or
//! nobody but what keeps count.

use crate::judge::case::Case;
use crate::judge::conditions::environment::meanings::words;
use crate::judge::retrying::last_name;
use crate::link::{Program, Site, Value};
use crate::model::ExpressionKind;
use crate::rules::catalogue::Kind;

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

/// How the names of calls begin that give something to those who asked.
const ANSWERS: [&str; 24] = [
    "send", "reply", "emit", "write", "respond", "answer", "say", "json", "jsonp", "html", "text", "body", "render",
    "end", "edit", "echo", "flash", "finish", "toast", "alert", "error", "followup", "stream", "enqueue",
];
/// Words by which things go that keep count, carry away or keep what they are given, and answer nobody.
const ELSEWHERE: [&str; 40] = [
    "analytics",
    "audit",
    "breaker",
    "bus",
    "cache",
    "collector",
    "counter",
    "database",
    "db",
    "dlq",
    "event",
    "events",
    "emitter",
    "exporter",
    "file",
    "fs",
    "gauge",
    "histogram",
    "journal",
    "kafka",
    "ledger",
    "metrics",
    "monitor",
    "monitoring",
    "producer",
    "publisher",
    "queue",
    "queues",
    "repo",
    "repository",
    "span",
    "sqs",
    "stats",
    "statsd",
    "stderr",
    "store",
    "telemetry",
    "topic",
    "tracker",
    "tracking",
];
/// What puts something to others of its kind.
const COLLECTS: [&str; 11] = [
    "append",
    "push",
    "extend",
    "add",
    "insert",
    "unshift",
    "push_back",
    "put",
    "put_nowait",
    "appendleft",
    "push_str",
];

/// Whether a method puts what it is given to others of its kind: `errors.append(error)`.
pub(super) fn collects(name: &str) -> bool {
    COLLECTS.contains(&name)
}

/// Whether a call of what is no function of the program gives what it is given to those who asked: by what is known of it,
/// or by its name where it is not called on what keeps count.
pub(super) fn hands_out(case: &Case<'_, '_>, site: Site) -> bool {
    let program = case.program;
    let paths = program.callee_paths(site);
    if paths.iter().any(|path| program.is_a(path, Kind::Respond) || program.is_a(path, Kind::Reject)) {
        return true;
    }
    let callee = &program.units.calls[site.call].call.callee;
    let name = last_name(callee).unwrap_or("");
    let mut parts = words(name).filter(|part| !part.is_empty());
    let Some(first) = parts.next() else { return false };
    let ExpressionKind::Member { object, .. } = &callee.kind else {
        // `setReply(text)`: what a page shows.
        let is_shown = first == "set" && name.chars().nth(3).is_some_and(char::is_uppercase);
        return is_shown || is_one_of(first, &ANSWERS);
    };
    let written = Program::written(object);
    let holder = || written.split(|each: char| !each.is_alphanumeric()).flat_map(words);
    let goes_elsewhere = || holder().chain(words(name)).any(|word| is_one_of(word, &ELSEWHERE));
    let is_stream = || holder().any(|word| is_one_of(word, &["stream", "controller", "response", "res", "writer"]));
    match first {
        "push" | "put" => is_stream(),
        _ => is_one_of(first, &ANSWERS) && !goes_elsewhere(),
    }
}

fn is_one_of(word: &str, known: &[&str]) -> bool {
    known.iter().any(|each| each.eq_ignore_ascii_case(word))
}

/// Whether what a call of a function of the program sends is heard by others than the operators.
pub(super) fn tells_others(case: &Case<'_, '_>, site: Site) -> bool {
    heard_by(case, site, 0, &mut 0) == Heard::Others
}

fn heard_by(case: &Case<'_, '_>, site: Site, depth: usize, calls: &mut usize) -> Heard {
    let program = case.program;
    *calls += 1;
    if depth > 0 && is_log(case, site) {
        return Heard::Operators;
    }
    let frames = program.runs(site);
    if frames.is_empty() {
        // A function of the program that never runs, for nobody awaits it.
        if case.callees(site).iter().any(|callee| matches!(callee, Value::Function { .. })) {
            return Heard::Nobody;
        }
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
