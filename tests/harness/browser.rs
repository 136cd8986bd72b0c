//! A page as a real browser shows it: Debian's chromium, without a window.
//!
//! The page is put into a frame of the width of a screen, because a window has a smallest width; a script beside it,
//! not in it, measures.

use serde_json::Value;

use crate::dir::Dir;

/// What a browser has made of a page.
#[derive(Debug)]
pub struct Looked {
    /// How wide the page is, which would be scrolled if that is more than the screen.
    pub width: u64,
    /// What it asked for besides itself.
    pub requests: Vec<String>,
    /// Its text, as it is shown.
    pub text: String,
    /// How many drawings it has that take any room.
    pub drawings: u64,
    /// What was said on the console.
    pub console: Vec<String>,
    /// Sheets of A4, printed.
    pub sheets: usize,
}

const BROWSER: &str = "chromium --headless --no-sandbox --hide-scrollbars --disable-gpu --enable-logging=stderr \
    --allow-file-access-from-files --user-data-dir=profile --virtual-time-budget=10000";

/// The frame, and what measures. `PAGE` and `WIDTH` are put in.
const FRAME: &str = r#"<!DOCTYPE html><meta charset="utf-8">
<iframe id="page" src="PAGE" style="width:WIDTHpx;height:800px;border:0"></iframe>
<pre id="found"></pre>
<script>
addEventListener('load', () => {
    const page = document.getElementById('page');
    const inside = page.contentDocument;
    const drawn = [...inside.querySelectorAll('svg')].map(it => it.getBoundingClientRect());
    document.getElementById('found').textContent = JSON.stringify({
        width: inside.documentElement.scrollWidth,
        requests: page.contentWindow.performance.getEntriesByType('resource').map(it => it.name),
        text: inside.body.innerText,
        drawings: drawn.filter(it => it.width > 0 && it.height > 0).length,
    }).replaceAll('<', '\\u003c').replaceAll('&', '\\u0026').replaceAll('>', '\\u003e');
});
</script>
"#;

/// Shows a file of the directory on a screen of this width, and prints it.
///
/// # Panics
/// The browser does not do it.
pub fn look_at(dir: &Dir, page: &str, width: u32) -> Looked {
    dir.write("frame.html", FRAME.replace("PAGE", page).replace("WIDTH", &width.to_string()));
    let run = dir.sh(&format!("{BROWSER} --dump-dom \"file://$PWD/frame.html\"")).ok();
    let shown = run.stdout();
    let found =
        shown.split("<pre id=\"found\">").nth(1).and_then(|rest| rest.split("</pre>").next());
    let found: Value = serde_json::from_str(found.expect("the frame")).expect("what was measured");
    let texts = found["requests"].as_array().expect("a list");
    let console = run.stderr();
    let console = console.lines().filter(|line| line.contains(":CONSOLE")).map(str::to_owned);
    let print = format!(
        "{BROWSER} --no-pdf-header-footer --print-to-pdf=page.pdf \"file://$PWD/{page}\" >/dev/null && \
         grep -a -c '/Type /Page$' page.pdf"
    );
    let sheets = dir.sh(&print).ok().stdout();
    Looked {
        width: found["width"].as_u64().expect("a number"),
        requests: texts.iter().map(ToString::to_string).collect(),
        text: found["text"].as_str().expect("a text").to_owned(),
        drawings: found["drawings"].as_u64().expect("a number"),
        console: console.collect(),
        sheets: sheets.trim().parse().expect("a number"),
    }
}
