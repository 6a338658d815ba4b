//! Clients: who a request comes from, and whether that is so.

use std::time::Duration;

use wayfare::Secret;
use wayfare_wire::{
    capture::{
        client::{Client, Sender},
        error::{Code, Error},
        operation::Operation,
    },
    same,
};

use super::Turn;
use crate::config::CaptureClient;

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
                None => Error::missing(&["client_id"]),
            });
        };
        let known = self.verified(client)?.ok_or_else(Error::client)?;
        may(known, operation)
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
            proving => self.verified(proving)?.ok_or_else(Error::client)?,
        };
        may(known, operation)
    }

    /// The client, where it has proved itself.
    fn verified(&self, client: &Client) -> Result<Option<&'a Known>, Error> {
        let settings = &self.place.capture.settings;
        let known = self.client(client.id());
        let secret = known.and_then(|known| known.secret.as_ref());
        let proved = match client {
            Client::Named(_) => false,
            Client::Secret { secret: sent, .. } => is_secret(secret, sent),
            Client::Signed(signed) => {
                if !settings.allow_signed {
                    let message = "signed requests are switched off";
                    return Err(Error::new(Code::InvalidAuthMethod, message));
                }
                let now = i64::try_from(self.app.clock.now().seconds()).unwrap_or(i64::MAX);
                let window: Duration = settings.signed_window;
                // One that is not known costs the same.
                let key = secret.map_or("", |secret| secret.reveal());
                signed.is_by(key, now, window) & secret.is_some()
            }
        };
        Ok(known.filter(|_| proved))
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
