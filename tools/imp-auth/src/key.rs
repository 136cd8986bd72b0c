//! `imp-auth key`: login keys, with which programs sign in.
//!
//! The id of a login key is the key itself. It is printed in the records, where it is needed, and
//! nowhere else: questions and messages show its beginning.

mod create;
mod delete;
mod info;
mod list;
mod password;
mod update;

use std::sync::OnceLock;

use api::segment;
use clap::{Args, Subcommand};
use cli::{Deferred, Input, RowArgs, help, secret_identifier};
use model::Secret;

use crate::secrets::exposed;

/// Create, list, describe and delete login keys
///
/// A login key signs in without user and password, for programs. Its id is the key: a secret.
#[derive(Subcommand)]
pub enum Key {
    /// Create a login key
    #[command(after_help = help::examples("imp-auth", &[
        "imp-auth key create --descr \"factory line 3\"",
        "imp-auth key create --descr nightly --pwd-file pw",
        "imp-auth key create --dry-run --pwd-file pw",
    ]))]
    Create(Deferred<create::Create>),
    /// List the account's login keys
    #[command(after_help = help::examples_of_list("imp-auth", "login_key", &[
        "imp-auth key list",
        "imp-auth key list --output table",
        "imp-auth key list --fields description,usages",
    ]))]
    List(Deferred<list::List>),
    /// Print login keys
    #[command(after_help = help::examples("imp-auth", &[
        "imp-auth key info --lk 7d8e6670aa285e9d",
        "imp-auth key list | imp-auth key info",
        "imp-auth key list | imp-auth key info --output json",
    ]))]
    Info(Deferred<info::Info>),
    /// Change the description of login keys
    #[command(after_help = help::examples("imp-auth", &[
        "imp-auth key update --lk 7d8e6670aa285e9d --descr nightly",
        "imp-auth key list | imp-auth key update --descr old --pwd-file pw",
        "imp-auth key update --input keys.csv --pwd-file pw --dry-run",
    ]))]
    Update(Deferred<update::Update>),
    /// Delete login keys
    #[command(after_help = help::examples("imp-auth", &[
        "imp-auth key delete --lk 7d8e6670aa285e9d",
        "imp-auth key list | imp-auth key delete --dry-run",
        "imp-auth key delete --input keys.csv --pwd-file pw --confirmed",
    ]))]
    Delete(Deferred<delete::Delete>),
}

impl Key {
    pub fn run(&self) -> cli::Result {
        match self {
            Key::Create(create) => create.run(),
            Key::List(list) => list.run(),
            Key::Info(info) => info.run(),
            Key::Update(update) => update.run(),
            Key::Delete(delete) => delete.run(),
        }
    }
}

/// The login keys that a verb works on.
#[derive(Args)]
struct LoginKeys {
    /// A login key; repeatable; `-` is stdin
    #[arg(long, short = 'k', value_name = "LOGIN_KEY", value_parser = secret_identifier, allow_hyphen_values = true, display_order = 0)]
    lk: Vec<Secret>,
    /// The same without an option
    #[arg(value_name = "LOGIN_KEY", value_parser = secret_identifier, id = "named")]
    named: Vec<Secret>,
    #[arg(skip)]
    all: OnceLock<Vec<String>>,
    #[command(flatten)]
    input: Input,
}

impl LoginKeys {
    /// Where the rows come from.
    fn row_args(&self) -> RowArgs<'_> {
        let all = self.all.get_or_init(|| exposed(&self.lk, &self.named));
        self.input.row_args("login key", "--lk", all)
    }
}

/// The keys of the account.
const KEYS: &str = "/accounts/me/login_keys";

/// The path of one key.
fn path(id: &str) -> String {
    format!("{KEYS}/{}", segment(id))
}
