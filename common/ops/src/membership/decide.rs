//! Which devices have to be written, and in which requests: a decision about rows and locations, no requests.
//!
//! A device that is where it should be is not written again, since that would restart it. The same device
//! twice is written once: its second row is `unchanged` for the same target and a conflict for another.

use model::{ErrorKind, GroupType};
use std::sync::Arc;

use pipe::Failure;

use super::devices::{Devices, Found, Location};
use super::groups::{Group, GroupNumber};
use super::named::Sorted;
use super::row::{MoveRows, RowState};

/// Decides about every row that asks for something. `key_given`: there is an unblessing key.
pub(super) fn decide(rows: &mut MoveRows, key_given: bool) {
    let devices = Arc::clone(&rows.devices);
    let mut order: Vec<u32> = Vec::with_capacity(devices.len());
    for row in devices.asking() {
        match devices.found(row) {
            Found::Nowhere => rows.set(row, RowState::NoDevice),
            // An error of one GET is this row's own.
            Found::Several(_) | Found::Trouble => match devices.is_looked_up(row) {
                Ok(()) => {}
                Err(error) => rows.fail_with(row, error),
            },
            Found::Unknown | Found::At(_) => order.push(row),
        }
    }
    let sorted = Sorted::new(order.into_iter(), |row| devices.identity(row));
    let is_same = |one: &u32, other: &u32| devices.identity(*one) == devices.identity(*other);
    for of_device in sorted.all().flat_map(|rows| rows.chunk_by(is_same)) {
        let [first, others @ ..] = of_device else { continue };
        match decide_one(*first, &devices, key_given) {
            Ok(state) => rows.set(*first, state),
            Err(failure) => rows.fail(*first, failure),
        }
        for row in others {
            let is_same = devices.target(*row) == devices.target(*first);
            rows.set(*row, if is_same { RowState::As(*first) } else { RowState::Against(*first) });
        }
    }
}

fn decide_one(row: u32, devices: &Devices, key_given: bool) -> Result<RowState, Failure> {
    let (target, location) = (devices.target(row), devices.location(row));
    let present = location.and_then(|location| location.group);
    if location.is_some() && present != target {
        let expected = devices.expected(row);
        if let Some(expected) = expected.filter(|expected| *expected != present) {
            return Err(drifted(expected, present, devices));
        }
    }
    Ok(match (target, present) {
        (Some(target), Some(present)) if target == present => RowState::Unchanged,
        (Some(target), _) => RowState::Open(target),
        (None, None) if location.is_some() => RowState::Unchanged,
        (None, None) => RowState::NoDevice,
        (None, Some(present)) if devices.group(present).is_production() && !key_given => {
            return Err(needs_key());
        }
        (None, Some(present)) => RowState::Open(present),
    })
}

/// For a dry run: fails the rows of devices that the service certainly refuses (imp-service(7), section 8.5).
pub(super) fn foresee(rows: &mut MoveRows) {
    let devices = Arc::clone(&rows.devices);
    rows.each_open(|rows, row| {
        if let Some((location, target)) = devices.location(row).zip(devices.target(row))
            && let Some((title, advice)) = refusal(location, devices.group(target), &devices)
        {
            rows.fail(row, Failure::new(ErrorKind::Conflict, title).detail(advice));
        }
    });
}

/// Fails the rows of imp001 devices, as far as they are known, that would go into other groups than development
/// groups: what a device is never changes.
pub(super) fn refuse_imp001(rows: &mut MoveRows) {
    let devices = Arc::clone(&rows.devices);
    rows.each_open(|rows, row| {
        let is_other = |target| !takes_imp001(devices.group(target));
        if devices.is_imp001(row) && devices.target(row).is_some_and(is_other) {
            rows.fail(row, Failure::new(ErrorKind::Conflict, NO_IMP001.0).detail(NO_IMP001.1));
        }
    });
}

/// Why a device cannot go to a group, and the way out.
fn refusal(
    location: Location,
    target: &Group,
    devices: &Devices,
) -> Option<(&'static str, &'static str)> {
    let present = location.group.map(|group| devices.group(group));
    let is_other = |present: &Group| {
        present.product.as_ref().zip(target.product.as_ref()).is_some_and(|(a, b)| a != b)
    };
    if location.is_imp001 && !takes_imp001(target) {
        return Some(NO_IMP001);
    }
    if !target.is_blessed() {
        return present.filter(|present| present.is_production()).map(|_| ONLY_BY_KEY);
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

const ONLY_BY_KEY: (&str, &str) = (
    "It is a production device and stays one until it is taken out of its group",
    "unassign it first with the unblessing key, which unblesses it",
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
fn drifted(
    expected: Option<GroupNumber>,
    present: Option<GroupNumber>,
    devices: &Devices,
) -> Failure {
    let told = |group: Option<GroupNumber>| {
        group.map_or("null".to_owned(), |group| format!("\"{}\"", devices.group(group).id))
    };
    let (expected, found) = (told(expected), told(present));
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
    pub rows: Vec<u32>,
}

/// Rows collected by group into requests of up to so many devices.
pub(super) struct Batches {
    open: pipe::batch::Batcher<GroupNumber, u32>,
    full: Vec<Batch>,
}

impl Batches {
    /// Of up to `size` devices.
    pub fn new(size: usize) -> Self {
        Batches { open: pipe::batch::Batcher::new(size.max(1)), full: Vec::new() }
    }

    /// Adds a row.
    pub fn push(&mut self, row: u32, group: GroupNumber) {
        self.full.extend(self.open.push(group, row).map(|(group, rows)| Batch { group, rows }));
    }

    /// All of them.
    pub fn all(mut self) -> Vec<Batch> {
        let left = self.open.flush().into_iter();
        self.full.extend(left.map(|(group, rows)| Batch { group, rows }));
        self.full
    }
}

#[cfg(test)]
mod tests {
    use super::super::devices::Requested;
    use super::super::search::Search;
    use super::*;
    use pipe::NamedBy;
    use serde_json::json;

    /// No rows, and two groups, `a` for development and `b` for production.
    fn groups() -> (Devices, GroupNumber, GroupNumber) {
        let mut devices = Devices::default();
        let [a, b] = [("a", "development_devicegroup"), ("b", "production_devicegroup")].map(
            |(id, kind)| {
                let group = Group { id: id.into(), kind: kind.into(), product: None };
                devices.groups.number(&group)
            },
        );
        (devices, a, b)
    }

    /// The rows with a device in each of the groups, and one in none.
    fn located(mut devices: Devices) -> MoveRows {
        let search = Search::new(&devices, devices.asking().collect());
        search.among_all(&mut devices);
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
            search.note(&mut devices, &serde_json::from_value(device).unwrap());
        }
        let mut rows = MoveRows::default();
        devices.asking().for_each(|_| rows.push(None));
        rows.devices = Arc::new(devices);
        rows
    }

    fn decided(
        asked: &[(&str, Option<GroupNumber>)],
        mut devices: Devices,
        key: bool,
    ) -> Vec<String> {
        for (device, target) in asked {
            devices.push(Some(Requested::new(device, NamedBy::Any, *target)));
        }
        let mut rows = located(devices);
        decide(&mut rows, key);
        let word = |(_, state)| match state {
            RowState::Failed(_) => format!("{:?}", rows.failure_kind(state).unwrap()),
            RowState::Open(group) => format!("open {}", rows.devices.group(group).id),
            other => format!("{other:?}"),
        };
        rows.states().map(word).collect()
    }

    #[test]
    fn a_device_that_is_there_is_left_alone() {
        let (devices, a, _) = groups();
        let asked =
            [("0c:2a:69:00:00:01", Some(a)), ("0c:2a:69:00:00:03", Some(a)), ("nobody", Some(a))];
        assert_eq!(decided(&asked, devices, false), ["Unchanged", "open a", "NoDevice"]);
    }

    #[test]
    fn the_same_device_twice_under_two_names() {
        let (devices, a, b) = groups();
        let asked = [
            ("0c:2a:69:00:00:03", Some(a)),
            ("40000c2a69000003", Some(a)),
            ("40000c2a69000003", Some(b)),
        ];
        assert_eq!(decided(&asked, devices, false), ["open a", "As(0)", "Against(0)"]);
    }

    #[test]
    fn unassigning_goes_to_the_present_group_and_needs_the_key_for_production() {
        let (devices, ..) = groups();
        let asked =
            [("40000c2a69000001", None), ("40000c2a69000002", None), ("40000c2a69000003", None)];
        assert_eq!(decided(&asked, devices.clone(), false), ["open a", "BadInput", "Unchanged"]);
        assert_eq!(decided(&asked, devices, true), ["open a", "open b", "Unchanged"]);
    }

    #[test]
    fn a_device_that_is_not_where_it_should_be_is_left_alone() {
        let (devices, a, b) = groups();
        for (device, target, expected, decided) in [
            ("40000c2a69000001", Some(b), Some(a), "open b"),
            ("40000c2a69000001", Some(b), None, "drifted"),
            ("40000c2a69000001", None, Some(b), "drifted"),
            ("40000c2a69000001", Some(a), Some(b), "unchanged"),
            ("40000c2a69000003", Some(a), Some(b), "drifted"),
            ("40000c2a69000003", Some(a), None, "open a"),
            ("40000c2a69000003", None, Some(a), "unchanged"),
        ] {
            let mut devices = devices.clone();
            devices.push(Some(Requested::new(device, NamedBy::Id, target)));
            devices.expect(0, expected);
            let mut rows = located(devices);
            decide(&mut rows, false);
            let word = match rows.state(0) {
                RowState::Open(group) => format!("open {}", rows.devices.group(group).id),
                RowState::Unchanged => "unchanged".to_owned(),
                state if rows.failure_kind(state) == Some(ErrorKind::Drifted) => "drifted".into(),
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
            (Some(&shop), false, &development, true),
            (Some(&group("pre_production", "p")), false, &development, false),
        ] {
            let mut devices = Devices::default();
            let group = present.map(|present| devices.groups.number(present));
            let location = Location { id: None, group, by_name: false, is_imp001 };
            let found = refusal(location, target, &devices);
            assert_eq!(found.is_some(), refused, "{present:?} {is_imp001} {target:?}");
        }
    }

    #[test]
    fn batches_are_by_group_and_full() {
        let (_, a, b) = groups();
        let mut batches = Batches::new(100);
        (0..250).for_each(|row| batches.push(row, if row % 2 == 0 { a } else { b }));
        let batches = batches.all();
        let sizes: Vec<_> = batches.iter().map(|batch| (batch.group, batch.rows.len())).collect();
        assert_eq!(sizes, [(a, 100), (b, 100), (a, 25), (b, 25)]);
    }
}
