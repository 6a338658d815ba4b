//! Devices of users: what they are is sealed by whoever calls, what they count is not.
//!
//! What a device counts only grows, in one statement: of two who use the same code one finds it used.

use rusqlite::{Connection, OptionalExtension, Row, params};
use wayfare::{
    Timestamp,
    engine::effect::{EffectId, Room},
};

use super::{
    Store, StoreError,
    effect::{self, Seen},
    run::millis,
};

/// Whose devices, of what kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DeviceKey {
    /// The realm.
    pub(crate) realm: String,
    /// The canonical id of the user.
    pub(crate) subject: String,
    /// The kind.
    pub(crate) kind: &'static str,
}

/// A device as it stands in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DeviceRow {
    pub(crate) uuid: String,
    pub(crate) name: String,
    pub(crate) created: Timestamp,
    pub(crate) accessed: Timestamp,
    pub(crate) used: Option<u64>,
    /// Sealed.
    pub(crate) data: Vec<u8>,
}

/// What came of a change of one device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Changed {
    /// It is done; the device as it is now, or as it was where it is gone.
    Done(DeviceRow),
    /// There is no such device.
    Gone,
    /// It is not the one that was seen.
    Stale,
}

const COLUMNS: &str = "uuid, name, created, accessed, used, data";

fn from_row(row: &Row<'_>) -> rusqlite::Result<DeviceRow> {
    let at = |value: i64| Timestamp(u64::try_from(value).unwrap_or(0));
    let used: Option<i64> = row.get(4)?;
    Ok(DeviceRow {
        uuid: row.get(0)?,
        name: row.get(1)?,
        created: at(row.get(2)?),
        accessed: at(row.get(3)?),
        used: used.map(|used| u64::try_from(used).unwrap_or(u64::MAX)),
        data: row.get(5)?,
    })
}

fn number(counter: u64) -> i64 {
    i64::try_from(counter).unwrap_or(i64::MAX)
}

impl Store {
    /// The devices of a user, the oldest first.
    pub(crate) fn devices(&self, key: &DeviceKey) -> Result<Vec<DeviceRow>, StoreError> {
        self.read(|db| {
            db.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM device WHERE realm = ?1 AND subject = ?2 AND kind = ?3
                 ORDER BY number"
            ))?
            .query_map(params![key.realm, key.subject, key.kind], from_row)?
            .collect()
        })
    }

    /// Keeps a device, with the hashes of its recovery codes; `false` where there is no room for it.
    ///
    /// It happens once for an effect: what came of it is told again.
    pub(crate) async fn put_device(
        &self,
        once: (EffectId, Timestamp),
        key: DeviceKey,
        row: DeviceRow,
        codes: Vec<String>,
        room: Room,
    ) -> Result<bool, StoreError> {
        self.decide_once(once, move |db| put(db, &key, &row, &codes, room))
            .await
    }

    /// Forgets a device, or all of a kind; whether there was one.
    pub(crate) async fn remove_device(
        &self,
        once: (EffectId, Timestamp),
        key: DeviceKey,
        uuid: Option<String>,
    ) -> Result<bool, StoreError> {
        self.decide_once(once, move |db| remove(db, &key, uuid.as_deref()))
            .await
    }

    /// Calls a device by another name, if it is still the one that whoever asks has seen.
    ///
    /// It is looked at in the transaction that writes: of two who have seen the same one is told so.
    pub(crate) async fn rename_device(
        &self,
        key: DeviceKey,
        uuid: String,
        name: String,
        is_seen: impl FnOnce(&DeviceRow) -> bool + Send + 'static,
    ) -> Result<Changed, StoreError> {
        self.write(move |db| {
            let mut row = match seen(db, &key, &uuid, is_seen)? {
                Changed::Done(row) => row,
                other => return Ok(other),
            };
            db.prepare_cached(
                "UPDATE device SET name = ?5
                 WHERE realm = ?1 AND subject = ?2 AND kind = ?3 AND uuid = ?4",
            )?
            .execute(params![key.realm, key.subject, key.kind, uuid, name])?;
            row.name = name;
            Ok(Changed::Done(row))
        })
        .await
    }

    /// Forgets a device for its owner, if it is still the one that whoever asks has seen.
    pub(crate) async fn forget_device(
        &self,
        key: DeviceKey,
        uuid: String,
        is_seen: impl FnOnce(&DeviceRow) -> bool + Send + 'static,
    ) -> Result<Changed, StoreError> {
        self.write(move |db| {
            let found = seen(db, &key, &uuid, is_seen)?;
            if let Changed::Done(_) = found {
                remove(db, &key, Some(&uuid))?;
            }
            Ok(found)
        })
        .await
    }

    /// Forgets all devices of a kind for their owner; whether there were any.
    pub(crate) async fn forget_devices(&self, key: DeviceKey) -> Result<bool, StoreError> {
        self.write(move |db| remove(db, &key, None)).await
    }

    /// Notes what a device counts now; `false` where it counts as much already, or is gone.
    pub(crate) async fn use_device(
        &self,
        key: DeviceKey,
        uuid: String,
        counter: u64,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write(move |db| {
            let changed = db
                .prepare_cached(
                    "UPDATE device SET used = ?5, accessed = ?6
                     WHERE realm = ?1 AND subject = ?2 AND kind = ?3 AND uuid = ?4
                         AND (used IS NULL OR used < ?5)",
                )?
                .execute(params![
                    key.realm,
                    key.subject,
                    key.kind,
                    uuid,
                    number(counter),
                    millis(now)
                ])?;
            Ok(changed == 1)
        })
        .await
    }

    /// The hashes of the recovery codes of a device.
    pub(crate) fn recovery_codes(
        &self,
        key: &DeviceKey,
        uuid: &str,
    ) -> Result<Vec<String>, StoreError> {
        self.read(|db| {
            db.prepare_cached(
                "SELECT hash FROM recovery
                 WHERE realm = ?1 AND subject = ?2 AND kind = ?3 AND uuid = ?4 ORDER BY hash",
            )?
            .query_map(params![key.realm, key.subject, key.kind, uuid], |row| {
                row.get(0)
            })?
            .collect()
        })
    }

    /// Uses a recovery code up, by its hash; `false` where it is gone.
    pub(crate) async fn use_recovery(
        &self,
        key: DeviceKey,
        uuid: String,
        hash: String,
    ) -> Result<bool, StoreError> {
        self.write(move |db| {
            let changed = db
                .prepare_cached(
                    "DELETE FROM recovery
                     WHERE realm = ?1 AND subject = ?2 AND kind = ?3 AND uuid = ?4 AND hash = ?5",
                )?
                .execute(params![key.realm, key.subject, key.kind, uuid, hash])?;
            Ok(changed == 1)
        })
        .await
    }

    async fn decide_once(
        &self,
        (id, exp): (EffectId, Timestamp),
        change: impl FnOnce(&Connection) -> rusqlite::Result<bool> + Send + 'static,
    ) -> Result<bool, StoreError> {
        self.write(move |db| {
            if let Seen::Before(reply) = effect::begin(db, id, exp)? {
                return Ok(reply.as_deref() == Some("y"));
            }
            let done = change(db)?;
            effect::end(db, id, if done { "y" } else { "n" })?;
            Ok(done)
        })
        .await
    }
}

/// The device, where it is the one that was seen.
fn seen(
    db: &Connection,
    key: &DeviceKey,
    uuid: &str,
    is_seen: impl FnOnce(&DeviceRow) -> bool,
) -> rusqlite::Result<Changed> {
    let row = db
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM device
             WHERE realm = ?1 AND subject = ?2 AND kind = ?3 AND uuid = ?4"
        ))?
        .query_row(params![key.realm, key.subject, key.kind, uuid], from_row)
        .optional()?;
    Ok(match row {
        None => Changed::Gone,
        Some(row) if is_seen(&row) => Changed::Done(row),
        Some(_) => Changed::Stale,
    })
}

fn remove(db: &Connection, key: &DeviceKey, uuid: Option<&str>) -> rusqlite::Result<bool> {
    let mut changed = 0;
    for table in ["recovery", "device"] {
        changed = db
            .prepare_cached(&format!(
                "DELETE FROM {table} WHERE realm = ?1 AND subject = ?2 AND kind = ?3
                     AND (?4 IS NULL OR uuid = ?4)"
            ))?
            .execute(params![key.realm, key.subject, key.kind, uuid])?;
    }
    Ok(changed > 0)
}

/// Forgets devices but for so many, those that were used longest ago first.
fn forget_oldest(db: &Connection, key: &DeviceKey, stay: u32) -> rusqlite::Result<()> {
    let over: Vec<String> = db
        .prepare_cached(
            "SELECT uuid FROM device WHERE realm = ?1 AND subject = ?2 AND kind = ?3
             ORDER BY accessed DESC, number DESC LIMIT -1 OFFSET ?4",
        )?
        .query_map(params![key.realm, key.subject, key.kind, stay], |row| {
            row.get(0)
        })?
        .collect::<rusqlite::Result<_>>()?;
    for uuid in over {
        remove(db, key, Some(&uuid))?;
    }
    Ok(())
}

fn put(
    db: &Connection,
    key: &DeviceKey,
    row: &DeviceRow,
    codes: &[String],
    room: Room,
) -> rusqlite::Result<bool> {
    let whose = params![key.realm, key.subject, key.kind, row.uuid];
    let old: Option<(i64, i64)> = db
        .prepare_cached(
            "SELECT number, created FROM device
             WHERE realm = ?1 AND subject = ?2 AND kind = ?3 AND uuid = ?4",
        )?
        .query_row(whose, |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    match room {
        Room::Only => {
            remove(db, key, None)?;
        }
        Room::Among(most) => {
            let count: u32 = db
                .prepare_cached(
                    "SELECT count(*) FROM device WHERE realm = ?1 AND subject = ?2 AND kind = ?3",
                )?
                .query_row(params![key.realm, key.subject, key.kind], |row| row.get(0))?;
            if old.is_none() && count >= most {
                return Ok(false);
            }
            remove(db, key, Some(&row.uuid))?;
        }
        Room::Latest(most) => {
            remove(db, key, Some(&row.uuid))?;
            forget_oldest(db, key, most.saturating_sub(1))?;
        }
    }
    let next = "SELECT coalesce(max(number), 0) + 1 FROM device
                WHERE realm = ?1 AND subject = ?2 AND kind = ?3";
    let place = match old {
        Some((place, _)) => place,
        None => db
            .prepare_cached(next)?
            .query_row(params![key.realm, key.subject, key.kind], |row| row.get(0))?,
    };
    let created = old.map_or_else(|| millis(row.created), |(_, created)| created);
    db.prepare_cached(
        "INSERT INTO device
         (realm, subject, kind, uuid, number, name, created, accessed, used, data)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?
    .execute(params![
        key.realm,
        key.subject,
        key.kind,
        row.uuid,
        place,
        row.name,
        created,
        millis(row.accessed),
        row.used.map(number),
        row.data,
    ])?;
    let mut insert = db.prepare_cached(
        "INSERT OR IGNORE INTO recovery (realm, subject, kind, uuid, hash) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    for code in codes {
        insert.execute(params![key.realm, key.subject, key.kind, row.uuid, code])?;
    }
    Ok(true)
}
