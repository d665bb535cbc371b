//! Requests to the channels of the operators, told by their address or by the variable that holds it.

use std::collections::VecDeque;

use rustc_hash::FxHashSet;

use crate::judge::conditions::environment::names::Variables;
use crate::link::arguments::Given;
use crate::link::{FrameId, Program, Site};
use crate::model::{Expression, ExpressionKind, Literal};
use crate::rules::catalogue::Kind;

/// Objects within objects in whose fields an address is looked for.
const FIELDS: usize = 4;

/// Words in the names and addresses of channels.
const CHANNELS: [&str; 8] =
    ["webhook", "hooks.", "alert", "pagerduty", "opsgenie", "/services/t", "bot*/sendmessage", "sendmessage"];

/// Whether a raw request goes to a channel, by what its address is called.
pub(super) fn is_addressed(program: &Program<'_>, site: Site) -> bool {
    let Some((address, frame)) = address_of(program, site) else { return false };
    is_written(program, address, frame)
        || Variables::new(program).held(address, frame).iter().any(|named| names_a_channel(&named.name))
}

/// The address of a raw request: where its library takes it, else what the call is given first.
pub(super) fn address_of<'m>(program: &Program<'m>, site: Site) -> Option<(&'m Expression, FrameId)> {
    let paths = program.callee_paths(site);
    let facts = paths.iter().flat_map(|path| program.facts_of(path, Kind::Http));
    let told = facts.filter_map(|(_, fact)| fact.url.as_deref()).find_map(|url| match program.argument(site, url) {
        Given::Present { expression, frame } => Some((expression, frame)),
        _ => None,
    });
    told.or_else(|| Some((&program.units.calls[site.call].call.arguments.first()?.value, site.frame)))
}

/// Whether a name or an address is one of a channel.
fn names_a_channel(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    CHANNELS.iter().any(|word| text.contains(word))
}

/// Whether a channel is named in what an expression is made of, also in what an object was given when it was made:
/// `this.url` of an injected service. Each part is looked at once, the nearest first, for many ways lead to the same.
fn is_written<'m>(program: &Program<'m>, address: &'m Expression, frame: FrameId) -> bool {
    let mut seen: FxHashSet<(usize, FrameId)> = FxHashSet::default();
    let mut open = VecDeque::from([(address, frame, 0)]);
    while let Some((expression, frame, depth)) = open.pop_front() {
        for (part, frame) in &program.slice(expression, frame).parts {
            if !seen.insert((std::ptr::from_ref(*part) as usize, *frame)) {
                continue;
            }
            match &part.kind {
                ExpressionKind::Literal(Literal::Text(text)) if names_a_channel(text) => return true,
                ExpressionKind::Name(name) | ExpressionKind::Member { name, .. } if names_a_channel(name) => {
                    return true;
                }
                ExpressionKind::Member { object, name } if depth < FIELDS => {
                    let values = program.values(object, *frame);
                    for given in values.iter().flat_map(|value| program.given_to(value, name)) {
                        if let Given::Present { expression, frame } = given {
                            open.push_back((expression, frame, depth + 1));
                        }
                    }
                }
                _ => {}
            }
        }
    }
    false
}
