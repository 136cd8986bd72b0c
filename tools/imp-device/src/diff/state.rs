//! What is said of a device that should be there, by what the service shows and what the webhooks told: decided
//! without either.

use std::sync::Arc;
use std::time::SystemTime;

use ops::membership::Group;

use super::device::Device;

/// What is said of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is where it should be.
    Present,
    /// The account does not have it.
    Missing,
    /// It is somewhere else.
    Elsewhere,
    /// No row names it.
    Unexpected,
    /// Another row before names it, too.
    Doubled,
    /// No webhook has told that it was blessed, and it is in no group of blessed devices.
    NeverBlessed,
    /// A webhook has told that it was blessed, and the service has not seen it since.
    BlessedButSilent,
}

impl State {
    /// All of them, in the order in which they are counted.
    pub const ALL: [State; 7] = [
        State::Present,
        State::Missing,
        State::Elsewhere,
        State::Unexpected,
        State::Doubled,
        State::NeverBlessed,
        State::BlessedButSilent,
    ];

    /// The word in records.
    pub fn word(self) -> &'static str {
        match self {
            State::Present => "present",
            State::Missing => "missing",
            State::Elsewhere => "elsewhere",
            State::Unexpected => "unexpected",
            State::Doubled => "doubled",
            State::NeverBlessed => "never_blessed",
            State::BlessedButSilent => "blessed_but_silent",
        }
    }

    /// The words of all.
    pub fn words() -> Vec<String> {
        State::ALL.map(|state| state.word().to_owned()).into()
    }
}

/// Where a device should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the account.
    Account,
    /// In the product with this id.
    Product(String),
    /// In this device group.
    Group(Arc<Group>),
}

/// What the webhooks have told of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blessing {
    /// Nobody has asked for it.
    NotAsked,
    /// There was none.
    None,
    /// The last came at this time, if the journal says when.
    Came(Option<SystemTime>),
}

/// What is said of a device that should be in this place, by what the service shows of it.
pub fn state(place: &Place, device: Option<&Device>, blessing: Blessing) -> State {
    let Some(device) = device else {
        let was_blessed = matches!(blessing, Blessing::Came(_));
        return if was_blessed { State::BlessedButSilent } else { State::Missing };
    };
    let group = device.group.as_deref();
    let is_there = match place {
        Place::Account => true,
        Place::Product(product) => {
            group.is_some_and(|group| group.product.as_ref() == Some(product))
        }
        Place::Group(wanted) => group.is_some_and(|group| group.id == wanted.id),
    };
    // Who gives a journal of blessings looks for blessed devices, unless the group is one for others.
    let wants_blessed = blessing != Blessing::NotAsked
        && !matches!(place, Place::Group(wanted) if !wanted.is_blessed());
    let lacks_blessing = wants_blessed && !group.is_some_and(Group::is_blessed);
    match blessing {
        Blessing::None if lacks_blessing => State::NeverBlessed,
        _ if !is_there || lacks_blessing => State::Elsewhere,
        Blessing::Came(at) if wants_blessed && is_silent_since(device, at) => {
            State::BlessedButSilent
        }
        _ => State::Present,
    }
}

/// Whether the service has not seen the device since this time.
fn is_silent_since(device: &Device, at: Option<SystemTime>) -> bool {
    match device.changed_at {
        _ if device.is_online => false,
        None => true,
        Some(changed) => at.is_some_and(|at| changed < at),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Record;
    use serde_json::json;
    use std::time::Duration;

    fn group(id: &str, kind: &str, product: &str) -> Arc<Group> {
        let (id, kind) = (id.to_owned(), format!("{kind}_devicegroup"));
        Arc::new(Group { id, kind, product: Some(product.to_owned()) })
    }

    fn device(group: Option<&Arc<Group>>, is_online: bool, changed_at: Option<&str>) -> Device {
        let record = json!({"type": "device", "id": "1", "device_online": is_online,
            "device_state_changed_at": changed_at});
        let record: Record = serde_json::from_value(record).unwrap();
        Device::new(&record, group.cloned())
    }

    #[test]
    fn without_webhooks_it_is_the_place_that_counts() {
        let (bench, other) = (group("b", "development", "p"), group("o", "development", "q"));
        let in_bench = device(Some(&bench), false, None);
        let free = device(None, true, None);
        let product = || Place::Product("p".into());
        for (place, device, expected) in [
            (Place::Account, Some(&free), State::Present),
            (Place::Account, None, State::Missing),
            (product(), Some(&in_bench), State::Present),
            (product(), Some(&free), State::Elsewhere),
            (Place::Product("q".into()), Some(&in_bench), State::Elsewhere),
            (Place::Group(bench), Some(&in_bench), State::Present),
            (Place::Group(other.clone()), Some(&in_bench), State::Elsewhere),
            (Place::Group(other), None, State::Missing),
        ] {
            assert_eq!(state(&place, device, Blessing::NotAsked), expected, "{place:?}");
        }
    }

    #[test]
    fn with_webhooks_it_is_the_blessing_that_counts() {
        let (shipped, dut) = (group("s", "production", "p"), group("d", "dut", "p"));
        let at = cli::service_time("2026-11-27T10:00:00Z");
        let came = Blessing::Came(at);
        let online = device(Some(&shipped), true, Some("2026-11-27T09:00:00.000Z"));
        let gone = device(Some(&shipped), false, Some("2026-11-27T10:00:05.000Z"));
        let silent = device(Some(&shipped), false, Some("2026-11-27T09:00:00.000Z"));
        let unheard = device(Some(&shipped), false, None);
        let dut_device = device(Some(&dut), true, None);
        let wanted = Place::Group(shipped);
        for (device, blessing, expected) in [
            (Some(&online), came, State::Present),
            (Some(&gone), came, State::Present),
            (Some(&silent), came, State::BlessedButSilent),
            (Some(&silent), Blessing::Came(None), State::Present),
            (Some(&unheard), Blessing::Came(None), State::BlessedButSilent),
            (None, came, State::BlessedButSilent),
            (None, Blessing::None, State::Missing),
            // It is where only blessed devices are: a webhook got lost.
            (Some(&silent), Blessing::None, State::Present),
            (Some(&dut_device), Blessing::None, State::NeverBlessed),
            (Some(&dut_device), came, State::Elsewhere),
        ] {
            for place in [wanted.clone(), Place::Product("p".into())] {
                assert_eq!(state(&place, device, blessing), expected, "{place:?} {blessing:?}");
            }
        }
        // A group that is not for blessed devices is a place like any other.
        let duts = Place::Group(dut);
        assert_eq!(state(&duts, Some(&dut_device), Blessing::None), State::Present);
        let later = Blessing::Came(at.map(|at| at + Duration::from_secs(60)));
        assert_eq!(state(&duts, Some(&silent), later), State::Elsewhere);
    }
}
