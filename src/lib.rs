#![doc = include_str!("../README.md")]

extern crate alloc;
// Some tests of the library stand inside it and name it as those outside do.
#[cfg(test)]
extern crate self as wayfare;

pub mod codes;
mod diagnostic;
pub mod encoded_word;
mod route;
mod secret;
mod source;
pub mod spelling;

pub mod syntax;

pub mod model;

pub mod catalogue;

pub mod compile;

pub mod analysis;

pub mod diff;

pub mod engine;

pub use engine::headless;

mod nodes;

pub mod filter;

pub mod otpauth;

pub mod policy;

pub use compile::{
    CompileLimits, Compiled, Compiler, ImportError, Importer, MemoryImporter, ProgramHash, Trees,
    UnknownParameter,
};
pub use diagnostic::{Code, Diagnostic, Diagnostics, Fix, Label, Severity};
pub use route::{Route, RouteOn, RouteStep};
pub use secret::Secret;
pub use source::{LineColumn, Source, SourceId, SourceMap, Span};

pub use engine::{
    action::{Action, Go, Reply, Subject, Suspend},
    advice::{Advice, Candidate, Journeys, Qualified, Resolution},
    callback::{Answer, Ask, Callback},
    context::Context,
    effect::{Effect, EffectReply, SubjectId},
    error::{AnswerError, EngineError, LinkError, NodeError},
    ground::{CredentialDetail, Ground},
    host::{Host, Timestamp},
    limits::Limits,
    link::{LinkErrors, Secrets},
    node_type::{NodeType, Prepared, Setup},
    output::Output,
    registry::Registry,
    request::Request,
    script::{
        Called, Generation, Interpreted, Interpreter, ScriptAction, ScriptText, ScriptUse,
        ScriptView,
    },
    seal::{Seal, SealError},
    session::{AuthSession, Engine},
    silent::Silent,
    start::{Start, StartSession},
    step::{End, Ending, Failure, FailureReason, Input, Step, Success},
    trace::Event,
};
pub use filter::{Filter, FilterError};
pub use model::{
    catalog::Catalog,
    ground::GroundKind,
    level::{AuthLevel, Greatest, LevelSpan},
    program::{Program, Valid},
    realm::Realm,
    script::{ScriptFacts, ScriptReader},
    signature::{Factor, Setting, Signature},
    text::LocalizedText,
    value::{Decimal, Type, Value},
};
pub use nodes::ExternalNode;
pub use syntax::{ast, format, parse};

/// The Rust in docs/embedding.md, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../docs/embedding.md")]
mod embedding {}
