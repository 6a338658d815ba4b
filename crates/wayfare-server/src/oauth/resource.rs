//! What is told of tokens and of whom they are about, and how a client ends them.

use serde_json::{Value as Json, json};
use wayfare::Secret;
use wayfare_wire::{
    am::reply::Reply,
    jose::{Algorithm, Expected, Typ},
    oauth::{
        Code, OauthError,
        bearer::{self, Denied},
        form, json,
        token::{Meant, credentials},
    },
};

use super::{
    ACCESS, Call, REFRESH,
    issue::{ACCESS_PREFIX, Granted, SIGNED},
    known::Known,
};
use crate::{
    audit::{Event, EventName},
    store::token::{Ending, Kind, Token, TokenKey},
};

impl Call<'_> {
    /// OpenID Connect Core §5.3.
    pub(super) async fn userinfo(&self) -> Reply {
        match self.claims().await {
            Ok(claims) => json(200, &claims),
            Err(denied) => {
                if let Denied::Error(error) = &denied {
                    self.refused(error, None);
                }
                denied.reply(self.realm().as_str())
            }
        }
    }

    async fn claims(&self) -> Result<Json, Denied> {
        let token = bearer::token(self.parts)?;
        let now = self.app.clock.now();
        let key = TokenKey::of(ACCESS, token.reveal());
        let found = self.kept(self.app.store().token(&key, now))?;
        let found = found.filter(|found| found.realm == *self.realm());
        let found = found.ok_or_else(bearer::invalid)?;
        if !self.is_signed_still(&token).await? {
            return Err(bearer::invalid());
        }
        let granted = self.granted(&found)?;
        let Some(subject) = found
            .subject
            .filter(|_| granted.scope.iter().any(|one| one == "openid"))
        else {
            let error = OauthError::new(Code::InsufficientScope, "the token is not for openid");
            return Err(error.into());
        };
        let wanted = self.provider.claims.attributes(&granted.scope);
        let user = self.user(&subject, &wanted).await?;
        let user = user.ok_or_else(bearer::invalid)?;
        let mut claims = self.provider.claims.of(&granted.scope, &user.attributes);
        claims.insert("sub".to_owned(), json!(subject));
        Ok(Json::Object(claims))
    }

    /// Whether an access token that was signed is so by a key that has not been retired. That it is known
    /// here says nothing of that: whoever has the key may know what was signed by it.
    async fn is_signed_still(&self, token: &Secret<String>) -> Result<bool, OauthError> {
        if token.reveal().starts_with(ACCESS_PREFIX) {
            return Ok(true);
        }
        let now = self.app.clock.now();
        let keys = self.provider.keys.ready(now).await;
        let keys = keys.map_err(|error| self.broken(&error))?;
        let expected = Expected {
            typ: Typ::Is(SIGNED),
            issuer: None,
            audience: &[],
            algorithms: &[Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa],
            // When it is over is known here to the millisecond.
            leeway: u64::MAX / 2,
        };
        Ok(keys.verify(token.reveal(), &expected, now).is_ok())
    }

    fn granted(&self, found: &Token) -> Result<Granted, OauthError> {
        serde_json::from_value(found.data.clone()).map_err(|error| self.broken(&error))
    }

    /// The token that a client means, in both kinds.
    fn find(&self, meant: &Meant) -> Result<Option<(Kind, Token)>, OauthError> {
        let now = self.app.clock.now();
        let kinds = if meant.refresh_first {
            [REFRESH, ACCESS]
        } else {
            [ACCESS, REFRESH]
        };
        for kind in kinds {
            let key = TokenKey::of(kind, meant.token.reveal());
            let found = self.kept(self.app.store().token(&key, now))?;
            if let Some(found) = found.filter(|found| found.realm == *self.realm()) {
                return Ok(Some((kind, found)));
            }
        }
        Ok(None)
    }

    /// RFC 7662: whatever is not good is not active, and nothing else is said of it.
    pub(super) async fn introspect(&self) -> Result<Reply, OauthError> {
        let form = form(self.parts)?;
        let known = self.client(&credentials(self.parts, &form)?).await?;
        if known.client.is_public() {
            // RFC 7662 §2.1: whoever asks must say who it is, so that nobody can try tokens out.
            return Err(OauthError::new(
                Code::InvalidClient,
                "a public client is told nothing",
            ));
        }
        let meant = Meant::read(&form)?;
        let found = self.find(&meant)?;
        let body = match found {
            Some((kind, _)) if kind == ACCESS && !self.is_signed_still(&meant.token).await? => None,
            Some((kind, token)) if Self::may_know(known, &token) => {
                self.about(kind, &token).await?
            }
            _ => None,
        };
        Ok(json(200, &body.unwrap_or_else(|| json!({"active": false}))))
    }

    fn may_know(known: &Known, token: &Token) -> bool {
        let own = token.client.as_deref() == Some(known.client.id.as_str());
        own || known.introspects_all
    }

    async fn about(&self, kind: Kind, token: &Token) -> Result<Option<Json>, OauthError> {
        let granted = self.granted(token)?;
        let mut body = json!({
            "active": true,
            "client_id": token.client,
            "exp": token.exp.0 / 1_000,
            "iat": token.issued.0 / 1_000,
            "iss": self.provider.issuer,
        });
        let Some(members) = body.as_object_mut() else {
            return Ok(None);
        };
        if !granted.scope.is_empty() {
            members.insert("scope".to_owned(), json!(granted.scope.join(" ")));
        }
        if kind == ACCESS {
            members.insert("token_type".to_owned(), json!("Bearer"));
        }
        if let Some(subject) = &token.subject {
            let Some(user) = self.user(subject, &[]).await? else {
                return Ok(None);
            };
            members.insert("sub".to_owned(), json!(subject));
            members.insert("username".to_owned(), json!(&*user.username));
            members.insert("auth_time".to_owned(), json!(granted.auth_time));
            members.insert("acr".to_owned(), json!(granted.acr));
            if !granted.amr.is_empty() {
                members.insert("amr".to_owned(), json!(granted.amr));
            }
        } else {
            members.insert("sub".to_owned(), json!(token.client));
        }
        Ok(Some(body))
    }

    /// RFC 7009: a token that is not known is as good as ended.
    pub(super) async fn revoke(&self) -> Result<Reply, OauthError> {
        let form = form(self.parts)?;
        let known = self.client(&credentials(self.parts, &form)?).await?;
        let meant = Meant::read(&form)?;
        if let Some((kind, token)) = self.find(&meant)? {
            if token.client.as_deref() != Some(known.client.id.as_str()) {
                return Err(OauthError::new(
                    Code::InvalidGrant,
                    "the token was given to another client",
                ));
            }
            self.end(kind, &meant.token, token).await?;
        }
        Ok(json(200, &json!({})))
    }

    /// Ends a token, and the grant that it is of (RFC 7009 §2.1).
    async fn end(
        &self,
        kind: Kind,
        secret: &Secret<String>,
        token: Token,
    ) -> Result<(), OauthError> {
        let now = self.app.clock.now();
        let store = self.app.store();
        let event = Event::new(EventName::TokensRevoked)
            .text("realm", self.realm().as_str())
            .maybe("oauthClient", token.client.as_deref())
            .hashed(
                "grant",
                token.family.as_deref().unwrap_or_default().as_bytes(),
            )
            .client(self.parts.client);
        self.app.audit(&event);
        let ended = if let Some(family) = token.family {
            store.end_tokens(Ending::Family(family)).await.map(|_| ())
        } else {
            let key = TokenKey::of(kind, secret.reveal());
            store.revoke_token(key, now).await.map(|_| ())
        };
        self.kept(ended)
    }
}
