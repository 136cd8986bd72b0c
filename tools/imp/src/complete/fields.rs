//! The fields that records of a verb have, for `--fields` and `--sort`.
//!
//! The service may add others, and rows of one's own have their own: what is offered here is no limit.

use model::schema::RecordType;
use pipe::stated_columns;

use crate::{commands, doctor};

/// Those of a sign-in, which `imp-auth` describes, and what lists of them and `info` add.
const SIGN_IN: [&str; 8] =
    ["name", "endpoint", "file", "account_id", "email", "username", "credential", "expires_at"];
const LISTED_SIGN_IN: [&str; 4] = ["source", "in_use", "why", "problem"];
const SIGN_IN_IN_FULL: [&str; 3] = ["source", "readable_by_others", "not_used"];
/// Those of a change that are usual: it is a mistake to ask for one that none of the records has.
const CHANGE: [&str; 8] = ["type", "verb", "kind", "id", "name", "before", "after", "source"];
/// Those of a run, which `imp-change` describes.
const RUN: [&str; 15] = [
    "run",
    "at",
    "command",
    "account",
    "endpoint",
    "rows",
    "done",
    "taken_back",
    "failed",
    "open",
    "state",
    "exit",
    "ended_at",
    "directory",
    "version",
];

/// The fields of what a verb prints, `imp-device list`, without those that tell what was done.
pub fn of(verb: &str) -> Vec<&'static str> {
    let (tool, verb) = verb.split_once(' ').unwrap_or((verb, ""));
    let kind = match (tool, verb) {
        ("imp-device", "history") => "history",
        ("imp-device", "diff") => "difference",
        ("imp-device", "watch") => "movement",
        ("imp-device", _) => "device",
        ("imp-dg", "builds") | ("imp-build", _) => "deployment",
        ("imp-dg", _) => "development_devicegroup",
        ("imp-product", _) => "product",
        ("imp-hook", "listen") => "webhook_event",
        ("imp-hook", "report") => "shift",
        ("imp-hook", _) => "webhook",
        ("imp-log", _) => "log",
        ("imp-auth", verb) => match verb.split(' ').next() {
            Some("account") => "account",
            Some("key") => "login_key",
            Some("token") => "refresh_token",
            Some("list") => return [&SIGN_IN[..], &LISTED_SIGN_IN].concat(),
            Some("info") => return [&SIGN_IN[..], &SIGN_IN_IN_FULL].concat(),
            _ => return SIGN_IN.into(),
        },
        ("imp-change", "list" | "forget" | "resume") => return RUN.into(),
        ("imp-change", _) => return CHANGE.into(),
        ("imp", "doctor") => return names(&doctor::CHECK),
        ("imp", "commands") => return names(&commands::COMMAND),
        _ => return Vec::new(),
    };
    let stated = stated_columns(kind).unwrap_or_default();
    let named = [("devicegroup_id", "devicegroup_name"), ("product_id", "product_name")];
    let named = named.into_iter().filter(|(id, _)| stated.contains(id)).map(|(_, name)| name);
    stated.iter().copied().chain(named).collect()
}

fn names(of: &'static RecordType) -> Vec<&'static str> {
    of.fields.iter().map(|field| field.name).collect()
}
