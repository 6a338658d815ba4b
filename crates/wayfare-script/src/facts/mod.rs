//! What the text of a script tells.
//!
//! In: a text, and for which generation of bindings it is written. Out: [`ScriptFacts`], which leave nothing
//! out: the script is read into a tree, and the tree is run over sets of what each value may be, so that every
//! way is taken. What that cannot follow — `eval`, names that are computed, functions that call themselves —
//! gives up, and then nothing is known. Nothing is executed, and no engine is needed.

mod build;
mod parse;
mod problem;
mod run;
mod state;
mod token;
pub(crate) mod tree;
mod value;

pub(crate) use parse::parse;
use wayfare::{Generation, ScriptFacts, ScriptReader, model::script::Lines};

/// How long a script may be that is read.
const BYTES_MAX: usize = 256 * 1024;

/// What scripts in JavaScript tell, for [`Compiler::scripts`](wayfare::Compiler::scripts).
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct Reader;

/// The reader of scripts, for a compiler that lives as long as it likes.
pub static READER: Reader = Reader;

impl Reader {
    /// A reader of scripts.
    pub fn new() -> Self {
        Self
    }
}

impl ScriptReader for Reader {
    fn read(&self, path: &str, text: &str) -> ScriptFacts {
        facts(text, wayfare::ScriptText::new(path, text).generation())
    }
}

/// What the text of a script tells.
pub fn facts(text: &str, generation: Generation) -> ScriptFacts {
    if generation == Generation::Groovy {
        return ScriptFacts::unread(1, "it is written in Groovy");
    }
    if text.len() > BYTES_MAX {
        return ScriptFacts::unread(1, "it is too long");
    }
    let script = match parse(text) {
        Ok(script) => script,
        Err(unread) => return ScriptFacts::unread(unread.line, unread.why),
    };
    let ran = run::run(&script, generation, false);
    match ran {
        Ok((states, notes)) => build::build(&script, generation, &states, &notes),
        Err(unread) => {
            let mut facts = ScriptFacts::unread(unread.line, unread.why);
            facts.outcomes = Lines::default();
            facts
        }
    }
}
