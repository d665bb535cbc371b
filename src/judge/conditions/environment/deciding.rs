//! The variables that flow into a decision, however far.

use std::collections::HashSet;
use std::rc::Rc;

use crate::link::units::ModuleId;
use crate::link::{FrameId, How};
use crate::model::*;

use super::names::{DEPTH, Named, Part, Variables};

impl<'m> Variables<'_, 'm> {
    /// The variables that flow into a decision, however far.
    pub fn deciding(&self, expression: &'m Expression, frame: FrameId) -> Vec<Named> {
        let mut all = Vec::new();
        self.deciding_in(expression, frame, &mut all, 0);
        all
    }

    pub(super) fn part(&self, expression: &'m Expression, frame: FrameId) -> Rc<Part> {
        let key = (std::ptr::from_ref(expression) as usize, frame);
        if let Some(known) = self.parts.borrow().get(&key) {
            return known.clone();
        }
        let mut part = Part::default();
        if let Some(read) = self.read_of(expression, frame) {
            part.reads = true;
            part.named = read.names;
        } else if matches!(expression.kind, ExpressionKind::Name(_) | ExpressionKind::Member { .. }) {
            self.held_by_values(expression, frame, &mut HashSet::new(), &mut part.named, DEPTH);
            part.is_environment = self.is_environment(expression, frame);
        } else if matches!(expression.kind, ExpressionKind::Index { .. } | ExpressionKind::Call(_))
            && self.program.setting_read(expression, frame).is_some()
        {
            part.named = self.held_as_setting(expression, frame);
        } else if let ExpressionKind::Call(call) = &expression.kind
            && matches!(&call.callee.kind, ExpressionKind::Name(name) if name == "getattr")
        {
            part.named = self.held_by_name(call, frame);
        }
        let part = Rc::new(part);
        self.parts.borrow_mut().insert(key, part.clone());
        part
    }

    pub(super) fn handed(&self, returned: &'m Expression, frame: FrameId, depth: usize) -> Rc<[Named]> {
        let key = (std::ptr::from_ref(returned) as usize, frame, depth);
        if let Some(known) = self.handed.borrow().get(&key) {
            return known.clone();
        }
        let mut all = Vec::new();
        self.deciding_in(returned, frame, &mut all, depth);
        let all: Rc<[Named]> = all.into();
        self.handed.borrow_mut().insert(key, all.clone());
        all
    }

    pub(super) fn deciding_in(&self, expression: &'m Expression, frame: FrameId, all: &mut Vec<Named>, depth: usize) {
        let program = self.program;
        let slice = program.slice_inside(expression, frame);
        let mut reads: Vec<(ModuleId, Span)> = Vec::new();
        let mut bare = Vec::new();
        for (part, frame) in &slice.parts {
            let module = program.module_of(program.unit_of_frame(*frame));
            let said = self.part(part, *frame);
            all.extend(said.named.iter().cloned());
            if said.reads {
                reads.push((module, part.span));
                continue;
            }
            if said.is_environment {
                bare.push((module, part.span));
            }
            match &part.kind {
                ExpressionKind::Call(call) if depth < 3 => {
                    for argument in &call.arguments {
                        if let ExpressionKind::Function(function) = &argument.value.kind
                            && let Some(unit) = program.units.unit_of(function)
                            && let Some(inner) = program.enter(unit, *frame, None, How::Framework)
                        {
                            for returned in &program.units.units[unit].returns {
                                all.extend(self.handed(returned, inner, depth + 1).iter().cloned());
                            }
                        }
                    }
                }
                _ => {}
            }
        }
        // `name not in os.environ`, `REQUIRED - set(os.environ)`: the names are all that is written.
        let is_bare =
            |(module, span): &(ModuleId, Span)| !reads.iter().any(|(of, read)| of == module && read.contains(*span));
        if bare.iter().any(is_bare) {
            for (part, frame) in &slice.parts {
                match &part.kind {
                    ExpressionKind::Literal(Literal::Text(text)) => all.push(self.written(text.clone(), part, *frame)),
                    ExpressionKind::Name(_) => self.texts(part, *frame, &mut HashSet::new(), all, 0),
                    _ => {}
                }
            }
        }
    }
}
