//! The published frodo command: it lists, exports, imports and deletes journeys of a running server.
//!
//! Without Node or the package the tests say that they are skipped; with `WAYFARE_CLIENTS=required` that is a
//! failure. The exports that are imported are the project's own, in `tests/clients/exports`; where
//! `WAYFARE_CORPUS` names a folder of others, those are imported too.

use std::{
    fs,
    path::PathBuf,
    time::{SystemTime, UNIX_EPOCH},
};

use serde_json::Value as Json;
use tempfile::TempDir;
use tokio::process::Command;
use wayfare::{Registry, Timestamp};

use super::{
    PATIENCE,
    stage::{clients_are_here, scripts},
};
use crate::{
    configuration::{LOGIN, admin, at, check, logs_in},
    support::{TestServer, write_all},
};

/// The command, with a home of its own.
struct Frodo {
    home: TempDir,
    host: String,
    password: String,
}

impl Frodo {
    /// `None` where the command is not there.
    fn of(server: &TestServer) -> Option<Self> {
        if !clients_are_here() {
            return None;
        }
        let password = server.running.admin_password().expect("made now");
        Some(Self {
            home: TempDir::new().expect("a folder"),
            host: format!("http://{}/am", server.running.address()),
            password: password.reveal().clone(),
        })
    }

    /// Runs it in its own folder; what it wrote to both outputs, and whether it was content.
    async fn run(&self, words: &[&str], options: &[&str]) -> (bool, String) {
        let launch = scripts().join("node_modules/@rockcarver/frodo-cli/dist/launch.cjs");
        let launch = launch.canonicalize().expect("the command");
        let run = Command::new("node")
            .arg(launch)
            .args(words)
            .args(options)
            .args(["-m", "classic", "--no-cache"])
            .current_dir(self.home.path())
            .env("HOME", self.home.path())
            .env("FRODO_HOST", &self.host)
            .env("FRODO_REALM", "alpha")
            .env("FRODO_USERNAME", "amadmin")
            .env("FRODO_PASSWORD", &self.password)
            .env_remove("FRODO_DEBUG")
            .kill_on_drop(true)
            .output();
        let output = tokio::time::timeout(PATIENCE, run)
            .await
            .expect("in time")
            .expect("node runs");
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        (output.status.success(), said)
    }

    /// The same, which must be content.
    async fn ok(&self, words: &[&str], options: &[&str]) -> String {
        let (content, said) = self.run(words, options).await;
        assert!(content, "{words:?} {options:?}: {said}");
        said
    }

    fn file(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn json(&self, name: &str) -> Json {
        let text = fs::read_to_string(self.file(name)).expect("a file");
        serde_json::from_str(&text).expect("JSON")
    }
}

/// A server at the time of this machine: the command works out when to log in again, and cannot wait for
/// more than 24 days.
async fn serve() -> TestServer {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.expect("a time").as_millis();
    let now = Timestamp(u64::try_from(now).expect("a time"));
    TestServer::at(now, Registry::standard(), |config, folder| {
        let journeys = folder.join("journeys");
        write_all(&journeys, &[("login.journey", LOGIN)]);
        *config = config.clone().with_journeys(journeys);
    })
    .await
}

fn export(name: &str) -> String {
    let path = scripts().join("exports").join(name);
    path.canonicalize()
        .expect("an export")
        .display()
        .to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frodo_lists_exports_and_describes_a_journey_of_a_text() {
    let server = serve().await;
    let Some(frodo) = Frodo::of(&server) else {
        return;
    };
    let listed = frodo.ok(&["journey", "list"], &[]).await;
    assert!(
        listed.lines().any(|line| line.trim() == "Login"),
        "{listed}"
    );
    let long = frodo.ok(&["journey", "list"], &["-l"]).await;
    assert!(long.contains("Login"), "{long}");
    frodo
        .ok(&["journey", "export"], &["-i", "Login", "-f", "out.json"])
        .await;
    let own = frodo.json("out.json");
    assert_eq!(own["tree"]["_id"], "Login", "{own}");
    let types: Vec<&Json> = own["nodes"]
        .as_object()
        .expect("nodes")
        .values()
        .map(|node| &node["_type"]["_id"])
        .collect();
    assert_eq!(types.len(), 2, "{types:?}");
    assert_eq!(
        own["innerNodes"].as_object().map(serde_json::Map::len),
        Some(2)
    );
    let said = frodo.ok(&["journey", "describe"], &["-i", "Login"]).await;
    assert!(said.contains("DataStoreDecisionNode"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_logs_in_with_a_journey_that_frodo_imported() {
    let server = serve().await;
    let Some(frodo) = Frodo::of(&server) else {
        return;
    };
    assert!(!logs_in(&mut server.client(), "Branch").await);
    let file = export("Branch.journey.json");
    let said = frodo
        .ok(
            &["journey", "import"],
            &["-i", "Branch", "-f", &file, "--verbose"],
        )
        .await;
    // It took away what the type does not take, and tried again.
    assert!(
        said.contains("Removing invalid attribute: colourOfTheSky"),
        "{said}"
    );
    let told = check(&mut admin(&server).await, "Branch").await;
    assert_eq!(told["served"], true, "{told}");
    assert!(logs_in(&mut server.client(), "Branch").await);
    // What was imported is exported again.
    frodo
        .ok(&["journey", "export"], &["-i", "Branch", "-f", "back.json"])
        .await;
    let text = fs::read_to_string(&file).expect("the export");
    let sent: Json = serde_json::from_str(&text).expect("JSON");
    let back = frodo.json("back.json");
    for member in [
        "entryNodeId",
        "nodes",
        "staticNodes",
        "description",
        "uiConfig",
        "enabled",
    ] {
        assert_eq!(back["tree"][member], sent["tree"][member], "{member}");
    }
    let without = |node: &Json| {
        let mut node = node.clone();
        for member in ["_rev", "_type", "_outcomes", "colourOfTheSky"] {
            node.as_object_mut().expect("an object").remove(member);
        }
        node
    };
    for kind in ["nodes", "innerNodes"] {
        for (id, node) in sent[kind].as_object().expect("nodes") {
            assert_eq!(without(&back[kind][id]), without(node), "{kind} {id}");
        }
    }
    // Again, under other ids, and over what is there.
    frodo
        .ok(
            &["journey", "import"],
            &["-i", "Branch", "-f", &file, "--re-uuid"],
        )
        .await;
    assert!(logs_in(&mut server.client(), "Branch").await);
    frodo.ok(&["journey", "disable"], &["-i", "Branch"]).await;
    assert!(!logs_in(&mut server.client(), "Branch").await);
    frodo.ok(&["journey", "enable"], &["-i", "Branch"]).await;
    assert!(logs_in(&mut server.client(), "Branch").await);
    frodo.ok(&["journey", "delete"], &["-i", "Branch"]).await;
    assert!(!logs_in(&mut server.client(), "Branch").await);
    assert!(logs_in(&mut server.client(), "Login").await);
    let listed = frodo.ok(&["journey", "list"], &[]).await;
    assert!(!listed.contains("Branch"), "{listed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frodo_is_told_that_a_text_is_changed_in_its_file() {
    let server = serve().await;
    let Some(frodo) = Frodo::of(&server) else {
        return;
    };
    frodo
        .ok(&["journey", "export"], &["-i", "Login", "-f", "out.json"])
        .await;
    let (content, said) = frodo
        .run(&["journey", "import"], &["-i", "Login", "-f", "out.json"])
        .await;
    assert!(!content && said.contains("login.journey"), "{said}");
    assert!(logs_in(&mut server.client(), "Login").await);
    // Under another name and other ids it is a tree like any other.
    let mut own = frodo.json("out.json");
    own["tree"]["_id"] = "Copied".into();
    fs::write(frodo.file("copied.json"), own.to_string()).expect("a file");
    frodo
        .ok(
            &["journey", "import"],
            &["-i", "Copied", "-f", "copied.json", "--re-uuid"],
        )
        .await;
    assert!(logs_in(&mut server.client(), "Copied").await);
    let mut client = admin(&server).await;
    let copied = client.get(&at("trees/Copied")).await;
    assert_eq!(copied.status, 200, "{}", copied.text());
}
