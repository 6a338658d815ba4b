//! A real browser, driven as a person would: it looks, types and clicks.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use fantoccini::{Client as Browser, ClientBuilder, Locator, key::Key};
use serde_json::{Value as Json, json};
use tempfile::TempDir;

use super::TestServer;

/// How long a thing may take to appear; a machine under load is slow, and nothing waits this long else.
const PATIENCE: Duration = Duration::from_secs(20);

/// A browser with its driver and its profile; all gone when dropped.
pub(crate) struct Window {
    pub(crate) browser: Browser,
    driver: Child,
    profile: TempDir,
    base: String,
}

impl Drop for Window {
    fn drop(&mut self) {
        let _ = self.driver.kill();
        let _ = self.driver.wait();
        // A driver that is killed, as after a failed test, leaves its browser behind; the folder of the
        // profile names that browser and no other.
        let profile = self.profile.path().display().to_string();
        let _ = Command::new("pkill")
            .args(["-KILL", "-f", &profile])
            .status();
    }
}

impl Window {
    /// Opens a browser for a server, or says that there is none.
    pub(crate) async fn at(server: &TestServer) -> Option<Self> {
        Self::open(format!("http://{}", server.running.address())).await
    }

    /// Opens a browser for an origin, or says that there is none.
    pub(crate) async fn open(base: String) -> Option<Self> {
        let Some((driver, port)) = started() else {
            assert!(
                std::env::var_os("WAYFARE_BROWSER").is_none(),
                "there is no chromedriver, and WAYFARE_BROWSER asks for one"
            );
            println!("skipped: there is no chromedriver on this machine");
            return None;
        };
        let profile = tempfile::tempdir().unwrap();
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-quic",
            "--disable-sync",
            "--no-first-run",
            "--lang=en-US",
            "--window-size=900,800",
            &format!("--user-data-dir={}", profile.path().display()),
        ]
        .map(Json::from);
        let mut capabilities = serde_json::Map::new();
        capabilities.insert(
            "goog:chromeOptions".to_owned(),
            json!({ "args": arguments }),
        );
        capabilities.insert("goog:loggingPrefs".to_owned(), json!({ "browser": "ALL" }));
        let browser = ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .unwrap();
        Some(Self {
            browser,
            driver,
            profile,
            base,
        })
    }

    pub(crate) async fn go(&self, path: &str) {
        self.browser
            .goto(&format!("{}{path}", self.base))
            .await
            .unwrap();
    }

    /// Waits until the page shows a text.
    pub(crate) async fn sees(&self, text: &str) {
        let script = "return document.body.innerText.includes(arguments[0])";
        let found = self.until(script, vec![json!(text)]).await;
        assert!(found, "no {text:?} in {:?}", self.text().await);
    }

    /// Waits until a script says so.
    pub(crate) async fn until(&self, script: &str, arguments: Vec<Json>) -> bool {
        let wait = format!(
            "const done = arguments[arguments.length - 1];
             const args = [...arguments].slice(0, -1);
             const end = Date.now() + {};
             const look = () => {{
               if ((function () {{ {script} }}).apply(null, args)) done(true);
               else if (Date.now() > end) done(false);
               else setTimeout(look, 20);
             }};
             look();",
            PATIENCE.as_millis()
        );
        let begin = Instant::now();
        // BOUND: by patience; a page that is left takes the script with it, and the next one is asked.
        loop {
            match self.browser.execute_async(&wait, arguments.clone()).await {
                Ok(found) => return found == json!(true),
                Err(error) => assert!(begin.elapsed() < PATIENCE, "{error}"),
            }
        }
    }

    /// Waits for an element, also across pages.
    pub(crate) async fn finds(&self, selector: &str) -> bool {
        let wait = self.browser.wait().at_most(PATIENCE);
        wait.for_element(Locator::Css(selector)).await.is_ok()
    }

    pub(crate) async fn text(&self) -> String {
        let text = self
            .browser
            .execute("return document.body.innerText", vec![])
            .await
            .unwrap();
        text.as_str().unwrap_or_default().to_owned()
    }

    /// What a script returns.
    pub(crate) async fn ask(&self, script: &str) -> Json {
        self.browser.execute(script, vec![]).await.unwrap()
    }

    /// Types into whatever has the focus, as a person at a keyboard does.
    pub(crate) async fn type_keys(&self, keys: &str) {
        self.browser
            .active_element()
            .await
            .unwrap()
            .send_keys(keys)
            .await
            .unwrap();
    }

    /// Waits for a field and the focus in it.
    pub(crate) async fn focused(&self, selector: &str) {
        let found = self
            .until(
                "return document.activeElement?.matches(arguments[0])",
                vec![json!(selector)],
            )
            .await;
        assert!(
            found,
            "{selector} has no focus in {:?}; {} has",
            self.text().await,
            self.ask("return document.activeElement?.outerHTML ?? 'nothing'")
                .await
        );
    }

    pub(crate) async fn click(&self, selector: &str) {
        self.browser
            .find(Locator::Css(selector))
            .await
            .unwrap()
            .click()
            .await
            .unwrap();
    }

    /// Signs in with the keyboard alone.
    pub(crate) async fn sign_in(&self, username: &str, password: &str) {
        self.focused("input[autocomplete='username']").await;
        self.type_keys(username).await;
        self.type_keys(&Key::Tab.to_string()).await;
        self.focused("input[autocomplete='current-password']").await;
        self.type_keys(password).await;
        self.type_keys(&Key::Enter.to_string()).await;
    }

    /// Ends the browser and says what it complained about.
    pub(crate) async fn close(self) {
        self.browser.clone().close().await.unwrap();
    }
}

/// A driver and the port that it listens at; none where there is no driver on this machine.
///
/// A driver takes a port that is free for one family of addresses, and ends where somebody has it for the
/// other: then there is another one.
fn started() -> Option<(Child, u16)> {
    for _ in 0..5 {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        if let Some(port) = driver_port(&mut driver) {
            return Some((driver, port));
        }
        driver.wait().unwrap();
    }
    panic!("no driver says at which port it listens");
}

/// The port that the driver says it listens at; none where it ends before that.
fn driver_port(driver: &mut Child) -> Option<u16> {
    let output = BufReader::new(driver.stdout.take().unwrap());
    for line in output.lines() {
        let line = line.unwrap();
        if let Some((_, port)) = line.split_once("started successfully on port ") {
            return Some(port.trim_end_matches('.').parse().unwrap());
        }
    }
    None
}
