//! What the journal of `imp-hook listen` tells of blessings.
//!
//! Careful about repeats: the service may call again a minute later, and then the first call tells when it was.

use std::collections::HashMap;
use std::time::SystemTime;

use cli::rows::results::Results;
use cli::{RowSource, Session, service_time, text};
use model::identifier::usual_spelling;
use model::{ErrorKind, Record};
use pipe::{Failure, Item};
use serde_json::Value;

use super::state::Blessing;

/// A blessing, and when it was told.
struct Told {
    at: Option<SystemTime>,
    /// The same as it stands in the journal.
    text: Box<str>,
}

/// The last blessing of each device; none at all where no journal was given.
#[derive(Default)]
pub struct Blessings(Option<HashMap<Box<str>, Told>>);

impl Blessings {
    /// Reads a journal to its end. What is no event is a failed row.
    ///
    /// # Errors
    /// As [`RowSource::rows`].
    pub fn read(
        session: &Session,
        journal: &RowSource<'_>,
        results: &mut Results<'_>,
    ) -> cli::Result<Blessings> {
        let mut told = HashMap::new();
        for item in journal.rows(&session.inputs)? {
            match item {
                Ok(Item::Row(row)) if row.record.contains_key("event") => {
                    note(&mut told, &row.record);
                }
                Ok(Item::Row(row)) => results.bad(&no_event(), &row.record, &row.source),
                other => results.not_attempted(other),
            }
        }
        Ok(Blessings(Some(told)))
    }

    /// What was told of the device with this id.
    pub fn of(&self, id: &str) -> Blessing {
        match self.0.as_ref().map(|told| told.get(&*usual_spelling(id))) {
            None => Blessing::NotAsked,
            Some(None) => Blessing::None,
            Some(Some(told)) => Blessing::Came(told.at),
        }
    }

    /// When the device with this id was blessed, for its record: nothing where no journal was given.
    pub fn time_of(&self, id: &str) -> Option<Value> {
        let told = self.0.as_ref()?.get(&*usual_spelling(id));
        let text = told.map(|told| &*told.text).filter(|text| !text.is_empty());
        Some(text.map_or(Value::Null, Value::from))
    }
}

fn note(told: &mut HashMap<Box<str>, Told>, event: &Record) {
    let device = text(event, "device_id");
    let is_repeat = event.get("repeat") == Some(&Value::Bool(true));
    if text(event, "event") != "blessing" || device.is_empty() {
        return;
    }
    let received = text(event, "received_at");
    let new = Told { at: service_time(received), text: received.into() };
    match told.get_mut(&*usual_spelling(device)) {
        None => _ = told.insert(usual_spelling(device).into(), new),
        Some(before) if !is_repeat && new.at > before.at => *before = new,
        Some(_) => {}
    }
}

fn no_event() -> Failure {
    Failure::new(ErrorKind::WrongType, "No event of a webhook")
        .detail("--events takes the journal that `imp-hook listen --journal` writes")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_last_blessing_counts_and_its_first_call() {
        let mut told = HashMap::new();
        for (event, device, minute, repeat) in [
            ("blessing", "5000D8C46A56CFCA", 1, false),
            ("blessing", "5000d8c46a56cfca", 2, true),
            ("blinkup", "5000d8c46a56cfca", 7, false),
            ("blessing", "5000d8c46a56cfcb", 5, false),
            ("blessing", "5000d8c46a56cfcb", 4, false),
        ] {
            let at = format!("2026-11-27T10:0{minute}:00.000Z");
            let event = json!({"event": event, "device_id": device, "received_at": at,
                "repeat": repeat});
            note(&mut told, &serde_json::from_value(event).unwrap());
        }
        let blessings = Blessings(Some(told));
        let minute =
            |id: &str| blessings.time_of(id).unwrap().as_str().map(|at| at[15..16].to_owned());
        assert_eq!(minute("5000d8c46a56cfca").as_deref(), Some("1"));
        assert_eq!(minute("5000D8C46A56CFCB").as_deref(), Some("5"));
        assert_eq!((minute("other"), blessings.of("other")), (None, Blessing::None));
        assert_eq!(Blessings::default().of("other"), Blessing::NotAsked);
    }
}
