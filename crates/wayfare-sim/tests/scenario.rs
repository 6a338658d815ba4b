//! Tests of the language, played: every line that can be said, right and wrong. A wrong one fails at its
//! own line, with what was there instead.

use std::collections::BTreeMap;

use wayfare::{Compiler, Engine, Registry, Source, codes, compile::Compiled};
use wayfare_sim::{
    coverage::Coverage,
    scenario::{self, Report},
};

const LOGIN: &str = r#"
journey login "Login" {
  start credentials

  node credentials: Page {
    stage = "first"
    pageHeader = { en = "Sign in", fr = "Connexion" }
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }

  node check: DataStoreDecision {
    true -> raise
    false -> attempts
  }

  node attempts: RetryLimitDecision {
    retryLimit = 2
    Retry -> credentials
    Reject -> lock
  }

  node lock: AccountLockout(lockAction = "LOCK") -> failure
  node raise: ModifyAuthLevel(authLevelIncrement = 10) -> how

  node how: ChoiceCollector {
    prompt = "How do you go on?"
    mail -> generate
    "Not now" -> success
  }

  node generate: OneTimePasswordGenerator(length = 6) -> send

  node send: OneTimePasswordSmtpSender {
    -> enter
    on error -> failure
  }

  node enter: OneTimePasswordCollectorDecision(passwordExpiryTime = 4m) {
    true -> success
    false -> failure
  }
}

policy accounts "https://bank.example.com:443/accounts/*" {
  actions = [GET, POST]
  require level 10
}
"#;

const USER: &str = "  given user demo { password = \"Ch4ng31t\", mail = \"demo@example.com\" }\n";
const IN: &str = "  answer credentials { username = \"demo\", password = \"Ch4ng31t\" }\n";
const MAIL: &str = "  answer how = \"mail\"\n";

fn compiled(text: &str) -> Compiled {
    let registry = Registry::standard();
    Compiler::new(registry.catalog()).compile([Source::new("test.journey", text)])
}

fn engine(text: &str) -> Engine {
    let compiled = compiled(text);
    let said = compiled.diagnostics.iter();
    let said: Vec<_> = said.map(|d| format!("{}: {}", d.code, d.message)).collect();
    let program = compiled
        .program
        .unwrap_or_else(|| panic!("{said:#?}\n{text}"));
    scenario::link(program, Registry::standard(), &BTreeMap::new()).unwrap()
}

/// The only test of the text, played.
fn played(text: &str) -> Report {
    let engine = engine(text);
    let [only] = &*engine.program().scenarios else {
        panic!("{:?}", engine.program().scenarios);
    };
    scenario::run(&engine, only)
}

fn test(journeys: &str, lines: &str) -> String {
    format!("{journeys}\ntest \"it\" {{\n{lines}\n}}\n")
}

fn passes_in(journeys: &str, lines: &str) -> Report {
    let report = played(&test(journeys, lines));
    assert_eq!(report.failed, None, "{lines}\n{}", report.run);
    report
}

fn passes(lines: &str) -> Report {
    passes_in(LOGIN, lines)
}

/// The line that begins with these words fails, with this message and this expectation.
fn fails_in(journeys: &str, lines: &str, at: &str, message: &str, expected: &str) {
    let text = test(journeys, lines);
    let failed = played(&text).failed;
    let failed = failed.unwrap_or_else(|| panic!("it passes: {lines}"));
    let (_, line) = text.split_at(failed.span.start as usize);
    assert!(line.starts_with(at), "{lines}\nfails at: {line}");
    assert!(failed.message.contains(message), "{lines}\n{failed:?}");
    assert!(failed.expected.contains(expected), "{lines}\n{failed:?}");
}

/// The last of the lines fails so.
fn fails(lines: &str, message: &str, expected: &str) {
    let last = lines.trim().lines().last().unwrap().trim();
    fails_in(LOGIN, lines, last, message, expected);
}

#[test]
fn answers_take_a_run_to_its_end() {
    let report = passes(&format!(
        "{USER}{IN}{MAIL}  answer enter = sent.code\n  expect success {{ user = \"demo\", level = 10 }}"
    ));
    assert_eq!(
        report.run,
        "credentials [Name, Password] -> check.true -> raise -> how [Choice].mail -> generate -> send \
         -> enter [Password].true -> success"
    );
    assert!(!report.trace.is_empty());
    let by_kind = "  answer credentials { username = \"demo\" }\n  answer credentials { username = \"demo\", password = \"Ch4ng31t\" }\n  answer how { Choice = 1 }\n  expect success";
    passes(&format!("{USER}{by_kind}"));
}

#[test]
fn an_answer_that_does_not_fit_fails_at_its_line() {
    for (lines, message, expected) in [
        (
            "  answer how = \"mail\"",
            "`credentials` asks: NameCallback, PasswordCallback",
            "`how` asks",
        ),
        (
            "  answer enter = sent.code",
            "`credentials` asks",
            "`enter` asks",
        ),
    ] {
        fails_in(
            LOGIN,
            &format!("{USER}{lines}\n  expect failure"),
            lines.trim(),
            message,
            expected,
        );
    }
}

#[test]
fn what_was_sent_can_be_answered_and_must_have_been() {
    let sent =
        "  answer credentials { username = sent.to, password = \"${sent.subject}/${sent.body}\" }";
    fails(
        &format!("{USER}{sent}"),
        "no message was sent",
        "sent before",
    );
    passes(&format!(
        "{USER}{IN}{MAIL}  answer enter = \"${{sent.code}}\"\n  expect success"
    ));
}

#[test]
fn a_failure_says_what_it_found() {
    let three = |who: &str| {
        let wrong = format!("answer credentials {{ username = \"{who}\", password = \"no\" }}");
        format!("{USER}  given user solo\n  repeat 3 {{\n    {wrong}\n  }}\n")
    };
    // Whoever is not there cannot be locked, so that the run of a stranger fails at that node.
    for who in ["demo", "solo"] {
        let found = "  expect failure { ground = \"invalid_credentials\", reason = \"rejected\" }";
        passes(&format!("{}{found}", three(who)));
    }
    fails(
        &format!(
            "{}  expect failure {{ ground = \"expired\" }}",
            three("demo")
        ),
        "the ground is `invalid_credentials`",
        "`expired`",
    );
}

#[test]
fn repeated_lines_are_played_as_often_as_they_say() {
    let wrong = "answer credentials { username = \"demo\", password = \"no\" }";
    passes(&format!(
        "{USER}  repeat 3 {{\n    {wrong}\n  }}\n  expect failure\n  expect effect Verify {{ matched = false, times = 3 }}"
    ));
    fails_in(
        LOGIN,
        &format!("{USER}  repeat 4 {{\n    {wrong}\n  }}\n  expect failure"),
        wrong,
        "the run has ended in failure",
        "`credentials` asks",
    );
    passes(&format!(
        "{USER}  repeat 2 {{\n    {wrong}\n    expect ask credentials\n  }}\n  expect no effect LockAccount"
    ));
}

#[test]
fn time_goes_by_where_a_test_says_so() {
    passes(&format!(
        "{USER}{IN}{MAIL}  advance 3m59s\n  answer enter = sent.code\n  expect success"
    ));
    passes(&format!(
        "{USER}{IN}{MAIL}  advance 4m\n  answer enter = sent.code\n  expect failure"
    ));
}

#[test]
fn a_run_whose_time_is_over_has_expired() {
    passes("  expect ask credentials\n  advance 5m\n  expect expired");
    fails(
        "  expect ask credentials\n  advance 4m59s\n  expect expired",
        "`credentials` asks: NameCallback, PasswordCallback, for 1 s yet",
        "an expired run",
    );
    fails(
        &format!("{USER}{IN}  answer how = \"Not now\"\n  advance 5m\n  expect expired"),
        "the run has ended in success",
        "an expired run",
    );
    fails(
        &format!("{USER}  expect ask credentials\n  advance 5m\n{IN}"),
        "the run has expired",
        "a step that the run takes",
    );
}

#[test]
fn the_outside_says_what_it_is_told() {
    passes(&format!(
        "{USER}  reply check {{ matches = false }}\n{IN}  expect ask credentials"
    ));
    passes(&format!(
        "{USER}  reply send {{ fails = \"the mail is down\" }}\n{IN}{MAIL}  expect failure {{ reason = \"rejected\" }}"
    ));
    passes(&format!(
        "{USER}  reply send {{ accepted = true }}\n{IN}{MAIL}  expect ask enter"
    ));
    // A failure without an arrow of its own fails the node.
    passes(&format!(
        "{USER}  reply check {{ fails = \"down\" }}\n{IN}  expect failure {{ reason = \"node_failed\" }}"
    ));
}

#[test]
fn a_reply_that_nobody_waits_for_fails_at_its_line() {
    let twice = "  reply check { matches = false }\n  reply check { fails = \"never said\" }";
    fails_in(
        LOGIN,
        &format!("{USER}{twice}\n{IN}  expect ask credentials"),
        "reply check { fails = \"never said\" }",
        "nothing was asked of the outside by `login/check` after this",
        "a run in which the reply is said",
    );
}

#[test]
fn every_expectation_of_what_is_asked_holds_or_fails() {
    passes(
        "  expect ask credentials\n  expect ask credentials { NameCallback \"User Name\", PasswordCallback }\n  expect ask credentials.username { NameCallback }\n  expect page { stage = \"first\", header = \"Sign in\" }",
    );
    passes("  given request { locale = \"fr\" }\n  expect page { header = \"Connexion\" }");
    fails("  expect ask enter", "`credentials` asks", "`enter` asks");
    fails(
        "  expect ask credentials { NameCallback }",
        "`credentials` asks: NameCallback, PasswordCallback",
        "`credentials` asks: NameCallback",
    );
    fails(
        "  expect ask credentials { NameCallback \"Name\", PasswordCallback }",
        "the text of the NameCallback is \"User Name\"",
        "\"Name\"",
    );
    fails(
        "  expect ask credentials { NameCallback { default = \"x\" }, PasswordCallback }",
        "the NameCallback stands at",
        "x",
    );
    fails(
        &format!("{USER}{IN}  expect ask how {{ ChoiceCallback {{ choices = [\"mail\"] }} }}"),
        "the ChoiceCallback offers mail, Not now",
        "mail",
    );
    for (field, found) in [("stage", "first"), ("header", "Sign in")] {
        fails(
            &format!("  expect page {{ {field} = \"x\" }}"),
            &format!("{field}` is \"{found}\""),
            "\"x\"",
        );
    }
    fails(
        "  expect page { description = \"x\" }",
        "`description` is nothing",
        "\"x\"",
    );
    fails(
        &format!("{USER}{IN}  answer how = \"Not now\"\n  expect page {{ stage = \"first\" }}"),
        "the run has ended in success: demo at level 10",
        "a page is asked",
    );
}

#[test]
fn levels_and_state_are_those_of_the_run() {
    passes("  expect level 0");
    passes(&format!(
        "{USER}{IN}  expect level 10\n  expect state {{ username = \"demo\" }}"
    ));
    passes("  expect state { username = null }");
    passes(
        "  given terms { version = \"2\" }\n  given consent { mappings = [] }\n  expect level 0",
    );
    passes("  given state { username = \"demo\" }\n  expect state { username = \"demo\" }");
    fails(
        &format!("{USER}{IN}  expect level 9"),
        "the level is 10",
        "level 9",
    );
    fails(
        &format!("{USER}{IN}  expect state {{ username = \"eve\" }}"),
        "`username` is \"demo\"",
        "\"eve\"",
    );
    fails(
        "  expect state { username = \"demo\" }",
        "`username` is nothing",
        "\"demo\"",
    );
    fails(
        &format!("{USER}{IN}  answer how = \"Not now\"\n  expect state {{ username = \"demo\" }}"),
        "the run has ended in success: demo at level 10, and its state is gone",
        "a run that has not ended",
    );
}

#[test]
fn effects_are_those_that_were_performed() {
    let run = format!("{USER}{IN}{MAIL}");
    passes(&format!(
        "{run}  expect effect Send {{ to = \"demo@example.com\", channel = \"mail\", node = \"send\", times = 1 }}\n  expect effect Verify {{ user = \"demo\", kind = \"password\", matched = true }}\n  expect no effect LockAccount\n  expect no effect Send {{ to = \"eve@example.com\" }}"
    ));
    fails(
        &format!("{run}  expect effect LockAccount"),
        "no `LockAccount` was performed",
        "one",
    );
    fails(
        &format!("{run}  expect effect Send {{ to = \"eve@example.com\" }}"),
        "`Send` was performed otherwise: by `login/send` with to = \"demo@example.com\"",
        "one with to = \"eve@example.com\"",
    );
    fails(
        &format!("{run}  expect effect Send {{ times = 2 }}"),
        "`Send` was performed 1 times so",
        "2 times",
    );
    fails(
        &format!("{run}  expect no effect Verify {{ matched = true }}"),
        "`Verify` was performed 1 times so",
        "none",
    );
}

#[test]
fn ends_are_the_ends_that_were_reached() {
    let over = format!("{USER}{IN}  answer how = \"Not now\"\n");
    passes(&format!(
        "{over}  expect success {{ user = \"demo\", level = 10, proved = true, session = true }}"
    ));
    let other = format!("  given user eve\n{over}  expect success {{ user = \"eve\" }}");
    fails(&other, "`user` is \"demo\"", "\"eve\"");
    for (pattern, message, expected) in [
        ("success { level = 5 }", "the level is 10", "level 5"),
        ("success { proved = false }", "`proved` is true", "false"),
        ("success { session = false }", "`session` is true", "false"),
        ("success { url = \"/x\" }", "`url` is nothing", "\"/x\""),
        (
            "failure",
            "the run has ended in success: demo at level 10",
            "failure",
        ),
        (
            "suspended",
            "the run has ended in success",
            "a suspended run",
        ),
        ("ask how", "the run has ended in success", "`how` asks"),
    ] {
        fails(&format!("{over}  expect {pattern}"), message, expected);
    }
    let locked = format!(
        "{USER}  repeat 3 {{\n    answer credentials {{ username = \"demo\", password = \"no\" }}\n  }}\n"
    );
    passes(&format!(
        "{locked}  expect failure {{ reason = \"rejected\" }}"
    ));
    for (pattern, message, expected) in [
        (
            "failure { reason = \"limit\" }",
            "the reason is `rejected`",
            "`limit`",
        ),
        (
            "failure { message = \"x\" }",
            "`message` is nothing",
            "\"x\"",
        ),
        ("failure { url = \"/x\" }", "`url` is nothing", "\"/x\""),
        ("success", "the run has ended in failure", "success"),
    ] {
        fails(&format!("{locked}  expect {pattern}"), message, expected);
    }
}

#[test]
fn access_is_what_the_policies_answer() {
    let page = "\"https://bank.example.com:443/accounts/7\"";
    passes(&format!(
        "{USER}  expect no access {page}\n{IN}  answer how = \"Not now\"\n  expect access {page} {{ actions = {{ GET = true }} }}"
    ));
    let low = format!("{USER}  given session demo {{ level = 5 }}\n");
    passes(&format!(
        "{low}  expect access {page} {{ actions = {{ GET = false }}, advice = {{ level = 10 }} }}"
    ));
    fails(
        &format!("{low}  expect access {page}"),
        "level 10 is advised",
        "something is granted",
    );
    fails(
        &format!("{low}  expect access {page} {{ advice = {{ level = 20 }} }}"),
        "level 10 is advised",
        "an advice of level 20",
    );
    let high = format!("{USER}  given session demo {{ level = 10 }}\n");
    fails(
        &format!("{high}  expect no access {page}"),
        "`GET` is granted",
        "nothing is granted",
    );
    fails(
        &format!("{high}  expect access {page} {{ actions = {{ GET = true, POST = false }} }}"),
        "`POST` is granted",
        "`POST` is denied",
    );
    fails(
        "  expect access \"urn:other\"",
        "no policy protects this",
        "granted",
    );
}

#[test]
fn an_advice_must_lead_to_the_journey_of_the_test() {
    let level = "journey login \"Login\" {\n  level = 10\n";
    let claims = LOGIN.replace("journey login \"Login\" {\n", level);
    passes_in(
        &claims,
        "  given advice { level = 10 }\n  expect ask credentials",
    );
    fails_in(
        &claims,
        "  given advice { level = 50 }\n  expect ask credentials",
        "given advice",
        "the advice leads nowhere",
        "the journey `Login`",
    );
}

/// A code that a machine of the house sends and a door that opens by a link, neither of which is here.
const OUTSIDE: &str = r#"
extern AcmeBadge "AcmeBadgeNode" -> true | false {
  calls out
  reads shared.username
  proves password on true
}

extern AcmeDoor "AcmeDoorNode" -> open | shut {
  calls out
  suspends
}

journey badge "Badge" {
  start name
  node name: UsernameCollector -> badge

  node badge: AcmeBadge {
    true -> door
    false -> failure
    on error -> failure
  }

  node door: AcmeDoor {
    open -> success
    shut -> failure
    on error -> failure
  }

  ensure every path to success passes proof of password
}
"#;

const BADGE: &str = "  given user demo\n  answer name = \"demo\"\n";

fn badge(door: &str, rest: &str) -> String {
    format!(
        "  given user demo\n  reply badge {{ outcome = \"true\" }}\n{door}\n  answer name = \"demo\"\n{rest}"
    )
}

#[test]
fn a_stand_in_proves_what_its_signature_says() {
    passes_in(
        OUTSIDE,
        &badge(
            "  reply door { outcome = \"open\" }",
            "  expect success { user = \"demo\", proved = true }",
        ),
    );
    // Who is proved is the run's user unless the reply names one, and nobody is who does not exist.
    passes_in(
        OUTSIDE,
        "  given user demo\n  given user eve\n  reply badge { outcome = \"true\", user = \"eve\" }\n  reply door { outcome = \"open\" }\n  answer name = \"demo\"\n  expect success { user = \"eve\" }",
    );
    passes_in(
        OUTSIDE,
        "  reply badge { outcome = \"true\" }\n  answer name = \"nobody\"\n  expect failure { reason = \"rejected\" }",
    );
    passes_in(
        OUTSIDE,
        "  given user demo\n  reply badge { outcome = \"false\" }\n  answer name = \"demo\"\n  expect failure",
    );
    passes_in(
        OUTSIDE,
        "  given user demo\n  reply badge { fails = \"no power\" }\n  answer name = \"demo\"\n  expect failure { reason = \"rejected\" }",
    );
}

#[test]
fn a_stand_in_that_is_told_nothing_fails_the_test() {
    fails_in(
        OUTSIDE,
        &format!("{BADGE}  expect success"),
        "answer name",
        "nothing says how `badge/badge` ends",
        "`reply badge { outcome = \"…\" }`",
    );
}

#[test]
fn a_stand_in_suspends_and_goes_on_by_its_link() {
    let door = "  reply door { outcome = \"open\", suspends = \"Look at your phone.\" }";
    passes_in(
        OUTSIDE,
        &badge(
            door,
            "  expect suspended { text = \"Look at your phone.\" }\n  resume\n  expect success { user = \"demo\", proved = true }",
        ),
    );
    passes_in(
        OUTSIDE,
        &badge(
            "  reply door { outcome = \"shut\", suspends = \"Wait.\" }",
            "  advance 23h\n  resume\n  expect failure",
        ),
    );
    passes_in(
        OUTSIDE,
        &badge(door, "  expect suspended\n  advance 1d\n  expect expired"),
    );
    for (rest, at, message, expected) in [
        (
            "  expect suspended { text = \"Wait.\" }",
            "expect suspended",
            "`text` is \"Look at your phone.\"",
            "\"Wait.\"",
        ),
        (
            "  expect success",
            "expect success",
            "the run is suspended",
            "success",
        ),
        (
            "  advance 1d\n  resume\n  expect success",
            "resume",
            "the run has expired",
            "a step that the run takes",
        ),
        (
            "  resume\n  resume\n  expect success",
            "resume\n  expect success",
            "the run has ended in success",
            "a suspended run, to follow its link",
        ),
    ] {
        fails_in(OUTSIDE, &badge(door, rest), at, message, expected);
    }
    fails("  resume", "`credentials` asks", "a suspended run");
}

#[test]
fn only_what_may_suspend_is_told_to() {
    let lines = badge("", "  expect failure").replace(
        "reply badge { outcome = \"true\" }",
        "reply badge { outcome = \"true\", suspends = \"x\" }",
    );
    let found = compiled(&test(OUTSIDE, &lines)).diagnostics;
    let codes: Vec<_> = found.iter().map(|d| d.code).collect();
    assert_eq!(codes, [codes::BAD_TEST], "{found:#?}");
}

#[test]
fn a_test_that_expects_nothing_is_a_finding() {
    for lines in [IN, "  given user demo", "  reply check { matches = true }"] {
        let found = compiled(&test(LOGIN, &format!("{USER}{lines}"))).diagnostics;
        let codes: Vec<_> = found.iter().map(|d| d.code).collect();
        assert_eq!(codes, [codes::NO_EXPECTATION], "{lines}: {found:#?}");
    }
}

#[test]
fn tests_see_nothing_of_each_other() {
    let lock = "test \"locks\" {\n  given user demo { password = \"x\" }\n  repeat 3 {\n    answer credentials { username = \"demo\", password = \"no\" }\n  }\n  expect failure\n}\n";
    let enter = format!("test \"enters\" {{\n{USER}{IN}  expect ask how\n}}\n");
    let engine = engine(&format!("{LOGIN}{lock}{enter}"));
    let [lock, enter] = &*engine.program().scenarios else {
        panic!("two tests");
    };
    let alone = scenario::run(&engine, enter);
    assert_eq!(scenario::run(&engine, lock).failed, None);
    assert_eq!(scenario::run(&engine, enter), alone);
    assert_eq!(alone.failed, None);
}

#[test]
fn a_reason_that_is_needed_no_more_is_known() {
    let text = format!(
        "{}\nallow uncovered check.true, attempts.Reject because \"by hand\"\n",
        test(LOGIN, &format!("{USER}{IN}  expect ask how"))
    );
    let engine = engine(&text);
    let mut coverage = Coverage::new(engine.program());
    coverage.add(&scenario::run(&engine, &engine.program().scenarios[0]).trace);
    let stale: Vec<_> = coverage.stale().map(|(_, edge)| edge.label()).collect();
    assert_eq!(stale, ["true"]);
    let missing: Vec<_> = coverage
        .missing()
        .map(|(_, edge)| format!("{}.{}", edge.node, edge.label()))
        .collect();
    assert!(missing.contains(&"check.false".to_owned()), "{missing:?}");
    assert!(
        !missing.contains(&"attempts.Reject".to_owned()),
        "{missing:?}"
    );
}
