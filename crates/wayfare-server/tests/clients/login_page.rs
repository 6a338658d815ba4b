//! The login page where a run does not stay on it: elsewhere and back, by a link, by an advice.

use wayfare::Realm;

use super::stage::Stage;
use crate::support::Window;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_goes_elsewhere_and_comes_back_to_the_same_journey() {
    // Another realm than the page's own, so that it must be remembered.
    let stage = Stage::with(|config| config.page_realm = Realm::root()).await;
    let Some(window) = Window::at(&stage.server).await else {
        return;
    };
    window
        .go("/?realm=/alpha&authIndexType=service&authIndexValue=Away&locale=fr")
        .await;
    window.sign_in("demo", "Ch4ng31t").await;
    window.sees("Vous êtes connecté").await;
    window.sees("/alpha").await;
    assert_eq!(stage.server.sessions(), 1);
    window.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_follows_a_link_once() {
    let stage = Stage::start().await;
    let Some(window) = Window::at(&stage.server).await else {
        return;
    };
    window.go("/?realm=/alpha&service=Mailed").await;
    window.sign_in("demo", "Ch4ng31t").await;
    window.sees("We sent you a link.").await;
    let mail = stage.server.outbox().into_iter().next().expect("a mail");
    let link = mail.split_once("Follow ").expect("a link").1;
    let link = link.split_once(" now").expect("a link").0;
    window.browser.goto(link).await.expect("a page");
    window.sees("You are signed in").await;
    assert_eq!(stage.server.sessions(), 1);

    // A second time it says so, and the journey of the link can be begun again.
    window.browser.goto(link).await.expect("a page");
    window.sees("This link was used already").await;
    window.sign_in("demo", "Ch4ng31t").await;
    window.sees("We sent you a link.").await;
    window.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_that_is_refused_is_not_tried_again_by_itself() {
    let stage = Stage::start().await;
    let Some(window) = Window::at(&stage.server).await else {
        return;
    };
    let failed = || {
        let events = stage.server.events();
        events
            .iter()
            .filter(|name| name.contains("LOGIN-COMPLETED"))
            .count()
    };
    window.go("/?realm=/alpha&service=Headers").await;
    window.sees("Signing in this way did not work").await;
    assert_eq!(failed(), 1);
    window.click("form button").await;
    window.sees("Signing in this way did not work").await;
    assert_eq!(failed(), 2);
    window.close().await;
}
