//! Bindings: which journey an operation of a wire runs, what of its request goes where, and which code each
//! way to fail has.
//!
//! They are read like all else of the file; whether they fit their journeys is checked where a program is at
//! hand, by [`BindingSettings::check`], at the start of a server and by `wayfare check`.

use std::{collections::BTreeMap, ops::Range, sync::Arc};

use toml::de::DeValue;
use wayfare::{
    Diagnostics, GroundKind, Source, SourceId, SourceMap, Span,
    analysis::{Binding, BoundField, check_bindings},
    headless::Slot,
    model::program::Program,
};
use wayfare_wire::capture::{error::Code, operation::Operation};

use super::{
    named,
    table::{Table, integer, nearest},
};

/// A journey that an operation or a form of a wire runs.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct BindingSettings {
    /// The journey, by its name on the wire.
    pub journey: String,
    /// The input of the journey that each field of the request goes to.
    pub fields: BTreeMap<String, Slot>,
    /// The code of each ground that has one of its own.
    pub codes: BTreeMap<GroundKind, u32>,
    /// The code of every other ground; the wire's own where absent.
    pub otherwise: Option<u32>,
    /// Whether the journey may ask for what no field brings.
    pub partial: bool,
    source: Source,
    at: Range<usize>,
    fields_at: BTreeMap<String, Range<usize>>,
    /// Where their names stand.
    names_at: BTreeMap<String, Range<usize>>,
    codes_at: BTreeMap<GroundKind, Range<usize>>,
    /// Of fields of which that is known, whether they hold a password.
    secrets: BTreeMap<String, bool>,
}

impl BindingSettings {
    /// A binding that stands in no file: of the demo, or of a program that embeds the server.
    pub fn new(journey: &str, fields: &[(&str, Slot)]) -> Self {
        let fields = fields.iter();
        Self {
            journey: journey.to_owned(),
            fields: fields
                .map(|(name, slot)| ((*name).to_owned(), slot.clone()))
                .collect(),
            codes: BTreeMap::new(),
            otherwise: None,
            partial: false,
            source: Source::new("(settings)", ""),
            at: 0..0,
            fields_at: BTreeMap::new(),
            names_at: BTreeMap::new(),
            codes_at: BTreeMap::new(),
            secrets: BTreeMap::new(),
        }
    }

    /// A binding that follows from another file, at a place of it.
    pub(crate) fn made(
        journey: &str,
        fields: BTreeMap<String, Slot>,
        (source, at): (Source, Range<usize>),
        partial: bool,
    ) -> Self {
        Self {
            fields,
            partial,
            source,
            at,
            ..Self::new(journey, &[])
        }
    }

    /// The same, where it is known of these fields whether they hold a password.
    pub(crate) fn holding(mut self, secrets: BTreeMap<String, bool>) -> Self {
        self.secrets = secrets;
        self
    }

    /// The file that it stands in.
    pub(crate) fn source(&self) -> &Source {
        &self.source
    }

    /// Where a field is named, or the journey is.
    pub(crate) fn span(&self, field: Option<&str>, source: SourceId) -> Span {
        let at = field.and_then(|field| self.names_at.get(field));
        let at = at.unwrap_or(&self.at);
        Span::new(source, at.start, at.end)
    }

    /// The code of a ground, or of the one that says the same less exactly; `None` where the wire says.
    pub fn code(&self, kind: GroundKind) -> Option<u32> {
        let own = |kind: GroundKind| self.codes.get(&kind).copied();
        let found = own(kind).or_else(|| own(kind.coarser()?));
        found.or(self.otherwise)
    }

    /// Whether the wire has a code for every ground that the file gives none: one that says no more than yes
    /// and no has. Of the others, each that can come must be written.
    pub fn has_default(name: &str) -> bool {
        name.starts_with("autoid.")
    }

    /// What is wrong with bindings beside a program; the files they stand in become sources beside its own.
    ///
    /// Where `has_default`, the wire has a code for every ground that the file gives none.
    pub fn check<'b>(
        bindings: impl IntoIterator<Item = (&'b str, &'b Self)>,
        has_default: impl Fn(&str) -> bool,
        program: &Program,
        sources: &mut SourceMap,
    ) -> Diagnostics {
        let mut files: BTreeMap<Arc<str>, SourceId> = BTreeMap::new();
        let mut bound = Vec::new();
        for (name, settings) in bindings {
            let file = Arc::from(settings.source.name());
            let id = *files
                .entry(file)
                .or_insert_with(|| sources.add(settings.source.clone()));
            bound.push(settings.bound(name, id, has_default(name)));
        }
        let mut found = check_bindings(program, &bound);
        for binding in bound.iter().filter(|binding| logs_in(&binding.name)) {
            let wrong = named::no_login(program, (&binding.name, &binding.journey), binding.at);
            if let Some(wrong) = wrong {
                found.push(wrong);
            }
        }
        found
    }

    fn bound(&self, name: &str, source: SourceId, has_default: bool) -> Binding {
        let span = |at: Option<&Range<usize>>| {
            let at = at.unwrap_or(&self.at);
            Span::new(source, at.start, at.end)
        };
        Binding {
            name: Arc::from(name),
            journey: Arc::from(&*self.journey),
            at: span(None),
            fields: self
                .fields
                .iter()
                .map(|(name, slot)| BoundField {
                    name: Arc::from(&**name),
                    slot: slot.clone(),
                    at: span(self.fields_at.get(name)),
                    secret: self.secrets.get(name).copied(),
                })
                .collect(),
            grounds: self
                .codes
                .keys()
                .map(|kind| (*kind, span(self.codes_at.get(kind))))
                .collect(),
            has_default: has_default || self.otherwise.is_some(),
            partial: self.partial,
        }
    }
}

/// The bindings under `bindings`, by what they bind.
pub(super) fn bindings(table: &Table<'_>, into: &mut BTreeMap<String, BindingSettings>) {
    let Some(table) = table.table("bindings") else {
        return;
    };
    for (name, value) in table.every() {
        let name = name.get_ref();
        if !is_operation(name) {
            let message = "binds nothing that a wire runs: there are `autoid.login`, and of Capture \
                           `capture.OPERATION` and `capture.OPERATION.FORM` for what takes forms";
            table.wrong(&value.span(), name, message);
            continue;
        }
        let Some(inner) = table.table(name) else {
            continue;
        };
        if let Some(mut binding) = binding(&inner) {
            known(name, &binding, &inner);
            if &**name == AUTOID_LOGIN {
                let fields = binding.fields.keys();
                let secrets = fields.map(|field| (field.clone(), field == AUTOID_PASSWORD));
                binding.secrets = secrets.collect();
            }
            into.insert(name.to_string(), binding);
        }
        inner.close();
    }
}

/// The login of Autonomous Identity, and what it has.
const AUTOID_LOGIN: &str = "autoid.login";
const AUTOID_PASSWORD: &str = "password";
const AUTOID_FIELDS: [&str; 2] = ["username", AUTOID_PASSWORD];

/// How the names of what Capture runs begin.
const CAPTURE: &str = "capture.";

/// Whether a wire runs something of this name: a misspelt one would leave an operation to its default.
fn is_operation(name: &str) -> bool {
    name == AUTOID_LOGIN || of_capture(name).is_some()
}

/// The operation of Capture that a binding is of, and its form where it names one.
pub(super) fn of_capture(name: &str) -> Option<(Operation, Option<&str>)> {
    let rest = name.strip_prefix(CAPTURE)?;
    let (operation, form) = match rest.split_once('.') {
        Some((operation, form)) => (operation, Some(form)),
        None => (rest, None),
    };
    let operation = Operation::of_name(operation).filter(|operation| operation.is_native())?;
    Some((operation, form))
}

/// Whether what is bound is a login.
fn logs_in(name: &str) -> bool {
    let login = |operation| {
        matches!(
            operation,
            Operation::AuthNative | Operation::AuthNativeTraditional
        )
    };
    name == AUTOID_LOGIN || of_capture(name).is_some_and(|(operation, _)| login(operation))
}

/// Refuses fields and codes that the wire has not.
fn known(name: &str, binding: &BindingSettings, table: &Table<'_>) {
    if name == AUTOID_LOGIN {
        for (field, at) in &binding.fields_at {
            if !AUTOID_FIELDS.contains(&field.as_str()) {
                let message = "is no field of a login; there are `username` and `password`";
                table.wrong(at, field, message);
            }
        }
        return;
    }
    for (kind, at) in &binding.codes_at {
        let code = binding.codes.get(kind);
        let is_known = |code: &u32| Code::ALL.iter().any(|one| u32::from(one.number()) == *code);
        if !code.is_some_and(is_known) {
            table.wrong(at, kind.word(), "is no code of Capture");
        }
    }
}

/// One binding.
pub(super) fn binding(table: &Table<'_>) -> Option<BindingSettings> {
    let at = table.find("journey").map(|(span, _)| span);
    let journey = table.text("journey").filter(|name| !name.is_empty());
    let mut read = BindingSettings::new("", &[]);
    read.source = table.source();
    fields(table, &mut read);
    codes(table, &mut read);
    table.flag("partial", &mut read.partial);
    match (journey, at) {
        (Some(journey), Some(at)) => {
            (read.journey, read.at) = (journey, at);
            Some(read)
        }
        (None, None) => {
            table.missing("journey", "write the name of the journey that is run");
            None
        }
        _ => None,
    }
}

fn fields(table: &Table<'_>, into: &mut BindingSettings) {
    let Some(fields) = table.table("fields") else {
        return;
    };
    for (name, value) in fields.every() {
        let slot = value.get_ref().as_str().and_then(Slot::parse);
        let Some(slot) = slot else {
            fields.wrong(
                &value.span(),
                name.get_ref(),
                "must be an input such as \"username\", \"password#2\" or \"ChoiceCallback\"",
            );
            continue;
        };
        let named = name.span();
        let name = name.get_ref().to_string();
        into.names_at.insert(name.clone(), named);
        into.fields_at.insert(name.clone(), value.span());
        into.fields.insert(name, slot);
    }
}

fn codes(table: &Table<'_>, into: &mut BindingSettings) {
    if table.has("otherwise") {
        let mut code = 0;
        table.number("otherwise", 1, &mut code);
        into.otherwise = Some(code);
    }
    let Some(codes) = table.table("on") else {
        return;
    };
    for (name, value) in codes.every() {
        let word = &**name.get_ref();
        let Some(kind) = GroundKind::of_word(word) else {
            let words = GroundKind::ALL.iter().map(|(_, word)| *word);
            let near = nearest(word, words.clone());
            let hint = near.map_or_else(
                || format!("there are {}", words.collect::<Vec<_>>().join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            codes.wrong(&name.span(), word, &format!("is no way to fail; {hint}"));
            continue;
        };
        match code(value.get_ref()) {
            Some(code) => {
                into.codes.insert(kind, code);
                into.codes_at.insert(kind, value.span());
            }
            None => codes.wrong(&value.span(), word, "must be the number of a code"),
        }
    }
}

fn code(value: &DeValue<'_>) -> Option<u32> {
    integer(value).and_then(|code| u32::try_from(code).ok())
}
