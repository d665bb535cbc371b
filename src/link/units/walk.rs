//! The walk through a module that indexes its units, names, calls and nodes.

mod targets;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::model::*;

use super::{
    Binding, CallId, CallInfo, ClassId, ClassInfo, MemberAssignment, ModuleId, Node, NodeId, NodeKind, UnitId, Units,
    address, is_read_like_a_field,
};

/// The walk over one module.
pub(super) struct Walk<'w, 'm> {
    pub(super) units: &'w mut Units<'m>,
    pub(super) module: ModuleId,
    pub(super) language: Language,
    pub(super) unit: UnitId,
    pub(super) node: Option<NodeId>,
    pub(super) class: Option<ClassId>,
    pub(super) within: Vec<CallId>,
    pub(super) decorates: Option<UnitId>,
    /// The comprehension whose names are being bound.
    pub(super) comprehension: Option<Span>,
    /// Whether what is being bound is declared here.
    pub(super) declares: bool,
}

impl<'m> Walk<'_, 'm> {
    pub(super) fn block(&mut self, block: &'m Block) {
        let mut is_over = false;
        for statement in block {
            // Behind what always leaves nothing runs any more; what is declared there is known all the same.
            if !is_over || declares(statement) {
                self.statement(statement);
            }
            is_over |= leaves(statement);
        }
    }

    fn bind(&mut self, name: &'m str, binding: Binding<'m>) {
        if let Some(span) = self.comprehension {
            return self.units.units[self.unit].comprehended.push((span, name, binding));
        }
        if self.declares || !matches!(binding, Binding::Value { .. }) {
            self.units.declared.insert((self.unit, name));
        }
        let unit = &mut self.units.units[self.unit];
        unit.names.entry(name).or_default().push(binding);
        unit.bound_in.entry(name).or_default().push(self.node);
    }

    /// Runs `inside` within a new node.
    fn within(&mut self, kind: NodeKind<'m>, span: Span, inside: impl FnOnce(&mut Self)) {
        let id = self.units.nodes.len();
        self.units.nodes.push(Node { parent: self.node, unit: self.unit, kind, span });
        self.units.units[self.unit].nodes.push(id);
        let outer = self.node.replace(id);
        inside(self);
        self.node = outer;
    }

    fn span_of(block: &Block) -> Span {
        match (block.first(), block.last()) {
            (Some(first), Some(last)) => Span { start: first.span.start, end: last.span.end },
            _ => Span::default(),
        }
    }

    fn statement(&mut self, statement: &'m Statement) {
        match &statement.kind {
            StatementKind::If { test, then, otherwise } => {
                self.within(NodeKind::If { test, then, otherwise, statement }, statement.span, |walk| {
                    walk.expression(test);
                    walk.within(NodeKind::Then(test), Self::span_of(then), |walk| walk.block(then));
                    if !otherwise.is_empty() {
                        walk.within(NodeKind::Otherwise(test), Self::span_of(otherwise), |walk| walk.block(otherwise));
                    }
                });
            }
            StatementKind::Loop(each) => {
                self.block(&each.setup);
                self.within(NodeKind::Loop(each), statement.span, |walk| {
                    if let Some(over) = &each.over {
                        walk.expression(over);
                        if let Some(target) = &each.target {
                            walk.elements(target, over);
                        }
                    }
                    walk.block(&each.step);
                    walk.block(&each.body);
                });
            }
            StatementKind::Try(each) => {
                self.within(NodeKind::Try(each), statement.span, |walk| {
                    walk.within(NodeKind::TryBody(each), Self::span_of(&each.body), |walk| walk.block(&each.body));
                    for handler in &each.handlers {
                        walk.within(NodeKind::Handler(each, handler), handler.span, |walk| {
                            if let Some(binds) = &handler.binds {
                                walk.pattern(binds, &mut Vec::new(), &|_| Binding::Caught);
                            }
                            walk.block(&handler.body);
                        });
                    }
                    walk.block(&each.otherwise);
                    walk.within(NodeKind::Finally(each), Self::span_of(&each.finally), |walk| {
                        walk.block(&each.finally)
                    });
                });
            }
            StatementKind::With { items, body } => {
                self.within(NodeKind::With(items), statement.span, |walk| {
                    for item in items {
                        walk.expression(&item.context);
                        if let Some(binds) = &item.binds {
                            walk.pattern(binds, &mut Vec::new(), &|_| Binding::Context(&item.context));
                        }
                    }
                    walk.block(body);
                });
            }
            StatementKind::Block(block) => self.block(block),
            StatementKind::Class(class) => {
                self.within(NodeKind::Plain(statement), statement.span, |walk| walk.class(class))
            }
            StatementKind::Function(function) => self.within(NodeKind::Plain(statement), statement.span, |walk| {
                let unit = walk.function(function);
                if !function.name.is_empty() {
                    match walk.class {
                        Some(class) if walk.units.classes[class].unit == walk.unit => {
                            // What sets a property goes by its name, but is not what is read there.
                            let known = walk.units.classes[class].methods.get(function.name.as_str()).copied();
                            let known = known.and_then(|known| walk.units.units[known].function);
                            let is_read = is_read_like_a_field(function);
                            if known.is_some_and(|known| is_read_like_a_field(known) != is_read) {
                                walk.units.classes[class].setters.insert(&function.name);
                            }
                            if !known.is_some_and(is_read_like_a_field) || is_read {
                                walk.units.classes[class].methods.insert(&function.name, unit);
                            }
                            walk.units.units[unit].class = Some(class);
                        }
                        _ => walk.bind(&function.name, Binding::Function(unit)),
                    }
                }
            }),
            _ => self.within(NodeKind::Plain(statement), statement.span, |walk| walk.plain(statement)),
        }
    }

    fn plain(&mut self, statement: &'m Statement) {
        match &statement.kind {
            StatementKind::Expression(value) => self.expression(value),
            StatementKind::Assign(assignment) => self.assignment(assignment),
            StatementKind::Return(Some(value)) => {
                self.units.units[self.unit].returns.push(value);
                self.expression(value);
            }
            StatementKind::Raise(Some(value)) => self.expression(value),
            StatementKind::Import(import) => {
                if !import.local.is_empty() {
                    self.bind(&import.local, Binding::Import(import));
                } else if import.name.as_deref() == Some("*") {
                    self.bind("*", Binding::Import(import));
                } else {
                    self.bind("", Binding::Import(import));
                }
            }
            StatementKind::Export(export) => {
                self.units.exports[self.module].push(export);
                if let Some(value) = &export.value {
                    self.expression(value);
                }
            }
            _ => {}
        }
    }

    fn enclosing_class(&self) -> Option<ClassId> {
        let mut unit = Some(self.unit);
        while let Some(id) = unit {
            if let Some(class) = self.units.units[id].class {
                return Some(class);
            }
            unit = self.units.units[id].parent;
        }
        None
    }

    fn class(&mut self, class: &'m Class) {
        let id = self.units.classes.len();
        self.units.classes.push(ClassInfo {
            module: self.module,
            class,
            unit: self.unit,
            methods: FxHashMap::default(),
            fields: FxHashMap::default(),
            order: Vec::new(),
            properties: FxHashMap::default(),
            setters: FxHashSet::default(),
            extensions: Vec::new(),
            extends: None,
        });
        if !class.is_extension && !class.name.is_empty() {
            self.bind(&class.name, Binding::Class(id));
        }
        for expression in class.decorators.iter().chain(&class.bases) {
            self.expression(expression);
        }
        for entry in &class.keywords {
            self.expression(&entry.value);
        }
        let outer = self.class.replace(id);
        self.block(&class.body);
        self.class = outer;
    }

    fn function(&mut self, function: &'m Function) -> UnitId {
        let unit = self.units.add_unit(self.module, Some(function), Some(self.unit), None, function.span);
        self.units.function_ids.insert(address(function), unit);
        self.units.units[self.unit].inner.push(unit);
        let outer = self.decorates.replace(unit);
        for decorator in &function.decorators {
            self.expression(decorator);
        }
        self.decorates = outer;
        for parameter in &function.parameters {
            if let Some(default) = &parameter.default {
                self.expression(default);
            }
            if let Some(annotation) = &parameter.annotation {
                self.expression(annotation);
            }
            for decorator in &parameter.decorators {
                self.expression(decorator);
            }
        }
        // The body is a world of its own: blocks and calls around the definition are not around its execution.
        let saved = (self.unit, self.node, std::mem::take(&mut self.within), self.class, self.decorates.take());
        (self.unit, self.node) = (unit, None);
        for (index, parameter) in function.parameters.iter().enumerate() {
            self.pattern(&parameter.target, &mut Vec::new(), &|access| Binding::Parameter { index, access });
            if let (true, ExpressionKind::Name(name), Some(class)) =
                (parameter.is_property, &parameter.target.kind, saved.3)
            {
                self.units.classes[class].properties.insert(name, index);
            }
        }
        // A method is registered with its class before its body is walked, so that `self.x = ...` finds it. A function
        // without a name that a field is made with sees the object too.
        if let Some(class) = saved.3.filter(|class| self.units.classes[*class].unit == saved.0) {
            self.units.units[unit].class = Some(class);
        }
        self.block(&function.body);
        (self.unit, self.node, self.within, self.class, self.decorates) = saved;
        unit
    }

    fn expression(&mut self, expression: &'m Expression) {
        match &expression.kind {
            ExpressionKind::Name(_) | ExpressionKind::Literal(_) | ExpressionKind::Unknown => {}
            ExpressionKind::Member { object, .. } => {
                if let Some(node) = self.node {
                    self.units.units[self.unit].members.push((node, expression));
                }
                self.expression(object);
            }
            ExpressionKind::Index { object, index } => {
                if let Some(node) = self.node {
                    self.units.units[self.unit].members.push((node, expression));
                }
                self.expression(object);
                self.expression(index);
            }
            ExpressionKind::Slice { object, start, stop } => {
                self.expression(object);
                start.iter().chain(stop).for_each(|each| self.expression(each));
            }
            ExpressionKind::Call(call) => self.call(call),
            ExpressionKind::Template(parts) | ExpressionKind::List(parts) => {
                parts.iter().for_each(|each| self.expression(each))
            }
            ExpressionKind::Object(entries) => {
                for entry in entries {
                    entry.computed.iter().for_each(|key| self.expression(key));
                    self.expression(&entry.value);
                }
            }
            ExpressionKind::Operator { operator, operands } => self.operator(operator, operands),
            ExpressionKind::Conditional { test, then, otherwise } => {
                self.expression(test);
                self.within(NodeKind::Branch { test, holds: true }, then.span, |walk| walk.expression(then));
                self.within(NodeKind::Branch { test, holds: false }, otherwise.span, |walk| walk.expression(otherwise));
            }
            ExpressionKind::Function(function) => {
                self.function(function);
            }
            ExpressionKind::Await(inner) => {
                self.units.units[self.unit].awaits.push(inner);
                self.expression(inner);
            }
            ExpressionKind::Spread(inner) => self.expression(inner),
            ExpressionKind::Yield(inner) => {
                if let Some(inner) = inner {
                    self.units.units[self.unit].yields.push(inner);
                    self.expression(inner);
                }
            }
            ExpressionKind::Assign(assignment) => self.assignment(assignment),
            ExpressionKind::Comprehension { element, clauses } => {
                for clause in clauses {
                    self.expression(&clause.over);
                    let outer = self.comprehension.replace(expression.span);
                    self.elements(&clause.target, &clause.over);
                    self.comprehension = outer;
                    clause.tests.iter().for_each(|test| self.expression(test));
                }
                self.expression(element);
            }
            ExpressionKind::Block(block) => self.block(block),
        }
    }

    /// `session.set("model", model)`
    fn kept(&mut self, call: &'m Call) {
        let ExpressionKind::Member { object, name } = &call.callee.kind else { return };
        let (ExpressionKind::Name(holder) | ExpressionKind::Member { name: holder, .. }) = &object.kind else { return };
        if let ("set" | "setdefault", [key, value, ..]) = (name.as_str(), call.arguments.as_slice())
            && let ExpressionKind::Literal(Literal::Text(key)) = &key.value.kind
        {
            let (unit, value) = (self.unit, &value.value);
            self.units.kept.entry((holder, key)).or_default().push(MemberAssignment { unit, object, value });
        }
    }

    fn operator(&mut self, operator: &'m str, operands: &'m [Expression]) {
        let Some((first, rest)) = operands.split_first() else { return };
        self.expression(first);
        for operand in rest {
            if matches!(operator, "and" | "or" | "??") {
                let holds = operator == "and";
                self.within(NodeKind::Branch { test: first, holds }, operand.span, |walk| walk.expression(operand));
            } else {
                self.expression(operand);
            }
        }
    }

    fn call(&mut self, call: &'m Call) {
        let id = self.units.calls.len();
        let node = match self.node {
            Some(node) => node,
            None => {
                // Only decorators and defaults of top-level definitions in an empty chain: give them a node of their own.
                self.units.nodes.push(Node {
                    parent: None,
                    unit: self.unit,
                    kind: NodeKind::With(&[]),
                    span: call.span,
                });
                self.units.nodes.len() - 1
            }
        };
        self.units.calls.push(CallInfo {
            module: self.module,
            unit: self.unit,
            node,
            call,
            within: self.within.iter().rev().copied().collect(),
            decorates: self.decorates,
        });
        self.units.call_ids.insert(address(call), id);
        self.kept(call);
        self.units.units[self.unit].calls.push(id);
        self.expression(&call.callee);
        self.within.push(id);
        for argument in &call.arguments {
            self.expression(&argument.value);
        }
        self.within.pop();
        self.gone_through(call);
    }

    /// `steps.map((step) => step(text))`: what a function without a name is called for.
    fn gone_through(&mut self, call: &'m Call) {
        let ExpressionKind::Member { object, name } = &call.callee.kind else { return };
        let Some(Argument { name: None, value: Expression { kind: ExpressionKind::Function(function), .. } }) =
            call.arguments.first()
        else {
            return;
        };
        if goes_through(name)
            && let Some(unit) = self.units.unit_of(function)
        {
            self.units.gone_through.insert(unit, object);
        }
    }
}

/// Methods of a list that call a function for each of its items.
fn goes_through(method: &str) -> bool {
    matches!(method, "map" | "flatMap" | "forEach" | "filter" | "find" | "some" | "every" | "for_each" | "flat_map")
}

fn leaves(statement: &Statement) -> bool {
    use StatementKind as S;
    matches!(statement.kind, S::Return(_) | S::Raise(_) | S::Break | S::Continue)
}

fn declares(statement: &Statement) -> bool {
    use StatementKind as S;
    matches!(statement.kind, S::Function(_) | S::Class(_) | S::Import(_) | S::Export(_))
}
