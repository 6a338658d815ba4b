//! Guards: which journeys they are about, and what they ask of each.
//!
//! In: the guards of the files that are served, and the journeys as lowered. Out: one [`RealmGuard`] for
//! each that is about this realm and leaves nothing to say. Whether it holds is asked by `analysis`.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    codes,
    compile::{
        clip,
        context::Cx,
        lower::Lowered,
        place::{PlacePlan, end_points},
        property::places_of,
        scope::Env,
        unit::{Unit, UnitId},
    },
    diagnostic::Diagnostic,
    model::{
        guard::RealmGuard,
        journey::{Journey, JourneyId},
        property::{Ensure, Place},
        realm::Realm,
    },
    source::{SourceId, Span},
    syntax::ast,
};

impl<'a> Cx<'a> {
    /// The guards of the program; `realm` is where it is served, as far as that is known.
    pub(super) fn realm_guards(
        &mut self,
        units: &[Unit<'a>],
        lowered: &[Option<Lowered>],
        realm: Option<&Realm>,
    ) -> Vec<RealmGuard> {
        let mut found = Vec::new();
        let mut names: BTreeMap<&'a str, Span> = BTreeMap::new();
        for file in self.files.iter().filter(|file| file.root) {
            for item in &file.file.items {
                let ast::Item::Guard(guard) = item else {
                    continue;
                };
                if let Some(first) = names.insert(&guard.name.text, guard.name.span) {
                    let message = format!("there are two guards {:?}", clip(&guard.name.text));
                    self.report(
                        Diagnostic::new(codes::DUPLICATE_NAME, guard.name.span, message)
                            .label(first, "the first one"),
                    );
                }
                found.extend(self.guard(guard, file.id, (units, lowered), realm));
            }
        }
        found
    }

    fn guard(
        &mut self,
        guard: &'a ast::RealmGuard,
        file: SourceId,
        (units, lowered): (&[Unit<'a>], &[Option<Lowered>]),
        realm: Option<&Realm>,
    ) -> Option<RealmGuard> {
        let named = match &guard.realm {
            Some(name) => Some(self.realm_of(name)?),
            None => None,
        };
        if let (Some(named), Some(realm)) = (&named, realm)
            && !named.holds(realm)
        {
            self.idle(guard, &format!("for `{named}`, and this is `{realm}`"));
            return None;
        }
        if guard.ensures.is_empty() {
            self.idle(guard, "empty");
        }
        // In a realm below the one it names, the journeys may be others.
        let is_here = realm.is_none() || named.is_none() || named.as_ref() == realm;
        let excepted = self.excepted(guard, units, is_here);
        let plans = self.plans(guard, file);
        let journeys: Vec<&Journey> = lowered.iter().flatten().map(|l| &l.journey).collect();
        let (except, held): (Vec<&Journey>, Vec<&Journey>) = journeys
            .into_iter()
            .partition(|journey| excepted.contains(&&*journey.name));
        let held: Vec<&Journey> = held.into_iter().filter(|j| j.is_startable()).collect();
        let mut holds: Vec<(JourneyId, Ensure)> = Vec::new();
        for journey in &held {
            for (ensure, places) in &plans {
                holds.extend(self.obligation(ensure, places, file, journey));
            }
        }
        if held.is_empty() && self.errors() == 0 {
            self.idle(guard, "about no journey that can be started");
        }
        Some(RealmGuard {
            name: Arc::from(&*guard.name.text),
            realm: named,
            except: except.into_iter().map(|journey| journey.id).collect(),
            holds,
            span: guard.head,
        })
    }

    fn realm_of(&mut self, name: &ast::Name) -> Option<Realm> {
        let found = Realm::parse(&name.text);
        if found.is_none() {
            let message = format!("{:?} is not the path of a realm", clip(&name.text));
            let mut finding = Diagnostic::new(codes::WRONG_TYPE, name.span, message)
                .expected("a path such as `/alpha`");
            let meant = format!("/{}", name.text);
            if Realm::parse(&meant).is_some() {
                finding = finding.fix(
                    format!("did you mean `{meant}`?"),
                    name.span,
                    format!("{meant:?}"),
                );
            }
            self.report(finding);
        }
        found
    }

    fn idle(&mut self, guard: &ast::RealmGuard, why: &str) {
        let message = format!("this guard is {why}");
        let finding = Diagnostic::new(codes::IDLE_GUARD, guard.head, message)
            .expected("a guard that some journey of this realm has to meet");
        self.report(finding);
    }

    /// The journeys that a guard leaves alone; one that is not there is most likely misspelt.
    fn excepted(
        &mut self,
        guard: &'a ast::RealmGuard,
        units: &[Unit<'a>],
        is_here: bool,
    ) -> Vec<&'a str> {
        let journeys: Vec<&'a str> = units
            .iter()
            .filter(|unit| !unit.written.is_fragment())
            .map(|unit| unit.written.name().text.as_str())
            .collect();
        let mut found = Vec::new();
        for name in &guard.except {
            if journeys.contains(&name.text.as_str()) {
                found.push(name.text.as_str());
                continue;
            }
            if !is_here || self.in_broken_line(&name.text) {
                continue;
            }
            let mut finding = Diagnostic::new(
                codes::UNKNOWN_JOURNEY,
                name.span,
                format!("there is no journey `{}`", clip(&name.text)),
            )
            .expected("a journey of this realm, by its name in the text");
            if let Some(meant) = self.nearest(&name.text, journeys.iter().copied()) {
                finding = finding.fix(format!("did you mean `{meant}`?"), name.span, meant);
            }
            self.report(finding);
        }
        found
    }

    /// The properties whose places mean something in every journey.
    fn plans(
        &mut self,
        guard: &'a ast::RealmGuard,
        file: SourceId,
    ) -> Vec<(&'a ast::Ensure, Vec<PlacePlan>)> {
        let mut found = Vec::new();
        for ensure in &guard.ensures {
            let before = self.errors();
            let mut places = Vec::new();
            for place in places_of(&ensure.property) {
                if let ast::PlaceRoot::Name(name) = &place.root {
                    self.place_of_one_journey(name);
                } else {
                    places.extend(self.place(&[], UnitId(0), place));
                }
            }
            if let ast::Property::At { condition, .. } = &ensure.property {
                self.claim(condition, file, &Env::default());
            }
            if before == self.errors() {
                found.push((ensure, places));
            }
        }
        found
    }

    fn place_of_one_journey(&mut self, name: &ast::Name) {
        let message = format!(
            "a guard is about many journeys, and `{}` is a place in one",
            clip(&name.text)
        );
        let mut finding = Diagnostic::new(codes::UNKNOWN_PLACE, name.span, message)
            .expected("`success`, `failure`, `any TYPE` or `proof of FACTOR`");
        if let Some(meant) = self.nearest(&name.text, ["success", "failure"]) {
            finding = finding.fix(format!("did you mean `{meant}`?"), name.span, meant);
        }
        self.report(finding);
    }

    /// What a property of a guard asks of one journey.
    fn obligation(
        &mut self,
        ensure: &'a ast::Ensure,
        places: &[PlacePlan],
        file: SourceId,
        journey: &Journey,
    ) -> Option<(JourneyId, Ensure)> {
        let places: Option<Vec<Place>> = places
            .iter()
            .map(|place| {
                Some(Place {
                    text: Arc::clone(&place.written.text),
                    kind: end_points(journey, &place.kind)?,
                    span: place.written.span,
                })
            })
            .collect();
        let property = self.lower_property(ensure, places?, file, &Env::default())?;
        let ensure = Ensure {
            label: self.label(ensure),
            from: journey.start,
            property,
            span: ensure.span,
        };
        Some((journey.id, ensure))
    }
}
