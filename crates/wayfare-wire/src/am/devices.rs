//! `users/ID/devices`: the devices of a user, as their owner sees them and gives them up.
//!
//! Here are the question and the answer in JSON. Whose devices they are, who may see them and who may give
//! one up is the server's. Of a device its name and dates are told, and nothing that a code is made by.

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

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ask {
    /// All of the kind.
    List,
    /// This one.
    Read(String),
    /// This one is to be forgotten.
    Remove(String),
    /// Whether the user opted out of devices of the kind.
    Check,
    /// Whether to opt out.
    Skip(bool),
    /// All of the kind are to be forgotten, and the user is to be asked again.
    Reset,
}

impl Ask {
    /// Whether something is given up by it: more than a session is asked for then.
    pub fn gives_up(&self) -> bool {
        match self {
            Self::List | Self::Read(_) | Self::Check => false,
            Self::Remove(_) | Self::Skip(_) | Self::Reset => true,
        }
    }
}

/// The parts of a path behind `users/ID/devices`.
pub(super) fn path<'p>(user: &str, mut parts: impl Iterator<Item = &'p str>) -> Option<Asked> {
    let kind = match parts.next()? {
        "2fa" => match parts.next()? {
            "oath" => DeviceKind::Oath,
            "push" => DeviceKind::Push,
            "webauthn" => DeviceKind::WebAuthn,
            "binding" => DeviceKind::Binding,
            _ => return None,
        },
        "profile" => DeviceKind::Profile,
        "trusted" => DeviceKind::Trusted,
        _ => return None,
    };
    let uuid = parts.next().map(str::to_owned);
    parts.next().is_none().then(|| Asked {
        user: user.to_owned(),
        kind,
        uuid,
    })
}

#[derive(Deserialize)]
struct Skip {
    value: Option<bool>,
}

impl Ask {
    /// Reads a request.
    ///
    /// # Errors
    /// The method, the filter or the action is not one of those understood, or the body is not JSON.
    pub fn read(parts: &Parts<'_>, query: &Query, asked: &Asked) -> Result<Self, Refusal> {
        match (parts.method, &asked.uuid) {
            ("GET" | "HEAD", None) => match query.one("_queryFilter")? {
                None | Some("true") => Ok(Self::List),
                Some(_) => Err(Refusal::QueryFilter),
            },
            ("GET" | "HEAD", Some(uuid)) => Ok(Self::Read(uuid.clone())),
            ("DELETE", Some(uuid)) => Ok(Self::Remove(uuid.clone())),
            ("POST", None) => Self::action(parts, query, asked.kind),
            _ => Err(Refusal::Method),
        }
    }

    fn action(parts: &Parts<'_>, query: &Query, kind: DeviceKind) -> Result<Self, Refusal> {
        parts.json_only()?;
        let name = query.one("_action")?.unwrap_or("");
        let known = matches!(
            kind,
            DeviceKind::Oath | DeviceKind::Push | DeviceKind::WebAuthn
        );
        let unknown = || Refusal::UnknownAction(name.to_owned());
        if !known {
            return Err(unknown());
        }
        match name.to_ascii_lowercase().as_str() {
            "check" => Ok(Self::Check),
            "reset" => Ok(Self::Reset),
            "skip" => {
                let bad = |error| match error {
                    BadJson::TooLong => Refusal::TooLarge,
                    BadJson::Malformed => Refusal::BadJson,
                };
                read::<Ignored>(parts.body, Bounds::default()).map_err(bad)?;
                let body: Skip = read(parts.body, Bounds::default()).map_err(bad)?;
                let value = body.value.ok_or(Refusal::MissingField("value"))?;
                Ok(Self::Skip(value))
            }
            _ => Err(unknown()),
        }
    }
}

fn write(out: &mut Writer, device: &Device, manageable: bool, revision: &str) {
    let at = |at: u64| i64::try_from(at).unwrap_or(i64::MAX);
    out.open_object();
    out.key("_id").text(&device.uuid);
    out.key("_rev").text(revision);
    out.key("uuid").text(&device.uuid);
    out.key("deviceName").text(&device.name);
    out.key("createdDate").int(at(device.created.0));
    out.key("lastAccessDate").int(at(device.accessed.0));
    out.key("deviceManagementStatus").bool(manageable);
    out.close_object();
}

/// The reply to [`Ask::List`]; `manageable` where the caller may give them up.
pub fn list(devices: &[Device], manageable: bool, served: Served) -> Reply {
    let mut body = Writer::with_capacity(128 + devices.len() * 256);
    body.open_object().key("result").open_array();
    for device in devices {
        let (revision, _) = with_revision(|out, revision| write(out, device, manageable, revision));
        write(&mut body, device, manageable, &revision);
    }
    body.close_array();
    close_list(&mut body, devices.len());
    Reply::new(200)
        .resource(body, ResourceReply::Read)
        .served(served)
}

/// The reply that holds one device: to [`Ask::Read`], and to [`Ask::Remove`] what is gone.
pub fn one(device: &Device, manageable: bool, kind: ResourceReply, served: Served) -> Reply {
    let (revision, body) = with_revision(|out, revision| write(out, device, manageable, revision));
    Reply::new(200)
        .resource(body, kind)
        .header("etag", format!("\"{revision}\""))
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
