//! Settings that a script exports as an object: `module.exports = { apps: [{ script: "src/index.ts" }] }`.

use super::tree::{DEPTH, ENTRIES};
use crate::lower::{language_of, lower};
use crate::model::{Expression, ExpressionKind, Language, Setting, StatementKind};

/// The names under which a script exports one thing as a whole.
const WHOLE: [&str; 2] = ["=", "default"];

/// The key paths of what a script exports as a whole, as far as it is written there.
pub fn exported(path: &str, text: &str) -> Vec<Setting> {
    if language_of(path) != Some(Language::TypeScript) || text.len() > super::BYTES {
        return Vec::new();
    }
    let module = lower(path, text, Language::TypeScript);
    let mut found = Vec::new();
    for statement in &module.body {
        if let StatementKind::Export(export) = &statement.kind
            && WHOLE.contains(&export.name.as_str())
            && let Some(value) = &export.value
        {
            flatten(value, &mut Vec::new(), &mut found);
        }
    }
    found
}

fn flatten(value: &Expression, keys: &mut Vec<String>, found: &mut Vec<Setting>) {
    if found.len() >= ENTRIES || keys.len() > DEPTH {
        return;
    }
    let mut below = |key: String, inner: &Expression| {
        keys.push(key);
        flatten(inner, keys, found);
        keys.pop();
    };
    match &value.kind {
        ExpressionKind::Object(entries) => {
            for entry in entries {
                if let Some(key) = &entry.key {
                    below(key.clone(), &entry.value);
                }
            }
        }
        ExpressionKind::List(items) => {
            items.iter().enumerate().for_each(|(number, item)| below(number.to_string(), item));
        }
        ExpressionKind::Literal(literal) => {
            found.push(Setting { keys: keys.clone(), value: literal.clone(), span: value.span });
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Literal;

    #[test]
    fn what_is_exported_as_a_whole_has_key_paths() {
        for text in ["module.exports = { apps: [{ script: 'a.js' }] }", "export default { apps: [{ script: 'a.js' }] }"]
        {
            let found = exported("tool.config.mjs", text);
            let [only] = found.as_slice() else { panic!("{found:?}") };
            assert_eq!(only.keys.join("."), "apps.0.script");
            assert_eq!(only.value, Literal::Text("a.js".to_owned()));
        }
        assert_eq!(exported("tool.json", "{}"), []);
    }
}
