//! The fields that records of a verb have, for `--fields` and `--sort`.
//!
//! The service may add others, and rows of one's own have their own: what is offered here is no limit.

use pipe::stated_columns;

/// Those of a sign-in, and what lists of them add.
const SIGN_IN: &[&str] =
    &["name", "endpoint", "file", "account_id", "email", "username", "credential", "expires_at"];
const LISTED_SIGN_IN: &[&str] = &["source", "in_use", "why", "problem"];
const CHANGE: &[&str] = &["type", "verb", "kind", "id", "name", "before", "after", "source"];
const RUN: &[&str] = &[
    "run",
    "at",
    "command",
    "account",
    "endpoint",
    "rows",
    "done",
    "failed",
    "open",
    "state",
    "exit",
    "ended_at",
    "directory",
    "version",
];
const CHECK: &[&str] = &["check", "result", "found", "advice"];
const COMMAND: &[&str] = &["command", "about", "version", "aliases", "options"];

/// The fields of what a verb prints, `imp-device list`, without those that tell what was done.
pub fn of(verb: &str) -> Vec<&'static str> {
    let (tool, verb) = verb.split_once(' ').unwrap_or((verb, ""));
    let (kind, others): (&str, &[&[&str]]) = match (tool, verb) {
        ("imp-device", "history") => ("history", &[]),
        ("imp-device", _) => ("device", &[]),
        ("imp-dg", "builds") | ("imp-build", _) => ("deployment", &[]),
        ("imp-dg", _) => ("development_devicegroup", &[]),
        ("imp-product", _) => ("product", &[]),
        ("imp-hook", "listen") => ("webhook_event", &[]),
        ("imp-hook", _) => ("webhook", &[]),
        ("imp-log", _) => ("log", &[]),
        ("imp-auth", "list") => ("", &[SIGN_IN, LISTED_SIGN_IN]),
        ("imp-auth", verb) => match verb.split(' ').next() {
            Some("account") => ("account", &[]),
            Some("key") => ("login_key", &[]),
            Some("token") => ("refresh_token", &[]),
            _ => ("", &[SIGN_IN]),
        },
        ("imp-change", "list" | "forget" | "resume") => ("", &[RUN]),
        ("imp-change", _) => ("", &[CHANGE]),
        ("imp", "doctor") => ("", &[CHECK]),
        ("imp", "commands") => ("", &[COMMAND]),
        _ => ("", &[]),
    };
    let stated = stated_columns(kind).unwrap_or_default();
    let named = [("devicegroup_id", "devicegroup_name"), ("product_id", "product_name")];
    let names = named.into_iter().filter(|(id, _)| stated.contains(id)).map(|(_, name)| name);
    stated.iter().copied().chain(names).chain(others.concat()).collect()
}
