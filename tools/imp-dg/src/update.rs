//! `imp-dg update`

use api::resource;
use clap::Args;
use cli::rows::change::{asks_for_something, is_so, nothing_to_change};
use cli::rows::{Changed, Outcome, RowJob, each};
use cli::{OncePerTarget, Session, journal};
use model::change::MINIMUM;
use model::{Effect, ErrorKind, GroupType, Record, ResourceKind};
use ops::deployments::is_older;
use ops::resources;
use pipe::{Failure, Row};
use serde_json::Value;

use crate::{targets, variables};

/// What can be asked for.
const OPTIONS: &str = "--name, --descr, --dut, --target, --load-code-after-blessing, \
                       --min-supported-deployment or --env-variable";

/// Change device groups
///
/// In rows the column `name` is the new name, so the group is named by `id` or `dg`. Variables replace
/// all that are set.
#[derive(Args)]
#[command(mut_arg("dg", |dg| dg.help("A device group")))]
#[command(mut_arg("named", |named| named.help("The same without an option")))]
pub struct Update {
    /// The new name
    #[arg(long, short, value_name = "NAME")]
    name: Option<String>,
    /// The new description
    #[arg(long, short = 's', value_name = "TEXT")]
    descr: Option<String>,
    /// Fixtures: where tested ones go
    #[arg(long, short = 'u', value_name = "DEVICE_GROUP")]
    dut: Option<String>,
    /// Fixtures: where blessed ones go
    #[arg(long, short, value_name = "DEVICE_GROUP")]
    target: Option<String>,
    /// Production: load it when blessed
    #[arg(long, short, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", hide_possible_values = true)]
    load_code_after_blessing: Option<bool>,
    /// The oldest build still supported
    #[arg(long, short, value_name = "BUILD")]
    min_supported_deployment: Option<String>,
    /// KEY=VALUE, JSON or @FILE
    #[arg(long, short, value_name = "VAR")]
    env_variable: Vec<String>,
    #[command(flatten)]
    groups: cli::DeviceGroups,
    #[command(flatten)]
    changes: cli::DryRun,
    #[command(flatten)]
    common: cli::Common,
}

impl Update {
    pub fn run(mut self) -> cli::Result {
        self.groups.or_of_project()?;
        let variables = variables::from_options(&self.env_variable)?;
        asks_for_something(self.is_given(), &self.groups.row_args().source, OPTIONS)?;
        let session = Session::open(&self.common)?;
        self.dut = session.single(ResourceKind::DeviceGroup, "--dut", self.dut.as_ref())?;
        self.target =
            session.single(ResourceKind::DeviceGroup, "--target", self.target.as_ref())?;
        self.min_supported_deployment = session.single(
            ResourceKind::Deployment,
            "--min-supported-deployment",
            self.min_supported_deployment.as_ref(),
        )?;
        let once = OncePerTarget::default();
        each(&session, &RowJob::changing(self.groups.row_args(), self.changes.into()), |row| {
            // A list of devices leads to their group; their own names are not for it.
            let row = row.as_reference_to(ResourceKind::DeviceGroup);
            let group =
                session.resource(ResourceKind::DeviceGroup, &row, &["name", "dut", "target"])?;
            let wanted_state = WantedState {
                attributes: self.attributes(&row, variables.clone())?,
                relationships: self.targets(&session, &row, cli::text(&group, "product_id"))?,
                lowest: cli::text_option(&row, &["min_supported_deployment"])?
                    .or(self.min_supported_deployment.clone()),
            };
            if wanted_state.is_nothing() {
                return Err(nothing_to_change(OPTIONS));
            }
            let (changed, reported) =
                once.act(&row.source, cli::text(&group, "id"), &wanted_state.to_record(), || {
                    let present = session.present(ResourceKind::DeviceGroup, &row, &group)?;
                    wanted_state.fulfil(&session, present, self.changes.dry_run)
                })?;
            Ok(changed.of(&row).once(reported))
        })
    }

    /// Whether an option asks for something.
    fn is_given(&self) -> bool {
        let texts =
            [&self.name, &self.descr, &self.dut, &self.target, &self.min_supported_deployment];
        texts.iter().any(|text| text.is_some())
            || self.load_code_after_blessing.is_some()
            || !self.env_variable.is_empty()
    }

    fn attributes(&self, row: &Row, variables: Option<Value>) -> Result<Record, Failure> {
        let mut attributes = Record::new();
        let name = cli::text_option(row, &["name"])?.or(self.name.clone());
        attributes.extend(name.map(|name| ("name".to_owned(), name.into())));
        let descr = cli::text_option(row, &["descr"])?.or(self.descr.clone());
        attributes.extend(descr.map(|descr| ("description".to_owned(), descr.into())));
        // In a record of ours it is the present state, which must not undo what the flag asks for.
        let is_record = ResourceKind::DeviceGroup.types().contains(&cli::text(&row.record, "type"));
        let load = match self.load_code_after_blessing {
            Some(load) if is_record => Some(load),
            flag => cli::truth_option(row, "load_code_after_blessing")?.or(flag),
        };
        attributes.extend(load.map(|load| ("load_code_after_blessing".to_owned(), load.into())));
        let variables = variables::of_row(row, &["env_variable"])?.or(variables);
        attributes.extend(variables.map(|variables| ("env_vars".to_owned(), variables)));
        Ok(attributes)
    }

    /// `product` is that of the group, as far as the row knows it: it is where a name is looked for first.
    fn targets(&self, session: &Session, row: &Row, product: &str) -> Result<Record, Failure> {
        let mut relationships = Record::new();
        for (column, option, name) in
            [("target", &self.target, "production_target"), ("dut", &self.dut, "dut_target")]
        {
            if let Some(text) = cli::text_option(row, &[column])?.or(option.clone()) {
                let group = targets::find(session, product, &text, false)?.unwrap_or_default();
                let target =
                    resource::identifier(cli::text(&group, "type"), cli::text(&group, "id"));
                relationships.insert(name, target);
            }
        }
        Ok(relationships)
    }
}

/// What is wanted of a group.
struct WantedState {
    attributes: Record,
    relationships: Record,
    /// The minimum supported deployment.
    lowest: Option<String>,
}

impl WantedState {
    /// The same as one record, to compare it with what another row wants.
    fn to_record(&self) -> Record {
        let mut record = self.attributes.clone();
        record.extend(self.relationships.clone());
        record.insert("lowest", self.lowest.clone().into());
        record
    }

    fn is_nothing(&self) -> bool {
        self.attributes.is_empty() && self.relationships.is_empty() && self.lowest.is_none()
    }

    /// Whether the group has it already, but for the minimum.
    fn is_so(&self, present: &Record) -> bool {
        let is_target = |(name, wanted): (&str, &Value)| {
            wanted["id"] == cli::text(present, &format!("{name}_id"))
        };
        is_so(present, &self.attributes) && self.relationships.iter().all(is_target)
    }

    /// Gives what is known of the group then.
    fn fulfil(
        &self,
        session: &Session,
        present: Record,
        dry_run: bool,
    ) -> Result<Changed, Failure> {
        let id = cli::text(&present, "id");
        let minimum = match &self.lowest {
            Some(text) => Some(minimum(session, id, text)?),
            None => None,
        };
        let minimum =
            minimum.filter(|id| *id != cli::text(&present, "min_supported_deployment_id"));
        let patch = !self.is_so(&present);
        if minimum.is_none() && !patch {
            return Ok(Changed::nothing(present));
        }
        let effect = self.effect(&present, minimum.as_deref());
        let outcome = Outcome::Updated;
        if dry_run {
            self.foresee(session, &present, minimum.as_deref())?;
            let record = present.into_iter().chain(self.attributes.clone()).collect();
            return Ok(Changed { record, outcome, effect: Some(effect) });
        }
        journal::plan(outcome, vec![effect.clone()]);
        let mut record = present.clone();
        if patch {
            let (attributes, relationships) = (self.attributes.clone(), self.relationships.clone());
            let kind = ResourceKind::DeviceGroup;
            record = resources::update(session, kind, &present, attributes, relationships)?;
        }
        if let Some(deployment) = minimum {
            let set = resources::set_minimum(session, id, &deployment);
            set.map_err(|failure| if patch { self.half_done(&present, failure) } else { failure })?;
            record.insert("min_supported_deployment_id", deployment.into());
            record.insert("min_supported_deployment_type", "deployment".into());
        }
        Ok(Changed { record, outcome, effect: Some(effect) })
    }

    /// Tells what was changed before the minimum supported deployment was refused.
    fn half_done(&self, present: &Record, why: Failure) -> Failure {
        journal::note_part(Outcome::Updated, &self.effect(present, None));
        why.after(
            "The group was changed, but not its minimum supported deployment",
            "the same command sets it",
        )
    }

    fn effect(&self, present: &Record, minimum: Option<&str>) -> Effect {
        let mut after = self.attributes.clone();
        let target = |(name, to): (&str, &Value)| (format!("{name}_id"), to["id"].clone());
        after.extend(self.relationships.iter().map(target));
        after.extend(minimum.map(|id| (MINIMUM.to_owned(), id.into())));
        Effect::update(present, after)
    }
}

impl WantedState {
    /// For a dry run: what the service is known to refuse (imp-service(7), sections 7.2, 7.3 and 10.5).
    fn foresee(
        &self,
        session: &Session,
        present: &Record,
        minimum: Option<&str>,
    ) -> Result<(), Failure> {
        let kind = GroupType::of_api(cli::text(present, "type"));
        let (product, id) = (cli::text(present, "product_id"), cli::text(present, "id"));
        let loads_code = self.attributes.contains_key("load_code_after_blessing");
        if loads_code && kind.is_some_and(|kind| !kind.is_blessed()) {
            let title = "The group has no load_code_after_blessing";
            return Err(Failure::new(ErrorKind::Refused, title)
                .detail("only production groups have it; leave it out"));
        }
        for (name, target) in self.relationships.iter() {
            let Some((production, dut)) = kind.and_then(GroupType::targets) else {
                return Err(Failure::new(ErrorKind::Refused, "The group has no targets")
                    .detail("only fixture groups have them; leave --dut and --target out"));
            };
            let target = target["id"].as_str().unwrap_or_default();
            let target = session.find(ResourceKind::DeviceGroup, target)?;
            let wanted = if name == "dut_target" { dut } else { production };
            targets::check(&target, wanted, product)?;
        }
        if let Some(name) = self.attributes.get("name").and_then(Value::as_str) {
            session.name_is_free(ResourceKind::DeviceGroup, product, name, id)?;
        }
        minimum.map_or(Ok(()), |minimum| can_be_minimum(session, present, minimum))
    }
}

/// Whether the service takes `minimum` as the minimum supported deployment of a group.
fn can_be_minimum(session: &Session, group: &Record, minimum: &str) -> Result<(), Failure> {
    let no =
        |title: &str, detail: &str| Err(Failure::new(ErrorKind::Conflict, title).detail(detail));
    let wanted = session.find(ResourceKind::Deployment, minimum)?;
    if cli::text(&wanted, "devicegroup_id") != cli::text(group, "id") {
        return no("The build is not of this group", "`imp-dg builds` lists those that are");
    }
    match ops::deployments::minimum_of(session, group)? {
        Some(present) if is_older(&wanted, &present) => {
            no("The minimum supported deployment can only rise", "choose a newer build")
        }
        _ => Ok(()),
    }
}

/// The id of the build that is meant: of several with this sha, tag or origin the one of the group.
fn minimum(session: &Session, group: &str, text: &str) -> Result<String, Failure> {
    let all = session.resolver.some(ResourceKind::Deployment, text).map_err(cli::failure)?;
    let of_group = |build: &&Record| cli::text(build, "devicegroup_id") == group;
    let own: Vec<&Record> = all.iter().filter(of_group).collect();
    match own.as_slice() {
        [one] => Ok(cli::text(one, "id").to_owned()),
        _ => Ok(cli::text(&session.find(ResourceKind::Deployment, text)?, "id").to_owned()),
    }
}
