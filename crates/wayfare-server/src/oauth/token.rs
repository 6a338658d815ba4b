//! The token endpoint: a grant is exchanged, once.

use serde::Deserialize;
use wayfare::{Secret, Timestamp};
use wayfare_wire::{
    am::reply::Reply,
    oauth::{
        Code, OauthError,
        authorize::verifies,
        form,
        token::{Asked, credentials},
    },
};

use super::{
    CODE, Call, REFRESH,
    issue::{Granted, Issued, Whose},
    known::Known,
};
use crate::{
    audit::{Event, EventName},
    store::token::{Basis, Taken, Token, TokenKey},
};

/// What is kept of a code.
#[derive(Debug, Deserialize)]
struct Coded {
    granted: Granted,
    redirect_uri: Option<String>,
    nonce: Option<String>,
    challenge: Option<String>,
}

impl Call<'_> {
    pub(super) async fn token(&self) -> Result<Reply, OauthError> {
        let form = form(self.parts)?;
        let credentials = credentials(self.parts, &form)?;
        let known = self.client(&credentials).await?;
        let done = match Asked::read(&form, &known.client) {
            Ok(Asked::Code {
                code,
                redirect_uri,
                verifier,
            }) => {
                let given = (redirect_uri.as_deref(), verifier.as_ref());
                self.by_code(known, &code, given).await
            }
            Ok(Asked::Refresh { token, scope }) => self.by_refresh(known, &token, scope).await,
            Ok(Asked::Own { scope }) => self.own(known, scope).await,
            Err(error) => Err(error),
        };
        match done {
            Ok(issued) => {
                self.note(known, &issued);
                Ok(issued.tokens.reply())
            }
            Err(error) => {
                self.refused(&error, Some(&known.client.id));
                Ok(error.reply())
            }
        }
    }

    fn note(&self, known: &Known, issued: &Issued) {
        let scope = issued.tokens.scope.join(" ");
        let family = issued
            .kept
            .first()
            .and_then(|new| new.token.family.as_deref());
        let event = Event::new(EventName::TokensIssued)
            .text("realm", self.realm().as_str())
            .text("oauthClient", &known.client.id)
            .text("scope", &scope)
            .hashed("grant", family.unwrap_or_default().as_bytes())
            .client(self.parts.client);
        self.app.audit(&event);
    }

    /// RFC 6749 §4.1.3, RFC 7636 §4.6.
    async fn by_code(
        &self,
        known: &Known,
        code: &Secret<String>,
        (redirect_uri, verifier): (Option<&str>, Option<&Secret<String>>),
    ) -> Result<Issued, OauthError> {
        let now = self.app.clock.now();
        let key = TokenKey::of(CODE, code.reveal());
        let found = self.kept(self.app.store().token(&key, now))?;
        let Some(found) = found else {
            self.seen_again(key, now).await?;
            return Err(Self::no_grant());
        };
        let whose = self.whose(known, &found)?;
        let coded: Coded =
            serde_json::from_value(found.data).map_err(|error| self.broken(&error))?;
        if coded.redirect_uri.is_some() && coded.redirect_uri.as_deref() != redirect_uri {
            return Err(OauthError::new(
                Code::InvalidGrant,
                "redirect_uri is not the one that the code was sent to",
            ));
        }
        let proved = match (&coded.challenge, verifier) {
            (Some(challenge), Some(verifier)) => verifies(verifier.reveal(), challenge),
            // RFC 9700 §4.8.2: a verifier without a challenge is a code of another request.
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        if !proved {
            return Err(OauthError::new(
                Code::InvalidGrant,
                "code_verifier is not the one of the challenge",
            ));
        }
        self.still_there(&whose).await?;
        let nonce = coded.nonce.as_deref();
        let issued = self
            .issue(known, Some(&whose), &coded.granted, nonce)
            .await?;
        self.exchange(key, issued, now).await
    }

    /// RFC 6749 §6, with rotation (RFC 9700 §4.14.2).
    async fn by_refresh(
        &self,
        known: &Known,
        token: &Secret<String>,
        scope: Option<Vec<String>>,
    ) -> Result<Issued, OauthError> {
        let now = self.app.clock.now();
        let key = TokenKey::of(REFRESH, token.reveal());
        let found = self.kept(self.app.store().token(&key, now))?;
        let Some(found) = found else {
            self.seen_again(key, now).await?;
            return Err(Self::no_grant());
        };
        let whose = self.whose(known, &found)?;
        let granted: Granted =
            serde_json::from_value(found.data).map_err(|error| self.broken(&error))?;
        // What the settings take from a client is taken from its grants.
        let mut left = granted.clone();
        left.scope
            .retain(|scope| known.client.scopes.contains_key(scope));
        if left.scope.is_empty() && !granted.scope.is_empty() {
            return Err(OauthError::new(
                Code::InvalidScope,
                "nothing is left of what was granted",
            ));
        }
        if let Some(asked) = scope {
            if asked.iter().any(|scope| !left.scope.contains(scope)) {
                return Err(OauthError::new(
                    Code::InvalidScope,
                    "a scope is more than what was granted",
                ));
            }
            left.scope = asked;
        }
        self.still_there(&whose).await?;
        let mut issued = self.issue(known, Some(&whose), &left, None).await?;
        // RFC 6749 §6: the refresh token is for all that was granted, whatever is asked for now.
        let all = serde_json::to_value(&granted).map_err(|error| self.broken(&error))?;
        for new in &mut issued.kept {
            if new.key.kind() == REFRESH {
                new.token.data = all.clone();
            }
        }
        self.exchange(key, issued, now).await
    }

    /// RFC 6749 §4.4: a token that is about nobody.
    async fn own(&self, known: &Known, scope: Vec<String>) -> Result<Issued, OauthError> {
        let granted = Granted {
            scope,
            auth_time: 0,
            acr: String::new(),
            amr: Vec::new(),
            until: 0,
        };
        let mut issued = self.issue(known, None, &granted, None).await?;
        let kept = std::mem::take(&mut issued.kept);
        self.kept(
            self.app
                .store()
                .put_tokens(kept.clone(), Basis::Nobody)
                .await,
        )?;
        issued.kept = kept;
        Ok(issued)
    }

    /// A code or a refresh token that is good no more: where it was used before, all that came of it ends.
    async fn seen_again(&self, key: TokenKey, now: Timestamp) -> Result<(), OauthError> {
        let taken = self.app.store().exchange_token(key, Vec::new(), now).await;
        if let Taken::Reused(again) = self.kept(taken)? {
            self.note_reuse(&again);
        }
        Ok(())
    }

    async fn exchange(
        &self,
        key: TokenKey,
        issued: Issued,
        now: Timestamp,
    ) -> Result<Issued, OauthError> {
        let kept = issued.kept.clone();
        let taken = self.app.store().exchange_token(key, kept, now).await;
        match self.kept(taken)? {
            Taken::Fresh(_) => Ok(issued),
            Taken::Reused(again) => {
                self.note_reuse(&again);
                Err(Self::no_grant())
            }
            Taken::Expired | Taken::Absent => Err(Self::no_grant()),
        }
    }

    fn note_reuse(&self, again: &Token) {
        let event = Event::new(EventName::TokensRevoked)
            .text("realm", self.realm().as_str())
            .maybe("oauthClient", again.client.as_deref())
            .text("reason", "used twice")
            .hashed(
                "grant",
                again.family.as_deref().unwrap_or_default().as_bytes(),
            )
            .client(self.parts.client);
        self.app.audit(&event);
    }

    /// Whose grant it is, where it is this client's.
    fn whose(&self, known: &Known, found: &Token) -> Result<Whose, OauthError> {
        let own = found.client.as_deref() == Some(known.client.id.as_str())
            && found.realm == *self.realm();
        match (&found.subject, &found.family) {
            (Some(subject), Some(family)) if own => Ok(Whose {
                subject: subject.clone(),
                family: family.clone(),
                session: found.session.clone(),
            }),
            _ => Err(Self::no_grant()),
        }
    }

    async fn still_there(&self, whose: &Whose) -> Result<(), OauthError> {
        let user = self.user(&whose.subject, &[]).await?;
        user.map(|_| ()).ok_or_else(Self::no_grant)
    }
}
