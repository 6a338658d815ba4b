//! Any text is read without a panic; one that is well formed has one form, which reads the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wayfare::Source;

fuzz_target!(|text: &str| {
    let Ok(once) = wayfare::format(&Source::new("fuzz.journey", text)) else {
        return;
    };
    let twice = wayfare::format(&Source::new("fuzz.journey", once.as_str()));
    assert_eq!(twice.as_deref().ok(), Some(once.as_str()), "the form of a form is itself");
});
