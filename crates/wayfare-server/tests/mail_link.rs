//! A node type of the tests' own: sends a link and waits until it is followed.

use std::{borrow::Cow, collections::BTreeMap, time::Duration};

use wayfare::{
    Action, Context, Effect, NodeError, NodeType, Prepared, Reply, Secret, Setup, Signature,
    Suspend,
    engine::effect::{Channel, Message},
    model::{
        journey::OutcomeId,
        signature::{Known, Outcomes},
    },
};

/// Sends a link and waits for it to be followed.
#[derive(Debug)]
pub(crate) struct MailLink;

impl NodeType for MailLink {
    fn signature(&self) -> Signature {
        Signature {
            outcomes: Outcomes::Fixed(Cow::Borrowed(&[Cow::Borrowed("outcome")])),
            suspends: Known::Is(true),
            ..Signature::new("MailLink", "MailLinkNode")
        }
    }

    fn prepare(&self, setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
        Ok(Box::new(Waiting(setup.outcome("outcome")?)))
    }
}

#[derive(Debug)]
struct Waiting(OutcomeId);

impl Prepared for Waiting {
    fn enter(&self, _: &mut Context<'_>) -> Result<Action, NodeError> {
        Ok(Action::Suspend(Box::new(Suspend {
            text: "We sent you a link.".to_owned(),
            within: Some(Duration::from_secs(600)),
            deliver: Some(Effect::Send(Message {
                channel: Channel::Mail,
                to: "demo@example.com".into(),
                from: "".into(),
                subject: "Go on".to_owned(),
                body: Secret::from("Follow {0} now"),
                route: BTreeMap::new(),
                template: None,
            })),
        })))
    }

    fn resume(&self, _: &mut Context<'_>, _: Reply) -> Result<Action, NodeError> {
        Ok(Action::go(self.0))
    }
}
