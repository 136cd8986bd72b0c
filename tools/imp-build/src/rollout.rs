//! `imp-build rollout`
//!
//! A wave is a device group, which gets a build as by `copy`; how a rollout goes from wave to wave is in
//! `common/ops/src/rollout`. Careful about what is named by a name: builds and groups are known by their ids as soon
//! as the rollout begins, since a copy of a build has the same sha, and may have the same tags.

mod builds;
mod groups;

use clap::Args;
use cli::rows::RowJob;
use cli::rows::results::Results;
use cli::terminal::stderr;
use cli::{CommandError, Session, consent, journal, text};
use model::change::CURRENT;
use model::{ErrorKind, Record, ResourceKind};
use ops::rollout::{
    Conduct, Course, Done, Layout, UnderWay, began_with, read_rows, was_turned_back, waves,
};
use pipe::ReadError;
use pipe::spool::Spool;

use crate::create::Creating;
use crate::original::{Original, WITH_ALL};
use builds::Builds;
use groups::{Target, Targets, Wanted};

/// Deploy a build to one device group after the other
///
/// A group is a wave; after it the gate, a command, decides by its exit code.
#[derive(Args)]
#[command(mut_arg("named", |named| named.hide(true).value_parser(cli::not_without_option)))]
#[command(mut_arg("dg", |dg| dg.value_delimiter(',')))]
pub struct Rollout {
    /// The build: id, sha, tag or origin; `-` is stdin
    #[arg(long, short, value_name = "BUILD", value_parser = cli::identifier, allow_hyphen_values = true, display_order = 0)]
    build: String,
    /// Copy the description, origin, tags and flag too
    #[arg(long, short, display_order = 0)]
    all: bool,
    /// Restart the devices of each group
    #[arg(long, display_order = 0)]
    restart: bool,
    /// Let newer devices do so in their own time
    #[arg(long, short, requires = "restart", display_order = 0)]
    conditional: bool,
    #[command(flatten)]
    conduct: Conduct,
    #[command(flatten)]
    groups: cli::DeviceGroups,
    #[command(flatten)]
    production: cli::ConfirmedProduction,
    #[command(flatten)]
    changes: cli::DryRun,
    #[command(flatten)]
    common: cli::Common,
}

impl Rollout {
    pub fn run(&self) -> cli::Result {
        self.conduct.check()?;
        self.groups.or_of_project()?;
        let session = Session::open(&self.common)?;
        let job = self.job();
        if !job.is_dry_run() {
            session.guards.may_change()?;
        }
        let build = session.single(ResourceKind::Deployment, "--build", Some(&self.build))?;
        let mut results = Results::open(&session, job.args, job.changes)?;
        let began = began_with()?;
        let build = build.unwrap_or_default();
        // One that goes on knows it by its id: there are more with that sha by now, and what it was called may be
        // another by now.
        let named = began.as_ref().map_or(&*build, |began| text(began, "to"));
        let build = match Original::find(&session, named) {
            // The way back needs none of its code.
            Err(failure) if failure.kind == ErrorKind::NotFound && was_turned_back() => {
                Original(Record::from_iter([("id".to_owned(), named.into())]))
            }
            found => found?,
        };
        let Some(read) = read_rows(&session, &job.args.source, &mut results)? else {
            return Ok(results.finish());
        };
        let targets = match &began {
            Some(began) => Some(Targets::of_journal(began)?),
            None => self.targets(&session, &build, &read, &mut results)?,
        };
        let Some(targets) = targets else { return Ok(results.finish()) };
        let course = course(&session, &read, &build, &targets)?;
        let may = self.may_go_on(&session, &targets.groups, &course, &mut results);
        if job.is_dry_run() {
            self.plan(&session, &build, &targets.groups, &course, &mut results);
            return Ok(results.finish());
        }
        let builds = Builds::new(self, &session, &build, targets.groups);
        let mut under_way = UnderWay::new(&self.conduct, &session, builds, course, results);
        match may {
            Ok(()) => under_way.go(),
            Err(error) => under_way.refuse(error),
        }
        Ok(under_way.finish())
    }

    /// Whether no limit and no guard is in the way. What is taken back is asked about one by one.
    fn may_go_on(
        &self,
        session: &Session,
        groups: &[Target],
        course: &Course,
        results: &mut Results<'_>,
    ) -> Result<(), CommandError> {
        let counts = |number| is_counted(number, &course.ends, groups);
        course.may_change_so_many(self.job().changes, counts, results)?;
        // At the beginning that has just been looked at.
        match journal::goes_on() && course.back.is_none() {
            true => groups::are_open(session, &groups[course.passed..]),
            false => Ok(()),
        }
    }

    /// The groups of a rollout that begins, if it may. `None` when all rows have been reported.
    fn targets(
        &self,
        session: &Session,
        build: &Original,
        read: &Spool,
        results: &mut Results<'_>,
    ) -> Result<Option<Targets>, CommandError> {
        let wanted = Wanted {
            is_dry_run: self.job().is_dry_run(),
            goes_back: self.conduct.goes_back(),
            counts_offline: self.conduct.counts_offline(),
        };
        let targets = Targets::look_up(session, read, wanted, results)?;
        let Some(mut targets) = targets else { return Ok(None) };
        for group in &mut targets.groups {
            if let Err(failure) = group.look_at_build(session, &build.code()) {
                return groups::leave_all(read, failure.into(), results).map(|()| None);
            }
        }
        self.say_what_to_know(session, build, &targets);
        match self.ask(session, &targets) {
            Ok(()) => Ok(Some(targets)),
            Err(error) => groups::leave_all(read, error, results).map(|()| None),
        }
    }

    fn job(&self) -> RowJob<'_> {
        RowJob::changing(self.groups.row_args(), self.changes.into())
            .asking(self.production.ask("deploy to"))
    }

    fn attributes(&self, build: &Original) -> Record {
        build.attributes(if self.all { &WITH_ALL } else { &[] })
    }

    /// Says what somebody should know before it begins.
    fn say_what_to_know(&self, session: &Session, build: &Original, targets: &Targets) {
        let product = text(&build.0, "product_id");
        for group in &targets.groups {
            let name = &group.name;
            if self.conduct.goes_back() && text(&group.record, CURRENT).is_empty() {
                stderr::say(&format!("{name} has no build yet: what it gets cannot be taken back"));
            }
            let of_group = text(&group.record, "product_id");
            if !product.is_empty() && of_group != product {
                let [other, own] = [of_group, product].map(|product| {
                    session
                        .resolver
                        .name_of(ResourceKind::Product, product)
                        .unwrap_or_else(|| product.to_owned())
                });
                stderr::say(&format!("{name} is of the product {other}, the build of {own}"));
            }
        }
    }

    /// Asks about production groups, where there is somebody to ask.
    fn ask(&self, session: &Session, targets: &Targets) -> Result<(), CommandError> {
        let Some(ask) = self.job().question() else { return Ok(()) };
        let of_production: Vec<&Target> =
            targets.groups.iter().filter(|group| group.is_production()).collect();
        if of_production.is_empty() {
            return Ok(());
        }
        let label = |group: &&Target| {
            let line = session.described(ResourceKind::DeviceGroup, &group.record);
            format!("{line}: {}", consent::count(group.devices, "device"))
        };
        let labels: Vec<String> = of_production.iter().map(label).collect();
        let number = of_production.len() as u64;
        consent::obtain(session, &ask, "production group", number, &labels)
    }

    /// Says which waves there would be, and prints what they would change.
    fn plan(
        &self,
        session: &Session,
        build: &Original,
        groups: &[Target],
        course: &Course,
        results: &mut Results<'_>,
    ) {
        for (number, group) in (1..).zip(groups) {
            let devices = consent::count(group.devices, "device");
            stderr::say(&format!("wave {number} of {}, {}: {devices}", groups.len(), group.name));
        }
        let creating = Creating::new(true, true).and_restarts(self.restart);
        let (code, attributes) = (build.code(), self.attributes(build));
        let of_rows =
            groups.iter().flat_map(|group| std::iter::repeat_n(&group.record, group.rows));
        for (item, group) in course.rows.read().zip(of_rows) {
            let item = item.map_err(|error| ReadError::new("rows that waited", &error));
            let Some(row) = results.row(item) else { continue };
            match creating.create(session, &row.source, group, &code, &attributes, |_| Ok(())) {
                Ok(done) => _ = results.good(done.told(&row.source), &row.source),
                Err(failure) => results.bad(&failure, &row.record, &row.source),
            }
        }
    }
}

/// Whether a limit counts the row with this number: the first of each group, unless that has the build.
fn is_counted(number: u64, ends: &[u64], groups: &[Target]) -> bool {
    let wave = waves::wave_of(number, ends);
    let first = wave.checked_sub(1).map_or(1, |before| ends[before] + 1);
    number == first && groups.get(wave).is_some_and(|group| !group.has_it)
}

/// The course of the rollout: a wave for each group, in the order in which they are named first.
fn course(
    session: &Session,
    read: &Spool,
    build: &Original,
    targets: &Targets,
) -> Result<Course, CommandError> {
    let mut planned = Record::new();
    planned.insert_text("to", text(&build.0, "id"));
    planned.insert("groups", targets.to_json());
    let ends: Vec<u64> = targets
        .groups
        .iter()
        .scan(0, |end, group| {
            *end += group.rows as u64;
            Some(*end)
        })
        .collect();
    let devices = targets.groups.iter().map(|group| group.devices).collect();
    let weights = targets.groups.iter().map(|group| (group.id.clone(), group.devices)).collect();
    let layout = Layout { ends, devices: Some(devices), of_each: targets.of_each.clone() };
    Course::new(session, read, layout, planned, Done::new(CURRENT, weights))
}
