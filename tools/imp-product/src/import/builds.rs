//! What builds are known by: they have no name, and their code is too much to be kept.
//!
//! Careful about what a group runs: the build that is made last. And about files in which code was edited: the
//! sha in them is that of other code.

use api::deployments::{CODE, without_code};
use cli::text;
use model::Record;
use serde_json::Value;

/// The field that stands for the code of a build.
const DIGEST: &str = "digest";

/// The record with a digest in place of its code, if that is in it.
pub fn known_by(record: Record) -> Record {
    let code = CODE.map(|name| record.get(name).and_then(Value::as_str));
    let digest = match code {
        [Some(device), Some(agent)] => Some(auth::digest(&[device, agent].map(str::as_bytes))),
        _ => None,
    };
    let mut known = without_code(record);
    if let Some(digest) = digest {
        known.insert_text(DIGEST, &digest);
    }
    known
}

/// Whether more than its sha tells what code a build is made of.
pub fn is_known(build: &Record) -> bool {
    build.contains_key(DIGEST)
}

/// The record as it is printed.
pub fn printed(record: Record) -> Record {
    let mut printed = without_code(record);
    printed.retain(|name| name != DIGEST);
    printed
}

pub fn have_same_code(one: &Record, other: &Record) -> bool {
    let name = if is_known(one) && is_known(other) { DIGEST } else { "sha" };
    text(one, name) == text(other, name)
}
