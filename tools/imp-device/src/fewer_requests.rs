//! Which way to devices that rows name takes fewer requests.

use api::Error;
use cli::Session;
use model::identifier::shape;
use ops::membership::account_list_is_less;

/// Whether the list of the account takes fewer requests than one for each of these devices. What is a name, or may be
/// one, is only in the list.
///
/// # Errors
/// As [`account_list_is_less`].
pub fn list_is_less<'a>(
    session: &Session,
    mut devices: impl ExactSizeIterator<Item = &'a str>,
) -> Result<bool, Error> {
    let number = devices.len();
    let may_be_name =
        |device: &str| shape(device).is_name() || shape(device).may_be_a_name_when_not_found();
    if devices.any(may_be_name) { Ok(true) } else { account_list_is_less(&session.client, number) }
}
