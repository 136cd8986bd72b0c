//! `imp-build list`

use api::deployments::{CODE, has_tag};
use clap::Args;
use cli::Session;
use model::{Record, ResourceKind};
use ops::list::Query;

/// List builds, without their code
///
/// Filters of one kind unite, filters of different kinds narrow; but a build must have all of the tags.
#[derive(Args)]
pub struct List {
    /// Only builds of this account; repeatable; `-` takes accounts from stdin
    #[arg(long, short, value_name = "ACCOUNT")]
    owner: Vec<String>,
    /// Only builds of this product; repeatable; `-` takes products from stdin
    #[arg(long, short, value_name = "PRODUCT")]
    product: Vec<String>,
    /// Only builds of this device group; repeatable; `-` takes groups from stdin
    #[arg(long, short = 'g', value_name = "DEVICE_GROUP")]
    dg: Vec<String>,
    /// Only builds of device groups of this type; repeatable
    #[arg(long, short = 'y', value_name = "TYPE", value_parser = cli::group_type())]
    dg_type: Vec<model::GroupType>,
    /// Only builds with this sha; repeatable
    #[arg(long, short, value_name = "SHA")]
    sha: Vec<String>,
    /// Only builds with this tag; repeatable: all of them
    #[arg(long, short, value_name = "TAG")]
    tag: Vec<String>,
    /// Only flagged builds
    #[arg(long, short, conflicts_with = "unflagged")]
    flagged: bool,
    /// Only builds that are not flagged
    #[arg(long, short)]
    unflagged: bool,
    /// Only builds of a device group
    #[arg(long, short, conflicts_with = "zombie")]
    non_zombie: bool,
    /// Only builds of no device group, which outlived theirs
    #[arg(long, short = 'm', conflicts_with_all = ["dg", "dg_type"])]
    zombie: bool,
    /// Print no more than this many
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    #[command(flatten)]
    common: cli::Common,
}

impl List {
    pub fn run(&self) -> cli::Result {
        let session = Session::open(&self.common)?;
        let flagged = (self.flagged || self.unflagged).then(|| vec![self.flagged.to_string()]);
        let shas: Vec<String> = self.sha.iter().map(|sha| sha.to_ascii_lowercase()).collect();
        let tags = (!self.tag.is_empty()).then(|| vec![self.tag.join(",")]);
        let mut query = Query::all(ResourceKind::Deployment.path())
            .one_of("owner.id", session.ids_of(ResourceKind::Account, "--owner", &self.owner)?)
            .one_of(
                "product.id",
                session.ids_of(ResourceKind::Product, "--product", &self.product)?,
            )
            .one_of("devicegroup.id", session.ids_of(ResourceKind::DeviceGroup, "--dg", &self.dg)?)
            .one_of("sha", (!shas.is_empty()).then_some(shas))
            .one_of("tags", tags)
            .one_of("flagged", flagged);
        query.limit = self.limit;
        query.without = &CODE;
        let keep = |build: &Record| self.keeps(build);
        query.keep = &keep;
        ops::list::list(&session, &query)
    }

    /// What the service cannot filter by; and tags once more, since all of them must match.
    fn keeps(&self, build: &Record) -> bool {
        let in_group = build.contains_key("devicegroup_id");
        let kind = cli::text(build, "devicegroup_type");
        (!self.zombie || !in_group)
            && (!self.non_zombie || in_group)
            && (self.dg_type.is_empty()
                || self.dg_type.iter().any(|wanted| wanted.api_name() == kind))
            && self.tag.iter().all(|tag| has_tag(build, tag))
    }
}
