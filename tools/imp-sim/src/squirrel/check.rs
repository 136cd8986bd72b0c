//! Compiling, as far as it is simulated: tokens and brackets, and what is deprecated.

use super::tokens::{Kind, Remark, Token, tokens};

/// Calls that still work but should not be used any more.
const DEPRECATED: [(&str, &str); 3] =
    [("imp", "configure"), ("server", "show"), ("server", "sleepfor")];

const BRACKETS: [(&str, &str); 3] = [("{", "}"), ("(", ")"), ("[", "]")];

/// Brackets in brackets.
const DEPTH: usize = 200;

/// The tokens of a source that can be compiled; else the compiler's one error.
pub fn compile(source: &str) -> Result<Vec<Token<'_>>, Remark> {
    let tokens = tokens(source)?;
    let mut open = Vec::new();
    for token in &tokens {
        let Kind::Sign(sign) = token.kind else {
            continue;
        };
        let remark = |text| Err(Remark::new(source, token.at, text));
        if let Some((opening, closing)) = BRACKETS.into_iter().find(|pair| pair.0 == sign) {
            open.push((token.at, opening, closing));
            if open.len() > DEPTH {
                return remark("nested too deep".to_owned());
            }
        } else if BRACKETS.iter().any(|pair| pair.1 == sign) {
            match open.pop() {
                None => return remark(format!("'{sign}' closes nothing")),
                Some((.., wanted)) if wanted != sign => {
                    return remark(format!("expected '{wanted}', not '{sign}'"));
                }
                Some(_) => {}
            }
        }
    }
    match open.pop() {
        None => Ok(tokens),
        Some((at, opening, closing)) => {
            let text = format!("expected '{closing}': this '{opening}' is never closed");
            Err(Remark::new(source, at, text))
        }
    }
}

/// What the compiler warns about in a source that it compiles.
pub fn warnings(source: &str) -> Vec<Remark> {
    let tokens = tokens(source).unwrap_or_default();
    let warning = |window: &[Token<'_>]| {
        let [object, dot, method, bracket] = window else { return None };
        let (name, method) = (object.word(), method.word());
        let is_call = (dot.word(), bracket.word()) == (".", "(");
        (is_call && DEPRECATED.contains(&(name, method)))
            .then(|| Remark::new(source, object.at, format!("{name}.{method}() is deprecated")))
    };
    tokens.windows(4).filter_map(warning).collect()
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
        let warnings = warnings("// imp.configure(\nx();\n  imp.configure(\"a\", [], []);");
        assert_eq!(warnings.len(), 1);
        assert_eq!((warnings[0].row, warnings[0].column), (3, 3));
        assert!(warnings[0].text.contains("imp.configure()"));
    }
}
