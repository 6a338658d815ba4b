//! From where a key counts: the option `from=` of a line of authorised keys, as OpenSSH has it.
//!
//! In: the list of patterns between the quotes, and the address of a client. Out: whether the key counts for
//! it. Names of hosts are looked up nowhere, so they fit no client; one that is forbidden by its name might be
//! any, so that such a list fits nobody.

use std::net::IpAddr;

/// How many patterns a list has at most.
const PATTERNS_MAX: usize = 64;

/// A list of patterns: one has to fit, and none that is forbidden may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Origin(Vec<Pattern>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Pattern {
    forbids: bool,
    clients: Clients,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Clients {
    /// An address, and how many of its bits count.
    Net(IpAddr, u32),
    /// An address as text with `*` for any letters and `?` for one.
    Text(String),
    /// Whoever has a name.
    Named,
}

impl Origin {
    /// The list; `None` where it is empty or too long.
    pub(super) fn read(text: &str) -> Option<Self> {
        let patterns: Vec<Pattern> = text.split(',').map(|one| pattern(one.trim())).collect();
        let some = patterns.len() <= PATTERNS_MAX && !text.trim().is_empty();
        some.then_some(Self(patterns))
    }

    /// Whether a key with this list counts for a client.
    pub(super) fn fits(&self, client: Option<IpAddr>) -> bool {
        let Some(client) = client.map(|client| client.to_canonical()) else {
            return false;
        };
        let text = client.to_string();
        let fits = |pattern: &Pattern| match &pattern.clients {
            Clients::Net(net, bits) => prefix(*net, *bits) == prefix(client, *bits),
            Clients::Text(glob) => is_like(&text, glob),
            Clients::Named => pattern.forbids,
        };
        let forbidden = self.0.iter().any(|one| one.forbids && fits(one));
        !forbidden && self.0.iter().any(|one| !one.forbids && fits(one))
    }
}

fn pattern(text: &str) -> Pattern {
    let (forbids, text) = match text.strip_prefix('!') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    Pattern {
        forbids,
        clients: clients(text),
    }
}

fn clients(text: &str) -> Clients {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Clients::Net(address, width(address));
    }
    if let Some((address, bits)) = text.split_once('/') {
        let net = address.parse::<IpAddr>().ok().zip(bits.parse::<u32>().ok());
        let net = net.filter(|(address, bits)| *bits <= width(*address));
        // As there, bits behind those that count are a mistake.
        let net = net.filter(|(address, bits)| prefix(*address, *bits) == prefix(*address, 128));
        return net.map_or(Clients::Named, |(address, bits)| {
            Clients::Net(address, bits)
        });
    }
    let of_address = |c: char| c.is_ascii_hexdigit() || ".:*?".contains(c);
    if text.contains(['*', '?']) && text.chars().all(of_address) {
        return Clients::Text(text.to_ascii_lowercase());
    }
    Clients::Named
}

fn width(address: IpAddr) -> u32 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// The first bits of an address, the others being 0; an address of one family is none of the other.
fn prefix(address: IpAddr, bits: u32) -> (bool, u128) {
    let (number, width) = match address {
        IpAddr::V4(four) => (u128::from(four.to_bits()), 32_u32),
        IpAddr::V6(six) => (six.to_bits(), 128),
    };
    let dropped = width.saturating_sub(bits);
    let kept = number.checked_shr(dropped).unwrap_or(0);
    (address.is_ipv4(), kept.checked_shl(dropped).unwrap_or(0))
}

/// Whether a text is like a pattern with `*` and `?`.
fn is_like(text: &str, pattern: &str) -> bool {
    let (text, pattern) = (text.as_bytes(), pattern.as_bytes());
    let (mut at, mut of) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    // BOUND: each round reads a letter, or goes back to one letter behind the last time at the last star.
    while let Some(letter) = text.get(at) {
        match (pattern.get(of), star) {
            (Some(b'*'), _) => {
                star = Some((of, at));
                of += 1;
            }
            (Some(wanted), _) if *wanted == b'?' || wanted == letter => {
                at += 1;
                of += 1;
            }
            (_, Some((begin, tried))) => {
                star = Some((begin, tried + 1));
                at = tried + 1;
                of = begin + 1;
            }
            (_, None) => return false,
        }
    }
    pattern.iter().skip(of).all(|letter| *letter == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(list: &str, client: &str) -> bool {
        let client = client.parse().expect("an address");
        Origin::read(list).expect("a list").fits(Some(client))
    }

    #[test]
    fn an_address_a_network_and_a_pattern_fit_their_clients() {
        for (list, client, wanted) in [
            ("127.0.0.1", "127.0.0.1", true),
            ("127.0.0.1", "127.0.0.2", false),
            ("127.0.0.0/24,::1", "127.0.0.9", true),
            ("127.0.0.0/24,::1", "127.0.1.9", false),
            ("127.0.0.0/24,::1", "::1", true),
            ("127.0.0.0/24, ::1", "::2", false),
            // The same client over a socket of both families.
            ("127.0.0.0/24", "::ffff:127.0.0.9", true),
            ("0.0.0.0/0", "192.0.2.7", true),
            ("0.0.0.0/0", "2001:db8::7", false),
            ("::/0", "2001:db8::7", true),
            ("::/0", "192.0.2.7", false),
            ("2001:db8::/32", "2001:db8:1::7", true),
            ("2001:db8::/32", "2001:db9::7", false),
            ("192.0.2.*", "192.0.2.77", true),
            ("192.0.2.?", "192.0.2.77", false),
            ("192.0.2.?", "192.0.2.7", true),
            ("*", "2001:db8::7", true),
            ("2001:DB8::*", "2001:db8::7", true),
            ("*.2.*7", "192.0.2.77", true),
        ] {
            assert_eq!(fits(list, client), wanted, "{list} {client}");
        }
    }

    #[test]
    fn what_is_forbidden_wins_and_alone_allows_nobody() {
        assert!(fits("192.0.2.0/24,!192.0.2.7", "192.0.2.8"));
        assert!(!fits("192.0.2.0/24,!192.0.2.7", "192.0.2.7"));
        assert!(!fits("!192.0.2.7,192.0.2.0/24", "192.0.2.7"));
        assert!(!fits("!192.0.2.7", "192.0.2.8"));
    }

    #[test]
    fn names_and_mistakes_fit_nobody() {
        for list in [
            "localhost",
            "*.example.com",
            "127.0.0.1/24",
            "127.0.0.1/33",
            "127.0.0.1/",
            "127.0.0.1/x",
            "0.0.0.0/0,!evil.example.com",
            "*,!*.example.com",
            "127.1",
            ",",
            "127.0.0.1:22",
        ] {
            assert!(!fits(list, "127.0.0.1"), "{list}");
        }
        assert_eq!(Origin::read(""), None);
        assert_eq!(Origin::read(&"::1,".repeat(64)), None);
        assert!(
            !Origin::read("*").expect("a list").fits(None),
            "nobody knows from where"
        );
    }
}
