//! What a release is made of here: workflow names, environments, tag templates, platforms.
