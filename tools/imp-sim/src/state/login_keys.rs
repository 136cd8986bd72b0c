//! Login keys: long-lived secrets that stand for the account. A key's id is the secret.

use serde::{Deserialize, Serialize};

use super::State;
use super::ids::Id;
use super::refusal::Refusal;

/// Maximum login keys of an account.
pub const LOGIN_KEYS: usize = 10;

/// One login key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LoginKey {
    /// 16 lower-case hexadecimal digits.
    pub id: String,
    /// Who it speaks for.
    pub account: Id,
    /// Free text.
    pub description: String,
    /// How often it was used to sign in.
    pub usages: u64,
}

impl State {
    /// The caller's keys, oldest first.
    pub fn login_keys_of(&self, caller: Id) -> impl Iterator<Item = &LoginKey> {
        self.login_keys.iter().filter(move |key| key.account == caller)
    }

    /// One of the caller's keys.
    pub fn login_key(&mut self, caller: Id, id: &str) -> Result<&mut LoginKey, Refusal> {
        self.login_keys
            .iter_mut()
            .find(|key| key.account == caller && key.id == id)
            .ok_or_else(|| Refusal::not_found("Login key", id))
    }

    /// A new key, if the account has room for one.
    pub fn create_login_key(
        &mut self,
        caller: Id,
        description: String,
    ) -> Result<&LoginKey, Refusal> {
        if self.login_keys_of(caller).count() >= LOGIN_KEYS {
            return Err(Refusal::account_limit());
        }
        let id = self.random.hex(16);
        self.login_keys.push(LoginKey { id, account: caller, description, usages: 0 });
        Ok(&self.login_keys[self.login_keys.len() - 1])
    }

    /// Ends a key. Access tokens that came of it stay good.
    pub fn delete_login_key(&mut self, caller: Id, id: &str) -> Result<(), Refusal> {
        self.login_key(caller, id)?;
        self.login_keys.retain(|key| key.id != id);
        Ok(())
    }

    /// Signs in by key and counts the use.
    pub fn use_login_key(&mut self, id: &str) -> Result<Id, Refusal> {
        let key = self.login_keys.iter_mut().find(|key| key.id == id);
        let key = key.ok_or_else(Refusal::unknown_token)?;
        key.usages += 1;
        Ok(key.account)
    }

    /// Writes to login keys need the password once more.
    pub fn check_password(&self, caller: Id, password: Option<&str>) -> Result<(), Refusal> {
        match self.accounts.get(&caller) {
            Some(account) if password == Some(&account.password) => Ok(()),
            _ => Err(Refusal::password()),
        }
    }
}
