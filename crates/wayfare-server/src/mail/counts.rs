//! What became of messages that were sent beside the replies, for the page of metrics.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{Mutex, PoisonError},
};

use wayfare::Realm;

/// Counts by realm and by what came of a message; there are few of either.
#[derive(Debug, Default)]
pub(super) struct Counts(Mutex<BTreeMap<(String, &'static str), u64>>);

impl Counts {
    pub(super) fn add(&self, realm: &Realm, result: &'static str) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry((realm.as_str().to_owned(), result));
        let count = count.or_default();
        *count = count.saturating_add(1);
    }

    /// All of it in the text format of Prometheus. Names of realms need no escape.
    pub(super) fn text(&self) -> String {
        let mut text = String::from(
            "# HELP wayfare_mail_total What became of mails with links: sent, delayed, or given up.\n\
             # TYPE wayfare_mail_total counter\n",
        );
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for ((realm, result), count) in &*counts {
            // Writing into a string cannot fail.
            let _ = writeln!(
                text,
                "wayfare_mail_total{{realm=\"{realm}\",result=\"{result}\"}} {count}"
            );
        }
        text
    }
}
