//! Cuts a source into tokens. Rows and columns count from 1, columns in characters.

/// What a token is.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// A name or keyword.
    Name(String),
    /// A whole number, also a character in single quotes.
    Integer(i64),
    /// A number with a fraction or exponent.
    Float(f64),
    /// A string without its quotes and escapes.
    Text(String),
    /// An operator or bracket.
    Sign(&'static str),
}

/// A token and where it begins.
#[derive(Clone, Debug, PartialEq)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// From 1.
    pub row: u32,
    /// From 1.
    pub column: u32,
}

/// What a compiler says about a place in the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// From 1.
    pub row: u32,
    /// From 1.
    pub column: u32,
    /// For a person.
    pub text: String,
}

/// Longer ones before those that they begin with.
const SIGNS: [&str; 48] = [
    ">>>", "<=>", "...", "++", "--", "+=", "-=", "*=", "/=", "%=", "==", "!=", "<=", ">=", "<-",
    "&&", "||", "<<", ">>", "::", "</", "/>", "{", "}", "(", ")", "[", "]", ";", ",", ".", ":",
    "?", "+", "-", "*", "/", "%", "=", "<", ">", "!", "~", "&", "|", "^", "@", "\\",
];

impl Token {
    /// Whether it is this operator or bracket.
    pub fn is(&self, sign: &str) -> bool {
        matches!(self.kind, Kind::Sign(own) if own == sign)
    }

    /// Its text, if it is a name or keyword.
    pub fn name(&self) -> Option<&str> {
        match &self.kind {
            Kind::Name(name) => Some(name),
            _ => None,
        }
    }
}

/// All tokens, or the first place where there is none.
pub fn tokens(source: &str) -> Result<Vec<Token>, Remark> {
    let mut scanner = Scanner { rest: source, row: 1, column: 1 };
    let mut tokens = Vec::new();
    loop {
        scanner.skip_blanks()?;
        let (row, column) = (scanner.row, scanner.column);
        match scanner.token()? {
            None => return Ok(tokens),
            Some(kind) => tokens.push(Token { kind, row, column }),
        }
    }
}

struct Scanner<'s> {
    rest: &'s str,
    row: u32,
    column: u32,
}

impl Scanner<'_> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let character = self.peek()?;
        self.rest = &self.rest[character.len_utf8()..];
        if character == '\n' {
            (self.row, self.column) = (self.row + 1, 1);
        } else {
            self.column += 1;
        }
        Some(character)
    }

    fn remark(&self, text: impl Into<String>) -> Remark {
        Remark { row: self.row, column: self.column, text: text.into() }
    }

    /// Blanks and comments.
    fn skip_blanks(&mut self) -> Result<(), Remark> {
        loop {
            if self.rest.starts_with("/*") {
                let unfinished = self.remark("missing \"*/\" in comment");
                let end = self.rest[2..].find("*/").ok_or(unfinished)?;
                let length = self.rest[..end + 4].chars().count();
                (0..length).for_each(|_| _ = self.next());
            } else if self.rest.starts_with("//") || self.rest.starts_with('#') {
                while self.peek().is_some_and(|character| character != '\n') {
                    self.next();
                }
            } else if self.peek().is_some_and(|it| it.is_whitespace() || it == '\u{feff}') {
                self.next();
            } else {
                return Ok(());
            }
        }
    }

    fn token(&mut self) -> Result<Option<Kind>, Remark> {
        let Some(first) = self.peek() else {
            return Ok(None);
        };
        if first.is_ascii_alphabetic() || first == '_' {
            return Ok(Some(Kind::Name(self.run(|it| it.is_ascii_alphanumeric() || it == '_'))));
        }
        if first.is_ascii_digit() {
            return Ok(Some(self.number()));
        }
        if first == '"' {
            return self.text('"').map(|text| Some(Kind::Text(text)));
        }
        if self.rest.starts_with("@\"") {
            return self.verbatim().map(|text| Some(Kind::Text(text)));
        }
        if first == '\'' {
            let place = self.remark("a character constant has one character");
            let text = self.text('\'')?;
            let mut characters = text.chars();
            return match (characters.next(), characters.next()) {
                (Some(only), None) => Ok(Some(Kind::Integer(i64::from(u32::from(only))))),
                _ => Err(place),
            };
        }
        let sign = SIGNS.into_iter().find(|sign| self.rest.starts_with(sign));
        let sign = sign.ok_or_else(|| self.remark(format!("unexpected character '{first}'")))?;
        sign.chars().for_each(|_| _ = self.next());
        Ok(Some(Kind::Sign(sign)))
    }

    fn run(&mut self, belongs: impl Fn(char) -> bool) -> String {
        let mut text = String::new();
        while let Some(character) = self.peek().filter(|&character| belongs(character)) {
            text.push(character);
            self.next();
        }
        text
    }

    fn number(&mut self) -> Kind {
        if let Some(digits) = self.rest.strip_prefix("0x").or(self.rest.strip_prefix("0X")) {
            let length = digits.chars().take_while(char::is_ascii_hexdigit).count();
            let value = i64::from_str_radix(&digits[..length], 16).unwrap_or_default();
            (0..length + 2).for_each(|_| _ = self.next());
            return Kind::Integer(value);
        }
        let mut digits = self.run(|it| it.is_ascii_digit());
        let after_dot = self.rest.strip_prefix('.').and_then(|rest| rest.chars().next());
        let fraction = after_dot.is_some_and(|it| it.is_ascii_digit());
        if fraction {
            self.next();
            digits = format!("{digits}.{}", self.run(|it| it.is_ascii_digit()));
        }
        let exponent =
            self.rest.strip_prefix(['e', 'E']).map(|rest| rest.trim_start_matches(['+', '-']));
        let exponent =
            exponent.is_some_and(|rest| rest.starts_with(|it: char| it.is_ascii_digit()));
        if exponent {
            self.next();
            let sign = self.run(|it| it == '+' || it == '-');
            digits = format!("{digits}e{sign}{}", self.run(|it| it.is_ascii_digit()));
        }
        match digits.parse() {
            Ok(value) if !fraction && !exponent => Kind::Integer(value),
            _ => Kind::Float(digits.parse().unwrap_or_default()),
        }
    }

    /// A string with escapes, which ends on its line.
    fn text(&mut self, quote: char) -> Result<String, Remark> {
        let unfinished = self.remark("unfinished string");
        self.next();
        let mut text = String::new();
        loop {
            let place = self.remark("unknown escape in string");
            match self.next() {
                None | Some('\n') => return Err(unfinished),
                Some(end) if end == quote => return Ok(text),
                Some('\\') if matches!(self.peek(), None | Some('\n' | '\r')) => {
                    return Err(unfinished);
                }
                Some('\\') => text.push(self.escaped().ok_or(place)?),
                Some(character) => text.push(character),
            }
        }
    }

    fn escaped(&mut self) -> Option<char> {
        let digits = |scanner: &mut Self, most: usize| {
            let digits: String =
                scanner.rest.chars().take(most).take_while(char::is_ascii_hexdigit).collect();
            (0..digits.len()).for_each(|_| _ = scanner.next());
            u32::from_str_radix(&digits, 16)
                .ok()
                .map(|code| char::from_u32(code).unwrap_or('\u{fffd}'))
        };
        Some(match self.next()? {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            '0' => '\0',
            'a' => '\u{7}',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'v' => '\u{b}',
            'x' => digits(self, 2)?,
            'u' => digits(self, 4)?,
            'U' => digits(self, 8)?,
            same @ ('\\' | '"' | '\'') => same,
            _ => return None,
        })
    }

    /// `@"…"`: over many lines, without escapes, `""` for a quote.
    fn verbatim(&mut self) -> Result<String, Remark> {
        let unfinished = self.remark("unfinished string");
        self.next();
        self.next();
        let mut text = String::new();
        loop {
            match self.next() {
                None => return Err(unfinished),
                Some('"') if self.peek() == Some('"') => {
                    self.next();
                    text.push('"');
                }
                Some('"') => return Ok(text),
                Some(character) => text.push(character),
            }
        }
    }
}

#[cfg(test)]
mod tests;
