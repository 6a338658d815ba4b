//! Directories: `[realms.X.identities.ldap]`, `[realms.X.systems.NAME]` and
//! `[realms.X.directories."HOST:PORT"]`.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use wayfare::{
    Secret,
    engine::effect::{LdapPolicy, LdapScope, LdapSecurity},
};

use super::{IdentitySettings, RealmSettings, SecretSource, external::is_loopback, table::Table};
use crate::ldap::{TIMEOUT, Target, server_of};

/// A directory, and where users are in it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DirectorySettings {
    /// Hosts and ports, best first.
    pub servers: Vec<(String, u16)>,
    /// How the line to them is protected; not at all to this machine only.
    pub security: LdapSecurity,
    /// Certificates of authorities, as PEM, in place of the usual ones.
    pub ca: Option<PathBuf>,
    /// What the server shows of itself, where the directory asks for it. Without an account it searches as
    /// whom the directory takes its owner for.
    pub certificate: Option<ClientCertificate>,
    /// The distinguished name of the account that searches, and where its password is.
    pub account: Option<(String, SecretSource)>,
    /// Below which entries users are.
    pub bases: Vec<String>,
    /// How far below.
    pub scope: LdapScope,
    /// The attributes that a typed name is looked for in.
    pub search: Vec<String>,
    /// What must hold of users besides, as a filter of RFC 4515.
    pub filter: Option<String>,
    /// The attribute that holds the name of a user.
    pub name: String,
    /// The attribute by which an entry is known for ever.
    pub id: String,
    /// What says how it is with passwords.
    pub policy: LdapPolicy,
    /// How long one operation may take.
    pub timeout: Duration,
    /// How long a connection may be idle before it is closed.
    pub idle: Duration,
    /// How many connections there may be at once.
    pub connections: usize,
}

impl DirectorySettings {
    /// A directory at these hosts and ports, with users below this entry.
    pub fn new(servers: Vec<(String, u16)>, base: impl Into<String>) -> Self {
        Self {
            servers,
            security: LdapSecurity::Tls,
            ca: None,
            certificate: None,
            account: None,
            bases: vec![base.into()],
            scope: LdapScope::Subtree,
            search: vec!["uid".to_owned()],
            filter: None,
            name: "uid".to_owned(),
            id: "entryUUID".to_owned(),
            policy: LdapPolicy::Control,
            timeout: TIMEOUT,
            idle: Duration::from_secs(60),
            connections: 16,
        }
    }

    /// The directory as it is called, with the secret of its account.
    pub(crate) fn target(&self) -> Result<Target, String> {
        let account = match &self.account {
            None => None,
            Some((dn, source)) => {
                let password = source.read().map_err(|error| error.to_string())?;
                Some((dn.clone(), password))
            }
        };
        let empty = |(_, password): &(String, Secret<String>)| password.reveal().is_empty();
        if account.as_ref().is_some_and(empty) {
            return Err("the password of its account is empty".to_owned());
        }
        Ok(Target {
            servers: self.servers.clone(),
            security: self.security,
            ca: self.ca.clone(),
            certificate: self.certificate.clone(),
            account,
            bases: self.bases.clone(),
            scope: self.scope,
            search: self.search.clone(),
            filter: self.filter.clone(),
            name: self.name.clone(),
            id: self.id.clone(),
            policy: self.policy,
            timeout: self.timeout,
            idle: self.idle,
            connections: self.connections,
        })
    }
}

/// A certificate of the server's own, and where its key is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCertificate {
    /// The certificate, as PEM, with those between it and an authority behind it.
    pub certificate: PathBuf,
    /// Its private key, as PEM.
    pub key: PathBuf,
}

/// A directory as the store of a realm's identities.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LdapStoreSettings {
    /// The directory.
    pub directory: DirectorySettings,
    /// The attribute of the directory for each of the profile that is kept there; the others are kept in the
    /// server's own database.
    pub attributes: BTreeMap<String, String>,
    /// The attribute that takes a password.
    pub password: String,
    /// The attribute that says when a password was changed; without it, that of the policy.
    pub password_changed: Option<String>,
    /// Below which entry users are made; without it none are.
    pub create_in: Option<String>,
    /// The object classes of users that are made.
    pub object_classes: Vec<String>,
    /// Attributes of the directory that a user must have, and the attribute of the profile that they are
    /// taken from where nothing else gives them.
    pub defaults: BTreeMap<String, String>,
    /// What says that an account is not active; without it, all are, and none can be locked here.
    pub status: Option<StatusSettings>,
    /// How many entries a search looks at.
    pub searched: usize,
}

impl LdapStoreSettings {
    /// A store in this directory, with the attributes of the class `inetOrgPerson`.
    pub fn new(directory: DirectorySettings) -> Self {
        let pairs = |pairs: &[(&str, &str)]| {
            let owned = pairs
                .iter()
                .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()));
            owned.collect()
        };
        Self {
            directory,
            attributes: pairs(&[
                ("givenName", "givenName"),
                ("sn", "sn"),
                ("mail", "mail"),
                ("telephoneNumber", "telephoneNumber"),
                ("description", "description"),
                ("city", "l"),
                ("stateProvince", "st"),
                ("postalCode", "postalCode"),
            ]),
            password: "userPassword".to_owned(),
            password_changed: None,
            create_in: None,
            object_classes: vec!["inetOrgPerson".to_owned()],
            defaults: pairs(&[("cn", "userName"), ("sn", "userName")]),
            status: None,
            searched: 1_000,
        }
    }
}

/// What says that an account is not active.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusSettings {
    /// The attribute.
    pub attribute: String,
    /// The value of an account that is not active.
    pub inactive: String,
    /// The value of one that is; without it, one that is has no value.
    pub active: Option<String>,
}

/// A directory that nodes may call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowedDirectory {
    /// Certificates of authorities, as PEM, in place of the usual ones.
    pub ca: Option<PathBuf>,
}

/// Reads what stands in `[realms.X.identities.ldap]`.
pub(super) fn read_store(table: &Table<'_>, folder: &Path, into: &mut IdentitySettings) {
    let Some(table) = table.table("ldap") else {
        return;
    };
    if let Some(directory) = directory(&table, folder) {
        let mut store = LdapStoreSettings::new(directory);
        if let Some(names) = names_of(&table, "attributes") {
            store.attributes = names;
        }
        if let Some(names) = names_of(&table, "defaults") {
            store.defaults = names;
        }
        if let Some(name) = table.parsed("password", ATTRIBUTE, attribute) {
            store.password = name;
        }
        store.password_changed = table.parsed("password_changed", ATTRIBUTE, attribute);
        store.create_in = table.text("create_in");
        if let Some(classes) = texts(&table, "object_classes") {
            store.object_classes = classes;
        }
        table.number("searched", 1, &mut store.searched);
        if let Some(status) = table.table("status") {
            let named = status.parsed("attribute", ATTRIBUTE, attribute);
            let inactive = status.text("inactive");
            let active = status.text("active");
            match (named, inactive) {
                (Some(attribute), Some(inactive)) => {
                    store.status = Some(StatusSettings {
                        attribute,
                        inactive,
                        active,
                    });
                }
                _ => status.missing("inactive", "write attribute = \"…\" and inactive = \"…\""),
            }
            status.close();
        }
        into.ldap = Some(store);
    }
    table.close();
}

/// Reads the systems of a realm, and the directories that its nodes may call.
pub(super) fn read_directories(table: &Table<'_>, folder: &Path, into: &mut RealmSettings) {
    if let Some(systems) = table.table("systems") {
        for (name, _) in systems.every() {
            let Some(system) = systems.table(name.get_ref()) else {
                continue;
            };
            if let Some(settings) = directory(&system, folder) {
                into.systems.insert(name.get_ref().to_string(), settings);
            }
            system.close();
        }
    }
    if let Some(directories) = table.table("directories") {
        for (name, _) in directories.every() {
            let Some(allowed) = directories.table(name.get_ref()) else {
                continue;
            };
            match server_of(name.get_ref(), LdapSecurity::Tls) {
                Some(server) if name.get_ref().contains(':') => {
                    let ca = allowed.text("ca").map(|path| folder.join(path));
                    into.directories.insert(server, AllowedDirectory { ca });
                }
                _ => directories.wrong(
                    &name.span(),
                    name.get_ref(),
                    "must be a host and a port such as \"ldap.example.com:636\"",
                ),
            }
            allowed.close();
        }
    }
}

const ATTRIBUTE: &str = "the name of an attribute";

/// The name of an attribute of a directory: nothing else goes into filters unescaped.
fn attribute(text: &str) -> Option<String> {
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
    (!text.is_empty() && text.len() <= 128 && text.bytes().all(fits)).then(|| text.to_owned())
}

fn texts(table: &Table<'_>, key: &str) -> Option<Vec<String>> {
    let texts = table.texts(key)?;
    Some(texts.into_iter().map(|(_, text)| text).collect())
}

fn names_of(table: &Table<'_>, key: &str) -> Option<BTreeMap<String, String>> {
    let inner = table.table(key)?;
    let mut names = BTreeMap::new();
    for (name, value) in inner.every() {
        if name.get_ref().contains('/') {
            let message = "is a path, and objects are kept beside a directory";
            inner.wrong(&value.span(), name.get_ref(), message);
            continue;
        }
        match value.get_ref().as_str().and_then(attribute) {
            Some(to) => {
                names.insert(name.get_ref().to_string(), to);
            }
            None => inner.wrong(
                &value.span(),
                name.get_ref(),
                "must be the name of an attribute",
            ),
        }
    }
    Some(names)
}

fn directory(table: &Table<'_>, folder: &Path) -> Option<DirectorySettings> {
    let security = table.parsed(
        "security",
        "\"tls\", \"starttls\", or \"none\" where the directory is on this machine",
        |text| match text {
            "tls" => Some(LdapSecurity::Tls),
            "starttls" => Some(LdapSecurity::StartTls),
            "none" => Some(LdapSecurity::Plain),
            _ => None,
        },
    );
    let security = security.unwrap_or(LdapSecurity::Tls);
    let mut servers = Vec::new();
    for (span, text) in table.texts("servers").unwrap_or_default() {
        match server_of(&text, security) {
            Some((host, _)) if security == LdapSecurity::Plain && !is_loopback(&host) => {
                let message = format!("holds {host:?}, which is not this machine; set `security`");
                table.wrong(&span, "servers", &message);
            }
            Some(server) => servers.push(server),
            None => table.wrong(
                &span,
                "servers",
                "must hold hosts such as \"ldap.example.com:636\"",
            ),
        }
    }
    let bases = texts(table, "bases").unwrap_or_default();
    if servers.is_empty() {
        table.missing("servers", "write servers = [\"ldap.example.com:636\"]");
    }
    if bases.is_empty() {
        table.missing("bases", "write bases = [\"ou=people,dc=example,dc=com\"]");
    }
    let mut settings = DirectorySettings::new(servers, "");
    settings.bases = bases;
    settings.security = security;
    settings.ca = table.text("ca").map(|path| folder.join(path));
    settings.certificate = certificate(table, folder);
    if security == LdapSecurity::Plain && settings.certificate.is_some() {
        table.missing(
            "security",
            "a certificate is shown over \"tls\" or \"starttls\" only",
        );
    }
    let password = table.secret("bind_password", folder);
    match (table.text("bind_dn"), password) {
        (Some(dn), Some(password)) if !dn.is_empty() => settings.account = Some((dn, password)),
        (None, None) => {}
        _ => table.missing("bind_password", "bind_dn and bind_password go together"),
    }
    read_search(table, &mut settings);
    table.duration_into("timeout", &mut settings.timeout);
    table.duration_into("idle", &mut settings.idle);
    table.number("connections", 1, &mut settings.connections);
    (!settings.servers.is_empty() && !settings.bases.is_empty()).then_some(settings)
}

/// The certificate of the server's own, with its key.
fn certificate(table: &Table<'_>, folder: &Path) -> Option<ClientCertificate> {
    match (table.text("certificate"), table.text("key")) {
        (Some(certificate), Some(key)) => Some(ClientCertificate {
            certificate: folder.join(certificate),
            key: folder.join(key),
        }),
        (None, None) => None,
        _ => {
            table.missing("key", "`certificate` and `key` go together");
            None
        }
    }
}

/// The certificates that nodes may have shown, by the labels of the product.
pub(super) fn read_certificates(
    table: &Table<'_>,
    folder: &Path,
    into: &mut BTreeMap<String, ClientCertificate>,
) {
    let Some(all) = table.table("client_certificates") else {
        return;
    };
    for (label, _) in all.every() {
        let Some(one) = all.table(label.get_ref()) else {
            continue;
        };
        match certificate(&one, folder) {
            Some(certificate) => {
                into.insert(label.get_ref().to_string(), certificate);
            }
            None => one.missing("certificate", "write certificate = \"…\" and key = \"…\""),
        }
        one.close();
    }
}

fn read_search(table: &Table<'_>, settings: &mut DirectorySettings) {
    if let Some(scope) = table.parsed(
        "scope",
        "\"subtree\", \"one\" or \"base\"",
        |text| match text {
            "subtree" => Some(LdapScope::Subtree),
            "one" => Some(LdapScope::OneLevel),
            "base" => Some(LdapScope::Object),
            _ => None,
        },
    ) {
        settings.scope = scope;
    }
    if let Some(names) = table.texts("search") {
        settings.search.clear();
        for (span, name) in names {
            match attribute(&name) {
                Some(name) => settings.search.push(name),
                None => table.wrong(&span, "search", "must hold names of attributes"),
            }
        }
        if settings.search.is_empty() {
            table.missing("search", "write search = [\"uid\"]");
        }
    }
    settings.filter = table.text("filter").filter(|text| !text.is_empty());
    for (key, into) in [("name", &mut settings.name), ("id", &mut settings.id)] {
        if let Some(name) = table.parsed(key, ATTRIBUTE, attribute) {
            *into = name;
        }
    }
    if let Some(policy) = table.parsed(
        "policy",
        "\"control\", \"none\" or \"active_directory\"",
        |text| match text {
            "control" => Some(LdapPolicy::Control),
            "none" => Some(LdapPolicy::None),
            "active_directory" => Some(LdapPolicy::ActiveDirectory),
            _ => None,
        },
    ) {
        settings.policy = policy;
    }
}
