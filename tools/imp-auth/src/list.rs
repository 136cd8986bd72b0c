//! `imp-auth list`

use auth::{Environment, NamedAccounts, Source};
use clap::Args;
use cli::{Common, Exit, Session};
use model::Record;

use crate::{info, sign_in};

/// List the sign-ins that are there, and say which counts here
///
/// The accounts that have a name, then whatever else there is. Nothing is asked of the service: whose a
/// sign-in is stands there if a command has learnt it.
#[derive(Args)]
pub struct List {
    #[command(flatten)]
    common: Common,
}

impl List {
    pub fn run(&self) -> cli::Result {
        let environment = cli::sign_in_environment(&self.common);
        let found = auth::sources(&environment);
        let in_use = found.first();
        let mut records = Vec::new();
        for source in with_names(&environment, &found) {
            let counts = in_use.is_some_and(|front| is_same(front, &source));
            // What counts, counts for the reason that put it in front.
            let told = in_use.filter(|_| counts).unwrap_or(&source);
            records.push(record(told, counts, &environment));
        }
        Session::print_list_without(&self.common, &records)?;
        Ok(Exit::Done)
    }
}

/// All sign-ins, each once: the accounts that have a name in front.
fn with_names(environment: &Environment, found: &[Source]) -> Vec<Source> {
    let accounts = NamedAccounts::of(environment).ok();
    let names = accounts.as_ref().map(NamedAccounts::names).unwrap_or_default();
    let named = names.into_iter().filter_map(|name| {
        let file = accounts.as_ref()?.file(&name).ok()?;
        Some(Source::Account(name, file))
    });
    let mut all: Vec<Source> = named.collect();
    for source in found {
        if !all.iter().any(|listed| is_same(listed, source)) {
            all.push(source.clone());
        }
    }
    all
}

fn is_same(one: &Source, other: &Source) -> bool {
    match (one.file(), other.file()) {
        (Some(one), Some(other)) => one == other,
        _ => one == other,
    }
}

fn record(source: &Source, counts: bool, environment: &Environment) -> Record {
    let found = auth::found_at(source.clone(), environment);
    let mut record = match &found {
        Ok(choice) => {
            let account = environment
                .state_dir
                .as_deref()
                .and_then(|state_dir| choice.known_account(state_dir));
            sign_in::record(&choice.describe(), account.as_ref())
        }
        Err(_) => sign_in::unusable(source),
    };
    record.insert("source", info::word(source).into());
    record.insert("in_use", counts.into());
    record.insert("why", counts.then(|| why(source)).into());
    record.insert("problem", found.err().map(|error| error.to_string()).into());
    record
}

/// Why it is this one that counts.
fn why(source: &Source) -> &'static str {
    match source {
        Source::NamedFile(_) => "--auth-file or IMP_AUTH_FILE names it",
        Source::Account(..) => "--account or IMP_ACCOUNT names it",
        Source::LocalFile(_) => "it is in the current directory",
        Source::DirectoryFile(_) => "IMPT_AUTH_FILE_PATH names its directory",
        Source::LoginKey => "IMPT_LOGINKEY is set",
        Source::User(_) => "IMPT_USER is set",
        Source::DefaultAccount(..) => "imp-auth use chose it",
        Source::HomeFile(_) => "it is in the home directory, and nothing comes before it",
    }
}
