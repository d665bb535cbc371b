//! Variables with the address of a store: it holds the password with which the store is opened.

use crate::link::Program;
use crate::link::Site;
use crate::link::units::UnitId;
use crate::model::{Argument, ExpressionKind, Span};
use crate::rules::catalogue::Kind;

/// Names of arguments with the address of a store.
const ADDRESSES: [&str; 6] = ["url", "uri", "dsn", "connectionString", "connection_string", "conninfo"];

/// Whether what is read at a place opens a store: `new Store(process.env.STORE_URL ?? "")`.
pub(super) fn opens_a_store(program: &Program<'_>, unit: UnitId, read: Span) -> bool {
    let calls = &program.units.units[unit].calls;
    calls.iter().any(|call| {
        let info = &program.units.calls[*call];
        info.call.arguments.iter().any(|argument| argument.value.span.contains(read))
            && is_address(&info.call.arguments, read)
            && makes_a_store(program, Site { call: *call, frame: program.open_frame(unit) })
    })
}

/// Whether a place is in the address among arguments: the first of them, or one of that name.
fn is_address(arguments: &[Argument], read: Span) -> bool {
    let named = |name: &str| ADDRESSES.contains(&name);
    arguments.iter().enumerate().filter(|(_, argument)| argument.value.span.contains(read)).any(
        |(at, argument)| match (argument.name.as_deref(), &argument.value.kind) {
            (Some(name), _) => named(name),
            (None, ExpressionKind::Object(entries)) => {
                entries.iter().any(|entry| entry.value.span.contains(read) && entry.key.as_deref().is_some_and(named))
            }
            (None, ExpressionKind::Call(_)) => false,
            (None, _) => at == 0,
        },
    )
}

/// Whether a call makes that on which a store is asked.
fn makes_a_store(program: &Program<'_>, site: Site) -> bool {
    let asks = |path: &str| program.catalogue.about(&format!("{path}()")).any(|fact| fact.is == Kind::Store);
    program.callee_paths(site).iter().any(|path| asks(path))
}
