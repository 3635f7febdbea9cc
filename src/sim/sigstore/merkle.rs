//! The Merkle tree of RFC 6962.

use sha2::Digest as _;

pub(super) type Hash = [u8; 32];

/// The hash of an entry.
pub(super) fn leaf(entry: &[u8]) -> Hash {
    let mut hasher = sha2::Sha256::new();
    hasher.update([0]);
    hasher.update(entry);
    hasher.finalize().into()
}

fn node(left: &Hash, right: &Hash) -> Hash {
    let mut hasher = sha2::Sha256::new();
    hasher.update([1]);
    hasher.update(left);
    hasher.update(right);
    hasher.finalize().into()
}

/// The root over these leaves.
pub(super) fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => sha2::Sha256::digest([]).into(),
        [only] => *only,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node(&root(left), &root(right))
        }
    }
}

/// The hashes that lead from the leaf at `index` to the root, from the bottom up.
pub(super) fn path(leaves: &[Hash], index: usize) -> Vec<Hash> {
    if leaves.len() < 2 {
        return Vec::new();
    }
    let middle = split(leaves.len());
    let (left, right) = leaves.split_at(middle);
    let (mut hashes, sibling) = if index < middle {
        (path(left, index), root(right))
    } else {
        (path(right, index - middle), root(left))
    };
    hashes.push(sibling);
    hashes
}

/// The largest power of two below a length of two or more.
fn split(length: usize) -> usize {
    let mut power = 1;
    while power * 2 < length {
        power *= 2;
    }
    power
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6962 in the other direction: from a leaf and its path to the root.
    fn climb(mut hash: Hash, mut index: usize, size: usize, path: &[Hash]) -> Hash {
        let mut last = size - 1;
        for sibling in path {
            // A last node without a sibling moves up unchanged.
            while index.is_multiple_of(2) && index == last {
                (index, last) = (index / 2, last / 2);
            }
            hash = if index.is_multiple_of(2) {
                node(&hash, sibling)
            } else {
                node(sibling, &hash)
            };
            (index, last) = (index / 2, last / 2);
        }
        hash
    }

    #[test]
    fn every_leaf_leads_to_the_root() {
        let leaves: Vec<Hash> = (0..20_u8).map(|entry| leaf(&[entry])).collect();
        for size in 1..=leaves.len() {
            let tree = &leaves[..size];
            for index in 0..size {
                let climbed = climb(tree[index], index, size, &path(tree, index));
                assert_eq!(climbed, root(tree), "{index} of {size}");
            }
        }
    }
}
