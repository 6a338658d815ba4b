//! Any text as the advice of a request, and any bytes as that of a policy: what is read is read again from
//! what is written of it, in both forms.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wayfare::Advice;
use wayfare_wire::{
    am::advice::{BYTES_MAX, BadAdvice, advice_xml, read_json, read_xml, write_json},
    json::Writer,
};

fn written(advice: &Advice) -> Vec<u8> {
    let mut json = Writer::default();
    write_json(advice, &mut json);
    json.into_bytes()
}

/// What is asked for survives both forms. What has a name that is not known is written in neither, and what no
/// document can hold is left out of XML, which writes some characters longer: what just fits as JSON may be too
/// long there, and is refused as any other is.
fn again(advice: &Advice) {
    let bytes = written(advice);
    let read = read_json(&bytes).expect("what is written here can be read");
    assert_eq!(written(&read), bytes);
    let document = advice_xml(advice);
    match read_xml(&document) {
        Ok(read) => assert_eq!(advice_xml(&read), document),
        Err(error) => assert_eq!(error, BadAdvice::TooLong, "what is written here can be read"),
    }
    assert_eq!(read_xml(&document).is_err(), document.len() > BYTES_MAX);
}

fuzz_target!(|bytes: &[u8]| {
    if let Ok(advice) = read_json(bytes) {
        again(&advice);
    }
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(advice) = read_xml(text)
    {
        again(&advice);
    }
});
