//! `imp-auth use`

use auth::NamedAccounts;
use clap::Args;
use cli::{Common, Exit, Session, terminal::stderr};

use crate::sign_in;

/// Choose the account that commands use from now on
///
/// It counts for all commands of this user, unless an option, a variable or a local sign-in file says
/// otherwise; see SIGN-IN in imp-tools(7).
#[derive(Args)]
pub struct Use {
    /// The name of an account, see imp-auth list
    #[arg(value_name = "NAME", required_unless_present = "none")]
    name: Option<String>,
    /// Choose none: ~/.impt.auth counts again
    #[arg(long, conflicts_with = "name")]
    none: bool,
    #[command(flatten)]
    common: Common,
}

impl Use {
    pub fn run(&self) -> cli::Result {
        let environment = cli::sign_in_environment(&self.common);
        let accounts = NamedAccounts::of(&environment)?;
        let chosen = match &self.name {
            // One that cannot be used is not chosen.
            Some(name) => Some(auth::found_at(
                auth::Source::DefaultAccount(name.clone(), accounts.file(name)?),
                &environment,
            )?),
            None => None,
        };
        accounts.set_default(self.name.as_deref())?;
        let Some(front) = auth::sources(&environment).into_iter().next() else {
            stderr::say("no sign-in is left that counts here");
            return Ok(Exit::Done);
        };
        if front.account().is_none() || front.account() != self.name.as_deref() {
            stderr::say(&format!("commands here use {front}"));
        }
        let choice = match chosen {
            Some(chosen) => chosen,
            None => auth::found_at(front, &environment)?,
        };
        let known = environment.state_dir.as_deref();
        let account = known.and_then(|state_dir| choice.known_account(state_dir));
        let record = sign_in::record(&choice.describe(), account.as_ref());
        Session::print_without(&self.common, &record)?;
        Ok(Exit::Done)
    }
}
