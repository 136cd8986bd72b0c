//! The sign-in of a run: gives tokens, and renews them once however many ask.
//!
//! Threads of this process queue behind a mutex, processes behind a lock file; whoever comes in looks
//! first whether another one has done it already. Careful about the run's identity: when the sign-in
//! file is replaced by that of another account, the run goes on as the one that it began as, and writes
//! nothing over what is not its own.

pub(crate) mod obtain;
mod state;

use model::ErrorKind;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use api::{AccessToken, Credentials, Error, send::clock};

use crate::account::{self, Account, Identity};
use crate::choose::{Choice, Source};
use crate::file::{self, SignIn};
use crate::keyring;
use crate::lock::{self, Locked};
use crate::renewal::Token;
use crate::service::Service;
use crate::{Environment, Interaction, whole_file};
use state::State;

/// After a renewal ahead of time has failed, the token that still works is used for so long.
const AGAIN: Duration = Duration::from_secs(20);
/// A cached token that has not been renewed for so long is removed.
const FORGOTTEN: Duration = Duration::from_secs(30 * 86_400);

/// Why a run leaves a sign-in file alone.
const CHANGED: &str = "the file was replaced, removed or damaged while this run went on";

/// A sign-in in use. Hand it to [`api::Client::new`].
pub struct TokenSource {
    choice: Choice,
    identity: Identity,
    state_dir: Option<PathBuf>,
    service: Box<dyn Service>,
    interaction: Interaction,
    state: Mutex<State>,
    /// The token that the service took last. Not in the state, which a renewal holds for long.
    taken: Mutex<Option<AccessToken>>,
    /// Renewals that have been tried, good or bad.
    tries: AtomicU64,
}

impl TokenSource {
    /// Goes on with what [`choose`](crate::choose) found. `service` is a client without credentials, for
    /// the endpoint of the choice.
    pub fn new(
        choice: Choice,
        environment: &Environment,
        service: impl Service + 'static,
        interaction: Interaction,
    ) -> Self {
        TokenSource {
            identity: choice.identity(&choice.sign_in),
            state_dir: environment.state_dir.clone(),
            service: Box::new(service),
            interaction,
            state: Mutex::new(State::new(choice.sign_in.clone())),
            taken: Mutex::default(),
            tries: AtomicU64::new(0),
            choice,
        }
    }

    /// Base URL of the service.
    pub fn endpoint(&self) -> &str {
        &self.choice.endpoint
    }

    /// Where the sign-in comes from.
    pub fn source(&self) -> &Source {
        &self.choice.source
    }

    /// The credential, for [`known_account`](crate::known_account) and its like.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The account, if an earlier run has learnt it.
    pub fn known_account(&self) -> Option<Account> {
        account::known_account(self.state_dir.as_deref()?, &self.identity)
    }

    fn lock_state(&self) -> MutexGuard<'_, State> {
        simulated::lock(&self.state).unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_taken(&self) -> MutexGuard<'_, Option<AccessToken>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn token_at(&self, now: SystemTime) -> Result<AccessToken, Error> {
        let tries = self.tries.load(Ordering::Acquire);
        self.another(&mut self.lock_state(), tries, now)
    }

    pub(crate) fn renewed_at(
        &self,
        refused: &AccessToken,
        now: SystemTime,
    ) -> Result<AccessToken, Error> {
        let tries = self.tries.load(Ordering::Acquire);
        let mut state = self.lock_state();
        let current = state.token.as_ref().filter(|token| token.secret == *refused);
        let was_taken = self.lock_taken().as_ref() == Some(refused);
        let refused_anew = current.is_some_and(|token| token.is_new(now, was_taken));
        state.refuse(refused);
        if refused_anew && state.ended.is_none() && !self.last_resort(&mut state, now) {
            state.ended = Some(self.refused_anew());
        }
        self.another(&mut state, tries, now)
    }

    /// A fresh token was refused: only one that another process has stored can help, and only once, or
    /// two processes could go on for ever with each other's tokens.
    fn last_resort(&self, state: &mut State, now: SystemTime) -> bool {
        let first = !std::mem::replace(&mut state.resorted, true);
        first && state.attached && self.look_again(state, now)
    }

    /// A token that can be used: the one that is there, or a renewed one. `tries` is how many renewals
    /// had been tried when the caller began to queue.
    fn another(
        &self,
        state: &mut State,
        tries: u64,
        now: SystemTime,
    ) -> Result<AccessToken, Error> {
        if let Some(error) = &state.ended {
            return Err(error.clone());
        }
        if let Some(token) = state.usable(now) {
            return Ok(token.secret.clone());
        }
        if let Some(error) = &state.failure
            && self.tries.load(Ordering::Acquire) != tries
        {
            // It was tried while this one waited; the whole patience has been spent already.
            return Err(error.clone());
        }
        state.failure = None;
        let result = self.renew(state, now);
        self.tries.fetch_add(1, Ordering::Release);
        let token = state.token.as_ref().filter(|token| !state.refused.contains(&token.secret));
        match (result, token) {
            (Ok(()), Some(token)) => Ok(token.secret.clone()),
            (Err(error), Some(token))
                if !token.has_ended(now) && error.kind != ErrorKind::NotAttempted =>
            {
                state.not_before = Some(now + AGAIN);
                Ok(token.secret.clone())
            }
            (Err(error), _) if error.kind == ErrorKind::NotSignedIn => {
                Err(state.ended.insert(error).clone())
            }
            (Err(error), _) => Err(state.failure.insert(error).clone()),
            (Ok(()), None) => Err(state.ended.insert(self.refused_anew()).clone()),
        }
    }

    /// Gets a token that is neither refused nor due, under the lock.
    fn renew(&self, state: &mut State, now: SystemTime) -> Result<(), Error> {
        self.make_cache();
        let _lock = self.lock()?;
        if state.attached && self.look_again(state, now) {
            return Ok(());
        }
        let before = self.choice.identity(&state.sign_in);
        let grant = self.obtain(state)?;
        state.accept(&grant, now);
        let after = self.choice.identity(&state.sign_in);
        if let Some(state_dir) = self.state_dir.as_deref().filter(|_| after != before) {
            // Before the file is written, so that whoever reads it knows that it is still ours.
            let _ = account::note_successor(state_dir, &before, &after);
        }
        if state.attached {
            self.store(state);
        }
        Ok(())
    }

    /// Makes the directory for tokens of sign-ins from the environment. When it cannot be made, writing
    /// will say so.
    fn make_cache(&self) {
        let Some(directory) = self.choice.store.as_ref().and_then(|path| path.parent()) else {
            return;
        };
        if self.choice.source.file().is_none() && whole_file::make_directory(directory).is_ok() {
            whole_file::remove_older(directory, FORGOTTEN);
        }
    }

    /// Reads the file again; true when somebody else has stored a token that can be used.
    fn look_again(&self, state: &mut State, now: SystemTime) -> bool {
        let Some(path) = &self.choice.store else {
            return false;
        };
        let from_environment = self.choice.source.file().is_none();
        let found = match file::read(path, clock::wait) {
            Ok(Some(found)) if self.is_ours(&found) => found,
            _ if from_environment => return false,
            _ => {
                self.detach(state, CHANGED);
                return false;
            }
        };
        let token = Token::stored(&found);
        state.sign_in = found;
        let good = |token: &Token| !state.is_refused(&token.secret) && !token.is_due(now);
        match token.filter(good) {
            Some(token) => {
                state.token = Some(token);
                state.not_before = None;
                true
            }
            None => false,
        }
    }

    fn is_ours(&self, found: &SignIn) -> bool {
        let identity = self.choice.identity(found);
        found.endpoint == self.choice.endpoint
            && account::same_account(self.state_dir.as_deref(), &self.identity, &identity)
    }

    /// Writes the new token for other processes. `impt` knows nothing of our lock, so somebody may have
    /// signed in or out with it while the service was asked: that stays.
    fn store(&self, state: &mut State) {
        let Some(path) = &self.choice.store else {
            return self.detach(state, "there is no home directory");
        };
        let still_ours = || {
            let found = file::read(path, clock::wait);
            found.is_ok_and(|found| found.is_some_and(|found| self.is_ours(&found)))
        };
        if self.choice.source.file().is_some() && !still_ours() {
            return self.detach(state, CHANGED);
        }
        if let Err(error) = keyring::keep(&state.sign_in, path, &self.interaction) {
            self.detach(state, &error.to_string());
        }
    }

    /// From now on the sign-in is this run's alone.
    fn detach(&self, state: &mut State, why: &str) {
        state.attached = false;
        (self.interaction.warn)(&format!(
            "{}: a new token is used in this run but not kept for the next one: {why}",
            self.choice.source
        ));
    }

    /// Waits until no other process renews this sign-in. `None` is a run without a lock, which may
    /// renew once too often but works.
    fn lock(&self) -> Result<Option<Locked>, Error> {
        let (Some(store), Some(state_dir)) = (&self.choice.store, &self.state_dir) else {
            return Ok(None);
        };
        match lock::of_file(store, state_dir, &self.interaction) {
            Ok(Locked::Stopped) => Err(Error::new(ErrorKind::NotAttempted, "Interrupted")),
            // Whoever holds it is stopped, or sees the outage that we are going to see.
            Ok(Locked::TimedOut) => Ok(None),
            Ok(held) => Ok(Some(held)),
            Err(error) => {
                (self.interaction.warn)(&format!(
                    "the sign-in is renewed without a lock, since there can be none in {}: {error}",
                    state_dir.display()
                ));
                Ok(None)
            }
        }
    }
}

impl Credentials for TokenSource {
    fn token(&self) -> Result<AccessToken, Error> {
        self.token_at(clock::now())
    }

    fn renewed(&self, refused: &AccessToken) -> Result<AccessToken, Error> {
        self.renewed_at(refused, clock::now())
    }

    fn accepted(&self, token: &AccessToken) {
        let mut taken = self.lock_taken();
        if taken.as_ref() != Some(token) {
            *taken = Some(token.clone());
        }
    }
}

#[cfg(test)]
mod tests;
