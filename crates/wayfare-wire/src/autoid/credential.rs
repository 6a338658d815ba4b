//! The token of a request: `Authorization: Bearer …` or `Token …`, and nowhere else.

use std::fmt;

use wayfare::Secret;

use crate::{am::request::Parts, autoid::refusal::Refusal, jose::TOKEN_BYTES_MAX};

/// What a request shows of whom it comes from.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    /// The token of a login: signed, in three parts.
    Login(Secret<String>),
    /// A token for programs.
    Program(Secret<String>),
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Login(_) => "Login(_)",
            Self::Program(_) => "Program(_)",
        })
    }
}

impl Credential {
    /// The token of a request.
    ///
    /// # Errors
    /// There is none, more than one, or one of another scheme.
    pub fn read(parts: &Parts<'_>) -> Result<Self, Refusal> {
        let mut headers = parts.header("authorization");
        let Some(header) = headers.next() else {
            return Err(Refusal::NoToken);
        };
        if headers.next().is_some() {
            return Err(Refusal::BadToken);
        }
        let (scheme, token) = header.split_once(' ').ok_or(Refusal::BadToken)?;
        let known = ["bearer", "token"]
            .iter()
            .any(|known| scheme.eq_ignore_ascii_case(known));
        if !known {
            return Err(Refusal::NoToken);
        }
        Self::of(token).ok_or(Refusal::BadToken)
    }

    /// The token that this text is; `None` where it cannot be one.
    pub fn of(token: &str) -> Option<Self> {
        let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        if token.is_empty() || token.len() > TOKEN_BYTES_MAX || !token.bytes().all(fits) {
            return None;
        }
        let secret = Secret::from(token);
        Some(match token.split('.').count() {
            1 => Self::Program(secret),
            _ => Self::Login(secret),
        })
    }
}
