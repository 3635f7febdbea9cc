//! A run's jobs put on the nodes of the graph, by name.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use super::assemble::{Graph, Node, NodeId};
use super::names::{Fit, Pattern};
use super::workflow::Matrix;
use crate::domain::ids::JobId;

/// Which jobs of a run belong to which node.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Matching {
    /// The jobs of each node, in the run's order. A call carries only jobs that GitHub shows under the call's own name.
    pub by_node: BTreeMap<NodeId, Vec<JobId>>,
    /// Jobs that fit nothing, in the run's order: shown, never hidden.
    pub unmatched: Vec<JobId>,
    /// Jobs that fit several nodes equally well; they were given out in order.
    pub ambiguous: Vec<JobId>,
}

impl Matching {
    /// The jobs of one node.
    pub fn jobs_of(&self, id: &NodeId) -> &[JobId] {
        self.by_node.get(id).map_or(&[], Vec::as_slice)
    }

    /// The node that a job belongs to.
    pub fn node_of(&self, job: JobId) -> Option<&NodeId> {
        self.by_node
            .iter()
            .find(|(_, jobs)| jobs.contains(&job))
            .map(|(id, _)| id)
    }
}

struct Place<'g> {
    id: &'g NodeId,
    pattern: Pattern,
    /// How many jobs it can hold; `None` where a matrix, here or above, is not known.
    room: Option<usize>,
    taken: usize,
}

impl Place<'_> {
    fn has_room(&self) -> bool {
        self.room.is_none_or(|room| self.taken < room)
    }
}

/// Puts each job on the node whose name it fits best: exact names first, then expressions, then cut names.
///
/// Two nodes with one name take their jobs in the run's order. A node without a matrix takes one job.
pub fn match_jobs(graph: &Graph, jobs: &[(JobId, &str)]) -> Matching {
    let mut places = Vec::new();
    collect(&graph.jobs, None, Some(1), &mut places);
    let mut fits: HashMap<&str, Vec<(Fit, usize)>> = HashMap::new();
    for (_, name) in jobs {
        fits.entry(name).or_insert_with(|| {
            let mut found: Vec<(Fit, usize)> = places
                .iter()
                .enumerate()
                .filter_map(|(n, place)| Some((place.pattern.fit(name)?, n)))
                .collect();
            found.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
            found
        });
    }
    // The surest jobs choose first, whatever their order, so that a vague name never takes a sure one's place.
    let mut order: Vec<usize> = (0..jobs.len()).collect();
    let best = |n: usize| {
        let (_, name) = jobs.get(n)?;
        fits.get(name)?.first().map(|(fit, _)| *fit)
    };
    order.sort_by(|a, b| best(*b).cmp(&best(*a)).then(a.cmp(b)));

    let mut chosen: BTreeMap<usize, usize> = BTreeMap::new();
    let mut matching = Matching::default();
    for n in order {
        let Some((id, name)) = jobs.get(n) else {
            continue;
        };
        let candidates = fits.get(name).map_or(&[][..], Vec::as_slice);
        let free = candidates
            .iter()
            .find(|(_, at)| places.get(*at).is_some_and(Place::has_room));
        let Some((fit, at)) = free else { continue };
        if candidates.iter().filter(|(other, _)| other == fit).count() > 1 {
            matching.ambiguous.push(*id);
        }
        if let Some(place) = places.get_mut(*at) {
            place.taken += 1;
        }
        chosen.insert(n, *at);
    }
    for (n, (id, _)) in jobs.iter().enumerate() {
        match chosen.get(&n).and_then(|at| places.get(*at)) {
            Some(place) => matching
                .by_node
                .entry(place.id.clone())
                .or_default()
                .push(*id),
            None => matching.unmatched.push(*id),
        }
    }
    matching.ambiguous.sort_unstable();
    matching
}

fn collect<'g>(
    jobs: &'g [Node],
    parent: Option<&Pattern>,
    room: Option<usize>,
    places: &mut Vec<Place<'g>>,
) {
    for node in jobs {
        let pattern = Pattern::new(parent, node);
        let room = match &node.matrix {
            Matrix::None => room,
            Matrix::Legs(legs) => room.map(|room| room.saturating_mul(legs.len().max(1))),
            Matrix::Dynamic => None,
        };
        collect(node.children(), Some(&pattern), room, places);
        // What is below an unread call fits `caller / anything`, as a call of unknown size.
        if node.call.is_some() && node.children().is_empty() {
            places.push(Place {
                id: &node.id,
                pattern: pattern.with_anything_below(),
                room: None,
                taken: 0,
            });
        }
        places.push(Place {
            id: &node.id,
            pattern,
            room,
            taken: 0,
        });
    }
}
