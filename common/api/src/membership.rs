//! Devices in and out of groups, many in one request: the requests, and what an answer means.
//!
//! The call is not atomic (imp-service(7), section 8.2): a refusal may leave some devices moved. So an answer
//! is interpreted device by device, and where it does not tell, the outcome is *unknown*: whoever asked has to
//! read back where it is before anything is sent again, since sending again restarts it.

use model::{ErrorKind, Secret};
use serde_json::{Value, json};

use crate::request::{Answer, Repeat, Request, UNBLESSING_KEY, segment};
use crate::{Error, error};

/// Puts `devices` (ids, MAC addresses or agent ids) into the group.
pub fn assign<T: AsRef<str>>(group: &str, devices: &[T]) -> Request {
    Request::post(path(group)).text(body(devices)).repeat(Repeat::NotIdempotent)
}

/// Takes `devices` out of the group; out of a production group only with the unblessing key.
pub fn unassign<T: AsRef<str>>(group: &str, devices: &[T], key: Option<&Secret>) -> Request {
    let request = Request::delete(path(group)).text(body(devices)).repeat(Repeat::NotIdempotent);
    match key {
        Some(key) => request.secret_header(UNBLESSING_KEY, key.clone()),
        None => request,
    }
}

fn path(group: &str) -> String {
    format!("/devicegroups/{}/relationships/devices", segment(group))
}

fn body<T: AsRef<str>>(devices: &[T]) -> String {
    let mut body = String::with_capacity(48 * devices.len() + 16);
    body.push_str("{\"data\":[");
    for (place, device) in devices.iter().enumerate() {
        let device = device.as_ref();
        body.push_str(if place > 0 { ",{" } else { "{" });
        body.push_str("\"type\":\"device\",\"id\":");
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_:".contains(&byte);
        if device.bytes().all(is_plain) {
            body.push('"');
            body.push_str(device);
            body.push('"');
        } else {
            body.push_str(&Value::from(device).to_string());
        }
        body.push('}');
    }
    body.push_str("]}");
    body
}

/// What became of the devices of one request.
#[derive(Clone, Debug, PartialEq)]
pub enum BatchResult {
    /// All are where they should be.
    Done,
    /// None moved, each for its own reason, in the order of the request.
    Failed(Vec<Error>),
    /// All were refused for the same reason; another request of this kind would fare no better.
    Refused(Error),
    /// Some may have moved. `named[i]` is what the answer says of device `i`, `general` is the rest.
    Unknown {
        /// Errors that name a device.
        named: Vec<Option<Error>>,
        /// What to say of a device that did not move and was not named.
        general: Error,
        /// The request itself may be at fault (too many devices), not a device in it.
        about_request: bool,
    },
    /// The run is over; nothing was moved by this request.
    RunOver(Error),
}

/// Interprets the answer to a request for `devices`.
pub fn interpret<T: AsRef<str>>(answer: Result<Answer, Error>, devices: &[T]) -> BatchResult {
    let error = match answer {
        Ok(_) => return BatchResult::Done,
        Err(error) => error,
    };
    if error.ends_run() || error.kind == ErrorKind::NotAttempted {
        return BatchResult::RunOver(error);
    }
    let nobody = vec![None; devices.len()];
    match error.status {
        None => BatchResult::Unknown { named: nobody, general: error, about_request: false },
        Some(status) if status >= 500 => {
            BatchResult::Unknown { named: nobody, general: error, about_request: false }
        }
        Some(413) => BatchResult::Unknown { named: nobody, general: error, about_request: true },
        Some(400 | 409 | 422 | 207) => by_device(&error, devices),
        Some(_) if devices.len() == 1 => BatchResult::Failed(vec![error]),
        Some(_) => BatchResult::Refused(error),
    }
}

fn by_device<T: AsRef<str>>(error: &Error, devices: &[T]) -> BatchResult {
    let mut named = vec![None; devices.len()];
    let mut unnamed = Vec::new();
    for one in &error.errors {
        let text = one.to_string();
        match devices.iter().position(|device| text.contains(device.as_ref())) {
            Some(index) => named[index] = Some(single(error, one)),
            None => unnamed.push(one),
        }
    }
    if devices.len() == 1 {
        let own = named.pop().flatten().or_else(|| unnamed.first().map(|one| single(error, one)));
        return BatchResult::Failed(vec![own.unwrap_or_else(|| error.clone())]);
    }
    if named.iter().all(Option::is_some) {
        return BatchResult::Failed(named.into_iter().flatten().collect());
    }
    if unnamed.len() == devices.len() {
        // One error for each device; only if they are the same is it certain which is whose.
        return BatchResult::Failed(unnamed.into_iter().map(|one| single(error, one)).collect());
    }
    let speaks_of_devices = error.errors.iter().any(|one| error::status_of(one) == Some(404));
    let about_request = !speaks_of_devices && named.iter().all(Option::is_none);
    let general = unnamed.first().map_or_else(|| error.clone(), |one| single(error, one));
    BatchResult::Unknown { named, general, about_request }
}

/// One entry of `errors` as an error of its own.
fn single(whole: &Error, one: &Value) -> Error {
    let status = error::status_of(one).and_then(|status| u16::try_from(status).ok());
    let status = status.or(whole.status).unwrap_or(400);
    Error { attempts: whole.attempts, ..Error::from_answer(status, &json!({ "errors": [one] })) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(status: u16, errors: &Value) -> Result<Answer, Error> {
        Err(Error::from_answer(status, &json!({ "errors": errors })))
    }

    const THREE: [&str; 3] = ["aa", "bb", "cc"];

    #[test]
    fn a_request_names_each_of_its_devices() {
        for devices in [&[][..], &["40000c2a69000001", "0c:2a:69:00:00:01", "a\"\\b", "é"]] {
            let named: Vec<Value> =
                devices.iter().map(|device| json!({"type": "device", "id": device})).collect();
            assert_eq!(body(devices), json!({ "data": named }).to_string());
        }
    }

    #[test]
    fn an_error_that_names_its_device_is_that_devices_own() {
        let answer = refusal(400, &json!([{"status":"404","title":"No","detail":"device bb"}]));
        let BatchResult::Unknown { named, about_request, .. } = interpret(answer, &THREE) else {
            panic!("mixed")
        };
        assert_eq!(named.iter().map(Option::is_some).collect::<Vec<_>>(), [false, true, false]);
        assert_eq!(named[1].as_ref().map(|error| error.kind), Some(ErrorKind::NotFound));
        assert!(!about_request);
    }

    #[test]
    fn as_many_errors_as_devices_means_that_none_moved() {
        let answer = refusal(
            400,
            &json!([{"status":"404","title":"N"},{"status":"404","title":"N"},{"status":"404","title":"N"}]),
        );
        assert!(
            matches!(interpret(answer, &THREE), BatchResult::Failed(errors) if errors.len() == 3)
        );
    }

    #[test]
    fn too_many_devices_is_about_the_request() {
        let capped = refusal(400, &json!([{"status":"400","title":"Too many"}]));
        assert!(matches!(
            interpret(capped, &THREE),
            BatchResult::Unknown { about_request: true, .. }
        ));
        assert!(matches!(
            interpret(refusal(413, &json!([])), &THREE),
            BatchResult::Unknown { about_request: true, .. }
        ));
    }

    #[test]
    fn lost_answers_are_doubtful_and_refusals_final() {
        let lost = Err(Error::new(ErrorKind::UnknownOutcome, "lost"));
        assert!(matches!(
            interpret(lost, &THREE),
            BatchResult::Unknown { about_request: false, .. }
        ));
        assert!(matches!(interpret(refusal(403, &json!([])), &THREE), BatchResult::Refused(_)));
        assert!(matches!(interpret(refusal(404, &json!([])), &THREE), BatchResult::Refused(_)));
        let over = Err(Error::new(ErrorKind::Unreachable, "out"));
        assert!(matches!(interpret(over, &THREE), BatchResult::RunOver(_)));
    }
}
