//! The settings of one node: keys known, given once, none missing; defaults filled in.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::{
    codes,
    compile::{
        context::Cx,
        raw::Place,
        settings::{Converted, describe},
        unit::{Filled, Key, derived},
    },
    diagnostic::Diagnostic,
    model::{
        journey::SettingValue,
        signature::{Setting, Signature},
        value::Type,
    },
    source::Span,
    syntax::ast,
};

impl<'a> Cx<'a> {
    /// Fills the settings of a node type.
    pub(super) fn fill_task(
        &mut self,
        signature: &'a Signature,
        settings: impl IntoIterator<Item = &'a ast::Setting>,
        node: &'a ast::Node,
        place: Place<'_>,
    ) -> Filled<'a> {
        let derived = derived(signature);
        let keys: Vec<Key<'a>> = signature
            .settings
            .iter()
            .filter(|setting| Some(&*setting.key) != derived)
            .map(Key::Setting)
            .collect();
        let mut filled = Filled::default();
        let mut written: Vec<&'a ast::Setting> = Vec::new();
        for setting in settings {
            if Some(setting.key.text.as_str()) == derived {
                self.derived_setting(setting);
                filled.broken = true;
            } else {
                written.push(setting);
            }
        }
        let meant = self.fill(
            &keys,
            &written,
            &format!("`{}`", signature.name),
            place,
            &mut filled,
        );
        for setting in signature.settings.iter() {
            if Some(&*setting.key) == derived {
                continue;
            }
            let is_written = written.iter().any(|s| s.key.text == setting.key);
            if is_written {
                continue;
            }
            if let Some(value) = setting.preset() {
                let key = self.word(&setting.key);
                filled.set(key, SettingValue::Constant(value));
            } else if setting.required && !meant.contains_key(&*setting.key) {
                filled.broken = true;
                if !self.is_broken(node.span) {
                    self.missing_setting(setting, node, signature);
                }
            }
        }
        filled
    }

    fn derived_setting(&mut self, setting: &ast::Setting) {
        self.report(
            Diagnostic::new(
                codes::MISPLACED,
                setting.key.span,
                format!(
                    "`{}` follows from the arms and is not written",
                    setting.key.text
                ),
            )
            .expected("arms such as `name -> target`, which define the outcomes"),
        );
    }

    fn missing_setting(&mut self, setting: &Setting, node: &ast::Node, signature: &Signature) {
        let finding = Diagnostic::new(
            codes::MISSING_SETTING,
            node.name.span,
            format!("`{}` needs `{}`", node.name.text, setting.key),
        )
        .expected(format!(
            "`{} = …`, {}",
            setting.key,
            describe(&setting.ty, setting.unit)
        ))
        .note(format!(
            "`{}` is of type `{}`",
            node.name.text, signature.name
        ));
        self.report(finding);
    }

    /// Checks and converts what is written; gives the keys that misspelt ones were meant to be.
    pub(super) fn fill(
        &mut self,
        keys: &[Key<'_>],
        written: &[&'a ast::Setting],
        holder: &str,
        place: Place<'_>,
        filled: &mut Filled<'a>,
    ) -> BTreeMap<String, Span> {
        let mut meant = BTreeMap::new();
        let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
        let given: BTreeSet<&str> = written.iter().map(|s| s.key.text.as_str()).collect();
        for setting in written {
            let name = setting.key.text.as_str();
            let Some(key) = keys.iter().find(|key| key.name() == name) else {
                filled.broken = true;
                if let Some(key) = self.unknown_setting(setting, keys, &given, holder) {
                    meant.insert(key, setting.key.span);
                }
                continue;
            };
            if let Some(first) = seen.insert(name, setting.key.span) {
                filled.broken = true;
                self.report(
                    Diagnostic::new(
                        codes::DUPLICATE_NAME,
                        setting.key.span,
                        format!("`{name}` is given twice"),
                    )
                    .expected("each setting once")
                    .label(first, "first given here"),
                );
                continue;
            }
            self.touched_formal = false;
            let raw = self.raw(&setting.value, place);
            let what = format!("`{name}`");
            let converted = self.convert(&raw, key.expect(&what));
            if self.touched_formal && converted != Converted::Broken {
                filled.dependent.push(setting);
                continue;
            }
            match converted {
                Converted::Value(value) => {
                    let key = self.word(name);
                    if let Some(file) = &raw.file {
                        filled.files.insert(Arc::clone(&key), Arc::clone(file));
                    }
                    filled.set(key, value);
                }
                Converted::Open => filled.dependent.push(setting),
                Converted::Broken => filled.broken = true,
            }
        }
        meant
    }

    fn unknown_setting(
        &mut self,
        setting: &ast::Setting,
        keys: &[Key<'_>],
        given: &BTreeSet<&str>,
        holder: &str,
    ) -> Option<String> {
        // What is written correctly elsewhere in the node is not what this one was meant to be.
        let free = keys
            .iter()
            .map(|key| key.name())
            .filter(|name| !given.contains(name));
        let meant = self.nearest(&setting.key.text, free);
        let expected = if keys.is_empty() {
            format!("nothing: {holder} has no settings")
        } else {
            let names: Vec<&str> = keys.iter().take(12).map(|key| key.name()).collect();
            let more = if keys.len() > 12 { ", …" } else { "" };
            format!("one of `{}`{more}", names.join("`, `"))
        };
        let mut finding = Diagnostic::new(
            codes::UNKNOWN_SETTING,
            setting.key.span,
            format!(
                "{holder} has no setting `{}`",
                super::clip(&setting.key.text)
            ),
        )
        .expected(expected);
        if let Some(meant) = &meant {
            finding = finding.fix(
                format!("did you mean `{meant}`?"),
                setting.key.span,
                meant.clone(),
            );
        }
        self.report(finding);
        meant
    }

    /// The dependent settings again, now that the formals have values.
    pub(super) fn refill(
        &mut self,
        filled: &Filled<'a>,
        keys: &[Key<'_>],
        place: Place<'_>,
    ) -> Filled<'a> {
        let mut made = Filled {
            values: filled.values.clone(),
            files: filled.files.clone(),
            ..Filled::default()
        };
        for setting in &filled.dependent {
            let name = setting.key.text.as_str();
            let Some(key) = keys.iter().find(|key| key.name() == name) else {
                continue;
            };
            let raw = self.raw(&setting.value, place);
            let what = format!("`{name}`");
            match self.convert(&raw, key.expect(&what)) {
                Converted::Value(value) => {
                    let key = self.word(name);
                    if let Some(file) = &raw.file {
                        made.files.insert(Arc::clone(&key), Arc::clone(file));
                    }
                    made.set(key, value);
                }
                Converted::Open | Converted::Broken => made.broken = true,
            }
        }
        made
    }

    /// The type a type expression means; a finding where there is none.
    pub(super) fn type_of(&mut self, ty: &ast::TypeExpr) -> Option<Type> {
        let found = known_type(ty);
        if found.is_none() {
            let mut innermost = ty;
            while let ast::TypeKind::List(of) | ast::TypeKind::Map(of) = &innermost.kind {
                innermost = of;
            }
            if let ast::TypeKind::Named(name) = &innermost.kind {
                self.unknown_value_type(name, innermost.span);
            }
        }
        found
    }

    fn unknown_value_type(&mut self, name: &str, span: Span) {
        let words = TYPES.iter().map(|(word, _)| *word);
        let mut finding = Diagnostic::new(
            codes::UNKNOWN_TYPE,
            span,
            format!("there is no type `{}`", super::clip(name)),
        )
        .expected(format!(
            "one of `{}`, `[T]`, `{{T}}`",
            words.clone().collect::<Vec<_>>().join("`, `")
        ));
        if let Some(meant) = self.nearest(name, words) {
            finding = finding.fix(format!("did you mean `{meant}`?"), span, meant);
        }
        self.report(finding);
    }
}

/// The types of values that have a word.
const TYPES: &[(&str, Type)] = &[
    ("Bool", Type::Bool),
    ("Int", Type::Int),
    ("Decimal", Type::Decimal),
    ("Text", Type::Text),
    ("LocalizedText", Type::LocalizedText),
    ("Duration", Type::Duration),
    ("Size", Type::Size),
    ("Secret", Type::Secret),
    ("Any", Type::Any),
];

/// The type a type expression means, where its words are known.
pub(super) fn known_type(ty: &ast::TypeExpr) -> Option<Type> {
    match &ty.kind {
        ast::TypeKind::Named(name) => TYPES
            .iter()
            .find(|(word, _)| word == name)
            .map(|(_, ty)| ty.clone()),
        ast::TypeKind::List(of) => known_type(of).map(|of| Type::List(Arc::new(of))),
        ast::TypeKind::Map(of) => known_type(of).map(|of| Type::Map(Arc::new(of))),
    }
}
