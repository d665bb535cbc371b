//! Routers and functions that are put at a path of others.

use crate::link::Program;
use crate::link::units::*;
use crate::link::values::{Site, Value};
use crate::model::*;
use crate::rules::catalogue::{Fact, Kind};

use super::chains::{arity, member_of};
use super::development::is_developed_only;
use super::given::{named_part, place_of, router_site};
use super::in_a_row::is_handed_on;
use super::links::{DECIDES, guard_links};
use super::naming::{all_paths, entry_name_of, route_path};
use super::plugins::{is_added_to_parent, is_of_folder};
use super::{Entries, Entry, Link, Order, Registered, Role, frame_of, receive};

impl<'m> Entries<'m> {
    /// Puts what a call mounts below the path that it names.
    pub(super) fn mounted(
        &mut self,
        program: &Program<'m>,
        fact: &'m Fact,
        site: Site,
        router: Option<Site>,
        name: &str,
    ) {
        let info = &program.units.calls[site.call];
        self.registrations.insert(site.call);
        let mut links: Vec<Link<'m>> = Vec::new();
        guard_links(program, fact, site, &mut links);
        let mut path = route_path(program, fact, site);
        // The routers that are mounted, each with how many links stand in front of it.
        let mut children: Vec<(CallId, usize)> = Vec::new();
        let named = named_part(program, fact, site);
        for (index, argument) in info.call.arguments.iter().enumerate() {
            let is_meant = match named {
                Some(named) => std::ptr::eq(named, &argument.value),
                None => argument.name.is_none(),
            };
            if !is_meant {
                continue;
            }
            if let (0, ExpressionKind::Literal(Literal::Text(text))) = (index, &argument.value.kind) {
                // What hooks are named by is no path: `addHook("preHandler", limit)`.
                let is_path = fact.is == Kind::Mount || text.starts_with(['/', '*']);
                path = path.or_else(|| is_path.then(|| text.clone()));
                continue;
            }
            let mut found = Vec::new();
            self.function_links(program, &argument.value, site.frame, info.module, &mut found);
            for value in program.values(&argument.value, site.frame).iter() {
                if let Value::Module(module) = value {
                    for value in program.exported(*module, "default", 0).unwrap_or_default() {
                        found.push(Link {
                            value,
                            role: Role::Middleware,
                            module: info.module,
                            span: argument.value.span,
                        });
                    }
                }
            }
            // `addHook("onResponse", note)`: what runs afterwards refuses nothing.
            if fact.is == Kind::Middleware && fact.unless.iter().any(|each| program.meets(each, site) == Some(true)) {
                found.iter_mut().for_each(|link| link.role = Role::After);
            }
            if fact.role.as_deref() == Some(DECIDES) {
                found.iter_mut().for_each(|link| link.role = Role::Decision);
            }
            for mut link in found {
                // `register(limiter, { global: false })`: what is put in front is given its options here.
                if let Value::Library { sites, .. } = &mut link.value
                    && sites.is_empty()
                    && info.call.arguments.len() > 1
                {
                    *sites = std::rc::Rc::from([site]);
                }
                // `.service(ask)`: an entry of its own beside others, which stands in front of nothing.
                if let Value::Function { unit, .. } = link.value
                    && let Some((entry, path)) = self.unplaced.get(&unit).filter(|_| fact.is == Kind::Mount).cloned()
                {
                    self.register(router.as_ref(), Some(site), Registered::Route { path, entry, member: None });
                    continue;
                }
                let is_scope = fact.role.as_deref() == Some("scope");
                match router_site(program, &link.value) {
                    Some(child) => children.push((child.call, links.len())),
                    // A plugin has a router of its own, or adds to the one that it is registered at.
                    None if is_scope && matches!(link.value, Value::Function { .. }) => {
                        children.push((site.call, links.len()));
                    }
                    None if is_scope && is_of_folder(program, &link.value) => children.push((site.call, links.len())),
                    None if is_scope && is_added_to_parent(program, &link.value) => {}
                    None => {
                        receive(program, &link.value, fact);
                        // A function with as many parameters as an error handler is one.
                        if fact.parameters.is_some() && fact.parameters == arity(program, &link.value) {
                            self.of_application.insert((link.module, link.span));
                            self.error_handlers.push(link);
                            continue;
                        }
                        links.push(link);
                    }
                }
            }
        }
        if children.is_empty() && is_developed_only(program, info.node, info.unit) {
            return;
        }
        let given = info.call.arguments.iter().map(|argument| (&argument.value, site.frame));
        self.note_kind(program, fact, given, &links);
        let path = path.unwrap_or_default();
        let is_router = router
            .is_some_and(|router| program.callee_paths(router).iter().any(|path| program.is_a(path, Kind::Router)));
        if children.is_empty() && !is_router && fact.order.as_deref() == Some("all") {
            // What has no routes of its own stands in front of all handlers.
            self.conventions.extend(links);
        } else if children.is_empty() {
            let order = match fact.order.as_deref() {
                Some("all") => Order::All,
                Some("before") => Order::Before,
                None if fact.is == Kind::Middleware => Order::All,
                _ => Order::After,
            };
            let member = if fact.scope.as_deref() == Some("member") { member_of(name) } else { None };
            let is_exact = fact.scope.as_deref() == Some("exact");
            if let Some(router) = router.filter(|_| is_handed_on(fact)) {
                self.in_front(program, fact, (site, router), &path, &links);
            }
            let mut paths = all_paths(program, fact, site);
            if paths.len() < 2 {
                paths = vec![path];
            }
            for path in paths {
                let (links, member) = (links.clone(), member.clone());
                let what = Registered::Middleware { path, links, order, member, is_exact };
                self.register(router.as_ref(), Some(site), what);
            }
        } else {
            for (child, before) in children {
                let links = links.iter().take(before).cloned().collect();
                self.register(router.as_ref(), Some(site), Registered::Mount { path: path.clone(), child, links });
            }
        }
    }

    /// Functions that are put in front of others, each as the entry point that it is where it answers by itself:
    /// `app.use("/ask", async (req, res) => ..)`.
    pub(super) fn in_front(
        &mut self,
        program: &Program<'m>,
        fact: &'m Fact,
        (site, router): (Site, Site),
        path: &str,
        links: &[Link<'m>],
    ) {
        for (at, link) in links.iter().enumerate() {
            let (Value::Function { unit, .. }, Some(handler)) = (&link.value, frame_of(program, &link.value)) else {
                continue;
            };
            let (module, span) = place_of(program, *unit, site, false);
            let function = program.units.units[*unit].function;
            self.in_front.insert(self.entries.len(), (router.call, site.call, path.to_owned()));
            self.entries.push(Entry {
                kind: "http".into(),
                name: entry_name_of(program, fact, path, function, site, None),
                public: true,
                module,
                span,
                handler,
                is_page: false,
                is_in_front: true,
                behind: Vec::new(),
                chains: vec![links[..at].to_vec()],
            });
        }
    }
}
