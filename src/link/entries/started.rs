//! What an application runs while it starts: functions that it is given for that, and the constructors of what it makes.

use crate::link::Program;
use crate::link::arguments::Given;
use crate::link::units::ClassId;
use crate::link::values::{FrameId, How, Site, Value};
use crate::model::{Expression, ExpressionKind};

use super::frame_of;

/// The frames that run for what an application is given: a function, a class, or a list of these.
pub(super) fn started<'m>(program: &Program<'m>, given: &'m Expression, frame: FrameId) -> Vec<FrameId> {
    let mut frames = Vec::new();
    for value in program.values(given, frame).iter() {
        match value {
            Value::Data { expression, frame } => {
                let ExpressionKind::List(items) = &expression.0.kind else { continue };
                let values = items.iter().flat_map(|item| program.values(item, *frame).to_vec());
                frames.extend(values.filter_map(|value| match value {
                    Value::Class(class) => made(program, class),
                    // `on_startup=[connect, load]`
                    Value::Function { .. } => frame_of(program, &value),
                    _ => None,
                }));
            }
            Value::Class(class) => frames.extend(made(program, *class)),
            value => frames.extend(frame_of(program, value)),
        }
    }
    frames
}

/// The frame in which an object of a class is made at the start; none for a class with a scope of its own, of which
/// objects are made for each request.
fn made(program: &Program<'_>, class: ClassId) -> Option<FrameId> {
    let info = &program.units.classes[class];
    let home = program.open_frame(info.unit);
    let has_scope = info.class.decorators.iter().any(|decorator| {
        let ExpressionKind::Call(call) = &decorator.kind else { return false };
        let site = program.units.call_id(call).map(|call| Site { call, frame: home });
        site.is_some_and(|site| !matches!(program.argument(site, "scope"), Given::Absent))
    });
    let constructor = program.constructor(class).filter(|_| !has_scope)?;
    let receiver = Value::Instance { class, site: None };
    program.enter(constructor, home, Some(receiver.into()), How::Framework)
}
