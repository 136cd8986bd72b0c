//! `imp-auth`: who am I: signing in and out, accounts, login keys,
//! refresh tokens.
//!
//! One file a verb. How a sign-in is chosen, stored and renewed is in `common/auth`; what all verbs have
//! in common is in `common/cli`.

mod account;
mod info;
mod key;
mod keyring;
mod list;
mod login;
mod logout;
mod secrets;
mod sign_in;
mod token;
mod use_account;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use cli::schema::{OF_CHANGES, Printed};
use cli::{Deferred, help};
use model::schema::resources::{ACCOUNT, LOGIN_KEY, REFRESH_TOKEN};
use sign_in::SIGN_IN;

/// Sign in to impCentral; accounts and login keys
///
/// The sign-in is kept in .impt.auth and used by all imp tools, and by impt; see imp-auth(1).
#[derive(Parser)]
#[command(name = "imp-auth", version)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Sign in and keep the sign-in for later commands
    #[command(after_help = help::examples("imp-auth", &[
        "imp-auth login",
        "imp-auth login --user me@example.com --pwd-file pw --confirmed",
        "imp-auth login --lk-file key --local",
    ]))]
    Login(Deferred<login::Login>),
    /// Remove the sign-in that counts here, and end its refresh token
    #[command(after_help = help::examples("imp-auth", &[
        "imp-auth logout",
        "imp-auth logout --account factory",
        "imp-auth logout --auth-file factory.auth",
    ]))]
    Logout(Deferred<logout::Logout>),
    /// Show which sign-in counts here, and whose it is
    #[command(after_help = help::examples("imp-auth", &[
        "imp-auth info",
        "imp-auth info --output json",
        "imp-auth info --auth-file factory.auth",
    ]))]
    Info(Deferred<info::Info>),
    /// List the sign-ins that are there, and say which counts here
    #[command(after_help = help::examples("imp-auth", &[
        "imp-auth list",
        "imp-auth list --output json",
        "imp-auth list | jq -r 'select(.in_use).name'",
    ]))]
    List(Deferred<list::List>),
    /// Choose the account that commands use from now on
    #[command(after_help = help::examples("imp-auth", &[
        "imp-auth use factory",
        "imp-auth use --none",
        "imp-auth use lab --output json",
    ]))]
    Use(Deferred<use_account::Use>),
    /// For the other commands, which reach the keyring through this one
    #[command(hide = true)]
    Keyring(keyring::Keyring),
    #[command(subcommand)]
    Account(account::Account),
    #[command(subcommand)]
    Key(key::Key),
    #[command(subcommand)]
    Token(token::Token),
}

/// The records that are printed.
static PRINTED: Printed =
    Printed(&[&[&SIGN_IN, &ACCOUNT, &LOGIN_KEY, &REFRESH_TOKEN], &OF_CHANGES]);

/// The main function of the command.
pub fn run() -> ExitCode {
    cli::run(env!("CARGO_PKG_NAME"), PRINTED, |arguments: Arguments| match arguments.verb {
        Verb::Login(login) => login.run(),
        Verb::Logout(logout) => logout.run(),
        Verb::Info(info) => info.run(),
        Verb::List(list) => list.run(),
        Verb::Use(chosen) => chosen.run(),
        Verb::Keyring(keyring) => keyring.run(),
        Verb::Account(account) => account.run(),
        Verb::Key(key) => key.run(),
        Verb::Token(token) => token.run(),
    })
}
