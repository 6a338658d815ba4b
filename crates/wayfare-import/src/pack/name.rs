//! Names that come from exports, as parts of paths.
//!
//! In: any text. Out: a part of a path that every system can write and none understands as anything else: no
//! separators, no control characters, no names of devices, no dots alone, not too long. What cannot stand is
//! written as a percent sign and two digits, as fr-config-manager does.

use std::fmt::Write as _;

/// How many bytes a part has at most, its ending not counted.
const LONGEST: usize = 120;

/// Names that some systems keep for devices, whatever their ending.
const DEVICES: &[&str] = &["con", "prn", "aux", "nul", "conin$", "conout$"];

fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end();
    let stem = stem.to_ascii_lowercase();
    let numbered = |prefix: &str| {
        stem.strip_prefix(prefix).is_some_and(|rest| {
            let mut chars = rest.chars();
            matches!(chars.next(), Some('0'..='9' | '¹' | '²' | '³')) && chars.next().is_none()
        })
    };
    DEVICES.contains(&stem.as_str()) || numbered("com") || numbered("lpt")
}

/// Whether a character cannot stand in a part of a path everywhere, or looks like nothing there.
fn is_illegal(c: char) -> bool {
    matches!(c, '/' | '\\' | '?' | '<' | '>' | ':' | '*' | '|' | '"')
        || c.is_control()
        // marks that turn the direction of what is read, and that have no width
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

fn encode(out: &mut String, c: char) {
    let mut buffer = [0; 4];
    for byte in c.encode_utf8(&mut buffer).bytes() {
        let _ = write!(out, "%{byte:02X}");
    }
}

/// A part of a path that says this name.
pub(super) fn part(name: &str) -> String {
    let device = is_device(name);
    let last = name.chars().count().saturating_sub(1);
    let dots = !name.is_empty() && name.chars().all(|c| c == '.');
    let mut out = String::with_capacity(name.len());
    for (place, c) in name.chars().enumerate() {
        // A file that begins with a dot is hidden: whoever looks through the folder passes it over.
        let edge = matches!(c, '.' | ' ') && (place == 0 || place == last);
        if is_illegal(c) || edge || dots || (device && place == 0) {
            encode(&mut out, c);
        } else {
            out.push(c);
        }
        if out.len() > LONGEST {
            return shortened(&out, name);
        }
    }
    if out.is_empty() {
        out.push('_');
    }
    out
}

/// The beginning of a name that is too long, with a number of the whole, so that two do not meet.
fn shortened(out: &str, name: &str) -> String {
    let mut short: String = out.chars().take(LONGEST / 4).collect();
    // half of what a percent sign begins is nothing
    if let Some(place) = short.rfind('%')
        && short.len() - place < 3
    {
        short.truncate(place);
    }
    let number = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{short}~{number:016x}")
}

/// The folder of a realm: `root` for the topmost, `alpha`, and `root-alpha-beta` for one below another.
pub(super) fn realm(realm: &str) -> String {
    let inner = realm.strip_prefix('/').unwrap_or(realm);
    if inner.is_empty() {
        return "root".to_owned();
    }
    if inner.contains('/') || inner.starts_with("root") {
        return part(&exported_realm(realm));
    }
    part(inner)
}

/// A realm as whole configurations name it: `root`, `root-alpha`, hyphens doubled.
pub(super) fn exported_realm(realm: &str) -> String {
    let inner = realm.strip_prefix('/').unwrap_or(realm);
    if inner.is_empty() {
        "root".to_owned()
    } else {
        format!("root-{}", inner.replace('-', "--").replace('/', "-"))
    }
}

#[cfg(test)]
mod tests {
    use super::{part, realm};

    #[test]
    fn names_become_parts_of_paths() {
        for (name, expected) in [
            ("Login", "Login"),
            ("QA - Choice", "QA - Choice"),
            ("a/b", "a%2Fb"),
            ("..", "%2E%2E"),
            (".", "%2E"),
            ("../../etc/passwd", "%2E.%2F..%2Fetc%2Fpasswd"),
            ("C:\\x", "C%3A\\x".replace('\\', "%5C").as_str()),
            ("CON", "%43ON"),
            ("nul.txt", "%6Eul.txt"),
            ("lpt1", "%6Cpt1"),
            ("console", "console"),
            ("end.", "end%2E"),
            (".hidden", "%2Ehidden"),
            (" x ", "%20x%20"),
            ("a\u{0}b\n", "a%00b%0A"),
            ("", "_"),
            ("\u{202e}txt", "%E2%80%AEtxt"),
            ("Überprüfung", "Überprüfung"),
        ] {
            assert_eq!(part(name), expected, "{name:?}");
        }
    }

    #[test]
    fn long_names_are_cut_and_stay_apart() {
        let (a, b) = (part(&"a".repeat(500)), part(&"a".repeat(501)));
        assert_ne!(a, b);
        assert!(a.len() <= 120);
        assert!(part(&"\u{1f980}".repeat(500)).len() <= 140);
        assert!(part(&"\u{1}".repeat(500)).len() <= 140);
    }

    #[test]
    fn realms_become_folders() {
        for (name, expected) in [
            ("/", "root"),
            ("/alpha", "alpha"),
            ("/a/b", "root-a-b"),
            ("/root", "root-root"),
            ("/root-x", "root-root--x"),
        ] {
            assert_eq!(realm(name), expected);
        }
    }
}
