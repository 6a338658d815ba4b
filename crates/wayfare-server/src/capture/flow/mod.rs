//! The flows of a realm, and what their forms ask of journeys.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    ops::Range,
    path::Path,
};

use serde_json::Value as Json;
use wayfare::{Source, headless::Slot};
use wayfare_wire::{
    am::{reply::Reply, request::Parts},
    capture::{
        error::{Code, Detail, Error},
        flow::{Action, Field, FieldKind, Flow, FlowError, Form},
        operation::Operation,
    },
    json::{self, Bounds},
};

use super::Turn;
use crate::config::{BindingSettings, CaptureJourneys, CaptureSettings};

/// The flow that is there without a file.
const STANDARD: &str = include_str!("standard.json");

/// How messages call its file.
const BUILT_IN: &str = "the flow that is built in";

/// The longest file of a flow.
const BYTES_MAX: usize = 4 << 20;

/// The bindings of a realm, by what they bind.
type Bindings = BTreeMap<String, BindingSettings>;

/// What the settings bind a form to: by its name, else by that of its operation.
fn bound<'b>(
    bindings: &'b Bindings,
    operation: Operation,
    form: &str,
) -> Option<&'b BindingSettings> {
    let operation = operation.name();
    let own = bindings.get(&format!("capture.{operation}.{form}"));
    own.or_else(|| bindings.get(&format!("capture.{operation}")))
}

/// The flows of a realm by name and version.
#[derive(Debug)]
pub(crate) struct Flows {
    all: BTreeMap<(String, String), Flow>,
    /// The file of each, and its text.
    files: BTreeMap<(String, String), Source>,
}

impl Flows {
    /// The flows of the settings, and the one that is built in where no file has its name and version.
    ///
    /// # Errors
    /// A file cannot be read, or is none.
    pub(crate) fn open(settings: &CaptureSettings, bindings: &Bindings) -> Result<Self, String> {
        let mut flows = Self {
            all: BTreeMap::new(),
            files: BTreeMap::new(),
        };
        let mut standard = parse(STANDARD).map_err(|errors| errors.join("; "))?;
        offer(&mut standard, settings, bindings);
        flows.put(standard, Source::new(BUILT_IN, STANDARD));
        for file in &settings.flows {
            let (flow, text) = read(file)?;
            flows.put(flow, Source::new(file.display().to_string(), text));
        }
        Ok(flows)
    }

    fn put(&mut self, flow: Flow, file: Source) {
        let key = (flow.name.clone(), flow.version.clone());
        self.files.insert(key.clone(), file);
        self.all.insert(key, flow);
    }

    pub(super) fn find(&self, name: &str, version: &str) -> Option<&Flow> {
        self.all.get(&(name.to_owned(), version.to_owned()))
    }

    /// The latest of a name: the one whose version comes last, numbers by their value.
    fn head(&self, name: &str) -> Option<&Flow> {
        let key = |flow: &&Flow| (flow.version.len(), flow.version.clone());
        self.all
            .values()
            .filter(|flow| flow.name == name)
            .max_by_key(key)
    }
}

/// Takes those fields out of the forms of the flow that is built in which would go nowhere, as far as they
/// need not be filled in: it is made for the attributes that records have without settings.
fn offer(flow: &mut Flow, settings: &CaptureSettings, bindings: &Bindings) {
    let lost: BTreeSet<String> = lost(flow, settings, bindings)
        .map(|(name, _)| name.to_owned())
        .collect();
    for form in flow.forms.values_mut() {
        form.fields
            .retain(|(name, required)| *required || !lost.contains(name));
    }
}

/// The fields of a flow that go nowhere, each with its path: no attribute of records has it, no input is named
/// for them, and no binding of their form names them.
fn lost<'f>(
    flow: &'f Flow,
    settings: &'f CaptureSettings,
    bindings: &Bindings,
) -> impl Iterator<Item = (&'f str, &'f str)> {
    let is_named = |name: &str| {
        let own = |key: &String| key.rsplit_once('.').map_or(&**key, |(_, field)| field) == name;
        settings.inputs.keys().any(own)
    };
    let mut used: BTreeSet<&str> = BTreeSet::new();
    for (form_name, form) in &flow.forms {
        let Some(usage) = Use::of(flow, form) else {
            continue;
        };
        let binding = bound(bindings, usage.operation(), form_name);
        let is_bound = |name: &str| binding.is_some_and(|one| one.fields.contains_key(name));
        let names = form.fields.iter().map(|(name, _)| name.as_str());
        used.extend(names.filter(|name| !is_bound(name)));
    }
    flow.fields.iter().filter_map(move |(name, field)| {
        let path = field.attribute.as_deref()?;
        let goes = settings.attributes.contains_key(path) || is_named(name);
        let counts = used.contains(name.as_str()) && !is_password(field) && !field.repeats();
        (counts && !goes).then_some((name.as_str(), path))
    })
}

/// A field of a file that goes nowhere.
#[derive(Debug)]
pub(crate) struct Lost {
    /// The file.
    pub(crate) file: Source,
    /// Where it stands there.
    pub(crate) at: Range<usize>,
    /// The field.
    pub(crate) field: String,
    /// The path that no attribute of records has.
    pub(crate) path: String,
}

/// Where a key of JSON stands in a text; at its beginning where it is written in another way.
fn key(text: &str, name: &str) -> Range<usize> {
    let quoted = format!("\"{name}\"");
    let is_key = |at: &usize| {
        let behind = text.get(at + quoted.len()..).unwrap_or_default();
        behind.trim_start().starts_with(':')
    };
    let mut found = text.match_indices(&quoted).map(|(at, _)| at);
    let at = found.find(is_key);
    at.map_or(0..0, |at| at..at + quoted.len())
}

fn read(file: &Path) -> Result<(Flow, String), String> {
    let name = file.display();
    let size = fs::metadata(file)
        .map_err(|error| format!("{name}: {error}"))?
        .len();
    if usize::try_from(size).map_or(true, |size| size > BYTES_MAX) {
        return Err(format!("{name}: a flow has at most {BYTES_MAX} bytes"));
    }
    let text = fs::read_to_string(file).map_err(|error| format!("{name}: {error}"))?;
    match parse(&text) {
        Ok(flow) => Ok((flow, text)),
        Err(errors) => {
            let lines: Vec<String> = errors
                .iter()
                .map(|error| format!("{name}: {error}"))
                .collect();
            Err(lines.join("\n"))
        }
    }
}

fn parse(text: &str) -> Result<Flow, Vec<String>> {
    let bounds = Bounds {
        bytes: BYTES_MAX,
        ..Bounds::default()
    };
    let bad = |error: json::BadJson| vec![error.to_string()];
    json::read::<json::Ignored>(text.as_bytes(), bounds).map_err(bad)?;
    let json: Json = json::read(text.as_bytes(), bounds).map_err(bad)?;
    let said = |errors: Vec<FlowError>| errors.iter().map(ToString::to_string).collect();
    Flow::read(&json).map_err(said)
}

/// What a form is used for: the journey that it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    SignIn,
    Register,
    SocialRegister,
    EditProfile,
    ChangePassword,
    ResetPassword,
    Forgot,
    Verify,
}

impl Use {
    /// What a form is used for, by its action and its passwords.
    pub(super) fn of(flow: &Flow, form: &Form) -> Option<Self> {
        let field = |name: &String| flow.fields.get(name);
        let kinds = || {
            form.fields
                .iter()
                .filter_map(|(name, _)| Some((name, field(name)?)))
        };
        let new = kinds().any(|(name, field)| is_password(field) && !is_current(name));
        let current = kinds().any(|(name, field)| is_password(field) && is_current(name));
        Some(match form.action {
            Action::TraditionalSignin => Self::SignIn,
            Action::TraditionalRegistration => Self::Register,
            Action::SocialRegistration => Self::SocialRegister,
            Action::ProfileUpdate if new && current => Self::ChangePassword,
            Action::ProfileUpdate if new => Self::ResetPassword,
            Action::ProfileUpdate => Self::EditProfile,
            Action::PasswordReset => Self::Forgot,
            Action::VerifyEmail => Self::Verify,
            Action::AccountDeactivation => return None,
        })
    }

    /// The journey.
    pub(super) fn journey(self, journeys: &CaptureJourneys) -> &str {
        match self {
            Self::SignIn => &journeys.sign_in,
            Self::Register => &journeys.register,
            Self::SocialRegister => &journeys.social_register,
            Self::EditProfile => &journeys.edit_profile,
            Self::ChangePassword => &journeys.change_password,
            Self::ResetPassword => &journeys.reset_password,
            Self::Forgot => &journeys.forgot,
            Self::Verify => &journeys.verify,
        }
    }

    /// What the settings call it.
    fn key(self) -> &'static str {
        match self {
            Self::SignIn => "sign_in",
            Self::Register => "register",
            Self::SocialRegister => "social_register",
            Self::EditProfile => "edit_profile",
            Self::ChangePassword => "change_password",
            Self::ResetPassword => "reset_password",
            Self::Forgot => "forgot",
            Self::Verify => "verify",
        }
    }

    /// The operation that takes such a form.
    fn operation(self) -> Operation {
        match self {
            Self::SignIn => Operation::AuthNativeTraditional,
            Self::Register => Operation::RegisterNativeTraditional,
            Self::SocialRegister => Operation::RegisterNative,
            Self::EditProfile | Self::ChangePassword | Self::ResetPassword => {
                Operation::UpdateProfileNative
            }
            Self::Forgot => Operation::ForgotPasswordNative,
            Self::Verify => Operation::VerifyEmailNative,
        }
    }
}

fn is_password(field: &Field) -> bool {
    field.kind == FieldKind::Password
}

fn is_current(name: &str) -> bool {
    name.to_ascii_lowercase().contains("current")
}

/// A form, with the flow that it is of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) flow: &'a Flow,
    pub(super) name: &'a str,
    pub(super) form: &'a Form,
    pub(super) usage: Use,
    /// What the settings say of the form, in place of what follows from the flow.
    pub(super) binding: Option<&'a BindingSettings>,
}

impl Asked<'_> {
    /// The inputs of the journey that a field answers.
    pub(super) fn inputs(
        &self,
        settings: &CaptureSettings,
        name: &str,
        field: &Field,
    ) -> Vec<String> {
        if let Some(binding) = self.binding {
            let slot = binding.fields.get(name).map(ToString::to_string);
            return slot.into_iter().collect();
        }
        let full = format!("{}.{name}", self.name);
        if let Some(inputs) = settings
            .inputs
            .get(&full)
            .or_else(|| settings.inputs.get(name))
        {
            return inputs.clone();
        }
        if field.repeats() {
            return Vec::new();
        }
        if is_password(field) {
            let second = self.usage == Use::ChangePassword && !is_current(name);
            let slot = if second { "password#2" } else { "password" };
            return vec![slot.to_owned()];
        }
        let path = field.attribute.as_deref().unwrap_or_default();
        let attribute = settings.attributes.get(path).cloned();
        let is_email = path == super::record::EMAIL;
        match self.usage {
            // Who registers is called by the address; who signs in may be called otherwise.
            Use::SignIn | Use::Register | Use::SocialRegister if is_email => attribute
                .into_iter()
                .chain(["username".to_owned()])
                .collect(),
            _ => attribute.into_iter().collect(),
        }
    }

    /// The inputs that the fields answer, each by the name of its field.
    fn slots(&self, settings: &CaptureSettings) -> BTreeMap<String, Slot> {
        let mut slots = BTreeMap::new();
        for (name, _) in &self.form.fields {
            let Some(field) = self.flow.fields.get(name) else {
                continue;
            };
            for (nth, input) in (1..).zip(self.inputs(settings, name, field)) {
                let key = if nth == 1 {
                    name.clone()
                } else {
                    format!("{name}, {nth}")
                };
                if let Some(slot) = Slot::parse(&input) {
                    slots.insert(key, slot);
                }
            }
        }
        slots
    }

    /// The journey.
    pub(super) fn journey<'j>(&'j self, journeys: &'j CaptureJourneys) -> &'j str {
        let bound = self.binding.map(|binding| binding.journey.as_str());
        bound.unwrap_or_else(|| self.usage.journey(journeys))
    }

    /// The fields that answer an input.
    pub(super) fn fields_of(&self, settings: &CaptureSettings, input: &str) -> Vec<String> {
        let fields = self.form.fields.iter().filter(|(name, _)| {
            let field = self.flow.fields.get(name);
            field.is_some_and(|field| {
                self.inputs(settings, name, field)
                    .iter()
                    .any(|known| known == input)
            })
        });
        fields.map(|(name, _)| name.clone()).collect()
    }
}

impl<'a> Turn<'a> {
    /// The flow of a request.
    pub(super) fn flow(
        &self,
        name: Option<&str>,
        version: Option<&str>,
        client: &super::client::Known,
    ) -> Result<&'a Flow, Error> {
        let settings = &client.settings;
        let name = name.or(settings.default_flow_name.as_deref());
        let version = version.or(settings.default_flow_version.as_deref());
        let (name, version) = match (name, version) {
            (Some(name), Some(version)) => (name, version),
            (None, Some(_)) => return Err(Error::missing(&["flow"])),
            (Some(_), None) => return Err(Error::missing(&["flow_version"])),
            (None, None) => return Err(Error::missing(&["flow", "flow_version"])),
        };
        let flow = self.place.capture.flows.find(name, version);
        flow.ok_or_else(|| Error::invalid("flow", "there is no such flow in this version"))
    }

    /// The form of a request.
    pub(super) fn form(
        &self,
        flow: &'a Flow,
        name: &str,
        operation: Operation,
    ) -> Result<Asked<'a>, Error> {
        let found = flow.forms.get_key_value(name);
        let (name, form) =
            found.ok_or_else(|| Error::invalid("form", "the flow has no such form"))?;
        let usage = Use::of(flow, form).filter(|usage| usage.operation() == operation);
        let usage = usage.ok_or_else(|| {
            Error::invalid("form", "the operation does not take a form of this action")
        })?;
        let bindings = &self.place.state.settings.bindings;
        let binding = bound(bindings, operation, name);
        Ok(Asked {
            flow,
            name,
            form,
            usage,
            binding,
        })
    }
}

/// The flow that apps download: `/widget_data/flows/{app}/{flow}/{version}/{locale}.json`.
pub(super) fn download(
    flows: &Flows,
    app_id: &str,
    parts: &Parts<'_>,
) -> Result<Option<Reply>, Error> {
    let Some(rest) = parts.path.strip_prefix("/widget_data/flows/") else {
        return Ok(None);
    };
    let names: Vec<&str> = rest.split('/').collect();
    let [app, name, version, file] = names.as_slice() else {
        return Err(Error::not_served());
    };
    let Some(locale) = file.strip_suffix(".json") else {
        return Err(Error::not_served());
    };
    if !matches!(parts.method, "GET" | "HEAD") {
        return Err(Error::method());
    }
    if *app != app_id {
        let mut error = Error::new(Code::UnknownApplication, "there is no such application");
        error.detail = Detail::Application((*app).to_owned());
        error.status = Some(404);
        return Err(error);
    }
    let flow = if *version == "HEAD" {
        flows.head(name)
    } else {
        flows.find(name, version)
    };
    let known = |flow: &&Flow| flow.locales().any(|known| known == locale);
    let Some(flow) = flow.filter(known) else {
        return Err(Error::not_served());
    };
    // Everybody may see it, and a version never changes.
    let kept = if *version == "HEAD" {
        "public, max-age=60"
    } else {
        "public, max-age=3600"
    };
    let mut reply = Reply {
        status: 200,
        headers: Vec::new(),
        cookies: Vec::new(),
        body: flow.shown(locale).to_string().into_bytes(),
    };
    reply = reply.header("content-type", "application/json");
    reply = reply.header("cache-control", kept);
    reply = reply.header("x-content-type-options", "nosniff");
    Ok(Some(reply.header("access-control-allow-origin", "*")))
}

/// A form of a flow, for what is checked beside it.
#[derive(Debug)]
pub(crate) struct FormOf {
    /// Its name.
    pub(crate) name: String,
    usage: Use,
    /// Its fields, and whether each is a password.
    pub(crate) fields: BTreeMap<String, bool>,
    /// Where it stands.
    pub(crate) place: (Source, Range<usize>),
}

impl FormOf {
    /// Whether an operation takes it.
    pub(crate) fn is_of(&self, operation: Operation) -> bool {
        self.usage.operation() == operation
    }
}

/// Where a form stands in its file.
fn place_of(file: &Source, name: &str) -> Range<usize> {
    let at = file.text().find(&format!("\"{name}\"")).unwrap_or(0);
    at..at + name.len() + 2
}

impl Flows {
    /// The forms of all flows that an operation takes.
    pub(crate) fn forms(&self) -> Vec<FormOf> {
        let mut all = Vec::new();
        for (key, flow) in &self.all {
            let Some(file) = self.files.get(key) else {
                continue;
            };
            for (name, form) in &flow.forms {
                let Some(usage) = Use::of(flow, form) else {
                    continue;
                };
                let known = |(name, _): &(String, bool)| {
                    let field = flow.fields.get(name)?;
                    Some((name.clone(), is_password(field)))
                };
                all.push(FormOf {
                    name: name.clone(),
                    usage,
                    fields: form.fields.iter().filter_map(known).collect(),
                    place: (file.clone(), place_of(file, name)),
                });
            }
        }
        all
    }

    /// The names and versions of all self.
    pub(crate) fn names(&self) -> Vec<&(String, String)> {
        self.all.keys().collect()
    }

    /// The fields of all files that go nowhere.
    pub(crate) fn lost(&self, settings: &CaptureSettings, bindings: &Bindings) -> Vec<Lost> {
        let files = self.all.iter().filter_map(|(key, flow)| {
            let file = self.files.get(key)?;
            (file.name() != BUILT_IN).then_some((flow, file))
        });
        let all = files.flat_map(|(flow, file)| {
            lost(flow, settings, bindings).map(|(field, path)| Lost {
                file: file.clone(),
                at: key(file.text(), field),
                field: field.to_owned(),
                path: path.to_owned(),
            })
        });
        all.collect()
    }

    /// What the forms of all flows bind to journeys, without those that the settings bind themselves. Unless
    /// `partial`, the attributes that are answered without a field are among the fields, so that what is left is
    /// what nothing answers.
    pub(crate) fn bindings(
        &self,
        settings: &CaptureSettings,
        bindings: &Bindings,
        partial: bool,
        is_served: impl Fn(&str) -> bool,
    ) -> Vec<(String, BindingSettings)> {
        let mut all = Vec::new();
        for (key, flow) in &self.all {
            let Some(file) = self.files.get(key) else {
                continue;
            };
            for (name, form) in &flow.forms {
                let Some(usage) = Use::of(flow, form) else {
                    continue;
                };
                if bound(bindings, usage.operation(), name).is_some() {
                    continue;
                }
                let journey = usage.journey(&settings.journeys);
                let built_in = file.name() == BUILT_IN;
                // One that the settings name is told to be missing where they do.
                if (built_in || settings.names(usage.key())) && !is_served(journey) {
                    continue;
                }
                let asked = Asked {
                    flow,
                    name,
                    form,
                    usage,
                    binding: None,
                };
                let mut fields = asked.slots(settings);
                if usage == Use::SocialRegister {
                    // The token brings these.
                    for kind in ["SelectIdPCallback", "IdPCallback"] {
                        fields.insert(format!("token {kind}"), Slot::Field(kind.into(), 1));
                    }
                }
                if !partial {
                    for attribute in settings.attributes.values() {
                        let slot = Slot::parse(attribute);
                        let slot = slot.filter(|slot| !fields.values().any(|known| known == slot));
                        if let Some(slot) = slot {
                            fields.insert(format!("({attribute})"), slot);
                        }
                    }
                }
                let secrets = fields.keys().filter_map(|key| {
                    let name = key.split_once(", ").map_or(&**key, |(name, _)| name);
                    let field = flow.fields.get(name)?;
                    Some((key.clone(), is_password(field)))
                });
                let secrets = secrets.collect();
                // What is built in is mended in the settings.
                let place = settings
                    .place_of(usage.key())
                    .filter(|_| built_in)
                    .unwrap_or_else(|| (file.clone(), place_of(file, name)));
                let binding = BindingSettings::made(journey, fields, place, partial);
                let binding = binding.holding(secrets);
                all.push((format!("{}.{}.{name}", flow.name, flow.version), binding));
            }
        }
        all
    }
}
