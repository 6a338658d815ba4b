//! What a start says beyond which journey: a level asked for, who is expected, what state begins with.

use std::collections::BTreeMap;

use wayfare::{AuthLevel, EngineError, Seal, SealError, Start, SubjectId, Value};

use super::support::{Player, engine, failure, secret, success, text, why};

const STEP_UP: &str = r"journey j {
  start credentials
  node credentials: Page {
    node name: UsernameCollector
    node password: PasswordCollector
    -> check
  }
  node check: DataStoreDecision {
    true -> raise
    false -> failure
  }
  node raise: ModifyAuthLevel(authLevelIncrement = 10) -> success
}";

fn login(run: &mut Player, name: &str) -> wayfare::Step {
    run.begin();
    run.sealing = true;
    run.answer([text(name), secret(&format!("{name}-pw"))])
}

#[test]
fn success_below_the_level_asked_for_is_refused() {
    let engine = engine(STEP_UP);
    for (asked, reached) in [(0, true), (10, true), (11, false), (i64::MAX, false)] {
        let start = Start::journey("j").asks(AuthLevel::saturating(asked));
        let step = login(&mut Player::start(engine.clone(), start), "demo");
        if reached {
            assert_eq!(success(step).level.number(), 10);
        } else {
            assert_eq!(why(step), "LevelNotReached");
        }
    }
}

#[test]
fn nobody_but_who_is_expected_succeeds() {
    let engine = engine(STEP_UP);
    let start = || Start::journey("j").expects(SubjectId("id-demo".into()));
    let end = success(login(&mut Player::start(engine.clone(), start()), "demo"));
    assert_eq!(&*end.subject.username, "demo");
    let step = login(&mut Player::start(engine, start()), "eve");
    let end = failure(step);
    assert_eq!(format!("{:?}", end.reason), "OtherSubject");
}

/// A journey that fails unless shared state holds these.
fn guarded(guard: &str) -> String {
    format!(
        "journey j {{\n start look\n\
         node look: Decision {{\n when {guard} -> ask\n else -> failure\n }}\n\
         node ask: Probe(do = \"ask\") {{\n ok -> failure\n no -> failure\n }}\n}}"
    )
}

fn asks(guard: &str, start: Start) -> bool {
    let mut run = Player::start(engine(&guarded(guard)), start);
    run.sealing = true;
    matches!(run.begin(), wayfare::Step::Ask(_))
}

fn data<const N: usize>(entries: [(&str, Value); N]) -> BTreeMap<std::sync::Arc<str>, Value> {
    entries.map(|(name, value)| (name.into(), value)).into()
}

#[test]
fn data_stands_in_shared_state_and_the_engines_own_does_not() {
    let start = || {
        Start::journey("j").data(data([
            ("color", Value::from("red")),
            ("count", Value::Int(3)),
            ("realm", Value::from("/evil")),
            ("authLevel", Value::Int(99)),
        ]))
    };
    assert!(asks(
        "has shared.color && shared.color == \"red\" && has shared.count && shared.count == 3",
        start()
    ));
    assert!(!asks("has shared.realm", start()));
    assert!(!asks("has shared.authLevel", start()));
    assert!(!asks("has shared.targetAuthLevel", start()));
}

#[test]
fn nodes_find_the_level_asked_for() {
    let asked = || Start::journey("j").asks(AuthLevel::saturating(20));
    assert!(asks(
        "has shared.targetAuthLevel && shared.targetAuthLevel == 20",
        asked()
    ));
    let forged = asked().data(data([("targetAuthLevel", Value::Int(1))]));
    assert!(asks(
        "has shared.targetAuthLevel && shared.targetAuthLevel == 20",
        forged
    ));
}

struct Glass;

impl Seal for Glass {
    fn seal(&self, _: &[u8], _: &mut Vec<u8>) -> Result<(), SealError> {
        Ok(())
    }

    fn open(&self, _: &[u8], _: &mut Vec<u8>) -> Result<(), SealError> {
        Ok(())
    }
}

#[test]
fn a_start_comes_back_whole_and_in_this_form_alone() {
    let start = Start::journey("j")
        .asks(AuthLevel::saturating(10))
        .expects(SubjectId("id-demo".into()))
        .transaction("t-1")
        .data(data([("color", Value::from("red"))]));
    let mut run = Player::start(engine(STEP_UP), start.clone());
    run.begin();
    let mut bytes = run.auth.seal(&Glass, b"").unwrap();
    let opened = run.engine.open(&Glass, b"", &bytes).unwrap();
    let mut expected = start;
    expected.data.clear();
    assert_eq!(*opened.start(), expected);
    let own = bytes[0];
    for version in (0..=u8::MAX).filter(|version| *version != own) {
        bytes[0] = version;
        let refused = run.engine.open(&Glass, b"", &bytes).unwrap_err();
        assert_eq!(refused, EngineError::BadSnapshot, "{version}");
    }
}
