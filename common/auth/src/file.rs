//! The sign-in file `.impt.auth`: one JSON object, shared with `impt`.
//!
//! Careful to be a good neighbour: members that we do not know are kept, in their order. `impt` writes
//! in place, so a file that looks torn is read again for up to half a second. Files that keep the token
//! of a sign-in from the environment have the same form.

use model::{ErrorKind, Secret};
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use api::Error;
use api::sign_in::Grant;
use serde_json::{Map, Value};

use crate::file_guards::FileGuards;
use crate::keyring::SECRET_MEMBERS;
use crate::whole_file;

/// The name of the file in whatever directory it is.
pub(crate) const NAME: &str = ".impt.auth";

const BETWEEN_LOOKS: Duration = Duration::from_millis(20);
const LOOKS: u32 = 25;

/// What a sign-in file holds. No `Debug`: nearly all of it is secret.
#[derive(Clone)]
pub(crate) struct SignIn {
    pub(crate) endpoint: String,
    pub(crate) access_token: Option<Secret>,
    /// `None` when there is none or it makes no sense; then the service has to say so.
    pub(crate) expires_at: Option<SystemTime>,
    /// When the file was written, which is when the token was given.
    pub(crate) stored_at: Option<SystemTime>,
    pub(crate) refresh_token: Option<Secret>,
    pub(crate) login_key: Option<Secret>,
    /// The entry of the keyring that has the refresh token and the login key, if the file has not.
    pub(crate) keyring: Option<String>,
    /// True when people other than the owner may read the file, as `impt` leaves it.
    pub(crate) readable_by_others: bool,
    members: Map<String, Value>,
    /// What the keyring has, once it has been asked.
    in_keyring: Map<String, Value>,
}

impl SignIn {
    /// A sign-in without anything but its endpoint.
    pub(crate) fn at(endpoint: &str) -> Self {
        let mut members = Map::new();
        members.insert("endpoint".into(), endpoint.into());
        SignIn {
            endpoint: endpoint.to_owned(),
            access_token: None,
            expires_at: None,
            stored_at: None,
            refresh_token: None,
            login_key: None,
            keyring: None,
            readable_by_others: false,
            members,
            in_keyring: Map::new(),
        }
    }

    /// Takes over what the service has given. The old refresh token stays when there is no new one.
    pub(crate) fn take(&mut self, grant: &Grant, now: SystemTime) {
        let end = humantime::format_rfc3339_millis(grant.expires_at).to_string();
        self.members.insert("accessToken".into(), grant.access_token.expose().into());
        self.members.insert("expiresAt".into(), end.into());
        self.access_token = Some(grant.access_token.clone());
        self.expires_at = Some(grant.expires_at);
        self.stored_at = Some(now);
        if let Some(refresh_token) = &grant.refresh_token {
            self.members.insert("refreshToken".into(), refresh_token.expose().into());
            self.refresh_token = Some(refresh_token.clone());
        }
    }

    /// Keeps the login key.
    pub(crate) fn keep_login_key(&mut self, key: &Secret) {
        self.members.insert("loginKey".into(), key.expose().into());
        self.login_key = Some(key.clone());
    }

    /// From now on its secrets go into this entry of the keyring.
    pub(crate) fn use_keyring(&mut self, entry: String) {
        self.members.insert("keyring".into(), entry.clone().into());
        self.keyring = Some(entry);
    }

    /// All secrets, if one of them is not in the keyring yet: an entry is written as a whole.
    pub(crate) fn secrets_for_keyring(&self) -> Option<Map<String, Value>> {
        let of = |name: &&str| Some(((*name).to_owned(), self.members.get(*name)?.clone()));
        let new: Vec<_> = SECRET_MEMBERS.iter().filter_map(of).collect();
        let is_new = !new.is_empty();
        is_new.then(|| self.in_keyring.clone().into_iter().chain(new).collect())
    }

    /// The same sign-in with a file that has these secrets as well.
    pub(crate) fn with_secret_members(&self, secrets: Map<String, Value>) -> Self {
        let mut whole = self.clone();
        whole.members.extend(secrets);
        whole
    }

    /// The same sign-in with a file that has none of its secrets.
    pub(crate) fn without_secret_members(&self) -> Self {
        let mut stripped = self.clone();
        for name in SECRET_MEMBERS {
            stripped.members.shift_remove(name);
        }
        stripped
    }

    /// Takes over secrets that lay elsewhere; the file goes on without them.
    pub(crate) fn take_secret_members(&mut self, secrets: &Map<String, Value>) {
        let secret = |name: &str| Some(Secret::new(secrets.get(name)?.as_str()?));
        self.refresh_token = secret("refreshToken");
        self.login_key = secret("loginKey");
        self.in_keyring.clone_from(secrets);
    }

    /// Forgets what would outlive the access token.
    pub(crate) fn make_temporary(&mut self) {
        for name in ["refreshToken", "loginKey"] {
            self.members.shift_remove(name);
        }
        (self.refresh_token, self.login_key) = (None, None);
    }

    /// Writes it, whole and for us alone.
    ///
    /// # Errors
    /// Those of [`whole_file::replace`].
    pub(crate) fn write(&self, path: &Path) -> io::Result<()> {
        whole_file::replace(path, &self.text()?)
    }

    fn text(&self) -> io::Result<Vec<u8>> {
        let mut text = serde_json::to_vec_pretty(&self.members)?;
        text.push(b'\n');
        Ok(text)
    }

    /// The guards that stand in the file.
    pub(crate) fn guards(&self) -> Result<FileGuards, String> {
        FileGuards::of(&self.members)
    }

    fn parse(text: &[u8]) -> Result<Self, String> {
        let members: Map<String, Value> =
            serde_json::from_slice(text).map_err(|_| "it is not a JSON object".to_owned())?;
        let text = |name: &str| members.get(name)?.as_str().filter(|text| !text.is_empty());
        let secret = |name: &str| text(name).map(Secret::new);
        let endpoint = text("endpoint").ok_or("it has no endpoint")?;
        let endpoint =
            api::Endpoint::parse(endpoint).map_err(|error| error.to_string())?.to_string();
        let (access_token, refresh_token) = (secret("accessToken"), secret("refreshToken"));
        let login_key = secret("loginKey");
        let keyring = text("keyring").map(str::to_owned);
        let has_secret = refresh_token.is_some() || login_key.is_some() || keyring.is_some();
        if access_token.is_none() && !has_secret {
            return Err("it has no accessToken".to_owned());
        }
        Ok(SignIn {
            endpoint,
            access_token,
            expires_at: text("expiresAt").and_then(|end| humantime::parse_rfc3339_weak(end).ok()),
            stored_at: None,
            refresh_token,
            login_key,
            keyring,
            readable_by_others: false,
            members,
            in_keyring: Map::new(),
        })
    }
}

/// What would be written of a sign-in file that holds `text`: here `tests/fuzz` enters, nothing else does.
///
/// # Errors
/// Why it cannot be used, which shows nothing of it.
pub fn written_again(text: &[u8]) -> Result<Vec<u8>, String> {
    let sign_in = SignIn::parse(text)?;
    sign_in.guards()?;
    sign_in.text().map_err(|error| error.to_string())
}

/// Reads a sign-in file; `None` when there is none. `wait` is called before each further look.
///
/// # Errors
/// Of kind `bad_input`, naming the file and what to do.
pub(crate) fn read(path: &Path, wait: impl Fn(Duration)) -> Result<Option<SignIn>, Error> {
    for _ in 0..LOOKS {
        match content(path)? {
            Ok(found) => return Ok(found),
            Err(_torn) => wait(BETWEEN_LOOKS),
        }
    }
    look(path)
}

/// The same with one look, however torn the file is.
///
/// # Errors
/// Those of [`read`].
pub(crate) fn look(path: &Path) -> Result<Option<SignIn>, Error> {
    content(path)?.map_err(|why| broken(path, &why))
}

/// What is in the file, or why it makes no sense.
fn content(path: &Path) -> Result<Result<Option<SignIn>, String>, Error> {
    match fs::read(path) {
        Ok(text) => Ok(SignIn::parse(&text).map(|sign_in| Some(with_metadata(sign_in, path)))),
        Err(error) if is_missing(&error) => Ok(Ok(None)),
        Err(error) => Err(broken(path, &error.to_string())),
    }
}

fn with_metadata(mut sign_in: SignIn, path: &Path) -> SignIn {
    let metadata = fs::metadata(path).ok();
    sign_in.stored_at = metadata.as_ref().and_then(|metadata| metadata.modified().ok());
    sign_in.readable_by_others = metadata
        .map(|metadata| metadata.permissions())
        .is_some_and(|permissions: Permissions| permissions.mode() & 0o077 != 0);
    sign_in
}

fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn broken(path: &Path, why: &str) -> Error {
    let path = path.display();
    Error::new(ErrorKind::BadInput, format!("The sign-in file {path} cannot be used")).detail(
        format!(
            "{why}; sign in again with `imp-auth login --auth-file {path}`, or remove the file"
        ),
    )
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::time::UNIX_EPOCH;

    use serde_json::json;

    use super::*;

    /// What `impt` writes.
    const IMPT: &str = r#"{"endpoint":"https://api.electricimp.com/v5","accessToken":"T0",
        "expiresAt":"2030-01-02T03:04:05.678Z","refreshToken":"R0","later":{"b":1,"a":2}}"#;

    fn at_once(_: Duration) {
        panic!("nothing to wait for");
    }

    fn write(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), text).unwrap();
        file
    }

    #[test]
    fn a_file_of_impt_is_read_and_what_is_not_ours_is_kept() {
        let file = write(IMPT);
        let mut sign_in = read(file.path(), at_once).unwrap().unwrap();
        assert_eq!(sign_in.access_token, Some(Secret::new("T0")));
        let end = humantime::parse_rfc3339("2030-01-02T03:04:05.678Z").unwrap();
        assert_eq!(sign_in.expires_at, Some(end));
        let later = end + Duration::from_millis(3_600_001);
        let grant =
            Grant { access_token: Secret::new("T1"), expires_at: later, refresh_token: None };
        sign_in.take(&grant, UNIX_EPOCH);
        sign_in.write(file.path()).unwrap();
        let written: Value = serde_json::from_slice(&fs::read(file.path()).unwrap()).unwrap();
        let expected = json!({"endpoint":"https://api.electricimp.com/v5","accessToken":"T1",
            "expiresAt":"2030-01-02T04:04:05.679Z","refreshToken":"R0","later":{"b":1,"a":2}});
        assert_eq!(written.to_string(), expected.to_string(), "also in this order");
    }

    #[test]
    fn a_torn_file_is_read_again() {
        let file = write(&IMPT[..40]);
        let waits = Cell::new(0);
        let sign_in = read(file.path(), |_| {
            waits.set(waits.get() + 1);
            fs::write(file.path(), if waits.get() < 3 { "" } else { IMPT }).unwrap();
        });
        assert_eq!(sign_in.unwrap().unwrap().refresh_token, Some(Secret::new("R0")));
        assert_eq!(waits.get(), 3);
    }

    #[test]
    fn a_broken_file_is_an_error_that_names_it_and_shows_nothing_of_it() {
        for text in [
            "",
            "[]",
            "{\"accessToken\":\"swordfish\"}",
            "{\"endpoint\":\"https://h/v5\"}",
            "{\"endpoint\":\"http://example.com/v5\",\"accessToken\":\"swordfish\"}",
        ] {
            let file = write(text);
            let waited = Cell::new(Duration::ZERO);
            let error = read(file.path(), |time| waited.set(waited.get() + time)).err().unwrap();
            assert_eq!(waited.get(), Duration::from_millis(500));
            assert_eq!(look(file.path()).err().map(|once| once.detail), Some(error.detail.clone()));
            assert_eq!(error.kind, ErrorKind::BadInput);
            assert!(error.title.contains(file.path().to_str().unwrap()));
            assert!(!format!("{error:?}").contains("swordfish"));
        }
        let directory = tempfile::tempdir().unwrap();
        assert!(read(directory.path(), at_once).is_err());
    }

    #[test]
    fn no_file_is_no_error() {
        let directory = tempfile::tempdir().unwrap();
        assert!(read(&directory.path().join("none"), at_once).unwrap().is_none());
        assert!(read(&write("").path().join("below"), at_once).unwrap().is_none());
    }

    #[test]
    fn a_temporary_sign_in_keeps_only_its_token() {
        let mut sign_in = SignIn::at("https://h/v5");
        let grant = Grant {
            access_token: Secret::new("T"),
            expires_at: UNIX_EPOCH,
            refresh_token: Some(Secret::new("R")),
        };
        sign_in.take(&grant, UNIX_EPOCH);
        sign_in.keep_login_key(&Secret::new("K"));
        sign_in.make_temporary();
        let file = write("");
        sign_in.write(file.path()).unwrap();
        let written: Value = serde_json::from_slice(&fs::read(file.path()).unwrap()).unwrap();
        let end = "1970-01-01T00:00:00.000Z";
        assert_eq!(
            written,
            json!({"endpoint": "https://h/v5", "accessToken": "T", "expiresAt": end})
        );
    }
}
