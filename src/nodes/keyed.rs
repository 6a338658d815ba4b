//! Nodes for keys and certificates: what is signed is asked about, and what must stay secret is sealed.
//!
//! The embedder holds the keys and does the cryptography. Whom a token or a certificate names is no proof
//! of who is there: the key of a token is that of a tool, and a certificate is public.

use std::sync::Arc;

use crate::{
    engine::{
        action::{Action, Reply},
        callback::{Answer, Callback},
        context::Context,
        effect::{
            AlternativeName, Effect, EffectReply, Keyed, KeyedReply, ReadIdentity, SubjectField,
            Who,
        },
        error::NodeError,
        node_type::{Prepared, Setup},
        refuse_system_property,
    },
    model::{expr::KeyId, journey::OutcomeId, value::Value},
    nodes::{
        failure::{self, unfit},
        reply::unexpected,
        setting::{constant, constant_or_none},
    },
    secret::Secret,
};

/// How many bytes a token has at most.
const TOKEN_MAX: usize = 8 * 1_024;
/// How many characters a certificate has at most.
const CERTIFICATE_MAX: usize = 64 * 1_024;

fn keyed(asked: Keyed) -> Action {
    Action::call(Effect::Keyed(Box::new(asked)))
}

/// Keeps the password, encrypted, in the session to come.
#[derive(Debug)]
struct PasswordReplay {
    label: Arc<str>,
    property: Arc<str>,
    password: KeyId,
    outcome: OutcomeId,
}

pub(super) fn replay(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    let identifier: Arc<str> = constant(setup, "encryptionKeySecretLabelIdentifier")?;
    let property: Arc<str> = constant(setup, "jwtSessionProperty")?;
    if identifier.is_empty() || property.is_empty() {
        return Err(unfit(
            "the label of the key and the property must not be empty",
        ));
    }
    refuse_system_property(&property)?;
    Ok(Box::new(PasswordReplay {
        label: Arc::from(format!(
            "am.authentication.nodes.jwt.replay.{identifier}.encryption"
        )),
        property,
        password: setup.key("password"),
        outcome: setup.outcome("outcome")?,
    }))
}

impl Prepared for PasswordReplay {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        match cx.get(self.password) {
            Some(Value::Secret(secret)) => Ok(keyed(Keyed::Seal {
                label: Arc::clone(&self.label),
                secret: secret.clone(),
            })),
            _ => Err(failure::NO_PASSWORD_TO_KEEP.error()),
        }
    }

    fn resume(&self, cx: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        match reply {
            Reply::Effect(EffectReply::Keyed(said)) => match *said {
                KeyedReply::Sealed(sealed) => {
                    let sealed = Value::from(sealed.reveal().as_str());
                    cx.session_property(&self.property, Some(sealed))?;
                    Ok(Action::go(self.outcome))
                }
                KeyedReply::Names(_) => Err(unexpected()),
            },
            _ => Err(unexpected()),
        }
    }
}

/// Takes the user from a token that answers a nonce of this visit.
#[derive(Debug)]
struct TokenDecision {
    keys: Arc<str>,
    username: KeyId,
    yes: OutcomeId,
    no: OutcomeId,
}

pub(super) fn token(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    Ok(Box::new(TokenDecision {
        keys: constant(setup, "authorizedKeys")?,
        username: setup.key("username"),
        yes: setup.outcome("true")?,
        no: setup.outcome("false")?,
    }))
}

impl TokenDecision {
    /// Has a token looked at; the nonce is given up with it, whatever comes of it.
    fn answered(&self, cx: &mut Context<'_>, token: &str) -> Result<Action, NodeError> {
        let Some(Value::Secret(nonce)) = cx.visit().cloned() else {
            return Err(unexpected());
        };
        cx.set_visit(None);
        if token.is_empty() || token.len() > TOKEN_MAX {
            return Ok(Action::go(self.no));
        }
        Ok(keyed(Keyed::Token {
            keys: Arc::clone(&self.keys),
            token: Secret::new(token.to_owned()),
            nonce,
            client: cx.request().client,
        }))
    }
}

impl Prepared for TokenDecision {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        let mut bytes = [0; 16];
        cx.random(&mut bytes)?;
        let nonce = format!("{:032x}", u128::from_be_bytes(bytes));
        cx.set_visit(Some(Value::Secret(Secret::new(nonce.clone()))));
        Ok(Action::ask([Callback::HiddenValue {
            id: "jwt".to_owned(),
            value: nonce,
        }]))
    }

    fn resume(&self, cx: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        match reply {
            Reply::Answers(answers) => match answers.into_iter().next() {
                Some(Answer::Text(token)) => self.answered(cx, &token),
                _ => Err(unexpected()),
            },
            Reply::Effect(EffectReply::Keyed(said)) => match *said {
                KeyedReply::Names(Some(name)) => {
                    Ok(Action::call(Effect::ReadIdentity(ReadIdentity {
                        who: Who::Name(name),
                        attributes: Vec::new(),
                    })))
                }
                KeyedReply::Names(None) => Ok(Action::go(self.no)),
                KeyedReply::Sealed(_) => Err(unexpected()),
            },
            Reply::Effect(EffectReply::Identity(Some(identity))) => {
                cx.put_shared(self.username, Value::Text(Arc::clone(&identity.username)));
                Ok(Action::identify(self.yes, identity))
            }
            Reply::Effect(EffectReply::Identity(None)) => Ok(Action::go(self.no)),
            _ => Err(unexpected()),
        }
    }
}

/// Takes the name of the user from a certificate that was collected.
#[derive(Debug)]
struct CertificateUser {
    certificate: KeyId,
    alternative: AlternativeName,
    subject: SubjectField,
    username: KeyId,
    yes: OutcomeId,
    no: OutcomeId,
}

pub(super) fn certificate(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    let field: Arc<str> = constant(setup, "certificateAttributeToProfileMapping")?;
    let extension: Arc<str> = constant(setup, "certificateAttributeProfileMappingExtension")?;
    let other: Option<Arc<str>> =
        constant_or_none(setup, "otherCertificateAttributeToProfileMapping")?;
    let unknown = |text: &str| unfit(format!("`{text}` is no field of a certificate"));
    Ok(Box::new(CertificateUser {
        certificate: setup.key("X509Certificate"),
        subject: match (&*field, other) {
            ("SUBJECT_DN", _) => SubjectField::Whole,
            ("SUBJECT_CN", _) => SubjectField::CommonName,
            ("SUBJECT_UID", _) => SubjectField::UserId,
            ("EMAIL_ADDRESS", _) => SubjectField::Mail,
            ("OTHER", Some(other)) if !other.is_empty() => SubjectField::Other(other),
            ("OTHER", _) => {
                return Err(unfit(
                    "`OTHER` needs `otherCertificateAttributeToProfileMapping`",
                ));
            }
            ("NONE", _) => SubjectField::Unused,
            (text, _) => return Err(unknown(text)),
        },
        alternative: match &*extension {
            "NONE" => AlternativeName::Unused,
            "RFC822_NAME" => AlternativeName::Mail,
            "UPN" => AlternativeName::Principal,
            text => return Err(unknown(text)),
        },
        username: setup.key("username"),
        yes: setup.outcome("EXTRACTED")?,
        no: setup.outcome("NOT_EXTRACTED")?,
    }))
}

impl Prepared for CertificateUser {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        // Only a collector writes there: shared state, which journeys and clients fill, is not looked at.
        let found = match cx.transient(self.certificate) {
            Some(Value::List(list)) => list.first(),
            other => other,
        };
        let Some(Value::Text(certificate)) = found else {
            return Err(failure::NO_CERTIFICATE.error());
        };
        if certificate.len() > CERTIFICATE_MAX {
            return Err(failure::CERTIFICATE_TOO_LARGE.error());
        }
        Ok(keyed(Keyed::Certificate {
            certificate: Arc::clone(certificate),
            alternative: self.alternative,
            subject: self.subject.clone(),
        }))
    }

    fn resume(&self, cx: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        match reply {
            Reply::Effect(EffectReply::Keyed(said)) => match *said {
                KeyedReply::Names(Some(name)) => {
                    cx.put_shared(self.username, Value::Text(name));
                    Ok(Action::go(self.yes))
                }
                KeyedReply::Names(None) => Ok(Action::go(self.no)),
                KeyedReply::Sealed(_) => Err(unexpected()),
            },
            _ => Err(unexpected()),
        }
    }
}
