//! What is kept of a message that waits: sealed, and of one length whether it is to anybody or not.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};
use wayfare::{
    Realm, Seal as _, Secret, SubjectId,
    engine::effect::{Channel, EffectId, Message, Template},
};
use wayfare_wire::seal::{RealmKeys, Sealer};
use zeroize::{Zeroize as _, Zeroizing};

use crate::clock::{Clock, RunHost};

/// What a row is filled up to, in bytes; a link and an address take less.
const STEP_BYTES: usize = 8 * 1024;
/// The longest message that waits, in bytes.
const BYTES_MAX: usize = 512 * 1024;

/// A message that waits, with the journey that wants it sent.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) node: String,
    pub(super) message: Message,
}

/// What a row holds.
#[derive(Debug)]
pub(super) enum Opened {
    /// A message.
    Message(Waiting),
    /// A message to nobody.
    Nobody,
    /// It was sealed with other keys, or for another row, or changed.
    Unreadable,
}

/// How it is written; settings of the node say nothing to this server and are left out.
#[derive(Serialize, Deserialize)]
struct Written {
    node: String,
    sms: bool,
    to: String,
    from: String,
    subject: String,
    body: String,
    template: Option<Filled>,
}

#[derive(Serialize, Deserialize)]
struct Filled {
    name: String,
    locales: Vec<String>,
    about: Option<String>,
    typed: BTreeMap<String, String>,
    link: String,
}

impl Drop for Written {
    fn drop(&mut self) {
        self.body.zeroize();
        if let Some(template) = &mut self.template {
            template.link.zeroize();
        }
    }
}

/// Keys, what they are bound to, and the randomness of sealing.
#[derive(Clone, Copy)]
pub(super) struct Seals<'a> {
    pub(super) keys: &'a RealmKeys,
    pub(super) clock: &'a dyn Clock,
    pub(super) realm: &'a Realm,
    pub(super) id: EffectId,
}

impl Seals<'_> {
    /// A message as it is kept; `None` stands for a message to nobody.
    pub(super) fn seal(self, node: &str, message: Option<&Message>) -> Result<Vec<u8>, String> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(2 * STEP_BYTES));
        bytes.extend_from_slice(&[0; 4]);
        if let Some(message) = message {
            let text = serde_json::to_writer(&mut *bytes, &written(node, message));
            text.map_err(|_| "the message cannot be kept".to_owned())?;
        }
        let length = bytes.len().saturating_sub(4);
        if length > BYTES_MAX {
            return Err("the message is too long to be kept".to_owned());
        }
        let length = u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
        for (to, from) in bytes.iter_mut().zip(length) {
            *to = from;
        }
        let whole = bytes.len().next_multiple_of(STEP_BYTES);
        bytes.resize(whole, 0);
        let host = RunHost { clock: self.clock };
        Sealer::new(self.keys, &host)
            .seal(&self.beside(), &mut bytes)
            .map_err(|_| "the message cannot be sealed".to_owned())?;
        Ok(std::mem::take(&mut *bytes))
    }

    /// What was kept.
    pub(super) fn open(self, data: Vec<u8>) -> Opened {
        self.opened(data).unwrap_or(Opened::Unreadable)
    }

    fn opened(self, data: Vec<u8>) -> Option<Opened> {
        let mut bytes = Zeroizing::new(data);
        let host = RunHost { clock: self.clock };
        let opened = Sealer::new(self.keys, &host).open(&self.beside(), &mut bytes);
        opened.ok()?;
        let (length, rest) = bytes.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        if length == 0 {
            return Some(Opened::Nobody);
        }
        let written: Written = serde_json::from_slice(rest.get(..length)?).ok()?;
        Some(Opened::Message(read(written)))
    }

    /// Each part with its length before it.
    fn beside(self) -> Vec<u8> {
        let run = self.id.run.to_be_bytes();
        let stop = [self.id.generation, self.id.ordinal].map(u32::to_be_bytes);
        let parts = [
            b"outbox",
            self.realm.as_str().as_bytes(),
            &run,
            stop.as_flattened(),
        ];
        let mut beside = Vec::new();
        for part in parts {
            beside.extend_from_slice(&(part.len() as u64).to_be_bytes());
            beside.extend_from_slice(part);
        }
        beside
    }
}

fn written(node: &str, message: &Message) -> Written {
    let template = message.template.as_ref().map(|template| Filled {
        name: template.name.to_string(),
        locales: template.locales.clone(),
        about: template.about.as_ref().map(|about| about.0.to_string()),
        typed: template
            .typed
            .iter()
            .map(|(name, text)| (name.to_string(), text.to_string()))
            .collect(),
        link: template.link.reveal().clone(),
    });
    Written {
        node: node.to_owned(),
        sms: message.channel == Channel::Sms,
        to: message.to.to_string(),
        from: message.from.to_string(),
        subject: message.subject.clone(),
        body: message.body.reveal().clone(),
        template,
    }
}

fn read(mut written: Written) -> Waiting {
    let template = written.template.as_mut().map(|filled| {
        let typed = std::mem::take(&mut filled.typed).into_iter();
        Arc::new(Template {
            name: Arc::from(&*filled.name),
            locales: std::mem::take(&mut filled.locales),
            about: filled.about.take().map(|about| SubjectId(about.into())),
            typed: typed
                .map(|(name, text)| (name.into(), text.into()))
                .collect(),
            link: Secret::new(std::mem::take(&mut filled.link)),
        })
    });
    Waiting {
        node: std::mem::take(&mut written.node),
        message: Message {
            channel: if written.sms {
                Channel::Sms
            } else {
                Channel::Mail
            },
            to: Arc::from(&*written.to),
            from: Arc::from(&*written.from),
            subject: std::mem::take(&mut written.subject),
            body: Secret::new(std::mem::take(&mut written.body)),
            route: BTreeMap::new(),
            template,
        },
    }
}

#[cfg(test)]
mod tests {
    use wayfare::Timestamp;
    use wayfare_wire::seal::KeyPair;

    use super::*;
    use crate::clock::ManualClock;

    fn message(link: &str) -> Message {
        Message {
            channel: Channel::Mail,
            to: "demo@example.com".into(),
            from: "".into(),
            subject: "resetPassword".to_owned(),
            body: Secret::from(link),
            route: BTreeMap::new(),
            template: Some(Arc::new(Template {
                name: "resetPassword".into(),
                locales: vec!["de".to_owned()],
                about: Some(SubjectId("u1".into())),
                typed: BTreeMap::from([("givenName".into(), "Demo".into())]),
                link: Secret::from(link),
            })),
        }
    }

    #[test]
    fn a_message_comes_back_and_a_row_tells_nothing_of_it() {
        let pair = KeyPair::new(1, &Secret::new([1; 32]), &Secret::new([2; 32]));
        let keys = RealmKeys::new(pair.unwrap(), []);
        let clock = ManualClock::at(Timestamp(1));
        let realm = Realm::parse("/alpha").unwrap();
        let id = EffectId {
            run: 7,
            generation: 1,
            ordinal: 2,
        };
        let seals = Seals {
            keys: &keys,
            clock: &clock,
            realm: &realm,
            id,
        };
        let wanted = message(&"x".repeat(3_000));
        let real = seals.seal("link", Some(&wanted)).unwrap();
        let nobody = seals.seal("link", None).unwrap();
        assert_eq!(real.len(), nobody.len());
        assert!(
            !real
                .windows(4)
                .any(|part| part == b"demo" || part == b"xxxx")
        );
        let Opened::Message(back) = seals.open(real.clone()) else {
            panic!("it does not come back");
        };
        assert_eq!((&*back.node, back.message), ("link", wanted));
        assert!(matches!(seals.open(nobody), Opened::Nobody));
        // It is bound to its effect and its realm.
        let other = Seals {
            id: EffectId { ordinal: 3, ..id },
            ..seals
        };
        assert!(matches!(other.open(real.clone()), Opened::Unreadable));
        let root = Realm::root();
        let other = Seals {
            realm: &root,
            ..seals
        };
        assert!(matches!(other.open(real), Opened::Unreadable));
        let long = message(&"x".repeat(BYTES_MAX));
        assert!(seals.seal("link", Some(&long)).is_err());
    }
}
