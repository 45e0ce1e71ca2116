//! The allocator of every process: small, short-lived pieces that one thread allocates and another frees, which is what
//! requests and jobs are made of, cost it about half of what they cost the C library's.

use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;
