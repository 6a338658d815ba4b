//! Edits one by one, with what each must be called.

use wayfare::diff::{Direction, Topic, compare};

use super::{BASE, edited, holds_both_ways, program, show};

struct Edit {
    name: &'static str,
    edits: &'static [(&'static str, &'static str)],
    /// The directions and topics that must be among the changes.
    expected: &'static [(Direction, Topic)],
    /// Whether anything may go for the weaker.
    weaker: bool,
}

use Direction::{Client, Neutral, Stronger, Weaker};

const fn weak(
    name: &'static str,
    edits: &'static [(&'static str, &'static str)],
    expected: &'static [(Direction, Topic)],
) -> Edit {
    Edit {
        name,
        edits,
        expected,
        weaker: true,
    }
}

const fn sound(
    name: &'static str,
    edits: &'static [(&'static str, &'static str)],
    expected: &'static [(Direction, Topic)],
) -> Edit {
    Edit {
        name,
        edits,
        expected,
        weaker: false,
    }
}

const EDITS: &[Edit] = &[
    weak(
        "the second factor is dropped",
        &[
            (
                "  node known: ModifyAuthLevel(authLevelIncrement = 10) -> generate",
                "  node known: ModifyAuthLevel(authLevelIncrement = 10) -> strong",
            ),
            (
                "  node generate: OneTime",
                "  allow unreachable because \"kept\"\n  node generate: OneTime",
            ),
        ],
        &[
            (Weaker, Topic::Proof),
            (Weaker, Topic::Ensure),
            (Weaker, Topic::Exception),
            (Client, Topic::Path),
        ],
    ),
    weak(
        "the password leads straight to success",
        &[("    true -> active\n", "    true -> success\n")],
        &[
            (Weaker, Topic::Proof),
            (Weaker, Topic::Ensure),
            (Weaker, Topic::Check),
        ],
    ),
    weak(
        "a wrong password is good enough",
        &[("    false -> attempts\n", "    false -> active\n")],
        &[(Weaker, Topic::Proof)],
    ),
    weak(
        "a wrong code is good enough",
        &[("    false -> tries\n", "    false -> strong\n")],
        &[(Weaker, Topic::Proof), (Weaker, Topic::Ensure)],
    ),
    weak(
        "the limiter of passwords is gone round",
        &[("    false -> attempts\n", "    false -> credentials\n")],
        &[(Weaker, Topic::Tries), (Weaker, Topic::Ensure)],
    ),
    weak(
        "the limiter of codes is gone round",
        &[("    false -> tries\n", "    false -> enter\n")],
        &[(Weaker, Topic::Tries)],
    ),
    weak(
        "a fourth try of the password",
        &[("    retryLimit = 2\n", "    retryLimit = 3\n")],
        &[
            (Weaker, Topic::Tries),
            (Weaker, Topic::Setting),
            (Weaker, Topic::Ensure),
        ],
    ),
    weak(
        "a hundred tries of the code",
        &[("    retryLimit = 3\n", "    retryLimit = 100\n")],
        &[(Weaker, Topic::Tries), (Weaker, Topic::Setting)],
    ),
    weak(
        "spent tries lead to success",
        &[("    Reject -> lock\n", "    Reject -> success\n")],
        &[(Weaker, Topic::Proof)],
    ),
    weak(
        "the level is raised before the second factor",
        &[
            (
                "ModifyAuthLevel(authLevelIncrement = 10) -> generate",
                "ModifyAuthLevel(authLevelIncrement = 20) -> choose",
            ),
            (
                "  node generate: OneTime",
                "  node choose: ChoiceCollector(prompt = \"How?\") {\n    code -> generate\n    skip -> success\n  }\n\n  node generate: OneTime",
            ),
        ],
        &[(Weaker, Topic::Proof), (Weaker, Topic::Ensure)],
    ),
    weak(
        "a higher level for the same proofs",
        &[(
            "  node strong: ModifyAuthLevel(authLevelIncrement = 10)",
            "  node strong: ModifyAuthLevel(authLevelIncrement = 30)",
        )],
        &[(Weaker, Topic::Proof), (Neutral, Topic::Level)],
    ),
    weak(
        "the check of the account fails open",
        &[(
            "    false -> failure\n    on error -> failure\n  }\n\n  node known",
            "    false -> failure\n    on error -> known\n  }\n\n  node known",
        )],
        &[(Weaker, Topic::Check)],
    ),
    weak(
        "an error of the mail leads to success",
        &[(
            "    -> enter\n    on error -> failure",
            "    -> enter\n    on error -> success",
        )],
        &[(Weaker, Topic::Proof), (Weaker, Topic::Error)],
    ),
    weak(
        "an error of the account check leads to success",
        &[(
            "    false -> failure\n    on error -> failure\n  }\n\n  node known",
            "    false -> failure\n    on error -> success\n  }\n\n  node known",
        )],
        &[(Weaker, Topic::Proof), (Weaker, Topic::Error)],
    ),
    weak(
        "inactive accounts get in",
        &[(
            "    true -> known\n    false -> failure\n",
            "    true -> known\n    false -> known\n",
        )],
        &[(Weaker, Topic::Check)],
    ),
    weak(
        "the account is not looked at",
        &[
            ("    true -> active\n", "    true -> known\n"),
            (
                "  node active:",
                "  allow unreachable because \"kept\"\n  node active:",
            ),
        ],
        &[(Weaker, Topic::Check)],
    ),
    weak(
        "the lock unlocks",
        &[("lockAction = \"LOCK\"", "lockAction = \"UNLOCK\"")],
        &[(Weaker, Topic::Setting)],
    ),
    weak(
        "a lock that is followed by success",
        &[(
            "lockAction = \"LOCK\") -> failure",
            "lockAction = \"LOCK\") -> success",
        )],
        &[(Weaker, Topic::Ensure), (Weaker, Topic::Proof)],
    ),
    weak(
        "codes live for an hour",
        &[("passwordExpiryTime = 5m", "passwordExpiryTime = 60m")],
        &[(Weaker, Topic::Setting)],
    ),
    weak(
        "codes are shorter",
        &[("length = 8", "length = 6")],
        &[(Weaker, Topic::Setting)],
    ),
    weak(
        "another identity is named after the password",
        &[
            ("    true -> active\n", "    true -> again\n"),
            (
                "  node active:",
                "  node again: UsernameCollector -> active\n\n  node active:",
            ),
        ],
        &[(Weaker, Topic::Proof), (Client, Topic::Path)],
    ),
    weak(
        "a smaller claim",
        &[("  level = 20\n", "  level = 10\n")],
        &[(Weaker, Topic::Level)],
    ),
    weak(
        "runs may take longer",
        &[("treeTimeout = 5m", "treeTimeout = 60m")],
        &[(Weaker, Topic::Start)],
    ),
    weak(
        "an exception at a node",
        &[(
            "  node known: Modify",
            "  allow level_without_proof because \"later\"\n  node known: Modify",
        )],
        &[],
    ),
    weak(
        "a policy requires less",
        &[("  require level 20\n", "  require level 10\n")],
        &[(Weaker, Topic::Policy)],
    ),
    weak(
        "a policy requires nothing",
        &[("  require level 20\n", "")],
        &[(Weaker, Topic::Policy)],
    ),
    weak(
        "a policy speaks of everyone",
        &[("subjects = [group \"staff\"]", "subjects = [authenticated]")],
        &[(Weaker, Topic::Policy)],
    ),
    weak(
        "a policy grants more",
        &[("actions = [GET, POST]", "actions = [GET, POST, DELETE]")],
        &[(Weaker, Topic::Policy)],
    ),
    weak(
        "a property is dropped with what it spoke of",
        &[
            (
                "  ensure \"locked stays locked\" never success after lock\n",
                "",
            ),
            ("    Reject -> lock\n", "    Reject -> failure\n"),
            (
                "  node lock: AccountLockout(lockAction = \"LOCK\") -> failure\n",
                "",
            ),
        ],
        &[(Weaker, Topic::Ensure), (Neutral, Topic::Node)],
    ),
    weak(
        "a new journey with a password alone",
        &[(
            "policy payments",
            "journey quick {\n  start name\n  node name: UsernameCollector -> secret\n  node secret: PasswordCollector -> compare\n  node compare: DataStoreDecision {\n    true -> success\n    false -> failure\n  }\n}\n\npolicy payments",
        )],
        &[(Neutral, Topic::Journey), (Weaker, Topic::Proof)],
    ),
    weak(
        "a property is dropped that still holds",
        &[("  ensure \"three tries\" at most 3 visits of check\n", "")],
        &[(Weaker, Topic::Ensure)],
    ),
    weak(
        "more networks go round the greeting",
        &[("[\"10.0.0.0/8\"]", "[\"10.0.0.0/8\", \"0.0.0.0/0\"]")],
        &[(Weaker, Topic::Condition)],
    ),
    weak(
        "nobody is locked any more",
        &[
            ("    Reject -> lock\n", "    Reject -> failure\n"),
            (
                "  node lock: Account",
                "  allow unreachable because \"kept\"\n  node lock: Account",
            ),
        ],
        &[(Weaker, Topic::Lock)],
    ),
    weak(
        "a level is raised later than what needs it",
        &[(
            "ModifyAuthLevel(authLevelIncrement = 10) -> generate",
            "ModifyAuthLevel(authLevelIncrement = 5) -> generate",
        )],
        &[(Weaker, Topic::Level)],
    ),
    sound(
        "fewer networks go round the greeting",
        &[(
            "[\"10.0.0.0/8\"]",
            "[\"10.1.0.0/16\"] && request.ip in [\"10.0.0.0/8\"]",
        )],
        &[(Stronger, Topic::Condition)],
    ),
    sound(
        "one try less",
        &[("    retryLimit = 2\n", "    retryLimit = 1\n")],
        &[(Stronger, Topic::Tries), (Stronger, Topic::Setting)],
    ),
    sound(
        "a captcha before the password",
        &[
            ("  start credentials\n", "  start human\n"),
            (
                "  node check: Data",
                "  node human: Message {\n    true -> credentials\n    false -> failure\n  }\n\n  node check: Data",
            ),
        ],
        &[(Client, Topic::Path)],
    ),
    sound(
        "the name is asked on a page of its own",
        &[
            ("    node username: UsernameCollector\n", ""),
            ("  start credentials\n", "  start name\n"),
            (
                "  node check: Data",
                "  node name: UsernameCollector -> credentials\n\n  node check: Data",
            ),
        ],
        &[(Client, Topic::Callbacks), (Client, Topic::Path)],
    ),
    sound(
        "the password is asked first",
        &[(
            "    node username: UsernameCollector\n    node password: PasswordCollector\n",
            "    node password: PasswordCollector\n    node username: UsernameCollector\n",
        )],
        &[(Client, Topic::Callbacks)],
    ),
    sound(
        "another stage",
        &[("stage = \"UsernamePassword\"", "stage = \"Login\"")],
        &[(Client, Topic::Setting)],
    ),
    sound(
        "a policy is gone",
        &[(
            "policy payments \"https://bank.example.com:443/pay/*\" {\n  actions = [GET, POST]\n  subjects = [group \"staff\"]\n  require level 20\n}\n",
            "",
        )],
        &[(Stronger, Topic::Policy)],
    ),
    sound(
        "the greeting is for everyone",
        &[("as inside -> success\n", "as inside -> greet\n")],
        &[(Stronger, Topic::Check)],
    ),
];

#[test]
fn every_edit_is_called_what_it_is() {
    let base = program(BASE);
    let mut wrong = Vec::new();
    for edit in EDITS {
        let after = program(&edited(edit.edits));
        let found = holds_both_ways(&base, &after);
        for (direction, topic) in edit.expected {
            let is = found
                .changes
                .iter()
                .any(|change| change.direction == *direction && change.topic == *topic);
            if !is {
                wrong.push(format!(
                    "{}: no {direction} {topic} in\n{}",
                    edit.name,
                    show(&found)
                ));
            }
        }
        if found.has(Weaker) != edit.weaker {
            wrong.push(format!(
                "{}: weaker is {}\n{}",
                edit.name,
                found.has(Weaker),
                show(&found)
            ));
        }
    }
    assert!(EDITS.iter().filter(|edit| edit.weaker).count() >= 30);
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn what_is_stronger_is_not_called_weaker() {
    let base = program(BASE);
    for edit in EDITS.iter().filter(|edit| edit.weaker) {
        let found = compare(&program(&edited(edit.edits)), &base);
        assert!(found.has(Stronger), "{}\n{}", edit.name, show(&found));
    }
}
