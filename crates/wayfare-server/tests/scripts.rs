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

#[tokio::test]
async fn a_name_that_resolves_to_a_private_address_is_not_connected_to() {
    let web = Web::start(LOW).await;
    let port = web.address.port();
    // What resolvers take for an address is a name here, and needs no name server.
    let name = "2130706433";
    let script = format!(
        "var r = httpClient.send('http://{name}:{port}/risk').get(); logger.error('it says {{}} {{}}', r.status, r.statusText);
         outcome = r.ok ? 'low' : 'high';"
    );
    let listed = || format!("http://{name}:{port}/").parse().unwrap();
    let denied = server(&script, |config| config.scripts.http.push(listed())).await;
    assert_eq!(log_in(&denied).await.status, 401);
    assert!(web.asked().is_empty());
    let audit = serde_json::to_string(&denied.audit()).unwrap();
    assert!(
        audit.contains("the address of the host is a private one"),
        "{audit}"
    );
    let allowed = server(&script, |config| {
        config.scripts.http.push(listed());
        config.scripts.private.push(name.to_owned());
    })
    .await;
    assert_eq!(log_in(&allowed).await.status, 200);
    assert_eq!(web.asked().len(), 1);
}

#[tokio::test]
async fn other_spellings_of_a_listed_address_are_not_called() {
    let web = Web::start(LOW).await;
    let port = web.address.port();
    let script = format!(
        "var all = ['http://2130706433:{port}/', 'http://127.1:{port}/', 'http://0x7f000001:{port}/', 'http://017700000001:{port}/',
           'http://[::ffff:127.0.0.1]:{port}/', 'http://[::1]:{port}/', 'http://localhost:{port}/', 'http://127.0.0.1.:{port}/',
           'HTTP://127.0.0.2:{port}/', 'http://127.0.0.1:{port}\\\\@127.0.0.1:{port}/', 'http://①27.0.0.1:{port}/'];
         var called = all.filter(function (url) {{ try {{ return httpClient.send(url).get().status !== 502; }} catch (e) {{ return false; }} }});
         logger.error('called: {{}}', called.join(' ')); outcome = called.length === 0 ? 'low' : 'high';"
    );
    let address = web.address;
    let server = server(&script, |config| {
        let listed = format!("http://{address}/").parse().unwrap();
        config.scripts.http.push(listed);
    })
    .await;
    let done = log_in(&server).await;
    assert_eq!(done.status, 200, "{:?}", server.audit());
    assert!(web.asked().is_empty());
}

#[tokio::test]
async fn a_password_in_an_address_is_neither_sent_nor_told() {
    let web = Web::start(LOW).await;
    let address = web.address;
    // It is put together, so that the kept text of the script has it nowhere.
    let script = format!(
        "var pw = 's3cr' + 'et-pw', told = [];
         for (var url of ['http://user:' + pw + '@{address}/risk', 'http://' + pw + '@{address}/', 'http://user:a/' + pw + '@{address}/',
             'http://user:a?' + pw + '@{address}/', 'http:user:' + pw + '@{address}/', 'http://user:' + pw + '@evil.example\\\\@{address}/']) {{
           try {{ var r = httpClient.send(url).get(); told.push(r.status + ' ' + r.statusText); }} catch (e) {{ told.push(String(e)); }}
         }}
         logger.error('it says {{}}', told.join(' | ')); nodeState.putTransient('answer', told);
         outcome = told.join().indexOf(pw) < 0 ? 'low' : 'high'; if (outcome === 'high') throw new Error(told.join());"
    );
    let server = server(&script, |config| {
        let listed = format!("http://{address}/").parse().unwrap();
        config.scripts.http.push(listed);
    })
    .await;
    assert_eq!(log_in(&server).await.status, 200, "{:?}", server.audit());
    assert!(web.asked().is_empty());
    let audit = serde_json::to_string(&server.audit()).unwrap();
    assert!(audit.contains("_@127.0.0.1"), "{audit}");
    let written = server.everything_written();
    assert!(!String::from_utf8_lossy(&written).contains("s3cret-pw"));
}

const WAITS: &str = "if (resumedFromSuspend) { logger.error('back with {}', requestHeaders.get('x-browser')[0]); outcome = 'low'; }
  else { action.suspend('Look into your mail, {0}', function (uri) {
    openidm.action('external/email', 'send', { to: 'demo@example.com', subject: 'Go on', body: 'Go on at ' + uri + ' now.' });
  }, 10); }";

/// What follows `suspendedId=` in the only message that was not there before.
fn link(server: &TestServer, before: &std::collections::BTreeSet<String>) -> String {
    let sent = server.outbox();
    let mut new = sent.difference(before);
    let mail = new.next().expect("a message");
    assert!(new.next().is_none(), "{sent:?}");
    crate::post::opened(mail).2
}

// Looking into the outbox waits for what is under way, which must go on meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_a_script_suspends_goes_on_where_its_link_is_followed_and_nowhere_else() {
    let server = server(WAITS, |config| config.scripts.mail = true).await;
    let mut first = server.client().header("X-Browser", "first");
    let step = first.begin("scripted").await.step();
    let typed = [json!("demo"), json!("Ch4ng31t")];
    let waits = first.answer(&step, &typed).await;
    assert_eq!(waits.status, 200, "{}", waits.text());
    let said = waits.json();
    assert_eq!(
        said["callbacks"][0]["type"], "SuspendedTextOutputCallback",
        "{said}"
    );
    // Whoever began the run is not told the link, nor given anything to go on with.
    let shown = &said["callbacks"][0]["output"][0]["value"];
    assert_eq!(shown, "Look into your mail, {0}");
    assert!(!waits.text().contains("suspendedId"), "{said}");
    let id = link(&server, &std::collections::BTreeSet::new());
    for name in first.cookies.values() {
        assert!(!name.contains(&id));
    }
    for (step, typed) in [(&step, &typed[..]), (&said, &[])] {
        let reply = first.answer(step, typed).await;
        assert!(!reply.text().contains("tokenId"), "{}", reply.text());
    }
    let other = "x".repeat(id.len());
    let shorter = [id.get(1..), id.get(..id.len() - 1)];
    let shorter = shorter.map(|part| part.expect("an id is ASCII"));
    for wrong in ["", shorter[0], shorter[1], &other] {
        let reply = crate::post::follow(&mut first, wrong).await;
        assert!(
            !reply.text().contains("tokenId") && !reply.text().contains("Look into"),
            "{wrong}: {}",
            reply.text()
        );
    }
    assert_eq!(server.sessions(), 0);
    // The link is enough in any browser, once.
    let mut second = server.client().header("X-Browser", "second");
    crate::post::follow(&mut second, &id).await.token();
    assert_eq!(server.sessions(), 1);
    for client in [&mut first, &mut second] {
        let again = crate::post::follow(client, &id).await;
        assert_eq!(again.status, 401, "{}", again.text());
    }
    assert_eq!(server.sessions(), 1);
    let audit = serde_json::to_string(&server.audit()).unwrap();
    assert_eq!(audit.matches("back with second").count(), 1, "{audit}");
    assert!(!audit.contains("back with first"), "{audit}");
    assert!(!audit.contains(&id), "{audit}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_link_of_a_script_ends_with_its_minutes() {
    let server = server(WAITS, |config| config.scripts.mail = true).await;
    let mut before = std::collections::BTreeSet::new();
    for (seconds, status) in [(599, 200), (601, 401)] {
        assert_eq!(log_in(&server).await.status, 200);
        let id = link(&server, &before);
        before = server.outbox();
        server.advance(std::time::Duration::from_secs(seconds));
        let mut other = server.client().header("X-Browser", "other");
        let reply = crate::post::follow(&mut other, &id).await;
        assert_eq!(reply.status, status, "{seconds}: {}", reply.text());
    }
    assert_eq!(server.sessions(), 1);
}
