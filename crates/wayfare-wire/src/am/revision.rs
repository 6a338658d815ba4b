//! Revisions: what `_rev` and `etag` call the contents of a resource by.

use crate::json::Writer;

/// Writes twice: the revision names what is written without it.
pub(super) fn with_revision(write: impl Fn(&mut Writer, &str)) -> (String, Writer) {
    let mut draft = Writer::with_capacity(768);
    write(&mut draft, "");
    let revision = fnv(&draft.into_bytes()).to_string();
    let mut body = Writer::with_capacity(768);
    write(&mut body, &revision);
    (revision, body)
}

/// The revision of contents that are written already.
pub(super) fn of_bytes(bytes: &[u8]) -> u32 {
    fnv(bytes)
}

fn fnv(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    })
}
