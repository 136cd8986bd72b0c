//! The sign-in and the service: who, where, by which way, and how its clock and its limit are.

use std::time::{Duration, SystemTime};

use api::checkup::{self, Seen};
use api::{Client, Credentials, DEFAULT_ENDPOINT, Endpoint, Error};
use auth::Description;
use cli::{Common, Session, terminal::environment};
use model::ErrorKind;

use super::Check;

/// A token that lives for an hour is renewed three minutes before its end; more difference than that costs requests.
const CLOCKS_DIFFER: Duration = Duration::from_secs(60);
/// With so much less than usual the tools are slow; the usual limit is 40 (imp-service(7), section 4.1).
const LITTLE: u64 = 5;

/// Looks once.
pub fn checks(common: &Common) -> Vec<Check> {
    let environment = cli::sign_in_environment(common);
    let (mut checks, seen, endpoint) = match Session::open(common) {
        Ok(session) => {
            let description = auth::choose(&environment).map(|choice| choice.describe());
            let others = auth::sources(&environment);
            let others: Vec<String> = others.iter().skip(1).map(ToString::to_string).collect();
            let token = session.sign_in().token();
            let mut seen = checkup::look(&session.client, token.as_ref().ok());
            if let (Some(401), Ok(token)) = (seen.status, &token)
                && let Ok(token) = session.sign_in().renewed(token)
            {
                seen = checkup::look(&session.client, Some(&token));
            }
            let sign_in = match (description, token) {
                (Ok(description), Ok(_)) => chosen(&description, &others),
                (_, Err(error)) if error.kind == ErrorKind::NotSignedIn => refused(&error),
                // The endpoint tells why.
                (Ok(description), Err(_)) => chosen(&description, &others),
                (Err(error), _) => refused(&error),
            };
            (vec![sign_in], seen, session.client.endpoint().to_owned())
        }
        Err(error) => {
            let endpoint = environment.endpoint.as_deref().unwrap_or(DEFAULT_ENDPOINT);
            let endpoint = Endpoint::parse(endpoint).map(|endpoint| endpoint.to_string());
            let endpoint = endpoint.unwrap_or_else(|_| DEFAULT_ENDPOINT.to_owned());
            let advice =
                "run `imp-auth login`, or mend the file; `imp-auth info` tells which counts";
            let sign_in = Check::failed("sign-in", error.to_string(), advice);
            let client = Client::new(cli::settings(common, &endpoint), None);
            let seen = match client {
                Ok(client) => checkup::look(&client, None),
                Err(error) => Seen { error: Some(error), ..Seen::default() },
            };
            (vec![sign_in], seen, endpoint)
        }
    };
    checks.extend(of_endpoint(&endpoint, &seen));
    checks.extend([certificate(&endpoint, &seen), proxy(&endpoint), clock(&seen), limit(&seen)]);
    checks
}

fn chosen(description: &Description, others: &[String]) -> Check {
    let mut found = format!("{}, by {}", description.source, description.credential);
    if !others.is_empty() {
        found.push_str(&format!("; it comes before {}", others.join(", ")));
    }
    if description.readable_by_others {
        return Check::warning(
            "sign-in",
            format!("{found}; other users can read it"),
            "chmod 600 it",
        );
    }
    Check::ok("sign-in", found)
}

fn refused(error: &Error) -> Check {
    Check::failed("sign-in", error.title.clone(), error.detail.clone().unwrap_or_default())
}

fn of_endpoint(endpoint: &str, seen: &Seen) -> Vec<Check> {
    let took = seen.took.as_millis();
    let Some(status) = seen.status else {
        let why = seen.error.as_ref().map(ToString::to_string).unwrap_or_default();
        let advice = "is the address right, and the network there? A proxy is named by https_proxy";
        return vec![Check::failed("endpoint", format!("{endpoint}: {why}"), advice)];
    };
    let reached = Check::ok("endpoint", format!("{endpoint} answers, after {took} ms"));
    let account = match (&seen.account, &seen.error) {
        (Some(account), _) => {
            let name = ["email", "username", "id"].iter().find_map(|name| account.text(name));
            Check::ok("account", name.unwrap_or_default())
        }
        (None, _) if status == 401 => Check::failed(
            "account",
            "the service does not accept the sign-in",
            "run `imp-auth login`",
        ),
        (None, error) => {
            let why = error.as_ref().map(ToString::to_string).unwrap_or_default();
            let advice = "is the endpoint an impCentral API? Most end in /v5";
            Check::failed("account", format!("status {status}: {why}"), advice)
        }
    };
    vec![reached, account]
}

fn certificate(endpoint: &str, seen: &Seen) -> Check {
    const WHAT: &str = "certificate";
    let named = ["SSL_CERT_FILE", "SSL_CERT_DIR"].into_iter();
    let named = named.filter_map(|name| Some(format!("{name}={}", environment::text(name)?)));
    let named: Vec<String> = named.collect();
    let whose = match named.as_slice() {
        [] => "authorities of the operating system".to_owned(),
        named => format!("authorities of {}", named.join(", ")),
    };
    match &seen.error {
        _ if endpoint.starts_with("http://") => Check::ok(WHAT, "none: plain http to this machine"),
        Some(error) if error.kind == ErrorKind::Misconfigured => {
            let advice = error.detail.clone().unwrap_or_default();
            Check::failed(WHAT, format!("not trusted by {whose}"), advice)
        }
        _ if seen.status.is_none() => Check::warning(WHAT, "not seen", "see endpoint"),
        _ => Check::ok(WHAT, format!("trusted by {whose}")),
    }
}

fn proxy(endpoint: &str) -> Check {
    const WHAT: &str = "proxy";
    let variables = environment::proxy();
    let Ok(endpoint) = Endpoint::parse(endpoint) else { return Check::ok(WHAT, "none") };
    let all = [&variables.https_proxy, &variables.http_proxy, &variables.all_proxy];
    let set: Vec<&str> = all.into_iter().flatten().map(|variable| variable.name).collect();
    match variables.proxy_for(endpoint.scheme(), endpoint.host()) {
        Some(variable) => {
            // Before the @ there may be a password.
            let place = variable.value.rsplit(['@', '/']).find(|part| !part.is_empty());
            Check::ok(WHAT, format!("{} by {}", place.unwrap_or_default(), variable.name))
        }
        None if set.is_empty() => Check::ok(WHAT, "none"),
        None => Check::ok(
            WHAT,
            format!("none for {}, though {} is set", endpoint.host(), set.join(", ")),
        ),
    }
}

fn clock(seen: &Seen) -> Check {
    const WHAT: &str = "clock";
    let Some((theirs, ours)) = seen.clocks else {
        return Check::warning(WHAT, "the service did not say its time", "see endpoint");
    };
    let advice = "set the clock of this machine, for example by NTP: tokens end by the time";
    let (difference, word) = difference(theirs, ours);
    let seconds = difference.as_secs();
    match difference {
        _ if seconds <= 1 => Check::ok(WHAT, "as the service's"),
        _ if difference <= CLOCKS_DIFFER => {
            Check::ok(WHAT, format!("{seconds} s {word} the service's"))
        }
        _ => Check::warning(WHAT, format!("{seconds} s {word} the service's"), advice),
    }
}

/// How far our clock is from theirs.
fn difference(theirs: SystemTime, ours: SystemTime) -> (Duration, &'static str) {
    match ours.duration_since(theirs) {
        Ok(ahead) => (ahead, "ahead of"),
        Err(behind) => (behind.duration(), "behind"),
    }
}

fn limit(seen: &Seen) -> Check {
    const WHAT: &str = "limit";
    let left = seen.remaining.map(|left| format!(", {left} left in this second"));
    let left = left.unwrap_or_default();
    match seen.limit {
        None if seen.status.is_none() => Check::warning(WHAT, "not known", "see endpoint"),
        None => Check::ok(WHAT, "the service does not tell one"),
        Some(limit) if limit < LITTLE => Check::warning(
            WHAT,
            format!("{limit} requests a second{left}"),
            "the tools will be slow; ask the service's operator for more",
        ),
        Some(limit) => Check::ok(WHAT, format!("{limit} requests a second{left}")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn clocks_may_differ_by_a_minute() {
        let seen = |theirs, ours| Seen { clocks: Some((at(theirs), at(ours))), ..Seen::default() };
        let told = |theirs, ours| {
            let check = clock(&seen(theirs, ours));
            (check.state, check.found)
        };
        assert_eq!(told(100, 101), (State::Ok, "as the service's".into()));
        assert_eq!(told(100, 130), (State::Ok, "30 s ahead of the service's".into()));
        assert_eq!(told(400, 100), (State::Warning, "300 s behind the service's".into()));
        assert_eq!(clock(&Seen::default()).state, State::Warning);
    }

    #[test]
    fn what_answers_something_else_is_no_service() {
        let seen = Seen { status: Some(404), ..Seen::default() };
        let states: Vec<State> =
            of_endpoint("https://h", &seen).iter().map(|it| it.state).collect();
        assert_eq!(states, [State::Ok, State::Failed]);
        assert_eq!(of_endpoint("https://h", &Seen::default())[0].state, State::Failed);
        let little = Seen { status: Some(200), limit: Some(2), ..Seen::default() };
        assert_eq!(limit(&little).state, State::Warning);
    }
}
