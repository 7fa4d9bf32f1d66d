//! Tasks that send and receive on the channel of the request.

use std::thread;

use crate::task::{Fail, Task};
use crate::wire::cursor;
use crate::wire::write::Writer;

pub fn echo(task: &Task) -> Result<(), Fail> {
    while let Some(item) = task.next(&task.channel)? {
        task.send(&item.bytes)?;
    }
    Ok(())
}

pub fn alone(task: &Task) -> Result<(), Fail> {
    task.send(&Writer::new().text("alone").bytes)
}

pub fn not_ascii(task: &Task) -> Result<(), Fail> {
    task.send(&Writer::new().text("é€😀").bytes)
}

pub fn wait(task: &Task) -> Result<(), Fail> {
    task.send(&Writer::new().text(&task.text("text", "waiting")?).bytes)?;
    let item = task.receive()?;
    task.send(&item.bytes)
}

/// What is done after the interrupt is not interrupted again.
pub fn catches(task: &Task) -> Result<(), Fail> {
    let (channel, calm) = (&task.channel, Default::default());
    task.send(&Writer::new().text("waiting").bytes)?;
    match (task.receive(), task.text("then", "end")?.as_str()) {
        (Err(Fail::Interrupted), "fail") => Err(Fail::Other("it failed after the interrupt".into())),
        (Err(Fail::Interrupted), "receive") => {
            channel.send(&Writer::new().text("interrupted").bytes, &calm)?;
            channel.send(&channel.receive(&calm)?.bytes, &calm)
        }
        (Err(Fail::Interrupted), _) => Ok(()),
        (received, _) => received.map(drop),
    }
}

fn xs(size: u64) -> Vec<u8> {
    Writer::new().bytes(&vec![b'x'; size as usize]).bytes
}

pub fn exchange(task: &Task) -> Result<(), Fail> {
    let (count, item) = (task.number("count", 100)?, xs(task.number("size", 1000)?));
    for _ in 0..count {
        task.send(&item)?;
    }
    for _ in 0..count {
        task.receive()?;
    }
    task.send(&Writer::new().uint(count).bytes)
}

pub fn goodbye(task: &Task) -> Result<(), Fail> {
    task.send(&Writer::new().text("waiting").bytes)?;
    while task.next(&task.channel)?.is_some() {}
    task.send(&Writer::new().text("goodbye").bytes)
}

pub fn large(task: &Task) -> Result<(), Fail> {
    task.send(&xs(task.number("size", 1_000_000)?))
}

pub fn source(task: &Task) -> Result<(), Fail> {
    let (count, start, size) = (task.number("count", 1)?, task.number("start", 0)?, task.number("size", 0)?);
    for number in start..start.saturating_add(count) {
        task.send(&if size > 0 { xs(size) } else { Writer::new().uint(number).bytes })?;
    }
    Ok(())
}

pub fn sum(task: &Task) -> Result<(), Fail> {
    let (mut count, mut sum) = (0, 0i128);
    while let Some(item) = task.next(&task.channel)? {
        let number = cursor::integer(&item.bytes).ok_or_else(|| Fail::Other("an integer was expected".into()))?;
        sum = sum.saturating_add(number);
        count += 1;
    }
    task.send(&Writer::new().list(2).uint(count).integer(sum).bytes)
}

pub fn together(task: &Task) -> Result<(), Fail> {
    let (count, item) = (task.number("count", 4)?, xs(task.number("size", 500_000)?));
    thread::scope(|scope| {
        let threads: Vec<_> = (0..count).map(|_| scope.spawn(|| task.send(&item))).collect();
        threads
            .into_iter()
            .try_for_each(|thread| thread.join().unwrap_or_else(|_| Err(Fail::Other("a thread panicked".into()))))
    })
}

pub fn alike(task: &Task) -> Result<(), Fail> {
    let dict = Writer::new().dict(2).uint(1).null().boolean(true).null();
    let set = Writer::new().set(2).uint(0).boolean(false);
    for item in [dict, set] {
        if let Err(Fail::Refused(_)) = task.send(&item.bytes) {
            task.send(&Writer::new().text("refused").bytes)?;
        }
    }
    Ok(())
}

/// An item in which there is something that is no value. In Rust that is bytes that are none: a simple value.
pub fn refused(task: &Task) -> Result<(), Fail> {
    let no_value = Writer::new().list(2).uint(0).dict(1).text("report").list(4).uint(0).uint(1).uint(2).raw(&[0xf7]);
    let Err(Fail::Refused(text)) = task.send(&no_value.bytes) else {
        return Err(Fail::Other("it was sent".into()));
    };
    task.send(&Writer::new().text(&text).bytes)?;
    task.send(&Writer::new().text("usable").bytes)
}

pub fn too_deep(task: &Task) -> Result<(), Fail> {
    let depth = task.number("depth", 513)?.min(10_000_000);
    let nested = |depth: u64| (1..depth).fold(Writer::new(), |writer, _| writer.list(1)).list(0).bytes;
    if let Err(Fail::Refused(_)) = task.send(&nested(depth)) {
        task.send(&Writer::new().text("refused").bytes)?;
    }
    task.send(&nested(depth.saturating_sub(1)))
}
