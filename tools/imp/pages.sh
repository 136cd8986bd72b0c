#!/bin/sh
# Writes the manual pages as HTML, with links between them, for a web server: `sh tools/imp/pages.sh FOLDER`.
set -eu
[ $# -eq 1 ] || { echo 'usage: sh tools/imp/pages.sh FOLDER' >&2; exit 2; }
command -v mandoc > /dev/null || { echo 'please install mandoc' >&2; exit 1; }
mkdir -p "$1"
folder=$(cd "$1" && pwd)
cd "$(dirname "$0")/../../man"
for page in *.[17]; do
    # Pages of the system, as jq(1), have no file here: their names stay plain text.
    mandoc -T html -O 'man=%N.%S.html,toc,style=style.css' "$page" |
        sed -E -e 's,<a class="Xr" href="imp,<a class="ours" href="imp,g' \
            -e 's,<a class="Xr"[^>]*>([^<]*)</a>,\1,g' > "$folder/$page.html"
done
cat > "$folder/style.css" << 'CSS'
body { max-width: 52em; margin: 1em auto; padding: 0 1em; font: 16px/1.5 system-ui, sans-serif; color: #1b2430 }
pre { background: #f3f5f7; padding: .6em .8em; overflow-x: auto }
code, pre, .Fl, .Nm, .Cm { font-family: ui-monospace, monospace; font-size: .95em }
table.head, table.foot { width: 100%; color: #5a6672 }
a { color: #14589c }
CSS
cp "$folder/imp-tools.7.html" "$folder/index.html"
sed -n 's,.*href="\(imp[^"#/]*\.html\).*,\1,p' "$folder"/*.html | sort -u | while read -r linked; do
    [ -f "$folder/$linked" ] || { echo "pages.sh: $linked is linked, and not there" >&2; exit 1; }
done
echo "$folder/index.html"
