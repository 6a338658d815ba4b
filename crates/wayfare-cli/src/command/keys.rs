//! `wayfare keys`: the keys that a server signs tokens with.
//!
//! They are files of the data folder; a server that runs reads them anew where they have changed.

use std::{fmt::Write as _, path::Path, time::Duration};

use serde_json::{Value as Json, json};
use wayfare::{Host as _, Realm, Timestamp};
use wayfare_server::{
    config::{AutoidSettings, Config, parse_duration},
    keys,
    signing::{self, KeyUse},
};
use wayfare_wire::jose::{Algorithm, Entry};

use crate::{
    Outcome, Trouble,
    args::{Format, KeyUse as Named, KeysArgs, KeysCommand, RetireArgs, RotateArgs},
    performer::Machine,
    terminal,
};

/// The configuration that is read where none is named, and the data folder without one.
const CONFIG: &str = "wayfare.toml";
const DATA: &str = "wayfare-data";

pub(crate) fn run(command: &KeysCommand) -> Result<Outcome, Trouble> {
    match command {
        KeysCommand::List(args) => list(&At::new(args)?),
        KeysCommand::Rotate(args) => rotate(args),
        KeysCommand::Retire(args) => retire(args),
    }
}

/// Whose keys, and where.
struct At<'a> {
    args: &'a KeysArgs,
    config: Config,
    realm: Realm,
    now: Timestamp,
}

impl<'a> At<'a> {
    fn new(args: &'a KeysArgs) -> Result<Self, Trouble> {
        let file = args.config.as_deref();
        let file = file.or_else(|| Some(Path::new(CONFIG)).filter(|file| file.is_file()));
        let mut config = match file {
            Some(file) => Config::read(file).map_err(|error| Trouble::input(error.to_string()))?,
            None => Config::demo(DATA),
        };
        if let Some(folder) = &args.data {
            config.data.folder.clone_from(folder);
        }
        let realm = Realm::parse(&args.realm);
        let realm = realm.ok_or_else(|| {
            Trouble::input(format!("`{}` is not the path of a realm", args.realm))
        })?;
        if !config.realms.contains_key(&realm) {
            return Err(Trouble::input(format!(
                "the settings have no realm `{realm}`"
            )));
        }
        if !config.data.folder.is_dir() {
            let folder = config.data.folder.display();
            return Err(Trouble::input(format!(
                "there is no data folder {folder}; a server makes it when it starts, or name it with --data"
            )));
        }
        Ok(Self {
            args,
            config,
            realm,
            now: Machine.now(),
        })
    }

    fn folder(&self) -> &Path {
        &self.config.data.folder
    }

    fn uses(&self) -> Vec<KeyUse> {
        match self.args.usage {
            Some(Named::Oauth) => vec![KeyUse::OAuth],
            Some(Named::Autoid) => vec![KeyUse::AutoId],
            Some(Named::Runs) => Vec::new(),
            None => KeyUse::ALL.to_vec(),
        }
    }

    fn keys(&self, usage: KeyUse) -> Result<Vec<Entry>, Trouble> {
        signing::list(self.folder(), &self.realm, usage).map_err(|error| wrong(&error))
    }

    /// The longest that a token of a use lasts.
    fn longest(&self, usage: KeyUse) -> Duration {
        let realm = self.config.realms.get(&self.realm);
        match usage {
            KeyUse::OAuth => {
                let oauth = realm.and_then(|realm| realm.oauth.as_ref());
                let usual = oauth.map(|oauth| oauth.times).unwrap_or_default();
                let clients = oauth.into_iter().flat_map(|oauth| oauth.clients.values());
                let each = clients.map(|client| client.times).chain([usual]);
                let longest = each.map(|times| times.access.max(times.id_token)).max();
                longest.unwrap_or_default()
            }
            // One that is renewed is another token, of the key of its time.
            KeyUse::AutoId => {
                let autoid = realm.and_then(|realm| realm.autoid.as_ref());
                autoid.map_or_else(
                    || AutoidSettings::default().lifetime,
                    |autoid| autoid.lifetime,
                )
            }
        }
    }
}

fn wrong(error: &keys::KeyError) -> Trouble {
    Trouble::input(error.to_string())
}

fn list(at: &At<'_>) -> Result<Outcome, Trouble> {
    let mut all = Vec::new();
    for usage in at.uses() {
        all.push((usage, at.keys(usage)?));
    }
    terminal::put(&match at.args.format {
        Format::Human => shown(&all, at.now),
        Format::Json => format!("{:#}\n", report(&all, at.now)),
    })?;
    Ok(Outcome::Clean)
}

fn state(entry: &Entry, all: &[Entry], now: Timestamp) -> &'static str {
    let same = |other: &&Entry| other.key.algorithm() == entry.key.algorithm();
    let later = |other: &Entry| other.from <= now && other.from > entry.from;
    if entry.until.is_some_and(|until| until <= now) {
        "over"
    } else if entry.from > now {
        "published"
    } else if all.iter().filter(same).any(later) {
        "verifies"
    } else {
        "signs"
    }
}

fn shown(all: &[(KeyUse, Vec<Entry>)], now: Timestamp) -> String {
    let mut text = String::new();
    for (usage, entries) in all {
        for entry in entries {
            let kid = entry.key.kid().unwrap_or_default();
            let until = entry
                .until
                .map_or_else(String::new, |until| format!(" until {}", until.rfc3339()));
            // Writing into a string cannot fail.
            let _ = writeln!(
                text,
                "{:<7} {:<6} {:<10} {kid}  from {}{until}",
                usage.word(),
                entry.key.algorithm().name(),
                state(entry, entries, now),
                entry.from.rfc3339(),
            );
        }
    }
    if text.is_empty() {
        text.push_str("there are no keys yet: a server makes them when it starts\n");
    }
    text
}

fn report(all: &[(KeyUse, Vec<Entry>)], now: Timestamp) -> Json {
    let of = |(usage, entries): &(KeyUse, Vec<Entry>)| {
        let each = entries.iter().map(|entry| {
            json!({
                "use": usage.word(),
                "algorithm": entry.key.algorithm().name(),
                "kid": entry.key.kid(),
                "state": state(entry, entries, now),
                "from": entry.from.rfc3339(),
                "until": entry.until.map(Timestamp::rfc3339),
                "jwk": entry.key.verifying().jwk(),
            })
        });
        each.collect::<Vec<_>>()
    };
    all.iter().flat_map(of).collect()
}

fn time(text: &str) -> Result<Duration, Trouble> {
    let read = parse_duration(text);
    read.ok_or_else(|| Trouble::input(format!("{text:?} is no time such as \"1h\" or \"30m\"")))
}

fn rotate(args: &RotateArgs) -> Result<Outcome, Trouble> {
    let at = At::new(&args.keys)?;
    let publish = time(&args.publish)?;
    let keep = args.keep.as_deref().map(time).transpose()?;
    if args.keys.usage == Some(Named::Runs) {
        let keep = keep.unwrap_or_else(|| {
            let limits = &at.config.limits;
            limits.run_time_max.max(limits.suspend_time_max)
        });
        keys::rotate(at.folder(), &at.realm, at.now, keep).map_err(|error| wrong(&error))?;
        terminal::put("the next keys of runs are there; restart the server to use them\n")?;
        return Ok(Outcome::Clean);
    }
    let wanted = match &args.algorithm {
        None => None,
        Some(name) => Some(Algorithm::parse(name).ok_or_else(|| {
            Trouble::input(format!("`{name}` is none of RS256, ES256, EdDSA and HS256"))
        })?),
    };
    if wanted.is_some() && args.keys.usage.is_none() {
        return Err(Trouble::input("say with --use what the key is for"));
    }
    let mut rotated = false;
    for usage in at.uses() {
        let mut algorithms: Vec<Algorithm> = wanted.into_iter().collect();
        if wanted.is_none() {
            for entry in at.keys(usage)? {
                let algorithm = entry.key.algorithm();
                if !algorithms.contains(&algorithm) {
                    algorithms.push(algorithm);
                }
            }
        }
        let keep = keep.unwrap_or_else(|| at.longest(usage));
        for algorithm in algorithms {
            let whose = (at.folder(), &at.realm, usage);
            signing::rotate(whose, algorithm, at.now, (publish, keep))
                .map_err(|error| wrong(&error))?;
            rotated = true;
        }
    }
    if !rotated {
        return Err(Trouble::input(
            "there are no keys to rotate: a server makes them when it starts",
        ));
    }
    list(&at)
}

fn retire(args: &RetireArgs) -> Result<Outcome, Trouble> {
    let at = At::new(&args.keys)?;
    for usage in at.uses() {
        let there = at.keys(usage)?;
        if there
            .iter()
            .any(|entry| entry.key.kid() == Some(args.kid.as_str()))
        {
            let whose = (at.folder(), &at.realm, usage);
            signing::retire(whose, &args.kid, at.now).map_err(|error| wrong(&error))?;
            return list(&at);
        }
    }
    Err(Trouble::input(format!("there is no key `{}`", args.kid)))
}
