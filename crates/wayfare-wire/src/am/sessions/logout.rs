//! Ending sessions: one's own, by handle, by user.

use super::info::done;
use crate::{
    am::{cookie::Cookies, reply::Reply, version::Served},
    json::Writer,
};

/// What every handle begins with on the wire.
pub(super) const PREFIX: &str = "shandle:";

/// What became of a logout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Logout {
    /// The session is over.
    Done,
    /// There was none with this token.
    Unknown,
}

/// A logout on its way to be told.
#[derive(Debug, Clone, Copy)]
pub struct LoggedOut<'a> {
    /// What became of it.
    pub logout: Logout,
    /// Where the client may go now: what it asked for, where that is allowed.
    pub goto: Option<&'a str>,
    /// What the journey that made the session has added.
    pub details: &'a [(String, String)],
    /// The cookies to clear; `None` where another session than that of the client ended.
    pub cookies: Option<&'a Cookies>,
    /// Whether the client is told to forget what it keeps of this host.
    pub clear_site_data: bool,
}

/// The reply to a logout.
pub fn logged_out(out: &LoggedOut<'_>, served: Served) -> Reply {
    let mut body = Writer::with_capacity(48);
    body.open_object().key("result").text(match out.logout {
        Logout::Done => "Successfully logged out",
        Logout::Unknown => "Token has expired",
    });
    if let Some(goto) = out.goto {
        body.key("goto").text(goto);
    }
    for (name, value) in out.details {
        // The reply's own is not said twice.
        if name != "result" && (name != "goto" || out.goto.is_none()) {
            body.key(name).text(value);
        }
    }
    body.close_object();
    let mut reply = done(body, served);
    if let Some(cookies) = out.cookies {
        reply = reply.with_cookies(cookies.logout());
        if out.clear_site_data {
            reply = reply.header("clear-site-data", "\"cookies\", \"storage\"");
        }
    }
    reply
}

/// The handle that is spelled so; `None` where it cannot be one.
pub fn handle_of(text: &str) -> Option<&str> {
    text.strip_prefix(PREFIX)
        .filter(|handle| !handle.is_empty())
}

/// The reply to `logoutByHandle`: each handle as it was sent, and whether its session ended now.
pub fn logged_out_by_handle<'a>(
    ended: impl IntoIterator<Item = (&'a str, bool)>,
    served: Served,
) -> Reply {
    let mut body = Writer::with_capacity(128);
    body.open_object().key("result").open_object();
    for (handle, ended) in ended {
        body.key(handle).bool(ended);
    }
    body.close_object().close_object();
    done(body, served)
}

/// The reply to `logoutByUser`.
pub fn logged_out_by_user(served: Served) -> Reply {
    let mut body = Writer::with_capacity(24);
    body.open_object().key("result").bool(true);
    body.close_object();
    done(body, served)
}

#[cfg(test)]
mod tests {
    use super::{
        super::info::tests::{body, served},
        *,
    };

    fn out(logout: Logout, cookies: Option<&Cookies>) -> LoggedOut<'_> {
        LoggedOut {
            details: &[],
            logout,
            goto: None,
            cookies,
            clear_site_data: true,
        }
    }

    fn cleared(reply: &Reply) -> Option<&str> {
        let named = |(name, _): &&(std::borrow::Cow<'_, str>, _)| name == "clear-site-data";
        reply.headers.iter().find(named).map(|(_, value)| &**value)
    }

    #[test]
    fn v34_words_of_a_logout() {
        let cookies = Cookies::default();
        let reply = logged_out(&out(Logout::Done, Some(&cookies)), served("5.1"));
        assert_eq!(body(&reply), r#"{"result":"Successfully logged out"}"#);
        assert_eq!(reply.cookies, cookies.logout());
        assert_eq!(cleared(&reply), Some(r#""cookies", "storage""#));
        let again = logged_out(&out(Logout::Unknown, Some(&cookies)), served("5.1"));
        assert_eq!(body(&again), r#"{"result":"Token has expired"}"#);
    }

    #[test]
    fn who_ends_the_session_of_another_keeps_everything() {
        let reply = logged_out(&out(Logout::Done, None), served("5.1"));
        assert!(reply.cookies.is_empty());
        assert_eq!(cleared(&reply), None);
    }

    #[test]
    fn the_switch_and_the_address() {
        let cookies = Cookies::default();
        let mut out = out(Logout::Done, Some(&cookies));
        out.clear_site_data = false;
        out.goto = Some("/bye");
        let reply = logged_out(&out, served("5.1"));
        assert_eq!(cleared(&reply), None);
        assert_eq!(
            body(&reply),
            r#"{"result":"Successfully logged out","goto":"/bye"}"#
        );
    }

    #[test]
    fn handles_are_spelled_one_way() {
        assert_eq!(handle_of("shandle:a-1"), Some("a-1"));
        for other in ["", "a-1", "shandle:", "SHANDLE:a-1", " shandle:a-1"] {
            assert_eq!(handle_of(other), None, "{other}");
        }
        let reply = logged_out_by_handle([("shandle:a", true), ("x\"y", false)], served("5.1"));
        assert_eq!(
            body(&reply),
            r#"{"result":{"shandle:a":true,"x\"y":false}}"#
        );
        assert_eq!(
            body(&logged_out_by_user(served("5.1"))),
            r#"{"result":true}"#
        );
    }
}
