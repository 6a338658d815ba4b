//! `wayfare bench`: logins under load, of which each must end in a session.

use std::{io::BufRead as _, sync::Arc, time::Duration};

use wayfare::{Realm, Secret};
use wayfare_server::{DEMO_PASSWORD, DEMO_USER, config::parse_duration};

use crate::{
    Outcome, Trouble,
    args::{BenchArgs, Format, Hashing, Mix, Trial},
    bench::{
        drive::{Driven, Load, Stopped, Told},
        failure::{Failure, Kind},
        host::Target,
        login::{Login, StepUp, Way},
        report::{self, Asked},
        schedule::Schedule,
        server::{Own, Wanted},
        trial::{self, Size, Tried},
        users::Users,
    },
    progress::Progress,
    terminal::{self, Terminal},
};

/// The variable that holds the password.
pub(crate) const PASSWORD: &str = "WAYFARE_BENCH_PASSWORD";

/// The longest that is measured.
const DURATION_MAX: Duration = Duration::from_secs(3_600);
/// The usual warm-up.
const WARMUP: Duration = Duration::from_secs(1);
/// The longest warm-up.
const WARMUP_MAX: Duration = Duration::from_secs(600);
/// The longest patience.
const PATIENCE_MAX: Duration = Duration::from_secs(120);
/// The most logins a second.
const RATE_MAX: f64 = 1_000_000.0;
/// The users of the product's own load, in its small size.
const USERS: u64 = 1_000_000;
/// The same where they have to be made first.
const OWN_USERS: u64 = 1_000;
/// The most of those: each has to be hashed, and is kept in the settings of the server.
const OWN_USERS_MAX: u64 = 100_000;
/// What they are called there.
const USER: &str = "user.{}";
/// The level of the journey that comes with the bench.
const LEVEL: u32 = 10;

pub(crate) fn run(args: &BenchArgs, terminal: Terminal) -> Result<Outcome, Trouble> {
    let mix = mix(args);
    let times = Times::new(args, mix)?;
    let realm = args.realm.as_deref().unwrap_or(match mix {
        Mix::Am => "/",
        Mix::ZeroPage | Mix::Page | Mix::StepUp => "/alpha",
    });
    let parsed = Realm::parse(realm)
        .ok_or_else(|| Trouble::input(format!("`{realm}` is not the path of a realm")))?;
    let users = users(args, mix)?;
    let way = way(args, mix)?;
    let password = password(args)?;
    // What cannot be meant is refused before a server is started for it.
    let named = match &args.target {
        Some(url) if !args.own => Some(Target::new(url, &args.allow_host, args.ca.as_ref())?),
        _ => None,
    };
    let (own, target) = if let Some(target) = named {
        (None, target)
    } else {
        let own = Own::start(&Wanted {
            journeys: args.target.as_deref().map(std::path::Path::new),
            realm,
            users: &users.drawn,
            is_default_hash: match args.hashing {
                Some(hashing) => hashing == Hashing::Default,
                None => args.trial == Some(Trial::Overload),
            },
        })?;
        let target = Target::new(&own.url, &[], None)?;
        (Some(own), target)
    };
    if target.is_open() {
        terminal.say("names and passwords can be read on their way: this address is not https");
    }
    let asked = Asked {
        target: target.url(),
        is_own: own.is_some(),
        mix: mix.word(),
        realm: realm.to_owned(),
        connections: connections(args, mix),
        rate: args.rate,
        duration: times.duration,
        warmup: times.warmup,
        users: users.count,
        seed: args.seed,
    };
    let login = Login::new(way, &parsed, args.journey.as_deref(), password);
    let logs_out = args.log_out || args.trial == Some(Trial::Soak);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let told = runtime.block_on(async { Told::listening() });
    let mut load = Load {
        target: Arc::new(target),
        login: login.logging_out(logs_out),
        users: users.drawn,
        schedule: Schedule::new(args.rate, times.warmup, times.duration, times.patience),
        connections: asked.connections,
        patience: times.patience,
        failures_max: args.max_failures,
        told,
    };
    let driven = runtime.block_on(async {
        let mut told = load.told.clone();
        let first = tokio::select! {
            () = told.stops() => return Done::Stopped,
            first = load.probe() => first,
        };
        if let Err(failure) = first {
            return Done::First(failure);
        }
        let mut progress = Progress::new(false);
        let progress = |line: &str| progress.step(line);
        let usage = || own.as_ref().and_then(Own::usage);
        let size = Size {
            warmup: times.warmup,
            duration: times.duration,
            connections: asked.connections,
        };
        match args.trial {
            None => Done::Load(Box::new(load.run(usage, progress).await)),
            Some(Trial::Soak) => {
                let soak = trial::soak(load, size, args.rate, usage, progress);
                Done::Trial(Trial::Soak, soak.await)
            }
            Some(Trial::Overload) => Done::Trial(
                Trial::Overload,
                trial::overload(load, size, usage, progress).await,
            ),
        }
    });
    drop(own);
    match driven {
        Done::First(failure) => unmeasured(args, terminal, &asked, Some(failure)),
        Done::Stopped => unmeasured(args, terminal, &asked, None),
        Done::Trial(trial, tried) => judged(args, terminal, trial, &asked, &tried),
        Done::Load(driven) => measured(args, terminal, &asked, &driven),
    }
}

/// What came of it.
enum Done {
    /// A first login failed.
    First(Failure),
    /// Somebody had enough before it was over.
    Stopped,
    Load(Box<Driven>),
    Trial(Trial, Tried),
}

/// Tells why nothing was measured; programs are told in the form of what they asked for.
fn unmeasured(
    args: &BenchArgs,
    terminal: Terminal,
    asked: &Asked,
    failure: Option<Failure>,
) -> Result<Outcome, Trouble> {
    terminal.error(&failure.as_ref().map_or_else(
        || "it was stopped in a first login, so nothing was measured".to_owned(),
        |failure| {
            format!(
                "a first login fails ({}), so nothing was measured: {}",
                failure.kind.word(),
                failure.told()
            )
        },
    ));
    if args.format == Format::Json {
        let told = if let Some(trial) = args.trial {
            let tried = Tried {
                first: failure,
                ..Tried::default()
            };
            report::trial_json(trial.word(), asked, &tried, args.noisy)
        } else {
            let mut driven = Driven {
                stopped: Some(
                    failure
                        .as_ref()
                        .map_or(Stopped::Signal, |_| Stopped::Failures),
                ),
                ..Driven::default()
            };
            if let Some(failure) = failure {
                driven.tally.failure(failure, Duration::ZERO);
            }
            report::json(asked, &driven)
        };
        terminal::put(&format!("{told:#}\n"))?;
    }
    Ok(Outcome::Findings)
}

/// Tells a load, and whether it was one.
fn measured(
    args: &BenchArgs,
    terminal: Terminal,
    asked: &Asked,
    driven: &Driven,
) -> Result<Outcome, Trouble> {
    terminal::put(&match args.format {
        Format::Human => report::text(asked, driven),
        Format::Json => format!("{:#}\n", report::json(asked, driven)),
    })?;
    let failed = driven.tally.failed();
    if let Some(first) = &driven.tally.first {
        terminal.error(&format!(
            "{failed} logins failed, the first ({}): {}",
            first.kind.word(),
            first.told()
        ));
    }
    if driven.stopped.is_some() {
        return Ok(Outcome::Findings);
    }
    if driven.tally.logins.count() == 0 {
        terminal.error("no login was over in that time, so nothing was measured");
        return Ok(Outcome::Findings);
    }
    Ok(Outcome::Clean)
}

/// Tells a trial, and whether it holds what it should.
fn judged(
    args: &BenchArgs,
    terminal: Terminal,
    trial: Trial,
    asked: &Asked,
    tried: &Tried,
) -> Result<Outcome, Trouble> {
    terminal::put(&match args.format {
        Format::Human => report::trial_text(trial.word(), asked, tried, args.noisy),
        Format::Json => format!(
            "{:#}\n",
            report::trial_json(trial.word(), asked, tried, args.noisy)
        ),
    })?;
    let first = tried.phases.iter().find_map(|phase| {
        let first = phase.driven.tally.first.as_ref();
        first.filter(|first| first.kind != Kind::Busy)
    });
    if let Some(first) = first {
        terminal.error(&format!(
            "the first that failed ({}): {}",
            first.kind.word(),
            first.told()
        ));
    }
    if tried.figures.is_empty() {
        terminal.error("it did not come to its end, so nothing is judged");
        return Ok(Outcome::Findings);
    }
    let short = tried
        .figures
        .iter()
        .any(|figure| !(figure.is_met() || (args.noisy && figure.is_of_time)));
    Ok(if short {
        Outcome::Findings
    } else {
        Outcome::Clean
    })
}

/// How users log in where that is not said.
fn mix(args: &BenchArgs) -> Mix {
    args.mix.unwrap_or(match args.trial {
        // Who is refused half-way would leave a run behind, and so many of one address are refused themselves.
        Some(Trial::Overload) => Mix::ZeroPage,
        Some(Trial::Soak) | None => Mix::Page,
    })
}

/// How long it takes.
struct Times {
    duration: Duration,
    warmup: Duration,
    patience: Duration,
}

impl Times {
    fn new(args: &BenchArgs, mix: Mix) -> Result<Self, Trouble> {
        let duration = args.duration.as_deref().unwrap_or(match (args.trial, mix) {
            (Some(Trial::Soak), _) => "60m",
            (Some(Trial::Overload), _) => "30s",
            (None, Mix::Am) => "60s",
            (None, Mix::ZeroPage | Mix::Page | Mix::StepUp) => "10s",
        });
        let duration = time("--duration", duration, DURATION_MAX, true)?;
        if let Some(rate) = args.rate {
            // Written so that what is no number is refused too.
            let is_possible = rate > 0.0 && rate <= RATE_MAX;
            if !is_possible {
                return Err(Trouble::input(format!(
                    "`--rate {rate}` is not more than 0 and at most {RATE_MAX}"
                )));
            }
        }
        Ok(Self {
            duration,
            warmup: match (&args.warmup, args.trial) {
                (Some(warmup), _) => time("--warmup", warmup, WARMUP_MAX, false)?,
                (None, Some(Trial::Soak)) => duration / 10,
                (None, _) => WARMUP,
            },
            patience: time("--patience", &args.patience, PATIENCE_MAX, true)?,
        })
    }
}

fn time(option: &str, text: &str, most: Duration, is_wanted: bool) -> Result<Duration, Trouble> {
    let wrong = |what: String| Trouble::input(format!("`{option} {text}` {what}"));
    let time = parse_duration(text)
        .ok_or_else(|| wrong("is no time such as \"10s\" or \"1m\"".to_owned()))?;
    if time > most || (is_wanted && time.is_zero()) {
        let least = if is_wanted { "more than 0 and " } else { "" };
        return Err(wrong(format!("is not {least}at most {most:?}")));
    }
    Ok(time)
}

fn connections(args: &BenchArgs, mix: Mix) -> usize {
    let usual = match (args.trial, mix) {
        (Some(Trial::Overload), _) => 400,
        (_, Mix::Am) => 100,
        (_, Mix::ZeroPage | Mix::Page | Mix::StepUp) => 16,
    };
    args.connections.map_or(usual, usize::from)
}

/// Who logs in, and how many they are.
struct Drawn {
    drawn: Users,
    count: u64,
}

fn users(args: &BenchArgs, mix: Mix) -> Result<Drawn, Trouble> {
    let name = args.user.as_deref().unwrap_or(match mix {
        Mix::Am => USER,
        Mix::ZeroPage | Mix::Page | Mix::StepUp => DEMO_USER,
    });
    let is_numbered = Users::are_numbered(name);
    if !is_numbered && args.users.is_some_and(|users| users != 1) {
        return Err(Trouble::input(format!(
            "`--user {name}` has no place for a number: write `{{}}` where it stands"
        )));
    }
    let count = match (args.users, is_numbered) {
        (Some(users), _) => users,
        (None, false) => 1,
        (None, true) if args.own => OWN_USERS,
        (None, true) => USERS,
    };
    if args.own && count > OWN_USERS_MAX {
        return Err(Trouble::input(format!(
            "`--users {count}` with `--self` is more than the {OWN_USERS_MAX} that are made first"
        )));
    }
    Ok(Drawn {
        drawn: Users::new(name, count, args.seed),
        count,
    })
}

fn way(args: &BenchArgs, mix: Mix) -> Result<Way, Trouble> {
    if args.trial == Some(Trial::Overload) && args.rate.is_some() {
        return Err(Trouble::input(
            "`--trial overload` finds its rate itself: leave `--rate` out",
        ));
    }
    if args.step_up.is_some() && mix != Mix::StepUp {
        return Err(Trouble::input("`--step-up` is for `--mix step-up`"));
    }
    Ok(match mix {
        Mix::ZeroPage | Mix::Am => Way::ZeroPage,
        Mix::Page => Way::Page,
        Mix::StepUp => Way::StepUp(match &args.step_up {
            Some(text) => text
                .parse()
                .map_or_else(|_| StepUp::Journey(text.clone()), StepUp::Level),
            None if args.own && args.target.is_none() => StepUp::Level(LEVEL),
            None => {
                return Err(Trouble::input(
                    "say with `--step-up` which level, or which journey, raises the session",
                ));
            }
        }),
    })
}

/// The password of all users; it stands in no argument, which everybody on the machine can read.
fn password(args: &BenchArgs) -> Result<Secret<String>, Trouble> {
    let given = if args.password_stdin {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line)?;
        Some(line.trim_end_matches(['\r', '\n']).to_owned())
    } else if args.own {
        // A password that stands there for other servers is not that of this one.
        None
    } else {
        std::env::var(PASSWORD).ok()
    };
    match given {
        Some(password) if !password.is_empty() => Ok(Secret::new(password)),
        Some(_) => Err(Trouble::input("the password is empty")),
        None if args.own => Ok(Secret::from(DEMO_PASSWORD)),
        None => Err(Trouble::input(format!(
            "there is no password: set {PASSWORD}, or give it with `--password-stdin`"
        ))),
    }
}
