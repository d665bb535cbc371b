//! C3 by what is done: a key of the request is claimed, or looked up before the work and stored after it.

mod asked;
mod columns;
pub(super) mod firsts;
mod found;
mod outvoted;

use rustc_hash::FxHashSet;

use crate::link::flow::{Exit, Gate, Slice, children};
use crate::link::units::{Binding, NodeKind, UnitId};
use crate::link::{FrameId, How, Program, Site, Value};
use crate::model::{Argument, Call, Expression, ExpressionKind, Literal};
use crate::rules::catalogue::Kind;

use super::fresh::{is_fresh, is_made_up};
use super::inserts::{self, Mark};
use super::lifetimes::{is_collected_anew, is_list_of_the_program, is_made_on_the_way};
use super::operations::{Operation, always_one_row, given_to_statement, operation, statement};
use super::procedures;
use super::quantities::{self, Quantity, Source};
use super::scripts;
use super::subjects::{Subject, are_related, of_operation};
use super::writes::Write;
use crate::judge::guards::may_conflict;

pub(super) use asked::is_of_the_request;
use asked::takes_nothing;
use asked::{REQUESTS, is_caller};
pub(super) use asked::{is_who_asks, plain};
use found::{asks_for_an_amount, is_about_numbers, is_nothing};
pub(super) use found::{is_now, refuses_when_found};

/// Methods that are given columns by name, with what they are to be.
const BY_COLUMNS: [&str; 5] = ["get_or_create", "get_or_none", "get", "filter", "filter_by"];

/// A look-up that decides whether the work is done.
pub(super) struct LookUp<'m> {
    pub(super) subjects: Vec<Subject>,
    pub(super) key: (&'m Expression, FrameId),
    /// The operation of a store by which it looks.
    site: Option<Site>,
    /// The collection in which it looks.
    pub(super) holder: Option<(&'m Expression, FrameId)>,
    /// Whether its statement asks for a column that names the request: `where message_id = ?`.
    names_request: bool,
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
            && !asks_for_what_is_new(program, *site)
            && !is_given_back(program, *site, gate)
            && !asks_for_an_amount(program, gate.test, gate.frame)
            && !is_asked_wrongly(program, gate, *site)
    });
    let is_told_first = || slice.sites.iter().any(|site| firsts::refuses_the_second(program, gate, *site));
    if claims || inserts_once(program, slice) || is_told_first() {
        return true;
    }
    refuses_when_found(program, gate)
        && !is_about_numbers(program, gate.test, gate.frame)
        && look_ups(program, slice).iter().any(|look_up| {
            let column = columns::asked_for(program, gate, look_up);
            let nothing_is_said = takes_nothing(program, gate.frame);
            let names_request = look_up.names_request || is_of_the_request(program, look_up.key) || nothing_is_said;
            (names_request || column.is_some())
                && !is_fresh(program, look_up.key)
                && (nothing_is_said || !super::is_written_out(program, look_up.key.0, look_up.key.1))
                && !is_in_new_collection(program, look_up, gate.frame)
                && !finds_itself(program, look_up)
                && !look_up.site.is_some_and(|site| is_never_reached(program, site))
                && !look_up.site.is_some_and(|site| outvoted::is_outvoted(program, gate, site))
                && !look_up.site.is_some_and(|site| asks_for_what_is_new(program, site))
                && !never_comes_up(program, look_up, writes)
                && writes.iter().any(|write| {
                    reached.is_none_or(|reached| super::runs_within(program, write.unit, reached))
                        && match column {
                            Some(column) if column.keeps_answer(program, write, &look_up.subjects) => true,
                            column => {
                                names_request
                                    && are_related(&look_up.subjects, &write.subjects)
                                    && column.is_none_or(|column| column.may_be_set(program, write))
                            }
                        }
                        && !is_under_other_key(program, look_up, write)
                        && !only_changes_rows(program, write, writes)
                        && !only_makes_up_for_it(program, write, gate)
                })
        })
}

/// Whether a gate does not ask whether a claim was the first, or lets those pass who come later.
fn is_asked_wrongly<'m>(program: &Program<'m>, gate: &Gate<'m>, site: Site) -> bool {
    match procedures::of(program, site) {
        Some(called) => {
            !called.raises && procedures::asks_for_failure(program, gate, site)
                || called.is_asked_wrongly(program, gate, site)
        }
        None => procedures::asks_for_failure(program, gate, site) || firsts::lets_the_second_pass(program, gate, site),
    }
}

/// Whether a look-up stands behind an exit that is always taken: `if inserted.rows_affected() == 1 { return .. }` of an
/// insert that always adds or changes a row.
fn is_never_reached<'m>(program: &Program<'m>, site: Site) -> bool {
    let calls = &program.units.calls;
    program.gates(site).iter().filter(|gate| gate.exit != Exit::Branch && gate.under.is_none()).any(|gate| {
        let slice = program.gate_slice(gate);
        if gate.refuses_when && is_never_awaited(program, gate.test, gate.frame) {
            return true;
        }
        let mut inserts = slice.sites.iter().filter(|insert| {
            insert.frame == gate.frame && statement(program, **insert).is_some_and(|text| always_one_row(&text))
        });
        inserts.any(|insert| {
            let is_told = |call: &&usize| {
                let told = calls[**call].call;
                matches!(&told.callee.kind, ExpressionKind::Member { name, .. } if name == "rows_affected")
                    && told.span.contains(calls[insert.call].call.span)
            };
            let told = program.units.units[calls[insert.call].unit].calls.iter().find(is_told);
            told.is_some_and(|call| {
                firsts::refuses(program, gate, Site { call: *call, frame: gate.frame }, 1.0) == Some(true)
            })
        })
    })
}

/// Whether a test asks for what a call gives that nobody waits for: `claimed = store.set(key, 1, nx=True)`, and then
/// `if claimed`, where the store is asynchronous.
fn is_never_awaited<'m>(program: &Program<'m>, test: &'m Expression, frame: FrameId) -> bool {
    let asked = match &test.kind {
        ExpressionKind::Name(name) => {
            let unit = &program.units.units[program.unit_of_frame(frame)];
            match unit.names.get(name.as_str()).map(Vec::as_slice) {
                Some([Binding::Value { value, access, operator: None, .. }]) if access.is_empty() => *value,
                _ => return false,
            }
        }
        _ => test,
    };
    let ExpressionKind::Call(call) = &asked.kind else { return false };
    program.units.call_id(call).is_some_and(|call| program.comes_to_nothing(Site { call, frame }))
}

/// Whether a change is one of rows that the program itself never adds: what is not there stays away.
fn only_changes_rows<'m>(program: &Program<'m>, write: &Write<'m>, writes: &[Write<'m>]) -> bool {
    let text = |write: &Write<'m>| write.site.and_then(|site| statement(program, site));
    let is_change = |text: String| text.trim_start().get(..6).is_some_and(|word| word.eq_ignore_ascii_case("update"));
    text(write).is_some_and(is_change)
        && writes
            .iter()
            .all(|other| text(other).is_some_and(is_change) || !are_related(&other.subjects, &write.subjects))
}

/// Whether it is looked for in a collection that the request made itself, or that is only what the program writes down:
/// it remembers no other request.
fn is_in_new_collection<'m>(program: &Program<'m>, look_up: &LookUp<'m>, frame: FrameId) -> bool {
    let is_given_down = |site: Site| is_collected_anew(program, site) || is_list_of_the_program(program, site);
    let is_of_new_object = |(holder, home): (&'m Expression, FrameId)| match &holder.kind {
        ExpressionKind::Member { object, .. } => is_made_on_the_way(program, object, home, frame),
        _ => false,
    };
    // A connection goes on, and what its object keeps is there for the next message.
    let may_come_again = || {
        let in_loop = std::iter::successors(Some(frame), |frame| match program.frame(*frame).how {
            How::Call(site) => Some(site.frame),
            _ => None,
        });
        in_loop.into_iter().any(|frame| match program.frame(frame).how {
            How::Call(site) => {
                let node = program.units.calls[site.call].node;
                program.units.ancestors(node).any(|(_, node)| matches!(node.kind, NodeKind::Loop(_)))
            }
            _ => false,
        })
    };
    look_up.site.is_some_and(is_given_down)
        || look_up.holder.is_some_and(is_of_new_object)
            && (!may_come_again() || super::is_written_out(program, look_up.key.0, look_up.key.1))
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

/// Whether what is stored in the function that looks is stored under another key than that which is looked up:
/// `get(key)`, and `set(f"{key}:response", ..)`.
fn is_under_other_key<'m>(program: &Program<'m>, look_up: &LookUp<'m>, write: &Write<'m>) -> bool {
    let (Some(_), Some(site)) = (look_up.site, write.site) else { return false };
    let (asked, frame) = look_up.key;
    if statement(program, site).is_some() {
        return false;
    }
    let Some(stored) = scripts::key_of(program, site) else { return false };
    if program.unit_of_frame(frame) != write.unit {
        return is_longer_key(program, (asked, program.unit_of_frame(frame)), (stored, write.unit));
    }
    let (Some(asked), Some(stored)) = (program.text(asked, frame), program.text(stored, frame)) else { return false };
    let is_told = |key: &str| key.contains(|each: char| each.is_alphanumeric());
    is_told(&asked) && is_told(&stored) && asked != stored
}

/// Whether a method stores under the key that another one of the same object looks up, with more words to it:
/// `get(self.key)`, and `set(f"{self.key}:response", ..)`.
fn is_longer_key(
    program: &Program<'_>,
    (asked, looks): (&Expression, UnitId),
    (stored, stores): (&Expression, UnitId),
) -> bool {
    let is_own =
        |object: &Expression| matches!(&object.kind, ExpressionKind::Name(name) if name == "self" || name == "this");
    let (ExpressionKind::Member { object, .. }, ExpressionKind::Template(parts)) = (&asked.kind, &stored.kind) else {
        return false;
    };
    let key = Program::written(asked);
    let is_more = |part: &Expression| matches!(&part.kind, ExpressionKind::Literal(Literal::Text(text)) if text.contains(char::is_alphanumeric));
    let of_one_class = || {
        program.units.classes.iter().any(|class| {
            let has = |unit: UnitId| class.methods.values().any(|method| *method == unit);
            has(looks) && has(stores)
        })
    };
    is_own(object)
        && parts.iter().any(|part| Program::written(part) == key)
        && parts.iter().any(is_more)
        && of_one_class()
}

/// Whether a row is looked up only where putting it in has failed, and that it never does: nothing in it is unique, or what
/// is was made up for the request.
fn never_comes_up<'m>(program: &Program<'m>, look_up: &LookUp<'m>, writes: &[Write<'m>]) -> bool {
    let Some(asked) = look_up.site else { return false };
    let (unit, node) = (program.units.calls[asked.call].unit, program.units.calls[asked.call].node);
    let handled = program.units.ancestors(node).find_map(|(_, node)| match node.kind {
        NodeKind::Handler(each, _) => each.handlers.iter().map(|handler| handler.span.start).min(),
        _ => None,
    });
    let Some(handled) = handled else { return false };
    let own_frame = |put: Site| if program.unit_of_frame(asked.frame) == unit { asked.frame } else { put.frame };
    let stands_before = |put: &Site| {
        let info = &program.units.calls[put.call];
        info.unit == unit && info.call.span.end <= handled
    };
    let sites = writes.iter().filter(|write| write.unit == unit).filter_map(|write| write.site);
    let mut put = sites.filter(stands_before).map(|put| Site { frame: own_frame(put), ..put }).peekable();
    put.peek().is_some() && put.all(|put| !may_conflict(program, put))
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

/// Whether a claim is given up before it is asked for: whoever comes next finds nothing.
fn is_given_back(program: &Program<'_>, site: Site, gate: &Gate<'_>) -> bool {
    let claim = &program.units.calls[site.call];
    let deletes = |call: &usize| {
        let other = &program.units.calls[*call];
        let other_site = Site { call: *call, frame: site.frame };
        other.call.span.start >= claim.call.span.end
            && other.call.span.end <= gate.span.start
            && operation(program, other_site) == Some(Operation::Delete)
            && super::same_key(program, site, other_site)
            && program.units.nodes[other.node].parent == program.units.nodes[claim.node].parent
    };
    gate.frame == site.frame && program.units.units[claim.unit].calls.iter().any(deletes)
}

/// A claim of one and the same key says nothing about the request: a lock of the whole program.
fn is_constant<'m>(program: &Program<'m>, site: Site) -> bool {
    if procedures::of(program, site).is_some() {
        let given = procedures::given(program.units.calls[site.call].call);
        return !given.is_empty() && given.into_iter().all(|(_, value)| procedures::is_written(value));
    }
    if super::operations::statement(program, site).is_some() {
        return false;
    }
    let is_constant = |(key, frame): (&'m Expression, FrameId)| {
        let slice = program.slice(key, frame);
        slice.parameters.is_empty() && !super::depends_on_caller(program, key, frame)
    };
    // `hsetnx("seen", id, 1)`: one key, and in it a field for each request.
    claimed(program, site).is_some_and(is_constant) && firsts::keys(program, site).into_iter().all(is_constant)
}

/// What a claim is about: its key, or in a row the column by which it conflicts with another:
/// `values({ id, text }).onConflictDoNothing({ target: requests.id })`.
fn claimed<'m>(program: &Program<'m>, site: Site) -> Option<(&'m Expression, FrameId)> {
    let call = program.units.calls[site.call].call;
    let tells_conflict = |given: &&Argument| {
        given.name.is_some() || matches!(given.value.kind, ExpressionKind::Object(_) | ExpressionKind::List(_))
    };
    if let Some(key) = named_by_option(program, site) {
        return Some(key);
    }
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

/// The column of a row by which it conflicts with another, where an option beside it says so:
/// `upsert({ user, key }, { onConflict: "user,key" })`. Of several it is the one that does not only say who asks.
fn named_by_option<'m>(program: &Program<'m>, site: Site) -> Option<(&'m Expression, FrameId)> {
    let [row, options] = program.units.calls[site.call].call.arguments.as_slice() else { return None };
    let ExpressionKind::Object(options) = &options.value.kind else { return None };
    let option = options.iter().find(|option| option.key.as_deref().is_some_and(|key| plain(key) == "onconflict"))?;
    let named = program.text(&option.value, site.frame)?;
    let named: Vec<&str> = named.split(',').map(str::trim).collect();
    let mut columns = Vec::new();
    columns_of(program, &row.value, site.frame, &mut columns, 0);
    columns.retain(|(name, ..)| named.contains(name));
    let tells = columns.iter().find(|(name, ..)| !is_caller(&plain(name))).or(columns.first());
    tells.map(|(_, value, frame)| (*value, *frame))
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

/// The columns of the rows that a call is given itself, under `data`: `createMany({ data: [{ id, text }] })`.
fn given_row<'m>(program: &Program<'m>, site: Site) -> Vec<(&'m str, &'m Expression, FrameId)> {
    let mut columns = Vec::new();
    for argument in &program.units.calls[site.call].call.arguments {
        let ExpressionKind::Object(entries) = &argument.value.kind else { continue };
        for entry in entries.iter().filter(|entry| entry.key.as_deref() == Some("data")) {
            match &entry.value.kind {
                ExpressionKind::List(rows) => {
                    rows.iter().for_each(|row| columns_of(program, row, site.frame, &mut columns, 0));
                }
                _ => columns_of(program, &entry.value, site.frame, &mut columns, 0),
            }
        }
    }
    columns
}

/// A claim under a name that was never there before, or of a row that is made with a number of its own.
fn is_named_anew<'m>(program: &Program<'m>, site: Site) -> bool {
    if procedures::of(program, site).is_some() {
        return is_called_anew(program, site);
    }
    let given = given_row(program, site);
    if !given.is_empty() {
        let is_literal = |value: &Expression| matches!(value.kind, ExpressionKind::Literal(_));
        let is_new = |(_, value, frame): &(&'m str, &'m Expression, FrameId)| {
            is_literal(value) || is_fresh(program, (*value, *frame))
        };
        return given.iter().all(is_new) || has_number_of_its_own(program, &given);
    }
    claimed(program, site).is_some_and(|key| is_fresh(program, key))
        || makes_number(program, site)
        || statement(program, site).is_some_and(|text| inserts_anew(program, site, &text))
}

/// Whether rows are asked for by a column that was made up just then, besides others: `get_or_create(account=account,
/// key=uuid4().hex)` never finds one.
fn asks_for_what_is_new(program: &Program<'_>, site: Site) -> bool {
    let call = program.units.calls[site.call].call;
    let asks = matches!(&call.callee.kind, ExpressionKind::Member { name, .. } if BY_COLUMNS.contains(&name.trim_start_matches('a')));
    // `at__gt=now` compares, and `defaults` are for the row that is made.
    let is_equal = |name: &str| !name.contains("__") && name != "defaults";
    let mut given = call.arguments.iter().filter(|argument| argument.name.as_deref().is_some_and(is_equal));
    asks && given.any(|argument| is_made_up(program, &argument.value, site.frame))
}

/// Whether a function of the database is given nothing that could come again, but who asks.
fn is_called_anew<'m>(program: &Program<'m>, site: Site) -> bool {
    let given = procedures::given(program.units.calls[site.call].call);
    let mut told =
        given.into_iter().filter(|(name, value)| !procedures::is_written(value) && !is_caller(&plain(name))).peekable();
    told.peek().is_some() && told.all(|(_, value)| is_fresh(program, (value, site.frame)))
}

/// Whether a statement inserts a row that was never there before: one of the columns by which it could meet another is
/// made up on the spot; where these are not named, all that it is given.
fn inserts_anew<'m>(program: &Program<'m>, site: Site, text: &str) -> bool {
    let given = given_to_statement(program, site);
    let is_new = |value: &&'m Expression| is_fresh(program, (*value, site.frame));
    let deciding = inserts::deciding(text);
    if !deciding.is_empty() {
        return deciding.iter().any(|mark| match mark {
            Mark::Given(at) => given.get(*at).is_some_and(is_new),
            Mark::Other => false,
        });
    }
    let mut given = given.iter().filter(|value| !matches!(value.kind, ExpressionKind::Literal(_))).peekable();
    given.peek().is_some() && given.all(is_new)
}

/// `insert({ id: generateId(), text })`: the row conflicts with none, unless a column of it names the request.
fn makes_number(program: &Program<'_>, site: Site) -> bool {
    // What is said about the conflict itself (`{ target: requests.id }`) tells which column decides.
    if !program.units.calls[site.call].call.arguments.is_empty() {
        return false;
    }
    has_number_of_its_own(program, &row_of(program, site))
}

/// Whether a row has a number that is made for it, and nothing else that names the request.
fn has_number_of_its_own<'m>(program: &Program<'m>, columns: &[(&'m str, &'m Expression, FrameId)]) -> bool {
    // `id`, `uid` and longer ones that start like it.
    let is_number = |name: &str| plain(name).trim_start_matches('u') == "id";
    let names_request = |name: &str| REQUESTS.iter().any(|word| plain(name).contains(word));
    columns.iter().any(|(name, value, frame)| is_number(name) && is_fresh(program, (value, *frame)))
        && !columns.iter().any(|(name, ..)| names_request(name))
}

/// Whether a column names the request that a row is for: `client_id`, `idempotency_key`, `key`.
pub(in crate::judge) fn names_request(column: &str) -> bool {
    let name = plain(column);
    matches!(name.as_str(), "key" | "hash" | "digest") || REQUESTS.iter().any(|word| name.contains(word))
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
            let names_request = statement(program, *site).is_some_and(|text| asks_for_request(&text));
            for value in asked_with(program, *site) {
                found.push(LookUp {
                    subjects: subjects.clone(),
                    key: (value, site.frame),
                    site: Some(*site),
                    holder: None,
                    names_request,
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
                    names_request: false,
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
            found.push(LookUp {
                subjects,
                key: (key, *frame),
                site: None,
                holder: Some((holder, *frame)),
                names_request: false,
            });
        }
    }
    found
}

/// What a look-up is given, also by the calls that are chained to it: `.where(eq(events.id, id))`.
fn asked_with<'m>(program: &Program<'m>, site: Site) -> Vec<&'m Expression> {
    let info = &program.units.calls[site.call];
    if let [_] = info.call.arguments.as_slice()
        && statement(program, site).is_some()
    {
        let given = given_to_statement(program, site);
        if !given.is_empty() {
            return given;
        }
    }
    if !info.call.arguments.is_empty() {
        return info.call.arguments.iter().map(|argument| &argument.value).collect();
    }
    let calls = program.units.units[info.unit].calls.iter().map(|call| program.units.calls[*call].call);
    let chained =
        calls.filter(|other| other.span.start == info.call.span.start && other.span.end != info.call.span.end);
    let conditions = chained.filter(|other| is_condition(other));
    conditions.flat_map(|other| &other.arguments).map(|argument| &argument.value).collect()
}

/// Whether a statement asks for rows by a column that names the request: `where chat = ? and message_id = ?`.
fn asks_for_request(text: &str) -> bool {
    let text = text.to_ascii_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
    let asked = text.split_once(" where ").map(|(_, asked)| asked);
    asked.is_some_and(|asked| {
        let words = asked.split(|each: char| !(each.is_alphanumeric() || each == '_'));
        words.map(plain).any(|word| REQUESTS.iter().any(|name| word.contains(name)))
    })
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
