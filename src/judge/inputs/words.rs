//! Words and types by which inputs are told apart: what is text, what is a list of messages, what cuts.

use crate::model::{Expression, ExpressionKind, Literal};

/// Parts of a request that are no text for a model.
const NO_TEXT: [&str; 23] = [
    "app", "state", "ip", "method", "url", "path", "headers", "header", "client", "session", "user", "cookies", "id",
    "log", "account", "auth", "locals", "signal", "scope", "nextUrl", "geo", "params", "param",
];

/// Whether a part of a request holds no text that its sender writes.
pub(super) fn is_no_text_part(name: &str) -> bool {
    NO_TEXT.contains(&name)
}

/// Methods that cut what they are called on, when they are given how much.
pub(super) fn cuts(method: &str) -> bool {
    matches!(
        method,
        "slice"
            | "substring"
            | "substr"
            | "truncate"
            | "take"
            | "takeLast"
            | "takeRight"
            | "splice"
            | "head"
            | "tail"
            | "last"
            | "limit"
            | "split_off"
            | "shorten"
    )
}

/// Methods that cut a collection where it is kept.
pub(super) fn cuts_in_place(method: &str, arguments: usize) -> bool {
    match method {
        "popleft" | "shift" | "splice" | "drain" | "truncate" | "pop_front" => true,
        // `pop()` takes back what was just added, `pop(0)` drops the oldest; `trim()` drops the white space around a
        // text, `trim(key, -20, -1)` all but the last items of a list.
        "pop" | "remove" | "trim" => arguments > 0,
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

/// Methods and functions that make one text of many parts.
pub(super) fn makes_text(method: &str) -> bool {
    matches!(method, "join" | "stringify" | "dumps" | "to_string" | "concat" | "sum" | "format" | "toString" | "str")
}

/// Methods by which a named part of a request is taken.
pub(super) fn takes_part(method: &str) -> bool {
    matches!(method, "get" | "query" | "param" | "getlist" | "getAll" | "get_argument" | "pop" | "header" | "valid")
}

/// Methods that check a value against a schema and give it back.
pub(super) fn parses(method: &str) -> bool {
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

/// Whether a name, such as that of a table or function, is about a conversation.
pub(super) fn is_about_conversation(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["message", "history", "turn", "conversation", "chat", "transcript", "dialog", "memory"]
        .iter()
        .any(|word| name.contains(word))
}

/// Methods by which the whole of a request is read.
pub(super) fn reads_request(method: &str) -> bool {
    matches!(
        method,
        "json" | "text" | "body" | "form" | "formData" | "get_json" | "read" | "decode" | "get_data" | "valid"
    )
}

/// Members that hold the fields of a request, and say nothing themselves.
pub(super) fn is_container(name: &str) -> bool {
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

/// `ALLOWED.has(x)`, `x in ALLOWED`, `x == "a"`.
pub(super) fn picks_from_a_list(test: &Expression) -> bool {
    match &test.kind {
        ExpressionKind::Call(call) => {
            matches!(&call.callee.kind, ExpressionKind::Member { name, .. } if matches!(name.as_str(), "has" | "includes" | "contains"))
        }
        ExpressionKind::Operator { operator, .. } => matches!(operator.as_str(), "in" | "=="),
        _ => false,
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
