//! Access tokens, refresh tokens and the login tokens of two-step sign-in.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::State;
use super::ids::{Id, Timestamp};
use super::refusal::Refusal;
use crate::variants::Variants;

/// Maximum refresh tokens of an account; the oldest goes first.
pub const REFRESH_TOKENS: usize = 5;
/// How long a login token waits for its one-time password.
pub const LOGIN_TOKEN_LIFE: Duration = Duration::from_secs(300);

/// What is known of an access token.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Access {
    /// Who it speaks for.
    pub account: Id,
    /// Distinguishes tokens without telling them.
    pub serial: u64,
    /// From then on it is refused.
    pub expires_at: Timestamp,
    /// Who signed in, if it was over the network.
    #[serde(default)]
    pub address: Option<IpAddr>,
}

/// A refresh token. Its `id` in lists is not the secret.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Refresh {
    /// Shown as `id`.
    pub id: Id,
    /// What the client keeps.
    pub secret: String,
    /// Who it speaks for.
    pub account: Id,
    /// When it was issued.
    pub created_at: Timestamp,
}

/// All tokens.
#[derive(Default, Serialize, Deserialize)]
pub struct Tokens {
    /// By the token itself.
    pub access: HashMap<String, Access>,
    /// In order of issue.
    pub refresh: Vec<Refresh>,
    /// By the token itself: the account and the end of its life.
    pub login: HashMap<String, (Id, Timestamp)>,
    issued: u64,
}

/// A token just issued, for the answer.
pub struct Issued {
    /// The new access token.
    pub token: String,
    /// Its end.
    pub expires_at: Timestamp,
}

impl State {
    /// First step: name and password. A wrong one of either gives the same refusal.
    pub fn sign_in(&mut self, name: &str, password: &str, now: Timestamp) -> Result<Id, Refusal> {
        let account = self
            .account_named(name)
            .filter(|account| account.password == password)
            .ok_or_else(|| Refusal::credentials("The id or the password is wrong."))?;
        let id = account.id;
        self.require_one_time_password(id, now)?;
        Ok(id)
    }

    /// Refuses with a login token where the account needs a one-time password as well.
    pub fn require_one_time_password(
        &mut self,
        account: Id,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        if self.accounts.get(&account).is_none_or(|account| account.one_time_password.is_none()) {
            return Ok(());
        }
        self.tokens.login.retain(|_, (_, expires_at)| *expires_at > now);
        let expires_at = now.plus(LOGIN_TOKEN_LIFE);
        let token = self.random.hex(64);
        self.tokens.login.insert(token.clone(), (account, expires_at));
        Err(Refusal::one_time_password(&token, expires_at))
    }

    /// Second step: login token and one-time password. The login token is good for one success.
    pub fn sign_in_with_code(
        &mut self,
        token: &str,
        code: &str,
        now: Timestamp,
    ) -> Result<Id, Refusal> {
        let wrong = || Refusal::credentials("The login token or the one-time password is wrong.");
        let &(id, expires_at) = self.tokens.login.get(token).ok_or_else(wrong)?;
        let account = self.accounts.get(&id).ok_or_else(wrong)?;
        if expires_at <= now || account.one_time_password.as_deref() != Some(code) {
            return Err(wrong());
        }
        self.tokens.login.remove(token);
        Ok(id)
    }

    /// Issues an access token, and forgets those that have ended.
    pub fn issue_access(
        &mut self,
        account: Id,
        address: Option<IpAddr>,
        now: Timestamp,
        life: Duration,
    ) -> Issued {
        self.tokens.access.retain(|_, access| access.expires_at > now);
        self.tokens.issued += 1;
        let expires_at = now.plus(life);
        let token = self.random.access_token();
        let access = Access { account, serial: self.tokens.issued, expires_at, address };
        self.tokens.access.insert(token.clone(), access);
        Issued { token, expires_at }
    }

    /// Issues a refresh token; the oldest beyond five stops working.
    pub fn issue_refresh(&mut self, account: Id, now: Timestamp) -> String {
        let secret = self.random.hex(64);
        let id = self.random.id();
        self.tokens.refresh.push(Refresh { id, secret: secret.clone(), account, created_at: now });
        let own = |token: &Refresh| token.account == account;
        if self.tokens.refresh.iter().filter(|token| own(token)).count() > REFRESH_TOKENS
            && let Some(oldest) = self.tokens.refresh.iter().position(own)
        {
            self.tokens.refresh.remove(oldest);
        }
        secret
    }

    /// Ends all access tokens.
    pub fn expire_access(&mut self) {
        self.tokens.access.clear();
    }

    /// Who a bearer token speaks for; by variant only where its owner signed in.
    pub fn authenticate(
        &self,
        token: &str,
        peer: IpAddr,
        variants: &Variants,
        now: Timestamp,
    ) -> Result<Access, Refusal> {
        let access = self.tokens.access.get(token).filter(|access| access.expires_at > now);
        let access = access.ok_or_else(|| {
            Refusal::credentials("The access token is missing, wrong or expired.")
        })?;
        let elsewhere = access.address.is_some_and(|address| address != peer);
        if variants.token_address_same && elsewhere {
            return Err(Refusal::credentials("The access token belongs to another address."));
        }
        Ok(*access)
    }

    /// The account of a refresh token.
    pub fn account_of_refresh(&self, secret: &str) -> Result<Id, Refusal> {
        let token = self.tokens.refresh.iter().find(|token| token.secret == secret);
        token.map(|token| token.account).ok_or_else(Refusal::unknown_token)
    }

    /// A new refresh token in place of an old one.
    pub fn replace_refresh(&mut self, secret: &str, now: Timestamp) -> Option<String> {
        let place = self.tokens.refresh.iter().position(|token| token.secret == secret)?;
        let old = self.tokens.refresh.remove(place);
        Some(self.issue_refresh(old.account, now))
    }

    /// Ends a refresh token. Access tokens that came of it stay good.
    pub fn delete_refresh(&mut self, caller: Id, id: &str) -> Result<(), Refusal> {
        let place = self
            .tokens
            .refresh
            .iter()
            .position(|token| token.account == caller && token.id.to_string() == id)
            .ok_or_else(|| Refusal::not_found("Refresh token", id))?;
        self.tokens.refresh.remove(place);
        Ok(())
    }
}
