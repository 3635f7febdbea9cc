//! The one HTTP stack: TLS provider, redirects, timeouts, budgets, token manager.
