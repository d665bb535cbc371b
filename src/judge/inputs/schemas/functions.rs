//! Functions that a schema runs on a value: one that asks how long it is refuses what is longer, one that cuts it bounds it.

use std::rc::Rc;

use crate::judge::inputs::cuts::is_cut_within;
use crate::judge::inputs::measures::{bounds_length, refuses_long};
use crate::link::units::NodeKind;
use crate::link::{FrameId, How, Program, Site, Value};
use crate::model::{Block, Expression, ExpressionKind, Literal, StatementKind};
use crate::rules::catalogue::Kind;

/// Whether a function bounds the text that it is given: `(text) => text.length <= 2_000`,
/// `(text, context) => { if (text.length > 2_000) context.addIssue(..) }`, `(text) => text.slice(0, 2_000)`.
/// Of an object it is the method of that name, of several functions one is enough; what only heeds that it `raises` goes
/// on whatever it returns.
pub(super) fn bounds<'m>(
    program: &Program<'m>,
    function: &'m Expression,
    frame: FrameId,
    method: Option<&str>,
    raises: bool,
) -> bool {
    program.values(function, frame).iter().any(|value| {
        if let Value::Data { expression, frame } = value
            && let ExpressionKind::List(several) = &expression.0.kind
        {
            let is_written = |each: &&Expression| !matches!(each.kind, ExpressionKind::List(_));
            return several.iter().filter(is_written).any(|each| bounds(program, each, *frame, method, raises));
        }
        // An attribute names a function of its module by a text.
        let named = match value {
            Value::Data { expression, frame } => match &expression.0.kind {
                ExpressionKind::Literal(Literal::Text(path)) => program.named_at(*frame, path),
                _ => Vec::new(),
            },
            _ => Vec::new(),
        };
        let mut entered = std::iter::once(value).chain(&named).filter_map(|value| entered(program, value, method));
        entered.any(|inner| bounds_within(program, inner, raises))
    })
}

/// Whether a function that runs in a frame bounds the text that it is given.
pub(super) fn bounds_within(program: &Program<'_>, frame: FrameId, raises: bool) -> bool {
    if raises {
        return program.raising_gates(frame).iter().any(|gate| refuses_long(program, gate));
    }
    let info = &program.units.units[program.unit_of_frame(frame)];
    info.returns.iter().any(|each| bounds_length(program, each, frame, true) || is_cut_within(program, each, frame, 0))
        || info.nodes.iter().any(|node| match program.units.nodes[*node].kind {
            NodeKind::If { test, then, otherwise, .. } => {
                let acts = [then, otherwise].into_iter().any(|block| acts(program, block, frame));
                acts && bounds_length(program, test, frame, false)
            }
            _ => false,
        })
}

/// Whether a branch does more than to write it down.
fn acts<'m>(program: &Program<'m>, block: &'m Block, frame: FrameId) -> bool {
    block.iter().any(|statement| {
        let StatementKind::Expression(Expression { kind: ExpressionKind::Call(call), .. }) = &statement.kind else {
            return true;
        };
        let site = program.units.call_id(call).map(|call| Site { call, frame });
        !site.is_some_and(|site| program.callee_paths(site).iter().any(|path| program.is_a(path, Kind::Log)))
    })
}

/// The frame of a function, or of the method of an object, that a library runs on a value.
fn entered<'m>(program: &Program<'m>, value: &Value<'m>, method: Option<&str>) -> Option<FrameId> {
    let (class, object) = match value {
        Value::Function { unit, closure, receiver } => {
            return program.enter(*unit, *closure, receiver.clone(), How::Framework);
        }
        Value::Class(class) => (*class, Value::Instance { class: *class, site: None }),
        Value::Instance { class, .. } => (*class, value.clone()),
        _ => return None,
    };
    let class = &program.units.classes[class];
    let unit = class.methods.get(method?)?;
    program.enter(*unit, program.open_frame(class.unit), Some(Rc::new(object)), How::Framework)
}
