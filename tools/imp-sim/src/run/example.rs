//! The files of `--example`: what README's pipelines read.

use std::fs;
use std::path::Path;

use crate::state::State;
use crate::state::devices::Device;
use crate::state::ids::Id;
use crate::state_file;

/// Their names.
pub const NAMES: [&str; 3] = ["devices.csv", "returns.csv", "key.txt"];

/// Devices of the delivery note.
const DELIVERED: usize = 40;
/// Its lines on which somebody typed a letter for the digit.
const MISTYPED: [usize; 3] = [3, 17, 30];
/// Devices that customers have sent back.
const RETURNED: usize = 5;

/// Writes a delivery note, a list of what was sent back, and the unblessing key.
///
/// # Errors
/// Those of the system.
pub fn write(state: &State, unblessing_key: &str, directory: &Path) -> anyhow::Result<()> {
    let Some(&main) = state.accounts.keys().next() else { return Ok(()) };
    let mut delivered = macs(state, main, DELIVERED, |device| device.group.is_none());
    for line in MISTYPED {
        if let Some(mac) = delivered.get_mut(line) {
            mac.replace_range(..1, "o");
        }
    }
    let [devices, returns, key] = NAMES.map(|name| directory.join(name));
    fs::write(devices, column("mac_address", &delivered))?;
    let in_group = |name: &'static str| {
        move |device: &Device| {
            let group = device.group.and_then(|group| state.groups.get(&group));
            group.is_some_and(|group| group.name == name)
        }
    };
    let mut returned = macs(state, main, RETURNED, in_group("Shipped"));
    // Somebody has put one of the workshop's own into the box.
    returned.extend(macs(state, main, 1, in_group("Bench")));
    fs::write(returns, column("mac_address", &returned))?;
    state_file::replace(&key, format!("{unblessing_key}\n").as_bytes())
}

fn macs(state: &State, owner: Id, number: usize, which: impl Fn(&Device) -> bool) -> Vec<String> {
    let devices = state.devices.iter().filter(|device| device.owner == owner && which(device));
    devices.take(number).map(|device| device.mac.to_string()).collect()
}

fn column(header: &str, values: &[String]) -> String {
    format!("{header}\n{}\n", values.join("\n"))
}
