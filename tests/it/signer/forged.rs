//! Each forgery of evidence: refused by the product for the right reason, and by the real verifiers.
