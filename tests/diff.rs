//! What has changed between two versions, and which way: edits as people and machines make them.

mod edits;

use std::fmt::Write as _;

use wayfare::{
    Compiler, Program, Source, Valid,
    diff::{Change, Difference, Direction, Topic, compare},
};

/// A journey with what there is to weaken: two factors, an account check, limiters, levels.
pub(super) const BASE: &str = r#"journey login "Login" {
  level = 20
  treeTimeout = 5m
  start credentials

  node credentials: Page {
    stage = "UsernamePassword"
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }

  node check: DataStoreDecision {
    true -> active
    false -> attempts
  }

  node attempts: RetryLimitDecision {
    retryLimit = 2
    Retry -> credentials
    Reject -> lock
  }

  node lock: AccountLockout(lockAction = "LOCK") -> failure

  node active: AccountActiveDecision {
    true -> known
    false -> failure
    on error -> failure
  }

  node known: ModifyAuthLevel(authLevelIncrement = 10) -> generate

  node generate: OneTimePasswordGenerator(length = 8) -> send

  node send: OneTimePasswordSmtpSender {
    emailAttribute = "mail"
    emailSubject = "Your code"
    emailContent = "It is {{OTP}}."
    -> enter
    on error -> failure
  }

  node enter: OneTimePasswordCollectorDecision {
    passwordExpiryTime = 5m
    true -> strong
    false -> tries
  }

  node tries: RetryLimitDecision {
    retryLimit = 3
    Retry -> enter
    Reject -> failure
  }

  node strong: ModifyAuthLevel(authLevelIncrement = 10) -> office

  node office: Decision {
    when request.ip in ["10.0.0.0/8"] as inside -> success
    else -> greet
  }

  node greet: Message {
    true -> success
    false -> failure
  }

  ensure "both factors" every path to success passes enter.true
  ensure "three tries" at most 3 visits of check
  ensure "locked stays locked" never success after lock
}

policy payments "https://bank.example.com:443/pay/*" {
  actions = [GET, POST]
  subjects = [group "staff"]
  require level 20
}
"#;

pub(super) fn program(text: &str) -> Program {
    let compiled =
        Compiler::new(wayfare::catalogue::standard()).compile([Source::new("login.journey", text)]);
    let findings: Vec<String> = compiled
        .diagnostics
        .iter()
        .map(|finding| finding.one_line(&compiled.sources))
        .collect();
    compiled
        .program
        .map(Valid::into_inner)
        .or(compiled.refused)
        .unwrap_or_else(|| panic!("{}\n{text}", findings.join("\n")))
}

pub(super) fn edited(edits: &[(&str, &str)]) -> String {
    let mut text = BASE.to_owned();
    for (from, to) in edits {
        assert_eq!(text.matches(from).count(), 1, "`{from}` stands once");
        text = text.replace(from, to);
    }
    text
}

pub(super) fn show(found: &Difference) -> String {
    let line = |change: &Change| {
        let run = change.run.as_ref();
        let run = run.map_or_else(String::new, |run| format!("\n      {}", run.text));
        format!(
            "{} {}: {}{run}",
            change.direction, change.topic, change.message
        )
    };
    let lines: Vec<String> = found.changes.iter().map(line).collect();
    lines.join("\n")
}

pub(crate) fn holds_both_ways(before: &Program, after: &Program) -> Difference {
    let found = compare(before, after);
    let back = compare(after, before);
    for (way, other) in [
        (Direction::Weaker, Direction::Stronger),
        (Direction::Stronger, Direction::Weaker),
    ] {
        let topics = |found: &Difference, direction| -> Vec<Topic> {
            let changes = found.changes.iter();
            let mut topics: Vec<Topic> = changes
                .filter(|change| change.direction == direction)
                .map(|change| change.topic)
                .collect();
            topics.sort_unstable();
            topics
        };
        assert_eq!(
            topics(&found, way),
            topics(&back, other),
            "one way:\n{}\nthe other way:\n{}",
            show(&found),
            show(&back)
        );
    }
    assert_eq!(found.same_paths, back.same_paths);
    found
}

#[test]
fn nothing_has_changed_in_the_same_text() {
    let base = program(BASE);
    let found = holds_both_ways(&base, &program(BASE));
    assert!(found.is_empty(), "{}", show(&found));
}

#[test]
fn layout_comments_and_order_are_no_change() {
    let (head, rest) = BASE.split_once("  node check").unwrap();
    let (check, tail) = rest.split_once("\n\n").unwrap();
    let (tail, end) = tail.split_once("  ensure \"both").unwrap();
    let moved = format!(
        "// a note\n{head}{tail}\n\n  /// Compares.\n  node check{check}\n\n  ensure \"both{end}"
    );
    let found = holds_both_ways(&program(BASE), &program(&moved));
    assert!(found.is_empty(), "{}", show(&found));
    let squeezed = BASE.replace("\n\n", "\n");
    assert!(compare(&program(BASE), &program(&squeezed)).is_empty());
}

#[test]
fn a_node_with_another_name_is_the_same_node() {
    let renamed = BASE
        .replace("enter.true", "code.true")
        .replace("node enter:", "node code:")
        .replace("-> enter\n", "-> code\n")
        .replace("active", "account");
    let found = holds_both_ways(&program(BASE), &program(&renamed));
    let only_names = |change: &Change| {
        change.direction == Direction::Neutral
            && change.topic == Topic::Node
            && change.message.contains("is called")
    };
    assert!(found.changes.iter().all(only_names), "{}", show(&found));
    assert_eq!(found.changes.len(), 2, "{}", show(&found));
    assert_eq!(found.same_paths.len(), 1);
}

#[test]
fn nodes_moved_into_a_fragment_are_the_same_nodes() {
    let (before, rest) = BASE.split_once("  node generate").unwrap();
    let (inside, after) = rest.split_once("  node strong").unwrap();
    let inside = format!("  node generate{inside}")
        .replace("-> strong", "-> verified")
        .replace("Reject -> failure", "Reject -> failed")
        .replace("on error -> failure", "on error -> failed");
    let fragment = format!(
        "fragment code_by_mail -> verified | failed {{\n  start generate\n\n{inside}}}\n\n"
    );
    let call =
        "  node code: code_by_mail {\n    verified -> strong\n    failed -> failure\n  }\n\n";
    let moved = format!("{fragment}{before}{call}  node strong{after}")
        .replace("-> generate", "-> code")
        .replace("passes enter.true", "passes code.enter.true");
    let found = holds_both_ways(&program(BASE), &program(&moved));
    assert!(
        found
            .changes
            .iter()
            .all(|c| c.direction == Direction::Neutral),
        "{}",
        show(&found)
    );
    assert!(
        found.changes.iter().all(|c| c.topic == Topic::Node),
        "{}",
        show(&found)
    );
    assert_eq!(found.same_paths.len(), 1);
}

#[test]
fn every_weakening_of_runs_has_a_run_of_the_new_version() {
    let weak = edited(&[("    true -> active\n", "    true -> success\n")]);
    let found = holds_both_ways(&program(BASE), &program(&weak));
    let weaker: Vec<&Change> = found
        .changes
        .iter()
        .filter(|change| change.direction == Direction::Weaker)
        .collect();
    assert!(!weaker.is_empty());
    for change in weaker {
        let run = change
            .run
            .as_ref()
            .unwrap_or_else(|| panic!("{}", change.message));
        assert!(run.text.ends_with("success"), "{}", run.text);
        assert_eq!(run.allowed, wayfare::diff::Version::After);
        assert!(!run.route.steps.is_empty());
    }
}

#[test]
fn ten_thousand_nodes_are_compared_quickly() {
    let mut text = String::from("journey long {\n  start n0\n");
    for at in 0..9_990 {
        let next = if at == 9_989 {
            "check".to_owned()
        } else {
            format!("n{}", at + 1)
        };
        let _ = writeln!(text, "  node n{at}: UsernameCollector -> {next}");
    }
    text.push_str(
        "  node check: DataStoreDecision {\n true -> success\n false -> failure\n }\n}\n",
    );
    let changed = text.replace("false -> failure", "false -> success");
    let read = |text: &str| {
        let compiled = Compiler::new(wayfare::catalogue::standard())
            .compile([Source::new("long.journey", text)]);
        compiled.program.map(Valid::into_inner).or(compiled.refused)
    };
    let (Some(before), Some(after)) = (read(&text), read(&changed)) else {
        panic!("the journey compiles");
    };
    let found = compare(&before, &after);
    assert!(found.has(Direction::Weaker), "{}", show(&found));
}

#[test]
fn a_promise_of_the_realm_that_holds_for_fewer_is_weaker() {
    let guard = |head: &str, place: &str| {
        let line = format!("  ensure every path to success passes {place}\n");
        program(&format!("{BASE}\nguard {head} {{\n{line}}}\n"))
    };
    let before = guard("\"all\"", "proof of otp");
    let fewer = [
        program(BASE),
        guard("\"all\" except login", "proof of otp"),
        guard("\"all\"", "proof of password"),
        guard("\"all\"", "proof of otp or proof of password"),
        guard("\"all\" for \"/alpha\"", "proof of otp"),
    ];
    for after in &fewer {
        let found = holds_both_ways(&before, after);
        let is_told =
            |change: &Change| (change.direction, change.topic) == (Direction::Weaker, Topic::Guard);
        assert!(found.changes.iter().any(is_told), "{}", show(&found));
    }
    let renamed = compare(&before, &guard("\"everybody\"", "proof of otp"));
    assert!(renamed.is_empty(), "{}", show(&renamed));
}
