//! The flags of verbs that change something.

use clap::Args;
use clap::builder::ArgPredicate;

use crate::guards::MaxChanges;

use crate::consent::Ask;

/// Flags of verbs that change something.
#[derive(Args, Clone, Copy, Debug, Default)]
pub struct Changes {
    /// Say what would be done, and change nothing
    #[arg(long, default_value_if("plan", ArgPredicate::IsPresent, "true"))]
    pub dry_run: bool,
    /// Print the changes, for imp-change apply
    #[arg(long)]
    pub plan: bool,
    /// Change no more than so many
    #[arg(long, value_name = "N")]
    pub max_changes: Option<MaxChanges>,
    /// Print the whole state after the change
    #[arg(long)]
    pub read_back: bool,
}

/// `--dry-run` alone, for verbs after which there is no state to read back.
#[derive(Args, Clone, Copy, Debug, Default)]
pub struct DryRun {
    /// Say what would be done, and change nothing
    #[arg(long, default_value_if("plan", ArgPredicate::IsPresent, "true"))]
    pub dry_run: bool,
    /// Print the changes, for imp-change apply
    #[arg(long)]
    pub plan: bool,
    /// Change no more than so many
    #[arg(long, value_name = "N")]
    pub max_changes: Option<MaxChanges>,
}

impl From<DryRun> for Changes {
    fn from(dry: DryRun) -> Changes {
        Changes {
            dry_run: dry.dry_run,
            plan: dry.plan,
            max_changes: dry.max_changes,
            read_back: false,
        }
    }
}

/// `--confirmed` of verbs that ask before they touch production groups.
#[derive(Args, Clone, Copy, Debug)]
#[command(next_help_heading = "Changes")]
pub struct ConfirmedProduction {
    /// Do not ask before production groups are touched
    #[arg(long, short = 'q')]
    confirmed: bool,
}

impl ConfirmedProduction {
    /// The question, as in "restart 1 production group".
    pub fn ask(self, verb: &'static str) -> Ask {
        Ask::about_production(verb, self.confirmed)
    }
}

/// How many devices go into one request.
#[derive(Args, Clone, Copy, Debug)]
pub struct BatchSize {
    /// Devices in one request, at most
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=1000))]
    batch: u16,
}

impl BatchSize {
    /// Devices in one request, at most.
    pub fn batch(self) -> usize {
        usize::from(self.batch)
    }
}

/// Flags of verbs that move many devices in one request.
#[derive(Args, Clone, Copy, Debug)]
pub struct Bulk {
    #[command(flatten)]
    size: BatchSize,
    /// Begin before the input has ended, for live sources
    #[arg(long)]
    pub stream: bool,
}

impl Bulk {
    /// Devices in one request, at most.
    pub fn batch(self) -> usize {
        self.size.batch()
    }
}
