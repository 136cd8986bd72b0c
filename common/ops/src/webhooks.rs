//! Webhooks that are made. They have no name, and a group may have several that are equal: which of them an
//! interrupted run has made is told by those that were there before.

use std::collections::{HashMap, HashSet};

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
    if let Some(row) = journal::row() {
        let mut equal = session.collect(path, &[("filter[devicegroup.id]", id)])?;
        equal.retain(|hook| is_so(hook, &attributes));
        if let Some(made) = made_beside(equal, &[row])? {
            return Ok(made);
        }
    }
    let group = resource::identifier(type_name, id);
    let relationships = Record::from_iter([("devicegroup".to_owned(), group)]);
    let body = resource::create_body("webhook", attributes, relationships);
    session.create(&Request::post(path).body(body))
}

/// Of webhooks that are equal to the one which the row of this thread makes, and that this run has not taken already,
/// one that it has made before it was interrupted. `rows` are all that were under way and make one like it, this one
/// among them: which of them has made which is all the same. If it has made none, they are noted.
///
/// # Errors
/// `unknown_outcome` where somebody else has made one like it meanwhile.
pub fn made_beside(mut equal: Vec<Record>, rows: &[u64]) -> Result<Option<Record>, Failure> {
    let all = ids(&equal);
    if journal::was_under_way() {
        let there_before = there_before(rows);
        equal.retain(|hook| !there_before.contains(cli::text(hook, "id")));
        if let Some(made) = one_of(equal, rows.len())? {
            return Ok(Some(made));
        }
    }
    if let Some(row) = journal::row().filter(|_| !all.is_empty()) {
        let mut note = Record::from_iter([(OF_ROW.to_owned(), row.into())]);
        note.insert(BESIDE, all.into());
        journal::note_step(&note);
    }
    Ok(None)
}

/// One of webhooks that are equal, where there are no more than rows that may have made them.
///
/// # Errors
/// `unknown_outcome` where there are more.
pub fn one_of(equal: Vec<Record>, rows: usize) -> Result<Option<Record>, Failure> {
    if equal.len() > rows { Err(unclear(&equal)) } else { Ok(equal.into_iter().next()) }
}

/// What was there before the first of these rows was begun: each has noted what was there before it.
fn there_before(rows: &[u64]) -> HashSet<String> {
    let mut noted: HashMap<u64, HashSet<String>> = HashMap::new();
    for note in journal::steps() {
        let (row, beside) = (note.get(OF_ROW).and_then(Value::as_u64), note.get(BESIDE));
        if let (Some(row), Some(Value::Array(hooks))) = (row, beside) {
            let hooks = hooks.iter().filter_map(Value::as_str).map(str::to_owned);
            noted.entry(row).or_default().extend(hooks);
        }
    }
    let mut of_rows = rows.iter().map(|row| noted.remove(row).unwrap_or_default());
    let first = of_rows.next().unwrap_or_default();
    of_rows.fold(first, |common, hooks| &common & &hooks)
}

fn ids(hooks: &[Record]) -> Vec<String> {
    hooks.iter().map(|hook| cli::text(hook, "id").to_owned()).collect()
}

/// Somebody else has made a webhook that is equal to one which was under way.
fn unclear(hooks: &[Record]) -> Failure {
    let title = "It is not known which webhook this record has made";
    Failure::new(ErrorKind::UnknownOutcome, title).detail(format!(
        "{} are equal, and came while the run was interrupted: delete those that are too many, and resume it with \
         --failed-too",
        ids(hooks).join(", ")
    ))
}
