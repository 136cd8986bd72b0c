//! What two runs tell of the same change: one that was under way when it was killed, and one that did the same since.
//!
//! Careful about who has done it: the first may have been killed before its request left. It is resumed then, finds
//! that it is done, and tells so; the second has told it, too.

use std::collections::HashMap;

use model::change::is_same;
use model::{Effect, Record};
use pipe::Item;
use serde_json::Value;

use crate::records::{changed, fields};

/// What is told of a thing.
#[derive(Default)]
struct Thing {
    is_made: bool,
    is_deleted: bool,
    /// Its fields, before the last change of them and after it.
    fields: HashMap<String, [Value; 2]>,
}

/// Leaves out of runs, which come in the order of their time, the changes that an earlier record has told already.
pub fn leave_out_told_twice(runs: &mut [Vec<Item>]) {
    let mut things: HashMap<(String, String), Thing> = HashMap::new();
    for run in runs {
        run.retain(|item| {
            let Item::Row(row) = item else { return true };
            let Some(effect) = changed(row).filter(|it| !it.id.is_empty()) else { return true };
            let thing = things.entry((effect.kind.clone(), effect.id.clone())).or_default();
            let is_new = !thing.has_told(&effect);
            if is_new {
                thing.note(effect);
            }
            is_new
        });
    }
}

impl Thing {
    fn has_told(&self, effect: &Effect) -> bool {
        match (&effect.before, &effect.after) {
            (None, _) => self.is_made && !self.is_deleted,
            (_, None) => self.is_deleted,
            (Some(before), Some(after)) => {
                fields(after).all(|(name, value)| self.has_told_field(name, before, value))
            }
        }
    }

    /// What is known of a thing from the time before it was made does not matter: it is to be deleted.
    fn has_told_field(&self, name: &str, before: &Record, after: &Value) -> bool {
        self.fields.get(name).is_some_and(|[was, is]| {
            is_same(Some(is), Some(after)) && (self.is_made || is_same(Some(was), before.get(name)))
        })
    }

    fn note(&mut self, effect: Effect) {
        self.is_made |= effect.before.is_none();
        self.is_deleted = effect.after.is_none();
        let before = effect.before.unwrap_or_default();
        for (name, value) in fields(&effect.after.unwrap_or_default()) {
            let was = before.get(name).cloned().unwrap_or_default();
            self.fields.insert(name.to_owned(), [was, value.clone()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pipe::Row;
    use serde_json::json;

    fn item(id: &str, before: Value, after: Value) -> Item {
        let mut record = json!({"type": "change", "kind": "product", "id": id});
        record["before"] = before;
        record["after"] = after;
        let record = serde_json::from_value(record).unwrap();
        Item::Row(Row { record, source: String::new() })
    }

    /// How many of the second run are left.
    fn left<const N: usize, const M: usize>(one: [Item; N], other: [Item; M]) -> usize {
        let mut runs = [one.into(), other.into()];
        leave_out_told_twice(&mut runs);
        assert_eq!(runs[0].len(), N);
        runs[1].len()
    }

    #[test]
    fn the_same_change_is_told_once_and_what_follows_on_is_another_one() {
        let named = |from: &str, to: &str| item("p", json!({"name": from}), json!({"name": to}));
        let made = || item("p", Value::Null, json!({"name": "a", "x": false}));
        let gone = || item("p", json!({"name": "a"}), Value::Null);
        let set = || item("p", json!({"x": true}), json!({"x": false}));
        assert_eq!(left([named("a", "b")], [named("a", "b")]), 0);
        assert_eq!(left([named("a", "b")], [named("b", "a"), named("a", "b")]), 2);
        assert_eq!(left([named("a", "b")], [named("c", "b")]), 1, "somebody else was there");
        assert_eq!(left([made()], [made(), set()]), 0, "it was made so, as the first tells");
        assert_eq!(left([gone()], [gone()]), 0);
        assert_eq!(left([made(), gone()], [made(), named("a", "b")]), 2);
        assert_eq!(left([set()], [item("q", json!({"x": true}), json!({"x": false}))]), 1);
        let restart = || item("p", json!({}), json!({}));
        assert_eq!(left([restart()], [restart()]), 1, "each restarts it");
    }
}
