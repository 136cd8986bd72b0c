//! Which devices have to be written, and in which requests: a decision about rows and places, no requests.
//!
//! A device that is where it should be is not written again, since that would restart it. The same device
//! twice is written once: its second row is `unchanged` for the same target and a conflict for another.

use model::ErrorKind;
use std::collections::HashMap;

use pipe::Failure;

use super::places::{Place, Places, key};
use cli::failure;

/// What a row asks for.
#[derive(Clone, Debug)]
pub struct Wish {
    /// The device, as the API takes it.
    pub device: String,
    /// The group to go to, as an index into [`Places::groups`]; `None` = out of its group.
    pub target: Option<u32>,
}

/// What becomes of a row.
#[derive(Clone, Debug)]
pub enum Fate {
    /// To be written; the group that the request goes to.
    Open(u32),
    /// Written.
    Moved,
    /// It was where it should be.
    Unchanged,
    /// As the row with this number, which has the same device.
    As(u32),
    /// To fail: the row with this number sends the device elsewhere.
    Against(u32),
    /// Failed.
    Failed(Box<Failure>),
}

/// Decides for every wish. `key_given`: there is an unblessing key.
pub fn decide(wishes: &[Option<Wish>], places: &Places, key_given: bool) -> Vec<Fate> {
    let mut first: HashMap<u64, (u32, Option<u32>)> = HashMap::new();
    wishes
        .iter()
        .zip(0u32..)
        .map(|(wish, row)| {
            let Some(wish) = wish else {
                return Fate::Unchanged;
            };
            let place = match places.of(&wish.device) {
                Ok(place) => place,
                // An error of one GET is this row's own.
                Err(error) => return Fate::Failed(Box::new(failure(error))),
            };
            let identity =
                place.filter(|place| place.id != 0).map_or(key(&wish.device), |place| place.id);
            match first.get(&identity) {
                Some((earlier, target)) if *target == wish.target => return Fate::As(*earlier),
                Some((earlier, _)) => return Fate::Against(*earlier),
                None => first.insert(identity, (row, wish.target)),
            };
            one(wish, place, places, key_given)
        })
        .collect()
}

fn one(wish: &Wish, place: Option<Place>, places: &Places, key_given: bool) -> Fate {
    let present = place.and_then(|place| place.group);
    match (wish.target, present) {
        (Some(target), Some(present)) if target == present => Fate::Unchanged,
        (Some(target), _) => Fate::Open(target),
        (None, None) if place.is_some() => Fate::Unchanged,
        (None, None) => {
            let error =
                api::Error::new(ErrorKind::NotFound, format!("No device `{}`", wish.device));
            Fate::Failed(Box::new(failure(error)))
        }
        (None, Some(present)) => {
            let production = places.groups[present as usize].is_production();
            if production && !key_given {
                Fate::Failed(Box::new(needs_key()))
            } else {
                Fate::Open(present)
            }
        }
    }
}

/// `source` is that of the earlier row.
pub fn contradicts(source: &str) -> Failure {
    Failure::new(ErrorKind::Conflict, "The same device twice, for two groups")
        .detail(format!("{source} sends it elsewhere"))
}

fn needs_key() -> Failure {
    Failure::new(ErrorKind::BadInput, "This is a production device")
        .detail("taking it out of production needs the unblessing key: --unbond, --unbond-file or IMP_UNBOND_KEY")
}

/// One request: the group that it goes to, and the rows of its devices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// An index into [`Places::groups`].
    pub group: u32,
    /// Row numbers.
    pub rows: Vec<u32>,
}

/// Collects `rows` by group into requests of up to `size` devices.
pub fn batches(rows: impl IntoIterator<Item = (u32, u32)>, size: usize) -> Vec<Batch> {
    let mut batcher = pipe::batch::Batcher::new(size.max(1));
    let mut batches = Vec::new();
    for (row, group) in rows {
        batches.extend(batcher.push(group, row).map(|(group, rows)| Batch { group, rows }));
    }
    batches.extend(batcher.flush().into_iter().map(|(group, rows)| Batch { group, rows }));
    batches
}

#[cfg(test)]
mod tests {
    use super::super::places::Group;
    use super::*;
    use serde_json::json;

    fn places() -> Places {
        let mut places = Places::default();
        for (id, kind) in [("a", "development_devicegroup"), ("b", "production_devicegroup")] {
            places.number(&Group { id: id.into(), kind: kind.into(), product: None });
        }
        for (id, mac, group) in [
            ("01", "0c:2a:69:00:00:01", Some("a")),
            ("02", "0c:2a:69:00:00:02", Some("b")),
            ("03", "0c:2a:69:00:00:03", None),
        ] {
            let mut device = json!({"id": format!("40000c2a690000{id}"), "mac_address": mac});
            if let Some(group) = group {
                device["devicegroup_id"] = group.into();
                device["devicegroup_type"] =
                    if group == "b" { "production_devicegroup" } else { "x" }.into();
            }
            places.note(device.as_object().expect("an object"), |_| true);
        }
        places.rest_is_nowhere([key("nobody")]);
        places
    }

    fn wish(device: &str, target: Option<u32>) -> Option<Wish> {
        Some(Wish { device: device.into(), target })
    }

    fn words(fates: &[Fate]) -> Vec<String> {
        fates
            .iter()
            .map(|fate| match fate {
                Fate::Failed(failure) => format!("{:?}", failure.kind),
                other => format!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn a_device_that_is_there_is_left_alone() {
        let wishes = [
            wish("0c:2a:69:00:00:01", Some(0)),
            wish("0c:2a:69:00:00:03", Some(0)),
            wish("nobody", Some(0)),
        ];
        assert_eq!(words(&decide(&wishes, &places(), false)), ["Unchanged", "Open(0)", "NotFound"]);
    }

    #[test]
    fn the_same_device_twice_under_two_names() {
        let wishes = [
            wish("0c:2a:69:00:00:03", Some(0)),
            wish("40000c2a69000003", Some(0)),
            wish("40000c2a69000003", Some(1)),
        ];
        assert_eq!(words(&decide(&wishes, &places(), false)), ["Open(0)", "As(0)", "Against(0)"]);
    }

    #[test]
    fn unassigning_goes_to_the_present_group_and_needs_the_key_for_production() {
        let wishes = [
            wish("40000c2a69000001", None),
            wish("40000c2a69000002", None),
            wish("40000c2a69000003", None),
        ];
        assert_eq!(words(&decide(&wishes, &places(), false)), ["Open(0)", "BadInput", "Unchanged"]);
        assert_eq!(words(&decide(&wishes, &places(), true)), ["Open(0)", "Open(1)", "Unchanged"]);
    }

    #[test]
    fn batches_are_by_group_and_full() {
        let rows = (0..250u32).map(|row| (row, row % 2));
        let sizes: Vec<_> =
            batches(rows, 100).iter().map(|batch| (batch.group, batch.rows.len())).collect();
        assert_eq!(sizes, [(0, 100), (1, 100), (0, 25), (1, 25)]);
    }
}
