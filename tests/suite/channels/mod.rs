//! A person's channels, over the real API and a worker's jobs, against a web server and a mail server that keep what they
//! are sent.

mod hooks;
mod mail;
mod rig;
mod written;
