//! The explanation of a line for people: what stands there, the ways that lead through it, and what the items say of it.

use super::{
    Style, clean,
    layout::{Paint, paragraph, wrap},
    words,
};
use crate::{
    rules::packs::Packs,
    source::Location,
    verdict::{
        Evidence, Tongue,
        chain::{Account, Chain, Explained, Stand, Step, Thing},
    },
};

/// The narrowest page.
const NARROWEST: usize = 40;

/// Writes an explanation.
pub fn render(explained: &Explained, packs: &Packs, style: &Style) -> String {
    let style = Style { width: style.width.max(NARROWEST), ..*style };
    let mut page = Page { style: &style, paint: Paint { color: style.color }, packs, out: String::new() };
    match explained {
        Explained::NotAudited { path, why } => page.place("", &clean::shown(path), &page.say(why)),
        Explained::Nothing { path, line, nearest } => page.nothing(path, *line, nearest),
        Explained::Thing(account) => page.account(account),
    }
    clean::finish(&page.out)
}

struct Page<'a> {
    style: &'a Style,
    paint: Paint,
    packs: &'a Packs,
    out: String,
}

impl Page<'_> {
    fn say(&self, text: &crate::verdict::Text) -> String {
        clean::shown(text.in_tongue(self.style.tongue))
    }

    fn word<'w>(&self, en: &'w str, ko: &'w str) -> &'w str {
        match self.style.tongue {
            Tongue::English => en,
            Tongue::Korean => ko,
        }
    }

    fn nothing(&mut self, path: &str, line: u32, nearest: &[Thing]) {
        let sentence =
            self.word("no call, entry point or guard stands here", "이 줄에는 호출, 진입점, 가드가 없습니다");
        self.place("", &format!("{}:{line}", clean::shown(path)), sentence);
        if nearest.is_empty() {
            let sentence = self.word("nor anywhere else in this file", "이 파일의 다른 곳에도 없습니다").to_owned();
            paragraph(&mut self.out, "", &sentence, self.style.width, str::to_owned);
            return;
        }
        self.title(self.word("Nearest in this file", "이 파일에서 가장 가까운 것"));
        for thing in nearest {
            self.thing(thing);
        }
    }

    fn account(&mut self, account: &Account) {
        let what = self.say(&account.thing.what);
        self.place("", &line_of(&account.thing.location), &what);
        for remark in &account.remarks {
            let remark = self.say(remark);
            paragraph(&mut self.out, "", &remark, self.style.width, str::to_owned);
        }
        for chain in &account.chains {
            self.chain(chain);
        }
        if let Some(more) = &account.more {
            let (more, paint) = (self.say(more), self.paint);
            self.out.push('\n');
            paragraph(&mut self.out, "", &more, self.style.width, |text| paint.dim(text));
        }
        if !account.stands.is_empty() {
            self.title(self.word("What the items say here", "이 자리에 대한 항목별 판정"));
            account.stands.iter().for_each(|stand| self.stand(stand));
        }
        if !account.beside.is_empty() {
            self.title(self.word("Also at this line", "같은 줄에 있는 것"));
            for thing in &account.beside {
                let what = self.say(&thing.what);
                self.place("  ", &column_of(&thing.location), &what);
            }
        }
    }

    /// One way, a step per place, the line of source below it.
    fn chain(&mut self, chain: &Chain) {
        self.title(&self.say(&chain.title));
        let (first, other, last) = if self.style.unicode { ("┌ ", "├ ", "└ ") } else { ("+ ", "+ ", "+ ") };
        let rail = if self.style.unicode { "│ " } else { "| " };
        for (number, step) in chain.steps.iter().enumerate() {
            let is_last = number + 1 == chain.steps.len();
            let mark = match (number, is_last) {
                (_, true) => last,
                (0, false) => first,
                _ => other,
            };
            self.place(&format!("  {mark}"), &line_of(&step.location), &self.step(step));
            if !step.code.is_empty() {
                let rail = if is_last { "  " } else { rail };
                let room = self.style.width.saturating_sub(8);
                let code = cut(&clean::shown(&step.code), room, self.style.unicode);
                self.out.push_str(&format!("  {rail}    {}\n", self.paint.dim(&code)));
            }
        }
    }

    /// What a step is, and what it guards.
    fn step(&self, step: &Step) -> String {
        let mut text = self.say(&step.what);
        if !step.guards.is_empty() {
            let items: Vec<&str> = step.guards.iter().map(|item| item.id()).collect();
            text.push_str(&format!(" [{}]", items.join(", ")));
        }
        if step.is_asked {
            text.push_str(if self.style.unicode { " ◄" } else { " <" });
        }
        text
    }

    /// How one item stands: its tick, a sentence per place, and where nothing was found what was searched.
    fn stand(&mut self, stand: &Stand) {
        let tick = words::tick(stand.verdict, self.style.unicode);
        let name = clean::shown(self.packs.name(stand.item));
        let head = format!("{tick} {} {name}", stand.item.id());
        self.out.push_str(&self.paint.bold(&head));
        self.out.push('\n');
        for Evidence { location, message } in &stand.because {
            self.place("    ", &line_of(location), &self.say(message));
        }
        if let Some(searched) = &stand.searched {
            let first = format!("    {} ", self.word("searched:", "찾아본 곳:"));
            let (searched, paint) = (self.say(searched), self.paint);
            paragraph(&mut self.out, &first, &searched, self.style.width, |text| paint.dim(text));
        }
    }

    fn thing(&mut self, thing: &Thing) {
        let what = self.say(&thing.what);
        self.place("  ", &line_of(&thing.location), &what);
    }

    fn title(&mut self, title: &str) {
        self.out.push('\n');
        for line in wrap(title, self.style.width, true) {
            self.out.push_str(&self.paint.bold(&line));
            self.out.push('\n');
        }
    }

    /// A place with a sentence about it, on one line where both fit. The place itself is never broken.
    fn place(&mut self, first: &str, place: &str, sentence: &str) {
        let indent = clean::cells(first);
        self.out.push_str(first);
        self.out.push_str(&self.paint.cyan(place));
        let used = indent + clean::cells(place);
        if used + 2 + clean::cells(sentence) <= self.style.width {
            self.out.push_str(&format!("  {sentence}\n"));
            return;
        }
        self.out.push('\n');
        // Further lines of a step stay behind the line that leads down.
        let rail = match first.trim() {
            "┌" | "├" => "  │   ".to_owned(),
            "+" => "  |   ".to_owned(),
            _ => " ".repeat(indent + 4),
        };
        for line in wrap(sentence, self.style.width.saturating_sub(clean::cells(&rail)).max(16), true) {
            self.out.push_str(&format!("{rail}{line}\n"));
        }
    }
}

fn line_of(location: &Location) -> String {
    format!("{}:{}", clean::shown(&location.path), location.line)
}

fn column_of(location: &Location) -> String {
    format!("{}:{}:{}", clean::shown(&location.path), location.line, location.column)
}

/// The beginning of a line that fits.
fn cut(text: &str, width: usize, unicode: bool) -> String {
    if clean::cells(text) <= width {
        return text.to_owned();
    }
    let end = if unicode { "…" } else { "..." };
    let mut used = clean::cells(end);
    let kept: String = text
        .chars()
        .take_while(|character| {
            used += clean::cells_of(*character);
            used <= width
        })
        .collect();
    format!("{}{end}", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::{Item, Text, Verdict};

    fn text(words: &str) -> Text {
        Text { en: words.to_owned(), ko: words.to_owned() }
    }

    fn place(path: &str, line: u32) -> Location {
        Location { path: path.to_owned(), line, column: 3, end_line: line, end_column: 9 }
    }

    fn account() -> Account {
        let step = |path: &str, guards: &[Item], is_asked| Step {
            location: place(path, 7),
            what: text("a stop"),
            guards: guards.to_vec(),
            is_asked,
            code: "answer = ask(question)".to_owned(),
        };
        Account {
            thing: Thing { location: place("a.py", 7), what: text("an LLM call") },
            chains: vec![Chain {
                title: text("POST /ask → call"),
                steps: vec![step("a.py", &[], false), step("b.py", &[Item::C1, Item::C2], true)],
            }],
            stands: vec![Stand {
                item: Item::C1,
                verdict: Verdict::Fail,
                because: vec![Evidence { location: place("a.py", 7), message: text("nothing limits it") }],
                searched: Some(text("everything")),
            }],
            ..Account::default()
        }
    }

    #[test]
    fn a_way_is_told_step_by_step() {
        let packs = Packs::load(None).expect("valid packs");
        let page = render(&Explained::Thing(Box::new(account())), &packs, &Style::default());
        let expected = "a.py:7  an LLM call\n\nPOST /ask → call\n  ┌ a.py:7  a stop\n  │     answer = ask(question)\n  \
                        └ b.py:7  a stop [C1, C2] ◄\n        answer = ask(question)\n\nWhat the items say here\n\
                        ✘ C1 rate-limit\n    a.py:7  nothing limits it\n    searched: everything\n";
        assert_eq!(page, expected);
    }

    #[test]
    fn nothing_hostile_leaves_and_lines_keep_their_width() {
        let packs = Packs::load(None).expect("valid packs");
        let mut account = account();
        let hostile = "x\u{1b}[31m\u{202e}\n::error file=a::b ##[group] ".repeat(20);
        for step in account.chains.iter_mut().flat_map(|chain| &mut chain.steps) {
            step.code = hostile.clone();
            step.location.path.push_str("\n::error::x");
        }
        account.texts_mut().for_each(|text| *text = Text { en: hostile.clone(), ko: hostile.clone() });
        let style = Style { unicode: false, ..Style::default() };
        let page = render(&Explained::Thing(Box::new(account)), &packs, &style);
        assert!(!page.contains(['\u{1b}', '\u{202e}']) && !page.contains("##["));
        assert!(page.lines().all(|line| !line.trim_start().starts_with("::")), "{page}");
        assert!(page.lines().all(|line| clean::cells(line) <= 80), "{page}");
    }
}
