//! Links by mail into the outbox: followed once, in any browser, for as long as they are good.

use std::{path::Path, time::Duration};

use serde_json::Value as Json;
use wayfare_server::config::Config;

use crate::{
    post::{LINK, ask, code, follow, opened, people, with_code},
    support::{Client, TestServer, Window, alpha, percent, write_all},
};

/// What a step shows, without its token.
fn shown(step: &Json) -> Json {
    let mut step = step.clone();
    step["authId"] = Json::Null;
    step
}

const BY_GATEWAY: &str = r#"OneTimePasswordSmsSender {
    mobilePhoneAttributeName = "mobile"
    mobileCarrierAttributeName = "carrier"
    smsSubject = "Code"
    smsContent = "Type {{OTP}}."
    -> enter
    on error -> unsent
  }
  node notice: EmailTemplate(emailTemplateName = "welcome", emailAttribute = "mail") {
    EMAIL_SENT -> success
    EMAIL_NOT_SENT -> unknown
  }
  node unknown: SetSuccessDetails(successDetails = { notice = "not sent" }) -> success"#;

#[tokio::test]
async fn a_code_goes_to_a_telephone_and_a_notice_to_whoever_has_mail() {
    let server = TestServer::with(|config, folder| {
        let journeys = folder.join("journeys");
        let text = with_code("Text", BY_GATEWAY, "notice");
        write_all(&journeys, &[("text.journey", &text)]);
        *config = config.clone().with_journeys(journeys);
        people(config, folder, "");
    })
    .await;
    for (name, to, told) in [
        ("tel", "To: +491711234567@sms.example.com\r\n", "not sent"),
        ("both", "To: 01711234567@sms.example.com\r\n", ""),
    ] {
        let mut client = server.client();
        let step = client.login(name, "Ch4ng31t").await.step();
        let messages = server.outbox();
        let message = messages.iter().find(|message| message.contains(to));
        let code = code(message.expect("a message"));
        let done = client.answer(&step, &[code.into()]).await;
        done.token();
        assert_eq!(
            done.text().contains("not sent"),
            !told.is_empty(),
            "{}",
            done.text()
        );
    }
    let welcomed = |mail: &&String| mail.contains("Welcome, both.");
    let welcome: Vec<String> = server.outbox().iter().filter(welcomed).cloned().collect();
    assert_eq!(welcome.len(), 1);
    assert!(
        welcome[0].contains("To: both@example.com\r\n"),
        "{}",
        welcome[0]
    );
    let reply = server.client().login("demo", "Ch4ng31t").await;
    assert_eq!(reply.status, 401);
    assert!(reply.text().contains("Not sent."), "{}", reply.text());
}

const GONE: &str = "Token not found. It may have expired.";

#[tokio::test]
async fn a_link_is_mailed_and_followed_once_by_whoever_has_it() {
    let server = TestServer::journeys(&[("link.journey", LINK)]).await;
    let mut client = server.client().header("Accept-Language", "de");
    let step = ask(&mut client, "demo").await.step();
    assert_eq!(step["callbacks"][0]["type"], "SuspendedTextOutputCallback");
    assert!(step.to_string().contains("Sehen Sie in Ihre Post."));
    let mails = server.outbox();
    assert_eq!(mails.len(), 1);
    let (head, body, id) = opened(mails.first().expect("a mail"));
    assert!(head.contains("To: demo@example.com\r\n"), "{head}");
    assert!(
        head.contains("Subject: Wählen Sie ein neues Passwort"),
        "{head}"
    );
    assert!(
        !body.contains("{{") && !head.contains("suspendedId"),
        "{body}"
    );
    assert!(
        !step.to_string().contains(&id),
        "the reply must not hold the link"
    );
    // Another browser, and only once.
    let mut elsewhere = server.client();
    follow(&mut elsewhere, &id).await.token();
    assert_eq!(
        elsewhere.sessions("validate", "").await.json()["uid"],
        "demo"
    );
    for client in [&mut elsewhere, &mut client] {
        let again = follow(client, &id).await;
        assert_eq!(again.status, 401, "{}", again.text());
        assert!(again.text().contains(GONE), "{}", again.text());
    }
    assert_eq!(server.sessions(), 1);
    // No link stands in what is kept of requests.
    assert!(
        !server
            .audit()
            .iter()
            .any(|line| line.to_string().contains(&id))
    );
}

#[tokio::test]
async fn a_reply_does_not_tell_who_has_an_account() {
    let server = TestServer::journeys(&[("link.journey", LINK)]).await;
    let mut client = server.client();
    let known = ask(&mut client, "demo").await;
    let unknown = ask(&mut server.client(), "nobody").await;
    assert_eq!(known.status, unknown.status);
    let (known, unknown) = (known.step(), unknown.step());
    assert_eq!(shown(&known), shown(&unknown));
    let length = |step: &Json| step["authId"].as_str().expect("a token").len();
    assert_eq!(length(&known), length(&unknown));
    assert_eq!(server.outbox().len(), 1);
    // What the page holds cannot be answered, nor taken for the link.
    for step in [&known, &unknown] {
        let path = Client::path("/alpha", "");
        let reply = client.post(&path, &step.to_string()).await;
        assert_eq!(reply.status, 400, "{}", reply.text());
        let token = percent(step["authId"].as_str().expect("a token"));
        let reply = follow(&mut client, &token).await;
        assert_eq!(reply.status, 401, "{}", reply.text());
    }
}

#[tokio::test]
async fn a_link_is_good_for_its_own_time_and_over_a_restart() {
    let server = TestServer::journeys(&[("link.journey", LINK)]).await;
    ask(&mut server.client(), "demo").await.step();
    let mails = server.outbox();
    let (_, _, id) = opened(mails.first().expect("a mail"));
    let server = server.restart().await;
    // Longer than a run may be left open otherwise.
    server.advance(Duration::from_secs(599));
    follow(&mut server.client(), &id).await.token();

    ask(&mut server.client(), "demo").await.step();
    let later = server.outbox();
    let new = later.difference(&mails).next().expect("another mail");
    let (_, _, id) = opened(new);
    server.advance(Duration::from_secs(601));
    let late = follow(&mut server.client(), &id).await;
    assert_eq!(late.status, 401, "{}", late.text());
    assert_eq!(server.sessions(), 1);
}

#[tokio::test]
async fn a_realm_says_what_a_template_says() {
    let server = TestServer::with_journeys(&[("link.journey", LINK)], |config| {
        let text = r#"
[realms."/alpha".mail]
from = "Door <door@example.com>"
[realms."/alpha".mail.templates.resetPassword]
html = true
[realms."/alpha".mail.templates.resetPassword.subject]
en = "Hello {{object.userName}}"
[realms."/alpha".mail.templates.resetPassword.message]
en = "<p>{{object.mail}} <a href=\"{{object.resumeURI}}\">on</a></p>"
"#;
        let read = Config::parse("wayfare.toml", text, Path::new("."));
        let read = read.unwrap_or_else(|error| panic!("{error}"));
        let mail = read.realms[&alpha()].mail.clone();
        config.realms.get_mut(&alpha()).expect("the realm").mail = mail;
    })
    .await;
    ask(&mut server.client(), "demo").await.step();
    let mails = server.outbox();
    let mail = mails.first().expect("a mail");
    assert!(mail.contains("From: Door <door@example.com>\r\n"), "{mail}");
    assert!(mail.contains("Subject: Hello demo\r\n"), "{mail}");
    assert!(mail.contains("Content-Type: text/html"), "{mail}");
    assert!(
        mail.contains("<p>demo@example.com <a href=\"http://127.0.0.1:"),
        "{mail}"
    );
    assert!(mail.contains("&amp;realm=%2Falpha"), "{mail}");
}

#[tokio::test]
async fn the_outbox_is_shown_in_the_demo_to_this_machine_alone() {
    let server = TestServer::journeys(&[("link.journey", LINK)]).await;
    ask(&mut server.client(), "demo").await.step();
    server.outbox();
    let page = server.client().get("/outbox").await;
    assert_eq!(page.status, 200, "{}", page.text());
    let policy = page.header("content-security-policy").expect("a policy");
    assert!(
        policy.starts_with("default-src 'none'; script-src 'self'"),
        "{policy}"
    );
    assert_eq!(page.header("cache-control"), Some("no-store"));
    assert!(page.text().contains("demo@example.com"), "{}", page.text());
    assert!(page.text().contains("Follow the link"), "{}", page.text());
    // A name that somebody else has given this machine is not this machine's.
    let ask = async |host: &str| {
        let text = format!("GET /outbox HTTP/1.1\r\n{host}Connection: close\r\n\r\n");
        let reply = server.client().raw(text.as_bytes()).await;
        reply.expect("a reply").status
    };
    for host in [
        "evil.example",
        "127.0.0.1.evil.example",
        "10.0.0.1",
        "localhost@x",
        "a,localhost",
    ] {
        assert_ne!(ask(&format!("Host: {host}\r\n")).await, 200, "{host}");
    }
    assert_ne!(ask("Host: localhost\r\nHost: evil.example\r\n").await, 200);
    assert_ne!(ask("").await, 200);
    assert_eq!(ask("Host: localhost:8080\r\n").await, 200);
    assert_eq!(ask("Host: [::1]\r\n").await, 200);
    assert_eq!(server.client().post("/outbox", "").await.status, 405);

    let real = TestServer::with_journeys(&[("link.journey", LINK)], |config| {
        config.demo = false;
    })
    .await;
    assert_eq!(real.client().get("/outbox").await.status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newcomer_reads_the_mail_and_follows_the_link() {
    let server = TestServer::journeys(&[("link.journey", LINK)]).await;
    let Some(window) = Window::at(&server).await else {
        return;
    };
    window.go("/?realm=/alpha&service=Link").await;
    window.focused("input[autocomplete='username']").await;
    window.type_keys("demo").await;
    window
        .type_keys(&fantoccini::key::Key::Enter.to_string())
        .await;
    window.sees("Look at your mail.").await;
    server.outbox();
    window.go("/outbox").await;
    window.sees("Choose a new password").await;
    window.click(".outbox a").await;
    window.sees("You are signed in").await;
    assert_eq!(server.sessions(), 1);
    window.close().await;
}
