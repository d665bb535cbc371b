//! Every read of a variable, and what is made of it where it stands: statements; `uses` walks the expressions.

mod uses;

use std::collections::{BTreeSet, HashMap};

use crate::link::flow::exit_of;
use crate::link::units::{ModuleId, NodeId, UnitId};
use crate::link::{FrameId, Site};
use crate::model::*;
use crate::rules::catalogue::Kind;

use super::alternatives::{Alternative, Replaced, replaced_by};
use super::behind;
use super::fillings::{self, Stands};
use super::meanings::{is_credential, is_plain_setting, is_process_variable, is_variable_name};
use super::names::{Default as Fallback, Named, Variables, is_of_process};

/// What stands in for a variable, of a row of alternatives: people write a few.
const ALTERNATIVES: usize = 16;

/// One variable, read at one place.
#[derive(Clone, Debug)]
pub struct Read<'m> {
    pub named: Named,
    pub module: ModuleId,
    /// The place to name: the read itself, or the call that is given the name.
    pub span: Span,
    pub unit: UnitId,
    pub node: Option<NodeId>,
    pub raises: bool,
    /// Without a value what is done with it where it is read fails by itself: `int(X)`.
    pub breaks: bool,
    pub default: Option<Filled>,
    /// The name under which it is kept, where it is kept as it is.
    pub bound: Option<&'m str>,
    /// Only compared or tested where it is read.
    pub tested: bool,
    /// Read only where a test says that it is there.
    pub there: bool,
    /// Reads of which one is enough.
    pub group: Option<usize>,
    /// The call that it is given to, perhaps within an object, a list or a text.
    pub given_to: Option<&'m Call>,
    /// Sent where no test of it lies on the way.
    pub untested: bool,
}

/// What stands in for a missing variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filled {
    Something,
    /// The empty text: a value for a setting, none for a credential.
    Blank,
}

/// What is made of an expression where it stands.
#[derive(Clone, Debug, Default)]
pub(super) struct Use<'m> {
    pub(super) tested: bool,
    /// Nothing is asked of it where it is missing: `X?.split(",")`.
    pub(super) forgiven: bool,
    raises: bool,
    /// Without a value this fails by itself, where nothing else stands in for it: `X + ":"`, `int(X)`.
    breaks: bool,
    filled: Option<Filled>,
    /// What is taken when it is missing, the nearest first.
    pub(super) alternatives: Vec<(&'m Expression, UnitId)>,
    group: Option<usize>,
    /// The name that it is given: of a variable, a member, or a parameter.
    pub(super) bound: Option<&'m str>,
    /// The call that it is given to, perhaps within an object, a list or a text.
    pub(super) given_to: Option<&'m Call>,
}

/// All reads of a program, in the order of the text.
pub fn reads<'m>(variables: &Variables<'_, 'm>) -> Vec<Read<'m>> {
    let (mut reads, uses) = walked(variables, Stands::with_alternatives());
    let uses_of = |stands| walked(variables, stands).1;
    fillings::fill(variables, &mut reads, &uses, uses_of);
    fillings::note_tests(variables, &mut reads, uses_of);
    behind::note(variables, &mut reads, uses_of);
    behind::note_called(variables, &mut reads);
    reads
}

/// All uses of certain names, whatever they are.
pub(super) fn uses<'m>(variables: &Variables<'_, 'm>, names: BTreeSet<&'m str>) -> Stands<'m> {
    walked(variables, Stands::every(names)).1
}

fn walked<'m>(variables: &Variables<'_, 'm>, stands: Stands<'m>) -> (Vec<Read<'m>>, Stands<'m>) {
    let units = &variables.program.units;
    let members = units.units.iter().flat_map(|unit| &unit.members);
    let nodes = members.map(|(node, each)| (std::ptr::from_ref(*each) as usize, *node)).collect();
    let (reads, tests) = (Vec::new(), Vec::new());
    let mut walk = Walk { variables, nodes, module: 0, unit: 0, reads, groups: 0, caught: None, tests, stands };
    for (module, info) in variables.program.modules.iter().enumerate() {
        walk.module = module;
        walk.unit = units.bodies[module];
        walk.block(&info.body);
    }
    (walk.reads, walk.stands)
}

struct Walk<'p, 'm> {
    variables: &'p Variables<'p, 'm>,
    nodes: HashMap<usize, NodeId>,
    module: ModuleId,
    unit: UnitId,
    reads: Vec<Read<'m>>,
    groups: usize,
    /// What handlers around make of an error: they give the value instead.
    caught: Option<Replaced>,
    /// The tests around, each with how it came out and the unit that it stands in.
    tests: Vec<(&'m Expression, bool, UnitId)>,
    /// Where names stand that may hold a variable.
    stands: Stands<'m>,
}

impl<'m> Walk<'_, 'm> {
    fn block(&mut self, block: &'m Block) {
        let outer = self.tests.len();
        for statement in block {
            self.statement(statement);
            // `if "X" not in os.environ: return`: from there on it is there.
            if let StatementKind::If { test, then, otherwise } = &statement.kind
                && otherwise.is_empty()
                && exit_of(then).is_some()
            {
                self.tests.push((test, false, self.unit));
            }
        }
        self.tests.truncate(outer);
    }

    /// Walks what runs only where a test holds, or only where it does not.
    fn behind(&mut self, test: &'m Expression, holds: bool, walk: impl FnOnce(&mut Self)) {
        let outer = self.tests.len();
        self.tests.push((test, holds, self.unit));
        walk(self);
        self.tests.truncate(outer);
    }

    /// Whether a variable is there where the walk is: without it a test around would have come out otherwise.
    fn is_present(&self, name: &str) -> bool {
        self.tests.iter().any(|&(test, holds, unit)| {
            let frame = self.variables.program.open_frame(unit);
            self.variables.holds_without(test, frame, name) == Some(!holds)
                || holds && self.variables.is_one_of(test, frame, name)
        })
    }

    /// Whether a setting is only told: given to a reply or to a log line as it is, it is missed by nobody.
    fn is_told(&self, name: &str, used: &Use<'m>) -> bool {
        let program = self.variables.program;
        let Some(call) = used.given_to.filter(|_| is_plain_setting(name)) else { return false };
        let Some(call) = program.units.call_id(call) else { return false };
        let paths = program.callee_paths(Site { call, frame: self.frame() });
        paths.iter().any(|path| program.is_a(path, Kind::Respond) || program.is_a(path, Kind::Log))
    }

    fn plain(&mut self, expression: &'m Expression) {
        self.expression(expression, &Use::default());
    }

    fn test(&mut self, expression: &'m Expression) {
        self.expression(expression, &Use { tested: true, ..Use::default() });
    }

    fn statement(&mut self, statement: &'m Statement) {
        match &statement.kind {
            StatementKind::If { test, then, otherwise } => {
                self.test(test);
                self.behind(test, true, |walk| walk.block(then));
                self.behind(test, false, |walk| walk.block(otherwise));
            }
            StatementKind::Loop(each) => {
                self.block(&each.setup);
                if let Some(over) = &each.over {
                    if each.kind == LoopKind::While { self.test(over) } else { self.plain(over) }
                }
                self.block(&each.step);
                self.block(&each.body);
            }
            StatementKind::Try(each) => {
                let outer = self.caught;
                self.caught = replaced_by(each).or(outer);
                self.block(&each.body);
                self.caught = outer;
                each.handlers.iter().for_each(|handler| self.block(&handler.body));
                self.block(&each.otherwise);
                self.block(&each.finally);
            }
            StatementKind::With { items, body } => {
                items.iter().for_each(|item| self.plain(&item.context));
                self.block(body);
            }
            StatementKind::Block(block) => self.block(block),
            StatementKind::Function(function) => self.function(function),
            StatementKind::Class(class) => {
                class.decorators.iter().for_each(|decorator| self.plain(decorator));
                self.block(&class.body);
            }
            StatementKind::Expression(value) => {
                // `os.environ.pop("KEY", None)`: nobody takes what it gives. In Rust a block ends with its value.
                let is_dropped = self.variables.program.modules[self.module].language == Language::Python
                    && self.variables.read_of(value, self.frame()).is_some_and(|read| !read.raises);
                self.expression(value, &Use { tested: is_dropped, ..Use::default() });
            }
            StatementKind::Return(Some(value)) | StatementKind::Raise(Some(value)) => self.plain(value),
            StatementKind::Assign(assignment) => self.assignment(assignment, &Use::default()),
            StatementKind::Export(export) => {
                let bound = Some(export.name.as_str());
                export.value.iter().for_each(|value| self.expression(value, &Use { bound, ..Use::default() }));
            }
            StatementKind::Import(import) => self.import(import, statement.span),
            _ => {}
        }
    }

    /// `import { KEY } from "$env/static/private"`: what is imported is the variable.
    fn import(&mut self, import: &'m Import, span: Span) {
        let is_value = |name: &&String| !import.is_type_only && is_variable_name(name);
        let Some(name) = import.name.as_ref().filter(is_value) else { return };
        let program = self.variables.program;
        let source = program.catalogue.canonical(program.modules[self.module].language, &import.source);
        let facts = program.facts_of(&format!("{source}.{name}"), Kind::Environment);
        let Some((_, fact)) = facts.into_iter().find(|(_, fact)| fact.variable.is_none()) else { return };
        let named = Named { name: name.clone(), via: Vec::new(), place: Some((self.module, span)) };
        let node = self.node_at(span);
        self.add(named, span, fact.raises == Some(true), None, node, &Use::default());
    }

    /// The innermost node of the unit around a place.
    fn node_at(&self, span: Span) -> Option<NodeId> {
        let units = &self.variables.program.units;
        units.units[self.unit].nodes.iter().copied().rfind(|node| units.nodes[*node].span.contains(span))
    }

    fn assignment(&mut self, assignment: &'m Assignment, used: &Use<'m>) {
        let Some(value) = &assignment.value else { return };
        // `const { KEY, OTHER = "x" } = process.env`.
        if let ExpressionKind::Object(entries) = &assignment.target.kind {
            self.destructured(entries, value);
        }
        let bound = bound_name(&assignment.target);
        self.expression(value, &Use { bound, ..used.clone() });
    }

    fn destructured(&mut self, entries: &'m [Entry], value: &'m Expression) {
        let frame = self.frame();
        let Some(environment) = self.variables.environment(value, frame) else { return };
        for entry in entries {
            let is_name = if is_of_process(environment) { is_process_variable } else { is_variable_name };
            let Some(key) = entry.key.as_ref().filter(|key| is_name(key)) else { continue };
            let default = match &entry.value.kind {
                ExpressionKind::Operator { operator, operands } if operator == "=" => operands.get(1),
                _ => None,
            };
            let named = Named { name: key.clone(), via: Vec::new(), place: Some((self.module, entry.value.span)) };
            let pattern = match &entry.value.kind {
                ExpressionKind::Operator { operator, operands } if operator == "=" => operands.first(),
                _ => Some(&entry.value),
            };
            let alternatives = default.map(|each| (each, self.unit)).into_iter().collect();
            let used = Use { alternatives, bound: pattern.and_then(bound_name), ..Use::default() };
            let node = self.node_at(value.span);
            self.add(named, entry.value.span, false, None, node, &used);
        }
    }

    fn function(&mut self, function: &'m Function) {
        function.decorators.iter().for_each(|decorator| self.plain(decorator));
        // What is defined here may run elsewhere.
        let (outer, caught, tests) = (self.unit, self.caught.take(), std::mem::take(&mut self.tests));
        for parameter in &function.parameters {
            parameter.default.iter().for_each(|default| self.plain(default));
        }
        self.unit = self.variables.program.units.unit_of(function).unwrap_or(outer);
        self.block(&function.body);
        (self.unit, self.caught, self.tests) = (outer, caught, tests);
    }

    fn frame(&self) -> FrameId {
        self.variables.program.open_frame(self.unit)
    }

    fn node_of(&self, expression: &'m Expression) -> Option<NodeId> {
        match &expression.kind {
            ExpressionKind::Call(call) => {
                let units = &self.variables.program.units;
                units.call_id(call).map(|id| units.calls[id].node)
            }
            _ => self.nodes.get(&(std::ptr::from_ref(expression) as usize)).copied(),
        }
    }

    fn add(
        &mut self,
        named: Named,
        span: Span,
        raises: bool,
        default: Option<Fallback<'m>>,
        node: Option<NodeId>,
        used: &Use<'m>,
    ) {
        let mut filled = used.filled;
        let mut stops = used.raises || raises && default.is_none();
        match self.caught {
            Some(Replaced::Something) if stops || used.breaks => filled = Some(Filled::Something),
            Some(Replaced::Nothing) => stops = false,
            _ => {}
        }
        let mut fill = |alternative: Alternative| {
            match alternative {
                Alternative::Something => filled = Some(Filled::Something),
                Alternative::Blank => filled = filled.or(Some(Filled::Blank)),
                Alternative::Stops => stops = true,
                Alternative::Nothing | Alternative::Variable => {}
            };
        };
        match default {
            Some(Fallback::Given(expression, frame)) => fill(self.variables.alternative(expression, frame, &named, 0)),
            Some(Fallback::Unseen) => fill(Alternative::Something),
            None => {}
        }
        for (expression, unit) in &used.alternatives {
            let frame = self.variables.program.open_frame(*unit);
            fill(self.variables.alternative(expression, frame, &named, 0));
        }
        // A read that is given its name by a call stands where the call stands.
        let (module, span) =
            if named.via.is_empty() { (self.module, span) } else { named.place.unwrap_or((self.module, span)) };
        // A credential that is missing is missed, wherever it goes.
        let is_passed_over = used.forgiven && !is_credential(&named.name);
        let is_there = self.is_present(&named.name);
        let is_told = self.is_told(&named.name, used);
        let has_other = default.is_some() || filled.is_some() || used.group.is_some();
        self.reads.push(Read {
            breaks: used.breaks && !has_other && !used.tested && !is_there,
            bound: used.bound,
            tested: used.tested || is_passed_over || is_there || is_told,
            there: is_there,
            raises: stops && !is_there,
            named,
            module,
            span,
            unit: self.unit,
            node,
            default: filled,
            group: used.group,
            given_to: used.given_to,
            untested: false,
        });
    }
}

/// The name that an assignment or a parameter gives to a value.
pub(super) fn bound_name(target: &Expression) -> Option<&str> {
    match &target.kind {
        ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } => Some(name),
        _ => None,
    }
}
