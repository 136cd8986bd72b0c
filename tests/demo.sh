#!/bin/sh
# The main job and a short shift of a factory, on a local impCentral with 2,000 devices:
# `sh tests/demo.sh`.
#
# Each step is shown as a person types it, with the first lines of what it prints, and then compared
# with what the simulator's control address says was done. Any difference ends the script with 1.
# Nothing is installed, and nothing outside a directory of its own is touched.
#
# The commands are the same for the real service: only `imp-auth login` says which one it is.

set -eu

main() {
    need cargo jq curl
    build
    work=$(mktemp -d)
    trap 'end $?' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    leave_the_person_alone
    start_simulator
    sign_in
    make_groups
    assign_from_csv
    move_offline_devices
    unassign_some
    correct_failed_rows
    look_at_the_whole
    make_factory
    work_shift
    close_the_books
    try_new_version
    roll_out_and_back
    plan_and_undo
    kill_and_resume
    printf '\nAll as the simulator says.\n'
}

need() {
    for program; do
        command -v "$program" > /dev/null || missing="${missing-} $program"
    done
    [ -z "${missing-}" ] || fail "please install first:$missing"
}

build() {
    title 'Build everything'
    root=$(cd "$(dirname "$0")/.." && pwd)
    printf '\n$ cargo build --workspace --bins\n'
    (cd "$root" && cargo build --workspace --bins)
    target=$(cd "$root" && cargo metadata --format-version 1 --no-deps | jq -r .target_directory)
    PATH=$target/debug:$PATH
}

# A home of our own, and no sign-in from the environment.
leave_the_person_alone() {
    HOME=$work/home
    export HOME
    mkdir "$HOME"
    unset IMP_AUTH_FILE IMPT_AUTH_FILE_PATH IMPT_LOGINKEY IMPT_USER IMPT_PASSWORD IMPT_ENDPOINT
    unset XDG_STATE_HOME XDG_CACHE_HOME
    cd "$work"
}

start_simulator() {
    title 'A local impCentral with 2,000 devices'
    printf '\n$ imp-sim serve --listen 127.0.0.1:0 --devices 2000 > sim.json &\n'
    imp-sim serve --listen 127.0.0.1:0 --devices 2000 > sim.json &
    simulator=$!
    # It prints one line when it is ready.
    while [ ! -s sim.json ]; do
        kill -0 "$simulator" 2> /dev/null || fail 'the simulator has ended'
        sleep 0.1
    done
    control=$(jq -r .control sim.json)
    user=$(jq -r .user sim.json)
    endpoint=$(jq -r .endpoint sim.json)
    jq -j .password sim.json > password
    equal 'devices in the account' 2000 "$(devices | wc -l)"
}

sign_in() {
    title 'Sign in'
    run 0 "imp-auth login --endpoint $endpoint --user $user --pwd-file password"
    run 0 'imp-auth info'
    equal 'sign-ins at the service' 1 "$(truth counts | jq .renewals)"
    equal 'mode of the sign-in file' 600 "$(stat -c %a "$HOME/.impt.auth")"
}

make_groups() {
    title 'A product with two device groups'
    run 0 'imp-product create --name Bakery'
    run 0 'imp-dg create --product Bakery --name Ovens'
    run 0 'imp-dg create --product Bakery --name Service'
    product=$(truth products | jq -r 'select(.name == "Bakery").id')
    for name in Ovens Service; do
        equal "product of $name" "$product" "$(group "$name" .product_id)"
    done
}

assign_from_csv() {
    title 'Assign 1,500 devices from a list of MAC addresses, three of them wrong'
    devices > all.ndjson
    head -n 1500 all.ndjson | jq -r .mac_address > right
    # Somebody misread a label, a spreadsheet took an address for a number, and a field is cut.
    sed -e '16s/.*/0c:2a:69:ff:ff:01/' -e '701s/.*/2.34E+15/' -e '1500s/.*/0c:2a:69/' right |
        awk 'BEGIN { printf "MAC Address\r\n" } { printf "%s\r\n", $0 }' > devices.csv
    sed -e 16d -e 701d -e 1500d right > expected
    run 0 'head -n 3 devices.csv'
    run 1 'imp-device assign -v --dg Ovens --input devices.csv --failed failed.ndjson'
    equal 'records printed' 1497 "$(jq -r 'select(.outcome == "assigned").id' output | wc -l)"
    run 0 'jq -r '\''"\(.source): \(.error.title)"'\'' failed.ndjson'
    same 'devices in Ovens' expected "$(members Ovens)"
    equal 'restarts, one for each device' 1497 "$(restarts)"
}

move_offline_devices() {
    title 'Move every offline device to the other group'
    devices_of Ovens | jq -r 'select(.device_online == false).mac_address' > offline
    devices_of Ovens | jq -r 'select(.device_online).mac_address' > online
    run 0 "imp-device list --dg Ovens | jq 'select(.device_online == false)' |
    imp-device assign --dg Service"
    equal 'records printed' "$(wc -l < offline)" "$(wc -l < output)"
    same 'devices in Service' offline "$(members Service)"
    same 'devices in Ovens' online "$(members Ovens)"
}

unassign_some() {
    title 'Unassign some'
    run 0 'imp-device list --dg Service --limit 40 > scrap.ndjson'
    run 0 'imp-device unassign -v --input scrap.ndjson'
    jq -r .mac_address scrap.ndjson > scrap
    equal 'devices unassigned' 40 "$(truth restarts | jq 'select(.unassigned == 1).id' | wc -l)"
    grep -v -x -F -f scrap offline > expected
    same 'devices in Service' expected "$(members Service)"
}

correct_failed_rows() {
    title 'Correct the failed rows and feed them back in'
    run 0 'jq -c .input failed.ndjson'
    # The person looks at the three labels again.
    set -- "$(sed -n 16p right)" "$(sed -n 701p right)" "$(sed -n 1500p right)"
    run 0 "sed -e 's/0c:2a:69:ff:ff:01/$1/g' -e 's/2.34E+15/$2/g' \\
    -e 's/\"0c:2a:69\"/\"$3\"/g' failed.ndjson > corrected.ndjson"
    run 0 'imp-device assign -v --dg Ovens --input corrected.ndjson --failed failed.ndjson'
    equal 'records printed' 3 "$(jq -r 'select(.outcome == "assigned").id' output | wc -l)"
    equal 'failed rows' 0 "$(wc -l < failed.ndjson)"
    { cat online && printf '%s\n' "$@"; } > expected
    same 'devices in Ovens' expected "$(members Ovens)"
}

look_at_the_whole() {
    title 'The whole'
    run 0 'imp-dg list --product Bakery --output csv --fields name,type'
    run 0 'imp-device list --dg Ovens --limit 2 --output table'
    run 0 'imp-device list | jq -r .devicegroup_id | sort | uniq -c'
    equal 'devices that are nowhere else' "$((2000 - $(wc -l < online) - 3 - $(members Service | wc -l)))" \
        "$(devices | jq 'select(.devicegroup_id == null).id' | wc -l)"
    # Being assigned restarts a device: nothing was written twice.
    equal 'restarts' "$((1497 + $(wc -l < offline) + 3))" "$(restarts)"
}

make_factory() {
    title 'A factory: a fixture, and the groups that it leads to'
    IMP_SIM_CONTROL=$control
    export IMP_SIM_CONTROL
    run 0 'imp-dg create --product Bakery --dg-type factory --name Fixtures \
    --dut DUTs --create-dut --target Shipped --create-target'
    printf 'server.log("version 1");\n' > v1.nut
    printf 'server.log("version 2");\n' > v2.nut
    run 0 'imp-build deploy --dg Shipped --device-file v1.nut --confirmed'
    # Somebody connects the fixture with the app.
    run 0 'imp-sim add --imp-type imp005 > fixture.ndjson'
    run 0 'imp-device assign --dg Fixtures --input fixture.ndjson'
    jq -r .mac_address fixture.ndjson > expected
    same 'devices in Fixtures' expected "$(members Fixtures)"
}

work_shift() {
    title 'A shift: 50 devices under test, of which 2 % fail; every blessing is heard'
    listen
    # shellcheck disable=SC2016 # `run` evaluates it
    run 0 'imp-hook create --dg Shipped --event blessing --url "$(jq -r .url ready.json)blessing"'
    run 0 'imp-sim line --fixture Fixtures --duts 50 --fail 2%'
    while [ "$(truth counts | jq .calls_pending)" -gt 0 ]; do
        sleep 0.1
    done
    kill "$listener"
    wait "$listener" || :
    listener=
    equal 'devices that failed' 1 "$(members DUTs | wc -l)"
    equal 'events in the journal' 49 "$(wc -l < events.journal)"
    jq -r 'select(.event == "blessing").device_id' events.ndjson > expected
    equal 'blessings heard' 49 "$(wc -l < expected)"
    same 'devices in Shipped' expected "$(devices_of Shipped | jq -r .id)"
}

close_the_books() {
    title 'The books of the shift, for a program and for a person'
    run 0 'imp-device list --dg DUTs > duts.ndjson'
    run 0 'imp-hook report --journal events.journal --duts duts.ndjson --html shift.html'
    equal 'blessed' 49 "$(jq 'select(.by == "all").blessed' output)"
    equal 'rejected' 1 "$(jq 'select(.by == "all").rejected' output)"
    equal 'figures in the page' 1 "$(grep -c '<dd>49</dd><dt>blessed</dt>' shift.html)"
}

listen() {
    printf '\n$ imp-hook listen --journal events.journal --ready-fd 3 \\\n%s\n' \
        '    3> ready.json > events.ndjson &'
    imp-hook listen --journal events.journal --ready-fd 3 3> ready.json > events.ndjson &
    listener=$!
    while [ ! -s ready.json ]; do
        kill -0 "$listener" 2> /dev/null || fail 'the listener has ended'
        sleep 0.1
    done
}

try_new_version() {
    title 'A new version: ten devices first, then all'
    run 0 'imp-dg create --product Bakery --dg-type production --name Canary'
    run 0 'imp-build deploy --dg Canary --device-file v2.nut --tag v2 --confirmed'
    run 0 'imp-device list --dg Shipped | head -10 | imp-device assign --dg Canary'
    equal 'devices in Canary with its build' 10 "$(running Canary | wc -l)"
    equal 'devices in Shipped with its build' 39 "$(running Shipped | wc -l)"
    run 0 'imp-build copy --build v2 --dg Shipped --confirmed'
    run 0 'imp-dg restart --dg Shipped --confirmed'
    equal 'devices in Shipped with the new build' 39 "$(running Shipped | wc -l)"
}

roll_out_and_back() {
    title 'A rollout in waves, whose gate fails in the second, and which goes back'
    members Shipped > shipped
    run 6 "imp-device list --dg Shipped | imp-device rollout --to Canary --waves 5,50%,100% --back \\
    --gate 'test \"\$(wc -l)\" -le 5' > events-of-rollout.ndjson"
    equal 'waves that were moved' 2 "$(grep -c '"wave_moved"' events-of-rollout.ndjson)"
    same 'devices in Shipped, as before' shipped "$(members Shipped)"
    equal 'devices in Canary, as before' 10 "$(members Canary | wc -l)"
}

plan_and_undo() {
    title 'A plan, cut with jq, applied and undone'
    members Service > before
    run 5 'imp-device list --dg Service | imp-device assign --dg Ovens --plan > plan.ndjson'
    equal 'changes in the plan' "$(wc -l < before)" "$(wc -l < plan.ndjson)"
    run 0 'jq -c '\''select(.id | test("[0-7]$"))'\'' plan.ndjson > cut.ndjson'
    run 0 'imp-change apply --input cut.ndjson'
    jq -r .id cut.ndjson > expected
    same 'devices that went to Ovens' expected \
        "$(devices_of Ovens | jq -r .id | grep -x -F -f expected)"
    equal 'devices that stayed' "$(($(wc -l < before) - $(wc -l < expected)))" \
        "$(members Service | wc -l)"
    run 0 'imp-change undo last --confirmed'
    same 'devices in Service, as before' before "$(members Service)"
}

kill_and_resume() {
    title 'A run that is killed, and resumed'
    devices_of Ovens > ovens
    head -n 200 ovens | jq -r '"\(.id),oven-\(.mac_address[12:])"' > names
    { echo id,name && cat names; } > names.csv
    printf '\n$ imp-device update --input names.csv > updated.ndjson &\n'
    imp-device update --input names.csv > updated.ndjson &
    updating=$!
    while [ "$(renamed | wc -l)" -lt 40 ]; do
        kill -0 "$updating" 2> /dev/null || fail 'it ended before it was killed'
        sleep 0.1
    done
    printf '$ kill -9 %s\n' "$updating"
    kill -9 "$updating"
    wait "$updating" 2> /dev/null || :
    run 0 'imp-change list --interrupted'
    run 0 'imp-change resume last'
    same 'devices with their names' names "$(renamed)"
    equal 'renamed twice' 0 "$(truth restarts | jq 'select(.updated > 1).id' | wc -l)"
}

renamed() {
    devices_of Ovens | jq -r 'select(.name // "" | startswith("oven-")) | "\(.id),\(.name)"'
}

# --- showing ---

title() {
    printf '\n--- %s\n' "$1"
}

# run CODE COMMAND: shows the command as it is typed, runs it, shows some of what it prints.
run() {
    printf '\n$ %s\n' "$2"
    code=0
    (eval "$2") > output 2> messages || code=$?
    some output
    some messages
    [ "$code" -eq "$1" ] || fail "it ended with $code instead of $1"
}

some() {
    head -n 4 "$1" | sed 's/^\(.\{100\}\).*/\1…/'
    lines=$(wc -l < "$1")
    [ "$lines" -le 4 ] || printf '… %s lines\n' "$((lines))"
}

# --- comparing ---

# equal WHAT EXPECTED FOUND; numbers may have blanks in front, as `wc` prints them.
equal() {
    [ "$2" = "$3" ] || [ "$((0 + $2))" -eq "$3" ] 2> /dev/null || fail "$1: $3 instead of $2"
    printf '  ok: %s: %s\n' "$1" "$2"
}

# same WHAT FILE LINES: the same lines in any order.
same() {
    sort "$2" > expected.sorted
    printf '%s\n' "$3" | sed '/^$/d' | sort > found.sorted
    diff expected.sorted found.sorted || fail "$1: not as expected (<) but as found (>)"
    printf '  ok: %s: %s, the right ones\n' "$1" "$(($(wc -l < "$2")))"
}

fail() {
    printf '\ndemo: %s\n' "$1" >&2
    exit 1
}

# --- what the simulator says ---

truth() {
    curl --fail --silent --show-error --noproxy '*' "$control/$1"
}

devices() {
    truth "devices?owner=$user"
}

# group NAME FIELD
group() {
    truth devicegroups | jq -r --arg name "$1" 'select(.name == $name) | '"$2"
}

devices_of() {
    devices | jq -c --arg group "$(group "$1" .id)" 'select(.devicegroup_id == $group)'
}

members() {
    devices_of "$1" | jq -r .mac_address
}

# running NAME: the devices of a group that run its current build.
running() {
    devices_of "$1" | jq -r --arg build "$(group "$1" .current_deployment_id)" \
        'select(.deployment_id == $build).id'
}

restarts() {
    truth restarts | jq -s 'map(.restarts) | add'
}

end() {
    trap - EXIT
    [ -z "${listener-}" ] || kill "$listener" 2> /dev/null || :
    [ -z "${simulator-}" ] || kill "$simulator" 2> /dev/null || :
    cd /
    rm -rf "$work"
    exit "$1"
}

main
