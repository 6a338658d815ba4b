//! Scopes: what crosses a stop, and what does not.

use super::support::{Player, prompts, text, why};

fn three(first: &str, second: &str, reads: &str, third: &str) -> String {
    format!(
        r#"journey j {{
          start a
          node a: Probe(do = "{first}") {{ ok -> b no -> failure }}
          node b: Probe(do = "{second}", reads = [{reads}]) {{ ok -> c no -> failure }}
          node c: Probe(do = "{third}") {{ ok -> failure no -> failure }}
        }}"#
    )
}

#[test]
fn transient_crosses_a_stop_only_where_a_later_node_reads_it() {
    let text_of = three(
        "transient wanted 1; transient other 2; object given Jo; ask; expect any other nothing; \
         expect secure wanted 1; expect transient wanted nothing",
        "expect secure wanted 1; expect any other nothing; ask; expect secure wanted 1",
        "\"wanted\"",
        "expect secure wanted 1; ask; expect any wanted nothing; ask",
    );
    for sealing in [false, true] {
        let mut run = Player::new(&text_of, "j");
        run.sealing = sealing;
        run.begin();
        for _ in 0..3 {
            assert_eq!(prompts(&run.answer([text("x")])), 1);
        }
    }
}

#[test]
fn an_effect_is_no_stop_for_transient_values() {
    let text_of = three(
        "transient t 1; send; expect transient t 1",
        "expect transient t 1; ask",
        "",
        "ask",
    );
    let mut run = Player::new(&text_of, "j");
    run.sealing = true;
    assert_eq!(prompts(&run.begin()), 1);
}

#[test]
fn transient_hides_secure_hides_shared_and_remove_removes_all() {
    let text_of = three(
        "shared k 1; transient k 2; expect any k 2; ask",
        "expect any k 2; transient k 3; expect any k 3; remove k; expect any k nothing; ask",
        "\"k\"",
        "expect any k nothing; ask",
    );
    let mut run = Player::new(&text_of, "j");
    run.begin();
    assert_eq!(prompts(&run.answer([text("x")])), 1);
    assert_eq!(prompts(&run.answer([text("x")])), 1);
}

#[test]
fn a_failing_node_leaves_nothing_behind_even_across_a_stop() {
    let text_of = r#"journey j {
      start a
      node a: Probe(do = "shared s 1; transient t 1", reads = ["t"]) { ok -> b no -> failure }
      node b: Probe(do = "shared s 2; transient t 2; shared n 3; remove s; object o x; ask; fail late", reads = ["t"]) {
        ok -> failure
        no -> failure
        on error -> c
      }
      node c: Probe(do = "expect shared s 1; expect any t 1; expect shared n nothing; expect shared text nothing; expect object o nothing; ask", reads = ["t"]) {
        ok -> failure
        no -> failure
      }
    }"#;
    for sealing in [false, true] {
        let mut run = Player::new(text_of, "j");
        run.sealing = sealing;
        run.begin();
        assert_eq!(prompts(&run.answer([text("x")])), 1, "{:?}", run.trace());
    }
}

#[test]
fn what_a_node_keeps_for_a_visit_is_gone_when_it_is_left() {
    // `identify` needs the identity that `lookup` kept in the visit before.
    let text_of = three("shared username demo; lookup", "identify", "", "ask");
    let mut run = Player::new(&text_of, "j");
    let step = run.begin();
    assert_eq!(why(step), "j/b: nobody was found");
}
