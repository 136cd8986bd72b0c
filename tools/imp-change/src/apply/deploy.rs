//! Deployments: the code is in the record, or that of a build that there is, found by its id or its sha.

use api::deployments::CODE;
use api::{Request, resource};
use cli::journal;
use model::change::{BUILD, CURRENT, PLANNED, planned_id};
use model::{Effect, ErrorKind, Record, ResourceKind};
use ops::resources::path;
use pipe::Failure;

use super::run::Run;

/// What a build that is deployed again takes along besides its code. A flag is for one build.
const TAKEN_ALONG: [&str; 3] = ["description", "origin", "tags"];

impl Run<'_> {
    /// Whether a group whose current deployment has changed since has got the code that it should get.
    pub fn has_that_code(
        &self,
        live: &Record,
        before: &Record,
        after: &Record,
    ) -> Result<bool, Failure> {
        let (current, sha) = (cli::text(live, CURRENT), self.sha_wanted(after)?);
        if sha.is_empty() || current.is_empty() || current == cli::text(before, CURRENT) {
            return Ok(false);
        }
        let build = self.session.get("deployments", current)?;
        Ok(cli::text(&build, "sha") == sha)
    }

    /// The sha of what is to be deployed. Where the record tells only the build, that is looked at if it may have
    /// been deployed before the run was interrupted.
    fn sha_wanted(&self, after: &Record) -> Result<String, Failure> {
        let sha = sha_of(after).to_owned();
        if !sha.is_empty() || !after.contains_key(CURRENT) || !journal::was_under_way() {
            return Ok(sha);
        }
        self.original(after).map(|build| cli::text(&build, "sha").to_owned())
    }

    /// With the deployment that a group has now, where that is what it should get.
    pub fn with_current(&self, mut after: Record, live: &Record) -> Record {
        if after.contains_key(CURRENT) {
            let current = cli::text(live, CURRENT);
            self.note_deployed(cli::text(&after, CURRENT), current);
            after.insert_text(CURRENT, current);
        }
        after
    }

    /// Names the deployment of a group as it is called since a record of this input has made it.
    ///
    /// # Errors
    /// As [`Run::real`].
    pub fn as_deployed(&self, before: &mut Record) -> Result<(), Failure> {
        let current = cli::text(before, CURRENT).to_owned();
        let made = match self.deployed(&current) {
            None if current.starts_with(PLANNED) => Some(self.real(&current)?),
            made => made,
        };
        if let Some(made) = made {
            before.insert_text(CURRENT, &made);
        }
        Ok(())
    }

    /// In a dry run, notes the build that a record would deploy to what is still to be made or changed.
    pub fn note_planned_build(&self, effect: &Effect) {
        let planned = effect.after.as_ref().map_or("", |after| cli::text(after, CURRENT));
        if planned.starts_with(PLANNED) {
            self.note_deployed(planned, planned);
        }
    }

    /// Deploys to the group `live` what `after` tells; gives what is true then.
    pub fn deploy(&self, live: &Record, mut after: Record) -> Result<Record, Failure> {
        let original = self.original(&after)?;
        let mut attributes = after.record(BUILD).unwrap_or_else(|| {
            let mut taken = original.clone();
            taken.retain(|name| TAKEN_ALONG.contains(&name) && !original[name].is_null());
            taken
        });
        for name in CODE.into_iter().chain(["sha"]) {
            attributes.remove(name);
        }
        let mut build = Record::from_iter([("sha".to_owned(), cli::text(&original, "sha").into())]);
        build.extend(attributes.clone());
        after.insert(BUILD, build.into());
        let group = cli::text(live, "id");
        let named = cli::text(&after, CURRENT).to_owned();
        if self.dry_run {
            let planned = match named.starts_with(PLANNED) {
                true => named.clone(),
                false => planned_id(&[group]),
            };
            self.note_deployed(&named, &planned);
            after.insert(CURRENT, planned.into());
            return Ok(after);
        }
        for name in CODE {
            attributes.insert(name, cli::text(&original, name).into());
        }
        let to = resource::identifier(cli::text(live, "type"), group);
        let relationships = Record::from_iter([("devicegroup".to_owned(), to)]);
        // That it has not been made is known: the group has still the one before.
        let body = resource::create_body("deployment", attributes, relationships);
        let made = self.session.create(&Request::post("/deployments").body(body))?;
        self.note_deployed(&named, cli::text(&made, "id"));
        after.insert(CURRENT, cli::text(&made, "id").into());
        Ok(after)
    }

    /// The build with the code that is to be deployed, code and all.
    fn original(&self, after: &Record) -> Result<Record, Failure> {
        if let Some(build) = after.record(BUILD).filter(has_code) {
            return Ok(build);
        }
        let kind = ResourceKind::Deployment;
        let (id, sha) = (cli::text(after, CURRENT), sha_of(after));
        if !id.is_empty() && !id.starts_with(PLANNED) {
            match self.session.record(&Request::get(path(kind, id))) {
                Err(failure) if failure.kind == ErrorKind::NotFound && !sha.is_empty() => {}
                found => return found,
            }
        }
        let none = || {
            let title = "There is no build with that code";
            let detail =
                "a deployment is made by copying; deploy the files with `imp-build deploy`";
            Failure::new(ErrorKind::NotFound, title).detail(detail)
        };
        if sha.is_empty() {
            return Err(none());
        }
        let found = match self.session.resolver.some(kind, sha) {
            Err(error) if error.kind == ErrorKind::NotFound => return Err(none()),
            found => found.map_err(cli::failure)?,
        };
        let is_it = |build: &&Record| cli::text(build, "sha") == sha;
        let build = found.iter().find(is_it).ok_or_else(none)?;
        self.session.record(&Request::get(path(kind, cli::text(build, "id"))))
    }
}

/// Whether a record of a build has its code with it.
fn has_code(build: &Record) -> bool {
    CODE.into_iter().all(|name| build.contains_key(name))
}

/// The sha of what is to be deployed; empty where it is not known.
fn sha_of(after: &Record) -> &str {
    after.get(BUILD).and_then(|build| build["sha"].as_str()).unwrap_or_default()
}
