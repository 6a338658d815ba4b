//! Autonomous Identity: how tokens are issued, what groups may do, and how users are shown.

use std::{path::Path, time::Duration};

use wayfare_wire::{
    autoid::role::{Role, Roles},
    jose::Algorithm,
};

use super::table::Table;

/// The interface of Autonomous Identity in a realm; without these settings it is not served there.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AutoidSettings {
    /// How long a token lasts.
    pub lifetime: Duration,
    /// How long after the login the last renewed token ends.
    pub lifetime_max: Duration,
    /// Whether renewing a token ends the one before it.
    pub rotate: bool,
    /// How tokens are signed: `EdDSA`, or `HS256` where nobody else verifies them.
    pub algorithm: Algorithm,
    /// Whom tokens are for.
    pub audience: String,
    /// The name of a user in a directory: `{uid}` and `{email}` stand for what the user has.
    pub dn: String,
    /// The number of the group that every user is in.
    pub gid_number: String,
    /// The attribute that the name of a new user is kept in.
    pub display_name: String,
    /// How often somebody may try to log in from one address within a minute; 0: any number.
    pub logins_per_minute: u32,
    /// What the members of groups may do; whoever may do `*` administers the users.
    pub roles: Roles,
}

impl Default for AutoidSettings {
    fn default() -> Self {
        Self {
            lifetime: Duration::from_secs(12 * 60 * 60),
            lifetime_max: Duration::from_secs(7 * 24 * 60 * 60),
            rotate: false,
            algorithm: Algorithm::EdDsa,
            audience: "autoid".to_owned(),
            dn: "cn={uid},ou=People,dc=wayfare".to_owned(),
            gid_number: "100".to_owned(),
            display_name: "givenName".to_owned(),
            logins_per_minute: 60,
            roles: Roles(vec![Role {
                group: "Admin".to_owned(),
                title: "Admin".to_owned(),
                homepage: None,
                actions: vec!["*".to_owned()],
            }]),
        }
    }
}

/// The settings under `autoid`.
pub(super) fn read_autoid(table: &Table<'_>, _folder: &Path, into: &mut Option<AutoidSettings>) {
    let Some(table) = table.table("autoid") else {
        return;
    };
    let mut read = AutoidSettings::default();
    table.duration_into("lifetime", &mut read.lifetime);
    table.duration_into("lifetime_max", &mut read.lifetime_max);
    let renew = table.parsed("renew", "\"keep\" or \"rotate\"", |word| match word {
        "keep" => Some(false),
        "rotate" => Some(true),
        _ => None,
    });
    read.rotate = renew.unwrap_or(read.rotate);
    let algorithm = table.parsed("algorithm", "\"EdDSA\" or \"HS256\"", |name| {
        Algorithm::parse(name).filter(|known| matches!(known, Algorithm::EdDsa | Algorithm::Hs256))
    });
    read.algorithm = algorithm.unwrap_or(read.algorithm);
    for (key, into) in [
        ("audience", &mut read.audience),
        ("dn", &mut read.dn),
        ("gid_number", &mut read.gid_number),
        ("display_name", &mut read.display_name),
    ] {
        let what = "a text without control characters";
        let fits = |text: &str| {
            let fits = !text.is_empty() && !text.chars().any(char::is_control);
            fits.then(|| text.to_owned())
        };
        if let Some(text) = table.parsed(key, what, fits) {
            *into = text;
        }
    }
    table.number("logins_per_minute", 0, &mut read.logins_per_minute);
    if table.has("roles") {
        read.roles = Roles(Vec::new());
        for role in table.tables("roles") {
            if let Some(role) = read_role(role) {
                read.roles.0.push(role);
            }
        }
    }
    table.close();
    *into = Some(read);
}

fn read_role(table: Table<'_>) -> Option<Role> {
    let group = table.text("group");
    if !table.has("group") {
        table.missing("group", "write the group whose members have the role");
    }
    let title = table.text("title");
    let homepage = table.text("homepage");
    let actions = table.texts("actions").unwrap_or_default();
    table.close();
    let group = group?;
    Some(Role {
        title: title.unwrap_or_else(|| group.clone()),
        homepage,
        actions: actions.into_iter().map(|(_, action)| action).collect(),
        group,
    })
}
