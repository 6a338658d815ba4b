//! The nodes that log somebody in at an identity provider.
//!
//! The run draws a state, a nonce and a verifier on each visit and keeps them to itself: an answer counts
//! once, on the visit that sent somebody away, and from the provider that they were sent to. Who it is says
//! the provider; whose account that is says the store, by the link that is kept with the account. Nobody is
//! found by an address or a name that a provider tells.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    engine::{
        action::{Action, Reply},
        callback::{Answer, Callback, Foreign},
        context::Context,
        effect::{
            BeginSocial, Brought, Effect, EffectReply, FindIdentity, FinishSocial, Identity,
            Person, ReadIdentity, Social, SocialReply, Who,
        },
        error::NodeError,
        node_type::{Prepared, Setup},
    },
    filter::Filter,
    model::{expr::KeyId, journey::OutcomeId, signature::Factor, value::Value},
    nodes::{
        failure::{self, unfit},
        profile::{attribute, is_name},
        reply::unexpected,
        setting::constant,
    },
    secret::Secret,
};

/// Where the links to accounts elsewhere are kept.
pub(super) const ALIASES: &str = "aliasList";
/// The same, as the product's directory calls it.
const ALIASES_OF_DIRECTORY: &str = "iplanet-am-user-alias-list";

/// How many characters the id of somebody has at a provider, as OIDC bounds it.
const SUBJECT_MAX: usize = 255;
/// How many bytes a code or a token has that is brought.
const BROUGHT_MAX: usize = 16 * 1_024;

/// What a provider calls it when somebody there would not, or could not without being asked.
const TURNED_BACK: [&str; 5] = [
    "access_denied",
    "user_cancelled_login",
    "login_required",
    "interaction_required",
    "consent_required",
];

/// The link to an account at a provider.
pub(super) fn link(provider: &str, subject: &str) -> Arc<str> {
    Arc::from(format!("{provider}-{subject}"))
}

/// The links of an account.
pub(super) fn aliases(identity: &Identity) -> Vec<Arc<str>> {
    texts(attribute(identity, ALIASES))
}

/// The texts of a list, or the text itself.
fn texts(value: Option<&Value>) -> Vec<Arc<str>> {
    match value {
        Some(Value::Text(one)) => vec![Arc::clone(one)],
        Some(Value::List(list)) => {
            let texts = list.iter().filter_map(Value::as_text);
            texts.map(Arc::from).collect()
        }
        _ => Vec::new(),
    }
}

/// Sends somebody to the provider that was chosen, and takes its word for who came back.
#[derive(Debug)]
struct SocialProviderHandler {
    native: bool,
    keeps_tokens: bool,
    name_attribute: Arc<str>,
    link_attribute: Arc<str>,
    selected: KeyId,
    username: KeyId,
    data: KeyId,
    access: KeyId,
    refresh: KeyId,
    exists: OutcomeId,
    nobody: OutcomeId,
    interrupted: Option<OutcomeId>,
}

pub(super) fn handler(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    let client: Arc<str> = constant(setup, "clientType")?;
    let link: Arc<str> = constant(setup, "subjectAttribute")?;
    let name: Arc<str> = constant(setup, "usernameAttribute")?;
    if link.is_empty() || name.is_empty() {
        return Err(unfit("the names of attributes must not be empty"));
    }
    Ok(Box::new(SocialProviderHandler {
        native: &*client == "NATIVE",
        keeps_tokens: constant(setup, "storeTokens")?,
        name_attribute: name,
        link_attribute: if &*link == ALIASES_OF_DIRECTORY {
            Arc::from(ALIASES)
        } else {
            link
        },
        selected: setup.key("selectedIdp"),
        username: setup.key("username"),
        data: setup.key("socialOAuthData"),
        access: setup.key("access_token"),
        refresh: setup.key("refresh_token"),
        exists: setup.outcome("ACCOUNT_EXISTS")?,
        nobody: setup.outcome("NO_ACCOUNT")?,
        interrupted: setup.try_outcome("SOCIAL_AUTH_INTERRUPTED"),
    }))
}

/// What the run waits with for somebody to come back.
#[derive(Debug)]
struct Away {
    provider: Arc<str>,
    state: Secret<String>,
    nonce: Secret<String>,
    verifier: Secret<String>,
}

impl Away {
    fn begin(cx: &mut Context<'_>, provider: Arc<str>) -> Result<Self, NodeError> {
        Ok(Self {
            provider,
            state: drawn(cx)?,
            nonce: drawn(cx)?,
            verifier: drawn(cx)?,
        })
    }

    fn keep(&self, cx: &mut Context<'_>) {
        let secret = |secret: &Secret<String>| Value::Secret(secret.clone());
        let kept = BTreeMap::from([
            (
                Arc::from("provider"),
                Value::Text(Arc::clone(&self.provider)),
            ),
            (Arc::from("state"), secret(&self.state)),
            (Arc::from("nonce"), secret(&self.nonce)),
            (Arc::from("verifier"), secret(&self.verifier)),
        ]);
        cx.set_visit(Some(Value::Map(Arc::new(kept))));
    }

    fn of(cx: &Context<'_>) -> Option<Self> {
        let Some(Value::Map(map)) = cx.visit() else {
            return None;
        };
        let secret = |key: &str| match map.get(key) {
            Some(Value::Secret(secret)) => Some(secret.clone()),
            _ => None,
        };
        Some(Self {
            provider: text(map.get("provider"))?,
            state: secret("state")?,
            nonce: secret("nonce")?,
            verifier: secret("verifier")?,
        })
    }
}

/// A number that nobody guesses, in 64 digits.
fn drawn(cx: &mut Context<'_>) -> Result<Secret<String>, NodeError> {
    let mut bytes = [0; 32];
    cx.random(&mut bytes)?;
    let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
    Ok(Secret::new(digits.collect()))
}

fn text(value: Option<&Value>) -> Option<Arc<str>> {
    match value {
        Some(Value::Text(text)) if !text.is_empty() => Some(Arc::clone(text)),
        _ => None,
    }
}

/// The only value of a parameter; `Err` where there are several, of which nobody can say which is meant.
fn only<'r>(cx: &'r Context<'_>, name: &'r str) -> Result<Option<&'r str>, NodeError> {
    let mut values = cx.request().parameter(name);
    match (values.next(), values.next()) {
        (value, None) => Ok(value.filter(|value| !value.is_empty())),
        (_, Some(_)) => Err(failure::NOT_FROM_PROVIDER.error()),
    }
}

/// Who it is at which provider, until the store has said whose account that is.
#[derive(Debug)]
struct Known {
    provider: Arc<str>,
    person: Person,
    /// Whether it is nobody's, so that only the links of whoever the run is about are asked for.
    nobodys: bool,
}

impl Known {
    fn keep(self, cx: &mut Context<'_>) {
        let secret = |secret: Option<Secret<String>>| secret.map_or(Value::Null, Value::Secret);
        let person = self.person;
        let kept = BTreeMap::from([
            (Arc::from("provider"), Value::Text(self.provider)),
            (Arc::from("subject"), Value::Text(person.subject)),
            (
                Arc::from("attributes"),
                Value::Map(Arc::new(person.attributes)),
            ),
            (Arc::from("raw"), person.raw),
            (Arc::from("access"), secret(person.access)),
            (Arc::from("refresh"), secret(person.refresh)),
            (Arc::from("nobodys"), Value::Bool(self.nobodys)),
        ]);
        cx.set_visit(Some(Value::Map(Arc::new(kept))));
    }

    fn of(cx: &Context<'_>) -> Option<Self> {
        let Some(Value::Map(map)) = cx.visit() else {
            return None;
        };
        let secret = |key: &str| match map.get(key) {
            Some(Value::Secret(secret)) => Some(secret.clone()),
            _ => None,
        };
        Some(Self {
            provider: text(map.get("provider"))?,
            person: Person {
                subject: text(map.get("subject"))?,
                attributes: match map.get("attributes") {
                    Some(Value::Map(attributes)) => (**attributes).clone(),
                    _ => return None,
                },
                raw: map.get("raw").cloned().unwrap_or(Value::Null),
                access: secret("access"),
                refresh: secret("refresh"),
            },
            nobodys: map.get("nobodys") == Some(&Value::Bool(true)),
        })
    }
}

impl SocialProviderHandler {
    /// Somebody is back: what they bring is looked at once, whatever comes of it.
    fn returned(&self, cx: &mut Context<'_>, answer: Option<Answer>) -> Result<Action, NodeError> {
        let away = Away::of(cx).ok_or_else(unexpected)?;
        cx.set_visit(None);
        let brought = if self.native {
            native(answer)?
        } else {
            match self.by_browser(cx, &away)? {
                Some(brought) => brought,
                None => return self.turned_back(),
            }
        };
        // Which provider it is stays with what only the run knows.
        let kept = BTreeMap::from([(
            Arc::from("provider"),
            Value::Text(Arc::clone(&away.provider)),
        )]);
        cx.set_visit(Some(Value::Map(Arc::new(kept))));
        Ok(social(Social::Finish(FinishSocial {
            provider: away.provider,
            nonce: away.nonce,
            brought,
        })))
    }

    fn turned_back(&self) -> Result<Action, NodeError> {
        let interrupted = self.interrupted.map(Action::go);
        interrupted.ok_or_else(|| failure::NO_SOCIAL_PROFILE.error())
    }

    /// What a browser brings; `None` where its user has turned back.
    fn by_browser(&self, cx: &Context<'_>, away: &Away) -> Result<Option<Brought>, NodeError> {
        let (code, state, error) = (only(cx, "code")?, only(cx, "state")?, only(cx, "error")?);
        if code.is_none() && state.is_none() && error.is_none() {
            // Somebody came back by themselves, not from the provider.
            return match self.interrupted {
                Some(_) => Ok(None),
                None => Err(failure::NOT_FROM_PROVIDER.error()),
            };
        }
        // Of a state that is used up with this no time is told that helps to guess it.
        if state != Some(away.state.reveal().as_str()) {
            return Err(failure::NOT_FROM_PROVIDER.error());
        }
        if let Some(error) = error {
            return if TURNED_BACK.contains(&error) {
                Ok(None)
            } else {
                Err(failure::NO_SOCIAL_PROFILE.error())
            };
        }
        let code = code.filter(|code| code.len() <= BROUGHT_MAX);
        let code = code.ok_or_else(|| failure::NOT_FROM_PROVIDER.error())?;
        Ok(Some(Brought::Code {
            code: Secret::new(code.to_owned()),
            verifier: away.verifier.clone(),
            issuer: only(cx, "iss")?.map(Arc::from),
        }))
    }

    fn said(&self, cx: &mut Context<'_>, said: SocialReply) -> Result<Action, NodeError> {
        match said {
            SocialReply::Redirect { url, method, data } => Ok(Action::ask([Callback::Redirect {
                url: url.to_string(),
                method: method.to_string(),
                data,
                tracking_cookie: true,
            }])),
            SocialReply::Native {
                client,
                redirect,
                scopes,
                acr_values,
            } => {
                let away = Away::of(cx).ok_or_else(unexpected)?;
                Ok(Action::ask([app(
                    &away,
                    &[&client, &redirect],
                    &[&scopes, &acr_values],
                )]))
            }
            SocialReply::Unknown => Err(failure::NO_SUCH_PROVIDER.error()),
            SocialReply::Denied(_) => Err(failure::NO_SOCIAL_PROFILE.error()),
            SocialReply::Told(person) => self.told(cx, *person),
            SocialReply::Providers(_) => Err(unexpected()),
        }
    }

    /// The provider has said who it is: whose account is that?
    fn told(&self, cx: &mut Context<'_>, person: Person) -> Result<Action, NodeError> {
        let provider = match cx.visit() {
            Some(Value::Map(map)) => text(map.get("provider")),
            _ => None,
        };
        let provider = provider.ok_or_else(unexpected)?;
        let subject = &person.subject;
        let fits = !subject.is_empty() && subject.chars().count() <= SUBJECT_MAX;
        if !fits || subject.chars().any(char::is_control) {
            return Err(failure::NO_SOCIAL_PROFILE.error());
        }
        let link = link(&provider, subject);
        Known {
            provider,
            person,
            nobodys: false,
        }
        .keep(cx);
        Ok(Action::call(Effect::FindIdentity(FindIdentity {
            filter: Filter::equal(Arc::clone(&self.link_attribute), link),
            attributes: vec![Arc::clone(&self.link_attribute)],
        })))
    }

    /// The links that a profile has.
    fn links(&self, identity: &Identity) -> Vec<Arc<str>> {
        texts(attribute(identity, &self.link_attribute))
    }

    fn found(&self, cx: &mut Context<'_>, found: Option<Identity>) -> Result<Action, NodeError> {
        let mut known = Known::of(cx).ok_or_else(unexpected)?;
        let link = link(&known.provider, &known.person.subject);
        if known.nobodys {
            let links = found.map(|own| self.links(&own)).unwrap_or_default();
            let user = cx.subject().map(|subject| Arc::clone(&subject.username));
            self.write(cx, known, (user, links));
            return Ok(Action::go(self.nobody));
        }
        // Stores compare without letter case, and providers do not.
        let found = found.filter(|user| self.links(user).contains(&link));
        let Some(user) = found else {
            let Some(subject) = cx.subject() else {
                self.write(cx, known, (None, Vec::new()));
                return Ok(Action::go(self.nobody));
            };
            let who = Who::Subject(subject.id.clone());
            known.nobodys = true;
            known.keep(cx);
            return Ok(Action::call(Effect::ReadIdentity(ReadIdentity {
                who,
                attributes: vec![Arc::clone(&self.link_attribute)],
            })));
        };
        let named = text(cx.shared(self.username));
        let other = cx.subject().map_or_else(
            || named.is_some_and(|name| name.to_lowercase() != user.username.to_lowercase()),
            |subject| subject.id != user.subject,
        );
        if other {
            return Err(failure::OTHER_ACCOUNT.error());
        }
        cx.put_shared(self.username, Value::Text(Arc::clone(&user.username)));
        let links = self.links(&user);
        self.write(cx, known, (Some(Arc::clone(&user.username)), links));
        Ok(Action::prove(self.exists, Factor::Federation, user))
    }

    /// Writes what the provider has told, and the links with the new one among them.
    fn write(
        &self,
        cx: &mut Context<'_>,
        known: Known,
        (user, mut links): (Option<Arc<str>>, Vec<Arc<str>>),
    ) {
        let Known {
            provider, person, ..
        } = known;
        let link = link(&provider, &person.subject);
        let told = text(person.attributes.get(&self.name_attribute));
        for (name, value) in &person.attributes {
            if **name != *self.name_attribute {
                cx.put_object_transient(name, value.clone());
            }
        }
        // What somebody is called elsewhere is no wish to be called so here.
        let user_name = user.clone().filter(|_| is_name(&self.name_attribute));
        if let Some(name) = user_name.as_ref().or(told.as_ref()) {
            cx.put_object_shared(&self.name_attribute, Value::Text(Arc::clone(name)));
        }
        if user.is_none() {
            // A name that was typed before is not whom the provider means.
            let name = told.unwrap_or_else(|| Arc::clone(&link));
            cx.put_shared(self.username, Value::Text(name));
        }
        if !links.contains(&link) {
            links.push(link);
        }
        let links = links.into_iter().map(Value::Text);
        cx.put_object_transient(&self.link_attribute, Value::List(links.collect()));
        let about = BTreeMap::from([
            (Arc::from("subject"), Value::Text(person.subject)),
            (Arc::from("rawProfile"), person.raw),
        ]);
        let data = BTreeMap::from([(provider, Value::Map(Arc::new(about)))]);
        cx.put_transient(self.data, Value::Map(Arc::new(data)));
        if self.keeps_tokens {
            for (key, token) in [(self.access, person.access), (self.refresh, person.refresh)] {
                if let Some(token) = token {
                    cx.put_transient(key, Value::Secret(token));
                }
            }
        }
    }
}

fn social(asked: Social) -> Action {
    Action::call(Effect::Social(Box::new(asked)))
}

/// What an app has to know to log somebody in.
fn app(away: &Away, named: &[&Arc<str>; 2], lists: &[&Vec<Arc<str>>; 2]) -> Callback {
    let [client, redirect] = named;
    let [scopes, acr_values] = lists;
    let shown = |name: &str, value: serde_json::Value| (Arc::from(name), value);
    let list = |list: &[Arc<str>]| list.iter().map(|item| &**item).collect();
    let text = |text: &str| serde_json::Value::from(text);
    Callback::Foreign(Box::new(Foreign {
        kind: Arc::from("IdPCallback"),
        output: vec![
            shown("provider", text(&away.provider)),
            shown("clientId", text(client)),
            shown("redirectUri", text(redirect)),
            shown("scopes", list(scopes)),
            shown("nonce", text(away.nonce.reveal())),
            shown("acrValues", list(acr_values)),
            shown("request", text("")),
            shown("requestUri", text("")),
        ],
        input: vec![
            (Arc::from("token"), text("")),
            (Arc::from("token_type"), text("")),
        ],
    }))
}

/// What an app brings.
fn native(answer: Option<Answer>) -> Result<Brought, NodeError> {
    let Some(Answer::Fields(fields)) = answer else {
        return Err(unexpected());
    };
    let field = |name: &str| {
        let field = fields.iter().find(|(key, _)| &**key == name);
        match field {
            Some((_, Value::Secret(text))) if !text.reveal().is_empty() => Some(text.clone()),
            _ => None,
        }
    };
    let token = field("token").filter(|token| token.reveal().len() <= BROUGHT_MAX);
    let kind = field("token_type").filter(|kind| kind.reveal().len() <= 64);
    match (token, kind) {
        (Some(token), Some(kind)) => Ok(Brought::Token {
            token,
            kind: Arc::from(kind.reveal().as_str()),
        }),
        _ => Err(failure::NO_SOCIAL_PROFILE.error()),
    }
}

impl Prepared for SocialProviderHandler {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        let provider = text(cx.shared(self.selected));
        let provider = provider.ok_or_else(|| failure::NO_PROVIDER_CHOSEN.error())?;
        let away = Away::begin(cx, provider)?;
        away.keep(cx);
        Ok(social(Social::Begin(BeginSocial {
            provider: away.provider,
            native: self.native,
            state: away.state,
            nonce: away.nonce,
            verifier: away.verifier,
        })))
    }

    fn resume(&self, cx: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        match reply {
            Reply::Answers(answers) => self.returned(cx, answers.into_iter().next()),
            Reply::Effect(EffectReply::Social(said)) => self.said(cx, *said),
            Reply::Effect(EffectReply::Identity(found)) => self.found(cx, found),
            _ => Err(unexpected()),
        }
    }
}
