//! From a filter to the places of the index where whoever it holds for must stand.
//!
//! What is looked up is never less than what the filter holds for; the filter is asked once more of each
//! identity that is found.

use std::collections::BTreeSet;

use wayfare::{
    Filter,
    filter::{Comparison, Operand, Pointer},
};
use wayfare_profile::ID;

use crate::store::entry::{Lookup, indexed_text};

/// How many look-ups one search may be.
const LOOKUPS_MAX: usize = 64;

/// Look-ups that together find everybody for whom the filter holds; `indexed` are the attributes of the
/// index, in small letters.
///
/// No look-up at all means that it holds for nobody.
pub fn plan(filter: &Filter, indexed: &BTreeSet<String>) -> Vec<Lookup> {
    match parts(filter, indexed) {
        Some(lookups) if lookups.len() <= LOOKUPS_MAX => lookups,
        _ => vec![Lookup::All],
    }
}

/// BOUND: as deep as the filter, which was bounded when it was read.
fn parts(filter: &Filter, indexed: &BTreeSet<String>) -> Option<Vec<Lookup>> {
    match filter {
        Filter::Always(false) => Some(Vec::new()),
        Filter::Any(filters) => {
            let mut all = Vec::new();
            for filter in filters {
                for lookup in parts(filter, indexed)? {
                    if !all.contains(&lookup) {
                        all.push(lookup);
                    }
                }
            }
            Some(all)
        }
        Filter::All(filters) => together(filters, indexed),
        Filter::Compare {
            at: Pointer(names),
            how,
            with: Operand::Text(text),
        } => {
            // Where a name has a `/` in it, a path with the same letters is another place.
            if names.iter().any(|name| name.contains('/')) {
                return None;
            }
            let name = names.join("/");
            if name.eq_ignore_ascii_case(ID) && *how == Comparison::Equal {
                // The filter compares without letter case, and ids differ in it: one that is found is
                // looked at again, and one that is written otherwise is nobody's.
                return Some(vec![Lookup::Id(text.to_string())]);
            }
            let attribute = name.to_ascii_lowercase();
            if !indexed.contains(&attribute) {
                return None;
            }
            let text = indexed_text(text);
            match how {
                Comparison::Equal => Some(vec![Lookup::Exact(vec![(attribute, text)])]),
                Comparison::StartsWith if !text.is_empty() => {
                    Some(vec![Lookup::Prefix(attribute, text)])
                }
                _ => None,
            }
        }
        Filter::Always(true) | Filter::Not(_) | Filter::Present(_) | Filter::Compare { .. } => None,
    }
}

/// The narrowest of several that must all hold; those that ask for a whole text are taken together.
fn together(filters: &[Filter], indexed: &BTreeSet<String>) -> Option<Vec<Lookup>> {
    let mut exact = Vec::new();
    let mut best: Option<Vec<Lookup>> = None;
    for filter in filters {
        let Some(lookups) = parts(filter, indexed) else {
            continue;
        };
        if let [Lookup::Exact(pairs)] = &*lookups {
            exact.extend(pairs.iter().cloned());
        } else if best.as_ref().is_none_or(|best| rank(&lookups) < rank(best)) {
            best = Some(lookups);
        }
    }
    if !exact.is_empty() {
        let lookups = vec![Lookup::Exact(exact)];
        if best.as_ref().is_none_or(|best| rank(&lookups) < rank(best)) {
            return Some(lookups);
        }
    }
    best
}

/// How wide look-ups are, as far as can be known without looking.
fn rank(lookups: &[Lookup]) -> (usize, usize) {
    let one = |lookup: &Lookup| match lookup {
        Lookup::Id(_) => 1,
        Lookup::Exact(_) => 2,
        Lookup::Prefix(..) => 3,
        Lookup::All => 4,
    };
    (lookups.iter().map(one).max().unwrap_or(0), lookups.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(text: &str) -> Vec<Lookup> {
        let indexed = ["username", "mail", "sn", "office/place"].map(str::to_owned);
        plan(&Filter::parse(text).unwrap(), &BTreeSet::from(indexed))
    }

    fn exact(pairs: &[(&str, &str)]) -> Lookup {
        let pair = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
        Lookup::Exact(pairs.iter().map(pair).collect())
    }

    #[test]
    fn what_is_indexed_is_looked_up() {
        assert_eq!(
            planned(r#"Mail eq "Ada@Example.com""#),
            [exact(&[("mail", "ada@example.com")])]
        );
        assert_eq!(
            planned(r#"sn sw "F" and mail eq "a" and city eq "x" and userName eq "b""#),
            [exact(&[("mail", "a"), ("username", "b")])]
        );
        assert_eq!(
            planned(r#"sn sw "F" and !(mail eq "a")"#),
            [Lookup::Prefix("sn".to_owned(), "f".to_owned())]
        );
        assert_eq!(
            planned(r#"mail eq "a" or (sn eq "b" and true) or mail eq "A" or false"#),
            [exact(&[("mail", "a")]), exact(&[("sn", "b")])]
        );
        assert_eq!(
            planned(r#"_ID eq "xY" and mail eq "a""#),
            [Lookup::Id("xY".to_owned())]
        );
        assert_eq!(
            planned(r#"/Office/place eq "Bonn""#),
            [exact(&[("office/place", "bonn")])]
        );
        assert_eq!(planned("false and city pr"), []);
    }

    #[test]
    fn what_is_not_indexed_is_looked_for_among_all() {
        for text in [
            "true",
            "mail pr",
            r#"!(mail eq "a")"#,
            r#"mail co "a""#,
            r#"mail ew "a""#,
            r#"mail sw """#,
            r#"city eq "a""#,
            r#"mail eq "a" or city eq "b""#,
            r#"mail/0 eq "a""#,
            r#"office/code eq "a""#,
            r#"office~1place eq "a""#,
            "mail eq 1",
            r#"mail gt "a""#,
        ] {
            assert_eq!(planned(text), [Lookup::All], "{text}");
        }
        let many: Vec<String> = (0..=LOOKUPS_MAX)
            .map(|at| format!("sn eq \"{at}\""))
            .collect();
        assert_eq!(planned(&many.join(" or ")), [Lookup::All]);
    }
}
