//! The legs of a matrix, as GitHub expands it.

use super::workflow::{Leg, Matrix};
use super::yaml::{Document, Kind, ValueId};

/// Most legs of one job; GitHub's own limit.
const MAX_LEGS: usize = 256;
/// Most values that are looked at while the names of the legs are written: aliases may share large ones.
const MAX_VISITS: usize = 20_000;

/// Reads `strategy`; anything that only a run can know makes the matrix dynamic.
pub(crate) fn read(doc: &Document, strategy: ValueId) -> Matrix {
    let Some(matrix) = doc.get(strategy, "matrix") else {
        // `strategy: ${{ fromJSON(…) }}` may hold a matrix, an ordinary mapping without one does not.
        return match doc.text(strategy) {
            Some(text) if text.contains("${{") => Matrix::Dynamic,
            _ => Matrix::None,
        };
    };
    if doc.is_null(matrix) {
        return Matrix::None;
    }
    expand(doc, matrix).map_or(Matrix::Dynamic, Matrix::Legs)
}

/// One leg with the number of its variables that came from the axes: `include` must not overwrite those.
struct Draft {
    values: Vec<(String, String)>,
    original: usize,
}

fn expand(doc: &Document, matrix: ValueId) -> Option<Vec<Leg>> {
    let mut budget = MAX_VISITS;
    let mut drafts = vec![Draft {
        values: Vec::new(),
        original: 0,
    }];
    let mut axes = false;
    for entry in doc.map(matrix)? {
        if entry.key == "include" || entry.key == "exclude" {
            continue;
        }
        axes = true;
        let mut next = Vec::new();
        for value in doc.list(entry.value)? {
            let value = label(doc, *value, &mut budget)?;
            for (order, draft) in drafts.iter().enumerate() {
                let mut values = draft.values.clone();
                values.push((entry.key.clone(), value.clone()));
                next.push((order, values));
            }
            if next.len() > MAX_LEGS * MAX_LEGS {
                return None;
            }
        }
        // The first axis varies slowest.
        next.sort_by_key(|(order, _)| *order);
        drafts = next
            .into_iter()
            .map(|(_, values)| Draft {
                original: values.len(),
                values,
            })
            .collect();
    }
    if !axes {
        drafts.clear();
    }
    if let Some(exclude) = doc.get(matrix, "exclude") {
        let rules = filters(doc, exclude, &mut budget)?;
        drafts.retain(|draft| {
            !rules
                .iter()
                .any(|rule| rule.iter().all(|pair| draft.values.contains(pair)))
        });
    }
    if let Some(include) = doc.get(matrix, "include") {
        for extra in filters(doc, include, &mut budget)? {
            add(&mut drafts, &extra);
        }
    }
    if drafts.len() > MAX_LEGS {
        return None;
    }
    Some(drafts.into_iter().map(|d| Leg(d.values)).collect())
}

/// An `include` entry joins every leg whose own values it does not overwrite, else it is a leg of its own.
fn add(drafts: &mut Vec<Draft>, extra: &[(String, String)]) {
    let mut joined = false;
    for draft in drafts.iter_mut().filter(|d| d.original > 0) {
        let clashes = draft
            .values
            .iter()
            .take(draft.original)
            .any(|(n, v)| extra.iter().any(|(name, value)| name == n && value != v));
        if clashes {
            continue;
        }
        joined = true;
        for (name, value) in extra {
            match draft.values.iter_mut().find(|(n, _)| n == name) {
                Some((_, old)) => old.clone_from(value),
                None => draft.values.push((name.clone(), value.clone())),
            }
        }
    }
    if !joined {
        drafts.push(Draft {
            values: extra.to_vec(),
            original: 0,
        });
    }
}

fn filters(
    doc: &Document,
    list: ValueId,
    budget: &mut usize,
) -> Option<Vec<Vec<(String, String)>>> {
    if doc.is_null(list) {
        return Some(Vec::new());
    }
    doc.list(list)?
        .iter()
        .map(|item| {
            doc.map(*item)?
                .iter()
                .map(|e| Some((e.key.clone(), label(doc, e.value, budget)?)))
                .collect()
        })
        .collect()
}

/// A value as a leg's name shows it: objects and lists are written as their values, joined.
fn label(doc: &Document, value: ValueId, budget: &mut usize) -> Option<String> {
    *budget = budget.checked_sub(1)?;
    match doc.kind(value) {
        Kind::Scalar { .. } => doc.text(value).filter(|text| !text.contains("${{")),
        Kind::List(items) => {
            let parts: Option<Vec<_>> = items.iter().map(|v| label(doc, *v, budget)).collect();
            Some(parts?.join(", "))
        }
        Kind::Map(entries) => {
            let parts: Option<Vec<_>> = entries
                .iter()
                .map(|e| label(doc, e.value, budget))
                .collect();
            Some(parts?.join(", "))
        }
    }
}
