//! Bindings as modules, compiled when this crate is built.
//!
//! They are read as byte code: as text they would take longer to read than most scripts run. Of the first
//! generation a run reads those that its script needs. Scripts themselves import nothing: the modules are found
//! only while the bindings ask.

use std::{cell::Cell, rc::Rc};

use rquickjs::{
    Ctx, Error, Module, Object, Result, Runtime,
    loader::{Bundle, ImportAttributes, Resolver},
};

/// Files before those that import them.
static MODULES: Bundle = rquickjs::embed! {
    "base.js": "src/run/js/base.js",
    "next.js": "src/run/js/next/bindings.js",
    "core.js": "src/legacy/js/core.js",
    "text.js": "src/legacy/js/text.js",
    "collections.js": "src/legacy/js/collections.js",
    "json.js": "src/legacy/js/json.js",
    "state.js": "src/legacy/js/state.js",
    "lang.js": "src/legacy/js/lang.js",
    "time.js": "src/legacy/js/time.js",
    "util.js": "src/legacy/js/util.js",
    "callbacks.js": "src/legacy/js/callbacks.js",
    "action.js": "src/legacy/js/action.js",
    "http.js": "src/legacy/js/http.js",
    "jose.js": "src/legacy/js/jose.js",
    "outside.js": "src/legacy/js/outside.js",
    "begin.js": "src/legacy/js/begin.js",
};

/// Their texts, so that a change of one has this file compiled again.
const _: [&str; 16] = [
    include_str!("js/base.js"),
    include_str!("js/next/bindings.js"),
    include_str!("../legacy/js/core.js"),
    include_str!("../legacy/js/text.js"),
    include_str!("../legacy/js/collections.js"),
    include_str!("../legacy/js/json.js"),
    include_str!("../legacy/js/state.js"),
    include_str!("../legacy/js/lang.js"),
    include_str!("../legacy/js/time.js"),
    include_str!("../legacy/js/util.js"),
    include_str!("../legacy/js/callbacks.js"),
    include_str!("../legacy/js/action.js"),
    include_str!("../legacy/js/http.js"),
    include_str!("../legacy/js/jose.js"),
    include_str!("../legacy/js/outside.js"),
    include_str!("../legacy/js/begin.js"),
];

/// The modules of one runtime.
#[derive(Debug, Clone, Default)]
pub(super) struct Modules {
    open: Rc<Cell<bool>>,
}

impl Modules {
    /// Puts them into a runtime, closed.
    pub(super) fn install(&self, runtime: &Runtime) {
        runtime.set_loader(self.clone(), MODULES);
    }

    /// Reads one, with those that it imports.
    ///
    /// # Errors
    /// There is no such module, or a bound of the run is reached.
    pub(super) fn import<'js>(&self, ctx: &Ctx<'js>, name: &str) -> Result<Object<'js>> {
        let was = self.open.replace(true);
        let read = Module::import(ctx, format!("{name}.js"));
        // What is still to be done may be a script's, which finds none.
        self.open.set(was);
        read?.finish()
    }
}

impl Resolver for Modules {
    fn resolve<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        base: &str,
        name: &str,
        attributes: Option<ImportAttributes<'js>>,
    ) -> Result<String> {
        if self.open.get() {
            return { MODULES }.resolve(ctx, base, name, attributes);
        }
        Err(Error::new_resolving(base, name))
    }
}
