//! The nearest word, for "did you mean".
//!
//! In: a word that is not there and the words that are. Out: the one an author most likely meant, or
//! nothing where a guess would mislead. The measure is the optimal string alignment distance, which
//! counts a swap of two neighbours as one slip.

/// The longest word that is compared; what is longer has no neighbour.
const LENGTH_MAX: usize = 64;

/// The candidate nearest to `word`; nothing where two are equally near, as either could be meant.
///
/// Letter case alone is the smallest slip. One slip is forgiven in words of three and four characters,
/// two in words of five to eight, three in longer ones.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let letters = letters(word)?;
    let allowed = match letters.len() {
        0..=2 => 0,
        3..=4 => 1,
        5..=8 => 2,
        _ => 3,
    };
    let mut best: Option<(usize, &'a str)> = None;
    let mut is_tied = false;
    for candidate in candidates {
        if candidate == word {
            continue;
        }
        let found = if candidate.to_lowercase() == word.to_lowercase() {
            0
        } else {
            match distance(word, candidate) {
                Some(found) if found <= allowed => found,
                _ => continue,
            }
        };
        match best {
            Some((least, _)) if found > least => {}
            Some((least, other)) if found == least => is_tied |= other != candidate,
            Some(_) | None => {
                best = Some((found, candidate));
                is_tied = false;
            }
        }
    }
    best.filter(|_| !is_tied).map(|(_, candidate)| candidate)
}

/// How many slips turn one word into the other; nothing for words too long to compare.
pub(crate) fn distance(left: &str, right: &str) -> Option<usize> {
    let (left, right) = (letters(left)?, letters(right)?);
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=right.len()).collect();
    let mut left_before: Option<char> = None;
    for (row, &l) in left.iter().enumerate() {
        let mut row_now = Vec::with_capacity(last.len());
        row_now.push(row + 1);
        let mut right_before: Option<char> = None;
        for (column, &r) in right.iter().enumerate() {
            let at = |cells: &[usize], n: usize| cells.get(n).copied().unwrap_or(usize::MAX);
            let mut slips = (at(&last, column) + usize::from(l != r))
                .min(at(&last, column + 1).saturating_add(1))
                .min(at(&row_now, column).saturating_add(1));
            if left_before == Some(r) && right_before == Some(l) && column > 0 {
                slips = slips.min(at(&before_last, column - 1).saturating_add(1));
            }
            row_now.push(slips);
            right_before = Some(r);
        }
        before_last = std::mem::replace(&mut last, row_now);
        left_before = Some(l);
    }
    last.last().copied()
}

fn letters(word: &str) -> Option<Vec<char>> {
    let letters: Vec<char> = word.chars().take(LENGTH_MAX + 1).collect();
    (letters.len() <= LENGTH_MAX).then_some(letters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_counted_as_people_make_them() {
        assert_eq!(distance("strength", "strenght"), Some(1));
        assert_eq!(distance("nod", "node"), Some(1));
        assert_eq!(distance("", "abc"), Some(3));
        assert_eq!(distance("same", "same"), Some(0));
        assert_eq!(distance(&"x".repeat(65), "x"), None);
    }

    #[test]
    fn the_nearest_word_is_found_and_far_ones_are_not_guessed() {
        let words = ["node", "note", "journey", "RetryLimitDecision"];
        assert_eq!(nearest("nod", words), Some("node"));
        assert_eq!(
            nearest("retrylimitdecision", words),
            Some("RetryLimitDecision")
        );
        assert_eq!(nearest("journye", words), Some("journey"));
        assert_eq!(nearest("zebra", words), None);
        assert_eq!(nearest("no", words), None);
        assert_eq!(nearest("node", ["node"]), None);
    }
}
