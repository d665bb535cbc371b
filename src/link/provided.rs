//! What the decorator of one class provides for others: clients that are made there, for the classes that it lists.

use std::rc::Rc;

use crate::model::{Expression, ExpressionKind, Parameter};
use crate::rules::catalogue::Kind;

use super::flow::children;
use super::units::ClassId;
use super::{FrameId, Program, Site, Value};

/// Something that is made for the classes beside it.
#[derive(Debug)]
pub(super) struct Provision {
    /// The canonical name under which they ask for it.
    name: String,
    site: Site,
    classes: Vec<ClassId>,
}

impl<'m> Program<'m> {
    /// The calls that made what a parameter of a class asks for by its type.
    pub(super) fn makers_for(&self, name: &str, parameter: &'m Parameter) -> Rc<[Site]> {
        let known = self.provisions.borrow().clone();
        let provisions = known.unwrap_or_else(|| {
            // Whoever asks in between, while the lists are read, is told that nothing is provided.
            *self.provisions.borrow_mut() = Some(Rc::default());
            let found = Rc::new(self.find_provisions());
            *self.provisions.borrow_mut() = Some(found.clone());
            found
        });
        let asks = |class: &ClassId| {
            let units = &self.units;
            units.classes[*class].methods.values().any(|unit| {
                let function = units.units[*unit].function;
                function.is_some_and(|function| function.parameters.iter().any(|each| std::ptr::eq(each, parameter)))
            })
        };
        let fitting =
            provisions.iter().filter(|provision| provision.name == name && provision.classes.iter().any(asks));
        fitting.map(|provision| provision.site).collect()
    }

    fn find_provisions(&self) -> Vec<Provision> {
        if self.catalogue.of_kind(Kind::Client).all(|(_, fact)| fact.becomes.is_none()) {
            return Vec::new();
        }
        let decorated = self.units.classes.iter().flat_map(|info| {
            let frame = self.open_frame(info.unit);
            info.class.decorators.iter().map(move |decorator| (decorator, frame))
        });
        decorated.flat_map(|(decorator, frame)| self.provisions_of(decorator, frame)).collect()
    }

    /// What one decorator provides.
    fn provisions_of(&self, decorator: &'m Expression, frame: FrameId) -> Vec<Provision> {
        let (mut found, mut classes) = (Vec::new(), Vec::new());
        let mut pending = vec![decorator];
        while let Some(expression) = pending.pop() {
            children(expression, &mut |child| pending.push(child));
            match &expression.kind {
                ExpressionKind::List(items) => classes.extend(items.iter().flat_map(|item| self.listed(item, frame))),
                ExpressionKind::Call(call) => {
                    let Some(call) = self.units.call_id(call) else { continue };
                    let site = Site { call, frame };
                    let names = self
                        .callee_paths(site)
                        .iter()
                        .flat_map(|path| self.facts_of(path, Kind::Client))
                        .filter_map(|(_, fact)| fact.becomes.clone())
                        .collect::<Vec<_>>();
                    found.extend(names.into_iter().map(|name| (name, site)));
                }
                _ => {}
            }
        }
        found.into_iter().map(|(name, site)| Provision { name, site, classes: classes.clone() }).collect()
    }

    fn listed(&self, item: &'m Expression, frame: FrameId) -> Vec<ClassId> {
        if !matches!(item.kind, ExpressionKind::Name(_)) {
            return Vec::new();
        }
        let values = self.values(item, frame);
        values
            .iter()
            .filter_map(|value| match value {
                Value::Class(class) => Some(*class),
                _ => None,
            })
            .collect()
    }
}
