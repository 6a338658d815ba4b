//! What administrators keep by the configuration interface: trees, nodes and scripts of a realm, as JSON.
//!
//! What stands in them is not known here. Of two who change what both have seen one is told so, in the
//! transaction that writes.

use rusqlite::{Connection, OptionalExtension, params};
use wayfare::Realm;

use super::{Store, StoreError};

/// What kind of thing it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A journey: which nodes, and where they lead.
    Tree,
    /// The settings of a node.
    Node,
    /// The text of a script.
    Script,
}

impl Kind {
    const ALL: [(Self, &'static str); 3] = [
        (Self::Tree, "tree"),
        (Self::Node, "node"),
        (Self::Script, "script"),
    ];

    /// The word.
    pub fn word(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(kind, _)| *kind == self)
            .map_or("", |(_, word)| word)
    }

    fn find(word: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(_, known)| *known == word)
            .map(|(kind, _)| *kind)
    }
}

/// What something is called by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// What kind of thing.
    pub kind: Kind,
    /// The type of a node; empty for others.
    pub ty: String,
    /// The name of a tree, the id of a node or a script.
    pub id: String,
}

/// A change of one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Of which.
    pub key: Key,
    /// What was there when it was looked at; nothing where it is new.
    pub seen: Option<String>,
    /// What is to be there; nothing where it is to go.
    pub body: Option<String>,
}

impl Store {
    /// All that is kept of a realm.
    pub fn configured(&self, realm: &Realm) -> Result<Vec<(Key, String)>, StoreError> {
        self.read(|db| {
            let mut found = db.prepare_cached(
                "SELECT kind, type, id, body FROM configured WHERE realm = ?1 ORDER BY kind, type, id",
            )?;
            let rows = found.query_map([realm.as_str()], |row| {
                let kind: String = row.get(0)?;
                let key = Kind::find(&kind).map(|kind| {
                    Ok::<_, rusqlite::Error>(Key {
                        kind,
                        ty: row.get(1)?,
                        id: row.get(2)?,
                    })
                });
                Ok((key.transpose()?, row.get(3)?))
            })?;
            let known = rows.filter_map(|row| match row {
                Ok((Some(key), body)) => Some(Ok((key, body))),
                // A kind of a newer version.
                Ok((None, _)) => None,
                Err(error) => Some(Err(error)),
            });
            known.collect()
        })
    }

    /// Changes one thing; `false`, and nothing is changed, where it is not what was seen.
    pub async fn configure(&self, realm: &Realm, change: Change) -> Result<bool, StoreError> {
        let realm = realm.as_str().to_owned();
        self.write(move |db| apply(db, &realm, &change)).await
    }
}

fn apply(db: &Connection, realm: &str, change: &Change) -> rusqlite::Result<bool> {
    let Key { kind, ty, id } = &change.key;
    let whose = params![realm, kind.word(), ty, id];
    let there: Option<String> = db
        .prepare_cached(
            "SELECT body FROM configured WHERE realm = ?1 AND kind = ?2 AND type = ?3 AND id = ?4",
        )?
        .query_row(whose, |row| row.get(0))
        .optional()?;
    if there != change.seen {
        return Ok(false);
    }
    match &change.body {
        Some(body) => db
            .prepare_cached(
                "INSERT INTO configured (realm, kind, type, id, body) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (realm, kind, type, id) DO UPDATE SET body = excluded.body",
            )?
            .execute(params![realm, kind.word(), ty, id, body])?,
        None => db
            .prepare_cached(
                "DELETE FROM configured WHERE realm = ?1 AND kind = ?2 AND type = ?3 AND id = ?4",
            )?
            .execute(whose)?,
    };
    Ok(true)
}
