//! The devices, counted by what tells them apart. The memory is that of the combinations, not of the devices.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use cli::exposition::{Exposition, timestamp};
use cli::{service_time, text};
use model::{Record, ResourceKind};
use serde_json::Value;

/// The fields of a device that are labels, named as its record names them.
const LABELS: [&str; 5] =
    ["product_id", "devicegroup_id", "devicegroup_type", "imp_type", "swversion"];
/// Groups of these types have blessed devices.
const BLESSED: [&str; 2] = ["production_devicegroup", "pre_production_devicegroup"];
const DAY: u64 = 24 * 60 * 60;
/// For how long devices have been offline, at least.
const AGES: [(&str, Duration); 5] = [
    ("1h", Duration::from_secs(60 * 60)),
    ("1d", Duration::from_secs(DAY)),
    ("7d", Duration::from_secs(7 * DAY)),
    ("30d", Duration::from_secs(30 * DAY)),
    ("90d", Duration::from_secs(90 * DAY)),
];

/// Finds the name of an id.
pub type NameOf<'a> = &'a dyn Fn(ResourceKind, &str) -> String;

/// All devices of a list.
pub struct Fleet {
    listed_at: SystemTime,
    parts: BTreeMap<[String; LABELS.len()], Part>,
}

/// The devices with the same labels.
#[derive(Default)]
struct Part {
    devices: u64,
    online: u64,
    offline_for: [u64; AGES.len()],
    /// Since when the device has been offline that has been so for the longest time.
    offline_since: Option<SystemTime>,
    unblessed: u64,
    never_enrolled: u64,
}

impl Fleet {
    /// No devices yet; the list is of this time.
    pub fn at(listed_at: SystemTime) -> Self {
        Fleet { listed_at, parts: BTreeMap::new() }
    }

    /// Counts a device.
    pub fn add(&mut self, device: &Record) {
        let labels = LABELS.map(|name| match name {
            "swversion" => release(text(device, name)).to_owned(),
            name => text(device, name).to_owned(),
        });
        let part = self.parts.entry(labels).or_default();
        part.devices += 1;
        part.unblessed += u64::from(!BLESSED.contains(&text(device, "devicegroup_type")));
        part.never_enrolled += u64::from(text(device, "last_enrolled_at").is_empty());
        if device.get("device_online") == Some(&Value::Bool(true)) {
            part.online += 1;
        } else if let Some(since) = service_time(text(device, "device_state_changed_at")) {
            let age = self.listed_at.duration_since(since).unwrap_or_default();
            for (count, (_, at_least)) in part.offline_for.iter_mut().zip(AGES) {
                *count += u64::from(age >= at_least);
            }
            part.offline_since = Some(part.offline_since.map_or(since, |other| other.min(since)));
        }
    }

    /// The counts as text; with the names of groups and products if `name_of` is there to find them.
    pub fn exposition(&self, name_of: Option<NameOf<'_>>) -> String {
        let mut text = Exposition::default();
        let mut count = |name, help, value: fn(&Part) -> u64| {
            text.gauge(name, help);
            for (labels, part) in self.parts() {
                text.sample(&labels, value(part));
            }
        };
        count("imp_devices", "Devices.", |part| part.devices);
        count("imp_devices_online", "Devices that are online.", |part| part.online);
        let offline = |part: &Part| part.devices - part.online;
        count("imp_devices_offline", "Devices that are offline.", offline);
        let help = "Devices in no group of production or pre-production devices.";
        count("imp_devices_unblessed", help, |part| part.unblessed);
        let help = "Devices that have never been enrolled by BlinkUp.";
        count("imp_devices_never_enrolled", help, |part| part.never_enrolled);
        self.write_ages(&mut text);
        if let Some(name_of) = name_of {
            self.write_names(&mut text, name_of);
        }
        let help = "When the devices were listed, in seconds since 1970.";
        text.gauge("imp_devices_listed_timestamp_seconds", help);
        text.sample(&[], timestamp(self.listed_at));
        text.finish()
    }

    fn parts(&self) -> impl Iterator<Item = (Vec<(&str, &str)>, &Part)> {
        self.parts.iter().map(|(labels, part)| {
            (LABELS.into_iter().zip(labels.iter().map(String::as_str)).collect(), part)
        })
    }

    fn write_ages(&self, text: &mut Exposition) {
        let help = "Devices that have been offline for at least so long; each counts for all shorter times too.";
        text.gauge("imp_devices_offline_for", help);
        for (mut labels, part) in self.parts() {
            for ((age, _), count) in AGES.into_iter().zip(part.offline_for) {
                labels.push(("at_least", age));
                text.sample(&labels, count);
                labels.pop();
            }
        }
        let help = "Since when the device that has been offline for the longest time is, in seconds since 1970.";
        text.gauge("imp_devices_offline_since_timestamp_seconds", help);
        for (labels, part) in self.parts() {
            if let Some(since) = part.offline_since {
                text.sample(&labels, timestamp(since));
            }
        }
    }

    fn write_names(&self, text: &mut Exposition, name_of: NameOf<'_>) {
        let help = "The name of a device group and of its product.";
        text.gauge("imp_devicegroup_info", help);
        let groups: BTreeMap<&str, &str> = self
            .parts
            .keys()
            .map(|[product, group, ..]| (group.as_str(), product.as_str()))
            .collect();
        for (group, product) in groups.into_iter().filter(|(group, _)| !group.is_empty()) {
            let group_name = name_of(ResourceKind::DeviceGroup, group);
            let product_name = name_of(ResourceKind::Product, product);
            let labels = [
                ("product_id", product),
                ("product_name", &product_name),
                ("devicegroup_id", group),
                ("devicegroup_name", &group_name),
            ];
            text.sample(&labels, 1);
        }
    }
}

/// The part of a software version that many devices share, as `release-36.13`; what has none stays whole.
fn release(version: &str) -> &str {
    version.split(" - ").find(|part| part.starts_with("release-")).unwrap_or(version)
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;
    use serde_json::json;

    fn device(changes: &Value) -> Record {
        let mut device = json!({"type": "device", "device_online": false, "imp_type": "imp004m",
            "swversion": "1ae4c87 - release-36.13 - Wed Dec 20 10:52:30 2017 - production",
            "devicegroup_id": "g", "devicegroup_type": "dut_devicegroup",
            "product_id": "p", "device_state_changed_at": null, "last_enrolled_at": null});
        for (name, value) in changes.as_object().unwrap() {
            device[name] = value.clone();
        }
        serde_json::from_value(device).unwrap()
    }

    #[test]
    fn devices_are_counted_by_labels_and_by_age() {
        let now = UNIX_EPOCH + Duration::from_secs(100 * DAY);
        let mut fleet = Fleet::at(now);
        fleet.add(&device(
            &json!({"device_online": true, "last_enrolled_at": "2020-01-01T00:00:00Z"}),
        ));
        fleet.add(&device(&json!({"device_state_changed_at": "1970-04-10T00:00:00Z"})));
        fleet.add(&device(&json!({"device_state_changed_at": "1970-04-11T00:00:00.001Z"})));
        // The service's clock is ahead.
        fleet.add(&device(&json!({"device_state_changed_at": "1970-04-12T00:00:00Z"})));
        fleet.add(&device(
            &json!({"imp_type": "a\"b", "swversion": "v1", "devicegroup_type": "production_devicegroup"}),
        ));
        let text = fleet.exposition(None);
        let dut = "product_id=\"p\",devicegroup_id=\"g\",devicegroup_type=\"dut_devicegroup\",imp_type=\"imp004m\",swversion=\"release-36.13\"";
        let shipped = "product_id=\"p\",devicegroup_id=\"g\",devicegroup_type=\"production_devicegroup\",imp_type=\"a\\\"b\",swversion=\"v1\"";
        for line in [
            format!("imp_devices{{{dut}}} 4"),
            format!("imp_devices{{{shipped}}} 1"),
            format!("imp_devices_online{{{dut}}} 1"),
            format!("imp_devices_offline{{{dut}}} 3"),
            format!("imp_devices_unblessed{{{dut}}} 4"),
            format!("imp_devices_unblessed{{{shipped}}} 0"),
            format!("imp_devices_never_enrolled{{{dut}}} 3"),
            format!("imp_devices_offline_for{{{dut},at_least=\"1h\"}} 1"),
            format!("imp_devices_offline_for{{{dut},at_least=\"1d\"}} 1"),
            format!("imp_devices_offline_for{{{dut},at_least=\"7d\"}} 0"),
            format!("imp_devices_offline_since_timestamp_seconds{{{dut}}} 8553600.000"),
            "imp_devices_listed_timestamp_seconds 8640000.000".to_owned(),
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
        assert!(!text.contains(&format!("offline_since_timestamp_seconds{{{shipped}")), "{text}");
    }
}
