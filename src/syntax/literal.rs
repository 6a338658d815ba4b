//! Words of a value to values: numbers, durations, sizes, texts and text blocks.
//!
//! In: the slice of a token, which the grammar has delimited and not judged. Out: its value, or
//! [`ValueKind::Broken`] and a finding with the edit that mends it. Units and ranges of a setting are not
//! judged here; only that the literal says one thing.

use crate::{
    codes,
    diagnostic::Diagnostic,
    model::value::Decimal,
    source::Span,
    syntax::ast::{Name, Path, TextPart, ValueKind},
};

/// The units of a duration, largest first, in milliseconds.
const UNITS: [(&str, u64); 5] = [
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// The units of a size, in bytes.
const SIZES: [(&str, u64); 3] = [("B", 1), ("KiB", 1024), ("MiB", 1024 * 1024)];

/// What people write for a unit, and what is meant.
const OTHER_UNITS: [(&str, &str); 27] = [
    ("day", "d"),
    ("days", "d"),
    ("D", "d"),
    ("hour", "h"),
    ("hours", "h"),
    ("hr", "h"),
    ("hrs", "h"),
    ("H", "h"),
    ("min", "m"),
    ("mins", "m"),
    ("minute", "m"),
    ("minutes", "m"),
    ("sec", "s"),
    ("secs", "s"),
    ("second", "s"),
    ("seconds", "s"),
    ("S", "s"),
    ("msec", "ms"),
    ("millis", "ms"),
    ("b", "B"),
    ("KB", "KiB"),
    ("kB", "KiB"),
    ("kb", "KiB"),
    ("kib", "KiB"),
    ("MB", "MiB"),
    ("mb", "MiB"),
    ("mib", "MiB"),
];

/// Reads a number, duration or size.
pub(super) fn numeric(token: &str, span: Span) -> Result<ValueKind, Box<Diagnostic>> {
    let bad = |message: String| Box::new(Diagnostic::new(codes::BAD_LITERAL, span, message));
    let (negative, digits) = match token.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, token),
    };
    if digits.bytes().all(|b| b.is_ascii_digit()) {
        if digits.len() > 1 && digits.starts_with('0') {
            let plain = digits.trim_start_matches('0');
            let plain = if plain.is_empty() { "0" } else { plain };
            let sign = if negative { "-" } else { "" };
            return Err(Box::new(
                bad(format!("`{}` begins with a zero", clip(token))).fix(
                    "leave the zero out",
                    span,
                    format!("{sign}{plain}"),
                ),
            ));
        }
        return token.parse().map(ValueKind::Int).map_err(|_| {
            Box::new(
                bad(format!("`{}` is too large for a number", clip(token)))
                    .expected(format!("at most {}", i64::MAX)),
            )
        });
    }
    if digits.contains('_') {
        return Err(Box::new(
            bad(format!("`{}` is not a number", clip(token)))
                .expected("digits without `_`")
                .fix("leave the `_` out", span, token.replace('_', "")),
        ));
    }
    if digits.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return if Decimal::parse(token).is_some() {
            Ok(ValueKind::Decimal(token.to_owned()))
        } else {
            Err(Box::new(
                bad(format!("`{}` is not a number", clip(token)))
                    .expected("digits, one point, and at most nine digits after it"),
            ))
        };
    }
    let found = parts(digits).ok_or_else(|| {
        Box::new(
            bad(format!(
                "`{}` is not a number, duration or size",
                clip(token)
            ))
            .expected("`42`, `0.5`, `1h30m` or `64KiB`"),
        )
    })?;
    if negative {
        return Err(Box::new(
            bad(format!("`{}` is less than nothing", clip(token)))
                .expected("a duration or size without a sign")
                .fix("leave the sign out", span, digits),
        ));
    }
    measured(token, span, &found)
}

/// A count and its unit, as written.
type Measure<'a> = (&'a str, &'a str);

/// Splits `1h30m` into its counts and units.
fn parts(token: &str) -> Option<Vec<Measure<'_>>> {
    let mut rest = token;
    let mut found = Vec::new();
    while !rest.is_empty() {
        let count_end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (count, after) = rest.split_at_checked(count_end)?;
        let unit_end = after
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(after.len());
        let (unit, next) = after.split_at_checked(unit_end)?;
        if count.is_empty() || unit.is_empty() {
            return None;
        }
        found.push((count, unit));
        rest = next;
    }
    Some(found)
}

fn measured(token: &str, span: Span, found: &[Measure<'_>]) -> Result<ValueKind, Box<Diagnostic>> {
    let bad = |message: String| Diagnostic::new(codes::BAD_LITERAL, span, message);
    for (_, unit) in found {
        let known = UNITS.iter().chain(&SIZES).any(|(name, _)| name == unit);
        if known {
            continue;
        }
        let finding = bad(format!("`{}` is not a unit", clip(unit)))
            .expected("`d`, `h`, `m`, `s`, `ms`, or `B`, `KiB`, `MiB`");
        let meant = OTHER_UNITS.iter().find(|(other, _)| other == unit);
        return Err(Box::new(match meant {
            Some((_, meant)) if reads(&token.replace(unit, meant)) => {
                finding.fix(format!("write `{meant}`"), span, token.replace(unit, meant))
            }
            _ => finding,
        }));
    }
    if let [(count, unit)] = found
        && let Some((_, bytes)) = SIZES.iter().find(|(name, _)| name == unit)
    {
        return count
            .parse::<u64>()
            .ok()
            .and_then(|n| n.checked_mul(*bytes))
            .filter(|n| i64::try_from(*n).is_ok())
            .map(ValueKind::Size)
            .ok_or_else(|| {
                Box::new(
                    bad(format!("`{}` is not a size", clip(token)))
                        .expected("a whole number, not too large"),
                )
            });
    }
    if found.iter().any(|(count, _)| count.contains('.')) {
        let finding = bad(format!("`{}` has a part of a unit", clip(token)))
            .expected("whole numbers, as in `1h30m`");
        return Err(Box::new(match whole(found) {
            Some(plain) => finding.fix(format!("write `{plain}`"), span, plain),
            None => finding,
        }));
    }
    let mut total: Option<u64> = Some(0);
    let mut least = u64::MAX;
    let mut ordered = true;
    for (count, unit) in found {
        let Some((_, length)) = UNITS.iter().find(|(name, _)| name == unit) else {
            return Err(Box::new(
                bad(format!("`{}` mixes times and sizes", clip(token)))
                    .expected("`1h30m` or `64KiB`"),
            ));
        };
        ordered &= *length < least;
        least = *length;
        total = count
            .parse::<u64>()
            .ok()
            .and_then(|n| n.checked_mul(*length))
            .and_then(|n| total?.checked_add(n));
    }
    let total = total
        .filter(|n| i64::try_from(*n).is_ok())
        .ok_or_else(|| Box::new(bad(format!("`{}` is too long a time", clip(token)))))?;
    if ordered {
        return Ok(ValueKind::Duration(total));
    }
    let plain = spelled(total);
    Err(Box::new(
        bad(format!("the units of `{}` are out of order", clip(token)))
            .expected("each unit once, the largest first")
            .fix(format!("write `{plain}`"), span, plain),
    ))
}

fn reads(token: &str) -> bool {
    numeric(token, Span::default()).is_ok()
}

/// `1.5h` as `1h30m`, where that is exact.
fn whole(found: &[Measure<'_>]) -> Option<String> {
    let mut total: i64 = 0;
    for (count, unit) in found {
        let (_, length) = UNITS.iter().find(|(name, _)| name == unit)?;
        let units = Decimal::parse(count)?.units();
        let scaled = units.checked_mul(i64::try_from(*length).ok()?)?;
        if scaled % Decimal::UNITS != 0 {
            return None;
        }
        total = total.checked_add(scaled / Decimal::UNITS)?;
    }
    Some(spelled(u64::try_from(total).ok()?))
}

/// A duration in its usual form.
fn spelled(mut milliseconds: u64) -> String {
    if milliseconds == 0 {
        return "0s".to_owned();
    }
    let mut text = String::new();
    for (unit, length) in UNITS {
        if milliseconds >= length {
            text.push_str(&(milliseconds / length).to_string());
            text.push_str(unit);
            milliseconds %= length;
        }
    }
    text
}

/// The length of a `${path}` at the start of `text`, if there is one; the grammar agrees.
pub(super) fn insert_length(text: &str) -> Option<usize> {
    let mut rest = text.strip_prefix("${")?;
    let word = |text: &str| {
        text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(text.len())
    };
    let first = word(rest);
    if first == 0 {
        return None;
    }
    rest = rest.get(first..)?;
    loop {
        if let Some(after) = rest.strip_prefix('}') {
            return Some(text.len() - after.len());
        }
        if let Some(after) = rest.strip_prefix('.') {
            let length = word(after);
            if length == 0 {
                return None;
            }
            rest = after.get(length..)?;
            continue;
        }
        let key = rest.strip_prefix("[\"")?;
        rest = key.get(key_length(key)?..)?.strip_prefix("\"]")?;
    }
}

/// The bytes before the quote that ends a key.
fn key_length(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            '\n' => return None,
            '\r' if text.get(at..)?.starts_with("\r\n") => return None,
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return Some(at),
            _ => {}
        }
    }
    None
}

/// Reads what stands between the quotes of a string; `span` covers the quotes.
pub(super) fn text(token: &str, span: Span, findings: &mut Vec<Diagnostic>) -> Vec<TextPart> {
    let inside = token
        .strip_prefix('"')
        .and_then(|t| t.strip_suffix('"'))
        .unwrap_or_default();
    let base = span.start as usize + 1;
    let mut parts = Vec::new();
    let mut raw = String::new();
    let mut rest = inside;
    while let Some(c) = rest.chars().next() {
        let at = base + (inside.len() - rest.len());
        let length = match c {
            '\\' => {
                let (length, found) = escape(rest, span, at);
                match found {
                    Ok(c) => raw.push(c),
                    Err(finding) => findings.push(*finding),
                }
                length
            }
            '$' if rest.starts_with("${") => {
                if let Some(length) = insert_length(rest) {
                    if !raw.is_empty() {
                        parts.push(TextPart::Raw(std::mem::take(&mut raw)));
                    }
                    let path = rest.get(2..length - 1).unwrap_or_default();
                    let path_span = Span::new(span.source, at + 2, at + length - 1);
                    parts.push(TextPart::Path(path_of(path, path_span, findings)));
                    length
                } else {
                    let here = Span::new(span.source, at, at + 2);
                    findings.push(
                        Diagnostic::new(
                            codes::BAD_LITERAL,
                            here,
                            "`${` begins a path, and none follows",
                        )
                        .expected("`${shared.username}`")
                        .fix(
                            "write `\\$` for the sign itself",
                            here,
                            "\\${",
                        ),
                    );
                    raw.push('$');
                    1
                }
            }
            _ => {
                raw.push(c);
                c.len_utf8()
            }
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    if !raw.is_empty() {
        parts.push(TextPart::Raw(raw));
    }
    parts
}

/// The character an escape stands for and how long it is written.
fn escape(rest: &str, span: Span, at: usize) -> (usize, Result<char, Box<Diagnostic>>) {
    let bad = |length: usize, message: String| {
        let here = Span::new(span.source, at, at + length);
        Box::new(
            Diagnostic::new(codes::BAD_LITERAL, here, message)
                .expected("`\\n`, `\\t`, `\\r`, `\\\"`, `\\\\`, `\\$` or `\\u{…}`"),
        )
    };
    let Some(c) = rest.chars().nth(1) else {
        return (1, Err(bad(1, "an escape is cut off".to_owned())));
    };
    let plain = match c {
        'n' => Some('\n'),
        't' => Some('\t'),
        'r' => Some('\r'),
        '"' | '\\' | '$' => Some(c),
        _ => None,
    };
    if let Some(plain) = plain {
        return (2, Ok(plain));
    }
    let length = 1 + c.len_utf8();
    if c == 'u' {
        let digits = rest.get(2..).and_then(|r| r.strip_prefix('{'));
        let digits = digits.and_then(|r| r.split_once('}')).map(|(d, _)| d);
        let Some(digits) = digits
            .filter(|d| (1..=6).contains(&d.len()) && d.bytes().all(|b| b.is_ascii_hexdigit()))
        else {
            return (
                2,
                Err(Box::new(
                    bad(2, "`\\u` is not a whole escape".to_owned())
                        .expected("`\\u{1F44B}`, one to six hexadecimal digits"),
                )),
            );
        };
        let length = digits.len() + 4;
        let found = u32::from_str_radix(digits, 16)
            .ok()
            .and_then(char::from_u32);
        return (
            length,
            found.ok_or_else(|| bad(length, format!("U+{digits} is not a character"))),
        );
    }
    let here = Span::new(span.source, at, at + 1);
    let finding = bad(length, format!("`\\{}` is not an escape", c.escape_debug())).fix(
        "write `\\\\` for the sign itself",
        here,
        "\\\\",
    );
    (length, Err(Box::new(finding)))
}

/// The parts of `a.b["c"]`, which the grammar has delimited.
pub(super) fn path_of(token: &str, span: Span, findings: &mut Vec<Diagnostic>) -> Path {
    let mut parts = Vec::new();
    let mut rest = token;
    let start = span.start as usize;
    while !rest.is_empty() {
        let at = start + (token.len() - rest.len());
        if let Some(after) = rest.strip_prefix("[\"") {
            let length = key_length(after).unwrap_or(after.len());
            let quoted = rest.get(1..length + 3).unwrap_or_default();
            let here = Span::new(span.source, at + 1, at + 1 + quoted.len());
            parts.push(Name {
                text: plain(quoted, here, findings),
                span: here,
                quoted: true,
            });
            rest = rest.get(length + 4..).unwrap_or_default();
            continue;
        }
        if let Some(after) = rest.strip_prefix('.') {
            rest = after;
            continue;
        }
        let length = rest
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(rest.len())
            .max(1);
        parts.push(Name {
            text: rest.get(..length).unwrap_or_default().to_owned(),
            span: Span::new(span.source, at, at + length),
            quoted: false,
        });
        rest = rest.get(length..).unwrap_or_default();
    }
    Path { parts, span }
}

/// A string in which `${…}` has no meaning: a name, an outcome, a reason.
pub(super) fn plain(token: &str, span: Span, findings: &mut Vec<Diagnostic>) -> String {
    let mut all = String::new();
    for part in text(token, span, findings) {
        match part {
            TextPart::Raw(raw) => all.push_str(&raw),
            TextPart::Path(path) => {
                let here = Span::new(
                    span.source,
                    (path.span.start as usize).saturating_sub(2),
                    path.span.start as usize,
                );
                findings.push(
                    Diagnostic::new(codes::BAD_LITERAL, here, "`${…}` is not replaced here").fix(
                        "write `\\$` for the sign itself",
                        here,
                        "\\${",
                    ),
                );
            }
        }
    }
    all
}

/// What stands in a text block: where it begins on a line of its own, the indent that all its lines share
/// is taken off, and so is the line of the closing quotes.
pub(super) fn block(token: &str) -> String {
    let inside = token
        .strip_prefix("\"\"\"")
        .and_then(|t| t.strip_suffix("\"\"\""))
        .unwrap_or_default();
    let Some(lines) = block_lines(inside) else {
        return inside.replace("\r\n", "\n");
    };
    lines.join("\n")
}

/// The lines of a block that begins on a line of its own, without their common indent.
pub(super) fn block_lines(inside: &str) -> Option<Vec<&str>> {
    let (first, rest) = inside.split_once('\n')?;
    if !first.trim_matches([' ', '\t', '\r']).is_empty() {
        return None;
    }
    let is_blank = |line: &str| line.trim_matches([' ', '\t', '\r']).is_empty();
    let mut lines: Vec<&str> = rest
        .split('\n')
        .map(|line| line.strip_suffix('\r').unwrap_or(line))
        .collect();
    if lines.last().is_some_and(|line| is_blank(line)) {
        lines.pop();
    }
    let indent = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let mut common: Option<&str> = None;
    for line in lines.iter().filter(|line| !is_blank(line)) {
        let own = line.get(..indent(line)).unwrap_or_default();
        common = Some(match common {
            None => own,
            Some(before) => shared(before, own),
        });
    }
    let cut = common.unwrap_or_default().len();
    Some(
        lines
            .into_iter()
            .map(|line| {
                if is_blank(line) {
                    ""
                } else {
                    line.get(cut..).unwrap_or_default()
                }
            })
            .collect(),
    )
}

/// The longest beginning that two indents share; both hold ASCII only.
fn shared<'a>(left: &'a str, right: &str) -> &'a str {
    let length = left
        .bytes()
        .zip(right.bytes())
        .take_while(|(l, r)| l == r)
        .count();
    left.get(..length).unwrap_or_default()
}

/// A piece of the author's text as a message may quote it.
pub(super) fn clip(text: &str) -> String {
    const KEPT: usize = 40;
    let clean = |c: char| if c.is_control() { ' ' } else { c };
    if text.chars().nth(KEPT).is_none() {
        return text.chars().map(clean).collect();
    }
    let mut kept: String = text.chars().take(KEPT).map(clean).collect();
    kept.push('…');
    kept
}
