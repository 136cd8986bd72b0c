//! `imp-product create`

use api::resource;
use clap::Args;
use cli::rows::{Outcome, RowDone, RowJob, each};
use cli::{OncePerTarget, Session};
use model::change::planned_id;
use model::{Effect, Record, ResourceKind};
use ops::resources;

/// Create products
#[derive(Args)]
pub struct Create {
    /// The name, 1 to 80 characters, unique for the owner; without it, rows with a column `name` are read
    #[arg(long, short, value_name = "NAME")]
    name: Option<String>,
    /// A description, up to 255 characters
    #[arg(long, short = 's', value_name = "TEXT")]
    descr: Option<String>,
    /// The account that is to own it [default: me]
    #[arg(long, short, value_name = "ACCOUNT")]
    owner: Option<String>,
    #[command(flatten)]
    changes: cli::DryRun,
    #[command(flatten)]
    input: cli::Input,
    #[command(flatten)]
    common: cli::Common,
}

impl Create {
    pub fn run(&self) -> cli::Result {
        let session = Session::open(&self.common)?;
        let owner = session.single(ResourceKind::Account, "--owner", self.owner.as_ref())?;
        let once = OncePerTarget::default();
        let args = self.input.row_args("product", "--name", self.name.as_slice());
        each(&session, &RowJob::changing(args, self.changes.into()), |row| {
            let mut attributes = Record::from_iter([(
                "name".to_owned(),
                cli::new_name(row, ResourceKind::Product)?.into(),
            )]);
            let descr = cli::option_or_copy(row, "descr", self.descr.as_ref(), "description")?;
            attributes.extend(descr.map(|descr| ("description".to_owned(), descr.into())));
            let mut relationships = Record::new();
            if let Some(owner) = cli::option_or_copy(row, "owner", owner.as_ref(), "owner_id")? {
                let owner = session.find(ResourceKind::Account, &owner)?;
                relationships
                    .insert("owner", resource::identifier("account", cli::text(&owner, "id")));
            }
            let owner_id = relationships.get("owner").and_then(|owner| owner["id"].as_str());
            let (owner, name) = (owner_id.unwrap_or("me"), cli::text(&attributes, "name"));
            let thing = format!("{owner} {name}");
            let create = || {
                let mut after = attributes.clone();
                after.extend(owner_id.map(|owner| ("owner_id".to_owned(), owner.into())));
                let effect = Effect::creation("product", after);
                if self.changes.dry_run {
                    session.name_is_free(ResourceKind::Product, owner, name, "")?;
                    let done = RowDone::created("product", &attributes);
                    return Ok(done.with(effect.called(&planned_id(&[name]))));
                }
                let (attributes, relationships) = (attributes.clone(), relationships.clone());
                let kind = ResourceKind::Product;
                let made = resources::create(&session, kind, "product", attributes, relationships)?;
                let effect = effect.called(cli::text(&made, "id"));
                Ok(RowDone::new(made, Outcome::Created).with(effect))
            };
            let (done, reported) = once.act(&row.source, &thing, &attributes, create)?;
            Ok(done.once(reported))
        })
    }
}
