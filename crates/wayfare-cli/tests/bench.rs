//! `bench`: each way of logging in is measured, and what does not log in is no figure.

use std::net::TcpListener;

use serde_json::Value as Json;

use crate::support::{Folder, LOGIN, Ran};

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
        assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{ran:?}");
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
        (vec!["--self", "nowhere"], "nowhere"),
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
