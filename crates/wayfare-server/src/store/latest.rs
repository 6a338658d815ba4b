//! What is known of the last commit without a look into the file: the last mark of all endings, and users who
//! were looked up lately.
//!
//! One request asks for the same user several times: to compare, to see whether the account is active, to give
//! tries back. A user is kept as it was read, with the number of changes of users there had been before; any
//! change of any user makes another number, and whatever was kept under the old one is read anew. So nobody is
//! told of a user what was true before a change that was answered.

use std::{
    collections::HashMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
};

use rusqlite::Connection;
use wayfare::Realm;

use super::user::User;

/// How many users are kept at most.
const USERS_MAX: usize = 256;
/// How long a user's attributes may be, as text, to be kept.
const BYTES_MAX: usize = 4_096;

/// What is known of the last commit.
#[derive(Debug, Default)]
pub(super) struct Latest {
    mark: AtomicI64,
    /// How often users were changed.
    changes: AtomicU64,
    /// Whether the transaction that is open changes any.
    changes_users: AtomicBool,
    users: Mutex<HashMap<String, Kept>>,
}

#[derive(Debug)]
struct Kept {
    changes: u64,
    realm: Realm,
    user: User,
}

/// How often users had been changed before something was read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Changes(u64);

impl Latest {
    /// Notes from now on what this connection, the one that writes, changes.
    pub(super) fn watch(latest: &std::sync::Arc<Self>, connection: &Connection) {
        let noted = std::sync::Arc::clone(latest);
        connection.update_hook(Some(move |_, _: &str, table: &str, _| {
            if table == "user" {
                noted.changes_users.store(true, Ordering::Relaxed);
            }
        }));
    }

    /// Takes note of the end of a transaction, before anybody is told of it; `mark` is the last one in it, where
    /// it was committed and could be read.
    pub(super) fn ended(&self, mark: Option<i64>) {
        if self.changes_users.swap(false, Ordering::Relaxed) {
            self.changes.fetch_add(1, Ordering::Release);
        }
        // After the users: whoever knows of an end must not be told of its user what was true before it.
        if let Some(mark) = mark {
            self.mark.store(mark, Ordering::Release);
        }
    }

    /// The last mark of all; an older one just before somebody is told of a newer one.
    pub(super) fn mark(&self) -> i64 {
        self.mark.load(Ordering::Acquire)
    }

    /// To be asked before a user is read who is to be kept.
    pub(super) fn changes(&self) -> Changes {
        Changes(self.changes.load(Ordering::Acquire))
    }

    fn users(&self) -> MutexGuard<'_, HashMap<String, Kept>> {
        self.users.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The user with this id, where it was read since the last change.
    pub(super) fn user(&self, realm: &Realm, id: &str) -> Option<User> {
        let Changes(now) = self.changes();
        let users = self.users();
        let kept = users.get(id)?;
        (kept.changes == now && kept.realm == *realm).then(|| kept.user.clone())
    }

    /// Keeps a user who was read after there had been so many changes.
    pub(super) fn keep(&self, Changes(changes): Changes, realm: &Realm, user: &User, bytes: usize) {
        if bytes > BYTES_MAX {
            return;
        }
        let kept = Kept {
            changes,
            realm: realm.clone(),
            user: user.clone(),
        };
        let mut users = self.users();
        if users.len() >= USERS_MAX && !users.contains_key(&user.id) {
            users.clear();
        }
        users.insert(user.id.clone(), kept);
    }
}
