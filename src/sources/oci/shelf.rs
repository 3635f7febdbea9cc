//! What has a digest never changes: it is fetched once and remembered, within bounds.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OnceCell;

use crate::domain::digest::Digest;
use crate::domain::fact::Failure;

/// Entries that are remembered at most, whatever their size.
const MOST: usize = 2048;

/// Things by digest. Who asks while one is being fetched waits for that fetch.
#[derive(Debug)]
pub(super) struct Shelf<T> {
    inner: Mutex<Inner<T>>,
    room: usize,
}

#[derive(Debug)]
struct Inner<T> {
    cells: HashMap<Digest, Arc<OnceCell<Arc<T>>>>,
    /// What is remembered, oldest first, with its size.
    filled: VecDeque<(Digest, usize)>,
    size: usize,
}

impl<T> Shelf<T> {
    /// Remembers things of together at most `room` bytes.
    pub(super) fn new(room: usize) -> Self {
        Self {
            inner: Mutex::new(Inner {
                cells: HashMap::new(),
                filled: VecDeque::new(),
                size: 0,
            }),
            room,
        }
    }

    /// The thing of this digest. `fetch` gives it with its size; `None`, a failure and a dropped
    /// future are not remembered.
    pub(super) async fn get_or_fetch(
        &self,
        digest: &Digest,
        fetch: impl Future<Output = Result<Option<(T, usize)>, Failure>>,
    ) -> Result<Option<Arc<T>>, Failure> {
        let cell = Arc::clone(self.lock().cells.entry(digest.clone()).or_default());
        let mut size = None;
        let filled = cell
            .get_or_try_init(|| async {
                match fetch.await {
                    Ok(Some((thing, bytes))) => {
                        size = Some(bytes);
                        Ok(Arc::new(thing))
                    }
                    Ok(None) => Err(None),
                    Err(failure) => Err(Some(failure)),
                }
            })
            .await
            .cloned();
        match filled {
            Ok(thing) => {
                if let Some(size) = size {
                    self.lock().remember(digest, size, self.room);
                }
                Ok(Some(thing))
            }
            Err(why) => {
                self.lock().forget_empty(digest);
                why.map_or(Ok(None), Err)
            }
        }
    }

    /// The thing of this digest, if it is remembered.
    pub(super) fn peek(&self, digest: &Digest) -> Option<Arc<T>> {
        self.lock().cells.get(digest)?.get().cloned()
    }

    fn lock(&self) -> MutexGuard<'_, Inner<T>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Inner<T> {
    fn remember(&mut self, digest: &Digest, size: usize, room: usize) {
        self.filled.push_back((digest.clone(), size));
        self.size = self.size.saturating_add(size);
        if self.cells.len() > 2 * MOST {
            // Cells of fetches that were given up half-way.
            self.cells
                .retain(|_, cell| cell.initialized() || Arc::strong_count(cell) > 1);
        }
        while self.size > room || self.filled.len() > MOST {
            let Some((oldest, size)) = self.filled.pop_front() else {
                break;
            };
            self.size = self.size.saturating_sub(size);
            self.cells.remove(&oldest);
        }
    }

    /// Forgets a cell that stayed empty and that nobody else waits for.
    fn forget_empty(&mut self, digest: &Digest) {
        // One count is the map's, one is the caller's.
        let is_idle = self
            .cells
            .get(digest)
            .is_some_and(|cell| !cell.initialized() && Arc::strong_count(cell) <= 2);
        if is_idle {
            self.cells.remove(digest);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::domain::fact::FailureKind;
    use crate::net::failure;

    fn digest(n: u8) -> Digest {
        Digest::of(&[n])
    }

    #[tokio::test]
    async fn a_digest_is_fetched_once_even_by_many_at_a_time() {
        let shelf = Shelf::new(100);
        let count = Cell::new(0);
        let one = digest(1);
        let fetch = || {
            shelf.get_or_fetch(&one, async {
                count.set(count.get() + 1);
                tokio::task::yield_now().await;
                Ok(Some(("thing", 10)))
            })
        };
        let (a, b) = tokio::join!(fetch(), fetch());
        assert_eq!(
            (a.unwrap(), b.unwrap()),
            (fetch().await.unwrap(), Some("thing".into()))
        );
        assert_eq!(count.get(), 1);
    }

    #[tokio::test]
    async fn absence_and_failure_are_asked_again_and_leave_nothing() {
        let shelf: Shelf<u8> = Shelf::new(100);
        let one = digest(1);
        assert!(matches!(
            shelf.get_or_fetch(&one, async { Ok(None) }).await,
            Ok(None)
        ));
        let failure = failure::plain(FailureKind::Server, "x", "y");
        assert!(
            shelf
                .get_or_fetch(&one, async { Err(failure) })
                .await
                .is_err()
        );
        assert!(shelf.lock().cells.is_empty());
        let found = shelf.get_or_fetch(&one, async { Ok(Some((7, 1))) }).await;
        assert_eq!(found.unwrap().as_deref(), Some(&7));
    }

    #[tokio::test]
    async fn the_oldest_goes_where_room_is_short() {
        let shelf = Shelf::new(25);
        for n in 0..3 {
            shelf
                .get_or_fetch(&digest(n), async { Ok(Some((n, 10))) })
                .await
                .unwrap();
        }
        assert!(!shelf.lock().cells.contains_key(&digest(0)));
        assert!(shelf.lock().cells.contains_key(&digest(2)));
        shelf
            .get_or_fetch(&digest(9), async { Ok(Some((9, 1000))) })
            .await
            .unwrap();
        assert!(shelf.lock().cells.is_empty());
        assert_eq!(shelf.lock().size, 0);
    }
}
