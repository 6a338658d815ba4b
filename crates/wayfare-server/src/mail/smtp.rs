//! A line to a mail server.
//!
//! Every message has a connection of its own, and one time for all of it: a server that is slow fails
//! like one that refuses. A message is taken when the server says so after its last line; only from the
//! moment that line is sent until the answer comes can nobody tell whether it was.

use std::time::{Duration, UNIX_EPOCH};

use lettre::{
    Message,
    address::{Address, Envelope},
    message::{Mailbox, header::ContentType},
    transport::smtp::{
        Error,
        authentication::{Credentials, DEFAULT_MECHANISMS},
        client::{AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters},
        commands::{Data, Mail, Rcpt},
        extension::{ClientId, Extension, MailBodyParameter, MailParameter},
    },
};
use ring::digest::{SHA256, digest};
use tokio::time::{Instant, timeout_at};
use wayfare::{Timestamp, engine::effect::EffectId};

use super::Letter;
use crate::config::{MailSecurity, MailServer};

/// Why a message was not sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unsent {
    pub(super) why: String,
    pub(super) how: How,
}

/// What is known of a message that was not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// It will never be taken.
    ForGood,
    /// It may be taken later.
    ForNow,
    /// It may have been taken: its end was sent, and no answer came.
    Perhaps,
}

impl Unsent {
    pub(super) fn new(why: impl Into<String>, how: How) -> Self {
        let why = why.into();
        Self { why, how }
    }
}

/// A mail server and how to speak to it.
pub(super) struct Line {
    host: String,
    port: u16,
    security: Security,
    account: Option<Credentials>,
    timeout: Duration,
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Line")
            .field("host", &self.host)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

enum Security {
    None,
    StartTls(TlsParameters),
    Tls(TlsParameters),
}

impl Line {
    /// A line by these settings; nothing is connected yet.
    pub(super) fn new(server: &MailServer) -> Result<Self, String> {
        let mut account = None;
        if let Some((username, password)) = &server.account {
            let password = password.read().map_err(|error| error.to_string())?;
            let password = password.reveal().clone();
            account = Some(Credentials::new(username.clone(), password));
        }
        Ok(Self {
            host: server.host.clone(),
            port: server.port,
            security: match server.security {
                MailSecurity::None => Security::None,
                MailSecurity::StartTls => Security::StartTls(tls(server)?),
                MailSecurity::Tls => Security::Tls(tls(server)?),
            },
            account,
            timeout: server.timeout,
        })
    }

    /// Sends one letter, and says why where the server does not take it.
    pub(super) async fn send(
        &self,
        id: EffectId,
        letter: &Letter,
        now: Timestamp,
    ) -> Result<(), Unsent> {
        let message = message(id, letter, now).map_err(|why| Unsent::new(why, How::ForGood))?;
        let deadline = Instant::now() + self.timeout;
        let slow = |how| Unsent::new("the mail server takes too long", how);
        let opened = timeout_at(deadline, self.open()).await;
        let mut connection = opened
            .map_err(|_| slow(How::ForNow))?
            // An account or a name that is refused today may be put right tomorrow.
            .map_err(|error| unsent(&error, How::ForNow, How::ForNow))?;
        let bytes = message.formatted();
        let begun = begin(&mut connection, message.envelope(), &bytes);
        let begun = timeout_at(deadline, begun).await;
        begun.map_err(|_| slow(How::ForNow))??;
        let taken = timeout_at(deadline, connection.message(&bytes)).await;
        taken
            .map_err(|_| slow(How::Perhaps))?
            .map_err(|error| unsent(&error, How::ForGood, How::Perhaps))?;
        // It is taken, whatever becomes of the farewell.
        let _ = timeout_at(deadline, connection.abort()).await;
        Ok(())
    }

    async fn open(&self) -> Result<AsyncSmtpConnection, Error> {
        let name = ClientId::Domain("localhost".to_owned());
        let wrapped = match &self.security {
            Security::Tls(tls) => Some(tls.clone()),
            Security::None | Security::StartTls(_) => None,
        };
        let at = (&*self.host, self.port);
        let timeout = Some(self.timeout);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(at, timeout, &name, wrapped, None).await?;
        if let Security::StartTls(tls) = &self.security {
            connection.starttls(tls.clone(), &name).await?;
        }
        if let Some(account) = &self.account {
            connection.auth(DEFAULT_MECHANISMS, account).await?;
        }
        Ok(connection)
    }
}

/// Says from whom and to whom, until the server wants the message itself.
async fn begin(
    connection: &mut AsyncSmtpConnection,
    envelope: &Envelope,
    bytes: &[u8],
) -> Result<(), Unsent> {
    let mut options = Vec::new();
    let mut addresses = envelope.from().into_iter().chain(envelope.to());
    let beyond = addresses.any(|address| !AsRef::<str>::as_ref(address).is_ascii());
    let needs = [
        (beyond, Extension::SmtpUtfEight),
        (!bytes.is_ascii(), Extension::EightBitMime),
    ];
    for (needed, extension) in needs {
        if !needed {
            continue;
        }
        if !connection.server_info().supports_feature(extension) {
            let why = "the mail server does not take letters outside of ASCII";
            return Err(Unsent::new(why, How::ForGood));
        }
        options.push(match extension {
            Extension::SmtpUtfEight => MailParameter::SmtpUtfEight,
            _ => MailParameter::Body(MailBodyParameter::EightBitMime),
        });
    }
    let refused = |error| unsent(&error, How::ForGood, How::ForNow);
    let from = Mail::new(envelope.from().cloned(), options);
    connection.command(from).await.map_err(refused)?;
    for to in envelope.to() {
        let to = Rcpt::new(to.clone(), Vec::new());
        connection.command(to).await.map_err(refused)?;
    }
    connection.command(Data).await.map_err(refused)?;
    Ok(())
}

/// What an error says: how it is where the server refused for good, and where it did not answer.
fn unsent(error: &Error, refused: How, silent: How) -> Unsent {
    // What a server answers may repeat what it was told, so only its number is kept.
    match error.status() {
        Some(code) => {
            let how = if error.is_permanent() {
                refused
            } else {
                How::ForNow
            };
            Unsent::new(format!("the mail server answered {code}"), how)
        }
        None if error.is_tls() => {
            Unsent::new("the mail server has no certificate to trust", silent)
        }
        None if error.is_timeout() => Unsent::new("the mail server takes too long", silent),
        None => Unsent::new("the mail server cannot be spoken to", silent),
    }
}

fn tls(server: &MailServer) -> Result<TlsParameters, String> {
    let mut builder = TlsParameters::builder(server.host.clone());
    if let Some(path) = &server.ca {
        let wrong = |why: String| format!("{}: {why}", path.display());
        let pem = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
        let certificate =
            Certificate::from_pem(&pem).map_err(|_| wrong("it holds no certificate".to_owned()))?;
        builder = builder
            .certificate_store(CertificateStore::None)
            .add_root_certificate(certificate);
    }
    builder
        .build_rustls()
        .map_err(|error| format!("the certificates cannot be used: {error}"))
}

/// The `Message-ID` of an effect: the same however often its message is sent.
pub(super) fn message_id(id: EffectId, from: &str) -> String {
    let mut bytes = b"wayfare message ".to_vec();
    bytes.extend(id.run.to_be_bytes());
    bytes.extend(id.generation.to_be_bytes());
    bytes.extend(id.ordinal.to_be_bytes());
    // The number of the run itself is nobody's business.
    let name = digest(&SHA256, &bytes);
    let name = crate::audit::hex(name.as_ref().iter().take(16));
    let host = from.rsplit_once('@').map_or("localhost", |(_, host)| host);
    format!("<{name}@{}>", host.trim_end_matches('>'))
}

fn message(id: EffectId, letter: &Letter, now: Timestamp) -> Result<Message, String> {
    let wrong = |what: &str| format!("the {what} is no address");
    // One address and nothing around it: what a list would hold beyond it is somebody else.
    let to: Address = letter.to.parse().map_err(|_| wrong("recipient"))?;
    // Some servers decode such a word where it stands, and send to whomever it names.
    if letter.to.contains("=?") {
        return Err(wrong("recipient"));
    }
    let from: Mailbox = letter.from.parse().map_err(|_| wrong("sender"))?;
    Message::builder()
        .message_id(Some(message_id(id, from.email.as_ref())))
        .from(from)
        .to(Mailbox::new(None, to))
        .date(UNIX_EPOCH + Duration::from_millis(now.0))
        .subject(&letter.subject)
        .header(if letter.html {
            ContentType::TEXT_HTML
        } else {
            ContentType::TEXT_PLAIN
        })
        .header(lettre::message::header::MIME_VERSION_1_0)
        .body(letter.body.reveal().clone())
        .map_err(|_| "the message cannot be written".to_owned())
}
