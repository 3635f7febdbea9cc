//! Request budgets: one an hour for each credential and resource, as GitHub counts them.

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::sim::clock::plus;

const HOUR: std::time::Duration = std::time::Duration::from_secs(3600);

/// The resources that are counted apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Resource {
    Core,
    Search,
    Graphql,
}

impl Resource {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::Search => "search",
            Self::Graphql => "graphql",
        }
    }
}

/// One budget as it stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Budget {
    pub(super) limit: u64,
    pub(super) used: u64,
    pub(super) reset: Timestamp,
}

impl Budget {
    pub(super) fn remaining(self) -> u64 {
        self.limit.saturating_sub(self.used)
    }

    fn shown(self) -> Value {
        json!({
            "limit": self.limit,
            "used": self.used,
            "remaining": self.remaining(),
            "reset": self.reset.as_second(),
        })
    }
}

/// All budgets.
#[derive(Debug)]
pub(super) struct Limits {
    hourly: u64,
    budgets: HashMap<(bool, Resource), Budget>,
}

impl Limits {
    pub(super) fn new(hourly: u64) -> Self {
        Self {
            hourly,
            budgets: HashMap::new(),
        }
    }

    /// The budget of a caller, known or anonymous, after `cost` more requests.
    pub(super) fn charge(
        &mut self,
        known: bool,
        resource: Resource,
        cost: u64,
        now: Timestamp,
    ) -> Budget {
        let limit = match (resource, known) {
            (Resource::Search, true) => 30,
            (Resource::Search, false) => 10,
            (_, true) => self.hourly,
            (_, false) => 60,
        };
        let fresh = Budget {
            limit,
            used: 0,
            reset: plus(now, HOUR),
        };
        let budget = self.budgets.entry((known, resource)).or_insert(fresh);
        if budget.reset <= now {
            *budget = fresh;
        }
        budget.used = (budget.used + cost).min(budget.limit);
        *budget
    }

    /// The answer of `/rate_limit`.
    pub(super) fn overview(&mut self, known: bool, now: Timestamp) -> Value {
        let mut show = |resource| self.charge(known, resource, 0, now).shown();
        let (core, search, graphql) = (
            show(Resource::Core),
            show(Resource::Search),
            show(Resource::Graphql),
        );
        json!({
            "resources": {"core": core, "search": search, "graphql": graphql},
            "rate": core,
        })
    }
}
