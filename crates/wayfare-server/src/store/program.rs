//! The texts of programs that open runs still need, by the hash of the program.

use rusqlite::{OptionalExtension, params};
use wayfare::{Realm, Timestamp};

use super::{Store, StoreError, run::millis};

impl Store {
    /// Keeps the texts of a program that runs are started with from now on.
    pub async fn keep_program(
        &self,
        realm: &Realm,
        hash: String,
        text: String,
    ) -> Result<(), StoreError> {
        let realm = realm.as_str().to_owned();
        self.write(move |db| {
            db.execute(
                "INSERT INTO program (realm, hash, sources) VALUES (?1, ?2, ?3)
                 ON CONFLICT (realm, hash) DO UPDATE SET retired_at = NULL",
                params![realm, hash, text],
            )
            .map(|_| ())
        })
        .await
    }

    /// Notes that every program of a realm but this one starts no more runs.
    pub async fn retire_programs(
        &self,
        realm: &Realm,
        but: String,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let realm = realm.as_str().to_owned();
        self.write(move |db| {
            db.execute(
                "UPDATE program SET retired_at = ?3
                 WHERE realm = ?1 AND hash <> ?2 AND retired_at IS NULL",
                params![realm, but, millis(now)],
            )
            .map(|_| ())
        })
        .await
    }

    /// The texts of a program.
    pub fn kept_program(&self, realm: &Realm, hash: &str) -> Result<Option<String>, StoreError> {
        self.read(|db| {
            db.prepare_cached("SELECT sources FROM program WHERE realm = ?1 AND hash = ?2")?
                .query_row(params![realm.as_str(), hash], |row| row.get(0))
                .optional()
        })
    }

    /// Forgets the programs that were retired before this.
    pub async fn forget_programs(&self, before: Timestamp) -> Result<(), StoreError> {
        self.write(move |db| {
            db.execute(
                "DELETE FROM program WHERE retired_at < ?1",
                [millis(before)],
            )
            .map(|_| ())
        })
        .await
    }
}
