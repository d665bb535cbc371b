//! What people break, and what nobody writes.

use super::super::lower;
use super::block;
use crate::model::{LostReason, Module};

/// Lowers in a thread with the stack that front ends are promised.
fn within_stack(text: String) -> Module {
    let worker = std::thread::Builder::new().stack_size(8 << 20);
    let thread = worker.spawn(move || lower("a.js", &text)).unwrap_or_else(|error| panic!("{error}"));
    thread.join().unwrap_or_else(|_| panic!("lowering failed"))
}

#[test]
fn broken_parts_lose_only_themselves() {
    let module = lower("a.ts", "f(1)\nconst = = ;\nfunction g() { h( ; k(2) }\nm(3)\n");
    assert!(!module.lost.is_empty());
    let lowered = block(&module.body);
    assert!(lowered.starts_with("f(1)") && lowered.ends_with("m(3)"), "{lowered}");
    assert!(lowered.contains("k(2)"), "{lowered}");
}

#[test]
fn a_missing_brace_keeps_the_statements() {
    let module = lower(
        "a.ts",
        "import a from 'a'\nclass C {\n  run() {\n    if (x) {\n    a.call(1)\n  }\n}\nexport const z = last(1)\n",
    );
    let lowered = block(&module.body);
    assert!(lowered.contains("a.call(1)") && lowered.contains("last(1)"), "{lowered}");
    assert!(lowered.starts_with("import a:default as a"), "{lowered}");
    assert!(module.lost.iter().all(|lost| lost.why == LostReason::Syntax));
    assert!(!module.lost.is_empty());
}

#[test]
fn deep_input_returns() {
    let (many, some) = (100_000, 20_000);
    let shapes = [
        format!("a{}", ".x()".repeat(many)),
        format!("1{}", "+1".repeat(many)),
        format!("x = {}1{}", "(".repeat(many), ")".repeat(many)),
        "(".repeat(many),
        format!("{}a", "!".repeat(many)),
        format!("{}1", "a=".repeat(many)),
        format!("{}1", "exports.a=".repeat(many)),
        format!("if (a) {{f()}}{}", " else if (b) {g()}".repeat(many)),
        format!("switch (a) {{{}}}", "case 1: f(); break;".repeat(some)),
        format!("x = {}1", "a ? b : ".repeat(some)),
        format!("x = {}{}", "[".repeat(some), "]".repeat(some)),
        format!("x = {}{}", "{a:".repeat(some), "}".repeat(some)),
        "{".repeat(some),
        format!("x = {}1", "() => ".repeat(some)),
        format!("type T = {}A", "A | ".repeat(some)),
        format!("x = [{}]", "1,".repeat(some)),
        "f();".repeat(some),
        format!("x = {}", "<a>".repeat(some)),
        "`${".repeat(many),
    ];
    for shape in shapes {
        let start: String = shape.chars().take(12).collect();
        assert!(within_stack(shape).lost.len() <= 100, "{start}");
    }
}

#[test]
fn the_deepest_mixture_fits_the_stack() {
    let open = "class A { @d({x: [`${() => { switch (a) { case 1: try { for (;;) { if (b) { c = <T p={";
    let module = within_stack(open.repeat(300));
    assert!(!module.lost.is_empty());
    let close = "}/> } } } finally {} } }}`]}) m() {} }";
    let module = within_stack(format!("{}1{}", open.repeat(300), close.repeat(300)));
    assert!(module.lost.iter().any(|lost| lost.why == LostReason::Depth));
}

#[test]
fn long_lines_are_ordinary() {
    let line = "var a=function(b){return b&&b.c?b.c(1,{d:2}):null};".repeat(6_000);
    let module = within_stack(line);
    assert!(module.lost.is_empty());
    assert_eq!(module.body.len(), 6_000);
}

#[test]
fn long_chains_lose_nothing() {
    let module = within_stack(format!("if (a) {{f()}}{}", " else if (b) {g()}".repeat(1000)));
    assert!(module.lost.is_empty());
    assert_eq!(block(&module.body).matches("g()").count(), 1000);
    let module = within_stack(format!("x = 'a'{}", " + b()".repeat(1000)));
    assert!(module.lost.is_empty());
    assert_eq!(block(&module.body).matches("b()").count(), 1000);
}

#[test]
fn noise_is_survived() {
    for text in ["", "\u{0}", "}}}}", "é = '한글", "`${", "<", "/*", "a ? b", "class {", "export", "import", "import {"]
    {
        for path in ["a.ts", "a.tsx"] {
            lower(path, text);
        }
    }
}
