//! The ways in agree with each other: one version, one address, one set of recipes, and no way out to a network.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use clap::Parser;
use launchcheck::cli::arguments::Arguments;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Crates that open connections, or that speak a protocol over one.
const NETWORK: [&str; 27] = [
    "async-std",
    "attohttpc",
    "boring",
    "curl",
    "curl-sys",
    "gix-protocol",
    "gix-transport",
    "h2",
    "h3",
    "hickory-resolver",
    "http",
    "hyper",
    "isahc",
    "mbedtls",
    "minreq",
    "mio",
    "native-tls",
    "openssl",
    "openssl-sys",
    "quinn",
    "reqwest",
    "rustls",
    "schannel",
    "socket2",
    "tokio",
    "tungstenite",
    "ureq",
];

/// Everything that the program is linked from: what its manifest depends on, and what that depends on in turn.
#[test]
fn nothing_that_is_shipped_speaks_to_a_network() {
    let manifest: toml::Table = text("Cargo.toml").parse().expect("Cargo.toml");
    let lock: toml::Table = text("Cargo.lock").parse().expect("Cargo.lock");
    let mut needs: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in lock["package"].as_array().expect("packages") {
        let name = package["name"].as_str().expect("a name").to_owned();
        let own = package.get("dependencies").and_then(toml::Value::as_array).cloned().unwrap_or_default();
        // `name` or `name version`.
        let own = own.iter().filter_map(|each| each.as_str()?.split(' ').next().map(str::to_owned));
        needs.entry(name).or_default().extend(own);
    }
    let mut open: Vec<String> = manifest["dependencies"].as_table().expect("dependencies").keys().cloned().collect();
    let mut shipped = BTreeSet::new();
    while let Some(name) = open.pop() {
        if shipped.insert(name.clone()) {
            open.extend(needs.get(&name).unwrap_or_else(|| panic!("Cargo.lock has no {name}")).iter().cloned());
        }
    }
    assert!(shipped.len() > 50, "the whole tree was walked: {shipped:?}");
    let found: Vec<&str> = NETWORK.into_iter().filter(|name| shipped.contains(*name)).collect();
    assert!(found.is_empty(), "{found:?}");
}

/// Files that name the project's address or a release.
const NAMING: [&str; 5] =
    ["README.md", ".github/README.ko.md", ".github/install.sh", ".github/SECURITY.md", "Cargo.toml"];

#[test]
fn everything_names_one_address_and_one_version() {
    let address = env!("CARGO_PKG_REPOSITORY");
    let name = address.strip_prefix("https://github.com/").expect("a repository on GitHub");
    let version = env!("CARGO_PKG_VERSION");
    let hosts = regex::Regex::new(r"(github\.com|ghcr\.io)/([\w.-]+/launchcheck)").expect("valid");
    let actions = regex::Regex::new(r"([\w.-]+/launchcheck)@(\S+)").expect("valid");
    let releases =
        regex::Regex::new(r"(?:launchcheck-v|/download/v|rev: v|/launchcheck:|\nversion=)(\d[\w.]*\d)").expect("valid");
    let mut seen = 0;
    for path in NAMING {
        let text = text(path);
        for found in hosts.captures_iter(&text) {
            assert_eq!(&found[2], name, "{path}: {}", &found[0]);
            seen += 1;
        }
        for found in actions.captures_iter(&text) {
            assert_eq!((&found[1], &found[2]), (name, format!("v{version}").as_str()), "{path}");
        }
        for found in releases.captures_iter(&text) {
            assert_eq!(&found[1], version, "{path}: {}", &found[0]);
        }
    }
    assert!(seen > 10, "{seen} mentions");
    let installer = text(".github/install.sh");
    assert!(installer.contains(&format!("\nversion={version}\n")));
    assert!(installer.contains(&format!("\nrepository={address}\n")));
}

/// A block of a Markdown file: its language and its text.
fn blocks(markdown: &str) -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in markdown.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(language)) => open = Some((language.to_owned(), String::new())),
            (Some(_), Some("")) => blocks.extend(open.take()),
            (Some((_, text)), _) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block does not end");
    blocks
}

/// A block without its comments.
fn bare(block: &str) -> String {
    let comment = regex::Regex::new(r"(?m)\s*(#|//) .*$").expect("valid");
    // The first line is the name of the file.
    let (first, rest) = block.split_once('\n').unwrap_or((block, ""));
    format!("{first}\n{}", comment.replace_all(rest, ""))
}

#[test]
fn both_guides_have_the_same_recipes() {
    let recipes = |path: &str| -> Vec<String> {
        let languages = ["yaml", "json", "js", "dockerfile"];
        blocks(&text(path))
            .iter()
            .filter(|(language, _)| languages.contains(&language.as_str()))
            .map(|(_, text)| bare(text))
            .collect()
    };
    let english = recipes("README.md");
    assert!(english.len() >= 9, "{}", english.len());
    assert_eq!(english, recipes(".github/README.ko.md"));
}

#[test]
fn every_command_of_the_guides_is_one() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for path in ["README.md", ".github/README.ko.md", "CONTRIBUTING.md"] {
        for (_, block) in blocks(&text(path)).iter().filter(|(language, _)| language == "sh") {
            for line in block.lines().filter(|line| line.starts_with("launchcheck ") || *line == "launchcheck") {
                let command = line.split(['#', '|']).next().unwrap_or_default();
                count += 1;
                if let Err(error) = Arguments::try_parse_from(command.split_whitespace()) {
                    wrong.push(format!("{path}: {line}: {error}"));
                }
            }
        }
    }
    assert!(wrong.is_empty() && count > 20, "{count} {}", wrong.join("\n"));
}

#[test]
fn actions_are_pinned_by_commit() {
    let mut files: Vec<PathBuf> = fs::read_dir(root().join(".github/workflows"))
        .expect("workflows")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.extend(["action.yml", "README.md", "src/cli/init/workflow.yml"].map(|path| root().join(path)));
    let pinned = regex::Regex::new(r"@[0-9a-f]{40} # v\d+\.\d+\.\d+$").expect("valid");
    let own = regex::Regex::new(r"uses: (\$/|\{action\}|\S+/launchcheck@v\S+)$").expect("valid");
    for file in files {
        let text = fs::read_to_string(&file).expect("readable");
        for line in text.lines().filter(|line| line.contains("uses: ")) {
            assert!(pinned.is_match(line) || own.is_match(line), "{}: {line}", file.display());
        }
    }
}
