//! Codes and tokens: how they are made, found and redeemed.

use std::{sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value as Json, json};
use wayfare::{
    Realm, Seal as _, Secret, SubjectId,
    engine::effect::Who,
    headless::{Answers, Outcome},
};
use wayfare_wire::{
    capture::{
        call::Grant,
        digit::digit,
        error::{Code, Detail, Error},
        reply::{Answer, Tokens},
        sign,
    },
    query::Query,
    seal::Sealer,
};
use zeroize::Zeroizing;

use super::{
    Turn,
    client::Known,
    record::{EMAIL_VERIFIED, Found},
};
use crate::{
    clock::{RunHost, drawn},
    headless::{self, Ran, Return},
    store::{
        StoreError,
        ending::Since,
        record::Verified,
        token::{Basis, Kind, NewToken, Seen, Taken, Token, TokenKey},
    },
};

/// An access token.
pub(super) const ACCESS: Kind = Kind::new("capture.access");
/// An authorization code.
pub(super) const CODE: Kind = Kind::new("capture.code");
/// A refresh token.
pub(super) const REFRESH: Kind = Kind::new("capture.refresh");
/// The right of an app on a phone to renew an access token, under that token.
pub(super) const RENEWAL: Kind = Kind::new("capture.renewal");
/// A code to verify an address with.
pub(super) const VERIFY: Kind = Kind::new("capture.verify");
/// A token to make a record with.
pub(super) const CREATION: Kind = Kind::new("capture.creation");
/// That an access token which came of a mailed code has set its password.
pub(super) const RECOVERED: Kind = Kind::new("capture.recovered");
/// That a signed request has come.
pub(super) const SIGNED: Kind = Kind::new("capture.signed");

/// The member of what is kept of a mailed code that is the run it leads back to.
pub(super) const RUN: &str = "run";

/// How many characters a secret of a kind has: each kind another number, and 130 random bits at least.
fn length(kind: Kind) -> usize {
    match kind {
        CODE => 28,
        REFRESH => 30,
        VERIFY => 32,
        CREATION => 27,
        _ => 26,
    }
}

/// A grant: whom codes and tokens stand for, at which client. All that come from it end together.
#[derive(Debug, Clone)]
pub(super) struct Granted {
    pub(super) subject: String,
    pub(super) client: String,
    pub(super) family: String,
}

/// A secret with what is to be kept of it.
pub(super) struct Minted {
    pub(super) secret: Secret<String>,
    pub(super) new: NewToken,
}

impl Turn<'_> {
    /// A grant of its own.
    pub(super) fn grant(&self, subject: &str, client: &str) -> Result<Granted, Error> {
        Ok(Granted {
            subject: subject.to_owned(),
            client: client.to_owned(),
            family: self.random(CREATION)?.reveal().clone(),
        })
    }

    /// A fresh secret of a kind.
    fn random(&self, kind: Kind) -> Result<Secret<String>, Error> {
        let bytes: [u8; 32] = drawn().map_err(|error| self.broken(&error))?;
        let text = bytes.iter().take(length(kind)).map(|byte| digit(*byte));
        Ok(Secret::new(text.collect()))
    }

    /// A fresh token of a grant.
    pub(super) fn minted(
        &self,
        kind: Kind,
        granted: &Granted,
        life: Duration,
        data: Json,
    ) -> Result<Minted, Error> {
        let secret = self.random(kind)?;
        let new = self.kept(kind, &secret, granted, life, data);
        Ok(Minted { secret, new })
    }

    /// What is kept of a token.
    pub(super) fn kept(
        &self,
        kind: Kind,
        secret: &Secret<String>,
        granted: &Granted,
        life: Duration,
        data: Json,
    ) -> NewToken {
        let now = self.app.clock.now();
        NewToken {
            key: TokenKey::of(kind, secret.reveal()),
            token: Token {
                realm: self.place.state.realm.clone(),
                subject: Some(granted.subject.clone()),
                client: Some(granted.client.clone()),
                family: Some(granted.family.clone()),
                session: Some(family_session(&granted.family)),
                issued: now,
                exp: now.plus(life),
                used: None,
                data,
            },
        }
    }

    /// Keeps tokens that rest on a login, or on what was allowed to whoever asked for them.
    pub(super) async fn keep(&self, tokens: Vec<NewToken>, since: Since) -> Result<(), Error> {
        let basis = Basis::Login(since);
        match self.app.store().put_tokens(tokens, basis).await {
            // Their user was disabled meanwhile, or has another password.
            Err(StoreError::Ended) => Err(no_grant()),
            done => self.stored(done),
        }
    }

    /// The access token of a user that a request came with, and whose it is.
    pub(super) async fn user(&self, secret: &Secret<String>) -> Result<(Token, Found), Error> {
        let key = TokenKey::of(ACCESS, secret.reveal());
        let seen = self.app.store().look_at_token(&key, self.app.clock.now());
        let token = match self.stored(seen)? {
            Seen::Live(token) if token.realm == self.place.state.realm => token,
            // Those that are over are forgotten, so that they are not told from others.
            Seen::Expired | Seen::Live(_) | Seen::Used | Seen::Absent => {
                return Err(Error::new(Code::AccessTokenExpired, "access token expired"));
            }
        };
        let found = self.holder(&token).await?;
        Ok((token, found))
    }

    /// Whose a token is, as long as they are let in.
    pub(super) async fn holder(&self, token: &Token) -> Result<Found, Error> {
        let subject = token.subject.as_deref().unwrap_or_default();
        let found = self
            .whose(&Who::Subject(SubjectId(Arc::from(subject))))
            .await?;
        found
            .filter(|found| found.identity.active)
            .ok_or_else(no_grant)
    }

    /// Redeems a code or a refresh token.
    pub(super) async fn redeem(&self, client: &Known, grant: &Grant) -> Result<Answer, Error> {
        match grant {
            Grant::Code { code, redirect_uri } => {
                self.redeem_code(client, code, redirect_uri).await
            }
            Grant::Refresh(token) => {
                let key = TokenKey::of(REFRESH, token.reveal());
                self.exchange(client, key, "refresh_token").await
            }
        }
    }

    async fn redeem_code(
        &self,
        client: &Known,
        code: &Secret<String>,
        redirect_uri: &str,
    ) -> Result<Answer, Error> {
        let key = TokenKey::of(CODE, code.reveal());
        let seen = self.app.store().look_at_token(&key, self.app.clock.now());
        if let Seen::Live(token) = self.stored(seen)? {
            let of_client = token.client.as_deref() == Some(&*client.id);
            let uris = token.data.get("redirect_uris").and_then(Json::as_array);
            let fits = uris.is_some_and(|uris| uris.iter().any(|uri| uri == redirect_uri));
            if of_client && !fits {
                // What was expected is told only to a client that has proved itself.
                let expected = uris.and_then(|uris| uris.first()?.as_str());
                let detail = Detail::Redirect {
                    supplied: redirect_uri.to_owned(),
                    expected: expected.map(str::to_owned),
                };
                let message = "the redirect_uri is not the one that the code was made for";
                return Err(Error::new(Code::RedirectUriMismatch, message).with(detail));
            }
        }
        self.exchange(client, key, "code").await
    }

    /// Redeems what stands under a key, once; at a second time all that came from it ends.
    async fn exchange(
        &self,
        client: &Known,
        key: TokenKey,
        name: &'static str,
    ) -> Result<Answer, Error> {
        let store = self.app.store();
        let now = self.app.clock.now();
        let unknown = || Error::invalid(name, format!("{name} not recognized"));
        let attempt = self.place.capture.redeeming.come(key);
        let mut given = attempt.turn().await;
        if *given {
            return Err(unknown());
        }
        let found = match self.stored(store.look_at_token(&key, now))? {
            // A code of somebody else is none; it is not used up either.
            Seen::Live(found)
                if found.client.as_deref() != Some(&*client.id)
                    || found.realm != self.place.state.realm =>
            {
                return Err(unknown());
            }
            Seen::Live(found) => found,
            Seen::Expired => {
                return Err(Error::new(
                    Code::AuthorizationCodeExpired,
                    format!("{name} expired"),
                ));
            }
            Seen::Used | Seen::Absent => {
                // The store ends the family of one that was used.
                self.stored(store.exchange_token(key, Vec::new(), now).await)?;
                return Err(unknown());
            }
        };
        if found.subject.is_none() {
            // It was made for nobody, so that asking for it tells nothing.
            return Err(unknown());
        }
        let holder = self.holder(&found).await?;
        let mailed = found.data.get(RUN).is_some();
        if mailed && !self.has_address(&holder, &found) {
            return Err(unknown());
        }
        let granted = Granted {
            subject: found.subject.clone().unwrap_or_default(),
            client: client.id.clone(),
            family: found.family.clone().unwrap_or_default(),
        };
        let life = client.settings.access_token_lifetime;
        let purpose = found.data.get("purpose").cloned().unwrap_or(Json::Null);
        // Nobody has shown yet that the address is theirs; whoever has the account may have made it for that.
        let unproved = mailed && self.place.capture.verified(&holder).is_none();
        let of = found.data.get("of");
        let data = json!({ "purpose": purpose, "of": of, "unproved": unproved });
        let access = self.minted(ACCESS, &granted, life, data)?;
        let life_refresh = client.settings.refresh_token_lifetime;
        let refresh = self.minted(REFRESH, &granted, life_refresh, Json::Null)?;
        let tokens = vec![access.new, refresh.new];
        let used = if mailed {
            self.resumed(key, &found, tokens, unproved).await?
        } else {
            self.stored(store.exchange_token(key, tokens, now).await)?
        };
        if mailed && matches!(used, Taken::Fresh(_)) {
            // Who came with it meanwhile is the same reader of the same mail, and ends nothing.
            *given = true;
            attempt.over();
        }
        match used {
            Taken::Fresh(token) => Ok(Answer::Tokens(Tokens {
                access: access.secret,
                refresh: refresh.secret,
                expires_in: life.as_secs(),
                state: token
                    .data
                    .get("state")
                    .filter(|state| !state.is_null())
                    .cloned(),
            })),
            Taken::Reused(_) | Taken::Expired | Taken::Absent => Err(unknown()),
        }
    }

    /// Whether the address that a token was made for is still its user's.
    pub(super) fn has_address(&self, found: &Found, token: &Token) -> bool {
        let of = token.data.get("of").and_then(Json::as_str);
        let now = self.place.capture.email(found);
        of.zip(now)
            .is_some_and(|(of, now)| now.eq_ignore_ascii_case(of))
    }

    /// Redeems a code that leads back to a run that waits: the run is taken to its end first, and what it
    /// says counts. Whoever calls has seen to it that nobody else does the same.
    async fn resumed(
        &self,
        key: TokenKey,
        code: &Token,
        tokens: Vec<NewToken>,
        unproved: bool,
    ) -> Result<Taken, Error> {
        let store = self.app.store();
        let subject = self.came_back(code).await?;
        let now = self.app.clock.now();
        if subject.is_none() || subject != code.subject {
            self.stored(store.take_token(key, now).await)?;
            return Ok(Taken::Absent);
        }
        let of = code.data.get("of").and_then(Json::as_str);
        let Some(of) = of.filter(|_| unproved) else {
            return self.stored(store.exchange_token(key, tokens, now).await);
        };
        self.unlink_all(subject.as_deref().unwrap_or_default())
            .await?;
        let verified = Verified {
            at: now,
            of: of.to_owned(),
        };
        let name = EMAIL_VERIFIED.to_owned();
        let taken = store.recover_record(key, tokens, name, verified).await;
        self.stored(taken)
    }

    /// Takes a run to its end whose link was followed, and says who was proved.
    pub(super) async fn came_back(&self, token: &Token) -> Result<Option<String>, Error> {
        let kept = token.data.get(RUN).unwrap_or(&Json::Null);
        let back = Return {
            wire: "capture",
            realm: &self.place.state.realm,
            kept,
            answers: Answers::new(),
            request: self.parts.to_request(Query::default()),
        };
        match Box::pin(headless::resume(self.app, back)).await {
            Ran::Done(run) => Ok(match run.outcome {
                Outcome::Success(success) if success.proved => {
                    Some(success.subject.id.0.to_string())
                }
                _ => None,
            }),
            Ran::Busy { retry_after } => Err(Error::limit(retry_after.into())),
            Ran::Failed => Err(Error::unexpected()),
            Ran::NoJourney | Ran::Expired => Ok(None),
        }
    }

    /// Renews the access token of an app on a phone, which proves itself by what it signs with.
    pub(super) async fn refresh_access_token(
        &self,
        client: &Known,
        token: &Secret<String>,
        date: &str,
        signature: &str,
    ) -> Result<Answer, Error> {
        let store = self.app.store();
        let now = self.app.clock.now();
        let key = TokenKey::of(RENEWAL, token.reveal());
        let unknown = || Error::invalid("access_token", "access token not recognized");
        let (old, again) = match self.stored(store.look_at_token(&key, now))? {
            Seen::Live(old) => (old, false),
            // What was used stays with the secret that it is signed with.
            Seen::Used => match self.stored(store.take_token(key, now).await)? {
                Taken::Reused(old) => (old, true),
                Taken::Fresh(_) | Taken::Expired | Taken::Absent => return Err(unknown()),
            },
            Seen::Expired => {
                return Err(Error::new(Code::AccessTokenExpired, "access token expired"));
            }
            Seen::Absent => return Err(unknown()),
        };
        if old.client.as_deref() != Some(&*client.id) {
            return Err(unknown());
        }
        let wrong = || Error::invalid("signature", "the signature or its date is wrong");
        let secret = self.opened(&key, &old).ok_or_else(wrong)?;
        let at = wayfare_wire::capture::date::seconds(date).ok_or_else(wrong)?;
        let seconds = i64::try_from(now.seconds()).unwrap_or(i64::MAX);
        let window = self.place.capture.settings.signed_window.as_secs();
        let fresh = seconds.abs_diff(at) <= window;
        if secret.is_empty()
            || !fresh
            || !sign::is_refresh(&secret, date, token.reveal(), signature)
        {
            return Err(wrong());
        }
        if again {
            // Whoever signs it has the secret, and is not alone; whoever only saw the token ends nothing.
            self.stored(store.exchange_token(key, Vec::new(), now).await)?;
            return Err(unknown());
        }
        self.holder(&old).await?;
        let granted = Granted {
            subject: old.subject.clone().unwrap_or_default(),
            client: client.id.clone(),
            family: old.family.clone().unwrap_or_default(),
        };
        let life = client.settings.access_token_lifetime;
        let access = self.minted(ACCESS, &granted, life, json!({}))?;
        let renewal = self.renewal(client, &access.secret, &granted, &secret)?;
        let used = store
            .exchange_token(key, vec![access.new, renewal], now)
            .await;
        match self.stored(used)? {
            Taken::Fresh(_) => {
                // The token that was renewed is over.
                let old = TokenKey::of(ACCESS, token.reveal());
                self.stored(store.revoke_token(old, now).await)?;
                Ok(Answer::RefreshedToken(access.secret))
            }
            Taken::Reused(_) | Taken::Expired | Taken::Absent => Err(unknown()),
        }
    }

    /// The right to renew an access token by signing with this secret. Whoever checks a signature has to know
    /// the secret, so it is kept; sealed, so that the file of the database alone renews nothing, and beside the
    /// hash of the token, so that it is of no use in another row.
    pub(super) fn renewal(
        &self,
        client: &Known,
        token: &Secret<String>,
        granted: &Granted,
        secret: &str,
    ) -> Result<NewToken, Error> {
        let life = client.settings.refresh_token_lifetime;
        let mut new = self.kept(RENEWAL, token, granted, life, Json::Null);
        let host = RunHost {
            clock: &*self.app.clock,
        };
        let mut bytes = Zeroizing::new(secret.as_bytes().to_vec());
        Sealer::new(self.place.state.devices.storage(), &host)
            .seal(&beside(&new.token.realm, &new.key), &mut bytes)
            .map_err(|error| self.broken(&error))?;
        new.token.data = json!({ "sealed": STANDARD.encode(&*bytes) });
        Ok(new)
    }

    /// The secret that a renewal is signed with; nothing where it was sealed with other keys, or for another
    /// token.
    fn opened(&self, key: &TokenKey, token: &Token) -> Option<Zeroizing<String>> {
        let sealed = token.data.get("sealed").and_then(Json::as_str)?;
        let mut bytes = Zeroizing::new(STANDARD.decode(sealed).ok()?);
        let host = RunHost {
            clock: &*self.app.clock,
        };
        Sealer::new(self.place.state.devices.storage(), &host)
            .open(&beside(&token.realm, key), &mut bytes)
            .ok()?;
        let text = std::str::from_utf8(&bytes).ok()?;
        Some(Zeroizing::new(text.to_owned()))
    }
}

/// What a sealed secret is bound to, each part with its length before it.
fn beside(realm: &Realm, key: &TokenKey) -> Vec<u8> {
    let mut beside = Vec::new();
    let parts = [
        key.kind().name().as_bytes(),
        realm.as_str().as_bytes(),
        key.hash(),
    ];
    for part in parts {
        beside.extend_from_slice(&(part.len() as u64).to_be_bytes());
        beside.extend_from_slice(part);
    }
    beside
}

/// By what a run that a token begins spares the tokens of its own grant, where it ends all others.
pub(super) fn family_session(family: &str) -> String {
    format!("capture:{family}")
}

/// What a token stood for is no more.
pub(super) fn no_grant() -> Error {
    Error::new(
        Code::NoAccessGrant,
        "the access that was granted was taken back",
    )
}

/// How long a caller wants a code to live.
pub(super) fn life(seconds: Option<u64>) -> Duration {
    const DEFAULT: u64 = 30;
    Duration::from_secs(seconds.unwrap_or(DEFAULT))
}
