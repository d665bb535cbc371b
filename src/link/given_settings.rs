//! Settings that a program gives to an object of a library: one by one (`app.config["LIMIT"] = 5`), several at once
//! (`app.config.update(LIMIT=5)`), or by a class that holds them (`app.config.from_object(Settings)`).

mod under_keys;

use rustc_hash::FxHashMap;

use crate::model::{Expression, ExpressionKind, Literal, StatementKind};

pub(super) use under_keys::Giving;

use super::Program;
use super::names::Target;
use super::units::{ClassId, NodeKind};
use super::values::{FrameId, Site, Value};

/// A value that is given, in its frame.
pub type GivenSetting<'m> = (&'m Expression, FrameId);

/// Settings that are given, by their canonical names (`flask.Flask().config.LIMIT`).
pub type GivenSettings<'m> = FxHashMap<String, Vec<GivenSetting<'m>>>;

impl<'m> Program<'m> {
    /// Everything that is given for a setting anywhere in the program.
    pub fn given_setting(&self, name: &str) -> Vec<GivenSetting<'m>> {
        let all = self.given_settings.get_or_init(|| self.find_given_settings());
        all.get(name).cloned().unwrap_or_default()
    }

    fn find_given_settings(&self) -> GivenSettings<'m> {
        let mut all = GivenSettings::default();
        for node in &self.units.nodes {
            let NodeKind::Plain(statement) = node.kind else { continue };
            let StatementKind::Assign(assignment) = &statement.kind else { continue };
            let ExpressionKind::Index { object, index } = &assignment.target.kind else { continue };
            let (Some(value), ExpressionKind::Literal(Literal::Text(key))) = (&assignment.value, &index.kind) else {
                continue;
            };
            let frame = self.open_frame(node.unit);
            if let Some(path) = self.values(object, frame).iter().find_map(|value| value.path()) {
                all.entry(format!("{path}.{key}")).or_default().push((value, frame));
            }
        }
        for (call, info) in self.units.calls.iter().enumerate() {
            let site = Site { call, frame: self.open_frame(info.unit) };
            for (name, value) in self.settings_at(site) {
                all.entry(name).or_default().push(value);
            }
        }
        all
    }

    /// The settings that a call gives to the object that it is made on.
    pub fn settings_at(&self, site: Site) -> Vec<(String, GivenSetting<'m>)> {
        let call = self.units.calls[site.call].call;
        let ExpressionKind::Member { object, .. } = &call.callee.kind else { return Vec::new() };
        // Only members of an object hold settings: `app.config`, not `app`.
        if !matches!(object.kind, ExpressionKind::Member { .. }) || call.arguments.len() > LONGEST {
            return Vec::new();
        }
        let objects = self.values(object, site.frame);
        let Some(path) = objects.iter().find_map(|value| value.path()) else { return Vec::new() };
        let mut all = Vec::new();
        for argument in &call.arguments {
            if let Some(name) = argument.name.as_deref().filter(|name| *name != "**") {
                all.push((format!("{path}.{name}"), (&argument.value, site.frame)));
                continue;
            }
            for (name, value) in self.settings_in(&argument.value, site.frame) {
                all.push((format!("{path}.{name}"), value));
            }
        }
        all
    }

    /// The settings in an object that is written out, or in a class, which a dotted text may name. Of several classes only
    /// what all of them have is given.
    fn settings_in(&self, given: &'m Expression, frame: FrameId) -> Vec<(String, GivenSetting<'m>)> {
        let mut classes: Vec<ClassId> = Vec::new();
        let mut all = Vec::new();
        for value in self.values(given, frame).iter() {
            match value {
                Value::Class(class) | Value::Instance { class, .. } => classes.push(*class),
                Value::Data { expression, frame } => match &expression.0.kind {
                    ExpressionKind::Object(entries) => {
                        let named = entries.iter().filter_map(|entry| Some((entry.key.clone()?, &entry.value)));
                        all.extend(named.map(|(key, value)| (key, (value, *frame))));
                    }
                    ExpressionKind::Literal(Literal::Text(dotted)) => {
                        classes.extend(self.class_named(dotted, *frame));
                    }
                    _ => {}
                },
                _ => {}
            }
        }
        if let ExpressionKind::Literal(Literal::Text(dotted)) = &given.kind {
            classes.extend(self.class_named(dotted, frame));
        }
        classes.sort_unstable();
        classes.dedup();
        let mut names: Vec<&str> = classes.iter().flat_map(|class| self.field_names(*class, 0)).collect();
        names.sort_unstable();
        names.dedup();
        for name in names {
            let values: Vec<Option<GivenSetting<'m>>> =
                classes.iter().map(|class| self.field_value(*class, name, 0)).collect();
            if values.iter().all(Option::is_some) {
                all.extend(values.into_iter().flatten().map(|value| (name.to_owned(), value)));
            }
        }
        all
    }

    /// The class of the program that a dotted text names.
    fn class_named(&self, dotted: &str, frame: FrameId) -> Option<ClassId> {
        let (source, name) = dotted.rsplit_once('.')?;
        let from = &self.modules[self.module_of(self.unit_of_frame(frame))];
        let Target::Module(module) = self.names.resolve(&from.path, from.language, source) else { return None };
        self.exported(module, name, 0)?.into_iter().find_map(|value| match value {
            Value::Class(class) => Some(class),
            _ => None,
        })
    }

    fn field_names(&self, class: ClassId, depth: usize) -> Vec<&'m str> {
        let info = &self.units.classes[class];
        let mut names: Vec<&'m str> = info.fields.keys().copied().collect();
        if depth < GENERATIONS {
            names.extend(self.bases(class).into_iter().flat_map(|base| self.field_names(base, depth + 1)));
        }
        names
    }

    /// What a class, or the nearest of its bases, gives a field in its body.
    fn field_value(&self, class: ClassId, name: &str, depth: usize) -> Option<GivenSetting<'m>> {
        let info = &self.units.classes[class];
        let own = info.fields.get(name).into_iter().flatten().find(|(unit, _)| *unit == info.unit);
        match own.and_then(|(_, field)| field.value.as_ref()) {
            Some(value) => Some((value, self.open_frame(info.unit))),
            None if depth < GENERATIONS => {
                self.bases(class).into_iter().find_map(|base| self.field_value(base, name, depth + 1))
            }
            None => None,
        }
    }

    fn bases(&self, class: ClassId) -> Vec<ClassId> {
        let info = &self.units.classes[class];
        let home = self.open_frame(info.unit);
        let bases = info.class.bases.iter().flat_map(|base| self.bases_at(base, home));
        let own = bases.filter_map(|value| match value {
            Value::Class(base) if base != class => Some(base),
            _ => None,
        });
        own.collect()
    }
}

/// Bases of bases that are looked at.
const GENERATIONS: usize = 6;
/// Arguments of a call that gives settings.
const LONGEST: usize = 60;
