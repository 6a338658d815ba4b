//! What is asked about a session: the action, and by which tokens.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use crate::{
    am::{
        cookie::Cookies,
        error::Refusal,
        request::{Parts, TOKEN_BYTES_MAX},
        version::Served,
    },
    json::{BadJson, Bounds, Ignored, read},
    query::Query,
};

/// What is asked.
#[derive(Clone, PartialEq, Eq)]
pub struct Ask {
    /// What to do.
    pub action: Action,
    /// The token that the request names: in its body, in versions 1 and 2 in its query.
    pub named: Option<String>,
    /// The token of whoever asks: the cookie, else the header of that name.
    pub caller: Option<String>,
}

impl std::fmt::Debug for Ask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ask")
            .field("action", &self.action.name())
            .field("named", &self.named.is_some())
            .field("caller", &self.caller.is_some())
            .finish()
    }
}

/// What to do with a session, or with several.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// End it.
    Logout {
        /// Where the client wants to go then, as it was sent.
        goto: Option<String>,
    },
    /// Tell about it.
    Info {
        /// Whether that counts as using it.
        touch: bool,
    },
    /// Tell whether it is valid.
    Validate {
        /// Whether that counts as using it.
        touch: bool,
    },
    /// Use it, and tell how long it lasts.
    Refresh,
    /// Tell the properties that are allowed.
    Properties,
    /// Set properties.
    Update(BTreeMap<String, String>),
    /// End the sessions with these handles, as they were sent.
    LogoutByHandle(Vec<String>),
    /// End all sessions of this user.
    LogoutByUser(String),
    /// Version 1: tell the names of the properties that are allowed.
    PropertyNames,
    /// Version 1: tell these properties; all that are allowed where none is named.
    Property(Vec<String>),
    /// Version 1: set properties.
    SetProperty(BTreeMap<String, String>),
    /// Version 1: remove properties.
    DeleteProperty(Vec<String>),
    /// Version 1: tell whether it is valid.
    IsActive {
        /// Whether that counts as using it.
        touch: bool,
    },
    /// Version 1: tell how long it lasts yet.
    TimeLeft,
    /// Version 1: tell for how long it was not used.
    Idle,
    /// Version 1: tell how long it lasts unused.
    MaxIdle,
    /// Version 1: tell how long it lasts as a whole.
    MaxSessionTime,
}

/// The actions by their names, each with the first and the last major version that has it.
const ACTIONS: &[(&str, u32, u32)] = &[
    ("logout", 1, u32::MAX),
    ("validate", 1, u32::MAX),
    ("getSessionInfo", 2, u32::MAX),
    ("getSessionInfoAndResetIdleTime", 2, u32::MAX),
    ("refresh", 2, u32::MAX),
    ("getSessionProperties", 2, u32::MAX),
    ("updateSessionProperties", 2, u32::MAX),
    ("logoutByHandle", 2, u32::MAX),
    ("logoutByUser", 5, u32::MAX),
    ("getPropertyNames", 1, 1),
    ("getProperty", 1, 1),
    ("setProperty", 1, 1),
    ("deleteProperty", 1, 1),
    ("isActive", 1, 1),
    ("getTimeLeft", 1, 1),
    ("getIdle", 1, 1),
    ("getMaxIdle", 1, 1),
    ("getMaxSessionTime", 1, 1),
];

impl Action {
    /// The name by which it is asked for.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Logout { .. } => "logout",
            Self::Info { touch: false } => "getSessionInfo",
            Self::Info { touch: true } => "getSessionInfoAndResetIdleTime",
            Self::Validate { .. } => "validate",
            Self::Refresh => "refresh",
            Self::Properties => "getSessionProperties",
            Self::Update(_) => "updateSessionProperties",
            Self::LogoutByHandle(_) => "logoutByHandle",
            Self::LogoutByUser(_) => "logoutByUser",
            Self::PropertyNames => "getPropertyNames",
            Self::Property(_) => "getProperty",
            Self::SetProperty(_) => "setProperty",
            Self::DeleteProperty(_) => "deleteProperty",
            Self::IsActive { .. } => "isActive",
            Self::TimeLeft => "getTimeLeft",
            Self::Idle => "getIdle",
            Self::MaxIdle => "getMaxIdle",
            Self::MaxSessionTime => "getMaxSessionTime",
        }
    }

    /// Reads an action whose name a version knows.
    fn read(name: &str, query: &Query, body: Body) -> Result<Self, Refusal> {
        let refresh = query.one("refresh")?;
        let is = |text: &str| refresh.is_some_and(|value| value.eq_ignore_ascii_case(text));
        Ok(match name {
            "logout" => Self::Logout {
                goto: query.one("goto")?.map(str::to_owned),
            },
            "validate" => Self::Validate {
                touch: !is("false"),
            },
            "getSessionInfo" => Self::Info { touch: false },
            "getSessionInfoAndResetIdleTime" => Self::Info { touch: true },
            "refresh" => Self::Refresh,
            "getSessionProperties" => Self::Properties,
            "updateSessionProperties" => Self::Update(body.changes()?),
            "logoutByHandle" => Self::LogoutByHandle(
                body.texts("sessionHandles")
                    .ok_or(Refusal::MissingField("sessionHandles"))?,
            ),
            "logoutByUser" => Self::LogoutByUser(
                body.text("username")
                    .ok_or(Refusal::MissingField("username"))?,
            ),
            "getPropertyNames" => Self::PropertyNames,
            "getProperty" if body.members.is_empty() => Self::Property(Vec::new()),
            "getProperty" => Self::Property(
                body.texts("properties")
                    .ok_or(Refusal::MissingField("properties"))?,
            ),
            "setProperty" => Self::SetProperty(body.changes()?),
            "deleteProperty" => Self::DeleteProperty(
                body.texts("properties")
                    .ok_or(Refusal::MissingField("properties"))?,
            ),
            // The other way round than `validate`: here it must be asked for.
            "isActive" => Self::IsActive { touch: is("true") },
            "getTimeLeft" => Self::TimeLeft,
            "getIdle" => Self::Idle,
            "getMaxIdle" => Self::MaxIdle,
            "getMaxSessionTime" => Self::MaxSessionTime,
            other => return Err(Refusal::UnknownAction(other.to_owned())),
        })
    }
}

impl Ask {
    /// Reads a request.
    ///
    /// # Errors
    /// The version does not know the action, the body is not of the shape that the action wants, or an old
    /// version finds no token.
    pub fn read(
        parts: &Parts<'_>,
        query: &Query,
        served: Served,
        cookies: &Cookies,
    ) -> Result<Self, Refusal> {
        if parts.method != "POST" {
            return Err(Refusal::Method);
        }
        parts.json_only()?;
        let major = served.version.major;
        let asked = query.one("_action")?.unwrap_or("");
        let name = ACTIONS
            .iter()
            .find(|(name, from, to)| {
                name.eq_ignore_ascii_case(asked) && (*from..=*to).contains(&major)
            })
            .map(|(name, _, _)| *name)
            .ok_or_else(|| Refusal::UnknownAction(asked.to_owned()))?;
        let mut body = Body::read(parts.body)?;
        let old = major < 3;
        let named = if old {
            query.one("tokenId")?.map(str::to_owned)
        } else {
            body.take_token()?
        };
        let named = named.filter(|token| !token.is_empty() && token.len() <= TOKEN_BYTES_MAX);
        let caller = parts.session_token(&cookies.session);
        let action = Action::read(name, query, body)?;
        let told = matches!(action, Action::Info { .. });
        if named.is_none() && caller.is_none() && old && !told {
            return Err(Refusal::NoToken);
        }
        Ok(Self {
            action,
            named,
            caller,
        })
    }

    /// The token of the session it is about: the one that is named, else the caller's own.
    pub fn token(&self) -> Option<&str> {
        self.named.as_deref().or(self.caller.as_deref())
    }
}

/// The members of a body.
#[derive(Default)]
struct Body {
    members: BTreeMap<String, Json>,
}

impl Body {
    fn read(bytes: &[u8]) -> Result<Self, Refusal> {
        if bytes.is_empty() {
            return Ok(Self::default());
        }
        let bad = |error| match error {
            BadJson::TooLong => Refusal::TooLarge,
            BadJson::Malformed => Refusal::BadJson,
        };
        // Once for keys that stand twice, once for the members.
        read::<Ignored>(bytes, Bounds::default()).map_err(bad)?;
        let members = read(bytes, Bounds::default()).map_err(bad)?;
        Ok(Self { members })
    }

    fn take_token(&mut self) -> Result<Option<String>, Refusal> {
        match self.members.remove("tokenId") {
            None | Some(Json::Null) => Ok(None),
            Some(Json::String(token)) => Ok(Some(token)),
            Some(_) => Err(Refusal::BadJson),
        }
    }

    fn text(&self, key: &str) -> Option<String> {
        self.members.get(key)?.as_str().map(str::to_owned)
    }

    fn texts(&self, key: &str) -> Option<Vec<String>> {
        let mut known = BTreeSet::new();
        let mut texts = Vec::new();
        for item in self.members.get(key)?.as_array()? {
            let text = item.as_str()?;
            // Once is enough, in the reply too.
            if known.insert(text) {
                texts.push(text.to_owned());
            }
        }
        Some(texts)
    }

    /// All members as properties to set: texts, at least one.
    fn changes(self) -> Result<BTreeMap<String, String>, Refusal> {
        if self.members.is_empty() {
            return Err(Refusal::NothingToSet);
        }
        self.members
            .into_iter()
            .map(|(name, value)| match value {
                Json::String(value) => Ok((name, value)),
                _ => Err(Refusal::BadJson),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::am::version::{Routes, Unversioned, negotiate};

    fn served(version: &str) -> Served {
        let header = format!("resource={version}");
        negotiate([header.as_str()], Routes::SESSIONS, Unversioned::Latest).unwrap()
    }

    fn ask(version: &str, query: &str, list: &[(&str, &str)], body: &str) -> Result<Ask, Refusal> {
        let headers: Vec<(String, String)> = list
            .iter()
            .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
            .collect();
        let parts = Parts {
            method: "POST",
            path: "/json/sessions",
            query,
            headers: &headers,
            body: body.as_bytes(),
            client: None,
        };
        Ask::read(
            &parts,
            &Query::parse(query).unwrap(),
            served(version),
            &Cookies::default(),
        )
    }

    const JSON: (&str, &str) = ("content-type", "application/json");
    const COOKIE: (&str, &str) = ("cookie", "iPlanetDirectoryPro=c");

    #[test]
    fn tokens_come_where_the_version_says() {
        let token = |asked: Result<Ask, Refusal>| asked.unwrap().token().map(str::to_owned);
        let body = r#"{"tokenId":"b","more":1}"#;
        let info = "_action=getsessioninfo&tokenId=q";
        assert_eq!(
            token(ask("4.0", info, &[JSON, COOKIE], body)).as_deref(),
            Some("b")
        );
        assert_eq!(
            token(ask("4.0", info, &[JSON, COOKIE], "{}")).as_deref(),
            Some("c")
        );
        assert_eq!(
            token(ask("2.1", info, &[JSON, COOKIE], body)).as_deref(),
            Some("q")
        );
        assert_eq!(token(ask("4.0", info, &[], "")), None);
        assert_eq!(ask("2.0", "_action=logout", &[], ""), Err(Refusal::NoToken));
        assert_eq!(token(ask("3.1", "_action=LOGOUT", &[], "")), None);
        assert_eq!(
            ask("4.0", info, &[JSON], r#"{"tokenId":1}"#),
            Err(Refusal::BadJson)
        );
        let twice = r#"{"tokenId":"a","tokenId":"b"}"#;
        assert_eq!(ask("4.0", info, &[JSON], twice), Err(Refusal::BadJson));
        assert_eq!(ask("4.0", info, &[], "{}"), Err(Refusal::MediaType));
        let both = ask("4.0", info, &[JSON, COOKIE], body).unwrap();
        assert_eq!(
            (both.named.as_deref(), both.caller.as_deref()),
            (Some("b"), Some("c"))
        );
        assert!(!format!("{both:?}").contains('b') || !format!("{both:?}").contains("\"b\""));
    }

    #[test]
    fn each_action_exists_in_its_versions_in_any_letter_case() {
        let body = |name: &str| match name {
            "updateSessionProperties" | "setProperty" => r#"{"a":"1"}"#,
            "logoutByHandle" => r#"{"sessionHandles":["shandle:1"]}"#,
            "logoutByUser" => r#"{"username":"demo"}"#,
            "deleteProperty" => r#"{"properties":["a"]}"#,
            _ => "",
        };
        let versions = [("1.2", 1), ("2.1", 2), ("3.1", 3), ("4.0", 4), ("5.1", 5)];
        for (name, from, to) in ACTIONS {
            for (version, major) in versions {
                for spelled in [(*name).to_owned(), name.to_uppercase()] {
                    let query = format!("_action={spelled}");
                    let asked = ask(version, &query, &[JSON, COOKIE], body(name));
                    if (*from..=*to).contains(&major) {
                        assert_eq!(asked.map(|ask| ask.action.name()), Ok(*name), "{version}");
                    } else {
                        let message = format!("Action {spelled} not implemented for this resource");
                        let refusal = asked.unwrap_err();
                        assert_eq!((refusal.status(), &*refusal.message()), (501, &*message));
                    }
                }
            }
        }
        let unknown = ask("5.1", "_action=nope", &[], "").unwrap_err();
        assert_eq!(unknown.status(), 501);
        assert_eq!(
            unknown.message(),
            "Action nope not implemented for this resource"
        );
    }

    #[test]
    fn using_it_is_the_default_of_validate_alone() {
        let action = |version, query| ask(version, query, &[COOKIE], "").map(|ask| ask.action);
        assert_eq!(
            action("5.1", "_action=validate"),
            Ok(Action::Validate { touch: true })
        );
        assert_eq!(
            action("5.1", "_action=validate&refresh=False"),
            Ok(Action::Validate { touch: false })
        );
        assert_eq!(
            action("1.2", "_action=isActive"),
            Ok(Action::IsActive { touch: false })
        );
        assert_eq!(
            action("1.2", "_action=isActive&refresh=true"),
            Ok(Action::IsActive { touch: true })
        );
        assert_eq!(
            action("3.1", "_action=logout&goto=%2Fx"),
            Ok(Action::Logout {
                goto: Some("/x".into())
            })
        );
    }

    #[test]
    fn bodies_have_the_shape_that_the_action_wants() {
        let refusal = |version, name: &str, body| {
            let query = format!("_action={name}");
            let refusal = ask(version, &query, &[JSON, COOKIE], body).unwrap_err();
            (refusal.status(), refusal.message().into_owned())
        };
        let handles =
            "The \"sessionHandles\" field is not defined in the request or it's not a JSON array";
        for body in [
            "",
            "{}",
            r#"{"sessionHandles":"x"}"#,
            r#"{"sessionHandles":[1]}"#,
        ] {
            assert_eq!(
                refusal("5.1", "logoutByHandle", body),
                (400, handles.to_owned())
            );
        }
        assert_eq!(refusal("5.1", "logoutByUser", "{}").0, 400);
        assert_eq!(refusal("5.1", "updateSessionProperties", "").0, 400);
        assert_eq!(
            refusal("5.1", "updateSessionProperties", r#"{"tokenId":"t"}"#).0,
            400
        );
        assert_eq!(
            refusal("5.1", "updateSessionProperties", r#"{"a":1}"#).0,
            400
        );
        assert_eq!(refusal("1.2", "deleteProperty", "").0, 400);
        let update = ask(
            "5.1",
            "_action=updateSessionProperties",
            &[JSON],
            r#"{"tokenId":"t","a":"1"}"#,
        )
        .unwrap();
        assert_eq!(update.named.as_deref(), Some("t"));
        assert_eq!(
            update.action,
            Action::Update([("a".into(), "1".into())].into())
        );
        // There the token comes by the query, and this is a property like any other.
        let old = ask(
            "2.1",
            "_action=updateSessionProperties&tokenId=q",
            &[JSON],
            r#"{"tokenId":"t"}"#,
        )
        .unwrap();
        assert_eq!(
            old.action,
            Action::Update([("tokenId".into(), "t".into())].into())
        );
    }
}
