//! What is known about variables while a program runs.

use std::ops::Range;

use super::{Run, Value, value};

impl<'t> Run<'t> {
    /// The value of these tokens.
    pub(super) fn value(&self, range: Range<usize>) -> Option<Value> {
        value(self.source.tokens(range)?, &self.variables)
    }

    /// Whether a condition holds: everything does but false and zero.
    pub(super) fn truth(&self, condition: &Range<usize>) -> Option<bool> {
        Some(match self.value(condition.clone())? {
            Value::Bool(truth) => truth,
            Value::Integer(number) => number != 0,
            Value::Float(number) => number != 0.0,
            Value::Text(_) => true,
        })
    }

    /// `+=`, `-=`, `++` and `--`.
    pub(super) fn change(&mut self, name: &'t str, sign: &str, by: Option<Value>) {
        let changed = match (self.variables.get(name), by) {
            (Some(Value::Integer(number)), Some(Value::Integer(by))) if sign.starts_with('+') => {
                Some(Value::Integer(number.wrapping_add(by)))
            }
            (Some(Value::Integer(number)), Some(Value::Integer(by))) => {
                Some(Value::Integer(number.wrapping_sub(by)))
            }
            (Some(Value::Text(text)), Some(by)) if sign == "+=" => {
                Some(Value::Text(format!("{text}{by}")))
            }
            _ => None,
        };
        // Texts that grow in loops must not fill the memory.
        let short = |value: &Value| !matches!(value, Value::Text(text) if text.len() > 10_000);
        self.set(name, changed.filter(short));
    }

    /// Gives a variable a value, or none that is known.
    pub(super) fn set(&mut self, name: &'t str, value: Option<Value>) {
        self.functions.remove(name);
        match value {
            Some(value) => _ = self.variables.insert(name.to_owned(), value),
            None => _ = self.variables.remove(name),
        }
    }

    /// A part of the program may have run: what it gives a value, and the functions that it calls,
    /// is not known any more.
    pub(super) fn forget(&mut self, range: Range<usize>) {
        let mut parts = vec![range];
        let mut seen = 0;
        while let Some(part) = parts.get(seen).cloned() {
            seen += 1;
            for name in self.source.called(part.clone()) {
                let body = self.functions.get(name).map(|function| function.body.clone());
                parts.extend(body.filter(|body| !parts.contains(body)));
            }
            for name in self.source.assigned(part) {
                self.set(name, None);
            }
        }
    }

    /// These variables as they are, for the time after a block that has some of the same name.
    pub(super) fn kept(&self, names: Vec<&'t str>) -> Vec<(&'t str, Option<Value>)> {
        names.into_iter().map(|name| (name, self.variables.get(name).cloned())).collect()
    }

    /// These variables as they were.
    pub(super) fn restore(&mut self, kept: Vec<(&'t str, Option<Value>)>) {
        for (name, value) in kept {
            match value {
                Some(value) => _ = self.variables.insert(name.to_owned(), value),
                None => _ = self.variables.remove(name),
            }
        }
    }
}
