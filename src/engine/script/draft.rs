//! What a script has written, as long as it has not run to its end.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::{engine::context::World, model::value::Value};

/// What a script has written.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    pub(super) shared: BTreeMap<Arc<str>, Value>,
    pub(super) transient: BTreeMap<Arc<str>, Value>,
    pub(super) removed: BTreeSet<Arc<str>>,
    /// Attributes of the profile under construction, with whether they are transient.
    pub(super) object: BTreeMap<Arc<str>, (Value, bool)>,
}

impl Draft {
    pub(super) fn remove(&mut self, name: &str) {
        self.shared.remove(name);
        self.transient.remove(name);
        self.removed.insert(Arc::from(name));
    }

    /// Writes all of it: what was removed first, for it may have been written again.
    pub(crate) fn write(self, world: &mut dyn World) {
        for name in &self.removed {
            let key = world.key(name);
            world.remove(key);
        }
        for (name, value) in self.shared {
            let key = world.key(&name);
            world.put_shared(key, value);
        }
        for (name, value) in self.transient {
            let key = world.key(&name);
            world.put_transient(key, value);
        }
        for (name, (value, transient)) in self.object {
            world.put_object(&name, value, transient);
        }
    }
}
