//! What a run that fails has found.

use std::{collections::BTreeMap, sync::Arc};

use wayfare::{
    Callback, CredentialDetail, EffectReply, Ground, Input, Step, Timestamp,
    engine::{
        callback::FailedPolicy,
        effect::{Missed, Unmet},
    },
};

use super::support::{Player, failure, secret, success, text};

const LOGIN: &str = "journey login { start credentials
  node credentials: Page {
    node name: UsernameCollector
    node word: PasswordCollector
    outcome -> check }
  node check: DataStoreDecision { true -> active false -> again }
  node again: RetryLimitDecision { retryLimit = 1
    Retry -> credentials
    Reject -> failure }
  node active: AccountActiveDecision { true -> level false -> failure }
  node level: AuthLevelDecision { authLevelRequirement = 5
    true -> success false -> failure }
}";

fn answered(player: &mut Player, name: &str, word: &str) -> Step {
    player.answer([text(name), secret(word)])
}

#[test]
fn the_last_ground_stays_until_a_proof() {
    let mut player = Player::new(LOGIN, "login");
    player.begin();
    answered(&mut player, "demo", "no");
    let plain = Ground::InvalidCredentials { detail: None };
    assert_eq!(player.auth.ground(), Some(&plain));
    let mut sealed = Player::new(LOGIN, "login");
    sealed.sealing = true;
    sealed.begin();
    answered(&mut sealed, "demo", "no");
    assert_eq!(sealed.auth.ground(), Some(&plain));
    assert_eq!(failure(answered(&mut sealed, "demo", "no")).ground, plain);
    // What was wrong before is settled: it is for the level that this run fails, which no line names.
    let failed = failure(answered(&mut player, "demo", "demo-pw"));
    assert_eq!(failed.ground, Ground::Rejected);
}

#[test]
fn an_account_is_inactive_by_its_node_and_by_the_engine() {
    let mut player = Player::new(LOGIN, "login");
    player.users.get_mut("demo").unwrap().active = false;
    player.begin();
    let failed = failure(answered(&mut player, "demo", "demo-pw"));
    assert_eq!(failed.ground, Ground::AccountInactive);
    let straight = LOGIN.replace("true -> active", "true -> success");
    let mut player = Player::new(&straight, "login");
    player.users.get_mut("demo").unwrap().active = false;
    player.begin();
    let failed = failure(answered(&mut player, "demo", "demo-pw"));
    assert_eq!(failed.ground, Ground::AccountInactive);
}

#[test]
fn who_compares_may_say_why_and_the_node_never_learns_of_it() {
    let until = Some(Timestamp(9));
    for (missed, ground) in [
        (
            Missed::Unknown,
            Ground::InvalidCredentials {
                detail: Some(CredentialDetail::Unknown),
            },
        ),
        (
            Missed::Wrong,
            Ground::InvalidCredentials {
                detail: Some(CredentialDetail::Wrong),
            },
        ),
        (Missed::Locked { until }, Ground::AccountLocked { until }),
    ] {
        let mut player = Player::new(LOGIN, "login");
        player.begin();
        let answers = vec![text("demo"), secret("no")];
        let step = player
            .auth
            .step(&player.host, &player.request, Input::Answers(answers));
        assert!(matches!(step, Ok(Step::Call(_))));
        player.reopen();
        let reply = Input::Effect(EffectReply::Missed(missed));
        player.input(reply).unwrap();
        player.reopen();
        assert_eq!(player.auth.ground(), Some(&ground));
    }
}

#[test]
fn a_node_that_failed_is_internal_wherever_its_arrow_leads() {
    let caught = LOGIN.replace("false -> again", "false -> again on error -> failure");
    for text in [LOGIN, &caught] {
        let mut player = Player::new(text, "login");
        player.failing = Some("verify");
        player.begin();
        let failed = failure(answered(&mut player, "demo", "demo-pw"));
        assert_eq!(failed.ground, Ground::Internal);
    }
}

#[test]
fn a_journey_raises_a_ground_of_its_own() {
    let raise = |settings: &str| {
        let journey = format!(
            "journey j {{ start say
              node say: SetFailureDetails {{ {settings}
                outcome -> failure }}
            }}"
        );
        failure(Player::new(&journey, "j").begin()).ground
    };
    assert_eq!(raise("ground = \"already_done\""), Ground::AlreadyDone);
    let taken = "ground = \"already_exists\"
        failureDetails = { attribute = \"mail\", provider = \"capture\" }";
    let taken = raise(taken);
    assert_eq!(
        taken,
        Ground::AlreadyExists {
            attribute: Some(Arc::from("mail")),
            provider: Some(Arc::from("capture")),
        }
    );
    let own = |code| Ground::Triggered {
        code,
        message: "Come back tomorrow.".to_owned(),
    };
    let words = "failureMessage = { en = \"Come back tomorrow.\" }";
    let numbered = format!("{words}\nground = \"triggered\"\nfailureDetails = {{ code = \"7\" }}");
    assert_eq!(raise(&numbered), own(Some(7)));
    assert_eq!(raise(words), own(None));
    assert_eq!(raise("failureDetails = { a = \"b\" }"), Ground::Rejected);
}

#[test]
fn words_of_the_journey_cover_no_ground() {
    let journey = LOGIN.replace("Reject -> failure", "Reject -> say").replace(
        "node active",
        "node say: SetFailureDetails { failureMessage = { en = \"No.\" }
           outcome -> failure }
         node active",
    );
    let mut player = Player::new(&journey, "login");
    player.begin();
    answered(&mut player, "demo", "no");
    let failed = failure(answered(&mut player, "demo", "no"));
    assert_eq!(failed.ground, Ground::InvalidCredentials { detail: None });
    assert_eq!(failed.message.as_deref(), Some("No."));
}

#[test]
fn what_a_store_refuses_is_told_by_attribute() {
    let journey = "journey register { start name
      node name: AttributeCollector { attributesToCollect = [\"mail\"]
        outcome -> make }
      node make: CreateObject { identityResource = \"managed/user\"
        CREATED -> success
        FAILURE -> failure }
    }";
    let unmet = |requirement: &str| FailedPolicy {
        requirement: Arc::from(requirement),
        params: serde_json::Value::Null,
    };
    let refused = |attribute: &str, requirement: &str| Unmet {
        attribute: Arc::from(attribute),
        failed: vec![unmet(requirement)],
    };
    let end = |refused: Vec<Unmet>| {
        let mut player = Player::new(journey, "register");
        let mut input = Input::Begin;
        for _ in 0..8 {
            match player
                .auth
                .step(&player.host, &player.request, input)
                .unwrap()
            {
                Step::Call(call) if call.effect.kind() == "create_identity" => {
                    input = Input::Effect(EffectReply::Refused(refused.clone()));
                }
                Step::Call(_) => input = Input::Effect(EffectReply::Judged(vec![judged()])),
                Step::Ask(ask) => {
                    assert!(matches!(
                        ask.callbacks.as_slice(),
                        [Callback::Attribute { .. }]
                    ));
                    input = Input::Answers(vec![wayfare::Answer::Attribute {
                        value: wayfare::engine::callback::AttributeValue::Text("a@b".to_owned()),
                        validate_only: false,
                    }]);
                }
                other => return failure(other).ground,
            }
        }
        panic!("the run does not end");
    };
    assert_eq!(
        end(vec![refused("mail", "UNIQUE")]),
        Ground::AlreadyExists {
            attribute: Some(Arc::from("mail")),
            provider: None,
        }
    );
    assert_eq!(
        end(vec![refused("mail", "UNIQUE"), refused("sn", "REQUIRED")]),
        Ground::FieldsInvalid {
            fields: BTreeMap::from([
                (Arc::from("mail"), vec![unmet("UNIQUE")]),
                (Arc::from("sn"), vec![unmet("REQUIRED")]),
            ]),
        }
    );
}

fn judged() -> wayfare::engine::effect::Judgement {
    wayfare::engine::effect::Judgement {
        attribute: Arc::from("mail"),
        shape: Some(wayfare::engine::effect::Shape::Text),
        title: String::new(),
        required: false,
        secret: false,
        viewable: true,
        editable: true,
        policies: serde_json::json!({}),
        failed: Vec::new(),
    }
}

#[test]
fn success_has_no_ground() {
    let straight = LOGIN.replace("true -> active", "true -> success");
    let mut player = Player::new(&straight, "login");
    player.begin();
    answered(&mut player, "demo", "no");
    success(answered(&mut player, "demo", "demo-pw"));
    assert_eq!(player.auth.ground(), None);
}
