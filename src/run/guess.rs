//! The image, where none is configured: read out of the checkout's workflow files, and labelled a guess.

use std::path::Path;

use crate::domain::policy::{ImageRepository, Policy};

/// Files that are looked at, and bytes of each.
const MOST_FILES: usize = 200;
const MOST_BYTES: u64 = 1 << 20;

/// The policy with the image that the workflow files of the checkout around `cwd` name, if exactly one is named.
pub(super) fn with_image(policy: Policy, cwd: &Path) -> Policy {
    if !policy.images.is_empty() {
        return policy;
    }
    let Some(folder) = cwd
        .ancestors()
        .map(|dir| dir.join(".github/workflows"))
        .find(|dir| dir.is_dir())
    else {
        return policy;
    };
    let mut names = [
        policy.pipeline.signer_workflow.as_str().to_owned(),
        policy.pipeline.release_workflow.as_str().to_owned(),
    ]
    .to_vec();
    names.extend(other_files(&folder));
    for name in names {
        let path = folder.join(name);
        let small =
            std::fs::metadata(&path).is_ok_and(|meta| meta.is_file() && meta.len() <= MOST_BYTES);
        let Some(text) = small.then(|| std::fs::read_to_string(&path).ok()).flatten() else {
            continue;
        };
        if let Some(image) = image_in(&text, &policy.repo.to_string()) {
            return policy.with_guessed_image(image);
        }
    }
    policy
}

fn other_files(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| {
            let ending = Path::new(name)
                .extension()
                .and_then(|ending| ending.to_str());
            matches!(ending, Some("yml" | "yaml"))
        })
        .take(MOST_FILES)
        .collect();
    names.sort();
    names
}

/// The one image that a workflow names by `IMAGE…:` or `images:`; `${{ github.repository }}` is the repository's name.
fn image_in(text: &str, repo: &str) -> Option<ImageRepository> {
    let mut found: Vec<ImageRepository> = Vec::new();
    for line in text.lines() {
        let Some((key, value)) = line.trim().trim_start_matches("- ").split_once(':') else {
            continue;
        };
        let key = key.trim().to_ascii_uppercase();
        if !(key == "IMAGES"
            || key == "IMAGE"
            || key.ends_with("_IMAGE")
            || key.starts_with("IMAGE_"))
        {
            continue;
        }
        let value = value
            .replace("${{ github.repository }}", repo)
            .replace("${{github.repository}}", repo);
        let value = value
            .split(" #")
            .next()
            .unwrap_or("")
            .trim()
            .trim_matches(['"', '\'']);
        if !value.contains('/') || value.contains("${{") {
            continue;
        }
        let repository = value.split('@').next().unwrap_or(value);
        if let Ok(image) = repository.parse::<ImageRepository>()
            && !found.contains(&image)
        {
            found.push(image);
        }
    }
    match found.as_slice() {
        [one] => Some(one.clone()),
        _ => None,
    }
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    reason = "a test fails at the line that surprises"
)]
mod tests {
    use super::*;

    #[test]
    fn one_named_image_is_a_guess_and_two_are_none() {
        let one = image_in(
            "env:\n  IMAGE: docker.io/acme/rocket # the image\n",
            "acme/rocket",
        )
        .unwrap();
        assert_eq!(one.as_str(), "docker.io/acme/rocket");
        let own = image_in(
            "  IMAGE_NAME: ghcr.io/${{ github.repository }}",
            "acme/rocket",
        )
        .unwrap();
        assert_eq!(own.as_str(), "ghcr.io/acme/rocket");
        assert_eq!(image_in("IMAGE: a/b\nIMAGE: a/c", "acme/rocket"), None);
        assert_eq!(
            image_in("IMAGE: ${{ inputs.image }}/x", "acme/rocket"),
            None
        );
        assert_eq!(image_in("run: echo IMAGE", "acme/rocket"), None);
    }
}
