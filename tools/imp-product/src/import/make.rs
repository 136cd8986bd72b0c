//! What becomes of one row of an import: one thing that is made, or found.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use api::deployments::{CODE, without_code};
use api::{Request, resource};
use cli::rows::{Outcome, RowDone, RowResult};
use cli::{Session, journal, text};
use model::change::{LOADS_CODE, MINIMUM, planned_id};
use model::{Effect, ErrorKind, Record, ResourceKind};
use ops::resources;
use pipe::{Failure, Row};
use serde_json::Value;

use super::builds;
use super::file::{File, kind_of};
use super::there::Present;

/// The field of what is made that tells which record of the input it is.
const OLD_ID: &str = "old_id";

/// An import on its way.
pub struct Making<'a> {
    session: &'a Session,
    dry_run: bool,
    present: Present,
    /// The ids of what there is, by those in the file.
    ids: Mutex<HashMap<String, String>>,
    /// Of each build its place in the file.
    places: HashMap<String, usize>,
    /// Of each group its first build, which is its minimum at first, and the build that is to be that, where it is
    /// another one.
    minimums: HashMap<String, [String; 2]>,
    /// Types and names of groups, by their ids in the file.
    groups: HashMap<String, [String; 2]>,
    /// Groups with a build that failed, by their ids in the file.
    halted: Mutex<HashSet<String>>,
}

/// A thing that is to be made.
struct Wanted {
    kind: ResourceKind,
    type_name: String,
    attributes: Record,
    relationships: Record,
    /// What a plan calls it.
    planned: String,
}

impl<'a> Making<'a> {
    pub fn new(session: &'a Session, dry_run: bool, file: &File, present: Present) -> Self {
        let ids = present.ids().map(|(old, id)| (old.clone(), id.to_owned())).collect();
        let id = |record: &Record| text(record, "id").to_owned();
        let builds = || file.of(ResourceKind::Deployment);
        let mut first: HashMap<&str, &str> = HashMap::new();
        for build in builds() {
            first.entry(text(build, "devicegroup_id")).or_insert(text(build, "id"));
        }
        let groups = || file.of(ResourceKind::DeviceGroup);
        let minimums = groups().filter_map(|group| {
            let (first, minimum) = (*first.get(text(group, "id"))?, text(group, MINIMUM));
            let is_other = !minimum.is_empty() && first != minimum;
            is_other.then(|| (id(group), [first, minimum].map(str::to_owned)))
        });
        let called = |group: &Record| ["type", "name"].map(|name| text(group, name).to_owned());
        Making {
            session,
            dry_run,
            ids: Mutex::new(ids),
            places: builds().enumerate().map(|(place, build)| (id(build), place)).collect(),
            minimums: minimums.collect(),
            groups: groups().map(|group| (id(group), called(group))).collect(),
            halted: Mutex::default(),
            present,
        }
    }

    /// Makes what a row tells, unless it is there.
    pub fn make(&self, row: &Row) -> RowResult {
        let record = &row.record;
        let old = text(record, "id");
        let group = text(record, "devicegroup_id");
        let mut halted = self.halted.lock().unwrap_or_else(PoisonError::into_inner);
        // A later build that is made now could not be followed by the one that failed.
        if self.present.get(old).is_none() && halted.contains(group) {
            return Err(Failure::not_attempted("an earlier build of its group was not made"));
        }
        let worked = self.made_or_found(record);
        if worked.is_err() && kind_of(record) == Some(ResourceKind::Deployment) {
            halted.insert(group.to_owned());
        }
        let mut told = worked?;
        told.record = builds::printed(told.record);
        told.record.insert_text(OLD_ID, old);
        Ok(told)
    }

    fn made_or_found(&self, record: &Record) -> RowResult {
        let wanted = self.wanted(record)?;
        match self.present.get(text(record, "id")) {
            Some(there) => self.complete(record, there.clone(), Outcome::Updated),
            None => self.create(record, &wanted),
        }
    }

    fn wanted(&self, record: &Record) -> Result<Wanted, Failure> {
        let kind = kind_of(record).unwrap_or(ResourceKind::Product);
        let relations: &[&str] = match kind {
            ResourceKind::Product => &[],
            ResourceKind::DeviceGroup => &["product", "production_target", "dut_target"],
            _ => &["devicegroup"],
        };
        let mut relationships = Record::new();
        let mut places = Vec::new();
        for relation in relations {
            let old = text(record, &format!("{relation}_id"));
            if !old.is_empty() {
                let id = self.id(old)?;
                let type_name = self.groups.get(old).map_or("product", |[kind, _]| kind);
                relationships.insert(relation, resource::identifier(type_name, &id));
                places.push(id);
            }
        }
        // What it is in comes first, then its own name.
        places.truncate(1);
        let names = ["name", "sha", "url"].map(|name| text(record, name));
        places.extend(names.into_iter().find(|name| !name.is_empty()).map(str::to_owned));
        let places: Vec<&str> = places.iter().map(String::as_str).collect();
        Ok(Wanted {
            kind,
            type_name: text(record, "type").to_owned(),
            attributes: attributes(kind, record),
            relationships,
            planned: planned_id(&places),
        })
    }

    /// The id of what a record of the file tells.
    fn id(&self, old: &str) -> Result<String, Failure> {
        let ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        let not_made = || Failure::not_attempted("what it belongs to was not made");
        ids.get(old).cloned().ok_or_else(not_made)
    }

    fn note(&self, old: &str, id: &str) {
        let mut ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        ids.insert(old.to_owned(), id.to_owned());
    }

    fn create(&self, record: &Record, wanted: &Wanted) -> RowResult {
        let old = text(record, "id");
        self.would_be_current(record)?;
        let effects = wanted.effects(record);
        if self.dry_run {
            self.note(old, &wanted.planned);
            let done =
                RowDone::created(&wanted.type_name, &without_code(wanted.attributes.clone()));
            let called = effects.into_iter().map(|effect| effect.called(&wanted.planned));
            let minimum = self.minimum(record, &wanted.planned)?;
            return Ok(called.chain(minimum).fold(done, RowDone::with));
        }
        journal::plan(Outcome::Created, effects.clone());
        let (attributes, relationships) = (wanted.attributes.clone(), wanted.relationships.clone());
        let body = resource::create_body(&wanted.type_name, attributes, relationships);
        let made = self.session.create(&Request::post(wanted.kind.path()).body(body))?;
        let id = text(&made, "id").to_owned();
        self.note(old, &id);
        let called = || effects.clone().into_iter().map(|effect| effect.called(&id));
        let completed = self.complete(record, made, Outcome::Created).map_err(|failure| {
            called().for_each(|effect| journal::note_part(Outcome::Created, &effect));
            let done = format!("The {} {id} was made", wanted.kind.noun());
            failure.after(done, "the same import goes on from there")
        })?;
        // That of a group is told with its creation.
        let is_build = wanted.kind == ResourceKind::Deployment;
        let later = completed.effects.into_iter().filter(|_| is_build);
        let done = RowDone::new(completed.record, Outcome::Created);
        Ok(called().chain(later).fold(done, RowDone::with))
    }

    /// A build that is made after later ones of its group would be the one that the group runs.
    fn would_be_current(&self, record: &Record) -> Result<(), Failure> {
        let place = self.places.get(text(record, "id")).copied().unwrap_or_default();
        if kind_of(record) != Some(ResourceKind::Deployment)
            || !self.present.has_newer(text(record, "devicegroup_id"), place)
        {
            return Ok(());
        }
        let title = "A later build of its group is there already";
        let detail = "made now, this one would be the build that the group runs";
        Err(Failure::new(ErrorKind::Conflict, title).detail(detail))
    }

    /// Sets what can only be set once a thing is there. `outcome` is what the row comes to by that.
    fn complete(&self, record: &Record, there: Record, outcome: Outcome) -> RowResult {
        match kind_of(record) {
            Some(ResourceKind::DeviceGroup) => self.complete_group(record, there),
            Some(ResourceKind::Deployment) => self.complete_build(record, there, outcome),
            _ => Ok(RowDone::new(there, Outcome::Unchanged)),
        }
    }

    fn complete_group(&self, record: &Record, there: Record) -> RowResult {
        let no = Value::Bool(false);
        if record.get(LOADS_CODE) != Some(&no) || there.get(LOADS_CODE) == Some(&no) {
            return Ok(RowDone::new(there, Outcome::Unchanged));
        }
        let set = Record::from_iter([(LOADS_CODE.to_owned(), no)]);
        let effect = Effect::update(&there, set.clone());
        if !self.dry_run {
            let kind = ResourceKind::DeviceGroup;
            resources::update(self.session, kind, &there, set.clone(), Record::new())?;
        }
        let mut there = there;
        there.add(&set);
        Ok(RowDone::new(there, Outcome::Updated).with(effect))
    }

    fn complete_build(&self, record: &Record, there: Record, outcome: Outcome) -> RowResult {
        let Some(effect) = self.minimum(record, text(&there, "id"))? else {
            return Ok(RowDone::new(there, Outcome::Unchanged));
        };
        if !self.dry_run {
            journal::plan(outcome, vec![effect.clone()]);
            resources::set_minimum(self.session, &effect.id, text(&there, "id"))?;
        }
        Ok(RowDone::new(there, outcome).with(effect))
    }

    /// How the group of a record changes when this build becomes its minimum, if the record is that of the build which
    /// is to be that and is not.
    fn minimum(&self, record: &Record, build: &str) -> Result<Option<Effect>, Failure> {
        let old = text(record, "devicegroup_id");
        let minimum = self.minimums.get(old).filter(|[_, minimum]| minimum == text(record, "id"));
        let Some([first, _]) = minimum else { return Ok(None) };
        let before = match self.present.get(old).map_or("", |group| text(group, MINIMUM)) {
            "" => self.id(first)?,
            now if now == build => return Ok(None),
            now => now.to_owned(),
        };
        let side = |id: &str| Some(Record::from_iter([(MINIMUM.to_owned(), id.into())]));
        let [kind, name] = self.groups.get(old).cloned().unwrap_or_default();
        let effect =
            Effect { kind, name, before: side(&before), after: side(build), ..Effect::default() };
        Ok(Some(effect.called(&self.id(old)?)))
    }
}

/// What is sent of a record. Flags that are not set and texts that are null or empty are what things have at first.
fn attributes(kind: ResourceKind, record: &Record) -> Record {
    let names: &[&str] = match kind {
        ResourceKind::Product => &["name", "description"],
        ResourceKind::DeviceGroup => &["name", "description", "region", "env_vars"],
        ResourceKind::Webhook => &["url", "event", "content_type"],
        _ => &[CODE[0], CODE[1], "description", "origin", "tags", "flagged"],
    };
    let mut attributes = Record::new();
    for name in names {
        let value = record.get(name).filter(|value| !value.is_null());
        let value = value.filter(|value| **value != "" || CODE.contains(name));
        if let Some(value) = value.filter(|value| **value != Value::Bool(false)) {
            attributes.insert(name, value.clone());
        }
    }
    attributes
}

impl Wanted {
    /// What making it changes. The flag of a build is set by itself, because it has to be taken away before the
    /// build can be deleted again.
    fn effects(&self, record: &Record) -> Vec<Effect> {
        let mut after = without_code(self.attributes.clone());
        for (relation, target) in self.relationships.iter() {
            after.insert(&format!("{relation}_id"), target["id"].clone());
        }
        if record.get(LOADS_CODE) == Some(&Value::Bool(false)) {
            after.insert(LOADS_CODE, false.into());
        }
        let flagged = after.remove("flagged").is_some();
        if self.kind == ResourceKind::Deployment {
            after.copy("sha", record);
        }
        let made = Effect::creation(&self.type_name, after);
        let flag = |flagged: bool| Record::from_iter([("flagged".to_owned(), flagged.into())]);
        let flag = flagged.then(|| Effect {
            before: Some(flag(false)),
            after: Some(flag(true)),
            ..Effect { kind: self.type_name.clone(), ..Effect::default() }
        });
        [made].into_iter().chain(flag).collect()
    }
}
