//! Which files exist, which are tracked, what they are for; projects and starts. Small trees in temporary folders.

use std::{fs, path::Path, process::Command};

use launchcheck::{
    collect::{Class, CollectError, File, IgnoreRules, Kind, Limits, SkipReason, Tree, collect, starts, would_ignore},
    model::{Project, ProjectKind, Start},
};

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// Lays out files in a temporary folder.
fn lay(files: &[(&str, &str)]) -> std::io::Result<tempfile::TempDir> {
    let folder = tempfile::tempdir()?;
    for (path, text) in files {
        write(folder.path(), path, text)?;
    }
    Ok(folder)
}

fn write(root: &Path, path: &str, text: &str) -> std::io::Result<()> {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap_or(root))?;
    fs::write(path, text)
}

/// Runs git in a folder, apart from what the machine configures.
fn git(folder: &Path, arguments: &[&str]) -> Outcome {
    let output = Command::new("git")
        .current_dir(folder)
        .args([
            "-c",
            "user.name=a",
            "-c",
            "user.email=a@b.invalid",
            "-c",
            "core.excludesFile=",
            "-c",
            "protocol.file.allow=always",
        ])
        .args(arguments)
        .env_remove("GIT_DIR")
        .env_remove("GIT_INDEX_FILE")
        .output()?;
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned().into()) }
}

fn tree(root: &Path) -> Result<Tree, CollectError> {
    collect(root, Limits::default())
}

fn paths(tree: &Tree) -> Vec<&str> {
    tree.files.iter().map(|file| file.path.as_str()).collect()
}

fn project(tree: &Tree, folder: &str, kind: ProjectKind) -> Project {
    tree.projects.iter().find(|project| project.folder == folder && project.kind == kind).cloned().unwrap_or_default()
}

fn targets<'p>(project: &'p Project, pattern: &str) -> Vec<&'p str> {
    let alias = project.aliases.iter().find(|alias| alias.pattern == pattern);
    alias.map(|alias| alias.targets.iter().map(String::as_str).collect()).unwrap_or_default()
}

fn skipped<'t>(tree: &'t Tree, path: &str) -> Option<&'t SkipReason> {
    tree.skipped.iter().find(|skipped| skipped.path == path).map(|skipped| &skipped.why)
}

#[test]
fn missing_paths_and_files_are_errors_with_help() -> Outcome {
    let folder = lay(&[("a.py", "")])?;
    let help = |error: &CollectError| miette::Diagnostic::help(error).map(|help| help.to_string());
    let missing = tree(&folder.path().join("nope")).err().ok_or("no error")?;
    assert!(matches!(missing, CollectError::Missing { .. }) && help(&missing).is_some());
    let file = tree(&folder.path().join("a.py")).err().ok_or("no error")?;
    assert!(matches!(file, CollectError::NotAFolder { .. }) && help(&file).is_some());
    Ok(())
}

#[test]
fn the_index_decides_what_is_tracked() -> Outcome {
    let folder = lay(&[
        (".gitignore", "*.log\n.env\nsecret/\n!keep.log\n"),
        (".ignore", "main.py\n"),
        ("main.py", ""),
        ("forced.log", ""),
        ("other.log", ""),
        ("keep.log", ""),
        ("secret/in.py", ""),
        ("secret/out.py", ""),
        ("gone.py", ""),
        (".env", ""),
    ])?;
    let root = folder.path();
    git(root, &["init", "-q"])?;
    git(root, &["add", "."])?;
    git(root, &["add", "-f", "forced.log", "secret/in.py"])?;
    write(root, "new.py", "")?;
    fs::remove_file(root.join("gone.py"))?;
    let tree = tree(root)?;
    let shown: Vec<_> = tree.files.iter().map(|file| (file.path.as_str(), file.tracked, file.ignored)).collect();
    assert_eq!(
        shown,
        [
            (".gitignore", true, false),
            (".ignore", true, false),
            ("forced.log", true, true),
            ("keep.log", true, false),
            ("main.py", true, false),
            ("new.py", false, false),
            ("secret/in.py", true, true),
        ]
    );
    assert!(tree.in_git && tree.git_problem.is_none());
    Ok(())
}

#[test]
fn a_folder_of_a_repository_has_its_rules_and_its_index() -> Outcome {
    let folder = lay(&[
        (".gitignore", "/apps/x/local.txt\n*.tmp\n"),
        ("apps/x/main.py", ""),
        ("apps/x/local.txt", ""),
        ("apps/x/a.tmp", ""),
        ("apps/x/.gitignore", "!b.tmp\n"),
        ("apps/x/b.tmp", ""),
        ("apps/y/main.py", ""),
    ])?;
    git(folder.path(), &["init", "-q"])?;
    git(folder.path(), &["add", "."])?;
    let tree = tree(&folder.path().join("apps/x"))?;
    assert_eq!(paths(&tree), [".gitignore", "b.tmp", "main.py"]);
    assert!(tree.files.iter().all(|file| file.tracked));
    Ok(())
}

#[test]
fn classes_are_relative_to_the_root() -> Outcome {
    let folder = lay(&[("fixtures/apps/x/main.py", ""), ("fixtures/apps/x/tests/test_a.py", "")])?;
    let outer = tree(folder.path())?;
    assert!(outer.files.iter().all(|file| file.class == Class::Test && !file.reason.is_empty()));
    let inner = tree(&folder.path().join("fixtures/apps/x"))?;
    assert_eq!(inner.file("main.py").map(|file| file.class), Some(Class::Ships));
    assert_eq!(inner.file("tests/test_a.py").map(|file| file.class), Some(Class::Test));
    Ok(())
}

#[test]
fn outside_of_git_every_file_that_rules_leave_counts_as_tracked() -> Outcome {
    let folder = lay(&[
        (".gitignore", "*.log\n"),
        ("a.py", ""),
        ("b.log", ""),
        ("node_modules/x/index.js", ""),
        ("env/pyvenv.cfg", ""),
        ("env/x.py", ""),
    ])?;
    let tree = tree(folder.path())?;
    assert_eq!(paths(&tree), [".gitignore", "a.py"]);
    assert!(!tree.in_git && tree.files.iter().all(|file| file.tracked));
    assert_eq!(skipped(&tree, "node_modules"), Some(&SkipReason::Installed));
    assert_eq!(skipped(&tree, "env"), Some(&SkipReason::Installed));
    Ok(())
}

#[test]
fn tracked_packages_are_vendored() -> Outcome {
    let folder = lay(&[("node_modules/x/index.js", ""), ("dist/app.js", ""), ("a.ts", "")])?;
    git(folder.path(), &["init", "-q"])?;
    git(folder.path(), &["add", "."])?;
    let tree = tree(folder.path())?;
    let classes: Vec<_> = tree.files.iter().map(|file| (file.path.as_str(), file.class)).collect();
    assert_eq!(
        classes,
        [("a.ts", Class::Ships), ("dist/app.js", Class::Generated), ("node_modules/x/index.js", Class::Vendored)]
    );
    Ok(())
}

#[test]
fn worktrees_and_submodules_have_their_own_index() -> Outcome {
    let folder = lay(&[("main/a.py", ""), ("main/.gitignore", "*.log\n"), ("library/l.py", "")])?;
    let main = folder.path().join("main");
    for name in ["main", "library"] {
        git(&folder.path().join(name), &["init", "-q"])?;
        git(&folder.path().join(name), &["add", "."])?;
        git(&folder.path().join(name), &["commit", "-qm", "a"])?;
    }
    git(&main, &["worktree", "add", "-q", "../linked"])?;
    let linked = folder.path().join("linked");
    write(&main, ".git/info/exclude", "private.txt\n")?;
    write(&linked, "private.txt", "")?;
    write(&linked, "new.py", "")?;
    let seen = tree(&linked)?;
    assert_eq!(paths(&seen), [".gitignore", "a.py", "new.py"]);
    assert_eq!(seen.file("a.py").map(|file| file.tracked), Some(true));
    assert_eq!(seen.file("new.py").map(|file| file.tracked), Some(false));
    git(&main, &["submodule", "--quiet", "add", "../library", "sub"])?;
    let inside = tree(&main.join("sub"))?;
    assert_eq!(inside.file("l.py").map(|file| file.tracked), Some(true));
    assert_eq!(tree(&main)?.file("sub/l.py").map(|file| file.tracked), Some(false));
    Ok(())
}

#[test]
fn a_broken_index_is_named_and_set_aside() -> Outcome {
    let folder = lay(&[("a.py", ""), (".gitignore", "b.py\n"), ("b.py", "")])?;
    git(folder.path(), &["init", "-q"])?;
    git(folder.path(), &["add", "."])?;
    let good = fs::read(folder.path().join(".git/index"))?;
    for (number, broken) in [
        &b"DIRC"[..],
        b"",
        b"nonsense and more of it, long enough to be an index file",
        good.get(..good.len() / 2).unwrap_or_default(),
    ]
    .iter()
    .enumerate()
    {
        fs::write(folder.path().join(".git/index"), broken)?;
        let tree = tree(folder.path())?;
        assert!(tree.git_problem.is_some(), "{number}");
        assert!(!tree.in_git);
        assert_eq!(paths(&tree), [".gitignore", "a.py"]);
    }
    fs::remove_dir_all(folder.path().join(".git"))?;
    write(folder.path(), ".git", "gitdir: nowhere\n")?;
    assert!(tree(folder.path())?.git_problem.is_some());
    Ok(())
}

#[cfg(unix)]
#[test]
fn links_and_pipes_are_not_followed() -> Outcome {
    use std::os::unix::{ffi::OsStrExt, fs::symlink};
    let folder = lay(&[("real/a.py", ""), ("b.py", "")])?;
    let root = folder.path();
    symlink("..", root.join("real/loop"))?;
    symlink("/etc/hosts", root.join("hosts.py"))?;
    for pipe in ["pipe.py", "real/.gitignore"] {
        assert!(Command::new("mkfifo").arg(root.join(pipe)).status()?.success());
    }
    let tree = tree(root)?;
    assert_eq!(paths(&tree), ["b.py", "real/a.py"]);
    assert_eq!(skipped(&tree, "real/loop"), Some(&SkipReason::Link));
    assert_eq!(skipped(&tree, "hosts.py"), Some(&SkipReason::Link));
    assert_eq!(skipped(&tree, "pipe.py"), Some(&SkipReason::Special));
    // A name that is no text, where the file system allows it.
    if fs::write(root.join(std::ffi::OsStr::from_bytes(b"\xff.py")), "").is_ok() {
        let tree = self::tree(root)?;
        assert!(tree.skipped.iter().any(|skipped| skipped.why == SkipReason::Name));
    }
    Ok(())
}

#[cfg(unix)]
#[test]
fn a_tracked_file_behind_a_link_is_not_read() -> Outcome {
    let outside = lay(&[("a.py", "secret")])?;
    let folder = lay(&[("inner/a.py", "")])?;
    let root = folder.path();
    git(root, &["init", "-q"])?;
    git(root, &["add", "."])?;
    fs::remove_dir_all(root.join("inner"))?;
    std::os::unix::fs::symlink(outside.path(), root.join("inner"))?;
    assert_eq!(paths(&tree(root)?), [] as [&str; 0]);
    Ok(())
}

#[test]
fn large_and_many_files_are_skipped_and_said() -> Outcome {
    let folder =
        lay(&[("a.py", "x = 1\n"), ("long.js", &"a;".repeat(150_000)), ("photo.PNG", "x"), ("b.txt", "12345")])?;
    let limits = Limits { code_bytes: 400_000, text_bytes: 4, ..Limits::default() };
    let tree = collect(folder.path(), limits)?;
    assert_eq!(paths(&tree), ["a.py", "long.js"]);
    assert_eq!(skipped(&tree, "b.txt"), Some(&SkipReason::TooLarge(5)));
    assert_eq!(skipped(&tree, "photo.PNG"), Some(&SkipReason::Binary));
    let tree = collect(folder.path(), Limits { files: 1, ..limits })?;
    assert_eq!(paths(&tree), ["a.py"]);
    assert_eq!(skipped(&tree, "long.js"), Some(&SkipReason::TooMany));
    Ok(())
}

#[test]
fn threads_do_not_change_the_result() -> Outcome {
    let folder = tempfile::tempdir()?;
    for number in 0..300 {
        write(folder.path(), &format!("f{}/g{}/m{number}.py", number % 17, number % 5), "")?;
    }
    let one = collect(folder.path(), Limits { threads: 1, ..Limits::default() })?;
    let many = collect(folder.path(), Limits { threads: 7, ..Limits::default() })?;
    assert_eq!(one, many);
    assert_eq!(one.files.len(), 300);
    Ok(())
}

#[test]
fn ignore_rules_answer_for_files_that_do_not_exist() -> Outcome {
    let folder = lay(&[
        (".gitignore", ".env*\n!.env.example\n/only/\n"),
        ("backend/.gitignore", "!.env.local\n"),
        ("plain/.gitignore", "# nothing\n"),
    ])?;
    git(folder.path(), &["init", "-q"])?;
    write(folder.path(), ".git/info/exclude", "private.env\n")?;
    write(folder.path(), ".env", "A=1")?;
    git(folder.path(), &["add", "-f", ".env"])?;
    let rules = IgnoreRules::new(folder.path());
    for (path, ignored) in [
        (".env", true),
        (".env.local", true),
        (".env.example", false),
        ("backend/.env.local", false),
        ("backend/.env", true),
        ("plain/deep/.env", true),
        ("only/x", true),
        ("deep/only/x", false),
        ("private.env", false),
    ] {
        assert_eq!(rules.would_ignore(path), ignored, "{path}");
    }
    assert!(would_ignore(&folder.path().join("plain"), ".env"));
    let bare = lay(&[("a.py", "")])?;
    assert!(!would_ignore(bare.path(), ".env"));
    Ok(())
}

#[test]
fn python_projects() -> Outcome {
    let folder = lay(&[
        (
            "pyproject.toml",
            "[project]\nname = \"app\"\ndependencies = [\"OpenAI[x]>=1.2 ; python_version > '3'\", \"a_b\"]\n[project.optional-dependencies]\ndev = [\"pytest\"]\n[dependency-groups]\nlint = [\"ruff==1\"]\n[project.scripts]\nserve = \"app.cli:main\"\n",
        ),
        ("src/app/__init__.py", ""),
        ("src/app/cli.py", ""),
        ("backend/requirements.txt", "-r shared/base.txt\nfastapi==0.1 # web\n--index-url https://x\n"),
        ("backend/shared/base.txt", "httpx>=0.2 --hash=sha256:0\n"),
        (
            "poetry/pyproject.toml",
            "[tool.poetry]\nname = \"p\"\n[tool.poetry.dependencies]\npython = \"^3\"\nlitellm = {version = \"^1\", extras = [\"x\"]}\n[tool.poetry.group.dev.dependencies]\nmypy = \"*\"\n",
        ),
        (
            "old/setup.py",
            "setup(name='x', package_dir={'': 'lib'}, install_requires=[\n 'requests>=2',\n \"uvicorn[standard]\",\n],\n)\n",
        ),
    ])?;
    let tree = tree(folder.path())?;
    let shown = |folder: &str| -> Vec<String> {
        let project = project(&tree, folder, ProjectKind::Python);
        project
            .dependencies
            .iter()
            .map(|known| format!("{}{}{}", known.name, known.requirement, if known.development { " dev" } else { "" }))
            .collect()
    };
    assert_eq!(shown(""), ["openai>=1.2", "a-b", "pytest dev", "ruff==1 dev"]);
    assert_eq!(shown("backend"), ["httpx>=0.2", "fastapi==0.1"]);
    assert_eq!(shown("poetry"), ["litellm^1", "mypy* dev"]);
    assert_eq!(shown("old"), ["requests>=2", "uvicorn"]);
    assert_eq!(project(&tree, "", ProjectKind::Python).source_roots, ["src", ""]);
    assert_eq!(project(&tree, "old", ProjectKind::Python).source_roots, ["old/lib", "old"]);
    assert_eq!(
        project(&tree, "", ProjectKind::Python).started,
        [Start {
            path: "src/app/cli.py".into(),
            is_main: false,
            is_page: false,
            factories: Vec::new(),
            handlers: Vec::new()
        }]
    );
    Ok(())
}

#[test]
fn node_workspaces_and_paths() -> Outcome {
    let folder = lay(&[
        ("package.json", "{\"name\": \"root\", \"private\": true, \"workspaces\": [\"packages/*\"]}"),
        ("pnpm-workspace.yaml", "packages:\n  - 'apps/*'\n"),
        (
            "packages/db/package.json",
            "{\"name\": \"@x/db\", \"main\": \"./dist/main.js\", \"dependencies\": {\"openai\": \"^4\"}}",
        ),
        ("packages/db/src/main.ts", ""),
        (
            "packages/ui/package.json",
            "{\"name\": \"@x/ui\", \"exports\": {\".\": {\"types\": \"./dist/index.d.ts\", \"import\": \"./dist/index.js\"}, \"./chat\": \"./src/chat.tsx\", \"./parts/*\": \"./src/parts/*.tsx\"}}",
        ),
        ("packages/ui/src/index.ts", ""),
        ("packages/ui/src/chat.tsx", ""),
        ("packages/ui/src/parts/a.tsx", ""),
        ("packages/config/package.json", "{\"name\": \"@x/config\"}"),
        ("packages/config/base.json", "{\"compilerOptions\": {\"strict\": true}}"),
        (
            "apps/web/package.json",
            "{\"name\": \"web\", \"scripts\": {\"start\": \"node dist/server.js\", \"seed\": \"tsx seed.ts\"}}",
        ),
        (
            "apps/web/tsconfig.json",
            "{ // paths\n \"extends\": [\"@x/config/base.json\", \"./tsconfig.base\"], \"compilerOptions\": {\"baseUrl\": \".\",}, }",
        ),
        ("apps/web/tsconfig.base.json", "{\"compilerOptions\": {\"paths\": {\"@/*\": [\"./src/*\"]}}}"),
        ("apps/web/src/server.ts", ""),
        ("apps/web/seed.ts", ""),
        ("vite/package.json", "{}"),
        ("vite/tsconfig.json", "{\"files\": [], \"references\": [{\"path\": \"./tsconfig.app.json\"}]}"),
        ("vite/tsconfig.app.json", "{\"compilerOptions\": {\"paths\": {\"~/*\": [\"./src/*\"]}}}"),
    ])?;
    let tree = tree(folder.path())?;
    let web = project(&tree, "apps/web", ProjectKind::Node);
    assert_eq!(targets(&web, "@/*"), ["apps/web/src/*"]);
    assert_eq!(targets(&web, "*"), ["apps/web/*"]);
    assert_eq!(targets(&web, "@x/db"), ["packages/db/src/main.ts"]);
    assert_eq!(targets(&web, "@x/db/*"), ["packages/db/src/*", "packages/db/*"]);
    assert_eq!(targets(&web, "@x/ui"), ["packages/ui/src/index.ts"]);
    assert_eq!(targets(&web, "@x/ui/chat"), ["packages/ui/src/chat.tsx"]);
    assert_eq!(targets(&web, "@x/ui/parts/*"), ["packages/ui/src/parts/*"]);
    assert_eq!(targets(&project(&tree, "vite", ProjectKind::Node), "~/*"), ["vite/src/*"]);
    assert_eq!(
        web.started,
        [Start {
            path: "apps/web/src/server.ts".into(),
            is_main: true,
            is_page: false,
            factories: Vec::new(),
            handlers: Vec::new()
        }]
    );
    let database = project(&tree, "packages/db", ProjectKind::Node);
    assert_eq!(database.dependencies.first().map(|known| known.requirement.as_str()), Some("^4"));
    Ok(())
}

#[test]
fn configurations_that_extend_each_other_end() -> Outcome {
    let folder = lay(&[
        ("package.json", "{}"),
        ("tsconfig.json", "{\"extends\": [\"./tsconfig.json\", \"./a.json\", \"../../../etc/x.json\"]}"),
        ("a.json", "{\"extends\": \"./tsconfig.json\"}"),
        ("requirements.txt", "-r requirements.txt\n-r requirements.txt\nx\n"),
    ])?;
    assert_eq!(tree(folder.path())?.projects.len(), 2);
    Ok(())
}

#[test]
fn cargo_workspaces() -> Outcome {
    let folder = lay(&[
        ("Cargo.toml", "[workspace]\nmembers = [\"crates/*\"]\n[workspace.dependencies]\nreqwest = \"0.12\"\n"),
        (
            "crates/core/Cargo.toml",
            "[package]\nname = \"my-core\"\n[dependencies]\nreqwest = { workspace = true }\n[dev-dependencies]\ninsta = \"1\"\n",
        ),
        ("crates/core/src/lib.rs", ""),
        ("crates/app/Cargo.toml", "[package]\nname = \"app\"\n[dependencies]\nmy-core = { path = \"../core\" }\n"),
        ("crates/app/src/main.rs", ""),
        ("crates/app/src/bin/worker.rs", ""),
    ])?;
    let tree = tree(folder.path())?;
    let core = project(&tree, "crates/core", ProjectKind::Cargo);
    assert_eq!(
        core.dependencies.first().map(|known| (known.name.as_str(), known.requirement.as_str())),
        Some(("reqwest", "0.12"))
    );
    let app = project(&tree, "crates/app", ProjectKind::Cargo);
    assert_eq!(targets(&app, "my_core"), ["crates/core/src/lib.rs"]);
    assert_eq!(app.source_roots, ["crates/app/src"]);
    let started: Vec<_> = app.started.iter().map(|start| start.path.as_str()).collect();
    assert_eq!(started, ["crates/app/src/bin/worker.rs", "crates/app/src/main.rs"]);
    Ok(())
}

#[test]
fn a_tree_without_manifests_has_one_project() -> Outcome {
    let folder = lay(&[("a.py", "")])?;
    let tree = tree(folder.path())?;
    assert_eq!(tree.projects.len(), 1);
    assert_eq!(tree.projects.first().map(|project| project.kind), Some(ProjectKind::None));
    Ok(())
}

/// Everything that one starting file starts among a set of other files.
fn started_by(path: &str, text: &str, others: &[&str]) -> Vec<(String, bool)> {
    let texts: std::collections::BTreeMap<&str, &str> =
        others.iter().map(|path| (*path, "")).chain([(path, text)]).collect();
    let files = texts.keys().map(|path| File {
        path: (*path).to_owned(),
        class: Class::Ships,
        reason: String::new(),
        kind: Kind::Text,
        tracked: true,
        ignored: false,
        bytes: 0,
    });
    let mut folders: Vec<&str> = others.iter().filter_map(|path| path.strip_suffix("/requirements.txt")).collect();
    folders.push("");
    let projects = folders.iter().map(|folder| Project { folder: (*folder).to_owned(), ..Project::default() });
    let tree = Tree { files: files.collect(), projects: projects.collect(), ..Tree::default() };
    let read = |path: &str| texts.get(path).map(|text| (*text).to_owned());
    starts(&tree, &read).into_iter().map(|start| (start.path, start.is_main)).collect()
}

#[test]
fn commands_tell_what_is_started() {
    let others = [
        "main.py",
        "app/main.py",
        "app/__init__.py",
        "app/worker.py",
        "backend/requirements.txt",
        "backend/api.py",
        "src/server.ts",
        "ui.py",
        "start.sh",
        "seed.py",
        "manage.py",
        "pkg/__main__.py",
    ];
    type Starts<'a> = (&'a str, &'a str, &'a [(&'a str, bool)]);
    let cases: &[Starts] = &[
        (
            "Procfile",
            "web: uvicorn app.main:app --host 0.0.0.0 --port $PORT\nworker: celery -A app.worker worker",
            &[("app/main.py", false), ("app/worker.py", false)],
        ),
        ("Procfile", "web: python -m uvicorn app.main:app", &[("app/main.py", false)]),
        (
            "Procfile",
            "web: gunicorn -k uvicorn.workers.UvicornWorker 'app.main:create_app()'",
            &[("app/main.py", false)],
        ),
        ("Procfile", "web: FLASK_APP=app/main.py flask run", &[("app/main.py", false)]),
        ("Procfile", "web: flask --app app.main:make run", &[("app/main.py", false)]),
        (
            "Procfile",
            "release: python manage.py migrate && python -m pkg",
            &[("manage.py", true), ("pkg/__main__.py", true)],
        ),
        ("Dockerfile", "FROM x\nWORKDIR /code/backend\nCMD [\"uvicorn\", \"api:app\"]", &[("backend/api.py", false)]),
        ("Dockerfile", "FROM x\nENTRYPOINT exec python /srv/seed.py", &[("seed.py", true)]),
        (
            "Dockerfile",
            "FROM x\nCMD [\"sh\", \"-c\", \"cd backend && fastapi run api.py\"]",
            &[("backend/api.py", false)],
        ),
        ("Dockerfile", "FROM x\nCMD fastapi run", &[("main.py", false)]),
        ("Dockerfile", "FROM x\nENTRYPOINT [\"python3\"]\nCMD [\"-u\", \"seed.py\"]", &[("seed.py", true)]),
        ("Dockerfile", "FROM x AS a\nENTRYPOINT [\"python3\"]\nFROM y\nCMD [\"-u\", \"seed.py\"]", &[]),
        ("Dockerfile", "FROM x\nCMD [\"uv\", \"run\", \"seed.py\"]", &[("seed.py", true)]),
        ("src/docker/Dockerfile", "FROM x\nCMD [\"node\", \"server.ts\"]", &[("src/server.ts", true)]),
        (
            "Dockerfile",
            "FROM public.ecr.aws/lambda/python:3.12 AS a\nFROM a\nCMD [\"app.main.handler\"]",
            &[("app/main.py", false)],
        ),
        ("Dockerfile", "FROM python:3.12\nCMD [\"app.main.handler\"]", &[]),
        (
            "backend/Dockerfile",
            "FROM x\nCMD [\"fastapi\", \"run\", \"--workers\", \"4\", \"app/main.py\"]",
            &[("app/main.py", false)],
        ),
        (
            "docker-compose.yml",
            "services:\n  api:\n    build: ./backend\n    command: [\"uvicorn\", \"api:app\"]\n",
            &[("backend/api.py", false)],
        ),
        (
            "render.yaml",
            "services:\n  - type: web\n    rootDir: backend\n    startCommand: uvicorn api:app\n",
            &[("backend/api.py", false)],
        ),
        (
            "README.md",
            "Run python seed.py?\n```sh\ngit clone x\ncd x\ncd backend\npip install -r requirements.txt\nuvicorn api:app --reload\n```\n```\n$ streamlit run ui.py\n```\n",
            &[("backend/api.py", false), ("ui.py", true)],
        ),
        ("README.md", "---\ntitle: x\napp_file: ui.py\n---\n", &[("ui.py", true)]),
        (
            "package.json",
            "{\"scripts\": {\"dev\": \"cross-env A=1 tsx watch --env-file=.env src/server.ts\"}}",
            &[("src/server.ts", true)],
        ),
        (
            "package.json",
            "{\"scripts\": {\"dev\": \"concurrently \\\"npm:web\\\" \\\"poetry run python main.py\\\"\"}}",
            &[("main.py", true)],
        ),
        (
            "package.json",
            "{\"main\": \"dist/server.js\", \"scripts\": {\"seed\": \"python seed.py\"}}",
            &[("src/server.ts", false)],
        ),
        (
            "Makefile",
            "run:\n\tuv run --env-file .env chainlit run ui.py -w\nseed:\n\tpython seed.py\n",
            &[("ui.py", false)],
        ),
        ("entrypoint.sh", "#!/bin/sh\nset -e\nexec \"python\" main.py \"$@\"\n", &[("main.py", true)]),
        ("wrangler.toml", "main = \"src/server.ts\"", &[("src/server.ts", false)]),
        ("serverless.yml", "functions:\n  chat:\n    handler: app/main.handler\n", &[("app/main.py", false)]),
        ("langgraph.json", "{\"graphs\": {\"agent\": \"./app/main.py:graph\"}}", &[("app/main.py", false)]),
        ("supervisord.conf", "[program:web]\ncommand=python main.py\n", &[("main.py", true)]),
    ];
    for (path, text, expected) in cases {
        let expected: Vec<(String, bool)> = expected.iter().map(|(path, main)| ((*path).to_owned(), *main)).collect();
        assert_eq!(started_by(path, text, &others), expected, "{path}: {text}");
    }
}
