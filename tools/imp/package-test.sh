#!/bin/sh
# Tries the packages of tools/imp/package.sh as people use them: `sh tools/imp/package-test.sh`, as root.
#
# The packages are built in two clean clones in different folders, and must be the same; then they are installed in
# empty roots made by debootstrap, used, and removed without a trace: the Debian package in the release of this
# machine, the archive in the oldest release that the machine's package registry still has. With IMP_PACKAGE_FAST=1
# the programs are built fast. With names, only those steps: build, same, glibc, lint, debian, archive.

set -eu

oldest_first='jessie stretch buster bullseye bookworm trixie'

main() {
    root=$(cd "$(dirname "$0")/../.." && pwd)
    cd "$root"
    [ "$(id -u)" -eq 0 ] || fail 'debootstrap and chroot want root'
    need debootstrap lintian:lintian objdump:binutils script:bsdutils git apt-get jq
    IMP_PACKAGE_TOOLS=${IMP_PACKAGE_TOOLS:-$root/target/package-tools}
    export IMP_PACKAGE_TOOLS
    mirror=$(apt-get indextargets --format '$(REPO_URI)' | grep -v security | head -1)
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    trap 'exit 130' INT TERM
    package=$root/target/package
    for step in ${*:-build same glibc lint debian archive}; do
        printf '\n=== %s\n' "$step"
        "$step"
    done
    printf '\nAll is as it should be.\n'
}

fail() {
    printf 'package-test.sh: %s\n' "$1" >&2
    exit 1
}

need() {
    for program; do
        command -v "${program%%:*}" > /dev/null || fail "please install ${program#*:}"
    done
}

build() {
    sh tools/imp/package.sh
}

# From a clone in another folder come the same bytes.
same() {
    git clone --quiet "$root" "$work/another folder/imp"
    (cd "$work/another folder/imp" && sh tools/imp/package.sh)
    diff "$package/SHA256SUMS" "$work/another folder/imp/target/package/SHA256SUMS" ||
        fail 'built again, the packages are others'
    rm -rf "$work/another folder"
}

# What the programs ask of the C library.
glibc() {
    for program in "$package"/stage/bin/*; do
        newest=$(objdump -T "$program" | sed -n 's/.*(\{0,1\}GLIBC_\([0-9.]*\)).*/\1/p' | sort -Vu | tail -1)
        printf '%-12s glibc %s\n' "${program##*/}" "$newest"
        [ -n "$newest" ] || fail "nothing tells which glibc ${program##*/} wants"
        [ "$(printf '%s\n' "$newest" 2.17 | sort -V | tail -1)" = 2.17 ] ||
            fail "${program##*/} wants glibc $newest"
    done
}

lint() {
    lintian --allow-root --fail-on error "$package"/imp-tools_*.deb
}

debian() {
    # shellcheck disable=SC1091
    release=$(. /etc/os-release && echo "$VERSION_CODENAME")
    make_root "$release" ca-certificates,man-db,bash-completion
    cp "$package"/imp-tools_*.deb "$chroot/tmp/imp-tools.deb"
    inside 'dpkg --install /tmp/imp-tools.deb > /dev/null'
    # What man-db has formatted is its own.
    trace='find / -xdev \( -path /proc -o -path /var/cache/man \) -prune -o -path "*imp*" -print | grep -E "/_?imp(-|$|\.|_)" | grep -v /tmp/'
    [ "$(inside "$trace" | wc -l)" -gt 30 ] || fail 'hardly anything was installed'
    use_it
    inside 'dpkg --purge imp-tools > /dev/null'
    inside "$trace" > "$work/left" || true
    [ ! -s "$work/left" ] || fail "left behind: $(cat "$work/left")"
}

archive() {
    for release in $oldest_first; do
        make_root "$release" ca-certificates,man-db,bash-completion && break
    done
    mkdir "$chroot/unpacked"
    tar --extract --gzip --file "$package"/imp-tools-*.tar.gz --strip-components 1 --directory "$chroot/unpacked"
    list='find /opt /usr/local | sort'
    inside "mkdir -p /opt/imp; $list" > "$work/before"
    inside 'sh /unpacked/install.sh /opt/imp'
    inside 'ln -s /opt/imp/share/bash-completion/completions/* /usr/share/bash-completion/completions/'
    PREFIX=/opt/imp use_it
    inside 'sh /unpacked/install.sh --remove /opt/imp'
    inside "mkdir -p /opt/imp; $list" > "$work/after"
    diff "$work/before" "$work/after" || fail 'something is left behind'
}

# An empty root of a release; it has no network of its own and needs none.
make_root() {
    chroot=$work/root-$1
    printf 'debootstrap %s\n' "$1"
    debootstrap --variant=minbase --include="$2" "$1" "$chroot" "$mirror" > "$work/debootstrap.log" 2>&1 || {
        printf 'there is no %s any more\n' "$1"
        rm -rf "$chroot"
        return 1
    }
    # Terminals of its own; more is not needed of the system.
    mkdir -p "$chroot/dev/pts"
    ln -sf pts/ptmx "$chroot/dev/ptmx"
}

# Types a line in the root, as somebody without a terminal.
inside() {
    unshare --mount sh -c 'mount -t devpts -o newinstance,ptmxmode=0666 devpts "$1/dev/pts"
        mount -t proc proc "$1/proc"; exec chroot "$1" /usr/bin/env -i HOME=/root LC_ALL=C.UTF-8 TERM=dumb \
            PATH="$2/usr/bin:/bin:/usr/sbin:/sbin" MANPATH="$3:" bash -c "set -e; $4"' \
        sh "$chroot" "${PREFIX+$PREFIX/bin:}" "${PREFIX-/usr}/share/man" "$1" < /dev/null
}

use_it() {
    inside 'imp --version && imp device --version && imp | grep -q "Not signed in"'
    inside 'man imp-device | grep -q "Put devices into a device group" || man imp-device | head -20 | grep -q IMP-DEVICE'
    inside 'imp-sim run --devices 20 -- bash -c "
        imp product create --name Ovens > /tmp/product
        imp dg create --product Ovens --name Bench > /tmp/group
        imp device list | imp device assign --dg Bench | grep -c assigned | grep -qx 20
        imp doctor > /tmp/doctor
        imp device list --dg Bench -z csv | wc -l | grep -qx 21"'
    # Completion as bash loads it by itself, at a terminal.
    inside 'printf "%s\n" ". /usr/share/bash-completion/bash_completion" "imp-dev$(printf "\t")as$(printf "\t")--he$(printf "\t")> /tmp/completed" exit > /tmp/keys
        script -q -c "bash --norc -i" /dev/null < /tmp/keys > /tmp/shown 2>&1 || true
        grep -q "Usage: imp-device assign" /tmp/completed || { cat /tmp/shown; exit 1; }'
    inside 'rm -rf /tmp/product /tmp/group /tmp/doctor /tmp/keys /tmp/shown /tmp/completed /root/.cache /root/.local'
}

main "$@"
