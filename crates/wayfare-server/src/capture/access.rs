//! The operations below `/access`, and `/entity`.

use serde_json::{Value as Json, json};
use wayfare::Secret;
use wayfare_wire::capture::{
    call::{Call, Selector},
    client::{Feature, Sender},
    error::{Code, Detail, Error},
    operation::Operation,
    reply::Answer,
};

use super::{
    Turn,
    client::Known,
    record::{EMAIL_VERIFIED, Found, at, seen},
    token::{ACCESS, CODE, CREATION, Granted, RUN, VERIFY, life},
};
use crate::store::{
    record::Verified,
    token::{Seen, Taken, TokenKey},
};

/// What is asked for of a record: which one, one attribute, several.
type Wanted = (Option<Selector>, Option<String>, Option<Vec<String>>);

impl<'a> Turn<'a> {
    /// The operations that hand out codes and tokens for somebody.
    pub(super) async fn access(&self, client: &'a Known, call: Call) -> Result<Answer, Error> {
        match call {
            Call::GetAccessToken { who, for_client } => {
                let target = self.target(client, for_client.as_deref())?;
                let found = self.active(client, &who).await?;
                let granted = self.grant(found.subject(), &target.id)?;
                let lifetime = target.settings.access_token_lifetime;
                let minted = self.minted(ACCESS, &granted, lifetime, json!({ "by": client.id }))?;
                self.keep(vec![minted.new], self.since).await?;
                Ok(Answer::AccessToken(minted.secret))
            }
            Call::GetAuthorizationCode {
                who,
                for_client,
                redirect_uri,
                lifetime,
                state,
            } => {
                let target = self.target(client, for_client.as_deref())?;
                redirects(target, &redirect_uri)?;
                let found = self.active(client, &who).await?;
                let granted = self.grant(found.subject(), &target.id)?;
                let data =
                    json!({ "redirect_uris": [redirect_uri], "state": state, "by": client.id });
                let minted = self.minted(CODE, &granted, life(lifetime), data)?;
                self.keep(vec![minted.new], self.since).await?;
                Ok(Answer::AuthorizationCode(minted.secret))
            }
            Call::GetVerificationCode {
                who,
                attribute,
                lifetime,
                plural: _,
            } => {
                let found = self.active(client, &who).await?;
                let secret = self
                    .verification_code(client, &found, &attribute, life(lifetime))
                    .await?;
                Ok(Answer::VerificationCode(secret))
            }
            Call::GetCreationToken {
                type_name,
                for_client,
                lifetime,
            } => {
                self.known_type(&type_name)?;
                let target = self.target(client, for_client.as_deref())?;
                let granted = Granted {
                    subject: String::new(),
                    ..self.grant("", &target.id)?
                };
                let data = json!({ "type_name": type_name });
                let mut minted = self.minted(CREATION, &granted, life(lifetime), data)?;
                minted.new.token.subject = None;
                self.keep(vec![minted.new], self.since).await?;
                Ok(Answer::CreationToken(minted.secret))
            }
            _ => Err(Error::unexpected()),
        }
    }

    /// The client that something is for.
    fn target(&self, client: &'a Known, named: Option<&str>) -> Result<&'a Known, Error> {
        let Some(named) = named.filter(|named| *named != client.id) else {
            return Ok(client);
        };
        if !client.settings.has(&[Feature::AccessIssuer]) {
            return Err(Error::permission());
        }
        let target = self.client(named);
        target.ok_or_else(|| Error::invalid("for_client_id", "there is no such client"))
    }

    /// The record that is named, as long as its user is let in: no code or token is made for others.
    async fn active(&self, client: &Known, who: &Selector) -> Result<Found, Error> {
        let found = self.find(who, Some(&client.settings)).await?;
        if found.identity.active {
            Ok(found)
        } else {
            Err(Error::new(
                Code::TriggeredError,
                "the account is not active",
            ))
        }
    }

    /// A code by which somebody shows that an address is theirs.
    pub(super) async fn verification_code(
        &self,
        client: &Known,
        found: &Found,
        attribute: &str,
        life: std::time::Duration,
    ) -> Result<Secret<String>, Error> {
        let capture = self.place.capture;
        if attribute != EMAIL_VERIFIED {
            return Err(if matches!(attribute, "created" | "lastUpdated") {
                let message = format!("reserved attribute: {attribute}");
                Error::new(Code::ReservedAttribute, message)
                    .with(Detail::Attribute(attribute.to_owned()))
            } else if capture.has(attribute) {
                Error::invalid("attribute_name", "the attribute holds no time")
            } else {
                Error::attribute(attribute)
            });
        }
        let Some(email) = capture.email(found) else {
            return Err(Error::invalid(
                "attribute_name",
                "the record has no address to verify",
            ));
        };
        let granted = self.grant(found.subject(), &client.id)?;
        let data = json!({ "attribute": attribute, "of": email });
        let minted = self.minted(VERIFY, &granted, life, data)?;
        self.keep(vec![minted.new], self.since).await?;
        Ok(minted.secret)
    }

    /// Uses such a code. Who has it needs nothing else: it was sent to the address.
    pub(super) async fn use_verification_code(
        &self,
        code: &Secret<String>,
    ) -> Result<Answer, Error> {
        let store = self.app.store();
        let now = self.app.clock.now();
        let key = TokenKey::of(VERIFY, code.reveal());
        if matches!(self.stored(store.look_at_token(&key, now))?, Seen::Expired) {
            return Err(Error::new(
                Code::VerificationCodeExpired,
                "verification code expired",
            ));
        }
        let token = match self.stored(store.take_token(key, now).await)? {
            Taken::Fresh(token) if token.realm == self.place.state.realm => token,
            Taken::Fresh(_) | Taken::Reused(_) | Taken::Expired | Taken::Absent => {
                return Err(Error::verification_code());
            }
        };
        if token.subject.is_none() {
            return Err(Error::verification_code());
        }
        let found = self.holder(&token).await?;
        if token.data.get(RUN).is_some() {
            // A mailed code leads back to the run that had it mailed.
            let subject = self.came_back(&token).await?;
            if subject.as_deref() != Some(found.subject()) {
                return Err(Error::verification_code());
            }
        }
        let text = |name| token.data.get(name).and_then(Json::as_str);
        let (Some(attribute), Some(of)) = (text("attribute"), text("of")) else {
            return Err(Error::verification_code());
        };
        // The address may be another one by now, and that one was not verified.
        if !self.has_address(&found, &token) {
            return Err(Error::verification_code());
        }
        let verified = Verified {
            at: now,
            of: of.to_owned(),
        };
        let realm = &self.place.state.realm;
        let subject = found.subject().to_owned();
        let done = store
            .verify_record(realm, subject, attribute.to_owned(), verified)
            .await;
        self.stored(done)?;
        Ok(Answer::Verified { uuid: found.uuid() })
    }

    /// Reads a record: the user's own by a token, any by a client that may read all.
    pub(super) async fn entity(
        &self,
        sender: &Sender,
        type_name: Option<&str>,
        (who, attribute, attributes): Wanted,
    ) -> Result<Answer, Error> {
        let (found, client) = if let Some(secret) = &sender.user {
            let (token, found) = self.user(secret).await?;
            if let Some(name) = type_name {
                self.known_type(name)?;
            }
            let client = token.client.as_deref().and_then(|id| self.client(id));
            if let Some(named) = &sender.client
                && token.client.as_deref() != Some(named.id())
            {
                return Err(Error::permission());
            }
            if let Some(who) = who {
                let named = self.find(&who, client.map(|client| &client.settings)).await;
                if named
                    .ok()
                    .is_none_or(|named| named.subject() != found.subject())
                {
                    return Err(Error::permission());
                }
            }
            (found, client)
        } else {
            let known = self.proved(Operation::Entity, sender)?;
            if !known
                .settings
                .has(&[Feature::DirectAccess, Feature::DirectReadAccess])
            {
                return Err(Error::permission());
            }
            let who = who.ok_or_else(|| Error::missing(&["uuid"]))?;
            let found = self.find(&who, Some(&known.settings)).await?;
            (found, Some(known))
        };
        let capture = self.place.capture;
        let record = capture.shown(
            &found,
            client.map(|client| &client.settings),
            &self.place.state.settings,
        );
        for path in attribute.iter().chain(attributes.iter().flatten()) {
            if !capture.has(path) {
                return Err(Error::attribute(path));
            }
        }
        if let Some(path) = attribute {
            return Ok(Answer::Entity(
                at(&record, &path).cloned().unwrap_or(Json::Null),
            ));
        }
        if let Some(paths) = attributes {
            let part = seen(&record, paths.iter().map(String::as_str));
            return Ok(Answer::Entity(Json::Object(part)));
        }
        Ok(Answer::Entity(Json::Object(record)))
    }
}

/// Whether codes for a client may be made for this address.
pub(super) fn redirects(client: &Known, uri: &str) -> Result<(), Error> {
    let known = &client.settings.redirect_uris;
    if known.is_empty() || known.iter().any(|known| known == uri) {
        Ok(())
    } else {
        Err(Error::invalid(
            "redirect_uri",
            "the address is none of the client's",
        ))
    }
}
