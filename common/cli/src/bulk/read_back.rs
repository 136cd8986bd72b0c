//! Where devices are after a doubtful answer: the service is asked, nothing is concluded from before.

use std::collections::BTreeMap;

use api::{Error, Kind};

use super::look_up::Within;
use super::plan::Fate;
use super::send::{Doubt, Sending, failed, is_out};

impl Sending<'_> {
    /// Looks where the doubtful devices are. Gives those that did not move and may be sent again.
    pub(super) fn read_back(&mut self, doubts: Vec<Doubt>) -> Vec<Doubt> {
        let mut by_group: BTreeMap<u32, Vec<Doubt>> = BTreeMap::new();
        for doubt in doubts {
            by_group.entry(doubt.group).or_default().push(doubt);
        }
        let mut left = Vec::new();
        for (group, doubts) in by_group {
            left.extend(self.read_back_group(group, doubts));
        }
        left
    }

    fn read_back_group(&mut self, group: u32, doubts: Vec<Doubt>) -> Vec<Doubt> {
        let texts: Vec<String> = doubts.iter().map(|doubt| self.text_of(doubt.row)).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        // A new look: what was known before is no answer.
        let mut now = self.places.with_groups_only();
        let id = self.places.groups[group as usize].id.clone();
        let size = self.sizes.get(&group).copied();
        if let Err(error) = self.session.look_up(&mut now, &texts, Within::Group(&id), size) {
            doubts.iter().for_each(|doubt| self.fates[doubt.row as usize] = unknown(doubt, &error));
            self.ended = self.ended.take().or(Some(error).filter(Error::ends_run));
            return Vec::new();
        }
        let mut left = Vec::new();
        for (doubt, text) in doubts.into_iter().zip(texts) {
            let inside = match now.of(text) {
                Ok(place) => place.is_some_and(|place| place.group == Some(group)),
                Err(error) if error.kind == Kind::NotFound => false,
                // A look that failed shows nothing: neither that it moved nor that it did not.
                Err(error) => {
                    self.fates[doubt.row as usize] = unknown(&doubt, &error);
                    continue;
                }
            };
            if inside != is_out(self.wishes, doubt.row) {
                self.fates[doubt.row as usize] = Fate::Moved;
            } else {
                left.push(doubt);
            }
        }
        left
    }
}

fn unknown(doubt: &Doubt, error: &Error) -> Fate {
    let error = Error {
        kind: Kind::UnknownOutcome,
        attempts: doubt.general.attempts,
        ..Error::new(Kind::UnknownOutcome, "It is not known whether this device moved")
            .detail(format!("it could not be read back: {error}"))
    };
    failed(error)
}
