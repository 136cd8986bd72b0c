//! Names of an account's things, kept for the shell: what a person may type next. No verb reads them.
//!
//! Any list refreshes them, at its end and for nothing: careful that it neither fails nor becomes slower for it. There
//! are no more than [`MOST`] of a kind, the newest ones; the files are for us alone, and told apart by account.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use api::send::clock;
use model::{GroupType, Record, ResourceKind};

use crate::session::text;

/// So many names of a kind are kept: nobody chooses among more.
const MOST: usize = 10_000;
/// Longer descriptions are cut.
const WIDEST: usize = 60;
/// Names that have not been written for so long are removed.
const FORGOTTEN: Duration = Duration::from_secs(30 * 86_400);

/// The kinds of things whose names are kept.
const KINDS: [ResourceKind; 5] = [
    ResourceKind::Product,
    ResourceKind::DeviceGroup,
    ResourceKind::Device,
    ResourceKind::Deployment,
    ResourceKind::Webhook,
];

/// What can be typed for a thing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Name {
    /// What is offered.
    pub name: String,
    /// What is offered to who began to type it: the address of a device. May be empty.
    pub other: String,
    /// What it is, for who has to choose.
    pub about: String,
}

/// What is kept of a kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// When a whole list was read, in seconds since 1970; 0 is never.
    pub whole: u64,
    /// When the shell asked for them last.
    pub asked: u64,
    /// The newest first.
    pub names: Vec<Name>,
}

/// The kind of the list at `path`, if its names are kept.
pub fn kind_of(path: &str) -> Option<ResourceKind> {
    KINDS.into_iter().find(|kind| kind.path() == path)
}

/// Where the names are.
pub fn file(
    cache_dir: &Path,
    state_dir: Option<&Path>,
    identity: &auth::Identity,
    kind: ResourceKind,
) -> PathBuf {
    auth::names_file(cache_dir, state_dir, identity, kind.reference())
}

/// The names of a list that is being read.
pub struct Names {
    kind: ResourceKind,
    file: PathBuf,
    /// As they are kept: a line each.
    lines: String,
    count: usize,
}

impl Names {
    /// None so far.
    pub fn new(kind: ResourceKind, file: PathBuf) -> Self {
        Names { kind, file, lines: String::new(), count: 0 }
    }

    /// A record has come.
    pub fn note(&mut self, record: &Record) {
        if self.count < MOST {
            self.count += names_of(self.kind, record, &mut self.lines);
        }
    }

    /// The list has ended; `is_whole` when nothing can have been left out.
    pub fn keep(self, is_whole: bool) {
        if self.count == 0 && !is_whole {
            return;
        }
        let text = if is_whole { String::new() } else { text_of(&self.file) };
        let (whole, asked, old) = parts(&text);
        let whole = if is_whole { unix_now() } else { whole };
        write(&self.file, (whole, asked), &merged(&self.lines, old));
    }
}

/// Lines with new names, and below them those of others.
fn merged(new: &str, old: &str) -> String {
    let mut seen = HashSet::with_capacity(MOST);
    let mut merged = String::with_capacity(new.len());
    for line in new.lines().chain(old.lines()) {
        if seen.len() == MOST {
            break;
        }
        if seen.insert(line.split('\t').next()) {
            merged.push_str(line);
            merged.push('\n');
        }
    }
    merged
}

impl Kept {
    /// True when the last whole list, or the last try to get one, was so long ago.
    pub fn is_older(&self, age: Duration, between_tries: Duration) -> bool {
        let now = unix_now();
        now.saturating_sub(self.whole) > age.as_secs()
            && now.saturating_sub(self.asked) >= between_tries.as_secs()
    }
}

/// Reads what is kept; a file that is damaged or not there holds nothing.
pub fn read(file: &Path) -> Kept {
    let text = text_of(file);
    let (whole, asked, lines) = parts(&text);
    let name = |line: &str| {
        let mut parts = line.split('\t').map(str::to_owned);
        Some(Name { name: parts.next()?, other: parts.next()?, about: parts.next()? })
    };
    Kept { whole, asked, names: lines.lines().filter_map(name).collect() }
}

fn text_of(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_default()
}

/// When a whole list was read, when the shell asked last, and a line for each name.
fn parts(text: &str) -> (u64, u64, &str) {
    let parts = || {
        let (numbers, lines) = text.split_once('\n')?;
        let (whole, asked) = numbers.split_once(' ')?;
        Some((whole.parse().ok()?, asked.parse().ok()?, lines))
    };
    parts().unwrap_or_default()
}

/// Notes that somebody is about to ask, so that the next one does not at once.
pub fn note_question(file: &Path) {
    let text = text_of(file);
    let (whole, _, lines) = parts(&text);
    write(file, (whole, unix_now()), lines);
}

fn write(file: &Path, (whole, asked): (u64, u64), lines: &str) {
    let text = format!("{whole} {asked}\n{lines}");
    // Without them the shell has less to offer.
    let _unwritable = auth::keep_in_cache(file, text.as_bytes(), FORGOTTEN);
}

fn unix_now() -> u64 {
    clock::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// Adds lines with what can be typed for the thing of a record; says how many.
fn names_of(kind: ResourceKind, record: &Record, lines: &mut String) -> usize {
    let mut count = 0;
    let mut add = |name: &str, other: &str, about: &str| {
        // Nobody can type those, and the files have a line each.
        let is_odd = |text: &str| text.contains(char::is_control);
        if !name.is_empty() && !is_odd(name) && !is_odd(other) {
            count += 1;
            for part in [name, "\t", other, "\t"] {
                lines.push_str(part);
            }
            lines.extend(about.chars().filter(|letter| !letter.is_control()).take(WIDEST));
            lines.push('\n');
        }
    };
    let [id, name] = ["id", "name"].map(|field| text(record, field));
    match kind {
        ResourceKind::Device => {
            let mac = text(record, "mac_address");
            let called = [name, mac, id].into_iter().find(|text| !text.is_empty());
            add(called.unwrap_or_default(), mac, mac);
        }
        ResourceKind::Deployment => {
            let told = [text(record, "description"), text(record, "created_at")];
            let told = told.into_iter().find(|text| !text.is_empty()).unwrap_or_default();
            let tags = record.get("tags").and_then(|tags| tags.as_array());
            tags.into_iter()
                .flatten()
                .filter_map(|tag| tag.as_str())
                .for_each(|tag| add(tag, "", told));
            add(id, text(record, "sha"), told);
        }
        // An address may hold a password.
        ResourceKind::Webhook => add(id, "", text(record, "event")),
        ResourceKind::DeviceGroup => {
            let api_name = text(record, "type");
            add(name, id, GroupType::of_api(api_name).map_or(api_name, |kind| kind.name()));
        }
        _ => add(name, id, kind.noun()),
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use std::os::unix::fs::PermissionsExt;

    fn record(value: Value) -> Record {
        serde_json::from_value(value).unwrap()
    }

    fn names(kept: &Kept) -> Vec<&str> {
        kept.names.iter().map(|name| name.name.as_str()).collect()
    }

    #[test]
    fn a_part_of_a_list_adds_and_a_whole_one_replaces() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("cache/names/a.device");
        let list = |devices: &[&str], is_whole| {
            let mut names = Names::new(ResourceKind::Device, file.clone());
            for name in devices {
                names.note(&record(json!({"id": "4a", "name": name, "mac_address": "0c:2a"})));
            }
            names.keep(is_whole);
            read(&file)
        };
        assert_eq!(read(&file), Kept::default());
        let part = list(&["b", "a"], false);
        assert_eq!((names(&part), part.whole), (vec!["b", "a"], 0));
        assert!(part.is_older(Duration::ZERO, Duration::ZERO));
        let whole = list(&["c", "b", ""], true);
        assert_eq!(names(&whole), ["c", "b", "0c:2a"]);
        assert!(!whole.is_older(Duration::from_secs(60), Duration::ZERO));
        assert_eq!(names(&list(&["d", "b", "tab\there"], false)), ["d", "b", "c", "0c:2a"]);
        assert_eq!(read(&file).whole, whole.whole);
        note_question(&file);
        assert!(!read(&file).is_older(Duration::ZERO, Duration::from_secs(60)));
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        fs::write(&file, "damaged").unwrap();
        assert_eq!(read(&file), Kept::default());
    }

    #[test]
    fn there_are_no_more_than_a_person_can_choose_from() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("names");
        let mut list = Names::new(ResourceKind::Device, file.clone());
        (0..MOST + 5).for_each(|number| list.note(&record(json!({"name": format!("d{number}")}))));
        list.keep(true);
        assert_eq!(read(&file).names.len(), MOST);
    }

    #[test]
    fn each_kind_is_named_as_it_is_typed() {
        let told = |kind, value: Value| {
            let mut lines = String::new();
            let count = names_of(kind, &record(value), &mut lines);
            assert_eq!(lines.lines().count(), count);
            lines.lines().map(str::to_owned).collect::<Vec<_>>()
        };
        let owned = |name: &str, other: &str, about: &str| format!("{name}\t{other}\t{about}");
        let build = json!({"id": "b1", "sha": "5ha", "tags": ["RC1"], "description": "first"});
        let expected = [owned("RC1", "", "first"), owned("b1", "5ha", "first")];
        assert_eq!(told(ResourceKind::Deployment, build), expected);
        let group = json!({"type": "production_devicegroup", "id": "g1", "name": "Shipped"});
        assert_eq!(told(ResourceKind::DeviceGroup, group), [owned("Shipped", "g1", "production")]);
        let hook = json!({"id": "h1", "event": "blessing", "url": "https://me:secret@h/"});
        assert_eq!(told(ResourceKind::Webhook, hook), [owned("h1", "", "blessing")]);
    }
}
