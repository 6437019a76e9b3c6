//! The load test, tested: it passes over a floor that does right, and finds each thing that a floor does wrong.

use std::process::{Command, Output};

#[expect(clippy::unwrap_used, reason = "a program that cargo has built starts")]
fn run(more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pennon-load"));
    command.args(["--floor-only", "--streams", "20", "--rps", "300", "--flips", "10", "--seconds", "1"]);
    command.args(["--apart-seconds", "0", "--flags", "5"]).args(more);
    command.output().unwrap()
}

fn finds(fault: &str, words: &str) {
    // A stream that never gets there is not waited for; the others are known before the load ends.
    let output = run(&["--fault", fault, "--settle-seconds", "1"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(!output.status.success(), "{fault} was not found:\n{text}");
    assert!(text.contains("FAILED") && text.contains(words), "{fault} is told otherwise:\n{text}");
}

#[test]
fn a_floor_that_does_right_passes() {
    let output = run(&[]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("passed: every stream"), "{text}");
}

#[test]
fn a_lost_revision_is_found() {
    finds("lose", "while the stream stood at");
}

#[test]
fn a_repeated_revision_is_found() {
    finds("repeat", "while the stream stood at");
}

#[test]
fn a_stream_that_does_not_get_to_the_last_revision_is_found() {
    finds("stall", "and the last revision is");
}

#[test]
fn a_patch_with_another_content_is_found() {
    finds("content", "is right");
}

#[test]
fn an_old_answer_is_found() {
    finds("answer", "known as");
}
