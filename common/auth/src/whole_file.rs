//! Files that are written whole or not at all; those that nobody else may read have mode 0600 from the first byte.
//!
//! A symbolic link is followed, also one that leads nowhere yet: it stays, and the file that it names is written.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};
use std::time::Duration;

use api::send::clock;
use tempfile::NamedTempFile;

/// More links than this are a loop.
const LINKS: usize = 40;

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    /// Its owner: it is secret. Where the file cannot stay its owner's it is not replaced.
    Owner,
    /// Every program of this machine, whatever the mask of the user says. It stays its owner's where that can be.
    Everybody,
}

/// Replaces the file `path`. A symbolic link is followed, so that it stays a link.
///
/// # Errors
/// When the directory cannot be written to, or `path` is something else than a file.
pub fn replace_file(path: &Path, content: &[u8], readers: Readers) -> io::Result<()> {
    let target = target_of(path)?;
    let mut new = beside(&target, readers).map_err(without_path)?;
    new.write_all(content).map_err(without_path)?;
    if readers == Readers::Everybody {
        new.as_file().set_permissions(Permissions::from_mode(0o644))?;
    }
    new.as_file().sync_all()?;
    new.persist(&target).map_err(|error| error.error)?;
    // The file is there; that its name survives a power cut as well is worth a try.
    let _ = File::open(parent(&target)).and_then(|directory| directory.sync_all());
    Ok(())
}

/// An error without the name of the file that is not yet the one that somebody named.
fn without_path(error: io::Error) -> io::Error {
    let cause = error.get_ref().and_then(|error| error.source()?.downcast_ref::<io::Error>());
    let number = cause.and_then(io::Error::raw_os_error);
    number.map_or(error, io::Error::from_raw_os_error)
}

/// Replaces a file that only its owner may read.
///
/// # Errors
/// Those of [`replace_file`].
pub(crate) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    replace_file(path, content, Readers::Owner)
}

/// Replaces a file of a cache, whole, in a directory that is made; what has not been written for `age` goes. A power
/// cut may leave the old one or none.
///
/// # Errors
/// Those of [`replace_file`].
pub fn keep_in_cache(path: &Path, content: &[u8], age: Duration) -> io::Result<()> {
    make_directory(parent(path))?;
    remove_older(parent(path), age);
    let target = target_of(path)?;
    let mut new = NamedTempFile::with_prefix_in(".imp-tools.", parent(&target))?;
    new.write_all(content)?;
    new.persist(target).map_err(|error| error.error)?;
    Ok(())
}

/// Replaces a file that is written often, and that only its owner may read then; a symbolic link is followed. What a
/// process that was killed has left beside it is overwritten by the next, so that nothing piles up where that happens
/// often. One process at a time may do so.
///
/// # Errors
/// Those of the system; the file is as it was.
pub fn replace_often(path: &Path, content: &[u8]) -> io::Result<()> {
    let path = target_of(path)?;
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut new = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    new.write_all(content)?;
    new.sync_data()?;
    fs::rename(beside, path)
}

/// The lock of a file that is replaced: it lies beside it, and is held as long as what is given back is open.
///
/// # Errors
/// Another process holds it, or those of the system.
pub fn lock_beside(path: &Path) -> io::Result<File> {
    let mut beside = target_of(path)?.into_os_string();
    beside.push(".lock");
    let open =
        OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(beside)?;
    match open.try_lock() {
        Ok(()) => Ok(open),
        Err(TryLockError::WouldBlock) => Err(io::Error::other("another run has it open")),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Says whether [`replace_file`] would work, so that nothing is asked for in vain.
///
/// # Errors
/// Those of [`replace_file`].
pub fn replaceable(path: &Path, readers: Readers) -> io::Result<()> {
    beside(&target_of(path)?, readers).map(drop)
}

/// An empty file next to `target`, gone again unless it takes its place.
fn beside(target: &Path, readers: Readers) -> io::Result<NamedTempFile> {
    let present = match fs::metadata(target) {
        Ok(present) if !present.is_file() => {
            return Err(io::Error::other("it is not a regular file"));
        }
        present => present.ok(),
    };
    let new = NamedTempFile::with_prefix_in(".imp-tools.", parent(target))?;
    if let (Some(present), Ok(ours)) = (present, new.as_file().metadata())
        && present.uid() != ours.uid()
    {
        // Under sudo it stays its owner's by this.
        let given = fchown(new.as_file(), Some(present.uid()), Some(present.gid()));
        if readers == Readers::Owner {
            given?;
        }
    }
    Ok(new)
}

/// The file that `path` leads to; it need not exist.
///
/// # Errors
/// When links lead in a circle, or to something without a name, as `/dev/stdin` or `<(command)` do. In `/dev/shm`
/// there are ordinary files.
pub fn target_of(path: &Path) -> io::Result<PathBuf> {
    let mut target = path.to_owned();
    for _ in 0..LINKS {
        let is_device = target.starts_with("/dev") && !target.starts_with("/dev/shm");
        if target.starts_with("/proc") || is_device {
            return Err(io::Error::other("it is not a regular file"));
        }
        match fs::read_link(&target) {
            Ok(link) => target = parent(&target).join(link),
            Err(_) => return Ok(target),
        }
    }
    Err(io::Error::other("too many symbolic links"))
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Makes a directory, and those above it, that only we may enter.
///
/// # Errors
/// When it is not there and cannot be made.
pub fn make_directory(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Removes the files of a directory that were written longer than `age` ago, as far as it can be done.
pub(crate) fn remove_older(directory: &Path, age: Duration) {
    let old = |entry: &fs::DirEntry| {
        let written = entry.metadata().and_then(|metadata| metadata.modified());
        written.is_ok_and(|written| {
            clock::now().duration_since(written).is_ok_and(|passed| passed > age)
        })
    };
    for entry in fs::read_dir(directory).into_iter().flatten().flatten().filter(old) {
        let _ = fs::remove_file(entry.path());
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_replaced_file_is_ours_alone_and_leaves_nothing_beside_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        replace(&path, b"new").unwrap();
        replaceable(&path, Readers::Owner).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(mode(&path), 0o600);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn links_stay_links_also_when_they_lead_nowhere_yet() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        fs::create_dir(at("below")).unwrap();
        symlink("below/second", at("first")).unwrap();
        symlink("file", at("below/second")).unwrap();
        for content in [b"one", b"two"] {
            replace(&at("first"), content).unwrap();
            assert_eq!(fs::read(at("below/file")).unwrap(), content);
        }
        assert!(at("first").is_symlink() && at("below/second").is_symlink());
        symlink("circle", at("circle")).unwrap();
        assert!(replace(&at("circle"), b"x").is_err());
    }

    #[test]
    fn what_everybody_may_read_is_readable_and_caches_follow_links_too() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        symlink("metrics", at("link")).unwrap();
        replace_file(&at("link"), b"x", Readers::Everybody).unwrap();
        assert_eq!((mode(&at("metrics")), at("link").is_symlink()), (0o644, true));
        symlink("names", at("cached")).unwrap();
        keep_in_cache(&at("cached"), b"x", Duration::from_secs(60)).unwrap();
        assert_eq!((mode(&at("names")), at("cached").is_symlink()), (0o600, true));
    }

    #[test]
    fn a_file_stays_its_owners() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let owner = |path: &Path| fs::metadata(path).unwrap().uid();
        // Only root can give a file away, and see more than that its own stays its own.
        let other = if fchown(file.as_file(), Some(4321), None).is_ok() {
            4321
        } else {
            owner(file.path())
        };
        replace(file.path(), b"x").unwrap();
        assert_eq!(owner(file.path()), other);
    }

    #[test]
    fn only_a_file_is_replaced() {
        let directory = tempfile::tempdir().unwrap();
        assert!(replace(directory.path(), b"x").is_err());
        let file = directory.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(replaceable(&file.join("below"), Readers::Owner).is_err());
        assert!(replaceable(Path::new("/dev/stdin"), Readers::Owner).is_err());
        if let Ok(memory) = tempfile::tempdir_in("/dev/shm") {
            assert!(replaceable(&memory.path().join("file"), Readers::Owner).is_ok());
        }
    }

    #[test]
    fn a_directory_of_ours_cannot_be_entered_by_others() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a/b");
        make_directory(&path).unwrap();
        make_directory(&path).unwrap();
        assert_eq!(mode(&path), 0o700);
        assert_eq!(mode(&directory.path().join("a")), 0o700);
    }

    #[test]
    fn what_nobody_has_written_for_long_goes() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        for name in ["old", "new"] {
            fs::write(at(name), "").unwrap();
        }
        let day = Duration::from_secs(86_400);
        File::options()
            .write(true)
            .open(at("old"))
            .unwrap()
            .set_modified(clock::now() - 2 * day)
            .unwrap();
        remove_older(directory.path(), day);
        assert!(!at("old").exists() && at("new").exists());
    }
}
