//! Making codes and tokens.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use wayfare::{
    Secret, SubjectId, Timestamp,
    engine::effect::{Identity, Who},
};
use wayfare_wire::{
    jose::Claims,
    oauth::{Code, Grant, OauthError, TokenFormat, token::Tokens},
};

use super::{ACCESS, Call, REFRESH, known::Known};
use crate::{
    am::session::uuid,
    clock::drawn,
    store::token::{Kind, NewToken, Token, TokenKey},
};

/// What tokens begin with, so that one that leaks is recognised for what it is.
pub(super) const CODE_PREFIX: &str = "wfc1.";
pub(super) const ACCESS_PREFIX: &str = "wfa1.";
const REFRESH_PREFIX: &str = "wfr1.";
/// What the header of a signed access token says that it is (RFC 9068 §2.1).
pub(super) const SIGNED: &str = "at+jwt";

/// What is kept of a grant with each of its tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Granted {
    /// What for.
    pub(super) scope: Vec<String>,
    /// When the user was authenticated, in seconds.
    pub(super) auth_time: u64,
    /// How well.
    pub(super) acr: String,
    /// By what.
    pub(super) amr: Vec<String>,
    /// Until when the grant may be refreshed, in milliseconds.
    pub(super) until: u64,
}

/// Whose grant it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Whose {
    pub(super) subject: String,
    pub(super) family: String,
    pub(super) session: Option<String>,
}

/// Tokens for a client, and what is kept of them.
pub(super) struct Issued {
    pub(super) tokens: Tokens,
    pub(super) kept: Vec<NewToken>,
}

/// A secret of 256 random bits.
pub(super) fn secret(prefix: &str) -> Option<Secret<String>> {
    let bytes: [u8; 32] = drawn().ok()?;
    Some(Secret::new(format!(
        "{prefix}{}",
        URL_SAFE_NO_PAD.encode(bytes)
    )))
}

/// A name that lets nobody in.
pub(super) fn name() -> Option<String> {
    let bytes: [u8; 16] = drawn().ok()?;
    Some(uuid(bytes))
}

impl Call<'_> {
    /// The user of a grant, who must be there and active.
    pub(super) async fn user(
        &self,
        subject: &str,
        wanted: &[std::sync::Arc<str>],
    ) -> Result<Option<Identity>, OauthError> {
        let who = Who::Subject(SubjectId(subject.into()));
        let read = self.state.identities.read(&who, wanted).await;
        let user = read.map_err(|error| self.broken(&error))?;
        Ok(user.filter(|user| user.active))
    }

    pub(super) fn random<T>(&self, made: Option<T>) -> Result<T, OauthError> {
        made.ok_or_else(|| self.broken(&"the source of randomness failed"))
    }

    /// What is kept of a token of a grant.
    pub(super) fn kept_as(
        &self,
        (kind, secret): (Kind, &Secret<String>),
        known: &Known,
        whose: Option<&Whose>,
        (now, exp): (Timestamp, Timestamp),
        data: Json,
    ) -> NewToken {
        NewToken {
            key: TokenKey::of(kind, secret.reveal()),
            token: Token {
                realm: self.realm().clone(),
                subject: whose.map(|whose| whose.subject.clone()),
                client: Some(known.client.id.clone()),
                family: whose.map(|whose| whose.family.clone()),
                session: whose.and_then(|whose| whose.session.clone()),
                issued: now,
                exp,
                used: None,
                data,
            },
        }
    }

    /// Makes the tokens of a grant; nothing is kept yet.
    pub(super) async fn issue(
        &self,
        known: &Known,
        whose: Option<&Whose>,
        granted: &Granted,
        nonce: Option<&str>,
    ) -> Result<Issued, OauthError> {
        let now = self.app.clock.now();
        let data = serde_json::to_value(granted).map_err(|error| self.broken(&error))?;
        let exp = now.plus(known.times.access);
        let access = self.access(known, whose, granted, exp).await?;
        let mut kept =
            vec![self.kept_as((ACCESS, &access), known, whose, (now, exp), data.clone())];
        let refreshes = whose.is_some() && known.client.grants.contains(&Grant::RefreshToken);
        let mut refresh = None;
        if refreshes && granted.until > now.0 {
            let token = self.random(secret(REFRESH_PREFIX))?;
            let until = Timestamp(granted.until);
            kept.push(self.kept_as((REFRESH, &token), known, whose, (now, until), data));
            refresh = Some(token);
        }
        let id_token = match whose {
            Some(whose) if granted.scope.iter().any(|scope| scope == "openid") => Some(
                self.id_token(known, whose, granted, (nonce, &access))
                    .await?,
            ),
            _ => None,
        };
        Ok(Issued {
            tokens: Tokens {
                access,
                expires_in: known.times.access.as_secs(),
                refresh,
                id_token,
                scope: granted.scope.clone(),
            },
            kept,
        })
    }

    async fn sign(
        &self,
        known: &Known,
        typ: &str,
        claims: &Json,
    ) -> Result<Secret<String>, OauthError> {
        let now = self.app.clock.now();
        let keys = self.provider.keys.ready(now).await;
        let keys = keys.map_err(|error| self.broken(&error))?;
        let key = keys.signing(Some(known.algorithm), now);
        let key = key.ok_or_else(|| self.broken(&"there is no key of the client's algorithm"))?;
        let signed = key.sign(typ, claims);
        signed.map(Secret::new).map_err(|error| self.broken(&error))
    }

    /// An access token: random, or signed after RFC 9068.
    async fn access(
        &self,
        known: &Known,
        whose: Option<&Whose>,
        granted: &Granted,
        exp: Timestamp,
    ) -> Result<Secret<String>, OauthError> {
        if known.client.format == TokenFormat::Opaque {
            return self.random(secret(ACCESS_PREFIX));
        }
        let audience = match &*known.audience {
            [] => json!(self.provider.issuer),
            [one] => json!(one),
            several => json!(several),
        };
        let mut claims = json!({
            "iss": self.provider.issuer,
            "exp": exp.0 / 1_000,
            "aud": audience,
            // RFC 9068 §2.2: of a client's own token it is the client.
            "sub": whose.map_or(&known.client.id, |whose| &whose.subject),
            "client_id": known.client.id,
            "iat": self.app.clock.now().0 / 1_000,
            "jti": self.random(name())?,
        });
        if let Some(members) = claims.as_object_mut() {
            if !granted.scope.is_empty() {
                members.insert("scope".to_owned(), json!(granted.scope.join(" ")));
            }
            if whose.is_some() {
                authentication(members, granted);
            }
        }
        self.sign(known, SIGNED, &claims).await
    }

    /// OpenID Connect Core §2 and §3.1.3.6.
    async fn id_token(
        &self,
        known: &Known,
        whose: &Whose,
        granted: &Granted,
        (nonce, access): (Option<&str>, &Secret<String>),
    ) -> Result<Secret<String>, OauthError> {
        let now = self.app.clock.now();
        let mut claims = json!({
            "iss": self.provider.issuer,
            "sub": whose.subject,
            "aud": known.client.id,
            "exp": now.plus(known.times.id_token).0 / 1_000,
            "iat": now.0 / 1_000,
            "at_hash": known.algorithm.half_hash(access.reveal()),
        });
        if let Some(members) = claims.as_object_mut() {
            authentication(members, granted);
            if let Some(nonce) = nonce {
                members.insert("nonce".to_owned(), json!(nonce));
            }
            if let Some(session) = &whose.session {
                members.insert("sid".to_owned(), json!(session));
            }
        }
        self.sign(known, "JWT", &claims).await
    }

    /// The error of a grant that is not there, is over, is somebody else's or does not fit.
    pub(super) fn no_grant() -> OauthError {
        OauthError::new(Code::InvalidGrant, "the grant is not valid")
    }
}

fn authentication(members: &mut Claims, granted: &Granted) {
    members.insert("auth_time".to_owned(), json!(granted.auth_time));
    members.insert("acr".to_owned(), json!(granted.acr));
    if !granted.amr.is_empty() {
        members.insert("amr".to_owned(), json!(granted.amr));
    }
}
