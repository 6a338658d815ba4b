//! The name of a program: a hash over everything that a run of one journey can meet.
//!
//! The form hashed is canonical: nodes in the order of their paths, every part preceded by a tag and its
//! length, state keys by name. So neither formatting, comments, docs nor the order of declarations change
//! it, and other journeys of the realm do not either. Secret parameters stand in it by name only.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use sha2::{Digest, Sha256};

use crate::model::{
    catalog::TypeId,
    expr::{Expr, Slot},
    journey::{Journey, JourneyId, Node, NodeKind, On, SettingValue, Task},
    program::Program,
    signature::Signature,
    text::LocalizedText,
    value::Value,
};

/// The hash that names a program for one journey: what a stored run must find again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProgramHash(pub [u8; 32]);

impl fmt::Display for ProgramHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ProgramHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProgramHash({self})")
    }
}

impl Program {
    /// The hash of everything that a run of this journey can meet; all behaviours at revision 0.
    pub fn hash_of(&self, journey: JourneyId) -> ProgramHash {
        self.hash_with(journey, |_| 0)
    }

    /// The hash of everything that a run of this journey can meet.
    ///
    /// `revision` is the number that a behaviour changes when it would continue a stored run in another
    /// way; runs begun under another number do not go on.
    pub fn hash_with(
        &self,
        journey: JourneyId,
        revision: impl Fn(&Signature) -> u32,
    ) -> ProgramHash {
        let hashes = self.hashes(revision);
        hashes
            .get(journey.index())
            .copied()
            .unwrap_or(ProgramHash([0; 32]))
    }

    /// The hash of every journey, in their order; see [`Program::hash_with`].
    ///
    /// An inner journey stands in the hash of its caller by its own, so all of them together take as
    /// long as reading the program once.
    pub fn hashes(&self, revision: impl Fn(&Signature) -> u32) -> Vec<ProgramHash> {
        let mut types: BTreeMap<TypeId, [u8; 32]> = BTreeMap::new();
        let mut made: Vec<Option<ProgramHash>> = vec![None; self.journeys.len()];
        for journey in self.innermost_first() {
            let used = types_of(journey);
            for ty in &used {
                if let Some(signature) = self.catalog.get(*ty) {
                    let revision = revision(signature);
                    types
                        .entry(*ty)
                        .or_insert_with(|| type_hash(self, *ty, signature, revision));
                }
            }
            let mut canon = Canon::new(self, &made);
            canon.text("wayfare program 2");
            canon.journey(journey);
            // The order of numbers is that of the catalogue, which declarations of a file may move.
            let mut used: Vec<&[u8; 32]> = used.iter().filter_map(|ty| types.get(ty)).collect();
            used.sort_unstable();
            canon.number(used.len());
            for hash in used {
                canon.hash.update(hash);
            }
            let hash = ProgramHash(canon.hash.finalize().into());
            if let Some(slot) = made.get_mut(journey.id.index()) {
                *slot = Some(hash);
            }
        }
        made.into_iter()
            .map(|hash| hash.unwrap_or(ProgramHash([0; 32])))
            .collect()
    }

    /// The journeys, each behind the inner journeys it leads into; none leads back to its caller.
    fn innermost_first(&self) -> Vec<&Journey> {
        let mut order = Vec::with_capacity(self.journeys.len());
        let mut seen = vec![false; self.journeys.len()];
        for journey in &self.journeys {
            let mut stack = vec![(journey.id, false)];
            // BOUND: every journey is left once, and every inner node is put on the stack once.
            while let Some((id, left)) = stack.pop() {
                let Some(journey) = self.journey(id) else {
                    continue;
                };
                if left {
                    order.push(journey);
                    continue;
                }
                let Some(seen) = seen.get_mut(id.index()).filter(|seen| !**seen) else {
                    continue;
                };
                *seen = true;
                stack.push((id, true));
                stack.extend(inner_of(journey).map(|inner| (inner, false)));
            }
        }
        order
    }
}

fn inner_of(journey: &Journey) -> impl Iterator<Item = JourneyId> {
    journey
        .graph
        .node_weights()
        .filter_map(|node| match &node.kind {
            NodeKind::Inner(inner) => Some(*inner),
            NodeKind::Task(_)
            | NodeKind::Page(_)
            | NodeKind::Decision(_)
            | NodeKind::Success
            | NodeKind::Failure
            | NodeKind::LooseEnd => None,
        })
}

fn types_of(journey: &Journey) -> BTreeSet<TypeId> {
    let mut types = BTreeSet::new();
    for node in journey.graph.node_weights() {
        match &node.kind {
            NodeKind::Task(task) => {
                types.insert(task.ty);
            }
            NodeKind::Page(page) => {
                types.extend(page.children.iter().map(|child| child.task.ty));
            }
            NodeKind::Inner(_)
            | NodeKind::Decision(_)
            | NodeKind::Success
            | NodeKind::Failure
            | NodeKind::LooseEnd => {}
        }
    }
    types
}

fn type_hash(program: &Program, ty: TypeId, signature: &Signature, revision: u32) -> [u8; 32] {
    let digest = program.catalog.digest(ty, || {
        let mut canon = Canon::new(program, &[]);
        canon.signature(signature);
        canon.hash.finalize().into()
    });
    let mut canon = Canon::new(program, &[]);
    canon.hash.update(digest);
    canon.number(revision as usize);
    canon.hash.finalize().into()
}

/// The canonical form, fed to the hash as it is written.
struct Canon<'p> {
    program: &'p Program,
    /// The hashes of inner journeys.
    inner: &'p [Option<ProgramHash>],
    hash: Sha256,
}

impl<'p> Canon<'p> {
    fn new(program: &'p Program, inner: &'p [Option<ProgramHash>]) -> Self {
        Self {
            program,
            inner,
            hash: Sha256::new(),
        }
    }

    fn number(&mut self, number: usize) {
        self.hash.update((number as u64).to_le_bytes());
    }

    fn tag(&mut self, tag: u8) {
        self.hash.update([tag]);
    }

    fn text(&mut self, text: &str) {
        self.number(text.len());
        self.hash.update(text.as_bytes());
    }

    fn journey(&mut self, journey: &Journey) {
        self.text(&journey.name);
        self.text(&journey.wire_name);
        let settings = &journey.settings;
        self.number(
            settings
                .level
                .map_or(0, |level| 1 + level.number() as usize),
        );
        for flag in [
            settings.enabled,
            settings.inner_only,
            settings.no_session,
            settings.must_run,
            settings.transactional_only,
        ] {
            self.tag(u8::from(flag));
        }
        self.text(&settings.identity_resource);
        for time in [
            settings.run_time_max,
            settings.session_time_max,
            settings.idle_time_max,
        ] {
            self.text(&time.map_or(String::new(), |time| time.as_millis().to_string()));
        }
        self.text(path_of(journey, journey.start));
        let mut nodes: Vec<_> = journey.graph.node_indices().collect();
        nodes.sort_by_key(|node| path_of(journey, *node));
        self.number(nodes.len());
        for index in nodes {
            let Some(node) = journey.graph.node_weight(index) else {
                continue;
            };
            self.node(node);
            let mut arrows: Vec<(On, &str)> = journey
                .graph
                .edges(index)
                .map(|edge| {
                    let target = petgraph::visit::EdgeRef::target(&edge);
                    (edge.weight().on, path_of(journey, target))
                })
                .collect();
            arrows.sort_unstable();
            self.number(arrows.len());
            for (on, target) in arrows {
                match on {
                    On::Outcome(outcome) => self.number(1 + outcome.index()),
                    On::Error => self.number(0),
                }
                self.text(target);
            }
        }
    }

    fn node(&mut self, node: &Node) {
        self.text(&node.path);
        self.number(node.outcomes.len());
        for outcome in &node.outcomes {
            self.text(outcome);
        }
        // An exception lifts a check at run time, so it is part of what runs.
        let mut allowed: Vec<&str> = node
            .allows
            .iter()
            .flat_map(|allow| allow.codes.iter().map(|(code, _)| &**code))
            .collect();
        allowed.sort_unstable();
        self.number(allowed.len());
        for code in allowed {
            self.text(code);
        }
        match &node.kind {
            NodeKind::Task(task) => {
                self.tag(1);
                self.task(task);
            }
            NodeKind::Decision(guards) => {
                self.tag(2);
                self.number(guards.len());
                for guard in guards {
                    match &guard.condition {
                        Some(condition) => self.expr(condition),
                        None => self.tag(0),
                    }
                }
            }
            NodeKind::Page(page) => {
                self.tag(3);
                self.number(page.version as usize);
                self.localized(&page.header);
                self.localized(&page.description);
                self.text(page.stage.as_deref().unwrap_or(""));
                self.number(page.children.len());
                for child in &page.children {
                    self.text(&child.name);
                    self.task(&child.task);
                    self.number(child.outcomes.len());
                    for outcome in &child.outcomes {
                        self.text(outcome);
                    }
                }
            }
            NodeKind::Inner(inner) => {
                self.tag(4);
                let hash = self.inner.get(inner.index()).copied().flatten();
                self.hash.update(hash.unwrap_or(ProgramHash([0; 32])).0);
            }
            NodeKind::Success => self.tag(5),
            NodeKind::Failure => self.tag(6),
            NodeKind::LooseEnd => self.tag(7),
        }
    }

    fn task(&mut self, task: &Task) {
        let program = self.program;
        self.text(program.catalog.get(task.ty).map_or("", |s| &s.wire));
        self.number(task.version as usize);
        self.number(task.settings.len());
        for (key, value) in &task.settings {
            self.text(key);
            match value {
                SettingValue::Constant(value) => {
                    self.tag(0);
                    self.value(value);
                }
                SettingValue::Computed(expr) => {
                    self.tag(1);
                    self.expr(expr);
                }
            }
            // The name of a file says in which language its text is.
            if let Some(file) = task.files.get(key) {
                self.tag(2);
                self.text(file);
            }
        }
    }

    fn localized(&mut self, text: &LocalizedText) {
        let entries: Vec<(&str, &str)> = text.iter().collect();
        self.number(entries.len());
        for (locale, text) in entries {
            self.text(locale);
            self.text(text);
        }
    }

    /// Values nest as deep as the limits allow.
    fn value(&mut self, value: &Value) {
        match value {
            Value::Null => self.tag(0),
            Value::Bool(value) => {
                self.tag(1);
                self.tag(u8::from(*value));
            }
            Value::Int(number) => {
                self.tag(2);
                self.hash.update(number.to_le_bytes());
            }
            Value::Decimal(number) => {
                self.tag(3);
                self.hash.update(number.units().to_le_bytes());
            }
            Value::Text(text) => {
                self.tag(4);
                self.text(text);
            }
            Value::Localized(text) => {
                self.tag(5);
                self.localized(text);
            }
            Value::Duration(duration) => {
                self.tag(6);
                self.hash.update(duration.as_millis().to_le_bytes());
            }
            Value::Size(bytes) => {
                self.tag(7);
                self.hash.update(bytes.to_le_bytes());
            }
            // Never its content: a hash is not a place for secrets either.
            Value::Secret(_) => self.tag(8),
            Value::SecretParameter(name) => {
                self.tag(9);
                self.text(name);
            }
            Value::List(values) => {
                self.tag(10);
                self.number(values.len());
                for value in values.iter() {
                    self.value(value);
                }
            }
            Value::Map(map) => {
                self.tag(11);
                self.number(map.len());
                for (key, value) in map.iter() {
                    self.text(key);
                    self.value(value);
                }
            }
        }
    }

    /// Expressions nest as deep as the parser allows.
    fn expr(&mut self, expr: &Expr) {
        match expr {
            Expr::Literal(value) => {
                self.tag(1);
                self.value(value);
            }
            Expr::Read(slot, ty) => {
                self.tag(2);
                self.slot(slot);
                self.text(&ty.to_string());
            }
            Expr::Has(slot) => {
                self.tag(3);
                self.slot(slot);
            }
            Expr::Not(inner) => {
                self.tag(4);
                self.expr(inner);
            }
            Expr::Binary(op, left, right) => {
                self.tag(5);
                self.text(&format!("{op:?}"));
                self.expr(left);
                self.expr(right);
            }
            Expr::Call(function, arguments) => {
                self.tag(6);
                self.text(&format!("{function:?}"));
                self.number(arguments.len());
                for argument in arguments {
                    self.expr(argument);
                }
            }
            Expr::Join(parts) => {
                self.tag(7);
                self.number(parts.len());
                for part in parts {
                    self.expr(part);
                }
            }
        }
    }

    fn slot(&mut self, slot: &Slot) {
        let program = self.program;
        let key = |key: crate::model::expr::KeyId| {
            program.keys.get(key.0 as usize).map_or("", |key| &**key)
        };
        let (tag, name): (u8, &str) = match slot {
            Slot::Shared(id) => (1, key(*id)),
            Slot::Transient(id) => (2, key(*id)),
            Slot::Secure(id) => (3, key(*id)),
            Slot::Object(name) => (4, name),
            Slot::Header(name) => (5, name),
            Slot::Cookie(name) => (6, name),
            Slot::Parameter(name) => (7, name),
            Slot::ClientAddress => (8, ""),
            Slot::Host => (9, ""),
            Slot::Locale => (10, ""),
            Slot::Session(name) => (11, name),
            Slot::SessionLevel => (12, ""),
            Slot::User(name) => (13, name),
            Slot::Realm => (14, ""),
            Slot::AuthLevel => (15, ""),
            Slot::Environment(name) => (16, name),
        };
        self.tag(tag);
        self.text(name);
    }

    /// A signature is plain data in fixed order, so its derived `Debug` shows all of it, and shows
    /// borrowed and owned parts alike.
    fn signature(&mut self, signature: &Signature) {
        let Signature {
            name,
            wire,
            versions,
            // What it says of itself does not change what it does.
            summary: _,
            settings,
            outcomes,
            callbacks,
            reads,
            writes,
            removes,
            facts,
            finds,
            asks,
            asks_when,
            suspends,
            calls_out,
            calls_when,
            verifies,
            limits,
            page_child,
            leads_to,
            runs,
        } = signature;
        self.text(name);
        self.text(wire);
        self.text(&format!("{versions:?} {settings:?} {outcomes:?}"));
        self.text(&format!(
            "{callbacks:?} {reads:?} {writes:?} {removes:?} {facts:?} {finds:?}"
        ));
        self.text(&format!(
            "{asks:?} {asks_when:?} {suspends:?} {calls_out:?} {calls_when:?}"
        ));
        self.text(&format!(
            "{verifies:?} {limits:?} {page_child:?} {leads_to:?}"
        ));
        if let Some(runs) = runs {
            self.text(&runs.path);
            self.text(&runs.text);
        }
    }
}

fn path_of(journey: &Journey, node: petgraph::graph::NodeIndex<u32>) -> &str {
    journey
        .graph
        .node_weight(node)
        .map_or("", |node| &node.path)
}
