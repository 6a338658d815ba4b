//! Users made and changed by runs: the change, its index, its secrets and the note that it has happened are
//! one transaction.

use rusqlite::{Connection, OptionalExtension, params};
use serde_json::Value as Json;
use wayfare::{Timestamp, engine::effect::EffectId};

use super::{
    Store, StoreError,
    effect::{self, Seen},
    ending, entry,
    user::{COLUMNS, NameKey, User, from_row},
};

/// What came of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wrote {
    /// The user with this id is as wanted now.
    Subject(String),
    /// Nothing was written, for reasons that stand in this text.
    Refused(String),
    /// There is no such user.
    Nobody,
    /// It cannot be written at all, with this message.
    Failed(String),
}

impl Wrote {
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Subject(id) => format!("s{id}"),
            Self::Refused(why) => format!("r{why}"),
            Self::Nobody => "n".to_owned(),
            Self::Failed(message) => format!("f{message}"),
        }
    }

    fn read(text: Option<&str>) -> Self {
        let mut letters = text.unwrap_or_default().chars();
        match (letters.next(), letters.as_str()) {
            (Some('s'), id) => Self::Subject(id.to_owned()),
            (Some('r'), why) => Self::Refused(why.to_owned()),
            (Some('n'), _) => Self::Nobody,
            (Some('f'), message) => Self::Failed(message.to_owned()),
            _ => Self::Failed("the change was begun before and has no end".to_owned()),
        }
    }
}

/// A secret as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hashed {
    /// The attribute, in small letters.
    pub(crate) attribute: String,
    /// Where in it.
    pub(crate) place: String,
    /// The hash, as a PHC string.
    pub(crate) hash: String,
}

impl Store {
    /// Makes a change once: what came of it before under the same id is told again, and nothing is changed.
    ///
    /// A change that fails is not noted, and leaves nothing behind.
    pub(crate) async fn change_once(
        &self,
        id: EffectId,
        exp: Timestamp,
        change: impl FnOnce(&Connection) -> rusqlite::Result<Wrote> + Send + 'static,
    ) -> Result<Wrote, StoreError> {
        self.write(move |db| {
            if let Seen::Before(reply) = effect::begin(db, id, exp)? {
                return Ok(Wrote::read(reply.as_deref()));
            }
            let wrote = change(db)?;
            effect::end(db, id, &wrote.text())?;
            Ok(wrote)
        })
        .await
    }

    /// What came of a change that was made before under this id.
    pub(crate) fn changed_before(&self, id: EffectId) -> Result<Option<Wrote>, StoreError> {
        Ok(match self.read(|db| effect::seen(db, id))? {
            Seen::Before(reply) => Some(Wrote::read(reply.as_deref())),
            Seen::New => None,
        })
    }

    /// The hash of a user's secret; `None` where there is none.
    pub(crate) fn secret(
        &self,
        user: &str,
        attribute: &str,
        place: &str,
    ) -> Result<Option<String>, StoreError> {
        self.read(|db| {
            db.prepare_cached(
                "SELECT hash FROM secret WHERE user = ?1 AND attribute = ?2 AND place = ?3",
            )?
            .query_row(params![user, attribute, place], |row| row.get(0))
            .optional()
        })
    }
}

/// The user with this id, as whoever is writing sees it.
pub(crate) fn user_by_id(db: &Connection, realm: &str, id: &str) -> rusqlite::Result<Option<User>> {
    db.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM user WHERE realm = ?1 AND id = ?2"
    ))?
    .query_row(params![realm, id], from_row)
    .optional()
}

/// The id of the user who has this name, as whoever is writing sees it.
pub(crate) fn id_by_name(
    db: &Connection,
    realm: &str,
    name: &NameKey,
) -> rusqlite::Result<Option<String>> {
    db.prepare_cached("SELECT id FROM user WHERE realm = ?1 AND key = ?2")?
        .query_row(params![realm, name.as_str()], |row| row.get(0))
        .optional()
}

/// Writes a user, in place of the one with the same id. One who is inactive from now on is out: all that
/// they had has ended.
///
/// The name is free: whoever calls has looked in the same transaction.
pub(crate) fn put(
    db: &Connection,
    realm: &str,
    key: &NameKey,
    user: &User,
) -> rusqlite::Result<()> {
    let attributes = serde_json::to_string(&user.attributes)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    let was_active: Option<bool> = db
        .prepare_cached("SELECT active FROM user WHERE id = ?1")?
        .query_row([&user.id], |row| row.get(0))
        .optional()?;
    db.prepare_cached(
        "INSERT INTO user (id, realm, key, username, active, attributes, password)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (id) DO UPDATE SET key = excluded.key, username = excluded.username,
             active = excluded.active, attributes = excluded.attributes, password = excluded.password",
    )?
    .execute(params![
        user.id,
        realm,
        key.as_str(),
        user.username,
        user.active,
        attributes,
        user.password
    ])?;
    entry::put(db, realm, user)?;
    if was_active == Some(true) && !user.active {
        ending::all(db, realm, &user.id, None, None)?;
    }
    Ok(())
}

/// Replaces the secrets of an attribute, in small letters.
pub(crate) fn put_secrets(
    db: &Connection,
    user: &str,
    attribute: &str,
    secrets: &[Hashed],
) -> rusqlite::Result<()> {
    db.prepare_cached("DELETE FROM secret WHERE user = ?1 AND attribute = ?2")?
        .execute([user, attribute])?;
    let mut insert = db.prepare_cached(
        "INSERT INTO secret (user, attribute, place, hash) VALUES (?1, ?2, ?3, ?4)",
    )?;
    for secret in secrets
        .iter()
        .filter(|secret| secret.attribute == attribute)
    {
        insert.execute(params![user, attribute, secret.place, secret.hash])?;
    }
    Ok(())
}

/// Gives back every failure of a subject with one kind of secret: there is another secret now.
pub(crate) fn forget_failures(
    db: &Connection,
    realm: &str,
    subject: &str,
    kind: &str,
) -> rusqlite::Result<()> {
    db.prepare_cached("DELETE FROM counter WHERE realm = ?1 AND subject = ?2 AND kind = ?3")?
        .execute([realm, subject, kind])
        .map(|_| ())
}

/// The attribute that says how often a user has given up all persistent cookies.
pub(crate) const COOKIES: &str = "_cookies";

/// Makes the persistent cookies worthless that a user has been given up to now.
pub(crate) fn void_cookies(db: &Connection, realm: &str, id: &str) -> rusqlite::Result<()> {
    let Some(mut user) = user_by_id(db, realm, id)? else {
        return Ok(());
    };
    let times = user.attributes.get(COOKIES).and_then(Json::as_u64);
    let times = Json::from(times.unwrap_or(0).saturating_add(1));
    user.attributes.insert(COOKIES.to_owned(), times);
    match NameKey::of(&user.username) {
        Some(key) => put(db, realm, &key, &user),
        None => Ok(()),
    }
}

/// Takes away the attributes of a user whose names begin so; they are in no index.
pub(crate) fn forget_attributes(
    db: &Connection,
    realm: &str,
    id: &str,
    begin: &str,
) -> rusqlite::Result<()> {
    let Some(mut user) = user_by_id(db, realm, id)? else {
        return Ok(());
    };
    user.attributes.retain(|name, _| !name.starts_with(begin));
    match NameKey::of(&user.username) {
        Some(key) => put(db, realm, &key, &user),
        None => Ok(()),
    }
}

/// The attributes as they stand in the store, in bytes.
pub(crate) fn bytes_of(attributes: &std::collections::BTreeMap<String, Json>) -> usize {
    serde_json::to_string(attributes).map_or(usize::MAX, |text| text.len())
}
