//! What can be decided about a value without a network: check sums, the payload of signed tokens, published values.

/// The CRC-32 of Ethernet, gzip and PNG.
pub(super) fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { (sum >> 1) ^ 0xEDB8_8320 } else { sum >> 1 })
    })
}

/// A number in base 62 (`0-9A-Za-z`), at least six digits long.
pub(super) fn base62(mut number: u32) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut digits = Vec::new();
    while number > 0 || digits.len() < 6 {
        digits.push(DIGITS.get((number % 62) as usize).copied().unwrap_or(b'0'));
        number /= 62;
    }
    digits.iter().rev().map(|digit| char::from(*digit)).collect()
}

/// FNV-1a of 64 bits: enough to recognise a published value without writing it down.
pub(super) fn fnv(value: &str) -> u64 {
    value.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Decodes base 64 in either alphabet, padded or not; `None` for other characters.
pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    let (mut bits, mut count) = (0u32, 0);
    for byte in text.trim_end_matches('=').bytes() {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = (bits << 6 | u32::from(digit)) & 0x00FF_FFFF;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xFF).unwrap_or(0));
        }
    }
    Some(bytes)
}

/// The password of `name:password`, written in base 64 as it is sent to sign in.
pub(super) fn password_of_pair(text: &str) -> Option<String> {
    let pair = String::from_utf8(base64(text)?).ok()?;
    let (name, password) = pair.split_once(':')?;
    let is_written = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_graphic());
    (is_written(name) && is_written(password)).then(|| password.to_owned())
}

/// The payload of a signed token `header.payload.signature`.
pub(super) fn claims(token: &str) -> Option<serde_json::Map<String, serde_json::Value>> {
    let token = token.get(token.find("eyJ")?..)?;
    let payload = base64(token.split('.').nth(1)?)?;
    serde_json::from_slice(&payload).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_the_usual_ones() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        assert_eq!((base62(0), base62(61), base62(62)), ("000000".into(), "00000z".into(), "000010".into()));
        assert_eq!(base64("aGk_fg=="), Some(b"hi?~".to_vec()));
        assert_eq!(base64("a b"), None);
        assert_eq!(password_of_pair("c2VjcmV0OmtleQ==").as_deref(), Some("key"));
        assert_eq!(password_of_pair("c2VjcmV0a2V5"), None);
    }
}
