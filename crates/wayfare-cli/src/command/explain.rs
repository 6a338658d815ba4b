//! `wayfare explain CODE`

use serde_json::json;
use wayfare::{Code, Severity, codes};

use crate::{
    Outcome, Trouble,
    args::{ExplainArgs, Format},
    terminal,
};

/// The pages of docs/diagnostics.md, one a code.
const PAGES: &str = include_str!("../../../../docs/diagnostics.md");

pub(crate) fn run(args: &ExplainArgs) -> Result<Outcome, Trouble> {
    let text = match (&args.code, args.format) {
        (None, Format::Human) => list(),
        (None, Format::Json) => {
            json_lines(&codes::ALL.iter().map(describe).collect::<Vec<_>>().into())
        }
        (Some(word), format) => {
            let code = find(word)?;
            match format {
                Format::Human => page(code),
                Format::Json => json_lines(&describe(&code)),
            }
        }
    };
    terminal::put(&text)?;
    Ok(Outcome::Clean)
}

fn find(word: &str) -> Result<Code, Trouble> {
    // People paste what they see: `error[unwired_outcome]`.
    let bare = word
        .rsplit('[')
        .next()
        .unwrap_or(word)
        .trim_end_matches([']', ':']);
    codes::find(bare).ok_or_else(|| {
        let near = wayfare::spelling::nearest(bare, codes::ALL.iter().map(|code| code.word));
        let hint = near
            .map(|n| format!("; did you mean `{n}`?"))
            .unwrap_or_default();
        Trouble::input(format!("there is no finding `{bare}`{hint}"))
    })
}

fn list() -> String {
    let width = codes::ALL
        .iter()
        .map(|code| code.word.len())
        .max()
        .unwrap_or(0);
    let lines: Vec<String> = codes::ALL
        .iter()
        .map(|code| format!("{:width$}  {}\n", code.word, code.summary))
        .collect();
    lines.concat()
}

fn page(code: Code) -> String {
    let head = format!("\n## {}\n", code.word);
    let body = PAGES.split_once(&head).map_or("", |(_, rest)| {
        rest.split("\n## ").next().unwrap_or(rest).trim()
    });
    let allowed = if code.allowable {
        "; `allow` can make an exception of it"
    } else {
        ""
    };
    let mut text = format!(
        "{}[{}]: {}{allowed}\n",
        code.severity, code.word, code.summary
    );
    let mut in_block = false;
    // The first line of a page says what stands above already.
    for line in body
        .lines()
        .skip_while(|line| line.starts_with('*') || line.is_empty())
    {
        if line.starts_with("```") {
            in_block = !in_block;
        } else if in_block && !line.is_empty() {
            text.push_str("\n    ");
            text.push_str(line);
        } else {
            text.push('\n');
            text.push_str(&line.replace("**", ""));
        }
    }
    text.push('\n');
    text
}

fn describe(code: &Code) -> serde_json::Value {
    json!({
        "code": code.word,
        "severity": match code.severity { Severity::Error => "error", Severity::Warning => "warning" },
        "allowable": code.allowable,
        "summary": code.summary,
    })
}

fn json_lines(value: &serde_json::Value) -> String {
    format!("{value:#}\n")
}
