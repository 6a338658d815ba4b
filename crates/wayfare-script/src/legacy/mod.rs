//! Scripts of the first generation of bindings, as the product ran them on an interpreter in Java.
//!
//! In: the text of such a script. Out: the text that is run, and the modules that it finds in place of what Java
//! gave it: classes by name, lists, maps, callbacks and actions, all of them plain JavaScript in `js`. What runs
//! them is not here.

#[cfg(feature = "run")]
mod dialect;
mod groovy;
mod tokens;

#[cfg(feature = "run")]
pub(crate) use self::dialect::translated;
pub use self::groovy::{GROOVY_ADVICE, GroovySign, groovy_sign};
