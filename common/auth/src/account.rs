//! What is known of accounts: which account a credential belongs to, learnt once and kept.
//!
//! With it a confirmation names the account without a request, and the pace is shared by all sign-ins
//! of an account. Credentials appear only as hashes. A service that gives a new refresh token with each
//! renewal changes the credential but not the account, so successors are noted.

use model::Secret;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{digest, whole_file};

/// What was learnt so long ago is learnt again, so that credentials long gone leave no files.
const FORGOTTEN: Duration = Duration::from_secs(180 * 86_400);

/// An account of the service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Its id.
    pub id: String,
    /// Its email address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Its user name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
}

impl Account {
    /// True when a person may mean this account by `text`: its id, email or user name.
    pub fn is_called(&self, text: &str) -> bool {
        let is_email = |email: &String| email.eq_ignore_ascii_case(text);
        self.id == text
            || self.username.as_deref() == Some(text)
            || self.email.as_ref().is_some_and(is_email)
    }
}

/// A credential at an endpoint, as a hash that says nothing of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    endpoint: String,
    credential: String,
}

impl Identity {
    pub(crate) fn new(endpoint: &str, kind: &str, secrets: &[&str]) -> Self {
        let mut parts = vec![endpoint.as_bytes(), kind.as_bytes()];
        parts.extend(secrets.iter().map(|secret| secret.as_bytes()));
        Identity { endpoint: endpoint.to_owned(), credential: digest(&parts) }
    }

    pub(crate) fn of_login_key(endpoint: &str, key: &Secret) -> Self {
        Identity::new(endpoint, "login key", &[key.expose()])
    }

    /// The hash, fit for a file name.
    pub(crate) fn name(&self) -> &str {
        &self.credential
    }

    fn file(&self, state_dir: &Path) -> PathBuf {
        state_dir.join("accounts").join(format!("{}.json", self.credential))
    }
}

/// What is kept under the hash of a credential.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Entry {
    Successor { successor_of: String },
    Account(Account),
}

fn entry(state_dir: &Path, identity: &Identity) -> Option<Entry> {
    let text = std::fs::read(identity.file(state_dir)).ok()?;
    serde_json::from_slice(&text).ok()
}

fn keep(state_dir: &Path, identity: &Identity, entry: &Entry) -> io::Result<()> {
    let directory = state_dir.join("accounts");
    whole_file::make_directory(&directory)?;
    whole_file::remove_older(&directory, FORGOTTEN);
    whole_file::replace(&identity.file(state_dir), &serde_json::to_vec(entry)?)
}

/// The credential that this one descends from; itself, mostly.
fn origin(state_dir: &Path, identity: &Identity) -> Identity {
    match entry(state_dir, identity) {
        Some(Entry::Successor { successor_of }) => {
            Identity { credential: successor_of, ..identity.clone() }
        }
        _ => identity.clone(),
    }
}

/// Notes that the service has given `new` in place of `old`.
pub(crate) fn note_successor(state_dir: &Path, old: &Identity, new: &Identity) -> io::Result<()> {
    let successor_of = origin(state_dir, old).credential;
    keep(state_dir, new, &Entry::Successor { successor_of })
}

/// True when both are known to be sign-ins of one account. When in doubt they are not.
pub(crate) fn same_account(state_dir: Option<&Path>, one: &Identity, other: &Identity) -> bool {
    if one == other {
        return true;
    }
    let Some(state_dir) = state_dir.filter(|_| one.endpoint == other.endpoint) else {
        return false;
    };
    let id = |identity| known_account(state_dir, identity).map(|account| account.id);
    origin(state_dir, one) == origin(state_dir, other)
        || id(one).is_some_and(|known| id(other) == Some(known))
}

/// The account that a credential belongs to, if it has been learnt.
pub fn known_account(state_dir: &Path, identity: &Identity) -> Option<Account> {
    match entry(state_dir, &origin(state_dir, identity))? {
        Entry::Account(account) => Some(account).filter(|account| !account.id.is_empty()),
        Entry::Successor { .. } => None,
    }
}

/// Keeps for later runs which account a credential belongs to; an account without an id is not kept.
///
/// # Errors
/// When the state directory cannot be written to; nothing is lost but a request next time.
pub fn remember_account(
    state_dir: &Path,
    identity: &Identity,
    account: &Account,
) -> io::Result<()> {
    if account.id.is_empty() || known_account(state_dir, identity).as_ref() == Some(account) {
        return Ok(());
    }
    keep(state_dir, &origin(state_dir, identity), &Entry::Account(account.clone()))
}

/// The file in which the pace of the account is kept; its directory is made. Until the account is known
/// every credential has a pace of its own.
///
/// # Errors
/// When the directory cannot be made.
pub fn pace_file(state_dir: &Path, identity: &Identity) -> io::Result<PathBuf> {
    let directory = state_dir.join("pace");
    whole_file::make_directory(&directory)?;
    Ok(directory.join(name_of_account(state_dir, identity)))
}

/// A name for the account at its endpoint; for the credential until the account is known.
fn name_of_account(state_dir: &Path, identity: &Identity) -> String {
    match known_account(state_dir, identity) {
        Some(account) => digest(&[identity.endpoint.as_bytes(), b"account", account.id.as_bytes()]),
        None => origin(state_dir, identity).credential,
    }
}

/// The file in which the names of an account's things are kept for the shell: `kind` tells which.
pub fn names_file(
    cache_dir: &Path,
    state_dir: Option<&Path>,
    identity: &Identity,
    kind: &str,
) -> PathBuf {
    let account = match state_dir {
        Some(state_dir) => name_of_account(state_dir, identity),
        None => identity.credential.clone(),
    };
    cache_dir.join("names").join(format!("{account}.{kind}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(secret: &str) -> Identity {
        Identity::new("https://h/v5", "refresh token", &[secret])
    }

    fn account(id: &str) -> Account {
        Account { id: id.into(), email: Some("a@b.c".into()), username: None }
    }

    #[test]
    fn an_account_is_remembered_and_its_sign_ins_share_a_pace() {
        let state = tempfile::tempdir().unwrap();
        let (one, two) = (identity("R1"), identity("R2"));
        assert_eq!(known_account(state.path(), &one), None);
        assert_ne!(pace_file(state.path(), &one).unwrap(), pace_file(state.path(), &two).unwrap());
        assert!(!same_account(Some(state.path()), &one, &two));
        remember_account(state.path(), &one, &account("A")).unwrap();
        remember_account(state.path(), &two, &account("A")).unwrap();
        assert_eq!(known_account(state.path(), &one), Some(account("A")));
        assert_eq!(pace_file(state.path(), &one).unwrap(), pace_file(state.path(), &two).unwrap());
        assert!(same_account(Some(state.path()), &one, &two));
        remember_account(state.path(), &two, &account("B")).unwrap();
        assert!(!same_account(Some(state.path()), &one, &two));
    }

    #[test]
    fn a_new_refresh_token_belongs_to_the_same_account() {
        let state = tempfile::tempdir().unwrap();
        let (first, second, third) = (identity("R1"), identity("R2"), identity("R3"));
        note_successor(state.path(), &first, &second).unwrap();
        note_successor(state.path(), &second, &third).unwrap();
        assert!(same_account(Some(state.path()), &first, &third));
        remember_account(state.path(), &third, &account("A")).unwrap();
        assert_eq!(known_account(state.path(), &first), Some(account("A")));
        assert!(same_account(Some(state.path()), &first, &third), "and stays so");
    }

    #[test]
    fn no_secret_and_no_mixing_up_in_the_names() {
        let one = Identity::new("https://h/v5", "password", &["ab", "c"]);
        let other = Identity::new("https://h/v5", "password", &["a", "bc"]);
        assert_ne!(one.name(), other.name());
        assert!(!format!("{:?}", identity("swordfish")).contains("swordfish"));
    }
}
