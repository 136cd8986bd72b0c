//! A line of the file, and what it becomes.

use std::path::PathBuf;

use anyhow::bail;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::{Exchange, Fault, Guards, Place, Run, Signed};

/// A line as it is written; which members it has depends on its type.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Line {
    #[serde(rename = "type")]
    pub kind: String,
    pub(super) run: String,
    pub(super) began: String,
    pub command: Vec<String>,
    pub version: String,
    pub variables: Map<String, Value>,
    pub pseudonyms: bool,
    pub(super) exit: Option<u8>,
    pub(super) at: u64,
    pub(super) took: u64,
    pub(super) method: String,
    pub(super) target: String,
    pub(super) token: Option<String>,
    #[serde(deserialize_with = "present")]
    pub(super) body: Option<Value>,
    pub status: Option<u16>,
    pub headers: Map<String, Value>,
    #[serde(deserialize_with = "present")]
    pub answer: Option<Box<RawValue>>,
    pub answer_text: Option<String>,
    pub(super) fault: Option<String>,
    pub received: Option<u64>,
    pub(super) stream: Option<u64>,
    pub event: Option<String>,
    pub end: Option<String>,
    pub(super) row: Option<Box<RawValue>>,
    #[serde(deserialize_with = "present")]
    pub(super) credential: Option<Value>,
    pub(super) place: Option<PathBuf>,
    pub(super) path: String,
    pub(super) content: Option<String>,
    pub(super) from_file: bool,
    pub(super) read_only: bool,
    pub(super) max_changes: Option<String>,
    pub(super) protect: Vec<String>,
    pub(super) token_ends_in: Option<u64>,
    pub(super) token_age: Option<u64>,
    pub(super) account: Option<Map<String, Value>>,
}

/// A member that is there: `null` is a body too.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

pub(super) fn signed(line: Line) -> Signed {
    Signed {
        is_nothing: line.credential == Some(Value::Null),
        from_file: line.from_file,
        token: line.token,
        token_ends_in: line.token_ends_in,
        token_age: line.token_age,
        account: line.account,
        guards: Guards {
            read_only: line.read_only,
            max_changes: line.max_changes,
            protect: line.protect,
        },
    }
}

pub(super) fn run_of(line: Line) -> Run {
    let began = humantime::parse_rfc3339(&line.began).unwrap_or(std::time::UNIX_EPOCH);
    let since = began.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Run {
        at: u64::try_from(since.as_millis()).unwrap_or_default(),
        began: line.began,
        command: line.command,
        version: line.version,
        variables: line.variables,
        pseudonyms: line.pseudonyms,
        rows: Vec::new(),
        exit: line.exit,
        files: Vec::new(),
        sign_ins: Vec::new(),
    }
}

pub(super) fn exchange_of(
    line: Line,
    number: u64,
    run: usize,
    place: Place,
) -> anyhow::Result<Exchange> {
    let fault = match line.fault.as_deref() {
        None => None,
        Some("not_sent") => Some(Fault::NotSent),
        Some("untrusted") => Some(Fault::Untrusted),
        Some("timeout") => Some(Fault::Timeout),
        Some("cut") => Some(Fault::Cut),
        Some("lost") => Some(Fault::Lost),
        Some(other) => {
            bail!("line {number}: no fault `{other}` is known; is imp-sim older than the file?")
        }
    };
    Ok(Exchange {
        line: number,
        place,
        run,
        at: line.at,
        clock: 0,
        took: line.took,
        method: line.method,
        target: line.target,
        token: line.token,
        body: line.body,
        status: line.status,
        fault,
        is_stream: line.stream.is_some(),
        events: Vec::new(),
    })
}
