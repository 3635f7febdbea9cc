//! Whom a registry sends us to, and what that one gets to see of us.
