//! `/deployments`.

use serde_json::{Value, json};

use super::Call;
use super::answer::{self, Answer, Related, related_group};
use super::document;
use super::page;
use super::products::DESCRIPTION;
use crate::squirrel::check;
use crate::squirrel::listed;
use crate::state::State;
use crate::state::deployments::{Deployment, DeploymentChange};
use crate::state::refusal::Refusal;

const ORIGIN: usize = 255;
const TAGS: usize = 500;

/// A deployment, with or without its code.
pub fn resource(call: &Call<'_>, state: &State, build: &Deployment, code: bool) -> Value {
    let attributes = json!({
        "device_code": build.device_code,
        "agent_code": build.agent_code,
        "description": build.description,
        "origin": build.origin,
        "flagged": build.flagger.is_some(),
        "tags": build.tags,
        "sha": build.sha,
        "created_at": build.created_at,
        "updated_at": build.updated_at,
    });
    let hidden: &[_] = if code && !build.lacks_code { &[] } else { &["device_code", "agent_code"] };
    let attributes = answer::without(attributes, hidden);
    let relationships = json!({
        "owner": Related::account(build.owner),
        "creator": Related::account(build.creator),
        "product": Related::product(build.product),
        "devicegroup": build.group.and_then(|group| related_group(state, group)),
        "flagger": build.flagger.map(Related::account),
    });
    answer::resource(call, "deployment", "deployments", build.id, attributes, relationships)
}

/// Deployments, newest first.
pub fn list(call: &Call<'_>) -> Result<Answer, Refusal> {
    let filters = Filters::of(call)?;
    let state = call.sim.state();
    let builds =
        state.deployments.values().rev().filter(|build| {
            call.lists(&state, build.owner, filters.named) && filters.matches(build)
        });
    let code = !call.variants().code_in_lists_off;
    page::of_all(call, builds, |build| {
        resource(call, &state, build, code && state.sees_code(call.caller, build.owner))
    })
}

struct Filters<'a> {
    owner: Option<&'a str>,
    creator: Option<&'a str>,
    product: Option<&'a str>,
    group: Option<&'a str>,
    sha: Option<&'a str>,
    flagged: Option<bool>,
    flagger: Option<&'a str>,
    tags: Vec<&'a str>,
    /// Whether the filters name something that may be another account's.
    named: bool,
}

impl<'a> Filters<'a> {
    fn of(call: &Call<'a>) -> Result<Self, Refusal> {
        let request = call.request;
        request.allow_filters(&[
            "owner.id",
            "creator.id",
            "product.id",
            "devicegroup.id",
            "sha",
            "flagged",
            "flagger.id",
            "tags",
        ])?;
        let flagged = match request.filter("flagged")? {
            None | Some("any") => None,
            Some("true") => Some(true),
            Some("false") => Some(false),
            Some(other) => {
                return Err(Refusal::query(format!("`filter[flagged]` cannot be `{other}`.")));
            }
        };
        let owner = request.filter("owner.id")?;
        let product = request.filter("product.id")?;
        let group = request.filter("devicegroup.id")?;
        // The maker's library repeats a parameter for each element of an array.
        let tags = request.query.iter().filter(|(key, _)| key == "filter[tags]");
        Ok(Self {
            owner,
            creator: request.filter("creator.id")?,
            product,
            group,
            sha: request.filter("sha")?,
            flagged,
            flagger: request.filter("flagger.id")?,
            tags: tags
                .flat_map(|(_, tags)| tags.split(','))
                .filter(|tag| !tag.is_empty())
                .collect(),
            named: owner.or(product).or(group).is_some(),
        })
    }

    fn matches(&self, build: &Deployment) -> bool {
        self.owner.is_none_or(|id| build.owner.is(id))
            && self.creator.is_none_or(|id| build.creator.is(id))
            && self.product.is_none_or(|id| build.product.is(id))
            && self.group.is_none_or(|id| build.group.is_some_and(|group| group.is(id)))
            && self.sha.is_none_or(|sha| build.sha == sha)
            && self.flagged.is_none_or(|flagged| build.flagger.is_some() == flagged)
            && self.flagger.is_none_or(|id| build.flagger.is_some_and(|flagger| flagger.is(id)))
            && self.tags.iter().all(|tag| build.tags.iter().any(|own| own == tag))
    }
}

/// One deployment.
pub fn get(call: &Call<'_>, id: &str) -> Result<Answer, Refusal> {
    let state = call.sim.state();
    let build = state.deployment(call.caller, id)?;
    let code = state.sees_code(call.caller, build.owner);
    Ok(Answer::data(200, &resource(call, &state, build, code)))
}

/// What the compiler warns about in both files.
fn warnings(build: &Deployment) -> Vec<Value> {
    let of = |file, source| listed(file, "warning", &check::warnings(source));
    [of("device_code", &build.device_code), of("agent_code", &build.agent_code)].concat()
}

/// A new deployment. What the compiler warns about is in `data.meta`.
pub fn create(call: &Call<'_>) -> Result<Answer, Refusal> {
    let mut sent = document::Resource::to_create(call.request)?;
    sent.expect_type(&["deployment"])?;
    let group = sent.required_relationship("devicegroup")?;
    let change = change(&mut sent)?;
    let mut state = call.sim.state();
    let group = (group.kind.as_str(), group.id.as_str());
    let id = {
        let recipe = call.variants().sha_recipe;
        state.create_deployment(call.caller, group, change, recipe, call.now)?.id
    };
    if call.variants().factory_deploy_restarts {
        state.restart_factory(id, call.variants(), call.now);
    }
    let build = &state.deployments[&id];
    let mut created = resource(call, &state, build, true);
    let warnings = warnings(build);
    if !warnings.is_empty() {
        created["meta"] = json!([{
            "status": "201",
            "code": "WA001",
            "title": "Compilation Warning",
            "detail": "The code was compiled with warnings.",
            "meta": warnings,
        }]);
    }
    Ok(Answer::data(201, &created))
}

/// Another description, flag or tags.
pub fn update(call: &Call<'_>, id: &str) -> Result<Answer, Refusal> {
    call.sim.state().deployment(call.caller, id)?;
    let mut sent = document::Resource::to_update(call.request, "deployment", |sent| sent == id)?;
    let change = change(&mut sent)?;
    let mut state = call.sim.state();
    let id = state.update_deployment(call.caller, id, change, call.now)?.id;
    Ok(Answer::data(200, &resource(call, &state, &state.deployments[&id], true)))
}

fn change(sent: &mut document::Resource) -> Result<DeploymentChange, Refusal> {
    let change = DeploymentChange {
        device_code: sent.text("device_code", 0, usize::MAX)?,
        agent_code: sent.text("agent_code", 0, usize::MAX)?,
        origin: sent.text("origin", 0, ORIGIN)?,
        description: sent.text("description", 0, DESCRIPTION)?,
        tags: tags(sent)?,
        flagged: sent.boolean("flagged")?,
    };
    sent.nothing_else()?;
    Ok(change)
}

fn tags(sent: &mut document::Resource) -> Result<Option<Vec<String>>, Refusal> {
    let wrong = || Refusal::attribute("`tags` must be an array of strings.");
    let values = match sent.take("tags") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Array(values)) => values,
        Some(_) => return Err(wrong()),
    };
    let mut tags = Vec::with_capacity(values.len());
    for value in values {
        let Value::String(tag) = value else {
            return Err(wrong());
        };
        let right = |byte: u8| byte.is_ascii_alphanumeric() || b"_-*.".contains(&byte);
        if tag.is_empty() || !tag.bytes().all(right) {
            let detail = format!("`tags` cannot hold `{tag}`: use A-Z, a-z, 0-9, _, -, * and .");
            return Err(Refusal::attribute(detail));
        }
        tags.push(tag);
    }
    if tags.iter().map(String::len).sum::<usize>() > TAGS {
        let detail = format!("`tags` must have at most {TAGS} characters in all.");
        return Err(Refusal::attribute(detail));
    }
    Ok(Some(tags))
}

/// Deletes a deployment that nothing protects.
pub fn delete(call: &Call<'_>, id: &str) -> Result<Answer, Refusal> {
    call.sim.state().delete_deployment(call.caller, id)?;
    Ok(Answer::empty())
}
