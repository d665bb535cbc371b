//! What an operation is about: the key of a store, a table, a column. A check and a record that are about the same
//! belong together.

use crate::link::units::{Binding, ClassId};
use crate::link::{FrameId, How, Program, Site, Value};
use crate::model::{Call, Expression, ExpressionKind, Literal};
use crate::rules::catalogue::Kind;

/// What something kept is known by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// The key of a store, with `*` for what is not known.
    Key(String),
    /// A column, attribute or variable.
    Field(String),
    /// A table, collection, model, or the variable that holds a store.
    Table(String),
    /// A class of rows that is named itself.
    Rows(String),
}

impl Subject {
    pub(super) fn name(&self) -> &str {
        match self {
            Subject::Key(name) | Subject::Field(name) | Subject::Table(name) | Subject::Rows(name) => name,
        }
    }
}

/// Expressions that are looked at for one operation.
const PARTS: usize = 300;

/// What an operation is about.
pub fn of_operation(program: &Program<'_>, site: Site) -> Vec<Subject> {
    let mut subjects = Vec::new();
    if let Some(text) = super::operations::statement(program, site) {
        of_statement(&text, &mut subjects);
        return subjects;
    }
    let mut call: &Call = outermost(program, site);
    let mut innermost = call;
    let is_collection = super::writes::stays_in_process(program, site);
    let mut names_table = false;
    let mut left = PARTS;
    loop {
        // `multi().incr(key)`: what is called without anything says nothing.
        if !call.arguments.is_empty() {
            innermost = call;
        }
        for argument in &call.arguments {
            if let Some(name) = argument.name.as_deref().filter(|name| *name != "**") {
                subjects.push(Subject::Field(name.to_owned()));
            }
            // A table is given as it is; what stands deeper are conditions, and what a collection is given are keys.
            if let ExpressionKind::Name(name) = &argument.value.kind
                && !is_collection
                && !is_text(program, &argument.value, site.frame)
            {
                names_table |= is_model(program, &argument.value, site.frame);
                subjects.push(Subject::Table(name.clone()));
            }
            rows_in(program, &argument.value, site.frame, &mut subjects);
            // The parts of a key are no columns: `get(`seen:${request.account}:${id}`)`.
            if !matches!(argument.value.kind, ExpressionKind::Template(_)) {
                names_in(program, &argument.value, site.frame, &mut subjects, &mut left);
            }
        }
        let ExpressionKind::Member { object, .. } = &call.callee.kind else { break };
        let mut object = object.as_ref();
        while let ExpressionKind::Await(inner) = &object.kind {
            object = inner;
        }
        if let Some(query) = query_named(program, object, site.frame, call).filter(|_| !names_table) {
            call = query;
            continue;
        }
        match &object.kind {
            ExpressionKind::Call(inner) => call = inner,
            // `db.insert(usage)`: the table is named, what is connected to says nothing more.
            ExpressionKind::Name(_) if names_table => break,
            _ => {
                subjects.extend(last_name(object).map(|name| Subject::Table(name.to_owned())));
                // `Receipt.query.filter_by(..)`: what a model is asked through has no name of its own.
                // A client is none: `database.message` is one table of many.
                if let ExpressionKind::Member { object: model, .. } = &object.kind
                    && is_model(program, model, site.frame)
                    && !is_client(program, model, site.frame)
                {
                    subjects.extend(last_name(model).map(|name| Subject::Table(name.to_owned())));
                    rows_in(program, model, site.frame, &mut subjects);
                }
                break;
            }
        }
    }
    if let Some(keyed) = super::operations::keyed_by(program, site) {
        innermost = keyed;
    }
    if super::scripts::of(program, site).is_some() {
        let key = super::scripts::key(program, site).and_then(|key| program.text(key, site.frame));
        subjects.push(Subject::Key(key.unwrap_or_else(|| "*".to_owned())));
    } else if let Some(key) = innermost.arguments.first().filter(|argument| argument.name.is_none())
        && is_key(program, &key.value, site.frame)
    {
        subjects.extend(texts_of(program, &key.value, site.frame).into_iter().map(Subject::Key));
        for argument in innermost.arguments.iter().skip(1) {
            if let ExpressionKind::Literal(Literal::Text(text)) = &argument.value.kind {
                subjects.push(Subject::Field(text.clone()));
            }
        }
    }
    subjects.sort_unstable();
    subjects.dedup();
    subjects
}

/// The texts that a key may be: where it is left to the callers of a function, each of theirs.
fn texts_of<'m>(program: &Program<'m>, key: &'m Expression, frame: FrameId) -> Vec<String> {
    const UNKNOWN: &str = "*";
    let mut texts = Vec::new();
    let unit = &program.units.units[program.unit_of_frame(frame)];
    let is_left_to_callers = matches!(&key.kind, ExpressionKind::Name(name)
        if matches!(unit.names.get(name.as_str()).map(Vec::as_slice), Some([Binding::Parameter { .. }])));
    if is_left_to_callers && matches!(program.frame(frame).how, How::Open) {
        for value in program.values(key, frame).iter() {
            let text = match value {
                Value::Data { expression, frame } => program.text(expression.0, *frame),
                _ => None,
            };
            texts.push(text.unwrap_or_else(|| UNKNOWN.to_owned()));
        }
        // What some of them pass is not known.
        if texts.len() > 1 || program.callers_of(program.unit_of_frame(frame)).len() > texts.len() {
            texts.push(UNKNOWN.to_owned());
        }
        texts.sort_unstable();
        texts.dedup();
    }
    if texts.len() > 1 {
        return texts;
    }
    vec![program.text(key, frame).unwrap_or_else(|| UNKNOWN.to_owned())]
}

/// The last call of the chain that a call stands in: `.where(..)` of `db.select().from(usage).where(..)`.
fn outermost<'m>(program: &Program<'m>, site: Site) -> &'m Call {
    let info = &program.units.calls[site.call];
    let mut last = info.call;
    for call in &program.units.units[info.unit].calls {
        let outer = program.units.calls[*call].call;
        let ExpressionKind::Member { object, .. } = &outer.callee.kind else { continue };
        let goes_on = outer.span.start == info.call.span.start && object.span.contains(info.call.span);
        if goes_on && outer.span.end > last.span.end {
            last = outer;
        }
    }
    last
}

/// The query that a name stands for, on which a call goes on: `calls.aggregate(..)` of `calls = Call.objects.filter(..)`.
pub(super) fn query_named<'m>(
    program: &Program<'m>,
    object: &'m Expression,
    frame: FrameId,
    call: &Call,
) -> Option<&'m Call> {
    let ExpressionKind::Name(name) = &object.kind else { return None };
    let unit = &program.units.units[program.unit_of_frame(frame)];
    let made = unit.names.get(name.as_str())?.iter().find_map(|bound| match bound {
        Binding::Value { value, access, operator: None, .. } if access.is_empty() => match &value.kind {
            // A name that is narrowed step by step stands for what it began with.
            ExpressionKind::Call(made) if made.span.end <= call.span.start => Some(made),
            _ => None,
        },
        _ => None,
    })?;
    let site = Site { call: program.units.call_id(made)?, frame };
    let is_query = super::operations::operation(program, site) == Some(super::operations::Operation::Many);
    (is_query && super::operations::statement(program, site).is_none()).then_some(&**made)
}

/// Whether a name is a table or model: a class, or what a module makes once.
fn is_model<'m>(program: &Program<'m>, expression: &'m Expression, frame: FrameId) -> bool {
    program.values(expression, frame).iter().any(|value| match value {
        Value::Class(_) => true,
        Value::Library { sites, .. } => sites
            .first()
            .is_some_and(|site| program.units.units[program.units.calls[site.call].unit].function.is_none()),
        _ => false,
    })
}

/// Whether something is a connection to a store, by which all its tables are asked.
fn is_client<'m>(program: &Program<'m>, expression: &'m Expression, frame: FrameId) -> bool {
    program.values(expression, frame).iter().any(|value| match value {
        Value::Library { path, .. } => {
            let class = path.trim_end_matches("()");
            program.is_a(class, Kind::Client) || program.catalogue.about(path).any(|fact| fact.is == Kind::Store)
        }
        _ => false,
    })
}

/// Whether a name holds a text, as the key of a store does.
fn is_text<'m>(program: &Program<'m>, expression: &'m Expression, frame: FrameId) -> bool {
    program.values(expression, frame).iter().any(|value| match value {
        Value::Data { expression, .. } => {
            matches!(expression.0.kind, ExpressionKind::Literal(Literal::Text(_)) | ExpressionKind::Template(_))
        }
        _ => false,
    })
}

/// Whether a first argument can be the key of a store: no object, statement or model.
pub(super) fn is_key<'m>(program: &Program<'m>, expression: &'m Expression, frame: FrameId) -> bool {
    match &expression.kind {
        ExpressionKind::Object(_) | ExpressionKind::List(_) | ExpressionKind::Function(_) => false,
        ExpressionKind::Call(_) | ExpressionKind::Name(_) | ExpressionKind::Member { .. } => {
            !program.values(expression, frame).iter().any(|value| match value {
                Value::Class(_) | Value::Instance { .. } => true,
                Value::Data { expression, .. } => matches!(expression.0.kind, ExpressionKind::Object(_)),
                _ => false,
            })
        }
        _ => true,
    }
}

/// Models, columns and object keys within an argument.
fn names_in<'m>(
    program: &Program<'m>,
    expression: &'m Expression,
    frame: FrameId,
    subjects: &mut Vec<Subject>,
    left: &mut usize,
) {
    if *left == 0 {
        return;
    }
    *left -= 1;
    match &expression.kind {
        ExpressionKind::Name(_) => {
            for value in program.values(expression, frame).iter() {
                if let Value::Class(class) | Value::Instance { class, .. } = value {
                    subjects.push(Subject::Table(program.units.classes[*class].class.name.clone()));
                }
                // A statement that was put together before: what it is made of.
                if let Value::Library { sites, .. } = value {
                    for site in sites.iter().take(6) {
                        for argument in &program.units.calls[site.call].call.arguments {
                            names_in(program, &argument.value, site.frame, subjects, &mut (*left / 4));
                        }
                    }
                }
            }
        }
        ExpressionKind::Member { name, .. } => subjects.push(Subject::Field(name.clone())),
        ExpressionKind::Object(entries) => {
            subjects.extend(entries.iter().filter_map(|entry| Some(Subject::Field(entry.key.clone()?))));
        }
        ExpressionKind::Call(call) => {
            subjects.extend(
                call.arguments
                    .iter()
                    .filter_map(|argument| argument.name.as_deref())
                    .filter(|name| *name != "**")
                    .map(|name| Subject::Field(name.to_owned())),
            );
        }
        _ => {}
    }
    crate::link::flow::children(expression, &mut |child| names_in(program, child, frame, subjects, left));
}

/// The classes of rows that an argument names (`select(Usage)`), or of which it is a row (`add(Usage(..))`).
fn rows_in<'m>(program: &Program<'m>, argument: &'m Expression, frame: FrameId, subjects: &mut Vec<Subject>) {
    let mut rows = |class: ClassId| {
        if is_of_rows(program, class) {
            subjects.push(Subject::Rows(program.units.classes[class].class.name.clone()));
        }
    };
    let added = match &argument.kind {
        ExpressionKind::List(items) => items.as_slice(),
        _ => std::slice::from_ref(argument),
    };
    let mut open: Vec<(&'m Expression, FrameId)> = vec![(argument, frame)];
    for value in added.iter().flat_map(|item| program.values(item, frame).to_vec()) {
        match value {
            Value::Instance { class, .. } => rows(class),
            // A statement that was put together before: what it is made of.
            Value::Library { sites, .. } => open.extend(sites.iter().take(6).flat_map(|site| {
                program.units.calls[site.call].call.arguments.iter().map(|argument| (&argument.value, site.frame))
            })),
            _ => {}
        }
    }
    let mut left = PARTS;
    while let Some((part, frame)) = open.pop() {
        let Some(fewer) = left.checked_sub(1) else { return };
        left = fewer;
        if matches!(part.kind, ExpressionKind::Name(_)) {
            for value in program.values(part, frame).iter() {
                if let Value::Class(class) = value {
                    rows(*class);
                }
            }
        }
        crate::link::flow::children(part, &mut |child| open.push((child, frame)));
    }
}

/// Whether the fields of a class are columns, which calls of a library make or annotations declare:
/// `tokens = Column(Integer)`, `tokens: Mapped[int]`.
fn is_of_rows<'m>(program: &Program<'m>, class: ClassId) -> bool {
    let info = &program.units.classes[class];
    let home = program.open_frame(info.unit);
    let own = info.fields.values().flatten().filter(|(unit, _)| *unit == info.unit);
    own.map(|(_, field)| field).any(|field| {
        let is_mapped = |declared: &Expression| match &declared.kind {
            ExpressionKind::Index { object, .. } => last_name(object) == Some("Mapped"),
            _ => false,
        };
        let is_made = |value: &'m Expression| match &value.kind {
            ExpressionKind::Call(call) => {
                program.values(&call.callee, home).iter().any(|value| matches!(value, Value::Library { .. }))
            }
            _ => false,
        };
        field.annotation.as_ref().is_some_and(is_mapped) || field.value.as_ref().is_some_and(is_made)
    })
}

/// The last name of what is written: `turns` of `database["turns"]`, `message` of `prisma.message`.
pub fn last_name(expression: &Expression) -> Option<&str> {
    match &expression.kind {
        ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } => Some(name),
        ExpressionKind::Index { object, index } => match &index.kind {
            ExpressionKind::Literal(Literal::Text(text)) => Some(text),
            _ => last_name(object),
        },
        _ => None,
    }
}

/// Tables and columns of a statement in SQL.
fn of_statement(text: &str, subjects: &mut Vec<Subject>) {
    let lower = text.to_ascii_lowercase();
    let words: Vec<&str> = lower
        .split(|character: char| !character.is_ascii_alphanumeric() && character != '_')
        .filter(|word| !word.is_empty())
        .collect();
    for pair in words.windows(2) {
        let [first, second] = pair else { continue };
        match *first {
            "from" | "into" | "update" | "join" => subjects.push(Subject::Table((*second).to_owned())),
            _ => {}
        }
    }
    const KEYWORDS: [&str; 30] = [
        "select",
        "from",
        "where",
        "and",
        "or",
        "insert",
        "into",
        "values",
        "update",
        "set",
        "on",
        "conflict",
        "do",
        "nothing",
        "order",
        "by",
        "limit",
        "coalesce",
        "sum",
        "count",
        "as",
        "returning",
        "with",
        "not",
        "null",
        "is",
        "desc",
        "asc",
        "now",
        "interval",
    ];
    let names = words.iter().filter(|word| {
        !KEYWORDS.contains(word)
            && word.starts_with(|character: char| character.is_ascii_alphabetic() || character == '_')
    });
    subjects.extend(names.map(|word| Subject::Field((*word).to_owned())));
}

/// Whether what is read and what is written are about the same thing, as far as can be told.
pub fn are_related(read: &[Subject], written: &[Subject]) -> bool {
    let (read_keys, written_keys) = (keys(read), keys(written));
    if !read_keys.is_empty() && !written_keys.is_empty() {
        let is_same = |one: &str, other: &str| match (head(one), head(other)) {
            (Some(one), Some(other)) => one == other,
            _ => {
                let (a, b) = (words(one), words(other));
                if a.is_empty() || b.is_empty() {
                    share(tables(read), tables(written))
                } else {
                    a.iter().any(|each| b.contains(each))
                }
            }
        };
        return read_keys.iter().any(|one| written_keys.iter().any(|other| is_same(one, other)));
    }
    // What both are asked through says nothing where the rows are known.
    if rows(read).next().is_some() && rows(written).next().is_some() {
        return share(rows(read), rows(written));
    }
    if tables(read).next().is_some() && tables(written).next().is_some() {
        return share(tables(read), tables(written));
    }
    share(fields(read), fields(written))
}

fn keys(subjects: &[Subject]) -> Vec<&str> {
    subjects.iter().filter(|each| matches!(each, Subject::Key(_))).map(Subject::name).collect()
}

fn tables(subjects: &[Subject]) -> impl Iterator<Item = &str> + Clone {
    subjects.iter().filter(|each| matches!(each, Subject::Table(_))).map(Subject::name)
}

fn rows(subjects: &[Subject]) -> impl Iterator<Item = &str> + Clone {
    subjects.iter().filter(|each| matches!(each, Subject::Rows(_))).map(Subject::name)
}

fn fields(subjects: &[Subject]) -> impl Iterator<Item = &str> + Clone {
    subjects.iter().filter(|each| matches!(each, Subject::Field(_))).map(Subject::name)
}

fn share<'a>(mut one: impl Iterator<Item = &'a str>, other: impl Iterator<Item = &'a str> + Clone) -> bool {
    one.any(|a| other.clone().any(|b| are_alike(a, b)))
}

/// The word that a key begins with, where it begins with one: keys of different things begin differently.
fn head(key: &str) -> Option<String> {
    let first = key.split(|character: char| !character.is_alphanumeric() && character != '*').next()?;
    (!first.is_empty() && !first.contains('*')).then(|| first.to_lowercase())
}

/// The words of a key that are known.
fn words(key: &str) -> Vec<String> {
    key.split(|character: char| !character.is_alphanumeric())
        .filter(|word| word.len() > 1)
        .map(str::to_lowercase)
        .collect()
}

/// Whether two names say the same: `creditsLeft`, `credits_left`; `messages` and `message`. Asked very often.
pub(super) fn are_alike(one: &str, other: &str) -> bool {
    let (one, other) = (singular(one), singular(other));
    if one.is_ascii() && other.is_ascii() {
        return plain(one).eq(plain(other));
    }
    spelled(one).eq(spelled(other))
}

fn plain(name: &str) -> impl Iterator<Item = u8> {
    name.bytes().filter(|byte| *byte != b'_').map(|byte| byte.to_ascii_lowercase())
}

fn singular(name: &str) -> &str {
    name.strip_suffix(['s', 'S']).unwrap_or(name)
}

fn spelled(name: &str) -> impl Iterator<Item = char> {
    name.chars().filter(|character| *character != '_').flat_map(char::to_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_and_records_belong_together_by_key_table_or_column() {
        let key = |text: &str| vec![Subject::Key(text.into())];
        assert!(are_related(&key("tokens:*"), &key("tokens:*")));
        assert!(!are_related(&key("tokens:*"), &key("answers:*")));
        let mut balance = Vec::new();
        of_statement("select cents from balances where id = $1", &mut balance);
        let mut charge = Vec::new();
        of_statement("update balances set cents = cents - $1", &mut charge);
        let mut note = Vec::new();
        of_statement("insert into visits (at) values ($1)", &mut note);
        assert!(are_related(&balance, &charge) && !are_related(&balance, &note));
    }
}
