//! Reads what belongs together, list after list, and prints it.
//!
//! Careful about what is kept: devices go out page by page, and builds, which the service lists the newest
//! first, wait in a file. And about what does not fit together: what names a group that was not listed would
//! be an export of which nothing can be made, so it is not taken for whole.

use std::cell::Cell;
use std::collections::HashSet;
use std::ops::ControlFlow;

use api::deployments::has_code;
use api::{Request, segment};
use cli::terminal::{progress, stderr};
use cli::{CommandError, Session, text};
use model::{ErrorKind, GroupType, Record, ResourceKind};
use ops::list::Query;
use ops::url;
use pipe::engine::{self, Done};
use pipe::spool::Spool;
use pipe::{Item, Row};

/// The filters of one request for a list.
type Filters = Vec<(String, String)>;

/// Why no more is printed.
pub enum Ended {
    /// Nobody reads any more.
    Unread,
    /// Something on this machine.
    Here(CommandError),
    /// What the service answered.
    Service(api::Error),
}

impl From<api::Error> for Ended {
    fn from(error: api::Error) -> Self {
        Ended::Service(error)
    }
}

/// What is read of an account.
struct Scope<'a> {
    /// Of groups, builds and devices: one list each.
    filters: Vec<Filters>,
    /// The account whose webhooks are listed without naming their groups.
    whole_of: Option<&'a str>,
}

/// The groups that were listed.
#[derive(Default)]
struct Groups {
    ids: HashSet<String>,
    /// Those whose webhooks have to be asked for.
    without_hooks: Vec<String>,
    /// How many records name another group.
    strays: Cell<u64>,
}

/// An export on its way.
pub struct Reading<'a> {
    session: &'a Session,
    with_devices: bool,
    printed: Cell<u64>,
    /// Builds whose code the service does not give.
    without_code: Cell<u64>,
    /// Webhooks whose url had a password.
    without_password: Cell<u64>,
}

fn filter(name: &str, value: &str) -> Filters {
    vec![(format!("filter[{name}]"), value.to_owned())]
}

fn add_one(count: &Cell<u64>) {
    count.set(count.get() + 1);
}

impl<'a> Reading<'a> {
    pub fn new(session: &'a Session, with_devices: bool) -> Self {
        let [printed, without_code, without_password] = [0, 0, 0].map(Cell::new);
        Reading { session, with_devices, printed, without_code, without_password }
    }

    /// How many records were printed.
    pub fn printed(&self) -> u64 {
        self.printed.get()
    }

    /// Prints what the account may see. Lists without an owner may leave out what is a collaborator's
    /// (imp-service(7), section 5.6), so each owner is asked for too.
    pub fn print_everything(&self) -> Result<(), Ended> {
        let mut me = self.session.client.send(&Request::get("/accounts/me"))?.record()?;
        let my_id = text(&me, "id").to_owned();
        me.insert("me", true.into());
        self.print(&me)?;
        let mut filters = vec![Filters::new()];
        self.each(ResourceKind::Account, &[Filters::new()], |account| {
            let id = text(&account, "id");
            if id == my_id {
                return Ok(());
            }
            filters.push(filter("owner.id", id));
            self.print(&account)
        })?;
        self.each(ResourceKind::Product, &filters, |product| self.print(&product))?;
        self.print_what_is_in(&Scope { filters, whole_of: Some(&my_id) })
    }

    /// Prints a product and what belongs to it.
    pub fn print_product(&self, product: &Record) -> Result<(), Ended> {
        self.print(product)?;
        let filters = vec![filter("product.id", text(product, "id"))];
        self.print_what_is_in(&Scope { filters, whole_of: None })
    }

    fn print_what_is_in(&self, scope: &Scope<'_>) -> Result<(), Ended> {
        let groups = self.print_groups(scope)?;
        self.print_builds(scope, &groups)?;
        self.print_hooks(scope, &groups)?;
        if self.with_devices {
            self.each(ResourceKind::Device, &scope.filters, |device| {
                groups.look_for_group_of(&device);
                self.print(&device)
            })?;
        }
        match groups.strays.get() {
            0 => Ok(()),
            strays => {
                let title = "What was read does not fit together";
                let detail = format!(
                    "{strays} records name a device group that came after the groups were listed: \
                     export it again"
                );
                Err(api::Error::new(ErrorKind::Incomplete, title).detail(detail).into())
            }
        }
    }

    /// Groups that others may name as targets come before those that name them.
    fn print_groups(&self, scope: &Scope<'_>) -> Result<Groups, Ended> {
        let mut groups = Groups::default();
        let mut fixtures = Vec::new();
        self.each(ResourceKind::DeviceGroup, &scope.filters, |group| {
            let id = text(&group, "id").to_owned();
            if scope.whole_of != Some(text(&group, "owner_id")) {
                groups.without_hooks.push(id.clone());
            }
            groups.ids.insert(id);
            let kind = GroupType::of_api(text(&group, "type"));
            if kind.is_some_and(GroupType::is_fixture) {
                fixtures.push(group);
                return Ok(());
            }
            self.print(&group)
        })?;
        fixtures.iter().try_for_each(|group| self.print(group))?;
        Ok(groups)
    }

    /// Builds, the oldest first: the last of a group is the one that it has.
    fn print_builds(&self, scope: &Scope<'_>, groups: &Groups) -> Result<(), Ended> {
        let mut waiting = Spool::new();
        let mut places: Vec<(String, u64)> = Vec::new();
        self.each(ResourceKind::Deployment, &scope.filters, |build| {
            groups.look_for_group_of(&build);
            places.push((text(&build, "created_at").to_owned(), waiting.end()));
            let item = Item::Row(Row { record: build, source: String::new() });
            waiting.push(&item).map_err(|error| Ended::Here(CommandError::cannot_keep(&error)))
        })?;
        // Time stamps have one form and sort as text (imp-service(7), section 1.6).
        places.reverse();
        places.sort_by(|(one, _), (other, _)| one.cmp(other));
        let mut result = Ok(());
        engine::ordered(
            usize::from(self.session.common.jobs),
            &self.session.stop,
            places.iter(),
            |(_, place)| build_at(self.session, &waiting, *place),
            |done| {
                result = match done {
                    Done::Worked(Ok(Some(build))) => self.print_build(&build),
                    Done::Worked(Ok(None)) => Ok(()),
                    Done::Worked(Err(why)) => Err(why),
                    Done::NotAttempted(_) => {
                        Err(api::Error::new(ErrorKind::NotAttempted, "Interrupted").into())
                    }
                };
                if result.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            },
        );
        result
    }

    fn print_build(&self, build: &Record) -> Result<(), Ended> {
        if !has_code(build) {
            add_one(&self.without_code);
        }
        self.print(build)?;
        if self.session.output.is_read() { Ok(()) } else { Err(Ended::Unread) }
    }

    fn print_hooks(&self, scope: &Scope<'_>, groups: &Groups) -> Result<(), Ended> {
        let mut filters: Vec<Filters> =
            groups.without_hooks.iter().map(|id| filter("devicegroup.id", id)).collect();
        if scope.whole_of.is_some() {
            filters.insert(0, Filters::new());
        }
        self.each(ResourceKind::Webhook, &filters, |mut hook| {
            groups.look_for_group_of(&hook);
            if let Some(url) = url::without_password(text(&hook, "url")) {
                hook.insert_text("url", &url);
                add_one(&self.without_password);
            }
            self.print(&hook)
        })
    }

    /// Gives each record of some lists, which are one list, to `act`.
    fn each(
        &self,
        kind: ResourceKind,
        filters: &[Filters],
        mut act: impl FnMut(Record) -> Result<(), Ended>,
    ) -> Result<(), Ended> {
        let mut result = Ok(());
        let query = Query { filters: filters.to_vec(), ..Query::all(kind.path()) };
        let ended = ops::list::read(self.session, &query, |record| match act(record) {
            Ok(()) => ControlFlow::Continue(()),
            Err(why) => {
                result = Err(why);
                ControlFlow::Break(())
            }
        })?;
        result?;
        if ended.is_continue() { Ok(()) } else { Err(Ended::Unread) }
    }

    fn print(&self, record: &Record) -> Result<(), Ended> {
        add_one(&self.printed);
        progress::count(self.printed.get(), 0, "record");
        self.session.output.print(record).map_err(Ended::Here)
    }

    /// Says what the records lack.
    pub fn say_what_is_left_out(&self) {
        let code = self.without_code.get();
        if code > 0 {
            stderr::say(&format!(
                "builds without their code, which the account may not see: {code}"
            ));
        }
        let passwords = self.without_password.get();
        if passwords > 0 {
            stderr::say(&format!(
                "webhooks whose url has a password, in place of which stands {}: {passwords}",
                url::HIDDEN
            ));
        }
    }
}

impl Groups {
    fn look_for_group_of(&self, record: &Record) {
        let group = text(record, "devicegroup_id");
        if !group.is_empty() && !self.ids.contains(group) {
            add_one(&self.strays);
        }
    }
}

/// The build that waits there, with its code: lists may leave that out. None if it was deleted meanwhile.
fn build_at(session: &Session, waiting: &Spool, place: u64) -> Result<Option<Record>, Ended> {
    let item = waiting.read_from(place).next();
    let item = item.transpose().map_err(|error| Ended::Here(CommandError::cannot_keep(&error)))?;
    let Some(Item::Row(Row { record, .. })) = item else { return Ok(None) };
    if has_code(&record) {
        return Ok(Some(record));
    }
    let path = format!("/deployments/{}", segment(text(&record, "id")));
    match session.client.send(&Request::get(path)) {
        Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
        answer => Ok(Some(answer?.record()?)),
    }
}
