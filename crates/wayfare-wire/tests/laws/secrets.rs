//! L12: what must not be shown is in no `Debug`, whatever holds it.

use std::fmt::Write as _;

use proptest::prelude::*;
use wayfare_wire::{
    am::request::{Body, Parts},
    json::Bounds,
    query::Query,
};

use super::trials;
use crate::{
    transcript::answer,
    world::{World, realm},
};

const PATH: &str = "/json/realms/root/realms/alpha/authenticate";

/// Everything that the wire shows of one request, for whoever writes it down.
fn shown(parts: &Parts<'_>) -> String {
    let query = Query::parse(parts.query).unwrap_or_default();
    let mut shown = format!(
        "{parts:?} {query:?} {:?}",
        Body::read(parts.body, Bounds::default())
    );
    let _ = write!(shown, "{:?}", parts.to_request(query));
    shown
}

#[test]
fn l12_nothing_that_opens_anything_is_in_a_debug() {
    let secret = "[A-Za-z0-9]{12,20}";
    let which = 0..6_u8;
    proptest!(trials("L12", 300), |((password, token, link, which) in (secret, secret, secret, which))| {
        let world = World::new();
        world.watch();
        let mut secrets = vec![password.clone(), token.clone(), link.clone()];
        let start = format!("{PATH}?authIndexType=service&authIndexValue=Login");
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut headers = vec![
            pair("accept-api-version", "resource=2.1"),
            pair("content-type", "application/json"),
        ];
        let reply = world.send("POST", &start, &headers, b"");
        let body: serde_json::Value = serde_json::from_slice(&reply.body).expect("a step");
        let auth_id = body["authId"].as_str().expect("a token").to_owned();
        let mut target = PATH.to_owned();
        let mut body = String::new();
        match which {
            0 => body = answer(&auth_id, "demo", &password),
            1 => body = answer(&auth_id, "demo", "Ch4ng31t"),
            2 => {
                headers.push(pair("x-openam-username", "demo"));
                headers.push(pair("x-openam-password", &password));
                target = format!("{PATH}?authIndexType=service&authIndexValue=ZeroPage");
            }
            3 => headers.push(pair("cookie", &format!("iPlanetDirectoryPro={token}"))),
            4 => target = format!("{PATH}?sessionUpgradeSSOTokenId={token}"),
            _ => target = format!("{PATH}?suspendedId={link}"),
        }
        headers.push(pair("iPlanetDirectoryPro", &token));
        headers.push(pair("authorization", &format!("Bearer {link}")));
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let parts = Parts {
            method: "POST",
            path,
            query,
            headers: &headers,
            body: body.as_bytes(),
            client: None,
        };
        let mut seen = shown(&parts);
        let reply = world.send("POST", &target, &headers, body.as_bytes());
        let _ = write!(seen, "{reply:?} {:?}", world.last());
        seen.push_str(&world.watched());
        secrets.push(auth_id);
        if let Ok(serde_json::Value::Object(told)) = serde_json::from_slice(&reply.body) {
            for member in ["tokenId", "authId"] {
                let made = told.get(member).and_then(serde_json::Value::as_str);
                secrets.extend(made.map(str::to_owned));
            }
        }
        secrets.push("Ch4ng31t".to_owned());
        prop_assert!(seen.contains(realm("/alpha").as_str()), "something is shown");
        for secret in &secrets {
            prop_assert!(!seen.contains(&**secret), "{} is in {}", secret, seen);
        }
    });
}
