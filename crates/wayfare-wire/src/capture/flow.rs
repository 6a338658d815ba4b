//! Flows: forms and their fields, as the vendor's JSON has them.
//!
//! Two shapes are read, that of the configuration and that which apps download. In both, forms and fields
//! share one object, `fields`: what has a list `fields` is a form. Texts are keys of `translations`, or stand
//! there themselves. What is not known is refused, since a rule that is passed over is one that does not hold.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};

use crate::capture::{parameters::Parameters, pattern::Pattern};

/// A flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its forms by name.
    pub forms: BTreeMap<String, Form>,
    /// Its fields by name.
    pub fields: BTreeMap<String, Field>,
    /// Texts by locale and key.
    pub translations: BTreeMap<String, BTreeMap<String, String>>,
}

/// What a form is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// Login by a password.
    TraditionalSignin,
    /// Registration by a password.
    TraditionalRegistration,
    /// Registration behind a social login.
    SocialRegistration,
    /// A change of the profile or the password.
    ProfileUpdate,
    /// A mail to set a new password.
    PasswordReset,
    /// A mail to verify an address.
    VerifyEmail,
    /// The end of an account; no operation takes such a form.
    AccountDeactivation,
}

impl Action {
    /// Every action with its word.
    pub const ALL: [(Self, &'static str); 7] = [
        (Self::TraditionalSignin, "traditionalSignin"),
        (Self::TraditionalRegistration, "traditionalRegistration"),
        (Self::SocialRegistration, "socialRegistration"),
        (Self::ProfileUpdate, "profileUpdate"),
        (Self::PasswordReset, "passwordReset"),
        (Self::VerifyEmail, "verifyEmail"),
        (Self::AccountDeactivation, "accountDeactivation"),
    ];

    /// Its word.
    pub fn word(self) -> &'static str {
        let mut all = Self::ALL.iter();
        all.find(|(action, _)| *action == self)
            .map_or("", |(_, word)| word)
    }

    fn of_word(word: &str) -> Option<Self> {
        let mut all = Self::ALL.iter();
        all.find(|(_, known)| *known == word)
            .map(|(action, _)| *action)
    }
}

/// A form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// What it is for.
    pub action: Action,
    /// Its fields in order, and whether each has to be filled in.
    pub fields: Vec<(String, bool)>,
}

/// A field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its kind.
    pub kind: FieldKind,
    /// The attribute of records that it is, as a path.
    pub attribute: Option<String>,
    /// What stands before it, as a key or a text.
    pub label: Option<String>,
    /// What is asked of it, and what is said where it is not met.
    pub rules: Vec<(Rule, Option<String>)>,
    /// What can be chosen, each with its label.
    pub options: Vec<(String, String)>,
}

/// The kind of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FieldKind {
    /// One line.
    Text,
    /// An address of mail.
    Email,
    /// A password.
    Password,
    /// Yes or no: yes where the request has it.
    Checkbox,
    /// One of several.
    Select,
    /// One of several.
    Radio,
    /// A day, in three selects.
    DateSelect,
    /// Several lines.
    TextArea,
    /// What nobody sees.
    Hidden,
}

impl FieldKind {
    const ALL: [(Self, &'static str); 9] = [
        (Self::Text, "text"),
        (Self::Email, "email"),
        (Self::Password, "password"),
        (Self::Checkbox, "checkbox"),
        (Self::Select, "select"),
        (Self::Radio, "radio"),
        (Self::DateSelect, "dateselect"),
        (Self::TextArea, "textarea"),
        (Self::Hidden, "hidden"),
    ];

    fn word(self) -> &'static str {
        let mut all = Self::ALL.iter();
        all.find(|(kind, _)| *kind == self)
            .map_or("", |(_, word)| word)
    }

    /// Whether a character may stand in such a field: what steers terminals and logs may not, and lines end
    /// only where there are several.
    fn has(self, c: char) -> bool {
        !c.is_control() || (self == Self::TextArea && matches!(c, '\n' | '\r' | '\t'))
    }
}

/// What is asked of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    /// Something has to be there.
    Required,
    /// The same as in another field.
    Match(String),
    /// So many characters.
    Length {
        /// At least.
        min: Option<usize>,
        /// At most.
        max: Option<usize>,
    },
    /// An address of mail.
    Email,
    /// What a pattern finds itself in.
    Pattern(Pattern),
    /// Nobody else has the value; the store says so.
    Unique,
}

/// What is wrong with a flow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {message}")]
pub struct FlowError {
    /// Where in the JSON.
    pub at: String,
    /// What.
    pub message: String,
}

/// The longest value of a field, in characters, where no rule says otherwise.
pub(super) const CHARS_MAX: usize = 1_024;

impl Flow {
    /// Reads a flow.
    ///
    /// # Errors
    /// It is not one; all that is wrong is said.
    pub fn read(json: &Json) -> Result<Self, Vec<FlowError>> {
        let mut reader = Reader::default();
        let flow = reader.flow(json);
        match flow {
            Some(flow) if reader.errors.is_empty() => Ok(flow),
            _ => Err(reader.errors),
        }
    }

    /// The text of a key in a language, else in the language without its region, else in English; a key
    /// without a text is its own.
    pub fn text<'a>(&'a self, key: &'a str, locale: &str) -> &'a str {
        let language = locale.split(['-', '_']).next().unwrap_or(locale);
        let known = |wanted: &str| {
            let mut all = self.translations.iter();
            all.find(|(name, _)| name.eq_ignore_ascii_case(wanted))
                .or_else(|| {
                    let mut all = self.translations.iter();
                    all.find(|(name, _)| name.split(['-', '_']).next() == Some(wanted))
                })
                .and_then(|(_, texts)| texts.get(key))
        };
        known(locale)
            .or_else(|| known(language))
            .or_else(|| known("en"))
            .map_or(key, String::as_str)
    }

    /// What is wrong with a form as it came, by field, before anybody else has looked at it.
    pub fn invalid(
        &self,
        form: &Form,
        parameters: &Parameters,
        locale: &str,
    ) -> BTreeMap<String, Vec<String>> {
        let mut invalid = BTreeMap::new();
        for (name, required) in &form.fields {
            let Some(field) = self.fields.get(name) else {
                continue;
            };
            let messages = self.failed(name, field, *required, parameters, locale);
            if !messages.is_empty() {
                invalid.insert(name.clone(), messages);
            }
        }
        invalid
    }

    fn failed(
        &self,
        name: &str,
        field: &Field,
        required: bool,
        parameters: &Parameters,
        locale: &str,
    ) -> Vec<String> {
        let value = field.value(name, parameters);
        let Ok(value) = value else {
            return vec![self.said(field, &Rule::Required, "The date is not one.", locale)];
        };
        let value = value.unwrap_or_default();
        if value.is_empty() {
            let ruled = field.rules.iter().any(|(rule, _)| *rule == Rule::Required);
            let message = "This field is required.";
            return if required || ruled {
                vec![self.said(field, &Rule::Required, message, locale)]
            } else {
                Vec::new()
            };
        }
        let chars = value.chars().count();
        let mut messages = Vec::new();
        let mut bounded = false;
        let chosen = field.options.iter().any(|(option, _)| *option == value);
        if !field.options.is_empty() && !chosen {
            messages.push("The value is none of those to choose from.".to_owned());
        }
        for (rule, _) in &field.rules {
            let met = match rule {
                Rule::Required | Rule::Unique => true,
                Rule::Match(other) => parameters.get(other) == Some(&*value),
                Rule::Length { min, max } => {
                    bounded |= max.is_some();
                    min.is_none_or(|min| chars >= min) && max.is_none_or(|max| chars <= max)
                }
                Rule::Email => is_email(&value),
                Rule::Pattern(pattern) => pattern.fits(&value),
            };
            if !met {
                messages.push(self.said(field, rule, rule.words(), locale));
            }
        }
        // Passwords are what somebody typed; what they may hold is for policies to say.
        if field.kind != FieldKind::Password && !value.chars().all(|c| field.kind.has(c)) {
            let words = "The value holds characters that are not taken here.";
            messages.push(self.text(words, locale).to_owned());
        }
        if !bounded && chars > CHARS_MAX {
            messages.push("The value is too long.".to_owned());
        }
        messages
    }

    /// What a field says where a rule is not met.
    pub fn said(&self, field: &Field, rule: &Rule, otherwise: &str, locale: &str) -> String {
        let same = |known: &Rule| std::mem::discriminant(known) == std::mem::discriminant(rule);
        let mut rules = field.rules.iter();
        let own = rules
            .find(|(known, _)| same(known))
            .and_then(|(_, message)| message.as_ref());
        own.map_or_else(
            || self.text(otherwise, locale).to_owned(),
            |key| self.text(key, locale).to_owned(),
        )
    }

    /// The flow as apps download it, in one language.
    pub fn shown(&self, locale: &str) -> Json {
        let mut fields = Map::new();
        let mut paths = Map::new();
        for (name, form) in &self.forms {
            let names: Vec<&str> = form.fields.iter().map(|(name, _)| name.as_str()).collect();
            fields.insert(
                name.clone(),
                json!({ "action": form.action.word(), "fields": names }),
            );
        }
        for (name, field) in &self.fields {
            let mut shown = Map::new();
            shown.insert("name".to_owned(), Json::from(name.as_str()));
            shown.insert("type".to_owned(), Json::from(field.kind.word()));
            if let Some(label) = &field.label {
                shown.insert("label".to_owned(), Json::from(self.text(label, locale)));
            }
            if let Some(path) = &field.attribute {
                shown.insert("schemaId".to_owned(), Json::from(path.as_str()));
                let kind = match field.kind {
                    FieldKind::Checkbox => "boolean",
                    FieldKind::DateSelect => "date",
                    _ => "string",
                };
                paths.insert(path.clone(), Json::from(kind));
            }
            let rules: Vec<Json> = field.rules.iter().map(|(rule, message)| {
                let said = message.as_deref().unwrap_or_else(|| rule.words());
                json!({ "rule": rule.name(), "value": rule.value(), "message": self.text(said, locale) })
            }).collect();
            shown.insert("validation".to_owned(), Json::from(rules));
            if !field.options.is_empty() {
                let options = field.options.iter().map(
                    |(value, label)| json!({ "value": value, "text": self.text(label, locale) }),
                );
                shown.insert("options".to_owned(), options.collect());
            }
            fields.insert(name.clone(), Json::Object(shown));
        }
        json!({
            "name": self.name,
            "version": self.version,
            "locale": locale,
            "fields": fields,
            "schema_info": { "paths": paths },
        })
    }

    /// The languages that it has texts in.
    pub fn locales(&self) -> impl Iterator<Item = &str> {
        self.translations.keys().map(String::as_str)
    }
}

impl Field {
    /// What a request says in this field.
    ///
    /// # Errors
    /// Three selects are no day.
    pub fn value(
        &self,
        name: &str,
        parameters: &Parameters,
    ) -> Result<Option<String>, crate::capture::parameters::BadDate> {
        match self.kind {
            FieldKind::DateSelect => parameters.date(name),
            FieldKind::Checkbox => Ok(parameters.is_checked(name).then(|| "true".to_owned())),
            _ => Ok(parameters.get(name).map(str::to_owned)),
        }
    }

    /// Whether a request has this field, with nothing in it.
    pub fn is_emptied(&self, name: &str, parameters: &Parameters) -> bool {
        let parts = ["dateselect_year", "dateselect_month", "dateselect_day"];
        match self.kind {
            FieldKind::Checkbox => false,
            FieldKind::DateSelect
                if parts
                    .iter()
                    .all(|part| parameters.part(name, part) == Some("")) =>
            {
                true
            }
            _ => parameters.get(name) == Some(""),
        }
    }

    /// Whether it says the same as another one, and nothing else.
    pub fn repeats(&self) -> bool {
        self.repeated().is_some()
    }

    /// The field that it says the same as.
    pub fn repeated(&self) -> Option<&str> {
        self.rules.iter().find_map(|(rule, _)| match rule {
            Rule::Match(other) => Some(other.as_str()),
            _ => None,
        })
    }
}

impl Rule {
    fn name(&self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Match(_) => "match",
            Self::Length { .. } => "length",
            Self::Email | Self::Pattern(_) => "format",
            Self::Unique => "unique",
        }
    }

    fn value(&self) -> Json {
        match self {
            Self::Required | Self::Unique => Json::from(true),
            Self::Match(other) => Json::from(other.as_str()),
            Self::Length { min, max } => json!({ "min": min, "max": max }),
            Self::Email => Json::from("email"),
            Self::Pattern(pattern) => Json::from(pattern.text()),
        }
    }

    fn words(&self) -> &'static str {
        match self {
            Self::Required => "This field is required.",
            Self::Match(_) => "The values are not the same.",
            Self::Length { .. } => "The value is too short or too long.",
            Self::Email => "This is not an address of mail.",
            Self::Pattern(_) => "The value is not written as it should be.",
            Self::Unique => "Somebody else has this value.",
        }
    }
}

/// Whether a text can be an address of mail: one `@` with something before it, and a dot somewhere behind.
fn is_email(text: &str) -> bool {
    let Some((name, domain)) = text.rsplit_once('@') else {
        return false;
    };
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && !"<>()[],;:\"\\".contains(c);
    !name.is_empty()
        && text.chars().all(plain)
        && !name.contains('@')
        && domain.split('.').count() > 1
        && domain.split('.').all(|part| !part.is_empty())
}

#[derive(Debug, Default)]
struct Reader {
    errors: Vec<FlowError>,
}

impl Reader {
    fn wrong(&mut self, at: &str, message: impl Into<String>) {
        self.errors.push(FlowError {
            at: at.to_owned(),
            message: message.into(),
        });
    }

    fn known(&mut self, at: &str, object: &Map<String, Json>, known: &[&str]) {
        for key in object.keys() {
            if !known.contains(&key.as_str()) {
                let message = format!("`{key}` is not known here; there are {}", known.join(", "));
                self.wrong(at, message);
            }
        }
    }

    fn flow(&mut self, json: &Json) -> Option<Flow> {
        let Some(top) = json.as_object() else {
            self.wrong("flow", "it is not a JSON object");
            return None;
        };
        // Screens and mails are of the widget and of the sender: what they say is the journey's here.
        let known = [
            "name",
            "version",
            "locale",
            "fields",
            "translations",
            "schema_info",
            "screens",
            "mailTemplates",
            "mail_templates",
            "created",
        ];
        self.known("flow", top, &known);
        let name = top
            .get("name")
            .and_then(Json::as_str)
            .unwrap_or("standard")
            .to_owned();
        let Some(version) = top
            .get("version")
            .and_then(Json::as_str)
            .filter(|v| is_version(v))
        else {
            self.wrong(
                "version",
                "it must be a text of letters, digits, `-`, `_` and `.`, and not HEAD",
            );
            return None;
        };
        let Some(entries) = top.get("fields").and_then(Json::as_object) else {
            self.wrong("fields", "it must be an object of forms and fields");
            return None;
        };
        let mut flow = Flow {
            name,
            version: version.to_owned(),
            forms: BTreeMap::new(),
            fields: BTreeMap::new(),
            translations: self.translations(top.get("translations"), top.get("locale")),
        };
        for (name, entry) in entries {
            let at = format!("fields.{name}");
            let Some(entry) = entry.as_object() else {
                self.wrong(&at, "it must be an object");
                continue;
            };
            if entry.contains_key("fields") {
                if let Some(form) = self.form(&at, entry) {
                    flow.forms.insert(name.clone(), form);
                }
            } else if let Some(field) = self.field(&at, entry) {
                flow.fields.insert(name.clone(), field);
            }
        }
        self.references(&flow);
        Some(flow)
    }

    fn references(&mut self, flow: &Flow) {
        for (name, form) in &flow.forms {
            let mut seen = BTreeSet::new();
            for (field, _) in &form.fields {
                if !flow.fields.contains_key(field) {
                    self.wrong(
                        &format!("fields.{name}"),
                        format!("there is no field `{field}`"),
                    );
                }
                if !seen.insert(field) {
                    self.wrong(&format!("fields.{name}"), format!("`{field}` stands twice"));
                }
            }
            let kind = |(field, _): &(String, bool)| flow.fields.get(field).map(|field| field.kind);
            let passwords = form
                .fields
                .iter()
                .filter(|f| kind(f) == Some(FieldKind::Password))
                .count();
            if form.action == Action::TraditionalSignin && (form.fields.len(), passwords) != (2, 1)
            {
                let message = "a form to sign in has two fields, one of them a password";
                self.wrong(&format!("fields.{name}"), message);
            }
        }
        for (name, field) in &flow.fields {
            for (rule, _) in &field.rules {
                if let Rule::Match(other) = rule
                    && !flow.fields.contains_key(other)
                {
                    self.wrong(
                        &format!("fields.{name}"),
                        format!("there is no field `{other}`"),
                    );
                }
            }
        }
    }

    fn translations(
        &mut self,
        json: Option<&Json>,
        locale: Option<&Json>,
    ) -> BTreeMap<String, BTreeMap<String, String>> {
        let mut all = BTreeMap::new();
        if let Some(locale) = locale.and_then(Json::as_str) {
            all.insert(locale.to_owned(), BTreeMap::new());
        }
        let Some(json) = json else {
            return all;
        };
        let Some(locales) = json.as_object() else {
            self.wrong("translations", "it must be an object of languages");
            return all;
        };
        for (locale, texts) in locales {
            let texts = texts.as_object().into_iter().flatten().map(|(key, text)| {
                let text = text.as_str().or_else(|| text.get("text")?.as_str());
                Some((key.clone(), text?.to_owned()))
            });
            if let Some(texts) = texts.collect::<Option<BTreeMap<_, _>>>() {
                all.insert(locale.clone(), texts);
            } else {
                self.wrong(
                    &format!("translations.{locale}"),
                    "it must be an object of texts",
                );
            }
        }
        all
    }

    fn form(&mut self, at: &str, entry: &Map<String, Json>) -> Option<Form> {
        self.known(at, entry, &["name", "action", "fields", "label", "type"]);
        let word = entry
            .get("action")
            .and_then(Json::as_str)
            .unwrap_or_default();
        let Some(action) = Action::of_word(word) else {
            let words: Vec<_> = Action::ALL.iter().map(|(_, word)| *word).collect();
            self.wrong(
                at,
                format!("`action` must be one of {}, not {word:?}", words.join(", ")),
            );
            return None;
        };
        let mut fields = Vec::new();
        for field in entry
            .get("fields")
            .and_then(Json::as_array)
            .into_iter()
            .flatten()
        {
            match (field.as_str(), field.as_object()) {
                (Some(name), _) => fields.push((name.to_owned(), false)),
                (_, Some(object)) => {
                    self.known(at, object, &["name", "required"]);
                    let name = object.get("name").and_then(Json::as_str);
                    let required = object
                        .get("required")
                        .and_then(Json::as_bool)
                        .unwrap_or(false);
                    match name {
                        Some(name) => fields.push((name.to_owned(), required)),
                        None => self.wrong(at, "a field has no name"),
                    }
                }
                _ => self.wrong(at, "a field must be a name, or an object with one"),
            }
        }
        Some(Form { action, fields })
    }

    fn field(&mut self, at: &str, entry: &Map<String, Json>) -> Option<Field> {
        let known = [
            "name",
            "type",
            "schemaAttribute",
            "schemaId",
            "label",
            "placeholder",
            "tip",
            "validation",
            "options",
            "value",
            "modify",
        ];
        self.known(at, entry, &known);
        let word = entry.get("type").and_then(Json::as_str).unwrap_or_default();
        let Some((kind, _)) = FieldKind::ALL.iter().find(|(_, known)| *known == word) else {
            let words: Vec<_> = FieldKind::ALL.iter().map(|(_, word)| *word).collect();
            self.wrong(
                at,
                format!("`type` must be one of {}, not {word:?}", words.join(", ")),
            );
            return None;
        };
        let path = entry
            .get("schemaAttribute")
            .or_else(|| entry.get("schemaId"));
        let attribute = path.and_then(Json::as_str).map(str::to_owned);
        if path.is_some_and(|path| !path.is_string() && !path.is_null()) {
            self.wrong(
                at,
                "the attribute must be one path; a field of several is several fields here",
            );
        }
        let mut rules = Vec::new();
        for rule in entry
            .get("validation")
            .and_then(Json::as_array)
            .into_iter()
            .flatten()
        {
            match rule.as_object().and_then(read_rule) {
                Some(Ok(rule)) => rules.push(rule),
                Some(Err(message)) => self.wrong(at, message),
                None => {
                    let message = format!(
                        "the rule {rule} is not known; there are required, match, length, format with \
                         \"email\" or a pattern, and unique"
                    );
                    self.wrong(at, message);
                }
            }
        }
        let mut options = Vec::new();
        for option in entry
            .get("options")
            .and_then(Json::as_array)
            .into_iter()
            .flatten()
        {
            let value = option
                .get("value")
                .and_then(Json::as_str)
                .or_else(|| option.as_str());
            let label = ["text", "label"]
                .iter()
                .find_map(|key| words(option.get(*key)));
            match value {
                Some(value) => {
                    options.push((value.to_owned(), label.unwrap_or_else(|| value.to_owned())));
                }
                None => self.wrong(at, "an option has no value"),
            }
        }
        Some(Field {
            kind: *kind,
            attribute,
            label: words(entry.get("label")),
            rules,
            options,
        })
    }
}

/// A text, or the key of one.
fn words(json: Option<&Json>) -> Option<String> {
    let json = json?;
    let text = json.as_str().or_else(|| json.get("key")?.as_str());
    text.map(str::to_owned)
}

/// A rule and its message; nothing where there is no such rule.
fn read_rule(rule: &Map<String, Json>) -> Option<Result<(Rule, Option<String>), String>> {
    let name = rule.get("rule").and_then(Json::as_str)?;
    let value = rule.get("value").unwrap_or(&Json::Bool(true));
    let number = |key: &str| match value.get(key) {
        None | Some(Json::Null) => Some(None),
        Some(number) => Some(Some(usize::try_from(number.as_u64()?).ok()?)),
    };
    let read = match name {
        "required" if value == true => Rule::Required,
        "unique" if value == true => Rule::Unique,
        "match" | "confirm" => Rule::Match(value.as_str()?.to_owned()),
        "length" | "minLength" | "maxLength" => match (name, value.as_u64()) {
            ("minLength", Some(min)) => Rule::Length {
                min: usize::try_from(min).ok(),
                max: None,
            },
            ("length" | "maxLength", Some(max)) => Rule::Length {
                min: None,
                max: usize::try_from(max).ok(),
            },
            ("length", None) => Rule::Length {
                min: number("min")?,
                max: number("max")?,
            },
            _ => return None,
        },
        "format" if value == "email" => Rule::Email,
        "email" if value == true => Rule::Email,
        "format" => match value
            .as_str()
            .filter(|text| !is_word(text))
            .map(Pattern::read)?
        {
            Ok(pattern) => Rule::Pattern(pattern),
            Err(message) => return Some(Err(message)),
        },
        _ => return None,
    };
    let message = rule.get("message");
    Some(Ok((read, words(message))))
}

/// Whether it names a format, and is no pattern.
fn is_word(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_')
}

fn is_version(text: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    (1..=64).contains(&text.len()) && text.bytes().all(fits) && text != "HEAD"
}
