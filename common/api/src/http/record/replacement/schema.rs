//! What the service and our tools themselves put into bodies and records: the names of members, and values that say
//! nothing of whose they are. All else is somebody's own.

use std::collections::HashSet;
use std::sync::LazyLock;

use crate::http::secrets::plain;

/// Members of the service's documents, fields of our records, and columns that our verbs read.
const NAMES: &str = "about access_token account account_id accounts action activated actor actor_id add address advice after agent \
    agent_code agent_file agent_id agent_only agent_running agent_state_changed_at agent_url aliases any app \
    at attempts attributes auth before blessed blessed_at blinkup body body_base64 body_is_cut build builds by \
    capabilities change changes check code column command conditional conditional_restart content_type count created_at creator \
    creator_id creator_type credential current_deployment current_deployment_id current_deployment_type data \
    default delimiter deployed deployment deployment_id deployment_type deployments descr description detail \
    details device device_code device_file device_group device_id device_online device_only \
    device_state_changed_at devicegroup devicegroup_id devicegroup_name devicegroup_type devicegroups deviceid \
    devices devices_online devices_total dg dg_type digest directory done doubled doubled_of dry_run dut \
    dut_target dut_target_id dut_target_type email ended_at endpoint env_variable env_variables env_vars error \
    errors event events exit expected_devicegroup_id expected_product_id expires_at expires_in failed file \
    filter first first_pass first_pass_percent fixture flagged flagger flagger_id flagger_type force format \
    found free_memory from group head head_base64 help history hook id imp_id imp_type in_use included \
    incomplete input ip_address jsonapi key kind last last_blinkup_at last_enrolled_at libraries library line link links lk \
    load_code_after_blessing log_type login_key login_keys login_token logs logstream long mac mac_addr \
    mac_address me message met meta method metrics mime min_supported_deployment min_supported_deployment_id \
    min_supported_deployment_type minutes missing moved msg name next not_attempted not_present not_used number ok online \
    open options order origin otp outcome owner owner_id owner_type page parameter partly password path \
    per_hour permission plan plan_id pointer present prev previous problem product product_id product_name \
    product_type production_target production_target_id production_target_type products pwd \
    readable_by_others reason received_at reference refresh_token refresh_token_deleted refresh_tokens region \
    rejected related relationships remove remove_tag repeat repeatable repeated_calls requests required \
    restart result role row rows rssi run same_as scope seen_at self sha short since size sort source state \
    status step supported swversion tag tags taken_back target text tier timestamp title to token token_type ts \
    type unbond unbond_key unchanged unexpected unflag updated_at url usages usage user username v5 value values \
    verb version versions wait wave waves webhook webhook_id webhooks wh what why years";

/// Words of types, states and outcomes.
const WORDS: &str = "account all ambiguous answered appeared assigned back bad_input blessed \
    blessed_but_silent blessing blinkup build_rollout_event change check closed command conflict created \
    deleted deployment development_devicegroup device device_change device_difference done doubled drifted \
    dut_devicegroup elsewhere ended error factoryfixture_devicegroup failed failed_row fixture forgotten gap \
    gate_failed gate_passed gone group history hour incomplete interrupted library libraryversion listener \
    log log_stream login_key logstream message misconfigured missing never_blessed not_attempted not_done \
    not_found not_met not_signed_in offline ok online opened paused pre_dut_devicegroup \
    pre_factoryfixture_devicegroup pre_production_devicegroup present product production_devicegroup \
    protected refresh_token refused refused_call removed renamed report restarted result rollout_event row \
    run shift shift_gap sign_in state_change subscribed unassigned unchanged under_way unexpected \
    unknown_outcome unreachable unsubscribed updated waiting warning wave_begun wave_deployed wave_moved \
    webhook webhook_event wrong_type server.log server.error server.sleep agent.log agent.error status \
    powerstate lastexitcode firmware IDE.log development production agent_code device_code application/json application/vnd.api+json \
    application/x-www-form-urlencoded text/html text/plain text/event-stream Bearer bearer";

/// Members whose values are such words in a record too.
const OF_WORDS: [&str; 4] = ["type", "kind", "outcome", "change"];

/// Titles of errors, one a line, as the service has them or the standard of HTTP.
const TITLES: [&str; 29] = [
    "Account Limit Reached",
    "Bad Gateway",
    "Bad Request",
    "Compilation Error",
    "Conflict",
    "Dependent Devicegroups Exist",
    "Duplicate Resource",
    "Flagged Deployments Exist",
    "Forbidden",
    "Gateway Timeout",
    "Internal Server Error",
    "Invalid Assignment",
    "Invalid Attribute",
    "Invalid Credentials",
    "Invalid Document",
    "Invalid JSON",
    "Invalid Min Supported Deployment",
    "Invalid Parameter",
    "Invalid Password",
    "Invalid Permission",
    "Invalid Target",
    "Invalid URL",
    "Invalid Unblessing Key",
    "Not Found",
    "Payload Too Large",
    "Resource Flagged",
    "Service Unavailable",
    "Too Many Requests",
    "Unauthorized",
];

static KNOWN: LazyLock<HashSet<String>> =
    LazyLock::new(|| NAMES.split_whitespace().map(plain).collect());
static SAID: LazyLock<HashSet<&'static str>> = LazyLock::new(|| WORDS.split_whitespace().collect());

/// Whether a member has this name, or a column in whatever spelling, without anybody having chosen it.
pub(crate) fn is_name(name: &str) -> bool {
    KNOWN.contains(&plain(name))
}

/// Whether it is a word that means something to us.
pub(crate) fn is_word(text: &str) -> bool {
    SAID.contains(text)
}

/// Whether an error may have this title whoever it is about.
pub(super) fn is_title(text: &str) -> bool {
    TITLES.contains(&text)
}

/// Whether a member of a document of the service says nothing of whose it is.
pub(crate) fn is_plain_in_document(name: &str, text: &str) -> bool {
    match name {
        "imp_type" => is_model(text),
        "swversion" => is_version(text),
        "status" => is_word(text) || is_number(text, 3),
        "code" => is_error_code(text),
        "ts" | "timestamp" => is_time(text),
        _ if name.ends_with("_at") => is_time(text),
        "state" | "event" | "content_type" | "token_type" | "file" => is_word(text),
        _ => is_plain_in_record(name, text),
    }
}

/// The same of a record, in which people have columns of their own.
pub(super) fn is_plain_in_record(name: &str, text: &str) -> bool {
    (OF_WORDS.contains(&name) || name.ends_with("_type")) && is_word(text)
}

pub(super) fn is_time(text: &str) -> bool {
    humantime::parse_rfc3339(text).is_ok()
}

/// `imp004m`
pub fn is_model(text: &str) -> bool {
    let rest = text.strip_prefix("imp").unwrap_or_default();
    let (number, letters) = rest.split_at(rest.len().min(3));
    is_number(number, 3) && letters.len() < 3 && letters.bytes().all(|it| it.is_ascii_lowercase())
}

/// `1ae4c87 - release-36.13 - Wed Dec 20 10:52:30 2017 - production`
fn is_version(text: &str) -> bool {
    const OF_DATES: &str =
        "Mon Tue Wed Thu Fri Sat Sun Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec";
    let is_of =
        |text: &str, signs: &str| text.chars().all(|c| c.is_ascii_digit() || signs.contains(c));
    let is_of_date = |word: &str| is_of(word, ":") || OF_DATES.split(' ').any(|it| it == word);
    let parts: Vec<&str> = text.split(" - ").collect();
    let [commit, release, date, stage] = parts[..] else { return false };
    commit.len() < 13
        && is_of(commit, "abcdef")
        && release.strip_prefix("release-").is_some_and(|it| is_of(it, "."))
        && date.split_whitespace().all(is_of_date)
        && ["production", "staging", "development"].contains(&stage)
}

/// `PX200`
fn is_error_code(text: &str) -> bool {
    let (letters, number) = text.split_at_checked(2).unwrap_or_default();
    letters.bytes().all(|it| it.is_ascii_uppercase()) && is_number(number, 3)
}

fn is_number(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_the_form_of_the_service_is_known_and_nothing_else() {
        for (name, text) in [
            ("imp_type", "imp004m"),
            ("swversion", "1ae4c87 - release-36.13 - Wed Dec 20 10:52:30 2017 - production"),
            ("status", "404"),
            ("code", "PX200"),
            ("created_at", "2026-11-29T10:00:00.000Z"),
            ("type", "dut_devicegroup"),
            ("log_type", "server.log"),
        ] {
            assert!(is_plain_in_document(name, text), "{name}");
            for other in ["Oven 7", "oven", "404x", "PX2000", "imp004m-oven", "2026", ""] {
                assert!(!is_plain_in_document(name, other), "{name} {other:?}");
            }
        }
        assert!(!is_plain_in_record("created_at", "2026-11-29T10:00:00.000Z"));
        assert!(!is_plain_in_document("swversion", "1a - release-1 - Oven - production"));
        assert!(is_name("MAC address") && is_name("macAddress") && !is_name("Oven"));
    }
}
