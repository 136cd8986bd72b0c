//! Environment variables of a group: `--env-variable`, as JSON, `@FILE` or `KEY=VALUE`.

use pipe::{Failure, Row};
use serde_json::{Map, Value};

/// Reads the values of `--env-variable`; `None` when there are none. All of them together replace
/// what the group has: the service takes the whole object (imp-service(7), section 7.4).
pub fn from_options(texts: &[String]) -> Result<Option<Value>, cli::CommandError> {
    let mut variables = Map::new();
    for text in texts {
        variables.extend(parse(text).map_err(cli::CommandError::usage)?);
    }
    Ok((!texts.is_empty()).then_some(Value::Object(variables)))
}

/// The variables that a row gives for itself in one of `columns`, as an object or as JSON text from CSV.
pub fn of_row(row: &Row, columns: &[&str]) -> Result<Option<Value>, Failure> {
    match row.option(columns) {
        None => Ok(None),
        Some(Value::Object(object)) => Ok(Some(Value::Object(object.clone()))),
        Some(Value::String(text)) => {
            let parsed =
                parse(text).map_err(|why| Failure::new(model::ErrorKind::BadInput, why))?;
            Ok(Some(Value::Object(parsed)))
        }
        Some(_) => Err(Failure::new(
            model::ErrorKind::BadInput,
            format!("The column `{}` should hold an object", columns.join("` or `")),
        )),
    }
}

fn parse(text: &str) -> Result<Map<String, Value>, String> {
    let json = match text.strip_prefix('@') {
        Some(path) => {
            std::fs::read_to_string(path).map_err(|error| format!("cannot read {path}: {error}"))?
        }
        None => text.to_owned(),
    };
    if json.trim_start().starts_with('{') {
        return serde_json::from_str(&json)
            .map_err(|error| format!("--env-variable is not a JSON object: {error}"));
    }
    match text.split_once('=') {
        Some((key, value)) => Ok(Map::from_iter([(key.to_owned(), value.into())])),
        None => Err(format!("--env-variable `{text}`: write KEY=VALUE, a JSON object, or @FILE")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn all_forms() {
        let texts = [r#"{"a":1}"#.to_owned(), "b=x=y".to_owned()];
        assert_eq!(from_options(&texts).expect("good"), Some(json!({"a":1,"b":"x=y"})));
        assert_eq!(from_options(&[]).expect("good"), None);
        for bad in ["{", "novalue", "@/nowhere/at/all"] {
            assert!(from_options(&[bad.to_owned()]).is_err(), "{bad}");
        }
    }
}
