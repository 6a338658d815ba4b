//! `serve`: it starts, says where, answers, drains; and says what to mend where it does not start.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, Stdio},
};

use crate::support::{Folder, LOGIN};

const CHEAP: &str = "[hash]\nmemory = \"64KiB\"\ntime = 1\n";

/// A server of the command line; killed where a test fails before it is stopped.
pub(crate) struct Served {
    child: Child,
    pub(crate) address: SocketAddr,
    welcome: String,
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn serve(folder: &Folder, arguments: &[&str]) -> Served {
    // The welcome ends with where mail is kept and notes; reading on would wait for the end.
    serve_until(folder, arguments, "mail is kept in")
}

/// Serves, and reads what is said up to a line with this in it.
fn serve_until(folder: &Folder, arguments: &[&str], last: &str) -> Served {
    let mut all = vec!["serve", "--listen", "127.0.0.1:0"];
    all.extend(arguments);
    let mut child = folder
        .command(&all)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = lines.next().expect("a line").unwrap();
    let address = first
        .rsplit_once("http://")
        .expect("an address")
        .1
        .parse()
        .unwrap();
    let mut welcome = first;
    for line in lines.by_ref() {
        let line = line.unwrap();
        welcome.push_str(&line);
        welcome.push('\n');
        if line.contains(last) {
            break;
        }
    }
    Served {
        child,
        address,
        welcome,
    }
}

fn ask(address: SocketAddr, method: &str, path: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
         accept-api-version: protocol=1.0,resource=2.1\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    reply
}

#[test]
fn the_demo_starts_answers_and_drains() {
    let folder = Folder::new(&[]);
    let mut served = serve(&folder, &[]);
    assert!(
        served
            .welcome
            .contains("demo of realm /alpha, password Ch4ng31t"),
        "{}",
        served.welcome
    );
    assert!(served.welcome.contains("amadmin"), "{}", served.welcome);
    assert!(folder.path().join("wayfare-data").is_dir());
    assert!(ask(served.address, "GET", "/healthz", "").starts_with("HTTP/1.1 200"));
    assert!(ask(served.address, "GET", "/", "").contains("<form"));
    let step = ask(
        served.address,
        "POST",
        "/am/json/realms/root/realms/alpha/authenticate",
        "{}",
    );
    assert!(step.contains("\"NameCallback\""), "{step}");

    let pid = served.child.id().to_string();
    let killed = std::process::Command::new("kill")
        .args(["-TERM", &pid])
        .status()
        .unwrap();
    assert!(killed.success());
    assert!(served.child.wait().unwrap().success());

    // The second start is not the first: the administrator's password is not shown again.
    let again = serve(&folder, &[]);
    assert!(
        !again.welcome.contains("administrator"),
        "{}",
        again.welcome
    );
}

#[test]
fn a_new_folder_is_served() {
    let folder = Folder::new(&[]);
    assert_eq!(folder.run(&["new", "."]).code, 0);
    let text = folder.read("wayfare.toml");
    folder.write("wayfare.toml", &format!("{text}\n{CHEAP}"));
    let served = serve(&folder, &[]);
    let step = ask(
        served.address,
        "POST",
        "/am/json/realms/root/realms/alpha/authenticate",
        "{}",
    );
    assert!(step.contains("\"PasswordCallback\""), "{step}");
}

#[test]
fn an_import_is_served_at_once_and_says_what_is_missing() {
    let folder = Folder::new(&[("shop.json", crate::import::SHOP)]);
    assert_eq!(
        folder
            .run(&["import", "am", "shop.json", "--out", "shop"])
            .code,
        0
    );
    // What nobody answers for, and a secret that nobody has said.
    folder.write(
        "shop/more.journey",
        "extern AcmeScore \"AcmeScoreNode\" (apiKey: Secret) -> low | high {\n  proves nothing\n}\n\nparam esv_key: Secret\n\n\
         journey more {\n  start risk\n  allow no_success because \"it is a test\"\n\n  \
         node risk: AcmeScore(apiKey = esv_key) {\n    low | high -> failure\n  }\n}\n",
    );
    folder.write(
        "shop/old.journey",
        "journey old {\n  allow no_success because \"it is old\"\n  start look\n  \
         node look: ScriptedDecision(script = file(\"scripts/old.groovy\")) {\n    in -> failure\n  }\n}\n",
    );
    folder.write("shop/scripts/old.groovy", "outcome = 'in'\n");
    let text = folder.read("shop/wayfare.toml");
    folder.write("shop/wayfare.toml", &format!("{text}\n{CHEAP}"));
    let served = serve_until(
        &folder,
        &["shop"],
        "missing: secret parameter `esv_key` has no value",
    );
    let missing = "/alpha: missing: nobody answers for nodes of type `AcmeScore`: `risk` of `more`";
    assert!(served.welcome.contains(missing), "{}", served.welcome);
    let groovy = "scripts in Groovy are not run";
    assert!(served.welcome.contains(groovy), "{}", served.welcome);
    let step = ask(
        served.address,
        "POST",
        "/am/json/realms/root/realms/alpha/authenticate",
        "{}",
    );
    assert!(step.contains("Sign in to the shop"), "{step}");
    assert!(folder.path().join("shop/wayfare-data").is_dir());
    drop(served);
    // Where nothing may be missing it does not start.
    folder.write(
        "shop/wayfare.toml",
        &folder
            .read("shop/wayfare.toml")
            .replace("incomplete = true", "incomplete = false"),
    );
    let ran = folder.run(&["serve", "--listen", "127.0.0.1:0", "shop"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(
        ran.err.contains("AcmeScore") && ran.err.contains("esv_key"),
        "{}",
        ran.err
    );
}

#[test]
fn journeys_can_be_named() {
    let folder = Folder::new(&[(
        "mine/hello.journey",
        &LOGIN.replace("\"Login\"", "\"Hello\""),
    )]);
    let served = serve(&folder, &["mine"]);
    let step = ask(
        served.address,
        "POST",
        "/am/json/realms/root/realms/alpha/authenticate?authIndexType=service&authIndexValue=Hello",
        "{}",
    );
    assert!(step.contains("\"NameCallback\""), "{step}");
}

#[test]
fn what_hinders_a_start_is_said_before_it_listens() {
    let folder = Folder::new(&[
        ("broken/login.journey", "journey login {\n"),
        (
            "unknown.toml",
            "[server]\nlisten = \"127.0.0.1:0\"\nbase_pth = \"/am\"\n",
        ),
        ("file", "not a folder"),
    ]);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    for (arguments, said) in [
        (vec!["--config", "nope.toml"], "nope.toml"),
        (vec!["--config", "unknown.toml"], "base_path"),
        (vec!["broken"], "unclosed"),
        (vec!["nowhere"], "nowhere"),
        (vec!["--data", "file"], "file"),
        (vec!["--listen", &taken], "cannot listen at"),
    ] {
        let mut all = vec!["serve"];
        if !arguments.contains(&"--listen") {
            all.extend(["--listen", "127.0.0.1:0"]);
        }
        all.extend(&arguments);
        let ran = folder.run(&all);
        assert_eq!(
            (ran.code, ran.out.as_str()),
            (3, ""),
            "{arguments:?} {ran:?}"
        );
        assert!(ran.err.contains(said), "{arguments:?} {}", ran.err);
    }
    let data = folder.path().join("corrupt");
    assert_eq!(folder.run(&["new", "x"]).code, 0);
    std::fs::create_dir_all(&data).unwrap();
    for entry in ["wayfare.db", "wayfare.sqlite", "store.db"] {
        std::fs::write(data.join(entry), vec![0x5a; 8_192]).unwrap();
    }
    let ran = folder.run(&["serve", "--listen", "127.0.0.1:0", "--data", "corrupt"]);
    assert_eq!((ran.code, ran.out.as_str()), (3, ""), "{ran:?}");
}

/// A server with so many open files allowed, and what it says until it listens.
#[cfg(target_os = "linux")]
fn with_files(folder: &Folder, limit: &str) -> (Served, String) {
    let mut child = std::process::Command::new("sh")
        .args([
            "-c",
            &format!("ulimit {limit} && exec \"$0\" serve --listen 127.0.0.1:0"),
        ])
        .arg(env!("CARGO_BIN_EXE_wayfare"))
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .stderr(std::fs::File::create(folder.path().join("said")).unwrap())
        .spawn()
        .unwrap();
    let mut first = String::new();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    out.read_line(&mut first).unwrap();
    let address = first.trim().rsplit_once("http://").unwrap().1.parse();
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", child.id())).unwrap();
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max open files"));
    let soft = line.unwrap().split_whitespace().nth(3).unwrap().to_owned();
    let served = Served {
        child,
        address: address.unwrap(),
        welcome: first,
    };
    (served, soft)
}

#[cfg(target_os = "linux")]
#[test]
fn there_is_room_for_the_connections_that_the_settings_allow_or_it_is_told() {
    let folder = Folder::new(&[]);
    let (served, soft) = with_files(&folder, "-Sn 100");
    assert_eq!((soft.as_str(), folder.read("said").as_str()), ("4608", ""));
    drop(served);
    let (served, soft) = with_files(&folder, "-n 300");
    assert_eq!(soft, "300");
    let said = folder.read("said");
    assert!(
        said.contains("4096 connections take up to 4608 open files"),
        "{said}"
    );
    drop(served);
}
