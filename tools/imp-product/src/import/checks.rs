//! What of a file cannot be made: decisions about its records, no requests.
//!
//! Careful about what is only unusual: what nobody knows to be refused is left to the service. And about a file
//! that lacks a whole column: its records are not taken for others that need none.

mod fields;

use std::collections::HashMap;

use cli::text;
use model::change::{CURRENT, MINIMUM};
use model::{GroupType, Record, ResourceKind};

use super::file::{called, kind_of};

/// The fields with the targets of a fixture group, in the order of [`GroupType::targets`].
const TARGETS: [&str; 2] = ["production_target_id", "dut_target_id"];

/// The records that cannot be made, with the reason.
pub fn faults(things: &[Record]) -> Vec<(&Record, String)> {
    let file = Together::of(things);
    let found = |thing| {
        let mut why = fields::faults(thing);
        why.extend(file.relations(thing));
        why.extend(file.same_name(thing));
        why.extend(file.builds_of_group(thing));
        (!why.is_empty()).then(|| (thing, why.join("; ")))
    };
    things.iter().filter_map(found).collect()
}

/// The first record that tells by a name alone what it belongs to. Two groups may have one name.
pub fn told_by_name(things: &[Record]) -> Option<(&Record, String)> {
    let by_name = |thing: &Record| {
        let places: &[&str] = match kind_of(thing)? {
            ResourceKind::DeviceGroup => &["product_id", TARGETS[0], TARGETS[1]],
            ResourceKind::Deployment | ResourceKind::Webhook => &["devicegroup_id"],
            _ => &[],
        };
        places.iter().find_map(|place| {
            let name = place.replace("_id", "_name");
            let is_it = text(thing, place).is_empty() && !text(thing, &name).is_empty();
            is_it.then(|| {
                format!(
                    "it has {name} in place of {place}: `-z excel` prints for people, import what \
                     `-z csv` or `-z ndjson` prints"
                )
            })
        })
    };
    things.iter().find_map(|thing| Some((thing, by_name(thing)?)))
}

/// The records of a file, by what others call them.
struct Together<'a> {
    by_id: HashMap<&'a str, &'a Record>,
    /// The last thing of a name: a product, or a group of a product.
    named: HashMap<[&'a str; 2], &'a Record>,
    /// The newest build of each group.
    newest: HashMap<&'a str, &'a str>,
}

impl<'a> Together<'a> {
    fn of(things: &'a [Record]) -> Together<'a> {
        let of = |kind| things.iter().filter(move |thing| kind_of(thing) == Some(kind));
        let named = of(ResourceKind::Product).chain(of(ResourceKind::DeviceGroup));
        let builds = of(ResourceKind::Deployment);
        Together {
            by_id: things.iter().map(|thing| (text(thing, "id"), thing)).collect(),
            named: named.map(|thing| (place_and_name(thing), thing)).collect(),
            newest: builds
                .map(|build| (text(build, "devicegroup_id"), text(build, "id")))
                .collect(),
        }
    }

    /// Why a thing cannot be put where it belongs.
    fn relations(&self, thing: &Record) -> Vec<String> {
        let is = |kind| move |other: &Record| kind_of(other) == Some(kind);
        match kind_of(thing) {
            Some(ResourceKind::DeviceGroup) => {
                let product =
                    self.needed(thing, "product_id", "product", is(ResourceKind::Product));
                product.into_iter().chain(self.targets(thing)).collect()
            }
            Some(ResourceKind::Deployment | ResourceKind::Webhook) => {
                let is_group = is(ResourceKind::DeviceGroup);
                self.needed(thing, "devicegroup_id", "device group", is_group).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    /// Fixture groups need both targets, of their own zone and product; no other group may have any
    /// (imp-service(7), section 7.2).
    fn targets(&self, group: &Record) -> Vec<String> {
        let Some((production, dut)) =
            GroupType::of_api(text(group, "type")).and_then(GroupType::targets)
        else {
            let named = TARGETS.into_iter().filter(|place| !text(group, place).is_empty());
            return named.map(|place| format!("only fixture groups have a {place}")).collect();
        };
        let fault = |(place, kind): (&str, GroupType)| {
            let wanted = format!("{} group", kind.name());
            let is_it = |other: &Record| text(other, "type") == kind.api_name();
            self.needed(group, place, &wanted, is_it).or_else(|| {
                let target = text(group, place);
                let [here, there] = [Some(&group), self.by_id.get(target)]
                    .map(|group| group.map_or("", |group| text(group, "product_id")));
                // A product that is missing is told as that.
                let is_other = here != there && !here.is_empty() && !there.is_empty();
                is_other.then(|| format!("its {place} is {target}, a group of another product"))
            })
        };
        TARGETS.into_iter().zip([production, dut]).filter_map(fault).collect()
    }

    /// Why the thing that a field has to name is not there, or not of the kind that is `wanted`.
    fn needed(
        &self,
        thing: &Record,
        place: &str,
        wanted: &str,
        is_it: impl Fn(&Record) -> bool,
    ) -> Option<String> {
        let named = text(thing, place);
        if named.is_empty() {
            return Some(format!("its {place} is missing"));
        }
        match self.by_id.get(named) {
            None => Some(format!("its {place} is {named}, which is not in the input")),
            Some(other) if is_it(other) => None,
            Some(other) => {
                let other = called(other);
                Some(format!("its {place} is {named}, which is {other}, and should be a {wanted}"))
            }
        }
    }

    /// Names are unique among all products, and among the groups of a product (imp-service(7), section 2.5).
    fn same_name(&self, thing: &Record) -> Option<String> {
        let [place, name] = place_and_name(thing);
        let other = self.named.get(&[place, name]).filter(|_| !name.is_empty())?;
        let [id, other] = [thing, other].map(|thing| text(thing, "id"));
        match kind_of(thing)? {
            _ if id == other => None,
            ResourceKind::Product => Some(format!(
                "two products in the input are called `{name}`: choose one with --product {id} or \
                 --product {other}"
            )),
            ResourceKind::DeviceGroup => {
                Some(format!("another group of its product has that name too, {other}"))
            }
            _ => None,
        }
    }

    /// Why a group would not have the current build and the minimum that it has in the input, if the builds are
    /// made in the order of the records.
    fn builds_of_group(&self, group: &Record) -> Option<String> {
        if kind_of(group) != Some(ResourceKind::DeviceGroup) {
            return None;
        }
        let (id, current, minimum) =
            (text(group, "id"), text(group, CURRENT), text(group, MINIMUM));
        // The group that a build does not tell is missing there.
        let group_of = |build| self.by_id.get(build).map(|build| text(build, "devicegroup_id"));
        match group_of(minimum).filter(|_| !minimum.is_empty()) {
            None if !minimum.is_empty() => {
                return Some(format!("its {MINIMUM} is {minimum}, which is not in the input"));
            }
            Some(other) if !["", id].contains(&other) => {
                let other = "which is a build of another device group";
                return Some(format!("its {MINIMUM} is {minimum}, {other}"));
            }
            _ => {}
        }
        let is_newest = self.newest.get(id) == Some(&current) || group_of(current) == Some("");
        (!current.is_empty() && !is_newest).then(|| {
            format!("its {CURRENT} is {current}, which is not its newest build in the input")
        })
    }
}

/// The product of a group, nothing for a product, and its name.
fn place_and_name(thing: &Record) -> [&str; 2] {
    ["product_id", "name"].map(|field| text(thing, field))
}
