//! Which sign-in counts, out of all the places where there may be one.
//!
//! The order is that of `impt`, with ours in front. Careful never to pass over a broken one in silence:
//! the next in line may belong to another account.

mod source;

use model::{ErrorKind, Secret};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use api::{Error, send::clock};

use crate::account::{self, Account, Identity};
use crate::file::{self, SignIn};
use crate::file_guards::FileGuards;
use crate::named_accounts::NamedAccounts;
use api::{DEFAULT_ENDPOINT, Endpoint};

use crate::{Environment, digest};
pub use source::Source;

/// A credential that stands in the environment, not in a file.
#[derive(Clone)]
pub(crate) enum EnvCredential {
    Nothing,
    LoginKey(Secret),
    Password { user: String, password: Option<Secret> },
}

/// The sign-in that counts, as it was found; nothing has been asked of the service yet.
#[derive(Clone)]
pub struct Choice {
    pub(crate) source: Source,
    pub(crate) endpoint: String,
    pub(crate) env_credential: EnvCredential,
    /// The sign-in file, or for a sign-in from the environment the file that keeps its token.
    pub(crate) store: Option<PathBuf>,
    pub(crate) sign_in: SignIn,
}

/// What `imp-auth info` says of a sign-in. Nothing of it is secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// Where it comes from.
    pub source: Source,
    /// Base URL.
    pub endpoint: String,
    /// `refresh token`, `login key`, `password`, `keyring` for one of the first two that lies there, or `none` for a temporary sign-in.
    pub credential: &'static str,
    /// When the present access token ends; `None` when there is none or it is not known.
    pub expires_at: Option<SystemTime>,
    /// The file is not ours alone; the next renewal or `imp-auth login` sets that right.
    pub readable_by_others: bool,
}

/// Finds the sign-in that counts.
///
/// # Errors
/// Kind `not_signed_in` when there is none; `bad_input` (bad configuration: exit code 2) when the one
/// that counts is broken, names a missing file, or has an endpoint that cannot be used.
pub fn choose(environment: &Environment) -> Result<Choice, Error> {
    match first(environment)? {
        None => Err(nowhere(environment)),
        Some(source) => found_at(source, environment),
    }
}

/// The same for who cannot wait: a file that somebody is just writing is taken for broken.
///
/// # Errors
/// Those of [`choose`].
pub fn choose_at_once(environment: &Environment) -> Result<Choice, Error> {
    match first(environment)? {
        None => Err(nowhere(environment)),
        Some(source) => read_at(source, environment, file::look),
    }
}

/// Where the sign-in is that counts, if there is one; it has not been read yet.
pub(crate) fn first(environment: &Environment) -> Result<Option<Source>, Error> {
    one_is_named(environment)?;
    if let Some(name) = account_asked_for(environment) {
        NamedAccounts::of(environment)?.file(name)?;
    }
    let first = sources(environment).into_iter().next();
    if matches!(first, None | Some(Source::HomeFile(_)))
        && let Ok(accounts) = NamedAccounts::of(environment)
    {
        // A choice that cannot be read would have come before these.
        accounts.default_name()?;
    }
    Ok(first)
}

/// Refuses two variables that name two sign-ins: neither may be passed over.
pub(crate) fn one_is_named(environment: &Environment) -> Result<(), Error> {
    let (account, file) = (account_asked_for(environment), file_asked_for(environment));
    let (Some(name), Some(file)) = (account, file) else { return Ok(()) };
    let title = format!("Two sign-ins are named: the account {name} and {}", file.display());
    Err(Error::new(ErrorKind::BadInput, title)
        .detail("unset IMP_ACCOUNT or IMP_AUTH_FILE, or say --account or --auth-file"))
}

/// The sign-in that is to be found there, whether it counts or not.
///
/// # Errors
/// Those of [`choose`].
pub fn found_at(source: Source, environment: &Environment) -> Result<Choice, Error> {
    read_at(source, environment, |path| file::read(path, clock::wait))
}

fn read_at(
    source: Source,
    environment: &Environment,
    read: impl Fn(&Path) -> Result<Option<SignIn>, Error>,
) -> Result<Choice, Error> {
    match source.file().map(Path::to_owned) {
        Some(path) => from_file(source, read(&path)?, path, environment),
        None => from_environment(source, environment),
    }
}

fn account_asked_for(environment: &Environment) -> Option<&str> {
    environment.account.as_deref().filter(|name| !name.is_empty())
}

fn file_asked_for(environment: &Environment) -> Option<&PathBuf> {
    environment.auth_file.as_ref().filter(|path| !path.as_os_str().is_empty())
}

/// All sign-ins that there are, the one that counts in front.
pub fn sources(environment: &Environment) -> Vec<Source> {
    let current = &environment.current_dir;
    let in_directory = |directory: Option<&PathBuf>| {
        let path =
            current.join(directory.filter(|path| !path.as_os_str().is_empty())?).join(file::NAME);
        is_there(&path).then_some(path)
    };
    let local = in_directory(Some(current));
    let home = in_directory(environment.home.as_ref()).filter(|path| local.as_ref() != Some(path));
    let accounts = NamedAccounts::of(environment).ok();
    let account = |name: &str| Some((name.to_owned(), accounts.as_ref()?.file(name).ok()?));
    let chosen = accounts.as_ref().and_then(|accounts| accounts.default_name().ok().flatten());
    let user = environment.user.clone().filter(|user| !user.is_empty());
    let key = environment.login_key.as_ref().filter(|key| !key.is_empty());
    [
        file_asked_for(environment).map(|path| Source::NamedFile(current.join(path))),
        account_asked_for(environment)
            .and_then(account)
            .map(|(name, path)| Source::Account(name, path)),
        local.map(Source::LocalFile),
        in_directory(environment.impt_auth_file_path.as_ref()).map(Source::DirectoryFile),
        key.map(|_| Source::LoginKey),
        user.map(Source::User),
        chosen
            .and_then(|name| account(&name))
            .map(|(name, path)| Source::DefaultAccount(name, path)),
        home.map(Source::HomeFile),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A file that is there but cannot be looked at counts, and is reported when it is read.
fn is_there(path: &Path) -> bool {
    !matches!(path.try_exists(), Ok(false))
}

fn nowhere(environment: &Environment) -> Error {
    let also = match &environment.impt_auth_file_path {
        Some(path) => format!(" (there is no {} in {})", file::NAME, path.display()),
        None => String::new(),
    };
    Error::new(ErrorKind::NotSignedIn, "Not signed in")
        .detail(format!("run `imp-auth login`, or set IMPT_LOGINKEY{also}"))
}

fn from_file(
    source: Source,
    found: Option<SignIn>,
    path: PathBuf,
    environment: &Environment,
) -> Result<Choice, Error> {
    let Some(sign_in) = found else {
        if let Some(name) = source.account() {
            return Err(NamedAccounts::of(environment)?.unknown(name));
        }
        let title = format!("There is no sign-in file {}", path.display());
        return Err(Error::new(ErrorKind::BadInput, title).detail(
            "it is named by --auth-file or IMP_AUTH_FILE; `imp-auth login` would make it",
        ));
    };
    let (endpoint, env_credential) = (sign_in.endpoint.clone(), EnvCredential::Nothing);
    Ok(Choice { source, endpoint, env_credential, store: Some(path), sign_in })
}

fn from_environment(source: Source, environment: &Environment) -> Result<Choice, Error> {
    let set = environment.endpoint.as_deref().filter(|endpoint| !endpoint.trim().is_empty());
    let endpoint = Endpoint::parse(set.unwrap_or(DEFAULT_ENDPOINT))?.to_string();
    let env_credential = match (&source, &environment.login_key) {
        (Source::User(user), _) => EnvCredential::Password {
            user: user.clone(),
            password: environment.password.clone().filter(|password| !password.is_empty()),
        },
        (_, Some(key)) => EnvCredential::LoginKey(key.clone()),
        (_, None) => EnvCredential::Nothing,
    };
    let sign_in = SignIn::at(&endpoint);
    let mut choice = Choice { source, endpoint, env_credential, store: None, sign_in };
    if let Some(cache_dir) = &environment.cache_dir {
        let name = digest(&[choice.identity(&choice.sign_in).name().as_bytes(), b"sign-in"]);
        let path = cache_dir.join("sign-ins").join(name);
        // A cache that is broken is as good as none.
        if let Ok(Some(kept)) = file::look(&path) {
            choice.sign_in = kept;
        }
        choice.store = Some(path);
    }
    Ok(choice)
}

impl Choice {
    /// Base URL of the service, checked, without a slash at the end.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Where it comes from.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The guards of the sign-in file; a sign-in from the environment has none.
    ///
    /// # Errors
    /// Of kind `bad_input` for one that makes no sense.
    pub fn guards(&self) -> Result<FileGuards, Error> {
        let Some(path) = self.source.file() else { return Ok(FileGuards::default()) };
        self.sign_in.guards().map_err(|why| {
            Error::new(
                ErrorKind::BadInput,
                format!("The sign-in file {} cannot be used: {why}", path.display()),
            )
        })
    }

    /// The access token, whether it still works or not.
    pub fn access_token(&self) -> Option<&api::AccessToken> {
        self.sign_in.access_token.as_ref()
    }

    /// When it was given.
    pub fn token_given(&self) -> Option<SystemTime> {
        self.sign_in.stored_at
    }

    /// All that nobody else may know of it.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        let SignIn { access_token, refresh_token, login_key, .. } = &self.sign_in;
        let of_environment = match &self.env_credential {
            EnvCredential::Nothing => None,
            EnvCredential::LoginKey(key) => Some(key),
            EnvCredential::Password { password, .. } => password.as_ref(),
        };
        let in_file = [access_token, refresh_token, login_key].into_iter().flatten();
        in_file.chain(of_environment)
    }

    /// The account, if an earlier run has learnt it.
    pub fn known_account(&self, state_dir: &Path) -> Option<Account> {
        account::known_account(state_dir, &self.credential())
    }

    /// The credential as it was found.
    pub fn credential(&self) -> Identity {
        self.identity(&self.sign_in)
    }

    /// The access token, if there is one whose end is known and has not come: for those who must not renew it.
    pub fn token_until_its_end(&self, now: SystemTime) -> Option<api::AccessToken> {
        let token = self.sign_in.access_token.as_ref()?;
        self.sign_in.expires_at.filter(|end| *end > now).map(|_| token.clone())
    }

    /// For `imp-auth info`.
    pub fn describe(&self) -> Description {
        let credential = match self.env_credential {
            EnvCredential::LoginKey(_) => "login key",
            EnvCredential::Password { .. } => "password",
            EnvCredential::Nothing if self.sign_in.refresh_token.is_some() => "refresh token",
            EnvCredential::Nothing if self.sign_in.login_key.is_some() => "login key",
            EnvCredential::Nothing if self.sign_in.keyring.is_some() => "keyring",
            EnvCredential::Nothing => "none",
        };
        Description {
            source: self.source.clone(),
            endpoint: self.endpoint.clone(),
            credential,
            expires_at: self.sign_in.expires_at,
            readable_by_others: self.sign_in.readable_by_others,
        }
    }

    /// The credential behind `sign_in`, found where this choice found its own.
    pub(crate) fn identity(&self, sign_in: &SignIn) -> Identity {
        match &self.env_credential {
            EnvCredential::LoginKey(key) => Identity::of_login_key(&self.endpoint, key),
            EnvCredential::Password { user, password } => {
                let password = password.as_ref().map_or("", |password| password.expose());
                Identity::new(&self.endpoint, "password", &[user, password])
            }
            EnvCredential::Nothing => identity_in_file(sign_in),
        }
    }
}

pub(crate) fn identity_in_file(sign_in: &SignIn) -> Identity {
    let (kind, secret) = match sign_in {
        // The entry's name stays when a secret in it is replaced, and goes with the sign-in.
        SignIn { keyring: Some(entry), .. } => {
            return Identity::new(&sign_in.endpoint, "keyring", &[entry]);
        }
        SignIn { refresh_token: Some(token), .. } => ("refresh token", Some(token)),
        SignIn { login_key: Some(key), .. } => ("login key", Some(key)),
        SignIn { access_token, .. } => ("access token", access_token.as_ref()),
    };
    let secret = secret.map_or("", |secret| secret.expose());
    Identity::new(&sign_in.endpoint, kind, &[secret])
}

#[cfg(test)]
mod tests;
