//! Options that a call is given once a variable of its own is set: `new Client(KEY ? { baseURL, headers } : {})`.

use crate::link::Program;
use crate::link::units::Binding;
use crate::link::values::{FrameId, Site, Value};
use crate::model::{Expression, ExpressionKind};
use crate::rules::catalogue::Kind;

use super::{DEPTH, Given};

impl<'m> Program<'m> {
    /// An argument of the call, or of the calls that made what it is called on, in the branch of its options that holds
    /// where a variable of the environment is set.
    pub(super) fn argument_when_set(&self, site: Site, paths: &str) -> Option<(&'m Expression, FrameId)> {
        let callee = &self.units.calls[site.call].call.callee;
        let values = self.values(callee, site.frame);
        let links = values.iter().flat_map(|value| value.sites().iter().rev().copied()).filter(|link| *link != site);
        let paths = crate::rules::checked::expand(paths);
        std::iter::once(site).chain(links).find_map(|link| {
            let given = self.units.calls[link.call].call.arguments.iter().filter(|argument| argument.name.is_none());
            let options =
                |given: &'m Expression| paths.iter().find_map(|path| self.inside_when_set(given, link.frame, path, 0));
            given.map(|argument| &argument.value).find_map(options)
        })
    }

    fn inside_when_set(
        &self,
        given: &'m Expression,
        frame: FrameId,
        path: &str,
        depth: usize,
    ) -> Option<(&'m Expression, FrameId)> {
        let deeper = |given: &'m Expression| self.inside_when_set(given, frame, path, depth + 1);
        if depth > DEPTH {
            return None;
        }
        match &given.kind {
            ExpressionKind::Conditional { test, then, .. } if self.asks_environment(test, frame) => {
                self.present(then, frame, path)
            }
            ExpressionKind::Operator { operator, operands } if operator == "and" => match operands.as_slice() {
                [test, options] if self.asks_environment(test, frame) => self.present(options, frame, path),
                _ => None,
            },
            ExpressionKind::Object(entries) => entries.iter().find_map(|entry| match &entry.value.kind {
                ExpressionKind::Spread(inner) if entry.key.is_none() => deeper(inner),
                _ => None,
            }),
            ExpressionKind::Spread(inner) => deeper(inner),
            ExpressionKind::Name(name) => {
                let bindings = self.units.units[self.unit_of_frame(frame)].names.get(name.as_str())?;
                bindings.iter().find_map(|binding| match binding {
                    Binding::Value { value, access, .. } if access.is_empty() => deeper(value),
                    _ => None,
                })
            }
            _ => None,
        }
    }

    fn present(&self, options: &'m Expression, frame: FrameId, path: &str) -> Option<(&'m Expression, FrameId)> {
        match self.inside(options, frame, path, 0) {
            Given::Present { expression, frame } => Some((expression, frame)),
            _ => None,
        }
    }

    /// Whether a test holds where a variable is set.
    fn asks_environment(&self, test: &'m Expression, frame: FrameId) -> bool {
        let is_variable = |value: &Value<'m>| value.path().is_some_and(|path| self.is_a(path, Kind::Environment));
        self.values(test, frame).iter().any(is_variable)
    }
}
