//! `imp-build update`

use api::deployments::without_code;
use clap::Args;
use cli::rows::change::{asks_for_something, is_so, nothing_to_change};
use cli::rows::{Outcome, RowDone, RowJob, RowResult, each};
use cli::{OncePerTarget, Session, journal};
use model::{Effect, Record, ResourceKind};
use ops::resources;
use pipe::Row;
use serde_json::Value;

use crate::deploy::{flag_of, tags_of};

/// What can be asked for.
const OPTIONS: &str = "--descr, --tag, --remove-tag or --flagged";

/// Change the description, tags or flag of builds
///
/// Code and origin of a build cannot be changed.
#[derive(Args)]
pub struct Update {
    /// The new description; a column `descr` of a row beats it
    #[arg(long, short = 's', value_name = "TEXT")]
    descr: Option<String>,
    /// Add this tag; repeatable; a column `tag` of a row beats them all
    #[arg(long, short, value_name = "TAG")]
    tag: Vec<String>,
    /// Take this tag away; repeatable; a column `remove_tag` of a row beats them all
    #[arg(long, short, value_name = "TAG")]
    remove_tag: Vec<String>,
    /// Flag it, so that it cannot be deleted, or take the flag away
    #[arg(long, short, value_name = "true|false", num_args = 0..=1, default_missing_value = "true")]
    flagged: Option<bool>,
    #[command(flatten)]
    builds: cli::Deployments,
    #[command(flatten)]
    changes: cli::DryRun,
    #[command(flatten)]
    common: cli::Common,
}

impl Update {
    pub fn run(&self) -> cli::Result {
        let is_given = self.descr.is_some() || self.flagged.is_some();
        let is_given = is_given || !self.tag.is_empty() || !self.remove_tag.is_empty();
        asks_for_something(is_given, &self.builds.row_args().source, OPTIONS)?;
        let session = Session::open(&self.common)?;
        let once = OncePerTarget::default();
        each(&session, &RowJob::changing(self.builds.row_args(), self.changes.into()), |row| {
            self.update(&session, row, &once)
        })
    }

    fn update(&self, session: &Session, row: &Row, once: &OncePerTarget<RowDone>) -> RowResult {
        let build = session.resource(ResourceKind::Deployment, row, &[])?;
        let id = cli::text(&build, "id");
        let mut attributes = Record::new();
        let descr = cli::text_option(row, &["descr"])?.or(self.descr.clone());
        attributes.extend(descr.map(|descr| ("description".to_owned(), descr.into())));
        let flagged = flag_of(row)?.or(self.flagged);
        attributes.extend(flagged.map(|flagged| ("flagged".to_owned(), flagged.into())));
        let add = or(tags_of(row, "tag")?, &self.tag);
        let remove = or(tags_of(row, "remove_tag")?, &self.remove_tag);
        if attributes.is_empty() && add.is_empty() && remove.is_empty() {
            return Err(nothing_to_change(OPTIONS));
        }
        let mut wanted = attributes.clone();
        wanted.insert("tag", add.clone().into());
        wanted.insert("remove_tag", remove.clone().into());
        let changed = once.act(&row.source, id, &wanted, || {
            self.change(session, row, &build, attributes, (&add, &remove))
        });
        changed.map(|(acted, reported)| acted.once(reported))
    }

    fn change(
        &self,
        session: &Session,
        row: &Row,
        build: &Record,
        mut attributes: Record,
        (add, remove): (&[String], &[String]),
    ) -> RowResult {
        let present = session.present(ResourceKind::Deployment, row, build)?;
        if !add.is_empty() || !remove.is_empty() {
            // The service replaces all tags at once, so those of now have to be known.
            attributes.insert("tags", edited(&present, add, remove));
        }
        if is_so(&present, &attributes) {
            return Ok(RowDone::changed(row, without_code(present), Outcome::Unchanged));
        }
        let effect = Effect::update(&present, attributes.clone());
        if self.changes.dry_run {
            let mut known = without_code(build.clone());
            known.extend(attributes);
            return Ok(RowDone::changed(row, known, Outcome::Updated).with(effect));
        }
        journal::plan(Outcome::Updated, vec![effect.clone()]);
        let kind = ResourceKind::Deployment;
        let record = resources::update(session, kind, &present, attributes, Record::new())?;
        let record = without_code(record);
        Ok(RowDone::changed(row, record, Outcome::Updated).with(effect))
    }
}

fn or(own: Vec<String>, options: &[String]) -> Vec<String> {
    if own.is_empty() { options.to_vec() } else { own }
}

/// The tags of a build after some were added and some taken away.
fn edited(build: &Record, add: &[String], remove: &[String]) -> Value {
    let present = build.get("tags").and_then(Value::as_array).into_iter().flatten();
    let mut tags: Vec<String> = Vec::new();
    for tag in present.filter_map(Value::as_str).chain(add.iter().map(String::as_str)) {
        if !remove.iter().any(|gone| gone == tag) && !tags.iter().any(|known| known == tag) {
            tags.push(tag.to_owned());
        }
    }
    tags.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn tags_are_added_once_and_taken_away() {
        let build = serde_json::from_value(json!({"tags": ["RC1", "old"]})).unwrap();
        let texts =
            |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let tags = edited(&build, &texts(&["RC2", "RC1"]), &texts(&["old", "none"]));
        assert_eq!(tags, json!(["RC1", "RC2"]));
        assert_eq!(edited(&Record::new(), &texts(&["a"]), &[]), json!(["a"]));
    }
}
