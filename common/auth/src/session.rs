//! The sign-in of a run: gives tokens, and renews them once however many ask.
//!
//! Threads of this process queue behind a mutex, processes behind a lock file; whoever comes in looks
//! first whether another one has done it already. Careful about the run's identity: when the sign-in
//! file is replaced by that of another account, the run goes on as the one that it began as, and writes
//! nothing over what is not its own.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use api::sign_in::Grant;
use api::{AccessToken, Credentials, Error, Kind, Secret, clock};

use crate::account::{self, Account, Identity};
use crate::choose::{Choice, Given, Source};
use crate::file::{self, SignIn};
use crate::lock::{Locked, lock};
use crate::renewal::Token;
use crate::service::{Service, by_login_key, by_password, is_refusal};
use crate::{Environment, Hands, Question, digest, private};

/// Even an impatient run waits so long for another process that renews.
const SHORTEST_LOCK: Duration = Duration::from_secs(10);
/// After a renewal ahead of time has failed, the token that still works is used for so long.
const AGAIN: Duration = Duration::from_secs(20);
/// A cached token that has not been renewed for so long is removed.
const FORGOTTEN: Duration = Duration::from_secs(30 * 86_400);
/// Refused tokens that are remembered; the newest count.
const REFUSED: usize = 16;

/// A sign-in in use. Hand it to [`api::Client::new`].
pub struct Session {
    choice: Choice,
    identity: Identity,
    state_dir: Option<PathBuf>,
    service: Box<dyn Service>,
    hands: Hands,
    state: Mutex<State>,
    /// Renewals that have been tried, good or bad.
    tries: AtomicU64,
}

struct State {
    token: Option<Token>,
    /// The credentials for the next token, and the file as it was last seen.
    sign_in: SignIn,
    /// False once the file is not ours any more or cannot be written.
    attached: bool,
    refused: Vec<Secret>,
    /// A password that was typed, so that it is not asked for twice.
    typed: Option<Secret>,
    /// The token works although its renewal failed; the next try is not before this.
    not_before: Option<SystemTime>,
    /// Why the last try failed.
    failure: Option<Error>,
    /// Why nobody gets a token any more.
    ended: Option<Error>,
}

impl State {
    fn is_refused(&self, token: &Secret) -> bool {
        self.refused.contains(token)
    }

    /// The token that can be used without further ado.
    fn usable(&self, now: SystemTime) -> Option<&Token> {
        self.token.as_ref().filter(|token| {
            let postponed = self.not_before.is_some_and(|time| now < time) && !token.has_ended(now);
            !self.is_refused(&token.secret) && (postponed || !token.is_due(now))
        })
    }

    fn refuse(&mut self, token: &Secret) {
        if !self.is_refused(token) {
            self.refused.truncate(REFUSED - 1);
            self.refused.insert(0, token.clone());
        }
    }

    fn accept(&mut self, grant: &Grant, now: SystemTime) {
        self.sign_in.take(grant, now);
        self.not_before = None;
        self.token = Token::stored(&self.sign_in).map(|token| Token {
            ours: true,
            ..token
        });
        // One that has ended before it began: the clocks disagree, so only a refusal tells.
        if let Some(token) = self.token.as_mut().filter(|token| token.has_ended(now)) {
            token.end = None;
        }
    }
}

impl Session {
    /// Goes on with what [`choose`](crate::choose) found. `service` is a client without credentials, for
    /// the endpoint of the choice.
    pub fn new(
        choice: Choice,
        environment: &Environment,
        service: impl Service + 'static,
        hands: Hands,
    ) -> Self {
        let state = State {
            token: Token::stored(&choice.sign_in),
            sign_in: choice.sign_in.clone(),
            attached: choice.store.is_some(),
            refused: Vec::new(),
            typed: None,
            not_before: None,
            failure: None,
            ended: None,
        };
        Session {
            identity: choice.identity(&choice.sign_in),
            state_dir: environment.state_dir.clone(),
            service: Box::new(service),
            hands,
            state: Mutex::new(state),
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
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
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
        let current = state
            .token
            .as_ref()
            .filter(|token| token.secret == *refused);
        if state.ended.is_none() && current.is_some_and(|token| token.is_new(now)) {
            state.ended = Some(self.refused_anew());
        }
        state.refuse(refused);
        self.another(&mut state, tries, now)
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
        let token = state
            .token
            .as_ref()
            .filter(|token| !state.refused.contains(&token.secret));
        match (result, token) {
            (Ok(()), Some(token)) => Ok(token.secret.clone()),
            (Err(error), Some(token))
                if !token.has_ended(now) && error.kind != Kind::NotAttempted =>
            {
                state.not_before = Some(now + AGAIN);
                Ok(token.secret.clone())
            }
            (Err(error), _) if error.kind == Kind::NotSignedIn => {
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
        if state.attached
            && let Err(error) = self.store(&state.sign_in)
        {
            state.attached = false;
            (self.hands.warn)(&format!(
                "the renewed token is used but cannot be kept for the next command: {error}"
            ));
        }
        Ok(())
    }

    /// Makes the directory for tokens of sign-ins from the environment. When it cannot be made, writing
    /// will say so.
    fn make_cache(&self) {
        let Some(directory) = self.choice.store.as_ref().and_then(|path| path.parent()) else {
            return;
        };
        if self.choice.source.file().is_none() && private::make_directory(directory).is_ok() {
            private::remove_older(directory, FORGOTTEN);
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
                state.attached = false;
                (self.hands.warn)(&format!(
                    "{} was replaced, removed or damaged meanwhile; this run goes on as it began",
                    self.choice.source
                ));
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

    /// Asks the service, with the refresh token before anything else.
    fn obtain(&self, state: &mut State) -> Result<Grant, Error> {
        let mut refusal = None;
        if let Some(token) = &state.sign_in.refresh_token {
            match self.service.with_refresh_token(token) {
                Err(error) if is_refusal(&error) => refusal = Some(error),
                answer => return answer,
            }
        }
        let (service, hands, endpoint) = (&*self.service, &self.hands, self.endpoint());
        let answer = match (&self.choice.given, &state.sign_in.login_key) {
            (Given::LoginKey(key), _) | (Given::Nothing, Some(key)) => {
                by_login_key(service, hands, endpoint, key)
            }
            (Given::Password { user, password }, _) => {
                let password = self.password(user, password.as_ref(), &mut state.typed)?;
                by_password(service, hands, endpoint, user, &password)
            }
            (Given::Nothing, None) => return Err(self.ended(refusal.as_ref())),
        };
        answer.map_err(|error| {
            if is_refusal(&error) {
                self.ended(Some(&error))
            } else {
                error
            }
        })
    }

    fn password(
        &self,
        user: &str,
        given: Option<&Secret>,
        typed: &mut Option<Secret>,
    ) -> Result<Secret, Error> {
        if let Some(password) = given.or(typed.as_ref()) {
            return Ok(password.clone());
        }
        let question = Question::Password {
            user,
            endpoint: self.endpoint(),
        };
        match (self.hands.ask)(question) {
            Some(password) => Ok(typed.insert(password).clone()),
            None => Err(Error::new(
                Kind::NotSignedIn,
                format!("No password for IMPT_USER ({user})"),
            )
            .detail("there is no terminal to ask for it; set IMPT_PASSWORD or IMPT_LOGINKEY")),
        }
    }

    fn store(&self, sign_in: &SignIn) -> io::Result<()> {
        match &self.choice.store {
            Some(path) => sign_in.write(path),
            None => Ok(()),
        }
    }

    /// Waits until no other process renews this sign-in. `None` is a run without a lock, which may
    /// renew once too often but works.
    fn lock(&self) -> Result<Option<Locked>, Error> {
        let (Some(store), Some(state_dir)) = (&self.choice.store, &self.state_dir) else {
            return Ok(None);
        };
        match lock_for(store, state_dir, &self.hands) {
            Ok(Locked::Stopped) => Err(Error::new(Kind::NotAttempted, "Interrupted")),
            // Whoever holds it is stopped, or sees the outage that we are going to see.
            Ok(Locked::TimedOut) => Ok(None),
            Ok(held) => Ok(Some(held)),
            Err(error) => {
                (self.hands.warn)(&format!(
                    "the sign-in is renewed without a lock, since there can be none in {}: {error}",
                    state_dir.display()
                ));
                Ok(None)
            }
        }
    }

    /// The service does not take the credential, or there is none to take.
    fn ended(&self, refusal: Option<&Error>) -> Error {
        let temporary = refusal.is_none();
        let title = match &self.choice.given {
            Given::Nothing if temporary => format!("{} was temporary and has ended", self.source()),
            Given::Nothing => format!("{} is no longer valid", self.source()),
            _ => format!("The service does not accept {}", self.source()),
        };
        let local = if matches!(self.source(), Source::LocalFile(_)) {
            " --local"
        } else {
            ""
        };
        let advice = match self.source() {
            Source::LoginKey => "set another login key".to_owned(),
            Source::User(_) => "correct IMPT_USER and IMPT_PASSWORD".to_owned(),
            _ => format!("sign in again with `imp-auth login{local}`"),
        };
        // Of the refusal only the words: what else is in it may be a login token.
        let said = refusal
            .map(|error| format!("the service says: {error}; "))
            .unwrap_or_default();
        Error {
            status: refusal.and_then(|error| error.status),
            code: refusal.and_then(|error| error.code.clone()),
            attempts: refusal.map_or(0, |error| error.attempts),
            ..Error::new(Kind::NotSignedIn, title).detail(format!("{said}{advice}"))
        }
    }

    fn refused_anew(&self) -> Error {
        Error {
            status: Some(401),
            ..Error::new(
                Kind::NotSignedIn,
                "The service refuses a token that it has just given",
            )
            .detail(format!(
                "sign-in: {}, endpoint: {}",
                self.source(),
                self.endpoint()
            ))
        }
    }
}

/// The lock of a sign-in file, or of the file that keeps the token of another sign-in.
pub(crate) fn lock_for(store: &Path, state_dir: &Path, hands: &Hands) -> io::Result<Locked> {
    let longest = hands.patience.max(SHORTEST_LOCK);
    lock(state_dir, &lock_name(store), longest, &hands.stop)
}

/// One name for a file, by whatever way it is reached and also before it is there.
fn lock_name(store: &Path) -> String {
    let target = private::target_of(store).unwrap_or_else(|_| store.to_owned());
    let directory = target.parent().map(|directory| directory.canonicalize());
    let path = match (directory, target.file_name()) {
        (Some(Ok(directory)), Some(name)) => directory.join(name),
        _ => target,
    };
    digest(&[path.as_os_str().as_encoded_bytes()])
}

impl Credentials for Session {
    fn token(&self) -> Result<AccessToken, Error> {
        self.token_at(clock::now())
    }

    fn renewed(&self, refused: &AccessToken) -> Result<AccessToken, Error> {
        self.renewed_at(refused, clock::now())
    }
}

#[cfg(test)]
mod tests;
