//! The identifiers of a source file, and what each is to the program: what a renaming has to know.

use std::ops::Range;

/// An identifier, a part of a module's path, or a text that consists of nothing else.
pub(super) struct Word {
    pub range: Range<usize>,
    pub text: String,
    pub role: Role,
    pub binding: Option<Binding>,
    /// The plain name whose member it is.
    pub of: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Role {
    /// A name on its own: a variable, a function, a type, a module.
    Name,
    /// What stands behind a dot, and what a class or an interface calls it.
    Member,
    /// The name of an argument, of a field, of a key: part of what is agreed with others.
    Key,
    /// A key and the name of its value in one (`{ store }`).
    Shorthand,
    /// A whole text without spaces (`"app.main:app"`).
    Text,
    /// The path of an own module, as TypeScript writes it.
    Path,
}

/// What a word is given a meaning as, where it stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Binding {
    Function,
    Class,
    Method,
    /// A variable of a module.
    Variable,
    Local,
    Parameter,
    /// A field of a class.
    Field,
    /// The name of another's: it is imported from a library, or a library calls it.
    Foreign,
    /// A name for an own module as a whole.
    Alias,
}

/// A file as it is read.
pub(super) struct Reading {
    /// In the order of the text.
    pub words: Vec<Word>,
    /// Functions that stand in no other function.
    pub functions: Vec<Range<usize>>,
}

impl Word {
    pub(super) fn new(range: Range<usize>, text: &str, role: Role) -> Self {
        Self { range, text: text.to_owned(), role, binding: None, of: None }
    }
}
