//! What every node reads, writes and takes out of the state, name by name.
//!
//! In: signatures, settings and expressions. Out: one [`Touch`] for each state of a flow. A setting names
//! keys as a text, as each text of a list, or as the names of a map; a map of texts that is written from
//! names them by its values. Profile attributes are keys of a name space of their own. What a script may
//! touch, or a setting names only at run time, is `*`: it may be anything.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::{
    analysis::{
        definite::task_of,
        flow::{Flows, State, StateKind},
        state::wired::stops,
    },
    model::{
        catalog::TypeId,
        expr::{BinaryOp, Expr, Slot},
        journey::{JourneyId, NodeKind, SettingValue, Task},
        program::Program,
        signature::{Known, Preset, Scope, Secrecy, Signature, StateKey},
        value::{Type, Value},
    },
};

/// The number of a key among all that anything touches.
pub(super) type KeyNo = u32;

/// Where a read comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// The type always reads it.
    Type,
    /// A setting names it.
    Setting(Arc<str>),
    /// An expression.
    Expr,
}

/// A read of one key.
#[derive(Debug, Clone)]
pub(super) struct Read {
    pub(super) key: KeyNo,
    /// Which part of the state is looked into; [`Scope::Any`] for profile attributes.
    pub(super) scope: Scope,
    /// Whether the node fails without it.
    pub(super) needed: bool,
    pub(super) ty: Type,
    pub(super) secrecy: Secrecy,
    pub(super) source: Source,
}

/// A write of one key.
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, each named"
)]
#[derive(Debug, Clone)]
pub(super) struct Write {
    pub(super) key: KeyNo,
    /// Whether it goes into transient state.
    pub(super) sensitive: bool,
    /// Whether every outcome writes it.
    pub(super) always: bool,
    pub(super) ty: Type,
    /// The setting that names it.
    pub(super) setting: Option<Arc<str>>,
    /// Whether that setting is a map, so that the author wrote this very key.
    pub(super) entry: bool,
    /// Whether what is written is an empty text, or nothing.
    pub(super) blank: bool,
}

/// What one node touches.
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, each named"
)]
#[derive(Debug, Clone, Default)]
pub(super) struct Touch {
    pub(super) reads: Vec<Read>,
    pub(super) writes: Vec<Write>,
    /// Keys that go, with the outcome on which they do; `*` for every one.
    pub(super) gone: Vec<(KeyNo, Arc<str>)>,
    /// Whether any key, or any profile attribute, may be read.
    pub(super) reads_any: bool,
    /// Whether any key may be read from transient or secure state.
    pub(super) declares_any: bool,
    pub(super) reads_any_member: bool,
    /// Whether any key of shared, or of transient state may be written.
    pub(super) writes_any_shared: bool,
    pub(super) writes_any_sensitive: bool,
    pub(super) writes_any_member: bool,
}

impl Touch {
    fn is_of_any(&self) -> bool {
        self.reads_any
            || self.declares_any
            || self.reads_any_member
            || self.writes_any_shared
            || self.writes_any_sensitive
            || self.writes_any_member
    }
}

/// The names of all keys that anything touches.
#[derive(Debug, Default)]
pub(super) struct Names {
    keys: BTreeMap<Arc<str>, KeyNo>,
    members: BTreeMap<Arc<str>, KeyNo>,
    list: Vec<(bool, Arc<str>)>,
}

impl Names {
    fn number(&mut self, member: bool, name: &str) -> KeyNo {
        let map = if member {
            &mut self.members
        } else {
            &mut self.keys
        };
        if let Some(number) = map.get(name) {
            return *number;
        }
        let number = u32::try_from(self.list.len()).unwrap_or(u32::MAX);
        let name: Arc<str> = Arc::from(name);
        map.insert(Arc::clone(&name), number);
        self.list.push((member, name));
        number
    }

    /// Whether it is a profile attribute.
    pub(super) fn is_member(&self, key: KeyNo) -> bool {
        self.list
            .get(key as usize)
            .is_some_and(|(member, _)| *member)
    }

    /// The name alone.
    pub(super) fn name(&self, key: KeyNo) -> &str {
        self.list.get(key as usize).map_or("?", |(_, name)| name)
    }

    /// The key as it is written in text.
    pub(super) fn text(&self, key: KeyNo, scope: Scope) -> String {
        let name = self.name(key);
        if self.is_member(key) {
            let scope = if scope == Scope::Transient {
                "transient"
            } else {
                "shared"
            };
            return format!("{scope}.objectAttributes.{name}");
        }
        match scope {
            Scope::Shared | Scope::ObjectShared => format!("shared.{name}"),
            Scope::Transient | Scope::ObjectTransient => format!("transient.{name}"),
            Scope::Secure => format!("secure.{name}"),
            Scope::Any => name.to_owned(),
        }
    }
}

/// What everything in a program touches.
#[derive(Debug)]
pub(super) struct Touches {
    pub(super) names: Names,
    /// The keys that are secret whoever writes them.
    pub(super) secret: BTreeSet<KeyNo>,
    list: Vec<Touch>,
    /// By journey and state, the number of what it touches.
    by_journey: Vec<Vec<u32>>,
    /// By journey and arc, whether the run has stopped once it is taken, as `wired` numbers it.
    stops: Vec<Vec<u32>>,
    /// By key, what touches it; and what may touch any.
    by_key: BTreeMap<KeyNo, Vec<u32>>,
    of_any: Vec<u32>,
    writers: BTreeMap<(KeyNo, bool), (JourneyId, u32)>,
    nothing: Touch,
}

impl Touches {
    /// Reads a program.
    pub(super) fn new(program: &Program, flows: &Flows) -> Self {
        let mut all = Self {
            names: Names::default(),
            secret: BTreeSet::new(),
            list: vec![Touch::default()],
            by_journey: vec![Vec::new(); program.journeys.len()],
            stops: vec![Vec::new(); program.journeys.len()],
            by_key: BTreeMap::new(),
            of_any: Vec::new(),
            writers: BTreeMap::new(),
            nothing: Touch::default(),
        };
        let mut same: BTreeMap<TypeId, u32> = BTreeMap::new();
        for journey in &program.journeys {
            let Some(flow) = flows.get(journey.id) else {
                continue;
            };
            let mut numbers = Vec::with_capacity(flow.states.len());
            for state in &flow.states {
                numbers.push(all.of_state(program, journey.id, state, &mut same));
            }
            if let Some(place) = all.by_journey.get_mut(journey.id.index()) {
                *place = numbers;
            }
            if let Some(place) = all.stops.get_mut(journey.id.index()) {
                *place = stops(flow);
            }
        }
        all.find_writers();
        all.find_keys();
        all.find_secrets(program);
        all
    }

    fn find_writers(&mut self) {
        let mut writers = BTreeMap::new();
        for (journey, numbers) in (0..).zip(&self.by_journey) {
            for (state, number) in (0..).zip(numbers) {
                let touch = self.list.get(*number as usize);
                for write in touch.into_iter().flat_map(|touch| &touch.writes) {
                    let writer = writers.entry((write.key, write.sensitive));
                    writer.or_insert((JourneyId(journey), state));
                }
            }
        }
        self.writers = writers;
    }

    fn find_keys(&mut self) {
        for (number, touch) in (0..).zip(&self.list) {
            if touch.is_of_any() {
                self.of_any.push(number);
            }
            let reads = touch.reads.iter().map(|read| read.key);
            let writes = touch.writes.iter().map(|write| write.key);
            let gone = touch.gone.iter().map(|(key, _)| *key);
            for key in reads.chain(writes).chain(gone) {
                let numbers = self.by_key.entry(key).or_default();
                if numbers.last() != Some(&number) {
                    numbers.push(number);
                }
            }
        }
    }

    /// By number, whether it touches one of these keys, or may.
    pub(super) fn touching(&self, keys: impl Iterator<Item = KeyNo>) -> Vec<bool> {
        let mut touching = vec![false; self.list.len()];
        let of_keys = keys.filter_map(|key| self.by_key.get(&key)).flatten();
        for number in of_keys.chain(&self.of_any) {
            if let Some(place) = touching.get_mut(*number as usize) {
                *place = true;
            }
        }
        touching
    }

    /// Everything that anything touches, by number.
    pub(super) fn list(&self) -> &[Touch] {
        &self.list
    }

    /// By state of a journey, the number of what it touches.
    pub(super) fn numbers(&self, journey: JourneyId) -> &[u32] {
        self.by_journey
            .get(journey.index())
            .map_or(&[], |numbers| numbers)
    }

    /// By arc of a journey, whether the run has stopped once it is taken, as `wired` numbers it.
    pub(super) fn stops(&self, journey: JourneyId) -> &[u32] {
        self.stops.get(journey.index()).map_or(&[], |stops| stops)
    }

    /// The first node that writes a key into shared, or into transient state.
    pub(super) fn writer(&self, key: KeyNo, sensitive: bool) -> Option<(JourneyId, u32)> {
        self.writers.get(&(key, sensitive)).copied()
    }

    /// The keys that are written somewhere.
    pub(super) fn written(&self) -> impl Iterator<Item = KeyNo> {
        self.writers.keys().map(|(key, _)| *key)
    }

    /// What a state touches.
    pub(super) fn of(&self, journey: JourneyId, state: u32) -> &Touch {
        self.by_journey
            .get(journey.index())
            .and_then(|numbers| numbers.get(state as usize))
            .and_then(|number| self.list.get(*number as usize))
            .unwrap_or(&self.nothing)
    }

    fn of_state(
        &mut self,
        program: &Program,
        journey: JourneyId,
        state: &State,
        same: &mut BTreeMap<TypeId, u32>,
    ) -> u32 {
        if state.kind != StateKind::Step {
            return 0;
        }
        let node = program
            .journey(journey)
            .and_then(|journey| journey.graph.node_weight(state.node));
        let Some(node) = node else { return 0 };
        if let NodeKind::Decision(arms) = &node.kind {
            let mut touch = Touch::default();
            for condition in arms.iter().filter_map(|arm| arm.condition.as_ref()) {
                self.expr(program, condition, false, &mut touch);
            }
            return self.keep(touch);
        }
        let Some((task, _)) = task_of(node, state.child) else {
            return 0;
        };
        let Some(signature) = program.catalog.get(task.ty) else {
            let touch = Touch {
                reads_any: true,
                declares_any: true,
                reads_any_member: true,
                writes_any_shared: true,
                writes_any_sensitive: true,
                writes_any_member: true,
                ..Touch::default()
            };
            return self.keep(touch);
        };
        let plain = is_plain(signature, task);
        if let Some(known) = same.get(&task.ty).filter(|_| plain) {
            return *known;
        }
        let touch = self.task(program, signature, task);
        let number = self.keep(touch);
        if plain {
            same.insert(task.ty, number);
        }
        number
    }

    fn keep(&mut self, touch: Touch) -> u32 {
        let number = u32::try_from(self.list.len()).unwrap_or(u32::MAX);
        self.list.push(touch);
        number
    }

    fn task(&mut self, program: &Program, signature: &Signature, task: &Task) -> Touch {
        let mut touch = Touch::default();
        for line in signature.reads.iter() {
            self.read(signature, task, line, &mut touch);
        }
        for line in signature.writes.iter() {
            self.write(signature, task, line, &mut touch);
        }
        for removal in signature.removes.iter() {
            let named = names_of(task, &removal.key, removal.named_by.as_deref(), Side::Name);
            // What may go need not go.
            for (name, _) in named.into_iter().flatten() {
                let key = self.names.number(false, &name);
                touch.gone.push((key, Arc::from(&*removal.outcome)));
            }
        }
        for (_, value) in &task.settings {
            if let SettingValue::Computed(expr) = value {
                self.expr(program, expr, true, &mut touch);
            }
        }
        if says_nothing(signature) {
            touch.reads_any = true;
            touch.reads_any_member = true;
        }
        touch
    }

    fn read(&mut self, signature: &Signature, task: &Task, line: &StateKey, touch: &mut Touch) {
        let member = is_member(line.scope);
        let scope = if member { Scope::Any } else { line.scope };
        let Some(named) = names_of(task, &line.key, line.named_by.as_deref(), Side::Both) else {
            if member {
                touch.reads_any_member = true;
            } else {
                touch.reads_any = true;
                touch.declares_any |= scope != Scope::Shared;
            }
            return;
        };
        debug_assert!(!signature.name.is_empty());
        for (name, _) in named {
            touch.reads.push(Read {
                key: self.names.number(member, &name),
                scope,
                needed: line.always,
                ty: line.ty.clone(),
                secrecy: line.secrecy,
                source: line
                    .named_by
                    .as_deref()
                    .map_or(Source::Type, |setting| Source::Setting(Arc::from(setting))),
            });
        }
    }

    fn write(&mut self, signature: &Signature, task: &Task, line: &StateKey, touch: &mut Touch) {
        let member = is_member(line.scope);
        let sensitive = matches!(
            line.scope,
            Scope::Transient | Scope::Secure | Scope::ObjectTransient
        );
        // A map of texts says from where on its left, and to which key on its right.
        let texts = line.named_by.as_deref().is_some_and(|setting| {
            let setting = signature.setting(setting);
            setting.is_some_and(|setting| setting.ty == Type::Map(Arc::new(Type::Text)))
        });
        let side = if texts { Side::Value } else { Side::Name };
        let Some(named) = names_of(task, &line.key, line.named_by.as_deref(), side) else {
            if member {
                touch.writes_any_member = true;
            } else if sensitive {
                touch.writes_any_sensitive = true;
            } else {
                touch.writes_any_shared = true;
            }
            return;
        };
        for (name, value) in named {
            let entry = value.is_some();
            let plain = value.filter(|_| line.ty == Type::Any);
            touch.writes.push(Write {
                key: self.names.number(member, &name),
                sensitive,
                always: line.always,
                blank: plain.as_ref().is_some_and(|value| {
                    *value == Value::Null || value.as_text().is_some_and(str::is_empty)
                }),
                ty: plain.map_or_else(|| line.ty.clone(), |value| type_of(&value)),
                setting: line.named_by.as_deref().map(Arc::from),
                entry,
            });
        }
    }

    /// Adds what an expression reads; behind `&&` and `||` it need not be read at all.
    fn expr(&mut self, program: &Program, expr: &Expr, needed: bool, touch: &mut Touch) {
        let mut open = vec![(expr, needed)];
        while let Some((expr, needed)) = open.pop() {
            match expr {
                Expr::Literal(_) => {}
                Expr::Read(slot, ty) => self.slot(program, slot, ty, needed, touch),
                Expr::Has(slot) => self.slot(program, slot, &Type::Any, false, touch),
                Expr::Not(inner) => open.push((inner, needed)),
                Expr::Binary(BinaryOp::And | BinaryOp::Or, left, right) => {
                    open.extend([(&**left, needed), (&**right, false)]);
                }
                Expr::Binary(_, left, right) => {
                    open.extend([(&**left, needed), (&**right, needed)]);
                }
                Expr::Call(_, parts) | Expr::Join(parts) => {
                    open.extend(parts.iter().map(|part| (part, needed)));
                }
            }
        }
    }

    fn slot(&mut self, program: &Program, slot: &Slot, ty: &Type, needed: bool, to: &mut Touch) {
        let Some((member, name, scope)) = of_slot(program, slot) else {
            return;
        };
        to.reads.push(Read {
            key: self.names.number(member, &name),
            scope,
            needed,
            ty: ty.clone(),
            secrecy: Secrecy::Personal,
            source: Source::Expr,
        });
    }

    /// The key and the part of the state that a slot looks into.
    pub(super) fn key_of_slot(&self, program: &Program, slot: &Slot) -> Option<(KeyNo, Scope)> {
        let (member, name, scope) = of_slot(program, slot)?;
        let map = if member {
            &self.names.members
        } else {
            &self.names.keys
        };
        map.get(&name).map(|key| (*key, scope))
    }

    fn find_secrets(&mut self, program: &Program) {
        for (_, signature) in program.catalog.iter() {
            for line in signature.reads.iter().chain(signature.writes.iter()) {
                let plain = line.key != "*" && line.named_by.is_none() && !is_member(line.scope);
                if plain
                    && line.secrecy == Secrecy::Secret
                    && let Some(key) = self.names.keys.get(&*line.key)
                {
                    self.secret.insert(*key);
                }
                // An attribute that types keep transient because it is secret is so for all.
                if is_member(line.scope)
                    && line.secrecy == Secrecy::Secret
                    && let Some(name) = attribute_of(signature, line)
                    && let Some(key) = self.names.members.get(name)
                {
                    self.secret.insert(*key);
                }
            }
        }
        self.secret.extend(self.names.keys.get("password"));
    }
}

/// The attribute that a line means where no author says otherwise.
fn attribute_of<'s>(signature: &'s Signature, line: &'s StateKey) -> Option<&'s str> {
    match &line.named_by {
        None => (line.key != "*").then_some(&*line.key),
        Some(by) => match &signature.setting(by)?.default {
            Preset::Text(name) => Some(name),
            _ => None,
        },
    }
}

fn is_member(scope: Scope) -> bool {
    matches!(scope, Scope::ObjectShared | Scope::ObjectTransient)
}

fn of_slot(program: &Program, slot: &Slot) -> Option<(bool, Arc<str>, Scope)> {
    let (id, scope) = match slot {
        Slot::Shared(id) => (id, Scope::Shared),
        Slot::Transient(id) => (id, Scope::Transient),
        Slot::Secure(id) => (id, Scope::Secure),
        Slot::Object(name) => return Some((true, Arc::clone(name), Scope::Any)),
        Slot::Header(_)
        | Slot::Cookie(_)
        | Slot::Parameter(_)
        | Slot::ClientAddress
        | Slot::Host
        | Slot::Locale
        | Slot::Environment(_)
        | Slot::Session(_)
        | Slot::SessionLevel
        | Slot::User(_)
        | Slot::Realm
        | Slot::AuthLevel => return None,
    };
    let name = program.keys.get(id.0 as usize)?;
    Some((false, Arc::clone(name), scope))
}

/// Whether all tasks of the type touch the same.
fn is_plain(signature: &Signature, task: &Task) -> bool {
    let named = |line: &StateKey| line.named_by.is_some();
    let computed = |value: &SettingValue| matches!(value, SettingValue::Computed(_));
    !signature.reads.iter().any(named)
        && !signature.writes.iter().any(named)
        && !signature.removes.iter().any(|gone| gone.named_by.is_some())
        && !task.settings.iter().any(|(_, value)| computed(value))
}

/// Whether a signature keeps to itself what its type reads: one of a type that is declared by its name
/// and little else.
fn says_nothing(signature: &Signature) -> bool {
    signature.reads.is_empty()
        && [signature.asks, signature.suspends, signature.calls_out]
            .iter()
            .all(|fact| *fact == Known::Unknown)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Name,
    Value,
    Both,
}

type Named = Vec<(Arc<str>, Option<Value>)>;

/// The keys that a line speaks of, with what a map has for them; `None` where it may be any.
fn names_of(task: &Task, key: &str, named_by: Option<&str>, side: Side) -> Option<Named> {
    let Some(setting) = named_by else {
        return (key != "*").then(|| vec![(Arc::from(key), None)]);
    };
    let found = task.settings.iter().find(|(name, _)| **name == *setting);
    let value = match found.map(|(_, value)| value) {
        None => return Some(Vec::new()),
        Some(SettingValue::Computed(_)) => return None,
        Some(SettingValue::Constant(value)) => value,
    };
    let text = |value: &Value| {
        value
            .as_text()
            .filter(|text| !text.is_empty())
            .map(Arc::from)
    };
    let named = match value {
        // A star stands for keys that nobody names.
        Value::List(list) if list.iter().any(|value| value.as_text() == Some("*")) => return None,
        Value::List(list) => list
            .iter()
            .filter_map(text)
            .map(|name| (name, None))
            .collect(),
        Value::Map(map) => {
            let mut named = Vec::new();
            for (name, value) in map.iter() {
                if side != Side::Value {
                    named.push((Arc::clone(name), Some(value.clone())));
                }
                if side != Side::Name {
                    named.extend(text(value).map(|name| (name, Some(Value::Null))));
                }
            }
            named
        }
        other => text(other).map(|name| (name, None)).into_iter().collect(),
    };
    Some(named)
}

/// The type of a constant, as far as it has one.
fn type_of(value: &Value) -> Type {
    match value {
        Value::Bool(_) => Type::Bool,
        Value::Int(_) => Type::Int,
        Value::Decimal(_) => Type::Decimal,
        Value::Text(_) => Type::Text,
        Value::Localized(_) => Type::LocalizedText,
        Value::Duration(_) => Type::Duration,
        Value::Size(_) => Type::Size,
        Value::Secret(_) | Value::SecretParameter(_) => Type::Secret,
        Value::List(list) => {
            let mut types = list.iter().map(type_of);
            let first = types.next().unwrap_or(Type::Any);
            let same = types.all(|ty| ty == first);
            Type::List(Arc::new(if same { first } else { Type::Any }))
        }
        Value::Map(_) => Type::Map(Arc::new(Type::Any)),
        Value::Null => Type::Any,
    }
}
