//! What a program logs when it starts: its literal `server.log` and `server.error` statements.
//!
//! Statements are run from the top; loops that count, conditions that are plain to see, jumps and
//! calls of the program's own functions are followed. Whatever depends on anything else is left out,
//! and what it may have changed is forgotten. A program that never ends is cut short, so every run
//! is bounded.

mod branches;
mod source;
mod variables;

use std::collections::HashMap;
use std::ops::Range;

use super::expression::{Value, Variables, value};
use super::tokens::Token;
use source::Source;

/// A program logs so many lines at its start at most.
const LINES: usize = 1000;
/// And runs so many statements.
const STEPS: usize = 20_000;
/// A loop that nothing ends runs so many rounds: later ones are usually minutes away,
/// and would push everything else out of the log.
const ROUNDS: usize = 100;
/// Functions call each other so deep at most.
const DEPTH: usize = 16;
/// And statements are inside each other so deep at most.
const NESTING: usize = 300;

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
        let whole = 0..tokens.len();
        let mut run = Run {
            source: Source::new(tokens),
            lines: Vec::new(),
            functions: HashMap::new(),
            variables: Variables::new(),
            around: Around { function: whole.clone(), innermost_loop: whole.clone() },
            steps: 0,
            depth: 0,
            nesting: 0,
        };
        run.block(whole);
        Self { lines: run.lines, handles_shutdown }
    }
}

/// Where a program goes on after a statement. Later ones lead farther.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Flow {
    /// With the next statement.
    Next,
    /// With the next round of the loop.
    Continue,
    /// Behind the loop.
    Break,
    /// Behind the call of the function.
    Return,
    /// Where the error is caught.
    Throw,
    /// Nowhere, or nobody knows.
    Stop,
}

/// One of the program's own functions.
#[derive(Clone)]
struct Function {
    parameters: Range<usize>,
    body: Range<usize>,
}

/// What is being run.
#[derive(Clone)]
struct Around {
    function: Range<usize>,
    innermost_loop: Range<usize>,
}

struct Run<'t> {
    source: Source<'t>,
    lines: Vec<Line>,
    functions: HashMap<&'t str, Function>,
    variables: Variables,
    around: Around,
    steps: usize,
    depth: usize,
    nesting: usize,
}

impl<'t> Run<'t> {
    fn over(&self) -> bool {
        self.steps >= STEPS || self.lines.len() >= LINES || self.nesting >= NESTING
    }

    fn block(&mut self, range: Range<usize>) -> Flow {
        let outer = self.kept(self.source.locals(range.clone()));
        self.nesting += 1;
        let mut flow = Flow::Next;
        let mut at = range.start;
        while at < range.end && flow == Flow::Next {
            if self.over() {
                flow = Flow::Stop;
                break;
            }
            self.steps += 1;
            let end = self.source.end(at).min(range.end);
            flow = self.statement(at, end);
            at = end.max(at + 1);
        }
        self.nesting -= 1;
        self.restore(outer);
        flow
    }

    /// Runs the statement in `at..end`.
    fn statement(&mut self, at: usize, end: usize) -> Flow {
        let source = &self.source;
        if source.is(at, "{") {
            return self.block(at + 1..source.closing(at));
        }
        match source.name(at) {
            Some("function") => self.define(at),
            Some("for") => self.count(at, end),
            Some("while") => {
                let close = source.closing(at + 1);
                self.repeat(at..end, at + 2..close, at..at, close + 1..end)
            }
            Some("if") => self.decide(at, end),
            Some("try") => self.attempt(at, end),
            Some("foreach" | "switch" | "do") => self.maybe(at..end),
            Some("else" | "catch" | "class" | "enum") => Flow::Next,
            Some("local" | "const") => self.declare(at, end),
            Some("break") => Flow::Break,
            Some("continue") => Flow::Continue,
            Some("return") => self.simple(at + 1, end).max(Flow::Return),
            Some("throw") => Flow::Throw,
            _ => self.simple(at, end),
        }
    }

    fn define(&mut self, at: usize) -> Flow {
        let close = self.source.closing(at + 2);
        if let Some(name) = self.source.name(at + 1)
            && self.source.is(at + 2, "(")
            && self.source.is(close + 1, "{")
        {
            let body = close + 2..self.source.closing(close + 1);
            self.functions.insert(name, Function { parameters: at + 3..close, body });
        }
        Flow::Next
    }

    /// `local one = 1, two = 2`: each is made when those before it have their values.
    fn declare(&mut self, at: usize, end: usize) -> Flow {
        for part in self.source.declared(at, end) {
            self.simple(part.start, part.end);
        }
        Flow::Next
    }

    /// Assignments, counting, calls.
    fn simple(&mut self, at: usize, end: usize) -> Flow {
        let source = &self.source;
        let end = if end > at && source.is(end - 1, ";") { end - 1 } else { end };
        if at >= end {
            return Flow::Next;
        }
        if source.name(at) == Some("server") && source.is(at + 1, ".") && source.is(at + 3, "(") {
            return self.log(at, end);
        }
        // `++i` is `i++` here.
        let (name, sign) = if end == at + 2 && source.name(at).is_none() {
            (source.name(at + 1), at)
        } else {
            (source.name(at), at + 1)
        };
        let rest = self.value(at + 2..end);
        match (name, source.sign(sign).filter(|_| sign < end)) {
            (Some(name), Some(sign @ ("++" | "--"))) if end == at + 2 => {
                self.change(name, sign, Some(Value::Integer(1)));
            }
            (Some(name), Some("(")) if self.functions.contains_key(name) => {
                return self.call(name, at, end);
            }
            (Some(name), Some("=" | "<-")) if rest.is_some() => self.set(name, rest),
            (Some(name), Some(sign @ ("+=" | "-="))) if rest.is_some() => {
                self.change(name, sign, rest);
            }
            (Some(name), None) => self.set(name, None),
            _ => self.forget(at..end),
        }
        Flow::Next
    }

    /// Calls one of the program's own functions. What it is given is not known to it.
    fn call(&mut self, name: &str, at: usize, end: usize) -> Flow {
        self.forget(at + 2..end);
        let Some(function) = self.functions.get(name).cloned().filter(|_| self.depth < DEPTH)
        else {
            return Flow::Stop;
        };
        let parameters = function.parameters.filter_map(|at| self.source.name(at)).collect();
        let outer = self.kept(parameters);
        for (name, _) in &outer {
            self.variables.remove(*name);
        }
        let body = function.body;
        let inside = Around { function: body.clone(), innermost_loop: body.clone() };
        let around = std::mem::replace(&mut self.around, inside);
        self.depth += 1;
        let flow = self.block(body);
        self.depth -= 1;
        self.around = around;
        self.restore(outer);
        if flow <= Flow::Return { Flow::Next } else { flow }
    }

    fn log(&mut self, at: usize, end: usize) -> Flow {
        let method = self.source.name(at + 2);
        let text = self.value(at + 4..self.source.closing(at + 3));
        match (method, text) {
            (Some(method @ ("log" | "error")), Some(text)) => {
                self.lines.push(Line { error: method == "error", text: text.to_string() });
            }
            _ => self.forget(at..end),
        }
        Flow::Next
    }
}

#[cfg(test)]
mod tests;
