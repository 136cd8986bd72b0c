//! The addresses of the API, below `/v5`.

/// Where a request goes. Ids are as sent; whether they exist is the state's business.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path<'a> {
    /// Sign-in.
    Auth,
    /// Renewal.
    AuthToken,
    /// The account list.
    Accounts,
    /// One account, or `me`.
    Account(&'a str),
    /// What the account may do.
    Capabilities(&'a str),
    /// The caller's refresh tokens.
    RefreshTokens,
    /// One of them.
    RefreshToken(&'a str),
    /// The caller's login keys.
    LoginKeys,
    /// One of them.
    LoginKey(&'a str),
    /// The product list.
    Products,
    /// One product.
    Product(&'a str),
    /// The group list.
    Groups,
    /// One group.
    Group(&'a str),
    /// Restart of a group.
    GroupRestart(&'a str),
    /// Polite restart of a group.
    GroupConditionalRestart(&'a str),
    /// Membership of a group.
    GroupDevices(&'a str),
    /// The minimum deployment of a group.
    GroupMinSupported(&'a str),
    /// The device list.
    Devices,
    /// One device.
    Device(&'a str),
    /// Restart of a device.
    DeviceRestart(&'a str),
    /// Polite restart of a device.
    DeviceConditionalRestart(&'a str),
    /// The log of a device.
    DeviceLogs(&'a str),
    /// What happened to a device.
    DeviceHistory(&'a str),
    /// The webhook list.
    Webhooks,
    /// One webhook.
    Webhook(&'a str),
    /// New log streams.
    LogStreams,
    /// One log stream.
    LogStream(&'a str),
    /// A device in a log stream.
    LogStreamDevice(&'a str, &'a str),
    /// The deployment list.
    Deployments,
    /// One deployment.
    Deployment(&'a str),
    /// The library list.
    Libraries,
    /// One library.
    Library(&'a str),
    /// New versions of a library.
    Versions(&'a str),
    /// A version of a library.
    Version(&'a str, &'a str),
}

impl<'a> Path<'a> {
    /// The path with these parts, percent-decoded.
    pub fn of(parts: &[&'a str]) -> Option<Self> {
        Some(match *parts {
            ["auth"] => Self::Auth,
            ["auth", "token"] => Self::AuthToken,
            ["accounts"] => Self::Accounts,
            ["accounts", id] => Self::Account(id),
            ["accounts", id, "capabilities"] => Self::Capabilities(id),
            ["accounts", "me", "refresh_tokens"] => Self::RefreshTokens,
            ["accounts", "me", "refresh_tokens", id] => Self::RefreshToken(id),
            ["accounts", "me", "login_keys"] => Self::LoginKeys,
            ["accounts", "me", "login_keys", id] => Self::LoginKey(id),
            ["products"] => Self::Products,
            ["products", id] => Self::Product(id),
            ["devicegroups"] => Self::Groups,
            ["devicegroups", id] => Self::Group(id),
            ["devicegroups", id, "restart"] => Self::GroupRestart(id),
            ["devicegroups", id, "conditional_restart"] => Self::GroupConditionalRestart(id),
            ["devicegroups", id, "relationships", "devices"] => Self::GroupDevices(id),
            ["devicegroups", id, "relationships", "min_supported_deployment"] => {
                Self::GroupMinSupported(id)
            }
            ["devices"] => Self::Devices,
            ["devices", id] => Self::Device(id),
            ["devices", id, "restart"] => Self::DeviceRestart(id),
            ["devices", id, "conditional_restart"] => Self::DeviceConditionalRestart(id),
            ["devices", id, "logs"] => Self::DeviceLogs(id),
            ["devices", id, "history"] => Self::DeviceHistory(id),
            ["webhooks"] => Self::Webhooks,
            ["webhooks", id] => Self::Webhook(id),
            ["logstream"] => Self::LogStreams,
            ["logstream", id] => Self::LogStream(id),
            ["logstream", id, device] => Self::LogStreamDevice(id, device),
            ["deployments"] => Self::Deployments,
            ["deployments", id] => Self::Deployment(id),
            ["libraries"] => Self::Libraries,
            ["libraries", id] => Self::Library(id),
            ["libraries", id, "versions"] => Self::Versions(id),
            ["libraries", id, "versions", version] => Self::Version(id, version),
            _ => return None,
        })
    }

    /// The path without ids, for counting.
    pub fn template(self) -> &'static str {
        match self {
            Self::Auth => "/auth",
            Self::AuthToken => "/auth/token",
            Self::Accounts => "/accounts",
            Self::Account(_) => "/accounts/{id}",
            Self::Capabilities(_) => "/accounts/{id}/capabilities",
            Self::RefreshTokens => "/accounts/me/refresh_tokens",
            Self::RefreshToken(_) => "/accounts/me/refresh_tokens/{id}",
            Self::LoginKeys => "/accounts/me/login_keys",
            Self::LoginKey(_) => "/accounts/me/login_keys/{id}",
            Self::Products => "/products",
            Self::Product(_) => "/products/{id}",
            Self::Groups => "/devicegroups",
            Self::Group(_) => "/devicegroups/{id}",
            Self::GroupRestart(_) => "/devicegroups/{id}/restart",
            Self::GroupConditionalRestart(_) => "/devicegroups/{id}/conditional_restart",
            Self::GroupDevices(_) => "/devicegroups/{id}/relationships/devices",
            Self::GroupMinSupported(_) => {
                "/devicegroups/{id}/relationships/min_supported_deployment"
            }
            Self::Devices => "/devices",
            Self::Device(_) => "/devices/{id}",
            Self::DeviceRestart(_) => "/devices/{id}/restart",
            Self::DeviceConditionalRestart(_) => "/devices/{id}/conditional_restart",
            Self::DeviceLogs(_) => "/devices/{id}/logs",
            Self::DeviceHistory(_) => "/devices/{id}/history",
            Self::Webhooks => "/webhooks",
            Self::Webhook(_) => "/webhooks/{id}",
            Self::LogStreams => "/logstream",
            Self::LogStream(_) => "/logstream/{id}",
            Self::LogStreamDevice(..) => "/logstream/{id}/{device}",
            Self::Deployments => "/deployments",
            Self::Deployment(_) => "/deployments/{id}",
            Self::Libraries => "/libraries",
            Self::Library(_) => "/libraries/{id}",
            Self::Versions(_) => "/libraries/{id}/versions",
            Self::Version(..) => "/libraries/{id}/versions/{version}",
        }
    }

    /// Whether the id in the path is itself a secret or leads to one.
    pub fn holds_secret(self) -> bool {
        matches!(
            self,
            Self::LoginKey(_)
                | Self::RefreshToken(_)
                | Self::LogStream(_)
                | Self::LogStreamDevice(..)
        )
    }
}
