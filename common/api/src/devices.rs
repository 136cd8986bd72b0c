//! What is special about devices: how they are named, and a list that may leave some out.

use std::ops::ControlFlow;

use serde_json::Value;

use crate::paging::{self, Reading};
use crate::seen::Seen;
use crate::{Client, Error, Record};

/// The groups whose devices the plain list may leave out (reference 4.5: it is described as a list of
/// *development* devices, and whether the others are in it is not known).
const PERHAPS_LEFT_OUT: [&str; 2] = ["production_devicegroup", "pre_production_devicegroup"];

/// Lists devices. When no filter speaks of groups and no production device came, production devices
/// are asked for as well, so that the list is whole whatever the service means by it.
///
/// # Errors
/// As [`paging::list`].
pub fn list(
    client: &Client,
    filters: &[(String, String)],
    reading: &Reading<'_>,
    seen: &mut Seen,
    mut each: impl FnMut(Record) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, Error> {
    let mut came = [false; PERHAPS_LEFT_OUT.len()];
    let ended = paging::list(client, "/devices", filters, reading, seen, |device| {
        let kind = device.get("devicegroup_type").and_then(Value::as_str);
        for (came, left_out) in came.iter_mut().zip(PERHAPS_LEFT_OUT) {
            *came |= kind == Some(left_out);
        }
        each(device)
    })?;
    if ended.is_break() || filters.iter().any(|(name, _)| name.starts_with("filter[devicegroup.")) {
        return Ok(ended);
    }
    for (kind, _) in PERHAPS_LEFT_OUT.iter().zip(came).filter(|(_, came)| !came) {
        if !(reading.wanted)() {
            return Ok(ControlFlow::Break(()));
        }
        let mut filters = filters.to_vec();
        filters.push(("filter[devicegroup.type]".into(), (*kind).into()));
        if paging::list(client, "/devices", &filters, reading, seen, &mut each)?.is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    Ok(ControlFlow::Continue(()))
}

/// What an identifier of a device looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// 16 hex digits.
    Id,
    /// A MAC address with colons.
    Mac,
    /// 12 characters of URL-safe base64: perhaps an agent id, perhaps a name.
    Agent,
    /// Anything else can only be a name.
    Name,
}

/// The form of `text`. Ids and MAC addresses are never looked up as names; something in the form of an
/// agent id is, when there is no such agent.
pub fn form(text: &str) -> Form {
    let hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let octets: Vec<&str> = text.split(':').collect();
    if text.len() == 16 && hex(text) {
        Form::Id
    } else if octets.len() == 6 && octets.iter().all(|octet| octet.len() == 2 && hex(octet)) {
        Form::Mac
    } else if text.len() == 12
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    {
        Form::Agent
    } else {
        Form::Name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        for (text, expected) in [
            ("234776801163a9ee", Form::Id),
            ("0c:2a:69:05:0d:62", Form::Mac),
            ("-jXp_9QaLm2Z", Form::Agent),
            ("my_device_01", Form::Agent),
            ("0c:2a:69:05:0d", Form::Name),
            ("Kitchen", Form::Name),
            ("", Form::Name),
        ] {
            assert_eq!(form(text), expected, "{text}");
        }
    }
}
