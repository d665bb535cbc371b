//! What is assigned to a property of an object that its class lets others set: `context.url = await address(context)`
//! for `set url(value)`, read back as `context.url`.

use crate::link::Program;
use crate::link::units::*;

use super::{ALTERNATIVES, Value, Values, add};

impl<'m> Program<'m> {
    pub(super) fn set_from_outside(&self, class: ClassId, name: &str, receiver: &Value<'m>) -> Values<'m> {
        let mut all = Values::new();
        let Value::Instance { class: own, site } = receiver else { return all };
        if !self.units.classes[class].setters.contains(name) {
            return all;
        }
        for each in self.units.set.get(name).into_iter().flatten().take(ALTERNATIVES) {
            // Where the object is made it is known for whom.
            let maker = site.map(|site| site.frame).filter(|maker| self.unit_of_frame(*maker) == each.unit);
            let frame = maker.unwrap_or_else(|| self.open_frame(each.unit));
            let is_it = |value: &Value<'m>| match value {
                Value::Instance { class, site: made } => class == own && (maker.is_none() || made == site),
                _ => false,
            };
            if self.values(each.object, frame).iter().any(is_it) {
                add(&mut all, self.values(each.value, frame).iter().cloned());
            }
        }
        all
    }
}
