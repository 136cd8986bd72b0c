//! Looks at what is there: which group or product each row means, and what stands in its way.

use model::GroupType;
use model::{ErrorKind, Record, ResourceKind};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use pipe::{Failure, Row};

use super::carry_out::DeletionRun;
use super::plan::{GroupToDelete, in_the_way, is_target_of, without_key};
use crate::deployments::{deployments, is_flagged, zombies_of};
use cli::{Session, journal, text};

/// Finds what each row means; a second row for the same is noted as such.
pub fn identify(run: &mut DeletionRun<'_>, kind: ResourceKind) {
    let session = run.session;
    let rows = run.each_open(|row| Row { record: row.input.clone(), source: row.source.clone() });
    let known_then = run.order.job.is_dry_run() || !journal::is_off();
    let look = |row: &Row| match session.resource(kind, row, &[]) {
        // A record may be old, and what it is has to be known to make it again.
        Ok(found) if known_then => session.present(kind, row, &found),
        found => found,
    };
    for ((index, _), record) in run.for_each(rows, look) {
        run.rows[index].record = record;
    }
    let mut seen: HashMap<String, usize> = HashMap::new();
    for (index, row) in run.rows.iter_mut().enumerate() {
        if row.is_open() {
            let first = *seen.entry(text(&row.record, "id").to_owned()).or_insert(index);
            row.same_as = (first != index).then_some(first);
        }
    }
}

/// Finds what stands in the way, and refuses what cannot be cleared.
pub fn look(run: &mut DeletionRun<'_>, kind: ResourceKind) {
    if kind == ResourceKind::Product {
        groups_of_products(run);
        zombies(run);
    } else {
        for row in run.rows.iter_mut().filter(|row| row.is_open()) {
            row.groups = vec![GroupToDelete::of(&row.record)];
        }
    }
    // Without --force the service judges: only a dry run, a person who is asked, and the journal have to know
    // beforehand.
    let (force, is_dry_run) = (run.order.force, run.order.job.is_dry_run());
    if !force && !is_dry_run && run.order.job.question().is_none() && journal::is_off() {
        return;
    }
    let session = run.session;
    let groups = run.each_group(|group| Some(group.clone()));
    for ((row, number), group) in run.for_each(groups, |group| contents(session, group)) {
        run.rows[row].groups[number] = group;
    }
    if !force && !is_dry_run {
        run.rows.iter_mut().for_each(|row| row.groups.iter_mut().for_each(only_what_goes));
        return;
    }
    if !force {
        for row in run.rows.iter_mut().filter(|row| row.is_open()) {
            row.failure = row.groups.iter().find_map(in_the_way);
        }
    } else if run.order.key.is_none() {
        for row in run.rows.iter_mut().filter(|row| row.is_open()) {
            let blessed = row.groups.iter().filter(|group| group.is_production());
            match blessed.map(|group| group.devices.len()).sum() {
                0 => {}
                devices => row.failure = Some(without_key(devices)),
            }
        }
    }
    if kind == ResourceKind::DeviceGroup {
        targets(run);
    }
}

/// Leaves in a group what goes with it without --force: nothing, if the service will refuse it.
fn only_what_goes(group: &mut GroupToDelete) {
    if in_the_way(group).is_some() {
        group.deployments.clear();
        group.webhooks.clear();
    }
    (group.devices, group.flagged) = (Vec::new(), Vec::new());
}

fn groups_of_products(run: &mut DeletionRun<'_>) {
    if !run.order.force && !run.order.builds && !run.order.job.is_dry_run() {
        return;
    }
    let session = run.session;
    let products = run.each_open(|row| text(&row.record, "id").to_owned());
    let groups =
        |product: &String| session.collect("/devicegroups", &[("filter[product.id]", product)]);
    let found = run.for_each(products, groups);
    for ((index, _), groups) in found {
        let row = &mut run.rows[index];
        let groups: Vec<GroupToDelete> = groups.iter().map(GroupToDelete::of).collect();
        if run.order.force || groups.is_empty() {
            row.groups = groups;
        } else {
            let title = format!("The product has {} device groups", groups.len());
            row.failure =
                Some(Failure::new(ErrorKind::Conflict, title).detail("--force deletes them first"));
        }
    }
}

/// Deployments of the products that belong to no group.
fn zombies(run: &mut DeletionRun<'_>) {
    if !run.order.builds {
        return;
    }
    let session = run.session;
    let products = run.each_open(|row| text(&row.record, "id").to_owned());
    for ((index, _), zombies) in run.for_each(products, |product| zombies_of(session, product)) {
        let flagged = zombies.iter().filter(|zombie| is_flagged(zombie)).count();
        let row = &mut run.rows[index];
        row.zombies = zombies;
        if flagged > 0 && !run.order.force {
            let title = format!("The product has {flagged} flagged deployments of no group");
            row.failure = Some(
                Failure::new(ErrorKind::Conflict, title).detail("--force takes their flags away"),
            );
        }
    }
}

/// A group with its devices, deployments and webhooks.
fn contents(session: &Session, group: &GroupToDelete) -> Result<GroupToDelete, Failure> {
    let deployments = deployments(session, &[("filter[devicegroup.id]", &group.id)])?;
    let flagged = deployments.iter().filter(|deployment| is_flagged(deployment));
    let webhooks = session.collect("/webhooks", &[("filter[devicegroup.id]", &group.id)])?;
    Ok(GroupToDelete {
        webhooks,
        devices: session.members(&group.id)?,
        flagged: flagged.map(|deployment| text(deployment, "id").to_owned()).collect(),
        deployments,
        ..group.clone()
    })
}

/// Refuses groups that are the target of a fixture group which stays.
fn targets(run: &mut DeletionRun<'_>) {
    let session = run.session;
    let all = run.each_group(|group| Some(group.clone()));
    let going: HashSet<&String> = all.iter().map(|(_, group)| &group.id).collect();
    let is_target =
        |group: &GroupToDelete| GroupType::of_api(&group.kind).is_none_or(GroupType::can_be_target);
    let perhaps = all.iter().filter(|(_, group)| is_target(group));
    let perhaps = perhaps.map(|(place, group)| {
        let product = text(&run.rows[place.0].record, "product_id").to_owned();
        (*place, (group.id.clone(), product))
    });
    let perhaps = perhaps.collect();
    let fixtures = Fixtures::default();
    let found = run.for_each(perhaps, |(group, product)| fixtures.naming(session, group, product));
    for ((index, _), mut naming) in found {
        naming.retain(|fixture| !going.contains(&text(fixture, "id").to_owned()));
        if !naming.is_empty() {
            let told = |fixture| format!("{} ({})", text(fixture, "name"), text(fixture, "id"));
            run.rows[index].failure =
                Some(is_target_of(&naming.iter().map(told).collect::<Vec<_>>()));
        }
    }
}

/// The fixture groups of products, listed once a product.
#[derive(Default)]
struct Fixtures {
    products: Mutex<HashMap<String, Arc<Listed>>>,
}

/// The fixture groups of one product, once they have been listed.
type Listed = OnceLock<Result<Vec<Record>, Failure>>;

impl Fixtures {
    /// Those that name the group as a target.
    fn naming(
        &self,
        session: &Session,
        group: &str,
        product: &str,
    ) -> Result<Vec<Record>, Failure> {
        let product = match product {
            "" => text(&session.get("devicegroups", group)?, "product_id").to_owned(),
            known => known.to_owned(),
        };
        let mut products = self.products.lock().unwrap_or_else(PoisonError::into_inner);
        let cell = products.entry(product.clone()).or_default().clone();
        drop(products);
        let groups = || session.collect("/devicegroups", &[("filter[product.id]", &product)]);
        let fixtures = || {
            let records = groups()?.into_iter();
            Ok(records.filter(|group| GroupToDelete::of(group).is_fixture()).collect())
        };
        let mut fixtures: Vec<Record> = simulated::once(&cell, fixtures).clone()?;
        fixtures.retain(|fixture| {
            ["production_target_id", "dut_target_id"]
                .iter()
                .any(|name| text(fixture, name) == group)
        });
        Ok(fixtures)
    }
}
