//! Layers: objects that a library asks for the service that they put in front of a handler.

use std::rc::Rc;

use crate::link::Program;
use crate::link::units::ClassId;
use crate::link::values::{How, Value};
use crate::rules::catalogue::{Fact, Kind};

/// What marks a trait whose objects make what stands in front.
const MAKES: &str = "makes";

/// The method by which the service works that a layer makes: `call` of what its `layer` gives.
pub(super) fn service_of<'m>(program: &Program<'m>, layer: &Value<'m>) -> Option<Value<'m>> {
    let (Value::Class(class) | Value::Instance { class, .. }) = layer else { return None };
    let info = &program.units.classes[*class];
    let receiver = match layer {
        Value::Instance { .. } => layer.clone(),
        _ => Value::Instance { class: *class, site: None },
    };
    info.extensions.iter().find_map(|extension| {
        let fact = makes_services(program, *extension)?;
        let unit = *info.methods.get(fact.handler.as_deref()?)?;
        let home = program.open_frame(program.units.classes[*extension].unit);
        let frame = program.enter(unit, home, Some(Rc::new(receiver.clone())), How::Framework)?;
        let made = program.returned(unit, frame);
        made.iter().find_map(|service| {
            let Value::Instance { class, .. } = service else { return None };
            let of_service = &program.units.classes[*class];
            let unit = *fact.guards.iter().find_map(|method| of_service.methods.get(method.as_str()))?;
            let closure = program.open_frame(of_service.unit);
            Some(Value::Function { unit, closure, receiver: Some(Rc::new(service.clone())) })
        })
    })
}

/// The fact of the trait that an implementation is of, where its objects make services.
fn makes_services<'m>(program: &Program<'m>, implementation: ClassId) -> Option<&'m Fact> {
    let info = &program.units.classes[implementation];
    let home = program.open_frame(info.unit);
    let traits = info.class.bases.iter().flat_map(|base| program.values(base, home).to_vec());
    let mut facts = traits.flat_map(|each| {
        let path = each.path().map(|path| path.trim_end_matches("[]").to_owned());
        path.map_or_else(Vec::new, |path| program.facts_of(&path, Kind::Middleware))
    });
    facts.find(|(_, fact)| fact.role.as_deref() == Some(MAKES)).map(|(_, fact)| fact)
}
