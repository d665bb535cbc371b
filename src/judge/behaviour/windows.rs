//! How long something is counted: what a check and its records say about days and shorter spans.

use rustc_hash::FxHashSet;

use crate::link::flow::children;
use crate::link::{FrameId, Program, Site, Value};
use crate::model::{Call, Expression, ExpressionKind, Literal};
use crate::rules::catalogue::Kind;

/// Seconds of a day.
pub(super) const DAY: f64 = 86_400.0;

/// What is known about the time over which something is summed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Span {
    /// A day or longer is written somewhere.
    pub(super) long: bool,
    /// Something shorter is written.
    pub(super) short: bool,
    /// The time is asked for at all.
    pub(super) clock: bool,
}

impl Span {
    pub(super) fn and(self, other: Span) -> Span {
        Span { long: self.long || other.long, short: self.short || other.short, clock: self.clock || other.clock }
    }
}

/// What a set of expressions and calls says about time.
pub(super) fn of_parts<'m>(program: &Program<'m>, parts: &[(&'m Expression, FrameId)], sites: &[Site]) -> Span {
    let mut span = Span::default();
    let mut aside = of_cookies(parts);
    aside.extend(of_hours(parts));
    for (part, frame) in parts {
        if !aside.contains(&(std::ptr::from_ref(*part) as usize)) {
            span = span.and(of_expression(program, part, *frame));
        }
    }
    for site in sites {
        span.clock |= program.callee_paths(*site).iter().any(|path| program.is_a(path, Kind::Clock));
    }
    span
}

/// How long a browser keeps something (`maxAge: 60 * 60 * 24 * 30`), with all that it is made of: who somebody is stays
/// known for so long, and nothing is counted over it.
fn of_cookies(parts: &[(&Expression, FrameId)]) -> FxHashSet<usize> {
    let mut found = FxHashSet::default();
    let objects = parts.iter().filter_map(|(part, _)| match &part.kind {
        ExpressionKind::Object(entries) => Some(entries),
        _ => None,
    });
    let lengths = objects.flatten().filter(|entry| {
        matches!(entry.key.as_deref().map(str::to_ascii_lowercase).as_deref(), Some("maxage" | "max_age"))
    });
    lengths.for_each(|entry| note(&entry.value, &mut found));
    found
}

/// What the beginning of an hour or a minute is made of, `new Date(year, month, now.getDate(), now.getHours())`: the day in
/// it says nothing.
fn of_hours(parts: &[(&Expression, FrameId)]) -> FxHashSet<usize> {
    let mut found = FxHashSet::default();
    let made = parts.iter().filter_map(|(part, _)| match &part.kind {
        ExpressionKind::Call(call) if begins_at(call) == Some(Begins::WithinTheDay) => Some(call),
        _ => None,
    });
    made.flat_map(|call| &call.arguments).for_each(|argument| note(&argument.value, &mut found));
    found
}

/// Notes an expression with all that it is made of.
fn note(whole: &Expression, found: &mut FxHashSet<usize>) {
    let mut open = vec![whole];
    while let Some(each) = open.pop() {
        if found.insert(std::ptr::from_ref(each) as usize) {
            children(each, &mut |child| open.push(child));
        }
    }
}

/// The time that a date begins at which is put together of its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Begins {
    /// A day, or the first of a month or a year.
    WithTheDay,
    WithinTheDay,
}

/// `new Date(year, month, day)`, `Date.UTC(year, month, day, hour)`: year, month, day and then the parts of the time of day,
/// which are nought at midnight.
fn begins_at(call: &Call) -> Option<Begins> {
    let is_date = match &call.callee.kind {
        ExpressionKind::Name(name) => name == "Date",
        ExpressionKind::Member { object, name } => {
            name == "UTC" && matches!(&object.kind, ExpressionKind::Name(root) if root == "Date")
        }
        _ => false,
    };
    let is_nought = |given: &Expression| match given.kind {
        ExpressionKind::Literal(Literal::Number(number)) => number == 0.0,
        _ => false,
    };
    if !is_date || call.arguments.len() < 2 {
        return None;
    }
    let at_midnight = call.arguments.iter().skip(3).all(|argument| is_nought(&argument.value));
    Some(if at_midnight { Begins::WithTheDay } else { Begins::WithinTheDay })
}

fn of_expression<'m>(program: &Program<'m>, part: &'m Expression, frame: FrameId) -> Span {
    match &part.kind {
        ExpressionKind::Literal(Literal::Text(text)) => of_text(text),
        ExpressionKind::Literal(Literal::Number(number)) => {
            Span { long: *number == DAY || *number == DAY * 1000.0, ..Span::default() }
        }
        ExpressionKind::Operator { operator, .. } if operator == "*" => {
            Span { long: program.number(part, frame, 0).is_some_and(is_days), ..Span::default() }
        }
        ExpressionKind::Call(call) => of_call(program, call, frame),
        ExpressionKind::Slice { start, stop: Some(stop), .. } => match (&start, &stop.kind) {
            (None, ExpressionKind::Literal(Literal::Number(number))) => of_prefix(*number),
            _ => Span::default(),
        },
        ExpressionKind::Object(entries) => {
            let lengths = entries.iter().filter_map(|entry| {
                let number = program.number(&entry.value, frame, 0)?;
                seconds_in(&entry.key.as_deref()?.to_ascii_lowercase(), number)
            });
            lengths.map(of_seconds).fold(Span::default(), Span::and)
        }
        _ => Span::default(),
    }
}

/// Whether a product is a number of days, in seconds or milliseconds.
fn is_days(number: f64) -> bool {
    [DAY, DAY * 1000.0].iter().any(|day| number >= *day && (number / day).fract() == 0.0 && number / day < 400.0)
}

fn of_seconds(seconds: f64) -> Span {
    Span { long: seconds >= DAY, short: seconds < DAY, clock: false }
}

/// The seconds of a number with the name of a unit: `hours: 24`, `days=1`.
fn seconds_in(unit: &str, number: f64) -> Option<f64> {
    let scale = match unit.trim_end_matches('s') {
        "second" | "sec" => 1.0,
        "minute" | "min" => 60.0,
        "hour" | "differenceinhour" => 3_600.0,
        "day" => DAY,
        "week" => 7.0 * DAY,
        "month" => 30.0 * DAY,
        _ => return None,
    };
    Some(number * scale)
}

/// The beginning of a time as ISO writes it: ten characters are the day, more are the hour and the minute.
fn of_prefix(length: f64) -> Span {
    match length as i64 {
        4..=10 => Span { long: true, ..Span::default() },
        13..=19 => Span { short: true, ..Span::default() },
        _ => Span::default(),
    }
}

fn of_call<'m>(program: &Program<'m>, call: &'m Call, frame: FrameId) -> Span {
    // What a function of the program says is in what it returns, not in its name.
    if program.values(&call.callee, frame).iter().any(|value| matches!(value, Value::Function { .. })) {
        return Span::default();
    }
    let name = match &call.callee.kind {
        ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } => name.as_str(),
        _ => "",
    };
    let long = Span { long: true, ..Span::default() };
    match begins_at(call) {
        Some(Begins::WithTheDay) => return long,
        Some(Begins::WithinTheDay) => return Span { short: true, ..Span::default() },
        None => {}
    }
    let number =
        |index: usize| call.arguments.get(index).and_then(|argument| program.number(&argument.value, frame, 0));
    match name {
        "slice" | "substring" | "substr" if number(0) == Some(0.0) => number(1).map(of_prefix).unwrap_or_default(),
        "split" => {
            let by = call.arguments.first().map(|argument| &argument.value.kind);
            let is_iso = matches!(by, Some(ExpressionKind::Literal(Literal::Text(text))) if text == "T");
            if is_iso { long } else { Span::default() }
        }
        "toDateString" | "toLocaleDateString" | "startOfDay" | "startOfMonth" | "setHours" | "setUTCHours" | "date"
        | "date_naive" | "getDate" | "getUTCDate" | "localdate" | "toordinal" | "ordinal" => long,
        // `date.today()` is a day; a moment of the same name is none.
        "today" => match &call.callee.kind {
            ExpressionKind::Member { object, .. } if matches!(&object.kind, ExpressionKind::Name(root) | ExpressionKind::Member { name: root, .. } if root == "datetime") => {
                Span::default()
            }
            _ => long,
        },
        // Midnight: `now.replace(hour=0, minute=0)`.
        "replace" if call.arguments.iter().any(|argument| argument.name.as_deref() == Some("hour")) => long,
        "timedelta" | "relativedelta" | "sub" | "subtract" | "subHours" | "subDays" | "plus" | "minus" | "Duration" => {
            let named = call.arguments.iter().filter_map(|argument| {
                let number = program.number(&argument.value, frame, 0)?;
                seconds_in(argument.name.as_deref()?, number)
            });
            let positional = match name {
                "timedelta" => number(0)
                    .filter(|_| call.arguments.first().is_some_and(|first| first.name.is_none()))
                    .map(|days| days * DAY),
                "subDays" => number(1).map(|days| days * DAY),
                "subHours" => number(1).map(|hours| hours * 3_600.0),
                "subtract" => number(0).zip(call.arguments.get(1)).and_then(|(number, unit)| match &unit.value.kind {
                    ExpressionKind::Literal(Literal::Text(unit)) => seconds_in(unit, number),
                    _ => None,
                }),
                _ => None,
            };
            named.chain(positional).map(of_seconds).fold(Span::default(), Span::and)
        }
        "from_days" | "days" => long,
        "hours" | "from_hours" => number(0).map(|hours| of_seconds(hours * 3_600.0)).unwrap_or_default(),
        "minutes" | "from_secs" | "seconds" => {
            let scale = if name == "minutes" { 60.0 } else { 1.0 };
            number(0).map(|number| of_seconds(number * scale)).unwrap_or_default()
        }
        _ => Span::default(),
    }
}

/// The formats of dates and intervals in texts: the finest part that is written tells.
pub(super) fn of_text(text: &str) -> Span {
    let trimmed = text.trim();
    let lower = trimmed.to_ascii_lowercase();
    if let Some(seconds) = crate::rules::amounts::duration(&lower).filter(|_| lower.len() < 12) {
        return of_seconds(seconds);
    }
    let with = |parts: &[&str]| parts.iter().any(|part| text.contains(part));
    // Within other text `%s` and `%d` are places for values: `where owner = %s`, `spent:%d`.
    if trimmed == "%s" || directive(text, "HIMSTXc") || with(&["HH", "hh:", "mm:ss"]) {
        return Span { short: true, ..Span::default() };
    }
    let is_day = directive(text, "d") && directive(text, "mbByYG");
    if matches!(trimmed, "%d" | "%x")
        || is_day
        || directive(text, "jFD")
        || with(&["%Y-%m", "%Y%m", "YYYY-MM", "yyyy-MM", "YYYYMM", "yyyyMM", "yyyy-mm-dd"])
    {
        return Span { long: true, ..Span::default() };
    }
    let compact: String = lower.split_whitespace().collect::<Vec<_>>().join(" ");
    let interval = |units: &[&str]| units.iter().any(|unit| compact.contains(unit));
    let long =
        interval(&["current_date", "date('now", "curdate()", "date_trunc('day", "date_trunc('month", "start of day"])
            || intervals(&compact).any(|seconds| seconds >= DAY);
    let short =
        intervals(&compact).any(|seconds| seconds < DAY) || interval(&["date_trunc('hour", "date_trunc('minute"]);
    Span { long, short, clock: compact.contains("now()") }
}

/// Whether a format of times has one of these directives. A word behind the sign is a pattern: `like '%Message%'`.
fn directive(text: &str, letters: &str) -> bool {
    text.match_indices('%').any(|(at, _)| {
        let mut rest = text.get(at + 1..).unwrap_or_default().chars();
        rest.next().is_some_and(|letter| letters.contains(letter))
            && !rest.next().is_some_and(|next| next.is_ascii_lowercase())
    })
}

/// The intervals of a statement: `interval '24 hours'`, `interval 1 day`, `'-1 day'`.
fn intervals(text: &str) -> impl Iterator<Item = f64> {
    let words: Vec<&str> =
        text.split(|character: char| !character.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let is_statement = text.contains("interval") || text.contains("now");
    let found: Vec<f64> = words
        .windows(2)
        .filter(|_| is_statement)
        .filter_map(|pair| match pair {
            [number, unit] => seconds_in(unit, number.parse().ok()?),
            _ => None,
        })
        .collect();
    found.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_finest_part_of_a_format_tells() {
        assert!(of_text("%Y-%m-%d").long && !of_text("%Y-%m-%d").short);
        assert!(of_text("%Y-%m-%d-%H").short && !of_text("%Y-%m-%d-%H").long);
        assert!(of_text("%Y-%m").long && of_text("spend:%Y%m%d").long);
        assert!(of_text("select sum(usd) from calls where at > now() - interval '24 hours'").long);
        assert!(of_text("select sum(usd) from calls where at > now() - interval '1 hour'").short);
        assert!(of_text("select count(*) from calls where by = %s and at > now() - interval '1 day'").long);
        assert!(of_text("%d %b %Y").long && of_text("%d").long && of_text("%Y%m%dT%H%M%S").short);
        assert_eq!(of_text("spent:%d"), Span::default());
        assert_eq!(of_text("select id from notes where text like '%Message%'"), Span::default());
        assert!(of_text("1 d").long && of_text("10 m").short && of_text("a text") == Span::default());
    }
}
