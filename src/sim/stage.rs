//! The world and its clock together: whoever looks at the world sees it as it is now.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use super::Now;
use super::clock::VirtualClock;
use super::world::World;

/// The moment at which something happens that is caught up on later.
pub(crate) type Moment = Arc<Mutex<Option<Timestamp>>>;

/// The clock of the services beside GitHub: the moment that is being caught up on, else now.
pub(crate) fn now_of(clock: &VirtualClock, moment: &Moment) -> Now {
    let (clock, moment) = (clock.clone(), Arc::clone(moment));
    Arc::new(move || {
        let staged = *moment.lock().unwrap_or_else(PoisonError::into_inner);
        staged.unwrap_or_else(|| clock.now())
    })
}

/// The world behind its lock; cloning shares it.
#[derive(Clone)]
pub(crate) struct Stage {
    world: Arc<Mutex<World>>,
    clock: VirtualClock,
    /// `OWNER/NAME`.
    pub(crate) repo: String,
}

impl Stage {
    pub(crate) fn new(world: World, clock: VirtualClock) -> Self {
        Self {
            repo: world.scenario.repo.clone(),
            world: Arc::new(Mutex::new(world)),
            clock,
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Lets the world catch up with the clock, then looks at it or changes it.
    pub(crate) fn with<T>(&self, look: impl FnOnce(&mut World) -> T) -> T {
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        world.advance(self.clock.now());
        look(&mut world)
    }

    /// The moment of the next change that comes by itself.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.with(|world| world.next())
    }
}
