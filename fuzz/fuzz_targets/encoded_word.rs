//! Any text as the value of a header: it is decoded once or refused, and plain text stays as it is.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wayfare::encoded_word::decode;

fuzz_target!(|text: &str| {
    match decode(text) {
        // Whatever the form, a byte of it gives no more than a byte.
        Ok(decoded) => assert!(decoded.len() <= text.len() * 2, "{text:?}"),
        Err(_) => {
            let is_plain = !text.contains("=?") && !text.contains(char::is_control);
            assert!(!is_plain, "plain text is never refused: {text:?}");
        }
    }
});
