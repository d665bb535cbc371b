//! Build files of containers: instructions with their arguments.

use std::collections::BTreeMap;

use super::tree::ENTRIES;
use crate::model::{Literal, Setting, Span};

/// One instruction: its name in upper case and its arguments, lines joined.
#[derive(Clone, Debug, PartialEq)]
pub struct Instruction {
    pub name: String,
    pub arguments: String,
    /// From the first to the last argument.
    pub span: Span,
}

/// The instructions of a build file in order. Bodies of here-documents are left out.
pub fn instructions(text: &str) -> Vec<Instruction> {
    let mut found = Vec::new();
    let mut at = 0;
    let mut open: Option<Instruction> = None;
    let mut until: Option<String> = None;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let trimmed = line.trim();
        if let Some(end) = &until {
            if trimmed == end {
                until = None;
            }
            continue;
        }
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        let goes_on = trimmed.ends_with('\\') || trimmed.ends_with('`');
        let content = if goes_on { trimmed.get(..trimmed.len() - 1).unwrap_or("").trim_end() } else { trimmed };
        let lead = start + line.len() - line.trim_start().len();
        let end = lead + content.len();
        let instruction = match open.take() {
            Some(mut instruction) => {
                instruction.arguments = format!("{} {content}", instruction.arguments).trim_start().to_owned();
                instruction.span.end = Span::new(0, end).end;
                instruction
            }
            None => {
                let name = content.split_whitespace().next().unwrap_or("");
                let arguments = content.get(name.len()..).unwrap_or("").trim_start();
                let span = Span::new(end - arguments.len(), end);
                Instruction { name: name.to_ascii_uppercase(), arguments: arguments.to_owned(), span }
            }
        };
        if goes_on {
            open = Some(instruction);
        } else {
            until = here_document(&instruction);
            found.push(instruction);
        }
        if found.len() >= ENTRIES {
            break;
        }
    }
    found.extend(open);
    found
}

/// The word that ends the here-document which an instruction begins.
fn here_document(instruction: &Instruction) -> Option<String> {
    let (_, after) = instruction
        .arguments
        .split_once("<<")
        .filter(|_| matches!(instruction.name.as_str(), "RUN" | "COPY" | "ADD"))?;
    let word: String = after
        .trim_start_matches(['-', '"', '\''])
        .chars()
        .take_while(|character| character.is_alphanumeric() || *character == '_')
        .collect();
    Some(word).filter(|word| !word.is_empty())
}

/// Instructions as settings, numbered where a name is repeated.
pub fn lower(text: &str) -> Vec<Setting> {
    let instructions = instructions(text);
    let names: Vec<&str> = instructions.iter().map(|instruction| instruction.name.as_str()).collect();
    let numbers = numbers(&names);
    instructions
        .iter()
        .zip(numbers)
        .map(|(instruction, number)| Setting {
            keys: [instruction.name.clone()].into_iter().chain(number).collect(),
            value: Literal::Text(instruction.arguments.clone()),
            span: instruction.span,
        })
        .collect()
}

/// For each name its number among those alike, where there are several.
pub(super) fn numbers(names: &[&str]) -> Vec<Option<String>> {
    let mut totals: BTreeMap<&str, usize> = BTreeMap::new();
    for name in names {
        *totals.entry(name).or_default() += 1;
    }
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let mut found = Vec::new();
    for name in names {
        let count = seen.entry(name).or_default();
        found.push((totals.get(name).copied().unwrap_or(0) > 1).then(|| count.to_string()));
        *count += 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_have_keys() {
        let text = "# syntax\nFROM a AS b\nrun x && \\\n  # c\n  y\nRUN <<EOF\nCMD no\nEOF\nCMD [\"a\", \"b\"]\n";
        let shown: Vec<_> = lower(text)
            .into_iter()
            .map(|setting| {
                (
                    setting.keys.join("."),
                    setting.value,
                    text.get(setting.span.start as usize..setting.span.end as usize).map(str::len),
                )
            })
            .collect();
        let text = |text: &str| Literal::Text(text.to_owned());
        assert_eq!(
            shown,
            [
                ("FROM".to_owned(), text("a AS b"), Some(6)),
                ("RUN.0".to_owned(), text("x && y"), Some(16)),
                ("RUN.1".to_owned(), text("<<EOF"), Some(5)),
                ("CMD".to_owned(), text("[\"a\", \"b\"]"), Some(10)),
            ]
        );
    }
}
