//! The commands under test: built once, before the first test needs them.
//!
//! `cargo test` does not build the binaries of other packages from a cold target directory. So the
//! first thing the test program does is one `cargo build`, which takes no time when all is there.
//! It is told nothing of the package that is being tested: the variables that cargo sets for it
//! would make build scripts run again and dependencies be built anew each time.
//!
//! A test that takes an hour runs on a copy of `target/debug`, so that the sources can be edited
//! meanwhile: with `IMP_TESTS_BUILT` set, the commands are taken as they lie beside the test program.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The commands that print records; `imp` runs the others under its name.
pub const TOOLS: [&str; 9] = [
    "imp",
    "imp-auth",
    "imp-build",
    "imp-change",
    "imp-device",
    "imp-dg",
    "imp-hook",
    "imp-log",
    "imp-product",
];

static DIRECTORY: OnceLock<PathBuf> = OnceLock::new();

/// The directory of the built commands.
pub(crate) fn directory() -> &'static Path {
    DIRECTORY.get_or_init(build)
}

#[expect(clippy::disallowed_methods, reason = "the commands lie beside the test program")]
fn build() -> PathBuf {
    let own = std::env::current_exe().expect("a test knows its own path");
    // target/debug/deps/main-0123456789abcdef
    let profile = own.ancestors().nth(2).expect("a test program lies in target/PROFILE/deps");
    if std::env::var_os("IMP_TESTS_BUILT").is_some() {
        return profile.to_owned();
    }
    let target = profile.parent().expect("the profile's directory lies in the target directory");
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ is in it");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--workspace", "--bins"]);
    cargo.current_dir(workspace).env("CARGO_TARGET_DIR", target);
    if profile.ends_with("release") {
        cargo.arg("--release");
    }
    for name in variables_of_the_test_run() {
        cargo.env_remove(name);
    }
    let built = cargo.output().expect("cargo can be started");
    let errors = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "the commands cannot be built:\n{errors}");
    profile.to_owned()
}

#[expect(clippy::disallowed_methods, reason = "to take away what cargo set for the test program")]
fn variables_of_the_test_run() -> impl Iterator<Item = std::ffi::OsString> {
    let ours = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"];
    std::env::vars_os()
        .map(|(name, _)| name)
        .filter(move |name| ours.iter().any(|prefix| name.to_string_lossy().starts_with(prefix)))
}

/// One of the built commands.
pub fn command(name: &str) -> PathBuf {
    directory().join(name)
}

/// The search path with the commands under test in front.
#[expect(clippy::disallowed_methods, reason = "the shell's own commands are found there")]
pub(crate) fn search_path() -> std::ffi::OsString {
    let others = std::env::var_os("PATH").unwrap_or_default();
    let all = std::iter::once(directory().to_owned()).chain(std::env::split_paths(&others));
    std::env::join_paths(all).expect("no colon in the target directory's path")
}
