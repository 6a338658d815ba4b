//! Effects performed in memory, for playing a journey in the terminal.
//!
//! The world is the one of simulations, with the users of the command line in it; what whoever plays should
//! see of it is printed: mail, and accounts that are locked. Nobody is locked out for wrong secrets, and
//! nothing outlives the command.

use std::sync::Arc;

use ring::rand::{SecureRandom as _, SystemRandom};
use wayfare::{
    Effect, EffectReply, Host, SubjectId, Timestamp,
    engine::{host::NoRandomness, step::Call},
};
use wayfare_sim::{Lockout, Sent, User, World};

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

/// The world of a run, and where what happens in it is said.
#[derive(Debug)]
pub(crate) struct Performer {
    world: World,
    terminal: Terminal,
}

impl Performer {
    /// Users from `NAME:PASSWORD`; without any, the demo user.
    pub(crate) fn new(given: &[String], terminal: Terminal) -> Result<Self, Trouble> {
        let mut world = World::new();
        world.lockout = Lockout {
            failures: u32::MAX,
            hard: u32::MAX,
            ..Lockout::default()
        };
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
            let mut user = User::new(name).password(password);
            user.subject = SubjectId(Arc::clone(&user.username));
            world = world.user(user.attribute("mail", format!("{name}@example.com").as_str()));
        }
        Ok(Self { world, terminal })
    }

    /// Performs one effect.
    pub(crate) fn perform(&mut self, call: &Call) -> EffectReply {
        if let Effect::Custom(custom) = &call.effect {
            let kind = &custom.kind;
            return EffectReply::Failed(format!("nothing performs effects of kind `{kind}` here"));
        }
        let sent = self.world.outbox.len();
        let reply = self.world.perform(call, Machine.now());
        if let (Effect::SetStatus(set), EffectReply::StatusSet(true)) = (&call.effect, &reply) {
            let what = if set.active { "unlocked" } else { "locked" };
            self.terminal.say(&format!("-- the account is {what}"));
        }
        for mail in self.world.outbox.iter().skip(sent) {
            self.show(mail);
        }
        reply
    }

    fn show(&self, Sent { message, .. }: &Sent) {
        self.terminal
            .say(&format!("-- mail to {}: {}", message.to, message.subject));
        for line in message.body.reveal().lines() {
            self.terminal.say(&format!("   {line}"));
        }
    }
}
