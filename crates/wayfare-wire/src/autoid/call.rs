//! What a request asks for.
//!
//! It is read in two steps: first what it wants and with which token, and only behind a good token what its
//! body says, so that strangers learn nothing of what a body must be.

use std::fmt;

use serde::Deserialize;
use wayfare::Secret;

use crate::{
    am::request::Parts,
    autoid::{credential::Credential, operation::Operation, refusal::Refusal},
    json::{BadJson, Bounds, read},
};

/// The longest name of a user, an attribute or a token, in bytes.
pub const TEXT_BYTES_MAX: usize = 1_024;

/// How many roles somebody may be given at once.
pub const ROLES_MAX: usize = 64;

/// What a request wants, and with which token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The operation.
    pub operation: Operation,
    /// The token, where the operation needs one.
    pub credential: Option<Credential>,
    /// What stands in the path: the token that is to be verified.
    pub named: Option<Credential>,
}

/// What a body says, by operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// Name and password.
    Login(Login),
    /// A user to be made.
    CreateUser(NewUser),
    /// A user to be changed.
    UpdateUser(UserChange),
    /// A change of the user of the token.
    UpdateSelf(SelfChange),
    /// A user whose access is taken away or given back.
    User(Named),
    /// A token to be made.
    CreateApiToken(NewApiToken),
    /// A token to be ended.
    RevokeApiToken(NamedToken),
    /// Nothing but the operation.
    Nothing,
}

/// Name and password.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// The name, most often a mail address.
    pub username: String,
    /// The password.
    #[serde(deserialize_with = "secret")]
    pub password: Secret<String>,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login")
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

/// A user to be made.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct NewUser {
    /// The name that is typed.
    pub uid: String,
    /// The mail address; it is never changed.
    pub email: String,
    /// The name that is shown.
    pub display_name: String,
    /// The password.
    #[serde(deserialize_with = "secret")]
    pub password: Secret<String>,
    /// The name in the directory, where it is not made of the mail address.
    pub dn: Option<String>,
    /// The number of the group; it is never changed.
    pub gid_number: Option<String>,
    /// The groups.
    #[serde(default)]
    pub roles: Vec<String>,
}

/// A change of a user; what is absent stays.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct UserChange {
    /// Who.
    pub uid: String,
    /// The name that is shown.
    #[serde(default, deserialize_with = "some")]
    pub display_name: Option<String>,
    /// The name in the directory.
    #[serde(default, deserialize_with = "some")]
    pub dn: Option<String>,
    /// The password.
    #[serde(default, deserialize_with = "some_secret")]
    pub password: Option<Secret<String>>,
    /// All groups.
    #[serde(default, deserialize_with = "some")]
    pub roles: Option<Vec<String>>,
}

/// A change of oneself; what is absent stays.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SelfChange {
    /// The name that is shown.
    #[serde(default, deserialize_with = "some")]
    pub display_name: Option<String>,
    /// The next password.
    #[serde(default, deserialize_with = "some_secret")]
    pub password: Option<Secret<String>>,
    /// The password of now, which the next one needs.
    #[serde(default, deserialize_with = "some_secret")]
    pub current_password: Option<Secret<String>>,
}

/// Somebody, by name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// The name that is typed.
    pub uid: String,
}

/// A token for programs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewApiToken {
    /// What it is called.
    pub name: String,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// When it ends, in seconds since 1970.
    pub expiry: u64,
}

/// A token for programs, by its id.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedToken {
    /// The id.
    pub id: String,
}

fn secret<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Secret<String>, D::Error> {
    String::deserialize(from).map(Secret::new)
}

/// What is there, and not null: null neither changes nor leaves anything.
fn some<'de, D: serde::Deserializer<'de>, T: Deserialize<'de>>(
    from: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

fn some_secret<'de, D: serde::Deserializer<'de>>(
    from: D,
) -> Result<Option<Secret<String>>, D::Error> {
    secret(from).map(Some)
}

impl Asked {
    /// What a request wants.
    ///
    /// # Errors
    /// There is no such path, it does not take the method, something stands in the query, where no secret
    /// may stand and nothing else is known, or there is no token.
    pub fn read(parts: &Parts<'_>) -> Result<Self, Refusal> {
        let (operation, rest) =
            Operation::at(parts.path).ok_or(Refusal::NotFound("There is nothing here"))?;
        if !operation.takes(parts.method) {
            return Err(Refusal::Method(operation.methods()));
        }
        if !parts.query.is_empty() {
            return Err(Refusal::Malformed("This path takes no query".into()));
        }
        let credential = if operation.is_open() {
            None
        } else {
            Some(Credential::read(parts)?)
        };
        let named = match operation {
            Operation::VerifyApiToken => Credential::of(rest),
            _ => None,
        };
        Ok(Self {
            operation,
            credential,
            named,
        })
    }

    /// What the body says.
    ///
    /// # Errors
    /// It is too long, of another type, not the object that is expected, or a value of it cannot be right.
    pub fn call(&self, parts: &Parts<'_>, bounds: Bounds) -> Result<Call, Refusal> {
        if parts.body.len() > bounds.bytes {
            return Err(Refusal::TooLarge);
        }
        let call = match self.operation {
            Operation::Login => Call::Login(body(parts, bounds)?),
            Operation::CreateUser => Call::CreateUser(body(parts, bounds)?),
            Operation::UpdateUser => Call::UpdateUser(body(parts, bounds)?),
            Operation::UpdateSelf => Call::UpdateSelf(body(parts, bounds)?),
            Operation::DisableUser | Operation::EnableUser => Call::User(body(parts, bounds)?),
            Operation::CreateApiToken => Call::CreateApiToken(body(parts, bounds)?),
            Operation::RevokeApiToken => Call::RevokeApiToken(body(parts, bounds)?),
            Operation::Verify
            | Operation::RenewToken
            | Operation::Actions
            | Operation::Logout
            | Operation::Keys
            | Operation::HealthCheck
            | Operation::Version
            | Operation::Config
            | Operation::GetUsers
            | Operation::VerifyApiToken
            | Operation::GetTokens => {
                // The documentation shows `''` as the body; clients that always send one send `{}`.
                if !matches!(parts.body.trim_ascii(), b"" | b"''" | b"{}") {
                    return Err(Refusal::Malformed("This path takes no body".into()));
                }
                Call::Nothing
            }
        };
        call.check()?;
        Ok(call)
    }
}

/// The object that a body holds.
fn body<'a, T: Deserialize<'a>>(parts: &Parts<'a>, bounds: Bounds) -> Result<T, Refusal> {
    let mut types = parts.header("content-type");
    let declared = types.next().is_none_or(|value| {
        let essence = value.split(';').next().unwrap_or("").trim();
        essence.eq_ignore_ascii_case("application/json")
    });
    if !declared || types.next().is_some() {
        return Err(Refusal::MediaType);
    }
    // An array would give members by their order.
    if !parts.body.trim_ascii_start().starts_with(b"{") {
        return Err(malformed());
    }
    read(parts.body, bounds).map_err(|error| match error {
        BadJson::TooLong => Refusal::TooLarge,
        BadJson::Malformed => malformed(),
    })
}

fn malformed() -> Refusal {
    Refusal::Malformed("The body is not the JSON object that is expected".into())
}

impl Call {
    /// Refuses what nobody could be called.
    fn check(&self) -> Result<(), Refusal> {
        match self {
            Self::Login(login) => {
                // A password may be anything but empty, and what is longer than any is compared like one.
                filled("username", &login.username)?;
                present("password", login.password.reveal())
            }
            Self::CreateUser(user) => {
                filled("uid", &user.uid)?;
                filled("email", &user.email)?;
                filled("displayName", &user.display_name)?;
                present("password", user.password.reveal())?;
                user.dn.as_deref().map_or(Ok(()), |dn| filled("dn", dn))?;
                let number = user.gid_number.as_deref();
                number.map_or(Ok(()), |number| filled("gidNumber", number))?;
                roles(&user.roles)
            }
            Self::UpdateUser(change) => {
                filled("uid", &change.uid)?;
                shown(change.display_name.as_deref())?;
                let dn = change.dn.as_deref();
                dn.map_or(Ok(()), |dn| filled("dn", dn))?;
                optional("password", change.password.as_ref())?;
                change.roles.as_deref().map_or(Ok(()), roles)?;
                let UserChange {
                    uid: _,
                    display_name,
                    dn,
                    password,
                    roles,
                } = change;
                let any = display_name.is_some() || password.is_some();
                changes(any || dn.is_some() || roles.is_some())
            }
            Self::UpdateSelf(change) => {
                shown(change.display_name.as_deref())?;
                optional("password", change.password.as_ref())?;
                optional("currentPassword", change.current_password.as_ref())?;
                if change.password.is_some() != change.current_password.is_some() {
                    let message = "`password` and `currentPassword` belong together";
                    return Err(Refusal::Malformed(message.into()));
                }
                changes(change.display_name.is_some() || change.password.is_some())
            }
            Self::User(named) => filled("uid", &named.uid),
            Self::CreateApiToken(token) => {
                filled("name", &token.name)?;
                if token.description.len() > TEXT_BYTES_MAX {
                    return Err(unfit("description"));
                }
                Ok(())
            }
            Self::RevokeApiToken(named) => filled("id", &named.id),
            Self::Nothing => Ok(()),
        }
    }
}

/// A change of nothing is a mistake of whoever asks for it.
fn changes(any: bool) -> Result<(), Refusal> {
    let nothing = || Refusal::Malformed("There is nothing to change".into());
    any.then_some(()).ok_or_else(nothing)
}

fn unfit(name: &str) -> Refusal {
    Refusal::Malformed(format!("`{name}` is empty or too long, or has control characters").into())
}

fn filled(name: &str, text: &str) -> Result<(), Refusal> {
    let fits = !text.trim().is_empty()
        && text.len() <= TEXT_BYTES_MAX
        && !text.chars().any(char::is_control);
    fits.then_some(()).ok_or_else(|| unfit(name))
}

fn present(name: &str, text: &str) -> Result<(), Refusal> {
    (!text.is_empty()).then_some(()).ok_or_else(|| unfit(name))
}

fn optional(name: &str, secret: Option<&Secret<String>>) -> Result<(), Refusal> {
    secret.map_or(Ok(()), |secret| present(name, secret.reveal()))
}

fn shown(name: Option<&str>) -> Result<(), Refusal> {
    name.map_or(Ok(()), |name| filled("displayName", name))
}

fn roles(roles: &[String]) -> Result<(), Refusal> {
    if roles.len() > ROLES_MAX {
        let message = format!("more than {ROLES_MAX} roles");
        return Err(Refusal::Malformed(message.into()));
    }
    roles.iter().try_for_each(|role| filled("roles", role))
}
