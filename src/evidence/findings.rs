//! Sentences as they come together: what is said of many places is said once.

use std::collections::BTreeMap;

use crate::domain::evidence::{Finding, capital};

/// Sentences by their short names, in the order in which they were first said.
#[derive(Default)]
pub(super) struct Findings {
    order: Vec<String>,
    by_code: BTreeMap<String, (Vec<String>, String)>,
}

impl Findings {
    /// One more place (may be empty) of which this is said.
    pub(super) fn add(
        &mut self,
        code: impl Into<String>,
        place: impl Into<String>,
        words: impl Into<String>,
    ) {
        let code = code.into();
        let (places, _) = self.by_code.entry(code.clone()).or_insert_with(|| {
            self.order.push(code);
            (Vec::new(), words.into())
        });
        let place = place.into();
        if !place.is_empty() && !places.contains(&place) {
            places.push(place);
        }
    }

    pub(super) fn into_findings(mut self) -> Vec<Finding> {
        let by_code = &mut self.by_code;
        self.order
            .into_iter()
            .filter_map(|code| {
                let (places, words) = by_code.remove(&code)?;
                let sentence = if places.is_empty() {
                    format!("{}.", capital(&words))
                } else {
                    format!("{}: {words}.", capital(&places.join(", ")))
                };
                Some(Finding { code, sentence })
            })
            .collect()
    }
}
