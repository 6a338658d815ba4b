//! Levels: which journeys a login at a level may choose from, and what a run for a level offers.

use wayfare::{
    Answer, AuthLevel, Callback, Engine, Greatest, Start, Step,
    engine::step::{Failure, FailureReason},
};

use super::support::{Player, engine, failure, secret, success, text, why};

fn level(number: i64) -> AuthLevel {
    AuthLevel::saturating(number)
}

/// Password, then this; nodes of the rest stand in `more`.
fn login(name: &str, settings: &str, then: &str, more: &str) -> String {
    format!(
        "journey {name} {{\n{settings}\n start credentials\n\
         node credentials: Page {{\n node name: UsernameCollector\n\
         node password: PasswordCollector\n -> check\n }}\n\
         node check: DataStoreDecision {{ true -> {then} false -> failure }}\n{more}\n}}\n"
    )
}

/// A login that gives these levels: the first always, the second if one wants to.
fn between(name: &str, settings: &str, least: i64, more: i64) -> String {
    let nodes = format!(
        "node raise: ModifyAuthLevel(authLevelIncrement = {least}) -> how\n\
         node how: ChoiceCollector(prompt = \"How?\") {{\n more -> again\n enough -> success\n }}\n\
         node again: ModifyAuthLevel(authLevelIncrement = {more}) -> success"
    );
    login(name, settings, "raise", &nodes)
}

fn names(engine: &Engine, asked: i64, max: usize) -> Vec<String> {
    let found = engine.at_least(level(asked), max);
    found.iter().map(ToString::to_string).collect()
}

#[test]
fn what_surely_has_the_level_comes_first_then_declaration_order() {
    let text = [
        between("a", "", 0, 20),
        between("b", "", 20, 0),
        between("c", "", 10, 5),
        between("d", "", 30, 10),
        between("e", "offered = false", 30, 10),
        between("f", "enabled = false", 30, 10),
        between("g", "innerTreeOnly = true", 30, 10),
        between("h", "transactionalOnly = true", 30, 10),
        login("i", "", "failure", ""),
    ]
    .concat();
    let engine = engine(&text);
    assert_eq!(names(&engine, 20, 64), ["b", "d", "a"]);
    assert_eq!(names(&engine, 10, 64), ["b", "c", "d", "a"]);
    assert_eq!(names(&engine, 0, 64), ["a", "b", "c", "d"]);
    assert_eq!(names(&engine, 40, 64), ["d"]);
    assert_eq!(names(&engine, 41, 64), [""; 0]);
    assert_eq!(names(&engine, 10, 2), ["b", "c"]);
    let span = |name: &str| engine.levels(name).map(|span| span.to_string());
    assert_eq!(span("c").as_deref(), Some("10..15"));
    assert_eq!(span("f").as_deref(), Some("30..40"));
    assert_eq!(span("i"), None);
    assert_eq!(span("nobody"), None);
}

#[test]
fn a_computed_raise_may_be_any() {
    let text = login(
        "j",
        "",
        "set",
        "node set: SetState(attributes = { by = 3 }) -> raise\n\
         node raise: Decision {\n when has shared.by && shared.by > 1 -> five\n else -> six\n }\n\
         node five: ModifyAuthLevel(authLevelIncrement = 5) -> success\n\
         node six: ModifyAuthLevel(authLevelIncrement = 6) -> success",
    );
    assert_eq!(engine(&text).levels("j").unwrap().to_string(), "5..6");
    let text = text.replace("authLevelIncrement = 6", "authLevelIncrement = auth_level");
    let span = engine(&text).levels("j").unwrap();
    assert_eq!((span.least, span.greatest), (level(0), Greatest::Unbounded));
}

#[test]
fn callers_share_the_level_with_inner_journeys() {
    let factor = "journey factor {\n innerTreeOnly = true\n start ask\n\
        node ask: Message(message = \"m\") { true -> raise false -> failure }\n\
        node raise: ModifyAuthLevel(authLevelIncrement = 10) -> success\n}\n";
    let caller = login(
        "j",
        "",
        "first",
        "node first: journey factor { true -> second false -> success }\n\
         node second: journey factor { true -> success false -> lower }\n\
         node lower: ModifyAuthLevel(authLevelIncrement = -100) -> third\n\
         node third: ModifyAuthLevel(authLevelIncrement = 5) -> success",
    );
    let engine = engine(&(caller + factor));
    assert_eq!(engine.levels("j").unwrap().to_string(), "0..20");
    assert_eq!(engine.levels("factor").unwrap().to_string(), "10..10");
}

#[test]
fn more_callers_than_are_gone_through_one_by_one_keep_their_greatest_level() {
    let factor = "journey factor {\n innerTreeOnly = true\n start ask\n\
        node ask: Message(message = \"m\") { true -> raise false -> failure }\n\
        node raise: ModifyAuthLevel(authLevelIncrement = 10) -> success\n}\n";
    let mut text = String::new();
    for at in 0..30 {
        let nodes = format!(
            "node raise: ModifyAuthLevel(authLevelIncrement = {at}) -> more\n\
             node more: journey factor {{ true -> success false -> failure }}"
        );
        text += &login(&format!("j{at}"), "", "raise", &nodes);
    }
    let engine = engine(&(text + factor));
    for at in 0..30 {
        let span = engine.levels(&format!("j{at}")).unwrap();
        assert_eq!(span.greatest, Greatest::Finite(level(at + 10)));
        assert!(span.always_reaches(level(10)));
    }
}

/// A run of a journey that has logged in and was asked for this level.
fn asked(text_of: &str, wanted: i64) -> (Player, Step) {
    let start = Start::journey("j").asks(level(wanted));
    let mut run = Player::start(engine(text_of), start);
    run.sealing = true;
    run.begin();
    let step = run.answer([text("demo"), secret("demo-pw")]);
    (run, step)
}

fn offered(step: &Step) -> Vec<String> {
    let Step::Ask(ask) = step else {
        panic!("nothing is asked: {step:?}");
    };
    let choices = ask.callbacks.iter().filter_map(|callback| match callback {
        Callback::Choice { choices, .. } => Some(choices.clone()),
        _ => None,
    });
    choices.flatten().collect()
}

const FACTORS: &str = "node how: ChoiceCollector(prompt = \"How?\") {\n\
    nothing -> success\n mail -> ten\n key -> twenty\n both -> one\n cancel -> failure\n }\n\
    node ten: ModifyAuthLevel(authLevelIncrement = 10) -> success\n\
    node twenty: ModifyAuthLevel(authLevelIncrement = 20) -> success\n\
    node one: Probe(do = \"ask\") { ok -> thirty no -> failure }\n\
    node thirty: ModifyAuthLevel(authLevelIncrement = 30) -> success";

#[test]
fn a_choice_offers_what_can_give_the_level() {
    let text_of = login("j", "", "how", FACTORS);
    let all = ["nothing", "mail", "key", "both", "cancel"];
    assert_eq!(offered(&asked(&text_of, 0).1), all);
    assert_eq!(offered(&asked(&text_of, 1).1), ["mail", "key", "both"]);
    assert_eq!(offered(&asked(&text_of, 11).1), ["key", "both"]);
    let mut free = Player::new(&text_of, "j");
    free.begin();
    assert_eq!(
        offered(&free.answer([text("demo"), secret("demo-pw")])),
        all
    );
}

#[test]
fn answers_count_in_what_was_offered() {
    let text_of = login("j", "", "how", FACTORS);
    for (index, reached) in [(0, 10), (1, 20)] {
        let (mut run, step) = asked(&text_of, 5);
        assert_eq!(offered(&step), ["mail", "key", "both"]);
        let end = success(run.answer([Answer::Index(index)]));
        assert_eq!(end.level, level(reached));
    }
    let (mut run, _) = asked(&text_of, 5);
    let past = run.input(wayfare::Input::Answers(vec![Answer::Index(3)]));
    assert!(past.is_err(), "there is no fourth choice");
}

#[test]
fn one_choice_left_is_taken_and_none_is_an_error() {
    let text_of = login("j", "", "how", FACTORS);
    let (mut run, step) = asked(&text_of, 30);
    assert!(matches!(step, Step::Ask(_)), "the probe asks: {step:?}");
    assert_eq!(success(run.answer([text("x")])).level, level(30));

    let (_, step) = asked(&text_of, 31);
    let Failure { reason, .. } = failure(step);
    let FailureReason::NodeFailed { message, .. } = reason else {
        panic!("{reason:?}");
    };
    let said = "Node doesn't have outcomes which can give auth level >= 31";
    assert_eq!(message, said);

    let caught = text_of
        .replace(
            "cancel -> failure\n",
            "cancel -> failure\n on error -> other\n",
        )
        .replace(
            "node ten:",
            "node other: Probe(do = \"ask\") { ok -> failure no -> failure }\nnode ten:",
        );
    let (_, step) = asked(&caught, 31);
    assert!(
        matches!(step, Step::Ask(_)),
        "the error arrow is taken: {step:?}"
    );
}

#[test]
fn what_callers_do_afterwards_counts() {
    let inner = "journey factor {\n innerTreeOnly = true\n start how\n\
        node how: ChoiceCollector(prompt = \"How?\") {\n\
        mail -> ten\n none -> failure\n broken -> nowhere\n enough -> success\n }\n\
        node ten: ModifyAuthLevel(authLevelIncrement = 10) -> success\n}\n";
    // After success 10 more, after failure 30 more, after an error nothing.
    let caller = |error: &str| {
        login(
            "j",
            "",
            "call",
            &format!(
                "node call: journey factor {{ true -> ten false -> thirty {error} }}\n\
                 node ten: ModifyAuthLevel(authLevelIncrement = 10) -> success\n\
                 node thirty: ModifyAuthLevel(authLevelIncrement = 30) -> success"
            ),
        ) + inner
    };
    let with_error = caller("error -> success");
    let all = ["mail", "none", "broken", "enough"];
    assert_eq!(offered(&asked(&with_error, 0).1), all);
    assert_eq!(
        offered(&asked(&with_error, 10).1),
        ["mail", "none", "enough"]
    );
    assert_eq!(offered(&asked(&with_error, 20).1), ["mail", "none"]);
    assert_eq!(success(asked(&with_error, 30).1).level, level(30));
    // `ten` may fail, and what is wired for that raises; `enough` leaves nothing that could.
    let raised = caller("error -> thirty");
    assert_eq!(offered(&asked(&raised, 30).1), ["mail", "none", "broken"]);
    // Without `error`, a loose end fails the caller too.
    assert_eq!(
        offered(&asked(&caller(""), 10).1),
        ["mail", "none", "enough"]
    );
}

#[test]
fn the_last_node_of_a_page_offers_what_can_give_the_level() {
    let text_of = login(
        "j",
        "",
        "page",
        "node page: Page {\n node note: Single(do = \"ask\")\n\
         node how: ChoiceCollector(prompt = \"How?\")\n\
         mail -> ten\n key -> twenty\n phone -> twenty\n none -> failure\n }\n\
         node ten: ModifyAuthLevel(authLevelIncrement = 10) -> success\n\
         node twenty: ModifyAuthLevel(authLevelIncrement = 20) -> success",
    );
    let (mut run, step) = asked(&text_of, 15);
    assert_eq!(offered(&step), ["key", "phone"]);
    let end = success(run.answer([text("x"), Answer::Index(1)]));
    assert_eq!(end.level, level(20));
    // An earlier node of the page may still raise: nothing that it could make enough is left out.
    let raising = text_of.replace(
        "Single(do = \"ask\")",
        "Single(do = \"ask; raise 5\", raises = 5)",
    );
    assert_eq!(offered(&asked(&raising, 15).1), ["mail", "key", "phone"]);
    let (mut run, _) = asked(&raising, 15);
    let end = success(run.answer([text("x"), Answer::Index(0)]));
    assert_eq!(end.level, level(15));
}

#[test]
fn a_node_may_ask_for_more_than_the_start_and_not_for_less() {
    let set = |to: i64| {
        let nodes = format!(
            "node set: SetState(attributes = {{ targetAuthLevel = {to} }}) -> how\n{FACTORS}"
        );
        login("j", "", "set", &nodes)
    };
    assert_eq!(offered(&asked(&set(15), 10).1), ["key", "both"]);
    assert_eq!(offered(&asked(&set(1), 15).1), ["key", "both"]);
    let mut free = Player::new(&set(15), "j");
    free.begin();
    let step = free.answer([text("demo"), secret("demo-pw")]);
    assert_eq!(offered(&step), ["key", "both"]);
}

#[test]
fn a_loop_that_raises_leaves_nothing_out() {
    let text_of = login(
        "j",
        "",
        "how",
        "node how: ChoiceCollector(prompt = \"How?\") {\n\
         more -> ten\n lower -> down\n enough -> success\n cancel -> failure\n }\n\
         node ten: ModifyAuthLevel(authLevelIncrement = 10) -> how\n\
         node down: ModifyAuthLevel(authLevelIncrement = -30) -> how",
    );
    let (mut run, step) = asked(&text_of, 25);
    assert_eq!(offered(&step), ["more", "lower"]);
    run.answer([Answer::Index(0)]);
    run.answer([Answer::Index(0)]);
    let step = run.answer([Answer::Index(0)]);
    assert_eq!(offered(&step), ["more", "lower", "enough"]);
    assert_eq!(success(run.answer([Answer::Index(2)])).level, level(30));
}

#[test]
fn success_below_the_level_is_refused_whatever_was_offered() {
    let text_of = login("j", "", "success", "");
    assert_eq!(why(asked(&text_of, 1).1), "LevelNotReached");
}

/// Journeys that give 30: by a proof; without a session; without a proof; with one on one of two ways.
fn ends_in_vain() -> String {
    let allow = "allow unproved_success because \"a test\"";
    let raise = "node raise: ModifyAuthLevel(authLevelIncrement = 30) -> success";
    let open = format!(
        "journey open {{\n start name\n node name: UsernameCollector -> raise\n\
         node raise: ModifyAuthLevel {{\n authLevelIncrement = 30\n {allow}\n -> success\n }}\n}}\n"
    );
    let both = format!(
        "node how: ChoiceCollector(prompt = \"How?\") {{\n proved -> raise\n open -> other\n }}\n{raise}\n\
         node other: SetState {{\n attributes = {{ username = \"eve\" }}\n -> gone\n }}\n\
         node gone: ModifyAuthLevel {{\n authLevelIncrement = 30\n {allow}\n -> success\n }}"
    );
    [
        login("proved", "", "raise", raise),
        login("none", "noSession = true", "raise", raise),
        open,
        login("both", "", "how", &both),
    ]
    .concat()
}

#[test]
fn what_may_make_no_proved_session_is_not_chosen_for_a_level() {
    let engine = engine(&ends_in_vain());
    for asked in [0, 1, 30] {
        assert_eq!(names(&engine, asked, 64), ["proved"], "{asked}");
    }
    assert_eq!(names(&engine, 31, 64), [""; 0]);
    for name in ["none", "open", "both"] {
        let span = engine.levels(name).unwrap();
        assert_eq!(span.to_string(), "30..30", "{name}");
    }
}

#[test]
fn a_level_is_not_reached_without_a_proof() {
    let end = |journey: &str, wanted: Option<i64>| {
        let mut start = Start::journey(journey);
        if let Some(wanted) = wanted {
            start = start.asks(level(wanted));
        }
        let mut run = Player::start(engine(&ends_in_vain()), start);
        run.sealing = true;
        run.begin();
        if journey == "open" {
            return run.answer([text("demo")]);
        }
        run.answer([text("demo"), secret("demo-pw")])
    };
    for wanted in [None, Some(0)] {
        let open = success(end("open", wanted));
        assert!(!open.proved && open.level == level(30));
    }
    for wanted in [1, 30] {
        assert_eq!(why(end("open", Some(wanted))), "LevelNotReached");
        assert!(success(end("proved", Some(wanted))).proved);
    }
}

#[test]
fn a_way_that_proves_reaches_the_level_beside_one_that_need_not() {
    for (choice, wanted, reached) in [(0, 30, true), (1, 30, false), (0, 0, true), (1, 0, true)] {
        let start = Start::journey("both").asks(level(wanted));
        let mut run = Player::start(engine(&ends_in_vain()), start);
        run.begin();
        run.answer([text("demo"), secret("demo-pw")]);
        let step = run.answer([Answer::Index(choice)]);
        if reached {
            assert_eq!(success(step).proved, choice == 0);
        } else {
            assert_eq!(why(step), "LevelNotReached");
        }
    }
}
