//! Whether the viewer's credential may change anything at GitHub.

use super::{Ground, Refusal, RefusalKind};
use crate::domain::fact::{Ask, FailureKind, Viewer};

/// The scopes of a classic token with which runs and gates can be changed; the narrow one for public repositories.
const SCOPES: [&str; 2] = ["repo", "public_repo"];

/// Whose credential it is.
pub(super) fn viewer<'g>(ground: &Ground<'g>) -> Result<&'g Viewer, Refusal> {
    if let Some(failure) = ground.snapshot.viewer.failure()
        && matches!(
            failure.kind,
            FailureKind::NoCredential | FailureKind::Unauthorized | FailureKind::Forbidden
        )
    {
        return Err(Refusal::new(
            RefusalKind::NotAllowed,
            failure.what.clone(),
            failure.advice.clone(),
        ));
    }
    ground.known(&[Ask::Viewer])?;
    ground.snapshot.viewer.value().ok_or_else(|| {
        Refusal::new(
            RefusalKind::CannotTell,
            "It is not known yet whose token is used.",
            "Look again.",
        )
    })
}

/// Refuses where a classic token lacks the scope; of a fine-grained one only GitHub's answer tells.
pub(super) fn scope(viewer: &Viewer, to: &str) -> Result<(), Refusal> {
    let Some(scopes) = &viewer.scopes else {
        return Ok(());
    };
    if scopes.iter().any(|scope| SCOPES.contains(&scope.as_str())) {
        return Ok(());
    }
    let has = match scopes.as_slice() {
        [] => "none".to_owned(),
        some => some.join(", "),
    };
    Err(Refusal::new(
        RefusalKind::NotAllowed,
        format!(
            "The token of {} lacks the scope `repo`, which it takes to {to}; it has: {has}.",
            viewer.login
        ),
        "Add it with `gh auth refresh -s repo`, or make a token that has it.",
    ))
}

/// Refuses where GitHub says that the viewer may only read the repository, or that nobody may change it.
pub(super) fn push(viewer: &Viewer, ground: &Ground<'_>) -> Result<(), Refusal> {
    let Some(repository) = ground.snapshot.repository.value() else {
        return Ok(());
    };
    let repo = &ground.policy.repo;
    if repository.archived {
        return Err(Refusal::new(
            RefusalKind::Precondition,
            format!("{repo} is archived: nothing can be run in it."),
            "Unarchive it in its settings.",
        ));
    }
    if repository.viewer_may_push == Some(false) {
        return Err(Refusal::new(
            RefusalKind::NotAllowed,
            format!("{} may read {repo}, and not change it.", viewer.login),
            "Ask for write access to the repository.",
        ));
    }
    Ok(())
}
