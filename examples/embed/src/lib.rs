//! A login server of one's own: users and sessions in memory, axum around it, `wayfare-server` nowhere.
//!
//! The engine decides, the wire spells; what stands here is what they ask for. docs/embedding.md walks
//! through this file.

mod machine;
mod sessions;
mod site;
mod users;

use std::{collections::BTreeMap, sync::Arc};

use axum::{Router, extract::DefaultBodyLimit, extract::State, response::Response, routing::any};
use axum::{body::Body, body::Bytes, http::StatusCode, http::request};
use wayfare::{Host as _, Realm, engine::host::NoRandomness};
use wayfare_wire::am::authenticate::{Exchange, Given, Need};
use wayfare_wire::am::realm::{Endpoint, Route, route};
use wayfare_wire::am::{error::Refusal, reply::Reply, request::Parts};
use wayfare_wire::{claims::StepClaims as _, query::Query};

use crate::machine::Machine;
pub use crate::site::Server;

/// The routes of a server: the protocol below `/am`, as clients expect it.
pub fn app(server: Arc<Server>) -> Router {
    Router::new()
        .route("/am/json/{*rest}", any(handle))
        .layer(DefaultBodyLimit::max(64 * 1_024))
        .with_state(server)
}

async fn handle(State(server): State<Arc<Server>>, head: request::Parts, body: Bytes) -> Response {
    let headers = head.headers.iter();
    let headers =
        headers.map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.into())));
    let Some(headers) = headers.collect::<Option<Vec<(String, String)>>>() else {
        return refused(StatusCode::BAD_REQUEST);
    };
    // Hashing a password takes a while, so it must not hold up the threads that serve others.
    let answered = tokio::task::spawn_blocking(move || {
        server.answer(Parts {
            method: head.method.as_str(),
            path: head.uri.path().strip_prefix("/am").unwrap_or_default(),
            query: head.uri.query().unwrap_or_default(),
            headers: &headers,
            body: &body,
            client: None,
        })
    });
    let Ok(reply) = answered.await else {
        return refused(StatusCode::INTERNAL_SERVER_ERROR);
    };
    let mut response = Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        response = response.header(&**name, &**value);
    }
    for cookie in &reply.cookies {
        response = response.header("set-cookie", cookie.header());
    }
    let body = Body::from(reply.body);
    response
        .body(body)
        .unwrap_or_else(|_| refused(StatusCode::INTERNAL_SERVER_ERROR))
}

fn refused(status: StatusCode) -> Response {
    let mut response = Response::default();
    *response.status_mut() = status;
    response
}

impl Server {
    /// One request, from its parts to its reply.
    pub fn answer(&self, parts: Parts<'_>) -> Reply {
        let Ok(query) = Query::parse(parts.query) else {
            return Refusal::BadQuery.reply(None);
        };
        match route(parts.path, &query, parts.host(), self) {
            Ok(Route { realm, endpoint }) => match endpoint {
                Endpoint::Authenticate => self.authenticate(realm, query, parts),
                Endpoint::Sessions => {
                    let reply = self.sessions.answer(&query, &parts);
                    reply.unwrap_or_else(|refusal| refusal.resource(None))
                }
                _ => Refusal::NotFound.reply(None),
            },
            Err(refusal) => refusal.reply(None),
        }
    }

    fn authenticate(&self, realm: Realm, query: Query, parts: Parts<'_>) -> Reply {
        let claims = &self.claims;
        let mut exchange = Exchange::new(self, &Machine, realm, query, parts);
        let mut given = Given::Nothing;
        // BOUND: an exchange asks a fixed number of questions, and the engine bounds its effects.
        loop {
            let answered = match exchange.next(given) {
                Need::Reply(reply) => return reply,
                Need::Session(token) => Ok(Given::Session(self.sessions.find(token.reveal()))),
                Need::SessionOf(handle) => Ok(Given::Session(self.sessions.of(&handle))),
                // Forgets what has expired, now and then.
                Need::Admit(_) => claims.purge(Machine.now()).map(|()| Given::Admitted),
                Need::Claim(claim) => claims.claim(&claim).map(Given::Claimed),
                Need::State { run, generation } => claims.kept(run, generation).map(Given::State),
                Need::Keep(kept) => claims.keep(kept).map(|()| Given::Done),
                Need::End(end) => claims.end(end).map(|()| Given::Done),
                Need::Perform(call) => Ok(Given::Effect(self.users.perform(&call.effect))),
                // Neither journeys of users nor policies nor transactions are kept here.
                Need::UserJourney(_) => Ok(Given::UserJourney(None)),
                Need::Policy { .. } => Ok(Given::Policy(None)),
                Need::Transaction { .. } => Ok(Given::Transaction(None)),
                Need::Conclude(_) => Ok(Given::NotMade),
                Need::Finish(finish) => {
                    let ended = finish.end.map_or(Ok(()), |end| claims.end(end));
                    ended.map(|()| match self.sessions.make(&finish.success) {
                        Ok(Some(token)) => {
                            let properties = BTreeMap::new();
                            Given::Made { token, properties }
                        }
                        Ok(None) => Given::NotMade,
                        Err(NoRandomness) => Given::Failed,
                    })
                }
            };
            given = answered.unwrap_or(Given::Failed);
        }
    }
}
