//! What the name of a variable says: whether it is one at all, and what it holds.

use super::super::super::verdict::Feeds;

/// Words of names that hold what must not be known: the empty text is no value for them.
const CREDENTIALS: [&str; 12] = [
    "KEY",
    "TOKEN",
    "SECRET",
    "PASSWORD",
    "PASSWD",
    "PASS",
    "CREDENTIALS",
    "CREDENTIAL",
    "APIKEY",
    "DSN",
    "CONNSTR",
    "DATABASE",
];

/// Words of names that code does without where they are not given.
const SETTINGS: [&str; 44] = [
    "LEVEL",
    "DEBUG",
    "PORT",
    "ENV",
    "ENVIRONMENT",
    "STAGE",
    "PROXY",
    "RELEASE",
    "SHA",
    "COMMIT",
    "VERSION",
    "TIMEOUT",
    "MAX",
    "MIN",
    "LIMIT",
    "TEMPERATURE",
    "LANG",
    "LANGUAGE",
    "LOCALE",
    "TZ",
    "TIMEZONE",
    "ORG",
    "ORGANIZATION",
    "FLAG",
    "ENABLE",
    "ENABLED",
    "DISABLE",
    "DISABLED",
    "MODE",
    "VERBOSE",
    "ORIGINS",
    "CORS",
    "PARAMS",
    "BATCH",
    "SIZE",
    "COUNT",
    "INTERVAL",
    "TTL",
    "WORKERS",
    "CONCURRENCY",
    "REPLICAS",
    "THREADS",
    "SAMPLE",
    "RATE",
];

/// Words of names that code needs: credentials, addresses, models.
const NEEDS: [&str; 10] =
    ["URL", "URI", "ENDPOINT", "HOST", "MODEL", "DEPLOYMENT", "BUCKET", "INDEX", "CONNECTION", "ID"];

/// Words at the end of a name that tell of something about a credential: `API_KEY_HEADER`, `TOKEN_ISSUERS`.
const ABOUT: [&str; 36] = [
    "PREFIX",
    "PREFIXES",
    "SUFFIX",
    "SUFFIXES",
    "HEADER",
    "HEADERS",
    "COOKIE",
    "ISSUER",
    "ISSUERS",
    "AUDIENCE",
    "AUDIENCES",
    "ALGORITHM",
    "ALGORITHMS",
    "SCOPE",
    "SCOPES",
    "LIMIT",
    "LIMITS",
    "TTL",
    "EXPIRY",
    "EXPIRES",
    "EXPIRATION",
    "LIFETIME",
    "TIMEOUT",
    "SECONDS",
    "MINUTES",
    "HOURS",
    "DAYS",
    "LENGTH",
    "COUNT",
    "SIZE",
    "TYPE",
    "FORMAT",
    "PARAM",
    "SEPARATOR",
    "DELIMITER",
    "REGION",
];

/// Words of what opens a store, whatever follows them.
const STORES: [&str; 3] = ["DSN", "CONNSTR", "DATABASE"];

/// What a variable is for, by the words of its name.
pub fn feeds(name: &str) -> Feeds {
    match () {
        () if is_credential(name) => Feeds::Credential,
        () if has(name, &["MODEL", "DEPLOYMENT"]) => Feeds::Model,
        () if has(name, &["URL", "URI", "ENDPOINT", "HOST", "ADDRESS", "ORIGIN", "DOMAIN"]) => Feeds::Address,
        () => Feeds::Setting,
    }
}

/// Whether a variable holds what must not be known.
pub fn is_credential(name: &str) -> bool {
    // Keys that are public by design are settings.
    let is_public = has(name, &["PUBLIC", "ANON", "PUBLISHABLE", "SITE"]);
    let is_about = words(name).last().is_some_and(|last| is_among(last, &ABOUT));
    !is_public && (has(name, &STORES) || has(name, &CREDENTIALS) && !is_about)
}

/// Whether code needs a variable, as far as its name tells.
pub fn is_needed(name: &str) -> bool {
    has(name, &CREDENTIALS) || has(name, &NEEDS) || !has(name, &SETTINGS)
}

/// Whether a variable is neither a credential nor anything else that code needs by its name.
pub fn is_plain_setting(name: &str) -> bool {
    !has(name, &CREDENTIALS) && !has(name, &NEEDS)
}

fn has(name: &str, list: &[&str]) -> bool {
    words(name).any(|word| is_among(word, list))
}

fn is_among(word: &str, list: &[&str]) -> bool {
    list.iter().any(|known| known.eq_ignore_ascii_case(word))
}

/// The words of a name: `OPENAI_API_KEY`, `openai_api_key`, `openaiApiKey`.
pub fn words(name: &str) -> impl Iterator<Item = &str> {
    name.split('_').flat_map(|part| {
        let starts_word =
            |at: usize, last: u8, next: u8| (last.is_ascii_lowercase() && next.is_ascii_uppercase()).then_some(at + 1);
        let pairs = part.as_bytes().windows(2).enumerate();
        let mut cuts: Vec<usize> = pairs.filter_map(|(at, pair)| starts_word(at, pair[0], pair[1])).collect();
        cuts.insert(0, 0);
        cuts.push(part.len());
        let pieces: Vec<&str> = cuts.windows(2).filter_map(|ends| part.get(*ends.first()?..*ends.last()?)).collect();
        pieces
    })
}

/// Whether a name is one of a variable: these are written in capitals, and some belong to the runtime.
pub fn is_variable_name(name: &str) -> bool {
    let ambient = [
        "NODE_ENV",
        "HOME",
        "PATH",
        "USER",
        "PWD",
        "CI",
        "TMPDIR",
        "TEMP",
        "LANG",
        "SHELL",
        "EDITOR",
        "VISUAL",
        "HOSTNAME",
        "TERM",
        "COLORTERM",
        "NEXT_RUNTIME",
        "DEV",
        "PROD",
        "MODE",
        "SSR",
        "BASE_URL",
    ];
    name.len() > 1
        && name.starts_with(|character: char| character.is_ascii_uppercase() || character == '_')
        && name
            .chars()
            .all(|character| character.is_ascii_uppercase() || character.is_ascii_digit() || character == '_')
        && !ambient.contains(&name)
}

/// Whether the environment of a process holds a variable of this name that a program is given for itself: names in small
/// letters count there as well, but for those that belong to the runtime.
pub fn is_process_variable(name: &str) -> bool {
    let ambient = ["http_proxy", "https_proxy", "all_proxy", "no_proxy", "ftp_proxy", "windir", "comspec", "path"];
    let is_word = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let is_small = name.len() > 1
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.chars().all(is_word)
        && !name.starts_with("npm_")
        && !ambient.contains(&name);
    is_small || is_variable_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_names() {
        assert_eq!(words("openaiApiKey").collect::<Vec<_>>(), ["openai", "Api", "Key"]);
        assert_eq!(words("SHOP_TOKEN").collect::<Vec<_>>(), ["SHOP", "TOKEN"]);
    }

    #[test]
    fn credentials() {
        for name in ["OPENAI_API_KEY", "shop_token", "openaiApiKey", "DATABASE_URL", "AWS_ACCESS_KEY_ID"] {
            assert!(is_credential(name), "{name}");
        }
        for name in ["ALLOWED_KEY_PREFIXES", "TOKEN_ISSUERS", "API_KEY_HEADER", "SUPABASE_ANON_KEY", "MODEL"] {
            assert!(!is_credential(name), "{name}");
        }
    }

    #[test]
    fn names_of_variables() {
        assert!(is_process_variable("openai_key") && is_process_variable("OPENAI_KEY"));
        assert!(!is_process_variable("http_proxy") && !is_process_variable("npm_package_version"));
        assert!(!is_process_variable("database.host") && !is_variable_name("openai_key"));
    }
}
