//! Nodes outside: their handlers are called here.
//!
//! In: an effect, and the settings of its type. Out: what the handler replied, if it is signed for this very
//! request and says nothing that the settings forbid; else why the node fails. One connection for one call,
//! nothing is followed, nothing is tried again: whether a second call does no harm only the handler knows,
//! and it has the key to tell. Handlers in this process are asked first.

use std::{collections::BTreeMap, fmt, io, net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Method, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use ring::digest::{SHA256, digest};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, lookup_host},
    time::timeout,
};
use tokio_rustls::{TlsConnector, rustls::pki_types::ServerName};
use wayfare::{
    EffectReply, Timestamp,
    engine::{
        effect::{EffectId, External, ExternalReply, Handlers},
        step::Call,
    },
};
use wayfare_wire::external::{Allowed, IDEMPOTENCY_KEY, Key, NONCE, SIGNATURE, TIME};

use crate::{
    audit::hex,
    clock::drawn,
    config::{ExternalSettings, external_is_loopback},
    trust::trusting,
};

/// A handler cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the handler of `{ty}` cannot be used: {message}")]
pub struct ExternalError {
    /// The type, as it is called in text.
    pub ty: String,
    /// Why.
    pub message: String,
}

/// Everything that is asked for nodes outside.
#[derive(Debug, Default)]
pub(crate) struct Outside {
    here: Handlers,
    there: BTreeMap<String, Remote>,
}

impl Outside {
    /// The handlers of the settings and those of this process.
    pub(crate) fn new(
        settings: &BTreeMap<String, ExternalSettings>,
        here: Handlers,
    ) -> Result<Self, ExternalError> {
        let mut there = BTreeMap::new();
        for (ty, settings) in settings {
            let remote = Remote::new(settings).map_err(|message| ExternalError {
                ty: ty.clone(),
                message,
            })?;
            there.insert(ty.clone(), remote);
        }
        Ok(Self { here, there })
    }

    /// Asks whoever decides for the node.
    pub(crate) async fn perform(
        &self,
        call: &Call,
        asked: &External,
        now: Timestamp,
    ) -> EffectReply {
        if let Some(reply) = self.here.perform(call) {
            return reply;
        }
        let Some(remote) = self.there.get(&*asked.name) else {
            return EffectReply::Failed(format!("nobody answers for `{}`", asked.name));
        };
        match remote.ask(call.id, asked, now).await {
            Ok(reply) => EffectReply::External(Box::new(reply)),
            Err(error) => EffectReply::Failed(format!("`{}`: {error}", asked.name)),
        }
    }
}

/// The types that are answered for, for whoever links programs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Served {
    here: Handlers,
    there: Arc<BTreeMap<String, Allowed>>,
}

impl Served {
    pub(crate) fn new(settings: &BTreeMap<String, ExternalSettings>, here: Handlers) -> Self {
        Self {
            here,
            there: Arc::new(
                settings
                    .iter()
                    .map(|(ty, settings)| (ty.clone(), settings.allowed.clone()))
                    .collect(),
            ),
        }
    }

    pub(crate) fn knows(&self, ty: &str) -> bool {
        self.here.knows(ty) || self.there.contains_key(ty)
    }

    /// What the handler of a type gets and may say, where the settings have one.
    pub(crate) fn allowed(&self, ty: &str) -> Option<&Allowed> {
        self.there.get(ty)
    }
}

/// Why there is no reply that counts.
#[derive(Debug)]
enum CallError {
    TooSlow(Duration),
    Unreachable(io::Error),
    Tls(io::Error),
    Http(hyper::Error),
    Status(StatusCode),
    TooLarge(usize),
    Unsigned,
    Reply(wayfare_wire::external::ReplyError),
    NoRandomness,
    Broken,
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooSlow(time) => write!(f, "no reply within {time:?}"),
            Self::Unreachable(error) => write!(f, "cannot be reached: {error}"),
            Self::Tls(error) => write!(f, "no connection that can be trusted: {error}"),
            Self::Http(error) => write!(f, "no reply: {error}"),
            Self::Status(status) => write!(f, "replied with status {}", status.as_u16()),
            Self::TooLarge(most) => write!(f, "replied with more than {most} bytes"),
            Self::Unsigned => f.write_str("the reply is not signed for this request"),
            Self::Reply(error) => error.fmt(f),
            Self::NoRandomness => f.write_str("the source of randomness failed"),
            Self::Broken => f.write_str("the request cannot be written"),
        }
    }
}

/// A handler that is called over HTTP.
struct Remote {
    settings: ExternalSettings,
    key: Key,
    host: String,
    port: u16,
    /// Where the address is one of `https`.
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote")
            .field("url", &self.settings.url)
            .finish_non_exhaustive()
    }
}

impl Remote {
    fn new(settings: &ExternalSettings) -> Result<Self, String> {
        let secret = settings.secret.read().map_err(|error| error.to_string())?;
        let key = Key::new(secret.reveal().as_bytes()).ok_or_else(|| {
            let least = wayfare_wire::external::SECRET_BYTES_MIN;
            format!("its secret is shorter than {least} bytes")
        })?;
        let url = &settings.url;
        let host = url.host().unwrap_or_default();
        let host = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        let https = url.scheme_str() == Some("https");
        if !https && !external_is_loopback(&host) {
            return Err("its address is neither https nor on this machine".to_owned());
        }
        let tls = if https {
            let name = ServerName::try_from(host.clone()).map_err(|error| error.to_string())?;
            let config = trusting(settings.ca.as_deref(), None)?;
            Some((TlsConnector::from(config), name))
        } else {
            None
        };
        Ok(Self {
            key,
            port: url.port_u16().unwrap_or(if https { 443 } else { 80 }),
            host,
            tls,
            settings: settings.clone(),
        })
    }

    async fn ask(
        &self,
        id: EffectId,
        asked: &External,
        now: Timestamp,
    ) -> Result<ExternalReply, CallError> {
        let most = self.settings.timeout;
        let body = timeout(most, self.exchange(id, asked, now))
            .await
            .map_err(|_| CallError::TooSlow(most))??;
        let allowed = &self.settings.allowed;
        allowed.reply(asked, &body).map_err(CallError::Reply)
    }

    /// The body of the reply, once its signature is right.
    async fn exchange(
        &self,
        id: EffectId,
        asked: &External,
        now: Timestamp,
    ) -> Result<Bytes, CallError> {
        let nonce: [u8; 16] = drawn().map_err(|_| CallError::NoRandomness)?;
        let nonce = hex(nonce.iter());
        let request = self.request(id, asked, now, &nonce)?;
        let stream = self.connect().await.map_err(CallError::Unreachable)?;
        match &self.tls {
            None => self.send(stream, request, &nonce).await,
            Some((connector, name)) => {
                let stream = connector.connect(name.clone(), stream).await;
                self.send(stream.map_err(CallError::Tls)?, request, &nonce)
                    .await
            }
        }
    }

    fn request(
        &self,
        id: EffectId,
        asked: &External,
        now: Timestamp,
        nonce: &str,
    ) -> Result<Request<Full<Bytes>>, CallError> {
        let body = self.settings.allowed.request(asked);
        let (time, key) = (now.0.to_string(), idempotency_key(id));
        let signature = self.key.request(&time, nonce, &key, body.as_bytes());
        let url = &self.settings.url;
        let path = url.path_and_query().map_or("/", |path| path.as_str());
        let host = url.authority().map_or("", |authority| authority.as_str());
        Request::builder()
            .method(Method::POST)
            .uri(path.parse::<Uri>().map_err(|_| CallError::Broken)?)
            .header(header::HOST, host)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "application/json")
            .header(header::CONNECTION, "close")
            .header(
                header::USER_AGENT,
                concat!("wayfare/", env!("CARGO_PKG_VERSION")),
            )
            .header(TIME, time)
            .header(NONCE, nonce)
            .header(IDEMPOTENCY_KEY, key)
            .header(SIGNATURE, signature)
            .body(Full::new(Bytes::from(body)))
            .map_err(|_| CallError::Broken)
    }

    /// The first address of the host that takes a connection.
    async fn connect(&self) -> io::Result<TcpStream> {
        let mut last = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
        let found: Vec<SocketAddr> = lookup_host((&*self.host, self.port)).await?.collect();
        for address in found {
            // What is not encrypted stays on this machine, whatever a name server says.
            if self.tls.is_none() && !address.ip().is_loopback() {
                continue;
            }
            match TcpStream::connect(address).await {
                Ok(stream) => return Ok(stream),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    async fn send(
        &self,
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
        request: Request<Full<Bytes>>,
        nonce: &str,
    ) -> Result<Bytes, CallError> {
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(CallError::Http)?;
        // It ends with the call: dropping the guard closes the connection.
        let _connection = Driven(tokio::spawn(async move {
            // What is wrong with the connection is said to whoever waits for the reply.
            let _ = connection.await;
        }));
        let reply = sender
            .send_request(request)
            .await
            .map_err(CallError::Http)?;
        if reply.status() != StatusCode::OK {
            return Err(CallError::Status(reply.status()));
        }
        // Of two nobody can say which the handler meant.
        let mut signatures = reply.headers().get_all(SIGNATURE).iter();
        let signature = match (signatures.next(), signatures.next()) {
            (Some(only), None) => only.to_str().ok().map(str::to_owned),
            _ => None,
        };
        let most = self.settings.reply_bytes;
        let body = Limited::new(reply.into_body(), most).collect().await;
        let body = body.map_err(|error| match error.downcast::<LengthLimitError>() {
            Ok(_) => CallError::TooLarge(most),
            Err(other) => match other.downcast::<hyper::Error>() {
                Ok(error) => CallError::Http(*error),
                Err(_) => CallError::Broken,
            },
        })?;
        let body = body.to_bytes();
        match signature {
            Some(signature) if self.key.is_reply(nonce, &body, &signature) => Ok(body),
            _ => Err(CallError::Unsigned),
        }
    }
}

/// The task that drives a connection.
pub(crate) struct Driven(pub(crate) tokio::task::JoinHandle<()>);

impl Drop for Driven {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The same for a call that is repeated; it tells nothing of the run.
pub(crate) fn idempotency_key(id: EffectId) -> String {
    let text = format!("wayfare effect {} {} {}", id.run, id.generation, id.ordinal);
    let hash = digest(&SHA256, text.as_bytes());
    hex(hash.as_ref().iter().take(16))
}
