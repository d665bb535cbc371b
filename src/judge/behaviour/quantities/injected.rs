//! What dependencies look up for the request.

use crate::link::entries::injected_for;
use crate::link::{FrameId, Program, Value};
use crate::model::Parameter;

/// Dependencies of dependencies.
const DEPTH: usize = 6;

/// Whether what is injected for a parameter depends on the request: its dependency takes something of it
/// (`token: str = Header()`), by itself or through another one.
pub(super) fn is_looked_up<'m>(program: &Program<'m>, parameter: &'m Parameter, frame: FrameId, depth: usize) -> bool {
    injected_for(program, parameter, frame).iter().any(|provider| match provider {
        Value::Function { unit, closure, .. } if depth < DEPTH => {
            let function = program.units.units[*unit].function;
            let mut taken = function.into_iter().flat_map(|function| &function.parameters);
            taken.any(|each| {
                injected_for(program, each, *closure).is_empty() || is_looked_up(program, each, *closure, depth + 1)
            })
        }
        // What a library looks up for a request tells who asks.
        Value::Library { .. } => true,
        _ => false,
    })
}
