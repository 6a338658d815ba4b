//! Scripts of journeys.
//!
//! In: the text of a script, and what its node sees of a run. Out: what the text tells without being run, for the
//! checks of the compiler, in Rust alone; and what the script decides, from an engine that is embedded here
//! (feature `run`). Nothing of the journey is decided here, and nothing outside is reached: what a script needs
//! from there leaves as an effect of the engine's.

mod facts;
mod legacy;
#[cfg(feature = "run")]
mod run;
mod suggest;

pub use facts::{READER, Reader, facts};
pub use legacy::{GROOVY_ADVICE, GroovySign, groovy_sign};
#[cfg(feature = "run")]
pub use run::{Budget, Meter, Permissions, Scripts, Settings};
pub use suggest::{But, Suggestion, suggest};
