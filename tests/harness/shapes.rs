//! The contract's two fixed shapes, read with types of our own. An unknown or missing field is an
//! error, so the contract is checked by something else than the code that writes it.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::schemas;

/// A line of the file of `--failed`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failed {
    /// Why.
    pub error: FailedError,
    /// The row as it was read.
    pub input: Map<String, Value>,
    /// Where it came from, as `devices.csv:17`.
    pub source: String,
}

/// The `error` of a failed row.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "as in imp-records(7)")]
pub struct FailedError {
    #[serde(deserialize_with = "present")]
    pub status: Option<u16>,
    #[serde(deserialize_with = "present")]
    pub code: Option<String>,
    pub title: String,
    #[serde(deserialize_with = "present")]
    pub detail: Option<String>,
    pub kind: String,
    pub attempts: u32,
    #[serde(default)]
    pub meta: Vec<Value>,
}

/// Source and kind of each failed row.
pub fn told(failed: &[Failed]) -> Vec<(&str, &str)> {
    failed.iter().map(|row| (row.source.as_str(), row.error.kind.as_str())).collect()
}

/// How many rows failed of each kind.
pub fn kinds(failed: &[Failed]) -> BTreeMap<&str, usize> {
    let mut kinds = BTreeMap::new();
    for row in failed {
        *kinds.entry(row.error.kind.as_str()).or_default() += 1;
    }
    kinds
}

/// The file of `--report`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "as in imp-records(7)")]
pub struct Report {
    pub rows: u64,
    pub ok: u64,
    pub unchanged: u64,
    pub failed: u64,
    pub not_attempted: u64,
    /// Of `imp-device wait`.
    pub met: Option<u64>,
    /// Of `imp-device diff`, and the next one.
    pub present: Option<u64>,
    pub not_present: Option<u64>,
    pub requests: u64,
    pub exit: u8,
}

impl Report {
    /// Reads the file, and checks that no row was lost.
    pub(crate) fn read(path: &Path) -> Report {
        let text = std::fs::read_to_string(path).expect("the report is there");
        schemas::check(serde_json::from_str::<Value>(&text).iter());
        let report: Report = serde_json::from_str(&text)
            .unwrap_or_else(|error| panic!("{error} in the report: {text}"));
        let sum = report.ok + report.unchanged + report.failed;
        assert_eq!(report.rows, sum, "rows in = ok + unchanged + failed: {report:?}");
        assert!(report.not_attempted <= report.failed, "{report:?}");
        report
    }
}

/// Reads a file of failed rows: one JSON object a line, every line ended.
pub(crate) fn failed(path: &Path) -> Vec<Failed> {
    let text = std::fs::read_to_string(path).expect("the file of failed rows is there");
    assert!(text.is_empty() || text.ends_with('\n'), "the last line is cut: {text}");
    let read = |line: &str| {
        let value = serde_json::from_str::<Value>(line);
        schemas::check(&value);
        value.and_then(serde_json::from_value).unwrap_or_else(|error| panic!("{error} in: {line}"))
    };
    text.lines().map(read).collect()
}

/// A field that may be null but must be there.
fn present<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: DeserializeOwned,
{
    Option::deserialize(deserializer)
}
