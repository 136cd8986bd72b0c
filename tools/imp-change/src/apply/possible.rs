//! What change records can do at all: a decision about a record, no requests.

use model::{Effect, ErrorKind, Record, ResourceKind};
use pipe::Failure;

/// The kind of the thing of a change that can be carried out.
///
/// # Errors
/// `refused` for what only another command does, `bad_input` for a kind that is not known.
pub fn possible(effect: &Effect) -> Result<ResourceKind, Failure> {
    let known = ResourceKind::of_type(&effect.kind);
    let Some(kind) = known.filter(|kind| *kind != ResourceKind::Account) else {
        let title = format!("The kind `{}` cannot be changed by a change record", effect.kind);
        return Err(Failure::new(ErrorKind::BadInput, title));
    };
    let refused =
        |title: String, detail: &str| Err(Failure::new(ErrorKind::Refused, title).detail(detail));
    if kind.is_secret() {
        let title = format!("A {} cannot be changed by a change record", kind.noun());
        return refused(title, "its id is a secret; use imp-auth");
    }
    if effect.is_action() && ![ResourceKind::Device, ResourceKind::DeviceGroup].contains(&kind) {
        let title = format!("A {} cannot be restarted", kind.noun());
        return refused(title, "devices are, and all devices of a device group");
    }
    if kind == ResourceKind::Webhook && effect.after.as_ref().is_some_and(hides_password) {
        let title = "The record has not got the password of the webhook's url".to_owned();
        return refused(title, "*** stands in its place: put the password there");
    }
    if let Some(other) = of_device(effect).find(|name| *name != "name") {
        let title = format!("`{other}` of a device cannot be changed by a change record");
        return refused(title, "its name and its device group are");
    }
    if let Some(other) = beside_group(effect) {
        let title = format!("A device's group and its `{other}` are two changes");
        return refused(title, "give a record for each");
    }
    let can_be_made =
        [ResourceKind::Product, ResourceKind::DeviceGroup, ResourceKind::Webhook].contains(&kind);
    if effect.before.is_none() && !can_be_made {
        let detail = match kind {
            ResourceKind::Device => "devices come by BlinkUp",
            _ => "its code is not in the record",
        };
        return refused(format!("A {} cannot be made by a change record", kind.noun()), detail);
    }
    Ok(kind)
}

/// Whether the url of a webhook is told without its password.
fn hides_password(after: &Record) -> bool {
    ops::url::hides_password(cli::text(after, "url"))
}

/// The fields of a device that a record changes, but for those of its group.
fn of_device(effect: &Effect) -> impl Iterator<Item = &str> {
    let is_update = effect.kind == "device" && effect.before.is_some() && effect.after.is_some();
    let sides = [&effect.before, &effect.after].into_iter().flatten().filter(move |_| is_update);
    sides.flat_map(Record::keys).filter(|name| !name.starts_with("devicegroup_"))
}

/// What a record of a device's group says of the device besides.
fn beside_group(effect: &Effect) -> Option<&str> {
    let has_group = |side: &Option<Record>| {
        side.as_ref().is_some_and(|side| side.contains_key("devicegroup_id"))
    };
    let is_move = has_group(&effect.before) || has_group(&effect.after);
    of_device(effect).find(|_| is_move)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn what_no_record_can_do_is_refused() {
        for (kind, before, after, possible_kind) in [
            ("product", Value::Null, json!({"name": "P"}), Some(ResourceKind::Product)),
            ("device", json!({}), Value::Null, Some(ResourceKind::Device)),
            ("device", Value::Null, json!({}), None),
            ("deployment", Value::Null, json!({}), None),
            ("device", json!({}), json!({}), Some(ResourceKind::Device)),
            ("device", json!({"name": "a"}), json!({"name": "b"}), Some(ResourceKind::Device)),
            ("device", json!({"devicegroup_id": "g"}), json!({"name": "b"}), None),
            ("device", json!({}), json!({"nosuchfield": "b"}), None),
            ("product", json!({}), json!({}), None),
            ("login_key", json!({"description": "a"}), json!({"description": "b"}), None),
            ("account", json!({"x": 1}), json!({"x": 2}), None),
            ("webhook", Value::Null, json!({"url": "https://***@host"}), None),
            (
                "webhook",
                json!({"url": "https://***@host"}),
                Value::Null,
                Some(ResourceKind::Webhook),
            ),
            ("tree", json!({"x": 1}), json!({"x": 2}), None),
        ] {
            let effect = Effect {
                kind: kind.into(),
                before: before.as_object().cloned().map(Into::into),
                after: after.as_object().cloned().map(Into::into),
                ..Effect::default()
            };
            assert_eq!(possible(&effect).ok(), possible_kind, "{kind} {before} {after}");
        }
    }
}
