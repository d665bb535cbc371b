//! What tests say as the program is shipped: a switch that is off in the code, or off unless the environment turns it
//! on, leaves what stands behind it out.

use rustc_hash::FxHashSet;

use crate::link::Program;
use crate::link::units::*;
use crate::link::values::{FrameId, Value};
use crate::model::*;
use crate::rules::catalogue::Kind;

use super::Gate;

/// Tests within tests, and classes from which a class derives.
const DEPTH: usize = 8;

impl<'m> Program<'m> {
    /// Whether a node only runs where a switch is turned over or a limit is set, unless `until` stands behind the same
    /// test.
    pub fn is_off(&self, node: NodeId, frame: FrameId, until: Option<NodeId>) -> bool {
        let around: Vec<NodeId> =
            until.into_iter().flat_map(|until| self.units.ancestors(until).map(|(id, _)| id)).collect();
        let is_around = self.units.ancestors(node).any(|(id, each)| {
            let (test, holds) = match each.kind {
                NodeKind::Then(test) => (test, true),
                NodeKind::Otherwise(test) => (test, false),
                NodeKind::Branch { test, holds } => (test, holds),
                _ => return false,
            };
            !around.contains(&id) && self.holds_by_default(test, frame, 0) == Some(!holds)
        });
        is_around || self.is_let_through_before(node, frame, until)
    }

    /// Whether a gate lets everything pass as the program is shipped.
    pub(super) fn never_refuses(&self, gate: &Gate<'m>) -> bool {
        let says = |answer: Option<bool>| answer == Some(!gate.refuses_when);
        says(self.holds_by_default(gate.test, gate.frame, 0)) || says(self.answered_always(gate.test, gate.frame, 0))
    }

    /// What a test says unless somebody changes a setting; none where that depends on more.
    pub fn holds_by_default(&self, test: &'m Expression, frame: FrameId, depth: usize) -> Option<bool> {
        if depth > DEPTH {
            return None;
        }
        let holds = |each: &'m Expression| self.holds_by_default(each, frame, depth + 1);
        match &test.kind {
            ExpressionKind::Literal(Literal::Boolean(given)) => Some(*given),
            ExpressionKind::Operator { operator, operands } => match (operator.as_str(), operands.as_slice()) {
                ("not", [inner]) => holds(inner).map(|holds| !holds),
                ("and", parts) => parts.iter().any(|part| holds(part) == Some(false)).then_some(false),
                ("or", parts) => parts.iter().any(|part| holds(part) == Some(true)).then_some(true),
                (operator, [left, right]) => self
                    .switched_as_shipped(test, frame)
                    .or_else(|| self.compared_as_shipped(operator, left, right, frame)),
                _ => self.switched_as_shipped(test, frame),
            },
            ExpressionKind::Await(inner) => holds(inner),
            ExpressionKind::Index { .. } | ExpressionKind::Call(_) if self.setting_read(test, frame).is_some() => {
                self.given_switch(test, frame, depth)
            }
            ExpressionKind::Call(call) if is_configuration(call) => self.built_with(call, frame),
            ExpressionKind::Call(call) => {
                self.always_no(call, frame).then_some(false).or_else(|| self.switched_as_shipped(test, frame))
            }
            ExpressionKind::Name(name) => self
                .switch(test, name, frame)
                .or_else(|| self.computed(test, name, frame, depth))
                .or_else(|| self.is_limited_as_shipped(test, frame)),
            ExpressionKind::Member { object, name } => {
                let is_own = |value: &Value<'m>| match value {
                    Value::Instance { class, .. } => self.is_of_environment(*class, 0) && !self.is_of_guard(name),
                    Value::Module(_) => true,
                    _ => false,
                };
                let holders = self.values(object, frame);
                let is_switch = !holders.is_empty() && holders.iter().all(is_own);
                let switched = match is_switch {
                    true => self.switch(test, name, frame).or_else(|| self.computed(test, name, frame, depth)),
                    false => self.switched_as_shipped(test, frame),
                };
                switched.or_else(|| self.is_limited_as_shipped(test, frame))
            }
            _ => None,
        }
    }

    /// Whether the program is built with what `cfg!(feature = "limits")` asks for: its manifest has it on, or leaves it off
    /// and no command in the tree asks for features.
    fn built_with(&self, asked: &Call, frame: FrameId) -> Option<bool> {
        let [Argument { name: Some(key), value }] = asked.arguments.as_slice() else { return None };
        let ExpressionKind::Literal(Literal::Text(feature)) = &value.kind else { return None };
        let path = &self.modules[self.module_of(self.unit_of_frame(frame))].path;
        let holds = |project: &&Project| {
            let rest = path.strip_prefix(project.folder.as_str());
            project.kind == ProjectKind::Cargo
                && rest.is_some_and(|rest| project.folder.is_empty() || rest.starts_with('/'))
        };
        let project = self.projects.iter().filter(holds).max_by_key(|project| project.folder.len());
        let project = project.filter(|_| key == "feature")?;
        if project.features.contains(feature) {
            return Some(true);
        }
        let is_chosen = self.settings.iter().flat_map(|settings| &settings.entries).any(|entry| {
            matches!(&entry.value, Literal::Text(text) if text.contains("--features") || text.contains("--all-features"))
        });
        (!is_chosen).then_some(false)
    }

    /// Whether a call is of functions of the program that answer no whatever they find.
    fn always_no(&self, call: &'m Call, frame: FrameId) -> bool {
        let says_no = |each: &&'m Expression| matches!(each.kind, ExpressionKind::Literal(Literal::Boolean(false)));
        let callees = self.values(&call.callee, frame);
        !callees.is_empty()
            && callees.iter().all(|callee| match callee {
                Value::Function { unit, .. } => {
                    let unit = &self.units.units[*unit];
                    unit.returns.len() > 1 && unit.yields.is_empty() && unit.returns.iter().all(says_no)
                }
                _ => false,
            })
    }

    /// What a name is that a module or class sets to yes or no, once and for all.
    fn switch(&self, named: &'m Expression, name: &str, frame: FrameId) -> Option<bool> {
        let values = self.values(named, frame);
        let mut given = values.iter().map(|value| match value {
            Value::Data { expression, frame } => match expression.0.kind {
                ExpressionKind::Literal(Literal::Boolean(given)) => {
                    let unit = &self.units.units[self.unit_of_frame(*frame)];
                    (unit.function.is_none() && !self.is_changed(name)).then_some(given)
                }
                _ => None,
            },
            _ => None,
        });
        let first = given.next()??;
        given.all(|other| other == Some(first)).then_some(first)
    }

    /// What a setting says that the program gives to an object of a library: `app.config["ALERTS"]`.
    fn given_switch(&self, read: &'m Expression, frame: FrameId, depth: usize) -> Option<bool> {
        let values = self.values(read, frame);
        let mut said = values.iter().map(|value| match value {
            Value::Data { expression, frame } if !std::ptr::eq(expression.0, read) => {
                self.holds_by_default(expression.0, *frame, depth + 1)
            }
            Value::Library { .. } => self.switched_as_shipped(read, frame),
            _ => None,
        });
        let first = said.next()??;
        said.all(|other| other == Some(first)).then_some(first)
    }

    /// What a name says that is computed once: `REPORTS = os.getenv("REPORTS", "0") == "1"`.
    fn computed(&self, named: &'m Expression, name: &str, frame: FrameId, depth: usize) -> Option<bool> {
        let values = self.values(named, frame);
        let [value] = &values[..] else { return None };
        match value {
            Value::Data { expression, frame } if !std::ptr::eq(expression.0, named) => {
                let is_once = self.units.units[self.unit_of_frame(*frame)].function.is_none() && !self.is_changed(name);
                is_once.then(|| self.holds_by_default(expression.0, *frame, depth + 1))?
            }
            Value::Library { .. } => self.switched_as_shipped(named, frame),
            _ => None,
        }
    }

    /// Whether a function sets what goes by a name: `global DEBUG`, `settings.debug = True`.
    pub(super) fn is_changed(&self, name: &str) -> bool {
        self.changed_names.get_or_init(|| self.find_changed_names()).contains(name)
    }

    fn find_changed_names(&self) -> FxHashSet<&'m str> {
        let changed = self.units.nodes.iter().filter_map(|node| {
            let NodeKind::Plain(Statement { kind: StatementKind::Assign(assignment), .. }) = node.kind else {
                return None;
            };
            match &assignment.target.kind {
                ExpressionKind::Name(target) => {
                    let is_set_later = !assignment.declares && self.units.units[node.unit].function.is_some();
                    is_set_later.then_some(target.as_str())
                }
                ExpressionKind::Member { name: target, .. } => Some(target.as_str()),
                _ => None,
            }
        });
        changed.collect()
    }

    /// Whether a class is filled from the environment.
    pub(in crate::link) fn is_of_environment(&self, class: ClassId, depth: usize) -> bool {
        let info = &self.units.classes[class];
        let home = self.open_frame(info.unit);
        depth < DEPTH
            && info.class.bases.iter().any(|base| {
                self.values(base, home).iter().any(|value| match value {
                    Value::Library { path, .. } => self.is_a(path, Kind::EnvironmentSchema),
                    Value::Class(base) => *base != class && self.is_of_environment(*base, depth + 1),
                    _ => false,
                })
            })
    }
}

/// Whether a call asks how the program is built: `cfg!(..)`.
fn is_configuration(call: &Call) -> bool {
    matches!(&call.callee.kind, ExpressionKind::Name(name) if name == "cfg!")
}
