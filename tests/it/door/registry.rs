//! The way to a registry: what is planned, what is sent, what is left alone.

mod acts;
mod cleaning;
mod copying;
mod faults;
mod promoting;
mod real;
mod rig;
mod rolling_back;
