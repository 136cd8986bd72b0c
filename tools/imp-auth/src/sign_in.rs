//! The record of a sign-in, as `login`, `info`, `list` and `use` print it. Nothing of it is secret.

use auth::{Account, Description, Source};
use model::Record;

/// The sign-in and, as far as known, its account.
pub fn record(description: &Description, account: Option<&Account>) -> Record {
    let end = description.expires_at.map(|end| humantime::format_rfc3339_millis(end).to_string());
    let mut record = unusable(&description.source);
    record.insert("endpoint", description.endpoint.clone().into());
    record.insert("account_id", account.map(|account| account.id.clone()).into());
    record.insert("email", account.and_then(|account| account.email.clone()).into());
    record.insert("username", account.and_then(|account| account.username.clone()).into());
    record.insert("credential", description.credential.into());
    record.insert("expires_at", end.into());
    record
}

/// One that is there and cannot be used: the same fields, with what its place tells.
pub fn unusable(source: &Source) -> Record {
    let nothing = || Option::<String>::None.into();
    let mut record = Record::from_iter([("type".to_owned(), "sign_in".into())]);
    record.insert("name", source.account().map(str::to_owned).into());
    record.insert("endpoint", nothing());
    record.insert("file", source.file().map(|file| file.display().to_string()).into());
    for name in ["account_id", "email", "username", "credential", "expires_at"] {
        record.insert(name, nothing());
    }
    record
}
