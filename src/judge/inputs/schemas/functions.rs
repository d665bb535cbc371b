//! Functions that a schema runs on a value: one that asks how long it is refuses what is longer, one that cuts it bounds it.

use crate::judge::inputs::cuts::is_cut_within;
use crate::judge::inputs::measures::bounds_length;
use crate::link::units::NodeKind;
use crate::link::{FrameId, How, Program, Value};
use crate::model::Expression;

/// Whether a function bounds the text that it is given: `(text) => text.length <= 2_000`,
/// `(text, context) => { if (text.length > 2_000) context.addIssue(..) }`, `(text) => text.slice(0, 2_000)`.
pub(super) fn bounds<'m>(program: &Program<'m>, function: &'m Expression, frame: FrameId) -> bool {
    program.values(function, frame).iter().any(|value| {
        let Value::Function { unit, closure, receiver } = value else { return false };
        let Some(inner) = program.enter(*unit, *closure, receiver.clone(), How::Framework) else { return false };
        let info = &program.units.units[*unit];
        info.returns
            .iter()
            .any(|each| bounds_length(program, each, inner, true) || is_cut_within(program, each, inner, 0))
            || info.nodes.iter().any(|node| match program.units.nodes[*node].kind {
                NodeKind::If { test, .. } => bounds_length(program, test, inner, false),
                _ => false,
            })
    })
}
