//! Looking for the sessions of a user: one filter, read strictly.

use wayfare::Realm;

use super::{
    info::{Info, handle, until, who},
    name::instant,
};
use crate::{
    am::{
        cookie::Cookies,
        error::Refusal,
        reply::{Reply, ResourceReply},
        request::Parts,
        version::Served,
    },
    json::Writer,
    query::Query,
};

/// How many sessions one reply holds at most.
const PAGE_MAX: usize = 1_000;
/// The longest filter that is looked at.
const FILTER_BYTES_MAX: usize = 2_000;

/// Which sessions are looked for.
#[derive(Clone, PartialEq, Eq)]
pub struct Search {
    /// The name of the user.
    pub username: String,
    /// The realm of the sessions.
    pub realm: Realm,
    /// How many are left out at the beginning.
    pub offset: usize,
    /// How many are told at most.
    pub size: usize,
    /// The token of whoever asks.
    pub caller: Option<String>,
}

impl std::fmt::Debug for Search {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Search")
            .field("username", &self.username)
            .field("realm", &self.realm)
            .finish_non_exhaustive()
    }
}

impl Search {
    /// Reads a request: `username eq "…" and realm eq "…"`, in either order.
    ///
    /// # Errors
    /// The filter is another one, or a number is none.
    pub fn read(parts: &Parts<'_>, query: &Query, cookies: &Cookies) -> Result<Self, Refusal> {
        let filter = query.one("_queryFilter")?.ok_or(Refusal::QueryFilter)?;
        let (username, realm) = filtered(filter).ok_or(Refusal::QueryFilter)?;
        let realm = Realm::parse(&realm).ok_or(Refusal::QueryFilter)?;
        let number = |name: &'static str| -> Result<Option<usize>, Refusal> {
            let Some(text) = query.one(name)?.filter(|text| !text.is_empty()) else {
                return Ok(None);
            };
            let digits = text.bytes().all(|b| b.is_ascii_digit());
            digits
                .then(|| text.parse().ok())
                .flatten()
                .map(Some)
                .ok_or(Refusal::BadMember(name))
        };
        // 0 is how the framework of the product says that there are no pages.
        let size = number("_pageSize")?.filter(|size| *size > 0);
        Ok(Self {
            username,
            realm,
            offset: number("_pagedResultsOffset")?.unwrap_or(0),
            size: size.unwrap_or(PAGE_MAX).min(PAGE_MAX),
            caller: parts.session_token(&cookies.session),
        })
    }
}

/// The user and the realm of a filter.
fn filtered(filter: &str) -> Option<(String, String)> {
    if filter.len() > FILTER_BYTES_MAX {
        return None;
    }
    let (first, rest) = comparison(filter)?;
    let rest = rest.strip_prefix(' ')?.trim_start_matches(' ');
    let rest = rest.strip_prefix("and ")?;
    let (second, rest) = comparison(rest)?;
    if !rest.trim_matches(' ').is_empty() {
        return None;
    }
    match (first, second) {
        ((Field::Username, username), (Field::Realm, realm))
        | ((Field::Realm, realm), (Field::Username, username)) => Some((username, realm)),
        _ => None,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Username,
    Realm,
}

/// `field eq "text"`, and what stands after it.
fn comparison(text: &str) -> Option<((Field, String), &str)> {
    let text = text.trim_start_matches(' ');
    let (field, rest) = text.split_once(' ')?;
    let field = match field.strip_prefix('/').unwrap_or(field) {
        "username" => Field::Username,
        "realm" => Field::Realm,
        _ => return None,
    };
    let rest = rest.trim_start_matches(' ').strip_prefix("eq ")?;
    let rest = rest.trim_start_matches(' ').strip_prefix('"')?;
    let mut value = String::new();
    let mut chars = rest.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => return (!value.is_empty()).then_some(((field, value), chars.as_str())),
            '\\' => match chars.next()? {
                c @ ('"' | '\\' | '/') => value.push(c),
                _ => return None,
            },
            c if c.is_control() => return None,
            c => value.push(c),
        }
    }
    None
}

/// The reply: the sessions in the order given.
pub fn found(sessions: &[Info], served: Served) -> Reply {
    let mut body = Writer::with_capacity(256 + sessions.len() * 320);
    body.open_object();
    body.key("result").open_array();
    for session in sessions {
        body.open_object();
        who(&mut body, session);
        body.key("sessionHandle").text(&handle(session));
        body.key("latestAccessTime")
            .text(&instant(session.accessed));
        until(&mut body, session);
        body.close_object();
    }
    body.close_array();
    close_list(&mut body, sessions.len());
    Reply::new(200)
        .resource(body, ResourceReply::Read)
        .served(served)
}

/// What follows the results of a list.
pub(in crate::am) fn close_list(body: &mut Writer, count: usize) {
    body.key("resultCount")
        .int(i64::try_from(count).unwrap_or(i64::MAX));
    body.key("pagedResultsCookie").null();
    body.key("totalPagedResultsPolicy").text("NONE");
    body.key("totalPagedResults").int(-1);
    body.key("remainingPagedResults").int(-1);
    body.close_object();
}

#[cfg(test)]
mod tests {
    use super::{
        super::info::tests::{body, info, served},
        *,
    };

    fn search(query: &str) -> Result<Search, Refusal> {
        let parts = Parts {
            method: "GET",
            path: "/json/sessions",
            query,
            headers: &[],
            body: b"",
            client: None,
        };
        Search::read(&parts, &Query::parse(query).unwrap(), &Cookies::default())
    }

    fn filter(text: &str) -> Result<(String, String), Refusal> {
        let query = format!(
            "_queryFilter={}",
            text.replace(' ', "+").replace('"', "%22")
        );
        search(&query).map(|found| (found.username, found.realm.to_string()))
    }

    #[test]
    fn both_orders_are_read() {
        let expected = Ok(("demo".to_owned(), "/alpha".to_owned()));
        for text in [
            r#"username eq "demo" and realm eq "/alpha""#,
            r#"realm eq "/alpha" and username eq "demo""#,
            r#"/username eq "demo" and /realm eq "/alpha""#,
            r#"  username  eq  "demo"  and  realm  eq  "\/alpha"  "#,
        ] {
            assert_eq!(filter(text), expected, "{text}");
        }
        assert_eq!(
            filter(r#"username eq "a \"b\" and realm eq" and realm eq "/""#),
            Ok(("a \"b\" and realm eq".to_owned(), "/".to_owned()))
        );
    }

    #[test]
    fn every_other_filter_is_refused() {
        for text in [
            "",
            "true",
            "demo",
            r#"username eq "demo""#,
            r#"realm eq "/alpha""#,
            r#"username eq "demo" and username eq "x""#,
            r#"username eq "demo" or realm eq "/alpha""#,
            r#"username co "demo" and realm eq "/alpha""#,
            r#"username eq "demo" and realm eq "/alpha" and true"#,
            r#"username eq "demo"and realm eq "/alpha""#,
            r#"username eq demo and realm eq "/alpha""#,
            r#"username eq "" and realm eq "/alpha""#,
            r#"username eq "demo" and realm eq "alpha""#,
            r#"username eq "demo" and realm eq "/../x""#,
            r#"username eq "demo and realm eq "/alpha""#,
            r#"username eq "de\nmo" and realm eq "/alpha""#,
            r#"sessionHandle eq "shandle:x" and realm eq "/alpha""#,
            &format!(r#"username eq "{}" and realm eq "/""#, "x".repeat(2_000)),
        ] {
            assert_eq!(filter(text), Err(Refusal::QueryFilter), "{text}");
        }
        assert_eq!(search(""), Err(Refusal::QueryFilter));
    }

    #[test]
    fn pages_are_numbers() {
        let base = "_queryFilter=username+eq+%22demo%22+and+realm+eq+%22%2F%22";
        let page = |more: &str| search(&format!("{base}{more}")).map(|s| (s.offset, s.size));
        assert_eq!(page(""), Ok((0, PAGE_MAX)));
        assert_eq!(
            page("&_pageSize=2&_pagedResultsOffset=4&_prettyPrint=true"),
            Ok((4, 2))
        );
        assert_eq!(page("&_pageSize=0&_pagedResultsCookie="), Ok((0, PAGE_MAX)));
        assert_eq!(page("&_pageSize=1000000"), Ok((0, PAGE_MAX)));
        for (more, name) in [
            ("&_pageSize=-1", "_pageSize"),
            ("&_pageSize=x", "_pageSize"),
            ("&_pagedResultsOffset=1e3", "_pagedResultsOffset"),
        ] {
            assert_eq!(page(more), Err(Refusal::BadMember(name)), "{more}");
        }
    }

    #[test]
    fn sessions_are_told_in_the_order_of_the_product() {
        let reply = found(&[info()], served("3.1"));
        assert_eq!(
            body(&reply),
            r#"{"result":[{"username":"demo","universalId":"id=demo,ou=user,o=alpha,ou=services,ou=am-config","realm":"/alpha","sessionHandle":"shandle:ctx-1","latestAccessTime":"2025-07-31T15:05:45.999Z","maxIdleExpirationTime":"2025-07-31T15:35:45Z","maxSessionExpirationTime":"2025-07-31T17:05:45Z"}],"resultCount":1,"pagedResultsCookie":null,"totalPagedResultsPolicy":"NONE","totalPagedResults":-1,"remainingPagedResults":-1}"#
        );
        assert!(body(&found(&[], served("5.1"))).starts_with(r#"{"result":[],"resultCount":0,"#));
    }
}
