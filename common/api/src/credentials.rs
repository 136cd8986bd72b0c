//! What the client needs of a sign-in; crate `auth` is the one that has it.

use crate::Error;
use model::Secret;

/// An access token as it goes into the `Authorization` header.
pub type AccessToken = Secret;

/// Gives tokens. Implemented by crate `auth`, and by tests.
pub trait Credentials: Send + Sync {
    /// The token to send now; renews it first when it is about to end.
    ///
    /// # Errors
    /// Of kind `not_signed_in` when there is none and none can be had, or whatever stopped the renewal.
    fn token(&self) -> Result<AccessToken, Error>;

    /// The service answered 401 to `refused`: gives another token, either one that somebody else has
    /// stored meanwhile or a renewed one.
    ///
    /// # Errors
    /// Of kind `not_signed_in` when no other token can be had.
    fn renewed(&self, refused: &AccessToken) -> Result<AccessToken, Error>;

    /// The service took `token`: if it refuses it later, it has ended.
    fn accepted(&self, _token: &AccessToken) {}
}
