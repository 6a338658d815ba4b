//! Journeys that are not to be started by name: C09.

use std::collections::BTreeMap;

use wayfare_server::store::user::User;

use super::world::{ALPHA, NO_CONFIGURATION, World, face, realm};
use crate::support::{Client, advice};

/// Names that no journey has, and names of journeys that only others may enter, or nobody.
const UNLISTED: &[&str] = &[
    "Inner",
    "Off",
    "Confirm",
    "inner",
    "off",
    "confirm",
    "Nobody",
    "login",
    "LOGIN",
    "Login%20",
    "%20Login",
    "Login%00",
    "Lo%67in%2f",
    "%25",
    "../Login",
    "Login|Easy",
];

fn path(name: &str) -> String {
    Client::path(
        "/alpha",
        &format!("authIndexType=service&authIndexValue={name}"),
    )
}

#[tokio::test]
async fn c09_what_may_not_be_started_looks_like_what_is_not_there() {
    let world = World::new().await;
    let unknown = face(&world.client().post(&path("NoSuchJourney"), "").await);
    for name in UNLISTED {
        for body in ["", "{}"] {
            let mut client = world.client();
            let reply = world
                .refused(client.post(&path(name), body), NO_CONFIGURATION, &[name])
                .await;
            assert_eq!(face(&reply), unknown, "{name}");
        }
        // With answers and with headers: nothing is tried.
        let mut client = world
            .client()
            .header("X-OpenAM-Username", "demo")
            .header("X-OpenAM-Password", ALPHA);
        world
            .refused(client.post(&path(name), ""), NO_CONFIGURATION, &[ALPHA])
            .await;
    }
    // A session opens none of them either.
    let mut inside = world.client();
    inside.login("demo", ALPHA).await.token();
    for name in UNLISTED {
        let before = world.look();
        let reply = inside.post(&path(name), "").await;
        assert_eq!(
            (reply.status, face(&reply).2),
            (400, unknown.2.clone()),
            "{name}"
        );
        world.look().assert_unchanged(&before);
    }
    // Where another journey leads into it, the inner one runs.
    world.client().begin("Outer").await.step();
}

#[tokio::test]
async fn c09_no_other_way_of_asking_opens_them() {
    let mut world = World::with(|config| {
        for path in ["/alpha", "/beta"] {
            let settings = config.realms.get_mut(&realm(path)).expect("a realm");
            settings.module_login = true;
            for name in ["Inner", "Off", "Confirm"] {
                settings.modules.insert(name.to_owned(), name.to_owned());
                settings.roles.insert(name.to_owned(), name.to_owned());
            }
        }
    })
    .await;
    for name in ["Inner", "Off", "Confirm", "NoSuchJourney"] {
        add_journey(&mut world, name);
    }
    let services = "AuthenticateToServiceConditionAdvice";
    let trees = "AuthenticateToTreeConditionAdvice";
    let schemes = "AuthSchemeConditionAdvice";
    for name in ["Inner", "Off", "Confirm", "NoSuchJourney"] {
        for query in [
            advice(services, &[name]),
            advice(trees, &[name]),
            advice(schemes, &[name]),
            advice(services, &["/alpha:Inner", "/:Login", "/beta:Login", name]),
            format!("authIndexType=module&authIndexValue={name}"),
            format!("authIndexType=role&authIndexValue={name}"),
        ] {
            let mut client = world.client();
            let request = async { client.post(&Client::path("/alpha", &query), "").await };
            world.refused(request, NO_CONFIGURATION, &[ALPHA]).await;
        }
        // Beside one that may be started they are not offered.
        let mut client = world.client();
        let query = advice(services, &[name, "Easy", name, "Strong"]);
        let menu = client
            .post(&Client::path("/alpha", &query), "")
            .await
            .step();
        let choices = &menu["callbacks"][0]["output"][1]["value"];
        assert_eq!(*choices, serde_json::json!(["Easy", "Strong"]), "{name}");
        // In a profile it is no journey of one's own, or none that can be had.
        let query = format!("authIndexType=user&authIndexValue=user-of-{name}");
        let reply = world
            .client()
            .post(&Client::path("/alpha", &query), "")
            .await;
        let other = Client::path("/alpha", "authIndexType=user&authIndexValue=nobody");
        let nobody = world.client().post(&other, "").await;
        assert!(
            reply.status == 400 || face(&reply) == face(&nobody),
            "{name}: {}",
            reply.text()
        );
    }
    // By level: whatever the level, none of them stands in the menu.
    for level in [0, 1, 20] {
        let query = format!("authIndexType=level&authIndexValue={level}");
        let menu = world
            .client()
            .post(&Client::path("/alpha", &query), "")
            .await
            .step();
        let choices = menu["callbacks"][0]["output"][1]["value"].to_string();
        assert!(choices.contains("\"Strong\""), "{choices}");
        for name in ["Inner", "Off", "Confirm"] {
            assert!(!choices.contains(&format!("\"{name}\"")), "{choices}");
        }
    }
    assert_eq!((world.server.sessions(), world.server.compared()), (0, 0));
}

/// A user whose profile names this journey.
fn add_journey(world: &mut World, name: &str) {
    let user = User {
        id: format!("id-of-user-of-{name}"),
        username: format!("user-of-{name}"),
        active: true,
        attributes: BTreeMap::from([("journey".to_owned(), name.into())]),
        password: None,
    };
    let added = world
        .server
        .running
        .store()
        .add_user(&realm("/alpha"), user);
    assert_eq!(added, Ok(true));
}
