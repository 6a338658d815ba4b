//! Clients: who a request comes from, and whether that is so.

use std::time::Duration;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::Value as Json;
use wayfare::Secret;
use wayfare_wire::{
    capture::{
        client::{Client, Sender},
        error::Error,
        operation::Operation,
    },
    same,
};

use super::{Turn, token::SIGNED};
use crate::{
    config::CaptureClient,
    store::token::{NewToken, Token, TokenKey},
};

/// The shortest secret of a client.
const SECRET_CHARS_MIN: usize = 22;

/// The secret of the demo's client, which everybody knows.
pub(crate) const DEMO_SECRET: &str = "everybody-knows-this-demo-secret";

/// A client as it is served.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) id: String,
    pub(crate) settings: CaptureClient,
    secret: Option<Secret<String>>,
}

impl Known {
    /// A client with its secret.
    pub(super) fn open(id: &str, settings: &CaptureClient, demo: bool) -> Result<Self, String> {
        let mut secret = None;
        if let Some(source) = &settings.secret {
            let read = source
                .read()
                .map_err(|error| format!("client `{id}`: {error}"))?;
            if read.reveal().chars().count() < SECRET_CHARS_MIN {
                return Err(format!(
                    "the secret of client `{id}` in {source} must have {SECRET_CHARS_MIN} characters at least"
                ));
            }
            secret = Some(read);
        } else if demo {
            secret = Some(Secret::from(DEMO_SECRET));
        }
        Ok(Self {
            id: id.to_owned(),
            settings: settings.clone(),
            secret,
        })
    }
}

impl<'a> Turn<'a> {
    pub(super) fn client(&self, id: &str) -> Option<&'a Known> {
        self.place.capture.clients.get(id)
    }

    /// The client of a request that has to prove itself, and may do what it asks for.
    pub(super) fn proved(&self, operation: Operation, sender: &Sender) -> Result<&'a Known, Error> {
        let Some(client) = &sender.client else {
            return Err(match sender.user {
                // A user's token is no proof of a client.
                Some(_) => Error::client(),
                // RFC 6749, section 5.2, counts a client that does not say who it is among those.
                None if operation == Operation::Token => Error::client(),
                None => Error::missing(&["client_id"]),
            });
        };
        let known = self.verified(client).ok_or_else(Error::client)?;
        may(known, operation)
    }

    /// Why the client of a request is refused, whatever it asks for, where one has to prove itself: strangers
    /// are told nothing of what an operation wants.
    pub(super) fn refused(&self, operation: Operation, sender: &Sender) -> Option<Error> {
        let proves = match operation {
            Operation::GetAccessToken
            | Operation::GetAuthorizationCode
            | Operation::GetVerificationCode
            | Operation::GetCreationToken
            | Operation::Token => true,
            Operation::Entity => sender.user.is_none(),
            _ => false,
        };
        proves.then(|| self.proved(operation, sender).err())?
    }

    /// The client of a request that may come without a proof; one that comes along must be right.
    pub(super) fn by_name(
        &self,
        operation: Operation,
        sender: &Sender,
    ) -> Result<&'a Known, Error> {
        let client = sender.client.as_ref();
        let client = client.ok_or_else(|| Error::missing(&["client_id"]))?;
        let known = match client {
            Client::Named(id) => self.client(id).ok_or_else(Error::client)?,
            proving => self.verified(proving).ok_or_else(Error::client)?,
        };
        may(known, operation)
    }

    /// The client, where it has proved itself.
    fn verified(&self, client: &Client) -> Option<&'a Known> {
        let settings = &self.place.capture.settings;
        let known = self.client(client.id());
        let secret = known.and_then(|known| known.secret.as_ref());
        let proved = match client {
            Client::Named(_) => false,
            Client::Secret { secret: sent, .. } => is_secret(secret, sent),
            Client::Signed(signed) => {
                let now = i64::try_from(self.app.clock.now().seconds()).unwrap_or(i64::MAX);
                let window: Duration = settings.signed_window;
                // One that is not known costs the same.
                let key = secret.map_or("", |secret| secret.reveal());
                signed.is_by(key, now, window) & secret.is_some()
            }
        };
        known.filter(|_| proved)
    }

    /// Refuses a signed request that has come before: whoever saw one go by must not send it again. What
    /// changes nothing may come twice, as it does from clients that ask twice within the second they sign.
    pub(super) async fn first(&self, operation: Operation, sender: &Sender) -> Result<(), Error> {
        let Some(client) = &sender.client else {
            return Ok(());
        };
        let Client::Signed(signed) = client else {
            return Ok(());
        };
        let asks_nobody = operation.features().is_empty();
        // Only what is right uses a signature up.
        if operation == Operation::Entity || asks_nobody || self.verified(client).is_none() {
            return Ok(());
        }
        let realm = &self.place.state.realm;
        let signature = BASE64_STANDARD.encode(signed.signature());
        let now = self.app.clock.now();
        // A date may be as far ahead as it may be behind.
        let window = self.place.capture.settings.signed_window.saturating_mul(2);
        let new = NewToken {
            key: TokenKey::of(
                SIGNED,
                &format!("{} {}\n{signature}", realm.as_str(), client.id()),
            ),
            token: Token {
                realm: realm.clone(),
                subject: None,
                client: Some(client.id().to_owned()),
                family: None,
                session: None,
                issued: now,
                exp: now.plus(window.saturating_add(Duration::from_secs(2))),
                used: Some(now),
                data: Json::Null,
            },
        };
        if self.stored(self.app.store().is_first_use(new).await)? {
            Ok(())
        } else {
            Err(Error::client())
        }
    }
}

fn may(known: &Known, operation: Operation) -> Result<&Known, Error> {
    if known.settings.has(operation.features()) {
        Ok(known)
    } else {
        Err(Error::permission())
    }
}

/// Whether it is the secret, in a time that tells nothing of it, nor whether there is such a client.
fn is_secret(secret: Option<&Secret<String>>, sent: &Secret<String>) -> bool {
    let kept = secret.map_or("", |secret| secret.reveal());
    same(kept, sent.reveal()) & secret.is_some()
}
