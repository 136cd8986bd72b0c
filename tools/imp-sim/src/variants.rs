//! The open questions about the service that a client could depend on, and the answers that the
//! simulator can be told to give. The first value of each is the default.

use std::time::Duration;

mod questions;

pub use questions::{QUESTIONS, Question};

use crate::state::deployments::ShaRecipe;

/// How requests a second are counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Window {
    /// Windows that begin at whole seconds.
    #[default]
    Fixed,
    /// The last second before each request.
    Sliding,
    /// A bucket that refills evenly.
    Bucket,
}

/// The answers in force.
#[derive(Clone, Debug, Default)]
pub struct Variants {
    /// Errors of a batch do not say which device.
    pub batch_errors_anonymous: bool,
    /// The greatest number of devices in one request.
    pub batch_cap: Option<usize>,
    /// Status of a batch over the cap.
    pub batch_cap_status: u16,
    /// A page past the end is a 404.
    pub page_past_end_missing: bool,
    /// `next` of the last page is its own address.
    pub last_page_next_self: bool,
    /// An entity is repeated at the beginning of the next page.
    pub list_repeats: bool,
    /// The unfiltered device list leaves out production and pre-production devices.
    pub plain_device_list_development: bool,
    /// Every unfiltered list includes what collaborators own.
    pub shared_lists_all: bool,
    /// Lists of deployments leave out the code.
    pub code_in_lists_off: bool,
    /// Links name another host.
    pub link_host_foreign: bool,
    /// Status of a restart.
    pub restart_status: u16,
    /// Assigning to the same group again is refused.
    pub readd_refused: bool,
    /// Assigning by hand to a DUT group is refused.
    pub dut_by_hand_refused: bool,
    /// PUT of the minimum deployment answers 204.
    pub min_supported_empty: bool,
    /// Status of duplicates and other conflicts with the present state.
    pub conflict_status: u16,
    /// `status` of errors is a number.
    pub error_status_number: bool,
    /// Status for a wrong `X-Electricimp-Password`.
    pub password_status: u16,
    /// Status for a wrong `X-Electricimp-Key`.
    pub unblessing_key_status: u16,
    /// Status for an unknown refresh token or login key.
    pub unknown_token_status: u16,
    /// A renewal brings a new refresh token and ends the old one.
    pub refresh_rotates: bool,
    /// A login key does not help where a one-time password is needed.
    pub login_key_needs_otp: bool,
    /// An access token works only from the address that signed in.
    pub token_address_same: bool,
    /// The rate limit counts each token for itself.
    pub rate_per_token: bool,
    /// How the rate limit counts.
    pub rate_window: Window,
    /// No rate headers.
    pub rate_headers_absent: bool,
    /// `x-ratelimit-reset` in milliseconds.
    pub reset_in_milliseconds: bool,
    /// 429 carries `Retry-After`.
    pub retry_after: bool,
    /// A 429 of unblessing tells the limit of unblessing, not of the account.
    pub unblessing_headers_own: bool,
    /// Logs of pre-production devices can be read.
    pub pre_production_logs: bool,
    /// Log streams that an account has at a time.
    pub streams_per_account: usize,
    /// Devices that a log stream has at a time.
    pub devices_per_stream: usize,
    /// Devices can be added to a log stream that nobody reads yet.
    pub stream_before_open: bool,
    /// Status of a new log stream.
    pub stream_status: u16,
    /// How often a log stream shows that it is there.
    pub stream_keep_alive: Duration,
    /// How long until the connection of a log stream breaks.
    pub stream_cut: Option<Duration>,
    /// How long until a log stream is closed.
    pub stream_close: Option<Duration>,
    /// How the sha of a deployment is calculated.
    pub sha_recipe: ShaRecipe,
    /// A deployment restarts the devices of fixture and DUT groups.
    pub factory_deploy_restarts: bool,
    /// Only the first BlinkUp of an end user is told to webhooks.
    pub blinkup_hook_once: bool,
    /// Every answer closes its connection.
    pub connection_close: bool,
}

impl Variants {
    /// The defaults, changed by `NAME=VALUE` each.
    pub fn from_options(options: &[String]) -> Result<Self, String> {
        let mut variants = Self::default();
        for question in QUESTIONS {
            (question.set)(&mut variants, question.values[0]);
        }
        for option in options {
            variants.choose(option)?;
        }
        Ok(variants)
    }

    fn choose(&mut self, option: &str) -> Result<(), String> {
        let (name, value) =
            option.split_once('=').ok_or_else(|| format!("`{option}` is not NAME=VALUE"))?;
        let question = QUESTIONS
            .iter()
            .find(|question| question.name == name)
            .ok_or_else(|| format!("no variant `{name}`; see `imp-sim variants`"))?;
        let number = value.parse::<usize>().is_ok_and(|number| number > 0);
        let time = humantime::parse_duration(value).is_ok_and(|time| !time.is_zero());
        let possible = question.values.iter().any(|&known| match known {
            "N" => number,
            "TIME" => time,
            _ => known == value,
        });
        if !possible {
            let values = question.values.join(", ");
            return Err(format!("variant `{name}` has the values {values}, not `{value}`"));
        }
        (question.set)(self, value);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_of_every_question_can_be_chosen_and_nothing_else() {
        for question in QUESTIONS {
            for value in question.values.iter().filter(|&&value| value != "N" && value != "TIME") {
                Variants::from_options(&[format!("{}={value}", question.name)]).unwrap();
            }
            assert!(Variants::from_options(&[format!("{}=other", question.name)]).is_err());
            assert!(Variants::from_options(&[format!("{}=N", question.name)]).is_err());
        }
        assert!(Variants::from_options(&["no-such=1".to_owned()]).is_err());
    }

    #[test]
    fn statuses_have_their_default() {
        let variants = Variants::from_options(&[]).unwrap();
        assert_eq!((variants.conflict_status, variants.restart_status), (409, 204));
        let cap = Variants::from_options(&["batch-cap=50".to_owned()]).unwrap();
        assert_eq!(cap.batch_cap, Some(50));
    }
}
