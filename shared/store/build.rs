//! The migrations are compiled in: a new file among them has to make cargo look again.

fn main() {
    println!("cargo:rerun-if-changed=../../migrations");
}
