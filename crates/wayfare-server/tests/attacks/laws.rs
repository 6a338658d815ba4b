//! Where each law is held: law, what it says, and the tests, by part and name.
//!
//! A test below sees to it that every test named here is there and is a test.

use std::{
    fs,
    path::{Path, PathBuf},
};

type Law = (
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
);

/// What is held by random inputs is named first where it is.
const LAWS: &[Law] = &[
    (
        "L1",
        "fail closed",
        &[
            (
                "wire",
                "l01_whatever_a_need_is_answered_by_nobody_is_let_in",
            ),
            (
                "server",
                "d04_what_a_trusted_peer_says_is_taken_as_it_is_or_refused",
            ),
            ("library", "whatever_fails_nobody_logs_in_unproved"),
            (
                "library",
                "a_failed_effect_takes_the_error_arrow_and_nothing_stays",
            ),
            ("library", "a_failing_look_up_at_the_end_lets_nobody_in"),
            ("library", "a_guard_that_cannot_be_told_fails_the_node"),
            ("library", "a_failure_inside_surfaces_where_it_is_wired"),
            ("wire", "l01_whatever_is_not_an_answer_ends_in_a_refusal"),
        ],
    ),
    (
        "L2",
        "steps are taken once",
        &[
            (
                "server",
                "l02_to_l09_random_clients_never_get_more_than_they_proved",
            ),
            (
                "wire",
                "l02_l03_l05_l07_a_step_is_taken_once_and_a_session_comes_last",
            ),
            ("server", "a01_every_flipped_bit_of_a_token_is_refused"),
            ("server", "a04_signed_claims_of_another_type_are_refused"),
            ("server", "a07_an_earlier_step_is_refused"),
            ("server", "a08_the_last_step_makes_one_session"),
            ("server", "a09_of_many_at_once_one_goes_on"),
            ("wire", "each_generation_is_claimed_once_and_in_order"),
            ("server", "of_many_claims_at_once_one_wins"),
        ],
    ),
    (
        "L3",
        "what is asked belongs to its visit",
        &[
            (
                "wire",
                "l02_l03_l05_l07_a_step_is_taken_once_and_a_session_comes_last",
            ),
            ("server", "a12_counts_and_types_must_be_those_asked"),
            ("server", "a13_only_declared_inputs_reach_the_state"),
            ("server", "a17_the_answers_to_another_step_are_refused"),
            ("library", "answers_not_asked_for_are_refused"),
            (
                "library",
                "what_a_node_keeps_for_a_visit_is_gone_when_it_is_left",
            ),
        ],
    ),
    (
        "L4",
        "proofs name their subject",
        &[
            (
                "server",
                "l02_to_l09_random_clients_never_get_more_than_they_proved",
            ),
            ("library", "another_name_drops_what_was_proved"),
            ("library", "a_code_of_another_proves_nobody"),
            (
                "library",
                "a_proof_that_the_signature_does_not_know_fails_the_node",
            ),
            (
                "library",
                "a_session_of_the_same_subject_is_replaced_one_of_another_refuses",
            ),
            ("library", "a_code_sent_elsewhere_is_no_factor"),
            ("server", "a16_a_hidden_value_is_what_the_client_says"),
        ],
    ),
    (
        "L5",
        "the session is born last",
        &[
            (
                "server",
                "l02_to_l09_random_clients_never_get_more_than_they_proved",
            ),
            (
                "wire",
                "l02_l03_l05_l07_a_step_is_taken_once_and_a_session_comes_last",
            ),
            ("library", "success_without_a_proof_is_refused"),
            (
                "library",
                "the_level_moves_as_the_signature_says_or_not_at_all",
            ),
            ("server", "a06_a_journey_named_later_is_not_taken"),
            (
                "server",
                "an_upgrade_ends_the_old_session_and_never_lowers_the_level",
            ),
            (
                "server",
                "a_new_session_replaces_the_old_one_in_one_transaction",
            ),
            ("wire", "l05_no_session_without_the_store"),
        ],
    ),
    (
        "L6",
        "count before comparing",
        &[
            (
                "server",
                "l02_to_l09_random_clients_never_get_more_than_they_proved",
            ),
            ("server", "a10_five_hundred_runs_at_once_compare_five_times"),
            ("server", "a11_the_account_counts_across_runs_and_ways_in"),
            ("server", "failures_are_counted_before_and_given_back_after"),
            ("library", "counters_are_one_for_all_calls_of_a_journey"),
        ],
    ),
    (
        "L7",
        "nobody goes on as another",
        &[
            (
                "server",
                "l02_to_l09_random_clients_never_get_more_than_they_proved",
            ),
            (
                "wire",
                "l02_l03_l05_l07_a_step_is_taken_once_and_a_session_comes_last",
            ),
            ("server", "b01_a_session_token_is_never_taken_from_a_client"),
            ("server", "b04_a_token_of_one_realm_is_unknown_in_another"),
            ("server", "a05_a_step_of_one_realm_is_no_step_of_another"),
            ("server", "a19_one_token_in_the_body_counts"),
        ],
    ),
    (
        "L8",
        "what ended stays ended",
        &[
            (
                "server",
                "l02_to_l09_random_clients_never_get_more_than_they_proved",
            ),
            ("server", "b05_a_session_that_ended_stays_ended"),
            (
                "server",
                "l08_what_was_seen_to_end_does_not_come_back_with_the_clock",
            ),
            (
                "server",
                "l08_no_sequence_of_uses_ends_and_restarts_revives_a_session",
            ),
            (
                "server",
                "a_run_goes_on_after_a_restart_and_a_used_step_does_not",
            ),
            ("server", "a_step_dies_with_the_store_it_was_made_beside"),
            ("server", "failures_are_not_forgotten_by_a_restart"),
            ("server", "a_clock_put_back_does_not_lengthen_a_lock"),
            ("server", "main"),
        ],
    ),
    (
        "L9",
        "one face for everybody",
        &[
            (
                "server",
                "g01_by_callbacks_everybody_who_is_not_let_in_looks_alike",
            ),
            (
                "server",
                "g01_by_headers_everybody_who_is_not_let_in_looks_alike",
            ),
            (
                "server",
                "l02_to_l09_random_clients_never_get_more_than_they_proved",
            ),
            (
                "server",
                "a_wrong_password_and_an_unknown_user_get_the_same_answer",
            ),
            ("server", "a10_five_hundred_runs_at_once_compare_five_times"),
            (
                "server",
                "d03_names_are_told_apart_by_one_rule_and_passwords_are_whole",
            ),
            ("wire", "g01_unknown_users_look_like_wrong_passwords"),
        ],
    ),
    (
        "L10",
        "parse once, strictly",
        &[
            (
                "wire",
                "l10_a_query_is_decoded_once_and_what_stands_twice_is_refused",
            ),
            ("wire", "l10_every_parameter_of_the_protocol_may_stand_once"),
            (
                "wire",
                "l10_a_key_of_json_stands_once_however_it_is_spelled",
            ),
            ("wire", "l10_an_encoded_word_is_decoded_once_or_refused"),
            ("wire", "l10_what_declares_its_type_in_xml_is_never_read"),
            ("server", "a02_other_forms_of_a_token_are_refused"),
            ("server", "a14_a_choice_is_one_of_those_shown"),
            ("server", "a15_a_confirmation_is_one_of_its_options"),
            ("server", "a18_what_is_no_answer_never_resumes"),
            ("server", "d01_encoded_words_are_decoded_once_and_strictly"),
            ("server", "d02_a_header_that_stands_twice_is_refused"),
        ],
    ),
    (
        "L11",
        "canonical first",
        &[
            (
                "wire",
                "l11_a_realm_has_one_canonical_path_and_what_is_taken_leads_to_it",
            ),
            ("wire", "l11_an_escape_is_undone_once_and_never_twice"),
            ("wire", "l11_an_address_that_is_taken_leads_where_it_says"),
            (
                "server",
                "c08_what_is_no_spelling_of_a_realm_is_an_unknown_one",
            ),
            ("wire", "c08_what_is_not_canonical_is_an_unknown_realm"),
            ("wire", "c07_everything_else_is_not"),
            ("server", "f03_imports_do_not_leave_the_folder"),
        ],
    ),
    (
        "L12",
        "secrets are types",
        &[
            ("wire", "l12_nothing_that_opens_anything_is_in_a_debug"),
            (
                "server",
                "l02_to_l09_random_clients_never_get_more_than_they_proved",
            ),
            ("server", "nothing_secret_is_written_in_the_clear"),
            ("server", "b07_nothing_secret_is_written_or_said"),
            ("library", "secrets_are_in_no_debug_and_no_trace"),
            (
                "library",
                "a_password_is_in_no_snapshot_that_nobody_reads_it_from",
            ),
            ("wire", "summaries_say_what_happened_and_nothing_secret"),
        ],
    ),
    (
        "L13",
        "budgets everywhere",
        &[
            ("wire", "l13_a_body_is_as_long_deep_and_wordy_as_its_bounds"),
            ("wire", "l13_an_advice_is_as_long_as_its_bounds"),
            (
                "wire",
                "l13_addresses_and_tokens_are_as_long_as_their_bounds",
            ),
            ("server", "e01_large_and_deep_bodies_are_refused_at_once"),
            (
                "server",
                "e02_slow_connections_are_closed_and_others_are_served",
            ),
            (
                "server",
                "e03_long_passwords_are_not_hashed_and_many_logins_leave_room",
            ),
            ("server", "a_run_walks_as_far_as_is_set"),
            ("library", "a_node_that_calls_for_ever_is_stopped"),
            ("library", "f01_nesting_of_any_depth_is_a_finding"),
            ("library", "f02_long_programs_and_circles_end"),
        ],
    ),
    (
        "L14",
        "a token opens one thing",
        &[
            ("server", "l14_no_token_is_taken_in_the_place_of_another"),
            (
                "server",
                "a03_other_headers_are_refused_and_nothing_is_fetched",
            ),
            ("wire", "tokens_of_others_are_never_taken"),
        ],
    ),
    (
        "L15",
        "a run ends on the version it began with",
        &[
            ("server", "f05_a_broken_edit_keeps_the_old_version"),
            ("server", "a_run_ends_on_the_version_it_began_with"),
            ("wire", "a_run_ends_on_the_program_it_began_with"),
        ],
    ),
];

/// The cases that are due, each of which has a test that is called after it.
const CASES: &[&str] = &[
    "a01", "a02", "a03", "a04", "a05", "a06", "a07", "a08", "a09", "a10", "a11", "a12", "a13",
    "a14", "a15", "a16", "a17", "a18", "a19", "b01", "b02", "b03", "b04", "b05", "b06", "b07",
    "b08", "b09", "b10", "c01", "c02", "c03", "c04", "c05", "c06", "c07", "c08", "c09", "d01",
    "d02", "d03", "d04", "e01", "e02", "e03", "f01", "f02", "f03", "f04", "f05", "g01",
];

/// The texts of all tests of a part.
fn tests_of(part: &str) -> Vec<String> {
    let folders: &[&str] = match part {
        "library" => &["tests"],
        "wire" => &["crates/wayfare-wire/src", "crates/wayfare-wire/tests"],
        "server" => &["crates/wayfare-server/tests"],
        other => panic!("there is no part {other}"),
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut open: Vec<PathBuf> = folders.iter().map(|folder| root.join(folder)).collect();
    let mut texts = Vec::new();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            let entries = fs::read_dir(path).expect("a folder");
            open.extend(entries.map(|entry| entry.expect("an entry").path()));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            texts.push(fs::read_to_string(path).expect("a file"));
        }
    }
    texts
}

/// Whether a text has a function of this name that is run as a test.
fn is_tested(text: &str, name: &str) -> bool {
    let Some((before, _)) = text.split_once(&format!("fn {name}(")) else {
        return false;
    };
    // The attribute stands above, a line or two of other attributes between.
    let above: Vec<&str> = before.lines().rev().take(6).collect();
    let marked =
        |line: &&str| line.trim_start().starts_with("#[test]") || line.contains("tokio::test");
    above.iter().any(marked) || (name == "main" && text.contains("rounds::run()"))
}

#[test]
fn every_law_is_held_by_tests_that_are_there() {
    let numbers: Vec<&str> = LAWS.iter().map(|(number, _, _)| *number).collect();
    let due: Vec<String> = (1..=15).map(|n| format!("L{n}")).collect();
    assert_eq!(numbers, due);
    for (number, says, tests) in LAWS {
        assert!(tests.len() >= 3, "{number}, {says}, is held by too little");
        for (part, name) in *tests {
            let there = tests_of(part).iter().any(|text| is_tested(text, name));
            assert!(there, "{number}: the {part} has no test {name}");
        }
    }
    let nowhere = ["no_such_", "test"].concat();
    assert!(
        !tests_of("server")
            .iter()
            .any(|text| is_tested(text, &nowhere))
    );
}

#[test]
fn every_case_has_its_test() {
    let texts: Vec<String> = ["server", "wire", "library"]
        .into_iter()
        .flat_map(tests_of)
        .collect();
    for case in CASES {
        // A test may hold several cases: `fn c05_c06_…`.
        let named = |line: &str| {
            let name = line.trim_start().trim_start_matches("async ");
            let name = name.strip_prefix("fn ").unwrap_or("");
            name.split('_').take(4).any(|part| part == *case)
        };
        assert!(
            texts.iter().any(|text| text.lines().any(named)),
            "there is no test for {case}"
        );
    }
}
