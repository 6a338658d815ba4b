//! Identities in memory: found, made, changed, judged.

use std::{collections::BTreeMap, sync::Arc};

use wayfare::{
    Effect, EffectReply, Filter, Secret, SubjectId, Timestamp, Value,
    engine::{
        effect::{
            Change, CreateIdentity, Credential, Document, EffectId, FindIdentity, Identity, Judge,
            PatchIdentity, ReadIdentity, Unmet, Verify, Who,
        },
        step::Call,
    },
};
use wayfare_sim::{Kind, SimHost, User, World};

const NOW: Timestamp = SimHost::EPOCH;

/// A world whose effects are numbered.
struct Bench {
    world: World,
    ordinal: u32,
}

impl Bench {
    fn new(world: World) -> Self {
        Self { world, ordinal: 0 }
    }

    fn perform(&mut self, effect: Effect) -> EffectReply {
        self.ordinal += 1;
        self.again(effect)
    }

    /// The same effect as before, by its id.
    fn again(&mut self, effect: Effect) -> EffectReply {
        let id = EffectId {
            run: 1,
            generation: 0,
            ordinal: self.ordinal,
        };
        let node = Arc::from("login/node");
        self.world.perform(&Call { id, effect, node }, NOW)
    }

    fn found(&mut self, filter: &str, wanted: &[&str]) -> Option<Identity> {
        let effect = Effect::FindIdentity(FindIdentity {
            filter: Filter::parse(filter).unwrap(),
            attributes: wanted.iter().map(|name| Arc::from(*name)).collect(),
        });
        match self.perform(effect) {
            EffectReply::Identity(found) => found,
            other => panic!("{other:?}"),
        }
    }

    fn read(&mut self, name: &str, wanted: &[&str]) -> Identity {
        let effect = Effect::ReadIdentity(ReadIdentity {
            who: Who::Name(Arc::from(name)),
            attributes: wanted.iter().map(|name| Arc::from(*name)).collect(),
        });
        match self.perform(effect) {
            EffectReply::Identity(Some(found)) => found,
            other => panic!("{other:?}"),
        }
    }

    fn verify(&mut self, name: &str, password: &str) -> bool {
        let effect = Effect::Verify(Verify {
            who: Who::Name(Arc::from(name)),
            credential: Credential::Password,
            secret: Secret::from(password),
        });
        matches!(self.perform(effect), EffectReply::Match(_))
    }
}

fn create<const N: usize>(pairs: [(&str, Value); N]) -> Effect {
    Effect::CreateIdentity(CreateIdentity {
        resource: Arc::from("managed/user"),
        attributes: values(pairs),
    })
}

fn values<const N: usize>(pairs: [(&str, Value); N]) -> BTreeMap<Arc<str>, Value> {
    pairs
        .into_iter()
        .map(|(name, value)| (Arc::from(name), value))
        .collect()
}

fn patch<const N: usize>(name: &str, changes: [(&str, Change); N]) -> Effect {
    Effect::PatchIdentity(PatchIdentity {
        resource: Arc::from("managed/alpha_user"),
        who: Who::Name(Arc::from(name)),
        changes: changes
            .into_iter()
            .map(|(name, change)| (Arc::from(name), change))
            .collect(),
        attributes: vec![Arc::from("mail"), Arc::from("_loginCount")],
    })
}

fn set(value: impl Into<Value>) -> Change {
    Change::Set(value.into())
}

fn refused(reply: EffectReply) -> Vec<(String, Vec<String>)> {
    let EffectReply::Refused(unmet) = reply else {
        panic!("{reply:?}");
    };
    let why = |unmet: &Unmet| {
        let failed = unmet.failed.iter();
        (
            unmet.attribute.to_string(),
            failed
                .map(|failed| failed.requirement.to_string())
                .collect(),
        )
    };
    unmet.iter().map(why).collect()
}

#[test]
fn whoever_is_told_apart_is_found() {
    let mut bench = Bench::new(
        World::demo()
            .user(User::new("eve").attribute("sn", "Fox"))
            .user(
                User::new("ada")
                    .attribute("sn", "fox")
                    .attribute("Mail", "Ada@example.com"),
            ),
    );
    let found = bench.found(r#"mail eq "ADA@EXAMPLE.COM""#, &["userName", "MAIL"]);
    let found = found.unwrap();
    assert_eq!(&*found.username, "ada");
    let mail = Value::text("Ada@example.com");
    assert_eq!(
        found.attributes,
        values([("MAIL", mail), ("userName", "ada".into())])
    );
    // Two have it, nobody has it.
    assert_eq!(bench.found(r#"sn eq "Fox""#, &[]), None);
    assert_eq!(bench.found(r#"sn eq "Cat""#, &[]), None);
    let both = bench.found(r#"sn eq "Fox" and userName eq "EVE""#, &[]);
    assert_eq!(&*both.unwrap().username, "eve");
    let by_id = bench.found(r#"_id eq "id-ada" and accountStatus eq "active""#, &[]);
    assert_eq!(&*by_id.unwrap().username, "ada");
}

#[test]
fn secrets_are_there_and_never_come_out() {
    let answer = |answer: &str| {
        Value::Map(Arc::new(values([
            ("questionId", "1".into()),
            ("answer", Value::text(answer)),
        ])))
    };
    let mut bench = Bench::new(World::demo());
    let made = bench.perform(create([
        ("userName", "ada".into()),
        ("password", "Secret12".into()),
        ("kbaInfo", Value::List(Arc::from([answer("Blue")]))),
    ]));
    assert!(matches!(made, EffectReply::Written(_)), "{made:?}");
    let seen = bench.read("ada", &["password", "kbaInfo", "_createDate", "_id"]);
    let question = Value::Map(Arc::new(values([("questionId", "1".into())])));
    assert_eq!(
        seen.attributes,
        values([
            ("kbaInfo", Value::List(Arc::from([question]))),
            ("_createDate", NOW.rfc3339().into()),
            ("_id", "id-ada".into()),
        ])
    );
    assert!(bench.verify("ada", "Secret12"));
    assert!(
        bench
            .found(r#"password pr and userName eq "ada""#, &[])
            .is_some()
    );
    assert_eq!(bench.found(r#"password eq "Secret12""#, &[]), None);
    assert_eq!(bench.found(r#"kbaInfo/0/answer eq "Blue""#, &[]), None);
    assert!(!format!("{:?}", bench.world.users).contains("Secret12"));
    assert!(!format!("{:?}", bench.world.users).contains("Blue"));
}

#[test]
fn nobody_is_made_against_the_schema() {
    let mut bench = Bench::new(World::demo());
    let wrong = create([
        ("userName", "DEMO".into()),
        ("mail", "nowhere".into()),
        ("shoe", 43.into()),
        ("_createDate", "2000-01-01".into()),
    ]);
    assert_eq!(
        refused(bench.perform(wrong)),
        [
            ("userName".to_owned(), vec!["VALID_USERNAME".to_owned()]),
            (
                "mail".to_owned(),
                vec!["VALID_EMAIL_ADDRESS_FORMAT".to_owned()]
            ),
            ("shoe".to_owned(), vec!["UNKNOWN_ATTRIBUTE".to_owned()]),
            ("_createDate".to_owned(), vec!["READ_ONLY".to_owned()]),
        ]
    );
    assert_eq!(
        refused(bench.perform(create([("mail", "a@example.com".into())]))),
        [("userName".to_owned(), vec!["REQUIRED".to_owned()])]
    );
    assert_eq!(
        refused(bench.perform(create([("userName", " ada".into())]))),
        [("userName".to_owned(), vec!["VALID_USERNAME".to_owned()])]
    );
    assert_eq!(bench.world.users.len(), 1);
    let other = bench.perform(Effect::CreateIdentity(CreateIdentity {
        resource: Arc::from("managed/device"),
        attributes: BTreeMap::new(),
    }));
    assert!(matches!(other, EffectReply::Failed(_)), "{other:?}");
}

#[test]
fn nothing_is_made_twice() {
    let mut bench = Bench::new(World::new());
    let effect = create([("userName", "ada".into())]);
    let first = bench.perform(effect.clone());
    assert_eq!(bench.again(effect), first);
    assert_eq!(bench.world.users.len(), 1);
    let add = patch("ada", [("_loginCount", Change::Add(1))]);
    bench.perform(add.clone());
    bench.again(add);
    let seen = bench.read("ada", &["_loginCount"]);
    assert_eq!(seen.attributes, values([("_loginCount", 1.into())]));
}

#[test]
fn all_of_a_change_or_nothing() {
    let mut bench = Bench::new(World::demo().user(User::new("eve")));
    let half = patch("demo", [("sn", set("Fox")), ("mail", set("nowhere"))]);
    assert_eq!(
        refused(bench.perform(half)),
        [(
            "mail".to_owned(),
            vec!["VALID_EMAIL_ADDRESS_FORMAT".to_owned()]
        )]
    );
    let before = bench.read("demo", &["sn", "mail"]);
    assert_eq!(
        before.attributes,
        values([("mail", "demo@example.com".into())])
    );

    let taken = patch("demo", [("userName", set("EVE"))]);
    assert_eq!(
        refused(bench.perform(taken)),
        [("userName".to_owned(), vec!["VALID_USERNAME".to_owned()])]
    );
    let whole = patch(
        "demo",
        [
            ("USERNAME", set("Dora")),
            ("MAIL", set("dora@example.com")),
            ("accountStatus", set("inactive")),
            ("_loginCount", Change::Add(2)),
            ("_logincount", Change::Add(3)),
        ],
    );
    let EffectReply::Written(written) = bench.perform(whole) else {
        panic!("it is not written");
    };
    assert_eq!(written.subject, SubjectId(Arc::from("id-demo")));
    assert_eq!(&*written.username, "Dora");
    assert!(!written.active);
    let expected = values([
        ("mail", "dora@example.com".into()),
        ("_loginCount", 5.into()),
    ]);
    assert_eq!(written.attributes, expected);
    assert!(bench.world.find("demo").is_none());
    // The name is free, and whoever has it next is somebody else.
    let next = bench.perform(create([("userName", "demo".into())]));
    let EffectReply::Written(next) = next else {
        panic!("{next:?}");
    };
    assert_ne!(next.subject, written.subject);

    let gone = patch("dora", [("mail", Change::Remove)]);
    let EffectReply::Written(written) = bench.perform(gone) else {
        panic!("it is not written");
    };
    assert_eq!(written.attributes, values([("_loginCount", 5.into())]));
    assert_eq!(
        refused(bench.perform(patch("dora", [("userName", Change::Remove)]))),
        [("userName".to_owned(), vec!["REQUIRED".to_owned()])]
    );
    let text = patch("dora", [("accountStatus", Change::Add(1))]);
    assert!(matches!(bench.perform(text), EffectReply::Failed(_)));
    let nobody = patch("nobody", [("mail", Change::Remove)]);
    assert_eq!(bench.perform(nobody), EffectReply::Identity(None));
}

#[test]
fn another_password_gives_the_tries_back() {
    let mut bench = Bench::new(World::demo());
    for _ in 0..6 {
        assert!(!bench.verify("demo", "wrong"));
    }
    assert!(!bench.verify("demo", "Ch4ng31t"));
    bench.perform(patch("demo", [("password", set("Secret12"))]));
    let subject = SubjectId(Arc::from("id-demo"));
    assert_eq!(bench.world.counter(&subject, Kind::Password).total, 0);
    assert!(!bench.verify("demo", "Ch4ng31t"));
    assert!(bench.verify("demo", "Secret12"));
}

#[test]
fn values_are_judged_before_they_are_written() {
    let mut bench = Bench::new(World::demo().user(User::new("eve")));
    let mut judge = |who: Option<&str>, values: BTreeMap<Arc<str>, Value>| {
        let effect = Effect::Judge(Judge {
            resource: Arc::from("managed/user"),
            who: who.map(|name| Who::Name(Arc::from(name))),
            attributes: ["userName", "password", "shoe"].map(Arc::from).to_vec(),
            values,
        });
        let EffectReply::Judged(judged) = bench.perform(effect) else {
            panic!("it is not judged");
        };
        let failed: Vec<Vec<String>> = judged
            .iter()
            .map(|one| {
                let failed = one.failed.iter();
                failed
                    .map(|failed| failed.requirement.to_string())
                    .collect()
            })
            .collect();
        assert_eq!(judged[2].shape, None);
        failed
    };
    let named = |name: &str| values([("username", Value::text(name))]);
    assert_eq!(judge(None, named("Demo"))[0], ["VALID_USERNAME"]);
    assert!(judge(Some("demo"), named("Demo"))[0].is_empty());
    assert_eq!(judge(Some("demo"), named("Eve"))[0], ["VALID_USERNAME"]);
    let password = |text: &str| values([("password", Value::Secret(Secret::from(text)))]);
    assert_eq!(
        judge(Some("demo"), password("demo"))[1],
        [
            "MIN_LENGTH",
            "AT_LEAST_X_CAPITAL_LETTERS",
            "AT_LEAST_X_NUMBERS",
            "CANNOT_CONTAIN_OTHERS"
        ]
    );
    assert!(judge(None, password("Secret12"))[1].is_empty());
}

#[test]
fn documents_belong_to_the_realm() {
    let terms = Value::Map(Arc::new(values([("version", "2".into())])));
    let mut bench = Bench::new(World::new().document(Document::Terms, terms.clone()));
    let reply = bench.perform(Effect::ReadDocument(Document::Terms));
    assert_eq!(reply, EffectReply::Document(Some(terms)));
    let reply = bench.perform(Effect::ReadDocument(Document::Consent));
    assert_eq!(reply, EffectReply::Document(None));
}
