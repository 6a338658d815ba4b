//! Every behaviour over HTTP with its settings changed from their defaults, and the effect seen outside.

mod ask;
mod beside;
mod code;
mod end;
pub(crate) mod every;
mod keep;
mod keyed;
mod outside;
mod way;
mod who;

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};
use wayfare::Registry;

use crate::support::{Client, TestServer};

/// The tests that drive each behaviour.
const DRIVEN: &[(&str, &[(&str, &str)])] = &[
    (
        "JwtPasswordReplay",
        &[("keyed", "a_password_is_kept_for_whoever_has_the_key")],
    ),
    (
        "AmsterJwtDecision",
        &[("keyed", "a_tool_says_with_its_key_for_whom_it_comes")],
    ),
    (
        "product-CertificateUserExtractor",
        &[(
            "keyed",
            "a_certificate_that_was_collected_names_its_user_and_lets_nobody_in",
        )],
    ),
    (
        "SetPersistentCookie",
        &[(
            "keep",
            "a_persistent_cookie_lets_in_until_its_times_are_over",
        )],
    ),
    (
        "PersistentCookieDecision",
        &[(
            "keep",
            "a_persistent_cookie_ends_with_the_password_the_account_and_any_change",
        )],
    ),
    (
        "SetCustomCookie",
        &[("keep", "a_cookie_of_the_journeys_own_is_set_at_once")],
    ),
    (
        "Meter",
        &[("keep", "what_is_counted_and_timed_is_told_to_this_machine")],
    ),
    (
        "SetLogoutDetails",
        &[("keep", "a_logout_says_what_the_journey_has_added")],
    ),
    (
        "UpdateJourneyTimeout",
        &[("keep", "a_run_has_the_time_that_its_journey_gives_it")],
    ),
    (
        "RecoveryCodeDisplay",
        &[("keep", "codes_are_shown_and_a_push_is_waited_for")],
    ),
    (
        "PushWait",
        &[("keep", "codes_are_shown_and_a_push_is_waited_for")],
    ),
    (
        "EnableDeviceManagement",
        &[("keep", "codes_are_shown_and_a_push_is_waited_for")],
    ),
    (
        "ScriptedDecision",
        &[("keep", "a_registered_script_runs_in_the_server")],
    ),
    (
        "BackChannelInit",
        &[
            ("beside", "one_client_waits_for_what_another_one_does"),
            ("beside", "nobody_is_opened_for_and_nobody_fills_the_store"),
        ],
    ),
    (
        "BackChannelStatus",
        &[
            ("beside", "one_client_waits_for_what_another_one_does"),
            ("beside", "a_refusal_is_told_and_time_runs_out"),
        ],
    ),
    (
        "BackchannelNotification",
        &[("beside", "one_client_waits_for_what_another_one_does")],
    ),
    (
        "ConfigProvider",
        &[("keep", "a_registered_script_makes_the_settings_of_a_node")],
    ),
    (
        "AnonymousSessionUpgrade",
        &[("keep", "a_visitor_becomes_somebody")],
    ),
    (
        "SocialOAuthIgnoreProfile",
        &[("keep", "a_name_that_a_provider_gave_needs_its_password")],
    ),
    (
        "ProvisionDynamicAccount",
        &[(
            "external",
            "a_provider_outside_vouches_for_an_account_that_is_made",
        )],
    ),
    (
        "Page",
        &[("ask", "page_shows_its_stage_header_and_description")],
    ),
    (
        "UsernameCollector",
        &[("ask", "username_collector_says_what_to_fill_in")],
    ),
    (
        "PasswordCollector",
        &[("ask", "password_collector_asks_until_there_is_one")],
    ),
    (
        "ValidatedUsername",
        &[
            ("ask", "validated_username_asks_as_one_that_is_made"),
            ("ask", "validated_username_shows_the_name_it_knows"),
        ],
    ),
    (
        "ValidatedPassword",
        &[("ask", "validated_password_asks_as_one_that_is_made")],
    ),
    (
        "ChoiceCollector",
        &[("ask", "choice_collector_prompts_and_presets")],
    ),
    (
        "Message",
        &[("ask", "message_asks_its_words_and_keeps_the_answer")],
    ),
    (
        "PollingWait",
        &[
            ("ask", "polling_wait_waits_and_is_left_by_its_button"),
            ("ask", "polling_wait_takes_impatience_for_spam"),
        ],
    ),
    (
        "EmailSuspend",
        &[(
            "letters",
            "a_link_is_mailed_and_followed_once_by_whoever_has_it",
        )],
    ),
    (
        "EmailTemplate",
        &[(
            "letters",
            "a_code_goes_to_a_telephone_and_a_notice_to_whoever_has_mail",
        )],
    ),
    (
        "OneTimePasswordSmsSender",
        &[(
            "letters",
            "a_code_goes_to_a_telephone_and_a_notice_to_whoever_has_mail",
        )],
    ),
    ("Metadata", &[("ask", "metadata_sends_the_chosen_state")]),
    (
        "Debug",
        &[("ask", "debug_shows_the_state_or_notes_its_keys")],
    ),
    (
        "DataStoreDecision",
        &[("who", "data_store_decision_compares_name_and_password")],
    ),
    (
        "RetryLimitDecision",
        &[(
            "who",
            "retry_limit_decision_lets_try_again_as_often_as_it_says",
        )],
    ),
    (
        "AccountLockout",
        &[("who", "account_lockout_locks_and_unlocks")],
    ),
    (
        "AccountActiveDecision",
        &[("who", "account_lockout_locks_and_unlocks")],
    ),
    (
        "ZeroPageLogin",
        &[("who", "zero_page_login_reads_the_headers_it_is_told")],
    ),
    (
        "SessionData",
        &[("who", "session_data_reads_the_session_of_before")],
    ),
    (
        "OneTimePasswordGenerator",
        &[(
            "code",
            "a_code_is_made_sent_and_collected_as_the_settings_say",
        )],
    ),
    (
        "OneTimePasswordSmtpSender",
        &[(
            "code",
            "a_code_is_made_sent_and_collected_as_the_settings_say",
        )],
    ),
    (
        "OneTimePasswordCollectorDecision",
        &[(
            "code",
            "a_code_is_made_sent_and_collected_as_the_settings_say",
        )],
    ),
    (
        "InnerTreeEvaluator",
        &[("way", "an_inner_journey_leads_on_by_its_end")],
    ),
    ("Decision", &[("way", "decision_takes_the_arm_that_holds")]),
    (
        "Unavailable",
        &[("way", "who_comes_to_an_unavailable_node_fails")],
    ),
    (
        "AuthLevelDecision",
        &[("way", "levels_are_moved_and_asked_for")],
    ),
    (
        "ModifyAuthLevel",
        &[("way", "levels_are_moved_and_asked_for")],
    ),
    (
        "FlowControl",
        &[("way", "flow_control_sends_the_share_it_is_told")],
    ),
    ("SetState", &[("way", "set_state_writes_typed_values")]),
    (
        "TimerStart",
        &[("way", "a_timer_reports_the_time_that_passed")],
    ),
    (
        "TimerStop",
        &[("way", "a_timer_reports_the_time_that_passed")],
    ),
    (
        "SetSessionProperties",
        &[(
            "end",
            "session_properties_and_times_are_those_of_the_journey",
        )],
    ),
    (
        "RemoveSessionProperties",
        &[(
            "end",
            "session_properties_and_times_are_those_of_the_journey",
        )],
    ),
    (
        "SetSuccessUrl",
        &[("end", "set_success_url_is_where_success_leads")],
    ),
    (
        "SetFailureUrl",
        &[("end", "failure_has_its_url_message_details_and_headers")],
    ),
    (
        "SetSuccessDetails",
        &[("end", "success_has_its_details_and_headers")],
    ),
    (
        "SetFailureDetails",
        &[("end", "failure_has_its_url_message_details_and_headers")],
    ),
    (
        "SetErrorDetails",
        &[("end", "an_error_has_its_message_details_and_headers")],
    ),
];

#[test]
fn every_built_type_is_driven() {
    let registry = Registry::standard();
    let driven: BTreeSet<&str> = DRIVEN.iter().map(|(ty, _)| *ty).collect();
    let built: BTreeSet<String> = registry.built().map(str::to_owned).collect();
    assert!(built.len() >= 31, "{built:?}");
    let walked = every::driven();
    for ty in &built {
        let is_driven = driven.contains(&**ty) || walked.contains(ty);
        assert!(is_driven, "`{ty}` has no test over HTTP");
    }
    // These three are part of the walk and no types of the registry.
    for ty in driven {
        let walked = ["Page", "InnerTreeEvaluator", "Decision"].contains(&ty);
        assert!(walked || built.contains(ty), "`{ty}` is not built");
    }
    for (ty, tests) in DRIVEN {
        assert!(!tests.is_empty(), "`{ty}`");
        for (file, test) in *tests {
            let text = match *file {
                "ask" => include_str!("ask.rs"),
                "beside" => include_str!("beside.rs"),
                "code" => include_str!("code.rs"),
                "letters" => concat!(include_str!("../letters.rs"), include_str!("../post.rs")),
                "external" => include_str!("../external/mod.rs"),
                "end" => include_str!("end.rs"),
                "keep" => include_str!("keep.rs"),
                "keyed" => include_str!("keyed.rs"),
                "way" => include_str!("way.rs"),
                "who" => include_str!("who.rs"),
                other => panic!("there is no file {other}"),
            };
            let found = text.contains(&format!("#[tokio::test]\nasync fn {test}()"));
            assert!(found, "`{ty}`: there is no test `{test}` in {file}.rs");
            assert!(
                text.contains(ty) || *ty == "InnerTreeEvaluator",
                "`{test}` does not use `{ty}`"
            );
        }
    }
}

/// A journey that checks name and password, then goes to `next`; a wrong one goes to `wrong`.
fn after_login(wrong: &str, rest: &str) -> String {
    format!(
        r#"
journey login "Login" {{
  start credentials
  node credentials: Page {{
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }}
  node check: DataStoreDecision {{
    true -> next
    false -> {wrong}
  }}
{rest}
}}
"#
    )
}

/// A journey of these nodes that begins with `first`.
fn from_first(rest: &str) -> String {
    let allow = if rest.contains("-> success") {
        ""
    } else {
        "  allow no_success because \"the test looks at what comes before the end\"\n"
    };
    format!("journey login \"Login\" {{\n{allow}  start first\n{rest}\n}}\n")
}

async fn serve(journey: &str) -> TestServer {
    TestServer::journeys(&[("login.journey", journey)]).await
}

/// The step as it was asked, without its token.
fn shown(step: &Json) -> Json {
    let mut step = step.clone();
    step.as_object_mut().expect("a step").remove("authId");
    step
}

fn output(name: &str, value: impl Into<Json>) -> Json {
    json!({ "name": name, "value": value.into() })
}

/// The first text that the step shows: what tells ways apart.
fn says(step: &Json) -> &str {
    step["callbacks"][0]["output"][0]["value"]
        .as_str()
        .unwrap_or_else(|| panic!("no text in {step}"))
}

async fn info(client: &mut Client) -> Json {
    client.sessions("getSessionInfo", "").await.json()
}

/// A name and a password, answered.
async fn log_in(client: &mut Client) -> crate::support::Reply {
    client.login("demo", "Ch4ng31t").await
}
