//! The page of sent messages: what a newcomer reads in place of a mailbox, in the demo alone.
//!
//! In: the messages of the outbox as they were written. Out: a page in which every message is text, and
//! only links to this very server can be followed. Who may see it is the router's.

use super::escape;

/// What of a message is shown above its text, in this order.
const SHOWN: [&str; 4] = ["From", "To", "Subject", "Date"];

/// How many links of a message can be followed.
const LINKS_MAX: usize = 8;

/// The page of these messages, the newest first.
pub fn outbox(messages: &[String], origin: &str) -> String {
    let mut page = String::from(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Outbox</title>\n<link rel=\"stylesheet\" href=\"/page/style.css\">\n\
         <link rel=\"icon\" href=\"/page/icon.svg\">\n</head>\n<body>\n<main class=\"outbox\">\n\
         <h1>Outbox</h1>\n\
         <p>Messages of this demo, the newest first. None of them left this machine.</p>\n",
    );
    if messages.is_empty() {
        page.push_str("<p>There are none yet.</p>\n");
    }
    for message in messages {
        article(message, origin, &mut page);
    }
    page.push_str("</main>\n</body>\n</html>\n");
    page
}

fn article(message: &str, origin: &str, page: &mut String) {
    let (head, body) = message.split_once("\r\n\r\n").unwrap_or(("", message));
    let header = |name: &str| {
        head.lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    };
    page.push_str("<article>\n<dl>\n");
    for name in SHOWN {
        if let Some(value) = header(name) {
            page.push_str("<dt>");
            page.push_str(name);
            page.push_str("</dt><dd>");
            page.push_str(&escape(value));
            page.push_str("</dd>\n");
        }
    }
    page.push_str("</dl>\n<pre>");
    page.push_str(&escape(body.trim_end()));
    page.push_str("</pre>\n");
    let html = header("Content-Type").is_some_and(|kind| kind.starts_with("text/html"));
    for link in links(body, origin, html) {
        page.push_str("<p><a rel=\"noreferrer\" href=\"");
        page.push_str(&escape(&link));
        page.push_str("\">Follow the link</a></p>\n");
    }
    page.push_str("</article>\n");
}

/// The links of a text that lead to the login page of this server.
fn links(body: &str, origin: &str, html: bool) -> Vec<String> {
    let start = format!("{}/?", origin.trim_end_matches('/'));
    let ends = |c: char| c.is_whitespace() || c.is_control() || "\"'<>".contains(c);
    let mut found: Vec<String> = Vec::new();
    // BOUND: no more than the limit, and each takes its part of the text.
    for (at, _) in body.match_indices(&start).take(LINKS_MAX) {
        let link = body.get(at..).and_then(|rest| rest.split(ends).next());
        let link = link.map(|link| {
            if html {
                link.replace("&amp;", "&")
            } else {
                link.to_owned()
            }
        });
        found.extend(link.filter(|link| !found.contains(link)));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGIN: &str = "http://127.0.0.1:8080";

    fn mail(kind: &str, subject: &str, body: &str) -> String {
        format!(
            "From: a@b\r\nTo: c@d\r\nSubject: {subject}\r\nContent-Type: text/{kind}; charset=utf-8\r\n\r\n\
             {body}\r\n"
        )
    }

    #[test]
    fn nothing_of_a_message_is_markup() {
        let evil = "</pre><script>alert(1)</script><a href=\"javascript:x\">";
        let page = outbox(&[mail("html", "<img src=x>", evil)], ORIGIN);
        assert!(
            !page.contains("<script") && !page.contains("<img"),
            "{page}"
        );
        assert!(page.contains("&lt;/pre&gt;&lt;script&gt;"), "{page}");
        assert!(!page.contains("<a "), "{page}");
    }

    #[test]
    fn links_to_this_server_can_be_followed_and_no_others() {
        let body = "Go http://127.0.0.1:8080/?suspendedId=x&realm=%2Falpha now,\n\
                    or http://127.0.0.1:8080.evil.example/?suspendedId=x, https://evil.example/?x";
        let page = outbox(&[mail("plain", "s", body)], ORIGIN);
        let href = "href=\"http://127.0.0.1:8080/?suspendedId=x&amp;realm=%2Falpha\"";
        assert!(page.contains(href), "{page}");
        assert_eq!(page.matches("<a ").count(), 1, "{page}");
        let html = "<a href=\"http://127.0.0.1:8080/?a=1&amp;b=2\">";
        let page = outbox(&[mail("html", "s", html)], ORIGIN);
        let href = "<a rel=\"noreferrer\" href=\"http://127.0.0.1:8080/?a=1&amp;b=2\">";
        assert!(page.contains(href), "{page}");
    }

    #[test]
    fn an_empty_outbox_says_so() {
        assert!(outbox(&[], ORIGIN).contains("There are none yet"));
        // A file that is no message is shown as it is.
        assert!(outbox(&["x".to_owned()], ORIGIN).contains("<pre>x</pre>"));
    }
}
