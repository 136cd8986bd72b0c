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
fn sums_are_as_squirrel_has_them() {
    for (source, wanted) in [
        ("\"a\" + 1 + 2", Some("a12")),
        ("1 + 2 + \"b\"", Some("3b")),
        ("-3", Some("-3")),
        ("1.5", Some("1.5")),
        ("unknown + 1", None),
        ("f(1)", None),
        ("\"a\" + f()", None),
        ("", None),
    ] {
        let found = logged(&format!("server.log({source});"));
        assert_eq!(found, Vec::from_iter(wanted), "{source}");
    }
    let grows: String = (0..99).map(|at| format!("local a{} = a{at} + a{at};", at + 1)).collect();
    logged(&format!("local a0 = \"x\"; {grows} server.log(a99);"));
}

#[test]
fn variables_with_one_value_are_known() {
    for (source, wanted) in [
        ("local a = 1, b = 2; server.log(a + b);", &["3"][..]),
        ("const A = 1\nlocal b = A + 1,\n c = \"=\" + b\nserver.log(c);", &["=2"]),
        ("V <- \"1.2\"; server.log(\"version \" + V);", &["version 1.2"]),
        ("local a, b = 2; server.log(a); server.log(b);", &["2"]),
        ("local a = foo(1), c = 5; server.log(a); server.log(c);", &["5"]),
        ("local x = 5; if (foo()) { x = 7; } server.log(\"x \" + x);", &[]),
        ("local x = 5; if (foo()) { y = 7; } server.log(\"x \" + x);", &["x 5"]),
        ("local x = 5; local y = x++; server.log(x);", &[]),
        ("local x = 5; function f() { x = 6; }\nf();\nserver.log(x);", &[]),
        ("local x = 5 * 2; server.log(x); local y = 5\n * 2; server.log(y);", &[]),
        ("t.x = 5; server.log(x);", &[]),
    ] {
        assert_eq!(logged(source), wanted, "{source}");
    }
}

#[test]
fn loops_count() {
    let three = ["tick 0", "tick 1", "tick 2"];
    assert_eq!(logged("for (local i = 0; i < 3; i++) server.log(\"tick \" + i);"), three);
    assert_eq!(logged("for (local i = 0; i <= 2; i += 1) {\n server.log(\"tick \" + i)\n}"), three);
    let down = "for (local i = 2; i > 0; --i) { server.log(i); } server.log(\"end\");";
    assert_eq!(logged(down), ["2", "1", "end"]);
    let nested = "for (local i=0;i<2;i++) for (local j=0;j<2;j++) server.log(i + \"-\" + j);";
    assert_eq!(logged(nested), ["0-0", "0-1", "1-0", "1-1"]);
    for left_out in [
        "for (local i = 0; i < 3; i++) { if (foo()) break; server.log(i); }",
        "for (local i = 0; i < 3; i++) { server.log(i); i++; }",
        "for (local i = 0, n = 2; i < n; i++) server.log(i);",
        "for (;;) { server.log(1); }",
        "foreach (v in y) server.log(1);",
    ] {
        assert_eq!(logged(&format!("{left_out}\nserver.log(\"end\");")), ["end"], "{left_out}");
    }
}

#[test]
fn what_may_not_run_is_left_out() {
    for left_out in [
        "function f() {\n  server.log(\"no\");\n}\nf();",
        "class C extends a.B { x = 1; function g() { server.log(\"no\"); } }",
        "enum E { A, B }",
        "function C::f() { return 1; }",
        "device.on(\"x\", function(v) { server.log(\"no\"); return; });",
        "local f = @() server.log(\"no\");",
        "foo() && server.log(\"no\");",
        "foo() ||\n server.log(\"no\");",
        "if (foo()) server.log(\"no\"); else server.log(\"no\");",
        "if (foo())\n server.log(\"no\")\nelse\n server.log(\"no\")\n",
        "if (a) { foreach (v in y) { if (v) break; } } else if (b) { throw 1; }",
        "try { server.log(\"no\"); } catch (e) { server.log(\"no\"); }",
        "switch (v) { case 1: server.log(\"no\"); break; }",
    ] {
        assert_eq!(logged(&format!("{left_out} server.log(\"end\");")), ["end"], "{left_out}");
    }
    for end in ["return;", "throw \"x\";", "while (true) { }", "do { } while (x)"] {
        assert_eq!(logged(&format!("server.log(\"a\"); {end} server.log(\"b\");")), ["a"]);
    }
}

#[test]
fn no_program_runs_for_ever() {
    assert_eq!(logged("for (local i = 0; i < 10; i--) server.log(\"x\");").len(), LINES);
    logged("for (local i = 0; i < 10; i--) { }");
    logged(&"for (local i = 0; i < 9; i++) ".repeat(5_000));
    logged(&format!("{} server.log(1);", "if (a) ".repeat(50_000)));
    for odd in
        ["for ()", "if ()", "function f()", "while ()", "for x y", "if", "++", "a =", "local a,"]
    {
        Program::of(&compile(odd).unwrap());
    }
}

#[test]
fn a_shutdown_handler_is_seen() {
    let handles = |source| Program::of(&compile(source).unwrap()).handles_shutdown;
    assert!(handles("server.onshutdown(function(reason) { server.restart(); });"));
    assert!(!handles("// server.onshutdown(f);"));
}

#[test]
fn a_large_program_is_no_long_one() {
    let large: String = (0..100_000).map(|at| format!("a{at} = {at};\n")).collect();
    assert_eq!(logged(&format!("{large}server.log(a99999);")), ["99999"]);
}
