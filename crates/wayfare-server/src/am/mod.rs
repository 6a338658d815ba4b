//! The protocol: what the wire needs is fetched here, what it decides is sent.

mod backchannel;
mod beside;
mod configuration;
mod devices;
mod exchange;
mod policies;
mod remember;
mod resource;
pub(crate) mod session;
mod sessions;
pub(crate) mod transaction;

use std::sync::Arc;

use wayfare_wire::{
    am::{
        error::Refusal,
        realm::{Endpoint, route},
        reply::Reply,
        request::Parts,
    },
    query::Query,
};

use wayfare::{Effect, EffectReply, engine::step::Call};

use crate::{
    app::{App, RealmState},
    audit::{Event, EventName},
    perform::Place,
};

/// Answers a request below the base path.
pub(crate) async fn answer(app: &Arc<App>, parts: &Parts<'_>) -> Reply {
    let Ok(query) = Query::parse(parts.query) else {
        return refused(
            app,
            parts,
            &Refusal::BadQuery,
            Refusal::BadQuery.reply(None),
        );
    };
    let route = match route(parts.path, &query, parts.host(), &**app) {
        Ok(route) => route,
        Err(refusal) => {
            let reply = refusal.reply(None);
            return refused(app, parts, &refusal, reply);
        }
    };
    if route.endpoint == Endpoint::Authenticate {
        return exchange::answer(app, route.realm, query, *parts).await;
    }
    let checked = if app.config.server.csrf_header {
        parts.same_site()
    } else {
        Ok(())
    };
    let done = match checked {
        Ok(()) => match route.endpoint {
            Endpoint::Backchannel(asked) => {
                backchannel::answer(app, parts, &route.realm, asked).await
            }
            _ => resource::answer(app, parts, &query, &route).await,
        },
        Err(refusal) => Err((refusal, None)),
    };
    match done {
        Ok(reply) => reply,
        Err((refusal, served)) => {
            let reply = refusal.resource(served);
            let bearer = matches!(route.endpoint, Endpoint::Backchannel(_));
            let reply = if bearer && reply.status == 401 {
                reply.header("www-authenticate", "Bearer".to_owned())
            } else {
                reply
            };
            refused(app, parts, &refusal, reply)
        }
    }
}

/// Does what a run wants from outside, of whatever kind.
pub(crate) async fn perform(
    app: &App,
    state: &RealmState,
    call: &Call,
    place: Place<'_>,
) -> EffectReply {
    match &call.effect {
        Effect::OpenCookie(asked) => remember::open(app, state, asked).await.map_or_else(
            |error| EffectReply::Failed(error.to_string()),
            EffectReply::Remembered,
        ),
        Effect::Backchannel(asked) => beside::perform(app, state, asked).await,
        _ => app.performer.perform(call, place).await,
    }
}

/// Notes a refusal.
fn refused(app: &App, parts: &Parts<'_>, refusal: &Refusal, reply: Reply) -> Reply {
    let message = refusal.message();
    let event = Event::new(EventName::AccessRefused)
        .text("result", "FAILED")
        .text("path", parts.path)
        .text("reason", &message)
        .number("status", u64::from(reply.status))
        .client(parts.client);
    app.audit(&event);
    reply
}
