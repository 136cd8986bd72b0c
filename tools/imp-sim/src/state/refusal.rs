//! Every way in which the service says no: title, code and text of each in one place.
//!
//! Texts that the public material states are used word for word; the rest is our choice, listed in
//! imp-sim(1). The HTTP number is decided at the edge, because some numbers are open questions.

use serde_json::{Value, json};

use super::ids::{DeviceId, Timestamp};

/// What sort of refusal, as far as the HTTP status depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The request is wrong in itself: 400.
    Invalid,
    /// Not signed in, or not with these credentials: 401.
    Credentials,
    /// The account may not do this: 403.
    Permission,
    /// Nothing there that the account may see: 404.
    NotFound,
    /// The method does not exist for this address: 405.
    Method,
    /// The body's media type is not the API's: 415.
    MediaType,
    /// Right in itself, but the present state does not allow it: 409, or 400 by variant.
    Conflict,
    /// A refresh token or login key that is not known: 404, or 401 by variant.
    UnknownToken,
    /// `X-Electricimp-Password` missing or wrong: 403, or another by variant.
    Password,
    /// `X-Electricimp-Key` missing or wrong: 403, or another by variant.
    UnblessingKey,
    /// More devices in one request than `batch-cap` allows: 400, or 413 by variant.
    BatchTooLarge,
    /// The body is larger than the server reads: 413.
    BodyTooLarge,
    /// Too many requests: 429.
    TooMany,
    /// A failure that a fault rule asked for, with this status.
    Fault(u16),
}

/// One entry of `errors`.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// Decides the status.
    pub reason: Reason,
    /// Two letters for the family, three digits.
    pub code: &'static str,
    /// What went wrong, in a few words that are always the same.
    pub title: &'static str,
    /// What went wrong this time.
    pub detail: String,
    /// What else the client needs.
    pub meta: Option<Box<Value>>,
}

impl Refusal {
    fn new(
        reason: Reason,
        code: &'static str,
        title: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        Self { reason, code, title, detail: detail.into(), meta: None }
    }

    /// Bad login, bad or expired access token, wrong one-time password.
    pub fn credentials(detail: &str) -> Self {
        Self::new(Reason::Credentials, "PX100", "Invalid Credentials", detail)
    }

    /// The account needs a one-time password as well.
    pub fn one_time_password(login_token: &str, expires_at: Timestamp) -> Self {
        let detail = "Repeat the request with the login token and a one-time password.";
        let refusal = Self::new(Reason::Permission, "PX200", "One-Time Password Required", detail);
        let meta = json!({"login_token": login_token, "expires_at": expires_at});
        Self { meta: Some(Box::new(meta)), ..refusal }
    }

    /// A free account, or a collaborator whose role does not reach so far.
    pub fn permission(detail: &str) -> Self {
        Self::new(Reason::Permission, "PX300", "Invalid Permission", detail)
    }

    /// The password header of a login key's write.
    pub fn password() -> Self {
        let detail = "The X-Electricimp-Password header must hold the password of the account.";
        Self::new(Reason::Password, "PX101", "Invalid Password", detail)
    }

    /// The key header of an unblessing request.
    pub fn unblessing_key() -> Self {
        let detail = "The X-Electricimp-Key header must hold the unblessing key of the account.";
        Self::new(Reason::UnblessingKey, "PX102", "Invalid Unblessing Key", detail)
    }

    /// No such thing, or none that the account may see.
    pub fn not_found(what: &str, id: &str) -> Self {
        let detail = format!("{what} {id} was not found.");
        Self::new(Reason::NotFound, "NF001", "Resource Not Found", detail)
    }

    /// The address leads nowhere.
    pub fn no_such_path(path: &str) -> Self {
        let detail = format!("There is nothing at {path}.");
        Self::new(Reason::NotFound, "NF000", "Not Found", detail)
    }

    /// The address exists, but not with this method.
    pub fn method(method: &str) -> Self {
        let detail = format!("{method} is not possible here.");
        Self::new(Reason::Method, "VX005", "Method Not Allowed", detail)
    }

    /// Neither a refresh token nor a login key.
    pub fn unknown_token() -> Self {
        let detail = "The refresh token or login key is not known.";
        Self::new(Reason::UnknownToken, "NF002", "Token Not Found", detail)
    }

    /// The body is not JSON.
    pub fn not_json(detail: &str) -> Self {
        Self::new(Reason::Invalid, "VX001", "Invalid JSON", detail)
    }

    /// The body is JSON, but not of the required shape.
    pub fn shape(detail: impl Into<String>) -> Self {
        Self::new(Reason::Invalid, "VX002", "Invalid Document", detail)
    }

    /// A value is missing, unknown, of the wrong type or out of its limits.
    pub fn attribute(detail: impl Into<String>) -> Self {
        Self::new(Reason::Invalid, "VX003", "Invalid Attribute", detail)
    }

    /// A value that a create must have.
    pub fn required(name: &str) -> Self {
        Self::attribute(format!("`{name}` is required."))
    }

    /// A query parameter is unknown or has no possible value.
    pub fn query(detail: impl Into<String>) -> Self {
        Self::new(Reason::Invalid, "VX004", "Invalid Parameter", detail)
    }

    /// The body has another media type.
    pub fn media_type(wanted: &str) -> Self {
        let detail = format!("The Content-Type must be {wanted}.");
        Self::new(Reason::MediaType, "VX006", "Unsupported Media Type", detail)
    }

    /// The body is beyond what the server reads.
    pub fn body_too_large() -> Self {
        let detail = "The request body is too large.";
        Self::new(Reason::BodyTooLarge, "VX007", "Payload Too Large", detail)
    }

    /// More devices than one request may name.
    pub fn batch_too_large(cap: usize) -> Self {
        let detail = format!("At most {cap} devices are possible in one request.");
        Self::new(Reason::BatchTooLarge, "VX008", "Too Many Devices", detail)
    }

    /// A name that exists. `what` is `Products` or `Devicegroups`.
    pub fn duplicate_name(what: &str) -> Self {
        let detail = format!("{what} must have unique names.");
        Self::new(Reason::Conflict, "CX001", "Duplicate Resource", detail)
    }

    /// A product that still has device groups.
    pub fn dependent_groups() -> Self {
        let detail = "Cannot delete a product with associated devicegroups.";
        Self::new(Reason::Conflict, "CX002", "Dependent Devicegroups Exist", detail)
    }

    /// A device group that still has flagged deployments.
    pub fn flagged_deployments() -> Self {
        let detail = "Cannot delete a devicegroup with flagged deployments; delete those first.";
        Self::new(Reason::Conflict, "CX003", "Flagged Deployments Exist", detail)
    }

    /// A deployment that is flagged.
    pub fn flagged() -> Self {
        let detail = "You cannot delete flagged deployments; set the flagged attribute to false and try again.";
        Self::new(Reason::Conflict, "CX004", "Resource Flagged", detail)
    }

    /// A device group that still has devices.
    pub fn devices_assigned() -> Self {
        let detail = "Cannot delete a devicegroup with assigned devices; unassign those first.";
        Self::new(Reason::Conflict, "CX006", "Assigned Devices Exist", detail)
    }

    /// A device group that a fixture group names as its target.
    pub fn targeted() -> Self {
        let detail = "Cannot delete a devicegroup that is the target of another devicegroup.";
        Self::new(Reason::Conflict, "CX007", "Dependent Devicegroups Exist", detail)
    }

    /// A deployment that is the minimum of its group, or newer.
    pub fn minimum_deployment() -> Self {
        let detail =
            "You cannot delete the minimum supported deployment of a devicegroup or a newer one.";
        Self::new(Reason::Conflict, "CX008", "Deployment In Use", detail)
    }

    /// A minimum that would go back, or a deployment of another group.
    pub fn older_minimum(detail: &str) -> Self {
        Self::new(Reason::Conflict, "CX009", "Invalid Min Supported Deployment", detail)
    }

    /// A device that may not go where it was sent.
    pub fn assignment(detail: impl Into<String>) -> Self {
        Self::new(Reason::Conflict, "CX010", "Invalid Assignment", detail)
    }

    /// A device that is still in a group, or is a production device.
    pub fn device_assigned(detail: &str) -> Self {
        Self::new(Reason::Conflict, "CX011", "Device Assigned", detail)
    }

    /// A device without a group cannot restart.
    pub fn device_unassigned() -> Self {
        let detail = "The device is not assigned to a devicegroup.";
        Self::new(Reason::Conflict, "CX012", "Device Unassigned", detail)
    }

    /// No more login keys.
    pub fn account_limit() -> Self {
        let detail = "The account has the greatest number of login keys already.";
        Self::new(Reason::Conflict, "CX013", "Account Limit Reached", detail)
    }

    /// A log stream that somebody reads already.
    pub fn stream_taken() -> Self {
        let detail = "The logstream is being read already; request a new one.";
        Self::new(Reason::Conflict, "CX014", "Logstream In Use", detail)
    }

    /// A log stream that nobody reads yet.
    pub fn stream_unopened() -> Self {
        let detail = "Open the logstream before you add devices.";
        Self::new(Reason::Conflict, "CX015", "Logstream Not Open", detail)
    }

    /// Devices whose logs the API does not show.
    pub fn no_logs(device: DeviceId) -> Self {
        let detail = format!("Device {device} is a production device; its logs are not available.");
        Self::new(Reason::Permission, "PX301", "Logging Not Supported", detail)
    }

    /// Code that the compiler refuses; `remarks` say where.
    pub fn compilation(remarks: Vec<Value>) -> Self {
        let detail = "The code could not be compiled.";
        let refusal = Self::new(Reason::Invalid, "CX005", "Compilation Error", detail);
        Self { meta: Some(Box::new(remarks.into())), ..refusal }
    }

    /// What cannot be called.
    pub fn url() -> Self {
        Self::new(Reason::Invalid, "VX010", "Invalid URL", "The provided URL is invalid.")
    }

    /// What the hardware cannot do, for the control address.
    pub fn hardware(detail: impl Into<String>) -> Self {
        Self::new(Reason::Conflict, "HW001", "Not Possible", detail)
    }

    /// Targets of a fixture group that do not fit it.
    pub fn target(detail: impl Into<String>) -> Self {
        Self::new(Reason::Invalid, "VX009", "Invalid Target", detail)
    }

    /// Over the rate limit.
    pub fn too_many() -> Self {
        let detail = "The account has sent too many requests; try again later.";
        Self::new(Reason::TooMany, "XX429", "Too Many Requests", detail)
    }

    /// The error of a batch, without saying which device it is about.
    pub fn make_anonymous(&mut self) {
        self.detail = "One of the devices could not be processed.".to_owned();
    }

    /// What a fault rule asked for, about one device of a batch.
    pub fn device_fault(status: u16, device: &str) -> Self {
        let detail = format!("Device {device} could not be processed.");
        Self { detail, ..Self::fault(status) }
    }

    /// What a fault rule asked for.
    pub fn fault(status: u16) -> Self {
        let detail = "The request could not be completed.";
        Self::new(Reason::Fault(status), "XX001", "Internal Error", detail)
    }
}
