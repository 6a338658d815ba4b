//! Any text is checked, and what is found is rendered for people, as JSON and as SARIF without a panic;
//! the edits that findings offer are made, round by round, and what comes of them is rendered again.

#![no_main]

#[path = "../../crates/wayfare-cli/src/json.rs"]
mod json;
#[path = "../../crates/wayfare-cli/src/page.rs"]
#[expect(dead_code, reason = "the command line uses more of it")]
mod page;
#[path = "../../crates/wayfare-cli/src/render.rs"]
mod render;
#[path = "../../crates/wayfare-cli/src/sarif.rs"]
mod sarif;

use libfuzzer_sys::fuzz_target;
use wayfare::{Compiler, Fix, Registry, Source, compile::Compiled};

/// The most rounds of edits; each may bring findings of a later pass to light.
const ROUNDS: usize = 4;

fn compile(text: &str) -> Compiled {
    Compiler::new(Registry::standard().catalog()).compile([Source::new("fuzz.journey", text)])
}

/// What no terminal may be told: only lines are broken, and only colours are escapes.
fn is_told(c: char) -> bool {
    !c.is_control() || c == '\n'
}

fn rendered(compiled: Compiled) {
    for finding in &compiled.diagnostics {
        let plain = render::draw(finding, &compiled.sources, false);
        assert!(plain.chars().all(is_told), "{plain:?}");
        let colored = render::draw(finding, &compiled.sources, true);
        assert!(colored.chars().all(|c| is_told(c) || c == '\u{1b}'), "{colored:?}");
    }
    let findings = compiled.diagnostics.iter();
    let report = json::report(findings.map(|finding| (finding, &*compiled.sources)), 1);
    let read = serde_json::from_str::<serde_json::Value>(&report.to_string());
    assert_eq!(read.ok(), Some(report));
    let log = sarif::log(&[compiled]);
    let read = serde_json::from_str::<serde_json::Value>(&log.to_string());
    assert_eq!(read.ok(), Some(log));
}

/// The text with all edits that do not overlap; none where nothing offers one.
fn edited(compiled: &Compiled, text: &str) -> Option<String> {
    let mut fixes: Vec<&Fix> =
        compiled.diagnostics.iter().filter_map(|finding| finding.fix.as_ref()).collect();
    fixes.sort_by_key(|fix| (fix.span.start, fix.span.end));
    let (mut out, mut at) = (String::new(), 0);
    for fix in fixes {
        let (start, end) = (fix.span.start as usize, fix.span.end as usize);
        if start < at {
            continue;
        }
        out.push_str(text.get(at..start).expect("an edit begins in the text"));
        out.push_str(&fix.replacement);
        at = end;
    }
    out.push_str(text.get(at..).expect("an edit ends in the text"));
    (out != text).then_some(out)
}

fuzz_target!(|text: &str| {
    let mut text = text.to_owned();
    for _ in 0..ROUNDS {
        let compiled = compile(&text);
        let next = edited(&compiled, &text);
        rendered(compiled);
        match next {
            Some(next) => text = next,
            None => return,
        }
    }
});
