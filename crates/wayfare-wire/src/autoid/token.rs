//! The claims of a token of a login, and how one is renewed.
//!
//! The members of the user object stand at the top of the claims, so that asking whom a token stands for is
//! verifying it and reading it out. A token of a login is never taken for one of another kind: its keys sign
//! nothing else, and issuer, audience and `typ` are looked at.

use std::time::Duration;

use serde_json::{Map, json};
use wayfare::{Realm, Timestamp};

use crate::{
    autoid::user::User,
    jose::{Algorithm, Claims, Expected, KeySet, Refused, Typ, Verified},
};

/// What the header says of the kind.
pub const TYP: &str = "JWT";

/// The claim that names the login: all tokens that come of it have the same.
pub const LOGIN: &str = "sid";

/// How far the clocks of those who issue and verify may differ.
const LEEWAY: u64 = 10;

/// How tokens are issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuing {
    /// Who issues them.
    pub issuer: String,
    /// Whom they are for.
    pub audience: String,
    /// How they are signed, and no other way is taken.
    pub algorithm: Algorithm,
    /// How long one lasts.
    pub lifetime: Duration,
    /// How long after the login the last renewed one ends.
    pub lifetime_max: Duration,
}

/// A login: who, when, and by what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// Who.
    pub user: User,
    /// Where.
    pub realm: Realm,
    /// When.
    pub at: Timestamp,
    /// What was proved, by the names of RFC 8176 where there are such: `pwd`, `otp`, `mfa`.
    pub methods: Vec<String>,
    /// The level that the journey reached.
    pub level: u32,
}

/// Claims that may not be issued: the login is too long ago.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the login is too long ago")]
pub struct TooOld;

impl Issuing {
    /// The claims of the first token of a login; `id` names the token, and no other has it.
    pub fn issue(&self, login: &Login, id: &str) -> Claims {
        let issued = login.at.0 / 1_000;
        let mut claims = self.registered(&login.user, id, issued);
        claims.insert(LOGIN.into(), id.into());
        claims.insert("auth_time".into(), issued.into());
        claims.insert("amr".into(), login.methods.clone().into());
        claims.insert("acr".into(), login.level.to_string().into());
        claims.insert("authLevel".into(), login.level.into());
        claims.insert("realm".into(), login.realm.as_str().into());
        let end = issued.saturating_add(self.lifetime.min(self.lifetime_max).as_secs());
        claims.insert("exp".into(), end.into());
        claims
    }

    /// The claims of a token that takes the place of a verified one, for the same login; the user is as
    /// the user is now.
    ///
    /// It lasts at least as long as the one before it, and never longer than the login allows.
    ///
    /// # Errors
    /// The login is too long ago.
    pub fn renew(
        &self,
        old: &Verified,
        user: &User,
        id: &str,
        now: Timestamp,
    ) -> Result<Claims, TooOld> {
        let issued = now.0 / 1_000;
        let login = old.seconds("auth_time").ok_or(TooOld)?;
        let last = login.saturating_add(self.lifetime_max.as_secs());
        let before = old.seconds("exp").unwrap_or(0);
        let end = issued
            .saturating_add(self.lifetime.as_secs())
            .max(before)
            .min(last);
        if end <= issued {
            return Err(TooOld);
        }
        let mut claims = self.registered(user, id, issued);
        for kept in [LOGIN, "auth_time", "amr", "acr", "authLevel", "realm"] {
            if let Some(value) = old.claims.get(kept) {
                claims.insert(kept.into(), value.clone());
            }
        }
        claims.insert("exp".into(), end.into());
        Ok(claims)
    }

    fn registered(&self, user: &User, id: &str, issued: u64) -> Claims {
        let mut claims = Map::new();
        claims.insert("iss".into(), self.issuer.clone().into());
        claims.insert("sub".into(), user.subject.clone().into());
        claims.insert("aud".into(), self.audience.clone().into());
        claims.insert("iat".into(), issued.into());
        claims.insert("nbf".into(), issued.into());
        claims.insert("jti".into(), id.into());
        claims.insert("dn".into(), user.dn.clone().into());
        claims.insert("controls".into(), json!([]));
        claims.insert("gidNumber".into(), user.gid_number.clone().into());
        claims.insert("uid".into(), user.uid.clone().into());
        claims.insert("displayName".into(), user.display_name.clone().into());
        claims.insert("_groups".into(), user.groups.clone().into());
        if let Some(email) = &user.email {
            claims.insert("email".into(), email.clone().into());
        }
        claims
    }

    /// A token, verified: signed by one of the keys and in the one way, for us, by us, in its time, of one
    /// of these realms, and with all the claims that a token of ours has.
    ///
    /// # Errors
    /// It does not hold. Whoever sent it is told no more than that.
    pub fn verify(
        &self,
        token: &str,
        keys: &KeySet,
        realm: &Realm,
        now: Timestamp,
    ) -> Result<Verified, Refused> {
        let expected = Expected {
            typ: Typ::Is(TYP),
            issuer: Some(&self.issuer),
            audience: &[&self.audience],
            algorithms: &[self.algorithm],
            leeway: LEEWAY,
        };
        let verified = keys.verify(token, &expected, now)?;
        for name in ["sub", "jti", "uid"] {
            if verified.text(name).is_none_or(str::is_empty) {
                return Err(Refused::Claim(name));
            }
        }
        for name in ["iat", "auth_time"] {
            if verified.seconds(name).is_none() {
                return Err(Refused::Claim(name));
            }
        }
        if verified.text("realm") != Some(realm.as_str()) {
            return Err(Refused::Claim("realm"));
        }
        Ok(verified)
    }
}
