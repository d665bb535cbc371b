//! Imports and exports, of modules as the language has them and as CommonJS has them.

use super::expressions::transparent;
use super::literals;
use super::patterns::bound_names;
use super::statements::Binding;
use super::syntax::{Field, Kind, Node};
use super::{Lowering, expression, name, statement};
use crate::model::{Assignment, Block, Export, Expression, ExpressionKind, Import, Span, Statement, StatementKind};

impl Lowering {
    pub(super) fn import(&mut self, node: Node<'_>, out: &mut Block) {
        let span = node.span();
        if node.kind() == Kind::ImportAlias {
            return self.import_alias(node, out);
        }
        if let Some(clause) = node.child(Kind::ImportRequireClause) {
            let (Some(local), Some(source)) = (clause.child(Kind::Identifier), clause.field(Field::Source)) else {
                return;
            };
            let import = required(literals::string(source), None, local.text());
            return out.push(statement(span, StatementKind::Import(import)));
        }
        let Some(source) = node.field(Field::Source).map(literals::string) else { return };
        let is_type_only = node.has(Kind::TypeWord);
        let before = out.len();
        let mut push = |span: Span, name: Option<&str>, local: &str, is_type: bool| {
            let import = Import {
                source: source.clone(),
                name: name.map(str::to_owned),
                local: local.to_owned(),
                is_require: false,
                is_type_only: is_type_only || is_type,
                is_exported: false,
            };
            out.push(statement(span, StatementKind::Import(import)));
        };
        for part in node.child(Kind::ImportClause).into_iter().flat_map(Node::parts) {
            match part.kind() {
                Kind::Identifier => push(part.span(), Some("default"), part.text(), false),
                Kind::NamespaceImport => {
                    push(part.span(), None, part.first().map(Node::text).unwrap_or_default(), false);
                }
                Kind::NamedImports => {
                    for specifier in part.parts() {
                        let Some(named) = specifier.field(Field::Name) else { continue };
                        let local = specifier.field(Field::Alias).unwrap_or(named).text();
                        push(specifier.span(), Some(&module_name(named)), local, specifier.has(Kind::TypeWord));
                    }
                }
                _ => {}
            }
        }
        if out.len() == before {
            let import = Import {
                source,
                name: None,
                local: String::new(),
                is_require: false,
                is_type_only,
                is_exported: false,
            };
            out.push(statement(span, StatementKind::Import(import)));
        }
    }

    /// `import a = B.C`: another name for a member of a namespace.
    fn import_alias(&mut self, node: Node<'_>, out: &mut Block) {
        let mut parts = node.parts();
        let (Some(local), Some(aliased)) = (parts.next(), parts.next()) else { return };
        let value = Some(self.expression(aliased));
        let assignment = Assignment { target: name(local), annotation: None, value, operator: None, declares: true };
        out.push(statement(node.span(), StatementKind::Assign(Box::new(assignment))));
    }

    /// `const x = require('m')` and `const {a, b: c} = require('m')` are imports. Whether this was one.
    pub(super) fn require_declaration(
        &mut self,
        span: Span,
        target: Node<'_>,
        value: Option<Node<'_>>,
        out: &mut Block,
    ) -> bool {
        let Some(source) = value.and_then(required_source) else { return false };
        if target.kind() == Kind::Identifier {
            out.push(statement(span, StatementKind::Import(required(source, None, target.text()))));
            return true;
        }
        let pattern = self.pattern(target);
        let ExpressionKind::Object(entries) = &pattern.kind else { return false };
        let imports: Option<Vec<Statement>> = entries
            .iter()
            .map(|entry| {
                let local = match &entry.value.kind {
                    ExpressionKind::Operator { operands, .. } => operands.first()?,
                    ExpressionKind::Spread(rest) => rest,
                    _ => &entry.value,
                };
                let ExpressionKind::Name(local_name) = &local.kind else { return None };
                let import = required(source.clone(), entry.key.clone(), local_name);
                Some(statement(entry.value.span, StatementKind::Import(import)))
            })
            .collect();
        let is_import = imports.is_some();
        out.extend(imports.into_iter().flatten());
        is_import
    }

    /// `require('m')` as a statement of its own: an import for its effects.
    pub(super) fn bare_require(&mut self, node: Node<'_>) -> Option<Import> {
        required_source(node).map(|source| required(source, None, ""))
    }

    pub(super) fn export(&mut self, node: Node<'_>, out: &mut Block) {
        let span = node.span();
        let is_default = node.has(Kind::DefaultWord);
        if let Some(declaration) = node.field(Field::Declaration) {
            return self.export_declaration(node, declaration, is_default, out);
        }
        let source = node.field(Field::Source).map(literals::string);
        if let Some(clause) = node.child(Kind::ExportClause) {
            for specifier in clause.parts() {
                let Some(named) = specifier.field(Field::Name) else { continue };
                let exported = specifier.field(Field::Alias).unwrap_or(named);
                let value = expression(named.span(), ExpressionKind::Name(module_name(named)));
                self.push_export(specifier.span(), module_name(exported), Some(value), source.clone(), out);
            }
            return;
        }
        if let Some(namespace) = node.child(Kind::NamespaceExport) {
            let exported = namespace.first().map(module_name).unwrap_or_default();
            return self.push_export(span, exported, None, source, out);
        }
        if node.has(Kind::Star) {
            return self.push_export(span, "*".to_owned(), None, source, out);
        }
        let value = node.field(Field::Value).or_else(|| node.parts().find(|part| part.kind() != Kind::Decorator));
        let Some(value) = value else { return };
        match (is_default, node.has(Kind::EqualsSign)) {
            (true, _) => self.export_value(node, "default", value, out),
            (_, true) => self.export_value(node, "=", value, out),
            // `export as namespace N` says something only to other files' types.
            _ => {}
        }
    }

    /// Exports a value; a class gets a statement of its own, under the export's name if it has none.
    fn export_value(&mut self, node: Node<'_>, exported: &str, value: Node<'_>, out: &mut Block) {
        let value = transparent(value);
        let lowered = match value.kind() {
            Kind::Class => {
                let decorators = self.decorators(node);
                let mut class = self.class(value, None, decorators);
                if class.name.is_empty() {
                    exported.clone_into(&mut class.name);
                }
                let reference = expression(class.name_span, ExpressionKind::Name(class.name.clone()));
                out.push(statement(value.span(), StatementKind::Class(Box::new(class))));
                reference
            }
            _ => self.expression(value),
        };
        self.push_export(node.span(), exported.to_owned(), Some(lowered), None, out);
    }

    fn export_declaration(&mut self, node: Node<'_>, declaration: Node<'_>, is_default: bool, out: &mut Block) {
        let before = out.len();
        match declaration.kind() {
            Kind::ClassDeclaration | Kind::AbstractClassDeclaration => {
                let decorators = self.decorators(node);
                let class = self.class(declaration, None, decorators);
                out.push(statement(declaration.span(), StatementKind::Class(Box::new(class))));
            }
            _ => {
                let block = self.branch(Some(declaration));
                out.extend(block);
            }
        }
        let mut declared: Vec<(Span, String)> = Vec::new();
        for statement in out.iter().skip(before) {
            match &statement.kind {
                StatementKind::Function(function) => declared.push((function.name_span, function.name.clone())),
                StatementKind::Class(class) => declared.push((class.name_span, class.name.clone())),
                StatementKind::Import(import) => declared.push((statement.span, import.local.clone())),
                StatementKind::Assign(assignment) => {
                    let mut names = Vec::new();
                    bound_names(&assignment.target, &mut names);
                    declared.extend(names.into_iter().filter_map(|bound| match &bound.kind {
                        ExpressionKind::Name(name) => Some((bound.span, name.clone())),
                        _ => None,
                    }));
                }
                _ => {}
            }
        }
        if matches!(declaration.kind(), Kind::InternalModule | Kind::Module) {
            declared.extend(declaration.field(Field::Name).map(|named| (named.span(), named.text().to_owned())));
        }
        for (span, declared) in declared {
            let exported = if is_default { "default".to_owned() } else { declared.clone() };
            let value = expression(span, ExpressionKind::Name(declared));
            self.push_export(node.span(), exported, Some(value), None, out);
        }
    }

    fn push_export(
        &mut self,
        span: Span,
        name: String,
        value: Option<Expression>,
        source: Option<String>,
        out: &mut Block,
    ) {
        if self.namespaces == 0 {
            out.push(statement(span, StatementKind::Export(Export { name, value, source })));
        }
    }

    /// Lowers an assignment with `module.exports` or `exports.x` among its targets. Whether this was one.
    ///
    /// Of a chain `a = exports.b = v` the first target takes the value, the others refer to it.
    pub(super) fn assign_export(&mut self, binding: &Binding<'_>, out: &mut Block) -> bool {
        let mut targets = vec![binding.target];
        let mut value = binding.value.map(transparent);
        while let Some(inner) = value.filter(|inner| inner.kind() == Kind::AssignmentExpression) {
            targets.extend(inner.field(Field::Left).map(transparent));
            value = inner.field(Field::Right).map(transparent);
        }
        let Some(value) = value.filter(|_| targets.iter().any(|target| export_target(*target).is_some())) else {
            return false;
        };
        let mut reference: Option<Expression> = None;
        for (position, target) in targets.into_iter().enumerate() {
            let span = if position == 0 { binding.span } else { target.span() };
            match (export_target(target), reference.clone()) {
                (Some(exported), Some(shared)) => self.push_export(span, exported, Some(shared), None, out),
                (Some(exported), None) => {
                    let whole = Whole { span, exported };
                    let shared = self.export_assigned(whole, value, out);
                    reference = shared.or_else(|| Some(self.expression(target)));
                }
                (None, shared) => {
                    let is_first = shared.is_none();
                    let target = self.pattern(target);
                    let value = shared.unwrap_or_else(|| self.expression(value));
                    reference.get_or_insert_with(|| target.clone());
                    let declares = is_first && binding.declares;
                    let assignment =
                        Assignment { target, annotation: None, value: Some(value), operator: None, declares };
                    out.push(statement(span, StatementKind::Assign(Box::new(assignment))));
                }
            }
        }
        true
    }

    /// Exports an assigned value. Returns what other targets may repeat: a name or a literal.
    fn export_assigned(&mut self, whole: Whole, value: Node<'_>, out: &mut Block) -> Option<Expression> {
        let lowered = match value.kind() {
            Kind::Class => {
                let mut class = self.class(value, None, Vec::new());
                if class.name.is_empty() {
                    class.name.clone_from(&whole.exported);
                }
                let reference = expression(class.name_span, ExpressionKind::Name(class.name.clone()));
                out.push(statement(value.span(), StatementKind::Class(Box::new(class))));
                reference
            }
            _ => self.expression(value),
        };
        let repeatable = matches!(lowered.kind, ExpressionKind::Name(_) | ExpressionKind::Literal(_));
        let shared = repeatable.then(|| lowered.clone());
        self.push_export(whole.span, whole.exported, Some(lowered), None, out);
        shared
    }
}

/// Where and under which name something is exported by an assignment.
struct Whole {
    span: Span,
    exported: String,
}

/// The exported name, when assigning to this exports something: `=` for `module.exports` itself.
fn export_target(node: Node<'_>) -> Option<String> {
    let exported = property(node)?;
    let object = node.field(Field::Object)?;
    match object.kind() {
        Kind::Identifier if object.text() == "exports" => Some(exported.to_owned()),
        Kind::Identifier if object.text() == "module" && exported == "exports" => Some("=".to_owned()),
        Kind::MemberExpression if property(object) == Some("exports") => {
            let module = object.field(Field::Object)?;
            (module.kind() == Kind::Identifier && module.text() == "module").then(|| exported.to_owned())
        }
        _ => None,
    }
}

/// The property that a member expression names.
fn property(node: Node<'_>) -> Option<&str> {
    let named = node.field(Field::Property)?;
    (node.kind() == Kind::MemberExpression && named.kind() == Kind::PropertyIdentifier).then(|| named.text())
}

/// The module of `require('m')`.
fn required_source(node: Node<'_>) -> Option<String> {
    let call = transparent(node);
    let function = (call.kind() == Kind::CallExpression).then(|| call.field(Field::Function)).flatten()?;
    if function.kind() != Kind::Identifier || function.text() != "require" {
        return None;
    }
    let mut arguments = call.field(Field::Arguments)?.parts();
    let source = arguments.next().filter(|_| arguments.next().is_none())?;
    let is_text = match source.kind() {
        Kind::StringLiteral => true,
        Kind::TemplateString => !source.has(Kind::TemplateSubstitution),
        _ => false,
    };
    is_text.then(|| literals::string(source))
}

fn required(source: String, name: Option<String>, local: &str) -> Import {
    Import { source, name, local: local.to_owned(), is_require: true, is_type_only: false, is_exported: false }
}

/// A name in an import or export list, which may be quoted.
fn module_name(node: Node<'_>) -> String {
    match node.kind() {
        Kind::StringLiteral => literals::string(node),
        _ => node.text().to_owned(),
    }
}
