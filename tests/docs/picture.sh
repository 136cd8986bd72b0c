#!/bin/sh
# Draws man/imp-tools.svg anew: what `sh tests/demo.sh` shows at a terminal of 101 columns in the steps named below.
set -eu
cd "$(dirname "$0")/../.."
for program in cargo jq curl python3 script; do
    command -v "$program" > /dev/null || { echo "please install $program" >&2; exit 1; }
done
cargo build --quiet --workspace --bins
recording=$(mktemp)
trap 'rm -f "$recording"' EXIT
script --quiet --return --command 'stty cols 101 rows 40; sh tests/demo.sh' "$recording" < /dev/null > /dev/null
python3 - "$recording" man/imp-tools.svg << 'PYTHON'
import html
import re
import sys

COLUMNS, LINE, LEFT, TOP = 101, 18, 16, 44
STEPS = [
    "Assign 1,500 devices from a list of MAC addresses, three of them wrong",
    "A rollout in waves, whose gate fails in the second, and which goes back",
]

text = open(sys.argv[1], encoding="utf-8", newline="").read().replace("\r", "")
text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text)
steps = dict(step.split("\n", 1) for step in text.split("\n--- ")[1:])
lines = []
for title in STEPS:
    lines.append("--- " + title)
    for line in steps[title].strip("\n").split("\n"):
        # A terminal goes on below with what is too wide for it.
        lines += [line[at : at + COLUMNS] for at in range(0, max(len(line), 1), COLUMNS)]
    lines.append("")
lines.pop()


def shown(place, line):
    kind = {"$": "typed", "-": "step"}.get(line[:1], "said")
    return f'<text class="{kind}" x="{LEFT}" y="{TOP + place * LINE}">{html.escape(line)}</text>'


width, height = COLUMNS * 8.43 + 2 * LEFT, TOP + len(lines) * LINE
body = "\n".join(shown(place, line) for place, line in enumerate(lines))
open(sys.argv[2], "w", encoding="utf-8").write(f"""\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" width="{width:.0f}" height="{height}" role="img">
<title>The tools at a terminal: devices assigned from CSV, and rolled out in waves</title>
<style>
rect {{ fill: #1b222c }}
text {{ font: 14px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; white-space: pre; fill: #c9d1d9 }}
.typed {{ fill: #ffffff; font-weight: bold }}
.step {{ fill: #6cb6ff }}
</style>
<rect width="100%" height="100%" rx="8"/>
<circle cx="20" cy="18" r="6" fill="#ff5f57"/><circle cx="40" cy="18" r="6" fill="#febc2e"/><circle cx="60" cy="18" r="6" fill="#28c840"/>
{body}
</svg>
""")
PYTHON
