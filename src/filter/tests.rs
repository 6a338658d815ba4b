use std::{collections::BTreeMap, fmt::Write as _, sync::Arc};

use proptest::prelude::*;

use super::*;
use crate::model::value::Value;

fn user() -> BTreeMap<Arc<str>, Value> {
    let map = |pairs: &[(&str, Value)]| {
        pairs
            .iter()
            .map(|(key, value)| (Arc::from(*key), value.clone()))
            .collect::<BTreeMap<Arc<str>, Value>>()
    };
    map(&[
        ("userName", Value::text("Demo")),
        ("mail", Value::text("demo@example.com")),
        ("age", Value::Int(41)),
        ("score", Value::Decimal(Decimal::parse("0.75").unwrap())),
        ("locked", Value::Bool(false)),
        ("nothing", Value::Null),
        ("empty", Value::List(Arc::from([]))),
        (
            "groups",
            Value::List(Arc::from([Value::text("staff"), Value::text("cooks")])),
        ),
        ("password", Value::Secret("Ch4ng31t".into())),
        ("a/b", Value::text("slash")),
        (
            "address",
            Value::Map(Arc::new(map(&[("city", Value::text("Øresund"))]))),
        ),
    ])
}

#[test]
fn what_holds_and_what_does_not() {
    let user = user();
    for (text, holds) in [
        ("true", true),
        ("false", false),
        ("!false", true),
        (r#"userName eq "demo""#, true),
        ("/username eq 'DEMO'", true),
        (r#"userName eq "dem""#, false),
        (r#"mail co "@EXAMPLE.""#, true),
        (r#"mail sw "demo@""#, true),
        (r#"mail ew ".com""#, true),
        (r#"mail sw "example""#, false),
        ("age eq 41", true),
        ("age eq 41.0", true),
        ("age gt 41", false),
        ("age ge 41", true),
        ("age lt 41.5", true),
        (r#"age eq "41""#, false),
        (r#"age co "4""#, false),
        ("score le 0.75", true),
        ("score lt 0.75", false),
        ("score gt -1", true),
        ("locked eq false", true),
        ("locked eq true", false),
        ("userName pr", true),
        ("nothing pr", false),
        ("empty pr", false),
        ("missing pr", false),
        (r#"missing eq "x""#, false),
        (r#"!(missing eq "x")"#, true),
        (r#"groups eq "cooks""#, true),
        (r#"groups/0 eq "cooks""#, false),
        (r#"/groups/1 eq "cooks""#, true),
        (r#"groups eq "owners""#, false),
        ("password pr", true),
        (r#"password eq "Ch4ng31t""#, false),
        (r#"password sw """#, false),
        (r#"a~1b eq "slash""#, true),
        (r#"address/city eq "øresund""#, true),
        (r#"address/city eq "\u00d8resund""#, true),
        ("address/street pr", false),
        ("mail/x pr", false),
        ("age gt 40 and age lt 42 or false", true),
        ("false and false or true", true),
        ("false and (false or true)", false),
        ("true or false and false", true),
        (r#"order pr or android eq "x""#, false),
        (r#"truest eq "x" or prince pr"#, false),
    ] {
        let filter = Filter::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(filter.matches(&user), holds, "{text}: {filter:?}");
    }
}

#[test]
fn what_is_no_filter() {
    for (text, error) in [
        ("", FilterError::Shape(0)),
        ("mail", FilterError::Shape(4)),
        ("mail eq", FilterError::Shape(7)),
        ("mail eq demo", FilterError::Shape(8)),
        (r#"mail eq "demo"#, FilterError::Shape(13)),
        (r#"mail eq "a" "b""#, FilterError::Shape(12)),
        (r#"mail is "a""#, FilterError::Shape(5)),
        (r#"mail eq "\x""#, FilterError::Shape(9)),
        (r#"mail eq "\ud800""#, FilterError::Shape(0)),
        (r#"mail eq "\ud800a""#, FilterError::Shape(15)),
        ("(true", FilterError::Shape(5)),
        ("true)", FilterError::Shape(4)),
        ("!!true", FilterError::Shape(1)),
        ("and pr", FilterError::Shape(0)),
        ("mail pr and", FilterError::Shape(11)),
        (r#"/ eq "x""#, FilterError::Pointer),
        (r#"a//b eq "x""#, FilterError::Pointer),
        ("age eq 99999999999999999999", FilterError::Number),
        (r#"mail eq "a"; drop table user"#, FilterError::Shape(11)),
        ("mail eq \"a\"\u{0}", FilterError::Shape(11)),
    ] {
        assert_eq!(Filter::parse(text), Err(error), "{text}");
    }
}

#[test]
fn a_pair_of_escapes_is_one_character() {
    let filter = Filter::parse(r#"mail eq "\ud83d\ude00""#).unwrap();
    assert_eq!(filter, Filter::equal("mail", "😀"));
}

#[test]
fn bounds_hold_at_the_limit_and_one_past_it() {
    let nested = |depth: usize| format!("{}true{}", "(".repeat(depth), ")".repeat(depth));
    assert!(Filter::parse(&nested(FILTER_DEPTH_MAX)).is_ok());
    assert_eq!(
        Filter::parse(&nested(FILTER_DEPTH_MAX + 1)),
        Err(FilterError::TooDeep)
    );
    let long = |bytes: usize| format!("a eq \"{}\"", "x".repeat(bytes - 7));
    assert!(Filter::parse(&long(FILTER_BYTES_MAX)).is_ok());
    assert_eq!(
        Filter::parse(&long(FILTER_BYTES_MAX + 1)),
        Err(FilterError::TooLong)
    );
    let mut wide = "true".to_owned();
    while wide.len() + 9 <= FILTER_BYTES_MAX {
        write!(wide, " or false").unwrap();
    }
    assert!(Filter::parse(&wide).unwrap().matches(&user()));
}

#[test]
fn the_attributes_looked_at() {
    let filter = Filter::parse(r#"b/c eq 1 and !(a pr or b co "x") or true"#).unwrap();
    assert_eq!(filter.attributes(), [Arc::from("a"), Arc::from("b")]);
}

proptest! {
    #[test]
    fn reading_never_panics(text in "\\PC{0,80}") {
        let _ = Filter::parse(&text);
    }

    #[test]
    fn reading_what_looks_like_one_never_panics(words in prop::collection::vec(
        prop::sample::select(vec!["a", "/a/b", "eq", "co", "pr", "and", "or", "!", "(", ")", "\"x\"", "'y'", "1", "-0.5", "true"]), 0..14)) {
        if let Ok(filter) = Filter::parse(&words.join(" ")) {
            let _ = filter.matches(&user());
        }
    }
}
