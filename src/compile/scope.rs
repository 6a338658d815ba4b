//! The names a file may use: its own constants, parameters and fragments, and those of its imports.
//!
//! Imports are not handed on: a file sees what the files it imports declare, not what those import.
//! Journeys have one name space in the whole program and are not here.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    codes,
    compile::{
        context::Cx,
        lower::allow,
        names,
        raw::{Place, Raw, RawKind},
        unit::UnitId,
        value_walk,
    },
    diagnostic::Diagnostic,
    model::{
        journey::Allow,
        value::{Type, Value},
    },
    source::{SourceId, Span},
    syntax::ast,
};

/// The formals of a fragment with the values they have in one use.
pub(super) type Env = BTreeMap<Arc<str>, Raw>;

/// What a name means as a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    Constant(usize),
    Parameter(usize),
}

#[derive(Debug)]
pub(super) struct ConstantDef<'a> {
    pub(super) ast: &'a ast::Constant,
    pub(super) file: SourceId,
    pub(super) used: bool,
}

#[derive(Debug)]
pub(super) struct ParameterDef<'a> {
    pub(super) ast: &'a ast::Parameter,
    pub(super) file: SourceId,
    pub(super) used: bool,
}

/// A name in scope: what it means, where it is declared, and by which import it came.
#[derive(Debug, Clone, Copy)]
pub(super) struct InScope<T> {
    pub(super) means: T,
    pub(super) declared: Span,
    pub(super) import: Option<usize>,
}

/// The names one file may use.
#[derive(Debug, Default)]
pub(super) struct FileScope<'a> {
    pub(super) values: BTreeMap<&'a str, InScope<Named>>,
    pub(super) fragments: BTreeMap<&'a str, InScope<UnitId>>,
    pub(super) imports_used: Vec<bool>,
    /// What each of its journeys is allowed.
    pub(super) allows: Vec<Allow>,
}

/// The `allow` lines for a whole file.
fn allows(file: &ast::File) -> Vec<Allow> {
    let written = file.items.iter().filter_map(|item| match item {
        ast::Item::Allow(written) => Some(allow(written)),
        _ => None,
    });
    written.collect()
}

impl<'a> Cx<'a> {
    /// Fills the scopes with what each file declares, then with what its imports declare.
    pub(super) fn build_scopes(&mut self, fragments: &[(UnitId, &'a ast::Fragment, SourceId)]) {
        for file in self.files {
            let scope = FileScope {
                imports_used: vec![false; file.imports.len()],
                allows: allows(&file.file),
                ..FileScope::default()
            };
            self.scopes.push(scope);
        }
        for file in self.files {
            for item in &file.file.items {
                match item {
                    ast::Item::Constant(constant) => {
                        let means = Named::Constant(self.constants.len());
                        self.constants.push(ConstantDef {
                            ast: constant,
                            file: file.id,
                            used: false,
                        });
                        self.declare_value(file.id, &constant.name, means);
                    }
                    ast::Item::Parameter(parameter) => {
                        let means = Named::Parameter(self.parameters.len());
                        self.parameters.push(ParameterDef {
                            ast: parameter,
                            file: file.id,
                            used: false,
                        });
                        self.declare_value(file.id, &parameter.name, means);
                    }
                    ast::Item::Import(_)
                    | ast::Item::Journey(_)
                    | ast::Item::Fragment(_)
                    | ast::Item::Extern(_)
                    | ast::Item::Policy(_)
                    | ast::Item::Test(_)
                    | ast::Item::Guard(_)
                    | ast::Item::Uncovered(_)
                    | ast::Item::Allow(_) => {}
                }
            }
        }
        for (unit, fragment, file) in fragments {
            self.declare_fragment(*file, &fragment.name, *unit);
        }
        self.bring_imports();
    }

    fn declare_value(&mut self, file: SourceId, name: &'a ast::Name, means: Named) {
        names::check_declared(self, name, names::Custom::Snake, "constants and parameters");
        if crate::compile::slot::is_root(&name.text) {
            self.report(
                Diagnostic::new(
                    codes::RESERVED_NAME,
                    name.span,
                    format!("`{}` begins paths into the run", name.text),
                )
                .expected("another name"),
            );
            return;
        }
        let Some(scope) = self.scopes.get_mut(file.index()) else {
            return;
        };
        let found = InScope {
            means,
            declared: name.span,
            import: None,
        };
        if let Some(first) = scope.values.get(name.text.as_str()).copied() {
            self.report(duplicate(name, first.declared));
        } else {
            scope.values.insert(&name.text, found);
        }
    }

    fn declare_fragment(&mut self, file: SourceId, name: &'a ast::Name, unit: UnitId) {
        if self.catalog.find(&name.text).is_some() {
            self.report(
                Diagnostic::new(
                    codes::DUPLICATE_NAME,
                    name.span,
                    format!("`{}` is a node type already", name.text),
                )
                .expected("a name that no node type has"),
            );
            return;
        }
        names::check_declared(self, name, names::Custom::Snake, "fragments");
        let Some(scope) = self.scopes.get_mut(file.index()) else {
            return;
        };
        if let Some(first) = scope.fragments.get(name.text.as_str()).copied() {
            self.report(duplicate(name, first.declared));
        } else {
            scope.fragments.insert(
                &name.text,
                InScope {
                    means: unit,
                    declared: name.span,
                    import: None,
                },
            );
        }
    }

    fn bring_imports(&mut self) {
        let own: Vec<(Vec<_>, Vec<_>)> = self
            .scopes
            .iter()
            .map(|scope| {
                (
                    scope.values.iter().map(|(k, v)| (*k, *v)).collect(),
                    scope.fragments.iter().map(|(k, v)| (*k, *v)).collect(),
                )
            })
            .collect();
        for file in self.files {
            for (at, (span, target)) in file.imports.iter().enumerate() {
                let Some((values, fragments)) = target.and_then(|t| own.get(t.index())) else {
                    continue;
                };
                if *target == Some(file.id) {
                    continue;
                }
                let mut clashes = Vec::new();
                if let Some(scope) = self.scopes.get_mut(file.id.index()) {
                    let brought = values.iter().map(|(name, found)| (*name, *found));
                    bring(&mut scope.values, brought, at, &mut clashes);
                    let brought = fragments.iter().map(|(name, found)| (*name, *found));
                    bring(&mut scope.fragments, brought, at, &mut clashes);
                    if !clashes.is_empty() {
                        mark(&mut scope.imports_used, Some(at));
                    }
                }
                for (name, first, second) in clashes {
                    self.report(
                        Diagnostic::new(
                            codes::DUPLICATE_NAME,
                            *span,
                            format!("this import brings a second `{name}`"),
                        )
                        .expected("names that are not there yet")
                        .label(first, "the first one")
                        .label(second, "the second one"),
                    );
                }
            }
        }
    }

    /// What a name means as a value in a file.
    pub(super) fn named(&self, file: SourceId, name: &str) -> Option<Named> {
        let scope = self.scopes.get(file.index())?;
        scope.values.get(name).map(|found| found.means)
    }

    /// The fragment of this name in a file.
    pub(super) fn fragment(&mut self, file: SourceId, name: &str) -> Option<UnitId> {
        let scope = self.scopes.get_mut(file.index())?;
        let found = scope.fragments.get(name).copied()?;
        mark(&mut scope.imports_used, found.import);
        Some(found.means)
    }

    /// Remembers that a value was used.
    pub(super) fn use_value(&mut self, file: SourceId, name: &str) {
        let Some(scope) = self.scopes.get_mut(file.index()) else {
            return;
        };
        let Some(found) = scope.values.get(name).copied() else {
            return;
        };
        mark(&mut scope.imports_used, found.import);
        match found.means {
            Named::Constant(at) => {
                if let Some(constant) = self.constants.get_mut(at) {
                    constant.used = true;
                }
            }
            Named::Parameter(at) => {
                if let Some(parameter) = self.parameters.get_mut(at) {
                    parameter.used = true;
                }
            }
        }
    }

    pub(super) fn unknown_name(&mut self, name: &ast::Name, place: Place<'_>) {
        if self.in_broken_line(&name.text) {
            return;
        }
        let mut candidates: Vec<&str> = Vec::new();
        if self.may_guess() {
            let scope = self.scopes.get(place.file.index());
            candidates.extend(scope.iter().flat_map(|scope| scope.values.keys().copied()));
            candidates.extend(
                place
                    .env
                    .iter()
                    .flat_map(|env| env.keys().map(|name| &**name)),
            );
            candidates.extend(crate::compile::slot::ROOTS);
        }
        let mut finding = Diagnostic::new(
            codes::UNKNOWN_NAME,
            name.span,
            format!("there is no constant or parameter `{}`", name.text),
        )
        .expected("the name of a `let`, a `param` or a parameter of the fragment");
        let meant = self.nearest(&name.text, candidates);
        if meant.is_none() && self.lacks_import(place.file) {
            return;
        }
        match meant {
            Some(meant) => {
                finding = finding.fix(format!("did you mean `{meant}`?"), name.span, meant);
            }
            None => self.may_mean_any(place.file),
        }
        self.report(finding);
    }

    /// Evaluates all constants and parameters, each after those it needs; what needs itself is refused.
    pub(super) fn evaluate(&mut self) {
        let constants = self.constants.len();
        let count = constants + self.parameters.len();
        let spans: Vec<Span> = self.constants.iter().map(|c| c.ast.name.span).collect();
        self.constant_values = spans.into_iter().map(Raw::broken).collect();
        let spans: Vec<Span> = self.parameters.iter().map(|p| p.ast.name.span).collect();
        self.parameter_values = spans.into_iter().map(Raw::broken).collect();
        let needs: Vec<Vec<(usize, Span)>> = (0..count).map(|at| self.needs(at)).collect();
        let mut state = vec![0_u8; count];
        for root in 0..count {
            if state.get(root) != Some(&0) {
                continue;
            }
            let mut stack = vec![(root, 0_usize)];
            set(&mut state, root, 1);
            while let Some((at, next)) = stack.pop() {
                if let Some((needed, span)) = needs.get(at).and_then(|n| n.get(next)).copied() {
                    stack.push((at, next + 1));
                    match state.get(needed) {
                        Some(0) => {
                            set(&mut state, needed, 1);
                            stack.push((needed, 0));
                        }
                        Some(1) => self.recursive_constant(at, needed, span),
                        _ => {}
                    }
                    continue;
                }
                set(&mut state, at, 2);
                self.evaluate_one(at);
            }
        }
    }

    fn evaluate_one(&mut self, at: usize) {
        if let Some((ast, file)) = self.constants.get(at).map(|c| (c.ast, c.file)) {
            let value = self.raw(&ast.value, Place { file, env: None });
            if let Some(slot) = self.constant_values.get_mut(at) {
                *slot = value;
            }
            return;
        }
        let at = at - self.constants.len();
        if let Some((ast, file)) = self.parameters.get(at).map(|p| (p.ast, p.file)) {
            let value = self.parameter(ast, file);
            if let Some(slot) = self.parameter_values.get_mut(at) {
                *slot = value;
            }
        }
    }

    /// The name at a place of the joint numbering: constants first, then parameters.
    fn definition(&self, at: usize) -> Option<(&'a ast::Name, Option<&'a ast::Value>, SourceId)> {
        if let Some(constant) = self.constants.get(at) {
            return Some((&constant.ast.name, Some(&constant.ast.value), constant.file));
        }
        let parameter = self.parameters.get(at.checked_sub(self.constants.len())?)?;
        Some((
            &parameter.ast.name,
            parameter.ast.default.as_ref(),
            parameter.file,
        ))
    }

    fn needs(&self, at: usize) -> Vec<(usize, Span)> {
        let Some((_, Some(value), file)) = self.definition(at) else {
            return Vec::new();
        };
        let mut paths = Vec::new();
        value_walk::references(value, &mut paths);
        let mut needs = Vec::new();
        for path in paths {
            let [name] = path.parts.as_slice() else {
                continue;
            };
            match self.named(file, &name.text) {
                Some(Named::Constant(at)) => needs.push((at, path.span)),
                Some(Named::Parameter(at)) => needs.push((self.constants.len() + at, path.span)),
                None => {}
            }
        }
        needs
    }

    fn recursive_constant(&mut self, constant: usize, needed: usize, span: Span) {
        let name = |at: usize| self.definition(at).map(|(name, ..)| name);
        let (Some(by), Some(of)) = (name(constant), name(needed)) else {
            return;
        };
        let finding = Diagnostic::new(
            codes::RECURSIVE_CONSTANT,
            span,
            format!("`{}` is defined by itself", of.text),
        )
        .expected("a value that does not lead back");
        let finding = if constant == needed {
            finding
        } else {
            finding.label(of.span, format!("`{}` needs `{}`", of.text, by.text))
        };
        self.report(finding);
    }

    /// The value of a parameter: bound, else the default, else a finding.
    fn parameter(&mut self, ast: &'a ast::Parameter, file: SourceId) -> Raw {
        let span = ast.name.span;
        let Some(ty) = self.type_of(&ast.ty) else {
            return Raw::broken(span);
        };
        let name: Arc<str> = Arc::from(&*ast.name.text);
        if ty == Type::Secret {
            if let Some(default) = &ast.default {
                self.report(
                    Diagnostic::new(
                        codes::SECRET_LITERAL,
                        default.span,
                        format!("the secret `{name}` has a value in the text"),
                    )
                    .expected("no default: secrets come from a file or the environment"),
                );
            }
            return Raw::new(RawKind::Secret(name), span);
        }
        let default = ast.default.as_ref().map(|value| {
            let raw = self.raw(value, Place { file, env: None });
            self.fits(&raw, &ty, &format!("`{name}`"))
        });
        match (self.bound.get(&*name), default) {
            (Some(Value::Secret(_) | Value::SecretParameter(_)), _) => {
                self.report(
                    Diagnostic::new(
                        codes::WRONG_TYPE,
                        ast.ty.span,
                        format!("`{name}` is bound to a secret and declared as `{ty}`"),
                    )
                    .expected("`Secret`"),
                );
                Raw::broken(span)
            }
            (Some(value), _) => {
                let raw = Raw::from_value(value, span);
                self.fits(&raw, &ty, &format!("the bound value of `{name}`"))
            }
            (None, Some(default)) => default,
            (None, None) => {
                self.report(
                    Diagnostic::new(
                        codes::MISSING_PARAMETER,
                        span,
                        format!("parameter `{name}` is not bound and has no default"),
                    )
                    .expected(format!(
                        "a value of type `{ty}` from the realm or a default"
                    )),
                );
                Raw::broken(span)
            }
        }
    }
}

fn bring<'a, T: Copy>(
    into: &mut BTreeMap<&'a str, InScope<T>>,
    from: impl Iterator<Item = (&'a str, InScope<T>)>,
    import: usize,
    clashes: &mut Vec<(&'a str, Span, Span)>,
) {
    for (name, found) in from {
        match into.get(name) {
            // The same declaration by two imports of one file is no clash.
            Some(first) if first.declared == found.declared => {}
            Some(first) => clashes.push((name, first.declared, found.declared)),
            None => {
                into.insert(
                    name,
                    InScope {
                        import: Some(import),
                        ..found
                    },
                );
            }
        }
    }
}

fn mark(used: &mut [bool], import: Option<usize>) {
    if let Some(flag) = import.and_then(|at| used.get_mut(at)) {
        *flag = true;
    }
}

fn set(state: &mut [u8], at: usize, value: u8) {
    if let Some(slot) = state.get_mut(at) {
        *slot = value;
    }
}

/// A name that is there already.
pub(super) fn duplicate(name: &ast::Name, first: Span) -> Diagnostic {
    Diagnostic::new(
        codes::DUPLICATE_NAME,
        name.span,
        format!("`{}` is there already", name.text),
    )
    .expected("another name")
    .label(first, "first declared here")
}
