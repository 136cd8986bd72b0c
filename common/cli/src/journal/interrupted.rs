//! What the run that was interrupted had begun to do to a row, beside what the run that goes on does: both are
//! told, so that an undo of the run gives the state before all of it.

use model::{Effect, Record};
use serde_json::Value;

/// Whether `now` tells of the same fields of the same thing as `planned`, so that nothing of that is left to be
/// told.
pub(super) fn overtakes(planned: &Effect, now: &Effect) -> bool {
    let has_all = match (&planned.after, &now.after) {
        (Some(planned), Some(now)) => planned.keys().all(|name| now.contains_key(name)),
        (planned, now) => planned.is_none() && now.is_none(),
    };
    let is_creation = planned.before.is_none() && now.before.is_none();
    planned.kind == now.kind
        && if is_creation { planned.after == now.after } else { planned.id == now.id && has_all }
}

/// All changes of a row: those of `planned`, which were under way when the run was interrupted and are found done,
/// and those of `now`, which the run that goes on has made. `record` is what is known of the row's thing.
pub(super) fn with_planned(
    planned: &[Effect],
    mut now: Vec<Effect>,
    record: &Record,
) -> Vec<Effect> {
    let mut done_before = Vec::new();
    for planned in planned.iter().filter(|planned| !planned.is_action()) {
        if now.iter().any(|one| overtakes(planned, one)) {
            continue;
        }
        let same_thing = |one: &&mut Effect| one.kind == planned.kind && one.id == planned.id;
        let same_thing = now.iter_mut().find(same_thing);
        if !same_thing.is_some_and(|one| add_fields(one, planned)) {
            done_before.extend(called(planned, record));
        }
    }
    done_before.extend(now);
    done_before
}

/// Adds the fields that only `planned` changes; false if one of the two is more than a change of fields.
fn add_fields(effect: &mut Effect, planned: &Effect) -> bool {
    let (Some(was), Some(is)) = (&planned.before, &planned.after) else { return false };
    let (Some(before), Some(after)) = (&mut effect.before, &mut effect.after) else { return false };
    for name in is.keys() {
        if after.contains_key(name) {
            continue;
        }
        after.copy(name, is);
        before.insert_json(name, was.json(name).unwrap_or("null"));
    }
    true
}

/// A change with the id that its thing has. What was made and is not known by its id cannot be told.
fn called(planned: &Effect, record: &Record) -> Option<Effect> {
    if !planned.id.is_empty() {
        return Some(planned.clone());
    }
    let text = |name: &str| record.get(name).and_then(Value::as_str).unwrap_or_default();
    (text("type") == planned.kind).then(|| planned.clone().called(text("id")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn effect(kind: &str, id: &str, before: Value, after: Value) -> Effect {
        let side = |value: Value| value.as_object().cloned().map(Record::from);
        let (kind, id) = (kind.to_owned(), id.to_owned());
        Effect { kind, id, before: side(before), after: side(after), ..Effect::default() }
    }

    #[test]
    fn what_was_found_done_is_told_with_what_was_done_now() {
        let out =
            effect("device", "d", json!({"devicegroup_id": "g"}), json!({"devicegroup_id": null}));
        let gone = effect("device", "d", json!({"name": "n"}), Value::Null);
        let told = |planned: &[Effect], now: &[Effect]| {
            let record = json!({"type": "webhook", "id": "w"})
                .as_object()
                .cloned()
                .map(Record::from)
                .unwrap();
            with_planned(planned, now.to_vec(), &record)
        };
        let both = [out, gone.clone()];
        assert_eq!(told(&both, &[]), both, "all was done before");
        assert_eq!(told(&both, std::slice::from_ref(&gone)), both, "the first half was");
        assert_eq!(told(&both, &both), both, "nothing was");
        // It was changed by somebody else in between: what is done now says what was before.
        let planned = effect("device", "d", json!({"name": "a"}), json!({"name": "b"}));
        let now = effect("device", "d", json!({"name": "c"}), json!({"name": "b"}));
        assert_eq!(told(&[planned], std::slice::from_ref(&now)), [now]);
        // Of two fields one was changed.
        let planned = effect("group", "g", json!({"x": 1, "y": 1}), json!({"x": 2, "y": 2}));
        let now = effect("group", "g", json!({"y": 1}), json!({"y": 2}));
        let all = effect("group", "g", json!({"y": 1, "x": 1}), json!({"y": 2, "x": 2}));
        assert_eq!(told(&[planned], &[now]), [all]);
    }

    #[test]
    fn what_was_made_is_told_with_its_id_and_an_action_is_not_told_again() {
        let record =
            json!({"type": "webhook", "id": "w"}).as_object().cloned().map(Record::from).unwrap();
        let made = effect("webhook", "", Value::Null, json!({"url": "u"}));
        assert_eq!(with_planned(std::slice::from_ref(&made), Vec::new(), &record)[0].id, "w");
        let other = effect("product", "", Value::Null, json!({"name": "P"}));
        let restart = effect("device", "d", json!({}), json!({}));
        assert!(with_planned(&[other, restart], Vec::new(), &record).is_empty());
        let now = made.clone().called("v");
        assert_eq!(with_planned(&[made], vec![now.clone()], &record), [now]);
    }
}
