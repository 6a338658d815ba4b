//! A QR code, as a script that draws it: pages run it, and ours reads its path.
//!
//! The script holds nothing but two numbers and a path of squares, so that it cannot be broken out of by
//! what the code says.

use std::fmt::Write as _;

use qrcodegen::{QrCode, QrCodeEcc};

/// How many modules of white there are around a code.
const MARGIN: i32 = 4;

/// The script; an empty one where the text is too long for a code.
pub(super) fn script(text: &str) -> String {
    let Ok(code) = QrCode::encode_text(text, QrCodeEcc::Medium) else {
        return String::new();
    };
    let size = code.size() + 2 * MARGIN;
    let path = path(&code);
    format!(
        "// QR code\n\
         (function () {{\n  \
           var size = {size};\n  \
           var path = \"{path}\";\n  \
           var name = \"http://www.w3.org/2000/svg\";\n  \
           var image = document.createElementNS(name, \"svg\");\n  \
           image.setAttribute(\"viewBox\", \"0 0 \" + size + \" \" + size);\n  \
           image.setAttribute(\"width\", \"240\");\n  \
           image.setAttribute(\"role\", \"img\");\n  \
           image.style.background = \"#fff\";\n  \
           var squares = document.createElementNS(name, \"path\");\n  \
           squares.setAttribute(\"d\", path);\n  \
           image.appendChild(squares);\n  \
           (document.getElementById(\"wrapper\") || document.body).prepend(image);\n\
         }})();\n"
    )
}

/// The dark modules, one stroke for those of a line that stand together.
fn path(code: &QrCode) -> String {
    let mut path = String::new();
    for y in 0..code.size() {
        let mut from = None;
        for x in 0..=code.size() {
            let dark = x < code.size() && code.get_module(x, y);
            match (dark, from) {
                (true, None) => from = Some(x),
                (false, Some(start)) => {
                    let width = x - start;
                    // Writing into a string cannot fail.
                    let _ = write!(
                        path,
                        "M{} {}h{width}v1h-{width}z",
                        start + MARGIN,
                        y + MARGIN
                    );
                    from = None;
                }
                _ => {}
            }
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_holds_numbers_and_a_path_and_nothing_of_the_text() {
        let made = script("otpauth://totp/x:\"</script>?secret=GEZDGNBVGY3TQOJQ");
        let path = made.split("path = \"").nth(1).unwrap();
        let path = path.split('"').next().unwrap();
        assert!(path.len() > 500, "{made}");
        assert!(
            path.bytes().all(|b| b"Mhvz- 0123456789".contains(&b)),
            "{path}"
        );
        assert!(!made.contains("otpauth") && !made.contains("GEZD"));
    }

    #[test]
    fn what_is_too_long_for_a_code_is_none() {
        assert_eq!(script(&"x".repeat(5_000)), "");
    }
}
