//! Calls that only call what they are given, written as what they do: `to_thread(ask, text)` is `ask(text)`.
//!
//! Values tell which calls these are, so a program is linked once to find them; then its modules are rewritten, and
//! nothing behind this has to know that a function may be called in another thread or with arguments given beforehand.

mod walk;

use std::collections::{BTreeMap, BTreeSet};

use crate::model::*;
use crate::rules::catalogue::{Fact, Kind};
use crate::rules::checked::{Catalogue, FactId};
use crate::rules::patterns::expand;

use super::arguments::Given;
use super::units::Binding;
use super::{Program, Site, Value};

pub use walk::block as each_expression;

/// What a call is written as.
#[derive(Clone, Copy, Debug)]
enum Form {
    /// `to_thread(f, x)`: `f(x)`, where the function is the argument of this number.
    Called(usize),
    /// `submit(f, x)`: `submit(() => f(x))`, for it is called later, or again and again.
    Later(usize),
    /// `pool.map(f, items)`: `[f(item) for item in items]`.
    Each(usize),
    /// `Thread(target=f, args=(x,), kwargs={...})`: `Thread(target=() => f(x, ...))`: where the function, the list and the
    /// object stand.
    Listed { at: usize, list: Option<usize>, named: Option<usize> },
    /// `partial(f, x)`: called at once, `partial(f, x)(y)`, it is `f(x, y)`; a function of the program is wrapped:
    /// `(*rest) => f(x, *rest)`.
    Bound { is_own: bool },
}

/// What an object is called of which nothing is known.
const ANYTHING: &str = "builtins.object()";

/// By the module's number and the call's span.
type Forms = BTreeMap<(usize, Span), (Form, FactId)>;

/// Rewrites all calls that only call what they are given; gives the facts that tell of them.
pub fn unfold(modules: &mut [Module], projects: &[Project], catalogue: &Catalogue) -> BTreeSet<FactId> {
    let forms = forms(modules, projects, catalogue);
    let found = forms.values().map(|(_, fact)| *fact).collect();
    let touched: BTreeSet<usize> = forms.keys().map(|(module, _)| *module).collect();
    for number in touched {
        if let Some(module) = modules.get_mut(number) {
            let form_of = |call: &Call| forms.get(&(number, call.span)).map(|(form, _)| *form);
            walk::block(&mut module.body, &mut |expression| rewrite(expression, &form_of));
        }
    }
    found
}

/// The calls to rewrite. Few programs have any: languages and names tell whether to look further.
fn forms(modules: &[Module], projects: &[Project], catalogue: &Catalogue) -> Forms {
    let is_told_of = |language: Language| {
        catalogue.of_kind(Kind::Runs).filter(|(_, fact)| hands_on(fact)).any(|(id, _)| {
            let languages = catalogue.library_of(id).languages();
            languages.is_empty() || languages.contains(&language)
        })
    };
    let spoken: BTreeSet<Language> = modules.iter().map(|module| module.language).collect();
    if !spoken.iter().copied().any(is_told_of) {
        return Forms::new();
    }
    let last = |name: &str| name.rsplit('.').next().unwrap_or(name).to_owned();
    let facts = [Kind::Runs, Kind::Spawn].into_iter().flat_map(|kind| catalogue.of_kind(kind));
    let facts = facts.filter(|(_, fact)| hands_on(fact)).flat_map(|(_, fact)| &fact.names);
    let names: BTreeSet<String> = facts.flat_map(|name| expand(name)).map(|name| last(&name)).collect();
    let program = Program::new(modules, &[], projects, catalogue);
    let objects = objects(&program, &names);
    let is_named = |callee: &Expression| match &callee.kind {
        ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } => {
            names.contains(name) || objects.contains(name.as_str())
        }
        _ => is_made(callee, &names),
    };
    // A name may stand for another one: `from functools import partial as bind`.
    let renames =
        |import: &Import| import.name.as_ref().is_some_and(|name| names.contains(name) && *name != import.local);
    let renamed: BTreeSet<&str> = program
        .units
        .units
        .iter()
        .flat_map(|unit| unit.names.values().flatten())
        .filter_map(|binding| match binding {
            Binding::Import(import) if renames(import) => Some(import.local.as_str()),
            _ => None,
        })
        .collect();
    let is_renamed =
        |callee: &Expression| matches!(&callee.kind, ExpressionKind::Name(name) if renamed.contains(name.as_str()));
    let calls = program.units.calls.iter().enumerate();
    let told: BTreeSet<Language> = spoken.into_iter().filter(|language| is_told_of(*language)).collect();
    calls
        .filter(|(_, info)| told.contains(&modules[info.module].language))
        .filter(|(_, info)| is_named(&info.call.callee) || is_renamed(&info.call.callee))
        .filter_map(|(call, info)| {
            let site = Site { call, frame: program.open_frame(info.unit) };
            let paths = program.callee_paths(site);
            let of_kind = |kind| paths.iter().find_map(|path| program.facts_of(path, kind).first().copied());
            let known = of_kind(Kind::Runs).or_else(|| of_kind(Kind::Spawn));
            let (id, fact) = known.or_else(|| told_by_method(&program, site))?;
            let form = match fact.is {
                _ if !hands_on(fact) => None,
                Kind::Spawn => handed_over(&program, fact, site),
                _ => form(&program, fact, site),
            };
            Some(((info.module, info.call.span), (form?, id)))
        })
        .collect()
}

/// What the name of a method tells by itself, where nothing else does and it is none of the program's own:
/// `bot.loop.run_in_executor(None, ask, text)`.
fn told_by_method<'c>(program: &Program<'c>, site: Site) -> Option<(FactId, &'c Fact)> {
    let callee = &program.units.calls[site.call].call.callee;
    let ExpressionKind::Member { name, .. } = &callee.kind else { return None };
    let is_own = |value: &Value<'_>| matches!(value, Value::Function { .. } | Value::Class(_) | Value::Instance { .. });
    if program.values(callee, site.frame).iter().any(is_own) {
        return None;
    }
    program.facts_of(&format!("{ANYTHING}.{name}"), Kind::Runs).first().copied()
}

/// Whether an expression makes an object that can be called, one whose maker is named with `()` behind it: `Retrying(...)`.
fn is_made(expression: &Expression, names: &BTreeSet<String>) -> bool {
    let ExpressionKind::Call(call) = &expression.kind else { return false };
    match &call.callee.kind {
        ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } => names.contains(&format!("{name}()")),
        _ => false,
    }
}

/// The names and fields that hold such objects.
fn objects<'m>(program: &Program<'m>, names: &BTreeSet<String>) -> BTreeSet<&'m str> {
    if !names.iter().any(|name| name.ends_with("()")) {
        return BTreeSet::new();
    }
    let bound = program.units.units.iter().flat_map(|unit| &unit.names).filter(|(_, bindings)| {
        bindings.iter().any(|binding| matches!(binding, Binding::Value { value, .. } if is_made(value, names)))
    });
    let assigned = program.units.member_assignments.iter();
    let fields = assigned.filter(|(_, all)| all.iter().any(|each| is_made(each.value, names)));
    bound.map(|(name, _)| *name).chain(fields.map(|((_, name), _)| *name)).collect()
}

/// Whether what is given to a call beside the function goes to the function.
fn hands_on(fact: &Fact) -> bool {
    fact.handler.is_some()
        && fact.value.as_deref().is_none_or(|value| !value.starts_with('['))
        && !matches!(
            fact.role.as_deref(),
            Some("at-once" | "nothing" | "listener" | "answers" | "methods" | "made" | "kept" | "on-failure")
        )
}

/// What a call is written as that hands a call of a library over to run elsewhere: `add_task(chain.ainvoke, text)`. What
/// a function of the program does there is told by its own calls.
fn handed_over(program: &Program<'_>, fact: &Fact, site: Site) -> Option<Form> {
    let arguments = &program.units.calls[site.call].call.arguments;
    let place = |path: &str| match program.argument(site, path) {
        Given::Present { expression, .. } => {
            arguments.iter().position(|argument| std::ptr::eq(&argument.value, expression))
        }
        _ => None,
    };
    let at = place(fact.handler.as_deref()?)?;
    let function = &arguments.get(at)?.value;
    let does = |path: &str| program.is_a(path, Kind::Call) || program.is_a(path, Kind::Store);
    let is_call = |value: &Value<'_>| value.path().is_some_and(does);
    let is_method = matches!(function.kind, ExpressionKind::Member { .. });
    if !is_method || !program.values(function, site.frame).iter().any(is_call) {
        return None;
    }
    let list = fact.value.as_deref();
    Some(match list {
        None => Form::Later(at),
        Some(list) => Form::Listed { at, list: place(list), named: fact.keys.iter().find_map(|path| place(path)) },
    })
}

/// What a call is written as; none where its function cannot be told apart, or is written out there.
fn form(program: &Program<'_>, fact: &Fact, site: Site) -> Option<Form> {
    let Given::Present { expression, frame } = program.argument(site, fact.handler.as_deref()?) else { return None };
    let arguments = &program.units.calls[site.call].call.arguments;
    let at = arguments.iter().position(|argument| std::ptr::eq(&argument.value, expression))?;
    if matches!(expression.kind, ExpressionKind::Function(_) | ExpressionKind::Spread(_)) {
        return None;
    }
    match fact.role.as_deref() {
        Some("bound") => {
            let values = program.values(expression, frame);
            // `partial(report.delay, key)`: what puts a function of the program into a queue is as good as one.
            let hands_over = |path: &str| program.is_a(path, Kind::Spawn);
            let is_own = |value: &Value<'_>| {
                matches!(value, Value::Function { .. } | Value::Class(_)) || value.path().is_some_and(hands_over)
            };
            Some(Form::Bound { is_own: values.iter().any(is_own) })
        }
        Some("later" | "repeated") => Some(Form::Later(at)),
        Some("each") => Some(Form::Each(at)),
        _ => Some(Form::Called(at)),
    }
}

/// Rewrites an expression if it is one of these calls.
fn rewrite(expression: &mut Expression, form_of: &dyn Fn(&Call) -> Option<Form>) {
    let ExpressionKind::Call(call) = &mut expression.kind else { return };
    match form_of(call) {
        Some(Form::Called(at)) => {
            if let Some(called) = called(call, at) {
                **call = called;
            }
        }
        Some(Form::Later(at)) => {
            if let Some(called) = called(call, at) {
                call.arguments.truncate(at);
                call.arguments.push(Argument { name: None, value: lambda(called, Vec::new()) });
            }
        }
        Some(Form::Each(at)) => {
            if let Some(mapped) = mapped(call, at) {
                *expression = mapped;
            }
            return;
        }
        Some(Form::Listed { at, list, named }) => {
            if let Some(called) = listed(call, at, list, named)
                && let Some(function) = call.arguments.get_mut(at)
            {
                function.value = lambda(called, Vec::new());
                let mut place = 0..;
                call.arguments.retain(|_| {
                    let here = place.next();
                    here.is_none() || here != list && here != named
                });
            }
        }
        Some(Form::Bound { is_own: true }) => {
            if let Some(wrapped) = called(call, 0).map(wrapped) {
                *expression = wrapped;
            }
            return;
        }
        Some(Form::Bound { is_own: false }) => return,
        None => {}
    }
    // Called at once: what was given beforehand comes first.
    while let ExpressionKind::Call(inner) = &call.callee.kind
        && matches!(form_of(inner), Some(Form::Bound { .. }))
        && let Some(bound) = called(inner, 0)
    {
        call.callee = bound.callee;
        call.arguments.splice(0..0, bound.arguments);
        call.span.start = bound.span.start;
    }
}

/// The call of the argument of this number with what stands behind it.
fn called(call: &Call, at: usize) -> Option<Call> {
    let callee = call.arguments.get(at)?.value.clone();
    let further =
        call.arguments.iter().enumerate().filter(|(number, argument)| *number > at || argument.name.is_some());
    let arguments = further.filter(|(number, _)| *number != at).map(|(_, argument)| argument.clone()).collect();
    Some(Call { span: Span { start: callee.span.start, end: call.span.end }, callee, arguments, is_new: false })
}

/// `[f(item) for item in items]`, of several lists with an item of each.
fn mapped(call: &Call, at: usize) -> Option<Expression> {
    let callee = call.arguments.get(at)?.value.clone();
    let lists = call.arguments.iter().skip(at + 1).filter(|argument| argument.name.is_none()).map(|each| &each.value);
    let named = |number: usize| Expression { span: call.span, kind: ExpressionKind::Name(format!("item {number}")) };
    let clauses: Vec<Clause> = lists
        .enumerate()
        .map(|(number, over)| Clause { target: named(number), over: over.clone(), tests: Vec::new() })
        .collect();
    let arguments = (0..clauses.len()).map(|number| Argument { name: None, value: named(number) }).collect();
    let each = Call { span: Span { start: callee.span.start, end: call.span.end }, callee, arguments, is_new: false };
    let element = Box::new(Expression { span: each.span, kind: ExpressionKind::Call(Box::new(each)) });
    (!clauses.is_empty())
        .then_some(Expression { span: call.span, kind: ExpressionKind::Comprehension { element, clauses } })
}

/// The call of the argument of this number with what stands in a list and an object beside it.
fn listed(call: &Call, at: usize, list: Option<usize>, named: Option<usize>) -> Option<Call> {
    let value = |place: usize| call.arguments.get(place).map(|argument| argument.value.clone());
    let callee = value(at)?;
    let mut arguments = Vec::new();
    match list.and_then(value).map(|list| (list.span, list.kind)) {
        Some((_, ExpressionKind::List(items))) => {
            arguments.extend(items.into_iter().map(|value| Argument { name: None, value }));
        }
        Some((span, kind)) => {
            let list = Box::new(Expression { span, kind });
            arguments.push(Argument { name: None, value: Expression { span, kind: ExpressionKind::Spread(list) } });
        }
        None => {}
    }
    match named.and_then(value).map(|named| (named.span, named.kind)) {
        Some((_, ExpressionKind::Object(entries))) => {
            arguments.extend(entries.into_iter().map(|entry| Argument { name: entry.key, value: entry.value }));
        }
        Some((span, kind)) => {
            arguments.push(Argument { name: Some("**".to_owned()), value: Expression { span, kind } });
        }
        None => {}
    }
    Some(Call { span: Span { start: callee.span.start, end: call.span.end }, callee, arguments, is_new: false })
}

/// `(*rest, **named) => call(…, *rest, …, **named)`
fn wrapped(mut call: Call) -> Expression {
    let span = call.span;
    let at = |kind| Expression { span, kind };
    let name = |name: &str| at(ExpressionKind::Name(name.to_owned()));
    let parameter = |target, kind| Parameter {
        span,
        target,
        annotation: None,
        default: None,
        kind,
        decorators: Vec::new(),
        is_property: false,
    };
    let first_named = call.arguments.iter().position(|argument| argument.name.is_some());
    let spread = at(ExpressionKind::Spread(Box::new(name("rest"))));
    call.arguments.insert(first_named.unwrap_or(call.arguments.len()), Argument { name: None, value: spread });
    call.arguments.push(Argument { name: Some("**".to_owned()), value: name("named") });
    let parameters =
        vec![parameter(name("rest"), ParameterKind::Rest), parameter(name("named"), ParameterKind::KeywordRest)];
    lambda(call, parameters)
}

/// A function that only makes a call.
fn lambda(call: Call, parameters: Vec<Parameter>) -> Expression {
    let span = call.span;
    let value = Expression { span, kind: ExpressionKind::Call(Box::new(call)) };
    let function = Function {
        span,
        name: String::new(),
        name_span: span,
        parameters,
        returns: None,
        decorators: Vec::new(),
        body: vec![Statement { span, kind: StatementKind::Return(Some(value)) }],
        is_async: false,
        is_generator: false,
        directives: Vec::new(),
        outer: Vec::new(),
    };
    Expression { span, kind: ExpressionKind::Function(Box::new(function)) }
}
