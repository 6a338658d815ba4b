//! What stands between a bench and its server: it counts what is asked, and ends or tells.

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
    thread,
    time::Duration,
};

use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring::default_provider,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    },
};

/// What happens after so many requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Then {
    /// Every connection ends, and nobody is taken any more.
    Gone,
    /// Whoever waits is told, and all goes on.
    Told,
}

/// A way to a server, on a port of its own.
pub(crate) struct Between {
    pub(crate) address: SocketAddr,
    told: Receiver<()>,
}

impl Between {
    /// A way that ends or tells after so many pieces that clients have sent.
    pub(crate) fn plain(server: SocketAddr, after: usize, then: Then) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (tell, told) = channel();
        let way = Arc::new(Way {
            server,
            after,
            then,
            seen: AtomicUsize::new(0),
            open: Mutex::default(),
            tell: Mutex::new(tell),
        });
        thread::spawn(move || {
            for stream in listener.incoming() {
                let stream = stream.unwrap();
                if way.is_gone() {
                    // The listener goes with this.
                    return;
                }
                way.take(&stream);
            }
        });
        Self { address, told }
    }

    /// A way that speaks TLS with the certificate of `localhost`.
    pub(crate) fn tls(server: SocketAddr) -> Self {
        let files = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wayfare-server/tests/external");
        let chain = CertificateDer::pem_file_iter(files.join("server.pem")).unwrap();
        let chain = chain.collect::<Result<_, _>>().unwrap();
        let key = PrivateKeyDer::from_pem_file(files.join("server.key")).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.unwrap().block_on(async move {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                loop {
                    let (stream, _) = listener.accept().await.unwrap();
                    let acceptor = acceptor.clone();
                    tokio::spawn(async move {
                        // Who does not trust the certificate goes away.
                        let Ok(mut stream) = acceptor.accept(stream).await else {
                            return;
                        };
                        let mut server = tokio::net::TcpStream::connect(server).await.unwrap();
                        let _ = tokio::io::copy_bidirectional(&mut stream, &mut server).await;
                    });
                }
            });
        });
        Self {
            address,
            told: channel().1,
        }
    }

    /// Waits until so much was asked.
    pub(crate) fn wait(&self) {
        self.told.recv_timeout(Duration::from_secs(60)).unwrap();
    }
}

struct Way {
    server: SocketAddr,
    after: usize,
    then: Then,
    seen: AtomicUsize,
    open: Mutex<Vec<TcpStream>>,
    tell: Mutex<Sender<()>>,
}

impl Way {
    fn is_gone(&self) -> bool {
        self.then == Then::Gone && self.seen.load(Ordering::SeqCst) >= self.after
    }

    /// Takes a connection, with a thread for each direction.
    fn take(self: &Arc<Self>, client: &TcpStream) {
        let server = TcpStream::connect(self.server).unwrap();
        let both = [client.try_clone().unwrap(), server.try_clone().unwrap()];
        self.open.lock().unwrap().extend(both);
        let (from, to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
        let way = Arc::clone(self);
        thread::spawn(move || way.pass(from, to, true));
        let (from, to) = (server, client.try_clone().unwrap());
        let way = Arc::clone(self);
        thread::spawn(move || way.pass(from, to, false));
    }

    fn pass(&self, mut from: TcpStream, mut to: TcpStream, counts: bool) {
        let mut bytes = vec![0; 1 << 16];
        while let Ok(read @ 1..) = from.read(&mut bytes) {
            if counts && self.seen.fetch_add(1, Ordering::SeqCst) + 1 == self.after {
                let _ = self.tell.lock().unwrap().send(());
                if self.then == Then::Gone {
                    for stream in self.open.lock().unwrap().iter() {
                        let _ = stream.shutdown(Shutdown::Both);
                    }
                }
            }
            if to.write_all(&bytes[..read]).is_err() {
                return;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
    }
}
