//! Secrets of a sign-in that lie in the keyring of the system instead of in its file.
//!
//! The file then names the keyring's entry in its member `keyring`, and holds the access token, which ends
//! within the hour: so only a renewal needs the keyring. Careful never to lose a secret: one that the keyring
//! does not take goes into the file, and that is said.

use std::path::Path;

use api::Error;
use model::{ErrorKind, Secret};
use serde_json::{Map, Value};

use crate::file::SignIn;
use crate::{Interaction, digest};

/// The members of a sign-in file that are kept in a keyring.
pub(crate) const SECRET_MEMBERS: [&str; 2] = ["refreshToken", "loginKey"];

/// The keyring of the system. A trait because the tests have one of their own.
pub trait Keyring: Send + Sync {
    /// The secret of this entry; `None` when there is no such entry.
    ///
    /// # Errors
    /// Why it cannot be read, in words.
    fn read(&self, entry: &str) -> Result<Option<Secret>, String>;
    /// Keeps the secret, over an older one.
    ///
    /// # Errors
    /// Why it cannot be kept, in words.
    fn write(&self, entry: &str, secret: &Secret) -> Result<(), String>;
    /// Removes the entry, if there is one.
    ///
    /// # Errors
    /// Why it cannot be removed, in words.
    fn remove(&self, entry: &str) -> Result<(), String>;
}

/// A name for the entry of a new sign-in, which no other has and which tells nothing.
pub(crate) fn new_entry(sign_in: &SignIn) -> String {
    let token = sign_in.access_token.as_ref().map_or("", Secret::expose);
    digest(&[b"keyring", sign_in.endpoint.as_bytes(), token.as_bytes()])[..32].to_owned()
}

/// Writes a sign-in, with what the keyring takes of it there and not in the file.
///
/// # Errors
/// When the file cannot be written.
pub(crate) fn keep(
    sign_in: &SignIn,
    path: &Path,
    interaction: &Interaction,
) -> std::io::Result<()> {
    let Some(entry) = &sign_in.keyring else { return sign_in.write(path) };
    let Some(secrets) = sign_in.secrets_for_keyring() else { return sign_in.write(path) };
    let text = Secret::new(Value::Object(secrets.clone()).to_string());
    match interaction.keyring.write(entry, &text) {
        Ok(()) => sign_in.without_secret_members().write(path),
        Err(why) => {
            (interaction.warn)(&format!(
                "the keyring does not take the secret, so it is kept in {}: {why}",
                path.display()
            ));
            sign_in.with_secret_members(secrets).write(path)
        }
    }
}

/// Fetches what a sign-in has in the keyring, unless it is here already.
///
/// # Errors
/// Of kind `not_signed_in`, with what to do.
pub(crate) fn fetch(sign_in: &mut SignIn, interaction: &Interaction) -> Result<(), Error> {
    let Some(entry) = &sign_in.keyring else { return Ok(()) };
    if sign_in.refresh_token.is_some() || sign_in.login_key.is_some() {
        return Ok(());
    }
    let failed = |why: &str| {
        Error::new(ErrorKind::NotSignedIn, "The keyring does not give the secret of the sign-in")
            .detail(format!("{why}; unlock it, or sign in again without --keyring"))
    };
    let text = interaction.keyring.read(entry).map_err(|why| failed(&why))?;
    let text = text.ok_or_else(|| failed("it has none"))?;
    let secrets: Map<String, Value> = serde_json::from_str(text.expose())
        .map_err(|_| failed("what it has is not of imp-auth"))?;
    sign_in.take_secret_members(&secrets);
    Ok(())
}
