//! The parts of a program that hold code, and where everything in them stands.
//!
//! A unit is a module body, a function, or a lambda. Indexing walks each module once and notes: which unit a call
//! belongs to, the chain of blocks it stands in, what every name is bound to, and what a unit returns.

pub(in crate::link) mod growth;
mod reaching;
mod walk;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::model::*;
use crate::source::order::InOrder;

pub use reaching::Reader;
use walk::Walk;

pub type ModuleId = usize;
pub type UnitId = usize;
pub type ClassId = usize;
pub type CallId = usize;
pub type NodeId = usize;

/// A module body, function or lambda.
#[derive(Debug)]
pub struct Unit<'m> {
    pub module: ModuleId,
    /// None for a module body.
    pub function: Option<&'m Function>,
    /// The unit whose names are visible from here; none for a module body.
    pub parent: Option<UnitId>,
    /// The class that this is a method of.
    pub class: Option<ClassId>,
    pub names: FxHashMap<&'m str, Vec<Binding<'m>>>,
    /// The nodes in which names are bound, as their bindings stand in `names`.
    pub bound_in: FxHashMap<&'m str, Vec<Option<NodeId>>>,
    /// What comprehensions bind under names that mean something else around them, with where that holds.
    pub comprehended: Vec<(Span, &'m str, Binding<'m>)>,
    /// The calls that add to a collection which this unit binds, by its name: here and in the units inside.
    pub growth: FxHashMap<&'m str, Vec<CallId>>,
    /// Calls that stand in this unit itself, in the order of the text.
    pub calls: Vec<CallId>,
    /// `x.a` and `x["a"]` that stand in this unit itself, with the node that holds them.
    pub members: Vec<(NodeId, &'m Expression)>,
    pub returns: Vec<&'m Expression>,
    pub yields: Vec<&'m Expression>,
    /// What is waited for.
    pub awaits: Vec<&'m Expression>,
    /// The block nodes and statements of this unit, in the order of the text.
    pub nodes: Vec<NodeId>,
    /// Functions defined in it, by statement or expression.
    pub inner: Vec<UnitId>,
    pub span: Span,
}

impl Unit<'_> {
    /// The unit's name, empty for lambdas and module bodies.
    pub fn name(&self) -> &str {
        self.function.map_or("", |function| function.name.as_str())
    }
}

#[derive(Debug)]
pub struct ClassInfo<'m> {
    pub module: ModuleId,
    pub class: &'m Class,
    /// The unit in which the class statement stands.
    pub unit: UnitId,
    pub methods: FxHashMap<&'m str, UnitId>,
    /// Fields of the class body, and of `self.x = ...` in methods: with the unit in which the value stands.
    pub fields: FxHashMap<&'m str, Vec<(UnitId, &'m Assignment)>>,
    /// Names of fields in the order of the class body.
    pub order: Vec<&'m str>,
    /// Constructor parameters that are attributes too: name to index.
    pub properties: FxHashMap<&'m str, usize>,
    /// Methods that are read like fields and may be assigned to.
    pub setters: FxHashSet<&'m str>,
    /// The blocks elsewhere that add to this class.
    pub extensions: Vec<ClassId>,
    /// The class that this block adds to.
    pub extends: Option<ClassId>,
}

/// What a name is bound to. `access` leads from the value to the part that the name gets.
#[derive(Clone, Debug)]
pub enum Binding<'m> {
    Value {
        value: &'m Expression,
        access: Vec<Access<'m>>,
        annotation: Option<&'m Expression>,
        operator: Option<&'m str>,
        /// Whether it is bound anew here, whatever the case, to something that is made of what it was.
        renews: bool,
        /// Whether it is bound anew here to all of something that is not made of what it was.
        replaces: bool,
    },
    Declared(&'m Expression),
    Parameter {
        index: usize,
        access: Vec<Access<'m>>,
    },
    Element {
        over: &'m Expression,
        access: Vec<Access<'m>>,
    },
    Context(&'m Expression),
    Function(UnitId),
    Class(ClassId),
    Import(&'m Import),
    /// A caught exception.
    Caught,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Access<'m> {
    Key(&'m str),
    Position(usize),
    /// What an object of a class has at this place in the order of its fields: `case Request(method, host)`.
    Field {
        class: &'m str,
        place: usize,
    },
    Rest,
}

/// A statement or block part that calls stand in.
#[derive(Debug)]
pub struct Node<'m> {
    pub parent: Option<NodeId>,
    pub unit: UnitId,
    pub kind: NodeKind<'m>,
    pub span: Span,
}

#[derive(Clone, Copy, Debug)]
pub enum NodeKind<'m> {
    /// A simple statement.
    Plain(&'m Statement),
    If {
        test: &'m Expression,
        then: &'m Block,
        otherwise: &'m Block,
        statement: &'m Statement,
    },
    /// The body of an if whose test holds.
    Then(&'m Expression),
    Otherwise(&'m Expression),
    Loop(&'m Loop),
    Try(&'m Try),
    TryBody(&'m Try),
    Handler(&'m Try, &'m Handler),
    Finally(&'m Try),
    With(&'m [WithItem]),
    /// A conditional expression or a short-circuit operand: evaluated only if the test holds (or fails).
    Branch {
        test: &'m Expression,
        holds: bool,
    },
}

impl<'m> NodeKind<'m> {
    /// The assignment that a simple statement is, as a statement of its own or as an expression.
    pub fn assignment(&self) -> Option<&'m Assignment> {
        let NodeKind::Plain(statement) = self else { return None };
        match &statement.kind {
            StatementKind::Assign(assignment) => Some(assignment),
            StatementKind::Expression(Expression { kind: ExpressionKind::Assign(assignment), .. }) => Some(assignment),
            _ => None,
        }
    }
}

#[derive(Debug)]
pub struct CallInfo<'m> {
    pub module: ModuleId,
    pub unit: UnitId,
    pub node: NodeId,
    pub call: &'m Call,
    /// The calls among whose arguments this one stands, innermost first.
    pub within: Vec<CallId>,
    /// Whether it stands in a decorator of the unit given.
    pub decorates: Option<UnitId>,
}

/// All modules, indexed.
#[derive(Debug, Default)]
pub struct Units<'m> {
    pub units: Vec<Unit<'m>>,
    pub classes: Vec<ClassInfo<'m>>,
    pub calls: Vec<CallInfo<'m>>,
    pub nodes: Vec<Node<'m>>,
    /// The unit of each module's body.
    pub bodies: Vec<UnitId>,
    pub exports: Vec<Vec<&'m Export>>,
    call_ids: FxHashMap<usize, CallId>,
    function_ids: FxHashMap<usize, UnitId>,
    /// `x.a.b = value` anywhere: by the last two member names.
    pub member_assignments: FxHashMap<(&'m str, &'m str), Vec<MemberAssignment<'m>>>,
    /// `x.a[b] = value` anywhere: by the last member and the name of the key.
    pub keyed_assignments: FxHashMap<(&'m str, &'m str), Vec<MemberAssignment<'m>>>,
    /// `x.a.set("b", value)` anywhere: by the last name and the key.
    pub kept: FxHashMap<(&'m str, &'m str), Vec<MemberAssignment<'m>>>,
    /// What is assigned to members that some class lets others set, by the name of the member.
    pub set: FxHashMap<&'m str, Vec<MemberAssignment<'m>>>,
    /// Where what is assigned to a member or under a key stands, by its address.
    pub assigned_at: FxHashMap<usize, NodeId>,
    /// The names under which objects are written out, by their addresses: with the unit and the node.
    pub named_objects: FxHashMap<usize, (UnitId, &'m str, Option<NodeId>)>,
    /// The list that a function without a name is called for each item of, by the function.
    pub gone_through: FxHashMap<UnitId, &'m Expression>,
    /// `x[key] = value` anywhere, until it is known which collection that is.
    index_assignments: Vec<(UnitId, &'m Expression, &'m Expression)>,
    /// The objects of `x[key] = value` anywhere, where the key is only known when the program runs.
    pub computed_targets: Vec<(UnitId, &'m Expression)>,
    /// Assignments of functions to names that they may not declare, until it is known which.
    outer_targets: Vec<(UnitId, &'m str, &'m Expression)>,
    /// The names that units declare themselves.
    declared: FxHashSet<(UnitId, &'m str)>,
    /// What functions assign to a name of a unit around them, by that unit and the name: with the function.
    pub assigned_within: FxHashMap<(UnitId, &'m str), Vec<(UnitId, &'m Expression)>>,
    /// The functions without a name of their own that are bound to one: `const record = (ip) => ..`.
    pub bound: FxHashSet<UnitId>,
    /// What is put into a collection, by where that is started, with the unit that puts it there.
    pub put: FxHashMap<usize, Vec<(UnitId, &'m Expression)>>,
}

/// `object.member = value`.
#[derive(Clone, Copy, Debug)]
pub struct MemberAssignment<'m> {
    pub unit: UnitId,
    pub object: &'m Expression,
    pub value: &'m Expression,
}

fn address<T>(reference: &T) -> usize {
    std::ptr::from_ref(reference) as usize
}

impl<'m> Units<'m> {
    /// Indexes the modules.
    pub fn of(modules: &'m [Module]) -> Units<'m> {
        let mut units = Units::default();
        for (module, each) in modules.iter().enumerate() {
            let end = each.body.last().map_or(0, |statement| statement.span.end);
            let body = units.add_unit(module, None, None, None, Span { start: 0, end });
            units.bodies.push(body);
            units.exports.push(Vec::new());
            let mut walk = Walk {
                units: &mut units,
                module,
                language: each.language,
                unit: body,
                node: None,
                class: None,
                within: Vec::new(),
                decorates: None,
                comprehension: None,
                declares: false,
            };
            walk.block(&each.body);
        }
        units.settle_comprehended();
        units.settle_outer_targets(modules);
        units.merge_extensions(modules);
        units.index_bound();
        units.index_growth();
        units.index_puts();
        units.index_set();
        units
    }

    fn add_unit(
        &mut self,
        module: ModuleId,
        function: Option<&'m Function>,
        parent: Option<UnitId>,
        class: Option<ClassId>,
        span: Span,
    ) -> UnitId {
        self.units.push(Unit {
            module,
            function,
            parent,
            class,
            names: FxHashMap::default(),
            bound_in: FxHashMap::default(),
            comprehended: Vec::new(),
            growth: FxHashMap::default(),
            calls: Vec::new(),
            members: Vec::new(),
            returns: Vec::new(),
            yields: Vec::new(),
            awaits: Vec::new(),
            nodes: Vec::new(),
            inner: Vec::new(),
            span,
        });
        self.units.len() - 1
    }

    fn index_set(&mut self) {
        let setters: FxHashSet<&'m str> = self.classes.iter().flat_map(|class| class.setters.iter().copied()).collect();
        for ((_, member), assigned) in
            self.member_assignments.iter().filter(|((_, member), _)| setters.contains(member))
        {
            self.set.entry(member).or_default().extend(assigned.iter().copied());
        }
        self.set.values_mut().for_each(|assigned| assigned.order_by_key(|each| (each.unit, each.value.span)));
    }

    fn index_bound(&mut self) {
        let names = self.units.iter().flat_map(|unit| unit.names.values().flatten());
        let functions = names.filter_map(|binding| match binding {
            Binding::Value { value, access, .. } if access.is_empty() => match &value.kind {
                ExpressionKind::Function(function) => self.unit_of(function),
                _ => None,
            },
            _ => None,
        });
        self.bound = functions.collect();
    }

    /// Names of comprehensions are their own: what means something else around one does so there only. Others are known
    /// in the whole unit, as all names are.
    fn settle_comprehended(&mut self) {
        let mut settled = Vec::new();
        for unit in 0..self.units.len() {
            let own = std::mem::take(&mut self.units[unit].comprehended);
            let parts: (Vec<_>, Vec<_>) =
                own.into_iter().partition(|(_, name, _)| self.binder_of(name, unit).is_some());
            settled.push(parts);
        }
        for (info, (apart, known)) in self.units.iter_mut().zip(settled) {
            info.comprehended = apart;
            known.into_iter().for_each(|(_, name, binding)| info.names.entry(name).or_default().push(binding));
        }
    }

    /// Finds the units whose names functions assign to: `let client; function start() { client = new OpenAI(); }`, and
    /// what Python declares `global` or `nonlocal`.
    fn settle_outer_targets(&mut self, modules: &[Module]) {
        let declared = std::mem::take(&mut self.declared);
        for (unit, name, value) in std::mem::take(&mut self.outer_targets) {
            let around = || std::iter::successors(Some(unit), |id| self.units[*id].parent);
            let home = match modules[self.units[unit].module].language {
                Language::TypeScript => around().find(|id| declared.contains(&(*id, name))),
                Language::Python => {
                    let says = self.units[unit]
                        .function
                        .is_some_and(|function| function.outer.iter().any(|each| each == name));
                    let is_home = |id: &UnitId| {
                        let info = &self.units[*id];
                        let is_handed_on =
                            info.function.is_some_and(|function| function.outer.iter().any(|each| each == name));
                        info.parent.is_none() || info.names.contains_key(name) && !is_handed_on
                    };
                    around().filter(|_| says).skip(1).find(is_home)
                }
                Language::Rust => None,
            };
            if let Some(home) = home.filter(|home| *home != unit) {
                self.assigned_within.entry((home, name)).or_default().push((unit, value));
            }
        }
    }

    /// What a name is bound to where it is read: by the innermost comprehension around that, or by the unit; none: by
    /// neither.
    pub fn bindings_at(&self, unit: UnitId, name: &str, read: Span) -> Option<&[Binding<'m>]> {
        match self.comprehended(unit, name, read) {
            Some(binding) => Some(std::slice::from_ref(binding)),
            None => self.units.get(unit)?.names.get(name).map(Vec::as_slice),
        }
    }

    /// What the innermost comprehension around a place binds a name to that means something else around it.
    pub fn comprehended(&self, unit: UnitId, name: &str, read: Span) -> Option<&Binding<'m>> {
        let holds = |(within, bound, binding): &&(Span, &'m str, Binding<'m>)| {
            // What is gone through first stands outside.
            let is_outside = matches!(binding, Binding::Element { over, .. } if over.span.contains(read));
            *bound == name && within.contains(read) && !is_outside
        };
        let around = self.units.get(unit)?.comprehended.iter().filter(holds);
        around.min_by_key(|(within, ..)| within.end - within.start).map(|(_, _, binding)| binding)
    }

    /// Rust `impl` blocks: their methods belong to the type of that name, in the same module or the only one there is. Of
    /// a type that nobody is seen to declare, for a macro does, the blocks belong to each other.
    fn merge_extensions(&mut self, modules: &[Module]) {
        let mut by_name: FxHashMap<&str, Vec<ClassId>> = FxHashMap::default();
        let is_block = |class: &ClassInfo<'_>| {
            class.class.is_extension && modules.get(class.module).is_some_and(|each| each.language == Language::Rust)
        };
        for (id, class) in self.classes.iter().enumerate() {
            if !class.class.is_extension {
                by_name.entry(class.class.name.as_str()).or_default().push(id);
            }
        }
        let blocks: Vec<ClassId> = (0..self.classes.len()).filter(|id| is_block(&self.classes[*id])).collect();
        // Nobody but who has a type may give it methods of its own: where such a block stands, the type is at home.
        let is_undeclared = |id: &&ClassId| !by_name.contains_key(self.classes[**id].class.name.as_str());
        let own = |id: &&ClassId| self.classes[**id].class.bases.is_empty();
        let undeclared: Vec<ClassId> = blocks.iter().filter(is_undeclared).filter(own).copied().collect();
        for id in undeclared {
            let (name, module) = (self.classes[id].class.name.as_str(), self.classes[id].module);
            let known = by_name.entry(name).or_default();
            if !known.iter().any(|known| self.classes[*known].module == module) {
                known.push(id);
                self.bind_undeclared(name, id);
            }
        }
        for id in blocks {
            let (name, module) = (self.classes[id].class.name.as_str(), self.classes[id].module);
            let Some(candidates) = by_name.get(name) else { continue };
            let here = candidates.iter().find(|each| self.classes[**each].module == module);
            let Some(target) = here.or(if candidates.len() == 1 { candidates.first() } else { None }).copied() else {
                continue;
            };
            if target != id {
                self.extend(target, id);
            }
        }
    }

    /// Lets the name of a type be what its own block of methods tells of it, where its module says nothing else.
    fn bind_undeclared(&mut self, name: &'m str, class: ClassId) {
        let unit = &mut self.units[self.classes[class].unit];
        if !unit.names.contains_key(name) {
            unit.names.insert(name, vec![Binding::Class(class)]);
            unit.bound_in.insert(name, vec![None]);
        }
    }

    fn extend(&mut self, target: ClassId, id: ClassId) {
        self.classes[target].extensions.push(id);
        self.classes[id].extends = Some(target);
        let methods: Vec<_> = self.classes[id].methods.iter().map(|(name, unit)| (*name, *unit)).collect();
        for (name, unit) in methods {
            self.classes[target].methods.entry(name).or_insert(unit);
            self.units[unit].class = Some(target);
        }
        let fields = self.classes[id].fields.clone();
        let into = &mut self.classes[target].fields;
        fields.into_iter().for_each(|(name, values)| into.entry(name).or_default().extend(values));
    }

    pub fn call_id(&self, call: &Call) -> Option<CallId> {
        self.call_ids.get(&address(call)).copied()
    }

    pub fn unit_of(&self, function: &Function) -> Option<UnitId> {
        self.function_ids.get(&address(function)).copied()
    }

    /// The chain of nodes from the innermost outwards, within the node's unit.
    pub fn ancestors(&self, node: NodeId) -> impl Iterator<Item = (NodeId, &Node<'m>)> {
        let mut next = Some(node);
        std::iter::from_fn(move || {
            let id = next?;
            let node = self.nodes.get(id)?;
            next = node.parent;
            Some((id, node))
        })
    }
}

/// Whether a method is read like a field: `@property`, `get client()`.
pub fn is_read_like_a_field(function: &Function) -> bool {
    let is_property = |decorator: &Expression| matches!(&decorator.kind, ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } if name.ends_with("property"));
    function.decorators.iter().any(is_property)
}
