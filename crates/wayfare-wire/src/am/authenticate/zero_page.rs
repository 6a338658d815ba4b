//! A first step that is answered from the headers of the start, all of it or nothing.
//!
//! It asks for a name and a password and for nothing else, the headers are there, and nothing of the
//! journey looks at them itself. Otherwise the step goes to the client as it is.

use std::sync::Arc;

use wayfare::{
    Answer, Ask, AuthSession, Callback, Realm, Secret,
    encoded_word::decode,
    headless::{Answers, Given as Value, Slot},
    model::journey::NodeKind,
};

use super::{Along, Exchange, within};

const USERNAME: &str = "x-openam-username";
const PASSWORD: &str = "x-openam-password";

/// The node that reads such headers, if a journey has one.
const NODE: &str = "ZeroPageLogin";

impl<'a> Exchange<'a> {
    /// Whether headers came that may answer the first step of a journey.
    pub(super) fn headers(&self, realm: &Realm, journey: &str) -> Along<'a> {
        let came = [USERNAME, PASSWORD]
            .iter()
            .any(|name| self.parts.header(name).next().is_some());
        if came && self.settings.zero_page && !self.reads_headers(realm, journey) {
            Along::Headers
        } else {
            Along::Nothing
        }
    }

    /// Whether the journey has the node that decides about such headers by itself.
    fn reads_headers(&self, realm: &Realm, journey: &str) -> bool {
        let Some(engine) = self.site.engine(realm) else {
            return false;
        };
        let program = engine.program();
        let node = program.catalog.find(NODE);
        let journey = program.journey_on_wire(journey);
        journey.is_some_and(|journey| {
            let mut nodes = journey.graph.node_weights();
            nodes.any(|one| matches!(&one.kind, NodeKind::Task(task) if Some(program.catalog.kind(task.ty)) == node))
        })
    }

    /// The answers to all of a step; `None` where one of its callbacks asks for something else.
    pub(super) fn answers_in_headers(
        &self,
        session: &AuthSession,
        ask: &Ask,
    ) -> Option<Vec<Answer>> {
        let header = |name: &'static str| {
            let value = self.parts.header(name).next()?;
            decode(value).ok().map(std::borrow::Cow::into_owned)
        };
        let mut given = Answers::new();
        let (mut names, mut passwords) = (0, 0);
        for callback in &ask.callbacks {
            let (nth, value) = match callback {
                Callback::Name { .. } => (&mut names, header(USERNAME).map(Value::Text)),
                Callback::Password { .. } => {
                    let password = header(PASSWORD).map(Secret::new);
                    (&mut passwords, password.map(Value::Secret))
                }
                _ => return None,
            };
            *nth += 1;
            given.put(Slot::Kind(Arc::from(callback.kind()), *nth), value?);
        }
        let answers = given.to_first(ask)?;
        (!answers.is_empty() && within(session, &answers).is_ok()).then_some(answers)
    }
}
