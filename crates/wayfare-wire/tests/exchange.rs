//! What a transcript cannot say: tampering, races, keys, stores that fail.

use std::{collections::BTreeSet, sync::Arc};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use proptest::prelude::*;
use wayfare::{EffectReply, FailureReason, Timestamp};
use wayfare_wire::{
    am::{
        authenticate::{Exchange, Given, Need, Verdict},
        reply::Reply,
        request::Parts,
    },
    claims::{Claimed, StepClaims},
    query::Query,
    seal::RealmKeys,
};

use crate::{
    properties::noise,
    transcript::answer,
    world::{TEXT, World, compile, pair, realm},
};

const ALPHA: &str = "/json/realms/root/realms/alpha/authenticate";

fn headers() -> Vec<(String, String)> {
    [
        ("accept-api-version", "resource=2.1"),
        ("content-type", "application/json"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}

fn post(world: &World, target: &str, body: &str) -> Reply {
    world.send("POST", target, &headers(), body.as_bytes())
}

fn text(reply: &Reply) -> String {
    String::from_utf8(reply.body.clone()).unwrap()
}

fn auth_id(reply: &Reply) -> String {
    let body: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
    body["authId"]
        .as_str()
        .unwrap_or_else(|| panic!("{body}"))
        .to_owned()
}

fn start(world: &World, journey: &str) -> String {
    let target = format!("{ALPHA}?authIndexType=service&authIndexValue={journey}");
    auth_id(&post(world, &target, "{}"))
}

const TIMED_OUT: &str = r#"{"code":401,"reason":"Unauthorized","message":"Session has timed out","detail":{"errorCode":"110"}}"#;
const MALFORMED: &str =
    r#"{"code":400,"reason":"Bad Request","message":"Failed to parse JWT, malformed"}"#;
const INVALID: &str =
    r#"{"code":400,"reason":"Bad Request","message":"AuthId JWT Signature not valid"}"#;

#[test]
fn a01_v9_a_flipped_bit_anywhere_in_a_live_token_is_refused() {
    let world = World::new();
    let token = start(&world, "Login");
    let mut bodies = BTreeSet::new();
    // The token alone is tried with every bit beside its code; here each byte gets one, through the
    // whole exchange, and the signature gets all.
    let signature = token.len() - 43;
    let bits = (0..token.len())
        .flat_map(|at| (0..8).map(move |bit| (at, bit)))
        .filter(|(at, bit)| at % 8 == *bit || *at >= signature);
    for bit in bits.map(|(at, bit)| at * 8 + bit) {
        let mut changed = token.clone().into_bytes();
        changed[bit / 8] ^= 1 << (bit % 8);
        // A quote or a control would break the JSON around it, which is refused as such.
        let Ok(changed) = String::from_utf8(changed) else {
            continue;
        };
        if changed.contains(['"', '\\']) || changed.chars().any(char::is_control) {
            continue;
        }
        let reply = post(&world, ALPHA, &answer(&changed, "demo", "Ch4ng31t"));
        assert_eq!(reply.status, 400, "bit {bit}");
        assert!(reply.cookies.is_empty());
        bodies.insert(text(&reply));
    }
    assert_eq!(bodies, [MALFORMED.to_owned(), INVALID.to_owned()].into());
    assert_eq!(
        (
            world.comparisons(),
            world.session_count(),
            world.claims.rows()
        ),
        (0, 0, 0)
    );
    let reply = post(&world, ALPHA, &answer(&token, "demo", "Ch4ng31t"));
    assert_eq!((reply.status, world.session_count()), (200, 1));
}

#[test]
fn a08_the_last_request_again_a_hundred_times() {
    let world = World::new();
    let last = answer(&start(&world, "Login"), "demo", "Ch4ng31t");
    assert_eq!(post(&world, ALPHA, &last).status, 200);
    let run = world.last().run.unwrap();
    for _ in 0..100 {
        let reply = post(&world, ALPHA, &last);
        assert_eq!((reply.status, text(&reply)), (401, TIMED_OUT.to_owned()));
        assert!(reply.cookies.is_empty());
    }
    assert_eq!((world.session_count(), world.comparisons()), (1, 1));
    assert_eq!(world.claims.generation(run), Some(None), "ended");
}

#[test]
fn a09_one_token_sixty_four_times_at_once() {
    let world = World::new();
    let token = start(&world, "Login");
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..64)
            .map(|n| {
                let password = if n == 40 {
                    "Ch4ng31t".to_owned()
                } else {
                    format!("no{n}")
                };
                let body = answer(&token, "demo", &password);
                let world = &world;
                scope.spawn(move || post(world, ALPHA, &body).status)
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1);
    assert_eq!(statuses.iter().filter(|status| **status == 401).count(), 63);
    assert_eq!(world.comparisons(), 1);
    assert!(world.session_count() <= 1);
}

#[test]
fn tokens_have_the_recorded_claims_and_show_no_secret() {
    let world = World::new();
    let target = format!("{ALPHA}?authIndexType=service&authIndexValue=Single");
    let first = auth_id(&post(&world, &target, ""));
    let body = format!(
        r#"{{"authId":"{first}","callbacks":[{{"type":"NameCallback","input":[{{"name":"IDToken1","value":"hidden-name"}}]}}]}}"#
    );
    let second = auth_id(&post(&world, ALPHA, &body));
    let payload = |token: &str| {
        let payload = token.split('.').nth(1).unwrap().to_owned();
        String::from_utf8(URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
    };
    let claims: serde_json::Value = serde_json::from_str(&payload(&second)).unwrap();
    assert_eq!(
        claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(),
        300
    );
    assert_eq!(claims["authIndexValue"], "Single");
    assert_eq!(claims["authIndexType"], "service");
    assert_eq!(claims["realm"], "/alpha");
    assert_eq!(claims["otk"].as_str().unwrap().len(), 26);
    let sealed = URL_SAFE_NO_PAD
        .decode(claims["sessionId"].as_str().unwrap())
        .unwrap();
    for secret in ["hidden-name", "IDToken", "Password"] {
        assert!(
            !sealed
                .windows(secret.len())
                .any(|part| part == secret.as_bytes()),
            "{secret}"
        );
    }
    let keys = [
        "authIndexValue",
        "otk",
        "authIndexType",
        "realm",
        "sessionId",
        "exp",
        "iat",
    ];
    let order: Vec<_> = keys
        .iter()
        .map(|key| payload(&second).find(&format!("\"{key}\"")).unwrap())
        .collect();
    assert!(order.is_sorted(), "{order:?}");
    assert_ne!(payload(&first), payload(&second));
    let plain = auth_id(&post(&world, ALPHA, ""));
    assert!(
        payload(&plain).starts_with(r#"{"otk":""#),
        "no index was given"
    );
}

#[test]
fn a_full_house_sends_away_and_consumes_nothing() {
    let world = World::new();
    let token = start(&world, "Login");
    *world.busy.lock().unwrap() = true;
    let reply = post(&world, ALPHA, &answer(&token, "demo", "Ch4ng31t"));
    assert_eq!(reply.status, 503);
    assert!(reply.headers.contains(&("retry-after".into(), "3".into())));
    assert_eq!((world.comparisons(), world.claims.rows()), (0, 0));
    *world.busy.lock().unwrap() = false;
    assert_eq!(
        post(&world, ALPHA, &answer(&token, "demo", "Ch4ng31t")).status,
        200
    );
}

#[test]
fn long_states_are_kept_in_the_store() {
    let world = World::new();
    Arc::make_mut(&mut world.settings.lock().unwrap()).sealed_bytes_max = 0;
    let first = start(&world, "Login");
    assert!(first.len() < 700, "{}", first.len());
    assert_eq!(world.claims.rows(), 1);
    let second = auth_id(&post(&world, ALPHA, &answer(&first, "demo", "no")));
    // A used token finds no state any more.
    let again = post(&world, ALPHA, &answer(&first, "demo", "Ch4ng31t"));
    assert_eq!((again.status, text(&again)), (401, TIMED_OUT.to_owned()));
    // State of another run beside this token does not open.
    let other = start(&world, "Login");
    let run = world.last().run.unwrap();
    let state = world.claims.kept(run, 0).unwrap().unwrap();
    let mut kept = wayfare_wire::claims::Kept {
        run,
        generation: 0,
        keep: Timestamp(u64::MAX),
        state,
    };
    let last = kept.state.len() - 1;
    kept.state[last] ^= 1;
    world.claims.keep(kept).unwrap();
    let reply = post(&world, ALPHA, &answer(&other, "demo", "Ch4ng31t"));
    assert_eq!((reply.status, text(&reply)), (400, INVALID.to_owned()));
    assert_eq!(
        post(&world, ALPHA, &answer(&second, "demo", "Ch4ng31t")).status,
        200
    );
    assert_eq!((world.session_count(), world.comparisons()), (1, 2));
}

#[test]
fn a_state_of_exactly_the_limit_stands_in_the_token() {
    let world = World::new();
    let sealed = |token: &str| {
        let payload = URL_SAFE_NO_PAD
            .decode(token.split('.').nth(1).unwrap())
            .unwrap();
        let claims: serde_json::Value = serde_json::from_slice(&payload).unwrap();
        URL_SAFE_NO_PAD
            .decode(claims["sessionId"].as_str().unwrap())
            .unwrap()
            .len()
            - (71 + "/alpha".len())
    };
    let bytes = sealed(&start(&world, "Login"));
    Arc::make_mut(&mut world.settings.lock().unwrap()).sealed_bytes_max = bytes;
    assert_eq!(sealed(&start(&world, "Login")), bytes);
    assert_eq!(world.claims.rows(), 0);
    Arc::make_mut(&mut world.settings.lock().unwrap()).sealed_bytes_max = bytes - 1;
    assert_eq!(sealed(&start(&world, "Login")), 0);
    assert_eq!(world.claims.rows(), 1);
}

#[test]
fn rotated_keys_open_old_tokens_until_they_are_gone() {
    let world = World::new();
    let rotate = |keys| {
        world
            .keys
            .lock()
            .unwrap()
            .insert(realm("/alpha"), Arc::new(keys))
    };
    let old = start(&world, "Login");
    let older = start(&world, "Login");
    rotate(RealmKeys::new(pair(9), [pair(2)]));
    let next = auth_id(&post(&world, ALPHA, &answer(&old, "demo", "no")));
    rotate(RealmKeys::new(pair(9), []));
    assert_eq!(
        text(&post(&world, ALPHA, &answer(&older, "demo", "Ch4ng31t"))),
        INVALID
    );
    assert_eq!(
        post(&world, ALPHA, &answer(&next, "demo", "Ch4ng31t")).status,
        200
    );
}

#[test]
fn a_new_store_knows_no_old_run() {
    let world = World::new();
    let token = start(&world, "Login");
    *world.epoch.lock().unwrap() = [8; 16];
    let reply = post(&world, ALPHA, &answer(&token, "demo", "Ch4ng31t"));
    assert_eq!((reply.status, text(&reply)), (401, TIMED_OUT.to_owned()));
    assert_eq!((world.comparisons(), world.claims.rows()), (0, 0));
}

#[test]
fn a_run_ends_on_the_program_it_began_with() {
    let world = World::new();
    let before = start(&world, "Login");
    let lost = start(&world, "Login");
    // Now every login raises the level, and asks a name only.
    let edited = compile(&TEXT.replace("stage = \"UsernamePassword\"", "stage = \"Edited\""));
    world
        .programs
        .lock()
        .unwrap()
        .get_mut(&realm("/alpha"))
        .unwrap()
        .insert(0, edited);
    assert!(text(&post(&world, ALPHA, "{}")).contains("\"stage\":\"Edited\""));
    let reply = post(&world, ALPHA, &answer(&before, "demo", "no"));
    assert!(
        text(&reply).contains("\"stage\":\"UsernamePassword\""),
        "{}",
        text(&reply)
    );
    world
        .programs
        .lock()
        .unwrap()
        .get_mut(&realm("/alpha"))
        .unwrap()
        .truncate(1);
    let reply = post(&world, ALPHA, &answer(&lost, "demo", "Ch4ng31t"));
    assert_eq!((reply.status, text(&reply)), (401, TIMED_OUT.to_owned()));
}

fn mailed(world: &World) -> String {
    let mail = world.mail.lock().unwrap().last().unwrap().clone();
    let link = mail
        .strip_prefix("Follow ")
        .unwrap()
        .strip_suffix(" now")
        .unwrap()
        .to_owned();
    assert!(link.starts_with("/?suspendedId="), "{link}");
    assert!(
        link.ends_with("&realm=%2Falpha&authIndexType=service&authIndexValue=Link"),
        "{link}"
    );
    link.split("suspendedId=")
        .nth(1)
        .unwrap()
        .split('&')
        .next()
        .unwrap()
        .to_owned()
}

const LINK_GONE: &str = r#"{"code":401,"reason":"Unauthorized","message":"org.forgerock.openam.auth.nodes.framework.token.SuspendedAuthSessionException: Token not found. It may have expired."}"#;

#[test]
fn v37_a_link_is_followed_once_and_in_time() {
    let world = World::new();
    let suspend = || {
        let token = start(&world, "Link");
        let reply = post(&world, ALPHA, &answer(&token, "demo", "Ch4ng31t"));
        assert_eq!(world.last().verdict, Verdict::Suspended);
        auth_id(&reply)
    };
    suspend();
    let link = mailed(&world);
    let follow = |link: &str| post(&world, &format!("{ALPHA}?suspendedId={link}"), "");
    // A link is no token of a step.
    assert_eq!(
        text(&post(&world, ALPHA, &format!(r#"{{"authId":"{link}"}}"#))),
        INVALID
    );
    world.advance(599);
    let reply = follow(&link);
    assert_eq!(reply.status, 200, "{}", text(&reply));
    assert!(text(&reply).contains("tokenId"));
    let reply = follow(&link);
    assert_eq!((reply.status, text(&reply)), (401, LINK_GONE.to_owned()));
    assert_eq!(world.session_count(), 1);
    suspend();
    let late = mailed(&world);
    world.advance(600);
    assert_eq!(text(&follow(&late)), LINK_GONE);
    for nonsense in ["x", "a.b.c", ""] {
        assert_eq!(text(&follow(nonsense)), LINK_GONE);
    }
    assert_eq!(world.session_count(), 1);
}

#[test]
fn summaries_say_what_happened_and_nothing_secret() {
    let world = World::new();
    let token = start(&world, "Login");
    let asked = world.last();
    assert_eq!((asked.verdict, asked.generation), (Verdict::Asked, 0));
    assert_eq!(asked.open_until, Some(Timestamp(1_700_000_300_000)));
    assert_eq!(asked.journey.as_deref(), Some("Login"));
    let reply = post(&world, ALPHA, &answer(&token, "demo", "no-such-password"));
    let retried = world.last();
    assert_eq!(
        (retried.verdict.clone(), retried.generation),
        (Verdict::Asked, 1)
    );
    assert_eq!(retried.username.as_deref(), Some("demo"));
    assert!(!format!("{retried:?}").contains("no-such-password"));
    post(&world, ALPHA, &answer(&auth_id(&reply), "demo", "Ch4ng31t"));
    assert_eq!(world.last().verdict, Verdict::Success { session: true });
    assert_eq!(world.last().open_until, None);
    let token = start(&world, "Easy");
    post(&world, ALPHA, &answer(&token, "nobody", "x"));
    assert_eq!(
        world.last().verdict,
        Verdict::Failure(FailureReason::Rejected)
    );
    post(&world, ALPHA, "[]");
    assert!(matches!(world.last().verdict, Verdict::Refused(_)));
}

#[test]
fn g01_unknown_users_look_like_wrong_passwords() {
    let world = World::new();
    let fail = |name: &str| {
        let token = start(&world, "Easy");
        let reply = post(&world, ALPHA, &answer(&token, name, "no"));
        (
            reply.status,
            reply.headers.clone(),
            reply.cookies.len(),
            text(&reply),
        )
    };
    assert_eq!(fail("demo"), fail("nobody"));
    assert_eq!(world.comparisons(), 2);
}

#[test]
fn a05_the_realm_stands_in_the_token_too() {
    let world = World::new();
    let same = Arc::new(RealmKeys::new(pair(5), []));
    for path in ["/alpha", "/beta"] {
        world
            .keys
            .lock()
            .unwrap()
            .insert(realm(path), Arc::clone(&same));
    }
    let token = start(&world, "Login");
    let beta = ALPHA.replace("alpha", "beta");
    let reply = post(&world, &beta, &answer(&token, "demo", "B3ta"));
    assert_eq!((reply.status, text(&reply)), (400, INVALID.to_owned()));
    assert_eq!(world.comparisons(), 0);
    assert_eq!(
        post(&world, ALPHA, &answer(&token, "demo", "Ch4ng31t")).status,
        200
    );
}

#[test]
fn a13_what_is_not_asked_leaves_no_trace_in_the_state() {
    // Two worlds draw the same numbers: the same state gives the same token, byte for byte.
    let next = |body: &dyn Fn(&str) -> String| {
        let world = World::new();
        let token = start(&world, "Login");
        auth_id(&post(&world, ALPHA, &body(&token)))
    };
    let plain = next(&|token| answer(token, "demo", "no"));
    let stuffed = next(&|token| {
        format!(
            r#"{{"authLevel":90,"username":"root","sharedState":{{"username":"root"}},"authId":"{token}","callbacks":[
            {{"type":"NameCallback","_id":7,"authLevel":90,"output":[{{"name":"prompt","value":"x"}}],
              "input":[{{"name":"IDToken99","value":"x"}},{{"name":"IDToken1","value":"demo"}},{{"name":"authLevel","value":"90"}}]}},
            {{"type":"PasswordCallback","_id":0,"output":{{}},
              "input":[{{"name":"username","value":"root"}},{{"name":"IDToken2","value":"no"}},{{"name":"IDToken1","value":"root"}}]}}]}}"#
        )
    });
    assert_eq!(plain, stuffed);
    assert_ne!(plain, next(&|token| answer(token, "other", "no")));
}

#[test]
fn e01_large_and_deep_bodies_are_refused_and_cost_nothing() {
    let world = World::new();
    let token = start(&world, "Login");
    let with = |inner: &str| format!(r#"{{"authId":"{token}","callbacks":{inner}}}"#);
    let deep = |n: usize| with(&format!("{}{}", "[".repeat(n), "]".repeat(n)));
    for (body, status) in [
        (deep(32), 400),
        (deep(33), 400),
        (deep(128), 400),
        (deep(100_000), 413),
        (" ".repeat(10 * 1024 * 1024), 413),
        (with(&format!("[{}]", vec!["{}"; 33].join(","))), 400),
        (with(&format!("[{}]", vec!["{}"; 100_000].join(","))), 413),
        (with(&"9".repeat(50_000)), 400),
        (with(&"9".repeat(1_000_000)), 413),
        (answer(&token, &"x".repeat(16 * 1024 + 1), "x"), 400),
        (answer(&token, &"x".repeat(257), "x"), 400),
        (answer(&token, "demo", &"x".repeat(1_025)), 400),
    ] {
        let reply = post(&world, ALPHA, &body);
        assert_eq!(reply.status, status, "{}", text(&reply));
    }
    assert_eq!((world.comparisons(), world.claims.rows()), (0, 0));
    let longest = answer(&token, &"x".repeat(256), &"x".repeat(1_024));
    assert_eq!(post(&world, ALPHA, &longest).status, 200, "asked again");
    assert_eq!((world.comparisons(), world.claims.rows()), (1, 1));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn l01_no_bytes_make_a_session(
        body in noise(),
        token in any::<bool>(),
        path in "(/json)?(/realms/root|/alpha|/realms/alpha)?/(authenticate|sessions|users|serverinfo/.)/?",
        query in "((authIndexType|authIndexValue|realm|_action|suspendedId|goto)=[a-zA-Z/%]{0,8}&?){0,3}",
    ) {
        let world = World::new();
        let body = if token {
            let issued = start(&world, "Login");
            String::from_utf8_lossy(&body).replace("\"authId\":", &format!("\"authId\":\"{issued}\",")).into_bytes()
        } else {
            body
        };
        let reply = world.send("POST", &format!("{path}?{query}"), &headers(), &body);
        prop_assert!(reply.status < 500 || reply.status == 501, "{}", text(&reply));
        prop_assert_eq!((world.session_count(), world.comparisons()), (0, 0));
    }
}

/// An exchange of `body` in /alpha, stepped by hand.
fn by_hand<'a>(world: &'a World, headers: &'a [(String, String)], body: &'a str) -> Exchange<'a> {
    let parts = Parts {
        method: "POST",
        path: ALPHA,
        query: "",
        headers,
        body: body.as_bytes(),
        client: None,
    };
    Exchange::new(world, &world.host, realm("/alpha"), Query::default(), parts)
}

#[test]
fn l01_whatever_is_not_an_answer_ends_in_a_refusal() {
    let world = World::new();
    let headers = headers();
    let token = start(&world, "Login");
    let body = answer(&token, "demo", "Ch4ng31t");
    let wrong: [fn() -> Given; 6] = [
        || Given::Failed,
        || Given::Nothing,
        || Given::Done,
        || Given::Session(None),
        || Given::State(None),
        || Given::Effect(EffectReply::Sent),
    ];
    for given in wrong {
        let mut exchange = by_hand(&world, &headers, &body);
        assert!(matches!(exchange.next(Given::Nothing), Need::Admit(_)));
        let Need::Claim(claim) = exchange.next(Given::Admitted) else {
            panic!("no claim");
        };
        assert_eq!(
            (claim.generation, claim.exp),
            (0, Timestamp(1_700_000_300_000))
        );
        let Need::Reply(reply) = exchange.next(given()) else {
            panic!("went on");
        };
        assert_eq!(reply.status, 500);
        assert!(reply.cookies.is_empty());
        // It stays ended, whatever comes.
        let Need::Reply(reply) = exchange.next(Given::Claimed(Claimed::Won)) else {
            panic!("went on");
        };
        assert_eq!(reply.status, 500);
    }
    // Nothing of that used the step.
    assert_eq!(post(&world, ALPHA, &body).status, 200);
}

#[test]
fn l05_no_session_without_the_store() {
    let world = World::new();
    let headers = headers();
    let body = answer(&start(&world, "Login"), "demo", "Ch4ng31t");
    for given in [|| Given::Failed, || Given::NotMade] {
        let mut exchange = by_hand(&world, &headers, &body);
        let mut next = exchange.next(Given::Nothing);
        let reply = loop {
            next = match next {
                Need::Admit(_) => exchange.next(Given::Admitted),
                Need::Claim(_) => exchange.next(Given::Claimed(Claimed::Won)),
                Need::Perform(call) => {
                    let reply = world.perform(&call, &realm("/alpha"));
                    exchange.next(Given::Effect(reply))
                }
                Need::Finish(_) => exchange.next(given()),
                Need::Reply(reply) => break reply,
                other => panic!("{other:?}"),
            };
        };
        assert!(
            reply.status >= 400 && reply.cookies.is_empty(),
            "{}",
            text(&reply)
        );
        assert!(!text(&reply).contains("tokenId"));
    }
}
