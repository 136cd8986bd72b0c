//! `.impt.project`: what `impt` keeps in the directory of a project, for options that are missing.
//!
//! Careful about what nobody asked for: it only takes the place of an error, what comes from it is said on
//! stderr, and the two programs come from it together or not at all. Nothing is deleted, moved away or
//! emptied because such a file lies in a directory.

use std::fs;
use std::io;

use serde_json::Value;

use crate::command_error::CommandError;
use crate::terminal::{environment, stderr};

const NAME: &str = ".impt.project";

/// The fields that `impt` writes; others do not matter here.
#[derive(Debug, Default, PartialEq, Eq)]
struct ProjectFile {
    device_group_id: Option<String>,
    device_file: Option<String>,
    agent_file: Option<String>,
}

/// The device group of the project in this directory, if there is one; says so.
///
/// # Errors
/// Exit 2 for a file that cannot be read or is broken.
pub fn device_group() -> Result<Option<String>, CommandError> {
    let group = read()?.and_then(|project| project.device_group_id);
    if let Some(group) = &group {
        stderr::say(&format!("{NAME} names the device group {group}, since --dg is missing"));
    }
    Ok(group)
}

/// The files with the device's and the agent's code of the project in this directory; says so.
///
/// # Errors
/// Exit 2 for a file that cannot be read or is broken, and for one that names one of the two: with whose
/// code the other would be mixed nobody can see.
pub fn code_files() -> Result<Option<(String, String)>, CommandError> {
    let Some(project) = read()? else { return Ok(None) };
    match (project.device_file, project.agent_file) {
        (Some(device), Some(agent)) => {
            stderr::say(&format!(
                "{NAME} names the code, {device} and {agent}, since --device-file and --agent-file are missing"
            ));
            Ok(Some((device, agent)))
        }
        (None, None) => Ok(None),
        _ => Err(CommandError::usage(format!(
            "{NAME} names the code of the device or of the agent, but not both: name the files with \
             --device-file and --agent-file"
        ))),
    }
}

/// For somebody who names one of the two programs, and may expect the other from the project: the other is
/// empty.
pub fn say_code_is_not_used() {
    if let Ok(Some(ProjectFile { device_file: Some(_), agent_file: Some(_), .. })) = read() {
        stderr::say(&format!(
            "one program is given, so the other is empty: those of {NAME} are taken together or not at all"
        ));
    }
}

fn read() -> Result<Option<ProjectFile>, CommandError> {
    let broken = |why: &str| CommandError::usage(format!("cannot use {NAME}: {why}"));
    match fs::read(environment::current_dir().join(NAME)) {
        Ok(bytes) => parse(&bytes).map(Some).map_err(|error| broken(&error)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(broken(&error.to_string())),
    }
}

/// An empty text is as good as none.
fn parse(bytes: &[u8]) -> Result<ProjectFile, String> {
    let whole: Value = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let Value::Object(fields) = whole else { return Err("it is no JSON object".into()) };
    let given = |name: &str| match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone()).filter(|text| !text.is_empty())),
        Some(_) => Err(format!("its `{name}` is no text")),
    };
    Ok(ProjectFile {
        device_group_id: given("deviceGroupId")?,
        device_file: given("deviceFile")?,
        agent_file: given("agentFile")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_may_lack_fields_and_have_others() {
        let project = parse(br#"{"deviceGroupId":"g","deviceFile":"","other":1}"#).unwrap();
        assert_eq!(project.device_group_id.as_deref(), Some("g"));
        assert_eq!((project.device_file, project.agent_file), (None, None));
        assert_eq!(parse(b"{}").unwrap(), ProjectFile::default());
        assert!(parse(b"{\"deviceGroupId\":7}").is_err() && parse(b"").is_err());
    }
}
