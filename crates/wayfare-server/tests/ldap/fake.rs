//! A directory that does what a real one rarely does: it answers byte by byte as a test says.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

pub(super) const BIND: u8 = 0x60;
pub(super) const SEARCH: u8 = 0x63;
pub(super) const MODIFY: u8 = 0x66;

/// What it does with one request.
#[derive(Clone)]
pub(super) enum Does {
    /// It answers with these operations.
    Answers(Vec<Vec<u8>>),
    /// It says nothing.
    Nothing,
    /// It sends these bytes, and no more.
    Breaks(Vec<u8>),
    /// It sends the first bytes, and then the others again and again for as long as they are taken.
    Pours(Vec<u8>, Vec<u8>),
    /// It sends these bytes one by one, each a tenth of a second after the one before.
    Drips(Vec<u8>),
}

/// How much is poured where nobody stops it.
pub(super) const POURED_MAX: usize = 256 * 1024 * 1024;

type Says = dyn Fn(u8, &[u8]) -> Does + Send + Sync;

/// A directory that ends with the test.
pub(super) struct Fake {
    pub(super) port: u16,
    task: tokio::task::JoinHandle<()>,
    /// What it was asked, by the tags of operations.
    asked: Arc<Mutex<BTreeMap<u8, usize>>>,
    /// How many bytes it got rid of where it poured.
    poured: Arc<AtomicUsize>,
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Fake {
    /// One that answers each operation, its tag and its bytes, so.
    pub(super) async fn start(says: impl Fn(u8, &[u8]) -> Does + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let says: Arc<Says> = Arc::new(says);
        let asked = Arc::new(Mutex::new(BTreeMap::new()));
        let noted = Arc::clone(&asked);
        let poured = Arc::new(AtomicUsize::new(0));
        let rid = Arc::clone(&poured);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (says, noted) = (Arc::clone(&says), Arc::clone(&noted));
                tokio::spawn(serve(stream, says, noted, Arc::clone(&rid)));
            }
        });
        Self {
            port,
            task,
            asked,
            poured,
        }
    }

    pub(super) fn poured(&self) -> usize {
        self.poured.load(Ordering::SeqCst)
    }

    pub(super) fn count(&self, tag: u8) -> usize {
        let asked = self.asked.lock().expect("nobody fails");
        asked.get(&tag).copied().unwrap_or(0)
    }
}

async fn serve(
    mut stream: TcpStream,
    says: Arc<Says>,
    asked: Arc<Mutex<BTreeMap<u8, usize>>>,
    poured: Arc<AtomicUsize>,
) {
    let mut bytes = Vec::new();
    loop {
        let Some((message, rest)) = element(&bytes) else {
            let mut more = [0; 4096];
            match stream.read(&mut more).await {
                Ok(0) | Err(_) => return,
                Ok(count) => bytes.extend_from_slice(&more[..count]),
            }
            continue;
        };
        let (_, body) = message;
        let ((_, id), behind) = element(&body).expect("an id");
        let ((tag, operation), _) = element(&behind).expect("an operation");
        bytes = rest;
        *asked.lock().expect("nobody fails").entry(tag).or_default() += 1;
        match says(tag, &operation) {
            Does::Nothing => {}
            Does::Answers(operations) => {
                for operation in operations {
                    let mut body = tlv(2, &id);
                    body.extend(operation);
                    if stream.write_all(&tlv(0x30, &body)).await.is_err() {
                        return;
                    }
                }
            }
            Does::Breaks(part) => {
                let _ = stream.write_all(&part).await;
                return;
            }
            Does::Pours(first, then) => {
                let _ = stream.write_all(&first).await;
                let then = then.repeat(64 * 1024 / then.len().max(1) + 1);
                // BOUND: as much as shows that there is no other.
                while poured.load(Ordering::SeqCst) < POURED_MAX {
                    if stream.write_all(&then).await.is_err() {
                        return;
                    }
                    poured.fetch_add(then.len(), Ordering::SeqCst);
                }
            }
            Does::Drips(bytes) => {
                let mut beat = tokio::time::interval(std::time::Duration::from_millis(100));
                for byte in bytes {
                    beat.tick().await;
                    if stream.write_all(&[byte]).await.is_err() {
                        return;
                    }
                }
            }
        }
    }
}

type Element = (u8, Vec<u8>);

/// The first element: its tag and bytes, and what is behind it.
fn element(bytes: &[u8]) -> Option<(Element, Vec<u8>)> {
    let (tag, rest) = bytes.split_first()?;
    let (first, mut rest) = rest.split_first()?;
    let mut length = usize::from(*first);
    if *first >= 0x80 {
        let count = usize::from(first & 0x7f);
        let digits = rest.get(..count)?;
        length = digits
            .iter()
            .fold(0, |all, byte| all * 256 + usize::from(*byte));
        rest = &rest[count..];
    }
    let inner = rest.get(..length)?.to_vec();
    Some(((*tag, inner), rest[length..].to_vec()))
}

pub(super) fn tlv(tag: u8, inner: &[u8]) -> Vec<u8> {
    let length = u16::try_from(inner.len())
        .expect("a short one")
        .to_be_bytes();
    let mut bytes = vec![tag, 0x82, length[0], length[1]];
    bytes.extend_from_slice(inner);
    bytes
}

/// The result of an operation, under the tag of its answer.
pub(super) fn result(tag: u8, code: u8, text: &str) -> Vec<u8> {
    let parts = [tlv(10, &[code]), tlv(4, b""), tlv(4, text.as_bytes())];
    tlv(tag, &parts.concat())
}

pub(super) fn bound(code: u8, text: &str) -> Does {
    Does::Answers(vec![result(0x61, code, text)])
}

/// An entry with these attributes.
pub(super) fn entry(dn: &str, attributes: &[(&str, &[u8])]) -> Vec<u8> {
    let one = |(name, value): &(&str, &[u8])| {
        let parts = [tlv(4, name.as_bytes()), tlv(0x31, &tlv(4, value))];
        tlv(0x30, &parts.concat())
    };
    let attributes: Vec<u8> = attributes.iter().flat_map(one).collect();
    let parts = [tlv(4, dn.as_bytes()), tlv(0x30, &attributes)];
    tlv(0x64, &parts.concat())
}

/// What was found, and that it is all.
pub(super) fn found(entries: &[Vec<u8>], code: u8) -> Does {
    let mut all = entries.to_vec();
    all.push(result(0x65, code, ""));
    Does::Answers(all)
}
