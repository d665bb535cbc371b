//! Whatever a tree holds, there is a report: no panic, no abort, no endless work.
//!
//! Every text is one file of a tree that the program audits as a process of its own, so that a crash shows. The texts of
//! one family share a tree; when that fails, each is tried alone to name the culprit.

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rayon::prelude::*;

use crate::cases::lay_out;

/// How often a hostile text repeats itself.
const COUNT: usize = 100_000;
/// How long one tree may take, in a debug build on a busy machine. What is not linear takes hours.
const LIMIT: Duration = Duration::from_secs(120);

/// What a text repeats: before, what opens, inside, what closes, after.
type Nested = (&'static str, &'static str, &'static str, &'static str, &'static str);

const PYTHON: &[Nested] = &[
    ("x = ", "(", "", ")", ""),
    ("x = ", "[", "", "]", ""),
    ("x = ", "{", "", "}", ""),
    ("x = ", "(", "", "", ""),
    ("x = ", "", "", "]", ""),
    ("x = ", "!", "y", "", ""),
    ("x = ", "not ", "y", "", ""),
    ("x = ", "-", "y", "", ""),
    ("x = ", "await ", "y", "", ""),
    ("", "a = ", "1", "", ""),
    ("x = ", "(a := ", "1", ")", ""),
    ("x = a", ".b", "", "", ""),
    ("x = a", "()", "", "", ""),
    ("x = a", ".b()", "", "", ""),
    ("x = a", "[0]", "", "", ""),
    ("x = a", " + a", "", "", ""),
    ("x = a", " or a", "", "", ""),
    ("x = a", " if b else a", "", "", ""),
    ("x = a", " ** a", "", "", ""),
    ("x = a", ", a", "", "", ""),
    ("x = ", "lambda: ", "1", "", ""),
    ("x = ", "f(", "", ")", ""),
    ("x = ", "a[", "0", "]", ""),
    ("x = ", "{'a': ", "1", "}", ""),
    ("x = ", "[a for a in ", "b", "]", ""),
    ("x = ", "f\"{", "", "}\"", ""),
    ("x: ", "list[", "int", "]", " = 1"),
    ("if a:\n  pass\n", "elif a:\n  pass\n", "", "", ""),
    ("try:\n  pass\n", "except a:\n  pass\n", "", "", ""),
    ("match x:\n  case ", "[", "a", "]", ":\n    pass"),
    ("", "@a\n", "def f(): pass", "", ""),
    ("import ", "a.", "b", "", ""),
    ("from ", ".", "", "", " import b"),
    ("with ", "a, ", "b", "", ": pass"),
    ("x = a", "\\\n", "b", "", ""),
    ("", "a;", "", "", ""),
    ("x = \"", "a", "", "", ""),
    ("x = '''", "a\n", "", "", ""),
    ("x = ", "\"\"\"", "", "", "\""),
    ("x = f\"{", "a", "", "", ""),
    ("", "\t", "x", "", ""),
];

const TYPESCRIPT: &[Nested] = &[
    ("const x = ", "(", "", ")", ""),
    ("const x = ", "[", "", "]", ""),
    ("const x = ", "{", "", "}", ""),
    ("const x = ", "(", "", "", ""),
    ("const x = ", "", "", "}", ""),
    ("const x = ", "!", "y", "", ""),
    ("const x = ", "typeof ", "y", "", ""),
    ("const x = ", "await ", "y", "", ""),
    ("const x = y", "!", "", "", ""),
    ("let a; ", "a = ", "1", "", ""),
    ("const x = a", ".b", "", "", ""),
    ("const x = a", "?.b", "", "", ""),
    ("const x = a", "()", "", "", ""),
    ("const x = a", ".b()", "", "", ""),
    ("const x = a", " + a", "", "", ""),
    ("const x = a", " ?? a", "", "", ""),
    ("const x = a", " ? a : a", "", "", ""),
    ("const x = a", ", a", "", "", ""),
    ("const x = ", "() => ", "1", "", ""),
    ("const x = ", "f(", "", ")", ""),
    ("const x = ", "{ a: ", "1", "}", ""),
    ("const x = ", "`${", "", "}`", ""),
    ("const x = ", "new ", "A()", "", ""),
    ("const x = ", "a<", "b", ">", ""),
    ("type X = ", "A<", "b", ">", ""),
    ("type X = a", " | a", "", "", ""),
    ("type X = a", "[]", "", "", ""),
    ("const ", "[", "a", "]", " = x"),
    ("", "if (a) ", "b()", "", ""),
    ("if (a) {} ", "else if (a) {} ", "", "", ""),
    ("", "function f() {", "", "}", ""),
    ("", "class A { a = ", "1", "}", ""),
    ("", "for (;;) ", "x()", "", ""),
    ("", "a: ", "b()", "", ""),
    ("", "@a ", "class A {}", "", ""),
    ("switch (a) {", "case 1: ", "", "", "}"),
    ("const x = ", "<a>", "", "</a>", ""),
    ("const x = ", "<a>", "", "", ""),
    ("import a from \"", "../", "b", "", "\""),
    ("const x = \"", "a", "", "", ""),
    ("const x = `", "a\n", "", "", ""),
    ("const x = `${", "a", "", "", ""),
    ("const x = /", "a", "", "", ""),
    ("", "/*", "", "*/", ""),
];

const COMPONENTS: &[Nested] = &[
    ("", "<script>", "", "</script>", ""),
    ("", "<script>import a from \"openai\"\n</script>", "", "", ""),
    ("", "<script>", "", "", ""),
    ("", "<script ", "", "", ">fetch()</script>"),
    ("", "<script a=\"", "", "", ""),
    ("", "<style>", "", "", "<script>fetch()</script>"),
    ("", "<!--", "", "", "<script>fetch()</script>"),
    ("", "<a>", "<script>fetch()</script>", "</a>", ""),
    ("<script>fetch(", "{", "", "}", ")</script>"),
    ("---\n", "a()\n", "", "", "---\n<p/>"),
    ("---\n", "export const a = 1\n", "", "", "---\n<p/>"),
    ("---\nimport A from './a.astro'\n---\n", "<A>", "fetch()", "</A>", ""),
    ("", "---\n", "fetch()", "", ""),
];

const RUST: &[Nested] = &[
    ("fn main() { let x = ", "(", "", ")", "; }"),
    ("fn main() { let x = ", "[", "", "]", "; }"),
    ("fn main() ", "{", "", "}", ""),
    ("fn main() { let x = ", "(", "", "", ""),
    ("fn main() { let x = ", "", "", "]", ""),
    ("fn main() { let x = ", "!", "y", "", "; }"),
    ("fn main() { let x = ", "&", "y", "", "; }"),
    ("fn main() { let x = ", "*", "y", "", "; }"),
    ("fn main() { let x = y", "?", "", "", "; }"),
    ("fn main() { let x = y", ".await", "", "", "; }"),
    ("fn main() { ", "a = ", "1", "", "; }"),
    ("fn main() { let x = a", ".b", "", "", "; }"),
    ("fn main() { let x = a", "()", "", "", "; }"),
    ("fn main() { let x = a", ".b()", "", "", "; }"),
    ("fn main() { let x = a", "[0]", "", "", "; }"),
    ("fn main() { let x = a", "::b", "", "", "; }"),
    ("fn main() { let x = a", " + a", "", "", "; }"),
    ("fn main() { let x = a", " && a", "", "", "; }"),
    ("fn main() { let x = a", " as a", "", "", "; }"),
    ("fn main() { let x = ", "..", "", "", "; }"),
    ("fn main() { let x = ", "|| ", "1", "", "; }"),
    ("fn main() { ", "return ", "", "", "; }"),
    ("fn main() { let x = ", "f(", "", ")", "; }"),
    ("fn main() { if a {} ", "else if a {} ", "", "", "}"),
    ("fn main() { ", "if a {", "", "}", "}"),
    ("fn main() { ", "match a { _ => ", "1", "}", "}"),
    ("fn main() { match a { ", "1 => 1, ", "", "", "} }"),
    ("", "fn f() {", "", "}", ""),
    ("", "mod f {", "", "}", ""),
    ("", "#[a]", "fn main() {}", "", ""),
    ("", "/// a\n", "fn main() {}", "", ""),
    ("use ", "a::", "b", "", ";"),
    ("use ", "a::{", "b", "}", ";"),
    ("type X = ", "A<", "b", ">", ";"),
    ("type X = ", "&", "b", "", ";"),
    ("type X = ", "Box<dyn Fn(", "", ")>", ";"),
    ("fn f<T: ", "A + ", "B", "", ">() {}"),
    ("fn main() { let ", "(", "a", ")", " = x; }"),
    ("fn main() { ", "a!{", "", "}", " }"),
    ("fn main() { let x = json!(", "[", "", "]", "); }"),
    ("fn main() { let x = ", "format!(\"{}\", ", "a", ")", "; }"),
    ("fn main() { let x = \"", "a", "", "", ""),
    ("fn main() { let x = r#\"", "a\n", "", "", ""),
    ("", "/*", "", "*/", "fn main() {}"),
    ("", "'", "", "", ""),
];

const SETTINGS: &[(&[&str], Nested)] = &[
    (JSON, ("", "[", "", "]", "")),
    (JSON, ("", "{", "", "}", "")),
    (JSON, ("", "{\"a\":", "1", "}", "")),
    (JSON, ("", "[{\"a\":", "", "", "")),
    (JSON, ("\"", "\\", "", "", "")),
    (YAML, ("a: ", "[", "", "]", "")),
    (YAML, ("a: ", "{a: ", "1", "}", "")),
    (YAML, ("", "- ", "a", "", "")),
    (YAML, ("", "? ", "", "", "")),
    (YAML, ("", "a: ", "", "", "")),
    (YAML, ("", "&a ", "", "", "")),
    (YAML, ("a: \"", "\\", "", "", "")),
    (YAML, ("", "---\na: 1\n", "", "", "")),
    (TOML, ("a = ", "[", "", "]", "")),
    (TOML, ("a = ", "{ a = ", "1", "}", "")),
    (TOML, ("[", "a.", "a", "", "]")),
    (TOML, ("", "a.", "a = 1", "", "")),
    (OTHER, ("A=", "{", "", "}", "")),
    (OTHER, ("", "A=\"", "", "", "")),
    (OTHER, ("", "${A:-", "", "}", "")),
    (OTHER, ("", "\\\n", "", "", "")),
    (OTHER, ("", "http { ", "", "}", "")),
    (OTHER, ("", "**/*a", "", "", "")),
];

const JSON: &[&str] = &["package.json", "tsconfig.json", "vercel.json"];
const YAML: &[&str] = &["docker-compose.yml", "config/litellm.yaml"];
const TOML: &[&str] = &["pyproject.toml", "Cargo.toml", ".streamlit/config.toml"];
const OTHER: &[&str] = &[".env", "Procfile", "Dockerfile", "nginx.conf", ".gitignore", "requirements.txt", "setup.cfg"];

/// A file of a hostile tree.
type Written = (String, Vec<u8>);

#[test]
fn deep_and_long_python_ends() {
    endure(&nested(PYTHON, "app/route", ".py", "import openai\n"));
}

#[test]
fn deep_and_long_typescript_ends() {
    endure(&nested(TYPESCRIPT, "app/route", ".tsx", "import OpenAI from \"openai\";\n"));
}

#[test]
fn deep_and_long_components_end() {
    for extension in [".vue", ".svelte", ".astro"] {
        endure(&nested(COMPONENTS, "src/pages/part", extension, ""));
    }
}

#[test]
fn deep_and_long_rust_ends() {
    endure(&nested(RUST, "src/route", ".rs", "use reqwest::Client;\n"));
}

#[test]
fn deep_and_long_settings_end() {
    let files: Vec<Written> = SETTINGS
        .iter()
        .enumerate()
        .flat_map(|(number, (names, text))| names.iter().map(move |name| (number, *name, text)))
        .map(|(number, name, text)| (format!("part{number}/{name}"), repeated(text, COUNT).into_bytes()))
        .collect();
    endure(&files);
}

#[test]
fn aliases_that_multiply_end() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    let mut merged = "a0: &a0 { x: 1 }\n".to_owned();
    for number in 1..60 {
        let last = format!("*a{}", number - 1);
        bomb.push_str(&format!("a{number}: &a{number} [{}]\n", [last.as_str(); 9].join(", ")));
        merged.push_str(&format!("a{number}: &a{number}\n  <<: [{last}, {last}]\n"));
    }
    endure(&[written("docker-compose.yml", &bomb), written("serverless.yml", &merged)]);
}

/// Programs whose values, calls, classes or imports multiply or go round in circles.
#[test]
fn tangled_programs_end() {
    let route = "@app.post('/a')\ndef handle(x: str):\n    return openai.OpenAI().chat.completions.create(messages=";
    let head = "import openai\nfrom fastapi import FastAPI\napp = FastAPI()\n";
    let many = |count: usize, line: &dyn Fn(usize) -> String| (0..count).map(line).collect::<String>();
    let programs = [
        many(200, &|n| format!("a{} = a{n} + a{n}\n", n + 1)) + route + "a200)\n",
        many(200, &|n| format!("a{} = {{**a{n}, **a{n}}}\n", n + 1)) + route + "x, **a200)\n",
        many(2_000, &|n| format!("a{} = a{n}\n", n + 1)) + route + "a2000)\n",
        many(100, &|n| format!("def f{}(x):\n    return f{n}(x) if x else f{n}(x + 1)\n", n + 1))
            + route
            + "f100(x))\n",
        many(2_000, &|n| format!("def f{n}(x):\n    return f{}(x)\n", n + 1)) + route + "f0(x))\n",
        many(100, &|n| format!("def f{n}(x):\n{}", many(20, &|m| format!("    f{}(x)\n", n + m)))) + route + "f0(x))\n",
        many(2_000, &|n| format!("class A{}(A{n}):\n    pass\n", n + 1)) + "A2000().f()\n",
        "class A(B):\n    pass\nclass B(A):\n    pass\nA().f()\n".to_owned(),
        "def f(x):\n    return g(x)\ndef g(x):\n    return f(x)\n".to_owned() + route + "f(x))\n",
        many(200, &|n| {
            format!("@app.post('/{n}')\ndef h{n}(x: str):\n    return openai.OpenAI().responses.create(input=x)\n")
        }),
        many(20_000, &|_| "x = g(x)\n".to_owned()),
        "def f0(x):\n    return len(x) > 5\n".to_owned()
            + &many(9, &|n| {
                let line = |_| format!("    if f{n}(x):\n        return f{n}(x)\n");
                format!("def f{}(x):\n{}    return True\n", n + 1, many(14, &line))
            })
            + "@app.post('/a')\ndef handle(x: str):\n    if f9(x):\n        raise ValueError(x)\n"
            + "    return openai.OpenAI().responses.create(input=x)\n",
    ];
    let files: Vec<Written> = programs
        .iter()
        .enumerate()
        .map(|(number, text)| written(&format!("app{number}/main.py"), &format!("{head}{text}")))
        .collect();
    endure(&files);
}

#[test]
fn imports_in_circles_end() {
    let count = 500;
    let files: Vec<Written> = (0..count)
        .flat_map(|number| {
            let next = (number + 1) % count;
            let python = format!("import openai\nfrom .m{next} import *\nfrom .m{next} import x as y\nx = y\ny()\n");
            let typescript = format!(
                "import \"openai\";\nexport * from \"./m{next}\";\nimport {{ x }} from \"./m{next}\";\nexport default x;\nx();\n"
            );
            [written(&format!("app/m{number}.py"), &python), written(&format!("web/m{number}.ts"), &typescript)]
        })
        .collect();
    endure(&files);
}

#[test]
fn files_that_are_no_text_end() {
    let noise: Vec<u8> = noise(7).take(200_000).collect();
    let utf16: Vec<u8> = "import openai\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let contents: [&[u8]; 9] = [
        b"",
        b"\0\0\0\0",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"import openai\nx = \"\xc3\x28\xff\"\n",
        b"# -*- coding: cp949 -*-\nx = '\xb0\xa1'\n",
        b"\r\r\r\n\n\r",
        &noise,
        &utf16,
    ];
    let names = [
        "app/main.py",
        "app/route.ts",
        "src/main.rs",
        "src/a.vue",
        "src/pages/a.astro",
        "package.json",
        "Cargo.toml",
        "a.yml",
        ".env",
        ".gitignore",
    ];
    let files: Vec<Written> = contents
        .iter()
        .enumerate()
        .flat_map(|(number, bytes)| names.iter().map(move |name| (format!("{number}/{name}"), bytes.to_vec())))
        .collect();
    endure(&files);
}

#[cfg(unix)]
#[test]
fn strange_trees_end() {
    use std::ffi::OsStr;
    use std::os::unix::{ffi::OsStrExt, fs::PermissionsExt, fs::symlink};
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    fs::create_dir_all(root.join("app/loop/main.py")).expect("a folder");
    fs::write(root.join("app/main.py"), "import openai\nopenai.OpenAI().responses.create()\n").expect("a file");
    for (target, link) in [
        (".", "app/here"),
        ("../..", "app/loop/up"),
        ("self.py", "app/self.py"),
        ("b.py", "app/a.py"),
        ("a.py", "app/b.py"),
        ("missing.py", "app/broken.py"),
        ("/etc/passwd", "app/out.py"),
        ("/", "app/root"),
        ("/dev/zero", "app/zero.py"),
    ] {
        symlink(target, root.join(link)).expect("a link");
    }
    fs::write(root.join("app/secret.py"), "import openai\n").expect("a file");
    fs::set_permissions(root.join("app/secret.py"), fs::Permissions::from_mode(0o000)).expect("permissions");
    fs::create_dir(root.join("app/closed")).expect("a folder");
    fs::set_permissions(root.join("app/closed"), fs::Permissions::from_mode(0o000)).expect("permissions");
    for name in [&b"a\nb.py"[..], b"\xff\xfe.py", b"\x1b[31m.py", b"-rf.py", b" .py", "가.py".as_bytes()] {
        fs::write(root.join(OsStr::from_bytes(name)), "import openai\nopenai.OpenAI().responses.create()\n")
            .expect("a file");
    }
    let made = Command::new("mkfifo").arg(root.join("app/pipe.py")).status();
    assert!(made.is_ok_and(|status| status.success()), "mkfifo");
    let deep = root.join("d/".repeat(200));
    fs::create_dir_all(&deep).expect("a folder");
    fs::write(deep.join("main.py"), "import openai\n").expect("a file");
    let outcome = audited(root);
    fs::set_permissions(root.join("app/closed"), fs::Permissions::from_mode(0o755)).expect("permissions");
    outcome.expect("a report");
}

#[test]
fn a_broken_git_folder_ends() {
    for (file, bytes) in
        [("index", &b"DIRC\0\0\0\x02\xff\xff\xff\xff"[..]), ("index", b""), ("index", b"nonsense"), ("HEAD", b"\xff")]
    {
        let folder = tempfile::tempdir().expect("a folder");
        lay_out(&fixtures().join("apps/bare-fastapi"), folder.path());
        fs::create_dir(folder.path().join(".git")).expect("a folder");
        fs::write(folder.path().join(".git").join(file), bytes).expect("a file");
        audited(folder.path()).unwrap_or_else(|why| panic!("{file} {bytes:?}: {why}"));
    }
}

/// Every fixture, cut off after each of many bytes and with bytes dropped, doubled and swapped: lowered on its own.
#[test]
fn damaged_files_lower() {
    let files: Vec<(String, String)> = walk(&fixtures())
        .into_iter()
        .filter_map(|path| {
            let path = path.to_string_lossy().into_owned();
            launchcheck::lower::language_of(&path)?;
            Some((path.clone(), fs::read_to_string(path).ok()?))
        })
        .collect();
    assert!(files.len() > 50, "no fixtures");
    files.par_iter().for_each(|(path, text)| {
        let language = launchcheck::lower::language_of(path).expect("a language");
        for damaged in damages(text.as_bytes(), 3) {
            let text = String::from_utf8_lossy(&damaged);
            let module = launchcheck::lower::lower(path, &text, language);
            assert_eq!(module.lines.count(), text.bytes().filter(|byte| *byte == b'\n').count() + 1, "{path}");
        }
    });
}

/// The apps with every file damaged in the same way: audited as a whole.
#[test]
fn damaged_apps_end() {
    for app in ["apps/bare-fastapi", "apps/bare-nextjs"] {
        let files: Vec<(String, Vec<u8>)> = walk(&fixtures().join(app))
            .into_iter()
            .map(|path| {
                let name = path.strip_prefix(fixtures().join(app)).expect("below").to_string_lossy().into_owned();
                (name, fs::read(path).expect("a file"))
            })
            .collect();
        let variants: Vec<Vec<Vec<u8>>> = files.iter().map(|(_, bytes)| damages(bytes, 8).collect()).collect();
        (0..variants.iter().map(Vec::len).max().unwrap_or(0)).into_par_iter().for_each(|number| {
            let damaged = files
                .iter()
                .zip(&variants)
                .filter_map(|((name, _), all)| Some((name.clone(), all.get(number)?.clone())));
            let folder = laid_out(&damaged.collect::<Vec<_>>());
            let audit =
                launchcheck::audit(folder.path(), &launchcheck::Options { threads: Some(1), ..Default::default() });
            assert_eq!(audit.expect("a report").audit.boxes.len(), 12);
        });
    }
}

/// A text with `count` parts cut off its end, then with as many pieces dropped, doubled and swapped.
fn damages(bytes: &[u8], count: usize) -> impl Iterator<Item = Vec<u8>> {
    let cut = (0..count).map(move |number| bytes[..bytes.len() * number / count].to_vec());
    let hurt = (0..count).map(move |number| {
        let mut noise = noise(number as u64 + 1).map(usize::from);
        let mut bytes = bytes.to_vec();
        for _ in 0..4 {
            let mut place = || (noise.next().unwrap_or(0) << 8 | noise.next().unwrap_or(0)) % bytes.len().max(1);
            let (from, to) = (place(), place());
            if bytes.len() < 2 {
                continue;
            }
            match number % 3 {
                0 => drop(bytes.remove(from)),
                1 => bytes.insert(to, bytes[from]),
                _ => bytes.swap(from, to),
            }
        }
        bytes
    });
    cut.chain(hurt)
}

/// Bytes that look random and are always the same.
fn noise(seed: u64) -> impl Iterator<Item = u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    })
}

fn nested(texts: &[Nested], before: &str, after: &str, head: &str) -> Vec<Written> {
    let text = |number: usize, nested: &Nested| {
        written(&format!("{before}{number}{after}"), &format!("{head}{}", repeated(nested, COUNT)))
    };
    texts.iter().enumerate().map(|(number, nested)| text(number, nested)).collect()
}

fn repeated((before, open, inside, close, after): &Nested, count: usize) -> String {
    [before, open.repeat(count).as_str(), inside, &close.repeat(count), after].concat()
}

fn written(name: &str, text: &str) -> Written {
    (name.to_owned(), text.as_bytes().to_vec())
}

fn laid_out(files: &[Written]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, bytes) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, bytes).expect("a file");
    }
    folder
}

/// Audits the files as one tree; where that fails, one by one.
fn endure(files: &[Written]) {
    let Err(whole) = audited(laid_out(files).path()) else { return };
    let alone = files.par_iter().filter_map(|file| {
        let why = audited(laid_out(std::slice::from_ref(file)).path()).err()?;
        let start: String = String::from_utf8_lossy(&file.1).chars().take(100).collect();
        Some(format!("{}: {why}\n    {start}\n", file.0))
    });
    panic!("together: {whole}\n{}", alone.collect::<String>());
}

/// Runs the program; an error where it does not end well with a report in time.
fn audited(root: &Path) -> Result<(), String> {
    let start = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_launchcheck"))
        .args(["--format", "json"])
        .arg(root)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| error.to_string())?;
    let mut out = child.stdout.take().ok_or("no output")?;
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        out.read_to_string(&mut text).map(|_| text)
    });
    let status = loop {
        match child.try_wait().map_err(|error| error.to_string())? {
            Some(status) => break status,
            None if start.elapsed() > LIMIT => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("no end after {LIMIT:?}"));
            }
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    let text = reader.join().map_err(|_| "no output")?.map_err(|error| error.to_string())?;
    let mut complaints = String::new();
    let _ = child.stderr.take().map(|mut stream| stream.read_to_string(&mut complaints));
    let report: serde_json::Value =
        serde_json::from_str(&text).map_err(|error| format!("{status}: {error}: {complaints}"))?;
    let boxes = report["items"].as_array().map_or(0, Vec::len);
    if boxes != 12 || !complaints.is_empty() {
        return Err(format!("{status}: {boxes} boxes: {complaints}"));
    }
    Ok(())
}

fn fixtures() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// All files below a folder, in order.
fn walk(folder: &Path) -> Vec<std::path::PathBuf> {
    let walker = ignore::WalkBuilder::new(folder).standard_filters(false).sort_by_file_name(Ord::cmp).build();
    walker.filter_map(|entry| Some(entry.ok()?.into_path())).filter(|path| path.is_file()).collect()
}
