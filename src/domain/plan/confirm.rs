//! The key to the door: a plan that a person has read and said yes to.

use serde::{Deserialize, Serialize};

use super::Plan;
use crate::domain::time::Timestamp;

/// How a person said yes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// A key on the shown plan.
    Key,
    /// What was typed under the shown plan.
    Typed(String),
    /// A command, with what `--yes` says.
    Command(Option<String>),
}

/// A plan that may be carried out. Only [`confirm`] makes one, and the door takes nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Confirmed {
    plan: Plan,
    proof: Proof,
    at: Timestamp,
}

impl Confirmed {
    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// How it was confirmed.
    pub fn proof(&self) -> &Proof {
        &self.proof
    }

    /// When it was confirmed.
    pub fn at(&self) -> Timestamp {
        self.at
    }
}

/// Why a plan is not confirmed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotConfirmed {
    /// Too much time has passed since it was made.
    #[error("the plan is too old; make it again and read it")]
    Expired,
    /// What had to be typed was not.
    #[error("this needs the version: type {phrase} (`--yes {phrase}` on the command line)")]
    Phrase {
        /// What has to be typed.
        phrase: String,
    },
    /// Something else was typed.
    #[error("that is not {phrase}: nothing was done")]
    OtherPhrase {
        /// What has to be typed.
        phrase: String,
    },
    /// It is not the plan that was made.
    #[error("the plan was changed after it was made; make it again")]
    Changed,
}

/// Takes a person's word for a plan.
pub fn confirm(plan: Plan, proof: Proof, at: Timestamp) -> Result<Confirmed, NotConfirmed> {
    if plan.hashed() != plan.id {
        return Err(NotConfirmed::Changed);
    }
    if at > plan.expires_at {
        return Err(NotConfirmed::Expired);
    }
    agreed(plan, proof, at)
}

/// Takes a person's word for a plan that was begun before: its age is no hindrance, as every step is checked anew.
pub fn confirm_again(plan: Plan, proof: Proof, at: Timestamp) -> Result<Confirmed, NotConfirmed> {
    if plan.hashed() != plan.id {
        return Err(NotConfirmed::Changed);
    }
    agreed(plan, proof, at)
}

fn agreed(plan: Plan, proof: Proof, at: Timestamp) -> Result<Confirmed, NotConfirmed> {
    if let Some(phrase) = &plan.phrase {
        let said = match &proof {
            Proof::Key => None,
            Proof::Typed(text) => Some(text.trim()),
            Proof::Command(yes) => yes.as_deref().map(str::trim),
        };
        // Who types the tag means the version.
        let said = said.map(|text| text.strip_prefix('v').unwrap_or(text));
        match said {
            None | Some("") => {
                return Err(NotConfirmed::Phrase {
                    phrase: phrase.clone(),
                });
            }
            Some(said) if said != phrase => {
                return Err(NotConfirmed::OtherPhrase {
                    phrase: phrase.clone(),
                });
            }
            Some(_) => {}
        }
    }
    Ok(Confirmed { plan, proof, at })
}
