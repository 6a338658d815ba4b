//! `wayfare explain CODE`

use serde_json::{Value, json};
use wayfare::{Code, Severity, codes};

use crate::{
    Outcome, Trouble,
    args::{Color, ExplainArgs, Format},
    page::{self, Part},
    terminal,
};

/// The characters of a line of prose.
const WIDTH: usize = 80;

/// Words in colours, where there are any.
#[derive(Debug, Clone, Copy)]
struct Ink {
    colors: bool,
}

impl Ink {
    fn paint(self, style: &str, text: &str) -> String {
        if self.colors {
            format!("\u{1b}[{style}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    fn title(self, text: &str) -> String {
        self.paint("1", text)
    }

    fn severity(self, severity: Severity, text: &str) -> String {
        let style = match severity {
            Severity::Error => "1;31",
            Severity::Warning => "1;33",
        };
        self.paint(style, text)
    }
}

pub(crate) fn run(args: &ExplainArgs, color: Color) -> Result<Outcome, Trouble> {
    let ink = Ink {
        colors: terminal::colors_of_output(color),
    };
    if let (Some(word), Format::Human) = (&args.code, args.format)
        && let Some(text) = of_imports(word)
    {
        terminal::put(&text)?;
        return Ok(Outcome::Clean);
    }
    let text = match (&args.code, args.format) {
        (None, Format::Human) => list(ink),
        (None, Format::Json) => json_lines(&json_list()),
        (Some(word), Format::Human) => explained(find(word)?, ink),
        (Some(word), Format::Json) => json_lines(&json_page(find(word)?)),
    };
    terminal::put(&text)?;
    Ok(Outcome::Clean)
}

/// The word alone: people paste what they see, `error[unwired_outcome]`.
fn bare(word: &str) -> &str {
    let word = word.rsplit('[').next().unwrap_or(word);
    word.trim_end_matches([']', ':'])
}

/// What is said of a code that only imports have.
fn of_imports(word: &str) -> Option<String> {
    let word = bare(word);
    if codes::find(word).is_some() {
        return None;
    }
    let mut all = wayfare_import::Code::ALL.iter();
    let (code, _) = all.find(|(_, known)| *known == word)?;
    Some(format!(
        "{word}: {}\n\nA finding of `wayfare import am`; `--deny {word}` makes it exit with 1.\n",
        code.summary()
    ))
}

fn find(word: &str) -> Result<Code, Trouble> {
    let bare = bare(word);
    codes::find(bare).ok_or_else(|| {
        let near = wayfare::spelling::nearest(bare, codes::ALL.iter().map(|code| code.word));
        let hint = near.map_or_else(
            || "; `wayfare explain` lists all".to_owned(),
            |near| format!("; did you mean `{near}`?"),
        );
        Trouble::input(format!("there is no finding `{bare}`{hint}"))
    })
}

/// All codes by pass, a line each.
fn list(ink: Ink) -> String {
    let words = codes::ALL.iter().map(|code| code.word.len());
    let width = words.max().unwrap_or(0);
    let passes = codes::PASSES.iter().map(|pass| {
        let lines = pass.codes.iter().map(|code| {
            let severity = ink.severity(code.severity, &format!("{:7}", code.severity.to_string()));
            format!("  {:width$}  {severity}  {}\n", code.word, code.summary)
        });
        format!("{}\n{}", ink.title(pass.name), lines.collect::<String>())
    });
    passes.collect::<Vec<_>>().join("\n")
}

fn explained(code: Code, ink: Ink) -> String {
    let head = format!("{}[{}]", code.severity, code.word);
    let allow = if code.allowable {
        format!("An exception: `allow {} because \"…\"`.", code.word)
    } else {
        "No `allow` can name it.".to_owned()
    };
    let mut blocks = vec![format!(
        "{}: {}",
        ink.severity(code.severity, &head),
        code.summary
    )];
    for part in page::parts(code) {
        blocks.push(match part {
            Part::Meaning(text) => page::wrap(&page::plain(&text), WIDTH),
            Part::Mend(text) => {
                let text = page::wrap(&page::plain(&format!("Mend it: {text}")), WIDTH);
                text.replacen("Mend it:", &ink.title("Mend it:"), 1)
            }
            Part::Bad(text) => format!("{}\n\n{}", ink.title("Bad:"), indented(text)),
            Part::Good(text) => format!("{}\n\n{}", ink.title("Good:"), indented(text)),
        });
    }
    blocks.push(allow);
    blocks.join("\n\n") + "\n"
}

fn indented(text: &str) -> String {
    let lines = text.lines().map(|line| {
        if line.is_empty() {
            String::new()
        } else {
            format!("    {line}")
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn describe(pass: &str, code: Code) -> Value {
    json!({
        "code": code.word,
        "pass": pass,
        "severity": code.severity.to_string(),
        "allowable": code.allowable,
        "summary": code.summary,
    })
}

fn json_list() -> Value {
    let all = codes::PASSES
        .iter()
        .flat_map(|pass| pass.codes.iter().map(|code| describe(pass.name, *code)));
    json!({ "schema": 1, "codes": all.collect::<Vec<_>>() })
}

/// The code with its page; the prose is Markdown, a journey that no text can show is `null`.
fn json_page(code: Code) -> Value {
    let pass = codes::PASSES.iter().find(|pass| pass.codes.contains(&code));
    let mut value = describe(pass.map_or("", |pass| pass.name), code);
    let (mut meaning, mut mend, mut bad, mut good) = (Vec::new(), Vec::new(), None, None);
    for part in page::parts(code) {
        match part {
            Part::Meaning(text) => meaning.push(text),
            Part::Mend(text) => mend.push(text),
            Part::Bad(text) => bad = Some(format!("{text}\n")),
            Part::Good(text) => good = Some(format!("{text}\n")),
        }
    }
    if let Value::Object(fields) = &mut value {
        fields.insert("schema".to_owned(), json!(1));
        fields.insert("meaning".to_owned(), json!(meaning.join("\n\n")));
        fields.insert("mend".to_owned(), json!(mend.join("\n\n")));
        fields.insert("bad".to_owned(), json!(bad));
        fields.insert("good".to_owned(), json!(good));
    }
    value
}

fn json_lines(value: &Value) -> String {
    format!("{value:#}\n")
}
