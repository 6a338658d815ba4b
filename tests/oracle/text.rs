//! Random programs as text: fragments with exits and parameters, in each other too; pages; inner journeys;
//! `on error` at a node, a fragment and a journey; `nowhere`. They are compiled as any other text, so the
//! model that is checked is what the compiler makes of them.

use std::{collections::BTreeMap, fmt::Write as _, sync::Arc};

use wayfare::{
    Compiler, Program, Source, Valid, Value,
    model::{
        expr::{Expr, KeyId, Slot},
        journey::{NodeKind, SettingValue, Task},
        property::{Ensure, Property},
    },
};

use super::{
    kinds::{KEYS, KINDS, Kind},
    random::{Choices, Guards, Made},
    scripted,
};

/// A program that was text.
#[derive(Debug)]
pub(super) struct Compiled {
    pub(super) text: String,
    /// As the engine gets it.
    pub(super) valid: Valid<Program>,
    /// As the oracle reads it, with what the text states.
    pub(super) made: Made,
    pub(super) ensures: Vec<Ensure>,
}

/// What the text of a journey is free to have: these checks are not those in question.
const ALLOWED: &str = "allow no_success, unreachable, loose_end, spinning_loop, \
    unbounded_password_loop, count_reset, no_way_out, identity_swapped, unproved_write, enumeration, unwritten_key, lost_value, \
    level_without_proof, ensure_failed because \"a test\"";

/// The same, in a fragment.
const ALLOWED_PART: &str = "allow unreachable, loose_end, spinning_loop, unbounded_password_loop, \
    count_reset, no_way_out, identity_swapped, unproved_write, enumeration, unwritten_key, lost_value, \
    level_without_proof, ensure_failed because \"a test\"";

/// The same, at every node.
const UNPROVED: &str = "allow unproved_success because \"a test\"";

struct Fragment {
    name: String,
    takes: bool,
    exits: Vec<String>,
    nodes: Vec<String>,
}

struct Writer<'c, 'n> {
    choices: &'c mut Choices<'n>,
    guards: Guards,
    fragments: Vec<Fragment>,
    /// The journeys that may be called from here.
    inner: Vec<String>,
    /// What arrows may lead to besides the nodes.
    ends: Vec<&'static str>,
    /// Whether there is a parameter for numbers.
    takes: bool,
    place: String,
}

const EXITS: [&str; 2] = ["done", "other"];

impl Writer<'_, '_> {
    fn target(&mut self, at: usize, count: usize) -> String {
        match self.choices.below(8) {
            0..3 if at + 1 < count => format!("n{}", at + 1),
            0..5 => format!("n{}", self.choices.below(count)),
            7 if self.choices.one_in(3) => "nowhere".to_owned(),
            _ => (*self.choices.pick(&self.ends)).to_owned(),
        }
    }

    fn arrows(&mut self, outcomes: &[&str], at: usize, count: usize) -> String {
        let mut text = String::new();
        for outcome in outcomes {
            let _ = writeln!(text, "{outcome} -> {}", self.target(at, count));
        }
        if self.choices.one_in(4) {
            let _ = writeln!(text, "on error -> {}", self.target(at, count));
        }
        text
    }

    fn task(&mut self, single: bool) -> (Kind, String) {
        let kinds: Vec<Kind> = KINDS
            .iter()
            .copied()
            .filter(|kind| !single || kind.outcomes().len() == 1)
            .collect();
        let kind = *self.choices.pick(&kinds);
        let Some(setting) = kind.setting() else {
            return (kind, kind.name().to_owned());
        };
        let number = match kind {
            Kind::Limits => self.choices.below(3),
            _ => 1 + self.choices.below(3),
        };
        let value = if self.takes && self.choices.one_in(2) {
            "n".to_owned()
        } else {
            number.to_string()
        };
        (kind, format!("{}({setting} = {value})", kind.name()))
    }

    fn node(&mut self, at: usize, count: usize) -> String {
        let head = format!("node n{at}:");
        match self.choices.below(10) {
            3 => self.decision(&head, at, count),
            4 => {
                let mut body = String::new();
                for child in 0..self.choices.below(3) {
                    let (_, task) = self.task(true);
                    let _ = writeln!(body, "node c{child}: {task}");
                }
                let (kind, task) = self.task(false);
                let _ = writeln!(body, "node last: {task}");
                let arrows = self.arrows(kind.outcomes(), at, count);
                format!("{head} Page {{\n{UNPROVED}\n{body}{arrows}}}\n")
            }
            5 | 6 if !self.fragments.is_empty() => {
                let which = self.choices.below(self.fragments.len());
                let fragment = &self.fragments[which];
                let given = if fragment.takes {
                    format!("(n = {})", self.choices.below(3))
                } else {
                    String::new()
                };
                let name = self.fragments[which].name.clone();
                let exits = self.fragments[which].exits.clone();
                let exits: Vec<&str> = exits.iter().map(String::as_str).collect();
                let arrows = self.arrows(&exits, at, count);
                format!("{head} {name}{given} {{\n{arrows}}}\n")
            }
            7 | 8 if !self.inner.is_empty() => {
                let journey = self.choices.pick(&self.inner).clone();
                let outcomes = if self.choices.one_in(2) {
                    &["true", "false", "error"][..]
                } else {
                    &["true", "false"]
                };
                let arrows = self.arrows(outcomes, at, count);
                format!("{head} journey {journey} {{\n{UNPROVED}\n{arrows}}}\n")
            }
            _ => {
                let (kind, task) = self.task(false);
                let arrows = self.arrows(kind.outcomes(), at, count);
                format!("{head} {task} {{\n{UNPROVED}\n{arrows}}}\n")
            }
        }
    }

    fn decision(&mut self, head: &str, at: usize, count: usize) -> String {
        let mut arms = String::new();
        for arm in 0..=self.choices.below(2) {
            let condition = self.condition(at, arm);
            let _ = writeln!(
                arms,
                "when {condition} as a{arm} -> {}",
                self.target(at, count)
            );
        }
        let arrows = self.arrows(&["else"], at, count);
        format!("{head} Decision {{\n{UNPROVED}\n{arms}{arrows}}}\n")
    }

    fn condition(&mut self, at: usize, arm: usize) -> String {
        let opaque = format!("has request.parameters[\"{}_{at}_{arm}\"]", self.place);
        if self.guards == Guards::Opaque {
            return opaque;
        }
        let op = *self.choices.pick(&[">=", "<", "==", ">", "<=", "!="]);
        let number = 1 + self.choices.below(4);
        let atom = match self.choices.below(7) {
            0 => format!("auth_level {op} {number}"),
            1 => "has shared.note".to_owned(),
            2 => "has transient.ticket".to_owned(),
            3 => "has secure.ticket".to_owned(),
            4 => "has user.mail".to_owned(),
            5 => "has session.since".to_owned(),
            _ => "has request.headers[\"x\"]".to_owned(),
        };
        match self.choices.below(6) {
            0 => format!("{atom} && {opaque}"),
            1 => format!("{atom} || {opaque}"),
            2 => format!("!({atom})"),
            3 => opaque,
            _ => atom,
        }
    }

    fn ensure(&mut self, nodes: &[String], ends: &[String]) -> String {
        let mut place = || {
            if !ends.is_empty() && self.choices.one_in(3) {
                self.choices.pick(ends).clone()
            } else {
                self.choices.pick(nodes).clone()
            }
        };
        let (first, second) = (place(), place());
        let number = self.choices.below(4);
        let text = match self.choices.below(6) {
            0 => format!("every path to {first} passes {second}"),
            1 => format!("never {first} after {second}"),
            2 => format!("at most {number} visits of {first}"),
            3 if self.guards == Guards::All => format!("auth_level >= {} at {first}", number + 1),
            4 if self.guards == Guards::All => format!("has shared.note at {first}"),
            _ => format!("every path to {first} passes any TestCheck.true or {second}"),
        };
        format!("ensure {text}\n")
    }

    fn fragment(&mut self, name: &str) -> String {
        self.place = name.to_owned();
        self.takes = self.choices.one_in(2);
        let count = 1 + self.choices.below(3);
        let mut body = format!("{ALLOWED_PART}\n");
        if self.choices.one_in(3) {
            let _ = writeln!(body, "on error -> {}", self.target(0, count));
        }
        for at in 0..count {
            body += &self.node(at, count);
        }
        let used = |exit: &&str| body.contains(&format!("-> {exit}\n"));
        let mut exits: Vec<String> = EXITS
            .iter()
            .filter(|e| used(e))
            .map(|e| (*e).to_owned())
            .collect();
        if exits.is_empty() {
            let _ = writeln!(
                body,
                "node way_out: TestQuiet {{\n{UNPROVED}\ntrue | false -> done\n}}"
            );
            exits.push("done".to_owned());
        }
        let nodes: Vec<String> = (0..count).map(|at| format!("n{at}")).collect();
        for _ in 0..self.choices.below(3) {
            body += &self.ensure(&nodes, &exits);
        }
        let formals = if self.takes { "(n: Int = 1)" } else { "" };
        let text = format!(
            "fragment {name}{formals} -> {} {{\nstart n0\n{body}}}\n",
            exits.join(" | ")
        );
        self.fragments.push(Fragment {
            name: name.to_owned(),
            takes: self.takes,
            exits,
            nodes,
        });
        text
    }

    fn journey(&mut self, name: &str, most: usize) -> String {
        self.place = name.to_owned();
        self.takes = false;
        let count = 1 + self.choices.below(most);
        let mut body = format!("{ALLOWED}\n");
        if self.choices.one_in(3) {
            let _ = writeln!(body, "on error -> {}", self.target(0, count));
        }
        let mut places = Vec::new();
        for at in 0..count {
            let node = self.node(at, count);
            places.push(format!("n{at}"));
            for fragment in &self.fragments {
                if node.starts_with(&format!("node n{at}: {}", fragment.name)) {
                    places.extend(fragment.nodes.iter().map(|node| format!("n{at}.{node}")));
                    places.extend(fragment.exits.iter().map(|exit| format!("n{at}.{exit}")));
                }
            }
            if node.starts_with(&format!("node n{at}: journey")) {
                places.push(format!("n{at}.n0"));
            }
            body += &node;
        }
        let ends = ["success".to_owned(), "failure".to_owned()];
        for _ in 0..3 {
            body += &self.ensure(&places, &ends);
        }
        format!("journey {name} {{\nstart n0\n{body}}}\n")
    }
}

/// A text with three journeys at most, and up to two fragments, the second of which may use the first.
pub(super) fn text(choices: &mut Choices<'_>, guards: Guards) -> String {
    let mut writer = Writer {
        choices,
        guards,
        fragments: Vec::new(),
        inner: Vec::new(),
        ends: vec!["done", "done", "other", "failure"],
        takes: false,
        place: String::new(),
    };
    let mut texts = Vec::new();
    for at in 0..writer.choices.below(3) {
        texts.push(writer.fragment(&format!("f{at}")));
    }
    writer.ends = vec!["success", "success", "failure"];
    for at in (0..=writer.choices.below(3)).rev() {
        let name = format!("j{at}");
        texts.push(writer.journey(&name, if at == 0 { 6 } else { 3 }));
        writer.inner.push(name);
    }
    // The journey that is asked about comes first.
    texts.reverse();
    texts.join("\n")
}

/// Compiles a text; the codes of what refuses it, where it is refused.
pub(super) fn compile(text: String) -> Result<Compiled, Vec<String>> {
    let compiled = Compiler::new(scripted::registry().catalog())
        .compile([Source::new("main.journey", text.as_str())]);
    let Some(valid) = compiled.program else {
        let refused = compiled
            .diagnostics
            .iter()
            .filter(|d| d.allowed.is_none() && d.code != wayfare::codes::UNUSED_ALLOW);
        return Err(refused
            .map(|found| format!("{}: {}", found.code, found.message))
            .collect());
    };
    let mut program = (*valid).clone();
    let ensures = renumber(&mut program);
    let kinds = kinds(&program);
    Ok(Compiled {
        text,
        valid,
        made: Made { program, kinds },
        ensures,
    })
}

/// The keys in the order that the oracle knows; gives what the text of the first journey states.
fn renumber(program: &mut Program) -> Vec<Ensure> {
    let mut keys: Vec<Arc<str>> = KEYS.iter().map(|key| Arc::from(*key)).collect();
    for key in &program.keys {
        if !keys.contains(key) {
            keys.push(Arc::clone(key));
        }
    }
    let numbers: Vec<KeyId> = program
        .keys
        .iter()
        .map(|key| {
            let at = keys.iter().position(|other| other == key).unwrap();
            KeyId(u32::try_from(at).unwrap())
        })
        .collect();
    let slot = |slot: &mut Slot| {
        if let Slot::Shared(key) | Slot::Transient(key) | Slot::Secure(key) = slot {
            *key = numbers[key.0 as usize];
        }
    };
    for journey in &mut program.journeys {
        for node in journey.graph.node_weights_mut() {
            if let NodeKind::Decision(arms) = &mut node.kind {
                for condition in arms.iter_mut().filter_map(|arm| arm.condition.as_mut()) {
                    each_slot(condition, &slot);
                }
            }
        }
        for ensure in &mut journey.ensures {
            match &mut ensure.property {
                Property::Has { slot: of, .. } => slot(of),
                Property::Holds { condition, .. } => each_slot(condition, &slot),
                _ => {}
            }
        }
    }
    program.keys = keys;
    program.journeys[0].ensures.clone()
}

fn each_slot(expr: &mut Expr, change: &impl Fn(&mut Slot)) {
    match expr {
        Expr::Has(slot) | Expr::Read(slot, _) => change(slot),
        Expr::Not(inner) => each_slot(inner, change),
        Expr::Binary(_, left, right) => {
            each_slot(left, change);
            each_slot(right, change);
        }
        Expr::Literal(_) | Expr::Call(..) | Expr::Join(_) => {}
    }
}

fn kinds(program: &Program) -> super::random::Kinds {
    let mut kinds = BTreeMap::new();
    let of = |task: &Task| {
        let name = &program.catalog.get(task.ty)?.name;
        let kind = *KINDS.iter().find(|kind| kind.name() == name)?;
        let number = kind.setting().and_then(|key| {
            let (_, value) = task.settings.iter().find(|(name, _)| &**name == key)?;
            match value {
                SettingValue::Constant(value) => Value::as_int(value),
                SettingValue::Computed(_) => None,
            }
        });
        Some((kind, number.unwrap_or(0)))
    };
    for journey in &program.journeys {
        for index in journey.graph.node_indices() {
            match &journey.graph[index].kind {
                NodeKind::Task(task) => {
                    kinds.insert((journey.id, index, 0), of(task).unwrap());
                }
                NodeKind::Page(page) => {
                    for (at, child) in (0..).zip(&page.children) {
                        kinds.insert((journey.id, index, at), of(&child.task).unwrap());
                    }
                }
                _ => {}
            }
        }
    }
    kinds
}
