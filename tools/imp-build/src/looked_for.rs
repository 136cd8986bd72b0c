//! A build that may have been made: it is looked for among those of its group before it is made again.
//!
//! Careful about what is older: a group may have had the same code before.

use api::deployments::CODE;
use cli::rows::change::is_so;
use cli::{Session, journal};
use model::change::CURRENT;
use model::{Effect, ErrorKind, Record};
use ops::deployments::is_older;
use pipe::Failure;
use pipe::failure::with_advice;

/// Whether a build may have been made: the answer got lost, or is a good one that cannot be read.
pub fn is_in_doubt(failure: &Failure) -> bool {
    let is_good = failure.status.is_some_and(|status| (200..300).contains(&status));
    failure.kind == ErrorKind::UnknownOutcome || (failure.kind == ErrorKind::Unexpected && is_good)
}

/// The build that a request has made to which no answer came, if it has made one.
///
/// # Errors
/// `doubt` where it cannot be looked for, with the reason.
pub fn look_for(
    session: &Session,
    group: &Record,
    wanted: &Record,
    doubt: Failure,
) -> Result<Option<Record>, Failure> {
    let id = cli::text(group, "id");
    let look = || {
        let before = match cli::text(group, CURRENT) {
            "" => None,
            before => Some(session.get("deployments", before)?),
        };
        let mut builds = session.collect("/deployments", &[("filter[devicegroup.id]", id)])?;
        builds
            .sort_by(|one, other| cli::text(other, "created_at").cmp(cli::text(one, "created_at")));
        newest_like(session, &builds, wanted, before.as_ref())
    };
    look().map_err(|failure| {
        let why = doubt.detail.clone().unwrap_or_default();
        let advice = format!("it could not be looked for either: {}", failure.sentence());
        in_doubt(doubt, &with_advice(&why, &advice), id)
    })
}

/// A build that was sent twice without an answer, and was not there afterwards: it may still come.
pub fn not_there(group: &str) -> Failure {
    let failure =
        Failure::new(ErrorKind::UnknownOutcome, "It is not known whether the build will be there");
    in_doubt(
        failure,
        "it was sent twice, no answer came, and the group has not got it so far",
        group,
    )
}

/// The failure of a build that may be there, with what to do next.
fn in_doubt(failure: Failure, why: &str, group: &str) -> Failure {
    let advice = format!(
        "see `imp-build list --dg {group}`; `imp-change resume RUN --failed-too` looks again"
    );
    let failure = failure.detail(with_advice(why, &advice));
    Failure { kind: ErrorKind::UnknownOutcome, ..failure }
}

/// The build that a run made before it was interrupted, with its code.
///
/// # Errors
/// As [`Session::get`].
pub fn made_before(
    session: &Session,
    group: &str,
    wanted: &Record,
) -> Result<Option<Record>, Failure> {
    let of_group = [("filter[devicegroup.id]", group)];
    // What was deployed when this row was begun is not what it has made, nor is anything older: a group may have had
    // the same code before.
    let before = deployed_before(session)?;
    let made = session.all_made_before("/deployments", &of_group, |_| true)?;
    newest_like(session, &made, wanted, before.as_ref())
}

/// The first of `builds`, the newest first, that is what was wanted and newer than `before`, if that is known; with
/// its code. Somebody else may have deployed since.
fn newest_like(
    session: &Session,
    builds: &[Record],
    wanted: &Record,
    before: Option<&Record>,
) -> Result<Option<Record>, Failure> {
    let mut told = wanted.clone();
    told.retain(|name| !CODE.contains(&name));
    let is_newer = |build: &Record| before.is_none_or(|before| is_older(before, build));
    for like in builds.iter().filter(|build| is_so(build, &told) && is_newer(build)) {
        let build = session.get("deployments", cli::text(like, "id"))?;
        if is_so(&build, wanted) {
            return Ok(Some(build));
        }
    }
    Ok(None)
}

/// What was deployed when the row of this thread was begun by the run that was interrupted, if that is known and there
/// still.
fn deployed_before(session: &Session) -> Result<Option<Record>, Failure> {
    let planned = journal::planned_before();
    let current = |effect: &Effect| Some(effect.before.as_ref()?.text(CURRENT)?.to_owned());
    let Some(id) = planned.iter().find_map(current).filter(|id| !id.is_empty()) else {
        return Ok(None);
    };
    match session.get("deployments", &id) {
        Err(failure) if failure.kind == ErrorKind::NotFound => Ok(None),
        found => found.map(Some),
    }
}
