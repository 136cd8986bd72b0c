//! How a row was answered, from when that is known until it is reported.

use model::change::Provenance;
use model::{Change, Effect, ErrorKind, Record};
use pipe::Failure;
use serde_json::{Map, Value};

use super::transfers::Transfers;
use crate::rows::{Outcome, RowDone, RowResult};

pub(super) fn of_done(done: &RowDone) -> Record {
    let mut line = Record::new();
    line.insert_text("type", "answered");
    line.insert_text("outcome", done.outcome.map_or("", Outcome::word));
    line.insert_record("record", &done.record);
    line.insert_json("changes", &changes(&done.effects));
    line
}

/// Effects as a list of change records, in JSON.
pub(super) fn changes(effects: &[Effect]) -> String {
    let mut list = String::from("[");
    for effect in effects {
        if list.len() > 1 {
            list.push(',');
        }
        effect.write(&Provenance::default(), &mut list);
        list.push('}');
    }
    list.push(']');
    list
}

fn effects(line: &Record) -> Option<Vec<Effect>> {
    let changes = line.get("changes")?.as_array()?.iter().filter_map(Value::as_object);
    let effect =
        |change: &Map<String, Value>| Some(Change::of_record(&change.clone().into()).ok()?.effect);
    Some(changes.filter_map(effect).collect())
}

/// What a line of what was started says that was going to be done.
pub(super) fn planned(line: &Record) -> Option<(Outcome, Vec<Effect>)> {
    let outcome = Outcome::of_word(line.get("outcome")?.as_str()?)?;
    let effects = match line.get("transfers") {
        Some(transfers) => Transfers::read(transfers)?,
        None => effects(line)?,
    };
    Some((outcome, effects))
}

pub(super) fn of_failure(failure: &Failure) -> Record {
    Record::from_iter([
        ("type".to_owned(), "answered".into()),
        ("error".to_owned(), serde_json::to_value(failure).unwrap_or_default()),
    ])
}

/// Whether the service has refused it: what the end of the run came before is tried again, and what may have been
/// done is still under way.
pub(super) fn is_final(failure: &Failure) -> bool {
    let is_refused = failure.kind != ErrorKind::UnknownOutcome && !failure.kind.ends_run();
    failure.status.is_some() && is_refused
}

/// The answer of a line; `None` if it is none.
pub(super) fn read(line: &Record) -> Option<RowResult> {
    if let Some(error) = line.get("error") {
        return serde_json::from_value(error.clone()).ok().map(Err);
    }
    let outcome = Outcome::of_word(line.get("outcome")?.as_str()?)?;
    let mut done = RowDone::new(line.record("record")?, outcome);
    done.effects = effects(line)?;
    Some(Ok(done))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_as_it_is_written() {
        let device = serde_json::json!({"type": "device", "id": "d", "name": "n"});
        let device = Record::from(device.as_object().cloned().unwrap());
        let done = RowDone::new(device.clone(), Outcome::Restarted).with(Effect::action(&device));
        let read_again = read(&of_done(&done)).unwrap().unwrap();
        assert_eq!((read_again.record, read_again.outcome), (done.record, done.outcome));
        assert_eq!(read_again.effects, done.effects);
        let failure = Failure::new(ErrorKind::Refused, "no");
        assert_eq!(read(&of_failure(&failure)).unwrap().unwrap_err().title, "no");
    }

    #[test]
    fn a_refusal_is_an_answer_and_an_unknown_outcome_is_none() {
        let answered = |kind| is_final(&Failure { status: Some(504), ..Failure::new(kind, "") });
        assert!(answered(ErrorKind::Refused));
        assert!(!answered(ErrorKind::UnknownOutcome));
        assert!(!answered(ErrorKind::Unreachable));
    }
}
