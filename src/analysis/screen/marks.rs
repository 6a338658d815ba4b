//! What an event means to sixty-four properties, and what it makes of them.
//!
//! In: the places of properties, a bit for each property. Out: words of bits, and the one step that they
//! take at an event. Where the events are is not here.

use crate::{
    analysis::flow::{Arc, Only},
    model::{
        property::{Place, PlaceKind, Property},
        signature::Challenge,
    },
};

/// What an event means to each property, one bit each.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Marks {
    pub(super) cut: u64,
    pub(super) goal: u64,
    pub(super) arm: u64,
    /// A factor is proved that is asked for.
    pub(super) proved: u64,
}

impl Marks {
    pub(super) fn or(self, more: Self) -> Self {
        Self {
            cut: self.cut | more.cut,
            goal: self.goal | more.goal,
            arm: self.arm | more.arm,
            proved: self.proved | more.proved,
        }
    }
}

/// For which properties some run is there calm, and for which armed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) calm: u64,
    pub(super) armed: u64,
}

impl Row {
    pub(super) fn or(self, more: Self) -> Self {
        Self {
            calm: self.calm | more.calm,
            armed: self.armed | more.armed,
        }
    }

    /// What goes on behind an arc, for the properties that ask for a proof: as if a code never proved
    /// anything, and as if an error in a page took all proofs back.
    pub(super) fn behind(self, arc: &Arc, asked: u64, marks: Marks) -> Self {
        if asked == 0 {
            return self;
        }
        let mut row = self;
        if arc.only == Only::Passing || arc.renames {
            row.armed |= row.calm & asked;
        }
        if arc.renames {
            row.calm &= !asked;
        }
        if arc.challenge != Challenge::Answers {
            row.calm |= row.armed & marks.proved;
            row.armed &= !marks.proved;
        }
        row
    }

    /// What goes on behind an event, and what it breaks.
    pub(super) fn step(self, marks: Marks) -> (Self, u64) {
        let calm = self.calm & !marks.cut;
        let armed = self.armed & !marks.cut;
        let broken = armed & marks.goal;
        let next = Self {
            calm: calm & !marks.arm,
            armed: armed & !broken | calm & marks.arm,
        };
        (next, broken)
    }
}

/// What a place is to a property.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    Cut,
    Proof,
    Goal,
    Arm,
}

impl Role {
    pub(super) fn marks(self, bit: usize) -> Marks {
        let (bit, none) = (1_u64 << bit, Marks::default());
        match self {
            Self::Cut => Marks { cut: bit, ..none },
            Self::Proof => Marks {
                proved: bit,
                ..none
            },
            Self::Goal => Marks { goal: bit, ..none },
            Self::Arm => Marks { arm: bit, ..none },
        }
    }
}

/// The types and factors that a property names, by their numbers. In a journey in which none of its points
/// lies, nor in those it calls, a property does what all others of its pattern do.
pub(super) type Pattern = Vec<(usize, Role)>;

/// The places of a property that is only about such.
pub(super) fn places_of(property: &Property) -> Vec<(Role, &Place)> {
    match property {
        Property::EveryPath { to, passes } => {
            let role = |place: &Place| match place.kind {
                PlaceKind::Proof(_) => Role::Proof,
                PlaceKind::Points(_) | PlaceKind::Any(..) => Role::Cut,
            };
            let passes = passes.iter().map(|place| (role(place), place));
            passes.chain([(Role::Goal, to)]).collect()
        }
        Property::Never { what, after } => vec![(Role::Goal, what), (Role::Arm, after)],
        Property::LevelAtLeast { .. }
        | Property::Has { .. }
        | Property::Holds { .. }
        | Property::SameFace { .. }
        | Property::AtMost { .. } => Vec::new(),
    }
}
