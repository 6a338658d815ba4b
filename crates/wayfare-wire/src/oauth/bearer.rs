//! Access tokens as they come to a resource (RFC 6750).

use wayfare::Secret;

use super::{Code, OauthError, form, fresh, one};
use crate::am::{reply::Reply, request::Parts};

/// How many bytes a token has at most.
const TOKEN_BYTES_MAX: usize = 16 * 1_024;

/// Why a resource is not shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Denied {
    /// No token came along: what is wanted is said, and no error (RFC 6750 §3.1).
    Nothing,
    /// A token came along, and is no good.
    Error(OauthError),
}

impl From<OauthError> for Denied {
    fn from(error: OauthError) -> Self {
        Self::Error(error)
    }
}

/// The token that came in the header, or in the form of a POST; never in the address (RFC 9700 §2.2).
///
/// # Errors
/// There is none, or more than one.
pub fn token(parts: &Parts<'_>) -> Result<Secret<String>, Denied> {
    let mut headers = parts.header("authorization");
    let header = headers.next();
    if headers.next().is_some() {
        return Err(OauthError::invalid("there is more than one Authorization").into());
    }
    let in_form = match (parts.method, parts.body.is_empty()) {
        ("POST", false) => {
            let form = form(parts)?;
            one(&form, "access_token")?.map(Secret::from)
        }
        _ => None,
    };
    match (header, in_form) {
        (Some(_), Some(_)) => {
            Err(OauthError::invalid("the token came in more than one way").into())
        }
        (None, Some(token)) => Ok(token),
        (None, None) => Err(Denied::Nothing),
        (Some(header), None) => {
            let Some((scheme, token)) = header.split_once(' ') else {
                return Err(Denied::Nothing);
            };
            if !scheme.eq_ignore_ascii_case("bearer") {
                return Err(Denied::Nothing);
            }
            let token = token.trim();
            // The characters of RFC 6750 §2.1.
            let fits = |b: u8| {
                b.is_ascii_alphanumeric()
                    || matches!(b, b'-' | b'.' | b'_' | b'~' | b'+' | b'/' | b'=')
            };
            if token.is_empty() || token.len() > TOKEN_BYTES_MAX || !token.bytes().all(fits) {
                return Err(OauthError::invalid("the token is none").into());
            }
            Ok(Secret::from(token))
        }
    }
}

/// The error of a token that is not known, has ended or is over; which of them is nobody's business.
pub fn invalid() -> Denied {
    Denied::Error(OauthError::new(
        Code::InvalidToken,
        "the token is not valid",
    ))
}

impl Denied {
    /// The reply.
    pub fn reply(&self, realm: &str) -> Reply {
        // A path of a realm has no quotation mark.
        let challenge = format!("Bearer realm=\"{realm}\"");
        match self {
            Self::Nothing => fresh(401).header("www-authenticate", challenge),
            Self::Error(error) => {
                let told = format!(
                    "{challenge}, error=\"{}\", error_description=\"{}\"",
                    error.code.word(),
                    error.description
                );
                error.reply().header("www-authenticate", told)
            }
        }
    }
}
