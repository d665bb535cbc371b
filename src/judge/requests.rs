//! What is told of a raw request by how it is written: where its address begins, and whether it sends anything.

use crate::link::arguments::Given;
use crate::link::{FrameId, Program, Site, Value};
use crate::model::{Argument, Entry, Expression, ExpressionKind, Literal};
use crate::rules::catalogue::Kind;

/// Where a raw request carries its parameters.
pub(super) const BODIES: [&str; 8] = ["body", "json", "data", "#1", "json()", "body()", "+end()", "+write()"];

/// The address that stands in an argument: a text, or options with its parts, `{ hostname, path }`.
pub(super) fn address<'m>(program: &Program<'m>, given: &'m Expression, frame: FrameId) -> Option<String> {
    let part = |key: &str| match program.inside(given, frame, key, 0) {
        Given::Present { expression, frame } => Some(program.text(expression, frame).unwrap_or_else(|| "*".to_owned())),
        _ => None,
    };
    let is_options = |value: &Value<'m>| matches!(value, Value::Data { expression, .. } if matches!(expression.0.kind, ExpressionKind::Object(_)));
    program.text(given, frame).or_else(|| {
        if !program.values(given, frame).iter().any(is_options) {
            return None;
        }
        part("url").filter(|url| url != "*").or_else(|| {
            let host = part("hostname").or_else(|| part("host"))?;
            let path = part("path").unwrap_or_default();
            Some(format!("https://{host}{path}"))
        })
    })
}

/// The addresses that a request may go to: what stands in its argument may be one of several.
pub(super) fn addresses<'m>(program: &Program<'m>, given: &'m Expression, frame: FrameId) -> Vec<String> {
    let texts = program.texts(given, frame);
    if texts.is_empty() { address(program, given, frame).into_iter().collect() } else { texts }
}

/// Whether an address begins with what the environment tells, or else with nothing.
pub(super) fn begins_with_setting<'m>(
    program: &Program<'m>,
    address: &'m Expression,
    frame: FrameId,
    depth: usize,
) -> bool {
    if depth > ADDRESS_PARTS {
        return false;
    }
    let first = match &address.kind {
        ExpressionKind::Template(parts) => parts.first(),
        ExpressionKind::Operator { operator, operands } if operator == "+" => operands.first(),
        // `new URL(...)`
        ExpressionKind::Call(call) if call.is_new => call.arguments.first().map(|argument| &argument.value),
        _ => None,
    };
    if let Some(first) = first {
        return begins_with_setting(program, first, frame, depth + 1);
    }
    let values = program.values(address, frame);
    let is_empty = |value: &Value<'m>| {
        matches!(value, Value::Data { expression, .. }
            if matches!(&expression.0.kind, ExpressionKind::Literal(Literal::Text(text)) if text.is_empty()))
    };
    let is_setting = |value: &Value<'m>| value.path().is_some_and(|path| program.is_a(path, Kind::Environment));
    if values.iter().any(is_setting) {
        return values.iter().any(is_empty);
    }
    // `settings.TARGET`, empty at first, is set while the program runs.
    if let ExpressionKind::Member { object, name } = &address.kind
        && let ExpressionKind::Name(holder) | ExpressionKind::Member { name: holder, .. } = &object.kind
        && !values.is_empty()
        && values.iter().all(is_empty)
    {
        return program.units.member_assignments.contains_key(&(holder.as_str(), name.as_str()));
    }
    match &*values {
        [Value::Data { expression, frame }] if !std::ptr::eq(expression.0, address) => {
            begins_with_setting(program, expression.0, *frame, depth + 1)
        }
        [Value::Library { sites, .. }] => sites.last().is_some_and(|made| {
            let call = program.units.calls[made.call].call;
            let first = call.arguments.first().filter(|_| call.is_new);
            first.is_some_and(|first| begins_with_setting(program, &first.value, made.frame, depth + 1))
        }),
        _ => false,
    }
}

/// Expressions that are gone through for where an address begins.
const ADDRESS_PARTS: usize = 6;

/// Whether a request says itself that it only reads what is there, or takes it away: an answer is written to what is sent,
/// in the body or in the address (`?prompt=`).
pub(super) fn sends_nothing(program: &Program<'_>, path: &str, site: Site, address: &str) -> bool {
    const ASKING: [&str; 6] = ["prompt=", "text=", "input=", "message=", "query=", "q="];
    let told = ["method", "#1.method"].into_iter().find_map(|place| match program.argument(site, place) {
        Given::Present { expression, frame } => Some(program.text(expression, frame)),
        Given::Unresolved => Some(None),
        Given::Absent => None,
    });
    if opens_connection(program, site) {
        return false;
    }
    let method = told.unwrap_or_else(|| path.rsplit('.').next().map(str::to_owned));
    match method.map(|method| method.to_ascii_lowercase()).as_deref() {
        Some("delete" | "head" | "options") => true,
        Some("get") => {
            let given = ["body", "data", "json", "content"].map(|key| program.argument(site, key));
            let query = address.split_once('?').map_or("", |(_, query)| query);
            let asks = query.split('&').any(|part| ASKING.iter().any(|key| part.starts_with(key)));
            !asks && given.iter().all(|given| matches!(given, Given::Absent))
        }
        _ => false,
    }
}

/// Whether what a request is answered is taken as a connection: `(await fetch(url, { headers })).webSocket`.
fn opens_connection(program: &Program<'_>, site: Site) -> bool {
    let unit = &program.units.units[program.unit_of_frame(site.frame)];
    unit.members.iter().any(|(_, taken)| match &taken.kind {
        ExpressionKind::Member { object, name } => {
            name == CONNECTION
                && program.values(object, site.frame).iter().any(|value| value.sites().last() == Some(&site))
        }
        _ => false,
    })
}

/// The member of a reply that is the connection which has been opened.
const CONNECTION: &str = "webSocket";

/// Whether a request only fetches: by a method that sends nothing, or with nothing but an address.
pub(super) fn only_reads(program: &Program<'_>, path: &str, site: Site) -> bool {
    const READING: [&str; 3] = ["get", "head", "options"];
    const SENDING: [&str; 6] = ["method", "body", "data", "json", "form", "content"];
    let mut names = path.split('.').map(|part| part.trim_end_matches("()"));
    if names.any(|name| READING.contains(&name)) {
        return true;
    }
    let info = &program.units.calls[site.call];
    let sends = |entry: &Entry| match entry.key.as_deref() {
        Some(key) => SENDING.contains(&key),
        None => true,
    };
    // Where requests are posted by another function, or built step by step, nothing is said of the method here.
    let is_plain = path.rsplit('.').next().is_some_and(|name| matches!(name, "fetch" | "default"));
    let (true, Some((address, options))) = (is_plain, info.call.arguments.split_first()) else { return false };
    let is_made = matches!(address.value.kind, ExpressionKind::Object(_))
        || program.values(&address.value, site.frame).iter().any(|value| {
            value.sites().last().is_some_and(|made| program.units.calls[made.call].call.arguments.len() > 1)
        });
    let reads =
        |option: &Argument| matches!(&option.value.kind, ExpressionKind::Object(entries) if !entries.iter().any(sends));
    !is_made && options.iter().all(reads)
}
