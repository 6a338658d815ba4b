//! Choices: drawn from a seed, or read from a list that a shrinker has made shorter.

/// A source of choices that remembers what it gave.
#[derive(Debug, Clone)]
pub(super) struct Dice {
    seed: u64,
    script: Option<Vec<u32>>,
    pub(super) drawn: Vec<u32>,
}

impl Dice {
    pub(super) fn seeded(seed: u64) -> Self {
        Self {
            seed,
            script: None,
            drawn: Vec::new(),
        }
    }

    /// Gives these, then zeros: the first choice everywhere.
    pub(super) fn scripted(script: &[u32]) -> Self {
        Self {
            seed: 0,
            script: Some(script.to_vec()),
            drawn: Vec::new(),
        }
    }

    pub(super) fn below(&mut self, bound: u32) -> u32 {
        let number = if let Some(script) = &self.script {
            script.get(self.drawn.len()).copied().unwrap_or(0)
        } else {
            self.seed = self.seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut x = self.seed;
            x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            u32::try_from((x ^ (x >> 31)) >> 40).unwrap()
        } % bound.max(1);
        self.drawn.push(number);
        number
    }

    /// True once in `bound`; the first choice is false.
    pub(super) fn once_in(&mut self, bound: u32) -> bool {
        self.below(bound) == bound - 1
    }

    pub(super) fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(u32::try_from(from.len()).unwrap()) as usize]
    }
}

/// Makes lists of choices shorter and smaller for as long as `fails` holds, within a bound of tries.
pub(super) fn shrink(
    mut lists: [Vec<u32>; 2],
    mut fails: impl FnMut(&[Vec<u32>; 2]) -> bool,
) -> [Vec<u32>; 2] {
    let mut tries = 4_000;
    loop {
        let mut better = false;
        for which in 0..2 {
            let mut size = lists[which].len().max(1);
            while size > 0 {
                let mut at = 0;
                while at < lists[which].len() && tries > 0 {
                    let end = (at + size).min(lists[which].len());
                    let mut less = lists.clone();
                    less[which].drain(at..end);
                    let mut zero = lists.clone();
                    zero[which][at..end].fill(0);
                    tries -= 2;
                    if fails(&less) {
                        (lists, better) = (less, true);
                    } else if zero != lists && fails(&zero) {
                        (lists, better) = (zero, true);
                        at = end;
                    } else {
                        at = end;
                    }
                }
                size /= 2;
            }
        }
        if !better || tries <= 0 {
            return lists;
        }
    }
}
