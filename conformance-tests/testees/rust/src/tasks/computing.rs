//! Tasks that compute, wait or fail.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::task::{Fail, Task};
use crate::wire::write::Writer;

fn text(text: &str) -> Vec<u8> {
    Writer::new().text(text).bytes
}

pub fn busy(task: &Task) -> Result<(), Fail> {
    task.send(&text("computing"))?;
    let begun = Instant::now();
    let stop = task.text("folder", "")?;
    let limit = if stop.is_empty() { task.seconds("seconds", 1.0) } else { Duration::from_secs(60) };
    let mut sum = 0u64;
    while begun.elapsed() < limit {
        for number in 0..1_000_000u64 {
            sum = std::hint::black_box(sum.wrapping_mul(31).wrapping_add(number));
        }
        if task.interrupt.is_set() {
            return Err(Fail::Interrupted);
        }
        if !stop.is_empty() && Path::new(&stop).join("stop").exists() {
            break;
        }
    }
    task.send(&text("done"))
}

/// Looks at nothing meanwhile; other threads run all the same.
pub fn seize(task: &Task) -> Result<(), Fail> {
    task.send(&text("computing"))?;
    let begun = Instant::now();
    let limit = task.seconds("seconds", 2.0);
    let mut sum = 0u64;
    while begun.elapsed() < limit {
        for number in 0..1_000_000u64 {
            sum = std::hint::black_box(sum.wrapping_mul(31).wrapping_add(number));
        }
    }
    task.send(&text("done"))
}

pub fn take(task: &Task) -> Result<(), Fail> {
    let channel = task.receive_channel()?;
    for _ in 0..task.number("count", 1)? {
        channel.receive(&task.interrupt)?;
    }
    task.send(&text("taken"))?;
    let stop = Path::new(&task.text("folder", "")?).join("stop");
    let until = Instant::now() + Duration::from_secs(60);
    while Instant::now() < until && !stop.exists() {
        task.sleep(Duration::from_millis(20))?;
    }
    Ok(())
}

/// Cleans up, which takes a while and leaves a mark, however the end comes.
pub fn mark(task: &Task) -> Result<(), Fail> {
    task.send(&text("waiting"))?;
    let mut ended = Ok(());
    let mut items = 0;
    loop {
        match task.next(&task.channel) {
            Ok(Some(_)) => items += 1,
            Ok(None) => break,
            Err(fail) => {
                ended = Err(fail);
                break;
            }
        }
    }
    std::thread::sleep(task.seconds("seconds", 0.3));
    std::fs::write(Path::new(&task.text("folder", "")?).join("mark"), format!("{items} items"))?;
    ended?;
    task.send(&text("marked"))
}

pub fn fail(task: &Task) -> Result<(), Fail> {
    for number in 0..task.number("items", 0)? {
        task.send(&Writer::new().uint(number).bytes)?;
    }
    Err(Fail::Other(task.text("text", "it failed")?))
}

pub fn linger(task: &Task) -> Result<(), Fail> {
    task.send(&text("lingering"))?;
    let until = Instant::now() + task.seconds("seconds", 3.0);
    while Instant::now() < until {
        task.sleep(Duration::from_millis(20))?;
    }
    Ok(())
}

pub fn names(task: &Task) -> Result<(), Fail> {
    task.send(&Writer::new().list(2).text("__channelexec__").raw(&task.kwargs).bytes)
}

/// What an interrupt does to code.
pub fn interrupted(_: &Task) -> Result<(), Fail> {
    Err(Fail::Interrupted)
}

pub fn stubborn(task: &Task) -> Result<(), Fail> {
    task.send(&text("sleeping"))?;
    let time = task.seconds("seconds", 60.0);
    if task.flag("deaf", false) {
        std::thread::sleep(time); // it looks at no interrupt
        return Ok(());
    }
    let slept = task.sleep(time);
    if slept == Err(Fail::Interrupted) && task.flag("tell", true) {
        // What is sent from here on is not interrupted again.
        task.channel.send(&text("interrupted"), &Default::default())?;
    }
    slept
}
