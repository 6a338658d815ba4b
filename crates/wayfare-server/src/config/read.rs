//! The tables of the file, one function each.

use std::{net::IpAddr, path::Path};

use toml::de::DeTable;
use wayfare::Realm;
use wayfare_wire::am::{auth_id, callbacks, goto};

use super::{
    ApiVersion, BackchannelSettings, Config, ConfigError, Durability, ExistingToken, Journeys,
    LimitSettings, LogLevel, NoSessionMessage, SameSite, TraceSettings,
    external::externals,
    read_realm::realms,
    scripts::scripts,
    table::{Mistakes, Table},
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
    let of_server = top.table("server");
    if let Some(table) = &of_server {
        server(table, config);
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
    for table in top.tables("backchannel") {
        backchannel(&table, folder, config);
        table.close();
    }
    externals(top, folder, config);
    scripts(top, folder, config);
    if let Some(table) = top.table("transactions") {
        table.duration_into("time_max", &mut config.transactions.time_max);
        table.close();
    }
    if let Some(server) = of_server {
        // It names realms, so that they are read before.
        if let Some(table) = server.table("traces") {
            traces(&table, folder, config);
            table.close();
        }
        server.close();
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

/// Records of runs; without this table there are none.
fn traces(table: &Table<'_>, folder: &Path, config: &mut Config) {
    let path = table.text("folder");
    if !table.has("folder") {
        table.missing("folder", "write folder = \"traces\"");
    }
    let mut settings = TraceSettings::new(folder.join(path.unwrap_or_default()));
    table.number("files", 1, &mut settings.files);
    let mut bytes = usize::try_from(settings.bytes).unwrap_or(usize::MAX);
    table.size("bytes", &mut bytes);
    settings.bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
    let hidden = table.parsed("names", "\"hidden\" or \"kept\"", |text| match text {
        "hidden" => Some(true),
        "kept" => Some(false),
        _ => None,
    });
    settings.names_hidden = hidden.unwrap_or(true);
    for (span, path) in table.texts("realms").unwrap_or_default() {
        let known = Realm::parse(&path).filter(|realm| config.realms.contains_key(realm));
        if known.is_none() {
            let message = format!("must hold realms of this file, not {path:?}");
            table.wrong(&span, "realms", &message);
        }
        settings.realms.extend(known);
    }
    let journeys = table.texts("journeys").unwrap_or_default();
    settings.journeys = journeys.into_iter().map(|(_, name)| name).collect();
    config.traces = Some(settings);
}

/// A caller of the backchannel; it must say where, since a token that is good everywhere is seldom meant.
fn backchannel(table: &Table<'_>, folder: &Path, config: &mut Config) {
    let token = table.secret("token", folder);
    let mut realms = Vec::new();
    for (span, path) in table.texts("realms").unwrap_or_default() {
        match Realm::parse(&path).filter(|realm| config.realms.contains_key(realm)) {
            Some(realm) => realms.push(realm),
            None => table.wrong(
                &span,
                "realms",
                &format!("must hold realms of this file, not {path:?}"),
            ),
        }
    }
    if !table.has("token") {
        table.missing("token", "write token = { file = \"…\" } or { env = \"…\" }");
    }
    if !table.has("realms") {
        table.missing("realms", "write realms = [\"/alpha\"]");
    }
    if let Some(token) = token {
        config
            .backchannel
            .push(BackchannelSettings { token, realms });
    }
}

pub(super) fn is_origin(text: &str) -> bool {
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
            match peer.parse::<IpAddr>() {
                Ok(address) => server.trusted_proxies.push(address.to_canonical()),
                Err(_) => table.wrong(
                    &span,
                    "trusted_proxies",
                    &format!("must hold addresses, not {peer:?}"),
                ),
            }
        }
    }
    protocol(table, config);
    cookie_rules(table, config);
    if let Some(limits) = table.table("limits") {
        read_limits(&limits, &mut config.limits);
        limits.close();
    }
}

/// How the protocol is spoken where the product can do so in several ways.
fn protocol(table: &Table<'_>, config: &mut Config) {
    let server = &mut config.server;
    table.flag("strict_advice", &mut server.strict_advice);
    table.flag("goto_first", &mut server.goto_first);
    table.flag("lenient_callbacks", &mut server.lenient_callbacks);
    table.flag("clear_site_data", &mut server.clear_site_data);
    if let Some(value) = table.parsed(
        "no_session_message",
        "\"auto\", \"always\" or \"never\"",
        |text| match text {
            "auto" => Some(NoSessionMessage::Auto),
            "always" => Some(NoSessionMessage::Always),
            "never" => Some(NoSessionMessage::Never),
            _ => None,
        },
    ) {
        server.no_session_message = value;
    }
    if let Some(value) = table.parsed(
        "existing_token",
        "\"auto\", \"same\" or \"empty\"",
        |text| match text {
            "auto" => Some(ExistingToken::Auto),
            "same" => Some(ExistingToken::Same),
            "empty" => Some(ExistingToken::Empty),
            _ => None,
        },
    ) {
        server.existing_token = value;
    }
    for (span, host) in table.texts("hosts").unwrap_or_default() {
        if is_host(&host) {
            server.hosts.push(host);
        } else {
            let message = format!("must hold host names in small letters, not {host:?}");
            table.wrong(&span, "hosts", &message);
        }
    }
}

fn cookie_rules(table: &Table<'_>, config: &mut Config) {
    let server = &mut config.server;
    table.flag("cookie_host_prefix", &mut server.cookie_host_prefix);
    for (span, domain) in table.texts("cookie_domains").unwrap_or_default() {
        if server.cookie_host_prefix {
            let message = "must be empty where `cookie_host_prefix` is true: a browser refuses such a \
                           cookie with a domain";
            table.wrong(&span, "cookie_domains", message);
        } else if is_host(domain.strip_prefix('.').unwrap_or(&domain)) {
            server.cookie_domains.push(domain);
        } else {
            let message = format!("must hold domains such as \"example.com\", not {domain:?}");
            table.wrong(&span, "cookie_domains", &message);
        }
    }
    if server.cookie_host_prefix {
        if table.has("cookie_secure") && !server.cookie_secure {
            let _ = table.parsed(
                "cookie_host_prefix",
                "false where `cookie_secure` is",
                |_| None::<()>,
            );
        }
        server.cookie_secure = true;
    }
}

/// A host name as it stands in a `Host` header, in small letters and without a port.
pub(super) fn is_host(text: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    text.len() <= 253 && text.split('.').all(label)
}

fn read_limits(table: &Table<'_>, limits: &mut LimitSettings) {
    table.size("head_bytes", &mut limits.head_bytes);
    table.number("headers", 1, &mut limits.headers);
    table.size("header_bytes", &mut limits.header_bytes);
    table.size("body_bytes", &mut limits.body_bytes);
    table.size("configuration_bytes", &mut limits.configuration_bytes);
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
    table.number("mails_per_recipient", 1, &mut limits.mails_per_recipient);
    table.number("mails_per_source", 1, &mut limits.mails_per_source);
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
    table.duration_into("queue_time", &mut hash.queue_time);
    hash.memory_kib = u32::try_from(memory / 1_024).unwrap_or(u32::MAX);
    if hash.memory_kib < 8 * hash.lanes.min(1 << 20) || hash.memory_kib > 4 * 1_024 * 1_024 {
        let _ = table.parsed("memory", "a size from \"8KiB\" a lane to \"4GiB\"", |_| {
            None::<()>
        });
    }
}
