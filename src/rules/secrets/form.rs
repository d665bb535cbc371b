//! Forms of values: literals and runs of an alphabet, matched on bytes without backtracking into a run's past.

/// The greatest length of a run; longer ones are no credentials.
const LONGEST_RUN: usize = 4000;

/// How many beginnings of a value are tried in front of one anchor.
const MOST_STARTS: usize = 8;

/// A set of characters, all of them ASCII.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alphabet {
    Alphanumeric,
    Letters,
    Digits,
    /// Base 16 in small letters.
    Hex,
    /// Alphanumeric, `-` and `_`.
    Url,
    /// Alphanumeric, `+` and `/`.
    Base64,
    /// Alphanumeric without `0`, `O`, `I`, `l`.
    Base58,
    /// `A`–`Z` and `2`–`7`.
    Base32,
    /// Capitals and digits without `1`, `B`, `I`, `O`.
    Bech32,
    /// Small letters, digits and `!@#$%^&*(-_=+)`.
    Signs,
}

impl Alphabet {
    /// Its name in forms.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "an" => Alphabet::Alphanumeric,
            "letter" => Alphabet::Letters,
            "d" => Alphabet::Digits,
            "hex" => Alphabet::Hex,
            "url" => Alphabet::Url,
            "b64" => Alphabet::Base64,
            "b58" => Alphabet::Base58,
            "b32" => Alphabet::Base32,
            "bech" => Alphabet::Bech32,
            "signs" => Alphabet::Signs,
            _ => return None,
        })
    }

    pub fn holds(self, byte: u8) -> bool {
        match self {
            Alphabet::Alphanumeric => byte.is_ascii_alphanumeric(),
            Alphabet::Letters => byte.is_ascii_alphabetic(),
            Alphabet::Digits => byte.is_ascii_digit(),
            Alphabet::Hex => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
            Alphabet::Url => byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_',
            Alphabet::Base64 => byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/',
            Alphabet::Base58 => byte.is_ascii_alphanumeric() && !b"0OIl".contains(&byte),
            Alphabet::Base32 => byte.is_ascii_uppercase() || (b'2'..=b'7').contains(&byte),
            Alphabet::Bech32 => (byte.is_ascii_uppercase() || byte.is_ascii_digit()) && !b"1BIO".contains(&byte),
            Alphabet::Signs => byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"!@#$%^&*(-_=+)".contains(&byte),
        }
    }
}

/// A piece of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    Literal(String),
    Run { alphabet: Alphabet, least: usize, most: usize },
}

/// How a value is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    pub parts: Vec<Part>,
    /// Which part is the longest literal; `parts.len()` without one.
    anchor: usize,
}

impl Form {
    /// Reads `sk- an{20} T3BlbkFJ an{20}`.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn read(text: &str) -> Result<Self, String> {
        let parts = text.split(' ').filter(|part| !part.is_empty()).map(read_part).collect::<Result<Vec<_>, _>>()?;
        if parts.is_empty() {
            return Err("an empty form".to_owned());
        }
        let mut anchor = parts.len();
        let mut longest = 0;
        for (number, part) in parts.iter().enumerate() {
            if let Part::Literal(literal) = part
                && literal.len() > longest
            {
                anchor = number;
                longest = literal.len();
            }
        }
        Ok(Form { parts, anchor })
    }

    /// The literal to search for; empty for a form of runs only.
    pub fn anchor_text(&self) -> &str {
        match self.parts.get(self.anchor) {
            Some(Part::Literal(literal)) => literal,
            _ => "",
        }
    }

    /// The literal that every value begins with, as far as it goes.
    pub fn prefix(&self) -> &str {
        match self.parts.first() {
            Some(Part::Literal(literal)) => literal,
            _ => "",
        }
    }

    /// Where a value lies whose anchor begins at `at`.
    pub fn around(&self, bytes: &[u8], at: usize) -> Option<(usize, usize)> {
        let before = self.parts.get(..self.anchor)?;
        let (least, most) = before.iter().fold((0, 0), |(least, most), part| match part {
            Part::Literal(literal) => (least + literal.len(), most + literal.len()),
            Part::Run { least: few, most: many, .. } => (least + few, most + many),
        });
        if least == most {
            let start = at.checked_sub(least)?;
            return Some((start, self.matches(bytes, start)?));
        }
        // The run in front of the anchor reaches back only so far.
        let reach = match before.last() {
            Some(Part::Run { alphabet, most: many, .. }) => {
                let back = bytes.get(at.saturating_sub(*many)..at)?.iter().rev();
                most - many + back.take_while(|byte| alphabet.holds(**byte)).count()
            }
            _ => most,
        };
        // The longest that fits: a shorter one would begin inside a run.
        let may_begin = |start: usize| {
            let previous = |steps: usize| start.checked_sub(steps).and_then(|at| bytes.get(at));
            previous(1).is_none_or(|byte| !byte.is_ascii_alphanumeric())
                || bytes.get(..start).is_some_and(|before| before.ends_with(b"/bot"))
                || previous(2) == Some(&b'\\')
                || previous(3) == Some(&b'%')
        };
        let starts =
            (least..=reach).rev().filter_map(|length| at.checked_sub(length)).filter(|start| may_begin(*start));
        starts.take(MOST_STARTS).find_map(|start| Some((start, self.matches(bytes, start)?)))
    }

    /// Where a value ends that begins at `start`, if one does.
    pub fn matches(&self, bytes: &[u8], start: usize) -> Option<usize> {
        let mut at = start;
        for (number, part) in self.parts.iter().enumerate() {
            match part {
                Part::Literal(literal) => {
                    if bytes.get(at..at + literal.len())? != literal.as_bytes() {
                        return None;
                    }
                    at += literal.len();
                }
                Part::Run { alphabet, least, most } => {
                    let rest = bytes.get(at..)?;
                    let length = rest.iter().take(*most).take_while(|byte| alphabet.holds(**byte)).count();
                    // A run gives back what the literal after it needs.
                    let length = match self.parts.get(number + 1) {
                        Some(Part::Literal(next)) if least < most => (*least..=length)
                            .rev()
                            .find(|length| rest.get(*length..).is_some_and(|rest| rest.starts_with(next.as_bytes())))?,
                        _ => length,
                    };
                    if length < *least {
                        return None;
                    }
                    at += length;
                }
            }
        }
        Some(at)
    }

    /// Whether a value could go on with this byte: then what was found is a part of something longer.
    pub fn goes_on(&self, byte: u8) -> bool {
        match self.parts.last() {
            Some(Part::Run { alphabet, .. }) => alphabet.holds(byte) || byte.is_ascii_alphanumeric(),
            Some(Part::Literal(_)) => byte.is_ascii_alphanumeric(),
            None => false,
        }
    }
}

fn read_part(text: &str) -> Result<Part, String> {
    let Some((name, counts)) = text.strip_suffix('}').and_then(|text| text.split_once('{')) else {
        // Blanks separate parts; one within a literal is written as an escape.
        return Ok(Part::Literal(text.replace("\\s", " ")));
    };
    let alphabet = Alphabet::named(name).ok_or_else(|| format!("`{name}` is no alphabet"))?;
    let number = |text: &str| text.parse::<usize>().map_err(|_| format!("`{text}` is no length"));
    let (least, most) = match counts.split_once(',') {
        Some((least, most)) => (number(least)?, number(most)?),
        None => (number(counts)?, number(counts)?),
    };
    if least == 0 || least > most || most > LONGEST_RUN {
        return Err(format!("`{{{counts}}}` is no length between 1 and {LONGEST_RUN}"));
    }
    Ok(Part::Run { alphabet, least, most })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_value_around_its_anchor() {
        let form = Form::read("d{2,4} :AA an{3}").unwrap_or(Form { parts: vec![], anchor: 0 });
        assert_eq!(form.anchor_text(), ":AA");
        assert_eq!(form.around(b"x 1234:AAb2c.", 6), Some((2, 12)));
        assert_eq!(form.around(b"1:AAb2c", 1), None);
        assert!(form.goes_on(b'z') && !form.goes_on(b'-'));
    }

    #[test]
    fn wrong_forms_are_refused() {
        assert_eq!(Form::read("ab{3}"), Err("`ab` is no alphabet".to_owned()));
        assert!(Form::read("an{3,2}").is_err() && Form::read("an{x}").is_err() && Form::read("").is_err());
    }
}
