//! The closed vocabulary of packs: conditions with the variants and placeholders of their messages, notes, and the
//! reasons for which an item has no object.

/// A condition that a rule may name, and what its messages must say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Condition {
    pub name: &'static str,
    /// Each variant with its placeholders in alphabetical order.
    pub variants: &'static [(&'static str, &'static [&'static str])],
}

const fn condition(name: &'static str, variants: &'static [(&'static str, &'static [&'static str])]) -> Condition {
    Condition { name, variants }
}

/// All conditions, in the order of the checklist.
pub const CONDITIONS: [Condition; 18] = [
    condition(
        "unlogged-entry-point",
        &[("none", &["entry"]), ("partial", &["entry", "missing"]), ("not-wired", &["entry", "guard"])],
    ),
    condition("no-error-alerting", &[("none", &[]), ("not-wired", &["guard"])]),
    condition("unchecked-env-var", &[("unchecked", &["name"]), ("in-handler", &["name"]), ("swallowed", &["name"])]),
    condition(
        "hardcoded-secret",
        &[
            ("shape", &["provider", "redacted"]),
            ("generic", &["name", "redacted"]),
            ("past-shape", &["commit", "provider", "redacted"]),
            ("past-generic", &["commit", "name", "redacted"]),
        ],
    ),
    condition("committed-env-file", &[("values", &["file", "name"])]),
    condition("env-file-not-ignored", &[("untracked", &["file"]), ("tracked", &["file"])]),
    condition(
        "client-exposed-secret",
        &[("public-name", &["name"]), ("inlined", &["name"]), ("browser-flag", &["name"])],
    ),
    condition(
        "missing-timeout",
        &[
            ("none", &["api"]),
            ("default", &["api", "seconds"]),
            ("off", &["api"]),
            ("headers", &["api"]),
            ("too-long", &["api", "seconds"]),
        ],
    ),
    condition("unbounded-retry", &[("loop", &["api"]), ("library", &["guard"])]),
    condition("retry-without-backoff", &[("loop", &["api"]), ("library", &["guard"])]),
    condition("no-retry", &[("none", &["api"]), ("off", &["api"]), ("generator", &["api", "guard"])]),
    condition(
        "no-fallback",
        &[
            ("propagates", &["api", "entry"]),
            ("nothing", &["api", "entry"]),
            ("lost", &["api", "entry"]),
            ("rethrown", &["api"]),
            ("error-status", &["api", "entry"]),
            ("raw-error", &["api", "entry"]),
        ],
    ),
    condition(
        "missing-rate-limit",
        &[("none", &["api", "entry"]), ("unreached", &["api"]), ("not-wired", &["api", "entry", "guard"])],
    ),
    condition(
        "no-cost-cap",
        &[
            ("none", &["api", "entry"]),
            ("unreached", &["api"]),
            ("not-wired", &["api", "entry", "guard"]),
            ("recorded-only", &["api", "entry"]),
        ],
    ),
    condition(
        "no-duplicate-guard",
        &[
            ("none", &["api", "entry"]),
            ("unreached", &["api"]),
            ("not-wired", &["api", "entry", "guard"]),
            ("ignored", &["entry", "guard"]),
        ],
    ),
    condition("unlimited-input", &[("none", &["api", "entry", "field"])]),
    condition("missing-max-tokens", &[("none", &["api"])]),
    condition(
        "unbounded-history",
        &[("client", &["api", "entry"]), ("store", &["api", "entry"]), ("memory", &["api", "entry"])],
    ),
];

/// Rules whose findings are notes; each has the one variant `note` with the placeholder `detail`.
pub const NOTES: [&str; 8] = [
    "caller-controlled-limit",
    "stacked-retries",
    "retry-of-side-effect",
    "per-process-guard",
    "fail-open-guard",
    "weak-limit",
    "retries-client-errors",
    "accepts-placeholder",
];

/// What the messages of a note must say.
pub(super) const NOTE_VARIANTS: &[(&str, &[&str])] = &[("note", &["detail"])];

/// Why an item is not applicable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    NoLlmCall,
    NoExternalCall,
    NoEntryPoint,
    NoPublicEntryPoint,
    NoPaidCall,
    NoVariables,
    NoHistory,
}

impl Reason {
    pub const ALL: [Reason; 7] = [
        Reason::NoLlmCall,
        Reason::NoExternalCall,
        Reason::NoEntryPoint,
        Reason::NoPublicEntryPoint,
        Reason::NoPaidCall,
        Reason::NoVariables,
        Reason::NoHistory,
    ];

    /// The key under `because.not-applicable` in a pack.
    pub fn id(self) -> &'static str {
        match self {
            Reason::NoLlmCall => "no-llm-call",
            Reason::NoExternalCall => "no-external-call",
            Reason::NoEntryPoint => "no-entry-point",
            Reason::NoPublicEntryPoint => "no-public-entry-point",
            Reason::NoPaidCall => "no-paid-call",
            Reason::NoVariables => "no-variables",
            Reason::NoHistory => "no-history",
        }
    }
}
