//! Callbacks that come back in another form: refused, unless the server is told to be lenient.

use serde_json::{Value as Json, json};

use super::stage::{PASSWORD, at, bad_request, service, stage, stage_with};
use crate::support::{Client, filled};

/// The step of `Login`, answered.
async fn answered(client: &mut Client) -> Json {
    let step = client.post(&service("Login"), "").await.step();
    filled(&step, &["demo".into(), PASSWORD.into()])
}

/// What a client that keeps its own order may send.
fn forms(body: &Json) -> Vec<(&'static str, Json)> {
    let with = |change: &dyn Fn(&mut Vec<Json>)| {
        let mut body = body.clone();
        change(body["callbacks"].as_array_mut().expect("callbacks"));
        body
    };
    let shown = json!({"type": "TextOutputCallback", "output": []});
    vec![
        ("reversed", with(&|list| list.reverse())),
        (
            "with one that holds nothing",
            with(&|list| list.insert(0, shown.clone())),
        ),
        (
            "by ids alone",
            with(&|list| {
                list.reverse();
                for callback in list {
                    callback["input"][0]
                        .as_object_mut()
                        .expect("an input")
                        .remove("name");
                }
            }),
        ),
        (
            "by names alone",
            with(&|list| {
                list.reverse();
                for callback in list {
                    callback.as_object_mut().expect("a callback").remove("_id");
                }
            }),
        ),
    ]
}

#[tokio::test]
async fn other_forms_are_refused_by_default() {
    let server = stage().await;
    let mut client = server.client();
    let body = answered(&mut client).await;
    for (form, sent) in forms(&body) {
        let reply = client.post(&at(""), &sent.to_string()).await;
        assert_eq!(reply.status, 400, "{form}: {}", reply.text());
    }
    client.post(&at(""), &body.to_string()).await.token();
}

#[tokio::test]
async fn other_forms_are_understood_where_that_is_wanted() {
    let server = stage_with(|config| config.server.lenient_callbacks = true).await;
    let mut client = server.client();
    let plain = answered(&mut client).await;
    client.post(&at(""), &plain.to_string()).await.token();
    for at_form in 0..4 {
        let mut client = server.client();
        let body = answered(&mut client).await;
        let (form, sent) = forms(&body).swap_remove(at_form);
        let reply = client.post(&at(""), &sent.to_string()).await;
        assert_eq!(reply.status, 200, "{form}: {}", reply.text());
        reply.token();
    }
    // Nothing that must be answered may be missing, be there twice, or be of another type.
    let mut client = server.client();
    let body = answered(&mut client).await;
    let count = bad_request("Incorrect number of callbacks found in JSON response");
    let mut missing = body.clone();
    missing["callbacks"]
        .as_array_mut()
        .expect("callbacks")
        .pop();
    let mut twice = body.clone();
    let again = twice["callbacks"][1].clone();
    twice["callbacks"]
        .as_array_mut()
        .expect("callbacks")
        .push(again);
    for sent in [missing, twice] {
        let reply = client.post(&at(""), &sent.to_string()).await;
        assert_eq!((reply.status, reply.text()), (400, &*count));
    }
    let mut other = body.clone();
    other["callbacks"][1]["type"] = json!("NameCallback");
    let reply = client.post(&at(""), &other.to_string()).await;
    let expected = bad_request("Required callback not found in JSON response");
    assert_eq!((reply.status, reply.text()), (400, &*expected));
    client.post(&at(""), &body.to_string()).await.token();
}

#[tokio::test]
async fn what_only_shows_may_be_left_out_where_that_is_wanted() {
    for (lenient, status) in [(false, 400), (true, 200)] {
        let server = stage_with(|config| config.server.lenient_callbacks = lenient).await;
        let mut client = server.client();
        let step = client.post(&service("Either"), "").await.step();
        let values = ["demo".into(), PASSWORD.into()];
        let step = client.answer(&step, &values).await.step();
        assert_eq!(step["callbacks"][0]["type"], "TextOutputCallback");
        let mut body = filled(&step, &[json!(0)]);
        body["callbacks"]
            .as_array_mut()
            .expect("callbacks")
            .remove(0);
        let reply = client.post(&at(""), &body.to_string()).await;
        assert_eq!(reply.status, status, "{}", reply.text());
    }
}
