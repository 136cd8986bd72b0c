//! As much of the Squirrel language as the service needs: whether a source can be compiled, what is
//! old-fashioned in it, and what a program without input would log.
//!
//! This is no Squirrel machine. Sources are cut into tokens exactly; beyond that only brackets are
//! checked, and only statements that are plain to see are run (see `program`).

pub mod check;
mod expression;
pub mod program;
pub mod tokens;

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
