//! `realm-config/authentication/authenticationtrees/…` and `scripts`: who may ask, what is found, what is
//! changed.
//!
//! Administrators of the realm only. What stands in text is told and never changed here; what is kept beside
//! it is changed in the store and served at once. What may stand in a tree, a node or a script is judged in
//! [`fit`], what is known of types stands in [`types`].

mod fit;
mod secrets;
mod types;

use std::{fmt::Write as _, sync::Arc};

use serde_json::{Value as Json, json};
use wayfare_wire::{
    am::{
        configuration::{
            Action, Ask, Asked, Body, Condition, Filter, List, actions, changed, is_name, listed,
            one, revision,
        },
        error::Refusal,
        realm::Route,
        reply::Reply,
        request::Parts,
        version::Served,
    },
    query::Query,
};

use self::types::NodeType;
use super::resource::{broken, find as session_of};
use crate::{
    app::{App, RealmState},
    audit::{Event, EventName},
    clock::drawn,
    programs::{
        Base, Changed, Held,
        stored::{Row, Stored},
    },
    store::{
        configured::{Key, Kind},
        session::Session,
    },
};

/// Answers a request.
pub(super) async fn answer(
    app: &Arc<App>,
    parts: &Parts<'_>,
    query: &Query,
    (route, asked): (&Route, &Asked),
    served: Served,
) -> Result<Reply, Refusal> {
    let caller = parts.session_token(&app.cookies.session);
    let caller = session_of(app, caller.as_deref(), route)?.ok_or(Refusal::AccessDenied)?;
    let administers = app.is_admin(&caller, &route.realm).await;
    if !administers.map_err(|error| broken(app, &error))? {
        return Err(Refusal::Forbidden);
    }
    let state = app.realms.get(&route.realm).ok_or(Refusal::NotFound)?;
    let ask = Ask::read(parts, query, asked, app.config.limits.configuration_bytes)?;
    if ask.changes() {
        let held = state.programs.hold().await;
        let work = Work::new((app, state), (parts, asked, served), &caller)?;
        return work.change(&held, ask).await;
    }
    let work = Work::new((app, state), (parts, asked, served), &caller)?;
    match ask {
        Ask::List(list) => Ok(work.list(&list)),
        Ask::Read { fields } => work.read(&fields),
        Ask::Act(action) => work.act(action),
        _ => Err(Refusal::Internal),
    }
}

/// A request with all that is there.
struct Work<'a> {
    app: &'a Arc<App>,
    state: &'a RealmState,
    parts: &'a Parts<'a>,
    asked: &'a Asked,
    served: Served,
    caller: &'a Session,
    catalog: Arc<wayfare::Catalog>,
    stored: Arc<Stored>,
    base: Arc<Base>,
}

impl<'a> Work<'a> {
    fn new(
        (app, state): (&'a Arc<App>, &'a RealmState),
        (parts, asked, served): (&'a Parts<'a>, &'a Asked, Served),
        caller: &'a Session,
    ) -> Result<Self, Refusal> {
        let catalog = Arc::clone(&state.programs.current().program().catalog);
        if let Asked::Nodes { ty, version, .. } = asked {
            let known = types::find(&catalog, ty).ok_or(Refusal::NotFound)?;
            if version
                .as_ref()
                .is_some_and(|version| !known.has_version(version))
            {
                return Err(Refusal::NotFound);
            }
        }
        Ok(Self {
            app,
            state,
            parts,
            asked,
            served,
            caller,
            catalog,
            stored: state.programs.stored(),
            base: state.programs.base(),
        })
    }

    /// What the path names, as one thing.
    fn key(&self) -> Option<Key> {
        let (kind, ty, id) = match self.asked {
            Asked::Trees(id) => (Kind::Tree, "", id),
            Asked::Scripts(id) => (Kind::Script, "", id),
            Asked::Nodes { ty, id, .. } => (Kind::Node, &**ty, id),
            _ => return None,
        };
        id.as_ref().map(|id| Key {
            kind,
            ty: ty.to_owned(),
            id: id.clone(),
        })
    }

    fn kind(&self) -> Kind {
        match self.asked {
            Asked::Trees(_) => Kind::Tree,
            Asked::Scripts(_) => Kind::Script,
            _ => Kind::Node,
        }
    }

    /// What there is of this, as it is told; text goes before the store.
    fn find(&self, key: &Key) -> Option<Body> {
        let stored = || self.stored.get(key).map(|row| &row.body);
        let body = self.base.written().get(key).or_else(stored)?;
        let told = self.told(key, body);
        // Who names a version means no other.
        match self.asked {
            Asked::Nodes {
                version: Some(version),
                ..
            } if key.kind == Kind::Node && version_of(&told) != version => None,
            _ => Some(told),
        }
    }

    /// A thing as it is told: no secret, and of a node its type and how it ends.
    fn told(&self, key: &Key, body: &Body) -> Body {
        let mut body = body.clone();
        if key.kind != Kind::Node {
            return body;
        }
        let Some(ty) = types::find(&self.catalog, &key.ty) else {
            return body;
        };
        let version = version_of(&body).to_owned();
        let outcomes = self.outcomes(&ty, &body, &version);
        secrets::hide(&ty, &mut body);
        let told = json!({
            "_id": ty.wire,
            "name": ty.name(),
            "collection": true,
            "version": version,
        });
        body.insert("_type".to_owned(), told);
        body.insert("_outcomes".to_owned(), Json::Array(outcomes));
        body
    }

    fn outcomes(&self, ty: &NodeType<'_>, body: &Body, version: &str) -> Vec<Json> {
        ty.outcomes(body, version, |child, id| {
            let key = crate::programs::stored::node(child, id);
            let stored = || self.stored.get(&key).map(|row| &row.body);
            let body = self.base.written().get(&key).or_else(stored)?;
            let ty = types::find(&self.catalog, child).filter(|ty| ty.wire != types::PAGE)?;
            // A page stands in no page, so this goes no deeper.
            Some(ty.outcomes(body, version_of(body), |_, _| None))
        })
    }

    /// All of a kind, by id; of nodes those of the type that is meant.
    fn all(&self) -> Vec<(String, Body)> {
        let kind = self.kind();
        let texts = self.base.written().of_kind(kind).map(|(key, _)| key);
        let stored = self.stored.of(kind).map(|(key, _)| key);
        let meant = |key: &&Key| match self.asked {
            Asked::Nodes { ty, .. } => key.ty == *ty,
            _ => true,
        };
        let keys: std::collections::BTreeSet<&Key> = texts.chain(stored).filter(meant).collect();
        keys.into_iter()
            .filter_map(|key| Some((key.id.clone(), self.find(key)?)))
            .collect()
    }

    fn list(&self, list: &List) -> Reply {
        let mut all = self.all();
        match &list.filter {
            Filter::All => {}
            Filter::None => all.clear(),
            Filter::Is(name, text) => all.retain(|(id, body)| match name.as_str() {
                "_id" => id == text,
                name => body.get(name).and_then(Json::as_str) == Some(text),
            }),
        }
        let all = all.iter().map(|(id, body)| (&**id, body));
        listed(all, list, self.served)
    }

    fn read(&self, fields: &[String]) -> Result<Reply, Refusal> {
        let key = self.key().ok_or(Refusal::NotFound)?;
        let body = self.find(&key).ok_or(Refusal::NotFound)?;
        let reply = one(&key.id, &body, fields, self.served);
        Ok(self.warned(&key, reply))
    }

    /// The reply, with a warning where a tree is kept and not served, or is and may do what the checks refuse.
    fn warned(&self, key: &Key, reply: Reply) -> Reply {
        if key.kind != Kind::Tree {
            return reply;
        }
        let programs = &self.state.programs;
        let said = match programs.unfit().get(&key.id) {
            Some(reasons) => {
                let first = reasons.first().map_or("", |reason| &**reason);
                format!("not served: {first}")
            }
            None => match programs.exceptions(&key.id) {
                Some(codes) => format!("served with exceptions: {codes}"),
                None => return reply,
            },
        };
        let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '\\');
        let text: String = said
            .chars()
            .map(|c| if plain(c) { c } else { ' ' })
            .take(212)
            .collect();
        reply.header("warning", format!("199 wayfare \"{text}\""))
    }

    fn act(&self, action: Action) -> Result<Reply, Refusal> {
        let told = match (action, self.asked) {
            (Action::AllTypes, Asked::AllNodes) => types::all(&self.catalog),
            (Action::AllTypes, _) | (Action::Descendents, Asked::Providers) => {
                json!({ "result": [] })
            }
            (Action::Descendents, _) => {
                let all = self.all().into_iter().map(|(id, mut body)| {
                    body.insert("_id".to_owned(), Json::from(id));
                    Json::Object(body)
                });
                json!({ "result": all.collect::<Vec<_>>() })
            }
            (Action::Schema, Asked::Nodes { .. }) => self.ty()?.schema(),
            (Action::Template, Asked::Nodes { .. }) => self.ty()?.template(),
            (Action::Type, Asked::Nodes { ty, version, .. }) => {
                let id = version.as_deref().unwrap_or(ty);
                self.ty()?.told(id)
            }
            (Action::Schema, _) => fit::tree_schema(),
            (Action::Template, _) => fit::tree_template(),
            (Action::Type, _) => json!({ "_id": "trees", "name": "Trees", "collection": true }),
            (Action::Outcomes(sent), Asked::Nodes { id, version, .. }) => {
                let ty = self.ty()?;
                let body = match (id, self.key()) {
                    (Some(_), Some(key)) if sent.is_empty() => {
                        self.find(&key).ok_or(Refusal::NotFound)?
                    }
                    _ => sent,
                };
                let version = version.as_deref().unwrap_or_else(|| version_of(&body));
                Json::Array(self.outcomes(&ty, &body, version))
            }
            (Action::Check, Asked::Trees(Some(name))) => self.check(name)?,
            _ => return Err(Refusal::Internal),
        };
        Ok(actions(&told, self.served))
    }

    fn ty(&self) -> Result<NodeType<'_>, Refusal> {
        match self.asked {
            Asked::Nodes { ty, .. } => types::find(&self.catalog, ty).ok_or(Refusal::NotFound),
            _ => Err(Refusal::Internal),
        }
    }

    /// Whether a tree is served, why not, and what was noticed of it.
    fn check(&self, name: &str) -> Result<Json, Refusal> {
        let programs = &self.state.programs;
        let file = programs.file_of(name);
        let key = Key {
            kind: Kind::Tree,
            ty: String::new(),
            id: name.to_owned(),
        };
        if file.is_none() && self.stored.get(&key).is_none() {
            return Err(Refusal::NotFound);
        }
        let reasons = programs.unfit().remove(name).filter(|_| file.is_none());
        Ok(json!({
            "_id": name,
            "served": reasons.is_none(),
            "file": file,
            "reasons": reasons.unwrap_or_default(),
            "noticed": programs.noticed(name),
        }))
    }

    async fn change(mut self, held: &Held<'_>, ask: Ask) -> Result<Reply, Refusal> {
        match ask {
            Ask::Put { body, condition } => {
                let key = self.key().ok_or(Refusal::NotFound)?;
                self.put(held, key, body, &condition).await
            }
            Ask::Create(body) => {
                let id = match body.get("_id") {
                    Some(Json::String(id)) if is_name(id) => id.clone(),
                    None if self.kind() != Kind::Tree => uuid()?,
                    _ => return Err(Refusal::BadMember("_id")),
                };
                let (kind, ty) = match self.asked {
                    Asked::Nodes { ty, .. } => (Kind::Node, ty.clone()),
                    _ => (self.kind(), String::new()),
                };
                let key = Key { kind, ty, id };
                self.put(held, key, body, &Condition::New).await
            }
            Ask::Delete { revision } => self.delete(held, revision.as_deref()).await,
            _ => Err(Refusal::Internal),
        }
    }

    /// Refuses a change of what stands in text.
    fn own(&self, key: &Key) -> Result<(), Refusal> {
        let file = match key.kind {
            // Also one that the product has no words for.
            Kind::Tree => self.state.programs.file_of(&key.id),
            _ => self.base.written().file_of(key).map(str::to_owned),
        };
        match file {
            Some(file) => Err(Refusal::Denied(format!(
                "The {} '{}' stands in the file {file}; edit that file.",
                key.kind.word(),
                key.id,
            ))),
            None => Ok(()),
        }
    }

    async fn put(
        &mut self,
        held: &Held<'_>,
        key: Key,
        body: Body,
        condition: &Condition,
    ) -> Result<Reply, Refusal> {
        if body
            .get("_id")
            .is_some_and(|id| id.as_str() != Some(&key.id))
        {
            return Err(Refusal::BadMember("_id"));
        }
        self.own(&key)?;
        let old = self.stored.get(&key).cloned();
        match (condition, &old) {
            (Condition::New, Some(_)) => return Err(Refusal::Exists),
            (Condition::Old | Condition::Revision(_), None) => return Err(Refusal::NotFound),
            (Condition::Revision(seen), Some(old))
                if revision(&self.told(&key, &old.body)) != *seen =>
            {
                return Err(Refusal::Stale);
            }
            _ => {}
        }
        let looked = fit::Looked {
            catalog: &self.catalog,
            stored: &self.stored,
            written: self.base.written(),
            version: match self.asked {
                Asked::Nodes { version, .. } => version.as_deref(),
                _ => None,
            },
        };
        let mut body = looked.fit(&key, body)?;
        if key.kind == Kind::Script {
            self.note_author(&mut body, old.as_deref());
        }
        let what = if old.is_some() { "replaced" } else { "created" };
        self.keep(held, &key, Some(Row::new(body)), what).await?;
        let now = self.stored.get(&key).ok_or(Refusal::Internal)?;
        let told = self.told(&key, &now.body);
        let place = old.is_none().then(|| self.place(&key));
        let reply = changed(&key.id, &told, place, self.served);
        Ok(self.warned(&key, reply))
    }

    /// Who made a script and who changed it last, as the product notes it.
    fn note_author(&self, body: &mut Body, old: Option<&Row>) {
        let now = i64::try_from(self.app.clock.now().0).unwrap_or(i64::MAX);
        let who = Json::from(&*self.caller.username);
        let old = |name: &str| old.and_then(|row| row.body.get(name)).cloned();
        let made = old("createdBy").unwrap_or_else(|| who.clone());
        let at = old("creationDate").unwrap_or_else(|| Json::from(now));
        body.insert("createdBy".to_owned(), made);
        body.insert("creationDate".to_owned(), at);
        body.insert("lastModifiedBy".to_owned(), who);
        body.insert("lastModifiedDate".to_owned(), Json::from(now));
    }

    async fn delete(&mut self, held: &Held<'_>, seen: Option<&str>) -> Result<Reply, Refusal> {
        let key = self.key().ok_or(Refusal::NotFound)?;
        self.own(&key)?;
        let told = self.find(&key).ok_or(Refusal::NotFound)?;
        if seen.is_some_and(|seen| revision(&told) != seen) {
            return Err(Refusal::Stale);
        }
        if let Some(user) = self.stored.user_of(&key) {
            return Err(Refusal::Conflict(format!(
                "The {} '{}' is used by the tree '{user}'; delete or change that one first.",
                key.kind.word(),
                key.id
            )));
        }
        self.keep(held, &key, None, "removed").await?;
        Ok(one(&key.id, &told, &[], self.served))
    }

    /// Writes a change, and notes it.
    async fn keep(
        &mut self,
        held: &Held<'_>,
        key: &Key,
        row: Option<Row>,
        what: &'static str,
    ) -> Result<(), Refusal> {
        let done = held.change(self.app, self.state, key, row).await;
        let refusal = match done {
            Changed::Done => {
                self.stored = self.state.programs.stored();
                self.note(key, what);
                return Ok(());
            }
            Changed::Full(why) | Changed::Needed(why) => Refusal::Conflict(why),
            Changed::Stale => Refusal::Stale,
            Changed::Failed(error) => broken(self.app, &error),
        };
        Err(refusal)
    }

    fn note(&self, key: &Key, what: &'static str) {
        let name = match key.kind {
            Kind::Node => format!("{}/{}", key.ty, key.id),
            _ => key.id.clone(),
        };
        let unfit = self.state.programs.unfit();
        let reasons = unfit.get(&key.id).filter(|_| key.kind == Kind::Tree);
        let reason = reasons.and_then(|reasons| reasons.first());
        let exceptions = self.state.programs.exceptions(&key.id);
        let exceptions = exceptions.filter(|_| key.kind == Kind::Tree);
        let event = Event::new(EventName::ConfigChanged)
            .text("realm", self.state.realm.as_str())
            .text("result", "SUCCESSFUL")
            .text("username", &self.caller.username)
            .text("kind", key.kind.word())
            .text("name", &name)
            .text("change", what)
            .maybe("not_served", reason.map(String::as_str))
            .maybe("exceptions", exceptions.as_deref())
            .hashed("session", self.caller.handle.as_bytes())
            .client(self.parts.client);
        self.app.audit(&event);
    }

    /// The address of what is new.
    fn place(&self, key: &Key) -> String {
        let path = self.parts.path.trim_end_matches('/');
        let base = &self.app.config.server.base_path;
        let mut place = format!("{}{base}{path}", self.app.origin);
        if !self.asked.is_one() {
            place.push('/');
            for byte in key.id.bytes() {
                if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
                    place.push(char::from(byte));
                } else {
                    // Writing into a string cannot fail.
                    let _ = write!(place, "%{byte:02X}");
                }
            }
        }
        place
    }
}

/// The version of a node's type.
fn version_of(body: &Body) -> &str {
    body.get("_type")
        .and_then(|ty| ty.get("version"))
        .and_then(Json::as_str)
        .unwrap_or("1.0")
}

/// A random id.
fn uuid() -> Result<String, Refusal> {
    let bytes: [u8; 16] = drawn().map_err(|_| Refusal::Internal)?;
    let number = u128::from_be_bytes(bytes);
    // The version and the variant of the RFC.
    let number = number & !(0xf << 76) & !(0x3 << 62) | (0x4 << 76) | (0x2 << 62);
    let digits = format!("{number:032x}");
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or("");
    Ok(format!(
        "{}-{}-{}-{}-{}",
        part(0, 8),
        part(8, 12),
        part(12, 16),
        part(16, 20),
        part(20, 32)
    ))
}
