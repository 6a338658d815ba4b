//! The table of diagnostic codes: one line a code, sorted by the pass that raises it.
//!
//! A code is a word that never changes its meaning. `check`, `explain` and docs/diagnostics.md read this
//! table; a test refuses a code without a page there.

use crate::diagnostic::{Code, Severity};

/// A pass of the compiler, or another part that says findings, with its codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pass {
    /// What it looks at, in a word.
    pub name: &'static str,
    /// Its codes.
    pub codes: &'static [Code],
}

macro_rules! codes {
    ($($pass:literal { $($name:ident $word:literal $severity:ident $allow:ident $summary:literal;)* })*) => {
        $($(
            #[doc = $summary]
            pub const $name: Code = Code {
                word: $word,
                severity: Severity::$severity,
                allowable: codes!(@ $allow),
                summary: $summary,
            };
        )*)*
        /// Every code, in the order of the passes.
        pub const ALL: &[Code] = &[$($($name,)*)*];
        /// The passes in their order, each with its codes.
        pub const PASSES: &[Pass] = &[$(Pass { name: $pass, codes: &[$($name,)*] },)*];
    };
    (@ fixed) => { false };
    (@ allowable) => { true };
}

codes! {
    "reading" {
        FILE_TOO_LARGE "file_too_large" Error fixed "the file is larger than the limit";
        TOO_MANY_FILES "too_many_files" Error fixed "a program has more files than the limit";
        TOO_DEEP "too_deep" Error fixed "brackets are nested deeper than the limit";
        BAD_ENCODING "bad_encoding" Error fixed "the text holds a character that has no place in a journey";
        HIDDEN_CHARACTER "hidden_character" Error fixed "a string or comment holds a character that changes how the text is shown";
        SYNTAX "syntax" Error fixed "a line that the grammar does not know";
        UNCLOSED "unclosed" Error fixed "a block or string is not closed";
        BAD_LITERAL "bad_literal" Error fixed "a number, duration, size or escape is not well formed";
    }
    "names" {
        DUPLICATE_NAME "duplicate_name" Error fixed "a name is given twice in one place";
        RESERVED_NAME "reserved_name" Error fixed "a word of the language is used as a name";
        BAD_WIRE_NAME "bad_wire_name" Error fixed "the name on the wire breaks the rules for such names";
        COLON_IN_WIRE_NAME "colon_in_wire_name" Warning fixed "a colon in a name on the wire reads as a realm in an advice";
        UNKNOWN_IMPORT "unknown_import" Error fixed "an imported file is not there";
        IMPORT_CYCLE "import_cycle" Error fixed "files import each other in a circle";
        IMPORT_OUTSIDE "import_outside" Error fixed "an import leaves the folder of the realm";
        IMPORTED_JOURNEY "imported_journey" Error fixed "an imported file may hold fragments and constants only";
        UNKNOWN_NAME "unknown_name" Error fixed "a constant or parameter of this name is not there";
        UNKNOWN_TARGET "unknown_target" Error fixed "an arrow points to a node that is not there";
        UNKNOWN_JOURNEY "unknown_journey" Error fixed "a journey of this name is not there";
        UNKNOWN_TYPE "unknown_type" Error fixed "a node type of this name is not known";
        KNOWN_TYPE "known_type" Error fixed "an `extern` declares a type that the catalogue knows";
        RECURSIVE_FRAGMENT "recursive_fragment" Error fixed "a fragment uses itself";
        RECURSIVE_JOURNEY "recursive_journey" Error fixed "an inner journey leads back to its caller";
        RECURSIVE_CONSTANT "recursive_constant" Error fixed "a constant is defined by itself";
        TOO_MANY_NODES "too_many_nodes" Error fixed "a journey has more nodes than the limit";
        MISSING_START "missing_start" Error fixed "a journey or fragment does not say where it starts";
        MISSING_PARAMETER "missing_parameter" Error fixed "a parameter without a default is not bound";
        NAMING "naming" Warning allowable "a name does not follow the custom of the language";
        UNUSED "unused" Warning allowable "a constant, parameter, fragment or import is never used";
    }
    "values" {
        UNKNOWN_SETTING "unknown_setting" Error fixed "the type has no setting of this name";
        MISSING_SETTING "missing_setting" Error fixed "a required setting is not given";
        WRONG_TYPE "wrong_type" Error fixed "a value is not of the type expected here";
        WRONG_UNIT "wrong_unit" Error fixed "a duration or size does not fit the unit of the setting";
        OUT_OF_RANGE "out_of_range" Error fixed "a value lies outside what the setting allows";
        CONTRADICTING_SETTINGS "contradicting_settings" Error fixed "two settings of a journey exclude each other";
        SECRET_LITERAL "secret_literal" Error fixed "a secret is written in the text";
        SECRET_IN_TEXT "secret_in_text" Error fixed "a secret flows into a text";
    }
    "expressions" {
        UNGUARDED_KEY "unguarded_key" Error fixed "a value that may be missing is read without `has`";
        UNKNOWN_FUNCTION "unknown_function" Error fixed "a function of this name is not there";
        UNKNOWN_PATH "unknown_path" Error fixed "a path does not begin with a scope that can be read";
        BAD_PATTERN "bad_pattern" Error fixed "a pattern of `matches` is not well formed";
    }
    "wiring" {
        UNWIRED_OUTCOME "unwired_outcome" Error fixed "an outcome of a node leads nowhere";
        UNKNOWN_OUTCOME "unknown_outcome" Error fixed "the type has no outcome of this name";
        DUPLICATE_OUTCOME "duplicate_outcome" Error fixed "an outcome is wired twice";
        AMBIGUOUS_ARROW "ambiguous_arrow" Error fixed "an arrow without a name stands for exactly one outcome";
        MISSING_ELSE "missing_else" Error fixed "a decision has no `else`";
        MISPLACED "misplaced" Error fixed "an item stands where it has no meaning";
        BAD_PAGE "bad_page" Error fixed "a page holds what a page cannot hold";
        BAD_EXIT "bad_exit" Error fixed "an exit of a fragment is not wired, not reached or not known";
    }
    "policies" {
        BAD_RESOURCE "bad_resource" Error fixed "a pattern of resources is not well formed";
        UNKNOWN_SUBJECT "unknown_subject" Error fixed "a policy speaks of a kind of subject that is not known";
        UNKNOWN_REQUIREMENT "unknown_requirement" Error fixed "a policy requires something that cannot be required";
        NOT_STARTABLE "not_startable" Error fixed "a policy asks for a journey that nobody can start";
    }
    "shape" {
        UNREACHABLE "unreachable" Error allowable "nothing leads to this node";
        NO_SUCCESS "no_success" Error allowable "no way through the journey ends in success";
        IGNORED_OUTCOME "ignored_outcome" Error allowable "how a node ends that is not the last of its page decides nothing";
        LOOSE_END "loose_end" Warning allowable "an arrow is declared to lead nowhere";
        SPINNING_LOOP "spinning_loop" Error allowable "a loop neither asks nor counts";
        MAYBE_SPINNING_LOOP "maybe_spinning_loop" Warning allowable "a loop asks and counts only if a script on it asks";
        UNBOUNDED_PASSWORD_LOOP "unbounded_password_loop" Error allowable "a secret can be tried without a limit";
        COUNT_RESET "count_reset" Error allowable "a new code begins the count of tries anew";
        NO_WAY_OUT "no_way_out" Error allowable "from a node that can be reached no end can be";
    }
    "scripts" {
        UNWIRED_SCRIPT_OUTCOME "unwired_script_outcome" Warning allowable "a script leaves by an outcome that leads nowhere";
        UNSET_OUTCOME "unset_outcome" Warning allowable "a script never leaves by an outcome that is wired";
        UNLISTED_KEY "unlisted_key" Warning allowable "a script touches a key that its node does not list";
    }
    "proofs" {
        ENSURE_FAILED "ensure_failed" Error allowable "a property of the journey does not hold";
        UNKNOWN_PLACE "unknown_place" Error fixed "a property speaks of a place that is not there";
        GUARD_FAILED "guard_failed" Error fixed "a journey does not meet what a guard of its realm asks";
        IDLE_GUARD "idle_guard" Warning fixed "a guard that no journey of this program has to meet";
        UNPROVED_SUCCESS "unproved_success" Error allowable "success is reached without a proof of who logs in";
        IDENTITY_SWAPPED "identity_swapped" Error allowable "another person is named after somebody was proved";
        ENUMERATION "enumeration" Error allowable "a stranger can tell a known user from an unknown one";
        UNPROVED_WRITE "unproved_write" Error allowable "an account is changed without a proof of whose it is";
        LEVEL_NOT_REACHED "level_not_reached" Error allowable "the journey claims a level that some way to success does not reach";
        LEVEL_WITHOUT_PROOF "level_without_proof" Error allowable "the level is raised on a way without any proof";
        UNBOUNDED_LEVEL "unbounded_level" Warning allowable "a loop raises the level on every round";
        UNSATISFIABLE_ADVICE "unsatisfiable_advice" Warning allowable "no journey can give what a policy requires";
        UNWRITTEN_KEY "unwritten_key" Error allowable "a node needs a value that nothing before it writes";
        MAYBE_UNWRITTEN_KEY "maybe_unwritten_key" Warning allowable "a node needs a value that some way to it does not write";
        TYPE_CLASH "type_clash" Error allowable "a value is read with another type than it is written with";
        LOST_VALUE "lost_value" Error allowable "a transient value is lost before it is read";
        LEAKED_SECRET "leaked_secret" Error allowable "a secret comes to where it may be seen";
        DEAD_WRITE "dead_write" Warning allowable "a value is written, and nothing can ever read it";
    }
    "tests" {
        BAD_TEST "bad_test" Error fixed "a line of a test has no meaning where it stands";
        UNKNOWN_NODE "unknown_node" Error fixed "a test names a node that is not there";
        UNKNOWN_CALLBACK "unknown_callback" Error fixed "a test speaks of a callback that the node does not send";
        UNKNOWN_CHOICE "unknown_choice" Error fixed "a test answers with a choice or button that the node does not offer";
        UNKNOWN_EFFECT "unknown_effect" Error fixed "a test speaks of an effect that is not known or that the node does not have done";
        UNKNOWN_FIELD "unknown_field" Error fixed "a record of a test has no field of this name";
        UNKNOWN_USER "unknown_user" Error fixed "a test speaks of a user that it does not give";
        NO_EXPECTATION "no_expectation" Warning fixed "a test expects nothing";
        TEST_FAILED "test_failed" Error fixed "an expectation of a test does not hold";
    }
    "bindings" {
        UNKNOWN_BOUND_JOURNEY "unknown_bound_journey" Error fixed "a binding runs a journey that is not there or cannot be started";
        UNBOUND_INPUT "unbound_input" Error fixed "a journey that is bound asks for something that no field brings";
        UNASKED_FIELD "unasked_field" Error fixed "a bound field goes to an input that the journey never asks for";
        SHARED_INPUT "shared_input" Error fixed "two fields are bound to one input";
        UNFIT_FIELD "unfit_field" Error fixed "a bound field holds a password and goes to an input that is none, or the other way round";
        UNKNOWN_FORM "unknown_form" Error fixed "a binding names a form, or a field of one, that no flow has";
        UNBOUND_GROUND "unbound_ground" Error fixed "a journey that is bound can fail in a way that has no code";
    }
    "exceptions" {
        UNKNOWN_CODE "unknown_code" Error fixed "an `allow` names a code that is not there or cannot be allowed";
        UNUSED_ALLOW "unused_allow" Warning fixed "an `allow` silences nothing";
    }
}

/// The code with this word.
pub fn find(word: &str) -> Option<Code> {
    ALL.iter().find(|code| code.word == word).copied()
}
