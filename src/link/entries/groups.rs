//! Handlers that stand in front of others by their group, by what they take, or by what an application of a class of the
//! program does around all of them.

use crate::link::Program;
use crate::link::arguments::Given;
use crate::link::values::{Site, Value};
use crate::model::ExpressionKind;
use crate::rules::catalogue::Fact;
use crate::rules::checked::expand;

use super::{Entries, Link, Role};

/// The role of a registration whose table has the handlers of each group under its number.
pub(super) const GROUPS: &str = "groups";
/// The role of a registration of a class that has methods around all handlers.
pub(super) const HOOKS: &str = "hooks";
/// The scope of what takes only the work of handlers that are registered in certain ways.
pub(super) const HANDLERS: &str = "handlers";

impl<'m> Entries<'m> {
    /// What a table lists under numbers below nought stands in front of all others:
    /// `add_handlers({-1: [TypeHandler(Update, limit)], 0: [CommandHandler("ask", ask)]})`.
    pub(super) fn put_in_front_by_groups(&mut self, program: &Program<'m>, fact: &'m Fact, site: Site) {
        self.registrations.insert(site.call);
        let table = fact.value.as_deref().map(|value| program.argument(site, value));
        let (Some(Given::Present { expression, frame }), Some(way)) = (table, fact.handler.as_deref()) else { return };
        let mut links = Vec::new();
        for value in program.values(expression, frame).iter() {
            let Value::Data { expression: table, frame } = value else { continue };
            let ExpressionKind::Object(groups) = &table.0.kind else { continue };
            let is_ahead = |key: &str| key.parse::<f64>().is_ok_and(|number| number < 0.0);
            for group in groups.iter().filter(|group| group.key.as_deref().is_some_and(is_ahead)) {
                let ExpressionKind::List(handlers) = &group.value.kind else { continue };
                for handler in handlers {
                    let ExpressionKind::Call(call) = &handler.kind else { continue };
                    let Some(call) = program.units.call_id(call) else { continue };
                    let made = Site { call, frame: *frame };
                    let takes_all =
                        program.callee_paths(made).iter().any(|path| fact.keys.iter().any(|key| **path == **key));
                    if let (true, Given::Present { expression, frame }) = (takes_all, program.argument(made, way)) {
                        self.function_links(program, expression, frame, program.units.calls[call].module, &mut links);
                    }
                }
            }
        }
        self.conventions.extend(links);
    }

    /// Methods that a class of the program has around all handlers: `process_update` of its own application.
    pub(super) fn hooked(&mut self, program: &Program<'m>, fact: &'m Fact, site: Site) {
        let Some(Given::Present { expression, frame }) =
            fact.handler.as_deref().map(|handler| program.argument(site, handler))
        else {
            return;
        };
        let module = program.units.calls[site.call].module;
        for value in program.values(expression, frame).iter() {
            let Value::Class(class) = value else { continue };
            let link = Link { value: value.clone(), role: Role::Middleware, module, span: expression.span };
            self.hooks(program, *class, &fact.guards, &link);
        }
    }

    /// Notes methods of a class by what they see (`process_request = request`).
    pub(super) fn hooks(
        &mut self,
        program: &Program<'m>,
        class: crate::link::units::ClassId,
        hooks: &[String],
        link: &Link<'m>,
    ) {
        let instance = Value::Instance { class, site: None };
        for (hook, role) in hooks.iter().filter_map(|hook| hook.split_once('=')) {
            for value in program.member(&instance, hook.trim(), None) {
                if !matches!(value, Value::Function { .. }) {
                    continue;
                }
                let own = Link { value, ..link.clone() };
                match role.trim() {
                    "error" => self.error_handlers.push(own),
                    "response" => self.conventions.push(Link { role: Role::After, ..own }),
                    _ => self.conventions.push(own),
                }
            }
        }
    }

    /// Whether something in front takes the work of an entry point, where it takes only that of some handlers: a handler
    /// of plain messages sees no commands.
    pub(super) fn takes_work_of(&self, program: &Program<'m>, link: &Link<'m>, entry: usize) -> bool {
        self.takes.get(&(link.module, link.span)).is_none_or(|names| {
            self.libraries.get(&entry).is_some_and(|id| {
                let own = program.catalogue.fact(*id).names.iter().flat_map(|name| expand(name));
                own.into_iter().any(|name| names.contains(&name))
            })
        })
    }
}
