//! `wayfare completions SHELL`

use clap::CommandFactory as _;

use crate::{Outcome, Trouble, args, terminal};

pub(crate) fn run(args: &args::CompletionsArgs) -> Result<Outcome, Trouble> {
    let mut script = Vec::new();
    clap_complete::generate(
        args.shell,
        &mut args::Args::command(),
        "wayfare",
        &mut script,
    );
    terminal::put(&String::from_utf8_lossy(&script))?;
    Ok(Outcome::Clean)
}
