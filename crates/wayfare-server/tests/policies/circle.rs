//! The circle with the journeys of the demo: denied with advice, a journey, allowed.

use std::fmt::Write as _;

use serde_json::{Value as Json, json};

use super::{decision, decision_with};
use crate::support::{Client, TestServer, filled, percent};

const PAY: &str = "https://bank.example.com/pay/7";

/// An advice of a decision as a client sends it back.
fn composite(advices: &Json) -> String {
    let mut xml = String::from("<Advices>");
    for (name, values) in advices.as_object().expect("advices") {
        let _ = write!(xml, "<AttributeValuePair><Attribute name=\"{name}\"/>");
        for value in values.as_array().expect("values") {
            let _ = write!(xml, "<Value>{}</Value>", value.as_str().expect("a text"));
        }
        xml += "</AttributeValuePair>";
    }
    xml += "</Advices>";
    format!(
        "authIndexType=composite_advice&authIndexValue={}",
        percent(&xml)
    )
}

fn code(message: &str) -> String {
    let digits: Vec<&str> = message
        .split(|c: char| !c.is_ascii_digit())
        .filter(|run| run.len() >= 6)
        .collect();
    (*digits.last().expect("a code")).to_owned()
}

/// Starts what an advice asks for; where a menu comes, takes the entry of this name.
async fn advised(client: &mut Client, advices: &Json, choice: &str) -> Json {
    let step = client
        .post(&Client::path("/alpha", &composite(advices)), "")
        .await
        .step();
    if step["callbacks"][0]["type"] != "ChoiceCallback" {
        return step;
    }
    let menu = step["callbacks"][0]["output"].as_array().expect("output");
    let choices = menu
        .iter()
        .find(|o| o["name"] == "choices")
        .expect("choices");
    let names = choices["value"].as_array().expect("names");
    let at = names
        .iter()
        .position(|name| name == choice)
        .expect("in the menu");
    client.answer(&step, &[at.into()]).await.step()
}

#[tokio::test]
async fn denied_with_advice_stepped_up_and_allowed() {
    let server = TestServer::demo().await;
    let mut client = server.client();
    client.login("demo", "Ch4ng31t").await.token();
    let body = json!({"resources": ["https://bank.example.com:443/accounts/"]});
    let seen = super::ask(&client, &body).await;
    assert_eq!(
        seen.text(),
        r#"[{"resource":"https://bank.example.com:443/accounts/","actions":{"GET":true},"attributes":{},"advices":{},"ttl":9223372036854775807}]"#
    );
    let denied = decision(&client, PAY).await;
    assert_eq!(denied["actions"], json!({}));
    assert_eq!(
        denied["advices"],
        json!({"AuthLevelConditionAdvice": ["20"]})
    );

    let step = advised(&mut client, &denied["advices"], "StepUp").await;
    let step = client
        .answer(&step, &["demo".into(), "Ch4ng31t".into()])
        .await
        .step();
    let message = server.outbox().pop_first().expect("a message");
    client.answer(&step, &[code(&message).into()]).await.token();

    let allowed = decision(&client, PAY).await;
    assert_eq!(allowed["actions"], json!({"GET": true, "POST": true}));
    assert_eq!(allowed["advices"], json!({}));
    // It may be kept for five minutes, as an instant.
    assert_eq!(allowed["ttl"], 1_800_000_300_000_i64);
}

#[tokio::test]
async fn a_resource_leads_to_what_its_policy_asks_for() {
    let server = TestServer::demo().await;
    let mut client = server.client();
    let start = |resource: &str| {
        let encoded = resource.replace(':', "%3A").replace('/', "%2F");
        Client::path(
            "/alpha",
            &format!("authIndexType=resource&authIndexValue={encoded}"),
        )
    };
    // Whoever has no session is sent to a journey that suffices.
    let menu = client.post(&start(PAY), "").await.step();
    let shown = menu["callbacks"][0].to_string();
    assert!(
        shown.contains("StepUp") || menu["stage"] == "UsernamePassword",
        "{menu}"
    );
    // One that asks for nothing but a login leads to the default journey.
    let seen = "https://bank.example.com/accounts/1";
    let step = client.post(&start(seen), "").await.step();
    client
        .answer(&step, &["demo".into(), "Ch4ng31t".into()])
        .await
        .token();
    for unknown in [
        "https://bank.example.com/other",
        "https://bank.example.com/pay/../x",
    ] {
        let refused = client.post(&start(unknown), "").await;
        assert_eq!(refused.status, 400, "{}", refused.text());
        assert_eq!(refused.json()["message"], "No Configuration found");
    }
}

/// Confirms the transaction of an advice by a mailed code.
pub(super) async fn confirm(server: &TestServer, client: &mut Client, advices: &Json) {
    let before = server.outbox();
    let step = client
        .post(&Client::path("/alpha", &composite(advices)), "")
        .await
        .step();
    let message = server
        .outbox()
        .difference(&before)
        .next()
        .expect("a message")
        .clone();
    let body = filled(&step, &[code(&message).into()]).to_string();
    let done = client.post(&Client::path("/alpha", ""), &body).await;
    assert_eq!(done.status, 200, "{}", done.text());
}

#[tokio::test]
async fn a_transaction_allows_one_transfer_once() {
    let server = TestServer::demo().await;
    let mut client = server.client();
    client.login("demo", "Ch4ng31t").await.token();
    let denied = decision(&client, "transfer:42").await;
    assert_eq!(denied["actions"], json!({}));
    let advices = &denied["advices"];
    let id = advices["TransactionConditionAdvice"][0]
        .as_str()
        .expect("an id");
    let with = json!({"TxId": [id]});

    // Before it is confirmed the id is worth nothing, and a new one is asked for.
    let early = decision_with(&client, "transfer:42", &with).await;
    assert_eq!(early["actions"], json!({}));

    confirm(&server, &mut client, advices).await;
    // Neither for another transfer nor without the id.
    for (resource, environment) in [("transfer:43", &with), ("transfer:42", &json!({}))] {
        let other = decision_with(&client, resource, environment).await;
        assert_eq!(other["actions"], json!({}), "{resource}");
    }
    let granted = decision_with(&client, "transfer:42", &with).await;
    assert_eq!(granted["actions"], json!({"confirm": true}));
    assert_eq!(granted["advices"], json!({}));
    assert_eq!(granted["ttl"], 1_800_000_000_000_i64, "not to be kept");
    let again = decision_with(&client, "transfer:42", &with).await;
    assert_eq!(again["actions"], json!({}));
    assert_ne!(again["advices"]["TransactionConditionAdvice"][0], id);
}

#[tokio::test]
async fn of_many_at_once_one_is_granted() {
    let server = TestServer::demo().await;
    let mut client = server.client();
    client.login("demo", "Ch4ng31t").await.token();
    let denied = decision(&client, "transfer:42").await;
    let id = denied["advices"]["TransactionConditionAdvice"][0].clone();
    confirm(&server, &mut client, &denied["advices"]).await;
    let mut asked = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let (client, with) = (client.clone(), json!({"TxId": [id]}));
        asked.spawn(async move { decision_with(&client, "transfer:42", &with).await });
    }
    let mut granted = 0;
    while let Some(decided) = asked.join_next().await {
        granted += usize::from(decided.expect("a decision")["actions"] != json!({}));
    }
    assert_eq!(granted, 1);
    // In one question the resource may stand twice; it is granted once.
    let denied = decision(&client, "transfer:7").await;
    confirm(&server, &mut client, &denied["advices"]).await;
    let body = json!({
        "resources": ["transfer:7", "transfer:7"],
        "environment": {"TxId": denied["advices"]["TransactionConditionAdvice"]},
    });
    let both = super::ask(&client, &body).await.json();
    assert_eq!(both[0]["actions"], json!({"confirm": true}));
    assert_eq!(both[1]["actions"], json!({}));
}
