//! The login page where a run does not stay on it: elsewhere and back, by a link, by an advice.

use std::fmt::Write as _;

use fantoccini::key::Key;
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

    // Whoever follows it again while signed in is signed in; later it says so, and the journey of the
    // link can be begun anew.
    window.browser.goto(link).await.expect("a page");
    window.sees("You are signed in").await;
    window.click("#logout").await;
    window.sees("You are logged out").await;
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_steps_up_by_an_advice_and_goes_where_it_was_wanted() {
    let stage = Stage::start().await;
    let Some(window) = Window::at(&stage.server).await else {
        return;
    };
    window.go("/?realm=/alpha").await;
    window.sign_in("demo", "Ch4ng31t").await;
    window.sees("You are signed in").await;

    // An application denies something and sends whoever asked here, with the advice.
    let advice = "<Advices><AttributeValuePair><Attribute name=\"AuthLevelConditionAdvice\"/>\
                  <Value>20</Value></AttributeValuePair></Advices>";
    let query = query_of(&[
        ("realm", "/alpha"),
        ("authIndexType", "composite_advice"),
        ("authIndexValue", advice),
        ("goto", "/healthz"),
    ]);
    // Gateways know the address of the product's own page.
    window.go(&format!("/am/XUI/?{query}#login")).await;
    window.sees("Authentication Menu").await;
    window.sees("StepUp").await;
    window.focused("input[type='radio']").await;
    window.type_keys(&Key::Down.to_string()).await;
    window.type_keys(&Key::Enter.to_string()).await;
    // A wrong password ends the run; the page begins with the menu again.
    window.sign_in("demo", "wrong").await;
    window.sees("That did not work").await;
    window.sees("Authentication Menu").await;
    window.focused("input[type='radio']").await;
    window.type_keys(&Key::Down.to_string()).await;
    window.type_keys(&Key::Enter.to_string()).await;
    window.focused("input[autocomplete='username']").await;
    window.sign_in("demo", "Ch4ng31t").await;
    window.sees("\"status\":\"up\"").await;

    // One session, of the level that was wanted.
    assert_eq!(stage.server.sessions(), 1);
    let audit = stage.server.audit();
    let login = audit.iter().rfind(|line| line.get("session").is_some());
    assert_eq!(login.map(|line| &line["level"]), Some(&30.into()));
    window.go("/?realm=/alpha").await;
    window.sees("You are signed in").await;

    // What nothing can give is said, and nothing is tried.
    let query = query.replace("%3E20%3C", "%3E99%3C");
    window.go(&format!("/?{query}")).await;
    window.sees("There is no such journey here").await;
    window.close().await;
}

/// Parameters as a browser encodes them.
fn query_of(parameters: &[(&str, &str)]) -> String {
    let mut query = String::new();
    for (name, value) in parameters {
        let _ = write!(query, "&{name}=");
        for byte in value.bytes() {
            if byte.is_ascii_alphanumeric() {
                query.push(char::from(byte));
            } else {
                let _ = write!(query, "%{byte:02X}");
            }
        }
    }
    query.remove(0);
    query
}
