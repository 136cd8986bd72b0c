#!/bin/sh
# The main job, from a fresh clone: builds everything, starts a local impCentral with 2,000 devices, and
# moves devices about as a person on a factory floor would. Each step is shown, and checked against what
# the simulator says was done; any difference ends it with an error.
#
#   sh tests/demo.sh
#
# The commands of main() are those for the real service: only the sign-in would be another.
set -eu

here=$(cd "$(dirname "$0")/.." && pwd)

need() {
    for program; do
        command -v "$program" >/dev/null || { echo "demo: $program is needed, please install it" >&2; exit 2; }
    done
}

# Shows a command as a person would type it, then runs it; long output and long lines are cut.
show() {
    printf '\n$ %s\n' "$1"
    status=0
    sh -c "$1" >"$work/out" 2>"$work/err" || status=$?
    head -n 4 "$work/out" | cut -c 1-150
    lines=$(wc -l <"$work/out")
    [ "$lines" -le 4 ] || echo "… $((lines - 4)) more lines"
    sed 's/^/! /' "$work/err"
    [ "$status" -eq "${2:-0}" ] || fail "exit code $status instead of ${2:-0}"
}

fail() {
    echo "demo: FAILED: $*" >&2
    exit 1
}

# Compares two texts that should be the same.
same() {
    [ "$2" = "$3" ] || fail "$1: $2 instead of $3"
    echo "✓ $1: $2"
}

# What the simulator says, not what the tools say.
truth() { curl --silent --fail "$IMP_SIM_CONTROL/$1"; }
writes() { truth counts | jq .writes; }
# The number of devices in the group called $1.
members() {
    group=$(truth devicegroups | jq -r --arg name "$1" 'select(.name == $name).id')
    truth devices | jq -r --arg group "$group" 'select(.devicegroup_id == $group).id' | wc -l | tr -d ' '
}

main() {
    echo "== Sign in, with the password from a file"
    printf '%s\n' "$IMP_SIM_PASSWORD" >password
    show "imp-auth login --endpoint $IMPT_ENDPOINT --user $IMP_SIM_USER --pwd-file password --confirmed"
    rm password
    show "imp-auth info"

    echo; echo "== A product and two device groups"
    show "imp-product create --name Thermostat --descr 'Demo'"
    show "imp-dg create --name Line1 --product Thermostat"
    show "imp-dg create --name Repair --product Thermostat"
    same "groups of the product" "$(truth devicegroups | jq -r 'select(.name == "Line1" or .name == "Repair").name' | sort | tr '\n' ' ')" "Line1 Repair "

    echo; echo "== 1,500 devices from the factory's CSV, three of them wrong"
    # A column of MAC addresses and one that nobody needs; 1,497 are real.
    truth 'devices' | jq -r 'select(.owner_id == $owner) | .mac_address' --arg owner "$(imp-auth info | jq -r .account_id)" |
        head -n 1497 | awk 'BEGIN { print "mac_address,serial" } { print $1 ",SN" NR }
            NR == 400 { print "0c:2a:69:ff:ff:01,SN-A" }
            NR == 800 { print "not-a-mac,SN-B" }
            NR == 1200 { print "2.34E+15,SN-C" }' >factory.csv
    same "rows in the file" "$(($(wc -l <factory.csv) - 1))" 1500
    show "imp-device assign --dg Line1 --input factory.csv --failed failed.ndjson --report report.json" 1
    same "devices in Line1" "$(members Line1)" 1497
    same "the report" "$(jq -c '[.rows, .ok, .unchanged, .failed]' report.json)" "[1500,1497,0,3]"
    show "jq -c '{source, kind: .error.kind, title: .error.title}' failed.ndjson"

    echo; echo "== Every offline device goes to Repair"
    offline=$(imp-device list --dg Line1 --offline | wc -l | tr -d ' ')
    show "imp-device list --dg Line1 | jq -c 'select(.device_online | not)' | imp-device assign --dg Repair"
    same "devices in Repair" "$(members Repair)" "$offline"
    same "devices in Line1" "$(members Line1)" "$((1497 - offline))"

    echo; echo "== Ten of them are taken out again"
    show "imp-device list --dg Repair --limit 10 | imp-device unassign"
    same "devices in Repair" "$(members Repair)" "$((offline - 10))"

    echo; echo "== The failed rows are corrected and fed back in"
    # The three devices that were meant are the next three of the list.
    truth devices | jq -r 'select(.devicegroup_id == null) | .mac_address' | tail -n 40 | head -n 3 >meant
    show "sed -e \"s/0c:2a:69:ff:ff:01/\$(sed -n 1p meant)/g\" -e \"s/not-a-mac/\$(sed -n 2p meant)/g\" -e \"s/2.34E+15/\$(sed -n 3p meant)/g\" failed.ndjson > corrected.ndjson"
    show "imp-device assign --dg Line1 --input corrected.ndjson --failed failed-again.ndjson"
    same "devices in Line1" "$(members Line1)" "$((1500 - offline))"
    same "rows that failed again" "$(wc -l <failed-again.ndjson | tr -d ' ')" 0

    echo; echo "== The same once more changes nothing"
    before=$(writes)
    show "imp-device list --dg Line1 | imp-device assign --dg Line1 --report report.json"
    same "rows unchanged" "$(jq .unchanged report.json)" "$((1500 - offline))"
    same "writing requests" "$(($(writes) - before))" 0
    same "requests refused with 429" "$(truth counts | jq '.by_status["429"] // 0')" 0

    echo; echo "demo: all as it should be"
}

if [ "${1:-}" = inside ]; then
    work=$2
    cd "$work"
    # The sign-in of the demo is its own: that of the simulator is set aside.
    unset IMP_AUTH_FILE IMPT_LOGINKEY
    main
    exit 0
fi

need cargo jq curl awk
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo "== Build"
(cd "$here" && cargo build --workspace --bins)
bin=$(cd "$here" && cargo metadata --format-version 1 --no-deps | jq -r .target_directory)/debug
PATH="$bin:$PATH"
HOME=$work
XDG_STATE_HOME=$work/state XDG_CACHE_HOME=$work/cache
export PATH HOME XDG_STATE_HOME XDG_CACHE_HOME
imp-sim run --devices 2000 -- sh "$here/tests/demo.sh" inside "$work"
