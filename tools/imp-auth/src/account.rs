//! `imp-auth account`: the accounts that one may see.

mod info;
mod list;

use clap::Subcommand;
use cli::Deferred;

/// Show accounts: one's own and those one collaborates with
#[derive(Subcommand)]
pub enum Account {
    /// List one's own account and those of collaborators
    List(Deferred<list::List>),
    /// Print accounts
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
