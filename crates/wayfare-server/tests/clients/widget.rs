//! The published login widget in an application of another origin, used by a person at a keyboard.

use fantoccini::key::Key;
use serde_json::json;

use super::stage::{Stage, clients_are_here};
use crate::support::Window;

/// Opens an application that starts a journey, and waits for its form.
async fn open(stage: &Stage, window: &Window, journey: &str) {
    let page = format!(
        "{}/clients/widget.html?journey={journey}&server={}",
        stage.origin,
        stage.at()
    );
    window.go(&page).await;
    assert!(
        window.finds("#widget input[type='password']").await,
        "{}",
        window.text().await
    );
}

/// Fills in the form and sends it.
async fn fill_in(window: &Window, password: &str) {
    window.click("#widget input[type='text']").await;
    window.type_keys("demo").await;
    window.click("#widget input[type='password']").await;
    window.type_keys(password).await;
    window.type_keys(&Key::Enter.to_string()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn someone_logs_in_with_the_widget() {
    if !clients_are_here() {
        return;
    }
    let stage = Stage::start().await;
    let Some(window) = Window::open(String::new()).await else {
        return;
    };
    open(&stage, &window, "Login").await;
    fill_in(&window, "wrong").await;
    // It has words of its own for the plain message, and begins again by itself.
    window.sees("Sign in failed").await;
    assert_eq!(
        window.ask("return window.told.successful").await,
        json!(false)
    );
    assert!(window.finds("#widget input[type='password']").await);
    fill_in(&window, "Ch4ng31t").await;
    assert!(window.finds("#over").await, "{}", window.text().await);
    assert_eq!(
        window
            .ask("return [window.told.realm, window.told.error]")
            .await,
        json!(["/alpha", null])
    );
    assert_eq!(stage.server.sessions(), 1);
    window.close().await;
}
