//! `imp-dg builds`
//!
//! Careful about what is protected: the minimum supported deployment of a group and those after it are
//! never deleted (the service would refuse it), and a flagged one only when its flag is to go as well.

use model::{Effect, Record, ResourceKind};
use std::collections::{HashMap, HashSet};

use clap::Args;
use cli::rows::{ExpandedRows, Outcome, RowDone, RowJob, RowResult, carry_out};
use cli::terminal::stderr;
use cli::{CommandError, RowSource, Session, consent};
use ops::deployments::{is_flagged, is_older};
use pipe::{Failure, Row};

/// List, unflag or remove the builds of device groups
///
/// Without --unflag, --unflag-old or --remove it lists them. Prints the builds that are changed or deleted.
#[derive(Args)]
pub struct Builds {
    /// A device group: id, name, {PRODUCT}{GROUP} or {ACCOUNT}{PRODUCT}{GROUP}; repeatable; `-` is stdin
    #[arg(long, short = 'g', value_name = "DEVICE_GROUP", required = true, value_parser = cli::identifier, allow_hyphen_values = true)]
    dg: Vec<String>,
    /// Take the flag from all builds of the group
    #[arg(long, short)]
    unflag: bool,
    /// Take the flag from builds older than the minimum supported deployment
    #[arg(long, short = 'o')]
    unflag_old: bool,
    /// Delete builds that are not flagged and older than the minimum supported deployment
    #[arg(long, short)]
    remove: bool,
    /// Keep this many of the newest builds of the group, though they could be deleted
    #[arg(long, value_name = "N", requires = "remove")]
    keep: Option<usize>,
    /// Do not ask
    #[arg(long, short = 'q')]
    confirmed: bool,
    #[command(flatten)]
    changes: cli::DryRun,
    #[command(flatten)]
    results: cli::Reports,
    #[command(flatten)]
    common: cli::Common,
}

/// What happens to a build.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Planned {
    unflag: bool,
    delete: bool,
}

impl Builds {
    pub fn run(&self) -> cli::Result {
        let reads = !(self.unflag || self.unflag_old || self.remove);
        if !reads && !self.confirmed && !self.changes.dry_run {
            consent::can_be_asked("change builds")?;
        }
        let session = Session::open(&self.common)?;
        let args = self.results.row_args("deployment", "--dg");
        let mut judged = Vec::new();
        let ExpandedRows { rows, is_over } = self.expand(&session, reads, &mut judged)?;
        if reads {
            let read = |row: &Row| Ok(RowDone::read(row.record.clone()));
            let job = RowJob::reading(args);
            return Ok(carry_out(&session, &job, || Ok(rows), read)?.finish());
        }
        if !is_over {
            self.consent(&session, &judged)?;
        }
        let planned_by_id: HashMap<String, Planned> = judged
            .into_iter()
            .map(|(build, planned)| (cli::text(&build, "id").to_owned(), planned))
            .collect();
        let job = RowJob::changing(args, self.changes.into());
        let act = |row: &Row| {
            let planned =
                planned_by_id.get(cli::text(&row.record, "id")).copied().unwrap_or_default();
            self.act(&session, row, planned)
        };
        Ok(carry_out(&session, &job, || Ok(rows), act)?.finish())
    }

    /// The builds that are to be printed or changed; what becomes of each of all goes to `judged`.
    fn expand(
        &self,
        session: &Session,
        reads: bool,
        judged: &mut Vec<(Record, Planned)>,
    ) -> Result<ExpandedRows, CommandError> {
        let groups = RowSource::identified(ResourceKind::DeviceGroup.noun(), "--dg", &self.dg);
        let mut seen = HashSet::new();
        cli::rows::expand(session, groups, |row| {
            let group = session.resource(ResourceKind::DeviceGroup, row, &[])?;
            let id = cli::text(&group, "id");
            if !seen.insert(id.to_owned()) {
                return Ok(Vec::new());
            }
            let mut builds = self.builds_of(session, id, reads)?;
            judged.extend(builds.iter().cloned());
            builds.retain(|(_, planned)| reads || *planned != Planned::default());
            Ok(builds.into_iter().map(|(build, _)| build).collect())
        })
    }

    /// The builds of a group, and what is to become of each.
    fn builds_of(
        &self,
        session: &Session,
        group: &str,
        reads: bool,
    ) -> Result<Vec<(Record, Planned)>, Failure> {
        let present = || session.get("devicegroups", group);
        let minimum =
            if reads { None } else { ops::deployments::minimum_of(session, &present()?)? };
        let builds = ops::deployments::deployments(session, &[("filter[devicegroup.id]", group)])?;
        if reads && builds.is_empty() {
            // A group that is not there has an empty list, too.
            present()?;
        }
        let kept = newest(&builds, self.keep.unwrap_or(0));
        let judged = |build| {
            let is_kept = kept.contains(cli::text(&build, "id"));
            self.judged(build, minimum.as_ref(), is_kept)
        };
        Ok(builds.into_iter().map(judged).collect())
    }

    fn judged(&self, build: Record, minimum: Option<&Record>, is_kept: bool) -> (Record, Planned) {
        let old = minimum.is_some_and(|minimum| is_older(&build, minimum));
        let flagged = is_flagged(&build);
        let unflag = flagged && (self.unflag || (self.unflag_old && old));
        let delete = self.remove && old && !is_kept && (!flagged || unflag);
        (build, Planned { unflag, delete })
    }

    /// Says what is to be done; asks where that is to be asked.
    fn consent(&self, session: &Session, builds: &[(Record, Planned)]) -> Result<(), CommandError> {
        let count =
            |is: fn(&Planned) -> bool| builds.iter().filter(|(_, planned)| is(planned)).count();
        let (unflagged, deleted) =
            (count(|planned| planned.unflag), count(|planned| planned.delete));
        let mut plan = Vec::new();
        if self.unflag || self.unflag_old {
            plan.push(format!("take the flag from {unflagged}"));
        }
        if self.remove {
            let kept = self.keep.map(|keep| format!(", or among the newest {keep} of their group"));
            plan.push(format!(
                "delete {deleted} and leave {}, which are flagged, or not older than the minimum \
                 supported deployment{}",
                builds.len() - deleted,
                kept.unwrap_or_default()
            ));
        }
        let plan = format!("of {} builds, {}", builds.len(), plan.join(", "));
        if self.confirmed || self.changes.dry_run || unflagged + deleted == 0 {
            stderr::say(&plan);
            return Ok(());
        }
        consent::ask(&format!(
            "In {}: {plan}.\n  {}",
            session.account_and_endpoint(),
            named(builds, |build| session.described(ResourceKind::Deployment, build))
        ))
    }

    fn act(&self, session: &Session, row: &Row, planned: Planned) -> RowResult {
        let id = cli::text(&row.record, "id");
        let mut changes = Record::new();
        if planned.unflag {
            changes.insert("flagged", false.into());
            if !self.changes.dry_run {
                changes.extend(ops::deployments::unflag(session, id)?);
            }
        }
        if planned.delete && !self.changes.dry_run {
            ops::deployments::delete_deployment(session, id, false)?;
        }
        let outcome = if planned.delete { Outcome::Deleted } else { Outcome::Updated };
        let mut acted = RowDone::changed(row, changes, outcome);
        if planned.unflag {
            acted.record.retain(|name| !name.starts_with("flagger_"));
        }
        if planned.unflag {
            let unflagged = Record::from_iter([("flagged".to_owned(), false.into())]);
            acted = acted.with(Effect::update(&row.record, unflagged));
        }
        if planned.delete {
            acted = acted.with(Effect::deletion(&row.record));
        }
        Ok(acted)
    }
}

/// The ids of the newest builds.
fn newest(builds: &[Record], number: usize) -> HashSet<String> {
    let mut builds: Vec<&Record> = builds.iter().collect();
    // Time stamps have one form and sort as text (imp-service(7), section 1.6).
    builds.sort_by_key(|build| std::cmp::Reverse(cli::text(build, "created_at")));
    builds.iter().take(number).map(|build| cli::text(build, "id").to_owned()).collect()
}

/// The first builds to which something happens, and what that is.
fn named(builds: &[(Record, Planned)], described: impl Fn(&Record) -> String) -> String {
    let touched = || builds.iter().filter(|(_, planned)| *planned != Planned::default());
    let line = |(build, planned): &(Record, Planned)| {
        let what = match (planned.unflag, planned.delete) {
            (true, true) => "unflag and delete",
            (true, false) => "unflag",
            _ => "delete",
        };
        format!("{what} {}", described(build))
    };
    consent::first(touched().count() as u64, touched().map(line))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;
    use serde_json::json;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        builds: Builds,
    }

    #[test]
    fn what_is_protected_stays() {
        let build = |created: u32, flagged: bool| {
            let created = format!("2026-01-01T00:00:00.{created:03}Z");
            let build = json!({"created_at": created, "flagged": flagged});
            serde_json::from_value::<Record>(build).unwrap()
        };
        let minimum = build(5, false);
        let judge = |options: &str, build: Record| {
            let words = format!("x --dg G {options}");
            let line = Line::try_parse_from(words.split_whitespace()).unwrap();
            let planned = line.builds.judged(build, Some(&minimum), false).1;
            (planned.unflag, planned.delete)
        };
        for (options, old, old_flagged, minimum, newer_flagged) in [
            ("--unflag", (false, false), (true, false), (false, false), (true, false)),
            ("--unflag-old", (false, false), (true, false), (false, false), (false, false)),
            ("--remove", (false, true), (false, false), (false, false), (false, false)),
            ("--remove -o", (false, true), (true, true), (false, false), (false, false)),
            ("--remove -u", (false, true), (true, true), (false, false), (true, false)),
        ] {
            assert_eq!(judge(options, build(4, false)), old, "{options}: old");
            assert_eq!(judge(options, build(4, true)), old_flagged, "{options}: old, flagged");
            assert_eq!(judge(options, build(5, false)), minimum, "{options}: the minimum");
            assert_eq!(judge(options, build(6, true)), newer_flagged, "{options}: newer, flagged");
        }
        let line = Line::try_parse_from(["x", "--dg", "G", "--remove"]).unwrap();
        assert_eq!(
            line.builds.judged(build(1, false), None, false).1,
            Planned::default(),
            "no minimum"
        );
        let kept = line.builds.judged(build(4, false), Some(&minimum), true).1;
        assert_eq!(kept, Planned::default(), "among the newest");
    }

    #[test]
    fn the_question_names_the_first_builds_that_are_touched() {
        let build = |number: u32| {
            let build = json!({"id": format!("b{number}")});
            serde_json::from_value::<Record>(build).unwrap()
        };
        let delete = Planned { unflag: false, delete: true };
        let mut builds: Vec<_> = (0..25).map(|number| (build(number), delete)).collect();
        builds[0].1 = Planned::default();
        builds[1].1.unflag = true;
        let described = |build: &Record| cli::text(build, "id").to_owned();
        let named = named(&builds, described);
        let lines: Vec<_> = named.lines().map(str::trim).collect();
        assert_eq!(lines.len(), 11);
        assert_eq!(lines[..2], ["unflag and delete b1", "delete b2"]);
        assert_eq!(lines[10], "… and 14 more");
    }
}
