//! Functions and tables of the database, as the files of the repository that build it define them.

use rustc_hash::FxHashMap;

use crate::model::Literal;

use super::Program;

/// The first key of what settings tell of functions.
const PROCEDURES: &str = "procedures";
/// The first key of what they tell of tables.
const RELATIONS: &str = "relations";

/// A function that the database runs, in small letters.
#[derive(Clone, Copy, Debug, Default)]
pub struct Procedure<'m> {
    /// The type of what it gives; nothing where that is not said.
    pub returns: &'m str,
    pub body: &'m str,
}

/// What the files that build a database define.
#[derive(Debug, Default)]
pub(super) struct Database<'m> {
    procedures: FxHashMap<&'m str, Procedure<'m>>,
    relations: FxHashMap<&'m str, &'m str>,
}

impl<'m> Program<'m> {
    /// Whether any function of a database is defined.
    pub fn has_procedures(&self) -> bool {
        !self.database().procedures.is_empty()
    }

    /// The function of the database that goes by a name; of several definitions the last one holds.
    pub fn procedure(&self, name: &str) -> Option<Procedure<'m>> {
        let name = name.rsplit('.').next().unwrap_or(name).trim_matches(['"', '`', '[', ']']).to_ascii_lowercase();
        self.database().procedures.get(name.as_str()).copied()
    }

    /// What is said of the columns of a table.
    pub fn relation(&self, name: &str) -> Option<&'m str> {
        self.database().relations.get(name.to_ascii_lowercase().as_str()).copied()
    }

    fn database(&self) -> &Database<'m> {
        self.database.get_or_init(|| {
            let mut found = Database::default();
            let mut files: Vec<_> = self.settings.iter().filter(|settings| settings.path.ends_with(".sql")).collect();
            files.sort_by_key(|settings| settings.path.as_str());
            for entry in files.into_iter().flat_map(|settings| &settings.entries) {
                let Literal::Text(text) = &entry.value else { continue };
                let key = |place: usize| entry.keys.get(place).map_or("", String::as_str);
                match (key(0), key(1), key(2)) {
                    (PROCEDURES, name, "returns") => {
                        found.procedures.insert(name, Procedure { returns: text, body: "" });
                    }
                    (PROCEDURES, name, "body") => {
                        found.procedures.entry(name).or_default().body = text;
                    }
                    (RELATIONS, name, _) => {
                        found.relations.insert(name, text);
                    }
                    _ => {}
                }
            }
            found
        })
    }
}
