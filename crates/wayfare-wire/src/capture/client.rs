//! Who sends a request: a client by name, secret or signature, a user by token; and what clients may do.

use std::fmt;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use wayfare::Secret;

use crate::{
    am::request::{Parts, TOKEN_BYTES_MAX},
    capture::{
        error::{Code, Detail, Error},
        parameters::Parameters,
        sign::{Signed, unsignable},
    },
};

/// What a client may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Feature {
    /// Everything.
    Owner,
    /// Have tokens made, for other clients too.
    AccessIssuer,
    /// Read and write every record.
    DirectAccess,
    /// Read every record.
    DirectReadAccess,
    /// Log users in, register them and change their own record.
    LoginClient,
    /// Read and write settings; nothing here asks for it.
    Metadata,
}

impl Feature {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Owner,
        Self::AccessIssuer,
        Self::DirectAccess,
        Self::DirectReadAccess,
        Self::LoginClient,
        Self::Metadata,
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::AccessIssuer => "access_issuer",
            Self::DirectAccess => "direct_access",
            Self::DirectReadAccess => "direct_read_access",
            Self::LoginClient => "login_client",
            Self::Metadata => "metadata",
        }
    }

    /// The feature of this name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|feature| feature.name() == name)
    }
}

/// Who sends a request, as it says.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Sender {
    /// The client.
    pub client: Option<Client>,
    /// The access token of a user.
    pub user: Option<Secret<String>>,
}

/// A client, and how it proves itself.
#[derive(Clone, PartialEq, Eq)]
pub enum Client {
    /// By nothing but its name.
    Named(String),
    /// By its secret.
    Secret {
        /// The client.
        id: String,
        /// What it takes for its secret.
        secret: Secret<String>,
    },
    /// By a signature.
    Signed(Box<Signed>),
}

impl Client {
    /// What it calls itself.
    pub fn id(&self) -> &str {
        match self {
            Self::Named(id) | Self::Secret { id, .. } => id,
            Self::Signed(signed) => &signed.id,
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Client").field(&self.id()).finish()
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("client", &self.client)
            .field("user", &self.user.is_some())
            .finish()
    }
}

impl Sender {
    /// Who sends this request; `mount` is the path at which Capture is served.
    ///
    /// # Errors
    /// The scheme is not known, what belongs to it is malformed, or the request says it in two ways.
    pub fn read(parts: &Parts<'_>, mount: &str, parameters: &Parameters) -> Result<Self, Error> {
        let id = parameters.filled("client_id");
        let secret = parameters.secret("client_secret");
        let mut sender = Self {
            client: match (id, secret) {
                (Some(id), Some(secret)) => Some(Client::Secret {
                    id: id.to_owned(),
                    secret: secret.clone(),
                }),
                (Some(id), None) => Some(Client::Named(id.to_owned())),
                (None, _) => None,
            },
            user: parameters.secret("access_token").cloned(),
        };
        let mut headers = parts.header("authorization");
        if let Some(header) = headers.next() {
            if headers.next().is_some() {
                return Err(twice("authorization"));
            }
            sender.header(header, parts, mount, parameters)?;
        }
        if sender.client.is_none() && secret.is_some() {
            return Err(Error::missing(&["client_id"]));
        }
        let long = |token: &Secret<String>| {
            token.reveal().is_empty() || token.reveal().len() > TOKEN_BYTES_MAX
        };
        if sender.user.as_ref().is_some_and(long) {
            return Err(Error::invalid(
                "access_token",
                "access token not recognized",
            ));
        }
        Ok(sender)
    }

    fn header(
        &mut self,
        header: &str,
        parts: &Parts<'_>,
        mount: &str,
        parameters: &Parameters,
    ) -> Result<(), Error> {
        let (scheme, credential) = header.trim().split_once(' ').unwrap_or((header, ""));
        let credential = credential.trim();
        let client = match &*scheme.to_ascii_lowercase() {
            "oauth" | "bearer" => {
                if self.user.is_some() {
                    return Err(twice("access_token"));
                }
                self.user = Some(Secret::from(credential));
                return Ok(());
            }
            "basic" => basic(credential).ok_or_else(Error::client)?,
            "signature" => {
                let mut dates = parts.header("date");
                let date = dates.next().filter(|_| dates.next().is_none());
                let full = format!("{mount}{}", parts.path);
                let paths = [parts.path, &*full];
                if let Some(name) = unsignable(parameters) {
                    let message = "what is signed must not hold line feeds, nor a name `=`";
                    return Err(Error::invalid(name.to_owned(), message));
                }
                let signed = Signed::read(credential, date, &paths, parameters);
                Client::Signed(Box::new(signed.map_err(|_| Error::client())?))
            }
            _ => {
                let message = "the authorization must be Basic, Signature or OAuth";
                return Err(Error::new(Code::InvalidAuthMethod, message));
            }
        };
        match &self.client {
            None => {}
            // The same name beside the header says nothing else.
            Some(Client::Named(id)) if id == client.id() => {}
            Some(_) => return Err(twice("client_id")),
        }
        if parameters.secret("client_secret").is_some() {
            return Err(twice("client_secret"));
        }
        self.client = Some(client);
        Ok(())
    }
}

fn basic(credential: &str) -> Option<Client> {
    let bytes = BASE64_STANDARD.decode(credential).ok()?;
    let text = Secret::new(String::from_utf8(bytes).ok()?);
    let (id, secret) = text.reveal().split_once(':')?;
    (!id.is_empty()).then(|| Client::Secret {
        id: id.to_owned(),
        secret: Secret::from(secret),
    })
}

fn twice(name: &'static str) -> Error {
    let mut error = Error::new(
        Code::DuplicateArgument,
        format!("duplicate argument: {name}"),
    );
    error.detail = Detail::None;
    error
}
