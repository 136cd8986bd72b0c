//! Colours by meaning. Failed rows are no records: they are coloured on stderr.

use super::names::refers_to_named;

/// How a text is to look, if colours are wanted at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Paint {
    Plain,
    /// Ids and times: there when they are looked for.
    Dim,
    Good,
    Unchanged,
    Bad,
}

impl Paint {
    pub(super) fn on(self, text: &str, is_coloured: bool) -> String {
        let code = match self {
            Paint::Plain => 0,
            Paint::Dim => 2,
            Paint::Good => 32,
            Paint::Unchanged => 33,
            Paint::Bad => 31,
        };
        if text.is_empty() || !is_coloured || self == Paint::Plain {
            return text.to_owned();
        }
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}

/// The look of a cell of a table.
pub(super) fn of_cell(field: &str, text: &str) -> Paint {
    match field {
        "outcome" if text == "unchanged" => Paint::Unchanged,
        "outcome" => Paint::Good,
        "id" => Paint::Dim,
        _ if field.ends_with("_id") && !refers_to_named(field) => Paint::Dim,
        _ => Paint::Plain,
    }
}

/// The look of a log entry, by its kind.
pub(super) fn of_log(kind: &str) -> Paint {
    match kind {
        "server.log" | "agent.log" => Paint::Plain,
        "gap" | "lastexitcode" => Paint::Unchanged,
        _ if kind.ends_with("error") => Paint::Bad,
        _ => Paint::Dim,
    }
}
