//! Whether a name somewhere in the program goes for a thing that is kept: what merely has the same name in another
//! function, module or application is another thing.

use std::cell::Cell;
use std::rc::Rc;

use crate::link::units::{Binding, ClassId, ModuleId, UnitId};
use crate::link::{Program, Value};
use crate::model::{Expression, ExpressionKind, Literal};

use super::Inputs;
use super::changes::{Changes, Group};
use super::words::leads_to_part;

/// Names behind names that are followed.
const DEPTH: usize = 6;
/// Names that are looked up to compare one expression with one name.
const LOOKUPS: usize = 400;

/// One name of what is followed, with where it is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Alias<'m> {
    pub name: &'m str,
    pub module: ModuleId,
    pub bound: Bound,
    /// Whether what goes by it is only a copy.
    pub is_copy: bool,
}

/// What gives a name its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Bound {
    /// The unit that binds it.
    Unit(UnitId),
    /// An attribute, of a class where that is known.
    Attribute(Option<ClassId>),
    /// A key under which a library keeps it.
    Key,
}

/// Compares what is written in a unit with the names of a thing.
pub(super) struct Same<'s, 'c, 'p, 'm> {
    pub program: &'p Program<'m>,
    inputs: &'s Inputs<'c, 'p, 'm>,
    names: &'s [Alias<'m>],
    left: Cell<usize>,
}

impl<'s, 'c, 'p, 'm> Same<'s, 'c, 'p, 'm> {
    pub(super) fn new(inputs: &'s Inputs<'c, 'p, 'm>, names: &'s [Alias<'m>]) -> Self {
        Same { program: inputs.case.program, inputs, names, left: Cell::new(0) }
    }

    /// Where the program changes collections: some of them are the thing.
    pub(super) fn changes(&self) -> &'s Changes<'m> {
        self.inputs.changes()
    }

    /// Which of a group of changes are changes of the thing, in the order of the program. Each name is compared once,
    /// for many things share their names.
    pub(super) fn changed(&self, group: Group) -> Vec<usize> {
        let mut all: Vec<usize> = Vec::new();
        for alias in self.names {
            all.extend(self.changed_as(alias, group).iter());
        }
        all.sort_unstable();
        all.dedup();
        all
    }

    fn changed_as(&self, alias: &Alias<'m>, group: Group) -> Rc<[usize]> {
        let key = (Alias { is_copy: false, ..*alias }, group);
        if let Some(known) = self.inputs.changed.borrow().get(&key) {
            return known.clone();
        }
        let found: Rc<[usize]> = self
            .changes()
            .places(self.program, group)
            .filter(|(_, of, unit)| {
                self.left.set(LOOKUPS);
                self.mentions(of, *unit, alias, 0)
            })
            .map(|(index, ..)| index)
            .collect();
        self.inputs.changed.borrow_mut().insert(key, found.clone());
        found
    }

    fn mentions(&self, expression: &'m Expression, unit: UnitId, alias: &Alias<'m>, depth: usize) -> bool {
        if depth > DEPTH {
            return false;
        }
        let here = |inner: &'m Expression| self.mentions(inner, unit, alias, depth);
        match &expression.kind {
            ExpressionKind::Name(name) => self.names_it(name, unit, alias, depth),
            ExpressionKind::Member { object, name } => {
                name == alias.name && self.has_it(object, unit, alias) || here(object)
            }
            ExpressionKind::Index { object, index } => here(object) || self.is_key(index, unit, alias),
            ExpressionKind::Await(inner) => here(inner),
            ExpressionKind::Conditional { then, otherwise, .. } => here(then) || here(otherwise),
            ExpressionKind::Operator { operator, operands } => {
                matches!(operator.as_str(), "or" | "and" | "??" | "?") && operands.iter().any(here)
            }
            // A copy is another thing.
            ExpressionKind::Slice { object, .. } => depth == 0 && here(object),
            ExpressionKind::Call(call) => {
                let keeps = match &call.callee.kind {
                    ExpressionKind::Member { name, .. } => depth == 0 || leads_to_part(name),
                    _ => false,
                };
                keeps && here(&call.callee)
                    || call.arguments.iter().any(|argument| self.is_key(&argument.value, unit, alias))
            }
            _ => false,
        }
    }

    fn runs_with(&self, unit: UnitId, alias: &Alias<'m>) -> bool {
        self.inputs.case.run_together(self.program.module_of(unit), alias.module)
    }

    fn is_key(&self, expression: &Expression, unit: UnitId, alias: &Alias<'m>) -> bool {
        matches!(&expression.kind, ExpressionKind::Literal(Literal::Text(key)) if key == alias.name)
            && self.runs_with(unit, alias)
    }

    /// Whether a member of this name is the thing: of an object of the same class, of a module.
    fn has_it(&self, object: &'m Expression, unit: UnitId, alias: &Alias<'m>) -> bool {
        let is_self = matches!(&object.kind, ExpressionKind::Name(root) if root == "self");
        match alias.bound {
            Bound::Unit(_) if is_self => false,
            Bound::Attribute(Some(class)) => {
                let values = self.program.values(object, self.program.open_frame(unit));
                let mut classes = values.iter().filter_map(|value| match value {
                    Value::Instance { class, .. } | Value::Class(class) => Some(*class),
                    _ => None,
                });
                match classes.next() {
                    Some(first) => std::iter::once(first)
                        .chain(classes)
                        .any(|other| self.derives(other, class, 0) || self.derives(class, other, 0)),
                    None => self.runs_with(unit, alias),
                }
            }
            _ => self.runs_with(unit, alias),
        }
    }

    fn derives(&self, class: ClassId, from: ClassId, depth: usize) -> bool {
        let info = &self.program.units.classes[class];
        let home = self.program.open_frame(info.unit);
        class == from
            || depth < DEPTH
                && info.class.bases.iter().any(|base| {
                    self.program.values(base, home).iter().any(|value| match value {
                        Value::Class(base) => *base != class && self.derives(*base, from, depth + 1),
                        _ => false,
                    })
                })
    }

    /// Whether a name in a unit is the thing: bound by the same unit, imported, or a name for what is the thing.
    fn names_it(&self, name: &'m str, unit: UnitId, alias: &Alias<'m>, depth: usize) -> bool {
        let program = self.program;
        let Some(left) = self.left.get().checked_sub(1) else { return false };
        self.left.set(left);
        let mut at = Some(unit);
        while let Some(id) = at {
            let info = &program.units.units[id];
            at = info.parent;
            let Some(bindings) = info.names.get(name) else { continue };
            if alias.bound == Bound::Unit(id) && name == alias.name {
                return true;
            }
            // `global turns; turns = turns[-10:]`: the name within is the one outside.
            let is_outer = |binding: &Binding<'m>| match binding {
                Binding::Value { value, .. } => info.function.is_some() && super::words::mentions(value, name),
                _ => false,
            };
            if bindings.iter().all(is_outer) {
                continue;
            }
            return bindings.iter().take(DEPTH).any(|binding| match binding {
                Binding::Value { value, .. } if !is_outer(binding) => self.mentions(value, id, alias, depth + 1),
                Binding::Element { over, .. } => self.mentions(over, id, alias, depth + 1),
                Binding::Context(context) => self.mentions(context, id, alias, depth + 1),
                Binding::Import(import) => {
                    matches!(alias.bound, Bound::Unit(_))
                        && import.name.as_deref() == Some(alias.name)
                        && self.runs_with(id, alias)
                }
                Binding::Parameter { index, .. } => {
                    let Some(function) = info.function else { return false };
                    program.callers_of(id).iter().take(DEPTH).any(|site| {
                        program.passed_from(function, *index, *site).is_some_and(|(given, _)| {
                            self.mentions(given, program.units.calls[site.call].unit, alias, depth + 1)
                        })
                    })
                }
                _ => false,
            });
        }
        // What no scope binds comes from elsewhere.
        name == alias.name && self.runs_with(unit, alias)
    }
}
