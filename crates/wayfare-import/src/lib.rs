//! Journeys of the product as text, and back.
//!
//! ```text
//! files ── read ──▶ Bundle ── write ──▶ Project (text, side files)
//!       ◀── pack ──        ◀── derive ──
//! ```
//!
//! In: the files of an export, in any packaging that is in use, as paths and bytes. Out: a folder of
//! `.journey` files as values, with scripts and side files beside, and what was noticed on the way. Both
//! halves of the way back are here too. A [`Bundle`] is what lies between: the product's own model, without
//! the packaging. Deliberately not here: files and folders, clocks, servers, and how scripts run.

mod bundle;
mod derive;
mod finding;
mod pack;
mod project;
mod read;
mod side;
mod spelling;
mod write;

pub use bundle::{Bundle, Form, Node, NodeId, Place, Script, Spelling, Tree};
pub use derive::{DeriveOptions, Derived, derive, derived_id};
pub use finding::{Code, Finding};
pub use pack::{OutputFile, PackError, pack, standard_lists};
pub use project::{Imported, Names, Project};
pub use read::{InputFile, ReadLimits, Reading, read};
pub use side::{Restored, program_of, restore, side_files, side_of};
pub use write::{Beside, STANDS_IN, WriteOptions, fits, names_secret, write, write_beside};
