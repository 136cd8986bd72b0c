//! What cannot be done with the devices of a whole group is said once for the group, before anything is sent.

use model::{Record, ResourceKind};
use std::collections::BTreeMap;

use cli::Session;
use cli::consent::count;
use cli::rows::results::Results;

use super::decide::{IMP001, NEEDS_KEY};
use super::groups::GroupNumber;
use super::row::{MoveRows, RowState};

/// Says it of each group, if several rows fail for it. A single one is told like every other.
pub(super) fn say_of_groups(session: &Session, rows: &MoveRows, results: &mut Results<'_>) {
    for (reason, groups) in counted(rows) {
        if groups.values().sum::<u64>() < 2 {
            continue;
        }
        for (group, devices) in groups {
            let id = &rows.devices.group(group).id;
            let record = Record::from_iter([("id".to_owned(), id.as_str().into())]);
            let sentence = format!(
                "{}: {}: {}",
                session.described(ResourceKind::DeviceGroup, &record),
                count(devices, "device"),
                about_all(reason)
            );
            results.say_of_group(reason, id, &sentence);
        }
    }
}

/// How many rows fail for such a reason, by the group that it is about.
fn counted(rows: &MoveRows) -> BTreeMap<&'static str, BTreeMap<GroupNumber, u64>> {
    let mut counted: BTreeMap<_, BTreeMap<_, u64>> = BTreeMap::new();
    for (row, state) in rows.states() {
        let RowState::Failed(number) = state else { continue };
        let (reason, group) = match rows.title(number) {
            NEEDS_KEY => {
                let location = rows.devices.location(row);
                (NEEDS_KEY, location.and_then(|location| location.group))
            }
            IMP001 => (IMP001, rows.devices.target(row)),
            _ => continue,
        };
        if let Some(group) = group {
            *counted.entry(reason).or_default().entry(group).or_default() += 1;
        }
    }
    counted
}

fn about_all(reason: &str) -> &'static str {
    match reason {
        NEEDS_KEY => {
            "taking production devices out needs the unblessing key: --unbond, --unbond-file or \
             IMP_UNBOND_KEY"
        }
        _ => "they are imp001, which only development groups take",
    }
}
