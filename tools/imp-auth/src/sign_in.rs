//! The record of a sign-in, as `login`, `info`, `list` and `use` print it. Nothing of it is secret.

use auth::{Account, Description, Source};
use model::Record;
use model::schema::Kind::{Text, Texts, Time, Truth, Words};
use model::schema::{Field, RecordType};

/// What the records of sign-ins hold. What is only in some is that of one verb.
pub static SIGN_IN: RecordType = RecordType {
    name: "sign_in",
    about: "A sign-in, as login, logout, info, list and use print it.",
    fields: &[
        Field::new("type", Words(&["sign_in"]), "What the record is.").required(),
        Field::new("name", Text, "The name of the account here, if it has one.").or_null(),
        Field::new("endpoint", Text, "The service.").required().or_null(),
        Field::new("file", Text, "The file that it is kept in.").required().or_null(),
        Field::new("account_id", Text, "The account, if it is known.").or_null(),
        Field::new("email", Text, "Its email address.").or_null(),
        Field::new("username", Text, "Its user name.").or_null(),
        Field::new("credential", Text, "What signs in again when the token has ended.").or_null(),
        Field::new("expires_at", Time, "When the token ends.").or_null(),
        Field::new("source", Text, "Where it comes from."),
        Field::new("readable_by_others", Truth, "Of info: whether others can read the file."),
        Field::new("not_used", Texts, "Of info: sign-ins that are there and do not count."),
        Field::new("in_use", Truth, "Of list: whether it is the one that counts."),
        Field::new("why", Text, "Of list: why it counts.").or_null(),
        Field::new("problem", Text, "Of list: why it cannot be used.").or_null(),
        Field::new("refresh_token_deleted", Truth, "Of logout: whether its token was ended."),
        Field::new("outcome", Words(&["removed"]), "Of logout: what was done."),
    ],
};

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
