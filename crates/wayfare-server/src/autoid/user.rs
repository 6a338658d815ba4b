//! Users as this wire shows them.

use std::sync::Arc;

use wayfare::{Value, engine::effect::Identity};
use wayfare_wire::autoid::user::User;

use crate::config::AutoidSettings;

/// The attributes that are looked at.
pub(super) const ATTRIBUTES: &[&str] = &["cn", "displayName", "givenName", "groups", "mail", "sn"];

/// A user in the form of this wire.
pub(super) fn of(identity: &Identity, settings: &AutoidSettings) -> User {
    let text = |name: &str| {
        let value = identity.attributes.get(name).and_then(Value::as_text);
        value.map(str::to_owned).filter(|text| !text.is_empty())
    };
    let uid = identity.username.to_string();
    let email = text("mail");
    let both = || Some(format!("{} {}", text("givenName")?, text("sn")?));
    let one = || text("givenName").or_else(|| text("sn"));
    let shown = text("displayName").or_else(|| text("cn"));
    let shown = shown.or_else(both).or_else(one);
    let groups = match identity.attributes.get("groups") {
        Some(Value::List(groups)) => groups
            .iter()
            .filter_map(Value::as_text)
            .map(str::to_owned)
            .collect(),
        Some(one) => one.as_text().map(str::to_owned).into_iter().collect(),
        None => Vec::new(),
    };
    let dn = settings
        .dn
        .replace("{uid}", &escaped(&uid))
        .replace("{email}", &escaped(email.as_deref().unwrap_or(&uid)));
    User {
        dn,
        gid_number: settings.gid_number.clone(),
        display_name: shown.unwrap_or_else(|| uid.clone()),
        groups,
        email,
        subject: identity.subject.0.to_string(),
        uid,
    }
}

/// A user who is only named as yet.
pub(super) fn from_name(uid: &str, email: Option<&str>, settings: &AutoidSettings) -> User {
    let mut identity = Identity::named(Arc::from(uid));
    if let Some(email) = email {
        let mail = (Arc::from("mail"), Value::from(email));
        identity.attributes.extend([mail]);
    }
    of(&identity, settings)
}

/// A value as it may stand in the name of an entry (RFC 4514, section 2.4).
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for (at, c) in text.chars().enumerate() {
        let special = matches!(
            c,
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' | '=' | '{' | '}'
        );
        if special || (at == 0 && matches!(c, ' ' | '#')) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    if escaped.ends_with(' ') && escaped.len() > 1 {
        escaped.pop();
        escaped.push_str("\\ ");
    }
    escaped
}
