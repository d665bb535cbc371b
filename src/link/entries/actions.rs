//! Functions that the browser may call: exported from a module, or marked themselves, by a directive.

use crate::link::Program;
use crate::link::units::*;
use crate::link::values::{FrameId, How, Value};
use crate::model::*;

use super::conventional::{exported_name, route_of_file};
use super::{Entries, Entry, handler_frame};

/// Directive that makes a function callable from the browser.
const DIRECTIVE: &str = "use server";

/// The kind of entry points that such functions are.
pub(super) const KIND: &str = "action";

impl<'m> Entries<'m> {
    pub(super) fn actions(&mut self, program: &Program<'m>) {
        for (module, info) in program.modules.iter().enumerate() {
            if is_marked(&info.directives) {
                self.exported_actions(program, module);
            }
        }
        for (unit, info) in program.units.units.iter().enumerate() {
            let Some(function) = info.function.filter(|function| is_marked(&function.directives)) else { continue };
            let Some(handler) = handler_frame(program, unit) else { continue };
            let exported = || Some(exported_name(program, info.module, unit)).filter(|name| !name.is_empty());
            let name = match function.name.as_str() {
                "" => exported().or_else(|| bound_name(program, unit)).unwrap_or_default(),
                name => name.to_owned(),
            };
            self.action(program, name, info.module, function.span, handler);
        }
    }

    /// What a module exports: its own functions, and what wrappers of the program make of them.
    fn exported_actions(&mut self, program: &Program<'m>, module: ModuleId) {
        let own = program.module_frame(module);
        for export in &program.units.exports[module] {
            let Some(value) = &export.value else { continue };
            for each in program.values(value, own).iter() {
                let Value::Function { unit, closure, receiver } = each else { continue };
                let Some(function) = program.units.units[*unit].function else { continue };
                let is_own = program.units.units[*unit].module == module && *closure == own;
                let Some(handler) = program.enter(*unit, *closure, receiver.clone(), How::Framework) else { continue };
                if is_own {
                    let name = if function.name.is_empty() { &export.name } else { &function.name };
                    self.action(program, name.clone(), module, function.span, handler);
                } else {
                    self.action(program, export.name.clone(), module, written_at(program, module, value), handler);
                }
            }
        }
    }

    fn action(&mut self, program: &Program<'m>, name: String, module: ModuleId, span: Span, handler: FrameId) {
        let unit = program.unit_of_frame(handler);
        // What one wrapper makes of several functions is a function for each of them.
        let is_known = |entry: &Entry<'m>| {
            entry.handler == handler
                || program.unit_of_frame(entry.handler) == unit
                    && entry.module == module
                    && (entry.span == span || entry.span.contains(program.units.units[unit].span))
        };
        if self.entries.iter().any(is_known) {
            return;
        }
        self.entries.push(Entry {
            kind: KIND.into(),
            name,
            public: true,
            module,
            span,
            handler,
            is_page: false,
            is_in_front: false,
            behind: Vec::new(),
            chains: vec![Vec::new()],
        });
    }
}

/// The paths to which a browser may send a call of an action: that of the page beside it, or the first page.
pub(super) fn pages_of(path: &str) -> [String; 2] {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    [route_of_file(&format!("{folder}/index.ts")), "/".to_owned()]
}

fn is_marked(directives: &[String]) -> bool {
    directives.iter().any(|directive| directive == DIRECTIVE)
}

/// Where what is exported under a name is made.
fn written_at(program: &Program<'_>, module: ModuleId, exported: &Expression) -> Span {
    let ExpressionKind::Name(name) = &exported.kind else { return exported.span };
    let bindings = program.units.units[program.units.bodies[module]].names.get(name.as_str());
    let made = bindings.into_iter().flatten().find_map(|binding| match binding {
        Binding::Value { value, .. } => Some(value.span),
        _ => None,
    });
    made.unwrap_or(exported.span)
}

/// The name that a function without one is bound to where it is written: `const ask = async () => { "use server" }`.
fn bound_name(program: &Program<'_>, unit: UnitId) -> Option<String> {
    let info = &program.units.units[unit];
    let names = &program.units.units[info.parent?].names;
    let binds_it = |binding: &Binding<'_>| matches!(binding, Binding::Value { value, access, .. } if access.is_empty() && value.span == info.span);
    names.iter().filter(|(_, bindings)| bindings.iter().any(binds_it)).map(|(name, _)| (*name).to_owned()).min()
}
