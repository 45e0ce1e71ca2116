//! What goes over the wire: one shape per thing, apart from the domain's own types, so that renaming a field inside
//! never breaks a caller. Every shape is in the OpenAPI document by its derive.

pub mod action;
pub mod approval;
pub mod decision;
pub mod engine;
pub mod execution;
pub(crate) mod learning;
pub(crate) mod profile;
pub mod settings;
pub mod signal;
pub mod words;
