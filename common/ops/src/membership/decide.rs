//! Which devices have to be written, and in which requests: a decision about rows and locations, no requests.
//!
//! A device that is where it should be is not written again, since that would restart it. The same device
//! twice is written once: its second row is `unchanged` for the same target and a conflict for another.

use model::{ErrorKind, GroupType};
use std::collections::HashMap;
use std::num::NonZeroU64;

use pipe::Failure;

use super::locations::{Group, GroupNumber, Location, Locations, key};
use super::row::{MoveRow, Requested, RowState};

/// Decides about every row that asks for something. `key_given`: there is an unblessing key.
pub(super) fn decide(rows: &mut [MoveRow], locations: &Locations, key_given: bool) {
    // The number of the first row of a device; in 32 bits, since there may be a million.
    let mut first: HashMap<u64, u32> = HashMap::with_capacity(rows.len());
    for number in 0..rows.len() {
        let target_of = |row: u32| rows[row as usize].target();
        let row = &rows[number];
        let Some(requested) = &row.requested else { continue };
        let location = match locations.of(&requested.device) {
            Ok(location) => location,
            // An error of one GET is this row's own.
            Err(error) => {
                rows[number].state = RowState::failed(error);
                continue;
            }
        };
        let identity = location
            .and_then(|location| location.id)
            .map_or_else(|| key(&requested.device), NonZeroU64::get);
        rows[number].state = match first.get(&identity) {
            Some(earlier) if target_of(*earlier) == requested.target => {
                RowState::As(*earlier as usize)
            }
            Some(earlier) => RowState::Against(*earlier as usize),
            None => {
                first.insert(identity, u32::try_from(number).expect("fewer than 2^32 rows"));
                decide_one(requested, location, locations, key_given)
            }
        };
    }
}

fn decide_one(
    requested: &Requested,
    location: Option<Location>,
    locations: &Locations,
    key_given: bool,
) -> RowState {
    let present = location.and_then(|location| location.group);
    if location.is_some()
        && present != requested.target
        && requested.expected.is_some_and(|expected| expected != present)
    {
        return RowState::Failed(Box::new(drifted(requested, present, locations)));
    }
    match (requested.target, present) {
        (Some(target), Some(present)) if target == present => RowState::Unchanged,
        (Some(target), _) => RowState::Open(target),
        (None, None) if location.is_some() => RowState::Unchanged,
        (None, None) => RowState::failed(api::Error::new(
            ErrorKind::NotFound,
            format!("No device `{}`", requested.device),
        )),
        (None, Some(present)) if locations.group(present).is_production() && !key_given => {
            RowState::Failed(Box::new(needs_key()))
        }
        (None, Some(present)) => RowState::Open(present),
    }
}

/// For a dry run: fails the rows of devices that the service certainly refuses (imp-service(7), section 8.5).
pub(super) fn foresee(rows: &mut [MoveRow], locations: &Locations) {
    for row in rows.iter_mut().filter(|row| row.open().is_some()) {
        let location = locations.of(row.device()).ok().flatten();
        if let Some((location, target)) = location.zip(row.target())
            && let Some((title, advice)) = refusal(location, locations.group(target), locations)
        {
            let failure = Failure::new(ErrorKind::Conflict, title).detail(advice);
            row.state = RowState::Failed(Box::new(failure));
        }
    }
}

/// Fails the rows of imp001 devices, as far as they are known, that would go into other groups than development
/// groups: what a device is never changes.
pub(super) fn refuse_imp001(rows: &mut [MoveRow], locations: &Locations) {
    for row in rows.iter_mut().filter(|row| row.open().is_some()) {
        let is_imp001 = || {
            let location = locations.of(row.device()).ok().flatten();
            row.is_imp001 || location.is_some_and(|location| location.is_imp001)
        };
        if row.target().is_some_and(|target| !takes_imp001(locations.group(target))) && is_imp001()
        {
            let failure = Failure::new(ErrorKind::Conflict, NO_IMP001.0).detail(NO_IMP001.1);
            row.state = RowState::Failed(Box::new(failure));
        }
    }
}

/// Why a device cannot go to a group, and the way out.
fn refusal(
    location: Location,
    target: &Group,
    locations: &Locations,
) -> Option<(&'static str, &'static str)> {
    let present = location.group.map(|group| locations.group(group));
    let is_other = |present: &Group| {
        present.product.as_ref().zip(target.product.as_ref()).is_some_and(|(a, b)| a != b)
    };
    if location.is_imp001 && !takes_imp001(target) {
        return Some(NO_IMP001);
    }
    if !target.is_blessed() {
        return None;
    }
    match present {
        Some(present) if !present.is_blessed() => Some(NOT_BLESSED),
        None => Some(NOT_BLESSED),
        Some(present) if is_other(present) => Some((
            "It is blessed and cannot change to another product",
            "choose a group of its own product, or unassign it first, which unblesses it",
        )),
        Some(_) => None,
    }
}

fn takes_imp001(target: &Group) -> bool {
    target.kind().is_none_or(|kind| kind == GroupType::Development)
}

const NO_IMP001: (&str, &str) = (IMP001, "development groups do; take a device of another type");

const NOT_BLESSED: (&str, &str) = (
    "Only blessing brings a device into a production group",
    "it gets there through a fixture group that has this one as its target; see imp-dg(1)",
);

/// `source` is that of the earlier row.
pub(super) fn contradicts(source: &str) -> Failure {
    Failure::new(ErrorKind::Conflict, "The same device twice, for two groups")
        .detail(format!("{source} sends it elsewhere"))
}

/// The title of rows of production devices without a key.
pub(super) const NEEDS_KEY: &str = "This is a production device";
/// The title of rows of devices that no factory group takes.
pub(super) const IMP001: &str = "It is an imp001, which factory groups do not take";
/// The device is not where it was said to be.
fn drifted(requested: &Requested, present: Option<GroupNumber>, locations: &Locations) -> Failure {
    let told = |group: Option<GroupNumber>| {
        group.map_or("null".to_owned(), |group| format!("\"{}\"", locations.group(group).id))
    };
    let (expected, found) = (told(requested.expected.flatten()), told(present));
    Failure::new(ErrorKind::Drifted, "It is not as it was before")
        .detail(format!("devicegroup_id should be {expected}, and is {found}"))
}

fn needs_key() -> Failure {
    Failure::new(ErrorKind::BadInput, NEEDS_KEY)
        .detail("taking it out of production needs the unblessing key: --unbond, --unbond-file or IMP_UNBOND_KEY")
}

/// One request: the group that it goes to, and the rows of its devices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Batch {
    /// The group.
    pub group: GroupNumber,
    /// Row numbers.
    pub rows: Vec<usize>,
}

/// Collects `rows` by group into requests of up to `size` devices.
pub(super) fn batches(
    rows: impl IntoIterator<Item = (usize, GroupNumber)>,
    size: usize,
) -> Vec<Batch> {
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
    use super::*;
    use pipe::NamedBy;
    use serde_json::json;

    /// Two groups, `a` for development and `b` for production, with a device each, and one in none.
    fn locations() -> (Locations, GroupNumber, GroupNumber) {
        let mut locations = Locations::default();
        let [a, b] = [("a", "development_devicegroup"), ("b", "production_devicegroup")].map(
            |(id, kind)| {
                locations.number(&Group { id: id.into(), kind: kind.into(), product: None })
            },
        );
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
            locations.note(&serde_json::from_value(device).unwrap(), |_, _| true);
        }
        locations.look_for(&["nobody"]);
        (locations, a, b)
    }

    fn decided(
        asked: &[(&str, Option<GroupNumber>)],
        locations: &Locations,
        key: bool,
    ) -> Vec<String> {
        let asking = |(device, target): &(&str, Option<GroupNumber>)| {
            let device = (*device).into();
            MoveRow::asking(Requested::new(device, NamedBy::Any, *target))
        };
        let mut rows: Vec<_> = asked.iter().map(asking).collect();
        decide(&mut rows, locations, key);
        let word = |row: MoveRow| match row.state {
            RowState::Failed(failure) => format!("{:?}", failure.kind),
            RowState::Open(group) => format!("open {}", locations.group(group).id),
            other => format!("{other:?}"),
        };
        rows.into_iter().map(word).collect()
    }

    #[test]
    fn a_device_that_is_there_is_left_alone() {
        let (locations, a, _) = locations();
        let asked =
            [("0c:2a:69:00:00:01", Some(a)), ("0c:2a:69:00:00:03", Some(a)), ("nobody", Some(a))];
        assert_eq!(decided(&asked, &locations, false), ["Unchanged", "open a", "NotFound"]);
    }

    #[test]
    fn the_same_device_twice_under_two_names() {
        let (locations, a, b) = locations();
        let asked = [
            ("0c:2a:69:00:00:03", Some(a)),
            ("40000c2a69000003", Some(a)),
            ("40000c2a69000003", Some(b)),
        ];
        assert_eq!(decided(&asked, &locations, false), ["open a", "As(0)", "Against(0)"]);
    }

    #[test]
    fn unassigning_goes_to_the_present_group_and_needs_the_key_for_production() {
        let (locations, ..) = locations();
        let asked =
            [("40000c2a69000001", None), ("40000c2a69000002", None), ("40000c2a69000003", None)];
        assert_eq!(decided(&asked, &locations, false), ["open a", "BadInput", "Unchanged"]);
        assert_eq!(decided(&asked, &locations, true), ["open a", "open b", "Unchanged"]);
    }

    #[test]
    fn a_device_that_is_not_where_it_should_be_is_left_alone() {
        let (locations, a, b) = locations();
        for (device, target, expected, decided) in [
            ("40000c2a69000001", Some(b), Some(a), "open b"),
            ("40000c2a69000001", Some(b), None, "drifted"),
            ("40000c2a69000001", None, Some(b), "drifted"),
            ("40000c2a69000001", Some(a), Some(b), "unchanged"),
            ("40000c2a69000003", Some(a), Some(b), "drifted"),
            ("40000c2a69000003", Some(a), None, "open a"),
            ("40000c2a69000003", None, Some(a), "unchanged"),
        ] {
            let requested = Requested {
                expected: Some(expected),
                ..Requested::new(device.into(), NamedBy::Id, target)
            };
            let mut rows = [MoveRow::asking(requested)];
            decide(&mut rows, &locations, false);
            let word = match &rows[0].state {
                RowState::Open(group) => format!("open {}", locations.group(*group).id),
                RowState::Unchanged => "unchanged".to_owned(),
                RowState::Failed(failure) if failure.kind == ErrorKind::Drifted => "drifted".into(),
                other => format!("{other:?}"),
            };
            assert_eq!(word, decided, "{device} {target:?} {expected:?}");
        }
    }

    #[test]
    fn what_may_go_where_is_foreseen() {
        let group = |kind: &str, product: &str| {
            let (id, kind) = (format!("{kind} {product}"), format!("{kind}_devicegroup"));
            Group { id, kind, product: Some(product.into()) }
        };
        let development = group("development", "p");
        let shop = group("production", "p");
        for (present, is_imp001, target, refused) in [
            (None, false, &development, false),
            (None, true, &development, false),
            (None, true, &group("factoryfixture", "p"), true),
            (None, false, &group("dut", "p"), false),
            (None, false, &shop, true),
            (Some(&development), false, &shop, true),
            (Some(&shop), false, &group("production", "p"), false),
            (Some(&shop), false, &group("pre_production", "p"), false),
            (Some(&shop), false, &group("production", "q"), true),
            (Some(&shop), false, &development, false),
        ] {
            let mut locations = Locations::default();
            let group = present.map(|present| locations.number(present));
            let location = Location { id: None, group, by_name: false, is_imp001 };
            let found = refusal(location, target, &locations);
            assert_eq!(found.is_some(), refused, "{present:?} {is_imp001} {target:?}");
        }
    }

    #[test]
    fn batches_are_by_group_and_full() {
        let (_, a, b) = locations();
        let rows = (0..250).map(|row| (row, if row % 2 == 0 { a } else { b }));
        let sizes: Vec<_> =
            batches(rows, 100).iter().map(|batch| (batch.group, batch.rows.len())).collect();
        assert_eq!(sizes, [(a, 100), (b, 100), (a, 25), (b, 25)]);
    }
}
