#!/bin/bash
# What a script does with curl and jq, eight at once: bash curl.sh list|names|assign|restart|unassign
# Requests that are answered 429 are tried again by curl itself. Batches are of 100 devices.

set -eu -o pipefail
export LC_ALL=C

cat > common <<end
silent
show-error
fail
globoff
retry = 10
header = "Authorization: Bearer $TOKEN"
header = "Content-Type: application/vnd.api+json"
end

# Eight pages at a time, until one comes that has none after it.
list() {
    local page=1 last
    while last=$((page + 7)); do
        seq "$page" "$last" | xargs -P8 -I{} curl --config common --output page.{} \
            "$IMPT_ENDPOINT/devices?page[number]={}&page[size]=100"
        seq -f page.%.0f "$page" "$last" | xargs jq --compact-output '.data[]'
        jq --exit-status .links.next "page.$last" > /dev/null || break
        page=$((last + 1))
    done
}

names() {
    list | jq --raw-output '[.attributes.name // "", .id] | @tsv' | sort > table
    sort names | join -t $'\t' - table
}

batches() {
    jq --raw-input --null-input --compact-output '[inputs | {type: "device", id: .}] as $all
        | range(0; $all | length; 100) | {data: $all[.:. + 100]}' ids | split --lines 1 - batch.
    printf '%s\n' batch.* | xargs -P8 -I{} curl --config common --request "$1" --data @{} \
        "$IMPT_ENDPOINT/devicegroups/$GROUP/relationships/devices"
}

assign() { batches POST; }

unassign() { batches DELETE; }

restart() {
    xargs -P8 -I{} curl --config common --request POST "$IMPT_ENDPOINT/devices/{}/restart" < ids
}

"$1"
