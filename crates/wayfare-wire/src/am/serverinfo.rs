//! `serverinfo`: what clients ask before anyone logs in.

use wayfare::Realm;

use crate::{
    am::{
        cookie::Cookies,
        error::Refusal,
        reply::{Reply, ResourceReply},
        revision::with_revision,
        version::Served,
    },
    json::Writer,
};

/// The product version that clients are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductVersion {
    /// Three numbers: `8.0.1`.
    pub version: String,
    /// The version in words.
    pub full: String,
    /// The revision it was built from.
    pub revision: String,
    /// When it was built.
    pub date: String,
}

/// The reply to `serverinfo/*`, `serverinfo/cookieDomains`, and `serverinfo/version`, which needs a
/// session; `version` is `None` where there is none. `zero_page` is whether the realm takes logins by headers.
///
/// # Errors
/// The id is not known, or there is no session.
pub fn info(
    id: &str,
    realm: &Realm,
    cookies: &Cookies,
    zero_page: bool,
    version: Option<&ProductVersion>,
    served: Served,
) -> Result<Reply, Refusal> {
    let (revision, body) = match id {
        "*" => with_revision(|out, revision| all(out, realm, cookies, zero_page, revision)),
        "cookieDomains" => with_revision(|out, _| {
            out.open_object().key("domains").texts(&cookies.domains);
            out.close_object();
        }),
        "version" => {
            let version = version.ok_or(Refusal::AccessDenied)?;
            with_revision(|out, revision| {
                out.open_object();
                out.key("_id").text("version");
                out.key("_rev").text(revision);
                out.key("version").text(&version.version);
                out.key("fullVersion").text(&version.full);
                out.key("revision").text(&version.revision);
                out.key("date").text(&version.date);
                out.close_object();
            })
        }
        other => return Err(Refusal::UnknownResource(other.to_owned())),
    };
    Ok(Reply::new(200)
        .resource(body, ResourceReply::Read)
        .header("etag", format!("\"{revision}\""))
        .served(served))
}

fn all(out: &mut Writer, realm: &Realm, cookies: &Cookies, zero_page: bool, revision: &str) {
    let none: [&str; 0] = [];
    out.open_object();
    out.key("_id").text("*");
    out.key("_rev").text(revision);
    out.key("domains").texts(&cookies.domains);
    out.key("protectedUserAttributes")
        .texts(["telephoneNumber", "mail"]);
    out.key("cookieName").text(&cookies.session);
    out.key("secureCookie").bool(cookies.secure);
    // Booleans as strings, here and nowhere else: clients compare them so.
    for key in [
        "forgotPassword",
        "forgotUsername",
        "kbaEnabled",
        "selfRegistration",
    ] {
        out.key(key).text("false");
    }
    out.key("lang").text("en-US");
    out.key("successfulUserRegistrationDestination")
        .text("default");
    out.key("socialImplementations").texts(none);
    out.key("referralsEnabled").text("false");
    out.key("zeroPageLogin").open_object();
    out.key("enabled").bool(zero_page);
    out.key("refererWhitelist").texts(none);
    out.key("allowedWithoutReferer").bool(true);
    out.close_object();
    out.key("realm").text(realm.as_str());
    out.key("xuiUserSessionValidationEnabled").bool(true);
    out.key("fileBasedConfiguration").bool(false);
    out.key("userIdAttributes").texts(none);
    out.key("nodeDesignerXuiEnabled").bool(true);
    out.close_object();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::am::version::{Routes, Unversioned, negotiate};

    fn ask(id: &str, version: Option<&ProductVersion>) -> Result<Reply, Refusal> {
        let served = negotiate(["resource=1.1"], Routes::SERVERINFO, Unversioned::Latest).unwrap();
        info(
            id,
            &Realm::root(),
            &Cookies::default(),
            false,
            version,
            served,
        )
    }

    #[test]
    fn everything_in_the_recorded_order() {
        let reply = ask("*", None).unwrap();
        let body = String::from_utf8(reply.body).unwrap();
        let revision = body
            .split("\"_rev\":\"")
            .nth(1)
            .unwrap()
            .split('"')
            .next()
            .unwrap();
        assert!(
            reply
                .headers
                .contains(&("etag".into(), format!("\"{revision}\"").into()))
        );
        assert_eq!(
            body.replace(revision, "R"),
            r#"{"_id":"*","_rev":"R","domains":[],"protectedUserAttributes":["telephoneNumber","mail"],"cookieName":"iPlanetDirectoryPro","secureCookie":false,"forgotPassword":"false","forgotUsername":"false","kbaEnabled":"false","selfRegistration":"false","lang":"en-US","successfulUserRegistrationDestination":"default","socialImplementations":[],"referralsEnabled":"false","zeroPageLogin":{"enabled":false,"refererWhitelist":[],"allowedWithoutReferer":true},"realm":"/","xuiUserSessionValidationEnabled":true,"fileBasedConfiguration":false,"userIdAttributes":[],"nodeDesignerXuiEnabled":true}"#
        );
    }

    #[test]
    fn logins_by_headers_are_told_in_the_same_place() {
        let bodies = [false, true].map(|zero_page| {
            let served =
                negotiate(["resource=1.1"], Routes::SERVERINFO, Unversioned::Latest).unwrap();
            let realm = Realm::root();
            let reply = info("*", &realm, &Cookies::default(), zero_page, None, served).unwrap();
            let body = String::from_utf8(reply.body).unwrap();
            let (_, rest) = body.split_once(r#","domains""#).unwrap();
            rest.to_owned()
        });
        let [off, on] = bodies;
        let enabled = r#""zeroPageLogin":{"enabled":true,"#;
        assert_eq!(off.replace(&enabled.replace("true", "false"), enabled), on);
        assert!(on.contains(enabled), "{on}");
    }

    #[test]
    fn other_ids() {
        assert_eq!(
            ask("cookieDomains", None).unwrap().body,
            br#"{"domains":[]}"#
        );
        assert_eq!(ask("version", None), Err(Refusal::AccessDenied));
        let version = ProductVersion {
            version: "8.0.1".into(),
            full: "wayfare 0.1.0".into(),
            revision: "r".into(),
            date: "2026-01-01".into(),
        };
        let reply = ask("version", Some(&version)).unwrap();
        let body = String::from_utf8(reply.body).unwrap();
        assert!(body.starts_with(r#"{"_id":"version","_rev":""#));
        assert!(body.ends_with(
            r#""version":"8.0.1","fullVersion":"wayfare 0.1.0","revision":"r","date":"2026-01-01"}"#
        ));
        let unknown = ask("x", None).unwrap_err();
        assert_eq!(
            (unknown.status(), &*unknown.message()),
            (501, "ResourceId not supported: x")
        );
    }
}
