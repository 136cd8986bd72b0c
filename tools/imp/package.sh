#!/bin/sh
# Makes the packages of the imp tools in target/package: `sh tools/imp/package.sh`.
#
#     imp-tools_VERSION_amd64.deb              for Debian and its kin
#     imp-tools-VERSION-1.x86_64.rpm           for Fedora and its kin
#     imp-tools-VERSION-x86_64-linux.tar.gz    for any Linux with glibc 2.17 or later, with an install.sh
#     imp-tools-VERSION.cdx.json               what is in them (CycloneDX)
#     SHA256SUMS
#
# The same commit gives the same bytes with the same compiler, in whatever folder it lies; so nothing may be changed
# that is not committed. The tools for it are installed into target/package-tools, or where IMP_PACKAGE_TOOLS says.
#
# With IMP_PACKAGE_FAST=1 the packages are for a trial: of the files as they are, with programs that are built in a
# fifth of the time, large and slow. Their version ends with `+trial`.
#
# Who hands out the Debian package says whom to write to: DEBFULLNAME and DEBEMAIL, as for Debian's own tools. Without
# them it names an address that plainly is none.

set -eu

tools='imp imp-auth imp-build imp-change imp-device imp-dg imp-hook imp-log imp-product imp-sim'
target=x86_64-unknown-linux-gnu
largest_client=$((6 * 1024 * 1024))

main() {
    root=$(cd "$(dirname "$0")/../.." && pwd -P)
    cd "$root"
    need cargo git gzip jq python3 sha256sum tar
    helpers=${IMP_PACKAGE_TOOLS:-$root/target/package-tools}
    package=$root/target/package
    stage=$package/stage
    [ -n "${IMP_PACKAGE_FAST-}" ] || nothing_is_changed
    version=$(cargo metadata --format-version 1 --no-deps |
        jq -r '.packages[] | select(.name == "imp").version')${IMP_PACKAGE_FAST:++trial}
    SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
    export SOURCE_DATE_EPOCH LC_ALL=C TZ=UTC
    umask 022
    # Whatever becomes of this run, no package of an earlier one is taken for one of it.
    rm -rf "$stage" "$package"/imp-tools?* "$package/SHA256SUMS"
    install_helpers
    build
    lay_out
    make_deb
    make_rpm
    make_tarball
    make_sbom
    (cd "$package" && sha256sum imp-tools?* > SHA256SUMS && cat SHA256SUMS)
}

fail() {
    printf 'package.sh: %s\n' "$1" >&2
    exit 1
}

step() {
    printf '\n=== %s\n' "$1"
}

# The version and the list of parts name a commit: what is packed has to be that.
nothing_is_changed() {
    changed=$(git status --porcelain)
    [ -z "$changed" ] || fail "packages are made of a commit, and these files are not as committed:
$changed
Commit or stash them, or make a trial of them: IMP_PACKAGE_FAST=1 sh tools/imp/package.sh"
}

need() {
    for program; do
        command -v "${program%%:*}" > /dev/null || fail "please install ${program#*:}"
    done
}

install_helpers() {
    step 'Install what makes packages'
    mkdir -p "$helpers"
    if [ ! -x "$helpers/venv/bin/cargo-zigbuild" ]; then
        python3 -m venv "$helpers/venv"
        "$helpers/venv/bin/pip" install --quiet ziglang==0.17.1 cargo-zigbuild==0.24.1
    fi
    for helper in cargo-deb@3.8.0 cargo-generate-rpm@0.21.1 cargo-cyclonedx@0.5.9; do
        [ -x "$helpers/bin/${helper%@*}" ] ||
            cargo install --quiet --locked --root "$helpers" "$helper"
    done
    PATH=$helpers/bin:$helpers/venv/bin:$PATH
    export PATH
}

# Nothing of this machine's paths gets into the programs.
build() {
    step 'Build'
    cargo fetch --locked --target "$target"
    cargo_home=${CARGO_HOME:-$HOME/.cargo}
    CARGO_ENCODED_RUSTFLAGS=
    CFLAGS=
    # How the folder of the sources is called depends on where they were fetched from.
    for sources in "$cargo_home"/registry/src/*; do
        remap "$sources" dependencies
    done
    remap "$root" .
    export CARGO_ENCODED_RUSTFLAGS CFLAGS CARGO_INCREMENTAL=0
    # In a folder whose name holds a blank too.
    export CC_SHELL_ESCAPED_FLAGS=1
    if [ -n "${IMP_PACKAGE_FAST-}" ]; then
        export CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_OPT_LEVEL=1 \
            CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16
    fi
    set --
    for tool in $tools; do
        set -- "$@" --package "$tool"
    done
    CARGO_TARGET_DIR=$package/build \
        cargo zigbuild --locked --release --target "$target.2.17" --bins "$@"
    unset CARGO_ENCODED_RUSTFLAGS CFLAGS CC_SHELL_ESCAPED_FLAGS
}

# What the compilers call a folder of this machine.
remap() {
    separator=$(printf '\037')
    CARGO_ENCODED_RUSTFLAGS="${CARGO_ENCODED_RUSTFLAGS:+$CARGO_ENCODED_RUSTFLAGS$separator}--remap-path-prefix=$1=$2"
    CFLAGS="$CFLAGS '-ffile-prefix-map=$(printf '%s' "$1=$2" | sed "s/'/'\\\\''/g")'"
}

# The files as they lie below /usr.
lay_out() {
    step 'Lay out'
    sysroot=$(rustc --print sysroot)
    mkdir -p "$stage/bin" "$stage/share/man/man1" "$stage/share/man/man7"
    for tool in $tools; do
        built=$package/build/$target/release/$tool
        size=$(stat -c %s "$built")
        printf '%-12s %8d bytes\n' "$tool" "$size"
        [ "$tool" = imp-sim ] || [ -n "${IMP_PACKAGE_FAST-}" ] || [ "$size" -le "$largest_client" ] ||
            fail "$tool has more than $largest_client bytes"
        for path in "$root" "$cargo_home" "$sysroot"; do
            ! grep --quiet --text --fixed-strings "$path" "$built" || fail "$tool holds the path $path"
        done
        install -m 755 "$built" "$stage/bin/$tool"
    done
    for section in 1 7; do
        for page in man/*."$section"; do
            gzip -9n < "$page" > "$stage/share/man/man$section/${page#man/}.gz"
        done
    done
    lay_out_completions
    install -D -m 644 -t "$stage/lib/systemd/system" tools/imp/systemd/*
    install -D -m 644 -t "$stage/share/doc/imp-tools" LICENSE README.md
    install -D -m 644 -t "$stage/share/doc/imp-tools/examples" tests/demo.sh
    find "$stage" -exec touch --no-dereference --date "@$SOURCE_DATE_EPOCH" {} +
}

# Bash and fish look for a file with the name of the command, zsh reads the first line of each.
lay_out_completions() {
    shells=$stage/share
    mkdir -p "$shells/bash-completion/completions" "$shells/fish/vendor_completions.d" \
        "$shells/zsh/site-functions" "$shells/zsh/vendor-completions"
    for tool in $tools; do
        "$stage/bin/imp" completion bash > "$shells/bash-completion/completions/$tool"
        "$stage/bin/imp" completion fish > "$shells/fish/vendor_completions.d/$tool.fish"
    done
    "$stage/bin/imp" completion zsh > "$shells/zsh/site-functions/_imp"
    # Debian's zsh looks there.
    mv "$shells/zsh/site-functions/_imp" "$shells/zsh/vendor-completions/_imp"
    rmdir "$shells/zsh/site-functions"
}

make_deb() {
    step 'Debian package'
    day=$(date --utc --date "@$SOURCE_DATE_EPOCH" '+%a, %d %b %Y %H:%M:%S +0000')
    maintainer=$(sed -n 's/^maintainer = "\(.*\)"$/\1/p' tools/imp/Cargo.toml)
    [ -z "${DEBEMAIL-}" ] || maintainer="${DEBFULLNAME:-imp-tools maintainers} <$DEBEMAIL>"
    printf 'imp-tools (%s) unstable; urgency=medium\n\n  * See the history of the repository.\n\n -- %s  %s\n' \
        "$version" "$maintainer" "$day" | gzip -9n > "$package/changelog.gz"
    cargo deb --quiet --locked --no-build --no-strip --package imp --deb-version "$version" \
        --maintainer "$maintainer" --output "$package/imp-tools_${version}_amd64.deb"
}

make_rpm() {
    step 'RPM package'
    cargo generate-rpm --package tools/imp --target "$target" \
        --set-metadata "version = \"$version\"" --source-date "$SOURCE_DATE_EPOCH" --payload-compress gzip \
        --output "$package/imp-tools-$version-1.x86_64.rpm"
}

make_tarball() {
    step 'Archive'
    name=imp-tools-$version-x86_64-linux
    rm -rf "${package:?}/$name"
    cp -a "$stage" "$package/$name"
    # That is where zsh looks below /usr/local.
    mv "$package/$name/share/zsh/vendor-completions" "$package/$name/share/zsh/site-functions"
    install -m 644 LICENSE README.md "$package/$name"
    install -m 755 tools/imp/packaging/install.sh "$package/$name"
    tar --create --directory "$package" --sort=name --format=ustar --owner=0 --group=0 \
        --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" --mode=u=rwX,go=rX "$name" |
        gzip -9n > "$package/$name.tar.gz"
    rm -r "${package:?}/$name"
}

# One list for all programs. It is made of a copy, because the tool writes beside the manifests.
make_sbom() {
    step 'What is in them'
    rustc=$(rustc --version)
    zig=$(python3 -m ziglang version)
    copy=$(mktemp -d)
    git ls-files -z --cached --others --exclude-standard |
        tar --create --null --files-from - --ignore-failed-read | tar --extract --directory "$copy"
    (cd "$copy" && cargo cyclonedx --quiet --format json --target "$target" --override-filename bom \
        --manifest-path Cargo.toml)
    for tool in $tools; do
        cat "$copy/tools/$tool/bom.json"
    done | jq --slurp --sort-keys --arg version "$version" \
        --arg rustc "$rustc" --arg zig "$zig" \
        --arg time "$(date --utc --date "@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%SZ)" \
        --from-file tools/imp/packaging/sbom.jq |
        sed "s|$copy/||g" > "$package/imp-tools-$version.cdx.json"
    rm -r "$copy"
}

main "$@"
