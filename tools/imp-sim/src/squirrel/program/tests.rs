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
fn one_local_makes_several_variables() {
    for (source, wanted) in [
        ("local a = 1, b = 2; server.log(a + b);", &["3"][..]),
        ("local a = 1, b = a + 1,\n c = (a + b) * 2\nserver.log(c);", &["6"]),
        (
            "for (local i = 0, n = 2; i < n; i++) server.log(i + \" of \" + n);",
            &["0 of 2", "1 of 2"],
        ),
        ("local b = 5; { local a = 1, b = 2; server.log(b); }\nserver.log(b);", &["2", "5"]),
        ("local b = 5; for (local a = 1, b = 2; b < 3; b++) { }\nserver.log(b);", &["5"]),
        ("local a, b = 2; server.log(a); server.log(b);", &["2"]),
        ("local b = 5; local a, b; server.log(b);", &[]),
        (
            "local a = foo(1, 2), b = [3, 4], c = 5; server.log(a); server.log(b); server.log(c);",
            &["5"],
        ),
        (
            "local x = 1; function f() { x = 2; }\nlocal a = f(), b = 3; server.log(x); server.log(b);",
            &["3"],
        ),
    ] {
        assert_eq!(logged(source), wanted, "{source}");
    }
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
fn conditions_that_never_change_are_looked_at() {
    for never in ["0", "1 > 2", "false"] {
        let source = format!(
            "server.log(\"a\"); while ({never}) {{ server.log(\"no\"); }} server.log(\"after\");"
        );
        assert_eq!(logged(&source), ["a", "after"], "{never}");
    }
    assert_eq!(logged("for (; false;) server.log(\"no\");\nserver.log(\"after\");"), ["after"]);
    // Whether it goes on behind the loop is not known.
    assert_eq!(logged("while (!false) { }\nserver.log(\"never\");"), [""; 0]);
}

#[test]
fn endless_loops_begin() {
    let source = "server.log(\"boot\"); local n = 0;\n\
        while (true) { server.log(\"tick \" + n); n++; server.log(\"n \" + n); imp.sleep(1); }\n\
        server.log(\"never\");";
    let lines = logged(source);
    assert_eq!(lines.len(), 1 + 2 * ROUNDS);
    assert_eq!(lines[..4], ["boot", "tick 0", "n 1", "tick 1"]);
    assert_eq!(lines[2 * ROUNDS], format!("n {ROUNDS}"));
    for endless in ["while (1)", "while (2 > 1)", "for (;;)", "for (local i = 0; true; i++)"] {
        let source = format!("{endless} server.log(\"tick\");\nserver.log(\"never\");");
        assert_eq!(logged(&source), ["tick"; ROUNDS], "{endless}");
    }
}

#[test]
fn jumps_are_followed() {
    for (source, wanted) in [
        (
            "for (local i = 0; i < 5; i++) { if (i == 1) continue; if (i==3) break; server.log(\"i\"+i); }",
            &["i0", "i2"][..],
        ),
        ("server.log(\"a\"); throw \"x\"; server.log(\"b\");", &["a"]),
        ("server.log(\"a\"); return; server.log(\"b\");", &["a"]),
        ("function f() { return; server.log(\"in\"); }\nf();", &[]),
        ("function f() { return server.log(\"in\"); }\nf(); server.log(\"b\");", &["in", "b"]),
        ("function f() { throw \"x\"; }\nf();\nserver.log(\"b\");", &[]),
        ("try { throw \"x\"; server.log(\"a\"); } catch (e) { server.log(\"b\"); }", &["b"]),
        (
            "try { server.log(\"a\"); } catch (e) { server.log(\"b\"); }\nserver.log(\"c\");",
            &["a", "c"],
        ),
        ("local e = 1; try { throw 2; } catch (e) { } server.log(e);", &["1"]),
        ("local i = 0; while (true) { if (++i > 2) break; }\nserver.log(\"end\");", &["end"]),
        ("local i = 0; while (true) { i++; if (i > 2) break; }\nserver.log(i);", &["3"]),
        ("for (;;) { server.log(\"x\"); break; }", &["x"]),
        ("while (1) { foo(); }\nserver.log(\"never\");", &[]),
        (
            "for (local i=0;i<2;i++) { for (local j=0;j<9;j++) { if (j==1) break; server.log(i+j); } }",
            &["0", "1"],
        ),
    ] {
        assert_eq!(logged(source), wanted, "{source}");
    }
}

#[test]
fn what_may_not_be_logged_is_not() {
    for (source, wanted) in [
        ("local x = 5; if (foo()) { x = 7; } server.log(\"x \" + x);", &[][..]),
        ("local x = 5; if (foo()) { y = 7; } server.log(\"x \" + x);", &["x 5"]),
        ("local x = 5; foreach (x in y) { }\nserver.log(x);\nserver.log(\"end\");", &["end"]),
        ("local x = 5; foreach (v in y) { x = v; }\nserver.log(x);", &[]),
        ("local x = 5; while (foo()) { x--; }\nserver.log(x);", &[]),
        (
            "local x = 5; switch (foo()) { case 1: x = 2; break; }\nserver.log(x); server.log(1);",
            &["1"],
        ),
        (
            "for (local i = 0; i < 3; i++) { if (foo()) break; server.log(i); }\nserver.log(\"end\");",
            &["end"],
        ),
        (
            "for (local i = 0; i < 3; i++) { server.log(i); switch (v) { case 1: continue; } server.log(\"no\"); }",
            &["0"],
        ),
        (
            "function f() { if (foo()) return; server.log(\"in\"); }\nf();\nserver.log(\"end\");",
            &["end"],
        ),
        ("local x = 5; function f() { if (foo()) { return; } x = 6; }\nf();\nserver.log(x);", &[]),
        ("server.log(\"a\"); if (foo()) { throw \"x\"; }\nserver.log(\"b\");", &["a"]),
        ("if (foo()) { foreach (v in y) { if (v) break; } }\nserver.log(\"end\");", &["end"]),
        ("local x = 5; function f() { x = 6; }\nif (foo()) f();\nserver.log(x);", &[]),
        ("local x = 5; local y = x++; server.log(x);", &[]),
        ("local x = 5; function f() { x = 6; }\nlocal y = f();\nserver.log(x);", &[]),
        ("local x = 5; local x; server.log(x);", &[]),
        ("local x = 5; function f(x) { server.log(x); }\nf(7);\nserver.log(x);", &["5"]),
        (
            "local x = 5; function f() { local x = 6; server.log(x); }\nf();\nserver.log(x);",
            &["6", "5"],
        ),
        ("local x = 5; on(\"e\", function(v) { x = v; return; });\nserver.log(x);", &["5"]),
    ] {
        assert_eq!(logged(source), wanted, "{source}");
    }
}

#[test]
fn a_declaration_ends_with_its_body() {
    for (source, wanted) in [
        ("function f() { server.log(\"in\"); } f();", "in"),
        ("class C extends a.B { x = 1; function g() {} } server.log(\"class\");", "class"),
        ("enum E { A, B } server.log(\"enum\");", "enum"),
        ("function C::f() { return 1; } server.log(\"method\");", "method"),
    ] {
        assert_eq!(logged(source), [wanted], "{source}");
    }
}

#[test]
fn no_program_runs_for_ever() {
    assert_eq!(logged("while (true) { while (true) server.log(\"x\"); }").len(), ROUNDS);
    let grows = "while (true) { for (local i = 0; i < 100; i++) server.log(i); }";
    assert_eq!(logged(grows).len(), LINES);
    assert_eq!(logged("for (local i = 0; i < 10; i--) server.log(\"x\");").len(), LINES);
    assert_eq!(logged("function f() { server.log(\"x\"); f(); }\nf();").len(), DEPTH);
    logged("local i = 0; while (i < 1) { i = 0; }");
    logged(&format!("local a = true; {} server.log(a);", "if (a) ".repeat(5_000)));
    for odd in [
        "for",
        "for (",
        "if (x",
        "function",
        "while",
        "local",
        "local a,",
        "server.log(",
        "try",
        "else",
    ] {
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
