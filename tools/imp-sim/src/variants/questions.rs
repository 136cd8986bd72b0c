//! The table of open questions, for `--variant` and `imp-sim variants`.

use std::time::Duration;

use super::{Variants, Window};
use crate::state::deployments::ShaRecipe;

/// One open question.
pub struct Question {
    /// As in `--variant NAME=VALUE`.
    pub name: &'static str,
    /// Possible values, the default first. `N` stands for any number above 0, `TIME` for any
    /// duration above 0.
    pub values: &'static [&'static str],
    /// What it decides.
    pub meaning: &'static str,
    /// Puts a value in force.
    pub set: fn(&mut Variants, &str),
}

fn status(text: &str) -> u16 {
    text.parse().unwrap_or_default()
}

fn number(text: &str) -> usize {
    text.parse().unwrap_or_default()
}

fn time(text: &str) -> Option<Duration> {
    humantime::parse_duration(text).ok()
}

/// All open questions.
pub const QUESTIONS: &[Question] = &[
    Question {
        name: "batch-errors",
        values: &["named", "anonymous"],
        meaning: "whether an error of a batch says which device it is about",
        set: |v, value| v.batch_errors_anonymous = value == "anonymous",
    },
    Question {
        name: "batch-cap",
        values: &["none", "N"],
        meaning: "the greatest number of devices in one request; a larger one is refused whole",
        set: |v, value| v.batch_cap = value.parse().ok(),
    },
    Question {
        name: "batch-cap-status",
        values: &["400", "413"],
        meaning: "status of a request over the cap",
        set: |v, value| v.batch_cap_status = status(value),
    },
    Question {
        name: "page-past-end",
        values: &["empty", "404"],
        meaning: "a page number past the end of a list",
        set: |v, value| v.page_past_end_missing = value == "404",
    },
    Question {
        name: "last-page-next",
        values: &["absent", "self"],
        meaning: "links.next of the last page: absent, or its own address",
        set: |v, value| v.last_page_next_self = value == "self",
    },
    Question {
        name: "list-repeats",
        values: &["off", "on"],
        meaning: "whether a page begins with the last entity of the page before",
        set: |v, value| v.list_repeats = value == "on",
    },
    Question {
        name: "plain-device-list",
        values: &["all", "development"],
        meaning: "whether GET /devices without a filter leaves out (pre-)production devices",
        set: |v, value| v.plain_device_list_development = value == "development",
    },
    Question {
        name: "shared-lists",
        values: &["products", "all"],
        meaning: "which lists include what collaborators own when no filter names it",
        set: |v, value| v.shared_lists_all = value == "all",
    },
    Question {
        name: "code-in-lists",
        values: &["on", "off"],
        meaning: "whether lists of deployments hold the code",
        set: |v, value| v.code_in_lists_off = value == "off",
    },
    Question {
        name: "link-host",
        values: &["own", "foreign"],
        meaning: "the host in links: the one that was asked, or another (api.invalid)",
        set: |v, value| v.link_host_foreign = value == "foreign",
    },
    Question {
        name: "restart-status",
        values: &["204", "200", "202"],
        meaning: "status of a restart; 200 has a JSON body",
        set: |v, value| v.restart_status = status(value),
    },
    Question {
        name: "readd",
        values: &["restart", "refuse"],
        meaning: "assigning a device to the group it is in",
        set: |v, value| v.readd_refused = value == "refuse",
    },
    Question {
        name: "dut-by-hand",
        values: &["allow", "refuse"],
        meaning: "assigning a device to a DUT group without BlinkUp",
        set: |v, value| v.dut_by_hand_refused = value == "refuse",
    },
    Question {
        name: "min-supported-answer",
        values: &["deployment", "empty"],
        meaning: "answer to PUT min_supported_deployment: 200 with the deployment, or 204",
        set: |v, value| v.min_supported_empty = value == "empty",
    },
    Question {
        name: "duplicate-status",
        values: &["409", "400"],
        meaning: "status of duplicates and of all else that the present state does not allow",
        set: |v, value| v.conflict_status = status(value),
    },
    Question {
        name: "error-status",
        values: &["string", "number"],
        meaning: "type of errors[].status",
        set: |v, value| v.error_status_number = value == "number",
    },
    Question {
        name: "password-status",
        values: &["403", "401"],
        meaning: "status for a missing or wrong X-Electricimp-Password",
        set: |v, value| v.password_status = status(value),
    },
    Question {
        name: "unbless-key-status",
        values: &["403", "401", "400"],
        meaning: "status for a missing or wrong X-Electricimp-Key",
        set: |v, value| v.unblessing_key_status = status(value),
    },
    Question {
        name: "unknown-token-status",
        values: &["404", "401"],
        meaning: "status of POST /auth/token for an unknown refresh token or login key",
        set: |v, value| v.unknown_token_status = status(value),
    },
    Question {
        name: "refresh-answer",
        values: &["plain", "new-refresh-token"],
        meaning: "whether a renewal brings a new refresh token, which ends the old one",
        set: |v, value| v.refresh_rotates = value == "new-refresh-token",
    },
    Question {
        name: "login-key-otp",
        values: &["not-needed", "needed"],
        meaning: "whether a login key is refused like a password where a one-time password is due",
        set: |v, value| v.login_key_needs_otp = value == "needed",
    },
    Question {
        name: "token-address",
        values: &["any", "same"],
        meaning: "whether an access token works from any address or only where its owner signed in",
        set: |v, value| v.token_address_same = value == "same",
    },
    Question {
        name: "rate-scope",
        values: &["account", "token"],
        meaning: "what the rate limit counts",
        set: |v, value| v.rate_per_token = value == "token",
    },
    Question {
        name: "rate-window",
        values: &["fixed", "sliding", "bucket"],
        meaning: "windows at whole seconds, the last second before each request, or a token bucket",
        set: |v, value| {
            v.rate_window = match value {
                "sliding" => Window::Sliding,
                "bucket" => Window::Bucket,
                _ => Window::Fixed,
            }
        },
    },
    Question {
        name: "rate-headers",
        values: &["present", "absent"],
        meaning: "whether answers carry x-ratelimit headers; the limit holds all the same",
        set: |v, value| v.rate_headers_absent = value == "absent",
    },
    Question {
        name: "reset-unit",
        values: &["s", "ms"],
        meaning: "unit of x-ratelimit-reset",
        set: |v, value| v.reset_in_milliseconds = value == "ms",
    },
    Question {
        name: "retry-after",
        values: &["absent", "present"],
        meaning: "whether a 429 carries Retry-After (seconds)",
        set: |v, value| v.retry_after = value == "present",
    },
    Question {
        name: "unbless-headers",
        values: &["account", "own"],
        meaning: "whose limit the headers of a 429 to an unblessing request tell",
        set: |v, value| v.unblessing_headers_own = value == "own",
    },
    Question {
        name: "pre-production-logs",
        values: &["refuse", "allow"],
        meaning: "whether logs of pre-production devices can be read",
        set: |v, value| v.pre_production_logs = value == "allow",
    },
    Question {
        name: "streams-per-account",
        values: &["1", "N"],
        meaning: "log streams at a time; a new one beyond it closes the oldest",
        set: |v, value| v.streams_per_account = number(value),
    },
    Question {
        name: "devices-per-stream",
        values: &["8", "5", "N"],
        meaning: "devices in a log stream; the least recently added is dropped beyond it",
        set: |v, value| v.devices_per_stream = number(value),
    },
    Question {
        name: "stream-before-open",
        values: &["refuse", "accept"],
        meaning: "adding a device to a log stream that nobody reads yet",
        set: |v, value| v.stream_before_open = value == "accept",
    },
    Question {
        name: "stream-status",
        values: &["200", "201"],
        meaning: "status of POST /logstream",
        set: |v, value| v.stream_status = status(value),
    },
    Question {
        name: "stream-keep-alive",
        values: &["10s", "TIME"],
        meaning: "how often a log stream sends a comment",
        set: |v, value| v.stream_keep_alive = time(value).unwrap_or_default(),
    },
    Question {
        name: "stream-cut",
        values: &["never", "TIME"],
        meaning: "how long until the connection of a log stream breaks",
        set: |v, value| v.stream_cut = time(value),
    },
    Question {
        name: "stream-close",
        values: &["never", "TIME"],
        meaning: "how long until the service closes a log stream",
        set: |v, value| v.stream_close = time(value),
    },
    Question {
        name: "sha",
        values: &["length", "plain"],
        meaning: "whether the sha of a deployment covers the length of its device code, or the code alone",
        set: |v, value| {
            v.sha_recipe = if value == "plain" { ShaRecipe::Plain } else { ShaRecipe::Length };
        },
    },
    Question {
        name: "factory-deploy",
        values: &["keep", "restart"],
        meaning: "whether a deployment restarts the devices of fixture and DUT groups",
        set: |v, value| v.factory_deploy_restarts = value == "restart",
    },
    Question {
        name: "blinkup-webhook",
        values: &["every", "first"],
        meaning: "which BlinkUps of end users call blinkup webhooks",
        set: |v, value| v.blinkup_hook_once = value == "first",
    },
    Question {
        name: "connection",
        values: &["keep", "close"],
        meaning: "whether the connection stays open after an answer",
        set: |v, value| v.connection_close = value == "close",
    },
];
