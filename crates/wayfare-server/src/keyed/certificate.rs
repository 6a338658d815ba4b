//! Whom a certificate names.
//!
//! Whether it is valid and whether whoever sent it has its key is not asked here: the nodes before have.
//! What can be understood in two ways names nobody.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use wayfare::engine::effect::{AlternativeName, SubjectField};
use x509_parser::{
    der_parser::asn1_rs::{Any, FromDer as _},
    prelude::{GeneralName, X509Certificate},
    x509::{AttributeTypeAndValue, X509Name},
};

/// How many characters the name of a user has at most.
const NAME_MAX: usize = 256;
/// The user principal name among other names.
const PRINCIPAL: &str = "1.3.6.1.4.1.311.20.2.3";

/// The attributes of a subject that have a short name.
const ATTRIBUTES: &[(&str, &str)] = &[
    ("CN", "2.5.4.3"),
    ("SN", "2.5.4.4"),
    ("serialNumber", "2.5.4.5"),
    ("C", "2.5.4.6"),
    ("L", "2.5.4.7"),
    ("ST", "2.5.4.8"),
    ("STREET", "2.5.4.9"),
    ("O", "2.5.4.10"),
    ("OU", "2.5.4.11"),
    ("title", "2.5.4.12"),
    ("givenName", "2.5.4.42"),
    ("UID", "0.9.2342.19200300.100.1.1"),
    ("DC", "0.9.2342.19200300.100.1.25"),
    ("EMAILADDRESS", "1.2.840.113549.1.9.1"),
];

/// The user that a certificate (PEM, or DER in base 64) names.
pub(super) fn user(
    text: &str,
    alternative: AlternativeName,
    subject: &SubjectField,
) -> Option<String> {
    let lines = text.lines().map(str::trim);
    let body: Vec<&str> = lines.filter(|line| !line.starts_with("-----")).collect();
    let der = STANDARD.decode(body.concat()).ok()?;
    let (rest, certificate) = X509Certificate::from_der(&der).ok()?;
    if !rest.is_empty() {
        return None;
    }
    let name = match alternative_of(&certificate, alternative)? {
        Some(name) => name,
        None => subject_of(certificate.subject(), subject)?,
    };
    let fits =
        !name.is_empty() && name.chars().count() <= NAME_MAX && !name.chars().any(char::is_control);
    fits.then_some(name)
}

/// The first alternative name of a kind, where there is one; `None` where the names cannot be read.
#[expect(
    clippy::option_option,
    reason = "that there is none and that it cannot be read lead to different names"
)]
fn alternative_of(
    certificate: &X509Certificate<'_>,
    wanted: AlternativeName,
) -> Option<Option<String>> {
    if wanted == AlternativeName::Unused {
        return Some(None);
    }
    let Some(names) = certificate.subject_alternative_name().ok()? else {
        return Some(None);
    };
    for name in &names.value.general_names {
        match (wanted, name) {
            (AlternativeName::Mail, GeneralName::RFC822Name(mail)) => {
                return Some(Some((*mail).to_owned()));
            }
            (AlternativeName::Principal, GeneralName::OtherName(kind, value))
                if kind.to_id_string() == PRINCIPAL =>
            {
                return principal(value).map(Some);
            }
            (_, GeneralName::Invalid(..)) => return None,
            _ => {}
        }
    }
    Some(None)
}

/// A text within the tag of another name.
fn principal(value: &[u8]) -> Option<String> {
    let (rest, outer) = Any::from_der(value).ok()?;
    let (behind, inner) = Any::from_der(outer.data).ok()?;
    if !rest.is_empty() || !behind.is_empty() {
        return None;
    }
    inner.utf8string().ok().map(|text| text.string())
}

fn subject_of(subject: &X509Name<'_>, field: &SubjectField) -> Option<String> {
    let wanted = match field {
        SubjectField::Unused => return None,
        SubjectField::Whole => return whole(subject),
        SubjectField::CommonName => "CN",
        SubjectField::UserId => "UID",
        SubjectField::Mail => "EMAILADDRESS",
        SubjectField::Other(name) => name,
    };
    let wanted = ATTRIBUTES
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
        .map_or(wanted, |(_, id)| id);
    let mut found = subject
        .iter_attributes()
        .filter(|attribute| attribute.attr_type().to_id_string() == wanted);
    let one = found.next()?;
    // Two of one kind would name two.
    found.next().is_none().then(|| value(one)).flatten()
}

fn value(attribute: &AttributeTypeAndValue<'_>) -> Option<String> {
    attribute.as_str().ok().map(str::to_owned)
}

/// The whole name as RFC 4514 writes it, the last part first; `None` where a part has no short name.
fn whole(subject: &X509Name<'_>) -> Option<String> {
    let mut parts = Vec::new();
    for rdn in subject.iter_rdn() {
        let mut pairs = Vec::new();
        for attribute in rdn.iter() {
            let id = attribute.attr_type().to_id_string();
            let (name, _) = ATTRIBUTES.iter().find(|(_, known)| *known == id)?;
            pairs.push(format!("{name}={}", escaped(&value(attribute)?)));
        }
        parts.push(pairs.join("+"));
    }
    parts.reverse();
    Some(parts.join(","))
}

fn escaped(text: &str) -> String {
    let last = text.chars().count().saturating_sub(1);
    let mut escaped = String::with_capacity(text.len());
    for (at, c) in text.chars().enumerate() {
        let outer = (at == 0 && matches!(c, ' ' | '#')) || (at == last && c == ' ');
        if outer || matches!(c, '"' | '+' | ',' | ';' | '<' | '>' | '\\') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    // Made with openssl; the key was thrown away.
    /// With a principal and a mail address besides the subject of [`PLAIN`].
    const NAMED: &str = "MIICbDCCAhKgAwIBAgIUOsXVO53uVDl/COjrDlPJF/SlaPcwCgYIKoZIzj0EAwIwgYAxFzAVBgoJkiaJk/Is\
        ZAEZFgdleGFtcGxlMRMwEQYDVQQKDApBY21lLCBJbmMuMQ0wCwYDVQQDDARkZW1vMRMwEQYKCZImiZPyLGQB\
        AQwDdS03MR8wHQYJKoZIhvcNAQkBFhBkZW1vQGV4YW1wbGUuY29tMQswCQYDVQQFEwJTMTAgFw0yNjExMjIx\
        MzA5MDFaGA8yMTI2MTAyOTEzMDkwMVowgYAxFzAVBgoJkiaJk/IsZAEZFgdleGFtcGxlMRMwEQYDVQQKDApB\
        Y21lLCBJbmMuMQ0wCwYDVQQDDARkZW1vMRMwEQYKCZImiZPyLGQBAQwDdS03MR8wHQYJKoZIhvcNAQkBFhBk\
        ZW1vQGV4YW1wbGUuY29tMQswCQYDVQQFEwJTMTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABNFXdyz0XXkc\
        s7X6W/8UkCHRgDMsfgLVa53BDQJb9lfL/knD7qC85dvofMYDMAzrYFmgLtwYauQVFR6uGiVm9E6jZjBkMEMG\
        A1UdEQQ8MDqgIQYKKwYBBAGCNxQCA6ATDBFkZW1vQGNvcnAuZXhhbXBsZYEVZGVtby5tYWlsQGV4YW1wbGUu\
        Y29tMB0GA1UdDgQWBBQoJOaVJywPHxZIEUJ2P6w7m3rVFjAKBggqhkjOPQQDAgNIADBFAiAbH9URr5Hzd9at\
        yq4ZprdaHCHgrfuXVltWQbOzTapDUQIhANSKzV+yXaF6yYPfYAVBtrpA6WfwGCayVlOasNqgPSKC";
    const PLAIN: &str = "MIICMjCCAdigAwIBAgIUdklVrLPTRc63l7M1Ckhqg/vmExcwCgYIKoZIzj0EAwIwgYAxFzAVBgoJkiaJk/Is\
        ZAEZFgdleGFtcGxlMRMwEQYDVQQKDApBY21lLCBJbmMuMQ0wCwYDVQQDDARkZW1vMRMwEQYKCZImiZPyLGQB\
        AQwDdS03MR8wHQYJKoZIhvcNAQkBFhBkZW1vQGV4YW1wbGUuY29tMQswCQYDVQQFEwJTMTAgFw0yNjExMjIx\
        MzA5MDFaGA8yMTI2MTAyOTEzMDkwMVowgYAxFzAVBgoJkiaJk/IsZAEZFgdleGFtcGxlMRMwEQYDVQQKDApB\
        Y21lLCBJbmMuMQ0wCwYDVQQDDARkZW1vMRMwEQYKCZImiZPyLGQBAQwDdS03MR8wHQYJKoZIhvcNAQkBFhBk\
        ZW1vQGV4YW1wbGUuY29tMQswCQYDVQQFEwJTMTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABNFXdyz0XXkc\
        s7X6W/8UkCHRgDMsfgLVa53BDQJb9lfL/knD7qC85dvofMYDMAzrYFmgLtwYauQVFR6uGiVm9E6jLDAqMAkG\
        A1UdEwQCMAAwHQYDVR0OBBYEFCgk5pUnLA8fFkgRQnY/rDubetUWMAoGCCqGSM49BAMCA0gAMEUCIQDO8hN7\
        h3Q6U5tYxuFNA+LGc3jEwgwCwoBUz0msg2Wr3QIgAQ/54TnUOCKXylNBBJ+eTl1bmezCTDJZVFD8Zr34IFE=";
    const TWO: &str = "MIIBbDCCARKgAwIBAgIUDbJQTf5X+IummlOJigLH/BVGQz0wCgYIKoZIzj0EAwIwHjENMAsGA1UEAwwEZGVt\
        bzENMAsGA1UEAwwEcm9vdDAgFw0yNjExMjIxMzA5MDFaGA8yMTI2MTAyOTEzMDkwMVowHjENMAsGA1UEAwwE\
        ZGVtbzENMAsGA1UEAwwEcm9vdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABNFXdyz0XXkcs7X6W/8UkCHR\
        gDMsfgLVa53BDQJb9lfL/knD7qC85dvofMYDMAzrYFmgLtwYauQVFR6uGiVm9E6jLDAqMAkGA1UdEwQCMAAw\
        HQYDVR0OBBYEFCgk5pUnLA8fFkgRQnY/rDubetUWMAoGCCqGSM49BAMCA0gAMEUCIBUSeJjSjQuGL7JlnZFy\
        M9hRFRFRnNmr2BGhkfWD1ronAiEA3M6q1sDfWAkSpIUV4rpAIsnAIaJme3XA3BEfVZ1f0Cc=";

    fn subject(text: &str, field: &SubjectField) -> Option<String> {
        user(text, AlternativeName::Unused, field)
    }

    #[test]
    fn each_field_of_the_subject_names_its_own() {
        for (field, name) in [
            (SubjectField::CommonName, "demo"),
            (SubjectField::UserId, "u-7"),
            (SubjectField::Mail, "demo@example.com"),
            (SubjectField::Other("serialnumber".into()), "S1"),
            (SubjectField::Other("2.5.4.5".into()), "S1"),
            (
                SubjectField::Whole,
                "serialNumber=S1,EMAILADDRESS=demo@example.com,UID=u-7,CN=demo,O=Acme\\, Inc.,DC=example",
            ),
        ] {
            assert_eq!(subject(PLAIN, &field).as_deref(), Some(name), "{field:?}");
        }
        assert_eq!(subject(PLAIN, &SubjectField::Unused), None);
        assert_eq!(subject(PLAIN, &SubjectField::Other("title".into())), None);
    }

    #[test]
    fn an_alternative_name_comes_before_the_subject() {
        let field = SubjectField::CommonName;
        let named = |text, kind| user(text, kind, &field);
        let mail = named(NAMED, AlternativeName::Mail);
        assert_eq!(mail.as_deref(), Some("demo.mail@example.com"));
        let principal = named(NAMED, AlternativeName::Principal);
        assert_eq!(principal.as_deref(), Some("demo@corp.example"));
        assert_eq!(
            named(NAMED, AlternativeName::Unused).as_deref(),
            Some("demo")
        );
        assert_eq!(named(PLAIN, AlternativeName::Mail).as_deref(), Some("demo"));
        let nobody = user(PLAIN, AlternativeName::Mail, &SubjectField::Unused);
        assert_eq!(nobody, None);
    }

    #[test]
    fn what_can_be_understood_in_two_ways_names_nobody() {
        assert_eq!(subject(TWO, &SubjectField::CommonName), None);
        assert!(subject(TWO, &SubjectField::Whole).is_some());
    }

    #[test]
    fn what_is_no_certificate_names_nobody() {
        let pem = format!("-----BEGIN CERTIFICATE-----\n{PLAIN}\n-----END CERTIFICATE-----\n");
        let field = SubjectField::CommonName;
        assert_eq!(subject(&pem, &field).as_deref(), Some("demo"));
        let der = STANDARD.decode(PLAIN).unwrap();
        for cut in 0..der.len() {
            let text = STANDARD.encode(&der[..cut]);
            assert_eq!(subject(&text, &field), None, "{cut}");
        }
        let longer = STANDARD.encode([&der[..], &[0]].concat());
        for text in ["", "demo", "AAAA", &longer] {
            assert_eq!(subject(text, &field), None, "{text}");
        }
    }
}
