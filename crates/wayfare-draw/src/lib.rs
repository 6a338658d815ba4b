//! Pictures of journeys, drawn from the graph that runs.
//!
//! In: a compiled journey and, where there is one, an overlay: coverage, a run, levels. Out: a picture as
//! text. Deliberately not here: files, colours of terminals, and pictures of anything but journeys.

mod coverage;
mod group;
mod html;
pub mod layout;
mod levels;
mod overlay;
mod run;
mod scene;
mod style;
mod svg;
mod text;

pub use coverage::{BadCoverage, Count, Counts, Coverage, Figures};
pub use html::html;
pub use overlay::{Overlay, Paint, Tone};
pub use run::{BadTrace, Left, read_trace, steps};
pub use svg::svg;
