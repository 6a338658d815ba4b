//! Each binding of the next generation.

use std::collections::BTreeMap;

use wayfare::{
    Answer, Callback, Secret, Value,
    engine::callback::{AttributeValue, MessageKind},
};
use wayfare_script::Settings;

use super::stage::Stage;

/// What a script logs, which ends by its outcome `one`.
fn logs(script: &str) -> Vec<String> {
    let mut stage = Stage::new(&format!("{script}\noutcome = 'one';"));
    assert_eq!(stage.left(), "one", "{script}");
    stage
        .lines()
        .into_iter()
        .map(|line| line.strip_prefix("info: ").unwrap_or(&line).to_owned())
        .collect()
}

#[test]
fn state_is_read_written_merged_and_removed() {
    let script = "nodeState.putShared('a', { x: 1, y: [1, 'two', null, true, 1.5] }).putTransient('t', 'secret');
        nodeState.mergeShared({ a: { z: 2 }, b: 'b' }); nodeState.mergeTransient({ a: { w: 3 } });
        logger.info(JSON.stringify(nodeState.get('a')) + JSON.stringify(nodeState.getObject('a')));
        logger.info([nodeState.isDefined('a'), nodeState.isDefined('none'), nodeState.get('none'), nodeState.keys().size()].join(' '));
        nodeState.putShared('gone', 1); nodeState.remove('gone'); nodeState.putShared('objectAttributes', { mail: 'a@b.c' });
        var got = nodeState.get('a'); got.w = 9;
        outcome = 'one';";
    let mut stage = Stage::new(script);
    assert_eq!(stage.left(), "one");
    assert_eq!(
        stage.lines(),
        [
            r#"info: {"w":3}{"x":1,"y":[1,"two",null,true,1.5],"z":2,"w":3}"#,
            "info: true false  3",
        ]
    );
    assert_eq!(
        stage.state(),
        r#"a={"w":3} b="b" objectAttributes={"mail":"a@b.c"} t="secret""#
    );
}

#[test]
fn the_state_has_any_key() {
    let got = logs(
        "nodeState.putShared('__proto__', 'p').mergeShared({ constructor: 'c' });
         logger.info([nodeState.get('__proto__'), nodeState.get('constructor'), nodeState.get('toString'), nodeState.keys().size()].join(' '));",
    );
    assert_eq!(got, ["p c  2"]);
}

#[test]
fn the_request_is_read_without_regard_to_case() {
    let mut stage = Stage::new(
        "logger.info([requestHeaders.get('x-one').get(0), requestHeaders['X-ONE'][1], requestHeaders.get('none'), requestParameters.get('p')[0],
           requestCookies.c, requestCookies.get('c'), requestHeaders.containsKey('X-oNe')].join(' ')); outcome = 'one';",
    );
    stage.request.headers = vec![
        ("X-One".to_owned(), "1".to_owned()),
        ("x-one".to_owned(), "2".to_owned()),
    ];
    stage.request.parameters = vec![("p".to_owned(), "q".to_owned())];
    stage.request.cookies = vec![("c".to_owned(), "d".to_owned())];
    stage.left();
    assert_eq!(stage.lines(), ["info: 1 2  q d d true"]);
}

#[test]
fn what_a_client_calls_what_it_sends_hides_no_method() {
    let mut stage = Stage::new(
        "logger.info([requestHeaders.get('GET').get(0), requestHeaders.get('__proto__')[0], requestHeaders.size(), requestParameters.get('get')[0],
           requestParameters.containsKey('size'), requestParameters.keySet().size(), requestCookies.get('isEmpty'), requestCookies.isEmpty()].join(' ')); outcome = 'one';",
    );
    let pairs = |names: &[&str]| {
        let pair = |name: &&str| ((*name).to_owned(), format!("its-{name}"));
        names.iter().map(pair).collect::<Vec<_>>()
    };
    stage.request.headers = pairs(&["get", "size", "__proto__"]);
    stage.request.parameters = pairs(&["get", "keySet"]);
    stage.request.cookies = pairs(&["get", "isEmpty"]);
    stage.left();
    assert_eq!(
        stage.lines(),
        ["info: its-get its-__proto__ 3 its-get false 2 its-isEmpty false"]
    );
}

#[test]
fn names_sessions_and_what_is_configured() {
    let mut settings = Settings::default();
    settings
        .secrets
        .insert("scripted.node.key".to_owned(), Secret::from("hidden"));
    settings
        .secrets
        .insert("am.other".to_owned(), Secret::from("other"));
    settings.properties = BTreeMap::from([
        ("esv.n".to_owned(), "5".to_owned()),
        ("esv.list".to_owned(), "a,b".to_owned()),
    ]);
    let script = "logger.info([realm, scriptName, cookieName, resumedFromSuspend, typeof existingSession, samlApplication, oauthApplication, journey.getName()].join(' '));
        logger.info([systemEnv.getProperty('esv.n'), systemEnv.getProperty('esv.n', '1', 'java.lang.Integer') + 1, systemEnv.getProperty('none'), systemEnv.getProperty('none', 'x'),
          systemEnv.getProperty('esv.list', '', 'java.util.List').get(1)].join(' '));
        logger.info(secrets.getGenericSecret('scripted.node.key').getAsUtf8() === 'hidden' ? 'known' : 'other');
        logger.info('it is ' + secrets.getGenericSecret('scripted.node.key').getAsUtf8());
        try { secrets.getGenericSecret('am.other'); outcome = 'two'; } catch (e) { outcome = 'one'; }";
    let mut stage = Stage::with(script, settings);
    assert_eq!(stage.left(), "one");
    assert_eq!(
        stage.lines(),
        [
            "info: / main iPlanetDirectoryPro false undefined   t",
            "info: 5 6  x b",
            "info: known",
            "info: it is _"
        ]
    );
    let script = "logger.info([existingSession.UserId, existingSession.get('AuthLevel'), existingSession.get('none')].join(' ')); outcome = 'one';";
    let mut stage = Stage::in_session(script);
    assert_eq!(stage.left(), "one");
    assert_eq!(stage.lines(), ["info: demo 5 "]);
}

#[test]
fn lines_have_levels_and_places() {
    let script = "logger.error('a {} of {}', 1, { b: 2 }); logger.warn('w'); logger.debug('{}', ['x']); logger.trace('t'); logger.info('i', new Error('why'));
        logger.info(logger.isDebugEnabled() + ' ' + logger.getName()); outcome = 'one';";
    let mut stage = Stage::new(script);
    stage.left();
    assert_eq!(
        stage.lines(),
        [
            "error: a 1 of {\"b\":2}",
            "warning: w",
            "debug: x",
            "trace: t",
            "info: i Error: why",
            "info: true scripts.main"
        ]
    );
}

#[test]
fn texts_and_bytes_are_encoded() {
    assert_eq!(
        logs("logger.info([utils.base64.encode('hé?>'), utils.base64.decode('aMOpPz4='), utils.base64url.encode('hé?>'), utils.base64url.decode('aMOpPz4'),
            utils.base64.encode([104, -61]), utils.base64.decodeToBytes('aMM=').join(), utils.base64.btoa('\\u00e9'), utils.base64.atob('6Q==') === '\\u00e9',
            utils.types.stringToBytes('é').join(), utils.types.bytesToString([-61, -87])].join(' '));"),
        ["aMOpPz4= hé?> aMOpPz4 hé?> aMM= 104,-61 6Q== true -61,-87 é"]
    );
}

#[test]
fn digests_keys_and_signatures() {
    let lines = logs(
        "var c = utils.crypto.subtle, b = utils.types.stringToBytes, hex = a => a.map(x => ('0' + (x & 255).toString(16)).slice(-2)).join('');
        logger.info(hex(c.digest('SHA-256', b('abc')))); logger.info(hex(c.digest('SHA-1', b('abc'))));
        var key = c.generateKey('HMAC'); var s = c.sign('HMAC', key, b('data'));
        logger.info([s.length, c.verify('HMAC', key, b('data'), s), c.verify('HMAC', key, b('other'), s), c.sign({ name: 'HMAC', hash: 'SHA-512' }, key, b('x')).length].join(' '));
        var aes = c.generateKey('AES'); var sealed = c.encrypt('AES', aes, b('hidden'));
        logger.info([aes.length, utils.types.bytesToString(c.decrypt('AES', aes, sealed)), sealed.length].join(' '));
        sealed[20] ^= 1; try { c.decrypt('AES', aes, sealed); logger.info('opened'); } catch (e) { logger.info('refused'); }
        logger.info(c.deriveKey({ name: 'PBKDF2', salt: b('salt'), iterations: 1, hash: 'SHA-256' }, b('password'), 256).length);
        logger.info(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(utils.crypto.randomUUID()));
        logger.info(utils.crypto.getRandomValues(new Array(8).fill(0)).some(x => x !== 0));
        try { c.sign('ECDSA', [1], [2]); } catch (e) { logger.info(e.message); }",
    );
    assert_eq!(
        lines,
        [
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            "a9993e364706816aba3e25717850c26c9cd0d89d",
            "32 true false 64",
            "32 hidden 34",
            "refused",
            "32",
            "true",
            "true",
            "there is no `sign` with `ecdsa` here",
        ]
    );
}

#[test]
fn tokens_are_made_and_checked() {
    let script = "var data = { jwtType: 'SIGNED', jwsAlgorithm: 'HS256', issuer: 'i', subject: 's', audience: 'a', type: 'JWT', validityMinutes: 5, claims: { k: 'v' }, signingKey: 'cGFzc3dvcmQ=' };
        var jwt = jwtAssertion.generateJwt(data);
        var check = { jwtType: 'SIGNED', jwt: jwt, issuer: 'i', subject: 's', audience: 'a', signingKey: 'cGFzc3dvcmQ=' };
        var claims = jwtValidator.validateJwtClaims(check);
        logger.info([jwt.split('.').length, claims.get('subject'), claims.get('k'), claims.get('expirationTime') - claims.get('issuedAt')].join(' '));
        var no = (changes) => jwtValidator.validateJwtClaims(Object.assign({}, check, changes)) === null;
        logger.info([no({ issuer: 'x' }), no({ audience: 'x' }), no({ signingKey: 'eA==' }), no({ jwt: jwt + 'x' }), no({ jwt: 'a.b.c' }), no({ claims: { k: 'w' } }),
          no({ jwt: utils.base64url.encode('{\"alg\":\"none\"}') + '.' + jwt.split('.')[1] + '.' })].join(' '));
        try { jwtAssertion.generateJwt({ jwtType: 'ENCRYPTED_THEN_SIGNED' }); } catch (e) { logger.info(e.message); }";
    assert_eq!(
        logs(script),
        [
            "3 s v 300",
            "true true true true true true true",
            "tokens of the type `ENCRYPTED_THEN_SIGNED` are not made here: `SIGNED` ones are",
        ]
    );
}

#[test]
fn languages_caches_and_what_is_not_here() {
    let mut stage = Stage::new(
        "logger.info([locales.getPreferredLocale(), locales.getLocalizedMessage({ en: 'Hello', fr: 'Bonjour' })].join(' '));
         var cache = cacheManager.named('c'); cache.put('k', { v: 1 }); logger.info(JSON.stringify(cache.get('k')) + cache.exists('x'));
         try { policy.evaluate({}, 'a', [], {}); } catch (e) { logger.info(e.message); }
         outcome = 'one';",
    );
    stage.request.locales = vec!["fr-CA".to_owned(), "en".to_owned()];
    assert_eq!(stage.left(), "one");
    assert_eq!(
        stage.lines(),
        [
            "info: fr-CA Bonjour",
            "info: {\"v\":1}false",
            "info: policies are not evaluated for scripts here"
        ]
    );
}

/// Every builder with each of its forms.
const BUILT: &str = "var b = callbacksBuilder;
    b.nameCallback('n'); b.nameCallback('n', 'd'); b.passwordCallback('p', false); b.textInputCallback('t'); b.textInputCallback('t', 'd');
    b.textOutputCallback(1, 'o'); b.scriptTextOutputCallback('s()'); b.hiddenValueCallback('id', 'v'); b.choiceCallback('c', ['x', 'y'], 1, false);
    b.confirmationCallback(0, ['Yes', 'No'], 1); b.confirmationCallback('q', 0, ['Yes', 'No'], 1); b.confirmationCallback(0, 2, 3); b.confirmationCallback('q', 1, 1, 2);
    b.languageCallback('en', 'GB'); b.metadataCallback({ m: 1 }); b.pollingWaitCallback('2000', 'w');
    b.redirectCallback('https://x/', { d: 1 }, 'POST'); b.redirectCallback('https://x/', null, 'GET', true);
    b.redirectCallback('https://x/', null, 'GET', 'st', 'ck'); b.redirectCallback('https://x/', null, 'GET', 'st', 'ck', true);
    b.stringAttributeInputCallback('mail', 'm', 'v', true); b.stringAttributeInputCallback('mail', 'm', 'v', true, ['{\"policyRequirement\":\"REQUIRED\"}']);
    b.stringAttributeInputCallback('mail', 'm', 'v', true, { p: 1 }, true); b.numberAttributeInputCallback('n', 'm', 5, false, { p: 1 }, false, []);
    b.booleanAttributeInputCallback('b', 'm', true, false);";

const BUILT_MORE: &str = "var b = callbacksBuilder;
    b.idPCallback('google', 'c', 'https://r/', ['openid'], 'n', 'rq', 'ru', ['acr'], true); b.idPCallback('google', 'c', 'https://r/', [], 'n', '', '', [], true, 't', 'tt');
    b.validatedPasswordCallback('p', false, { p: 1 }, true); b.validatedPasswordCallback('p', false, {}, false, []);
    b.validatedUsernameCallback('u', {}, true); b.validatedUsernameCallback('u', {}, true, []);
    b.consentMappingCallback('n', 'd', 'i', 'l', ['f'], 'm', true); b.consentMappingCallback({ name: 'n', displayName: 'd', icon: 'i', accessLevel: 'l', titles: ['f'] }, 'm', false);
    b.deviceProfileCallback(true, false, 'd'); b.kbaCreateCallback('k', ['q'], true); b.selectIdPCallback([{ provider: 'google' }]); b.termsAndConditionsCallback('1', 't', '2024');
    b.suspendedTextOutputCallback(0, 's');";

#[test]
fn every_callback_can_be_built_in_every_form() {
    let asked = Stage::new(BUILT).asked();
    let kinds: Vec<&str> = asked.iter().map(Callback::kind).collect();
    assert_eq!(
        kinds,
        [
            "NameCallback",
            "NameCallback",
            "PasswordCallback",
            "TextInputCallback",
            "TextInputCallback",
            "TextOutputCallback",
            "TextOutputCallback",
            "HiddenValueCallback",
            "ChoiceCallback",
            "ConfirmationCallback",
            "ConfirmationCallback",
            "ConfirmationCallback",
            "ConfirmationCallback",
            "LanguageCallback",
            "MetadataCallback",
            "PollingWaitCallback",
            "RedirectCallback",
            "RedirectCallback",
            "RedirectCallback",
            "RedirectCallback",
            "StringAttributeInputCallback",
            "StringAttributeInputCallback",
            "StringAttributeInputCallback",
            "NumberAttributeInputCallback",
            "BooleanAttributeInputCallback",
        ]
    );
    assert!(matches!(
        &asked[6],
        Callback::TextOutput {
            message: MessageKind::Script,
            ..
        }
    ));
    assert!(
        matches!(&asked[11], Callback::Confirmation { options, default: 0, .. } if options == &["OK", "Cancel"])
    );
    assert!(
        matches!(&asked[12], Callback::Confirmation { options, default: 2, .. } if options.len() == 3)
    );
    let tracked: Vec<bool> = asked
        .iter()
        .filter_map(|it| match it {
            Callback::Redirect {
                tracking_cookie, ..
            } => Some(*tracking_cookie),
            _ => None,
        })
        .collect();
    assert_eq!(tracked, [false, true, false, true]);
    assert!(
        matches!(&asked[21], Callback::Attribute { failed, .. } if &*failed[0].requirement == "REQUIRED")
    );
    assert!(
        matches!(&asked[23], Callback::Attribute { value: AttributeValue::Number(Some(five)), .. } if five.to_string() == "5.0" || five.to_string() == "5")
    );
    let more = Stage::new(BUILT_MORE).asked();
    assert_eq!(more.len(), 13);
    for script in [
        "callbacksBuilder.httpCallback('a', 'b', 'c');",
        "callbacksBuilder.x509CertificateCallback('p');",
        "callbacksBuilder.choiceCallback('c', ['x'], 3, false);",
        "callbacksBuilder.choiceCallback('c', ['x'], 0, true);",
        "callbacksBuilder.textOutputCallback(9, 'x');",
    ] {
        assert!(!Stage::new(script).failed().is_empty(), "{script}");
    }
}

#[test]
fn every_answer_is_read() {
    let read = "logger.info(JSON.stringify([callbacks.getNameCallbacks(), callbacks.getPasswordCallbacks().get(0) === 'pw', callbacks.getTextInputCallbacks()[0],
        callbacks.getHiddenValueCallbacks().id, callbacks.getHiddenValueCallbacks().get('id'), callbacks.getChoiceCallbacks().get(0)[0], callbacks.getConfirmationCallbacks().get(0),
        callbacks.getStringAttributeInputCallbacks().get(0).value, callbacks.getNumberAttributeInputCallbacks()[0].get('value'), callbacks.getBooleanAttributeInputCallbacks()[0].value,
        callbacks.getLanguageCallbacks().length, callbacks.getIdpCallbacks().isEmpty()]));";
    let script = format!("if (callbacks.isEmpty()) {{ var b = callbacksBuilder; b.nameCallback('n'); b.passwordCallback('p', false); b.textInputCallback('t'); b.hiddenValueCallback('id', 'v');
        b.choiceCallback('c', ['x', 'y'], 0, false); b.confirmationCallback(0, 2, 3); b.stringAttributeInputCallback('mail', 'm', '', true); b.numberAttributeInputCallback('n', 'm', 0, true);
        b.booleanAttributeInputCallback('b', 'm', false, true); }} else {{ {read} outcome = 'one'; }}");
    let mut stage = Stage::new(&script);
    stage.begin();
    let value = |value| Answer::Attribute {
        value,
        validate_only: false,
    };
    stage.answer(vec![
        Answer::Text("demo".to_owned()),
        Answer::Secret(Secret::from("pw")),
        Answer::Text("line".to_owned()),
        Answer::Text("filled".to_owned()),
        Answer::Index(1),
        Answer::Index(1),
        value(AttributeValue::Text("a@b.c".to_owned())),
        value(AttributeValue::Number(Some(wayfare::Decimal::from_units(
            7 * wayfare::Decimal::UNITS,
        )))),
        value(AttributeValue::Flag(true)),
    ]);
    assert_eq!(
        stage.lines(),
        [r#"info: [["demo"],true,"line","filled","filled",1,2,"a@b.c",7,true,0,true]"#]
    );
    assert_eq!(stage.outcome(), "one");
    let more = "if (callbacks.isEmpty()) { var b = callbacksBuilder; b.validatedUsernameCallback('u', {}, false); b.validatedPasswordCallback('p', false, {}, false); b.kbaCreateCallback('k', ['q'], true);
        b.termsAndConditionsCallback('1', 't', '2024'); b.consentMappingCallback('n', 'd', 'i', 'l', ['f'], 'm', true); b.deviceProfileCallback(true, false, 'd'); b.selectIdPCallback([{ provider: 'g' }]); b.idPCallback('google', 'c', 'r', [], 'n', '', '', [], true); }
        else { logger.info(JSON.stringify([callbacks.getValidatedUsernameCallbacks()[0].value, callbacks.getValidatedPasswordCallbacks()[0].value.length, callbacks.getKbaCreateCallbacks()[0].selectedQuestion,
          callbacks.getTermsAndConditionsCallbacks()[0], callbacks.getConsentMappingCallbacks()[0], callbacks.getDeviceProfileCallbacks()[0], callbacks.getSelectIdPCallbacks()[0], callbacks.getIdpCallbacks()[0].token])); outcome = 'one'; }";
    let mut stage = Stage::new(more);
    stage.begin();
    let hidden = |text: &str| Value::Secret(Secret::from(text));
    stage.answer(vec![
        Answer::Validated {
            text: "demo".to_owned(),
            validate_only: false,
        },
        Answer::ValidatedSecret {
            secret: Secret::from("pass"),
            validate_only: false,
        },
        Answer::SecurityQuestion {
            question: "q".to_owned(),
            answer: Secret::from("blue"),
        },
        Answer::Flag(true),
        Answer::Flag(false),
        Answer::Text("{}".to_owned()),
        Answer::Fields(vec![("".into(), hidden("google"))]),
        Answer::Fields(vec![
            ("token".into(), hidden("tkn")),
            ("token_type".into(), hidden("id_token")),
        ]),
    ]);
    assert_eq!(
        stage.lines(),
        [r#"info: ["demo",4,"q",true,false,"{}","google","tkn"]"#]
    );
}

#[test]
fn what_an_action_says_besides() {
    let script = "action.putSessionProperty('a', 'b').removeSessionProperty('c').withMaxSessionTime(5).withMaxIdleTime(1).withErrorMessage('no').withLockoutMessage('locked').goTo('three');";
    let mut stage = Stage::new(script);
    let wayfare::Step::Done(wayfare::End::Failure(failure)) = stage.begin() else {
        panic!("it fails");
    };
    assert_eq!(failure.message.as_deref(), Some("no"));
    let mut stage = Stage::new("action.goTo('one').withIdentifiedUser('demo');");
    assert!(
        matches!(stage.begin(), wayfare::Step::Done(wayfare::End::Success(done)) if &*done.subject.username == "demo")
    );
    assert!(
        Stage::new("action.goTo('one').withIdentifiedAgent('a');")
            .failed()
            .contains("agents")
    );
    assert!(
        !Stage::new("action.goTo('one').withMaxSessionTime('x');")
            .failed()
            .is_empty()
    );
}
