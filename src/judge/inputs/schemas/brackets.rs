//! Types that are given what they limit, and its limits, in brackets: `Range[str, 1, 1200]`.

use crate::judge::inputs::words::is_no_text;
use crate::link::FrameId;
use crate::link::Value;
use crate::link::arguments::Amount;
use crate::model::{Expression, ExpressionKind};
use crate::rules::catalogue::Kind;

use super::{Ask, Asked, INDEXED, Limit, Schemas};

impl<'m> Schemas<'_, 'm> {
    /// What such a type says; none where it is another one.
    pub(super) fn of_brackets(
        &self,
        named: &'m Expression,
        index: &'m Expression,
        frame: FrameId,
        asked: Asked,
    ) -> Option<Limit> {
        let program = self.program;
        let values = program.values(named, frame);
        let facts = values.iter().filter_map(Value::path).flat_map(|path| program.facts_of(path, Kind::TextLimit));
        let limit = facts.into_iter().find(|(_, fact)| fact.role.as_deref() == Some(INDEXED))?.1.limit.as_deref();
        let place: usize = limit?.strip_prefix('#')?.parse().ok()?;
        let parts: &[Expression] = match &index.kind {
            ExpressionKind::List(parts) => parts,
            _ => std::slice::from_ref(index),
        };
        let ends = parts.get(place).is_some_and(|most| program.amount(most, frame, None, &[]) != Amount::Off);
        let is_short = ends || parts.first().is_some_and(is_no_text);
        Some(if is_short && asked.ask == Ask::Text { Limit::Held } else { Limit::None })
    }
}
