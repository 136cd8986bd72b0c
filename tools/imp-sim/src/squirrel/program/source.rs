//! The shape of a program: which bracket closes which, where a statement ends, what jumps out of a
//! part of it, and which variables that part gives a value.

use std::ops::Range;

use super::Flow;
use crate::squirrel::tokens::{Kind, Token};

/// What gives the variable before it a value.
const ASSIGNING: [&str; 9] = ["=", "<-", "+=", "-=", "*=", "/=", "%=", "++", "--"];

/// Tokens whose brackets match.
pub struct Source<'t> {
    tokens: &'t [Token],
    /// For each opening bracket the place of its closing one.
    partners: Vec<usize>,
}

impl<'t> Source<'t> {
    /// Finds the brackets.
    pub fn new(tokens: &'t [Token]) -> Self {
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
        Self { tokens, partners }
    }

    /// These tokens, if they are there.
    pub fn tokens(&self, range: Range<usize>) -> Option<&'t [Token]> {
        self.tokens.get(range)
    }

    /// Whether this operator or bracket is there.
    pub fn is(&self, at: usize, sign: &str) -> bool {
        self.sign(at) == Some(sign)
    }

    /// The operator or bracket there.
    pub fn sign(&self, at: usize) -> Option<&'static str> {
        match self.tokens.get(at)?.kind {
            Kind::Sign(sign) => Some(sign),
            _ => None,
        }
    }

    /// The name or keyword there.
    pub fn name(&self, at: usize) -> Option<&'t str> {
        self.tokens.get(at).and_then(Token::name)
    }

    /// Where the bracket at this place is closed; the place itself if there is none.
    pub fn closing(&self, at: usize) -> usize {
        self.partners.get(at).copied().unwrap_or_default().max(at)
    }

    /// Where the statement that begins at `at` ends: behind its semicolon or its block, or where a
    /// new line begins that cannot go on with it.
    pub fn end(&self, at: usize) -> usize {
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
                _ => return self.behind_body(at).unwrap_or_else(|| self.plain_end(at)),
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
        let goes_on =
            self.sign(at - 1).is_some_and(|sign| ![")", "]", "}", "++", "--"].contains(&sign));
        self.name(at).is_some() && !goes_on
    }

    /// The place behind a function, class or enumeration that begins here.
    fn behind_body(&self, at: usize) -> Option<usize> {
        let keyword = self.name(at)?;
        let called = |&place: &usize| {
            self.name(place).is_some() || self.is(place, "::") || self.is(place, ".")
        };
        let opening = (at + 1..self.tokens.len()).find(|place| !called(place));
        let body = match (keyword, opening?) {
            ("function", opening) if self.is(opening, "(") => self.closing(opening) + 1,
            ("class" | "enum", opening) => opening,
            _ => return None,
        };
        self.is(body, "{").then(|| self.closing(body) + 1)
    }

    /// Whether a condition has the same value for ever. An empty one is true.
    pub fn is_constant(&self, range: Range<usize>) -> bool {
        range
            .into_iter()
            .all(|at| self.name(at).is_none_or(|name| ["true", "false"].contains(&name)))
    }

    /// How far a jump in this part may lead, if it is not known whether the part runs. Jumps out of
    /// loops that are inside do not count; functions run later.
    pub fn jump(&self, range: Range<usize>, bound: &[&str]) -> Flow {
        let mut flow = Flow::Next;
        let mut at = range.start;
        while at < range.end {
            let inner = match self.name(at) {
                Some("for" | "while" | "foreach" | "do") if !bound.contains(&"continue") => {
                    &["break", "continue"][..]
                }
                Some("switch") if !bound.contains(&"break") => &["break"],
                _ => &[],
            };
            if !inner.is_empty() {
                let end = self.end(at).min(range.end);
                flow = flow.max(self.jump(at + 1..end, inner));
                at = end.max(at + 1);
                continue;
            }
            flow = flow.max(match self.name(at) {
                Some(jump @ ("break" | "continue")) if !bound.contains(&jump) => Flow::Break,
                Some("return") => Flow::Return,
                Some("throw") => Flow::Stop,
                _ => Flow::Next,
            });
            at = self.behind_body(at).unwrap_or(at + 1);
        }
        flow
    }

    /// The variables that this part gives a value or makes, if it runs.
    pub fn assigned(&self, range: Range<usize>) -> Vec<&'t str> {
        let mut names = Vec::new();
        let mut at = range.start;
        while at < range.end {
            if matches!(self.name(at), Some("foreach" | "catch")) {
                let header = at + 2..self.closing(at + 1).min(range.end);
                let made = header.map_while(|place| self.name(place).or(self.sign(place)));
                names.extend(made.take_while(|&word| word != "in"));
            }
            let before = at.checked_sub(1).filter(|&before| before >= range.start);
            let made = before.is_some_and(|before| {
                matches!(self.name(before), Some("local" | "const"))
                    || matches!(self.sign(before), Some("++" | "--"))
            });
            let after = self.sign(at + 1).filter(|_| at + 1 < range.end);
            let name = self.name(at);
            names.extend(name.filter(|_| made || after.is_some_and(|it| ASSIGNING.contains(&it))));
            at = self.behind_body(at).unwrap_or(at + 1);
        }
        names
    }

    /// The functions by name that this part calls, if it runs.
    pub fn called(&self, range: Range<usize>) -> Vec<&'t str> {
        let mut names = Vec::new();
        let mut at = range.start;
        while at < range.end {
            names.extend(self.name(at).filter(|_| self.is(at + 1, "(")));
            at = self.behind_body(at).unwrap_or(at + 1);
        }
        names
    }

    /// The variables that a block makes for itself.
    pub fn locals(&self, range: Range<usize>) -> Vec<&'t str> {
        let mut names = Vec::new();
        let mut at = range.start;
        while at < range.end {
            if self.name(at) == Some("local") {
                let parts = self.declared(at, self.end(at).min(range.end));
                names.extend(parts.into_iter().filter_map(|part| self.name(part.start)));
            }
            at = self.closing(at) + 1;
        }
        names
    }

    /// What the declaration in `at..end` makes: each variable, with what gives it a value.
    pub fn declared(&self, at: usize, end: usize) -> Vec<Range<usize>> {
        let mut parts = Vec::new();
        let (mut begin, mut place) = (at + 1, at + 1);
        while place < end && !self.is(place, ";") {
            if self.is(place, ",") {
                parts.push(begin..place);
                begin = place + 1;
            }
            place = self.closing(place) + 1;
        }
        parts.push(begin..place.min(end));
        parts
    }
}
