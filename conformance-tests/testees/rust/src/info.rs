//! The answer to INFO.

use std::path::PathBuf;

use crate::wire::hello::{IMPLEMENTATION, VERSION};
use crate::wire::write::Writer;

/// Text of a path; what is not valid Unicode is replaced. At most 4,096 characters, so that the answer fits (GW-022).
fn path(writer: Writer, path: Option<PathBuf>) -> Writer {
    match path {
        Some(path) => writer.text(&path.to_string_lossy().chars().take(4096).collect::<String>()),
        None => writer.null(),
    }
}

pub fn encode() -> Vec<u8> {
    let numbers: Vec<u64> =
        env!("CARGO_PKG_RUST_VERSION").split('.').filter_map(|number| number.parse().ok()).collect();
    let mut writer = Writer::new().dict(7).text("executable");
    writer = path(writer, std::env::current_exe().ok());
    writer = writer.text("version_info").tuple(numbers.len());
    for number in numbers {
        writer = writer.uint(number);
    }
    writer = writer.text("platform").text(std::env::consts::OS).text("cwd");
    writer = path(writer, std::env::current_dir().ok());
    writer = writer.text("pid").uint(u64::from(std::process::id()));
    writer.text("implementation").text(IMPLEMENTATION).text("version").text(VERSION).bytes
}
