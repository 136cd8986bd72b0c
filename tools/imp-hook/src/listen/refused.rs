//! `--refused`: a refused call is an event lost, so its head and its body are kept for whoever looks why.
//!
//! Careful about three things. The secret of the path is not for files that are passed around: what looks like
//! a part of it is hidden, so that one that was mistyped or cut does not give it away either. The file does not
//! grow for ever: when it is full it takes the place of the one before, so that there are never more than two.
//! And a disk that is full or slow holds up the refused call only.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use api::send::clock;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cli::CommandError;
use cli::terminal::stderr;
use hyper::StatusCode;
use model::schema::Kind::{Integer, Text, Time, Truth, Words};
use model::schema::{Field, RecordType};
use model::{Record, Secret};

use super::seen::Call;

/// The file becomes the one before when it would be longer than this, in bytes.
const MAX_LENGTH: u64 = 32 << 20;
/// As many characters of the secret in a row are hidden.
const TELLING: usize = 8;
/// What stands in their place.
const HIDDEN: &[u8] = b"SECRET";

/// The file of refused calls.
pub struct RefusedCalls {
    path: PathBuf,
    secret: Secret,
    file: Mutex<Target>,
}

struct Target {
    file: File,
    length: u64,
    max_length: u64,
    /// A pipe or a terminal is not renamed.
    is_regular: bool,
    error_reported: bool,
}

impl RefusedCalls {
    /// Opens or creates the file; what is in it stays. `others` are files of the listener's own.
    ///
    /// # Errors
    /// Exit 2 when it cannot be written to, or is one of `others`.
    pub fn open(path: &Path, secret: Secret, others: &[&Path]) -> Result<Self, CommandError> {
        let cannot = |error: &dyn std::fmt::Display| {
            let path = path.display();
            CommandError::usage(format!("cannot keep refused calls in {path}: {error}"))
        };
        let file = Target::open(path).map_err(|error| cannot(&error))?;
        let ours = file.file.metadata().map_err(|error| cannot(&error))?;
        let is_ours = |other: &&&Path| {
            fs::metadata(other)
                .is_ok_and(|other| (other.dev(), other.ino()) == (ours.dev(), ours.ino()))
        };
        if let Some(other) = others.iter().find(is_ours) {
            return Err(cannot(&format!("it is {}, which has another use", other.display())));
        }
        Ok(RefusedCalls { path: path.to_owned(), secret, file: Mutex::new(file) })
    }

    /// Keeps a call.
    pub fn keep(&self, status: StatusCode, call: &Call) {
        let received_at = humantime::format_rfc3339_millis(clock::now()).to_string();
        let record = record(received_at, status, call, self.secret.expose());
        let mut target = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let written = target.append(format!("{record}\n").as_bytes(), &self.path);
        if let Err(error) = written
            && !target.error_reported
        {
            target.error_reported = true;
            let path = self.path.display();
            stderr::say(&format!("refused calls cannot be kept in {path}: {error}"));
        }
    }
}

impl Target {
    fn open(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        // Readable too: see how it ends.
        let mut file = options.read(true).append(true).create(true).mode(0o600).open(path)?;
        let metadata = file.metadata()?;
        let mut length = metadata.len();
        if metadata.is_file() && length > 0 {
            let mut last = [0];
            file.seek(SeekFrom::End(-1))?;
            file.read_exact(&mut last)?;
            // A listener that was killed may have left a part of a line.
            if last != *b"\n" {
                file.write_all(b"\n")?;
                length += 1;
            }
        }
        let is_regular = metadata.is_file();
        Ok(Target { file, length, max_length: MAX_LENGTH, is_regular, error_reported: false })
    }

    fn append(&mut self, line: &[u8], path: &Path) -> io::Result<()> {
        let length = line.len() as u64;
        if self.is_regular && self.length > 0 && self.length + length > self.max_length {
            let mut before = path.as_os_str().to_owned();
            before.push(".1");
            fs::rename(path, before)?;
            *self = Target { max_length: self.max_length, ..Target::open(path)? };
        }
        if let Err(error) = self.file.write_all(line) {
            // The next line does not follow half a line.
            let _as_it_is = self.file.set_len(self.length);
            return Err(error);
        }
        self.length += length;
        Ok(())
    }
}

/// What the line of a call holds.
pub static REFUSED_CALL: RecordType = RecordType {
    name: "refused_call",
    about: "A call that was refused, as --refused keeps it.",
    fields: &[
        Field::new("type", Words(&["refused_call"]), "What the record is.").required(),
        Field::new("received_at", Time, "When it was received.").required(),
        Field::new("status", Integer, "How it was answered.").required(),
        Field::new("reason", Text, "The same in words.").required(),
        Field::new("head", Text, "The head of the call, the secret hidden."),
        Field::new("head_base64", Text, "The same where it is no text."),
        Field::new("body", Text, "The body of the call."),
        Field::new("body_base64", Text, "The same where it is no text."),
        Field::new("body_is_cut", Truth, "True if the body had more."),
    ],
};

/// The line of a call.
fn record(received_at: String, status: StatusCode, call: &Call, secret: &str) -> Record {
    let mut record = Record::new();
    record.insert("type", "refused_call".into());
    record.insert("received_at", received_at.into());
    record.insert("status", status.as_u16().into());
    record.insert("reason", status.canonical_reason().unwrap_or_default().into());
    for (name, bytes) in [("head", &call.head), ("body", &call.body)] {
        match String::from_utf8(without(secret, bytes)) {
            Ok(text) => record.insert(name, text.into()),
            Err(error) => {
                let text = STANDARD.encode(error.as_bytes());
                record.insert(&format!("{name}_base64"), text.into());
            }
        };
    }
    if call.is_cut {
        record.insert("body_is_cut", true.into());
    }
    record
}

/// `bytes` with something else in the place of each part of the secret that is long enough to tell it.
fn without(secret: &str, bytes: &[u8]) -> Vec<u8> {
    let secret = secret.to_ascii_lowercase().into_bytes();
    let mut hidden = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((begin, _)) = rest.split_first_chunk::<TELLING>() {
        let begin = begin.map(|byte| byte.to_ascii_lowercase());
        let parts = (0..=secret.len() - TELLING).map(|start| &secret[start..]);
        let same = parts.filter(|part| part.starts_with(&begin)).map(|part| common(rest, part));
        let shown = same.max();
        hidden.extend_from_slice(if shown.is_some() { HIDDEN } else { &rest[..1] });
        rest = &rest[shown.unwrap_or(1)..];
    }
    hidden.extend_from_slice(rest);
    hidden
}

/// How many bytes both begin with, whatever their case.
fn common(one: &[u8], other: &[u8]) -> usize {
    one.iter().zip(other).take_while(|(one, other)| one.eq_ignore_ascii_case(other)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "0123456789abcdefghij";

    fn call(head: &str, body: &[u8]) -> Call {
        Call { head: head.into(), body: body.into(), is_cut: false }
    }

    #[test]
    fn no_part_of_the_secret_is_kept() {
        let hide = |text: &str| String::from_utf8(without(KEY, text.as_bytes())).unwrap();
        assert_eq!(hide(&format!("POST /{KEY}/a HTTP/1.1")), "POST /SECRET/a HTTP/1.1");
        assert_eq!(hide("/0123456789abcdefghi"), "/SECRET", "cut");
        assert_eq!(hide("/0123456789-abcdefghij/"), "/SECRET-SECRET/", "mistyped");
        assert_eq!(hide("/0123456789ABCDEFGHIJ/"), "/SECRET/");
        assert_eq!(hide("45678"), "45678", "too short to tell it");
        assert_eq!(hide("é"), "é");
    }

    #[test]
    fn what_is_no_text_is_kept_too() {
        let of = |call: &Call| record("now".into(), StatusCode::BAD_REQUEST, call, KEY).to_string();
        let begin =
            r#"{"type":"refused_call","received_at":"now","status":400,"reason":"Bad Request""#;
        let text = of(&call("POST /x HTTP/1.1\r\n", b"{"));
        assert_eq!(text, format!(r#"{begin},"head":"POST /x HTTP/1.1\r\n","body":"{{"}}"#));
        let cut = Call { is_cut: true, ..call("", &[0xff, 0x8b]) };
        assert_eq!(
            of(&cut),
            format!(r#"{begin},"head":"","body_base64":"/4s=","body_is_cut":true}}"#)
        );
    }

    #[test]
    fn there_are_never_more_than_two_files() {
        let directory = tempfile::tempdir().unwrap();
        let [path, before] = ["refused", "refused.1"].map(|name| directory.path().join(name));
        fs::write(&path, "half a li").unwrap();
        let refused = RefusedCalls::open(&path, Secret::new(KEY), &[]).unwrap();
        refused.file.lock().unwrap().max_length = 10_000;
        let large = call("", &[b'x'; 2_000]);
        for number in 0..12 {
            let number = StatusCode::from_u16(400 + number).unwrap();
            refused.keep(number, &large);
        }
        let statuses = |path: &Path| -> Vec<u64> {
            let text = fs::read_to_string(path).unwrap();
            assert!(text.len() <= 10_000);
            let lines = text.lines().filter(|line| !line.starts_with("half"));
            let lines = lines.map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
            lines.map(|line| line["status"].as_u64().unwrap()).collect()
        };
        assert_eq!(statuses(&before), [404, 405, 406, 407]);
        assert_eq!(statuses(&path), [408, 409, 410, 411]);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_file_of_the_listener_is_not_written_to() {
        let directory = tempfile::tempdir().unwrap();
        let journal = directory.path().join("journal");
        fs::write(&journal, "").unwrap();
        assert!(RefusedCalls::open(&journal, Secret::new(KEY), &[&journal]).is_err());
        assert!(RefusedCalls::open(directory.path(), Secret::new(KEY), &[]).is_err());
    }
}
