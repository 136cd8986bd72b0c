//! The columns of tables on a terminal, type by type, each with its heading.

use model::ResourceKind;

/// The columns of a table of devices.
const DEVICE_TABLE: [(&str, &str); 6] = [
    ("id", "ID"),
    ("name", "NAME"),
    ("mac_address", "MAC ADDRESS"),
    ("device_online", "ONLINE"),
    ("devicegroup_id", "GROUP"),
    ("product_id", "PRODUCT"),
];

/// The columns of a table of what happened in a rollout.
const ROLLOUT_TABLE: [(&str, &str); 6] = [
    ("at", "AT"),
    ("event", "EVENT"),
    ("wave", "WAVE"),
    ("devices", "DEVICES"),
    ("moved", "MOVED"),
    ("reason", "REASON"),
];

/// The columns of a table of what happened in the rollout of a build.
const BUILD_ROLLOUT_TABLE: [(&str, &str); 7] = [
    ("at", "AT"),
    ("event", "EVENT"),
    ("wave", "WAVE"),
    ("devicegroup_name", "GROUP"),
    ("devices", "DEVICES"),
    ("deployed", "DEPLOYED"),
    ("reason", "REASON"),
];

/// The columns of a table of device groups.
const DEVICE_GROUP_TABLE: [(&str, &str); 5] = [
    ("id", "ID"),
    ("name", "NAME"),
    ("type", "TYPE"),
    ("product_id", "PRODUCT"),
    ("description", "DESCRIPTION"),
];

/// The columns of a table of deployments.
const DEPLOYMENT_TABLE: [(&str, &str); 7] = [
    ("id", "ID"),
    ("sha", "SHA"),
    ("description", "DESCRIPTION"),
    ("tags", "TAGS"),
    ("flagged", "FLAGGED"),
    ("devicegroup_id", "GROUP"),
    ("created_at", "CREATED"),
];

/// The columns of a table of webhooks.
const WEBHOOK_TABLE: [(&str, &str); 5] = [
    ("id", "ID"),
    ("event", "EVENT"),
    ("url", "URL"),
    ("content_type", "CONTENT TYPE"),
    ("devicegroup_id", "GROUP"),
];

/// The columns of a table of differences.
const DIFFERENCE_TABLE: [(&str, &str); 7] = [
    ("state", "STATE"),
    ("id", "ID"),
    ("name", "NAME"),
    ("mac_address", "MAC ADDRESS"),
    ("devicegroup_id", "GROUP"),
    ("product_id", "PRODUCT"),
    ("source", "ROW"),
];

/// The columns of a table of changes of devices.
const MOVEMENT_TABLE: [(&str, &str); 6] = [
    ("seen_at", "SEEN"),
    ("change", "CHANGE"),
    ("id", "ID"),
    ("name", "NAME"),
    ("before", "BEFORE"),
    ("after", "AFTER"),
];

/// The columns of a table of runs.
const RUN_TABLE: [(&str, &str); 8] = [
    ("run", "RUN"),
    ("at", "BEGAN"),
    ("rows", "ROWS"),
    ("done", "DONE"),
    ("failed", "FAILED"),
    ("open", "OPEN"),
    ("state", "STATE"),
    ("command", "COMMAND"),
];

/// The columns of a table of changes.
const CHANGE_TABLE: [(&str, &str); 5] =
    [("verb", "VERB"), ("id", "ID"), ("name", "NAME"), ("before", "BEFORE"), ("after", "AFTER")];

/// The columns of a table of a shift and its gaps.
const SHIFT_TABLE: [(&str, &str); 12] = [
    ("type", "TYPE"),
    ("name", "NAME"),
    ("from", "FROM"),
    ("to", "TO"),
    ("minutes", "MINUTES"),
    ("blessed", "BLESSED"),
    ("doubled", "DOUBLED"),
    ("activated", "ACTIVATED"),
    ("rejected", "REJECTED"),
    ("missing", "MISSING"),
    ("unexpected", "UNEXPECTED"),
    ("first_pass_percent", "YIELD %"),
];

/// The columns of a table of an export, whose records are of many types.
const EXPORT_TABLE: [(&str, &str); 8] = [
    ("type", "TYPE"),
    ("id", "ID"),
    ("name", "NAME"),
    ("devicegroup_id", "GROUP"),
    ("product_id", "PRODUCT"),
    ("description", "DESCRIPTION"),
    ("username", "USERNAME"),
    ("url", "URL"),
];

/// The columns of a table of records of this type, each with its heading.
pub fn table(kind: &str) -> Option<&'static [(&'static str, &'static str)]> {
    Some(match kind {
        "device" => &DEVICE_TABLE,
        "product" => &[("id", "ID"), ("name", "NAME"), ("description", "DESCRIPTION")],
        "account" => &[("id", "ID"), ("username", "USERNAME"), ("email", "EMAIL")],
        "login_key" => &[("id", "ID"), ("description", "DESCRIPTION"), ("usages", "USED")],
        "refresh_token" => &[("id", "ID"), ("created_at", "CREATED")],
        "deployment" => &DEPLOYMENT_TABLE,
        "webhook" => &WEBHOOK_TABLE,
        "sign_in" => &[
            ("name", "NAME"),
            ("email", "ACCOUNT"),
            ("in_use", "IN USE"),
            ("endpoint", "ENDPOINT"),
            ("credential", "CREDENTIAL"),
            ("expires_at", "EXPIRES"),
            ("file", "FILE"),
        ],
        "webhook_event" => &[
            ("received_at", "RECEIVED"),
            ("event", "EVENT"),
            ("hook", "HOOK"),
            ("device_id", "DEVICE"),
            ("repeat", "REPEAT"),
        ],
        "device_difference" => &DIFFERENCE_TABLE,
        "device_change" => &MOVEMENT_TABLE,
        "rollout_event" => &ROLLOUT_TABLE,
        "build_rollout_event" => &BUILD_ROLLOUT_TABLE,
        "shift" | "shift_gap" => &SHIFT_TABLE,
        "run" => &RUN_TABLE,
        "change" => &CHANGE_TABLE,
        super::of_csv::MIXED => &EXPORT_TABLE,
        kind if ResourceKind::DeviceGroup.types().contains(&kind) => &DEVICE_GROUP_TABLE,
        _ => return None,
    })
}
