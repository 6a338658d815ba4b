//! A node whose behaviour is outside: only its signature is here.
//!
//! In: the signature, and what a handler says through [`Effect::External`]. Out: what the signature allows
//! of that. A handler chooses an outcome, asks what the type asks, writes what the type writes and names a
//! user; what an outcome proves, by how much it raises the level, what it removes and whether it writes the
//! name of the user stands in the signature, and who the user is says the store. Anything else that a
//! handler says is an error of the node. How a handler is reached is not here.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use crate::{
    engine::{
        action::{Action, Reply, Suspend},
        callback::Callback,
        context::Context,
        effect::{
            Effect, EffectReply, External, ExternalEvent, ExternalReply, Identity, ReadIdentity,
            Went, Who,
        },
        error::NodeError,
        node_type::{NodeType, Prepared, Setup},
        snapshot,
    },
    model::{
        expr::{KeyId, Slot},
        journey::{OutcomeId, SettingValue},
        signature::{Factor, Known, LevelChange, Scope, Secrecy, Signature, StateKey},
        text::LocalizedText,
        value::{Type, Value},
    },
};

/// The name of the user in the state.
const USERNAME: &str = "username";
/// The one-time code of the run.
const CODE: &str = "oneTimePassword";
/// How many bytes of a reply are taken.
const REPLY_BYTES_MAX: usize = 32 * 1_024;
/// How many bytes a node may keep.
const MEMORY_BYTES_MAX: usize = 8 * 1_024;
/// How deep lists and maps of a reply are looked into.
const DEPTH_MAX: u32 = 16;

/// A node type that is known by its signature alone; [`Effect::External`] asks what its nodes do.
#[derive(Debug, Clone)]
pub struct ExternalNode {
    signature: Signature,
    rehearsed: bool,
}

impl ExternalNode {
    /// The type with this signature.
    pub fn new(signature: Signature) -> Self {
        Self {
            signature,
            rehearsed: false,
        }
    }

    /// The same in a rehearsal, where tests say what the handler would.
    ///
    /// A reply that names nobody means the user of the run, and keys may be written which a signature
    /// that is not the whole truth leaves out: those of shared and of transient state.
    pub fn rehearsed(signature: Signature) -> Self {
        Self {
            signature,
            rehearsed: true,
        }
    }
}

impl NodeType for ExternalNode {
    fn signature(&self) -> Signature {
        self.signature.clone()
    }

    fn prepare(&self, setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
        let signature = &self.signature;
        if signature.limits.is_some() && !self.rehearsed {
            // The checks rest on the bound, and nobody outside is known to keep it.
            return Err(NodeError::new(
                "a type that bounds its visits cannot be served from outside",
            ));
        }
        let mut ways = BTreeMap::new();
        for name in setup.outcomes().to_vec() {
            ways.insert(Arc::clone(&name), Way::new(signature, setup, &name)?);
        }
        let reads = places(&signature.reads, setup);
        let learns_code = learns_code(&reads, setup);
        let proving = ways.iter().filter(|(_, way)| way.proves.is_some());
        let settings = setup.settings().map(|(key, value)| {
            let key: Arc<str> = Arc::from(key);
            (key, value.clone())
        });
        Ok(Box::new(Outside {
            name: Arc::from(&*signature.name),
            wire: Arc::from(&*signature.wire),
            node: Arc::from(setup.node()),
            settings: settings.collect(),
            reads,
            learns_code,
            writes: places(&signature.writes, setup),
            callbacks: signature
                .callbacks
                .iter()
                .map(|k| Arc::from(&**k))
                .collect(),
            suspends: signature.suspends.or(true),
            outcomes: setup.outcomes().to_vec(),
            proving: proving.map(|(name, _)| Arc::clone(name)).collect(),
            username: setup.key(USERNAME),
            ways,
            rehearsed: self.rehearsed,
        }))
    }
}

/// What leaving by an outcome comes to.
#[derive(Debug)]
struct Way {
    outcome: OutcomeId,
    raise: i64,
    proves: Option<Factor>,
    identifies: bool,
    removes: Vec<KeyId>,
}

impl Way {
    fn new(signature: &Signature, setup: &mut Setup<'_>, name: &str) -> Result<Self, NodeError> {
        let facts = signature.facts_of(name);
        let raise = match facts.map(|facts| &facts.level) {
            Some(LevelChange::By(by)) => i64::from(*by),
            Some(LevelChange::BySetting(key)) => {
                let value = setup.constant(key)?;
                value.and_then(Value::as_int).unwrap_or_default()
            }
            Some(LevelChange::None) | None => 0,
        };
        let mut removes = Vec::new();
        for removal in signature.removes.iter() {
            if removal.outcome == "*" || removal.outcome == name {
                for key in names(&removal.key, removal.named_by.as_deref(), setup) {
                    removes.push(setup.key(&key));
                }
            }
        }
        Ok(Self {
            outcome: setup.outcome(name)?,
            raise,
            proves: signature.proves(name, |key| setup.setting(key)),
            identifies: facts.is_some_and(|f| f.writes_identity != Known::Is(false)),
            removes,
        })
    }
}

/// A place of the state that the type reads or writes.
#[derive(Debug, Clone)]
struct Place {
    path: Arc<str>,
    scope: Scope,
    name: Arc<str>,
    key: KeyId,
    ty: Type,
    secret: bool,
}

/// The places that a signature names, for a node with these settings; those that only a script would know
/// are none.
fn places(declared: &[StateKey], setup: &mut Setup<'_>) -> Vec<Place> {
    let mut places = Vec::new();
    for state in declared {
        for name in names(&state.key, state.named_by.as_deref(), setup) {
            places.push(Place {
                path: state.scope.path(&name),
                scope: state.scope,
                key: setup.key(&name),
                name,
                ty: state.ty.clone(),
                secret: state.secrecy == Secrecy::Secret,
            });
        }
    }
    places
}

/// Whether a handler is told the one-time code of the run: as state, or in a setting.
fn learns_code(reads: &[Place], setup: &mut Setup<'_>) -> bool {
    let object = |scope| matches!(scope, Scope::ObjectShared | Scope::ObjectTransient);
    let read = |place: &Place| &*place.name == CODE && !object(place.scope);
    if reads.iter().any(read) {
        return true;
    }
    let computed = |(_, setting): (_, &SettingValue)| matches!(setting, SettingValue::Computed(_));
    if !setup.settings().any(computed) {
        return false;
    }
    let code = setup.key(CODE);
    let sees = |slot: &Slot| matches!(slot, Slot::Shared(key) | Slot::Transient(key) | Slot::Secure(key) if *key == code);
    setup.settings().any(|(_, setting)| match setting {
        SettingValue::Computed(expr) => expr.reads(sees),
        SettingValue::Constant(_) => false,
    })
}

/// The keys that a signature means: itself, or what a setting names.
fn names(key: &str, named_by: Option<&str>, setup: &Setup<'_>) -> Vec<Arc<str>> {
    let Some(setting) = named_by else {
        let fixed = (key != "*").then(|| Arc::from(key));
        return fixed.into_iter().collect();
    };
    match setup.setting(setting) {
        Some(SettingValue::Constant(Value::Text(name))) => vec![Arc::clone(name)],
        Some(SettingValue::Constant(Value::List(list))) => {
            let texts = list.iter().filter_map(Value::as_text);
            texts.filter(|name| *name != "*").map(Arc::from).collect()
        }
        Some(SettingValue::Constant(Value::Map(map))) => map.keys().map(Arc::clone).collect(),
        _ => Vec::new(),
    }
}

#[derive(Debug)]
struct Outside {
    name: Arc<str>,
    wire: Arc<str>,
    node: Arc<str>,
    settings: Vec<(Arc<str>, SettingValue)>,
    reads: Vec<Place>,
    /// Whether the handler is told the one-time code of the run.
    learns_code: bool,
    writes: Vec<Place>,
    callbacks: Vec<Arc<str>>,
    suspends: bool,
    outcomes: Vec<Arc<str>>,
    proving: Vec<Arc<str>>,
    username: KeyId,
    ways: BTreeMap<Arc<str>, Way>,
    rehearsed: bool,
}

impl Prepared for Outside {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        let memory = cx.memory().cloned();
        self.call(cx, ExternalEvent::Entered, memory)
    }

    fn resume(&self, cx: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        match reply {
            Reply::Effect(EffectReply::External(said)) => self.heard(cx, *said),
            Reply::Effect(EffectReply::Identity(found)) => {
                let user = found.ok_or_else(|| NodeError::new("there is no such user"))?;
                let went = Kept::of(cx).went;
                self.end(cx, &went.ok_or_else(nothing_said)?, Some(user))
            }
            Reply::Answers(answers) => {
                let kept = Kept::of(cx);
                let answered = kept.asked.into_iter().zip(answers).collect();
                self.call(cx, ExternalEvent::Answered(answered), kept.memory)
            }
            Reply::Resumed => {
                let kept = Kept::of(cx);
                match kept.went {
                    Some(went) => self.went(cx, went),
                    None => self.call(cx, ExternalEvent::Resumed, kept.memory),
                }
            }
            Reply::Effect(_) => Err(nothing_said()),
        }
    }
}

fn nothing_said() -> NodeError {
    NodeError::new("nothing says how this node ends")
}

impl Outside {
    fn call(
        &self,
        cx: &mut Context<'_>,
        event: ExternalEvent,
        memory: Option<Value>,
    ) -> Result<Action, NodeError> {
        let asked = self.ask(cx, event, memory)?;
        Ok(Action::call(Effect::External(Box::new(asked))))
    }

    /// What a handler is told.
    fn ask(
        &self,
        cx: &mut Context<'_>,
        event: ExternalEvent,
        memory: Option<Value>,
    ) -> Result<External, NodeError> {
        if self.learns_code {
            cx.hand_out_challenge();
        }
        let mut settings = BTreeMap::new();
        for (key, setting) in &self.settings {
            settings.insert(Arc::clone(key), cx.value(setting)?);
        }
        let reads = self.reads.iter();
        Ok(External {
            name: Arc::clone(&self.name),
            wire: Arc::clone(&self.wire),
            node: Arc::clone(&self.node),
            realm: Arc::from(cx.realm().as_str()),
            locales: cx.request().locales.clone(),
            event,
            settings,
            state: reads
                .filter_map(|place| Some((Arc::clone(&place.path), place.seen(cx)?)))
                .collect(),
            memory,
            outcomes: self.outcomes.clone(),
            proving: self.proving.clone(),
            callbacks: self.callbacks.clone(),
            writes: self.writes.iter().map(|w| Arc::clone(&w.path)).collect(),
            suspends: self.suspends,
        })
    }

    fn heard(&self, cx: &mut Context<'_>, said: ExternalReply) -> Result<Action, NodeError> {
        if snapshot::reply_size(&said) > REPLY_BYTES_MAX {
            return Err(NodeError::new("the reply from outside is too large"));
        }
        match said {
            ExternalReply::Went(went) => self.went(cx, went),
            ExternalReply::Asked { callbacks, memory } => self.asked(cx, callbacks, memory),
            ExternalReply::Waits {
                text,
                within,
                link,
                memory,
                then,
            } => {
                if !self.suspends {
                    return Err(NodeError::new("the type does not suspend the run"));
                }
                if let Some(went) = &then {
                    self.check(went)?;
                }
                bounded(memory.as_ref())?;
                let deliver = if link {
                    // The place of the link; it is filled in when there is one.
                    let event = ExternalEvent::Suspended("{0}".to_owned());
                    Some(Effect::External(Box::new(self.ask(
                        cx,
                        event,
                        memory.clone(),
                    )?)))
                } else {
                    None
                };
                Kept {
                    went: then,
                    memory,
                    ..Kept::default()
                }
                .keep(cx);
                Ok(Action::Suspend(Box::new(Suspend {
                    text,
                    within,
                    deliver,
                })))
            }
            ExternalReply::Taken => Err(nothing_said()),
        }
    }

    fn asked(
        &self,
        cx: &mut Context<'_>,
        callbacks: Vec<Callback>,
        memory: Option<Value>,
    ) -> Result<Action, NodeError> {
        if callbacks.is_empty() || callbacks.len() > cx.limits().callbacks as usize {
            return Err(NodeError::new(
                "the node asks nothing, or more than the limit",
            ));
        }
        let declared = |kind: &str| self.callbacks.iter().any(|known| **known == *kind);
        if let Some(other) = callbacks.iter().find(|asked| !declared(asked.kind())) {
            return Err(NodeError::new(format!(
                "the type does not ask `{}`",
                shown(other.kind())
            )));
        }
        bounded(memory.as_ref())?;
        let asked = callbacks.iter().map(|asked| Arc::from(asked.kind()));
        Kept {
            asked: asked.collect(),
            memory,
            ..Kept::default()
        }
        .keep(cx);
        Ok(Action::ask(callbacks))
    }

    /// The handler has chosen an outcome: all of what it said is looked at before any of it counts.
    fn went(&self, cx: &mut Context<'_>, went: Went) -> Result<Action, NodeError> {
        let way = self.check(&went)?;
        let Some(who) = self.who(cx, way, &went)? else {
            return self.end(cx, &went, None);
        };
        Kept {
            went: Some(went),
            ..Kept::default()
        }
        .keep(cx);
        Ok(Action::call(Effect::ReadIdentity(ReadIdentity {
            who,
            attributes: Vec::new(),
        })))
    }

    fn check(&self, went: &Went) -> Result<&Way, NodeError> {
        let way = self.ways.get(&went.outcome).ok_or_else(|| {
            NodeError::new(format!(
                "the node has no outcome `{}`",
                shown(&went.outcome)
            ))
        })?;
        for (path, value) in &went.writes {
            self.place(path).and_then(|place| place.typed(value))?;
        }
        bounded(went.memory.as_ref())?;
        let may_name = way.proves.is_some() || way.identifies || self.rehearsed;
        if went.user.is_some() && !may_name {
            return Err(NodeError::new("this outcome is of no user"));
        }
        Ok(way)
    }

    /// The place that a reply writes.
    fn place(&self, path: &str) -> Result<Cow<'_, Place>, NodeError> {
        let refused =
            |why: &str| NodeError::new(format!("the type does not write `{}`{why}", shown(path)));
        let found = self.writes.iter().find(|place| *place.path == *path);
        if let Some(place) = found {
            return match (place.scope, &*place.name) {
                (Scope::Secure, _) => Err(refused(", which can only be read")),
                // Only the store says how a user is called.
                (Scope::Shared | Scope::Transient | Scope::Any, USERNAME) if !self.rehearsed => {
                    Err(refused(": name the user as `user`"))
                }
                _ => Ok(Cow::Borrowed(place)),
            };
        }
        let (scope, name) = match path.split_once('.') {
            Some(("shared", name)) if self.rehearsed => (Scope::Shared, name),
            Some(("transient", name)) if self.rehearsed => (Scope::Transient, name),
            _ => return Err(refused("")),
        };
        Ok(Cow::Owned(Place {
            path: Arc::from(path),
            scope,
            name: Arc::from(name),
            // It has a number of its own when it is written.
            key: KeyId(u32::MAX),
            ty: Type::Any,
            secret: false,
        }))
    }

    /// Whom to look up before the node ends.
    fn who(&self, cx: &Context<'_>, way: &Way, went: &Went) -> Result<Option<Who>, NodeError> {
        if let Some(name) = &went.user {
            return Ok(Some(Who::Name(Arc::clone(name))));
        }
        if way.proves.is_none() {
            return Ok(None);
        }
        let missing = || NodeError::new("the reply names no `user`");
        if !self.rehearsed {
            return Err(missing());
        }
        if let Some(subject) = cx.subject() {
            return Ok(Some(Who::Subject(subject.id.clone())));
        }
        let name = cx.get(self.username).and_then(Value::as_text);
        let name = name.ok_or_else(missing)?;
        Ok(Some(Who::Name(Arc::from(name))))
    }

    fn end(
        &self,
        cx: &mut Context<'_>,
        went: &Went,
        user: Option<Identity>,
    ) -> Result<Action, NodeError> {
        let way = self.check(went)?;
        for key in &way.removes {
            cx.remove(*key);
        }
        for (path, value) in &went.writes {
            let place = self.place(path)?;
            place.write(cx, place.typed(value)?);
        }
        if cx.memory() != went.memory.as_ref() {
            cx.set_memory(went.memory.clone());
        }
        if way.raise != 0 {
            cx.raise(way.raise);
        }
        let Some(user) = user else {
            return Ok(Action::go(way.outcome));
        };
        if way.identifies {
            cx.put_shared(self.username, Value::Text(Arc::clone(&user.username)));
        }
        Ok(match way.proves {
            Some(factor) => Action::prove(way.outcome, factor, user),
            None => Action::go(way.outcome),
        })
    }
}

impl Place {
    /// What is there, as far as it may be seen.
    fn seen(&self, cx: &Context<'_>) -> Option<Value> {
        let value = match self.scope {
            Scope::Shared => cx.shared(self.key),
            // What has crossed a stop is secure.
            Scope::Transient => cx.transient(self.key).or_else(|| cx.secure(self.key)),
            Scope::Secure => cx.secure(self.key),
            Scope::Any => cx.get(self.key),
            Scope::ObjectShared | Scope::ObjectTransient => cx.object_attribute(&self.name),
        }?;
        match value {
            Value::Text(text) if self.secret => Some(Value::Secret((&**text).into())),
            value if !self.secret && holds_secret(value) => None,
            value => Some(value.clone()),
        }
    }

    fn typed(&self, value: &Value) -> Result<Value, NodeError> {
        let value = typed(value, &self.ty, DEPTH_MAX).ok_or_else(|| {
            NodeError::new(format!(
                "`{}` is written with no {}",
                shown(&self.path),
                self.ty
            ))
        })?;
        Ok(match value {
            Value::Text(text) if self.secret => Value::Secret((&*text).into()),
            value => value,
        })
    }

    fn write(&self, cx: &mut Context<'_>, value: Value) {
        match self.scope {
            Scope::ObjectShared => cx.put_object_shared(&self.name, value),
            Scope::ObjectTransient => cx.put_object_transient(&self.name, value),
            scope => {
                let key = cx.key(&self.name);
                if scope == Scope::Transient {
                    cx.put_transient(key, value);
                } else {
                    cx.put_shared(key, value);
                }
            }
        }
    }
}

/// What a node keeps while it waits.
#[derive(Debug, Default)]
struct Kept {
    asked: Vec<Arc<str>>,
    memory: Option<Value>,
    went: Option<Went>,
}

impl Kept {
    fn of(cx: &Context<'_>) -> Self {
        let Some(Value::Map(map)) = cx.visit() else {
            return Self::default();
        };
        let asked = match map.get("asked") {
            Some(Value::List(list)) => list
                .iter()
                .filter_map(Value::as_text)
                .map(Arc::from)
                .collect(),
            _ => Vec::new(),
        };
        Self {
            asked,
            memory: map.get("memory").cloned(),
            went: map.get("went").and_then(went_of),
        }
    }

    fn keep(self, cx: &mut Context<'_>) {
        let mut map: BTreeMap<Arc<str>, Value> = BTreeMap::new();
        if !self.asked.is_empty() {
            let asked = self.asked.into_iter().map(Value::Text);
            map.insert(Arc::from("asked"), Value::List(asked.collect()));
        }
        if let Some(memory) = self.memory {
            map.insert(Arc::from("memory"), memory);
        }
        if let Some(went) = self.went {
            map.insert(Arc::from("went"), value_of(went));
        }
        cx.set_visit(Some(Value::Map(Arc::new(map))));
    }
}

fn value_of(went: Went) -> Value {
    let mut map = BTreeMap::from([
        (Arc::from("outcome"), Value::Text(went.outcome)),
        (Arc::from("writes"), Value::Map(Arc::new(went.writes))),
    ]);
    if let Some(user) = went.user {
        map.insert(Arc::from("user"), Value::Text(user));
    }
    if let Some(memory) = went.memory {
        map.insert(Arc::from("memory"), memory);
    }
    Value::Map(Arc::new(map))
}

fn went_of(value: &Value) -> Option<Went> {
    let Value::Map(map) = value else {
        return None;
    };
    let Some(Value::Map(writes)) = map.get("writes") else {
        return None;
    };
    Some(Went {
        outcome: Arc::from(map.get("outcome")?.as_text()?),
        writes: (**writes).clone(),
        user: map.get("user").and_then(Value::as_text).map(Arc::from),
        memory: map.get("memory").cloned(),
    })
}

fn bounded(memory: Option<&Value>) -> Result<(), NodeError> {
    match memory {
        Some(memory) if snapshot::value_size(memory) > MEMORY_BYTES_MAX => {
            Err(NodeError::new("the node keeps too much"))
        }
        _ => Ok(()),
    }
}

/// A word of a reply as a message may hold it.
fn shown(word: &str) -> String {
    word.chars().take(64).filter(|c| !c.is_control()).collect()
}

fn holds_secret(value: &Value) -> bool {
    // BOUND: every value of the state is bounded by the limit of its bytes, and looked at once.
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        match value {
            Value::Secret(_) | Value::SecretParameter(_) => return true,
            Value::List(list) => open.extend(list.iter()),
            Value::Map(map) => open.extend(map.values()),
            _ => {}
        }
    }
    false
}

/// The value as one of this type. Spans of time come as milliseconds and sizes as bytes, since a reply that
/// was JSON has no others.
fn typed(value: &Value, ty: &Type, depth: u32) -> Option<Value> {
    let below = depth.checked_sub(1)?;
    Some(match (ty, value) {
        (Type::Any, Value::SecretParameter(_) | Value::Null) => return None,
        (Type::Any, value)
        | (Type::Bool, value @ Value::Bool(_))
        | (Type::Int, value @ Value::Int(_))
        | (Type::Decimal, value @ Value::Decimal(_))
        | (Type::Text, value @ Value::Text(_))
        | (Type::LocalizedText, value @ Value::Localized(_))
        | (Type::Duration, value @ Value::Duration(_))
        | (Type::Size, value @ Value::Size(_))
        | (Type::Secret, value @ Value::Secret(_)) => value.clone(),
        (Type::Decimal, Value::Int(number)) => {
            crate::Decimal::parse(&number.to_string()).map(Value::Decimal)?
        }
        (Type::LocalizedText, Value::Text(text)) => Value::Localized(LocalizedText::plain(&**text)),
        (Type::LocalizedText, Value::Map(map)) => {
            let entries: Option<Vec<_>> = map
                .iter()
                .map(|(locale, text)| Some((locale.to_string(), text.as_text()?.to_owned())))
                .collect();
            Value::Localized(LocalizedText::by_locale(entries?))
        }
        (Type::Duration, Value::Int(ms)) => {
            Value::Duration(std::time::Duration::from_millis(u64::try_from(*ms).ok()?))
        }
        (Type::Size, Value::Int(bytes)) => Value::Size(u64::try_from(*bytes).ok()?),
        (Type::Secret, Value::Text(text)) => Value::Secret((&**text).into()),
        (Type::List(of), Value::List(list)) => {
            let items: Option<Vec<_>> = list.iter().map(|item| typed(item, of, below)).collect();
            Value::List(Arc::from(items?))
        }
        (Type::Map(of), Value::Map(map)) => {
            let entries: Option<BTreeMap<_, _>> = map
                .iter()
                .map(|(key, item)| Some((Arc::clone(key), typed(item, of, below)?)))
                .collect();
            Value::Map(Arc::new(entries?))
        }
        _ => return None,
    })
}
