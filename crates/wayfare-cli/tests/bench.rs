//! `bench`: each way of logging in is measured, and what does not log in is no figure.

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    process::{Child, Command, Stdio},
};

use serde_json::Value as Json;

use crate::{
    between::{Between, Then},
    serve::serve,
    support::{Folder, LOGIN, Ran},
};

fn bench(arguments: &[&str], password: Option<&str>) -> Ran {
    let folder = Folder::new(&[("mine/login.journey", LOGIN)]);
    let mut all = vec!["bench", "--warmup", "100ms", "--format", "json"];
    if !arguments.contains(&"--duration") {
        all.extend(["--duration", "1s"]);
    }
    all.extend(arguments);
    if password.is_some() {
        all.push("--password-stdin");
    }
    folder.run_with(&all, password.unwrap_or_default())
}

fn report(ran: &Ran) -> Json {
    serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {ran:?}"))
}

#[test]
fn each_way_of_logging_in_is_measured() {
    for (mix, parts) in [
        ("zero-page", &["zero_page"][..]),
        ("am", &["zero_page"]),
        ("page", &["answer", "start"]),
        (
            "step-up",
            &[
                "answer",
                "level",
                "start",
                "step_up_answer",
                "step_up_start",
            ],
        ),
    ] {
        let ran = bench(
            &[
                "--self",
                "--mix",
                mix,
                "--users",
                if mix == "am" { "3" } else { "1" },
            ],
            None,
        );
        assert_eq!(ran.code, 0, "{mix}: {ran:?}");
        let told = report(&ran);
        assert_eq!((&told["schema"], &told["mix"]), (&1.into(), &mix.into()));
        assert_eq!(
            (&told["loop"], &told["failures"]["count"]),
            (&"closed".into(), &0.into())
        );
        let wide = if mix == "am" { 100 } else { 16 };
        assert_eq!(told["connections"], wide);
        assert_eq!(told["connections_made"], wide, "{told}");
        assert!(told["logins"]["count"].as_u64().unwrap() > 0, "{told}");
        assert!(
            told["logins"]["per_second"].as_f64().unwrap() > 0.0,
            "{told}"
        );
        let kinds = told["requests"]["kinds"].as_object().unwrap();
        let mut found: Vec<_> = kinds.keys().map(String::as_str).collect();
        found.sort_unstable();
        assert_eq!(found, parts, "{mix}");
        for times in kinds
            .values()
            .map(|kind| &kind["ms"])
            .chain([&told["logins"]["ms"]])
        {
            let times =
                ["p50", "p90", "p99", "p99_9", "max"].map(|name| times[name].as_f64().unwrap());
            assert!(times[0] > 0.0 && times.is_sorted(), "{mix}: {times:?}");
        }
        if cfg!(target_os = "linux") {
            assert!(
                told["server"]["resident_kib"].as_u64().unwrap() > 1_000,
                "{told}"
            );
            assert!(
                told["server"]["open_files"].as_u64().unwrap() >= wide,
                "{told}"
            );
        }
    }
}

#[test]
fn an_open_loop_and_journeys_of_ones_own() {
    let ran = bench(
        &["--self", "--rate", "20", "--connections", "4", "mine"],
        None,
    );
    assert_eq!(ran.code, 0, "{ran:?}");
    let told = report(&ran);
    assert_eq!(told["loop"], "open");
    // Those due from 0.1 s to 1.1 s.
    assert_eq!(told["logins"]["count"], 20, "{told}");
}

#[test]
fn a_login_that_is_refused_is_no_figure() {
    for mix in ["zero-page", "page", "step-up"] {
        let ran = bench(&["--self", "--mix", mix], Some("s3cr3t-and-wrong\n"));
        assert_eq!(ran.code, 1, "{ran:?}");
        let told = report(&ran);
        assert_eq!(
            (&told["logins"]["count"], &told["failures"]["first"]["kind"]),
            (&0.into(), &"refused".into())
        );
        assert!(!ran.out.contains("s3cr3t"), "{}", ran.out);
        assert!(
            ran.err.contains("401") && ran.err.contains("refused"),
            "{}",
            ran.err
        );
        assert!(!ran.err.contains("s3cr3t"), "{}", ran.err);
    }
    let ran = bench(&["--self", "--mix", "step-up", "--step-up", "Login"], None);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("nothing raised"), "{}", ran.err);
    let ran = bench(&["--self", "--journey", "Nothing"], None);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("No Configuration found"), "{}", ran.err);
}

#[test]
fn nothing_is_sent_where_it_was_not_meant() {
    for (arguments, said) in [
        (vec!["http://192.0.2.1:8080/am"], "--allow-host 192.0.2.1"),
        (
            vec!["http://login.example.com/am", "--allow-host", "example.com"],
            "--allow-host login.example.com",
        ),
        (vec!["ftp://127.0.0.1/am"], "http://"),
        (
            vec!["http://127.0.0.1:8080", "--duration", "2h"],
            "--duration 2h",
        ),
        (vec!["http://127.0.0.1:8080", "--rate", "0"], "--rate 0"),
        (vec!["http://127.0.0.1:8080", "--rate", "NaN"], "--rate NaN"),
        (
            vec!["http://127.0.0.1:8080", "--users", "7"],
            "no place for a number",
        ),
        (
            vec!["http://127.0.0.1:8080", "--realm", "alpha"],
            "path of a realm",
        ),
        (
            vec!["http://127.0.0.1:8080", "--mix", "step-up"],
            "--step-up",
        ),
        (
            vec!["--self", "--trial", "overload", "--rate", "5"],
            "leave `--rate` out",
        ),
        (vec!["--self", "nowhere"], "nowhere"),
        (
            vec!["--self", "--user", "u{}", "--users", "100000000"],
            "100000 that are made first",
        ),
        (vec!["http://127.0.0.1:99999/am"], "no port"),
        (
            vec!["http://127.0.0.1:8080", "--ca", "x.pem"],
            "is not https",
        ),
    ] {
        let ran = bench(&arguments, Some("x\n"));
        assert_eq!(
            (ran.code, ran.out.as_str()),
            (3, ""),
            "{arguments:?} {ran:?}"
        );
        assert!(ran.err.contains(said), "{arguments:?} {}", ran.err);
    }
    let ran = bench(&["http://127.0.0.1:8080"], Some(""));
    assert!(
        ran.code == 3 && ran.err.contains("password is empty"),
        "{ran:?}"
    );
    // A port that was free a moment ago: nobody answers, and that is said.
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let ran = bench(&[&format!("http://{free}")], Some("x\n"));
    assert!(
        ran.code == 1 && ran.err.contains("cannot be reached"),
        "{ran:?}"
    );
}

/// A server of the demo, with the cheapest hash, and a bench of it.
const CHEAP: &str = "[hash]\nmemory = \"8KiB\"\ntime = 1\n\n[realms.\"/alpha\"]\njourneys = [\"mine\"]\n\n\
                     [realms.\"/alpha\".users.demo]\npassword = { file = \"password\" }\n";

fn served() -> Folder {
    Folder::new(&[
        ("mine/login.journey", LOGIN),
        ("password", "Ch4ng31t"),
        ("wayfare.toml", CHEAP),
    ])
}

fn begun(folder: &Folder, arguments: &[&str]) -> Child {
    let mut all = vec!["bench", "--warmup", "0s", "--format", "json"];
    all.extend(arguments);
    folder
        .command(&all)
        .env("WAYFARE_BENCH_PASSWORD", "Ch4ng31t")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn ended(child: Child) -> Ran {
    let output = child.wait_with_output().unwrap();
    Ran {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

#[test]
fn a_server_behind_tls_is_held_to_the_authority_that_is_named() {
    let folder = served();
    let server = serve(&folder, &[]);
    let between = Between::tls(server.address);
    let files = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../wayfare-server/tests/external"
    );
    let url = format!("https://localhost:{}/am", between.address.port());
    let authority = format!("{files}/authority.pem");
    let ran = ended(begun(
        &folder,
        &[&url, "--ca", &authority, "--duration", "1s", "--log-out"],
    ));
    assert_eq!(ran.code, 0, "{ran:?}");
    let told = report(&ran);
    assert_eq!(told["target"], url.as_str());
    assert!(told["logins"]["count"].as_u64().unwrap() > 0, "{told}");
    assert!(told["requests"]["kinds"]["log_out"].is_object(), "{told}");
    // Neither the usual authorities nor another name will do.
    let ran = ended(begun(&folder, &[&url]));
    assert_eq!(ran.code, 1, "{ran:?}");
    assert_eq!(report(&ran)["logins"]["count"], 0);
    assert!(ran.err.contains("UnknownIssuer"), "{}", ran.err);
    let url = url.replace("localhost", "127.0.0.1");
    let ran = ended(begun(&folder, &[&url, "--ca", &authority]));
    assert!(
        ran.code == 1 && ran.err.contains("not valid for name"),
        "{ran:?}"
    );
    let ran = ended(begun(&folder, &[&url, "--ca", "nowhere.pem"]));
    assert!(ran.code == 3 && ran.err.contains("nowhere.pem"), "{ran:?}");
}

#[test]
fn a_server_that_dies_in_the_middle_ends_the_load() {
    let folder = served();
    let server = serve(&folder, &[]);
    let between = Between::plain(server.address, 100, Then::Gone);
    let url = format!("http://{}/am", between.address);
    let ran = ended(begun(&folder, &[&url, "--duration", "60s"]));
    assert_eq!(ran.code, 1, "{ran:?}");
    let told = report(&ran);
    // What was measured until then is told, and that it is less than was meant.
    assert!(told["logins"]["count"].as_u64().unwrap() > 0, "{told}");
    assert!(told["measured_s"].as_f64().unwrap() < 60.0, "{told}");
    assert!(told["failures"]["kinds"]["connection"].is_u64(), "{told}");
    assert!(ran.err.contains("(connection)"), "{}", ran.err);
}

#[cfg(unix)]
#[test]
fn whoever_has_enough_is_told_what_was_measured() {
    let folder = served();
    let server = serve(&folder, &[]);
    for signal in ["-INT", "-TERM"] {
        let between = Between::plain(server.address, 100, Then::Told);
        let url = format!("http://{}/am", between.address);
        let child = begun(&folder, &[&url, "--duration", "60m"]);
        between.wait();
        let sent = Command::new("kill")
            .args([signal, &child.id().to_string()])
            .status();
        assert!(sent.unwrap().success());
        let ran = ended(child);
        assert_eq!(ran.code, 1, "{signal}: {ran:?}");
        let told = report(&ran);
        assert_eq!(
            (&told["stopped"], &told["failures"]["count"]),
            (&"signal".into(), &0.into())
        );
        assert!(told["logins"]["count"].as_u64().unwrap() > 0, "{told}");
    }
}

/// A bench that is killed leaves neither a server nor its folder behind.
#[cfg(unix)]
#[test]
fn what_a_bench_started_goes_with_it() {
    let folder = Folder::new(&[("tmp/kept", "")]);
    let scratch = folder.path().join("tmp");
    let left = || std::fs::read_dir(&scratch).unwrap().count();
    let mut child = Command::new(env!("CARGO_BIN_EXE_wayfare"))
        .args(["bench", "--self", "--duration", "60s"])
        .env("TMPDIR", &scratch)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let soon = |until: &dyn Fn() -> bool| {
        let begun = std::time::Instant::now();
        // Bounded by the clock: it is another process that is waited for.
        while !until() {
            assert!(begun.elapsed().as_secs() < 60, "it takes too long");
            std::thread::yield_now();
        }
    };
    let is_served = || {
        let mut entries = std::fs::read_dir(&scratch).unwrap();
        entries.any(|entry| entry.unwrap().path().join("data/wayfare.db").exists())
    };
    soon(&is_served);
    child.kill().unwrap();
    child.wait().unwrap();
    soon(&|| left() == 1);
}

/// A server that answers every request with one and the same token is believed once.
#[test]
fn one_token_for_everybody_is_no_login() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            std::thread::spawn(move || {
                let mut request = [0; 4_096];
                // One read is one request of this client.
                while stream.read(&mut request).is_ok_and(|read| read > 0) {
                    let reply =
                        "HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n{\"tokenId\": \"x\"}\n";
                    if stream.write_all(reply.as_bytes()).is_err() {
                        return;
                    }
                }
            });
        }
    });
    let url = format!("http://{address}/am");
    let ran = bench(&[&url, "--mix", "page"], Some("x\n"));
    assert!(
        ran.code == 1 && ran.err.contains("asked nothing"),
        "{ran:?}"
    );
    // Also where each connection logs in once.
    for more in [&[][..], &["--rate", "2", "--connections", "64"]] {
        let ran = bench(
            &[&[&*url, "--mix", "zero-page"], more].concat(),
            Some("x\n"),
        );
        assert_eq!(ran.code, 1, "{ran:?}");
        let told = "the token of the login before";
        assert!(ran.err.contains(told), "{ran:?}");
        assert_eq!(report(&ran)["stopped"], "failures");
    }
}

/// Somebody who has enough of a first login that hangs is told that nothing was measured.
#[cfg(unix)]
#[test]
fn a_first_login_that_hangs_is_stopped_too() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/am", listener.local_addr().unwrap());
    let folder = Folder::new(&[("password", "x\n")]);
    let child = begun(&folder, &[&url, "--patience", "60s"]);
    // Whoever has connected has its signals in hand.
    let (_kept, _) = listener.accept().unwrap();
    let sent = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
    let ran = ended(child);
    assert_eq!((ran.code, &report(&ran)["stopped"]), (1, &"signal".into()));
}

#[test]
fn a_soak_ends_its_sessions_and_is_judged() {
    let ran = bench(
        &[
            "--self",
            "--trial",
            "soak",
            "--noisy",
            "--duration",
            "2s",
            "--patience",
            "60s",
        ],
        None,
    );
    let told = report(&ran);
    assert_eq!(told["trial"], "soak");
    let (peak, soak) = (&told["phases"]["peak"], &told["phases"]["soak"]);
    assert_eq!(
        (&peak["loop"], &soak["loop"]),
        (&"closed".into(), &"open".into())
    );
    assert!(soak["rate"].as_f64().unwrap() > 0.0, "{told}");
    let count = |part: &str| soak["requests"]["kinds"][part]["count"].as_u64();
    assert_eq!(count("log_out"), count("start"));
    assert_eq!(soak["quarters"].as_array().unwrap().len(), 4);
    let names = [
        "failures",
        "logins_of_a_quarter",
        "resident_growth_percent",
        "open_files_growth",
        "p99_drift_percent",
    ];
    let figures = told["figures"].as_array().unwrap();
    let known = if cfg!(target_os = "linux") {
        &names[..]
    } else {
        &[names[0], names[1], names[4]]
    };
    assert_eq!(
        figures
            .iter()
            .map(|figure| figure["name"].as_str().unwrap())
            .collect::<Vec<_>>(),
        known
    );
    assert_eq!(
        (&figures[0]["met"], &figures[0]["decides"]),
        (&true.into(), &true.into())
    );
    assert_eq!(figures.last().unwrap()["decides"], false);
    // Memory is another matter in the first seconds of a server, so the exit code is that of the figures.
    let short = figures
        .iter()
        .any(|figure| figure["met"] == false && figure["decides"] == true);
    assert_eq!(ran.code, i32::from(short), "{ran:?}");
}

#[test]
fn an_overload_is_refused_in_words_and_the_server_goes_on() {
    let ran = bench(
        &[
            "--self",
            "--trial",
            "overload",
            "--noisy",
            "--duration",
            "2s",
            "--patience",
            "60s",
        ],
        None,
    );
    assert_eq!(ran.code, 0, "{ran:?}");
    let told = report(&ran);
    let over = &told["phases"]["overload"]["failures"];
    let kinds: Vec<_> = over["kinds"].as_object().unwrap().keys().collect();
    assert!(kinds.iter().all(|kind| *kind == "busy"), "{told}");
    assert!(told["health"]["count"].as_u64().unwrap() > 0, "{told}");
    assert!(
        told["health"]["idle_ms"]["p99"].as_f64().unwrap() > 0.0,
        "{told}"
    );
    assert_eq!(told["phases"]["after"]["mix"], "zero-page");
}
