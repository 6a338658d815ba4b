//! The operations that run a flow: a form is checked, and its fields answer a journey.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Value as Json, json};
use wayfare::{
    AuthLevel, Start, StartSession, Success, Value,
    engine::{
        effect::{SessionRef, SessionView},
        ground::{CredentialDetail, Ground},
    },
    headless::{Answers, Given, Lack, NeedsInput, Outcome, Slot},
};
use wayfare_wire::{
    capture::{
        call::Native,
        client::{Feature, Sender},
        error::{Code, Detail, Error},
        flow::{FieldKind, Rule},
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
    record::{EMAIL, EMAIL_VERIFIED, Found},
    social::{is_linked_elsewhere, linked_elsewhere},
    token::{ACCESS, CODE, RECOVERED, RUN, VERIFY, family_session},
};
use crate::{
    headless::{self, Paused, Ran, Run, Wish},
    store::token::{NewToken, Token, TokenKey},
};

/// What is said of a login that fails, to strangers and owners alike.
const INCORRECT: &str = "Incorrect username or password. Try again.";

/// What a mailed code is for, in the state that its redemption answers.
const RECOVER: &str = "password_recover";

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
        self.logged_in(client, call, &found, is_new.then_some(true))
            .await
    }

    /// What a login answers.
    pub(super) async fn logged_in(
        &self,
        client: &Known,
        call: &Native,
        found: &Found,
        is_new: Option<bool>,
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
                tokens.push(self.renewal(client, &minted.secret, &granted, secret.reveal()));
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
        self.keep(tokens).await?;
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

    async fn mail(
        &self,
        client: &'a Known,
        call: &Native,
        parameters: &Parameters,
    ) -> Result<Answer, Error> {
        let asked = self.asked(client, call)?;
        let verifies = asked.usage == Use::Verify;
        let link = link(client, call, verifies)?;
        self.checked(&asked, call, parameters)?;
        let answers = self.answers(&asked, parameters, None);
        let typed = asked
            .form
            .fields
            .first()
            .and_then(|(name, _)| parameters.filled(name));
        self.mails(typed).map_err(Error::limit)?;
        let known = match typed {
            Some(address) => self.find_by(EMAIL, address).await?,
            None => None,
        };
        let found = match &known {
            Some(subject) => {
                let who = wayfare::engine::effect::Who::Subject(subject.clone());
                self.whose(&who)
                    .await?
                    .filter(|found| found.identity.active)
            }
            None => None,
        };
        if self.place.capture.settings.strict_compat {
            let Some(found) = &found else {
                return Err(Self::incorrect(&asked, call));
            };
            if verifies && self.place.capture.verified(found).is_some() {
                return Err(done(asked, call));
            }
        }
        // Who is verified already is mailed nothing, and whoever asks is told nothing of it.
        let settled = verifies
            && found
                .as_ref()
                .is_some_and(|found| self.place.capture.verified(found).is_some());
        let run = self.run(&asked, call, answers, None).await?;
        let Some(paused) = self.suspended(run, &asked, call)? else {
            return Ok(Answer::Ok);
        };
        // As much is written for them as for everybody else, and leads nowhere.
        let (found, paused) = if settled {
            (None, paused.unaddressed())
        } else {
            (found.as_ref(), paused)
        };
        self.send_code(client, found, paused, &link, verifies)
            .await?;
        Ok(Answer::Ok)
    }

    /// Counts a mail that is asked for, whoever has the address.
    fn mails(&self, recipient: Option<&str>) -> Result<(), u64> {
        let Turn { app, parts, .. } = self;
        let mails = &self.place.capture.mails;
        mails.take(recipient, parts.client, &app.config.limits, app.clock.now())
    }

    /// Keeps a run that waits under a code, and sees to it that the code is mailed.
    async fn send_code(
        &self,
        client: &Known,
        found: Option<&Found>,
        paused: Paused,
        link: &Link,
        verifies: bool,
    ) -> Result<(), Error> {
        let subject = found.map(Found::subject).unwrap_or_default();
        let granted = self.grant(subject, &client.id)?;
        let email = found.and_then(|found| self.place.capture.email(found));
        let (kind, life, data) = if verifies {
            let data = json!({ "attribute": EMAIL_VERIFIED, "of": email, RUN: paused.kept() });
            (VERIFY, client.settings.verification_code_lifetime, data)
        } else {
            let state = json!({ "capture": { "action": RECOVER, "password_recover": true } });
            let data = json!({
                "redirect_uris": link.redirect_uris,
                "purpose": RECOVER,
                "of": email,
                "state": state,
                RUN: paused.kept(),
            });
            (CODE, client.settings.recover_code_lifetime, data)
        };
        let mut minted = self.minted(kind, &granted, life, data)?;
        minted.new.token.exp = minted.new.token.exp.min(paused.until());
        if found.is_none() {
            minted.new.token.subject = None;
        }
        let address = link.with(minted.secret.reveal());
        // Those mailed before are good no more.
        let kept = self.app.store().put_newest_token(minted.new, RUN).await;
        self.stored(kept)?;
        let sent = paused.deliver(self.app, &address).await;
        self.stored(sent)
    }

    /// Mails whoever has just registered a code to verify the address with.
    async fn mail_verification(
        &self,
        client: &Known,
        call: &Native,
        found: &Found,
    ) -> Result<(), Error> {
        let (Some(url), Some(email)) = (
            &client.settings.verify_email_url,
            self.place.capture.email(found),
        ) else {
            return Ok(());
        };
        // The recipient is not counted: an address is registered once, and whether it was is told to nobody.
        if self.mails(None).is_err() {
            self.app.log.error(
                "a mail to verify an address was not sent: there are too many from its source",
            );
            return Ok(());
        }
        let settings = &self.place.capture.settings;
        let mut answers = Answers::new();
        if let Some(attribute) = settings.attributes.get(EMAIL) {
            answers.text(attribute, email);
        }
        let wish = self.wish(&settings.journeys.verify, call, answers, None);
        if let Ran::Done(run) = Box::pin(headless::run(self.app, wish)).await
            && let Some(paused) = run.paused
        {
            let link = Link::to(url, "verification_code", Vec::new());
            return self
                .send_code(client, Some(found), paused, &link, true)
                .await;
        }
        // The account is made; another mail can be asked for.
        self.app
            .log
            .error("a mail to verify an address could not be sent");
        Ok(())
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
        let invalid = asked.flow.invalid(asked.form, parameters, &call.locale);
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
    ) -> Result<Box<Success>, Error> {
        match run.outcome {
            Outcome::Success(success) => Ok(success),
            other => Err(self.failed(&other, asked, call)),
        }
    }

    fn suspended(
        &self,
        run: Box<Run>,
        asked: &Asked<'_>,
        call: &Native,
    ) -> Result<Option<Paused>, Error> {
        match run.outcome {
            Outcome::Suspended(_) => Ok(run.paused),
            other => Err(self.failed(&other, asked, call)),
        }
    }

    /// The error of a run that did not come where it should.
    fn failed(&self, outcome: &Outcome, asked: &Asked<'_>, call: &Native) -> Error {
        match outcome {
            Outcome::Failure(failed) => {
                let error = self.ground(&failed.ground, asked, call);
                let bound = asked
                    .binding
                    .and_then(|binding| binding.code(failed.ground.kind()));
                let code = bound.and_then(|code| Code::of_number(u16::try_from(code).ok()?));
                match code {
                    Some(code) => Error { code, ..error },
                    None => error,
                }
            }
            Outcome::NeedsInput(needs) => self.lacks(needs, asked, call),
            // A flow that goes on elsewhere cannot be gone on with here.
            _ => Error::new(
                Code::FlowError,
                "the journey of the form does not end in one request",
            ),
        }
    }

    fn lacks(&self, needs: &NeedsInput, asked: &Asked<'_>, call: &Native) -> Error {
        let settings = &self.place.capture.settings;
        let mut invalid = BTreeMap::new();
        for (at, lack) in &needs.lacks {
            let callback = needs.ask.callbacks.get(*at);
            let input = callback
                .and_then(|callback| callback.field())
                .unwrap_or_default();
            for name in asked.fields_of(settings, input) {
                let words = match lack {
                    Lack::Missing => "This field is required.",
                    _ => "The value is not one that is taken here.",
                };
                let text = asked.flow.text(words, &call.locale).to_owned();
                invalid.insert(name, vec![text]);
            }
        }
        if invalid.is_empty() {
            Error::new(
                Code::FlowError,
                "the journey of the form asks what the form does not answer",
            )
        } else {
            fields(invalid)
        }
    }

    fn ground(&self, ground: &Ground, asked: &Asked<'_>, call: &Native) -> Error {
        let detailed = self.place.capture.settings.detailed_credential_errors;
        let signs_in = asked.usage == Use::SignIn;
        let triggered = |message: &str| {
            let text = asked.flow.text(message, &call.locale).to_owned();
            Error::new(Code::TriggeredError, message.to_owned()).message(Some(text))
        };
        match ground {
            ground if is_linked_elsewhere(ground) => linked_elsewhere(),
            Ground::InvalidCredentials { detail } if signs_in => {
                match detail.filter(|_| detailed) {
                    None => Self::incorrect(asked, call),
                    Some(detail) => {
                        let code = match detail {
                            CredentialDetail::Unknown => Code::NoSuchAccount,
                            CredentialDetail::NoPassword => Code::NoPassword,
                            CredentialDetail::Wrong => Code::PasswordIncorrect,
                        };
                        Error {
                            code,
                            ..Self::incorrect(asked, call)
                        }
                    }
                }
            }
            // Whoever is locked out, or no longer let in, looks like everybody else who is not.
            Ground::AccountLocked { .. } | Ground::AccountInactive if signs_in && !detailed => {
                Self::incorrect(asked, call)
            }
            Ground::InvalidCredentials { .. } => {
                let current = self.current_password(asked);
                let text = asked
                    .flow
                    .text("The password is wrong.", &call.locale)
                    .to_owned();
                fields([(current, vec![text])].into())
            }
            Ground::AccountLocked { .. } => triggered("The account is locked."),
            Ground::AccountInactive => triggered("The account is not active."),
            Ground::FieldsInvalid { fields: found } => self.invalid(found, asked, call),
            Ground::AlreadyExists { attribute, .. } => {
                self.exists(attribute.as_deref(), asked, call)
            }
            Ground::NotFound | Ground::NotRegistered { .. } => Error::not_found(),
            Ground::AlreadyDone => done(*asked, call),
            Ground::Expired => triggered("What was begun is over."),
            Ground::Missing { .. } => Error::new(
                Code::MissingRequiredAttribute,
                "a required attribute is missing",
            ),
            Ground::Triggered { message, .. } => triggered(message),
            Ground::Denied | Ground::Rejected => triggered("The request was refused."),
            _ => Error::unexpected(),
        }
    }

    /// One face for all logins that fail.
    fn incorrect(asked: &Asked<'_>, call: &Native) -> Error {
        let text = asked.flow.text(INCORRECT, &call.locale).to_owned();
        let invalid = [(asked.name.to_owned(), vec![text.clone()])].into();
        let error = Error::new(Code::InvalidCredentials, "incorrect username or password");
        error.with(Detail::Fields(invalid)).message(Some(text))
    }

    fn current_password(&self, asked: &Asked<'_>) -> String {
        let settings = &self.place.capture.settings;
        let mut fields = asked.fields_of(settings, "password").into_iter();
        fields.next().unwrap_or_else(|| asked.name.to_owned())
    }

    /// Values that the store refuses, told at the fields that they came from.
    fn invalid(
        &self,
        found: &BTreeMap<Arc<str>, Vec<wayfare::engine::callback::FailedPolicy>>,
        asked: &Asked<'_>,
        call: &Native,
    ) -> Error {
        let settings = &self.place.capture.settings;
        let taken = |failed: &wayfare::engine::callback::FailedPolicy| {
            matches!(&*failed.requirement, "UNIQUE" | "VALID_USERNAME")
        };
        let all_taken = !found.is_empty()
            && found
                .values()
                .all(|all| !all.is_empty() && all.iter().all(taken));
        if all_taken && matches!(asked.usage, Use::Register | Use::SocialRegister) {
            return self.exists(found.keys().next().map(|name| &**name), asked, call);
        }
        let mut invalid: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (attribute, failed) in found {
            // The second of two passwords is told by the name of the first.
            let mut names = asked.fields_of(settings, attribute);
            if &**attribute == "password" {
                let second = asked.fields_of(settings, "password#2");
                names = if second.is_empty() { names } else { second };
            }
            // The name may be the address, and follow it.
            let email = settings.attributes.get(EMAIL);
            if let Some(email) = email.filter(|_| attribute.eq_ignore_ascii_case("userName"))
                && names.is_empty()
            {
                names = asked.fields_of(settings, email);
            }
            if names.is_empty() {
                names.push(asked.name.to_owned());
            }
            for name in names {
                let messages = invalid.entry(name.clone()).or_default();
                for one in failed {
                    let text = said(asked, &name, &one.requirement, &one.params, call);
                    if !messages.contains(&text) {
                        messages.push(text);
                    }
                }
            }
        }
        fields(invalid)
    }

    /// Somebody has an account with the address already.
    fn exists(&self, attribute: Option<&str>, asked: &Asked<'_>, call: &Native) -> Error {
        let settings = &self.place.capture.settings;
        let names = attribute
            .map(|name| asked.fields_of(settings, name))
            .unwrap_or_default();
        let name = names.first().map_or(asked.name, String::as_str);
        let text = said(asked, name, "UNIQUE", &Json::Null, call);
        if matches!(asked.usage, Use::Register | Use::SocialRegister) {
            return Error::new(Code::EmailAddressInUse, "email address in use")
                .with(Detail::ExistingProvider("capture".to_owned()))
                .message(Some(text));
        }
        fields([(name.to_owned(), vec![text])].into())
    }
}

/// What was asked for has been done before.
fn done(asked: Asked<'_>, call: &Native) -> Error {
    let text = asked
        .flow
        .text("The email address is verified already.", &call.locale);
    Error::new(Code::TriggeredError, "already verified").message(Some(text.to_owned()))
}

fn fields(invalid: BTreeMap<String, Vec<String>>) -> Error {
    Error::new(Code::InvalidFormFields, "invalid form fields").with(Detail::Fields(invalid))
}

/// What a policy that is not met says to users: what the flow says of the rule, else the rule in words.
fn said(asked: &Asked<'_>, name: &str, requirement: &str, params: &Json, call: &Native) -> String {
    let number = |key: &str| params.get(key).map(ToString::to_string).unwrap_or_default();
    let (rule, words) = match requirement {
        "REQUIRED" => (Some(Rule::Required), "This field is required.".to_owned()),
        "UNIQUE" | "VALID_USERNAME" => (
            Some(Rule::Unique),
            "Somebody else has this value.".to_owned(),
        ),
        "VALID_EMAIL_ADDRESS_FORMAT" => (
            Some(Rule::Email),
            "This is not an address of mail.".to_owned(),
        ),
        "MIN_LENGTH" => (
            Some(Rule::Length {
                min: None,
                max: None,
            }),
            format!("There must be {} characters at least.", number("minLength")),
        ),
        "MAX_LENGTH" => (
            Some(Rule::Length {
                min: None,
                max: None,
            }),
            format!("There must be {} characters at most.", number("maxLength")),
        ),
        "AT_LEAST_X_CAPITAL_LETTERS" => (
            None,
            format!(
                "There must be {} capital letters at least.",
                number("numCaps")
            ),
        ),
        "AT_LEAST_X_NUMBERS" => (
            None,
            format!("There must be {} digits at least.", number("numNums")),
        ),
        "CANNOT_CONTAIN_OTHERS" => (
            None,
            "The value must not hold others of your profile.".to_owned(),
        ),
        _ => (None, "The value is not one that is taken here.".to_owned()),
    };
    let field = asked.flow.fields.get(name);
    match (rule, field) {
        (Some(rule), Some(field)) => asked.flow.said(field, &rule, &words, &call.locale),
        _ => asked.flow.text(&words, &call.locale).to_owned(),
    }
}

/// Where a mail leads.
struct Link {
    url: String,
    parameter: &'static str,
    redirect_uris: Vec<String>,
}

impl Link {
    fn to(url: &str, parameter: &'static str, redirect_uris: Vec<String>) -> Self {
        Self {
            url: url.to_owned(),
            parameter,
            redirect_uris,
        }
    }

    fn with(&self, code: &str) -> String {
        let mark = if self.url.contains('?') { '&' } else { '?' };
        format!("{}{mark}{}={code}", self.url, self.parameter)
    }
}

/// Where a mail leads: where the settings say, else where the request says, if the client may be sent there.
/// Whoever asks for a mail need not be its reader, so that it must not lead anywhere else.
fn link(client: &Known, call: &Native, verifies: bool) -> Result<Link, Error> {
    let (set, parameter) = if verifies {
        (&client.settings.verify_email_url, "verification_code")
    } else {
        (&client.settings.password_recover_url, "code")
    };
    let named = call.redirect_uri.as_deref().unwrap_or_default();
    redirects(client, named)?;
    let mut uris = vec![named.to_owned()];
    let url = match set {
        Some(url) => {
            // Clients redeem the code with the address that they were called at.
            uris.push(url.clone());
            url.as_str()
        }
        None if !client.settings.redirect_uris.is_empty() => named,
        None => {
            let message = "the client has no address for mails to lead to";
            return Err(Error::new(Code::FlowError, message));
        }
    };
    Ok(Link::to(url, parameter, uris))
}
