//! Python as it is written, and what it lowers to.

use serde_json::Value;

use super::*;
use crate::model::StatementKind;

/// On an 8 MiB stack, as the main thread has it.
fn lower_on_small_stack(text: String) -> Module {
    let thread = std::thread::Builder::new().stack_size(8 << 20).spawn(move || lower("deep.py", &text));
    thread.unwrap().join().unwrap()
}

/// The statements as compact JSON, without places, quotes and what says "none".
fn said(text: &str) -> String {
    let body = serde_json::to_value(lower("said.py", text).body).unwrap();
    let Value::Array(statements) = essence(body) else { return String::new() };
    let lines: Vec<_> = statements.iter().map(|statement| statement.to_string().replace('"', "")).collect();
    lines.join("\n")
}

fn essence(value: Value) -> Value {
    let is_nothing = |value: &Value| {
        value.is_null() || *value == Value::Bool(false) || value.as_array().is_some_and(|items| items.is_empty())
    };
    match value {
        Value::Object(mut fields) if fields.len() == 2 && fields.contains_key("span") => {
            fields.remove("kind").map_or(Value::Null, essence)
        }
        Value::Object(fields) => fields
            .into_iter()
            .filter(|(name, value)| !name.ends_with("span") && !is_nothing(value))
            .map(|(name, value)| (name, essence(value)))
            .collect(),
        Value::Array(items) => items.into_iter().map(essence).collect(),
        scalar => scalar,
    }
}

fn lost(text: &str) -> Vec<&str> {
    let parts = lower("lost.py", text).lost.into_iter();
    parts.map(|part| text.get(part.span.start as usize..part.span.end as usize).unwrap()).collect()
}

#[test]
fn constructs_lower_to_the_model() {
    let expected = [
        ("a = b = f()", "{Assign:{target:{Name:a},value:{Assign:{target:{Name:b},value:{Call:{callee:{Name:f}}}}}}}"),
        (
            r#"x: "Optional[Foo | a.B]" = None"#,
            "{Assign:{annotation:{Index:{index:{Operator:{operands:[{Name:Foo},{Member:{name:B,object:{Name:a}}}],operator:|}},object:{Name:Optional}}},target:{Name:x},value:{Literal:Null}}}",
        ),
        (
            r#"y: Literal["a"]"#,
            "{Assign:{annotation:{Index:{index:{Literal:{Text:a}},object:{Name:Literal}}},target:{Name:y}}}",
        ),
        (
            "total += 0x10 + 1_000",
            "{Assign:{operator:+,target:{Name:total},value:{Operator:{operands:[{Literal:{Number:16.0}},{Literal:{Number:1000.0}}],operator:+}}}}",
        ),
        (
            "del history[:-10], name",
            "{Expression:{Call:{arguments:[{value:{Slice:{object:{Name:history},stop:{Operator:{operands:[{Literal:{Number:10.0}}],operator:-}}}}}],callee:{Name:del}}}}",
        ),
        ("type Alias[T] = list[T]", "{Assign:{target:{Name:Alias},value:{Index:{index:{Name:T},object:{Name:list}}}}}"),
        (
            "0 < len(x) <= 10",
            "{Expression:{Operator:{operands:[{Operator:{operands:[{Literal:{Number:0.0}},{Call:{arguments:[{value:{Name:x}}],callee:{Name:len}}}],operator:<}},{Operator:{operands:[{Call:{arguments:[{value:{Name:x}}],callee:{Name:len}}},{Literal:{Number:10.0}}],operator:<=}}],operator:and}}}",
        ),
        ("a not in b", "{Expression:{Operator:{operands:[{Name:a},{Name:b}],operator:not in}}}"),
        (
            "x[1:2, 3]",
            "{Expression:{Index:{index:{List:[{Call:{arguments:[{value:{Literal:{Number:1.0}}},{value:{Literal:{Number:2.0}}}],callee:{Name:slice}}},{Literal:{Number:3.0}}]},object:{Name:x}}}}",
        ),
        (
            "{k: v for k in a if b for v in k}",
            "{Expression:{Comprehension:{clauses:[{over:{Name:a},target:{Name:k},tests:[{Name:b}]},{over:{Name:k},target:{Name:v}}],element:{List:[{Name:k},{Name:v}]}}}}",
        ),
        (
            r#"{"a": 1, 2: b, **c, d: e}"#,
            "{Expression:{Object:[{key:a,value:{Literal:{Number:1.0}}},{key:2,value:{Name:b}},{value:{Spread:{Name:c}}},{computed:{Name:d},value:{Name:e}}]}}",
        ),
        (
            r#""a" 'b' f"{x!r:>{w}} {{z}}" r"\n""#,
            r"{Expression:{Template:[{Literal:{Text:ab}},{Name:x},{Name:w},{Literal:{Text: {z}\\n}}]}}",
        ),
        (
            "f(*a, k=1, **b)",
            "{Expression:{Call:{arguments:[{value:{Spread:{Name:a}}},{name:k,value:{Literal:{Number:1.0}}},{name:**,value:{Name:b}}],callee:{Name:f}}}}",
        ),
        ("(y := f())", "{Expression:{Assign:{target:{Name:y},value:{Call:{callee:{Name:f}}}}}}"),
        (
            "lambda *a, k: a",
            "{Expression:{Function:{body:[{Return:{Name:a}}],name:,parameters:[{kind:Rest,target:{Name:a}},{kind:KeywordOnly,target:{Name:k}}]}}}",
        ),
        ("await x.y", "{Expression:{Await:{Member:{name:y,object:{Name:x}}}}}"),
        ("a if b else c", "{Expression:{Conditional:{otherwise:{Name:c},test:{Name:b},then:{Name:a}}}}"),
        (
            r#"print >>f, "x""#,
            "{Expression:{Call:{arguments:[{name:file,value:{Name:f}},{value:{Literal:{Text:x}}}],callee:{Name:print}}}}",
        ),
        (
            r#"assert x, "m""#,
            "{If:{test:{Operator:{operands:[{Name:x}],operator:not}},then:[{Raise:{Call:{arguments:[{value:{Literal:{Text:m}}}],callee:{Name:AssertionError}}}}]}}",
        ),
        ("raise A from b", "{Raise:{Name:A}}"),
        ("return *a, b", "{Return:{List:[{Spread:{Name:a}},{Name:b}]}}"),
        ("-1", "{Expression:{Operator:{operands:[{Literal:{Number:1.0}}],operator:-}}}"),
    ];
    for (text, model) in expected {
        assert_eq!(said(text), model, "{text}");
    }
}

#[test]
fn imports_say_what_they_bind() {
    let text = r#"import a.b, c as d
from .x import (y as z, w)
from .. import *
if typing.TYPE_CHECKING:
    from k import T
"#;
    let expected = r#"{Import:{local:a,source:a.b}}
{Import:{local:d,source:c}}
{Import:{local:z,name:y,source:.x}}
{Import:{local:w,name:w,source:.x}}
{Import:{local:,name:*,source:..}}
{If:{test:{Member:{name:TYPE_CHECKING,object:{Name:typing}}},then:[{Import:{is_type_only:true,local:T,name:T,source:k}}]}}"#;
    assert_eq!(said(text), expected);
}

#[test]
fn functions_keep_their_signature() {
    let text = r#"@app.get("/")
async def f(a, /, b: int = 1, *c: str, d, **e) -> "Foo":
    """Doc."""
    def inner(*, x): pass
    yield from a
"#;
    let expected = r#"{Function:{body:[{Expression:{Literal:{Text:Doc.}}},{Function:{name:inner,parameters:[{kind:KeywordOnly,target:{Name:x}}]}},{Expression:{Yield:{Spread:{Name:a}}}}],decorators:[{Call:{arguments:[{value:{Literal:{Text:/}}}],callee:{Member:{name:get,object:{Name:app}}}}}],is_async:true,is_generator:true,name:f,parameters:[{kind:Plain,target:{Name:a}},{annotation:{Name:int},default:{Literal:{Number:1.0}},kind:Plain,target:{Name:b}},{annotation:{Name:str},kind:Rest,target:{Name:c}},{kind:KeywordOnly,target:{Name:d}},{kind:KeywordRest,target:{Name:e}}],returns:{Name:Foo}}}"#;
    assert_eq!(said(text), expected);
}

#[test]
fn classes_keep_bases_and_keywords() {
    let text = r#"@d
class A(B, metaclass=M):
    x: int = 3
    def y(self): return super().y
"#;
    let expected = r#"{Class:{bases:[{Name:B}],body:[{Assign:{annotation:{Name:int},target:{Name:x},value:{Literal:{Number:3.0}}}},{Function:{body:[{Return:{Member:{name:y,object:{Call:{callee:{Name:super}}}}}}],name:y,parameters:[{kind:Plain,target:{Name:self}}]}}],decorators:[{Name:d}],keywords:[{key:metaclass,value:{Name:M}}],name:A}}"#;
    assert_eq!(said(text), expected);
}

#[test]
fn statements_with_clauses() {
    let text = r#"try:
    a()
except (A, B) as e: raise
except D, e: pass
except: pass
else: b()
finally: c()
async with a as b, c(): pass
with (open(1) as f, open(2) as g): pass
while True: break
for i, *j in x: continue
else: d()
"#;
    let expected = r#"{Try:{body:[{Expression:{Call:{callee:{Name:a}}}}],finally:[{Expression:{Call:{callee:{Name:c}}}}],handlers:[{binds:{Name:e},body:[{}],catches:{List:[{Name:A},{Name:B}]}},{binds:{Name:e},catches:{Name:D}},{}],otherwise:[{Expression:{Call:{callee:{Name:b}}}}]}}
{With:{items:[{binds:{Name:b},context:{Name:a}},{context:{Call:{callee:{Name:c}}}}]}}
{With:{items:[{binds:{Name:f},context:{Call:{arguments:[{value:{Literal:{Number:1.0}}}],callee:{Name:open}}}},{binds:{Name:g},context:{Call:{arguments:[{value:{Literal:{Number:2.0}}}],callee:{Name:open}}}}]}}
{Loop:{body:[Break],kind:While}}
{Loop:{body:[Continue],kind:Each,over:{Name:x},target:{List:[{Name:i},{Spread:{Name:j}}]}}}
{Block:[{Expression:{Call:{callee:{Name:d}}}}]}"#;
    assert_eq!(said(text), expected);
}

#[test]
fn cases_test_their_patterns() {
    let text = r#"match x:
    case Point(x=-1, y=[a, *_]): pass
    case {"k": None} | b.C if ok: pass
    case str() as s: pass
    case other if other > 1: pass
    case _: end()
"#;
    let expected = r#"{If:{otherwise:[{If:{otherwise:[{If:{otherwise:[{If:{otherwise:[{Expression:{Call:{callee:{Name:end}}}}],test:{Operator:{operands:[{Name:other},{Literal:{Number:1.0}}],operator:>}},then:[{Assign:{target:{Name:other},value:{Name:x}}}]}}],test:{Operator:{operands:[{Name:x},{Call:{callee:{Name:str}}}],operator:==}},then:[{Assign:{target:{Name:s},value:{Name:x}}}]}}],test:{Operator:{operands:[{Operator:{operands:[{Name:x},{Operator:{operands:[{Object:[{key:k,value:{Literal:Null}}]},{Member:{name:C,object:{Name:b}}}],operator:|}}],operator:==}},{Name:ok}],operator:and}}}}],test:{Operator:{operands:[{Name:x},{Call:{arguments:[{name:x,value:{Operator:{operands:[{Literal:{Number:1.0}}],operator:-}}},{name:y,value:{List:[{Name:a},{Spread:{Name:_}}]}}],callee:{Name:Point}}}],operator:==}}}}"#;
    assert_eq!(said(text), expected);
}

#[test]
fn a_long_run_of_one_operator_is_flat() {
    let text = format!("x = {}", vec!["1"; 50].join(" + "));
    assert_eq!(said(&text).matches("Operator").count(), 1);
    assert_eq!(said("a or b or c").matches("Operator").count(), 2);
}

#[test]
fn long_chains_of_branches_keep_every_branch() {
    let branches: String = (0..100).map(|number| format!("elif a == {number}:\n  g()\n")).collect();
    let said = said(&format!("if a:\n  f()\n{branches}else:\n  h()\n"));
    assert_eq!(
        (said.matches("If:").count(), said.matches("Name:g}").count(), said.matches("Name:h}").count()),
        (101, 100, 1)
    );
}

#[test]
fn broken_parts_lose_only_themselves() {
    let open_bracket = "a()\nx = (1,\ndef f():\n    call(1)\n\ny = g()\n";
    assert_eq!(lost(open_bracket), ["x = (1,"]);
    let whole = "a()\ndef f():\n    call(1)\n\ny = g()\n";
    assert_eq!(said(open_bracket), said(whole));
    let conflict = "<<<<<<< HEAD\na = f(1)\n=======\na = f(2)\n>>>>>>> b\n";
    assert_eq!(lost(conflict), ["<<<<<<<", "=======", ">>>>>>>"]);
    assert_eq!(said(conflict).matches("callee:{Name:f}").count(), 2);
    let in_class = "class A:\n  def f(self):\n    a(\n  def g(self):\n    b()\n";
    assert_eq!(lost(in_class), ["a("]);
    assert!(said(in_class).contains("name:g"));
    // Code in a text is no place to start anew.
    let quoted = "t = \"\"\"\ndef f():\n\"\"\"\nx = )\n";
    assert!(!said(quoted).contains("Function"));
}

#[test]
fn places_are_those_of_the_whole_text() {
    let text = "x = (\n# 한글\ndef f():  # note\n    client.chat(1)\n";
    let module = lower("places.py", text);
    let comments: Vec<_> = module.comments.iter().map(|comment| comment.text.as_str()).collect();
    assert_eq!(comments, ["한글", "note"]);
    let Some(StatementKind::Function(function)) = module.body.last().map(|statement| &statement.kind) else {
        panic!("no function: {:?}", module.body);
    };
    let span = function.body.first().unwrap().span;
    assert_eq!(text.get(span.start as usize..span.end as usize), Some("client.chat(1)"));
    assert_eq!((module.lines.position(span.start).line, module.lines.position(span.start).column), (4, 5));
}

#[test]
fn deep_and_long_input_is_survived() {
    let many = 100_000;
    let sums = format!("x = 1{}", " + 1".repeat(many));
    let branches = format!("if a:\n  f()\n{}", "elif b:\n  g()\n".repeat(many));
    // Quadratic time on any of these would be minutes.
    let inputs = [
        ("open", "(".repeat(many)),
        ("parens", format!("x = {}1{}", "(".repeat(many), ")".repeat(many))),
        ("lists", format!("x = {}1{}", "[".repeat(many), "]".repeat(many))),
        ("openlists", "[".repeat(many)),
        ("opendicts", "{".repeat(many)),
        ("not", format!("x = {}y", "not ".repeat(many))),
        ("minus", format!("x = {}y", "-".repeat(many))),
        ("chain", format!("{}f()", "a = ".repeat(many))),
        ("calls", format!("x = a{}", ".x()".repeat(many))),
        ("sums", sums),
        ("mixed", format!("x = 1{}", " + 1 - 1".repeat(many / 2))),
        ("branches", branches),
        ("lambda", format!("x = {}y", "lambda: ".repeat(many))),
        ("await", format!("x = {}y", "await ".repeat(many))),
        ("indent", (0..1000).map(|depth| format!("{}if a:\n", " ".repeat(depth))).collect()),
        ("compare", format!("x = 1{}", " < 1".repeat(many))),
        ("ternary", format!("x = {}1", "1 if a else ".repeat(many))),
        ("subscripts", format!("x = a{}", "[0]".repeat(many))),
        ("closing", ")".repeat(many)),
        ("strings", "\"a\" ".repeat(many)),
        ("fstrings", "f\"{".repeat(1000)),
        ("statements", "f(x)\n".repeat(many)),
        ("arguments", format!("f({})", "x, ".repeat(many))),
        ("decorators", format!("{}def f(): pass", "@d\n".repeat(many))),
    ];
    for (name, text) in inputs {
        let module = lower_on_small_stack(text);
        assert!(!module.body.is_empty() || !module.lost.is_empty(), "{name}");
    }
}
