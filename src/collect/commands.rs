//! Command lines: split into commands and words as a shell would, without expanding anything.

/// Commands beyond this many in one text are left out.
const COMMANDS: usize = 2_000;

/// The commands of a shell text in order, each as its words; operators between them are dropped.
pub(super) fn commands(text: &str) -> Vec<Vec<String>> {
    let text = text.replace("\\\r\n", " ").replace("\\\n", " ");
    let mut found = Vec::new();
    let mut words: Vec<String> = Vec::new();
    let mut word: Option<String> = None;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\'' | '"' => {
                let word = word.get_or_insert_default();
                while let Some(inside) = characters.next() {
                    if inside == character {
                        break;
                    }
                    let escaped = inside == '\\' && character == '"' && matches!(characters.peek(), Some('"' | '\\'));
                    word.push(if escaped { characters.next().unwrap_or(inside) } else { inside });
                }
            }
            '\\' => word.get_or_insert_default().extend(characters.next()),
            '#' if word.is_none() => while characters.next_if(|next| *next != '\n').is_some() {},
            ' ' | '\t' | '\r' => words.extend(word.take()),
            '\n' | ';' | '|' | '&' | '(' | ')' => {
                words.extend(word.take());
                end(&mut words, &mut found);
            }
            _ => word.get_or_insert_default().push(character),
        }
        if found.len() >= COMMANDS {
            return found;
        }
    }
    words.extend(word);
    end(&mut words, &mut found);
    found
}

fn end(words: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    if !words.is_empty() {
        found.push(std::mem::take(words));
    }
}

/// The command lines in the code blocks of a Markdown or reStructuredText file, one text per block; a command within a
/// line of prose is a block of its own.
pub(super) fn code_blocks(text: &str) -> Vec<String> {
    let mut blocks = vec![String::new()];
    let mut fence: Option<&str> = None;
    for line in text.lines() {
        let trimmed = line.trim_start();
        let mark = ["```", "~~~"].into_iter().find(|mark| trimmed.starts_with(mark));
        match (fence, mark) {
            (None, Some(mark)) => {
                fence = Some(mark);
                blocks.push(String::new());
            }
            (Some(open), Some(mark)) if open == mark => {
                fence = None;
                blocks.push(String::new());
            }
            _ => {
                let indented = line.starts_with("    ") || line.starts_with('\t');
                let prompt = trimmed.trim_start_matches(['$', '%', '>']).trim_start();
                let block = blocks.last_mut().filter(|_| fence.is_some() || indented || trimmed.starts_with("$ "));
                if let Some(block) = block {
                    block.push_str(prompt);
                    block.push('\n');
                } else {
                    let inline: Vec<String> = inline_commands(line).map(|command| format!("{command}\n")).collect();
                    if !inline.is_empty() {
                        blocks.extend(inline);
                        blocks.push(String::new());
                    }
                }
            }
        }
    }
    blocks.retain(|block| !block.is_empty());
    blocks
}

/// What stands between backticks in a line of prose and has more than one word: "run `python app.py` to start".
fn inline_commands(line: &str) -> impl Iterator<Item = &str> {
    let pieces: Vec<&str> = line.split('`').collect();
    // What nothing closes is no code.
    let closed = pieces.len().saturating_sub(1) / 2 * 2;
    let code = pieces.into_iter().take(closed).skip(1).step_by(2).map(str::trim);
    code.map(|code| code.trim_start_matches("$ ")).filter(|code| code.contains(char::is_whitespace))
}

/// The commands of the targets of a makefile, by target.
pub(super) fn make_targets(text: &str) -> Vec<(String, String)> {
    let mut targets: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        if line.starts_with(['\t', ' ']) {
            if let Some((_, commands)) = targets.last_mut() {
                commands.push_str(line.trim_start().trim_start_matches(['@', '-', '+']));
                commands.push('\n');
            }
        } else if let Some((names, rest)) = line.split_once(':')
            && !names.starts_with(['#', '.'])
            && !rest.starts_with('=')
        {
            let name = names.split_whitespace().next().unwrap_or("").to_owned();
            targets.push((name, String::new()));
        }
    }
    targets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_words() {
        let found = commands("cd web && PORT=1 npx 'ts node' \"a \\\" b\" # no\nx; y\\ z");
        let found: Vec<String> = found.iter().map(|words| words.join("|")).collect();
        assert_eq!(found, ["cd|web", "PORT=1|npx|ts node|a \" b", "x", "y z"]);
        assert_eq!(commands("'open"), [["open".to_owned()]]);
    }

    #[test]
    fn blocks_are_found_in_prose() {
        let text = "python prose.py\n```bash\n$ python a.py\n```\ntext\n\n    python b.py\n";
        assert_eq!(code_blocks(text), ["python a.py\n", "python b.py\n"]);
        let text = "Run `python a.py` or ``python b.py``, not `c.py` or `d e\n- `$ node x.js`\n";
        assert_eq!(code_blocks(text), ["python a.py\n", "node x.js\n"]);
    }

    #[test]
    fn targets_have_commands() {
        let found = make_targets("X := 1\n.PHONY: run\nrun: deps\n\t@python a.py\n");
        assert_eq!(found, [("run".to_owned(), "python a.py\n".to_owned())]);
    }
}
