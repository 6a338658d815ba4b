//! What scripts have done outside.

use std::sync::Arc;

use wayfare::{
    Effect, EffectReply, Input, Secret, Step, Value,
    engine::effect::{Change, Fetched},
};
use wayfare_script::{Permissions, Settings};

use super::stage::Stage;

fn writes(names: &[&str]) -> Settings {
    let mut settings = Settings::default();
    settings.permissions.write = names.iter().map(|name| (*name).to_owned()).collect();
    settings
}

#[test]
fn a_profile_is_read_and_written() {
    let script = "var id = idRepository.getIdentity('demo');
        var mail = id.getAttributeValues('mail');
        logger.info(id.getName() + ' ' + mail[0] + ' ' + mail.get(0) + ' ' + mail.size() + ' ' + id.getAttributeValues('none').length + ' ' + id.exists());
        id.setAttribute('mail', ['new@example.com']); id.addAttribute('givenName', 'Two'); id.store();
        logger.info(idRepository.getIdentity('demo').getAttributeValues('mail')[0]);
        outcome = idRepository.getIdentity('nobody').exists() ? 'two' : 'one';";
    let mut stage = Stage::with(script, writes(&["mail", "givenName"]));
    assert_eq!(stage.left(), "one");
    assert_eq!(
        stage.lines(),
        [
            "info: demo demo@example.com demo@example.com 1 0 true",
            "info: new@example.com"
        ]
    );
    let effects = stage.effects.borrow();
    let kinds: Vec<&str> = effects.iter().map(Effect::kind).collect();
    assert_eq!(
        kinds,
        [
            "read_identity",
            "read_identity",
            "read_identity",
            "read_identity",
            "patch_identity",
            "read_identity",
            "read_identity"
        ]
    );
}

#[test]
fn nothing_is_written_that_is_not_listed() {
    for script in [
        "var id = idRepository.getIdentity('demo'); id.setAttribute('mail', ['x']); id.store();",
        "openidm.patch('managed/user/id-demo', null, [{ operation: 'replace', field: '/mail', value: 'x' }]);",
        "openidm.update('managed/user/id-demo', null, { mail: 'x' });",
        "openidm.create('managed/user', null, { userName: 'x' });",
        "openidm.delete('managed/user/id-demo', null);",
        "openidm.action('external/email', 'send', { to: 'a@b.c' });",
        "openidm.read('internal/role/openidm-admin');",
        "openidm.query('managed/user', {});",
    ] {
        let script = format!(
            "try {{ {script} outcome = 'two'; }} catch (e) {{ logger.info(e.message); outcome = 'one'; }}"
        );
        let mut stage = Stage::new(&script);
        assert_eq!(stage.left(), "one", "{script}");
        assert!(
            stage
                .effects
                .borrow()
                .iter()
                .all(|effect| !effect.is_once()),
            "{script}"
        );
    }
}

#[test]
fn managed_users_are_read_found_and_changed() {
    let script = "var one = openidm.read('managed/alpha_user/id-demo', null, ['mail', 'givenName']);
        logger.info(JSON.stringify(one));
        var found = openidm.query('managed/user', { _queryFilter: 'userName eq \"demo\"' }, ['mail']);
        logger.info(found.resultCount + ' ' + found.result[0]._id + ' ' + found.result[0].mail);
        var now = openidm.patch('managed/user/id-demo', null, [{ operation: 'replace', field: '/mail', value: 'b@example.com' }]);
        logger.info(now.mail);
        outcome = openidm.read('managed/user/id-nobody') === null ? 'one' : 'two';";
    let mut stage = Stage::with(script, writes(&["mail"]));
    assert_eq!(stage.left(), "one");
    assert_eq!(
        stage.lines(),
        [
            r#"info: {"_id":"id-demo","_rev":"0","givenName":"Demo","mail":"demo@example.com","userName":"demo"}"#,
            "info: 1 id-demo demo@example.com",
            "info: b@example.com",
        ]
    );
    let patched = stage.effects.borrow().iter().any(|effect| matches!(effect,
        Effect::PatchIdentity(patch) if patch.changes == [(Arc::from("mail"), Change::Set(Value::from("b@example.com")))]));
    assert!(patched);
}

#[test]
fn a_request_is_sent_and_its_answer_read() {
    let script = "var response = httpClient.send('https://api.example.com/risk?user=demo', { method: 'POST', headers: { 'X-Key': 'k' },
          token: 'secret-token', body: { user: 'demo' } }).get();
        logger.info([response.status, response.ok, response.json().score, response.headers.get('Content-Type').get(0), response.text().length].join(' '));
        httpClient.send('https://api.example.com/risk').then(r => { action.goTo(r.status === 200 ? 'one' : 'two'); });";
    let mut stage = Stage::new(script);
    stage.web = Box::new(|asked| {
        assert_eq!(asked.shown(), "https://api.example.com/risk");
        if &*asked.method == "POST" {
            let header = |name: &str| {
                asked
                    .headers
                    .iter()
                    .find(|(known, _)| &**known == name)
                    .map(|(_, value)| value.reveal().clone())
            };
            assert_eq!(header("x-key").as_deref(), Some("k"));
            assert_eq!(
                header("authorization").as_deref(),
                Some("Bearer secret-token")
            );
            assert_eq!(header("content-type").as_deref(), Some("application/json"));
            assert_eq!(asked.body.as_ref().unwrap().reveal(), r#"{"user":"demo"}"#);
        }
        Fetched::Answered {
            status: 200,
            headers: vec![(
                Arc::from("content-type"),
                Secret::new("application/json".to_owned()),
            )],
            body: Secret::new(r#"{"score":7}"#.to_owned()),
        }
    });
    assert_eq!(stage.left(), "one");
    assert_eq!(stage.lines(), ["info: 200 true 7 application/json 11"]);
}

#[test]
fn a_request_that_is_denied_is_an_answer_and_a_script_cannot_catch_a_stop() {
    let script = "try { var r = httpClient.send('https://evil.example/').get(); outcome = r.status === 502 ? 'one' : 'two'; }
        catch (e) { outcome = 'three'; }";
    let mut stage = Stage::new(script);
    assert_eq!(stage.left(), "one");
    let script = "for (var i = 0; i < 40; i++) { try { httpClient.send('https://evil.example/'); } catch (e) {} } outcome = 'one';";
    let mut stage = Stage::new(script);
    assert_eq!(stage.left(), "one");
    assert_eq!(stage.effects.borrow().len(), 32);
    for script in [
        "httpClient.send('file:///etc/passwd')",
        "httpClient.send('gopher://x')",
        "httpClient.send('https://x', { method: 'CONNECT' })",
    ] {
        let mut stage = Stage::new(script);
        assert!(!stage.failed().is_empty());
        assert!(stage.effects.borrow().is_empty());
    }
}

#[test]
fn lines_and_writes_of_runs_that_wait_are_not_doubled() {
    let script = "logger.info('one'); nodeState.putShared('n', (nodeState.get('n') || 0) + 1); var r = Math.random();
        idRepository.getIdentity('demo').exists(); logger.info('two'); nodeState.putShared('r', r === Math.random());
        idRepository.getIdentity('other').exists(); logger.info('three'); outcome = 'one';";
    let mut stage = Stage::new(script);
    stage.left();
    assert_eq!(stage.lines(), ["info: one", "info: two", "info: three"]);
    assert_eq!(stage.state(), "n=1 r=false");
}

#[test]
fn a_link_is_sent_by_what_the_function_of_a_suspension_does() {
    let script = "if (resumedFromSuspend) { outcome = 'one'; } else {
        action.suspend('Look into your mail', uri => { idRepository.getIdentity('demo').exists(); openidm.action('external/email', 'send', { to: 'demo@example.com', subject: 'Go on', body: 'At ' + uri }); }, 10); }";
    let mut settings = Settings::default();
    settings.permissions.mail = true;
    let mut stage = Stage::with(script, settings);
    let Step::Suspended(suspended) = stage.begin() else {
        panic!("it suspends");
    };
    assert!(
        matches!(&suspended.deliver, Some(Effect::Send(message)) if message.body.reveal() == "At {0}")
    );
    stage.take(Input::Resume);
    assert_eq!(stage.outcome(), "one");
}

#[test]
fn a_reply_of_failure_takes_the_error_arrow() {
    let mut stage = Stage::new("idRepository.getIdentity('demo').exists(); outcome = 'one';");
    let step = stage.step(Input::Begin);
    assert!(matches!(step, Step::Call(_)));
    stage.take(Input::Effect(EffectReply::Failed("it is down".to_owned())));
    assert_eq!(stage.failed_with(), "it is down");
}

#[test]
fn few_readable_attributes_are_read_at_once() {
    let mut settings = Settings::default();
    settings.permissions = Permissions::default();
    settings.permissions.read = vec!["mail".to_owned(), "givenName".to_owned()];
    let script = "var id = idRepository.getIdentity('demo'); logger.info(id.getAttributeValues('mail')[0] + id.getAttributeValues('givenName')[0]);
        try { id.getAttributeValues('sn'); outcome = 'two'; } catch (e) { outcome = 'one'; }";
    let mut stage = Stage::with(script, settings);
    assert_eq!(stage.left(), "one");
    assert_eq!(stage.effects.borrow().len(), 1);
}
