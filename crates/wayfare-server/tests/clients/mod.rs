//! Published clients against the real server: in Node, and in a browser at another origin.
//!
//! The scripts are in `tests/clients` at the root of the repository. Without Node or the packages the tests
//! say that they are skipped; with `WAYFARE_CLIENTS=required` that is a failure.

mod capture;
mod frodo;
mod frodo_command;
mod login_page;
pub(crate) mod nodes;
mod stage;
mod widget;

use std::time::Duration;

use tokio::process::Command;

use self::stage::{Stage, clients_are_here, scripts};
use wayfare_server::config::{ProviderSettings, UserSettings};

use crate::{
    social::provider::{CLIENT, Op},
    support::{Window, alpha},
};

/// How long a scenario may take on a machine that is busy with something else.
const PATIENCE: Duration = Duration::from_secs(100);

/// Runs a scenario in Node; the stage it ran on, or `None` where there is no Node.
async fn in_node(scenario: &str) -> Option<Stage> {
    if !clients_are_here() {
        return None;
    }
    Some(on_stage(scenario, Stage::start().await).await)
}

/// Runs a scenario in Node on this stage.
async fn on_stage(scenario: &str, stage: Stage) -> Stage {
    let run = Command::new("node")
        .args(["node.js", scenario, &stage.at(), &stage.origin])
        .current_dir(scripts())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(PATIENCE, run)
        .await
        .expect("in time")
        .expect("node runs");
    assert!(
        output.status.success(),
        "{scenario} in Node: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    stage
}

/// Runs scenarios in a browser, each on a stage of its own.
async fn in_browser(scenarios: &[&str]) {
    if !clients_are_here() {
        return;
    }
    let Some(window) = Window::open(String::new()).await else {
        return;
    };
    for scenario in scenarios {
        let stage = Stage::start().await;
        let page = format!(
            "{}/clients/page.html?scenario={scenario}&server={}",
            stage.origin,
            stage.at()
        );
        window.go(&page).await;
        let over = window.finds("#over").await;
        let text = window.text().await;
        assert!(over && text == "done", "{scenario} in a browser: {text}");
        window.browser.delete_all_cookies().await.unwrap();
    }
    window.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_application_in_node_logs_in() {
    if let Some(stage) = in_node("logsIn").await {
        assert_eq!(stage.server.sessions(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_application_in_node_fails_and_tries_again() {
    in_node("failsAndTriesAgain").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_application_in_node_chooses() {
    in_node("chooses").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_application_in_node_polls() {
    in_node("polls").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_application_in_node_is_sent_away_and_comes_back() {
    in_node("isSentAway").await;
    in_node("isSentAwayInVain").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn applications_in_node_sign_in_elsewhere() {
    if !clients_are_here() {
        return;
    }
    for scenario in ["signsInElsewhere", "journeyClientSignsInElsewhere"] {
        let op = Op::start();
        let mut provider = ProviderSettings::new(op.issuer(), CLIENT);
        // An application of its own takes people back, and hands on what the SDKs hand on.
        provider.redirect_uri = Some("https://app.example.com/back".to_owned());
        let stage = Stage::with(|config| {
            let realm = config.realms.get_mut(&alpha()).unwrap();
            realm.providers.insert("op".to_owned(), provider);
            let mut known = UserSettings::default();
            let links = serde_json::json!(["op-1234"]);
            known.attributes.insert("aliasList".to_owned(), links);
            realm.users.insert("ada".to_owned(), known);
        });
        op.tells(serde_json::json!({ "sub": "1234" }));
        let stage = on_stage(scenario, stage.await).await;
        assert_eq!(stage.server.sessions(), 1, "{scenario}");
        assert_eq!(op.asked("/token").len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_application_in_node_follows_a_link() {
    in_node("followsALink").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_application_in_node_wants_no_session() {
    if let Some(stage) = in_node("wantsNoSession").await {
        assert_eq!(stage.server.sessions(), 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_application_in_node_logs_out() {
    if let Some(stage) = in_node("logsOut").await {
        assert_eq!(stage.server.sessions(), 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_application_in_node_finds_its_session_gone() {
    in_node("findsItsSessionGone").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_application_in_node_steps_up_by_an_advice() {
    for (scenario, level) in [("choosesFromTheMenu", 30), ("startsTheOnlyCandidate", 20)] {
        if let Some(stage) = in_node(scenario).await {
            // The session of before is gone, and the new one has the level that was wanted.
            assert_eq!(stage.server.sessions(), 1);
            let audit = stage.server.audit();
            let last = audit.iter().rfind(|line| line.get("session").is_some());
            assert_eq!(last.map(|line| &line["level"]), Some(&level.into()));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_application_in_node_steps_up_for_what_it_was_denied() {
    in_node("stepsUpForAService").await;
    in_node("confirmsATransaction").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_journey_client_logs_in_and_out() {
    if let Some(stage) = in_node("journeyClientLogsInAndOut").await {
        assert_eq!(stage.server.sessions(), 0);
    }
    in_node("journeyClientWantsNoSession").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_journey_client_gets_tokens() {
    if let Some(stage) = in_node("journeyClientGetsTokens").await {
        assert_eq!(stage.server.sessions(), 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_journey_client_chooses_polls_and_is_sent_away() {
    in_node("journeyClientChoosesAndPolls").await;
    in_node("journeyClientIsSentAway").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_application_in_node_manages_devices() {
    in_node("managesProfiles").await;
    in_node("managesSecondFactors").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn applications_in_a_browser_do_the_same() {
    in_browser(&[
        "logsIn",
        "failsAndTriesAgain",
        "chooses",
        "polls",
        "isSentAway",
        "isSentAwayInVain",
        "followsALink",
        "wantsNoSession",
        "logsOut",
        "getsTokens",
        "discovers",
        "findsItsSessionGone",
        "choosesFromTheMenu",
        "startsTheOnlyCandidate",
        "stepsUpForAService",
        "confirmsATransaction",
        "managesProfiles",
        "managesSecondFactors",
    ])
    .await;
}
