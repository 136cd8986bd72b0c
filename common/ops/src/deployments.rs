//! Deployments: lists of them without their programs, and what protects one from being deleted.
//!
//! Careful about protection: a flag is taken away only from a deployment that can be deleted then.
//! The minimum supported deployment of a group and those after it stay, whatever is asked for
//! (imp-service(7), section 10.5).

use model::{Effect, ErrorKind, Record, ResourceKind};
use std::ops::ControlFlow;

use api::deployments::{has_code, without_code};
use api::list::{self, Reading};
use api::{Request, SeenIds, resource, segment};
use pipe::{Failure, Item, Row};
use serde_json::Value;

use cli::failure;
use cli::rows::Outcome;
use cli::rows::source::Rows;
use cli::{Session, journal, text};

/// The deployments that pass the filters, without their programs.
///
/// # Errors
/// As [`api::Client::send`].
pub fn deployments(session: &Session, filters: &[(&str, &str)]) -> Result<Vec<Record>, Failure> {
    let filters: Vec<_> =
        filters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let reading = Reading::whole(usize::from(session.common.jobs));
    let mut deployments = Vec::new();
    let mut seen = SeenIds::default();
    let each = |deployment| {
        deployments.push(without_code(deployment));
        ControlFlow::Continue(())
    };
    let listed = list::list(&session.client, "/deployments", &filters, &reading, &mut seen, each);
    let _all = listed.map_err(failure)?;
    Ok(deployments)
}

/// What a deployment that is deployed again takes along besides its code. A flag is for one deployment.
pub const TAKEN_ALONG: [&str; 3] = ["description", "origin", "tags"];

/// A deployment whose programs are to be deployed again. An account may see it and not be told them, and nothing is
/// no code.
///
/// # Errors
/// `refused` without its programs.
pub fn with_code(deployment: Record) -> Result<Record, Failure> {
    if has_code(&deployment) {
        return Ok(deployment);
    }
    let title = format!("The code of the build {} is not told", text(&deployment, "id"));
    let detail = "the account may see the build, but not its code: deploy the files";
    Err(Failure::new(ErrorKind::Refused, title).detail(detail))
}

/// Takes the flag away from a deployment.
///
/// # Errors
/// As [`api::Client::send`].
pub fn unflag(session: &Session, id: &str) -> Result<Record, Failure> {
    let unflagged = Record::from_iter([("flagged".to_owned(), Value::Bool(false))]);
    let body = resource::update_body("deployment", id, unflagged, Record::new());
    let request = Request::patch(format!("/deployments/{}", segment(id))).body(body);
    Ok(without_code(session.send(&request)?.record_if_any()))
}

/// Deletes a deployment. `force` takes away a flag that stands in the way, but only when nothing else
/// does.
///
/// # Errors
/// What the service refuses, with the way out.
pub fn delete_deployment(session: &Session, id: &str, force: bool) -> Result<(), Failure> {
    let request = Request::delete(format!("/deployments/{}", segment(id)));
    let refusal = match session.send(&request) {
        Err(refusal) if matches!(refusal.kind, ErrorKind::Refused | ErrorKind::Conflict) => refusal,
        sent => return sent.map(|_| ()),
    };
    let deployment = session.get("deployments", id)?;
    if let Some(why) = protection(session, &deployment, force)? {
        return Err(Failure { title: why.title, detail: why.detail, ..refusal });
    }
    if !is_flagged(&deployment) {
        return Err(refusal);
    }
    unflag(session, id)?;
    session.send(&request).map(|_| ()).map_err(|failure| {
        unflagged(&deployment)
            .iter()
            .for_each(|effect| journal::note_part(Outcome::Updated, effect));
        failure.after(
            "Its flag was taken away, but it was not deleted",
            "the same command deletes it, `imp-build update --flagged` flags it again",
        )
    })
}

/// For a dry run: whether [`delete_deployment`] would delete it.
///
/// # Errors
/// What the service would refuse.
pub fn could_be_deleted(session: &Session, id: &str, force: bool) -> Result<(), Failure> {
    let deployment = session.get("deployments", id)?;
    protection(session, &deployment, force)?.map_or(Ok(()), Err)
}

/// What protects a deployment from being deleted, and the way out. The group and its minimum are looked up
/// once a run.
fn protection(
    session: &Session,
    deployment: &Record,
    force: bool,
) -> Result<Option<Failure>, Failure> {
    let no = |title: &str, detail: String| {
        Ok(Some(Failure::new(ErrorKind::Conflict, title).detail(detail)))
    };
    let group = text(deployment, "devicegroup_id");
    if !group.is_empty() && is_supported(session, deployment)? {
        let title = "It is the minimum supported deployment of its group, or newer";
        let kept = if is_flagged(deployment) && force { "it keeps its flag; " } else { "" };
        return no(
            title,
            format!(
                "{kept}deploy a newer build, raise the minimum to it with `imp-dg update --dg {group} \
                 -m BUILD`, then delete the older ones with `imp-dg builds --dg {group} --remove`"
            ),
        );
    }
    if is_flagged(deployment) && !force {
        return no("It is flagged", "--force takes the flag away first".into());
    }
    Ok(None)
}

/// Whether it is its group's minimum supported deployment, or newer.
fn is_supported(session: &Session, deployment: &Record) -> Result<bool, Failure> {
    let group = session.find(ResourceKind::DeviceGroup, text(deployment, "devicegroup_id"))?;
    let minimum = match text(&group, "min_supported_deployment_id") {
        "" => return Ok(false),
        id => session.find(ResourceKind::Deployment, id)?,
    };
    Ok(!is_older(deployment, &minimum))
}

/// The minimum supported deployment of a group, if it has one.
///
/// # Errors
/// As [`api::Client::send`].
pub fn minimum_of(session: &Session, group: &Record) -> Result<Option<Record>, Failure> {
    match text(group, "min_supported_deployment_id") {
        "" => Ok(None),
        id => session.get("deployments", id).map(|minimum| Some(without_code(minimum))),
    }
}

/// What the deletion of a deployment changes: its flag goes first, if it has one.
pub fn gone(deployment: &Record) -> impl Iterator<Item = Effect> + use<> {
    let mut without = deployment.clone();
    without.remove("flagged");
    unflagged(deployment).into_iter().chain([Effect::deletion(&without)])
}

/// That a deployment loses its flag, if it has one.
pub fn unflagged(deployment: &Record) -> Option<Effect> {
    let flag = Record::from_iter([("flagged".to_owned(), false.into())]);
    is_flagged(deployment).then(|| Effect::update(deployment, flag))
}

/// Whether a deployment is flagged.
pub fn is_flagged(deployment: &Record) -> bool {
    deployment.get("flagged") == Some(&Value::Bool(true))
}

/// Whether one deployment is certainly older than another. Time stamps have one form and sort as
/// text (imp-service(7), section 1.6).
pub fn is_older(deployment: &Record, other: &Record) -> bool {
    let (one, other) = (text(deployment, "created_at"), text(other, "created_at"));
    one.len() == other.len() && one < other
}

/// Records that the service has listed, as rows of a verb.
pub fn listed(records: Vec<Record>, source: &str) -> Rows {
    let source = source.to_owned();
    let row = move |record| Ok(Item::Row(Row { record, source: source.clone() }));
    Box::new(records.into_iter().map(row))
}

/// The deployments of a product that belong to no group.
///
/// # Errors
/// As [`deployments`].
pub fn zombies_of(session: &Session, product: &str) -> Result<Vec<Record>, Failure> {
    let mut deployments = deployments(session, &[("filter[product.id]", product)])?;
    deployments.retain(|deployment| !deployment.contains_key("devicegroup_id"));
    Ok(deployments)
}
