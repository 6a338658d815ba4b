//! What an author says of a journey as a whole, and the names journeys have on the wire.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use crate::{
    codes,
    compile::{
        context::Cx,
        names,
        raw::Place,
        resolve::Units,
        unit::{Filled, Key, Unit, UnitId, Written},
    },
    diagnostic::Diagnostic,
    model::{
        journey::{JourneySettings, SettingValue},
        level::AuthLevel,
        signature::{Preset, Setting, Unit as TimeUnit},
        text::LocalizedText,
        value::{Type, Value},
    },
    source::Span,
    syntax::ast,
};

/// The settings of a journey: AM's names, and `level` and `offered`.
const SETTINGS: &[(&str, Type, Option<TimeUnit>)] = &[
    ("description", Type::LocalizedText, None),
    ("enabled", Type::Bool, None),
    ("identityResource", Type::Text, None),
    ("innerTreeOnly", Type::Bool, None),
    ("level", Type::Int, None),
    ("maximumIdleTime", Type::Duration, Some(TimeUnit::Minutes)),
    (
        "maximumSessionTime",
        Type::Duration,
        Some(TimeUnit::Minutes),
    ),
    ("mustRun", Type::Bool, None),
    ("noSession", Type::Bool, None),
    ("offered", Type::Bool, None),
    ("transactionalOnly", Type::Bool, None),
    ("treeTimeout", Type::Duration, Some(TimeUnit::Minutes)),
];

fn table() -> Vec<Setting> {
    SETTINGS
        .iter()
        .map(|(key, ty, unit)| Setting {
            key: (*key).into(),
            ty: ty.clone(),
            unit: *unit,
            default: Preset::None,
            required: false,
            allowed: (&[]).into(),
            range: match ty {
                Type::Int => Some((0, i64::from(AuthLevel::MAX.number()))),
                Type::Duration => Some((1, i64::from(i32::MAX))),
                _ => None,
            },
        })
        .collect()
}

impl<'a> Cx<'a> {
    pub(super) fn journey_settings(&mut self, unit: &mut Unit<'a>) {
        let table = table();
        let keys: Vec<Key<'_>> = table.iter().map(Key::Setting).collect();
        let written: Vec<&'a ast::Setting> = unit.written.body().settings.iter().collect();
        let mut filled = Filled::default();
        let place = Place {
            file: unit.file,
            env: None,
        };
        self.fill(&keys, &written, "a journey", place, &mut filled);
        for (key, value) in &filled.values {
            if matches!(value, SettingValue::Computed(_)) {
                let setting = written.iter().find(|s| s.key.text == **key);
                let span = setting.map_or(unit.written.head(), |s| s.value.span);
                self.report(
                    Diagnostic::new(
                        codes::WRONG_TYPE,
                        span,
                        format!("`{key}` of a journey cannot depend on the run"),
                    )
                    .expected("a value known when compiled"),
                );
            }
        }
        unit.settings = settings_of(&filled);
        self.check_starts(&unit.settings, &written);
    }

    /// A journey is left to other journeys or to transactions, not to both.
    fn check_starts(&mut self, settings: &JourneySettings, written: &[&'a ast::Setting]) {
        if !(settings.inner_only && settings.transactional_only) {
            return;
        }
        let place = |key: &str| written.iter().find(|s| s.key.text == key).map(|s| s.span);
        let (Some(inner), Some(transactional)) =
            (place("innerTreeOnly"), place("transactionalOnly"))
        else {
            return;
        };
        self.report(
            Diagnostic::new(
                codes::CONTRADICTING_SETTINGS,
                transactional,
                "nobody can start a journey with both `innerTreeOnly` and `transactionalOnly`",
            )
            .expected("only one of the two")
            .label(inner, "the other one"),
        );
    }

    /// Gives every journey its names; the first of a name keeps it.
    pub(super) fn name_journeys(&mut self, units: &mut Units<'a>) {
        let mut effective: BTreeMap<&'a str, Span> = BTreeMap::new();
        for (at, head) in units.heads.iter().enumerate() {
            let Written::Journey(journey) = head.written else {
                continue;
            };
            let name = &journey.name;
            if journey.wire_name.is_none() {
                names::check_declared(self, name, names::Custom::Snake, "journeys");
            }
            if let Some(wire) = &journey.wire_name
                && !names::check_wire(self, wire)
            {
                units.journeys.entry(&name.text).or_insert(UnitId(at));
                continue;
            }
            let shown = journey.wire_name.as_ref().unwrap_or(name);
            let mut is_new = true;
            if let Some(first) = units.journeys.get(name.text.as_str()) {
                is_new = false;
                let first = units.heads.get(first.0).map(|h| h.written.name().span);
                self.second_journey(name, first.unwrap_or(name.span));
            } else {
                units.journeys.insert(&name.text, UnitId(at));
            }
            if let Some(first) = effective.get(shown.text.as_str()) {
                if is_new {
                    self.second_journey(shown, *first);
                }
            } else {
                effective.insert(&shown.text, shown.span);
            }
        }
    }

    fn second_journey(&mut self, name: &ast::Name, first: Span) {
        self.report(
            Diagnostic::new(
                codes::DUPLICATE_NAME,
                name.span,
                format!("a journey is called `{}` already", super::clip(&name.text)),
            )
            .expected("a name that no other journey of the realm has")
            .label(first, "the first one"),
        );
    }
}

fn settings_of(filled: &Filled<'_>) -> JourneySettings {
    let constant = |key: &str| match filled.get(key) {
        Some(SettingValue::Constant(value)) => Some(value),
        Some(SettingValue::Computed(_)) | None => None,
    };
    let flag = |key: &str, default: bool| constant(key).and_then(Value::as_bool).unwrap_or(default);
    let time = |key: &str| -> Option<Duration> { constant(key).and_then(Value::as_duration) };
    let standard = JourneySettings::default();
    JourneySettings {
        level: constant("level")
            .and_then(Value::as_int)
            .map(AuthLevel::saturating),
        enabled: flag("enabled", true),
        offered: flag("offered", true),
        inner_only: flag("innerTreeOnly", false),
        no_session: flag("noSession", false),
        must_run: flag("mustRun", false),
        transactional_only: flag("transactionalOnly", false),
        identity_resource: constant("identityResource")
            .and_then(Value::as_text)
            .map_or(standard.identity_resource, Arc::from),
        run_time_max: time("treeTimeout"),
        session_time_max: time("maximumSessionTime"),
        idle_time_max: time("maximumIdleTime"),
        description: match constant("description") {
            Some(Value::Localized(text)) => text.clone(),
            _ => LocalizedText::default(),
        },
    }
}
