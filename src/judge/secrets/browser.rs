//! Secrets that browsers get to see: public names, switches that run a server's client there, inlined settings.

use crate::{collect::Class, source::Span};

use super::{Hit, Rule, Scan, names, traps};

/// How far around a switch its key is looked for, in bytes.
const NEAR: usize = 600;

impl Scan<'_> {
    /// Looks at a name that begins with a prefix whose variables a bundler copies into what browsers get.
    pub(super) fn look_for_browser_name(&mut self, start: usize, prefix_end: usize) {
        if !self.is_code || self.class == Class::Test || self.class == Class::Vendored {
            return;
        }
        if self.before(start).is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            return;
        }
        let rest = self.bytes.get(prefix_end..(prefix_end + 80).min(self.bytes.len())).unwrap_or_default();
        let length = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
        let end = prefix_end + length;
        let Some(certain) = self.secret_behind(self.slice(prefix_end, end)) else { return };
        if !self.is_read(start, end) || !certain && !self.is_sent_as_key(start) {
            return;
        }
        let name = self.slice(start, end).to_owned();
        if self.hits.iter().any(|hit| hit.variant == "public-name" && hit.name == name) {
            return;
        }
        self.push_name("public-name", start, end, &name, certain);
    }

    /// Whether the rest of a public name names a secret, and then whether that is certain.
    fn secret_behind(&self, rest: &str) -> Option<bool> {
        let lists = &self.shapes.lists;
        let rest = rest.to_ascii_uppercase();
        let holds = |list: &[String]| list.iter().any(|word| names::holds(&rest, word));
        if holds(&lists.browser_public) {
            return None;
        }
        let ends = |tail: &String| names::ends_in(&rest, tail);
        let is_certain = lists.browser_secrets.iter().any(ends)
            || lists.browser_keys.iter().any(|key| {
                let vendor = rest.strip_suffix(key.as_str()).and_then(|rest| rest.strip_suffix('_'));
                vendor.is_some_and(|vendor| lists.browser_vendors.iter().any(|known| names::holds(vendor, known)))
            });
        let is_likely = || lists.browser_likely.iter().any(ends) && !holds(&lists.browser_widgets);
        if is_certain { Some(true) } else { is_likely().then_some(false) }
    }

    /// Whether a value goes into a header that lets its sender in: keys that are meant for browsers are given to a
    /// library or stand in an address.
    fn is_sent_as_key(&self, at: usize) -> bool {
        let (start, end) = self.line_around(at);
        let line = self.slice(start, end).to_ascii_lowercase();
        ["bearer ", "authorization", "x-api-key", "api-key\""].iter().any(|word| line.contains(word))
    }

    /// Whether a name is read or declared here, rather than spoken of in a comment or a message.
    fn is_read(&self, start: usize, end: usize) -> bool {
        let (line_start, line_end) = self.line_around(start);
        let before = self.slice(line_start, start);
        let trimmed = before.trim_start();
        if trimmed.starts_with(['#', '*']) || trimmed.starts_with("/*") || before.replace("://", "").contains("//") {
            return false;
        }
        let after = self.slice(end, line_end);
        let after_quote = after.trim_start_matches(['"', '\'', '`']);
        let is_access = before.ends_with("env.") || before.ends_with("env?.");
        let is_index =
            (before.ends_with("[\"") || before.ends_with("['") || before.ends_with("(\"") || before.ends_with("('"))
                && after_quote.len() < after.len();
        let is_binding = matches!(after_quote.trim_start().chars().next(), Some(':' | '=' | ',' | '}'))
            && before.trim_end_matches(['"', '\'']).ends_with([' ', '{', ',', '\t']) | before.is_empty();
        is_access || is_index || is_binding && self.path.rsplit('.').next() != Some("json")
    }

    /// Looks at a switch that lets a server's client run in a browser: it leaks where the key is the application's own.
    pub(super) fn look_for_browser_flag(&mut self, start: usize, end: usize) {
        if !self.is_code || matches!(self.class, Class::Test | Class::Vendored | Class::Docs) {
            return;
        }
        let after: String = self.slice(end, (end + 16).min(self.bytes.len())).split_whitespace().collect();
        let after = after.trim_start_matches(['"', '\'']);
        let is_on = [":true", ":\"true", ":'true", "=true", "={true", ",\"true", ",'true"]
            .iter()
            .any(|on| after.starts_with(on));
        let (line_start, _) = self.line_around(start);
        let before = self.slice(line_start, start).trim_start();
        if !is_on || before.starts_with(['*', '#']) || before.starts_with("//") || !self.key_is_own(start) {
            return;
        }
        let name = self.slice(start, end).to_owned();
        self.push_name("browser-flag", start, end, &name, false);
    }

    /// Whether the key beside a switch comes from the application: a literal, an environment variable, or none at all
    /// (the client then reads its variable). A key that the visitor types is the visitor's.
    fn key_is_own(&self, at: usize) -> bool {
        let from = self.floor(at.saturating_sub(NEAR));
        let to = self.floor((at + NEAR).min(self.bytes.len()));
        let around = self.slice(from, to);
        let local = at - from;
        let keys = &self.shapes.lists.browser_flag_keys;
        let nearest = keys
            .iter()
            .flat_map(|key| around.match_indices(key.as_str()).map(|(offset, found)| (offset, offset + found.len())))
            .filter(|(_, end)| {
                let rest = around.get(*end..).unwrap_or_default().trim_start_matches(['"', '\'', '!']).trim_start();
                rest.starts_with([':', ',', '}', '=']) || rest.is_empty()
            })
            .min_by_key(|(offset, _)| offset.abs_diff(local));
        let Some((key_start, key_end)) = nearest else { return true };
        let rest = around.get(key_end..).unwrap_or_default().trim_start_matches(['"', '\'', '!']).trim_start();
        let value = match rest.strip_prefix([':', '=']) {
            Some(value) => value.trim_start(),
            // Shorthand: the key is called like its variable.
            None => around.get(key_start..).unwrap_or_default(),
        };
        let value: String = value.chars().take_while(|c| !",\n}".contains(*c)).collect();
        self.is_own_value(&value)
    }

    fn is_own_value(&self, value: &str) -> bool {
        let value = value.trim();
        if value.contains("env.") || value.contains("env[") {
            return true;
        }
        if let Some(text) = value.strip_prefix(['"', '\'', '`']) {
            let text = text.trim_end_matches(['"', '\'', '`']);
            return text.len() >= 16 && !text.contains("${") && !traps::has_placeholder(text, &self.shapes.lists);
        }
        // A variable: own if this file fills it from the environment.
        let name: String = value.chars().take_while(|c| c.is_ascii_alphanumeric() || "_$".contains(*c)).collect();
        !name.is_empty()
            && self.text.match_indices(name.as_str()).take(50).any(|(at, found)| {
                let rest = self.text.get(at + found.len()..).unwrap_or_default().trim_start();
                let line = rest.lines().next().unwrap_or_default();
                rest.strip_prefix('=').is_some_and(|rest| !rest.starts_with('='))
                    && (line.contains("env.") || line.contains("env["))
            })
    }

    /// Looks at blocks of a bundler's configuration whose values are copied into what browsers get.
    pub(super) fn look_for_inlined(&mut self, file: &str) {
        let shapes = self.shapes;
        if !self.is_code || matches!(self.class, Class::Test | Class::Vendored) {
            return;
        }
        for inlined in &shapes.lists.inlined {
            if !inlined.files.iter().any(|name| file.starts_with(name.as_str())) {
                continue;
            }
            let mut seen = 0;
            for (at, _) in self.text.match_indices(inlined.block.as_str()) {
                if at >= seen
                    && self.before(at).is_none_or(|byte| !byte.is_ascii_alphanumeric() && byte != b'.' && byte != b'_')
                {
                    let start = at + inlined.block.len();
                    seen = self.look_into_block(start);
                    if inlined.keys {
                        self.look_at_keys(start, seen);
                    }
                }
            }
        }
    }

    /// Looks at the keys of a block that name variables: `tavilyApiKey: ""` is filled from one that is called so.
    fn look_at_keys(&mut self, start: usize, end: usize) {
        let block = self.slice(start, end);
        let colons: Vec<usize> = block.match_indices(':').map(|(at, _)| start + at).collect();
        for colon in colons {
            let named = self.slice(start, colon).trim_end_matches(['"', '\'', ' ']);
            let name =
                named.rsplit(|each: char| !each.is_ascii_alphanumeric() && each != '_').next().unwrap_or_default();
            let at = start + named.len() - name.len();
            let (line_start, line_end) = self.line_around(at);
            let before = self.slice(line_start, at).trim_start();
            let is_comment = before.starts_with(['*', '#']) || before.contains("//");
            let is_found = self.hits.iter().any(|hit| {
                let span = line_start..=line_end;
                hit.variant == "inlined" && span.contains(&(hit.span.start as usize))
            });
            let variable = names::words(name).to_ascii_uppercase();
            if !is_comment && !is_found && self.secret_behind(&variable) == Some(true) {
                let name = name.to_owned();
                self.push_name("inlined", at, at + name.len(), &name, true);
            }
        }
    }

    /// Returns where the block ends.
    fn look_into_block(&mut self, at: usize) -> usize {
        let rest = self.text.get(at..).unwrap_or_default();
        let skipped = rest.len() - rest.trim_start_matches([' ', ':', '(', '\n', '\t', '\r']).len();
        if skipped == 0 || self.byte(at + skipped) != Some(b'{') {
            return at;
        }
        let mut depth = 0usize;
        let mut end = at + skipped;
        for byte in self.bytes.get(at + skipped..).unwrap_or_default().iter().take(8000) {
            depth = match byte {
                b'{' => depth + 1,
                b'}' => depth.saturating_sub(1),
                _ => depth,
            };
            end += 1;
            if depth == 0 {
                break;
            }
        }
        let mut from = at + skipped;
        while let Some(found) = self.text.get(from..end).and_then(|block| block.find("env")) {
            let access = from + found + 3;
            from = access;
            let rest = self.text.get(access..end).unwrap_or_default();
            let head = rest.len() - rest.trim_start_matches(['.', '?', '[', '"', '\'']).len();
            let start = access + head;
            let length =
                rest.bytes().skip(head).take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
            let name = self.slice(start, start + length).to_owned();
            // The value counts, not the key of the same name: `'process.env.X': ...`.
            let after = self
                .slice(start + length, (start + length + 4).min(end))
                .trim_start_matches(['"', '\''])
                .trim_start()
                .to_owned();
            if head > 0
                && !after.starts_with(':')
                && self.secret_behind(&name) == Some(true)
                && !self.is_settled(start, start + length)
            {
                self.push_name("inlined", start, start + length, &name, true);
            }
        }
        end
    }

    fn push_name(&mut self, variant: &str, start: usize, end: usize, name: &str, certain: bool) {
        let hit = Hit {
            rule: Rule::ClientExposedSecret,
            variant: variant.to_owned(),
            span: Span::new(start, end),
            shape: None,
            provider: String::new(),
            name: name.to_owned(),
            redacted: String::new(),
            hidden: Span::default(),
            certain,
        };
        self.hits.push(hit);
    }
}
