//! The people of a world.

use std::{collections::BTreeMap, sync::Arc};

use wayfare::{Secret, SubjectId, Value, engine::effect::Identity, model::scenario::PasswordState};
use wayfare_profile::answer_key;

use crate::device::KeptDevice;

/// Somebody who may log in.
///
/// ```
/// use wayfare_sim::User;
/// let user = User::new("ada").password("Ch4ng31t").attribute("mail", "ada@example.com");
/// assert!(user.active);
/// assert!(!format!("{user:?}").contains("Ch4ng31t"));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct User {
    /// The canonical id; `id-` and the name unless it was told.
    pub subject: SubjectId,
    /// The canonical name.
    pub username: Arc<str>,
    /// The password; nobody gets in by one where there is none.
    pub password: Option<Secret<String>>,
    /// Whether the account is active.
    pub active: bool,
    /// The attributes of the profile; letter case of their names does not matter.
    pub attributes: BTreeMap<String, Value>,
    /// The recovery codes that stand in for a device of any kind and are not used up.
    pub recovery_codes: Vec<Secret<String>>,
    /// The devices, the oldest of each kind first.
    pub devices: Vec<KeptDevice>,
    /// What the password policy of the store says of the password, where it says anything.
    pub password_state: Option<PasswordState>,
}

impl User {
    /// An active user without a password, whose profile holds `uid` and `username` as the server's do.
    pub fn new(username: impl Into<Arc<str>>) -> Self {
        let username = username.into();
        let name = |key: &str| (key.to_owned(), Value::Text(Arc::clone(&username)));
        Self {
            subject: SubjectId(Arc::from(format!("id-{username}"))),
            attributes: BTreeMap::from([name("uid"), name("username")]),
            password: None,
            active: true,
            recovery_codes: Vec::new(),
            devices: Vec::new(),
            password_state: None,
            username,
        }
    }

    /// With this password.
    pub fn password(mut self, password: &str) -> Self {
        self.password = Some(Secret::from(password));
        self
    }

    /// With this attribute in the profile.
    pub fn attribute(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.attributes.insert(name.into(), value.into());
        self
    }

    /// With one more recovery code.
    pub fn recovery_code(mut self, code: &str) -> Self {
        self.recovery_codes.push(Secret::from(code));
        self
    }

    /// With this to be said of the password by the policy of the store.
    pub fn password_state(mut self, state: PasswordState) -> Self {
        self.password_state = Some(state);
        self
    }

    /// With an account that is not active.
    pub fn inactive(mut self) -> Self {
        self.active = false;
        self
    }

    /// Whether this is the answer to a security question that stands under the attribute; letter case and
    /// blanks do not matter.
    pub(crate) fn has_answer(
        &self,
        attribute: &str,
        question: &str,
        answer: &Secret<String>,
    ) -> bool {
        let plain = |text: &str| answer_key(&Secret::from(text));
        let typed = answer_key(answer);
        let mut attributes = self.attributes.iter();
        let kept = attributes.find(|(key, _)| key.eq_ignore_ascii_case(attribute));
        let Some((_, Value::List(kept))) = kept else {
            return false;
        };
        let is_right = |entry: &Value| {
            let Value::Map(entry) = entry else {
                return false;
            };
            let asked = entry
                .get("questionId")
                .or_else(|| entry.get("customQuestion"))
                .and_then(Value::as_text);
            let kept = match entry.get("answer") {
                Some(Value::Text(text)) => plain(text),
                Some(Value::Secret(text)) => answer_key(text),
                _ => return false,
            };
            asked == Some(question) && kept == typed
        };
        !typed.reveal().is_empty() && kept.iter().any(is_right)
    }

    /// The identity as a store gives it, with the attributes that are wanted and there.
    pub fn identity(&self, wanted: &[Arc<str>]) -> Identity {
        let find = |name: &str| {
            let mut all = self.attributes.iter();
            all.find(|(key, _)| key.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.clone())
        };
        Identity {
            subject: self.subject.clone(),
            username: Arc::clone(&self.username),
            active: self.active,
            attributes: wanted
                .iter()
                .filter_map(|name| Some((Arc::clone(name), find(name)?)))
                .collect(),
        }
    }
}
