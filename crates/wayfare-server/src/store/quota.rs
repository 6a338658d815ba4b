//! How many sessions a user may have at once.
//!
//! The rule is applied in the transaction that makes a session, and one writes at a time: of
//! any number of logins at once none can pass between counting and making.

use rusqlite::{Connection, params};
use wayfare::Timestamp;

use super::{
    run::millis,
    session::{COLUMNS, Session, end, from_row},
};
use crate::config::QuotaExceeded;

/// How many sessions a user may have, and what happens beyond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// How many; not 0.
    pub max: u32,
    /// What happens at one more.
    pub exceeded: QuotaExceeded,
}

/// What becomes of a session that is to be made.
pub(super) enum Room {
    /// There is room, now that these have ended.
    Made(Vec<Session>),
    /// There is none.
    None,
}

/// Makes room for one more session of a subject; the one that it replaces does not count.
pub(super) fn make_room(
    db: &Connection,
    new: &Session,
    replaced: Option<&str>,
    quota: Quota,
    now: Timestamp,
) -> rusqlite::Result<Room> {
    let others: rusqlite::Result<Vec<Session>> = db
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM session
             WHERE realm = ?1 AND subject = ?2 AND created + time_max > ?3 AND accessed + idle_max > ?3
             ORDER BY created, handle"
        ))?
        .query_map(params![new.realm.as_str(), new.subject, millis(now)], from_row)?
        .collect();
    let mut others = others?;
    others.retain(|session| replaced != Some(&*session.handle));
    let most = usize::try_from(quota.max.max(1)).unwrap_or(usize::MAX);
    let Some(too_many) = (others.len() + 1).checked_sub(most).filter(|n| *n > 0) else {
        return Ok(Room::Made(Vec::new()));
    };
    match quota.exceeded {
        QuotaExceeded::Deny => return Ok(Room::None),
        // They stand in this order.
        QuotaExceeded::EndOldest => {}
        QuotaExceeded::EndNextExpiring => {
            others.sort_by_key(|session| session.expires().min(session.idle_expires()));
        }
    }
    others.truncate(too_many);
    for session in &others {
        end(db, &session.handle)?;
    }
    Ok(Room::Made(others))
}
