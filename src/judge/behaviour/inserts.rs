//! Statements that insert a row which may be there already, and what decides whether it is.

/// How the value of a column is written in a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// It is the one with this number of those that the statement is given.
    Given(usize),
    /// It is written down, or made by the store.
    Other,
}

/// The values of the columns by which an insert meets a row that is there already: of `on conflict (a, b)`. Nothing where
/// the statement does not name them, or is not understood.
pub(super) fn deciding(text: &str) -> Vec<Mark> {
    marks(&text.to_ascii_lowercase()).unwrap_or_default()
}

fn marks(text: &str) -> Option<Vec<Mark>> {
    let (_, rest) = text.split_once("into")?;
    let (columns, rest) = enclosed(rest)?;
    let (_, rest) = rest.split_once("values")?;
    let (values, rest) = enclosed(rest)?;
    let (_, rest) = rest.split_once("on conflict")?;
    let (target, _) = enclosed(rest).filter(|_| rest.trim_start().starts_with('('))?;
    let mut asked = 0;
    let values: Vec<Mark> = parts(values).into_iter().map(|value| mark(value, &mut asked)).collect();
    let columns = parts(columns);
    let of_column = |column: &str| {
        let at = columns.iter().position(|each| name(each) == name(column))?;
        values.get(at).copied()
    };
    parts(target).into_iter().map(of_column).collect()
}

/// What stands in the first brackets, and what comes behind them.
fn enclosed(text: &str) -> Option<(&str, &str)> {
    let start = text.find('(')?;
    let mut open = 0_usize;
    for (at, letter) in text.char_indices().skip_while(|(at, _)| *at < start) {
        match letter {
            '(' => open += 1,
            ')' => open = open.saturating_sub(1),
            _ => continue,
        }
        if open == 0 {
            return Some((text.get(start + 1..at)?, text.get(at + 1..)?));
        }
    }
    None
}

/// The parts between commas that stand in no brackets.
fn parts(text: &str) -> Vec<&str> {
    let mut open = 0_usize;
    let parts = text.split(|letter| {
        match letter {
            '(' => open += 1,
            ')' => open = open.saturating_sub(1),
            _ => {}
        }
        letter == ',' && open == 0
    });
    parts.map(str::trim).filter(|part| !part.is_empty()).collect()
}

fn name(column: &str) -> &str {
    column.trim_matches(['"', '`', '[', ']'])
}

/// `$2`, or the next of those that are not numbered: `?`, `%s`.
fn mark(value: &str, asked: &mut usize) -> Mark {
    let value = value.split("::").next().unwrap_or(value).trim();
    if let Some(number) = value.strip_prefix(['$', '?']).and_then(|number| number.parse::<usize>().ok()) {
        return number.checked_sub(1).map_or(Mark::Other, Mark::Given);
    }
    if matches!(value, "?" | "%s") {
        *asked += 1;
        return Mark::Given(*asked - 1);
    }
    // What stands within something is counted, and is not that by itself.
    *asked += value.matches("%s").count() + value.matches('?').count();
    Mark::Other
}

#[cfg(test)]
mod tests {
    use super::{Mark, deciding};

    #[test]
    fn columns_that_decide() {
        let text = "INSERT INTO seen (at, \"key\", \"user\") VALUES (now(), $2, $1) ON CONFLICT (key, user) DO NOTHING";
        assert_eq!(deciding(text), [Mark::Given(1), Mark::Given(0)]);
        let text = "insert into seen (at, key) values (coalesce(?, now()), ?) on conflict (key) do nothing";
        assert_eq!(deciding(text), [Mark::Given(1)]);
        assert_eq!(deciding("insert into seen (key) values (%s) on conflict do nothing"), []);
        assert_eq!(deciding("insert into seen values ($1) on conflict (key) do nothing"), []);
        assert_eq!(deciding("insert into seen (key) values ('a') on conflict (key) do nothing"), [Mark::Other]);
        assert_eq!(deciding("select 1"), []);
    }
}
