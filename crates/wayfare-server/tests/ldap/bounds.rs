//! Directories that send more than anybody can want: what of it is taken has a bound.

use super::{
    OUT,
    fake::{self, BIND, Does, Fake, SEARCH, bound, entry},
    login,
    odd::{asking, asking_within},
    said,
};

/// What may stand in buffers of the two machines' besides what is taken.
const BUFFERED: usize = 16 * 1024 * 1024;

/// An element with a length of four bytes.
fn long(tag: u8, length: usize, inner: &[u8]) -> Vec<u8> {
    let length = u32::try_from(length).expect("a length").to_be_bytes();
    let mut bytes = vec![tag, 0x84];
    bytes.extend(length);
    bytes.extend_from_slice(inner);
    bytes
}

/// A message that answers the first request.
fn message(operation: &[u8]) -> Vec<u8> {
    let body = [&[2, 1, 1], operation].concat();
    long(0x30, body.len(), &body)
}

/// Elements within elements.
fn deep(levels: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(levels * 6);
    for level in (0..levels).rev() {
        bytes.extend(long(0x30, level * 6, &[]));
    }
    bytes
}

async fn comes_to(does: Does) -> (String, usize) {
    let fake = Fake::start(move |tag, _| match tag {
        SEARCH => does.clone(),
        BIND => bound(0, ""),
        _ => Does::Nothing,
    })
    .await;
    let server = asking("LdapDecision", &fake).await;
    let reply = login(&server, "Login", "demo", "Ch4ng31t").await;
    assert_eq!(server.sessions(), 0);
    (said(&reply), fake.poured())
}

#[tokio::test(flavor = "multi_thread")]
async fn elements_within_elements_end_a_line_and_nothing_else() {
    for levels in [12, 1_000, 150_000] {
        let (said, _) = comes_to(Does::Breaks(message(&deep(levels)))).await;
        assert_eq!(said, "broken", "{levels}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_poured_is_taken_up_to_a_bound() {
    let zeros = vec![0; 1_024];
    let attributes: [(&str, &[u8]); 2] = [("uid", b"other"), ("entryUUID", b"1")];
    let reference = fake::tlv(0x73, &fake::tlv(4, b"ldap://elsewhere.example.com/"));
    let twins = message(&entry("uid=other,dc=x", &attributes));
    let elsewhere = message(&reference);
    let unasked = [
        0x30, 0x84, 0, 0, 0, 12, 2, 1, 9, 0x65, 7, 10, 1, 0, 4, 0, 4, 0,
    ];
    for (what, first, then, expected) in [
        (
            "a long message",
            long(0x30, 0x7fff_ffff, &[]),
            &zeros,
            "broken",
        ),
        (
            "a part longer than the whole",
            vec![0x30, 5, 2, 1, 1, 0x64, 0x7f],
            &zeros,
            "broken",
        ),
        ("no length", vec![0x30, 0x80, 2, 1, 1], &zeros, "broken"),
        ("a length of many bytes", vec![0x30, 0xff], &zeros, "broken"),
        (
            "a tag of many bytes",
            vec![0x30, 0x0f, 0x1f],
            &zeros,
            "broken",
        ),
        ("references", Vec::new(), &elsewhere, "broken"),
        (
            "what nobody asked for",
            Vec::new(),
            &unasked.to_vec(),
            "broken",
        ),
        ("entries", Vec::new(), &twins, OUT),
    ] {
        let (said, poured) = comes_to(Does::Pours(first, then.clone())).await;
        assert_eq!(said, expected, "{what}");
        assert!(
            poured <= 32 * 1024 * 1024 + BUFFERED,
            "{what}: {poured} bytes"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_of_a_message_are_counted() {
    let values = |count: usize| {
        let values = [4u8, 1, b'x'].repeat(count);
        let set = long(0x31, values.len(), &values);
        let attribute = [fake::tlv(4, b"uid"), set].concat();
        let attribute = long(0x30, attribute.len(), &attribute);
        let attributes = long(0x30, attribute.len(), &attribute);
        let entry = [fake::tlv(4, b"uid=x,dc=x"), attributes].concat();
        let entry = message(&long(0x64, entry.len(), &entry));
        [entry, message(&fake::result(0x65, 0, ""))].concat()
    };
    // As many values as a group of a large firm has, of which none is the name; and more than that.
    for (count, expected) in [(5_000, OUT), (300_000, "broken")] {
        let (said, _) = comes_to(Does::Breaks(values(count))).await;
        assert_eq!(said, expected, "{count}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_that_drips_is_waited_for_no_longer_than_said() {
    let answer = message(&fake::result(0x65, 0, &"x".repeat(100)));
    let fake = Fake::start(move |_, _| Does::Drips(answer.clone())).await;
    let server = asking_within("LdapDecision", &fake, "1s").await;
    let reply = login(&server, "Login", "demo", "Ch4ng31t").await;
    assert_eq!(said(&reply), "broken");
}
