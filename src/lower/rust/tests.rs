//! What each construct lowers to, and what hostile files cost.

use super::lower;
use crate::model::{
    Argument, Assignment, Block, Expression, ExpressionKind, Function, Literal, LostReason, Module, Statement,
    StatementKind,
};

/// The model in one line, as close to code as it gets.
fn shown(module: &Module) -> String {
    block(&module.body)
}

fn block(body: &Block) -> String {
    body.iter().map(stmt).collect::<Vec<_>>().join("; ")
}

fn stmt(written: &Statement) -> String {
    match &written.kind {
        StatementKind::Expression(value) => expr(value),
        StatementKind::Assign(written) => assign(written),
        StatementKind::If { test, then, otherwise } if otherwise.is_empty() => {
            format!("if {} {{{}}}", expr(test), block(then))
        }
        StatementKind::If { test, then, otherwise } => {
            format!("if {} {{{}}} else {{{}}}", expr(test), block(then), block(otherwise))
        }
        StatementKind::Loop(written) => {
            let part = |name: &str, part: &Option<Expression>| {
                part.as_ref().map(|part| format!("{name}{} ", expr(part))).unwrap_or_default()
            };
            let head = part("for ", &written.target) + &part("over ", &written.over);
            format!("loop {head}{{{}}}", block(&written.body))
        }
        StatementKind::Return(value) => format!("return {}", value.as_ref().map(expr).unwrap_or_default()),
        StatementKind::Break => "break".into(),
        StatementKind::Continue => "continue".into(),
        StatementKind::Function(written) => function(written),
        StatementKind::Class(class) => {
            let bases = class.bases.iter().map(expr).collect::<Vec<_>>().join(", ");
            let kind = if class.is_extension { "extend" } else { "class" };
            let body = block(&class.body);
            format!("{}{kind} {}({bases}) {{{body}}}", decorators(&class.decorators), class.name)
        }
        StatementKind::Import(import) => {
            let name = import.name.as_ref().map(|name| format!("#{name}")).unwrap_or_default();
            let exported = if import.is_exported { "pub " } else { "" };
            format!("{exported}import {}{name} {}", import.source, import.local)
        }
        StatementKind::Block(body) => format!("{{{}}}", block(body)),
        other => format!("{other:?}"),
    }
}

fn decorators(written: &[Expression]) -> String {
    written.iter().map(|decorator| format!("@{} ", expr(decorator))).collect()
}

fn function(written: &Function) -> String {
    let parameters: Vec<String> = written
        .parameters
        .iter()
        .map(|parameter| {
            let annotation = parameter.annotation.as_ref().map(|annotation| format!(": {}", expr(annotation)));
            expr(&parameter.target) + &annotation.unwrap_or_default()
        })
        .collect();
    let returns = written.returns.as_ref().map(|returns| format!(" -> {}", expr(returns))).unwrap_or_default();
    let kind = if written.is_async { "async fn" } else { "fn" };
    let head = format!("{}{kind} {}", decorators(&written.decorators), written.name);
    format!("{head}({}){returns} {{{}}}", parameters.join(", "), block(&written.body))
}

fn assign(written: &Assignment) -> String {
    let annotation = written.annotation.as_ref().map(|annotation| format!(": {}", expr(annotation)));
    let value = written
        .value
        .as_ref()
        .map(|value| format!(" {}= {}", written.operator.as_deref().unwrap_or_default(), expr(value)));
    let declares = if written.declares { "let " } else { "" };
    format!("{declares}{}{}{}", expr(&written.target), annotation.unwrap_or_default(), value.unwrap_or_default())
}

fn argument(written: &Argument) -> String {
    match &written.name {
        Some(name) => format!("{name}={}", expr(&written.value)),
        None => expr(&written.value),
    }
}

fn joined(parts: &[Expression]) -> String {
    parts.iter().map(expr).collect::<Vec<_>>().join(", ")
}

fn expr(written: &Expression) -> String {
    match &written.kind {
        ExpressionKind::Name(name) => name.clone(),
        ExpressionKind::Member { object, name } => format!("{}.{name}", expr(object)),
        ExpressionKind::Index { object, index } => format!("{}[{}]", expr(object), expr(index)),
        ExpressionKind::Slice { object, start, stop } => {
            let bound = |bound: &Option<Box<Expression>>| bound.as_ref().map(|bound| expr(bound)).unwrap_or_default();
            format!("{}[{}:{}]", expr(object), bound(start), bound(stop))
        }
        ExpressionKind::Call(call) => {
            let arguments = call.arguments.iter().map(argument).collect::<Vec<_>>().join(", ");
            format!("{}{}({arguments})", if call.is_new { "new " } else { "" }, expr(&call.callee))
        }
        ExpressionKind::Literal(Literal::Null) => "null".into(),
        ExpressionKind::Literal(Literal::Boolean(value)) => value.to_string(),
        ExpressionKind::Literal(Literal::Number(value)) => value.to_string(),
        ExpressionKind::Literal(Literal::Text(value)) => format!("{value:?}"),
        ExpressionKind::Template(parts) => format!("`{}`", joined(parts)),
        ExpressionKind::List(parts) => format!("[{}]", joined(parts)),
        ExpressionKind::Object(entries) => {
            let entry = |key: &Option<String>, value: &Expression| {
                format!("{}: {}", key.as_deref().unwrap_or("?"), expr(value))
            };
            let entries: Vec<String> = entries.iter().map(|part| entry(&part.key, &part.value)).collect();
            format!("{{{}}}", entries.join(", "))
        }
        ExpressionKind::Operator { operator, operands } => match operands.as_slice() {
            [left, right] => format!("({} {operator} {})", expr(left), expr(right)),
            operands => format!("{operator}({})", joined(operands)),
        },
        ExpressionKind::Conditional { test, then, otherwise } => {
            format!("({} ? {} : {})", expr(test), expr(then), expr(otherwise))
        }
        ExpressionKind::Function(written) => function(written),
        ExpressionKind::Await(value) => format!("await {}", expr(value)),
        ExpressionKind::Yield(value) => {
            format!("yield {}", value.as_ref().map(|value| expr(value)).unwrap_or_default())
        }
        ExpressionKind::Assign(written) => format!("({})", assign(written)),
        ExpressionKind::Spread(value) => format!("...{}", expr(value)),
        ExpressionKind::Block(body) => format!("do {{{}}}", block(body)),
        ExpressionKind::Unknown => "??".into(),
        other => format!("{other:?}"),
    }
}

#[track_caller]
fn holds(written: &str, expected: &str) {
    let module = lower("a.rs", written);
    assert_eq!(shown(&module), expected);
    assert_eq!(module.lost, []);
}

/// The body of a function without a result.
#[track_caller]
fn body(written: &str, expected: &str) {
    holds(&format!("fn f() {{ {written} }}"), &format!("fn f() {{{expected}}}"));
}

#[test]
fn imports() {
    holds(
        "use a::b::{self, c as d, e::*}; pub use crate::x::Y; use serde; mod m; extern crate z as w; use a::r#type;",
        "import a#b b; import a::b#c d; import a::b::e#* ; pub import crate::x#Y Y; import serde serde; \
         import self::m m; import z w; import a#type type",
    );
}

#[test]
fn functions_and_their_results() {
    holds(
        "pub async fn f(&self, State(s): State<Arc<App>>, mut n: &'a [u8]) -> Result<Vec<u8>, E> { g(); h(n)? }",
        "async fn f(self, State(s): State[Arc[App]], n: [u8]) -> Result[[Vec[u8], E]] {g(); return ?(h(n))}",
    );
    holds("fn f() { g() }", "fn f() {g()}");
    holds(
        "fn f() -> u8 { if a { return 1; } match b { 1 => 2, _ => { x(); 3 } } }",
        "fn f() -> u8 {if a {return 1}; if (b == 1) {return 2} else {x(); return 3}}",
    );
}

#[test]
fn types_with_their_methods() {
    holds(
        "#[derive(Debug, Clone)] pub struct A<T> { pub x: Option<T>, #[serde(default)] #[validate(length(max = 5))] y: String } \
         struct P(u8, String); struct U;",
        "@derive(Debug, Clone) class A() {x: Option[T]; y: String = [serde(default), validate(length(max=5))]}; \
         class P() {0: u8; 1: String}; class U() {}",
    );
    holds("enum E { A, B(u8), C(u8, X), D { x: T }, F = 3 }", "class E() {A; B: u8; C: [u8, X]; D: {x: T}; F = 3}");
    holds(
        "impl<T> From<X> for a::Y<T> { const N: u8 = 3; fn from(x: X) -> Self { Self { x, ..Default::default() } } }",
        "extend Y(From[X]) {let N: u8 = 3; fn from(x: X) -> Self {return new Self(x=x, **=Default.default())}}",
    );
    holds(
        "trait T: Send + U<V> { fn a(&self); fn b(&self) -> u8 { 1 } }",
        "class T(Send, U[V]) {fn a(self) {}; fn b(self) -> u8 {return 1}}",
    );
    holds("mod m { fn f() {} }", "class m() {fn f() {}}");
    holds(
        "impl T for (A, B) {} impl dyn U {} extern \"C\" { fn f(x: u8); }",
        "extend _(T) {}; extend U() {}; fn f(x: u8) {}",
    );
    holds(
        "const A: usize = 1_000; static B: &str = \"x\"; type R<T> = Result<T, E>;",
        "let A: usize = 1000; let B: str = \"x\"; let R = Result[[T, E]]",
    );
}

#[test]
fn attributes_are_decorators() {
    holds(
        "#[tokio::main(flavor = \"x\")] async fn main() {} /// doc\n #[get(\"/x\")] #[inline] fn g() {}",
        "@tokio.main(flavor=\"x\") async fn main() {}; @get(\"/x\") @inline fn g() {}",
    );
}

#[test]
fn what_is_for_tests_does_not_ship() {
    holds(
        "#[cfg(test)] mod tests { fn a() {} } #[test] fn b() {} #[tokio::test] async fn c() {} \
         #[cfg(all(test, unix))] use x; #[cfg(not(test))] fn d() {}",
        "@cfg(not(test)) fn d() {}",
    );
    holds("#![cfg(test)]\nfn a() {}", "");
}

#[test]
fn expressions() {
    body("a::b::C::<u8>::new(x).d::<T>(1, \"s\").await?.0;", "?(await a.b.C.new(x).d(1, \"s\")).0");
    body(
        "x = 1; x += 2.5; let y: u8; let (a, mut b) = c;",
        "x = 1; x += 2.5; let y: u8; let [a, b]  = c".replace("  ", " ").as_str(),
    );
    body("(&*a as &T)[1..n]; a[i]; a[..]; 0..=3; ..2;", "a[1:n]; a[i]; a[:]; (0 ..= 3); (null .. 2)");
    body("!a && -b < 0x10 || c != 'c';", "((not(a) and (-(b) < 16)) or (c != \"c\"))");
    body("(1, [2; 3], [4, 5], (), None, b\"x\", true);", "[1, [2], [4, 5], null, null, \"x\", true]");
    body("<Vec<u8> as T>::f(); <u8>::MAX;", "Vec[u8].f(); u8.MAX");
    body(
        "f(|a, (b, c): T| a + b, move || { g(); h() });",
        "f(fn (a, [b, c]: T) {return (a + b)}, fn () {g(); return h()})",
    );
    body(
        "spawn(async move { g().await }); r(|q| async move { g(q).await });",
        "spawn(async fn () {return await g()}); r(async fn (q) {return await g(q)})",
    );
    body("a(if x { 1 } else { 2 }, if x { y(); 1 } else { 2 });", "a((x ? 1 : 2), do {if x {y(); 1} else {2}})");
    body("let v = match x { A => 1, B | C => 2, _ => 3 };", "let v = ((x == A) ? 1 : ((x == (B | C)) ? 2 : 3))");
    body("let v = { a(); b };", "let v = do {a(); b}");
    body("let v = x.unwrap_or_else(|| return 3);", "let v = x.unwrap_or_else(fn () {return 3})");
    body("let v = loop { break 3; };", "let v = do {loop {3; break}}");
}

#[test]
fn control_flow() {
    body(
        "while a { b(); } while true {} loop { break; } for (i, x) in y.iter() { continue; }",
        "loop over a {b()}; loop {}; loop {break}; loop for [i, x] over y.iter() {continue}",
    );
    body("'a: loop { break 'a; }  unsafe { f() } { g(); }", "loop {break}; {f()}; {g()}");
    body("if a { b() } else if c { d() } else { e() }", "if a {b()} else {if c {d()} else {e()}}");
    body("if let Some(x) = y && x > 3 { z(x) }", "if ((y == Some(x)) and (x > 3)) {let Some(x) = y; z(x)}");
    body("while let Some(x) = y.next() { z(x) }", "loop over (y.next() == Some(x)) {let Some(x) = y.next(); z(x)}");
    body("let Some(x) = y else { return };", "let Some(x) = y; if not((y == Some(x))) {return }");
}

#[test]
fn matches() {
    body(
        "match f().await { Ok(r) if r.ok => a(r), Err(E::T { code, .. }) => { b(code) } _ => {} }",
        "if ((await f() == Ok(r)) and r.ok) {let Ok(r) = await f(); a(r)} \
         else {if (await f() == Err(new E.T(code=code))) {let Err(new E.T(code=code)) = await f(); b(code)}}",
    );
    body("match f() { x => g(x) }", "let x = f(); g(x)");
    body("match f() { _ => g() }", "f(); g()");
    body("match x { 1..=3 => a(), n @ (4 | 5) => b(), [a, .., z] => c(), other => d(other) }",
        "if (x == (1 ..= 3)) {a()} else {if (x == (n @ (4 | 5))) {let (n @ (4 | 5)) = x; b()} else {if (x == [a, ..._, z]) \
         {let [a, ..._, z] = x; c()} else {let other = x; d(other)}}}".replace("|| ", "").as_str());
    let many = "match x { ".to_owned() + &"A => f(), ".repeat(60) + "_ => g() }";
    let module = lower("a.rs", &format!("fn f() {{ {many} }}"));
    assert_eq!(shown(&module).matches("f()").count(), 61);
    assert!(shown(&module).ends_with("if _ {g()}}"));
}

#[test]
fn macros() {
    body("println!(\"a {x:?} b {} {{c}} {0.1}\", y);", "println!(\"a {x:?} b {} {{c}} {0.1}\", y)");
    body("format!(\"a {x:?} b {} {{c}}\", s.y);", "format!(`\"a \", x, \" b \", s.y, \" {c}\"`, s.y)");
    body(
        "info!(target: \"t\", user.id = %u, ?err, \"done {}\", f(x));",
        "info!(target=\"t\", user.id=u, err, `\"done \", ??`, f(x))",
    );
    body(
        "tracing::warn!(error = ?e, \"x\"); vec![1, f()]; vec![0; n];",
        "tracing.warn!(error=e, \"x\"); [1, f()]; [0]",
    );
    body(
        "c.json(&json!({\"max_tokens\": 5, \"messages\": messages, \"m\": [{\"role\": \"user\", \"c\": f(a, b)}], k: null, \"x\": {}}));",
        "c.json({max_tokens: 5, messages: messages, m: [{role: user, c: f(a, b)}], ?: null, x: {}})"
            .replace("user", "\"user\"")
            .as_str(),
    );
    body("doc! { \"a\": 1 }; p!(x, { \"a\": y.z() });", "doc!(a=1); p!(x, {a: y.z()})");
    body(
        "tokio::select! { biased; r = f(x) => g(r), _ = h(), if c => { k(); } else => q() }",
        "await tokio.select!(f(x), h()); if _ {{k()}} else {if _ {let r = await tokio.select!(f(x), h()); g(r)} else {q()}}",
    );
    body(
        "stream! { let x = f(); yield x; while a { g().await; } }",
        "stream!(do {let x = f(); yield x; loop over a {await g()}})",
    );
    body("html! { <p on={f(x)}> { g() } </p> }", "html!(do {f(x)}, g())");
    holds("lazy_static! { static ref A: T = f(); pub static ref B: U = g(); }", "let A: T = f(); let B: U = g()");
    holds("thread_local! { static A: T = const { 1 } }", "let A: T = do {1}");
    holds("macro_rules! m { ($x:expr) => { f($x) } } wrap! { pub struct S { x: u8 } }", "class S() {x: u8}");
    holds(
        "fn f() -> u8 { todo!() } fn g() -> R { bail!(\"x\") }",
        "fn f() -> u8 {todo!()}; fn g() -> R {return bail!(\"x\")}",
    );
}

#[test]
fn spans_are_those_of_the_file() {
    let text = "\u{feff}#!/usr/bin/env run\n// 한글\nfn f() { 가.나(1); }";
    let module = lower("a.rs", text);
    let Some(StatementKind::Function(function)) = module.body.first().map(|first| &first.kind) else {
        panic!("no function: {module:?}");
    };
    let at = |span: crate::model::Span| text.get(span.start as usize..span.end as usize);
    assert_eq!(at(function.span), Some("fn f() { 가.나(1); }"));
    assert_eq!(at(function.name_span), Some("f"));
    assert_eq!(function.body.first().and_then(|first| at(first.span)), Some("가.나(1)"));
    assert_eq!(module.comments.first().map(|comment| comment.text.as_str()), Some("한글"));
}

#[test]
fn broken_files_lower_as_far_as_they_parse() {
    let module = lower("a.rs", "use a::b;\nfn f() { one(); let = 3; two(); }\nstruct S { x: }\nfn g() { h() }");
    assert_eq!(shown(&module), "import a#b b; fn f() {one(); two()}; class S() {}; fn g() {h()}");
    assert_eq!(module.lost.iter().map(|lost| lost.why).collect::<Vec<_>>(), [LostReason::Syntax; 2]);
    let module = lower("a.rs", "fn f() { if x { one();\n}\nfn g() { h() }\nfn i() { \"never closed }");
    assert_eq!(shown(&module), "fn g() {h()}");
    assert_eq!(module.lost.len(), 2);
}

const STACK: usize = 8 << 20;

/// Lowers on a thread with the stack of a main thread.
fn survives(name: &str, text: String) -> Module {
    let begun = std::time::Instant::now();
    let worker = std::thread::Builder::new().stack_size(STACK).spawn(move || lower("a.rs", &text));
    let module = worker.expect("a thread").join().expect("no panic");
    assert!(begun.elapsed().as_secs() < 20, "{name} takes {:?}", begun.elapsed());
    module
}

#[test]
fn hostile_depth_is_lost_and_nothing_else() {
    let n = 100_000;
    let cases = [
        ("parentheses", "(".repeat(n) + &")".repeat(n)),
        ("brackets", "[".repeat(n) + &"]".repeat(n)),
        ("braces", "{".repeat(n) + &"}".repeat(n)),
        ("not", "!".repeat(n) + "x"),
        ("minus", "-".repeat(n) + "x"),
        ("references", "&".repeat(n) + "x"),
        ("dereferences", "*".repeat(n) + "x"),
        ("assignments", "a = ".repeat(n) + "x"),
        ("methods", "x".to_owned() + &".x()".repeat(n)),
        ("fields", "x".to_owned() + &".x".repeat(n)),
        ("questions", "x".to_owned() + &"?".repeat(n)),
        ("calls", "x".to_owned() + &"()".repeat(n)),
        ("sums", "1".to_owned() + &"+1".repeat(n)),
        ("else if", "if a {}".to_owned() + &" else if a {}".repeat(n)),
        ("else if blocks", "if {a} {}".to_owned() + &" else if {a} {}".repeat(n)),
        ("generics", "let x: ".to_owned() + &"Vec<".repeat(n) + "u8" + &">".repeat(n)),
        ("generic commas", "let x: ".to_owned() + &"A<B, ".repeat(n) + "u8" + &">".repeat(n)),
        ("closures", "let x = ".to_owned() + &"|a, b| ".repeat(n) + "x"),
        ("matches", "match ".repeat(n) + "x" + &" {}".repeat(n)),
        ("returns", "return ".repeat(n) + "x"),
        ("fors", "for P {} in ".repeat(n)),
        ("function types", "let x: ".to_owned() + &"for<'a, 'b> fn() -> ".repeat(n) + "u8"),
        ("qualified", "<".repeat(n) + "A" + &">::B".repeat(n)),
        ("casts", "x".to_owned() + &" as T".repeat(n)),
        ("patterns", "let ".to_owned() + &"a @ ".repeat(n) + "b = c"),
        ("uses", "use ".to_owned() + &"a::".repeat(n) + "b"),
        ("paths", "a".to_owned() + &"::a".repeat(n)),
        ("macros", "m!(".repeat(n) + &")".repeat(n)),
        ("strings", "\"".repeat(n + 1)),
        ("raw strings", "r#\"".repeat(n)),
        ("comments", "/*".repeat(n)),
        ("mixed", "(!|a, b| [return -&{ ".repeat(n)),
    ];
    for (name, hostile) in cases {
        let text = format!("fn before() {{ a(); }}\nfn hostile() {{ {hostile}; }}\nfn after() {{ b(); }}\n");
        let module = survives(name, text);
        assert!(shown(&module).starts_with("fn before() {a()}"), "{name}: {:.200}", shown(&module));
        assert!(!module.lost.is_empty(), "{name} loses nothing");
    }
}

/// What the token pass lets through must be safe for the parser, right below its limits.
#[test]
fn what_is_just_not_too_deep_fits_the_stack() {
    let cases = [
        ("parentheses", "(".repeat(190) + &")".repeat(190)),
        ("not", "!".repeat(980) + "x"),
        ("references", "let x: ".to_owned() + &"&".repeat(720) + "u8"),
        ("assignments", "a = ".repeat(980) + "x"),
        ("methods", "x".to_owned() + &".x()".repeat(1450)),
        ("sums", "1".to_owned() + &"+1".repeat(2900)),
        ("else if", "if a {}".to_owned() + &" else if a {}".repeat(310)),
        ("generics", "let x: ".to_owned() + &"Vec<".repeat(320) + "u8" + &">".repeat(320)),
        ("open generics", "let x: ".to_owned() + &"Vec<".repeat(360)),
        ("closures", "let x = ".to_owned() + &"|| ".repeat(290) + "x"),
        ("closures with parameters", "let x = ".to_owned() + &"|a| ".repeat(480) + "x"),
        ("matches", "match ".repeat(590) + "x" + &" {}".repeat(590)),
        ("conditions", "if let a = ".repeat(240) + "x" + &" {}".repeat(240)),
        ("breaks", "break ".repeat(730) + "x"),
        ("function types", "let x: ".to_owned() + &"fn() -> ".repeat(320) + "u8"),
        ("functions", "fn f() { ".repeat(190) + &"}".repeat(190)),
        ("impl blocks", "impl A { fn f() { ".repeat(97) + &"}}".repeat(97)),
        ("macros", "m!(".repeat(180) + &")".repeat(180)),
        ("macro braces", "m!{".repeat(180) + &"}".repeat(180)),
        ("closure bodies", "f(|| {".repeat(97) + &"})".repeat(97)),
        ("arms", "match a { A => ".repeat(170) + "x" + &" }".repeat(170)),
        ("subjects", "match ".repeat(190) + "x" + &" { A => 1 }".repeat(190)),
        ("objects", "json!({\"a\": ".to_owned() + &"{\"a\": ".repeat(190) + "1" + &"}".repeat(191) + ")"),
        ("mixed", "(!!!!".repeat(130) + "x" + &")".repeat(130)),
        ("mixed bodies", "f(return || match !x { A => ".repeat(60) + "x" + &"})".repeat(60)),
        ("mixed macros", "m!(a = -|| async { ".repeat(64) + "x" + &"})".repeat(64)),
    ];
    for (name, hostile) in cases {
        let text = format!("fn before() {{ a(); }}\nfn hostile() {{ {hostile}; }}\n");
        let (tokens, _) = super::tokens::scan(&text);
        let pieces = super::pieces::split(&text, &tokens, 0..tokens.len(), false);
        assert!(pieces.iter().all(|piece| !piece.is_deep), "{name} does not reach the parser");
        let module = survives(name, text);
        assert!(shown(&module).starts_with("fn before() {a()}"), "{name}: {:.200}", shown(&module));
    }
}
