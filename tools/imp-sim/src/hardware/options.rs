//! The commands that act as hardware.

use clap::{ArgGroup, Args, Subcommand};

/// Acting as hardware, on a simulator that runs already.
#[derive(Subcommand)]
pub enum Hardware {
    /// Switch new development devices on, and BlinkUp them with the app; print their records.
    Add {
        /// How many.
        #[arg(long, value_name = "N", default_value_t = 1)]
        count: u64,
        /// Their model, for example imp004m; any by default.
        #[arg(long, value_name = "MODEL")]
        imp_type: Option<String>,
        /// The account to add them to, by username; the main one by default.
        #[arg(long, value_name = "NAME")]
        owner: Option<String>,
        #[command(flatten)]
        control: ControlOptions,
    },
    /// A shift on an assembly line: enrol, test, bless or reject; print each step.
    Line(LineOptions),
    /// BlinkUp by end users: activate blessed devices; print them.
    #[command(group = ArgGroup::new("whom").args(["device", "dg"]).required(true).multiple(true))]
    Activate {
        /// A blessed device; may be repeated.
        #[arg(long, value_name = "DEVICE")]
        device: Vec<String>,
        /// All devices of a (pre-)production group that are not activated yet; may be repeated.
        #[arg(long, value_name = "GROUP")]
        dg: Vec<String>,
        /// The plan id of the end user; a new one for each device by default.
        #[arg(long, value_name = "PLAN")]
        plan: Option<String>,
        #[command(flatten)]
        control: ControlOptions,
    },
    /// Connect devices; each boots cold.
    Online {
        /// The devices.
        #[arg(required = true, value_name = "DEVICE")]
        devices: Vec<String>,
        #[command(flatten)]
        control: ControlOptions,
    },
    /// Disconnect devices.
    Offline {
        /// The devices.
        #[arg(required = true, value_name = "DEVICE")]
        devices: Vec<String>,
        #[command(flatten)]
        control: ControlOptions,
    },
    /// Let a device log a line.
    Log(LogOptions),
}

/// `imp-sim line`.
#[derive(Args)]
pub struct LineOptions {
    /// The fixture at its end: a device in a (pre-)fixture group, or such a group.
    #[arg(long, value_name = "DEVICE")]
    pub fixture: String,
    /// How many devices come along.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub duts: u64,
    /// Devices a second; as fast as possible by default.
    #[arg(long, value_name = "N", value_parser = rate)]
    pub rate: Option<f64>,
    /// The share that does not pass its test: exactly so many, rounded.
    #[arg(long, value_name = "P%", default_value = "0%", value_parser = percent)]
    pub fail: f64,
    /// Which ones do not pass follows from it.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    #[command(flatten)]
    pub control: ControlOptions,
}

/// `imp-sim log`.
#[derive(Args)]
pub struct LogOptions {
    /// The device.
    #[arg(value_name = "DEVICE")]
    pub device: String,
    /// The line; {} in it becomes its number with --count.
    #[arg(value_name = "TEXT")]
    pub text: String,
    /// The type of the log entry.
    #[arg(long = "type", value_name = "TYPE", default_value = "server.log")]
    pub kind: String,
    /// How many lines.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub count: u64,
    /// Lines a second; as fast as possible by default.
    #[arg(long, value_name = "N", value_parser = rate)]
    pub rate: Option<f64>,
    #[command(flatten)]
    pub control: ControlOptions,
}

/// Where the simulator is.
#[derive(Args)]
pub struct ControlOptions {
    /// The simulator's control address; $IMP_SIM_CONTROL by default.
    #[arg(long, value_name = "URL")]
    pub control: Option<String>,
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(rate) if rate > 0.0 && rate <= 1e6 => Ok(rate),
        _ => Err("give a number above 0".to_owned()),
    }
}

fn percent(text: &str) -> Result<f64, String> {
    match text.strip_suffix('%').unwrap_or(text).parse() {
        Ok(share) if (0.0..=100.0).contains(&share) => Ok(share),
        _ => Err("give a share from 0% to 100%".to_owned()),
    }
}
