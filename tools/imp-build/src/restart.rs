//! The restart of the devices of a group that has got a build.

use api::{Request, segment};
use cli::Session;
use pipe::Failure;

/// Restarts them; `conditional`: newer ones in their own time.
///
/// # Errors
/// As [`Session::send`].
pub fn restart(session: &Session, group: &str, conditional: bool) -> Result<(), Failure> {
    let action = if conditional { "conditional_restart" } else { "restart" };
    let path = format!("/devicegroups/{}/{action}", segment(group));
    session.send(&Request::post(path)).map(|_| ())
}
