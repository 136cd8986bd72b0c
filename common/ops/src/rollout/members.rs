//! The devices of a group, read for a judgment: whole, or not at all.

use std::ops::ControlFlow;
use std::time::Duration;

use api::list::{self, Reading};
use api::send::clock;
use api::{Error, SeenIds};
use cli::Session;
use model::{ErrorKind, Record};

/// How often a list that changes while it is read is read anew before it is given up.
const TRIES: usize = 4;

/// How long the first of these waits.
const PAUSE: Duration = Duration::from_millis(500);

/// Whether a record, which may be a line of CSV, says that a device is offline.
pub fn is_offline(device: &Record) -> bool {
    pipe::says(device, "device_online", "false")
}

/// Takes each device of a group into what `begin` gives. A list that changed too much while it was read is begun
/// anew.
///
/// # Errors
/// Those of reading the list, also when it never stood still.
pub fn members<Seen>(
    session: &Session,
    group: &str,
    begin: impl Fn() -> Seen,
    mut take: impl FnMut(&mut Seen, Record),
) -> Result<Seen, Error> {
    let filters = [("filter[devicegroup.id]".to_owned(), group.to_owned())];
    let reading = Reading::whole(usize::from(session.common.jobs));
    let mut pause = PAUSE;
    for try_number in 1.. {
        let (mut ids, mut seen) = (SeenIds::default(), begin());
        let each = |device| {
            take(&mut seen, device);
            ControlFlow::Continue(())
        };
        match list::list(&session.client, "/devices", &filters, &reading, &mut ids, each) {
            Err(error) if error.kind == ErrorKind::Incomplete && try_number < TRIES => {
                if !clock::wait_unless(&session.stop, pause) {
                    return Err(error);
                }
                pause *= 2;
            }
            listed => return listed.map(|_all| seen),
        }
    }
    unreachable!("the last try returns")
}
