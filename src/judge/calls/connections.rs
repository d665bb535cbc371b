//! Entry points that ask a model through a connection which another one has opened: `socket.send(question)`.

use crate::link::{Program, Site, Value};
use crate::rules::catalogue::Calls;

use super::{External, Running};

/// Adds to the calls that open connections to models the entry points that say something there.
pub(super) fn ask(program: &Program<'_>, running: &Running<'_>, all: &mut [External]) {
    for opened in all.iter_mut().filter(|each| each.kind == Calls::Llm) {
        let is_it = |value: &Value<'_>| value.sites().iter().any(|site| site.call == opened.call);
        for method in &program.catalogue.fact(opened.fact).exports {
            for call in program.calls_of_method(method) {
                let info = &program.units.calls[*call];
                let site = Site { call: *call, frame: program.open_frame(info.unit) };
                if *call == opened.call || !program.values(&info.call.callee, site.frame).iter().any(is_it) {
                    continue;
                }
                let is_new = |(entry, _): &(usize, Vec<Site>)| opened.reached.iter().all(|(known, _)| known != entry);
                let said: Vec<(usize, Vec<Site>)> =
                    running.reached(program, *call).into_iter().filter(is_new).collect();
                opened.reached.extend(said);
            }
        }
    }
}
