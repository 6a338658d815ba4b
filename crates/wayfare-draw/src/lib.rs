//! Pictures of journeys, drawn from the graph that runs.
//!
//! In: a compiled journey and, where there is one, an overlay: coverage, a run, levels. Out: a picture as
//! text. Deliberately not here: files, colours of terminals, and pictures of anything but journeys.

mod group;
pub mod layout;
mod overlay;
mod scene;
mod style;
mod svg;
mod text;

pub use overlay::{Overlay, Paint, Tone};
pub use svg::svg;
