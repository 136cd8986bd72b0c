use model::{ErrorKind, Secret};
use std::fs;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::sync::{Arc, Barrier, Mutex};
use std::thread;

use api::Answer;

use super::*;
use crate::choose;
use crate::tests::{ENDPOINT, Fake, at, interaction};

mod given;
mod together;
mod trouble;

/// A home directory with a sign-in file in it, and a service.
struct Scene {
    root: tempfile::TempDir,
    environment: Environment,
    service: Fake,
}

impl Scene {
    fn new(valid: &[&str]) -> Self {
        let root = tempfile::tempdir().unwrap();
        let below = |name: &str| Some(root.path().join(name));
        let environment = Environment {
            current_dir: root.path().join("elsewhere"),
            home: Some(root.path().to_owned()),
            state_dir: below("state"),
            cache_dir: below("cache"),
            endpoint: Some(ENDPOINT.into()),
            ..Environment::default()
        };
        Scene { environment, service: Fake::new(valid), root }
    }

    /// A sign-in file with the token T0, given at 0 for an hour, and the refresh token R0.
    fn with_file() -> Self {
        let scene = Self::new(&["R0"]);
        scene.write("T0", at(3600), "R0");
        scene
    }

    fn file(&self) -> PathBuf {
        self.root.path().join(".impt.auth")
    }

    fn write(&self, token: &str, end: SystemTime, refresh_token: &str) {
        let shown = humantime::format_rfc3339_millis(end);
        let text = format!(
            r#"{{"endpoint":"{ENDPOINT}","accessToken":"{token}","expiresAt":"{shown}","refreshToken":"{refresh_token}"}}"#
        );
        fs::write(self.file(), text).unwrap();
        let file = fs::File::options().write(true).open(self.file()).unwrap();
        file.set_modified(end - Duration::from_secs(3600)).unwrap();
    }

    fn session(&self) -> TokenSource {
        self.session_with(&[]).0
    }

    fn session_with(&self, answers: &[&str]) -> (TokenSource, Arc<Mutex<Vec<String>>>) {
        let (interaction, warnings) = interaction(answers);
        let choice = choose(&self.environment).unwrap();
        (TokenSource::new(choice, &self.environment, self.service.clone(), interaction), warnings)
    }

    /// Fifty processes that all ask at once; gives the tokens that they got.
    fn fifty(&self, ask: impl Fn(&TokenSource) -> Result<Secret, Error> + Sync) -> Vec<String> {
        let barrier = Barrier::new(50);
        let sessions: Vec<TokenSource> = (0..50).map(|_| self.session()).collect();
        thread::scope(|scope| {
            let (barrier, ask) = (&barrier, &ask);
            let asking = sessions.iter().map(|session| {
                scope.spawn(move || {
                    barrier.wait();
                    ask(session).unwrap().expose().to_owned()
                })
            });
            let asking: Vec<_> = asking.collect();
            asking.into_iter().map(|thread| thread.join().unwrap()).collect()
        })
    }
}

fn text(result: Result<Secret, Error>) -> String {
    result.unwrap().expose().to_owned()
}

fn outage() -> Error {
    Error::new(ErrorKind::Unreachable, "No connection")
}
