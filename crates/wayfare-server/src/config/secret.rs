//! Where a secret is: a file or a variable of the environment, never the configuration.

use std::{fmt, fs, path::PathBuf};

use wayfare::Secret;

/// The place of a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// A file; an end of line at its end does not belong to the secret.
    File(PathBuf),
    /// A variable of the environment.
    Variable(String),
}

/// Why a secret cannot be had; never what it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SecretError(String);

impl SecretSource {
    /// The secret as it is now.
    ///
    /// # Errors
    /// The file cannot be read, or the environment has no such text.
    pub fn read(&self) -> Result<Secret<String>, SecretError> {
        match self {
            Self::File(path) => {
                let text = fs::read_to_string(path)
                    .map_err(|error| SecretError(format!("{}: {error}", path.display())))?;
                let text = Secret::new(text);
                let trimmed = text.reveal().trim_end_matches(['\n', '\r']).to_owned();
                Ok(Secret::new(trimmed))
            }
            Self::Variable(variable) => std::env::var(variable)
                .map(Secret::new)
                .map_err(|_| SecretError(format!("the environment has no text in {variable}"))),
        }
    }
}

impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Variable(variable) => write!(f, "the variable {variable}"),
        }
    }
}
