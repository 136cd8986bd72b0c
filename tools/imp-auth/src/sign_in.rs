//! The record of a sign-in, as `login` and `info` print it. Nothing of it is secret.

use auth::{Account, Description};
use model::Record;

/// The sign-in and, as far as known, its account.
pub fn record(description: &Description, account: Option<&Account>) -> Record {
    let mut record = Record::from_iter([("type".to_owned(), "sign_in".into())]);
    record.insert("endpoint", description.endpoint.clone().into());
    let file = description.source.file().map(|file| file.display().to_string());
    record.insert("file", file.into());
    record.insert("account_id", account.map(|account| account.id.clone()).into());
    record.insert("email", account.and_then(|account| account.email.clone()).into());
    record.insert("username", account.and_then(|account| account.username.clone()).into());
    record.insert("credential", description.credential.into());
    let end = description.expires_at.map(|end| humantime::format_rfc3339_millis(end).to_string());
    record.insert("expires_at", end.into());
    record
}
