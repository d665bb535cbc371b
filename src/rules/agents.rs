//! Coding agents and the variables by which they make themselves known: `rules/coding-agents.toml`.

use serde::Deserialize;

use crate::rules::embedded;
use crate::source::toml;

/// One agent.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Agent {
    pub name: String,
    /// `NAME`: set to anything but nothing, `0` and `false`; `NAME=value`: set to that value.
    pub variables: Vec<String>,
    /// Where that is said.
    pub source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(rename = "agent")]
    agents: Vec<Agent>,
}

/// All that are known; none if the file could not be read, which a test rules out.
pub fn known() -> Vec<Agent> {
    toml::read::<Written>(embedded::rule("coding-agents")).map(|file| file.agents).unwrap_or_default()
}

impl Agent {
    /// Whether it has started this program, by its variables.
    pub fn is_at_work(&self, variable: &dyn Fn(&str) -> Option<String>) -> bool {
        self.variables.iter().any(|wanted| match wanted.split_once('=') {
            Some((name, value)) => variable(name).as_deref() == Some(value),
            None => variable(wanted).is_some_and(|value| !matches!(value.trim(), "" | "0" | "false")),
        })
    }

    /// The names of its variables.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.variables.iter().map(|wanted| wanted.split_once('=').map_or(wanted.as_str(), |(name, _)| name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_agent_has_variables_and_a_source() {
        let agents = known();
        assert!(agents.len() > 5);
        for agent in &agents {
            assert!(!agent.variables.is_empty() && agent.source.starts_with("https://"), "{}", agent.name);
            let is_name = |name: &str| !name.is_empty() && name.bytes().all(|byte| matches!(byte, b'A'..=b'Z' | b'_'));
            assert!(agent.names().all(is_name), "{}", agent.name);
        }
    }
}
