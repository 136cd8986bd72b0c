//! From what a person types to the one thing that is meant: ids, names, `{ACCOUNT}{PRODUCT}{GROUP}`.
//!
//! The id first, then the name, as `impt` does it; but a list is read only once a run, an id is asked
//! for only when the text can be one, and nothing typed ever becomes part of a path unescaped. More than
//! one match is an error that names the candidates. A deployment has no name: its sha, a tag, or its
//! origin names it, in this order.

mod trouble;

use model::identifier::{Shape, is_uuid, shape};
use model::{ErrorKind, Record};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use serde_json::Value;

use self::trouble::{ambiguous, not_found, too_many_parts};
use crate::list::{self, Reading};
use crate::request::{Request, segment};
use crate::{Client, Error, SeenIds, deployments, devices, resource};
pub use model::ResourceKind;

/// Looks things up, each at most once a run. Shared by the workers.
pub struct Resolver {
    client: Client,
    jobs: usize,
    found: Shared<(ResourceKind, String), Arc<Vec<Record>>>,
    lists: Shared<(ResourceKind, Option<String>), Arc<Vec<Record>>>,
}

/// Answers that are looked up once, by the first who asks; the others wait for him.
type Shared<K, V> = Mutex<HashMap<K, Arc<OnceLock<Result<V, Error>>>>>;

fn once<K: Eq + std::hash::Hash, V: Clone>(
    shared: &Shared<K, V>,
    key: K,
    look_up: impl FnOnce() -> Result<V, Error>,
) -> Result<V, Error> {
    let cell =
        shared.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default().clone();
    cell.get_or_init(look_up).clone()
}

impl Resolver {
    /// A finder that reads lists with `jobs` pages under way.
    pub fn new(client: &Client, jobs: usize) -> Self {
        Resolver { client: client.clone(), jobs, found: Mutex::default(), lists: Mutex::default() }
    }

    /// The one thing that `text` means.
    ///
    /// # Errors
    /// ErrorKind `not_found`, `ambiguous`, or as [`Client::send`].
    pub fn one(&self, thing: ResourceKind, text: &str) -> Result<Record, Error> {
        let all = self.all(thing, text)?;
        match all.as_slice() {
            [one] => Ok(one.clone()),
            [] => Err(not_found(thing, text)),
            several => Err(ambiguous(thing, text, several)),
        }
    }

    /// All things that `text` may mean, for the filters of a list; never empty.
    ///
    /// # Errors
    /// ErrorKind `not_found`, or as [`Client::send`].
    pub fn some(&self, thing: ResourceKind, text: &str) -> Result<Arc<Vec<Record>>, Error> {
        let all = self.all(thing, text)?;
        if all.is_empty() { Err(not_found(thing, text)) } else { Ok(all) }
    }

    /// The one thing that was found for `text` before; asks nobody.
    pub fn found_before(&self, thing: ResourceKind, text: &str) -> Option<Record> {
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        match found.get(&(thing, text.to_owned()))?.get()?.as_ref().ok()?.as_slice() {
            [one] => Some(one.clone()),
            _ => None,
        }
    }

    /// Forgets what was found of a kind, after one has been created.
    pub fn forget(&self, thing: ResourceKind) {
        self.found
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|(kind, _), _| *kind != thing);
        self.lists
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|(kind, _), _| *kind != thing);
    }

    /// The name of a thing of which only the id is known, for tables. One list is read for all of them.
    pub fn name_of(&self, thing: ResourceKind, id: &str) -> Option<String> {
        let list = self.list(thing, None).ok()?;
        let name = |record: &Record| {
            Some(text_of(record, "name").to_owned()).filter(|name| !name.is_empty())
        };
        match list.iter().find(|record| text_of(record, "id") == id) {
            Some(record) => name(record),
            // One that the list leaves out, a colleague's perhaps.
            None => name(&self.one(thing, id).ok()?),
        }
    }

    fn all(&self, thing: ResourceKind, text: &str) -> Result<Arc<Vec<Record>>, Error> {
        once(&self.found, (thing, text.to_owned()), || {
            let parts = braces(text);
            match (thing, parts.as_deref()) {
                (_, None) => self.by_id_or_name(thing, text),
                (_, Some([name])) => self.by_id_or_name(thing, name),
                (ResourceKind::Product, Some([owner, name])) => {
                    self.within(thing, ResourceKind::Account, owner, name)
                }
                (ResourceKind::DeviceGroup, Some([product, name])) => {
                    self.within(thing, ResourceKind::Product, product, name)
                }
                (ResourceKind::DeviceGroup, Some([owner, product, name])) => self.within(
                    thing,
                    ResourceKind::Product,
                    &format!("{{{owner}}}{{{product}}}"),
                    name,
                ),
                _ => Err(too_many_parts(thing, text)),
            }
            .map(Arc::new)
        })
    }

    fn by_id_or_name(&self, thing: ResourceKind, text: &str) -> Result<Vec<Record>, Error> {
        if let Some(id) = as_id(thing, text) {
            match self.client.send(&Request::get(format!("{}/{}", thing.path(), segment(&id)))) {
                Ok(answer) => return Ok(vec![resource::lift_data(&answer.body)]),
                Err(error) if error.kind == ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        if thing == ResourceKind::Device && matches!(shape(text), Shape::Id | Shape::Mac) {
            return Ok(Vec::new());
        }
        if thing == ResourceKind::Deployment {
            let found = deployments::by_sha_or_tag(&self.client, text, self.jobs)?;
            if !found.is_empty() {
                return Ok(found);
            }
        }
        Ok(self
            .list(thing, None)?
            .iter()
            .filter(|record| is_called(thing, record, text))
            .cloned()
            .collect())
    }

    /// Things called `name` that belong to `container`.
    fn within(
        &self,
        thing: ResourceKind,
        container: ResourceKind,
        owner: &str,
        name: &str,
    ) -> Result<Vec<Record>, Error> {
        let owner = self.one(container, owner)?;
        let id = text_of(&owner, "id").to_owned();
        let all = self.list(thing, Some(id))?;
        Ok(all
            .iter()
            .filter(|record| {
                text_of(record, "id").eq_ignore_ascii_case(name) || is_called(thing, record, name)
            })
            .cloned()
            .collect())
    }

    /// The list of a kind, read once; `of` is the owner of products or the product of groups.
    fn list(&self, thing: ResourceKind, of: Option<String>) -> Result<Arc<Vec<Record>>, Error> {
        once(&self.lists, (thing, of.clone()), || {
            let filter = if thing == ResourceKind::Product {
                "filter[owner.id]"
            } else {
                "filter[product.id]"
            };
            let filters: Vec<_> = of.map(|id| (filter.to_owned(), id)).into_iter().collect();
            match thing {
                ResourceKind::Device => return self.device_names().map(Arc::new),
                ResourceKind::Deployment => return self.deployment_origins().map(Arc::new),
                _ => {}
            }
            list::collect(&self.client, thing.path(), &filters, self.jobs).map(Arc::new)
        })
    }

    /// Devices with a name, and of each no more than it takes to tell it from others.
    fn device_names(&self) -> Result<Vec<Record>, Error> {
        let mut named = Vec::new();
        let reading = Reading { jobs: self.jobs, wanted: &|| true };
        let _all =
            devices::list(&self.client, &[], &reading, &mut SeenIds::default(), |mut device| {
                if device.get("name").is_some_and(Value::is_string) {
                    device.retain(|name, _| {
                        ["type", "id", "name", "mac_address", "devicegroup_id", "devicegroup_type"]
                            .contains(&name.as_str())
                    });
                    named.push(device);
                }
                std::ops::ControlFlow::Continue(())
            })?;
        Ok(named)
    }

    /// Deployments with an origin, without their programs.
    fn deployment_origins(&self) -> Result<Vec<Record>, Error> {
        let mut with_origin = Vec::new();
        let reading = Reading { jobs: self.jobs, wanted: &|| true };
        let path = ResourceKind::Deployment.path();
        let _all =
            list::list(&self.client, path, &[], &reading, &mut SeenIds::default(), |deployment| {
                if !text_of(&deployment, "origin").is_empty() {
                    with_origin.push(deployments::without_code(deployment));
                }
                std::ops::ControlFlow::Continue(())
            })?;
        Ok(with_origin)
    }
}

fn text_of<'a>(record: &'a Record, name: &str) -> &'a str {
    record.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn is_called(thing: ResourceKind, record: &Record, text: &str) -> bool {
    let names: &[&str] = match thing {
        ResourceKind::Account => &["email", "username"],
        ResourceKind::Deployment => &["origin"],
        _ => &["name"],
    };
    names.iter().any(|name| record.get(*name).and_then(Value::as_str) == Some(text))
}

/// The text as the id that it may be, in the service's spelling: hex digits mean the same in either case.
fn as_id(thing: ResourceKind, text: &str) -> Option<String> {
    match (thing, shape(text)) {
        (ResourceKind::Device, Shape::Id | Shape::Mac) => Some(text.to_ascii_lowercase()),
        (ResourceKind::Device, Shape::Agent) => Some(text.to_owned()),
        (ResourceKind::Device, Shape::Name) => None,
        (ResourceKind::Account, _) if text == "me" => Some(text.to_owned()),
        _ => is_uuid(text).then(|| text.to_ascii_lowercase()),
    }
}

/// The parts of `{A}{B}{C}`; `None` when it is not in that form.
fn braces(text: &str) -> Option<Vec<&str>> {
    let inner = text.strip_prefix('{')?.strip_suffix('}')?;
    Some(inner.split("}{").collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hierarchies() {
        assert_eq!(braces("{me}{My Product}{DG}"), Some(vec!["me", "My Product", "DG"]));
        assert_eq!(braces("{one}"), Some(vec!["one"]));
        assert_eq!(braces("one"), None);
        assert_eq!(braces("{one"), None);
    }

    #[test]
    fn the_capitals_of_an_id_do_not_count() {
        let id = "4e264cef-3316-cdfa-7f39-7a5d458994b3";
        for (thing, text, expected) in [
            (ResourceKind::DeviceGroup, id, Some(id)),
            (ResourceKind::DeviceGroup, &id.to_uppercase(), Some(id)),
            (ResourceKind::Account, "me", Some("me")),
            (ResourceKind::Account, "ME", None),
            (ResourceKind::Device, "5000D8C46A56CFCA", Some("5000d8c46a56cfca")),
            (ResourceKind::Device, "0C:2A:69:05:0D:62", Some("0c:2a:69:05:0d:62")),
            (ResourceKind::Device, "wwK6DYEN2mx7", Some("wwK6DYEN2mx7")),
            (ResourceKind::Device, "Kitchen", None),
        ] {
            assert_eq!(as_id(thing, text).as_deref(), expected, "{thing:?} {text}");
        }
    }
}
