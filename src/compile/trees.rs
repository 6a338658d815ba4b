//! Trees of files that were read before.
//!
//! In: a source with its number. Out: its tree and what is wrong with its shape, read now or kept from an
//! earlier compilation. Whoever compiles again and again, as a server does whose journeys change, hands the
//! same [`Trees`] to each [`Compiler`](super::Compiler): a file whose text is the same at the same place
//! among the files is not read again. What looks across files is not kept: names, values, types and proofs
//! are worked out anew each time.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use crate::{
    diagnostic::Diagnostics,
    source::{Source, SourceId},
    syntax::{self, SourceLimits, ast},
};

/// BOUND: how many texts are kept of one place among the files. With two, whoever compiles a folder once
/// with its tests and once without finds both.
const TEXTS_MAX: usize = 2;

/// Trees that are kept from one compilation to the next.
///
/// Two texts are kept for each place among the files, by the largest number of files that came at once.
///
/// ```
/// use wayfare::{Compiler, Source, Trees};
///
/// let trees = Trees::default();
/// let compile = |level: &str| {
///     let journey = format!("journey a {{\n  start go\n  node go: AuthLevelDecision {{\n    \
///         authLevelRequirement = {level}\n    true -> failure\n    false -> failure\n  }}\n  \
///         allow no_success because \"nobody gets in\"\n}}\n");
///     Compiler::new(wayfare::catalogue::standard())
///         .trees(&trees)
///         .compile([Source::new("a.journey", journey), Source::new("b.journey", "")])
/// };
/// assert!(compile("5").program.is_some());
/// assert!(compile("six").program.is_none());
/// assert!(compile("5").program.is_some());
/// ```
#[derive(Default)]
pub struct Trees {
    kept: Mutex<BTreeMap<SourceId, Vec<Kept>>>,
}

impl fmt::Debug for Trees {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trees").finish_non_exhaustive()
    }
}

/// A source as it was read.
struct Kept {
    source: Source,
    limits: SourceLimits,
    tree: Tree,
}

/// What a source is, read.
#[derive(Clone)]
pub(super) struct Tree {
    pub(super) file: Arc<ast::File>,
    pub(super) diagnostics: Diagnostics,
}

impl Tree {
    /// Reads a source.
    pub(super) fn read(source: &Source, id: SourceId, limits: SourceLimits) -> Self {
        let parsed = syntax::parse_within(source, id, limits);
        Self {
            file: Arc::new(parsed.file),
            diagnostics: parsed.diagnostics,
        }
    }
}

impl Trees {
    /// The tree of a source: that of before where the text, its name, its place and the limits are the same.
    pub(super) fn read(&self, source: &Source, id: SourceId, limits: SourceLimits) -> Tree {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let texts = kept.entry(id).or_default();
        let same = |kept: &Kept| {
            kept.limits == limits
                && kept.source.name() == source.name()
                && kept.source.text() == source.text()
        };
        let at = texts.iter().position(same).unwrap_or_else(|| {
            texts.push(Kept {
                source: source.clone(),
                limits,
                tree: Tree::read(source, id, limits),
            });
            texts.len() - 1
        });
        // The one that was used last stands last, and the first is the one to go.
        if let Some(back) = texts.get_mut(at..) {
            back.rotate_left(1);
        }
        if texts.len() > TEXTS_MAX {
            texts.remove(0);
        }
        let last = texts.last().map(|kept| kept.tree.clone());
        last.unwrap_or_else(|| Tree::read(source, id, limits))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_the_same_is_read_once() {
        let trees = Trees::default();
        let read = |name: &str, text: &str, id: u32, limits: SourceLimits| {
            trees
                .read(&Source::new(name, text), SourceId(id), limits)
                .file
        };
        let limits = SourceLimits::default();
        let first = read("a", "policy p {", 0, limits);
        let same = |file: &Arc<ast::File>| Arc::ptr_eq(file, &first);
        assert!(same(&read("a", "policy p {", 0, limits)));
        assert!(!same(&read("a", "policy q {", 0, limits)), "another text");
        assert!(
            same(&read("a", "policy p {", 0, limits)),
            "the one before it"
        );
        assert!(!same(&read("a", "policy p {", 1, limits)), "another place");
        assert!(!same(&read("b", "policy p {", 0, limits)), "another name");
        assert!(same(&read("a", "policy p {", 0, limits)));
        assert!(!same(&read("a", "policy p {", 0, limits.bytes_max(5))));
        assert!(same(&read("a", "policy p {", 0, limits)));
        read("a", "", 0, limits);
        read("b", "", 0, limits);
        assert!(
            !same(&read("a", "policy p {", 0, limits)),
            "two others since"
        );
    }
}
