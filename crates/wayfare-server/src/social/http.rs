//! One request to a provider.
//!
//! One connection for one request; nothing is followed, nothing is tried again, and what is answered is bounded
//! in bytes and time. What is not encrypted stays on this machine, and an address that is private is connected
//! to only where the settings say that the provider has one.

use std::{fmt, io, net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Method, Request, Uri, header};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, lookup_host},
    time::timeout,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{ClientConfig, pki_types::ServerName},
};
use wayfare::Secret;
use wayfare_wire::social::{ANSWER_BYTES_MAX, is_trustworthy};

use crate::{config::external_is_loopback, external::Driven, web::is_private};

/// What asks a provider.
pub(super) struct Caller {
    pub(super) tls: Arc<ClientConfig>,
    pub(super) timeout: Duration,
    /// Whether the host may have a private address.
    pub(super) private: bool,
}

/// What is asked.
pub(super) struct Ask<'a> {
    pub(super) url: &'a str,
    /// The form to post; a request that only reads without one.
    pub(super) form: Option<Secret<String>>,
    /// The header `Authorization`.
    pub(super) authorization: Option<Secret<String>>,
}

/// What is answered.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Bytes,
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller").finish_non_exhaustive()
    }
}

impl Caller {
    /// Asks.
    ///
    /// # Errors
    /// There is no answer: why, without anything that was sent.
    pub(super) async fn ask(&self, ask: Ask<'_>) -> Result<Answer, String> {
        let url = ask.url;
        let host = url
            .parse::<Uri>()
            .ok()
            .and_then(|uri| uri.host().map(str::to_owned));
        let host = host.unwrap_or_default();
        let most = self.timeout;
        let done = timeout(most, self.exchange(ask)).await;
        let done = done.unwrap_or_else(|_| Err(format!("no answer within {most:?}")));
        done.map_err(|why| format!("{host}: {why}"))
    }

    async fn exchange(&self, ask: Ask<'_>) -> Result<Answer, String> {
        if !is_trustworthy(ask.url, true) {
            return Err("it is no address that can be trusted".to_owned());
        }
        let uri: Uri = ask.url.parse().map_err(|_| "it is no address".to_owned())?;
        let https = uri.scheme_str() == Some("https");
        let port = uri.port_u16().unwrap_or(if https { 443 } else { 80 });
        let host = uri.host().unwrap_or_default();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let request = request(&ask, &uri)?;
        let stream = self.connect(bare, port, https).await;
        let stream = stream.map_err(|error| error.to_string())?;
        if !https {
            return send(stream, request).await;
        }
        let name = ServerName::try_from(bare.to_owned()).map_err(|error| error.to_string())?;
        let connector = TlsConnector::from(Arc::clone(&self.tls));
        let stream = connector.connect(name, stream).await;
        send(stream.map_err(|error| error.to_string())?, request).await
    }

    /// The first address of a host that may be connected to and takes a connection.
    async fn connect(&self, host: &str, port: u16, https: bool) -> io::Result<TcpStream> {
        let mut last = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
        let found: Vec<SocketAddr> = lookup_host((host, port)).await?.collect();
        let local = external_is_loopback(host);
        for address in found {
            let ip = address.ip();
            if !https && !ip.is_loopback() || is_private(ip) && !(local || self.private) {
                let why = "the address of the host is a private one";
                last = io::Error::new(io::ErrorKind::PermissionDenied, why);
                continue;
            }
            match TcpStream::connect(address).await {
                Ok(stream) => return Ok(stream),
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

fn request(ask: &Ask<'_>, uri: &Uri) -> Result<Request<Full<Bytes>>, String> {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let method = match ask.form {
        Some(_) => Method::POST,
        None => Method::GET,
    };
    let mut builder = Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, authority)
        .header(header::ACCEPT, "application/json")
        .header(header::CONNECTION, "close")
        .header(
            header::USER_AGENT,
            concat!("wayfare/", env!("CARGO_PKG_VERSION")),
        );
    if let Some(authorization) = &ask.authorization {
        builder = builder.header(header::AUTHORIZATION, authorization.reveal());
    }
    let body = match &ask.form {
        Some(form) => {
            builder = builder.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
            Bytes::from(form.reveal().clone())
        }
        None => Bytes::new(),
    };
    builder
        .body(Full::new(body))
        .map_err(|_| "the request cannot be written".to_owned())
}

async fn send(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    request: Request<Full<Bytes>>,
) -> Result<Answer, String> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| error.to_string())?;
    let _connection = Driven(tokio::spawn(async move {
        // What is wrong with the connection is said to whoever waits for the answer.
        let _ = connection.await;
    }));
    let reply = sender
        .send_request(request)
        .await
        .map_err(|error| error.to_string())?;
    let status = reply.status().as_u16();
    let body = Limited::new(reply.into_body(), ANSWER_BYTES_MAX)
        .collect()
        .await
        .map_err(|error| {
            if error.downcast_ref::<LengthLimitError>().is_some() {
                format!("the answer has more than {ANSWER_BYTES_MAX} bytes")
            } else {
                "the answer breaks off".to_owned()
            }
        })?;
    Ok(Answer {
        status,
        body: body.to_bytes(),
    })
}
