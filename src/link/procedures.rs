//! Functions and tables of the database, as the files of the repository that build it define them.

use rustc_hash::FxHashMap;

use crate::model::{Expression, ExpressionKind, Literal};
use crate::source::order::InOrder;

use super::{Program, Site, Value};

/// The first key of what settings tell of functions.
const PROCEDURES: &str = "procedures";
/// The first key of what they tell of tables.
const RELATIONS: &str = "relations";

/// The first key of what they tell of statements that go by a name.
const QUERIES: &str = "queries";

/// A statement that goes by a name, for the function that is made of it.
#[derive(Clone, Copy, Debug)]
struct Query<'m> {
    /// The name of its file, without the ending.
    file: &'m str,
    text: &'m str,
}

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
    /// By the name as any language writes it.
    queries: FxHashMap<String, Vec<Query<'m>>>,
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

    /// The statement of which a function is made that nobody in the program defines: `queries.turns_of(connection)`, with
    /// `-- name: turns_of` in a file. It is asked for as what belongs to that file, or to queries.
    pub fn named_statement(&self, site: Site) -> Option<&'m str> {
        let callee = &self.units.calls[site.call].call.callee;
        let all = Some(&self.database().queries).filter(|all| !all.is_empty())?;
        let find = |expression: &Expression| match &expression.kind {
            ExpressionKind::Member { name, .. } | ExpressionKind::Name(name) => all.get(&plain(name)),
            _ => None,
        };
        // `queries.turnsOf.run({ chat }, pool)`
        let of_object = || match &callee.kind {
            ExpressionKind::Member { object, .. } => find(object),
            _ => None,
        };
        let queries = find(callee).or_else(of_object)?;
        let is_own =
            |value: &Value<'m>| matches!(value, Value::Function { .. } | Value::Class(_) | Value::Instance { .. });
        if self.values(callee, site.frame).iter().any(is_own) {
            return None;
        }
        let mut written = Self::written(callee).to_ascii_lowercase();
        for path in self.callee_paths(site).iter() {
            written.push('.');
            written.push_str(&path.to_ascii_lowercase());
        }
        let parts = || written.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
        let of_file = |query: &&Query<'m>| parts().any(|part| part.eq_ignore_ascii_case(query.file));
        let is_asked_for = || parts().any(|part| part.contains("quer") || part.contains("sql"));
        let only = || queries.first().filter(|_| queries.len() == 1 && is_asked_for());
        queries.iter().find(of_file).or_else(only).map(|query| query.text)
    }

    fn database(&self) -> &Database<'m> {
        self.database.get_or_init(|| {
            let mut found = Database::default();
            let mut files: Vec<_> = self.settings.iter().filter(|settings| settings.path.ends_with(".sql")).collect();
            files.order_by_key(|settings| settings.path.as_str());
            let entries = files.into_iter().flat_map(|file| file.entries.iter().map(move |entry| (&file.path, entry)));
            for (path, entry) in entries {
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
                    (QUERIES, name, _) => {
                        let file =
                            path.rsplit('/').next().and_then(|file| file.strip_suffix(".sql")).unwrap_or_default();
                        found.queries.entry(plain(name)).or_default().push(Query { file, text });
                    }
                    _ => {}
                }
            }
            found
        })
    }
}

/// A name as it is in every language: `turns_of` is `turnsOf` elsewhere.
fn plain(name: &str) -> String {
    name.chars().filter(|letter| *letter != '_').map(|letter| letter.to_ascii_lowercase()).collect()
}
