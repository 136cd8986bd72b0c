#!/bin/sh
# Types a script on a machine of its own, whose first process is systemd and which has no units but
# those of a directory:
#
#     sh under_systemd.sh UNITS COMMANDS SCRIPT OUTPUT
#
# SCRIPT runs as root with COMMANDS in front of its PATH and in /run/imp-commands, where the units look;
# what it prints goes to OUTPUT. Ends with 0 if SCRIPT did.
#
# It needs root. Nothing of the real machine is changed: processes, mounts, names and control groups are
# those of namespaces; /run, /var/lib, /var/cache and the units are empty file systems, and the kernel's
# parameters cannot be written. Network and all other files are those of the machine.

set -eu

main() {
    groups=$(findmnt --noheadings --first-only --types cgroup2 --output TARGET) ||
        fail 'there is no cgroup2'
    group=$groups/imp-tests-$$
    mkdir "$group"
    trap tidy_up EXIT
    timeout --kill-after 5 100 \
        unshare --mount --pid --fork --kill-child --uts --ipc --mount-proc \
        sh "$0" --in-namespaces "$group" "$@" || :
    [ "$(cat "$4.code" 2> /dev/null)" = 0 ]
}

tidy_up() {
    find "$group" -depth -type d -exec rmdir {} + 2> /dev/null || :
}

fail() {
    printf 'under_systemd.sh: %s\n' "$1" >&2
    exit 2
}

# A control group of its own comes first, because systemd takes over all processes of the one it is in.
in_namespaces() {
    echo 0 > "$1/cgroup.procs"
    shift
    exec unshare --cgroup sh "$0" --in-control-group "$@"
}

in_control_group() {
    umount --recursive /sys/fs/cgroup
    mount -t cgroup2 none /sys/fs/cgroup
    # 0 is a process that cannot be seen from here.
    ! grep --quiet --line-regexp 0 /sys/fs/cgroup/cgroup.procs ||
        fail 'others are in the control group'
    units=$1 commands=$2 script=$3 output=$4
    mount --bind /proc/sys /proc/sys
    mount -o remount,ro,bind /proc/sys
    for directory in /run /var/lib /var/cache /etc/systemd/system; do
        mount -t tmpfs -o mode=755 none "$directory"
    done
    mkdir /run/imp-commands
    mount --bind "$commands" /run/imp-commands
    : > /run/console
    mount --bind /run/console /dev/console
    add_units
    SYSTEMD_UNIT_PATH=/etc/systemd/system container=imp-tests exec /lib/systemd/systemd --system \
        --unit=multi-user.target --log-target=console --show-status=false
}

# Those of the directory, the targets that they name, and one that types the script.
add_units() {
    cp "$units"/* /etc/systemd/system/
    for target in sysinit basic network-online timers multi-user shutdown; do
        printf '[Unit]\nDefaultDependencies=no\n' > "/etc/systemd/system/$target.target"
    done
    cat > /etc/systemd/system/typed.service <<END
[Unit]
DefaultDependencies=no
[Service]
Type=oneshot
Environment="PATH=/run/imp-commands:$PATH" "HOME=$HOME"
ExecStart=/bin/sh -c 'bash "\$1" > "\$2" 2>&1; echo \$? > "\$2.code"' sh "$script" "$output"
# systemd as the first process of a container ends at once.
ExecStopPost=/bin/kill -s RTMIN+13 1
END
    mkdir /etc/systemd/system/multi-user.target.wants
    ln -s ../typed.service /etc/systemd/system/multi-user.target.wants/
}

case $1 in
    --in-namespaces) shift && in_namespaces "$@" ;;
    --in-control-group) shift && in_control_group "$@" ;;
    *) main "$@" ;;
esac
