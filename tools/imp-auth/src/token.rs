//! `imp-auth token`: the refresh tokens of the account, one for each sign-in with a password.
//!
//! Whether the id of a refresh token is the token itself is not known (imp-service(7), section 3.6), so it is
//! treated as one: it stands in the records, and nowhere else.

mod delete;
mod list;

use clap::Subcommand;
use cli::Deferred;

/// List and revoke refresh tokens: who is signed in
///
/// Each sign-in with a password has one, five at most; a sixth ends one of the others.
#[derive(Subcommand)]
pub enum Token {
    /// List the account's refresh tokens
    List(Deferred<list::List>),
    /// Revoke refresh tokens
    #[command(visible_alias = "revoke")]
    Delete(Deferred<delete::Delete>),
}

impl Token {
    pub fn run(&self) -> cli::Result {
        match self {
            Token::List(list) => list.run(),
            Token::Delete(delete) => delete.run(),
        }
    }
}
