//! Capture, served: where a request belongs, who sends it, what it is answered with.

mod access;
mod client;
mod flow;
mod ground;
mod mail;
mod mails;
mod native;
mod record;
mod redeeming;
mod social;
mod token;

use std::{collections::BTreeMap, sync::Arc};

use wayfare::Realm;
use wayfare_wire::{
    am::{realm::Host, reply::Reply, request::Parts},
    capture::{
        call::Call,
        client::Client,
        error::{Code, Error, RequestId},
        operation::Operation,
        reply::Answer,
        request::{Request, Unread},
    },
    json::Bounds,
};

pub(crate) use self::flow::{Flows, FormOf, Lost};
use self::{client::Known, mails::Mails, redeeming::Redeeming};
use crate::{
    app::{App, RealmState},
    audit::{Event, EventName},
    clock::drawn,
    config::{BindingSettings, CaptureSettings, Config},
    server::StartError,
    store::{StoreError, ending::Since},
};

/// Capture of a realm.
#[derive(Debug)]
pub(crate) struct Capture {
    pub(crate) settings: CaptureSettings,
    clients: BTreeMap<String, Known>,
    flows: Flows,
    /// Held by whoever changes links.
    links: tokio::sync::Mutex<()>,
    mails: Mails,
    redeeming: Redeeming,
}

/// Where a request belongs: the realm, and the path before that of the operation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) state: &'a RealmState,
    pub(crate) capture: &'a Capture,
    mount: &'a str,
}

impl Capture {
    /// Capture with these settings.
    ///
    /// # Errors
    /// The secret of a client cannot be read, or is too short.
    pub(crate) fn open(
        realm: &Realm,
        settings: &CaptureSettings,
        bindings: &BTreeMap<String, BindingSettings>,
        demo: bool,
    ) -> Result<Self, StartError> {
        let mut clients = BTreeMap::new();
        for (id, client) in &settings.clients {
            let known = Known::open(id, client, demo).map_err(|message| StartError::Capture {
                realm: realm.clone(),
                message,
            })?;
            clients.insert(id.clone(), known);
        }
        let flows = Flows::open(settings, bindings).map_err(|message| StartError::Capture {
            realm: realm.clone(),
            message,
        })?;
        Ok(Self {
            settings: settings.clone(),
            clients,
            flows,
            links: tokio::sync::Mutex::default(),
            mails: Mails::default(),
            redeeming: Redeeming::default(),
        })
    }

    /// Whether browsers may call from this origin.
    pub(crate) fn allows(&self, origin: &str) -> bool {
        self.settings.cors_allow.iter().any(|known| known == origin)
    }
}

/// Capture of the realms that serve it.
pub(crate) fn open(config: &Config) -> Result<BTreeMap<Realm, Capture>, StartError> {
    let mut all = BTreeMap::new();
    for (realm, settings) in &config.realms {
        if let Some(capture) = &settings.capture {
            let opened = Capture::open(realm, capture, &settings.bindings, config.demo)?;
            all.insert(realm.clone(), opened);
        }
    }
    Ok(all)
}

/// Where a request to this host and path belongs, with the rest of the path; nothing where it is none of
/// Capture's.
pub(crate) fn place<'a, 'p>(
    app: &'a App,
    host: Option<&str>,
    path: &'p str,
) -> Option<(Place<'a>, &'p str)> {
    let named = host.and_then(|host| {
        host.rsplit_once(':')
            .map_or(Some(host), |(name, _)| Some(name))
    });
    app.realms.values().find_map(|state| {
        let capture = state.capture.as_ref()?;
        let settings = &capture.settings;
        let at_host = named.is_some_and(|host| settings.hosts.iter().any(|known| known == host));
        let known = |rest: &str| {
            ["/access/", "/oauth/", "/widget_data/"]
                .iter()
                .any(|part| rest.starts_with(part))
                || rest == "/entity"
        };
        if at_host && known(path) {
            return Some((
                Place {
                    state,
                    capture,
                    mount: "",
                },
                path,
            ));
        }
        let mount = settings.path.as_str();
        let rest = path
            .strip_prefix(mount)
            .filter(|rest| rest.starts_with('/'))?;
        (!mount.is_empty()).then_some((
            Place {
                state,
                capture,
                mount,
            },
            rest,
        ))
    })
}

/// The answer to a request to this path that is not read to its end.
pub(crate) fn too_large(path: &str) -> Reply {
    let id = RequestId::new(drawn().unwrap_or_default());
    Error::too_large().reply(Operation::of_path(path), &id)
}

/// Why a request is not looked at, where it is signed and signatures are switched off, right or wrong.
fn unsigned(capture: &Capture, parts: &Parts<'_>) -> Option<Unread> {
    let is_signed = |header: &str| {
        let (scheme, _) = header.trim().split_once(' ').unwrap_or((header, ""));
        scheme.eq_ignore_ascii_case("signature")
    };
    if capture.settings.allow_signed || !parts.header("authorization").any(is_signed) {
        return None;
    }
    let operation = Operation::of_path(parts.path)?;
    let message = "signed requests are switched off";
    Some(Unread {
        operation: Some(operation),
        sender: None,
        error: Box::new(Error::new(Code::InvalidAuthMethod, message)),
    })
}

/// Answers a request.
pub(crate) async fn answer(app: &Arc<App>, place: Place<'_>, parts: &Parts<'_>) -> Reply {
    let Ok(random) = drawn() else {
        return Error::unexpected().reply(None, &RequestId::new([0; 10]));
    };
    let id = RequestId::new(random);
    if parts.host().is_some_and(|host| app_refuses(app, host)) {
        return Error::not_served().reply(None, &id);
    }
    match flow::download(&place.capture.flows, &place.capture.settings.app_id, parts) {
        Ok(None) => {}
        Ok(Some(reply)) => return reply,
        Err(error) => return error.reply(None, &id),
    }
    let limits = &app.config.limits;
    let bounds = Bounds {
        bytes: limits.body_bytes,
        depth: u32::try_from(limits.json_depth).unwrap_or(u32::MAX),
        string_bytes: limits.string_bytes,
        ..Bounds::default()
    };
    // Before anybody is looked up.
    let since = app.store().since();
    let turn = Turn {
        app,
        place,
        parts,
        id: &id,
        since,
    };
    let read = match unsigned(place.capture, parts) {
        Some(unread) => Err(unread),
        None => Request::read(parts, place.mount, bounds),
    };
    let request = match read {
        Ok(request) => request,
        Err(Unread {
            operation,
            sender,
            error,
        }) => {
            let first = operation
                .zip(sender.as_deref())
                .and_then(|(operation, sender)| turn.refused(operation, sender));
            let error = first.unwrap_or(*error);
            let client = sender.as_ref().and_then(|sender| sender.client.as_ref());
            let whose = (operation, client.map(Client::id));
            note(app, place, parts, whose, Some(&error), &id);
            return error.reply(operation, &id);
        }
    };
    let operation = request.operation;
    let client = request
        .sender
        .client
        .as_ref()
        .map(|client| client.id().to_owned());
    let done = Box::pin(turn.perform(request)).await;
    let whose = (Some(operation), client.as_deref());
    note(app, place, parts, whose, done.as_ref().err(), &id);
    match done {
        Ok(answer) => answer.reply(),
        Err(error) => error.reply(Some(operation), &id),
    }
}

fn app_refuses(app: &App, host: &str) -> bool {
    use wayfare_wire::am::realm::Realms as _;
    app.host(host) == Host::Refused
}

/// One request on its way.
#[derive(Debug, Clone, Copy)]
struct Turn<'a> {
    app: &'a Arc<App>,
    place: Place<'a>,
    parts: &'a Parts<'a>,
    id: &'a RequestId,
    /// The time before the request was looked at.
    since: Since,
}

impl Turn<'_> {
    async fn perform(&self, request: Request) -> Result<Answer, Error> {
        let Request {
            operation,
            sender,
            call,
            parameters,
        } = request;
        self.first(operation, &sender).await?;
        match call {
            Call::UseVerificationCode(code) => self.use_verification_code(&code).await,
            Call::RefreshAccessToken {
                token,
                date,
                signature,
            } => {
                let known = self.by_name(operation, &sender)?;
                self.refresh_access_token(known, &token, &date, &signature)
                    .await
            }
            Call::Entity {
                type_name,
                who,
                attribute,
                attributes,
            } => {
                let wanted = (who, attribute, attributes);
                self.entity(&sender, type_name.as_deref(), wanted).await
            }
            Call::Native(call) => self.native(&call, &sender, &parameters).await,
            Call::Token(grant) => {
                let known = self.proved(operation, &sender)?;
                self.redeem(known, &grant).await
            }
            call => {
                let known = self.proved(operation, &sender)?;
                self.access(known, call).await
            }
        }
    }

    /// What broke here is noted, and not told.
    fn broken(&self, error: &dyn std::fmt::Display) -> Error {
        let log = &self.app.log;
        log.error(&format!(
            "{} {}: {error}",
            self.parts.path,
            self.id.as_str()
        ));
        Error::unexpected()
    }

    fn stored<T>(&self, done: Result<T, StoreError>) -> Result<T, Error> {
        done.map_err(|error| self.broken(&error))
    }
}

/// Notes how a request went.
fn note(
    app: &App,
    place: Place<'_>,
    parts: &Parts<'_>,
    (operation, client): (Option<Operation>, Option<&str>),
    error: Option<&Error>,
    id: &RequestId,
) {
    let event = Event::new(EventName::CaptureAnswered)
        .text("realm", place.state.realm.as_str())
        .text(
            "result",
            if error.is_some() {
                "FAILED"
            } else {
                "SUCCESSFUL"
            },
        )
        .maybe("operation", operation.map(Operation::name))
        .maybe("path", operation.is_none().then_some(parts.path))
        .maybe("clientId", client)
        .maybe("reason", error.map(|error| error.code.name()))
        .text("requestId", id.as_str())
        .client(parts.client);
    app.audit(&event);
}
