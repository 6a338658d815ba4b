//! What a proof on the way of a run is worth.
//!
//! In: the outcomes by which tasks are left, one after the other, and the nodes that fail. Out: for each
//! outcome the factor that it proves of whoever is named then, and whether another person may have been
//! named. An arrow that proves is not enough: a code proves something only of whom it was sent to, and a
//! name that is written takes away what was proved before it.

use std::sync::Arc;

use wayfare::{
    Factor, Program,
    model::{
        address::{Addresses, Stated},
        journey::{Node, NodeKind, SettingValue, Task},
        signature::Challenge,
    },
};

/// The code that is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Code {
    /// None, or one that proves nothing.
    None,
    /// One that has gone to nobody yet.
    Made,
    /// One that has gone to the person named last.
    Sent,
}

/// Whose address the state states for a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Address {
    /// Nobody's: the profile is asked.
    None,
    /// That of the person named last.
    Own,
    /// Anybody's.
    Foreign,
}

/// What an outcome says of whoever is named.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Said {
    /// What it proves of them.
    pub(crate) proves: Option<Factor>,
    /// Whether it may have named another person.
    pub(crate) renames: bool,
}

/// What a run knows of codes, as it goes on.
#[derive(Debug)]
pub(crate) struct Worth<'p> {
    program: &'p Program,
    addresses: Addresses,
    code: Code,
    address: Address,
}

impl<'p> Worth<'p> {
    /// That of a run that begins.
    pub(crate) fn new(program: &'p Program) -> Self {
        Self {
            program,
            addresses: Addresses::new(&program.catalog, program.journeys.iter()),
            code: Code::None,
            address: Address::None,
        }
    }

    /// A task is left by an outcome.
    pub(crate) fn left(&mut self, task: &Task, outcome: &str) -> Said {
        let Some(signature) = self.program.catalog.get(task.ty) else {
            return Said::default();
        };
        let setting = |key: &str| setting(task, key);
        let facts = signature.facts_of(outcome);
        let challenge = facts.map_or(Challenge::None, |facts| facts.challenge);
        let said = Said {
            proves: signature
                .proves(outcome, setting)
                .filter(|_| challenge != Challenge::Answers || self.code == Code::Sent),
            renames: signature.renames(outcome, setting).or(true),
        };
        if said.renames {
            self.code = Code::None;
            if self.address == Address::Own {
                self.address = Address::Foreign;
            }
        }
        let stated = self.addresses.stated(signature, task, outcome);
        if stated == Stated::Used {
            self.astray(false);
        }
        self.code = match (challenge, self.code) {
            (Challenge::Opens, _) => Code::Sent,
            (Challenge::Makes, _) => Code::Made,
            (Challenge::Binds, Code::Made | Code::Sent) if !self.is_lost(stated) => Code::Sent,
            (Challenge::Binds | Challenge::None, code) => code,
            (Challenge::Answers, _) => Code::None,
        };
        self.address = match (stated, self.address) {
            (Stated::Written, _) => Address::Foreign,
            (Stated::Found, _) | (Stated::Used, Address::None) => Address::Own,
            (Stated::Kept | Stated::Used, address) => address,
        };
        said
    }

    /// A node fails: what it did is taken back, but what was sent was sent.
    pub(crate) fn failed(&mut self, node: &Node) {
        let does = |wanted: Stated| {
            let is = |task: &Task, outcome: &str| self.stated(task, outcome) == wanted;
            match &node.kind {
                NodeKind::Task(task) => node.outcomes.iter().any(|name| is(task, name)),
                NodeKind::Page(page) => page.children.iter().any(|child| {
                    let mut all = child.outcomes.iter();
                    all.any(|name| is(&child.task, name))
                }),
                NodeKind::Decision(_)
                | NodeKind::Inner(_)
                | NodeKind::Success
                | NodeKind::Failure
                | NodeKind::LooseEnd => false,
            }
        };
        if does(Stated::Used) {
            let writes = does(Stated::Written);
            self.astray(writes);
        }
    }

    fn stated(&self, task: &Task, outcome: &str) -> Stated {
        let signature = self.program.catalog.get(task.ty);
        signature.map_or(Stated::Kept, |of| self.addresses.stated(of, task, outcome))
    }

    fn is_lost(&self, stated: Stated) -> bool {
        stated == Stated::Used && self.address == Address::Foreign
    }

    /// A code may have gone where the state says; whether that is anybody's for certain.
    fn astray(&mut self, foreign: bool) {
        if foreign || self.address == Address::Foreign {
            self.code = Code::None;
        }
    }
}

fn setting<'t>(task: &'t Task, key: &str) -> Option<&'t SettingValue> {
    let mut all = task.settings.iter();
    let found: Option<&(Arc<str>, SettingValue)> = all.find(|(name, _)| **name == *key);
    found.map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use wayfare::{Compiler, Factor, Source, model::journey::Journey};

    use super::Worth;

    const CODES: &str = "
journey login {
  start name
  node name: UsernameCollector -> make
  node make: OneTimePasswordGenerator -> address
  node address: SetState(attributes = { emailAddress = \"desk@example.com\" }) -> send
  node send: OneTimePasswordSmtpSender -> both
  node both: Page {
    node state: SetState(attributes = { emailAddress = \"desk@example.com\" })
    node resend: OneTimePasswordSmtpSender
    node ready: Message(message = \"?\")
    true -> enter
    false -> failure
    on error -> enter
  }
  node enter: OneTimePasswordCollectorDecision {
    true -> success
    false -> failure
  }
}
";

    /// What the last of these steps proves, each a node of the journey with its outcome; `!` is a failure.
    fn proves(steps: &[(&str, &str)]) -> Option<Factor> {
        let compiled = Compiler::new(wayfare::catalogue::standard())
            .compile([Source::new("a.journey", CODES)]);
        let refused = compiled.refused.clone();
        let program = compiled.program.map(wayfare::Valid::into_inner);
        let program = program.or(refused).unwrap();
        let journey: &Journey = program.journey_named("login").unwrap();
        let mut worth = Worth::new(&program);
        let mut last = None;
        for (name, outcome) in steps {
            let node = journey
                .graph
                .node_weights()
                .find(|node| *node.path == **name);
            let node = node.unwrap();
            last = match (&node.kind, *outcome) {
                (_, "!") => {
                    worth.failed(node);
                    None
                }
                (super::NodeKind::Task(task), outcome) => worth.left(task, outcome).proves,
                (kind, _) => panic!("{kind:?}"),
            };
        }
        last
    }

    #[test]
    fn a_code_proves_only_whom_it_was_sent_to() {
        let (name, make) = (("name", "outcome"), ("make", "outcome"));
        let (send, enter) = (("send", "outcome"), ("enter", "true"));
        assert_eq!(proves(&[name, make, send, enter]), Some(Factor::Otp));
        assert_eq!(proves(&[name, make, enter]), None, "it was sent to nobody");
        assert_eq!(proves(&[name, send, make, enter]), None);
        assert_eq!(proves(&[name, make, send, name, enter]), None);
        assert_eq!(proves(&[name, make, send, enter, enter]), None, "used up");
        assert_eq!(
            proves(&[name, make, ("address", "outcome"), send, enter]),
            None
        );
        assert_eq!(proves(&[name, make, send, ("both", "!"), enter]), None);
        assert_eq!(
            proves(&[name, make, send, ("send", "!"), enter]),
            Some(Factor::Otp)
        );
    }
}
