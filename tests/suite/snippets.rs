//! What users are told to paste is code of its language.

use launchcheck::rules::packs::PASTE_LANGUAGES;
use launchcheck::{Options, audit};

use crate::cases::name_of;
use crate::sample;

fn parses(language: tree_sitter::Language, code: &str) -> bool {
    let mut parser = tree_sitter::Parser::new();
    parser.set_language(&language).expect("a known grammar");
    parser.parse(code, None).is_some_and(|tree| !tree.root_node().has_error())
}

#[test]
fn snippets_parse() {
    for rule in sample::packs().rules() {
        for language in PASTE_LANGUAGES {
            let fitted = rule.fitted.iter().filter(|fitted| fitted.language == language);
            for code in rule.code(language).into_iter().chain(fitted.map(|fitted| fitted.code.clone())) {
                let is_code = match language {
                    "python" => parses(tree_sitter_python::LANGUAGE.into(), &code),
                    "typescript" => parses(tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into(), &code),
                    "rust" => syn::parse_str::<syn::ItemFn>(&format!("async fn snippet() {{ {code}\n }}")).is_ok(),
                    _ => true,
                };
                assert!(is_code, "{} in {language}:\n{code}", rule.id);
            }
        }
    }
}

/// A snippet about retries as a program: with what it names around it.
fn program(language: &str, code: &str) -> (&'static str, String) {
    match language {
        "python" => {
            let body =
                "\n    reply = await client.responses.create(model=MODEL, input=prompt)\n    return reply.output_text";
            let code = code.replace("-> str: ...", &format!("-> str:{body}"));
            let client = "from openai import AsyncOpenAI\nclient = AsyncOpenAI(max_retries=0)\n";
            let http =
                "import httpx\nhttp = httpx.AsyncClient()\nURL = \"https://api.openai.com/v1/chat/completions\"\n";
            let imports =
                "from tenacity import retry, retry_if_exception, stop_after_attempt, wait_random_exponential\n";
            ("main.py", format!("{client}{http}{imports}{code}"))
        }
        "typescript" => {
            let client = "import OpenAI from \"openai\";\nconst sdk = new OpenAI({ maxRetries: 0 });\n";
            let ask = "const ask = (input: string) => sdk.responses.create({ model: \"gpt-4.1-mini\", input });\n";
            let import = if code.contains("import pRetry") { "" } else { "import pRetry from \"p-retry\";\n" };
            ("src/main.ts", format!("{client}{import}{}{code}", if code.contains("const ask") { "" } else { ask }))
        }
        _ => {
            let post = "client.post(\"https://api.openai.com/v1/chat/completions\").send().await?.error_for_status()";
            let ask = format!("async fn ask(prompt: &str) -> reqwest::Result<reqwest::Response> {{ {post} }}\n");
            let code = code.replacen("let ", "fn main() {\nlet ", 1);
            ("src/main.rs", format!("{ask}{code}}}\n"))
        }
    }
}

/// What is told to paste about retries shows no fault of a retry itself.
#[test]
fn pasted_retries_are_not_reported() {
    let packs = sample::packs();
    let of_retries = |rule: &str| packs.rule(rule).is_some_and(|rule| name_of(&rule.item) == "A2");
    for rule in packs.rules().iter().filter(|rule| of_retries(&rule.id)) {
        for (language, code) in PASTE_LANGUAGES.into_iter().filter_map(|each| Some((each, rule.code(each)?))) {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let (path, text) = program(language, &code);
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(path, &text).expect("a written file");
            let report = audit(folder.path(), &Options::default()).expect("an audit");
            assert!(!report.audit.inventory.retries.is_empty() || rule.id == "no-retry", "{text}");
            let reported: Vec<String> = report
                .audit
                .findings
                .iter()
                .filter(|finding| of_retries(&finding.rule))
                .map(|finding| format!("line {}: {}", finding.location.line, finding.message.en))
                .collect();
            assert!(reported.is_empty(), "{} in {language}: {reported:?}\n{text}", rule.id);
        }
    }
}

#[test]
fn every_rule_about_code_has_a_snippet_for_every_language() {
    let without_code = ["committed-env-file", "env-file-not-ignored", "client-exposed-secret"];
    for rule in sample::packs().rules().iter().filter(|rule| !rule.is_note()) {
        if !without_code.contains(&rule.id.as_str()) {
            for language in ["python", "typescript", "rust"] {
                assert!(rule.code(language).is_some(), "{} in {language}", rule.id);
            }
        }
    }
}
