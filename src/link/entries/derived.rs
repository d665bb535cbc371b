//! Entry points that are methods of classes which derive from one of a library: it makes no difference where an object of them
//! is handed over, the library calls the method when somebody asks for it.

use rustc_hash::FxHashSet;

use crate::link::Program;
use crate::link::units::{ClassId, UnitId};
use crate::link::values::Value;
use crate::model::ExpressionKind;
use crate::rules::catalogue::{Fact, Kind};

use super::class_handlers::{handlers_of, own_links};
use super::{Entries, Entry};

/// The role of classes to derive from.
const DERIVED: &str = "derived";

impl<'m> Entries<'m> {
    /// The methods that a library calls of classes which derive from its own: `callback` of a button.
    pub(super) fn derived(&mut self, program: &Program<'m>) {
        let mut known: FxHashSet<UnitId> = FxHashSet::default();
        for (class, info) in program.units.classes.iter().enumerate() {
            for fact in facts_of_bases(program, class) {
                for (unit, handler, _) in handlers_of(program, fact, class, None) {
                    let own = &program.units.units[unit];
                    let Some(function) = own.function.filter(|_| known.insert(unit)) else { continue };
                    program.receives(unit, &fact.receives);
                    self.entries.push(Entry {
                        kind: fact.entry.clone().unwrap_or_default(),
                        name: format!("{}.{}", info.class.name, function.name),
                        public: fact.public.unwrap_or(true),
                        module: own.module,
                        span: function.span,
                        handler,
                        is_page: false,
                        is_in_front: false,
                        behind: Vec::new(),
                        chains: vec![own_links(program, fact, unit)],
                    });
                }
            }
        }
    }
}

/// What is known of the classes of libraries that a class derives from, perhaps through others of the program.
fn facts_of_bases<'m>(program: &Program<'m>, class: ClassId) -> Vec<&'m Fact> {
    let mut facts = Vec::new();
    for class in program.line_of(class) {
        let info = &program.units.classes[class];
        let frame = program.open_frame(info.unit);
        for base in &info.class.bases {
            // `Button["View"]` is a button, whatever it is of.
            let base = match &base.kind {
                ExpressionKind::Index { object, .. } => object,
                _ => base,
            };
            for path in program.values(base, frame).iter().filter_map(Value::path) {
                let routes = program.facts_of(path, Kind::Route).into_iter().map(|(_, fact)| fact);
                facts.extend(routes.filter(|fact| fact.role.as_deref() == Some(DERIVED)));
            }
        }
    }
    facts
}
