//! Text that must never be shown: passwords, keys, tokens.

use std::fmt;

/// A secret. It has no `Display`, its `Debug` hides it, and [`Secret::expose`] is the one way out.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Secret(String);

impl Secret {
    /// Wraps `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Secret(text.into())
    }

    /// The text itself, for the request or the file that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// True when there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// How an option on the command line becomes one: the parser then holds nothing that shows it.
impl From<String> for Secret {
    fn from(text: String) -> Self {
        Secret(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[hidden]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_hides_it() {
        assert_eq!(format!("{:?}", Secret::new("swordfish")), "[hidden]");
    }

    #[test]
    fn a_panic_about_it_hides_it() {
        let panic = std::panic::catch_unwind(|| {
            let wrong = |secret| -> Result<(), Secret> { Err(secret) };
            wrong(Secret::new("swordfish")).unwrap();
        });
        let told = panic.unwrap_err();
        let told = told.downcast_ref::<String>().unwrap();
        assert!(told.contains("[hidden]") && !told.contains("swordfish"), "{told}");
    }
}
