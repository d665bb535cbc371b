//! Hand-written guards, recognised by what they do: what flows into their tests, what they keep, and how they refuse.

use std::cell::RefCell;
use std::collections::HashMap;

use crate::link::flow::{Gate, Slice};
use crate::link::units::UnitId;
use crate::link::{Program, Site, Value};
use crate::model::{Expression, ExpressionKind, Literal};
use crate::rules::catalogue::Kind;

/// What an operation on a store does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    Get,
    Set,
    /// Set if absent: tells whether it was the first.
    Claim,
    /// Adds to a number.
    Count,
    Append,
    Delete,
    /// Loads many rows.
    Many,
    /// Asks how many there are.
    Tally,
    Expire,
}

/// What the units of a guard do besides testing.
#[derive(Clone, Copy, Debug, Default)]
struct Deeds {
    records: bool,
    reads_clock: bool,
    expires: bool,
}

pub struct Behaviour<'p, 'm> {
    program: &'p Program<'m>,
    deeds: RefCell<HashMap<UnitId, Deeds>>,
}

/// Seconds of a day, in the units that people write.
const DAY: [f64; 5] = [86_400.0, 86_400_000.0, 1_440.0, 24.0, 86_400_000_000.0];

impl<'p, 'm> Behaviour<'p, 'm> {
    pub fn new(program: &'p Program<'m>) -> Self {
        Behaviour { program, deeds: RefCell::default() }
    }

    /// What a gate protects by what it does; the guard's name for people.
    pub fn of_gate(&self, gate: &Gate<'m>, slice: &Slice<'m>, item: &str) -> Option<String> {
        let holds = match item {
            "C1" => self.limits_rate(gate, slice),
            "C2" => self.caps_cost(gate, slice),
            "C3" => self.stops_repeats(gate, slice),
            _ => false,
        };
        holds.then(|| self.name(gate))
    }

    fn name(&self, gate: &Gate<'m>) -> String {
        let mut at = Some(self.program.unit_of_frame(gate.frame));
        while let Some(unit) = at {
            let info = &self.program.units.units[unit];
            if !info.name().is_empty() {
                return info.name().to_owned();
            }
            at = info.parent;
        }
        String::new()
    }

    /// What a call does to a store, if it is one: by its name, its arguments, and the text of a query.
    pub fn operation(&self, site: Site) -> Option<Operation> {
        let program = self.program;
        let mut found = None;
        for path in program.callee_paths(site) {
            for (_, fact) in program.facts_of(&path, Kind::Store) {
                let needed =
                    fact.needs.iter().all(|need| program.meets(need, site) == Some(true) || self.has_flag(site, need));
                let operation = match fact.does.as_deref() {
                    Some("claim") if needed => Some(Operation::Claim),
                    Some("claim") => None,
                    _ if !needed => None,
                    Some("get") => Some(Operation::Get),
                    Some("set") => Some(Operation::Set),
                    Some("count") => Some(Operation::Count),
                    Some("append") => Some(Operation::Append),
                    Some("delete") => Some(Operation::Delete),
                    Some("many") => Some(Operation::Many),
                    Some("tally") => Some(Operation::Tally),
                    Some("expire") => Some(Operation::Expire),
                    _ => None,
                };
                let Some(operation) = operation else { continue };
                if let Some(by_query) = self.query(site) {
                    return Some(by_query);
                }
                // Of several readings, the one that asks for more of the call is the right one.
                if found.is_none() || operation == Operation::Claim {
                    found = Some(operation);
                }
            }
        }
        found
    }

    /// A flag among positional texts: `set(key, value, "EX", 60, "NX")`.
    fn has_flag(&self, site: Site, flag: &str) -> bool {
        let call = self.program.units.calls[site.call].call;
        let flag = flag.split([' ', '=', ':']).next().unwrap_or(flag).trim_matches(['"', '\'']);
        call.arguments.iter().filter(|argument| argument.name.is_none()).any(|argument| {
            matches!(&argument.value.kind, ExpressionKind::Literal(Literal::Text(text)) if text.eq_ignore_ascii_case(flag))
        })
    }

    /// What the text of a query does.
    fn query(&self, site: Site) -> Option<Operation> {
        let call = self.program.units.calls[site.call].call;
        let first = call.arguments.first()?;
        query_operation(&self.program.text(&first.value, site.frame)?)
    }

    fn operations(&self, slice: &Slice<'m>) -> Vec<(Site, Operation)> {
        slice.sites.iter().filter_map(|site| Some((*site, self.operation(*site)?))).collect()
    }

    fn deeds(&self, unit: UnitId) -> Deeds {
        if let Some(known) = self.deeds.borrow().get(&unit) {
            return *known;
        }
        let program = self.program;
        let frame = program.open_frame(unit);
        let mut deeds = Deeds::default();
        for call in &program.units.units[unit].calls {
            let site = Site { call: *call, frame };
            match self.operation(site) {
                Some(Operation::Count | Operation::Append | Operation::Set | Operation::Claim) => deeds.records = true,
                Some(Operation::Expire) => deeds.expires = true,
                _ => {}
            }
            for key in ["ex", "px", "ttl", "EX", "PX"] {
                deeds.expires |= self.has_flag(site, key)
                    || matches!(program.argument(site, key), crate::link::arguments::Given::Present { .. });
            }
            deeds.reads_clock |= program.callee_paths(site).iter().any(|path| program.is_a(path, Kind::Clock));
            // `hits.push(now)`, `bucket.tokens -= 1`: what is kept in the process counts as well.
            if let ExpressionKind::Member { name, .. } = &program.units.calls[*call].call.callee.kind {
                deeds.records |= matches!(name.as_str(), "push" | "append" | "add" | "appendleft" | "push_back");
            }
        }
        deeds.records |= self.changes_numbers(unit);
        self.deeds.borrow_mut().insert(unit, deeds);
        deeds
    }

    /// `count += 1`, `state.tokens -= 1`, `counts[key] = ...` in a unit.
    fn changes_numbers(&self, unit: UnitId) -> bool {
        use crate::link::units::NodeKind;
        use crate::model::StatementKind;
        let program = self.program;
        program.units.units[unit].nodes.iter().any(|node| {
            let NodeKind::Plain(statement) = program.units.nodes[*node].kind else { return false };
            let assignment = match &statement.kind {
                StatementKind::Assign(assignment) => assignment,
                StatementKind::Expression(Expression { kind: ExpressionKind::Assign(assignment), .. }) => assignment,
                _ => return false,
            };
            matches!(assignment.target.kind, ExpressionKind::Member { .. } | ExpressionKind::Index { .. })
        })
    }

    /// All that the units of a guard do: the one with the test and those whose results flow into it.
    fn all_deeds(&self, gate: &Gate<'m>, slice: &Slice<'m>) -> Deeds {
        let frames = slice.frames.iter().copied().chain([gate.frame]);
        frames.map(|frame| self.deeds(self.program.unit_of_frame(frame))).fold(Deeds::default(), |a, b| Deeds {
            records: a.records || b.records,
            reads_clock: a.reads_clock || b.reads_clock,
            expires: a.expires || b.expires,
        })
    }

    /// Counts requests per key in a window, compares with a limit, refuses.
    fn limits_rate(&self, gate: &Gate<'m>, slice: &Slice<'m>) -> bool {
        if !compares(slice) {
            return false;
        }
        let operations = self.operations(slice);
        let tallies =
            operations.iter().any(|(_, operation)| *operation == Operation::Tally) || self.tallies_rows(slice);
        let counts = operations.iter().any(|(_, operation)| *operation == Operation::Count);
        let deeds = self.all_deeds(gate, slice);
        if tallies || counts && (deeds.expires || deeds.reads_clock) {
            return true;
        }
        let keeps = operations.iter().any(|(_, operation)| matches!(operation, Operation::Get | Operation::Many))
            || self.reads_kept_state(slice);
        keeps && deeds.records && deeds.reads_clock && self.flows_from_clock_or_length(slice)
    }

    /// `count(*)`, `.count()`, `count()` over rows.
    fn tallies_rows(&self, slice: &Slice<'m>) -> bool {
        let reads =
            self.operations(slice).iter().any(|(_, operation)| matches!(operation, Operation::Many | Operation::Get));
        reads
            && slice.sites.iter().any(|site| {
                let callee = &self.program.units.calls[site.call].call.callee;
                matches!(&callee.kind, ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } if matches!(name.as_str(), "count" | "countDocuments" | "count_documents"))
            })
    }

    /// Module-level or attribute state that is indexed by a key.
    fn reads_kept_state(&self, slice: &Slice<'m>) -> bool {
        slice.parts.iter().any(|(part, frame)| {
            let (ExpressionKind::Index { object, .. } | ExpressionKind::Slice { object, .. }) = &part.kind else {
                return false;
            };
            matches!(&object.kind, ExpressionKind::Name(_) | ExpressionKind::Member { .. })
                && self.program.values(object, *frame).iter().any(|value| match value {
                    Value::Data { frame, .. } => {
                        self.program.units.units[self.program.unit_of_frame(*frame)].function.is_none()
                            || matches!(&object.kind, ExpressionKind::Member { .. })
                    }
                    Value::Library { path, sites } => {
                        !sites.is_empty()
                            && (path.contains("defaultdict") || path.contains("Counter") || path.contains("Cache"))
                    }
                    _ => false,
                })
        })
    }

    fn flows_from_clock_or_length(&self, slice: &Slice<'m>) -> bool {
        slice.sites.iter().any(|site| {
            self.program.callee_paths(*site).iter().any(|path| self.program.is_a(path, Kind::Clock) || self.program.is_a(path, Kind::Measure))
        }) || slice.parts.iter().any(|(part, _)| matches!(&part.kind, ExpressionKind::Member { name, .. } if matches!(name.as_str(), "length" | "count" | "tokens" | "size")))
    }

    /// Reads what was spent in a day, compares with a limit, refuses.
    fn caps_cost(&self, gate: &Gate<'m>, slice: &Slice<'m>) -> bool {
        if !compares(slice) {
            return false;
        }
        let operations = self.operations(slice);
        let reads = operations.iter().any(|(_, operation)| {
            matches!(operation, Operation::Get | Operation::Count | Operation::Many | Operation::Tally)
        }) || self.reads_kept_state(slice);
        let _ = gate;
        reads && self.spans_a_day(slice)
    }

    /// Whether a day is written anywhere in what decides: a date in the key, a number of seconds, a midnight.
    pub fn spans_a_day(&self, slice: &Slice<'m>) -> bool {
        slice.parts.iter().any(|(part, frame)| match &part.kind {
            ExpressionKind::Literal(Literal::Text(text)) => is_date_format(text),
            ExpressionKind::Literal(Literal::Number(number)) => DAY.iter().take(3).any(|day| day == number),
            ExpressionKind::Operator { operator, .. } if operator == "*" => {
                self.program.number(part, *frame, 0).is_some_and(|number| DAY.iter().any(|day| number == *day || number == 30.0 * day && *day > 100.0))
            }
            ExpressionKind::Call(call) => {
                let name = match &call.callee.kind {
                    ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } => name.as_str(),
                    _ => "",
                };
                match name {
                    // The first ten characters of an ISO date are its day.
                    "slice" | "substring" | "substr" => {
                        call.arguments.get(1).is_some_and(|end| matches!(end.value.kind, ExpressionKind::Literal(Literal::Number(number)) if number == 10.0))
                    }
                    "split" => call.arguments.first().is_some_and(|by| matches!(&by.value.kind, ExpressionKind::Literal(Literal::Text(text)) if text == "T")),
                    "toDateString" | "toLocaleDateString" | "startOfDay" | "setHours" | "setUTCHours" | "today" | "date" | "date_naive" | "getDate" | "getUTCDate" => true,
                    "timedelta" => call.arguments.iter().any(|argument| matches!(argument.name.as_deref(), Some("days" | "hours"))),
                    "from_days" | "days" => true,
                    _ => false,
                }
            }
            ExpressionKind::Slice { stop: Some(stop), .. } => matches!(stop.kind, ExpressionKind::Literal(Literal::Number(number)) if number == 10.0),
            ExpressionKind::Object(entries) => entries.iter().any(|entry| {
                entry.key.as_deref().is_some_and(|key| key.to_ascii_lowercase().contains("hours"))
                    && matches!(entry.value.kind, ExpressionKind::Literal(Literal::Number(number)) if number == 24.0)
            }),
            _ => false,
        })
    }

    /// Recognises what was asked before, and does not ask again.
    fn stops_repeats(&self, gate: &Gate<'m>, slice: &Slice<'m>) -> bool {
        let operations = self.operations(slice);
        if operations.iter().any(|(_, operation)| *operation == Operation::Claim) {
            return true;
        }
        let lookup = operations
            .iter()
            .find(|(site, operation)| matches!(operation, Operation::Get) && self.key_is_of_the_request(*site));
        lookup.is_some() && self.refuses_when_found(gate) && !compares(slice)
    }

    /// Whether a look-up's key is made of the request: a hash of it, or an id that the client sends.
    fn key_is_of_the_request(&self, site: Site) -> bool {
        let call = self.program.units.calls[site.call].call;
        let Some(key) = call.arguments.first() else { return false };
        let slice = self.program.slice(&key.value, site.frame);
        let hashed = slice.sites.iter().any(|site| {
            let callee = &self.program.units.calls[site.call].call.callee;
            matches!(&callee.kind, ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } if matches!(name.as_str(), "hexdigest" | "digest" | "createHash" | "sha256" | "md5" | "sha1" | "hash" | "blake2b" | "finalize"))
        });
        let named = slice.parts.iter().any(|(part, _)| match &part.kind {
            ExpressionKind::Literal(Literal::Text(text)) => {
                let text = text.to_ascii_lowercase();
                text.contains("idempoten") || text.contains("request-id") || text.contains("dedup")
            }
            ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } => {
                let name = name.to_ascii_lowercase();
                name.contains("idempoten")
                    || matches!(
                        name.as_str(),
                        "message_id" | "messageid" | "request_id" | "requestid" | "event_id" | "eventid" | "update_id"
                    )
            }
            _ => false,
        });
        (hashed || named) && !slice.parameters.is_empty()
    }

    /// `if cached: return cached` refuses when something was found; `if not account: return 401` when nothing was.
    fn refuses_when_found(&self, gate: &Gate<'m>) -> bool {
        fn found_when(test: &Expression) -> bool {
            match &test.kind {
                ExpressionKind::Operator { operator, operands } => match (operator.as_str(), operands.as_slice()) {
                    ("not", [inner]) => !found_when(inner),
                    ("==" | "is", [_, other]) if is_nothing(other) => false,
                    ("!=" | "is not", [_, other]) if is_nothing(other) => true,
                    ("and" | "or", [first, ..]) => found_when(first),
                    _ => true,
                },
                _ => true,
            }
        }
        found_when(gate.test) == gate.refuses_when
    }
}

fn is_nothing(expression: &Expression) -> bool {
    matches!(expression.kind, ExpressionKind::Literal(Literal::Null | Literal::Boolean(false)))
        || matches!(&expression.kind, ExpressionKind::Name(name) if name == "undefined")
}

/// Whether something is compared with a limit.
fn compares(slice: &Slice<'_>) -> bool {
    slice.parts.iter().any(|(part, _)| matches!(&part.kind, ExpressionKind::Operator { operator, .. } if matches!(operator.as_str(), "<" | ">" | "<=" | ">=")))
        || slice.parts.iter().any(|(part, _)| matches!(&part.kind, ExpressionKind::Call(call) if matches!(&call.callee.kind, ExpressionKind::Member { name, .. } if matches!(name.as_str(), "gte" | "gt" | "lte" | "lt" | "greaterThan"))))
}

fn is_date_format(text: &str) -> bool {
    [
        "%Y-%m-%d",
        "%Y%m%d",
        "%F",
        "%j",
        "YYYY-MM-DD",
        "yyyy-MM-dd",
        "YYYYMMDD",
        "yyyyMMdd",
        "current_date",
        "interval '1 day'",
        "interval '24 hours'",
        "now() - interval '1 d",
    ]
    .iter()
    .any(|format| text.to_ascii_lowercase().contains(&format.to_ascii_lowercase()))
        || matches!(text.trim().to_ascii_lowercase().as_str(), "1 d" | "1d" | "24 h" | "24h" | "1 day" | "day")
}

/// What a query in SQL does; none where the text is no query.
pub fn query_operation(text: &str) -> Option<Operation> {
    let text = text.trim_start().to_ascii_lowercase();
    let words = || text.split_whitespace();
    match words().next()? {
        "insert"
            if text.contains("on conflict") || text.contains("insert ignore") || text.contains("insert or ignore") =>
        {
            if text.contains("do update")
                && (text.contains("+ 1") || text.contains("+1") || text.contains("+ excluded"))
            {
                Some(Operation::Count)
            } else {
                Some(Operation::Claim)
            }
        }
        "insert" => Some(Operation::Append),
        "update" if text.contains("+ ") || text.contains("- ") => Some(Operation::Count),
        "update" => Some(Operation::Set),
        "delete" => Some(Operation::Delete),
        "select" | "with" if text.contains("count(") || text.contains("sum(") => Some(Operation::Tally),
        "select" | "with"
            if text.split_whitespace().zip(text.split_whitespace().skip(1)).any(|pair| pair == ("limit", "1")) =>
        {
            Some(Operation::Get)
        }
        "select" | "with" => Some(Operation::Many),
        _ => None,
    }
}

/// Whether a query bounds its rows.
pub fn query_is_bounded(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text.split(|character: char| !character.is_ascii_alphanumeric())
        .any(|word| matches!(word, "limit" | "top" | "fetch"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries() {
        assert_eq!(query_operation("insert into m (a) values ($1) on conflict (a) do nothing"), Some(Operation::Claim));
        assert_eq!(query_operation("SELECT count(*) FROM m WHERE at > $1"), Some(Operation::Tally));
        assert_eq!(query_operation("idem:1"), None);
        assert!(query_is_bounded("select a from b order by c limit $2") && !query_is_bounded("select limits from b"));
    }
}
