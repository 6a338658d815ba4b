//! What a denial asks for, and the journeys that could give it.
//!
//! An [`Advice`] comes from a policy, or from a client that was denied somewhere else; [`Advice::resolve`]
//! says what to start: one journey, a menu of them, a transaction, or nothing. What an advice looks like
//! in XML or JSON, and how its parts are called there, is the wire's.
//!
//! It is a question and no order: whatever names a realm outside the one that was asked, a journey that
//! may not be started alone, or a level that nothing reaches, is dropped.

use std::{collections::BTreeMap, fmt, sync::Arc};

use crate::{
    engine::session::Engine,
    model::{journey::JourneySettings, level::AuthLevel, realm::Realm},
};

/// How many journeys a menu holds at most.
pub const MENU_MAX: usize = 64;

/// What somebody is asked to do before they may have what they were denied.
///
/// Each list keeps the order of the document and holds nothing twice; values are taken whole, without
/// the blanks around them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Advice {
    /// Log in to one of these realms: paths, aliases, or names of realms below the top.
    pub realms: Vec<Arc<str>>,
    /// Pass one of these journeys.
    pub services: Vec<Qualified>,
    /// Pass one of these modules: names that a realm gives to journeys.
    pub schemes: Vec<Qualified>,
    /// Reach a level; with the realm it was asked for, where one is named.
    pub levels: Vec<(Option<Realm>, AuthLevel)>,
    /// Confirm one of these transactions.
    pub transactions: Vec<Arc<str>>,
    /// Names that mean nothing here, for audits.
    pub unknown: Vec<Arc<str>>,
}

/// A name, and the realm it belongs to, where one is named: `Login`, `/alpha:Login`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Qualified {
    /// The realm; where none is named, that of the request.
    pub realm: Option<Realm>,
    /// The name.
    pub name: Arc<str>,
}

impl Qualified {
    /// A name in the realm of the request.
    pub fn here(name: impl Into<Arc<str>>) -> Self {
        Self {
            realm: None,
            name: name.into(),
        }
    }

    /// Reads `name`, `:name` or `/realm:name`. A colon behind anything but a path belongs to the name:
    /// journeys may be called so.
    pub fn parse(value: &str) -> Option<Self> {
        let (realm, name) = split(value)?;
        (!name.is_empty() && trimmed(name) == name).then(|| Self {
            realm,
            name: Arc::from(name),
        })
    }
}

impl fmt::Display for Qualified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.name.starts_with('/') && self.name.contains(':');
        match &self.realm {
            Some(realm) => write!(f, "{realm}:{}", self.name),
            // Written bare, such a name would be read as another one.
            None if path || self.name.starts_with(':') => write!(f, ":{}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// The realm before the first colon, and what follows; `None` where the realm is none.
fn split(value: &str) -> Option<(Option<Realm>, &str)> {
    let value = trimmed(value);
    match value.split_once(':') {
        Some(("", name)) => Some((None, name)),
        Some((realm, name)) if realm.starts_with('/') => Some((Some(Realm::parse(realm)?), name)),
        _ => Some((None, value)),
    }
}

/// Without the blanks that a markup may hold around a value.
fn trimmed(value: &str) -> &str {
    value.trim_matches([' ', '\t', '\r', '\n'])
}

fn add<T: PartialEq>(list: &mut Vec<T>, value: T) {
    if !list.contains(&value) {
        list.push(value);
    }
}

impl Advice {
    /// Whether it asks for nothing.
    pub fn is_empty(&self) -> bool {
        self.realms.is_empty()
            && self.services.is_empty()
            && self.schemes.is_empty()
            && self.levels.is_empty()
            && self.transactions.is_empty()
    }

    /// Asks for a login to a realm.
    pub fn realm(&mut self, value: &str) {
        if !trimmed(value).is_empty() {
            add(&mut self.realms, Arc::from(trimmed(value)));
        }
    }

    /// Asks for a journey; a value that names no realm where one should stand is dropped.
    pub fn service(&mut self, value: &str) {
        if let Some(name) = Qualified::parse(value) {
            add(&mut self.services, name);
        }
    }

    /// Asks for a module; dropped as a journey would be.
    pub fn scheme(&mut self, value: &str) {
        if let Some(name) = Qualified::parse(value) {
            add(&mut self.schemes, name);
        }
    }

    /// Asks for a level: a strict decimal, perhaps behind a realm and a colon; anything else is dropped.
    pub fn level(&mut self, value: &str) {
        let level = split(value)
            .and_then(|(realm, number)| AuthLevel::parse(number).map(|level| (realm, level)));
        if let Some(level) = level {
            add(&mut self.levels, level);
        }
    }

    /// Asks for the confirmation of a transaction.
    pub fn transaction(&mut self, value: &str) {
        if !trimmed(value).is_empty() {
            add(&mut self.transactions, Arc::from(trimmed(value)));
        }
    }

    /// Names something that is not asked for here.
    pub fn other(&mut self, name: &str) {
        add(&mut self.unknown, Arc::from(name));
    }

    /// Everything that another advice asks for, too.
    pub fn unite(&mut self, other: &Self) {
        for realm in &other.realms {
            add(&mut self.realms, Arc::clone(realm));
        }
        for service in &other.services {
            add(&mut self.services, service.clone());
        }
        for scheme in &other.schemes {
            add(&mut self.schemes, scheme.clone());
        }
        for level in &other.levels {
            add(&mut self.levels, level.clone());
        }
        for transaction in &other.transactions {
            add(&mut self.transactions, Arc::clone(transaction));
        }
        for name in &other.unknown {
            add(&mut self.unknown, Arc::clone(name));
        }
    }

    /// What to start in the realm of a request.
    ///
    /// A transaction goes before everything. Otherwise a realm goes before journeys, and journeys go
    /// before modules and levels; what is passed over is not asked for. Of several levels the lowest is
    /// meant. In the strict mode everything that is asked for is meant: the highest level, and that also
    /// of journeys and realms that the advice names.
    pub fn resolve(&self, at: &Realm, site: &dyn Journeys, strict: bool) -> Resolution {
        if let Some(transaction) = self.transactions.first() {
            return Resolution::Transaction(Arc::clone(transaction));
        }
        let mut menu = Menu::new(at, site);
        if !self.realms.is_empty() {
            for value in &self.realms {
                menu.realm(value);
            }
        } else if !self.services.is_empty() {
            for value in &self.services {
                menu.journey(value, Some(&value.name));
            }
        } else {
            for value in &self.schemes {
                let realm = value.realm.as_ref().unwrap_or(at);
                menu.journey(value, site.scheme(realm, &value.name).as_ref());
            }
            self.reaching(&mut menu, strict);
        }
        if strict {
            menu.hold_to(|realm| self.highest(at, realm));
        }
        menu.resolution()
    }

    /// The journeys that reach the level that is meant, in the realms for which that one is asked.
    fn reaching(&self, menu: &mut Menu<'_>, strict: bool) {
        let levels = || self.levels_within(menu.at);
        let meant = if strict {
            levels().map(|(_, level)| level).max()
        } else {
            levels().map(|(_, level)| level).min()
        };
        let Some(meant) = meant else { return };
        let asked: Vec<Option<&Realm>> = levels()
            .filter(|(_, level)| *level == meant)
            .map(|(realm, _)| realm)
            .collect();
        for realm in asked {
            menu.level(realm, meant);
        }
    }

    /// The levels that may be asked for here.
    fn levels_within<'a>(
        &'a self,
        at: &'a Realm,
    ) -> impl Iterator<Item = (Option<&'a Realm>, AuthLevel)> {
        self.levels
            .iter()
            .map(|(realm, level)| (realm.as_ref(), *level))
            .filter(|(realm, _)| realm.is_none_or(|realm| at.holds(realm)))
    }

    /// The highest level that is asked of a run in a realm: those asked for it, and those asked at large.
    fn highest(&self, at: &Realm, realm: &Realm) -> Option<AuthLevel> {
        self.levels_within(at)
            .filter(|(of, _)| of.is_none_or(|of| of == realm))
            .map(|(_, level)| level)
            .max()
    }
}

/// What an advice is resolved against.
pub trait Journeys {
    /// The journeys of a realm; `None` where there is no such realm.
    fn engine(&self, realm: &Realm) -> Option<Engine>;

    /// The journey that a start without a name means.
    fn default_journey(&self, realm: &Realm) -> Option<Arc<str>>;

    /// The journey that stands for a module of this name.
    fn scheme(&self, realm: &Realm, name: &str) -> Option<Arc<str>>;

    /// The realm that has this alias.
    fn alias(&self, alias: &str) -> Option<Realm>;

    /// The journeys of a realm that can reach a level, at most so many, those first that always do.
    fn at_least(&self, realm: &Realm, level: AuthLevel, max: usize) -> Vec<Arc<str>> {
        let engine = self.engine(realm);
        engine.map_or_else(Vec::new, |engine| engine.at_least(level, max))
    }

    /// Whether a journey can reach a level.
    fn reaches(&self, realm: &Realm, journey: &str, level: AuthLevel) -> bool {
        let engine = self.engine(realm);
        let span = engine.and_then(|engine| engine.levels(journey));
        span.is_some_and(|span| span.may_reach(level))
    }
}

/// A journey that an advice leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The realm it lives in: that of the request, or one below.
    pub realm: Realm,
    /// Its name on the wire.
    pub journey: Arc<str>,
    /// What a menu calls it.
    pub shown: Arc<str>,
    /// The level that success must have.
    pub asked_level: Option<AuthLevel>,
}

/// What an advice comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolution {
    /// Nothing that could be started.
    None,
    /// One journey: it is started at once.
    One(Candidate),
    /// Two journeys or more, to choose from; never more than [`MENU_MAX`].
    Menu(Vec<Candidate>),
    /// The transaction to confirm.
    Transaction(Arc<str>),
}

/// The candidates so far.
struct Menu<'a> {
    at: &'a Realm,
    site: &'a dyn Journeys,
    engines: BTreeMap<Realm, Option<Engine>>,
    found: Vec<Candidate>,
}

impl<'a> Menu<'a> {
    fn new(at: &'a Realm, site: &'a dyn Journeys) -> Self {
        Self {
            at,
            site,
            engines: BTreeMap::new(),
            found: Vec::new(),
        }
    }

    /// The default journey of a realm.
    fn realm(&mut self, value: &Arc<str>) {
        // As in a path: a bare name is an alias first, then a realm below the top.
        let realm = if value.starts_with('/') {
            Realm::parse(value)
        } else {
            let named = || Realm::parse(&format!("/{value}"));
            self.site.alias(value).or_else(named)
        };
        let Some(realm) = realm.filter(|realm| self.at.holds(realm)) else {
            return;
        };
        if let Some(journey) = self.site.default_journey(&realm) {
            self.put(realm, journey, Arc::clone(value), None);
        }
    }

    /// A journey that a value leads to.
    fn journey(&mut self, value: &Qualified, journey: Option<&Arc<str>>) {
        let realm = value.realm.as_ref().unwrap_or(self.at);
        if let Some(journey) = journey.filter(|_| self.at.holds(realm)) {
            let shown = Arc::from(value.to_string());
            self.put(realm.clone(), Arc::clone(journey), shown, None);
        }
    }

    /// The journeys of a realm that reach a level.
    fn level(&mut self, of: Option<&Realm>, level: AuthLevel) {
        let realm = of.unwrap_or(self.at);
        for journey in self.site.at_least(realm, level, MENU_MAX) {
            let shown = Qualified {
                realm: of.cloned(),
                name: Arc::clone(&journey),
            };
            let shown = Arc::from(shown.to_string());
            self.put(realm.clone(), journey, shown, Some(level));
        }
    }

    fn put(&mut self, realm: Realm, journey: Arc<str>, shown: Arc<str>, asked: Option<AuthLevel>) {
        let same = |c: &&mut Candidate| c.realm == realm && c.journey == journey;
        if let Some(there) = self.found.iter_mut().find(same) {
            there.asked_level = there.asked_level.max(asked);
        } else if self.found.len() < MENU_MAX && self.may_start(&realm, &journey) {
            self.found.push(Candidate {
                realm,
                journey,
                shown,
                asked_level: asked,
            });
        }
    }

    fn may_start(&mut self, realm: &Realm, journey: &str) -> bool {
        if !self.engines.contains_key(realm) {
            let engine = self.site.engine(realm);
            self.engines.insert(realm.clone(), engine);
        }
        let engine = self.engines.get(realm).and_then(Option::as_ref);
        engine
            .and_then(|engine| engine.program().journey_on_wire(journey))
            .is_some_and(|journey| journey.settings.starts_alone())
    }

    /// Keeps what can reach the level of its realm, and asks for it.
    fn hold_to(&mut self, level: impl Fn(&Realm) -> Option<AuthLevel>) {
        let site = self.site;
        self.found.retain_mut(|candidate| {
            let asked = candidate.asked_level.max(level(&candidate.realm));
            candidate.asked_level = asked;
            asked.is_none_or(|level| site.reaches(&candidate.realm, &candidate.journey, level))
        });
    }

    fn resolution(mut self) -> Resolution {
        match self.found.len() {
            0 => Resolution::None,
            1 => self.found.pop().map_or(Resolution::None, Resolution::One),
            _ => Resolution::Menu(self.found),
        }
    }
}

impl JourneySettings {
    /// Whether a client may start the journey by its name.
    pub fn starts_alone(&self) -> bool {
        self.enabled && !self.inner_only && !self.transactional_only
    }
}
