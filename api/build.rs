//! Embeds `dashboard/`: writes the table of its files, so that one binary is the whole product.
//!
//! A table of `include_bytes!` needs no crate and no second build step; a file that is added or changed makes cargo
//! look again.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

fn main() -> io::Result<()> {
    // both are asked for when it runs: what was built in one checkout may run in another
    let folder = given("CARGO_MANIFEST_DIR")?.join("dashboard");
    println!("cargo:rerun-if-changed={}", folder.display());
    let mut files = Vec::new();
    collect(&folder, &mut files)?;
    files.sort();
    let rows: String = files
        .iter()
        .filter_map(|file| {
            let name = file.strip_prefix(&folder).ok()?.to_str()?;
            Some(format!("    ({name:?}, include_bytes!({:?})),\n", file.to_str()?))
        })
        .collect();
    let table = format!("static FILES: &[(&str, &[u8])] = &[\n{rows}];\n");
    fs::write(given("OUT_DIR")?.join("dashboard.rs"), table)
}

/// A folder that cargo tells of.
#[expect(clippy::disallowed_methods, reason = "cargo says where to read and write, and only while building")]
fn given(name: &str) -> io::Result<PathBuf> {
    std::env::var_os(name).map(PathBuf::from).ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, name))
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            println!("cargo:rerun-if-changed={}", path.display());
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}
