//! Where arrows meet the edges of boxes.

/// Places near the wanted ones, in the same order, at least `gap` apart and within bounds.
///
/// Wanted places must rise. Where they lie too close, those next to each other are moved apart evenly.
pub(super) fn spread(wanted: &[i64], gap: i64, least: i64, most: i64) -> Vec<i64> {
    let count = super::int(wanted.len());
    if count == 0 {
        return Vec::new();
    }
    let room = (most - least).max(0);
    let gap = if count > 1 {
        gap.min(room / (count - 1))
    } else {
        gap
    };
    // Without the gaps it is enough that places do not fall: blocks of equal places, by their means.
    let mut blocks: Vec<(i64, i64)> = Vec::new();
    for (at, want) in wanted.iter().enumerate() {
        let mut block = (
            (*want).clamp(least, most.max(least)) - gap * super::int(at),
            1,
        );
        while let Some(&(sum, len)) = blocks.last() {
            if sum * block.1 < block.0 * len {
                break;
            }
            blocks.pop();
            block = (sum + block.0, len + block.1);
        }
        blocks.push(block);
    }
    let highest = most - gap * (count - 1);
    let mut places = Vec::with_capacity(wanted.len());
    for (sum, len) in blocks {
        let place = sum.div_euclid(len).clamp(least, highest.max(least));
        for _ in 0..len {
            places.push(place + gap * super::int(places.len()));
        }
    }
    places
}
