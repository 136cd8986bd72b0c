//! The addresses of the API, below `/v5`, cut at their slashes.

/// An address with names in braces where its ids are.
pub type Template = &'static [&'static str];

const TEMPLATES: [Template; 34] = [
    &["auth"],
    &["auth", "token"],
    &["accounts"],
    &["accounts", "{id}"],
    &["accounts", "{id}", "capabilities"],
    &["accounts", "me", "refresh_tokens"],
    &["accounts", "me", "refresh_tokens", "{id}"],
    &["accounts", "me", "login_keys"],
    &["accounts", "me", "login_keys", "{id}"],
    &["products"],
    &["products", "{id}"],
    &["devicegroups"],
    &["devicegroups", "{id}"],
    &["devicegroups", "{id}", "restart"],
    &["devicegroups", "{id}", "conditional_restart"],
    &["devicegroups", "{id}", "relationships", "devices"],
    &["devicegroups", "{id}", "relationships", "min_supported_deployment"],
    &["devices"],
    &["devices", "{id}"],
    &["devices", "{id}", "restart"],
    &["devices", "{id}", "conditional_restart"],
    &["devices", "{id}", "logs"],
    &["devices", "{id}", "history"],
    &["webhooks"],
    &["webhooks", "{id}"],
    &["logstream"],
    &["logstream", "{id}"],
    &["logstream", "{id}", "{device}"],
    &["deployments"],
    &["deployments", "{id}"],
    &["libraries"],
    &["libraries", "{id}"],
    &["libraries", "{id}", "versions"],
    &["libraries", "{id}", "versions", "{version}"],
];

/// The template of the path with these parts (percent-decoded); None if there is no such path.
/// Whether the ids exist is the state's business.
pub fn template(parts: &[&str]) -> Option<Template> {
    let fits = |(wanted, part): (&&str, &&str)| wanted == part || wanted.starts_with('{');
    let fits =
        |template: &Template| template.len() == parts.len() && template.iter().zip(parts).all(fits);
    TEMPLATES.into_iter().find(fits)
}

/// Whether an id in a path of this template is itself a secret or leads to one.
pub fn holds_secret(template: Template) -> bool {
    matches!(
        template,
        ["logstream", _, ..] | ["accounts", "me", "login_keys" | "refresh_tokens", _]
    )
}
