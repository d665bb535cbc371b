//! `guards add`: copies what is missing, loses nothing of what is there, and writes through no link.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use launchcheck::cli;
use launchcheck::cli::surroundings::Surroundings;

/// Runs `guards add` in a folder; gives the exit code, standard output and standard error.
pub(crate) fn add(root: &Path, arguments: &[&str]) -> (u8, String, String) {
    let mut all: Vec<OsString> = ["launchcheck", "guards", "add"].iter().map(OsString::from).collect();
    all.extend(arguments.iter().map(OsString::from));
    all.push(root.into());
    all.extend(["--lang".into(), "en".into()]);
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let outcome = cli::run(all, &Surroundings::piped(&[]), &mut out, &mut err);
    (outcome.code(), String::from_utf8(out).expect("UTF-8"), String::from_utf8(err).expect("UTF-8"))
}

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().expect("a folder")).expect("written");
    fs::write(path, text).expect("written");
}

/// Every file below a folder with its text, by path.
fn files(root: &Path) -> Vec<(String, String)> {
    let all = ignore::WalkBuilder::new(root).standard_filters(false).sort_by_file_path(Path::cmp).build();
    all.map(|entry| entry.expect("an entry"))
        .filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file()))
        .map(|entry| {
            let path = entry.path().strip_prefix(root).expect("below").to_string_lossy().into_owned();
            (path, fs::read_to_string(entry.path()).expect("text"))
        })
        .collect()
}

#[test]
fn a_library_goes_into_the_application_and_is_imported_from_there() {
    let root = tempfile::tempdir().expect("a folder");
    write(root.path(), "pyproject.toml", "[project]\nname = 'shop'\ndependencies = ['fastapi', 'httpx>=0.28']\n");
    write(root.path(), "uv.lock", "");
    write(root.path(), "src/shop/__init__.py", "");
    write(root.path(), "src/shop/main.py", "from fastapi import FastAPI\n\napp = FastAPI()\n");
    let before = files(root.path());

    let (code, out, err) = add(root.path(), &["python", "--dry-run"]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert_eq!(files(root.path()), before, "a dry run writes nothing");
    assert!(out.starts_with("Would copy "), "{out}");

    let (code, out, err) = add(root.path(), &["python"]);
    assert_eq!((code, err.as_str()), (0, ""));
    let source = "fixtures/guards/python/src/launchguards";
    let written = fs::read_to_string(root.path().join("src/shop/launchguards/rate_limit.py")).expect("copied");
    assert_eq!(written, fs::read_to_string(format!("{source}/rate_limit.py")).expect("the library"));
    assert!(root.path().join("src/shop/launchguards/stores/redis.py").is_file(), "with its folders");
    assert!(out.contains("uv add 'anyio>=4.9' 'pydantic"), "what is declared already is not added: {out}");
    assert!(out.contains("src/shop/guards.py") && out.contains("from shop.launchguards.web import install"), "{out}");
    assert!(out.contains("from shop.guards import pipeline"), "the lines say where the guards come from: {out}");
    assert!(!out.contains("{{"), "{out}");

    let after = files(root.path());
    let (code, out, _) = add(root.path(), &["python"]);
    assert_eq!(code, 0);
    assert!(out.starts_with("All "), "{out}");
    assert_eq!(files(root.path()), after, "a second run changes nothing");
}

#[test]
fn imports_are_written_as_the_project_resolves_them() {
    let line = |options: &str, lock: &str| {
        let root = tempfile::tempdir().expect("a folder");
        write(root.path(), "package.json", r#"{"name": "shop", "dependencies": {"next": "16.0.0"}}"#);
        write(root.path(), "tsconfig.json", options);
        write(root.path(), lock, "");
        write(root.path(), "lib/llm.ts", "export const model = 'm';\n");
        let (code, out, err) = add(root.path(), &["typescript"]);
        assert_eq!((code, err.as_str()), (0, ""));
        assert!(!root.path().join("lib/launchguards/express.ts").exists(), "nobody has Express here");
        (fs::read_to_string(root.path().join("lib/launchguards/pipeline.ts")).expect("copied"), out)
    };
    let (bundled, out) = line(r#"{"compilerOptions": {"moduleResolution": "Bundler"}}"#, "pnpm-lock.yaml");
    assert!(bundled.contains("from './fallback';") && !bundled.contains(".js'"), "{bundled}");
    assert!(out.contains("from './launchguards/alerts';") && out.contains("pnpm add zod@3"), "{out}");
    assert!(out.contains("guardedRoute") && out.contains("from './guards';"), "{out}");
    let (resolved, out) = line(r#"{"compilerOptions": {"module": "nodenext"}}"#, "package-lock.json");
    assert!(resolved.contains("from './fallback.js';"), "{resolved}");
    assert!(out.contains("from './launchguards/alerts.js';") && out.contains("npm install zod@3"), "{out}");
}

#[test]
fn lines_for_elsewhere_use_the_names_of_the_project() {
    let root = tempfile::tempdir().expect("a folder");
    write(root.path(), "package.json", r#"{"name": "shop", "dependencies": {"next": "16.0.0"}}"#);
    let options = r#"{"compilerOptions": {"moduleResolution": "bundler", "paths": {"@/*": ["./src/*"]}}}"#;
    write(root.path(), "tsconfig.json", options);
    write(root.path(), "src/lib/llm.ts", "export const model = 'm';\n");
    let (code, out, err) = add(root.path(), &["typescript"]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.contains("from './launchguards/alerts';"), "the guards' own file lies beside them: {out}");
    assert!(out.contains("import { guardedRoute } from '@/lib/launchguards/route-handler';"), "{out}");
    assert!(out.contains("import { alerts, ask, log } from '@/lib/guards';"), "{out}");
}

#[test]
fn what_people_have_changed_stays() {
    let root = tempfile::tempdir().expect("a folder");
    assert_eq!(add(root.path(), &["python", "--to", "app/guards"]).0, 0);
    write(root.path(), "app/guards/cost.py", "# ours\n");
    fs::remove_file(root.path().join("app/guards/clock.py")).expect("there");
    let before = files(root.path());
    let (code, out, err) = add(root.path(), &["python", "--to", "app/guards"]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("app/guards/cost.py") && err.contains("--force"), "{err}");
    assert_eq!(files(root.path()), before);
    let (code, out, _) = add(root.path(), &["python", "--to", "app/guards", "--force"]);
    assert_eq!(code, 0);
    assert!(out.starts_with("Copied 2 files"), "{out}");
    let cost = fs::read_to_string(root.path().join("app/guards/cost.py")).expect("replaced");
    assert!(cost.contains("class CostGuard"));
}

#[test]
fn nothing_is_written_outside_of_the_tree() {
    let root = tempfile::tempdir().expect("a folder");
    for to in ["../out", "/tmp/out", "."] {
        let (code, _, err) = add(root.path(), &["python", "--to", to]);
        assert_eq!(code, 2, "{to}");
        assert!(err.contains("--to"), "{err}");
    }
    #[cfg(unix)]
    {
        let outside = tempfile::tempdir().expect("a folder");
        std::os::unix::fs::symlink(outside.path(), root.path().join("app")).expect("linked");
        let (code, _, err) = add(root.path(), &["python", "--to", "app/guards"]);
        assert_eq!(code, 2);
        assert!(err.contains("symbolic link"), "{err}");
        assert_eq!(files(outside.path()), []);
    }
}
