//! Advices over HTTP: what hostile documents come to, and what the audit tells of them.

use std::{fmt::Write as _, net::TcpListener};

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
