//! What assignments give to names, members and keys.

use crate::model::{Assignment, Expression, ExpressionKind, Language, Literal};

use super::super::{Access, Binding, MemberAssignment, address};
use super::Walk;

impl<'m> Walk<'_, 'm> {
    pub(super) fn assignment(&mut self, assignment: &'m Assignment) {
        self.expression(&assignment.target);
        if let Some(annotation) = &assignment.annotation {
            self.expression(annotation);
        }
        let in_class = self.class.filter(|class| self.units.classes[*class].unit == self.unit);
        if let (Some(class), ExpressionKind::Name(name)) = (in_class, &assignment.target.kind) {
            let unit = self.unit;
            let info = &mut self.units.classes[class];
            info.fields.entry(name).or_default().push((unit, assignment));
            info.order.push(name);
            if let Some(value) = &assignment.value {
                self.expression(value);
            }
            return;
        }
        if let Some(value) = &assignment.value {
            self.expression(value);
            let (annotation, operator) = (assignment.annotation.as_ref(), assignment.operator.as_deref());
            let is_made_of_it = made_of(value, &assignment.target);
            let renews = is_made_of_it && self.is_unconditional();
            let is_whole = matches!(assignment.target.kind, ExpressionKind::Name(_)) && operator.is_none();
            let replaces = is_whole && !is_made_of_it;
            if let (ExpressionKind::Name(name), ExpressionKind::Object(_)) = (&assignment.target.kind, &value.kind) {
                self.units.named_objects.insert(address(value), (self.unit, name, self.node));
            }
            self.declares = assignment.declares;
            self.pattern(&assignment.target, &mut Vec::new(), &|access| {
                let (value, access) = placed(value, access);
                Binding::Value { value, access, annotation, operator, renews, replaces }
            });
            self.declares = false;
            self.outer_target(assignment, value);
            self.member_target(&assignment.target, value, assignment);
            self.keyed_target(&assignment.target, value);
            if let ExpressionKind::Index { object, index } = &assignment.target.kind {
                self.units.index_assignments.push((self.unit, object, value));
                if !matches!(index.kind, ExpressionKind::Literal(_)) {
                    self.units.computed_targets.push((self.unit, object));
                }
            }
        } else if let (ExpressionKind::Name(name), Some(annotation)) = (&assignment.target.kind, &assignment.annotation)
        {
            self.bind(name, Binding::Declared(annotation));
        } else if let (ExpressionKind::Name(name), true) = (&assignment.target.kind, assignment.declares) {
            self.units.declared.insert((self.unit, name));
        }
    }

    /// Notes an assignment that may be to a name of a unit around this one.
    pub(super) fn outer_target(&mut self, assignment: &'m Assignment, value: &'m Expression) {
        if let (ExpressionKind::Name(name), false) = (&assignment.target.kind, assignment.declares)
            && self.units.units[self.unit].function.is_some()
        {
            self.units.outer_targets.push((self.unit, name, value));
        }
    }

    /// Whether the statement at hand is one that its unit runs each time.
    pub(super) fn is_unconditional(&self) -> bool {
        self.node.and_then(|node| self.units.nodes.get(node)).is_some_and(|node| node.parent.is_none())
    }

    /// `app[CLIENT] = client`
    pub(super) fn keyed_target(&mut self, target: &'m Expression, value: &'m Expression) {
        let ExpressionKind::Index { object, index } = &target.kind else { return };
        if let (ExpressionKind::Name(key), ExpressionKind::Name(holder) | ExpressionKind::Member { name: holder, .. }) =
            (&index.kind, &object.kind)
        {
            let unit = self.unit;
            let assigned = self.units.keyed_assignments.entry((holder, key)).or_default();
            assigned.push(MemberAssignment { unit, object, value });
        }
    }

    pub(super) fn member_target(&mut self, target: &'m Expression, value: &'m Expression, assignment: &'m Assignment) {
        let (object, name) = match &target.kind {
            ExpressionKind::Member { object, name } => (object, name),
            ExpressionKind::Index { object, index } => match &index.kind {
                ExpressionKind::Literal(Literal::Text(key)) => (object, key),
                _ => return,
            },
            _ => return,
        };
        let unit = self.unit;
        if let Some(node) = self.node {
            self.units.assigned_at.insert(address(value), node);
        }
        match &object.kind {
            ExpressionKind::Name(holder) if holder == "self" || holder == "cls" => {
                if let Some(class) = self.enclosing_class() {
                    self.units.classes[class].fields.entry(name).or_default().push((unit, assignment));
                }
            }
            ExpressionKind::Name(holder) | ExpressionKind::Member { name: holder, .. } => {
                self.units.member_assignments.entry((holder, name)).or_default().push(MemberAssignment {
                    unit,
                    object,
                    value,
                });
            }
            _ => {}
        }
    }

    /// Binds what each item of something is: of `(number, item)` the item is one of what is numbered.
    pub(super) fn elements(&mut self, target: &'m Expression, over: &'m Expression) {
        if let (ExpressionKind::List(pair), Some(numbered)) = (&target.kind, numbered(over))
            && let [number, item] = pair.as_slice()
        {
            let first = vec![Access::Position(0)];
            self.pattern(number, &mut first.clone(), &|access| Binding::Element { over, access });
            self.pattern(item, &mut Vec::new(), &|access| Binding::Element { over: numbered, access });
            return;
        }
        self.pattern(target, &mut Vec::new(), &|access| Binding::Element { over, access });
    }

    /// Binds the names of a pattern.
    pub(super) fn pattern(
        &mut self,
        target: &'m Expression,
        access: &mut Vec<Access<'m>>,
        make: &dyn Fn(Vec<Access<'m>>) -> Binding<'m>,
    ) {
        if access.len() > 8 {
            return;
        }
        match &target.kind {
            ExpressionKind::Name(name) => self.bind(name, make(access.clone())),
            ExpressionKind::List(items) => {
                for (position, item) in items.iter().enumerate() {
                    access.push(if matches!(item.kind, ExpressionKind::Spread(_)) {
                        Access::Rest
                    } else {
                        Access::Position(position)
                    });
                    self.pattern(item, access, make);
                    access.pop();
                }
            }
            ExpressionKind::Object(entries) => {
                for entry in entries {
                    access.push(entry.key.as_deref().map_or(Access::Rest, Access::Key));
                    self.pattern(&entry.value, access, make);
                    access.pop();
                }
            }
            // `Some(x)`, `Ok(x)`: the wrapped value; what wraps it leaves no trace. `Point { x }`, `Point(x=x)`: a field.
            ExpressionKind::Call(call) => {
                let class = class_of_fields(self.language, &call.callee);
                for (place, argument) in call.arguments.iter().enumerate() {
                    let part = match argument.name.as_deref() {
                        Some(name) => Some(Access::Key(name)),
                        None => class.map(|class| Access::Field { class, place }),
                    };
                    access.extend(part);
                    self.pattern(&argument.value, access, make);
                    access.truncate(access.len() - usize::from(part.is_some()));
                }
            }
            ExpressionKind::Operator { operator, operands } if operator == "=" || operator == "|" => {
                if let Some(first) = operands.first() {
                    self.pattern(first, access, make);
                }
                for rest in operands.iter().skip(1) {
                    self.expression(rest);
                }
            }
            ExpressionKind::Spread(inner) => self.pattern(inner, access, make),
            _ => {}
        }
    }
}

/// The class whose fields a pattern names by their order, as Python's do: what is built in (`str(text)`) is taken whole.
fn class_of_fields(language: Language, callee: &Expression) -> Option<&str> {
    let (ExpressionKind::Name(name) | ExpressionKind::Member { name, .. }) = &callee.kind else { return None };
    (language == Language::Python && name.starts_with(char::is_uppercase)).then_some(name)
}

/// Of `first, rest = turns[:1], turns[1:]` each name holds what stands at its place.
fn placed<'m>(mut value: &'m Expression, mut access: Vec<Access<'m>>) -> (&'m Expression, Vec<Access<'m>>) {
    while let (ExpressionKind::List(items), Some(Access::Position(place))) = (&value.kind, access.first()) {
        let mut until = items.iter().take(place + 1);
        let Some(item) =
            items.get(*place).filter(|_| until.all(|item| !matches!(item.kind, ExpressionKind::Spread(_))))
        else {
            break;
        };
        value = item;
        access.remove(0);
    }
    (value, access)
}

/// Whether a value is made of what goes by a name so far: by a method of it, or as an argument.
fn made_of(value: &Expression, target: &Expression) -> bool {
    let is_it = |each: &Expression| match (&each.kind, &target.kind) {
        (ExpressionKind::Name(each), ExpressionKind::Name(name)) => each == name,
        _ => false,
    };
    match &value.kind {
        ExpressionKind::Await(inner) | ExpressionKind::Member { object: inner, .. } => made_of(inner, target),
        ExpressionKind::Call(call) => {
            made_of(&call.callee, target) || call.arguments.iter().any(|argument| is_it(&argument.value))
        }
        _ => is_it(value),
    }
}

/// What is iterated in pairs of its items with their numbers or keys: `enumerate(models)`, `models.items()`,
/// `Object.entries(models)`, `models.iter().enumerate()`.
fn numbered(over: &Expression) -> Option<&Expression> {
    let ExpressionKind::Call(call) = &over.kind else { return None };
    let first = call.arguments.first().filter(|argument| argument.name.is_none()).map(|argument| &argument.value);
    match &call.callee.kind {
        ExpressionKind::Name(name) if name == "enumerate" => first,
        ExpressionKind::Member { object, name } => match (name.as_str(), first) {
            ("entries", Some(of)) if matches!(&object.kind, ExpressionKind::Name(name) if name == "Object") => Some(of),
            ("entries" | "items" | "enumerate", None) => Some(object),
            _ => None,
        },
        _ => None,
    }
}
