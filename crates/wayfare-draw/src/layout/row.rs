//! Values by small number, and lists of small numbers by small number.

/// A value for each number below a length; reading past the end gives the default.
#[derive(Debug, Clone, Default)]
pub(super) struct Row<T>(Vec<T>);

impl<T: Copy + Default> Row<T> {
    pub(super) fn new(len: usize, value: T) -> Self {
        Self(vec![value; len])
    }

    pub(super) fn at(&self, index: usize) -> T {
        self.0.get(index).copied().unwrap_or_default()
    }

    pub(super) fn put(&mut self, index: usize, value: T) {
        if let Some(slot) = self.0.get_mut(index) {
            *slot = value;
        }
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = T> + '_ {
        self.0.iter().copied()
    }
}

impl<T> FromIterator<T> for Row<T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        Self(values.into_iter().collect())
    }
}

/// For each number a list of numbers, all in one piece.
#[derive(Debug, Clone, Default)]
pub(super) struct Fan {
    first: Vec<usize>,
    items: Vec<usize>,
}

impl Fan {
    /// The values of each key below `len`, in the order given.
    pub(super) fn new(len: usize, pairs: impl Iterator<Item = (usize, usize)> + Clone) -> Self {
        let mut count = Row::new(len + 1, 0_usize);
        for (key, _) in pairs.clone() {
            count.put(key + 1, count.at(key + 1) + 1);
        }
        let mut total = 0;
        let first: Vec<usize> = count
            .iter()
            .map(|n| {
                total += n;
                total
            })
            .collect();
        let mut next: Row<usize> = first.iter().copied().collect();
        let mut items = Row::new(total, 0);
        for (key, value) in pairs {
            items.put(next.at(key), value);
            next.put(key, next.at(key) + 1);
        }
        Self {
            first,
            items: items.0,
        }
    }

    pub(super) fn of(&self, key: usize) -> &[usize] {
        let from = self.first.get(key).copied().unwrap_or(0);
        let to = self.first.get(key + 1).copied().unwrap_or(from);
        self.items.get(from..to).unwrap_or_default()
    }
}

/// A count as a coordinate.
pub(super) fn int(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
