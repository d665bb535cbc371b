//! Words and types by which inputs are told apart: what is text, what is a list of messages, what cuts.

use crate::link::Program;
use crate::model::{Argument, Call, Entry, Expression, ExpressionKind, Literal, Statement, StatementKind};

/// Parts of a request that are no text for a model.
const NO_TEXT: [&str; 25] = [
    "app", "state", "ip", "method", "url", "path", "headers", "header", "client", "session", "user", "cookies", "id",
    "log", "account", "auth", "locals", "signal", "scope", "nextUrl", "geo", "params", "param", "db", "database",
];

/// Whether a part of a request holds no text that its sender writes.
pub(super) fn is_no_text_part(name: &str) -> bool {
    NO_TEXT.contains(&name)
}

/// Whether a name is that of what a developer, not a user, tells a model.
pub(super) fn is_instruction(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.starts_with("system") || matches!(name.as_str(), "instructions" | "developer")
}

/// Whether a function picks messages that a developer has written: `(message) => message.role === "system"`.
pub(super) fn picks_instructions(function: &Expression) -> bool {
    let ExpressionKind::Function(function) = &function.kind else { return false };
    let [Statement { kind: StatementKind::Return(Some(test)), .. }] = function.body.as_slice() else { return false };
    asks_for_instructions(test)
}

/// Whether a test holds only for messages that a developer has written: `m["role"] == "system"`.
pub(super) fn asks_for_instructions(test: &Expression) -> bool {
    match &test.kind {
        ExpressionKind::Operator { operator, operands } if operator == "and" => {
            operands.iter().any(asks_for_instructions)
        }
        _ => asks_for_role(test, is_instruction),
    }
}

/// Whether a test holds for all messages that a user has written: `m["role"] == "user"`.
pub(in crate::judge) fn asks_for_what_users_say(test: &Expression) -> bool {
    asks_for_role(test, |role| matches!(role, "user" | "human"))
}

fn asks_for_role(test: &Expression, is_role: fn(&str) -> bool) -> bool {
    let ExpressionKind::Operator { operator, operands } = &test.kind else { return false };
    let names_role = |part: &Expression| match &part.kind {
        ExpressionKind::Member { name, .. } => name == "role",
        ExpressionKind::Index { index, .. } => is_text(index, |text| text == "role"),
        ExpressionKind::Call(call) => {
            matches!(&call.callee.kind, ExpressionKind::Member { name, .. } if name == "get")
                && call.arguments.first().is_some_and(|key| is_text(&key.value, |text| text == "role"))
        }
        _ => false,
    };
    operator == "==" && operands.iter().any(names_role) && operands.iter().any(|part| is_text(part, is_role))
}

fn is_text(expression: &Expression, asked: impl Fn(&str) -> bool) -> bool {
    matches!(&expression.kind, ExpressionKind::Literal(Literal::Text(text)) if asked(text))
}

/// Whether a name is that of a text that nobody writes as prose: a key, a path, the name of something.
pub(super) fn names_no_prose(name: &str) -> bool {
    let name: String = name.chars().filter(|each| *each != '_').flat_map(char::to_lowercase).collect();
    ["id", "key", "name", "path", "url", "uri", "model", "language", "type", "format", "token", "role", "dir", "file"]
        .iter()
        .any(|word| name.ends_with(word))
}

/// Whether a name says which thing is meant that is kept elsewhere: `thread_id`, `assistantId`.
pub(super) fn names_a_handle(name: &str) -> bool {
    name == "id" || name.ends_with("_id") || name.ends_with("Id")
}

/// Methods that cut a collection where it is kept.
pub(super) fn cuts_in_place(method: &str, arguments: &[Argument]) -> bool {
    match method {
        "popleft" | "shift" | "drain" | "truncate" | "pop_front" => true,
        // `splice(at, 1)` takes a certain item out, `splice(at, 0, item)` puts one in.
        "splice" => match (arguments.first(), arguments.get(1).map(|count| &count.value.kind)) {
            (Some(place), Some(ExpressionKind::Literal(Literal::Number(count)))) => {
                *count > 0.0 && matches!(place.value.kind, ExpressionKind::Literal(_))
            }
            _ => true,
        },
        // `pop()` takes back what was just added, `pop(0)` drops the oldest; `trim()` drops the white space around a
        // text, `trim(key, -20, -1)` all but the last items of a list.
        "pop" | "remove" => matches!(arguments, [only] if !is_key(&only.value)),
        "trim" => !arguments.is_empty(),
        _ => false,
    }
}

/// Whether a place is the key under which a table holds something, not the number of an item: `chats.pop(user_id)`,
/// `del chats[message.chat.id]`.
pub(super) fn is_key(place: &Expression) -> bool {
    match &place.kind {
        ExpressionKind::Literal(Literal::Text(_)) | ExpressionKind::Template(_) => true,
        ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } => {
            names_a_handle(name) || ["id", "user", "chat", "session", "key"].contains(&name.to_lowercase().as_str())
        }
        ExpressionKind::Call(call) => {
            matches!(&call.callee.kind, ExpressionKind::Name(name) if matches!(name.as_str(), "str" | "String"))
        }
        _ => false,
    }
}

/// Methods that add to a collection.
pub(super) fn adds(method: &str) -> bool {
    matches!(
        method,
        "append"
            | "push"
            | "extend"
            | "set"
            | "setdefault"
            | "insert"
            | "unshift"
            | "add"
            | "push_back"
            | "concat"
            | "entry"
    )
}

/// `{"$push": {"turns": turn}}`: an entry by which a store puts something behind a list that it does not cut.
pub(super) fn is_put_behind(entry: &Entry) -> bool {
    puts_behind(entry) == Some(false)
}

/// `{"$push": {"turns": {"$each": [turn], "$slice": -12}}}`: an entry by which a store keeps but so many of a list.
pub(super) fn is_kept_short(entry: &Entry) -> bool {
    puts_behind(entry) == Some(true)
}

/// Whether an entry by which a store puts something behind a list cuts that; none for other entries.
fn puts_behind(entry: &Entry) -> Option<bool> {
    let keeps_few = |entries: &[Entry]| entries.iter().any(|entry| entry.key.as_deref() == Some("$slice"));
    let is_cut = |entry: &Entry| matches!(&entry.value.kind, ExpressionKind::Object(inner) if keeps_few(inner));
    (entry.key.as_deref() == Some("$push"))
        .then(|| matches!(&entry.value.kind, ExpressionKind::Object(lists) if lists.iter().any(is_cut)))
}

/// Methods that run a function for each item of what they are called on.
pub(super) fn iterates(method: &str) -> bool {
    matches!(
        method,
        "map"
            | "forEach"
            | "filter"
            | "flatMap"
            | "some"
            | "every"
            | "find"
            | "reduce"
            | "iter"
            | "for_each"
            | "any"
            | "all"
    )
}

/// Whether a call gives one item of a list: of what it is called on, or of what it is given.
pub(super) fn takes_one(method: &str, call: &Call) -> bool {
    let arguments = call.arguments.as_slice();
    let is_number = |argument: &Argument| match &argument.value.kind {
        ExpressionKind::Literal(Literal::Number(_)) => true,
        ExpressionKind::Operator { operator, .. } => operator == "-",
        _ => false,
    };
    let is_function = |argument: &Argument| {
        matches!(
            argument.value.kind,
            ExpressionKind::Function(_) | ExpressionKind::Name(_) | ExpressionKind::Member { .. }
        )
    };
    match &call.callee.kind {
        ExpressionKind::Member { .. } => match method {
            "at" => arguments.len() == 1,
            "find" | "findLast" => arguments.iter().any(is_function),
            "last" | "first" => true,
            "pop" | "shift" => arguments.iter().all(is_number),
            _ => false,
        },
        ExpressionKind::Name(_) => match method {
            "next" => true,
            // `max(turns, key=newest)`; of several numbers it gives one of these.
            "max" | "min" => {
                matches!(arguments, [only, _] | [_, only] if only.name.is_none())
                    && arguments.iter().any(|argument| argument.name.as_deref() == Some("key"))
            }
            _ => false,
        },
        _ => false,
    }
}

/// Methods that fetch one row of those that a query finds.
pub(super) fn fetches_one(method: &str) -> bool {
    matches!(
        method,
        "fetch_one" | "fetch_optional" | "fetchone" | "one" | "one_or_none" | "scalar_one" | "scalar_one_or_none"
    )
}

/// Methods and functions that make one text of many parts.
pub(super) fn makes_text(method: &str) -> bool {
    matches!(method, "join" | "stringify" | "dumps" | "to_string" | "concat" | "sum" | "format" | "toString" | "str")
}

/// Those of them that are given a list, or something else of many parts.
pub(super) fn puts_together(method: &str) -> bool {
    matches!(method, "join" | "stringify" | "dumps")
}

/// Methods by which a named part of a request is taken.
pub(in crate::judge) fn takes_part(method: &str) -> bool {
    matches!(method, "get" | "query" | "param" | "getlist" | "getAll" | "get_argument" | "pop" | "header" | "valid")
}

/// Methods that lead to a part of a collection, or to what is locked, without making a copy.
pub(super) fn leads_to_part(method: &str) -> bool {
    takes_part(method)
        || matches!(
            method,
            "setdefault"
                | "get_mut"
                | "entry"
                | "or_default"
                | "or_insert"
                | "or_insert_with"
                | "lock"
                | "write"
                | "read"
                | "borrow_mut"
                | "borrow"
                | "unwrap"
                | "expect"
                | "as_mut"
        )
}

/// Methods that check a value against a schema and give it back.
pub(in crate::judge) fn parses(method: &str) -> bool {
    matches!(
        method,
        "parse"
            | "safeParse"
            | "parseAsync"
            | "safeParseAsync"
            | "validate"
            | "validateAsync"
            | "validateSync"
            | "model_validate"
            | "model_validate_json"
            | "parse_obj"
            | "parse_raw"
            | "load"
            | "loads"
            | "assert"
            | "create"
            | "cast"
            | "is_valid"
    )
}

/// A name of many messages.
pub(super) fn is_list_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["messages", "history", "turns", "conversation", "chat_log", "transcript", "dialog", "dialogue"]
        .iter()
        .any(|word| name.ends_with(word))
}

/// The name under which what is put together of steps has the conversation with whoever calls it.
pub(super) const TURNS: &str = "messages";

/// A name of many messages that is as often one text: the transcript of a recording.
pub(super) fn may_be_one_text(name: &str) -> bool {
    name.to_ascii_lowercase().ends_with("transcript")
}

/// Whether a name, such as that of a table or function, is about a conversation.
pub(super) fn is_about_conversation(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["message", "history", "turn", "conversation", "chat", "transcript", "dialog", "memory"]
        .iter()
        .any(|word| name.contains(word))
}

/// Whether an expression is a conversation by its name: `messages`, `state["messages"]`, `state.messages`.
pub(super) fn names_conversation(expression: &Expression) -> bool {
    match &expression.kind {
        ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } => is_about_conversation(name),
        ExpressionKind::Index { index, .. } => is_text(index, is_about_conversation),
        ExpressionKind::Call(call) => {
            matches!(&call.callee.kind, ExpressionKind::Member { name, .. } if name == "get")
                && call.arguments.first().is_some_and(|key| is_text(&key.value, is_about_conversation))
        }
        _ => false,
    }
}

/// Methods by which the whole of a request is read.
pub(in crate::judge) fn reads_request(method: &str) -> bool {
    matches!(
        method,
        "json" | "text" | "body" | "form" | "formData" | "get_json" | "read" | "decode" | "get_data" | "valid"
    )
}

/// Members that hold the fields of a request, and say nothing themselves.
pub(in crate::judge) fn is_container(name: &str) -> bool {
    matches!(
        name,
        "json"
            | "body"
            | "form"
            | "query"
            | "data"
            | "args"
            | "payload"
            | "req"
            | "request"
            | "values"
            | "validated_data"
            | "cleaned_data"
            | "POST"
            | "GET"
            | "value"
            | "output"
    )
}

/// The last name of a type.
fn type_name(expression: &Expression) -> Option<&str> {
    match &expression.kind {
        ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } => Some(name),
        _ => None,
    }
}

/// Whether a name is a type of lists.
pub(super) fn is_list_type(expression: &Expression) -> bool {
    type_name(expression).is_some_and(|name| {
        matches!(
            name,
            "list"
                | "List"
                | "Sequence"
                | "Array"
                | "ReadonlyArray"
                | "set"
                | "Set"
                | "tuple"
                | "Tuple"
                | "conlist"
                | "Vec"
                | "VecDeque"
                | "Iterable"
        )
    })
}

/// Whether a type is a collection behind a lock, which requests share: `Mutex<HashMap<String, Vec<Turn>>>`.
pub(super) fn is_shared_collection(annotation: &Expression) -> bool {
    fn names(annotation: &Expression, wanted: &[&str], depth: usize) -> bool {
        depth < 8
            && match &annotation.kind {
                ExpressionKind::Index { object, index } => {
                    names(object, wanted, depth + 1) || names(index, wanted, depth + 1)
                }
                ExpressionKind::List(parts) => parts.iter().any(|part| names(part, wanted, depth + 1)),
                _ => type_name(annotation).is_some_and(|name| wanted.contains(&name)),
            }
    }
    matches!(annotation.kind, ExpressionKind::Index { .. })
        && names(annotation, &["Mutex", "RwLock", "DashMap"], 0)
        && names(annotation, &["Vec", "VecDeque", "HashMap", "BTreeMap", "DashMap"], 0)
}

/// The type of the items where an annotation is a list: `list[Turn]`, `Annotated[list[Turn], ...]`, `Vec<Turn>`, `Turn[]`.
pub(super) fn items_of(annotation: &Expression) -> Option<&Expression> {
    let ExpressionKind::Index { object, index } = &annotation.kind else { return None };
    let first = match &index.kind {
        ExpressionKind::List(parts) => parts.first()?,
        _ => index,
    };
    if is_list_type(object) {
        return Some(first);
    }
    let is_wrapper =
        type_name(object).is_some_and(|name| matches!(name, "Annotated" | "Optional" | "Json" | "Option" | "Readonly"));
    if is_wrapper { items_of(first) } else { None }
}

/// Types that hold no free text.
pub(super) fn is_no_text(annotation: &Expression) -> bool {
    match &annotation.kind {
        ExpressionKind::Name(_) | ExpressionKind::Member { .. } => type_name(annotation).is_some_and(|name| {
            matches!(
                name,
                "int"
                    | "float"
                    | "bool"
                    | "number"
                    | "boolean"
                    | "UUID"
                    | "UUID4"
                    | "Uuid"
                    | "date"
                    | "Date"
                    | "datetime"
                    | "Decimal"
                    | "i8"
                    | "i16"
                    | "i32"
                    | "i64"
                    | "u8"
                    | "u16"
                    | "u32"
                    | "u64"
                    | "usize"
                    | "isize"
                    | "f32"
                    | "f64"
                    | "BackgroundTasks"
            )
        }),
        ExpressionKind::Index { object, index } => match type_name(object) {
            Some("Literal") => true,
            Some("Optional" | "Annotated" | "Option" | "list" | "List" | "Vec" | "Path") => match &index.kind {
                ExpressionKind::List(parts) => parts.first().is_some_and(is_no_text),
                _ => is_no_text(index),
            },
            _ => false,
        },
        ExpressionKind::Operator { operator, operands } if operator == "|" => {
            operands.iter().all(|operand| is_no_text(operand) || matches!(operand.kind, ExpressionKind::Literal(_)))
        }
        ExpressionKind::Literal(Literal::Text(_) | Literal::Null) => true,
        _ => false,
    }
}

/// Types of free text.
pub(super) fn is_free_text(annotation: &Expression) -> bool {
    match &annotation.kind {
        ExpressionKind::Name(_) | ExpressionKind::Member { .. } => {
            type_name(annotation).is_some_and(|name| matches!(name, "str" | "string" | "String"))
        }
        ExpressionKind::Index { object, index } => {
            matches!(type_name(object), Some("Optional" | "Option" | "Annotated" | "Into" | "AsRef" | "Cow"))
                && match &index.kind {
                    ExpressionKind::List(parts) => parts.first().is_some_and(is_free_text),
                    _ => is_free_text(index),
                }
        }
        ExpressionKind::Operator { operator, operands } if operator == "|" => operands.iter().any(is_free_text),
        _ => false,
    }
}

/// Whether a test tells that what is chosen is one of a list: `ALLOWED.has(x) ? x`, `x in ALLOWED`, `x == "a"`. What a
/// thing is (`typeof x === "string"`) tells nothing of how long it is, nor does a test of something else.
pub(super) fn picks_from_a_list(test: &Expression, chosen: &Expression) -> bool {
    let asked: Vec<&Expression> = match &test.kind {
        ExpressionKind::Call(call) => match &call.callee.kind {
            ExpressionKind::Member { name, .. } if matches!(name.as_str(), "has" | "includes" | "contains") => {
                call.arguments.iter().map(|argument| &argument.value).collect()
            }
            _ => return false,
        },
        ExpressionKind::Operator { operator, operands } if matches!(operator.as_str(), "in" | "==") => {
            operands.iter().collect()
        }
        _ => return false,
    };
    let asked: Vec<String> = asked.into_iter().flat_map(|part| things(part, 0)).collect();
    things(chosen, 0).iter().any(|thing| asked.contains(thing))
}

/// What an expression is about: names, and parts of what goes by them.
fn things(expression: &Expression, depth: usize) -> Vec<String> {
    let within =
        |parts: &mut dyn Iterator<Item = &Expression>| parts.flat_map(|part| things(part, depth + 1)).collect();
    match &expression.kind {
        _ if depth > 8 => Vec::new(),
        ExpressionKind::Name(_) | ExpressionKind::Member { .. } => vec![Program::written(expression)],
        ExpressionKind::Call(call) => {
            let object = match &call.callee.kind {
                ExpressionKind::Member { object, .. } => Some(&**object),
                _ => None,
            };
            within(&mut object.into_iter().chain(call.arguments.iter().map(|argument| &argument.value)))
        }
        ExpressionKind::Operator { operator, operands } if operator != "typeof" => within(&mut operands.iter()),
        ExpressionKind::Await(inner) => things(inner, depth + 1),
        ExpressionKind::Template(parts) => within(&mut parts.iter()),
        _ => Vec::new(),
    }
}

/// Whether an expression names something.
pub(super) fn mentions(expression: &Expression, name: &str) -> bool {
    match &expression.kind {
        ExpressionKind::Name(other) => other == name,
        ExpressionKind::Member { object, name: other } => other == name || mentions(object, name),
        ExpressionKind::Index { object, index } => {
            mentions(object, name) || matches!(&index.kind, ExpressionKind::Literal(Literal::Text(key)) if key == name)
        }
        ExpressionKind::Slice { object, .. } => mentions(object, name),
        ExpressionKind::Call(call) => mentions(&call.callee, name),
        ExpressionKind::Await(inner) | ExpressionKind::Spread(inner) => mentions(inner, name),
        ExpressionKind::Operator { operands, .. } => operands.iter().any(|operand| mentions(operand, name)),
        _ => false,
    }
}
