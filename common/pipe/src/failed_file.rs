//! The file of `--failed`: one line per failed row, valid as input.
//!
//! Every line is flushed at once, so that a run that is killed leaves the rows that failed so far.
//! The file is truncated at the start, so it must not be an input of the same run: the caller asks
//! [`same_file`] before [`FailedFile::create`].

use model::Record;
use std::fs::{File, Metadata};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use serde::Serialize;

use crate::Failure;

/// Writes failed rows.
pub struct FailedFile {
    out: Box<dyn Write + Send>,
}

#[derive(Serialize)]
struct Line<'a> {
    error: &'a Failure,
    input: &'a Record,
    source: &'a str,
}

impl FailedFile {
    /// Empties the file, or creates it.
    ///
    /// # Errors
    /// Those of opening the file for writing.
    pub fn create(path: &Path) -> io::Result<FailedFile> {
        Ok(FailedFile::new(Box::new(File::create(path)?)))
    }

    /// Writes to something that is already open.
    pub fn new(out: Box<dyn Write + Send>) -> FailedFile {
        FailedFile { out }
    }

    /// Writes one failed row as one line, and flushes it.
    ///
    /// # Errors
    /// Those of writing; the row is then not in the file.
    pub fn write(&mut self, failure: &Failure, input: &Record, source: &str) -> io::Result<()> {
        let mut line = serde_json::to_vec(&Line { error: failure, input, source })?;
        line.push(b'\n');
        self.out.write_all(&line)?;
        self.out.flush()
    }
}

/// Whether both are the same regular file, under whatever names.
pub fn same_file(one: &Metadata, other: &Metadata) -> bool {
    one.is_file() && other.is_file() && (one.dev(), one.ino()) == (other.dev(), other.ino())
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::ErrorKind;
    use serde_json::{Value, json};

    #[test]
    fn a_line_has_the_stated_fields_in_the_stated_order() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("failed.ndjson");
        std::fs::write(&path, "from an earlier run\n").unwrap();
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
        assert!(serde_json::from_str::<Value>(&text).is_ok());
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
