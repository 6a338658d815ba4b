//! The arguments of `wayfare keys`.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand, ValueEnum};

use super::Format;

/// What to do with keys.
#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// List the keys, with what they are for and when.
    List(KeysArgs),
    /// Make the next key: it is published at once, and signs when whoever verifies has had time to fetch it.
    Rotate(RotateArgs),
    /// Take a key away at once: none of its tokens is taken any more.
    Retire(RetireArgs),
}

/// Whose keys.
#[derive(Debug, ClapArgs)]
pub(crate) struct KeysArgs {
    /// The realm.
    #[arg(long, value_name = "REALM", default_value = "/alpha")]
    pub(crate) realm: String,
    /// What they are for; all uses where not given.
    #[arg(long = "use", value_name = "USE", value_enum)]
    pub(crate) usage: Option<KeyUse>,
    /// The configuration that names the data folder; `wayfare.toml` in this folder is read where there is one.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The data folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// How to write them.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

/// What keys are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum KeyUse {
    /// OAuth 2.0 and OpenID Connect.
    Oauth,
    /// Autonomous Identity.
    Autoid,
    /// Runs in progress and cookies of the server's own; the keys of a restart.
    Runs,
}

/// `wayfare keys rotate`
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "A server that runs takes the next key by itself, but for those of `runs`, which it
reads when it starts.

Example:
  wayfare keys rotate --realm /alpha --use oauth --algorithm RS256"
)]
pub(crate) struct RotateArgs {
    #[command(flatten)]
    pub(crate) keys: KeysArgs,
    /// The algorithm: `RS256`, `ES256`, `EdDSA` or `HS256`; each that has a key where not given.
    #[arg(long, value_name = "ALGORITHM")]
    pub(crate) algorithm: Option<String>,
    /// How long the key is published before it signs.
    #[arg(long, value_name = "TIME", default_value = "1h")]
    pub(crate) publish: String,
    /// How long the tokens of the one before may last from then on; what the settings say where not given.
    #[arg(long, value_name = "TIME")]
    pub(crate) keep: Option<String>,
}

/// `wayfare keys retire`
#[derive(Debug, ClapArgs)]
pub(crate) struct RetireArgs {
    #[command(flatten)]
    pub(crate) keys: KeysArgs,
    /// The key, by its `kid`.
    #[arg(value_name = "KID")]
    pub(crate) kid: String,
}
