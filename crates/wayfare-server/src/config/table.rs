//! A TOML table that remembers which of its keys were asked for.
//!
//! Whatever was not asked for is a mistake when the table is closed. All mistakes of a file go into one
//! list, so that an author mends them in one go.

use std::{
    cell::RefCell,
    collections::BTreeSet,
    fmt,
    ops::Range,
    path::{Path, PathBuf},
    time::Duration,
};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    SecretSource,
    value::{parse_duration, parse_size},
};

/// A configuration could not be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {}: {message}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system says.
        message: String,
    },
    /// The text has mistakes.
    #[error("{}", Lines(.0))]
    Mistakes(Vec<Mistake>),
}

/// One mistake of a configuration.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mistake {
    /// The file as the caller named it.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong and what to write instead.
    pub message: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.message)
    }
}

struct Lines<'a>(&'a [Mistake]);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, mistake) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str("\n")?;
            }
            mistake.fmt(f)?;
        }
        Ok(())
    }
}

/// Where mistakes are gathered.
pub(super) struct Mistakes<'a> {
    file: &'a str,
    text: &'a str,
    list: RefCell<Vec<Mistake>>,
}

impl<'a> Mistakes<'a> {
    pub(super) fn new(file: &'a str, text: &'a str) -> Self {
        Self {
            file,
            text,
            list: RefCell::default(),
        }
    }

    pub(super) fn at(&self, span: &Range<usize>, message: impl Into<String>) {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        self.list.borrow_mut().push(Mistake {
            file: self.file.to_owned(),
            line: before.bytes().filter(|b| *b == b'\n').count() + 1,
            message: message.into(),
        });
    }

    pub(super) fn into_list(self) -> Vec<Mistake> {
        let mut list = self.list.into_inner();
        list.sort();
        list
    }
}

/// A table on its way to being read.
pub(super) struct Table<'a> {
    mistakes: &'a Mistakes<'a>,
    path: String,
    entries: &'a DeTable<'a>,
    asked: RefCell<BTreeSet<String>>,
    span: Range<usize>,
}

type Entry<'a> = (Range<usize>, &'a DeValue<'a>);

impl<'a> Table<'a> {
    pub(super) fn new(mistakes: &'a Mistakes<'a>, path: &str, entries: &'a DeTable<'a>) -> Self {
        Self::within(mistakes, path, entries, 0..0)
    }

    /// A table whose place is known, so that what is missing in it has a line.
    pub(super) fn within(
        mistakes: &'a Mistakes<'a>,
        path: &str,
        entries: &'a DeTable<'a>,
        span: Range<usize>,
    ) -> Self {
        Self {
            mistakes,
            path: path.to_owned(),
            entries,
            asked: RefCell::default(),
            span,
        }
    }

    /// What is written under a key, whatever it is.
    pub(super) fn find(&self, key: &str) -> Option<Entry<'a>> {
        self.get(key)
    }

    fn get(&self, key: &str) -> Option<Entry<'a>> {
        self.asked.borrow_mut().insert(key.to_owned());
        self.entries
            .iter()
            .find(|(name, _)| name.get_ref() == key)
            .map(|(_, value)| (value.span(), value.get_ref()))
    }

    pub(super) fn wrong(&self, span: &Range<usize>, key: &str, message: &str) {
        let place = if self.path.is_empty() {
            String::new()
        } else {
            format!("{}.", self.path)
        };
        self.mistakes.at(span, format!("`{place}{key}` {message}"));
    }

    fn expect<T>(
        &self,
        key: &str,
        what: &str,
        read: impl Fn(&DeValue<'a>) -> Option<T>,
    ) -> Option<T> {
        let (span, value) = self.get(key)?;
        let result = read(value);
        if result.is_none() {
            self.wrong(
                &span,
                key,
                &format!("must be {what}, but is {}", shown(value)),
            );
        }
        result
    }

    pub(super) fn text(&self, key: &str) -> Option<String> {
        self.expect(key, "a text", |value| value.as_str().map(str::to_owned))
    }

    /// A text that `read` accepts.
    pub(super) fn parsed<T>(
        &self,
        key: &str,
        what: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        self.expect(key, what, |value| value.as_str().and_then(&read))
    }

    pub(super) fn flag(&self, key: &str, into: &mut bool) {
        if let Some(value) = self.expect(key, "true or false", DeValue::as_bool) {
            *into = value;
        }
    }

    pub(super) fn duration(&self, key: &str) -> Option<Duration> {
        let what = "a time such as \"30s\" or \"5m\"";
        self.parsed(key, what, |text| {
            parse_duration(text).filter(|span| !span.is_zero())
        })
    }

    pub(super) fn duration_into(&self, key: &str, into: &mut Duration) {
        if let Some(value) = self.duration(key) {
            *into = value;
        }
    }

    /// A whole number from `least` on.
    pub(super) fn number<T: TryFrom<u64>>(&self, key: &str, least: u64, into: &mut T) {
        let what = format!("a whole number from {least} on");
        if let Some(value) = self.expect(key, &what, |value| {
            integer(value)
                .filter(|n| *n >= least)
                .and_then(|n| T::try_from(n).ok())
        }) {
            *into = value;
        }
    }

    /// A size: `"64KiB"`, or a number of bytes.
    pub(super) fn size(&self, key: &str, into: &mut usize) {
        if let Some(value) = self.expect(key, "a size such as \"64KiB\"", |value| {
            let bytes = integer(value).or_else(|| value.as_str().and_then(parse_size))?;
            usize::try_from(bytes).ok().filter(|bytes| *bytes > 0)
        }) {
            *into = value;
        }
    }

    pub(super) fn texts(&self, key: &str) -> Option<Vec<(Range<usize>, String)>> {
        let (span, value) = self.get(key)?;
        let Some(list) = value.as_array() else {
            self.wrong(
                &span,
                key,
                &format!("must be a list of texts, but is {}", shown(value)),
            );
            return None;
        };
        let mut texts = Vec::new();
        for item in list {
            match item.get_ref().as_str() {
                Some(text) => texts.push((item.span(), text.to_owned())),
                None => self.wrong(&item.span(), key, "must hold texts only"),
            }
        }
        Some(texts)
    }

    /// The table under a key.
    pub(super) fn table(&self, key: &str) -> Option<Self> {
        let (span, value) = self.get(key)?;
        let Some(entries) = value.as_table() else {
            self.wrong(
                &span,
                key,
                &format!("must be a table, but is {}", shown(value)),
            );
            return None;
        };
        let path = if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        };
        Some(Self::within(self.mistakes, &path, entries, span))
    }

    /// The tables under a key, which may be none.
    pub(super) fn tables(&self, key: &str) -> Vec<Self> {
        let Some((span, value)) = self.get(key) else {
            return Vec::new();
        };
        let Some(list) = value.as_array() else {
            let message = format!("must be written as [[{key}]], but is {}", shown(value));
            self.wrong(&span, key, &message);
            return Vec::new();
        };
        let mut tables = Vec::new();
        for item in list {
            match item.get_ref().as_table() {
                Some(entries) => {
                    tables.push(Self::within(self.mistakes, key, entries, item.span()));
                }
                None => self.wrong(&item.span(), key, "must hold tables only"),
            }
        }
        tables
    }

    /// Where a secret is: `{ file = "…" }` or `{ env = "…" }`.
    pub(super) fn secret(&self, key: &str, folder: &Path) -> Option<SecretSource> {
        let (span, value) = self.get(key)?;
        let found = value.as_table().and_then(|table| source(table, folder));
        if found.is_none() {
            // The value is not shown: it may be the secret itself.
            self.wrong(
                &span,
                key,
                "must be { file = \"…\" } or { env = \"…\" }; secrets are never written here",
            );
        }
        found
    }

    /// The whole file, as what findings point into.
    pub(super) fn source(&self) -> wayfare::Source {
        wayfare::Source::new(self.mistakes.file, self.mistakes.text)
    }

    /// Whether this key is written.
    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.keys().any(|name| name.get_ref() == key)
    }

    /// A key that has to be written is not.
    pub(super) fn missing(&self, key: &str, fix: &str) {
        let message = format!("`{}.{key}` is missing; {fix}", self.path);
        self.mistakes.at(&self.span, message);
    }

    /// All keys with their values; none of them is unknown then.
    pub(super) fn every(
        &self,
    ) -> Vec<(
        &'a Spanned<std::borrow::Cow<'a, str>>,
        &'a Spanned<DeValue<'a>>,
    )> {
        let mut asked = self.asked.borrow_mut();
        for name in self.entries.keys() {
            asked.insert(name.get_ref().to_string());
        }
        self.entries.iter().collect()
    }

    /// Every key that nobody asked for is a mistake.
    pub(super) fn close(self) {
        let asked = self.asked.into_inner();
        for name in self.entries.keys() {
            if asked.contains(&**name.get_ref()) {
                continue;
            }
            let near = nearest(name.get_ref(), asked.iter().map(String::as_str));
            let place = if self.path.is_empty() {
                "at the top of the file".to_owned()
            } else {
                format!("in `[{}]`", self.path)
            };
            let mut message = format!("there is no setting `{}` {place}", name.get_ref());
            let hint = near.map_or_else(
                || {
                    let all: Vec<_> = asked.iter().map(String::as_str).collect();
                    format!("; there are {}", all.join(", "))
                },
                |near| format!("; did you mean `{near}`?"),
            );
            message.push_str(&hint);
            self.mistakes.at(&name.span(), message);
        }
    }
}

/// The place of a secret as a table of one key.
pub(super) fn source(table: &DeTable<'_>, folder: &Path) -> Option<SecretSource> {
    let mut entries = table.iter();
    match (entries.next(), entries.next()) {
        (Some((key, value)), None) => match (&**key.get_ref(), value.get_ref().as_str()?) {
            ("file", path) => Some(SecretSource::File(folder.join(PathBuf::from(path)))),
            ("env", name) => Some(SecretSource::Variable(name.to_owned())),
            _ => None,
        },
        _ => None,
    }
}

pub(super) fn integer(value: &DeValue<'_>) -> Option<u64> {
    let number = value.as_integer()?;
    u64::from_str_radix(number.as_str(), number.radix()).ok()
}

fn shown(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) if text.len() <= 40 => format!("{text:?}"),
        DeValue::Integer(number) => number.as_str().to_owned(),
        DeValue::Boolean(value) => value.to_string(),
        _ => format!("a {}", value.type_str()),
    }
}

/// The candidate that is at most two edits (a third of the word) away.
pub(crate) fn nearest<'c>(
    word: &str,
    candidates: impl Iterator<Item = &'c str>,
) -> Option<&'c str> {
    let allowed = (word.chars().count() / 3).clamp(1, 2);
    candidates
        .map(|candidate| (edits(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, candidate)| candidate)
}

fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().take(64).enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (cell, y) in row.iter_mut().skip(1).zip(&b) {
            let substituted = diagonal + usize::from(x != *y);
            diagonal = *cell;
            left = substituted.min(*cell + 1).min(left + 1);
            *cell = left;
        }
    }
    row.last().copied().unwrap_or(usize::MAX)
}
