//! Credentials that are made when the tests run: no key is written down anywhere.

use launchcheck::rules::secrets::{Alphabet, Form, Part, Proof, Shape, Shapes};

/// A text in which every `{{key:<shape>}}` has become a credential of that shape: the same one in every run.
pub(crate) fn expanded(text: &str, shapes: &Shapes) -> String {
    let mut pieces = text.split("{{key:");
    let mut whole = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (name, rest) = piece.split_once("}}").unwrap_or_else(|| panic!("`{{{{key:{piece}` is not closed"));
        let shape = shapes.shapes.iter().find(|shape| shape.id == name);
        let shape = shape.unwrap_or_else(|| panic!("rules/secrets.toml has no shape `{name}`"));
        let form = shape.forms.first().unwrap_or_else(|| panic!("the shape `{name}` has no form"));
        whole.push_str(&value(shape, form, 11, 0));
        whole.push_str(rest);
    }
    whole
}

/// A small generator of chance (xorshift), the same in every run.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn of(seed: u64) -> Self {
        let mut chance = Chance(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        for _ in 0..8 {
            chance.next();
        }
        chance
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn run(&mut self, alphabet: Alphabet, length: usize) -> String {
        let characters: Vec<u8> = (33..127).filter(|byte| alphabet.holds(*byte)).collect();
        (0..length)
            .map(|_| char::from(characters[usize::try_from(self.next() >> 33).unwrap_or(0) % characters.len()]))
            .collect()
    }
}

pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    let mut table = [0u32; 256];
    for (number, entry) in (0u32..).zip(table.iter_mut()) {
        *entry = (0..8).fold(number, |sum, _| if sum & 1 == 1 { 0xEDB8_8320 ^ (sum >> 1) } else { sum >> 1 });
    }
    !bytes.iter().fold(!0, |sum, byte| table[usize::from((sum as u8) ^ byte)] ^ (sum >> 8))
}

pub(crate) fn base62(mut number: u32) -> String {
    let digits: Vec<char> = ('0'..='9').chain('A'..='Z').chain('a'..='z').collect();
    let mut text = Vec::new();
    for _ in 0..6 {
        text.push(digits[(number % 62) as usize]);
        number /= 62;
    }
    text.iter().rev().collect()
}

pub(crate) fn base64url(bytes: &[u8]) -> String {
    let digits: Vec<char> = ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['-', '_']).collect();
    bytes
        .chunks(3)
        .flat_map(|chunk| {
            let number = chunk.iter().fold(0u32, |sum, byte| sum << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
            let all: Vec<char> = (0..4).map(|at| digits[(number >> (18 - 6 * at) & 63) as usize]).collect();
            all.into_iter().take(chunk.len() + 1)
        })
        .collect()
}

/// A value of a form, its last run `longer` characters longer than it may be at most (or shorter than at least).
pub(crate) fn value(shape: &Shape, form: &Form, seed: u64, longer: isize) -> String {
    let mut chance = Chance::of(seed);
    if !shape.claims.is_empty() {
        let claims: Vec<String> = shape.claims.iter().map(|(key, claim)| format!("\"{key}\":\"{claim}\"")).collect();
        let payload =
            format!("{{{},\"ref\":\"{}\",\"iat\":1700000000}}", claims.join(","), chance.run(Alphabet::Hex, 20));
        let header = base64url(b"{\"alg\":\"HS256\",\"typ\":\"JWT\"}");
        return format!("{header}.{}.{}", base64url(payload.as_bytes()), chance.run(Alphabet::Url, 43));
    }
    let last = form.parts.iter().rposition(|part| matches!(part, Part::Run { .. }));
    let mut text = String::new();
    for (number, part) in form.parts.iter().enumerate() {
        match part {
            Part::Literal(literal) => text.push_str(literal),
            Part::Run { alphabet, least, most } => {
                let length = match longer {
                    1 if Some(number) == last => most + 1,
                    -1 if Some(number) == last => least - 1,
                    _ => (*most).min(least + 40),
                };
                text.push_str(&chance.run(*alphabet, length));
            }
        }
    }
    let prefix = form.prefix().len();
    match shape.proof {
        Some(Proof::Base62Crc32) if longer == 0 => {
            let body = text[prefix..text.len() - 6].to_owned();
            format!("{}{body}{}", &text[..prefix], base62(crc32(body.as_bytes())))
        }
        Some(Proof::HexCrc32) if longer == 0 => {
            let body = text[prefix..text.len() - 8].to_owned();
            format!("{}{body}{:08x}", &text[..prefix], crc32(body.as_bytes()))
        }
        _ => text,
    }
}
