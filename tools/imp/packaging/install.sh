#!/bin/sh
# Installs the imp tools below a directory, /usr/local unless another is named, or removes them again:
#     sh install.sh [PREFIX]
#     sh install.sh --remove [PREFIX]
# Each file is noted in PREFIX/share/imp-tools/installed before it is there, and each directory that had to be made
# (its name ends with a slash): also what was interrupted can be removed, and nothing else is.

set -eu
umask 022
export LC_ALL=C
unset CDPATH

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
    find_prefix "${1:-/usr/local}"
    list=$prefix/share/imp-tools/installed
    if [ -z "$remove" ]; then
        install_all
    elif [ -f "$list" ]; then
        remove_all
    else
        fail "nothing that this script installed is below $prefix"
    fi
}

fail() {
    printf 'install.sh: %s\n' "$1" >&2
    exit 2
}

# The units name the whole path, wherever this is started.
find_prefix() {
    prefix=$1
    case $prefix in
        /*) ;;
        *) prefix=$(pwd)/$prefix ;;
    esac
    case $prefix in
        *[\"\'\`\$\\]*) fail "the units of systemd cannot name $prefix: it holds a quote, a dollar or a backslash" ;;
    esac
    [ ! -d "$prefix" ] || prefix=$(cd "$prefix" && pwd)
}

install_all() {
    made=
    # An older version may have had other files; its directories stay noted.
    if [ -f "$list" ]; then
        remove_files
        made="$(directories)
"
    fi
    if [ ! -d "$prefix" ]; then
        mkdir -p "$prefix"
        made="/
"
        prefix=$(cd "$prefix" && pwd)
        list=$prefix/share/imp-tools/installed
    fi
    make_directory share/imp-tools
    printf '%s' "$made" > "$list"
    # Within quotes of systemd, and as what sed puts in.
    in_unit=$(printf '%s\n' "$prefix" | sed 's/%/%%/g; s/[&|]/\\&/g')
    (cd "$here" && find bin share lib -type f) | sort | while IFS= read -r file; do
        install_file "$file"
    done
    printf 'installed below %s; begin with: man imp-tools\n' "$prefix"
}

install_file() {
    made=
    make_directory "${1%/*}"
    printf '%s%s\n' "$made" "$1" >> "$list"
    rm -f "$prefix/$1"
    case $1 in
        lib/systemd/*)
            sed "s|/usr/bin/\(imp[a-z-]*\)|\"$in_unit/bin/\1\"|g" "$here/$1" > "$prefix/$1"
            ;;
        *) cp "$here/$1" "$prefix/$1" ;;
    esac
    case $1 in
        bin/*) chmod 755 "$prefix/$1" ;;
        *) chmod 644 "$prefix/$1" ;;
    esac
}

# Adds to `made`, a name a line, what was not there.
make_directory() {
    [ ! -d "$prefix/$1" ] || return 0
    case $1 in
        */*) make_directory "${1%/*}" ;;
    esac
    mkdir "$prefix/$1"
    made="$made$1/
"
}

remove_all() {
    remove_files
    noted=$(directories)
    rm -f "$list"
    # What others have put something into stays.
    printf '%s\n' "$noted" | sort -r | while IFS= read -r directory; do
        rmdir "$prefix/$directory" 2> /dev/null || true
    done
    printf 'removed from %s\n' "$prefix"
}

remove_files() {
    grep -v -e '/$' -e '^$' "$list" | while IFS= read -r file; do
        rm -f "$prefix/$file"
    done
}

directories() {
    grep '/$' "$list" || true
}

main "$@"
