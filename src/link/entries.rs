//! Entry points: what outside input starts, and the chain of guards in front of each.
//!
//! Registrations are found by the catalogue's facts: decorators, calls that are given a handler, files found by
//! convention, main blocks. Routers form a forest by their mounts; the chain of an entry point is what stands on the
//! way from the application down to its handler, in the order in which it runs.

mod actions;
mod answers;
mod assigned;
mod chains;
mod class_handlers;
mod conventional;
mod decorated;
mod derived;
mod development;
mod error_handlers;
mod files;
mod given;
mod groups;
mod holding;
mod in_a_row;
mod included;
mod injection;
mod kinds;
mod layers;
mod links;
mod log_tables;
mod marked;
mod mounts;
mod naming;
mod plugins;
mod registered;
mod scheduled;
mod scopes;
mod selected;
mod served;
mod started;
mod tasks;
mod workers;

use std::collections::BTreeMap;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::model::*;
use crate::rules::catalogue::Fact;
use crate::rules::checked::FactId;
use crate::source::order::InOrder;

use super::Program;
use super::units::*;
use super::values::{FrameId, How, Site, Value};

use selected::Selection;

pub use assigned::is_assigned;
pub use conventional::is_main_block;
pub use decorated::decorator_facts;
pub(super) use files::library_is_used;
pub use files::{conventions, found_by_convention, runtime_of_file, set_by_convention};
pub use injection::{injected_for, injected_links};

/// One entry point.
#[derive(Clone, Debug)]
pub struct Entry<'m> {
    /// `http`, `websocket`, `bot`, `queue`, `cron`, `cli`, `ui`, `action`.
    pub kind: String,
    /// `POST /api/chat`, the command, or the function's name.
    pub name: String,
    /// Whether a remote person can reach it.
    pub public: bool,
    pub module: ModuleId,
    /// From the first decorator or the registration to the end of the handler.
    pub span: Span,
    pub handler: FrameId,
    /// Whether it makes a page: what that shows runs on the server, what the page does later does not.
    pub is_page: bool,
    /// Whether it is put in front of others: it is an entry point where it answers by itself.
    pub is_in_front: bool,
    /// What runs before the handler, outermost first; one list for each way in which its router is mounted.
    pub chains: Vec<Vec<Link<'m>>>,
    /// What runs for the same request once the handler has gone on.
    pub behind: Vec<FrameId>,
}

impl Entry<'_> {
    /// Whether a page calls it as a function of its own, by a request that the framework makes.
    pub fn is_action(&self) -> bool {
        self.kind == actions::KIND
    }
}

/// Something in front of a handler.
#[derive(Clone, Debug, PartialEq)]
pub struct Link<'m> {
    pub value: Value<'m>,
    pub role: Role,
    /// Where it is put in front.
    pub module: ModuleId,
    pub span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Wraps the handler from the inside of the registration.
    Decorator,
    Middleware,
    /// Runs before the handler and stops it by raising.
    Dependency,
    /// Is asked whether the handler is to run.
    Decision,
    /// Runs when the answer has been made: it sees the request and stops nothing.
    After,
    /// Is told of an error; what the user gets is the same whatever it returns.
    Observer,
}

/// For which routes of its router a middleware stands in front.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    All,
    /// Those that are added after it.
    After,
    /// Those that were added before it.
    Before,
}

/// What is registered at a router, in the order of the text.
#[derive(Clone, Debug)]
enum Registered<'m> {
    /// With a member it is for what is registered by this member of the router only.
    Middleware {
        path: String,
        links: Vec<Link<'m>>,
        order: Order,
        member: Option<String>,
        /// Whether it stands in front of its path only, and not of those below.
        is_exact: bool,
    },
    Route {
        path: String,
        entry: usize,
        member: Option<String>,
    },
    Mount {
        path: String,
        child: CallId,
        links: Vec<Link<'m>>,
    },
}

/// Everything about entry points in a program.
#[derive(Debug, Default)]
pub struct Entries<'m> {
    pub entries: Vec<Entry<'m>>,
    /// Handlers of errors that are registered: functions with the registration.
    pub error_handlers: Vec<Link<'m>>,
    /// Objects that are told of what is logged as an error.
    pub log_handlers: Vec<Link<'m>>,
    /// Handlers among them that see some kinds of errors only: by the place of their registration.
    pub narrow_handlers: FxHashSet<(ModuleId, Span)>,
    /// Whether a handler of errors answers before what stands in front goes on.
    pub answers_inside: bool,
    /// Handlers that see the errors only of what was registered before them: with their router and their place.
    ordered_handlers: Vec<(CallId, CallId, Span)>,
    /// Handlers that see the errors only of what is registered at their router, unless that is the application.
    scoped_handlers: Vec<(CallId, ModuleId, Span)>,
    /// Handlers that an application has for what is registered at it: by the place of their registration.
    of_application: FxHashSet<(ModuleId, Span)>,
    /// Handlers of entry points whose errors a handler of errors does not see: by the place of its registration.
    pub unseen: FxHashMap<(ModuleId, Span), FxHashSet<FrameId>>,
    /// Start-up functions and files besides the modules themselves.
    pub starts: Vec<FrameId>,
    /// Handlers of the commands that an application has beside what it serves: each runs in a process of its own.
    pub commands: FxHashSet<FrameId>,
    /// Handlers that run in the process that registers them, where something else is used: who starts that gives them no work.
    pub run_here: FxHashSet<FrameId>,
    /// Calls that register something: the functions they are given do not run there.
    registrations: FxHashSet<CallId>,
    routers: FxHashMap<CallId, Vec<(CallId, Registered<'m>)>>,
    /// Entries that their decorator names no router for, with their paths, by the handler: whoever is given the handler
    /// later is their router.
    unplaced: FxHashMap<UnitId, (usize, String)>,
    /// The entry points that are put in front of others, by entry point: their router, their registration and their path.
    in_front: BTreeMap<usize, (CallId, CallId, String)>,
    /// The calls that register entry points at no router, by entry point: `os.handler(answer)`.
    lone: FxHashMap<usize, CallId>,
    /// Registrations that take in lists of others, or routers, under their path.
    inclusions: Vec<included::Inclusion>,
    /// Middleware found by convention, for the entries that are found by convention.
    conventions: Vec<Link<'m>>,
    /// The places of those among them that see requests only, and nothing that comes from a queue.
    of_requests: FxHashSet<(ModuleId, Span)>,
    /// The handlers of errors that a framework for requests calls, by the place of their registration: the fact.
    answering: BTreeMap<(ModuleId, Span), FactId>,
    /// The ways of registration of those whose work something in front takes, where it does not take that of all.
    takes: FxHashMap<(ModuleId, Span), &'m [String]>,
    /// The kind of entry points that some of what stands in front sees alone, by its place.
    of_kind: FxHashMap<(ModuleId, Span), &'m str>,
    /// What a library calls around all entry points that are its own (signals), by its place: the fact that says so.
    of_library: FxHashMap<(ModuleId, Span), FactId>,
    /// The paths for which some of these stand in front, by their place.
    scopes: FxHashMap<(ModuleId, Span), Vec<String>>,
    /// The entry points that middleware is for which is put in front of some only, by its place.
    selected: FxHashMap<(ModuleId, Span), Vec<Selection>>,
    /// The facts by which middleware was found as a file, by its place.
    found: FxHashMap<(ModuleId, Span), FactId>,
    /// The facts by which entry points were registered, by their number.
    libraries: FxHashMap<usize, FactId>,
    /// The one application that the program makes of a class, for what is registered with whatever there is.
    applications: FxHashMap<&'m str, Option<Site>>,
    /// Routers that a call answers requests with, with that call.
    served: Vec<(CallId, Site)>,
    /// The steps of what a platform serves: their first parameter is what whoever calls it has sent, with what the
    /// platform keeps of the turns before.
    steps: FxHashSet<UnitId>,
    /// The calls that put together what platforms serve.
    pub assembled: Vec<Site>,
    /// Those of them that made the whole of it.
    pub declared: Vec<Site>,
}

/// Modules that are run as they are: their body is an entry point of its own.
pub struct Started<'s> {
    pub mains: &'s [String],
    /// Those of them that no server imports as well.
    pub run: &'s [String],
    /// Those of them that are run anew for whoever opens their page.
    pub pages: &'s [String],
    /// Whether an application server imports the application instead of running main blocks.
    pub served: bool,
    /// Files with the functions of which the server calls the first that there is, for the application.
    pub factories: &'s [(&'s str, &'s [String])],
    /// Files with the functions of which settings say that a platform calls them.
    pub handlers: &'s [(&'s str, &'s [Deployed])],
}

impl<'m> Entries<'m> {
    pub fn of(program: &Program<'m>, started: &Started<'_>) -> Entries<'m> {
        let mut entries = Entries::default();
        entries.plugins(program);
        entries.decorated(program);
        entries.decorated_classes(program);
        entries.derived(program);
        entries.registered(program);
        entries.held_by_routers(program);
        entries.assigned(program);
        entries.conventional(program);
        entries.actions(program);
        entries.deployed(program, started);
        entries.mains(program, started);
        entries.factories(program, started);
        entries.workers(program);
        entries.scheduled(program);
        program.note_tasks(entries.tasks(program));
        program.note_registrations(std::mem::take(&mut entries.registrations));
        entries.without_misplaced(program);
        entries.chain(program);
        entries.note_commands();
        entries.entries.order_by(|a, b| {
            (&program.modules[a.module].path, a.span, &a.name).cmp(&(&program.modules[b.module].path, b.span, &b.name))
        });
        entries.entries.dedup_by(|a, b| {
            a.module == b.module && a.span.start == b.span.start && a.handler == b.handler && a.name == b.name
        });
        entries
    }

    /// Whether a function is a step of what a platform serves.
    pub fn is_step(&self, unit: UnitId) -> bool {
        self.steps.contains(&unit)
    }

    /// All steps of what platforms serve.
    pub fn steps(&self) -> impl Iterator<Item = UnitId> + '_ {
        self.steps.iter().copied()
    }

    fn register(&mut self, router: Option<&Site>, site: Option<Site>, what: Registered<'m>) {
        if let Some(router) = router {
            let position = site.map_or(router.call, |site| site.call);
            self.routers.entry(router.call).or_default().push((position, what));
        }
    }
}

/// Notes what a framework passes to a function that is given to a registration.
fn receive(program: &Program<'_>, value: &Value<'_>, fact: &Fact) {
    if let Value::Function { unit, .. } = value {
        program.receives(*unit, &fact.receives);
    }
}

fn link<'m>(program: &Program<'m>, unit: UnitId, span: Span, role: Role) -> Link<'m> {
    let info = &program.units.units[unit];
    let closure = info.parent.map_or_else(|| program.module_frame(info.module), |parent| program.open_frame(parent));
    Link { value: Value::Function { unit, closure, receiver: None }, role, module: info.module, span }
}

/// The frame of a handler that a framework runs.
pub fn handler_frame(program: &Program<'_>, unit: UnitId) -> Option<FrameId> {
    let parent = program.units.units[unit].parent?;
    program.enter(unit, program.open_frame(parent), None, How::Framework)
}

/// Methods of classes that stand in front of handlers, by which a framework asks them.
const BEFORE: [&str; 9] = [
    "__call__",
    "dispatch",
    "process_request",
    "use",
    "intercept",
    "canActivate",
    "catch",
    "allow_request",
    "has_permission",
];

/// The frame of a function value that a framework runs.
pub fn frame_of<'m>(program: &Program<'m>, value: &Value<'m>) -> Option<FrameId> {
    match value {
        Value::Function { unit, closure, receiver } => program.enter(*unit, *closure, receiver.clone(), How::Framework),
        Value::Class(class) | Value::Instance { class, .. } => {
            let line = program.line_of(*class);
            let before = BEFORE.iter().find_map(|name| {
                line.iter().find_map(|class| Some((*class, *program.units.classes[*class].methods.get(name)?)))
            });
            let Some((home, unit)) = before else {
                return frame_of(program, &layers::service_of(program, value)?);
            };
            let receiver = Value::Instance { class: *class, site: None };
            let home = program.open_frame(program.units.classes[home].unit);
            program.enter(unit, home, Some(std::rc::Rc::new(receiver)), How::Framework)
        }
        _ => None,
    }
}
