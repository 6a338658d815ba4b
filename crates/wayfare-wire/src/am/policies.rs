//! `policies`: whether somebody may do something, asked by whoever guards it.
//!
//! Here are the question and the answer in JSON. Who may ask about whom, what a policy says and what
//! becomes of transactions is the server's. A member that has no meaning here is passed over, as the
//! product does; what would name a subject in another way than by a token is refused.

use std::collections::BTreeMap;

use serde::Deserialize;
use wayfare::{Secret, Timestamp, policy::Decision};

use crate::{
    am::{
        advice::write_json,
        error::Refusal,
        reply::{Reply, ResourceReply},
        request::Parts,
        version::Served,
    },
    json::{BadJson, Bounds, Ignored, Writer, read},
    query::Query,
};

/// How many resources one question may name.
pub const RESOURCES_MAX: usize = 100;
/// How many names, and values of one name, an environment may have.
pub const ENVIRONMENT_MAX: usize = 64;
/// The name by which an environment brings a confirmed transaction.
pub const TRANSACTION: &str = "TxId";

/// What stands for no end in `ttl`.
const FOREVER: i64 = i64::MAX;

/// A question about resources.
#[derive(Debug)]
pub struct Ask {
    /// The resources as they were written.
    pub resources: Vec<String>,
    /// About whom.
    pub subject: Subject,
    /// What policies read as `environment`.
    pub environment: BTreeMap<String, Vec<String>>,
}

/// Whom a question is about.
#[derive(Debug)]
pub enum Subject {
    /// The caller.
    Caller,
    /// Somebody without a session.
    Nobody,
    /// Whoever has the session of this token.
    Token(Secret<String>),
}

#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    resources: Option<Vec<String>>,
    #[serde(default)]
    subject: Option<BTreeMap<String, serde_json::Value>>,
    #[serde(default)]
    environment: Option<BTreeMap<String, Vec<String>>>,
}

impl Ask {
    /// Reads a request.
    ///
    /// # Errors
    /// The action is not known, the body is not JSON of the shape or over a bound, or the subject is
    /// named by anything but one `ssoToken`.
    pub fn read(parts: &Parts<'_>, query: &Query, bounds: Bounds) -> Result<Self, Refusal> {
        if parts.method != "POST" {
            return Err(Refusal::Method);
        }
        parts.json_only()?;
        let action = query.one("_action")?.unwrap_or("");
        if !action.eq_ignore_ascii_case("evaluate") {
            return Err(Refusal::UnknownAction(action.to_owned()));
        }
        let bad = |error| match error {
            BadJson::TooLong => Refusal::TooLarge,
            BadJson::Malformed => Refusal::BadJson,
        };
        // Once for keys that stand twice, wherever they stand, and once for what it says.
        read::<Ignored>(parts.body, bounds).map_err(bad)?;
        let body: Body = read(parts.body, bounds).map_err(bad)?;
        let resources = body.resources.unwrap_or_default();
        if resources.is_empty() || resources.len() > RESOURCES_MAX {
            return Err(Refusal::InvalidValue("resources"));
        }
        let environment = body.environment.unwrap_or_default();
        if environment.len() > ENVIRONMENT_MAX
            || environment
                .values()
                .any(|list| list.len() > ENVIRONMENT_MAX)
        {
            return Err(Refusal::InvalidValue("environment"));
        }
        Ok(Self {
            resources,
            subject: body.subject.map_or(Ok(Subject::Caller), named)?,
            environment,
        })
    }

    /// The ids of the transactions that came with the question, at most [`ENVIRONMENT_MAX`].
    pub fn transactions(&self) -> &[String] {
        self.environment.get(TRANSACTION).map_or(&[], Vec::as_slice)
    }
}

/// The subject that a token names with nothing beside it, or that nothing names.
fn named(subject: BTreeMap<String, serde_json::Value>) -> Result<Subject, Refusal> {
    let mut members = subject.into_iter();
    match (members.next(), members.next()) {
        (None, None) => Ok(Subject::Nobody),
        (Some((name, serde_json::Value::String(token))), None) if name == "ssoToken" => {
            Ok(Subject::Token(Secret::new(token)))
        }
        _ => Err(Refusal::InvalidValue("subject")),
    }
}

/// The reply: one decision for each resource, in the order asked.
pub fn decided<'d>(
    decisions: impl IntoIterator<Item = (&'d str, &'d Decision)>,
    now: Timestamp,
    served: Served,
) -> Reply {
    let mut body = Writer::with_capacity(256);
    body.open_array();
    for (resource, decision) in decisions {
        body.open_object();
        body.key("resource").text(resource);
        body.key("actions").open_object();
        // What is not granted is not named, as where a condition of the product's is not met.
        for (action, _) in decision.actions.iter().filter(|(_, granted)| **granted) {
            body.key(action).bool(true);
        }
        body.close_object();
        body.key("attributes").open_object().close_object();
        body.key("advices");
        write_json(&decision.advice, &mut body);
        body.key("ttl").int(until(decision, now));
        body.close_object();
    }
    body.close_array();
    Reply::new(200)
        .resource(body, ResourceReply::Action)
        .served(served)
}

/// The instant until which a decision may be kept, in milliseconds. What a transaction has granted is
/// granted once.
fn until(decision: &Decision, now: Timestamp) -> i64 {
    let end = if decision.used_transaction {
        Some(now)
    } else {
        decision.ttl.map(|ttl| now.plus(ttl))
    };
    end.map_or(FOREVER, |end| i64::try_from(end.0).unwrap_or(FOREVER))
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use wayfare::{Advice, AuthLevel};

    use super::*;
    use crate::am::version::{Routes, Unversioned, negotiate};

    fn ask(body: &str) -> Result<Ask, Refusal> {
        let headers = [("content-type".to_owned(), "application/json".to_owned())];
        let parts = Parts {
            method: "POST",
            path: "/json/policies",
            query: "_action=evaluate",
            headers: &headers,
            body: body.as_bytes(),
            client: None,
        };
        Ask::read(
            &parts,
            &Query::parse(parts.query).unwrap(),
            Bounds::default(),
        )
    }

    #[test]
    fn a_question_names_resources_and_at_most_one_token() {
        let asked = ask(r#"{"resources":["a:1"],"application":"x","subject":{"ssoToken":"t"},"environment":{"TxId":["1"],"IP":["::1"]}}"#)
            .unwrap();
        assert_eq!(asked.resources, ["a:1"]);
        assert_eq!(asked.transactions(), ["1"]);
        assert!(matches!(asked.subject, Subject::Token(token) if token.reveal() == "t"));
        let nobody = ask(r#"{"resources":["a"],"subject":{}}"#).unwrap();
        assert!(matches!(nobody.subject, Subject::Nobody));
        let own = ask(r#"{"resources":["a"]}"#).unwrap();
        assert!(matches!(own.subject, Subject::Caller) && own.transactions().is_empty());
        for (body, refusal) in [
            ("{}", Refusal::InvalidValue("resources")),
            (r#"{"resources":[]}"#, Refusal::InvalidValue("resources")),
            (r#"{"resources":["a"],"resources":["b"]}"#, Refusal::BadJson),
            (r#"{"resources":"a"}"#, Refusal::BadJson),
            (
                r#"{"resources":["a"],"environment":{"IP":"::1"}}"#,
                Refusal::BadJson,
            ),
            (
                r#"{"resources":["a"],"subject":{"jwt":"x"}}"#,
                Refusal::InvalidValue("subject"),
            ),
            (
                r#"{"resources":["a"],"subject":{"ssoToken":"x","claims":{}}}"#,
                Refusal::InvalidValue("subject"),
            ),
            (
                r#"{"resources":["a"],"subject":{"ssoToken":null}}"#,
                Refusal::InvalidValue("subject"),
            ),
        ] {
            assert_eq!(ask(body).unwrap_err(), refusal, "{body}");
        }
        let many = vec!["a"; RESOURCES_MAX + 1];
        let body = serde_json::json!({ "resources": many }).to_string();
        assert_eq!(ask(&body).unwrap_err(), Refusal::InvalidValue("resources"));
    }

    #[test]
    fn an_answer_has_the_members_of_the_product_in_their_order() {
        let mut denied = Decision {
            matched: true,
            ..Decision::default()
        };
        denied.actions.insert(Arc::from("GET"), false);
        denied.advice = Advice::default();
        denied
            .advice
            .levels
            .push((None, AuthLevel::parse("3").unwrap()));
        let mut granted = Decision::default();
        granted.actions.insert(Arc::from("GET"), true);
        granted.actions.insert(Arc::from("PUT"), false);
        granted.ttl = Some(Duration::from_secs(60));
        let mut once = granted.clone();
        once.used_transaction = true;
        let served = negotiate(["resource=2.0"], Routes::POLICIES, Unversioned::Latest).unwrap();
        let reply = decided(
            [("a", &denied), ("b", &granted), ("c", &once)],
            Timestamp(1_000),
            served,
        );
        assert_eq!(
            String::from_utf8(reply.body).unwrap(),
            concat!(
                r#"[{"resource":"a","actions":{},"attributes":{},"advices":{"AuthLevelConditionAdvice":["3"]},"ttl":9223372036854775807},"#,
                r#"{"resource":"b","actions":{"GET":true},"attributes":{},"advices":{},"ttl":61000},"#,
                r#"{"resource":"c","actions":{"GET":true},"attributes":{},"advices":{},"ttl":1000}]"#,
            )
        );
    }
}
