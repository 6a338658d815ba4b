//! What a check has found: the run, why it is wrong, and how to see it again.

use std::fmt;

use crate::run::Run;

/// A run for which a property does not hold.
///
/// It is shown with its moves, as a test of the language, and as the requests that lead a server there.
/// What was typed is shown in the clear: these are passwords of a world in memory.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The run, made as short as it would go.
    pub run: Run,
    /// Why the property does not hold.
    pub message: String,
    /// The seed of the run that was found.
    pub seed: u64,
    /// Its number.
    pub case: u64,
    /// How many moves it had.
    pub found: usize,
    /// How many runs were tried to make it shorter.
    pub tried: usize,
}

impl Finding {
    /// How many moves the run has.
    pub fn steps(&self) -> usize {
        self.run.moves().len()
    }

    /// The run as a test of the language.
    pub fn as_test(&self) -> String {
        self.run.as_test(&self.message)
    }

    /// The run as requests to a server, for a shell.
    pub fn as_curl(&self) -> String {
        self.run.as_curl()
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.message)?;
        writeln!(
            f,
            "\nrun {} had {} moves, {} are enough ({} tries); again with WAYFARE_TEST_SEED={} WAYFARE_TEST_CASES=1",
            self.case,
            self.found,
            self.steps(),
            self.tried,
            self.seed
        )?;
        writeln!(f, "\nas a test:\n\n{}", self.as_test())?;
        write!(f, "as requests:\n\n{}", self.as_curl())
    }
}
