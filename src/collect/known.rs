//! What names of folders, files and commands mean: read once from `rules/files/`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::source::toml;

pub(super) use crate::lower::settings::matches;

/// `rules/files/classes.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Classes {
    pub(super) folders: Folders,
    pub(super) files: Files,
    pub(super) contents: Contents,
    pub(super) generators: Generators,
    pub(super) binary: Binary,
    /// Languages that are not read, each with the extensions of its files in lower case.
    pub(super) languages: BTreeMap<String, Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Folders {
    pub(super) vendored: Vec<String>,
    pub(super) generated: Vec<String>,
    pub(super) generated_anywhere: Vec<String>,
    pub(super) test: Vec<String>,
    pub(super) test_words: Vec<String>,
    pub(super) for_tests: Vec<String>,
    pub(super) kinds_of_tests: Vec<String>,
    pub(super) docs: Vec<String>,
    pub(super) script: Vec<String>,
    pub(super) script_beside_manifest: Vec<String>,
    pub(super) routes: Vec<String>,
    pub(super) installed: Vec<String>,
    pub(super) installed_marks: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Files {
    pub(super) generated: Vec<String>,
    pub(super) test: Vec<String>,
    pub(super) docs: Vec<String>,
    pub(super) script: Vec<String>,
    pub(super) script_below: Vec<String>,
    pub(super) tools: Vec<String>,
    pub(super) pages: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Contents {
    pub(super) generated: Vec<String>,
    pub(super) task_files: Vec<String>,
    pub(super) task_imports: Vec<String>,
}

/// Programs that write code.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Generators {
    pub(super) programs: Vec<String>,
    /// Options whose value is the file or folder that they write.
    pub(super) outputs: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Binary {
    pub(super) extensions: Vec<String>,
}

/// `rules/files/starts.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Starts {
    /// Words in front of a command that run it.
    pub(super) wrappers: Vec<String>,
    /// Pages of the documentation that tell how a program is started: their names, or those of their folders.
    pub(super) guides: Vec<String>,
    pub(super) shells: Vec<String>,
    /// Names of package scripts and make targets that start something; `*` stands for any text.
    pub(super) targets: Vec<String>,
    /// Names of shell scripts beside a manifest that start something, without their extension.
    pub(super) scripts: Vec<String>,
    /// Functions of Python that import what the dotted text names that they are given.
    pub(super) importers: Vec<String>,
    /// Environment variables whose value is a module to serve.
    pub(super) variables: Vec<String>,
    /// Images of containers that serve the function that their command names: `CMD ["app.handler"]`.
    pub(super) function_images: Vec<String>,
    #[serde(rename = "setting")]
    pub(super) settings: Vec<StartSetting>,
    #[serde(rename = "program")]
    pub(super) programs: Vec<Program>,
}

/// A command that starts a file or module among its arguments.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Program {
    pub(super) names: Vec<String>,
    pub(super) takes: Takes,
    /// Words that must follow the name, one of them (`run`).
    #[serde(default)]
    pub(super) commands: Vec<String>,
    /// Options whose value is what is started; without any, the arguments are.
    #[serde(default)]
    pub(super) options: Vec<String>,
    /// Options whose value is the folder that modules are looked for in.
    #[serde(default)]
    pub(super) folders: Vec<String>,
    /// What is started when nothing is named.
    #[serde(default)]
    pub(super) defaults: Vec<String>,
    /// Functions that are called for the application where only a module is named, the first that there is.
    #[serde(default)]
    pub(super) factories: Vec<String>,
    /// Options that say that what is named is a function to call.
    #[serde(default)]
    pub(super) factory_options: Vec<String>,
    /// Whether the file itself is run.
    #[serde(default)]
    pub(super) main: bool,
    /// Whether it is run anew for whoever opens it.
    #[serde(default)]
    pub(super) page: bool,
    /// The option whose value is a module to run (`-m`).
    pub(super) module_option: Option<String>,
}

impl Program {
    /// How it starts a file.
    pub(super) fn way(&self) -> Way {
        if self.page { Way::Page } else { Way::of(self.main) }
    }
}

/// How a file is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    /// By a server that imports it.
    Imported,
    /// By itself, once.
    Run,
    /// By itself, for whoever opens it.
    Page,
}

impl Way {
    pub(super) fn of(main: bool) -> Way {
        if main { Way::Run } else { Way::Imported }
    }
}

/// A key of a settings file whose value starts something.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StartSetting {
    pub(super) files: Vec<String>,
    /// Key paths, `*` for one key.
    pub(super) keys: Vec<String>,
    pub(super) takes: Takes,
    /// Whether the file itself is run.
    #[serde(default)]
    pub(super) main: bool,
    /// Key paths beside it that name the folder it is started in.
    #[serde(default)]
    pub(super) folders: Vec<String>,
    /// Names under which the file exports the function that the platform calls.
    #[serde(default)]
    pub(super) exports: Vec<String>,
    /// For functions: key paths beside it that tell what they are called for, by kind of entry point; perhaps with the
    /// value they must have (`Events.*.Type=Schedule`). Without any of them they are called by the account's own
    /// programs.
    #[serde(default)]
    pub(super) events: BTreeMap<String, Vec<String>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Takes {
    #[default]
    File,
    /// A dotted module, perhaps with `:attribute`, or a file.
    Module,
    /// A command line.
    Command,
    /// A file without its extension and a function: `src/handler.main`.
    Handler,
    /// A file and an object in it that a platform serves under the name of the key: `./agent.py:graph`.
    Object,
}

pub(super) static CLASSES: LazyLock<Classes> =
    LazyLock::new(|| toml::read(include_str!("../../rules/files/classes.toml")).unwrap_or_default());

pub(super) static STARTS: LazyLock<Starts> =
    LazyLock::new(|| toml::read(include_str!("../../rules/files/starts.toml")).unwrap_or_default());

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_is_readable() {
        assert_eq!(toml::read::<Classes>(include_str!("../../rules/files/classes.toml")).err(), None);
        assert_eq!(toml::read::<Starts>(include_str!("../../rules/files/starts.toml")).err(), None);
    }

    #[test]
    fn stars_stand_for_any_text() {
        assert!(matches("*.test.*", "a.test.ts"));
        assert!(!matches("*.test.*", "a.tests.ts"));
        assert!(matches("test_*.py", "test_a.py"));
        assert!(!matches("a*a", "a"));
        assert!(matches("start*", "start:dev"));
    }
}
