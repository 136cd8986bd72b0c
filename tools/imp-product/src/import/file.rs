//! What an export holds that can be made: read to its end, checked, and put in the order in which it is made.
//!
//! Careful about code: builds wait in a file, and only what they are known by is kept. A run that goes on has
//! the rows that are left only, so what the file held is noted in the journal.

mod stage;

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use api::deployments::CODE;
use cli::rows::RowDone;
use cli::{CommandError, Rows, journal, text};
use model::schema::RecordType;
use model::{ErrorKind, Record, ResourceKind};
use ops::url;
use pipe::source::BadRow;
use pipe::spool::Spool;
use pipe::{Failure, Item, ReadError, Row};

use super::{builds, checks};
use stage::Stage;

/// How many records that cannot be made are told.
const TOLD: usize = 10;

/// An export.
#[derive(Default)]
pub struct File {
    /// The records of all products, groups, builds and webhooks, in the order in which they are made, without code.
    pub things: Vec<Record>,
    /// The rows that are to be worked on, kind by kind.
    stages: [Spool; Stage::ALL.len()],
    /// Where they begin there, in the order in which they are made, with the time that decides it.
    places: [Vec<(String, u64)>; Stage::ALL.len()],
    /// Where in the input the record of an id stands.
    sources: HashMap<String, String>,
    /// What is no part of an import, by its noun.
    left_out: Vec<(&'static str, u64)>,
    /// Rows that cannot be made.
    unmade: Spool,
    /// As long as it is read, the things of each stage, and what is said of records with the id of another one.
    heads: [Vec<Record>; Stage::ALL.len()],
    doubled: Vec<String>,
    /// Only some of its products are wanted.
    is_part: bool,
}

/// The kind of a record.
pub fn kind_of(record: &Record) -> Option<ResourceKind> {
    ResourceKind::of_type(text(record, "type"))
}

/// What a message calls a record of a file. In a text that is no url nobody knows what is a password.
pub fn called(record: &Record) -> String {
    let noun = kind_of(record).map_or("record", ResourceKind::noun);
    let is_name = |field: &&str| match *field {
        "url" => text(record, "url").contains("://"),
        field => !text(record, field).is_empty(),
    };
    let name = ["name", "url", "id"].into_iter().find(is_name);
    let name = name.map_or("", |field| text(record, field));
    let without_password = url::without_password(name);
    format!("{noun} {}", model::text::quoted(without_password.as_deref().unwrap_or(name)))
}

fn id_of(record: &Record) -> String {
    text(record, "id").to_owned()
}

fn nothing_done(why: &str) -> CommandError {
    CommandError::usage(format!("{why}: nothing was done"))
}

#[expect(clippy::needless_pass_by_value, reason = "it is the form of map_err")]
fn cannot_keep(error: std::io::Error) -> CommandError {
    CommandError::cannot_keep(&error)
}

/// Refuses the whole for the faults of its records, if there are any; tells the first of them.
fn refuse(mut faults: Vec<String>) -> Result<(), CommandError> {
    let number = faults.len();
    match &faults[..] {
        [] => return Ok(()),
        [one] => return Err(nothing_done(one)),
        _ => {}
    }
    if number > TOLD {
        faults.truncate(TOLD);
        faults.push(format!("and {} more", number - TOLD));
    }
    Err(CommandError::usage(format!(
        "{number} records of the input cannot be made, and nothing was done:\n  {}",
        faults.join("\n  ")
    )))
}

impl File {
    /// Reads the rows to their end: those of the `wanted` products, or all.
    ///
    /// # Errors
    /// Exit 2 for what cannot be made as a whole.
    pub fn read(rows: Rows, wanted: &[String]) -> Result<File, CommandError> {
        let mut file = File { is_part: !wanted.is_empty(), ..File::default() };
        let goes_on = journal::goes_on();
        for item in rows {
            match item? {
                bad @ Item::Bad(_) if goes_on => file.unmade.push(&bad).map_err(cannot_keep)?,
                item => file.take(readable(item)?)?,
            }
        }
        refuse(std::mem::take(&mut file.doubled))?;
        let mut heads = std::mem::take(&mut file.heads);
        heads.iter_mut().for_each(|heads| heads.sort_by(|a, b| made_at(a).cmp(made_at(b))));
        file.places.iter_mut().for_each(|places| places.sort_by(|(a, _), (b, _)| a.cmp(b)));
        file.things = if goes_on { noted() } else { heads.into_iter().flatten().collect() };
        if !goes_on {
            file.keep_products(wanted)?;
            file.fits_together()?;
            file.things.iter().for_each(note);
        }
        Ok(file)
    }

    /// Takes in a row.
    fn take(&mut self, row: Row) -> Result<(), CommandError> {
        let kind = kind_of(&row.record);
        let has_id = !text(&row.record, "id").is_empty();
        let Some(kind) = kind.filter(|kind| has_id && !kind.is_secret()) else {
            return Err(nothing_done(&format!("{}: it is no record of an export", row.source)));
        };
        let Some(stage) = Stage::of(kind, text(&row.record, "type")) else {
            self.leave_out(kind);
            return Ok(());
        };
        match self.sources.entry(id_of(&row.record)) {
            Entry::Vacant(new) => _ = new.insert(row.source.clone()),
            Entry::Occupied(first) => {
                let (source, called, first) = (&row.source, called(&row.record), first.get());
                self.doubled.push(format!("{source}: {called}: it has the id of {first}"));
                return Ok(());
            }
        }
        if kind == ResourceKind::Deployment && has_outlived_its_group(&row.record) {
            return self.unmade.push(&outlived(row)).map_err(cannot_keep);
        }
        self.heads[stage as usize].push(builds::known_by(row.record.clone()));
        let waiting = &mut self.stages[stage as usize];
        self.places[stage as usize].push((made_at(&row.record).to_owned(), waiting.end()));
        waiting.push(&Item::Row(row)).map_err(cannot_keep)
    }

    fn leave_out(&mut self, kind: ResourceKind) {
        match self.left_out.iter_mut().find(|(noun, _)| *noun == kind.noun()) {
            Some((_, count)) => *count += 1,
            None => self.left_out.push((kind.noun(), 1)),
        }
    }

    /// What is not made, in words.
    pub fn left_out(&self) -> Option<String> {
        let counts = self.left_out.iter().map(|(noun, count)| cli::consent::count(*count, noun));
        let counts: Vec<String> = counts.collect();
        (!counts.is_empty()).then(|| format!("no part of an import: {}", counts.join(", ")))
    }

    /// The things of one kind.
    pub fn of(&self, kind: ResourceKind) -> impl Iterator<Item = &Record> {
        self.things.iter().filter(move |thing| kind_of(thing) == Some(kind))
    }

    /// Leaves only the products that are wanted, and what is in them.
    fn keep_products(&mut self, wanted: &[String]) -> Result<(), CommandError> {
        let is_it = |product: &Record, wanted: &String| {
            [text(product, "name"), text(product, "id")].contains(&wanted.as_str())
        };
        let products: Vec<&Record> = self.of(ResourceKind::Product).collect();
        if let Some(none) =
            wanted.iter().find(|wanted| !products.iter().any(|product| is_it(product, wanted)))
        {
            return Err(nothing_done(&format!("there is no product `{none}` in the input")));
        }
        if products.is_empty() {
            return Err(nothing_done("there is no product in the input"));
        }
        if wanted.is_empty() {
            return Ok(());
        }
        let kept = |product: &&Record| wanted.iter().any(|wanted| is_it(product, wanted));
        let others: HashSet<String> =
            products.iter().copied().filter(|one| !kept(one)).map(id_of).collect();
        let of_others = |thing: &Record, place: &str, others: &HashSet<String>| {
            others.contains(text(thing, place))
        };
        let groups = self.of(ResourceKind::DeviceGroup);
        let other_groups: HashSet<String> =
            groups.filter(|group| of_others(group, "product_id", &others)).map(id_of).collect();
        self.things.retain(|thing| {
            !(others.contains(text(thing, "id"))
                || of_others(thing, "product_id", &others)
                || of_others(thing, "devicegroup_id", &other_groups))
        });
        Ok(())
    }

    /// Nothing may be lacking, and nothing be in it that the service would refuse.
    fn fits_together(&self) -> Result<(), CommandError> {
        if let Some((thing, why)) = checks::told_by_name(&self.things) {
            return Err(nothing_done(&self.fault(thing, &why)));
        }
        let faults = checks::faults(&self.things).into_iter();
        refuse(faults.map(|(thing, why)| self.fault(thing, &why)).collect())
    }

    /// What is wrong with a record, and where it stands.
    fn fault(&self, thing: &Record, why: &str) -> String {
        let source = self.sources.get(text(thing, "id")).map_or("", String::as_str);
        format!("{source}: {}: {why}", called(thing))
    }

    /// The rows, in the order in which their things are made.
    pub fn into_rows(self) -> Rows {
        let ids: HashSet<String> = self.things.iter().map(id_of).collect();
        let is_kept = move |item: &Result<Item, ReadError>| match item {
            Ok(Item::Row(row)) => ids.contains(text(&row.record, "id")),
            _ => true,
        };
        let kept = |error: std::io::Error| ReadError::new("rows that waited", &error);
        let is_part = self.is_part;
        let products: HashSet<String> = self.of(ResourceKind::Product).map(id_of).collect();
        let is_told = move |item: &std::io::Result<Item>| match item {
            Ok(Item::Bad(bad)) => !is_part || products.contains(text(&bad.input, "product_id")),
            _ => true,
        };
        let unmade = self.unmade.read_from(0).filter(is_told).map(move |row| row.map_err(kept));
        let rows = self.stages.into_iter().zip(self.places).flat_map(|(stage, places)| {
            places.into_iter().filter_map(move |(_, place)| stage.read_from(place).next())
        });
        Box::new(rows.map(move |row| row.map_err(kept)).filter(is_kept).chain(unmade))
    }
}

/// The field of a note in the journal that holds a record of the file.
const RECORD: &str = "record";

/// Notes a record for the run that goes on.
fn note(thing: &Record) {
    let mut note = Record::new();
    note.insert_record(RECORD, thing);
    journal::note_step(&note);
}

/// The records that were noted before this run was resumed.
fn noted() -> Vec<Record> {
    journal::steps().iter().filter_map(|note| note.record(RECORD)).collect()
}

/// A row; marks of other runs do not count. A file of which a part cannot be read is not made in part.
fn readable(item: Item) -> Result<Row, CommandError> {
    match item {
        Item::Row(mut row) => {
            RowDone::take_off_marks(&mut row.record);
            let of = RecordType::of(&row.record);
            if of.is_some_and(|of| of.read_cells(&mut row.record)) {
                complete_code(&mut row.record);
            }
            Ok(row)
        }
        Item::Bad(bad) => Err(nothing_done(&format!("{}: {}", bad.source, bad.failure.sentence()))),
    }
}

/// An empty program is no cell at all. Where both are, nobody knows whether they are empty or not told.
fn complete_code(build: &mut Record) {
    let has = |code: &&str| !text(build, code).is_empty();
    if CODE.iter().any(has) {
        let missing: Vec<_> = CODE.into_iter().filter(|code| !has(code)).collect();
        missing.into_iter().for_each(|code| build.insert_text(code, ""));
    }
}

/// What builds are made in the order of, the oldest first; time stamps have one form and sort as text
/// (imp-service(7), section 1.6). Everything else stays in the order of the input.
fn made_at(record: &Record) -> &str {
    let is_build = kind_of(record) == Some(ResourceKind::Deployment);
    if is_build { text(record, "created_at") } else { "" }
}

/// A build without the group that it was made for, which nobody can make.
fn outlived(row: Row) -> Item {
    let title = "It belongs to no device group";
    let failure = Failure::new(ErrorKind::BadInput, title).detail(
        "a deployment that has outlived its group cannot be made: give it the devicegroup_id of a group of the \
         input, or leave it out",
    );
    Item::Bad(BadRow { failure, input: row.record, source: row.source })
}

/// The group is all that such a build lacks. One that tells anything of a group, or has not even a sha, was not
/// printed as a whole.
fn has_outlived_its_group(build: &Record) -> bool {
    let is_empty = |name: &&str| text(build, name).is_empty();
    ["devicegroup_id", "devicegroup_type", "devicegroup_name"].iter().all(is_empty)
        && !is_empty(&"sha")
}
