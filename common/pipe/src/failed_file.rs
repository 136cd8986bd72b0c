//! The file of `--failed`: one line per failed row, valid as input.
//!
//! Every line is flushed at once, so that a run that is killed leaves the rows that failed so far. Careful
//! about what is in the file already: a command before this one in the pipeline may be reading it. So a file
//! that has something in it stays as it is until the run ends; the rows wait in a file beside it.

use std::collections::HashSet;
use std::collections::hash_map::DefaultHasher;
use std::fs::{self, File, Metadata, OpenOptions};
use std::hash::{Hash, Hasher};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use model::Record;
use model::schema::Kind::{AnyObject, Object, Text};
use model::schema::{Field, RecordType};
use serde::Serialize;
use serde_json::Value;
use tempfile::NamedTempFile;

use crate::Failure;
use crate::failure::FAILURE;

/// Writes failed rows.
pub struct FailedFile {
    out: Place,
}

enum Place {
    /// Nothing was in it, or it is no file: a pipe, a terminal.
    Itself(Box<dyn Write + Send>),
    /// The file that is to be replaced, and the rows that will; none is made before there is a row.
    Beside { path: PathBuf, old: File, new: Option<NamedTempFile> },
}

/// A line of the file.
pub static FAILED_ROW: RecordType = RecordType {
    name: "failed_row",
    about: "A row that failed, as --failed writes it. It is valid input.",
    fields: &[
        Field::new("error", Object(FAILURE), "Why.").required(),
        Field::new("input", AnyObject, "The row as it was read.").required(),
        Field::new("source", Text, "The place that it came from: `devices.csv:17`.").required(),
    ],
};

#[derive(Serialize)]
struct Line<'a> {
    error: &'a Failure,
    input: &'a Record,
    source: &'a str,
}

impl FailedFile {
    /// Opens the file, or creates it. What is in it stays until [`FailedFile::finish`].
    ///
    /// # Errors
    /// Those of opening the file for writing.
    pub fn create(path: &Path) -> io::Result<FailedFile> {
        // Descriptors of this process stand there, and what they lead to is never replaced. In /dev/shm are files.
        let is_device = path.starts_with("/dev") && !path.starts_with("/dev/shm");
        if is_device || path.starts_with("/proc") {
            let file = OpenOptions::new().append(true).open(path)?;
            return Ok(FailedFile { out: Place::Itself(Box::new(file)) });
        }
        let old = open_as_it_is(path)?;
        let metadata = old.metadata()?;
        if !metadata.is_file() || metadata.len() == 0 {
            return Ok(FailedFile { out: Place::Itself(Box::new(old)) });
        }
        // A symbolic link stays one.
        let path = fs::canonicalize(path)?;
        Ok(FailedFile { out: Place::Beside { path, old, new: None } })
    }

    /// Writes one failed row as one line, and flushes it.
    ///
    /// # Errors
    /// Those of writing; the row is then not in the file.
    pub fn write(&mut self, failure: &Failure, input: &Record, source: &str) -> io::Result<()> {
        let mut line = serde_json::to_vec(&Line { error: failure, input, source })?;
        line.push(b'\n');
        let out: &mut dyn Write = match &mut self.out {
            Place::Itself(out) => out,
            Place::Beside { new: Some(new), .. } => new,
            Place::Beside { path, old, new } => new.insert(beside(path, old)?),
        };
        out.write_all(&line)?;
        out.flush()
    }

    /// Nobody needs what was in the file any more, since all input has been read: rows that fail from now on go into it
    /// at once. Not where some have failed already.
    ///
    /// # Errors
    /// Those of emptying it; it is left as it is then.
    pub fn forget_old(&mut self) -> io::Result<()> {
        if let Place::Beside { old, new: None, .. } = &self.out {
            old.set_len(0)?;
            self.out = Place::Itself(Box::new(old.try_clone()?));
        }
        Ok(())
    }

    /// Ends the file: the rows take the place of what was in it before. With `and_old` they stand before
    /// that: the input may have come from there and was not read to its end.
    ///
    /// # Errors
    /// Those of writing; the rows then stay in a file that the error names.
    pub fn finish(self, and_old: bool) -> io::Result<()> {
        let Place::Beside { path, old, new } = self.out else { return Ok(()) };
        match new {
            Some(mut new) => {
                if and_old {
                    append_others(&mut new, &path)?;
                }
                put_in_place(new, &path, &old)
            }
            None if and_old => Ok(()),
            None => old.set_len(0),
        }
    }

    /// Whether something from before the run is still in it.
    pub fn has_old_rows(&self) -> bool {
        matches!(self.out, Place::Beside { .. })
    }
}

/// Opens a file for writing, creates it if it is not there, and leaves what is in it.
///
/// # Errors
/// Those of opening.
pub fn open_as_it_is(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(false).open(path)
}

/// A file for the rows, kept whatever becomes of the run: `failed.ndjson.Xy12ab`.
fn beside(path: &Path, old: &File) -> io::Result<NamedTempFile> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".");
    let directory = path.parent().unwrap_or_else(|| Path::new("/"));
    let mut builder = tempfile::Builder::new();
    builder.prefix(&name).disable_cleanup(true);
    let new = builder.tempfile_in(directory).or_else(|_| builder.tempfile())?;
    new.as_file().set_permissions(old.metadata()?.permissions())?;
    Ok(new)
}

/// Renames it; where it has another owner, or its directory cannot be written to, it is copied.
fn put_in_place(new: NamedTempFile, path: &Path, old: &File) -> io::Result<()> {
    let is_ours = old.metadata()?.uid() == new.as_file().metadata()?.uid();
    let new = if is_ours {
        match new.persist(path) {
            Ok(_in_place) => return Ok(()),
            Err(error) => error.file.path().to_owned(),
        }
    } else {
        new.path().to_owned()
    };
    // Its directory may not be writable; the file itself is.
    let copied = File::open(&new).and_then(|mut from| {
        old.set_len(0)?;
        io::copy(&mut from, &mut &*old)
    });
    copied.map_err(|error| {
        io::Error::other(format!("{error}; the failed records are in {}", new.display()))
    })?;
    fs::remove_file(new)
}

/// Adds the lines of the file at `path` of which no row is in `new`.
fn append_others(new: &mut NamedTempFile, path: &Path) -> io::Result<()> {
    let mut seen = HashSet::new();
    for line in lines(new.path())? {
        seen.insert(key(&line?));
    }
    for line in lines(path)? {
        let line = line?;
        if !seen.contains(&key(&line)) {
            new.write_all(&line)?;
            new.write_all(b"\n")?;
        }
    }
    new.flush()
}

fn lines(path: &Path) -> io::Result<impl Iterator<Item = io::Result<Vec<u8>>>> {
    Ok(BufReader::new(File::open(path)?).split(b'\n'))
}

/// Which row a line is about.
fn key(line: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    match serde_json::from_slice::<Value>(line) {
        Ok(Value::Object(line)) if line.contains_key("input") => {
            line["input"].to_string().hash(&mut hasher);
        }
        _ => line.hash(&mut hasher),
    }
    hasher.finish()
}

/// Whether both are the same regular file, under whatever names.
pub fn same_file(one: &Metadata, other: &Metadata) -> bool {
    one.is_file() && other.is_file() && (one.dev(), one.ino()) == (other.dev(), other.ino())
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::ErrorKind;
    use serde_json::json;

    #[test]
    fn a_line_has_the_stated_fields_in_the_stated_order() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("failed.ndjson");
        let mut file = FailedFile::create(&path).unwrap();
        let input: Record = serde_json::from_value(json!({"mac_address": "x\ny"})).unwrap();
        let mut failure = Failure::new(ErrorKind::NotFound, "Not Found");
        failure.status = Some(404);
        failure.attempts = 1;
        file.write(&failure, &input, "devices.csv:17").unwrap();
        // Read while the file is still open: the line must be there already.
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(
            text,
            concat!(
                r#"{"error":{"status":404,"code":null,"title":"Not Found","detail":null,"#,
                r#""kind":"not_found","attempts":1},"input":{"mac_address":"x\ny"},"#,
                r#""source":"devices.csv:17"}"#,
                "\n"
            )
        );
        let line: Value = serde_json::from_str(&text).unwrap();
        let described = |fields: &[Field]| fields.iter().map(|it| it.name).collect::<Vec<_>>();
        let written =
            |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(written(&line), described(FAILED_ROW.fields));
        let (last, all_but_last) = FAILURE.split_last().unwrap();
        assert_eq!(written(&line["error"]), described(all_but_last));
        assert_eq!(last.name, "meta", "there is none here");
    }

    #[test]
    fn what_is_in_memory_is_a_file_too() {
        let Ok(folder) = tempfile::tempdir_in("/dev/shm") else { return };
        let path = folder.path().join("failed.ndjson");
        let mut file = FailedFile::create(&path).unwrap();
        file.write(&Failure::new(ErrorKind::NotFound, "A"), &row("a"), "in:1").unwrap();
        file.finish(false).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 1);
    }

    fn row(name: &str) -> Record {
        serde_json::from_value(json!({ "id": name })).unwrap()
    }

    /// Fails the rows into the file, and gives the ids that are in it afterwards.
    fn ids_after(path: &Path, failed: &[&str], and_old: bool) -> Vec<String> {
        let before = std::fs::read_to_string(path).unwrap();
        let mut file = FailedFile::create(path).unwrap();
        for id in failed {
            file.write(&Failure::new(ErrorKind::NotFound, "No"), &row(id), "stdin:1").unwrap();
            assert_eq!(std::fs::read_to_string(path).unwrap(), before, "it is still being read");
        }
        file.finish(and_old).unwrap();
        let text = std::fs::read_to_string(path).unwrap();
        let ids = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        ids.map(|line| line["input"]["id"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn what_is_in_the_file_stays_until_the_end_of_the_run() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("failed");
        std::fs::write(&path, "").unwrap();
        let mut file = FailedFile::create(&path).unwrap();
        for id in ["a", "b"] {
            file.write(&Failure::new(ErrorKind::NotFound, "No"), &row(id), "stdin:1").unwrap();
        }
        file.finish(false).unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("failed", &link).unwrap();
        assert_eq!(ids_after(&link, &["b", "c"], true), ["b", "c", "a"]);
        assert_eq!(ids_after(&link, &["d"], false), ["d"]);
        assert_eq!(ids_after(&path, &[], true), ["d"]);
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        assert!(ids_after(&path, &[], false).is_empty());
        let names = std::fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(names, 2, "nothing is left beside it");
    }

    #[test]
    fn once_all_input_is_read_the_file_is_that_of_this_run_whatever_ends_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("failed");
        std::fs::write(&path, "{\"id\":\"of an earlier run\"}\n").unwrap();
        let mut file = FailedFile::create(&path).unwrap();
        file.forget_old().unwrap();
        file.write(&Failure::new(ErrorKind::NotFound, "No"), &row("b"), "stdin:1").unwrap();
        drop(file);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.lines().count() == 1 && text.contains(r#""input":{"id":"b"}"#), "{text}");
    }

    #[test]
    fn a_run_that_is_killed_leaves_the_old_rows_and_the_new_ones_beside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("failed");
        std::fs::write(&path, "{\"id\":\"a\"}\n").unwrap();
        let mut file = FailedFile::create(&path).unwrap();
        file.write(&Failure::new(ErrorKind::NotFound, "No"), &row("b"), "stdin:1").unwrap();
        drop(file);
        let texts = std::fs::read_dir(folder.path()).unwrap();
        let texts = texts.map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap());
        let mut texts: Vec<String> = texts.collect();
        texts.sort_unstable();
        assert!(texts[0].contains(r#""input":{"id":"b"}"#), "{texts:?}");
        assert_eq!(texts[1], "{\"id\":\"a\"}\n");
    }

    #[test]
    fn a_file_is_known_by_any_of_its_names() {
        let folder = tempfile::tempdir().unwrap();
        let [one, link, other] = ["one", "link", "other"].map(|name| folder.path().join(name));
        std::fs::write(&one, "").unwrap();
        std::fs::write(&other, "").unwrap();
        std::fs::hard_link(&one, &link).unwrap();
        let of = |path: &Path| std::fs::metadata(path).unwrap();
        assert!(same_file(&of(&one), &of(&link)));
        assert!(!same_file(&of(&one), &of(&other)));
        let null = of(Path::new("/dev/null"));
        assert!(!same_file(&null, &null), "a device can be both");
    }
}
