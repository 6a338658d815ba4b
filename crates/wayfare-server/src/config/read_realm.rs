//! The realms of the file: who takes over from whom, and what each writes itself.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    path::Path,
    sync::Arc,
    time::Duration,
};

use serde_json::Value as Json;
use toml::de::DeValue;
use wayfare::{Decimal, Realm, Value};
use wayfare_wire::am::goto::Allowed;

use super::{
    Config, DefaultJourney, Journeys, Parameter, QuotaExceeded, RealmSettings, SecretSource,
    UserSettings,
    autoid::read_autoid,
    binding::bindings,
    capture::read_capture,
    ldap,
    mail::read_mail,
    oauth::read_oauth,
    provider,
    read::is_host,
    social,
    table::{Mistakes, Table, integer, nearest, source},
};
use crate::store::user::NameKey;

/// A realm of the file that is not read yet.
struct Written<'a> {
    table: Table<'a>,
    /// Where its name stands.
    name: Range<usize>,
    parent: Option<Realm>,
}

pub(super) fn realms(
    table: &Table<'_>,
    folder: &Path,
    mistakes: &Mistakes<'_>,
    config: &mut Config,
) {
    let mut written = written(table, mistakes);
    let parents = parents(&mut written);
    for realm in in_order(&parents) {
        let Some(Written { table, parent, .. }) = written.get(&realm) else {
            continue;
        };
        let mut settings = match parent {
            Some(parent) => RealmSettings::below(
                parent,
                config
                    .realms
                    .get(parent)
                    .unwrap_or(&RealmSettings::default()),
            ),
            None => RealmSettings::default(),
        };
        let bounds = (config.limits.username_chars, config.limits.request_time);
        read_realm(table, folder, bounds, &mut settings);
        config.realms.insert(realm, settings);
    }
    aliases_once(&written, config);
    captures_once(&written, config);
    for (_, Written { table, .. }) in written {
        table.close();
    }
    in_between(config);
}

/// The tables by realm, with the parents they name.
fn written<'a>(table: &Table<'a>, mistakes: &'a Mistakes<'a>) -> BTreeMap<Realm, Written<'a>> {
    let mut all = BTreeMap::new();
    for (name, value) in table.every() {
        let path: &str = name.get_ref();
        let Some(realm) = Realm::parse(path) else {
            mistakes.at(&name.span(), format!("`realms.{path:?}` is not the path of a realm; write one such as [realms.\"/alpha\"]"));
            continue;
        };
        let Some(entries) = value.get_ref().as_table() else {
            mistakes.at(&value.span(), format!("`realms.{path:?}` must be a table"));
            continue;
        };
        let table = Table::within(mistakes, &format!("realms.{path:?}"), entries, name.span());
        let parent = table.parsed("parent", "the path of a realm", Realm::parse);
        all.insert(
            realm,
            Written {
                table,
                name: name.span(),
                parent,
            },
        );
    }
    all
}

/// Who takes over from whom; what leads nowhere or in a circle is a mistake, and no longer in it.
fn parents(written: &mut BTreeMap<Realm, Written<'_>>) -> BTreeMap<Realm, Option<Realm>> {
    let known: BTreeSet<Realm> = written.keys().cloned().chain([Realm::root()]).collect();
    for realm in written.values_mut() {
        if let Some(parent) = realm.parent.take_if(|parent| !known.contains(parent)) {
            let hint = nearest(parent.as_str(), known.iter().map(Realm::as_str)).map_or_else(
                || {
                    format!(
                        "the path of a realm of this file; add [realms.{:?}]",
                        parent.as_str()
                    )
                },
                |near| format!("the path of a realm of this file such as {near:?}"),
            );
            let _ = realm.table.parsed("parent", &hint, |_| None::<()>);
        }
    }
    let mut parents: BTreeMap<Realm, Option<Realm>> = written
        .iter()
        .map(|(realm, written)| (realm.clone(), written.parent.clone()))
        .collect();
    for (realm, written) in written {
        let mut way = vec![realm.clone()];
        let mut at = parents.get(realm).cloned().flatten();
        // BOUND: a way without a repetition is no longer than there are realms.
        while let Some(next) = at {
            if next == *realm {
                way.push(next);
                let way: Vec<&str> = way.iter().map(Realm::as_str).collect();
                let circle = format!(
                    "the path of a realm that does not take over from this one; {} is a circle",
                    way.join(" → ")
                );
                let _ = written.table.parsed("parent", &circle, |_| None::<()>);
                written.parent = None;
                parents.insert(realm.clone(), None);
                break;
            }
            if way.contains(&next) || way.len() > parents.len() {
                break;
            }
            at = parents.get(&next).cloned().flatten();
            way.push(next);
        }
    }
    parents
}

/// The realms, each after its parent.
fn in_order(parents: &BTreeMap<Realm, Option<Realm>>) -> Vec<Realm> {
    let mut order = Vec::with_capacity(parents.len());
    let mut done: BTreeSet<&Realm> = BTreeSet::new();
    for realm in parents.keys() {
        let mut way = Vec::new();
        let mut at = Some(realm);
        // BOUND: circles were taken out, so that each realm is met once.
        while let Some(next) = at.filter(|next| !done.contains(next)) {
            way.push(next);
            at = parents.get(next).and_then(Option::as_ref);
        }
        for next in way.into_iter().rev() {
            if done.insert(next) {
                order.push(next.clone());
            }
        }
    }
    order
}

/// Adds the realms that others lie in: they are there, and nothing is in them.
fn in_between(config: &mut Config) {
    let missing: Vec<Realm> = config
        .realms
        .keys()
        .flat_map(|realm| above(realm).collect::<Vec<_>>())
        .filter(|above| !config.realms.contains_key(above))
        .collect();
    for realm in missing {
        config.realms.entry(realm).or_default();
    }
}

/// The realms that one lies in, the nearest first, the top realm last.
pub(crate) fn above(realm: &Realm) -> impl Iterator<Item = Realm> {
    std::iter::successors(parent_of(realm), parent_of)
}

fn parent_of(realm: &Realm) -> Option<Realm> {
    let (parent, last) = realm.as_str().rsplit_once('/')?;
    if last.is_empty() {
        return None;
    }
    Realm::parse(if parent.is_empty() { "/" } else { parent })
}

/// A path and a host lead to the Capture of one realm only, and to nothing else.
fn captures_once(written: &BTreeMap<Realm, Written<'_>>, config: &Config) {
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    let base = &config.server.base_path;
    for path in [base.as_str(), "/healthz", "/metrics", "/outbox", "/api"] {
        seen.insert(path.to_owned(), "the server itself".to_owned());
    }
    for (realm, settings) in &config.realms {
        let (Some(Written { table, name, .. }), Some(capture)) =
            (written.get(realm), &settings.capture)
        else {
            continue;
        };
        let path = Some(&capture.path).filter(|path| !path.is_empty());
        for place in path.into_iter().chain(&capture.hosts) {
            let first = place.splitn(3, '/').take(2).collect::<Vec<_>>().join("/");
            let first = if place.starts_with('/') {
                first
            } else {
                place.clone()
            };
            if let Some(other) = seen.insert(first, format!("realm `{realm}`")) {
                let message = format!("is served at {place:?}, where {other} is already");
                table.wrong(name, "capture", &message);
            }
        }
    }
}

/// A name leads to one realm only.
fn aliases_once(written: &BTreeMap<Realm, Written<'_>>, config: &Config) {
    let mut seen: BTreeMap<String, &Realm> = BTreeMap::new();
    for (realm, settings) in &config.realms {
        let Some(Written { table, name, .. }) = written.get(realm) else {
            continue;
        };
        for alias in &settings.aliases {
            let other = seen.insert(alias.to_ascii_lowercase(), realm).or_else(|| {
                let named = Realm::parse(&format!("/{alias}"))?;
                config.realms.get_key_value(&named).map(|(named, _)| named)
            });
            if let Some(other) = other.filter(|other| *other != realm) {
                let message = format!("holds `{alias}`, which already leads to realm `{other}`");
                table.wrong(name, "aliases", &message);
            }
        }
    }
}

fn read_realm(
    table: &Table<'_>,
    folder: &Path,
    (name_chars, longest): (usize, Duration),
    settings: &mut RealmSettings,
) {
    read_names(table, settings);
    read_journeys(table, folder, settings);
    if let Some(url) = table.text("success_url") {
        settings.success_url = Some(url);
    }
    if let Some(url) = table.text("failure_url") {
        settings.failure_url = Some(url);
    }
    if let Some(patterns) = table.texts("goto") {
        settings.goto.clear();
        for (span, pattern) in patterns {
            match Allowed::new([&pattern]) {
                Ok(_) => settings.goto.push(pattern),
                Err(error) => table.wrong(&span, "goto", &error.to_string()),
            }
        }
    }
    read_lockout(table, settings);
    if let Some(mail) = table.table("mail") {
        read_mail(mail, folder, &mut settings.mail);
    }
    read_session(table, settings);
    read_identities(table, folder, settings);
    ldap::read_directories(table, folder, settings);
    read_keys(table, folder, settings);
    ldap::read_certificates(table, folder, &mut settings.client_certificates);
    provider::read_providers(table, folder, longest, &mut settings.providers);
    read_capture(table, folder, settings);
    social::read_social(table, folder, &mut settings.social);
    if let Some(users) = table.table("users") {
        read_users(&users, folder, name_chars, settings);
    }
    if let Some(oauth) = table.table("oauth") {
        settings.oauth = Some(read_oauth(&oauth, folder));
        oauth.close();
    }
}

fn read_names(table: &Table<'_>, settings: &mut RealmSettings) {
    for (span, alias) in table.texts("aliases").unwrap_or_default() {
        let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        let named = !alias.is_empty() && alias.bytes().all(fits);
        if alias.eq_ignore_ascii_case("root") {
            table.wrong(
                &span,
                "aliases",
                "cannot hold `root`, which is the top realm",
            );
        } else if named || (alias.contains('.') && is_host(&alias)) {
            settings.aliases.push(alias);
        } else {
            let message = format!(
                "must hold names of letters, digits, `-` and `_`, or host names in small letters, not \
                 {alias:?}"
            );
            table.wrong(&span, "aliases", &message);
        }
    }
    for (span, admin) in table.texts("admins").unwrap_or_default() {
        let named = admin
            .strip_prefix("user:")
            .or_else(|| admin.strip_prefix("group:"));
        if named.is_some_and(|name| !name.is_empty()) {
            settings.admins.push(admin);
        } else {
            table.wrong(
                &span,
                "admins",
                &format!("must hold \"user:NAME\" or \"group:NAME\", not {admin:?}"),
            );
        }
    }
    table.flag("demo_user", &mut settings.demo_user);
    table.flag("incomplete", &mut settings.incomplete);
}

fn read_journeys(table: &Table<'_>, folder: &Path, settings: &mut RealmSettings) {
    if let Some(paths) = table.texts("journeys") {
        let paths = paths.into_iter().map(|(_, path)| folder.join(path));
        settings.journeys = Journeys::Paths(paths.collect());
        // What names journeys names those of the parent.
        settings.default = DefaultJourney::Found;
        settings.modules.clear();
        settings.bindings.clear();
        settings.roles.clear();
    }
    if let Some(paths) = table.texts("guards") {
        let paths = paths.into_iter().map(|(_, path)| folder.join(path));
        settings.guards.extend(paths);
    }
    if let Some(name) = table.text("default") {
        settings.default = DefaultJourney::Named(name);
    }
    if let Some(span) = table.duration("run_time") {
        settings.run_time = Some(span);
    }
    if let Some(params) = table.table("params") {
        for (name, value) in params.every() {
            match parameter(value.get_ref(), folder) {
                Ok(parameter) => {
                    let name = Arc::from(&**name.get_ref());
                    settings.params_taken.remove(&name);
                    settings.params.insert(name, parameter);
                }
                Err(message) => params.wrong(&value.span(), name.get_ref(), message),
            }
        }
    }
    table.flag("module_login", &mut settings.module_login);
    read_map(table, "modules", &mut settings.modules);
    bindings(table, &mut settings.bindings);
    read_autoid(table, folder, &mut settings.autoid);
    read_map(table, "roles", &mut settings.roles);
    if let Some(name) = table.parsed(
        "user_journey_attribute",
        "the name of an attribute",
        attribute_name,
    ) {
        settings.user_journey_attribute = name;
    }
    table.flag("zero_page", &mut settings.zero_page);
}

fn attribute_name(text: &str) -> Option<String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
    (!text.is_empty() && text.len() <= 128 && text.chars().all(fits)).then(|| text.to_owned())
}

/// A table of names of journeys.
fn read_map(table: &Table<'_>, key: &str, into: &mut BTreeMap<String, String>) {
    let Some(table) = table.table(key) else {
        return;
    };
    for (name, value) in table.every() {
        match value.get_ref().as_str().filter(|text| !text.is_empty()) {
            Some(journey) => {
                into.insert(name.get_ref().to_string(), journey.to_owned());
            }
            None => table.wrong(
                &value.span(),
                name.get_ref(),
                "must be the name of a journey",
            ),
        }
    }
}

/// The keys that nodes may name.
fn read_keys(table: &Table<'_>, folder: &Path, settings: &mut RealmSettings) {
    if let Some(keys) = table.table("replay_keys") {
        for (label, _) in keys.every() {
            if let Some(source) = keys.secret(label.get_ref(), folder) {
                let label = label.get_ref().to_string();
                settings.replay_keys.insert(label, source);
            }
        }
    }
    if let Some(files) = table.table("authorized_keys") {
        for (name, _) in files.every() {
            if let Some(path) = files.text(name.get_ref()) {
                let name = name.get_ref().to_string();
                settings.authorized_keys.insert(name, folder.join(path));
            }
        }
    }
}

fn read_session(table: &Table<'_>, settings: &mut RealmSettings) {
    let Some(table) = table.table("session") else {
        return;
    };
    let session = &mut settings.session;
    table.duration_into("time_max", &mut session.time_max);
    table.duration_into("idle_max", &mut session.idle_max);
    for (key, into) in [
        ("time_max_attribute", &mut session.time_max_attribute),
        ("idle_max_attribute", &mut session.idle_max_attribute),
    ] {
        if let Some(name) = table.parsed(key, "the name of an attribute", attribute_name) {
            *into = Some(name);
        }
    }
    table.number("quota", 0, &mut session.quota);
    if let Some(value) = table.parsed(
        "quota_exceeded",
        "\"deny\", \"end_oldest\" or \"end_next_expiring\"",
        |text| match text {
            "deny" => Some(QuotaExceeded::Deny),
            "end_oldest" => Some(QuotaExceeded::EndOldest),
            "end_next_expiring" => Some(QuotaExceeded::EndNextExpiring),
            _ => None,
        },
    ) {
        session.quota_exceeded = value;
    }
    if let Some(names) = table.texts("properties") {
        session.properties.clear();
        for (span, name) in names {
            match attribute_name(&name) {
                Some(name) => session.properties.push(name),
                None => table.wrong(&span, "properties", "must hold names of properties"),
            }
        }
    }
    table.close();
}

fn read_identities(table: &Table<'_>, folder: &Path, settings: &mut RealmSettings) {
    let Some(table) = table.table("identities") else {
        return;
    };
    let files = &mut settings.identities;
    for (key, into) in [
        ("schema", &mut files.schema),
        ("terms", &mut files.terms),
        ("questions", &mut files.questions),
        ("consent", &mut files.consent),
    ] {
        if let Some(path) = table.text(key) {
            *into = Some(folder.join(path));
        }
    }
    ldap::read_store(&table, folder, &mut settings.identities);
    table.close();
}

fn read_lockout(table: &Table<'_>, settings: &mut RealmSettings) {
    if let Some(lockout) = table.table("lockout") {
        let into = &mut settings.lockout;
        lockout.number("failures", 1, &mut into.failures);
        lockout.duration_into("window", &mut into.window);
        lockout.duration_into("lock_for", &mut into.lock_for);
        lockout.duration_into("lock_max", &mut into.lock_max);
        lockout.number("hard", 1, &mut into.hard);
        lockout.close();
    }
}

fn read_users(users: &Table<'_>, folder: &Path, name_chars: usize, settings: &mut RealmSettings) {
    let mut keys: BTreeMap<NameKey, String> = BTreeMap::new();
    for (name, _) in users.every() {
        let (span, name) = (name.span(), name.get_ref().to_string());
        let Some(key) = NameKey::of(&name).filter(|_| name.chars().count() <= name_chars) else {
            let message = format!(
                "cannot be a username: it needs 1 to {name_chars} characters, none of them invisible, and \
                 no blank around it"
            );
            users.wrong(&span, &name, &message);
            continue;
        };
        if let Some(other) = keys.insert(key, name.clone()) {
            users.wrong(&span, &name, &format!("is the same username as `{other}`"));
            continue;
        }
        let Some(table) = users.table(&name) else {
            continue;
        };
        let user = read_user(&table, folder);
        table.close();
        settings.users.insert(name, user);
    }
}

fn read_user(table: &Table<'_>, folder: &Path) -> UserSettings {
    let mut user = UserSettings {
        password: table.secret("password", folder),
        ..UserSettings::default()
    };
    table.flag("active", &mut user.active);
    table.flag("agent", &mut user.agent);
    for (span, group) in table.texts("groups").unwrap_or_default() {
        if group.is_empty() || group.trim() != group || group.chars().any(char::is_control) {
            table.wrong(&span, "groups", "must hold names of groups");
        } else if !user.groups.contains(&group) {
            user.groups.push(group);
        }
    }
    if let Some(attributes) = table.table("attributes") {
        for (name, value) in attributes.every() {
            let key: &str = name.get_ref();
            let taken = [
                ("username", "is the name of the table"),
                ("uid", "is the name of the table"),
                ("groups", "has a setting of its own beside `attributes`"),
                ("password", "has a setting of its own beside `attributes`"),
                (
                    "userPassword",
                    "must be written as `password` beside `attributes`",
                ),
            ];
            let taken = taken
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case(key));
            let twice = user.attributes.keys().any(|k| k.eq_ignore_ascii_case(key));
            let read = match (taken, twice) {
                (Some((_, message)), _) => Err(*message),
                (None, true) => Err("is there twice; letter case does not matter"),
                (None, false) if attribute_name(key).is_none() => {
                    Err("is no name of an attribute: letters, digits, `-`, `_`, `.` and `:`")
                }
                (None, false) => plain(value.get_ref(), 0).and_then(|value| json(&value)),
            };
            match read {
                Ok(value) => {
                    user.attributes.insert(key.to_owned(), value);
                }
                Err(message) => attributes.wrong(&value.span(), key, message),
            }
        }
    }
    user
}

/// A value as the store keeps it.
fn json(value: &Value) -> Result<Json, &'static str> {
    match value {
        Value::Text(text) => Ok(Json::from(&**text)),
        Value::Bool(flag) => Ok(Json::from(*flag)),
        Value::Int(number) => Ok(Json::from(*number)),
        Value::Decimal(number) => number
            .to_string()
            .parse()
            .map(Json::Number)
            .map_err(|_| "does not fit into a number"),
        Value::List(list) => list
            .iter()
            .map(json)
            .collect::<Result<_, _>>()
            .map(Json::Array),
        _ => Err("must be a text, a number, true, false or a list of these"),
    }
}

fn parameter(value: &DeValue<'_>, folder: &Path) -> Result<Parameter, &'static str> {
    match value.as_table() {
        Some(table) => match source(table, folder) {
            Some(SecretSource::File(path)) => Ok(Parameter::SecretFile(path)),
            Some(SecretSource::Variable(name)) => Ok(Parameter::SecretVariable(name)),
            None => Err("must be a value, { file = \"…\" } or { env = \"…\" }"),
        },
        None => plain(value, 0).map(Parameter::Value),
    }
}

fn plain(value: &DeValue<'_>, depth: u32) -> Result<Value, &'static str> {
    match value {
        DeValue::String(text) => Ok(Value::text(&**text)),
        DeValue::Boolean(flag) => Ok(Value::Bool(*flag)),
        DeValue::Integer(number) => {
            let parsed = integer(value)
                .and_then(|n| i64::try_from(n).ok())
                .or_else(|| i64::from_str_radix(number.as_str(), number.radix()).ok());
            parsed.map(Value::Int).ok_or("does not fit into 64 bits")
        }
        DeValue::Float(number) => Decimal::parse(number.as_str())
            .map(Value::Decimal)
            .ok_or("must have at most nine digits after the point"),
        DeValue::Array(list) if depth < 4 => {
            let values: Result<Vec<_>, _> = list
                .iter()
                .map(|item| plain(item.get_ref(), depth + 1))
                .collect();
            Ok(Value::List(Arc::from(values?)))
        }
        _ => Err("must be a text, a number, true, false or a list of these"),
    }
}
