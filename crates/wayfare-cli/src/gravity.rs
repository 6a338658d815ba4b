//! What matters first among many findings.
//!
//! In: codes of findings, of the language or of an import. Out: the kind that each belongs to, the kinds in
//! the order in which somebody with a thousand findings should read them. How a finding is drawn is not here.

use wayfare_import::Code;

/// A kind of findings: what they have in common, and their codes, gravest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kind {
    /// What they have in common.
    pub(crate) title: &'static str,
    /// The codes.
    codes: &'static [&'static str],
}

/// The kinds of findings of the language that an import allows, gravest first.
const OF_JOURNEYS: &[Kind] = &[
    Kind {
        title: "ways in without a limit",
        codes: &[
            "unbounded_password_loop",
            "count_reset",
            "spinning_loop",
            "maybe_spinning_loop",
        ],
    },
    Kind {
        title: "identity not bound",
        codes: &[
            "unproved_success",
            "identity_swapped",
            "unproved_write",
            "level_without_proof",
            "level_not_reached",
            "unbounded_level",
            "ensure_failed",
        ],
    },
    Kind {
        title: "no path to success",
        codes: &["no_success", "no_way_out"],
    },
    Kind {
        title: "arrows that lead nowhere",
        codes: &["loose_end", "unreachable"],
    },
    Kind {
        title: "outcomes of scripts that nobody takes",
        codes: &["unwired_script_outcome", "unset_outcome", "unlisted_key"],
    },
    Kind {
        title: "secrets in shared state",
        codes: &["leaked_secret", "lost_value"],
    },
    Kind {
        title: "strangers can tell who is a user",
        codes: &["enumeration"],
    },
    Kind {
        title: "values that may be missing",
        codes: &["unwritten_key", "maybe_unwritten_key", "type_clash"],
    },
];

/// The kind of all others.
const OTHER: Kind = Kind {
    title: "other remarks",
    codes: &[],
};

/// The kinds of findings of an import, gravest first.
const OF_IMPORTS: &[Kind] = &[
    Kind {
        title: "not brought",
        codes: &[
            "unreadable_file",
            "bad_json",
            "unknown_format",
            "too_deep",
            "too_large",
            "not_compiled",
        ],
    },
    Kind {
        title: "parts that are missing",
        codes: &[
            "dangling_edge",
            "missing_entry",
            "missing_inner_tree",
            "inner_tree_cycle",
            "missing_node",
            "missing_script",
            "unbound_variable",
            "unknown_node_type",
            "empty_page",
            "bad_page",
        ],
    },
    Kind {
        title: "secrets",
        codes: &["inline_secret"],
    },
    Kind {
        title: "not as it was meant",
        codes: &[
            "unwired_outcome",
            "unknown_outcome",
            "bad_value",
            "unknown_setting",
            "groovy_script",
            "orphan_node",
            "duplicate_id",
            "unsafe_name",
            "no_counterpart",
        ],
    },
];

/// Where a code of the language stands: the number of its kind, its number there, and the kind.
pub(crate) fn of_journeys(word: &str) -> (usize, usize, Kind) {
    among(OF_JOURNEYS, word)
}

/// Where a code of an import stands.
pub(crate) fn of_imports(code: Code) -> (usize, usize, Kind) {
    among(OF_IMPORTS, code.word())
}

/// Whether a finding says that something of the export is not there at all.
pub(crate) fn is_loss(code: Code) -> bool {
    of_imports(code).0 == 0
}

fn among(kinds: &[Kind], word: &str) -> (usize, usize, Kind) {
    for (at, kind) in (0..).zip(kinds) {
        if let Some(within) = kind.codes.iter().position(|code| *code == word) {
            return (at, within, *kind);
        }
    }
    (kinds.len(), 0, OTHER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_of_an_import_has_its_place() {
        for (code, word) in Code::ALL {
            assert_ne!(of_imports(*code).2, OTHER, "{word}");
        }
    }

    #[test]
    fn the_codes_of_the_kinds_are_codes_that_can_be_allowed() {
        for kind in OF_JOURNEYS {
            for word in kind.codes {
                let code = wayfare::codes::find(word).unwrap();
                assert!(code.allowable, "{word}");
            }
        }
        for kind in OF_IMPORTS {
            for word in kind.codes {
                assert!(Code::ALL.iter().any(|(_, known)| known == word), "{word}");
            }
        }
    }
}
