//! One connection to the server, made anew where it has ended.
//!
//! In: a request. Out: the status and the JSON of its reply. Nothing is followed, no cookie is kept, nothing
//! is tried again.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::Value as Json;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    task::JoinHandle,
};

use super::{
    failure::{Failure, Kind},
    host::Target,
};

/// The most bytes of a reply.
const REPLY_MAX: usize = 1 << 20;

/// What is asked.
#[derive(Debug)]
pub(crate) struct Question<'a> {
    pub(crate) method: Method,
    /// Below the base of the product.
    pub(crate) path: &'a str,
    pub(crate) version: &'static str,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) body: Bytes,
}

/// What came.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    /// Whether it says in how many seconds to come back.
    pub(crate) waits: bool,
    pub(crate) body: Option<Json>,
}

/// A connection of a bench.
#[derive(Debug)]
pub(crate) struct Client {
    target: Arc<Target>,
    open: Option<Open>,
    /// How many connections were made.
    pub(crate) opened: u64,
}

/// A connection that is open; it ends when this is dropped.
#[derive(Debug)]
struct Open {
    sender: SendRequest<Full<Bytes>>,
    driven: JoinHandle<()>,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.driven.abort();
    }
}

impl Client {
    pub(crate) fn new(target: Arc<Target>) -> Self {
        Self {
            target,
            open: None,
            opened: 0,
        }
    }

    /// Asks, and reads what comes.
    pub(crate) async fn ask(&mut self, question: Question<'_>) -> Result<Answer, Failure> {
        let request = self.request(question)?;
        self.send(request).await
    }

    /// Asks whether the server runs, on a connection of its own, as whoever watches it does.
    pub(crate) async fn health(target: &Arc<Target>) -> Result<(), Failure> {
        let mut client = Self::new(Arc::clone(target));
        let request = Request::builder()
            .uri("/healthz")
            .header(header::HOST, &target.authority)
            .header(header::CONNECTION, "close")
            .body(Full::default())
            .map_err(|error| Failure::new(Kind::Connection, error.to_string()))?;
        let answer = client.send(request).await?;
        if answer.status == StatusCode::OK {
            Ok(())
        } else {
            Err(Failure::of_status(answer.status, answer.waits, None))
        }
    }

    async fn send(&mut self, request: Request<Full<Bytes>>) -> Result<Answer, Failure> {
        let connection = |error: hyper::Error| Failure::new(Kind::Connection, error.to_string());
        // Taken out while it is used: where the caller stops waiting, the connection ends with the wait.
        let kept = match self.open.take() {
            Some(mut open) => open.sender.ready().await.is_ok().then_some(open),
            None => None,
        };
        let mut open = match kept {
            Some(open) => open,
            None => self.connect().await?,
        };
        open.sender.ready().await.map_err(connection)?;
        let reply = open
            .sender
            .send_request(request)
            .await
            .map_err(connection)?;
        let status = reply.status();
        let wait = reply.headers().get(header::RETRY_AFTER);
        let waits = wait.is_some_and(|wait| wait.to_str().is_ok_and(is_time));
        let body = Limited::new(reply.into_body(), REPLY_MAX).collect().await;
        let body = body
            .map_err(|error| Failure::new(Kind::Reply, format!("the reply ends early: {error}")))?;
        self.open = Some(open);
        Ok(Answer {
            status,
            waits,
            body: serde_json::from_slice(&body.to_bytes()).ok(),
        })
    }

    fn request(&self, question: Question<'_>) -> Result<Request<Full<Bytes>>, Failure> {
        let mut request = Request::builder()
            .method(question.method)
            .uri(format!("{}{}", self.target.base, question.path))
            .header(header::HOST, &self.target.authority)
            .header(header::CONTENT_TYPE, "application/json")
            .header("accept-api-version", question.version)
            .header(
                header::USER_AGENT,
                concat!("wayfare-bench/", env!("CARGO_PKG_VERSION")),
            );
        if let Some(headers) = request.headers_mut() {
            headers.extend(question.headers);
        }
        request
            .body(Full::new(question.body))
            .map_err(|error| Failure::new(Kind::Connection, error.to_string()))
    }

    async fn connect(&mut self) -> Result<Open, Failure> {
        let mut last = "the host has no address".to_owned();
        for address in &self.target.addresses {
            let stream = match TcpStream::connect(address).await {
                Ok(stream) => stream,
                Err(error) => {
                    last = error.to_string();
                    continue;
                }
            };
            // What is small is not kept back for more.
            let _ = stream.set_nodelay(true);
            let open = match &self.target.tls {
                None => Open::on(stream).await,
                Some((connector, name)) => match connector.connect(name.clone(), stream).await {
                    Ok(stream) => Open::on(stream).await,
                    Err(error) => Err(error.to_string()),
                },
            };
            let open = open.map_err(|error| Failure::new(Kind::Connection, error))?;
            self.opened += 1;
            return Ok(open);
        }
        Err(Failure::new(
            Kind::Connection,
            format!("{} cannot be reached: {last}", self.target.authority),
        ))
    }
}

/// Whether this says when to come back: a number of seconds, or a date of HTTP.
fn is_time(text: &str) -> bool {
    let is_date = text.len() == 29 && text.ends_with(" GMT");
    is_date || text.parse::<u32>().is_ok()
}

impl Open {
    async fn on(
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    ) -> Result<Self, String> {
        let (sender, connection) = handshake(TokioIo::new(stream))
            .await
            .map_err(|error| error.to_string())?;
        let driven = tokio::spawn(async move {
            // What is wrong with the connection is said to whoever waits for the reply.
            let _ = connection.await;
        });
        Ok(Self { sender, driven })
    }
}
