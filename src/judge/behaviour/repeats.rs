//! C3 by what is done: a key of the request is claimed, or looked up before the work and stored after it.

use rustc_hash::FxHashSet;

use crate::link::flow::{Gate, Slice, children};
use crate::link::units::{Binding, NodeKind, UnitId};
use crate::link::{FrameId, How, Program, Site, Value};
use crate::model::{Argument, Call, Expression, ExpressionKind, Literal, StatementKind};
use crate::rules::catalogue::Kind;

use super::fresh::is_fresh;
use super::operations::{Operation, operation};
use super::quantities::{self, Quantity, Source};
use super::scripts;
use super::subjects::{Subject, are_related, of_operation};
use super::writes::Write;

/// A look-up that decides whether the work is done.
pub(super) struct LookUp<'m> {
    pub(super) subjects: Vec<Subject>,
    pub(super) key: (&'m Expression, FrameId),
    /// The operation of a store by which it looks.
    site: Option<Site>,
    /// The collection in which it looks.
    pub(super) holder: Option<(&'m Expression, FrameId)>,
}

/// Whether a gate recognises what was asked before. `reached` are the units that run for the request.
pub(super) fn stops<'m>(
    program: &Program<'m>,
    gate: &Gate<'m>,
    slice: &Slice<'m>,
    writes: &[Write<'m>],
    reached: Option<&FxHashSet<UnitId>>,
) -> bool {
    let claims = slice.sites.iter().any(|site| {
        operation(program, *site) == Some(Operation::Claim)
            && !is_constant(program, *site)
            && !is_named_anew(program, *site)
    });
    if claims || inserts_once(program, slice) {
        return true;
    }
    refuses_when_found(program, gate)
        && !is_about_numbers(program, gate.test, gate.frame, 0)
        && look_ups(program, slice).iter().any(|look_up| {
            is_of_the_request(program, look_up.key)
                && !is_fresh(program, look_up.key)
                && !finds_itself(program, look_up)
                && writes.iter().any(|write| {
                    reached.is_none_or(|reached| super::runs_within(program, write.unit, reached))
                        && are_related(&look_up.subjects, &write.subjects)
                        && !only_makes_up_for_it(program, write, gate)
                })
        })
}

/// Whether what is looked up was set under the same key just before: it is always found, and says nothing about others.
fn finds_itself(program: &Program<'_>, look_up: &LookUp<'_>) -> bool {
    let Some(site) = look_up.site else { return false };
    program.before(site).iter().any(|before| {
        before.under.is_none()
            && operation(program, before.site) == Some(Operation::Set)
            && super::same_key(program, before.site, site)
    })
}

/// Whether something is put where nothing was, and all goes on as if it had been there: `if user not in locks:
/// locks[user] = Lock()`. That is how a registry is filled, and tells nothing about what was asked.
fn only_makes_up_for_it<'m>(program: &Program<'m>, write: &Write<'m>, gate: &Gate<'m>) -> bool {
    let Some(branch) = program.units.nodes[write.node].parent else { return false };
    let NodeKind::Then(test) = program.units.nodes[branch].kind else { return false };
    let looks = |asked: &Expression| match &asked.kind {
        ExpressionKind::Call(call) => matches!(&call.callee.kind, ExpressionKind::Member { name, .. }
            if matches!(name.as_str(), "get" | "has" | "contains" | "contains_key" | "includes")),
        _ => false,
    };
    let is_missing = match &test.kind {
        ExpressionKind::Operator { operator, operands } => match (operator.as_str(), operands.as_slice()) {
            ("not in", _) => true,
            ("not", [asked]) => looks(asked),
            ("==" | "is", [asked, other]) => is_nothing(other) && looks(asked),
            _ => false,
        },
        _ => false,
    };
    // Where the work itself is done under this test, what is put there is its result.
    let decides = std::ptr::eq(test, gate.test);
    let mut nodes = program.units.units[write.unit].nodes.iter();
    is_missing && !decides && nodes.all(|node| *node == write.node || program.units.nodes[*node].parent != Some(branch))
}

/// A claim of one and the same key says nothing about the request: a lock of the whole program.
fn is_constant(program: &Program<'_>, site: Site) -> bool {
    if super::operations::statement(program, site).is_some() {
        return false;
    }
    claimed(program, site).is_some_and(|(key, frame)| {
        let slice = program.slice(key, frame);
        slice.parameters.is_empty() && !super::depends_on_caller(program, key, frame)
    })
}

/// What a claim is about: its key, or in a row the column by which it conflicts with another:
/// `values({ id, text }).onConflictDoNothing({ target: requests.id })`.
fn claimed<'m>(program: &Program<'m>, site: Site) -> Option<(&'m Expression, FrameId)> {
    let call = program.units.calls[site.call].call;
    let tells_conflict = |given: &&Argument| {
        given.name.is_some() || matches!(given.value.kind, ExpressionKind::Object(_) | ExpressionKind::List(_))
    };
    let row = row_of(program, site);
    if row.is_empty() || call.arguments.first().filter(tells_conflict).is_none() {
        return scripts::key_of(program, site).map(|key| (key, site.frame));
    }
    let mut decides: Vec<&str> = Vec::new();
    let mut open: Vec<&Expression> = call.arguments.iter().map(|argument| &argument.value).collect();
    while let Some(each) = open.pop() {
        match &each.kind {
            ExpressionKind::Member { name, .. } | ExpressionKind::Literal(Literal::Text(name)) => decides.push(name),
            _ => children(each, &mut |child| open.push(child)),
        }
    }
    row.into_iter().find(|(name, ..)| decides.contains(name)).map(|(_, value, frame)| (value, frame))
}

/// The columns of the row that the calls before a call are given: `values({ id, text })`, `values(id=.., text=..)`.
fn row_of<'m>(program: &Program<'m>, site: Site) -> Vec<(&'m str, &'m Expression, FrameId)> {
    let mut call = program.units.calls[site.call].call;
    let mut columns = Vec::new();
    while let ExpressionKind::Member { object, .. } = &call.callee.kind {
        let ExpressionKind::Call(inner) = &object.kind else { break };
        call = inner;
        for argument in &call.arguments {
            match argument.name.as_deref() {
                Some(name) if name != "**" => columns.push((name, &argument.value, site.frame)),
                _ => columns_of(program, &argument.value, site.frame, &mut columns, 0),
            }
        }
    }
    columns
}

/// A claim under a name that was never there before, or of a row that is made with a number of its own.
fn is_named_anew(program: &Program<'_>, site: Site) -> bool {
    claimed(program, site).is_some_and(|key| is_fresh(program, key)) || makes_number(program, site)
}

/// `insert({ id: generateId(), text })`: the row conflicts with none, unless a column of it names the request.
fn makes_number(program: &Program<'_>, site: Site) -> bool {
    // What is said about the conflict itself (`{ target: requests.id }`) tells which column decides.
    if !program.units.calls[site.call].call.arguments.is_empty() {
        return false;
    }
    let columns = row_of(program, site);
    // `id`, `uid` and longer ones that start like it.
    let is_number = |name: &str| plain(name).trim_start_matches('u') == "id";
    let names_request = |name: &str| REQUESTS.iter().any(|word| plain(name).contains(word));
    columns.iter().any(|(name, value, frame)| is_number(name) && is_fresh(program, (value, *frame)))
        && !columns.iter().any(|(name, ..)| names_request(name))
}

/// The fields of an object, also of those that are spread into it.
fn columns_of<'m>(
    program: &Program<'m>,
    row: &'m Expression,
    frame: FrameId,
    columns: &mut Vec<(&'m str, &'m Expression, FrameId)>,
    depth: usize,
) {
    if depth > 4 {
        return;
    }
    let ExpressionKind::Object(entries) = &row.kind else {
        for value in program.values(row, frame).iter() {
            if let Value::Data { expression, frame } = value
                && !std::ptr::eq(expression.0, row)
            {
                columns_of(program, expression.0, *frame, columns, depth + 1);
            }
        }
        return;
    };
    for entry in entries {
        match (&entry.key, &entry.value.kind) {
            (Some(key), _) => columns.push((key, &entry.value, frame)),
            (None, ExpressionKind::Spread(inner)) => columns_of(program, inner, frame, columns, depth + 1),
            _ => {}
        }
    }
}

/// Whether a key names something that is asked for and nobody who asks: `title:${params.id}`.
pub(super) fn names_a_thing_only<'m>(program: &Program<'m>, key: (&'m Expression, FrameId)) -> bool {
    let (mut thing, mut caller) = (false, false);
    for (part, _) in &program.slice(key.0, key.1).parts {
        match &part.kind {
            ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } => {
                let name = plain(name);
                thing |= matches!(name.as_str(), "id" | "params");
                caller |= is_caller(&name);
            }
            ExpressionKind::Literal(Literal::Text(text)) => {
                caller |= text.split(|each: char| !each.is_alphanumeric()).any(|word| is_caller(&plain(word)));
            }
            _ => {}
        }
    }
    thing && !caller
}

/// `if !seen.insert(id)`: a set that says whether the value is new, as a test by itself.
fn inserts_once(program: &Program<'_>, slice: &Slice<'_>) -> bool {
    slice.sites.iter().any(|site| {
        let call = program.units.calls[site.call].call;
        let ExpressionKind::Member { name, .. } = &call.callee.kind else { return false };
        name == "insert" && call.arguments.len() == 1 && is_test(slice, site)
    })
}

/// Whether the result of a call is what is tested.
fn is_test(slice: &Slice<'_>, site: &Site) -> bool {
    slice.parts.iter().any(|(part, frame)| {
        let ExpressionKind::Operator { operator, operands } = &part.kind else { return false };
        operator == "not"
            && *frame == site.frame
            && matches!(operands.first().map(|operand| &operand.kind), Some(ExpressionKind::Call(call)) if matches!(&call.callee.kind, ExpressionKind::Member { name, .. } if name == "insert"))
    })
}

/// The look-ups that flow into a test: in stores, and `key in seen`, `answers[key]`, `seen.has(key)`.
pub(super) fn look_ups<'m>(program: &Program<'m>, slice: &Slice<'m>) -> Vec<LookUp<'m>> {
    let mut found = Vec::new();
    for site in &slice.sites {
        let call = program.units.calls[site.call].call;
        if operation(program, *site).is_some_and(|operation| matches!(operation, Operation::Get | Operation::Many)) {
            let subjects = of_operation(program, *site);
            for argument in asked_with(program, *site) {
                found.push(LookUp {
                    subjects: subjects.clone(),
                    key: (&argument.value, site.frame),
                    site: Some(*site),
                    holder: None,
                });
            }
            continue;
        }
        let Some(key) = call.arguments.first() else { continue };
        let ExpressionKind::Member { object, name } = &call.callee.kind else { continue };
        // `claims.insert(key, now).is_some()`: what was there before is what it answers.
        let tells = name == "insert" && call.arguments.len() == 2;
        if tells || matches!(name.as_str(), "get" | "has" | "contains" | "contains_key" | "includes" | "pop") {
            let subjects = kept_in(program, object, site.frame);
            if !subjects.is_empty() {
                found.push(LookUp {
                    subjects,
                    key: (&key.value, site.frame),
                    site: None,
                    holder: Some((object, site.frame)),
                });
            }
        }
    }
    for (part, frame) in &slice.parts {
        let (key, holder) = match &part.kind {
            ExpressionKind::Operator { operator, operands } if matches!(operator.as_str(), "in" | "not in") => {
                let [key, holder] = operands.as_slice() else { continue };
                (key, holder)
            }
            ExpressionKind::Index { object, index } => (index.as_ref(), object.as_ref()),
            _ => continue,
        };
        let subjects = kept_in(program, holder, *frame);
        if !subjects.is_empty() {
            found.push(LookUp { subjects, key: (key, *frame), site: None, holder: Some((holder, *frame)) });
        }
    }
    found
}

/// What a look-up is given, also by the calls that are chained to it: `.where(eq(events.id, id))`.
fn asked_with<'m>(program: &Program<'m>, site: Site) -> Vec<&'m Argument> {
    let info = &program.units.calls[site.call];
    if !info.call.arguments.is_empty() {
        return info.call.arguments.iter().collect();
    }
    let calls = program.units.units[info.unit].calls.iter().map(|call| program.units.calls[*call].call);
    let chained =
        calls.filter(|other| other.span.start == info.call.span.start && other.span.end != info.call.span.end);
    chained.filter(|other| is_condition(other)).flat_map(|other| &other.arguments).collect()
}

/// `.where(..)`, `.eq(column, value)`: a call that says which rows are meant.
fn is_condition(call: &Call) -> bool {
    matches!(&call.callee.kind, ExpressionKind::Member { name, .. }
        if matches!(name.as_str(), "where" | "andWhere" | "eq" | "match" | "filter" | "filter_by"))
}

/// What a collection that the program keeps is known by; nothing for what comes with the request.
fn kept_in<'m>(program: &Program<'m>, holder: &'m Expression, frame: FrameId) -> Vec<Subject> {
    let behind = quantities::behind(program, holder, frame);
    let is_kept = |each: &Quantity<'m>| each.source != Source::Row || is_of_session(program, holder, frame);
    behind.into_iter().filter(is_kept).flat_map(|each| each.subjects).collect()
}

/// Whether something is kept in the session of a visitor: on the server, from one request to the next.
fn is_of_session<'m>(program: &Program<'m>, holder: &'m Expression, frame: FrameId) -> bool {
    let is_memory = |path: &str| {
        path.match_indices('.').filter_map(|(at, _)| path.get(..at)).any(|head| program.is_a(head, Kind::Memory))
    };
    let slice = program.slice(holder, frame);
    slice.sites.iter().any(|site| program.callee_paths(*site).iter().any(|path| is_memory(path)))
}

/// Words for who asks, rather than for what is asked.
const CALLERS: [&str; 22] = [
    "user",
    "account",
    "session",
    "tenant",
    "ip",
    "host",
    "client",
    "auth",
    "authorization",
    "token",
    "apikey",
    "credentials",
    "password",
    "org",
    "organization",
    "customer",
    "email",
    "address",
    "xapikey",
    "cookie",
    "remoteaddr",
    "caller",
];

/// Who asks, where nothing else is in the name.
const ROOMS: [&str; 8] = ["chat", "chatid", "channel", "channelid", "sender", "senderid", "guild", "guildid"];

/// Words for the one request, as clients name it.
const REQUESTS: [&str; 12] = [
    "idempoten",
    "requestid",
    "messageid",
    "msgid",
    "eventid",
    "updateid",
    "dedup",
    "clientid",
    "nonce",
    "deliveryid",
    "fingerprint",
    "xrequestid",
];

/// Whether a key is made of what is asked: a hash of it, its text, or an id that the client gives the request.
pub(super) fn is_of_the_request<'m>(program: &Program<'m>, key: (&'m Expression, FrameId)) -> bool {
    let slice = program.slice(key.0, key.1);
    let mut names: Vec<String> = Vec::new();
    let (holders, held) = holders_of_callers(program, &slice);
    for (part, frame) in &slice.parts {
        if holders.iter().any(|holder| std::ptr::eq(*holder, *part)) {
            continue;
        }
        match &part.kind {
            ExpressionKind::Literal(Literal::Text(text)) if text.len() < 40 => {
                let text = plain(text);
                if REQUESTS.iter().any(|word| text.contains(word)) {
                    return true;
                }
            }
            ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } => {
                let plain = plain(name);
                if REQUESTS.iter().any(|word| plain.contains(word)) || is_id_of_event(part) {
                    return true;
                }
                let is_thing = program.values(part, *frame).iter().all(|value| match value {
                    Value::Library { path, .. } => !super::is_of_request(program, path),
                    Value::Function { .. } | Value::Class(_) | Value::Module(_) => true,
                    _ => false,
                });
                if !is_thing {
                    names.push(plain);
                }
            }
            ExpressionKind::Index { index, .. } => {
                if let ExpressionKind::Literal(Literal::Text(text)) = &index.kind {
                    names.push(plain(text));
                }
            }
            _ => {}
        }
    }
    let parameters = slice.parameters.iter().filter_map(|(unit, index, _)| {
        let parameter = program.units.units[*unit].function?.parameters.get(*index)?;
        match &parameter.target.kind {
            ExpressionKind::Name(name) if name != "self" && !held.contains(&name.as_str()) => Some(plain(name)),
            _ => None,
        }
    });
    names.extend(parameters);
    // What holds the request says nothing; what is taken from it does.
    names.retain(|name| {
        !matches!(
            name.as_str(),
            "request"
                | "req"
                | "self"
                | "c"
                | "ctx"
                | "context"
                | "key"
                | "headers"
                | "cache"
                | "store"
                | "state"
                | "id"
                | "params"
        )
    });
    !names.is_empty() && names.iter().any(|name| !is_caller(name))
}

/// `event.id`, `update.id`: what was sent names itself.
fn is_id_of_event(part: &Expression) -> bool {
    let ExpressionKind::Member { object, name } = &part.kind else { return false };
    let ExpressionKind::Name(holder) = &object.kind else { return false };
    name == "id" && matches!(plain(holder).as_str(), "event" | "evt" | "message" | "msg" | "update" | "delivery")
}

fn is_caller(name: &str) -> bool {
    ROOMS.contains(&name) || CALLERS.iter().any(|caller| name.contains(caller) && (caller.len() > 3 || name.len() < 6))
}

/// What callers are taken from: `event` of `event.from_user.id`; and the names that only stand for that.
fn holders_of_callers<'m>(program: &Program<'m>, slice: &Slice<'m>) -> (Vec<&'m Expression>, Vec<&'m str>) {
    let mut holders: Vec<&'m Expression> = Vec::new();
    for (part, _) in &slice.parts {
        let Some((mut at, name)) = taken_from(part) else { continue };
        if !is_caller(&plain(name)) {
            continue;
        }
        if let ExpressionKind::Call(call) = &part.kind {
            holders.push(&call.callee);
        }
        loop {
            holders.push(at);
            match taken_from(at) {
                Some((object, _)) => at = object,
                None => break,
            }
        }
    }
    for _ in 0..HANDED {
        let before = holders.len();
        handed_holders(program, slice, &mut holders);
        if holders.len() == before {
            break;
        }
    }
    let is_holder = |part: &Expression| holders.iter().any(|holder| std::ptr::eq(*holder, part));
    let roots = slice.parts.iter().filter_map(|(part, _)| match &part.kind {
        ExpressionKind::Name(name) => Some((name.as_str(), is_holder(part))),
        _ => None,
    });
    let roots: Vec<(&'m str, bool)> = roots.collect();
    let only_holds = |name: &&str| roots.iter().all(|(other, holds)| other != name || *holds);
    let held = roots.iter().filter(|(_, holds)| *holds).map(|(name, _)| *name).filter(|name| only_holds(name));
    let held = held.collect();
    (holders, held)
}

/// Functions through which what holds callers is handed on.
const HANDED: usize = 4;

/// What is only handed on to functions that take callers from it: `event` of `load(event)`, where that asks for
/// `event.user`.
fn handed_holders<'m>(program: &Program<'m>, slice: &Slice<'m>, holders: &mut Vec<&'m Expression>) {
    for (unit, index, frame) in &slice.parameters {
        let Some(function) = program.units.units[*unit].function else { continue };
        let Some(ExpressionKind::Name(own)) = function.parameters.get(*index).map(|each| &each.target.kind) else {
            continue;
        };
        let How::Call(site) = program.frame(*frame).how else { continue };
        let mut uses = slice
            .parts
            .iter()
            .filter(|(part, at)| at == frame && matches!(&part.kind, ExpressionKind::Name(name) if name == own));
        let only_holds = |(part, _): &(&'m Expression, FrameId)| holders.iter().any(|each| std::ptr::eq(*each, *part));
        if uses.clone().next().is_some()
            && uses.all(only_holds)
            && let Some(given) = program.passed_expression(function, *index, site)
            && !holders.iter().any(|each| std::ptr::eq(*each, given))
        {
            holders.push(given);
        }
    }
}

/// What a field is taken from, and its name: `event.user`, `event["user"]`, `event.get("user")`.
fn taken_from(part: &Expression) -> Option<(&Expression, &str)> {
    fn text(key: &Expression) -> Option<&str> {
        match &key.kind {
            ExpressionKind::Literal(Literal::Text(text)) => Some(text),
            _ => None,
        }
    }
    match &part.kind {
        ExpressionKind::Member { object, name } => Some((object, name)),
        ExpressionKind::Index { object, index } => Some((object, text(index)?)),
        ExpressionKind::Call(call) => match &call.callee.kind {
            ExpressionKind::Member { object, name } if name == "get" => {
                Some((object, text(&call.arguments.first()?.value)?))
            }
            _ => None,
        },
        _ => None,
    }
}

fn plain(name: &str) -> String {
    name.chars().filter(|character| character.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// `if cached: return cached` refuses when something was found; `if not account: return 401` when nothing was.
pub(super) fn refuses_when_found<'m>(program: &Program<'m>, gate: &Gate<'m>) -> bool {
    found_when(program, gate.test, gate.frame, 0) == gate.refuses_when
}

/// Whether a test holds where something was found.
fn found_when<'m>(program: &Program<'m>, test: &'m Expression, frame: FrameId, depth: usize) -> bool {
    match &test.kind {
        ExpressionKind::Await(inner) => found_when(program, inner, frame, depth),
        ExpressionKind::Operator { operator, operands } => match (operator.as_str(), operands.as_slice()) {
            ("not", [inner]) => !found_when(program, inner, frame, depth),
            ("==" | "is", [_, other]) if is_nothing(other) => false,
            ("!=" | "is not", [_, other]) if is_nothing(other) => true,
            ("not in", _) => false,
            _ if is_some_length(operator, operands) => !matches!(operator.as_str(), "==" | "<" | "<="),
            ("and" | "or", [first, ..]) => found_when(program, first, frame, depth),
            _ => true,
        },
        ExpressionKind::Call(call) => {
            let is_none = matches!(&call.callee.kind, ExpressionKind::Member { name, .. }
                if matches!(name.as_str(), "is_none" | "is_empty" | "isEmpty"));
            !is_none && answers_when_found(program, call, frame, depth).unwrap_or(true)
        }
        _ => true,
    }
}

/// Whether a comparison only asks if a list holds anything: `rows.length > 0`, `len(rows) == 0`, `rows.len() >= 1`.
fn is_some_length(operator: &str, operands: &[Expression]) -> bool {
    let [counted, least] = operands else { return false };
    let ExpressionKind::Literal(Literal::Number(least)) = least.kind else { return false };
    let is_length = match &counted.kind {
        ExpressionKind::Member { name, .. } => matches!(name.as_str(), "length" | "rowCount" | "rowcount"),
        ExpressionKind::Call(call) => {
            matches!(&call.callee.kind, ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } if name == "len")
        }
        _ => false,
    };
    is_length
        && match operator {
            ">" | "==" | "!=" | "<=" => least == 0.0,
            ">=" | "<" => least == 1.0,
            _ => false,
        }
}

/// What a function of the program answers where something was found: no in `if row: return False`, then `return True`.
fn answers_when_found<'m>(program: &Program<'m>, call: &'m Call, frame: FrameId, depth: usize) -> Option<bool> {
    let site = Site { call: program.units.call_id(call)?, frame };
    if depth > 3 {
        return None;
    }
    program.callees(&call.callee, frame).iter().find_map(|callee| {
        let Value::Function { unit, closure, receiver } = callee else { return None };
        let inner = program.enter(*unit, *closure, receiver.clone(), How::Call(site))?;
        let told = program.exits(*unit, inner).iter().find_map(|gate| {
            let refusal = gate.refusal?.last()?;
            let StatementKind::Return(Some(value)) = &refusal.kind else { return None };
            let ExpressionKind::Literal(Literal::Boolean(answer)) = value.kind else { return None };
            let is_found = found_when(program, gate.test, gate.frame, depth + 1) == gate.refuses_when;
            Some(answer == is_found)
        });
        // `return rows.length === 0`
        let answer = match program.units.units[*unit].returns.as_slice() {
            [answer] if matches!(answer.kind, ExpressionKind::Operator { .. }) => Some(*answer),
            _ => None,
        };
        told.or_else(|| Some(found_when(program, answer?, inner, depth + 1)))
    })
}

/// A test of how much there is, not of whether there is anything; with the time it is about the age of what was found.
fn is_about_numbers<'m>(program: &Program<'m>, test: &'m Expression, frame: FrameId, depth: usize) -> bool {
    if depth > 8 {
        return false;
    }
    match &test.kind {
        ExpressionKind::Await(inner) => is_about_numbers(program, inner, frame, depth + 1),
        ExpressionKind::Operator { operator, operands } => match operator.as_str() {
            _ if is_some_length(operator, operands) => false,
            "<" | ">" | "<=" | ">=" => {
                let slice = program.slice(test, frame);
                let asks_clock = |slice: &Slice<'m>| {
                    slice
                        .sites
                        .iter()
                        .any(|site| program.callee_paths(*site).iter().any(|path| program.is_a(path, Kind::Clock)))
                };
                let is_age = operands.iter().any(|operand| is_age(program, operand, frame)) && asks_clock(&slice);
                // `seen.get(key, 0.0) > now`: what is stored is when it ends.
                let is_end = || operands.iter().any(|operand| is_now(program, operand, frame));
                !is_age && !is_end()
            }
            "not" => operands.first().is_some_and(|inner| is_about_numbers(program, inner, frame, depth + 1)),
            _ => false,
        },
        ExpressionKind::Call(call) => {
            let Some(id) = program.units.call_id(call) else { return false };
            let site = Site { call: id, frame };
            program.callees(&call.callee, frame).iter().any(|callee| {
                let Value::Function { unit, closure, receiver } = callee else { return false };
                let Some(inner) = program.enter(*unit, *closure, receiver.clone(), How::Call(site)) else {
                    return false;
                };
                let returns = &program.units.units[*unit].returns;
                returns.iter().any(|value| is_about_numbers(program, value, inner, depth + 1))
            })
        }
        _ => false,
    }
}

/// Whether an expression is the time of now, by a name or as it is asked for.
fn is_now<'m>(program: &Program<'m>, expression: &'m Expression, frame: FrameId) -> bool {
    match &expression.kind {
        ExpressionKind::Call(call) => program.units.call_id(call).is_some_and(|call| {
            let paths = program.callee_paths(Site { call, frame });
            paths.iter().any(|path| program.is_a(path, Kind::Clock))
        }),
        ExpressionKind::Name(name) => {
            let unit = &program.units.units[program.unit_of_frame(frame)];
            match unit.names.get(name.as_str()).map(Vec::as_slice) {
                Some([Binding::Value { value, access, .. }]) => {
                    access.is_empty() && matches!(value.kind, ExpressionKind::Call(_)) && is_now(program, value, frame)
                }
                _ => false,
            }
        }
        _ => false,
    }
}

/// Whether a time is compared as what has passed since another: `(now - stored_at).seconds`, also by a name for it. That
/// times were subtracted somewhere on the way to a count makes no age of it.
fn is_age<'m>(program: &Program<'m>, operand: &'m Expression, frame: FrameId) -> bool {
    fn holds_difference(expression: &Expression, depth: usize) -> bool {
        let mut found = is_difference(expression);
        if depth < 6 {
            children(expression, &mut |each| found |= holds_difference(each, depth + 1));
        }
        found
    }
    let named = program.values(operand, frame);
    holds_difference(operand, 0)
        || named
            .iter()
            .any(|value| matches!(value, Value::Data { expression, .. } if holds_difference(expression.0, 0)))
}

/// `now - stored_at`.
fn is_difference(part: &Expression) -> bool {
    matches!(&part.kind, ExpressionKind::Operator { operator, operands } if operator == "-" && operands.len() == 2)
}

fn is_nothing(expression: &Expression) -> bool {
    matches!(expression.kind, ExpressionKind::Literal(Literal::Null | Literal::Boolean(false)))
        || matches!(&expression.kind, ExpressionKind::Name(name) if name == "undefined")
        || matches!(&expression.kind, ExpressionKind::Literal(Literal::Number(number)) if *number == 0.0)
}
