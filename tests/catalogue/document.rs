//! docs/nodes.md and the pages of docs/nodes, written from the table. `UPDATE=1` rewrites them.

mod errors;
mod example;
mod otherwise;
mod section;

use std::{collections::BTreeMap, fmt::Write as _};

use wayfare::{
    Signature,
    catalogue::{Family, families, standard},
    model::signature::Outcomes,
};

pub(super) use self::{errors::of as errors_of, example::examples};
use self::{example::Example, section::codes};
use super::{
    OURS,
    journeys::{OTHER_FORMS, built, least},
    named, open_outcomes, signatures, unknown_cells,
};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs");

/// More bytes than this are no pleasure to read on one page, and over half a megabyte are not shown at all
/// where most will read them.
const PAGE_MAX: usize = 96 * 1024;

const WRITTEN: &str = "\
<!-- Written from the catalogue by a test: change src/catalogue and run the tests with UPDATE=1. -->
";

const HEADER: &str = "\
# Node types

A journey is made of nodes, and each node has a type.
This page lists every type; behind its name is what it is set by, how it ends, what it asks, reads and
writes, and a journey that shows it.
";

const READING: &str = "
## How to read a page

- **Built in** is a type that works as it stands. What an *outside* type does, a handler of yours decides:
  [external-nodes.md](external-nodes.md). Its journeys compile and are checked all the same.
- **Names.** The name in text is the id on the wire without `Node` at its end. Prefixes stay
  (`product-Captcha`), and so does a `Node` in the middle (`SocialProviderHandlerNodeV2`). `Page@2` is
  version 2.0 of a type that has one. Types designed in the product, `designer-…`, those of partners and
  those of an embedder are declared with `extern`: [language.md](language.md#types-of-your-own).
- **Settings** have the vendor's keys. One marked *required* must be written. A default stands as it would
  in text. Spans of time and sizes carry a unit in text; the unit in the last column is the one in which
  the vendor counts, and what is written must be a whole number of it. Where no source names the unit, the
  setting is a plain `Int`.
- **Ends in** are the outcomes: always there, or only under a condition on the settings, or whatever the
  arms of the node say.
- **Finds** is the ground on which a run fails that leaves by this outcome and finds nothing else on its
  way: what a program that drives it learns, and a person does not.
- **Asks** are the callbacks by their names on the wire; `*` stands for any.
- **Reads** and **Writes** are keys of the state, `scope.key`; `scope.{setting}` is a key that a setting
  names, and `*` stands for whatever a script or the profile holds. `any` looks into transient, secure and
  shared state in turn. What is *needed* must be there when the node is entered; what is *always* written
  is there after every outcome. *Personal* values do not belong into logs, *secret* ones never leave the
  engine except in an effect.
- **Fails** says when a node takes its `on error` arrow, or without one fails the run, and with which
  errors, as traces tell them; `…` stands for what differs. What an effect that fails says is told by who
  performs it: the store, the directory, the mail server. Besides, any node may fail where a setting that is
  computed in the run has a value it cannot use, where what it reads has another type, or where the state
  grows over its limit; a script fails with what it says itself, and `ConfigProvider` as the type that it
  makes the settings of.
- **On** an outcome is what it means for the proofs. It proves a factor only where a credential
  of that very subject was verified; the checks take nothing else for a proof.
- **Unlike the product** is what a type does otherwise on purpose, with the reason; what differs in its
  settings, outcomes, callbacks and state stands in a test beside the catalogue.
- **Not known** is what a script or an inner journey decides. Every check reads it as the worst case.
";

/// Parts of the language with a form of their own.
const FORMS: &[(&str, &str)] = &[
    (
        "Page",
        "Its nodes stand in its block, in order, and behind them the arrows of the last: \
         [language.md](../language.md#nodes). All of them must be answered, but for those above a `SelectIdP` \
         that is the last: where a provider is chosen there, nothing else counts.",
    ),
    (
        "InnerTreeEvaluator",
        "In text it is `node NAME: journey OTHER`: neither setting is written, and `error` is there where it \
         has an arrow. [language.md](../language.md#inner-journeys)",
    ),
    (
        "BackChannelInit",
        "Its arms say `created`, `unknown subject` and `error`, all of them and none besides; letter case and \
         what is no letter mean nothing. What `tree` names is looked up in the realm when the node is entered: \
         where there is no such journey to start, it ends in `error`.",
    ),
    (
        "BackChannelStatus",
        "Its arms say `pending`, `in progress`, `success`, `failure`, `unknown` and `error`, all of them and \
         none besides; letter case and what is no letter mean nothing.",
    ),
    (
        "BackchannelNotification",
        "Its arms say `success` and `error`, both of them and none besides; it ends in `error` in a run that \
         no `BackChannelInit` and no other server began.",
    ),
    (
        "GetAuthenticatorApp",
        "The message is sent as text, where the product sends a script that writes it into the page: \
         `{{appleLink}}`, `{{googleLink}}`, `{{appleLabel}}` and `{{googleLabel}}` in it are replaced.",
    ),
    (
        "product-CertificateUserExtractor",
        "The certificate is one text: PEM, or DER in base 64.",
    ),
    (
        "Meter",
        "The server counts under `metricKey` in `wayfare_meter_total` at `/metrics`, in the text format of \
         Prometheus, which it shows to this machine alone; an embedder takes it from `take_outputs`.",
    ),
    (
        "TimerStop",
        "The server adds the time under `metricKey` to `wayfare_timer_seconds` at `/metrics`, as for \
         [Meter](#meter). Where no timer was started, nothing happens.",
    ),
    (
        "Unavailable",
        "`wayfare import` writes it where what an export says cannot be done: `type` is the type that stood \
         there and `why` the reason. It never ends in an outcome; its arms are those of the node that it \
         stands for, and checks take them for ways.",
    ),
    (
        "Decision",
        "Its arms are guards: [language.md](../language.md#guards).",
    ),
];

fn anchor(name: &str) -> String {
    name.to_lowercase()
}

fn link(family: &Family, name: &str) -> String {
    format!("[{name}](nodes/{}.md#{})", family.word, anchor(name))
}

/// Where a family has its page, and the type its place in it.
fn page_of(name: &str) -> &'static Family {
    families()
        .iter()
        .find(|family| family.types().any(|ty| ty == name))
        .unwrap_or_else(|| panic!("{name} is in no family"))
}

fn is_built(name: &str) -> bool {
    OTHER_FORMS.contains(&name) || built().iter().any(|built| built == name)
}

fn index() -> String {
    let mut out = format!("{WRITTEN}{HEADER}");
    let all = signatures();
    let count = all
        .iter()
        .filter(|signature| is_built(&signature.name))
        .count();
    let open = open_outcomes(&standard());
    write!(
        out,
        "\n{} types of the product and {} of the language's own, {count} of them built in. The outcomes of {} \
         types are not published, so that the arms of the node name them: {}.\n",
        all.len() - OURS.len(),
        OURS.len(),
        open.len(),
        codes(open.iter().map(String::as_str)),
    )
    .expect("a string takes all");
    out.push_str("\n| group | |\n|---|---|\n");
    for family in families() {
        writeln!(
            out,
            "| [{}](#{}) | {} |",
            family.title,
            family
                .title
                .to_lowercase()
                .replace(',', "")
                .replace(' ', "-"),
            family.about
        )
        .expect("a string takes all");
    }
    out.push_str(READING);
    for family in families() {
        writeln!(
            out,
            "\n## {}\n\n{} [The page](nodes/{}.md)\n\n| type | | |\n|---|---|---|",
            family.title, family.about, family.word
        )
        .expect("a string takes all");
        for name in family.types() {
            let summary = &named(name).summary;
            let summary = summary.split(';').next().unwrap_or_default();
            let status = if is_built(name) {
                "built in"
            } else {
                "outside"
            };
            writeln!(out, "| {} | {summary} | {status} |", link(family, name))
                .expect("a string takes all");
        }
    }
    let mut names: Vec<_> = all.iter().map(|signature| &*signature.name).collect();
    names.sort_by_key(|name| name.to_lowercase());
    let names: Vec<_> = names.iter().map(|name| link(page_of(name), name)).collect();
    write!(out, "\n## From A to Z\n\n{}\n", names.join(", ")).expect("a string takes all");
    out
}

/// What is not known of one type.
fn unknown(name: &str, cells: &[String]) -> Vec<String> {
    cells
        .iter()
        .filter_map(|cell| cell.strip_prefix(name))
        .filter_map(|cell| match cell.strip_prefix(": ") {
            Some(cell) => Some(cell.to_owned()),
            None => cell
                .strip_prefix('.')
                .map(|cell| format!("`{}", cell.replacen(": ", "` ", 1))),
        })
        .collect()
}

/// The example of a type: at the first type of its file on a page, and a link at the others.
fn show(family: &Family, name: &str, example: &Example, out: &mut String) {
    let file = &example.file;
    let first = family
        .types()
        .find(|ty| example.types.iter().any(|shown| shown == ty));
    match first {
        Some(first) if first != name => {
            writeln!(out, "An example stands at [{first}](#{}).\n", anchor(first))
        }
        _ => writeln!(
            out,
            "{} [The file](../../journeys/nodes/{file}) has the tests too.\n\n```journey\n{}```\n",
            example.about, example.text
        ),
    }
    .expect("a string takes all");
}

fn type_of(
    family: &Family,
    signature: &Signature,
    cells: &[String],
    examples: &[Example],
    out: &mut String,
) {
    let name = &*signature.name;
    let status = if is_built(name) {
        "Built in."
    } else {
        "Outside: [a handler](../external-nodes.md) does its work."
    };
    let mut versions = String::new();
    for version in signature.versions.iter().skip(1) {
        write!(versions, " Also `{name}@{version}`.").expect("a string takes all");
    }
    let wire = if signature.wire == signature.name {
        String::new()
    } else {
        format!(" `{}` on the wire.", signature.wire)
    };
    let wire = if OURS.contains(&name) {
        " The language's own."
    } else {
        &wire
    };
    writeln!(
        out,
        "## {name}\n\n{}.\n{status}{wire}{versions}\n",
        signature.summary
    )
    .expect("a string takes all");
    if let Some((_, form)) = FORMS.iter().find(|(of, _)| *of == name) {
        writeln!(out, "{form}\n").expect("a string takes all");
    }
    section::settings(signature, out);
    let otherwise = otherwise::of(name);
    section::facts(
        signature,
        &errors_of(name),
        &otherwise,
        &unknown(name, cells),
        out,
    );
    let of_type = |example: &&Example| example.types.iter().any(|shown| shown == name);
    if let Some(example) = examples.iter().find(of_type) {
        show(family, name, example, out);
    } else if !is_built(name) && !matches!(signature.outcomes, Outcomes::Authored { .. }) {
        write!(
            out,
            "With what must be written, and every outcome:\n\n```journey\n{}```\n\n",
            least(signature)
        )
        .expect("a string takes all");
    }
}

fn page(family: &Family, cells: &[String], examples: &[Example]) -> String {
    let mut out = format!(
        "{WRITTEN}# {}\n\n{}\n[All types](../nodes.md), and [how to read this](../nodes.md#how-to-read-a-page).\n\n",
        family.title, family.about
    );
    let names: Vec<_> = family
        .types()
        .map(|name| format!("[{name}](#{})", anchor(name)))
        .collect();
    writeln!(out, "{}\n", names.join(" · ")).expect("a string takes all");
    for name in family.types() {
        type_of(family, &named(name), cells, examples, &mut out);
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

/// Every page by its path in the folder of documents.
fn pages() -> BTreeMap<String, String> {
    let cells = unknown_cells(&standard());
    let examples = examples();
    let mut pages = BTreeMap::from([("nodes.md".to_owned(), index())]);
    for family in families() {
        pages.insert(
            format!("nodes/{}.md", family.word),
            page(family, &cells, &examples),
        );
    }
    pages
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "a test compares files of the repository"
)]
fn the_document_is_current() {
    let update = std::env::var_os("UPDATE").is_some();
    let mut stale = Vec::new();
    let mut kept: Vec<String> = Vec::new();
    for (name, now) in pages() {
        assert!(now.len() <= PAGE_MAX, "{name} has {} bytes", now.len());
        let path = format!("{FOLDER}/{name}");
        if update {
            std::fs::create_dir_all(format!("{FOLDER}/nodes")).expect("a folder for the pages");
            std::fs::write(&path, &now).unwrap_or_else(|e| panic!("{path}: {e}"));
        }
        if std::fs::read_to_string(&path).unwrap_or_default() != now {
            stale.push(name.clone());
        }
        kept.push(name);
    }
    for entry in std::fs::read_dir(format!("{FOLDER}/nodes")).expect("the pages") {
        let name = entry.expect("an entry").file_name();
        let name = format!("nodes/{}", name.to_string_lossy());
        assert!(kept.contains(&name), "docs/{name} is no page of a family");
    }
    assert!(
        stale.is_empty(),
        "stale: {}; run the tests with UPDATE=1",
        stale.join(", ")
    );
}

#[test]
fn every_type_is_in_one_family() {
    let mut names: Vec<&str> = families().iter().flat_map(Family::types).collect();
    names.sort_unstable();
    let mut all: Vec<String> = signatures()
        .iter()
        .map(|signature| signature.name.to_string())
        .collect();
    all.sort_unstable();
    assert_eq!(names, all);
}
