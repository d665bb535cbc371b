//! What only looks like a credential: placeholders, words, sequences, identifiers, media, references.

use crate::rules::secrets::Lists;

/// The letter pairs that make up most of written English, as in names and sentences.
const PAIRS: &str = "thheineranreonatenndtiesorteofedisitalarsttontngsehaasouiolevecomedehiriroicneearacelichllbemasiomurcaeltalans\
difohopeecprnoctusacotiltrlyncetutsssorsunlowageiewheewiemadolrtpowenaulnitsmoowpaimmiaishirsuidosiviaamficivi\
pligtuevldrympfeblabghtyopwosaayexkeuifrooagodefavupapckeycrgrgapibrepdadobuhtmmifff";

/// Whether two letters are one of those pairs.
fn is_common(pair: &[u8]) -> bool {
    PAIRS.as_bytes().chunks_exact(2).any(|common| common == pair)
}

/// Bits per character.
pub(super) fn entropy(bytes: &[u8]) -> f64 {
    let mut counts = [0u32; 256];
    for byte in bytes {
        if let Some(count) = counts.get_mut(usize::from(*byte)) {
            *count += 1;
        }
    }
    let total = bytes.len() as f64;
    counts.iter().filter(|count| **count > 0).fold(0.0, |sum, count| {
        let share = f64::from(*count) / total;
        sum - share * share.log2()
    })
}

/// Whether much of a value reads like words: `my-session-token`, `APISchluessel`.
pub(super) fn is_wordy(value: &str) -> bool {
    readable(value) >= 45
}

/// Whether nearly all of a value reads like words. A value that has the form of a credential may hold one by chance.
pub(super) fn is_all_words(value: &str) -> bool {
    readable(value) >= 75
}

/// How much of a value reads like words, in percent of its letters and digits.
fn readable(value: &str) -> usize {
    let bytes = value.as_bytes();
    let counted = bytes.iter().filter(|byte| byte.is_ascii_alphanumeric()).count();
    let mut readable = 0;
    let mut word: Vec<u8> = Vec::new();
    let mut previous = 0u8;
    for byte in bytes.iter().copied().chain([0]) {
        let breaks = !byte.is_ascii_alphabetic() || (byte.is_ascii_uppercase() && previous.is_ascii_lowercase());
        if breaks {
            if word.len() >= 4 {
                let pairs = word.windows(2).count();
                let common = word.windows(2).filter(|pair| is_common(pair)).count();
                if common * 10 >= pairs * 6 {
                    readable += word.len();
                }
            }
            word.clear();
        }
        if byte.is_ascii_alphabetic() {
            word.push(byte.to_ascii_lowercase());
        }
        previous = byte;
    }
    (readable * 100).checked_div(counted).unwrap_or(100)
}

/// Whether letters alone look like chance made them: their case changes more often than in words that are run together.
pub(super) fn looks_shuffled(value: &str) -> bool {
    let bytes = value.as_bytes();
    let count = |test: fn(&u8) -> bool| bytes.iter().filter(|byte| test(byte)).count();
    let changes = bytes.windows(2).filter(|pair| match pair {
        [one, two] => one.is_ascii_lowercase() != two.is_ascii_lowercase(),
        _ => false,
    });
    bytes.len() >= 10
        && bytes.iter().all(u8::is_ascii_alphabetic)
        && count(u8::is_ascii_uppercase) >= 2
        && count(u8::is_ascii_lowercase) >= 2
        && changes.count() * 4 >= bytes.len()
        && !is_wordy(value)
        && !is_regular(value)
}

/// Whether a value holds a run of one character, or an ascending or descending sequence, that chance does not make.
pub(super) fn is_regular(value: &str) -> bool {
    let (mut same, mut up, mut down) = (1, 1, 1);
    for pair in value.as_bytes().windows(2) {
        let [one, two] = pair else { continue };
        same = if one == two { same + 1 } else { 1 };
        up = if one.checked_add(1) == Some(*two) { up + 1 } else { 1 };
        down = if two.checked_add(1) == Some(*one) { down + 1 } else { 1 };
        if same >= 6 || up >= 6 || down >= 6 {
            return true;
        }
    }
    // One short piece over and over.
    let bytes = value.as_bytes();
    bytes.len() >= 12 && (2..=8).any(|period| bytes.iter().zip(bytes.iter().skip(period)).all(|(one, two)| one == two))
}

/// Whether a value holds one of the words of placeholders, in one case.
pub(super) fn has_placeholder(value: &str, lists: &Lists) -> bool {
    let bytes = value.as_bytes();
    lists.placeholders.iter().any(|word| {
        let word = word.as_bytes();
        bytes.windows(word.len()).any(|piece| {
            piece == word
                || piece.iter().zip(word).all(|(one, two)| *one == two.to_ascii_uppercase())
                || (word.len() >= 5 && piece.eq_ignore_ascii_case(word))
        })
    })
}

/// Whether a value is a reference, a template or a call instead of a literal.
pub(super) fn is_reference(value: &str, lists: &Lists) -> bool {
    value.starts_with(['$', '%', '<', '[', '{', '(', '*', '.', '@', '~', '&'])
        // Base 64 may begin so, too.
        || value.starts_with('/') && is_wordy(value)
        || ["${", "{{", "}}", "<", ">", "...", "***", "$(", "%(", "#{", "://", "\u{2026}", "()", "%s"]
            .iter()
            .any(|part| value.contains(part))
        || names_a_variable(value)
        || lists.sealed_prefixes.iter().any(|prefix| value.starts_with(prefix.as_str()))
}

/// Whether a value only says where the real one is found: `env(S3_ACCESS_KEY)`, `secret("DEPLOY_TOKEN")`.
fn names_a_variable(value: &str) -> bool {
    let Some((function, rest)) = value.split_once('(') else { return false };
    let Some(name) = rest.strip_suffix(')').map(|name| name.trim_matches(['"', '\''])) else { return false };
    function.len() > 1
        && function.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        && name.starts_with(|first: char| first.is_ascii_uppercase())
        && name.contains('_')
        && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

/// `8-4-4-4-12` hexadecimal digits.
pub(super) fn is_uuid(value: &str) -> bool {
    let mut parts = value.split('-');
    [8, 4, 4, 4, 12].iter().all(|length| {
        parts.next().is_some_and(|part| part.len() == *length && part.bytes().all(|byte| byte.is_ascii_hexdigit()))
    }) && parts.next().is_none()
}

/// Whether a value is built of short pieces, as names of models, versions and slugs are.
pub(super) fn is_slug(value: &str) -> bool {
    let pieces: Vec<&str> = value.split(['-', '_', '.', ':', '/', ' ', ',']).collect();
    pieces.len() >= 3 && pieces.iter().all(|piece| piece.len() <= 12 && is_plain(piece)) && !is_uuid(value)
}

/// Whether a piece is a number or written in one case, perhaps with a capital first: chance mixes them.
fn is_plain(piece: &str) -> bool {
    let rest = piece.get(1..).unwrap_or_default();
    !rest.bytes().any(|byte| byte.is_ascii_uppercase()) || !piece.bytes().any(|byte| byte.is_ascii_lowercase())
}

/// Whether base 64 text is the beginning of a picture, document, archive or font.
pub(super) fn is_media(value: &str) -> bool {
    let heads = [
        "iVBORw0KGgo",
        "/9j/",
        "R0lGOD",
        "JVBERi",
        "UEsDB",
        "H4sI",
        "UklGR",
        "PHN2Zy",
        "PD94bW",
        "d09GM",
        "AAEAAAA",
        "SUkq",
        "Qk0",
        "T2dnUw",
        "SUQz",
        "//uQ",
        "AAAA",
    ];
    heads.iter().any(|head| value.starts_with(head))
}

/// Whether a match is a part of a long block of base 64, such as a picture.
pub(super) fn is_inside_block(bytes: &[u8], start: usize, end: usize) -> bool {
    let is_block = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
    let before = bytes.get(..start).unwrap_or_default().iter().rev().take(80).take_while(|byte| is_block(byte)).count();
    let after = bytes.get(end..).unwrap_or_default().iter().take(80).take_while(|byte| is_block(byte)).count();
    before >= 60 || after >= 60
}

/// Whether a generated key could look so: long enough, of mixed characters, no words, no order.
///
/// `least` is the smallest length in characters that counts.
pub(super) fn looks_generated(value: &str, least: usize, lists: &Lists) -> bool {
    let bytes = value.as_bytes();
    if bytes.len() < least || bytes.len() > 600 || !bytes.iter().all(u8::is_ascii_graphic) {
        return false;
    }
    let count = |test: fn(&u8) -> bool| bytes.iter().filter(|byte| test(byte)).count();
    let (digits, upper, lower) =
        (count(u8::is_ascii_digit), count(u8::is_ascii_uppercase), count(u8::is_ascii_lowercase));
    let symbols = bytes.len() - digits - upper - lower;
    let is_hex = bytes.iter().all(u8::is_ascii_hexdigit);
    let wanted = match (is_hex, bytes.len()) {
        (true, 24..) => 2.9,
        (true, _) | (_, ..=11) => 2.4,
        (_, 12..=15) => 2.9,
        (_, 16..=19) => 3.2,
        (_, 20..=31) => 3.5,
        _ => 3.8,
    };
    let mixed = digits > 0 && upper + lower > 0 || upper > 2 && lower > 2 && bytes.len() >= 24;
    mixed
        && symbols * 4 <= bytes.len()
        && !(is_hex && bytes.len() < 24 && least >= 16)
        && entropy(bytes) >= wanted
        && !is_regular(value)
        && !is_wordy(value)
        && !is_slug(value)
        && !is_media(value)
        && !has_placeholder(value, lists)
}

/// Whether a long value is drawn at random from letters, digits and signs of many kinds.
pub(super) fn looks_drawn(value: &str, lists: &Lists) -> bool {
    let bytes = value.as_bytes();
    let mut signs: Vec<u8> = bytes.iter().copied().filter(u8::is_ascii_punctuation).collect();
    signs.sort_unstable();
    signs.dedup();
    bytes.len() >= 50
        && signs.len() >= 3
        && bytes.iter().any(u8::is_ascii_digit)
        && entropy(bytes) >= 4.2
        && !is_regular(value)
        && !is_wordy(value)
        && !has_placeholder(value, lists)
}

/// Whether someone could have thought of a value as a password for something real.
pub(super) fn looks_like_password(value: &str, lists: &Lists) -> bool {
    let plain: String = value
        .to_ascii_lowercase()
        .chars()
        .map(|character| match character {
            '0' => 'o',
            '1' => 'i',
            '3' => 'e',
            '4' | '@' => 'a',
            '5' | '$' => 's',
            other => other,
        })
        .collect();
    let kinds: [fn(char) -> bool; 4] =
        [|c| c.is_ascii_digit(), |c| c.is_ascii_uppercase(), |c| c.is_ascii_lowercase(), |c| c.is_ascii_punctuation()];
    (8..=128).contains(&value.len())
        && value.bytes().all(|byte| byte.is_ascii_graphic())
        && value.bytes().any(|byte| byte.is_ascii_digit())
        && kinds.iter().filter(|kind| value.chars().any(kind)).count() >= 2
        && entropy(value.as_bytes()) >= 2.7
        && !is_regular(value)
        && !is_wordy(&plain)
        && !is_wordy(value)
        && !is_slug(value)
        && !has_placeholder(&plain, lists)
        && !has_placeholder(value, lists)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::secrets::Shapes;

    #[test]
    fn words_are_told_from_chance() {
        for word in ["my-session-token", "next_page_cursor_value", "SuperSecretKeyForDevelopment", "changethisplease"] {
            assert!(is_wordy(word), "{word}");
        }
        for key in ["h7Kq2mZx9Lw4Tn8Vb3Rc6Pd1", "0f9c3a7be2d14586a7c1e0b9d8f35264", "xKqZvRtYpLmWnBcD"] {
            assert!(!is_wordy(key), "{key}");
        }
    }

    #[test]
    fn order_is_told_from_chance() {
        let lists = match Shapes::built_in() {
            Ok(shapes) => shapes.lists.clone(),
            Err(error) => panic!("{error}"),
        };
        for value in [
            "abcdefghijklmnop1",
            "1234567890abcdef1234567890abcdef",
            "aaaaaaaaaaaaaaaaaaaa1",
            "gpt-4o-mini-2024-07-18",
            "a1b2a1b2a1b2a1b2a1b2",
        ] {
            assert!(!looks_generated(value, 16, &lists), "{value}");
        }
        assert!(looks_generated("h7Kq2mZx9Lw4Tn8Vb3Rc6Pd1", 16, &lists));
        assert!(looks_shuffled("npyMBaTlcbnwCMvJls") && !looks_shuffled("PasswordOfTheDay"));
        assert!(looks_like_password("rT7#kq2Lx", &lists) && !looks_like_password("P@ssw0rd1", &lists));
    }
}
