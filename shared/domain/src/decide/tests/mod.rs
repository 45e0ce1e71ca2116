//! Tests of the decision: the scenarios, variations a careful person would think of, and the laws.

mod laws;
mod outsiders;
mod scenarios;
mod variations;
