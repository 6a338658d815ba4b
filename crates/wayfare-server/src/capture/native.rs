//! The operations that run a flow: a form is checked, and its fields answer a journey.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Value as Json, json};
use wayfare::{
    AuthLevel, Start, StartSession, Success, Value,
    engine::effect::{SessionRef, SessionView},
    headless::{Answers, Given, Outcome, Slot},
};
use wayfare_wire::{
    capture::{
        call::Native,
        client::{Feature, Sender},
        error::{Code, Error},
        flow::{Field, FieldKind, Rule},
        operation::Operation,
        parameters::Parameters,
        reply::{Answer, Login},
    },
    query::Query,
};

use super::{
    Turn,
    access::redirects,
    client::Known,
    flow::{Asked, Use},
    ground::fields,
    mail::RECOVER,
    record::{EMAIL, Found},
    token::{ACCESS, CODE, RECOVERED, family_session},
};
use crate::{
    headless::{self, Ran, Run, Wish},
    store::{
        ending::Since,
        token::{NewToken, Token, TokenKey},
    },
};

/// Whom an operation is about, who holds a token.
pub(super) struct Holder {
    pub(super) token: Token,
    pub(super) found: Found,
    /// Under what it stands that the token has set a password.
    recovered: TokenKey,
}

impl<'a> Turn<'a> {
    pub(super) async fn native(
        &self,
        call: &Native,
        sender: &Sender,
        parameters: &Parameters,
    ) -> Result<Answer, Error> {
        match call.operation {
            Operation::AuthNativeTraditional | Operation::RegisterNativeTraditional => {
                let client = self.by_name(call.operation, sender)?;
                self.log_in(client, call, parameters).await
            }
            Operation::UpdateProfileNative => {
                let (client, holder) = self.holding(call.operation, sender).await?;
                self.update(client, &holder, call, parameters).await
            }
            Operation::ForgotPasswordNative | Operation::VerifyEmailNative => {
                let client = self.by_name(call.operation, sender)?;
                self.mail(client, call, parameters).await
            }
            Operation::AuthNative => {
                let client = self.by_name(call.operation, sender)?;
                self.registers(client, call)?;
                self.social_log_in(client, call).await
            }
            Operation::RegisterNative => {
                let client = self.by_name(call.operation, sender)?;
                self.social_register(client, call, parameters).await
            }
            Operation::LinkAccountNative => {
                let (_, holder) = self.holding(call.operation, sender).await?;
                self.link(&holder, call).await
            }
            Operation::UnlinkAccountNative => {
                let (_, holder) = self.holding(call.operation, sender).await?;
                self.unlink(&holder, call).await
            }
            _ => Err(Error::unexpected()),
        }
    }

    /// The client and the user of an operation that takes a user's token.
    async fn holding(
        &self,
        operation: Operation,
        sender: &Sender,
    ) -> Result<(&'a Known, Holder), Error> {
        let user = sender.user.as_ref();
        let user = user.ok_or_else(|| Error::missing(&["access_token"]))?;
        let (token, found) = self.user(user).await?;
        let of_token = token.client.as_deref().unwrap_or_default();
        // A client need not be named, for the token was given to one.
        let client = match &sender.client {
            Some(named) if named.id() != of_token => return Err(Error::permission()),
            Some(_) => self.by_name(operation, sender)?,
            None => self.client(of_token).ok_or_else(Error::client)?,
        };
        if !client.settings.has(&[Feature::LoginClient]) {
            return Err(Error::permission());
        }
        let recovered = TokenKey::of(RECOVERED, user.reveal());
        let holder = Holder {
            token,
            found,
            recovered,
        };
        Ok((client, holder))
    }

    /// Refuses a form to fill in beforehand that nobody registers with.
    fn registers(&self, client: &Known, call: &Native) -> Result<(), Error> {
        let Some(name) = &call.registration_form else {
            return Ok(());
        };
        let flow = self.flow(call.flow.as_deref(), call.flow_version.as_deref(), client)?;
        let usage = flow.forms.get(name).and_then(|form| Use::of(flow, form));
        if matches!(usage, Some(Use::Register | Use::SocialRegister)) {
            return Ok(());
        }
        let message = "the flow has no such form to register with";
        Err(Error::invalid("registration_form", message))
    }

    async fn log_in(
        &self,
        client: &'a Known,
        call: &Native,
        parameters: &Parameters,
    ) -> Result<Answer, Error> {
        let asked = self.asked(client, call)?;
        if let Some(uri) = call
            .redirect_uri
            .as_ref()
            .filter(|_| call.response.has_code())
        {
            redirects(client, uri)?;
        }
        self.checked(&asked, call, parameters)?;
        let merged = self.wanted_merge(call).await?;
        let answers = self.answers(&asked, parameters, None);
        let run = self.run(&asked, call, answers, None).await?;
        let since = run.since;
        let success = self.succeeded(*run, &asked, call)?;
        let who = wayfare::engine::effect::Who::Subject(success.subject.id.clone());
        let mut found = self.whose(&who).await?.ok_or_else(Error::unexpected)?;
        if let Some(profile) = &merged {
            found = self.merge(call, &found, profile).await?;
        }
        let is_new = call.operation == Operation::RegisterNativeTraditional;
        if is_new && client.settings.verify_email_url.is_some() {
            self.mail_verification(client, call, &found).await?;
        }
        self.logged_in(client, call, &found, is_new.then_some(true), since)
            .await
    }

    /// What a login answers.
    pub(super) async fn logged_in(
        &self,
        client: &Known,
        call: &Native,
        found: &Found,
        is_new: Option<bool>,
        since: Since,
    ) -> Result<Answer, Error> {
        let granted = self.grant(found.subject(), &client.id)?;
        let mut login = Login {
            user: self.place.capture.shown(
                found,
                Some(&client.settings),
                &self.place.state.settings,
            ),
            is_new,
            ..Login::default()
        };
        let mut tokens = Vec::new();
        if call.response.has_token() {
            let life = client.settings.access_token_lifetime;
            let minted = self.minted(ACCESS, &granted, life, json!({}))?;
            if let Some(secret) = &call.refresh_secret {
                tokens.push(self.renewal(client, &minted.secret, &granted, secret.reveal())?);
            }
            tokens.push(minted.new);
            login.token = Some(minted.secret);
        }
        if let Some(uri) = call
            .redirect_uri
            .as_ref()
            .filter(|_| call.response.has_code())
        {
            let data = json!({ "redirect_uris": [uri] });
            let minted = self.minted(CODE, &granted, client.settings.code_lifetime, data)?;
            tokens.push(minted.new);
            login.code = Some(minted.secret);
        }
        self.keep(tokens, since).await?;
        Ok(Answer::Login(login))
    }

    async fn update(
        &self,
        client: &'a Known,
        holder: &Holder,
        call: &Native,
        parameters: &Parameters,
    ) -> Result<Answer, Error> {
        let asked = self.asked(client, call)?;
        let settings = &self.place.capture.settings;
        let recovers = holder.token.data.get("purpose").and_then(Json::as_str) == Some(RECOVER);
        if asked.usage == Use::ResetPassword && !recovers {
            // A token alone, which may have been stolen, sets no password.
            let message = "the form needs a token of a code that was mailed to set a password";
            return Err(Error::new(Code::ClientPermissionError, message));
        }
        if asked.usage == Use::ResetPassword && !self.has_address(&holder.found, &holder.token) {
            let message = "the address is no longer the one that the code was mailed to";
            return Err(Error::new(Code::ClientPermissionError, message));
        }
        self.checked(&asked, call, parameters)?;
        let emptied = self.emptied(&asked, parameters, &holder.found);
        let refused = |name: &str| {
            let field = asked.flow.fields.get(name);
            let words = "This field is required.";
            let text =
                field.map(|field| asked.flow.said(field, &Rule::Required, words, &call.locale));
            fields([(name.to_owned(), text.into_iter().collect())].into())
        };
        let address = settings.attributes.get(EMAIL);
        if let Some((name, _)) = emptied.iter().find(|(_, to)| Some(*to) == address) {
            // Mails and logins find an account by it.
            return Err(refused(name));
        }
        let resets = asked.usage == Use::ResetPassword;
        if resets && !self.is_first_recovery(holder).await? {
            let message = "the token has set a password already";
            return Err(Error::new(Code::ClientPermissionError, message));
        }
        let answers = self.answers(&asked, parameters, Some(&holder.found));
        let run = self.run(&asked, call, answers, Some(holder)).await;
        let done = run.and_then(|run| self.succeeded(*run, &asked, call));
        if let Err(error) = done {
            if resets {
                // Another password may do.
                let now = self.app.clock.now();
                let freed = self.app.store().revoke_token(holder.recovered, now).await;
                self.stored(freed)?;
            }
            return Err(error);
        }
        if let Some((name, _)) = emptied.first() {
            let attributes: Vec<&str> = emptied.iter().map(|(_, to)| to.as_str()).collect();
            if !self.empty(&holder.found, &attributes).await? {
                return Err(refused(name));
            }
        }
        let unproved = holder.token.data.get("unproved").and_then(Json::as_bool);
        if resets && unproved == Some(true) {
            // Until now the old password let somebody in.
            self.unlink_all(holder.found.subject()).await?;
        }
        let realm = &self.place.state.realm;
        let subject = holder.found.subject().to_owned();
        let touched = self
            .app
            .store()
            .touch_record(realm, subject, self.app.clock.now())
            .await;
        self.stored(touched)?;
        Ok(Answer::Ok)
    }

    /// Whether a token that came of a mailed code sets a password for the first time; from now on it has.
    async fn is_first_recovery(&self, holder: &Holder) -> Result<bool, Error> {
        let now = self.app.clock.now();
        let new = NewToken {
            key: holder.recovered,
            token: Token {
                issued: now,
                used: Some(now),
                data: Json::Null,
                ..holder.token.clone()
            },
        };
        self.stored(self.app.store().is_first_use(new).await)
    }

    /// What a form empties of what is known of somebody: each field with the attribute of users.
    fn emptied<'s>(
        &'s self,
        asked: &Asked<'s>,
        parameters: &Parameters,
        found: &Found,
    ) -> Vec<(&'s str, &'s String)> {
        let settings = &self.place.capture.settings;
        let emptied = asked.form.fields.iter().filter_map(|(name, _)| {
            let field = asked.flow.fields.get(name)?;
            let path = field.attribute.as_deref()?;
            let to = settings.attributes.get(path)?;
            let goes = asked.inputs(settings, name, field).contains(to);
            let has = match self.place.capture.value(found, path)? {
                Value::Text(text) => !text.is_empty(),
                Value::Null => false,
                _ => true,
            };
            (goes && has && field.is_emptied(name, parameters)).then_some((name.as_str(), to))
        });
        emptied.collect()
    }

    pub(super) fn asked(&self, client: &Known, call: &Native) -> Result<Asked<'a>, Error> {
        let flow = self.flow(call.flow.as_deref(), call.flow_version.as_deref(), client)?;
        let name = call.form.as_deref().unwrap_or_default();
        self.form(flow, name, call.operation)
    }

    /// Refuses a form that the rules of its fields refuse.
    pub(super) fn checked(
        &self,
        asked: &Asked<'_>,
        call: &Native,
        parameters: &Parameters,
    ) -> Result<(), Error> {
        self.checked_but(asked, call, parameters, |_| false)
    }

    /// The same, but for fields that count nowhere, and those that repeat them.
    pub(super) fn checked_but(
        &self,
        asked: &Asked<'_>,
        call: &Native,
        parameters: &Parameters,
        passed: impl Fn(&Field) -> bool,
    ) -> Result<(), Error> {
        if parameters.by_query() {
            // Forms may be in the query where they hold no secret; what is one is known by its kind here.
            let secret = asked.form.fields.iter().find(|(name, _)| {
                let field = asked.flow.fields.get(name);
                field.is_some_and(|field| field.kind == FieldKind::Password)
                    && self.parts.query.contains(name.as_str())
            });
            if let Some((name, _)) = secret {
                let message = format!("{name} must not stand in the query");
                return Err(Error::invalid(name.clone(), message));
            }
        }
        let mut invalid = asked.flow.invalid(asked.form, parameters, &call.locale);
        let field = |name: &str| asked.flow.fields.get(name);
        invalid.retain(|name, _| {
            let own = field(name);
            let of = own.and_then(Field::repeated).map_or(own, field);
            !own.is_some_and(&passed) && !of.is_some_and(&passed)
        });
        if invalid.is_empty() {
            Ok(())
        } else {
            Err(fields(invalid))
        }
    }

    /// What a form answers. Where there is a record, what the form leaves out stays as it is.
    pub(super) fn answers(
        &self,
        asked: &Asked<'_>,
        parameters: &Parameters,
        found: Option<&Found>,
    ) -> Answers {
        let settings = &self.place.capture.settings;
        let mut answers = Answers::new();
        let mut put = |input: &str, given: Given| {
            if let Some(slot) = Slot::parse(input) {
                answers.put(slot, given);
            }
        };
        for (path, attribute) in &settings.attributes {
            let value = found.and_then(|found| self.place.capture.value(found, path));
            put(
                attribute,
                match value {
                    Some(Value::Bool(flag)) => Given::Flag(*flag),
                    Some(Value::Int(number)) => Given::Text(number.to_string()),
                    Some(Value::Text(text)) => Given::Text(text.to_string()),
                    // Nothing is there: a flag that was never set is not set.
                    _ if Self::is_flag(asked, path) => Given::Flag(false),
                    _ => Given::Text(String::new()),
                },
            );
        }
        for (name, _) in &asked.form.fields {
            let Some(field) = asked.flow.fields.get(name) else {
                continue;
            };
            let value = field.value(name, parameters).unwrap_or_default();
            for input in asked.inputs(settings, name, field) {
                match (field.kind, &value) {
                    (FieldKind::Checkbox, value) => put(&input, Given::Flag(value.is_some())),
                    (FieldKind::Password, Some(value)) => {
                        put(&input, Given::Secret(wayfare::Secret::from(&**value)));
                    }
                    (_, Some(value)) => put(&input, Given::Text(value.clone())),
                    (_, None) if field.is_emptied(name, parameters) => {
                        put(&input, Given::Text(String::new()));
                    }
                    (_, None) => {}
                }
            }
        }
        answers
    }

    /// Whether a path of records is a checkbox in the flow.
    fn is_flag(asked: &Asked<'_>, path: &str) -> bool {
        let mut fields = asked.flow.fields.values();
        fields.any(|field| {
            field.kind == FieldKind::Checkbox && field.attribute.as_deref() == Some(path)
        }) || path == "optIn.status"
    }

    pub(super) fn wish(
        &self,
        journey: &str,
        call: &Native,
        answers: Answers,
        holder: Option<&Holder>,
    ) -> Wish {
        let mut start = Start::journey(journey);
        start.realm = self.place.state.realm.clone();
        start.no_session = true;
        let mut standing = None;
        if let Some(Holder { token, found, .. }) = holder {
            let family = token.family.as_deref().unwrap_or_default();
            let identity = &found.identity;
            start.session = Some(StartSession {
                session: SessionRef(Arc::from(family_session(family))),
                subject: identity.subject.clone(),
                username: Arc::clone(&identity.username),
                level: AuthLevel::ZERO,
                services: Vec::new(),
                proved: true,
            });
            start.expects = Some(identity.subject.clone());
            start.transaction = Some(Arc::from("capture"));
            standing = Some(SessionView {
                subject: identity.subject.clone(),
                username: Arc::clone(&identity.username),
                level: AuthLevel::ZERO,
                created: token.issued,
                properties: BTreeMap::new(),
            });
        }
        let mut request = self.parts.to_request(Query::default());
        request.locales = vec![call.locale.clone()];
        Wish {
            wire: "capture",
            start,
            answers,
            request,
            tells: self.place.capture.settings.detailed_credential_errors,
            standing,
            person: None,
        }
    }

    pub(super) async fn run(
        &self,
        asked: &Asked<'_>,
        call: &Native,
        answers: Answers,
        holder: Option<&Holder>,
    ) -> Result<Box<Run>, Error> {
        let journeys = &self.place.capture.settings.journeys;
        let journey = asked.journey(journeys);
        let wish = self.wish(journey, call, answers, holder);
        self.ran(Box::pin(headless::run(self.app, wish)).await, journey)
    }

    pub(super) fn ran(&self, ran: Ran, journey: &str) -> Result<Box<Run>, Error> {
        match ran {
            Ran::Done(run) => Ok(run),
            Ran::Busy { retry_after } => Err(Error::limit(retry_after.into())),
            Ran::NoJourney => {
                self.app
                    .log
                    .error(&format!("capture: there is no journey {journey:?}"));
                Err(Error::new(
                    Code::FlowError,
                    "the journey of the form is not served",
                ))
            }
            Ran::Expired => Err(Error::new(Code::TriggeredError, "what was begun is over")),
            Ran::Failed => Err(Error::unexpected()),
        }
    }

    pub(super) fn succeeded(
        &self,
        run: Run,
        asked: &Asked<'_>,
        call: &Native,
    ) -> Result<Arc<Success>, Error> {
        match run.outcome {
            Outcome::Success(success) => Ok(success),
            other => Err(self.failed(&other, asked, call)),
        }
    }
}
