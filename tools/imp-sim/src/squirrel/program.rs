//! What a program logs when it starts: the `server.log` and `server.error` statements at its top
//! level whose text is plain to see, also in loops that count.
//!
//! Everything else is left out with all that is in it: functions, conditions, other loops. Nothing
//! is logged that depends on what was left out; so a variable is known only if the whole program
//! gives it a value in one place. Every run is bounded.

use std::collections::HashMap;
use std::ops::Range;

use super::tokens::{Kind, Token, Value};

/// Maximum lines that a program logs at its start.
const LINES: usize = 1000;
/// Maximum rounds of all its loops together.
const ROUNDS: usize = 20_000;
/// Maximum loops in loops.
const DEPTH: usize = 16;
/// Maximum bytes of a text that is put together, for texts that double in every statement.
const TEXT: usize = 10_000;

/// What leads elsewhere than to the next statement.
const JUMPS: [&str; 6] = ["return", "throw", "break", "continue", "while", "do"];
/// Operators and brackets that an expression can end with.
const EXPRESSION_ENDS: [&str; 5] = [")", "]", "}", "++", "--"];
const ASSIGNMENTS: [&str; 9] = ["=", "<-", "+=", "-=", "*=", "/=", "%=", "++", "--"];

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
    pub fn of(tokens: &[Token<'_>]) -> Self {
        let words: Vec<&str> = tokens.iter().map(Token::word).collect();
        let handles_shutdown =
            words.windows(4).any(|window| *window == ["server", ".", "onshutdown", "("]);
        let closing = closing_brackets(&words);
        let mut assignments = HashMap::new();
        for name in (0..words.len()).filter_map(|at| assigned(&words, at)) {
            *assignments.entry(name).or_default() += 1;
        }
        let (lines, variables) = (Vec::new(), HashMap::new());
        let mut run = Run { tokens, words, closing, assignments, variables, lines, rounds: 0 };
        run.block(0..tokens.len(), 0);
        Self { lines: run.lines, handles_shutdown }
    }
}

/// For each opening bracket the place of its closing one; for other places the place itself.
fn closing_brackets(words: &[&str]) -> Vec<usize> {
    let mut closing: Vec<usize> = (0..words.len()).collect();
    let mut open = Vec::new();
    for (at, word) in words.iter().enumerate() {
        match *word {
            "{" | "(" | "[" => open.push(at),
            "}" | ")" | "]" => open.pop().into_iter().for_each(|opening| closing[opening] = at),
            _ => {}
        }
    }
    closing
}

/// The word at this place, if it is a variable that is made or given a value there.
fn assigned<'t>(words: &[&'t str], at: usize) -> Option<&'t str> {
    let before = at.checked_sub(1).map_or("", |before| words[before]);
    let given = words.get(at + 1).is_some_and(|word| ASSIGNMENTS.contains(word))
        || ["local", "++", "--"].contains(&before);
    Some(words[at]).filter(|_| given)
}

struct Run<'t> {
    tokens: &'t [Token<'t>],
    /// Of each token, for matching; empty for numbers and strings.
    words: Vec<&'t str>,
    closing: Vec<usize>,
    /// How often the whole program gives a variable a value.
    assignments: HashMap<&'t str, usize>,
    variables: HashMap<&'t str, Value>,
    lines: Vec<Line>,
    rounds: usize,
}

/// `for (local counter = first; counter comparison limit; counter += step) body`.
struct Loop<'t> {
    counter: &'t str,
    first: i64,
    comparison: &'t str,
    limit: i64,
    step: i64,
    body: Range<usize>,
}

impl<'t> Run<'t> {
    /// Runs the statements of a part. False: the program does not go on behind it, or may not.
    fn block(&mut self, part: Range<usize>, depth: usize) -> bool {
        let mut at = part.start;
        while at < part.end {
            if self.lines.len() >= LINES {
                return false;
            }
            let begins = at == part.start || self.begins_statement(at);
            at = match self.words[at..part.end] {
                ["return" | "throw" | "while" | "do", ..] if begins => return false,
                ["server", ".", method @ ("log" | "error"), "(", ..] if begins => {
                    self.log(method, at + 4);
                    self.closing[at + 3] + 1
                }
                ["for", "(", ..] => {
                    let found = self.counting_loop(at).filter(|_| depth < DEPTH);
                    if found.is_some_and(|found| !self.count(&found, depth)) {
                        return false;
                    }
                    self.end(at)
                }
                ["if" | "foreach" | "switch" | "else" | "try" | "catch", ..] => self.end(at),
                [name, "=" | "<-", ..] => {
                    self.assign(name, at);
                    at + 2
                }
                _ => self.closing[at] + 1,
            };
        }
        true
    }

    fn word(&self, at: usize) -> &'t str {
        self.words.get(at).copied().unwrap_or_default()
    }

    fn before(&self, at: usize) -> &'t str {
        at.checked_sub(1).map_or(";", |before| self.word(before))
    }

    /// Whether no expression goes on here.
    fn begins_statement(&self, at: usize) -> bool {
        [";", "{", "}"].contains(&self.before(at)) || self.begins_on_new_line(at)
    }

    fn begins_on_new_line(&self, at: usize) -> bool {
        let goes_on = |before: &Token<'_>| matches!(before.kind, Kind::Sign(sign) if !EXPRESSION_ENDS.contains(&sign));
        self.tokens.get(at).is_some_and(|token| {
            token.begins_line
                && matches!(token.kind, Kind::Name(_))
                && !at.checked_sub(1).is_some_and(|before| goes_on(&self.tokens[before]))
        })
    }

    /// Where the statement that begins at `at` ends: behind its semicolon or its block, or where a
    /// new line begins another.
    fn end(&self, mut at: usize) -> usize {
        loop {
            at = match self.words[at.min(self.words.len())..] {
                ["if" | "for" | "foreach" | "while" | "switch" | "catch", "(", ..] => {
                    self.closing[at + 1] + 1
                }
                ["else" | "try" | "do", ..] => at + 1,
                ["{", ..] => return self.closing[at] + 1,
                _ => break,
            };
        }
        while at < self.words.len() {
            match self.words[at] {
                ";" => return at + 1,
                "}" => return at,
                _ => at = self.closing[at] + 1,
            }
            if self.begins_on_new_line(at) {
                return at;
            }
        }
        at
    }

    /// `server.log` or `server.error` of what begins here.
    fn log(&mut self, method: &str, at: usize) {
        if let Some((value, end)) = self.sum(at)
            && self.word(end) == ")"
        {
            self.lines.push(Line { error: method == "error", text: value.to_string() });
        }
    }

    /// Remembers the value of a variable that is given no other.
    fn assign(&mut self, name: &'t str, at: usize) {
        if let Some((value, end)) = self.sum(at + 2)
            && (end == self.words.len()
                || [";", ",", "}"].contains(&self.word(end))
                || self.begins_on_new_line(end))
            && self.assignments.get(name) == Some(&1)
            && self.before(at) != "."
        {
            self.variables.insert(name, value);
        }
    }

    /// Numbers, strings and known variables that are added, and the place behind them.
    fn sum(&self, at: usize) -> Option<(Value, usize)> {
        use Value::{Integer, Text};
        let (mut sum, mut end) = self.operand(at)?;
        while self.word(end) == "+" {
            let (right, behind) = self.operand(end + 1)?;
            sum = match (sum, right) {
                (Integer(left), Integer(right)) => Integer(left.wrapping_add(right)),
                (left @ Text(_), right) | (left, right @ Text(_)) => Text(format!("{left}{right}")),
                _ => return None,
            };
            end = behind;
        }
        let short = |sum: &Value| !matches!(sum, Text(text) if text.len() > TEXT);
        Some(sum).filter(short).map(|sum| (sum, end))
    }

    fn operand(&self, at: usize) -> Option<(Value, usize)> {
        match &self.tokens.get(at)?.kind {
            Kind::Literal(literal) => Some((literal.clone(), at + 1)),
            Kind::Name(name) => Some((self.variables.get(name)?.clone(), at + 1)),
            Kind::Sign("-") => match self.tokens.get(at + 1)?.kind {
                Kind::Literal(Value::Integer(number)) => Some((Value::Integer(-number), at + 2)),
                _ => None,
            },
            Kind::Sign(_) => None,
        }
    }

    fn integer(&self, at: usize) -> Option<(i64, usize)> {
        match self.sum(at)? {
            (Value::Integer(number), end) => Some((number, end)),
            _ => None,
        }
    }

    /// The loop at this place, if all that it does is to count and to run its body.
    fn counting_loop(&self, at: usize) -> Option<Loop<'t>> {
        let close = self.closing[at + 1];
        let ["for", "(", "local", counter, "=", ..] = self.words[at..close] else { return None };
        let (first, end) = self.integer(at + 5)?;
        let [";", tested, comparison, ..] = self.words[end..close] else { return None };
        let (limit, end) = self.integer(end + 3)?;
        let by = || self.integer(end + 3).filter(|(_, end)| *end == close);
        let (stepped, step) = match self.words[end..close] {
            [";", name, "++"] | [";", "++", name] => (name, 1),
            [";", name, "--"] | [";", "--", name] => (name, -1),
            [";", name, "+=", ..] => (name, by()?.0),
            [";", name, "-=", ..] => (name, by()?.0.wrapping_neg()),
            _ => return None,
        };
        let mut body = close + 1..self.end(at);
        if self.word(body.start) == "{" {
            body = body.start + 1..body.end - 1;
        }
        let plain = tested == counter
            && stepped == counter
            && !body.clone().any(|at| {
                JUMPS.contains(&self.words[at]) || assigned(&self.words, at) == Some(counter)
            });
        plain.then_some(Loop { counter, first, comparison, limit, step, body })
    }

    /// Runs a loop. False as for a block.
    fn count(&mut self, found: &Loop<'t>, depth: usize) -> bool {
        let mut number = found.first;
        while match found.comparison {
            "<" => number < found.limit,
            "<=" => number <= found.limit,
            ">" => number > found.limit,
            ">=" => number >= found.limit,
            "!=" => number != found.limit,
            _ => false,
        } {
            self.rounds += 1;
            self.variables.insert(found.counter, Value::Integer(number));
            if self.rounds > ROUNDS || !self.block(found.body.clone(), depth + 1) {
                return false;
            }
            number = number.wrapping_add(found.step);
        }
        self.variables.remove(found.counter);
        true
    }
}

#[cfg(test)]
mod tests;
