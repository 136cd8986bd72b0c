//! Options that a row may give for itself: a column named like an option beats the option.

use model::{ErrorKind, ResourceKind};
use pipe::{Failure, Row};
use serde_json::Value;

/// The row's own value of an option, as text.
///
/// # Errors
/// `bad_input` when the column holds something that is no text.
pub fn text_option(row: &Row, names: &[&str]) -> Result<Option<String>, Failure> {
    match row.option(names) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(Value::Number(number)) => Ok(Some(number.to_string())),
        Some(Value::Bool(truth)) => Ok(Some(truth.to_string())),
        Some(_) => Err(Failure::new(
            ErrorKind::BadInput,
            format!("The column `{}` should hold text", names.join("` or `")),
        )),
    }
}

/// The row's own value of an option that is true or false. CSV gives it as text.
///
/// # Errors
/// `bad_input` when the column holds something else.
pub fn truth_option(row: &Row, name: &str) -> Result<Option<bool>, Failure> {
    match text_option(row, &[name])?.map(|text| text.trim().to_ascii_lowercase()).as_deref() {
        None => Ok(None),
        Some("true") => Ok(Some(true)),
        Some("false") => Ok(Some(false)),
        Some(other) => Err(Failure::new(
            ErrorKind::BadInput,
            format!("The column `{name}` is {}", model::text::quoted(other)),
        )
        .detail("it should be true or false")),
    }
}

/// The name of what a row is to make: its column `name`. A line with nothing but a text is a name too.
///
/// # Errors
/// `bad_input` when there is none, `wrong_type` for a record of another kind: its name is its own.
pub fn new_name(row: &Row, target: ResourceKind) -> Result<String, Failure> {
    let kind = row.kind();
    if !kind.is_empty() && !target.types().contains(&kind) {
        return Err(Failure::new(ErrorKind::WrongType, format!("No {} to copy", target.noun()))
            .detail(format!("the record's type is {}", model::text::quoted(kind))));
    }
    let names: &[&str] = if row.record.len() == 1 { &["name", "id"] } else { &["name"] };
    text_option(row, names)?.ok_or_else(|| missing("--name", "the name"))
}

/// For verbs that create, also from the record of another thing: the row's own column `name`, then the
/// option, and last `attribute` of the thing that is copied, so that the option changes the copy.
///
/// # Errors
/// As [`text_option`].
pub fn option_or_copy(
    row: &Row,
    name: &str,
    option: Option<&String>,
    attribute: &str,
) -> Result<Option<String>, Failure> {
    match text_option(row, &[name])?.or(option.cloned()) {
        Some(text) => Ok(Some(text)),
        None => text_option(row, &[attribute]),
    }
}

/// The failure of a row that lacks something which no option gives either.
pub fn missing(option: &str, what: &str) -> Failure {
    Failure::new(ErrorKind::BadInput, format!("{option} is missing"))
        .detail(format!("neither the row nor the command line gives {what}"))
}
