//! What nodes read of the documents of a realm.

use std::sync::Arc;

use crate::{
    engine::{
        action::{Action, Reply},
        context::Context,
        effect::{Document, Effect, EffectReply},
        error::NodeError,
    },
    model::{text::LocalizedText, value::Value},
    nodes::{profile::find, reply::unexpected},
};

/// Asks for a document.
pub(super) fn read(document: Document) -> Action {
    Action::call(Effect::ReadDocument(document))
}

/// The document that was asked for, where the realm has one.
pub(super) fn document(reply: Reply) -> Result<Option<Value>, NodeError> {
    match reply {
        Reply::Effect(EffectReply::Document(document)) => Ok(document),
        _ => Err(unexpected()),
    }
}

/// A member of an object.
pub(super) fn member<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    match value {
        Value::Map(map) => find(map, name),
        _ => None,
    }
}

/// A text of an object; a number is its digits, as versions are written either way.
pub(super) fn text(value: &Value, name: &str) -> Option<Arc<str>> {
    match member(value, name)? {
        Value::Text(text) => Some(Arc::clone(text)),
        Value::Int(number) => Some(Arc::from(number.to_string())),
        Value::Decimal(number) => Some(Arc::from(number.to_string())),
        _ => None,
    }
}

/// A number of an object that counts something.
pub(super) fn count(value: &Value, name: &str) -> Option<usize> {
    usize::try_from(member(value, name)?.as_int()?).ok()
}

/// The best text of one that may be written by locale.
pub(super) fn localized(cx: &Context<'_>, value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.to_string()),
        Value::Localized(text) => Some(cx.text(text).to_owned()),
        Value::Map(map) => {
            // The first is for whoever reads none of the locales, and an object has no order of its own.
            let english = |locale: &str| locale.eq_ignore_ascii_case("en");
            let (first, others): (Vec<_>, Vec<_>) =
                map.iter().partition(|(locale, _)| english(locale));
            let texts = first.into_iter().chain(others);
            let texts =
                texts.filter_map(|(locale, text)| Some((Arc::clone(locale), text.as_text()?)));
            let texts = LocalizedText::by_locale(texts);
            (!texts.is_empty()).then(|| cx.text(&texts).to_owned())
        }
        _ => None,
    }
}
