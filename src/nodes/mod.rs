//! What the built-in node types do.
//!
//! Settings come in when a program is linked, callbacks and effects go out when a run arrives. The
//! signatures are the catalogue's, so that text and behaviour cannot differ. Pages, `Decision` and inner
//! journeys are not here: they are parts of the walk.

mod account;
mod anonymous;
mod attribute;
mod backchannel;
mod bind;
mod change;
mod choice;
mod collect;
mod cookie;
mod credential;
mod debug;
mod decide;
mod details;
mod device;
mod document;
mod draw;
mod external;
mod failure;
mod federation;
mod flow;
mod identify;
mod keyed;
mod knowledge;
mod letter;
mod level;
mod mail;
mod manage;
mod message;
mod metadata;
mod oath;
mod object;
mod otp;
mod password;
mod profile;
mod progress;
mod provider;
mod provision;
mod recovery;
mod register;
mod reply;
mod request;
mod retry;
mod scripted;
mod select;
mod session;
mod setting;
mod sms;
mod social;
mod stand_in;
mod state;
mod terms;
mod timeout;
mod timer;
mod unavailable;
mod url;
mod validated;
mod wait;
mod who;
mod zero_page;

use std::sync::Arc;

pub use external::ExternalNode;
pub(crate) use scripted::declared;
pub(crate) use stand_in::STOOD_IN;

use crate::{
    catalogue,
    engine::{
        error::NodeError,
        node_type::{NodeType, Prepared, Setup},
    },
    model::signature::Signature,
};

type Prepare = fn(&mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError>;

/// Every built-in behaviour under the name of its type.
const TYPES: &[(&str, Prepare)] = &[
    ("UsernameCollector", collect::username),
    ("PasswordCollector", collect::password),
    ("ValidatedUsername", validated::username),
    ("ValidatedPassword", validated::password),
    ("DataStoreDecision", credential::data_store),
    ("ScriptedDecision", scripted::decision),
    ("ConfigProvider", provider::provider),
    ("Unavailable", unavailable::unavailable),
    ("IdentityStoreDecision", bind::identity_store),
    ("LdapDecision", bind::ldap),
    ("ADDecision", bind::active_directory),
    ("PassthroughAuthentication", bind::passthrough),
    ("AgentDataStoreDecision", credential::agent),
    ("ChoiceCollector", choice::collector),
    ("Message", message::message),
    ("RetryLimitDecision", retry::limit),
    ("AccountLockout", account::lockout),
    ("AccountActiveDecision", account::active),
    ("AuthLevelDecision", level::decision),
    ("ModifyAuthLevel", level::modify),
    ("ZeroPageLogin", zero_page::login),
    ("OneTimePasswordGenerator", otp::generator),
    ("OneTimePasswordSmtpSender", mail::sender),
    ("OneTimePasswordCollectorDecision", otp::collector),
    ("OneTimePasswordSmsSender", sms::sender),
    ("EmailSuspend", letter::suspend),
    ("EmailTemplate", letter::template),
    ("SessionData", session::data),
    ("SetSessionProperties", session::set_properties),
    ("RemoveSessionProperties", session::remove_properties),
    ("PollingWait", wait::polling),
    ("Metadata", metadata::metadata),
    ("UpdateJourneyTimeout", timeout::update),
    ("SetLogoutDetails", details::logout),
    ("Meter", timer::meter),
    ("AnonymousSessionUpgrade", anonymous::upgrade),
    ("RecoveryCodeDisplay", recovery::display),
    ("PushWait", wait::push),
    ("EnableDeviceManagement", manage::devices),
    ("SocialOAuthIgnoreProfile", social::ignore_profile),
    ("SetCustomCookie", cookie::custom),
    ("SetPersistentCookie", cookie::set_persistent),
    ("PersistentCookieDecision", cookie::decide),
    ("SetState", state::set),
    ("SetSuccessUrl", url::success),
    ("SetFailureUrl", url::failure),
    ("SetSuccessDetails", details::success),
    ("SetFailureDetails", details::failure),
    ("SetErrorDetails", details::error),
    ("TimerStart", timer::start),
    ("TimerStop", timer::stop),
    ("FlowControl", flow::control),
    ("Debug", debug::debug),
    ("RequestHeader", request::headers),
    ("QueryParameter", request::parameters),
    ("CookiePresenceDecision", request::cookie),
    ("CreatePassword", password::create),
    ("DeviceProfileCollector", device::collector),
    ("DeviceGeoFencing", device::geo_fence),
    ("DeviceTamperingVerification", device::tampering),
    ("DeviceMatch", device::matching),
    ("DeviceLocationMatch", device::location),
    ("DeviceSave", device::save),
    ("MultiFactorRegistrationOptions", register::options),
    ("GetAuthenticatorApp", register::get_app),
    ("BackChannelInit", backchannel::init),
    ("BackChannelStatus", backchannel::status),
    ("BackchannelNotification", backchannel::notification),
    // Keys and certificates.
    ("JwtPasswordReplay", keyed::replay),
    ("AmsterJwtDecision", keyed::token),
    ("product-CertificateUserExtractor", keyed::certificate),
    // Profiles.
    ("IdentifyExistingUser", identify::existing),
    ("DisplayUserName", identify::display),
    ("AnonymousUser", identify::anonymous),
    ("AttributeCollector", attribute::collector),
    ("CreateObject", object::create),
    ("PatchObject", object::change),
    ("ProvisionDynamicAccount", provision::provision),
    ("AttributePresentDecision", decide::present),
    ("AttributeValueDecision", decide::value),
    ("QueryFilterDecision", decide::filter),
    ("LoginCountDecision", decide::logins),
    ("IncrementLoginCount", progress::increment),
    ("TimeSinceDecision", progress::since),
    ("ProfileCompletenessDecision", progress::completeness),
    ("RequiredAttributesDecision", progress::required),
    ("AcceptTermsAndConditions", terms::accept),
    ("TermsAndConditionsDecision", terms::decision),
    ("Consent", terms::consent),
    ("KbaCreate", knowledge::create),
    ("KbaDecision", knowledge::decision),
    ("KbaVerify", knowledge::verify),
    ("OptOutMultiFactorAuthentication", register::opt_out),
    // Other identity providers.
    ("SelectIdP", select::idp),
    ("SocialProviderHandler", federation::handler),
    ("SocialProviderHandlerNodeV2", federation::handler),
    // Authenticator apps.
    ("OathRegistration", oath::registration),
    ("OathDeviceStorage", oath::storage),
    ("OathTokenVerifier", oath::verifier),
    ("RecoveryCodeCollectorDecision", oath::collector),
];

/// The types whose behaviour is a script that the embedder registers; where a setting is named, only nodes
/// at which it is true.
pub(crate) const SCRIPTED: &[(&str, Option<&str>)] = &[
    ("ScriptedDecision", None),
    ("ConfigProvider", None),
    ("DeviceMatch", Some("useScript")),
];

/// A type of the catalogue with its behaviour.
#[derive(Debug)]
struct Standard {
    signature: Arc<Signature>,
    prepare: Prepare,
}

impl NodeType for Standard {
    fn signature(&self) -> Signature {
        (*self.signature).clone()
    }

    fn prepare(&self, setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
        (self.prepare)(setup)
    }

    fn errors(&self) -> Vec<&'static str> {
        failure::errors_of(&self.signature.name)
    }

    fn calls(&self) -> Vec<&'static str> {
        failure::calls_of(&self.signature.name)
    }
}

/// The built-in types that have a behaviour.
pub(crate) fn standard() -> Vec<Arc<dyn NodeType>> {
    let catalog = catalogue::standard();
    TYPES
        .iter()
        .filter_map(|(name, prepare)| {
            let signature = Arc::clone(catalog.get(catalog.find(name)?)?);
            let own: Arc<dyn NodeType> = Arc::new(Standard {
                signature,
                prepare: *prepare,
            });
            Some(if STOOD_IN.contains(name) {
                Arc::new(stand_in::StoodIn::new(own))
            } else {
                own
            })
        })
        .collect()
}

#[cfg(test)]
mod tests;
