//! Code to paste that fits the code it is for: by the packages that are used there, and with the names of its variables.

/// Code to paste where certain packages are used, in place of the general one.
#[derive(Clone, Debug, PartialEq)]
pub struct Fitted {
    pub language: String,
    /// It is for code that uses one of these,
    pub packages: Vec<String>,
    /// and none of these.
    pub without: Vec<String>,
    pub code: String,
}

impl Fitted {
    /// Whether it is for code of a language that uses certain packages.
    pub fn is_for(&self, language: &str, uses: &dyn Fn(&str) -> bool) -> bool {
        let any = |names: &[String]| names.iter().any(|name| uses(name));
        self.language == language && any(&self.packages) && !any(&self.without)
    }
}

/// The variable that stands for all others where no code is looked at.
pub(super) const EXAMPLE: &str = "OPENAI_API_KEY";

/// Variables that one snippet names.
const NAMED: usize = 20;

/// A snippet in which each line that names a variable (`{variable}`, in small letters `{field}`) stands once for each.
pub(super) fn naming<N: AsRef<str>>(code: &str, names: &[N]) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in code.lines() {
        if !line.contains("{variable}") && !line.contains("{field}") {
            lines.push(line.to_owned());
            continue;
        }
        for name in names.iter().map(AsRef::as_ref).take(NAMED) {
            lines.push(line.replace("{variable}", name).replace("{field}", &name.to_ascii_lowercase()));
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_with_a_name_stand_once_for_each() {
        let code = "class Settings:\n    {field}: str  # {variable}\n\nSettings()";
        let expected = "class Settings:\n    a: str  # A\n    b: str  # B\n\nSettings()";
        assert_eq!(naming(code, &["A", "B"]), expected);
        assert_eq!(naming("{}", &["A"]), "{}");
    }

    #[test]
    fn what_is_used_decides() {
        let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let (packages, without) = (own(&["quill"]), own(&["reed"]));
        let fitted = Fitted { language: "python".into(), packages, without, code: String::new() };
        assert!(fitted.is_for("python", &|name| name == "quill"));
        assert!(!fitted.is_for("rust", &|name| name == "quill"));
        assert!(!fitted.is_for("python", &|_| true));
        assert!(!fitted.is_for("python", &|_| false));
    }
}
