#!/bin/sh
# Installs the imp tools below a directory, /usr/local unless another is named, or removes them again:
#     sh install.sh [PREFIX]
#     sh install.sh --remove [PREFIX]
# What was installed is listed in PREFIX/share/imp-tools/installed, which --remove goes by.

set -eu

main() {
    here=$(cd "$(dirname "$0")" && pwd)
    remove=
    if [ "${1-}" = --remove ]; then
        remove=yes
        shift
    fi
    case ${1-} in
        -*) fail "unknown option $1" ;;
    esac
    [ "$#" -le 1 ] || fail 'one directory at most'
    prefix=${1:-/usr/local}
    list=$prefix/share/imp-tools/installed
    # An older version may have had other files.
    [ ! -f "$list" ] || remove_all
    [ -n "$remove" ] || install_all
}

fail() {
    printf 'install.sh: %s\n' "$1" >&2
    exit 2
}

install_all() {
    mkdir -p "$prefix/share/imp-tools"
    (cd "$here" && find bin share lib -type f) | sort > "$list"
    while read -r file; do
        mkdir -p "$prefix/$(dirname "$file")"
        rm -f "$prefix/$file"
        case $file in
            lib/systemd/*) sed "s|/usr/bin/|$prefix/bin/|" "$here/$file" > "$prefix/$file" ;;
            *) cp "$here/$file" "$prefix/$file" ;;
        esac
        case $file in
            bin/*) chmod 755 "$prefix/$file" ;;
            *) chmod 644 "$prefix/$file" ;;
        esac
    done < "$list"
    printf 'installed below %s; begin with: man imp-tools\n' "$prefix"
}

remove_all() {
    while read -r file; do
        rm -f "$prefix/$file"
        directory=$(dirname "$file")
        # Only what is empty goes.
        while [ "$directory" != . ]; do
            rmdir "$prefix/$directory" 2> /dev/null || break
            directory=$(dirname "$directory")
        done
    done < "$list"
    rm -f "$list"
    rmdir "$prefix/share/imp-tools" 2> /dev/null || true
    rmdir "$prefix/share" "$prefix/bin" "$prefix/lib" 2> /dev/null || true
}

main "$@"
