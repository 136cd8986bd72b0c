//! What is special about deployments, which people call builds: they have no name, so that a sha, a tag
//! or an origin names them, and their records carry whole programs.

use model::Record;
use serde_json::Value;

use crate::list;
use crate::{Client, Error};

/// The attributes that hold the programs.
pub const CODE: [&str; 2] = ["device_code", "agent_code"];

/// Whether a record has both programs with it: lists may leave them out, and an account may not be told them.
pub fn has_code(deployment: &Record) -> bool {
    CODE.into_iter().all(|name| deployment.contains_key(name))
}

/// Deployments whose sha or tag is `text`: those of the sha if there are any, else those of the tag.
/// The service filters by both.
///
/// # Errors
/// As [`Client::send`].
pub fn by_sha_or_tag(client: &Client, text: &str, jobs: usize) -> Result<Vec<Record>, Error> {
    let lower = text.to_ascii_lowercase();
    let mut filters = Vec::new();
    if is_sha(text) {
        filters.push(("filter[sha]".to_owned(), lower.clone()));
    }
    if is_tag(text) {
        filters.push(("filter[tags]".to_owned(), text.to_owned()));
    }
    for filter in filters {
        let mut found = list::collect(client, "/deployments", &[filter], jobs)?;
        // A service that does not know the filter would give everything.
        found.retain(|deployment| {
            deployment["sha"].as_str() == Some(&lower) || has_tag(deployment, text)
        });
        if !found.is_empty() {
            return Ok(found.into_iter().map(without_code).collect());
        }
    }
    Ok(Vec::new())
}

/// The record without its programs.
#[must_use]
pub fn without_code(mut deployment: Record) -> Record {
    deployment.retain(|name| !CODE.contains(&name));
    deployment
}

/// Whether the deployment has the tag.
pub fn has_tag(deployment: &Record, tag: &str) -> bool {
    let tags = deployment.get("tags").and_then(Value::as_array);
    tags.is_some_and(|tags| tags.iter().any(|own| own.as_str() == Some(tag)))
}

/// 64 hex digits (imp-service(7), section 10.2).
fn is_sha(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// What a tag may be made of (imp-service(7), section 10.3); a comma would separate two tags in the
/// filter.
fn is_tag(text: &str) -> bool {
    let right = |byte: u8| byte.is_ascii_alphanumeric() || b"_-*.".contains(&byte);
    !text.is_empty() && text.bytes().all(right)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_can_be_a_tag_is_asked_for_as_one() {
        for good in ["RC2", "v1.0", "a_b-c*", "-"] {
            assert!(is_tag(good), "{good}");
        }
        for bad in ["", "a,b", "MyProduct v2", "a/b"] {
            assert!(!is_tag(bad), "{bad}");
        }
    }

    #[test]
    fn programs_are_left_out_and_tags_found() {
        let record = json!({"id": "x", "device_code": "1", "tags": ["A", "B"], "agent_code": ""});
        let record = without_code(serde_json::from_value(record).unwrap());
        assert_eq!(record.keys().collect::<Vec<_>>(), ["id", "tags"]);
        assert!(has_tag(&record, "B") && !has_tag(&record, "b"));
    }
}
