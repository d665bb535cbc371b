//! What a key is made of: what is asked, an id of the one request, or only who asks.

use crate::judge::behaviour::{is_of_command, is_of_request, is_of_schema};
use crate::link::flow::{Slice, walk_block};
use crate::link::{FrameId, How, Program, Site, Value};
use crate::model::{Expression, ExpressionKind, Function, Literal};
use crate::rules::catalogue::Kind;

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
pub(super) const REQUESTS: [&str; 12] = [
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
pub(in crate::judge::behaviour) fn is_of_the_request<'m>(
    program: &Program<'m>,
    key: (&'m Expression, FrameId),
) -> bool {
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
                    Value::Library { path, sites } => {
                        !is_of_request(program, path) && !is_parsed_request(program, path, sites)
                    }
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

/// What handlers of any framework are given besides what a request says: who asks. What else a framework gives them its
/// facts name.
const UNSAID: [&str; 5] = ["user", "session", "auth", "ip", "headers"];

/// Whether the handler from which a frame is run takes nothing of what a request says: all requests of somebody are the
/// same one, and whatever is found under a key was made for it.
pub(in crate::judge::behaviour) fn takes_nothing(program: &Program<'_>, frame: FrameId) -> bool {
    let mut root = frame;
    while let How::Call(site) = program.frame(root).how {
        root = site.frame;
    }
    let unit = &program.units.units[program.unit_of_frame(root)];
    let Some(function) = unit.function.filter(|_| program.frame(root).how == How::Framework) else { return false };
    let requests = || program.catalogue.of_kind(Kind::Request).map(|(_, fact)| fact);
    let is_told = |name: &str| requests().any(|fact| !is_of_command(fact) && fact.keys.iter().any(|key| key == name));
    let is_unsaid = |name: &str| UNSAID.contains(&name) || is_told(name);
    match function.parameters.as_slice() {
        [] => !unit.members.iter().any(|(_, member)| {
            program.values(member, root).iter().filter_map(Value::path).any(|path| is_of_request(program, path))
        }),
        [parameter] if parameter.decorators.is_empty() => match &parameter.target.kind {
            // `({ locals, cookies }) => ..`
            ExpressionKind::Object(fields) => fields.iter().all(|field| field.key.as_deref().is_some_and(is_unsaid)),
            // `(event) => ..` of which only `event.locals` is asked for.
            ExpressionKind::Name(name) => is_only_asked_for(function, name, &is_unsaid),
            _ => false,
        },
        _ => false,
    }
}

/// Whether a name is only used for members of it that are allowed.
fn is_only_asked_for(function: &Function, name: &str, allowed: &dyn Fn(&str) -> bool) -> bool {
    let (mut uses, mut members) = (0, 0);
    walk_block(&function.body, &mut |each| match &each.kind {
        ExpressionKind::Name(other) if other == name => uses += 1,
        ExpressionKind::Member { object, name: part } => {
            let is_of_it = matches!(&object.kind, ExpressionKind::Name(other) if other == name);
            members += usize::from(is_of_it && allowed(part));
        }
        _ => {}
    });
    uses == members
}

/// Whether something is what a schema made of the request: `Body.parse(await request.json())`.
fn is_parsed_request(program: &Program<'_>, path: &str, sites: &[Site]) -> bool {
    is_of_schema(program, path)
        && sites.iter().any(|site| {
            program.units.calls[site.call].call.arguments.iter().any(|argument| {
                program.slice(&argument.value, site.frame).parts.iter().any(|(part, frame)| {
                    program.values(part, *frame).iter().filter_map(Value::path).any(|path| is_of_request(program, path))
                })
            })
        })
}

/// `event.id`, `update.id`: what was sent names itself.
fn is_id_of_event(part: &Expression) -> bool {
    let ExpressionKind::Member { object, name } = &part.kind else { return false };
    let ExpressionKind::Name(holder) = &object.kind else { return false };
    name == "id" && matches!(plain(holder).as_str(), "event" | "evt" | "message" | "msg" | "update" | "delivery")
}

pub(super) fn is_caller(name: &str) -> bool {
    ROOMS.contains(&name) || is_who_asks(name)
}

/// Whether a name in small letters says who asks, and not only where.
pub(in crate::judge::behaviour) fn is_who_asks(name: &str) -> bool {
    CALLERS.iter().any(|caller| name.contains(caller) && (caller.len() > 3 || name.len() < 6))
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

pub(in crate::judge::behaviour) fn plain(name: &str) -> String {
    name.chars().filter(|character| character.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
