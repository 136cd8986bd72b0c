//! What a program logs when it starts: its literal `server.log` and `server.error` statements.
//!
//! Statements are run from the top; loops that count, conditions that are plain to see and calls of
//! the program's own functions are followed. Whatever depends on anything else is left out. A
//! program that never ends is cut short, so every run is bounded.

use std::collections::HashMap;
use std::ops::Range;

use super::expression::{Value, Variables, value};
use super::tokens::{Kind, Token};

/// A program logs so many lines at its start at most.
const LINES: usize = 1000;
/// And runs so many statements.
const STEPS: usize = 20_000;
/// Functions call each other so deep at most.
const DEPTH: usize = 16;

/// One line that a program logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// By `server.error`.
    pub error: bool,
    /// The text.
    pub text: String,
}

/// What is known about a program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Program {
    /// What it logs when it starts.
    pub lines: Vec<Line>,
    /// Whether it wants to be asked before a new version replaces it.
    pub handles_shutdown: bool,
}

impl Program {
    /// Runs a program that compiles.
    pub fn of(tokens: &[Token]) -> Self {
        let handles_shutdown = tokens.windows(4).any(|window| {
            let [object, dot, method, bracket] = window else { return false };
            object.name() == Some("server")
                && dot.is(".")
                && method.name() == Some("onshutdown")
                && bracket.is("(")
        });
        let partners = partners(tokens);
        let mut run = Run {
            tokens,
            partners,
            lines: Vec::new(),
            functions: HashMap::new(),
            variables: Variables::new(),
            steps: 0,
            depth: 0,
        };
        run.block(0..tokens.len());
        Self { lines: run.lines, handles_shutdown }
    }
}

/// For each opening bracket the place of its closing one.
fn partners(tokens: &[Token]) -> Vec<usize> {
    let mut partners = vec![0; tokens.len()];
    let mut open = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        if ["{", "(", "["].iter().any(|sign| token.is(sign)) {
            open.push(at);
        } else if ["}", ")", "]"].iter().any(|sign| token.is(sign))
            && let Some(opening) = open.pop()
        {
            partners[opening] = at;
        }
    }
    partners
}

struct Run<'t> {
    tokens: &'t [Token],
    partners: Vec<usize>,
    lines: Vec<Line>,
    functions: HashMap<&'t str, Range<usize>>,
    variables: Variables,
    steps: usize,
    depth: usize,
}

impl<'t> Run<'t> {
    fn is(&self, at: usize, sign: &str) -> bool {
        self.tokens.get(at).is_some_and(|token| token.is(sign))
    }

    fn name(&self, at: usize) -> Option<&'t str> {
        self.tokens.get(at).and_then(Token::name)
    }

    /// Where the bracket at this place is closed; the place itself if there is none.
    fn closing(&self, at: usize) -> usize {
        self.partners.get(at).copied().unwrap_or_default().max(at)
    }

    fn over(&self) -> bool {
        self.steps >= STEPS || self.lines.len() >= LINES
    }

    fn block(&mut self, range: Range<usize>) {
        let mut at = range.start;
        while at < range.end && !self.over() {
            self.steps += 1;
            let end = self.end(at).min(range.end);
            self.statement(at, end);
            at = end.max(at + 1);
        }
    }

    /// Runs the statement in `at..end`.
    fn statement(&mut self, at: usize, end: usize) {
        if self.is(at, "{") {
            return self.block(at + 1..self.closing(at));
        }
        match self.name(at) {
            Some("function") => self.define(at),
            Some("for") => self.count(at, end),
            Some("while") => {
                let close = self.closing(at + 1);
                self.repeat(at + 2..close, at..at, close + 1..end);
            }
            Some("if") => self.decide(at, end),
            Some("try") => self.block(at + 1..end),
            Some("else" | "catch" | "foreach" | "switch" | "class" | "enum" | "do") => {}
            Some("local" | "const") => self.simple(at + 1, end),
            _ => self.simple(at, end),
        }
    }

    fn define(&mut self, at: usize) {
        if let Some(name) = self.name(at + 1)
            && self.is(at + 2, "(")
            && self.is(self.closing(at + 2) + 1, "{")
        {
            let body = self.closing(at + 2) + 1;
            self.functions.insert(name, body + 1..self.closing(body));
        }
    }

    /// `for (begin; condition; step) body`.
    fn count(&mut self, at: usize, end: usize) {
        let close = self.closing(at + 1);
        let semicolons: Vec<usize> =
            (at + 2..close).filter(|&place| self.tokens[place].is(";")).collect();
        let [first, second] = semicolons[..] else {
            return;
        };
        let begin = if self.name(at + 2) == Some("local") { at + 3 } else { at + 2 };
        self.simple(begin, first);
        self.repeat(first + 1..second, second + 1..close, close + 1..end);
    }

    fn repeat(&mut self, condition: Range<usize>, step: Range<usize>, body: Range<usize>) {
        // `while (true)` is left by something that cannot be seen from here.
        if condition.len() < 3 {
            return;
        }
        while !self.over() && self.value(condition.clone()) == Some(Value::Bool(true)) {
            self.steps += 1;
            self.block(body.clone());
            self.simple(step.start, step.end);
        }
    }

    /// `if (condition) body else other`.
    fn decide(&mut self, at: usize, end: usize) {
        let body = self.closing(at + 1) + 1;
        let body_end = self.end(body).min(end);
        match self.value(at + 2..self.closing(at + 1)) {
            Some(Value::Bool(true)) => self.block(body..body_end),
            Some(Value::Bool(false)) if self.name(body_end) == Some("else") => {
                self.block(body_end + 1..end);
            }
            _ => {}
        }
    }

    /// Assignments, counting, calls.
    fn simple(&mut self, at: usize, end: usize) {
        let end = if end > at && self.is(end - 1, ";") { end - 1 } else { end };
        if at >= end {
            return;
        }
        if self.name(at) == Some("server") && self.is(at + 1, ".") && self.is(at + 3, "(") {
            return self.log(at);
        }
        // `++i` is `i++` here.
        let (name, sign) = if end == at + 2 && self.name(at).is_none() {
            (self.name(at + 1), at)
        } else {
            (self.name(at), at + 1)
        };
        let (Some(name), Some(Kind::Sign(sign_text))) =
            (name, self.tokens.get(sign).map(|token| &token.kind))
        else {
            return;
        };
        match *sign_text {
            "=" | "<-" => self.set(name, self.value(at + 2..end)),
            "++" | "--" if end == at + 2 => self.change(name, sign_text, Some(Value::Integer(1))),
            "+=" | "-=" => self.change(name, sign_text, self.value(at + 2..end)),
            "(" if self.depth < DEPTH => {
                if let Some(body) = self.functions.get(name).cloned() {
                    self.depth += 1;
                    self.block(body);
                    self.depth -= 1;
                }
            }
            _ => {}
        }
    }

    fn log(&mut self, at: usize) {
        let error = match self.name(at + 2) {
            Some("log") => false,
            Some("error") => true,
            _ => return,
        };
        if let Some(text) = self.value(at + 4..self.closing(at + 3)) {
            self.lines.push(Line { error, text: text.to_string() });
        }
    }

    fn change(&mut self, name: &str, sign: &str, by: Option<Value>) {
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

    fn set(&mut self, name: &str, value: Option<Value>) {
        match value {
            Some(value) => _ = self.variables.insert(name.to_owned(), value),
            None => _ = self.variables.remove(name),
        }
    }

    fn value(&self, range: Range<usize>) -> Option<Value> {
        value(self.tokens.get(range)?, &self.variables)
    }

    /// Where the statement that begins at `at` ends: behind its semicolon or its block, or where a
    /// new line begins that cannot go on with it.
    fn end(&self, at: usize) -> usize {
        let headed = |at: usize| if self.is(at, "(") { self.closing(at) + 1 } else { at };
        // What comes before the last part of the statement, one keyword after the other.
        let mut at = at;
        loop {
            at = match self.name(at) {
                Some("for" | "while" | "foreach" | "switch" | "catch") => headed(at + 1),
                Some("else" | "try" | "do") => at + 1,
                Some("if") => {
                    let end = self.plain_end(headed(at + 1));
                    if self.name(end) != Some("else") {
                        return end;
                    }
                    end + 1
                }
                _ => return self.plain_end(at),
            };
        }
    }

    /// The same for a block or a statement without a keyword of its own.
    fn plain_end(&self, at: usize) -> usize {
        let count = self.tokens.len();
        if self.is(at, "{") {
            return self.closing(at) + 1;
        }
        let mut place = at;
        while place < count {
            let token = &self.tokens[place];
            if token.is(";") {
                return place + 1;
            }
            if token.is("}") {
                return place;
            }
            place = self.closing(place) + 1;
            if place < count
                && self.tokens[place].row > self.tokens[place - 1].row
                && self.breaks(place)
            {
                return place;
            }
        }
        count
    }

    /// Whether a new line ends the statement before it.
    fn breaks(&self, at: usize) -> bool {
        let before = &self.tokens[at - 1];
        let goes_on =
            matches!(before.kind, Kind::Sign(sign) if ![")", "]", "}", "++", "--"].contains(&sign));
        self.name(at).is_some() && !goes_on
    }
}

#[cfg(test)]
mod tests;
