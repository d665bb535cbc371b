//! Chance with the alphabets that issuers of credentials use, and the sums and signatures that they add.

use crate::keys::{Chance, base62, base64url, crc32};

const DIGITS: &str = "0123456789";
const SMALL: &str = "abcdefghijklmnopqrstuvwxyz";
const CAPITALS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// Makes random runs; the same ones in every run of the tests.
pub(super) struct Maker(Chance);

impl Maker {
    pub(super) fn of(seed: u64) -> Self {
        Maker(Chance::of(seed))
    }

    fn run(&mut self, characters: &[&str], length: usize) -> String {
        let characters: Vec<char> = characters.iter().flat_map(|piece| piece.chars()).collect();
        let mut pick = || usize::try_from(self.0.next() >> 33).unwrap_or(0) % characters.len();
        (0..length).map(|_| characters[pick()]).collect()
    }

    pub(super) fn one_of(&mut self, characters: &str) -> String {
        self.run(&[characters], 1)
    }

    pub(super) fn alphanumeric(&mut self, length: usize) -> String {
        self.run(&[DIGITS, SMALL, CAPITALS], length)
    }

    pub(super) fn letters(&mut self, length: usize) -> String {
        self.run(&[SMALL, CAPITALS], length)
    }

    pub(super) fn digits(&mut self, length: usize) -> String {
        self.run(&[DIGITS], length)
    }

    pub(super) fn hex(&mut self, length: usize) -> String {
        self.run(&[DIGITS, "abcdef"], length)
    }

    pub(super) fn url(&mut self, length: usize) -> String {
        self.run(&[DIGITS, SMALL, CAPITALS, "-_"], length)
    }

    pub(super) fn base64(&mut self, length: usize) -> String {
        self.run(&[DIGITS, SMALL, CAPITALS, "+/"], length)
    }

    pub(super) fn base58(&mut self, length: usize) -> String {
        self.run(&["123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"], length)
    }

    pub(super) fn base32(&mut self, length: usize) -> String {
        self.run(&[CAPITALS, "234567"], length)
    }

    pub(super) fn uuid(&mut self) -> String {
        [8, 4, 4, 4, 12].map(|length| self.hex(length)).join("-")
    }

    /// A prefix, a body, and the sum of the body in base 62.
    pub(super) fn summed(&mut self, prefix: &str) -> String {
        let body = self.alphanumeric(30);
        format!("{prefix}{body}{}", base62(crc32(body.as_bytes())))
    }

    /// A prefix, a body, and the sum of both in base 16.
    pub(super) fn summed_in_hex(&mut self, prefix: &str) -> String {
        let value = format!("{prefix}{}", self.alphanumeric(40));
        format!("{value}{:08x}", crc32(value.as_bytes()))
    }

    /// A signed token with claims.
    pub(super) fn token(&mut self, claims: &[(&str, &str)]) -> String {
        let claims: Vec<String> = claims.iter().map(|(key, value)| format!("\"{key}\":\"{value}\"")).collect();
        let payload = format!("{{{},\"iat\":1700000000,\"exp\":2015360000}}", claims.join(","));
        let header = base64url(b"{\"alg\":\"HS256\",\"typ\":\"JWT\"}");
        format!("{header}.{}.{}", base64url(payload.as_bytes()), self.url(43))
    }

    /// An armoured private key of 26 lines.
    pub(super) fn armoured(&mut self, label: &str) -> String {
        let lines: Vec<String> = (0..26).map(|_| self.base64(64)).collect();
        let mark = |end: &str| format!("-----{end} {label} KEY-----");
        format!("{}\n{}\n{}", mark("BEGIN"), lines.join("\n"), mark("END"))
    }
}
