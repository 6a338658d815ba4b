//! Scripts that run: in a journey, with a world that answers what they ask.

mod bindings;
mod budget;
mod calls;
mod rules;
pub(crate) mod stage;
mod types;

use stage::Stage;

#[test]
fn a_script_sets_its_outcome() {
    for script in [
        "var outcome = 'one';",
        "outcome = 'one';",
        "let outcome = 'one';",
        "const outcome = `${'o'}ne`;",
        "action.goTo('one');",
        "action.goTo('one'); outcome = 'two';",
        "(function () { 'use strict'; action.goTo('one'); }());",
        "Promise.resolve('one').then(it => action.goTo(it)); ",
    ] {
        assert_eq!(Stage::new(script).left(), "one", "{script}");
    }
}
