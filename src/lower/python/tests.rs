use super::*;

/// On an 8 MiB stack, as the main thread has it.
fn lower_on_small_stack(text: String) -> Module {
    let thread = std::thread::Builder::new().stack_size(8 << 20).spawn(move || lower("deep.py", &text));
    thread.unwrap().join().unwrap()
}

#[test]
fn deep_and_long_input_is_survived() {
    let many = 100_000;
    let sums = format!("x = 1{}", " + 1".repeat(many));
    let branches = format!("if a:\n  f()\n{}", "elif b:\n  g()\n".repeat(many));
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
        let started = std::time::Instant::now();
        let module = lower_on_small_stack(text);
        eprintln!("{name}: {:?} {} statements {} lost", started.elapsed(), module.body.len(), module.lost.len());
    }
}
