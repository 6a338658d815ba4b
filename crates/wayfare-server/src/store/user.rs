//! Users, and the one rule by which names are compared.
//!
//! **The rule.** A name is normalised to NFC, lowered letter by letter as Unicode has it, and normalised
//! once more; two names are the same if what comes out is the same, byte for byte. Nothing is folded
//! further: full-width letters, look-alikes and accents make other names. A name with a control, an
//! invisible or a direction-changing character, or with blanks around it, belongs to nobody.

use std::{collections::BTreeMap, fmt};

use rusqlite::{OptionalExtension, Row, params};
use serde_json::Value as Json;
use unicode_normalization::UnicodeNormalization as _;
use wayfare::Realm;

use super::{Store, StoreError, ending, entry, identity};

/// What a name is looked up by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NameKey(String);

impl NameKey {
    /// The key of a name; `None` where it can be nobody's.
    pub fn of(name: &str) -> Option<Self> {
        let hidden = |c: char| {
            c.is_control()
                || matches!(
                    c,
                    '\u{00AD}'
                        | '\u{034F}'
                        | '\u{061C}'
                        | '\u{115F}'
                        | '\u{1160}'
                        | '\u{17B4}'
                        | '\u{17B5}'
                        | '\u{180B}'..='\u{180F}'
                        | '\u{200B}'..='\u{200F}'
                        | '\u{2028}'..='\u{202E}'
                        | '\u{2060}'..='\u{206F}'
                        | '\u{3164}'
                        | '\u{FE00}'..='\u{FE0F}'
                        | '\u{FEFF}'
                        | '\u{FFA0}'
                        | '\u{FFF9}'..='\u{FFFB}'
                        | '\u{E0000}'..='\u{E0FFF}'
                )
        };
        if name.is_empty() || name.trim() != name || name.chars().any(hidden) {
            return None;
        }
        let lowered: String = name.nfc().flat_map(char::to_lowercase).collect();
        Some(Self(lowered.nfc().collect()))
    }

    /// The key as it stands in the store.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A user.
#[derive(Clone, PartialEq)]
pub struct User {
    /// The canonical id; another one for a user made again under the same name.
    pub id: String,
    /// The name as it was given when the user was made.
    pub username: String,
    /// Whether the account is active.
    pub active: bool,
    /// The attributes by name.
    pub attributes: BTreeMap<String, Json>,
    /// The hash of the password, as a PHC string.
    pub password: Option<String>,
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User")
            .field("id", &self.id)
            .field("username", &self.username)
            .field("active", &self.active)
            .finish_non_exhaustive()
    }
}

impl User {
    /// The attribute of this name, or at this path; letter case does not matter, and names that begin with
    /// `_` are no paths.
    ///
    /// BOUND: as deep as the path.
    pub fn attribute(&self, name: &str) -> Option<&Json> {
        let most = if name.starts_with('_') { 1 } else { usize::MAX };
        let mut names = name.splitn(most, '/');
        let outer = names.next()?;
        let found = self
            .attributes
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(outer));
        names.try_fold(found?.1, |value, name| {
            let members = value.as_object()?;
            let member = |(key, _): &(&String, &Json)| key.eq_ignore_ascii_case(name);
            members.iter().find(member).map(|(_, value)| value)
        })
    }
}

pub(super) const COLUMNS: &str = "id, username, active, attributes, password";

pub(super) fn from_row(row: &Row<'_>) -> rusqlite::Result<User> {
    let attributes: String = row.get(3)?;
    Ok(User {
        id: row.get(0)?,
        username: row.get(1)?,
        active: row.get(2)?,
        attributes: serde_json::from_str(&attributes).map_err(|error| {
            rusqlite::Error::FromSqlConversionFailure(
                3,
                rusqlite::types::Type::Text,
                Box::new(error),
            )
        })?,
        password: row.get(4)?,
    })
}

impl Store {
    /// The user of this name in a realm.
    pub fn user(&self, realm: &Realm, name: &NameKey) -> Result<Option<User>, StoreError> {
        self.looked_up(realm, "key", &name.0)
    }

    /// The user with this id in a realm.
    pub fn user_by_id(&self, realm: &Realm, id: &str) -> Result<Option<User>, StoreError> {
        match self.inner.latest.user(realm, id) {
            Some(user) => Ok(Some(user)),
            None => self.looked_up(realm, "id", id),
        }
    }

    /// The user of a realm who has this in a column; kept for whoever asks for the same again.
    fn looked_up(
        &self,
        realm: &Realm,
        column: &'static str,
        value: &str,
    ) -> Result<Option<User>, StoreError> {
        let latest = &self.inner.latest;
        let changes = latest.changes();
        let found = self.read(|db| {
            db.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM user WHERE realm = ?1 AND {column} = ?2"
            ))?
            .query_row(params![realm.as_str(), value], |row| {
                // With the length of the attributes as they stand.
                Ok((from_row(row)?, row.get_ref(3)?.as_bytes()?.len()))
            })
            .optional()
        })?;
        Ok(found.map(|(user, bytes)| {
            latest.keep(changes, realm, &user, bytes);
            user
        }))
    }

    /// Makes a user; `false` where the name is taken or can be nobody's.
    pub fn add_user(&self, realm: &Realm, user: User) -> Result<bool, StoreError> {
        let Some(key) = NameKey::of(&user.username) else {
            return Ok(false);
        };
        let attributes = serde_json::to_string(&user.attributes)
            .map_err(|error| StoreError::Sql(error.to_string()))?;
        let realm = realm.as_str().to_owned();
        self.write_blocking(move |db| {
            let made = db.execute(
                "INSERT INTO user (id, realm, key, username, active, attributes, password)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
                params![
                    user.id,
                    realm,
                    key.0,
                    user.username,
                    user.active,
                    attributes,
                    user.password
                ],
            )?;
            if made == 1 {
                entry::put(db, &realm, &user)?;
            }
            Ok(made == 1)
        })
    }

    /// Makes users, all in one transaction; one whose name is taken, or can be nobody's, is left out.
    pub fn add_users(&self, realm: &Realm, users: Vec<User>) -> Result<usize, StoreError> {
        let realm = realm.as_str().to_owned();
        self.write_blocking(move |db| {
            let mut made = 0;
            for user in &users {
                if let Some(key) = NameKey::of(&user.username)
                    && identity::id_by_name(db, &realm, &key)?.is_none()
                {
                    identity::put(db, &realm, &key, user)?;
                    made += 1;
                }
            }
            Ok(made)
        })
    }

    /// How many users a realm has.
    pub fn user_count(&self, realm: &Realm) -> Result<u64, StoreError> {
        let count: i64 = self.read(|db| {
            db.query_row(
                "SELECT count(*) FROM user WHERE realm = ?1",
                [realm.as_str()],
                |row| row.get(0),
            )
        })?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// The ids of the users of a realm, by name, at most so many.
    pub fn user_ids(&self, realm: &Realm, most: usize) -> Result<Vec<String>, StoreError> {
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        self.read(|db| {
            db.prepare_cached("SELECT id FROM user WHERE realm = ?1 ORDER BY key LIMIT ?2")?
                .query_map(rusqlite::params![realm.as_str(), most], |row| row.get(0))?
                .collect()
        })
    }

    /// Sets an account active or not; `false` where there is none.
    pub async fn set_active(
        &self,
        realm: &Realm,
        id: String,
        active: bool,
    ) -> Result<bool, StoreError> {
        let realm = realm.as_str().to_owned();
        self.write(move |db| {
            let changed = db.execute(
                "UPDATE user SET active = ?3 WHERE realm = ?1 AND id = ?2",
                params![realm, id, active],
            )?;
            if !active && changed == 1 {
                ending::all(db, &realm, &id, None, None)?;
            }
            Ok(changed == 1)
        })
        .await
    }

    /// Sets the hash of a user's password, and ends all that the user has; `false` where there is no such
    /// user.
    pub async fn set_password(
        &self,
        realm: &Realm,
        id: String,
        hash: String,
    ) -> Result<bool, StoreError> {
        let realm = realm.as_str().to_owned();
        self.write(move |db| {
            let changed = db.execute(
                "UPDATE user SET password = ?3 WHERE realm = ?1 AND id = ?2",
                params![realm, id, hash],
            )?;
            if changed == 1 {
                ending::all(db, &realm, &id, None, None)?;
            }
            Ok(changed == 1)
        })
        .await
    }
}
