//! Any bytes at all: nothing here may panic, and nothing that is refused may be taken.

use proptest::prelude::*;
use wayfare::{Ask, Callback, Realm, Secret, engine::callback::MessageKind};
use wayfare_wire::{
    am::{
        auth_id,
        callbacks::{answers, passed},
        goto::{Allowed, Origin},
        realm::{Realms, route},
        reply,
        request::{Body, Parts},
        version::{Routes, Unversioned, negotiate},
    },
    json::Bounds,
    query::Query,
    seal::{KeyPair, RealmKeys},
};

struct One;

impl Realms for One {
    fn exists(&self, realm: &Realm) -> bool {
        matches!(realm.as_str(), "/" | "/alpha")
    }
    fn alias(&self, _: &str) -> Option<Realm> {
        None
    }
}

fn keys() -> RealmKeys {
    let pair = KeyPair::new(1, &Secret::new([1; 32]), &Secret::new([2; 32])).unwrap();
    RealmKeys::new(pair, [])
}

/// JSON-like noise: hits more of the reader than bytes alone.
pub(crate) fn noise() -> impl Strategy<Value = Vec<u8>> {
    let word = prop_oneof![
        Just("{".to_owned()),
        Just("}".to_owned()),
        Just("[".to_owned()),
        Just("]".to_owned()),
        Just(",".to_owned()),
        Just(":".to_owned()),
        Just("\"authId\":".to_owned()),
        Just("\"callbacks\":".to_owned()),
        Just("\"type\":\"NameCallback\"".to_owned()),
        Just("\"input\":".to_owned()),
        Just("{\"name\":\"IDToken1\",\"value\":\"x\"}".to_owned()),
        Just("null".to_owned()),
        Just("\\".to_owned()),
        "\"[a-zé\\\\\"]{0,6}\"",
        "-?[0-9]{0,3}(\\.[0-9])?(e[0-9])?",
    ];
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..200),
        prop::collection::vec(word, 0..40).prop_map(|words| words.concat().into_bytes()),
    ]
}

fn callback() -> impl Strategy<Value = Callback> {
    let text = "[ -~é\"\\\\\n]{0,12}";
    prop_oneof![
        (text, text).prop_map(|(prompt, default)| Callback::Name {
            prompt,
            default,
            autocomplete: vec![]
        }),
        text.prop_map(|prompt| Callback::Password { prompt }),
        (text, prop::collection::vec(text, 1..4), 0..4_u32).prop_map(
            |(prompt, choices, default)| {
                let last = u32::try_from(choices.len()).unwrap() - 1;
                Callback::Choice {
                    prompt,
                    choices,
                    default: default.min(last),
                }
            }
        ),
        (text, prop::collection::vec(text, 1..4), any::<bool>()).prop_map(
            |(prompt, options, optional)| Callback::Confirmation {
                prompt,
                message: MessageKind::Warning,
                options,
                default: 0,
                optional
            }
        ),
        (text, text).prop_map(|(id, value)| Callback::HiddenValue { id, value }),
        text.prop_map(|text| Callback::TextOutput {
            text,
            message: MessageKind::Error
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn bodies_never_panic(bytes in noise()) {
        let ask = Ask::new(vec![Callback::Password { prompt: String::new() }]);
        if let Ok(Body::Start(Some(sent)) | Body::Continue { callbacks: Some(sent), .. }) =
            Body::read(&bytes, Bounds::default())
        {
            let _ = answers(&ask, sent);
        }
    }

    #[test]
    fn a_step_that_is_echoed_always_fits(list in prop::collection::vec(callback(), 0..8)) {
        let ask = Ask::new(list);
        let reply = reply::step("a.b.c", &ask);
        let Ok(Body::Continue { callbacks: Some(sent), .. }) =
            Body::read(&reply.body, Bounds::default())
        else {
            return Err(TestCaseError::fail("not read as a step"));
        };
        prop_assert_eq!(answers(&ask, sent).unwrap().len(), ask.callbacks.len());
        let silent = ask.callbacks.iter().all(|callback| !callback.is_input());
        prop_assert_eq!(passed(&ask).is_ok(), silent);
    }

    #[test]
    fn tokens_of_others_are_never_taken(token in "[A-Za-z0-9_.=-]{0,200}|.{0,100}") {
        prop_assert!(auth_id::verify(&token, &keys(), &mut Vec::new()).is_err());
    }

    #[test]
    fn paths_lead_to_known_realms_or_nowhere(
        path in "(/json)?(/(realms|root|alpha|ALPHA|\\.\\.|%2e|%2F|;|authenticate|sessions|.{0,3})){0,8}/?",
        query in "(realm=)?[a-z/%.]{0,8}",
    ) {
        if let Ok(query) = Query::parse(&query)
            && let Ok(found) = route(&path, &query, Some("h"), &One)
        {
            prop_assert!(One.exists(&found.realm));
        }
    }

    #[test]
    fn versions_never_panic(header in "(resource|protocol)?=?[0-9.]{0,30}[, ]{0,3}.{0,20}") {
        for routes in [Routes::AUTHENTICATE, Routes::SESSIONS] {
            let _ = negotiate([header.as_str()], routes, Unversioned::Latest);
        }
    }

    #[test]
    fn addresses_that_are_taken_stay_here(address in "(/|//|\\\\|https?:)?[a-z@:/\\\\.?#%0-9 \t]{0,30}") {
        let own = Origin::parse("https://am.example.com").unwrap();
        let allowed = Allowed::new(["https://app.example.com:443/*"]).unwrap();
        if let Some(taken) = allowed.check(&address, Some(&own)) {
            let local = taken.starts_with('/') && !taken.starts_with("//") && !taken.contains('\\');
            let named = |host: &str| {
                let rest = taken.to_ascii_lowercase();
                let rest = rest.strip_prefix("https://").map(str::to_owned);
                rest.is_some_and(|rest| rest == host || rest.starts_with(&format!("{host}/"))
                    || rest.starts_with(&format!("{host}:443")) || rest.starts_with(&format!("{host}?"))
                    || rest.starts_with(&format!("{host}#")))
            };
            prop_assert!(local || named("am.example.com") || named("app.example.com"), "{}", taken);
        }
    }

    #[test]
    fn requests_never_panic(name in ".{0,12}", value in ".{0,60}") {
        let headers: Vec<(String, String)> = ["cookie", "accept-language", "host", "content-type", &name]
            .iter()
            .map(|header| ((*header).to_owned(), value.clone()))
            .collect();
        let parts = Parts {
            method: "POST",
            path: "/json/authenticate",
            query: "",
            headers: &headers,
            body: b"{}",
            client: None,
        };
        let request = parts.to_request(Query::default());
        prop_assert!(request.locales.len() <= 17);
        let _ = (parts.same_site(), parts.json_only(), parts.session_token(&name), parts.transaction_id());
    }
}
