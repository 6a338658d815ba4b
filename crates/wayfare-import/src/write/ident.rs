//! Identifiers for what has a name that people read.
//!
//! In: a name in any script. Out: a short word of the language in `snake_case`, and one that is not taken.
//! The same names in the same order give the same words.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use unicode_normalization::UnicodeNormalization as _;

/// The longest word that is made, numbers at its end aside.
const LENGTH_MAX: usize = 40;

/// Words that name something else where a node, a journey or a value is named.
const RESERVED: &[&str] = &[
    "import",
    "let",
    "param",
    "journey",
    "fragment",
    "start",
    "node",
    "ensure",
    "when",
    "else",
    "success",
    "failure",
    "nowhere",
    "true",
    "false",
    "null",
    "has",
    "in",
    "on",
    "allow",
    "extern",
    "policy",
    "test",
    "guard",
    "shared",
    "transient",
    "secure",
    "request",
    "session",
    "user",
    "realm",
    "auth_level",
    "environment",
    "file",
    "error",
];

/// The word for a name; empty where nothing in it can be written.
pub(crate) fn snake(name: &str) -> String {
    let mut made = String::new();
    let letters: Vec<char> = plain(name);
    for (at, c) in letters.iter().copied().enumerate() {
        let before = at.checked_sub(1).and_then(|at| letters.get(at)).copied();
        let after = letters.get(at + 1).copied();
        if !c.is_ascii_alphanumeric() {
            gap(&mut made);
            continue;
        }
        if c.is_ascii_uppercase() && begins(&made, before, after) {
            gap(&mut made);
        }
        made.push(c.to_ascii_lowercase());
    }
    let made = short(made.trim_matches('_'));
    if made.starts_with(|c: char| c.is_ascii_digit()) {
        format!("n{made}")
    } else {
        made
    }
}

/// The word for a name, in `CamelCase`, for types.
pub(super) fn camel(name: &str) -> String {
    snake(name)
        .split('_')
        .map(|part| {
            let mut letters = part.chars();
            letters
                .next()
                .map(|first| first.to_ascii_uppercase().to_string() + letters.as_str())
                .unwrap_or_default()
        })
        .collect()
}

/// Whether a capital begins a word: not the second letter of `iOS`, the last of `AuthN`, or one in `2FA`.
fn begins(made: &str, before: Option<char>, after: Option<char>) -> bool {
    let part = made.rsplit('_').next().unwrap_or_default();
    let goes_on = after.is_some_and(|a| a.is_ascii_alphanumeric());
    match before {
        Some(b) if b.is_ascii_lowercase() => part.len() > 1 && goes_on,
        Some(b) if b.is_ascii_digit() => part.bytes().any(|b| b.is_ascii_alphabetic()),
        Some(b) if b.is_ascii_uppercase() => after.is_some_and(|a| a.is_ascii_lowercase()),
        _ => false,
    }
}

fn gap(made: &mut String) {
    if !made.is_empty() && !made.ends_with('_') {
        made.push('_');
    }
}

/// At most so many letters, whole words where that is possible.
fn short(word: &str) -> String {
    let Some(cut) = word.get(..LENGTH_MAX).filter(|_| word.len() > LENGTH_MAX) else {
        return word.to_owned();
    };
    let whole = word.as_bytes().get(LENGTH_MAX) == Some(&b'_');
    let end = if whole { None } else { cut.rfind('_') };
    let kept = end.filter(|end| *end > LENGTH_MAX / 2);
    let cut = kept.and_then(|end| cut.get(..end)).unwrap_or(cut);
    cut.trim_matches('_').to_owned()
}

/// The letters of a name without their marks, in Latin letters where they have some.
fn plain(name: &str) -> Vec<char> {
    let mut made = Vec::new();
    for c in name.chars().take(4 * LENGTH_MAX).nfd() {
        match latin(c) {
            Some(letters) => made.extend(letters.chars()),
            // Marks of letters, which stand behind them, and what joins two parts of a word.
            None if matches!(c, '\u{300}'..='\u{36f}' | '\'' | '\u{2019}') => {}
            None => made.push(if c.is_ascii() { c } else { ' ' }),
        }
    }
    made
}

fn latin(c: char) -> Option<&'static str> {
    const LETTERS: &[(&str, &str)] = &[
        ("ß", "ss"),
        ("æ", "ae"),
        ("œ", "oe"),
        ("ø", "o"),
        ("ł", "l"),
        ("đ", "d"),
        ("ð", "d"),
        ("þ", "th"),
        ("ı", "i"),
        ("&", " and "),
        ("@", " at "),
        ("+", " plus "),
        ("а", "a"),
        ("б", "b"),
        ("в", "v"),
        ("г", "g"),
        ("д", "d"),
        ("е", "e"),
        ("ж", "zh"),
        ("з", "z"),
        ("и", "i"),
        ("к", "k"),
        ("л", "l"),
        ("м", "m"),
        ("н", "n"),
        ("о", "o"),
        ("п", "p"),
        ("р", "r"),
        ("с", "s"),
        ("т", "t"),
        ("у", "u"),
        ("ф", "f"),
        ("х", "kh"),
        ("ц", "ts"),
        ("ч", "ch"),
        ("ш", "sh"),
        ("щ", "shch"),
        ("ъ", ""),
        ("ы", "y"),
        ("ь", ""),
        ("э", "e"),
        ("ю", "yu"),
        ("я", "ya"),
        ("і", "i"),
        ("є", "ye"),
        ("ґ", "g"),
        ("α", "a"),
        ("β", "v"),
        ("γ", "g"),
        ("δ", "d"),
        ("ε", "e"),
        ("ζ", "z"),
        ("η", "i"),
        ("θ", "th"),
        ("ι", "i"),
        ("κ", "k"),
        ("λ", "l"),
        ("μ", "m"),
        ("ν", "n"),
        ("ξ", "x"),
        ("ο", "o"),
        ("π", "p"),
        ("ρ", "r"),
        ("σ", "s"),
        ("ς", "s"),
        ("τ", "t"),
        ("υ", "y"),
        ("φ", "f"),
        ("χ", "ch"),
        ("ψ", "ps"),
        ("ω", "o"),
    ];
    if c.is_ascii_alphanumeric() {
        return None;
    }
    let lower = c.to_lowercase().next().unwrap_or(c);
    let found = LETTERS.iter().find(|(letter, _)| letter.starts_with(lower));
    found.map(|(_, latin)| *latin)
}

/// Whether a word is one of the language's, so that nothing may be called so, or the name of a device where
/// there is Windows: journeys and scripts give their names to files.
pub(super) fn is_reserved(word: &str) -> bool {
    let numbered = |name: &str| {
        let number = word.strip_prefix(name);
        number.is_some_and(|n| n.len() == 1 && n.bytes().all(|b| b.is_ascii_digit()))
    };
    RESERVED.contains(&word)
        || ["con", "prn", "aux", "nul"].contains(&word)
        || numbered("com")
        || numbered("lpt")
}

/// Words that are taken in one place.
#[derive(Debug, Clone, Default)]
pub(super) struct Taken {
    words: BTreeSet<Arc<str>>,
    /// The number that was last given to a word.
    numbers: BTreeMap<String, u64>,
}

impl Taken {
    /// The word, or the word with the first number that makes it a new one; never a word of the language.
    pub(super) fn take(&mut self, word: &str, or: &str) -> Arc<str> {
        let word = if word.is_empty() { or } else { word };
        let mut made = word.to_owned();
        // BOUND: of so many numbers, one more than there are words is free.
        while self.is_taken(&made) {
            let number = self.numbers.entry(word.to_owned()).or_insert(1);
            *number += 1;
            made = format!("{word}_{number}");
        }
        let made: Arc<str> = Arc::from(made);
        self.words.insert(Arc::clone(&made));
        made
    }

    fn is_taken(&self, word: &str) -> bool {
        is_reserved(word) || self.words.contains(word)
    }

    /// Every word that was taken.
    pub(super) fn words(&self) -> impl Iterator<Item = &Arc<str>> {
        self.words.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_words() {
        let words = [
            ("Retry Limit Decision", "retry_limit_decision"),
            ("QA - Choice Collectors", "qa_choice_collectors"),
            ("HTTPServer v2", "http_server_v2"),
            ("checkOTPCode", "check_otp_code"),
            ("Größe prüfen", "grosse_prufen"),
            ("Вход в систему", "vkhod_v_sistemu"),
            ("Don't ask", "dont_ask"),
            ("2FA?", "n2fa"),
            ("select iOS or AuthN", "select_ios_or_authn"),
            ("認証", ""),
            ("  __  ", ""),
            ("Terms & Conditions", "terms_and_conditions"),
            (
                "a name of a node that goes on and on without any end",
                "a_name_of_a_node_that_goes_on_and_on",
            ),
        ];
        for (name, word) in words {
            assert_eq!(snake(name), word, "{name}");
        }
        assert_eq!(camel("designer session-node"), "DesignerSessionNode");
    }

    #[test]
    fn a_word_is_taken_once() {
        let mut taken = Taken::default();
        assert_eq!(&*taken.take("retry", "x"), "retry");
        assert_eq!(&*taken.take("retry", "x"), "retry_2");
        assert_eq!(&*taken.take("", "x"), "x");
        assert_eq!(&*taken.take("success", "x"), "success_2");
    }
}
