//! Products and device groups in which nothing may be changed.

use std::collections::HashSet;

use api::resolve::Resolver;
use api::{Client, Error, Request, segment};
use model::{Effect, ErrorKind, Record, ResourceKind};

use super::affected::{Affected, affected, affected_by};
use super::refused;
use crate::session::text;

/// The entries of a list: `{me}{Ovens}{Shipped},Other`. A comma within braces belongs to a name.
pub(crate) fn entries(list: &str) -> Vec<String> {
    let mut depth = 0_i32;
    let parts = list.split(|character| {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        character == ',' && depth <= 0
    });
    parts.map(str::trim).filter(|entry| !entry.is_empty()).map(str::to_owned).collect()
}

/// What is protected, by id.
pub(super) struct Protected {
    products: HashSet<String>,
    groups: HashSet<String>,
    client: Client,
}

impl Protected {
    /// Looks up what the entries name: each a product or a device group, or both.
    ///
    /// # Errors
    /// For an entry that names nothing, and when the service cannot tell: then nothing may be changed.
    pub fn look_up(
        entries: &[String],
        resolver: &Resolver,
        client: &Client,
    ) -> Result<Self, Error> {
        let mut protected =
            Protected { products: HashSet::new(), groups: HashSet::new(), client: client.clone() };
        for entry in entries {
            let mut is_known = false;
            for kind in [ResourceKind::Product, ResourceKind::DeviceGroup] {
                let found = match resolver.some(kind, entry) {
                    Ok(found) => found,
                    Err(error) if ends_search(&error) => continue,
                    Err(error) => return Err(error),
                };
                is_known = true;
                let ids = found.iter().map(|record| text(record, "id").to_owned());
                match kind {
                    ResourceKind::Product => protected.products.extend(ids),
                    _ => protected.groups.extend(ids),
                }
            }
            if !is_known {
                return Err(refused(
                    &format!(
                        "IMP_PROTECT names `{}`, which is not there",
                        model::text::one_line(entry)
                    ),
                    "so it is not known what must not be changed, and nothing was",
                ));
            }
        }
        Ok(protected)
    }

    /// Whether nothing may be changed in the group.
    pub fn has_group(&self, id: &str, product: Option<&str>) -> bool {
        self.groups.contains(id) || product.is_some_and(|product| self.products.contains(product))
    }

    /// The same, also where it is not known of which product the group is.
    ///
    /// # Errors
    /// When the service does not tell.
    pub fn group(&self, id: &str, product: Option<&str>) -> Result<bool, Error> {
        match product {
            Some(_) => Ok(self.has_group(id, product)),
            None => self.has(&Affected { kind: ResourceKind::DeviceGroup, id: id.to_owned() }),
        }
    }

    /// Refuses a request that changes something protected, or nobody knows what.
    pub fn check(&self, request: &Request) -> Result<(), Error> {
        let Some(all) = affected(request) else { return Err(unknown()) };
        for one in all {
            if self.has(&one)? {
                return Err(failure());
            }
        }
        Ok(())
    }

    /// Refuses changes that are planned of something protected.
    pub fn foresee(&self, effects: &[Effect]) -> Result<(), Error> {
        for one in affected_by(effects) {
            if self.has(&one)? {
                return Err(failure());
            }
        }
        Ok(())
    }

    fn has(&self, one: &Affected) -> Result<bool, Error> {
        match one.kind {
            ResourceKind::Product => Ok(self.products.contains(&one.id)),
            ResourceKind::DeviceGroup if self.groups.contains(&one.id) => Ok(true),
            ResourceKind::DeviceGroup if self.products.is_empty() => Ok(false),
            _ => {
                let record = self.record(one)?;
                let (group, product) =
                    (text(&record, "devicegroup_id"), text(&record, "product_id"));
                if self.has_group(group, Some(product)) {
                    return Ok(true);
                }
                // Not every record of what is in a group says of which product the group is.
                let is_open = product.is_empty() && !group.is_empty();
                let group = Affected { kind: ResourceKind::DeviceGroup, id: group.to_owned() };
                if is_open { self.has(&group) } else { Ok(false) }
            }
        }
    }

    /// The thing as it is now. One that is not there is in no group.
    fn record(&self, one: &Affected) -> Result<Record, Error> {
        let path = format!("{}/{}", one.kind.path(), segment(&one.id));
        match self.client.send(&Request::get(path)) {
            Ok(answer) => answer.record(),
            Err(error) if error.kind == ErrorKind::NotFound => Ok(Record::new()),
            Err(error) => Err(error),
        }
    }
}

fn ends_search(error: &Error) -> bool {
    // `{A}{B}` may be a group of a product, or a product of an account; and so on.
    matches!(error.kind, ErrorKind::NotFound | ErrorKind::BadInput)
}

/// A row in something that is protected.
pub(super) fn failure() -> Error {
    refused(
        "It is in a product or device group that is protected",
        "nothing was sent; IMP_PROTECT, or `protect` in the sign-in file, says what is protected",
    )
}

/// It cannot be told whether something is protected.
pub(super) fn unknown() -> Error {
    refused(
        "It is not known in which product or device group this changes something",
        "nothing was sent, because some are protected",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_within_braces_belong_to_names() {
        assert_eq!(
            entries("{me}{Ovens, big}{Shipped},Other , ,"),
            ["{me}{Ovens, big}{Shipped}", "Other"]
        );
        assert!(entries("").is_empty());
    }
}
