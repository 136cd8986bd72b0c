//! A row that is to be deleted, with what stands in its way: pure bookkeeping and the words for it.

use model::GroupType;
use model::{Effect, ErrorKind, Record};
use pipe::{Failure, Row};

use crate::deployments::gone;
use crate::membership::Group;

/// A row and the group or product that it means.
#[derive(Clone, Debug, Default)]
pub struct DeleteRow {
    /// The row as it was read.
    pub input: Record,
    /// Where it came from.
    pub source: String,
    /// The group or product.
    pub record: Record,
    /// The groups that go: for the row of a group, itself.
    pub groups: Vec<GroupToDelete>,
    /// Deployments of no group that go with a product.
    pub zombies: Vec<Record>,
    /// An earlier row that means the same.
    pub same_as: Option<usize>,
    /// Why it is not deleted.
    pub failure: Option<Failure>,
    /// Something in its way has been taken away.
    pub is_begun: bool,
    /// What is changed when it is deleted.
    pub effects: Vec<Effect>,
    /// Those of them that are made.
    pub done: Vec<Effect>,
}

/// A group that is to be deleted.
#[derive(Clone, Debug, Default)]
pub struct GroupToDelete {
    /// What is known of it.
    pub record: Record,
    /// Its id.
    pub id: String,
    /// Its specific type.
    pub kind: String,
    /// Its name, if that is known.
    pub name: String,
    /// The ids of its devices.
    pub devices: Vec<String>,
    /// The ids of its flagged deployments.
    pub flagged: Vec<String>,
    /// Its deployments.
    pub deployments: Vec<Record>,
    /// Its webhooks, which go with it as far as anybody knows (imp-service(7), section 12).
    pub webhooks: Vec<Record>,
}

impl DeleteRow {
    /// A row that is to be worked on.
    pub fn new(row: Row) -> Self {
        DeleteRow { input: row.record, source: row.source, ..DeleteRow::default() }
    }

    /// A row that has failed already.
    pub fn bad(input: Record, source: String, failure: Failure) -> Self {
        DeleteRow { input, source, failure: Some(failure), ..DeleteRow::default() }
    }

    /// Notes what is changed when it is deleted, in the order in which that is done. Taking out the devices
    /// comes before anything else.
    pub fn foresee(&mut self) {
        let mut effects = Vec::new();
        for group in &self.groups {
            effects.extend(group.devices.iter().map(|id| group.left_by(id)));
        }
        let (fixtures, others): (Vec<_>, Vec<_>) =
            self.groups.iter().partition(|group| group.is_fixture());
        for group in fixtures.into_iter().chain(others) {
            effects.extend(group.gone());
        }
        effects.extend(self.zombies.iter().flat_map(gone));
        if cli::text(&self.record, "type") == "product" {
            effects.push(Effect::deletion(&self.record));
        }
        self.effects = effects;
    }

    /// Whether it is still to be deleted.
    pub fn is_open(&self) -> bool {
        self.failure.is_none() && self.same_as.is_none()
    }
}

impl GroupToDelete {
    /// From the record of a group.
    pub fn of(group: &Record) -> Self {
        let text = |name: &str| cli::text(group, name).to_owned();
        GroupToDelete {
            id: text("id"),
            kind: text("type"),
            name: text("name"),
            record: group.clone(),
            ..GroupToDelete::default()
        }
    }

    /// A device of it leaves it.
    pub fn left_by(&self, id: &str) -> Effect {
        let device = [("type".to_owned(), "device".into()), ("id".to_owned(), id.into())];
        let from = Some((self.id.as_str(), self.kind.as_str()));
        Effect::transfer(&Record::from_iter(device), from, None)
    }

    /// It is deleted, and its webhooks and deployments with it.
    pub fn gone(&self) -> impl Iterator<Item = Effect> {
        let webhooks = self.webhooks.iter().map(Effect::deletion);
        let deployments = self.deployments.iter().flat_map(gone);
        webhooks.chain(deployments).chain([Effect::deletion(&self.record)])
    }

    /// The group as one that devices are moved out of.
    pub fn as_group(&self) -> Group {
        Group { id: self.id.clone(), kind: self.kind.clone(), product: None }
    }

    /// Fixture groups name others as their targets, so they go first.
    pub fn is_fixture(&self) -> bool {
        GroupType::of_api(&self.kind).is_some_and(GroupType::is_fixture)
    }

    /// Its devices are unblessed when they leave it, and that needs the key.
    pub fn is_production(&self) -> bool {
        self.as_group().is_production()
    }
}

/// What has to be done before the rows themselves can be deleted, in words; nothing when nothing is in
/// the way.
pub fn plan(rows: &[&DeleteRow]) -> Vec<String> {
    let groups = || rows.iter().flat_map(|row| &row.groups);
    let devices = |blessed: bool| {
        let of_kind = groups().filter(|group| group.is_production() == blessed);
        of_kind.map(|group| group.devices.len()).sum::<usize>()
    };
    let flagged: usize = groups().map(|group| group.flagged.len()).sum();
    let deployments: usize = groups().map(|group| group.deployments.len()).sum();
    // A group that is a row of its own is no obstacle.
    let of_products = rows.iter().filter(|row| cli::text(&row.record, "type") == "product");
    let of_products: usize = of_products.map(|row| row.groups.len()).sum();
    let webhooks: usize = groups().map(|group| group.webhooks.len()).sum();
    let zombies: usize = rows.iter().map(|row| row.zombies.len()).sum();
    [
        (devices(false), "unassign", "device"),
        (devices(true), "unbless and unassign", "production device"),
        (flagged, "take the flag from", "deployment"),
        (of_products, "delete", "device group"),
        (deployments, "delete", "deployment"),
        (webhooks, "delete", "webhook"),
        (zombies, "delete", "deployment that belongs to no group"),
    ]
    .into_iter()
    .filter(|(number, ..)| *number > 0)
    .map(|(number, verb, noun)| format!("{verb} {number} {}", plural(noun, number)))
    .collect()
}

fn plural(noun: &str, number: usize) -> String {
    match noun {
        _ if number == 1 => noun.to_owned(),
        "deployment that belongs to no group" => "deployments that belong to no group".to_owned(),
        _ => format!("{noun}s"),
    }
}

/// Production devices are let go only by those who have the key.
pub fn without_key(devices: usize) -> Failure {
    let title = format!(
        "{devices} {} in the way",
        match devices {
            1 => "production device is",
            _ => "production devices are",
        }
    );
    Failure::new(ErrorKind::Refused, title).detail(
        "to unbless them, give the account's unblessing key with --unbond, --unbond-file or \
         IMP_UNBOND_KEY; nothing was done to it",
    )
}

/// What keeps a group from being deleted without --force.
pub fn in_the_way(group: &GroupToDelete) -> Option<Failure> {
    let has = |number: usize, noun: &str, advice: &str| {
        let title = format!("The device group has {number} {}", plural(noun, number));
        Some(Failure::new(ErrorKind::Conflict, title).detail(advice))
    };
    match (group.devices.len(), group.flagged.len()) {
        (0, 0) => None,
        (0, flagged) => has(flagged, "flagged deployment", "--force takes the flags away first"),
        (devices, _) if group.is_production() => has(
            devices,
            "production device",
            "--force and the unblessing key take them out first, and unbless them",
        ),
        (devices, _) => has(devices, "device", "--force takes them out first"),
    }
}

/// A fixture group that stays would lose its target.
pub fn is_target_of(fixtures: &[String]) -> Failure {
    Failure::new(ErrorKind::Conflict, "Other device groups have this one as their target").detail(
        format!(
            "{}: give them another target with `imp-dg update`, or delete them in the same command",
            fixtures.join(", ")
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn row(kind: &str, groups: Vec<GroupToDelete>, zombies: usize) -> DeleteRow {
        let record = serde_json::from_value(json!({"type": kind, "id": "x"})).unwrap();
        let zombies = vec![Record::new(); zombies];
        DeleteRow { record, groups, zombies, ..DeleteRow::default() }
    }

    fn group(kind: &str, devices: usize, flagged: usize, deployments: usize) -> GroupToDelete {
        GroupToDelete {
            kind: kind.into(),
            devices: vec![String::new(); devices],
            flagged: vec![String::new(); flagged],
            deployments: vec![Record::new(); deployments],
            ..GroupToDelete::default()
        }
    }

    #[test]
    fn devices_and_flags_keep_a_group() {
        for (kind, devices, flagged, expected) in [
            ("development_devicegroup", 0, 0, None),
            ("development_devicegroup", 2, 1, Some("The device group has 2 devices")),
            ("development_devicegroup", 0, 1, Some("The device group has 1 flagged deployment")),
            ("production_devicegroup", 1, 0, Some("The device group has 1 production device")),
        ] {
            let failure = in_the_way(&group(kind, devices, flagged, 5));
            assert_eq!(failure.map(|failure| failure.title).as_deref(), expected);
        }
    }

    #[test]
    fn the_plan_counts_what_is_in_the_way() {
        let blessed = group("production_devicegroup", 2, 0, 1);
        let fixture = group("factoryfixture_devicegroup", 1, 1, 3);
        assert!(fixture.is_fixture() && !blessed.is_fixture());
        let of_group = row("factoryfixture_devicegroup", vec![fixture.clone()], 0);
        assert_eq!(
            plan(&[&of_group]),
            ["unassign 1 device", "take the flag from 1 deployment", "delete 3 deployments"]
        );
        let of_product = row("product", vec![blessed, fixture], 1);
        assert_eq!(
            plan(&[&of_product, &of_group]),
            [
                "unassign 2 devices",
                "unbless and unassign 2 production devices",
                "take the flag from 2 deployments",
                "delete 2 device groups",
                "delete 7 deployments",
                "delete 1 deployment that belongs to no group"
            ]
        );
        let nothing = row("development_devicegroup", vec![group("x", 0, 0, 0)], 0);
        assert!(plan(&[&nothing]).is_empty());
    }
}
