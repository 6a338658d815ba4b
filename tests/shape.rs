//! The meaning of a tree, and strategies that write files.

use proptest::prelude::*;
use wayfare::ast;

/// The tree without its places, as text: two files mean the same when their shapes are equal.
///
/// Items of a node are listed by kind in the tree, so moving settings before arrows does not show.
pub(crate) fn shape(file: &ast::File) -> String {
    let text = format!("{file:#?}");
    let mut kept = String::new();
    let mut skip_to: Option<usize> = None;
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        if let Some(until) = skip_to {
            if indent == until && line.trim_start().starts_with(['}', ')']) {
                skip_to = None;
            }
            continue;
        }
        let trimmed = line.trim_start();
        let is_place = trimmed.contains("Span {")
            || ["open: Some(", "close: Some(", "open: None", "close: None"]
                .iter()
                .any(|field| trimmed.starts_with(field));
        if is_place {
            if trimmed.ends_with(['{', '(']) {
                skip_to = Some(indent);
            }
            continue;
        }
        kept.push_str(line);
        kept.push('\n');
    }
    assert!(
        !kept.contains("Span"),
        "a place is left in the shape:\n{kept}"
    );
    kept
}

fn word() -> BoxedStrategy<String> {
    "[a-z][a-z_0-9]{0,6}"
        .prop_map(|word| format!("x{word}"))
        .boxed()
}

/// Any word, the reserved ones and those with hyphens too.
fn key() -> BoxedStrategy<String> {
    prop_oneof![
        4 => word(),
        1 => prop::sample::select(vec!["start", "in", "node", "pt-BR", "journey", "when", "test", "true", "on"])
            .prop_map(str::to_owned),
    ].boxed()
}

fn outcome() -> BoxedStrategy<String> {
    prop_oneof![
        4 => word(),
        1 => prop::sample::select(vec!["true", "false", "200", "exceed-limit", "\"Go back :/\"", "\"a \\\"b\\\"\"", "onerror", "test"])
            .prop_map(str::to_owned),
    ].boxed()
}

fn target() -> BoxedStrategy<String> {
    prop_oneof![
        word(),
        prop::sample::select(vec!["success", "failure", "nowhere", "\"too late\""])
            .prop_map(str::to_owned),
    ]
    .boxed()
}

/// Blanks, newlines and comments, where newlines are free.
fn free() -> BoxedStrategy<String> {
    prop_oneof![
        6 => Just(String::new()),
        3 => Just(" ".to_owned()),
        1 => Just("\n".to_owned()),
        1 => Just(" // in brackets\n".to_owned()),
        1 => Just("\n // on a line\n\t".to_owned()),
    ]
    .boxed()
}

fn blank() -> BoxedStrategy<String> {
    prop_oneof![4 => Just(" ".to_owned()), 1 => Just("   \t".to_owned())].boxed()
}

fn path() -> BoxedStrategy<String> {
    (
        word(),
        prop::collection::vec(
            prop_oneof![
                word().prop_map(|w| format!(".{w}")),
                Just("[\"odd key\"]".to_owned())
            ],
            0..3,
        ),
    )
        .prop_map(|(first, rest)| format!("{first}{}", rest.concat()))
        .boxed()
}

fn scalar() -> BoxedStrategy<String> {
    prop_oneof![
        (-1000_i64..100_000).prop_map(|n| n.to_string()),
        prop::sample::select(vec![
            "0.75",
            "-1.5",
            "true",
            "false",
            "null",
            "5m",
            "1h30m",
            "250ms",
            "64KiB",
            "\"\"",
            "\"text\"",
            "\"a ${shared.x} and \\n \\u{e9} // no comment\"",
            "\"${a[\"b c\"]}\"",
            "file(\"risk.js\")",
            "\"a long text that makes a line longer than it should be, in one piece\"",
            "\"\"\"on one line\"\"\"",
            "\"\"\"\n      var x = \"${y}\";\n        // text\n\n      return x;\n   \"\"\"",
        ])
        .prop_map(str::to_owned),
        path(),
    ]
    .boxed()
}

fn value() -> BoxedStrategy<String> {
    scalar()
        .prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                (
                    prop::collection::vec((free(), inner.clone(), free()), 0..4),
                    any::<bool>()
                )
                    .prop_map(|(items, comma)| {
                        let list: Vec<String> =
                            items.iter().map(|(a, v, b)| format!("{a}{v}{b}")).collect();
                        let comma = if comma && !list.is_empty() { "," } else { "" };
                        format!("[{}{comma}]", list.join(","))
                    }),
                (
                    prop::collection::vec((free(), key(), inner, free()), 0..4),
                    any::<bool>()
                )
                    .prop_map(|(items, lines)| {
                        let list: Vec<String> = items
                            .iter()
                            .map(|(a, k, v, b)| format!("{a}{k}= {v}{b}"))
                            .collect();
                        format!("{{{}}}", list.join(if lines { "\n" } else { "," }))
                    }),
            ]
        })
        .boxed()
}

fn condition() -> BoxedStrategy<String> {
    let term = prop_oneof![
        path(),
        path().prop_map(|p| format!("has {p}")),
        path().prop_map(|p| format!("!{p}")),
        Just("!!true".to_owned()),
        (0..99_i64).prop_map(|n| n.to_string()),
        Just("\"fr\"".to_owned()),
        Just("[\"a\", 5m]".to_owned()),
    ];
    term.prop_recursive(3, 16, 3, |inner| {
        let op = prop::sample::select(vec!["&&", "||", "+", "-", " && ", " - "]);
        let compare = prop::sample::select(vec!["==", "!=", "<", "<=", ">", ">=", " in "]);
        prop_oneof![
            (inner.clone(), op, inner.clone()).prop_map(|(l, o, r)| format!("{l}{o}{r}")),
            (inner.clone(), free(), compare, free(), inner.clone())
                .prop_map(|(l, a, o, b, r)| format!("(({l}){a}{o}{b}({r}))")),
            (free(), inner.clone(), free()).prop_map(|(a, e, b)| format!("!({a}{e}{b})")),
            (word(), free(), inner.clone(), free(), inner, free())
                .prop_map(|(f, a, x, b, y, c)| format!("{f}({a}{x}{b},{c}{y})")),
        ]
    })
    .boxed()
}

/// What may stand between two items.
fn gap() -> BoxedStrategy<String> {
    prop_oneof![
        5 => Just("\n".to_owned()),
        1 => Just("\n\n\n".to_owned()),
        1 => Just(" // behind\n".to_owned()),
        1 => Just("\n// before\n".to_owned()),
        1 => Just("\n\n  // apart\n\n/// doc\n".to_owned()),
        1 => Just(" /// behind\n/// doc\n// note\n///more\n".to_owned()),
    ]
    .boxed()
}

fn place() -> BoxedStrategy<String> {
    prop_oneof![
        (word(), prop::collection::vec(outcome(), 0..3)).prop_map(|(first, rest)| {
            rest.iter().fold(first, |all, step| format!("{all}.{step}"))
        }),
        prop::sample::select(vec![
            "success",
            "failure",
            "any DataStoreDecision.true",
            "any \"product-X\"",
            "proof of password",
        ])
        .prop_map(str::to_owned),
    ]
    .boxed()
}

fn ensure() -> BoxedStrategy<String> {
    let label = prop_oneof![Just(""), Just("\"a label\" ")];
    let property = prop_oneof![
        (place(), prop::collection::vec(place(), 1..3))
            .prop_map(|(to, passes)| format!("every path  to {to} passes {}", passes.join(" or "))),
        (place(), place()).prop_map(|(a, b)| format!("never {a} after {b}")),
        (0..9_u8, place()).prop_map(|(n, p)| format!("at most {n} visits of {p}")),
        (condition(), place()).prop_map(|(e, p)| format!("({e}) at {p}")),
    ];
    (label, property)
        .prop_map(|(label, property)| format!("ensure {label}{property}"))
        .boxed()
}

fn setting() -> BoxedStrategy<String> {
    (key(), blank(), value())
        .prop_map(|(key, blank, value)| format!("{key}{blank}={value}"))
        .boxed()
}

fn allow() -> BoxedStrategy<String> {
    prop::collection::vec(word(), 1..3)
        .prop_map(|codes| format!("allow {} because \"it is so\"", codes.join(" ,")))
        .boxed()
}

fn lines(item: impl Strategy<Value = String> + 'static, most: usize) -> BoxedStrategy<String> {
    (gap(), prop::collection::vec((item, gap()), 0..most))
        .prop_map(|(first, items)| {
            items
                .into_iter()
                .fold(first, |all, (item, gap)| format!("{all}{item}{gap}"))
        })
        .boxed()
}

fn node() -> BoxedStrategy<String> {
    let kind = prop_oneof![
        word().prop_map(|w| format!("T{w}")),
        Just("Page@2".to_owned()),
        Just("product-Captcha".to_owned()),
        Just("test".to_owned()),
        word().prop_map(|w| format!("journey {w}")),
    ];
    let arguments = prop::collection::vec((free(), setting(), free()), 0..4).prop_map(|items| {
        let list: Vec<String> = items.iter().map(|(a, s, b)| format!("{a}{s}{b}")).collect();
        if list.is_empty() {
            String::new()
        } else {
            format!("({})", list.join(","))
        }
    });
    let arm = prop_oneof![
        (prop::collection::vec(outcome(), 1..4), target())
            .prop_map(|(o, t)| format!("{}->{t}", o.join("|"))),
        target().prop_map(|t| format!("-> {t}")),
        (condition(), prop::option::of(word()), target()).prop_map(|(e, name, t)| match name {
            Some(name) => format!("when {e} as {name} -> {t}"),
            None => format!("when {e} -> {t}"),
        }),
        target().prop_map(|t| format!("else->{t}")),
        target().prop_map(|t| format!("on  error -> {t}")),
    ];
    let head = (word(), kind, arguments)
        .prop_map(|(name, kind, arguments)| format!("node {name} :{kind}{arguments}"));
    let leaf = prop_oneof![
        (
            head,
            prop_oneof![
                Just(String::new()),
                target().prop_map(|t| format!(" ->{t}")),
                lines(prop_oneof![setting(), arm, allow()], 5)
                    .prop_map(|body| format!(" {{{body}}}")),
            ]
        )
            .prop_map(|(head, rest)| format!("{head}{rest}")),
    ];
    leaf.prop_recursive(2, 6, 3, |inner| {
        (
            word(),
            lines(
                prop_oneof![inner, setting(), target().prop_map(|t| format!("-> {t}"))],
                4,
            ),
        )
            .prop_map(|(name, body)| format!("node {name}: Page {{{body}}}"))
    })
    .boxed()
}

fn ty() -> BoxedStrategy<String> {
    prop::sample::select(vec!["Int", "[Text]", "{ Int }", "[[Secret]]"])
        .prop_map(str::to_owned)
        .boxed()
}

fn formals() -> BoxedStrategy<String> {
    prop::collection::vec(
        (free(), word(), ty(), prop::option::of(value()), free()),
        0..3,
    )
    .prop_map(|items| {
        let list: Vec<String> = items
            .iter()
            .map(|(a, name, ty, default, b)| match default {
                Some(value) => format!("{a}{name} : {ty} = {value}{b}"),
                None => format!("{a}{name}:{ty}{b}"),
            })
            .collect();
        if list.is_empty() {
            String::new()
        } else {
            format!("({})", list.join(","))
        }
    })
    .boxed()
}

fn item() -> BoxedStrategy<String> {
    let body = || {
        lines(
            prop_oneof![
                4 => node(),
                1 => setting(),
                1 => ensure(),
                1 => allow(),
                1 => word().prop_map(|w| format!("start {w}")),
                1 => target().prop_map(|t| format!("on error -> {t}")),
            ],
            6,
        )
    };
    let fact = prop_oneof![
        word().prop_map(|w| format!("asks {w}")),
        path().prop_map(|p| format!("reads {p}")),
        (path(), ty()).prop_map(|(p, t)| format!("writes {p}: {t}")),
        Just("proves nothing".to_owned()),
        outcome().prop_map(|o| format!("proves otp on {o}")),
        Just("suspends".to_owned()),
        Just("calls  out".to_owned()),
    ];
    prop_oneof![
        3 => (word(), prop::option::of(Just("\"Wire Name\"")), body()).prop_map(|(name, wire, body)| {
            format!("journey {name} {} {{{body}}}", wire.unwrap_or_default())
        }),
        1 => (word(), formals(), prop::collection::vec(outcome(), 1..3), body())
            .prop_map(|(name, formals, exits, body)| format!("fragment {name}{formals}->{} {{{body}}}", exits.join("|"))),
        1 => (word(), formals(), lines(fact, 4))
            .prop_map(|(name, formals, facts)| format!("extern {name} \"W\"{formals} -> * {{{facts}}}")),
        1 => (word(), value()).prop_map(|(name, value)| format!("let {name} = {value}")),
        1 => (word(), ty(), value()).prop_map(|(name, ty, value)| format!("param {name}:{ty}={value}")),
        1 => Just("import  \"lib/otp.journey\"".to_owned()),
        1 => allow(),
        2 => test(),
        1 => (prop::collection::vec(dotted(), 1..3), prop::option::of(word())).prop_map(|(arrows, journey)| {
            let journey = journey.map_or_else(String::new, |name| format!(" for {name}"));
            format!("allow  uncovered {}{journey}  because \"a reason\"", arrows.join(" ,"))
        }),
    ].boxed()
}

fn dotted() -> BoxedStrategy<String> {
    prop::collection::vec(
        prop_oneof![3 => word(), 1 => Just("\"odd one\"".to_owned())],
        1..3,
    )
    .prop_map(|parts| parts.join("."))
    .boxed()
}

/// A record, in the form that a line of a test has one.
fn fields() -> BoxedStrategy<String> {
    (
        prop::collection::vec((key(), value(), free()), 0..4),
        any::<bool>(),
    )
        .prop_map(|(entries, has_comma)| {
            let entries: Vec<String> = entries
                .into_iter()
                .map(|(key, value, free)| format!("{free}{key}={value}"))
                .collect();
            let comma = if has_comma && !entries.is_empty() {
                ","
            } else {
                ""
            };
            format!("{{{}{comma} }}", entries.join(","))
        })
        .boxed()
}

fn asked() -> BoxedStrategy<String> {
    let callback = (
        prop::sample::select(vec!["NameCallback", "PasswordCallback", "ChoiceCallback"]),
        prop::option::of(prop_oneof![Just("\"Prompt\"".to_owned()), fields()]),
        free(),
    );
    prop::collection::vec(callback, 1..4)
        .prop_map(|callbacks| {
            let callbacks: Vec<String> = callbacks
                .into_iter()
                .map(|(kind, value, free)| format!("{free}{kind} {}", value.unwrap_or_default()))
                .collect();
            format!("{{ {} }}", callbacks.join(","))
        })
        .boxed()
}

/// What a line of a test gives or expects, behind its words.
fn given() -> BoxedStrategy<String> {
    prop_oneof![
        fields(),
        scalar().prop_map(|value| format!("= {value}")),
        Just(String::new()),
    ]
    .boxed()
}

fn step() -> BoxedStrategy<String> {
    prop_oneof![
        (word(), prop::option::of(dotted()), given()).prop_map(|(what, of, value)| {
            format!("given {what} {} {value}", of.unwrap_or_default())
        }),
        (dotted(), given()).prop_map(|(node, value)| format!("answer  {node} {value}")),
        (dotted(), fields()).prop_map(|(node, value)| format!("reply {node}{value}")),
        Just("advance   1h30m".to_owned()),
        Just("given level  20".to_owned()),
        Just("resume".to_owned()),
        (
            prop::sample::select(vec!["", "no "]),
            word(),
            prop::option::of(dotted()),
            prop_oneof![fields(), asked(), Just(String::new())]
        )
            .prop_map(|(no, what, of, value)| {
                format!("expect {no}{what} {} {value}", of.unwrap_or_default())
            }),
    ]
    .boxed()
}

fn test() -> BoxedStrategy<String> {
    let repeated = lines(step(), 3).prop_map(|steps| format!("repeat  3 {{{steps}}}"));
    let steps = lines(prop_oneof![4 => step(), 1 => repeated], 6);
    (prop::option::of(word()), steps)
        .prop_map(|(journey, steps)| {
            let journey = journey.map_or_else(String::new, |name| format!(" for {name}"));
            format!("test  \"what it shows\"{journey} {{{steps}}}")
        })
        .boxed()
}

/// Whole files, written as carelessly as the language allows.
pub(crate) fn journeys() -> BoxedStrategy<String> {
    (
        prop_oneof![
            Just(""),
            Just("//! What the file is.\n//!\n// and a note\n")
        ],
        lines(item(), 5),
    )
        .prop_map(|(doc, items)| format!("{doc}{items}"))
        .boxed()
}
