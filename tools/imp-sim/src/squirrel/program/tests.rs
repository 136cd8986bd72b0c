//! What programs log.

use super::*;
use crate::squirrel::check::compile;

fn logged(source: &str) -> Vec<String> {
    let program = Program::of(&compile(source).unwrap());
    program.lines.into_iter().map(|line| line.text).collect()
}

#[test]
fn literal_statements_are_logged_in_order() {
    let source = "server.log(\"one\");\nserver.error(\"two\")\nlocal n = 2; server.log(\"n \" + n)\n\
        // server.log(\"no\");\nserver.log(unknown);\nserver.log(@\"last\");";
    assert_eq!(logged(source), ["one", "two", "n 2", "last"]);
    let program = Program::of(&compile(source).unwrap());
    assert!(program.lines[1].error && !program.lines[0].error);
}

#[test]
fn loops_count() {
    let three = ["tick 0", "tick 1", "tick 2"];
    assert_eq!(logged("for (local i = 0; i < 3; i++) server.log(\"tick \" + i);"), three);
    assert_eq!(logged("for (local i = 0; i <= 2; i += 1) {\n server.log(\"tick \" + i)\n}"), three);
    assert_eq!(logged("local i = 0\nwhile (i < 3) { server.log(\"tick \" + i); i++; }"), three);
    let down = "for (local i = 2; i > 0; --i) { server.log(i); } server.log(\"end\");";
    assert_eq!(logged(down), ["2", "1", "end"]);
    let nested = "for (local i=0;i<2;i++) for (local j=0;j<2;j++) server.log(i + \"-\" + j);";
    assert_eq!(logged(nested), ["0-0", "0-1", "1-0", "1-1"]);
}

#[test]
fn functions_run_when_they_are_called() {
    let source = "function hello() {\n  server.log(\"hello\");\n}\nfunction never() { server.log(\"no\"); }\n\
        hello();\nhello();\nclass C { function x() { server.log(\"no\"); } }\n\
        device.on(\"x\", function(v) { server.log(\"no\"); });\nserver.log(\"end\");";
    assert_eq!(logged(source), ["hello", "hello", "end"]);
}

#[test]
fn conditions_are_followed_only_when_they_are_plain() {
    let source = "local debug = true;\nif (debug) server.log(\"a\"); else server.log(\"b\");\n\
        if (1 > 2) { server.log(\"c\"); } else { server.log(\"d\"); }\n\
        if (imp.x()) { server.log(\"e\"); } else { server.log(\"f\"); }\nserver.log(\"g\");";
    assert_eq!(logged(source), ["a", "d", "g"]);
}

#[test]
fn no_program_runs_for_ever() {
    assert_eq!(logged("while (true) { server.log(\"x\"); }"), [""; 0]);
    assert_eq!(logged("for (local i = 0; i < 10; i--) server.log(\"x\");").len(), LINES);
    assert_eq!(logged("function f() { server.log(\"x\"); f(); }\nf();").len(), DEPTH);
    logged("local i = 0; while (i < 1) { i = 0; }");
    for odd in ["for", "for (", "if (x", "function", "while", "local", "server.log(", "try", "else"]
    {
        if let Ok(tokens) = compile(odd) {
            Program::of(&tokens);
        }
    }
    for odd in ["for ()", "if ()", "function f()", "while ()", "for x y", "if", "++", "while x"] {
        Program::of(&compile(odd).unwrap());
    }
}

#[test]
fn a_shutdown_handler_is_seen() {
    let handles = |source| Program::of(&compile(source).unwrap()).handles_shutdown;
    assert!(handles("server.onshutdown(function(reason) { server.restart(); });"));
    assert!(!handles("// server.onshutdown(f);"));
}
