//! Which of the things that a name is bound to may be what it is where it is read: what other branches bind, what is
//! bound later and what has been replaced by then is not.

use std::borrow::Cow;

use crate::model::Span;

use super::{Binding, NodeId, NodeKind, UnitId, Units};

/// Bindings of one name that are told apart; names of more hold any of them.
const MOST: usize = 64;

/// Where a name is read.
#[derive(Clone, Copy)]
pub enum Reader {
    /// In the unit that binds it.
    Own(Span),
    /// In a unit within that one, which stands here and may run later.
    Inner(Span),
}

impl Reader {
    fn span(self) -> Span {
        match self {
            Reader::Own(span) | Reader::Inner(span) => span,
        }
    }
}

impl<'m> Units<'m> {
    /// The bindings of a unit's name that may hold where it is read. A row of them stays the row that it is.
    pub fn reaching<'u>(
        &self,
        unit: UnitId,
        name: &str,
        bindings: &'u [Binding<'m>],
        reader: Reader,
    ) -> Cow<'u, [Binding<'m>]> {
        let known = self.units.get(unit).and_then(|info| info.bound_in.get(name)).map_or(&[][..], Vec::as_slice);
        if bindings.len() < 2 || bindings.len() > MOST || known.is_empty() {
            return Cow::Borrowed(bindings);
        }
        let read = reader.span();
        let node = |at: usize| known.get(at).copied().flatten();
        let last = (0..bindings.len()).rev().find(|at| {
            let Some(node) = node(*at) else { return false };
            bindings.get(*at).is_some_and(|binding| replaces(binding) && is_before(binding, read))
                && self.always_runs_before(node, reader)
        });
        let first = last.unwrap_or_default();
        let holds = |at: usize| {
            let (Some(binding), Some(node)) = (bindings.get(at), node(at)) else { return true };
            let is_apart = match reader {
                Reader::Own(_) => place(binding).is_some() && !is_before(binding, read) || self.excludes(node, read),
                Reader::Inner(_) => self.excludes(node, read),
            };
            !is_apart || self.comes_round(node, read, last.and_then(|last| known.get(last).copied().flatten()))
        };
        let held: Vec<usize> = (first..bindings.len()).filter(|at| holds(*at)).collect();
        match (held.first(), held.last()) {
            (Some(start), Some(end)) if end - start + 1 == held.len() => {
                Cow::Borrowed(bindings.get(*start..=*end).unwrap_or(bindings))
            }
            (Some(_), _) => Cow::Owned(held.iter().filter_map(|at| bindings.get(*at)).cloned().collect()),
            // What is read before it is bound was bound in a way that is not seen.
            (None, _) => Cow::Borrowed(bindings),
        }
    }

    /// The bindings of a unit's name without those of branches that are not taken where it is read.
    pub fn beside<'u>(
        &self,
        unit: UnitId,
        name: &str,
        bindings: &'u [Binding<'m>],
        read: Span,
    ) -> Cow<'u, [Binding<'m>]> {
        let known = self.units.get(unit).and_then(|info| info.bound_in.get(name)).map_or(&[][..], Vec::as_slice);
        if bindings.len() < 2 || bindings.len() > MOST || known.len() != bindings.len() {
            return Cow::Borrowed(bindings);
        }
        let is_apart = |node: NodeId| self.excludes(node, read) && !self.comes_round(node, read, None);
        let holds = |node: &Option<NodeId>| !node.is_some_and(is_apart);
        if known.iter().all(holds) {
            return Cow::Borrowed(bindings);
        }
        let held = bindings.iter().zip(known).filter(|(_, node)| holds(node)).map(|(binding, _)| binding.clone());
        let held: Vec<Binding<'m>> = held.collect();
        if held.is_empty() { Cow::Borrowed(bindings) } else { Cow::Owned(held) }
    }

    /// Whether what a node binds is bound whenever the name is read: all that it stands in is around the reader, too. What
    /// runs later may find anything that its unit binds, but for what a branch binds for itself.
    fn always_runs_before(&self, node: NodeId, reader: Reader) -> bool {
        let mut around = self.blocks_around(node).peekable();
        let is_within = match reader {
            Reader::Own(_) => true,
            Reader::Inner(_) => around.peek().is_some(),
        };
        is_within && around.all(|(_, span)| span.contains(reader.span()))
    }

    /// Whether a node stands in one branch and the reader in another one of the same test.
    fn excludes(&self, node: NodeId, read: Span) -> bool {
        self.ancestors(node).any(|(_, branch)| {
            let is_branch = matches!(branch.kind, NodeKind::Then(_) | NodeKind::Otherwise(_));
            let test = branch.parent.and_then(|parent| self.nodes.get(parent));
            let is_test =
                |node: &&super::Node<'m>| matches!(node.kind, NodeKind::If { test, .. } if !test.span.contains(read));
            is_branch
                && !branch.span.contains(read)
                && test.filter(is_test).is_some_and(|test| test.span.contains(read))
        })
    }

    /// Whether what a node binds is read in the next round of a loop around both, unless it is replaced there first.
    fn comes_round(&self, node: NodeId, read: Span, last: Option<NodeId>) -> bool {
        let mut loops = self.ancestors(node).filter(|(_, each)| matches!(each.kind, NodeKind::Loop(_)));
        let Some((common, _)) = loops.find(|(_, each)| each.span.contains(read)) else { return false };
        !last.is_some_and(|last| self.ancestors(last).any(|(each, _)| each == common))
    }

    /// The blocks in which a node stands, with what they span.
    fn blocks_around(&self, node: NodeId) -> impl Iterator<Item = (NodeId, Span)> {
        let blocks = self.ancestors(node).filter(|(_, node)| !matches!(node.kind, NodeKind::Plain(_)));
        blocks.map(|(id, node)| (id, node.span))
    }
}

/// Whether behind a binding a name is nothing that it was. What is made of what it was may be that as well.
fn replaces(binding: &Binding<'_>) -> bool {
    matches!(binding, Binding::Value { replaces: true, .. } | Binding::Context(_))
}

fn is_before(binding: &Binding<'_>, read: Span) -> bool {
    place(binding).is_some_and(|place| place.end <= read.start)
}

/// Where a binding gets its value, for those that have one at a time.
fn place(binding: &Binding<'_>) -> Option<Span> {
    match binding {
        Binding::Value { value, .. } => Some(value.span),
        Binding::Element { over, .. } => Some(over.span),
        Binding::Context(context) => Some(context.span),
        _ => None,
    }
}
