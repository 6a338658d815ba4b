//! The product's own configuration of journeys: trees, the nodes of trees, and scripts.
//!
//! In: a path, a method, a query and a body. Out: what is asked, and the replies around JSON that a server
//! brings. What stands in a tree or a node, who may change it and what becomes of it is the server's: of the
//! contents nothing is known here but `_id` and `_rev`.

mod ask;
mod path;
mod told;

pub(super) use self::path::path;
pub use self::{
    ask::{Action, Ask, Condition, Filter, List},
    path::Asked,
    told::{actions, changed, listed, one, revision},
};

use serde_json::{Map, Value};

/// An object of JSON.
pub type Body = Map<String, Value>;

/// How many characters a name or an id may have.
pub const NAME_MAX: usize = 256;

/// How deep what is sent may nest; what is read back can then be written by recursion.
pub const DEPTH_MAX: u32 = 64;

/// Whether a text may be the name of a tree, the id of a node or that of a script: no control, no slash of
/// either kind, nothing that a path would read as a step, nothing around it that is not seen.
pub fn is_name(text: &str) -> bool {
    let fits = |c: char| !c.is_control() && !matches!(c, '/' | '\\' | '\u{fffd}');
    !text.is_empty()
        && text.chars().count() <= NAME_MAX
        && text.trim() == text
        && !matches!(text, "." | "..")
        && text.chars().all(|c| fits(c) && !is_unseen(c))
}

/// Whether a character cannot be seen or changes how others are: with it two names would look like one.
fn is_unseen(c: char) -> bool {
    matches!(c,
        '\u{ad}'
        | '\u{34f}'
        | '\u{61c}'
        | '\u{115f}'..='\u{1160}'
        | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{3164}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}'
    )
}

/// Whether a part of a path is the version of a type, `1.0`: no node can have such an id.
pub fn is_version(text: &str) -> bool {
    let digits = |part: &str| {
        (1..=4).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    text.split_once('.')
        .is_some_and(|(major, minor)| digits(major) && digits(minor))
}
