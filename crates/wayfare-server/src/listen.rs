//! Sockets: connections in, requests to the router, replies out.
//!
//! Everything a stranger can hold open has a bound: connections, the time a head and a body may take, the
//! size of both, the time of a request. Where the house is full, some more are told to come back, and how the
//! server is is told all the same; the rest waits. When the server is told to stop, it takes no more
//! connections and lets open requests end.

use std::{
    convert::Infallible,
    io,
    net::{IpAddr, SocketAddr},
    panic::{self, AssertUnwindSafe},
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::{
    body::Incoming,
    server::conn::http1,
    service::{HttpService, service_fn},
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinSet,
};

use crate::{
    config::LimitSettings,
    router::{Router, asked_for_health},
};

/// A reply with its whole body.
pub(crate) type Reply = Response<Full<Bytes>>;

/// A request with its whole body.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) head: http::request::Parts,
    pub(crate) body: Bytes,
    pub(crate) peer: IpAddr,
}

/// How many connections may be told at once that there is no room.
const REFUSED_AT_ONCE: usize = 256;
/// How many seconds they are told to wait.
const RETRY_AFTER_FULL: HeaderValue = HeaderValue::from_static("1");

/// Takes connections until `stop` says so, then lets the open ones end.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Arc<Router>,
    mut stop: watch::Receiver<bool>,
) {
    let limits = router.limits().clone();
    let room = Room {
        served: Arc::new(Semaphore::new(limits.connections)),
        refused: Arc::new(Semaphore::new(REFUSED_AT_ONCE)),
    };
    let mut connections = JoinSet::new();
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_time)
        .max_headers(limits.headers)
        .max_buf_size(limits.head_bytes.max(8_192))
        .half_close(false)
        .keep_alive(true);
    loop {
        let accepted = tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => break,
            accepted = accept(&listener, &room) => accepted,
        };
        let Some((stream, peer, place)) = accepted else {
            continue;
        };
        let _ = stream.set_nodelay(true);
        let router = Arc::clone(&router);
        let bounds = Bounds::of(&limits);
        let is_served = place.is_served;
        let old = tokio::time::Instant::now() + limits.connection_time;
        let service = service_fn(move |request| {
            let router = Arc::clone(&router);
            let peer = peer.ip().to_canonical();
            async move {
                let reply = if is_served {
                    answer(router, request, peer, bounds).await
                } else {
                    turn_away(&router, request, peer).await
                };
                // Said with the last reply, so that its client sends nothing more that would be lost.
                let is_last = tokio::time::Instant::now() >= old;
                Ok::<_, Infallible>(if is_last { closing(reply) } else { reply })
            }
        });
        let connection = builder.serve_connection(TokioIo::new(stream), service);
        while connections.try_join_next().is_some() {}
        let (stop, life) = (stop.clone(), limits.connection_time);
        let last = limits.request_time;
        connections.spawn(async move {
            hold(connection, stop, life, last).await;
            drop(place);
        });
    }
    drop(listener);
    let ended = async { while connections.join_next().await.is_some() {} };
    // Whoever is not done by then is cut off: the set aborts what is left in it.
    let _ = tokio::time::timeout(limits.drain_time, ended).await;
}

/// Serves a connection until its client has enough, the server stops, or it has lived long enough; then
/// the request at hand may end, and no other follows it.
///
/// A client that sends and never reads would hold its place for ever otherwise. One that goes on asking is told
/// with a reply that it is the last, and has as long for that as a request may take: whatever it sends while an
/// idle connection is closed would be lost.
async fn hold<S>(
    connection: http1::Connection<TokioIo<TcpStream>, S>,
    mut stop: watch::Receiver<bool>,
    life: Duration,
    last: Duration,
) where
    S: HttpService<Incoming, ResBody = Full<Bytes>>,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let mut connection = pin!(connection);
    tokio::select! {
        // A connection that breaks is its client's affair.
        _ = connection.as_mut() => return,
        _ = stop.wait_for(|stop| *stop) => {}
        () = tokio::time::sleep(life.saturating_add(last)) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = tokio::time::timeout(last, connection).await;
}

/// How many connections there may be.
#[derive(Debug)]
struct Room {
    served: Arc<Semaphore>,
    refused: Arc<Semaphore>,
}

/// The place of a connection, free again when this is dropped.
#[derive(Debug)]
struct Place {
    is_served: bool,
    _permit: OwnedSemaphorePermit,
}

impl Room {
    /// A place, of those that are served where there is one.
    async fn place(&self) -> Option<Place> {
        let (is_served, permit) = tokio::select! {
            biased;
            permit = Arc::clone(&self.served).acquire_owned() => (true, permit),
            permit = Arc::clone(&self.refused).acquire_owned() => (false, permit),
        };
        Some(Place {
            is_served,
            _permit: permit.ok()?,
        })
    }

    /// The same or a better one: what was taken before somebody came may be out of date.
    fn better(&self, place: Place) -> Place {
        if place.is_served {
            return place;
        }
        match Arc::clone(&self.served).try_acquire_owned() {
            Ok(permit) => Place {
                is_served: true,
                _permit: permit,
            },
            Err(_) => place,
        }
    }
}

type Accepted = (TcpStream, SocketAddr, Place);

async fn accept(listener: &TcpListener, room: &Room) -> Option<Accepted> {
    let place = room.place().await?;
    match listener.accept().await {
        Ok((stream, peer)) => Some((stream, peer, room.better(place))),
        Err(error) => {
            if !matches!(
                error.kind(),
                io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
            ) {
                // Out of descriptors, most likely: asking again at once would only burn the processor.
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            None
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Bounds {
    head_bytes: usize,
    header_bytes: usize,
    body_bytes: usize,
    body_time: Duration,
    request_time: Duration,
}

impl Bounds {
    fn of(limits: &LimitSettings) -> Self {
        Self {
            head_bytes: limits.head_bytes,
            header_bytes: limits.header_bytes,
            body_bytes: limits.body_bytes,
            body_time: limits.body_time,
            request_time: limits.request_time,
        }
    }
}

async fn answer(
    router: Arc<Router>,
    request: Request<Incoming>,
    peer: IpAddr,
    bounds: Bounds,
) -> Reply {
    let until = tokio::time::Instant::now() + bounds.request_time;
    let (head, body) = request.into_parts();
    let own = Arc::clone(&router);
    let refuse = |head: &http::request::Parts, status| closing(own.refuse(head, peer, status));
    let bounds = Bounds {
        body_bytes: own.body_bytes(&head),
        ..bounds
    };
    if let Some(status) = refuse_head(&head, bounds) {
        let refused = refuse(&head, status);
        discard(body).await;
        return refused;
    }
    let body_until = until.min(tokio::time::Instant::now() + bounds.body_time);
    let collected =
        tokio::time::timeout_at(body_until, Limited::new(body, bounds.body_bytes).collect());
    let body = match collected.await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            return refuse(&head, StatusCode::PAYLOAD_TOO_LARGE);
        }
        Ok(Err(_)) => return refuse(&head, StatusCode::BAD_REQUEST),
        Err(_) => return refuse(&head, StatusCode::REQUEST_TIMEOUT),
    };
    let received = Received { head, body, peer };
    let begun = Begun::new(async move { router.route(received).await });
    match tokio::time::timeout_at(until, begun).await {
        Ok(Some(reply)) => reply,
        Ok(None) => {
            own.panicked();
            closing(plain(StatusCode::INTERNAL_SERVER_ERROR))
        }
        // What was begun goes on, and has its own line in the audit when it is done.
        Err(_) => closing(plain(StatusCode::GATEWAY_TIMEOUT)),
    }
}

/// A request that is being answered: whoever hangs up does not stop half-way what has begun.
///
/// It goes on where its connection is served, and on a task of its own only from when nobody waits for it any
/// more: another task for each request would cost another switch of threads.
struct Begun {
    /// Behind a pointer: what all wires together hold is fifteen kilobytes, which would be copied at each move.
    rest: Option<Pin<Box<dyn Future<Output = Reply> + Send>>>,
}

impl Begun {
    fn new(answer: impl Future<Output = Reply> + Send + 'static) -> Self {
        Self {
            rest: Some(Box::pin(answer)),
        }
    }
}

impl Future for Begun {
    /// Nothing where it ended in a panic.
    type Output = Option<Reply>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Reply>> {
        let Some(mut rest) = self.rest.take() else {
            return Poll::Ready(None);
        };
        // What a panic leaves half-way is never looked at again: the answer goes, and what it held goes with it.
        let polled = panic::catch_unwind(AssertUnwindSafe(|| rest.as_mut().poll(context)));
        match polled {
            Ok(Poll::Ready(reply)) => Poll::Ready(Some(reply)),
            Ok(Poll::Pending) => {
                self.rest = Some(rest);
                Poll::Pending
            }
            Err(_) => Poll::Ready(None),
        }
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        if let Some(rest) = self.rest.take()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(rest);
        }
    }
}

/// Tells a client without a place to come back, and whoever asks how the server is that it runs.
async fn turn_away(router: &Router, request: Request<Incoming>, peer: IpAddr) -> Reply {
    let (head, body) = request.into_parts();
    if let Some(health) = asked_for_health(&head) {
        return closing(health);
    }
    let mut refused = router.refuse(&head, peer, StatusCode::SERVICE_UNAVAILABLE);
    let headers = refused.headers_mut();
    headers.insert(header::RETRY_AFTER, RETRY_AFTER_FULL);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    discard(body).await;
    closing(refused)
}

/// How much of a body that nobody wants is read all the same, and for how long, so that its sender gets to
/// read why.
const DISCARDED_MAX: usize = 16 * 1_024 * 1_024;
const DISCARDING_MAX: Duration = Duration::from_secs(1);

async fn discard(mut body: Incoming) {
    let mut read = 0;
    let reading = async {
        while let Some(Ok(frame)) = body.frame().await {
            read += frame.data_ref().map_or(0, Bytes::len);
            if read > DISCARDED_MAX {
                return;
            }
        }
    };
    let _ = tokio::time::timeout(DISCARDING_MAX, reading).await;
}

fn refuse_head(head: &http::request::Parts, bounds: Bounds) -> Option<StatusCode> {
    let sizes = || {
        head.headers
            .iter()
            .map(|(name, value)| name.as_str().len() + value.len() + 4)
    };
    let largest = sizes().max().unwrap_or(0);
    let target = head
        .uri
        .path_and_query()
        .map_or(0, |path| path.as_str().len());
    let all = sizes().sum::<usize>() + target;
    if largest > bounds.header_bytes || all > bounds.head_bytes {
        return Some(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    }
    let declared = head
        .headers
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    // Before a byte of it is read.
    declared
        .is_some_and(|length| length > bounds.body_bytes as u64)
        .then_some(StatusCode::PAYLOAD_TOO_LARGE)
}

/// A reply without words.
pub(crate) fn plain(status: StatusCode) -> Reply {
    let mut reply = Response::new(Full::default());
    *reply.status_mut() = status;
    reply
}

/// The connection ends after this reply: what follows on it cannot be trusted to be a request.
fn closing(mut reply: Reply) -> Reply {
    reply
        .headers_mut()
        .insert(header::CONNECTION, HeaderValue::from_static("close"));
    reply
}
