//! Values of expressions that are plain to see: literals, known variables, arithmetic, comparisons.
//! Everything else has no value.

use std::collections::HashMap;

use super::tokens::{Kind, Token};

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A whole number.
    Integer(i64),
    /// Another number.
    Float(f64),
    /// A string.
    Text(String),
    /// A truth.
    Bool(bool),
}

/// Variables by name.
pub type Variables = HashMap<String, Value>;

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Integer(number) => write!(f, "{number}"),
            Self::Float(number) => write!(f, "{number}"),
            Self::Text(text) => f.write_str(text),
            Self::Bool(truth) => write!(f, "{truth}"),
        }
    }
}

/// Operators from those that bind least.
const LEVELS: [&[&str]; 4] =
    [&["==", "!="], &["<", "<=", ">", ">="], &["+", "-"], &["*", "/", "%"]];

/// The value of exactly these tokens.
pub fn value(tokens: &[Token], variables: &Variables) -> Option<Value> {
    let mut reader = Reader { tokens, variables };
    let value = reader.level(0)?;
    reader.tokens.is_empty().then_some(value)
}

struct Reader<'t> {
    tokens: &'t [Token],
    variables: &'t Variables,
}

impl Reader<'_> {
    fn take(&mut self) -> Option<&Token> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(first)
    }

    fn level(&mut self, level: usize) -> Option<Value> {
        let Some(operators) = LEVELS.get(level) else {
            return self.operand();
        };
        let mut left = self.level(level + 1)?;
        while let Some(sign) = self.sign().filter(|sign| operators.contains(sign)) {
            self.take();
            left = combined(sign, left, self.level(level + 1)?)?;
        }
        Some(left)
    }

    fn sign(&self) -> Option<&'static str> {
        match self.tokens.first()?.kind {
            Kind::Sign(sign) => Some(sign),
            _ => None,
        }
    }

    fn operand(&mut self) -> Option<Value> {
        let mut negative = false;
        while self.sign() == Some("-") {
            self.take();
            negative = !negative;
        }
        let value = self.plain_operand()?;
        match value {
            _ if !negative => Some(value),
            Value::Integer(number) => number.checked_neg().map(Value::Integer),
            Value::Float(number) => Some(Value::Float(-number)),
            _ => None,
        }
    }

    fn plain_operand(&mut self) -> Option<Value> {
        if self.sign() == Some("(") {
            self.take();
            let inner = self.level(0)?;
            return self.take()?.is(")").then_some(inner);
        }
        let variables = self.variables;
        match &self.take()?.kind {
            Kind::Integer(number) => Some(Value::Integer(*number)),
            Kind::Float(number) => Some(Value::Float(*number)),
            Kind::Text(text) => Some(Value::Text(text.clone())),
            Kind::Name(name) if name == "true" => Some(Value::Bool(true)),
            Kind::Name(name) if name == "false" => Some(Value::Bool(false)),
            Kind::Name(name) => variables.get(name).cloned(),
            Kind::Sign(_) => None,
        }
    }
}

fn combined(sign: &str, left: Value, right: Value) -> Option<Value> {
    use Value::{Bool, Float, Integer, Text};
    Some(match (sign, left, right) {
        ("==", left, right) => Bool(left == right),
        ("!=", left, right) => Bool(left != right),
        ("+", left @ Text(_), right) | ("+", left, right @ Text(_)) => {
            Text(format!("{left}{right}"))
        }
        ("+", Integer(left), Integer(right)) => Integer(left.wrapping_add(right)),
        ("-", Integer(left), Integer(right)) => Integer(left.wrapping_sub(right)),
        ("*", Integer(left), Integer(right)) => Integer(left.wrapping_mul(right)),
        ("/", Integer(left), Integer(right)) => Integer(left.checked_div(right)?),
        ("%", Integer(left), Integer(right)) => Integer(left.checked_rem(right)?),
        (sign, Integer(left), Integer(right)) => Bool(ordered(sign, &left, &right)?),
        (sign, left, right) => {
            let (left, right) = (number(&left)?, number(&right)?);
            match sign {
                "+" => Float(left + right),
                "-" => Float(left - right),
                "*" => Float(left * right),
                "/" => Float(left / right),
                "%" => Float(left % right),
                sign => Bool(ordered(sign, &left, &right)?),
            }
        }
    })
}

fn ordered<T: PartialOrd>(sign: &str, left: &T, right: &T) -> Option<bool> {
    Some(match sign {
        "<" => left < right,
        "<=" => left <= right,
        ">" => left > right,
        ">=" => left >= right,
        _ => return None,
    })
}

/// As a fraction; large numbers lose digits, as in Squirrel.
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Integer(number) => Some(*number as f64),
        Value::Float(number) => Some(*number),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::squirrel::tokens::tokens;

    #[test]
    fn values_are_as_squirrel_has_them() {
        let variables = Variables::from([("i".to_owned(), Value::Integer(3))]);
        for (source, wanted) in [
            ("\"tick \" + i", Some("tick 3")),
            ("\"a\" + 1 + 2", Some("a12")),
            ("1 + 2 * (i - 1) + \"b\"", Some("5b")),
            ("i < 4", Some("true")),
            ("-i", Some("-3")),
            ("7 / 2", Some("3")),
            ("7 / 2.0", Some("3.5")),
            ("unknown + 1", None),
            ("1 / 0", None),
            ("f(1)", None),
            ("", None),
        ] {
            let found = value(&tokens(source).unwrap(), &variables);
            assert_eq!(found.map(|value| value.to_string()).as_deref(), wanted, "{source}");
        }
    }
}
