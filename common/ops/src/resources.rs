//! Making and changing products, device groups, webhooks and deployments: one request each.

use api::{Request, resource, segment};
use cli::Session;
use cli::rows::change::is_so;
use model::{Record, ResourceKind};
use pipe::Failure;
use serde_json::json;

/// Makes a thing; `type_name` is its specific type. A run that goes on looks first whether it has made it
/// already, where that was under way.
///
/// # Errors
/// As [`Session::create`].
pub fn create(
    session: &Session,
    kind: ResourceKind,
    type_name: &str,
    attributes: Record,
    relationships: Record,
) -> Result<Record, Failure> {
    if let Some(made) = made_before(session, kind, type_name, &attributes, &relationships)? {
        return Ok(made);
    }
    let body = resource::create_body(type_name, attributes, relationships);
    session.create(&Request::post(kind.path()).body(body))
}

/// What a run made before it was interrupted: a thing with the same attributes at the same place.
fn made_before(
    session: &Session,
    kind: ResourceKind,
    type_name: &str,
    attributes: &Record,
    relationships: &Record,
) -> Result<Option<Record>, Failure> {
    let related = |name: &str| relationships.get(name).and_then(|one| one["id"].as_str());
    let places = ["devicegroup", "product"];
    let place = places.iter().find_map(|name| Some((format!("filter[{name}.id]"), related(name)?)));
    let filters: Vec<(&str, &str)> = place.iter().map(|(name, id)| (name.as_str(), *id)).collect();
    let is_same = |thing: &Record| {
        let is_of_owner =
            related("owner").is_none_or(|owner| cli::text(thing, "owner_id") == owner);
        is_of_owner && cli::text(thing, "type") == type_name && is_so(thing, attributes)
    };
    session.made_before(kind.path(), &filters, is_same)
}

/// Gives the thing of `present`, its state, other attributes and relationships. Gives what is known of it then.
///
/// # Errors
/// As [`Session::send`].
pub fn update(
    session: &Session,
    kind: ResourceKind,
    present: &Record,
    attributes: Record,
    relationships: Record,
) -> Result<Record, Failure> {
    let (type_name, id) = (cli::text(present, "type"), cli::text(present, "id"));
    let body = resource::update_body(type_name, id, attributes, relationships);
    Ok(session.send(&Request::patch(path(kind, id)).body(body))?.record_if_any())
}

/// Raises the minimum supported deployment of a group.
///
/// # Errors
/// As [`Session::send`].
pub fn set_minimum(session: &Session, group: &str, deployment: &str) -> Result<(), Failure> {
    let body = json!({"data": resource::identifier("deployment", deployment)});
    let path = format!(
        "{}/relationships/min_supported_deployment",
        path(ResourceKind::DeviceGroup, group)
    );
    session.send(&Request::put(path).body(body)).map(drop)
}

/// The path of one thing.
pub fn path(kind: ResourceKind, id: &str) -> String {
    format!("{}/{}", kind.path(), segment(id))
}
