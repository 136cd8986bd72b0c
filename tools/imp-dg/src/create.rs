//! `imp-dg create`

mod make;

use model::GroupType;
use model::ResourceKind;

use clap::Args;
use cli::Session;
use cli::rows::{RowJob, each};
use cli::terminal::stderr;
use pipe::{Failure, Row};

use make::{Making, Run};

use crate::variables;

/// Create device groups; fixtures need a DUT and a target, columns beat options
#[derive(Args)]
pub struct Create {
    /// The name; without it, rows with a column `name`
    #[arg(long, short, value_name = "NAME")]
    name: Option<String>,
    /// The type [default: development, or the record's]
    #[arg(long, short = 'y', value_name = "TYPE", value_parser = cli::group_type())]
    dg_type: Option<GroupType>,
    /// The product it belongs to
    #[arg(long, short, value_name = "PRODUCT")]
    product: Option<String>,
    /// Create the product if there is none of that name
    #[arg(long, short = 'c')]
    create_product: bool,
    /// A description, up to 255 characters
    #[arg(long, short = 's', value_name = "TEXT")]
    descr: Option<String>,
    /// Fixtures: the group that devices under test go to
    #[arg(long, short = 'u', value_name = "DEVICE_GROUP")]
    dut: Option<String>,
    /// Create that DUT group if there is none
    #[arg(long, short = 'w', requires = "dut")]
    create_dut: bool,
    /// Fixtures: the group that blessed devices go to
    #[arg(long, short, value_name = "DEVICE_GROUP")]
    target: Option<String>,
    /// Create that production group if there is none
    #[arg(long, requires = "target")]
    create_target: bool,
    /// Variables for the code: KEY=VALUE, JSON or @FILE
    #[arg(long, short, value_name = "VAR")]
    env_variable: Vec<String>,
    /// The region, for production groups
    #[arg(long, short, value_name = "REGION")]
    region: Option<String>,
    #[command(flatten)]
    changes: cli::DryRun,
    #[command(flatten)]
    input: cli::Input,
    #[command(flatten)]
    common: cli::Common,
}

impl Create {
    pub fn run(mut self) -> cli::Result {
        let variables = variables::from_options(&self.env_variable)?;
        self.check_targets()?;
        let session = Session::open(&self.common)?;
        self.product = session.single(ResourceKind::Product, "--product", self.product.as_ref())?;
        self.dut = session.single(ResourceKind::DeviceGroup, "--dut", self.dut.as_ref())?;
        self.target =
            session.single(ResourceKind::DeviceGroup, "--target", self.target.as_ref())?;
        let args = self.input.row_args("device group", "--name", self.name.as_slice());
        let mut job = RowJob::changing(args, self.changes.into());
        // Rows may create targets and products that later rows find: one after the other.
        job.in_turn = self.create_dut || self.create_target || self.create_product;
        let run = Run::default();
        each(&session, &job, |row| {
            let mut making = Making::new(&self, &session, row, &run);
            let mut created = making.group(variables.clone());
            // What was made for a group is there, also when the group itself is refused.
            let (dry, failed) = (self.changes.dry_run, created.is_err());
            let mut beside = making.beside;
            // A dry run meets what it would create again in every row.
            beside.retain(|(thing, _)| !dry || run.is_new(thing));
            for (thing, _) in beside.iter().filter(|_| dry || failed) {
                stderr::say(&format!("{} {thing}", if dry { "would create" } else { "created" }));
            }
            if let Ok(done) = &mut created {
                done.effects.splice(..0, beside.into_iter().map(|(_, effect)| effect));
            }
            created
        })
    }

    /// Refuses flags that fit no group, as far as the rows have no say in it.
    fn check_targets(&self) -> Result<(), cli::CommandError> {
        if self.name.is_none() && self.dg_type.is_none() {
            return Ok(());
        }
        let is_fixture = self.dg_type.is_some_and(|kind| kind.targets().is_some());
        let (any, both) = (
            self.dut.is_some() || self.target.is_some(),
            self.dut.is_some() && self.target.is_some(),
        );
        if is_fixture && self.name.is_some() && !both {
            return Err(cli::CommandError::usage("a fixture group needs both --dut and --target"));
        }
        if any && !is_fixture {
            return Err(cli::CommandError::usage(
                "only fixture groups (pre-factory, factory) have --dut and --target",
            ));
        }
        Ok(())
    }

    /// The type: the row's `dg_type`, the option, or what the record of another group says.
    fn kind(&self, row: &Row) -> Result<GroupType, Failure> {
        if let Some(text) = cli::text_option(row, &["dg_type"])? {
            return GroupType::named(&text).ok_or_else(|| {
                Failure::new(model::ErrorKind::BadInput, format!("No group type `{text}`"))
                    .detail(format!("the types are {}", GroupType::names()))
            });
        }
        let of_record = || GroupType::named(row.record.get("type")?.as_str()?);
        Ok(self.dg_type.or_else(of_record).unwrap_or(GroupType::Development))
    }
}
