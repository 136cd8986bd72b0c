//! Things that were deleted and made again: they have other ids than before. The journals of undone and applied
//! changes know both, so that an earlier run, which knows only the old id, can still be undone. The same holds for
//! a build that was deployed again.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use cli::{CommandError, journal, text};
use model::change::{CHANGE, CURRENT, PLANNED};
use model::{Change, Record};
use serde_json::Value;

/// A stamp at the beginning of the names of runs: `20261127T131104Z`.
const STAMP: usize = 16;

/// The ids that things have now, by those that they had.
#[derive(Default)]
pub struct MadeAgain(HashMap<String, String>);

/// The journals of this machine that may tell of what was made again since `run` began.
///
/// # Errors
/// Exit 2 when their directory cannot be read.
pub fn journals_since(run: &str) -> Result<Vec<PathBuf>, CommandError> {
    let mut journals = journal::all()?;
    journals.retain(|path| {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let (stamp, verb) = name.split_at_checked(STAMP).unwrap_or_default();
        let is_meant = verb.starts_with("-undo-") || verb.starts_with("-apply-");
        is_meant && stamp >= run.get(..STAMP).unwrap_or_default()
    });
    Ok(journals)
}

impl MadeAgain {
    /// What these journals tell of what was made again at `endpoint`.
    pub fn told_by(journals: &[PathBuf], endpoint: &str) -> Self {
        let mut made = MadeAgain::default();
        journals.iter().for_each(|path| made.learn_from(path, endpoint));
        made
    }

    /// A journal that is damaged or gone tells less.
    fn learn_from(&mut self, path: &Path, endpoint: &str) {
        let Ok(file) = File::open(path) else { return };
        let lines = BufReader::new(file).lines().map_while(Result::ok);
        let mut records = lines.filter_map(|line| serde_json::from_str::<Record>(&line).ok());
        if records.next().is_some_and(|run| text(&run, "endpoint") == endpoint) {
            self.learn(records);
        }
    }

    /// Learns from the lines of a journal: a row says under which id a thing was to be made, its change under
    /// which it was.
    fn learn(&mut self, lines: impl Iterator<Item = Record>) {
        let mut wanted: HashMap<String, String> = HashMap::new();
        for line in lines {
            let number = || line.get("row").map(Value::to_string).unwrap_or_default();
            if let ("row", Some(input)) = (text(&line, "type"), line.record("input")) {
                let old = id_of_what_is_made(&input);
                wanted.extend(old.map(|(old, _)| (number(), old)));
            } else if let Some((_, id)) = id_of_what_is_made(&line) {
                let old = wanted.remove(&number()).filter(|old| !old.contains(PLANNED));
                self.0.extend(old.map(|old| (old, id)));
            }
        }
    }

    /// The change of `record`, about the things that there are now.
    pub fn told_of_now(&self, record: Record) -> Record {
        let Ok(mut change) = Change::of_record(&record) else { return record };
        if self.0.is_empty() {
            return record;
        }
        change.effect.id = self.now(change.effect.id, str::to_owned);
        let thing = &change.effect.id;
        for side in [&mut change.effect.before, &mut change.effect.after].into_iter().flatten() {
            let before = side.clone();
            for (name, value) in before.iter().filter(|(name, _)| name.ends_with("_id")) {
                let Value::String(id) = value else { continue };
                let now = match name {
                    CURRENT => self.now(id.clone(), |build| of_group(thing, build)),
                    _ => self.now(id.clone(), str::to_owned),
                };
                side.insert_text(name, &now);
            }
        }
        change.to_record()
    }

    /// What has an id now; it may have been made again more than once, but no more often than there are entries.
    fn now(&self, id: String, key: impl Fn(&str) -> String) -> String {
        let mut now = id;
        for _ in 0..self.0.len() {
            match self.0.get(&key(&now)) {
                Some(later) if *later != now => now.clone_from(later),
                _ => break,
            }
        }
        now
    }
}

/// The key and the id of what a change makes: a thing, or the build that a group gets.
fn id_of_what_is_made(change: &Record) -> Option<(String, String)> {
    if text(change, "type") != CHANGE {
        return None;
    }
    let id = text(change, "id").to_owned();
    if change.get("before").is_none_or(Value::is_null) {
        return Some((id.clone(), id));
    }
    let build = change.get("after")?.get(CURRENT)?.as_str()?;
    Some((of_group(&id, build), build.to_owned()))
}

/// The same build may be deployed to several groups, and is another one in each.
fn of_group(group: &str, build: &str) -> String {
    format!("{group}/{build}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn record(value: &Value) -> Record {
        value.as_object().cloned().expect("an object").into()
    }

    #[test]
    fn a_build_that_was_deployed_again_is_known_in_its_group() {
        let change = |group: &str, from: &str, to: &str| {
            json!({"type": "change", "kind": "dut_devicegroup", "id": group,
                "before": {"current_deployment_id": from}, "after": {"current_deployment_id": to}})
        };
        let row = json!({"type": "row", "row": 1, "input": change("g", "2", "1")});
        let mut line = record(&change("g", "2", "3"));
        line.insert("row", 1.into());
        let mut made = MadeAgain::default();
        made.learn([record(&row), line].into_iter());
        let told = |group: &str| made.told_of_now(record(&change(group, "0", "1")));
        assert_eq!(told("g"), record(&change("g", "0", "3")));
        assert_eq!(told("h"), record(&change("h", "0", "1")));
    }

    #[test]
    fn a_change_is_told_of_the_things_that_there_are_now() {
        let change = |id: &str| {
            json!({"type": "change", "kind": "product", "id": id, "before": null,
                "after": {"name": "P"}})
        };
        let line = |row: u64, id: &str| {
            let mut line = record(&change(id));
            line.insert("row", row.into());
            line
        };
        let row =
            |row: u64, id: &str| record(&json!({"type": "row", "row": row, "input": change(id)}));
        let mut made = MadeAgain::default();
        made.learn(
            [row(1, "a"), row(2, "new:{P}"), row(3, "c"), line(1, "b"), line(2, "x")].into_iter(),
        );
        made.learn([row(1, "b"), line(1, "d")].into_iter());
        let device = |group: &str| {
            json!({"type": "change", "kind": "device", "id": "c", "before": {"devicegroup_id": group},
                "after": {"devicegroup_id": null, "current_deployment_id": "a", "name": "a"}})
        };
        assert_eq!(made.told_of_now(record(&device("a"))), record(&device("d")));
        assert_eq!(made.told_of_now(record(&change("a"))), record(&change("d")));
        for other in [change("c"), change("new:{P}"), json!({"type": "run"})] {
            assert_eq!(made.told_of_now(record(&other)), record(&other));
        }
    }
}
