//! What builds are known by: they have no name, and their code is too much to be kept.
//!
//! Careful about what a group runs: the build that is made last. And about files in which code was edited: the
//! sha in them is that of other code.

use std::collections::{HashMap, HashSet};

use api::deployments::{CODE, has_code, without_code};
use cli::text;
use model::change::{CURRENT, MINIMUM};
use model::{Record, ResourceKind};

use super::file::{called, kind_of};

/// The field that stands for the code of a build.
const DIGEST: &str = "digest";

/// The record with a digest in place of its code, if that is in it.
pub fn known_by(record: Record) -> Record {
    let digest =
        has_code(&record).then(|| auth::digest(&CODE.map(|name| text(&record, name).as_bytes())));
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

/// Why a group would not have the current build and the minimum that it has in the input, if the builds are made
/// in the order of these records.
pub fn lacking(things: &[Record]) -> Option<String> {
    let of = |kind| things.iter().filter(move |thing| kind_of(thing) == Some(kind));
    let mut last: HashMap<&str, &str> = HashMap::new();
    let mut ids: HashSet<&str> = HashSet::new();
    for build in of(ResourceKind::Deployment) {
        last.insert(text(build, "devicegroup_id"), text(build, "id"));
        ids.insert(text(build, "id"));
    }
    of(ResourceKind::DeviceGroup).find_map(|group| {
        let (current, minimum) = (text(group, CURRENT), text(group, MINIMUM));
        let why = if !minimum.is_empty() && !ids.contains(minimum) {
            format!("its {MINIMUM} is {minimum}, which is not in the input")
        } else if !current.is_empty() && last.get(text(group, "id")) != Some(&current) {
            format!("its {CURRENT} is {current}, which is not its newest build in the input")
        } else {
            return None;
        };
        Some(format!("{}: {why}", called(group)))
    })
}
