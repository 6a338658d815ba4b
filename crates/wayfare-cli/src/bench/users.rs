//! Who logs in: one name, or any of many that are numbered.

/// What stands for the number in a name.
const NUMBER: &str = "{}";

/// The users of a bench.
#[derive(Debug, Clone)]
pub(crate) struct Users {
    name: String,
    count: u64,
    seed: u64,
}

impl Users {
    /// Users of this name, with their number where `{}` stands in it.
    pub(crate) fn new(name: &str, count: u64, seed: u64) -> Self {
        Self {
            name: name.to_owned(),
            count: count.max(1),
            seed,
        }
    }

    /// Whether the name has a place for a number.
    pub(crate) fn are_numbered(name: &str) -> bool {
        name.contains(NUMBER)
    }

    /// The user of a login: the same for the same seed and number.
    pub(crate) fn of_login(&self, login: u64) -> String {
        self.named(mixed(self.seed ^ mixed(login)) % self.count)
    }

    /// All of them, in order.
    pub(crate) fn every(&self) -> impl Iterator<Item = String> + '_ {
        (0..self.count).map(|number| self.named(number))
    }

    fn named(&self, number: u64) -> String {
        self.name.replace(NUMBER, &number.to_string())
    }
}

/// The finaliser of `SplitMix64`: near numbers become far ones. Who comes next is no secret.
fn mixed(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_same_seed_draws_the_same_users_and_all_of_them() {
        let (one, two) = (Users::new("user.{}", 50, 7), Users::new("user.{}", 50, 8));
        let drawn = |users: &Users| (0..1_000).map(|n| users.of_login(n)).collect::<Vec<_>>();
        assert_eq!(drawn(&one), drawn(&one.clone()));
        assert_ne!(drawn(&one), drawn(&two));
        let all: BTreeSet<_> = drawn(&one).into_iter().collect();
        assert_eq!(all, one.every().collect());
        assert_eq!(Users::new("demo", 1, 7).of_login(99), "demo");
    }
}
