//! What a viewer of the guide makes of the pictures that it is handed: **I10** and **I12**.
//!
//! Every input leads to a page of its own, whatever was shown before, so what a picture may show follows from the inputs
//! that were sent: the page of the input that it echoes, or of a later one.
//!
//! Owns: the above. Refuses: what holds for every picture (`viewers` has it).

use std::collections::BTreeMap;

use transport_viewer::{InputEvent, Picture};

use crate::guide::{BEGIN, PASSES_TO, PASSING, Unit, leads_to};
use crate::report::Invariant;

/// See the module.
#[derive(Default)]
pub struct Sight {
    /// The page that each input leads to.
    sent: BTreeMap<u32, u32>,
    /// What the decoder holds.
    decoded: Option<Unit>,
    echoed: u32,
    /// Pictures that were no key pictures.
    pub deltas: u64,
    /// Pictures that echoed an input that nothing echoed before.
    pub echoes: u64,
}

impl Sight {
    /// An input was sent.
    pub fn sent(&mut self, number: u32, event: &InputEvent) {
        if let Some(page) = leads_to(event) {
            self.sent.insert(number, page);
        }
    }

    /// The next picture, or what is wrong with it.
    pub fn see(&mut self, picture: &Picture) -> Result<(), (Invariant, String)> {
        if !picture.repeat {
            self.decode(picture)?;
        }
        let Some(shown) = self.decoded else {
            return Err((Invariant::I10, format!("{picture:?} is a repeat of nothing")));
        };
        if picture.last_input > self.echoed {
            self.echoed = picture.last_input;
            self.echoes += 1;
        }
        // Before the first input: where everybody begins.
        let led = (self.echoed == 0).then_some(BEGIN).into_iter();
        let mut led = led.chain(self.sent.range(self.echoed..).map(|(_, page)| *page));
        let shows = |page: u32| page == shown.page || page == PASSING && shown.page == PASSES_TO;
        if !led.any(shows) {
            let words = format!(
                "{picture:?} echoes input {} and shows page {}; it and later ones led to {:?}",
                self.echoed,
                shown.page,
                self.sent.range(self.echoed..).collect::<Vec<_>>()
            );
            return Err((Invariant::I12, words));
        }
        Ok(())
    }

    fn decode(&mut self, picture: &Picture) -> Result<(), (Invariant, String)> {
        let Some(unit) = Unit::read(&picture.data) else {
            return Err((Invariant::I10, format!("{picture:?} is no access unit: {:?}", picture.data)));
        };
        let before = self.decoded.replace(unit);
        let follows = |before: Unit| before.encoder == unit.encoder && before.index + 1 == unit.index;
        self.deltas += u64::from(!unit.key);
        if picture.key != unit.key || !unit.key && !before.is_some_and(follows) {
            return Err((Invariant::I10, format!("{picture:?} is {unit:?}, and comes after {before:?}")));
        }
        Ok(())
    }

    /// Is what is seen what the last input led to, and has it been acknowledged? In words, if not.
    pub fn is_present(&self) -> Result<(), String> {
        let (last, page) = self.sent.last_key_value().map_or((0, BEGIN), |(last, page)| (*last, *page));
        let present = if page == PASSING { PASSES_TO } else { page };
        match self.decoded {
            Some(unit) if unit.page == present && self.echoed >= last => Ok(()),
            seen => Err(format!("input {last} led to page {present}; seen is {seen:?}, echoed {}", self.echoed)),
        }
    }
}
