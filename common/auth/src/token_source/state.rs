//! What is known of the sign-in at a moment, and which token may be used.

use model::Secret;
use std::time::SystemTime;

use api::Error;
use api::sign_in::Grant;

use crate::file::SignIn;
use crate::renewal::Token;

/// Refused tokens that are remembered; the newest count.
const REFUSED: usize = 16;

/// What the threads of a run share.
pub(super) struct State {
    pub(super) token: Option<Token>,
    /// The credentials for the next token, and the file as it was last seen.
    pub(super) sign_in: SignIn,
    /// False once the file is not ours any more or cannot be written.
    pub(super) attached: bool,
    pub(super) refused: Vec<Secret>,
    /// A fresh token has been refused before.
    pub(super) resorted: bool,
    /// A password that was typed, so that it is not asked for twice.
    pub(super) typed: Option<Secret>,
    /// The token works although its renewal failed; the next try is not before this.
    pub(super) not_before: Option<SystemTime>,
    /// Why the last try failed.
    pub(super) failure: Option<Error>,
    /// Why nobody gets a token any more.
    pub(super) ended: Option<Error>,
}

impl State {
    pub(super) fn new(sign_in: SignIn) -> Self {
        State {
            token: Token::stored(&sign_in),
            sign_in,
            attached: true,
            refused: Vec::new(),
            resorted: false,
            typed: None,
            not_before: None,
            failure: None,
            ended: None,
        }
    }

    pub(super) fn is_refused(&self, token: &Secret) -> bool {
        self.refused.contains(token)
    }

    /// The token that can be used without further ado.
    pub(super) fn usable(&self, now: SystemTime) -> Option<&Token> {
        self.token.as_ref().filter(|token| {
            let postponed = self.not_before.is_some_and(|time| now < time) && !token.has_ended(now);
            !self.is_refused(&token.secret) && (postponed || !token.is_due(now))
        })
    }

    pub(super) fn refuse(&mut self, token: &Secret) {
        if !self.is_refused(token) {
            self.refused.truncate(REFUSED - 1);
            self.refused.insert(0, token.clone());
        }
    }

    /// Takes over what the service has given.
    pub(super) fn accept(&mut self, grant: &Grant, now: SystemTime) {
        self.sign_in.take(grant, now);
        self.not_before = None;
        self.token = Token::stored(&self.sign_in).map(|token| Token { ours: true, ..token });
        // One that has ended before it began: the clocks disagree, so only a refusal tells.
        if let Some(token) = self.token.as_mut().filter(|token| token.has_ended(now)) {
            token.end = None;
        }
    }
}
