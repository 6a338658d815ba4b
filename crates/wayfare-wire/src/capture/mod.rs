//! The wire of Capture, the customer login service of Janrain and then Akamai.
//!
//! Five operations below `/access` hand out codes and tokens, eleven below `/oauth` log users in, register
//! and change them, and `/entity` reads the record that a token stands for. A request's parts come in as
//! [`Parts`](crate::am::request::Parts) with the path below the place where Capture is served; an answer is
//! always JSON, and always says in `stat` how it went. What this server decides where the original left
//! it open stands in docs/capture.md.
//!
//! | Module | What it holds |
//! |---|---|
//! | [`request`] | a request, read as a whole |
//! | [`operation`] | the operations, their paths and methods |
//! | [`parameters`] | one flat map of texts out of form, JSON or multipart |
//! | [`client`] | who sends a request, and what clients may do |
//! | [`sign`] | signed requests |
//! | [`call`] | what a request asks for, typed |
//! | [`error`] | the closed table of errors, and how one is written |
//! | [`flow`] | forms and fields, and what is wrong with one as it came |
//! | [`pattern`] | what a rule of a field may ask for beside what is built in |
//! | [`reply`] | answers that went well |
//! | [`date`] | the two ways in which a time is written |
//! | [`digit`] | the digits of random ids and secrets |

pub mod call;
pub mod client;
pub mod date;
pub mod digit;
pub mod error;
pub mod flow;
mod multipart;
pub mod operation;
pub mod parameters;
pub mod pattern;
pub mod reply;
pub mod request;
pub mod sign;
