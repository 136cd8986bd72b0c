//! The environment: the only place that reads its variables and the command line.

#![expect(
    clippy::disallowed_methods,
    reason = "this is the one place for environment and arguments"
)]

use std::env;
use std::ffi::OsString;
use std::io;
use std::iter;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use api::http::proxy::{Variable, Variables};
use simulated::{Become, here};

/// The arguments of this process, the program first.
pub fn arguments() -> Vec<OsString> {
    here().map_or_else(|| env::args_os().collect(), |run| run.arguments())
}

/// A variable that is set, not empty and text.
pub fn text(name: &str) -> Option<String> {
    let value = match here() {
        Some(run) => run.variable(name).map(str::to_owned),
        None => env::var(name).ok(),
    };
    value.filter(|value| !value.is_empty())
}

/// Whether a variable switches something on: it is set, and does not say no.
pub fn is_on(name: &str) -> bool {
    let says_no = |value: &String| {
        ["0", "no", "off", "false"].iter().any(|no| value.eq_ignore_ascii_case(no))
    };
    text(name).is_some_and(|value| !says_no(&value))
}

/// Whether a terminal may be shown colours: it says what it is, and nobody has said no.
pub fn wants_colour() -> bool {
    text("NO_COLOR").is_none() && text("TERM").is_some_and(|terminal| terminal != "dumb")
}

/// The locale for numbers.
pub fn locale() -> Option<String> {
    ["LC_ALL", "LC_NUMERIC", "LANG"].into_iter().find_map(text)
}

/// A variable that is set and not empty, as a path.
pub fn path(name: &str) -> Option<PathBuf> {
    let value = match here() {
        Some(run) => run.variable(name).map(OsString::from),
        None => env::var_os(name),
    };
    value.filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// The command `name`: that beside this one, or any.
pub fn command(name: &str) -> PathBuf {
    if here().is_some() {
        return PathBuf::from(name);
    }
    let beside = env::current_exe().ok().map(|own| own.with_file_name(name));
    beside.filter(|path| path.is_file()).unwrap_or_else(|| PathBuf::from(name))
}

/// Becomes the command; gives why it cannot.
pub fn become_command(command: &mut Command) -> io::Error {
    let Some(run) = here() else { return command.exec() };
    let words = iter::once(command.get_program()).chain(command.get_args());
    let variables = command
        .get_envs()
        .filter_map(|(name, value)| Some((name.to_str()?.to_owned(), value?.to_str()?.to_owned())));
    run.becomes(Become {
        words: words.map(OsString::from).collect(),
        environment: variables.collect(),
    });
    io::Error::other("it has become another command")
}

/// The directory that relative paths start from.
pub fn current_dir() -> PathBuf {
    let real = || env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
    here().map_or_else(real, |run| run.directory().to_owned())
}

/// The proxy variables as `curl` reads them: lower case wins, and `HTTP_PROXY` does not count, because a
/// web server would set it from a request.
pub fn proxy() -> Variables {
    let first = |names: &[&'static str]| {
        names.iter().find_map(|&name| Some(Variable { name, value: text(name)? }))
    };
    Variables {
        http_proxy: first(&["http_proxy"]),
        https_proxy: first(&["https_proxy", "HTTPS_PROXY"]),
        all_proxy: first(&["all_proxy", "ALL_PROXY"]),
        no_proxy: text("no_proxy").or_else(|| text("NO_PROXY")),
    }
}

/// What a service manager has told this process.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct ServiceManager {
    /// The socket on which it wants to be told something; a name that begins with `@` is abstract.
    pub notify_socket: Option<OsString>,
    /// It ends a process of which it has heard nothing for so long.
    pub watchdog: Option<Duration>,
}

/// The variables of sd_notify(3) and sd_watchdog_enabled(3).
pub fn service_manager() -> ServiceManager {
    let is_meant = text("WATCHDOG_PID").is_none_or(|pid| pid == std::process::id().to_string());
    let watchdog = text("WATCHDOG_USEC").and_then(|time| time.parse().ok()).filter(|_| is_meant);
    ServiceManager {
        notify_socket: env::var_os("NOTIFY_SOCKET").filter(|name| !name.is_empty()),
        watchdog: watchdog.map(Duration::from_micros),
    }
}
