//! Identity providers of a world in memory.
//!
//! There is the provider `example`, and every one that a node names. Whoever comes back with the code
//! `signed in as NAME`, or an app with such a token, is who has that name there; any other is nobody.

use std::{collections::BTreeMap, sync::Arc};

use wayfare::{
    EffectReply, Value,
    engine::effect::{BeginSocial, Brought, Person, Provider, Social, SocialReply},
};

use crate::world::World;

/// The provider that is always there.
const EXAMPLE: &str = "example";
/// What stands before the name in codes and tokens.
const SIGNED_IN: &str = "signed in as ";

/// What a provider says.
pub(crate) fn said(asked: &Social) -> SocialReply {
    match asked {
        Social::Providers { among } if among.is_empty() => {
            SocialReply::Providers(vec![provider(&Arc::from(EXAMPLE))])
        }
        Social::Providers { among } => SocialReply::Providers(among.iter().map(provider).collect()),
        Social::Begin(begin) => begun(begin),
        Social::Finish(finish) => {
            let brought = match &finish.brought {
                Brought::Code { code, .. } => code,
                Brought::Token { token, .. } => token,
            };
            match brought.reveal().strip_prefix(SIGNED_IN) {
                Some(name) if !name.is_empty() => SocialReply::Told(Box::new(person(name))),
                _ => denied(),
            }
        }
    }
}

/// What a provider says as tests write it: `{ providers = ["…"] }`, or `{ subject = "…", attributes = { … } }`;
/// anything else is a no.
pub(crate) fn told(asked: &Social, said: &Value) -> EffectReply {
    let members = match said {
        Value::Map(map) => Some(&**map),
        _ => None,
    };
    let text = |key: &str| members?.get(key)?.as_text();
    let reply = match asked {
        Social::Providers { .. } => match members.and_then(|map| map.get("providers")) {
            Some(Value::List(names)) => {
                let names = names.iter().filter_map(Value::as_text);
                SocialReply::Providers(names.map(|name| provider(&Arc::from(name))).collect())
            }
            _ => SocialReply::Providers(Vec::new()),
        },
        Social::Begin(begin) => begun(begin),
        Social::Finish(_) => match text("subject") {
            Some(subject) => {
                let mut person = person(subject);
                if let Some(Value::Map(attributes)) = members.and_then(|map| map.get("attributes"))
                {
                    person.attributes = (**attributes).clone();
                }
                SocialReply::Told(Box::new(person))
            }
            None => denied(),
        },
    };
    EffectReply::Social(Box::new(reply))
}

/// No, in the form that fits.
pub(crate) fn refused(asked: &Social) -> EffectReply {
    EffectReply::Social(Box::new(match asked {
        Social::Providers { .. } => SocialReply::Providers(Vec::new()),
        Social::Begin(_) => SocialReply::Unknown,
        Social::Finish(_) => denied(),
    }))
}

fn denied() -> SocialReply {
    SocialReply::Denied(Arc::from("the provider knows nobody by this"))
}

fn provider(name: &Arc<str>) -> Provider {
    let look = BTreeMap::from([(
        Arc::from("buttonDisplayName"),
        Value::Text(Arc::clone(name)),
    )]);
    Provider {
        name: Arc::clone(name),
        ui: Value::Map(Arc::new(look)),
    }
}

fn begun(begin: &BeginSocial) -> SocialReply {
    if begin.native {
        return SocialReply::Native {
            client: Arc::from("wayfare"),
            redirect: Arc::from("https://login.example/"),
            scopes: vec![Arc::from("openid")],
            acr_values: Vec::new(),
        };
    }
    SocialReply::Redirect {
        url: Arc::from(format!(
            "https://{}.example/authorize?state={}",
            begin.provider,
            begin.state.reveal()
        )),
        method: Arc::from("GET"),
        data: None,
    }
}

fn person(name: &str) -> Person {
    let attributes = BTreeMap::from([(Arc::from("userName"), Value::from(name))]);
    let raw = BTreeMap::from([(Arc::from("sub"), Value::from(name))]);
    Person {
        subject: Arc::from(name),
        attributes,
        raw: Value::Map(Arc::new(raw)),
        access: None,
        refresh: None,
    }
}

impl World {
    /// The state of the run that somebody was sent away with last, as a provider sends it back.
    pub(crate) fn state_sent(&self) -> Option<String> {
        let mut done = self.performed.iter().rev();
        done.find_map(|done| match &done.effect {
            wayfare::Effect::Social(asked) => match &**asked {
                Social::Begin(begin) => Some(begin.state.reveal().clone()),
                _ => None,
            },
            _ => None,
        })
    }
}
