//! Guards that a caller leaves out by what the request says: `fast ? null : await limiter.limit(ip)`. Who pays with a key
//! of their own may.

use crate::link::entries::injected_for;
use crate::link::flow::{Exit, Gate, Slice};
use crate::link::units::{Access, Binding, NodeId, NodeKind};
use crate::link::{FrameId, How, Site, Value};
use crate::model::{Entry, Expression, ExpressionKind, Literal, Parameter, StatementKind};
use crate::rules::catalogue::Kind;

use super::super::behaviour::is_of_request;
use super::super::inputs::words::{is_container, parses, reads_request, takes_part};
use super::Guards;

/// Expressions within expressions.
const DEPTH: usize = 24;
/// What is said in one test that is tried out.
const TRIED: usize = 40;
/// Who somebody is, which the application finds out itself.
const IDENTITIES: [&str; 8] = ["user", "session", "account", "member", "viewer", "auth", "ctx", "state"];

/// A part of a request: what it is taken from, and the way to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    root: Root,
    way: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Root {
    /// The parameter of a handler, by unit and place.
    Parameter(usize, usize),
    /// The request under a name of a library.
    Library(String),
}

impl Word {
    fn of(root: Root) -> Word {
        Word { root, way: Vec::new() }
    }

    fn with(mut self, part: impl Into<String>) -> Word {
        self.way.push(part.into());
        self
    }

    fn along(self, access: &[Access<'_>]) -> Option<Word> {
        access.iter().try_fold(self, |word, step| match step {
            Access::Key(key) => Some(word.with(*key)),
            _ => None,
        })
    }
}

/// What is known of a value when something is said.
#[derive(Clone, Copy, Debug)]
enum Known<'m> {
    Yes,
    No,
    Object(&'m [Entry], FrameId),
}

impl Known<'_> {
    fn holds(self) -> bool {
        !matches!(self, Known::No)
    }

    fn of(holds: bool) -> Self {
        if holds { Known::Yes } else { Known::No }
    }
}

impl<'p, 'm> Guards<'p, 'm> {
    /// Whether a caller passes a gate by what the request says, whatever the guard would answer: then the guard is not
    /// even asked. What it counts by does not let a caller pass, nor does a key with which the caller pays.
    pub(super) fn passes_at_a_word(&self, gate: &Gate<'m>, slice: &Slice<'m>) -> bool {
        if self.route.borrow().is_none() {
            return false;
        }
        let mut words: Vec<Word> = Vec::new();
        for (part, frame) in &slice.parts {
            let is_path = matches!(
                part.kind,
                ExpressionKind::Name(_)
                    | ExpressionKind::Member { .. }
                    | ExpressionKind::Index { .. }
                    | ExpressionKind::Call(_)
            );
            if is_path
                && words.len() < TRIED
                && let Some(word) = self.word_of_caller(part, *frame)
                && !words.contains(&word)
            {
                words.push(word);
            }
        }
        words.iter().any(|word| {
            let passes = |holds: bool| {
                self.known(gate.test, gate.frame, (word, holds), 0)
                    .is_some_and(|known| known.holds() != gate.refuses_when)
            };
            let passes = passes(true) || passes(false);
            self.depends_on_route.set(self.depends_on_route.get() || passes);
            passes && !self.is_counted_by(word, slice) && !self.is_paid_with(word, gate.frame)
        })
    }

    /// Whether what stands at a node is left out only for those who pay with a key of their own: `if (!ownKey) { .. }`.
    pub(super) fn is_for_all_but_payers(&self, test: &'m Expression, frame: FrameId, node: NodeId) -> bool {
        let holds = self.program.units.ancestors(node).find_map(|(_, each)| match each.kind {
            NodeKind::Then(of) if std::ptr::eq(of, test) => Some(true),
            NodeKind::Otherwise(of) if std::ptr::eq(of, test) => Some(false),
            NodeKind::Branch { test: of, holds } if std::ptr::eq(of, test) => Some(holds),
            _ => None,
        });
        let Some(holds) = holds else { return false };
        let mut by_request = parts_of(test).into_iter().filter(|part| self.by_request(part, frame)).peekable();
        by_request.peek().is_some()
            && by_request.all(|part| {
                self.word_of_caller(part, frame).is_some_and(|word| {
                    let left_out = self.known(test, frame, (&word, true), 0);
                    left_out.is_some_and(|known| known.holds() != holds) && self.is_paid_with(&word, frame)
                })
            })
    }

    /// The part of the request that an expression is, where it says what the caller likes.
    fn word_of_caller(&self, expression: &'m Expression, frame: FrameId) -> Option<Word> {
        let word = self.word(expression, frame, 0)?;
        let names_somebody = |part: &String| IDENTITIES.iter().any(|name| part.to_ascii_lowercase().contains(name));
        let is_sent = |part: &String| {
            let part = part.trim_end_matches("()");
            is_container(part) || reads_request(part) || part == "input"
        };
        let is_free = match &word.root {
            Root::Library(_) => word.way.len() > 1 && word.way.first().is_some_and(is_sent),
            Root::Parameter(unit, index) => {
                let info = &self.program.units.units[*unit];
                let parameter = info.function.and_then(|function| function.parameters.get(*index))?;
                let is_whole = self.is_whole_request(parameter, *unit);
                !is_whole || word.way.len() > 1 && word.way.first().is_some_and(is_sent)
            }
        };
        (is_free && !word.way.iter().any(names_somebody)).then_some(word)
    }

    /// Whether a parameter holds all that comes, also what the application has put there.
    fn is_whole_request(&self, parameter: &'m Parameter, unit: usize) -> bool {
        let is_request = |value: &Value<'m>| value.path().is_some_and(|path| is_of_request(self.program, path));
        !matches!(parameter.target.kind, ExpressionKind::Name(_))
            || parameter.annotation.is_none() && parameter.decorators.is_empty()
            || self.program.values(&parameter.target, self.program.open_frame(unit)).iter().any(is_request)
            || parameter.annotation.as_ref().is_some_and(|annotation| {
                self.program.annotation(annotation, self.program.open_frame(unit)).iter().any(is_request)
            })
    }

    fn word(&self, expression: &'m Expression, frame: FrameId, depth: usize) -> Option<Word> {
        if depth > DEPTH {
            return None;
        }
        let of = |inner: &'m Expression| self.word(inner, frame, depth + 1);
        match &expression.kind {
            ExpressionKind::Await(inner) => of(inner),
            ExpressionKind::Member { object, name } => Some(of(object)?.with(name)),
            ExpressionKind::Index { object, index } => match &index.kind {
                ExpressionKind::Literal(Literal::Text(key)) => Some(of(object)?.with(key)),
                _ => None,
            },
            ExpressionKind::Call(call) => match (&call.callee.kind, call.arguments.as_slice()) {
                (ExpressionKind::Member { object, name }, []) if reads_request(name) => {
                    Some(of(object)?.with(format!("{name}()")))
                }
                (ExpressionKind::Member { object, name }, [key, ..]) if takes_part(name) => match &key.value.kind {
                    ExpressionKind::Literal(Literal::Text(key)) => Some(of(object)?.with(key)),
                    _ => None,
                },
                (ExpressionKind::Member { name, .. }, [given]) if parses(name) => of(&given.value),
                (ExpressionKind::Name(name), [given]) if matches!(name.as_str(), "Boolean" | "bool") => {
                    of(&given.value)
                }
                _ => None,
            },
            ExpressionKind::Name(name) => self.word_behind(expression, name, frame, depth),
            _ => None,
        }
    }

    /// What a name is that is bound once.
    fn word_behind(&self, whole: &'m Expression, name: &str, frame: FrameId, depth: usize) -> Option<Word> {
        let program = self.program;
        let (home, binding) = self.only_binding(name, frame)?;
        match binding {
            Binding::Value { value, access, operator: None, .. } if !value.span.contains(whole.span) => {
                self.word(value, home, depth + 1)?.along(access)
            }
            Binding::Parameter { index, access } => {
                let here = program.frame(home);
                let function = program.units.units[here.unit].function?;
                match here.how {
                    How::Call(site) => {
                        let passed = program.passed_expression(function, *index, site)?;
                        self.word(passed, site.frame, depth + 1)?.along(access)
                    }
                    How::Framework => {
                        let parameter = function.parameters.get(*index)?;
                        let injected = injected_for(program, parameter, here.closure.unwrap_or(home));
                        injected.is_empty().then(|| Word::of(Root::Parameter(here.unit, *index)))?.along(access)
                    }
                    _ => None,
                }
            }
            Binding::Import(_) => program.values(whole, frame).iter().find_map(|value| {
                let path = value.path().filter(|path| is_of_request(program, path))?;
                Some(Word::of(Root::Library(path.to_owned())))
            }),
            _ => None,
        }
    }

    /// What a name is bound to where it is visible, with the frame of that, where it is bound once.
    fn only_binding(&self, name: &str, frame: FrameId) -> Option<(FrameId, &'p Binding<'m>)> {
        let mut at = frame;
        loop {
            let here = self.program.frame(at);
            match self.program.units.units[here.unit].names.get(name).map(Vec::as_slice) {
                Some([binding]) => return Some((at, binding)),
                Some(_) => return None,
                None => at = here.closure?,
            }
        }
    }

    /// What a value is when something of the request is said to be there, or not; none where that does not tell.
    fn known(&self, value: &'m Expression, frame: FrameId, said: (&Word, bool), depth: usize) -> Option<Known<'m>> {
        if depth > DEPTH {
            return None;
        }
        let known = |inner: &'m Expression| self.known(inner, frame, said, depth + 1);
        if self.word(value, frame, 0).as_ref() == Some(said.0) {
            return Some(Known::of(said.1));
        }
        match &value.kind {
            ExpressionKind::Literal(literal) => Some(Known::of(!is_nothing(literal))),
            ExpressionKind::Await(inner) => known(inner),
            ExpressionKind::Object(entries) => Some(Known::Object(entries, frame)),
            ExpressionKind::Conditional { test, then, otherwise } => {
                if known(test)?.holds() {
                    known(then)
                } else {
                    known(otherwise)
                }
            }
            ExpressionKind::Operator { operator, operands } => {
                self.known_operator(operator, operands, frame, said, depth)
            }
            ExpressionKind::Member { object, name } => self.known_part(known(object)?, name, said, depth),
            ExpressionKind::Name(name) => self.known_behind(value, name, frame, said, depth),
            ExpressionKind::Call(call) => {
                let site = Site { call: self.program.units.call_id(call)?, frame };
                let frames = self.program.runs(site);
                match frames
                    .iter()
                    .filter(|inner| self.program.frame(**inner).how == How::Call(site))
                    .collect::<Vec<_>>()[..]
                {
                    [inner] => self.known_result(*inner, said, depth),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    fn known_operator(
        &self,
        operator: &str,
        operands: &'m [Expression],
        frame: FrameId,
        said: (&Word, bool),
        depth: usize,
    ) -> Option<Known<'m>> {
        let known = |inner: &'m Expression| self.known(inner, frame, said, depth + 1);
        match (operator, operands) {
            ("not", [inner]) => known(inner).map(|known| Known::of(!known.holds())),
            ("and" | "or", parts) => {
                let decides = operator == "or";
                let mut is_open = false;
                let mut last = None;
                for part in parts {
                    match known(part) {
                        Some(known) if known.holds() == decides => {
                            return Some(if is_open { Known::of(decides) } else { known });
                        }
                        Some(known) => last = Some(known),
                        None => is_open = true,
                    }
                }
                last.filter(|_| !is_open)
            }
            ("==" | "is" | "!=" | "is not", [told, Expression { kind: ExpressionKind::Literal(wanted), .. }]) => {
                let is_equal = match (known(told)?, wanted) {
                    (Known::No, Literal::Boolean(true)) | (Known::Yes | Known::Object(..), Literal::Null) => false,
                    (Known::No, Literal::Null | Literal::Boolean(false)) => true,
                    (Known::Yes, Literal::Boolean(wanted)) => *wanted,
                    _ => return None,
                };
                Some(Known::of(is_equal == matches!(operator, "==" | "is")))
            }
            _ => None,
        }
    }

    /// A part of what is known; of nothing there is none (`verdict?.success`).
    fn known_part(&self, whole: Known<'m>, name: &str, said: (&Word, bool), depth: usize) -> Option<Known<'m>> {
        match whole {
            Known::Yes => None,
            Known::No => Some(Known::No),
            Known::Object(entries, frame) => {
                let entry = entries.iter().find(|entry| entry.key.as_deref() == Some(name))?;
                self.known(&entry.value, frame, said, depth + 1)
            }
        }
    }

    fn known_behind(
        &self,
        whole: &'m Expression,
        name: &str,
        frame: FrameId,
        said: (&Word, bool),
        depth: usize,
    ) -> Option<Known<'m>> {
        let program = self.program;
        let (home, binding) = self.only_binding(name, frame)?;
        let (found, access) = match binding {
            Binding::Value { value, access, operator: None, .. } if !value.span.contains(whole.span) => {
                (self.known(value, home, said, depth + 1)?, access)
            }
            Binding::Parameter { index, access } => {
                let here = program.frame(home);
                let (How::Call(site), Some(function)) = (here.how, program.units.units[here.unit].function) else {
                    return None;
                };
                let passed = program.passed_expression(function, *index, site)?;
                (self.known(passed, site.frame, said, depth + 1)?, access)
            }
            _ => return None,
        };
        access.iter().try_fold(found, |found, step| match step {
            Access::Key(key) => self.known_part(found, key, said, depth),
            _ => None,
        })
    }

    /// What a function of the program returns, where what is said decides it before anything else.
    fn known_result(&self, frame: FrameId, said: (&Word, bool), depth: usize) -> Option<Known<'m>> {
        for gate in self.program.exits(self.program.unit_of_frame(frame), frame) {
            if gate.under.is_some() {
                return None;
            }
            if self.known(gate.test, frame, said, depth + 1)?.holds() != gate.refuses_when {
                continue;
            }
            let returned = gate.refusal.filter(|_| gate.exit == Exit::Return)?.last()?;
            return match &returned.kind {
                StatementKind::Return(Some(value)) => self.known(value, frame, said, depth + 1),
                StatementKind::Return(None) => Some(Known::No),
                _ => None,
            };
        }
        match self.program.units.units[self.program.unit_of_frame(frame)].returns.as_slice() {
            [value] => self.known(value, frame, said, depth + 1),
            _ => None,
        }
    }

    /// Whether a guard counts by a part of the request: without it there is nothing to count.
    fn is_counted_by(&self, word: &Word, slice: &Slice<'m>) -> bool {
        let is_it = |part: &'m Expression, frame: FrameId| self.word(part, frame, 0).as_ref() == Some(word);
        let by_key = slice
            .parts
            .iter()
            .any(|(part, frame)| matches!(&part.kind, ExpressionKind::Index { index, .. } if is_it(index, *frame)));
        by_key
            || slice.sites.iter().any(|site| {
                let arguments = &self.program.units.calls[site.call].call.arguments;
                self.program.runs(*site).is_empty()
                    && arguments.iter().any(|argument| {
                        let given = self.program.slice(&argument.value, site.frame);
                        given.parts.iter().any(|(part, frame)| is_it(part, *frame))
                    })
            })
    }

    /// Whether a part of the request becomes the key with which the client of a library asks.
    fn is_paid_with(&self, word: &Word, frame: FrameId) -> bool {
        let program = self.program;
        let mut root = frame;
        while let How::Call(site) = program.frame(root).how {
            root = site.frame;
        }
        let reach = self.reach(root);
        let is_it = |key: &'m Expression, frame: FrameId| {
            let slice = program.slice(key, frame);
            slice.parts.iter().any(|(part, frame)| self.word(part, *frame, 0).as_ref() == Some(word))
        };
        let asks = |site: &Site| {
            let paths = program.callee_paths(*site);
            paths.iter().any(|path| [Kind::Client, Kind::Call, Kind::Http].iter().any(|kind| program.is_a(path, *kind)))
        };
        let by_argument = reach.sites(program).filter(asks).any(|site| {
            program.units.calls[site.call].call.arguments.iter().any(|argument| {
                let mut keys = Vec::new();
                match &argument.name {
                    Some(name) if is_key_name(name) => keys.push(&argument.value),
                    _ => keys_within(&argument.value, &mut keys, 0),
                }
                keys.into_iter().any(|key| is_it(key, site.frame))
            })
        });
        by_argument
            || reach.frames.iter().any(|frame| {
                let unit = &program.units.units[program.unit_of_frame(*frame)];
                unit.nodes.iter().filter_map(|node| program.units.nodes[*node].kind.assignment()).any(|assignment| {
                    matches!(&assignment.target.kind, ExpressionKind::Member { name, .. } if is_key_name(name))
                        && assignment.value.as_ref().is_some_and(|value| is_it(value, *frame))
                })
            })
    }
}

/// The parts of a test that are asked one by one, without their negations.
fn parts_of(test: &Expression) -> Vec<&Expression> {
    match &test.kind {
        ExpressionKind::Operator { operator, operands } if matches!(operator.as_str(), "and" | "or" | "not") => {
            operands.iter().flat_map(parts_of).collect()
        }
        _ => vec![test],
    }
}

fn is_nothing(literal: &Literal) -> bool {
    match literal {
        Literal::Null | Literal::Boolean(false) => true,
        Literal::Text(text) => text.is_empty(),
        Literal::Number(number) => *number == 0.0,
        _ => false,
    }
}

/// Whether a name is that of the key with which a client asks: `apiKey`, `api_key`, `Authorization`, `x-api-key`.
fn is_key_name(name: &str) -> bool {
    let name: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    name.ends_with("apikey") || name.ends_with("accesstoken") || matches!(name.as_str(), "authorization" | "authtoken")
}

/// The keys in options, also in the headers there.
fn keys_within<'e>(options: &'e Expression, keys: &mut Vec<&'e Expression>, depth: usize) {
    let ExpressionKind::Object(entries) = &options.kind else { return };
    if depth > 2 {
        return;
    }
    for entry in entries {
        match &entry.key {
            Some(key) if is_key_name(key) => keys.push(&entry.value),
            _ => keys_within(&entry.value, keys, depth + 1),
        }
    }
}
