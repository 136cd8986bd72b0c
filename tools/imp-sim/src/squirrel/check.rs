//! Compiling, as far as it is simulated: tokens and brackets, and what is deprecated.

use super::tokens::{Remark, Token, tokens};

/// Calls that still work but should not be used any more.
const DEPRECATED: [(&str, &str); 3] =
    [("imp", "configure"), ("server", "show"), ("server", "sleepfor")];

/// Brackets in brackets.
const DEPTH: usize = 200;

/// The tokens of a source that can be compiled; else the compiler's one error.
pub fn compile(source: &str) -> Result<Vec<Token>, Remark> {
    let tokens = tokens(source)?;
    let mut open: Vec<&Token> = Vec::new();
    for token in &tokens {
        let remark = |text| Remark { row: token.row, column: token.column, text };
        let Some((opening, closing)) = bracket(token) else {
            continue;
        };
        if token.is(opening) {
            open.push(token);
            if open.len() > DEPTH {
                return Err(remark("nested too deep".to_owned()));
            }
            continue;
        }
        match open.pop() {
            None => return Err(remark(format!("'{closing}' closes nothing"))),
            Some(last) if last.is(opening) => {}
            Some(last) => {
                let wanted = bracket(last).map_or("", |(_, closing)| closing);
                return Err(remark(format!("expected '{wanted}', not '{closing}'")));
            }
        }
    }
    match open.pop().and_then(|last| Some((last, bracket(last)?))) {
        None => Ok(tokens),
        Some((&Token { row, column, .. }, (opening, closing))) => {
            let text = format!("expected '{closing}': this '{opening}' is never closed");
            Err(Remark { row, column, text })
        }
    }
}

/// The pair to which a bracket belongs.
fn bracket(token: &Token) -> Option<(&'static str, &'static str)> {
    let pairs = [("{", "}"), ("(", ")"), ("[", "]")];
    pairs.into_iter().find(|(opening, closing)| token.is(opening) || token.is(closing))
}

/// What the compiler warns about in a source that it compiles.
pub fn warnings(tokens: &[Token]) -> Vec<Remark> {
    let calls = tokens.windows(4).filter_map(|window| {
        let [object, dot, method, bracket] = window else {
            return None;
        };
        let (object_name, method) = (object.name()?, method.name()?);
        let known = DEPRECATED.contains(&(object_name, method));
        (known && dot.is(".") && bracket.is("(")).then(|| Remark {
            row: object.row,
            column: object.column,
            text: format!("{object_name}.{method}() is deprecated"),
        })
    });
    calls.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_must_match() {
        compile("local t = { a = [1, (2)] };\nfunction f() { return @\"{\"; }").unwrap();
        for (source, row, column) in [
            ("function f() {\n  return (1;\n}\n", 3, 1),
            ("function f() {\n  if (x) {\n}\n", 1, 14),
            ("x = 1;\n  }", 2, 3),
            ("a = [1, 2);", 1, 10),
            ("server.log(\"a\"", 1, 11),
        ] {
            let remark = compile(source).unwrap_err();
            assert_eq!((remark.row, remark.column), (row, column), "{source}: {remark:?}");
        }
    }

    #[test]
    fn deprecated_calls_are_warned_about() {
        let tokens = compile("// imp.configure(\nx();\n  imp.configure(\"a\", [], []);").unwrap();
        let warnings = warnings(&tokens);
        assert_eq!(warnings.len(), 1);
        assert_eq!((warnings[0].row, warnings[0].column), (3, 3));
        assert!(warnings[0].text.contains("imp.configure()"));
    }
}
