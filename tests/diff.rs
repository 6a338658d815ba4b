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

/// A password, and a code for whom the condition does not let round it.
fn guarded(decision: &str) -> Program {
    program(&format!(
        "journey login {{
  start name
  node name: UsernameCollector -> secret
  node secret: PasswordCollector -> check
  node check: DataStoreDecision {{
    true -> inside
    false -> failure
  }}
{decision}
  node generate: OneTimePasswordGenerator -> send
  node send: OneTimePasswordSmtpSender {{
    emailAttribute = \"mail\"
    emailSubject = \"Your code\"
    emailContent = \"It is {{{{OTP}}}}.\"
    -> enter
    on error -> failure
  }}
  node enter: OneTimePasswordCollectorDecision {{
    true -> success
    false -> failure
  }}
}}
"
    ))
}

#[test]
fn a_condition_that_lets_more_runs_round_a_factor_is_weaker() {
    let arms = |arms: &str| guarded(&format!("  node inside: Decision {{\n{arms}  }}\n"));
    let base = arms("when request.ip in [\"10.0.0.0/8\"] as a -> success\nelse -> generate\n");
    let weaker = [
        "when request.ip in [\"10.0.0.0/8\", \"192.168.0.0/16\"] as a -> success\nelse -> generate\n",
        "when request.host == \"intranet\" as a -> success\nelse -> generate\n",
        "when request.ip in [\"10.0.0.0/8\"] as a -> generate\nelse -> success\n",
        "when request.ip in [\"10.0.0.0/8\"] || request.host == \"b\" as a -> success\nelse -> generate\n",
        "when request.ip in [\"10.0.0.0/8\"] as a -> success\nwhen request.host == \"b\" as b -> success\nelse -> generate\n",
    ];
    let about = |found: &Difference, direction| {
        let mut changes = found.changes.iter();
        changes.any(|change| (change.direction, change.topic) == (direction, Topic::Condition))
    };
    for text in weaker {
        let found = holds_both_ways(&base, &arms(text));
        assert!(about(&found, Direction::Weaker), "{text}\n{}", show(&found));
    }
    let without = guarded("  node inside: Message {\ntrue -> success\nfalse -> generate\n}\n");
    let found = holds_both_ways(&base, &without);
    assert!(about(&found, Direction::Weaker), "{}", show(&found));
    let stronger = [
        "when request.ip in [\"10.0.0.0/8\"] && request.host == \"b\" as a -> success\nelse -> generate\n",
        "when request.host == \"b\" as b -> generate\nwhen request.ip in [\"10.0.0.0/8\"] as a -> success\nelse -> generate\n",
    ];
    for text in stronger {
        let found = holds_both_ways(&base, &arms(text));
        assert!(
            about(&found, Direction::Stronger),
            "{text}\n{}",
            show(&found)
        );
        assert!(!found.has(Direction::Weaker), "{text}\n{}", show(&found));
    }
    let turned = "when !(request.ip in [\"10.0.0.0/8\"]) as a -> generate\nelse -> success\n";
    let found = holds_both_ways(&base, &arms(turned));
    assert!(!about(&found, Direction::Weaker), "{}", show(&found));
}

#[test]
fn what_the_checks_find_anew_is_weaker_also_when_it_is_allowed() {
    const COMPARED: [&str; 7] = [
        "spinning_loop",
        "unbounded_password_loop",
        "count_reset",
        "identity_swapped",
        "enumeration",
        "level_without_proof",
        "leaked_secret",
    ];
    let mut told = std::collections::BTreeMap::new();
    for folder in ["g2", "g3", "g4", "g5", "g6"] {
        let files = crate::flawed::files(folder);
        for (name, flawed) in &files {
            let code = flawed
                .lines()
                .next()
                .and_then(|line| line.strip_prefix("//! flawed: "));
            let twin = format!("{name}.mended");
            let (Some(code), Some(mended)) = (code, files.get(&twin)) else {
                continue;
            };
            if flawed.contains("\nimport ") {
                continue;
            }
            let Some(code) = COMPARED.iter().find(|known| **known == code) else {
                continue;
            };
            let line = format!("{{\n  allow {code} because \"known\"\n");
            let open = |text: &str| text.starts_with("journey ") && text.ends_with('{');
            let allowed: String = flawed
                .lines()
                .map(|text| match text.strip_suffix('{').filter(|_| open(text)) {
                    Some(head) => format!("{head}{line}"),
                    None => format!("{text}\n"),
                })
                .collect();
            let mended = program(mended);
            for after in [flawed, &allowed] {
                let found = compare(&mended, &program(after));
                let is_told = |change: &Change| {
                    (change.direction, change.topic) == (Direction::Weaker, Topic::Finding)
                        && change.message.contains(code)
                };
                assert!(
                    found.changes.iter().any(is_told),
                    "{name}: {}",
                    show(&found)
                );
            }
            let found = compare(&program(flawed), &program(&allowed));
            let about = |change: &Change| change.topic == Topic::Finding;
            assert!(!found.changes.iter().any(about), "{name}: {}", show(&found));
            *told.entry(*code).or_insert(0) += 1;
        }
    }
    assert!(told.len() == COMPARED.len(), "{told:?}");
}

#[test]
fn a_count_of_failures_that_is_turned_off_is_weaker() {
    let counts = |word: &str| {
        program(&edited(&[(
            "    retryLimit = 2\n",
            &format!("    retryLimit = 2\n    incrementUserAttributeOnFailure = {word}\n"),
        )]))
    };
    for after in [counts("false"), program(BASE)] {
        let found = holds_both_ways(&counts("true"), &after);
        let is_told = |change: &Change| {
            (change.direction, change.topic) == (Direction::Weaker, Topic::Setting)
                && change.message.contains("incrementUserAttributeOnFailure")
        };
        assert!(found.changes.iter().any(is_told), "{}", show(&found));
    }
}

#[test]
fn the_level_at_the_end_of_an_inner_journey_is_compared() {
    let inner = |level: u32| {
        program(&format!(
            "journey within {{\n  innerTreeOnly = true\n  start raise\n  node raise: ModifyAuthLevel(authLevelIncrement = {level}) -> success\n}}\n\
             journey login {{\n  allow level_without_proof, unproved_success because \"a test\"\n  start inner\n  node inner: journey within {{\n    true -> active\n    false -> failure\n  }}\n  node active: AccountActiveDecision {{\n    true -> failure\n    false -> failure\n    on error -> failure\n  }}\n}}\n"
        ))
    };
    let found = holds_both_ways(&inner(20), &inner(10));
    for name in ["within", "login"] {
        let is_told = |change: &Change| {
            (change.direction, change.topic) == (Direction::Weaker, Topic::Level)
                && change.journey.as_deref() == Some(name)
        };
        assert!(
            found.changes.iter().any(is_told),
            "{name}: {}",
            show(&found)
        );
    }
}
