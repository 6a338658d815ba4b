//! What administrators do: users, and tokens for programs.

use std::{collections::BTreeMap, sync::Arc};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value as Json, json};
use wayfare::{
    Effect, EffectReply, Secret, SubjectId, Timestamp, Value,
    engine::{
        effect::{
            Change, CreateIdentity, Credential as Compared, EffectId, Identity, PatchIdentity,
            Unmet, Verify, Who,
        },
        host::id_of,
        step::Call as EffectCall,
    },
};
use wayfare_wire::autoid::{
    call::{Call, NewApiToken, NewUser, SelfChange, UserChange},
    operation::Operation,
    refusal::Refusal,
    reply::{Answer, ApiToken},
    user::Account,
};

use super::{Turn, internal, user};
use crate::{
    am,
    audit::{Event, EventName, hex},
    clock::drawn,
    hash::Permit,
    headless::place,
    identities::{IdentityError, Outcome},
    store::{
        StoreError,
        token::{Basis, Ending, Kind, NewToken, Token, TokenKey},
    },
};

/// Tokens for programs.
pub(super) const API: Kind = Kind::new("autoid.api");

/// What users are to the store.
const USERS: &str = "managed/user";

/// How many users are listed.
const LISTED_MAX: usize = 1_000;

/// How long whoever finds no room to hash is asked to wait, in seconds.
const RETRY_AFTER_BUSY: u64 = 1;

const NOBODY: Refusal = Refusal::NotFound("There is no such user");
const TAKEN: Refusal = Refusal::Conflict("Somebody has this name or address already");

/// Whom something is done for.
#[derive(Debug, Clone, Copy)]
pub(super) struct By<'a> {
    pub(super) identity: &'a Identity,
    /// The token for programs that it is done with.
    pub(super) program: Option<&'a Maker>,
}

/// A token for programs that makes another one, which ends with it.
#[derive(Debug, Clone)]
pub(super) struct Maker {
    pub(super) key: TokenKey,
    pub(super) family: String,
    pub(super) exp: Timestamp,
}

impl Turn<'_> {
    /// What a token stands for does something to users or tokens.
    pub(super) async fn administer(
        &self,
        operation: Operation,
        call: Call,
        by: By<'_>,
    ) -> Result<Answer, Refusal> {
        let done = match (operation, call) {
            (_, Call::CreateUser(new)) => self.create(new).await,
            (_, Call::UpdateUser(change)) => self.change(change).await,
            (_, Call::UpdateSelf(change)) => self.change_self(change, by.identity).await,
            (Operation::DisableUser, Call::User(named)) => {
                if named.uid == *by.identity.username {
                    return Err(Refusal::Conflict("Nobody takes their own access away"));
                }
                self.set_active(&named.uid, false).await
            }
            (Operation::EnableUser, Call::User(named)) => self.set_active(&named.uid, true).await,
            (Operation::GetUsers, _) => return self.users().await,
            (_, Call::CreateApiToken(new)) => self.make_token(new, by).await,
            (_, Call::RevokeApiToken(named)) => self.end_token(named.id).await,
            (Operation::GetTokens, _) => return self.tokens().map(Answer::ApiTokens),
            _ => return Err(Refusal::Internal),
        };
        if done.is_ok() {
            let event = Event::new(EventName::IdentityChanged)
                .text("wire", super::WIRE)
                .text("realm", self.state.realm.as_str())
                .text("path", operation.path())
                .text("username", &by.identity.username);
            self.app.audit(&event);
        }
        done
    }

    /// Refuses groups that no role of the settings is for: who is given one has nothing by it.
    fn known(&self, groups: &[String]) -> Result<(), Refusal> {
        let roles = &self.settings.roles.0;
        let is_known = |group: &&String| roles.iter().any(|role| role.group == **group);
        let Some(unknown) = groups.iter().find(|group| !is_known(group)) else {
            return Ok(());
        };
        Err(Refusal::Unfit(format!(
            "`{unknown}` is no role of the realm"
        )))
    }

    async fn create(&self, new: NewUser) -> Result<Answer, Refusal> {
        self.known(&new.roles)?;
        let mut attributes = BTreeMap::from([
            (Arc::from("userName"), Value::from(new.uid.as_str())),
            (Arc::from("mail"), Value::from(new.email.as_str())),
            (Arc::from("password"), Value::Secret(new.password)),
            (Arc::from("groups"), texts(&new.roles)),
        ]);
        let shown: Arc<str> = Arc::from(&*self.settings.display_name);
        attributes.insert(shown, Value::from(new.display_name.as_str()));
        let wanted = user::from_name(&new.uid, Some(&new.email), self.settings);
        let other_dn = new.dn.as_ref().is_some_and(|dn| *dn != wanted.dn);
        let other_number = new.gid_number.as_ref();
        if other_dn || other_number.is_some_and(|number| *number != wanted.gid_number) {
            let message = "`dn` and `gidNumber` follow from the settings of the realm".to_owned();
            return Err(Refusal::Unfit(message));
        }
        let name = Who::Name(Arc::from(&*new.uid));
        if self.account(&name).await?.is_some() {
            return Err(TAKEN);
        }
        let permit = self.permit()?;
        let create = CreateIdentity {
            resource: Arc::from(USERS),
            attributes,
        };
        let place = place(self.app, self.state, Some(&permit), false, None);
        let once = self.app.performer.once(self.effect()?, place);
        let made = self.state.identities.create(&create, once).await;
        self.written(made).await
    }

    async fn change(&self, change: UserChange) -> Result<Answer, Refusal> {
        if change.dn.is_some() {
            let message = "`dn` follows from the settings of the realm".to_owned();
            return Err(Refusal::Unfit(message));
        }
        self.known(change.roles.as_deref().unwrap_or_default())?;
        let mut changes = self.shown_as(change.display_name);
        if let Some(password) = change.password {
            changes.push((Arc::from("password"), Change::Set(Value::Secret(password))));
        }
        if let Some(roles) = change.roles {
            changes.push((Arc::from("groups"), Change::Set(texts(&roles))));
        }
        let permit = self.permit()?;
        self.patch(Who::Name(Arc::from(change.uid)), changes, &permit)
            .await
    }

    async fn change_self(&self, change: SelfChange, own: &Identity) -> Result<Answer, Refusal> {
        let permit = self.permit()?;
        let mut changes = self.shown_as(change.display_name);
        let who = Who::Subject(own.subject.clone());
        if let (Some(password), Some(current)) = (change.password, change.current_password) {
            // It counts like every try, so that a token is no way to guess a password.
            let call = EffectCall {
                id: self.effect()?,
                effect: Effect::Verify(Verify {
                    who: who.clone(),
                    credential: Compared::Password,
                    secret: current,
                }),
                node: Arc::from("autoid/updateSelf"),
            };
            let place = place(self.app, self.state, Some(&permit), false, None);
            match am::perform(self.app, self.state, &call, place).await {
                EffectReply::Match(found) if found.subject == own.subject => {}
                EffectReply::Failed(message) => return Err(internal(&message, self.app)),
                _ => return Err(Refusal::BadLogin),
            }
            changes.push((Arc::from("password"), Change::Set(Value::Secret(password))));
        }
        self.patch(who, changes, &permit).await
    }

    fn shown_as(&self, name: Option<String>) -> Vec<(Arc<str>, Change)> {
        let name = name.map(|name| {
            let attribute = Arc::from(&*self.settings.display_name);
            (attribute, Change::Set(Value::from(name.as_str())))
        });
        name.into_iter().collect()
    }

    async fn patch(
        &self,
        who: Who,
        changes: Vec<(Arc<str>, Change)>,
        permit: &Permit,
    ) -> Result<Answer, Refusal> {
        let patch = PatchIdentity {
            resource: Arc::from(USERS),
            who,
            changes,
            attributes: Vec::new(),
        };
        let place = place(self.app, self.state, Some(permit), false, None);
        let once = self.app.performer.once(self.effect()?, place);
        let outcome = self.state.identities.patch(&patch, once).await;
        self.written(outcome).await
    }

    /// The user as the user is now.
    async fn written(&self, outcome: Result<Outcome, IdentityError>) -> Result<Answer, Refusal> {
        match outcome.map_err(|error| internal(&error, self.app))? {
            Outcome::Written(identity) => {
                let account = self.account(&Who::Subject(identity.subject)).await?;
                account.map(Answer::User).ok_or(NOBODY)
            }
            Outcome::Nobody => Err(NOBODY),
            Outcome::Refused(unmet) => Err(refused(&unmet)),
        }
    }

    async fn account(&self, who: &Who) -> Result<Option<Account>, Refusal> {
        let found = self.app.identity(&self.state.realm, who, user::ATTRIBUTES);
        let found = found.await.map_err(|error| internal(&error, self.app))?;
        Ok(found.map(|identity| Account {
            user: user::of(&identity, self.settings),
            active: identity.active,
        }))
    }

    async fn set_active(&self, uid: &str, active: bool) -> Result<Answer, Refusal> {
        let who = Who::Name(Arc::from(uid));
        let set = self.state.identities.set_status(&who, active).await;
        if !set.map_err(|error| internal(&error, self.app))? {
            return Err(NOBODY);
        }
        let account = self.account(&who).await?;
        account.map(Answer::User).ok_or(NOBODY)
    }

    async fn users(&self) -> Result<Answer, Refusal> {
        if self.state.settings.identities.ldap.is_some() {
            return Err(Refusal::NotFound("Users of a directory are listed there"));
        }
        let ids = self.app.store().user_ids(&self.state.realm, LISTED_MAX);
        let ids = ids.map_err(|error| internal(&error, self.app))?;
        let mut accounts = Vec::with_capacity(ids.len());
        for id in ids {
            let who = Who::Subject(SubjectId(Arc::from(id)));
            accounts.extend(self.account(&who).await?);
        }
        Ok(Answer::Users(accounts))
    }

    async fn make_token(&self, new: NewApiToken, by: By<'_>) -> Result<Answer, Refusal> {
        let exp = Timestamp(new.expiry.saturating_mul(1_000));
        if exp <= self.now || new.expiry > EXPIRY_MAX {
            return Err(Refusal::Unfit("`expiry` is no time to come".to_owned()));
        }
        if by.program.is_some_and(|maker| exp > maker.exp) {
            let message = "`expiry` is later than the end of the token that makes it".to_owned();
            return Err(Refusal::Unfit(message));
        }
        let bytes: [u8; 32] = drawn().map_err(|error| internal(&error, self.app))?;
        let secret = Secret::new(URL_SAFE_NO_PAD.encode(bytes));
        let id: [u8; 12] = drawn().map_err(|error| internal(&error, self.app))?;
        let id = hex(id.iter());
        let family = match by.program {
            None => format!("autoid.api:{id}"),
            Some(maker) => format!("{}/{id}", maker.family),
        };
        if family.matches('/').count() > MADE_MAX {
            let message = "The token was made by too many one after the other".to_owned();
            return Err(Refusal::Unfit(message));
        }
        let token = Token {
            realm: self.state.realm.clone(),
            subject: Some(by.identity.subject.0.to_string()),
            client: None,
            family: Some(family),
            session: None,
            issued: self.now,
            exp,
            used: None,
            data: json!({
                "id": id,
                "name": new.name,
                "description": new.description,
                "by": &*by.identity.username,
            }),
        };
        let shown = shown(&token).ok_or(Refusal::Internal)?;
        let key = TokenKey::of(API, secret.reveal());
        let new = NewToken { key, token };
        let store = self.app.store();
        let kept = match by.program {
            None => {
                let basis = Basis::Login(self.since);
                store.put_tokens(vec![new], basis).await.map(|()| true)
            }
            Some(maker) => store.put_token_of(maker.key, new, self.now).await,
        };
        match kept {
            Ok(true) => {}
            // Whoever asks for it was let in, and is no longer.
            Ok(false) | Err(StoreError::Ended) => return Err(Refusal::BadToken),
            Err(error) => return Err(internal(&error, self.app)),
        }
        Ok(Answer::ApiTokenMade {
            token: shown,
            secret,
        })
    }

    async fn end_token(&self, id: String) -> Result<Answer, Refusal> {
        let kept = self.app.store().tokens_of(API, &self.state.realm, self.now);
        let kept = kept.map_err(|error| internal(&error, self.app))?;
        let is_it = |token: &&Token| token.data.get("id").and_then(Json::as_str) == Some(&*id);
        let family = kept
            .iter()
            .find(is_it)
            .and_then(|token| token.family.clone());
        let family = family.ok_or(Refusal::NotFound("There is no such token"))?;
        let ended = self.app.store().end_tokens(Ending::Under(family));
        ended.await.map_err(|error| internal(&error, self.app))?;
        Ok(Answer::Done)
    }

    fn tokens(&self) -> Result<Vec<ApiToken>, Refusal> {
        let kept = self.app.store().tokens_of(API, &self.state.realm, self.now);
        let kept = kept.map_err(|error| internal(&error, self.app))?;
        Ok(kept.iter().filter_map(shown).collect())
    }

    /// A token for programs, where it is good.
    pub(super) fn api_token(&self, secret: &Secret<String>) -> Result<Option<Token>, Refusal> {
        let key = TokenKey::of(API, secret.reveal());
        let found = self.app.store().token(&key, self.now);
        let found = found.map_err(|error| internal(&error, self.app))?;
        Ok(found.filter(|token| token.realm == self.state.realm))
    }

    fn permit(&self) -> Result<Permit, Refusal> {
        self.app.performer.hash.admit().ok_or(Refusal::Busy {
            retry_after: RETRY_AFTER_BUSY,
        })
    }

    /// The name of something that is done once, outside any run.
    fn effect(&self) -> Result<EffectId, Refusal> {
        let bytes: [u8; 16] = drawn().map_err(|error| internal(&error, self.app))?;
        Ok(EffectId {
            run: id_of(self.now, bytes),
            generation: 0,
            ordinal: 0,
        })
    }
}

/// The last time that a token for programs may end: the year 9999.
const EXPIRY_MAX: u64 = 253_402_300_799;

/// How many tokens for programs may be made, each by the one before.
const MADE_MAX: usize = 8;

/// What administrators are shown of a token.
pub(super) fn shown(token: &Token) -> Option<ApiToken> {
    let text = |name: &str| token.data.get(name).and_then(Json::as_str);
    Some(ApiToken {
        id: text("id")?.to_owned(),
        name: text("name")?.to_owned(),
        description: text("description")?.to_owned(),
        expires: token.exp.0 / 1_000,
        made_by: text("by")?.to_owned(),
    })
}

fn texts(texts: &[String]) -> Value {
    Value::List(
        texts
            .iter()
            .map(|text| Value::from(text.as_str()))
            .collect(),
    )
}

fn refused(unmet: &[Unmet]) -> Refusal {
    let policies = unmet
        .iter()
        .flat_map(|one| one.failed.iter().map(move |policy| (one, policy)));
    let lines: Vec<String> = policies
        .clone()
        .map(|(one, policy)| format!("{}: {}", one.attribute, policy.requirement))
        .collect();
    let mut policies = policies;
    // Of a name that somebody has the store says that it is none that may be taken.
    let taken = |policy: &str| matches!(policy, "UNIQUE" | "VALID_USERNAME");
    if !lines.is_empty() && policies.all(|(_, policy)| taken(&policy.requirement)) {
        return TAKEN;
    }
    Refusal::Unfit(format!("Not accepted: {}", lines.join(", ")))
}
