//! `imp-auth token`: the refresh tokens of the account, one for each sign-in with a password.
//!
//! Whether the id of a refresh token is the token itself is not known (imp-service(7), section 3.6), so it is
//! treated as one: it stands in the records, and nowhere else.

mod delete;
mod list;

use clap::Subcommand;
use cli::{Deferred, help};

/// List and revoke refresh tokens: who is signed in
///
/// Each sign-in with a password has one, five at most; a sixth ends one of the others.
#[derive(Subcommand)]
pub enum Token {
    /// List the account's refresh tokens
    #[command(after_help = help::examples_of_list("imp-auth", "refresh_token", &[
        "imp-auth token list",
        "imp-auth token list --output table",
        "imp-auth token list | jq -r .created_at",
    ]))]
    List(Deferred<list::List>),
    /// Revoke refresh tokens
    #[command(visible_alias = "revoke")]
    #[command(after_help = help::examples("imp-auth", &[
        "imp-auth token delete 14cde058",
        "imp-auth token list | imp-auth token delete --dry-run",
        "imp-auth token list | head -2 | imp-auth token delete --confirmed",
    ]))]
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
