//! The request that creates a build, for `deploy`, `run`, `copy` and `rollout`.

use api::deployments::{CODE, without_code};
use api::{Request, resource};
use cli::rows::{Outcome, RowDone, RowResult};
use cli::{OncePerTarget, Session, journal};
use model::change::{BUILD, CURRENT, planned_id};
use model::{Effect, ErrorKind, Record, ResourceKind};
use pipe::{Failure, Row};
use serde_json::Value;

use crate::code::Code;
use crate::current;
use crate::diagnostics::Diagnostics;
use crate::looked_for::{is_in_doubt, look_for, made_before, not_there};

/// What a run that creates builds keeps from row to row.
#[derive(Default)]
pub struct Creating {
    diagnostics: Diagnostics,
    once: OncePerTarget<RowDone>,
    /// Leave groups alone whose current build is the same.
    if_changed: bool,
    /// Send nothing that changes anything.
    dry_run: bool,
    /// The devices are restarted after it.
    restarts: bool,
    /// Find out what has become of a build of which no answer came.
    finds_out: bool,
}

impl Creating {
    /// A run that begins.
    pub fn new(if_changed: bool, dry_run: bool) -> Self {
        Creating { if_changed, dry_run, ..Creating::default() }
    }

    /// A run that also restarts the devices.
    pub fn with_restarts(dry_run: bool) -> Self {
        Creating::new(false, dry_run).and_restarts(true)
    }

    /// The same, if that is wanted.
    pub fn and_restarts(self, restarts: bool) -> Self {
        Creating { restarts, ..self }
    }

    /// The same; a build of which no answer came is looked for, and sent once more if it is not there. The groups have
    /// to be in their present state.
    pub fn and_finds_out(self) -> Self {
        Creating { finds_out: true, ..self }
    }

    /// The group of a row, with its present state: what is deployed to it now has to be known.
    ///
    /// # Errors
    /// As [`Session::resource`] and [`Session::present`].
    pub fn group(&self, session: &Session, row: &Row) -> Result<Record, Failure> {
        let group = session.resource(ResourceKind::DeviceGroup, row, &[])?;
        if journal::is_off() && !self.dry_run {
            return Ok(group);
        }
        session.present(ResourceKind::DeviceGroup, row, &group)
    }

    /// Creates a build with this code and these further attributes in `group`, then does `and_then` with
    /// its record. Prints the build without its code. `source` is that of the row.
    ///
    /// # Errors
    /// What the service refuses; places that do not compile have been said then.
    pub fn create(
        &self,
        session: &Session,
        source: &str,
        group: &Record,
        code: &Code,
        attributes: &Record,
        and_then: impl FnOnce(&Record) -> Result<(), Failure>,
    ) -> RowResult {
        let whole = whole(code, attributes);
        let id = cli::text(group, "id");
        let created = self.once.act(source, id, &whole, || {
            self.create_anyway(session, group, code, attributes, and_then)
        });
        created.map(|(acted, reported)| acted.once(reported))
    }

    /// The same, whatever this run has done to the group before.
    ///
    /// # Errors
    /// As [`Creating::create`].
    pub fn create_anyway(
        &self,
        session: &Session,
        group: &Record,
        code: &Code,
        attributes: &Record,
        and_then: impl FnOnce(&Record) -> Result<(), Failure>,
    ) -> RowResult {
        let (id, whole) = (cli::text(group, "id"), whole(code, attributes));
        let made_before = made_before(session, id, &whole)?.map(without_code);
        if self.if_changed
            && made_before.is_none()
            && let Some(current) = current::up_to_date(session, id, code)?
        {
            let record = without_code(current);
            return Ok(RowDone::new(record, Outcome::Unchanged));
        }
        if self.dry_run {
            let done = RowDone::created("deployment", &foreseen(group, attributes.clone()));
            let deployed = deployed(group, &planned_id(&[id]), &code.sha, attributes);
            return Ok(self.effects(group, deployed).fold(done, RowDone::with));
        }
        let of_build = |build: &Record| {
            deployed(group, cli::text(build, "id"), cli::text(build, "sha"), attributes)
        };
        let (record, deployed) = match made_before {
            Some(made) => self.found(made, &of_build)?,
            None => {
                let planned = deployed(group, "", &code.sha, attributes);
                journal::plan(Outcome::Created, self.effects(group, planned).collect());
                let made = self.make(session, group, code, &whole)?;
                let deployed = of_build(&made);
                self.note_if_restarts(&deployed);
                and_then(&made)?;
                (made, deployed)
            }
        };
        let done = RowDone::new(record, Outcome::Created);
        Ok(self.effects(group, deployed).fold(done, RowDone::with))
    }

    /// All that a deployment changes.
    fn effects(&self, group: &Record, deployed: Effect) -> impl Iterator<Item = Effect> + use<> {
        let restart = self.restarts.then(|| Effect::action(group));
        [deployed].into_iter().chain(restart)
    }

    /// A build that was made before the run was interrupted, and what that changed.
    fn found(
        &self,
        made: Record,
        of_build: &impl Fn(&Record) -> Effect,
    ) -> Result<(Record, Effect), Failure> {
        let deployed = as_planned(of_build(&made), cli::text(&made, "id"));
        self.note_if_restarts(&deployed);
        // Whether the restart was sent as well is not known.
        if self.restarts { Err(perhaps_restarted(&made)) } else { Ok((made, deployed)) }
    }

    /// The build is there, whatever becomes of the restart.
    fn note_if_restarts(&self, deployed: &Effect) {
        if self.restarts {
            journal::note_part(Outcome::Created, deployed);
        }
    }

    /// Makes the build; in doubt it is looked whether it is there, if that is wanted, and sent once more if it is not.
    fn make(
        &self,
        session: &Session,
        group: &Record,
        code: &Code,
        whole: &Record,
    ) -> Result<Record, Failure> {
        for _ in 0..2 {
            match self.post(session, group, code, whole.clone()) {
                Err(doubt) if self.finds_out && is_in_doubt(&doubt) => {
                    if let Some(made) = look_for(session, group, whole, doubt)? {
                        return Ok(without_code(made));
                    }
                }
                posted => return posted,
            }
        }
        Err(not_there(cli::text(group, "id")))
    }

    fn post(
        &self,
        session: &Session,
        group: &Record,
        code: &Code,
        attributes: Record,
    ) -> Result<Record, Failure> {
        let id = cli::text(group, "id");
        let to = resource::identifier(cli::text(group, "type"), id);
        let relationships = Record::from_iter([("devicegroup".to_owned(), to)]);
        let body = resource::create_body("deployment", attributes, relationships);
        let sent = session.send(&Request::post("/deployments").body(body));
        let answer = sent.map_err(|failure| {
            self.diagnostics.errors(code, failure.meta.as_deref());
            self.explained(failure, id)
        })?;
        let mut record = without_code(answer.created().map_err(cli::failure)?);
        if let Value::Array(warnings) = &answer.body["data"]["meta"] {
            self.diagnostics.warnings(code, warnings);
            record.insert("meta", warnings.clone().into());
        }
        Ok(record)
    }

    /// A build that may have been created must not be created twice.
    fn explained(&self, failure: Failure, group: &str) -> Failure {
        if self.finds_out || failure.kind != ErrorKind::UnknownOutcome {
            return failure;
        }
        let why = failure.detail.clone().unwrap_or_default();
        let repeat = match self.restarts {
            true => format!(
                "use `imp-build deploy --if-changed` and then `imp-dg restart --dg {group}`"
            ),
            false => "repeat with --if-changed".to_owned(),
        };
        let advice =
            format!("see whether it is there with `imp-build list --dg {group}`, or {repeat}");
        failure.detail(pipe::failure::with_advice(&why, &advice))
    }
}

/// All that is said of a build.
fn whole(code: &Code, attributes: &Record) -> Record {
    let mut whole = Record::from_iter([
        (CODE[0].to_owned(), code.device.text.clone().into()),
        (CODE[1].to_owned(), code.agent.text.clone().into()),
    ]);
    whole.extend(attributes.clone());
    whole
}

/// A deployment that was made before the run was interrupted. What the group had before it was noted then; now it
/// has the build already.
fn as_planned(deployed: Effect, build: &str) -> Effect {
    let is_it = |planned: &Effect| planned.id == deployed.id && !planned.is_action();
    let Some(planned) = journal::planned_before().into_iter().find(is_it) else { return deployed };
    with_build(Effect { before: planned.before, ..deployed }, build)
}

/// The same deployment with the id that its build has got.
pub fn with_build(deployed: Effect, build: &str) -> Effect {
    let mut after = deployed.after.unwrap_or_default();
    after.insert(CURRENT, build.into());
    Effect { after: Some(after), ..deployed }
}

/// The build is there; of the restart that comes after it nothing is known.
fn perhaps_restarted(build: &Record) -> Failure {
    let group = cli::text(build, "devicegroup_id");
    cli::rows::perhaps_done().after(
        format!("The build {} was created", cli::text(build, "id")),
        &format!("if its devices did not restart, use `imp-dg restart --dg {group}`"),
    )
}

/// The deployment of a build of this id, if there is one yet, and sha, if it is known.
pub fn deployed(group: &Record, id: &str, sha: &str, attributes: &Record) -> Effect {
    let sha = (!sha.is_empty()).then(|| ("sha".to_owned(), sha.into()));
    let build: Record = sha.into_iter().chain(attributes.clone()).collect();
    let after = [(CURRENT.to_owned(), id.into()), (BUILD.to_owned(), build.into())];
    let mut effect = Effect::update(group, after.into_iter().collect());
    if let Some(before) = &mut effect.before {
        before.remove(BUILD);
    }
    effect
}

/// For a dry run: what is known of the build.
fn foreseen(group: &Record, attributes: Record) -> Record {
    let mut record = attributes;
    for (name, from) in [("devicegroup_id", "id"), ("devicegroup_type", "type")] {
        record.insert(name, cli::text(group, from).into());
    }
    record
}
