//! Types that look at the account, the auth level, or whether a machine is at work.

use super::{
    credential::USERNAME,
    entry::{Entry, Kind::Int, int_or, node, on, shared, word},
};

pub(super) const TYPES: &[Entry] = &[
    node(
        "AuthLevelDecisionNode",
        "Asks whether the auth level suffices",
    )
    .settings(&[int_or("authLevelRequirement", 0).within(0, LEVEL_MAX)])
    .outcomes(&["true", "false"])
    .reads(&[shared("authLevel", Int)])
    .facts(&[on("true").level_at_least("authLevelRequirement")]),
    node("ModifyAuthLevelNode", "Raises or lowers the auth level")
        .settings(&[int_or("authLevelIncrement", 0).within(-LEVEL_MAX, LEVEL_MAX)])
        .reads(&[shared("authLevel", Int)])
        .writes(&[shared("authLevel", Int).always()])
        .facts(&[on("outcome").level_by("authLevelIncrement")]),
    node(
        "AccountActiveDecisionNode",
        "Asks whether the account is active",
    )
    .outcomes(&["true", "false"])
    .reads(&[USERNAME.always()])
    .calls_out(),
    node("AccountLockoutNode", "Locks or unlocks the account")
        .settings(&[word("lockAction", "LOCK", &["LOCK", "UNLOCK"])])
        .reads(&[USERNAME.always()])
        .calls_out(),
];

/// The greatest auth level.
const LEVEL_MAX: i64 = i32::MAX as i64;
