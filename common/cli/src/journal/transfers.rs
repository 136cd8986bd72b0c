//! Devices that go from one group to another by one request, as the journal keeps them while that is under way: each
//! by its id and two small numbers, since a million of them may go.

use std::fmt::Write;

use model::Effect;
use model::record::Record;
use serde_json::Value;

/// A group by its id and its type; `None`: no group.
type Side<'a> = Option<(&'a str, &'a str)>;

/// Devices that go from one group to another.
#[derive(Clone, Debug, Default)]
pub struct Transfers {
    devices: String,
    /// From which of the groups each goes, and into which.
    ways: String,
    groups: Vec<Option<(String, String)>>,
    /// Those of the device that was added last.
    last: (usize, usize),
}

impl Transfers {
    /// Adds a device, by its id or what else is known of it.
    pub fn add(&mut self, device: &str, from: Side<'_>, to: Side<'_>) {
        self.last = (self.place(from, self.last.0), self.place(to, self.last.1));
        let is_first = self.devices.is_empty();
        self.devices.push(if is_first { '[' } else { ',' });
        // A text cannot fail to be written, nor can memory.
        let _written = write!(self.devices, "{}", Text(device));
        let (from, to) = self.last;
        let _written = write!(self.ways, "{}{from},{to}", if is_first { '[' } else { ',' });
    }

    /// The place of a group; `likely` is where it may be.
    fn place(&mut self, side: Side<'_>, likely: usize) -> usize {
        let is_it = |group: &Option<(String, String)>| {
            group.as_ref().map(|(id, kind)| (id.as_str(), kind.as_str())) == side
        };
        if self.groups.get(likely).is_some_and(is_it) {
            return likely;
        }
        self.groups.iter().position(is_it).unwrap_or_else(|| {
            self.groups.push(side.map(|(id, kind)| (id.to_owned(), kind.to_owned())));
            self.groups.len() - 1
        })
    }

    /// As JSON.
    pub(super) fn to_json(&self) -> String {
        let mut json = String::with_capacity(self.devices.len() + self.ways.len() + 256);
        let groups: Vec<Value> = self
            .groups
            .iter()
            .map(|group| group.as_ref().map_or(Value::Null, |(id, kind)| [&**id, kind].into()))
            .collect();
        let list = |text: &str| if text.is_empty() { "[]".to_owned() } else { format!("{text}]") };
        let (devices, ways) = (list(&self.devices), list(&self.ways));
        // As above.
        let _written = write!(
            json,
            "{{\"devices\":{devices},\"groups\":{},\"ways\":{ways}}}",
            Value::from(groups)
        );
        json
    }

    /// What becomes of each device by transfers that were written.
    pub(super) fn read(json: &Value) -> Option<Vec<Effect>> {
        let list = |name: &str| json.get(name).and_then(Value::as_array);
        let group = |group: &Value| match group {
            Value::Null => Some(None),
            group => {
                Some(Some((group.get(0)?.as_str()?.to_owned(), group.get(1)?.as_str()?.to_owned())))
            }
        };
        let groups: Vec<Option<(String, String)>> =
            list("groups")?.iter().map(group).collect::<Option<_>>()?;
        let side = |place: &Value| {
            let group = groups.get(usize::try_from(place.as_u64()?).ok()?)?;
            Some(group.as_ref().map(|(id, kind)| (id.as_str(), kind.as_str())))
        };
        let effect = |(device, way): (&Value, &[Value])| {
            let named = [("type", "device"), ("id", device.as_str()?)];
            let named = named.map(|(name, text)| (name.to_owned(), text.into()));
            Some(Effect::transfer(&Record::from_iter(named), side(&way[0])?, side(&way[1])?))
        };
        list("devices")?.iter().zip(list("ways")?.chunks_exact(2)).map(effect).collect()
    }
}

/// A text as JSON.
struct Text<'a>(&'a str);

impl std::fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0.bytes().any(|byte| byte < 0x20 || byte == b'"' || byte == b'\\') {
            true => write!(f, "{}", Value::from(self.0)),
            false => write!(f, "\"{}\"", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transfers_are_read_as_they_were_written() {
        let (a, b) = (Some(("a", "dut_devicegroup")), Some(("b", "production_devicegroup")));
        let all = [("1", a, b), ("2", a, b), ("Le\"ft", None, b), ("3", b, None), ("4", a, a)];
        let mut transfers = Transfers::default();
        for (device, from, to) in all {
            transfers.add(device, from, to);
        }
        let json = serde_json::from_str(&transfers.to_json()).unwrap();
        let effects = all.map(|(device, from, to)| {
            let named = [("type", "device"), ("id", device)];
            let named = named.map(|(name, text)| (name.to_owned(), text.into()));
            Effect::transfer(&Record::from_iter(named), from, to)
        });
        assert_eq!(Transfers::read(&json).unwrap(), effects);
        let nothing = serde_json::from_str(&Transfers::default().to_json()).unwrap();
        assert_eq!(Transfers::read(&nothing).unwrap(), []);
        for broken in [r#"{}"#, r#"{"devices":["1"],"groups":[],"ways":[0,0]}"#] {
            assert_eq!(Transfers::read(&serde_json::from_str(broken).unwrap()), None, "{broken}");
        }
    }
}
