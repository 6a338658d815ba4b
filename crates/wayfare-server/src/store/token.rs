//! Tokens of every wire: made, found, used once, ended.
//!
//! What is handed out is a secret of at least 130 random bits; what is kept is its hash together with its
//! kind, so that no kind is ever taken for another and a copy of the file lets nobody in. A token that was
//! used stays, marked, until it expires: that somebody comes with it a second time is how theft is seen.
//! Tokens that come from one grant are a family and end together, and so do those of a session and those
//! of a subject.
//!
//! | Kind | What it is |
//! |---|---|
//! | `oauth.code` | an authorization code |
//! | `oauth.access` | an access token, opaque or signed |
//! | `oauth.refresh` | a refresh token |
//! | `oauth.consent` | that a user has let a client have some scopes |
//! | `oauth.assertion` | that a client has said once who it is, by a token of its own |
//!
//! Other wires have kinds of their own, with their name before the dot.

use ring::digest::{Context, SHA256};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::Value as Json;
use wayfare::{Realm, Timestamp};

use super::{
    Store, StoreError,
    ending::{self, Since},
    run::millis,
};

/// What a token is for. Two kinds never meet: a secret of one is nothing to the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kind(&'static str);

impl Kind {
    /// The kind of this name: the wire, a dot, and what it is there.
    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }

    /// The name.
    pub fn name(self) -> &'static str {
        self.0
    }
}

/// Under what a token is kept: its kind and the hash of its secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenKey {
    kind: Kind,
    hash: [u8; 32],
}

impl TokenKey {
    /// The key of a secret as it was handed out, every byte of it.
    pub fn of(kind: Kind, secret: &str) -> Self {
        let mut context = Context::new(&SHA256);
        // No name of a kind has a zero in it, so no two pairs are the same bytes.
        context.update(kind.0.as_bytes());
        context.update(&[0]);
        context.update(secret.as_bytes());
        let mut hash = [0; 32];
        for (to, from) in hash.iter_mut().zip(context.finish().as_ref()) {
            *to = *from;
        }
        Self { kind, hash }
    }

    /// The kind.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The hash, for what is bound to the token.
    pub(crate) fn hash(&self) -> &[u8; 32] {
        &self.hash
    }
}

/// What is kept of a token.
#[derive(Debug, Clone, PartialEq)]
pub struct Token {
    /// Its realm.
    pub realm: Realm,
    /// The canonical id of whose it is; none for a client's own.
    pub subject: Option<String>,
    /// The client that it was given to.
    pub client: Option<String>,
    /// The grant that it comes from.
    pub family: Option<String>,
    /// The handle of the session that it ends with.
    pub session: Option<String>,
    /// When it was made.
    pub issued: Timestamp,
    /// When it is over.
    pub exp: Timestamp,
    /// When it was used, for one that is used once.
    pub used: Option<Timestamp>,
    /// What its wire knows of it.
    pub data: Json,
}

/// A token to be kept.
#[derive(Debug, Clone, PartialEq)]
pub struct NewToken {
    /// Under what.
    pub key: TokenKey,
    /// What is kept of it.
    pub token: Token,
}

/// What tokens rest on that are about to be kept. It is looked at in the transaction that keeps them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Basis {
    /// On no user's login: a client's own, or nobody's.
    Nobody,
    /// On a login, or on what is allowed to whoever asks: nothing of their subject's has ended since then.
    Login(Since),
    /// On a session, by its handle: it is there.
    Session(String),
}

impl Basis {
    /// Whether a token may be kept on it.
    fn bears(&self, db: &Connection, token: &Token) -> rusqlite::Result<bool> {
        match (self, &token.subject) {
            (Self::Nobody, _) | (Self::Login(_), None) => Ok(true),
            (Self::Login(since), Some(subject)) => {
                let ended = ending::ended(db, token.realm.as_str(), subject, *since)?;
                Ok(!ended)
            }
            (Self::Session(handle), _) => db
                .prepare_cached("SELECT EXISTS (SELECT 1 FROM session WHERE handle = ?1)")?
                .query_row([handle], |row| row.get(0)),
        }
    }
}

/// What came of using a token.
#[derive(Debug, Clone, PartialEq)]
pub enum Taken {
    /// It is the first use.
    Fresh(Token),
    /// It was used before.
    Reused(Token),
    /// It is over.
    Expired,
    /// There is none.
    Absent,
}

impl Taken {
    /// The token, at its first use.
    pub fn fresh(self) -> Option<Token> {
        match self {
            Self::Fresh(token) => Some(token),
            Self::Reused(_) | Self::Expired | Self::Absent => None,
        }
    }
}

/// How a token stands.
#[derive(Debug, Clone, PartialEq)]
pub enum Seen {
    /// It can be used.
    Live(Token),
    /// It was used.
    Used,
    /// It is over.
    Expired,
    /// There is none.
    Absent,
}

/// Which tokens end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// All that come from one grant.
    Family(String),
    /// The same, with all grants that were made by it: those whose names go on behind a slash.
    Under(String),
    /// All that end with a session.
    Session(String),
    /// All of a subject's that were given to one client.
    Client {
        /// The realm.
        realm: Realm,
        /// The canonical id.
        subject: String,
        /// The client.
        client: String,
    },
}

impl Store {
    /// Keeps tokens, all of them or none.
    ///
    /// # Errors
    /// [`StoreError::Ended`] where what they rest on is over; or the store fails.
    pub async fn put_tokens(&self, tokens: Vec<NewToken>, basis: Basis) -> Result<(), StoreError> {
        let kept = self.write(move |db| {
            for new in &tokens {
                if !basis.bears(db, &new.token)? {
                    return Ok(false);
                }
            }
            tokens.iter().try_for_each(|token| put(db, token))?;
            Ok(true)
        });
        if kept.await? {
            Ok(())
        } else {
            Err(StoreError::Ended)
        }
    }

    /// The token that is kept under this key, is not over and was not used. One whose time is up is taken
    /// away, so that a clock that is put back does not bring it back.
    pub fn token(&self, key: &TokenKey, now: Timestamp) -> Result<Option<Token>, StoreError> {
        let found = self.read(|db| find(db, key))?;
        if found.as_ref().is_some_and(|token| token.exp <= now) {
            let key = *key;
            self.write_later(move |db| remove(db, &key).map(|_| ()))?;
            return Ok(None);
        }
        Ok(found.filter(|token| token.used.is_none()))
    }

    /// How a token stands, without touching it; for wires that tell apart what is over from what never was.
    pub fn look_at_token(&self, key: &TokenKey, now: Timestamp) -> Result<Seen, StoreError> {
        let found = self.read(|db| find(db, key))?;
        Ok(match found {
            None => Seen::Absent,
            Some(token) if token.used.is_some() => Seen::Used,
            Some(token) if token.exp <= now => Seen::Expired,
            Some(token) => Seen::Live(token),
        })
    }

    /// Uses a token: of any number of callers with the same one, one is the first.
    pub async fn take_token(&self, key: TokenKey, now: Timestamp) -> Result<Taken, StoreError> {
        self.write(move |db| take(db, &key, now)).await
    }

    /// Uses a token and keeps those that it is exchanged for, in one transaction.
    ///
    /// Nothing is kept unless it is the first use. At any later one the whole family ends: two have the
    /// token, and nobody knows who of them got the others.
    pub async fn exchange_token(
        &self,
        key: TokenKey,
        tokens: Vec<NewToken>,
        now: Timestamp,
    ) -> Result<Taken, StoreError> {
        self.write(move |db| exchange(db, &key, &tokens, now)).await
    }

    /// Keeps that a token was used which somebody else has made; whether this is its first use. The token that is
    /// given is one that was used.
    pub async fn is_first_use(&self, token: NewToken) -> Result<bool, StoreError> {
        self.write(move |db| match find(db, &token.key)? {
            Some(_) => Ok(false),
            None => put(db, &token).map(|()| true),
        })
        .await
    }

    /// Keeps a token that another one makes, for as long as that one is good; whether it was.
    pub async fn put_token_of(
        &self,
        maker: TokenKey,
        new: NewToken,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write(move |db| {
            let good = |token: &Token| token.used.is_none() && now < token.exp;
            let good = find(db, &maker)?.as_ref().is_some_and(good);
            if good {
                put(db, &new)?;
            }
            Ok(good)
        })
        .await
    }

    /// Keeps a token in place of the one under the same key.
    pub async fn replace_token(&self, new: NewToken) -> Result<(), StoreError> {
        self.write(move |db| {
            remove(db, &new.key)?;
            put(db, &new)
        })
        .await
    }

    /// Keeps a token in place of those of its kind and its subject that were not used and whose data has this
    /// member, too: of codes that are mailed one after the other only the last one counts.
    pub async fn put_newest_token(
        &self,
        new: NewToken,
        member: &'static str,
    ) -> Result<(), StoreError> {
        self.write(move |db| {
            let token = &new.token;
            db.prepare_cached(
                "DELETE FROM token WHERE realm = ?1 AND subject = ?2 AND kind = ?3 AND used IS NULL
                     AND json_type(data, ?4) IS NOT NULL",
            )?
            .execute(params![
                token.realm.as_str(),
                token.subject,
                new.key.kind.0,
                format!("$.{member}"),
            ])?;
            put(db, &new)
        })
        .await
    }

    /// Ends one token; whether there was one that had not expired.
    pub async fn revoke_token(&self, key: TokenKey, now: Timestamp) -> Result<bool, StoreError> {
        self.write(move |db| {
            let exp = remove(db, &key)?;
            Ok(exp.is_some_and(|exp| millis(now) < exp))
        })
        .await
    }

    /// Ends tokens, and says how many there were.
    pub async fn end_tokens(&self, ending: Ending) -> Result<usize, StoreError> {
        self.write(move |db| end(db, &ending)).await
    }

    /// The tokens of a kind in a realm that are not over, the oldest first; a thousand at most.
    pub fn tokens_of(
        &self,
        kind: Kind,
        realm: &Realm,
        now: Timestamp,
    ) -> Result<Vec<Token>, StoreError> {
        self.read(|db| {
            db.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM token
                 WHERE kind = ?1 AND realm = ?2 AND exp > ?3 AND used IS NULL
                 ORDER BY issued, hash LIMIT 1000"
            ))?
            .query_map(params![kind.0, realm.as_str(), millis(now)], from_row)?
            .collect()
        })
    }

    /// How many tokens of a kind are kept, used and expired ones too.
    pub fn token_count(&self, kind: Kind) -> Result<u64, StoreError> {
        let count: i64 = self.read(|db| {
            db.prepare_cached("SELECT count(*) FROM token WHERE kind = ?1")?
                .query_row([kind.0], |row| row.get(0))
        })?;
        Ok(u64::try_from(count).unwrap_or(0))
    }
}

const COLUMNS: &str = "realm, subject, client, family, session, issued, exp, used, data";

fn from_row(row: &Row<'_>) -> rusqlite::Result<Token> {
    let wrong = |column, what: &str| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, what.into())
    };
    let at = |value: i64| Timestamp(u64::try_from(value).unwrap_or(0));
    let realm: String = row.get(0)?;
    let data: String = row.get(8)?;
    Ok(Token {
        realm: Realm::parse(&realm).ok_or_else(|| wrong(0, "not a realm"))?,
        subject: row.get(1)?,
        client: row.get(2)?,
        family: row.get(3)?,
        session: row.get(4)?,
        issued: at(row.get(5)?),
        exp: at(row.get(6)?),
        used: row.get::<_, Option<i64>>(7)?.map(at),
        data: serde_json::from_str(&data).map_err(|_| wrong(8, "not JSON"))?,
    })
}

fn put(db: &Connection, new: &NewToken) -> rusqlite::Result<()> {
    let token = &new.token;
    db.prepare_cached(&format!(
        "INSERT INTO token (hash, kind, {COLUMNS})
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"
    ))?
    .execute(params![
        &new.key.hash[..],
        new.key.kind.0,
        token.realm.as_str(),
        token.subject,
        token.client,
        token.family,
        token.session,
        millis(token.issued),
        millis(token.exp),
        token.used.map(millis),
        token.data.to_string(),
    ])
    .map(|_| ())
}

fn find(db: &Connection, key: &TokenKey) -> rusqlite::Result<Option<Token>> {
    db.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM token WHERE hash = ?1 AND kind = ?2"
    ))?
    .query_row(params![&key.hash[..], key.kind.0], from_row)
    .optional()
}

/// Uses a token and keeps those that it is exchanged for; at a second use the family ends.
pub(super) fn exchange(
    db: &Connection,
    key: &TokenKey,
    tokens: &[NewToken],
    now: Timestamp,
) -> rusqlite::Result<Taken> {
    let taken = take(db, key, now)?;
    match &taken {
        Taken::Fresh(_) => tokens.iter().try_for_each(|token| put(db, token))?,
        Taken::Reused(again) => {
            if let Some(family) = &again.family {
                end(db, &Ending::Family(family.clone()))?;
            }
        }
        Taken::Expired | Taken::Absent => {}
    }
    Ok(taken)
}

fn take(db: &Connection, key: &TokenKey, now: Timestamp) -> rusqlite::Result<Taken> {
    let Some(token) = find(db, key)? else {
        return Ok(Taken::Absent);
    };
    if token.used.is_some() {
        return Ok(Taken::Reused(token));
    }
    if token.exp <= now {
        remove(db, key)?;
        return Ok(Taken::Expired);
    }
    let moved = db
        .prepare_cached(
            "UPDATE token SET used = ?3 WHERE hash = ?1 AND kind = ?2 AND used IS NULL",
        )?
        .execute(params![&key.hash[..], key.kind.0, millis(now)])?;
    Ok(if moved == 1 {
        Taken::Fresh(token)
    } else {
        Taken::Absent
    })
}

/// Takes a token away, and says when it was over.
fn remove(db: &Connection, key: &TokenKey) -> rusqlite::Result<Option<i64>> {
    db.prepare_cached("DELETE FROM token WHERE hash = ?1 AND kind = ?2 RETURNING exp")?
        .query_row(params![&key.hash[..], key.kind.0], |row| row.get(0))
        .optional()
}

fn end(db: &Connection, ending: &Ending) -> rusqlite::Result<usize> {
    match ending {
        Ending::Family(family) => db
            .prepare_cached("DELETE FROM token WHERE family = ?1")?
            .execute([family]),
        Ending::Under(family) => db
            // What begins with the name and a slash, by the order of bytes: `0` follows on `/`.
            .prepare_cached(
                "DELETE FROM token
                 WHERE family = ?1 OR family > ?1 || '/' AND family < ?1 || '0'",
            )?
            .execute([family]),
        Ending::Session(handle) => end_of_session(db, handle),
        Ending::Client {
            realm,
            subject,
            client,
        } => db
            .prepare_cached("DELETE FROM token WHERE realm = ?1 AND subject = ?2 AND client = ?3")?
            .execute([realm.as_str(), subject, client]),
    }
}

/// Ends the tokens of a session, and the families that they are of.
pub(super) fn end_of_session(db: &Connection, handle: &str) -> rusqlite::Result<usize> {
    db.prepare_cached("DELETE FROM token WHERE session = ?1")?
        .execute([handle])
}

/// Ends the tokens of a subject but for those of one session.
pub(super) fn end_of_subject(
    db: &Connection,
    realm: &str,
    subject: &str,
    spared: Option<&str>,
) -> rusqlite::Result<usize> {
    db.prepare_cached(
        "DELETE FROM token WHERE realm = ?1 AND subject = ?2 AND (?3 IS NULL OR session IS NOT ?3)",
    )?
    .execute(params![realm, subject, spared])
}

/// The tokens of a session that is replaced are those of the one in its place.
pub(super) fn hand_on(db: &Connection, old: &str, new: &str) -> rusqlite::Result<()> {
    db.prepare_cached("UPDATE token SET session = ?2 WHERE session = ?1")?
        .execute([old, new])
        .map(|_| ())
}
