//! The strict mode of advices: all that is asked for is meant.

use serde_json::json;

use super::stage::{
    LEVEL, NO_CONFIGURATION, Player as _, SERVICE, at, choices, composite, journey, service,
    session_cookie, stage_with,
};
use crate::support::Client;

#[tokio::test]
async fn c06_a_session_that_has_all_is_enough() {
    let server = stage_with(|config| config.server.strict_advice = true).await;
    let mut client = server.client();
    client.log_in("Mid").await.token();
    for pairs in [
        &[(LEVEL, &["10"][..])][..],
        &[(LEVEL, &["5", "/alpha:10"])],
        &[(SERVICE, &["Mid", "Strong"])],
        &[(SERVICE, &["Mid"]), (LEVEL, &["10"])],
    ] {
        let reply = client.post(&at(&composite(pairs)), "").await;
        assert_eq!(reply.json()["tokenId"], "", "{pairs:?}");
        assert_eq!(session_cookie(&reply), None);
    }
    for pairs in [
        &[(LEVEL, &["5", "20"][..])][..],
        &[(SERVICE, &["Strong"])],
        &[(SERVICE, &["Strong"]), (LEVEL, &["10"])],
    ] {
        client.post(&at(&composite(pairs)), "").await.step();
    }
    // A session of another realm has nothing of it.
    for other in ["/", "/alpha/sub"] {
        let levels = Client::path(other, &composite(&[(LEVEL, &["10"])]));
        client.post(&levels, "").await.step();
    }
    let forced = format!("{}&ForceAuth=true", composite(&[(SERVICE, &["Mid"])]));
    client.post(&at(&forced), "").await.step();
}

#[tokio::test]
async fn journey_and_level_mean_both() {
    let server = stage_with(|config| config.server.strict_advice = true).await;
    let mut client = server.client();
    let both = composite(&[
        (SERVICE, &["Once", "Strong", "Either"]),
        (LEVEL, &["5", "20"]),
    ]);
    let menu = client.post(&at(&both), "").await.step();
    assert_eq!(choices(&menu), ["Strong", "Either"]);
    let step = client.answer(&menu, &[json!(1)]).await.step();
    assert_eq!(journey(&step), "Either");
    let step = client.as_demo(&step).await.step();
    assert_eq!(client.answer(&step, &[json!(1)]).await.status, 401);
    let none = composite(&[(SERVICE, &["Once"]), (LEVEL, &["20"])]);
    assert_eq!(client.post(&at(&none), "").await.text(), NO_CONFIGURATION);
    // A start without an advice is as it was.
    client.post(&service("Once"), "").await.step();
}
