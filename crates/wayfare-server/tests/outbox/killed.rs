//! `kill -9` between what a mail server was told and what is noted of it.

use rusqlite::Connection;

use super::{child::start, suspended_id};
use crate::{
    post::{ask, code, follow},
    smtp::Mailer,
};

/// A look into the database of a server, which may be killed.
fn database(mailer: &Mailer) -> Connection {
    Connection::open(mailer.folder.path().join("data").join("wayfare.db")).expect("a database")
}

fn rows(mailer: &Mailer) -> u64 {
    database(mailer)
        .query_row("SELECT count(*) FROM outbox", [], |row| row.get(0))
        .expect("a count")
}

/// Waits until a server has noted that nothing waits any more.
async fn until_noted(mailer: &Mailer) {
    let begun = std::time::Instant::now();
    while rows(mailer) > 0 {
        assert!(begun.elapsed() < crate::smtp::PATIENCE, "it is not noted");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_link_that_was_answered_and_not_sent_is_sent_by_the_next_server() {
    let Some(mut mailer) = Mailer::start("mute").await else {
        return;
    };
    let process = start(&mailer).await;
    ask(&mut process.client(), "demo").await.step();
    ask(&mut process.client(), "nobody").await.step();
    process.kill().await;
    assert!(rows(&mailer) >= 1);
    mailer.tell("plain").await;
    let process = start(&mailer).await;
    let mail = mailer.mail().await;
    assert_eq!(mail["to"], "demo@example.com");
    follow(&mut process.client(), &suspended_id(&mail))
        .await
        .token();
    until_noted(&mailer).await;
    process.kill().await;
}

#[tokio::test]
async fn a_link_that_was_taken_and_not_acknowledged_is_sent_once_more_under_its_id() {
    let Some(mut mailer) = Mailer::start("hold").await else {
        return;
    };
    let process = start(&mailer).await;
    ask(&mut process.client(), "demo").await.step();
    let first = mailer.mail().await;
    process.kill().await;
    // The second time, too: there is no third.
    let process = start(&mailer).await;
    let second = mailer.mail().await;
    assert_eq!(first["id"], second["id"]);
    assert_eq!(first["body"], second["body"]);
    process.kill().await;
    mailer.tell("plain").await;
    let process = start(&mailer).await;
    until_noted(&mailer).await;
    follow(&mut process.client(), &suspended_id(&first))
        .await
        .token();
    // The next mail is another one.
    ask(&mut process.client(), "demo").await.step();
    assert_ne!(mailer.mail().await["id"], first["id"]);
    process.kill().await;
}

#[tokio::test]
async fn a_link_that_was_acknowledged_and_not_noted_is_sent_once_more_under_its_id() {
    let Some(mut mailer) = Mailer::start("hold").await else {
        return;
    };
    let process = start(&mailer).await;
    ask(&mut process.client(), "demo").await.step();
    let first = mailer.mail().await;
    // Nothing can be noted from here on.
    let held = database(&mailer);
    held.execute_batch("BEGIN IMMEDIATE").expect("the lock");
    mailer.tell("go").await;
    assert_eq!(mailer.mail().await["quit"], true);
    process.kill().await;
    held.execute_batch("ROLLBACK").expect("the end");
    drop(held);
    assert_eq!(rows(&mailer), 1);
    let process = start(&mailer).await;
    let second = mailer.mail().await;
    assert_eq!(first["id"], second["id"]);
    until_noted(&mailer).await;
    follow(&mut process.client(), &suspended_id(&second))
        .await
        .token();
    process.kill().await;
}

#[tokio::test]
async fn a_code_that_a_run_waits_for_is_sent_once_and_its_step_is_over() {
    for (journey, name) in [("Code", "demo"), ("Text", "tel")] {
        let Some(mut mailer) = Mailer::start("hold").await else {
            return;
        };
        let process = start(&mailer).await;
        let mut client = process.client();
        let step = client.begin(journey).await.step();
        let typed = [name.into(), "Ch4ng31t".into()];
        let answered = {
            let (mut client, step, typed) = (client.clone(), step.clone(), typed.clone());
            tokio::spawn(async move { client.answer(&step, &typed).await.status })
        };
        let first = mailer.mail().await;
        process.kill().await;
        assert!(answered.await.is_err(), "{journey}: nothing was answered");
        // The next server sends nothing of it: the run is over, and its code with it.
        assert_eq!(rows(&mailer), 0, "{journey}");
        mailer.tell("plain").await;
        let process = start(&mailer).await;
        let mut client = process.client();
        let again = client.answer(&step, &typed).await;
        assert_eq!(again.status, 401, "{journey}: {}", again.text());
        let step = client.begin(journey).await.step();
        let step = client.answer(&step, &typed).await.step();
        let second = mailer.mail().await;
        assert_ne!(first["id"], second["id"], "{journey}");
        let sent = code(second["body"].as_str().expect("a text"));
        client.answer(&step, &[sent.into()]).await.token();
        process.kill().await;
    }
}
