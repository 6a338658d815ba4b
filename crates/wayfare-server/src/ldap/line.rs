//! Lines to a directory: connected, protected, and watched.
//!
//! In: where a directory is, whom to trust and what to show. Out: a handle of the library that speaks the
//! protocol. The library does not have the line itself but one end of a pair, and a task of ours moves the
//! bytes: what is asked goes as it is, and of what comes only whole messages within bounds are handed on, so
//! that nothing is parsed before its size is known. A line that brings anything else ends, and tells why.
//! Everything that belongs to a line ends when it is dropped.

use std::{
    fmt, io,
    net::SocketAddr,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use bytes::BytesMut;
use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, StdStream};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, split},
    net::{TcpStream, lookup_host},
    task::JoinSet,
    time::timeout,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{ClientConfig, pki_types::ServerName},
};
use wayfare::engine::effect::LdapSecurity;

use super::{
    LdapError, Target,
    ber::{self, Fault, LIMITS, Limits},
    refused,
};
use crate::trust::trusting;

/// How many bytes are read at once.
const READ_BYTES: usize = 16 * 1024;
/// The request after whose answer TLS begins.
const START_TLS: &[u8] = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037";

/// A line to a directory.
pub(super) struct Line {
    pub(super) ldap: Ldap,
    fault: Arc<OnceLock<Fault>>,
    /// What moves the bytes and what speaks the protocol.
    _tasks: JoinSet<()>,
}

/// What the connections of a directory are made with.
pub(super) fn tls_of(target: &Target) -> Result<Option<Arc<ClientConfig>>, String> {
    match target.security {
        LdapSecurity::Plain => Ok(None),
        LdapSecurity::Tls | LdapSecurity::StartTls => {
            trusting(target.ca.as_deref(), target.certificate.as_ref()).map(Some)
        }
    }
}

fn unreachable(error: &dyn fmt::Display) -> LdapError {
    LdapError::Unreachable(error.to_string())
}

impl Line {
    /// A line to the first server that takes one.
    pub(super) async fn open(target: &Target) -> Result<Self, LdapError> {
        let share = u32::try_from(target.servers.len()).unwrap_or(1).max(1);
        let most = target.timeout / share;
        let mut last = unreachable(&"it has no address");
        for (host, port) in &target.servers {
            match timeout(most, Self::open_to(target, host, *port)).await {
                Ok(Ok(line)) => return Ok(line),
                Ok(Err(error)) => last = error,
                Err(_) => last = LdapError::TooSlow(most),
            }
        }
        Err(last)
    }

    async fn open_to(target: &Target, host: &str, port: u16) -> Result<Self, LdapError> {
        // Read for each line, so that a certificate that was replaced is the one that is shown.
        let tls = tls_of(target).map_err(LdapError::Unreachable)?;
        let found: Vec<SocketAddr> = lookup_host((host, port))
            .await
            .map_err(|error| unreachable(&error))?
            .collect();
        let mut last = unreachable(&"the host has no address");
        for address in found {
            // What is not encrypted stays on this machine, whatever a name server says.
            if tls.is_none() && !address.ip().is_loopback() {
                last = LdapError::Unprotected;
                continue;
            }
            let mut stream = match TcpStream::connect(address).await {
                Ok(stream) => stream,
                Err(error) => {
                    last = unreachable(&error);
                    continue;
                }
            };
            stream
                .set_nodelay(true)
                .map_err(|error| unreachable(&error))?;
            let Some(config) = tls else {
                return Self::over(stream).await;
            };
            if target.security == LdapSecurity::StartTls {
                start_tls(&mut stream).await?;
            }
            let name =
                ServerName::try_from(host.to_owned()).map_err(|error| unreachable(&error))?;
            let stream = TlsConnector::from(config).connect(name, stream).await;
            return Self::over(stream.map_err(|error| unreachable(&error))?).await;
        }
        Err(last)
    }

    async fn over<S>(stream: S) -> Result<Self, LdapError>
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        let (near, settings, url) = pair().map_err(|error| unreachable(&error))?;
        let opened = LdapConnAsync::with_settings(settings, url).await;
        let (connection, ldap) = opened.map_err(|error| unreachable(&error))?;
        let fault = Arc::new(OnceLock::new());
        let noted = Arc::clone(&fault);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            // What is wrong with it is said to whoever waits.
            let _ = connection.drive().await;
        });
        tasks.spawn(async move {
            if let Err(Stopped::Fault(fault)) = relay(near, stream, LIMITS).await {
                // It is set nowhere else.
                let _ = noted.set(fault);
            }
        });
        Ok(Self {
            ldap,
            fault,
            _tasks: tasks,
        })
    }

    /// Whether nothing can be asked over it any more.
    pub(super) fn is_closed(&mut self) -> bool {
        self.fault.get().is_some() || self.ldap.is_closed()
    }

    /// What went wrong, as far as the line knows.
    pub(super) fn broken(&self, error: ldap3::LdapError) -> LdapError {
        match (self.fault.get(), error) {
            (Some(fault), _) => LdapError::Sent(fault.to_string()),
            (None, ldap3::LdapError::LdapResult { result }) => refused(&result),
            (None, other) => unreachable(&other),
        }
    }
}

/// One end of a pair of streams of this process, and the settings for the library to take the other.
#[cfg(unix)]
fn pair() -> io::Result<(tokio::net::UnixStream, LdapConnSettings, &'static str)> {
    let (near, far) = std::os::unix::net::UnixStream::pair()?;
    near.set_nonblocking(true)?;
    let near = tokio::net::UnixStream::from_std(near)?;
    let settings = LdapConnSettings::new().set_std_stream(StdStream::Unix(far));
    Ok((near, settings, "ldapi://near"))
}

/// One end of a pair of streams of this process, and the settings for the library to take the other.
#[cfg(not(unix))]
fn pair() -> io::Result<(TcpStream, LdapConnSettings, &'static str)> {
    let listener = std::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0))?;
    let near = std::net::TcpStream::connect(listener.local_addr()?)?;
    let (far, whose) = listener.accept()?;
    if whose != near.local_addr()? {
        return Err(io::Error::other("somebody else was faster"));
    }
    near.set_nonblocking(true)?;
    let settings = LdapConnSettings::new().set_std_stream(StdStream::Tcp(far));
    Ok((TcpStream::from_std(near)?, settings, "ldap://localhost"))
}

/// Asks for TLS; not a byte behind the answer is read, for whoever stands between could have put it there.
async fn start_tls(stream: &mut TcpStream) -> Result<(), LdapError> {
    let limits = Limits {
        bytes: 4_096,
        ..LIMITS
    };
    let sent = |fault: Fault| LdapError::Sent(fault.to_string());
    stream
        .write_all(START_TLS)
        .await
        .map_err(|error| unreachable(&error))?;
    let mut answer = Vec::new();
    // BOUND: what is longer than the limit is refused by its length, which is in the first six bytes.
    loop {
        match ber::length(&answer, limits).map_err(sent)? {
            None => answer.push(
                stream
                    .read_u8()
                    .await
                    .map_err(|error| unreachable(&error))?,
            ),
            Some(length) => {
                let head = answer.len();
                answer.resize(length, 0);
                let rest = answer.get_mut(head..).unwrap_or_default();
                stream
                    .read_exact(rest)
                    .await
                    .map_err(|error| unreachable(&error))?;
                break;
            }
        }
    }
    ber::checked(&answer, limits).map_err(sent)?;
    match ber::extended(&answer) {
        Some(0) => Ok(()),
        Some(code) => Err(LdapError::Refused {
            code,
            text: "TLS".to_owned(),
        }),
        None => Err(sent(Fault::Nonsense)),
    }
}

/// Why bytes are no longer moved.
enum Stopped {
    Fault(Fault),
    /// One of the two is gone; the library tells.
    Gone,
}

impl From<Fault> for Stopped {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<io::Error> for Stopped {
    fn from(_: io::Error) -> Self {
        Self::Gone
    }
}

/// Moves bytes both ways, for as long as what comes is within bounds.
async fn relay(
    near: impl AsyncRead + AsyncWrite,
    far: impl AsyncRead + AsyncWrite,
    limits: Limits,
) -> Result<(), Stopped> {
    let ((near_in, near_out), (far_in, far_out)) = (split(near), split(far));
    let asked = AtomicBool::new(false);
    tokio::select! {
        sent = send(near_in, far_out, &asked) => sent,
        taken = take(far_in, near_out, &asked, limits) => taken,
    }
}

async fn send(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    asked: &AtomicBool,
) -> Result<(), Stopped> {
    let mut bytes = BytesMut::with_capacity(READ_BYTES);
    // BOUND: as long as the line is there.
    while from.read_buf(&mut bytes).await? > 0 {
        asked.store(true, Ordering::Release);
        to.write_all(&bytes).await?;
        to.flush().await?;
        bytes.clear();
    }
    Ok(())
}

async fn take(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    asked: &AtomicBool,
    limits: Limits,
) -> Result<(), Stopped> {
    let mut bytes = BytesMut::new();
    let (mut messages, mut all_bytes, mut all_elements) = (0, 0, 0);
    // BOUND: as long as the line is there; of what answers one request there is a most.
    loop {
        let length = ber::length(&bytes, limits)?;
        if let Some(length) = length.filter(|length| *length <= bytes.len()) {
            let message = bytes.split_to(length);
            if asked.swap(false, Ordering::AcqRel) {
                (messages, all_bytes, all_elements) = (0, 0, 0);
            }
            messages += 1;
            all_bytes += message.len();
            all_elements += ber::checked(&message, limits)?;
            let much = messages > limits.messages
                || all_bytes > limits.all_bytes
                || all_elements > limits.all_elements;
            if much {
                return Err(Fault::Much.into());
            }
            to.write_all(&message).await?;
            continue;
        }
        bytes.reserve(READ_BYTES);
        if from.read_buf(&mut bytes).await? == 0 {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes through of what a directory sends, behind a request.
    async fn through(sent: &[u8], limits: Limits) -> (Vec<u8>, Result<(), Fault>) {
        let (mut library, near) = tokio::io::duplex(1 << 20);
        let (far, mut directory) = tokio::io::duplex(1 << 20);
        library.write_all(b"asked").await.unwrap();
        let mut request = [0; 5];
        let moving = tokio::spawn(relay(near, far, limits));
        directory.read_exact(&mut request).await.unwrap();
        assert_eq!(&request, b"asked");
        directory.write_all(sent).await.unwrap();
        drop(directory);
        let mut taken = Vec::new();
        library.read_to_end(&mut taken).await.unwrap();
        let fault = match moving.await.unwrap() {
            Err(Stopped::Fault(fault)) => Err(fault),
            Ok(()) | Err(Stopped::Gone) => Ok(()),
        };
        (taken, fault)
    }

    const DONE: [u8; 14] = [0x30, 12, 2, 1, 1, 0x65, 7, 10, 1, 0, 4, 0, 4, 0];

    #[tokio::test]
    async fn whole_messages_are_handed_on_and_nothing_else_is() {
        assert_eq!(through(&DONE, LIMITS).await, (DONE.to_vec(), Ok(())));
        let cut = [&DONE[..], &DONE[..9]].concat();
        assert_eq!(through(&cut, LIMITS).await, (DONE.to_vec(), Ok(())));
        let long = [&DONE[..], &[0x30, 0x84, 0x7f, 0xff, 0xff, 0xff]].concat();
        let fault = Err(Fault::Long(LIMITS.bytes));
        assert_eq!(through(&long, LIMITS).await, (DONE.to_vec(), fault));
        let longer_inside = [0x30, 12, 2, 1, 1, 0x65, 0x7f, 10, 1, 0, 4, 0, 4, 0];
        let fault = Err(Fault::Nonsense);
        assert_eq!(through(&longer_inside, LIMITS).await, (Vec::new(), fault));
    }

    #[tokio::test]
    async fn all_that_answers_a_request_has_a_bound() {
        let three = DONE.repeat(3);
        for few in [
            Limits {
                messages: 2,
                ..LIMITS
            },
            Limits {
                all_bytes: 30,
                ..LIMITS
            },
            Limits {
                all_elements: 13,
                ..LIMITS
            },
        ] {
            let two = (DONE.repeat(2), Err(Fault::Much));
            assert_eq!(through(&three, few).await, two, "{few:?}");
            let both = (DONE.repeat(2), Ok(()));
            assert_eq!(through(&DONE.repeat(2), few).await, both, "{few:?}");
        }
    }
}
