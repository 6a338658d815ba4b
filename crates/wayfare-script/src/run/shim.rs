//! The bindings of a generation, as they are written in JavaScript.

use wayfare::Generation;

/// The bindings of a generation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shim {
    /// The module that has its function.
    pub(crate) module: &'static str,
    /// What the module calls it: a function of `(given, host, expose, exposeLazily)` that gives the function by
    /// which the engine reads what the script has said.
    pub(crate) function: &'static str,
    /// What `host.load(name)` reads.
    pub(crate) parts: Parts,
}

/// Parts of bindings, which are read when a script needs them.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Parts {
    /// Expressions by their names.
    Texts(&'static [(&'static str, &'static str)]),
    /// Modules.
    Modules,
}

/// The module of bounds, the clock and what all generations have in common.
pub(super) const BASE: &str = "base";

/// Parts of [`BASE`].
pub(super) const BASE_PARTS: &[(&str, &str)] = &[("date", include_str!("js/date.js"))];

const NEXT: Shim = Shim {
    module: "next",
    function: "default",
    parts: Parts::Texts(&[
        ("callbacks", include_str!("js/next/callbacks.js")),
        ("builder", include_str!("js/next/builder.js")),
        ("identity", include_str!("js/next/identity.js")),
        ("http", include_str!("js/next/http.js")),
        ("utils", include_str!("js/next/utils.js")),
    ]),
};

const FIRST: Shim = Shim {
    module: "begin",
    function: "begin",
    parts: Parts::Modules,
};

/// The bindings of a generation; none of Groovy.
pub(super) fn of(generation: Generation) -> Option<Shim> {
    match generation {
        Generation::Next => Some(NEXT),
        Generation::First => Some(FIRST),
        Generation::Groovy => None,
    }
}
