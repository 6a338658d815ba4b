//! The tables of the file, one function each.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use toml::de::{DeTable, DeValue};
use wayfare::{Decimal, Realm, Value};
use wayfare_wire::am::{
    auth_id, callbacks,
    goto::{self, Allowed},
};

use super::{
    ApiVersion, Config, ConfigError, DefaultJourney, Durability, Journeys, LimitSettings, LogLevel,
    Parameter, RealmSettings, SameSite,
    table::{Mistakes, Table, integer, nearest},
};

pub(super) fn read(name: &str, text: &str, folder: &Path) -> Result<Config, ConfigError> {
    let mistakes = Mistakes::new(name, text);
    let mut config = Config::default();
    match DeTable::parse(text) {
        Ok(parsed) => {
            let top = Table::new(&mistakes, "", parsed.get_ref());
            top_level(&top, folder, &mistakes, &mut config);
            top.close();
        }
        Err(error) => {
            let span = error.span().unwrap_or(0..0);
            mistakes.at(&span, error.message().to_owned());
        }
    }
    let list = mistakes.into_list();
    if list.is_empty() {
        Ok(config)
    } else {
        Err(ConfigError::Mistakes(list))
    }
}

fn top_level(top: &Table<'_>, folder: &Path, mistakes: &Mistakes<'_>, config: &mut Config) {
    config.data.folder = folder.join("wayfare-data");
    if let Some(table) = top.table("server") {
        server(&table, config);
        table.close();
    }
    if let Some(table) = top.table("data") {
        if let Some(path) = table.text("folder") {
            config.data.folder = folder.join(path);
        }
        if let Some(durability) =
            table.parsed("durability", "\"normal\" or \"power\"", |text| match text {
                "normal" => Some(Durability::Normal),
                "power" => Some(Durability::Power),
                _ => None,
            })
        {
            config.data.durability = durability;
        }
        table.close();
    }
    if let Some(table) = top.table("hash") {
        hash(&table, config);
        table.close();
    }
    if let Some(table) = top.table("cors") {
        if let Some(origins) = table.texts("allow") {
            for (span, origin) in origins {
                if is_origin(&origin) {
                    config.cors_allow.push(origin);
                } else {
                    table.wrong(
                        &span,
                        "allow",
                        &format!(
                            "must hold origins such as \"https://app.example.com\", not {origin:?}"
                        ),
                    );
                }
            }
        }
        table.close();
    }
    let mut page_realm = None;
    if let Some(table) = top.table("page") {
        page_realm = table.parsed(
            "realm",
            "the path of a realm, such as \"/alpha\"",
            Realm::parse,
        );
        table.close();
    }
    if let Some(table) = top.table("realms") {
        realms(&table, folder, mistakes, config);
    }
    let serving: Vec<&Realm> = config
        .realms
        .iter()
        .filter(|(_, settings)| settings.journeys != Journeys::None)
        .map(|(realm, _)| realm)
        .collect();
    // Without a word about it, the page logs in where there is one way to.
    if let ([only], None) = (serving.as_slice(), &page_realm) {
        config.page_realm = (*only).clone();
    }
    if let Some(realm) = page_realm {
        if config.realms.contains_key(&realm) {
            config.page_realm = realm;
        } else if let Some(table) = top.table("page") {
            let known: Vec<_> = config.realms.keys().map(Realm::as_str).collect();
            let _ = table.parsed(
                "realm",
                &format!("one of the realms {}", known.join(", ")),
                |_| None::<()>,
            );
        }
    }
}

fn is_origin(text: &str) -> bool {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|host| {
        !host.is_empty()
            && host.bytes().all(|b| {
                b.is_ascii_lowercase()
                    || b.is_ascii_digit()
                    || matches!(b, b'.' | b'-' | b':' | b'[' | b']')
            })
    })
}

fn server(table: &Table<'_>, config: &mut Config) {
    let server = &mut config.server;
    if let Some(listen) = table.parsed("listen", "an address such as \"127.0.0.1:8080\"", |text| {
        let (host, port) = text.rsplit_once(':')?;
        (!host.is_empty() && port.parse::<u16>().is_ok()).then(|| text.to_owned())
    }) {
        server.listen = listen;
    }
    if let Some(origin) = table.parsed(
        "origin",
        "an origin such as \"https://login.example.com\"",
        |text| is_origin(text).then(|| text.to_owned()),
    ) {
        server.origin = Some(origin);
    }
    if let Some(path) = table.parsed("base_path", "a path such as \"/am\"", |text| {
        let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'/');
        let path = text.strip_prefix('/')?;
        (!path.is_empty() && !path.ends_with('/') && !path.contains("//") && path.bytes().all(fits))
            .then(|| text.to_owned())
    }) {
        server.base_path = path;
    }
    if let Some(name) = table.parsed(
        "cookie_name",
        "a cookie name of letters, digits, `-` and `_`",
        |text| {
            let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
            (!text.is_empty() && text.len() <= 64 && text.bytes().all(fits))
                .then(|| text.to_owned())
        },
    ) {
        server.cookie_name = name;
    }
    table.flag("cookie_secure", &mut server.cookie_secure);
    if let Some(value) = table.parsed(
        "cookie_same_site",
        "\"lax\", \"strict\" or \"none\"",
        |text| match text {
            "lax" => Some(SameSite::Lax),
            "strict" => Some(SameSite::Strict),
            "none" => Some(SameSite::None),
            _ => None,
        },
    ) {
        server.cookie_same_site = value;
    }
    if let Some(value) = table.parsed(
        "api_version",
        "\"latest\", \"oldest\" or \"none\"",
        |text| match text {
            "latest" => Some(ApiVersion::Latest),
            "oldest" => Some(ApiVersion::Oldest),
            "none" => Some(ApiVersion::Refuse),
            _ => None,
        },
    ) {
        server.api_version = value;
    }
    table.flag("am_locked_message", &mut server.am_locked_message);
    table.flag("csrf_header", &mut server.csrf_header);
    if let Some(value) =
        table.parsed(
            "log",
            "\"off\", \"error\", \"info\" or \"audit\"",
            |text| match text {
                "off" => Some(LogLevel::Off),
                "error" => Some(LogLevel::Error),
                "info" => Some(LogLevel::Info),
                "audit" => Some(LogLevel::Audit),
                _ => None,
            },
        )
    {
        server.log = value;
    }
    if let Some(peers) = table.texts("trusted_proxies") {
        for (span, peer) in peers {
            match peer.parse() {
                Ok(address) => server.trusted_proxies.push(address),
                Err(_) => table.wrong(
                    &span,
                    "trusted_proxies",
                    &format!("must hold addresses, not {peer:?}"),
                ),
            }
        }
    }
    if let Some(limits) = table.table("limits") {
        read_limits(&limits, &mut config.limits);
        limits.close();
    }
}

fn read_limits(table: &Table<'_>, limits: &mut LimitSettings) {
    table.size("head_bytes", &mut limits.head_bytes);
    table.number("headers", 1, &mut limits.headers);
    table.size("header_bytes", &mut limits.header_bytes);
    table.size("body_bytes", &mut limits.body_bytes);
    table.number("json_depth", 4, &mut limits.json_depth);
    table.size("string_bytes", &mut limits.string_bytes);
    table.number("callbacks", 1, &mut limits.callbacks);
    at_most(table, "callbacks", limits.callbacks, callbacks::COUNT_MAX);
    table.duration_into("head_time", &mut limits.head_time);
    table.duration_into("body_time", &mut limits.body_time);
    table.duration_into("request_time", &mut limits.request_time);
    table.number("connections", 1, &mut limits.connections);
    table.duration_into("connection_time", &mut limits.connection_time);
    table.duration_into("drain_time", &mut limits.drain_time);
    table.number("username_chars", 1, &mut limits.username_chars);
    table.number("password_chars", 64, &mut limits.password_chars);
    table.size("goto_bytes", &mut limits.goto_bytes);
    at_most(table, "goto_bytes", limits.goto_bytes, goto::CHARS_MAX);
    table.size("auth_id_bytes", &mut limits.auth_id_bytes);
    at_most(
        table,
        "auth_id_bytes",
        limits.auth_id_bytes,
        auth_id::BYTES_MAX,
    );
    table.size("inline_state_bytes", &mut limits.inline_state_bytes);
    table.size("state_bytes", &mut limits.state_bytes);
    table.number("visits_per_turn", 1, &mut limits.visits_per_turn);
    table.number("visits_per_run", 1, &mut limits.visits_per_run);
    table.number("inner_depth", 1, &mut limits.inner_depth);
    table.duration_into("run_time", &mut limits.run_time);
    table.duration_into("run_time_max", &mut limits.run_time_max);
    table.duration_into("suspend_time_max", &mut limits.suspend_time_max);
    table.number("runs_per_realm", 1, &mut limits.runs_per_realm);
    table.number("runs_per_source", 1, &mut limits.runs_per_source);
    table.number("journey_files", 1, &mut limits.journey_files);
    table.size("journey_bytes", &mut limits.journey_bytes);
}

/// What the wire bounds by itself can be lowered only.
fn at_most(table: &Table<'_>, key: &str, value: usize, most: usize) {
    if value > most {
        let _ = table.parsed(key, &format!("at most {most}"), |_| None::<()>);
    }
}

fn hash(table: &Table<'_>, config: &mut Config) {
    let hash = &mut config.hash;
    let mut memory = usize::try_from(hash.memory_kib).unwrap_or(usize::MAX) * 1_024;
    table.size("memory", &mut memory);
    table.number("time", 1, &mut hash.time);
    table.number("lanes", 1, &mut hash.lanes);
    table.number("threads", 0, &mut hash.threads);
    table.number("queue", 0, &mut hash.queue);
    hash.memory_kib = u32::try_from(memory / 1_024).unwrap_or(u32::MAX);
    if hash.memory_kib < 8 * hash.lanes.min(1 << 20) || hash.memory_kib > 4 * 1_024 * 1_024 {
        let _ = table.parsed("memory", "a size from \"8KiB\" a lane to \"4GiB\"", |_| {
            None::<()>
        });
    }
}

fn realms(table: &Table<'_>, folder: &Path, mistakes: &Mistakes<'_>, config: &mut Config) {
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
        let table = Table::new(mistakes, &format!("realms.{path:?}"), entries);
        let settings = read_realm(&table, folder, &realm);
        table.close();
        config.realms.insert(realm, settings);
    }
    for (name, _) in table.every() {
        let Some(realm) = Realm::parse(name.get_ref()) else {
            continue;
        };
        if let Some(parent) = parent_of(&realm)
            && !config.realms.contains_key(&parent)
        {
            let known = config.realms.keys().map(Realm::as_str);
            let hint = nearest(parent.as_str(), known).map_or_else(
                || format!("add [realms.{:?}]", parent.as_str()),
                |near| format!("did you mean a realm below `{near}`?"),
            );
            mistakes.at(
                &name.span(),
                format!("realm `{realm}` lies in `{parent}`, which there is not; {hint}"),
            );
        }
    }
    aliases_once(table, mistakes, config);
}

fn aliases_once(table: &Table<'_>, mistakes: &Mistakes<'_>, config: &Config) {
    let mut seen: BTreeMap<&str, &Realm> = BTreeMap::new();
    for (realm, settings) in &config.realms {
        for alias in &settings.aliases {
            if let Some(other) = seen.insert(alias, realm) {
                let span = table
                    .every()
                    .into_iter()
                    .find(|(name, _)| name.get_ref() == realm.as_str())
                    .map_or(0..0, |(name, _)| name.span());
                mistakes.at(
                    &span,
                    format!("alias `{alias}` of realm `{realm}` is already that of `{other}`"),
                );
            }
        }
    }
}

/// The realm that one lies in; `None` for the top realm.
pub(crate) fn parent_of(realm: &Realm) -> Option<Realm> {
    let (parent, _) = realm.as_str().rsplit_once('/')?;
    if realm.as_str() == "/" {
        return None;
    }
    Realm::parse(if parent.is_empty() { "/" } else { parent })
}

fn read_realm(table: &Table<'_>, folder: &Path, realm: &Realm) -> RealmSettings {
    let mut settings = RealmSettings::default();
    if let Some(parent) = table.parsed("parent", "the path of a realm", Realm::parse)
        && Some(&parent) != parent_of(realm).as_ref()
    {
        let expected =
            parent_of(realm).map_or_else(|| "nothing".to_owned(), |p| format!("\"{p}\""));
        let _ = table.parsed(
            "parent",
            &format!("{expected}, as the path of the realm says"),
            |_| None::<()>,
        );
    }
    for (span, alias) in table.texts("aliases").unwrap_or_default() {
        let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        if !alias.is_empty() && alias.bytes().all(fits) {
            settings.aliases.push(alias);
        } else {
            table.wrong(
                &span,
                "aliases",
                &format!("must hold names of letters, digits, `-`, `_` and `.`, not {alias:?}"),
            );
        }
    }
    if let Some(paths) = table.texts("journeys") {
        settings.journeys = Journeys::Paths(
            paths
                .into_iter()
                .map(|(_, path)| folder.join(path))
                .collect(),
        );
    }
    if let Some(name) = table.text("default") {
        settings.default = DefaultJourney::Named(name);
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
    settings.run_time = table.duration("run_time");
    if let Some(params) = table.table("params") {
        for (name, value) in params.every() {
            match parameter(value.get_ref(), folder) {
                Ok(parameter) => {
                    settings
                        .params
                        .insert(Arc::from(&**name.get_ref()), parameter);
                }
                Err(message) => params.wrong(&value.span(), name.get_ref(), message),
            }
        }
    }
    settings.success_url = table.text("success_url");
    settings.failure_url = table.text("failure_url");
    for (span, pattern) in table.texts("goto").unwrap_or_default() {
        match Allowed::new([&pattern]) {
            Ok(_) => settings.goto.push(pattern),
            Err(error) => table.wrong(&span, "goto", &error.to_string()),
        }
    }
    read_lockout(table, &mut settings);
    if let Some(mail) = table.table("mail") {
        settings.mail.from = mail.text("from");
        mail.close();
    }
    if let Some(session) = table.table("session") {
        session.duration_into("time_max", &mut settings.session.time_max);
        session.duration_into("idle_max", &mut settings.session.idle_max);
        session.close();
    }
    settings
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

fn parameter(value: &DeValue<'_>, folder: &Path) -> Result<Parameter, &'static str> {
    if let Some(table) = value.as_table() {
        let mut entries = table.iter();
        return match (entries.next(), entries.next()) {
            (Some((key, value)), None) => match (&**key.get_ref(), value.get_ref().as_str()) {
                ("file", Some(path)) => Ok(Parameter::SecretFile(folder.join(PathBuf::from(path)))),
                ("env", Some(name)) => Ok(Parameter::SecretVariable(name.to_owned())),
                _ => Err("must be a value, { file = \"…\" } or { env = \"…\" }"),
            },
            _ => Err("must be a value, { file = \"…\" } or { env = \"…\" }"),
        };
    }
    plain(value, 0).map(Parameter::Value)
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
