//! Values without a form of their own: given to a credential's name, and looking like a credential.

use crate::{
    collect::Class,
    rules::secrets::{DecidedBy, Shape},
};

use super::{Hit, LONGEST_LINE, MOST_HITS, Scan, names, names::NameKind, proof, traps};

/// The shortest value of a key that counts, in characters; passwords may be shorter.
const SHORTEST_KEY: usize = 16;

/// The shortest value that counts under a name that says no more than that it is somebody's key.
const LONG_KEY: usize = 32;

/// The shortest body of a key behind a vendor's prefix that has none of the known forms.
const LONG_BODY: usize = 40;

/// The longest value that is read, in bytes.
const LONGEST_VALUE: usize = 600;

/// How a value stands after its name.
struct Syntax {
    /// Where the value may begin.
    at: usize,
    /// A name in the text of a string (`"X-Api-Key: value"`, `?api_key=value`): the value has no quotes of its own.
    inside_text: bool,
}

impl Scan<'_> {
    /// Looks at every identifier around the places where a word of credentials' names stands.
    pub(super) fn look_at_names(&mut self, places: &[usize]) {
        if matches!(self.class, Class::Test | Class::Vendored) {
            return;
        }
        let mut done = 0;
        let mut line = (0, 0);
        for at in places {
            if self.hits.len() >= MOST_HITS {
                return;
            }
            if *at >= line.1 {
                line = self.line_around(*at);
                if line.1 - line.0 >= LONGEST_LINE {
                    // Of a long line nothing counts; go on behind the part that was seen.
                    done = line.1;
                    continue;
                }
                self.look_for_own_keys(line.0, line.1);
                self.look_for_recovery_codes(*at, line.1);
            }
            if *at >= done {
                let (start, end) = self.identifier_around(*at);
                done = end;
                self.look_at_name(start, end, line.0);
            }
        }
    }

    fn look_at_name(&mut self, start: usize, end: usize, line_start: usize) {
        let Some(syntax) = self.after_name(start, end) else { return };
        let Some((value_start, value_end)) = self.value_at(&syntax) else { return };
        if value_end - value_start < 8 || self.is_settled(value_start, value_end) {
            return;
        }
        let value = self.slice(value_start, value_end);
        let lists = &self.shapes.lists;
        if !value.bytes().all(|byte| byte.is_ascii_graphic()) {
            return;
        }
        // What is drawn from signs may hold those of a call or a template by chance.
        if traps::is_reference(value, lists) && !(traps::looks_drawn(value, lists) && self.has_named_form(value)) {
            return;
        }
        let prose = if self.is_code { None } else { self.words_before(start) };
        let name = match prose {
            Some(prose) => without_command(self.slice(prose, end)).to_owned(),
            None => self.slice(start, end).trim_start_matches(['-', '.', '$']).to_owned(),
        };
        let words = names::words(&name);
        if self.shows_an_example(line_start, value_start) {
            return;
        }
        if let Some(shape) = self.named_shape(&words, value) {
            self.push(value_start, value_end, &name, Some(shape.id.clone()), shape.provider.clone());
            return;
        }
        if self.is_data && self.is_parameter(start, line_start) {
            return;
        }
        let is_vendors = || self.is_environment && names::is_vendors_key(&words, lists);
        let known = names::kind(&words, lists);
        let Some(kind) = known.or_else(|| (is_vendors() && value.len() >= LONG_KEY).then_some(NameKind::Key)) else {
            return;
        };
        if self.names_count() && self.looks_like_credential(value, kind) {
            self.push(value_start, value_end, &name, None, String::new());
        }
    }

    fn push(&mut self, start: usize, end: usize, name: &str, shape: Option<String>, provider: String) {
        let variant = if shape.is_some() { "shape" } else { "generic" };
        self.hits.push(Hit {
            variant: variant.to_owned(),
            shape,
            provider,
            name: name.rsplit('.').next().unwrap_or(name).to_owned(),
            ..self.value_hit(start, end, 0)
        });
    }

    /// Whether a value is written as one of the shapes that go by the name.
    fn has_named_form(&self, value: &str) -> bool {
        let mut shapes = self.shapes.shapes.iter().filter(|shape| shape.decided_by == DecidedBy::Name);
        shapes.any(|shape| shape.forms.iter().any(|form| form.matches(value.as_bytes(), 0) == Some(value.len())))
    }

    /// The shape that has no form of its own but belongs to this name.
    fn named_shape(&self, words: &str, value: &str) -> Option<&Shape> {
        let lists = &self.shapes.lists;
        let plain = words.replace('_', "");
        let is_credential = names::kind(words, lists).is_some();
        let shape = self.shapes.shapes.iter().filter(|shape| shape.decided_by == DecidedBy::Name).find(|shape| {
            let named = shape.names.iter().any(|name| words.contains(name.as_str()) || plain.contains(name.as_str()));
            named && shape.forms.iter().any(|form| form.matches(value.as_bytes(), 0) == Some(value.len()))
        })?;
        // A UUID is a key only under a vendor's name; other values must look like chance, too.
        let random = traps::is_uuid(value) && !traps::is_regular(value) && !traps::has_placeholder(value, lists)
            || traps::looks_generated(value, 10, lists)
            || traps::looks_shuffled(value) && !traps::has_placeholder(value, lists)
            || value.contains('.') && traps::entropy(value.as_bytes()) > 4.0
            || traps::looks_drawn(value, lists);
        (is_credential && random).then_some(shape)
    }

    /// Whether a value under a credential's name looks like one.
    fn looks_like_credential(&self, value: &str, kind: NameKind) -> bool {
        let lists = &self.shapes.lists;
        if lists.identifier_prefixes.iter().any(|prefix| value.starts_with(prefix.as_str()))
            || traps::is_uuid(value)
            || self.begins_like_a_shape(value) && !self.is_long_behind_prefix(value)
            || is_path_or_address(value)
        {
            return false;
        }
        if value.starts_with("eyJ") && value.matches('.').count() == 2 {
            return proof::claims(value).is_some() && !traps::has_placeholder(value, lists);
        }
        // `Basic c2hvcDpzZWNyZXQ=` is a name and a password.
        if let Some(password) = proof::password_of_pair(value) {
            return traps::looks_generated(&password, SHORTEST_KEY, lists)
                || traps::looks_like_password(&password, lists);
        }
        let body = own_prefix(value).map_or(value, |length| value.get(length..).unwrap_or(value));
        traps::looks_generated(body, SHORTEST_KEY, lists) && !traps::has_placeholder(value, lists)
            || kind == NameKind::Password && traps::looks_like_password(value, lists)
    }

    /// Whether behind a vendor's prefix stands as much chance as keys have that are not cut: vendors change their forms.
    fn is_long_behind_prefix(&self, value: &str) -> bool {
        let forms = self
            .shapes
            .shapes
            .iter()
            .filter(|shape| shape.decided_by == DecidedBy::Shape)
            .flat_map(|shape| &shape.forms);
        let longest = forms.map(|form| form.prefix()).filter(|prefix| value.starts_with(prefix)).map(str::len).max();
        let lists = &self.shapes.lists;
        longest
            .and_then(|length| value.get(length..))
            .is_some_and(|body| traps::looks_generated(body, LONG_BODY, lists))
    }

    /// A vendor's unmistakable prefix on something that is not its form: cut, invented, or public.
    fn begins_like_a_shape(&self, value: &str) -> bool {
        self.shapes
            .shapes
            .iter()
            .filter(|shape| shape.decided_by == DecidedBy::Shape)
            .any(|shape| shape.forms.iter().any(|form| form.prefix().len() >= 4 && value.starts_with(form.prefix())))
    }

    /// Keys that an application issues itself, `admin_<64 hex>`, on a line that speaks of a key.
    fn look_for_own_keys(&mut self, start: usize, end: usize) {
        let mut at = start;
        while at < end {
            let Some(found) = self.bytes.get(at..end).and_then(|rest| rest.iter().position(|byte| *byte == b'_'))
            else {
                return;
            };
            let mark = at + found;
            at = mark + 1;
            let digits = self.bytes.get(at..end).unwrap_or_default();
            let length = digits.iter().take_while(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte)).count();
            if !(32..=128).contains(&length)
                || digits.get(length).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
            {
                continue;
            }
            let before = self.bytes.get(start..mark).unwrap_or_default();
            let letters = before.iter().rev().take_while(|byte| byte.is_ascii_lowercase() || **byte == b'_').count();
            let value_start = mark - letters;
            let value_end = at + length;
            at = value_end;
            let prefix = self.slice(value_start, mark);
            let lists = &self.shapes.lists;
            let is_known = prefix.split('_').any(|word| lists.not_key_prefixes.iter().any(|not| not == word));
            let body = self.slice(mark + 1, value_end);
            if (2..=24).contains(&letters)
                && !is_known
                && self.begins(value_start)
                && !self.is_settled(value_start, value_end)
                && !self.begins_like_a_shape(self.slice(value_start, value_end))
                && traps::looks_generated(body, 24, lists)
            {
                let mut name = self.name_before(value_start);
                let words = names::words(&name);
                if ["id", "hash", "ref", "sha"].iter().any(|tail| names::ends_in(&words, tail)) {
                    continue;
                }
                if name.is_empty() {
                    name = prefix.to_owned();
                }
                self.push(value_start, value_end, &name, None, String::new());
            }
        }
    }

    /// `Recovery codes:` and the lines below: one hit for the list.
    fn look_for_recovery_codes(&mut self, at: usize, line_end: usize) {
        let heading = self.slice(at.saturating_sub(10), (at + 4).min(line_end)).to_ascii_lowercase();
        let named = ["recovery code", "backup code", "recovery_code", "backup_code", "recovery-code", "backup-code"];
        if !named.iter().any(|name| heading.contains(name)) {
            return;
        }
        let rest = self.slice(line_end, (line_end + 1200).min(self.bytes.len()));
        let mut codes = Vec::new();
        for line in rest.lines().skip(1).take(20) {
            let piece = line.trim_matches(|c: char| !c.is_ascii_alphanumeric());
            let is_code = |piece: &str| {
                let mut halves = piece.split('-');
                let fits = |half: &str| {
                    (4..=12).contains(&half.len()) && half.bytes().all(|byte| byte.is_ascii_alphanumeric())
                };
                let all = halves.by_ref().all(fits);
                all && (piece.contains('-') || piece.len() >= 8)
                    && piece.bytes().filter(u8::is_ascii_digit).count() >= 2
                    && !traps::is_regular(piece)
                    && !traps::is_wordy(piece)
            };
            if !piece.is_empty() && piece.split_ascii_whitespace().all(is_code) {
                codes.push(piece);
            } else if !line.trim().is_empty() && !line.trim_start().starts_with("```") {
                break;
            }
        }
        let count: usize = codes.iter().map(|piece| piece.split_ascii_whitespace().count()).sum();
        let (Some(first), true) = (codes.first(), count >= 4) else { return };
        let offset = rest.find(first).unwrap_or(0);
        let first_length = first.split_ascii_whitespace().next().map_or(0, str::len);
        let start = line_end + offset;
        if self.names_count() || self.class == Class::Docs {
            self.push(start, start + first_length, "recovery codes", None, String::new());
        }
    }

    /// Whether the line shows how to write a value instead of giving one.
    fn shows_an_example(&self, line_start: usize, value_start: usize) -> bool {
        let before = self.slice(line_start, value_start).to_ascii_lowercase();
        self.shapes.lists.example_words.iter().any(|word| before.contains(word.as_str()))
    }

    /// Whether a name is that of a parameter of an address: `https://site/page?token=`.
    fn is_parameter(&self, start: usize, line_start: usize) -> bool {
        let before = self.slice(line_start, start);
        let address = before.rsplit(|byte: char| byte.is_whitespace() || "\"'<>".contains(byte)).next();
        self.before(start).is_some_and(|byte| b"?&;".contains(&byte))
            && address.is_some_and(|text| text.contains("://"))
    }

    /// `key` in prose says little: the words before it belong to the name (`Admin API key`).
    fn words_before(&self, start: usize) -> Option<usize> {
        let mut at = start;
        for _ in 0..2 {
            if self.before(at) != Some(b' ') {
                break;
            }
            let before = self.bytes.get(at.saturating_sub(40)..at - 1).unwrap_or_default();
            let length = before.iter().rev().take_while(|byte| byte.is_ascii_alphanumeric()).count();
            if length == 0 {
                break;
            }
            at = at - 1 - length;
        }
        (at < start).then_some(at)
    }

    /// Where the value stands of a name that is itself the value of a key: `name: X` and `value: y` on the next line,
    /// `<key>X</key><string>y</string>`.
    fn paired_value(&self, start: usize, end: usize) -> Option<usize> {
        let before = self.slice(self.floor(start.saturating_sub(12)), start).trim_end_matches(['"', '\'', ' ']);
        let after = self.slice(end, self.floor((end + 80).min(self.bytes.len())));
        let rest = after.trim_start_matches(['"', '\'']);
        let value = if before.ends_with("<key>") {
            rest.strip_prefix("</key>")?.trim_start().strip_prefix("<string>")?
        } else if ["name:", "key:", "name\":", "key\":"].iter().any(|key| before.to_ascii_lowercase().ends_with(key)) {
            let rest = rest.trim_start_matches([',', ' ', '\t', '\r', '\n']).trim_start_matches(['"', '\'']);
            let rest = rest.strip_prefix("value").or_else(|| rest.strip_prefix("Value"))?;
            rest.trim_start_matches(['"', '\'']).strip_prefix(':')?.trim_start_matches([' ', '\t'])
        } else {
            return None;
        };
        Some(end + after.len() - value.len())
    }

    /// Reads what stands between a name and its value.
    fn after_name(&self, start: usize, end: usize) -> Option<Syntax> {
        if let Some(at) = self.paired_value(start, end) {
            return Some(Syntax { at, inside_text: false });
        }
        let quote_before = self.before(start).is_some_and(|byte| b"\"'`".contains(&byte));
        let separator_before = self.before(start).is_some_and(|byte| b"?&;".contains(&byte));
        let mut at = end;
        let mut closed = false;
        for _ in 0..6 {
            match self.byte(at)? {
                b'"' | b'\'' | b'`' => closed = true,
                b'\\' | b']' | b')' | b'*' | b'?' | b'!' => {}
                _ => break,
            }
            at += 1;
        }
        let blanks = self.skip_blanks(at);
        let had_blank = blanks > at;
        at = blanks;
        let rest = self.bytes.get(at..(at + 64).min(self.bytes.len()))?;
        let fallback = rest.starts_with(b".unwrap_or");
        let attribute = ["value=\"", "value='", "value: "].into_iter().find(|head| rest.starts_with(head.as_bytes()));
        let length = if fallback {
            rest.iter().position(|byte| *byte == b'"')?
        } else if let Some(head) = attribute.filter(|_| closed && had_blank) {
            head.len() - 1
        } else if let Some(head) = ["===", ":=", "=>", "==", "||", "??", "=", ":", "|", ">", "or "]
            .iter()
            .find(|head| rest.starts_with(head.as_bytes()))
        {
            head.len()
        } else if rest.starts_with(b",") && closed {
            1
        } else if had_blank && (self.slice(start, end).starts_with("--") || self.is_instruction(start)) {
            0
        } else {
            return None;
        };
        at = self.skip_blanks(at + length);
        let inside_text = (quote_before && !closed) || separator_before;
        if self.is_code && !inside_text {
            at = self.skip_type(at);
        }
        at = self.skip_wrapper(at);
        Some(Syntax { at, inside_text })
    }

    /// `ENV NAME value` of a container's recipe.
    fn is_instruction(&self, start: usize) -> bool {
        self.text.get(..start).is_some_and(|before| before.ends_with("ENV ") || before.ends_with("ARG "))
    }

    fn skip_blanks(&self, mut at: usize) -> usize {
        while self.byte(at).is_some_and(|byte| byte == b' ' || byte == b'\t') {
            at += 1;
        }
        at
    }

    /// `str =`, `Option<String> =` after the colon of a declaration.
    fn skip_type(&self, at: usize) -> usize {
        let rest = self.bytes.get(at..(at + 48).min(self.bytes.len())).unwrap_or_default();
        let is_type = |byte: &u8| byte.is_ascii_alphanumeric() || b"_<>[]|&'. ".contains(byte);
        let length = rest.iter().take_while(|byte| is_type(byte)).count();
        let is_quote = |offset: usize| rest.get(offset).is_some_and(|byte| b"\"'`".contains(byte));
        if length == 0 || is_quote(0) || rest.get(length) != Some(&b'=') || rest.get(length + 1) == Some(&b'=') {
            return at;
        }
        self.skip_blanks(at + length + 1)
    }

    /// What wraps a literal: `[`, `SecretStr(`, `String::from(`, Python's `f`, `b`, `r`.
    fn skip_wrapper(&self, at: usize) -> usize {
        let rest = self.bytes.get(at..(at + 48).min(self.bytes.len())).unwrap_or_default();
        if let Some(behind) = self.skip_chain(at) {
            return behind;
        }
        let name = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"_.: ".contains(byte)).count();
        let brackets = rest.iter().skip(name).take_while(|byte| b"([{ ".contains(byte)).count();
        let quoted = rest.get(name + brackets).is_some_and(|byte| b"\"'`\\".contains(byte));
        if quoted && (brackets > 0 || name <= 2) { at + name + brackets } else { at }
    }

    /// The value that a schema has of its own: `z.string().min(32).default("...")`.
    fn skip_chain(&self, at: usize) -> Option<usize> {
        const OWN: &[u8] = b".default(";
        let rest = self.bytes.get(at..(at + 120).min(self.bytes.len()))?;
        let found = rest.windows(OWN.len()).position(|window| window == OWN)?;
        let is_chain = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.()".contains(byte);
        let behind = at + found + OWN.len();
        let is_quoted = self.byte(behind).is_some_and(|byte| b"\"'`".contains(&byte));
        (found > 0 && is_quoted && rest.get(..found)?.iter().all(is_chain)).then_some(behind)
    }

    /// The value that begins at a place, without its quotes.
    fn value_at(&self, syntax: &Syntax) -> Option<(usize, usize)> {
        let mut start = syntax.at;
        let mut escaped = false;
        let mut quote = None;
        match self.byte(start)? {
            byte @ (b'"' | b'\'' | b'`') => {
                quote = Some(byte);
                start += 1;
            }
            b'\\' if self.byte(start + 1).is_some_and(|byte| b"\"'`".contains(&byte)) => {
                quote = self.byte(start + 1);
                escaped = true;
                start += 2;
            }
            b'*' => start += self.bytes.get(start..)?.iter().take(3).take_while(|byte| **byte == b'*').count(),
            _ => {}
        }
        if quote.is_none() && self.is_code && !syntax.inside_text {
            return None;
        }
        if quote.is_some() && !escaped && self.byte(start) == quote {
            return None;
        }
        let rest = self.bytes.get(start..(start + LONGEST_VALUE).min(self.bytes.len()))?;
        for head in ["Bearer ", "bearer ", "Basic ", "Token ", "token ", "KakaoAK ", "Bot "] {
            if rest.starts_with(head.as_bytes()) {
                return self.value_at(&Syntax { at: start + head.len(), inside_text: true });
            }
        }
        let ends = |byte: u8| match quote {
            Some(quote) => byte == quote || byte == b'\n' || (escaped && byte == b'\\'),
            // What reads environment files takes the rest of the line.
            None if self.is_environment && !syntax.inside_text => byte.is_ascii_whitespace() || b"\"'`".contains(&byte),
            None => byte.is_ascii_whitespace() || b"\"'`,;<>|&\\)}]".contains(&byte),
        };
        let length = rest.iter().position(|byte| ends(*byte)).unwrap_or(rest.len());
        if length == LONGEST_VALUE || quote.is_some() && rest.get(length) == Some(&b'\n') {
            return None;
        }
        Some((start, start + length))
    }
}

/// `API_KEY` of `export API_KEY`, `ENV API_KEY`.
fn without_command(name: &str) -> &str {
    let rest = name.rsplit_once(' ').filter(|(before, _)| {
        let command = before.rsplit(' ').next().unwrap_or_default();
        matches!(command, "export" | "ENV" | "ARG" | "set" | "setx" | "env" | "declare" | "local")
    });
    rest.map_or(name, |(_, name)| name)
}

/// The length of a prefix such as `admin_` or `live-`, words that tell what a key is for.
fn own_prefix(value: &str) -> Option<usize> {
    let at = value.rfind(['_', '-'])?;
    let prefix = value.get(..at)?;
    let is_words =
        prefix.len() <= 24 && prefix.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_' || byte == b'-');
    (is_words && value.len() - at > SHORTEST_KEY).then_some(at + 1)
}

/// `a/b/c`, `name.ext`, `object.member`: text that leads somewhere.
fn is_path_or_address(value: &str) -> bool {
    let slashes = value.matches('/').count();
    let dots = value.split('.').collect::<Vec<_>>();
    let is_member = dots.len() >= 2
        && dots.iter().all(|part| {
            !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
        })
        && dots.iter().all(|part| part.len() <= 20);
    (slashes >= 2 && traps::is_wordy(value)) || is_member || value.contains('@') && value.contains('.')
}
