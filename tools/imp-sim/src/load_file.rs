//! Reading the files of `--load`.

use std::path::Path;

use anyhow::Context;
use serde_json::Value;

use crate::state::load::Record;

/// The records of a file, one a line; empty lines are skipped.
pub fn read(path: &Path) -> anyhow::Result<Vec<Record>> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {shown}"))?;
    let mut records = Vec::new();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let source = format!("{shown}:{}", at + 1);
        let value = serde_json::from_str(line).with_context(|| format!("{source}: not JSON"))?;
        let Value::Object(fields) = value else { anyhow::bail!("{source}: not a record") };
        records.push(Record { source, fields });
    }
    Ok(records)
}
