//! Which key does what: the built-in map with the user's own keys over it.

use std::collections::BTreeMap;

use super::action::{ACTIONS, Action};
use super::key::{Chord, NotAKey};

/// Keys by action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keymap {
    keys: BTreeMap<&'static str, Vec<Chord>>,
}

/// Why a key map is not usable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeymapError {
    /// The file is not TOML of the right shape.
    #[error("the key map cannot be read: {0}")]
    File(String),
    /// There is no such action.
    #[error("`{0}` is not an action; the nearest is `{1}`")]
    Action(String, &'static str),
    /// Not a key.
    #[error("action `{0}`: {1}")]
    Key(String, NotAKey),
    /// A key that two actions want.
    #[error("`{0}` and `{1}` both have the key {2}")]
    Twice(&'static str, &'static str, Chord),
}

const BUILT_IN: &str = include_str!("../../assets/keymap.toml");

impl Keymap {
    /// The built-in map with some actions' keys replaced.
    pub fn with(overrides: &BTreeMap<String, String>) -> Result<Self, KeymapError> {
        let file: BTreeMap<String, Vec<Chord>> =
            toml::from_str(BUILT_IN).map_err(|error| KeymapError::File(error.to_string()))?;
        let mut keys = BTreeMap::new();
        for (name, chords) in file {
            keys.insert(known(&name)?.name, chords);
        }
        for (name, text) in overrides {
            let chords: Result<Vec<Chord>, NotAKey> =
                text.split_whitespace().map(str::parse).collect();
            let chords = chords.map_err(|error| KeymapError::Key(name.clone(), error))?;
            let action = known(name)?;
            // A key that the user gives to one action is taken from the one that had it.
            for (other, theirs) in &mut keys {
                if *other != action.name && !overrides.contains_key(*other) {
                    theirs.retain(|chord| !chords.contains(chord));
                }
            }
            keys.insert(action.name, chords);
        }
        let map = Self { keys };
        map.check()?;
        Ok(map)
    }

    fn check(&self) -> Result<(), KeymapError> {
        let mut seen: Vec<(Chord, &'static str)> = Vec::new();
        for (name, chords) in &self.keys {
            for chord in chords {
                if let Some((_, other)) = seen.iter().find(|(known, _)| known == chord) {
                    return Err(KeymapError::Twice(other, name, *chord));
                }
                seen.push((*chord, name));
            }
        }
        Ok(())
    }

    /// The action of a key.
    pub fn action(&self, chord: Chord) -> Option<&'static Action> {
        let (name, _) = self
            .keys
            .iter()
            .find(|(_, chords)| chords.contains(&chord))?;
        Action::named(name)
    }

    /// The keys of an action, the one to show first.
    pub fn keys(&self, action: &Action) -> &[Chord] {
        self.keys.get(action.name).map_or(&[], Vec::as_slice)
    }

    /// The key to show for an action; empty where it has none.
    pub fn shown(&self, action: &Action) -> String {
        self.keys(action)
            .first()
            .map(ToString::to_string)
            .unwrap_or_default()
    }
}

fn known(name: &str) -> Result<&'static Action, KeymapError> {
    Action::named(name).ok_or_else(|| {
        let nearest = ACTIONS
            .iter()
            .max_by(|a, b| strsim::jaro(name, a.name).total_cmp(&strsim::jaro(name, b.name)))
            .map_or("", |action| action.name);
        KeymapError::Action(
            name.chars().filter(|c| !c.is_control()).take(40).collect(),
            nearest,
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_has_a_key_and_every_key_an_action() {
        let map = Keymap::with(&BTreeMap::new()).unwrap();
        for action in ACTIONS {
            assert!(!map.keys(action).is_empty(), "{} has no key", action.name);
        }
    }

    #[test]
    fn a_users_key_wins_and_a_wrong_name_is_told_with_the_nearest() {
        let with = |name: &str, key: &str| {
            Keymap::with(&BTreeMap::from([(name.to_owned(), key.to_owned())]))
        };
        let map = with("quit", "x ctrl-q").unwrap();
        assert_eq!(map.action("x".parse().unwrap()).unwrap().name, "quit");
        assert!(map.action("q".parse().unwrap()).is_none());
        let taken = with("refresh", "q").unwrap();
        assert_eq!(taken.action("q".parse().unwrap()).unwrap().name, "refresh");
        assert_eq!(
            with("refesh", "x").unwrap_err(),
            KeymapError::Action("refesh".to_owned(), "refresh")
        );
        assert!(matches!(with("quit", "hyper-x"), Err(KeymapError::Key(..))));
    }
}
