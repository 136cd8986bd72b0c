//! Acting as hardware on a simulator that runs already: `add`, `line`, `activate`, `online`,
//! `offline`, `log`. All of it goes through the control address.

mod client;
mod line;
mod options;

use std::time::Duration;

use anyhow::Context;
use serde_json::{Value, json};

use crate::clock::Clock;
use crate::console;
use client::{Control, Refused};
pub use options::Hardware;
use options::{ControlOptions, LogOptions};

/// Does it. 0; or 1 when the simulator refused.
pub async fn run(command: &Hardware) -> anyhow::Result<u8> {
    match act(command).await {
        Ok(()) => Ok(0),
        Err(error) if error.is::<Refused>() => {
            console::message(error);
            Ok(1)
        }
        Err(error) => Err(error),
    }
}

async fn act(command: &Hardware) -> anyhow::Result<()> {
    match command {
        Hardware::Add { count, imp_type, owner, control } => {
            let body = json!({"count": count, "imp_type": imp_type, "owner": owner});
            print(&connect(control).await?.post("add-devices", &body).await?)?;
        }
        Hardware::Line(options) => {
            let mut control = connect(&options.control).await?;
            line::work(options, &mut control).await?;
        }
        Hardware::Activate { device, dg, plan, control } => {
            let mut control = connect(control).await?;
            if !device.is_empty() {
                let body = json!({"devices": device, "plan": plan});
                print(&control.post("activate", &body).await?)?;
            }
            for group in dg {
                let body = json!({"devicegroup": group, "plan": plan});
                print(&control.post("activate", &body).await?)?;
            }
        }
        Hardware::Online { devices, control } => {
            let body = json!({"devices": devices});
            print(&connect(control).await?.post("online", &body).await?)?;
        }
        Hardware::Offline { devices, control } => {
            let body = json!({"devices": devices});
            print(&connect(control).await?.post("offline", &body).await?)?;
        }
        Hardware::Log(options) => log(options).await?,
    }
    Ok(())
}

/// Lets a device log its lines.
async fn log(options: &LogOptions) -> anyhow::Result<()> {
    let LogOptions { device, text, kind, count, rate, control } = options;
    let (mut control, pace) = (connect(control).await?, Pace::start(*rate));
    for number in 0..*count {
        pace.wait_for(number).await;
        let text = match count {
            1 => text.clone(),
            _ => text.replace("{}", &(number + 1).to_string()),
        };
        let body = json!({"devices": [device], "text": text, "type": kind});
        control.post("log", &body).await?;
    }
    Ok(())
}

/// One record a line.
fn print(records: &[Value]) -> anyhow::Result<()> {
    records.iter().try_for_each(console::line)
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
async fn connect(options: &ControlOptions) -> anyhow::Result<Control> {
    let variable = || std::env::var("IMP_SIM_CONTROL").ok().filter(|url| !url.is_empty());
    let url = options.control.clone().or_else(variable);
    let url = url.context("no simulator: set IMP_SIM_CONTROL or give --control")?;
    Control::connect(&url).await
}

/// So many things a second, counted from the start, so that delays do not add up.
struct Pace {
    clock: Clock,
    rate: Option<f64>,
}

impl Pace {
    /// Begins now; without a rate nothing ever waits.
    fn start(rate: Option<f64>) -> Self {
        Self { clock: Clock::start(), rate }
    }

    /// Waits until it is the turn of this number, from 0.
    async fn wait_for(&self, number: u64) {
        if let Some(rate) = self.rate {
            let due = Duration::from_secs_f64(number as f64 / rate);
            self.clock.wait(due.saturating_sub(self.clock.elapsed())).await;
        }
    }
}
