//! The records of the service's own things. The service may send any field without a value, and fields that are not
//! here: only what tells a thing from others is sure.

use super::Kind::{AnyObject, Anything, Integer, Records, Text, Texts, Time, Truth, Words};
use super::{Field, Kind, RecordType};
use crate::GroupType;

/// A field that the service sends, if it has something to say.
const fn sent(name: &'static str, kind: Kind, about: &'static str) -> Field {
    Field::new(name, kind, about).or_null()
}

/// The `type` of the records.
const fn kind(words: &'static [&'static str]) -> Field {
    Field::new("type", Words(words), "What the thing is.").required()
}

const ID: Field = Field::new("id", Text, "What tells it from all others.").required();
const OWNER: Field = sent("owner_id", Text, "The account that it belongs to.");
const OWNER_TYPE: Field = sent("owner_type", Text, "`account`");
const CREATOR: Field = sent("creator_id", Text, "The account that has made it.");
const CREATOR_TYPE: Field = sent("creator_type", Text, "`account`");
const PRODUCT_OF: Field = sent("product_id", Text, "The product that it belongs to.");
const PRODUCT_TYPE: Field = sent("product_type", Text, "`product`");
const GROUP: Field = sent("devicegroup_id", Text, "The device group that it belongs to.");
const GROUP_TYPE: Field = sent("devicegroup_type", Text, "The type of that group.");
const DESCRIPTION: Field = sent("description", Text, "What people say of it.");
const CREATED: Field = sent("created_at", Time, "When it was made.");
const UPDATED: Field = sent("updated_at", Time, "When it was changed last.");
const BUILDS: Field =
    Field::new("builds", Records(&DEPLOYMENT), "Its builds, the newest first; with --full.");
const WEBHOOKS: Field = Field::new("webhooks", Records(&WEBHOOK), "Its webhooks; with --full.");

/// A device.
pub static DEVICE: RecordType = RecordType {
    name: "device",
    about: "A device.",
    fields: &[
        kind(&["device"]),
        ID,
        sent("name", Text, "What people call it."),
        sent("mac_address", Text, "The address of its radio."),
        sent("agent_id", Text, "Its agent, while that runs."),
        sent("device_online", Truth, "Whether it is connected."),
        GROUP,
        GROUP_TYPE,
        PRODUCT_OF,
        PRODUCT_TYPE,
        OWNER,
        OWNER_TYPE,
        sent("imp_type", Text, "The hardware: `imp004m`."),
        sent("swversion", Text, "The version of impOS."),
        sent("ip_address", Text, "The address from which it is connected."),
        sent("rssi", Integer, "The strength of its signal in dBm."),
        sent("free_memory", Integer, "Bytes."),
        sent("agent_running", Truth, "Whether its agent runs."),
        sent("agent_url", Text, "Where its agent is reached."),
        sent("device_state_changed_at", Time, "When it came or went."),
        sent("agent_state_changed_at", Time, "When its agent was started or stopped."),
        sent("last_enrolled_at", Time, "When BlinkUp was done last."),
        sent("plan_id", Text, "The plan of its end user."),
    ],
};

/// A device group of any of the seven types.
pub static DEVICE_GROUP: RecordType = RecordType {
    name: "devicegroup",
    about: "A device group of any of the seven types.",
    fields: &[
        kind(&GroupType::API_NAMES),
        ID,
        sent("name", Text, "What people call it."),
        DESCRIPTION,
        PRODUCT_OF,
        PRODUCT_TYPE,
        OWNER,
        OWNER_TYPE,
        CREATOR,
        CREATOR_TYPE,
        sent("current_deployment_id", Text, "The deployment that its devices run."),
        sent("current_deployment_type", Text, "`deployment`"),
        sent("min_supported_deployment_id", Text, "The oldest deployment that may be run."),
        sent("min_supported_deployment_type", Text, "`deployment`"),
        sent("production_target_id", Text, "Of a fixture group: where blessed devices go."),
        sent("production_target_type", Text, "The type of that group."),
        sent("dut_target_id", Text, "Of a fixture group: where devices under test go."),
        sent("dut_target_type", Text, "The type of that group."),
        sent("region", Text, "Where its devices are served."),
        sent("load_code_after_blessing", Truth, "Whether a blessed device loads its code at once."),
        sent("env_vars", AnyObject, "The variables that its code can read."),
        CREATED,
        UPDATED,
        Field::new("devices_total", Integer, "How many devices are in it; with --full."),
        Field::new("devices_online", Integer, "How many of them are online; with --full."),
        Field::new("devices", Records(&DEVICE), "Its devices; with --full."),
        BUILDS,
        WEBHOOKS,
    ],
};

/// A product.
pub static PRODUCT: RecordType = RecordType {
    name: "product",
    about: "A product.",
    fields: &[
        kind(&["product"]),
        ID,
        sent("name", Text, "What people call it."),
        DESCRIPTION,
        OWNER,
        OWNER_TYPE,
        CREATOR,
        CREATOR_TYPE,
        CREATED,
        UPDATED,
        Field::new("devicegroups", Records(&DEVICE_GROUP), "Its device groups; with --full."),
        BUILDS,
        WEBHOOKS,
    ],
};

/// An account.
pub static ACCOUNT: RecordType = RecordType {
    name: "account",
    about: "An account.",
    fields: &[
        kind(&["account"]),
        ID,
        sent("username", Text, "Its user name."),
        sent("email", Text, "Its email address."),
        sent("tier", Text, "What it may do."),
        Field::new("me", Truth, "True of the account that is signed in; in an export."),
        sent("capabilities", Anything, "What it may do, in the words of the service; with --full."),
    ],
};

/// A login key.
pub static LOGIN_KEY: RecordType = RecordType {
    name: "login_key",
    about: "A login key. Its id is the key, a secret.",
    fields: &[
        kind(&["login_key"]),
        ID,
        DESCRIPTION,
        sent("usages", Integer, "How often it was used."),
        CREATED,
        UPDATED,
    ],
};

/// A refresh token.
pub static REFRESH_TOKEN: RecordType = RecordType {
    name: "refresh_token",
    about: "A refresh token: somebody who is signed in. Its id may be the token, a secret.",
    fields: &[kind(&["refresh_token"]), ID, CREATED, UPDATED],
};

/// A deployment.
pub static DEPLOYMENT: RecordType = RecordType {
    name: "deployment",
    about: "A deployment, which people call a build.",
    fields: &[
        kind(&["deployment"]),
        ID,
        sent("sha", Text, "The digest of its code."),
        DESCRIPTION,
        sent("origin", Text, "Where it comes from, in words of the user's own."),
        sent("tags", Texts, "Its tags."),
        sent("flagged", Truth, "Whether it is kept from being deleted."),
        GROUP,
        GROUP_TYPE,
        PRODUCT_OF,
        PRODUCT_TYPE,
        OWNER,
        OWNER_TYPE,
        CREATOR,
        CREATOR_TYPE,
        sent("flagger_id", Text, "The account that has flagged it."),
        sent("flagger_type", Text, "`account`"),
        CREATED,
        UPDATED,
        sent("device_code", Text, "The program of the device; with --full."),
        sent("agent_code", Text, "The program of the agent; with --full."),
        Field::new("device_file", Text, "Where the program of the device was written to."),
        Field::new("agent_file", Text, "Where the program of the agent was written to."),
    ],
};

/// A webhook.
pub static WEBHOOK: RecordType = RecordType {
    name: "webhook",
    about: "A webhook.",
    fields: &[
        kind(&["webhook"]),
        ID,
        sent("url", Text, "What is called."),
        sent("event", Text, "What it is called for: blessing, blinkup or deployment."),
        sent("content_type", Text, "The form in which the calls come."),
        GROUP,
        GROUP_TYPE,
        PRODUCT_OF,
        PRODUCT_TYPE,
        OWNER,
        OWNER_TYPE,
        CREATOR,
        CREATOR_TYPE,
        CREATED,
        UPDATED,
    ],
};

/// All of them, in the order of [`crate::ResourceKind::ALL`].
pub static ALL: [&RecordType; 8] =
    [&DEVICE, &DEVICE_GROUP, &PRODUCT, &ACCOUNT, &LOGIN_KEY, &REFRESH_TOKEN, &DEPLOYMENT, &WEBHOOK];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ResourceKind;

    #[test]
    fn every_type_of_the_service_has_a_schema() {
        let described: Vec<&str> = ALL.iter().flat_map(|of| of.words_of_type()).copied().collect();
        let all: Vec<&str> =
            ResourceKind::ALL.iter().flat_map(|kind| kind.types()).copied().collect();
        assert_eq!(described, all);
    }
}
