//! Bindings of journeys in the settings: the pages of their findings, played.

use std::{fmt::Write as _, fs, path::Path, sync::Arc};

use wayfare::{Compiled, Compiler, Diagnostics, Registry, Source, SourceMap, codes};
use wayfare_server::config::{BindingSettings, Config, ConfigError};

fn config(text: &str) -> Result<Config, Vec<String>> {
    Config::parse("wayfare.toml", text, Path::new("")).map_err(|error| match error {
        ConfigError::Mistakes(list) => list.iter().map(ToString::to_string).collect(),
        other => panic!("{other}"),
    })
}

fn compile(journey: &str) -> Compiled {
    let compiled = Compiler::new(Registry::standard().catalog())
        .compile([Source::new("journeys/login.journey", journey)]);
    assert!(compiled.program.is_some(), "{:?}", compiled.diagnostics);
    compiled
}

/// What is found of settings beside a journey.
fn check(settings: &str, journey: &str) -> (Diagnostics, SourceMap) {
    let compiled = compile(journey);
    let mut sources = (*compiled.sources).clone();
    let config = config(settings).unwrap_or_else(|wrong| panic!("{wrong:#?}"));
    let mut found = Diagnostics::default();
    for realm in config.realms.values() {
        let bindings = realm.bindings.iter();
        found.append(BindingSettings::check(
            bindings.map(|(name, binding)| (&**name, binding)),
            BindingSettings::has_default,
            compiled.program.as_ref().unwrap(),
            &mut sources,
        ));
        if let Some(capture) = &realm.capture {
            let program = compiled.program.as_ref().unwrap();
            let beside = capture.check(&realm.bindings, program, &mut sources);
            found.append(beside.unwrap());
        }
    }
    (found, sources)
}

fn blocks<'p>(page: &'p str, fence: &str) -> Vec<&'p str> {
    let begins = format!("```{fence}\n");
    let parts = page.split(&*begins).skip(1);
    parts
        .map(|part| part.split("```").next().unwrap())
        .collect()
}

#[test]
fn the_pages_of_bindings_have_their_finding_and_no_other() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text = fs::read_to_string(root.join("docs/diagnostics.md")).unwrap();
    let pass = codes::PASSES.iter().find(|pass| pass.name == "bindings");
    let mut told = String::new();
    for code in pass.unwrap().codes {
        let page = text.split("\n## ").find(|page| page.starts_with(code.word));
        let page = page.unwrap_or_else(|| panic!("no page of {code}"));
        let one = |fence| match blocks(page, fence).as_slice() {
            [one] => (*one).to_owned(),
            _ => panic!("the page of {code} has one block of {fence}"),
        };
        let (bad, good, journey) = (one("toml,bad"), one("toml"), one("journey"));
        let (found, sources) = check(&bad, &journey);
        let mut words: Vec<&str> = found.iter().map(|one| one.code.word).collect();
        words.dedup();
        assert_eq!(words, [code.word], "{found:#?}");
        for one in &found {
            let _ = writeln!(told, "{}", one.one_line(&sources));
            for label in &one.labels {
                let at = sources.locate(label.span);
                let name = sources.get(label.span.source).unwrap().name();
                let _ = writeln!(told, "  {name}:{}:{}: {}", at.line, at.column, label.text);
            }
        }
        let (found, _) = check(&good, &journey);
        assert!(found.is_empty(), "{code}: {found:#?}");
    }
    let golden = root.join("crates/wayfare-server/tests/vectors/bindings.txt");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&golden, &told).unwrap();
    }
    assert_eq!(fs::read_to_string(&golden).unwrap(), told);
}

#[test]
fn mistakes_of_the_file_are_told_with_their_lines() {
    let wrong = config(
        r##"[realms."/alpha".bindings."capture.auth_native"]
fields = { a = "#", b = 3 }
on = { invalid_credential = 210, missing = "x" }
onn = 3

[realms."/alpha".bindings.login]
journey = "login"

[realms."/alpha".bindings."autoid.logn"]
journey = "login"

[realms."/alpha".bindings."capture.auth_nativ.signInForm"]
journey = "login"

[realms."/alpha".bindings."autoid.login"]
journey = "login"
fields = { user = "username", password = "password" }

[realms."/alpha".bindings."capture.auth_native.signInForm"]
journey = "login"
on = { denied = 999, expired = 540 }
"##,
    )
    .unwrap_err();
    let expected = [
        "wayfare.toml:1: `realms.\"/alpha\".bindings.capture.auth_native.journey` is missing; write the name of \
         the journey that is run",
        "wayfare.toml:2: `realms.\"/alpha\".bindings.capture.auth_native.fields.a` must be an input such as \
         \"username\", \"password#2\" or \"ChoiceCallback\"",
        "wayfare.toml:2: `realms.\"/alpha\".bindings.capture.auth_native.fields.b` must be an input such as \
         \"username\", \"password#2\" or \"ChoiceCallback\"",
        "wayfare.toml:3: `realms.\"/alpha\".bindings.capture.auth_native.on.invalid_credential` is no way to \
         fail; did you mean `invalid_credentials`?",
        "wayfare.toml:3: `realms.\"/alpha\".bindings.capture.auth_native.on.missing` must be the number of a \
         code",
        "wayfare.toml:4: there is no setting `onn` in `[realms.\"/alpha\".bindings.capture.auth_native]`; did \
         you mean `on`?",
        "wayfare.toml:6: `realms.\"/alpha\".bindings.login` binds nothing that a wire runs: there are \
         `autoid.login`, and of Capture `capture.OPERATION` and `capture.OPERATION.FORM` for what takes \
         forms",
        "wayfare.toml:9: `realms.\"/alpha\".bindings.autoid.logn` binds nothing that a wire runs: there are \
         `autoid.login`, and of Capture `capture.OPERATION` and `capture.OPERATION.FORM` for what takes \
         forms",
        "wayfare.toml:12: `realms.\"/alpha\".bindings.capture.auth_nativ.signInForm` binds nothing that a \
         wire runs: there are `autoid.login`, and of Capture `capture.OPERATION` and \
         `capture.OPERATION.FORM` for what takes forms",
        "wayfare.toml:17: `realms.\"/alpha\".bindings.autoid.login.user` is no field of a login; there are \
         `username` and `password`",
        "wayfare.toml:21: `realms.\"/alpha\".bindings.capture.auth_native.signInForm.denied` is no code of \
         Capture",
    ];
    assert_eq!(wrong, expected);
}

#[test]
fn a_binding_looks_into_inner_journeys_and_forgives_what_cannot_be_known() {
    let journey = r#"journey outer {
  start inner

  node inner: journey login {
    true -> success
    false -> say
  }

  node say: SetFailureDetails {
    ground = "already_done"
    -> failure
  }
}

journey login {
  start credentials

  node credentials: Page {
    node username: UsernameCollector
    node mail: AttributeCollector {
      attributesToCollect = ["mail"]
    }
    node password: PasswordCollector
    -> check
  }

  node check: DataStoreDecision {
    true -> success
    false -> failure
  }
}
"#;
    let settings = |rest: &str| {
        format!(
            "[realms.\"/alpha\".bindings.\"capture.auth_native\"]\njourney = \"outer\"\n{rest}\n"
        )
    };
    let words = |rest: &str| {
        let (found, _) = check(&settings(rest), journey);
        found
            .iter()
            .map(|one| one.code.word)
            .collect::<Vec<&str>>()
            .join(" ")
    };
    let fields = "fields = { u = \"username\", p = \"PasswordCallback\" }";
    // `mail` may be left out.
    assert_eq!(words(&format!("{fields}\notherwise = 540")), "");
    assert_eq!(
        words(&format!("{fields}\non = {{ invalid_credentials = 210 }}")),
        "unbound_ground"
    );
    let on = "on = { invalid_credentials = 210, already_done = 540 }";
    assert_eq!(words(&format!("{fields}\n{on}")), "");
    assert_eq!(words(on), "unbound_input unbound_input");
    assert_eq!(words(&format!("partial = true\n{on}")), "");
    let asked = Arc::<str>::from("p = \"password#3\"");
    let third = fields.replace("p = \"PasswordCallback\"", &asked);
    assert_eq!(words(&format!("{third}\n{on}")), "unbound_input");
}
