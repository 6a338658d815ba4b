//! What the names that a script finds do.

use std::rc::Rc;

use super::{
    Ran, Runner,
    eval::{COPIES, acts},
    notes::{OBJECT, first, note},
};
use crate::facts::{
    Generation,
    problem::Unreadable,
    state::States,
    value::{Host, Part, Value},
};

const PASSWORD: &str = "the password";
const SECRET: &str = "a secret of the realm";

/// Bindings and things of the language that a script does not declare.
pub(super) fn global(name: &Rc<str>, generation: Generation, is_first: bool) -> Option<Value> {
    let later = generation == Generation::Next;
    Some(Value::host(match &**name {
        "nodeState" => Host::NodeState,
        "callbacks" => Host::Callbacks,
        "sharedState" if !later => Host::Map(Part::Shared),
        "transientState" if !later => Host::Map(Part::Transient),
        "JavaImporter" if !later => Host::Builtin(Rc::clone(name)),
        "java" | "javax" | "org" | "com" | "Packages" if !later => Host::Java(Rc::clone(name)),
        "action" if later => Host::Action,
        "callbacksBuilder" if later => Host::Builder,
        "httpClient" => Host::Outside("httpClient"),
        "idRepository" => Host::Outside("idRepository"),
        "openidm" if later => Host::Outside("openidm"),
        "policy" if later => Host::Outside("policy"),
        "secrets" => Host::Outside("secrets"),
        "logger" | "console" => Host::Logger,
        "resumedFromSuspend" if is_first => return Some(Value::truth(false, true)),
        "resumedFromSuspend" => return Some(Value::truth(true, true)),
        "requestHeaders" | "requestParameters" | "requestCookies" | "existingSession"
        | "properties" | "systemEnv" | "utils" | "jwtAssertion" | "jwtValidator"
        | "samlApplication" | "oauthApplication" | "journey" | "locales" | "cacheManager" => {
            Host::Plain
        }
        "JSON" | "Object" | "Array" | "String" | "Number" | "Boolean" | "Math" | "Date"
        | "RegExp" | "Error" | "TypeError" | "RangeError" | "Map" | "Set" | "Symbol"
        | "Promise" => Host::Builtin(Rc::clone(name)),
        // Names of classes that an import around makes known.
        _ if !later && is_class(name) => Host::Java(Rc::clone(name)),
        _ => return None,
    }))
}

fn is_class(name: &str) -> bool {
    let mut chars = name.chars();
    let upper = chars.next().is_some_and(|c| c.is_ascii_uppercase());
    upper && chars.any(|c| c.is_ascii_lowercase())
}

impl Runner<'_> {
    pub(super) fn host_member(&mut self, host: &Host, name: &Rc<str>, line: u32) -> Ran<Value> {
        Ok(match host {
            Host::Java(_) | Host::Importer => Value::host(Host::Java(Rc::clone(name))),
            Host::Map(part) => self.kept(*part, &Value::text(Rc::clone(name)), line),
            Host::Kept(part, key) => self.inside(*part, key, Some(name), line),
            Host::Callbacks if matches!(&**name, "length" | "size") => self.count(),
            Host::Callbacks if matches!(&**name, "empty") => self.is_empty(),
            Host::Callbacks => Value::host(Host::Callback).or(&data()),
            Host::Callback if is_password(name) => Value::secret(PASSWORD),
            Host::Found => Value::host(Host::Found).or(&data()),
            Host::Builtin(_) if &**name == "prototype" => Value::host(host.clone()),
            Host::Builtin(_) | Host::Callback => data(),
            Host::This => {
                let known =
                    self.variable(name).is_some() || matches!(&**name, "outcome" | "action");
                if known {
                    return Err(Unreadable::new(line, "it reads a variable by `this`"));
                }
                global(name, self.generation, self.is_first).unwrap_or_else(data)
            }
            Host::NodeState
            | Host::Action
            | Host::Builder
            | Host::Outside(_)
            | Host::GoTo(_)
            | Host::Send
            | Host::Suspend => {
                return Err(Unreadable::new(
                    line,
                    "it keeps a way to do something under a name",
                ));
            }
            Host::Logger | Host::Plain | Host::Count => data().or(&Value::host(Host::Plain)),
        })
    }

    fn count(&self) -> Value {
        if self.is_first {
            return Value::number(0.0);
        }
        Value::host(Host::Count)
    }

    fn is_empty(&self) -> Value {
        Value::truth(true, !self.is_first)
    }

    /// What stands under a key of the state.
    fn kept(&mut self, part: Part, key: &Value, line: u32) -> Value {
        self.notes.reads(part, key, line);
        let mut found = Value::nothing().or(&data());
        let Some(keys) = key.keys() else {
            found.hosts.insert(Host::Kept(part, Rc::from(OBJECT)));
            return found;
        };
        for key in keys {
            found.hosts.insert(Host::Kept(part, Rc::clone(key)));
            if &**key == "password" {
                found.secret = Some(PASSWORD);
            }
        }
        found
    }

    /// What stands inside of what stands under a key.
    fn inside(&mut self, part: Part, key: &Rc<str>, name: Option<&Rc<str>>, line: u32) -> Value {
        let mut found = Value::nothing().or(&data());
        found.hosts.insert(Host::Kept(part, Rc::clone(key)));
        if &**key == OBJECT {
            match name {
                Some(name) => {
                    note(&mut self.notes.reads_members, (part, Rc::clone(name)), line);
                    if &**name == "password" {
                        found.secret = Some(PASSWORD);
                    }
                }
                None => first(&mut self.notes.reads_any_member, line),
            }
        } else if &**key == "password" {
            found.secret = Some(PASSWORD);
        }
        found
    }

    /// Something is written into what stands under a key.
    pub(super) fn write_into(
        &mut self,
        part: Part,
        key: &Rc<str>,
        name: Option<&Rc<str>>,
        value: &Value,
        line: u32,
    ) {
        if &**key != OBJECT {
            self.notes
                .writes(part, &Value::text(Rc::clone(key)), value, line);
            return;
        }
        match name {
            Some(name) => {
                note(
                    &mut self.notes.writes_members,
                    (part, Rc::clone(name)),
                    line,
                );
            }
            None => first(&mut self.notes.writes_any_member, line),
        }
        if let Some(origin) = value.secret.filter(|_| part == Part::Shared) {
            note(&mut self.notes.leaks, (name.map(Rc::clone), origin), line);
        }
    }

    pub(super) fn host_call(
        &mut self,
        host: &Host,
        name: &Rc<str>,
        arguments: &[Value],
        line: u32,
        st: &mut States,
    ) -> Ran<Value> {
        let given = |at: usize| arguments.get(at).cloned().unwrap_or_else(Value::nothing);
        Ok(match host {
            Host::NodeState => self.node_state(name, arguments, line)?,
            Host::Map(part) => self.map(*part, name, arguments, line),
            Host::Kept(part, key) => self.inner_map(*part, key, name, arguments, line),
            Host::Callbacks => match &**name {
                "isEmpty" => self.is_empty(),
                "size" => self.count(),
                _ if is_password(name) => Value::secret(PASSWORD),
                "forEach" | "map" | "some" | "every" | "find" | "filter" => {
                    let this = Value::host(Host::Callbacks);
                    return self.call_unknown(&this, arguments, line, st);
                }
                _ => Value::host(Host::Callback).or(&data()),
            },
            Host::Callback if is_password(name) => Value::secret(PASSWORD),
            Host::Callback | Host::Count => data(),
            Host::Action => self.action(name, arguments, line, st)?,
            Host::Builder => {
                let callback = callback_name(name);
                note(&mut self.notes.callbacks, Rc::from(callback), line);
                st.say(|said| said.asks = true, None);
                data()
            }
            Host::Outside("secrets") => {
                note(&mut self.notes.calls, "secrets", line);
                Value::secret(SECRET)
            }
            Host::Outside(outside) => {
                note(&mut self.notes.calls, outside, line);
                let this = Value::host(Host::Found);
                return self.call_unknown(&this, arguments, line, st);
            }
            Host::Found => {
                let this = Value::host(Host::Found);
                return self.call_unknown(&this, arguments, line, st);
            }
            Host::Logger => {
                for argument in arguments {
                    self.notes.reads_all_of(argument, line);
                    if let Some(origin) = argument.secret {
                        note(&mut self.notes.logs, origin, line);
                    }
                }
                Value::nothing()
            }
            Host::Plain => {
                let mut found = self.call_unknown(&Value::default(), arguments, line, st)?;
                // What is hashed or signed is no secret any more.
                found.secret = None;
                found.or(&Value::host(Host::Plain))
            }
            Host::Java(class) if &**class == "Action" => self.legacy_action(name, arguments, line),
            Host::Java(_) | Host::Importer => {
                return self.call_unknown(&Value::default(), arguments, line, st);
            }
            Host::GoTo(_) | Host::Send | Host::Suspend => {
                self.built(name, arguments, line);
                Value::host(host.clone())
            }
            Host::Builtin(of) => match (&**of, &**name) {
                ("Object", "freeze" | "seal") => given(0),
                ("Object", "assign") => {
                    let to = given(0);
                    if arguments.iter().any(acts) || !to.hosts.is_empty() {
                        return Err(Unreadable::new(line, COPIES));
                    }
                    for site in &to.objects {
                        for from in arguments.iter().skip(1) {
                            self.copy(*site, from);
                        }
                    }
                    to
                }
                ("Object", "keys") => data(),
                ("Object", "entries" | "values" | "getOwnPropertyNames") | ("Array", _) => {
                    return self.call_unknown(&Value::default(), arguments, line, st);
                }
                ("JSON" | "Math" | "Date" | "Number" | "String", _) if calls_nothing(arguments) => {
                    self.plain(arguments, line)
                }
                ("Object", _) => {
                    return Err(Unreadable::new(
                        line,
                        "it makes objects by their properties",
                    ));
                }
                _ => return self.call_unknown(&Value::default(), arguments, line, st),
            },
            Host::This => match self.variable(name) {
                Some(_) => {
                    return Err(Unreadable::new(line, "it reads a variable by `this`"));
                }
                None => match global(name, self.generation, self.is_first) {
                    Some(value) => {
                        return self.call_value(&value, &Value::default(), arguments, line, st);
                    }
                    None => return self.call_unknown(&Value::default(), arguments, line, st),
                },
            },
        })
    }

    fn node_state(&mut self, name: &str, arguments: &[Value], line: u32) -> Ran<Value> {
        let key = arguments.first().cloned().unwrap_or_else(Value::nothing);
        let value = arguments.get(1).cloned().unwrap_or_else(Value::nothing);
        let this = Value::host(Host::NodeState);
        Ok(match name {
            "get" | "getObject" => self.kept(Part::Any, &key, line),
            "isDefined" => {
                self.notes.reads(Part::Any, &key, line);
                Value::truth(true, true)
            }
            "keys" => {
                first(&mut self.notes.reads_any, line);
                data()
            }
            "putShared" | "putTransient" => {
                let part = if name == "putShared" {
                    Part::Shared
                } else {
                    Part::Transient
                };
                self.put(part, &key, &value, line);
                this
            }
            "mergeShared" | "mergeTransient" => {
                let part = if name == "mergeShared" {
                    Part::Shared
                } else {
                    Part::Transient
                };
                self.merge(part, &key, line);
                this
            }
            "remove" => {
                self.notes.removes(&key, line);
                data()
            }
            _ => return Err(Unreadable::new(line, "`nodeState` has no such function")),
        })
    }

    /// A value is put under a key; under that of the profile, member by member.
    fn put(&mut self, part: Part, key: &Value, value: &Value, line: u32) {
        self.notes.reads_all_of(value, line);
        let keys = key.keys().cloned().unwrap_or_default();
        if keys.is_empty() || keys.iter().any(|key| &**key == OBJECT) {
            self.merge_members(part, value, line);
        }
        self.notes.writes(part, key, value, line);
    }

    fn merge(&mut self, part: Part, of: &Value, line: u32) {
        let unknown = of.data || !of.hosts.is_empty() || of.objects.is_empty();
        if unknown {
            self.notes.reads_all_of(of, line);
            first(&mut self.notes.writes_any, line);
            first(&mut self.notes.writes_any_member, line);
        }
        for site in &of.objects {
            for (name, value) in self.members_of(*site) {
                if &*name == OBJECT {
                    self.merge_members(part, &value, line);
                } else if &*name == "?" {
                    self.put(part, &data(), &value, line);
                } else {
                    self.notes.writes(part, &Value::text(name), &value, line);
                }
            }
        }
    }

    fn merge_members(&mut self, part: Part, of: &Value, line: u32) {
        let key: Rc<str> = Rc::from(OBJECT);
        if of.data || !of.hosts.is_empty() || of.objects.is_empty() {
            self.write_into(part, &key, None, of, line);
        }
        for site in &of.objects {
            for (name, value) in self.members_of(*site) {
                let known = (&*name != "?").then_some(&name);
                self.write_into(part, &key, known, &value, line);
            }
        }
    }

    fn map(&mut self, part: Part, name: &str, arguments: &[Value], line: u32) -> Value {
        let key = arguments.first().cloned().unwrap_or_else(Value::nothing);
        let value = arguments.get(1).cloned().unwrap_or_else(Value::nothing);
        let this = Value::host(Host::Map(part));
        if matches!(name, "entrySet" | "entries") {
            self.entries.insert(part);
        }
        match name {
            "get" => self.kept(part, &key, line),
            "containsKey" | "isDefined" => {
                self.notes.reads(part, &key, line);
                Value::truth(true, true)
            }
            "put" | "putIfAbsent" | "replace" => {
                self.put(part, &key, &value, line);
                this.or(&data())
            }
            "add" | "putPermissive" => {
                self.put(part, &key, &value, line);
                this
            }
            "remove" => {
                self.notes.removes(&key, line);
                self.kept(part, &key, line)
            }
            "copy" => this,
            "putAll" | "merge" | "compute" | "computeIfAbsent" => {
                self.merge(part, &key, line);
                this
            }
            "clear" => {
                first(&mut self.notes.removes_any, line);
                Value::nothing()
            }
            _ => {
                first(&mut self.notes.reads_any, line);
                first(&mut self.notes.reads_any_member, line);
                first(&mut self.notes.removes_any, line);
                data().or(&Value::host(Host::Kept(part, Rc::from(OBJECT))))
            }
        }
    }

    fn inner_map(
        &mut self,
        part: Part,
        key: &Rc<str>,
        name: &str,
        arguments: &[Value],
        line: u32,
    ) -> Value {
        let named = arguments
            .first()
            .and_then(|key| key.keys().cloned())
            .unwrap_or_default();
        let value = arguments.last().cloned().unwrap_or_else(Value::nothing);
        let whole = Value::host(Host::Kept(part, Rc::clone(key))).or(&data());
        match name {
            "get" | "isDefined" | "containsKey" | "has" => {
                let mut found = Value::default();
                for inner in &named {
                    found.join(&self.inside(part, key, Some(inner), line));
                }
                if named.is_empty() {
                    found.join(&self.inside(part, key, None, line));
                }
                found
            }
            "put" | "set" | "add" | "push" | "putPermissive" | "remove" if !named.is_empty() => {
                for inner in &named {
                    self.write_into(part, key, Some(inner), &value, line);
                }
                whole
            }
            "put" | "set" | "add" | "push" | "putAll" | "addAll" | "remove" | "clear" | "pop"
            | "shift" | "unshift" | "splice" | "sort" | "reverse" | "putPermissive" => {
                self.write_into(part, key, None, &value, line);
                whole
            }
            "equals" | "indexOf" | "length" | "size" | "isEmpty" | "isNull" | "isNotNull"
            | "startsWith" | "endsWith" | "includes" | "contains" | "equalsIgnoreCase" => data(),
            _ => {
                let mut found = self.inside(part, key, None, line);
                found.nothing = false;
                found
            }
        }
    }

    /// `action` of the later generation.
    fn action(
        &mut self,
        name: &str,
        arguments: &[Value],
        line: u32,
        st: &mut States,
    ) -> Ran<Value> {
        let given = arguments.first().cloned().unwrap_or_else(Value::nothing);
        match name {
            "goTo" => {
                for text in &given.texts {
                    note(&mut self.notes.outcomes, Rc::clone(text), line);
                }
                st.say(|said| said.leaves = true, Some(&given));
            }
            "suspend" => {
                st.say(|said| said.suspends = true, None);
                for argument in arguments {
                    for function in argument.functions.clone() {
                        let mut after = st.clone();
                        self.enter(function, &Value::default(), &[data()], line, &mut after)?;
                        st.join(after);
                    }
                }
            }
            "putSessionProperty" | "removeSessionProperty" => self.property(&given, line),
            "withIdentifiedUser" | "withIdentifiedAgent" => {
                first(&mut self.notes.identifies, line);
            }
            "withMaxSessionTime" | "withMaxIdleTime" | "withErrorMessage"
            | "withLockoutMessage" | "withStage" | "withHeader" | "withDescription" => {}
            _ => return Err(Unreadable::new(line, "`action` has no such function")),
        }
        Ok(Value::host(Host::Action))
    }

    fn property(&mut self, name: &Value, line: u32) {
        match name.keys() {
            Some(names) => {
                for name in names {
                    note(&mut self.notes.properties, Rc::clone(name), line);
                }
            }
            None => first(&mut self.notes.properties_any, line),
        }
    }

    /// `Action` of the older generation.
    fn legacy_action(&mut self, name: &str, arguments: &[Value], line: u32) -> Value {
        match name {
            "goTo" => {
                let given = arguments.first().cloned().unwrap_or_else(Value::nothing);
                let mut value = Value::default();
                for text in &given.texts {
                    note(&mut self.notes.outcomes, Rc::clone(text), line);
                    value.hosts.insert(Host::GoTo(Some(Rc::clone(text))));
                }
                let only_texts = given.keys().is_some();
                if !only_texts {
                    value.hosts.insert(Host::GoTo(None));
                }
                value
            }
            "send" => Value::host(Host::Send),
            "suspend" => Value::host(Host::Suspend),
            _ => data(),
        }
    }

    /// What an action of the older generation is told besides.
    fn built(&mut self, name: &str, arguments: &[Value], line: u32) {
        let given = arguments.first().cloned().unwrap_or_else(Value::nothing);
        match name {
            "putSessionProperty" | "removeSessionProperty" => self.property(&given, line),
            "withIdentifiedIdentity" | "withUniversalId" | "withIdentifiedUser" => {
                first(&mut self.notes.identifies, line);
            }
            "replaceSharedState" | "replaceTransientState"
                if !given.hosts.iter().any(|host| matches!(host, Host::Map(_))) =>
            {
                first(&mut self.notes.writes_any, line);
                first(&mut self.notes.writes_any_member, line);
                first(&mut self.notes.removes_any, line);
            }
            _ => {}
        }
    }

    /// What is made of values, and holds none of them.
    fn plain(&mut self, arguments: &[Value], line: u32) -> Value {
        let mut made = data();
        for argument in arguments {
            self.notes.reads_all_of(argument, line);
            let inner = self.element(argument);
            for value in [argument, &inner] {
                made.secret = made.secret.or(value.secret);
            }
        }
        made
    }

    pub(super) fn host_call_itself(
        &mut self,
        host: &Host,
        arguments: &[Value],
        line: u32,
        st: &mut States,
    ) -> Ran<Value> {
        match host {
            Host::Builtin(name) if &**name == "JavaImporter" => Ok(Value::host(Host::Importer)),
            Host::Builtin(name) if is_conversion(name) => Ok(self.plain(arguments, line)),
            Host::Java(name) if is_conversion(name) => Ok(self.plain(arguments, line)),
            Host::Java(_)
            | Host::Builtin(_)
            | Host::Kept(..)
            | Host::Plain
            | Host::Found
            | Host::Callback
            | Host::Count => self.call_unknown(&Value::default(), arguments, line, st),
            _ => Err(Unreadable::new(line, "it calls what is no function")),
        }
    }

    pub(super) fn host_new(&mut self, host: &Host, arguments: &[Value], line: u32) -> Ran<()> {
        match host {
            Host::Java(name) => {
                if let Some(class) = name.rsplit('.').next().filter(|n| n.ends_with("Callback")) {
                    note(
                        &mut self.notes.callbacks,
                        Rc::from(on_the_wire(class)),
                        line,
                    );
                    for argument in arguments {
                        self.notes.reads_all_of(argument, line);
                    }
                }
                if name.contains("ActionBuilder") || &**name == "Thread" {
                    return Err(Unreadable::new(line, "it makes an action in its own way"));
                }
                Ok(())
            }
            Host::Builtin(_) | Host::Kept(..) | Host::Plain => Ok(()),
            _ => Err(Unreadable::new(line, "it makes what is no class")),
        }
    }
}

fn calls_nothing(arguments: &[Value]) -> bool {
    arguments
        .iter()
        .all(|argument| argument.functions.is_empty())
}

fn is_conversion(name: &str) -> bool {
    matches!(name, "String" | "Number" | "Boolean")
}

fn data() -> Value {
    Value::data()
}

fn is_password(name: &str) -> bool {
    matches!(
        name,
        "getPassword" | "getPasswordCallbacks" | "getValidatedPasswordCallbacks"
    )
}

/// The callback that a function of the builder makes, as the wire calls it.
fn callback_name(function: &str) -> String {
    let mut chars = function.chars();
    let first = chars.next().map(|c| c.to_ascii_uppercase());
    let class: String = first.into_iter().chain(chars).collect();
    on_the_wire(&class).to_owned()
}

/// The callback of a class, as the wire calls it.
fn on_the_wire(class: &str) -> &str {
    match class {
        "ValidatedPasswordCallback" => "ValidatedCreatePasswordCallback",
        "ValidatedUsernameCallback" => "ValidatedCreateUsernameCallback",
        // It is told from others by its kind of message.
        "ScriptTextOutputCallback" => "TextOutputCallback",
        other => other,
    }
}
