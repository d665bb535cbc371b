//! What one line of a log tells: that a request happened, how long it took, that it failed.

use std::collections::BTreeSet;

use crate::judge::case::Case;
use crate::link::units::{Binding, NodeId, NodeKind};
use crate::link::{FrameId, How, Site};
use crate::model::{Expression, ExpressionKind, Literal, StatementKind};
use crate::rules::catalogue::Kind;

/// What one log line holds.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::judge) struct Line {
    pub(super) status: bool,
    pub(super) duration: bool,
    pub(super) failure: bool,
    pub(super) is_error: bool,
    pub(super) has_stack: bool,
    pub(super) says_something: bool,
}

impl Line {
    /// Whether an error is told with what it is.
    pub(super) fn tells_error(self) -> bool {
        self.has_stack || self.failure
    }

    pub(super) fn and(self, other: Line) -> Line {
        Line {
            status: self.status || other.status,
            duration: self.duration || other.duration,
            failure: self.failure || other.failure,
            is_error: self.is_error || other.is_error,
            has_stack: self.has_stack || other.has_stack,
            says_something: self.says_something || other.says_something,
        }
    }
}

/// Bindings of one name that are looked at.
const BINDINGS: usize = 20;

/// Functions within functions whose lines are read.
pub(super) const HELPERS: usize = 3;

/// What a call logs: itself, or by the function of the program that it calls.
pub(super) fn log_line(case: &Case<'_, '_>, site: Site) -> Option<Line> {
    log_line_at(case, site, 0)
}

pub(super) fn log_line_at(case: &Case<'_, '_>, site: Site, depth: usize) -> Option<Line> {
    if let Some(known) = case.log_lines.borrow().get(&(site, depth)) {
        return *known;
    }
    let line = find_log_line(case, site, depth);
    case.log_lines.borrow_mut().insert((site, depth), line);
    line
}

fn find_log_line(case: &Case<'_, '_>, site: Site, depth: usize) -> Option<Line> {
    let program = case.program;
    let level = program
        .callee_paths(site)
        .iter()
        .flat_map(|path| program.facts_of(path, Kind::Log))
        .filter(|(_, fact)| fact.role.is_none())
        .find(|(_, fact)| fact.needs.iter().all(|need| program.meets(need, site) == Some(true)))
        .map(|(_, fact)| fact.level.clone().unwrap_or_else(|| "info".into()))
        .or_else(|| chosen_level(program, site));
    let Some(level) = level else {
        // Only what is called for its own sake: what the model's wrapper logs is told on the way to the model.
        let is_last = depth > 0 || super::around::is_failing(program, program.units.calls[site.call].node);
        if depth >= HELPERS || !is_statement(program, site, is_last) {
            return None;
        }
        let is_told = |inner: &Site| !is_about_itself(program, *inner);
        let frames = program.runs(site);
        return frames
            .iter()
            .copied()
            .take(4)
            .filter(|frame| program.frame(*frame).how == How::Call(site))
            .flat_map(|frame| {
                let unit = program.unit_of_frame(frame);
                program.units.units[unit].calls.iter().map(move |call| Site { call: *call, frame })
            })
            .take(60)
            .filter(is_told)
            .filter_map(|inner| log_line_at(case, inner, depth + 1))
            .reduce(Line::and);
    };
    // A line that is only written in development tells nothing of what is deployed.
    if !program.is_reached_deployed(site) || program.comes_to_nothing(site) {
        return None;
    }
    let info = &program.units.calls[site.call];
    let mut line = Line {
        is_error: matches!(level.as_str(), "error" | "exception" | "critical" | "warning"),
        has_stack: level == "exception",
        says_something: !info.call.arguments.is_empty(),
        ..Line::default()
    };
    // What ends a timer records how long it ran: `histogram.startTimer()`.
    line.duration |= program.callee_paths(site).iter().any(|path| program.is_a(path, Kind::Clock));
    let caught = caught_names(program, info.node);
    let put = put_before(program, site);
    let with_key = put.iter().map(|(key, value)| (*key, *value));
    let given = info.call.arguments.iter().chain(super::fields::bound_before(program, site));
    let given = given.map(|argument| (argument.name.as_deref(), &argument.value));
    for (key, value) in given.chain(with_key) {
        let is_length = key.is_some_and(names_duration);
        let slice = program.slice(value, site.frame);
        line.duration |= is_length || tells_duration(program, &slice);
        for (part, _) in &slice.parts {
            match &part.kind {
                ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } => {
                    line.status |= matches!(part.kind, ExpressionKind::Name(_)) && tells_outcome(program, name, site);
                    line.failure |= caught.contains(name);
                    let name = name.to_ascii_lowercase();
                    line.status |= name.contains("status") || matches!(name.as_str(), "outcome" | "ok" | "success");
                    line.failure |= name.contains("err") || name.contains("exc");
                    // What only an error has in the language's own library.
                    line.has_stack |= name == "stack";
                }
                ExpressionKind::Literal(Literal::Text(text)) => line.status |= text == "status" || text == "outcome",
                ExpressionKind::Object(entries) => {
                    for key in entries.iter().filter_map(|entry| entry.key.as_deref()) {
                        line.status |= matches!(key, "status" | "statusCode" | "outcome" | "success" | "ok");
                    }
                }
                _ => {}
            }
        }
        if let Some(name) = key {
            line.status |= name.contains("status") || name == "outcome";
            line.failure |= name == "exc_info" || name == "error";
            line.has_stack |= name == "exc_info";
        }
    }
    if noted_where_caught(program, site) {
        (line.failure, line.has_stack) = (true, true);
    }
    Some(line)
}

/// Whether what is caught has been put into a table that a line at the end is given, whatever has happened:
/// `except Exception as error: event["exc_info"] = error`, and in the `finally` of the same `log.info("done", **event)`.
fn noted_where_caught(program: &crate::link::Program<'_>, site: Site) -> bool {
    let info = &program.units.calls[site.call];
    let given = |table: &str| {
        let mut found = false;
        for argument in &info.call.arguments {
            crate::judge::conditions::fallback::walk(&argument.value, &mut |each| {
                found |= matches!(&each.kind, ExpressionKind::Name(name) if name == table);
            });
        }
        found
    };
    let mut tries = program.units.ancestors(info.node).filter_map(|(_, node)| match node.kind {
        NodeKind::Finally(each) => Some(each),
        _ => None,
    });
    let nodes = &program.units.units[info.unit].nodes;
    tries.any(|each| {
        let caught: Vec<&Expression> = each.handlers.iter().flat_map(|handler| &handler.binds).collect();
        let is_caught = |value: &Expression| {
            caught.iter().any(|name| crate::link::Program::written(name) == crate::link::Program::written(value))
        };
        nodes.iter().any(|node| {
            let in_handler = each.handlers.iter().any(|handler| handler.span.contains(program.units.nodes[*node].span));
            let assignment = program.units.nodes[*node].kind.assignment().filter(|_| in_handler);
            assignment.is_some_and(|assignment| {
                let (ExpressionKind::Index { object, .. } | ExpressionKind::Member { object, .. }) =
                    &assignment.target.kind
                else {
                    return false;
                };
                matches!(&object.kind, ExpressionKind::Name(table) if given(table))
                    && assignment.value.as_ref().is_some_and(is_caught)
            })
        })
    })
}

/// Whether a name is one word where something has failed and another one where it has not, whatever it is called:
/// `mark = "drawn"`, and `mark = "failed"` in the handler.
fn tells_outcome(program: &crate::link::Program<'_>, name: &str, site: Site) -> bool {
    let unit = &program.units.units[program.units.calls[site.call].unit];
    let (Some(bindings), Some(nodes)) = (unit.names.get(name), unit.bound_in.get(name)) else { return false };
    let is_failed =
        |node: NodeId| program.units.ancestors(node).any(|(_, each)| matches!(each.kind, NodeKind::Handler(..)));
    let mut told = [false; 2];
    for (binding, node) in bindings.iter().zip(nodes).take(BINDINGS) {
        let Binding::Value { value, .. } = binding else { return false };
        let ExpressionKind::Literal(Literal::Text(_) | Literal::Boolean(_)) = value.kind else { return false };
        told[usize::from(node.is_some_and(is_failed))] = true;
    }
    told == [true; 2]
}

/// Whether a line is written where its own function has failed: it tells nothing of the request.
pub(super) fn is_about_itself(program: &crate::link::Program<'_>, line: Site) -> bool {
    program.units.ancestors(program.units.calls[line.call].node).any(|(_, node)| match node.kind {
        NodeKind::Handler(..) => true,
        // `if (!response.ok)` of a request that the function itself has sent.
        NodeKind::Then(test) | NodeKind::Otherwise(test) => {
            let slice = program.slice(test, line.frame);
            slice.sites.iter().any(|site| {
                site.frame == line.frame
                    && program.callee_paths(*site).iter().any(|path| program.is_a(path, Kind::Http))
            })
        }
        _ => false,
    })
}

/// `logger[level](...)`: a method of a logger that is chosen by a name.
fn chosen_level(program: &crate::link::Program<'_>, site: Site) -> Option<String> {
    let ExpressionKind::Index { object, .. } = &program.units.calls[site.call].call.callee.kind else { return None };
    let logs = |value: &crate::link::Value<'_>| {
        value.path().is_some_and(|path| program.is_a(&format!("{path}.info"), Kind::Log))
    };
    program.values(object, site.frame).iter().any(logs).then(|| "info".to_owned())
}

/// What was put under its key into a table that a log line is given: `fields["status"] = ...`, `fields.update(...)`.
fn put_before<'m>(
    program: &crate::link::Program<'m>,
    site: Site,
) -> Vec<(Option<&'m str>, &'m crate::model::Expression)> {
    let info = &program.units.calls[site.call];
    let unit = &program.units.units[info.unit];
    let mut names: BTreeSet<&str> = BTreeSet::new();
    for argument in &info.call.arguments {
        crate::judge::conditions::fallback::walk(&argument.value, &mut |each| {
            if let ExpressionKind::Name(name) = &each.kind {
                names.insert(name);
            }
        });
    }
    let is_table = |object: &crate::model::Expression| matches!(&object.kind, ExpressionKind::Name(name) if names.contains(name.as_str()));
    let around: Vec<NodeId> = program.units.ancestors(info.node).map(|(id, _)| id).collect();
    // What stands in a branch that the line does not stand in has not happened there.
    let has_happened = |node: NodeId| {
        program.units.nodes[node].span.end <= info.call.span.start
            && program.units.ancestors(node).all(|(id, each)| {
                around.contains(&id)
                    || !matches!(each.kind, NodeKind::Then(_) | NodeKind::Otherwise(_) | NodeKind::Handler(..))
            })
    };
    let mut put = Vec::new();
    for node in &unit.nodes {
        let NodeKind::Plain(statement) = program.units.nodes[*node].kind else { continue };
        if let StatementKind::Assign(assignment) = &statement.kind
            && let ExpressionKind::Index { object, index } = &assignment.target.kind
            && let (true, Some(value)) = (is_table(object) && has_happened(*node), &assignment.value)
        {
            let key = match &index.kind {
                ExpressionKind::Literal(Literal::Text(key)) => Some(key.as_str()),
                _ => None,
            };
            put.push((key, value));
        }
    }
    for call in &unit.calls {
        let other = &program.units.calls[*call];
        if let ExpressionKind::Member { object, name } = &other.call.callee.kind
            && name == "update"
            && is_table(object)
            && has_happened(other.node)
        {
            put.extend(other.call.arguments.iter().map(|argument| (argument.name.as_deref(), &argument.value)));
        }
    }
    put
}

/// Whether a call stands alone as a statement; in a helper that is called for its own sake also what it returns:
/// `info: (message) => write('info', message)`.
pub(super) fn is_statement(program: &crate::link::Program<'_>, site: Site, in_helper: bool) -> bool {
    let info = &program.units.calls[site.call];
    let NodeKind::Plain(statement) = program.units.nodes[info.node].kind else { return false };
    let mut value = match &statement.kind {
        StatementKind::Expression(value) => value,
        StatementKind::Return(Some(value)) if in_helper => value,
        _ => return false,
    };
    while let ExpressionKind::Await(inner) = &value.kind {
        value = inner;
    }
    matches!(&value.kind, ExpressionKind::Call(call) if std::ptr::eq(call.as_ref(), info.call))
}

/// The names that the handlers around a place bind the error to.
pub(super) fn caught_names(program: &crate::link::Program<'_>, node: NodeId) -> Vec<String> {
    let mut names = Vec::new();
    let mut add = |expression: &crate::model::Expression| {
        crate::judge::conditions::fallback::walk(expression, &mut |each| {
            if let ExpressionKind::Name(name) = &each.kind {
                names.push(name.clone());
            }
        });
    };
    for (_, node) in program.units.ancestors(node) {
        match node.kind {
            NodeKind::Handler(_, handler) => handler.binds.iter().for_each(&mut add),
            NodeKind::Then(test) => {
                if let ExpressionKind::Operator { operands, .. } = &test.kind {
                    for operand in operands {
                        if let ExpressionKind::Call(call) = &operand.kind
                            && matches!(&call.callee.kind, ExpressionKind::Name(name) if name == "Err")
                        {
                            call.arguments.iter().for_each(|argument| add(&argument.value));
                        }
                    }
                }
            }
            _ => {}
        }
    }
    names
}

/// Whether a length of time flows into an expression: a difference of clock readings, or what is named so.
pub(super) fn tells_duration<'m>(program: &crate::link::Program<'m>, slice: &crate::link::flow::Slice<'m>) -> bool {
    let reads_clock =
        slice.sites.iter().any(|site| program.callee_paths(*site).iter().any(|path| program.is_a(path, Kind::Clock)));
    // `now - 86_400_000`, `now - timedelta(days=1)`: a moment of the day before, and no length.
    let is_fixed = |operand: &'m Expression, frame: FrameId| {
        program.number(operand, frame, 0).is_some()
            || matches!(&operand.kind, ExpressionKind::Call(call) if program.units.call_id(call).is_some_and(|call| {
                let made = Site { call, frame };
                program.callee_paths(made).iter().any(|path| program.is_a(path, Kind::Duration))
            }))
    };
    slice.parts.iter().any(|(part, frame)| match &part.kind {
        ExpressionKind::Operator { operator, operands } => {
            operator == "-" && reads_clock && !operands.iter().any(|operand| is_fixed(operand, *frame))
        }
        ExpressionKind::Call(call) => match &call.callee.kind {
            ExpressionKind::Member { name, .. } => {
                matches!(name.as_str(), "elapsed" | "duration_since" | "signed_duration_since" | "hrtime")
                    && (name != "hrtime" || !call.arguments.is_empty())
            }
            _ => false,
        },
        ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } => names_duration(name),
        ExpressionKind::Object(entries) => entries.iter().filter_map(|entry| entry.key.as_deref()).any(names_duration),
        _ => false,
    })
}

pub(super) fn names_duration(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name == "ms"
        || name.ends_with("_ms")
        || ["duration", "elapsed", "latency", "responsetime", "response_time", "took"]
            .iter()
            .any(|word| name.contains(word))
}
