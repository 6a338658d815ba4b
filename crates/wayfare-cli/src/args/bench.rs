//! The arguments of `wayfare bench`.

use std::path::PathBuf;

use clap::{Args as ClapArgs, ValueEnum};

use super::Format;

/// How users log in under load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mix {
    /// Name and password in headers: one request.
    ZeroPage,
    /// The questions of a journey, answered one by one.
    Page,
    /// The same, and then a second login that raises the session.
    StepUp,
    /// The load that the product is measured with: headers, any of 1,000,000 users, 100 connections, 60 s.
    Am,
}

impl Mix {
    /// As it is typed.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::ZeroPage => "zero-page",
            Self::Page => "page",
            Self::StepUp => "step-up",
            Self::Am => "am",
        }
    }
}

/// What a load is a trial of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Trial {
    /// 70 % of what the server can do, for an hour: nothing fails, grows or becomes slower.
    Soak,
    /// Five times what the server can do: it says when to come back, serves as many as before, and recovers.
    Overload,
}

impl Trial {
    /// As it is typed.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Soak => "soak",
            Self::Overload => "overload",
        }
    }
}

/// How passwords are hashed by a server that a bench starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Hashing {
    /// As cheaply as can be, so that what is measured is the server.
    Cheap,
    /// As by a server that nobody has configured.
    Default,
}

/// `wayfare bench`
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "The password of all users is the first line of standard input (`--password-stdin`), or
WAYFARE_BENCH_PASSWORD; with `--self` it is that of the demo unless it is read from standard input.

Exits with 0 where everything went well; with 1 where more logins fail than `--max-failures`, the first one
does, nothing was measured, somebody stopped it, or a trial does not meet its goals; with 2 and 3 where
nothing was begun: the arguments mean nothing, or do not go together or cannot be read.

Examples:
  wayfare bench --self
  wayfare bench --self --mix step-up --rate 200 --format json
  wayfare bench --self --trial soak --duration 60m
  wayfare bench --self --trial overload
  wayfare bench http://127.0.0.1:8080/am --mix page --user demo --password-stdin < password
  wayfare bench https://login.example.com/am --allow-host login.example.com --mix am"
)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub(crate) struct BenchArgs {
    /// The product's address, as `http://127.0.0.1:8080/am`; with `--self`, journeys in place of those of the
    /// bench: a file or folder.
    #[arg(value_name = "URL|JOURNEYS", required_unless_present = "own")]
    pub(crate) target: Option<String>,
    /// Start a server of this program, with users of its own, and stop it again.
    #[arg(long = "self", conflicts_with_all = ["allow_host", "ca"])]
    pub(crate) own: bool,
    /// How users log in.
    ///
    /// `page` without it, with `--trial overload` `zero-page`.
    #[arg(long, value_enum)]
    pub(crate) mix: Option<Mix>,
    /// Who logs in; `{}` stands for a number. `demo` without it, with `--mix am` `user.{}`.
    #[arg(long, value_name = "NAME")]
    pub(crate) user: Option<String>,
    /// How many users there are where they are numbered, from 0; 1000000 without it, and with `--self` 1000 and at
    /// most 100000.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    pub(crate) users: Option<u64>,
    /// Read the password from standard input.
    #[arg(long)]
    pub(crate) password_stdin: bool,
    /// The realm; `/alpha` without it, with `--mix am` the top realm.
    #[arg(long, value_name = "REALM")]
    pub(crate) realm: Option<String>,
    /// The journey to log in with; the default of the realm without it.
    #[arg(long, value_name = "NAME")]
    pub(crate) journey: Option<String>,
    /// What raises the session: a level, or the name of a journey.
    #[arg(long, value_name = "LEVEL|JOURNEY")]
    pub(crate) step_up: Option<String>,
    /// How many connections there are; 16 without it, with `--mix am` 100, with `--trial overload` 400.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub(crate) connections: Option<u16>,
    /// Logins a second that are due whatever the server does, in place of each connection beginning the next when
    /// the last is over. What waits for a connection has waited since it was due. A soak does not look for the
    /// peak then.
    #[arg(long, value_name = "LOGINS")]
    pub(crate) rate: Option<f64>,
    /// How long is measured, an hour at most; 10s without it, with `--mix am` 60s, with `--trial soak` 60m and
    /// with `--trial overload` 30s.
    #[arg(long, value_name = "TIME")]
    pub(crate) duration: Option<String>,
    /// How long it runs before that; 1s without it, with `--trial soak` a tenth of the duration.
    #[arg(long, value_name = "TIME")]
    pub(crate) warmup: Option<String>,
    /// How long a login may take, and how late it may begin.
    #[arg(long, value_name = "TIME", default_value = "10s")]
    pub(crate) patience: String,
    /// How many logins may fail; with one more it stops.
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    pub(crate) max_failures: u64,
    /// What the users are drawn by.
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub(crate) seed: u64,
    /// End every session again; a soak does.
    #[arg(long)]
    pub(crate) log_out: bool,
    /// Find out what the server can do, then hold it to what it should: figures beside their goals.
    #[arg(long, value_enum)]
    pub(crate) trial: Option<Trial>,
    /// Of a trial: figures of time are told and decide nothing, on machines that have other things to do.
    #[arg(long, requires = "trial")]
    pub(crate) noisy: bool,
    /// Of `--self`: how passwords are hashed; cheaply without it, with `--trial overload` by default.
    #[arg(long, value_enum, requires = "own")]
    pub(crate) hashing: Option<Hashing>,
    /// A host besides this machine that a load may be sent to, exactly as it stands in the address, without a
    /// port.
    #[arg(long, value_name = "HOST")]
    pub(crate) allow_host: Vec<String>,
    /// Certificates of authorities (PEM) in place of the usual ones.
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
    /// How to write the figures; both go to standard output.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}
