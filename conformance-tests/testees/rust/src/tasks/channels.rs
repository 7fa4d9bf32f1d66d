//! Tasks about further channels.

use crate::conn::channel::Channel;
use crate::task::{Fail, Task};
use crate::wire::cursor;
use crate::wire::payloads::ChannelError;
use crate::wire::write::Writer;

fn text(text: &str) -> Vec<u8> {
    Writer::new().text(text).bytes
}

/// Makes a channel and sends a reference to it.
fn offered(task: &Task) -> Result<Channel, Fail> {
    let channel = task.conn().new_channel()?;
    task.send(&Writer::new().reference(channel.id()).bytes)?;
    Ok(channel)
}

fn echo_until_end(task: &Task, channel: &Channel) -> Result<(), Fail> {
    while let Some(item) = task.next(channel)? {
        channel.send(&item.bytes, &task.interrupt)?;
    }
    task.send(&text("over"))
}

fn drain(task: &Task) -> Result<(), Fail> {
    while task.next(&task.channel)?.is_some() {}
    Ok(())
}

pub fn blocked(task: &Task) -> Result<(), Fail> {
    let channel = task.receive_channel()?;
    let item = Writer::new().bytes(&[b'x'; 1000]).bytes;
    loop {
        match channel.send(&item, &task.interrupt) {
            Ok(()) => {}
            Err(Fail::Interrupted) => return Err(Fail::Interrupted),
            Err(fail) => return task.send(&text(fail.name())),
        }
    }
}

pub fn close(task: &Task) -> Result<(), Fail> {
    let channel = offered(task)?;
    for number in 0..task.number("items", 0)? {
        channel.send(&Writer::new().uint(number).bytes, &task.interrupt)?;
    }
    let error = task.text("error", "")?;
    channel.close(task.argument("error").map(|_| error.as_str())).map_err(Fail::Other)?;
    task.send(&text("closed"))
}

pub fn close_self(task: &Task) -> Result<(), Fail> {
    let closed = task.channel.close(None);
    task.send(&text(if closed.is_err() { "refused" } else { "closed" }))
}

pub fn collect(task: &Task) -> Result<(), Fail> {
    let channel = task.receive_channel()?;
    let mut items = Vec::new();
    let error = loop {
        match channel.receive(&task.interrupt) {
            Ok(item) => items.push(item),
            Err(Fail::End) => break String::new(),
            Err(Fail::Remote(error)) => break error.text,
            Err(fail) => return Err(fail),
        }
    };
    let list = items.iter().fold(Writer::new().list(2).list(items.len()), |writer, item| writer.raw(&item.bytes));
    task.send(&list.text(&error).bytes)
}

pub fn reason(task: &Task) -> Result<(), Fail> {
    let channel = task.receive_channel()?;
    let error = loop {
        match channel.receive(&task.interrupt) {
            Ok(_) => {}
            Err(Fail::End) => break ChannelError::new("", ""),
            Err(Fail::Remote(error)) => break error,
            Err(fail) => return Err(fail),
        }
    };
    task.send(&Writer::new().list(2).text(&error.text).text(&error.code).bytes)
}

pub fn drop_channel(task: &Task) -> Result<(), Fail> {
    let channel = offered(task)?;
    if task.flag("handler", false) {
        let onward = task.clone();
        channel.set_handler(move |item| onward.send(&item.bytes), || {})?;
    }
    drop(channel);
    task.receive().map(drop)
}

pub fn handler(task: &Task) -> Result<(), Fail> {
    let channel = task.receive_channel()?;
    let bad = task.argument("bad").map(<[u8]>::to_vec);
    let (each, last) = (task.clone(), task.clone());
    channel.set_handler(
        move |item| {
            if bad.as_ref() == Some(&item.bytes) {
                return Err(Fail::Other(format!("cannot handle {}", shown(&item.bytes))));
            }
            each.send(&Writer::new().list(2).text("handled").raw(&item.bytes).bytes)
        },
        move || drop(last.send(&Writer::new().list(2).text("handled").text("the end").bytes)),
    )?;
    task.send(&text("ready"))?;
    drain(task)
}

/// A value in words, where it is a simple one.
fn shown(value: &[u8]) -> String {
    let text = cursor::text(value).map(str::to_owned);
    text.or_else(|| cursor::integer(value).map(|integer| integer.to_string()))
        .unwrap_or_else(|| format!("{value:02x?}"))
}

pub fn keep(task: &Task) -> Result<(), Fail> {
    let _held = if task.flag("send", true) {
        offered(task)?
    } else {
        let made = task.conn().new_channel()?;
        task.send(&text("made"))?;
        made
    };
    drain(task)
}

pub fn offer(task: &Task) -> Result<(), Fail> {
    let channel = offered(task)?;
    if task.flag("echo", true) {
        return echo_until_end(task, &channel);
    }
    task.receive().map(drop)
}

pub fn onward(task: &Task) -> Result<(), Fail> {
    let channel = task.receive_channel()?;
    let first = if task.next(&task.channel)?.is_some() { "item" } else { "end" };
    let second = if task.send(&text("onward")).is_ok() { "sent" } else { "failed" };
    channel.send(&Writer::new().list(2).text(first).text(second).bytes, &task.interrupt)
}

pub fn same(task: &Task) -> Result<(), Fail> {
    let mut channels = match task.text("first", "received")?.as_str() {
        "made" => vec![offered(task)?],
        "request" => vec![task.channel.clone()],
        _ => task.receive()?.channels,
    };
    if channels.len() < 2 {
        channels.push(task.receive_channel()?);
    }
    task.send(&Writer::new().boolean(channels[0].id() == channels[1].id()).bytes)
}

pub fn use_channel(task: &Task) -> Result<(), Fail> {
    let channel = task.receive_channel()?;
    let closed = channel.is_closed();
    task.send(&Writer::new().boolean(closed).bytes)?;
    if closed {
        return Ok(());
    }
    echo_until_end(task, &channel)
}

pub fn wait_close(task: &Task) -> Result<(), Fail> {
    let channel = task.receive_channel()?;
    task.send(&text("waiting"))?;
    if channel.wait_for_end(&task.interrupt) == Err(Fail::Interrupted) {
        return Err(Fail::Interrupted);
    }
    task.send(&text("over"))
}
