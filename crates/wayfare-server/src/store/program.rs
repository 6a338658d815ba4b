//! The texts of programs that open runs still need, by the hashes of their journeys.
//!
//! An edition is the text of a whole realm. A run is bound to one journey with all that it can reach, so
//! the hash of a journey leads to the last edition that has it, and an edition stays as long as any hash
//! leads to it.

use rusqlite::{OptionalExtension, params};
use wayfare::{Realm, Timestamp};

use super::{Store, StoreError, run::millis};

impl Store {
    /// Keeps the text of the program that runs are started with from now on; journeys of before that it
    /// does not have start no more runs.
    pub async fn keep_program(
        &self,
        realm: &Realm,
        edition: String,
        text: String,
        journeys: Vec<String>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let realm = realm.as_str().to_owned();
        self.write(move |db| {
            db.execute(
                "UPDATE pin SET retired_at = ?2 WHERE realm = ?1 AND retired_at IS NULL",
                params![realm, millis(now)],
            )?;
            db.execute(
                "INSERT INTO program (realm, edition, sources) VALUES (?1, ?2, ?3)
                 ON CONFLICT (realm, edition) DO NOTHING",
                params![realm, edition, text],
            )?;
            let mut pin = db.prepare_cached(
                "INSERT INTO pin (realm, hash, edition) VALUES (?1, ?2, ?3)
                 ON CONFLICT (realm, hash) DO UPDATE SET edition = ?3, retired_at = NULL",
            )?;
            for hash in &journeys {
                pin.execute(params![realm, hash, edition])?;
            }
            Ok(())
        })
        .await
    }

    /// The text of a program that has the journey of this hash.
    pub fn kept_program(&self, realm: &Realm, hash: &str) -> Result<Option<String>, StoreError> {
        self.read(|db| {
            db.prepare_cached(
                "SELECT sources FROM pin JOIN program USING (realm, edition)
                 WHERE realm = ?1 AND hash = ?2",
            )?
            .query_row(params![realm.as_str(), hash], |row| row.get(0))
            .optional()
        })
    }

    /// Forgets the journeys that were retired before this, and the texts that none is left of.
    pub async fn forget_programs(&self, before: Timestamp) -> Result<(), StoreError> {
        self.write(move |db| {
            db.execute("DELETE FROM pin WHERE retired_at < ?1", [millis(before)])?;
            db.execute(
                "DELETE FROM program WHERE NOT EXISTS (
                     SELECT 1 FROM pin
                     WHERE pin.realm = program.realm AND pin.edition = program.edition)",
                [],
            )
            .map(|_| ())
        })
        .await
    }
}
