//! Connected accounts over real HTTP: the sign-in, the refresh, the end, and that no secret is ever left lying about.

mod connect;
mod polling;
mod refresh;
mod rig;
mod secrets;
mod trouble;
