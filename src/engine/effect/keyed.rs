//! Work with keys and certificates, which is the embedder's: here there is no cryptography.
//!
//! A key is named by its label, or by the text a node has for where it is; what that means, and whether it
//! may be used, the embedder decides. Whom a token or a certificate names is told and proves nothing.

use std::{net::IpAddr, sync::Arc};

use crate::secret::Secret;

/// Something that takes a key, or reads what was made with one.
#[derive(Debug, Clone, PartialEq)]
pub enum Keyed {
    /// Encrypt a secret for whoever shares the key. The reply is `Sealed`.
    Seal {
        /// The label of the key.
        label: Arc<str>,
        /// The secret.
        secret: Secret<String>,
    },
    /// Say whom a signed token is for, if one of the authorised keys signed it for this nonce and it is
    /// in force. The reply is `Names`.
    Token {
        /// Where the authorised keys are, as the node says it.
        keys: Arc<str>,
        /// The token.
        token: Secret<String>,
        /// What the run has given out for it.
        nonce: Secret<String>,
        /// From where it came, for keys that count from some places only.
        client: Option<IpAddr>,
    },
    /// Say whom a certificate names. The reply is `Names`.
    Certificate {
        /// PEM, or DER in base 64.
        certificate: Arc<str>,
        /// Which alternative name does, before its subject.
        alternative: AlternativeName,
        /// What of its subject does.
        subject: SubjectField,
    },
}

/// Which alternative name of a certificate names a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlternativeName {
    /// None does.
    Unused,
    /// A mail address.
    Mail,
    /// A user principal name, as directories of Windows have it.
    Principal,
}

/// What of the subject of a certificate names a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubjectField {
    /// Nothing does.
    Unused,
    /// The whole name.
    Whole,
    /// The common name.
    CommonName,
    /// The user id.
    UserId,
    /// The mail address.
    Mail,
    /// The attribute of this short name, or of these numbers with dots.
    Other(Arc<str>),
}

/// The reply to a [`Keyed`].
#[derive(Debug, Clone, PartialEq)]
pub enum KeyedReply {
    /// What the secret has become.
    Sealed(Secret<String>),
    /// Who is named; `None` where it is worth nothing, or names nobody.
    Names(Option<Arc<str>>),
}

impl KeyedReply {
    /// Whether it is one to this.
    pub(crate) fn fits(&self, asked: &Keyed) -> bool {
        matches!(asked, Keyed::Seal { .. }) == matches!(self, Self::Sealed(_))
    }
}
