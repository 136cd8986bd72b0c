//! `imp-auth account`: the accounts that one may see.

mod info;
mod list;

use clap::Subcommand;
use cli::{Deferred, help};

/// Show accounts: one's own and those one collaborates with
#[derive(Subcommand)]
pub enum Account {
    /// List one's own account and those of collaborators
    #[command(after_help = help::examples_of_list("imp-auth", "account", &[
        "imp-auth account list",
        "imp-auth account list --output table",
        "imp-auth account list --fields id,username",
    ]))]
    List(Deferred<list::List>),
    /// Print accounts
    #[command(after_help = help::examples("imp-auth", &[
        "imp-auth account info --full",
        "imp-auth account info --user partner@example.com",
        "imp-auth account list | imp-auth account info",
    ]))]
    Info(Deferred<info::Info>),
}

impl Account {
    pub fn run(&self) -> cli::Result {
        match self {
            Account::List(list) => list.run(),
            Account::Info(info) => info.run(),
        }
    }
}
