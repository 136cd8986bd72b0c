//! Changes in the words of a question.

use model::Effect;
use model::text::one_line;
use serde_json::Value;

/// What a change does, on one line.
pub fn line(effect: &Effect) -> String {
    let called = match effect.name.as_str() {
        "" => effect.id.clone(),
        name => format!("{name} ({})", effect.id),
    };
    let what = match (&effect.before, &effect.after) {
        (None, _) => format!("create the {} {}", effect.kind, effect.name),
        (_, None) => format!("delete the {} {called}", effect.kind),
        (Some(before), Some(after)) => {
            // The types of references say nothing to a person.
            let told = after.iter().filter(|(name, _)| !name.ends_with("_type"));
            let fields = told.map(|(name, value)| {
                let before = before.get(name).unwrap_or(&Value::Null);
                format!("{name} {before} becomes {value}")
            });
            let fields = fields.collect::<Vec<_>>().join(", ");
            format!("{} {called}: {fields}", effect.kind)
        }
    };
    one_line(&what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_change_is_told_on_one_line() {
        let record = |value: Value| serde_json::from_value::<model::Record>(value).unwrap();
        let product = record(json!({"type": "product", "id": "p", "name": "Ovens"}));
        let update = Effect::update(&product, record(json!({"description": "x"})));
        assert_eq!(line(&update), "product Ovens (p): description null becomes \"x\"");
        assert_eq!(line(&Effect::deletion(&product)), "delete the product Ovens (p)");
        let made = Effect::creation("product", record(json!({"name": "Ovens"})));
        assert_eq!(line(&made), "create the product Ovens");
    }
}
