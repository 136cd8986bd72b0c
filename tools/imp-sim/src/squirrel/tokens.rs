//! Cuts a source into tokens.

/// What a token is.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind<'s> {
    /// A name or keyword.
    Name(&'s str),
    /// A number or string.
    Literal(Value),
    /// An operator or bracket.
    Sign(&'static str),
}

/// A value that a program can log.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A whole number, also a character in single quotes.
    Integer(i64),
    /// A number with a fraction or exponent.
    Float(f64),
    /// A string without its quotes and escapes.
    Text(String),
}

/// A token and where it begins.
#[derive(Clone, Debug, PartialEq)]
pub struct Token<'s> {
    /// What it is.
    pub kind: Kind<'s>,
    /// The byte of the source.
    pub at: usize,
    /// Whether it is the first one on its line.
    pub begins_line: bool,
}

/// What a compiler says about a place in the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// From 1.
    pub row: usize,
    /// From 1, in characters.
    pub column: usize,
    /// For a person.
    pub text: String,
}

/// Longer ones before those that they begin with.
const SIGNS: [&str; 48] = [
    ">>>", "<=>", "...", "++", "--", "+=", "-=", "*=", "/=", "%=", "==", "!=", "<=", ">=", "<-",
    "&&", "||", "<<", ">>", "::", "</", "/>", "{", "}", "(", ")", "[", "]", ";", ",", ".", ":",
    "?", "+", "-", "*", "/", "%", "=", "<", ">", "!", "~", "&", "|", "^", "@", "\\",
];

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Integer(number) => number.fmt(f),
            Self::Float(number) => number.fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}

impl Remark {
    /// About a byte of the source.
    pub fn new(source: &str, at: usize, text: impl Into<String>) -> Self {
        let before = &source[..at];
        let line_start = before.rfind('\n').map_or(0, |line_break| line_break + 1);
        let row = before.matches('\n').count() + 1;
        Self { row, column: before[line_start..].chars().count() + 1, text: text.into() }
    }
}

impl<'s> Token<'s> {
    /// The text of a name, keyword, operator or bracket; empty for numbers and strings.
    pub fn word(&self) -> &'s str {
        match self.kind {
            Kind::Name(name) => name,
            Kind::Sign(sign) => sign,
            Kind::Literal(_) => "",
        }
    }
}

/// All tokens, or the first place where there is none.
pub fn tokens(source: &str) -> Result<Vec<Token<'_>>, Remark> {
    let mut scanner = Scanner { source, at: 0 };
    let mut tokens = Vec::new();
    loop {
        let end = scanner.at;
        scanner.skip_blanks()?;
        let at = scanner.at;
        let begins_line = source[end..at].contains('\n');
        match scanner.token()? {
            None => return Ok(tokens),
            Some(kind) => tokens.push(Token { kind, at, begins_line }),
        }
    }
}

struct Scanner<'s> {
    source: &'s str,
    at: usize,
}

impl<'s> Scanner<'s> {
    fn rest(&self) -> &'s str {
        &self.source[self.at..]
    }

    fn next(&mut self) -> Option<char> {
        let character = self.rest().chars().next()?;
        self.at += character.len_utf8();
        Some(character)
    }

    fn remark(&self, at: usize, text: impl Into<String>) -> Remark {
        Remark::new(self.source, at, text)
    }

    /// Blanks and comments.
    fn skip_blanks(&mut self) -> Result<(), Remark> {
        loop {
            let rest = self.rest();
            let length = if let Some(comment) = rest.strip_prefix("/*") {
                let unfinished = || self.remark(self.at, "missing \"*/\" in comment");
                comment.find("*/").ok_or_else(unfinished)? + 4
            } else if rest.starts_with("//") || rest.starts_with('#') {
                rest.find('\n').unwrap_or(rest.len())
            } else {
                leading(rest, |it| it.is_whitespace() || it == '\u{feff}').len()
            };
            if length == 0 {
                return Ok(());
            }
            self.at += length;
        }
    }

    fn token(&mut self) -> Result<Option<Kind<'s>>, Remark> {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else {
            return Ok(None);
        };
        Ok(Some(match first {
            'A'..='Z' | 'a'..='z' | '_' => {
                let name = leading(rest, |it| it.is_ascii_alphanumeric() || it == '_');
                self.at += name.len();
                Kind::Name(name)
            }
            '0'..='9' => Kind::Literal(self.number()),
            '"' => Kind::Literal(Value::Text(self.text('"')?)),
            '\'' => Kind::Literal(self.character()?),
            '@' if rest.starts_with("@\"") => Kind::Literal(Value::Text(self.verbatim()?)),
            _ => {
                let unexpected = || self.remark(self.at, format!("unexpected character '{first}'"));
                let sign = SIGNS.into_iter().find(|sign| rest.starts_with(sign));
                let sign = sign.ok_or_else(unexpected)?;
                self.at += sign.len();
                Kind::Sign(sign)
            }
        }))
    }

    fn number(&mut self) -> Value {
        let rest = self.rest();
        let digits = |text: &'s str| leading(text, |it| it.is_ascii_digit()).len();
        if rest.starts_with("0x") || rest.starts_with("0X") {
            let digits = leading(&rest[2..], |it| it.is_ascii_hexdigit());
            self.at += 2 + digits.len();
            return Value::Integer(i64::from_str_radix(digits, 16).unwrap_or_default());
        }
        let mut end = digits(rest);
        let fraction = rest[end..].strip_prefix('.').map_or(0, digits);
        end += if fraction > 0 { 1 + fraction } else { 0 };
        if let Some(exponent) = rest[end..].strip_prefix(['e', 'E']) {
            let sign = leading(exponent, |it| it == '+' || it == '-').len();
            let length = digits(&exponent[sign..]);
            end += if length > 0 { 1 + sign + length } else { 0 };
        }
        self.at += end;
        let text = &rest[..end];
        text.parse().map_or_else(|_| Value::Float(text.parse().unwrap_or_default()), Value::Integer)
    }

    /// A string with escapes, which ends on its line.
    fn text(&mut self, quote: char) -> Result<String, Remark> {
        let begin = self.at;
        self.next();
        let mut text = String::new();
        loop {
            let at = self.at;
            match self.next() {
                Some('\\') if !self.rest().is_empty() && !self.rest().starts_with(['\n', '\r']) => {
                    let unknown = || Remark::new(self.source, at, "unknown escape in string");
                    text.push(self.escaped().ok_or_else(unknown)?);
                }
                None | Some('\n' | '\\') => return Err(self.remark(begin, "unfinished string")),
                Some(end) if end == quote => return Ok(text),
                Some(character) => text.push(character),
            }
        }
    }

    fn escaped(&mut self) -> Option<char> {
        Some(match self.next()? {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            '0' => '\0',
            'a' => '\u{7}',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'v' => '\u{b}',
            'x' => self.code(2)?,
            'u' => self.code(4)?,
            'U' => self.code(8)?,
            same @ ('\\' | '"' | '\'') => same,
            _ => return None,
        })
    }

    /// A character by its number.
    fn code(&mut self, most_digits: usize) -> Option<char> {
        let digits = leading(self.rest(), |it| it.is_ascii_hexdigit());
        let digits = &digits[..digits.len().min(most_digits)];
        self.at += digits.len();
        let code = u32::from_str_radix(digits, 16).ok()?;
        Some(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn character(&mut self) -> Result<Value, Remark> {
        let begin = self.at;
        let text = self.text('\'')?;
        let mut characters = text.chars();
        match (characters.next(), characters.next()) {
            (Some(only), None) => Ok(Value::Integer(i64::from(u32::from(only)))),
            _ => Err(self.remark(begin, "a character constant has one character")),
        }
    }

    /// `@"…"`: over many lines, without escapes, `""` for a quote.
    fn verbatim(&mut self) -> Result<String, Remark> {
        let begin = self.at;
        self.at += 2;
        let mut text = String::new();
        loop {
            let rest = self.rest();
            let end = rest.find('"').ok_or_else(|| self.remark(begin, "unfinished string"))?;
            text.push_str(&rest[..end]);
            self.at += end + 1;
            if !self.rest().starts_with('"') {
                return Ok(text);
            }
            text.push('"');
            self.at += 1;
        }
    }
}

/// The part at the beginning of a text whose characters all belong.
fn leading(text: &str, belongs: impl Fn(char) -> bool) -> &str {
    &text[..text.find(|character| !belongs(character)).unwrap_or(text.len())]
}

#[cfg(test)]
mod tests;
