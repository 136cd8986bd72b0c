//! Makes a group, and before it what it needs: its product and its targets.
//!
//! Careful about the order: everything is looked up, and what the service is known to refuse is found, before
//! anything is made. A group that stands twice in the rows is made once.

use model::change::planned_id;
use model::{Effect, ErrorKind, GroupType, Record, ResourceKind};
use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use api::resource;
use cli::rows::{Outcome, RowDone};
use cli::{OncePerTarget, Session, journal};
use ops::resources;
use pipe::{Failure, Row};
use serde_json::Value;

use super::Create;
use crate::{targets, variables};

/// The making of one group.
pub(super) struct Making<'a> {
    flags: &'a Create,
    session: &'a Session,
    row: &'a Row,
    run: &'a Run,
    /// What else is made for it: how it is told, and what it changes.
    pub(super) beside: Vec<(String, Effect)>,
}

/// What is known from row to row.
#[derive(Default)]
pub(super) struct Run {
    once: OncePerTarget<RowDone>,
    /// What a dry run has said that it would create.
    foreseen: Mutex<HashSet<String>>,
    /// The products that were made: the id of each, and what the rows call it.
    products: Mutex<HashMap<String, String>>,
}

impl Run {
    /// What the group `name` of a product is known by in this run. A product that the run has made is still the
    /// one that earlier rows called by its name.
    fn key_of(&self, product: &Needed, name: &str) -> String {
        let product = match product {
            Needed::There(product) => cli::text(product, "id"),
            Needed::ToMake(text) => text,
        };
        let made = self.products.lock().unwrap_or_else(PoisonError::into_inner);
        format!("{} {name}", made.get(product).map_or(product, String::as_str))
    }

    /// Whether a dry run has not yet said that it would create this.
    pub(super) fn is_new(&self, thing: &str) -> bool {
        let mut foreseen = self.foreseen.lock().unwrap_or_else(PoisonError::into_inner);
        foreseen.insert(thing.to_owned())
    }

    fn note_made(&self, product: &Record, text: String) {
        let mut made = self.products.lock().unwrap_or_else(PoisonError::into_inner);
        made.insert(cli::text(product, "id").to_owned(), text);
    }
}

/// The production target and the DUT target, each with its type.
type Targets = ((GroupType, Needed), (GroupType, Needed));

/// A product or a target of the group: there already, or to be made under this name.
enum Needed {
    There(Record),
    ToMake(String),
}

impl<'a> Making<'a> {
    /// The group of a row.
    pub(super) fn new(flags: &'a Create, session: &'a Session, row: &'a Row, run: &'a Run) -> Self {
        Making { flags, session, row, run, beside: Vec::new() }
    }

    /// Looks everything up before anything is made.
    pub(super) fn group(&mut self, variables: Option<Value>) -> Result<RowDone, Failure> {
        let kind = self.flags.kind(self.row)?;
        let attributes = self.attributes(variables)?;
        let product = self.product()?;
        let id = match &product {
            Needed::There(product) => cli::text(product, "id").to_owned(),
            Needed::ToMake(_) => String::new(),
        };
        let targets = match kind.targets() {
            Some((production, dut)) => Some((
                (production, self.target("target", production, &id)?),
                (dut, self.target("dut", dut, &id)?),
            )),
            None => None,
        };
        let thing = self.run.key_of(&product, cli::text(&attributes, "name"));
        let wanted = self.wanted(kind, &attributes)?;
        let (source, once) = (&self.row.source, &self.run.once);
        let (done, reported) = once.act(source, &thing, &wanted, || {
            if self.flags.changes.dry_run || self.makes_more(&product, targets.as_ref()) {
                self.foresee(kind, &attributes, &id)?;
            }
            self.make(kind, attributes.clone(), product, targets)
        })?;
        Ok(done.once(reported))
    }

    /// All that the row asks for, to compare it with what another row wants.
    fn wanted(&self, kind: GroupType, attributes: &Record) -> Result<Record, Failure> {
        let mut wanted = attributes.clone();
        wanted.insert("type", kind.api_name().into());
        if kind.is_fixture() {
            for (column, option) in [("dut", &self.flags.dut), ("target", &self.flags.target)] {
                let text = cli::text_option(self.row, &[column])?.or(option.clone());
                wanted.insert(column, text.into());
            }
        }
        Ok(wanted)
    }

    /// Makes the group, after what it needs.
    fn make(
        &mut self,
        kind: GroupType,
        attributes: Record,
        product: Needed,
        targets: Option<Targets>,
    ) -> Result<RowDone, Failure> {
        let product = self.made_product(product)?;
        let mut relationships = Record::from_iter([("product".to_owned(), product.clone())]);
        if let Some((production, dut)) = targets {
            let made = self.made_target(production, &product)?;
            relationships.insert("production_target", made);
            relationships.insert("dut_target", self.made_target(dut, &product)?);
        }
        self.post(kind, attributes, relationships)
    }

    fn attributes(&self, variables: Option<Value>) -> Result<Record, Failure> {
        let (row, flags) = (self.row, self.flags);
        let name = cli::new_name(row, ResourceKind::DeviceGroup)?;
        let mut attributes = Record::from_iter([("name".to_owned(), name.into())]);
        let descr = cli::option_or_copy(row, "descr", flags.descr.as_ref(), "description")?;
        attributes.extend(descr.map(|descr| ("description".to_owned(), descr.into())));
        let region = cli::text_option(row, &["region"])?.or(flags.region.clone());
        attributes.extend(region.map(|region| ("region".to_owned(), region.into())));
        let variables = variables::of_row(row, &["env_variable", "env_vars"])?.or(variables);
        attributes.extend(variables.map(|variables| ("env_vars".to_owned(), variables)));
        Ok(attributes)
    }

    fn makes_more(&self, product: &Needed, targets: Option<&Targets>) -> bool {
        let is_new = |needed: &Needed| matches!(needed, Needed::ToMake(_));
        is_new(product)
            || targets.is_some_and(|((_, one), (_, other))| is_new(one) || is_new(other))
    }

    /// What the service is known to refuse: `product` is empty when it is still to be made.
    fn foresee(&self, kind: GroupType, attributes: &Record, product: &str) -> Result<(), Failure> {
        if attributes.contains_key("region") && !kind.is_blessed() {
            let title = "Only production groups have a region";
            return Err(Failure::new(ErrorKind::Refused, title)
                .detail("leave --region and the column region out"));
        }
        if product.is_empty() {
            return Ok(());
        }
        let name = cli::text(attributes, "name");
        self.session.name_is_free(ResourceKind::DeviceGroup, product, name, "")
    }

    fn post(
        &self,
        kind: GroupType,
        attributes: Record,
        relationships: Record,
    ) -> Result<RowDone, Failure> {
        let mut after = attributes.clone();
        let related = |(name, to): (&str, &Value)| (format!("{name}_id"), to["id"].clone());
        after.extend(relationships.iter().map(related));
        let effect = Effect::creation(kind.api_name(), after);
        if self.flags.changes.dry_run {
            let product = relationships["product"]["id"].as_str().unwrap_or_default();
            let id = planned_id(&[product, cli::text(&attributes, "name")]);
            let done = RowDone::created(kind.api_name(), &attributes);
            return Ok(done.with(effect.called(&id)));
        }
        journal::plan(Outcome::Created, vec![effect.clone()]);
        let (group, name) = (ResourceKind::DeviceGroup, kind.api_name());
        let made = resources::create(self.session, group, name, attributes, relationships)?;
        let effect = effect.called(cli::text(&made, "id"));
        Ok(RowDone::new(made, Outcome::Created).with(effect))
    }

    fn product(&self) -> Result<Needed, Failure> {
        let option = self.flags.product.as_ref();
        let text = cli::option_or_copy(self.row, "product", option, "product_id")?;
        let text = text.ok_or_else(|| cli::missing("--product", "the product"))?;
        match self.session.find(ResourceKind::Product, &text) {
            Err(failure) if failure.kind == ErrorKind::NotFound && self.flags.create_product => {
                Ok(Needed::ToMake(text))
            }
            found => found.map(Needed::There),
        }
    }

    /// The product, created if that is wanted, as a relationship.
    fn made_product(&mut self, product: Needed) -> Result<Value, Failure> {
        let session = self.session;
        let product = match product {
            Needed::There(product) => {
                self.note_made_before(&product);
                product
            }
            Needed::ToMake(text) => {
                let what = format!("the product {text}");
                let attributes = Record::from_iter([("name".to_owned(), text.clone().into())]);
                let effect = Effect::creation("product", attributes.clone());
                if self.flags.changes.dry_run {
                    let id = planned_id(&[&text]);
                    self.beside.push((what, effect.called(&id)));
                    return Ok(resource::identifier("product", &id));
                }
                let kind = ResourceKind::Product;
                journal::plan(Outcome::Created, vec![effect.clone()]);
                let created =
                    resources::create(session, kind, "product", attributes, Record::new());
                // Also when it is not known whether it was made: later rows look again.
                session.resolver.forget(ResourceKind::Product);
                let created = created.map_err(|failure| about(&what, failure))?;
                self.note_beside(what, effect.called(cli::text(&created, "id")));
                self.run.note_made(&created, text);
                created
            }
        };
        Ok(resource::identifier("product", cli::text(&product, "id")))
    }

    /// One of the two targets of a fixture group, named by the column or the option.
    fn target(&self, column: &str, kind: GroupType, product: &str) -> Result<Needed, Failure> {
        let flags = self.flags;
        let (option, create) = match column {
            "dut" => (&flags.dut, flags.create_dut),
            _ => (&flags.target, flags.create_target),
        };
        let text = cli::text_option(self.row, &[column])?.or(option.clone());
        let text = text.ok_or_else(|| cli::missing(&format!("--{column}"), "the target"))?;
        let Some(group) = targets::find(self.session, product, &text, create)? else {
            return Ok(Needed::ToMake(text));
        };
        targets::check(&group, kind, product)?;
        Ok(Needed::There(group))
    }

    /// A target, created if it is not there, as a relationship.
    fn made_target(
        &mut self,
        (kind, target): (GroupType, Needed),
        product: &Value,
    ) -> Result<Value, Failure> {
        let group = match target {
            Needed::There(group) => {
                self.note_made_before(&group);
                group
            }
            Needed::ToMake(text) => {
                let what = format!("the group {text} ({})", kind.api_name());
                let attributes = Record::from_iter([("name".to_owned(), text.into())]);
                let relationships = Record::from_iter([("product".to_owned(), product.clone())]);
                let created = self.post(kind, attributes, relationships);
                self.session.resolver.forget(ResourceKind::DeviceGroup);
                let created = created.map_err(|failure| about(&what, failure))?;
                let mut group = created.record;
                for effect in created.effects {
                    group.insert("id", effect.id.clone().into());
                    self.note_beside(what.clone(), effect);
                }
                group
            }
        };
        Ok(resource::identifier(cli::text(&group, "type"), cli::text(&group, "id")))
    }

    /// Notes that something was made for the group: it is there, whatever becomes of the group.
    fn note_beside(&mut self, what: String, effect: Effect) {
        if !self.flags.changes.dry_run {
            journal::note_part(Outcome::Created, &effect);
        }
        self.beside.push((what, effect));
    }

    /// The same for something that this row was making when the run was interrupted.
    fn note_made_before(&mut self, thing: &Record) {
        let (kind, name) = (cli::text(thing, "type"), cli::text(thing, "name"));
        let is_it = |effect: &&Effect| {
            effect.before.is_none() && effect.kind == kind && effect.name == name
        };
        if let Some(effect) = journal::planned_before().iter().find(is_it) {
            journal::note_part(Outcome::Created, &effect.clone().called(cli::text(thing, "id")));
        }
    }
}

/// A failure of what is made beside the group.
fn about(what: &str, failure: Failure) -> Failure {
    Failure { title: format!("{what}: {}", failure.title), ..failure }
}
