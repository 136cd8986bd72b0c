//! The columns of CSV, type by type: `man/imp-records.7` lists them.

use std::collections::HashSet;
use std::sync::LazyLock;

use model::ResourceKind;

const DEVICE: &[&str] = &[
    "type",
    "id",
    "name",
    "mac_address",
    "agent_id",
    "device_online",
    "devicegroup_id",
    "devicegroup_type",
    "product_id",
    "owner_id",
    "imp_type",
    "swversion",
    "ip_address",
    "rssi",
    "free_memory",
    "agent_running",
    "agent_url",
    "device_state_changed_at",
    "agent_state_changed_at",
    "last_enrolled_at",
    "plan_id",
];
const DEVICE_GROUP: &[&str] = &[
    "type",
    "id",
    "name",
    "description",
    "product_id",
    "owner_id",
    "creator_id",
    "current_deployment_id",
    "min_supported_deployment_id",
    "production_target_id",
    "production_target_type",
    "dut_target_id",
    "dut_target_type",
    "region",
    "load_code_after_blessing",
    "env_vars",
    "created_at",
    "updated_at",
];
const PRODUCT: &[&str] =
    &["type", "id", "name", "description", "owner_id", "creator_id", "created_at", "updated_at"];
const ACCOUNT: &[&str] = &["type", "id", "username", "email", "tier"];
const LOGIN_KEY: &[&str] = &["type", "id", "description", "usages"];
const REFRESH_TOKEN: &[&str] = &["type", "id", "created_at"];
const DEPLOYMENT: &[&str] = &[
    "type",
    "id",
    "sha",
    "description",
    "origin",
    "tags",
    "flagged",
    "devicegroup_id",
    "devicegroup_type",
    "product_id",
    "owner_id",
    "creator_id",
    "flagger_id",
    "created_at",
    "updated_at",
];
const WEBHOOK: &[&str] = &[
    "type",
    "id",
    "url",
    "event",
    "content_type",
    "devicegroup_id",
    "devicegroup_type",
    "product_id",
    "owner_id",
    "creator_id",
    "created_at",
    "updated_at",
];

/// Log entries have various types; `Sink::expect_type` is given `log` for them.
const LOG: &[&str] = &["device_id", "ts", "log_type", "type", "msg"];
/// Events of histories have no type; `Sink::expect_type` is given `history` for them.
const HISTORY: &[&str] = &["device_id", "timestamp", "event", "owner_id", "actor_id", "actor"];
/// Records of `imp-device diff` are rows for other verbs, whatever their type says; `Sink::expect_type` is given
/// `difference` for them.
const DIFFERENCE: &[&str] = &[
    "type",
    "state",
    "source",
    "id",
    "mac_address",
    "name",
    "device_online",
    "devicegroup_id",
    "devicegroup_type",
    "devicegroup_name",
    "product_id",
    "product_name",
    "expected_devicegroup_id",
    "expected_product_id",
    "blessed_at",
    "doubled_of",
];
/// The same for those of `imp-device watch`, with `movement`.
const MOVEMENT: &[&str] = &[
    "type",
    "change",
    "id",
    "mac_address",
    "name",
    "before",
    "after",
    "since",
    "seen_at",
    "incomplete",
    "repeat",
];
const WEBHOOK_EVENT: &[&str] = &[
    "type",
    "id",
    "received_at",
    "event",
    "hook",
    "devicegroup_id",
    "device_id",
    "imp_id",
    "plan_id",
    "token",
    "digest",
    "repeat",
];

const ROLLOUT_EVENT: &[&str] =
    &["type", "event", "at", "wave", "waves", "devices", "moved", "reason"];

const BUILD_ROLLOUT_EVENT: &[&str] = &[
    "type",
    "event",
    "at",
    "wave",
    "waves",
    "devicegroup_id",
    "devicegroup_name",
    "devices",
    "deployed",
    "reason",
];

const SHIFT: &[&str] = &[
    "type",
    "by",
    "name",
    "from",
    "to",
    "blessed",
    "first_pass",
    "doubled",
    "activated",
    "rejected",
    "missing",
    "unexpected",
    "first_pass_percent",
    "per_hour",
    "repeated_calls",
    "minutes",
];

/// The type of which an export is said to be, whose records are of many.
pub const MIXED: &str = "export";

/// The columns of all that can be in an export, each once.
static EXPORT: LazyLock<Vec<&str>> = LazyLock::new(|| {
    let only_there: &[&str] = &["me", "device_code", "agent_code"];
    let mut seen = HashSet::new();
    let all = [PRODUCT, ACCOUNT, DEVICE_GROUP, DEPLOYMENT, WEBHOOK, DEVICE, only_there].concat();
    all.into_iter().filter(|column| seen.insert(*column)).collect()
});

/// The columns of a CSV file of records of this type.
pub fn csv(kind: &str) -> Option<&'static [&'static str]> {
    Some(match kind {
        "device" => DEVICE,
        "product" => PRODUCT,
        "account" => ACCOUNT,
        "login_key" => LOGIN_KEY,
        "refresh_token" => REFRESH_TOKEN,
        "deployment" => DEPLOYMENT,
        "webhook" => WEBHOOK,
        "webhook_event" => WEBHOOK_EVENT,
        "shift" => SHIFT,
        "log" => LOG,
        "history" => HISTORY,
        "difference" => DIFFERENCE,
        "rollout_event" => ROLLOUT_EVENT,
        "build_rollout_event" => BUILD_ROLLOUT_EVENT,
        "movement" => MOVEMENT,
        MIXED => &EXPORT,
        kind if ResourceKind::DeviceGroup.types().contains(&kind) => DEVICE_GROUP,
        _ => return None,
    })
}
