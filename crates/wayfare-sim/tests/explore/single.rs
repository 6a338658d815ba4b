//! One run, of anybody.

use wayfare_sim::explore::{Budget, Options, Unfinished};

use super::{examples, lines, names, program, run};

#[test]
fn the_examples_are_clean() {
    let program = examples();
    for name in names(&program) {
        let explored = run(&program, &name, Options::default());
        println!(
            "{name}: {} states, {} moves, depth {}",
            explored.states, explored.moves, explored.depth
        );
        assert!(explored.is_clean(), "{name}: {:#?}", lines(&explored));
        assert!(explored.states > 3, "{name}");
        if &*name == "explore_large" {
            assert!(explored.states > 1_000_000, "{}", explored.states);
        }
    }
}

const UNPROVED: &str = r#"
journey login {
  start credentials
  node credentials: Page {
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }
  node check: DataStoreDecision {
    true -> again
    false -> failure
  }
  node again: UsernameCollector -> success
  ensure "no way" never success after again
  ensure "not at all" at most 0 visits of again
}
"#;

#[test]
fn a_name_after_the_proof_is_found_with_a_shortest_run() {
    let explored = run(&program(UNPROVED), "login", Options::default());
    let way = "credentials [Name, Password] -> check.true -> again [Name]";
    assert_eq!(
        lines(&explored),
        [
            format!("ensure_failed: {way} (the same person) -> success"),
            "ensure_failed: credentials [Name, Password] -> check.true -> again".to_owned(),
            format!("unproved_success: {way} -> success"),
        ]
    );
}

const RETRIES: &str = r#"
journey login {
  start credentials
  node credentials: Page {
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }
  node check: DataStoreDecision {
    true -> success
    false -> attempts
  }
  node attempts: RetryLimitDecision {
    retryLimit = 2
    Retry -> credentials
    Reject -> failure
  }
  ensure "three" at most 3 visits of check
  ensure "two" at most 2 visits of check
}
"#;

#[test]
fn limits_of_the_run_are_counted() {
    let explored = run(&program(RETRIES), "login", Options::default());
    let found = lines(&explored);
    assert_eq!(found.len(), 1, "{found:#?}");
    let tries = found[0].matches("check.false").count();
    assert!(tries == 2 && found[0].ends_with("-> check"), "{found:#?}");
    assert_eq!(explored.found[0].what.to_string(), "`two` does not hold");
}

#[test]
fn a_budget_is_kept_and_told() {
    let program = program(RETRIES);
    let whole = run(&program, "login", Options::default());
    let budget = |states, bytes| {
        run(
            &program,
            "login",
            Options::default().budget(Budget { states, bytes }),
        )
        .unfinished
    };
    assert_eq!(whole.unfinished, None);
    assert_eq!(budget(10, u64::MAX), Some(Unfinished::States));
    assert_eq!(budget(u64::MAX, 10), Some(Unfinished::Memory));
    let journey = program.journey_named("login").unwrap();
    let stopped =
        wayfare_sim::explore::explore(&program, journey, Options::default(), &mut |_| false)
            .unwrap();
    assert_eq!(stopped.unfinished, Some(Unfinished::Stopped));
    assert!(!stopped.is_clean());
}

#[test]
fn the_same_journey_is_explored_the_same_way() {
    let program = program(UNPROVED);
    let (one, other) = (
        run(&program, "login", Options::default()),
        run(&program, "login", Options::default()),
    );
    assert_eq!(
        (one.states, one.moves, one.depth, &one.found),
        (other.states, other.moves, other.depth, &other.found)
    );
}

const SPINS: &str = r#"
journey login {
  allow spinning_loop, no_way_out, unbounded_password_loop, no_success because "it is what the test is about"
  start first
  node first: FlowControl {
    A -> second
    B -> failure
  }
  node second: FlowControl {
    A -> third
    B -> third
  }
  node third: FlowControl {
    A -> second
    B -> second
  }
}
"#;

#[test]
fn a_circle_without_a_way_out_is_found() {
    let found = lines(&run(&program(SPINS), "login", Options::default()));
    assert_eq!(found, ["spinning_loop: first.A -> second"]);
}

/// The way round the check is open once the limiter is spent, and by then the check was passed.
const AGAIN: &str = r#"
journey login {
  allow ensure_failed, enumeration because "what the limiter does is what exploration counts"
  start name
  node name: UsernameCollector -> tries
  node tries: RetryLimitDecision {
    retryLimit = 1
    Retry -> secret
    Reject -> success
  }
  node secret: PasswordCollector -> check
  node check: DataStoreDecision {
    true -> name
    false -> failure
  }
  ensure "checked" every path to success passes check.true
}
"#;

#[test]
fn what_was_passed_stays_passed_where_the_start_is_entered_again() {
    let explored = run(&program(AGAIN), "login", Options::default());
    let broken = lines(&explored);
    let about = |line: &&String| line.contains("ensure_failed");
    assert_eq!(broken.iter().filter(about).count(), 0, "{broken:#?}");
}

/// A code that is sent to the mailbox, and then once more by a page that writes an address first.
const ASTRAY: &str = r#"journey login "Login" {
  start name
  node name: UsernameCollector -> make
  node make: OneTimePasswordGenerator -> send
  node send: OneTimePasswordSmtpSender -> again
  node again: Page {
    FIRST
    SECOND
    node ready: Message(message = "Have you got it?")
    true -> enter
    false -> failure
    on error -> enter
  }
  node enter: OneTimePasswordCollectorDecision {
    true -> success
    false -> failure
  }
}
"#;

#[test]
fn what_a_page_has_sent_stays_sent_where_it_fails() {
    let address = "node address: SetState(attributes = { emailAddress = \"desk@example.com\" })";
    let resend = "node resend: OneTimePasswordSmtpSender";
    for (first, second, astray) in [
        (address, resend, true),
        (resend, address, true),
        (resend, "", false),
    ] {
        let text = ASTRAY.replace("FIRST", first).replace("SECOND", second);
        let program = program(&text);
        let checked = wayfare::analysis::findings(&program);
        let refused = checked
            .iter()
            .any(|found| found.code.word == "unproved_success");
        let explored = run(&program, "login", Options::default());
        let told = lines(&explored);
        let shown = told.iter().any(|line| line.starts_with("unproved_success"));
        assert_eq!((refused, shown), (astray, astray), "{told:#?}\n{text}");
    }
}
