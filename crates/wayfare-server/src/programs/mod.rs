//! The journeys of a realm while the server runs.
//!
//! One program starts new runs. A run goes on wherever its journey, with all that this can reach, is as it
//! was when the run began: mostly in the same program, else in an older one. Older ones stay until the last
//! run that began with them must have ended, and their texts stay on disk as long, so that a restart ends
//! no run. An edit that does not compile changes nothing but what [`Status`] says.

mod build;
mod configure;
mod convert;
pub(crate) mod demo;
mod handled;
mod join;
mod load;
mod missing;
pub(crate) mod stored;
mod watch;
pub(crate) mod written;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError, RwLock, atomic::AtomicU64},
};

use wayfare::{
    Engine, ProgramHash, Realm, Registry, Timestamp, Trees, UnknownParameter, policy::Requirement,
};

pub use self::load::LoadError;
pub(crate) use self::watch::watch;
use self::{
    build::{Built, With},
    convert::Cache,
    join::{Joined, Unfit},
    stored::Stored,
};
pub(crate) use self::{
    configure::{Changed, Held},
    join::Base,
};
use crate::{
    app::{App, RealmState},
    audit::{Event, EventName, Log},
    config::{DefaultJourney, LimitSettings, RealmSettings, nearest},
    external::Served,
    store::{Store, StoreError},
};

/// Why journeys cannot be served.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JourneyError {
    /// The texts cannot be had.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The compiler found mistakes: one a line.
    #[error("{}", .0.join("\n"))]
    Findings(Vec<String>),
    /// The configuration gives parameters that no file declares: one a line.
    #[error("{}", lines(.0))]
    Parameters(Vec<UnknownParameter>),
    /// Nodes cannot be linked: one a line.
    #[error("{}", .0.join("\n"))]
    Link(Vec<String>),
    /// A secret parameter cannot be had.
    #[error("parameter `{name}`: {message}")]
    Secret {
        /// The parameter.
        name: String,
        /// Why.
        message: String,
    },
    /// There is no such default journey, or it cannot be one, or none can be chosen; or a module or a role
    /// names none.
    #[error("{0}")]
    Default(String),
    /// A policy requires a realm that is not served.
    #[error("{0}")]
    Realm(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What was kept of a program cannot be read.
    #[error("what was kept of a program cannot be read: {0}")]
    Kept(String),
}

fn lines(unknown: &[UnknownParameter]) -> String {
    let lines: Vec<String> = unknown.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

/// What the journeys of a realm look like.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Status {
    /// The journeys that are served, by their names on the wire.
    pub journeys: Vec<String>,
    /// The default one.
    pub default: Option<String>,
    /// What is wrong with the files as they are now; those of before are served meanwhile.
    pub error: Option<String>,
    /// Warnings and exceptions of what is served, one a line.
    pub remarks: Vec<String>,
    /// What is wrong with the files of tests beside them, one a line; no login depends on it.
    pub tests: Vec<String>,
    /// The journeys that administrators keep in the store and that are not served, with the reasons.
    pub unfit: BTreeMap<String, Vec<String>>,
    /// How often another version was taken since the start.
    pub reloads: u64,
}

/// A program that was just made, with its default journey.
#[derive(Debug)]
struct Fresh {
    base: Arc<Base>,
    joined: Joined,
    stored: Arc<Stored>,
    default: Option<Arc<str>>,
}

/// The node types that programs may use.
#[derive(Debug, Clone)]
pub(crate) struct Types {
    /// Those with a behaviour.
    pub(crate) registry: Registry,
    /// Those that are answered for.
    pub(crate) served: Served,
}

/// The programs of a realm.
#[derive(Debug)]
pub(crate) struct Programs {
    settings: RealmSettings,
    limits: LimitSettings,
    types: Types,
    store: Store,
    realm: Realm,
    /// All that are served.
    realms: Arc<BTreeSet<Realm>>,
    state: RwLock<State>,
    /// What the files looked like before they were last read.
    seen: AtomicU64,
    /// Held while journeys are changed, by files or by administrators, so that one change follows the other.
    changing: tokio::sync::Mutex<()>,
    /// What was made of the trees of the store before.
    cache: Mutex<Cache>,
    /// Its files as they were read, from the first change on: where journeys never change, none are kept.
    trees: Trees,
}

#[derive(Debug)]
struct State {
    current: Engine,
    /// What the current program was made of.
    edition: String,
    /// The texts of it.
    base: Arc<Base>,
    /// What the store keeps.
    stored: Arc<Stored>,
    /// What was noticed of the trees that the store keeps.
    noticed: Arc<BTreeMap<String, Vec<String>>>,
    /// What those of them that are served are allowed.
    exceptions: Arc<BTreeMap<String, BTreeSet<&'static str>>>,
    default: Option<Arc<str>>,
    /// Programs for journeys that the current one does not have so, with when their last run ends.
    older: BTreeMap<ProgramHash, (Engine, Timestamp)>,
    status: Status,
}

impl Programs {
    /// Reads, compiles and links the journeys of a realm.
    pub(crate) async fn open(
        (realm, realms): (&Realm, &Arc<BTreeSet<Realm>>),
        settings: &RealmSettings,
        limits: &LimitSettings,
        types: &Types,
        store: &Store,
        now: Timestamp,
    ) -> Result<Self, JourneyError> {
        let seen = watch::look(&load::watched(settings)).number;
        let texts = load::load(settings, limits)?;
        let with = With {
            settings,
            realm,
            limits,
            types,
            trees: None,
        };
        let base = Arc::new(Base::open(&texts, with)?);
        let (stored, unread) = Stored::read(store.configured(realm)?);
        let mut cache = Cache::default();
        let fresh = fresh(base, Arc::new(stored), with, realms, &mut cache)?;
        keep(store, realm, &fresh.joined.built, now).await?;
        let mut status = status(&fresh, 0);
        status.tests = build::broken_tests(&texts, with);
        for key in unread {
            let why = format!("the {} cannot be read", key.kind.word());
            status.unfit.entry(key.id).or_default().push(why);
        }
        let Fresh {
            base,
            joined,
            stored,
            default,
        } = fresh;
        Ok(Self {
            settings: settings.clone(),
            limits: limits.clone(),
            types: types.clone(),
            store: store.clone(),
            realm: realm.clone(),
            realms: Arc::clone(realms),
            state: RwLock::new(State {
                current: joined.built.engine,
                edition: joined.built.edition,
                base,
                stored,
                noticed: Arc::new(joined.noticed),
                exceptions: Arc::new(joined.exceptions),
                default,
                older: BTreeMap::new(),
                status,
            }),
            seen: AtomicU64::new(seen),
            changing: tokio::sync::Mutex::new(()),
            cache: Mutex::new(cache),
            trees: Trees::default(),
        })
    }

    /// The program that starts new runs.
    pub(crate) fn current(&self) -> Engine {
        self.read(|state| state.current.clone())
    }

    /// The name of the default journey.
    pub(crate) fn default(&self) -> Option<Arc<str>> {
        self.read(|state| state.default.clone())
    }

    /// A program with the journey of this hash, also one that starts no runs any more; `None` where it is
    /// not known.
    pub(crate) fn named(&self, hash: &ProgramHash, now: Timestamp) -> Option<Engine> {
        let known = self.read(|state| {
            if state.current.serves(hash) {
                return Some(state.current.clone());
            }
            state.older.get(hash).map(|(engine, _)| engine.clone())
        });
        known.or_else(|| self.revive(hash, now))
    }

    /// A program from before a restart, made again of what was kept of it.
    fn revive(&self, hash: &ProgramHash, now: Timestamp) -> Option<Engine> {
        let kept = self
            .store
            .kept_program(&self.realm, &hash.to_string())
            .ok()??;
        let with = With {
            trees: None,
            ..self.with()
        };
        let built = build::rebuild(&kept, with).ok()?;
        if !built.engine.serves(hash) {
            return None;
        }
        let until = now.plus(self.life());
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.older.insert(*hash, (built.engine.clone(), until));
        Some(built.engine)
    }

    pub(crate) fn status(&self) -> Status {
        self.read(|state| state.status.clone())
    }

    /// What to tell at the start.
    pub(crate) fn notes(&self) -> Vec<String> {
        let status = self.status();
        status
            .remarks
            .into_iter()
            .map(|remark| format!("{}: {remark}", self.realm))
            .collect()
    }

    fn read<T>(&self, read: impl FnOnce(&State) -> T) -> T {
        read(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn with(&self) -> With<'_> {
        With {
            settings: &self.settings,
            realm: &self.realm,
            limits: &self.limits,
            types: &self.types,
            trees: Some(&self.trees),
        }
    }

    /// The longest that a run may last.
    fn life(&self) -> std::time::Duration {
        self.limits.run_time_max.max(self.limits.suspend_time_max)
    }

    /// Compiles the files as they are now: the new program where it is another, and what is wrong with the
    /// tests beside it.
    fn compile(&self) -> Result<(Option<Fresh>, Vec<String>), JourneyError> {
        let texts = load::load(&self.settings, &self.limits)?;
        let base = Arc::new(Base::open(&texts, self.with())?);
        let stored = self.read(|state| Arc::clone(&state.stored));
        let fresh = self.fresh(base, stored)?;
        let broken = build::broken_tests(&texts, self.with());
        Ok((self.news(fresh), broken))
    }

    /// The program of these texts with what the store keeps.
    fn fresh(&self, base: Arc<Base>, stored: Arc<Stored>) -> Result<Fresh, JourneyError> {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        fresh(base, stored, self.with(), &self.realms, &mut cache)
    }

    /// A program, where it is another than the one that is served.
    fn news(&self, fresh: Fresh) -> Option<Fresh> {
        let same = self.read(|state| {
            state.edition == fresh.joined.built.edition
                && state.base.built.edition == fresh.base.built.edition
                && state.base.texts.side == fresh.base.texts.side
        });
        (!same).then_some(fresh)
    }

    fn take(&self, fresh: Fresh, now: Timestamp) {
        let until = now.plus(self.life());
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let mut status = status(&fresh, state.status.reloads + 1);
        status.tests = std::mem::take(&mut state.status.tests);
        let Fresh {
            base,
            joined,
            stored,
            default,
        } = fresh;
        let old = std::mem::replace(&mut state.current, joined.built.engine);
        state.older.retain(|_, (_, until)| *until > now);
        for hash in old.hashes() {
            if !state.current.serves(hash) {
                state.older.insert(*hash, (old.clone(), until));
            }
        }
        state.edition = joined.built.edition;
        state.base = base;
        state.stored = stored;
        state.noticed = Arc::new(joined.noticed);
        state.exceptions = Arc::new(joined.exceptions);
        state.default = default;
        state.status = status;
    }

    /// Notes what is wrong with the files; `true` where that is news.
    fn broken(&self, error: Option<String>) -> bool {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let news = state.status.error != error;
        state.status.error = error;
        news
    }

    /// Notes what is wrong with the tests; `true` where that is news.
    fn tested(&self, tests: Vec<String>) -> bool {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let news = state.status.tests != tests;
        state.status.tests = tests;
        news
    }

    /// Warns of tests that are broken, one line a file.
    pub(crate) fn warn_of_tests(&self, log: &Log) {
        for line in self.status().tests {
            log.warn(&format!(
                "a file of tests of {} is broken, which the server does without: {line}",
                self.realm
            ));
        }
    }
}

/// Reads the journeys of a realm anew; `true` where another version is served now.
pub(crate) async fn reload(app: &Arc<App>, realm: &RealmState) -> bool {
    let edition = || realm.programs.read(|state| state.edition.clone());
    let before = edition();
    let _changing = realm.programs.changing.lock().await;
    let (held, name) = (Arc::clone(app), realm.realm.clone());
    let compiled = tokio::task::spawn_blocking(move || {
        held.realms.get(&name).map(|state| state.programs.compile())
    })
    .await;
    let Ok(Some(compiled)) = compiled else {
        app.log.error("reading journeys anew was cut short");
        return false;
    };
    let programs = &realm.programs;
    let path = realm.realm.as_str();
    let compiled = compiled.map(|(fresh, tests)| {
        if programs.tested(tests) {
            programs.warn_of_tests(&app.log);
        }
        fresh
    });
    let kept = match compiled {
        Ok(Some(fresh)) => keep(
            &programs.store,
            &realm.realm,
            &fresh.joined.built,
            app.clock.now(),
        )
        .await
        .map(|()| Some(fresh))
        .map_err(JourneyError::from),
        Ok(None) => Ok(None),
        Err(error) => Err(error),
    };
    let event = Event::new(EventName::ConfigChanged).text("realm", path);
    match kept {
        Ok(Some(fresh)) => {
            let edition = fresh.joined.built.edition.clone();
            programs.take(fresh, app.clock.now());
            app.audit(&event.text("result", "SUCCESSFUL").text("program", &edition));
            app.log.info(&format!(
                "the journeys of {path} were read anew; runs that are open end on the version they \
                 began with, so reload a login page that is open to see the new one"
            ));
            true
        }
        Ok(None) => {
            if programs.broken(None) {
                app.log.info(&format!(
                    "the journeys of {path} are as they are served again"
                ));
            }
            // The watch may have read the same files while this waited for it.
            edition() != before
        }
        Err(error) => {
            let text = error.to_string();
            if programs.broken(Some(text.clone())) {
                app.audit(&event.text("result", "FAILED"));
                app.log.error(&format!(
                    "the journeys of {path} were changed and cannot be served; the version of before \
                     still is\n{text}"
                ));
            }
            false
        }
    }
}

/// Keeps what a program was made of, and retires the others.
async fn keep(
    store: &Store,
    realm: &Realm,
    built: &Built,
    now: Timestamp,
) -> Result<(), StoreError> {
    let journeys = built.engine.hashes().iter().map(ToString::to_string);
    let (edition, kept) = (built.edition.clone(), built.kept.clone());
    store
        .keep_program(realm, edition, kept, journeys.collect(), now)
        .await
}

/// The program of these texts with what the store keeps.
fn fresh(
    base: Arc<Base>,
    stored: Arc<Stored>,
    with: With<'_>,
    realms: &BTreeSet<Realm>,
    cache: &mut Cache,
) -> Result<Fresh, JourneyError> {
    required(&base.built.engine, realms)?;
    let joined = join::join(&base, &stored, with, cache);
    let default = chosen(&base, &joined, &with.settings.default)?;
    named(&joined.built.engine, with.settings)?;
    Ok(Fresh {
        base,
        joined,
        stored,
        default,
    })
}

fn status(fresh: &Fresh, reloads: u64) -> Status {
    let built = &fresh.joined.built;
    let program = built.engine.program();
    let unfit = fresh.joined.unfit.iter().map(|(name, reasons)| {
        let why = reasons.first().map_or("", |reason| &**reason);
        format!("the journey `{name}` of the store is kept and not served: {why}")
    });
    Status {
        journeys: program
            .by_wire_name
            .keys()
            .map(ToString::to_string)
            .collect(),
        default: fresh.default.as_deref().map(str::to_owned),
        error: None,
        // Of journeys of the store their administrator is told.
        remarks: fresh
            .base
            .built
            .remarks
            .iter()
            .cloned()
            .chain(unfit)
            .collect(),
        tests: Vec::new(),
        unfit: fresh.joined.unfit.clone(),
        reloads,
    }
}

/// The default journey: that of the texts, so that nothing that is kept beside them takes its place; one of
/// the store where the settings name it, or where the texts have none that could be started.
fn chosen(
    base: &Base,
    joined: &Joined,
    wanted: &DefaultJourney,
) -> Result<Option<Arc<str>>, JourneyError> {
    let texts = &base.built.engine;
    let of_texts = match wanted {
        DefaultJourney::Named(name) => base.file_of(name).is_some(),
        DefaultJourney::Found | DefaultJourney::Required => startable(texts).next().is_some(),
    };
    default(
        if of_texts {
            texts
        } else {
            &joined.built.engine
        },
        wanted,
    )
}

/// Whether the realms that policies require are there; nobody could ever meet another.
fn required(engine: &Engine, realms: &BTreeSet<Realm>) -> Result<(), JourneyError> {
    for policy in &engine.program().policies {
        for requirement in &policy.requirements {
            if let Requirement::Realm(realm) = requirement
                && !realms.contains(realm)
            {
                let names = realms.iter().map(Realm::as_str);
                let hint = nearest(realm.as_str(), names)
                    .map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
                return Err(JourneyError::Realm(format!(
                    "policy `{}` requires the realm `{realm}`, which is not there{hint}",
                    policy.name
                )));
            }
        }
    }
    Ok(())
}

/// Whether the journeys that modules and roles stand for are there.
fn named(engine: &Engine, settings: &RealmSettings) -> Result<(), JourneyError> {
    let known = &engine.program().by_wire_name;
    let all = [("modules", &settings.modules), ("roles", &settings.roles)];
    let missing = all
        .into_iter()
        .flat_map(|(table, names)| names.iter().map(move |pair| (table, pair)))
        .find(|(_, (_, journey))| !known.contains_key(journey.as_str()));
    let Some((table, (name, journey))) = missing else {
        return Ok(());
    };
    let hint = nearest(journey, known.keys().map(AsRef::as_ref))
        .map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    Err(JourneyError::Default(format!(
        "`{table}.{name}` names the journey `{journey}`, which is not there{hint}"
    )))
}

/// The default journey that the settings mean, where it can be one.
fn default(engine: &Engine, wanted: &DefaultJourney) -> Result<Option<Arc<str>>, JourneyError> {
    let Some(name) = meant(engine, wanted)? else {
        return Ok(None);
    };
    if engine
        .program()
        .journey_on_wire(&name)
        .is_some_and(|journey| journey.settings.must_run)
    {
        return Err(JourneyError::Default(format!(
            "the default journey `{name}` has `mustRun = true`, which the default of a realm may not \
             have: every start without a name would run it, whatever the session; take the setting out, \
             or make another journey the default"
        )));
    }
    Ok(Some(name))
}

/// The journeys that can be started by their names.
fn startable(engine: &Engine) -> impl Iterator<Item = &Arc<str>> {
    let program = engine.program();
    let startable = program.by_wire_name.iter().filter(|(_, id)| {
        program.journey(**id).is_some_and(|journey| {
            let settings = &journey.settings;
            settings.enabled && !settings.inner_only && !settings.transactional_only
        })
    });
    startable.map(|(name, _)| name)
}

fn meant(engine: &Engine, wanted: &DefaultJourney) -> Result<Option<Arc<str>>, JourneyError> {
    let startable: Vec<&Arc<str>> = startable(engine).collect();
    let names = || {
        let names: Vec<&str> = startable.iter().map(|name| &***name).collect();
        if names.is_empty() {
            "no journey can be started".to_owned()
        } else {
            format!("there are {}", names.join(", "))
        }
    };
    let found = |name: &str| startable.iter().find(|known| &****known == name);
    match wanted {
        DefaultJourney::Named(name) => match found(name) {
            Some(name) => Ok(Some(Arc::clone(name))),
            None => Err(JourneyError::Default(format!(
                "the default journey `{name}` is not there; {}",
                names()
            ))),
        },
        DefaultJourney::Found | DefaultJourney::Required => {
            if let Some(name) = found("Login") {
                return Ok(Some(Arc::clone(name)));
            }
            match startable.as_slice() {
                [only] => Ok(Some(Arc::clone(only))),
                _ if *wanted == DefaultJourney::Found => Ok(None),
                _ => Err(JourneyError::Default(format!(
                    "no journey is called `Login`, and it is not clear which is the default; {}; call \
                     one \"Login\", or write a configuration with default = \"…\"",
                    names()
                ))),
            }
        }
    }
}
