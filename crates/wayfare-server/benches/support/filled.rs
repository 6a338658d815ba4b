//! A store with very many sessions.

use std::{collections::BTreeMap, time::Duration};

use wayfare::AuthLevel;
use wayfare_server::store::{
    Store,
    ending::Since,
    session::{NewSession, Session},
};

use crate::support::{BEGIN, alpha};

/// Sessions that are written at once while the store is filled.
const BATCH: usize = 2_000;

/// A session of this number; its token is its own.
pub(crate) fn new(number: u64) -> NewSession {
    let mut token = [0; 32];
    token[..8].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    let text = |key: &str, value: &str| (key.to_owned(), value.into());
    NewSession {
        token,
        session: Session {
            handle: format!("handle-{number}"),
            realm: alpha(),
            subject: format!("subject-{}", number / 3),
            username: format!("user-{}", number / 3),
            level: AuthLevel::ZERO,
            proved: true,
            created: BEGIN,
            accessed: BEGIN,
            time_max: Duration::from_secs(7_200),
            idle_max: Duration::from_secs(1_800),
            properties: BTreeMap::from([
                text("AuthLevel", "0"),
                text("Service", "Login"),
                text(
                    "Principal",
                    "id=demo,ou=user,o=alpha,ou=services,ou=am-config",
                ),
                text("successURL", "/am/console"),
            ]),
        },
        quota: None,
        since: Since::FIRST,
    }
}

/// Makes as many sessions, beginning with number nothing.
pub(crate) async fn fill(store: &Store, count: u64) {
    let numbers: Vec<u64> = (0..count).collect();
    for batch in numbers.chunks(BATCH) {
        let made: Vec<_> = batch
            .iter()
            .map(|number| {
                let (store, new) = (store.clone(), new(*number));
                tokio::spawn(async move { store.finish_run(None, new, None, None).await })
            })
            .collect();
        for made in made {
            made.await.expect("it runs").expect("it is made");
        }
    }
}
