//! Links that nobody waits for: kept until they are sent, sent again, and given up.

mod child;
mod killed;
mod rows;

use std::time::Duration;

use serde_json::Value as Json;

use crate::{
    post::{ask, follow},
    smtp::{Mailer, PATIENCE},
    support::TestServer,
};

/// Waits until nothing is being sent.
async fn quiet(server: &TestServer) {
    let post = server.running.post().clone();
    let waited = tokio::task::spawn_blocking(move || post.wait(PATIENCE)).await;
    assert!(waited.expect("a thread"), "something is being sent");
}

/// Has sent what is due.
async fn sent(server: &TestServer) {
    server.running.send_waiting().expect("the store");
    quiet(server).await;
}

fn waiting(server: &TestServer) -> u64 {
    server.running.store().postings().expect("a count")
}

/// How many lines of the audit have this reason.
fn told(server: &TestServer, reason: &str) -> usize {
    let lines = server.audit();
    lines.iter().filter(|line| line["reason"] == reason).count()
}

fn suspended_id(mail: &Json) -> String {
    let body = mail["body"].as_str().expect("a text");
    let (_, rest) = body.split_once("suspendedId=").expect("a link");
    rest.split(['&', '\n']).next().expect("an id").to_owned()
}

#[tokio::test]
async fn a_link_that_cannot_go_now_goes_later() {
    let Some(mut mailer) = Mailer::start("later").await else {
        return;
    };
    let server = mailer.serving("none", "").await;
    ask(&mut server.client(), "demo").await.step();
    quiet(&server).await;
    assert_eq!((waiting(&server), told(&server, "mail_delayed")), (1, 1));
    // It is sealed: neither address nor link stands in what is kept.
    let written = server.everything_written();
    for part in ["demo@example.com", "suspendedId="] {
        let there = written.windows(part.len()).any(|at| at == part.as_bytes());
        // The address is that of the profile, which is kept as it is.
        assert_eq!(there, part.starts_with("demo"), "{part}");
    }
    // It is not tried before its time.
    sent(&server).await;
    assert_eq!(told(&server, "mail_delayed"), 1);
    // The server may have been another one meanwhile.
    let server = server.restart().await;
    mailer.tell("plain").await;
    server.advance(Duration::from_secs(15));
    sent(&server).await;
    let mail = mailer.mail().await;
    assert_eq!(mail["to"], "demo@example.com");
    assert_eq!(waiting(&server), 0);
    let id = suspended_id(&mail);
    follow(&mut server.client(), &id).await.token();
    let page = server.client().get("/metrics").await;
    let sent = "wayfare_mail_total{realm=\"/alpha\",result=\"sent\"} 1";
    assert!(page.text().contains(sent), "{}", page.text());
}

#[tokio::test]
async fn a_link_is_given_up_when_it_leads_nowhere_or_was_tried_often_enough() {
    let Some(mailer) = Mailer::start("later").await else {
        return;
    };
    let server = mailer.serving("none", "").await;
    ask(&mut server.client(), "demo").await.step();
    quiet(&server).await;
    // The link is good for ten minutes.
    server.advance(Duration::from_secs(601));
    sent(&server).await;
    assert_eq!((waiting(&server), told(&server, "mail_not_sent")), (0, 1));
    let page = server.client().get("/metrics").await;
    let page = page.text();
    assert!(page.contains("result=\"expired\"} 1"), "{page}");

    // A try that cannot come before its end is not waited for.
    ask(&mut server.client(), "demo").await.step();
    quiet(&server).await;
    let mut tries = 1;
    while waiting(&server) > 0 && tries < 20 {
        server.advance(Duration::from_secs(15 * 4_u64.pow(tries - 1)));
        sent(&server).await;
        tries += 1;
    }
    assert_eq!((tries, waiting(&server)), (4, 0));
    assert_eq!(told(&server, "mail_not_sent"), 2);
    let page = server.client().get("/metrics").await;
    let page = page.text();
    assert!(page.contains("result=\"refused\"} 1"), "{page}");
}

#[tokio::test]
async fn a_message_that_may_have_arrived_is_sent_once_more_and_no_more() {
    let Some(mut mailer) = Mailer::start("gone").await else {
        return;
    };
    let server = mailer.serving("none", "").await;
    ask(&mut server.client(), "demo").await.step();
    quiet(&server).await;
    let first = mailer.mail().await;
    for _ in 0..4 {
        server.advance(Duration::from_secs(100));
        sent(&server).await;
    }
    let second = mailer.mail().await;
    assert_eq!(first["id"], second["id"]);
    assert_eq!(first["body"], second["body"]);
    assert_eq!((waiting(&server), told(&server, "mail_not_sent")), (0, 1));
    let page = server.client().get("/metrics").await;
    let page = page.text();
    assert!(page.contains("result=\"doubtful\"} 1"), "{page}");
    // What comes next is another message, not a third of the same.
    mailer.tell("plain").await;
    ask(&mut server.client(), "demo").await.step();
    let next = mailer.mail().await;
    assert_ne!(first["id"], next["id"]);
}

#[tokio::test]
async fn as_much_is_written_for_nobody_as_for_somebody() {
    let Some(mut mailer) = Mailer::start("plain").await else {
        return;
    };
    let server = mailer.serving("none", "").await;
    // What a start has to do is done after the first of them.
    ask(&mut server.client(), "nobody").await.step();
    quiet(&server).await;
    let mut written = Vec::new();
    for name in ["demo", "nobody"] {
        let before = server.running.store().applied().changes;
        ask(&mut server.client(), name).await.step();
        quiet(&server).await;
        written.push(server.running.store().applied().changes - before);
    }
    mailer.mail().await;
    assert_eq!(written[0], written[1]);
    assert_eq!(waiting(&server), 0);
}
