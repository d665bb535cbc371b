//! Fields of a page that its state keeps under a name: `text_area("Topic", key="topic")` and `session_state.topic`.

use rustc_hash::FxHashMap;

use crate::link::Site;
use crate::link::arguments::Given;
use crate::rules::catalogue::Kind;
use crate::rules::checked::FactId;

use super::Inputs;

/// The calls that make such fields, by the name and by what keeps them.
pub(super) type Kept = FxHashMap<String, Vec<(String, Site)>>;

impl Inputs<'_, '_, '_> {
    /// The calls that bring what a user writes, and by which it is kept under a name in what a fact is about.
    pub(super) fn fields_kept_in(&self, keeper: FactId, name: &str) -> Vec<Site> {
        let program = self.program();
        let is_asked = |keeps: &String| program.facts_of(keeps, Kind::Memory).iter().any(|(id, _)| *id == keeper);
        let kept = self.kept_fields.get_or_init(|| self.find_kept_fields()).get(name);
        let asked = kept.into_iter().flatten().filter(|(keeps, _)| is_asked(keeps));
        asked.map(|(_, site)| *site).collect()
    }

    fn find_kept_fields(&self) -> Kept {
        let program = self.program();
        let mut found = Kept::default();
        for (call, info) in program.units.calls.iter().enumerate() {
            let site = Site { call, frame: program.open_frame(info.unit) };
            for path in program.callee_paths(site).iter() {
                for (_, fact) in program.facts_of(path, Kind::Request) {
                    let (Some(keeper), Some(at)) = (&fact.by, &fact.value) else { continue };
                    if let Given::Present { expression, frame } = program.argument_of(site, at)
                        && let Some(name) = program.text(expression, frame)
                    {
                        found.entry(name).or_default().push((keeper.clone(), site));
                    }
                }
            }
        }
        found
    }
}
