//! Every way a request is refused, with its exact status and words.
//!
//! What stands here a client can see, so it never says more than the product does: why a login failed is
//! known to the audit alone.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use wayfare::Value;

use crate::{
    am::{
        reply::{Reply, reason},
        version::{Family, Version, VersionRefusal},
    },
    json::Writer,
    query::Repeated,
};

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// The path names a realm that is not there.
    UnknownRealm(String),
    /// The query names a realm that is not there.
    InvalidRealm(String),
    /// The host may not be used.
    InvalidHost(String),
    /// There is nothing at this path.
    NotFound,
    /// The header that only a script of ours can send is missing.
    CrossSite,
    /// Another method than `POST` for what is done by `POST` alone.
    Method,
    /// Another method than `GET` for what can only be read.
    ReadOnly,
    /// Another method than these, as `Allow` lists them.
    Verb(&'static str),
    /// What is to be changed is another one than the client has seen.
    Stale,
    /// The body is not declared to be JSON.
    MediaType,
    /// The body is too long.
    TooLarge,
    /// The body is not JSON of the expected shape.
    BadJson,
    /// A member of the body, or a parameter of the query, has a value that is not read.
    BadMember(&'static str),
    /// A member of a question to the policies is missing or has a value that is not read.
    InvalidValue(&'static str),
    /// The query does not decode.
    BadQuery,
    /// A parameter stands more than once.
    Repeated(Repeated),
    /// A header that may stand once stands twice, or does not decode.
    BadHeader(&'static str),
    /// No version answers.
    Version(VersionRefusal),
    /// The index type is not known.
    IndexType,
    /// The level that is asked for is none.
    IndexLevel,
    /// Modules cannot be asked for here.
    ModuleLogin,
    /// There is no such journey, or it cannot be started here.
    NoConfiguration,
    /// The token is not three parts of base64url.
    AuthIdMalformed,
    /// The token is not one of ours.
    AuthIdInvalid,
    /// The run is over: expired, used, or of a program that is gone.
    TimedOut,
    /// The session that is to be upgraded is not there.
    NoSuchSession,
    /// The link was followed before, or has expired.
    LinkGone,
    /// Another number of callbacks than was asked.
    CallbackCount,
    /// Another type of callback than was asked.
    CallbackType,
    /// A callback came without its input.
    CallbackInput,
    /// An input is of the wrong type or out of range.
    CallbackValue,
    /// The subject is not the one of the session that is to be upgraded.
    OtherSubject,
    /// There is no session.
    AccessDenied,
    /// The session may not do this.
    Forbidden,
    /// A version without bodies wants the token in the query.
    NoToken,
    /// The action is not known.
    UnknownAction(String),
    /// The id is not known.
    UnknownResource(String),
    /// There is no such transaction, or it is over.
    UnknownTransaction,
    /// There is no resource of this id.
    NoResource(String),
    /// The body lacks a member, or it is of another type.
    MissingField(&'static str),
    /// There is nothing to set in the body.
    NothingToSet,
    /// The filter of a query is not one of those understood.
    QueryFilter,
    /// The user has as many sessions as there may be.
    SessionLimit,
    /// No room now; come back after so many seconds.
    Busy {
        /// How many seconds.
        retry_after: u32,
    },
    /// Too many runs are open.
    TooManyRuns {
        /// How many seconds to wait.
        retry_after: u32,
    },
    /// What is to be made is there already.
    Exists,
    /// What is there does not allow it, for this reason.
    Conflict(String),
    /// It may not be done, whoever asks, for this reason.
    Denied(String),
    /// What was sent cannot stand there, for this reason.
    Unfit(String),
    /// A member that is none of these.
    Attribute(Vec<String>),
    /// Something is broken here.
    Internal,
}

impl From<Repeated> for Refusal {
    fn from(value: Repeated) -> Self {
        Self::Repeated(value)
    }
}

impl From<VersionRefusal> for Refusal {
    fn from(value: VersionRefusal) -> Self {
        Self::Version(value)
    }
}

impl Refusal {
    /// The status.
    pub fn status(&self) -> u16 {
        match self {
            Self::TimedOut
            | Self::LinkGone
            | Self::AccessDenied
            | Self::ModuleLogin
            | Self::SessionLimit => 401,
            Self::CrossSite | Self::Forbidden | Self::Denied(_) => 403,
            Self::UnknownRealm(_)
            | Self::NotFound
            | Self::UnknownTransaction
            | Self::NoResource(_)
            | Self::Version(VersionRefusal::NoRoute | VersionRefusal::NoResource(_)) => 404,
            Self::Method | Self::ReadOnly | Self::Verb(_) => 405,
            Self::Exists | Self::Conflict(_) => 409,
            Self::Stale => 412,
            Self::TooLarge => 413,
            Self::MediaType => 415,
            Self::TooManyRuns { .. } => 429,
            Self::Internal => 500,
            Self::UnknownAction(_) | Self::UnknownResource(_) => 501,
            Self::Busy { .. } => 503,
            Self::InvalidRealm(_)
            | Self::InvalidHost(_)
            | Self::BadJson
            | Self::BadMember(_)
            | Self::InvalidValue(_)
            | Self::BadQuery
            | Self::Repeated(_)
            | Self::BadHeader(_)
            | Self::Version(_)
            | Self::IndexType
            | Self::IndexLevel
            | Self::NoConfiguration
            | Self::AuthIdMalformed
            | Self::AuthIdInvalid
            | Self::NoSuchSession
            | Self::CallbackCount
            | Self::CallbackType
            | Self::CallbackInput
            | Self::CallbackValue
            | Self::OtherSubject
            | Self::NoToken
            | Self::MissingField(_)
            | Self::NothingToSet
            | Self::Unfit(_)
            | Self::Attribute(_)
            | Self::QueryFilter => 400,
        }
    }

    /// The words.
    pub fn message(&self) -> Cow<'static, str> {
        let fixed = match self {
            Self::UnknownRealm(part) => {
                return format!("Realm \"{}\" not found", shown(part)).into();
            }
            Self::InvalidRealm(realm) => return format!("Invalid realm, {}", shown(realm)).into(),
            Self::InvalidHost(host) => {
                return format!("FQDN \"{}\" is not valid.", shown(host)).into();
            }
            Self::Repeated(Repeated(name)) => {
                return format!("Parameter {name} must not be repeated").into();
            }
            Self::BadMember(name) => return format!("Invalid value for {name}").into(),
            Self::InvalidValue(name) => return format!("Invalid value {name}").into(),
            Self::BadHeader(name) => return format!("Invalid header {name}").into(),
            Self::Version(refusal) => return version_message(refusal),
            Self::UnknownAction(action) => {
                let action = shown(action);
                return format!("Action {action} not implemented for this resource").into();
            }
            Self::UnknownResource(id) => {
                return format!("ResourceId not supported: {}", shown(id)).into();
            }
            Self::NoResource(id) => return format!("Resource '{}' not found", shown(id)).into(),
            Self::MissingField(name) => {
                let array = if *name == "sessionHandles" || *name == "properties" {
                    " or it's not a JSON array"
                } else {
                    ""
                };
                return format!("The \"{name}\" field is not defined in the request{array}").into();
            }
            Self::Conflict(why) | Self::Denied(why) | Self::Unfit(why) => {
                return told(why).into();
            }
            Self::Exists => "Unable to save config: Service already exists",
            Self::Attribute(_) => "Invalid attribute specified.",
            Self::NothingToSet => "The request does not name any property to set",
            Self::QueryFilter => "The query filter is not supported",
            Self::SessionLimit => code_text(115),
            Self::NotFound => "Not Found",
            Self::UnknownTransaction => "Transaction not found",
            Self::CrossSite | Self::Forbidden => "Forbidden",
            Self::Method | Self::ReadOnly | Self::Verb(_) => "Method Not Allowed",
            Self::Stale => "Precondition Failed",
            Self::MediaType => "Unsupported Media Type",
            Self::TooLarge => "Request Entity Too Large",
            Self::BadJson => {
                "The request could not be processed because the provided content is not valid JSON"
            }
            Self::BadQuery => "The query string is not valid",
            Self::IndexType => "Unknown Authentication Index Type",
            Self::IndexLevel => code_text(119),
            Self::ModuleLogin => code_text(120),
            Self::NoConfiguration => code_text(105),
            Self::AuthIdMalformed => "Failed to parse JWT, malformed",
            Self::AuthIdInvalid => "AuthId JWT Signature not valid",
            Self::TimedOut => code_text(110),
            Self::NoSuchSession => "The session to upgrade is not valid",
            Self::LinkGone => {
                "org.forgerock.openam.auth.nodes.framework.token.SuspendedAuthSessionException: \
                 Token not found. It may have expired."
            }
            Self::CallbackCount => "Incorrect number of callbacks found in JSON response",
            Self::CallbackType => "Required callback not found in JSON response",
            Self::CallbackInput => "JSON Callback does not include a input field",
            Self::CallbackValue => "Invalid value for a callback input in JSON response",
            Self::OtherSubject => code_text(124),
            Self::AccessDenied => "Access Denied",
            Self::NoToken => "iPlanetDirectoryCookie not set on request",
            Self::Busy { .. } => "Service Unavailable",
            Self::TooManyRuns { .. } => "Too Many Requests",
            Self::Internal => "Internal Server Error",
        };
        Cow::Borrowed(fixed)
    }

    /// The reply, in the shape of the version that answers.
    pub fn reply(&self, version: Option<Version>) -> Reply {
        match self {
            Self::Version(VersionRefusal::NoRoute) => return Reply::new(404),
            Self::Version(
                VersionRefusal::Malformed(_) | VersionRefusal::Missing(Family::Plain),
            ) => {
                return Reply::new(400).plain(&self.message());
            }
            _ => {}
        }
        let message = self.message();
        let details: BTreeMap<Arc<str>, Value> = match self {
            Self::TimedOut => [(Arc::from("errorCode"), Value::from("110"))].into(),
            Self::Attribute(valid) => {
                let valid = valid.iter().map(|name| Value::from(name.as_str()));
                [(Arc::from("validAttributes"), Value::List(valid.collect()))].into()
            }
            _ => BTreeMap::new(),
        };
        let reply = failure(self.status(), &message, None, &details, version);
        match self {
            Self::Busy { retry_after } | Self::TooManyRuns { retry_after } => {
                reply.header("retry-after", retry_after.to_string())
            }
            Self::Method => reply.header("allow", "POST"),
            Self::ReadOnly => reply.header("allow", "GET"),
            Self::Verb(allowed) => reply.header("allow", *allowed),
            _ => reply,
        }
    }
}

fn version_message(refusal: &VersionRefusal) -> Cow<'static, str> {
    match refusal {
        VersionRefusal::Malformed(header) => {
            format!("Version string is in an invalid format: {}", shown(header)).into()
        }
        VersionRefusal::NoRoute => Cow::Borrowed(""),
        VersionRefusal::NoResource(version) => format!(
            "Accept-API-Version: Requested version \"{version}\" does not match any routes."
        )
        .into(),
        VersionRefusal::Missing(_) => {
            Cow::Borrowed("No requested version specified and behavior set to NONE.")
        }
        VersionRefusal::ProtocolMajor(version) => {
            format!("Unsupported major version: {version}").into()
        }
        VersionRefusal::ProtocolMinor(version) => {
            format!("Unsupported minor version: {version}").into()
        }
    }
}

/// The body of a failed login, or of any refusal.
///
/// Version 1 knew two members; since version 2 it is the product's error object.
pub fn failure(
    status: u16,
    message: &str,
    failure_url: Option<&str>,
    details: &BTreeMap<Arc<str>, Value>,
    version: Option<Version>,
) -> Reply {
    let mut body = Writer::with_capacity(160);
    body.open_object();
    if version.is_some_and(|version| version.major == 1) {
        body.key("errorMessage").text(message);
        if let Some(url) = failure_url {
            body.key("failureUrl").text(url);
        }
    } else {
        body.key("code").int(i64::from(status));
        body.key("reason").text(reason(status));
        body.key("message").text(message);
        if failure_url.is_some() || !details.is_empty() {
            body.key("detail").open_object();
            if let Some(url) = failure_url {
                body.key("failureUrl").text(url);
            }
            for (key, value) in details {
                if &**key != "failureUrl" || failure_url.is_none() {
                    body.key(key).value(value);
                }
            }
            body.close_object();
        }
    }
    body.close_object();
    Reply::new(status).json(body)
}

/// The message of a login that failed, unless a node set another.
pub const LOGIN_FAILURE: &str = "Login failure";

/// A text that someone else wrote, fit to stand in a message: short, no markup, no controls, no token.
pub fn shown(text: &str) -> String {
    let plain: String = text.chars().filter(|c| !c.is_control()).collect();
    escape(&masked(&plain).chars().take(128).collect::<String>())
}

/// The same for a reason, which may be longer: names in it are others', the rest is ours.
fn told(reason: &str) -> String {
    let plain: String = reason.chars().filter(|c| !c.is_control()).collect();
    escape(&masked(&plain).chars().take(512).collect::<String>())
}

/// How long a run of letters and digits may be that is no token: a token has 256 bits and more.
const PLAIN_RUN_MAX: usize = 42;

/// A text in which whatever could be a token, or a part of one, is left out.
pub fn masked(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut run = String::new();
    let end = |run: &mut String, masked: &mut String| {
        if run.len() > PLAIN_RUN_MAX {
            masked.push('…');
        } else {
            masked.push_str(run);
        }
        run.clear();
    };
    for c in text.chars() {
        if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') {
            run.push(c);
        } else {
            end(&mut run, &mut masked);
            masked.push(c);
        }
    }
    end(&mut run, &mut masked);
    masked
}

/// A text with the characters that mean something in HTML written as entities.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// The text of one of the product's numeric error codes.
pub fn code_text(code: u16) -> &'static str {
    match code {
        100 => "User Requires Profile to Login",
        101 => "User Account Expired!!",
        102 => "Authentication Error!!",
        103 => "Invalid Password!!",
        104 => "User not Active",
        105 => "No Configuration found",
        106 => "invalid pcookie",
        108 => "Domain is invalid",
        109 => "Org is inactive",
        110 => "Session has timed out",
        111 => "Authentication Module Denied",
        112 => "Your account has been locked.",
        113 => "User does not belong to Role",
        114 => "Authentication Type Denied",
        115 => "You have reached your session limit.",
        116 => "User profile cannot be created",
        117 => "browser not configured for HTTP handshaking",
        118 => "Can not create new session.",
        119 => "Invalid Auth Level.",
        120 => "Module Based Authentication is not allowed.",
        121 => "Too Many Authentication Attempts!!",
        122 => "Invalid App SSO Token in Remote Authentication",
        123 => "Exceed Password Retry Limits in DS - Constraint Violation",
        124 => "Session Upgrade fails since user is different than original authenticated user",
        125 => "ForceAuth fails since session is stateless",
        126 => "Authentication Module Not Found.",
        _ => "Authentication Failed",
    }
}

/// The status that goes with one of the product's numeric error codes.
pub fn code_status(code: u16) -> u16 {
    match code {
        102 | 118 => 500,
        105 | 108 | 109 | 111 | 114 | 116 | 119 | 122 | 124 | 125 => 400,
        126 => 404,
        _ => 401,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(reply: &Reply) -> String {
        String::from_utf8(reply.body.clone()).unwrap()
    }

    #[test]
    fn exact_bodies() {
        let v2 = Some(Version::new(2, 1));
        let no_configuration = Refusal::NoConfiguration.reply(v2);
        assert_eq!(no_configuration.status, 400);
        assert_eq!(
            body(&no_configuration),
            r#"{"code":400,"reason":"Bad Request","message":"No Configuration found"}"#
        );
        assert_eq!(no_configuration.body.len(), 70);
        let timed_out = Refusal::TimedOut.reply(v2);
        assert_eq!(timed_out.status, 401);
        assert_eq!(
            body(&timed_out),
            r#"{"code":401,"reason":"Unauthorized","message":"Session has timed out","detail":{"errorCode":"110"}}"#
        );
        assert_eq!(
            body(&Refusal::UnknownRealm("nope".into()).reply(None)),
            r#"{"code":404,"reason":"Not Found","message":"Realm \"nope\" not found"}"#
        );
        assert_eq!(
            body(&Refusal::NoConfiguration.reply(Some(Version::new(1, 2)))),
            r#"{"errorMessage":"No Configuration found"}"#
        );
    }

    #[test]
    fn versions_are_refused_in_plain_text_or_in_silence() {
        let silent = Refusal::Version(VersionRefusal::NoRoute).reply(None);
        assert_eq!((silent.status, silent.body.len()), (404, 0));
        let plain = Refusal::Version(VersionRefusal::Malformed("banana".into())).reply(None);
        assert_eq!(
            body(&plain),
            "Version string is in an invalid format: banana"
        );
        assert!(
            plain
                .headers
                .contains(&("content-type".into(), "text/plain;charset=UTF-8".into()))
        );
        let resource = VersionRefusal::NoResource(Version::new(999, 0));
        assert_eq!(
            body(&Refusal::Version(resource).reply(None)),
            r#"{"code":404,"reason":"Not Found","message":"Accept-API-Version: Requested version \"999.0\" does not match any routes."}"#
        );
    }

    #[test]
    fn other_methods_are_told_which_one() {
        for (refusal, allowed) in [(Refusal::Method, "POST"), (Refusal::ReadOnly, "GET")] {
            let reply = refusal.reply(None);
            assert_eq!(reply.status, 405);
            assert!(reply.headers.contains(&("allow".into(), allowed.into())));
        }
    }

    #[test]
    fn b07_tokens_are_not_repeated() {
        let token = "A".repeat(43);
        assert_eq!(masked(&format!("realm wfs1.{token}!")), "realm wfs1.…!");
        assert_eq!(masked(&format!("{token}.{token}.x")), "….….x");
        let plain = "b9275f8c-fa83-4455-bdac-d27e8d538a8f-2158 /alpha";
        assert_eq!(masked(plain), plain);
        let refusal = Refusal::UnknownRealm(format!("{}{token}", "x/".repeat(60)));
        assert!(!refusal.message().contains("AAA"));
    }

    #[test]
    fn texts_of_others_are_cut_and_escaped() {
        assert_eq!(shown("<a href=\"x\">\r\n"), "&lt;a href=&quot;x&quot;&gt;");
        assert_eq!(shown(&"x ".repeat(250)).len(), 128);
    }

    #[test]
    fn failures_of_both_versions() {
        let details = [
            (Arc::from("errorCode"), Value::from("7")),
            (Arc::from("failureUrl"), Value::from("https://evil")),
        ]
        .into();
        let v2 = failure(401, "No", Some("/f"), &details, Some(Version::new(2, 1)));
        assert_eq!(
            body(&v2),
            r#"{"code":401,"reason":"Unauthorized","message":"No","detail":{"failureUrl":"/f","errorCode":"7"}}"#
        );
        let v1 = failure(401, "No", Some("/f"), &details, Some(Version::new(1, 2)));
        assert_eq!(body(&v1), r#"{"errorMessage":"No","failureUrl":"/f"}"#);
    }

    #[test]
    fn codes_have_the_texts_and_statuses_of_the_table() {
        assert_eq!(
            (code_text(105), code_status(105)),
            ("No Configuration found", 400)
        );
        assert_eq!(
            (code_text(112), code_status(112)),
            ("Your account has been locked.", 401)
        );
        assert_eq!(
            (code_text(126), code_status(126)),
            ("Authentication Module Not Found.", 404)
        );
        assert_eq!(
            (code_text(999), code_status(999)),
            ("Authentication Failed", 401)
        );
    }
}
