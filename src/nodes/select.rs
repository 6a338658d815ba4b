//! The node that asks which identity provider to use.
//!
//! Which providers there are says the embedder. One choice is taken without asking; what is answered must be
//! one of those that were offered on this visit.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    engine::{
        action::{Action, Reply},
        callback::{Answer, Callback, Foreign},
        context::Context,
        effect::{Effect, EffectReply, FindIdentity, Identity, Provider, Social, SocialReply, Who},
        error::NodeError,
        node_type::{Prepared, Setup},
    },
    filter::{Filter, Pointer},
    model::{expr::KeyId, journey::OutcomeId, value::Value},
    nodes::{
        failure,
        federation::{ALIASES, aliases, link},
        profile::{Finder, Target},
        reply::unexpected,
        setting::constant,
    },
};

/// The choice of the password here, as clients spell it.
const LOCAL: &str = "localAuthentication";

/// Offers the providers, and the password here.
#[derive(Debug)]
struct SelectIdp {
    /// Whether the password here is offered too.
    local: bool,
    /// Whether only those are offered that the user has an account at.
    existing: bool,
    password: Arc<str>,
    among: Vec<Arc<str>>,
    finder: Finder,
    selected: KeyId,
    social_outcome: OutcomeId,
    local_outcome: Option<OutcomeId>,
}

pub(super) fn idp(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    Ok(Box::new(SelectIdp {
        local: constant(setup, "includeLocalAuthentication")?,
        existing: constant(setup, "offerOnlyExisting")?,
        password: constant(setup, "passwordAttribute")?,
        among: constant(setup, "filteredProviders")?,
        finder: Finder::prepare(setup)?,
        selected: setup.key("selectedIdp"),
        social_outcome: setup.outcome("socialAuthentication")?,
        local_outcome: setup.try_outcome(LOCAL),
    }))
}

/// What may be chosen, on its way to being asked and until it is answered.
#[derive(Debug, Default)]
struct Offer {
    providers: Vec<Provider>,
    local: bool,
}

impl Offer {
    fn of(cx: &Context<'_>) -> Option<Self> {
        let Some(Value::Map(map)) = cx.visit() else {
            return None;
        };
        let Some(Value::Map(looks)) = map.get("providers") else {
            return None;
        };
        let Some(Value::List(names)) = map.get("names") else {
            return None;
        };
        let provider = |name: &Value| {
            let Value::Text(name) = name else {
                return None;
            };
            Some(Provider {
                name: Arc::clone(name),
                ui: looks.get(name)?.clone(),
            })
        };
        Some(Self {
            providers: names.iter().filter_map(provider).collect(),
            local: map.get("local") == Some(&Value::Bool(true)),
        })
    }

    fn keep(&self, cx: &mut Context<'_>) {
        let names = self
            .providers
            .iter()
            .map(|p| Value::Text(Arc::clone(&p.name)));
        let looks = self.providers.iter();
        let looks = looks.map(|provider| (Arc::clone(&provider.name), provider.ui.clone()));
        let kept = BTreeMap::from([
            (Arc::from("names"), Value::List(names.collect())),
            (
                Arc::from("providers"),
                Value::Map(Arc::new(looks.collect())),
            ),
            (Arc::from("local"), Value::Bool(self.local)),
        ]);
        cx.set_visit(Some(Value::Map(Arc::new(kept))));
    }

    fn callback(&self) -> Callback {
        let shown = self.providers.iter().map(|provider| {
            serde_json::json!({ "provider": &*provider.name, "uiConfig": provider.ui.to_json() })
        });
        let local = self.local.then(|| serde_json::json!({ "provider": LOCAL }));
        let all: Vec<serde_json::Value> = shown.chain(local).collect();
        Callback::Foreign(Box::new(Foreign {
            kind: Arc::from("SelectIdPCallback"),
            output: vec![
                (Arc::from("providers"), serde_json::Value::Array(all)),
                (Arc::from("value"), serde_json::Value::from("")),
            ],
            input: vec![(Arc::from(""), serde_json::Value::from(""))],
        }))
    }
}

impl SelectIdp {
    /// Asks, or takes the only choice there is.
    fn offer(&self, cx: &mut Context<'_>, offer: &Offer) -> Result<Action, NodeError> {
        match offer.providers.as_slice() {
            [] if offer.local => self.chosen(cx, LOCAL),
            [] => Err(failure::NO_PROVIDERS.error()),
            [only] if !offer.local => self.chosen(cx, &only.name),
            _ => {
                offer.keep(cx);
                Ok(Action::ask([offer.callback()]))
            }
        }
    }

    fn chosen(&self, cx: &mut Context<'_>, name: &str) -> Result<Action, NodeError> {
        if name == LOCAL {
            let outcome = self.local_outcome;
            let outcome = outcome.ok_or_else(|| failure::UNKNOWN_PROVIDER.error())?;
            return Ok(Action::go(outcome));
        }
        cx.put_shared(self.selected, Value::from(name));
        Ok(Action::go(self.social_outcome))
    }

    fn answered(&self, cx: &mut Context<'_>, answer: Option<Answer>) -> Result<Action, NodeError> {
        let offer = Offer::of(cx).ok_or_else(unexpected)?;
        let chosen = match answer {
            Some(Answer::Fields(fields)) => match fields.into_iter().next() {
                Some((_, Value::Secret(chosen))) => chosen,
                Some((_, Value::Null)) => return self.offer(cx, &offer),
                _ => return Err(unexpected()),
            },
            _ => return Err(unexpected()),
        };
        let chosen = chosen.reveal().as_str();
        let offered = offer
            .providers
            .iter()
            .any(|provider| *provider.name == *chosen);
        if chosen.is_empty() {
            self.offer(cx, &offer)
        } else if offered || (chosen == LOCAL && offer.local) {
            self.chosen(cx, chosen)
        } else {
            Err(failure::UNKNOWN_PROVIDER.error())
        }
    }

    /// The providers are known; of whom it is may have to be asked.
    fn listed(&self, cx: &mut Context<'_>, all: Vec<Provider>) -> Result<Action, NodeError> {
        let wanted = |name: &Arc<str>| self.among.is_empty() || self.among.contains(name);
        let mut offer = Offer {
            providers: all,
            local: self.local,
        };
        offer.providers.retain(|provider| wanted(&provider.name));
        if !self.existing {
            return self.offer(cx, &offer);
        }
        let subject = cx.subject().map(|subject| Who::Subject(subject.id.clone()));
        let target = subject.map(Target::Who).or_else(|| self.finder.stated(cx));
        let target = target.ok_or_else(|| failure::NO_IDENTITY_TO_OFFER_FOR.error())?;
        offer.keep(cx);
        Ok(target.read(vec![Arc::from(ALIASES)]))
    }

    /// Who it is, is known, or that it is nobody; or, for one who is known, whether there is a password.
    fn found(&self, cx: &mut Context<'_>, found: Option<Identity>) -> Result<Action, NodeError> {
        let mut offer = Offer::of(cx).ok_or_else(unexpected)?;
        let asked = matches!(cx.visit(), Some(Value::Map(map)) if map.contains_key("password"));
        if asked {
            offer.local = found.is_some();
            return self.offer(cx, &offer);
        }
        let Some(user) = found else {
            // Nobody has no account anywhere else, and is asked for a password like most.
            offer.providers.clear();
            return self.offer(cx, &offer);
        };
        let linked = aliases(&user);
        offer.providers.retain(|provider| {
            let begin = link(&provider.name, "");
            linked.iter().any(|alias| alias.starts_with(&*begin))
        });
        if !offer.local {
            return self.offer(cx, &offer);
        }
        offer.keep(cx);
        let asked = match cx.visit() {
            Some(Value::Map(map)) => {
                let mut map = (**map).clone();
                map.insert(Arc::from("password"), Value::Bool(true));
                Value::Map(Arc::new(map))
            }
            _ => return Err(unexpected()),
        };
        cx.set_visit(Some(asked));
        // A password cannot be read, but a filter tells that there is one.
        Ok(Action::call(Effect::FindIdentity(FindIdentity {
            filter: Filter::All(vec![
                Filter::equal("_id", Arc::clone(&user.subject.0)),
                Filter::Present(Pointer::of(&self.password)),
            ]),
            attributes: Vec::new(),
        })))
    }
}

impl Prepared for SelectIdp {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        cx.set_visit(None);
        Ok(Action::call(Effect::Social(Box::new(Social::Providers {
            among: self.among.clone(),
        }))))
    }

    fn resume(&self, cx: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        match reply {
            Reply::Answers(answers) => self.answered(cx, answers.into_iter().next()),
            Reply::Effect(EffectReply::Social(said)) => match *said {
                SocialReply::Providers(all) => self.listed(cx, all),
                _ => Err(unexpected()),
            },
            Reply::Effect(EffectReply::Identity(found)) => self.found(cx, found),
            _ => Err(unexpected()),
        }
    }
}
