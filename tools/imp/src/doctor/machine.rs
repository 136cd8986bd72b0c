//! The directories of this machine that the tools write to.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use cli::Common;

use super::Check;

/// Looks at each.
pub fn checks(common: &Common) -> Vec<Check> {
    let environment = cli::sign_in_environment(common);
    let state = "then paces, locks and journals cannot be kept";
    let cache = "then tokens and names are asked for each time";
    vec![
        directory("state directory", environment.state_dir.as_deref(), state),
        directory("cache directory", environment.cache_dir.as_deref(), cache),
    ]
}

fn directory(what: &'static str, path: Option<&Path>, without: &str) -> Check {
    let Some(path) = path else {
        return Check::warning(what, format!("none: HOME is not set; {without}"), "set HOME");
    };
    let shown = path.display();
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Check::ok(what, format!("{shown}, made when it is needed"));
        }
        Err(error) => return Check::failed(what, format!("{shown}: {error}"), without),
    };
    if !metadata.is_dir() {
        return Check::failed(what, format!("{shown} is no directory"), "move it away");
    }
    let mode = metadata.permissions().mode() & 0o777;
    let found = format!("{shown}, mode {mode:04o}");
    if !can_be_written(path) {
        return Check::failed(
            what,
            format!("{found}, cannot be written to: {without}"),
            "give it back to its owner",
        );
    }
    match mode & 0o077 {
        0 => Check::ok(what, found),
        _ => Check::warning(what, format!("{found}: others get in"), format!("chmod 700 {shown}")),
    }
}

/// Whether a directory can be made in it; it is gone again.
fn can_be_written(path: &Path) -> bool {
    let trial = path.join(format!(".imp-doctor.{}", std::process::id()));
    fs::create_dir(&trial).and_then(|()| fs::remove_dir(&trial)).is_ok()
}
