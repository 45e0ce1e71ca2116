//! The binary starts, and says what it lacks.

use std::process::Command;

#[test]
fn without_a_database_it_names_the_setting_and_fails() {
    let output = Command::new(env!("CARGO_BIN_EXE_worker")).env_remove("DATABASE_URL").output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("DATABASE_URL"), "{said}");
}
