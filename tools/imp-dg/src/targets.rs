//! The targets of fixture groups: two groups of the fixture group's own zone and product (imp-service(7),
//! section 7.2), so a name is looked for there first, and what the service would refuse is known before
//! anything is made.

use cli::Session;
use model::identifier::is_uuid;
use model::{ErrorKind, GroupType, Record, ResourceKind};
use pipe::Failure;

/// The group that `text` means, first of those of `product`, an id; empty when it is still to be made.
/// `None` when there is none and one of this name can be made: a name that only other products have is free.
///
/// # Errors
/// As [`Session::find`]; `not_found` where no group can be made for the text.
pub fn find(
    session: &Session,
    product: &str,
    text: &str,
    can_make: bool,
) -> Result<Option<Record>, Failure> {
    let is_exact = text.starts_with('{') || is_uuid(text);
    if !is_exact && !product.is_empty() {
        match session.find(ResourceKind::DeviceGroup, &format!("{{{product}}}{{{text}}}")) {
            Err(failure) if failure.kind == ErrorKind::NotFound => {}
            found => return found.map(Some),
        }
    }
    if can_make && !is_exact {
        return Ok(None);
    }
    session.find(ResourceKind::DeviceGroup, text).map(Some)
}

/// Whether a group can be the target of this type, `wanted`, of a fixture group in `product`.
///
/// # Errors
/// `refused`, as by the service, when it is of another type or in another product.
pub fn check(group: &Record, wanted: GroupType, product: &str) -> Result<(), Failure> {
    let no =
        |title: String, detail: String| Err(Failure::new(ErrorKind::Refused, title).detail(detail));
    let (kind, name, id) =
        (cli::text(group, "type"), cli::text(group, "name"), cli::text(group, "id"));
    if kind != wanted.api_name() {
        return no(
            format!("The group {name} cannot be this target"),
            format!("{id} is a {kind}, and it should be a {}", wanted.api_name()),
        );
    }
    let own = cli::text(group, "product_id");
    if !own.is_empty() && own != product {
        return no(
            format!("The group {name} is in another product"),
            format!("{id} is in {own}; targets are in the product of their fixture group"),
        );
    }
    Ok(())
}
