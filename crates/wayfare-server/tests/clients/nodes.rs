//! A node type of the test's own: it sends the client elsewhere.

use std::borrow::Cow;

use wayfare::{
    Action, Callback, Context, NodeError, NodeType, Prepared, Registry, Reply, Setup, Signature,
    Value,
    model::{
        journey::OutcomeId,
        signature::{Known, Outcomes},
    },
};

use crate::{devices::KeptKey, mail_link::MailLink};

/// The built-in types and those of this test.
pub(crate) fn registry(stage: &str) -> Registry {
    let mut registry = Registry::standard();
    let idp = format!("{stage}/idp");
    registry.add(Elsewhere { idp }).expect("a name of its own");
    registry.add(MailLink).expect("a name of its own");
    registry.add(KeptKey).expect("a name of its own");
    registry
}

/// Sends the client to a place that gives it a code, and takes it back with that code.
#[derive(Debug)]
struct Elsewhere {
    idp: String,
}

impl NodeType for Elsewhere {
    fn signature(&self) -> Signature {
        const OUTCOMES: &[Cow<'static, str>] = &[Cow::Borrowed("came"), Cow::Borrowed("missing")];
        Signature {
            outcomes: Outcomes::Fixed(Cow::Borrowed(OUTCOMES)),
            asks: Known::Is(true),
            ..Signature::new("Elsewhere", "ElsewhereNode")
        }
    }

    fn prepare(&self, setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
        Ok(Box::new(Sender {
            idp: self.idp.clone(),
            came: setup.outcome("came")?,
            missing: setup.outcome("missing")?,
        }))
    }
}

#[derive(Debug)]
struct Sender {
    idp: String,
    came: OutcomeId,
    missing: OutcomeId,
}

impl Prepared for Sender {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        let mut state = [0; 16];
        cx.random(&mut state)?;
        let state = format!("{:032x}", u128::from_be_bytes(state));
        // Back to where the request came from: an application, or the login page.
        let origin = cx.request().header("origin").next().unwrap_or_default();
        let url = format!("{}?state={state}&origin={origin}", self.idp);
        cx.set_visit(Some(Value::text(&*state)));
        Ok(Action::ask([Callback::Redirect {
            url,
            method: "GET".to_owned(),
            data: None,
            tracking_cookie: true,
        }]))
    }

    fn resume(&self, cx: &mut Context<'_>, _: Reply) -> Result<Action, NodeError> {
        let one = |name| cx.request().parameter(name).next();
        let ours = one("state") == cx.visit().and_then(Value::as_text);
        let came = ours && one("code") == Some("4/2 +&");
        Ok(Action::go(if came { self.came } else { self.missing }))
    }
}
