//! A value that the page fills in: A16.
//!
//! No type that is built yet sends one, so the callback is read by the wire as it would come, and the
//! journey that would rest on it is given to the compiler.

use wayfare::{Answer, Ask, Callback, Compiler, Source, catalogue};
use wayfare_wire::{
    am::{callbacks::answers, request::Body},
    json::Bounds,
};

/// What a body with this value for the hidden field comes to.
fn answered(value: &str) -> Answer {
    let ask = Ask::new(vec![Callback::HiddenValue {
        id: "token".to_owned(),
        value: "chosen-by-the-server".to_owned(),
    }]);
    let body = format!(
        r#"{{"authId":"a.b.c","callbacks":[{{"type":"HiddenValueCallback","output":[{{"name":"value","value":"{value}"}},{{"name":"id","value":"token"}}],"input":[{{"name":"IDToken1","value":"{value}"}}]}}]}}"#
    );
    let Ok(Body::Continue {
        callbacks: Some(sent),
        ..
    }) = Body::read(body.as_bytes(), Bounds::default())
    else {
        panic!("a step with callbacks");
    };
    let mut answers = answers(&ask, sent).expect("answers that fit");
    answers.remove(0)
}

#[test]
fn a16_a_hidden_value_is_what_the_client_says() {
    // The node is told what came, not what was sent; neither the output nor the preset stands in for it.
    for value in ["chosen-by-the-server", "changed", "token", ""] {
        assert_eq!(answered(value), Answer::Text(value.to_owned()));
    }
    // A journey that lets somebody in because of it is refused: what a client can change proves nothing.
    let resting_on_it = |body: &str| {
        let text = format!(
            "extern Hidden \"HiddenNode\" () -> kept | changed {{\n  asks HiddenValueCallback\n  proves nothing\n}}\n\n\
             journey login \"Login\" {{\n  start credentials\n\n  node credentials: Page {{\n    node username: UsernameCollector\n    \
             node password: PasswordCollector\n    -> hidden\n  }}\n\n  node hidden: Hidden {{\n    {body}\n    changed -> check\n  }}\n\n  \
             node check: DataStoreDecision {{\n    true -> success\n    false -> failure\n  }}\n}}\n"
        );
        let compiled =
            Compiler::new(catalogue::standard()).compile([Source::new("login.journey", text)]);
        let codes: Vec<String> = compiled
            .diagnostics
            .iter()
            .map(|finding| finding.code.to_string())
            .collect();
        (compiled.program.is_some(), codes)
    };
    assert_eq!(
        resting_on_it("kept -> success"),
        (false, vec!["unproved_success".to_owned()])
    );
    assert_eq!(resting_on_it("kept -> check"), (true, vec![]));
}
