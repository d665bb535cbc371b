//! The words of Python and TypeScript.

use std::collections::BTreeSet;

use tree_sitter::{Language, Node, Parser};

use super::words::{Binding, Reading, Role, Word};

/// Bases and interfaces that call no method by its name.
const PLAIN_BASES: [&str; 13] = [
    "object",
    "Protocol",
    "ABC",
    "Generic",
    "Exception",
    "RuntimeError",
    "ValueError",
    "Enum",
    "StrEnum",
    "NamedTuple",
    "TypedDict",
    "Error",
    "Base",
];

pub(super) fn python(text: &str, own: &BTreeSet<String>) -> Reading {
    read(text, tree_sitter_python::LANGUAGE.into(), Tongue::Python, own)
}

pub(super) fn typescript(path: &str, text: &str, own: &BTreeSet<String>) -> Reading {
    let grammar = if path.ends_with(".ts") {
        tree_sitter_typescript::LANGUAGE_TYPESCRIPT
    } else {
        tree_sitter_typescript::LANGUAGE_TSX
    };
    read(text, grammar.into(), Tongue::TypeScript, own)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Tongue {
    Python,
    TypeScript,
}

struct Reader<'a> {
    text: &'a str,
    tongue: Tongue,
    own: &'a BTreeSet<String>,
    reading: Reading,
}

fn read(text: &str, grammar: Language, tongue: Tongue, own: &BTreeSet<String>) -> Reading {
    let mut parser = Parser::new();
    parser.set_language(&grammar).expect("a grammar of this version");
    let tree = parser.parse(text, None).expect("no time limit is set");
    assert!(!tree.root_node().has_error(), "not a program:\n{text}");
    let reading = Reading { words: Vec::new(), functions: Vec::new() };
    let mut reader = Reader { text, tongue, own, reading };
    reader.node(tree.root_node(), false);
    reader.reading
}

impl<'a> Reader<'a> {
    fn of(&self, node: Node) -> &'a str {
        &self.text[node.byte_range()]
    }

    fn node(&mut self, node: Node, in_function: bool) {
        let is_function = is_function(node);
        if is_function && !in_function {
            self.reading.functions.push(node.byte_range());
        }
        if let Some(word) = self.word(node, in_function) {
            self.reading.words.push(word);
            return;
        }
        let mut cursor = node.walk();
        for child in node.children(&mut cursor) {
            // The name of a function belongs to what is around it.
            let inside = in_function || is_function && Some(child) != node.child_by_field_name("name");
            self.node(child, inside);
        }
    }

    fn word(&self, node: Node, in_function: bool) -> Option<Word> {
        let role = match node.kind() {
            "identifier" | "type_identifier" => Role::Name,
            "property_identifier" | "private_property_identifier" => Role::Member,
            "shorthand_property_identifier" | "shorthand_property_identifier_pattern" => Role::Shorthand,
            "string" => return self.string(node),
            _ => return None,
        };
        let mut word = Word::new(node.byte_range(), self.of(node), role);
        match self.tongue {
            Tongue::Python => self.python(node, in_function, &mut word),
            Tongue::TypeScript => self.typescript(node, in_function, &mut word),
        }
        Some(word)
    }

    /// A text that is a name, a path or a list of names joined by dots.
    fn string(&self, node: Node) -> Option<Word> {
        let content = node.named_children(&mut node.walk()).find(|child| child.kind().starts_with("string_"))?;
        let content = if self.tongue == Tongue::Python {
            node.named_children(&mut node.walk()).find(|child| child.kind() == "string_content")?
        } else {
            content
        };
        if content.named_child_count() > 0
            || node.named_children(&mut node.walk()).any(|child| child.kind() == "interpolation")
        {
            return None;
        }
        let text = self.of(content);
        let role = if self.tongue == Tongue::TypeScript && is_own_path(text) {
            Role::Path
        } else if self.tongue == Tongue::Python && self.is_listed_export(node) {
            Role::Name
        } else if text.chars().all(|each| each.is_alphanumeric() || "._:$".contains(each)) {
            Role::Text
        } else {
            return None;
        };
        Some(Word::new(content.byte_range(), text, role))
    }

    /// `__all__ = ["RateLimiter"]`.
    fn is_listed_export(&self, node: Node) -> bool {
        let assignment = node.parent().and_then(|list| list.parent()).filter(|parent| parent.kind() == "assignment");
        assignment.and_then(|found| found.child_by_field_name("left")).is_some_and(|left| self.of(left) == "__all__")
    }

    fn python(&self, node: Node, in_function: bool, word: &mut Word) {
        let Some(parent) = node.parent() else { return };
        let is = |field: &str| parent.child_by_field_name(field) == Some(node);
        match parent.kind() {
            "attribute" if is("attribute") => {
                word.role = Role::Member;
                word.of = parent.child_by_field_name("object").map(|object| self.of(object).to_owned());
            }
            "keyword_argument" if is("name") => word.role = Role::Key,
            "function_definition" if is("name") => {
                word.binding = Some(match class_around(parent) {
                    Some(class) if self.has_foreign_base(class) => Binding::Foreign,
                    Some(_) => Binding::Method,
                    None if in_function => Binding::Local,
                    None => Binding::Function,
                });
                if class_around(parent).is_some() {
                    word.role = Role::Member;
                }
            }
            "class_definition" if is("name") => word.binding = Some(Binding::Class),
            "dotted_name" | "aliased_import" => self.python_import(node, word),
            _ if is_parameter(node) => word.binding = Some(Binding::Parameter),
            _ if is_target(node) => {
                let in_class = enclosing(node, &["class_definition", "function_definition", "lambda"])
                    .is_some_and(|found| found.kind() == "class_definition");
                word.binding = Some(match (in_class, in_function) {
                    (true, _) => Binding::Field,
                    (_, true) => Binding::Local,
                    _ => Binding::Variable,
                });
                if in_class {
                    word.role = Role::Key;
                }
            }
            _ => {}
        }
    }

    fn python_import(&self, node: Node, word: &mut Word) {
        let Some(statement) =
            enclosing(node, &["import_statement", "import_from_statement", "future_import_statement"])
        else {
            return;
        };
        let module = statement.child_by_field_name("module_name").or_else(|| statement.child_by_field_name("name"));
        let root = module.map_or("", |module| self.of(module)).split(['.', ' ']).next().unwrap_or_default();
        // A relative import begins with a dot.
        if !root.is_empty() && !self.own.contains(root) || statement.kind() == "import_statement" {
            word.binding = Some(Binding::Foreign);
        }
    }

    fn has_foreign_base(&self, class: Node) -> bool {
        let mut bases = Vec::new();
        let heritage = |child: &Node| matches!(child.kind(), "argument_list" | "class_heritage");
        for child in class.children(&mut class.walk()).filter(heritage) {
            names_below(child, &mut bases);
        }
        bases.iter().any(|base| {
            let name = self.of(*base);
            !PLAIN_BASES.contains(&name) && !self.own.contains(&format!("class {name}"))
        })
    }

    fn typescript(&self, node: Node, in_function: bool, word: &mut Word) {
        let Some(parent) = node.parent() else { return };
        let is = |field: &str| parent.child_by_field_name(field) == Some(node);
        if enclosing(node, &["ambient_declaration", "internal_module", "module"]).is_some() {
            word.binding = Some(Binding::Foreign);
            return;
        }
        match parent.kind() {
            "member_expression" | "nested_type_identifier" | "nested_identifier" if word.role == Role::Member => {
                word.of = parent.child_by_field_name("object").map(|object| self.of(object).to_owned());
            }
            "function_declaration" | "generator_function_declaration" if is("name") => {
                word.binding = Some(if in_function { Binding::Local } else { Binding::Function });
            }
            "class_declaration"
            | "abstract_class_declaration"
            | "interface_declaration"
            | "type_alias_declaration"
            | "enum_declaration"
                if is("name") =>
            {
                word.binding = Some(Binding::Class);
            }
            "method_definition" | "method_signature" | "abstract_method_signature" if is("name") => {
                let class = enclosing(parent, &["class_declaration", "abstract_class_declaration", "object"]);
                let foreign = class.is_some_and(|class| class.kind() == "object" || self.has_foreign_base(class));
                word.binding = Some(if foreign { Binding::Foreign } else { Binding::Method });
            }
            "public_field_definition" | "property_signature" if is("name") => word.binding = Some(Binding::Field),
            "import_specifier" | "import_clause" | "namespace_import" => {
                let statement = enclosing(node, &["import_statement"]);
                let source = statement.and_then(|found| found.child_by_field_name("source"));
                let own = source.is_some_and(|source| is_own_path(self.of(source).trim_matches(['\'', '"'])));
                word.binding = match parent.kind() {
                    _ if !own => Some(Binding::Foreign),
                    "namespace_import" => Some(Binding::Alias),
                    _ => None,
                };
            }
            "required_parameter" | "optional_parameter" if is("pattern") => {
                let is_property = parent
                    .children(&mut parent.walk())
                    .any(|child| matches!(child.kind(), "accessibility_modifier" | "readonly" | "override_modifier"));
                word.binding = Some(if is_property { Binding::Foreign } else { Binding::Local });
            }
            "arrow_function" if is("parameter") => word.binding = Some(Binding::Local),
            _ if is_declared(node) => {
                word.binding = Some(if in_function { Binding::Local } else { Binding::Variable });
            }
            _ => {}
        }
    }
}

fn is_own_path(text: &str) -> bool {
    ["./", "../", "@/", "~/"].iter().any(|start| text.starts_with(start))
}

fn is_function(node: Node) -> bool {
    matches!(
        node.kind(),
        "function_definition"
            | "function_declaration"
            | "generator_function_declaration"
            | "function_expression"
            | "generator_function"
            | "arrow_function"
            | "method_definition"
            | "lambda"
    )
}

fn enclosing<'t>(node: Node<'t>, kinds: &[&str]) -> Option<Node<'t>> {
    let mut at = node.parent();
    while let Some(found) = at {
        if kinds.contains(&found.kind()) {
            return Some(found);
        }
        at = found.parent();
    }
    None
}

/// The class whose body a function stands in, if nothing else is between them.
fn class_around(function: Node) -> Option<Node> {
    let around = enclosing(function, &["class_definition", "function_definition", "lambda"])?;
    (around.kind() == "class_definition").then_some(around)
}

fn names_below<'t>(node: Node<'t>, names: &mut Vec<Node<'t>>) {
    if matches!(node.kind(), "identifier" | "type_identifier" | "property_identifier") {
        names.push(node);
    }
    if matches!(node.kind(), "type_arguments" | "subscript" | "keyword_argument") {
        return;
    }
    for child in node.children(&mut node.walk()) {
        names_below(child, names);
    }
}

/// Whether a name is a parameter of a Python function.
fn is_parameter(node: Node) -> bool {
    let Some(parent) = node.parent() else { return false };
    match parent.kind() {
        "parameters" | "lambda_parameters" | "list_splat_pattern" | "dictionary_splat_pattern" => true,
        "typed_parameter" => parent.child(0) == Some(node),
        "default_parameter" | "typed_default_parameter" => parent.child_by_field_name("name") == Some(node),
        _ => false,
    }
}

/// Whether a Python statement or expression gives a name its value.
fn is_target(node: Node) -> bool {
    let (mut at, mut child) = (node.parent(), node);
    while let Some(parent) = at {
        match parent.kind() {
            "pattern_list" | "tuple_pattern" | "list_pattern" | "as_pattern_target" => {}
            "assignment" | "augmented_assignment" | "for_statement" | "for_in_clause" => {
                return parent.child_by_field_name("left") == Some(child);
            }
            "named_expression" => return parent.child_by_field_name("name") == Some(child),
            "as_pattern" => return parent.child_by_field_name("alias") == Some(child),
            _ => return false,
        }
        (at, child) = (parent.parent(), parent);
    }
    false
}

/// Whether a declaration of TypeScript gives a name its value.
fn is_declared(node: Node) -> bool {
    let (mut at, mut child) = (node.parent(), node);
    while let Some(parent) = at {
        match parent.kind() {
            "object_pattern" | "array_pattern" | "rest_pattern" => {}
            "pair_pattern" if parent.child_by_field_name("value") == Some(child) => {}
            "object_assignment_pattern" | "assignment_pattern" if parent.child_by_field_name("left") == Some(child) => {
            }
            "variable_declarator" => return parent.child_by_field_name("name") == Some(child),
            "for_in_statement" => return parent.child_by_field_name("left") == Some(child),
            "catch_clause" => return parent.child_by_field_name("parameter") == Some(child),
            "required_parameter" | "optional_parameter" => return parent.child_by_field_name("pattern") == Some(child),
            _ => return false,
        }
        (at, child) = (parent.parent(), parent);
    }
    false
}
