//! Identities and managed users, as far as the store can and scripts may.
//!
//! Every read and write is an effect of the engine's, with the attributes that are configured for scripts. What
//! the store cannot do is refused with the reason; nothing is left out silently.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Map, Value as Json, json};
use wayfare::{
    Effect, EffectReply, Filter, Secret, SubjectId, Value,
    engine::effect::{
        Change, Channel, CreateIdentity, FindIdentity, Identity, Message, PatchIdentity,
        ReadIdentity, Unmet, Who,
    },
};

use super::{
    convert::{self, text_of},
    host::{Host, Refused},
};

/// What kind of object users are.
const USER: &str = "managed/user";

/// What is read of a user where a script does not say what.
const FIELDS: [&str; 12] = [
    "userName",
    "givenName",
    "sn",
    "mail",
    "telephoneNumber",
    "description",
    "displayName",
    "accountStatus",
    "city",
    "country",
    "postalCode",
    "stateProvince",
];

/// Attributes that are secrets; no script reads them.
const SECRET: [&str; 3] = ["password", "userPassword", "kbaInfo"];

fn may(listed: &[String], name: &str) -> bool {
    let secret = SECRET
        .iter()
        .any(|secret| secret.eq_ignore_ascii_case(name));
    listed
        .iter()
        .any(|known| known.eq_ignore_ascii_case(name) || (known == "*" && !secret))
}

fn may_read(host: &Host, name: &str) -> Result<(), Refused> {
    if may(&host.settings.permissions.read, name) && !SECRET.contains(&name) {
        return Ok(());
    }
    Err(Refused::told(format!("scripts may not read `{name}`")))
}

fn may_write(host: &Host, name: &str) -> Result<(), Refused> {
    if may(&host.settings.permissions.write, name) {
        return Ok(());
    }
    Err(Refused::told(format!("scripts may not write `{name}`")))
}

fn who(host: &Host, user: &str) -> Who {
    match &host.subject {
        Some((id, _)) if **id == *user => Who::Subject(SubjectId(Arc::clone(id))),
        _ => Who::Name(Arc::from(user)),
    }
}

/// Reads attributes of a user, once a run.
fn read(
    host: &Host,
    who: Who,
    key: String,
    attributes: Vec<Arc<str>>,
) -> Result<Option<Identity>, Refused> {
    if let Some(known) = host.read.borrow().get(&key) {
        return Ok(known.clone());
    }
    let effect = Effect::ReadIdentity(ReadIdentity { who, attributes });
    match host.effect(effect)? {
        EffectReply::Identity(found) => {
            host.read.borrow_mut().insert(key, found.clone());
            Ok(found)
        }
        _ => Err(unexpected()),
    }
}

fn unexpected() -> Refused {
    Refused::told("a reply of another kind")
}

/// `idRepository` of both generations.
pub(super) fn identity(host: &Host, asked: &Json) -> Result<Json, Refused> {
    let none = Map::new();
    let asked = asked.as_object().unwrap_or(&none);
    let user = text_of(asked, "user");
    let attribute = text_of(asked, "attribute");
    match &*text_of(asked, "op") {
        "exists" => {
            let found = read(host, who(host, &user), format!("{user}\n"), Vec::new())?;
            Ok(json!(found.is_some()))
        }
        "get" => {
            may_read(host, &attribute)?;
            let listed = &host.settings.permissions.read;
            // Where few are readable, all of them are read at once.
            let all = listed.iter().all(|name| name != "*");
            let (key, wanted): (String, Vec<Arc<str>>) = if all {
                let wanted = listed.iter().map(|name| Arc::from(name.as_str()));
                (format!("{user}\n*"), wanted.collect())
            } else {
                (format!("{user}\n{attribute}"), vec![Arc::from(&*attribute)])
            };
            let found = read(host, who(host, &user), key, wanted)?;
            let value = found.and_then(|found| {
                if matches!(&*attribute, "uid" | "userName" | "username") {
                    return Some(Value::Text(found.username));
                }
                member(&found.attributes, &attribute).cloned()
            });
            Ok(texts(value.as_ref()))
        }
        "set" => {
            let change = (
                Arc::from(&*attribute),
                changed(host, &attribute, asked.get("values"))?,
            );
            host.read.borrow_mut().clear();
            patch(host, who(host, &user), vec![change], Vec::new()).map(|_| Json::Null)
        }
        // All of it or nothing, and in one piece.
        "store" => {
            let attributes = asked.get("attributes").and_then(Json::as_object);
            let changes: Result<Vec<_>, Refused> = attributes
                .into_iter()
                .flatten()
                .map(|(name, values)| {
                    Ok((Arc::from(name.as_str()), changed(host, name, Some(values))?))
                })
                .collect();
            let changes = changes?;
            host.read.borrow_mut().clear();
            patch(host, who(host, &user), changes, Vec::new()).map(|_| Json::Null)
        }
        _ => Err(Refused::told("no such work on identities")),
    }
}

/// What becomes of an attribute that gets these values.
fn changed(host: &Host, name: &str, values: Option<&Json>) -> Result<Change, Refused> {
    may_write(host, name)?;
    let values = values.and_then(Json::as_array);
    Ok(match values.map(Vec::as_slice).unwrap_or_default() {
        [] => Change::Remove,
        [one] => Change::Set(value_of(name, one)?),
        many => Change::Set(value_of(name, &json!(many))?),
    })
}

fn member<'a>(attributes: &'a BTreeMap<Arc<str>, Value>, name: &str) -> Option<&'a Value> {
    let found = attributes
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value)
}

/// The values of an attribute as texts; secrets are none.
fn texts(value: Option<&Value>) -> Json {
    let text = |value: &Value| match value {
        Value::Null | Value::Secret(_) => None,
        Value::Text(text) => Some(json!(&**text)),
        other => Some(json!(other.to_json().to_string())),
    };
    match value {
        None => json!([]),
        Some(Value::List(list)) => list.iter().filter_map(text).collect(),
        Some(one) => text(one).into_iter().collect(),
    }
}

/// A value to write; one that is a secret goes in as one.
fn value_of(name: &str, value: &Json) -> Result<Value, Refused> {
    if SECRET
        .iter()
        .any(|secret| secret.eq_ignore_ascii_case(name))
    {
        let text = value
            .as_str()
            .ok_or_else(|| Refused::told("a password is a text"))?;
        return Ok(Value::Secret(Secret::new(text.to_owned())));
    }
    convert::from_json(value)
        .ok_or_else(|| Refused::told(format!("`{name}` has a value that cannot be written")))
}

fn patch(
    host: &Host,
    who: Who,
    changes: Vec<(Arc<str>, Change)>,
    attributes: Vec<Arc<str>>,
) -> Result<Json, Refused> {
    let effect = Effect::PatchIdentity(PatchIdentity {
        resource: Arc::from(USER),
        who,
        changes,
        attributes,
    });
    written(host.effect(effect)?)
}

fn written(reply: EffectReply) -> Result<Json, Refused> {
    match reply {
        EffectReply::Written(identity) => Ok(shown(&identity)),
        EffectReply::Refused(unmet) => Err(Refused::Told(not_met(&unmet))),
        EffectReply::Identity(None) => Err(Refused::told("there is no such user")),
        _ => Err(unexpected()),
    }
}

fn not_met(unmet: &[Unmet]) -> String {
    let policies = unmet.iter().flat_map(|unmet| {
        let failed = unmet.failed.iter();
        failed.map(|failed| format!("{}: {}", unmet.attribute, failed.requirement))
    });
    let all: Vec<String> = policies.collect();
    format!("Policy validation failed ({})", all.join(", "))
}

/// A user as managed objects are shown; nothing secret.
fn shown(identity: &Identity) -> Json {
    let mut map = Map::new();
    for (name, value) in &identity.attributes {
        if !matches!(value, Value::Secret(_)) {
            map.insert(name.to_string(), value.to_json());
        }
    }
    map.insert("_id".to_owned(), json!(&*identity.subject.0));
    map.insert("_rev".to_owned(), json!("0"));
    map.insert("userName".to_owned(), json!(&*identity.username));
    Json::Object(map)
}

/// `openidm`.
pub(super) fn managed(host: &Host, asked: &Json) -> Result<Json, Refused> {
    let none = Map::new();
    let asked = asked.as_object().unwrap_or(&none);
    let resource = text_of(asked, "resource");
    let op = text_of(asked, "op");
    if op == "action" {
        return action(host, &resource, asked);
    }
    let id = user_of(&resource)?;
    let fields = fields(host, asked)?;
    host.say(0)?;
    match &*op {
        "read" => {
            let id = some_id(id)?;
            let key = format!("{id}\nmanaged {fields:?}");
            let who = Who::Subject(SubjectId(Arc::from(&*id)));
            let found = read(host, who, key, fields)?;
            Ok(found.map_or(Json::Null, |found| shown(&found)))
        }
        "query" => query(host, asked, fields),
        "create" => create(host, asked),
        "update" | "patch" => {
            let id = some_id(id)?;
            let changes = if op == "patch" {
                patched(host, asked)?
            } else {
                updated(host, asked)?
            };
            host.read.borrow_mut().clear();
            patch(
                host,
                Who::Subject(SubjectId(Arc::from(id))),
                changes,
                fields,
            )
        }
        "delete" => Err(Refused::told("users are not deleted by scripts")),
        _ => Err(Refused::told("no such work on managed objects")),
    }
}

/// The id in the name of a managed user, where it has one.
fn user_of(resource: &str) -> Result<Option<String>, Refused> {
    let mut parts = resource.trim_matches('/').splitn(3, '/');
    let (first, kind, id) = (parts.next(), parts.next(), parts.next());
    let users = kind.is_some_and(|kind| kind == "user" || kind.ends_with("_user"));
    if first != Some("managed") || !users {
        return Err(Refused::told(format!(
            "`{resource}` is not kept here: managed users are"
        )));
    }
    Ok(id.map(str::to_owned))
}

fn some_id(id: Option<String>) -> Result<String, Refused> {
    id.ok_or_else(|| Refused::told("the name of a managed user ends in its id"))
}

fn fields(host: &Host, asked: &Map<String, Json>) -> Result<Vec<Arc<str>>, Refused> {
    let named: Vec<String> = Host::list(asked, "fields")
        .into_iter()
        .map(|name| name.trim_start_matches('/').to_owned())
        .filter(|name| !name.is_empty() && name != "*" && !name.starts_with('_'))
        .collect();
    if named.is_empty() {
        let listed = &host.settings.permissions.read;
        let known = FIELDS.iter().filter(|name| may(listed, name));
        return Ok(known.map(|name| Arc::from(*name)).collect());
    }
    for name in &named {
        may_read(host, name)?;
    }
    Ok(named.iter().map(|name| Arc::from(name.as_str())).collect())
}

fn query(host: &Host, asked: &Map<String, Json>, fields: Vec<Arc<str>>) -> Result<Json, Refused> {
    let filter = asked
        .get("params")
        .and_then(|params| params.get("_queryFilter"));
    let filter = filter.and_then(Json::as_str);
    let filter = filter.ok_or_else(|| Refused::told("a query has a `_queryFilter`"))?;
    let filter = Filter::parse(filter).map_err(|error| Refused::Told(error.to_string()))?;
    for name in filter.attributes() {
        if !name.starts_with('_') {
            may_read(host, &name)?;
        }
    }
    let effect = Effect::FindIdentity(FindIdentity {
        filter,
        attributes: fields,
    });
    match host.effect(effect)? {
        // One is found or none: whoever is not told apart is not found.
        EffectReply::Identity(found) => {
            let result: Vec<Json> = found.iter().map(shown).collect();
            Ok(json!({
                "resultCount": result.len(), "result": result, "pagedResultsCookie": null,
                "totalPagedResultsPolicy": "NONE", "totalPagedResults": -1,
                "remainingPagedResults": -1,
            }))
        }
        _ => Err(unexpected()),
    }
}

fn create(host: &Host, asked: &Map<String, Json>) -> Result<Json, Refused> {
    if !host.settings.permissions.create {
        return Err(Refused::told("scripts may not make users"));
    }
    let content = content(asked)?;
    let mut attributes = BTreeMap::new();
    for (name, value) in content {
        may_write(host, name)?;
        attributes.insert(Arc::from(name.as_str()), value_of(name, value)?);
    }
    let effect = Effect::CreateIdentity(CreateIdentity {
        resource: Arc::from(USER),
        attributes,
    });
    written(host.effect(effect)?)
}

fn content(asked: &Map<String, Json>) -> Result<&Map<String, Json>, Refused> {
    let content = asked.get("content").and_then(Json::as_object);
    content.ok_or_else(|| Refused::told("the content is an object"))
}

fn updated(host: &Host, asked: &Map<String, Json>) -> Result<Vec<(Arc<str>, Change)>, Refused> {
    let mut changes = Vec::new();
    for (name, value) in content(asked)? {
        // What the store says of an object by itself comes back as it was.
        if name.starts_with('_') {
            continue;
        }
        may_write(host, name)?;
        changes.push((
            Arc::from(name.as_str()),
            Change::Set(value_of(name, value)?),
        ));
    }
    Ok(changes)
}

fn patched(host: &Host, asked: &Map<String, Json>) -> Result<Vec<(Arc<str>, Change)>, Refused> {
    let listed = asked.get("content").and_then(Json::as_array);
    let mut changes = Vec::new();
    for step in listed.map(Vec::as_slice).unwrap_or_default() {
        let none = Map::new();
        let step = step.as_object().unwrap_or(&none);
        let field = text_of(step, "field");
        let name = field.trim_matches('/');
        if name.is_empty() || name.contains('/') {
            return Err(Refused::told(format!("`{field}` is not one attribute")));
        }
        may_write(host, name)?;
        let value = step.get("value").unwrap_or(&Json::Null);
        let change = match &*text_of(step, "operation") {
            "add" | "replace" => Change::Set(value_of(name, value)?),
            "remove" => Change::Remove,
            "increment" => Change::Add(value.as_i64().unwrap_or(0)),
            other => return Err(Refused::told(format!("no change is `{other}`"))),
        };
        changes.push((Arc::from(name), change));
    }
    if changes.is_empty() {
        return Err(Refused::told("a patch is a list of changes"));
    }
    Ok(changes)
}

/// Actions: a mail to send, and none else.
fn action(host: &Host, resource: &str, asked: &Map<String, Json>) -> Result<Json, Refused> {
    let name = text_of(asked, "action");
    if resource.trim_matches('/') != "external/email" || name != "send" {
        return Err(Refused::told(format!(
            "there is no action `{name}` of `{resource}` here"
        )));
    }
    if !host.settings.permissions.mail {
        return Err(Refused::told("scripts may not send mail"));
    }
    let content = content(asked)?;
    let body = text_of(content, "body");
    host.say(body.len())?;
    let effect = Effect::Send(Message {
        channel: Channel::Mail,
        to: Arc::from(text_of(content, "to")),
        from: Arc::from(text_of(content, "from")),
        subject: text_of(content, "subject"),
        body: Secret::new(body),
        route: BTreeMap::new(),
        template: None,
    });
    match host.effect(effect)? {
        EffectReply::Sent => Ok(json!({ "status": "OK" })),
        _ => Err(unexpected()),
    }
}
