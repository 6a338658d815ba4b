//! The wire of Autonomous Identity: four operations of authentication and those beside them.
//!
//! A request comes in as [`Parts`](crate::am::request::Parts) with its whole path; [`Asked::read`](call::Asked::read) says what
//! it asks for, or how it is refused. Nothing is looked up here: who a token belongs to, what a journey says
//! of a password and which keys sign is for whoever serves. The vendor documents no answer but the good ones;
//! what this server decides stands in docs/autoid.md.
//!
//! | Module | What it holds |
//! |---|---|
//! | [`operation`] | the operations, their paths and methods |
//! | [`call`] | what a request asks for, typed |
//! | [`credential`] | the token of a request |
//! | [`refusal`] | how requests are refused |
//! | [`user`] | a user as this wire shows one |
//! | [`token`] | the claims of a token, and how one is renewed |
//! | [`role`] | what groups may do |
//! | [`reply`] | answers that went well |

pub mod call;
pub mod credential;
pub mod operation;
pub mod refusal;
pub mod reply;
pub mod role;
pub mod token;
pub mod user;
