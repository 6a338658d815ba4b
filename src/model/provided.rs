//! The signature of a node whose settings a script provides.
//!
//! In: the signature of the type that provides and of the type whose nodes it acts as. Out: one that says
//! no more than what holds whatever the settings turn out to be: every outcome that some settings allow is
//! there, what depends on a setting is unknown, and no outcome proves what only some settings prove. How
//! the settings are made is not here.

use std::borrow::Cow;

use crate::model::{
    journey::SettingValue,
    signature::{
        Account, Condition, Known, LevelChange, OutcomeFacts, Outcomes, Removal, Signature,
        StateKey, names_identity,
    },
    value::Value,
};

/// The type that acts as another one.
pub(crate) const PROVIDER: &str = "ConfigProvider";
/// The setting of [`PROVIDER`] that says as which, by its id on the wire.
pub(crate) const NODE_TYPE: &str = "nodeType";
/// The outcome of a node for which no settings could be made.
pub(crate) const UNCONFIGURED: &str = "CONFIGURATION_FAILED";

/// The type whose settings and scripts a node of this type has: `ConfigProvider` for
/// `ConfigProvider(Message)`, and each other type for itself.
pub fn provider_of(name: &str) -> &str {
    name.split_once('(').map_or(name, |(before, _)| before)
}

/// The type that a node of this type acts as: `Message` for `ConfigProvider(Message)`.
pub(crate) fn provided_of(name: &str) -> Option<&str> {
    name.strip_suffix(')')?
        .split_once('(')
        .map(|(_, inner)| inner)
}

/// The name of the type whose nodes are of `provider` and act as `of`.
pub(crate) fn provided_name(provider: &Signature, of: &Signature) -> String {
    format!("{}({})", provider.name, of.name)
}

/// Why settings cannot be provided for nodes of a type; `None` where they can.
pub(crate) fn refusal(of: &Signature) -> Option<&'static str> {
    match &of.outcomes {
        Outcomes::Authored { .. } => Some("its outcomes are those that its author writes"),
        Outcomes::LastChild => Some("it holds other nodes"),
        Outcomes::Bounded(all)
            if all
                .iter()
                .any(|one| matches!(one.when, Condition::EachOf(_))) =>
        {
            Some("its outcomes are listed by a setting")
        }
        Outcomes::Bounded(_) | Outcomes::Fixed(_) if of.name == "InnerTreeEvaluator" => {
            Some("journeys are called by their names in the text")
        }
        Outcomes::Bounded(_) | Outcomes::Fixed(_) => None,
    }
}

/// The signature of nodes of `provider` that act as `of`; `None` where [`refusal`] says why.
pub(crate) fn provided(provider: &Signature, of: &Signature) -> Option<Signature> {
    if refusal(of).is_some() {
        return None;
    }
    let mut outcomes: Vec<Cow<'static, str>> = match &of.outcomes {
        Outcomes::Fixed(names) => names.to_vec(),
        Outcomes::Bounded(all) => all.iter().map(|one| one.name.clone()).collect(),
        Outcomes::LastChild | Outcomes::Authored { .. } => return None,
    };
    outcomes.push(Cow::Borrowed(UNCONFIGURED));
    Some(Signature {
        name: Cow::Owned(provided_name(provider, of)),
        wire: Cow::Owned(format!("{}({})", provider.wire, of.wire)),
        versions: provider.versions.clone(),
        summary: provider.summary.clone(),
        settings: provider.settings.clone(),
        outcomes: Outcomes::Fixed(outcomes.into()),
        callbacks: of.callbacks.clone(),
        reads: reads(provider, of),
        writes: of.writes.iter().map(written).collect(),
        removes: of.removes.iter().map(removed).collect(),
        facts: facts(of),
        finds: of.finds.clone(),
        asks: perhaps(of.asks),
        asks_when: None,
        suspends: perhaps(of.suspends),
        calls_out: of.calls_out,
        calls_when: None,
        verifies: of.verifies,
        limits: None,
        page_child: of.page_child,
        leads_to: of.leads_to.clone(),
        runs: None,
    })
}

/// What holds once there are settings may not hold where there are none.
fn perhaps(fact: Known<bool>) -> Known<bool> {
    match fact {
        Known::Is(false) => Known::Is(false),
        Known::Is(true) | Known::Unknown => Known::Unknown,
    }
}

/// What the script may look at, and what the type reads besides.
fn reads(provider: &Signature, of: &Signature) -> Cow<'static, [StateKey]> {
    let own = of.reads.iter().filter(|key| key.named_by.is_none());
    provider.reads.iter().chain(own).cloned().collect()
}

fn written(key: &StateKey) -> StateKey {
    let mut key = key.clone();
    if key.named_by.take().is_some() {
        key.key = Cow::Borrowed("*");
    }
    key.always = false;
    key
}

fn removed(removal: &Removal) -> Removal {
    let mut removal = removal.clone();
    if removal.named_by.take().is_some() {
        removal.key = Cow::Borrowed("*");
    }
    removal
}

fn facts(of: &Signature) -> Cow<'static, [OutcomeFacts]> {
    let mut facts: Vec<OutcomeFacts> = of.facts.iter().map(whatever_the_settings).collect();
    facts.retain(|fact| fact.outcome != UNCONFIGURED);
    facts.push(OutcomeFacts::new(UNCONFIGURED));
    facts.into()
}

/// The setting that names the key of the user among those that nodes of a type write, where one does: no
/// such settings are taken, so that checks need not fear them.
pub(crate) fn names_user(of: &Signature, value: impl Fn(&str) -> Option<Value>) -> Option<&str> {
    let named = of.writes.iter().filter_map(|key| key.named_by.as_deref());
    named.into_iter().find(|setting| {
        value(setting)
            .is_some_and(|value| names_identity(&SettingValue::Constant(value)) != Known::Is(false))
    })
}

/// A fact without all that depends on a setting.
fn whatever_the_settings(fact: &OutcomeFacts) -> OutcomeFacts {
    let mut fact = fact.clone();
    if fact.proves_when != Condition::Always {
        fact.proves = None;
        fact.proves_when = Condition::Always;
    }
    if let Account::Changed { when, .. } = &mut fact.account {
        *when = Condition::Always;
    }
    if fact
        .of_named
        .as_ref()
        .is_some_and(|when| *when != Condition::Always)
    {
        fact.of_named = None;
    }
    if fact.presence_where.take().is_some() {
        fact.presence = Known::Unknown;
    }
    if matches!(fact.level, LevelChange::BySetting(_)) {
        // No setting has this name: nobody knows by how much.
        fact.level = LevelChange::BySetting(Cow::Borrowed(""));
    }
    fact.level_at_least = None;
    fact.level_below = None;
    fact
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    use crate::{catalogue, model::signature::Factor};

    fn of(ty: &str) -> Signature {
        let catalog = catalogue::standard();
        let get = |name: &str| catalog.get(catalog.find(name).unwrap()).unwrap().clone();
        provided(&get(PROVIDER), &get(ty)).unwrap()
    }

    fn outcomes(signature: &Signature) -> Vec<&str> {
        match &signature.outcomes {
            Outcomes::Fixed(names) => names.iter().map(|name| &**name).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_outcome_that_some_settings_allow_is_there() {
        let wait = of("PollingWait");
        assert_eq!(outcomes(&wait), ["DONE", "EXITED", "SPAM", UNCONFIGURED]);
        assert_eq!((wait.asks, wait.asks_when), (Known::Unknown, None));
        assert_eq!(provider_of(&wait.name), PROVIDER);
        assert_eq!(provided_of(&wait.name), Some("PollingWait"));
        assert_eq!(provided_of(PROVIDER), None);
    }

    #[test]
    fn what_is_proved_is_what_is_proved_by_any_settings() {
        let none = |_: &str| None;
        let store = of("DataStoreDecision");
        assert_eq!(store.proves("true", none), Some(Factor::Password));
        assert_eq!(store.proves("false", none), None);
        assert_eq!(store.proves(UNCONFIGURED, none), None);
        assert_eq!(store.verifies, Known::Is(true));
        // A session is one of the user only where the settings say that its name is taken.
        assert_eq!(of("SessionData").proves("outcome", none), None);
    }

    #[test]
    fn a_key_that_a_setting_names_is_any_but_that_of_the_user() {
        let set = of("SetState");
        assert!(set.writes.iter().all(|key| key.named_by.is_none()));
        assert_eq!(set.writes_identity("outcome", |_| None), Known::Is(false));
        let catalog = catalogue::standard();
        let plain = catalog.get(catalog.find("SetState").unwrap()).unwrap();
        let names = |key: &str| {
            let map = Arc::new([(Arc::from(key), Value::from("eve"))].into());
            names_user(plain, |name| {
                (name == "attributes").then(|| Value::Map(Arc::clone(&map)))
            })
        };
        assert_eq!(names("username"), Some("attributes"));
        assert_eq!(names("note"), None);
    }

    #[test]
    fn no_limit_and_no_level_is_believed() {
        assert!(of("RetryLimitDecision").limits.is_none());
        let raise = of("ModifyAuthLevel");
        assert!(matches!(
            &raise.facts_of("outcome").unwrap().level,
            LevelChange::BySetting(key) if key.is_empty()
        ));
        assert!(
            of("AuthLevelDecision")
                .facts
                .iter()
                .all(|fact| { fact.level_at_least.is_none() && fact.level_below.is_none() })
        );
    }

    #[test]
    fn types_whose_outcomes_are_free_are_refused() {
        let catalog = catalogue::standard();
        for ty in [
            "ChoiceCollector",
            "ScriptedDecision",
            "InnerTreeEvaluator",
            "DeviceBinding",
            "Page",
            PROVIDER,
        ] {
            let signature = catalog.get(catalog.find(ty).unwrap()).unwrap();
            assert!(refusal(signature).is_some(), "{ty}");
        }
    }
}
