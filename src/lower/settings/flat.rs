//! Formats without nesting: environment files, process files, sections with keys.

use super::tree::ENTRIES;
use crate::model::{Literal, Setting, Span};

/// The lines of a text with the offset that each starts at, without their ends.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split_inclusive('\n').map(move |line| {
        let start = at;
        at += line.len();
        (start, line.trim_end_matches(['\n', '\r']))
    })
}

/// A value of a line with the span that it is written in.
fn setting(keys: Vec<String>, value: &str, start: usize) -> Setting {
    let lead = value.len() - value.trim_start().len();
    let value = value.trim();
    let span = Span::new(start + lead, start + lead + value.len());
    Setting { keys, value: Literal::Text(unquote(value).to_owned()), span }
}

fn unquote(value: &str) -> &str {
    let inside = |quote: char| value.strip_prefix(quote).and_then(|value| value.strip_suffix(quote));
    inside('"').or_else(|| inside('\'')).or_else(|| inside('`')).unwrap_or(value)
}

/// `KEY=value` lines, perhaps with `export`, quotes and comments. A quoted value may go on over lines.
pub fn environment(text: &str) -> Vec<Setting> {
    let mut found = Vec::new();
    let mut skip_until = 0;
    for (start, line) in lines(text) {
        if start < skip_until || found.len() >= ENTRIES {
            continue;
        }
        let trimmed = line.trim_start_matches('\u{feff}').trim_start();
        let trimmed = trimmed.strip_prefix("export ").map_or(trimmed, str::trim_start);
        let Some((name, value)) = trimmed.split_once('=') else { continue };
        let name = name.trim_end();
        if name.is_empty()
            || !name.chars().all(|character| character.is_ascii_alphanumeric() || "_.-".contains(character))
        {
            continue;
        }
        let value_start = start + line.len() - value.len();
        let value = quoted(text, value_start).unwrap_or_else(|| uncommented(value));
        skip_until = value_start + value.len();
        found.push(setting(vec![name.to_owned()], value, value_start));
    }
    found
}

/// The quoted value that begins at an offset (behind blanks), with its quotes; at most 64 KiB of it.
fn quoted(text: &str, start: usize) -> Option<&str> {
    let rest = text.get(start..)?;
    let lead = rest.len() - rest.trim_start_matches([' ', '\t']).len();
    let quote = rest.get(lead..)?.chars().next().filter(|quote| "\"'`".contains(*quote))?;
    let body = rest.get(lead + 1..)?;
    let mut escaped = false;
    let end = body.char_indices().take(1 << 16).find_map(|(at, character)| {
        let closes = character == quote && !escaped;
        escaped = character == '\\' && quote == '"' && !escaped;
        closes.then_some(at)
    })?;
    rest.get(..lead + end + 2)
}

fn uncommented(value: &str) -> &str {
    if value.trim_start().starts_with('#') {
        return "";
    }
    value.find(" #").or_else(|| value.find("\t#")).and_then(|comment| value.get(..comment)).unwrap_or(value)
}

/// `web: command`.
pub fn processes(text: &str) -> Vec<Setting> {
    let named = lines(text).filter(|(_, line)| !line.trim_start().starts_with('#')).filter_map(|(start, line)| {
        let (name, command) = line.split_once(':')?;
        Some(setting(vec![name.trim().to_owned()], command, start + line.len() - command.len()))
    });
    named.take(ENTRIES).collect()
}

/// `[section]` with `key = value` or `key: value`; keys before the first section stand alone. Indented lines go on
/// with the value above them, as items by number.
pub fn sections(text: &str) -> Vec<Setting> {
    let mut found: Vec<Setting> = Vec::new();
    let mut section: Vec<String> = Vec::new();
    let mut last: Option<(Vec<String>, usize)> = None;
    for (start, line) in lines(text) {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) || found.len() >= ENTRIES {
            continue;
        }
        if let Some(name) = trimmed.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            section = vec![name.trim().to_owned()];
            last = None;
        } else if line.starts_with([' ', '\t'])
            && let Some((keys, number)) = &mut last
        {
            let keys = keys.iter().cloned().chain([number.to_string()]).collect();
            *number += 1;
            found.push(setting(keys, line, start));
        } else if let Some((key, value)) = trimmed.split_once(['=', ':']) {
            let keys: Vec<String> = section.iter().cloned().chain([key.trim().to_owned()]).collect();
            let value_start = start + line.trim_end().len() - value.len();
            let plain = [" ;", " #"].iter().find_map(|mark| value.split_once(mark)).map_or(value, |(plain, _)| plain);
            if !plain.trim().is_empty() {
                found.push(setting(keys.clone(), plain, value_start));
            }
            last = Some((keys, 0));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, settings: &[Setting]) -> Vec<String> {
        let place = |span: Span| text.get(span.start as usize..span.end as usize).unwrap_or("?").to_owned();
        let value = |value: &Literal| if let Literal::Text(text) = value { text.clone() } else { String::new() };
        settings
            .iter()
            .map(|setting| format!("{} = {} @ {}", setting.keys.join("."), value(&setting.value), place(setting.span)))
            .collect()
    }

    #[test]
    fn environment_files() {
        let text = "\u{feff}A=1 # c\r\n# B=2\nexport C = 'x # y'\nD=\"a\nE=b\"\nF=\nG=#c\nno line\nH=a#b\n";
        assert_eq!(
            shown(text, &environment(text)),
            ["A = 1 @ 1", "C = x # y @ 'x # y'", "D = a\nE=b @ \"a\nE=b\"", "F =  @ ", "G =  @ ", "H = a#b @ a#b"]
        );
        assert_eq!(environment("A=\"open\nB=1\n").len(), 2);
    }

    #[test]
    fn processes_and_sections() {
        let text = "web: gunicorn app:app\n#x: y\n";
        assert_eq!(shown(text, &processes(text)), ["web = gunicorn app:app @ gunicorn app:app"]);
        let text = "top = 1\n[a]\nb: c ; d\nlist =\n  x\n  y\n";
        assert_eq!(
            shown(text, &sections(text)),
            ["top = 1 @ 1", "a.b = c @ c", "a.list.0 = x @ x", "a.list.1 = y @ y"]
        );
    }
}
