//! The scripts that make packages and install them: a package is of a commit, and the script that
//! installs the archive takes away again what it put there and nothing else. The packages themselves
//! are tried by `tools/imp/package-test.sh`.

use tests::{Dir, Run};

/// An archive as it is unpacked, with few files, beside directories of somebody else.
fn unpacked() -> Dir {
    let dir = Dir::new();
    let tools = concat!(env!("CARGO_MANIFEST_DIR"), "/../tools/imp");
    dir.sh(&format!(
        "mkdir -p a/bin a/share/man/man1 a/lib/systemd/system theirs/share/man
         echo tool | tee a/bin/imp a/bin/imp-hook > a/bin/imp-device
         echo page > a/share/man/man1/imp.1.gz
         cp '{tools}'/systemd/* a/lib/systemd/system/
         cp '{tools}/packaging/install.sh' a/"
    ))
    .quiet();
    dir
}

/// Installs below a directory, and gives the lines of the units that start something.
fn started_by_units(dir: &Dir, prefix: &str) -> Run {
    dir.sh(&format!("sh a/install.sh '{prefix}'")).quiet();
    dir.sh(&format!("grep -h ExecStart= '{prefix}'/lib/systemd/system/*")).quiet()
}

#[test]
fn what_was_there_stays_and_what_was_made_goes() {
    let dir = unpacked();
    let list = "find theirs -printf '%p %m %s\\n' | sort";
    let before = dir.sh(list).stdout();
    dir.sh("umask 077 && sh a/install.sh theirs").quiet();
    let installed = dir.sh(list).stdout();
    for line in ["theirs/bin 755", "theirs/bin/imp 755 5", "theirs/share/man/man1/imp.1.gz 644 5"] {
        assert!(installed.lines().any(|it| it.starts_with(line)), "{line}: {installed}");
    }
    dir.sh("sh a/install.sh --remove theirs").quiet();
    assert_eq!(dir.sh(list).stdout(), before);
    dir.sh("sh a/install.sh --remove theirs").code(2).says("nothing that this script installed");
}

#[test]
fn a_directory_that_others_use_stays_until_they_leave_it() {
    let dir = unpacked();
    dir.sh("sh a/install.sh new && echo theirs > new/bin/other").quiet();
    // Another version: its directories are still noted as made by the first one.
    dir.sh("mv a/share/man/man1 a/share/man/man7 && sh a/install.sh new").quiet();
    dir.sh("test ! -e new/share/man/man1/imp.1.gz && test -e new/share/man/man7/imp.1.gz").quiet();
    dir.sh("sh a/install.sh --remove new").quiet();
    assert_eq!(dir.sh("find new | sort").stdout(), "new\nnew/bin\nnew/bin/other\n");
    dir.sh("rm new/bin/other && sh a/install.sh new && sh a/install.sh --remove new").quiet();
    assert_eq!(dir.sh("find new").stdout(), "new\nnew/bin\n");
}

#[test]
fn what_was_made_for_it_is_gone_with_it() {
    let dir = unpacked();
    dir.sh("sh a/install.sh new && sh a/install.sh new && sh a/install.sh --remove new").quiet();
    dir.sh("test ! -e new").quiet();
}

#[test]
fn an_interrupted_installation_can_be_removed() {
    let dir = unpacked();
    dir.sh("mkdir -p theirs/share/man/man1/imp.1.gz").quiet();
    dir.sh("sh a/install.sh theirs").code(1).says("Is a directory");
    dir.sh("test -e theirs/bin/imp && rmdir theirs/share/man/man1/imp.1.gz").quiet();
    dir.sh("sh a/install.sh --remove theirs").quiet();
    let left = dir.sh("find theirs | sort").stdout();
    assert_eq!(left, "theirs\ntheirs/share\ntheirs/share/man\ntheirs/share/man/man1\n");
}

#[test]
fn units_name_the_whole_path_of_any_directory() {
    let dir = unpacked();
    let work = dir.sh("pwd -P").stdout();
    let work = work.trim_end();
    for prefix in ["relative/prefix", "./dots/../dots", "R&D|100% x"] {
        let lines = started_by_units(&dir, prefix).stdout();
        let real = dir.sh(&format!("cd '{prefix}' && pwd")).stdout();
        let named = format!("\"{}/bin/imp-", real.trim_end().replace('%', "%%"));
        assert!(named.starts_with(&format!("\"{work}/")), "{named}");
        assert_eq!(lines.matches(&named).count(), 2, "{named}: {lines}");
    }
    let verify = "systemd-analyze verify --man=no R*/lib/systemd/system/*";
    dir.sh(&format!("! command -v systemd-analyze > found || {verify}")).quiet();
    dir.sh("sh a/install.sh \"it's\"").code(2).says("holds a quote").no_stdout();
    dir.sh("test ! -e \"it's\"").quiet();
}

#[test]
fn packages_are_made_of_a_commit_only() {
    let dir = Dir::new();
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    dir.sh(&format!("git clone --quiet '{root}' clone")).ok();
    dir.sh(&format!("cp '{root}/tools/imp/package.sh' clone/tools/imp/")).quiet();
    dir.sh("echo changed >> clone/README.md && echo new > clone/man/new.7").quiet();
    dir.sh("sh clone/tools/imp/package.sh").code(1).no_stdout().says_all(&[
        " M README.md",
        "?? man/new.7",
        "IMP_PACKAGE_FAST=1",
    ]);
    dir.sh("test ! -e clone/target").quiet();
}
