//! A user as this wire shows one.

use crate::json::Writer;

/// What the answer to a login says of the user, in the form in which a directory would.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct User {
    /// The name in the directory: `cn=bob@example.com,ou=People,dc=example,dc=com`.
    pub dn: String,
    /// The number of the group, as text.
    pub gid_number: String,
    /// The name that is typed.
    pub uid: String,
    /// The name that is shown.
    pub display_name: String,
    /// The groups.
    pub groups: Vec<String>,
    /// The mail address, where there is one.
    pub email: Option<String>,
    /// Who it is, in a form that does not change.
    pub subject: String,
}

impl User {
    /// The members of the user object, in the order of the vendor's samples.
    pub(super) fn write(&self, body: &mut Writer) {
        body.key("dn").text(&self.dn);
        body.key("controls").texts::<&str>([]);
        body.key("gidNumber").text(&self.gid_number);
        body.key("uid").text(&self.uid);
        body.key("displayName").text(&self.display_name);
        body.key("_groups").texts(&self.groups);
    }
}

/// A user as administrators see one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Account {
    /// What everybody is shown.
    pub user: User,
    /// Whether the user may log in.
    pub active: bool,
}

impl Account {
    pub(super) fn write(&self, body: &mut Writer) {
        self.user.write(body);
        if let Some(email) = &self.user.email {
            body.key("email").text(email);
        }
        body.key("sub").text(&self.user.subject);
        body.key("enabled").bool(self.active);
    }
}
