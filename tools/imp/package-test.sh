#!/bin/sh
# Tries the packages of tools/imp/package.sh as people use them: `sh tools/imp/package-test.sh`, as root.
#
# The packages are built in two clean clones in different folders, and must be the same; then they are installed in
# empty roots made by debootstrap, used, and removed without a trace: the Debian package and that for rpm in the
# release of this machine, the archive in the oldest release that the machine's package registry still has. With
# IMP_PACKAGE_FAST=1 the programs are built fast. With names, only those steps: build, same, glibc, lint, debian, rpm, archive.

set -eu

oldest_first='jessie stretch buster bullseye bookworm trixie'

main() {
    root=$(cd "$(dirname "$0")/../.." && pwd)
    cd "$root"
    [ "$(id -u)" -eq 0 ] || fail 'debootstrap and chroot want root'
    need debootstrap lintian:lintian objdump:binutils script:bsdutils git apt-get jq
    IMP_PACKAGE_TOOLS=${IMP_PACKAGE_TOOLS:-$root/target/package-tools}
    export IMP_PACKAGE_TOOLS
    # shellcheck disable=SC2016 # it is apt-get that puts something in
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' |
        grep -v security | head -1)
    [ -n "$mirror" ] || fail 'apt knows no registry of Debian; apt-get update may help'
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    trap 'exit 130' INT TERM
    package=$root/target/package
    [ "$#" -gt 0 ] || set -- build same glibc lint debian rpm archive
    for step; do
        case $step in
            build | same | glibc | lint | debian | rpm | archive) ;;
            *) fail "there is no step $step" ;;
        esac
    done
    for step; do
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

# From a clone in another folder come the same bytes, and nothing of what lay there from earlier.
same() {
    again=$work/another\ folder/imp
    git clone --quiet "$root" "$again"
    mkdir -p "$again/target/package"
    touch "$again/target/package/imp-tools_0.0.1_amd64.deb"
    (cd "$again" && sh tools/imp/package.sh)
    diff "$package/SHA256SUMS" "$again/target/package/SHA256SUMS" ||
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
    make_root "$(this_release)" ca-certificates,man-db,bash-completion
    cp "$package"/imp-tools_*.deb "$chroot/tmp/imp-tools.deb"
    comes_and_goes 'dpkg --install /tmp/imp-tools.deb > /dev/null' 'dpkg --purge imp-tools > /dev/null'
}

# Debian has the program rpm as well. It knows nothing of what dpkg has installed there, so what the package depends on
# is only read.
rpm() {
    make_root "$(this_release)" ca-certificates,man-db,bash-completion,rpm
    cp "$package"/imp-tools-*.rpm "$chroot/tmp/imp-tools.rpm"
    inside 'rpm --query --requires --package /tmp/imp-tools.rpm | grep -v "^rpmlib(" | sort | tr "\n" , |
        grep --line-regexp "ca-certificates,glibc >= 2.17,"'
    comes_and_goes 'rpm --install --nodeps /tmp/imp-tools.rpm' 'rpm --erase imp-tools'
}

this_release() {
    # shellcheck disable=SC1091
    (. /etc/os-release && echo "$VERSION_CODENAME")
}

# Installs it, uses it, removes it, and looks for what is left.
comes_and_goes() {
    # Records of dpkg and rpm, pages that man-db has formatted and the logs are their own.
    list='find / -xdev \( -path /proc -o -path /var/cache -o -path /var/lib/dpkg -o -path /var/lib/rpm -o \
        -path /var/log \) -prune -o -print | sort'
    inside "$list" > "$work/before"
    inside "$1"
    inside "$list" > "$work/installed"
    printf '%s files and directories\n' "$(comm -13 "$work/before" "$work/installed" | wc -l)"
    use_it
    inside "$2"
    inside "$list" > "$work/after"
    diff "$work/before" "$work/after" || fail 'something is left behind'
}

archive() {
    for release in $oldest_first; do
        make_root "$release" ca-certificates,man-db,bash-completion && break
    done
    [ -d "$chroot" ] || fail "no release could be had: $(tail -n 3 "$work/debootstrap.log")"
    inside 'ldd --version | head -n 1'
    mkdir "$chroot/unpacked"
    tar --extract --gzip --file "$package"/imp-tools-*.tar.gz --strip-components 1 --directory "$chroot/unpacked"
    list='find /opt /usr/local | sort'
    inside "$list" > "$work/before"
    inside 'sh /unpacked/install.sh /opt/imp'
    inside 'ln -s /opt/imp/share/bash-completion/completions/* /usr/share/bash-completion/completions/'
    PREFIX=/opt/imp use_it
    inside 'sh /unpacked/install.sh --remove /opt/imp'
    inside "$list" > "$work/after"
    diff "$work/before" "$work/after" || fail 'something is left behind'
}

# An empty root of a release; it has no network of its own and needs none.
make_root() {
    chroot=$work/root-$1
    # That of the step before.
    rm -rf "$chroot"
    printf 'debootstrap %s\n' "$1"
    debootstrap --variant=minbase --include="$2" "$1" "$chroot" "$mirror" > "$work/debootstrap.log" 2>&1 || {
        printf '%s cannot be had: %s\n' "$1" "$(tail -n 1 "$work/debootstrap.log")"
        rm -rf "$chroot"
        return 1
    }
    # Terminals of its own; more is not needed of the system.
    mkdir -p "$chroot/dev/pts"
    ln -sf pts/ptmx "$chroot/dev/ptmx"
}

# Types a line in the root, as somebody without a terminal.
inside() {
    # shellcheck disable=SC2016 # for the shell in there
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
    # shellcheck disable=SC2016 # for the shell in there
    inside 'printf "%s\n" ". /usr/share/bash-completion/bash_completion" "imp-dev$(printf "\t")as$(printf "\t")--he$(printf "\t")> /tmp/completed" exit > /tmp/keys
        script -q -c "HISTFILE= bash --norc -i" /dev/null < /tmp/keys > /tmp/shown 2>&1 || true
        grep -q "Usage: imp-device assign" /tmp/completed || { cat /tmp/shown; exit 1; }'
    inside 'rm -rf /tmp/product /tmp/group /tmp/doctor /tmp/keys /tmp/shown /tmp/completed /root/.cache /root/.local'
}

main "$@"
