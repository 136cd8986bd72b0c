//! The addresses of the API, below `/v5`.

const TEMPLATES: [&str; 34] = [
    "/auth",
    "/auth/token",
    "/accounts",
    "/accounts/{id}",
    "/accounts/{id}/capabilities",
    "/accounts/me/refresh_tokens",
    "/accounts/me/refresh_tokens/{id}",
    "/accounts/me/login_keys",
    "/accounts/me/login_keys/{id}",
    "/products",
    "/products/{id}",
    "/devicegroups",
    "/devicegroups/{id}",
    "/devicegroups/{id}/restart",
    "/devicegroups/{id}/conditional_restart",
    "/devicegroups/{id}/relationships/devices",
    "/devicegroups/{id}/relationships/min_supported_deployment",
    "/devices",
    "/devices/{id}",
    "/devices/{id}/restart",
    "/devices/{id}/conditional_restart",
    "/devices/{id}/logs",
    "/devices/{id}/history",
    "/webhooks",
    "/webhooks/{id}",
    "/logstream",
    "/logstream/{id}",
    "/logstream/{id}/{device}",
    "/deployments",
    "/deployments/{id}",
    "/libraries",
    "/libraries/{id}",
    "/libraries/{id}/versions",
    "/libraries/{id}/versions/{version}",
];

/// The template of the path with these parts (percent-decoded); None if there is no such path.
/// Whether the ids exist is the state's business.
pub fn template(parts: &[&str]) -> Option<&'static str> {
    TEMPLATES.into_iter().find(|template| {
        let wanted = template.split('/').skip(1);
        template.matches('/').count() == parts.len()
            && wanted.zip(parts).all(|(wanted, part)| wanted.starts_with('{') || wanted == *part)
    })
}

/// Whether an id in a path of this template is itself a secret or leads to one.
pub fn holds_secret(template: &str) -> bool {
    ["/logstream/", "/accounts/me/login_keys/", "/accounts/me/refresh_tokens/"]
        .iter()
        .any(|secret| template.starts_with(secret))
}
