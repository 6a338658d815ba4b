//! The end of all that a subject has: sessions, tokens, signed tokens.
//!
//! It is one change, so that nothing is left that the one who asked for it would have to look for. Setting
//! a user inactive and setting a new password make it a part of their own change. Persistent cookies end
//! with it where a user logs out everywhere; elsewhere they need no end, because they let in nobody who is
//! inactive and none who has another password now.

use ring::digest::{Context, SHA256};
use rusqlite::{Connection, OptionalExtension};
use wayfare::Realm;

use super::{Store, StoreError, identity, session, session::Session, token};

/// How often all of a subject's has ended, as signed tokens carry it: one that carries another text is
/// over. It is another one too in a store that was put back from a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing(String);

impl Standing {
    /// The text that a token carries.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Store {
    /// Ends all that a subject has, persistent cookies too, but for one session and its tokens; the sessions
    /// that have ended.
    pub async fn end_subject(
        &self,
        realm: &Realm,
        subject: String,
        spared: Option<String>,
    ) -> Result<Vec<Session>, StoreError> {
        let realm = realm.as_str().to_owned();
        self.write(move |db| {
            identity::void_cookies(db, &realm, &subject)?;
            all(db, &realm, &subject, spared.as_deref())
        })
        .await
    }

    /// How a subject stands: what a signed token of theirs carries to be over when all of theirs ends.
    pub fn standing(&self, realm: &Realm, subject: &str) -> Result<Standing, StoreError> {
        let times: Option<i64> = self.read(|db| {
            db.prepare_cached("SELECT times FROM ending WHERE realm = ?1 AND subject = ?2")?
                .query_row([realm.as_str(), subject], |row| row.get(0))
                .optional()
        })?;
        let mut context = Context::new(&SHA256);
        context.update(&self.epoch());
        context.update(&times.unwrap_or(0).to_be_bytes());
        context.update(realm.as_str().as_bytes());
        context.update(&[0]);
        context.update(subject.as_bytes());
        let hash = context.finish();
        Ok(Standing(crate::audit::hex(hash.as_ref().iter().take(12))))
    }
}

/// Ends all that a subject has, but for one session and its tokens.
pub(crate) fn all(
    db: &Connection,
    realm: &str,
    subject: &str,
    spared: Option<&str>,
) -> rusqlite::Result<Vec<Session>> {
    token::end_of_subject(db, realm, subject, spared)?;
    db.prepare_cached(
        "INSERT INTO ending (realm, subject, times) VALUES (?1, ?2, 1)
         ON CONFLICT (realm, subject) DO UPDATE SET times = times + 1",
    )?
    .execute([realm, subject])?;
    session::take_all(db, realm, subject, spared)
}
