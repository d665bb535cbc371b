//! Lengths of time as people write them.

/// The units in which a length of time is given.
pub const UNITS: [&str; 5] = ["ms", "s", "min", "h", "d"];

/// A unit in seconds; what is not named is seconds.
pub fn unit(name: Option<&str>) -> f64 {
    match name {
        Some("ms") => 0.001,
        Some("min") => 60.0,
        Some("h") => 3_600.0,
        Some("d") => 86_400.0,
        _ => 1.0,
    }
}

/// `30s`, `5m`, `1 d`, `250ms` in seconds.
pub fn duration(text: &str) -> Option<f64> {
    let text = text.trim();
    let split = text.find(|character: char| !(character.is_ascii_digit() || character == '.'))?;
    let number: f64 = text.get(..split)?.parse().ok()?;
    let seconds = match text.get(split..)?.trim() {
        "ms" => 0.001,
        "s" | "sec" | "second" | "seconds" => 1.0,
        "m" | "min" | "minute" | "minutes" => 60.0,
        "h" | "hr" | "hour" | "hours" => 3_600.0,
        "d" | "day" | "days" => 86_400.0,
        "w" | "week" | "weeks" => 604_800.0,
        "month" | "months" => 2_592_000.0,
        "year" | "years" => 31_536_000.0,
        _ => return None,
    };
    Some(number * seconds)
}

/// The limits of a text such as `10/minute`, `5 per 2 hours; 100 per day`: how many in how many seconds.
pub fn rates(text: &str) -> impl Iterator<Item = (f64, f64)> {
    text.split([';', ',', '|']).filter_map(|limit| {
        let limit = limit.trim().to_ascii_lowercase();
        let (count, window) = limit.split_once('/').or_else(|| limit.split_once(" per "))?;
        let window = window.trim();
        let window = if window.starts_with(|first: char| first.is_ascii_digit()) {
            duration(window)?
        } else {
            duration(&format!("1 {window}"))?
        };
        Some((count.trim().parse().ok()?, window))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_lengths() {
        assert_eq!(duration("1 d"), Some(86_400.0));
        assert_eq!(duration("250ms"), Some(0.25));
        assert_eq!(duration("ten"), None);
        assert_eq!(unit(Some("min")), 60.0);
        assert_eq!(rates("10/minute; 100 per day").collect::<Vec<_>>(), [(10.0, 60.0), (100.0, 86_400.0)]);
        assert_eq!(rates("and/or").count(), 0);
    }
}
