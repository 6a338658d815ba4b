//! The engine by its public surface: journeys as text in, steps out.

mod advice;
mod evidence;
mod ground;
mod guard;
mod headless;
mod inner;
mod laws;
mod levels;
mod limits;
mod obligations;
mod page;
mod probe;
mod random;
mod run;
mod silent;
mod snapshot;
mod start;
mod state;
mod support;
