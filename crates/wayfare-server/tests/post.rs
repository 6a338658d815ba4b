//! What the tests that send something share: journeys with a link and with a code, people to write to, and
//! what stands in a message.

use std::path::Path;

use wayfare_server::config::Config;

use crate::support::{Client, Reply, alpha};

pub(crate) const LINK: &str = r#"
journey link "Link" {
  start who
  node who: UsernameCollector -> mail
  node mail: EmailSuspend {
    objectLookup = true
    emailTemplateName = "resetPassword"
    emailSuspendMessage = { en = "Look at your mail.", de = "Sehen Sie in Ihre Post." }
    suspendDuration = 10m
    -> success
  }
}
"#;

/// A login, then a code that this node sends, and where a right one leads; whoever has no address is told
/// so.
pub(crate) fn with_code(wire: &str, send: &str, then: &str) -> String {
    let name = wire.to_lowercase();
    format!(
        r#"
journey {name} "{wire}" {{
  start credentials
  node credentials: Page {{
    stage = "UsernamePassword"
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }}
  node check: DataStoreDecision {{
    true -> make
    false -> failure
  }}
  node make: OneTimePasswordGenerator(length = 6) -> send
  node send: {send}
  node unsent: SetFailureDetails(failureMessage = "Not sent.") -> failure
  node enter: OneTimePasswordCollectorDecision {{
    true -> {then}
    false -> again
  }}
  node again: RetryLimitDecision(retryLimit = 2) {{
    Retry -> enter
    Reject -> failure
  }}
}}
"#
    )
}

/// The node that sends a code by mail.
pub(crate) const BY_MAIL: &str = r#"OneTimePasswordSmtpSender {
    emailSubject = "Grüße: {{OTP}}"
    emailContent = "Type {{OTP}}."
    -> enter
    on error -> unsent
  }"#;

/// The code in a message.
pub(crate) fn code(message: &str) -> String {
    let (_, text) = message.split_once("Type ").expect("a code");
    text.chars().take_while(char::is_ascii_digit).collect()
}

/// One answer to the first step of the journey with the link.
pub(crate) async fn ask(client: &mut Client, name: &str) -> Reply {
    let step = client.begin("Link").await.step();
    client.answer(&step, &[name.into()]).await
}

/// Head and text of a message, and what follows `suspendedId=` in it.
pub(crate) fn opened(mail: &str) -> (String, String, String) {
    let (head, body) = mail.split_once("\r\n\r\n").expect("a head and a text");
    let (_, rest) = body.split_once("suspendedId=").expect("a link");
    let link = rest.split_whitespace().next().expect("a word");
    let id = link.split('&').next().expect("an id");
    (head.to_owned(), body.to_owned(), id.to_owned())
}

pub(crate) async fn follow(client: &mut Client, id: &str) -> Reply {
    let path = Client::path("/alpha", &format!("suspendedId={id}"));
    client.post(&path, "").await
}

/// Settings with users besides the demo's: `tel` has a telephone and no mail.
const PEOPLE: &str = r#"
[realms."/alpha".users.tel]
password = { file = "tel" }
[realms."/alpha".users.tel.attributes]
mobile = "+49 171 1234567"
carrier = "sms.example.com"
[realms."/alpha".users.both]
password = { file = "tel" }
[realms."/alpha".users.both.attributes]
mobile = "0171 1234567"
carrier = "sms.example.com"
mail = "both@example.com"
[realms."/alpha".users.word]
password = { file = "tel" }
[realms."/alpha".users.word.attributes]
mail = "=?utf-8?q?demo?=@example.com"
"#;

/// Adds those people, and how the realm sends mail.
pub(crate) fn people(config: &mut Config, folder: &Path, mail: &str) {
    std::fs::write(folder.join("tel"), "Ch4ng31t").expect("a file");
    let read = Config::parse("wayfare.toml", &format!("{mail}{PEOPLE}"), folder);
    let mut read = read.unwrap_or_else(|error| panic!("{error}"));
    let read = read.realms.remove(&alpha()).expect("the realm");
    let realm = config.realms.get_mut(&alpha()).expect("the realm");
    realm.users = read.users;
    realm.mail = read.mail;
}
