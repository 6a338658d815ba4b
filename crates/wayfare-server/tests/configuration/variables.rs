//! Values that trees leave to the tenant: which of them the configuration gives, and what becomes of the rest.

use serde_json::{Value as Json, json};
use wayfare::Value;
use wayfare_server::config::Parameter;

use super::{FAILURE, LOGIN, admin, at, check, id, keep, keep_tree, logs_in, tree};
use crate::support::{Client, TestServer, alpha};

/// A server whose realm has these parameters; one that begins with `secret:` is in a file.
async fn serve(files: &[(&str, &str)], params: &[(&str, &str)]) -> TestServer {
    let params: Vec<(String, String)> = params
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    TestServer::with(|config, folder| {
        let journeys = folder.join("journeys");
        crate::support::write_all(&journeys, files);
        *config = config.clone().with_journeys(journeys);
        let settings = config.realms.get_mut(&alpha()).expect("a realm");
        for (name, value) in params {
            let parameter = match value.strip_prefix("secret:") {
                Some(secret) => {
                    let path = folder.join(&name);
                    std::fs::write(&path, secret).expect("a secret");
                    Parameter::SecretFile(path)
                }
                None => Parameter::Value(Value::text(value)),
            };
            settings.params.insert(name.into(), parameter);
        }
    })
    .await
}

/// Keeps a tree that shows this text before it asks for the password.
async fn keep_shown(client: &mut Client, name: &str, text: &str) -> Json {
    keep_tree(client, name).await;
    let node = id(name, "shown");
    let body = json!({ "message": { "en": text }, "messageYes": {}, "messageNo": {} });
    keep(client, &at(&format!("nodes/MessageNode/{node}")), &body).await;
    let mut shown = tree(name);
    shown["entryNodeId"] = json!(node);
    shown["nodes"][&node] = json!({
        "nodeType": "MessageNode", "displayName": "Shown",
        "connections": { "true": id(name, "page"), "false": FAILURE },
    });
    keep(client, &at(&format!("trees/{name}")), &shown).await;
    check(client, name).await
}

#[tokio::test]
async fn a_tree_has_no_parameter_of_the_texts() {
    let text = format!("param brand: Text = \"none\"\n\n{LOGIN}");
    let params = [("brand", "for the texts alone"), ("esv_brand", "for trees")];
    let server = serve(&[("login.journey", &text)], &params).await;
    let mut client = admin(&server).await;
    for name in ["&{brand}", "&{esv.brand}"] {
        let told = keep_shown(&mut client, "Kept", &format!("of {name}")).await;
        assert_eq!(told["served"], true, "{told}");
        let step = server.client().begin("Kept").await;
        assert!(step.text().contains("of for trees"), "{}", step.text());
    }
    let told = keep_shown(&mut client, "Kept", "of &{other.name}").await;
    assert_eq!(told["served"], false, "{told}");
    let reasons = told["reasons"].to_string();
    assert!(reasons.contains("`esv_other_name`"), "{reasons}");
}

#[tokio::test]
async fn a_secret_of_the_texts_is_no_nodes() {
    let text = format!(
        "param key: Secret\n\njourney cookie \"Cookie\" {{\n  start name\n  node name: UsernameCollector -> \
         pass\n  node pass: PasswordCollector -> check\n  node check: DataStoreDecision {{\n    true -> \
         keep\n    false -> failure\n  }}\n  node keep: SetPersistentCookie(hmacSigningKey = key) -> \
         success\n}}\n\n{LOGIN}"
    );
    let params = [(
        "key",
        "secret:VGhlIGtleSBvZiB0aGUgdGV4dHMsIG5vYm9keSBlbHNlJ3M=",
    )];
    let server = serve(&[("login.journey", &text)], &params).await;
    let mut client = admin(&server).await;
    keep_tree(&mut client, "Kept").await;
    let node = id("Kept", "cookie");
    let path = at(&format!("nodes/SetPersistentCookieNode/{node}"));
    keep(&mut client, &path, &json!({ "hmacSigningKey": "&{key}" })).await;
    let mut taking = tree("Kept");
    taking["nodes"][&node] = json!({
        "nodeType": "SetPersistentCookieNode", "displayName": "Cookie",
        "connections": { "outcome": super::SUCCESS },
    });
    taking["nodes"][id("Kept", "check")]["connections"]["true"] = json!(node);
    keep(&mut client, &at("trees/Kept"), &taking).await;
    let told = check(&mut client, "Kept").await;
    assert_eq!(told["served"], false, "{told}");
    assert!(told["reasons"].to_string().contains("`esv_key`"), "{told}");
}

#[tokio::test]
async fn a_secret_stands_in_no_text() {
    let params = [("esv_pin", "secret:0000")];
    let server = serve(&[("login.journey", LOGIN)], &params).await;
    let mut client = admin(&server).await;
    let told = keep_shown(&mut client, "Kept", "of &{esv.pin}").await;
    assert_eq!(told["served"], false, "{told}");
    assert!(told["reasons"].to_string().contains("`esv_pin`"), "{told}");
    assert!(!logs_in(&mut server.client(), "Kept").await);
}

#[tokio::test]
async fn whether_a_tree_may_be_started_is_no_variable() {
    let server = serve(&[("login.journey", LOGIN)], &[("esv_off", "false")]).await;
    let mut client = admin(&server).await;
    for (setting, value) in [
        ("enabled", json!({ "$bool": "&{esv.off}" })),
        ("enabled", json!("&{esv.off}")),
        ("innerTreeOnly", json!("&{esv.inner}")),
        ("transactionalOnly", json!({ "$bool": "&{esv.x}" })),
        ("noSession", json!("&{esv.x}")),
        ("mustRun", json!("&{esv.x}")),
        ("maximumSessionTime", json!({ "$int": "&{esv.x}" })),
        ("maximumIdleTime", json!("&{esv.x}")),
        ("treeTimeout", json!("&{esv.x}")),
        ("identityResource", json!("&{esv.x}")),
    ] {
        keep_tree(&mut client, "Kept").await;
        assert!(logs_in(&mut server.client(), "Kept").await);
        let mut named = tree("Kept");
        named[setting] = value.clone();
        let made = keep(&mut client, &at("trees/Kept"), &named).await;
        assert_eq!(made[setting], value, "it is kept as it is");
        let told = check(&mut client, "Kept").await;
        assert_eq!(told["served"], false, "{setting}: {told}");
        assert!(told["reasons"].to_string().contains(setting), "{told}");
        assert!(!logs_in(&mut server.client(), "Kept").await, "{setting}");
    }
}
