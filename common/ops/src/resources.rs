//! Making and changing products, device groups, webhooks and deployments: one request each.

use api::{Request, resource, segment};
use cli::Session;
use model::{Record, ResourceKind};
use pipe::Failure;
use serde_json::json;

/// Makes a thing; `type_name` is its specific type.
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
    let body = resource::create_body(type_name, attributes, relationships);
    session.create(&Request::post(kind.path()).body(body))
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
