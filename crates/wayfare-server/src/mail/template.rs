//! Templates: what a mail says, in the language of its reader.
//!
//! `{{object.NAME}}` is an attribute of the profile, `{{object.resumeURI}}` the link. Attributes that were
//! typed and belong to nobody yet are put in only where they look like a name: else anybody could have any
//! text sent to anybody.

use wayfare::{
    LocalizedText, Secret, Value,
    engine::effect::{Identity, Template},
};

use super::Letter;
use crate::config::{MailSettings, MailTemplate};

/// The longest text that an attribute may put in.
const TEXT_CHARS_MAX: usize = 256;

/// The longest that was typed.
const TYPED_CHARS_MAX: usize = 64;

/// A locale, a subject line and a text.
type Entry = (&'static str, &'static str, &'static str);

/// Templates that are there without being written: name, subject, text, by locale.
const BUILT_IN: &[(&str, [Entry; 2])] = &[
    (
        "registration",
        [
            (
                "en",
                "Confirm your address",
                "Follow this link to go on with your registration:\n\n{{object.resumeURI}}\n",
            ),
            (
                "de",
                "Bestätigen Sie Ihre Adresse",
                "Folgen Sie diesem Link, um Ihre Registrierung fortzusetzen:\n\n{{object.resumeURI}}\n",
            ),
        ],
    ),
    (
        "resetPassword",
        [
            (
                "en",
                "Choose a new password",
                "Follow this link to choose a new password:\n\n{{object.resumeURI}}\n\nIf you did not ask \
                 for it, do nothing.\n",
            ),
            (
                "de",
                "Wählen Sie ein neues Passwort",
                "Folgen Sie diesem Link, um ein neues Passwort zu wählen:\n\n{{object.resumeURI}}\n\nWenn \
                 Sie das nicht wollten, tun Sie nichts.\n",
            ),
        ],
    ),
    (
        "verifyEmail",
        [
            (
                "en",
                "Confirm your address",
                "Follow this link to confirm your address:\n\n{{object.resumeURI}}\n\nIf you did not ask \
                 for it, do nothing.\n",
            ),
            (
                "de",
                "Bestätigen Sie Ihre Adresse",
                "Folgen Sie diesem Link, um Ihre Adresse zu bestätigen:\n\n{{object.resumeURI}}\n\nWenn Sie \
                 das nicht wollten, tun Sie nichts.\n",
            ),
        ],
    ),
    (
        "forgottenUsername",
        [
            (
                "en",
                "Your username",
                "Your username is {{object.userName}}.\n\n{{object.resumeURI}}\n",
            ),
            (
                "de",
                "Ihr Benutzername",
                "Ihr Benutzername ist {{object.userName}}.\n\n{{object.resumeURI}}\n",
            ),
        ],
    ),
    (
        "updatePassword",
        [
            (
                "en",
                "Go on with your new password",
                "Follow this link to go on:\n\n{{object.resumeURI}}\n",
            ),
            (
                "de",
                "Weiter zu Ihrem neuen Passwort",
                "Folgen Sie diesem Link:\n\n{{object.resumeURI}}\n",
            ),
        ],
    ),
    (
        "welcome",
        [
            (
                "en",
                "Welcome",
                "Welcome, {{object.userName}}. Your account is ready.\n",
            ),
            (
                "de",
                "Willkommen",
                "Willkommen, {{object.userName}}. Ihr Konto ist bereit.\n",
            ),
        ],
    ),
];

/// What a template of this name says.
fn known(name: &str, settings: &MailSettings) -> Option<MailTemplate> {
    settings.templates.get(name).cloned().or_else(|| {
        let (_, texts) = BUILT_IN.iter().find(|(known, _)| *known == name)?;
        let by = |text: fn(&Entry) -> &'static str| {
            LocalizedText::by_locale(texts.iter().map(|entry| (entry.0, text(entry))))
        };
        Some(MailTemplate {
            from: None,
            html: false,
            subject: by(|entry| entry.1),
            message: by(|entry| entry.2),
        })
    })
}

/// Fills a template into a letter.
pub(super) fn fill(
    letter: &mut Letter,
    template: &Template,
    user: Option<&Identity>,
    settings: &MailSettings,
) -> Result<(), String> {
    let text = known(&template.name, settings).ok_or_else(|| {
        format!(
            "the realm has no mail template `{}`",
            template.name.escape_debug()
        )
    })?;
    let locales = || template.locales.iter().map(String::as_str);
    let values = Values { template, user };
    letter.subject = values.fill(text.subject.best(locales()), Place::Subject);
    let place = if text.html { Place::Html } else { Place::Text };
    letter.body = Secret::new(values.fill(text.message.best(locales()), place));
    letter.html = text.html;
    if let Some(from) = text.from {
        letter.from = from;
    }
    Ok(())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Subject,
    Text,
    Html,
}

struct Values<'a> {
    template: &'a Template,
    user: Option<&'a Identity>,
}

impl Values<'_> {
    fn fill(&self, text: &str, place: Place) -> String {
        let mut filled = String::with_capacity(text.len() + 256);
        let mut rest = text;
        // BOUND: each turn takes at least the two braces.
        while let Some((before, after)) = rest.split_once("{{") {
            filled.push_str(before);
            let Some((name, after)) = after.split_once("}}") else {
                filled.push_str("{{");
                rest = after;
                continue;
            };
            let value = self.value(name.trim(), place);
            match place {
                Place::Html => escape(&value, &mut filled),
                Place::Subject | Place::Text => filled.push_str(&value),
            }
            rest = after;
        }
        filled.push_str(rest);
        if place == Place::Subject {
            filled.retain(|c| !c.is_control());
        }
        filled
    }

    fn value(&self, name: &str, place: Place) -> String {
        let name = name.strip_prefix("object.").unwrap_or(name);
        if name == "resumeURI" {
            // A subject line is shown where nobody looks for a secret.
            return match place {
                Place::Subject => String::new(),
                Place::Text | Place::Html => self.template.link.reveal().clone(),
            };
        }
        let Some(user) = self.user else {
            let typed = self.template.typed.get(name);
            return typed
                .filter(|text| is_name(text))
                .map(ToString::to_string)
                .unwrap_or_default();
        };
        if name.eq_ignore_ascii_case("userName") {
            return user.username.to_string();
        }
        let mut attributes = user.attributes.iter();
        let found = attributes.find(|(known, _)| known.eq_ignore_ascii_case(name));
        let text = match found.map(|(_, value)| value) {
            Some(Value::Text(text)) => text.to_string(),
            Some(Value::Int(number)) => number.to_string(),
            Some(Value::Decimal(number)) => number.to_string(),
            _ => String::new(),
        };
        text.chars()
            .filter(|c| !c.is_control())
            .take(TEXT_CHARS_MAX)
            .collect()
    }
}

/// Whether a text that was typed looks like the name of somebody, and like no address and no sentence.
fn is_name(text: &str) -> bool {
    let fits = |c: char| c.is_alphabetic() || matches!(c, ' ' | '-' | '\'' | '’');
    text.chars().count() <= TYPED_CHARS_MAX
        && text.chars().all(fits)
        && text.split(' ').count() <= 4
}

/// BOUND: a character becomes at most six.
pub(crate) fn escape(text: &str, into: &mut String) {
    for c in text.chars() {
        match c {
            '&' => into.push_str("&amp;"),
            '<' => into.push_str("&lt;"),
            '>' => into.push_str("&gt;"),
            '"' => into.push_str("&quot;"),
            '\'' => into.push_str("&#39;"),
            c => into.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, sync::Arc};

    use wayfare::engine::effect::{Channel, SubjectId};

    use super::*;

    fn template(about: bool, locales: &[&str]) -> Template {
        Template {
            name: Arc::from("t"),
            locales: locales.iter().map(ToString::to_string).collect(),
            about: about.then(|| SubjectId(Arc::from("id"))),
            typed: BTreeMap::from([
                (Arc::from("givenName"), Arc::from("Ada")),
                (Arc::from("sn"), Arc::from("win at https://evil.example")),
            ]),
            link: Secret::from("https://go/?a=1&b=2"),
        }
    }

    fn filled(
        template: &Template,
        user: Option<&Identity>,
        html: bool,
        text: &str,
    ) -> (String, String) {
        let mut settings = MailSettings::default();
        settings.templates.insert(
            "t".to_owned(),
            MailTemplate {
                from: None,
                html,
                subject: LocalizedText::by_locale([
                    ("en", "Hello {{object.givenName}} {{object.resumeURI}}"),
                    ("fr", "Bonjour {{object.givenName}}"),
                ]),
                message: LocalizedText::plain(text),
            },
        );
        let mut letter = Letter {
            to: String::new(),
            from: String::new(),
            subject: String::new(),
            body: Secret::from(""),
            html: false,
            channel: Channel::Mail,
        };
        fill(&mut letter, template, user, &settings).unwrap();
        assert_eq!(letter.html, html);
        (letter.subject, letter.body.reveal().clone())
    }

    fn ada() -> Identity {
        Identity {
            subject: SubjectId(Arc::from("id")),
            username: Arc::from("ada"),
            active: true,
            attributes: BTreeMap::from([
                (Arc::from("givenname"), Value::text("A<b>\r\nBcc: x")),
                (Arc::from("age"), Value::Int(36)),
                (Arc::from("kbaInfo"), Value::List(Arc::from([]))),
            ]),
        }
    }

    #[test]
    fn what_was_typed_goes_in_only_where_it_is_a_name() {
        let text = "{{object.givenName}}|{{ object.sn }}|{{object.resumeURI}}|{{x}}|{{open";
        let (subject, body) = filled(&template(false, &["fr-CA"]), None, false, text);
        assert_eq!(subject, "Bonjour Ada");
        assert_eq!(body, "Ada||https://go/?a=1&b=2||{{open");
    }

    #[test]
    fn a_profile_goes_in_without_its_lines_its_markup_and_its_secrets() {
        let text = "{{object.userName}} {{object.givenName}} {{object.age}}{{object.kbaInfo}}{{object.password}}";
        let (subject, body) = filled(&template(true, &["de"]), Some(&ada()), true, text);
        assert_eq!(subject, "Hello A<b>Bcc: x ");
        assert_eq!(body, "ada A&lt;b&gt;Bcc: x 36");
        let (_, body) = filled(
            &template(true, &[]),
            Some(&ada()),
            true,
            "{{object.resumeURI}}",
        );
        assert_eq!(body, "https://go/?a=1&amp;b=2");
    }

    #[test]
    fn templates_are_there_without_being_written_and_others_are_not() {
        let settings = MailSettings::default();
        for (name, _) in BUILT_IN {
            assert!(known(name, &settings).is_some());
        }
        let reset = known("resetPassword", &settings).unwrap();
        assert!(reset.message.best(["de-AT"]).contains("Link"));
        assert!(known("nothing", &settings).is_none());
    }
}
