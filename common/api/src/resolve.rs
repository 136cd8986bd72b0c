//! From what a person types to the one thing that is meant: ids, names, `{ACCOUNT}{PRODUCT}{GROUP}`.
//!
//! The id first, then the name, as `impt` does it; but a list is read only once a run, an id is asked
//! for only when the text can be one, and nothing typed ever becomes part of a path unescaped. More than
//! one match is an error that names the candidates. A deployment has no name: its sha, a tag, or its
//! origin names it, in this order. Last comes the beginning of an id, as tables on a terminal show it.

mod trouble;

use model::identifier::{Shape, is_uuid, shape};
use model::{ErrorKind, Record};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use serde_json::Value;

use self::trouble::{ambiguous, not_found, too_many_parts};
use crate::list::{self, Reading};
use crate::request::{Answer, Request, segment};
use crate::{Client, Error, SeenIds, deployments, devices};
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
    simulated::once(&cell, look_up).clone()
}

impl Resolver {
    /// A resolver that reads lists with `jobs` pages under way.
    pub fn new(client: &Client, jobs: usize) -> Self {
        Resolver { client: client.clone(), jobs, found: Mutex::default(), lists: Mutex::default() }
    }

    /// The one thing that `text` means.
    ///
    /// # Errors
    /// Kind `not_found`, `ambiguous`, or as [`Client::send`].
    pub fn one(&self, kind: ResourceKind, text: &str) -> Result<Record, Error> {
        let all = self.all(kind, text)?;
        match all.as_slice() {
            [one] => Ok(one.clone()),
            [] => Err(not_found(kind, text)),
            several => Err(self.ambiguous(kind, text, several)),
        }
    }

    fn ambiguous(&self, kind: ResourceKind, text: &str, several: &[Record]) -> Error {
        ambiguous(kind, text, several, |id| self.name_of(ResourceKind::Product, id))
    }

    /// All things that `text` may mean, for the filters of a list; never empty.
    ///
    /// # Errors
    /// Kind `not_found`, or as [`Client::send`].
    pub fn some(&self, kind: ResourceKind, text: &str) -> Result<Arc<Vec<Record>>, Error> {
        let all = self.all(kind, text)?;
        if all.is_empty() { Err(not_found(kind, text)) } else { Ok(all) }
    }

    /// Sends a request about one device, whatever its identifier is. `is_name`: it is known to be a name.
    ///
    /// # Errors
    /// As [`Client::send`] and [`Resolver::one`].
    pub fn with_device(
        &self,
        text: &str,
        is_name: bool,
        request: impl Fn(String) -> Request,
    ) -> Result<Answer, Error> {
        let ask = |id: &str| self.client.send(&request(format!("/devices/{}", segment(id))));
        if !is_name && !shape(text).is_name() {
            match ask(text) {
                Err(error) if may_be_a_name(ResourceKind::Device, text, &error) => {}
                answered => return answered,
            }
        }
        ask(text_of(&self.one(ResourceKind::Device, text)?, "id"))
    }

    /// The one thing that was found for `text` before; asks nobody.
    pub fn found_before(&self, kind: ResourceKind, text: &str) -> Option<Record> {
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        match found.get(&(kind, text.to_owned()))?.get()?.as_ref().ok()?.as_slice() {
            [one] => Some(one.clone()),
            _ => None,
        }
    }

    /// Forgets what was found of a kind, after one has been created.
    pub fn forget(&self, kind: ResourceKind) {
        self.found.lock().unwrap_or_else(PoisonError::into_inner).retain(|(of, _), _| *of != kind);
        self.lists.lock().unwrap_or_else(PoisonError::into_inner).retain(|(of, _), _| *of != kind);
    }

    /// The name of a thing of which only the id is known, for tables and logs. One list is read for all of
    /// them, but for devices, of which there may be many more than are asked for.
    pub fn name_of(&self, kind: ResourceKind, id: &str) -> Option<String> {
        let name = |record: &Record| {
            Some(text_of(record, "name").to_owned()).filter(|name| !name.is_empty())
        };
        if kind == ResourceKind::Device {
            return name(&self.one(kind, id).ok()?);
        }
        let list = self.list(kind, None).ok()?;
        match list.iter().find(|record| text_of(record, "id") == id) {
            Some(record) => name(record),
            // One that the list leaves out, a colleague's perhaps.
            None => name(&self.one(kind, id).ok()?),
        }
    }

    /// What `text` means, by its parts in braces; looked up once a run.
    fn all(&self, kind: ResourceKind, text: &str) -> Result<Arc<Vec<Record>>, Error> {
        once(&self.found, (kind, text.to_owned()), || {
            let parts = braces(text);
            match (kind, parts.as_deref()) {
                (_, None) => self.by_id_or_name(kind, text),
                (_, Some([name])) => self.by_id_or_name(kind, name),
                (ResourceKind::Product, Some([owner, name])) => {
                    self.within(kind, ResourceKind::Account, owner, name)
                }
                (ResourceKind::DeviceGroup, Some([product, name])) => {
                    self.within(kind, ResourceKind::Product, product, name)
                }
                (ResourceKind::DeviceGroup, Some([owner, product, name])) => self.within(
                    kind,
                    ResourceKind::Product,
                    &format!("{{{owner}}}{{{product}}}"),
                    name,
                ),
                _ => Err(too_many_parts(kind, text)),
            }
            .map(Arc::new)
        })
    }

    fn by_id_or_name(&self, kind: ResourceKind, text: &str) -> Result<Vec<Record>, Error> {
        if let Some(id) = as_id(kind, text) {
            match self.client.send(&Request::get(format!("{}/{}", kind.path(), segment(&id)))) {
                Ok(answer) => return Ok(vec![answer.record()?]),
                Err(error) if may_be_a_name(kind, text, &error) => {}
                Err(error) if error.kind == ErrorKind::NotFound => return Ok(Vec::new()),
                Err(error) => return Err(error),
            }
        }
        if kind == ResourceKind::Deployment {
            let found = deployments::by_sha_or_tag(&self.client, text, self.jobs)?;
            if !found.is_empty() {
                return Ok(found);
            }
        }
        let list = self.list(kind, None)?;
        let that = |fits: &dyn Fn(&Record) -> bool| -> Vec<Record> {
            list.iter().filter(|record| fits(record)).cloned().collect()
        };
        let called = that(&|record| is_called(kind, record, text));
        if !called.is_empty() || !may_be_shortened(kind, text) {
            return Ok(called);
        }
        let begun = that(&|record| begins_with(record, &text.to_ascii_lowercase()));
        // Other than things of one name, these have nothing in common: no filter wants them all.
        if begun.len() > 1 { Err(self.ambiguous(kind, text, &begun)) } else { Ok(begun) }
    }

    /// Things called `name` that belong to `container`.
    fn within(
        &self,
        kind: ResourceKind,
        container: ResourceKind,
        owner: &str,
        name: &str,
    ) -> Result<Vec<Record>, Error> {
        let owner = self.one(container, owner)?;
        let id = text_of(&owner, "id").to_owned();
        let all = self.list(kind, Some(id))?;
        Ok(all
            .iter()
            .filter(|record| {
                text_of(record, "id").eq_ignore_ascii_case(name) || is_called(kind, record, name)
            })
            .cloned()
            .collect())
    }

    /// The list of a kind, read once; `of` is the owner of products or the product of groups.
    fn list(&self, kind: ResourceKind, of: Option<String>) -> Result<Arc<Vec<Record>>, Error> {
        once(&self.lists, (kind, of.clone()), || {
            let filter = if kind == ResourceKind::Product {
                "filter[owner.id]"
            } else {
                "filter[product.id]"
            };
            let filters: Vec<_> = of.map(|id| (filter.to_owned(), id)).into_iter().collect();
            match kind {
                ResourceKind::Device => return self.device_names().map(Arc::new),
                ResourceKind::Deployment => return self.deployments().map(Arc::new),
                _ => {}
            }
            list::collect(&self.client, kind.path(), &filters, self.jobs).map(Arc::new)
        })
    }

    /// Devices with a name, and of each no more than it takes to tell it from others.
    fn device_names(&self) -> Result<Vec<Record>, Error> {
        let mut named = Vec::new();
        let reading = Reading::whole(self.jobs);
        let _all =
            devices::list(&self.client, &[], &reading, &mut SeenIds::default(), |mut device| {
                if device.get("name").is_some_and(Value::is_string) {
                    device.retain(|name| {
                        ["type", "id", "name", "mac_address", "devicegroup_id", "devicegroup_type"]
                            .contains(&name)
                    });
                    named.push(device);
                }
                std::ops::ControlFlow::Continue(())
            })?;
        Ok(named)
    }

    /// Deployments without their programs.
    fn deployments(&self) -> Result<Vec<Record>, Error> {
        let mut all = Vec::new();
        let reading = Reading::whole(self.jobs);
        let path = ResourceKind::Deployment.path();
        let _all =
            list::list(&self.client, path, &[], &reading, &mut SeenIds::default(), |deployment| {
                all.push(deployments::without_code(deployment));
                std::ops::ControlFlow::Continue(())
            })?;
        Ok(all)
    }
}

fn text_of<'a>(record: &'a Record, name: &str) -> &'a str {
    record.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn is_called(kind: ResourceKind, record: &Record, text: &str) -> bool {
    let names: &[&str] = match kind {
        ResourceKind::Account => &["email", "username"],
        ResourceKind::Deployment => &["origin"],
        _ => &["name"],
    };
    names.iter().any(|name| record.get(name).and_then(Value::as_str) == Some(text))
}

/// Whether the text may be the beginning of an id (or of a sha) as a table shows it: eight characters or
/// more, and not all. Ids of devices and login keys are shown whole.
pub fn may_be_shortened(kind: ResourceKind, text: &str) -> bool {
    let is_in_place = |(place, byte): (usize, u8)| match place {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    let is_sha = || text.len() < 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_id = || text.len() < 36 && text.bytes().enumerate().all(is_in_place);
    match kind {
        ResourceKind::Device | ResourceKind::LoginKey => false,
        ResourceKind::Deployment => text.len() >= 8 && (is_id() || is_sha()),
        _ => text.len() >= 8 && is_id(),
    }
}

fn begins_with(record: &Record, text: &str) -> bool {
    ["id", "sha"].iter().any(|name| text_of(record, name).starts_with(text))
}

/// Whether what was not found as an id may still be a name.
fn may_be_a_name(kind: ResourceKind, text: &str, error: &Error) -> bool {
    let is_possible = kind != ResourceKind::Device || shape(text).may_be_a_name_when_not_found();
    error.kind == ErrorKind::NotFound && is_possible
}

/// The text as the id that it may be, in the service's spelling: hex digits mean the same in either case.
fn as_id(kind: ResourceKind, text: &str) -> Option<String> {
    match (kind, shape(text)) {
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
    fn only_the_beginning_of_an_id_is_shortened() {
        let group = |text| may_be_shortened(ResourceKind::DeviceGroup, text);
        for text in ["4e264cef", "4E264CEF-3", "4e264cef-3316-cdfa-7f39-7a5d458994b"] {
            assert!(group(text), "{text}");
        }
        let whole = "4e264cef-3316-cdfa-7f39-7a5d458994b3";
        for text in ["4e264ce", "4e264cefa", "4e264cex", whole, "Ovens and so", ""] {
            assert!(!group(text), "{text}");
        }
        assert!(may_be_shortened(ResourceKind::Deployment, "0123456789ab"), "a sha");
        assert!(!may_be_shortened(ResourceKind::Device, "5000d8c4"));
        assert!(!may_be_shortened(ResourceKind::LoginKey, "7d8e6670"));
    }

    #[test]
    fn the_capitals_of_an_id_do_not_count() {
        let id = "4e264cef-3316-cdfa-7f39-7a5d458994b3";
        for (kind, text, expected) in [
            (ResourceKind::DeviceGroup, id, Some(id)),
            (ResourceKind::DeviceGroup, &id.to_uppercase(), Some(id)),
            (ResourceKind::Account, "me", Some("me")),
            (ResourceKind::Account, "ME", None),
            (ResourceKind::Device, "5000D8C46A56CFCA", Some("5000d8c46a56cfca")),
            (ResourceKind::Device, "0C:2A:69:05:0D:62", Some("0c:2a:69:05:0d:62")),
            (ResourceKind::Device, "wwK6DYEN2mx7", Some("wwK6DYEN2mx7")),
            (ResourceKind::Device, "Kitchen", None),
        ] {
            assert_eq!(as_id(kind, text).as_deref(), expected, "{kind:?} {text}");
        }
    }
}
