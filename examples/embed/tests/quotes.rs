//! docs/embedding.md quotes the example: every such block stands in a file of it, line by line.

const DOCUMENT: &str = include_str!("../../../docs/embedding.md");
const FILES: &[&str] = &[
    include_str!("../src/lib.rs"),
    include_str!("../src/main.rs"),
];

/// The lines without what they are all indented by.
fn flush(lines: &[&str]) -> Vec<String> {
    let indent = |line: &&&str| line.len() - line.trim_start().len();
    let filled = lines.iter().filter(|line| !line.trim().is_empty());
    let least = filled.map(|line| indent(&line)).min().unwrap_or(0);
    let cut = |line: &&str| line.get(least..).unwrap_or("").to_owned();
    lines.iter().map(cut).collect()
}

fn stands_in(block: &[&str], file: &str) -> bool {
    let lines: Vec<&str> = file.lines().collect();
    lines
        .windows(block.len())
        .any(|window| flush(window) == flush(block))
}

#[test]
fn what_the_document_quotes_stands_in_the_example() {
    let mut seen = 0;
    let mut lines = DOCUMENT.lines().enumerate();
    while let Some((at, line)) = lines.next() {
        // `rs` where a block of the page is a quotation, `rust` where it is a program.
        if line == "```rs" {
            let block = lines.by_ref().map(|(_, line)| line);
            let block: Vec<&str> = block.take_while(|line| *line != "```").collect();
            let found = FILES.iter().any(|file| stands_in(&block, file));
            assert!(found, "line {}: not in the example", at + 1);
            seen += 1;
        }
    }
    assert!(seen >= 4, "{seen} quotations");
}

#[test]
fn the_whole_server_stays_short() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src");
    let files = std::fs::read_dir(folder).expect("a folder").count();
    assert_eq!(files, FILES.len(), "a file that is not counted");
    let lines: usize = FILES.iter().map(|file| file.lines().count()).sum();
    assert!(lines < 150, "{lines} lines");
}
