//! The index of users: which of them hold a text in an attribute that is looked for.
//!
//! Which attributes are indexed is a matter of a realm's schema; the store notes them, and builds the index
//! anew where they have changed. Texts stand in it as filters compare them, without letter case, and cut
//! off where they are long: whoever looks here looks at what was found once more.

use std::{collections::BTreeSet, fmt::Write as _};

use rusqlite::{Connection, ToSql, params, params_from_iter};
use wayfare::{Realm, filter::folded};
use wayfare_profile::compared_texts;

use super::{
    Store, StoreError,
    user::{COLUMNS, User, from_row},
};
use crate::identities::json::value;

/// How many letters of a text stand in the index.
const LETTERS_MAX: usize = 128;
/// How many attributes one look-up takes into account.
const ATTRIBUTES_MAX: usize = 8;
/// How many rows are counted to find out by which of several attributes fewer users are found.
const PROBE: i64 = 1_000;
/// The attribute of the index that is the name of the user.
const NAME: &str = "username";

/// Where in the index users are looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    /// Nowhere: the canonical id is known.
    Id(String),
    /// At these attributes, in small letters, with these texts; all of them must be there.
    Exact(Vec<(String, String)>),
    /// At an attribute, from this beginning of a text on.
    Prefix(String, String),
    /// Not in the index: among all users.
    All,
}

/// A text as it stands in the index.
pub fn indexed_text(text: &str) -> String {
    folded(text).chars().take(LETTERS_MAX).collect()
}

/// Whether to go on with the next user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Go on.
    More,
    /// It is enough.
    Stop,
}

impl Store {
    /// Notes which attributes of a realm's users are looked for, in small letters, and builds the index
    /// where they are others than before; `true` where it did.
    pub fn index_users(
        &self,
        realm: &Realm,
        attributes: BTreeSet<String>,
    ) -> Result<bool, StoreError> {
        let realm = realm.as_str().to_owned();
        self.write_blocking(move |db| {
            if indexed(db, &realm)? == attributes {
                return Ok(false);
            }
            db.execute("DELETE FROM indexed WHERE realm = ?1", [&realm])?;
            db.execute("DELETE FROM entry WHERE realm = ?1", [&realm])?;
            for attribute in &attributes {
                db.execute(
                    "INSERT INTO indexed (realm, attribute) VALUES (?1, ?2)",
                    [&realm, attribute],
                )?;
            }
            let mut users = db.prepare(&format!("SELECT {COLUMNS} FROM user WHERE realm = ?1"))?;
            let mut rows = users.query([&realm])?;
            while let Some(row) = rows.next()? {
                insert(db, &realm, &attributes, &from_row(row)?)?;
            }
            Ok(true)
        })
    }

    /// The attributes of a realm's users that are looked for, in small letters.
    pub fn indexed_attributes(&self, realm: &Realm) -> Result<BTreeSet<String>, StoreError> {
        self.read(|db| indexed(db, realm.as_str()))
    }

    /// Shows users of a realm, as far as `each` wants to see them.
    pub fn look_up(
        &self,
        realm: &Realm,
        lookup: &Lookup,
        each: impl FnMut(User) -> Next,
    ) -> Result<(), StoreError> {
        self.read(|db| look_up(db, realm.as_str(), lookup, each))
    }
}

fn indexed(db: &Connection, realm: &str) -> rusqlite::Result<BTreeSet<String>> {
    db.prepare_cached("SELECT attribute FROM indexed WHERE realm = ?1")?
        .query_map([realm], |row| row.get(0))?
        .collect()
}

/// Puts a user into the index as it is now.
pub(super) fn put(db: &Connection, realm: &str, user: &User) -> rusqlite::Result<()> {
    db.prepare_cached("DELETE FROM entry WHERE user = ?1")?
        .execute([&user.id])?;
    insert(db, realm, &indexed(db, realm)?, user)
}

fn insert(
    db: &Connection,
    realm: &str,
    attributes: &BTreeSet<String>,
    user: &User,
) -> rusqlite::Result<()> {
    let mut insert = db.prepare_cached(
        "INSERT INTO entry (realm, attribute, value, user) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO NOTHING",
    )?;
    let mut add = |attribute: &str, text: &str| {
        insert
            .execute(params![realm, attribute, indexed_text(text), user.id])
            .map(|_| ())
    };
    for attribute in attributes {
        if attribute == NAME {
            add(attribute, &user.username)?;
            continue;
        }
        let kept = user.attribute(attribute).and_then(value);
        for text in kept.iter().flat_map(compared_texts) {
            add(attribute, &text)?;
        }
    }
    Ok(())
}

/// The statement of a look-up, and what stands for its parameters.
struct Statement {
    sql: String,
    values: Vec<Box<dyn ToSql>>,
}

impl Statement {
    fn of(realm: &str, lookup: &Lookup) -> Self {
        let mut values: Vec<Box<dyn ToSql>> = vec![Box::new(realm.to_owned())];
        let found = |condition: &str| {
            format!(
                "SELECT {COLUMNS} FROM user WHERE id IN
                 (SELECT user FROM entry WHERE realm = ?1 AND attribute = ?2 AND {condition})"
            )
        };
        let sql = match lookup {
            Lookup::Id(id) => {
                values.push(Box::new(id.clone()));
                format!("SELECT {COLUMNS} FROM user WHERE realm = ?1 AND id = ?2")
            }
            Lookup::All => format!("SELECT {COLUMNS} FROM user WHERE realm = ?1"),
            Lookup::Prefix(attribute, begin) => {
                values.push(Box::new(attribute.clone()));
                values.push(Box::new(begin.clone()));
                // Behind everything that begins so: no text has the last of all characters.
                values.push(Box::new(format!("{begin}\u{10FFFF}")));
                found("value >= ?3 AND value < ?4")
            }
            Lookup::Exact(parts) => {
                let mut condition = "value = ?3".to_owned();
                for (at, (attribute, value)) in parts.iter().take(ATTRIBUTES_MAX).enumerate() {
                    values.push(Box::new(attribute.clone()));
                    values.push(Box::new(value.clone()));
                    if at > 0 {
                        let (name, text) = (2 * at + 2, 2 * at + 3);
                        // Writing into a string cannot fail.
                        let _ = write!(
                            condition,
                            " AND EXISTS (SELECT 1 FROM entry other WHERE other.realm = ?1
                               AND other.attribute = ?{name} AND other.value = ?{text}
                               AND other.user = entry.user)"
                        );
                    }
                }
                found(&condition)
            }
        };
        Self { sql, values }
    }
}

fn look_up(
    db: &Connection,
    realm: &str,
    lookup: &Lookup,
    mut each: impl FnMut(User) -> Next,
) -> rusqlite::Result<()> {
    let lookup = fewest_first(db, realm, lookup)?;
    let statement = Statement::of(realm, &lookup);
    let mut prepared = db.prepare_cached(&statement.sql)?;
    let mut rows = prepared.query(params_from_iter(statement.values.iter()))?;
    while let Some(row) = rows.next()? {
        if each(from_row(row)?) == Next::Stop {
            break;
        }
    }
    Ok(())
}

/// The look-up with that attribute first by which the fewest users are found.
fn fewest_first(db: &Connection, realm: &str, lookup: &Lookup) -> rusqlite::Result<Lookup> {
    let Lookup::Exact(parts) = lookup else {
        return Ok(lookup.clone());
    };
    if parts.len() < 2 {
        return Ok(lookup.clone());
    }
    let mut counted = Vec::with_capacity(parts.len());
    for part in parts {
        let count: i64 = db
            .prepare_cached(
                "SELECT count(*) FROM (SELECT 1 FROM entry
                 WHERE realm = ?1 AND attribute = ?2 AND value = ?3 LIMIT ?4)",
            )?
            .query_row(params![realm, part.0, part.1, PROBE], |row| row.get(0))?;
        counted.push((count, part.clone()));
    }
    counted.sort();
    Ok(Lookup::Exact(
        counted.into_iter().map(|(_, part)| part).collect(),
    ))
}

/// Users of a realm who hold a text at an attribute of the index, as far as `each` wants to see them; for
/// whoever is writing.
pub(crate) fn holders(
    db: &Connection,
    realm: &str,
    attribute: &str,
    text: &str,
    each: impl FnMut(User) -> Next,
) -> rusqlite::Result<()> {
    let part = (attribute.to_ascii_lowercase(), indexed_text(text));
    look_up(db, realm, &Lookup::Exact(vec![part]), each)
}

impl Store {
    /// What SQLite does for a look-up, line by line: whether it goes by an index.
    pub fn explain(&self, realm: &Realm, lookup: &Lookup) -> Result<Vec<String>, StoreError> {
        self.read(|db| {
            let statement = Statement::of(realm.as_str(), lookup);
            db.prepare(&format!("EXPLAIN QUERY PLAN {}", statement.sql))?
                .query_map(params_from_iter(statement.values.iter()), |row| row.get(3))?
                .collect()
        })
    }
}
