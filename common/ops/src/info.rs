//! What belongs to a device group or a product: the lists that `info --full` adds to its record, and the
//! parts of its page that both kinds have.

use model::{GroupType, Record, ResourceKind};
use std::collections::HashMap;
use std::ops::ControlFlow;

use api::list::Reading;
use api::{SeenIds, devices};
use pipe::Failure;
use serde_json::Value;

use cli::page::{ago, group_type};
use cli::{Page, Session, failure, text};

use crate::deployments::{deployments, is_flagged};

/// Adds to a group's record its `devices`, how many they are and how many are online, its `builds` and
/// its `webhooks`.
///
/// # Errors
/// As [`api::Client::send`].
pub fn add_to_group(session: &Session, group: &mut Record) -> Result<(), Failure> {
    let id = text(group, "id").to_owned();
    let filter = [("filter[devicegroup.id]", id.as_str())];
    let devices = session.collect("/devices", &filter)?;
    let online = devices.iter().filter(|device| device["device_online"] == true).count();
    add_counts(group, devices.len(), online);
    group.insert("devices", as_list(devices));
    group.insert("builds", as_list(deployments(session, &filter)?));
    group.insert("webhooks", as_list(session.collect("/webhooks", &filter)?));
    Ok(())
}

/// Adds to a product's record its `devicegroups`, each with the number of its devices and of those that
/// are online, its `builds` and its `webhooks`.
///
/// # Errors
/// As [`api::Client::send`].
pub fn add_to_product(session: &Session, product: &mut Record) -> Result<(), Failure> {
    let id = text(product, "id").to_owned();
    let mut groups = groups_of(session, &id)?;
    let counts = device_counts(session, &id)?;
    let mut webhooks = Vec::new();
    for group in &mut groups {
        let id = text(group, "id").to_owned();
        let (total, online) = counts.get(&id).copied().unwrap_or_default();
        add_counts(group, total, online);
        // The service filters webhooks by nothing but their group.
        webhooks.extend(session.collect("/webhooks", &[("filter[devicegroup.id]", &id)])?);
    }
    product.insert("devicegroups", as_list(groups));
    let builds = deployments(session, &[("filter[product.id]", &id)])?;
    product.insert("builds", as_list(builds));
    product.insert("webhooks", as_list(webhooks));
    Ok(())
}

fn add_counts(group: &mut Record, total: usize, online: usize) {
    group.insert("devices_total", total.into());
    group.insert("devices_online", online.into());
}

fn as_list(records: Vec<Record>) -> Value {
    records.into_iter().map(Value::from).collect()
}

/// The device groups of a product, those of the factory in the order in which a device meets them.
///
/// # Errors
/// As [`api::Client::send`].
pub fn groups_of(session: &Session, product: &str) -> Result<Vec<Record>, Failure> {
    let mut groups = session.collect("/devicegroups", &[("filter[product.id]", product)])?;
    let place = |group: &Record| GroupType::of_api(text(group, "type")).map(|kind| kind as usize);
    groups.sort_by_key(place);
    Ok(groups)
}

/// How many devices are in each group of a product, and how many of them are online.
fn device_counts(
    session: &Session,
    product: &str,
) -> Result<HashMap<String, (usize, usize)>, Failure> {
    let filters = [("filter[product.id]".to_owned(), product.to_owned())];
    let reading = Reading::whole(usize::from(session.common.jobs));
    let mut counts: HashMap<String, (usize, usize)> = HashMap::new();
    let count = |device: Record| {
        let (total, online) = counts.entry(text(&device, "devicegroup_id").to_owned()).or_default();
        *total += 1;
        *online += usize::from(device.get("device_online") == Some(&Value::Bool(true)));
        ControlFlow::Continue(())
    };
    let mut seen = SeenIds::default();
    let listed = devices::list(&session.client, &filters, &reading, &mut seen, count);
    let _all = listed.map_err(failure)?;
    Ok(counts)
}

/// The records of a list that [`add_to_group`] or [`add_to_product`] has added.
pub fn list_in(record: &Record, name: &str) -> impl Iterator<Item = Record> {
    let values = record.get(name).and_then(Value::as_array).into_iter().flatten();
    values.filter_map(Value::as_object).cloned().map(Record::from)
}

/// A build in one line: the beginning of its sha, its tags, whether it is flagged, its age.
pub fn build_in_short(build: &Record) -> String {
    let sha = text(build, "sha");
    let tags = build.get("tags").and_then(Value::as_array).into_iter().flatten();
    let mut about: Vec<String> = tags.filter_map(Value::as_str).map(str::to_owned).collect();
    about.extend(is_flagged(build).then(|| "flagged".to_owned()));
    about.extend(ago(text(build, "created_at")));
    format!("{} ({})", sha.get(..12).unwrap_or(sha), about.join(", "))
}

/// A webhook in one line.
pub fn webhook_in_short(hook: &Record) -> String {
    format!("{} to {}", text(hook, "event"), text(hook, "url"))
}

/// `3 of 5 devices online`; empty for a group that was not asked for them.
pub fn online_of_total(group: &Record) -> String {
    let number = |name: &str| group.get(name).and_then(Value::as_u64);
    match (number("devices_online"), number("devices_total")) {
        (Some(online), Some(total)) => format!("{online} of {total} devices online"),
        _ => String::new(),
    }
}

/// A group in a list of groups: name, type, id.
pub fn group_line(group: &Record) -> Vec<String> {
    vec![
        text(group, "name").to_owned(),
        group_type(text(group, "type")).to_owned(),
        text(group, "id").to_owned(),
    ]
}

/// Adds the tree of a product's groups: each fixture group, below it the group of its devices under test,
/// and below that one where they go when they are blessed; then the groups that are nobody's target.
pub fn add_tree(page: &mut Page, product: &Record) {
    let groups: Vec<Record> = list_in(product, "devicegroups").collect();
    let mut tree = Tree { page, product, groups: &groups, shown: Vec::new() };
    let is_fixture = |group: &&Record| {
        let kind = GroupType::of_api(text(group, "type"));
        matches!(kind, Some(GroupType::Factory | GroupType::PreFactory))
    };
    for fixture in groups.iter().filter(is_fixture) {
        tree.add(0, text(fixture, "id"));
        tree.add(1, text(fixture, "dut_target_id"));
        tree.add(2, text(fixture, "production_target_id"));
    }
    for group in &groups {
        if !tree.shown.contains(&text(group, "id")) {
            tree.add(0, text(group, "id"));
        }
    }
}

struct Tree<'a> {
    page: &'a mut Page,
    product: &'a Record,
    groups: &'a [Record],
    shown: Vec<&'a str>,
}

impl<'a> Tree<'a> {
    fn add(&mut self, depth: usize, id: &'a str) {
        let Some(group) = self.groups.iter().find(|group| text(group, "id") == id) else { return };
        let indent = "  ".repeat(depth);
        let mut line = group_line(group);
        line[0].insert_str(0, &indent);
        if self.shown.contains(&id) {
            line.push("see above".into());
            self.page.line(line);
            return;
        }
        self.shown.push(id);
        line.push(online_of_total(group));
        let current = text(group, "current_deployment_id");
        let build = list_in(self.product, "builds").find(|build| text(build, "id") == current);
        line.push(build.map_or_else(|| "no build".to_owned(), |build| build_in_short(&build)));
        self.page.line(line);
        for hook in list_in(self.product, "webhooks") {
            if text(&hook, "devicegroup_id") == id {
                self.page.line(vec![format!("{indent}    webhook {}", webhook_in_short(&hook))]);
            }
        }
    }
}

/// The build that a group's record names, in one line with its id; empty when it names none.
pub fn build_of(session: &Session, group: &Record, name: &str) -> String {
    let id = text(group, name);
    if id.is_empty() {
        return String::new();
    }
    // The page about the group is good without it.
    let build = session.find(ResourceKind::Deployment, id).map(|build| build_in_short(&build));
    format!("{}  {id}", build.unwrap_or_default()).trim_start().to_owned()
}
