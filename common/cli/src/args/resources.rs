//! The options that say what a verb works on: devices, device groups, products or deployments, each with the sources
//! of rows that take their place.

use std::sync::OnceLock;

use clap::Args;

use crate::args::{Input, identifier};
use crate::command_error::CommandError;
use crate::project_file;
use crate::rows::source::RowArgs;
use crate::terminal::stdin::{self, Stdin};

/// The devices that a verb works on.
#[derive(Args, Clone, Debug)]
pub struct Devices {
    /// A device: id, MAC address, agent id or name
    #[arg(long, short, value_name = "DEVICE", value_parser = identifier, allow_hyphen_values = true, display_order = 0)]
    device: Vec<String>,
    /// The same without an option; `-` is stdin
    #[arg(value_name = "DEVICE", value_parser = identifier, id = "named")]
    named: Vec<String>,
    #[arg(skip)]
    all: OnceLock<Vec<String>>,
    #[command(flatten)]
    input: Input,
}

impl Devices {
    /// True when all of them stand on the command line, so that no row can say more.
    pub fn are_typed(&self) -> bool {
        self.row_args().source.is_typed()
    }

    /// Where the rows come from.
    pub fn row_args(&self) -> RowArgs<'_> {
        self.input.row_args(
            "device",
            "--device",
            self.all.get_or_init(|| [&self.device[..], &self.named].concat()),
        )
    }
}

/// The device groups that a verb works on.
#[derive(Args, Clone, Debug)]
pub struct DeviceGroups {
    /// A device group: id, name or {PRODUCT}{GROUP}
    #[arg(long, short = 'g', value_name = "DEVICE_GROUP", value_parser = identifier, allow_hyphen_values = true, display_order = 0)]
    dg: Vec<String>,
    /// The same without an option; `-` is stdin
    #[arg(value_name = "DEVICE_GROUP", value_parser = identifier, id = "named")]
    named: Vec<String>,
    #[arg(skip)]
    all: OnceLock<Vec<String>>,
    #[command(flatten)]
    input: Input,
}

impl DeviceGroups {
    /// Where nothing names a group, not even rows on stdin, the project file in the directory may.
    ///
    /// # Errors
    /// Exit 2 for a project file that is broken.
    pub fn or_of_project(&self) -> Result<(), CommandError> {
        let is_named =
            !(self.dg.is_empty() && self.named.is_empty() && self.input.input.is_empty());
        if is_named || stdin::kind() != Stdin::Nothing {
            return Ok(());
        }
        if let Some(group) = project_file::device_group()? {
            self.all.get_or_init(|| vec![group]);
        }
        Ok(())
    }

    /// Where the rows come from.
    pub fn row_args(&self) -> RowArgs<'_> {
        self.input.row_args(
            "device group",
            "--dg",
            self.all.get_or_init(|| [&self.dg[..], &self.named].concat()),
        )
    }
}

/// The products that a verb works on.
#[derive(Args, Clone, Debug)]
pub struct Products {
    /// A product: id, name or {ACCOUNT}{PRODUCT}
    #[arg(long, short, value_name = "PRODUCT", value_parser = identifier, allow_hyphen_values = true, display_order = 0)]
    product: Vec<String>,
    /// The same without an option; `-` is stdin
    #[arg(value_name = "PRODUCT", value_parser = identifier, id = "named")]
    named: Vec<String>,
    #[arg(skip)]
    all: OnceLock<Vec<String>>,
    #[command(flatten)]
    input: Input,
}

impl Products {
    /// Where the rows come from.
    pub fn row_args(&self) -> RowArgs<'_> {
        self.input.row_args(
            "product",
            "--product",
            self.all.get_or_init(|| [&self.product[..], &self.named].concat()),
        )
    }
}

/// The deployments that a verb works on.
#[derive(Args, Clone, Debug)]
pub struct Deployments {
    /// A build: id, sha, tag or origin
    #[arg(long, short, value_name = "BUILD", value_parser = identifier, allow_hyphen_values = true, display_order = 0)]
    build: Vec<String>,
    /// The same without an option; `-` is stdin
    #[arg(value_name = "BUILD", value_parser = identifier, id = "named")]
    named: Vec<String>,
    #[arg(skip)]
    all: OnceLock<Vec<String>>,
    #[command(flatten)]
    input: Input,
}

impl Deployments {
    /// Where the rows come from.
    pub fn row_args(&self) -> RowArgs<'_> {
        self.input.row_args(
            "deployment",
            "--build",
            self.all.get_or_init(|| [&self.build[..], &self.named].concat()),
        )
    }
}
