//! L13: what fits a budget is read, what does not is refused, whatever the budget is.

use proptest::prelude::*;
use wayfare_wire::{
    am::{
        advice::{self, BadAdvice, read_json, read_xml},
        auth_id,
        goto::Allowed,
        request::Body,
    },
    json::Bounds,
};

use super::trials;

/// Around a limit, on both sides of it.
fn around(limit: usize) -> impl Strategy<Value = usize> {
    prop_oneof![
        limit.saturating_sub(2)..limit + 3,
        0..limit * 2 + 2,
        Just(limit),
        Just(limit + 1),
    ]
}

#[test]
fn l13_a_body_is_as_long_deep_and_wordy_as_its_bounds() {
    let bounds = (64..400_usize, 2..40_usize, 10..60_usize);
    let body = bounds.prop_flat_map(|(bytes, depth, text)| {
        let bounds = (Just(bytes), Just(depth), Just(text));
        (bounds, around(bytes), around(depth), around(text))
    });
    proptest!(trials("L13 bodies", 2_000), |(((most, deepest, longest), bytes, depth, text) in body)| {
        let bounds = Bounds {
            bytes: most,
            depth: u32::try_from(deepest).expect("small"),
            string_bytes: longest,
            ..Bounds::default()
        };
        // The object itself is one level.
        let nested = depth.saturating_sub(1);
        let mut body = format!(
            r#"{{"a":{}0{},"b":"{}"}}"#,
            "[".repeat(nested),
            "]".repeat(nested),
            "x".repeat(text)
        );
        let padded = bytes.max(body.len());
        body.extend(std::iter::repeat_n(' ', padded - body.len()));
        let fits = padded <= most && nested < deepest && text <= longest;
        let read = Body::read(body.as_bytes(), bounds);
        prop_assert_eq!(read.is_ok(), fits, "{} bytes, {} deep, {} long: {:?}", padded, depth, text, read);
    });
}

#[test]
fn l13_an_advice_is_as_long_as_its_bounds() {
    let sizes = (around(advice::BYTES_MAX), around(advice::ELEMENTS_MAX));
    proptest!(trials("L13 advices", 300), |((bytes, values) in sizes)| {
        let head = "<Advices><AttributeValuePair><Attribute name=\"AuthLevelConditionAdvice\"/>";
        let mut document = format!(
            "{head}{}</AttributeValuePair></Advices>",
            "<Value>1</Value>".repeat(values)
        );
        let length = document.len().max(bytes);
        let padding = length - document.len();
        document.insert_str("<Advices>".len(), &" ".repeat(padding));
        // The document, the pair and the attribute are elements as well.
        let fits = length <= advice::BYTES_MAX && values + 3 <= advice::ELEMENTS_MAX;
        let read = read_xml(&document);
        prop_assert_eq!(read.is_ok(), fits, "{} bytes, {} values: {:?}", length, values, read);
        if length > advice::BYTES_MAX {
            prop_assert_eq!(read, Err(BadAdvice::TooLong));
        }
        let mut json = format!(
            r#"{{"AuthLevelConditionAdvice":[{}]}}"#,
            vec!["\"1\""; values].join(",")
        );
        let length = json.len().max(bytes);
        json.push_str(&" ".repeat(length - json.len()));
        let fits = length <= advice::BYTES_MAX && values < advice::ELEMENTS_MAX;
        prop_assert_eq!(read_json(json.as_bytes()).is_ok(), fits, "{} bytes, {} values", length, values);
    });
}

#[test]
fn l13_addresses_and_tokens_are_as_long_as_their_bounds() {
    let allowed = Allowed::default();
    let sizes = (
        1..wayfare_wire::am::goto::CHARS_MAX * 2,
        around(auth_id::BYTES_MAX),
    );
    proptest!(trials("L13 addresses", 300), |((chars, bytes) in sizes)| {
        let address = format!("/{}", "x".repeat(chars - 1));
        let fits = chars <= wayfare_wire::am::goto::CHARS_MAX;
        prop_assert_eq!(allowed.check(&address, None).is_some(), fits, "{}", chars);
        // A token of any length is refused by what it is; nothing of a long one is looked at.
        let token = format!("{}.{}.{}", "A".repeat(36), "A".repeat(bytes), "A".repeat(43));
        let pair = crate::world::pair(1);
        let keys = wayfare_wire::seal::RealmKeys::new(pair, []);
        prop_assert!(auth_id::verify(&token, &keys, &mut Vec::new()).is_err());
    });
}
