//! `users/ID/devices/…`: the devices of a user, listed, read, renamed and removed.
//!
//! In: a path, a method and a body. Out: what is asked, and what is told of a device. Whose devices may be
//! asked about, and what it takes to change one, is the server's. Keys, counters and codes of a device are
//! not told here, whoever asks: nothing in this module has them.

use serde::Deserialize;
use wayfare::engine::effect::{Device, DeviceKind};

use crate::{
    am::{
        error::Refusal,
        reply::{Reply, ResourceReply},
        request::Parts,
        revision::with_revision,
        sessions::close_list,
        version::Served,
    },
    json::{BadJson, Bounds, Ignored, Writer, read},
    query::Query,
};

/// How many characters the name of a device may have.
pub const NAME_MAX: usize = 100;

/// Devices of a kind, or one of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Whose, by name.
    pub user: String,
    /// Of which kind.
    pub kind: DeviceKind,
    /// Which one.
    pub uuid: Option<String>,
}

/// The parts of a path behind `users/ID/devices`.
pub(super) fn path<'p>(user: &str, mut parts: impl Iterator<Item = &'p str>) -> Option<Asked> {
    let kind = match parts.next()? {
        "profile" => DeviceKind::Profile,
        "trusted" => DeviceKind::Trusted,
        "2fa" => match parts.next()? {
            "oath" => DeviceKind::Oath,
            "push" => DeviceKind::Push,
            "webauthn" => DeviceKind::WebAuthn,
            "binding" => DeviceKind::Binding,
            _ => return None,
        },
        _ => return None,
    };
    let uuid = parts.next().map(str::to_owned);
    parts.next().is_none().then(|| Asked {
        user: user.to_owned(),
        kind,
        uuid,
    })
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ask {
    /// All of them, as a page.
    List {
        /// How many are left out at the beginning.
        offset: usize,
        /// How many are told at most; all where it is `None`.
        size: Option<usize>,
    },
    /// This one.
    Read(String),
    /// Call this one by that name.
    Rename {
        /// Which.
        id: String,
        /// The name.
        name: String,
        /// Only if it is still this one.
        revision: Option<String>,
    },
    /// Forget this one.
    Remove {
        /// Which.
        id: String,
        /// Only if it is still this one.
        revision: Option<String>,
    },
    /// Whether the user opted out of devices of the kind.
    Check,
    /// Whether to opt out.
    Skip(bool),
    /// All of the kind are to be forgotten, and the user is to be asked again.
    Reset,
}

impl Ask {
    /// Whether something is changed by it: more than a session is asked for then.
    pub fn changes(&self) -> bool {
        match self {
            Self::List { .. } | Self::Read(_) | Self::Check => false,
            Self::Rename { .. } | Self::Remove { .. } | Self::Skip(_) | Self::Reset => true,
        }
    }
}

#[derive(Deserialize)]
struct Skip {
    value: Option<bool>,
}

/// What a client may change of a device; whatever else it sends is passed over, as it sends all it knows.
#[derive(Deserialize)]
struct Named {
    alias: Option<String>,
    #[serde(rename = "deviceName")]
    device_name: Option<String>,
}

impl Ask {
    /// Reads a request.
    ///
    /// # Errors
    /// The method is none for this path, the query is not understood, or the body names no fitting name.
    pub fn read(parts: &Parts<'_>, query: &Query, asked: &Asked) -> Result<Self, Refusal> {
        match (parts.method, &asked.uuid) {
            ("GET" | "HEAD", None) => list(query),
            ("GET" | "HEAD", Some(id)) => Ok(Self::Read(id.clone())),
            ("PUT", Some(id)) => Ok(Self::Rename {
                id: id.clone(),
                name: name(parts, asked.kind)?,
                revision: revision(parts)?,
            }),
            ("DELETE", Some(id)) => Ok(Self::Remove {
                id: id.clone(),
                revision: revision(parts)?,
            }),
            ("POST", None) => action(parts, query, asked.kind),
            (_, None) => Err(Refusal::Verb("GET, POST")),
            (_, Some(_)) => Err(Refusal::Verb("DELETE, GET, PUT")),
        }
    }
}

fn bad(error: BadJson) -> Refusal {
    match error {
        BadJson::TooLong => Refusal::TooLarge,
        BadJson::Malformed => Refusal::BadJson,
    }
}

/// What is done with all devices of a kind that stands in for a factor.
fn action(parts: &Parts<'_>, query: &Query, kind: DeviceKind) -> Result<Ask, Refusal> {
    parts.json_only()?;
    let name = query.one("_action")?.unwrap_or("");
    let unknown = || Refusal::UnknownAction(name.to_owned());
    let known = [DeviceKind::Oath, DeviceKind::Push, DeviceKind::WebAuthn];
    if !known.contains(&kind) {
        return Err(unknown());
    }
    match name.to_ascii_lowercase().as_str() {
        "check" => Ok(Ask::Check),
        "reset" => Ok(Ask::Reset),
        "skip" => {
            read::<Ignored>(parts.body, Bounds::default()).map_err(bad)?;
            let body: Skip = read(parts.body, Bounds::default()).map_err(bad)?;
            let value = body.value.ok_or(Refusal::MissingField("value"))?;
            Ok(Ask::Skip(value))
        }
        _ => Err(unknown()),
    }
}

/// A list is all of them, or a query for everything: by a filter, or by the id that older clients send.
fn list(query: &Query) -> Result<Ask, Refusal> {
    match (query.one("_queryFilter")?, query.one("_queryId")?) {
        (None | Some("true"), None) | (None, Some("*")) => {}
        _ => return Err(Refusal::QueryFilter),
    }
    let number = |name: &'static str| -> Result<Option<usize>, Refusal> {
        let Some(text) = query.one(name)?.filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        let digits = text.bytes().all(|b| b.is_ascii_digit());
        let number = digits.then(|| text.parse().ok()).flatten();
        number.map(Some).ok_or(Refusal::BadMember(name))
    };
    Ok(Ask::List {
        offset: number("_pagedResultsOffset")?.unwrap_or(0),
        // 0 is how the framework of the product says that there are no pages.
        size: number("_pageSize")?.filter(|size| *size > 0),
    })
}

/// The revision that a client has seen; none where any will do.
fn revision(parts: &Parts<'_>) -> Result<Option<String>, Refusal> {
    let mut sent = parts.header("if-match");
    let first = sent.next();
    if sent.next().is_some() {
        return Err(Refusal::BadHeader("If-Match"));
    }
    let bare = first.map(|text| text.trim().trim_matches('"'));
    Ok(bare.filter(|text| *text != "*").map(str::to_owned))
}

/// The name that a body gives a device.
fn name(parts: &Parts<'_>, kind: DeviceKind) -> Result<String, Refusal> {
    parts.json_only()?;
    // Once for keys that stand twice, wherever they stand, and once for what it says.
    read::<Ignored>(parts.body, Bounds::default()).map_err(bad)?;
    let body: Named = read(parts.body, Bounds::default()).map_err(bad)?;
    let (name, member) = match kind {
        DeviceKind::Profile => (body.alias, "alias"),
        _ => (body.device_name, "deviceName"),
    };
    let name = name.ok_or(Refusal::MissingField(member))?;
    let length = name.chars().count();
    if name.trim() != name
        || name.chars().any(char::is_control)
        || !(1..=NAME_MAX).contains(&length)
    {
        return Err(Refusal::BadMember(member));
    }
    Ok(name)
}

/// A device, and whether whoever asks may change it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Told<'d> {
    /// The device.
    pub device: &'d Device,
    /// The kind.
    pub kind: DeviceKind,
    /// Whether it may be changed in this session.
    pub managed: bool,
}

impl Told<'_> {
    /// The revision by which clients call what it is now.
    pub fn revision(self) -> String {
        with_revision(|out, revision| self.write(out, revision)).0
    }

    fn write(self, out: &mut Writer, revision: &str) {
        let device = self.device;
        let millis = |at: wayfare::Timestamp| i64::try_from(at.0).unwrap_or(i64::MAX);
        out.open_object();
        out.key("_id").text(&device.uuid);
        out.key("_rev").text(revision);
        match self.kind {
            DeviceKind::Profile => {
                out.key("identifier").text(&device.uuid);
                for name in ["metadata", "location"] {
                    if let Some(value) = device.data.get(name) {
                        out.key(name).value(value);
                    }
                }
                out.key("alias").text(&device.name);
                out.key("recoveryCodes").texts([""; 0]);
                out.key("lastSelectedDate").int(millis(device.accessed));
            }
            DeviceKind::Trusted => {
                out.key("name").text(&device.name);
                out.key("lastSelectedDate").int(millis(device.accessed));
            }
            DeviceKind::Oath | DeviceKind::Push | DeviceKind::WebAuthn | DeviceKind::Binding => {
                out.key("createdDate").int(millis(device.created));
                out.key("lastAccessDate").int(millis(device.accessed));
                for name in ["credentialId", "deviceId"] {
                    if let Some(value) = device.data.get(name) {
                        out.key(name).value(value);
                    }
                }
                out.key("deviceName").text(&device.name);
                out.key("uuid").text(&device.uuid);
                out.key("deviceManagementStatus").bool(self.managed);
            }
        }
        out.close_object();
    }
}

/// The reply to a list: the devices in the order given.
pub fn list_of(devices: &[Told<'_>], served: Served) -> Reply {
    let mut body = Writer::with_capacity(192 + devices.len() * 512);
    body.open_object().key("result").open_array();
    for told in devices {
        told.write(&mut body, &told.revision());
    }
    body.close_array();
    close_list(&mut body, devices.len());
    Reply::new(200)
        .resource(body, ResourceReply::Read)
        .served(served)
}

/// The reply to an action; to [`Ask::Skip`] it is empty.
pub fn done(result: Option<bool>, served: Served) -> Reply {
    let mut body = Writer::with_capacity(32);
    body.open_object();
    if let Some(result) = result {
        body.key("result").bool(result);
    }
    body.close_object();
    Reply::new(200)
        .resource(body, ResourceReply::Action)
        .served(served)
}

/// The reply about one device: as it is, as it is called now, or as it was.
pub fn one(told: Told<'_>, served: Served) -> Reply {
    let (revision, body) = with_revision(|out, revision| told.write(out, revision));
    Reply::new(200)
        .resource(body, ResourceReply::Read)
        .header("etag", format!("\"{revision}\""))
        .served(served)
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, sync::Arc};

    use wayfare::{Timestamp, Value};

    use super::*;
    use crate::am::version::{Routes, Unversioned, negotiate};

    fn ask(
        method: &str,
        id: Option<&str>,
        query: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<Ask, Refusal> {
        ask_of(DeviceKind::Profile, method, id, query, headers, body)
    }

    fn ask_of(
        kind: DeviceKind,
        method: &str,
        id: Option<&str>,
        query: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<Ask, Refusal> {
        let headers = headers
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()));
        let headers: Vec<(String, String)> = headers.collect();
        let parts = Parts {
            method,
            path: "",
            query,
            headers: &headers,
            body: body.as_bytes(),
            client: None,
        };
        let devices = Asked {
            user: "demo".to_owned(),
            kind,
            uuid: id.map(str::to_owned),
        };
        Ask::read(&parts, &Query::parse(query).unwrap(), &devices)
    }

    #[test]
    fn a_list_is_a_query_for_everything() {
        let list = |query: &str| ask("GET", None, query, &[], "");
        let all = |offset, size| Ok(Ask::List { offset, size });
        assert_eq!(list("_queryFilter=true"), all(0, None));
        assert_eq!(list("_queryId=*"), all(0, None));
        let page = "_queryFilter=true&_pageSize=2&_pagedResultsOffset=4";
        assert_eq!(list(page), all(4, Some(2)));
        assert_eq!(list("_queryFilter=true&_pageSize=0"), all(0, None));
        assert_eq!(list(""), all(0, None));
        for bad in [
            "_queryFilter=false",
            "_queryFilter=identifier+eq+%22a%22",
            "_queryFilter=true&_queryId=*",
        ] {
            assert_eq!(list(bad), Err(Refusal::QueryFilter), "{bad}");
        }
        for (bad, name) in [
            ("_pageSize=-1", "_pageSize"),
            ("_pagedResultsOffset=1e3", "_pagedResultsOffset"),
            ("_pageSize=99999999999999999999999", "_pageSize"),
        ] {
            let refused = list(&format!("_queryFilter=true&{bad}")).unwrap_err();
            assert_eq!(refused.message(), format!("Invalid value for {name}"));
            assert_eq!(refused.status(), 400);
        }
        assert!(matches!(
            list("_queryFilter=true&_queryFilter=true"),
            Err(Refusal::Repeated(_))
        ));
    }

    const JSON: (&str, &str) = ("content-type", "application/json; charset=utf-8");

    #[test]
    fn a_device_is_renamed_by_a_body_that_may_hold_all_a_client_knows() {
        let named = |kind, body: &str| ask_of(kind, "PUT", Some("x"), "", &[JSON], body);
        let to = |name: &str| {
            Ok(Ask::Rename {
                id: "x".to_owned(),
                name: name.to_owned(),
                revision: None,
            })
        };
        let whole = r#"{"_id":"x","alias":"My phone","metadata":{"a":[1]},"recoveryCodes":[]}"#;
        assert_eq!(named(DeviceKind::Profile, whole), to("My phone"));
        let key = r#"{"uuid":"x","deviceName":"My key"}"#;
        assert_eq!(named(DeviceKind::WebAuthn, key), to("My key"));
        let profile = |body: &str| named(DeviceKind::Profile, body);
        let missing = Err(Refusal::MissingField("alias"));
        assert_eq!(profile(key), missing);
        assert_eq!(profile(r#"{"alias":null}"#), missing);
        let most = "ä".repeat(NAME_MAX);
        assert_eq!(profile(&format!(r#"{{"alias":"{most}"}}"#)), to(&most));
        for name in ["", " a", "a ", "a\\nb", "\\u0000", &format!("{most}ä")] {
            let body = format!(r#"{{"alias":"{name}"}}"#);
            assert_eq!(profile(&body), Err(Refusal::BadMember("alias")), "{name}");
        }
        for body in [
            "",
            "[]",
            r#"{"alias":7}"#,
            r#"{"alias":"a","alias":"b"}"#,
            "{",
        ] {
            assert_eq!(profile(body), Err(Refusal::BadJson), "{body}");
        }
        let deep = format!(
            r#"{{"alias":"a","m":{}{}}}"#,
            "[".repeat(99),
            "]".repeat(99)
        );
        assert_eq!(profile(&deep), Err(Refusal::BadJson));
        let long = format!(r#"{{"alias":"a"}}{}"#, " ".repeat(64 * 1024));
        assert_eq!(profile(&long), Err(Refusal::TooLarge));
        let plain = ask("PUT", Some("x"), "", &[], whole);
        assert_eq!(plain, Err(Refusal::MediaType));
    }

    #[test]
    fn a_change_may_name_what_was_seen() {
        let remove = |headers: &[(&str, &str)]| ask("DELETE", Some("x"), "", headers, "{}");
        let seen = |revision: Option<&str>| {
            Ok(Ask::Remove {
                id: "x".to_owned(),
                revision: revision.map(str::to_owned),
            })
        };
        assert_eq!(remove(&[]), seen(None));
        assert_eq!(remove(&[("if-match", "*")]), seen(None));
        assert_eq!(remove(&[("if-match", "\"12\"")]), seen(Some("12")));
        let twice = [("if-match", "1"), ("if-match", "2")];
        assert_eq!(remove(&twice), Err(Refusal::BadHeader("If-Match")));
    }

    #[test]
    fn other_methods_are_told_which_there_are() {
        let all = |method| ask(method, None, "_action=reset", &[], "");
        // Only what stands in for a factor is reset.
        let unknown = Refusal::UnknownAction("reset".to_owned());
        assert_eq!(all("POST"), Err(unknown));
        let oath = |action: &str, headers, body| {
            ask_of(DeviceKind::Oath, "POST", None, action, headers, body)
        };
        assert_eq!(oath("_action=reset", &[], ""), Ok(Ask::Reset));
        assert_eq!(oath("_action=CHECK", &[], ""), Ok(Ask::Check));
        let skip = |body| oath("_action=skip", &[JSON], body);
        assert_eq!(skip(r#"{"value":true}"#), Ok(Ask::Skip(true)));
        assert_eq!(skip("{}"), Err(Refusal::MissingField("value")));
        assert_eq!(
            skip(r#"{"value":true,"value":false}"#),
            Err(Refusal::BadJson)
        );
        assert_eq!(skip(r#"{"value":"true"}"#), Err(Refusal::BadJson));
        assert_eq!(all("DELETE"), Err(Refusal::Verb("GET, POST")));
        let refusal = ask("POST", Some("x"), "_action=create", &[], "").unwrap_err();
        assert_eq!(refusal, Refusal::Verb("DELETE, GET, PUT"));
        let reply = refusal.resource(None);
        assert_eq!(reply.status, 405);
        assert!(
            reply
                .headers
                .contains(&("allow".into(), "DELETE, GET, PUT".into()))
        );
        assert_eq!(Refusal::Stale.status(), 412);
    }

    fn device(data: &[(&str, Value)]) -> Device {
        let data = data
            .iter()
            .map(|(name, value)| (Arc::from(*name), value.clone()));
        Device {
            uuid: "u-1".into(),
            name: "My \"phone\"".into(),
            created: Timestamp(1_000),
            accessed: Timestamp(2_000),
            used: Some(7),
            data: data.collect(),
        }
    }

    /// A body with its revisions as `R`.
    fn shown(reply: &Reply) -> String {
        let mut body = String::from_utf8(reply.body.clone()).unwrap();
        while let Some((before, after)) = body.split_once(r#""_rev":""#) {
            let rest = after.split_once('"').unwrap().1;
            body = format!(r#"{before}"_rev":R{rest}"#);
        }
        body
    }

    #[test]
    fn devices_have_the_members_that_clients_read() {
        let served = negotiate(["resource=1.0"], Routes::DEVICES, Unversioned::Latest).unwrap();
        let platform = Value::Map(Arc::new(BTreeMap::from([("a".into(), 1.into())])));
        let secret = Value::from("never told");
        let known = device(&[("metadata", platform), ("sharedSecret", secret)]);
        let told = |kind| Told {
            device: &known,
            kind,
            managed: true,
        };
        let profile = one(told(DeviceKind::Profile), served);
        assert_eq!(
            shown(&profile),
            r#"{"_id":"u-1","_rev":R,"identifier":"u-1","metadata":{"a":1},"alias":"My \"phone\"","recoveryCodes":[],"lastSelectedDate":2000}"#
        );
        let etag = profile.headers.iter().find(|(name, _)| name == "etag");
        let revision = told(DeviceKind::Profile).revision();
        assert_eq!(etag.unwrap().1, format!("\"{revision}\""));
        let trusted = one(told(DeviceKind::Trusted), served);
        assert_eq!(
            shown(&trusted),
            r#"{"_id":"u-1","_rev":R,"name":"My \"phone\"","lastSelectedDate":2000}"#
        );
        let oath = [told(DeviceKind::Oath)];
        assert_eq!(
            shown(&list_of(&oath, served)),
            concat!(
                r#"{"result":[{"_id":"u-1","_rev":R,"createdDate":1000,"lastAccessDate":2000,"deviceName":"My \"phone\"","uuid":"u-1","deviceManagementStatus":true}],"#,
                r#""resultCount":1,"pagedResultsCookie":null,"totalPagedResultsPolicy":"NONE","totalPagedResults":-1,"remainingPagedResults":-1}"#
            )
        );
        let key = device(&[("credentialId", "c".into())]);
        let key = Told {
            device: &key,
            kind: DeviceKind::WebAuthn,
            managed: false,
        };
        assert!(shown(&one(key, served)).contains(
            r#""credentialId":"c","deviceName":"My \"phone\"","uuid":"u-1","deviceManagementStatus":false"#
        ));
    }
}
