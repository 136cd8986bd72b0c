//! One change: looks whether the thing is as the record says, and then does it.

use api::{Request, resource};
use cli::journal;
use cli::rows::Outcome;
use model::change::{CURRENT, LOADS_CODE, MINIMUM, PLANNED, planned_id};
use model::{Effect, ErrorKind, GroupType, Record, ResourceKind};
use ops::resources::{self, path};
use pipe::Failure;
use serde_json::Value;

use crate::records::fields;

use super::possible::possible;
use super::run::Run;
use super::state::{drifted, is_as, is_of_kind, to_send, with_whole_url};

/// The outcome of a record whose thing is found as it should be: what was under way when the run was interrupted
/// has been done by it.
fn found(done: Outcome) -> Outcome {
    if journal::was_under_way() { done } else { Outcome::Unchanged }
}

/// Whether a group was made by the run before it was interrupted, but for what can only be set afterwards.
fn is_half_made(present: &Record, after: &Record) -> bool {
    let mut at_first = after.clone();
    at_first.remove(LOADS_CODE);
    journal::was_under_way() && !is_as(present, after) && is_as(present, &at_first)
}

impl Run<'_> {
    /// Makes a thing, unless there is one like it.
    pub fn create(&self, number: usize) -> Result<(Outcome, Effect), Failure> {
        let effect = &self.entries[number].effect;
        let kind = possible(effect)?;
        let mut after = self.with_real_ids(effect.after.as_ref().unwrap_or(&Record::new()))?;
        // A group that is made again has no code yet.
        after.remove(CURRENT);
        let made = |id: &str| {
            self.note_made(&effect.id, id);
            Effect { after: Some(after.clone()), ..effect.clone() }.called(id)
        };
        let in_its_place = self.like(kind, &after, number)?;
        let in_its_place = in_its_place.filter(|present| !self.is_out_of_the_way(present));
        if let Some(present) = in_its_place {
            is_of_kind(&present, &effect.kind)?;
            if is_half_made(&present, &after) {
                self.load_no_code(kind, &present)?;
            } else if !is_as(&present, &after) {
                let failure = drifted(&present, &after);
                return Err(Failure {
                    title: "There is another one in its place".into(),
                    ..failure
                });
            }
            return Ok((found(Outcome::Created), made(cli::text(&present, "id"))));
        }
        if self.dry_run {
            let planned = effect.id.starts_with(PLANNED);
            let id = if planned { effect.id.clone() } else { planned_id(&[&effect.id]) };
            return Ok((Outcome::Created, made(&id)));
        }
        let planned = Effect { after: Some(after.clone()), ..effect.clone() };
        journal::plan(Outcome::Created, vec![planned]);
        let record = self.make(kind, effect, &after)?;
        let effect = made(cli::text(&record, "id"));
        if after.get(LOADS_CODE) == Some(&Value::Bool(false)) {
            self.load_no_code(kind, &record).map_err(|failure| {
                journal::note_part(Outcome::Created, &effect);
                let done = format!("The group {} was made", cli::text(&record, "id"));
                failure.after(done, "set its load_code_after_blessing with `imp-dg update`")
            })?;
        }
        Ok((Outcome::Created, effect))
    }

    fn make(&self, kind: ResourceKind, effect: &Effect, after: &Record) -> Result<Record, Failure> {
        let (mut attributes, relationships) = self.parts(effect, after)?;
        // It can only be set afterwards (imp-service(7), section 7.3), and is true at first.
        attributes.remove(LOADS_CODE);
        if kind == ResourceKind::Webhook {
            // Whether it is there was looked at before.
            let body = resource::create_body(&effect.kind, attributes, relationships);
            return self.session.create(&Request::post(kind.path()).body(body));
        }
        resources::create(self.session, kind, &effect.kind, attributes, relationships)
    }

    fn load_no_code(&self, kind: ResourceKind, group: &Record) -> Result<(), Failure> {
        let attributes = Record::from_iter([(LOADS_CODE.to_owned(), false.into())]);
        resources::update(self.session, kind, group, attributes, Record::new()).map(drop)
    }

    /// The thing that is in the place of one that is to be made.
    fn like(
        &self,
        kind: ResourceKind,
        after: &Record,
        number: usize,
    ) -> Result<Option<Record>, Failure> {
        let text = |name| cli::text(after, name);
        let place = match kind {
            ResourceKind::Product if text("owner_id").is_empty() => "me",
            ResourceKind::Product => text("owner_id"),
            ResourceKind::DeviceGroup => text("product_id"),
            _ => text("devicegroup_id"),
        };
        if place.starts_with(PLANNED) {
            return Ok(None);
        }
        if kind == ResourceKind::Webhook {
            return self.made_hook(place, after, number);
        }
        let name = text("name");
        if name.contains(['{', '}']) {
            return Ok(None);
        }
        match self.session.resolver.some(kind, &format!("{{{place}}}{{{name}}}")) {
            Ok(found) => Ok(found.iter().find(|one| cli::text(one, "name") == name).cloned()),
            Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(cli::failure(error)),
        }
    }

    /// Changes a thing, unless it is so already.
    pub fn update(&self, effect: &Effect) -> Result<(Outcome, Effect), Failure> {
        let kind = possible(effect)?;
        let none = Record::new();
        let side = |side: &Option<Record>| self.with_real_ids(side.as_ref().unwrap_or(&none));
        let (mut before, after) = (side(&effect.before)?, side(&effect.after)?);
        self.as_deployed(&mut before)?;
        let id = self.real(&effect.id)?;
        if id.starts_with(PLANNED) {
            self.note_planned_build(effect);
            return Ok((Outcome::Updated, self.by_real_ids(effect)));
        }
        let Some(live) = self.unless_deleted(effect, &Request::get(path(kind, &id)))? else {
            return Ok((found(Outcome::Updated), effect.clone().called(&id)));
        };
        is_of_kind(&live, &effect.kind)?;
        with_whole_url(&mut before, &live);
        let told = |after: Record| {
            let effect = effect.clone().called(&id);
            Effect { before: Some(before.clone()), after: Some(after), ..effect }
        };
        let is_so = is_as(&live, &after);
        let build = if is_so { None } else { self.with_that_code(&live, &before, &after)? };
        if is_so || build.is_some() {
            let after = self.with_current(after, &live, build.as_ref());
            return Ok((found(Outcome::Updated), told(after)));
        }
        if !is_as(&live, &before) {
            return Err(drifted(&live, &before));
        }
        if !self.dry_run {
            journal::plan(Outcome::Updated, vec![told(after.clone())]);
        }
        if after.contains_key(CURRENT) {
            let after = self.deploy(&live, after)?;
            return Ok((Outcome::Updated, told(after)));
        }
        if !self.dry_run {
            self.patch(kind, &told(after.clone()), &live, &after)?;
        }
        Ok((Outcome::Updated, told(after)))
    }

    /// The thing of a change as it is; none if it is gone and the input deletes it anyway.
    fn unless_deleted(
        &self,
        effect: &Effect,
        request: &Request,
    ) -> Result<Option<Record>, Failure> {
        match self.session.record(request) {
            Err(failure) if failure.kind == ErrorKind::NotFound && self.deletes(effect) => Ok(None),
            live => live.map(Some),
        }
    }

    /// Whether the thing of a change is one that the input deletes: when it is gone, nothing is left to be changed.
    fn deletes(&self, effect: &Effect) -> bool {
        let deletes = |one: &Effect| one.before.is_some() && one.after.is_none();
        let is_of_it = |one: &Effect| (&one.kind, &one.id) == (&effect.kind, &effect.id);
        self.entries.iter().any(|entry| deletes(&entry.effect) && is_of_it(&entry.effect))
    }

    fn patch(
        &self,
        kind: ResourceKind,
        effect: &Effect,
        live: &Record,
        after: &Record,
    ) -> Result<(), Failure> {
        let mut rest = after.clone();
        let minimum = rest.remove(MINIMUM);
        if !rest.is_empty() {
            let (attributes, relationships) = self.parts(effect, &rest)?;
            resources::update(self.session, kind, live, attributes, relationships)?;
        }
        let Some(Value::String(minimum)) = minimum else { return Ok(()) };
        let set = resources::set_minimum(self.session, cli::text(live, "id"), &minimum);
        set.map_err(|failure| {
            if rest.is_empty() {
                return failure;
            }
            journal::note_part(Outcome::Updated, &Effect::update(live, rest));
            let done = "The group was changed, but not its minimum supported deployment";
            failure.after(done, "the same record sets it")
        })
    }

    /// Deletes a thing that is as it was.
    pub fn delete(&self, number: usize) -> Result<(Outcome, Effect), Failure> {
        let effect = &self.entries[number].effect;
        let kind = possible(effect)?;
        let mut before = self.with_real_ids(effect.before.as_ref().unwrap_or(&Record::new()))?;
        self.as_deployed(&mut before)?;
        let id = self.real(&effect.id)?;
        let told =
            |before: &Record| Effect { before: Some(before.clone()), ..effect.clone() }.called(&id);
        if id.starts_with(PLANNED) {
            return Ok((Outcome::Deleted, told(&before)));
        }
        let live = match self.session.record(&Request::get(path(kind, &id))) {
            Err(failure) if failure.kind == ErrorKind::NotFound => {
                return Ok((found(Outcome::Deleted), told(&before)));
            }
            live => live?,
        };
        is_of_kind(&live, &effect.kind)?;
        if !is_as(&live, &before) {
            return Err(drifted(&live, &before));
        }
        if kind == ResourceKind::DeviceGroup {
            self.loses_nothing(&live, &before)?;
        }
        with_whole_url(&mut before, &live);
        let told = told(&before);
        if !self.dry_run {
            let builds = self.builds_of(number);
            let builds = builds.map(|build| self.by_real_ids(&self.entries[build].effect));
            journal::plan(Outcome::Deleted, [told.clone()].into_iter().chain(builds).collect());
            match kind {
                ResourceKind::Deployment => {
                    ops::deployments::delete_deployment(self.session, &id, false)?;
                }
                _ => drop(self.session.send(&Request::delete(path(kind, &id)))?),
            }
        }
        Ok((Outcome::Deleted, told))
    }

    /// Attributes and relationships of what a record says.
    fn parts(&self, effect: &Effect, side: &Record) -> Result<(Record, Record), Failure> {
        let (mut attributes, mut relationships) = (Record::new(), Record::new());
        let targets = GroupType::of_api(&effect.kind).and_then(GroupType::targets);
        for (name, value) in fields(side) {
            let (Some(relation), Value::String(id)) = (name.strip_suffix("_id"), value) else {
                let other = effect.before.as_ref().and_then(|before| before.get(name));
                attributes.insert(name, to_send(name, value, other));
                continue;
            };
            let kind = match (relation, targets) {
                ("product", _) => "product".to_owned(),
                ("owner", _) => "account".to_owned(),
                ("production_target", Some((production, _))) => production.api_name().to_owned(),
                ("dut_target", Some((_, dut))) => dut.api_name().to_owned(),
                ("devicegroup", _) => {
                    let group = self.session.find(ResourceKind::DeviceGroup, id)?;
                    cli::text(&group, "type").to_owned()
                }
                _ => {
                    let title = format!("{name} cannot be changed");
                    return Err(Failure::new(ErrorKind::BadInput, title));
                }
            };
            relationships.insert(relation, resource::identifier(&kind, id));
        }
        Ok((attributes, relationships))
    }
}
