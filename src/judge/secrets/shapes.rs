//! Values with a form of their own: boundaries, proofs, public ones, armoured private keys.

use crate::{
    collect::Class,
    rules::secrets::{DecidedBy, Form, Part, Proof, Shape},
    source::Span,
};

use super::{Hit, Scan, proof, traps};

/// How far around a value words decide whether it is public, in bytes.
const NEAR: usize = 300;

/// An armoured private key with fewer characters is a marker or an ellipsis.
const LEAST_KEY_BODY: usize = 64;

/// The longest armoured key that is looked at, in bytes.
const LONGEST_KEY: usize = 20_000;

/// What a value turns out to be.
enum Verdict {
    Secret {
        certain: bool,
    },
    /// Public, published, or disproved: whatever it is called, it is none.
    Harmless,
    /// It has the form by chance.
    Chance,
}

impl Scan<'_> {
    /// Tries one form around its anchor.
    pub(super) fn look_for_shape(&mut self, shape: usize, form: usize, anchor: usize) {
        let shapes = self.shapes;
        let Some(shape) = shapes.shapes.get(shape) else { return };
        let Some(form) = shape.forms.get(form) else { return };
        let Some((start, end)) = form.around(self.bytes, anchor) else { return };
        if !self.begins(start) || self.byte(end).is_some_and(|next| form.goes_on(next)) {
            return;
        }
        match self.judge_value(shape, form, start, end) {
            Verdict::Secret { certain } => {
                self.hits.push(Hit {
                    shape: Some(shape.id.clone()),
                    provider: shape.provider.clone(),
                    name: self.name_before(start),
                    certain,
                    ..self.value_hit(start, end, form.prefix().len())
                });
            }
            Verdict::Harmless => self.cleared.push(Span::new(start, end)),
            Verdict::Chance => {}
        }
    }

    /// Whether a value may begin here: not in the middle of a word, but after an escape (`\n`, `%3D`) it may.
    pub(super) fn begins(&self, start: usize) -> bool {
        let Some(previous) = self.before(start) else { return true };
        if !previous.is_ascii_alphanumeric() && previous != b'_' {
            return true;
        }
        // `https://api.telegram.org/bot<token>/`: addresses that put a word before the value.
        if self.text.get(..start).is_some_and(|before| before.ends_with("/bot")) {
            return true;
        }
        let second = start.checked_sub(2).and_then(|at| self.byte(at));
        let third = start.checked_sub(3).and_then(|at| self.byte(at));
        (second == Some(b'\\') && b"ntr".contains(&previous))
            || (third == Some(b'%') && previous.is_ascii_hexdigit() && second.is_some_and(|byte| byte.is_ascii_digit()))
    }

    fn judge_value(&self, shape: &Shape, form: &Form, start: usize, end: usize) -> Verdict {
        let value = self.slice(start, end);
        if !shape.claims.is_empty() {
            let Some(claims) = proof::claims(value) else { return Verdict::Chance };
            let fits =
                |(key, wanted): (&String, &String)| claims.get(key).and_then(|claim| claim.as_str()) == Some(wanted);
            return match (shape.claims.iter().all(fits), shape.public) {
                (false, _) => Verdict::Chance,
                (true, true) => Verdict::Harmless,
                (true, false) => Verdict::Secret { certain: true },
            };
        }
        if shape.public || (!shape.known.is_empty() && shape.known.contains(&proof::fnv(value))) {
            return Verdict::Harmless;
        }
        let mut certain = shape.decided_by == DecidedBy::Shape;
        match shape.proof.map(|kind| proves(kind, value, form)) {
            Some(Some(true)) => certain = true,
            Some(Some(false)) => return Verdict::Harmless,
            Some(None) => certain = false,
            None => {}
        }
        if !self.runs_look_random(form, value) || traps::is_inside_block(self.bytes, start, end) {
            return Verdict::Chance;
        }
        if !shape.public_near.is_empty() {
            return self.judge_by_neighbours(shape, start, end);
        }
        Verdict::Secret { certain }
    }

    /// A form whose values are public in some products and secret in others.
    fn judge_by_neighbours(&self, shape: &Shape, start: usize, end: usize) -> Verdict {
        let holds = |from: usize, to: usize, words: &[String]| {
            let around = String::from_utf8_lossy(self.bytes.get(from..to).unwrap_or_default()).into_owned();
            words.iter().any(|word| around.contains(word.as_str()))
        };
        let (line_start, line_end) = self.line_around(start);
        if holds(line_start, line_end, &shape.secret_near) {
            return Verdict::Secret { certain: true };
        }
        let (from, to) = (start.saturating_sub(NEAR), (end + NEAR).min(self.bytes.len()));
        if holds(from, to, &shape.public_near) {
            return Verdict::Harmless;
        }
        Verdict::Secret { certain: holds(from, to, &shape.secret_near) }
    }

    /// Whether the runs of a value look like chance made them.
    fn runs_look_random(&self, form: &Form, value: &str) -> bool {
        let mut rest = value;
        let mut body = String::with_capacity(value.len());
        for part in &form.parts {
            // Literals belong to the vendor, not to chance. Where a run ends does not matter here.
            if let Part::Literal(literal) = part
                && let Some(at) = rest.find(literal.as_str())
            {
                body.push_str(rest.get(..at).unwrap_or_default());
                rest = rest.get(at + literal.len()..).unwrap_or_default();
            }
        }
        body.push_str(rest);
        let length = body.len();
        // A few other characters do not make the rest more than base 16.
        let is_hex = body.bytes().filter(u8::is_ascii_hexdigit).count() * 5 >= length * 4;
        let wanted = match length {
            ..=13 => 2.3,
            14..=19 => 2.7,
            _ if is_hex => 2.9,
            20..=31 => 3.2,
            _ => 3.6,
        };
        traps::entropy(body.as_bytes()) >= wanted
            && !traps::is_regular(&body)
            && !traps::is_all_words(&body)
            && !traps::has_placeholder(&body, &self.shapes.lists)
    }

    /// `-----BEGIN ... PRIVATE KEY-----`, a body, and its end. Test key pairs and documentation do not count.
    pub(super) fn look_for_private_key(&mut self, start: usize, end: usize) {
        let head_start = start.saturating_sub(40);
        let head = self.bytes.get(head_start..start).unwrap_or_default();
        let Some(begin) = head.windows(11).rposition(|piece| piece == b"-----BEGIN ") else { return };
        let label = head.get(begin + 11..).unwrap_or_default();
        let until = self.floor((end + LONGEST_KEY).min(self.bytes.len()));
        let Some(rest) = self.text.get(end..until).filter(|_| end >= self.no_key_end) else { return };
        let rest = rest.strip_prefix(" BLOCK").unwrap_or(rest);
        let Some(rest) = rest.strip_prefix("-----") else { return };
        let Some(length) = rest.find("-----END ") else {
            self.no_key_end = until;
            return;
        };
        let block = rest.get(..length).unwrap_or_default();
        // Line breaks may be escaped, and lines may be quoted and joined.
        let plain = block.replace("\\n", "\n").replace("\\r", "");
        let body: String = plain
            .lines()
            .filter(|line| !line.contains(": "))
            .flat_map(str::chars)
            .filter(|c| c.is_ascii_alphanumeric() || "+/=".contains(*c))
            .collect();
        let noise =
            plain.chars().filter(|c| !c.is_ascii_alphanumeric() && !"+/= \n\t\r\"'`,\\+#*".contains(*c)).count();
        let encrypted = label.windows(9).any(|piece| piece == b"ENCRYPTED") || block.contains("ENCRYPTED");
        if body.len() < LEAST_KEY_BODY || noise > 20 || encrypted || traps::entropy(body.as_bytes()) < 4.2 {
            return;
        }
        let begin = head_start + begin;
        let stop = (end + 5 + length + 9).min(self.bytes.len());
        let is_account = self.is_service_account(begin, stop);
        if !is_account && matches!(self.class, Class::Test | Class::Docs | Class::Vendored) || self.class == Class::Test
        {
            return;
        }
        self.hits.push(Hit {
            provider: if is_account { "Google Cloud" } else { "PEM" }.to_owned(),
            name: self.name_before(begin),
            redacted: "-----BEGIN…".to_owned(),
            hidden: Span::new(begin + 10, stop),
            certain: true,
            ..self.value_hit(begin, stop, 0)
        });
    }

    /// Whether a private key stands in the JSON of a cloud service account.
    fn is_service_account(&self, start: usize, end: usize) -> bool {
        let around = self.bytes.get(start.saturating_sub(600)..(end + 1200).min(self.bytes.len())).unwrap_or_default();
        let around = String::from_utf8_lossy(around);
        around.contains("private_key") && around.contains("auth_provider_x509_cert_url")
    }
}

/// Whether the check sum of a value is right; `None` where it says nothing.
fn proves(kind: Proof, value: &str, form: &Form) -> Option<bool> {
    let body = value.get(form.prefix().len()..)?;
    match kind {
        Proof::Base62Crc32 => {
            let split = body.len().checked_sub(6)?;
            let (body, sum) = (body.get(..split)?, body.get(split..)?);
            Some(proof::base62(proof::crc32(body.as_bytes())) == sum)
        }
        Proof::HexCrc32 => {
            let split = body.len().checked_sub(8)?;
            let (body, sum) = (body.get(..split)?, body.get(split..)?);
            let is = |text: &str| format!("{:08x}", proof::crc32(text.as_bytes())) == sum;
            (is(body) || is(value.get(..value.len() - 8)?)).then_some(true)
        }
    }
}
