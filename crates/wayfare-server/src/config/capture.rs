//! Capture: where it is served, its clients, and what records look like.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    path::{Path, PathBuf},
    time::Duration,
};

use wayfare::{
    Diagnostic, Diagnostics, Source, SourceMap, Span,
    codes::{UNASKED_FIELD, UNBOUND_INPUT, UNFIT_FIELD, UNKNOWN_FORM},
    model::program::Program,
};
use wayfare_wire::capture::{call, client::Feature, sign};

use crate::capture::{Flows, FormOf, Lost};

use super::{
    BindingSettings, RealmSettings, SecretSource,
    binding::of_capture,
    named::{self, Place},
    nearest,
    read::{is_host, is_origin},
    table::Table,
};

/// Capture in a realm; without these settings it is not served there.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CaptureSettings {
    /// The path below which it is served; empty where it is served at hosts of its own only.
    pub path: String,
    /// The hosts at whose root it is served.
    pub hosts: Vec<String>,
    /// The id of the application, which addresses of flows name.
    pub app_id: String,
    /// What users are called as a type of records.
    pub type_name: String,
    /// What records hold, each with the attribute of users that it is.
    pub attributes: BTreeMap<String, String>,
    /// Whether requests may be signed.
    pub allow_signed: bool,
    /// How far the date of a signed request may be off.
    pub signed_window: Duration,
    /// Whether unknown addresses are told from known ones where the original does so.
    pub strict_compat: bool,
    /// Whether a login that fails says why.
    pub detailed_credential_errors: bool,
    /// The origins that browsers may call from.
    pub cors_allow: Vec<String>,
    /// The files of flows, in the vendor's JSON.
    pub flows: Vec<PathBuf>,
    /// The journeys that forms run.
    pub journeys: CaptureJourneys,
    /// What fields answer, by `form.field` or `field`, where it does not follow from their attributes.
    pub inputs: BTreeMap<String, Vec<String>>,
    /// The clients by id.
    pub clients: BTreeMap<String, CaptureClient>,
    /// Where `attributes` stands, or without it the whole table.
    at: Option<Place>,
    /// Where names stand that must be known elsewhere: of journeys, forms, fields and flows.
    places: BTreeMap<String, Place>,
}

impl Default for CaptureSettings {
    fn default() -> Self {
        let attributes = [
            ("email", "mail"),
            ("givenName", "givenName"),
            ("familyName", "sn"),
            ("displayName", "userName"),
            ("aboutMe", "description"),
            ("primaryAddress.address1", "postalAddress"),
            ("primaryAddress.city", "city"),
            ("primaryAddress.stateAbbreviation", "stateProvince"),
            ("primaryAddress.zip", "postalCode"),
            ("primaryAddress.country", "country"),
            ("primaryAddress.phone", "telephoneNumber"),
            ("optIn.status", "preferences/updates"),
        ];
        Self {
            path: "/capture".to_owned(),
            hosts: Vec::new(),
            app_id: "wayfare".to_owned(),
            type_name: call::TYPE_NAME.to_owned(),
            attributes: attributes
                .map(|(path, attribute)| (path.to_owned(), attribute.to_owned()))
                .into(),
            allow_signed: true,
            signed_window: sign::WINDOW,
            strict_compat: false,
            detailed_credential_errors: false,
            cors_allow: Vec::new(),
            flows: Vec::new(),
            journeys: CaptureJourneys::default(),
            inputs: BTreeMap::new(),
            clients: BTreeMap::new(),
            at: None,
            places: BTreeMap::new(),
        }
    }
}

impl CaptureSettings {
    /// What is wrong with the forms of the flows beside a program: fields that their journey never asks for,
    /// questions that no field answers, and what bindings say of forms and fields that are not there. A form of
    /// the flow that is built in whose journey is not there is passed over: it is refused when it comes.
    ///
    /// # Errors
    /// A flow cannot be read.
    pub fn check(
        &self,
        bindings: &BTreeMap<String, BindingSettings>,
        program: &Program,
        sources: &mut SourceMap,
    ) -> Result<Diagnostics, String> {
        let flows = Flows::open(self, bindings)?;
        let mut found = Self::beside(&flows, bindings, program, sources);
        self.check_paths(&flows.lost(self, bindings), sources, &mut found);
        self.check_journeys(program, sources, &mut found);
        self.check_names(&flows, sources, &mut found);
        for (partial, wanted) in [(true, None), (false, Some(UNBOUND_INPUT))] {
            let bound = flows.bindings(self, bindings, partial, |journey| {
                program.journey_on_wire(journey).is_some()
            });
            let bound = bound.iter().map(|(name, binding)| (&**name, binding));
            let all = BindingSettings::check(bound, |_| true, program, sources);
            for one in all
                .iter()
                .filter(|one| wanted.is_none_or(|code| one.code == code))
            {
                found.push(one.clone());
            }
        }
        Ok(found)
    }

    /// Where a journey is named, by the key of the table; else where it would be.
    pub(crate) fn place_of(&self, key: &str) -> Option<(Source, Range<usize>)> {
        let own = self.places.get(&format!("journeys.{key}"));
        let place = own.or(self.at.as_ref())?;
        Some((place.source.clone(), place.at.clone()))
    }

    /// Whether the settings name the journey of this key.
    pub(crate) fn names(&self, key: &str) -> bool {
        self.places.contains_key(&format!("journeys.{key}"))
    }

    fn span(&self, key: &str, sources: &mut SourceMap) -> Span {
        let place = self.places.get(key).or(self.at.as_ref());
        place.cloned().unwrap_or_else(Place::nowhere).span(sources)
    }

    /// Journeys that are named and not there, and logins that let nobody in but whom they make.
    fn check_journeys(&self, program: &Program, sources: &mut SourceMap, found: &mut Diagnostics) {
        for (key, journey) in self.journeys.all() {
            let place = format!("journeys.{key}");
            let what = format!("capture.{place}");
            let span = self.span(&place, sources);
            let mut wrong = None;
            if self.places.contains_key(&place) {
                wrong = named::unknown(program, (&what, journey), span);
            }
            if wrong.is_none() && LOGINS.contains(&key) {
                wrong = named::no_login(program, (&what, journey), span);
            }
            if let Some(wrong) = wrong {
                found.push(wrong);
            }
        }
    }

    /// Fields in `inputs` that no form has, and flows of clients that are not there.
    fn check_names(&self, flows: &Flows, sources: &mut SourceMap, found: &mut Diagnostics) {
        if !self.inputs.is_empty() {
            let mut known = BTreeSet::new();
            for form in flows.forms() {
                for field in form.fields.into_keys() {
                    known.insert(format!("{}.{field}", form.name));
                    known.insert(field);
                }
            }
            for name in self.inputs.keys().filter(|name| !known.contains(*name)) {
                let span = self.span(&format!("inputs.{name}"), sources);
                let message =
                    format!("`capture.inputs` names `{name}`, which is no field of a form");
                let near = nearest(name, known.iter().map(String::as_str));
                let expected = near.map_or_else(
                    || "a field of a form, or `form.field`".to_owned(),
                    |near| format!("a field of a form, such as `{near}`"),
                );
                found.push(Diagnostic::new(UNKNOWN_FORM, span, message).expected(expected));
            }
        }
        let flows = flows.names();
        for (id, client) in &self.clients {
            let Some(name) = &client.default_flow_name else {
                continue;
            };
            let fits = |(known, version): &(String, String)| {
                let other = client.default_flow_version.as_ref();
                known == name && other.is_none_or(|other| other == version)
            };
            if flows.iter().any(|flow| fits(flow)) {
                continue;
            }
            let span = self.span(&format!("clients.{id}.default_flow_name"), sources);
            let version = client.default_flow_version.as_deref();
            let version =
                version.map_or_else(String::new, |version| format!(" in version `{version}`"));
            let message =
                format!("client `{id}` takes the flow `{name}`{version}, which is not there");
            let all: Vec<String> = flows
                .iter()
                .map(|(name, version)| format!("`{name}` in version `{version}`"))
                .collect();
            found.push(Diagnostic::new(UNKNOWN_FORM, span, message).expected(all.join(", ")));
        }
    }

    /// Fields whose path no attribute of records has: what a client sends there would be dropped.
    fn check_paths(&self, lost: &[Lost], sources: &mut SourceMap, found: &mut Diagnostics) {
        if lost.is_empty() {
            return;
        }
        let label = self.at.as_ref().map(|place| {
            let source = sources.add(place.source.clone());
            Span::new(source, place.at.start, place.at.end)
        });
        let mut files = BTreeMap::new();
        for one in lost {
            let file = *files
                .entry(one.file.name().to_owned())
                .or_insert_with(|| sources.add(one.file.clone()));
            let span = Span::new(file, one.at.start, one.at.end);
            let message = format!(
                "`{}` goes to `{}`, which no attribute of records is",
                one.field, one.path
            );
            let paths: Vec<&str> = self.attributes.keys().map(String::as_str).collect();
            let diagnostic = Diagnostic::new(UNASKED_FIELD, span, message)
                .expected(format!("a path of `attributes`: `{}`", paths.join("`, `")))
                .help("name the path in `attributes`, or in `inputs` what the field answers");
            found.push(match label {
                Some(span) => diagnostic.label(span, "the attributes of records"),
                None => diagnostic,
            });
        }
    }

    /// What is wrong with the bindings of the settings beside the forms that they bind.
    fn beside(
        flows: &Flows,
        bindings: &BTreeMap<String, BindingSettings>,
        program: &Program,
        sources: &mut SourceMap,
    ) -> Diagnostics {
        let mut found = Diagnostics::default();
        let mut bound = Vec::new();
        for (name, binding) in bindings {
            if let Some(whose) = of_capture(name) {
                bound.push((name, binding, whose));
            }
        }
        if bound.is_empty() {
            return found;
        }
        let forms = flows.forms();
        let mut known = Vec::new();
        for (name, binding, (operation, form)) in bound {
            let taken = || forms.iter().filter(|known| known.is_of(operation));
            let is_it = |known: &&FormOf| form.is_none_or(|form| form == known.name);
            let own: Vec<&FormOf> = taken().filter(is_it).collect();
            let Some(first) = own.first() else {
                // What takes no forms is answered by what the wire itself brings.
                if form.is_some() {
                    let at = sources.add(binding.source().clone());
                    let message = format!("`{name}` binds a form, and no flow has it");
                    let mut names: Vec<&str> = taken().map(|form| &*form.name).collect();
                    names.sort_unstable();
                    names.dedup();
                    found.push(
                        Diagnostic::new(UNKNOWN_FORM, binding.span(None, at), message).expected(
                            match names.as_slice() {
                                [] => "an operation that takes a form".to_owned(),
                                names => {
                                    format!("a form of the operation: `{}`", names.join("`, `"))
                                }
                            },
                        ),
                    );
                }
                continue;
            };
            let mut secrets = BTreeMap::new();
            for field in binding.fields.keys() {
                let kinds: BTreeSet<bool> = own
                    .iter()
                    .filter_map(|form| form.fields.get(field).copied())
                    .collect();
                if let (Some(kind), 1) = (kinds.first(), kinds.len()) {
                    secrets.insert(field.clone(), *kind);
                } else if kinds.is_empty() {
                    let at = sources.add(binding.source().clone());
                    let (file, place) = &first.place;
                    let there = Span::new(sources.add(file.clone()), place.start, place.end);
                    let message =
                        format!("`{name}` binds `{field}`, which is no field of the form");
                    let names: Vec<&str> = first.fields.keys().map(|name| &**name).collect();
                    found.push(
                        Diagnostic::new(UNKNOWN_FORM, binding.span(Some(field), at), message)
                            .expected(format!("a field of the form: `{}`", names.join("`, `")))
                            .label(there, format!("the form `{}`", first.name)),
                    );
                }
            }
            known.push((name, binding.clone().holding(secrets)));
        }
        let known = known.iter().map(|(name, binding)| (name.as_str(), binding));
        let all = BindingSettings::check(known, |_| true, program, sources);
        for one in all.iter().filter(|one| one.code == UNFIT_FIELD) {
            found.push(one.clone());
        }
        found
    }
}

/// The journeys that forms run, by what the form is for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CaptureJourneys {
    /// Login by a password.
    pub sign_in: String,
    /// Registration by a password.
    pub register: String,
    /// Login by a social token.
    pub social_sign_in: String,
    /// Registration behind a social login.
    pub social_register: String,
    /// A change of the profile.
    pub edit_profile: String,
    /// A change of the password by who knows the old one.
    pub change_password: String,
    /// A new password of who came by a mailed code.
    pub reset_password: String,
    /// A mail to set a new password.
    pub forgot: String,
    /// A mail to verify an address.
    pub verify: String,
}

impl Default for CaptureJourneys {
    fn default() -> Self {
        let name = |name: &str| name.to_owned();
        Self {
            sign_in: name("CaptureSignIn"),
            register: name("CaptureRegister"),
            social_sign_in: name("CaptureSocialSignIn"),
            social_register: name("CaptureSocialRegister"),
            edit_profile: name("CaptureEditProfile"),
            change_password: name("CaptureChangePassword"),
            reset_password: name("CaptureResetPassword"),
            forgot: name("CaptureForgot"),
            verify: name("CaptureVerify"),
        }
    }
}

impl CaptureJourneys {
    /// All of them, by their keys.
    fn all(&self) -> [(&'static str, &str); 9] {
        [
            ("sign_in", &self.sign_in),
            ("register", &self.register),
            ("social_sign_in", &self.social_sign_in),
            ("social_register", &self.social_register),
            ("edit_profile", &self.edit_profile),
            ("change_password", &self.change_password),
            ("reset_password", &self.reset_password),
            ("forgot", &self.forgot),
            ("verify", &self.verify),
        ]
    }
}

impl CaptureSettings {
    /// Those of the demo: one client, whose secret everybody knows.
    pub fn demo() -> Self {
        let client = CaptureClient {
            default_flow_name: Some("standard".to_owned()),
            default_flow_version: Some("1".to_owned()),
            password_recover_url: Some("http://localhost:8080/recover".to_owned()),
            verify_email_url: Some("http://localhost:8080/verify".to_owned()),
            ..CaptureClient::default()
        };
        Self {
            clients: BTreeMap::from([("demo-login".to_owned(), client)]),
            ..Self::default()
        }
    }
}

/// A client of Capture.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CaptureClient {
    /// Where its secret is; without one it can do no more than run flows.
    pub secret: Option<SecretSource>,
    /// What it may do.
    pub features: BTreeSet<Feature>,
    /// The addresses that codes may be made for; any where there are none, for no browser is sent there.
    pub redirect_uris: Vec<String>,
    /// The flow where a request names none.
    pub default_flow_name: Option<String>,
    /// The version of the flow where a request names none.
    pub default_flow_version: Option<String>,
    /// Where a mail leads that was asked for to set a new password.
    pub password_recover_url: Option<String>,
    /// Where a mail leads that was asked for to verify an address.
    pub verify_email_url: Option<String>,
    /// How long an access token lives.
    pub access_token_lifetime: Duration,
    /// How long a refresh token lives that nobody uses.
    pub refresh_token_lifetime: Duration,
    /// How long a code lives that a login answered.
    pub code_lifetime: Duration,
    /// How long a code lives that was mailed to set a new password.
    pub recover_code_lifetime: Duration,
    /// How long a code lives that was mailed to verify an address.
    pub verification_code_lifetime: Duration,
    /// What the client sees of records; all where nothing is said.
    pub view: Option<Vec<String>>,
}

impl Default for CaptureClient {
    fn default() -> Self {
        const HOUR: Duration = Duration::from_secs(3_600);
        Self {
            secret: None,
            features: BTreeSet::from([Feature::LoginClient]),
            redirect_uris: Vec::new(),
            default_flow_name: None,
            default_flow_version: None,
            password_recover_url: None,
            verify_email_url: None,
            access_token_lifetime: HOUR,
            refresh_token_lifetime: 24 * 90 * HOUR,
            code_lifetime: Duration::from_secs(60),
            recover_code_lifetime: HOUR,
            verification_code_lifetime: 24 * HOUR,
            view: None,
        }
    }
}

impl CaptureClient {
    /// Whether it has one of these features, or may do everything.
    pub fn has(&self, features: &[Feature]) -> bool {
        let wanted = |feature: &Feature| *feature == Feature::Owner || features.contains(feature);
        self.features.iter().any(wanted)
    }
}

/// The keys of journeys that log in who has an account.
const LOGINS: [&str; 2] = ["sign_in", "social_sign_in"];

/// The longest id of a client, in bytes.
const ID_BYTES_MAX: usize = 128;

impl CaptureSettings {
    /// Keeps where the value of a key stands.
    fn note(&mut self, name: &str, table: &Table<'_>, key: &str) {
        if let Some((at, _)) = table.find(key) {
            let source = table.source();
            self.places.insert(name.to_owned(), Place { source, at });
        }
    }
}

pub(super) fn read_capture(table: &Table<'_>, folder: &Path, realm: &mut RealmSettings) {
    let at = table.find("capture").map(|(span, _)| span);
    let Some(table) = table.table("capture") else {
        return;
    };
    let mut settings = CaptureSettings::default();
    let own = table.find("attributes").map(|(span, _)| span);
    settings.at = own.or(at).map(|at| Place {
        source: table.source(),
        at,
    });
    if let Some(hosts) = table.texts("hosts") {
        // Who names hosts means those.
        settings.path.clear();
        for (span, host) in hosts {
            if is_host(&host) {
                settings.hosts.push(host);
            } else {
                let message = format!("must hold host names in small letters, not {host:?}");
                table.wrong(&span, "hosts", &message);
            }
        }
    }
    let what = "a path such as \"/capture\"";
    if let Some(path) = table.parsed("path", what, |text| is_path(text).then(|| text.to_owned())) {
        settings.path = path;
    }
    for (key, into) in [
        ("app_id", &mut settings.app_id),
        ("type_name", &mut settings.type_name),
    ] {
        let what = "a name of letters, digits, `-` and `_`";
        if let Some(name) = table.parsed(key, what, |text| is_name(text).then(|| text.to_owned())) {
            *into = name;
        }
    }
    table.flag("allow_signed", &mut settings.allow_signed);
    table.duration_into("signed_window", &mut settings.signed_window);
    table.flag("strict_compat", &mut settings.strict_compat);
    let detailed = &mut settings.detailed_credential_errors;
    table.flag("detailed_credential_errors", detailed);
    for (span, origin) in table.texts("cors_allow").unwrap_or_default() {
        if is_origin(&origin) {
            settings.cors_allow.push(origin);
        } else {
            let message =
                format!("must hold origins such as \"https://app.example.com\", not {origin:?}");
            table.wrong(&span, "cors_allow", &message);
        }
    }
    if let Some(files) = table.texts("flows") {
        let files = files.into_iter().map(|(_, file)| folder.join(file));
        settings.flows = files.collect();
    }
    read_attributes(&table, &mut settings);
    if let Some(journeys) = table.table("journeys") {
        read_journeys(&journeys, &mut settings.journeys);
        for (key, _) in CaptureJourneys::default().all() {
            settings.note(&format!("journeys.{key}"), &journeys, key);
        }
        journeys.close();
    }
    if let Some(inputs) = table.table("inputs") {
        for (key, _) in inputs.every() {
            let name: &str = key.get_ref();
            let texts = inputs.texts(name).unwrap_or_default();
            let mut all = Vec::new();
            for (span, text) in texts {
                if wayfare::headless::Slot::parse(&text).is_some() {
                    all.push(text);
                } else {
                    let message = "must hold callbacks such as \"mail\" or \"password#2\"";
                    inputs.wrong(&span, name, message);
                }
            }
            settings.inputs.insert(name.to_owned(), all);
            settings.places.insert(
                format!("inputs.{name}"),
                Place {
                    source: inputs.source(),
                    at: key.span(),
                },
            );
        }
    }
    if let Some(clients) = table.table("clients") {
        read_clients(&clients, folder, &mut settings);
    }
    table.close();
    realm.capture = Some(settings);
}

fn read_journeys(table: &Table<'_>, journeys: &mut CaptureJourneys) {
    for (key, into) in [
        ("sign_in", &mut journeys.sign_in),
        ("register", &mut journeys.register),
        ("social_sign_in", &mut journeys.social_sign_in),
        ("social_register", &mut journeys.social_register),
        ("edit_profile", &mut journeys.edit_profile),
        ("change_password", &mut journeys.change_password),
        ("reset_password", &mut journeys.reset_password),
        ("forgot", &mut journeys.forgot),
        ("verify", &mut journeys.verify),
    ] {
        if let Some(name) = table.text(key) {
            *into = name;
        }
    }
}

fn read_attributes(table: &Table<'_>, settings: &mut CaptureSettings) {
    let Some(attributes) = table.table("attributes") else {
        return;
    };
    settings.attributes.clear();
    for (name, value) in attributes.every() {
        let path: &str = name.get_ref();
        let fits = path.split('.').count() <= 4 && path.split('.').all(is_name);
        let known = [
            "uuid",
            "id",
            "created",
            "lastUpdated",
            "emailVerified",
            "profiles",
        ];
        if !fits
            || known
                .iter()
                .any(|known| path.split('.').next() == Some(known))
        {
            let message = "is not the path of an attribute of records, such as \"primaryAddress.city\", or is \
                           one that every record has";
            attributes.wrong(&name.span(), path, message);
        } else if let Some(attribute) = value.get_ref().as_str().filter(|text| !text.is_empty()) {
            settings
                .attributes
                .insert(path.to_owned(), attribute.to_owned());
        } else {
            attributes.wrong(
                &value.span(),
                path,
                "must be the name of an attribute of users",
            );
        }
    }
}

fn read_clients(table: &Table<'_>, folder: &Path, settings: &mut CaptureSettings) {
    for (name, value) in table.every() {
        let id: &str = name.get_ref();
        let fits = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
        if id.is_empty() || id.len() > ID_BYTES_MAX || !id.bytes().all(fits) {
            let message = "is not the id of a client, of letters, digits and `-._~`";
            table.wrong(&name.span(), id, message);
            continue;
        }
        let Some(table) = table.table(id) else {
            continue;
        };
        let client = read_client(&table, folder, &value.span());
        let flow = "default_flow_name";
        settings.note(&format!("clients.{id}.{flow}"), &table, flow);
        table.close();
        settings.clients.insert(id.to_owned(), client);
    }
}

fn read_client(table: &Table<'_>, folder: &Path, span: &Range<usize>) -> CaptureClient {
    let mut client = CaptureClient {
        secret: table.secret("secret", folder),
        default_flow_name: table.text("default_flow_name"),
        default_flow_version: table.text("default_flow_version"),
        ..CaptureClient::default()
    };
    if let Some(features) = table.texts("features") {
        client.features.clear();
        for (span, name) in features {
            if let Some(feature) = Feature::of_name(&name) {
                client.features.insert(feature);
            } else {
                let known: Vec<_> = Feature::ALL.iter().map(|known| known.name()).collect();
                let message = format!("must hold {}, not {name:?}", known.join(", "));
                table.wrong(&span, "features", &message);
            }
        }
    }
    let public = BTreeSet::from([Feature::LoginClient]);
    if client.secret.is_none() && !table.has("secret") && client.features != public {
        table.wrong(
            span,
            "features",
            "must be [\"login_client\"] for a client without a secret",
        );
    }
    for (span, uri) in table.texts("redirect_uris").unwrap_or_default() {
        if is_address(&uri) {
            client.redirect_uris.push(uri);
        } else {
            let message = format!(
                "must hold addresses such as \"https://app.example.com/back\", not {uri:?}"
            );
            table.wrong(&span, "redirect_uris", &message);
        }
    }
    let address = |key| {
        let what = "an address such as \"https://app.example.com/verify\"";
        table.parsed(key, what, |text| is_address(text).then(|| text.to_owned()))
    };
    client.password_recover_url = address("password_recover_url");
    client.verify_email_url = address("verify_email_url");
    for (key, into) in [
        ("access_token_lifetime", &mut client.access_token_lifetime),
        ("refresh_token_lifetime", &mut client.refresh_token_lifetime),
        ("code_lifetime", &mut client.code_lifetime),
        ("recover_code_lifetime", &mut client.recover_code_lifetime),
        (
            "verification_code_lifetime",
            &mut client.verification_code_lifetime,
        ),
    ] {
        table.duration_into(key, into);
    }
    if let Some(view) = table.texts("view") {
        client.view = Some(view.into_iter().map(|(_, path)| path).collect());
    }
    client
}

fn is_name(text: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    !text.is_empty() && text.len() <= 64 && text.bytes().all(fits)
}

fn is_path(text: &str) -> bool {
    text.strip_prefix('/')
        .is_some_and(|rest| rest.split('/').all(is_name))
}

fn is_address(text: &str) -> bool {
    let uri = text.parse::<http::Uri>();
    uri.is_ok_and(|uri| {
        let web = matches!(uri.scheme_str(), Some("http" | "https"));
        web && uri.authority().is_some_and(|at| !at.as_str().contains('@')) && !text.contains('#')
    })
}
