//! Cookies as values, and how they are spelled.

use std::{borrow::Cow, fmt::Write, time::Duration};

use wayfare::engine::output::{CookieSite, CookieUse, Remember, SetCookie};

/// How a cookie may travel across sites.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SameSite {
    /// Only within the site.
    Strict,
    /// Also when someone follows a link.
    Lax,
    /// Always; clients accept it on secure cookies only.
    None,
}

/// A cookie to set or to clear.
#[derive(Clone, PartialEq, Eq)]
pub struct Cookie {
    /// The name.
    pub name: Cow<'static, str>,
    /// The value.
    pub value: Cow<'static, str>,
    /// The domain; the host alone where absent.
    pub domain: Option<String>,
    /// Whether it travels over secure connections only.
    pub secure: bool,
    /// How it travels across sites.
    pub same_site: Option<SameSite>,
    /// Whether it is cleared.
    pub cleared: bool,
    /// How long the client keeps it; until the browser is closed where absent.
    pub max_age: Option<Duration>,
    /// The path; `/` where absent.
    pub path: Option<String>,
    /// Whether scripts of pages may not read it.
    pub http_only: bool,
}

impl std::fmt::Debug for Cookie {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cookie")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Cookie {
    fn used(name: &str, value: String, usage: CookieUse) -> Self {
        Self {
            name: name.to_owned().into(),
            value: value.into(),
            domain: None,
            secure: usage.secure,
            same_site: Some(match usage.site {
                CookieSite::Strict => SameSite::Strict,
                CookieSite::Lax => SameSite::Lax,
                CookieSite::None => SameSite::None,
            }),
            cleared: false,
            max_age: None,
            path: None,
            http_only: usage.http_only,
        }
    }

    /// A cookie that a journey sets.
    pub fn of_journey(cookie: &SetCookie) -> Self {
        Self {
            domain: cookie.domain.as_deref().map(str::to_owned),
            path: cookie.path.as_deref().map(str::to_owned),
            max_age: cookie.max_age,
            ..Self::used(&cookie.name, cookie.value.to_string(), cookie.usage)
        }
    }

    /// A persistent cookie with this value, which the client keeps for so long.
    pub fn remembered(cookie: &Remember, value: String, max_age: Duration) -> Self {
        Self {
            max_age: Some(max_age),
            ..Self::used(&cookie.name, value, cookie.usage)
        }
    }

    /// The value of its `Set-Cookie` header.
    pub fn header(&self) -> String {
        let mut text = format!("{}={}", self.name, self.value);
        if let Some(domain) = &self.domain {
            // Writing into a string cannot fail.
            let _ = write!(text, "; Domain={domain}");
        }
        let _ = write!(text, "; Path={}", self.path.as_deref().unwrap_or("/"));
        if let Some(age) = self.max_age.filter(|_| !self.cleared) {
            let _ = write!(text, "; Max-Age={}", age.as_secs());
        }
        if self.cleared {
            text.push_str("; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0");
        }
        if self.secure {
            text.push_str("; Secure");
        }
        if self.http_only {
            text.push_str("; HttpOnly");
        }
        text.push_str(match self.same_site {
            Some(SameSite::Strict) => "; SameSite=Strict",
            Some(SameSite::Lax) => "; SameSite=Lax",
            Some(SameSite::None) => "; SameSite=None",
            None => "",
        });
        text
    }
}

/// The name of the cookie that load balancers look for.
const BALANCER: &str = "amlbcookie";

/// What the name of a cookie begins with that belongs to one host, is secure, and has the path `/`.
const HOST_PREFIX: &str = "__Host-";

/// How the cookies of a server are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cookies {
    /// The name of the session cookie, which is also the name of the header that may carry the token.
    pub session: String,
    /// The domains; none for the host alone.
    pub domains: Vec<String>,
    /// Whether they travel over secure connections only.
    pub secure: bool,
    /// How they travel across sites.
    pub same_site: Option<SameSite>,
}

impl Default for Cookies {
    fn default() -> Self {
        Self {
            session: "iPlanetDirectoryPro".to_owned(),
            domains: Vec::new(),
            secure: false,
            same_site: Some(SameSite::Lax),
        }
    }
}

impl Cookies {
    /// The same, hardened: browsers accept the session cookie from this host over TLS alone, and no other
    /// host of the domain can set it.
    #[must_use]
    pub fn hardened(mut self) -> Self {
        if !self.session.starts_with(HOST_PREFIX) {
            self.session.insert_str(0, HOST_PREFIX);
        }
        self.secure = true;
        self.domains.clear();
        self
    }

    fn make(&self, name: &str, value: &str, cleared: bool) -> Vec<Cookie> {
        let cookie = |domain: Option<&String>| Cookie {
            name: name.to_owned().into(),
            value: value.to_owned().into(),
            domain: domain.cloned(),
            secure: self.secure,
            same_site: self.same_site,
            cleared,
            max_age: None,
            path: None,
            http_only: true,
        };
        if self.domains.is_empty() {
            vec![cookie(None)]
        } else {
            self.domains
                .iter()
                .map(|domain| cookie(Some(domain)))
                .collect()
        }
    }

    /// The cookies of a new session, one for each domain.
    pub fn login(&self, token: &str) -> Vec<Cookie> {
        self.make(&self.session, token, false)
    }

    /// The cookies that end a session at the client.
    pub fn logout(&self) -> Vec<Cookie> {
        self.make(&self.session, "", true)
    }

    /// The cookie that load balancers look for; every step has it.
    pub fn balancer(&self) -> Cookie {
        Cookie {
            name: BALANCER.into(),
            value: "01".into(),
            domain: None,
            secure: self.secure,
            same_site: self.same_site,
            cleared: false,
            max_age: None,
            path: None,
            http_only: true,
        }
    }

    /// Whether a name is that of a cookie of the server's own, which no journey sets.
    pub fn is_own(&self, name: &str) -> bool {
        name.eq_ignore_ascii_case(&self.session) || name.eq_ignore_ascii_case(BALANCER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn are_spelled_as_clients_expect() {
        let mut cookies = Cookies {
            same_site: None,
            ..Cookies::default()
        };
        let one = |c: &[Cookie]| c.iter().map(Cookie::header).collect::<Vec<_>>();
        assert_eq!(
            one(&cookies.login("t.*x*")),
            ["iPlanetDirectoryPro=t.*x*; Path=/; HttpOnly"]
        );
        assert_eq!(
            cookies.balancer().header(),
            "amlbcookie=01; Path=/; HttpOnly"
        );
        cookies.domains = vec!["example.com".into(), "example.org".into()];
        cookies.secure = true;
        cookies.same_site = Some(SameSite::None);
        assert_eq!(
            one(&cookies.logout()),
            [
                "iPlanetDirectoryPro=; Domain=example.com; Path=/; \
                 Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Secure; HttpOnly; SameSite=None",
                "iPlanetDirectoryPro=; Domain=example.org; Path=/; \
                 Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Secure; HttpOnly; SameSite=None",
            ]
        );
    }

    #[test]
    fn hardened_ones_are_of_one_host() {
        let cookies = Cookies {
            domains: vec!["example.com".into()],
            ..Cookies::default()
        };
        let hard = cookies.hardened();
        assert_eq!(hard.clone().hardened(), hard);
        assert_eq!(hard.session, "__Host-iPlanetDirectoryPro");
        let set: Vec<String> = hard.login("t").iter().map(Cookie::header).collect();
        assert_eq!(
            set,
            ["__Host-iPlanetDirectoryPro=t; Path=/; Secure; HttpOnly; SameSite=Lax"]
        );
    }

    #[test]
    fn logout_clears_exactly_what_login_set() {
        let mut cookies = Cookies {
            domains: vec!["example.com".into(), "example.org".into()],
            secure: true,
            same_site: Some(SameSite::None),
            ..Cookies::default()
        };
        for _ in 0..3 {
            let (set, cleared) = (cookies.login("t"), cookies.logout());
            assert_eq!(set.len(), cleared.len());
            for (set, cleared) in set.into_iter().zip(cleared) {
                let same = Cookie {
                    value: "".into(),
                    cleared: true,
                    ..set
                };
                assert_eq!(same, cleared);
            }
            cookies.domains.pop();
        }
    }

    #[test]
    fn debug_does_not_show_the_token() {
        let cookie = Cookies::default().login("secret-token");
        assert!(!format!("{cookie:?}").contains("secret-token"));
    }
}
