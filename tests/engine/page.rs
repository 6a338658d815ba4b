//! Pages: rounds, ids, what is replayed and what is not.

use wayfare::{Answer, Callback, Step};

use super::support::{Player, is_send, is_verify, prompts, secret, text, why};

fn page(children: &str) -> String {
    format!(
        r#"journey j {{
          start p
          node p: Page {{
            stage = "s"
            pageHeader = {{ en = "Sign in", fr = "Connexion" }}
            {children}
            ok -> done
            no -> failure
          }}
          node done: Probe(do = "ask") {{ ok -> failure no -> failure }}
        }}"#
    )
}

fn one(name: &str, told: &str) -> String {
    format!("node {name}: Single(do = \"{told}\")\n")
}

#[test]
fn a_page_asks_for_all_its_children_at_once() {
    let mut run = Player::new(super::run::LOGIN, "Login");
    run.request.locales = vec!["fr-CA".to_owned()];
    let Step::Ask(ask) = run.begin() else {
        panic!()
    };
    assert_eq!(ask.ids, Some(vec![0, 1]));
    assert_eq!(ask.stage.as_deref(), Some("UsernamePassword"));
    assert_eq!(ask.header.as_deref(), Some("Connexion"));
    assert_eq!(ask.description, None);
    assert!(matches!(ask.callbacks[0], Callback::Name { .. }));
    assert!(matches!(ask.callbacks[1], Callback::Password { .. }));
}

#[test]
fn a_content_child_stays_and_one_that_asks_again_gets_new_ids() {
    let text_of = page(&(one("a", "name") + "node b: Probe(do = \"ask\")"));
    let mut run = Player::new(&text_of, "j");
    run.sealing = true;
    run.begin();
    let Step::Ask(ask) = run.answer([text("demo"), text("again")]) else {
        panic!()
    };
    assert_eq!(ask.ids, Some(vec![0, 2]));
    let Callback::Name { default, .. } = &ask.callbacks[0] else {
        panic!()
    };
    assert_eq!(default, "demo");
    let Step::Ask(ask) = run.answer([text("demo"), text("fine")]) else {
        panic!()
    };
    assert_eq!(ask.ids, None);
}

#[test]
fn a_round_takes_back_what_it_wrote_but_not_what_it_counted() {
    let children = "node a: Single(do = \"ask; count; raise 5\", raises = 5)\n".to_owned()
        + "node b: Probe(do = \"expect shared count nothing; ask; expect shared count 3\")";
    let text_of = page(&children).replace("ok -> done", "ok -> five").replace(
        "node done",
        "node five: Decision { when auth_level == 5 -> done else -> failure }\n node done",
    );
    let mut run = Player::new(&text_of, "j");
    run.sealing = true;
    run.begin();
    run.answer([text("t"), text("again")]);
    run.answer([text("t"), text("again")]);
    assert_eq!(prompts(&run.answer([text("t"), text("fine")])), 1);
    assert!(run.trace().contains(&"j/five -> 1".to_owned()));
}

#[test]
fn draws_and_messages_of_an_earlier_round_are_replayed() {
    let children =
        one("a", "name") + &one("b", "draw code; now at; send") + "node c: Probe(do = \"ask\")";
    let text_of = page(&children);
    let mut run = Player::new(&text_of, "j");
    run.sealing = true;
    run.begin();
    assert_eq!(run.count(is_send), 1);
    // The first answer changes who it is about: child `b` is done anew, once.
    run.answer([text("demo"), text("again")]);
    assert_eq!(run.count(is_send), 2);
    run.host.now.set(run.host.now.get() + 1_000);
    run.answer([text("demo"), text("again")]);
    run.answer([text("demo"), text("again")]);
    assert_eq!(run.count(is_send), 2);
    run.answer([text("eve"), text("again")]);
    assert_eq!(run.count(is_send), 3);
    run.answer([text("eve"), text("fine")]);
    assert_eq!(run.count(is_send), 3);
}

#[test]
fn look_ups_are_asked_again_in_every_round() {
    let children = one("a", "custom fresh; custom once") + "node c: Probe(do = \"ask\")";
    let mut run = Player::new(&page(&children), "j");
    run.begin();
    for _ in 0..3 {
        run.answer([text("again")]);
    }
    let kinds: Vec<_> = run
        .calls
        .iter()
        .filter_map(|call| match &call.effect {
            wayfare::Effect::Custom(custom) => Some(custom.kind.to_string()),
            _ => None,
        })
        .collect();
    assert_eq!(kinds, ["fresh", "once", "fresh", "fresh", "fresh"]);
}

#[test]
fn an_equal_secret_is_compared_once_and_another_counts_anew() {
    let children = one("a", "name") + &one("b", "secret; verify") + "node c: Probe(do = \"ask\")";
    let mut run = Player::new(&page(&children), "j");
    run.sealing = true;
    run.begin();
    let round = |run: &mut Player, password: &str| -> usize {
        let answers: [Answer; 3] = [text("demo"), secret(password), text("again")];
        run.answer(answers);
        run.count(is_verify)
    };
    assert_eq!(round(&mut run, "demo-pw"), 1);
    assert_eq!(round(&mut run, "demo-pw"), 1);
    assert_eq!(round(&mut run, "demo-pw"), 1);
    assert_eq!(round(&mut run, "other"), 2);
    assert_eq!(round(&mut run, "demo-pw"), 3);
}

#[test]
fn metadata_does_not_hold_a_page_up() {
    let children = one("a", "metadata") + "node b: Probe(do = \"ask\")";
    let mut run = Player::new(&page(&children), "j");
    assert_eq!(prompts(&run.begin()), 2);
    assert_eq!(prompts(&run.answer([Answer::None, text("x")])), 1);
    let only = page("node b: Probe(do = \"metadata\")");
    let mut run = Player::new(&only, "j");
    let step = run.begin();
    assert_eq!(
        why(step),
        "j/p: no outcome and only metadata callbacks found"
    );
}

#[test]
fn a_page_goes_on_behind_whatever_a_child_ends_in_that_is_not_the_last() {
    let children = "node a: Message(message = { en = \"Sure?\" })\n\
        allow ignored_outcome because \"a test\"\n\
        node b: Probe(do = \"ask; expect shared x nothing\")";
    for answer in [0, 1] {
        let mut run = Player::new(&page(children), "j");
        run.sealing = true;
        let Step::Ask(ask) = run.begin() else {
            panic!()
        };
        assert_eq!(ask.callbacks.len(), 3);
        let step = run.answer([Answer::None, Answer::Index(answer), text("x")]);
        assert_eq!(prompts(&step), 1, "{step:?}");
    }
}

#[test]
fn a_failing_child_fails_the_page_and_takes_back_its_rounds() {
    let children = one("a", "count; shared x 1; ask") + "node b: Probe(do = \"ask; send\")";
    let text_of = page(&children).replace("no -> failure\n          }\n          node done", "no -> failure\n on error -> after\n          }\n node after: Probe(do = \"expect shared x nothing; expect shared text nothing; ask\") { ok -> failure no -> failure }\n          node done");
    let mut run = Player::new(&text_of, "j");
    run.sealing = true;
    run.failing = Some("send");
    run.begin();
    run.answer([text("t"), text("again")]);
    assert_eq!(prompts(&run.answer([text("t"), text("fine")])), 1);
    let lines = run.trace();
    assert!(
        lines.contains(&"j/p failed: it is down".to_owned()),
        "{lines:?}"
    );
}

#[test]
fn a_page_cannot_suspend() {
    let mut run = Player::new(&page("node b: Probe(do = \"suspend\")"), "j");
    let step = run.begin();
    assert!(why(step).contains("cannot suspend"));
}

#[test]
fn a_child_that_leads_is_asked_last_and_passed_first() {
    // What the lead writes is there for the children above it in the same round.
    let children = one("a", "ask; expect shared led yes; shared x 1")
        + "node b: Leading(do = \"ask; shared led yes\")";
    let text_of = page(&children).replace(
        "Probe(do = \"ask\")",
        "Probe(do = \"expect shared x 1; ask\")",
    );
    let mut run = Player::new(&text_of, "j");
    run.sealing = true;
    assert_eq!(prompts(&run.begin()), 2);
    // It waits for the others where it ends in the outcome that it leads to.
    assert_eq!(prompts(&run.answer([text("again"), text("fine")])), 2);
    assert_eq!(prompts(&run.answer([text("fine"), text("fine")])), 1);
}

#[test]
fn a_child_that_leads_elsewhere_leaves_the_others_undone() {
    let children = one("a", "count; send; shared x 1; ask; shared x 2")
        + "node b: Leading(do = \"ask; shared led yes; go no\")";
    let text_of = page(&children).replace("no -> failure\n          }", "no -> past\n          }\n          node past: Probe(do = \"expect shared x nothing; expect shared led yes; ask\") { ok -> failure no -> failure }");
    let mut run = Player::new(&text_of, "j");
    run.sealing = true;
    // Asked once, so it was entered, and its mail was sent; what it wrote is taken back.
    assert_eq!(prompts(&run.begin()), 2);
    let step = run.answer([text("again"), text("fine")]);
    assert_eq!(prompts(&step), 1);
}

#[test]
fn a_child_that_leads_elsewhere_without_a_question_keeps_the_others_out() {
    let children = one("a", "send; shared x 1") + "node b: Leading(do = \"go no\")";
    let text_of = page(&children).replace("no -> failure\n          }", "no -> past\n          }\n          node past: Probe(do = \"expect shared x nothing; ask\") { ok -> failure no -> failure }");
    let mut run = Player::new(&text_of, "j");
    assert_eq!(prompts(&run.begin()), 1);
    assert!(run.calls.is_empty(), "the others were passed");
}
