//! What calls return, of the program's own functions and of libraries.

use std::rc::Rc;

use crate::link::Program;
use crate::link::arguments::Given;
use crate::link::names::Target;
use crate::link::units::*;
use crate::model::*;
use crate::rules::catalogue::Kind;

use super::frames::{FrameId, How, Site};
use super::{ALTERNATIVES, CALLABLES, Value, Values, add};

impl<'m> Program<'m> {
    /// The values of a call.
    pub(super) fn call_values(&self, call: &'m Call, frame: FrameId) -> Values<'m> {
        let Some(id) = self.units.call_id(call) else { return vec![Value::Unknown] };
        if let Some(module) = self.required(call, frame) {
            return vec![module];
        }
        if let Some(same) = self.same_by_method(call, frame) {
            return same;
        }
        if let Some(bound) = self.bound_function(call, frame) {
            return bound;
        }
        if let Some(member) = self.taken_by_name(call, frame) {
            return member;
        }
        let setting = self.setting_got(call, frame);
        if !setting.is_empty() {
            return setting;
        }
        let looked_up = self.looked_up(call, frame);
        if !looked_up.is_empty() {
            return looked_up;
        }
        let site = Site { call: id, frame };
        if let Some(made) = self.made_of_client(call, site) {
            return made;
        }
        let mut all = Values::new();
        for callee in self.values(&call.callee, frame).iter() {
            add(&mut all, self.result(callee, site));
        }
        let put = self.put_under(call, frame, &all);
        if put.is_empty() { all } else { put }
    }

    /// `builder.build().map(|http| Self { http })`: what a function makes of a client, where there is one.
    fn made_of_client(&self, call: &'m Call, site: Site) -> Option<Values<'m>> {
        let ExpressionKind::Member { object, name } = &call.callee.kind else { return None };
        let ExpressionKind::Function(function) = &call.arguments.first()?.value.kind else { return None };
        if !matches!(name.as_str(), "map" | "and_then") || self.clients_of(object, site.frame).is_empty() {
            return None;
        }
        let inner = self.enter(self.units.unit_of(function)?, site.frame, None, How::Call(site))?;
        let mut made = self.returned(self.units.unit_of(function)?, inner);
        made.retain(|value| matches!(value, Value::Instance { .. }));
        (!made.is_empty()).then_some(made)
    }

    /// The clients of libraries that an expression of a program written in Rust is, there or within a result.
    pub(super) fn clients_of(&self, expression: &'m Expression, frame: FrameId) -> Values<'m> {
        if self.modules[self.module_of(self.unit_of_frame(frame))].language != Language::Rust {
            return Values::new();
        }
        let is_client = |value: &&Value<'m>| match value {
            Value::Library { path, .. } => path.strip_suffix("()").is_some_and(|made| self.is_a(made, Kind::Client)),
            _ => false,
        };
        self.values(expression, frame).iter().filter(is_client).cloned().collect()
    }

    /// `controller.talk.bind(controller)`: the function itself, which runs when the result is called.
    pub(in crate::link) fn bound_function(&self, call: &'m Call, frame: FrameId) -> Option<Values<'m>> {
        let ExpressionKind::Member { object, name } = &call.callee.kind else { return None };
        if name != "bind" || self.modules[self.module_of(self.unit_of_frame(frame))].language != Language::TypeScript {
            return None;
        }
        let functions: Values<'m> = self
            .values(object, frame)
            .iter()
            .filter(|value| matches!(value, Value::Function { .. }))
            .cloned()
            .collect();
        (!functions.is_empty()).then_some(functions)
    }

    /// `value.unwrap()`, `value.clone()`, `promise.finally(clear)`: what has the method, whatever it is, where nothing else is known of the method.
    pub(super) fn same_by_method(&self, call: &'m Call, frame: FrameId) -> Option<Values<'m>> {
        let ExpressionKind::Member { object, name } = &call.callee.kind else { return None };
        let language = self.modules[self.module_of(self.unit_of_frame(frame))].language;
        let home = match language {
            Language::Rust => "std",
            Language::TypeScript => "globals",
            Language::Python => return None,
        };
        if !self.is_a(&format!("{home}.self.{name}"), Kind::Same) {
            return None;
        }
        let values = self.values(object, frame);
        let is_own = |value: &Value<'m>| match value {
            Value::Library { path, .. } => !self.facts(&format!("{path}.{name}")).is_empty(),
            Value::Instance { class, .. } => self.units.classes[*class].methods.contains_key(name.as_str()),
            Value::Class(_) | Value::Module(_) | Value::Folder(_) => true,
            _ => false,
        };
        (!values.is_empty() && !values.iter().any(is_own)).then(|| values.to_vec())
    }

    /// `require('./m')`, `import('./m')` and `import_module("m")` as a value: the module, whole.
    pub fn required(&self, call: &'m Call, frame: FrameId) -> Option<Value<'m>> {
        let (ExpressionKind::Name(name) | ExpressionKind::Member { name, .. }) = &call.callee.kind else { return None };
        let module = self.module_of(self.unit_of_frame(frame));
        let imports = match (self.modules[module].language, &call.callee.kind) {
            (Language::TypeScript, ExpressionKind::Name(_)) => matches!(name.as_str(), "require" | "import"),
            (Language::Python, _) => name == "import_module",
            _ => false,
        };
        if !imports {
            return None;
        }
        let ExpressionKind::Literal(Literal::Text(source)) = &call.arguments.first()?.value.kind else { return None };
        Some(match self.resolve_import(module, source) {
            Target::Module(target) => Value::Module(target),
            Target::Folder(folder) => Value::Folder(folder.into()),
            Target::Library(path) => Value::Library { path: path.into(), sites: Rc::from([]) },
        })
    }

    /// What a call runs by its callee: the values of the callee, for an object that can be called its method for that.
    pub fn callees(&self, callee: &'m Expression, frame: FrameId) -> Values<'m> {
        let values = self.values(callee, frame);
        let called = values.iter().map(|value| match value {
            Value::Instance { class, .. } => self.called_as(*class, value),
            _ => value.clone(),
        });
        called.collect()
    }

    fn called_as(&self, class: ClassId, object: &Value<'m>) -> Value<'m> {
        let info = &self.units.classes[class];
        match info.methods.get("__call__") {
            Some(unit) => Value::Function {
                unit: *unit,
                closure: self.open_frame(info.unit),
                receiver: Some(Rc::new(object.clone())),
            },
            None => object.clone(),
        }
    }

    /// The values that calling something gives.
    pub fn result(&self, callee: &Value<'m>, site: Site) -> Values<'m> {
        match callee {
            Value::Library { path, sites } => self.library_result(path, sites, site),
            Value::Function { unit, closure, receiver } => {
                match self.enter(*unit, *closure, receiver.clone(), How::Call(site)) {
                    Some(frame) => self.returned(*unit, frame),
                    None => vec![Value::Unknown],
                }
            }
            Value::Class(class) => vec![Value::Instance { class: *class, site: Some(site) }],
            Value::Instance { class, .. } => match self.called_as(*class, callee) {
                method @ Value::Function { .. } => self.result(&method, site),
                _ => vec![Value::Unknown],
            },
            Value::Module(module) => match self.exported(*module, "default", 0) {
                Some(values) => values.iter().flat_map(|value| self.result(value, site)).collect(),
                None => vec![Value::Unknown],
            },
            _ => vec![Value::Unknown],
        }
    }

    pub(super) fn library_result(&self, path: &Rc<str>, sites: &Rc<[Site]>, site: Site) -> Values<'m> {
        let call = self.units.calls[site.call].call;
        let extended = |more: Site| -> Rc<[Site]> { sites.iter().copied().chain([more]).collect() };
        let mut all = Values::new();
        for id in self.facts(path).iter() {
            let fact = self.catalogue.fact(*id);
            match fact.is {
                Kind::Same => {
                    // A method returns its receiver unless it says otherwise, a function what it is given, what that returns (`#0()`),
                    // or one of its items (`#0[]`).
                    let value = fact.value.as_deref().unwrap_or("#0");
                    if value.contains('*') {
                        continue;
                    }
                    if value == "self()" {
                        add(&mut all, self.objects_of_receiver(site));
                        continue;
                    }
                    if let Some(name) = value.strip_prefix("class ") {
                        add(&mut all, self.objects_named(name, site));
                        continue;
                    }
                    if let Some(way) = value.strip_prefix("self.") {
                        add(&mut all, self.of_receiver(way, site));
                        continue;
                    }
                    // `sequence(first, ...others)`: each of what it is given.
                    if value == "#[]" {
                        add(&mut all, self.each_given(call, site.frame));
                        continue;
                    }
                    // `random.choice(clients)`: one of what it is given.
                    let (value, is_item) = value.strip_suffix("[]").map_or((value, false), |value| (value, true));
                    let returned = value.strip_suffix("()").filter(|value| value.starts_with('#'));
                    let given = match &call.callee.kind {
                        ExpressionKind::Member { object, .. }
                            if fact.gives_its_object()
                                && (path.contains("()") || path.starts_with("function.") || fact.value.is_some()) =>
                        {
                            Some((&**object, site.frame))
                        }
                        _ => match self.argument(site, returned.unwrap_or(value)) {
                            Given::Present { expression, frame } => Some((expression, frame)),
                            _ => None,
                        },
                    };
                    let Some((given, frame)) = given else { continue };
                    if is_item {
                        add(&mut all, self.items_of(given, frame));
                        continue;
                    }
                    for value in self.values(given, frame).iter() {
                        if let (Some(_), Value::Function { unit, closure, receiver }) = (returned, value) {
                            if let Some(frame) = self.enter(*unit, *closure, receiver.clone(), How::Call(site)) {
                                add(&mut all, self.returned(*unit, frame));
                            }
                            continue;
                        }
                        add(
                            &mut all,
                            [match value {
                                // A library's function that is called there: `LazyLock::new(Client::new)`.
                                Value::Library { path, sites } if returned.is_some() && !path.ends_with("()") => {
                                    Value::Library {
                                        path: format!("{path}()").into(),
                                        sites: sites.iter().copied().chain([site]).collect(),
                                    }
                                }
                                Value::Library { path, sites } => Value::Library {
                                    path: path.clone(),
                                    sites: sites.iter().copied().chain([site]).collect(),
                                },
                                // A row of a table: `session.get(Chat, id)`.
                                Value::Class(class) if returned.is_some() => {
                                    Value::Instance { class: *class, site: None }
                                }
                                other => other.clone(),
                            }],
                        );
                    }
                }
                Kind::Compose => {
                    let known = fact.value.as_deref().map(|value| self.set_for_all(value, site)).unwrap_or_default();
                    // Which of several models it is made with is only known when the program runs: it is each of them.
                    let mut all_made: Vec<Vec<Site>> = vec![known.into_iter().chain(sites.iter().copied()).collect()];
                    for argument in &call.arguments {
                        self.extend_each(&mut all_made, &argument.value, site.frame);
                    }
                    let becomes: Rc<str> = Rc::from(fact.becomes.as_deref().unwrap_or(""));
                    // A call of it may ask each of its parts.
                    let parts = self.parts(sites);
                    let with = |made: &[Site], part: &[Site]| Value::Library {
                        path: becomes.clone(),
                        sites: made.iter().chain(part).copied().chain([site]).collect(),
                    };
                    for made in &all_made {
                        match parts.is_empty() {
                            true => add(&mut all, [with(made, &[])]),
                            false => add(&mut all, parts.iter().map(|part| with(made, part))),
                        }
                    }
                }
                _ => {}
            }
        }
        if !all.is_empty() {
            return all;
        }
        if let Some(found) = self.looked_up_by_class(path, call, site) {
            return found;
        }
        add(&mut all, [Value::Library { path: format!("{path}()").into(), sites: extended(site) }]);
        add(&mut all, self.taken_out(path, call, site.frame));
        // What wraps a function still runs it; what registers one does not.
        let registers = self.facts_of(path, Kind::Route).iter().any(|(_, fact)| fact.handler.is_some());
        for argument in &call.arguments {
            for value in self.values(&argument.value, site.frame).iter() {
                if matches!(value, Value::Function { .. })
                    && !registers
                    && !matches!(argument.value.kind, ExpressionKind::Function(_) if self.is_a(path, Kind::Client))
                {
                    add(&mut all, [value.clone()]);
                }
            }
        }
        all
    }

    /// What a call is given at all of its places, and what stands in the lists that are spread there.
    fn each_given(&self, call: &'m Call, frame: FrameId) -> Values<'m> {
        let mut all = Values::new();
        for argument in call.arguments.iter().filter(|argument| argument.name.is_none()) {
            match &argument.value.kind {
                ExpressionKind::Spread(list) => add(&mut all, self.items_of(list, frame)),
                _ => add(&mut all, self.values(&argument.value, frame).iter().cloned()),
            }
        }
        all
    }

    /// What stands at a place of the list in which a call gives back what it is given, each at its place:
    /// `Promise.all([connect(), load()])`.
    pub(super) fn answered_at(&self, list: &Value<'m>, position: usize) -> Values<'m> {
        let made = list.path().and_then(|path| path.strip_suffix("()")).zip(list.sites().last().copied());
        let Some((name, site)) = made else { return Values::new() };
        let at = |value: &str| match value.strip_suffix("[*]") {
            Some(given) => self.argument(site, &format!("{given}.#{position}")),
            None if value == "#*" => self.argument(site, &format!("#{position}")),
            None => Given::Absent,
        };
        let given = self.facts_of(name, Kind::Same).into_iter().filter_map(|(_, fact)| fact.value.as_deref()).map(at);
        let mut all = Values::new();
        for given in given {
            if let Given::Present { expression, frame } = given
                && !matches!(expression.kind, ExpressionKind::Spread(_))
            {
                add(&mut all, self.values(expression, frame).iter().cloned());
            }
        }
        all
    }

    /// The sites of the client that a program sets for all (`llm = library.Settings.llm`), where a call is given none.
    fn set_for_all(&self, value: &str, site: Site) -> Vec<Site> {
        let Some((argument, setting)) = value.split_once(" = ") else { return Vec::new() };
        let Some((holder, name)) = setting.rsplit_once('.') else { return Vec::new() };
        if matches!(self.argument(site, argument), Given::Present { .. }) {
            return Vec::new();
        }
        let object = holder.rsplit('.').next().unwrap_or(holder);
        let mut sites: Vec<Site> = Vec::new();
        for (call, argument) in self.handing_at(setting, site.frame) {
            if let Given::Present { expression, frame } = self.argument(call, argument) {
                self.client_sites(expression, frame, &mut sites, 0);
            }
        }
        // What is handed to what runs here stands in place of what is set for all.
        if !sites.is_empty() {
            return sites;
        }
        let assigned = self.units.member_assignments.get(&(object, name)).map_or(&[][..], Vec::as_slice);
        for each in self.assigned_near(assigned, site.frame).iter().take(ALTERNATIVES) {
            let frame = self.open_frame(each.unit);
            if self.values(each.object, frame).iter().any(|value| value.path() == Some(holder)) {
                self.client_sites(each.value, frame, &mut sites, 0);
            }
        }
        sites
    }

    /// What a method of a library gives that goes by members of its object, which the class of the program names:
    /// `serializer_class()` is an object of that class.
    fn of_receiver(&self, way: &str, site: Site) -> Values<'m> {
        let ExpressionKind::Member { object, .. } = &self.units.calls[site.call].call.callee.kind else {
            return Values::new();
        };
        let mut values = self.values(object, site.frame).to_vec();
        for part in way.split('.') {
            let name = part.trim_end_matches("()");
            let calls = (part.len() - name.len()) / "()".len();
            values = values.iter().flat_map(|value| self.member(value, name, None)).collect();
            for _ in 0..calls {
                values = values.iter().flat_map(|value| self.result(value, site)).collect();
            }
        }
        values.retain(|value| matches!(value, Value::Instance { .. } | Value::Class(_)));
        values
    }

    /// What a method of a class gives that makes an object of it: `Rows.as_manager()`.
    fn objects_of_receiver(&self, site: Site) -> Values<'m> {
        let ExpressionKind::Member { object, .. } = &self.units.calls[site.call].call.callee.kind else {
            return Values::new();
        };
        let made = |value: &Value<'m>| match value {
            Value::Class(class) => Some(Value::Instance { class: *class, site: None }),
            _ => None,
        };
        // `Chat.objects.filter(...).first()`: what the rows are of stands at the root.
        let mut at = &**object;
        loop {
            let made: Values<'m> = self.values(at, site.frame).iter().filter_map(made).collect();
            at = match &at.kind {
                _ if !made.is_empty() => return made,
                ExpressionKind::Call(call) => &call.callee,
                ExpressionKind::Member { object, .. } | ExpressionKind::Slice { object, .. } => object,
                ExpressionKind::Await(inner) => inner,
                _ => return made,
            };
        }
    }

    /// An object of the class of the program that goes by the name which a call is given: `bot.get_cog("Talk")`.
    fn objects_named(&self, path: &str, site: Site) -> Values<'m> {
        let Given::Present { expression, frame } = self.argument(site, path) else { return Values::new() };
        let Some(wanted) = self.text(expression, frame) else { return Values::new() };
        let goes_by_it = |class: &Class| {
            let named = class.keywords.iter().find(|entry| entry.key.as_deref() == Some("name"));
            match named.map(|entry| &entry.value.kind) {
                Some(ExpressionKind::Literal(Literal::Text(name))) => *name == wanted,
                Some(_) => false,
                None => class.name == wanted,
            }
        };
        let classes = self.units.classes.iter().enumerate().filter(|(_, info)| goes_by_it(info.class));
        classes.map(|(class, _)| Value::Instance { class, site: None }).take(ALTERNATIVES).collect()
    }

    /// What a container of objects gives for a class of the program: `container.resolve(ChatService)`.
    fn looked_up_by_class(&self, path: &Rc<str>, call: &'m Call, site: Site) -> Option<Values<'m>> {
        let [only] = call.arguments.as_slice() else { return None };
        let (_, method) = path.rsplit_once('.')?;
        let looks_up = matches!(method, "get" | "resolve" | "inject" | "getInstance" | "get_instance");
        if !looks_up || !self.facts(path).is_empty() {
            return None;
        }
        match *self.values(&only.value, site.frame) {
            [Value::Class(class)] => Some(vec![Value::Instance { class, site: None }]),
            _ => None,
        }
    }

    /// Adds the constructor calls of the clients that something is to each way in which it can have been made: where it
    /// can be several clients, one way for each.
    pub(super) fn extend_each(&self, ways: &mut Vec<Vec<Site>>, expression: &'m Expression, frame: FrameId) {
        let values = self.values(expression, frame);
        let is_client = |value: &&Value<'m>| value.path().is_some_and(|path| self.asks_a_model(path));
        // What is not known hides none of the clients beside it.
        let clients: Vec<&Value<'m>> = values.iter().filter(is_client).collect();
        if clients.len() < 2 || ways.len() * clients.len() > ALTERNATIVES {
            let mut sites = Vec::new();
            self.client_sites(expression, frame, &mut sites, 0);
            for way in ways {
                let new: Vec<Site> = sites.iter().filter(|site| !way.contains(site)).copied().collect();
                way.extend(new);
            }
            return;
        }
        let before = std::mem::take(ways);
        for way in &before {
            for client in &clients {
                let new = client.sites().iter().filter(|site| !way.contains(site)).copied();
                ways.push(way.iter().copied().chain(new).collect());
            }
        }
    }

    /// The constructor calls of clients among the values of an argument, also inside lists and objects.
    pub(in crate::link) fn client_sites(
        &self,
        expression: &'m Expression,
        frame: FrameId,
        sites: &mut Vec<Site>,
        depth: usize,
    ) {
        if depth > 4 {
            return;
        }
        for value in self.values(expression, frame).iter() {
            match value {
                Value::Library { sites: more, .. } => {
                    for site in more.iter() {
                        if !sites.contains(site) {
                            sites.push(*site);
                        }
                    }
                }
                // An object of a class of the program that derives from a client.
                Value::Instance { site: Some(made), .. }
                    if !sites.contains(made)
                        && self.made_as(*made).iter().any(|(path, _)| self.is_a(path, Kind::Client)) =>
                {
                    sites.push(*made);
                }
                Value::Data { expression, frame } => match &expression.0.kind {
                    ExpressionKind::List(items) => {
                        items.iter().for_each(|item| self.client_sites(item, *frame, sites, depth + 1))
                    }
                    ExpressionKind::Object(entries) => {
                        entries.iter().for_each(|entry| self.client_sites(&entry.value, *frame, sites, depth + 1));
                    }
                    _ => {}
                },
                Value::Function { unit, closure, receiver } if depth < 2 => {
                    if let Some(frame) = self.enter(*unit, *closure, receiver.clone(), How::Framework) {
                        for expression in &self.units.units[*unit].returns {
                            self.client_sites(expression, frame, sites, depth + 2);
                        }
                    }
                }
                _ => {}
            }
        }
    }

    /// The clients among declared types, made by the calls that end what is returned: what those are given is theirs.
    fn declared_clients(&self, declared: &[Value<'m>], returned: &[Value<'m>]) -> Values<'m> {
        let sites: Rc<[Site]> = returned.iter().filter_map(|value| value.sites().last().copied()).collect();
        let is_client = |path: &&Rc<str>| path.strip_suffix("()").is_some_and(|maker| self.is_a(maker, Kind::Client));
        let clients = declared.iter().filter_map(|value| match value {
            Value::Library { path, .. } => Some(path).filter(is_client),
            _ => None,
        });
        clients.map(|path| Value::Library { path: path.clone(), sites: sites.clone() }).collect()
    }

    /// What a unit returns (or yields) in a frame.
    pub fn returned(&self, unit: UnitId, frame: FrameId) -> Values<'m> {
        let info = &self.units.units[unit];
        let mut all = Values::new();
        let given = if info.yields.is_empty() { self.returns_told(unit, frame) } else { (&info.yields).into() };
        for expression in given.iter().take(CALLABLES) {
            add(&mut all, self.values(expression, frame).iter().cloned());
        }
        let opaque = all.iter().all(|value| matches!(value, Value::Unknown | Value::Parameter { .. }));
        if opaque && let Some(annotation) = info.function.and_then(|function| function.returns.as_ref()) {
            let declared = self.annotation(annotation, frame);
            if declared.iter().any(|value| !self.is_plain_data(value)) {
                return declared;
            }
        }
        // What a library keeps for the program, or makes by a name, is what the program says it is: `-> Assistant`.
        let is_kept = |value: &Value<'m>| match value {
            Value::Library { path, .. } => {
                self.facts(path).is_empty() && (self.is_untold(value) || self.is_stored(value))
            }
            Value::Unknown | Value::Parameter { .. } => true,
            _ => false,
        };
        if !all.is_empty()
            && all.iter().all(is_kept)
            && let Some(annotation) = info.function.and_then(|function| function.returns.as_ref())
        {
            let declared = self.annotation(annotation, frame);
            if declared.iter().any(|value| matches!(value, Value::Instance { .. })) {
                return declared;
            }
            let clients = self.declared_clients(&declared, &all);
            if !clients.is_empty() {
                return clients;
            }
        }
        if all.len() > 1 {
            all.retain(|value| !matches!(value, Value::Data { expression, .. } if matches!(expression.0.kind, ExpressionKind::Literal(Literal::Null))));
        }
        all
    }
}
