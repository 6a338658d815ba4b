//! Messages of directories, looked at before they are read.
//!
//! In: bytes as they come. Out: how long the message is that begins there, and whether it is one that may be
//! handed on. The library that reads them takes any length, goes as deep as a message does and gives up its
//! task on what it does not expect, so whatever is handed on is a whole message within [`Limits`], of a shape
//! that it knows. What a message says is not looked at here.

use std::fmt;

/// How much is taken from a directory.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Bytes of one message.
    pub(super) bytes: usize,
    /// Elements of one message.
    pub(super) elements: usize,
    /// Messages that answer one request.
    pub(super) messages: usize,
    /// Bytes of all of them.
    pub(super) all_bytes: usize,
    /// Elements of all of them.
    pub(super) all_elements: usize,
}

/// What is taken from any directory.
pub(super) const LIMITS: Limits = Limits {
    bytes: 2 * 1024 * 1024,
    elements: 100_000,
    messages: 100_000,
    all_bytes: 32 * 1024 * 1024,
    all_elements: 1_000_000,
};

/// How deep elements may be within one another; an entry goes six deep.
const DEPTH_MAX: usize = 8;

/// Why a message is not handed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// It has more bytes than one message may have.
    Long(usize),
    /// It has elements within elements, and so on.
    Deep,
    /// It has more parts than one message may have.
    Parts(usize),
    /// More is sent than one request can want.
    Much,
    /// It is no message of the protocol.
    Nonsense,
    /// The directory says that it ends the connection.
    Ended,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Long(most) => write!(f, "a message of more than {most} bytes"),
            Self::Deep => write!(f, "a message that is more than {DEPTH_MAX} levels deep"),
            Self::Parts(most) => write!(f, "a message of more than {most} parts"),
            Self::Much => f.write_str("more than one request can want"),
            Self::Nonsense => f.write_str("what is no message of the protocol"),
            Self::Ended => f.write_str("that it ends the connection"),
        }
    }
}

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const BOOLEAN: u8 = 0x01;
const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const ENUMERATED: u8 = 0x0a;
const CONTROLS: u8 = 0xa0;
const REFERRAL: u8 = 0xa3;
const CONSTRUCTED: u8 = 0x20;

/// Tag, length of the head, and length of what is behind it; `None` where more bytes are needed to tell.
fn head(bytes: &[u8]) -> Result<Option<(u8, usize, usize)>, Fault> {
    let Some((tag, rest)) = bytes.split_first() else {
        return Ok(None);
    };
    if tag & 0x1f == 0x1f {
        return Err(Fault::Nonsense);
    }
    let Some((first, rest)) = rest.split_first() else {
        return Ok(None);
    };
    if *first < 0x80 {
        return Ok(Some((*tag, 2, usize::from(*first))));
    }
    let count = usize::from(first & 0x7f);
    if !(1..=4).contains(&count) {
        return Err(Fault::Nonsense);
    }
    let Some(digits) = rest.get(..count) else {
        return Ok(None);
    };
    let length = digits
        .iter()
        .fold(0u64, |all, byte| (all << 8) | u64::from(*byte));
    let length = usize::try_from(length).map_err(|_| Fault::Nonsense)?;
    Ok(Some((*tag, 2 + count, length)))
}

/// How long the message is that begins here; `None` where more bytes are needed to tell.
pub(super) fn length(bytes: &[u8], limits: Limits) -> Result<Option<usize>, Fault> {
    match head(bytes)? {
        Some((SEQUENCE, head, inner)) if inner <= limits.bytes => Ok(Some(head + inner)),
        Some((SEQUENCE, ..)) => Err(Fault::Long(limits.bytes)),
        Some(_) => Err(Fault::Nonsense),
        None if bytes.first().is_some_and(|first| *first != SEQUENCE) => Err(Fault::Nonsense),
        None => Ok(None),
    }
}

/// How many elements a whole message has.
///
/// # Errors
/// It goes too deep, has too many, or is none that the library reads.
pub(super) fn checked(message: &[u8], limits: Limits) -> Result<usize, Fault> {
    let elements = counted(message, limits)?;
    shaped(message)?;
    Ok(elements)
}

/// The code that an operation outside the core of the protocol ended with, where the message is its answer.
pub(super) fn extended(message: &[u8]) -> Option<u32> {
    let mut parts = Parts(Parts(message).one(SEQUENCE).ok()?);
    parts.one(INTEGER).ok()?;
    let code = Parts(parts.one(0x78).ok()?).one(ENUMERATED).ok()?;
    let code = code
        .iter()
        .fold(0u64, |all, byte| (all << 8) | u64::from(*byte));
    code.try_into().ok()
}

fn counted(message: &[u8], limits: Limits) -> Result<usize, Fault> {
    // What is left of the elements that are open, the outermost first.
    let mut open: Vec<&[u8]> = vec![message];
    let mut elements = 0;
    // BOUND: each turn ends an element or begins one, of which there are so many.
    while let Some(rest) = open.pop() {
        if rest.is_empty() {
            continue;
        }
        elements += 1;
        if elements > limits.elements {
            return Err(Fault::Parts(limits.elements));
        }
        let (tag, inner, behind) = part(rest)?;
        open.push(behind);
        if tag & CONSTRUCTED != 0 {
            if open.len() > DEPTH_MAX {
                return Err(Fault::Deep);
            }
            open.push(inner);
        }
    }
    Ok(elements)
}

/// The element that begins here, whole: its tag, what is in it and what is behind it.
fn part(bytes: &[u8]) -> Result<(u8, &[u8], &[u8]), Fault> {
    let (tag, head, length) = head(bytes)?.ok_or(Fault::Nonsense)?;
    let (_, rest) = bytes.split_at_checked(head).ok_or(Fault::Nonsense)?;
    let (inner, behind) = rest.split_at_checked(length).ok_or(Fault::Nonsense)?;
    Ok((tag, inner, behind))
}

/// The elements of one, in their order.
struct Parts<'a>(&'a [u8]);

impl<'a> Parts<'a> {
    fn any(&mut self) -> Result<Option<(u8, &'a [u8])>, Fault> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let (tag, inner, behind) = part(self.0)?;
        self.0 = behind;
        Ok(Some((tag, inner)))
    }

    fn one(&mut self, expected: u8) -> Result<&'a [u8], Fault> {
        match self.any()? {
            Some((tag, inner)) if tag == expected => Ok(inner),
            _ => Err(Fault::Nonsense),
        }
    }

    fn text(&mut self) -> Result<(), Fault> {
        text(self.one(OCTETS)?)
    }
}

fn text(bytes: &[u8]) -> Result<(), Fault> {
    std::str::from_utf8(bytes).map_err(|_| Fault::Nonsense)?;
    Ok(())
}

fn texts(inner: &[u8]) -> Result<(), Fault> {
    let mut all = Parts(inner);
    // BOUND: as many as the message has, which were counted.
    while !all.0.is_empty() {
        all.text()?;
    }
    Ok(())
}

fn shaped(message: &[u8]) -> Result<(), Fault> {
    let mut whole = Parts(message);
    let mut parts = Parts(whole.one(SEQUENCE)?);
    let id = parts.one(INTEGER)?;
    if !(1..=4).contains(&id.len()) || id.first().is_some_and(|first| *first >= 0x80) {
        return Err(Fault::Nonsense);
    }
    if id.iter().all(|byte| *byte == 0) {
        return Err(Fault::Ended);
    }
    let Some((tag, operation)) = parts.any()? else {
        return Err(Fault::Nonsense);
    };
    match tag {
        0x64 => entry(operation)?,
        0x73 => texts(operation)?,
        // Results of a bind, a search, a change, a new entry, one that is gone, a new name, and of what is
        // not in the core of the protocol.
        0x61 | 0x65 | 0x67 | 0x69 | 0x6b | 0x6d | 0x78 => result(operation)?,
        0x79 => {}
        _ => return Err(Fault::Nonsense),
    }
    match parts.any()? {
        None => {}
        Some((CONTROLS, inner)) => controls(inner)?,
        Some(_) => return Err(Fault::Nonsense),
    }
    if parts.0.is_empty() && whole.0.is_empty() {
        Ok(())
    } else {
        Err(Fault::Nonsense)
    }
}

fn result(inner: &[u8]) -> Result<(), Fault> {
    let mut parts = Parts(inner);
    let code = parts.one(ENUMERATED)?;
    if !(1..=4).contains(&code.len()) {
        return Err(Fault::Nonsense);
    }
    parts.text()?;
    parts.text()?;
    // BOUND: as many as the message has, which were counted.
    while let Some((tag, inner)) = parts.any()? {
        match tag {
            REFERRAL => texts(inner)?,
            // The name of an answer, credentials, and the value of an answer.
            0x8a => text(inner)?,
            0x87 | 0x8b => {}
            _ => return Err(Fault::Nonsense),
        }
    }
    Ok(())
}

fn entry(inner: &[u8]) -> Result<(), Fault> {
    let mut parts = Parts(inner);
    parts.text()?;
    let mut attributes = Parts(parts.one(SEQUENCE)?);
    // BOUND: as many as the message has, which were counted.
    while !attributes.0.is_empty() {
        let mut attribute = Parts(attributes.one(SEQUENCE)?);
        attribute.text()?;
        let mut values = Parts(attribute.one(SET)?);
        while !values.0.is_empty() {
            values.one(OCTETS)?;
        }
    }
    Ok(())
}

fn controls(inner: &[u8]) -> Result<(), Fault> {
    let mut all = Parts(inner);
    // BOUND: as many as the message has, which were counted.
    while !all.0.is_empty() {
        let mut control = Parts(all.one(SEQUENCE)?);
        control.text()?;
        let mut next = control.any()?;
        if let Some((BOOLEAN, flag)) = next {
            if flag.len() != 1 {
                return Err(Fault::Nonsense);
            }
            next = control.any()?;
        }
        if !matches!(next, None | Some((OCTETS, _))) {
            return Err(Fault::Nonsense);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tlv(tag: u8, inner: &[u8]) -> Vec<u8> {
        let length = u32::try_from(inner.len()).unwrap().to_be_bytes();
        [&[tag, 0x84], &length[..], inner].concat()
    }

    fn message(parts: &[Vec<u8>]) -> Vec<u8> {
        let id = tlv(INTEGER, &[7]);
        tlv(SEQUENCE, &[id, parts.concat()].concat())
    }

    fn done(tag: u8, code: &[u8], more: &[Vec<u8>]) -> Vec<u8> {
        let parts = [tlv(ENUMERATED, code), tlv(OCTETS, b""), tlv(OCTETS, b"why")];
        tlv(tag, &[parts.concat(), more.concat()].concat())
    }

    fn person(values: &[Vec<u8>]) -> Vec<u8> {
        let attribute = [tlv(OCTETS, b"uid"), tlv(SET, &values.concat())].concat();
        let attributes = tlv(SEQUENCE, &tlv(SEQUENCE, &attribute));
        tlv(0x64, &[tlv(OCTETS, b"uid=a"), attributes].concat())
    }

    fn control(parts: &[Vec<u8>]) -> Vec<u8> {
        tlv(CONTROLS, &tlv(SEQUENCE, &parts.concat()))
    }

    #[test]
    fn messages_of_the_protocol_are_handed_on() {
        let policy = [tlv(OCTETS, b"1.3.6.1"), tlv(OCTETS, &[0x30, 0])];
        let marked = [
            tlv(OCTETS, b"1.3"),
            tlv(BOOLEAN, &[0xff]),
            tlv(OCTETS, &[0xff]),
        ];
        for (parts, elements) in [
            (vec![done(0x61, &[49], &[])], 6),
            (vec![done(0x65, &[0], &[]), control(&policy)], 10),
            (
                vec![done(0x61, &[0], &[tlv(0x87, &[0xff])]), control(&marked)],
                12,
            ),
            (
                vec![done(
                    0x61,
                    &[10],
                    &[tlv(REFERRAL, &tlv(OCTETS, b"ldap://x"))],
                )],
                8,
            ),
            (
                vec![done(0x78, &[0], &[tlv(0x8a, b"1.3"), tlv(0x8b, &[0xff])])],
                8,
            ),
            (vec![person(&[tlv(OCTETS, &[0xff]), tlv(OCTETS, b"a")])], 10),
            (vec![tlv(0x73, &tlv(OCTETS, b"ldap://x"))], 4),
        ] {
            let message = message(&parts);
            assert_eq!(length(&message, LIMITS), Ok(Some(message.len())));
            assert_eq!(checked(&message, LIMITS), Ok(elements), "{message:?}");
            // What is cut anywhere is waited for, and never handed on.
            for cut in 0..message.len() {
                let part = message.get(..cut).unwrap();
                assert!(matches!(length(part, LIMITS), Ok(None | Some(_))), "{cut}");
                assert_eq!(checked(part, LIMITS), Err(Fault::Nonsense), "{cut}");
            }
        }
        // Short lengths, as they are written by hand.
        let short = [0x30, 12, 2, 1, 1, 0x65, 7, 10, 1, 0, 4, 0, 4, 0];
        assert_eq!(length(&short, LIMITS), Ok(Some(14)));
        assert_eq!(checked(&short, LIMITS), Ok(6));
    }

    #[test]
    fn what_the_library_would_give_up_on_is_not() {
        assert_eq!(extended(&message(&[done(0x78, &[1, 2], &[])])), Some(258));
        assert_eq!(extended(&message(&[done(0x65, &[0], &[])])), None);
        let ends = tlv(
            SEQUENCE,
            &[tlv(INTEGER, &[0]), done(0x78, &[52], &[])].concat(),
        );
        assert_eq!(checked(&ends, LIMITS), Err(Fault::Ended));
        let odd = |id: &[u8]| {
            tlv(
                SEQUENCE,
                &[tlv(INTEGER, id), done(0x65, &[0], &[])].concat(),
            )
        };
        for nonsense in [
            tlv(SEQUENCE, &[]),
            tlv(SEQUENCE, &tlv(INTEGER, &[1])),
            odd(&[]),
            odd(&[0xff]),
            odd(&[0, 0, 0, 0, 1]),
            message(&[tlv(0x65, &[])]),
            message(&[tlv(0x64, &[])]),
            message(&[tlv(0x60, &[])]),
            message(&[done(0x65, &[], &[])]),
            // A number of five bytes whose last four are those of success.
            message(&[done(0x61, &[1, 0, 0, 0, 0], &[])]),
            message(&[done(0x61, &[0], &[tlv(0x8a, &[0xff])])]),
            message(&[done(0x65, &[0], &[]), tlv(OCTETS, b"")]),
            message(&[done(0x65, &[0], &[]), tlv(CONTROLS, &tlv(OCTETS, b""))]),
            message(&[done(0x65, &[0], &[]), control(&[tlv(OCTETS, &[0xff])])]),
            message(&[
                done(0x65, &[0], &[]),
                control(&[tlv(OCTETS, b"1"), tlv(BOOLEAN, &[])]),
            ]),
            message(&[
                done(0x65, &[0], &[]),
                control(&[tlv(OCTETS, b"1"), tlv(INTEGER, &[1])]),
            ]),
            message(&[person(&[tlv(SET, &[])])]),
            message(&[tlv(0x64, &tlv(OCTETS, &[0xff]))]),
            [message(&[done(0x65, &[0], &[])]), vec![0]].concat(),
        ] {
            assert_eq!(
                checked(&nonsense, LIMITS),
                Err(Fault::Nonsense),
                "{nonsense:?}"
            );
        }
    }

    #[test]
    fn more_than_may_be_is_told_from_the_head() {
        let few = Limits {
            bytes: 100,
            elements: 20,
            ..LIMITS
        };
        assert_eq!(length(&[0x30, 0x81, 100], few), Ok(Some(103)));
        assert_eq!(length(&[0x30, 0x81, 101], few), Err(Fault::Long(100)));
        assert_eq!(
            length(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff], few),
            Err(Fault::Long(100))
        );
        for nonsense in [
            &[0x30, 0x80][..],
            &[0x30, 0x85],
            &[0x30, 0xff],
            &[0x1f],
            &[0x15, 3, 1],
            &[0x02],
            b"HTTP/1.1 400",
        ] {
            assert_eq!(length(nonsense, few), Err(Fault::Nonsense), "{nonsense:?}");
        }
        for more in [&[][..], &[0x30], &[0x30, 0x82], &[0x30, 0x82, 1]] {
            assert_eq!(length(more, few), Ok(None), "{more:?}");
        }
        let values = |count: usize| message(&[person(&vec![tlv(OCTETS, b""); count])]);
        assert_eq!(checked(&values(12), few), Ok(20));
        assert_eq!(checked(&values(13), few), Err(Fault::Parts(20)));
        let mut nested = Vec::new();
        for level in 0..DEPTH_MAX + 2 {
            let deep = counted(&nested, LIMITS);
            let expected = if level <= DEPTH_MAX {
                Ok(level)
            } else {
                Err(Fault::Deep)
            };
            assert_eq!(deep, expected, "{level}");
            nested = tlv(SEQUENCE, &nested);
        }
    }
}
