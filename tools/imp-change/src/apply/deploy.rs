//! Deployments: the code is in the record, or that of a build that there is, found by its id or its sha. How a sha is
//! calculated is not known, so that one which the service has not given is not relied upon where there is the code.

use api::deployments::{CODE, has_code};
use api::{Request, resource};
use cli::journal;
use cli::rows::Outcome;
use model::change::{BUILD, CURRENT, PLANNED};
use model::{Effect, ErrorKind, Record, ResourceKind};
use ops::deployments::TAKEN_ALONG;
use ops::deployments::with_code;
use ops::resources::path;
use pipe::Failure;

use super::run::Run;

impl Run<'_> {
    /// The deployment of a group where that has changed since, if it has the code that it should have.
    pub fn with_that_code(
        &self,
        live: &Record,
        before: &Record,
        after: &Record,
    ) -> Result<Option<Record>, Failure> {
        let current = cli::text(live, CURRENT);
        let is_other = !current.is_empty() && current != cli::text(before, CURRENT);
        if !is_other || !after.contains_key(CURRENT) {
            return Ok(None);
        }
        let Some(wanted) = self.wanted(after)? else { return Ok(None) };
        let build = self.session.record(&Request::get(path(ResourceKind::Deployment, current)))?;
        Ok(has_same_code(&build, &wanted).then_some(build))
    }

    /// What is to be deployed. Where the record tells only the build, that is looked at: it may have been deployed by
    /// this run before it was interrupted, or by another one that was killed. None if there is none any more.
    fn wanted(&self, after: &Record) -> Result<Option<Record>, Failure> {
        match after.record(BUILD) {
            Some(build) if has_code(&build) || !sha_of(after).is_empty() => Ok(Some(build)),
            _ => match self.original(after) {
                Err(failure) if failure.kind == ErrorKind::NotFound => Ok(None),
                build => build.map(Some),
            },
        }
    }

    /// With the deployment that a group has now, where that is what it should get.
    pub fn with_current(&self, mut after: Record, live: &Record, build: Option<&Record>) -> Record {
        if after.contains_key(CURRENT) {
            let current = cli::text(live, CURRENT);
            let named = cli::text(&after, CURRENT).to_owned();
            if named.starts_with(PLANNED) && !journal::was_under_way() && !self.dry_run {
                // A run that goes on could not tell which one it was.
                let found = Record::from_iter([(CURRENT.to_owned(), current.into())]);
                let found = Effect { after: Some(found), ..Effect::action(live) };
                journal::note_part(Outcome::Unchanged, &found);
            }
            self.note_deployed(&named, current);
            after.insert_text(CURRENT, current);
            if let Some(build) = build {
                after.insert(BUILD, made_of(cli::text(build, "sha"), taken_along(build)).into());
            }
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
        let mut attributes = after.record(BUILD).unwrap_or_else(|| taken_along(&original));
        for name in CODE.into_iter().chain(["sha"]) {
            attributes.remove(name);
        }
        let told = attributes.clone();
        let group = cli::text(live, "id");
        let named = cli::text(&after, CURRENT).to_owned();
        if self.dry_run {
            // The plan of a plan tells as much of the code as the plan.
            self.note_deployed(&named, &named);
            if !after.contains_key(BUILD) {
                after.insert(BUILD, made_of(cli::text(&original, "sha"), told).into());
            }
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
        after.insert(BUILD, made_of(cli::text(&made, "sha"), told).into());
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
                found => return with_code(found?),
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
        with_code(self.session.record(&Request::get(path(kind, cli::text(build, "id"))))?)
    }
}

/// What a build that is deployed again takes along of its record.
fn taken_along(build: &Record) -> Record {
    let mut taken = build.clone();
    taken.retain(|name| TAKEN_ALONG.contains(&name) && !build[name].is_null());
    taken
}

/// What is told of a build that was deployed: its sha, and what else it got.
fn made_of(sha: &str, told: Record) -> Record {
    let mut build = Record::from_iter([("sha".to_owned(), sha.into())]);
    build.extend(told);
    build
}

/// Whether two builds have the same code: by the code, where both tell it, since a sha may have been calculated
/// otherwise where the record was made.
fn has_same_code(one: &Record, other: &Record) -> bool {
    let is_same = |name| cli::text(one, name) == cli::text(other, name);
    match has_code(one) && has_code(other) {
        true => CODE.into_iter().all(is_same),
        false => is_same("sha"),
    }
}

/// The sha of what is to be deployed; empty where it is not known.
fn sha_of(after: &Record) -> &str {
    after.get(BUILD).and_then(|build| build["sha"].as_str()).unwrap_or_default()
}
