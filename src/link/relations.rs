//! Rows that belong to a row: the field of another table that points to it says under which name it has them
//! (`chat = ForeignKey(Chat, related_name="turns")`, then `chat.turns`).

use rustc_hash::FxHashMap;

use super::Program;
use super::arguments::Given;
use super::units::ClassId;
use super::values::{Site, Value, Values};
use crate::model::{ExpressionKind, Literal};
use crate::rules::catalogue::{Fact, Kind};

/// Fields that may point to rows of another table, by the name under which those have the rows that point to them.
pub(super) type Relations = FxHashMap<String, Vec<Relation>>;

/// A field of a class that is made by a call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Relation {
    owner: ClassId,
    made: Site,
}

impl<'m> Program<'m> {
    /// What a row has under a name because rows of another table point to it; where the class of the row is not known,
    /// only one field may say this name.
    pub(super) fn related(&self, class: Option<ClassId>, name: &str) -> Values<'m> {
        let relations = self.relations.get_or_init(|| self.find_relations());
        let Some(named) = relations.get(name) else { return Values::new() };
        let pointing = named.iter().filter_map(|relation| {
            let paths = self.callee_paths(relation.made);
            let facts = paths.iter().flat_map(|path| self.facts_of(path, Kind::Relation));
            let (_, fact) = facts.into_iter().next()?;
            let is_meant = class.is_none_or(|class| self.points_to(*relation, fact, class));
            is_meant.then_some((relation.owner, fact))
        });
        let pointing: Vec<(ClassId, &Fact)> = pointing.collect();
        match pointing.as_slice() {
            [(owner, fact)] => match fact.by.as_deref() {
                Some(rows) => self.member(&Value::Class(*owner), rows, None),
                None => vec![Value::Class(*owner)],
            },
            _ => Values::new(),
        }
    }

    /// What an object of the program has under a name as a row to which others point.
    pub(super) fn related_of(&self, object: &Value<'m>, name: &str) -> Values<'m> {
        match object {
            Value::Instance { class, .. } => self.related(Some(*class), name),
            _ => Values::new(),
        }
    }

    /// Whether a field points to rows of a class, which it gives itself or by its name: `"Chat"`, `"desk.Chat"`.
    fn points_to(&self, relation: Relation, fact: &Fact, class: ClassId) -> bool {
        let Some(path) = fact.value.as_deref() else { return false };
        let Given::Present { expression, frame } = self.argument(relation.made, path) else { return false };
        if let ExpressionKind::Literal(Literal::Text(name)) = &expression.kind {
            let name = name.rsplit('.').next().unwrap_or(name);
            return self.line_of(class).iter().any(|class| self.units.classes[*class].class.name == name);
        }
        let values = self.values(expression, frame);
        values.iter().any(|value| matches!(value, Value::Class(target) if self.line_of(class).contains(target)))
    }

    /// All fields that may be such, by how they are written: what they are is asked later.
    fn find_relations(&self) -> Relations {
        let facts: Vec<&Fact> = self.catalogue.of_kind(Kind::Relation).map(|(_, fact)| fact).collect();
        let mut relations = Relations::default();
        for (owner, info) in self.units.classes.iter().enumerate() {
            for (unit, field) in info.fields.values().flatten().filter(|(unit, _)| *unit == info.unit) {
                let Some(ExpressionKind::Call(call)) = field.value.as_ref().map(|value| &value.kind) else { continue };
                let Some(id) = self.units.call_id(call) else { continue };
                let told = call.arguments.iter().find_map(|argument| {
                    let is_name = |key: &str| facts.iter().any(|fact| fact.keys.iter().any(|known| known == key));
                    argument.name.as_deref().filter(|key| is_name(key))?;
                    match &argument.value.kind {
                        ExpressionKind::Literal(Literal::Text(name)) => Some(name.clone()),
                        _ => None,
                    }
                });
                let name = told.unwrap_or_else(|| format!("{}_set", info.class.name.to_lowercase()));
                let made = Site { call: id, frame: self.open_frame(*unit) };
                relations.entry(name).or_default().push(Relation { owner, made });
            }
        }
        relations
    }
}
