//! What holds for the requests of a client that is given a function to send them with:
//! `createOpenAI({ fetch: (input, init) => fetch(input, { ...init, signal: AbortSignal.timeout(60_000) }) })`; or whose
//! own class sends them: `class Patient(Session): def request(self, *args, **options): ..`.

use crate::link::arguments::{Amount, Given, Held};
use crate::link::units::{Binding, UnitId};
use crate::link::{FrameId, How, Program, Site, Value};
use crate::model::{Expression, ExpressionKind, Literal};
use crate::rules::catalogue::{Fact, Kind, Setting};

use super::held::Search;

impl<'m> Search<'_, 'm> {
    /// What a setting is in all that the functions send which are given for it.
    pub(super) fn sent_by(&self, setting: &Setting, at: Site) -> Option<Held> {
        setting.by.iter().find_map(|path| {
            let (path, is_told) = path.strip_prefix(TOLD).map_or((path.as_str(), false), |path| (path, true));
            let own = match (path.strip_prefix(OWN), path.split_once(").")) {
                (Some(method), _) => self.sent_by_itself(setting, at, method),
                (None, Some((given, method))) => self.sent_by_given(at, given, method),
                (None, None) => {
                    let senders = self.senders(at, path);
                    return senders.into_iter().find_map(|(unit, frame)| self.in_all_requests(unit, frame, is_told));
                }
            };
            match own? {
                Sender::Known(held) => Some(held),
                Sender::Function(unit, frame) => self.in_all_requests(unit, frame, is_told),
            }
        })
    }

    /// How the object sends that a call is made on, where its class has a method of its own for that, or the program has
    /// assigned another one to it: `session.request = partial(session.request, timeout=10)`.
    fn sent_by_itself(&self, setting: &Setting, at: Site, method: &str) -> Option<Sender> {
        let program = self.program;
        let receivers = self.receivers(at);
        let assigned = receivers.iter().find_map(|(receiver, object)| self.assigned(receiver, object, method));
        if let Some((value, frame)) = assigned {
            let values = program.values(value, frame);
            let made = values.iter().flat_map(|value| value.sites().to_vec());
            let own = match &value.kind {
                ExpressionKind::Call(call) => program.units.call_id(call).map(|call| Site { call, frame }),
                _ => None,
            };
            return own
                .into_iter()
                .chain(made)
                .find_map(|site| Some(Sender::Known(program.setting_at(setting, site)?)));
        }
        receivers.iter().find_map(|(receiver, _)| {
            let Value::Instance { .. } = receiver else { return None };
            self.method_of(receiver, method)
        })
    }

    /// How something sends that a call on the same object is given: `session.mount("https://", Patient())`.
    fn sent_by_given(&self, at: Site, given: &str, method: &str) -> Option<Sender> {
        let program = self.program;
        let (name, path) = given.split_once('(')?;
        let receivers = self.receivers(at);
        program.calls_of_method(name).iter().find_map(|call| {
            let info = &program.units.calls[*call];
            let ExpressionKind::Member { object, .. } = &info.call.callee.kind else { return None };
            let site = Site { call: *call, frame: program.open_frame(info.unit) };
            let objects = program.values(object, site.frame);
            let is_same = |value: &Value<'m>| receivers.iter().any(|(receiver, _)| receiver == value);
            if !objects.iter().any(is_same) {
                return None;
            }
            let Given::Present { expression, frame } = program.argument(site, path) else { return None };
            program.values(expression, frame).iter().find_map(|value| self.method_of(value, method))
        })
    }

    /// A method of a class of the program on an object.
    fn method_of(&self, receiver: &Value<'m>, method: &str) -> Option<Sender> {
        let methods = self.program.member(receiver, method, None);
        let (unit, frame) = methods.iter().find_map(|value| entered(self.program, value))?;
        Some(Sender::Function(unit, frame))
    }

    /// What a call is made on, with how that is written.
    fn receivers(&self, at: Site) -> Vec<(Value<'m>, &'m Expression)> {
        let ExpressionKind::Member { object, .. } = &self.program.units.calls[at.call].call.callee.kind else {
            return Vec::new();
        };
        let values = self.program.values(object, at.frame);
        values.iter().cloned().map(|value| (value, object.as_ref())).collect()
    }

    /// What the program assigns to a member of the same object.
    fn assigned(
        &self,
        receiver: &Value<'m>,
        object: &'m Expression,
        member: &str,
    ) -> Option<(&'m Expression, FrameId)> {
        let program = self.program;
        let (ExpressionKind::Name(holder) | ExpressionKind::Member { name: holder, .. }) = &object.kind else {
            return None;
        };
        if receiver.sites().is_empty() {
            return None;
        }
        let assigned = program.units.member_assignments.get(&(holder.as_str(), member)).into_iter().flatten();
        let mut same = assigned.filter_map(|each| {
            let frame = program.open_frame(each.unit);
            program.values(each.object, frame).contains(receiver).then_some((each.value, frame))
        });
        same.next()
    }

    /// The functions at an argument path, at the call or where what it is given was made.
    fn senders(&self, at: Site, path: &str) -> Vec<(UnitId, FrameId)> {
        let program = self.program;
        let (holder, key) = path.split_once('.').map_or((None, path), |(holder, key)| (Some(holder), key));
        let places: Vec<Site> = match holder.map(|holder| program.argument(at, holder)) {
            None => vec![at],
            Some(Given::Present { expression, frame }) => {
                program.values(expression, frame).iter().flat_map(|value| value.sites().to_vec()).collect()
            }
            Some(_) => Vec::new(),
        };
        let given = places.into_iter().filter_map(|place| match program.argument(place, key) {
            Given::Present { expression, frame } => Some(program.values(expression, frame).to_vec()),
            _ => None,
        });
        given.flatten().filter_map(|value| entered(program, &value)).collect()
    }

    /// Whether the function of a call gives a setting only where nothing stands in its place: `options.setdefault(..)`, the
    /// default of a parameter.
    fn only_fills_in(&self, site: Site, key: &str) -> bool {
        let program = self.program;
        let unit = &program.units.units[program.unit_of_frame(site.frame)];
        let fills = unit.calls.iter().map(|call| program.units.calls[*call].call).any(|call| {
            matches!(&call.callee.kind, ExpressionKind::Member { name, .. } if name == "setdefault")
                && call.arguments.first().is_some_and(
                    |first| matches!(&first.value.kind, ExpressionKind::Literal(Literal::Text(text)) if text == key),
                )
        });
        let handed_on = match program.argument(site, key) {
            Given::Present { expression, .. } => match &expression.kind {
                ExpressionKind::Name(name) => {
                    let bindings = unit.names.get(name.as_str()).map_or(&[][..], Vec::as_slice);
                    matches!(bindings, [Binding::Parameter { .. }])
                }
                _ => false,
            },
            _ => false,
        };
        fills || handed_on
    }

    /// What holds for each request that a function makes, where it makes one. `is_told`: whoever calls it gives it the
    /// setting already, as nothing.
    fn in_all_requests(&self, unit: UnitId, frame: FrameId, is_told: bool) -> Option<Held> {
        let program = self.program;
        let mut first = None;
        for call in &program.units.units[unit].calls {
            let site = Site { call: *call, frame };
            let paths = program.callee_paths(site);
            let facts = paths.iter().flat_map(|path| program.facts_of(path, Kind::Http));
            let Some(setting) = facts.into_iter().find_map(|(_, fact): (_, &Fact)| self.which.of(fact)) else {
                continue;
            };
            if is_told && setting.arguments.iter().any(|key| self.only_fills_in(site, key)) {
                return None;
            }
            match program.setting_at(setting, site)? {
                held @ Held::Given(amount, _) if amount != Amount::Off => first = first.or(Some(held)),
                _ => return None,
            }
        }
        first
    }
}

/// What stands before a path of a function that is given the setting, as nothing, by whoever calls it.
const TOLD: &str = "told ";
/// What stands before the name of a method of the object itself.
const OWN: &str = "self.";

/// How requests are sent.
enum Sender {
    /// The setting is seen at once.
    Known(Held),
    Function(UnitId, FrameId),
}

fn entered<'m>(program: &Program<'m>, value: &Value<'m>) -> Option<(UnitId, FrameId)> {
    let Value::Function { unit, closure, receiver } = value else { return None };
    Some((*unit, program.enter(*unit, *closure, receiver.clone(), How::Framework)?))
}
