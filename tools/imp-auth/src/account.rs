//! `imp-auth account`: the accounts that one may see.

mod info;
mod list;

use clap::Subcommand;

/// Show accounts: one's own and those one collaborates with
#[derive(Subcommand)]
pub enum Account {
    List(list::List),
    Info(info::Info),
}

impl Account {
    pub fn run(&self) -> cli::Result {
        match self {
            Account::List(list) => list.run(),
            Account::Info(info) => info.run(),
        }
    }
}
