//! Stage 3: modules → program. Names, values, calls and reach across files.
//!
//! Everything is answered in a *frame*: a unit of code together with the call that runs it, its receiver and the frame
//! around its definition. The same wrapper called from two places has two frames, so that what is passed to one call
//! never leaks into the other. Unknown is an answer, never a guess.

mod additions;
mod aliases;
pub mod arguments;
pub mod browser;
mod common;
mod configured;
mod contexts;
mod decorators;
pub mod defined;
pub mod deployment;
mod dispatch;
pub mod entries;
mod filled;
pub mod flow;
pub mod given_settings;
pub mod names;
mod packages;
pub mod passing;
pub mod pending;
pub mod procedures;
mod provided;
mod queues;
pub mod reach;
mod relations;
mod runtimes;
mod shipped;
mod tables;
mod together;
mod unawaited;
pub mod unfolded;
pub mod units;
pub mod values;
mod versions;
mod workers;

use rustc_hash::{FxHashMap, FxHashSet};
use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

use crate::model::{Expression, ExpressionKind, Module, Project, Settings, Span};
use crate::rules::catalogue::{Fact, Kind};
use crate::rules::checked::{Catalogue, FactId};
use crate::source::Location;

use common::Common;
use names::{Names, Target};
use units::{CallId, ClassId, ModuleId, UnitId, Units};
pub use values::{Frame, FrameId, How, Site, Value};

/// Evaluations in one audit; a repository of a million lines stays below.
const STEPS: usize = 20_000_000;

/// What was found out once. The hash is fast and the same in every run.
type Memo<K, V> = RefCell<FxHashMap<K, V>>;
/// Values that several places share; empty: nothing.
type Shared<'m> = Rc<[Value<'m>]>;

/// The linked program.
pub struct Program<'m> {
    pub modules: &'m [Module],
    pub settings: &'m [Settings],
    pub projects: &'m [Project],
    pub catalogue: &'m Catalogue,
    pub units: Arc<Units<'m>>,
    pub names: Names,
    frames: RefCell<values::Frames<'m>>,
    common: Common<'m>,
    /// The frames of units of which nothing is known but where they are written.
    open_frames: Memo<UnitId, FrameId>,
    /// How many frames a unit has, by unit.
    frames_of_unit: RefCell<Vec<u32>>,
    /// The values of expressions that were asked for, by expression and frame; none while they are being evaluated.
    memo: Memo<(usize, FrameId), Option<Shared<'m>>>,
    /// What names are bound to, by the bindings of a scope and frame.
    bound_memo: Memo<((usize, usize), FrameId), Shared<'m>>,
    /// What was found under a key of an expression, by expression, frame and the key's hash.
    keys: Memo<(usize, FrameId, u64), arguments::Given<'m>>,
    /// Whether a call has run its functions when it returns, by site.
    spent: Memo<Site, bool>,
    run_memo: Memo<Site, Rc<[FrameId]>>,
    /// The calls of a frame that run others, with what they run.
    step_memo: Memo<FrameId, Rc<[(Site, FrameId)]>>,
    /// The functions that a call which makes something of a library was given.
    handed: Memo<Site, Rc<[FrameId]>>,
    callee_memo: Memo<Site, Rc<[Rc<str>]>>,
    /// What flows into expressions, by expression and frame.
    slices: Memo<(usize, FrameId, bool), Rc<flow::Slice<'m>>>,
    /// Expressions in the slices that are remembered.
    sliced: Cell<usize>,
    /// The modules that each module imports, and those that import it, once they were asked for.
    imports: OnceCell<Vec<BTreeSet<ModuleId>>>,
    importers: OnceCell<Vec<BTreeSet<ModuleId>>>,
    /// The modules of all programs that load a module.
    near_modules: Memo<ModuleId, Rc<FxHashSet<ModuleId>>>,
    /// Calls that register something, once the entry points are known.
    registrations: OnceCell<FxHashSet<CallId>>,
    /// The tasks that may be put into queues by their names.
    tasks: OnceCell<FxHashMap<String, UnitId>>,
    /// What runs in the files that the program starts as workers.
    workers: OnceCell<FxHashMap<ModuleId, Vec<FrameId>>>,
    export_memo: Memo<(ModuleId, Rc<str>), Option<Shared<'m>>>,
    import_memo: Memo<ModuleId, FxHashMap<String, names::Target>>,
    entry_memo: Memo<(usize, FrameId, Rc<str>), Shared<'m>>,
    steps: Cell<usize>,
    /// How often an evaluation was cut short: it depends on one that goes on, or the work is done.
    cuts: Cell<usize>,
    depth: Cell<usize>,
    fact_memo: Memo<Rc<str>, Rc<[FactId]>>,
    /// The files of settings that facts are about.
    settings_memo: Memo<FactId, Rc<[&'m Settings]>>,
    /// Whether the projects that depend on its library do so in a version that a fact is about, by fact and name.
    asked_versions: Memo<(FactId, Rc<str>), versions::Asked<'m>>,
    /// Whether functions never return.
    diverging: Memo<UnitId, bool>,
    /// The tests in front of what functions return.
    ways_of_returns: Memo<UnitId, arguments::told::Ways<'m>>,
    /// Whether calls come to nothing because nobody awaits them.
    unawaited: Memo<Site, bool>,
    /// What decorators are given, with the decorator.
    wrapped: RefCell<Vec<(UnitId, Value<'m>)>>,
    /// For every class those that derive from it.
    heirs: RefCell<Option<Rc<Vec<Vec<units::ClassId>>>>>,
    /// The classes that derive from some of libraries, once they were asked for.
    library_heirs: RefCell<Option<Rc<dispatch::LibraryHeirs<'m>>>>,
    callers: OnceCell<FxHashMap<UnitId, Vec<Site>>>,
    /// Where objects of classes are made.
    constructions: OnceCell<FxHashMap<units::ClassId, Vec<Site>>>,
    /// The methods that are called on what a call of a library has made.
    used: OnceCell<FxHashMap<CallId, FxHashSet<&'m str>>>,
    /// The calls whose results are entered by a `with` statement, once they were asked for.
    opened: OnceCell<FxHashMap<CallId, &'m Expression>>,
    /// What the files that build a database define, once it was asked for.
    database: OnceCell<procedures::Database<'m>>,
    /// The objects that are filled after they are written out, by the keys that were asked for.
    filled: RefCell<filled::Filled>,
    put_by_key: OnceCell<filled::ByKey<'m>>,
    /// What is called on the queues of the process, once it was asked for.
    queues: RefCell<Option<Rc<queues::Queues>>>,
    /// The steps that add to what a call has made.
    additions: OnceCell<FxHashMap<CallId, Rc<[Site]>>>,
    /// Whether these steps are being looked for.
    is_adding: Cell<bool>,
    /// What frameworks pass to the functions registered with them, by parameter.
    received: RefCell<FxHashMap<UnitId, Vec<String>>>,
    /// The classes of the program of which frameworks pass an object, by function and parameter.
    received_objects: RefCell<FxHashMap<(UnitId, usize), ClassId>>,
    /// The modules in which facts look for settings, once it was asked for.
    setting_modules: OnceCell<configured::SettingModules>,
    /// The fields with which rows may point to others, once they were asked for.
    relations: OnceCell<relations::Relations>,
    /// The settings that the program gives to objects of libraries, once it was asked for.
    given_settings: OnceCell<given_settings::GivenSettings<'m>>,
    /// The calls that may give settings to an object that holds them, once it was asked for.
    giving: OnceCell<given_settings::Giving<'m>>,
    /// The parameters that a route's pattern fills with numbers and the like.
    numeric: RefCell<FxHashSet<(UnitId, usize)>>,
    /// The calls that hand a function over to run elsewhere, with what is known of how they pass its arguments.
    spawned: RefCell<FxHashMap<CallId, &'m Fact>>,
    /// The calls that made what a framework passes first to a function: the router that a plugin adds to.
    scopes: RefCell<FxHashMap<UnitId, Rc<[Site]>>>,
    /// The names that functions set, and those of members that are set anywhere, once it was asked for.
    changed_names: OnceCell<FxHashSet<&'m str>>,
    /// The members that are set on objects that have been made, once it was asked for.
    later_members: OnceCell<FxHashSet<&'m str>>,
    /// The tests that always end a function as the program is shipped, by frame.
    let_through: Memo<FrameId, Rc<[units::NodeId]>>,
    /// What decorators of classes provide for others, once it was asked for.
    provisions: RefCell<Option<Rc<Vec<provided::Provision>>>>,
    /// What is provided under tokens, once it was asked for.
    tokens: RefCell<Option<Rc<Vec<provided::Token<'m>>>>>,
    /// The calls that give an object to all handlers, once it was asked for: with the argument path of that.
    given_objects: RefCell<Option<provided::Objects<'m>>>,
    given_names: RefCell<Option<provided::Named<'m>>>,
    /// What makes the members of contexts that frameworks hand on, once it was asked for, and the names of these.
    contexts: RefCell<Option<contexts::Contexts<'m>>>,
    context_names: OnceCell<FxHashSet<&'m str>>,
    /// The members of contexts that are being asked for.
    asked_of_contexts: RefCell<Vec<(String, String)>>,
    /// What start-up functions hand to requests under a name, once it was asked for.
    yielded: RefCell<Option<provided::Yielded<'m>>>,
    /// The calls that may give applications members, once it was asked for.
    given_members: OnceCell<provided::Members<'m>>,
    /// The calls that put something under a written key (`context.set("log", logger)`), by that, once they were asked for.
    put_under: OnceCell<FxHashMap<&'m str, Vec<CallId>>>,
    /// The calls of methods, by the name of the method.
    method_calls: OnceCell<FxHashMap<&'m str, Vec<CallId>>>,
    /// The calls that define a command of a store, by its name, once they were asked for.
    defined: OnceCell<FxHashMap<String, Vec<Site>>>,
}

impl<'m> Program<'m> {
    /// Links the modules. Cheap by itself: values are found when they are asked for.
    pub fn new(
        modules: &'m [Module],
        settings: &'m [Settings],
        projects: &'m [Project],
        catalogue: &'m Catalogue,
    ) -> Self {
        Program::of_units(Arc::new(Units::of(modules)), modules, settings, projects, catalogue)
    }

    /// Links modules that are indexed already: several programs may be made of one index.
    pub fn of_units(
        units: Arc<Units<'m>>,
        modules: &'m [Module],
        settings: &'m [Settings],
        projects: &'m [Project],
        catalogue: &'m Catalogue,
    ) -> Self {
        Program {
            modules,
            settings,
            projects,
            catalogue,
            names: Names::of(modules.iter().map(|module| (module.path.as_str(), module.language)), projects),
            frames: RefCell::default(),
            common: Common::default(),
            open_frames: RefCell::default(),
            frames_of_unit: RefCell::new(vec![0; units.units.len()]),
            export_memo: RefCell::default(),
            import_memo: RefCell::default(),
            entry_memo: RefCell::default(),
            units,
            memo: RefCell::default(),
            bound_memo: RefCell::default(),
            steps: Cell::new(0),
            cuts: Cell::new(0),
            depth: Cell::new(0),
            fact_memo: RefCell::default(),
            settings_memo: RefCell::default(),
            asked_versions: RefCell::default(),
            diverging: RefCell::default(),
            ways_of_returns: RefCell::default(),
            unawaited: RefCell::default(),
            wrapped: RefCell::default(),
            heirs: RefCell::default(),
            library_heirs: RefCell::default(),
            callers: OnceCell::new(),
            constructions: OnceCell::new(),
            used: OnceCell::new(),
            additions: OnceCell::new(),
            is_adding: Cell::new(false),
            opened: OnceCell::new(),
            database: OnceCell::new(),
            filled: RefCell::default(),
            put_by_key: OnceCell::new(),
            queues: RefCell::default(),
            received: RefCell::default(),
            received_objects: RefCell::default(),
            setting_modules: OnceCell::new(),
            relations: OnceCell::new(),
            given_settings: OnceCell::new(),
            giving: OnceCell::new(),
            numeric: RefCell::default(),
            spawned: RefCell::default(),
            scopes: RefCell::default(),
            changed_names: OnceCell::new(),
            later_members: OnceCell::new(),
            let_through: RefCell::default(),
            provisions: RefCell::default(),
            tokens: RefCell::default(),
            given_objects: RefCell::default(),
            given_names: RefCell::default(),
            contexts: RefCell::default(),
            context_names: OnceCell::new(),
            asked_of_contexts: RefCell::default(),
            yielded: RefCell::default(),
            given_members: OnceCell::new(),
            put_under: OnceCell::new(),
            method_calls: OnceCell::new(),
            defined: OnceCell::new(),
            keys: RefCell::default(),
            spent: RefCell::default(),
            run_memo: RefCell::default(),
            step_memo: RefCell::default(),
            handed: RefCell::default(),
            callee_memo: RefCell::default(),
            slices: RefCell::default(),
            sliced: Cell::new(0),
            imports: OnceCell::new(),
            importers: OnceCell::new(),
            near_modules: RefCell::default(),
            registrations: OnceCell::new(),
            tasks: OnceCell::new(),
            workers: OnceCell::new(),
        }
    }

    /// Notes what a framework passes to a function.
    pub fn receives(&self, unit: UnitId, parameters: &[String]) {
        if parameters.is_empty() {
            return;
        }
        // `client = thing()`: some frameworks go by the names of parameters.
        let mut placed: Vec<String> = Vec::new();
        for (at, received) in parameters.iter().enumerate() {
            let (at, path) = match received.split_once('=') {
                Some((name, path)) => match self.parameter_named(unit, name.trim()) {
                    Some(at) => (at, path.trim()),
                    None => continue,
                },
                None => (at, received.as_str()),
            };
            placed.resize(placed.len().max(at + 1), String::new());
            if let Some(place) = placed.get_mut(at) {
                *place = path.to_owned();
            }
        }
        self.received.borrow_mut().entry(unit).or_insert(placed);
    }

    /// Whether a framework is known to pass something to a function.
    pub fn is_given_by_library(&self, unit: UnitId) -> bool {
        self.received.borrow().contains_key(&unit)
    }

    /// Notes that a framework passes an object of a class of the program to a function.
    pub fn receives_object(&self, unit: UnitId, parameter: &str, class: ClassId) {
        if let Some(at) = self.parameter_named(unit, parameter) {
            self.received_objects.borrow_mut().insert((unit, at), class);
        }
    }

    /// Notes that a route fills a parameter with no text of any length.
    pub fn receives_no_text(&self, unit: UnitId, parameter: &str) {
        if let Some(at) = self.parameter_named(unit, parameter) {
            self.numeric.borrow_mut().insert((unit, at));
        }
    }

    /// Whether a route fills a parameter with no text of any length.
    pub fn is_never_long(&self, unit: UnitId, index: usize) -> bool {
        self.numeric.borrow().contains(&(unit, index))
    }

    /// The class of the object that a framework passes for a parameter.
    pub fn received_object(&self, unit: UnitId, index: usize) -> Option<ClassId> {
        self.received_objects.borrow().get(&(unit, index)).copied()
    }

    fn parameter_named(&self, unit: UnitId, name: &str) -> Option<usize> {
        let function = self.units.units[unit].function?;
        function
            .parameters
            .iter()
            .position(|parameter| matches!(&parameter.target.kind, ExpressionKind::Name(own) if own == name))
    }

    /// Notes which router a function adds to that is registered as a plugin; whether that was not known.
    pub fn adds_to(&self, unit: UnitId, makers: Rc<[Site]>) -> bool {
        let mut scopes = self.scopes.borrow_mut();
        let is_new = !scopes.contains_key(&unit);
        if is_new {
            scopes.insert(unit, makers);
        }
        is_new
    }

    /// Whether a function is registered as a plugin of a router.
    pub fn is_plugin(&self, unit: UnitId) -> bool {
        self.scopes.borrow().contains_key(&unit)
    }

    /// Whether the program calls a function itself.
    pub fn is_called(&self, unit: UnitId) -> bool {
        self.callers.get().is_some_and(|callers| callers.get(&unit).is_some_and(|sites| !sites.is_empty()))
    }

    /// Notes the calls that register something, and forgets what was evaluated before they were known.
    pub fn note_registrations(&self, calls: FxHashSet<CallId>) {
        let _ = self.registrations.set(calls);
        self.forget();
    }

    /// Notes the tasks that may be put into queues by their names.
    pub fn note_tasks(&self, tasks: FxHashMap<String, UnitId>) {
        let _ = self.tasks.set(tasks);
    }

    /// Forgets what was evaluated before all registrations were known.
    pub fn forget(&self) {
        *self.given_objects.borrow_mut() = None;
        *self.given_names.borrow_mut() = None;
        *self.contexts.borrow_mut() = None;
        *self.yielded.borrow_mut() = None;
        *self.queues.borrow_mut() = None;
        self.filled.borrow_mut().clear();
        self.memo.borrow_mut().clear();
        self.bound_memo.borrow_mut().clear();
        self.keys.borrow_mut().clear();
        self.diverging.borrow_mut().clear();
        self.unawaited.borrow_mut().clear();
        self.spent.borrow_mut().clear();
        self.run_memo.borrow_mut().clear();
        self.step_memo.borrow_mut().clear();
        self.handed.borrow_mut().clear();
        self.callee_memo.borrow_mut().clear();
        self.slices.borrow_mut().clear();
        self.let_through.borrow_mut().clear();
        self.sliced.set(0);
        self.export_memo.borrow_mut().clear();
        self.entry_memo.borrow_mut().clear();
    }

    /// The place of a span in a module.
    pub fn location(&self, module: ModuleId, span: Span) -> Location {
        let module = &self.modules[module];
        let (start, end) = (module.lines.position(span.start), module.lines.position(span.end.max(span.start)));
        Location {
            path: module.path.clone(),
            line: start.line,
            column: start.column,
            end_line: end.line,
            end_column: end.column,
        }
    }

    /// The place of a call: where its callee begins.
    pub fn place(&self, call: CallId) -> Location {
        let info = &self.units.calls[call];
        self.location(info.module, info.call.span)
    }

    /// The facts that hold for a canonical name, by the versions that the projects ask for.
    pub fn facts(&self, path: &str) -> Rc<[FactId]> {
        if let Some(found) = self.fact_memo.borrow().get(path) {
            return found.clone();
        }
        let mut facts = self.catalogue.lookup(path);
        if facts.iter().any(|id| self.version_fits(*id, path)) {
            facts.retain(|id| self.version_fits(*id, path));
        } else {
            // A name that no version has which is asked for: the code tells what it calls, and no defaults of others hold.
            facts.retain(|id| self.catalogue.fact(*id).is == Kind::Call);
        }
        let found: Rc<[FactId]> = facts.into();
        self.fact_memo.borrow_mut().insert(Rc::from(path), found.clone());
        found
    }

    /// The facts that held for any name that was looked up so far.
    pub fn facts_met(&self) -> BTreeSet<FactId> {
        self.fact_memo.borrow().values().flat_map(|facts| facts.iter().copied()).collect()
    }

    /// The facts of one kind.
    pub fn facts_of(&self, path: &str, kind: Kind) -> Vec<(FactId, &'m Fact)> {
        let catalogue: &'m Catalogue = self.catalogue;
        self.facts(path).iter().map(|id| (*id, catalogue.fact(*id))).filter(|(_, fact)| fact.is == kind).collect()
    }

    /// The calls of methods of a name, whatever they are called on.
    pub fn calls_of_method(&self, name: &str) -> &[CallId] {
        let all = self.method_calls.get_or_init(|| {
            let mut all: FxHashMap<&'m str, Vec<CallId>> = FxHashMap::default();
            for (call, info) in self.units.calls.iter().enumerate() {
                if let ExpressionKind::Member { name, .. } = &info.call.callee.kind {
                    all.entry(name).or_default().push(call);
                }
            }
            all
        });
        all.get(name).map_or(&[], Vec::as_slice)
    }

    pub fn is_a(&self, path: &str, kind: Kind) -> bool {
        self.facts(path).iter().any(|id| self.catalogue.fact(*id).is == kind)
    }

    /// What a text of a program written in Rust names as seen from a frame: `"short"`, `"crate::texts::short"`.
    pub fn named_at(&self, frame: FrameId, path: &str) -> Vec<Value<'m>> {
        let module = self.module_of(self.unit_of_frame(frame));
        let info = &self.modules[module];
        let home = match path.rsplit_once("::") {
            Some((source, _)) => self.names.resolve(&info.path, info.language, source),
            None => Target::Module(module),
        };
        match home {
            Target::Module(home) => {
                self.exported(home, path.rsplit("::").next().unwrap_or(path), 0).unwrap_or_default()
            }
            _ => Vec::new(),
        }
    }

    /// The module that an expression stands in, by its unit.
    pub fn module_of(&self, unit: UnitId) -> ModuleId {
        self.units.units[unit].module
    }

    /// The text of a name path as written: `a.b.c`, for messages.
    pub fn written(expression: &Expression) -> String {
        use crate::model::ExpressionKind as E;
        match &expression.kind {
            E::Name(name) => name.trim_start_matches("::").to_owned(),
            E::Member { object, name } => match Self::written(object) {
                object if object.is_empty() => name.clone(),
                object => format!("{object}.{name}"),
            },
            E::Index { object, .. } | E::Slice { object, .. } => format!("{}[…]", Self::written(object)),
            E::Call(call) => format!("{}()", Self::written(&call.callee)),
            E::Await(inner) | E::Spread(inner) => Self::written(inner),
            _ => String::new(),
        }
    }
}
