//! Signing out: removing the sign-in file.
//!
//! Careful to remove no other sign-in than the one that counts or was named.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use api::{Error, send::clock};
use model::{ErrorKind, Secret};

use crate::account::{Account, known_account};
use crate::choose::{self, Source, identity_in_file};
use crate::file;
use crate::keyring;
use crate::login::{Destination, destination, locked, remove_from_keyring};
use crate::named_accounts::NamedAccounts;
use crate::{Environment, Interaction, whole_file};

/// A sign-in that was removed. Its tokens still work at the service until they are deleted there.
#[derive(Clone, Debug)]
pub struct LoggedOut {
    /// Where it was.
    pub source: Source,
    /// The file.
    pub file: PathBuf,
    /// Whose it was, if that has been learnt.
    pub account: Option<Account>,
    /// Where the tokens belong to; `None` for this and the others when the file was broken.
    pub endpoint: Option<String>,
    /// The access token.
    pub access_token: Option<Secret>,
    /// The refresh token. Whether the service lists it under this id is not known
    /// (imp-service(7), section 3.6).
    pub refresh_token: Option<Secret>,
}

/// Removes the sign-in file; with [`Destination::Usual`] that of the sign-in that counts. A symbolic link to it stays,
/// and a later sign-in fills it again.
///
/// # Errors
/// Kind `not_signed_in` when there is no such file, `bad_input` when it cannot be removed, or when what counts is no
/// file.
pub fn log_out(
    which: &Destination,
    environment: &Environment,
    interaction: &Interaction,
) -> Result<LoggedOut, Error> {
    let (file, source) = in_use(which, environment)?;
    let _lock = locked(&file, environment, interaction);
    // A broken file is no reason to keep it.
    let mut sign_in = file::read(&file, clock::wait).ok().flatten();
    if let Some(sign_in) = &mut sign_in {
        // To end its refresh token at the service.
        if let Err(error) = keyring::fetch(sign_in, interaction) {
            (interaction.warn)(&format!("the refresh token stays valid at the service: {error}"));
        }
    }
    let removed = whole_file::target_of(&file).and_then(fs::remove_file);
    removed.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Error::new(
            ErrorKind::NotSignedIn,
            format!("There is no sign-in file {}", file.display()),
        ),
        _ => {
            let title = format!("The sign-in file {} cannot be removed", file.display());
            Error::new(ErrorKind::BadInput, title).detail(error.to_string())
        }
    })?;
    remove_from_keyring(sign_in.as_ref(), interaction);
    if let Some(accounts) = source.account().and(NamedAccounts::of(environment).ok())
        && accounts.default_name().ok().flatten().as_deref() == source.account()
        && let Err(error) = accounts.set_default(None)
    {
        (interaction.warn)(&error.to_string());
    }
    let sign_in = sign_in.as_ref();
    let state_dir = environment.state_dir.as_deref();
    let account = |sign_in| known_account(state_dir?, &identity_in_file(sign_in));
    Ok(LoggedOut {
        account: sign_in.and_then(account),
        endpoint: sign_in.map(|sign_in| sign_in.endpoint.clone()),
        access_token: sign_in.and_then(|sign_in| sign_in.access_token.clone()),
        refresh_token: sign_in.and_then(|sign_in| sign_in.refresh_token.clone()),
        source,
        file,
    })
}

/// The sign-in that is to go. None but the one that counts goes without being named.
fn in_use(which: &Destination, environment: &Environment) -> Result<(PathBuf, Source), Error> {
    let counts = match which {
        Destination::Usual => choose::first(environment)?,
        Destination::Account(_) | Destination::Local => None,
    };
    let Some(source) = counts else { return destination(which, environment) };
    match source.file().map(Path::to_owned) {
        Some(file) => Ok((file, source)),
        None => Err(Error::new(
            ErrorKind::BadInput,
            format!("Commands here use {source}, which is no file that could be removed"),
        )
        .detail("unset it, or name the sign-in that is to go: --account or --auth-file")),
    }
}
