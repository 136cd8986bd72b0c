//! What a request changes, told from its method, path and body alone.

use api::Method;
use api::Request;
use model::change::PLANNED;
use model::{Effect, Record, ResourceKind};

use crate::session::text;

/// A thing that a request changes, or in which it makes something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Affected {
    pub kind: ResourceKind,
    pub id: String,
}

impl Affected {
    fn new(kind: ResourceKind, id: &str) -> Self {
        Affected { kind, id: id.to_owned() }
    }
}

/// What is changed by the request; `None` when that is not known. Things of the account itself, such as login
/// keys and new products, are in no product.
pub(super) fn affected(request: &Request) -> Option<Vec<Affected>> {
    let path = request.path.trim_start_matches('/');
    let parts: Vec<&str> = path.split('/').collect();
    let within = |name: &str, kind| {
        let id = request.body.as_ref()?["data"]["relationships"][name]["id"].as_str()?;
        Some(vec![Affected::new(kind, id)])
    };
    let made = request.method == Method::Post;
    match parts.as_slice() {
        ["accounts", ..] => Some(Vec::new()),
        ["products"] if made => Some(Vec::new()),
        ["devicegroups"] if made => within("product", ResourceKind::Product),
        ["deployments" | "webhooks"] if made => within("devicegroup", ResourceKind::DeviceGroup),
        ["devicegroups", group, "relationships", "devices"] => {
            // The groups that the devices come from were looked at when they were located.
            Some(vec![Affected::new(ResourceKind::DeviceGroup, group)])
        }
        [collection, id, ..] => {
            let kind = ResourceKind::ALL.into_iter().find(|kind| {
                !kind.is_secret() && kind.path().trim_start_matches('/') == *collection
            })?;
            Some(vec![Affected::new(kind, id)])
        }
        _ => None,
    }
}

/// What is changed by changes that are planned, each once. What is still to be made is in nothing that there is.
pub(super) fn affected_by(effects: &[Effect]) -> Vec<Affected> {
    let mut all: Vec<Affected> = Vec::new();
    for one in effects.iter().flat_map(affected_by_one) {
        let is_there = !one.id.is_empty() && !one.id.starts_with(PLANNED);
        if is_there && !all.contains(&one) {
            all.push(one);
        }
    }
    all
}

fn affected_by_one(effect: &Effect) -> Vec<Affected> {
    let kind = ResourceKind::of_type(&effect.kind).filter(|kind| !kind.is_secret());
    let of_side = |side: &Option<Record>, name: &str| {
        side.as_ref().map_or(String::new(), |side| text(side, name).to_owned())
    };
    let within = |kind, name: &str| {
        let sides = [&effect.before, &effect.after];
        sides.map(|side| Affected { kind, id: of_side(side, name) }).to_vec()
    };
    let is_in_group = [&effect.before, &effect.after]
        .iter()
        .any(|side| side.as_ref().is_some_and(|side| side.contains_key("devicegroup_id")));
    match kind {
        None | Some(ResourceKind::Account) => Vec::new(),
        Some(_) if is_in_group => within(ResourceKind::DeviceGroup, "devicegroup_id"),
        Some(ResourceKind::DeviceGroup) if effect.before.is_none() => {
            within(ResourceKind::Product, "product_id")
        }
        Some(_) if effect.before.is_none() => Vec::new(),
        Some(kind) => vec![Affected::new(kind, &effect.id)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::resource;

    #[test]
    fn each_request_that_changes_something_tells_what() {
        let told = |request: Request| {
            let all = affected(&request)?.into_iter();
            Some(all.map(|one| format!("{} {}", one.kind.noun(), one.id)).collect::<Vec<_>>())
        };
        let of = |name: &str| {
            resource::create_body(
                "t",
                Record::new(),
                Record::from_iter([(name.to_owned(), resource::identifier("t", "x"))]),
            )
        };
        for (request, expected) in [
            (Request::patch("/devices/d"), &["device d"][..]),
            (Request::post("/devices/d/restart"), &["device d"]),
            (Request::post("/devicegroups/g/conditional_restart"), &["device group g"]),
            (Request::delete("/products/p"), &["product p"]),
            (Request::post("/products"), &[]),
            (Request::post("/accounts/me/login_keys"), &[]),
            (Request::post("/devicegroups").body(of("product")), &["product x"]),
            (Request::post("/deployments").body(of("devicegroup")), &["device group x"]),
            (Request::delete("/webhooks/w"), &["webhook w"]),
            (Request::post("/devicegroups/g/relationships/devices"), &["device group g"]),
            (Request::delete("/devicegroups/g/relationships/devices"), &["device group g"]),
            (
                Request::put("/devicegroups/g/relationships/min_supported_deployment"),
                &["device group g"],
            ),
        ] {
            let shown = format!("{} {}", request.method.word(), request.path);
            assert_eq!(told(request).unwrap(), expected, "{shown}");
        }
        assert_eq!(told(Request::post("/deployments")), None, "no group, so nobody knows");
        assert_eq!(told(Request::post("/unheard_of")), None);
    }
}
