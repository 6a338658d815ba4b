//! Journey files that reach out, and files that change under way: F03 and F05.

use std::fs;
#[cfg(unix)]
use std::os::unix::fs::symlink;

use super::world::{ALPHA, World, realm};

/// A line that must never be seen in a message.
const PRIVATE: &str = "a-line-of-a-file-outside";

/// Writes a file into the folder of journeys, reads anew, and gives what is wrong now.
async fn served(world: &World) -> Option<String> {
    world.server.running.reload(&realm("/alpha")).await;
    world
        .server
        .running
        .journeys(&realm("/alpha"))
        .expect("a realm")
        .error
}

async fn logs_in(world: &World) {
    world.client().login("demo", ALPHA).await.token();
}

#[cfg(unix)]
#[tokio::test]
async fn f03_imports_do_not_leave_the_folder() {
    let world = World::new().await;
    let folder = world.server.journey_folder();
    let outside = world.server.folder.path().join("outside");
    fs::create_dir_all(&outside).expect("a folder");
    fs::write(outside.join("secret.journey"), format!("{PRIVATE} ><\n")).expect("a file");
    fs::create_dir_all(folder.join("lib")).expect("a folder");
    symlink(
        outside.join("secret.journey"),
        folder.join("lib/link.journey"),
    )
    .expect("a link");
    symlink(&outside, folder.join("lib/away")).expect("a link");
    symlink("/dev/zero", folder.join("lib/zero.journey")).expect("a link");
    let fifo = std::process::Command::new("mkfifo")
        .arg(folder.join("lib/fifo.journey"))
        .status();
    assert!(fifo.expect("mkfifo").success());
    fs::write(
        folder.join("lib/one.journey"),
        "import \"two.journey\"\nlet one = 1\n",
    )
    .expect("a file");
    fs::write(
        folder.join("lib/two.journey"),
        "import \"one.journey\"\nlet two = 2\n",
    )
    .expect("a file");
    assert_eq!(
        served(&world).await,
        None,
        "nothing is read that nobody imports"
    );
    let absolute = outside.join("secret.journey").display().to_string();
    for (import, why) in [
        ("../outside/secret.journey", "import_outside"),
        ("lib/../../outside/secret.journey", "import_outside"),
        ("./../outside/secret.journey", "import_outside"),
        ("..\\\\outside\\\\secret.journey", ""),
        (&absolute, "import_outside"),
        ("/etc/passwd", "import_outside"),
        ("/dev/zero", "import_outside"),
        ("file:///etc/passwd", ""),
        ("http://127.0.0.1:1/a.journey", ""),
        ("lib/link.journey", "import_outside"),
        ("lib/away/secret.journey", "import_outside"),
        ("lib/zero.journey", ""),
        ("lib/fifo.journey", "not a plain file"),
        ("lib", ""),
        ("lib/%2e%2e/%2e%2e/outside/secret.journey", ""),
        ("lib/one.journey", "import_cycle"),
        ("nowhere.journey", "unknown_import"),
    ] {
        let text = format!("import \"{import}\"\nlet unused = 1\n");
        fs::write(folder.join("reaches.journey"), text).expect("a file");
        let error = served(&world)
            .await
            .unwrap_or_else(|| panic!("{import} was taken"));
        println!("{import}: {}", error.lines().next().unwrap_or_default());
        assert!(
            error.contains("reaches.journey:1:")
                || error.contains("one.journey:1:")
                || error.contains("two.journey:1:"),
            "{error}"
        );
        assert!(error.contains(why), "{import}: {error}");
        assert!(
            !error.contains(PRIVATE) && !error.contains("root:"),
            "{error}"
        );
        // The old version is served meanwhile.
        logs_in(&world).await;
    }
    // Also where the link stands among the journeys themselves.
    fs::remove_file(folder.join("reaches.journey")).expect("removed");
    symlink(
        outside.join("secret.journey"),
        folder.join("linked.journey"),
    )
    .expect("a link");
    let error = served(&world).await;
    println!("a linked file: {error:?}");
    assert!(!error.unwrap_or_default().contains(PRIVATE));
    logs_in(&world).await;
}

#[tokio::test]
async fn f05_a_broken_edit_keeps_the_old_version() {
    let world = World::new().await;
    let file = world.server.journey_folder().join("all.journey");
    let good = fs::read_to_string(&file).expect("the file");
    let mut client = world.client();
    let begun = client.begin("").await.step();
    let under_way = client
        .answer(&begun, &["demo".into(), "wrong".into()])
        .await
        .step();
    let lib = "fragment ask() -> done {\n  start page\n\n  node page: Page {\n    node username: UsernameCollector\n    \
               node password: PasswordCollector\n    -> done\n  }\n}\n";
    let half = good.split_at(good.len() / 2).0.to_owned();
    for (what, text) in [
        (
            "an arrow to nowhere",
            good.replace("-> check\n", "-> chekc\n"),
        ),
        ("half a file", half),
        (
            "no journey that is the default",
            good.replace("\"Login\"", "\"Log in\""),
        ),
        ("nothing", String::new()),
        ("bytes", "\0\u{1}".repeat(100)),
        (
            "an import that is gone",
            format!("import \"lib/ask.journey\"\n{good}"),
        ),
    ] {
        fs::write(&file, text).expect("written");
        let before = world.look();
        assert!(
            !world.server.running.reload(&realm("/alpha")).await,
            "{what} is not served"
        );
        let status = world
            .server
            .running
            .journeys(&realm("/alpha"))
            .expect("a realm");
        let error = status.error.unwrap_or_else(|| panic!("{what} is no error"));
        assert!(!error.is_empty());
        assert!(
            status.journeys.iter().any(|name| &**name == "Login"),
            "{what}"
        );
        let after = world.look();
        after.assert_unchanged(&before);
        let told = &after.audit[before.audit.len()..];
        println!("{what}: {told:?}");
        logs_in(&world).await;
        let step = world.client().begin("Plain").await.step();
        assert_eq!(
            step["callbacks"].as_array().map(Vec::len),
            Some(2),
            "{what}"
        );
    }
    // A file that vanishes, a folder in its place, and a file that is there and then is not.
    fs::remove_file(&file).expect("removed");
    assert!(served(&world).await.is_some());
    logs_in(&world).await;
    fs::create_dir(&file).expect("a folder");
    assert!(served(&world).await.is_some());
    logs_in(&world).await;
    fs::remove_dir(&file).expect("removed");
    let with_import = format!(
        "import \"lib/ask.journey\"\n{}",
        good.replacen("journey plain", "journey plain2", 1)
    ) + "\njourney asks {\n  start ask\n  node ask: ask { done -> check }\n  node check: DataStoreDecision {\n    true -> success\n    false -> failure\n  }\n}\n";
    fs::create_dir_all(world.server.journey_folder().join("lib")).expect("a folder");
    fs::write(world.server.journey_folder().join("lib/ask.journey"), lib).expect("written");
    fs::write(&file, with_import).expect("written");
    assert_eq!(served(&world).await, None);
    world.client().begin("asks").await.step();
    fs::remove_file(world.server.journey_folder().join("lib/ask.journey")).expect("removed");
    assert!(served(&world).await.is_some(), "what was imported vanished");
    world.client().begin("asks").await.step();
    // The run that began before all this ends as it began, on what was kept of its version.
    client
        .answer(&under_way, &["demo".into(), ALPHA.into()])
        .await
        .token();
}
