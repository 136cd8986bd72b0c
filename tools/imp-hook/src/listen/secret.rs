//! The path of the receiver: `/SECRET/NAME`. Who does not know the secret cannot report events.

use model::Secret;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use cli::CommandError;
use subtle::ConstantTimeEq;

use super::event;
use super::journal::sync_directory;

/// The longest name of a hook.
const MAX_NAME: usize = 100;

/// Reads the secret from `file`, which is made with a new one if it is not there.
///
/// # Errors
/// Exit 2 when it can be neither read nor made, or holds something that is no part of a path.
pub fn read_or_create(file: &Path) -> Result<Secret, CommandError> {
    let cannot = |error: io::Error| {
        CommandError::usage(format!(
            "cannot keep the secret of the path in {}: {error}",
            file.display()
        ))
    };
    if fs::exists(file).map_err(cannot)? {
        let secret = cli::secret_in_file(file)?;
        let text = secret.expose();
        let plain = text.bytes().all(is_plain);
        return if plain && text.len() >= 16 {
            Ok(secret)
        } else {
            Err(CommandError::usage(format!(
                "{} should hold 16 or more letters and digits, the secret of the path",
                file.display()
            )))
        };
    }
    let mut bytes = [0; size_of::<event::Digest>()];
    getrandom::fill(&mut bytes).map_err(|error| cannot(io::Error::other(error.to_string())))?;
    let secret = event::hex(event::Digest::from_ne_bytes(bytes));
    let mut options = OpenOptions::new();
    let mut new = options.write(true).create_new(true).mode(0o600).open(file).map_err(cannot)?;
    new.write_all(format!("{secret}\n").as_bytes())
        .and_then(|()| new.sync_all())
        .and_then(|()| sync_directory(file))
        .map_err(cannot)?;
    Ok(Secret::new(secret))
}

/// The name of the hook that `path` calls; `None` when the path is not ours. Proxies that join paths make `//`
/// of `/`.
pub fn hook<'a>(path: &'a str, secret: &Secret) -> Option<&'a str> {
    let (given, name) = path.strip_prefix('/')?.trim_start_matches('/').split_once('/')?;
    let name = name.trim_start_matches('/');
    let good = !name.is_empty() && name.len() <= MAX_NAME && name.bytes().all(is_plain);
    // Takes as long for a near miss as for any other, so that the secret cannot be guessed bit by bit.
    let same: bool = given.as_bytes().ct_eq(secret.expose().as_bytes()).into();
    (good && same).then_some(name)
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn only_the_whole_path_is_ours() {
        let secret = Secret::new("0123456789abcdef");
        assert_eq!(hook("/0123456789abcdef/blessing.4e26-x", &secret), Some("blessing.4e26-x"));
        assert_eq!(hook("//0123456789abcdef///blessing", &secret), Some("blessing"));
        for path in [
            "/0123456789abcdef/",
            "/0123456789abcdef",
            "/0123456789abcde/blessing",
            "/0123456789abcdef0/blessing",
            "/0123456789abcdeg/blessing",
            "//blessing",
            "//",
            "/0123456789abcdef//",
            "/0123456789abcdef/blessing/",
            "/0123456789abcdef/blessing//",
            "/0123456789/abcdef/blessing",
            "/0123456789abcdef/a/b",
            "/0123456789abcdef/a%20b",
            "0123456789abcdef/blessing",
            "",
        ] {
            assert_eq!(hook(path, &secret), None, "{path}");
        }
    }

    #[test]
    fn the_secret_is_made_once_and_kept() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("secret");
        let first = read_or_create(&file).unwrap();
        assert_eq!(first.expose().len(), 32);
        assert_eq!(read_or_create(&file).unwrap(), first);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_ne!(read_or_create(&directory.path().join("other")).unwrap(), first);
        for bad in ["short", "0123456789/abcdefgh", ""] {
            fs::write(&file, bad).unwrap();
            assert!(read_or_create(&file).is_err(), "{bad}");
        }
    }
}
