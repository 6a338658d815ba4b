//! Runs as bytes.

use proptest::prelude::*;
use wayfare::{EngineError, Input, Seal, SealError};

use super::{
    run::LOGIN,
    support::{Player, Sealer, engine, prompts, secret, success, text},
};

/// Shows what would be sealed.
struct Glass;

impl Seal for Glass {
    fn seal(&self, _: &[u8], _: &mut Vec<u8>) -> Result<(), SealError> {
        Ok(())
    }

    fn open(&self, _: &[u8], _: &mut Vec<u8>) -> Result<(), SealError> {
        Ok(())
    }
}

fn stopped() -> Player {
    let mut run = Player::new(LOGIN, "Login");
    run.begin();
    run
}

#[test]
fn a_suspended_login_is_small() {
    let run = stopped();
    let bytes = run.auth.seal(&Glass, b"").unwrap();
    assert!(bytes.len() <= 512, "{} bytes", bytes.len());
}

#[test]
fn a_run_goes_on_where_it_was_sealed() {
    let mut run = stopped();
    let sealer = Sealer([9; 32]);
    let bytes = run.auth.seal(&sealer, b"data").unwrap();
    let opened = run.engine.open(&sealer, b"data", &bytes).unwrap();
    assert_eq!(opened.standing(), run.auth.standing());
    assert_eq!(opened.run_id(), run.auth.run_id());
    assert_eq!(opened.expires_at(), run.auth.expires_at());
    assert_eq!(opened.seal(&sealer, b"data").unwrap(), bytes);
    run.auth = opened;
    success(run.answer([text("demo"), secret("demo-pw")]));
    assert_eq!(
        run.auth.seal(&sealer, b"data").unwrap_err(),
        EngineError::Ended
    );
}

#[test]
fn an_effect_keeps_its_id_over_a_restore() {
    let mut run = stopped();
    let answers = vec![text("demo"), secret("demo-pw")];
    let step = run
        .auth
        .step(&run.host, &run.request, Input::Answers(answers))
        .unwrap();
    let before = run.auth.clone();
    run.reopen();
    assert_eq!(run.auth.standing(), Some(step));
    assert_eq!(run.auth.standing(), before.standing());
}

#[test]
fn another_key_other_data_or_another_program_open_nothing() {
    let run = stopped();
    let sealer = Sealer([9; 32]);
    let bytes = run.auth.seal(&sealer, b"data").unwrap();
    let bad = |result: Result<wayfare::AuthSession, EngineError>| {
        assert_eq!(result.unwrap_err(), EngineError::BadSnapshot);
    };
    bad(run.engine.open(&Sealer([8; 32]), b"data", &bytes));
    bad(run.engine.open(&sealer, b"other", &bytes));
    let changed = engine(&LOGIN.replace("retryLimit = 3", "retryLimit = 4"));
    assert_ne!(changed.hashes(), run.engine.hashes());
    bad(changed.open(&sealer, b"data", &bytes));
    // Comments and layout are no part of a program.
    let same = engine(&LOGIN.replace("start credentials", "// a word\n\n  start credentials"));
    assert_eq!(same.hashes(), run.engine.hashes());
    same.open(&sealer, b"data", &bytes).unwrap();
}

#[test]
fn a_password_is_in_no_snapshot_that_nobody_reads_it_from() {
    let text_of = r#"journey j {
      start a
      node a: Probe(do = "secret; ask", reads = []) { ok -> b no -> failure }
      node b: Probe(do = "ask") { ok -> failure no -> failure }
    }"#;
    let mut run = Player::new(text_of, "j");
    run.begin();
    assert_eq!(prompts(&run.answer([secret("hunter2hunter2")])), 1);
    let bytes = run.auth.seal(&Glass, b"").unwrap();
    let shown = String::from_utf8_lossy(&bytes);
    assert!(!shown.contains("hunter2"));
    assert!(!format!("{:?}", run.auth).contains("hunter2"));
    for line in run.trace() {
        assert!(!line.contains("hunter2"));
    }
}

#[test]
fn no_part_of_a_snapshot_opens() {
    let run = stopped();
    let bytes = run.auth.seal(&Glass, b"").unwrap();
    for end in 0..bytes.len() {
        assert!(
            run.engine.open(&Glass, b"", &bytes[..end]).is_err(),
            "{end}"
        );
    }
    let mut longer = bytes;
    longer.push(0);
    assert!(run.engine.open(&Glass, b"", &longer).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn opening_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let run = shared();
        let _ = run.open(&Glass, b"", &bytes);
        let mut named = vec![3];
        named.extend_from_slice(&run.hashes()[0].0);
        named.extend_from_slice(&bytes);
        let _ = run.open(&Glass, b"", &named);
    }

    #[test]
    fn a_changed_snapshot_never_panics_and_still_fails_closed(at in 0_usize..600, bit in 0_u8..8, answers in 0..3) {
        let mut run = Player::start(shared().clone(), wayfare::Start::journey("Login"));
        run.begin();
        for _ in 0..answers {
            run.answer([text("demo"), secret("no")]);
        }
        let mut bytes = run.auth.seal(&Glass, b"").unwrap();
        let at = at % bytes.len();
        bytes[at] ^= 1 << bit;
        if let Ok(opened) = run.engine.open(&Glass, b"", &bytes) {
            run.auth = opened;
            let input = Input::Answers(vec![text("demo"), secret("no")]);
            if let Ok(step) = run.input(input) {
                let done = matches!(step, wayfare::Step::Done(wayfare::End::Success(_)));
                prop_assert!(!done);
            }
        }
    }
}

fn shared() -> &'static wayfare::Engine {
    static ENGINE: std::sync::OnceLock<wayfare::Engine> = std::sync::OnceLock::new();
    ENGINE.get_or_init(|| engine(LOGIN))
}
