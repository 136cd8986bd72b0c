//! The kinds of resources that commands work on.

use crate::GroupType;

/// A kind of resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "their names say it")]
pub enum ResourceKind {
    Account,
    Product,
    DeviceGroup,
    Device,
    Deployment,
    LoginKey,
    RefreshToken,
    Webhook,
}

impl ResourceKind {
    /// All kinds.
    pub const ALL: [ResourceKind; 8] = [
        ResourceKind::Device,
        ResourceKind::DeviceGroup,
        ResourceKind::Product,
        ResourceKind::Account,
        ResourceKind::LoginKey,
        ResourceKind::RefreshToken,
        ResourceKind::Deployment,
        ResourceKind::Webhook,
    ];

    /// What people call it: `device group`.
    pub fn noun(self) -> &'static str {
        match self {
            ResourceKind::Account => "account",
            ResourceKind::Product => "product",
            ResourceKind::DeviceGroup => "device group",
            ResourceKind::Device => "device",
            ResourceKind::Deployment => "deployment",
            ResourceKind::LoginKey => "login key",
            ResourceKind::RefreshToken => "refresh token",
            ResourceKind::Webhook => "webhook",
        }
    }

    /// The kind with this noun.
    pub fn called(noun: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.noun() == noun)
    }

    /// The path of its list.
    pub fn path(self) -> &'static str {
        match self {
            ResourceKind::Account => "/accounts",
            ResourceKind::Product => "/products",
            ResourceKind::DeviceGroup => "/devicegroups",
            ResourceKind::Device => "/devices",
            ResourceKind::Deployment => "/deployments",
            ResourceKind::LoginKey => "/accounts/me/login_keys",
            ResourceKind::RefreshToken => "/accounts/me/refresh_tokens",
            ResourceKind::Webhook => "/webhooks",
        }
    }

    /// Its name in relationships: `devicegroup`, so that other records have `devicegroup_id`.
    pub fn reference(self) -> &'static str {
        match self {
            ResourceKind::Account => "account",
            ResourceKind::Product => "product",
            ResourceKind::DeviceGroup => "devicegroup",
            ResourceKind::Device => "device",
            ResourceKind::Deployment => "deployment",
            ResourceKind::LoginKey => "login_key",
            ResourceKind::RefreshToken => "refresh_token",
            ResourceKind::Webhook => "webhook",
        }
    }

    /// Whether its id is a secret, or may be one.
    pub fn is_secret(self) -> bool {
        matches!(self, ResourceKind::LoginKey | ResourceKind::RefreshToken)
    }

    /// The `type` of its records; of device groups there are seven.
    pub fn types(self) -> &'static [&'static str] {
        match self {
            ResourceKind::Account => &["account"],
            ResourceKind::Product => &["product"],
            ResourceKind::DeviceGroup => &GroupType::API_NAMES,
            ResourceKind::Device => &["device"],
            ResourceKind::Deployment => &["deployment"],
            ResourceKind::LoginKey => &["login_key"],
            ResourceKind::RefreshToken => &["refresh_token"],
            ResourceKind::Webhook => &["webhook"],
        }
    }

    /// The kind of the records with this `type`.
    pub fn of_type(type_name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.types().contains(&type_name))
    }

    /// The columns that identify it, the first with a value counts; each with its spellings, the usual one
    /// first.
    pub fn columns(self) -> &'static [&'static [&'static str]] {
        match self {
            ResourceKind::Account => {
                &[&["id"], &["account"], &["user", "username"], &["email"], &["name"]]
            }
            ResourceKind::Product => &[&["id"], &["product"], &["name"]],
            ResourceKind::DeviceGroup => {
                &[&["id"], &["dg", "devicegroup", "device_group"], &["name"]]
            }
            ResourceKind::Device => &[
                &["id"],
                &["device", "deviceid", "device_id"],
                &["mac_address", "mac", "macaddress", "mac_addr"],
                &["agent_id", "agentid"],
                &["name"],
            ],
            ResourceKind::Deployment => &[&["id"], &["build", "deployment"], &["sha"]],
            ResourceKind::LoginKey => &[&["id"], &["lk", "login_key", "loginkey"]],
            ResourceKind::RefreshToken => &[&["id"], &["token", "refresh_token"]],
            ResourceKind::Webhook => &[&["id"], &["wh", "webhook"]],
        }
    }
}
