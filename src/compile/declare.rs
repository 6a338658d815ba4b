//! Node types that an author declares with `extern`.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use crate::{
    codes,
    compile::{
        context::Cx, fill::known_type, names, raw::Place, scope::duplicate, settings::Converted,
    },
    diagnostic::Diagnostic,
    model::{
        catalog::Catalog,
        journey::SettingValue,
        provided::{NODE_TYPE, PROVIDER, provided},
        signature::{
            Factor, Known, OutcomeFacts, Outcomes, Preset, Removal, Runs, Scope, Secrecy, Setting,
            Signature, StateKey,
        },
        value::{Type, Value},
    },
    source::{SourceId, SourceMap, Span},
    syntax::ast::{self, ExternFact},
};

impl<'a> Cx<'a> {
    /// The signatures that the program declares, for the catalogue.
    pub(super) fn externs(&mut self, declared: &[(&'a ast::Extern, SourceId)]) -> Vec<Signature> {
        let mut made: Vec<Signature> = Vec::new();
        let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
        for (ext, file) in declared {
            names::check_declared(self, &ext.name, names::Custom::Camel, "node types");
            if self.is_known(ext) {
                continue;
            }
            if let Some(first) = seen.insert(&ext.name.text, ext.name.span) {
                self.report(duplicate(&ext.name, first));
                continue;
            }
            if let Some(first) = seen.insert(&ext.wire_type.text, ext.wire_type.span)
                && ext.wire_type.text != ext.name.text
            {
                self.report(duplicate(&ext.wire_type, first));
                continue;
            }
            made.push(self.signature(ext, *file));
        }
        made
    }

    fn is_known(&mut self, ext: &ast::Extern) -> bool {
        let by_name = self.catalog.find(&ext.name.text).map(|_| &ext.name);
        let by_wire = self.catalog.find_wire(&ext.wire_type.text);
        let found = by_name.or(by_wire.map(|_| &ext.wire_type));
        let builtin = matches!(ext.name.text.as_str(), "Page" | "Decision");
        let Some(name) = found.or(builtin.then_some(&ext.name)) else {
            return false;
        };
        self.report(
            Diagnostic::new(
                codes::KNOWN_TYPE,
                name.span,
                format!("`{}` is in the catalogue already", name.text),
            )
            .expected("a type that the catalogue does not know")
            .help("take the declaration out and use the type"),
        );
        true
    }

    fn signature(&mut self, ext: &'a ast::Extern, file: SourceId) -> Signature {
        let count = ext
            .settings
            .len()
            .max(ext.outcomes.iter().flatten().count());
        let settings = if self.few(count, ext.name.span, "settings or outcomes") {
            self.extern_settings(ext, file)
        } else {
            Vec::new()
        };
        let names: Vec<Cow<'static, str>> = ext
            .outcomes
            .iter()
            .flatten()
            .map(|name| Cow::Owned(name.text.clone()))
            .collect();
        let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
        for name in ext.outcomes.iter().flatten() {
            if let Some(first) = seen.insert(&name.text, name.span) {
                self.report(duplicate(name, first));
            }
        }
        let outcomes = match &ext.outcomes {
            Some(_) => Outcomes::Fixed(Cow::Owned(names)),
            None => Outcomes::Authored {
                setting: None,
                besides: Cow::Borrowed(&[]),
            },
        };
        let mut signature = Signature {
            name: Cow::Owned(ext.name.text.clone()),
            wire: Cow::Owned(ext.wire_type.text.clone()),
            versions: Cow::Borrowed(&[1]),
            summary: Cow::Owned(ext.doc.as_ref().map(|d| d.text.clone()).unwrap_or_default()),
            settings: Cow::Owned(settings),
            outcomes,
            callbacks: Cow::Borrowed(&[]),
            reads: Cow::Borrowed(&[]),
            writes: Cow::Borrowed(&[]),
            removes: Cow::Borrowed(&[]),
            facts: Cow::Borrowed(&[]),
            finds: Cow::Borrowed(&[]),
            asks: Known::Is(false),
            asks_when: None,
            suspends: Known::Is(false),
            calls_out: Known::Is(false),
            calls_when: None,
            verifies: Known::Is(false),
            limits: None,
            page_child: true,
            leads_to: None,
            runs: None,
        };
        for fact in &ext.facts {
            self.extern_fact(ext, fact, file, &mut signature);
        }
        let is_written = signature.writes.iter().any(|key| key.key == "username");
        let mut writes_identity = Known::Is(is_written);
        if signature.runs.is_some() {
            if signature.writes.is_empty() {
                writes_identity = Known::Unknown;
            }
            as_a_script_may(&mut signature);
        }
        let mut facts = signature.facts.into_owned();
        if !facts.iter().any(|fact| fact.outcome == "*") {
            facts.push(facts_of("*", None, is_written));
        }
        for fact in &mut facts {
            fact.writes_identity = writes_identity;
        }
        signature.facts = Cow::Owned(facts);
        signature
    }

    fn extern_settings(&mut self, ext: &'a ast::Extern, file: SourceId) -> Vec<Setting> {
        let mut made: Vec<Setting> = Vec::new();
        let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
        for formal in &ext.settings {
            if let Some(first) = seen.insert(&formal.name.text, formal.name.span) {
                self.report(duplicate(&formal.name, first));
                continue;
            }
            let Some(ty) = self.type_of(&formal.ty) else {
                continue;
            };
            let default = match &formal.default {
                None => Preset::None,
                // It may be left out, and then the node has none.
                Some(value) if value.kind == ast::ValueKind::Null => Preset::None,
                Some(value) => {
                    let raw = self.raw(value, Place { file, env: None });
                    let what = format!("`{}`", formal.name.text);
                    match self.convert(&raw, crate::compile::settings::Expect::of(&what, &ty)) {
                        Converted::Value(SettingValue::Constant(value)) => Preset::Value(value),
                        Converted::Value(SettingValue::Computed(_)) => {
                            self.report(
                                Diagnostic::new(
                                    codes::WRONG_TYPE,
                                    value.span,
                                    "a default cannot depend on the run",
                                )
                                .expected("a value known when compiled"),
                            );
                            Preset::None
                        }
                        Converted::Open | Converted::Broken => Preset::None,
                    }
                }
            };
            made.push(Setting {
                key: Cow::Owned(formal.name.text.clone()),
                ty,
                unit: None,
                required: formal.default.is_none(),
                default,
                allowed: Cow::Borrowed(&[]),
                range: None,
            });
        }
        made
    }

    fn extern_fact(
        &mut self,
        ext: &ast::Extern,
        fact: &'a ExternFact,
        file: SourceId,
        signature: &mut Signature,
    ) {
        match fact {
            ExternFact::Asks(name) => {
                signature.asks = Known::Is(true);
                signature
                    .callbacks
                    .to_mut()
                    .push(Cow::Owned(name.text.clone()));
            }
            ExternFact::Reads(path) => {
                if let Some(key) = self.state_key(path, Type::Any) {
                    signature.reads.to_mut().push(key);
                }
            }
            ExternFact::Writes(path, ty) => {
                // An unknown type is said here; `known_type` would stay silent.
                let ty = self.type_of(ty).or_else(|| known_type(ty));
                if let Some(key) = ty.and_then(|ty| self.state_key(path, ty)) {
                    signature.writes.to_mut().push(key);
                }
            }
            ExternFact::Proves { factor, on, span } => {
                self.extern_proof(ext, factor.as_ref(), on.as_ref(), *span, signature);
            }
            ExternFact::Suspends(_) => {
                signature.suspends = Known::Is(true);
                signature.page_child = false;
            }
            ExternFact::CallsOut(_) => signature.calls_out = Known::Is(true),
            ExternFact::Runs { script, span } => {
                self.extern_script(ext, script, *span, file, signature);
            }
        }
    }

    /// The script that is the behaviour of a type.
    fn extern_script(
        &mut self,
        ext: &ast::Extern,
        script: &'a ast::Value,
        span: Span,
        file: SourceId,
        signature: &mut Signature,
    ) {
        if signature.runs.is_some() {
            self.report(
                Diagnostic::new(codes::DUPLICATE_NAME, span, "`runs` is given twice")
                    .expected("one script for a type"),
            );
            return;
        }
        let raw = self.raw(script, Place { file, env: None });
        let expect = crate::compile::settings::Expect::of("`runs`", &Type::Text);
        let Converted::Value(SettingValue::Constant(Value::Text(text))) =
            self.convert(&raw, expect)
        else {
            return;
        };
        let within = || Arc::from(format!("extern/{}", ext.name.text));
        signature.runs = Some(Runs {
            path: raw.file.unwrap_or_else(within),
            text,
        });
        let proves = ext.facts.iter().find_map(|fact| match fact {
            ExternFact::Proves {
                factor: Some(factor),
                span,
                ..
            } => Some((factor, *span)),
            _ => None,
        });
        if let Some((factor, proof)) = proves {
            let message = format!("a script cannot prove `{}`", factor.text);
            self.report(
                Diagnostic::new(codes::MISPLACED, proof, message)
                    .expected("a type that somebody answers for whose word counts")
                    .label(span, "the script"),
            );
        }
    }

    fn extern_proof(
        &mut self,
        ext: &ast::Extern,
        factor: Option<&ast::Name>,
        on: Option<&ast::Name>,
        span: Span,
        signature: &mut Signature,
    ) {
        let Some(factor) = factor else {
            return;
        };
        let Some(known) = Factor::find(&factor.text) else {
            self.unknown_factor(factor, codes::UNKNOWN_NAME);
            return;
        };
        let Some(on) = on else {
            self.report(
                Diagnostic::new(
                    codes::MISPLACED,
                    span,
                    format!(
                        "this does not say on which outcome `{}` is proved",
                        factor.text
                    ),
                )
                .expected(format!("`proves {} on` and an outcome", factor.text)),
            );
            return;
        };
        let outcomes = ext.outcomes.as_deref().unwrap_or_default();
        if ext.outcomes.is_some() && !outcomes.iter().any(|name| name.text == on.text) {
            let mut finding = Diagnostic::new(
                codes::UNKNOWN_OUTCOME,
                on.span,
                format!("`{}` has no outcome `{}`", ext.name.text, on.text),
            )
            .expected(crate::compile::outcome::list(
                outcomes.iter().map(|n| n.text.as_str()),
            ));
            if let Some(meant) = self.nearest(&on.text, outcomes.iter().map(|n| n.text.as_str())) {
                finding = finding.fix(format!("did you mean `{meant}`?"), on.span, meant);
            }
            self.report(finding);
            return;
        }
        signature.verifies = Known::Is(true);
        let facts = facts_of(&on.text, Some(known), false);
        signature.facts.to_mut().push(facts);
    }

    pub(super) fn unknown_factor(&mut self, factor: &ast::Name, code: crate::Code) {
        let words = Factor::ALL.iter().map(|(_, word)| *word);
        let mut finding = Diagnostic::new(
            code,
            factor.span,
            format!("there is no factor `{}`", super::clip(&factor.text)),
        )
        .expected(crate::compile::outcome::list(words.clone()));
        if let Some(meant) = self.nearest(&factor.text, words) {
            finding = finding.fix(format!("did you mean `{meant}`?"), factor.span, meant);
        }
        self.report(finding);
    }

    fn state_key(&mut self, path: &ast::Path, ty: Type) -> Option<StateKey> {
        let parts: Vec<&str> = path.parts.iter().map(|part| part.text.as_str()).collect();
        let found = match parts.as_slice() {
            ["shared", "objectAttributes", key] => Some((Scope::ObjectShared, *key)),
            ["transient", "objectAttributes", key] => Some((Scope::ObjectTransient, *key)),
            ["shared", key] => Some((Scope::Shared, *key)),
            ["transient", key] => Some((Scope::Transient, *key)),
            ["secure", key] => Some((Scope::Secure, *key)),
            _ => None,
        };
        let Some((scope, key)) = found else {
            let written = self.text(path.span);
            self.report(
                Diagnostic::new(
                    codes::UNKNOWN_PATH,
                    path.span,
                    format!("`{written}` is not a key of the state"),
                )
                .expected("`shared.key`, `transient.key` or `shared.objectAttributes.key`"),
            );
            return None;
        };
        let secret =
            ty == Type::Secret || self.catalog.key_facts().is_secret(key) || scope == Scope::Secure;
        Some(StateKey {
            scope,
            key: Cow::Owned(key.to_owned()),
            named_by: None,
            ty,
            secrecy: if secret {
                Secrecy::Secret
            } else {
                Secrecy::Personal
            },
            always: false,
        })
    }
}

/// What a script may do of which the declaration says nothing.
fn as_a_script_may(signature: &mut Signature) {
    let key = |scope| StateKey {
        scope,
        key: Cow::Borrowed("*"),
        named_by: None,
        ty: Type::Any,
        secrecy: Secrecy::Personal,
        always: false,
    };
    if signature.reads.is_empty() {
        signature.reads = Cow::Owned(vec![key(Scope::Any)]);
    }
    if signature.writes.is_empty() {
        let scopes = [
            Scope::Shared,
            Scope::Transient,
            Scope::ObjectShared,
            Scope::ObjectTransient,
        ];
        signature.writes = Cow::Owned(scopes.map(key).to_vec());
        signature.removes = Cow::Owned(vec![Removal {
            key: Cow::Borrowed("*"),
            named_by: None,
            outcome: Cow::Borrowed("*"),
        }]);
    }
    if signature.callbacks.is_empty() {
        signature.callbacks = Cow::Borrowed(&[Cow::Borrowed("*")]);
    }
    signature.asks = Known::Unknown;
    if signature.suspends == Known::Is(false) {
        signature.suspends = Known::Unknown;
    }
    signature.calls_out = Known::Is(true);
}

fn facts_of(outcome: &str, proves: Option<Factor>, writes_identity: bool) -> OutcomeFacts {
    OutcomeFacts {
        proves,
        writes_identity: Known::Is(writes_identity),
        counts_try: Known::Unknown,
        ..OutcomeFacts::new(outcome.to_owned())
    }
}

/// The catalogue with the declared types in it, and with those that act as others where a source speaks of
/// any.
pub(super) fn extended(
    catalog: &Catalog,
    declared: Vec<Signature>,
    sources: &SourceMap,
) -> Arc<Catalog> {
    let mut catalog = catalog.clone();
    for signature in declared {
        // Names that are there already were refused before.
        let _ = catalog.add(signature);
    }
    let speaks = sources
        .iter()
        .any(|(_, source)| source.text().contains(PROVIDER));
    if let (true, Some(provider)) = (speaks, catalog.find(PROVIDER)) {
        let provider = catalog.get(provider).cloned();
        let types = provider.iter().flat_map(|provider| {
            let words = provider.setting(NODE_TYPE).into_iter();
            let words = words.flat_map(|setting| setting.allowed.iter());
            let types = words.filter_map(|wire| catalog.get(catalog.find_wire(wire)?));
            types.filter_map(|of| provided(provider, of))
        });
        let types: Vec<Signature> = types.collect();
        for signature in types {
            // No name that can be written has a bracket in it.
            let _ = catalog.add(signature);
        }
    }
    Arc::new(catalog)
}
