//! Running a script over what its values may be: expressions.

use std::rc::Rc;

use super::{Ran, Runner, notes::note};
use crate::facts::{
    Generation,
    problem::Unreadable,
    state::{States, Variable},
    tree::{Expr, ExprKind, Key},
    value::{Host, Value},
};

/// The member under which elements of lists are kept.
const ELEMENT: &str = "[]";

/// The member under which stands what has a name that is computed.
const COMPUTED: &str = "?";

/// How long a text may be that is put together.
const TEXT_MAX: usize = 256;

impl<'s> Runner<'s> {
    pub(super) fn eval(&mut self, expr: &'s Expr, st: &mut States) -> Ran<Value> {
        self.step(expr.line)?;
        self.depth += 1;
        if self.depth > super::DEPTH_MAX {
            return Err(Unreadable::new(expr.line, "it goes too deep"));
        }
        let value = self.eval_kind(expr, st);
        self.depth -= 1;
        value
    }

    fn eval_kind(&mut self, expr: &'s Expr, st: &mut States) -> Ran<Value> {
        Ok(match &expr.kind {
            ExprKind::Text(text) => Value::text(Rc::clone(text)),
            ExprKind::Number(number) => Value::number(*number),
            ExprKind::Bool(truth) => Value::truth(*truth, !*truth),
            ExprKind::Null => Value::nothing(),
            ExprKind::Regex => Value::data(),
            ExprKind::Template(texts, parts) => self.template(texts, parts, st)?,
            ExprKind::Name(name) => self.name(name, expr.line, st)?,
            ExprKind::This => match self.frames.last() {
                Some(frame) => frame.this.clone(),
                None => Value::host(Host::This),
            },
            ExprKind::Array(list) => self.array(expr, list, st)?,
            ExprKind::Object(members) => self.object(expr, members, st)?,
            ExprKind::Function(function) => Value::function(*function),
            ExprKind::Unary(sign, of) => {
                let of = self.eval(of, st)?;
                if *sign == "!" {
                    let (may_hold, may_fail) = of.truths();
                    Value::truth(may_fail, may_hold)
                } else {
                    Value::data()
                }
            }
            ExprKind::Typeof(of) => {
                // A name that nobody declared may stand here.
                self.eval(of, st)?;
                Value::data()
            }
            ExprKind::Delete(of) => self.delete(of, st)?,
            ExprKind::Update(_, of) => {
                self.eval(of, st)?;
                self.assign(of, &Value::data(), st)?;
                Value::data()
            }
            ExprKind::Binary(sign, list) => self.binary(sign, list, st)?,
            ExprKind::Logical(sign, list) => self.logical(sign, list, st)?,
            ExprKind::Conditional(parts) => {
                let [test, then, other] = &**parts;
                let (mut holds, mut fails) = self.branch(test, st.take())?;
                let mut value = Value::default();
                if !holds.is_dead() {
                    value.join(&self.eval(then, &mut holds)?);
                }
                if !fails.is_dead() {
                    value.join(&self.eval(other, &mut fails)?);
                }
                st.join(holds);
                st.join(fails);
                value
            }
            ExprKind::Assign(sign, pair) => self.assignment(sign, pair, st)?,
            ExprKind::Sequence(parts) => {
                let mut last = Value::nothing();
                for part in parts {
                    last = self.eval(part, st)?;
                }
                last
            }
            ExprKind::Member(of, name) => {
                let of = self.eval(of, st)?;
                self.get_member(&of, name, expr.line)?
            }
            ExprKind::Index(pair) => {
                let [of, at] = &**pair;
                let of = self.eval(of, st)?;
                let at = self.eval(at, st)?;
                self.get_index(&of, &at, expr.line)?
            }
            ExprKind::Call(callee, arguments) => self.call(callee, arguments, expr.line, st)?,
            ExprKind::New(callee, arguments) => self.construct(expr, callee, arguments, st)?,
            ExprKind::Spread(of) => {
                let of = self.eval(of, st)?;
                self.element(&of)
            }
        })
    }

    fn template(&mut self, texts: &[Rc<str>], parts: &'s [Expr], st: &mut States) -> Ran<Value> {
        let mut texts = texts.iter();
        let mut whole = texts
            .next()
            .map_or_else(Value::default, |text| Value::text(Rc::clone(text)));
        for (part, text) in parts.iter().zip(texts) {
            let part = self.eval(part, st)?;
            self.notes.reads_all_of(&part, 1);
            whole = sum(&sum(&whole, &part), &Value::text(Rc::clone(text)));
        }
        Ok(whole)
    }

    fn name(&mut self, name: &Rc<str>, line: u32, st: &States) -> Ran<Value> {
        let variable = self.variable(name);
        let declared = variable.is_some();
        let variable: Variable = variable.unwrap_or_else(|| (0, Rc::clone(name)));
        if let Some(value) = st.get(&variable) {
            return Ok(value);
        }
        if variable.0 == 0
            && let Some(host) = self.global(name, line)?
        {
            return Ok(host);
        }
        let is_result = matches!(&**name, "outcome" | "action" | "undefined");
        Ok(if declared || is_result {
            Value::nothing()
        } else {
            Value::data()
        })
    }

    /// What a name means that the script does not declare.
    fn global(&self, name: &Rc<str>, line: u32) -> Ran<Option<Value>> {
        if matches!(
            &**name,
            "eval"
                | "Function"
                | "Proxy"
                | "Reflect"
                | "globalThis"
                | "importClass"
                | "importPackage"
                | "load"
                | "require"
                | "arguments"
                | "JavaAdapter"
                | "WeakRef"
        ) {
            return Err(Unreadable::new(line, "it does what a text does not tell"));
        }
        Ok(super::host::global(name, self.generation, self.is_first))
    }

    pub(super) fn assign_name(
        &mut self,
        name: &Rc<str>,
        value: &Value,
        st: &mut States,
        line: u32,
    ) -> Ran<()> {
        let variable = self.variable(name).unwrap_or_else(|| (0, Rc::clone(name)));
        if variable.0 == 0 && &**name == "outcome" {
            for text in &value.texts {
                note(&mut self.notes.outcomes, Rc::clone(text), line);
            }
        }
        let weak = self.is_weak(&variable);
        st.set(&variable, value, weak);
        // Whatever fails behind it in a `try` leaves this behind.
        self.may_throw(st);
        if variable.0 == 0 && &**name == "action" && self.generation == Generation::First {
            Self::take_action(value, st, line)?;
        }
        Ok(())
    }

    /// The variable `action` of the older generation has a value now.
    fn take_action(value: &Value, st: &mut States, line: u32) -> Ran<()> {
        let before = st.take();
        let mut outcome: Option<Value> = None;
        let mut is_action = true;
        for host in &value.hosts {
            match host {
                Host::GoTo(to) => {
                    let to = to
                        .as_ref()
                        .map_or_else(Value::data, |to| Value::text(Rc::clone(to)));
                    outcome.get_or_insert_default().join(&to);
                }
                Host::Send | Host::Suspend => {
                    let sends = *host == Host::Send;
                    let mut after = before.clone();
                    after.say(
                        |said| {
                            (said.asks, said.suspends, said.leaves) = (sends, !sends, false);
                        },
                        None,
                    );
                    st.join(after);
                }
                _ => is_action = false,
            }
        }
        if let Some(outcome) = outcome {
            let mut after = before.clone();
            let goes = |said: &mut crate::facts::state::Said| {
                (said.asks, said.suspends, said.leaves) = (false, false, true);
            };
            after.say(goes, Some(&outcome));
            st.join(after);
        }
        if value.nothing {
            let mut after = before;
            after.say(|said| *said = crate::facts::state::Said::default(), None);
            st.join(after);
        }
        if value.data || !value.objects.is_empty() || !is_action || st.is_dead() {
            return Err(Unreadable::new(
                line,
                "what it assigns to `action` is not known",
            ));
        }
        Ok(())
    }

    fn array(&mut self, expr: &Expr, list: &'s [Expr], st: &mut States) -> Ran<Value> {
        let site = site(expr);
        for part in list {
            let part = self.eval(part, st)?;
            self.keep(site, ELEMENT, &part);
        }
        Ok(Value::object(site))
    }

    fn object(&mut self, expr: &Expr, members: &'s [(Key, Expr)], st: &mut States) -> Ran<Value> {
        let site = site(expr);
        for (key, value) in members {
            match key {
                Key::Fixed(name) => {
                    let value = self.eval(value, st)?;
                    if converts(name) && !value.functions.is_empty() || &**name == "__proto__" {
                        return Err(Unreadable::new(expr.line, CONVERTS));
                    }
                    self.keep(site, name, &value);
                }
                Key::Computed(name) => {
                    let name = self.eval(name, st)?;
                    let value = self.eval(value, st)?;
                    if !value.functions.is_empty() && !is_plain_key(&name) {
                        return Err(Unreadable::new(expr.line, CONVERTS));
                    }
                    match name.keys() {
                        Some(names) => {
                            for name in names {
                                self.keep(site, name, &value);
                            }
                        }
                        None => self.keep(site, COMPUTED, &value),
                    }
                }
                Key::Spread => {
                    let from = self.eval(value, st)?;
                    if acts(&from) {
                        return Err(Unreadable::new(expr.line, COPIES));
                    }
                    self.copy(site, &from);
                }
                Key::Accessor => {
                    return Err(Unreadable::new(
                        expr.line,
                        "an object has a getter or a setter",
                    ));
                }
            }
        }
        Ok(Value::object(site))
    }

    fn keep(&mut self, site: usize, name: &str, value: &Value) {
        let member = self.members.entry((site, Rc::from(name))).or_default();
        member.join(value);
    }

    /// Everything of one object goes into another.
    pub(super) fn copy(&mut self, site: usize, from: &Value) {
        for other in &from.objects {
            for (name, value) in self.members_of(*other) {
                self.keep(site, &name, &value);
            }
        }
        let other = from.data || !from.hosts.is_empty();
        if other {
            let value = Value::data().or(&self.anything());
            self.keep(site, COMPUTED, &value);
            self.notes.reads_all_of(from, 1);
        }
    }

    pub(super) fn members_of(&self, site: usize) -> Vec<(Rc<str>, Value)> {
        let from = (site, Rc::from(""));
        let own = self
            .members
            .range(from..)
            .take_while(|((of, _), _)| *of == site);
        own.map(|((_, name), value)| (Rc::clone(name), value.clone()))
            .collect()
    }

    /// Whatever lies where nobody knows. Of what is secret there, nothing is known.
    pub(super) fn anything(&self) -> Value {
        self.weigh(&self.stored);
        Value {
            secret: None,
            ..self.stored.blurred()
        }
    }

    /// Whatever may lie in a list, an object or a map.
    pub(super) fn element(&self, of: &Value) -> Value {
        let mut all = Value::data();
        all.secret = of.secret;
        all.join(&self.anything());
        for site in &of.objects {
            for (_, value) in self.members_of(*site) {
                self.weigh(&value);
                all.join(&value.blurred());
            }
        }
        for host in &of.hosts {
            match host {
                Host::Callbacks => all.join(&Value::host(Host::Callback)),
                Host::Kept(..) | Host::Found => all.join(&Value::host(host.clone())),
                _ => {}
            }
        }
        all
    }

    fn delete(&mut self, of: &'s Expr, st: &mut States) -> Ran<Value> {
        match &of.kind {
            ExprKind::Member(of, name) => {
                let of = self.eval(of, st)?;
                if of.hosts.iter().any(|host| matches!(host, Host::Map(_))) {
                    self.notes.removes(&Value::text(Rc::clone(name)), 1);
                }
            }
            ExprKind::Index(pair) => {
                let [of, at] = &**pair;
                let of = self.eval(of, st)?;
                let at = self.eval(at, st)?;
                if of.hosts.iter().any(|host| matches!(host, Host::Map(_))) {
                    self.notes.removes(&at, 1);
                }
            }
            _ => {
                self.eval(of, st)?;
            }
        }
        Ok(Value::truth(true, true))
    }

    fn binary(&mut self, sign: &str, list: &'s [Expr], st: &mut States) -> Ran<Value> {
        let mut parts = list.iter();
        let Some(first) = parts.next() else {
            return Ok(Value::data());
        };
        let mut whole = self.eval(first, st)?;
        for part in parts {
            let part = self.eval(part, st)?;
            whole = match sign {
                "+" => {
                    self.notes.reads_all_of(&whole, first.line);
                    self.notes.reads_all_of(&part, first.line);
                    sum(&whole, &part)
                }
                "==" | "===" | "!=" | "!==" | "<" | ">" | "<=" | ">=" => whole.compare(sign, &part),
                "in" | "instanceof" => Value::truth(true, true),
                _ => Value::data(),
            };
        }
        Ok(whole)
    }

    fn logical(&mut self, sign: &str, list: &'s [Expr], st: &mut States) -> Ran<Value> {
        let mut whole = Value::default();
        let mut out = States::default();
        let Some((end, parts)) = list.split_last() else {
            return Ok(whole);
        };
        for part in parts {
            let value = self.eval(part, st)?;
            let (may_hold, may_fail) = value.truths();
            let (stops, goes_on) = match sign {
                "&&" => (may_fail, may_hold),
                "||" => (may_hold, may_fail),
                _ => (true, value.nothing || value.data || !value.hosts.is_empty()),
            };
            if stops {
                // What is false enough to stop an `and` does nothing more.
                let mut left = value;
                if sign == "&&" {
                    left.functions.clear();
                    left.objects.clear();
                    left.texts.retain(|text| text.is_empty());
                } else if sign == "||" {
                    left.nothing = false;
                    left.is_false = false;
                    left.texts.retain(|text| !text.is_empty());
                }
                whole.join(&left);
                out.join(st.clone());
            }
            if !goes_on {
                st.take();
                st.join(out);
                return Ok(whole);
            }
        }
        let value = self.eval(end, st)?;
        whole.join(&value);
        st.join(out);
        Ok(whole)
    }

    fn assignment(&mut self, sign: &str, pair: &'s [Expr; 2], st: &mut States) -> Ran<Value> {
        let [target, value] = pair;
        if sign == "=" {
            let value = self.eval(value, st)?;
            self.assign(target, &value, st)?;
            return Ok(value);
        }
        let before = self.eval(target, st)?;
        let skipped = matches!(sign, "&&=" | "||=" | "??=").then(|| st.clone());
        let by = self.eval(value, st)?;
        let value = match sign {
            "+=" => sum(&before, &by),
            "&&=" | "||=" | "??=" => before.or(&by),
            _ => Value::data(),
        };
        self.assign(target, &value, st)?;
        if let Some(skipped) = skipped {
            st.join(skipped);
        }
        Ok(value)
    }

    pub(super) fn get_member(&mut self, of: &Value, name: &Rc<str>, line: u32) -> Ran<Value> {
        let mut found = Value::default();
        self.weigh(of);
        for site in &of.objects {
            let own = self.members.get(&(*site, Rc::clone(name)));
            let computed = self.members.get(&(*site, Rc::from(COMPUTED)));
            match (own, computed) {
                (None, None) => found.join(&Value::data()),
                (own, computed) => {
                    for value in own.into_iter().chain(computed) {
                        self.weigh(value);
                    }
                    found.join(own.unwrap_or(&Value::nothing()));
                    if let Some(computed) = computed {
                        found.join(&computed.blurred());
                    }
                }
            }
        }
        let other =
            of.data || !of.texts.is_empty() || !of.numbers.is_empty() || !of.functions.is_empty();
        if other {
            found.join(&Value::data().or(&self.anything()));
            found.secret = found.secret.or(of.secret);
        }
        for host in &of.hosts {
            let member = self.host_member(host, name, line)?;
            found.join(&member);
        }
        Ok(found)
    }

    fn get_index(&mut self, of: &Value, at: &Value, line: u32) -> Ran<Value> {
        if let Some(names) = at.keys() {
            let mut found = Value::default();
            for name in names {
                found.join(&self.get_member(of, name, line)?);
            }
            return Ok(found);
        }
        self.refuse_computed(of, line)?;
        Ok(self.element(of))
    }

    /// What does something by a name that is computed could do anything.
    pub(super) fn refuse_computed(&mut self, of: &Value, line: u32) -> Ran<()> {
        let acts = of.hosts.iter().any(|host| {
            !matches!(
                host,
                Host::Kept(..)
                    | Host::Callbacks
                    | Host::Count
                    | Host::Callback
                    | Host::Plain
                    | Host::Found
                    | Host::Logger
                    | Host::Map(_)
            )
        });
        if acts {
            return Err(Unreadable::new(
                line,
                "it names what it does by a computed name",
            ));
        }
        self.notes.reads_all_of(of, line);
        Ok(())
    }

    pub(super) fn put_member(
        &mut self,
        of: &Value,
        name: &Rc<str>,
        value: &Value,
        line: u32,
        st: &mut States,
    ) -> Ran<()> {
        if converts(name) && !value.functions.is_empty() || &**name == "__proto__" {
            return Err(Unreadable::new(line, CONVERTS));
        }
        Self::changes_what_others_have(of, value, line)?;
        for site in &of.objects {
            self.keep(*site, name, value);
        }
        for host in &of.hosts {
            match host {
                Host::This => self.assign_name(name, value, st, line)?,
                Host::Map(part) => {
                    self.notes
                        .writes(*part, &Value::text(Rc::clone(name)), value, line);
                }
                Host::Kept(part, key) => self.write_into(*part, key, Some(name), value, line),
                _ => {}
            }
        }
        self.stored.join(&doing(value));
        Ok(())
    }

    /// Refuses to follow what puts a function where it is called by another name, or for another object.
    fn changes_what_others_have(of: &Value, value: &Value, line: u32) -> Ran<()> {
        // What is put into the global object is a variable.
        let mut hosts = of.hosts.iter().filter(|host| **host != Host::This);
        let unknown = of.data || !of.functions.is_empty() || hosts.clone().next().is_some();
        let does = !value.objects.is_empty() || acts(value);
        if unknown && !value.functions.is_empty() || does && hosts.any(is_acting) {
            return Err(Unreadable::new(
                line,
                "it changes what other objects have as well",
            ));
        }
        Ok(())
    }

    pub(super) fn put_index(
        &mut self,
        of: &Value,
        at: &Value,
        value: &Value,
        line: u32,
        st: &mut States,
    ) -> Ran<()> {
        if let Some(names) = at.keys() {
            for name in names {
                self.put_member(of, name, value, line, st)?;
            }
            return Ok(());
        }
        if of.hosts.contains(&Host::This) {
            return Err(Unreadable::new(
                line,
                "it names what it writes by a computed name",
            ));
        }
        Self::changes_what_others_have(of, value, line)?;
        let is_number = !at.numbers.is_empty() && !at.data;
        if !value.functions.is_empty() && !is_number {
            return Err(Unreadable::new(line, CONVERTS));
        }
        for site in &of.objects {
            self.keep(*site, if is_number { ELEMENT } else { COMPUTED }, value);
        }
        for host in &of.hosts {
            match host {
                Host::Map(part) => self.notes.writes(*part, at, value, line),
                Host::Kept(part, key) => self.write_into(*part, key, None, value, line),
                _ => {}
            }
        }
        self.stored.join(&doing(value));
        Ok(())
    }
}

/// Why a script is not followed that has its own conversions.
const CONVERTS: &str = "an object converts itself";

/// Why a script is not followed that copies what does something.
pub(super) const COPIES: &str = "it copies a way to do something";

/// Whether the language calls a member of this name by itself.
fn converts(name: &str) -> bool {
    matches!(name, "toString" | "valueOf" | "toJSON" | "then")
}

/// Whether a computed key names members that nobody calls but the script.
fn is_plain_key(key: &Value) -> bool {
    key.keys()
        .is_some_and(|names| names.iter().all(|name| !converts(name)))
}

/// Whether a binding is among it whose members do something.
pub(super) fn acts(value: &Value) -> bool {
    value.hosts.iter().any(is_acting)
}

fn is_acting(host: &Host) -> bool {
    matches!(
        host,
        Host::NodeState
            | Host::Action
            | Host::Builder
            | Host::Outside(_)
            | Host::Builtin(_)
            | Host::This
    )
}

/// Where an object is made: the place of its expression in memory, which is one for each and never shown.
pub(super) fn site(expr: &Expr) -> usize {
    std::ptr::from_ref(expr) as usize
}

/// What of a value does more than plain data.
pub(super) fn doing(value: &Value) -> Value {
    Value {
        objects: value.objects.clone(),
        functions: value.functions.clone(),
        hosts: value.hosts.clone(),
        secret: value.secret,
        ..Value::default()
    }
}

/// Two values one behind the other.
fn sum(one: &Value, other: &Value) -> Value {
    let secret = one.secret.or(other.secret);
    let mut whole = Value::default();
    let texts = one.keys().zip(other.keys());
    match texts {
        Some((some, others)) if some.len() * others.len() <= 16 => {
            for (a, b) in some.iter().flat_map(|a| others.iter().map(move |b| (a, b))) {
                if a.len() + b.len() > TEXT_MAX {
                    whole.data = true;
                } else {
                    whole.texts.insert(Rc::from(format!("{a}{b}")));
                }
            }
        }
        _ => whole.data = true,
    }
    whole.secret = secret;
    whole
}
