//! What the tests of this crate share: a service that is not there, and people who answer questions.

use model::{ErrorKind, Secret};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard};
use std::time::SystemTime;

use api::Error;
use api::sign_in::{Answered, Grant};
use serde_json::json;

use super::*;

pub(crate) const ENDPOINT: &str = "https://h/v5";

/// A point in time, in seconds; the present of the tests is around 0.
pub(crate) fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(2_000_000_000 + seconds)
}

/// A service that gives the tokens T1, T2 … and notes what it was asked.
#[derive(Clone)]
pub(crate) struct Fake(Arc<Mutex<Inside>>);

pub(crate) struct Inside {
    pub(crate) asked: Vec<String>,
    /// Refresh tokens, login keys and passwords that are taken.
    pub(crate) valid: Vec<String>,
    pub(crate) now: SystemTime,
    pub(crate) life: Duration,
    /// The next answers, in place of the usual ones.
    pub(crate) errors: VecDeque<Error>,
    pub(crate) wants_one_time_password: bool,
    /// A renewal gives a new refresh token and ends the old one.
    pub(crate) rotates: bool,
    /// What happens while the service is asked.
    pub(crate) meanwhile: Option<Box<dyn Fn() + Send>>,
}

impl Fake {
    pub(crate) fn new(valid: &[&str]) -> Self {
        Fake(Arc::new(Mutex::new(Inside {
            asked: Vec::new(),
            valid: valid.iter().map(|secret| (*secret).to_owned()).collect(),
            now: at(0),
            life: Duration::from_secs(3600),
            errors: VecDeque::new(),
            wants_one_time_password: false,
            rotates: false,
            meanwhile: None,
        })))
    }

    pub(crate) fn inside(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().unwrap()
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        self.inside().asked.clone()
    }

    fn ask(&self, what: &str, secret: &str, refresh_token: Option<&str>) -> Result<Grant, Error> {
        let mut inside = self.inside();
        inside.asked.push(format!("{what} {secret}"));
        if let Some(meanwhile) = &inside.meanwhile {
            meanwhile();
        }
        if let Some(error) = inside.errors.pop_front() {
            return Err(error);
        }
        if !inside.valid.iter().any(|valid| valid == secret) {
            let error = Error::new(ErrorKind::NotSignedIn, "Invalid Credentials");
            return Err(Error { status: Some(401), code: Some("PX100".into()), ..error });
        }
        let count = inside.asked.len();
        let mut refresh_token = refresh_token.map(str::to_owned);
        if inside.rotates && what == "refresh" {
            let new = format!("R{count}");
            inside.valid.retain(|valid| valid != secret);
            inside.valid.push(new.clone());
            refresh_token = Some(new);
        }
        Ok(Grant {
            access_token: Secret::new(format!("T{count}")),
            expires_at: inside.now + inside.life,
            refresh_token: refresh_token.map(Secret::new),
        })
    }
}

impl Service for Fake {
    fn with_password(&self, user: &str, password: &Secret) -> Result<Answered, Error> {
        assert_eq!(user, "me");
        let grant = self.ask("password", password.expose(), Some("R0"))?;
        Ok(match self.inside().wants_one_time_password {
            true => Answered::OneTimePassword { login_token: Secret::new("L") },
            false => Answered::Granted(grant),
        })
    }

    fn with_one_time_password(&self, login_token: &Secret, code: &Secret) -> Result<Grant, Error> {
        assert_eq!(login_token.expose(), "L");
        self.ask("code", code.expose(), Some("R0"))
    }

    fn with_refresh_token(&self, token: &Secret) -> Result<Grant, Error> {
        self.ask("refresh", token.expose(), None)
    }

    fn with_login_key(&self, key: &Secret) -> Result<Grant, Error> {
        if self.inside().wants_one_time_password {
            let wanted = json!({"errors": [{"code": "PX200", "meta": {"login_token": "L"}}]});
            let error = Error::from_answer(403, &wanted);
            return Err(Error { kind: ErrorKind::NotSignedIn, ..error });
        }
        self.ask("key", key.expose(), Some("wasted"))
    }
}

/// A keyring that is not there.
struct NoKeyring;

impl Keyring for NoKeyring {
    fn read(&self, _entry: &str) -> Result<Option<Secret>, String> {
        Err("there is none".to_owned())
    }

    fn write(&self, _entry: &str, _secret: &Secret) -> Result<(), String> {
        Err("there is none".to_owned())
    }

    fn remove(&self, _entry: &str) -> Result<(), String> {
        Err("there is none".to_owned())
    }
}

/// A keyring that keeps what it is given.
#[derive(Default)]
pub(crate) struct FakeKeyring(pub(crate) Mutex<BTreeMap<String, String>>);

impl Keyring for FakeKeyring {
    fn read(&self, entry: &str) -> Result<Option<Secret>, String> {
        Ok(self.0.lock().unwrap().get(entry).map(Secret::new))
    }

    fn write(&self, entry: &str, secret: &Secret) -> Result<(), String> {
        self.0.lock().unwrap().insert(entry.to_owned(), secret.expose().to_owned());
        Ok(())
    }

    fn remove(&self, entry: &str) -> Result<(), String> {
        self.0.lock().unwrap().remove(entry);
        Ok(())
    }
}

/// A person who knows these answers, and the warnings that were shown.
pub(crate) fn interaction(answers: &[&str]) -> (Interaction, Arc<Mutex<Vec<String>>>) {
    let answers: VecDeque<String> = answers.iter().map(|answer| (*answer).to_owned()).collect();
    let (answers, shown) = (Mutex::new(answers), Arc::new(Mutex::new(Vec::new())));
    let warnings = Arc::clone(&shown);
    let interaction = Interaction {
        ask: Arc::new(move |_| answers.lock().unwrap().pop_front().map(Secret::new)),
        warn: Arc::new(move |text| warnings.lock().unwrap().push(text.to_owned())),
        keyring: Arc::new(NoKeyring),
        stop: Arc::default(),
        patience: Duration::from_secs(120),
    };
    (interaction, shown)
}

#[test]
fn directories_follow_the_xdg_rules() {
    let path = |text: &'static str| Some(Path::new(text));
    let found = directories(path("/home/me"), path("/etc/mine"), None, path("relative"));
    assert_eq!(found.state, Some("/home/me/.local/state/imp-tools".into()));
    assert_eq!(found.cache, Some("/home/me/.cache/imp-tools".into()));
    let found = directories(None, None, path("/state"), None);
    let state = Some("/state/imp-tools".into());
    assert_eq!(found, Directories { config: None, state, cache: None });
}
