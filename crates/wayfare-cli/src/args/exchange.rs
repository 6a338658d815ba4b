//! The arguments of `wayfare import` and `wayfare export`.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand, ValueEnum};

use super::Format;

/// `wayfare import`
#[derive(Debug, Subcommand)]
pub(crate) enum ImportCommand {
    /// Exports of PingAM and of the platform: of frodo, Amster, fr-config-manager, the administrator's pages, the
    /// tree tool, files of configuration, and answers of the interface.
    Am(ImportAmArgs),
}

/// `wayfare import am`
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "A journey that has mistakes is brought all the same, with `-> nowhere` and `allow` lines where the text
would be refused; what was noticed is told at the end.
Exits with 1 where a file or a journey could not be brought, and where there is what `--deny` names.

Examples:
  wayfare import am Login.journey.json --out journeys
  wayfare import am export/ --out journeys --deny dangling_edge
  wayfare import am export/ --dry-run --format json"
)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub(crate) struct ImportAmArgs {
    /// Files, and folders with all that is below them; what the files are is seen from what is in them.
    #[arg(value_name = "PATH", required = true)]
    pub(crate) paths: Vec<PathBuf>,
    /// The folder to write: it is made where it is not there, and nothing is written elsewhere.
    #[arg(long, value_name = "DIR", required_unless_present = "dry_run")]
    pub(crate) out: Option<PathBuf>,
    /// Write nothing, and say what would be written.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Replace also what was changed since it was imported, and what no import has made; take away what an
    /// earlier import has made and this one does not.
    #[arg(long)]
    pub(crate) force: bool,
    /// Show a guard or a built-in node for each script that only compares, asks one of two, counts, sets values or
    /// says one outcome.
    #[arg(long)]
    pub(crate) suggest: bool,
    /// Say how far it is, also where standard error is no terminal.
    #[arg(long)]
    pub(crate) progress: bool,
    /// Exit with 1 where there is a finding with this code, or an exception for it in the text; may be given
    /// several times.
    #[arg(long, value_name = "CODE", value_parser = import_code)]
    pub(crate) deny: Vec<String>,
    /// How to write what was done; both go to standard output.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

/// A code of an import, or one of the language that can be allowed.
fn import_code(word: &str) -> Result<String, String> {
    let of_imports = wayfare_import::Code::ALL.iter().map(|(_, word)| *word);
    let allowable = wayfare::codes::ALL.iter().filter(|code| code.allowable);
    let known: Vec<&str> = of_imports.chain(allowable.map(|code| code.word)).collect();
    if known.contains(&word) {
        return Ok(word.to_owned());
    }
    Err(match wayfare::spelling::nearest(word, known) {
        Some(near) => format!("there is no such code; did you mean `{near}`?"),
        None => "there is no such code".to_owned(),
    })
}

/// `wayfare export`
#[derive(Debug, Subcommand)]
pub(crate) enum ExportCommand {
    /// For PingAM and the platform.
    Am(ExportAmArgs),
}

/// How an export is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportForm {
    /// One file a journey, as `frodo journey import -f` takes it.
    Frodo,
    /// One file with all journeys, as `frodo journey import -a -f` takes it.
    FrodoMulti,
    /// One file an entity, as Amster's `import-config` takes them.
    Amster,
    /// Folders, as fr-config-manager keeps them.
    ConfigManager,
}

/// `wayfare export am`
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Exits with 1 where something has no counterpart there; nothing is written then.

Examples:
  wayfare export am journeys --form frodo-multi --out export
  wayfare export am journeys/login.journey --form frodo --out - | less
  wayfare export am journeys --form config-manager --out config"
)]
pub(crate) struct ExportAmArgs {
    /// A folder of journeys, or files of one; the folder `journeys`, or else this folder, without one.
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// The realm they are for; the one that `wayfare.toml` says, or that they came from, where not given.
    #[arg(long, value_name = "REALM")]
    pub(crate) realm: Option<String>,
    /// The value of a parameter, as `name=value`.
    #[arg(long = "param", value_name = "NAME=VALUE")]
    pub(crate) parameters: Vec<String>,
    /// How to pack it.
    #[arg(long, value_enum, default_value_t = ExportForm::Frodo)]
    pub(crate) form: ExportForm,
    /// The folder to write, and nothing is written elsewhere; where it is one file, a name that ends with
    /// `.json`, or `-` for standard output.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Replace files that no export has made, or that were changed since.
    #[arg(long)]
    pub(crate) force: bool,
}
