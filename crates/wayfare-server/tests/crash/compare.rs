//! The log against the server that was started again.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    path::Path,
};

use rusqlite::{Connection as Database, OpenFlags};
use serde_json::Value as Json;

use super::{
    child::{FAILURES, PASSWORD},
    log::Log,
    wire::Connection,
};

/// How many connections compare.
const CONNECTIONS: usize = 4;

/// Everything the server says that the log does not bear out.
pub(crate) fn violations(address: SocketAddr, log: &Log) -> Vec<String> {
    let mut violations = each(address, &log.live, |connection, token| {
        let answer = connection
            .session("validate&refresh=false", token)
            .expect("an answer");
        let valid = answer.json()["valid"] == Json::Bool(true);
        (!valid).then(|| {
            format!(
                "an acknowledged session is gone: {} {}",
                answer.status, answer.body
            )
        })
    });
    violations.extend(each(address, &log.ended, |connection, token| {
        let answer = connection
            .session("validate&refresh=false", token)
            .expect("an answer");
        (answer.body != r#"{"valid":false}"#)
            .then(|| format!("a session that was logged out: {}", answer.body))
    }));
    let noted: Vec<_> = log.noted.iter().collect();
    violations.extend(each(address, &noted, |connection, (token, noted)| {
        let answer = connection
            .session("getSessionProperties", token)
            .expect("an answer");
        let found = answer.json()["note"].as_str().map(str::to_owned);
        let kept = found.as_ref() == Some(&noted.acknowledged)
            || (found.is_some() && found == noted.perhaps);
        (!kept).then(|| {
            format!(
                "a property that was written: {noted:?}, and {} {}",
                answer.status, answer.body
            )
        })
    }));
    violations.extend(each(address, &log.used, |connection, step| {
        let answer = connection
            .answer(step, "good-0", PASSWORD)
            .expect("an answer");
        let over = answer.status == 401 && answer.json()["detail"]["errorCode"] == "110";
        (!over).then(|| format!("a step that was taken: {} {}", answer.status, answer.body))
    }));
    violations
}

/// Whoever failed too often is locked, the right password or not; each try is counted as one more failure.
pub(crate) fn locked(address: SocketAddr, log: &mut Log, most: usize) -> Vec<String> {
    let mut connection = Connection::open(address).expect("a connection");
    let spent = log
        .failed
        .iter_mut()
        .filter(|(_, count)| **count >= FAILURES);
    let mut violations = Vec::new();
    for (user, count) in spent.take(most) {
        let step = connection.begin().expect("an answer").json();
        let answer = connection.answer(&step, user, PASSWORD).expect("an answer");
        *count += 1;
        if answer.json()["authId"].is_null() {
            violations.push(format!(
                "{user} has failed {count} times: {} {}",
                answer.status, answer.body
            ));
        }
    }
    violations
}

/// The counters in the database: not less than was acknowledged, not more than was tried.
pub(crate) fn counted(folder: &Path, log: &Log) -> Vec<String> {
    let file = folder.join("wayfare.db");
    let database =
        Database::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).expect("the database");
    let mut read = database
        .prepare("SELECT total + refused FROM counter WHERE realm = '/alpha' AND subject = ?1 AND kind = 'password'")
        .expect("a statement");
    let mut violations = Vec::new();
    for (user, acknowledged) in &log.failed {
        let counted: u32 = read.query_row([user], |row| row.get(0)).unwrap_or(0);
        let most = acknowledged + log.perhaps.get(user).copied().unwrap_or(0);
        if counted < *acknowledged || counted > most {
            violations.push(format!(
                "{user}: {counted} failures counted, {acknowledged} acknowledged, {most} tried"
            ));
        }
    }
    violations
}

/// The users in the database: who was made is there with an index and a password, who was being made is there
/// so or not at all, nothing belongs to nobody, and each login was counted once.
pub(crate) fn identities(folder: &Path, log: &Log) -> Vec<String> {
    let file = folder.join("wayfare.db");
    let database =
        Database::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).expect("the database");
    let number = |sql: &str, value: &str| -> i64 {
        let read = database.query_row(sql, [value], |row| row.get(0));
        read.expect("a number")
    };
    let mut violations = Vec::new();
    for table in ["entry", "secret"] {
        let sql = format!(
            "SELECT count(*) FROM {table} WHERE user NOT IN (SELECT id FROM user) AND ?1 = ''"
        );
        let orphans = number(&sql, "");
        if orphans > 0 {
            violations.push(format!("{orphans} rows of {table} belong to nobody"));
        }
    }
    for (name, must) in (log.made.iter().map(|name| (name, true)))
        .chain(log.perhaps_made.iter().map(|name| (name, false)))
    {
        let users = number(
            "SELECT count(*) FROM user WHERE realm = '/alpha' AND key = ?1 AND active = 1
             AND password IS NOT NULL",
            name,
        );
        let entries = number("SELECT count(*) FROM entry WHERE value = ?1", name);
        let whole = users == 1 && entries == 1;
        if !(whole || (!must && users == 0 && entries == 0)) {
            violations.push(format!(
                "{name}: {users} users, {entries} entries, acknowledged: {must}"
            ));
        }
    }
    for (user, acknowledged) in &log.visits {
        let sql = "SELECT coalesce(max(json_extract(attributes, '$._loginCount')), 0) FROM user
                   WHERE realm = '/alpha' AND key = ?1";
        let counted = number(sql, user);
        let most = acknowledged + log.perhaps_visits.get(user).copied().unwrap_or(0);
        if counted < i64::from(*acknowledged) || counted > i64::from(most) {
            violations.push(format!(
                "{user}: {counted} logins counted, {acknowledged} acknowledged, {most} tried"
            ));
        }
    }
    violations
}

/// How often scripts have written to this user.
pub(crate) fn written(folder: &Path, user: &str) -> u64 {
    let file = folder.join("wayfare.db");
    let database =
        Database::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).expect("the database");
    let sql = "SELECT coalesce(max(json_extract(attributes, '$.givenName')), '0') FROM user
               WHERE realm = '/alpha' AND key = ?1";
    let text: String = database
        .query_row(sql, [user], |row| row.get(0))
        .expect("a text");
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    digits.parse().expect("a number")
}

/// Steps that were under way in scripts are over, or were never begun and are taken now.
pub(crate) fn resumed(address: SocketAddr, round: &Log, known: &mut Log) -> Vec<String> {
    let mut connection = Connection::open(address).expect("a connection");
    let mut violations = Vec::new();
    for (which, (user, step)) in &round.perhaps_written {
        let given = [Json::from(which.as_str())];
        let answer = connection.give(step, &given).expect("an answer");
        if answer.json()["tokenId"].is_string() {
            known.perhaps_written.remove(which);
            known.written.insert(which.clone(), user.clone());
        }
        let again = connection.give(step, &given).expect("an answer");
        if again.status != 401 || again.json()["detail"]["errorCode"] != "110" {
            violations.push(format!(
                "the step of {which} is not over: {} {}",
                again.status, again.body
            ));
        }
    }
    violations
}

/// What scripts wrote: to the service once where that was acknowledged, and never twice; to the user as often
/// as that was acknowledged and as the service was asked, and not more often than it was tried.
pub(crate) fn scripts(
    folder: &Path,
    asked: &BTreeMap<String, Vec<String>>,
    log: &Log,
) -> Vec<String> {
    let mut violations = Vec::new();
    for which in log.written.keys() {
        let times = asked.get(which).map_or(0, Vec::len);
        if times != 1 {
            violations.push(format!("{which} was written and sent {times} times"));
        }
    }
    for which in log.perhaps_written.keys() {
        let times = asked.get(which).map_or(0, Vec::len);
        if times > 1 {
            violations.push(format!("{which} was under way and sent {times} times"));
        }
    }
    let keys: BTreeSet<&String> = asked.values().flatten().collect();
    if keys.len() != asked.values().map(Vec::len).sum::<usize>()
        || keys.iter().any(|key| key.is_empty())
    {
        violations.push("two requests of scripts have one key".to_owned());
    }
    let users: BTreeSet<&String> = log.written.values().collect();
    for user in users {
        let of = |known: &&String| *known == user;
        let sure = log.written.values().filter(of).count() as u64;
        let perhaps = log
            .perhaps_written
            .iter()
            .filter(|(_, (known, _))| known == user);
        let (tried, sent) = perhaps.fold((0, 0), |(tried, sent), (which, _)| {
            (tried + 1, sent + u64::from(asked.contains_key(which)))
        });
        let found = written(folder, user);
        if found < sure + sent || found > sure + tried {
            violations.push(format!(
                "{user}: {found} writes, {sure} acknowledged, {sent} of {tried} more sent"
            ));
        }
    }
    violations
}

/// Codes: what was taken, and what is taken now, gets nobody in again; the next one does.
pub(crate) fn codes(address: SocketAddr, round: &Log, known: &mut Log) -> Vec<String> {
    let mut connection = Connection::open(address).expect("a connection");
    let users: BTreeSet<String> = (round.taken.iter().chain(&round.perhaps_taken))
        .map(|(user, _)| user.clone())
        .collect();
    let mut violations = Vec::new();
    for user in users {
        for last in known.last_codes(&user).into_iter().flatten() {
            let of = (user.clone(), last);
            // One that was under way may have been taken or not; it is now.
            let first = last.gets_in(&mut connection, &user);
            if first && known.taken.contains(&of) {
                violations.push(format!("{user} gets in with {last:?} again"));
            }
            if first && last.gets_in(&mut connection, &user) {
                violations.push(format!("{user} gets in with {last:?} twice"));
            }
            known.taken.insert(of);
            let Some(next) = last.next() else {
                continue;
            };
            if next.gets_in(&mut connection, &user) {
                known.taken.insert((user.clone(), next));
            } else {
                violations.push(format!("{user} does not get in with {next:?}"));
            }
        }
    }
    violations
}

/// Who was made last logs in.
pub(crate) fn newcomers(address: SocketAddr, log: &Log, most: usize) -> Vec<String> {
    let mut connection = Connection::open(address).expect("a connection");
    let newest = log.made.iter().rev().take(most);
    let mut violations = Vec::new();
    for user in newest {
        let step = connection.begin().expect("an answer").json();
        let answer = connection.answer(&step, user, PASSWORD).expect("an answer");
        if !answer.json()["tokenId"].is_string() {
            violations.push(format!(
                "{user} was made and does not get in: {} {}",
                answer.status, answer.body
            ));
        }
    }
    violations
}

/// The transactions in the database: what was used is gone, what was confirmed and not used is there.
pub(crate) fn transactions(folder: &Path, log: &Log) -> Vec<String> {
    let file = folder.join("wayfare.db");
    let database =
        Database::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).expect("the database");
    let mut read = database
        .prepare("SELECT state, result FROM txn WHERE id = ?1")
        .expect("a statement");
    let mut standing = |id: &String| -> Option<(i64, i64)> {
        read.query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))
            .ok()
    };
    let mut violations = Vec::new();
    for id in &log.spent {
        if let Some(found) = standing(id) {
            violations.push(format!("a transaction that was used: {found:?}"));
        }
    }
    for id in &log.confirmed {
        let found = standing(id);
        if found != Some((2, 1)) {
            violations.push(format!("a transaction that was confirmed: {found:?}"));
        }
    }
    violations
}

/// Compares each item, on some connections at once.
fn each<T: Sync>(
    address: SocketAddr,
    items: &[T],
    compare: impl Fn(&mut Connection, &T) -> Option<String> + Sync,
) -> Vec<String> {
    let share = items.len().div_ceil(CONNECTIONS).max(1);
    std::thread::scope(|scope| {
        let threads: Vec<_> = items
            .chunks(share)
            .map(|items| {
                let compare = &compare;
                scope.spawn(move || {
                    let mut connection = Connection::open(address).expect("a connection");
                    items
                        .iter()
                        .filter_map(|item| compare(&mut connection, item))
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().expect("it compares"))
            .collect()
    })
}
