//! Names in a journey or fragment: nodes, targets, types, and what each node is.
//!
//! Every unit is looked at by itself, fragments with their formals as holes, so that a mistake in a
//! fragment is said once however often the fragment is used, and said even where it is never used.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    codes,
    compile::{
        context::Cx,
        fill::known_type,
        names,
        outcome::Wiring,
        raw::{Place, Raw},
        scope::{Env, duplicate},
        unit::{
            Dest, Filled, Key, Kind, NodeInfo, Shape, TaskPlan, Unit, UnitId, UsePlan, Way, Written,
        },
        value_walk,
    },
    diagnostic::Diagnostic,
    model::{
        catalog::TypeId,
        journey::JourneySettings,
        signature::{Outcomes, Signature},
        value::Type,
    },
    source::{SourceId, Span},
    syntax::ast,
};

/// What a unit needs to know of all others.
#[derive(Debug, Default)]
pub(super) struct Units<'a> {
    /// In declaration order, journeys and fragments mixed.
    pub(super) heads: Vec<Head<'a>>,
    /// The first journey of each identifier.
    pub(super) journeys: BTreeMap<&'a str, UnitId>,
}

/// A unit before it is resolved.
#[derive(Debug)]
pub(super) struct Head<'a> {
    pub(super) written: Written<'a>,
    pub(super) file: SourceId,
    pub(super) used: bool,
}

impl<'a> Cx<'a> {
    /// Resolves one unit.
    pub(super) fn resolve(&mut self, units: &mut Units<'a>, id: UnitId) -> Option<Unit<'a>> {
        let (written, file) = units
            .heads
            .get(id.0)
            .map(|head| (head.written, head.file))?;
        let before = self.errors();
        let body = written.body();
        let mut unit = Unit {
            written,
            file,
            nodes: Vec::with_capacity(body.nodes.len()),
            by_name: BTreeMap::new(),
            exits: BTreeMap::new(),
            start: None,
            on_error: None,
            env: self.formals(written, file),
            settings: JourneySettings::default(),
            clean: true,
        };
        let exits = written.exits().len();
        if !self.few(exits, written.head(), "exits") {
            unit.clean = false;
            return Some(unit);
        }
        self.name_nodes(&mut unit);
        unit.start = self.start(&unit);
        let mut reached = vec![false; written.exits().len()];
        unit.on_error = self.on_error(&unit, &body.on_errors, &mut reached);
        for node in &body.nodes {
            let info = self.node(units, &unit, node, &mut reached);
            unit.nodes.push(info);
        }
        match written {
            Written::Journey(_) => self.journey_settings(&mut unit),
            Written::Fragment(_) => self.fragment_settings(&unit),
        }
        if before == self.errors() {
            self.unreached_exits(&unit, &reached);
        }
        unit.clean = before == self.errors() && !self.is_broken(written.span());
        Some(unit)
    }

    /// The formals of a fragment as holes of their types.
    fn formals(&mut self, written: Written<'a>, file: SourceId) -> Env {
        let Written::Fragment(fragment) = written else {
            return Env::new();
        };
        if !self.few(fragment.formals.len(), fragment.head, "parameters") {
            return Env::new();
        }
        let mut env = Env::new();
        let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
        for formal in &fragment.formals {
            names::check_declared(self, &formal.name, names::Custom::Snake, "parameters");
            if crate::compile::slot::is_root(&formal.name.text) {
                self.report(
                    Diagnostic::new(
                        codes::RESERVED_NAME,
                        formal.name.span,
                        format!("`{}` begins paths into the run", formal.name.text),
                    )
                    .expected("another name"),
                );
                continue;
            }
            if let Some(first) = seen.insert(&formal.name.text, formal.name.span) {
                self.report(duplicate(&formal.name, first));
                continue;
            }
            let raw = match self.type_of(&formal.ty) {
                Some(ty) => {
                    if let Some(default) = &formal.default {
                        let raw = self.raw(default, Place { file, env: None });
                        let what = format!("`{}`", formal.name.text);
                        self.fits(&raw, &ty, &what);
                    }
                    Raw::hole(ty, formal.name.span)
                }
                None => Raw::broken(formal.name.span),
            };
            env.insert(Arc::from(&*formal.name.text), raw);
        }
        env
    }

    fn name_nodes(&mut self, unit: &mut Unit<'a>) {
        for (at, exit) in unit.written.exits().iter().enumerate() {
            if !exit.quoted {
                names::check_declared(self, exit, names::Custom::Snake, "exits");
            }
            match unit.exits.get(exit.text.as_str()) {
                Some(first) => {
                    let first = unit
                        .written
                        .exits()
                        .get(*first)
                        .map_or(exit.span, |e| e.span);
                    self.report(duplicate(exit, first));
                }
                None => {
                    unit.exits.insert(&exit.text, at);
                }
            }
        }
        let body = unit.written.body();
        for (at, node) in body.nodes.iter().enumerate() {
            names::check_declared(self, &node.name, names::Custom::Snake, "nodes");
            if let Some(exit) = unit.exits.get(node.name.text.as_str()) {
                let exit = unit.written.exits().get(*exit);
                let span = exit.map_or(node.name.span, |e| e.span);
                self.report(duplicate(&node.name, span));
                unit.by_name.entry(&node.name.text).or_insert(at);
            } else if let Some(first) = unit.by_name.get(node.name.text.as_str()) {
                let first = body.nodes.get(*first);
                let span = first.map_or(node.name.span, |n| n.name.span);
                self.report(duplicate(&node.name, span));
            } else {
                unit.by_name.insert(&node.name.text, at);
            }
        }
    }

    fn start(&mut self, unit: &Unit<'a>) -> Option<usize> {
        let body = unit.written.body();
        let word = unit.written.word();
        let name = &unit.written.name().text;
        let Some(start) = body.starts.first() else {
            if self.is_broken(unit.written.span()) {
                return None;
            }
            let mut finding = Diagnostic::new(
                codes::MISSING_START,
                unit.written.head(),
                format!("{word} `{name}` does not say where it starts"),
            )
            .expected("`start` and the name of a node");
            if let Some(first) = body.nodes.first() {
                let line = format!("start {}", first.name.text);
                let at = first.doc.as_ref().map_or(first.span, |doc| doc.span);
                let indent = self.indent(at).unwrap_or("  ");
                finding = finding.fix(
                    format!("add `{line}`"),
                    at.before(),
                    format!("{line}\n\n{indent}"),
                );
            }
            self.report(finding);
            return None;
        };
        for second in body.starts.iter().skip(1) {
            self.report(
                Diagnostic::new(
                    codes::DUPLICATE_NAME,
                    second.span,
                    format!("{word} `{name}` says twice where it starts"),
                )
                .expected("one `start`")
                .label(start.span, "the first one"),
            );
        }
        let found = unit.by_name.get(start.text.as_str()).copied();
        if found.is_none() {
            self.unknown_target(unit, &start.text, start.span, false);
        }
        found
    }

    /// Where an arrow leads; a finding where there is no such node.
    fn target(
        &mut self,
        unit: &Unit<'a>,
        target: &ast::Target,
        span: Span,
        reached: &mut [bool],
    ) -> Option<Way> {
        let to = match &target.kind {
            ast::TargetKind::Success => Dest::Success,
            ast::TargetKind::Failure => Dest::Failure,
            ast::TargetKind::Nowhere => Dest::Nowhere,
            ast::TargetKind::Name(name) => {
                if let Some(at) = unit.by_name.get(name.as_str()) {
                    Dest::Node(*at)
                } else if let Some(at) = unit.exits.get(name.as_str()) {
                    if let Some(flag) = reached.get_mut(*at) {
                        *flag = true;
                    }
                    Dest::Exit(*at)
                } else {
                    self.unknown_target(unit, name, target.span, true);
                    return None;
                }
            }
        };
        Some(Way { to, span })
    }

    fn unknown_target(&mut self, unit: &Unit<'a>, name: &str, span: Span, ends: bool) {
        // A node whose own line did not parse is not missing.
        if self.in_broken_line(name) {
            self.excuse();
            return;
        }
        let also: &[&str] = if ends {
            &["success", "failure", "nowhere"]
        } else {
            &[]
        };
        let exits = unit.exits.keys().filter(|_| ends);
        let candidates = unit.by_name.keys().chain(exits).chain(also).copied();
        let expected = match (unit.written.is_fragment(), ends) {
            (true, true) => "a node or exit of this fragment, `success`, `failure` or `nowhere`",
            (false, true) => "a node of this journey, `success`, `failure` or `nowhere`",
            (true, false) => "a node of this fragment",
            (false, false) => "a node of this journey",
        };
        let mut finding = Diagnostic::new(
            codes::UNKNOWN_TARGET,
            span,
            format!("there is no node `{}`", super::clip(name)),
        )
        .expected(expected);
        if let Some(meant) = self.nearest(name, candidates) {
            finding = finding.fix(format!("did you mean `{meant}`?"), span, meant);
        }
        self.report(finding);
    }

    fn on_error(
        &mut self,
        unit: &Unit<'a>,
        written: &'a [ast::OnError],
        reached: &mut [bool],
    ) -> Option<Way> {
        let first = written.first()?;
        for second in written.iter().skip(1) {
            self.report(
                Diagnostic::new(
                    codes::DUPLICATE_OUTCOME,
                    second.span,
                    "`on error` is given twice",
                )
                .expected("one `on error`")
                .label(first.span, "the first one"),
            );
        }
        self.target(unit, &first.target, first.span, reached)
    }

    fn node(
        &mut self,
        units: &mut Units<'a>,
        unit: &Unit<'a>,
        node: &'a ast::Node,
        reached: &mut [bool],
    ) -> NodeInfo<'a> {
        let ways: Vec<Option<Way>> = node
            .arms
            .iter()
            .map(|arm| {
                let target = value_walk::target_of(arm);
                self.target(unit, target, value_walk::span_of(arm), reached)
            })
            .collect();
        let on_error = self.on_error(unit, &node.on_errors, reached);
        let mut info = NodeInfo {
            ast: node,
            kind: Kind::Broken,
            wired: Vec::new(),
            on_error,
        };
        let outcomes = node.arms.iter().map(|arm| match arm {
            ast::Arm::Edge(edge) => edge.outcomes.len(),
            ast::Arm::Only(_) | ast::Arm::When(_) | ast::Arm::Else(_) => 1,
        });
        if !self.few(outcomes.sum(), node.name.span, "arms") {
            return info;
        }
        match &node.kind {
            ast::NodeKind::Journey(name) => self.inner_node(units, &mut info, name, &ways),
            ast::NodeKind::Type { name, version } => {
                if name.text == "Decision" {
                    self.refuse_version(name, *version);
                    self.decision(unit, &mut info, &ways);
                } else if name.text == "Page" {
                    self.page(unit, &mut info, name, *version, &ways);
                } else if let Some(fragment) = self.fragment(unit.file, &name.text) {
                    self.refuse_version(name, *version);
                    self.use_fragment(units, unit, &mut info, fragment, &ways);
                } else {
                    self.task_node(unit, &mut info, name, *version, &ways);
                }
            }
        }
        // What a node of an unknown type may hold, nobody knows.
        if !matches!(info.kind, Kind::Page(_) | Kind::Broken) && !is_page(node) {
            self.misplaced_children(node);
        }
        info
    }

    fn misplaced_children(&mut self, node: &'a ast::Node) {
        for child in &node.children {
            self.report(
                Diagnostic::new(
                    codes::MISPLACED,
                    child.head,
                    format!(
                        "`{}` cannot hold the node `{}`",
                        node.name.text, child.name.text
                    ),
                )
                .expected("nodes within nodes only in a `Page`")
                .label(node.head, "this is no page"),
            );
        }
    }

    pub(super) fn refuse_version(&mut self, name: &ast::Name, version: Option<u32>) {
        if let Some(version) = version {
            self.report(
                Diagnostic::new(
                    codes::UNKNOWN_TYPE,
                    name.span,
                    format!("`{}` has no version {version}", name.text),
                )
                .expected("no version"),
            );
        }
    }

    fn task_node(
        &mut self,
        unit: &Unit<'a>,
        info: &mut NodeInfo<'a>,
        name: &'a ast::Name,
        version: Option<u32>,
        ways: &[Option<Way>],
    ) {
        let Some((ty, signature, version)) = self.find_type(unit, name, version) else {
            return;
        };
        if signature.name == "InnerTreeEvaluator" {
            self.report(
                Diagnostic::new(
                    codes::MISPLACED,
                    name.span,
                    "an inner journey is not written as a node type",
                )
                .expected("`journey` and the name of the journey"),
            );
            return;
        }
        let place = Place {
            file: unit.file,
            env: Some(&unit.env),
        };
        let filled = self.fill_task(signature, &info.ast.settings, info.ast, place);
        let Some((ty, signature)) = self.acting_as((ty, signature), &filled, info.ast) else {
            return;
        };
        let shape = self.shape(signature, &filled);
        let label = format!("`{}`", signature.name);
        let wiring = Wiring {
            node: info.ast,
            ty: &label,
            exits: false,
        };
        // Which outcomes there are may depend on settings; broken ones leave it open.
        let shape = match &signature.outcomes {
            Outcomes::Bounded(_) if filled.broken => Shape::Open,
            _ => shape,
        };
        info.wired = self.wire(wiring, &shape, &info.ast.arms, ways);
        info.kind = Kind::Task(TaskPlan {
            ty,
            version,
            signature,
            filled,
        });
    }

    /// The type of a node; a finding where there is none of this name.
    pub(super) fn find_type(
        &mut self,
        unit: &Unit<'a>,
        name: &'a ast::Name,
        version: Option<u32>,
    ) -> Option<(TypeId, &'a Arc<Signature>, u32)> {
        let Some(ty) = self.catalog.find(&name.text) else {
            self.unknown_type(unit, name);
            return None;
        };
        let signature = self.catalog.get(ty)?;
        let first = signature.versions.first().copied().unwrap_or(1);
        let version = version.unwrap_or(first);
        if version != 1 && !signature.versions.contains(&version) {
            let known: Vec<String> = signature.versions.iter().map(u32::to_string).collect();
            self.report(
                Diagnostic::new(
                    codes::UNKNOWN_TYPE,
                    name.span,
                    format!("`{}` has no version {version}", name.text),
                )
                .expected(format!("version {}", known.join(" or "))),
            );
            return None;
        }
        Some((ty, signature, version))
    }

    pub(super) fn unknown_type(&mut self, unit: &Unit<'a>, name: &'a ast::Name) {
        if self.in_broken_line(&name.text) {
            return;
        }
        let mut candidates: Vec<&str> = Vec::new();
        if self.may_guess() {
            candidates.extend(self.catalog.names());
            candidates.extend(["Page", "Decision"]);
            if let Some(scope) = self.scopes.get(unit.file.index()) {
                candidates.extend(scope.fragments.keys().copied());
            }
        }
        let mut finding = Diagnostic::new(
            codes::UNKNOWN_TYPE,
            name.span,
            format!(
                "there is no node type or fragment `{}`",
                super::clip(&name.text)
            ),
        )
        .expected("a node type of the catalogue, an `extern`, or a fragment");
        let without = name.text.strip_suffix("Node");
        let exact = without.filter(|short| candidates.contains(short));
        let meant = match exact {
            Some(short) => Some(short.to_owned()),
            None => self.nearest(&name.text, candidates),
        };
        // What looks like a fragment may be in the import that could not be read.
        let is_fragment = name.text.starts_with(|c: char| c.is_ascii_lowercase());
        if meant.is_none() && is_fragment && self.lacks_import(unit.file) {
            return;
        }
        match meant {
            Some(meant) => {
                finding = finding.fix(format!("did you mean `{meant}`?"), name.span, meant);
            }
            None if is_fragment => self.may_mean_any(unit.file),
            None => {}
        }
        self.report(finding);
    }

    fn inner_node(
        &mut self,
        units: &Units<'a>,
        info: &mut NodeInfo<'a>,
        name: &'a ast::Name,
        ways: &[Option<Way>],
    ) {
        let node = info.ast;
        for setting in &node.settings {
            self.report(
                Diagnostic::new(
                    codes::UNKNOWN_SETTING,
                    setting.key.span,
                    format!("an inner journey has no setting `{}`", setting.key.text),
                )
                .expected("arms only; `error` is there where it is wired"),
            );
        }
        let found = units.journeys.get(name.text.as_str()).copied();
        if found.is_none() {
            self.unknown_journey(units, name);
        }
        let mut names: Vec<(Arc<str>, bool)> =
            vec![(self.word("true"), true), (self.word("false"), true)];
        names.push((self.word("error"), false));
        let label = format!("journey `{}`", name.text);
        let wiring = Wiring {
            node,
            ty: &label,
            exits: false,
        };
        info.wired = self.wire(wiring, &Shape::Named(names), &node.arms, ways);
        if let Some(unit) = found {
            info.kind = Kind::Inner(unit);
        }
    }

    pub(super) fn unknown_journey(&mut self, units: &Units<'a>, name: &ast::Name) {
        if self.in_broken_line(&name.text) {
            return;
        }
        let mut finding = Diagnostic::new(
            codes::UNKNOWN_JOURNEY,
            name.span,
            format!("there is no journey `{}`", super::clip(&name.text)),
        )
        .expected("the identifier of a journey in this realm");
        let by_wire = units
            .journeys
            .values()
            .filter(|_| self.may_guess())
            .find_map(|id| {
                let Written::Journey(journey) = units.heads.get(id.0)?.written else {
                    return None;
                };
                let wire = journey.wire_name.as_ref()?;
                (wire.text == name.text).then(|| journey.name.text.clone())
            });
        let meant = match by_wire {
            Some(identifier) => Some(identifier),
            None => self.nearest(&name.text, units.journeys.keys().copied()),
        };
        if let Some(meant) = meant {
            finding = finding.fix(format!("did you mean `{meant}`?"), name.span, meant);
        }
        self.report(finding);
    }

    fn use_fragment(
        &mut self,
        units: &mut Units<'a>,
        unit: &Unit<'a>,
        info: &mut NodeInfo<'a>,
        fragment: UnitId,
        ways: &[Option<Way>],
    ) {
        let node = info.ast;
        let Some(head) = units.heads.get_mut(fragment.0) else {
            return;
        };
        head.used = true;
        let Written::Fragment(ast) = head.written else {
            return;
        };
        let place = Place {
            file: unit.file,
            env: Some(&unit.env),
        };
        if ast.exits.len().max(ast.formals.len()) > 1_024 {
            // Said at the fragment.
            return;
        }
        let arguments = self.arguments(ast, node, place);
        let mut names: Vec<(Arc<str>, bool)> = Vec::with_capacity(ast.exits.len());
        for exit in &ast.exits {
            if !names.iter().any(|(name, _)| **name == *exit.text) {
                names.push((self.word(&exit.text), true));
            }
        }
        let label = format!("fragment `{}`", ast.name.text);
        let wiring = Wiring {
            node,
            ty: &label,
            exits: true,
        };
        info.wired = self.wire(wiring, &Shape::Named(names), &node.arms, ways);
        info.kind = Kind::Use(UsePlan {
            unit: fragment,
            arguments,
        });
    }

    /// Checks what a caller writes for the formals of a fragment.
    fn arguments(
        &mut self,
        fragment: &'a ast::Fragment,
        node: &'a ast::Node,
        place: Place<'_>,
    ) -> Vec<&'a ast::Setting> {
        let mut types = Vec::with_capacity(fragment.formals.len());
        for formal in &fragment.formals {
            // A type that is not there was reported at the fragment.
            let ty = known_type(&formal.ty).unwrap_or(Type::Any);
            types.push((formal, ty));
        }
        let keys: Vec<Key<'_>> = types
            .iter()
            .map(|(formal, ty)| Key::Plain(&formal.name.text, ty))
            .collect();
        let written: Vec<&'a ast::Setting> = node.settings.iter().collect();
        let mut filled = Filled::default();
        let holder = format!("fragment `{}`", fragment.name.text);
        let meant = self.fill(&keys, &written, &holder, place, &mut filled);
        for formal in &fragment.formals {
            let name = formal.name.text.as_str();
            let given = written.iter().any(|s| s.key.text == name) || meant.contains_key(name);
            if formal.default.is_none() && !given && !self.is_broken(node.span) {
                self.report(
                    Diagnostic::new(
                        codes::MISSING_SETTING,
                        node.name.span,
                        format!("`{}` needs `{name}`", node.name.text),
                    )
                    .expected(format!(
                        "a value for each parameter of `{}`",
                        fragment.name.text
                    ))
                    .label(formal.name.span, "it has no default"),
                );
            }
        }
        written
    }

    fn fragment_settings(&mut self, unit: &Unit<'a>) {
        for setting in &unit.written.body().settings {
            self.report(
                Diagnostic::new(
                    codes::MISPLACED,
                    setting.key.span,
                    format!("a fragment has no setting `{}`", setting.key.text),
                )
                .expected("settings in a journey or a node"),
            );
        }
    }

    fn unreached_exits(&mut self, unit: &Unit<'a>, reached: &[bool]) {
        if self.is_broken(unit.written.span()) {
            return;
        }
        for (exit, reached) in unit.written.exits().iter().zip(reached) {
            if !reached && !unit.by_name.contains_key(exit.text.as_str()) {
                self.report(
                    Diagnostic::new(
                        codes::BAD_EXIT,
                        exit.span,
                        format!("no arrow of the fragment leads to its exit `{}`", exit.text),
                    )
                    .expected("an exit that some arrow leads to"),
                );
            }
        }
    }
}

/// Whether a node is written as a page.
pub(super) fn is_page(node: &ast::Node) -> bool {
    matches!(&node.kind, ast::NodeKind::Type { name, .. } if name.text == "Page")
}
