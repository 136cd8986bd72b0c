//! `--if-changed`: is there nothing to deploy?
//!
//! Nothing is, when the group's current deployment has the very same two programs and the group has not
//! been updated since that deployment was created. Variables take effect only with a new deployment, and
//! the service does not say when they were set, only when the group was last updated; so any update of
//! the group counts. In doubt, it is deployed.

use cli::Session;
use model::{ErrorKind, Record};
use pipe::Failure;

use crate::code::Code;

/// The group's current deployment, if it is what would be deployed.
///
/// # Errors
/// As [`Session::get`].
pub fn up_to_date(session: &Session, group: &str, code: &Code) -> Result<Option<Record>, Failure> {
    // Asked anew: what the row's record says may be old.
    let group = session.get("devicegroups", group)?;
    let current = match cli::text(&group, "current_deployment_id") {
        "" => return Ok(None),
        id => session.get("deployments", id),
    };
    match current {
        Ok(current) => Ok(is_same(&group, &current, code).then_some(current)),
        Err(failure) if failure.kind == ErrorKind::NotFound => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// Whether the current deployment of a group is what would be deployed.
pub fn is_same(group: &Record, current: &Record, code: &Code) -> bool {
    let program = |name: &str| current.get(name).and_then(|code| code.as_str());
    let (updated, created) = (cli::text(group, "updated_at"), cli::text(current, "created_at"));
    program("device_code") == Some(&code.device.text)
        && program("agent_code") == Some(&code.agent.text)
        // Time stamps have one form and sort as text (imp-service(7), section 1.6).
        && is_time(updated)
        && is_time(created)
        && updated <= created
}

fn is_time(text: &str) -> bool {
    text.len() == "2018-07-22T11:27:49.633Z".len() && text.ends_with('Z')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::Source;
    use serde_json::{Value, json};

    fn record(value: &Value) -> Record {
        value.as_object().cloned().unwrap().into()
    }

    #[test]
    fn the_same_code_in_a_group_that_was_left_alone_is_not_deployed_again() {
        let source = |text: &str| Source { text: text.into(), shown: "f".into() };
        let code = Code { device: source("d"), agent: source(""), ..Code::default() };
        let created = "2026-01-02T03:04:05.678Z";
        let same = |updated: &str, device: &str, created: &str| {
            let group = record(&json!({"updated_at": updated}));
            let current = json!({"device_code": device, "agent_code": "", "created_at": created});
            is_same(&group, &record(&current), &code)
        };
        assert!(same("2026-01-02T03:04:05.677Z", "d", created));
        assert!(same(created, "d", created));
        assert!(!same("2026-01-02T03:04:05.679Z", "d", created), "updated since");
        assert!(!same("2026-01-01T00:00:00.000Z", "d ", created), "other code");
        assert!(!same("2026-01-01T00:00:00Z", "d", created), "not comparable");
        assert!(!same("", "d", created));
        assert!(!same("", "d", ""));
    }
}
