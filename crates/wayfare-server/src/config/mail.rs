//! The table `mail` of a realm: sender, mail server, templates.

use std::{collections::BTreeMap, net::IpAddr, ops::Range, path::Path, time::Duration};

use lettre::message::Mailbox;
use toml::de::DeValue;
use wayfare::LocalizedText;

use super::{MailSecurity, MailServer, MailSettings, MailTemplate, table::Table};

/// How long one message may take where nothing is said.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The longest template, in bytes.
const TEMPLATE_BYTES_MAX: usize = 256 * 1024;

pub(super) fn read_mail(mail: Table<'_>, folder: &Path, settings: &mut MailSettings) {
    if let Some(from) = mail.text("from") {
        settings.from = Some(from);
    }
    let gateway = mail.parsed("sms_gateway", "the host name of a gateway", |host| {
        let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.');
        (!host.is_empty() && host.bytes().all(fits)).then(|| host.to_owned())
    });
    settings.sms_gateway = gateway.or(settings.sms_gateway.take());
    read_server(&mail, folder, settings);
    if let Some(templates) = mail.table("templates") {
        for (name, _) in templates.every() {
            let name = name.get_ref();
            if let Some(table) = templates.table(name)
                && let Some(template) = read_template(table)
            {
                settings.templates.insert(name.to_string(), template);
            }
        }
    }
    mail.close();
}

/// What is written changes what was taken over, one by one; without a host there is no server.
fn read_server(mail: &Table<'_>, folder: &Path, settings: &mut MailSettings) {
    let host = mail.parsed("host", "the name or address of a mail server", |host| {
        let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b':');
        (!host.is_empty() && host.bytes().all(fits)).then(|| host.to_owned())
    });
    if let Some(host) = host {
        settings.server = Some(MailServer {
            host,
            port: 0,
            security: MailSecurity::StartTls,
            account: None,
            ca: None,
            timeout: TIMEOUT,
        });
    }
    let security = mail.parsed("security", "\"tls\", \"starttls\" or \"none\"", |text| {
        Some(match text {
            "tls" => MailSecurity::Tls,
            "starttls" => MailSecurity::StartTls,
            "none" => MailSecurity::None,
            _ => return None,
        })
    });
    let mut port = 0_u16;
    mail.number("port", 1, &mut port);
    let username = mail.text("username");
    let password = mail.secret("password", folder);
    let ca = mail.text("ca");
    let timeout = mail.duration("timeout");
    let Some(server) = &mut settings.server else {
        for key in ["security", "port", "username", "password", "ca", "timeout"] {
            if mail.has(key) {
                mail.missing("host", "the other settings are about a mail server");
                return;
            }
        }
        return;
    };
    server.security = security.unwrap_or(server.security);
    server.timeout = timeout.unwrap_or(server.timeout);
    server.ca = ca.map(|ca| folder.join(ca)).or(server.ca.take());
    if port > 0 {
        server.port = port;
    }
    if server.port == 0 {
        server.port = match server.security {
            MailSecurity::Tls => 465,
            MailSecurity::StartTls => 587,
            MailSecurity::None => 25,
        };
    }
    match (username, password) {
        (Some(username), Some(password)) => server.account = Some((username, password)),
        (Some(_), None) if !mail.has("password") => {
            mail.missing("password", "it belongs to `username`");
        }
        (None, Some(_)) => mail.missing("username", "it belongs to `password`"),
        _ => {}
    }
    if server.security == MailSecurity::None && !is_loopback(&server.host) {
        mail.missing(
            "security",
            "\"none\" is for a mail server on the same machine, everybody else can read along",
        );
    }
    let from = settings.from.as_deref();
    if from.is_none_or(|from| from.parse::<Mailbox>().is_err()) {
        mail.missing(
            "from",
            "a mail server takes no mail without the address of its sender",
        );
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|at| at.is_loopback())
}

fn read_template(table: Table<'_>) -> Option<MailTemplate> {
    let from = table.parsed("from", "an address", |text| {
        text.parse::<Mailbox>().is_ok().then(|| text.to_owned())
    });
    let mut html = false;
    table.flag("html", &mut html);
    let subject = localized(&table, "subject");
    let message = localized(&table, "message");
    for (key, text) in [("subject", &subject), ("message", &message)] {
        if text.is_none() && !table.has(key) {
            table.missing(key, "a text, or a table of texts by locale");
        }
    }
    table.close();
    Some(MailTemplate {
        from,
        html,
        subject: subject?,
        message: message?,
    })
}

/// A text, or texts by locale.
fn localized(table: &Table<'_>, key: &str) -> Option<LocalizedText> {
    let (span, value) = table.find(key)?;
    let wrong = |span: &Range<usize>| {
        table.wrong(span, key, "must be a text, or a table of texts by locale");
        None
    };
    let fits = |text: &str| !text.is_empty() && text.len() <= TEMPLATE_BYTES_MAX;
    match value {
        DeValue::String(text) if fits(text) => Some(LocalizedText::plain(&**text)),
        DeValue::Table(texts) if !texts.is_empty() => {
            let mut by_locale = BTreeMap::new();
            for (locale, text) in texts {
                match text.get_ref().as_str() {
                    Some(text) if fits(text) => {
                        by_locale.insert(locale.get_ref().to_string(), text.to_owned());
                    }
                    _ => return wrong(&text.span()),
                }
            }
            // English, where there is some, is for whoever reads none of the languages.
            let mut texts: Vec<(String, String)> = by_locale.into_iter().collect();
            texts.sort_by_key(|(locale, _)| locale != "en");
            Some(LocalizedText::by_locale(texts))
        }
        _ => wrong(&span),
    }
}
