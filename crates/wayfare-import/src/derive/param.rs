//! Parameters as the product writes what its environment gives.
//!
//! In: the name of a parameter, and the type of the value that it stands for. Out: `&{esv.…}`, in an object
//! that says the type where that is no text. A parameter `esv_a_b` is `esv.a.b`; any other gets the `esv`
//! that names there begin with.

use serde_json::{Value as Json, json};
use wayfare::{Type, ast};

/// How the product names the value of a parameter: `&{esv.otp.length}`.
///
/// A comment at the parameter that says it counts, as an import writes one.
pub(super) fn substitution(parameter: &str, doc: Option<&str>) -> String {
    let said = doc.map(str::trim).filter(|doc| {
        let name = doc.strip_prefix("&{").and_then(|doc| doc.strip_suffix('}'));
        name.is_some_and(|name| !name.is_empty() && !name.contains(['{', '}', '\n']))
    });
    if let Some(said) = said {
        return said.to_owned();
    }
    let dotted = parameter.replace('_', ".");
    let name = match dotted.strip_prefix("esv.") {
        Some(rest) => rest,
        None => &dotted,
    };
    format!("&{{esv.{name}}}")
}

/// A parameter where a value of this type is expected.
pub(super) fn json_of(parameter: &ast::Parameter, ty: &Type) -> Json {
    typed(&of(parameter), ty)
}

/// How the product names the value of a parameter of the text.
pub(super) fn of(parameter: &ast::Parameter) -> String {
    let doc = parameter.doc.as_ref().map(|doc| doc.text.as_str());
    substitution(&parameter.name.text, doc)
}

fn typed(text: &str, ty: &Type) -> Json {
    match ty {
        Type::Text | Type::Secret | Type::Any => Json::from(text),
        Type::Bool => json!({ "$bool": text }),
        Type::Int | Type::Duration | Type::Size => json!({ "$int": text }),
        Type::Decimal => json!({ "$number": text }),
        Type::List(_) => json!({ "$list": text }),
        Type::Map(_) | Type::LocalizedText => json!({ "$object": text }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_environment() {
        assert_eq!(substitution("esv_mail_host", None), "&{esv.mail.host}");
        assert_eq!(
            substitution("otp_length", Some("Digits.")),
            "&{esv.otp.length}"
        );
        assert_eq!(substitution("esv_a_b", Some(" &{esv.a-b} ")), "&{esv.a-b}");
        assert_eq!(typed("&{esv.a}", &Type::Int), json!({ "$int": "&{esv.a}" }));
        assert_eq!(typed("&{esv.a}", &Type::Text), json!("&{esv.a}"));
    }
}
