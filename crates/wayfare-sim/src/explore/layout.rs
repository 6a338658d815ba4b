//! Where in a packed state each of its parts stands.
//!
//! In: widths, one after the other. Out: fields, none of which straddles two words. What a field means is
//! not known here.

/// A part of a packed state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Field {
    word: u8,
    shift: u8,
    width: u8,
}

impl Field {
    fn mask(self) -> u64 {
        (1_u64 << self.width) - 1
    }

    /// The value of the field, seen from the word at `base`.
    pub(super) fn get(self, state: &[u64], base: usize) -> u32 {
        let word = state.get(base + usize::from(self.word)).copied();
        let value = word.unwrap_or(0) >> self.shift & self.mask();
        u32::try_from(value).unwrap_or(u32::MAX)
    }

    /// Puts a value there; bits beyond its width are dropped.
    pub(super) fn set(self, state: &mut [u64], base: usize, value: u32) {
        if let Some(word) = state.get_mut(base + usize::from(self.word)) {
            let mask = self.mask();
            *word = *word & !(mask << self.shift) | (u64::from(value) & mask) << self.shift;
        }
    }

    /// The bits of the field in the word it stands in.
    pub(super) fn bits(self) -> (usize, u64) {
        (usize::from(self.word), self.mask() << self.shift)
    }
}

/// Hands out fields.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Layout {
    word: u8,
    used: u8,
}

impl Layout {
    /// A field that holds every number up to `greatest`; at most 32 bits of it count.
    pub(super) fn field(&mut self, greatest: u32) -> Field {
        let width = u8::try_from(32 - greatest.leading_zeros())
            .unwrap_or(32)
            .max(1);
        if self.used + width > 64 {
            self.word = self.word.saturating_add(1);
            self.used = 0;
        }
        let field = Field {
            word: self.word,
            shift: self.used,
            width,
        };
        self.used += width;
        field
    }

    /// How many words the fields fill.
    pub(super) fn words(self) -> usize {
        usize::from(self.word) + usize::from(self.used > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_do_not_touch_each_other() {
        let mut layout = Layout::default();
        let widths = [1_u32, 7, 1000, u32::MAX, 3, u32::MAX, 1];
        let fields: Vec<Field> = widths.iter().map(|width| layout.field(*width)).collect();
        assert_eq!(layout.words(), 2);
        let mut state = [0; 3];
        for (field, greatest) in fields.iter().zip(widths) {
            field.set(&mut state, 1, greatest);
        }
        for (at, (field, greatest)) in fields.iter().zip(widths).enumerate() {
            assert_eq!(field.get(&state, 1), greatest, "{at}");
            field.set(&mut state, 1, 0);
            assert_eq!(field.get(&state, 1), 0);
        }
        assert_eq!(state, [0; 3]);
    }
}
