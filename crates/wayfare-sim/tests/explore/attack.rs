//! Several runs on one store.

use wayfare_sim::explore::{Attacker, Options, Runs};

use super::{examples, lines, names, program, run};

const ATTACKERS: [Attacker; 3] = [Attacker::Nothing, Attacker::Password, Attacker::Code];

#[test]
fn no_attacker_gets_into_an_example_by_another_run() {
    let program = examples();
    // The large one has more states with two runs than a test has time for.
    let large = |name: &std::sync::Arc<str>| &**name == "explore_large";
    for name in names(&program).into_iter().filter(|name| !large(name)) {
        for attacker in ATTACKERS {
            let options = Options::default().runs(Runs::Two).attacker(attacker);
            let explored = run(&program, &name, options);
            println!(
                "{name}, {attacker:?}: {} states, in: {}",
                explored.states,
                explored.entered.is_some()
            );
            assert!(
                explored.is_clean(),
                "{name}, {attacker:?}: {:#?}",
                lines(&explored)
            );
            let in_by = explored.entered.map(|found| found.text());
            // A password opens what asks for nothing else, and nothing opens nothing.
            if attacker == Attacker::Nothing
                || ["otp_step_up", "two_codes", "confirm_transfer"].contains(&&*name)
            {
                assert_eq!(in_by, None, "{name}, {attacker:?}");
            } else if attacker == Attacker::Password
                && ["login", "choice_of_factor"].contains(&&*name)
            {
                assert!(in_by.is_some(), "{name}");
            }
        }
    }
}

const CODE: &str = r#"
extern AcmeCode "AcmeCodeNode" -> true | false {
  asks PasswordCallback
  proves otp on true
}

journey by_code {
  start name
  node name: UsernameCollector -> code
  node code: AcmeCode {
    true -> success
    false -> again
  }
  node again: RetryLimitDecision {
    retryLimit = 1
    Retry -> code
    Reject -> failure
  }
}
"#;

#[test]
fn a_code_that_nothing_binds_to_its_run_is_taken_in_another() {
    let options = Options::default().runs(Runs::Two);
    let program = program(CODE);
    assert_eq!(lines(&run(&program, "by_code", options)), [""; 0]);
    let found = lines(&run(&program, "by_code", options.attacker(Attacker::Code)));
    assert_eq!(
        found,
        [
            "proof_of_another: A: name [Name] -> B: name [Name] -> A: code (the attacker takes its code) -> \
             B: code.true [Password] -> success",
            "code_of_another_run: A: name [Name] -> B: name [Name] -> A: code (the attacker takes its code) -> \
             B: code.true [Password] -> success",
        ]
    );
}

const BY_MAIL: &str = r"
journey by_code {
  start name
  node name: UsernameCollector -> make
  node make: OneTimePasswordGenerator -> send
  node send: OneTimePasswordSmtpSender -> code
  node code: OneTimePasswordCollectorDecision {
    true -> success
    false -> failure
  }
}
";

#[test]
fn a_code_of_the_run_is_good_in_that_run_alone() {
    let program = program(BY_MAIL);
    for runs in [Runs::Two, Runs::Three] {
        let explored = run(
            &program,
            "by_code",
            Options::default().runs(runs).attacker(Attacker::Code),
        );
        assert!(explored.is_clean(), "{:#?}", lines(&explored));
        // The code of the attacker's own run may be the one that is stolen.
        let entered = explored.entered.unwrap().text();
        assert!(!entered.contains("A: code"), "{entered}");
        assert!(
            entered.contains("B: code (the attacker takes its code)"),
            "{entered}"
        );
        for attacker in [Attacker::Nothing, Attacker::Password] {
            let explored = run(
                &program,
                "by_code",
                Options::default().runs(runs).attacker(attacker),
            );
            assert!(explored.is_clean() && explored.entered.is_none());
        }
    }
}

const ELSEWHERE: &str = r#"
extern AcmePassword "AcmePasswordNode" -> true | false {
  asks PasswordCallback
  proves password on true
}

journey login {
  start name
  node name: UsernameCollector -> check
  node check: AcmePassword {
    true -> success
    false -> again
  }
  node again: RetryLimitDecision {
    retryLimit = 3
    Retry -> check
    Reject -> failure
  }
}
"#;

#[test]
fn the_limit_of_each_run_is_no_limit_for_all() {
    let program = program(ELSEWHERE);
    let two = run(&program, "login", Options::default().runs(Runs::Two));
    assert!(
        two.is_clean(),
        "four tries are within the lockout: {:#?}",
        lines(&two)
    );
    let three = run(&program, "login", Options::default().runs(Runs::Three));
    let found = lines(&three);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].starts_with("lockout_exceeded: "), "{found:#?}");
    assert_eq!(found[0].matches("check.false").count(), 6, "{found:#?}");
    let by_store = ELSEWHERE.replace(
        "AcmePassword {",
        "Page {\nnode password: PasswordCollector\nnode last: DataStoreDecision\n",
    );
    let three = run(
        &super::program(&by_store),
        "login",
        Options::default().runs(Runs::Three),
    );
    assert!(three.is_clean(), "the store counts: {:#?}", lines(&three));
}

const PUSH: &str = r#"
extern AcmePush "AcmePushNode" -> yes | no {
  asks PollingWaitCallback
  proves push on yes
}

journey login {
  start name
  node name: UsernameCollector -> device
  node device: AcmePush {
    yes -> success
    no -> failure
  }
}
"#;

#[test]
fn who_waits_for_a_message_may_answer_that_of_another() {
    let found = lines(&run(
        &program(PUSH),
        "login",
        Options::default().runs(Runs::Two),
    ));
    assert_eq!(
        found,
        [
            "proof_of_another: A: name [Name] -> B: name [Name] -> B: device.yes [PollingWait] -> success"
        ]
    );
}

const SWAPPED: &str = r#"
journey login {
  allow identity_swapped because "it is what the test is about"
  start name
  node name: UsernameCollector -> make
  node make: OneTimePasswordGenerator -> send
  node send: OneTimePasswordSmtpSender -> again
  node again: UsernameCollector -> code
  node code: OneTimePasswordCollectorDecision {
    true -> success
    false -> failure
  }
}
"#;

#[test]
fn a_code_to_ones_own_address_proves_nobody_else() {
    let program = program(SWAPPED);
    let one = lines(&run(&program, "login", Options::default()));
    assert_eq!(one.len(), 1, "{one:#?}");
    assert!(one[0].starts_with("unproved_success: "), "{one:#?}");
    // With the engine there is no success to be had: it looks at whom the code went to.
    for attacker in ATTACKERS {
        let two = run(
            &program,
            "login",
            Options::default().runs(Runs::Two).attacker(attacker),
        );
        assert!(two.is_clean(), "{:#?}", lines(&two));
    }
}

/// What is found, without the runs to it, and whether the attacker gets in.
fn verdict(explored: &wayfare_sim::explore::Explored) -> (Vec<String>, bool) {
    let found = explored.found.iter().map(|found| found.what.to_string());
    (found.collect(), explored.entered.is_some())
}

#[test]
fn fewer_orders_find_the_same() {
    let texts = [
        ("by_code", CODE),
        ("by_code", BY_MAIL),
        ("login", ELSEWHERE),
        ("login", PUSH),
        ("login", SWAPPED),
    ];
    let mut saved = 0;
    for (name, text) in texts {
        let program = program(text);
        for runs in [Runs::Two, Runs::Three] {
            for attacker in ATTACKERS {
                let options = Options::default().runs(runs).attacker(attacker);
                let few = run(&program, name, options);
                let all = run(&program, name, options.unreduced());
                assert_eq!(
                    verdict(&few),
                    verdict(&all),
                    "{name}, {runs:?}, {attacker:?}"
                );
                assert!(few.states <= all.states);
                saved += all.states - few.states;
            }
        }
    }
    println!("{saved} states fewer");
    assert!(saved > 1_000);
}

#[test]
fn fewer_orders_of_the_examples_find_the_same() {
    let program = examples();
    for name in [
        "login",
        "retry_and_lockout",
        "zero_page",
        "confirm_transfer",
        "message",
    ] {
        for attacker in ATTACKERS {
            let options = Options::default().runs(Runs::Two).attacker(attacker);
            let (few, all) = (
                run(&program, name, options),
                run(&program, name, options.unreduced()),
            );
            assert_eq!(verdict(&few), verdict(&all), "{name}, {attacker:?}");
        }
    }
}
