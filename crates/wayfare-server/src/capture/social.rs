//! The operations that a social token is brought to: login, registration, links.

use std::{collections::BTreeMap, sync::Arc};

use wayfare::{
    Secret, SubjectId, Value,
    engine::{
        callback::Answer as CallbackAnswer,
        effect::{Change, FindIdentity, Person, Unmet, Who},
        ground::Ground,
    },
    filter::Filter,
    headless::{Answers, Given, Outcome, Slot},
};
use wayfare_profile::LINKS;
use wayfare_wire::capture::{
    call::Native,
    error::{Code, Detail, Error},
    flow::{Field, FieldKind},
    parameters::Parameters,
    reply::Answer,
};

use super::{
    Turn,
    access::redirects,
    client::Known,
    flow::Asked,
    native::Holder,
    record::{EMAIL, EMAIL_VERIFIED, Found},
    token::no_grant,
};
use crate::{
    headless,
    identities::Outcome as Written,
    social::{SocialProfile, SocialTokenError},
    store::{ending::Since, record::Verified},
};

/// How many links a user may have.
const LINKS_MAX: usize = 32;

/// The parameter with the social token that an operation is about.
const TOKEN: &str = "token";

/// The parameter with the social token that is linked after a login.
const MERGE_TOKEN: &str = "merge_token";

/// What nodes call a social token that is brought.
const SOCIAL_TOKEN: &str = "social_token";

impl<'a> Turn<'a> {
    /// Login by a social token.
    pub(super) async fn social_log_in(
        &self,
        client: &'a Known,
        call: &Native,
    ) -> Result<Answer, Error> {
        if let Some(uri) = call
            .redirect_uri
            .as_ref()
            .filter(|_| call.response.has_code())
        {
            redirects(client, uri)?;
        }
        let token = token(call)?;
        let profile = self.profile(token).await?;
        let merged = self.merged(call, &profile).await?;
        let journeys = &self.place.capture.settings.journeys;
        let answers = brought(&profile, token, Answers::new());
        let run = self.ran(
            Box::pin(headless::run(
                self.app,
                self.wish(&journeys.social_sign_in, call, answers, None),
            ))
            .await,
            &journeys.social_sign_in,
        )?;
        match run.outcome {
            Outcome::Success(success) => {
                let who = Who::Subject(success.subject.id.clone());
                let mut found = self.whose(&who).await?.ok_or_else(Error::unexpected)?;
                self.used(token, TOKEN).await?;
                // A registration that was cut off after the account was made has left it unsaid.
                found = self.vouched(found, &profile).await?;
                if let Some(other) = &merged {
                    found = self.merge(call, &found, other).await?;
                }
                self.logged_in(client, call, &found, Some(false), run.since)
                    .await
            }
            Outcome::Failure(failed) => match failed.ground {
                Ground::NotRegistered { .. } => {
                    self.not_registered(client, call, token, &profile).await
                }
                Ground::AccountInactive
                    if self.place.capture.settings.detailed_credential_errors =>
                {
                    Err(Error::new(
                        Code::TriggeredError,
                        "the account is not active",
                    ))
                }
                // Whoever is no longer let in looks like anybody else who is not.
                Ground::AccountInactive => Err(Error::new(
                    Code::InvalidCredentials,
                    "incorrect username or password",
                )),
                _ => Err(unknown(TOKEN)),
            },
            _ => Err(Error::new(
                Code::FlowError,
                "the journey of social logins does not end in one request",
            )),
        }
    }

    /// Somebody whom a provider vouches for, and whom nobody here is linked to.
    async fn not_registered(
        &self,
        client: &'a Known,
        call: &Native,
        token: &Secret<String>,
        profile: &SocialProfile,
    ) -> Result<Answer, Error> {
        // Only who is known to have the address is told whether it has an account.
        if let Some(email) = &profile.verified_email
            && let Some(owner) = self.find_by(EMAIL, email).await?
        {
            let owner = self.whose(&Who::Subject(owner)).await?;
            let provider = owner
                .as_ref()
                .map_or("capture", |owner| self.provider_of(owner));
            return Err(Error::new(Code::EmailAddressInUse, "email address in use")
                .with(Detail::ExistingProvider(provider.to_owned())));
        }
        if call.thin && profile.verified_email.is_some() {
            return self.thin(client, call, token, profile).await;
        }
        let known = self.known(profile);
        let detail = match &call.registration_form {
            None => Detail::PrefillAttributes(known),
            Some(name) => {
                let flow = self.flow(call.flow.as_deref(), call.flow_version.as_deref(), client)?;
                let form = flow.forms.get(name);
                let form = form.ok_or_else(|| {
                    Error::invalid("registration_form", "the flow has no such form")
                })?;
                let fields = form.fields.iter().filter_map(|(field, _)| {
                    let path = flow.fields.get(field)?.attribute.as_deref()?;
                    Some((field.clone(), known.get(path)?.clone()))
                });
                Detail::Prefill(fields.collect())
            }
        };
        Err(Error::not_found().with(detail))
    }

    /// Makes an account of what the provider says alone.
    async fn thin(
        &self,
        client: &'a Known,
        call: &Native,
        token: &Secret<String>,
        profile: &SocialProfile,
    ) -> Result<Answer, Error> {
        let settings = &self.place.capture.settings;
        let mut answers = Answers::new();
        for attribute in settings.attributes.values() {
            answers.text(attribute, "");
        }
        for (path, value) in self.known(profile) {
            if let Some(attribute) = settings.attributes.get(&path) {
                answers.text(attribute, value);
            }
        }
        answers.text(
            "username",
            profile.verified_email.as_deref().unwrap_or_default(),
        );
        let answers = brought(profile, token, answers);
        let wish = self.wish(&settings.journeys.social_register, call, answers, None);
        let run = Box::pin(headless::run(self.app, wish)).await;
        let run = self.ran(run, &settings.journeys.social_register)?;
        match run.outcome {
            Outcome::Success(success) => {
                let who = Who::Subject(success.subject.id.clone());
                self.registered(client, call, (token, profile), &who, run.since)
                    .await
            }
            // Somebody else may have made the account meanwhile; else what is missing is to be asked for.
            _ if self.linked(profile).await?.is_some() => Err(linked_elsewhere()),
            _ => Err(Error::not_found().with(Detail::PrefillAttributes(self.known(profile)))),
        }
    }

    /// Registration by a social token and a form.
    pub(super) async fn social_register(
        &self,
        client: &'a Known,
        call: &Native,
        parameters: &Parameters,
    ) -> Result<Answer, Error> {
        if let Some(uri) = call
            .redirect_uri
            .as_ref()
            .filter(|_| call.response.has_code())
        {
            redirects(client, uri)?;
        }
        let token = token(call)?;
        let profile = self.profile(token).await?;
        let asked: Asked<'a> = self.asked(client, call)?;
        if self.linked(&profile).await?.is_some() {
            return Err(linked_elsewhere());
        }
        let vouched = profile.verified_email.as_deref();
        // An address that the provider vouches for stands in the place of what is typed, which counts nowhere.
        let passed = |field: &Field| vouched.is_some() && field.attribute.as_deref() == Some(EMAIL);
        self.checked_but(&asked, call, parameters, passed)?;
        let (answers, person) = self.filled(&asked, parameters, &profile);
        let answers = brought(&profile, token, answers);
        let journey = asked.journey(&self.place.capture.settings.journeys);
        let mut wish = self.wish(journey, call, answers, None);
        wish.person = Some((profile.provider.clone(), person));
        let run = self.ran(Box::pin(headless::run(self.app, wish)).await, journey)?;
        let since = run.since;
        let success = match self.succeeded(*run, &asked, call) {
            Ok(success) => success,
            // Somebody else may have been linked meanwhile, wherever the journey saw it.
            Err(_) if self.linked(&profile).await?.is_some() => return Err(linked_elsewhere()),
            Err(error) => return Err(error),
        };
        let who = Who::Subject(success.subject.id.clone());
        self.registered(client, call, (token, &profile), &who, since)
            .await
    }

    /// What a form answers and what a provider tells beside it: of what the form says the form's word counts,
    /// but for the address that the provider vouches for.
    fn filled(
        &self,
        asked: &Asked<'_>,
        parameters: &Parameters,
        profile: &SocialProfile,
    ) -> (Answers, Person) {
        let settings = &self.place.capture.settings;
        let mut answers = self.answers(asked, parameters, None);
        let mut person = profile.person();
        let fields = asked.form.fields.iter().filter_map(|(name, _)| {
            let field = asked.flow.fields.get(name)?;
            Some((name, field, asked.inputs(settings, name, field)))
        });
        for (name, field, inputs) in fields {
            let is_address = field.attribute.as_deref() == Some(EMAIL);
            if let (true, Some(vouched)) = (is_address, &profile.verified_email) {
                for slot in inputs.iter().filter_map(|input| Slot::parse(input)) {
                    answers.put(slot, Given::Text(vouched.clone()));
                }
                continue;
            }
            let said = field.kind == FieldKind::Checkbox
                || field.is_emptied(name, parameters)
                || matches!(field.value(name, parameters), Ok(Some(_)));
            if said {
                let told = |told: &str| inputs.iter().any(|input| input.eq_ignore_ascii_case(told));
                person.attributes.retain(|name, _| !told(name));
            }
        }
        if let (Some(vouched), Some(address)) =
            (&profile.verified_email, settings.attributes.get(EMAIL))
        {
            let address = Arc::from(address.as_str());
            person.attributes.insert(address, Value::text(&**vouched));
        }
        (answers, person)
    }

    /// What is left to do for an account that was just made.
    async fn registered(
        &self,
        client: &Known,
        call: &Native,
        (token, profile): (&Secret<String>, &SocialProfile),
        who: &Who,
        since: Since,
    ) -> Result<Answer, Error> {
        self.used(token, TOKEN).await?;
        let found = self.whose(who).await?.ok_or_else(Error::unexpected)?;
        let found = self.vouched(found, profile).await?;
        self.logged_in(client, call, &found, Some(true), since)
            .await
    }

    /// Notes that the address of an account was verified, where the provider vouches for that one.
    async fn vouched(&self, found: Found, profile: &SocialProfile) -> Result<Found, Error> {
        let email = self.place.capture.email(&found).map(str::to_owned);
        let vouched = profile.verified_email.as_deref();
        if let (Some(email), Some(vouched)) = (email, vouched)
            && email.eq_ignore_ascii_case(vouched)
            && self.place.capture.verified(&found).is_none()
        {
            let verified = Verified {
                at: self.app.clock.now(),
                of: email,
            };
            let realm = &self.place.state.realm;
            let subject = found.subject().to_owned();
            let store = self.app.store();
            let name = EMAIL_VERIFIED.to_owned();
            self.stored(store.verify_record(realm, subject, name, verified).await)?;
            let who = Who::Subject(found.identity.subject.clone());
            return self.whose(&who).await?.ok_or_else(Error::unexpected);
        }
        Ok(found)
    }

    /// Links whom a social token stands for to the holder of a token.
    pub(super) async fn link(&self, holder: &Holder, call: &Native) -> Result<Answer, Error> {
        let token = token(call)?;
        let profile = self.profile(token).await?;
        self.used(token, TOKEN).await?;
        self.link_to(&holder.found.identity.subject, &profile)
            .await?;
        Ok(Answer::Ok)
    }

    /// Takes a link away.
    pub(super) async fn unlink(&self, holder: &Holder, call: &Native) -> Result<Answer, Error> {
        let identifier = call.identifier.as_deref().unwrap_or_default();
        let (_alone, found) = self.alone(&holder.found.identity.subject).await?;
        let mut links = links(&found);
        let before = links.len();
        links.retain(|link| self.identifier(link) != identifier && **link != *identifier);
        if links.len() == before {
            return Err(Error::not_found());
        }
        if links.is_empty() && !self.has_password(&found)? {
            return Err(Error::new(
                Code::ConstraintViolation,
                "the account would have no way to log in left",
            ));
        }
        self.write_links(&found, links).await?;
        Ok(Answer::Ok)
    }

    /// Links whom the token that comes along stands for to whoever has just logged in.
    pub(super) async fn merge(
        &self,
        call: &Native,
        found: &Found,
        profile: &SocialProfile,
    ) -> Result<Found, Error> {
        if let Some(token) = &call.merge_token {
            self.used(token, MERGE_TOKEN).await?;
        }
        self.link_to(&found.identity.subject, profile).await?;
        let who = Who::Subject(found.identity.subject.clone());
        self.whose(&who).await?.ok_or_else(Error::unexpected)
    }

    /// Whom the token that comes along to be merged stands for, before anybody is logged in.
    pub(super) async fn wanted_merge(&self, call: &Native) -> Result<Option<SocialProfile>, Error> {
        let Some(token) = &call.merge_token else {
            return Ok(None);
        };
        let profile = self.resolved(token).await?;
        Ok(Some(profile.ok_or_else(|| unknown(MERGE_TOKEN))?))
    }

    async fn merged(
        &self,
        call: &Native,
        profile: &SocialProfile,
    ) -> Result<Option<SocialProfile>, Error> {
        let other = self.wanted_merge(call).await?;
        if other
            .as_ref()
            .is_some_and(|other| other.link == profile.link)
        {
            return Err(Error::invalid(
                MERGE_TOKEN,
                "it stands for the same as the token",
            ));
        }
        Ok(other)
    }

    /// Takes all links of a user away.
    pub(super) async fn unlink_all(&self, subject: &str) -> Result<(), Error> {
        let (_alone, found) = self.alone(&SubjectId(Arc::from(subject))).await?;
        if links(&found).is_empty() {
            return Ok(());
        }
        self.write_links(&found, Vec::new()).await
    }

    /// Links an account to somebody at a provider; the store refuses it where another account is.
    async fn link_to(&self, whose: &SubjectId, profile: &SocialProfile) -> Result<(), Error> {
        let (_alone, found) = self.alone(whose).await?;
        let mut links = links(&found);
        if links.contains(&profile.link) {
            return Ok(());
        }
        if links.len() >= LINKS_MAX {
            return Err(Error::new(
                Code::LengthViolation,
                "the account has too many links",
            ));
        }
        links.push(profile.link.clone());
        self.write_links(&found, links).await
    }

    /// A user as they are now, with nobody else at the links of any account until the guard goes: links are
    /// written as a whole, so that of two changes at once one would be lost.
    async fn alone(
        &self,
        whose: &SubjectId,
    ) -> Result<(tokio::sync::MutexGuard<'a, ()>, Found), Error> {
        let alone = self.place.capture.links.lock().await;
        let found = self.whose(&Who::Subject(whose.clone())).await?;
        Ok((alone, found.ok_or_else(no_grant)?))
    }

    async fn write_links(&self, found: &Found, links: Vec<String>) -> Result<(), Error> {
        let list: Vec<Value> = links.iter().map(|link| Value::text(&**link)).collect();
        let change = (Arc::from(LINKS), Change::Set(Value::List(Arc::from(list))));
        match self.change(found, vec![change]).await? {
            Written::Written(_) => {}
            Written::Refused(unmet) if unmet.iter().any(is_linked) => {
                return Err(linked_elsewhere());
            }
            Written::Refused(_) => {
                return Err(Error::new(
                    Code::ConstraintViolation,
                    "the link cannot be kept",
                ));
            }
            Written::Nobody => return Err(Error::not_found()),
        }
        let subject = found.subject().to_owned();
        let (realm, now) = (&self.place.state.realm, self.app.clock.now());
        let touched = self.app.store().touch_record(realm, subject, now).await;
        self.stored(touched)
    }

    /// Whose account is linked to somebody at a provider.
    async fn linked(&self, profile: &SocialProfile) -> Result<Option<Arc<str>>, Error> {
        let wanted = FindIdentity {
            filter: Filter::equal(LINKS, &*profile.link),
            attributes: vec![Arc::from(LINKS)],
        };
        let found = self.place.state.identities.find(&wanted).await;
        let found = self.identified(found)?;
        // Letter case counts at a provider, whatever it does in filters.
        let exact = found.filter(|identity| {
            let list = identity.attributes.values().next();
            matches!(list, Some(Value::List(list))
                if list.iter().any(|link| matches!(link, Value::Text(text) if **text == *profile.link)))
        });
        Ok(exact.map(|identity| identity.subject.0))
    }

    /// Who vouches for an account: its password, else the provider of its first link.
    fn provider_of<'f>(&self, owner: &'f Found) -> &'f str {
        let by_password = self.has_password(owner).unwrap_or(true);
        let first = match owner.identity.attributes.get(LINKS) {
            Some(Value::List(list)) if !by_password => list.first().and_then(Value::as_text),
            _ => None,
        };
        first
            .and_then(|link| link.split_once('-'))
            .map_or("capture", |(provider, _)| provider)
    }

    /// Whether a password lets somebody in; in a directory one does.
    fn has_password(&self, found: &Found) -> Result<bool, Error> {
        let realm = &self.place.state.realm;
        let user = self.stored(self.app.store().user_by_id(realm, found.subject()))?;
        Ok(user.is_none_or(|user| user.password.is_some()))
    }

    async fn profile(&self, token: &Secret<String>) -> Result<SocialProfile, Error> {
        self.resolved(token).await?.ok_or_else(|| unknown(TOKEN))
    }

    async fn resolved(&self, token: &Secret<String>) -> Result<Option<SocialProfile>, Error> {
        let tokens = &self.app.performer.social;
        let realm = &self.place.state.realm;
        let found = tokens.resolve(realm, token, self.app.clock.now()).await;
        found.map_err(|error| self.unheard(&error))
    }

    /// Uses a social token up: of any number of callers one is the first.
    async fn used(&self, token: &Secret<String>, name: &'static str) -> Result<(), Error> {
        let tokens = &self.app.performer.social;
        let realm = &self.place.state.realm;
        let first = tokens.consume(realm, token, self.app.clock.now()).await;
        let first = first.map_err(|error| self.unheard(&error))?;
        first.map(|_| ()).ok_or_else(|| unknown(name))
    }

    fn unheard(&self, error: &SocialTokenError) -> Error {
        self.broken(error)
    }

    /// What a provider says of somebody, by the paths of records.
    fn known(&self, profile: &SocialProfile) -> BTreeMap<String, String> {
        let settings = &self.place.capture.settings;
        let mut known = BTreeMap::new();
        for (path, attribute) in &settings.attributes {
            let value = profile
                .attributes
                .get(attribute)
                .and_then(|value| value.as_str());
            let named = match path.as_str() {
                EMAIL => profile
                    .verified_email
                    .as_deref()
                    .or(profile.email.as_deref()),
                "givenName" => profile.given_name.as_deref(),
                "familyName" => profile.family_name.as_deref(),
                "displayName" => profile.display_name.as_deref(),
                _ => None,
            };
            if let Some(value) = named.or(value).filter(|value| !value.is_empty()) {
                known.insert(path.clone(), value.to_owned());
            }
        }
        known
    }

    /// The address that stands for a link: that of the issuer, and who it is there.
    pub(super) fn identifier(&self, link: &str) -> String {
        super::record::identifier(&self.place.state.settings, link)
    }
}

/// The links of a user.
fn links(found: &Found) -> Vec<String> {
    match found.identity.attributes.get(LINKS) {
        Some(Value::List(list)) => {
            let texts = list.iter().filter_map(Value::as_text);
            texts.map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}

fn token(call: &Native) -> Result<&Secret<String>, Error> {
    call.token
        .as_ref()
        .ok_or_else(|| Error::missing(&["token"]))
}

/// Answers that bring a social token to the nodes of providers.
fn brought(profile: &SocialProfile, token: &Secret<String>, mut answers: Answers) -> Answers {
    let secret = |text: &str| Value::Secret(Secret::from(text));
    let fields = |fields: Vec<(&str, Value)>| {
        let fields = fields
            .into_iter()
            .map(|(name, value)| (Arc::from(name), value));
        Given::Answer(CallbackAnswer::Fields(fields.collect()))
    };
    let mut put = |kind: &str, given: Given| {
        answers.put(Slot::Field(Arc::from(kind), 1), given);
    };
    put(
        "SelectIdPCallback",
        fields(vec![("", secret(&profile.provider))]),
    );
    put(
        "IdPCallback",
        fields(vec![
            ("token", Value::Secret(token.clone())),
            ("token_type", secret(SOCIAL_TOKEN)),
        ]),
    );
    answers
}

fn unknown(name: &'static str) -> Error {
    Error::invalid(name, "the social token is not recognized")
}

/// Whether another account has the link.
fn is_linked(unmet: &Unmet) -> bool {
    unmet.attribute.eq_ignore_ascii_case(LINKS)
        && (unmet.failed.iter()).any(|failed| &*failed.requirement == "UNIQUE")
}

/// Whether a run found that another account has the link.
pub(super) fn is_linked_elsewhere(ground: &Ground) -> bool {
    let is_link = |attribute: &Arc<str>| attribute.eq_ignore_ascii_case(LINKS);
    match ground {
        Ground::AlreadyExists { attribute, .. } => attribute.as_ref().is_some_and(is_link),
        Ground::FieldsInvalid { fields } => fields.keys().any(is_link),
        _ => false,
    }
}

pub(super) fn linked_elsewhere() -> Error {
    Error::new(
        Code::UniqueViolation,
        "the identity is linked to an account already",
    )
}
