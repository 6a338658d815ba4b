//! A node type of these tests, made as an embedder makes one: it sends the client elsewhere and looks at
//! what it brings back.

use wayfare::{
    Action, Callback, Context, NodeError, NodeType, Prepared, Registry, Reply, Setup, Signature,
    Value,
    model::{
        journey::OutcomeId,
        signature::{Known, Outcomes},
    },
};

use crate::mail_link::MailLink;

/// The built-in types and those of these tests.
pub(super) fn registry() -> Registry {
    let mut registry = Registry::standard();
    registry.add(Elsewhere).expect("a name of its own");
    registry.add(MailLink).expect("a name of its own");
    registry
}

fn fixed(names: &'static [&'static str]) -> Outcomes {
    Outcomes::Fixed(names.iter().map(|name| (*name).into()).collect())
}

#[derive(Debug)]
struct Elsewhere;

impl NodeType for Elsewhere {
    fn signature(&self) -> Signature {
        Signature {
            outcomes: fixed(&["came", "missing"]),
            asks: Known::Is(true),
            ..Signature::new("Elsewhere", "ElsewhereNode")
        }
    }

    fn prepare(&self, setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
        Ok(Box::new(Sending {
            came: setup.outcome("came")?,
            missing: setup.outcome("missing")?,
        }))
    }
}

#[derive(Debug)]
struct Sending {
    came: OutcomeId,
    missing: OutcomeId,
}

/// What a client may bring back.
const RETURNED: &[&str] = &[
    "code",
    "state",
    "scope",
    "error",
    "error_description",
    "errorCode",
    "errorMessage",
    "form_post_entry",
    "responsekey",
    "nonce",
    "RelayState",
    "of_my_own",
];

impl Prepared for Sending {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        let mut state = [0; 16];
        cx.random(&mut state)?;
        let state = format!("{:032x}", u128::from_be_bytes(state));
        cx.set_visit(Some(Value::text(&*state)));
        Ok(Action::ask([Callback::Redirect {
            url: format!("https://idp.example.com/authorize?state={state}"),
            method: "GET".to_owned(),
            data: None,
            tracking_cookie: true,
        }]))
    }

    fn resume(&self, cx: &mut Context<'_>, _: Reply) -> Result<Action, NodeError> {
        let state = cx.request().parameter("state").next().map(str::to_owned);
        let ours = state.as_deref() == cx.visit().and_then(Value::as_text);
        for name in RETURNED {
            let all: Vec<&str> = cx.request().parameter(name).collect();
            let all = all.join("|");
            if !all.is_empty() {
                cx.success_detail(name, Value::text(&*all));
                cx.failure_detail(None, vec![((*name).into(), Value::text(&*all))]);
            }
        }
        Ok(Action::go(if ours { self.came } else { self.missing }))
    }
}
