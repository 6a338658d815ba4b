//! Rules for names: reserved words, the customs of the language, and names on the wire.

use unicode_normalization::is_nfc;

use crate::{codes, compile::context::Cx, diagnostic::Diagnostic, syntax::ast};

/// How names of a kind are written by custom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Custom {
    /// `snake_case`
    Snake,
    /// `CamelCase`
    Camel,
}

/// Checks a declared name against the custom of its kind; the parser refused words of the language.
pub(super) fn check_declared(cx: &mut Cx<'_>, name: &ast::Name, custom: Custom, kind: &str) {
    let follows = match custom {
        Custom::Snake => is_snake(&name.text),
        // The ids of types designed in the product are the product's, not the author's.
        Custom::Camel => {
            name.text.starts_with(|c: char| c.is_ascii_uppercase())
                || name.text.starts_with("designer-")
        }
    };
    if follows || name.text.is_empty() {
        return;
    }
    let (style, example) = match custom {
        Custom::Snake => ("snake_case", snake(&name.text)),
        Custom::Camel => ("CamelCase", camel(&name.text)),
    };
    cx.report(
        Diagnostic::new(
            codes::NAMING,
            name.span,
            format!("`{}` is not written in {style}", name.text),
        )
        .expected(format!("{kind} in {style}"))
        .help(format!("rename it to `{example}` wherever it stands")),
    );
}

fn is_snake(name: &str) -> bool {
    name.bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

fn snake(name: &str) -> String {
    let mut made = String::with_capacity(name.len() + 4);
    let mut lower_before = false;
    for c in name.chars() {
        if c.is_ascii_uppercase() && lower_before {
            made.push('_');
        }
        lower_before = c.is_ascii_lowercase() || c.is_ascii_digit();
        made.push(if c == '-' {
            '_'
        } else {
            c.to_ascii_lowercase()
        });
    }
    made
}

fn camel(name: &str) -> String {
    name.split(['_', '-'])
        .map(|part| {
            let mut letters = part.chars();
            letters
                .next()
                .map(|first| first.to_ascii_uppercase().to_string() + letters.as_str())
                .unwrap_or_default()
        })
        .collect()
}

/// Checks a name on the wire; false where it breaks the rules.
pub(super) fn check_wire(cx: &mut Cx<'_>, name: &ast::Name) -> bool {
    let text = name.text.as_str();
    let characters = text.chars().count();
    let wrong = if characters == 0 {
        Some("is empty")
    } else if characters > 128 {
        Some("has more than 128 characters")
    } else if text.chars().any(char::is_control) {
        Some("holds a control character")
    } else if text.contains('|') {
        Some("holds `|`, which separates names on the wire")
    } else if text.trim() != text {
        Some("begins or ends with a blank")
    } else if !is_nfc(text) {
        Some("is not in the composed form NFC")
    } else {
        None
    };
    if let Some(wrong) = wrong {
        let mut finding = Diagnostic::new(
            codes::BAD_WIRE_NAME,
            name.span,
            format!("the name on the wire {wrong}"),
        )
        .expected("1 to 128 characters in NFC, without control characters, `|` and outer blanks");
        if wrong == "begins or ends with a blank" && name.quoted && !text.contains(['"', '\\']) {
            let replacement = format!("\"{}\"", text.trim());
            finding = finding.fix("take the outer blanks off", name.span, replacement);
        }
        cx.report(finding);
        return false;
    }
    if text.contains(':') {
        cx.report(
            Diagnostic::new(
                codes::COLON_IN_WIRE_NAME,
                name.span,
                format!("`{text}` holds a colon"),
            )
            .expected("a name without `:`, which an advice reads as the end of a realm"),
        );
    }
    true
}
