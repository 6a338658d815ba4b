//! One line of the grammar to one item of the tree.
//!
//! In: the pairs of a line that the grammar knows. Out: its node of the tree, with findings for literals
//! and names that are not well formed. Which block an item belongs to is decided in `tree`.

use crate::{
    codes,
    diagnostic::Diagnostic,
    source::{SourceId, Span},
    syntax::{
        ast::{
            Allow, Arm, Constant, Doc, Edge, Ensure, Extern, ExternFact, Formal, Import, Name,
            Node, NodeKind, OnError, Only, Parameter, Path, Place, PlaceRoot, Property, Setting,
            Target, TargetKind, TypeExpr, TypeKind, Value, ValueKind, When,
        },
        literal,
        parser::Rule,
    },
};

pub(super) type Pair<'a> = pest::iterators::Pair<'a, Rule>;

/// The pairs inside a pair that are nodes of the tree.
pub(super) trait Inner<'a> {
    fn inner(self) -> impl Iterator<Item = Pair<'a>>;
}

impl<'a> Inner<'a> for Pair<'a> {
    fn inner(self) -> impl Iterator<Item = Pair<'a>> {
        self.into_inner().filter(|pair| !is_trivia(pair.as_rule()))
    }
}

/// Keywords and comments are atomic rules, since blanks must not be stepped over within them, and so
/// leave pairs that say nothing.
pub(super) fn is_trivia(rule: Rule) -> bool {
    matches!(
        rule,
        Rule::comment
            | Rule::IMPORT
            | Rule::LET
            | Rule::PARAM
            | Rule::JOURNEY
            | Rule::FRAGMENT
            | Rule::POLICY
            | Rule::REQUIRE
            | Rule::SUBJECTS
            | Rule::EXTERN
            | Rule::START
            | Rule::NODE
            | Rule::ENSURE
            | Rule::WHEN
            | Rule::ELSE
            | Rule::ALLOW
            | Rule::BECAUSE
            | Rule::AS
            | Rule::HAS
            | Rule::IN
            | Rule::ON
            | Rule::ON_ERROR
            | Rule::ASKS
            | Rule::READS
            | Rule::WRITES
            | Rule::PROVES
            | Rule::SUSPENDS
            | Rule::CALLS_OUT
            | Rule::RUNS
            | Rule::EVERY_PATH_TO
            | Rule::PASSES
            | Rule::OR
            | Rule::NEVER
            | Rule::AFTER
            | Rule::AT_MOST
            | Rule::VISITS_OF
            | Rule::SAME_FACE_UNTIL
            | Rule::AT
            | Rule::ANY_OF
            | Rule::PROOF_OF
            | Rule::FILE
            | Rule::TEST
            | Rule::FOR
            | Rule::GUARD
            | Rule::EXCEPT
            | Rule::REPEAT
            | Rule::GIVEN
            | Rule::ANSWER
            | Rule::REPLY
            | Rule::EXPECT
            | Rule::ADVANCE
            | Rule::RESUME
            | Rule::ALLOW_UNCOVERED
    )
}

/// The words that cannot be names.
pub(super) const RESERVED: [&str; 18] = [
    "import", "let", "param", "journey", "fragment", "start", "node", "ensure", "when", "else",
    "success", "failure", "nowhere", "true", "false", "null", "has", "in",
];

/// The builder of items: the text, and the findings so far.
pub(super) struct Reader<'a> {
    text: &'a str,
    id: SourceId,
    pub(super) findings: Vec<Diagnostic>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str, id: SourceId) -> Self {
        Self {
            text,
            id,
            findings: Vec::new(),
        }
    }

    pub(super) fn report(&mut self, finding: Diagnostic) {
        self.findings.push(finding);
    }

    pub(super) fn text_of(&self, span: Span) -> &'a str {
        self.text.get(span.range()).unwrap_or_default()
    }

    /// The place of a pair, without the blanks that the grammar has stepped over after it.
    pub(super) fn span(&self, pair: &Pair<'_>) -> Span {
        let start = pair.as_span().start();
        let kept = pair.as_str().trim_end_matches([' ', '\t']);
        Span::new(self.id, start, start + kept.len())
    }

    // ---- names ---------------------------------------------------------------------------------------

    /// A word as it stands.
    pub(super) fn word(&self, pair: &Pair<'_>) -> Name {
        Name {
            text: pair.as_str().trim_end_matches([' ', '\t']).to_owned(),
            span: self.span(pair),
            quoted: false,
        }
    }

    /// A string that is a name, a path or a reason.
    pub(super) fn quoted(&mut self, pair: &Pair<'_>) -> Name {
        let span = self.span(pair);
        Name {
            text: literal::plain(self.text_of(span), span, &mut self.findings),
            span,
            quoted: true,
        }
    }

    /// An outcome, or a string or key wherever both may stand.
    pub(super) fn either(&mut self, pair: Pair<'_>) -> Option<Name> {
        let inner = match pair.as_rule() {
            Rule::outcome => pair.inner().next()?,
            _ => pair,
        };
        Some(if inner.as_rule() == Rule::string {
            self.quoted(&inner)
        } else {
            self.word(&inner)
        })
    }

    /// A name where one is introduced.
    pub(super) fn declared(&mut self, pair: Pair<'_>) -> Option<Name> {
        let name = self.introduced(pair)?;
        if !name.quoted && RESERVED.contains(&name.text.as_str()) {
            self.report(
                Diagnostic::new(
                    codes::RESERVED_NAME,
                    name.span,
                    format!("`{}` is a word of the language", name.text),
                )
                .expected("a name of your own")
                .help(format!("call it `{}_node`, or what it does", name.text)),
            );
        }
        Some(name)
    }

    /// A name of a setting that an `extern` declares: any word.
    fn introduced(&mut self, pair: Pair<'_>) -> Option<Name> {
        let inner = pair.inner().next()?;
        if inner.as_rule() == Rule::string {
            let name = self.quoted(&inner);
            let plain = plain_name(&name.text);
            self.report(
                Diagnostic::new(codes::SYNTAX, name.span, "a name has no quotes")
                    .expected("letters, digits and `_`")
                    .fix(format!("write `{plain}`"), name.span, plain),
            );
            return Some(name);
        }
        let name = self.word(&inner);
        let begins_well = !name.text.starts_with(|c: char| c.is_ascii_digit());
        if !begins_well || name.text.contains('-') {
            let plain = plain_name(&name.text);
            self.report(
                Diagnostic::new(
                    codes::SYNTAX,
                    name.span,
                    format!("`{}` is not a name", literal::clip(&name.text)),
                )
                .expected("letters, digits and `_`, a letter first")
                .fix(
                    format!("write `{}`", literal::clip(&plain)),
                    name.span,
                    plain,
                ),
            );
        }
        Some(name)
    }

    pub(super) fn path(&mut self, pair: &Pair<'_>) -> Path {
        let span = self.span(pair);
        literal::path_of(self.text_of(span), span, &mut self.findings)
    }

    // ---- values --------------------------------------------------------------------------------------

    /// Calls itself for lists and records, to the depth that the scan allows; what does not nest is kept
    /// out of these three, so that they need little of the stack.
    pub(super) fn value(&mut self, pair: Pair<'_>) -> Option<Value> {
        let span = self.span(&pair);
        let kind = match pair.as_rule() {
            Rule::list => self.list(pair)?,
            Rule::record => self.record(pair)?,
            _ => self.scalar(pair, span)?,
        };
        Some(Value { kind, span })
    }

    fn list(&mut self, pair: Pair<'_>) -> Option<ValueKind> {
        let mut values = Vec::new();
        for inner in pair.into_inner() {
            if !is_trivia(inner.as_rule()) {
                values.push(self.value(inner)?);
            }
        }
        Some(ValueKind::List(values))
    }

    fn record(&mut self, pair: Pair<'_>) -> Option<ValueKind> {
        let mut entries = Vec::new();
        for entry in pair.into_inner() {
            if !is_trivia(entry.as_rule()) {
                let mut inner = entry.into_inner();
                let key = self.either(inner.next()?)?;
                entries.push((key, self.value(inner.next()?)?));
            }
        }
        Some(ValueKind::Record(entries))
    }

    fn scalar(&mut self, pair: Pair<'_>, span: Span) -> Option<ValueKind> {
        let text = self.text_of(span);
        Some(match pair.as_rule() {
            Rule::numeric => match literal::numeric(text, span) {
                Ok(kind) => kind,
                Err(finding) => {
                    self.report(*finding);
                    ValueKind::Broken
                }
            },
            Rule::boolean => ValueKind::Bool(text == "true"),
            Rule::null => ValueKind::Null,
            Rule::string => ValueKind::Text(literal::text(text, span, &mut self.findings)),
            Rule::text_block => ValueKind::Block(literal::block(text)),
            Rule::path => ValueKind::Reference(self.path(&pair)),
            Rule::file_value => ValueKind::File(self.quoted(&pair.inner().next()?)),
            _ => return None,
        })
    }

    fn type_expr(&mut self, pair: Pair<'_>) -> Option<TypeExpr> {
        let span = self.span(&pair);
        let inner = pair.inner().next()?;
        let kind = match inner.as_rule() {
            Rule::list_type => TypeKind::List(Box::new(self.type_expr(inner.inner().next()?)?)),
            Rule::map_type => TypeKind::Map(Box::new(self.type_expr(inner.inner().next()?)?)),
            _ => TypeKind::Named(inner.as_str().to_owned()),
        };
        Some(TypeExpr { kind, span })
    }

    // ---- items of the top ----------------------------------------------------------------------------

    pub(super) fn import(&mut self, pair: Pair<'_>) -> Option<Import> {
        let span = self.span(&pair);
        let path = self.quoted(&pair.inner().next()?);
        Some(Import { path, span })
    }

    pub(super) fn constant(&mut self, pair: Pair<'_>, doc: Option<Doc>) -> Option<Constant> {
        let span = self.span(&pair);
        let mut inner = pair.inner();
        Some(Constant {
            doc,
            name: self.declared(inner.next()?)?,
            value: self.value(inner.next()?)?,
            span,
        })
    }

    pub(super) fn parameter(&mut self, pair: Pair<'_>, doc: Option<Doc>) -> Option<Parameter> {
        let formal = self.formal(pair, true)?;
        Some(Parameter {
            doc,
            name: formal.name,
            ty: formal.ty,
            default: formal.default,
            span: formal.span,
        })
    }

    fn formal(&mut self, pair: Pair<'_>, is_own: bool) -> Option<Formal> {
        let span = self.span(&pair);
        let mut inner = pair.inner();
        let name = inner.next()?;
        Some(Formal {
            name: if is_own {
                self.declared(name)?
            } else {
                self.introduced(name)?
            },
            ty: self.type_expr(inner.next()?)?,
            default: match inner.next() {
                Some(value) => Some(self.value(value)?),
                None => None,
            },
            span,
        })
    }

    pub(super) fn formals(&mut self, pair: Pair<'_>, is_own: bool) -> Option<Vec<Formal>> {
        pair.inner()
            .map(|inner| self.formal(inner, is_own))
            .collect()
    }

    pub(super) fn exits(&mut self, pair: Pair<'_>, is_own: bool) -> Option<Vec<Name>> {
        let mut exits = Vec::new();
        for inner in pair.inner() {
            let exit = self.either(inner)?;
            if is_own && ["success", "failure", "nowhere"].contains(&exit.text.as_str()) {
                self.report(
                    Diagnostic::new(
                        codes::RESERVED_NAME,
                        exit.span,
                        format!("`{}` is a word of the language", exit.text),
                    )
                    .expected("an exit with a name of its own")
                    .help("an arrow to it would end the journey"),
                );
            }
            exits.push(exit);
        }
        Some(exits)
    }

    pub(super) fn extern_type(&mut self, pair: Pair<'_>, doc: Option<Doc>) -> Option<Extern> {
        let span = self.span(&pair);
        let mut inner = pair.inner();
        let name = self.word(&inner.next()?);
        let wire_type = self.quoted(&inner.next()?);
        let mut settings = Vec::new();
        let mut outcomes = None;
        for part in inner {
            match part.as_rule() {
                Rule::formals => settings = self.formals(part, false)?,
                Rule::exits => outcomes = Some(self.exits(part, false)?),
                _ => {}
            }
        }
        Some(Extern {
            doc,
            name,
            wire_type,
            settings,
            outcomes,
            facts: Vec::new(),
            open: None,
            span,
        })
    }

    pub(super) fn fact(&mut self, pair: Pair<'_>) -> Option<ExternFact> {
        let span = self.span(&pair);
        let rule = pair.as_rule();
        let mut inner = pair.inner();
        Some(match rule {
            Rule::asks => ExternFact::Asks(self.word(&inner.next()?)),
            Rule::reads => ExternFact::Reads(self.path(&inner.next()?)),
            Rule::writes => {
                let path = self.path(&inner.next()?);
                ExternFact::Writes(path, self.type_expr(inner.next()?)?)
            }
            Rule::proves => {
                let first = inner.next()?;
                if first.as_rule() == Rule::nothing {
                    ExternFact::Proves {
                        factor: None,
                        on: None,
                        span,
                    }
                } else {
                    ExternFact::Proves {
                        factor: Some(self.word(&first)),
                        on: Some(self.either(inner.next()?)?),
                        span,
                    }
                }
            }
            Rule::suspends => ExternFact::Suspends(span),
            Rule::calls_out => ExternFact::CallsOut(span),
            Rule::runs => ExternFact::Runs {
                script: self.value(inner.next()?)?,
                span,
            },
            _ => return None,
        })
    }

    // ---- items of a block ----------------------------------------------------------------------------

    /// A node without its block, and the arrow on its line.
    pub(super) fn node(&mut self, pair: Pair<'_>, doc: Option<Doc>) -> Option<Node> {
        let span = self.span(&pair);
        let mut inner = pair.inner();
        let name = self.declared(inner.next()?)?;
        let what = inner.next()?;
        let head = span.before().to(self.span(&what));
        let kind = self.node_kind(what)?;
        let mut settings = Vec::new();
        let mut arms = Vec::new();
        for part in inner {
            match part.as_rule() {
                Rule::arguments => {
                    for argument in part.inner() {
                        settings.push(self.setting(argument, None)?);
                    }
                }
                _ => arms.push(Arm::Only(self.only(part, None)?)),
            }
        }
        Some(Node {
            doc,
            name,
            kind,
            settings,
            children: Vec::new(),
            arms,
            on_errors: Vec::new(),
            allows: Vec::new(),
            span,
            head,
            open: None,
            close: None,
        })
    }

    fn node_kind(&mut self, pair: Pair<'_>) -> Option<NodeKind> {
        let is_journey = pair.as_rule() == Rule::inner_journey;
        let mut inner = pair.inner();
        let name = self.word(&inner.next()?);
        if is_journey {
            return Some(NodeKind::Journey(name));
        }
        let mut version = None;
        if let Some(number) = inner.next() {
            version = number.as_str().parse().ok().filter(|n| *n > 0);
            if version.is_none() {
                let span = self.span(&number);
                self.report(
                    Diagnostic::new(
                        codes::BAD_LITERAL,
                        span,
                        format!("`{}` is not a version", literal::clip(number.as_str())),
                    )
                    .expected("a whole number, as in `Page@2`"),
                );
            }
        }
        Some(NodeKind::Type { name, version })
    }

    pub(super) fn setting(&mut self, pair: Pair<'_>, doc: Option<Doc>) -> Option<Setting> {
        let span = self.span(&pair);
        let mut inner = pair.inner();
        Some(Setting {
            doc,
            key: self.word(&inner.next()?),
            value: self.value(inner.next()?)?,
            span,
        })
    }

    pub(super) fn only(&mut self, pair: Pair<'_>, doc: Option<Doc>) -> Option<Only> {
        let span = self.span(&pair);
        let target = self.target(pair.inner().next()?)?;
        Some(Only { doc, target, span })
    }

    pub(super) fn on_error(&mut self, pair: Pair<'_>) -> Option<OnError> {
        let span = self.span(&pair);
        let target = self.target(pair.inner().next()?)?;
        Some(OnError { target, span })
    }

    /// An arm of a node: a wired outcome, a guard, or what is left.
    pub(super) fn arm(&mut self, pair: Pair<'_>, doc: Option<Doc>) -> Option<Arm> {
        Some(match pair.as_rule() {
            Rule::edge => Arm::Edge(self.edge(pair, doc)?),
            Rule::only_edge => Arm::Only(self.only(pair, doc)?),
            Rule::guard => Arm::When(self.guard(pair, doc)?),
            _ => Arm::Else(self.only(pair, doc)?),
        })
    }

    pub(super) fn edge(&mut self, pair: Pair<'_>, doc: Option<Doc>) -> Option<Edge> {
        let span = self.span(&pair);
        let mut outcomes = Vec::new();
        let mut target = None;
        for part in pair.inner() {
            if part.as_rule() == Rule::target {
                target = Some(self.target(part)?);
            } else {
                outcomes.push(self.either(part)?);
            }
        }
        Some(Edge {
            doc,
            outcomes,
            target: target?,
            span,
        })
    }

    pub(super) fn guard(&mut self, pair: Pair<'_>, doc: Option<Doc>) -> Option<When> {
        let span = self.span(&pair);
        let mut inner = pair.inner();
        let condition = self.expr(inner.next()?)?;
        let mut name = None;
        let mut target = None;
        for part in inner {
            if part.as_rule() == Rule::target {
                target = Some(self.target(part)?);
            } else {
                name = Some(self.word(&part));
            }
        }
        Some(When {
            doc,
            condition,
            name,
            target: target?,
            span,
        })
    }

    fn target(&mut self, pair: Pair<'_>) -> Option<Target> {
        let name = self.either(pair.inner().next()?)?;
        let kind = match name.text.as_str() {
            "success" if !name.quoted => TargetKind::Success,
            "failure" if !name.quoted => TargetKind::Failure,
            "nowhere" if !name.quoted => TargetKind::Nowhere,
            _ => TargetKind::Name(name.text),
        };
        Some(Target {
            kind,
            span: name.span,
        })
    }

    pub(super) fn allow(&mut self, pair: Pair<'_>) -> Option<Allow> {
        let span = self.span(&pair);
        let mut codes = Vec::new();
        let mut reason = None;
        for part in pair.inner() {
            if part.as_rule() == Rule::string {
                reason = Some(self.quoted(&part));
            } else {
                codes.push(self.word(&part));
            }
        }
        Some(Allow {
            codes,
            reason: reason?,
            span,
        })
    }

    // ---- properties ----------------------------------------------------------------------------------

    pub(super) fn ensure(&mut self, pair: Pair<'_>, doc: Option<Doc>) -> Option<Ensure> {
        let span = self.span(&pair);
        let mut label = None;
        let mut property = None;
        for part in pair.inner() {
            if part.as_rule() == Rule::string {
                label = Some(self.quoted(&part));
            } else {
                property = Some(self.property(part)?);
            }
        }
        Some(Ensure {
            doc,
            label,
            property: property?,
            span,
        })
    }

    fn property(&mut self, pair: Pair<'_>) -> Option<Property> {
        let rule = pair.as_rule();
        let mut inner = pair.inner();
        Some(match rule {
            Rule::every_path => {
                let to = self.place(inner.next()?)?;
                let passes: Option<Vec<Place>> = inner.map(|part| self.place(part)).collect();
                Property::EveryPath {
                    to,
                    passes: passes?,
                }
            }
            Rule::never => Property::Never {
                what: self.place(inner.next()?)?,
                after: self.place(inner.next()?)?,
            },
            Rule::at_most => {
                let count = inner.next()?;
                let span = self.span(&count);
                let visits = match literal::numeric(self.text_of(span), span) {
                    Ok(ValueKind::Int(visits)) => u64::try_from(visits).ok(),
                    Ok(_) => None,
                    Err(finding) => {
                        self.report(*finding);
                        Some(0)
                    }
                };
                if visits.is_none() {
                    self.report(
                        Diagnostic::new(codes::BAD_LITERAL, span, "this is not a number of visits")
                            .expected("a whole number"),
                    );
                }
                Property::AtMost {
                    visits: visits.unwrap_or_default(),
                    of: self.place(inner.next()?)?,
                }
            }
            Rule::same_face => Property::SameFace {
                until: self.place(inner.next()?)?,
            },
            Rule::at_place => Property::At {
                condition: self.expr(inner.next()?)?,
                place: self.place(inner.next()?)?,
            },
            _ => return None,
        })
    }

    fn place(&mut self, pair: Pair<'_>) -> Option<Place> {
        let span = self.span(&pair);
        let mut inner = pair.inner();
        let first = inner.next()?;
        let root = match first.as_rule() {
            Rule::any_type => PlaceRoot::Any(self.either(first.inner().next()?)?),
            Rule::proof => PlaceRoot::Proof(self.word(&first.inner().next()?)),
            _ => {
                let name = self.either(first)?;
                match name.text.as_str() {
                    "success" if !name.quoted => PlaceRoot::Success,
                    "failure" if !name.quoted => PlaceRoot::Failure,
                    _ => PlaceRoot::Name(name),
                }
            }
        };
        let steps: Option<Vec<Name>> = inner.map(|part| self.either(part)).collect();
        Some(Place {
            root,
            steps: steps?,
            span,
        })
    }
}

/// The nearest thing to `text` that can be a name.
fn plain_name(text: &str) -> String {
    let mut name: String = text
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect();
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        name.insert(0, '_');
    }
    if RESERVED.contains(&name.as_str()) {
        name.push('_');
    }
    name
}
