//! Webhooks that are made. They have no name, and a group may have several that are equal: which of them an
//! interrupted run has made is told by those that were there before.

use std::collections::HashSet;

use api::{Request, resource};
use cli::rows::change::is_so;
use cli::{Session, journal};
use model::{ErrorKind, Record, ResourceKind};
use pipe::Failure;
use serde_json::Value;

/// The fields of a note in the journal: the ids of webhooks which are equal to one that is to be made, and its row.
const BESIDE: &str = "beside";
const OF_ROW: &str = "of_row";

/// Makes a webhook of a group. Where the run has a journal, those that are equal are looked at first.
///
/// # Errors
/// As [`Session::create`] and [`made_beside`].
pub fn create(session: &Session, attributes: Record, group: &Record) -> Result<Record, Failure> {
    let path = ResourceKind::Webhook.path();
    let (type_name, id) = (cli::text(group, "type"), cli::text(group, "id"));
    if journal::row().is_some() {
        let mut equal = session.collect(path, &[("filter[devicegroup.id]", id)])?;
        equal.retain(|hook| is_so(hook, &attributes));
        if let Some(made) = made_beside(equal)? {
            return Ok(made);
        }
    }
    let group = resource::identifier(type_name, id);
    let relationships = Record::from_iter([("devicegroup".to_owned(), group)]);
    let body = resource::create_body("webhook", attributes, relationships);
    session.create(&Request::post(path).body(body))
}

/// Of webhooks that are equal to the one which the row of this thread makes, that which it has made before the run was
/// interrupted. If it has made none, they are noted.
///
/// # Errors
/// `unknown_outcome` where somebody else has made one like it meanwhile.
pub fn made_beside(mut equal: Vec<Record>) -> Result<Option<Record>, Failure> {
    let all = ids(&equal);
    if journal::was_under_way() {
        let there_before = there_before();
        equal.retain(|hook| !there_before.contains(cli::text(hook, "id")));
        match equal.len() {
            0 => {}
            1 => return Ok(equal.pop()),
            _ => return Err(unclear(&equal)),
        }
    }
    if let Some(row) = journal::row().filter(|_| !all.is_empty()) {
        let mut note = Record::from_iter([(OF_ROW.to_owned(), row.into())]);
        note.insert(BESIDE, all.into());
        journal::note_step(&note);
    }
    Ok(None)
}

/// What was noted of the row of this thread before the run was interrupted.
fn there_before() -> HashSet<String> {
    let own = journal::row();
    let notes = journal::steps().into_iter();
    let notes = notes.filter(|note| note.get(OF_ROW).and_then(Value::as_u64) == own);
    let hooks = notes.filter_map(|note| Some(note.get(BESIDE)?.as_array()?.clone())).flatten();
    hooks.filter_map(|hook| hook.as_str().map(str::to_owned)).collect()
}

fn ids(hooks: &[Record]) -> Vec<String> {
    hooks.iter().map(|hook| cli::text(hook, "id").to_owned()).collect()
}

/// Somebody else has made a webhook that is equal to one which was under way.
pub fn unclear(hooks: &[Record]) -> Failure {
    let title = "It is not known which webhook this record has made";
    Failure::new(ErrorKind::UnknownOutcome, title).detail(format!(
        "{} are equal, and came while the run was interrupted: delete those that are too many, and resume it with \
         --failed-too",
        ids(hooks).join(", ")
    ))
}
