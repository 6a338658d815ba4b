//! `realms`: which realms there are, for administrators.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use wayfare::Realm;

use crate::{
    am::{
        error::Refusal,
        reply::{Reply, ResourceReply},
        request::Parts,
        revision::with_revision,
        sessions::close_list,
        version::Served,
    },
    json::Writer,
    query::Query,
};

/// A realm as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The realm.
    pub realm: Realm,
    /// Its aliases, in order.
    pub aliases: Vec<String>,
}

/// Refuses a request that does not ask for all realms.
///
/// # Errors
/// It is no read, or its filter is another one than `true`.
pub fn read(parts: &Parts<'_>, query: &Query) -> Result<(), Refusal> {
    if !matches!(parts.method, "GET" | "HEAD") {
        return Err(Refusal::ReadOnly);
    }
    match query.one("_queryFilter")? {
        Some("true") => Ok(()),
        _ => Err(Refusal::QueryFilter),
    }
}

/// The reply: the realms in the order given.
pub fn list(realms: &[Listed], served: Served) -> Reply {
    let mut body = Writer::with_capacity(128 + realms.len() * 160);
    body.open_object().key("result").open_array();
    for listed in realms {
        let path = listed.realm.as_str();
        let (parent, name) = match path.rsplit_once('/') {
            Some((_, "")) | None => (None, "/"),
            Some(("", name)) => (Some("/"), name),
            Some((parent, name)) => (Some(parent), name),
        };
        let id = URL_SAFE_NO_PAD.encode(path);
        let write = |out: &mut Writer, revision: &str| {
            out.open_object();
            out.key("_id").text(&id);
            out.key("_rev").text(revision);
            match parent {
                Some(parent) => out.key("parentPath").text(parent),
                None => out.key("parentPath").null(),
            };
            out.key("active").bool(true);
            out.key("name").text(name);
            out.key("aliases").texts(&listed.aliases);
            out.close_object();
        };
        let (revision, _) = with_revision(write);
        write(&mut body, &revision);
    }
    body.close_array();
    close_list(&mut body, realms.len());
    Reply::new(200)
        .resource(body, ResourceReply::Read)
        .served(served)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::am::version::{Routes, Unversioned, negotiate};

    #[test]
    fn realms_have_parents_and_names() {
        let served = negotiate(["resource=1.0"], Routes::REALMS, Unversioned::Latest).unwrap();
        let listed = |path: &str, aliases: &[&str]| Listed {
            realm: Realm::parse(path).unwrap(),
            aliases: aliases.iter().map(|&alias| alias.to_owned()).collect(),
        };
        let reply = list(
            &[
                listed("/", &[]),
                listed("/alpha", &["customers"]),
                listed("/alpha/sub", &[]),
            ],
            served,
        );
        let mut body = String::from_utf8(reply.body).unwrap();
        while let Some((before, after)) = body.split_once("\"_rev\":\"") {
            let rest = after.split_once('"').unwrap().1;
            body = format!("{before}\"_rev\":R{rest}");
        }
        assert_eq!(
            body,
            concat!(
                r#"{"result":[{"_id":"Lw","_rev":R,"parentPath":null,"active":true,"name":"/","aliases":[]},"#,
                r#"{"_id":"L2FscGhh","_rev":R,"parentPath":"/","active":true,"name":"alpha","aliases":["customers"]},"#,
                r#"{"_id":"L2FscGhhL3N1Yg","_rev":R,"parentPath":"/alpha","active":true,"name":"sub","aliases":[]}],"#,
                r#""resultCount":3,"pagedResultsCookie":null,"totalPagedResultsPolicy":"NONE","totalPagedResults":-1,"remainingPagedResults":-1}"#
            )
        );
    }
}
