//! Pieces that are judged as they come, while others are still on their way.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use super::{Judge, item, report};
use crate::domain::digest::Digest;
use crate::domain::evidence::{Attached, Collected, Item, Piece, Place, Verification};

/// All that the verdict on one piece depends on, besides judge and bytes: these are those of the digest.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Key {
    place: Place,
    digest: Digest,
    annotations: BTreeMap<String, String>,
    subject: Digest,
    is_whole: bool,
}

impl Key {
    fn of(piece: &Piece, subject: &Digest, is_whole: bool) -> Self {
        Self {
            place: piece.place,
            digest: piece.digest.clone(),
            annotations: piece.annotations.clone(),
            subject: subject.clone(),
            is_whole,
        }
    }
}

/// A judge with what is found of single pieces so far.
#[derive(Debug)]
pub struct Ahead {
    judge: Judge,
    items: Mutex<HashMap<Key, Item>>,
}

impl Ahead {
    /// Nothing is judged yet.
    pub fn new(judge: Judge) -> Self {
        Self {
            judge,
            items: Mutex::default(),
        }
    }

    /// Who judges.
    pub fn by(&self) -> &Judge {
        &self.judge
    }

    /// Judges a piece that hangs on `subject`, which is the image's own digest or that of a platform.
    pub fn take(&self, piece: &Piece, subject: &Digest, is_whole: bool) {
        let item = item::judge(&self.judge, piece, subject, is_whole);
        let key = Key::of(piece, subject, is_whole);
        let mut items = self.items.lock().unwrap_or_else(PoisonError::into_inner);
        items.insert(key, item);
    }

    /// Judges an image with all that hangs on it; what was judged before is not judged again.
    pub fn judge(&self, collected: &Collected) -> Verification {
        report::of(&self.judge, collected, |attached, is_whole| {
            self.items(attached, is_whole)
        })
    }

    fn items(&self, attached: &Attached, is_whole: bool) -> Vec<Item> {
        let items = self.items.lock().unwrap_or_else(PoisonError::into_inner);
        let of = |piece| {
            let known = items.get(&Key::of(piece, &attached.digest, is_whole));
            known
                .cloned()
                .unwrap_or_else(|| item::judge(&self.judge, piece, &attached.digest, is_whole))
        };
        attached.pieces.iter().map(of).collect()
    }
}
