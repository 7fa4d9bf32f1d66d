//! Tasks about the process and others.

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::thread;

use crate::task::{Fail, Task};
use crate::wire::cursor;
use crate::wire::write::Writer;

const PIECE_BYTES: usize = 65_536;

pub fn place(task: &Task) -> Result<(), Fail> {
    let mut writer = Writer::new().dict(4).text("cwd");
    let cwd = std::env::current_dir()?;
    writer = writer.text(&cwd.to_string_lossy()).text("env");
    let variable = task.text("variable", "")?;
    writer = match std::env::var_os(&variable).filter(|_| !variable.is_empty()) {
        Some(value) => writer.text(&value.to_string_lossy()),
        None => writer.null(),
    };
    let arguments: Vec<String> = std::env::args_os().map(|one| one.to_string_lossy().into_owned()).collect();
    writer = writer.text("main").boolean(task.on_main).text("argv").list(arguments.len());
    task.send(&arguments.iter().fold(writer, |writer, one| writer.text(one)).bytes)
}

pub fn stdio(task: &Task) -> Result<(), Fail> {
    let text = task.text("text", "printed")?;
    println!("{text} by print");
    std::io::stdout().lock().write_all(format!("{text} by write\n").as_bytes())?;
    Command::new("/bin/sh").args(["-c", "printf '%s by child\\n' \"$0\"", &text]).status()?;
    let mut buffer = [0; 100];
    let count = std::io::stdin().read(&mut buffer)?;
    task.send(&Writer::new().list(2).uint(count as u64).text("alive").bytes)
}

pub fn child(task: &Task) -> Result<(), Fail> {
    let mut sleeper = Command::new("sleep");
    sleeper.arg("60").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    task.send(&Writer::new().text("started").bytes)?;
    while task.next(&task.channel)?.is_some() {}
    Ok(())
}

pub fn carry(task: &Task) -> Result<(), Fail> {
    let words: Option<Vec<&str>> =
        task.argument("command").and_then(cursor::list).and_then(|list| list.into_iter().map(cursor::text).collect());
    let Some((program, arguments)) = words.as_deref().and_then(<[&str]>::split_first) else {
        return Err(Fail::Other("command is no list of words".into()));
    };
    let mut child = Command::new(program).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let (Some(mut input), Some(mut output)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(Fail::Other("the program has no standard streams".into()));
    };
    let feeding = task.clone();
    let feeder = thread::Builder::new().spawn(move || {
        while let Ok(Some(item)) = feeding.next(&feeding.channel) {
            let Some(bytes) = cursor::bytes(&item.bytes) else { break };
            if input.write_all(bytes).is_err() {
                break;
            }
        }
    });
    let mut buffer = vec![0; PIECE_BYTES];
    let carried = loop {
        match output.read(&mut buffer) {
            Ok(0) => break Ok(()),
            Ok(count) => {
                if let Err(fail) = task.send(&Writer::new().bytes(&buffer[..count]).bytes) {
                    break Err(fail);
                }
            }
            Err(error) => break Err(error.into()),
        }
    };
    if carried.is_err() {
        let _ = child.kill();
    }
    child.wait()?;
    drop(feeder); // it ends with the channel
    carried
}
