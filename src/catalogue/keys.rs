//! State keys that many types read or write.

use super::entry::{
    Key,
    Kind::{Any, Secret, Text, Texts},
    any, key, named, shared, transient,
};
use crate::model::signature::Scope::{ObjectShared, ObjectTransient, Shared};

/// The name of the user.
pub(super) const USERNAME: Key = shared("username", Text).personal();

/// The password as typed.
pub(super) const PASSWORD: Key = any("password", Secret);

/// What a verification of name and password needs.
pub(super) const CREDENTIALS: &[Key] = &[USERNAME.always(), PASSWORD.always()];

/// The attribute by which a profile is found.
pub(super) const IDENTITY: Key = named(ObjectShared, "identityAttribute", Text).personal();

/// The key of the same name as that attribute.
pub(super) const IDENTITY_ROOT: Key = named(Shared, "identityAttribute", Text).personal();

/// What it takes to find a profile: the attribute, else the key, else the name.
pub(super) const IDENTIFIED: &[Key] = &[IDENTITY, IDENTITY_ROOT, USERNAME];

/// The profile under construction.
pub(super) const OBJECT: Key = key(ObjectShared, "*", Any).personal();

/// What of the profile under construction is kept for one request.
pub(super) const OBJECT_TRANSIENT: Key = key(ObjectTransient, "*", Any).secret();

/// The accounts at other providers, as found or made.
pub(super) const ALIASES: Key = key(ObjectTransient, "aliasList", Texts).personal();

/// What the client tells about its device.
pub(super) const DEVICE_PROFILE: Key = shared("forgeRock.device.profile", Any).personal();

/// The certificate chain of the client.
pub(super) const CERTIFICATE: Key = transient("X509Certificate", Any);

/// The second factor that is registered or skipped.
pub(super) const MFA_METHOD: Key = shared("mfaMethod", Text);
