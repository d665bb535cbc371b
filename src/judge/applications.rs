//! Which modules run together: a repository may hold several applications, each a project that serves by itself.

use rustc_hash::FxHashSet;

use crate::link::Program;
use crate::link::entries::Entries;
use crate::link::units::ModuleId;

/// The application of each module, by the folder of its project.
pub(super) struct Applications<'p> {
    /// None: the module's project serves nothing, and what serves may use it.
    of_module: Vec<Option<&'p str>>,
}

impl<'p> Applications<'p> {
    pub(super) fn of(program: &'p Program<'_>, entries: &Entries<'_>) -> Self {
        let home = |module: ModuleId| {
            let path = &program.modules[module].path;
            let holds = |folder: &str| path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
            let around = program.projects.iter().filter(|project| project.folder.is_empty() || holds(&project.folder));
            around.map(|project| project.folder.as_str()).max_by_key(|folder| folder.len())
        };
        let serving: FxHashSet<_> = entries.entries.iter().map(|entry| home(entry.module)).collect();
        let modules = 0..program.modules.len();
        Applications {
            of_module: modules.map(|module| home(module).filter(|home| serving.contains(&Some(home)))).collect(),
        }
    }

    /// Whether two modules belong to applications of their own.
    pub(super) fn are_apart(&self, one: ModuleId, other: ModuleId) -> bool {
        let of = |module: ModuleId| self.of_module.get(module).copied().flatten();
        of(one).zip(of(other)).is_some_and(|(one, other)| one != other)
    }
}
