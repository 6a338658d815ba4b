//! What is said of a tree as a whole.

use serde_json::Value as Json;
use wayfare::{
    Type, Value,
    model::signature::{Preset, Setting, Unit},
};

use super::{
    json, text,
    tree::{Cx, is_true},
};
use crate::finding::Code;

/// The settings of a journey that trees have, in the order in which they are written; with the value that
/// is left out.
fn table() -> Vec<Setting> {
    let flag = |key: &'static str, default| Setting {
        default: Preset::Bool(default),
        ..Setting::new(key, Type::Bool)
    };
    let time = |key: &'static str| Setting {
        unit: Some(Unit::Minutes),
        range: Some((1, i64::from(i32::MAX))),
        ..Setting::new(key, Type::Duration)
    };
    vec![
        Setting::new("description", Type::LocalizedText),
        flag("enabled", true),
        flag("innerTreeOnly", false),
        flag("transactionalOnly", false),
        flag("mustRun", false),
        flag("noSession", false),
        Setting {
            default: Preset::Text("managed/user".into()),
            ..Setting::new("identityResource", Type::Text)
        },
        time("treeTimeout"),
        time("maximumSessionTime"),
        time("maximumIdleTime"),
    ]
}

/// The settings of the journey of a tree.
pub(super) fn settings(cx: &mut Cx<'_, '_>) -> Vec<(String, String)> {
    let body = &cx.tree.body;
    let mut made = Vec::new();
    for setting in table() {
        let key = &*setting.key;
        let given = match body.get(key) {
            None | Some(Json::Null) => continue,
            Some(given) => given,
        };
        if key == "transactionalOnly" && is_true(Some(given)) && is_true(body.get("innerTreeOnly"))
        {
            let message = "the tree is both `innerTreeOnly` and `transactionalOnly`";
            let help = "nobody can start it either way".to_owned();
            cx.find(Code::BadValue, None, message, Some(help));
            continue;
        }
        let read = json::read(given, &setting.ty);
        let value = read.and_then(|read| setting.admit(&read).ok());
        let Some(value) = value else {
            cx.find(
                Code::BadValue,
                None,
                format!("setting `{key}` of the tree does not fit"),
                None,
            );
            continue;
        };
        let is_nothing = match &value {
            Value::Text(text) => text.is_empty(),
            Value::Localized(text) => text.is_empty(),
            _ => false,
        };
        if is_nothing || setting.preset().as_ref() == Some(&value) {
            continue;
        }
        match json::written(&value) {
            Some(written) => made.push((key.to_owned(), written)),
            None => cx.find(
                Code::BadValue,
                None,
                format!(
                    "setting `{}` of the tree cannot be written",
                    text::remark(key)
                ),
                None,
            ),
        }
    }
    made
}
