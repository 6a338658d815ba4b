//! Scripts of journeys in a running server: they ask, read the profile, write it and call over HTTP, as far as
//! the settings let them.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    task::JoinHandle,
};
use wayfare_server::config::{Config, SecretSource};

use crate::support::{Reply, TestServer};

const JOURNEY: &str = r#"journey scripted {
  start credentials
  node credentials: Page {
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }
  node check: DataStoreDecision {
    true -> risk
    false -> failure
  }
  node risk: ScriptedDecision {
    script = file("scripts/risk.js")
    outputs = ["score", "answer"]
    low -> success
    high -> failure
  }
}
"#;

/// What a test's own service was asked, and answers.
struct Web {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Drop for Web {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Web {
    async fn start(answer: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&asked);
        let task = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut bytes = vec![0; 16_384];
                let mut got = 0;
                // The head and what follows it come in few pieces.
                while let Ok(count) = stream.read(&mut bytes[got..]).await {
                    got += count;
                    let text = String::from_utf8_lossy(&bytes[..got]).into_owned();
                    if count == 0 || is_whole(&text) {
                        break;
                    }
                }
                seen.lock()
                    .unwrap()
                    .push(String::from_utf8_lossy(&bytes[..got]).into_owned());
                let _ = stream.write_all(answer.as_bytes()).await;
                let _ = stream.shutdown().await;
            }
        });
        Self {
            address,
            asked,
            task,
        }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn is_whole(text: &str) -> bool {
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    body.len() >= length.and_then(|length| length.parse().ok()).unwrap_or(0)
}

const LOW: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 11\r\n\r\n{\"score\":1}";
const ELSEWHERE: &str =
    "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/other\r\ncontent-length: 0\r\n\r\n";

async fn server(script: &str, change: impl FnOnce(&mut Config)) -> TestServer {
    let files = [("scripted.journey", JOURNEY), ("scripts/risk.js", script)];
    TestServer::with_journeys(&files, change).await
}

async fn log_in(server: &TestServer) -> Reply {
    let mut client = server.client();
    let step = client.begin("scripted").await.step();
    client
        .answer(&step, &[json!("demo"), json!("Ch4ng31t")])
        .await
}

#[tokio::test]
async fn a_script_asks_reads_the_profile_and_calls_over_http() {
    let web = Web::start(LOW).await;
    let script = format!(
        "if (callbacks.isEmpty()) {{
           callbacksBuilder.textInputCallback('What is 2 + 2?');
         }} else {{
           var answer = callbacks.getTextInputCallbacks()[0];
           var name = idRepository.getIdentity(nodeState.get('username')).getAttributeValues('uid')[0];
           var key = secrets.getGenericSecret('scripted.node.key').getAsUtf8();
           var response = httpClient.send('http://{}/risk?user=' + name, {{ method: 'POST', token: key, body: {{ answer: answer }} }}).get();
           nodeState.putTransient('score', response.json().score);
           action.goTo(response.ok && answer === '4' && response.json().score < 5 ? 'low' : 'high');
         }}",
        web.address
    );
    let address = web.address;
    // The key's own file is not of the data folder, all of which is searched for the key below.
    let keys = tempfile::tempdir().unwrap();
    let file = keys.path().join("key");
    std::fs::write(&file, "s3cret-key\n").unwrap();
    let server = server(&script, |config| {
        let listed = format!("http://{address}/risk").parse().unwrap();
        config.scripts.http.push(listed);
        config
            .scripts
            .secrets
            .insert("scripted.node.key".to_owned(), SecretSource::File(file));
    })
    .await;
    let mut client = server.client();
    let step = client.begin("scripted").await.step();
    let step = client
        .answer(&step, &[json!("demo"), json!("Ch4ng31t")])
        .await
        .step();
    assert_eq!(step["callbacks"][0]["type"], "TextInputCallback");
    assert_eq!(step["callbacks"][0]["output"][0]["value"], "What is 2 + 2?");
    let done = client.answer(&step, &[json!("4")]).await;
    assert_eq!(done.status, 200, "{}", done.text());
    assert!(!done.token().is_empty());
    let asked = web.asked();
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert!(
        asked[0].starts_with("POST /risk?user=demo HTTP/1.1\r\n"),
        "{}",
        asked[0]
    );
    assert!(
        asked[0].contains("authorization: Bearer s3cret-key\r\n")
            && asked[0].contains("idempotency-key: ")
    );
    assert!(asked[0].ends_with("{\"answer\":\"4\"}"));
    // Nothing of it is written anywhere.
    let written = server.everything_written();
    assert!(!String::from_utf8_lossy(&written).contains("s3cret-key"));
}

#[tokio::test]
async fn what_is_not_listed_is_not_called() {
    let web = Web::start(LOW).await;
    let script = format!(
        "var r = httpClient.send('http://{}/risk').get(); logger.error('it says {{}} {{}}', r.status, r.statusText);
         outcome = r.status === 502 ? 'low' : 'high';",
        web.address
    );
    let server = server(&script, |_| {}).await;
    assert_eq!(log_in(&server).await.status, 200);
    assert!(web.asked().is_empty());
    let audit = serde_json::to_string(&server.audit()).unwrap();
    assert!(
        audit.contains("scripts/risk.js: error: it says 502 scripts may not call http://"),
        "{audit}"
    );
}

#[tokio::test]
async fn an_answer_that_leads_elsewhere_is_not_followed() {
    let web = Web::start(ELSEWHERE).await;
    let script = format!(
        "var r = httpClient.send('http://{}/').get();
         outcome = r.status === 302 && r.headers.get('Location').get(0).indexOf('other') > 0 ? 'low' : 'high';",
        web.address
    );
    let address = web.address;
    let server = server(&script, |config| {
        config
            .scripts
            .http
            .push(format!("http://{address}/").parse().unwrap());
    })
    .await;
    assert_eq!(log_in(&server).await.status, 200);
    assert_eq!(web.asked().len(), 1);
}

#[tokio::test]
async fn a_profile_is_written_where_that_is_listed() {
    let script = "var id = idRepository.getIdentity(nodeState.get('username'));
        try { id.setAttribute('givenName', ['Changed']); id.store(); outcome = id.getAttributeValues('givenName')[0] === 'Changed' ? 'low' : 'high'; }
        catch (e) { logger.error(e.message); outcome = 'high'; }";
    let denied = server(script, |_| {}).await;
    assert_eq!(log_in(&denied).await.status, 401);
    let allowed = server(script, |config| {
        config.scripts.write.push("givenName".to_owned());
    })
    .await;
    assert_eq!(log_in(&allowed).await.status, 200);
}

#[tokio::test]
async fn a_script_that_does_not_end_fails_its_run_and_nothing_else() {
    let script = "if (requestHeaders.get('x-spin')) { for (;;) {} } outcome = 'low';";
    let server = server(script, |_| {}).await;
    let mut client = server.client().header("X-Spin", "1");
    let step = client.begin("scripted").await.step();
    let failed = client
        .answer(&step, &[json!("demo"), json!("Ch4ng31t")])
        .await;
    assert!(
        failed.status == 401 || failed.status == 500,
        "{}",
        failed.status
    );
    assert!(!failed.text().contains("risk.js"), "{}", failed.text());
    assert_eq!(log_in(&server).await.status, 200);
    let audit = serde_json::to_string(&server.audit()).unwrap();
    assert!(
        audit.contains("scripts/risk.js: the script runs longer than its budget"),
        "{audit}"
    );
}
