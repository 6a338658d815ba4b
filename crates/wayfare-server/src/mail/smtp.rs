//! A line to a mail server.
//!
//! Every message has a connection of its own, and one time for all of it: a server that is slow fails
//! like one that refuses.

use std::time::{Duration, UNIX_EPOCH};

use lettre::{
    AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    address::Address,
    message::{Mailbox, header::ContentType},
    transport::smtp::{
        authentication::Credentials,
        client::{Certificate, CertificateStore, Tls, TlsParameters},
        extension::ClientId,
    },
};
use wayfare::Timestamp;

use super::Letter;
use crate::config::{MailSecurity, MailServer};

/// A mail server and how to speak to it.
#[derive(Debug)]
pub(super) struct Line {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    timeout: Duration,
}

impl Line {
    /// A line by these settings; nothing is connected yet.
    pub(super) fn new(server: &MailServer) -> Result<Self, String> {
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&server.host)
            .port(server.port)
            .timeout(Some(server.timeout))
            .hello_name(ClientId::Domain("localhost".to_owned()))
            .tls(match server.security {
                MailSecurity::None => Tls::None,
                MailSecurity::StartTls => Tls::Required(tls(server)?),
                MailSecurity::Tls => Tls::Wrapper(tls(server)?),
            });
        if let Some((username, password)) = &server.account {
            let password = password.read().map_err(|error| error.to_string())?;
            let password = password.reveal().clone();
            builder = builder.credentials(Credentials::new(username.clone(), password));
        }
        Ok(Self {
            transport: builder.build(),
            timeout: server.timeout,
        })
    }

    /// Sends one letter, and says why where the server does not take it.
    pub(super) async fn send(&self, letter: &Letter, now: Timestamp) -> Result<(), String> {
        let message = message(letter, now)?;
        match tokio::time::timeout(self.timeout, self.transport.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            // What a server answers may repeat what it was told, so only its number is kept.
            Ok(Err(error)) => Err(match error.status() {
                Some(code) => format!("the mail server answered {code}"),
                None if error.is_tls() => "the mail server has no certificate to trust".to_owned(),
                None if error.is_timeout() => "the mail server takes too long".to_owned(),
                None => "the mail server cannot be spoken to".to_owned(),
            }),
            Err(_) => Err("the mail server takes too long".to_owned()),
        }
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

fn message(letter: &Letter, now: Timestamp) -> Result<Message, String> {
    let wrong = |what: &str| format!("the {what} is no address");
    // One address and nothing around it: what a list would hold beyond it is somebody else.
    let to: Address = letter.to.parse().map_err(|_| wrong("recipient"))?;
    let from: Mailbox = letter.from.parse().map_err(|_| wrong("sender"))?;
    Message::builder()
        .from(from)
        .to(Mailbox::new(None, to))
        .date(UNIX_EPOCH + Duration::from_millis(now.0))
        .subject(&letter.subject)
        .header(if letter.html {
            ContentType::TEXT_HTML
        } else {
            ContentType::TEXT_PLAIN
        })
        .body(letter.body.reveal().clone())
        .map_err(|_| "the message cannot be written".to_owned())
}
