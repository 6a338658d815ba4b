//! Texts shown to people, in the languages the author wrote.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Texts by locale, in the order written; a plain string stands under the empty locale.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct LocalizedText {
    entries: Arc<[(Arc<str>, Arc<str>)]>,
}

impl LocalizedText {
    /// One text for every locale.
    pub fn plain(text: impl Into<Arc<str>>) -> Self {
        Self {
            entries: Arc::from([(Arc::from(""), text.into())]),
        }
    }

    /// Texts by locale tag (`en`, `pt-BR`), first one is the last resort.
    pub fn by_locale<L: Into<Arc<str>>, T: Into<Arc<str>>>(
        entries: impl IntoIterator<Item = (L, T)>,
    ) -> Self {
        Self {
            entries: entries
                .into_iter()
                .map(|(l, t)| (l.into(), t.into()))
                .collect(),
        }
    }

    /// Whether there is no text at all, or only an empty plain one.
    pub fn is_empty(&self) -> bool {
        self.entries.iter().all(|(_, text)| text.is_empty())
    }

    /// The entries in the order written.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries
            .iter()
            .map(|(locale, text)| (&**locale, &**text))
    }

    /// The best text for a list of preferred locales, best first.
    ///
    /// Each preference is tried whole and then shortened from the right (`fr-CA`, `fr`); case and the
    /// choice of `-` or `_` do not matter. Where nothing fits, the plain text, else the first.
    ///
    /// ```
    /// use wayfare::LocalizedText;
    /// let text = LocalizedText::by_locale([("en", "Sign in"), ("fr", "Connexion")]);
    /// assert_eq!(text.best(["fr-CA"]), "Connexion");
    /// assert_eq!(text.best(["de"]), "Sign in");
    /// ```
    pub fn best<'a>(&self, preferred: impl IntoIterator<Item = &'a str>) -> &str {
        for locale in preferred {
            let mut tag = locale;
            loop {
                if let Some(text) = self.exact(tag) {
                    return text;
                }
                let Some((shorter, _)) = tag.rsplit_once(['-', '_']) else {
                    break;
                };
                tag = shorter;
            }
        }
        self.exact("")
            .or_else(|| self.entries.first().map(|(_, text)| &**text))
            .unwrap_or("")
    }

    fn exact(&self, tag: &str) -> Option<&str> {
        let same = |a: &str, b: &str| {
            a.len() == b.len()
                && a.bytes().zip(b.bytes()).all(|(a, b)| {
                    a.eq_ignore_ascii_case(&b)
                        || (matches!(a, b'-' | b'_') && matches!(b, b'-' | b'_'))
                })
        };
        self.entries
            .iter()
            .find(|(locale, _)| same(locale, tag))
            .map(|(_, text)| &**text)
    }
}
