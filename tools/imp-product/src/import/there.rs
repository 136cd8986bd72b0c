//! What of a file is there already: made by an import of it that was cut.
//!
//! A product of the same name counts as the beginning of an import when all that is in it is in the file too,
//! as it is there. Anything else is somebody's own, and nothing is put into it. Builds have no name: those of a
//! group are found in the order in which they are made.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::ControlFlow;

use api::SeenIds;
use api::list::{self, Reading};
use cli::{CommandError, Session, text};
use model::change::is_same;
use model::{Record, ResourceKind};
use serde_json::Value;

use super::builds;
use super::file::{File, called};

/// Things that are there, by the ids that they have in the file.
#[derive(Default)]
pub struct Present {
    things: HashMap<String, Record>,
    /// Of each group the place in the file of the newest build that is there.
    newest: HashMap<String, usize>,
}

impl Present {
    /// The thing that a record of the file tells.
    pub fn get(&self, id: &str) -> Option<&Record> {
        self.things.get(id)
    }

    /// The ids in the file, with the ids that the things have.
    pub fn ids(&self) -> impl Iterator<Item = (&String, &str)> {
        self.things.iter().map(|(id, thing)| (id, text(thing, "id")))
    }

    /// Whether a build of the group is there that comes after the one at this place of the file.
    pub fn has_newer(&self, group: &str, place: usize) -> bool {
        self.newest.get(group).is_some_and(|newest| *newest > place)
    }
}

/// Looks for what is there. Nothing is written.
///
/// # Errors
/// Exit 2 for a product that is there and is something else; as [`api::Client::send`].
pub fn present(session: &Session, file: &File) -> Result<Present, CommandError> {
    let mut present = Present::default();
    let me = session.account()?.id;
    let own = session.collect(ResourceKind::Product.path(), &[("filter[owner.id]", &me)])?;
    for product in file.of(ResourceKind::Product) {
        let is_it = |own: &&Record| text(own, "name") == text(product, "name");
        let Some(there) = own.iter().find(is_it) else { continue };
        let found = Beginning { file, product, present: &mut present }.find(session, there);
        found?.map_err(|why| {
            CommandError::usage(format!(
                "the product `{}` is there already, and is not the beginning of this import: {why}; \
                 nothing was done",
                text(product, "name")
            ))
        })?;
    }
    Ok(present)
}

/// A product of the file that is there, perhaps in part.
struct Beginning<'a> {
    file: &'a File,
    product: &'a Record,
    present: &'a mut Present,
}

/// Why something is no part of an import.
type Found = Result<(), String>;

impl Beginning<'_> {
    fn find(mut self, session: &Session, there: &Record) -> Result<Found, CommandError> {
        let of_product = [("filter[product.id]", text(there, "id"))];
        let groups = session.collect(ResourceKind::DeviceGroup.path(), &of_product)?;
        let builds = builds_there(session, self.file, text(there, "id"))?;
        let mut hooks = Vec::new();
        for group in &groups {
            let of_group = [("filter[devicegroup.id]", text(group, "id"))];
            hooks.extend(session.collect(ResourceKind::Webhook.path(), &of_group)?);
        }
        Ok(self.found(there, &groups, &builds, &hooks))
    }

    fn found(
        &mut self,
        there: &Record,
        groups: &[Record],
        builds: &[Record],
        hooks: &[Record],
    ) -> Found {
        are_same(there, self.product, &["description"])?;
        self.note(self.product, there);
        // In the order of the file: targets are known before the groups that name them.
        let file = self.file;
        let of_product: Vec<&Record> =
            file.of(ResourceKind::DeviceGroup).filter(|group| self.is_mine(group)).collect();
        for group in of_product {
            if let Some(found) = groups.iter().find(|one| text(one, "name") == text(group, "name"))
            {
                self.group(group, found)?;
            }
        }
        let known: HashSet<&str> = self.present.ids().map(|(_, id)| id).collect();
        if let Some(other) = groups.iter().find(|group| !known.contains(text(group, "id"))) {
            return Err(format!("the input has no {}", called(other)));
        }
        self.builds(builds)?;
        hooks.iter().try_for_each(|hook| self.hook(hook))
    }

    fn is_mine(&self, group: &Record) -> bool {
        text(group, "product_id") == text(self.product, "id")
    }

    fn note(&mut self, of_file: &Record, there: &Record) {
        self.present.things.insert(text(of_file, "id").to_owned(), there.clone());
    }

    /// The id that a thing of the file has; empty if it is not there.
    fn id(&self, of_file: &str) -> &str {
        self.present.get(of_file).map_or("", |there| text(there, "id"))
    }

    fn group(&mut self, group: &Record, there: &Record) -> Found {
        are_same(there, group, &["type", "description", "region", "env_vars"])?;
        for target in ["production_target_id", "dut_target_id"] {
            if self.id(text(group, target)) != text(there, target) {
                return Err(format!("{}: its {target} is another group", called(there)));
            }
        }
        self.note(group, there);
        Ok(())
    }

    /// Each build that is there is the next one of the file that is like it.
    fn builds(&mut self, there: &[Record]) -> Found {
        let mut next: BTreeMap<&str, usize> = BTreeMap::new();
        let file = self.file;
        let of_file: Vec<&Record> = file.of(ResourceKind::Deployment).collect();
        for build in there.iter().filter(|build| build.contains_key("devicegroup_id")) {
            let group = text(build, "devicegroup_id");
            let from = next.entry(group).or_default();
            let is_it = |(_, one): &(usize, &&Record)| {
                self.id(text(one, "devicegroup_id")) == group
                    && builds::have_same_code(build, one)
                    && are_same(build, one, &["description", "origin", "tags", "flagged"]).is_ok()
            };
            let found = of_file.iter().enumerate().skip(*from).find(is_it);
            let Some((place, found)) = found else {
                return Err(format!("the input has no build {} at its place", text(build, "sha")));
            };
            *from = place + 1;
            self.present.newest.insert(text(found, "devicegroup_id").to_owned(), place);
            self.note(found, build);
        }
        Ok(())
    }

    fn hook(&mut self, there: &Record) -> Found {
        let file = self.file;
        let is_it = |one: &&Record| {
            self.id(text(one, "devicegroup_id")) == text(there, "devicegroup_id")
                && self.present.get(text(one, "id")).is_none()
                && are_same(there, one, &["event", "url", "content_type"]).is_ok()
        };
        let Some(found) = file.of(ResourceKind::Webhook).find(is_it) else {
            return Err(format!("the input has no {}", called(there)));
        };
        self.note(found, there);
        Ok(())
    }
}

/// The builds of a product that is there, the oldest first. Their code is not kept, and it is asked for only where
/// a list leaves it out and the sha does not tell.
fn builds_there(
    session: &Session,
    file: &File,
    product: &str,
) -> Result<Vec<Record>, CommandError> {
    let filters = [("filter[product.id]".to_owned(), product.to_owned())];
    let path = ResourceKind::Deployment.path();
    let reading = Reading::whole(usize::from(session.common.jobs));
    let mut builds = Vec::new();
    let seen = &mut SeenIds::default();
    let _all = list::list(&session.client, path, &filters, &reading, seen, |build| {
        builds.push(builds::known_by(build));
        ControlFlow::Continue(())
    })?;
    let builds_of_file = file.of(ResourceKind::Deployment);
    let shas: HashSet<&str> = builds_of_file.map(|build| text(build, "sha")).collect();
    for build in &mut builds {
        if !builds::is_known(build) && !shas.contains(text(build, "sha")) {
            *build = builds::known_by(session.get("deployments", text(build, "id"))?);
        }
    }
    // The newest come first; time stamps have one form and sort as text (imp-service(7), section 1.6).
    builds.reverse();
    builds.sort_by(|one, other| text(one, "created_at").cmp(text(other, "created_at")));
    Ok(builds)
}

/// Tells the first field in which a thing differs from a record of the file. None of something is an empty one
/// of it, and a build without a flag has `false`.
fn are_same(there: &Record, of_file: &Record, names: &[&str]) -> Found {
    let value = |record: &Record, name: &str| -> Option<Value> {
        record.get(name).filter(|value| **value != Value::Bool(false)).cloned()
    };
    let differs =
        |name: &&&str| !is_same(value(there, name).as_ref(), value(of_file, name).as_ref());
    match names.iter().find(differs) {
        None => Ok(()),
        Some(name) => Err(format!("{}: its {}", called(there), difference(there, of_file, name))),
    }
}

/// In words how a field differs. Variables of a group can be secrets, so only their names are told.
fn difference(there: &Record, of_file: &Record, name: &str) -> String {
    if name != "env_vars" {
        let value = |record: &Record| record.json(name).unwrap_or("null").to_owned();
        return format!("{name} is {}, and {} in the input", value(there), value(of_file));
    }
    let [is, wanted] = [there, of_file]
        .map(|record| record.get(name).and_then(Value::as_object).cloned().unwrap_or_default());
    let names: BTreeSet<&String> = is.keys().chain(wanted.keys()).collect();
    let differing = names.into_iter().filter(|name| is.get(*name) != wanted.get(*name));
    let differing: Vec<String> = differing.map(|name| model::text::quoted(name)).collect();
    format!("variables are others in the input: {}", differing.join(", "))
}
