//! Advices over HTTP: what hostile documents come to, and what the audit tells of them.

use std::{fmt::Write as _, net::TcpListener};

use serde_json::{Value as Json, json};

use crate::support::{Client, TestServer};

const NO_CONFIGURATION: &str =
    r#"{"code":400,"reason":"Bad Request","message":"No Configuration found"}"#;

fn query(document: &str) -> String {
    let mut query = "authIndexType=composite_advice&authIndexValue=".to_owned();
    for byte in document.bytes() {
        write!(query, "%{byte:02X}").unwrap();
    }
    query
}

async fn refused(server: &TestServer, document: &str) {
    let path = Client::path("/alpha", &query(document));
    let reply = server.client().post(&path, "{}").await;
    assert_eq!(
        (reply.status, reply.text()),
        (400, NO_CONFIGURATION),
        "{document}"
    );
    assert!(reply.all("set-cookie").next().is_none());
}

#[tokio::test]
async fn c01_a_document_opens_nothing_and_connects_to_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let there = listener.local_addr().unwrap();
    let server = TestServer::demo().await;
    let secret = server.folder.path().join("secret");
    std::fs::write(&secret, "Login").unwrap();
    let secret = secret.display();
    for document in [
        format!("<!DOCTYPE Advices SYSTEM 'http://{there}/x.dtd'><Advices/>"),
        format!("<!DOCTYPE Advices [<!ENTITY x SYSTEM 'http://{there}/x'>]><Advices>&x;</Advices>"),
        format!("<!DOCTYPE Advices [<!ENTITY % p SYSTEM 'http://{there}/p'> %p;]><Advices/>"),
        format!(
            "<!DOCTYPE Advices [<!ENTITY x SYSTEM 'file://{secret}'>]><Advices><AttributeValuePair>\
             <Attribute name='AuthenticateToServiceConditionAdvice'/><Value>&x;</Value></AttributeValuePair></Advices>"
        ),
        format!(
            "<Advices xmlns:xi='http://www.w3.org/2001/XInclude'><xi:include href='http://{there}/'/></Advices>"
        ),
        format!("<Advices xmlns:xsi='x' xsi:schemaLocation='x http://{there}/'/>"),
        format!("<?xml-stylesheet href='http://{there}/'?><Advices/>"),
    ] {
        refused(&server, &document).await;
    }
    let heard = listener.accept();
    assert_eq!(heard.unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    assert_eq!(server.sessions(), 0);
}

#[tokio::test]
async fn c02_bombs_are_refused_and_the_server_goes_on() {
    let server = TestServer::demo().await;
    let deep = "<a>".repeat(2_000);
    let mut attributes = String::new();
    for at in 0..800 {
        write!(attributes, " a{at}=''").unwrap();
    }
    for document in [
        format!("<Advices>{deep}"),
        format!("<Advices{attributes}/>"),
        format!("<Advices>{}</Advices>", "&lt;".repeat(2_000)),
        "<!DOCTYPE a [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;'>]><Advices>&b;</Advices>"
            .to_owned(),
    ] {
        refused(&server, &document).await;
    }
    // What no head may hold is refused before it is read.
    let path = Client::path("/alpha", &query(&"<a>".repeat(10_000)));
    let reply = server.client().post(&path, "{}").await;
    assert!(matches!(reply.status, 414 | 431 | 400), "{}", reply.status);
    server.client().login("demo", "Ch4ng31t").await.token();
}

#[tokio::test]
async fn v26_the_audit_says_what_the_client_is_not_told() {
    let server = TestServer::demo().await;
    refused(&server, "<Advices><AttributeValuePair>").await;
    refused(&server, "<Advices><!-- x --></Advices>").await;
    let notes: Vec<String> = server
        .audit()
        .iter()
        .map(|line| line["notes"][0].as_str().unwrap_or("-").to_owned())
        .collect();
    assert_eq!(
        notes,
        [
            "the advice is not read as XML at byte 29: it ends too early",
            "the advice is not read as XML at byte 9: only elements and text are read",
        ]
    );
}

/// Password, then a raise, with settings of its own.
fn strong(name: &str, settings: &str) -> String {
    format!(
        r"
journey {name} {{
  {settings}
  start credentials

  node credentials: Page {{
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }}

  node check: DataStoreDecision {{
    true -> raise
    false -> failure
  }}

  node raise: ModifyAuthLevel(authLevelIncrement = 20) -> success
}}
"
    )
}

const OPEN: &str = r#"
journey Open {
  start name

  node name: UsernameCollector -> raise

  node raise: ModifyAuthLevel {
    authLevelIncrement = 20
    allow unproved_success, level_without_proof because "a test"
    -> success
  }
}
"#;

fn level_20() -> String {
    query(
        "<Advices><AttributeValuePair><Attribute name=\"AuthLevelConditionAdvice\"/>\
         <Value>20</Value></AttributeValuePair></Advices>",
    )
}

#[tokio::test]
async fn v22_a_level_brings_up_no_journey_that_cannot_satisfy_it() {
    let none = strong("None", "noSession = true");
    let useful = strong("First", "") + &strong("Second", "");
    let login = strong("Login", "offered = false");
    // Alone, they are no answer.
    let alone = format!("{login}{none}{OPEN}");
    let server = TestServer::journeys(&[("a.journey", &alone)]).await;
    let by_level = "authIndexType=level&authIndexValue=20";
    for asked in [&*level_20(), by_level] {
        let path = Client::path("/alpha", asked);
        let reply = server.client().post(&path, "").await;
        assert_eq!((reply.status, reply.text()), (400, NO_CONFIGURATION));
    }
    // Beside others they stand in no menu.
    let beside = format!("{login}{none}{OPEN}{useful}");
    let server = TestServer::journeys(&[("a.journey", &beside)]).await;
    for asked in [&*level_20(), by_level] {
        let path = Client::path("/alpha", asked);
        let menu = server.client().post(&path, "").await.step();
        let choices: &Json = &menu["callbacks"][0]["output"][1]["value"];
        assert_eq!(*choices, json!(["First", "Second"]));
    }
}

#[tokio::test]
async fn v23_a_journey_named_with_a_level_gives_it_with_a_proof_or_fails() {
    let text = format!("{}{OPEN}", strong("Login", ""));
    let server = TestServer::with_journeys(&[("a.journey", &text)], |config| {
        config.server.strict_advice = true;
    })
    .await;
    let named = "<Advices><AttributeValuePair>\
        <Attribute name=\"AuthenticateToServiceConditionAdvice\"/><Value>Open</Value>\
        </AttributeValuePair><AttributeValuePair><Attribute name=\"AuthLevelConditionAdvice\"/>\
        <Value>20</Value></AttributeValuePair></Advices>";
    let mut client = server.client();
    let path = Client::path("/alpha", &query(named));
    let step = client.post(&path, "").await.step();
    let reply = client.answer(&step, &["demo".into()]).await;
    assert_eq!(reply.status, 401, "{}", reply.text());
    assert_eq!(server.sessions(), 0);
    let audit = server.audit();
    assert!(
        audit
            .iter()
            .any(|line| line["reason"] == "level_not_reached"),
        "{audit:?}"
    );
    // By its name alone it is what it says it is.
    let step = client.begin("Open").await.step();
    client.answer(&step, &["demo".into()]).await.token();
}
