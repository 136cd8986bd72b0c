//! Changes of what is there: what is so already is not sent again, and nothing at all is not asked for.

use model::change::is_same;
use model::{Effect, ErrorKind, Record};
use pipe::{Failure, Row};

use crate::command_error::CommandError;
use crate::journal;
use crate::rows::outcome::{Outcome, RowDone};
use crate::rows::source::RowSource;

/// What has become of a thing that was to be changed.
#[derive(Clone, Debug)]
pub struct Changed {
    /// What is known of it.
    pub record: Record,
    /// Whether it was changed.
    pub outcome: Outcome,
    /// What that changed; `None` if nothing was.
    pub effect: Option<Effect>,
}

impl Changed {
    /// A thing that is as it was wanted.
    pub fn nothing(present: Record) -> Self {
        Changed { record: present, outcome: Outcome::Unchanged, effect: None }
    }

    /// The row that asked for it.
    pub fn of(self, row: &Row) -> RowDone {
        let done = RowDone::changed(row, self.record, self.outcome);
        self.effect.into_iter().fold(done, RowDone::with)
    }
}

/// Gives a thing the attributes that are wanted of it, with `send`, unless `present`, its state, has them
/// all. Gives what is known of it then.
///
/// # Errors
/// As `send`.
pub fn change(
    present: Record,
    wanted: &Record,
    dry_run: bool,
    send: impl FnOnce() -> Result<Record, Failure>,
) -> Result<Changed, Failure> {
    if is_so(&present, wanted) {
        return Ok(Changed::nothing(present));
    }
    let effect = Effect::update(&present, wanted.clone());
    journal::plan(Outcome::Updated, vec![effect.clone()]);
    let record = if dry_run { wanted.clone() } else { send()? };
    Ok(Changed { record, outcome: Outcome::Updated, effect: Some(effect) })
}

/// Whether a thing has all that is wanted of it. An empty text, list or object means the same as
/// none.
pub fn is_so(present: &Record, wanted: &Record) -> bool {
    wanted.iter().all(|(name, value)| is_same(present.get(name), Some(value)))
}

/// Refuses an update that asks for nothing, when no row can ask for more. `options` are those to give.
///
/// # Errors
/// Exit 2; nothing has been sent.
pub fn asks_for_something(
    is_given: bool,
    source: &RowSource<'_>,
    options: &str,
) -> Result<(), CommandError> {
    if is_given || !source.is_typed() {
        return Ok(());
    }
    Err(CommandError::usage(nothing_to_change(options).sentence()))
}

/// The failure of a row of which nothing is asked.
pub fn nothing_to_change(options: &str) -> Failure {
    Failure::new(ErrorKind::BadInput, "Nothing to change")
        .detail(format!("give {options}, or a column of that name"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn what_is_so_is_not_sent() {
        let record = |value: Value| serde_json::from_value::<Record>(value).unwrap();
        let present = record(json!({"name": "A", "description": null, "env_vars": {"K": 1}}));
        for (wanted, so) in [
            (json!({"name": "A"}), true),
            (json!({"name": "A", "description": ""}), true),
            (json!({"name": "A", "description": "x"}), false),
            (json!({"name": "a"}), false),
            (json!({"env_vars": {"K": 1}}), true),
            (json!({"env_vars": {"K": "1"}}), false),
            (json!({"env_vars": {}}), false),
            (json!({"unheard_of": ""}), true),
            (json!({"unheard_of": false}), false),
        ] {
            let wanted = record(wanted);
            assert_eq!(is_so(&present, &wanted), so, "{wanted:?}");
            let changed = change(present.clone(), &wanted, false, || Ok(Record::new())).unwrap();
            assert_eq!((changed.outcome == Outcome::Unchanged, changed.effect.is_none()), (so, so));
        }
    }
}
