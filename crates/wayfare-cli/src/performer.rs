//! Effects performed in memory, for playing a journey in the terminal.
//!
//! There is no store behind it: users are those of the command line, mail is printed, an account that is
//! locked stays locked until the command ends.

use std::{collections::BTreeMap, sync::Arc};

use ring::rand::{SecureRandom as _, SystemRandom};
use wayfare::{
    Effect, EffectReply, Host, Secret, SubjectId, Timestamp, Value,
    engine::{
        effect::{Credential, Identity, Who},
        host::NoRandomness,
    },
};

use crate::{Trouble, terminal::Terminal};

/// The clock and randomness of this machine.
#[derive(Debug)]
pub(crate) struct Machine;

impl Host for Machine {
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        Timestamp(
            since
                .ok()
                .and_then(|s| u64::try_from(s.as_millis()).ok())
                .unwrap_or(0),
        )
    }

    fn random(&self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        SystemRandom::new().fill(bytes).map_err(|_| NoRandomness)
    }
}

/// A user of the command line.
#[derive(Debug)]
struct User {
    password: Secret<String>,
    active: bool,
}

/// The users, by name.
#[derive(Debug)]
pub(crate) struct Performer {
    users: BTreeMap<String, User>,
    terminal: Terminal,
}

impl Performer {
    /// Users from `NAME:PASSWORD`; without any, the demo user.
    pub(crate) fn new(given: &[String], terminal: Terminal) -> Result<Self, Trouble> {
        let mut users = BTreeMap::new();
        let demo = [String::from("demo:Ch4ng31t")];
        for pair in if given.is_empty() { &demo[..] } else { given } {
            let (name, password) = pair
                .split_once(':')
                .filter(|(name, _)| !name.is_empty())
                .ok_or_else(|| {
                    Trouble::input(format!(
                        "`--user {pair}` is not of the form `NAME:PASSWORD`"
                    ))
                })?;
            let password = Secret::new(password.to_owned());
            users.insert(
                name.to_owned(),
                User {
                    password,
                    active: true,
                },
            );
        }
        Ok(Self { users, terminal })
    }

    /// Performs one effect.
    pub(crate) fn perform(&mut self, effect: &Effect) -> EffectReply {
        match effect {
            Effect::Verify(verify) => {
                let name = name_of(&verify.who).to_owned();
                let Some(identity) = self.identity(&name) else {
                    return EffectReply::Miss;
                };
                let right = match &verify.credential {
                    Credential::Password => self
                        .users
                        .get(&name)
                        .is_some_and(|user| user.password == verify.secret),
                    Credential::Otp { expected, lapsed } => !lapsed && *expected == verify.secret,
                    Credential::Recovery | Credential::Answers { .. } => false,
                };
                if right {
                    EffectReply::Match(identity)
                } else {
                    EffectReply::Miss
                }
            }
            Effect::ReadIdentity(read) => EffectReply::Identity(self.identity(name_of(&read.who))),
            Effect::SetStatus(set) => match self.users.get_mut(name_of(&set.who)) {
                Some(user) => {
                    user.active = set.active;
                    let what = if set.active { "unlocked" } else { "locked" };
                    self.terminal.say(&format!("-- the account is {what}"));
                    EffectReply::StatusSet(true)
                }
                None => EffectReply::StatusSet(false),
            },
            Effect::Send(message) => {
                self.terminal
                    .say(&format!("-- mail to {}: {}", message.to, message.subject));
                for line in message.body.reveal().lines() {
                    self.terminal.say(&format!("   {line}"));
                }
                EffectReply::Sent
            }
            Effect::ReadSession(_) => EffectReply::Session(None),
            // Nobody comes with a cookie here.
            Effect::OpenCookie(_) => EffectReply::Remembered(None),
            Effect::Custom(custom) => EffectReply::Failed(format!(
                "nothing performs effects of kind `{}` here",
                custom.kind
            )),
            _ => EffectReply::Failed("nothing performs this effect here".to_owned()),
        }
    }

    fn identity(&self, name: &str) -> Option<Identity> {
        let user = self.users.get(name)?;
        let text = |text: String| Value::text(text);
        let attributes = BTreeMap::from([
            (Arc::from("username"), text(name.to_owned())),
            (Arc::from("mail"), text(format!("{name}@example.com"))),
        ]);
        Some(Identity {
            subject: SubjectId(Arc::from(name)),
            username: Arc::from(name),
            active: user.active,
            attributes,
        })
    }
}

fn name_of(who: &Who) -> &str {
    match who {
        Who::Name(name) => name,
        Who::Subject(subject) => &subject.0,
    }
}
