//! Names and comments that would like to be more than words.

use std::fmt::Write as _;

use wayfare_draw::{Coverage, Overlay, html, svg};

use crate::{
    pictures::{class, is_sound, read},
    support::{compile, program},
};

const NASTY: &[&str] = &[
    "</text><script>alert(1)</script>",
    "\\\" onload=\\\"alert(1)",
    "' onclick='alert(1)",
    "<![CDATA[ x ]]>",
    "<!-- --> & &amp; &#x3c;script&#x3e;",
    "]]></style><style>*{display:none}",
    "{{constructor}} #{7*7}",
    "javascript:alert(1)",
    "\\u{202E}evil\\u{2066}",
    "\\u{0}\\u{1}\\u{FFFE}\\u{7f}",
    "日本語 😀 e\\u{301}\\u{301}\\u{301}",
];

fn journey() -> String {
    let mut text = String::from(
        "/// <script>alert(2)</script> ]]> --> & \"'\njourney nasty \"a<b>&\\\"'</title><script>\" {\n  start n0\n",
    );
    text += "  /// </title><script>alert(3)</script>\n  node n0: ChoiceCollector {\n    prompt = \"x\"\n";
    for name in NASTY {
        let _ = writeln!(text, "    \"{name}\" -> success");
    }
    let _ = write!(
        text,
        "    \"{}\" -> failure\n  }}\n}}\n",
        "long ".repeat(39)
    );
    text
}

#[test]
fn no_name_becomes_markup() {
    let text = journey();
    let compiled = compile(&text);
    let program = program(&compiled);
    let picture = svg(program, &program.journeys[0], &Overlay::default());
    is_sound(&picture);
    let document = read(&picture);
    let styles = document
        .descendants()
        .filter(|n| n.tag_name().name() == "style");
    assert_eq!(styles.count(), 1);
    for bad in ['\u{202E}', '\u{2066}', '\u{0}', '\u{1}', '\u{FFFE}'] {
        assert!(!picture.contains(bad), "{bad:?}");
    }
    let arrow = document.descendants().find(|n| {
        class(*n) == "arrow"
            && n.descendants()
                .any(|n| n.text().is_some_and(|t| t.contains("alert(1)")))
    });
    assert!(arrow.is_some(), "the name stands there as it is");
}

#[test]
fn names_from_files_and_titles_are_escaped_too() {
    let compiled = compile(&journey());
    let program = program(&compiled);
    let name = "</title><script>alert(4)</script>";
    let overlay = Overlay {
        title: Some(name.to_owned()),
        legend: vec![(wayfare_draw::Tone::Missed, name.to_owned())],
        ..Overlay::default()
    };
    is_sound(&svg(program, &program.journeys[0], &overlay));
    let json = serde_json::json!({ "schema": 1, "journeys": [{
        "name": "nasty",
        "nodes": [{ "path": "n0", "visits": 3 }],
        "edges": [{ "node": "n0", "on": "javascript:alert(1)", "count": 0, "reason": name }],
    }]});
    let page = html(program, &Coverage::from_json(&json.to_string()).unwrap());
    assert!(!page.to_lowercase().contains("<script"), "{page}");
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn broken_files_are_refused_in_words() {
    for text in [
        "",
        "{",
        "[]",
        "{\"schema\":2}",
        "{\"schema\":1}",
        "{\"schema\":1,\"journeys\":[{}]}",
        "{\"schema\":1,\"journeys\":[{\"name\":\"a\",\"nodes\":[{\"path\":1}],\"edges\":[]}]}",
        "{\"schema\":1,\"journeys\":[{\"name\":\"a\",\"nodes\":[],\"edges\":[{\"node\":\"a\",\"on\":\"b\",\"count\":-1}]}]}",
    ] {
        assert!(Coverage::from_json(text).is_err(), "{text}");
    }
    for text in [
        "",
        "{}",
        "x",
        "{\"wayfare_trace\":1}",
        "{\"wayfare_trace\":2}\n{\"left\":{\"node\":\"a/b\",\"outcome\":\"c\"}}",
        "{\"wayfare_trace\":1}\nx",
    ] {
        assert!(wayfare_draw::read_trace(text).is_err(), "{text}");
    }
}
