//! Patterns that the rules of fields ask for.

use regex_lite::{Regex, RegexBuilder};

use crate::capture::flow::CHARS_MAX;

/// A pattern of a rule: a regular expression without what takes more than linear time, looked for anywhere in
/// the value, as the vendor's widget does it; one that means the whole value says so by `^` and `$`.
#[derive(Debug, Clone)]
pub struct Pattern {
    text: String,
    regex: Regex,
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        // The expression follows from the text.
        self.text == other.text
    }
}

impl Eq for Pattern {}

/// The longest pattern of a rule, in bytes.
const PATTERN_BYTES_MAX: usize = 1_024;

/// The most that a pattern may become when it is made ready, in bytes.
const PATTERN_SIZE_MAX: usize = 128 << 10;

impl Pattern {
    /// It as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Reads a pattern: an expression, or one between slashes with flags behind, as JavaScript has it.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        if text.len() > PATTERN_BYTES_MAX {
            return Err(format!("a pattern has at most {PATTERN_BYTES_MAX} bytes"));
        }
        let within = text
            .strip_prefix('/')
            .and_then(|rest| rest.rsplit_once('/'));
        let (pattern, flags) = within.unwrap_or((text, ""));
        if let Some(flag) = flags.chars().find(|flag| !"gimsu".contains(*flag)) {
            return Err(format!(
                "the pattern has a flag `{flag}`, which is not known"
            ));
        }
        // `g` and `u` change nothing here: it is asked once, and by characters anyway.
        let regex = RegexBuilder::new(&pattern.replace("\\/", "/"))
            .case_insensitive(flags.contains('i'))
            .multi_line(flags.contains('m'))
            .dot_matches_new_line(flags.contains('s'))
            .size_limit(PATTERN_SIZE_MAX)
            .build();
        let regex = regex.map_err(|error| format!("the pattern cannot be read: {error}"))?;
        Ok(Self {
            text: text.to_owned(),
            regex,
        })
    }

    /// Whether it is found in a value; in none that is longer than values are without a rule.
    pub(super) fn fits(&self, value: &str) -> bool {
        value.chars().count() <= CHARS_MAX && self.regex.is_match(value)
    }
}
