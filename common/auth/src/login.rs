//! Signing in for later commands: making the sign-in file.
//!
//! Careful not to waste a sign-in: the service keeps only five refresh tokens of an account, so that the
//! file can be written is made sure of before it is asked.

use model::{ErrorKind, Secret};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use api::{Error, send::clock};

use crate::account::{Account, Identity, known_account, same_account};
use crate::choose::{Choice, EnvCredential, Source, identity_in_file, one_is_named};
use crate::file::{self, SignIn};
use crate::keyring;
use crate::lock::{self, Locked};
use crate::named_accounts::NamedAccounts;
use crate::service::{Service, by_login_key, by_password};
use crate::token_source::obtain::suspicion;
use crate::whole_file::Readers;
use crate::{Environment, Interaction, whole_file};

/// Which sign-in file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// The one that `--auth-file` or `IMP_AUTH_FILE` names, or that of the account that `--account` or
    /// `IMP_ACCOUNT` names, else `~/.impt.auth`.
    Usual,
    /// That of the account of this name (`--as`).
    Account(String),
    /// `.impt.auth` in the current directory (`--local`).
    Local,
}

/// What one signs in with.
#[derive(Clone, Debug)]
pub enum Credential {
    /// Email or username, and password.
    Password {
        /// Email or username.
        user: String,
        /// The password.
        password: Secret,
    },
    /// A login key.
    LoginKey(Secret),
}

/// A sign-in to be made.
#[derive(Clone, Debug)]
pub struct Login {
    /// Base URL, as [`api::Endpoint`] writes it.
    pub endpoint: String,
    /// What one signs in with.
    pub credential: Credential,
    /// Keep neither refresh token nor login key (`--temp`).
    pub temporary: bool,
    /// Keep the refresh token or the login key in the keyring of the system (`--keyring`).
    pub keyring: bool,
    /// Where it goes.
    pub destination: Destination,
}

/// A sign-in that was made.
#[derive(Clone, Debug)]
pub struct LoggedIn {
    /// The file.
    pub file: PathBuf,
    /// When the access token ends; a temporary sign-in ends with it.
    pub expires_at: SystemTime,
    /// For [`remember_account`](crate::remember_account).
    pub identity: Identity,
}

/// What [`log_in`] would write over, unless it is known to be a sign-in of the same account.
#[derive(Clone, Debug)]
pub struct Replaced {
    /// The file.
    pub file: PathBuf,
    /// Where its tokens belong to; `None` when it is no sign-in file that can be used.
    pub endpoint: Option<String>,
    /// Whose sign-in it is, if that has been learnt.
    pub account: Option<Account>,
}

impl fmt::Display for Replaced {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.file.display();
        let Some(endpoint) = &self.endpoint else {
            return write!(formatter, "{file} is there, and is no sign-in file that can be used");
        };
        let account = self.account.as_ref();
        let whose = account
            .and_then(|account| account.email.as_ref().or(account.username.as_ref()))
            .map_or("an account that is not known", String::as_str);
        write!(formatter, "{file} holds a sign-in of {whose} at {endpoint}")
    }
}

/// Finds what would be lost by a sign-in; sends nothing.
///
/// # Errors
/// Of kind `bad_input` when the file cannot be written.
pub fn replaced(login: &Login, environment: &Environment) -> Result<Option<Replaced>, Error> {
    let (file, _) = writable(&login.destination, environment)?;
    let sign_in = match file::read(&file, clock::wait) {
        Ok(None) => return Ok(None),
        Ok(Some(sign_in)) => sign_in,
        Err(_) => return Ok(Some(Replaced { file, endpoint: None, account: None })),
    };
    let state_dir = environment.state_dir.as_deref();
    let old = identity_in_file(&sign_in);
    let account = state_dir.and_then(|state_dir| known_account(state_dir, &old));
    let is_same = match &login.credential {
        Credential::Password { user, .. } => {
            account.as_ref().is_some_and(|account| account.is_called(user))
        }
        Credential::LoginKey(key) => {
            let is_kept = sign_in.login_key.as_ref() == Some(key);
            is_kept || same_account(state_dir, &old, &Identity::of_login_key(&login.endpoint, key))
        }
    };
    let is_same = is_same && sign_in.endpoint == login.endpoint;
    Ok((!is_same).then_some(Replaced { file, endpoint: Some(sign_in.endpoint), account }))
}

/// Where a sign-in goes, with its directory, once it is sure that it can be written.
fn writable(which: &Destination, environment: &Environment) -> Result<(PathBuf, Source), Error> {
    let (file, source) = destination(which, environment)?;
    let made = match source.account() {
        Some(_) => NamedAccounts::of(environment)?.make(),
        None => Ok(()),
    };
    made.and_then(|()| whole_file::replaceable(&file, Readers::Owner))
        .map_err(|error| unwritable(&file, &error))?;
    Ok((file, source))
}

fn unwritable(file: &Path, error: &io::Error) -> Error {
    let title = format!("The sign-in file {} cannot be written", file.display());
    Error::new(ErrorKind::BadInput, title).detail(error.to_string())
}

/// Signs in and writes the sign-in file, over an older one if there is one.
///
/// # Errors
/// Kind `not_signed_in` when the service refuses, `bad_input` when the file cannot be written, or
/// whatever stopped the request.
pub fn log_in(
    login: &Login,
    environment: &Environment,
    service: &dyn Service,
    interaction: &Interaction,
) -> Result<LoggedIn, Error> {
    let (file, source) = writable(&login.destination, environment)?;
    let endpoint = login.endpoint.as_str();
    let answer = match &login.credential {
        Credential::Password { user, password } => {
            by_password(service, interaction, endpoint, user, password)
        }
        Credential::LoginKey(key) => by_login_key(service, interaction, endpoint, key),
    };
    let grant = answer.map_err(|error| explained(error, endpoint))?;
    let mut sign_in = SignIn::at(endpoint);
    sign_in.take(&grant, clock::now());
    if let Credential::LoginKey(key) = &login.credential {
        sign_in.keep_login_key(key);
    }
    if login.temporary {
        sign_in.make_temporary();
    }
    // A run that renews the sign-in of before must not write it over this one.
    let _lock = locked(&file, environment, interaction);
    let before = file::read(&file, |_| ()).ok().flatten();
    if login.keyring {
        sign_in.use_keyring(keyring::new_entry(&sign_in));
    }
    keyring::keep(&sign_in, &file, interaction).map_err(|error| unwritable(&file, &error))?;
    // A service that gave the same token again has had its secret kept in the same entry.
    let before = before.filter(|before| before.keyring != sign_in.keyring);
    remove_from_keyring(before.as_ref(), interaction);
    let endpoint = endpoint.to_owned();
    let (store, env_credential) = (Some(file.clone()), EnvCredential::Nothing);
    let choice = Choice { source, endpoint, env_credential, store, sign_in };
    let identity = choice.identity(&choice.sign_in);
    Ok(LoggedIn { file, expires_at: grant.expires_at, identity })
}

pub(crate) fn destination(
    destination: &Destination,
    environment: &Environment,
) -> Result<(PathBuf, Source), Error> {
    if *destination == Destination::Usual {
        one_is_named(environment)?;
    }
    let named = environment.auth_file.as_ref().filter(|path| !path.as_os_str().is_empty());
    let account = environment.account.as_ref().filter(|name| !name.is_empty());
    let of_account = |name: &String| {
        let file = NamedAccounts::of(environment)?.file(name)?;
        Ok((file.clone(), Source::Account(name.clone(), file)))
    };
    if let (Destination::Usual, None, Some(name)) = (destination, named, account) {
        return of_account(name);
    }
    match (destination, named, &environment.home) {
        (Destination::Account(name), _, _) => of_account(name),
        (Destination::Local, _, _) => {
            let path = environment.current_dir.join(file::NAME);
            Ok((path.clone(), Source::LocalFile(path)))
        }
        (Destination::Usual, Some(named), _) => {
            let path = environment.current_dir.join(named);
            Ok((path.clone(), Source::NamedFile(path)))
        }
        (Destination::Usual, None, Some(home)) => {
            let path = home.join(file::NAME);
            Ok((path.clone(), Source::HomeFile(path)))
        }
        (Destination::Usual, None, None) => {
            Err(Error::new(ErrorKind::BadInput, "There is no home directory for the sign-in file")
                .detail("set HOME, use --local, or name a file with --auth-file"))
        }
    }
}

/// Removes the secret of a sign-in that is no more.
pub(crate) fn remove_from_keyring(gone: Option<&SignIn>, interaction: &Interaction) {
    let Some(entry) = gone.and_then(|sign_in| sign_in.keyring.as_ref()) else { return };
    if let Err(why) = interaction.keyring.remove(entry) {
        (interaction.warn)(&format!(
            "the secret of the sign-in before stays in the keyring: {why}"
        ));
    }
}

/// The lock where there can be one; a sign-in by hand goes on without.
pub(crate) fn locked(
    file: &Path,
    environment: &Environment,
    interaction: &Interaction,
) -> Option<Locked> {
    lock::of_file(file, environment.state_dir.as_deref()?, interaction).ok()
}

/// Adds a suspicion. Of a refusal only the words are kept: what else is in it may be a login token.
fn explained(error: Error, endpoint: &str) -> Error {
    let error = Error { errors: Vec::new(), ..error };
    match suspicion(endpoint, error.status) {
        Some(suspicion) => error.detail(suspicion),
        None => error,
    }
}

#[cfg(test)]
mod keyring_tests;
#[cfg(test)]
mod tests;
