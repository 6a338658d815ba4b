//! The lines of a run, and the same as a file.

use std::{fs, process::Command};

use serde_json::{Map, Value, json};

use crate::{
    ratio::{Cost, beside},
    wayfare::{CHAINS, Ours},
};

/// The peers whose versions belong to the figures.
const CRATES: [&str; 7] = [
    "cedar-policy",
    "regorus",
    "rhai",
    "stateright",
    "statig",
    "wayfare",
    "zen-engine",
];

/// What was measured so far.
#[derive(Debug, Default)]
pub(crate) struct Report {
    ratios: Vec<Value>,
    notes: Vec<String>,
}

impl Report {
    /// A ratio that is to be at least its goal, or is only told; and what stands behind it.
    pub(crate) fn ratio(&mut self, name: &str, value: f64, goal: Option<f64>, sides: [Side; 2]) {
        let word = match goal {
            Some(goal) if value >= goal => "ok",
            Some(_) => "short",
            None => "told",
        };
        let goal_text = goal.map_or("none".to_owned(), |goal| format!("{goal:.2}"));
        println!("ratio {name} value {value:.2} goal {goal_text} {word}");
        for side in &sides {
            println!("  {}", side.text());
        }
        let [peer, ours] = sides.map(|side| side.json());
        self.ratios.push(json!({
            "name": name, "value": (value * 100.0).round() / 100.0, "goal": goal, "state": word, "peer": peer, "wayfare": ours,
        }));
    }

    /// A sentence that belongs to the figures.
    pub(crate) fn note(&mut self, text: String) {
        println!("note {text}");
        self.notes.push(text);
    }

    /// The same login by a peer and by us.
    pub(crate) fn login(
        &mut self,
        name: &str,
        goal: Option<f64>,
        ours: &Ours,
        peer: &mut dyn FnMut(),
    ) {
        let (peer, mine) = beside(peer, &mut || ours.log_in());
        let value = peer.least / mine.least;
        let sides = [
            Side::time("peer, a login", peer),
            Side::time("wayfare, a login", mine),
        ];
        self.ratio(&format!("P4_login_{name}"), value, goal, sides);
    }

    /// The same chain by a peer and by us; `at` is which of [`CHAINS`].
    pub(crate) fn chain(
        &mut self,
        name: &str,
        goal: Option<f64>,
        at: usize,
        ours: &Ours,
        peer: &mut dyn FnMut(),
    ) {
        let (peer, mine) = beside(peer, &mut || ours.walk(at));
        let value = peer.least / mine.least;
        let count = CHAINS[at];
        // Ten nodes are less than the begin and the end of a run, which the budget does not speak of.
        let goal = goal.filter(|_| count > 10);
        let sides = [
            Side::time(format!("peer, {count} nodes"), peer),
            Side::time(format!("wayfare, {count} nodes"), mine),
        ];
        self.ratio(&format!("P3_chain_{count}_{name}"), value, goal, sides);
    }

    /// A byte of a text compiled by a peer and a byte of ours.
    pub(crate) fn compile(
        &mut self,
        name: &str,
        goal: Option<f64>,
        ours: &Ours,
        bytes: usize,
        peer: &mut dyn FnMut(),
    ) {
        let (peer, mine) = beside(peer, &mut || ours.compile());
        let value = per(peer.least, bytes) / per(mine.least, ours.bytes());
        let sides = [
            Side::text_of("peer", peer, bytes),
            Side::text_of("wayfare, text to linked program", mine, ours.bytes()),
        ];
        self.ratio(&format!("P1_compile_{name}"), value, goal, sides);
    }

    /// The file: the figures, and what they were measured with.
    pub(crate) fn finish(self) -> String {
        let file = json!({
            "date": said("date", &["-u", "+%F"]),
            "machine": {
                "cores": cores(),
                "model": model(),
                "load": load(),
            },
            "rustc": said("rustc", &["--version"]),
            "versions": versions(),
            "ratios": self.ratios,
            "notes": self.notes,
        });
        let text = serde_json::to_string_pretty(&file).expect("JSON of JSON");
        text + "\n"
    }
}

/// One side of a ratio.
#[derive(Debug)]
pub(crate) struct Side {
    what: String,
    cost: Option<Cost>,
    more: Vec<(&'static str, f64)>,
}

impl Side {
    /// What one operation took.
    pub(crate) fn time(what: impl Into<String>, cost: Cost) -> Self {
        Self {
            what: what.into(),
            cost: Some(cost),
            more: Vec::new(),
        }
    }

    /// Figures of another kind.
    #[cfg(feature = "stateright")]
    pub(crate) fn figures(what: &str, more: Vec<(&'static str, f64)>) -> Self {
        Self {
            what: what.to_owned(),
            cost: None,
            more,
        }
    }

    fn text_of(what: &str, cost: Cost, bytes: usize) -> Self {
        let length = count(bytes);
        Self {
            what: what.to_owned(),
            cost: Some(cost),
            more: vec![
                ("text bytes", length),
                ("MB a second", length * 1e3 / cost.least),
            ],
        }
    }

    fn text(&self) -> String {
        let mut text = format!("{}:", self.what);
        if let Some(cost) = self.cost {
            text += &format!(" {cost}");
        }
        for (name, value) in &self.more {
            text += &format!(" [{name} {value:.2}]");
        }
        text
    }

    fn json(&self) -> Value {
        let mut all = Map::new();
        all.insert("what".to_owned(), json!(self.what));
        if let Some(cost) = self.cost {
            all.insert("nanoseconds".to_owned(), json!(tenth(cost.least)));
            all.insert("nanoseconds_median".to_owned(), json!(tenth(cost.median)));
            all.insert("allocations".to_owned(), json!(cost.allocations));
            all.insert("bytes".to_owned(), json!(cost.bytes));
        }
        for (name, value) in &self.more {
            all.insert(name.replace(' ', "_"), json!(tenth(*value)));
        }
        all.into()
    }
}

fn tenth(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).expect("a number that is small"))
}

fn per(value: f64, number: usize) -> f64 {
    value / count(number)
}

/// What a program says in one line, if it is there.
fn said(program: &str, words: &[&str]) -> Option<String> {
    let output = Command::new(program).args(words).output().ok()?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}

/// All cores, this process being bound to one of them or not.
fn cores() -> Option<usize> {
    let text = fs::read_to_string("/proc/cpuinfo").ok()?;
    Some(text.matches("processor\t").count())
}

/// The name of the processor.
fn model() -> Option<String> {
    let text = fs::read_to_string("/proc/cpuinfo").ok()?;
    let field = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(name))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let (name, family, model) = (
        field("model name")?,
        field("cpu family")?,
        field("model\t")?,
    );
    Some(format!("{name}, family {family}, model {model}"))
}

/// What the lock file says of the peers.
fn versions() -> Map<String, Value> {
    let lock: toml::Value = toml::from_str(include_str!("../Cargo.lock")).expect("a lock file");
    let packages = lock["package"].as_array().expect("packages");
    let word = |package: &toml::Value, key: &str| Some(package.get(key)?.as_str()?.to_owned());
    packages
        .iter()
        .filter_map(|package| Some((word(package, "name")?, word(package, "version")?)))
        .filter(|(name, _)| CRATES.contains(&name.as_str()))
        .map(|(name, version)| (name, version.into()))
        .collect()
}

/// How much else the machine has to do: the average of the last minute, and so on.
fn load() -> Option<String> {
    Some(fs::read_to_string("/proc/loadavg").ok()?.trim().to_owned())
}
