//! The commands of docs/migrating.md, run one after the other over an export of our own; what is printed is
//! what the document says. `UPDATE=1` writes it there.

use std::{fmt::Write as _, fs, path::PathBuf};

use crate::{import::SHOP, support::Folder};

fn document() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/migrating.md")
}

/// A block of the document.
enum Block {
    Text(String),
    Console(Vec<String>),
    Diff(String),
}

fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = text.split_inclusive('\n');
    let mut plain = String::new();
    while let Some(line) = lines.next() {
        if !["```console\n", "```diff\n"].contains(&line) {
            plain.push_str(line);
            continue;
        }
        blocks.push(Block::Text(std::mem::take(&mut plain)));
        let body: String = lines.by_ref().take_while(|line| *line != "```\n").collect();
        blocks.push(if line == "```diff\n" {
            Block::Diff(body)
        } else {
            let commands = body.lines().filter_map(|line| line.strip_prefix("$ "));
            Block::Console(commands.map(str::to_owned).collect())
        });
    }
    blocks.push(Block::Text(plain));
    blocks
}

/// What a command prints, as a person sees it.
fn printed(folder: &Folder, command: &str) -> String {
    let words: Vec<&str> = command.split(' ').collect();
    match words.as_slice() {
        ["wayfare", arguments @ ..] => {
            let ran = folder.run(arguments);
            assert!(matches!(ran.code, 0 | 1), "{command}: {ran:?}");
            format!("{}{}", ran.out, ran.err)
        }
        ["cat", file] => folder.read(file),
        _ => panic!("{command} is no command that this test runs"),
    }
}

/// Makes the edits of a patch: what stands at each place is looked for.
fn patch(folder: &Folder, patch: &str) {
    let mut lines = patch.lines();
    let before = lines.next().unwrap().strip_prefix("--- ").unwrap();
    let file = lines.next().unwrap().strip_prefix("+++ b/").unwrap();
    let mut text = if before == "/dev/null" {
        String::new()
    } else {
        folder.read(file)
    };
    let rest: Vec<&str> = lines.collect();
    for hunk in rest
        .split(|line| *line == "@@")
        .filter(|hunk| !hunk.is_empty())
    {
        let side = |sign: char| {
            let mut text = String::new();
            for line in hunk {
                let own = line.strip_prefix(sign).or_else(|| line.strip_prefix(' '));
                if let Some(line) = own.or_else(|| line.is_empty().then_some("")) {
                    let _ = writeln!(text, "{line}");
                }
            }
            text
        };
        let (old, new) = (side('-'), side('+'));
        if before == "/dev/null" {
            text = new;
            continue;
        }
        assert_eq!(
            text.matches(&old).count(),
            1,
            "in {file}:\n{old}\n---\n{text}"
        );
        text = text.replacen(&old, &new, 1);
    }
    folder.write(file, &text);
}

#[test]
fn the_walk_prints_what_the_document_says() {
    let text = fs::read_to_string(document()).unwrap();
    let folder = Folder::new(&[("shop.journeys.json", SHOP)]);
    // The document compares with it later.
    assert_eq!(
        folder
            .run(&["import", "am", "shop.journeys.json", "--out", "before"])
            .code,
        0
    );
    let mut said = String::new();
    for block in blocks(&text) {
        match block {
            Block::Text(text) => said.push_str(&text),
            Block::Diff(body) => {
                patch(&folder, &body);
                let _ = write!(said, "```diff\n{body}```\n");
            }
            Block::Console(commands) => {
                said.push_str("```console\n");
                for command in commands {
                    let printed = printed(&folder, &command);
                    let _ = write!(said, "$ {command}\n{printed}");
                    if !printed.ends_with('\n') {
                        said.push('\n');
                    }
                }
                said.push_str("```\n");
            }
        }
    }
    if std::env::var_os("UPDATE").is_some() {
        fs::write(document(), &said).unwrap();
        return;
    }
    for (at, (line, was)) in said.lines().zip(text.lines()).enumerate() {
        assert_eq!(line, was, "line {} of docs/migrating.md", at + 1);
    }
    assert_eq!(said.lines().count(), text.lines().count());
    // What is mended has no findings, its tests pass, and it is in its one form.
    let ran = folder.run(&[
        "check",
        "--deny",
        "allowed",
        "--deny",
        "warnings",
        "shop/sign_in.journey",
    ]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(folder.run(&["test", "shop"]).code, 0);
    let ran = folder.run(&["fmt", "--check", "shop"]);
    assert_eq!(ran.code, 0, "{ran:?}");
}
