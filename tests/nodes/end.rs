//! The session that came with the start, and what the end of a run carries.

use std::time::Duration;

use super::{
    factors,
    stage::{Play, failure, journey, kinds, secret, success},
};
use wayfare::{Answer, Factor, FailureReason, Value};

const SESSION: &str = r#"journey t {
  start who

  node who: SessionData {
    sessionDataKey = "UserToken"
    sharedStateKey = "username"
    -> plan
  }

  node plan: SessionData {
    sessionDataKey = "plan"
    sharedStateKey = "plan"
    -> password
  }

  node password: PasswordCollector -> check

  node check: DataStoreDecision {
    true -> success
    false -> failure
  }
}
"#;

#[test]
fn the_user_of_the_session_is_known_and_confirms_by_password() {
    let mut play = Play::beside_session(SESSION);
    play.store
        .borrow_mut()
        .properties
        .insert("plan".into(), Value::from("gold"));
    assert_eq!(kinds(&play.begin()), ["PasswordCallback"]);
    let done = success(play.answer([secret("Ch4ng31t")]));
    assert_eq!(factors(&done), [Factor::Session, Factor::Password]);
    assert!(done.upgrades.is_some());

    let without = failure(Play::new(SESSION).begin());
    assert!(matches!(without.reason, FailureReason::NodeFailed { .. }));
    let no_plan = failure(Play::beside_session(SESSION).begin());
    assert!(matches!(no_plan.reason, FailureReason::NodeFailed { .. }));
}

#[test]
fn success_carries_properties_times_addresses_details_and_headers() {
    let text = journey(
        r#"  node next: SetSessionProperties {
    properties = { plan = "gold", team = "red" }
    maxSessionTime = 90m
    maxIdleTime = 7m
    -> remove
  }

  node remove: RemoveSessionProperties(propertyNames = ["team"]) -> url
  node url: SetSuccessUrl(successUrl = "https://app.example.com/home") -> details

  node details: SetSuccessDetails {
    successDetails = { tier = "first" }
    sessionProperties = { level = "AuthLevel" }
    headerControl = { "X-Plan" = "gold" }
    -> success
  }"#,
    );
    let done = success(Play::new(&text).log_in());
    assert_eq!(done.properties["plan"], Some(Value::from("gold")));
    assert!(matches!(done.properties.get("team"), None | Some(None)));
    assert_eq!(done.session_time_max, Some(Duration::from_secs(90 * 60)));
    assert_eq!(done.idle_time_max, Some(Duration::from_secs(7 * 60)));
    assert_eq!(
        done.success_url.as_deref(),
        Some("https://app.example.com/home")
    );
    assert_eq!(done.details["tier"], Value::from("first"));
    assert_eq!(&*done.session_details["level"], "AuthLevel");
    assert_eq!(&*done.headers["x-plan"], "gold");
}

const UNHAPPY: &str = r#"  node next: SetFailureUrl(failureUrl = "https://app.example.com/sorry") -> fails

  node fails: SetFailureDetails {
    failureMessage = { en = "No", fr = "Non" }
    failureDetails = { why = "closed" }
    headerControl = { "X-Why" = "closed" }
    -> errs
  }

  node errs: SetErrorDetails {
    errorMessage = { en = "Broken", fr = "Cassé" }
    errorDetails = { what = "status" }
    headerControl = { "X-What" = "status" }
    -> lock
  }

  node lock: AccountLockout -> sure

  node sure: Message {
    true -> success
    false -> failure
  }"#;

#[test]
fn failure_and_error_carry_message_details_and_headers_of_their_own() {
    let end = |broken| {
        let mut play = Play::new(&journey(UNHAPPY));
        play.request.locales = vec!["fr".to_owned()];
        play.store.borrow_mut().failing = usize::from(broken);
        let step = play.log_in();
        failure(if broken {
            step
        } else {
            play.answer([Answer::None, Answer::Index(1)])
        })
    };
    let failed = end(false);
    assert_eq!(failed.reason, FailureReason::Rejected);
    assert_eq!(failed.message.as_deref(), Some("Non"));
    assert_eq!(failed.details["why"], Value::from("closed"));
    assert_eq!(&*failed.headers["x-why"], "closed");
    assert!(!failed.headers.contains_key("x-what"));
    let url = "https://app.example.com/sorry";
    assert_eq!(failed.failure_url.as_deref(), Some(url));

    let erred = end(true);
    assert!(matches!(erred.reason, FailureReason::NodeFailed { .. }));
    assert_eq!(erred.message.as_deref(), Some("Cassé"));
    assert_eq!(erred.details["what"], Value::from("status"));
    assert_eq!(&*erred.headers["x-what"], "status");
    assert!(!erred.headers.contains_key("x-why"));
}
