//! A schema: the attributes of one kind of object, and the verdict on values.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Value as Json, json};
use wayfare::{
    Value,
    engine::{
        callback::FailedPolicy,
        effect::{Judgement, Shape, Unmet},
    },
};

use crate::{
    attribute::Attribute,
    nested,
    object::find,
    policy::{Policy, Rule},
};

/// What judging must know of the profiles that are there.
pub trait Store {
    /// What went wrong with the store.
    type Error;

    /// Whether another profile than the one at hand has this text, as [`compared_texts`] gives it.
    ///
    /// # Errors
    /// The store cannot be asked.
    fn is_taken(&self, attribute: &Attribute, text: &str) -> Result<bool, Self::Error>;
}

/// The attributes of one kind of object, in the order in which they are shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Schema {
    pub(crate) attributes: Vec<Attribute>,
    /// The attribute that names the object.
    pub(crate) name: Arc<str>,
}

impl Schema {
    /// The attributes in the order in which they are shown, those within an object behind it.
    pub fn attributes(&self) -> &[Attribute] {
        &self.attributes
    }

    /// The attribute of this name, or at this path; letter case does not matter.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        let name = name.strip_prefix('/').unwrap_or(name);
        self.attributes
            .iter()
            .find(|attribute| attribute.name.eq_ignore_ascii_case(name))
    }

    /// The attribute that names the object: `userName`.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The attributes that a question is about: those it names, or all of them where it names none.
    pub fn asked<'a>(&'a self, named: &'a [Arc<str>]) -> Vec<&'a Arc<str>> {
        if named.is_empty() {
            self.attributes.iter().map(|known| &known.name).collect()
        } else {
            named.iter().collect()
        }
    }

    /// What is known of one attribute, and how a value of it would fare.
    ///
    /// `others` are the values of the same profile, those that are there and those that come with this one.
    ///
    /// # Errors
    /// The store cannot be asked whether a value is taken.
    pub fn judge<S: Store>(
        &self,
        name: &Arc<str>,
        value: Option<&Value>,
        others: &BTreeMap<Arc<str>, Value>,
        store: &S,
    ) -> Result<Judgement, S::Error> {
        let Some(attribute) = self.attribute(name) else {
            return Ok(unknown(name));
        };
        Ok(Judgement {
            attribute: Arc::clone(&attribute.name),
            shape: Some(attribute.shape),
            title: attribute.title.clone(),
            required: attribute.required && is_asked(attribute, others),
            secret: attribute.secret,
            viewable: attribute.is_viewable(),
            editable: attribute.is_editable()
                && self.within(&attribute.name).all(Attribute::is_editable),
            policies: attribute.policies_json(),
            failed: match value {
                Some(value) => attribute.failures(value, others, store)?,
                None => Vec::new(),
            },
        })
    }

    /// Why an object cannot be made of these values; empty where it can.
    ///
    /// # Errors
    /// The store cannot be asked whether a value is taken.
    pub fn unmet<S: Store>(
        &self,
        values: &BTreeMap<Arc<str>, Value>,
        store: &S,
    ) -> Result<Vec<Unmet>, S::Error> {
        let mut unmet = Vec::new();
        for attribute in &self.attributes {
            if !is_asked(attribute, values) {
                continue;
            }
            let value = find(values, &attribute.name).unwrap_or(&Value::Null);
            let failed = attribute.failures(value, values, store)?;
            if !failed.is_empty() {
                unmet.push(Unmet {
                    attribute: Arc::clone(&attribute.name),
                    failed,
                });
            }
        }
        // What the schema does not know is not stored.
        for name in values.keys() {
            if self.attribute(name).is_none() {
                unmet.push(unknown_unmet(name));
            }
        }
        unmet.extend(self.strays(values, &BTreeMap::new()));
        Ok(unmet)
    }

    /// Why these values cannot be written to an object that is there; empty where they can.
    ///
    /// `before` are the values that it has.
    ///
    /// # Errors
    /// The store cannot be asked whether a value is taken.
    pub fn unmet_changes<S: Store>(
        &self,
        changes: &BTreeMap<Arc<str>, Value>,
        before: &BTreeMap<Arc<str>, Value>,
        store: &S,
    ) -> Result<Vec<Unmet>, S::Error> {
        let mut after = before.clone();
        after.retain(|name, _| find(changes, name).is_none());
        after.extend(
            changes
                .iter()
                .map(|(name, value)| (Arc::clone(name), value.clone())),
        );
        let mut unmet = Vec::new();
        for (name, value) in changes {
            let Some(attribute) = self.attribute(name) else {
                unmet.push(unknown_unmet(name));
                continue;
            };
            // Of an object, what is within it and is as it was is not judged again.
            let within = self.within(&attribute.name).filter(|inner| {
                let object = nested::object(&inner.name).unwrap_or_default();
                is_asked(inner, &after)
                    && (find(&after, &inner.name) != find(before, &inner.name)
                        || find(before, object).is_none())
            });
            for attribute in [attribute].into_iter().chain(within) {
                let value = match find(&after, &attribute.name) {
                    _ if attribute.name.eq_ignore_ascii_case(name) => value,
                    inner => inner.unwrap_or(&Value::Null),
                };
                let failed = attribute.failures(value, &after, store)?;
                if !failed.is_empty() {
                    unmet.push(Unmet {
                        attribute: Arc::clone(&attribute.name),
                        failed,
                    });
                }
            }
        }
        unmet.extend(self.strays(changes, before));
        Ok(unmet)
    }

    /// The attributes within an object.
    fn within<'s>(&'s self, object: &'s str) -> impl Iterator<Item = &'s Attribute> {
        self.attributes
            .iter()
            .filter(move |attribute| nested::is_within(&attribute.name, object))
    }

    /// What is new in an object that says what it holds, and is none of it.
    fn strays(
        &self,
        values: &BTreeMap<Arc<str>, Value>,
        before: &BTreeMap<Arc<str>, Value>,
    ) -> Vec<Unmet> {
        let mut strays = Vec::new();
        for object in &self.attributes {
            let Some(Value::Map(members)) = find(values, &object.name) else {
                continue;
            };
            if self.within(&object.name).next().is_none() {
                continue;
            }
            for member in members.keys() {
                let path: Arc<str> = Arc::from(format!("{}/{member}", object.name));
                if self.attribute(&path).is_none() && find(before, &path).is_none() {
                    strays.push(unknown_unmet(&path));
                }
            }
        }
        strays
    }
}

/// Whether an attribute is looked at: of one within an object, whether the object is there.
fn is_asked(attribute: &Attribute, values: &BTreeMap<Arc<str>, Value>) -> bool {
    nested::object(&attribute.name)
        .is_none_or(|object| matches!(find(values, object), Some(Value::Map(_))))
}

fn unknown(name: &Arc<str>) -> Judgement {
    Judgement {
        attribute: Arc::clone(name),
        shape: None,
        title: name.to_string(),
        required: false,
        secret: false,
        viewable: false,
        editable: false,
        policies: json!({}),
        failed: Vec::new(),
    }
}

fn unknown_unmet(name: &Arc<str>) -> Unmet {
    Unmet {
        attribute: Arc::clone(name),
        failed: vec![FailedPolicy {
            requirement: Arc::from("UNKNOWN_ATTRIBUTE"),
            params: json!({}),
        }],
    }
}

/// Whether there is nothing in it.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Text(text) => text.is_empty(),
        Value::Secret(text) => text.reveal().is_empty(),
        Value::List(list) => list.is_empty(),
        _ => false,
    }
}

/// The text that a value is judged by.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.to_string()),
        Value::Secret(text) => Some(text.reveal().clone()),
        _ => None,
    }
}

/// The texts by which a value is told from those of others: its own, a number's, and those of the items of a
/// list; none where nothing of the kind is in it.
pub fn compared_texts(value: &Value) -> Vec<String> {
    let one = |value: &Value| match value {
        Value::Int(number) => Some(number.to_string()),
        Value::Decimal(number) => {
            let text = number.to_string();
            Some(text.strip_suffix(".0").map_or(text.clone(), str::to_owned))
        }
        other => text_of(other),
    };
    match value {
        Value::List(list) => list.iter().filter_map(one).collect(),
        value => one(value).into_iter().collect(),
    }
}

fn number_of(value: &Value) -> Option<f64> {
    match value {
        Value::Int(number) => number.to_string().parse().ok(),
        Value::Decimal(number) => number.to_string().parse().ok(),
        _ => None,
    }
}

impl Attribute {
    /// The policies as clients are told of them; the store's own are told as what they ask.
    fn policies_json(&self) -> Json {
        let policies = self.all_policies();
        let requirements: Vec<&str> = policies.iter().map(Policy::requirement).collect();
        let told: Vec<Json> = policies.iter().map(Policy::to_json).collect();
        json!({
            "policyRequirements": requirements,
            "fallbackPolicies": null,
            "name": &*self.name,
            "policies": told,
            "conditionalPolicies": null,
        })
    }

    /// Those that follow from what the attribute is, and those that it names.
    fn all_policies(&self) -> Vec<Policy> {
        let named = |rule: fn(&Rule) -> bool| self.policies.iter().any(|policy| rule(&policy.rule));
        let own = |id: &str, params: Json, rule: Rule| Policy {
            id: Arc::from(id),
            params: params.as_object().cloned().unwrap_or_default(),
            rule,
        };
        let mut policies = Vec::new();
        if self.required && !named(|rule| matches!(rule, Rule::Required)) {
            policies.push(own("required", json!({}), Rule::Required));
        }
        if !named(|rule| matches!(rule, Rule::Type(_))) {
            let ty = match self.shape {
                Shape::Text => "string",
                Shape::Number => "number",
                Shape::Flag => "boolean",
                Shape::List => "array",
                Shape::Object => "object",
            };
            let rule = Rule::Type(vec![Arc::from(ty)]);
            policies.push(own("valid-type", json!({ "types": [ty] }), rule));
        }
        if self.unique && !named(|rule| matches!(rule, Rule::Unique)) {
            policies.push(own("unique", json!({}), Rule::Unique));
        }
        policies.extend(self.policies.iter().cloned());
        policies
    }

    /// Those policies that a value does not meet.
    ///
    /// Where there is nothing, only that something is required can fail.
    fn failures<S: Store>(
        &self,
        value: &Value,
        others: &BTreeMap<Arc<str>, Value>,
        store: &S,
    ) -> Result<Vec<FailedPolicy>, S::Error> {
        let policies = self.all_policies();
        if is_nothing(value) {
            let required = policies
                .iter()
                .find(|policy| matches!(policy.rule, Rule::Required));
            return Ok(required
                .map(|policy| policy.failed(None))
                .into_iter()
                .collect());
        }
        let other = |name: &str| find(others, name).and_then(text_of);
        let mut failed = Vec::new();
        for policy in &policies {
            if let Rule::Unique = policy.rule {
                for text in compared_texts(value) {
                    if store.is_taken(self, &text)? {
                        failed.push(policy.failed(None));
                        break;
                    }
                }
                continue;
            }
            let holds = policy.rule.holds_for_type(value)
                && match (text_of(value), number_of(value)) {
                    (Some(text), _) => policy.rule.holds_for_text(&text, &other),
                    (None, Some(number)) => policy.rule.holds_for_number(number),
                    (None, None) => true,
                };
            if !holds {
                let text = text_of(value).unwrap_or_default();
                let contained = policy.rule.contained(&text, &other);
                failed.push(
                    policy.failed(contained.map(|name| ("disallowedFields", Json::from(&**name)))),
                );
            }
        }
        Ok(failed)
    }
}
