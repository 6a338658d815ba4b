//! `wayfare bench`: logins under load, of which each must end in a session.

use std::{io::BufRead as _, sync::Arc, time::Duration};

use wayfare::{Realm, Secret};
use wayfare_server::{DEMO_PASSWORD, DEMO_USER, config::parse_duration};

use crate::{
    Outcome, Trouble,
    args::{BenchArgs, Format, Hashing, Mix},
    bench::{
        drive::Load,
        host::Target,
        login::{Login, StepUp, Way},
        report::{self, Asked},
        schedule::Schedule,
        server::{Own, Wanted},
        users::Users,
    },
    progress::Progress,
    terminal::{self, Terminal},
};

/// The variable that holds the password.
pub(crate) const PASSWORD: &str = "WAYFARE_BENCH_PASSWORD";

/// The longest that is measured.
const DURATION_MAX: Duration = Duration::from_secs(3_600);
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
/// What they are called there.
const USER: &str = "user.{}";
/// The level of the journey that comes with the bench.
const LEVEL: u32 = 10;

pub(crate) fn run(args: &BenchArgs, terminal: Terminal) -> Result<Outcome, Trouble> {
    let times = Times::new(args)?;
    let realm = args.realm.as_deref().unwrap_or(match args.mix {
        Mix::Am => "/",
        Mix::ZeroPage | Mix::Page | Mix::StepUp => "/alpha",
    });
    let parsed = Realm::parse(realm)
        .ok_or_else(|| Trouble::input(format!("`{realm}` is not the path of a realm")))?;
    let users = users(args)?;
    let way = way(args)?;
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
            is_default_hash: args.hashing == Hashing::Default,
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
        mix: args.mix.word(),
        realm: realm.to_owned(),
        connections: connections(args),
        rate: args.rate,
        duration: times.duration,
        warmup: times.warmup,
        users: users.count,
        seed: args.seed,
    };
    let mut load = Load {
        target: Arc::new(target),
        login: Login::new(way, &parsed, args.journey.as_deref(), password),
        users: users.drawn,
        schedule: Schedule::new(args.rate, times.warmup, times.duration, times.patience),
        connections: asked.connections,
        patience: times.patience,
        failures_max: args.max_failures,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let driven = runtime.block_on(async {
        if let Err(failure) = load.probe().await {
            terminal.error(&format!(
                "a first login fails ({}), so nothing was measured: {}",
                failure.kind.word(),
                failure.told
            ));
            return None;
        }
        let mut progress = Progress::new(false);
        let usage = || own.as_ref().and_then(Own::usage);
        Some(load.run(usage, |line| progress.step(line)).await)
    });
    drop(own);
    let Some(driven) = driven else {
        return Ok(Outcome::Findings);
    };
    terminal::put(&match args.format {
        Format::Human => report::text(&asked, &driven),
        Format::Json => format!("{:#}\n", report::json(&asked, &driven)),
    })?;
    let failed = driven.tally.failed();
    if let Some(first) = &driven.tally.first {
        terminal.error(&format!(
            "{failed} logins failed, the first ({}): {}",
            first.kind.word(),
            first.told
        ));
    }
    if failed > args.max_failures || driven.is_stopped {
        return Ok(Outcome::Findings);
    }
    if driven.tally.logins.count() == 0 {
        terminal.error("no login was over in that time, so nothing was measured");
        return Ok(Outcome::Findings);
    }
    Ok(Outcome::Clean)
}

/// How long it takes.
struct Times {
    duration: Duration,
    warmup: Duration,
    patience: Duration,
}

impl Times {
    fn new(args: &BenchArgs) -> Result<Self, Trouble> {
        let duration = args.duration.as_deref().unwrap_or(match args.mix {
            Mix::Am => "60s",
            Mix::ZeroPage | Mix::Page | Mix::StepUp => "10s",
        });
        if let Some(rate) = args.rate {
            // Written so that what is no number is refused too.
            let is_possible = rate > 0.0 && rate <= RATE_MAX;
            if !is_possible {
                return Err(Trouble::input(format!(
                    "`--rate {rate}` is not between 0 and {RATE_MAX}"
                )));
            }
        }
        Ok(Self {
            duration: time("--duration", duration, DURATION_MAX, true)?,
            warmup: time("--warmup", &args.warmup, WARMUP_MAX, false)?,
            patience: time("--patience", &args.patience, PATIENCE_MAX, true)?,
        })
    }
}

fn time(option: &str, text: &str, most: Duration, is_wanted: bool) -> Result<Duration, Trouble> {
    let wrong = |what: String| Trouble::input(format!("`{option} {text}` {what}"));
    let time = parse_duration(text)
        .ok_or_else(|| wrong("is no time such as \"10s\" or \"1m\"".to_owned()))?;
    if time > most || (is_wanted && time.is_zero()) {
        return Err(wrong(format!("is not between 0 and {most:?}")));
    }
    Ok(time)
}

fn connections(args: &BenchArgs) -> usize {
    let usual = match args.mix {
        Mix::Am => 100,
        Mix::ZeroPage | Mix::Page | Mix::StepUp => 16,
    };
    args.connections.map_or(usual, usize::from)
}

/// Who logs in, and how many they are.
struct Drawn {
    drawn: Users,
    count: u64,
}

fn users(args: &BenchArgs) -> Result<Drawn, Trouble> {
    let name = args.user.as_deref().unwrap_or(match args.mix {
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
    Ok(Drawn {
        drawn: Users::new(name, count, args.seed),
        count,
    })
}

fn way(args: &BenchArgs) -> Result<Way, Trouble> {
    if args.step_up.is_some() && args.mix != Mix::StepUp {
        return Err(Trouble::input("`--step-up` is for `--mix step-up`"));
    }
    Ok(match args.mix {
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
