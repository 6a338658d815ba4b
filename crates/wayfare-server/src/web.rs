//! Requests that scripts make over HTTP.
//!
//! In: a request, and the addresses that are listed for scripts. Out: the answer, or why there is none. What is
//! not listed is not asked; an address that is private is not connected to, whatever a name server says, unless
//! its host is listed as one; one connection for one request, and nothing is followed: where an answer leads
//! elsewhere, the script is told so and may ask there, if that is listed.

use std::{
    io,
    net::{IpAddr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

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
use wayfare::{
    Secret,
    engine::effect::{EffectId, Fetch, Fetched},
};

use crate::{
    config::ScriptSettings,
    external::{Driven, idempotency_key},
    trust::trusting,
};

/// What asks for scripts.
#[derive(Debug, Default)]
pub(crate) struct Web {
    listed: Vec<Uri>,
    private: Vec<String>,
    timeout: Duration,
    reply_bytes: usize,
    tls: Option<Arc<ClientConfig>>,
}

/// Headers that are the connection's, or that would pass this server off for another.
const OURS: [&str; 9] = [
    "host",
    "connection",
    "content-length",
    "transfer-encoding",
    "upgrade",
    "te",
    "trailer",
    "proxy-authorization",
    "expect",
];

/// How many headers a script may send, and is told of.
const HEADERS_MAX: usize = 64;

impl Web {
    /// What asks with these settings.
    ///
    /// # Errors
    /// The authorities cannot be read.
    pub(crate) fn new(settings: &ScriptSettings) -> Result<Self, String> {
        let https = settings
            .http
            .iter()
            .any(|uri| uri.scheme_str() == Some("https"));
        let tls = if https {
            Some(trusting(settings.ca.as_deref(), None)?)
        } else {
            None
        };
        Ok(Self {
            listed: settings.http.clone(),
            private: settings.private.clone(),
            timeout: settings.timeout,
            reply_bytes: settings.reply_bytes,
            tls,
        })
    }

    /// Asks, if the address is listed.
    pub(crate) async fn fetch(&self, id: EffectId, asked: &Fetch) -> Fetched {
        let Some(uri) = self.allowed(asked.url.reveal()) else {
            let why = format!("scripts may not call {}", asked.shown());
            return Fetched::Denied(Arc::from(why));
        };
        let most = self.timeout.min(asked.timeout);
        let done = timeout(most, self.exchange(id, asked, &uri)).await;
        let done = done.unwrap_or_else(|_| Err(format!("no answer within {most:?}")));
        done.unwrap_or_else(|why| Fetched::Failed(Arc::from(format!("{}: {why}", asked.shown()))))
    }

    /// The address, where it lies below one that is listed.
    fn allowed(&self, url: &str) -> Option<Uri> {
        let uri: Uri = url.parse().ok()?;
        let authority = uri.authority()?;
        if authority.as_str().contains('@') || url.contains(['#', '\\']) || has_dots(uri.path()) {
            return None;
        }
        let below = |listed: &Uri| {
            let same = listed.scheme() == uri.scheme()
                && listed
                    .host()
                    .is_some_and(|host| host.eq_ignore_ascii_case(authority.host()))
                && port(listed) == port(&uri);
            let rest = uri.path().strip_prefix(listed.path());
            let whole = listed.path().ends_with('/');
            same && rest.is_some_and(|rest| whole || rest.is_empty() || rest.starts_with('/'))
        };
        self.listed.iter().any(below).then_some(uri)
    }

    async fn exchange(&self, id: EffectId, asked: &Fetch, uri: &Uri) -> Result<Fetched, String> {
        let request = request(id, asked, uri)?;
        let host = uri.host().unwrap_or_default();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let stream = self
            .connect(bare, port(uri))
            .await
            .map_err(|error| error.to_string())?;
        if uri.scheme_str() != Some("https") {
            return self.send(stream, request).await;
        }
        let config = self.tls.clone().ok_or("there is no TLS")?;
        let name = ServerName::try_from(bare.to_owned()).map_err(|error| error.to_string())?;
        let stream = TlsConnector::from(config).connect(name, stream).await;
        self.send(stream.map_err(|error| error.to_string())?, request)
            .await
    }

    /// The first address of a host that may be connected to and takes a connection.
    ///
    /// The name is looked up once, and what is connected to is the address that was looked at: a name server
    /// that says something else the next time is not asked again.
    async fn connect(&self, host: &str, port: u16) -> io::Result<TcpStream> {
        let found: Vec<SocketAddr> = lookup_host((host, port)).await?.collect();
        let mut last = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
        if !found.is_empty() {
            let why = "the address of the host is a private one";
            last = io::Error::new(io::ErrorKind::PermissionDenied, why);
        }
        for address in self.reachable(host, found) {
            match TcpStream::connect(address).await {
                Ok(stream) => return Ok(stream),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Those of the addresses of a host that may be connected to.
    fn reachable(&self, host: &str, found: Vec<SocketAddr>) -> Vec<SocketAddr> {
        let listed = host.parse::<IpAddr>().is_ok()
            || host.eq_ignore_ascii_case("localhost")
            || self
                .private
                .iter()
                .any(|known| known.eq_ignore_ascii_case(host));
        let mut found = found;
        found.retain(|address| listed || !is_private(address.ip()));
        found
    }

    async fn send(
        &self,
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
        request: Request<Full<Bytes>>,
    ) -> Result<Fetched, String> {
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
        let (head, body) = reply.into_parts();
        let most = self.reply_bytes;
        let body = Limited::new(body, most).collect().await.map_err(|error| {
            if error.downcast_ref::<LengthLimitError>().is_some() {
                format!("the answer has more than {most} bytes")
            } else {
                "the answer breaks off".to_owned()
            }
        })?;
        let headers = head
            .headers
            .iter()
            .take(HEADERS_MAX)
            .filter_map(|(name, value)| {
                let text = value.to_str().ok()?.to_owned();
                Some((Arc::from(name.as_str()), Secret::new(text)))
            });
        Ok(Fetched::Answered {
            status: head.status.as_u16(),
            headers: headers.collect(),
            body: Secret::new(String::from_utf8_lossy(&body.to_bytes()).into_owned()),
        })
    }
}

fn port(uri: &Uri) -> u16 {
    let known = if uri.scheme_str() == Some("http") {
        80
    } else {
        443
    };
    uri.port_u16().unwrap_or(known)
}

/// Whether a path has parts that lead up or nowhere, in any spelling.
fn has_dots(path: &str) -> bool {
    let path = path.to_ascii_lowercase().replace("%2e", ".");
    path.contains("%2f")
        || path.contains("%5c")
        || path
            .split('/')
            .any(|part| matches!(part.split(';').next(), Some("." | "..")))
}

fn request(id: EffectId, asked: &Fetch, uri: &Uri) -> Result<Request<Full<Bytes>>, String> {
    let method = Method::from_bytes(asked.method.as_bytes()).map_err(|error| error.to_string())?;
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let mut builder = Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, authority)
        .header(header::CONNECTION, "close");
    if asked.headers.len() > HEADERS_MAX {
        return Err(format!("a request has at most {HEADERS_MAX} headers"));
    }
    let mut named = false;
    for (name, value) in &asked.headers {
        if OURS.contains(&&**name) {
            return Err(format!("the header `{name}` is not a script's to send"));
        }
        named |= &**name == "user-agent";
        builder = builder.header(&**name, value.reveal());
    }
    if !named {
        let agent = concat!("wayfare/", env!("CARGO_PKG_VERSION"));
        builder = builder.header(header::USER_AGENT, agent);
    }
    if !asked.only_reads() {
        // After a break the same request may come again.
        builder = builder.header("idempotency-key", idempotency_key(id));
    }
    let body = asked
        .body
        .as_ref()
        .map_or_else(Bytes::new, |body| Bytes::from(body.reveal().clone()));
    builder
        .body(Full::new(body))
        .map_err(|_| "the request cannot be written".to_owned())
}

/// Whether an address is of no use to anybody outside.
pub(crate) fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(four) => {
            let [a, b, ..] = four.octets();
            four.is_private()
                || four.is_loopback()
                || four.is_link_local()
                || four.is_broadcast()
                || four.is_multicast()
                || four.is_documentation()
                || a == 0
                || a >= 240
                || (a == 100 && (64..128).contains(&b))
                || (a == 198 && (b == 18 || b == 19))
                || (a == 192 && b == 0)
        }
        IpAddr::V6(six) => inner(six).map_or_else(
            || {
                // What is handed out to the public begins with 001, and some of that holds other addresses
                // (Teredo, 6to4) or is for examples.
                let [first, second, ..] = six.segments();
                (first & 0xe000) != 0x2000
                    || (first == 0x2001 && (second < 0x0200 || second == 0x0db8))
                    || first == 0x2002
                    || (first == 0x3fff && second < 0x1000)
            },
            |four| is_private(IpAddr::V4(four)),
        ),
    }
}

/// The address of the older kind within one of the newer.
fn inner(six: Ipv6Addr) -> Option<std::net::Ipv4Addr> {
    match six.segments() {
        [0, 0, 0, 0, 0, 0, ..] if !six.is_loopback() && !six.is_unspecified() => six.to_ipv4(),
        _ => six.to_ipv4_mapped(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Web, is_private};

    fn web(listed: &[&str]) -> Web {
        Web {
            listed: listed.iter().map(|uri| uri.parse().unwrap()).collect(),
            ..Web::default()
        }
    }

    #[test]
    fn only_what_is_listed_is_called() {
        let web = web(&["https://api.example.com/v1/", "http://127.0.0.1:9000/risk"]);
        for good in [
            "https://api.example.com/v1/",
            "https://API.example.com:443/v1/users?x=1",
            "http://127.0.0.1:9000/risk",
            "http://127.0.0.1:9000/risk/low?y",
        ] {
            assert!(web.allowed(good).is_some(), "{good}");
        }
        for bad in [
            "https://api.example.com/v2/",
            "https://api.example.com/v1",
            "https://api.example.com/v1/../v2/",
            "https://api.example.com/v1/%2e%2E/v2",
            "https://api.example.com/v1/..;x/v2",
            "https://api.example.com/v1/a%2f..%2f",
            "https://api.example.com:8443/v1/",
            "http://api.example.com/v1/",
            "https://api.example.com.evil.example/v1/",
            "https://user@api.example.com/v1/",
            "https://api.example.com@evil.example/v1/",
            "https://evil.example/#https://api.example.com/v1/",
            "https://user:password@api.example.com/v1/",
            "https://api.example.com\\@evil.example/v1/",
            "https://api.example.com./v1/",
            "https://api.example.com%2fv1/",
            "//api.example.com/v1/",
            // Other spellings of an address that is listed are others.
            "http://2130706433:9000/risk",
            "http://0x7f.1:9000/risk",
            "http://127.1:9000/risk",
            "http://[::ffff:127.0.0.1]:9000/risk",
            "http://127.0.0.1:9000/risky",
            "http://localhost:9000/risk",
            "file:///etc/passwd",
            "/v1/",
            "",
        ] {
            assert!(web.allowed(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn of_what_a_name_server_says_only_public_addresses_are_connected_to() {
        let web = Web {
            private: vec!["inner.example.com".to_owned()],
            ..Web::default()
        };
        let found = || {
            let all = ["10.0.0.1:80", "93.184.216.34:80", "[::1]:80"];
            all.map(|address| address.parse().unwrap()).to_vec()
        };
        let reachable = |host: &str| web.reachable(host, found());
        assert_eq!(reachable("api.example.com"), found()[1..2]);
        // A name that a resolver takes for an address is a name here.
        assert_eq!(reachable("2130706433"), found()[1..2]);
        assert_eq!(reachable("0x7f.1"), found()[1..2]);
        for host in ["INNER.example.com", "localhost", "10.0.0.1", "::1"] {
            assert_eq!(reachable(host), found(), "{host}");
        }
    }

    #[test]
    fn private_addresses_are_known() {
        for private in [
            "127.0.0.1",
            "10.1.2.3",
            "192.168.0.1",
            "172.16.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "255.255.255.255",
            "224.0.0.1",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "::10.0.0.1",
            "64:ff9b::a00:1",
            "64:ff9b:1::a00:1",
            "2002:a00:1::",
            "2001:0:a00:1::",
            "2001:db8::1",
            "3fff::1",
            "100::1",
            "fec0::1",
            "::ffff:0:10.0.0.1",
        ] {
            assert!(is_private(private.parse().unwrap()), "{private}");
        }
        for public in [
            "93.184.216.34",
            "2606:2800:220:1::1",
            "2001:4860:4860::8888",
            "::ffff:93.184.216.34",
        ] {
            assert!(!is_private(public.parse().unwrap()), "{public}");
        }
    }
}
