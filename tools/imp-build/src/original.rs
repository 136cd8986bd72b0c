//! A build that is copied, with its code.

use api::deployments::has_code;
use cli::Session;
use model::{Record, ResourceKind};
use ops::deployments::with_code;
use pipe::Failure;

use crate::code::{Code, Source};

/// What a copy takes along under `--all`.
pub const WITH_ALL: [&str; 4] = ["description", "origin", "tags", "flagged"];

/// A build, code and all.
pub struct Original(pub Record);

impl Original {
    /// The build that a person means by `text`. It is looked up and fetched once a run.
    ///
    /// # Errors
    /// As [`Session::find`], and where the service does not give the code.
    pub fn find(session: &Session, text: &str) -> Result<Self, Failure> {
        let found = session.find(ResourceKind::Deployment, text)?;
        let id = cli::text(&found, "id");
        let whole =
            if has_code(&found) { found } else { session.find(ResourceKind::Deployment, id)? };
        with_code(whole).map(Original)
    }

    /// Its two programs.
    pub fn code(&self) -> Code {
        let source = |name: &str| Source {
            text: cli::text(&self.0, name).to_owned(),
            shown: name.to_owned(),
        };
        Code {
            device: source("device_code"),
            agent: source("agent_code"),
            sha: cli::text(&self.0, "sha").to_owned(),
        }
    }

    /// Those of the attributes `names` that it has.
    pub fn attributes(&self, names: &[&str]) -> Record {
        let told = names.iter().filter_map(|name| {
            let value = self.0.get(name).filter(|value| !value.is_null())?;
            Some(((*name).to_owned(), value.clone()))
        });
        told.collect()
    }
}
