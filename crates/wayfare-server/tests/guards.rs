//! Guards: in the folder of a realm, and kept elsewhere; whatever is wrong with one changes nothing.

use std::{fs, path::Path};

use wayfare::Realm;
use wayfare_server::{
    Server,
    config::{Config, Journeys, RealmSettings},
};

use crate::{
    journeys::ONE_FIELD,
    support::{TestServer, alpha},
};

const MET: &str = "guard \"customers\" for \"/alpha\" {
  ensure every path to success passes proof of password
}
";

fn not_met() -> String {
    MET.replace("password\n", "otp\n")
}

#[tokio::test]
async fn an_edit_that_a_guard_refuses_is_not_served() {
    let files = [("login.journey", ONE_FIELD), ("a.guard.journey", MET)];
    let server = TestServer::journeys(&files).await;
    assert_eq!(server.running.journeys(&alpha()).unwrap().remarks, [""; 0]);
    let open = ONE_FIELD.replace(
        "    -> check",
        "    allow unproved_success because \"x\"\n    -> success",
    );
    let file = server.journey_folder().join("login.journey");
    let guard = server.journey_folder().join("a.guard.journey");
    for (path, text) in [
        (&file, open.as_str()),
        (&guard, not_met().as_str()),
        (
            &guard,
            "guard \"customers\" {\n  ensure every path to nowhere passes proof of password\n}\n",
        ),
        (
            &guard,
            "guard \"customers\" except nobody {\n  ensure every path to success passes proof of password\n}\n",
        ),
    ] {
        let before = fs::read_to_string(path).unwrap();
        fs::write(path, text).unwrap();
        assert!(!server.running.reload(&alpha()).await, "{text}");
        let error = server.running.journeys(&alpha()).unwrap().error;
        assert!(
            error.is_some_and(|error| error.contains("journey:")),
            "{text}"
        );
        assert_eq!(server.client().begin("").await.step()["stage"], "first");
        fs::write(path, before).unwrap();
        assert!(!server.running.reload(&alpha()).await);
        assert_eq!(server.running.journeys(&alpha()).unwrap().error, None);
    }
}

#[tokio::test]
async fn a_guard_that_is_kept_elsewhere_is_watched_and_must_be_there() {
    let elsewhere = tempfile::TempDir::new().unwrap();
    let guard = elsewhere.path().join("customers.guard.journey");
    fs::write(&guard, MET).unwrap();
    let path = guard.clone();
    let server = TestServer::with_journeys(&[("login.journey", ONE_FIELD)], move |config| {
        let realm = config.realms.get_mut(&alpha()).unwrap();
        realm.guards = vec![path];
    })
    .await;
    for text in [None, Some(not_met())] {
        match text {
            None => fs::remove_file(&guard).unwrap(),
            Some(text) => fs::write(&guard, text).unwrap(),
        }
        assert!(!server.running.reload(&alpha()).await);
        assert!(server.running.journeys(&alpha()).unwrap().error.is_some());
        assert_eq!(server.client().begin("").await.step()["stage"], "first");
    }
    fs::write(&guard, MET.replace("customers", "everybody")).unwrap();
    assert!(server.running.reload(&alpha()).await, "another version");
    assert_eq!(server.running.journeys(&alpha()).unwrap().error, None);
}

fn config(folder: &Path, guard: &str) -> Config {
    fs::write(folder.join("one.journey"), ONE_FIELD).unwrap();
    fs::write(folder.join("one.guard.journey"), guard).unwrap();
    let mut config = Config::default();
    config.data.folder = folder.join("data");
    config.server.listen = "127.0.0.1:0".to_owned();
    let mut settings = RealmSettings::default();
    settings.journeys = Journeys::Paths(vec![folder.to_path_buf()]);
    let below = Realm::parse("/alpha/below").unwrap();
    config.realms = [(alpha(), settings.clone()), (below, settings)].into();
    config
}

#[tokio::test]
async fn no_server_starts_with_a_guard_that_is_not_met() {
    let folder = tempfile::TempDir::new().unwrap();
    let Err(error) = Server::start(config(folder.path(), &not_met())).await else {
        panic!("it started");
    };
    assert!(error.to_string().contains("guard_failed"), "{error}");
    // What is for a realm is for those below it, and for no other.
    let below = not_met().replace("\"/alpha\"", "\"/alpha/below\"");
    let Err(error) = Server::start(config(folder.path(), &below)).await else {
        panic!("it started");
    };
    assert!(error.to_string().contains("/alpha/below"), "{error}");
    let other = not_met().replace("\"/alpha\"", "\"/beta\"");
    let running = Server::start(config(folder.path(), &other)).await.unwrap();
    let remarks = running.journeys(&alpha()).unwrap().remarks;
    assert!(
        remarks.iter().any(|line| line.contains("idle_guard")),
        "{remarks:?}"
    );
}

#[test]
fn the_configuration_names_guards_and_hands_them_on() {
    let text = "[realms.\"/\"]\nguards = [\"all.guard.journey\"]\n[realms.\"/alpha\"]\nparent = \"/\"\nguards = [\"security\"]\n";
    let config = Config::parse("wayfare.toml", text, Path::new("etc")).unwrap();
    let guards = &config.realms[&alpha()].guards;
    assert_eq!(
        guards,
        &[
            Path::new("etc/all.guard.journey"),
            Path::new("etc/security")
        ]
    );
}
