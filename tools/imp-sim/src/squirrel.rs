//! As much of the Squirrel language as the service needs: whether a source can be compiled, which
//! of its calls are deprecated, and what a program would log when it starts.
//!
//! This is no Squirrel machine. Sources are cut into tokens exactly; beyond that only brackets are
//! checked, and only the simplest statements are run (see `program`).

pub mod check;
pub mod program;
mod tokens;

use serde_json::{Value, json};

use tokens::Remark;

/// The remarks of a compiler about one file, as the service lists them.
pub fn listed(file: &str, kind: &str, remarks: &[Remark]) -> Vec<Value> {
    let remarks = remarks.iter().map(|remark| {
        let Remark { row, column, text } = remark;
        json!({"file": file, "row": row, "column": column, "text": text, "type": kind})
    });
    remarks.collect()
}
