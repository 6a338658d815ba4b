//! What the members of groups may do, as it is written in the settings.

use std::collections::BTreeSet;

/// What is called a role where nobody has one.
const UNKNOWN: &str = "Unknown";

/// The page that users begin at, unless a role says otherwise.
const HOMEPAGE: &str = "company";

/// Everything.
const ALL: &str = "*";

/// What a group may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// The group.
    pub group: String,
    /// What the role is called.
    pub title: String,
    /// The page that its members begin at; `company` where it is not said.
    pub homepage: Option<String>,
    /// The actions, such as `SHOW__USER`; `*` is all of them.
    pub actions: Vec<String>,
}

/// The roles, in the order in which they are declared.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Roles(pub Vec<Role>);

/// What somebody may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permitted {
    /// The actions, each once, in the order of declaration; only `*` where that is among them.
    pub actions: Vec<String>,
    /// What the first of the roles is called.
    pub title: String,
    /// Where it begins.
    pub homepage: String,
}

impl Roles {
    /// What the members of these groups may do, all together.
    pub fn of(&self, groups: &[String]) -> Permitted {
        let held = || self.0.iter().filter(|role| groups.contains(&role.group));
        let mut seen = BTreeSet::new();
        let each = held().flat_map(|role| &role.actions);
        let mut actions: Vec<String> = each.filter(|one| seen.insert(*one)).cloned().collect();
        if seen.contains(&ALL.to_owned()) {
            actions = vec![ALL.to_owned()];
        }
        let first = held().next();
        Permitted {
            actions,
            title: first.map_or(UNKNOWN, |role| &role.title).to_owned(),
            homepage: first
                .and_then(|role| role.homepage.as_deref())
                .unwrap_or(HOMEPAGE)
                .to_owned(),
        }
    }
}
