//! Text journeys and those of the store as one program.
//!
//! In: the texts of a realm, which must compile by themselves, and what the store keeps. Out: one program
//! with all of the texts and of the trees those that run, and of the others why they do not. A name that
//! stands in text is the text's. Nothing here keeps a realm from being served but its texts.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::OnceLock,
};

use wayfare::Source;

use super::{
    JourneyError,
    build::{self, Built, Failed, Place, With},
    convert::{self, Cache, Converted, GroupKey},
    load::Texts,
    stored::Stored,
    written::Written,
};

/// How the sources are called that are made of the store; no file of a realm is called so.
pub(crate) const STORED: &str = "~stored/";

/// How often a realm is compiled to find out which of its trees run.
const COMPILED_MAX: usize = 64;
/// How many reasons are kept of a tree.
const REASONS_MAX: usize = 20;

/// The texts of a realm as they were when they last compiled.
#[derive(Debug)]
pub(crate) struct Base {
    /// With all that they import, so that nothing is read again.
    pub(crate) texts: Texts,
    pub(crate) built: Built,
    /// The same as the product's own JSON, once somebody asked.
    written: OnceLock<Written>,
}

impl Base {
    pub(crate) fn open(texts: &Texts, with: With<'_>) -> Result<Self, JourneyError> {
        let built = build::build(texts, with)?;
        let texts = Texts {
            sources: texts.sources.clone(),
            roots: Vec::new(),
            embedded: texts.embedded,
            imports: built.imports.clone(),
            side: texts.side.clone(),
        };
        Ok(Self {
            texts,
            built,
            written: OnceLock::new(),
        })
    }

    /// The texts as the product's own JSON.
    pub(crate) fn written(&self) -> &Written {
        self.written.get_or_init(|| Written::of(self))
    }

    /// The file of the journey that the wire calls so, where a text has it.
    pub(crate) fn file_of(&self, name: &str) -> Option<String> {
        let program = self.built.engine.program();
        let journey = program.journey_on_wire(name)?;
        let source = program.sources.get(journey.span.source);
        Some(source.map_or_else(String::new, |source| source.name().to_owned()))
    }
}

/// Why trees of the store are not served, by their names.
pub(crate) type Unfit = BTreeMap<String, Vec<String>>;

/// A program with all that can be served.
#[derive(Debug)]
pub(crate) struct Joined {
    pub(crate) built: Built,
    pub(crate) unfit: Unfit,
    /// What was noticed of those that are served, and of the others.
    pub(crate) noticed: BTreeMap<String, Vec<String>>,
}

/// The texts with the trees of the store that run.
pub(crate) fn join(base: &Base, stored: &Stored, with: With<'_>, cache: &mut Cache) -> Joined {
    let mut unfit = Unfit::new();
    for (name, _) in stored.trees() {
        if let Some(file) = base.file_of(name) {
            let why = format!("the journey stands in the file {file}, which goes before");
            unfit.insert(name.to_owned(), vec![why]);
        }
    }
    let plain = |unfit, noticed| Joined {
        built: base.built.clone(),
        unfit,
        noticed,
    };
    if stored.trees().all(|(name, _)| unfit.contains_key(name)) {
        return plain(unfit, BTreeMap::new());
    }
    let Converted {
        journeys,
        shared,
        scripts,
        mut refused,
        noticed,
        groups,
        ..
    } = convert::convert(stored, base, with, &|name| unfit.contains_key(name), cache);
    unfit.append(&mut refused);
    let mut search = Search {
        base,
        shared,
        scripts,
        groups,
        cache,
        with,
        left: COMPILED_MAX,
    };
    let built = search.fitting(journeys, &mut unfit);
    for reasons in unfit.values_mut() {
        reasons.truncate(REASONS_MAX);
    }
    match built {
        Some(built) => Joined {
            built,
            unfit,
            noticed,
        },
        None => plain(unfit, noticed),
    }
}

/// The sources of trees, by name.
type Journeys = BTreeMap<String, Source>;

/// The search for the trees that run together.
struct Search<'a> {
    base: &'a Base,
    shared: Vec<Source>,
    scripts: Vec<Source>,
    /// The group of each tree.
    groups: BTreeMap<String, GroupKey>,
    cache: &'a mut Cache,
    with: With<'a>,
    /// How often it may still be compiled.
    left: usize,
}

impl Search<'_> {
    /// The program with as many of these as can be; the others are told why.
    fn fitting(&mut self, mut journeys: Journeys, unfit: &mut Unfit) -> Option<Built> {
        self.known(&mut journeys, unfit);
        let mut first = true;
        // BOUND: each round takes at least one away, and rounds are counted.
        while !journeys.is_empty() {
            let failed = match self.compile(&journeys)? {
                Ok(built) => return Some(built),
                Err(failed) => failed,
            };
            let blamed = self.blamed(&journeys, &failed);
            if blamed.is_empty() {
                return self.one_by_one(journeys, unfit);
            }
            for (name, reasons) in blamed {
                journeys.remove(&name);
                // Later ones may be to blame for nothing but that another is not there.
                if let Some(group) = self.groups.get(&name).filter(|_| first) {
                    let known = self.cache.blamed.entry(group.clone()).or_default();
                    known.insert(name.clone(), reasons.clone());
                }
                unfit.insert(name, reasons);
            }
            first = false;
        }
        None
    }

    /// Takes those away of which it is known that they do not run: neither they nor the texts have changed.
    fn known(&self, journeys: &mut Journeys, unfit: &mut Unfit) {
        journeys.retain(|name, _| {
            let group = self.groups.get(name);
            let known = group.and_then(|group| self.cache.blamed.get(group)?.get(name));
            if let Some(reasons) = known {
                unfit.insert(name.clone(), reasons.clone());
            }
            known.is_none()
        });
    }

    /// The same where nobody can be told to be at fault: one after the other, as long as that is affordable.
    fn one_by_one(&mut self, journeys: Journeys, unfit: &mut Unfit) -> Option<Built> {
        let (mut fit, mut built) = (Journeys::new(), None);
        let mut waiting: Vec<(String, Source)> = journeys.into_iter().collect();
        let mut before = usize::MAX;
        // BOUND: as long as another one fits, and compiling is counted.
        while !waiting.is_empty() && waiting.len() < before {
            before = waiting.len();
            for (name, source) in std::mem::take(&mut waiting) {
                fit.insert(name.clone(), source);
                let reasons = match self.compile(&fit) {
                    Some(Ok(made)) => {
                        built = Some(made);
                        unfit.remove(&name);
                        continue;
                    }
                    Some(Err(failed)) => failed
                        .error
                        .to_string()
                        .lines()
                        .map(str::to_owned)
                        .collect(),
                    None => vec!["it was not found out which trees run together".to_owned()],
                };
                if let Some(source) = fit.remove(&name) {
                    waiting.push((name.clone(), source));
                }
                unfit.insert(name, reasons);
            }
        }
        built
    }

    /// `None` where it was done too often already.
    fn compile(&mut self, journeys: &Journeys) -> Option<Result<Built, Failed>> {
        self.left = self.left.checked_sub(1)?;
        let mut texts = self.base.texts.clone();
        texts.sources.extend(self.shared.iter().cloned());
        texts.sources.extend(journeys.values().cloned());
        texts.imports.extend(self.scripts.iter().cloned());
        Some(build::try_build(&texts, &[], self.with))
    }

    /// The trees of these in which something is wrong, with what.
    fn blamed(&self, journeys: &Journeys, failed: &Failed) -> Unfit {
        let mut blamed = Unfit::new();
        let own: BTreeSet<&str> = self
            .base
            .built
            .engine
            .program()
            .by_name
            .keys()
            .map(|name| &**name)
            .collect();
        for (place, line) in &failed.places {
            for (name, source) in journeys {
                let here = match place {
                    Place::Source(of) => of == source.name(),
                    Place::Journey(id) => {
                        !own.contains(&**id) && convert::identifier_of(source) == &**id
                    }
                    Place::Parameter(parameter) => {
                        let declared = format!("param {parameter}");
                        source
                            .text()
                            .lines()
                            .any(|line| line.starts_with(&declared))
                    }
                };
                if here {
                    blamed.entry(name.clone()).or_default().push(line.clone());
                }
            }
        }
        blamed
    }
}
