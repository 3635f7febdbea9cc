//! Answers that GitHub may confirm with a 304, in bounded memory.

use std::collections::HashMap;

use bytes::Bytes;

use crate::net::address::Next;

/// What an answer depends on: GitHub's entity tags differ by credential and by representation.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    /// SHA-256 of the token; `None` without one.
    pub(super) token: Option<[u8; 32]>,
    /// The address, query included.
    pub(super) url: String,
    /// The representation asked for.
    pub(super) accept: &'static str,
}

/// An answer that was read to its end and understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reply {
    /// Its body.
    pub(super) body: Bytes,
    /// The scopes of the token that asked, as the header lists them.
    pub(super) scopes: Option<String>,
    /// What comes after it in a listing.
    pub(super) next: Next,
}

/// The store: least recently used goes first.
#[derive(Debug)]
pub(super) struct Cache {
    entries: HashMap<Key, Entry>,
    most: usize,
    held: usize,
    clock: u64,
}

#[derive(Debug)]
struct Entry {
    etag: String,
    reply: Reply,
    used: u64,
}

impl Entry {
    fn weight(&self, key: &Key) -> usize {
        self.reply.body.len() + self.etag.len() + key.url.len() + 256
    }
}

impl Cache {
    /// A store of at most this many bytes.
    pub(super) fn new(most: usize) -> Self {
        Self {
            entries: HashMap::new(),
            most,
            held: 0,
            clock: 0,
        }
    }

    /// The entity tag and the answer under a key.
    pub(super) fn get(&mut self, key: &Key) -> Option<(String, Reply)> {
        self.clock += 1;
        let entry = self.entries.get_mut(key)?;
        entry.used = self.clock;
        Some((entry.etag.clone(), entry.reply.clone()))
    }

    /// Keeps an answer, in the place of others where room is short; one that is too large is not kept.
    pub(super) fn keep(&mut self, key: Key, etag: String, reply: Reply) {
        self.remove(&key);
        self.clock += 1;
        let entry = Entry {
            etag,
            reply,
            used: self.clock,
        };
        let weight = entry.weight(&key);
        if weight > self.most {
            return;
        }
        while self.held + weight > self.most {
            let oldest = self
                .entries
                .iter()
                .min_by_key(|(_, entry)| entry.used)
                .map(|(key, _)| key.clone());
            let Some(oldest) = oldest else { break };
            self.remove(&oldest);
        }
        self.held += weight;
        self.entries.insert(key, entry);
    }

    /// Drops an answer.
    pub(super) fn remove(&mut self, key: &Key) {
        if let Some(entry) = self.entries.remove(key) {
            self.held = self.held.saturating_sub(entry.weight(key));
        }
    }
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    reason = "a test fails at the line that surprises"
)]
mod tests {
    use super::*;

    fn key(url: &str) -> Key {
        Key {
            token: None,
            url: url.to_owned(),
            accept: "json",
        }
    }

    fn reply(size: usize) -> Reply {
        Reply {
            body: Bytes::from(vec![b'x'; size]),
            scopes: None,
            next: Next::End,
        }
    }

    #[test]
    fn the_least_recently_used_answer_goes_when_room_is_short() {
        let mut cache = Cache::new(3000);
        cache.keep(key("a"), "1".to_owned(), reply(1000));
        cache.keep(key("b"), "2".to_owned(), reply(1000));
        assert!(cache.get(&key("a")).is_some());
        cache.keep(key("c"), "3".to_owned(), reply(1000));
        assert!(cache.get(&key("b")).is_none());
        assert_eq!(cache.get(&key("a")).unwrap().0, "1");
        assert!(cache.held <= 3000);
    }

    #[test]
    fn an_answer_larger_than_the_store_is_not_kept_and_replaces_nothing_stale() {
        let mut cache = Cache::new(3000);
        cache.keep(key("a"), "1".to_owned(), reply(10));
        cache.keep(key("a"), "2".to_owned(), reply(5000));
        assert!(cache.get(&key("a")).is_none());
        assert_eq!(cache.held, 0);
    }

    #[test]
    fn answers_of_another_token_are_others() {
        let mut cache = Cache::new(3000);
        cache.keep(key("a"), "1".to_owned(), reply(10));
        let other = Key {
            token: Some([7; 32]),
            ..key("a")
        };
        assert!(cache.get(&other).is_none());
    }
}
