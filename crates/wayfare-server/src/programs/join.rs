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
/// How much is noticed of a tree at most.
const NOTICED_MAX: usize = 200;

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
    /// What a text would have to allow and those that are served do, by its codes.
    pub(crate) exceptions: BTreeMap<String, BTreeSet<&'static str>>,
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
        exceptions: BTreeMap::new(),
    };
    if stored.trees().all(|(name, _)| unfit.contains_key(name)) {
        return plain(unfit, BTreeMap::new());
    }
    let Converted {
        journeys,
        shared,
        scripts,
        mut refused,
        mut noticed,
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
    let trees: BTreeMap<String, String> = journeys
        .iter()
        .map(|(name, source)| (source.name().to_owned(), name.clone()))
        .collect();
    let built = search.fitting(journeys, &mut unfit);
    for reasons in unfit.values_mut() {
        reasons.truncate(REASONS_MAX);
    }
    let Some(built) = built else {
        return plain(unfit, noticed);
    };
    let mut exceptions: BTreeMap<String, BTreeSet<&'static str>> = BTreeMap::new();
    for allowed in &built.allowed {
        let Some(tree) = trees.get(&allowed.source) else {
            continue;
        };
        let codes = exceptions.entry(tree.clone()).or_default();
        codes.insert(allowed.code);
        let lines = noticed.entry(tree.clone()).or_default();
        if lines.len() < NOTICED_MAX {
            lines.push(format!("allowed: {}", allowed.line));
        }
    }
    Joined {
        built,
        unfit,
        noticed,
        exceptions,
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
                return self.apart(journeys, unfit);
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

    /// The same where nobody can be told to be at fault: halves of them are tried, and halves of these, for
    /// as long as that is affordable. What calls each other stays together.
    fn apart(&mut self, mut journeys: Journeys, unfit: &mut Unfit) -> Option<Built> {
        let mut groups: BTreeMap<String, Journeys> = BTreeMap::new();
        for (name, source) in std::mem::take(&mut journeys) {
            let group = self.groups.get(&name).cloned().unwrap_or_default();
            groups.entry(group).or_default().insert(name, source);
        }
        let all: Vec<Journeys> = groups.into_values().collect();
        let (mut fit, mut built) = (Journeys::new(), None);
        let mut open: Vec<Vec<Journeys>> = vec![all];
        // BOUND: what is put back is half as much, and compiling is counted.
        while let Some(mut part) = open.pop() {
            let mut tried = fit.clone();
            for group in &part {
                tried.extend(
                    group
                        .iter()
                        .map(|(name, source)| (name.clone(), source.clone())),
                );
            }
            let why = match self.compile(&tried) {
                Some(Ok(made)) => {
                    (fit, built) = (tried, Some(made));
                    continue;
                }
                Some(Err(failed)) => failed.error.to_string(),
                None => "it was not found out which trees run together".to_owned(),
            };
            if part.len() > 1 && self.left > 0 {
                let second = part.split_off(part.len() / 2);
                open.extend([second, part]);
                continue;
            }
            let reasons: Vec<String> = why.lines().map(str::to_owned).collect();
            for name in part.iter().flat_map(Journeys::keys) {
                unfit.insert(name.clone(), reasons.clone());
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
        let sources: BTreeSet<&str> = journeys.values().map(Source::name).collect();
        for (place, line) in &failed.places {
            for (name, source) in journeys {
                let here = match place {
                    // What stands beside a journey, such as a script, is everybody's who shares its folder.
                    Place::Source(of) => {
                        of == source.name() || !sources.contains(&**of) && is_beside(of, source)
                    }
                    Place::Journey(id) => {
                        !own.contains(&**id) && convert::identifier_of(source) == &**id
                    }
                    Place::Parameter(parameter) => {
                        let declared = format!("param {parameter}:");
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

/// Whether a source lies in the folder of a journey.
fn is_beside(name: &str, journey: &Source) -> bool {
    let folder = journey.name().rsplit_once('/').map(|(folder, _)| folder);
    let rest = folder.and_then(|folder| name.strip_prefix(folder));
    rest.is_some_and(|rest| rest.starts_with('/'))
}
