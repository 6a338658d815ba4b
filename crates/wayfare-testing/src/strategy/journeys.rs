//! Random journeys and programs.

use std::borrow::Cow;

use proptest::{collection::vec, prelude::*};
use wayfare::{
    Action, Compiler, Context, Effect, EffectReply, Engine, NodeError, NodeType, Prepared, Program,
    Registry, Reply, Setup, Severity, Signature, Source, Valid, Value,
    engine::effect::Custom,
    model::{journey::OutcomeId, signature::Outcomes},
};

use super::{construct::Construct, grow::Grower};

/// A random program: its text, and what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grown {
    /// The files by name; the first journey of `login.journey` that can be started is called `Login` on
    /// the wire.
    pub files: Vec<(String, String)>,
    /// What stands in it, each as often as it does.
    pub constructs: Vec<Construct>,
}

impl Grown {
    /// One journey, from numbers; fewer and smaller numbers make less.
    pub fn journey(numbers: &[u16]) -> Self {
        let mut grower = Grower::new(numbers);
        grower.journey();
        Self::of(grower)
    }

    /// Several journeys in several files, from numbers.
    pub fn program_of(numbers: &[u16]) -> Self {
        let mut grower = Grower::new(numbers);
        grower.program();
        Self::of(grower)
    }

    fn of(grower: Grower<'_>) -> Self {
        Self {
            files: grower.files,
            constructs: grower.constructs,
        }
    }

    /// The text of the file that the journey `Login` stands in.
    pub fn text(&self) -> &str {
        let login = self.files.iter().find(|(name, _)| name == "login.journey");
        login.map_or("", |(_, text)| text)
    }

    /// The program, checked.
    ///
    /// # Errors
    /// What the compiler found, with the text: then this crate is at fault.
    pub fn program(&self) -> Result<Valid<Program>, String> {
        let registry = Registry::standard();
        let sources = self
            .files
            .iter()
            .map(|(name, text)| Source::new(name.as_str(), text.as_str()));
        let compiled = Compiler::new(registry.catalog()).compile(sources);
        compiled.program.ok_or_else(|| {
            let found: Vec<String> = compiled
                .diagnostics
                .iter()
                .filter(|found| found.severity == Severity::Error)
                .map(|found| format!("{}: {}", found.code, found.message))
                .collect();
            format!("{}\n\n{}", found.join("\n"), self.text())
        })
    }

    /// The engine, with a stand-in for the type that is declared in the text.
    ///
    /// # Errors
    /// As [`Grown::program`], and what linking found.
    pub fn engine(&self) -> Result<Engine, String> {
        Engine::link(self.program()?, registry()).map_err(|errors| errors.to_string())
    }
}

/// Journeys that compile, whatever they are shrunk to: one that can be started, with fragments and inner
/// journeys of its own.
pub fn journeys() -> impl Strategy<Value = Grown> {
    vec(any::<u16>(), 0..200).prop_map(|numbers| Grown::journey(&numbers))
}

/// Programs that compile, whatever they are shrunk to: several journeys in several files, with imports
/// and policies.
pub fn programs() -> impl Strategy<Value = Grown> {
    vec(any::<u16>(), 0..300).prop_map(|numbers| Grown::program_of(&numbers))
}

/// The built-in types, and a stand-in for the type `Gadget` that random journeys declare.
///
/// It calls out with an effect of the kind `gadget`; where the reply is `false`, it leaves by `false`.
pub fn registry() -> Registry {
    let mut registry = Registry::standard();
    // The name is none of the built-in types.
    let _ = registry.add(Gadget);
    registry
}

/// A type that a text declares with `extern`.
#[derive(Debug)]
struct Gadget;

#[derive(Debug)]
struct GadgetNode {
    yes: OutcomeId,
    no: OutcomeId,
}

impl NodeType for Gadget {
    fn signature(&self) -> Signature {
        Signature {
            outcomes: Outcomes::Fixed(Cow::Borrowed(&[
                Cow::Borrowed("true"),
                Cow::Borrowed("false"),
            ])),
            ..Signature::new("Gadget", "GadgetNode")
        }
    }

    fn prepare(&self, setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
        Ok(Box::new(GadgetNode {
            yes: setup.outcome("true")?,
            no: setup.outcome("false")?,
        }))
    }
}

impl Prepared for GadgetNode {
    fn enter(&self, _: &mut Context<'_>) -> Result<Action, NodeError> {
        Ok(Action::call(Effect::Custom(Custom {
            kind: "gadget".into(),
            request: Value::Null,
            once: false,
        })))
    }

    fn resume(&self, _: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        match reply {
            Reply::Effect(EffectReply::Custom(Value::Bool(false))) => Ok(Action::go(self.no)),
            Reply::Effect(EffectReply::Custom(_)) => Ok(Action::go(self.yes)),
            _ => Err(NodeError::new("the gadget says nothing")),
        }
    }
}
