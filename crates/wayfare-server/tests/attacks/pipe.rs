//! One connection on which many requests are sent without waiting for the replies.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use crate::support::Client;

/// How long an exchange may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(60);
/// How many requests are under way at once; what they are answered fits the buffers of the system.
const BATCH: usize = 16;

/// A status and a body.
pub(crate) type Answered = (u16, Vec<u8>);

/// Posts bodies to `authenticate` of `/alpha`, in order, and gives the answers in order.
pub(crate) async fn post_all(address: SocketAddr, bodies: &[Vec<u8>]) -> Vec<Answered> {
    let exchange = async {
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        let mut received = Vec::new();
        let mut answers = Vec::with_capacity(bodies.len());
        for batch in bodies.chunks(BATCH) {
            let requests: Vec<u8> = batch.iter().flat_map(|body| request(body)).collect();
            stream.write_all(&requests).await.expect("sent");
            for _ in batch {
                answers.push(answer(&mut stream, &mut received).await);
            }
        }
        answers
    };
    timeout(PATIENCE, exchange).await.expect("in time")
}

fn request(body: &[u8]) -> Vec<u8> {
    let mut request = format!(
        "POST {} HTTP/1.1\r\nHost: x\r\nX-Requested-With: t\r\nAccept-API-Version: resource=2.1\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        Client::path("/alpha", ""),
        body.len()
    )
    .into_bytes();
    request.extend_from_slice(body);
    request
}

async fn answer(stream: &mut TcpStream, received: &mut Vec<u8>) -> Answered {
    loop {
        if let Some((length, answer)) = parse(received) {
            received.drain(..length);
            return answer;
        }
        let mut bytes = vec![0; 16_384];
        let count = stream.read(&mut bytes).await.expect("a reply");
        assert!(count > 0, "the connection was closed");
        received.extend_from_slice(&bytes[..count]);
    }
}

fn parse(bytes: &[u8]) -> Option<(usize, Answered)> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&bytes[..end])
        .expect("text")
        .to_ascii_lowercase();
    let status = head.split(' ').nth(1)?.parse().expect("a status");
    assert!(
        !head.contains("set-cookie"),
        "a refusal sets no cookie: {head}"
    );
    let length = head.split("content-length: ").nth(1).expect("a length");
    let length: usize = length.split("\r\n").next()?.parse().expect("a number");
    let body = bytes.get(end..end + length)?;
    Some((end + length, (status, body.to_vec())))
}
