//! Advices as they are spelled: what is read, what is refused, and that reading undoes writing.

use std::{fmt::Write as _, sync::Arc};

use crate::world::World;
use proptest::prelude::*;
use wayfare::{Advice, AuthLevel, Qualified, Realm};
use wayfare_wire::{
    am::advice::{
        BYTES_MAX, BadAdvice, ELEMENTS_MAX, advice_xml, challenge, read_json, read_xml, write_json,
    },
    json::Writer,
};

fn pair(name: &str, values: &[&str]) -> String {
    let mut text = format!("<AttributeValuePair><Attribute name=\"{name}\"/>");
    for value in values {
        write!(text, "<Value>{value}</Value>").unwrap();
    }
    text + "</AttributeValuePair>"
}

fn document(pairs: &[(&str, &[&str])]) -> String {
    let pairs: String = pairs
        .iter()
        .map(|(name, values)| pair(name, values))
        .collect();
    format!("<Advices>{pairs}</Advices>")
}

fn services(text: &str) -> Vec<String> {
    let advice = read_xml(text).unwrap_or_else(|bad| panic!("{bad}: {text}"));
    advice.services.iter().map(ToString::to_string).collect()
}

fn levels(values: &[&str]) -> Vec<u32> {
    let text = document(&[("AuthLevelConditionAdvice", values)]);
    let advice = read_xml(&text).unwrap_or_else(|bad| panic!("{bad}: {text}"));
    advice.levels.iter().map(|(_, l)| l.number()).collect()
}

fn why(text: &str) -> String {
    match read_xml(text) {
        Ok(advice) => panic!("read as {advice:?}: {text}"),
        Err(bad) => bad.to_string(),
    }
}

const SERVICE: &str = "AuthenticateToServiceConditionAdvice";
const LEVEL: &str = "AuthLevelConditionAdvice";

fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").unwrap();
        }
    }
    encoded
}

#[test]
fn v19_v20_the_vendors_own_example_is_read() {
    let text = format!(
        "<Advices>\n  {}\n  {}\n</Advices>\n",
        pair(SERVICE, &["ldapService"]),
        pair(SERVICE, &["Example"])
    );
    assert_eq!(services(&text), ["ldapService", "Example"]);
    assert_eq!(services(&document(&[(SERVICE, &["Login"])])), ["Login"]);
}

#[test]
fn every_name_goes_to_its_list() {
    let advice = read_xml(&document(&[
        ("TransactionConditionAdvice", &["tx"]),
        (LEVEL, &["10", "/alpha:20"]),
        ("AuthSchemeConditionAdvice", &["LDAP", "/alpha:LDAP"]),
        ("AuthenticateToTreeConditionAdvice", &["Tree"]),
        (SERVICE, &["Login", ":Login", "Tree"]),
        ("AuthenticateToRealmConditionAdvice", &["/alpha", "alpha"]),
        ("SessionConditionAdvice", &["deny"]),
        ("ForceAuth", &["true"]),
        ("Empty", &[]),
    ]))
    .unwrap();
    let alpha = Realm::parse("/alpha");
    assert_eq!(
        advice,
        Advice {
            realms: vec!["/alpha".into(), "alpha".into()],
            services: vec![Qualified::here("Tree"), Qualified::here("Login")],
            schemes: vec![
                Qualified::here("LDAP"),
                Qualified {
                    realm: alpha.clone(),
                    name: "LDAP".into()
                }
            ],
            levels: vec![
                (None, AuthLevel::saturating(10)),
                (alpha, AuthLevel::saturating(20))
            ],
            transactions: vec!["tx".into()],
            unknown: vec!["SessionConditionAdvice".into(), "ForceAuth".into()],
        }
    );
}

#[test]
fn v25_a_document_that_was_encoded_once_more_is_decoded_once() {
    let text = document(&[(SERVICE, &["Log in &amp; out", "50%", "a+b"])]);
    let once = encoded(&text);
    let expected = ["Log in & out", "50%", "a+b"];
    assert_eq!(services(&text), expected);
    assert_eq!(services(&once), expected);
    assert_eq!(services(&format!("  {once}\n")), expected);
    // Blanks as forms write them.
    assert_eq!(
        services(
            "%3cAdvices><AttributeValuePair><Attribute+name='AuthenticateToTreeConditionAdvice'/><Value>a+b</Value></AttributeValuePair></Advices>"
        ),
        ["a b"]
    );
    assert!(matches!(
        read_xml(&encoded(&once)),
        Err(BadAdvice::Xml { .. })
    ));
    assert_eq!(read_xml("%3Cx%"), Err(BadAdvice::Encoding));
    assert_eq!(read_xml("%3Cx%ff"), Err(BadAdvice::Encoding));
}

#[test]
fn v26_what_is_malformed_is_refused_with_its_reason() {
    for (text, reason) in [
        ("", "ends too early"),
        ("   ", "ends too early"),
        ("hello", "text outside"),
        ("{}", "text outside"),
        ("<", "expected a name"),
        ("<Advices", "expected `>`"),
        ("<Advices>", "ends too early"),
        ("<Advices/><Advices/>", "one outermost element"),
        ("<Advices/>x", "text outside"),
        ("x<Advices/>", "text outside"),
        ("<advices/>", "one outermost element"),
        ("<x:Advices/>", "one outermost element"),
        ("<Advices></advices>", "not open"),
        ("<Advices/></Advices>", "not open"),
        ("<Advices><A></Advices></A>", "not open"),
        ("<Advices><A b='1' b='2'/></Advices>", "stands twice"),
        ("<Advices><A b='1'c='2'/></Advices>", "expected `>`"),
        ("<Advices><A b=1/></Advices>", "expected a quote"),
        ("<Advices><A b/></Advices>", "expected `=`"),
        ("<Advices><A b='1/></Advices>", "without an end"),
        ("<Advices><A b='<'/></Advices>", "without an end"),
        ("<Advices / >", "expected `>`"),
        ("<Advices>&nbsp;</Advices>", "not known"),
        ("<Advices>&amp</Advices>", "without an end"),
        ("<Advices>& ;</Advices>", "not known"),
        ("<Advices>&#0;</Advices>", "not known"),
        ("<Advices>&#10;</Advices>", "not known"),
        ("<Advices>&#x7f;</Advices>", "not known"),
        ("<Advices>&#xD800;</Advices>", "not known"),
        ("<Advices>&#x110000;</Advices>", "not known"),
        ("<Advices>&#xfffe;</Advices>", "not known"),
        ("<Advices>&#+65;</Advices>", "not known"),
        ("<Advices>&#X41;</Advices>", "not known"),
        ("<Advices>&#00000065;</Advices>", "not known"),
        ("<Advices>\u{1}</Advices>", "may not stand"),
        ("<Advices>]]></Advices>", "`]]>`"),
        ("<!-- x --><Advices/>", "only elements and text"),
        ("<Advices><!-- x --></Advices>", "only elements and text"),
        ("<Advices><![CDATA[x]]></Advices>", "only elements and text"),
        ("<Advices><?x y?></Advices>", "only elements and text"),
        (
            "<?xml version='1.0' encoding='utf-16'?><Advices/>",
            "another kind",
        ),
        ("<?xml version='1.1'?><Advices/>", "another kind"),
        ("<?xml-stylesheet href='x'?><Advices/>", "expected a name"),
        (" <?xml version='1.0'?><Advices/>x", "text outside"),
        (
            "<Advices><AttributeValuePair><Attribute name='a'/><Attribute name='b'/></AttributeValuePair></Advices>",
            "one attribute",
        ),
    ] {
        let why = why(text);
        assert!(why.contains(reason), "{text}: {why}");
    }
}

#[test]
fn what_is_harmless_is_read() {
    let pair = pair(SERVICE, &["Login"]);
    for text in [
        format!("\u{feff}<Advices>{pair}</Advices>"),
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone='yes' ?>\n<Advices>{pair}</Advices>"
        ),
        format!("<Advices xmlns='urn:x' a='&lt;'>{pair}</Advices >"),
        format!("<Advices><Other x='1'>text<Value>no</Value></Other>{pair}</Advices>"),
        // A value or an attribute somewhere else means nothing.
        format!("<Advices><Value>no</Value><Attribute name='{SERVICE}'/>{pair}</Advices>"),
        format!(
            "<Advices><AttributeValuePair><Value>no</Value></AttributeValuePair>{pair}</Advices>"
        ),
        format!(
            "<Advices><AttributeValuePair><Attribute/><Value>no</Value></AttributeValuePair>{pair}</Advices>"
        ),
        format!(
            "<Advices><AttributeValuePair><Attribute name='{SERVICE}'/></AttributeValuePair>{pair}</Advices>"
        ),
        format!(
            "<Advices><AttributeValuePair><Value>\n Lo<b>no</b>gin\t</Value><Attribute name='{SERVICE}'/></AttributeValuePair></Advices>"
        ),
        format!(
            "<Advices><AttributeValuePair><Attribute name='{SERVICE}'/><Value>&#76;o&#x67;in</Value><Value> </Value></AttributeValuePair></Advices>"
        ),
    ] {
        assert_eq!(services(&text), ["Login"], "{text}");
    }
    assert_eq!(read_xml("<Advices/>"), Ok(Advice::default()));
    assert_eq!(
        services(&document(&[(
            SERVICE,
            &["&amp;&lt;&gt;&quot;&apos;&#233;"]
        )])),
        ["&<>\"'é"]
    );
    // Several names in one value are one name, as some clients write them: nothing is split.
    assert_eq!(services(&document(&[(SERVICE, &["a b"])])), ["a b"]);
}

#[test]
fn c01_no_document_type_no_entity_nothing_is_opened() {
    for text in [
        "<!DOCTYPE Advices [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><Advices>&x;</Advices>",
        "<!DOCTYPE Advices SYSTEM \"http://127.0.0.1:9/x.dtd\"><Advices/>",
        "<!DOCTYPE a [<!ENTITY % p SYSTEM \"http://127.0.0.1:9/\"> %p;]><Advices/>",
        "<?xml version='1.0'?><!DOCTYPE Advices PUBLIC '-//x' 'http://127.0.0.1:9/'><Advices/>",
        "<Advices xmlns:xi='http://www.w3.org/2001/XInclude'><xi:include href='file:///etc/passwd'/>&passwd;</Advices>",
    ] {
        assert!(
            matches!(read_xml(text), Err(BadAdvice::Xml { .. })),
            "{text}"
        );
    }
    // An inclusion is an unknown element like any other.
    let text = "<Advices xmlns:xi='http://www.w3.org/2001/XInclude'><xi:include href='file:///etc/passwd'/></Advices>";
    assert_eq!(read_xml(text), Ok(Advice::default()));
}

/// Reads hostile documents on a small stack, within the time that the case allows for one.
#[test]
fn c02_bombs_are_refused_on_a_small_stack() {
    let work = || {
        let laughs = {
            let mut text = String::from("<?xml version='1.0'?><!DOCTYPE lolz [<!ENTITY l0 'lol'>");
            for n in 1..10 {
                let inner = format!("&l{};", n - 1).repeat(10);
                write!(text, "<!ENTITY l{n} '{inner}'>").unwrap();
            }
            text + "]><Advices>&l9;</Advices>"
        };
        let quadratic = format!(
            "<!DOCTYPE a [<!ENTITY x '{}'>]><Advices>{}</Advices>",
            "x".repeat(50_000),
            "&x;".repeat(50_000)
        );
        let attributes = |n: usize| {
            let mut list = String::new();
            for at in 0..n {
                write!(list, " a{at}=''").unwrap();
            }
            format!("<Advices{list}/>")
        };
        let deep = |n: usize| {
            format!(
                "<Advices>{}{}</Advices>",
                "<a>".repeat(n - 1),
                "</a>".repeat(n - 1)
            )
        };
        let many = |n: usize| format!("<Advices>{}</Advices>", "<a/>".repeat(n - 1));
        let long = |n: usize| format!("<Advices>{}</Advices>", " ".repeat(n - 19));
        assert!(read_xml(&deep(4)).is_ok());
        assert!(read_xml(&many(ELEMENTS_MAX)).is_ok());
        assert!(read_xml(&attributes(16)).is_ok());
        assert!(read_xml(&long(BYTES_MAX)).is_ok());
        for text in [
            laughs,
            quadratic,
            attributes(17),
            attributes(1_000),
            attributes(100_000),
            deep(5),
            deep(2_000),
            deep(10_000),
            "<a>".repeat(10_000),
            many(ELEMENTS_MAX + 1),
            long(BYTES_MAX + 1),
            "%3C".repeat(1_000_000),
            format!("%3C{}", "%".repeat(20_000)),
            "<Advices>".to_owned() + &"&".repeat(8_000),
            "<Advices>".to_owned() + &"&amp;".repeat(1_600),
            "<Advices ".to_owned() + &"a".repeat(8_000),
            "<Advices a='".to_owned() + &"&lt;".repeat(1_900),
            " ".repeat(1 << 20),
        ] {
            assert!(
                read_xml(&text).is_err(),
                "{}",
                text.get(..80).unwrap_or(&text)
            );
        }
    };
    let small = std::thread::Builder::new().stack_size(128 * 1_024);
    small.spawn(work).unwrap().join().unwrap();
}

#[test]
fn c03_levels_are_strict_decimals() {
    assert_eq!(levels(&["0", "10", "2147483647"]), [0, 10, 2_147_483_647]);
    assert_eq!(levels(&["20", "10", "20"]), [20, 10]);
    for dropped in [
        "-1",
        "+1",
        "2147483648",
        "0x10",
        "1e1",
        "1.0",
        "١٠",
        "10 20",
        "1_0",
        "",
        "min",
        "/: 10",
        "/alpha:",
        "/alpha/:10",
        "alpha:10",
        "\u{a0}10",
        "99999999999999999999",
        "/alpha:-1",
    ] {
        assert_eq!(levels(&[dropped]), [0; 0], "{dropped}");
        assert_eq!(levels(&[dropped, "7"]), [7], "{dropped}");
    }
    // The blanks of the markup are no part of a value.
    assert_eq!(levels(&[" 10 ", "\n20\t"]), [10, 20]);
    // V24: a level with a realm.
    let advice = read_xml(&document(&[(LEVEL, &["/:10", ":20"])])).unwrap();
    assert_eq!(
        advice.levels,
        [
            (Some(Realm::root()), AuthLevel::saturating(10)),
            (None, AuthLevel::saturating(20))
        ]
    );
}

#[test]
fn json_is_read_and_written_as_policies_do() {
    let advice =
        read_json(br#"{"AuthLevelConditionAdvice":["3"],"Other":["x"],"None":[]}"#).unwrap();
    assert_eq!(advice.levels, [(None, AuthLevel::saturating(3))]);
    assert_eq!(advice.unknown, [Arc::from("Other")]);
    let mut json = Writer::default();
    write_json(&advice, &mut json);
    assert_eq!(
        String::from_utf8(json.into_bytes()).unwrap(),
        r#"{"AuthLevelConditionAdvice":["3"]}"#
    );
    for text in [
        "",
        "null",
        "[]",
        "{",
        r#"{"a":"b"}"#,
        r#"{"a":[1]}"#,
        r#"{"a":[null]}"#,
        r#"{"a":[["b"]]}"#,
        r#"{"a":[],"a":[]}"#,
        r#"{"a":{"b":[]}}"#,
        r#"{"a":null}"#,
        "{}{}",
    ] {
        assert_eq!(read_json(text.as_bytes()), Err(BadAdvice::Json), "{text}");
    }
    let many = |n: usize| format!("{{\"a\":[{}\"x\"]}}", "\"x\",".repeat(n - 1));
    assert!(read_json(many(ELEMENTS_MAX - 1).as_bytes()).is_ok());
    assert_eq!(
        read_json(many(ELEMENTS_MAX).as_bytes()),
        Err(BadAdvice::Json)
    );
    assert_eq!(read_json(&[b' '; BYTES_MAX + 1]), Err(BadAdvice::TooLong));
    assert_eq!(
        challenge(&advice, &Realm::root(), "https://login.example.com/am"),
        "SSOADVICE realm=\"/\",advices=\"eyJBdXRoTGV2ZWxDb25kaXRpb25BZHZpY2UiOlsiMyJdfQ==\",am_uri=\"https://login.example.com/am\""
    );
    assert!(challenge(&advice, &Realm::root(), "x\"\r\ny: z").ends_with("am_uri=\"\""));
}

#[test]
fn names_that_look_like_realms_are_written_apart() {
    for name in ["a:b", "::x", "/x:y", ":/alpha:Login", "a", "http://x"] {
        let mut advice = Advice::default();
        advice.services.push(Qualified::here(name));
        assert_eq!(read_xml(&advice_xml(&advice)), Ok(advice), "{name}");
    }
    let mut advice = Advice::default();
    // A control character stands in no document.
    advice.services.push(Qualified::here("a\nb"));
    assert_eq!(advice_xml(&advice), "<Advices></Advices>");
}

/// A value without blanks around it, which reading would take off.
fn name() -> impl Strategy<Value = Arc<str>> {
    let any = "[a-c:/&<>\"'%+é][a-c:/ &<>\"'%+]{0,6}[a-c:/&<>\"'é]";
    let there = prop::sample::select(vec!["Login", "Strong", "Easy", "Inner", "/alpha"]);
    prop_oneof![
        any.prop_filter("two brackets", |text| !text.contains("]]>")),
        there.prop_map(str::to_owned),
    ]
    .prop_map(|text: String| Arc::from(text))
}

fn realm() -> impl Strategy<Value = Option<Realm>> {
    prop::option::of(prop_oneof![
        Just(Realm::root()),
        Just(Realm::parse("/alpha").unwrap()),
        Just(Realm::parse("/alpha/b").unwrap()),
    ])
}

fn qualified() -> impl Strategy<Value = Qualified> {
    (realm(), name()).prop_map(|(realm, name)| Qualified { realm, name })
}

fn distinct<T: PartialEq>(list: Vec<T>) -> Vec<T> {
    let mut distinct = Vec::new();
    for item in list {
        if !distinct.contains(&item) {
            distinct.push(item);
        }
    }
    distinct
}

fn advice() -> impl Strategy<Value = Advice> {
    let names = || prop::collection::vec(name(), 0..5).prop_map(distinct);
    let qualified = || prop::collection::vec(qualified(), 0..5).prop_map(distinct);
    let level = (realm(), 0..=i64::from(i32::MAX))
        .prop_map(|(realm, level)| (realm, AuthLevel::saturating(level)));
    let levels = prop::collection::vec(level, 0..5).prop_map(distinct);
    (names(), qualified(), qualified(), levels, names()).prop_map(
        |(realms, services, schemes, levels, transactions)| Advice {
            realms,
            services,
            schemes,
            levels,
            transactions,
            unknown: Vec::new(),
        },
    )
}

/// XML-like noise: hits more of the reader than bytes alone.
fn noise() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        Just("<Advices>".to_owned()),
        Just("</Advices>".to_owned()),
        Just("<AttributeValuePair>".to_owned()),
        Just("</AttributeValuePair>".to_owned()),
        Just("<Attribute name=\"AuthLevelConditionAdvice\"/>".to_owned()),
        Just("<Value>".to_owned()),
        Just("</Value>".to_owned()),
        Just("10".to_owned()),
        "[<>&;/=\"'! ?#x%a-c\\]\u{0}é-]{1,4}",
    ];
    prop::collection::vec(word, 0..30).prop_map(|words| words.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Whatever is sent: a step or `No Configuration found`, and nothing is written.
    #[test]
    fn a_start_by_any_document_is_a_step_or_a_refusal(
        text in noise(),
        advice in advice(),
        strict in any::<bool>(),
        realm in prop::sample::select(vec!["", "/realms/root/realms/alpha"]),
    ) {
        let world = World::new();
        Arc::make_mut(&mut world.settings.lock().unwrap()).strict_advice = strict;
        let started = |document: &str| {
            let target = format!(
                "/json{realm}/authenticate?authIndexType=composite_advice&authIndexValue={}",
                encoded(document)
            );
            let headers = [("accept-api-version".to_owned(), "resource=2.1".to_owned())];
            world.send("POST", &target, &headers, b"")
        };
        for document in [text.clone(), format!("<Advices>{text}</Advices>"), advice_xml(&advice)] {
            let reply = started(&document);
            let body = String::from_utf8(reply.body).unwrap();
            match reply.status {
                200 => prop_assert!(body.starts_with("{\"authId\":"), "{}", body),
                status => {
                    prop_assert_eq!(status, 400, "{}", body);
                    prop_assert!(body.contains("No Configuration found"), "{}", body);
                }
            }
        }
        prop_assert_eq!(world.claims.rows(), 0);
        prop_assert_eq!(world.session_count(), 0);
    }
}

proptest! {
    #[test]
    fn nothing_panics(bytes in prop::collection::vec(any::<u8>(), 0..300), text in noise(), deep in noise()) {
        for text in [String::from_utf8_lossy(&bytes).into_owned(), text, format!("<Advices>{deep}</Advices>")] {
            if let Ok(advice) = read_xml(&text) {
                prop_assert!(advice.services.len() <= ELEMENTS_MAX);
            }
            let _ = read_json(text.as_bytes());
        }
        let _ = read_json(&bytes);
    }

    #[test]
    fn reading_undoes_writing(advice in advice()) {
        let xml = advice_xml(&advice);
        prop_assert_eq!(read_xml(&xml), Ok(advice.clone()), "{}", xml);
        prop_assert_eq!(read_xml(&encoded(&xml)), Ok(advice.clone()));
        let mut json = Writer::default();
        write_json(&advice, &mut json);
        prop_assert_eq!(read_json(&json.into_bytes()), Ok(advice));
    }

    /// One pair of many values and many pairs of one value each are the same advice.
    #[test]
    fn pairs_are_united(names in prop::collection::vec("[a-d]{1,2}", 1..8)) {
        let apart: Vec<_> = names.iter().map(|name| pair(SERVICE, &[name])).collect();
        let values: Vec<&str> = names.iter().map(String::as_str).collect();
        let together = format!("<Advices>{}</Advices>", pair(SERVICE, &values));
        let apart = format!("<Advices>{}</Advices>", apart.concat());
        prop_assert_eq!(services(&apart), services(&together));
        prop_assert_eq!(services(&apart), distinct(names));
    }
}
