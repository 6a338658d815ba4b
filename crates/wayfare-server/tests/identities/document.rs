//! docs/identities.md, held to what it is about.

use std::{collections::BTreeSet, path::Path};

use serde_json::{Value as Json, json};
use wayfare::{Filter, Value};
use wayfare_profile::Schema;
use wayfare_server::{config::Config, identities::Outcome};

use super::{Bench, bench::alpha, values};

const TEXT: &str = include_str!("../../../../docs/identities.md");

/// The blocks of the document in a language.
fn blocks(language: &str) -> Vec<&'static str> {
    let begin = format!("\n```{language}\n");
    let parts = TEXT.split(&begin).skip(1);
    parts
        .map(|part| part.split("\n```").next().unwrap())
        .collect()
}

/// The rows of the table behind a heading, each as its cells, without backquotes.
fn rows(heading: &str) -> Vec<Vec<String>> {
    let (_, section) = TEXT.split_once(&format!("\n{heading}\n")).unwrap();
    let lines = section.lines().skip_while(|line| !line.starts_with("|---"));
    let cell = |cell: &str| cell.trim().replace('`', "");
    lines
        .skip(1)
        .take_while(|line| line.starts_with('|'))
        .map(|line| line.trim_matches('|').split('|').map(cell).collect())
        .collect()
}

fn of_json(json: &Json) -> Value {
    match json {
        Json::Bool(flag) => Value::Bool(*flag),
        Json::Number(number) => Value::Int(number.as_i64().unwrap()),
        Json::String(text) => Value::text(text.as_str()),
        Json::Array(list) => Value::List(list.iter().map(of_json).collect()),
        Json::Object(map) => {
            let members = map
                .iter()
                .map(|(name, value)| (name.as_str().into(), of_json(value)));
            Value::Map(std::sync::Arc::new(members.collect()))
        }
        Json::Null => Value::Null,
    }
}

#[tokio::test]
async fn the_filters_hold_for_the_user_as_the_document_says() {
    let schema = Schema::parse(blocks("json")[0]).unwrap();
    let mut bench = Bench::with(schema.into());
    let user: Json = serde_json::from_str(blocks("json")[1]).unwrap();
    let Value::Map(user) = of_json(&user) else {
        panic!("no object");
    };
    let made = bench.create((*user).clone()).await.unwrap();
    assert!(matches!(made, Outcome::Written(_)), "{made:?}");
    let rows = rows("## The query filter");
    assert!(rows.len() >= 10, "{rows:?}");
    for row in rows {
        let holds = match row[1].as_str() {
            "yes" => true,
            "no" => false,
            other => panic!("{other}"),
        };
        let filter = Filter::parse(&row[0]).unwrap_or_else(|error| panic!("{}: {error}", row[0]));
        assert_eq!(filter.matches(&user), holds, "{}", row[0]);
        let found = bench.find(&row[0], &[]).await.unwrap();
        assert_eq!(found.is_some(), holds, "{}", row[0]);
    }
    let without = bench
        .create(values([("userName", Value::text("eve"))]))
        .await
        .unwrap();
    assert!(matches!(without, Outcome::Refused(_)), "`mail` is required");
    let indexed = bench.store.indexed_attributes(&alpha()).unwrap();
    let wanted = ["mail", "preferences/language", "username"].map(str::to_owned);
    assert_eq!(indexed, BTreeSet::from(wanted));
}

#[test]
fn the_settings_are_read() {
    let config = Config::parse("wayfare.toml", blocks("toml")[0], Path::new("/x"));
    // The password comes from the environment, which is not read here.
    let config = config.expect("a correct file");
    let realm = &config.realms[&alpha()];
    assert_eq!(
        realm.identities.schema.as_deref(),
        Some(Path::new("/x/users.json"))
    );
    assert!(realm.users.values().any(|user| user.agent));
}

#[test]
fn the_policies_are_those_that_schemas_take() {
    let all = json!({
        "types": ["string"], "minLength": 1, "maxLength": 1, "numCaps": 1, "numNums": 1, "disallowedFields": ["sn"],
        "forbiddenChars": ["/"], "minimum": 1, "maximum": 1, "regexp": "a", "flags": "i",
    });
    let mut told = BTreeSet::new();
    for row in rows("### Policies") {
        let params: serde_json::Map<String, Json> = row[1]
            .split(", ")
            .filter(|name| !name.is_empty())
            .map(|name| (name.to_owned(), all[name].clone()))
            .collect();
        for id in row[0].split(", ") {
            let policy = json!({ "policyId": id, "params": params });
            let name = json!({ "type": "string", "policies": [policy] });
            let schema = json!({ "properties": { "userName": name } });
            let schema = Schema::parse(&schema.to_string()).unwrap();
            let policy = &schema.attribute("userName").unwrap().policies[0];
            assert_eq!(policy.requirement(), row[2], "{id}");
        }
        told.insert(row[2].clone());
    }
    assert_eq!(told.len(), 18);
}
