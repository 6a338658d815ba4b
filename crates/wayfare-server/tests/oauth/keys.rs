//! Keys of a realm and a use: made once, published before they sign, gone when nobody needs them.

use std::{fs, time::Duration};

use tempfile::TempDir;
use wayfare::Timestamp;
use wayfare_server::{
    keys::KeyError,
    signing::{KeyUse, SigningKeys, list, path, retire, rotate},
};
use wayfare_wire::jose::Algorithm;

use super::stage::{
    BASE, SECRET, VERIFIER, basic, challenge, claims, code, introspect, logged_in, post, query,
    stage, text, tokens, userinfo,
};
use crate::support::{BEGIN, alpha};

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[test]
fn keys_are_made_once_and_by_their_owner_alone_read() {
    let folder = TempDir::new().unwrap();
    let algorithms = [
        Algorithm::EdDsa,
        Algorithm::Es256,
        Algorithm::Rs256,
        Algorithm::Hs256,
    ];
    let open =
        || SigningKeys::open(folder.path(), &alpha(), KeyUse::AutoId, &algorithms, BEGIN).unwrap();
    let keys = open();
    let file = path(folder.path(), &alpha(), KeyUse::AutoId);
    // An RSA key takes its time, so it is made when somebody asks.
    assert_eq!(
        list(folder.path(), &alpha(), KeyUse::AutoId).unwrap().len(),
        3
    );
    let set = keys.current(BEGIN).unwrap();
    assert_eq!(set.algorithms(BEGIN), algorithms);
    let kids = |keys: &SigningKeys| {
        let set = keys.current(BEGIN).unwrap();
        let kids = set
            .entries()
            .iter()
            .map(|entry| entry.key.kid().unwrap().to_owned());
        kids.collect::<Vec<_>>()
    };
    assert_eq!(kids(&open()), kids(&keys));
    let text = set.jwks(BEGIN).to_string();
    assert!(
        text.contains("RSA") && text.contains("OKP") && !text.contains("oct"),
        "{text}"
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        let refused = list(folder.path(), &alpha(), KeyUse::AutoId);
        assert!(
            matches!(refused, Err(KeyError::Exposed { .. })),
            "{refused:?}"
        );
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    }
    for damaged in ["", "{}", "{\"keys\":[{}]}", "{\"keys\":[],\"x\":1}"] {
        fs::write(&file, damaged).unwrap();
        let refused = list(folder.path(), &alpha(), KeyUse::AutoId);
        assert!(
            matches!(refused, Err(KeyError::Signing { .. })),
            "{damaged} {refused:?}"
        );
    }
}

#[test]
fn a_rotation_is_published_before_it_signs() {
    let folder = TempDir::new().unwrap();
    let at = (folder.path(), &alpha(), KeyUse::OAuth);
    let keys = SigningKeys::open(at.0, at.1, at.2, &[Algorithm::Es256], BEGIN).unwrap();
    let kid = |now| {
        let set = keys.current(now).unwrap();
        set.signing(None, now).unwrap().kid().unwrap().to_owned()
    };
    let old = kid(BEGIN);
    let all = rotate(at, Algorithm::Es256, BEGIN, (HOUR, DAY)).unwrap();
    assert_eq!(all.len(), 2);
    // A server that runs sees the file that has changed.
    let set = keys.current(BEGIN).unwrap();
    assert_eq!(set.jwks(BEGIN)["keys"].as_array().unwrap().len(), 2);
    assert_eq!(kid(BEGIN), old);
    let later = BEGIN.plus(HOUR);
    let new = kid(later);
    assert_ne!(new, old);
    assert_eq!(set.verifying(later).count(), 2);
    assert_eq!(set.verifying(later.plus(DAY)).count(), 1);
    // What is over goes with the next rotation; the key for another algorithm is made at once.
    let all = rotate(at, Algorithm::Es256, later.plus(DAY), (HOUR, DAY)).unwrap();
    assert_eq!(all.len(), 2);
    let all = rotate(at, Algorithm::EdDsa, later, (HOUR, DAY)).unwrap();
    assert!(
        all.iter()
            .any(|entry| entry.key.algorithm() == Algorithm::EdDsa && entry.from == later)
    );
    // A key that leaked goes at once, but for the last one.
    let left = retire(at, &new, later).unwrap();
    assert!(left.iter().all(|entry| entry.key.kid() != Some(&new)));
    let next = kid(later);
    assert_ne!(next, new);
    for gone in [&new, &next, &"nothing".to_owned()] {
        let refused = retire(at, gone, later);
        assert!(
            matches!(refused, Err(KeyError::NotRetired(_))),
            "{refused:?}"
        );
    }
}

#[test]
fn a_second_rotation_takes_the_place_of_one_that_has_not_begun() {
    let folder = TempDir::new().unwrap();
    let at = (folder.path(), &alpha(), KeyUse::AutoId);
    let algorithms = [Algorithm::EdDsa];
    let keys = SigningKeys::open(at.0, at.1, at.2, &algorithms, BEGIN).unwrap();
    let kid = |now: Timestamp| {
        let set = keys.current(now).unwrap();
        set.signing(None, now).unwrap().kid().unwrap().to_owned()
    };
    let first = kid(BEGIN);
    rotate(at, Algorithm::EdDsa, BEGIN, (4 * HOUR, DAY)).unwrap();
    let now = BEGIN.plus(HOUR);
    // Sooner than the one before, and later: whichever was made last is the next to sign, and stays.
    for lead in [HOUR, 5 * HOUR, Duration::ZERO] {
        let all = rotate(at, Algorithm::EdDsa, now, (lead, DAY)).unwrap();
        assert_eq!(all.len(), 2);
        let newest = all.last().unwrap().key.kid().unwrap().to_owned();
        let begins = now.plus(lead);
        if lead > Duration::ZERO {
            assert_eq!(kid(Timestamp(begins.0 - 1)), first);
        }
        for later in [Duration::ZERO, 6 * HOUR, 30 * DAY] {
            assert_eq!(kid(begins.plus(later)), newest);
        }
        let until = all.first().unwrap().until.unwrap();
        assert!(
            until >= begins.plus(DAY),
            "tokens of the first last their time"
        );
    }
}

#[tokio::test]
async fn a_server_that_runs_signs_with_the_next_key() {
    let server = stage().await;
    let mut client = logged_in(&server).await;
    let kid = |token: &str| {
        use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
        let header = URL_SAFE_NO_PAD
            .decode(token.split('.').next().unwrap())
            .unwrap();
        let header: serde_json::Value = serde_json::from_slice(&header).unwrap();
        header["kid"].as_str().unwrap().to_owned()
    };
    let before = tokens(&mut client, &[]).await;
    let data = server.folder.path().join("data");
    rotate(
        (&data, &alpha(), KeyUse::OAuth),
        Algorithm::Es256,
        BEGIN,
        (HOUR, DAY),
    )
    .unwrap();
    let keys = client.get(&format!("{BASE}/connect/jwk_uri")).await;
    assert_eq!(keys.json()["keys"].as_array().unwrap().len(), 3);
    assert_eq!(keys.header("cache-control"), Some("public, max-age=300"));
    let same = tokens(&mut client, &[]).await;
    assert_eq!(kid(text(&before, "id_token")), kid(text(&same, "id_token")));
    server.advance(HOUR);
    let mut client = logged_in(&server).await;
    let after = tokens(&mut client, &[]).await;
    assert_ne!(
        kid(text(&before, "id_token")),
        kid(text(&after, "id_token"))
    );
    // A hint of the old key still ends its session.
    let hint = text(&before, "id_token");
    assert_eq!(claims(hint)["aud"], "app");
    let reply = client
        .get(&format!("{BASE}/connect/endSession?id_token_hint={hint}"))
        .await;
    assert_eq!(reply.status, 204, "{}", reply.text());
    assert_eq!(
        introspect(&client, text(&after, "access_token")).await["active"],
        false
    );
}

#[tokio::test]
async fn a_key_that_is_retired_ends_the_access_tokens_that_it_signed() {
    let server = stage().await;
    let mut client = logged_in(&server).await;
    let challenge = challenge(VERIFIER);
    let asked = [
        ("client_id", "service"),
        ("redirect_uri", "https://service.example.com/cb"),
        ("response_type", "code"),
        ("scope", "openid profile"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ];
    let reply = client
        .get(&format!("{BASE}/authorize?{}", query(&asked)))
        .await;
    let service = basic(&client, "service", SECRET);
    let pairs = [
        ("grant_type", "authorization_code"),
        ("code", &code(&reply)),
        ("redirect_uri", "https://service.example.com/cb"),
        ("code_verifier", VERIFIER),
    ];
    let reply = post(&service, "/access_token", &pairs).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let signed = reply.json();
    let opaque = tokens(&mut client, &[]).await;
    let old = text(&signed, "access_token").to_owned();
    assert_eq!(userinfo(&client, &old).await.status, 200);
    assert_eq!(introspect(&client, &old).await["active"], true);

    let folder = server.folder.path().join("data");
    let at = (&*folder, &alpha(), KeyUse::OAuth);
    let keys = list(at.0, at.1, at.2).unwrap();
    let leaked = keys
        .iter()
        .find(|entry| entry.key.algorithm() == Algorithm::EdDsa)
        .and_then(|entry| entry.key.kid().map(str::to_owned))
        .unwrap();
    rotate(at, Algorithm::EdDsa, BEGIN, (HOUR, DAY)).unwrap();
    // One that was rotated out verifies on.
    assert_eq!(userinfo(&client, &old).await.status, 200);
    retire(at, &leaked, BEGIN).unwrap();
    let refused = userinfo(&client, &old).await;
    assert_eq!(refused.status, 401, "{}", refused.text());
    assert_eq!(introspect(&client, &old).await["active"], false);
    // What was not signed by it stays, and a refresh token gives a token of the next key.
    let stays = text(&opaque, "access_token");
    assert_eq!(userinfo(&client, stays).await.status, 200);
    let pairs = [
        ("grant_type", "refresh_token"),
        ("refresh_token", text(&signed, "refresh_token")),
    ];
    let reply = post(&service, "/access_token", &pairs).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let new = reply.json();
    let new = text(&new, "access_token");
    assert_eq!(userinfo(&client, new).await.status, 200);
    assert_eq!(introspect(&client, new).await["active"], true);
}
