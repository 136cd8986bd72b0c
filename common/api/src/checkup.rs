//! One look at the service for somebody who wants to know what does not work: asked once, never repeated.

use std::time::{Duration, SystemTime};

use model::{ErrorKind, Record};

use crate::http::secrets;
use crate::http::transport::Exchange;
use crate::resource;
use crate::send::{clock, error_of, quota_of};
use crate::{AccessToken, Client, Error, Request};

/// What was seen.
#[derive(Debug, Default)]
pub struct Seen {
    /// The status of the answer; none when there was none.
    pub status: Option<u16>,
    /// How long it took.
    pub took: Duration,
    /// The service's clock, and ours at that moment.
    pub clocks: Option<(SystemTime, SystemTime)>,
    /// The requests a second that the account may send, and how many were left.
    pub limit: Option<u64>,
    /// See `limit`.
    pub remaining: Option<u64>,
    /// The account.
    pub account: Option<Record>,
    /// Why there is no account.
    pub error: Option<Error>,
}

/// Asks once whose account it is, with the token if there is one.
pub fn look(client: &Client, token: Option<&AccessToken>) -> Seen {
    let request = Request::get("/accounts/me");
    let begin = clock::monotonic();
    let exchange = client.0.transport.exchange(&request, token, true, None);
    let mut seen = Seen { took: clock::monotonic() - begin, ..Seen::default() };
    let secrets = secrets::secrets_of(&request, token);
    let error = || error_of(&exchange).reworded(|words| secrets::hide_all(words, &secrets));
    let Exchange::Answered(raw) = &exchange else {
        return Seen { error: Some(error()), ..seen };
    };
    let date = raw.headers.get("date").and_then(|date| date.to_str().ok());
    let date = date.and_then(|date| httpdate::parse_http_date(date).ok());
    let quota = quota_of(raw);
    seen.status = Some(raw.status);
    seen.clocks = date.map(|date| (date, clock::now()));
    (seen.limit, seen.remaining) = (quota.limit, quota.remaining);
    match raw.status {
        200..=299 => match resource::to_record(&raw.body["data"]) {
            Ok(account) => seen.account = Some(account),
            Err(_) => {
                let title = "What answers is not impCentral";
                seen.error = Some(Error::new(ErrorKind::Unexpected, title));
            }
        },
        _ => seen.error = Some(error()),
    }
    seen
}
