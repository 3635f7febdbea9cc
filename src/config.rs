//! Configuration: layers of raw files, resolved into a [`Config`] that knows the origin of every value.
