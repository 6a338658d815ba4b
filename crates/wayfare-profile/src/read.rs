//! A schema from JSON.
//!
//! What is read is the `schema` of a managed object as the platforms of the field export it: `properties`,
//! `required`, `order`. Of a property count `title`, `type`, `viewable`, `userEditable`, `searchable`,
//! `unique`, `minLength`, `maxLength`, `pattern`, `isProtected` or `secureHash`, and `policies`; of an object
//! `properties`, `required` and `order` of its own, whose attributes are named by their paths. Relationships
//! are left out, and so is what only an editor of forms needs.

use std::sync::{Arc, LazyLock};

use serde_json::{Map, Value as Json};
use wayfare::engine::effect::Shape;

use crate::{
    attribute::{Attribute, Editing},
    nested::PATH_MAX,
    object::LINKS,
    policy::Policy,
    schema::Schema,
};

/// How many attributes a schema may have, those within objects too.
pub const ATTRIBUTES_MAX: usize = 512;

/// The schema of users where none is given: the attributes that published journeys ask for.
const USERS: &str = include_str!("users.json");

/// Why JSON is no schema.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// It is not JSON.
    #[error("the schema is not JSON: {0}")]
    Json(String),
    /// It has no `properties`.
    #[error("the schema has no object `properties`")]
    NoProperties,
    /// It has more than [`ATTRIBUTES_MAX`] attributes.
    #[error("the schema has more than {ATTRIBUTES_MAX} attributes")]
    TooMany,
    /// Two attributes differ in letter case alone.
    #[error("the attributes `{0}` and `{1}` differ in letter case alone")]
    Twice(Arc<str>, Arc<str>),
    /// Something about one attribute is wrong.
    #[error("attribute `{attribute}`: {message}")]
    Attribute {
        /// Which.
        attribute: Arc<str>,
        /// What.
        message: String,
    },
    /// Something is required, or in the order, that no attribute is.
    #[error("`{member}` names `{attribute}`, which is no attribute")]
    Unknown {
        /// `required` or `order`.
        member: &'static str,
        /// The name.
        attribute: Arc<str>,
    },
    /// No attribute names the object.
    #[error("the schema has no attribute `userName`")]
    NoName,
}

impl Schema {
    /// The schema of users where none is given.
    ///
    /// # Errors
    /// Never, as a test shows; the type is that of [`Schema::parse`].
    pub fn users() -> Result<Self, SchemaError> {
        Self::parse(USERS)
    }

    /// The schema of users where none is given, read once.
    pub fn standard() -> Arc<Self> {
        static STANDARD: LazyLock<Arc<Schema>> = LazyLock::new(|| {
            // Without attributes nothing can be written, which is the safe side of what cannot happen.
            let none = || Schema {
                attributes: Vec::new(),
                name: Arc::from("userName"),
            };
            Arc::new(Schema::users().unwrap_or_else(|_| none()))
        });
        Arc::clone(&STANDARD)
    }

    /// Reads a schema: that of one object, or an object with it under `schema`.
    ///
    /// # Errors
    /// It is not JSON, or something in it is not what a schema has; the error says where.
    pub fn parse(text: &str) -> Result<Self, SchemaError> {
        let json: Json =
            serde_json::from_str(text).map_err(|error| SchemaError::Json(error.to_string()))?;
        let schema = json.get("schema").unwrap_or(&json);
        if !schema.get("properties").is_some_and(Json::is_object) {
            return Err(SchemaError::NoProperties);
        }
        let mut attributes = Vec::new();
        add(&mut attributes, schema, None)?;
        let named = attributes
            .iter_mut()
            .find(|attribute| attribute.name.eq_ignore_ascii_case("userName"));
        let named = named.ok_or(SchemaError::NoName)?;
        // Whatever the schema says: a name that two have, or nobody, names nobody.
        named.unique = true;
        named.required = true;
        let name = Arc::clone(&named.name);
        // A link that two have lets in neither, so it stays whose it is.
        let links = attributes
            .iter_mut()
            .filter(|attribute| attribute.name.eq_ignore_ascii_case(LINKS));
        links.for_each(|links| links.unique = true);
        Ok(Self { attributes, name })
    }
}

/// The attributes of a schema, or of an object in it, each before those within it.
///
/// BOUND: it goes as deep as paths do, [`PATH_MAX`].
fn add(
    to: &mut Vec<Attribute>,
    schema: &Json,
    object: Option<&Attribute>,
) -> Result<(), SchemaError> {
    let Some(properties) = schema.get("properties").and_then(Json::as_object) else {
        return Ok(());
    };
    if to.len() + properties.len() > ATTRIBUTES_MAX {
        return Err(SchemaError::TooMany);
    }
    let mut attributes = Vec::with_capacity(properties.len());
    for (name, property) in properties {
        attributes.extend(attribute(name, property, object)?);
    }
    let within = object.map(|object| &*object.name);
    twice(&attributes)?;
    require(&mut attributes, schema, within)?;
    order(&mut attributes, schema, within)?;
    for attribute in attributes {
        let inner = attribute.name.rsplit('/').next();
        let inner = inner.and_then(|name| properties.get(name));
        let object = attribute.clone();
        to.push(attribute);
        if let Some(inner) = inner.filter(|_| object.shape == Shape::Object && !object.secret) {
            add(to, inner, Some(&object))?;
        }
    }
    Ok(())
}

/// The path of a name within an object.
fn path(name: &str, within: Option<&str>) -> Arc<str> {
    within.map_or_else(
        || Arc::from(name),
        |object| Arc::from(format!("{object}/{name}")),
    )
}

fn twice(attributes: &[Attribute]) -> Result<(), SchemaError> {
    let mut seen = std::collections::BTreeMap::new();
    for attribute in attributes {
        let first = seen.insert(attribute.name.to_ascii_lowercase(), &attribute.name);
        if let Some(first) = first {
            return Err(SchemaError::Twice(
                Arc::clone(first),
                Arc::clone(&attribute.name),
            ));
        }
    }
    Ok(())
}

/// The names in a member of the schema that is a list.
fn names<'s>(schema: &'s Json, member: &str) -> impl Iterator<Item = &'s str> {
    schema
        .get(member)
        .and_then(Json::as_array)
        .into_iter()
        .flatten()
        .filter_map(Json::as_str)
}

fn require(
    attributes: &mut [Attribute],
    schema: &Json,
    within: Option<&str>,
) -> Result<(), SchemaError> {
    for name in names(schema, "required") {
        let name = path(name, within);
        let found = attributes
            .iter_mut()
            .find(|attribute| attribute.name == name);
        let attribute = found.ok_or(SchemaError::Unknown {
            member: "required",
            attribute: name,
        })?;
        attribute.required = true;
    }
    Ok(())
}

/// Those that `order` names come first and in its order; it may name what was left out.
fn order(
    attributes: &mut [Attribute],
    schema: &Json,
    within: Option<&str>,
) -> Result<(), SchemaError> {
    let place: std::collections::BTreeMap<&str, usize> = names(schema, "order").zip(0..).collect();
    let properties = schema.get("properties").and_then(Json::as_object);
    for name in place.keys() {
        if !properties.is_some_and(|properties| properties.contains_key(*name)) {
            return Err(SchemaError::Unknown {
                member: "order",
                attribute: path(name, within),
            });
        }
    }
    attributes.sort_by_key(|attribute| {
        let name = attribute.name.rsplit('/').next().unwrap_or_default();
        place.get(name).copied().unwrap_or(usize::MAX)
    });
    Ok(())
}

/// One attribute; `None` where it is a relationship. What one within an object does not say of who sees and
/// changes it, the object does.
fn attribute(
    name: &str,
    property: &Json,
    object: Option<&Attribute>,
) -> Result<Option<Attribute>, SchemaError> {
    let own = name;
    let name = path(own, object.map(|object| &*object.name));
    let wrong = |message: String| SchemaError::Attribute {
        attribute: Arc::clone(&name),
        message,
    };
    if own.contains('/') {
        return Err(wrong("`/` stands between names and in none".to_owned()));
    }
    if name.split('/').count() > PATH_MAX {
        return Err(wrong(format!("it lies deeper than {PATH_MAX}")));
    }
    let Some(property) = property.as_object() else {
        return Err(wrong("it is no object".to_owned()));
    };
    let Some(shape) = shape(property).map_err(wrong)? else {
        return Ok(None);
    };
    let flag = |member: &str| property.get(member).and_then(Json::as_bool);
    let viewable = flag("viewable").unwrap_or(object.is_none_or(Attribute::is_viewable));
    let editable = flag("userEditable").unwrap_or(object.is_some_and(Attribute::is_editable));
    let editing = match (viewable, editable) {
        (_, true) => Editing::Editable,
        (true, false) => Editing::ReadOnly,
        (false, false) => Editing::Hidden,
    };
    let secret = ["isProtected", "secureHash", "encryption"]
        .iter()
        .any(|member| {
            property
                .get(*member)
                .is_some_and(|value| *value != Json::Bool(false))
        });
    if secret && object.is_some() {
        return Err(wrong(
            "what is secret is not kept within an object".to_owned(),
        ));
    }
    // The field's own schema has no titles within objects, and descriptions that read as such.
    let told: &[&str] = if object.is_some() {
        &["title", "description"]
    } else {
        &["title"]
    };
    let mut told = told
        .iter()
        .filter_map(|member| property.get(*member).and_then(Json::as_str));
    let title = told.find(|text| !text.is_empty()).unwrap_or(&name);
    Ok(Some(Attribute {
        title: title.to_owned(),
        shape,
        required: false,
        unique: flag("unique").unwrap_or(false),
        searchable: flag("searchable").unwrap_or(false),
        secret,
        editing,
        viewable,
        policies: policies(property).map_err(wrong)?,
        name,
    }))
}

/// What values it takes; `None` for relationships.
fn shape(property: &Map<String, Json>) -> Result<Option<Shape>, String> {
    let types: Vec<&str> = match property.get("type") {
        Some(Json::String(ty)) => vec![ty],
        Some(Json::Array(types)) => types.iter().filter_map(Json::as_str).collect(),
        _ => return Err("it has no `type`".to_owned()),
    };
    let real: Vec<&str> = types.iter().copied().filter(|ty| *ty != "null").collect();
    match *real {
        ["string"] => Ok(Some(Shape::Text)),
        ["number" | "integer"] => Ok(Some(Shape::Number)),
        ["boolean"] => Ok(Some(Shape::Flag)),
        ["object"] => Ok(Some(Shape::Object)),
        ["array"] => {
            let items = property.get("items").and_then(|items| items.get("type"));
            let related = items.and_then(Json::as_str) == Some("relationship");
            Ok((!related).then_some(Shape::List))
        }
        ["relationship"] => Ok(None),
        _ => Err(format!(
            "no attribute has the type `{}`",
            types.join(" or ")
        )),
    }
}

fn policies(property: &Map<String, Json>) -> Result<Vec<Policy>, String> {
    let mut policies = Vec::new();
    let mut add = |id: &str, params: &Json| {
        let none = Map::new();
        Policy::of(id, params.as_object().unwrap_or(&none)).map(|policy| policies.push(policy))
    };
    for (member, id, param) in [
        ("minLength", "minimum-length", "minLength"),
        ("maxLength", "maximum-length", "maxLength"),
        ("pattern", "regexpMatches", "regexp"),
        ("minimum", "minimum-number-value", "minimum"),
        ("maximum", "maximum-number-value", "maximum"),
    ] {
        let value = property
            .get(member)
            .filter(|value| !value.is_null() && **value != "");
        if let Some(value) = value {
            add(id, &serde_json::json!({ param: value }))?;
        }
    }
    let listed = property.get("policies").and_then(Json::as_array);
    for policy in listed.into_iter().flatten() {
        let id = policy.get("policyId").and_then(Json::as_str);
        let id = id.ok_or("a policy has no `policyId`")?;
        add(id, policy.get("params").unwrap_or(&Json::Null))?;
    }
    Ok(policies)
}
