//! What users are told to paste is code of its language.

use launchcheck::rules::packs::PASTE_LANGUAGES;

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
            let Some(code) = rule.paste.get(language) else { continue };
            let is_code = match language {
                "python" => parses(tree_sitter_python::LANGUAGE.into(), code),
                "typescript" => parses(tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into(), code),
                "rust" => syn::parse_str::<syn::ItemFn>(&format!("async fn snippet() {{ {code}\n }}")).is_ok(),
                _ => true,
            };
            assert!(is_code, "{} in {language}:\n{code}", rule.id);
        }
    }
}

#[test]
fn every_rule_about_code_has_a_snippet_for_every_language() {
    let without_code = ["committed-env-file", "env-file-not-ignored", "client-exposed-secret"];
    for rule in sample::packs().rules().iter().filter(|rule| !rule.is_note()) {
        if !without_code.contains(&rule.id.as_str()) {
            for language in ["python", "typescript", "rust"] {
                assert!(rule.paste.contains_key(language), "{} in {language}", rule.id);
            }
        }
    }
}
