//! The allocator of every process. Requests and jobs are made of small, short-lived pieces, which one thread often
//! allocates and another frees: with this one the same load takes a worker 13 % less of the processor than with the C
//! library's, for 13 MiB more of memory at rest (`BENCHMARKS.md`).

use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;
